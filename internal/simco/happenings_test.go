package simco_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

type pull struct {
	Number   int
	Title    string
	User     person
	Merged   *time.Time `json:"merged_at"`
	MergeSHA string     `json:"merge_commit_sha"`
	Head     struct{ Ref, SHA string }
	Base     struct{ Ref string }
}

type review struct {
	User   person
	State  string
	At     time.Time `json:"submitted_at"`
	Commit string    `json:"commit_id"`
}

var ticket = regexp.MustCompile(`\bNW-\d+\b`)

// happenings judges, from the end of the life, every merge, deployment, alert and change of protection since from.
func (o *observer) happenings(from, end time.Time) {
	o.co.SetClock(end)
	production := map[string]bool{}
	for _, r := range walk[repository](o.client, simco.GitHub, "/orgs/northwind/repos?per_page=100") {
		if !r.production() {
			continue
		}
		production[r.Name] = true
		merged := map[string]time.Time{}
		for _, p := range walk[pull](o.client, simco.GitHub, "/repos/"+r.Name+"/pulls?state=all&sort=updated&direction=desc&per_page=100") {
			if p.Merged == nil || p.Base.Ref != r.Default {
				continue
			}
			merged[p.MergeSHA] = *p.Merged
			if !p.Merged.Before(from) {
				o.merge(r.Name, &p)
			}
		}
		o.releases(r.Name, merged, from)
	}
	o.alerts(end)
	o.changesOfProtection(production, from, end)
}

func (o *observer) merge(repo string, p *pull) {
	name := fmt.Sprintf("%s#%d", repo, p.Number)
	path := fmt.Sprintf("/repos/%s/pulls/%d/", repo, p.Number)
	authors := map[string]bool{}
	commits := walk[struct {
		SHA    string
		Author person
	}](o.client, simco.GitHub, path+"commits?per_page=100")
	for _, c := range commits {
		authors[c.Author.Login] = true
	}
	if commits[len(commits)-1].SHA != p.Head.SHA {
		o.Errorf("%s: the last commit is not the head", name)
	}
	kind := "merge_without_review"
	for _, v := range walk[review](o.client, simco.GitHub, path+"reviews") {
		if v.State != "APPROVED" {
			continue
		}
		if v.User.Login == p.User.Login {
			o.Errorf("%s: the author approved their own request, which the code host forbids", name)
		}
		switch {
		case authors[v.User.Login]:
			kind = "self_approved"
		case v.At.After(*p.Merged):
			kind = "approved_after_merge"
		case v.Commit != p.Head.SHA:
			kind = "approval_before_last_push"
		default:
			kind = ""
		}
		if kind == "" {
			break
		}
	}
	if kind != "" {
		o.events.add(kind, name, *p.Merged)
	}
	if !ticket.MatchString(p.Title) && !ticket.MatchString(p.Head.Ref) {
		o.events.add("merge_without_ticket", name, *p.Merged)
	}
	o.checks(repo, name, p)
}

func (o *observer) checks(repo, name string, p *pull) {
	var status struct {
		State string
		Total int `json:"total_count"`
	}
	o.get(simco.GitHub, "/repos/"+repo+"/commits/"+p.Head.SHA+"/status", &status)
	var runs struct {
		Total int `json:"total_count"`
		Runs  []struct {
			Conclusion string
			Completed  time.Time `json:"completed_at"`
		} `json:"check_runs"`
	}
	o.get(simco.GitHub, "/repos/"+repo+"/commits/"+p.Head.SHA+"/check-runs", &runs)
	if status.Total == 0 && runs.Total == 0 {
		o.events.add("merge_without_checks", name, *p.Merged)
		return
	}
	bad := status.State != "success"
	for _, c := range runs.Runs {
		bad = bad || c.Conclusion != "success" || c.Completed.After(*p.Merged)
	}
	if bad {
		o.events.add("checks_failed_merge", name, *p.Merged)
	}
}

func (o *observer) releases(repo string, merged map[string]time.Time, from time.Time) {
	type deployment struct {
		ID          int64
		SHA         string
		Environment string
		Creator     person
		Created     time.Time `json:"created_at"`
	}
	list := walk[deployment](o.client, simco.GitHub, "/repos/"+repo+"/deployments?environment=production&per_page=100")
	good := time.Time{} // of the newest success seen, walking backwards
	for _, d := range list {
		name := fmt.Sprintf("%s/%d", repo, d.ID)
		states := walk[struct{ State string }](o.client, simco.GitHub, fmt.Sprintf("/repos/%s/deployments/%d/statuses", repo, d.ID))
		ok := len(states) > 0 && states[0].State == "success"
		if ok {
			good = d.Created
		}
		if d.Created.Before(from) {
			continue
		}
		if d.Creator.Login != "northwind-deploy[bot]" {
			o.events.add("deployment_by_person", name, d.Created)
		}
		if at, was := merged[d.SHA]; !was || at.After(d.Created) {
			o.events.add("deployment_of_unmerged_sha", name, d.Created)
		}
		if !ok && (good.IsZero() || good.Sub(d.Created) > 24*time.Hour) {
			o.events.add("deployment_without_success", name, d.Created)
		}
	}
}

