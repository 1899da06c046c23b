package github_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/github"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var config = simco.Config{Seed: 7, People: 200, Repositories: 12, Start: begin, Days: 90, Planted: true}

// idle are companies that no test uses: making one takes longer than reading it.
var idle struct {
	sync.Mutex
	list []*simco.Company
}

func borrow(t testing.TB) *simco.Company {
	t.Helper()
	idle.Lock()
	defer idle.Unlock()
	var co *simco.Company
	if n := len(idle.list); n > 0 {
		co, idle.list = idle.list[n-1], idle.list[:n-1]
	} else {
		var err error
		if co, err = simco.New(config); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_ = co.SetFault(simco.GitHub, nil)
		idle.Lock()
		defer idle.Unlock()
		idle.list = append(idle.list, co)
	})
	return co
}

type company struct {
	*simco.Company
	env collect.Env
}

func newCompany(t testing.TB, at time.Time, with ...simco.Option) *company {
	t.Helper()
	var co *simco.Company
	if len(with) == 0 {
		co = borrow(t)
	} else {
		var err error
		if co, err = simco.New(config, with...); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(co.Handler(simco.GitHub))
	t.Cleanup(server.Close)
	co.SetClock(at)
	return &company{co, collect.Env{
		Settings: map[string]string{"base_url": server.URL, "org": co.Tokens().GitHubOrg}, Secrets: map[string]string{"token": co.Tokens().GitHubToken},
		HTTP: collecttest.Client(httpx.Options{Now: time.Now, Retries: 2, MaxWait: 30 * time.Hour}, server), Since: at.AddDate(0, 0, -1), Until: at,
	}}
}

func (c *company) read(t testing.TB) *collecttest.Sink {
	t.Helper()
	var s collecttest.Sink
	if err := (github.Connector{}).Collect(t.Context(), c.env, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, github.Connector{}.Describe(), c.Tokens().GitHubToken)
	return &s
}

func at(t life.Time) *time.Time {
	if t == 0 {
		return nil
	}
	return collect.Ptr(second(t))
}

// second is an instant as GitHub writes it: without its fraction.
func second(t life.Time) time.Time { return t.Go().Truncate(time.Second) }

func by(t, now life.Time) life.Time {
	if t <= now {
		return t
	}
	return 0
}

// truth is what GitHub holds at an instant, streams for the window before it.
type truth struct {
	w        *life.World
	t        life.Time
	from, to time.Time

	users       []*collect.UserAccount
	groups      []*collect.AccountGroup
	members     []*collect.GroupMember
	repos       []*collect.Repository
	protections []*collect.BranchProtection
	alerts      []*collect.VulnerabilityAlert
	pulls       []*collect.PullRequest
	reviews     []*collect.Review
	deploys     []*collect.Deployment
}

func truthOf(c *company) *truth {
	out := &truth{w: c.Life(), t: life.Of(c.Clock()), from: c.env.Since, to: c.env.Until}
	w := out.w
	for i := range w.Members {
		out.person(&w.Members[i], false)
	}
	for i := range w.Collaborators {
		out.person(&w.Collaborators[i], true)
	}
	for i := range w.Teams {
		out.team(&w.Teams[i])
	}
	for i := range w.Repos {
		if w.Repos[i].Created <= out.t {
			out.repo(int32(i), &w.Repos[i])
		}
	}
	return out
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func (o *truth) login(i int32) string { return o.w.Logins[i].Name }

func (o *truth) in(t life.Time) bool { return !second(t).Before(o.from) && second(t).Before(o.to) }

func (o *truth) person(m *life.Member, external bool) {
	if !m.Has(o.t) {
		return
	}
	l := &o.w.Logins[m.Subject]
	f := &collect.UserAccount{ID: id(l.ID), Login: l.Name, Status: "active", Kind: collect.Ptr("person"), External: &external,
		Admin: collect.Ptr(!external && m.OwnerAt(o.t)), SecondFactor: collect.Ptr(m.Has2FA(o.t))}
	if l.App {
		f.Kind = collect.Ptr("service")
	}
	if external {
		f.Email, f.DisplayName, f.CreatedAt = collect.NonZero(l.Email), collect.NonZero(l.Full), at(l.Created)
	} else {
		f.Email = collect.NonZero(l.NameID)
	}
	o.users = append(o.users, f)
}

func (o *truth) team(tm *life.Team) {
	if tm.Created > o.t {
		return
	}
	in := map[int32]bool{}
	for _, m := range tm.Members {
		if !m.Has(o.t) || in[m.Subject] {
			continue
		}
		in[m.Subject] = true
		role := "member"
		if tm.Leads[m.Subject] {
			role = "maintainer"
		}
		account := id(o.w.Logins[m.Subject].ID)
		o.members = append(o.members, &collect.GroupMember{ID: id(tm.ID) + "/" + account, GroupID: id(tm.ID), AccountID: account, Role: &role})
	}
	o.groups = append(o.groups, &collect.AccountGroup{ID: id(tm.ID), Name: tm.Name, Kind: collect.Ptr("team"), Description: &tm.Description, MemberCount: collect.Ptr(int64(len(in)))})
}

func (o *truth) repo(i int32, r *life.Repo) {
	prod := r.Prod && r.Tagged <= o.t
	o.repos = append(o.repos, &collect.Repository{ID: id(r.ID), Name: r.FullName(), Visibility: collect.Ptr(r.VisibilityAt(o.t)),
		Archived: collect.Ptr(r.Archived != 0 && r.Archived <= o.t), Fork: collect.Ptr(false), Production: &prod, DefaultBranch: collect.Ptr(life.Branch), CreatedAt: at(r.Created)})
	b := &collect.BranchProtection{ID: r.FullName() + ":" + life.Branch, RepositoryID: id(r.ID), Repository: r.FullName(), Branch: life.Branch, Protected: collect.Ptr(false)}
	if p := r.ProtectionAt(o.t); p != nil {
		checks := int64(0)
		if p.Checks {
			checks = 2
		}
		b.Protected, b.RequiredApprovals, b.RequiredChecks = collect.Ptr(true), collect.Ptr(int64(p.Approvals)), &checks
		b.DismissesStale = collect.Ptr(p.DismissStale && p.Approvals > 0)
		b.EnforcesAdmins, b.AllowsForcePush, b.AllowsDeletion, b.RequiresSignatures = &p.Admins, &p.ForcePush, &p.Deletion, &p.Signatures
	}
	o.protections = append(o.protections, b)
	for k := range r.Alerts {
		if a := &r.Alerts[k]; a.Created <= o.t {
			f := &collect.VulnerabilityAlert{ID: r.FullName() + "#" + strconv.Itoa(a.Number), Repository: r.FullName(), Package: life.Packages[a.Package].Name,
				Advisory: collect.Ptr(o.w.Advisory(r, a)), Severity: a.Severity, State: a.StateAt(o.t), CreatedAt: second(a.Created)}
			switch f.State {
			case "fixed":
				f.FixedAt = at(a.Fixed)
			case "dismissed":
				f.DismissedAt = at(a.Dismissed)
			}
			o.alerts = append(o.alerts, f)
		}
	}
	for k := range r.Pulls {
		if p := &r.Pulls[k]; p.Created <= o.t && o.in(p.UpdatedAt(o.t)) {
			o.pull(i, r, p, prod)
		}
	}
	for k := range r.Deploys {
		o.deploy(r, &r.Deploys[k])
	}
}

func (o *truth) deploy(r *life.Repo, d *life.Deployment) {
	if d.At > o.t {
		return
	}
	environment, updated := "staging", d.At
	if d.Production {
		environment = "production"
	}
	f := &collect.Deployment{ID: r.FullName() + "/" + id(d.ID), Repository: r.FullName(), SHA: d.SHA, Ref: collect.Ptr(life.Branch), Environment: environment,
		Creator: collect.Ptr(o.login(d.By)), CreatedAt: second(d.At)}
	if s := d.Latest(o.t); s != nil {
		updated, f.State = s.At, &s.Is
	}
	f.UpdatedAt = at(updated)
	if o.in(d.At) || o.in(updated) {
		o.deploys = append(o.deploys, f)
	}
}

func (o *truth) pull(i int32, r *life.Repo, p *life.Pull, prod bool) {
	head := p.HeadAt(o.t)
	f := &collect.PullRequest{ID: fmt.Sprintf("%s#%d", r.FullName(), p.Number), Repository: r.FullName(), Number: int64(p.Number), Author: o.login(p.Author),
		State: "open", Draft: &p.Draft, BaseBranch: life.Branch, HeadSHA: collect.Ptr(o.w.SHA(i, p, head)), Ticket: collect.Ptr(""), CreatedAt: second(p.Created),
		UpdatedAt: second(p.UpdatedAt(o.t)), ClosedAt: at(by(p.Closed, o.t)), MergedAt: at(by(p.Merged, o.t)), RepositoryProd: &prod}
	if p.Release {
		f.BaseBranch = "release/current"
	}
	if p.Style != 0 {
		f.Ticket = collect.Ptr("NW-" + strconv.Itoa(int(p.Ticket)))
	}
	if f.ClosedAt != nil {
		f.State = "closed"
	}
	if f.MergedAt != nil {
		f.State, f.MergeSHA, f.MergedBy = "merged", collect.Ptr(o.w.SHA(i, p, life.MergeCommit)), collect.Ptr(o.login(p.MergedBy))
		var authors []string
		for _, c := range p.Commits[:head+1] {
			authors = append(authors, o.login(c.By))
		}
		slices.Sort(authors)
		f.CommitAuthors = collect.Ptr(strings.Join(slices.Compact(authors), ","))
		f.ChecksState, f.ChecksTotal = collect.Ptr("none"), collect.Ptr(int64(0))
		if c := p.Commits[head]; !p.NoChecks && c.At+life.CheckStart <= o.t {
			*f.ChecksState, *f.ChecksTotal = "success", 3
			switch {
			case c.At+life.CheckTime > o.t:
				*f.ChecksState = "pending"
			case c.Red:
				*f.ChecksState = "failure"
			}
		}
	}
	o.pulls = append(o.pulls, f)
	for k, v := range p.Reviews {
		if v.At > o.t {
			continue
		}
		state := [...]string{life.Commented: "commented", life.Approved: "approved", life.ChangesRequested: "changes_requested"}[v.State]
		if v.Dismissed != 0 && v.Dismissed <= o.t {
			state = "dismissed"
		}
		number := (900_000_000+int64(i)<<20+int64(p.Number))*16 + int64(k)
		o.reviews = append(o.reviews, &collect.Review{ID: id(number), Repository: r.FullName(), Number: int64(p.Number), Reviewer: o.login(v.By), State: state,
			CommitSHA: collect.Ptr(o.w.SHA(i, p, int(v.Commit))), SubmittedAt: at(v.At)})
	}
}

func compare(t *testing.T, c *company, s *collecttest.Sink) {
	t.Helper()
	s.NoFailures(t)
	s.Reconciled(t, "user_account", "account_group", "group_member", "repository", "pull_request")
	want := truthOf(c)
	for _, p := range collecttest.Of[*collect.PullRequest](s) {
		if p.Title == "" || p.Labels == nil {
			t.Errorf("%s has the title %q and labels %v", p.ID, p.Title, p.Labels)
		}
		p.Title, p.Labels = "", nil // made by the server from what the life does not show
	}
	for _, r := range collecttest.Of[*collect.Repository](s) {
		if r.PushedAt == nil {
			t.Errorf("%s was never pushed to", r.ID)
		}
		r.PushedAt = nil // as above
	}
	collecttest.Same(t, s, want.users)
	collecttest.Same(t, s, want.groups)
	collecttest.Same(t, s, want.members)
	collecttest.Same(t, s, want.repos)
	collecttest.Same(t, s, want.protections)
	collecttest.Same(t, s, want.alerts)
	collecttest.Same(t, s, want.pulls)
	collecttest.Same(t, s, want.reviews)
	collecttest.Same(t, s, want.deploys)
	events := collecttest.Of[*collect.AuditEvent](s)
	n := 0
	for _, list := range [][]life.AuditEvent{c.Life().Audit, c.Life().Git} {
		memory := 180 * life.Day
		if len(list) > 0 && list[0].Kind >= life.GitPush {
			memory = 7 * life.Day
		}
		for _, e := range list {
			if when := e.At.Go(); !when.Before(c.env.Since) && when.Before(c.env.Until) && e.At >= want.t-memory {
				n++
			}
		}
	}
	if len(events) != n || n == 0 {
		t.Errorf("%d audit events, want %d", len(events), n)
	}
	for _, e := range events {
		if e.Actor == nil || e.ActorID == nil || e.TargetKind == nil || e.Target == nil {
			t.Errorf("event %+v", e)
		}
	}
	set := c.Life().OrgAt(want.t)
	for name, value := range map[string]string{"two_factor_requirement_enabled": strconv.FormatBool(set.Require2FA), "default_repository_permission": set.DefaultPermission, "members_can_create_public_repositories": "false"} {
		if f := collecttest.ByKey[*collect.Setting](t, s, "org/"+name); f.Value == nil || *f.Value != value || f.On != "northwind" || f.Scope != "org" {
			t.Errorf("%s is %+v, want %s", name, f, value)
		}
	}
}

func TestTruth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		day  int
		days int // of the window; 0 is a first run
	}{"a day": {30, 1}, "another day": {61, 1}, "a week": {75, 7}, "a first run": {90, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			co := newCompany(t, begin.AddDate(0, 0, c.day).Add(-30*time.Minute))
			co.env.Since = co.env.Until.AddDate(0, 0, -c.days)
			if c.days == 0 {
				co.env.Since = time.Time{}
				co.env.Settings["first_days"] = "60"
			}
			s := co.read(t)
			if c.days == 0 {
				co.env.Since = co.env.Until.AddDate(0, 0, -60)
			}
			compare(t, co, s)
		})
	}
}

