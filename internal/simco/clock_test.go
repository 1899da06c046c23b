package simco_test

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

// endpoint is an address to read, with a body for those that take one.
type endpoint struct{ system, path, body string }

// endpoints lists an address of every kind that the systems serve, for many things of the company.
func endpoints(w *life.World) []endpoint {
	var out []endpoint
	add := func(system, format string, args ...any) {
		out = append(out, endpoint{system, fmt.Sprintf(format, args...), ""})
	}
	for _, p := range []string{"", "/members?per_page=100", "/members?filter=2fa_disabled", "/members?role=admin", "/outside_collaborators", "/teams",
		"/repos?per_page=100", "/audit-log?per_page=100&include=all", "/audit-log?per_page=100&phrase=created:%3E%3D2025-08-01", "/dependabot/alerts?per_page=100"} {
		add(simco.GitHub, "/orgs/northwind%s", p)
	}
	add(simco.GitHub, "/user")
	add(simco.GitHub, "/search/issues?q=org:northwind+is:pr+is:merged")
	for i := range min(25, len(w.Logins)) {
		add(simco.GitHub, "/users/%s", w.Logins[i].Name)
		add(simco.GitHub, "/orgs/northwind/memberships/%s", w.Logins[i].Name)
	}
	for i := range w.Teams {
		add(simco.GitHub, "/orgs/northwind/teams/%s", w.Teams[i].Slug)
		add(simco.GitHub, "/orgs/northwind/teams/%s/members", w.Teams[i].Slug)
		add(simco.GitHub, "/orgs/northwind/teams/%s/repos", w.Teams[i].Slug)
	}
	for i := range min(6, len(w.Repos)) {
		r := &w.Repos[i]
		repo := "/repos/" + r.FullName()
		for _, p := range []string{"", "/topics", "/branches", "/branches/main", "/branches/main/protection", "/rules/branches/main",
			"/collaborators", "/pulls?state=all&sort=updated&direction=desc&per_page=100", "/deployments?per_page=100", "/dependabot/alerts"} {
			add(simco.GitHub, "%s%s", repo, p)
		}
		for k := 0; k < len(r.Pulls); k += 9 {
			pull := fmt.Sprintf("%s/pulls/%d", repo, r.Pulls[k].Number)
			sha := w.SHA(int32(i), &r.Pulls[k], 0)
			for _, p := range []string{pull, pull + "/reviews", pull + "/commits", repo + "/commits/" + sha + "/status",
				repo + "/commits/" + sha + "/check-runs"} {
				add(simco.GitHub, "%s", p)
			}
		}
		for k := 0; k < len(r.Deploys); k += 9 {
			add(simco.GitHub, "%s/deployments/%d", repo, r.Deploys[k].ID)
			add(simco.GitHub, "%s/deployments/%d/statuses", repo, r.Deploys[k].ID)
		}
	}
	out = append(out, endpoint{simco.GitHub, "/graphql", `{"query":"{organization(login:\"northwind\"){samlIdentityProvider{externalIdentities(first:100){totalCount edges{node{guid samlIdentity{nameId}user{login}}}}}}}"}`})
	return append(out, otherEndpoints(w)...)
}

func otherEndpoints(w *life.World) []endpoint {
	var out []endpoint
	add := func(system, format string, args ...any) {
		out = append(out, endpoint{system, fmt.Sprintf(format, args...), ""})
	}
	for _, p := range []string{"users", "users?search=status+eq+%22DEPROVISIONED%22", "groups?expand=stats", "apps?limit=200",
		"iam/assignees/users", "policies?type=PASSWORD", "policies?type=OKTA_SIGN_ON", "logs?limit=1000", "org"} {
		add(simco.Okta, "/api/v1/%s", p)
	}
	for i := 0; i < len(w.Accounts); i += 7 {
		for _, p := range []string{"", "/factors", "/roles", "/groups"} {
			add(simco.Okta, "/api/v1/users/%s%s", w.Accounts[i].ID, p)
		}
	}
	for i := range w.Groups {
		add(simco.Okta, "/api/v1/groups/%s/users", w.Groups[i].ID)
	}
	for i := range w.Apps {
		add(simco.Okta, "/api/v1/apps/%s/users?limit=500", w.Apps[i].ID)
	}
	for i := range w.Policies {
		add(simco.Okta, "/api/v1/policies/%s", w.Policies[i].ID)
		add(simco.Okta, "/api/v1/policies/%s/rules", w.Policies[i].ID)
	}
	for _, p := range []string{"employees?page%5Blimit%5D=500", "employees/directory", "employees/changed?since=2025-07-01T00:00:00Z", "meta/fields",
		"company_information", "datasets", "datasets/employee/fields"} {
		add(simco.BambooHR, "%s%s", bamboo, p)
	}
	for i := 0; i < len(w.People); i += 7 {
		add(simco.BambooHR, "%semployees/%d?fields=workEmail,hireDate,terminationDate,lastChanged,supervisorId,agreementSigned", bamboo, w.People[i].HRID)
		add(simco.BambooHR, "%semployees/%d/tables/jobInfo", bamboo, w.People[i].HRID)
		add(simco.BambooHR, "%semployees/%d/tables/employmentStatus", bamboo, w.People[i].HRID)
	}
	return append(out, endpoint{simco.BambooHR, bamboo + "datasets/employee", `{"fields":["eeid","lastChanged","hireDate","securityTrainingLast"]}`},
		endpoint{simco.BambooHR, bamboo + "reports/custom?format=json", `{"fields":["lastChanged","terminationDate"]}`})
}

