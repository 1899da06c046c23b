package simco_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var ordinary = simco.Config{Seed: 5, People: 150, Repositories: 14, Days: 90, Planted: true}

// same fails unless two lists hold the same things, each once.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d rows over the pages, %d in the life", what, len(got), len(want))
	}
	if len(slices.Compact(got)) != len(got) {
		t.Errorf("%s: a row came twice", what)
	}
	if len(want) == 0 {
		t.Errorf("%s: nothing to page through", what)
	}
}

func each[T any](list []T, key func(T) string) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, key(e))
	}
	return out
}

func login(p person) string { return p.Login }

var moments = []time.Time{start.Add(-days(50)), start.Add(days(30) + 11*time.Hour), start.Add(days(89) + 23*time.Hour + 30*time.Minute)}

// Walking all pages of a list gives the population of the instant, whatever the size of the pages, and totals agree.
func TestPagesOfGitHub(t *testing.T) {
	t.Parallel()
	c := company(t, ordinary)
	w := c.co.Life()
	for _, at := range moments {
		c.co.SetClock(at)
		now := life.Of(at)
		var members, collaborators, repos, alerts []string
		for i := range w.Members {
			if w.Members[i].Has(now) {
				members = append(members, w.Logins[w.Members[i].Subject].Name)
			}
		}
		for i := range w.Collaborators {
			if w.Collaborators[i].Has(now) {
				collaborators = append(collaborators, w.Logins[w.Collaborators[i].Subject].Name)
			}
		}
		for i := range w.Repos {
			r := &w.Repos[i]
			if r.Created > now {
				continue
			}
			repos = append(repos, r.FullName())
			for k := range r.Alerts {
				if r.Alerts[k].Created <= now {
					alerts = append(alerts, fmt.Sprintf("%s#%d", r.FullName(), r.Alerts[k].Number))
				}
			}
		}
		same(t, "members", each(walk[person](c, simco.GitHub, "/orgs/northwind/members?per_page=7"), login), members)
		same(t, "collaborators", each(walk[person](c, simco.GitHub, "/orgs/northwind/outside_collaborators?per_page=1"), login), collaborators)
		got := walk[repository](c, simco.GitHub, "/orgs/northwind/repos?per_page=4")
		same(t, "repositories", each(got, func(r repository) string { return r.Name }), repos)
		type alert struct {
			Number     int
			Repository struct {
				Name string `json:"full_name"`
			}
		}
		same(t, "alerts", each(walk[alert](c, simco.GitHub, "/orgs/northwind/dependabot/alerts?per_page=3"),
			func(a alert) string { return fmt.Sprintf("%s#%d", a.Repository.Name, a.Number) }), alerts)
		var org struct {
			Private int `json:"total_private_repos"`
			Public  int `json:"public_repos"`
			Plan    struct {
				Seats int `json:"filled_seats"`
			}
		}
		c.get(simco.GitHub, "/orgs/northwind", &org)
		if org.Private+org.Public != len(repos) || org.Plan.Seats != len(members)+len(collaborators) {
			t.Errorf("the organisation says %d + %d repositories and %d seats; there are %d and %d", org.Private, org.Public, org.Plan.Seats,
				len(repos), len(members)+len(collaborators))
		}
		pullPages(t, c, w, now)
		teamPages(t, c, w)
	}
}

func teamPages(t *testing.T, c *client, w *life.World) {
	type team struct{ Slug string }
	list := walk[team](c, simco.GitHub, "/orgs/northwind/teams?per_page=2")
	same(t, "teams", each(list, func(x team) string { return x.Slug }), each(w.Teams, func(x life.Team) string { return x.Slug }))
	for _, x := range list {
		var one struct {
			Members int `json:"members_count"`
			Repos   int `json:"repos_count"`
		}
		c.get(simco.GitHub, "/orgs/northwind/teams/"+x.Slug, &one)
		if n := len(walk[person](c, simco.GitHub, "/orgs/northwind/teams/"+x.Slug+"/members?per_page=3")); n != one.Members {
			t.Errorf("team %s says %d members and sent %d", x.Slug, one.Members, n)
		}
		if n := len(walk[repository](c, simco.GitHub, "/orgs/northwind/teams/"+x.Slug+"/repos?per_page=2")); n != one.Repos {
			t.Errorf("team %s says %d repositories and sent %d", x.Slug, one.Repos, n)
		}
	}
}