// Daily runs side by side give every merge once, and the same as one long run.
func TestWindowsMeet(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 60))
	merged := map[string]string{}
	for day := 50; day < 57; day++ {
		c.SetClock(begin.AddDate(0, 0, day+1))
		c.env.Since, c.env.Until = begin.AddDate(0, 0, day), begin.AddDate(0, 0, day+1)
		for _, p := range collecttest.Of[*collect.PullRequest](c.read(t)) {
			if p.MergedAt != nil && !p.MergedAt.Before(begin.AddDate(0, 0, 50)) {
				merged[p.ID] = *p.MergeSHA
			}
		}
	}
	n := 0
	for _, m := range c.Life().Merged {
		if when := second(m.At); !when.Before(begin.AddDate(0, 0, 50)) && when.Before(begin.AddDate(0, 0, 57)) {
			n++
			r := &c.Life().Repos[m.Repo]
			if merged[fmt.Sprintf("%s#%d", r.FullName(), r.Pulls[m.Pull].Number)] != c.Life().SHA(m.Repo, &r.Pulls[m.Pull], life.MergeCommit) {
				t.Errorf("the merge of %s#%d is missing or wrong", r.FullName(), r.Pulls[m.Pull].Number)
			}
		}
	}
	if n == 0 || len(merged) != n {
		t.Errorf("%d merges, want %d", len(merged), n)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	when := begin.AddDate(0, 0, 75)
	on := func(part, query string, f simco.FaultResponse) simco.Fault {
		return func(r *http.Request, _ int) *simco.FaultResponse {
			if strings.Contains(r.URL.Path, part) && strings.Contains(r.URL.RawQuery, query) {
				return &f
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		fault  simco.Fault
		kind   errs.Kind // of the first failure of the first broken resource; Internal is a total that differs
		broken []string
	}{
		"org 403":                 {on("/orgs/northwind", "", simco.FaultResponse{Status: 403}), errs.Denied, []string{"setting", "repository", "user_account", "account_group", "group_member", "audit_event", "branch_protection", "pull_request", "review", "deployment", "vulnerability_alert"}},
		"members cut off":         {on("/members", "role=member", simco.FaultResponse{Truncate: 500}), errs.Unavailable, []string{"user_account", "group_member"}},
		"members page two 500":    {on("/orgs/northwind/members", "page=2", simco.FaultResponse{Status: 500}), errs.Unavailable, nil},
		"members drop":            {on("/orgs/northwind/members", "role=member", simco.FaultResponse{Drop: 1}), errs.Internal, []string{"user_account"}},
		"second factor 422":       {on("/orgs/northwind/members", "2fa_disabled", simco.FaultResponse{Status: 422}), errs.Invalid, []string{"user_account"}},
		"identities drop":         {on("/graphql", "", simco.FaultResponse{Drop: 1}), errs.Invalid, []string{"user_account"}},
		"profile 404":             {on("/users/", "", simco.FaultResponse{Status: 404}), errs.NotFound, []string{"user_account"}},
		"teams malformed":         {on("/orgs/northwind/teams", "per_page=100", simco.FaultResponse{Malformed: true}), errs.Invalid, []string{"account_group", "group_member"}},
		"team members drop":       {on("/teams/platform-admins/members", "role=", simco.FaultResponse{Drop: 1}), errs.Internal, []string{"group_member"}},
		"repositories drop":       {on("/orgs/northwind/repos", "", simco.FaultResponse{Drop: 1}), errs.Internal, []string{"repository", "pull_request"}},
		"repositories 500":        {on("/orgs/northwind/repos", "", simco.FaultResponse{Status: 500}), errs.Unavailable, []string{"repository", "branch_protection", "pull_request", "review", "deployment", "vulnerability_alert"}},
		"protection 403":          {on("/protection", "", simco.FaultResponse{Status: 403}), errs.Denied, []string{"branch_protection"}},
		"protection 404 hidden":   {on("/protection", "", simco.FaultResponse{Status: 404}), errs.NotFound, []string{"branch_protection"}},
		"pulls 404":               {on("/pulls", "state=all", simco.FaultResponse{Status: 404}), errs.NotFound, []string{"pull_request", "review"}},
		"pulls drop":              {on("/pulls", "state=all", simco.FaultResponse{Drop: 49}), errs.Internal, []string{"pull_request"}},
		"reviews 403":             {on("/reviews", "", simco.FaultResponse{Status: 403}), errs.Denied, []string{"review"}},
		"commits drop":            {on("/commits", "per_page", simco.FaultResponse{Drop: 1}), errs.Invalid, []string{"pull_request"}},
		"check runs malformed":    {on("/check-runs", "", simco.FaultResponse{Malformed: true}), errs.Invalid, []string{"pull_request"}},
		"check runs drop":         {on("/check-runs", "", simco.FaultResponse{Drop: 1}), errs.Invalid, []string{"pull_request"}},
		"status 500":              {on("/status", "per_page", simco.FaultResponse{Status: 500}), errs.Unavailable, []string{"pull_request", "deployment"}},
		"search 403":              {on("/search/issues", "", simco.FaultResponse{Status: 403}), errs.Denied, []string{"pull_request"}},
		"deployments cut off":     {on("/deployments", "", simco.FaultResponse{Truncate: 30}), errs.Unavailable, []string{"deployment"}},
		"org alerts 403, each ok": {on("/orgs/northwind/dependabot", "", simco.FaultResponse{Status: 403}), errs.Internal, nil},
		"all alerts 403":          {on("/dependabot", "", simco.FaultResponse{Status: 403}), errs.Denied, []string{"vulnerability_alert"}},
		"alerts off":              {on("/dependabot", "", simco.FaultResponse{Status: 403, Message: "Dependabot alerts are disabled for this repository."}), errs.Internal, nil},
		"audit log 404":           {on("/audit-log", "", simco.FaultResponse{Status: 404}), errs.NotFound, []string{"audit_event"}},
		"audit log limit":         {on("/audit-log", "", simco.FaultResponse{Status: 403, RetryAfter: 2 * time.Hour}), errs.Denied, []string{"audit_event"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			co := newCompany(t, when)
			co.env.Since = when.AddDate(0, 0, -5)
			if err := co.SetFault(simco.GitHub, c.fault); err != nil {
				t.Fatal(err)
			}
			s := co.read(t)
			for _, r := range (github.Connector{}).Describe().Resources {
				whole := len(s.Failures(r)) == 0
				for _, total := range s.Totals(r) {
					whole = whole && total.N == int64(len(s.Facts(r)))
				}
				if whole == slices.Contains(c.broken, r) {
					t.Errorf("%s: whole %v, failures %v, totals %v, %d rows", r, whole, s.Failures(r), s.Totals(r), len(s.Facts(r)))
				}
			}
			if len(c.broken) > 0 && c.kind != errs.Internal {
				if f := s.Failures(c.broken[0]); len(f) == 0 || errs.KindOf(f[0]) != c.kind {
					t.Errorf("failures are %v, want the kind %s", f, c.kind)
				}
			}
			unknowns(t, name, s)
		})
	}
}

// unknowns fails the test where a field that could not be read has a value.
func unknowns(t *testing.T, name string, s *collecttest.Sink) {
	t.Helper()
	for _, b := range collecttest.Of[*collect.BranchProtection](s) {
		if strings.HasPrefix(name, "protection 40") && b.Protected != nil {
			t.Errorf("the protection of %s is said to be known", b.ID)
		}
	}
	for _, u := range collecttest.Of[*collect.UserAccount](s) {
		if name == "second factor 422" && !*u.External && u.SecondFactor != nil {
			t.Errorf("the second factor of %s is said to be known", u.Login)
		}
	}
	for _, p := range collecttest.Of[*collect.PullRequest](s) {
		if p.MergedAt == nil {
			continue
		}
		if name == "commits drop" && p.CommitAuthors != nil || (strings.HasPrefix(name, "check runs") || name == "status 500") && p.ChecksState != nil && *p.ChecksState != "none" {
			t.Errorf("%s: authors %v, checks %v are said to be known", p.ID, p.CommitAuthors, p.ChecksState)
		}
	}
}

// A limit that passes costs time and no row.
func TestLimitsPass(t *testing.T) {
	t.Parallel()
	when := begin.AddDate(0, 0, 75)
	var mu sync.Mutex
	clock := begin
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	c := newCompany(t, when, simco.WithLimits(simco.Limits{GitHubPerHour: 100}), simco.WithNow(now))
	var stats httpx.Stats
	host := strings.TrimPrefix(c.env.Settings["base_url"], "http://")
	c.env.HTTP = collecttest.Client(httpx.Options{AllowPrivate: []string{host}, Stats: &stats, Now: now, MaxWait: 100 * time.Hour, Sleep: func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		clock = clock.Add(d)
		return nil
	}})
	compare(t, c, c.read(t))
	if stats.Counts().Waits == 0 {
		t.Errorf("nothing was waited for: %+v", stats.Counts())
	}
	c.env.HTTP = collecttest.Client(httpx.Options{AllowPrivate: []string{host}, Now: now, MaxWait: time.Minute, Sleep: func(context.Context, time.Duration) error { return nil }})
	s := c.read(t)
	exhausted := 0
	for _, r := range (github.Connector{}).Describe().Resources {
		for _, err := range s.Failures(r) {
			if errs.Is(err, errs.Exhausted) && strings.Contains(errs.HintOf(err), "2026-") {
				exhausted++
			}
		}
	}
	if exhausted == 0 {
		t.Error("a limit beyond the bound was not reported with its reset")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 40))
	p, err := github.Connector{}.Check(t.Context(), c.env)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range p {
		if g.Granted == nil || !*g.Granted {
			t.Errorf("%s: %v %s", g.Name, g.Granted, g.Detail)
		}
	}
	if err := c.SetFault(simco.GitHub, func(r *http.Request, _ int) *simco.FaultResponse {
		if strings.HasSuffix(r.URL.Path, "/protection") || strings.HasSuffix(r.URL.Path, "/deployments") {
			return &simco.FaultResponse{Status: 403, Header: http.Header{"X-Accepted-Github-Permissions": {"administration=read"}}}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p, err = github.Connector{}.Check(t.Context(), c.env)
	if err != nil || *p[3].Granted || *p[7].Granted || !*p[4].Granted || !strings.Contains(p[3].Detail, "administration=read") {
		t.Errorf("without the right to protection: %+v, %v", p, err)
	}
	c.env.Secrets = map[string]string{"token": "wrong"}
	if _, err := (github.Connector{}).Check(t.Context(), c.env); !errs.Is(err, errs.Denied) {
		t.Errorf("a wrong token: %v", err)
	}
}

func BenchmarkDay(b *testing.B) {
	c := newCompany(b, begin.AddDate(0, 0, 75).Add(-30*time.Minute))
	var stats httpx.Stats
	host := strings.TrimPrefix(c.env.Settings["base_url"], "http://")
	c.env.HTTP = httpx.New(httpx.Options{AllowPrivate: []string{host}, Stats: &stats})
	rows := 0
	for b.Loop() {
		var s collecttest.Sink
		if err := (github.Connector{}).Collect(b.Context(), c.env, &s); err != nil {
			b.Fatal(err)
		}
		rows += s.Count()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "facts/s")
	b.ReportMetric(float64(stats.Counts().Requests)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(stats.Counts().Requests)/float64(b.N), "requests/run")
}