func (c *client) read(e endpoint) *answer {
	if e.body == "" {
		return c.do(e.system, "GET", e.path, "", nil)
	}
	return c.do(e.system, "POST", e.path, e.body, nil)
}

var (
	stamps = regexp.MustCompile(`"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00))"`)
	millis = regexp.MustCompile(`"(?:@timestamp|created_at)":(\d{10,})`)
)

// No system shows anything later than the clock, wherever the clock stands.
func TestNothingAfterTheClock(t *testing.T) {
	t.Parallel()
	c := company(t, ordinary)
	list := endpoints(c.co.Life())
	served := map[string]int{}
	for _, at := range append(moments, start.Add(-days(199)), start.Add(days(17)+9*time.Hour+30*time.Minute)) {
		c.co.SetClock(at)
		if !c.co.Clock().Equal(at) {
			t.Fatalf("the clock shows %s", c.co.Clock())
		}
		for _, e := range list {
			a := c.read(e)
			switch a.status {
			case 200:
				served[e.system]++
			case 404, 422: // not there yet, or a branch that is not protected
				continue
			default:
				t.Fatalf("%s: %d %s", e.path, a.status, a.body.String())
			}
			for _, m := range stamps.FindAllStringSubmatch(a.body.String(), -1) {
				if seen, err := time.Parse(time.RFC3339, m[1]); err != nil || seen.After(at) {
					t.Errorf("%s at %s shows %s", e.path, at, m[1])
				}
			}
			for _, m := range millis.FindAllStringSubmatch(a.body.String(), -1) {
				if n, _ := strconv.ParseInt(m[1], 10, 64); n > at.UnixMilli() {
					t.Errorf("%s at %s shows %s", e.path, at, time.UnixMilli(n))
				}
			}
		}
	}
	for system, n := range served {
		if n < 100 {
			t.Errorf("%s answered %d requests only", system, n)
		}
	}
}

// fingerprint reads many endpoints and hashes what came, headers included.
func fingerprint(t *testing.T, c *client, at time.Time) map[string]uint64 {
	t.Helper()
	c.co.SetClock(at)
	out := map[string]uint64{}
	for _, e := range endpoints(c.co.Life()) {
		a := c.read(e)
		h := fnv.New64a()
		fmt.Fprintln(h, a.status, a.header["Link"], a.header["Etag"], a.header["Content-Type"], a.header["Content-Length"])
		h.Write(a.body.Bytes())
		out[e.system+e.path] = h.Sum64()
	}
	return out
}

// The same configuration gives the same bytes, and another seed others.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	one, two := company(t, ordinary), company(t, ordinary)
	at := start.Add(days(77) + 12*time.Hour)
	a, b := fingerprint(t, one, at), fingerprint(t, two, at)
	for k := range a {
		if a[k] != b[k] {
			t.Errorf("%s differs", k)
		}
	}
	if fmt.Sprint(one.co.Deviations()) != fmt.Sprint(two.co.Deviations()) || one.co.Tokens() != two.co.Tokens() {
		t.Error("deviations or tokens differ")
	}
	// Going away and coming back, and asking in another order, changes nothing.
	one.co.SetClock(start)
	fingerprint(t, one, start.Add(days(3)))
	for k, v := range fingerprint(t, one, at) {
		if a[k] != v {
			t.Errorf("%s differs after the clock was moved", k)
		}
	}
	other := ordinary
	other.Seed++
	if company(t, other).co.Tokens() == one.co.Tokens() {
		t.Error("another seed gives the same tokens")
	}
}

// Many clients read while the clock moves; each answer belongs to one instant. Run with the race detector.
func TestConcurrentReaders(t *testing.T) {
	t.Parallel()
	c := company(t, simco.Config{Seed: 4, People: 60, Repositories: 8, Days: 60, Planted: true})
	list := endpoints(c.co.Life())
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			mine := &client{TB: t, co: c.co, tokens: c.tokens}
			for i := range list {
				mine.read(list[(i*7+k*13)%len(list)])
				if i%50 == 0 {
					c.co.SetClock(start.Add(days(i/50+k) + 10*time.Hour))
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if err := c.co.SetFault(simco.Okta, nil); err != nil {
				t.Error(err)
			}
			_ = c.co.Summary()
		}
	})
	wg.Wait()
}