func (o *observer) alerts(end time.Time) {
	type alert struct {
		Number     int
		Created    time.Time  `json:"created_at"`
		Fixed      *time.Time `json:"fixed_at"`
		Dismissed  *time.Time `json:"dismissed_at"`
		Advisory   struct{ Severity string }
		Security   struct{ Severity string } `json:"security_advisory"`
		Repository struct {
			Name string `json:"full_name"`
		}
	}
	for _, a := range walk[alert](o.client, simco.GitHub, "/orgs/northwind/dependabot/alerts?per_page=100") {
		until := end
		if a.Fixed != nil {
			until = *a.Fixed
		}
		limit, ok := map[string]int{"critical": 7, "high": 30}[a.Security.Severity]
		if ok && until.Sub(a.Created) > days(limit) {
			o.events.add(a.Security.Severity+"_alert_overdue", fmt.Sprintf("%s#%d", a.Repository.Name, a.Number), end)
		}
	}
}

type auditEvent struct {
	At         int64 `json:"@timestamp"`
	ID         string
	Document   string `json:"_document_id"`
	Action     string
	Actor      string
	User       string
	Repo       string
	Permission string
	Admin      *bool `json:"admin_enforced"`
	Dismiss    *bool `json:"dismiss_stale_reviews_on_push"`
	Reviews    *int  `json:"pull_request_reviews_enforcement_level"`
	Checks     *int  `json:"required_status_checks_enforcement_level"`
	Force      *int  `json:"allow_force_pushes_enforcement_level"`
	Deletion   *int  `json:"allow_deletions_enforcement_level"`
}

// changesOfProtection replays who owned the organisation and judges each change of a protection. The log forgets after
// 180 days, so it is read month by month.
func (o *observer) changesOfProtection(production map[string]bool, from, end time.Time) {
	o.co.SetClock(from)
	owners := map[string]bool{}
	for _, m := range walk[person](o.client, simco.GitHub, "/orgs/northwind/members?role=admin") {
		owners[m.Login] = true
	}
	seen := map[string]bool{}
	for at := from; at.Before(end); at = at.Add(days(30)) {
		to := at.Add(days(30))
		if to.After(end) {
			to = end
		}
		o.co.SetClock(to)
		phrase := "created:" + at.Format(time.RFC3339) + ".." + to.Format(time.RFC3339)
		for _, e := range walk[auditEvent](o.client, simco.GitHub, "/orgs/northwind/audit-log?per_page=7&order=asc&include=web&"+q("phrase", phrase)) {
			if seen[e.Document] {
				continue
			}
			seen[e.Document] = true
			if e.Action == "org.update_member" {
				owners[e.User] = e.Permission == "admin"
			}
			if e.Action == "org.remove_member" {
				delete(owners, e.User)
			}
			if strings.HasPrefix(e.Action, "protected_branch.") && production[e.Repo] {
				o.change(&e, owners)
			}
		}
	}
}

func (o *observer) change(e *auditEvent, owners map[string]bool) {
	at := time.UnixMilli(e.At)
	if !owners[e.Actor] {
		o.events.add("protection_change_by_non_owner", e.Document, at)
	}
	off := func(b *bool) bool { return b != nil && !*b }
	level := func(n *int, want int) bool { return n != nil && *n != want }
	less := map[string]bool{
		"protected_branch.destroy":                                         true,
		"protected_branch.update_pull_request_reviews_enforcement_level":   level(e.Reviews, 2),
		"protected_branch.dismiss_stale_reviews":                           off(e.Dismiss),
		"protected_branch.update_admin_enforced":                           off(e.Admin),
		"protected_branch.update_allow_force_pushes_enforcement_level":     level(e.Force, 0),
		"protected_branch.update_allow_deletions_enforcement_level":        level(e.Deletion, 0),
		"protected_branch.update_required_status_checks_enforcement_level": level(e.Checks, 2),
	}
	if less[e.Action] {
		o.events.add("protection_reduced", e.Document, at)
	}
}

// keys lists what was found, once each.
func keys(list ...findings) []string {
	var out []string
	for _, f := range list {
		for k := range f {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
