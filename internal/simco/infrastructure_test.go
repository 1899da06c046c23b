package simco_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

// askCode asks the company's infrastructure as code.
func askCode(c *simco.Company, path, token string) (int, http.Header, string) {
	req := httptest.NewRequest(http.MethodGet, "http://terraform.example"+path, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	c.Handler(simco.Terraform).ServeHTTP(w, req)
	return w.Code, w.Header(), w.Body.String()
}

// TestInfrastructure: it asks who is there, gives pages with their totals, and the same bytes for the same life.
func TestInfrastructure(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	open := func(o ...simco.Option) *simco.Company {
		c, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 12, Days: 60, Start: start}, o...)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	token := c.Tokens().TerraformToken
	for path, want := range map[string]int{
		"/api/v2/organizations/northwind": 200, "/api/v2/organizations/acme": 404, "/api/v2/organizations/acme/workspaces": 404, "/api/v2/workspaces/ws-none/runs": 404, "/api/v2/workspaces/ws-none": 404,
		"/api/v2/workspaces/ws-none/resources": 404, "/api/v2/workspaces/ws-none/current-state-version": 404, "/api/v2/users/user-none": 404, "/api/state-versions/sv-none/hosted_state": 404, "/nowhere": 404,
		"/api/v2/organizations/northwind/workspaces?page%5Bsize%5D=none": 400, "/_archivist/v1/object/sv-none/json/none": 404,
	} {
		if code, _, body := askCode(c, path, token); code != want || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	for _, wrong := range []string{"", "wrong"} {
		if code, _, body := askCode(c, "/api/v2/organizations/northwind", wrong); code != http.StatusUnauthorized || !strings.Contains(body, `"errors"`) {
			t.Errorf("a stranger is answered %d %s", code, body)
		}
	}
	type page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
		Meta struct {
			Pagination struct {
				Next  *int `json:"next-page"`
				Total int  `json:"total-count"`
			} `json:"pagination"`
		} `json:"meta"`
	}
	rows := func(c *simco.Company, path string) []string {
		var out []string
		for n := 1; ; {
			code, _, body := askCode(c, path+"?page%5Bsize%5D=3&page%5Bnumber%5D="+strconv.Itoa(n), token)
			var p page
			if err := json.Unmarshal([]byte(body), &p); err != nil || code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, code, body)
			}
			for _, d := range p.Data {
				out = append(out, d.ID)
			}
			if p.Meta.Pagination.Next == nil {
				if len(out) != p.Meta.Pagination.Total {
					t.Errorf("%s: %d of %d", path, len(out), p.Meta.Pagination.Total)
				}
				return out
			}
			n = *p.Meta.Pagination.Next
		}
	}
	all := rows(c, "/api/v2/organizations/northwind/workspaces")
	again := open()
	for _, id := range all {
		for _, part := range []string{"", "/runs", "/resources", "/current-state-version"} {
			_, _, x := askCode(c, "/api/v2/workspaces/"+id+part, token)
			if _, _, y := askCode(again, "/api/v2/workspaces/"+id+part, token); x != y {
				t.Fatalf("%s%s is another in the same life", id, part)
			}
		}
		if n := len(rows(c, "/api/v2/workspaces/"+id+"/runs")); n == 0 {
			t.Errorf("%s has no runs", id)
		}
	}
	if len(all) < 4 {
		t.Errorf("%d workspaces", len(all))
	}
	slow := open(simco.WithLimits(simco.Limits{TerraformPerSecond: 2}), simco.WithNow(func() time.Time { return start }))
	for n := range 3 {
		code, h, _ := askCode(slow, "/api/v2/organizations/northwind", token)
		if (code == http.StatusTooManyRequests) != (n == 2) || h.Get("X-Ratelimit-Limit") != "2" {
			t.Errorf("request %d: %d %v", n, code, h)
		}
	}
}

// TestReleasesAreRuns: what the deploying role changes in the cloud is changed while a run of the workspace applies.
func TestReleasesAreRuns(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	c, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Days: 60, Start: start, Planted: true})
	if err != nil {
		t.Fatal(err)
	}
	token := c.Tokens().TerraformToken
	var list struct {
		Data []struct {
			ID         string `json:"id"`
			Attributes struct {
				Name string `json:"name"`
			} `json:"attributes"`
		} `json:"data"`
	}
	_, _, body := askCode(c, "/api/v2/organizations/northwind/workspaces", token)
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	type span struct{ from, to time.Time }
	applied := map[string][]span{}
	for _, w := range list.Data {
		var runs struct {
			Data []struct {
				Attributes struct {
					Times map[string]time.Time `json:"status-timestamps"`
				} `json:"attributes"`
			} `json:"data"`
		}
		_, _, body := askCode(c, "/api/v2/workspaces/"+w.ID+"/runs?page%5Bsize%5D=100", token)
		if err := json.Unmarshal([]byte(body), &runs); err != nil {
			t.Fatal(err)
		}
		for _, r := range runs.Data {
			end := r.Attributes.Times["applied-at"]
			if end.IsZero() {
				end = r.Attributes.Times["errored-at"]
			}
			applied[w.Attributes.Name] = append(applied[w.Attributes.Name], span{r.Attributes.Times["applying-at"], end})
		}
	}
	n := 0
	for r := range c.Events(start, start.AddDate(0, 0, 60)) {
		var e struct {
			Name string `json:"eventName"`
			Who  struct {
				Context struct {
					Issuer struct {
						Name string `json:"userName"`
					} `json:"sessionIssuer"`
				} `json:"sessionContext"`
			} `json:"userIdentity"`
			Asked struct {
				Service string `json:"service"`
			} `json:"requestParameters"`
		}
		if r.Log != "aws.cloudtrail" || json.Unmarshal(r.Raw, &e) != nil || e.Who.Context.Issuer.Name != "ci-deploy" || e.Name != "UpdateService" {
			continue
		}
		n++
		found := false
		for _, s := range applied[e.Asked.Service] {
			found = found || !r.At.Before(s.from) && r.At.Before(s.to)
		}
		if !found {
			t.Errorf("no run of %s applied at %s", e.Asked.Service, r.At)
		}
	}
	if n < 10 {
		t.Errorf("%d releases", n)
	}
}
