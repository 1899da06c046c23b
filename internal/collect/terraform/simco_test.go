package terraform_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/terraform"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

type company struct {
	*simco.Company
	env collect.Env
}

func newCompany(t testing.TB, at time.Time, with ...simco.Option) *company {
	t.Helper()
	co, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 12, Start: begin, Days: 60, Planted: true}, with...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(co.Handler(simco.Terraform))
	t.Cleanup(server.Close)
	co.SetClock(at)
	tokens := co.Tokens()
	return &company{co, collect.Env{
		Settings: map[string]string{"org": tokens.TerraformOrg, "base_url": server.URL}, Secrets: map[string]string{"token": tokens.TerraformToken},
		HTTP: collecttest.Client(httpx.Options{Retries: 3}, server), Until: at,
	}}
}

func (c *company) read(t testing.TB) *collecttest.Sink {
	t.Helper()
	var s collecttest.Sink
	if err := (terraform.Connector{}).Collect(t.Context(), c.env, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, terraform.Connector{}.Describe(), c.Tokens().TerraformToken, simco.TerraformSecret)
	return &s
}

// releases are the deployments to production that began in a time, by commit.
func (c *company) releases(from, to time.Time) map[string]*life.Deployment {
	out := map[string]*life.Deployment{}
	w := c.Life()
	for i := range w.Repos {
		for k := range w.Repos[i].Deploys {
			if d := &w.Repos[i].Deploys[k]; d.Production && !d.At.Go().Before(from) && d.At.Go().Before(to) {
				out[w.Repos[i].Name+"@"+d.At.Go().Format(time.RFC3339)] = d
			}
		}
	}
	return out
}

// TestRuns: each release of the life is a run with its commit, and acts in the time in which the cloud's log tells of it.
func TestRuns(t *testing.T) {
	t.Parallel()
	at := begin.AddDate(0, 0, 50)
	c := newCompany(t, at)
	s := c.read(t)
	s.NoFailures(t)
	want := c.releases(at.AddDate(0, 0, -89), at.Add(-time.Hour))
	runs := collecttest.Of[*collect.InfrastructureRun](s)
	if len(want) < 50 {
		t.Fatalf("%d releases", len(want))
	}
	states, persons, services, self := map[string]int{}, 0, 0, 0
	for _, r := range runs {
		states[r.Status]++
		if r.ApplyBeganAt == nil || r.EndedAt == nil || r.Commit == nil || r.CreatedBy == nil || r.Repository == nil || (r.AppliedAt != nil) != (r.Status == "applied") || *r.Changes != 2 {
			t.Fatalf("%+v", r)
		}
		switch {
		case r.CreatedByService != nil && *r.CreatedByService:
			services++
			if r.ConfirmedBy != nil {
				t.Errorf("%s was confirmed by %s", r.ID, *r.ConfirmedBy)
			}
		case r.ConfirmedBy == nil:
		case *r.ConfirmedBy == *r.CreatedBy:
			self++
		default:
			persons++
		}
		for name, d := range want {
			acts := d.At.Go().Add(40 * time.Second)
			if d.SHA == *r.Commit && strings.HasPrefix(name, r.Workspace+"@") && !acts.Before(*r.ApplyBeganAt) && acts.Before(*r.EndedAt) {
				delete(want, name)
				if failed := d.States[2].Is != "success"; failed != (r.Status == "errored") {
					t.Errorf("%s is %s", name, r.Status)
				}
			}
		}
	}
	if len(want) > 0 || states["applied"] == 0 || states["errored"] == 0 || persons == 0 || services == 0 || self == 0 {
		t.Errorf("%d releases are no runs; %v, confirmed by others %d, by who made them %d, by nobody %d", len(want), states, persons, self, services)
	}
}

