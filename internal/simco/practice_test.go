package simco_test

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

// findings is what an observer who knows company practice, and nothing of what was planted, concludes from the
// interfaces: for each kind and entity, the instants at which the practice was seen broken.
type findings map[string][]time.Time

func (f findings) add(kind, entity string, at time.Time) {
	key := kind + " " + entity
	if n := len(f[key]); n == 0 || !f[key][n-1].Equal(at) {
		f[key] = append(f[key], at)
	}
}

// observer looks at the company and keeps what it saw before where a judgement needs that.
type observer struct {
	*client
	found  findings // states, by instant
	events findings // happenings
	grace  time.Duration
}

func day(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// look observes everything at one instant.
func (o *observer) look(t time.Time) {
	o.co.SetClock(t)
	staff := o.employees()
	byMail := map[string]*employee{}
	for i := range staff {
		byMail[staff[i].Email] = &staff[i]
		o.worker(&staff[i], t)
	}
	services := o.okta(byMail, t)
	o.members(byMail, services, t)
	o.repositories(t)
}

func (o *observer) worker(e *employee, t time.Time) {
	today := t.Truncate(24 * time.Hour)
	hired := day(e.Hired)
	late := func(kind, is string, due time.Time) {
		if is == "" && today.After(due) || is != "" && day(is).After(due) {
			o.events.add(kind, e.ID, t)
		}
		if is == "" && today.After(due) {
			o.found.add(kind, e.ID, t)
		}
	}
	if e.Status != "Active" {
		return
	}
	if e.Screened == "" || e.Result == "clear" {
		late("late_screening", e.Screened, hired.Add(-time.Second))
	}
	if e.Result != "" && e.Result != "clear" {
		o.found.add("screening_not_clear", e.ID, t)
	}
	if e.Agreed != "" && day(e.Agreed).After(hired) {
		o.events.add("missing_agreement", e.ID, t)
	} else if e.Agreed == "" {
		o.found.add("missing_agreement", e.ID, t)
	}
	if e.Conduct == "" && today.After(hired.Add(days(14))) {
		o.found.add("conduct_not_accepted", e.ID, t)
	}
	late("late_training", e.First, hired.Add(days(30)))
	if e.Conduct != "" && today.After(day(e.Conduct).Add(days(365))) {
		o.found.add("conduct_lapsed", e.ID, t)
	}
	if e.Last != "" && today.After(day(e.Last).Add(days(365))) {
		o.found.add("training_lapsed", e.ID, t)
	}
	if today.After(hired.Add(days(365))) && (e.Review == "" || today.After(day(e.Review).Add(days(365)))) {
		o.found.add("no_performance_review", e.ID, t)
	}
	for kind, is := range map[string]string{"worker_without_manager": e.Manager, "worker_without_department": e.Department,
		"worker_without_title": e.Title} {
		if is == "" && (kind != "worker_without_manager" || e.Title != "Chief Executive Officer") {
			o.found.add(kind, e.ID, t)
		}
	}
}

type user struct {
	ID            string     `json:"id"`
	Status        string     `json:"status"`
	Created       time.Time  `json:"created"`
	Activated     *time.Time `json:"activated"`
	StatusChanged time.Time  `json:"statusChanged"`
	LastLogin     *time.Time `json:"lastLogin"`
	Profile       struct {
		Login  string `json:"login"`
		Number string `json:"employeeNumber"`
	} `json:"profile"`
}

type group struct {
	ID      string `json:"id"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
	Embedded struct {
		Stats struct {
			Users int `json:"usersCount"`
		} `json:"stats"`
	} `json:"_embedded"`
}

// ended is the instant at which a leaver's work ended.
func ended(e *employee) time.Time { return day(e.Left).Add(17 * time.Hour) }

// okta observes the identity provider and returns the registered service accounts.
func (o *observer) okta(staff map[string]*employee, t time.Time) map[string]bool {
	users := walk[user](o.client, simco.Okta, "/api/v1/users?limit=200")
	gone := walk[user](o.client, simco.Okta, "/api/v1/users?limit=200&"+q("search", `status eq "DEPROVISIONED"`))
	groupsOf := map[string][]string{}
	for _, g := range walk[group](o.client, simco.Okta, "/api/v1/groups?expand=stats") {
		members := walk[user](o.client, simco.Okta, "/api/v1/groups/"+g.ID+"/users")
		if len(members) != g.Embedded.Stats.Users {
			o.Errorf("group %s says %d members and sent %d", g.Profile.Name, g.Embedded.Stats.Users, len(members))
		}
		for _, m := range members {
			groupsOf[m.ID] = append(groupsOf[m.ID], g.Profile.Name)
		}
	}
	services := map[string]bool{}
	for i := range users {
		u := &users[i]
		service := strings.HasPrefix(u.Profile.Login, "svc-") && slices.Contains(groupsOf[u.ID], "Service accounts")
		if service {
			services[u.Profile.Login] = true
			continue
		}
		o.account(u, staff[u.Profile.Login], groupsOf[u.ID], t)
	}
	for i := range gone {
		if e := staff[gone[i].Profile.Login]; e != nil {
			o.lifecycle(&gone[i], e, t)
		}
	}
	o.admins(groupsOf, t)
	o.policies(t)
	closed := map[string]bool{}
	for _, u := range gone {
		closed[u.ID] = true
	}
	for _, a := range walk[struct{ ID string }](o.client, simco.Okta, "/api/v1/apps?limit=5") {
		for _, u := range walk[user](o.client, simco.Okta, "/api/v1/apps/"+a.ID+"/users?limit=500") {
			if closed[u.ID] {
				o.found.add("assignment_of_inactive_account", a.ID+"/"+u.ID, t)
			}
		}
	}
	return services
}

// lifecycle compares an account's times with the worker's.
func (o *observer) lifecycle(u *user, e *employee, t time.Time) {
	if u.Created.Before(day(e.Hired)) {
		o.events.add("early_account", u.ID, t)
	}
	if e.Left == "" {
		return
	}
	until := t
	if u.Status == "DEPROVISIONED" {
		until = u.StatusChanged
	} else if t.Sub(ended(e)) > 24*time.Hour {
		o.found.add("leaver_account_open", u.ID, t)
	}
	if until.Sub(ended(e)) > 24*time.Hour {
		o.events.add("leaver_account_open", u.ID, t)
	}
}

type factor struct {
	Type   string `json:"factorType"`
	Status string `json:"status"`
}

func (o *observer) account(u *user, e *employee, groups []string, t time.Time) {
	switch {
	case e == nil:
		o.found.add("orphan_account", u.ID, t)
	case e.Status != "Active" && !(e.Left != "" && t.Sub(ended(e)) < o.grace):
		o.found.add("account_of_inactive_worker", u.ID, t)
	}
	if e != nil {
		o.lifecycle(u, e, t)
		o.moved(u, e, groups, t)
	}
	var factors []factor
	o.get(simco.Okta, "/api/v1/users/"+u.ID+"/factors", &factors)
	if !slices.ContainsFunc(factors, func(f factor) bool { return f.Status == "ACTIVE" }) && u.Activated != nil && t.Sub(*u.Activated) >= 24*time.Hour {
		o.found.add("account_without_factor", u.ID, t)
	}
	last := u.Created
	if u.LastLogin != nil {
		last = *u.LastLogin
	}
	if t.Sub(last) >= days(90) {
		o.found.add("dormant_account", u.ID, t)
	}
}

// moved compares a worker's department with the department groups of the account.
func (o *observer) moved(u *user, e *employee, groups []string, t time.Time) {
	if e.Department == "" || e.Status != "Active" || u.Status == "STAGED" {
		return
	}
	var departments []string
	for _, g := range groups {
		if d, ok := strings.CutPrefix(g, "Department: "); ok {
			departments = append(departments, d)
		}
	}
	if slices.Equal(departments, []string{e.Department}) {
		return
	}
	var rows []struct {
		Date       string `json:"date"`
		Department string `json:"department"`
	}
	o.get(simco.BambooHR, bamboo+"employees/"+e.ID+"/tables/jobInfo", &rows)
	since := day(rows[0].Date)
	for i := 1; i < len(rows); i++ {
		if rows[i].Department != rows[i-1].Department {
			since = day(rows[i].Date).Add(9 * time.Hour)
		}
	}
	if t.Sub(since) >= days(5) {
		o.found.add("mover_kept_groups", u.ID, t)
	}
}

func (o *observer) admins(groupsOf map[string][]string, t time.Time) {
	supers := 0
	path := "/api/v1/iam/assignees/users?limit=3"
	for path != "" {
		var page struct {
			Value []struct{ ID string }
			Links struct {
				Next struct{ Href string }
			} `json:"_links"`
		}
		o.get(simco.Okta, path, &page)
		path = page.Links.Next.Href
		for _, a := range page.Value {
			var roles []struct{ Type string }
			o.get(simco.Okta, "/api/v1/users/"+a.ID+"/roles", &roles)
			for _, r := range roles {
				if r.Type == "SUPER_ADMIN" {
					supers++
				}
			}
			if !slices.Contains(groupsOf[a.ID], "IT administrators") {
				o.found.add("admin_outside_group", a.ID, t)
			}
			var factors []factor
			o.get(simco.Okta, "/api/v1/users/"+a.ID+"/factors", &factors)
			if !slices.ContainsFunc(factors, func(f factor) bool {
				return f.Status == "ACTIVE" && slices.Contains([]string{"webauthn", "u2f", "signed_nonce"}, f.Type)
			}) {
				o.found.add("admin_without_phishing_resistant_factor", a.ID, t)
			}
		}
	}
	if supers > 4 {
		var org struct{ ID string }
		o.get(simco.Okta, "/api/v1/org", &org)
		o.found.add("too_many_super_admins", org.ID, t)
	}
}

func (o *observer) policies(t time.Time) {
	type policy struct {
		ID       string
		Settings struct {
			Password struct {
				Complexity struct{ MinLength int }
				Age        struct{ HistoryCount int }
				Lockout    struct{ MaxAttempts int }
			}
		}
	}
	for _, p := range walk[policy](o.client, simco.Okta, "/api/v1/policies?type=PASSWORD") {
		w := p.Settings.Password
		if w.Complexity.MinLength < 12 || w.Age.HistoryCount < 5 || w.Lockout.MaxAttempts < 1 || w.Lockout.MaxAttempts > 10 {
			o.found.add("weak_password_policy", p.ID, t)
		}
	}
	for _, p := range walk[policy](o.client, simco.Okta, "/api/v1/policies?type=OKTA_SIGN_ON") {
		var rules []struct {
			Status  string
			Actions struct {
				SignOn struct {
					Access        string
					RequireFactor bool
					Session       struct{ MaxSessionIdleMinutes, MaxSessionLifetimeMinutes int }
				} `json:"signon"`
			}
		}
		o.get(simco.Okta, "/api/v1/policies/"+p.ID+"/rules", &rules)
		for _, r := range rules {
			s := r.Actions.SignOn
			if r.Status != "ACTIVE" || s.Access != "ALLOW" {
				continue
			}
			if !s.RequireFactor {
				o.found.add("signon_without_factor", p.ID, t)
			}
			if s.Session.MaxSessionIdleMinutes > 720 || s.Session.MaxSessionLifetimeMinutes > 720 || s.Session.MaxSessionLifetimeMinutes == 0 {
				o.found.add("session_too_long", p.ID, t)
			}
		}
	}
}

// members observes the code organisation.
func (o *observer) members(staff map[string]*employee, services map[string]bool, t time.Time) {
	var org struct {
		Require2FA bool   `json:"two_factor_requirement_enabled"`
		Default    string `json:"default_repository_permission"`
	}
	o.get(simco.GitHub, "/orgs/northwind", &org)
	if !org.Require2FA {
		o.found.add("org_2fa_requirement_off", "northwind", t)
	}
	if org.Default != "read" && org.Default != "none" {
		o.found.add("default_permission_too_wide", "northwind", t)
	}
	ids := o.identities()
	for _, m := range walk[person](o.client, simco.GitHub, "/orgs/northwind/members?per_page=100") {
		e := staff[ids[m.Login]]
		switch {
		case e == nil && !services[ids[m.Login]]:
			o.found.add("unknown_github_member", m.Login, t)
		case e != nil && e.Status != "Active":
			if t.Sub(ended(e)) >= o.grace {
				o.found.add("member_of_inactive_worker", m.Login, t)
			}
			if t.Sub(ended(e)) >= 24*time.Hour {
				o.found.add("leaver_in_github", m.Login, t)
			}
		}
	}
	for _, m := range walk[person](o.client, simco.GitHub, "/orgs/northwind/members?filter=2fa_disabled") {
		o.found.add("member_without_2fa", m.Login, t)
	}
	for _, m := range walk[person](o.client, simco.GitHub, "/orgs/northwind/outside_collaborators?filter=2fa_disabled") {
		o.found.add("collaborator_without_2fa", m.Login, t)
	}
	team := map[string]bool{}
	for _, m := range walk[person](o.client, simco.GitHub, "/orgs/northwind/teams/platform-admins/members?per_page=3") {
		team[m.Login] = true
	}
	owners := walk[person](o.client, simco.GitHub, "/orgs/northwind/members?role=admin")
	if len(owners) > 5 {
		o.found.add("too_many_owners", "northwind", t)
	}
	for _, m := range owners {
		if !team[m.Login] {
			o.found.add("owner_outside_team", m.Login, t)
		}
	}
	for _, m := range walk[person](o.client, simco.GitHub, "/orgs/northwind/outside_collaborators") {
		var profile struct{ Email string }
		o.get(simco.GitHub, "/users/"+m.Login, &profile)
		e := staff[profile.Email]
		if e == nil || e.Type != "Contractor" || e.Status != "Active" && t.Sub(ended(e)) >= o.grace {
			o.found.add("unknown_collaborator", m.Login, t)
		}
	}
}

type repository struct {
	Name       string   `json:"full_name"`
	Visibility string   `json:"visibility"`
	Private    bool     `json:"private"`
	Topics     []string `json:"topics"`
	Default    string   `json:"default_branch"`
}

func (r *repository) production() bool { return slices.Contains(r.Topics, "production") }

func (o *observer) repositories(t time.Time) {
	for _, r := range walk[repository](o.client, simco.GitHub, "/orgs/northwind/repos?per_page=100") {
		if r.Private == (r.Visibility == "public") {
			o.Errorf("%s: private %v and visibility %s", r.Name, r.Private, r.Visibility)
		}
		switch {
		case r.Visibility == "public" && r.production():
			o.found.add("public_production_repo", r.Name, t)
		case r.Visibility == "public":
			o.found.add("public_repository", r.Name, t)
		}
		if r.production() {
			o.protection(&r, t)
		}
	}
}

func (o *observer) protection(r *repository, t time.Time) {
	a := o.do(simco.GitHub, "GET", "/repos/"+r.Name+"/branches/"+r.Default+"/protection", "", nil)
	if a.status == 404 && strings.Contains(a.body.String(), "Branch not protected") {
		o.found.add("protection_removed", r.Name, t)
		return
	}
	type toggle struct{ Enabled bool }
	var p struct {
		Reviews *struct {
			Count   int  `json:"required_approving_review_count"`
			Dismiss bool `json:"dismiss_stale_reviews"`
		} `json:"required_pull_request_reviews"`
		Checks *struct {
			Contexts []string
		} `json:"required_status_checks"`
		Admins   toggle `json:"enforce_admins"`
		Force    toggle `json:"allow_force_pushes"`
		Deletion toggle `json:"allow_deletions"`
	}
	o.decode(a, &p)
	for kind, bad := range map[string]bool{
		"reviews_not_required": p.Reviews == nil || p.Reviews.Count < 1,
		"stale_reviews_kept":   p.Reviews != nil && !p.Reviews.Dismiss,
		"admins_not_enforced":  !p.Admins.Enabled,
		"force_push_allowed":   p.Force.Enabled,
		"deletion_allowed":     p.Deletion.Enabled,
		"checks_not_required":  p.Checks == nil || len(p.Checks.Contexts) == 0,
	} {
		if bad {
			o.found.add(kind, r.Name, t)
		}
	}
}