// pullPages walks pull requests, deployments and their parts, and compares merges with the count of the search.
func pullPages(t *testing.T, c *client, w *life.World, now life.Time) {
	t.Helper()
	merged := 0
	for i := range w.Repos {
		r := &w.Repos[i]
		if r.Created > now {
			continue
		}
		var want, deploys []string
		for k := range r.Pulls {
			p := &r.Pulls[k]
			if p.Created <= now {
				want = append(want, fmt.Sprint(p.Number))
			}
			if p.Merged != 0 && p.Merged <= now {
				merged++
			}
		}
		for k := range r.Deploys {
			if r.Deploys[k].At <= now {
				deploys = append(deploys, fmt.Sprint(r.Deploys[k].ID))
			}
		}
		repo := "/repos/" + r.FullName()
		if len(want) > 0 {
			list := walk[pull](c, simco.GitHub, repo+"/pulls?state=all&sort=updated&direction=desc&per_page=13")
			same(t, "pulls of "+r.Name, each(list, func(p pull) string { return fmt.Sprint(p.Number) }), want)
			open := walk[pull](c, simco.GitHub, repo+"/pulls?per_page=3")
			closed := walk[pull](c, simco.GitHub, repo+"/pulls?state=closed&per_page=17")
			if len(open)+len(closed) != len(want) {
				t.Errorf("%s: %d open and %d closed pull requests of %d", r.Name, len(open), len(closed), len(want))
			}
		}
		if len(deploys) > 0 {
			type deployment struct{ ID int64 }
			list := walk[deployment](c, simco.GitHub, repo+"/deployments?per_page=11")
			same(t, "deployments of "+r.Name, each(list, func(d deployment) string { return fmt.Sprint(d.ID) }), deploys)
		}
	}
	var found struct {
		Total int `json:"total_count"`
	}
	c.get(simco.GitHub, "/search/issues?"+q("q", "org:northwind is:pr is:merged"), &found)
	if found.Total != merged {
		t.Errorf("the search counts %d merges of %d", found.Total, merged)
	}
	c.get(simco.GitHub, "/search/issues?"+q("q", "org:northwind is:pr merged:2025-12-01..2025-12-31"), &found)
	n := 0
	for _, m := range w.Merged {
		if at := m.At.Go(); m.At <= now && at.Year() == 2025 && at.Month() == time.December {
			n++
		}
	}
	if found.Total != n {
		t.Errorf("the search counts %d merges in December of %d", found.Total, n)
	}
}

// The audit log's pages hold every event of the asked days once, in order, in both directions.
func TestPagesOfAuditLog(t *testing.T) {
	t.Parallel()
	c := company(t, ordinary)
	w := c.co.Life()
	now := start.Add(days(60) + 13*time.Hour)
	c.co.SetClock(now)
	from := now.Add(-days(100))
	var web, git []string
	for i := range w.Audit {
		if e := &w.Audit[i]; e.At >= life.Of(from) && e.At <= life.Of(now) {
			web = append(web, w.DocumentID(e))
		}
	}
	for i := range w.Git {
		if e := &w.Git[i]; e.At >= life.Of(now.Add(-days(7))) && e.At <= life.Of(now) {
			git = append(git, w.DocumentID(e))
		}
	}
	phrase := q("phrase", "created:>="+from.Format(time.RFC3339))
	id := func(e auditEvent) string { return e.Document }
	same(t, "web events", each(walk[auditEvent](c, simco.GitHub, "/orgs/northwind/audit-log?per_page=9&order=asc&"+phrase), id), slices.Clone(web))
	same(t, "git events", each(walk[auditEvent](c, simco.GitHub, "/orgs/northwind/audit-log?per_page=9&include=git&"+phrase), id), git)
	both := walk[auditEvent](c, simco.GitHub, "/orgs/northwind/audit-log?per_page=10&include=all&"+phrase)
	same(t, "all events", each(both, id), append(slices.Clone(web), git...))
	if !slices.IsSortedFunc(both, func(a, b auditEvent) int { return int(b.At - a.At) }) {
		t.Error("events are not sorted, newest first")
	}
	adds := walk[auditEvent](c, simco.GitHub, "/orgs/northwind/audit-log?per_page=5&"+q("phrase", "action:team.add_member "+"created:>="+from.Format(time.RFC3339)))
	for _, e := range adds {
		if e.Action != "team.add_member" {
			t.Errorf("asked for team.add_member and got %s", e.Action)
		}
	}
	all := walk[auditEvent](c, simco.GitHub, "/orgs/northwind/audit-log?per_page=100")
	for _, e := range all {
		if time.UnixMilli(e.At).Before(now.Add(-days(90))) {
			t.Error("without a time the log looks back three months, and gave an older event")
		}
	}
}