// TestStream: reading day by day gives each run in its last state, as reading once does.
func TestStream(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 30))
	newest := map[string]*collect.InfrastructureRun{}
	c.env.Since = begin.AddDate(0, 0, 30)
	for range 40 { // not at full hours, so that runs are met half way
		c.env.Until = c.env.Since.Add(7*time.Hour + 13*time.Minute + 21*time.Second)
		c.SetClock(c.env.Until)
		s := c.read(t)
		s.NoFailures(t)
		for _, r := range collecttest.Of[*collect.InfrastructureRun](s) {
			newest[r.ID] = r
		}
		c.env.Since = c.env.Until
	}
	c.env.Since = begin.AddDate(0, 0, 30)
	once := c.read(t)
	if n := len(once.Facts("infrastructure_run")); n != len(newest) || n < 5 {
		t.Errorf("%d runs in parts, %d at once", len(newest), n)
	}
	for _, r := range collecttest.Of[*collect.InfrastructureRun](once) {
		if x := newest[r.ID]; x == nil || x.Status != r.Status || (x.EndedAt == nil) != (r.EndedAt == nil) {
			t.Errorf("%s: %+v in parts", r.ID, x)
		}
	}
}

// TestResources: what code manages is listed whole, with the names by which events call it and without any secret; both forms of states
// are read alike.
func TestResources(t *testing.T) {
	t.Parallel()
	at := begin.AddDate(0, 0, 50)
	c := newCompany(t, at)
	s := c.read(t)
	s.NoFailures(t)
	s.Reconciled(t, "infrastructure_resource")
	kinds := map[string]map[string]string{}
	workspaces := map[string]bool{}
	for _, r := range collecttest.Of[*collect.InfrastructureResource](s) {
		workspaces[r.Workspace] = true
		if r.Identifiers == nil || r.Serial == nil || r.WrittenAt == nil || r.Provider == nil {
			t.Fatalf("%+v", r)
		}
		var names map[string]string
		if err := json.Unmarshal([]byte(*r.Identifiers), &names); err != nil {
			t.Fatal(err)
		}
		if (r.Mode == "data") != strings.HasPrefix(r.Address, "data.") || (r.Mode == "data" || strings.HasPrefix(r.Type, "random_")) != (len(names) == 0) {
			t.Errorf("%s is %s with %v", r.Address, r.Mode, names)
		}
		if r.Workspace == "payments-api" {
			kinds[r.Address] = names
		}
	}
	for address, want := range map[string]string{
		`module.network.aws_security_group.app`:                         "id",
		`aws_ecs_service.app`:                                           "name",
		`module.data.aws_s3_bucket.data["main"]`:                        "bucket",
		`module.data.aws_db_instance.main`:                              "identifier",
		`aws_iam_role_policy.access`:                                    "role",
		`module.network.aws_vpc_security_group_ingress_rule.clients[1]`: "security_group_id",
	} {
		if kinds[address][want] == "" {
			t.Errorf("%s: %v", address, kinds[address])
		}
	}
	if len(workspaces) < 5 {
		t.Errorf("workspaces are %v", workspaces)
	}
	p := s.Pages("infrastructure_resource")
	if p["GET /state-versions/:id/hosted_state"] == 0 || p["GET /state-versions/:id/hosted_json_state"] == 0 {
		t.Errorf("pages are %v", p)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 50))
	p, err := terraform.Connector{}.Check(t.Context(), c.env)
	if err != nil || slices.ContainsFunc(p, func(x collect.Permission) bool { return x.Granted == nil || !*x.Granted }) || !strings.Contains(p[0].Detail, "workspaces") {
		t.Errorf("%+v %v", p, err)
	}
	c.env.Settings["org"] = "acme"
	if p, err = (terraform.Connector{}).Check(t.Context(), c.env); err != nil || p[0].Granted == nil || *p[0].Granted {
		t.Errorf("another organisation: %+v %v", p, err)
	}
	c.env.Secrets["token"] = "wrong"
	if _, err = (terraform.Connector{}).Check(t.Context(), c.env); !errs.Is(err, errs.Denied) {
		t.Errorf("another token: %v", err)
	}
}