func TestPagesOfOkta(t *testing.T) {
	t.Parallel()
	c := company(t, ordinary)
	w := c.co.Life()
	id := func(u user) string { return u.ID }
	for _, at := range moments {
		c.co.SetClock(at)
		now := life.Of(at)
		var open, gone []string
		for i := range w.Accounts {
			switch a := &w.Accounts[i]; {
			case a.Created > now:
			case a.StatusAt(now).Is == life.Deprovisioned:
				gone = append(gone, a.ID)
			default:
				open = append(open, a.ID)
			}
		}
		same(t, "users", each(walk[user](c, simco.Okta, "/api/v1/users?limit=9"), id), slices.Clone(open))
		for _, how := range []string{"search", "filter"} {
			got := walk[user](c, simco.Okta, "/api/v1/users?limit=3&"+q(how, `status eq "DEPROVISIONED"`))
			same(t, "deactivated users by "+how, each(got, id), slices.Clone(gone))
		}
		everybody := walk[user](c, simco.Okta, "/api/v1/users?limit=50&"+q("search", `status eq "ACTIVE" or not (status eq "ACTIVE")`))
		same(t, "users of all states", each(everybody, id), append(slices.Clone(open), gone...))
		for _, g := range walk[group](c, simco.Okta, "/api/v1/groups?limit=4&expand=stats") {
			list := walk[user](c, simco.Okta, "/api/v1/groups/"+g.ID+"/users?limit=6")
			if len(list) != g.Embedded.Stats.Users {
				t.Errorf("group %s says %d members and sent %d", g.Profile.Name, g.Embedded.Stats.Users, len(list))
			}
			if g.Profile.Name == "Everyone" {
				same(t, "Everyone", each(list, id), slices.Clone(open))
			}
		}
		apps := walk[struct{ ID string }](c, simco.Okta, "/api/v1/apps?limit=3")
		if len(apps) != len(w.Apps) {
			t.Errorf("%d applications of %d", len(apps), len(w.Apps))
		}
		for i := range w.Apps {
			var want []string
			for _, u := range w.Apps[i].Users {
				if u.Has(now) {
					want = append(want, w.Accounts[u.Subject].ID)
				}
			}
			if len(want) > 0 {
				same(t, w.Apps[i].Label, each(walk[user](c, simco.Okta, "/api/v1/apps/"+w.Apps[i].ID+"/users?limit=7"), id), want)
			}
		}
	}
}

type logEvent struct {
	UUID      string
	Published time.Time
	EventType string
}

func TestPagesOfSystemLog(t *testing.T) {
	t.Parallel()
	c := company(t, ordinary)
	w := c.co.Life()
	now := start.Add(days(40) + 12*time.Hour)
	c.co.SetClock(now)
	since, until := now.Add(-days(10)), now.Add(-days(1))
	count := func(from, to time.Time) int {
		n := 0
		for i := range w.Log {
			if at := w.Log[i].At; at >= life.Of(from) && at < life.Of(to) {
				n++
			}
		}
		return n
	}
	bounds := q("since", since.Format(time.RFC3339), "until", until.Format(time.RFC3339))
	up := walk[logEvent](c, simco.Okta, "/api/v1/logs?limit=37&"+bounds)
	down := walk[logEvent](c, simco.Okta, "/api/v1/logs?limit=50&sortOrder=DESCENDING&"+bounds)
	slices.Reverse(down)
	if !slices.Equal(up, down) || len(up) != count(since, until) {
		t.Errorf("%d events upwards, %d downwards, %d in the life", len(up), len(down), count(since, until))
	}
	if !slices.IsSortedFunc(up, func(a, b logEvent) int { return a.Published.Compare(b.Published) }) {
		t.Error("events are not sorted")
	}
	starts := walk[logEvent](c, simco.Okta, "/api/v1/logs?limit=100&"+q("filter", `eventType eq "user.session.start" and outcome.result eq "SUCCESS"`)+"&"+bounds)
	if people := w.Config.People; len(starts) < people*4 || len(starts) > people*9 {
		t.Errorf("%d sign-ins of %d people in nine days", len(starts), people)
	}

	// A request without until polls: every page has a next link, and following it later brings what happened since.
	path := "/api/v1/logs?limit=1000&" + q("since", since.Format(time.RFC3339))
	total := 0
	for range 100 {
		var page []logEvent
		a := c.get(simco.Okta, path, &page)
		total += len(page)
		if path = next(a); path == "" {
			t.Fatal("a page of a poll has no next link")
		}
		if len(page) == 0 {
			break
		}
	}
	if want := count(since, now.Add(time.Millisecond)); total != want {
		t.Errorf("polling brought %d events of %d", total, want)
	}
	later := now.Add(days(2))
	c.co.SetClock(later)
	var fresh []logEvent
	c.get(simco.Okta, path, &fresh)
	if want := count(now.Add(time.Millisecond), later.Add(time.Millisecond)); len(fresh) != want || want == 0 {
		t.Errorf("polling on brought %d events of %d", len(fresh), want)
	}
	if old := walk[logEvent](c, simco.Okta, "/api/v1/logs?limit=1000&"+q("since", "2025-01-01T00:00:00Z", "until", later.Format(time.RFC3339))); old[0].Published.Before(later.Add(-days(90))) {
		t.Error("the log remembers more than 90 days")
	}
}

func TestPagesOfBambooHR(t *testing.T) {
	t.Parallel()
	c := company(t, ordinary)
	w := c.co.Life()
	for _, at := range moments {
		c.co.SetClock(at)
		var want []string
		active := 0
		for i := range w.People {
			if p := &w.People[i]; p.Recorded <= life.Of(at) {
				want = append(want, fmt.Sprint(p.HRID))
				if p.ActiveAt(life.Of(at)) {
					active++
				}
			}
		}
		same(t, "dataset", each(c.employees(), func(e employee) string { return e.ID }), slices.Clone(want))
		same(t, "list", c.listEmployees(t, ""), slices.Clone(want))
		if n := len(c.listEmployees(t, "Active")); n != active {
			t.Errorf("%d active employees of %d", n, active)
		}
		var directory struct{ Employees []struct{ ID string } }
		c.get(simco.BambooHR, bamboo+"employees/directory", &directory)
		if len(directory.Employees) != active {
			t.Errorf("%d in the directory of %d", len(directory.Employees), active)
		}
		var report struct{ Employees []map[string]string }
		c.post(simco.BambooHR, bamboo+"reports/custom?format=JSON", map[string]any{"title": "all", "fields": []string{"workEmail", "nonsense"}}, &report)
		same(t, "report", each(report.Employees, func(e map[string]string) string { return e["id"] }), slices.Clone(want))
		var v2 struct {
			Data []struct{ Fields map[string]string }
			Meta struct{ TotalItems int }
		}
		c.post(simco.BambooHR, strings.Replace(bamboo, "v1", "v2", 1)+"datasets/employee/data",
			map[string]any{"fields": []string{"eeid", "status"}, "filter": "status in ('Active')", "pageSize": 1000}, &v2)
		if v2.Meta.TotalItems != active || len(v2.Data) != active {
			t.Errorf("the dataset says %d active and sent %d of %d", v2.Meta.TotalItems, len(v2.Data), active)
		}
		changes(t, c, w, at)
	}
}

func changes(t *testing.T, c *client, w *life.World, at time.Time) {
	t.Helper()
	since := at.Add(-days(3))
	var in struct {
		Latest    string
		Employees map[string]struct{ ID, Action, LastChanged string }
	}
	c.get(simco.BambooHR, bamboo+"employees/changed?"+q("since", since.Format(time.RFC3339)), &in)
	n := 0
	for i := range w.People {
		p := &w.People[i]
		last := life.LatestBy(p.Touched, life.Of(at))
		if p.Recorded > life.Of(at) || last <= life.Of(since) {
			continue
		}
		n++
		if e := in.Employees[fmt.Sprint(p.HRID)]; e.LastChanged != last.Go().Format("2006-01-02T15:04:05+00:00") {
			t.Errorf("employee %d changed at %s, and the change says %q", p.HRID, last.Go(), e.LastChanged)
		}
	}
	if n != len(in.Employees) {
		t.Errorf("%d changed employees of %d", len(in.Employees), n)
	}
}

// listEmployees walks the list of employees by its cursors, forwards and by the links back.
func (c *client) listEmployees(t *testing.T, status string) []string {
	t.Helper()
	type page struct {
		Data []struct{ EmployeeID string }
		Meta struct {
			Total int
			Page  struct{ NextCursor, PrevCursor string }
		}
		Links struct{ Next, Prev string } `json:"_links"`
	}
	path := bamboo + "employees?" + q("page[limit]", "11", "filter[status]", status, "fields", "employeeNumber,hireDate")
	var out, back []string
	var in page
	for path != "" {
		in = page{}
		c.get(simco.BambooHR, path, &in)
		for _, e := range in.Data {
			out = append(out, e.EmployeeID)
		}
		path = in.Links.Next
	}
	if len(out) != in.Meta.Total {
		t.Errorf("the list says %d employees and sent %d", in.Meta.Total, len(out))
	}
	for range 1000 {
		for k := range in.Data {
			back = append(back, in.Data[len(in.Data)-1-k].EmployeeID)
		}
		if in.Links.Prev == "" {
			break
		}
		path, in = in.Links.Prev, page{}
		c.get(simco.BambooHR, path, &in)
	}
	slices.Reverse(back)
	if !slices.Equal(out, back) {
		t.Errorf("%d employees forwards, %d backwards", len(out), len(back))
	}
	return out
}