// TestFaults: what goes wrong is told of the workspace where it did, and the others are read.
func TestFaults(t *testing.T) {
	t.Parallel()
	at := begin.AddDate(0, 0, 50)
	c := newCompany(t, at)
	good := c.read(t)
	runs, resources := len(good.Facts("infrastructure_run")), len(good.Facts("infrastructure_resource"))
	one := collecttest.Of[*collect.InfrastructureResource](good)[0].WorkspaceID
	for name, x := range map[string]struct {
		path  string
		fault simco.FaultResponse
		where string    // what is incomplete
		kind  errs.Kind // of the failure
	}{
		"runs refused":          {one + "/runs", simco.FaultResponse{Status: 404}, "infrastructure_run", errs.NotFound},
		"runs cut off":          {one + "/runs", simco.FaultResponse{Truncate: 300}, "infrastructure_run", errs.Unavailable},
		"runs malformed":        {one + "/runs", simco.FaultResponse{Malformed: true}, "infrastructure_run", errs.Invalid},
		"state forbidden":       {one + "/current-state-version", simco.FaultResponse{Status: 403}, "infrastructure_resource", errs.Denied},
		"resources fewer":       {one + "/resources", simco.FaultResponse{Drop: 1}, "infrastructure_resource", errs.Unavailable},
		"resources fail":        {one + "/resources", simco.FaultResponse{Status: 500}, "infrastructure_resource", errs.Unavailable},
		"no state":              {"/_archivist/", simco.FaultResponse{Status: 404}, "infrastructure_resource", errs.NotFound},
		"state cut off":         {"/_archivist/", simco.FaultResponse{Truncate: 900}, "infrastructure_resource", errs.Unavailable},
		"state is no state":     {"/_archivist/", simco.FaultResponse{Malformed: true}, "infrastructure_resource", errs.Invalid},
		"no address of a state": {"/current-state-version", simco.FaultResponse{Hide: []string{"hosted-state-download-url", "hosted-json-state-download-url"}}, "infrastructure_resource", errs.Denied},
	} {
		if err := c.SetFault(simco.Terraform, func(r *http.Request, _ int) *simco.FaultResponse {
			if strings.Contains(r.URL.Path, x.path) {
				return &x.fault
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		s := c.read(t)
		f := s.Failures(x.where)
		if len(f) == 0 || errs.KindOf(f[0]) != x.kind || !strings.Contains(f[0].Error(), "workspace") || strings.Contains(fmt.Sprint(f), "_archivist") {
			t.Errorf("%s: failures are %v", name, f)
		}
		others := map[string]int{"infrastructure_run": runs, "infrastructure_resource": resources}
		delete(others, x.where)
		for resource, want := range others {
			if n := len(s.Facts(resource)); n != want || len(s.Failures(resource)) > 0 {
				t.Errorf("%s: %d of %d %s, %v", name, n, want, resource, s.Failures(resource))
			}
		}
		if n := len(s.Facts(x.where)); n == 0 {
			t.Errorf("%s: nothing of %s came", name, x.where)
		}
	}
	if err := c.SetFault(simco.Terraform, func(_ *http.Request, n int) *simco.FaultResponse {
		if n%5 == 2 {
			return &simco.FaultResponse{Status: []int{429, 503}[n%2], RetryAfter: time.Second}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s := c.read(t)
	s.NoFailures(t)
	if len(s.Facts("infrastructure_run")) != runs || len(s.Facts("infrastructure_resource")) != resources {
		t.Error("after waiting, not everything came")
	}
	if err := c.SetFault(simco.Terraform, func(r *http.Request, _ int) *simco.FaultResponse {
		if strings.HasSuffix(r.URL.Path, "/workspaces") {
			return &simco.FaultResponse{Status: 500}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if s := c.read(t); len(s.Failures("infrastructure_run")) == 0 || len(s.Failures("infrastructure_resource")) == 0 {
		t.Error("no list of workspaces, and nothing is told")
	}
}
