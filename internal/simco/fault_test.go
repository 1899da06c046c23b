package simco_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

var small = simco.Config{Seed: 9, People: 60, Repositories: 8, Days: 60, Planted: true}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	c := company(t, small)
	cases := []struct {
		name, system, path string
		header             string
		status             int
		says               string
	}{
		{"no token", simco.GitHub, "/orgs/northwind", "", 401, `"message":"Requires authentication"`},
		{"wrong token", simco.GitHub, "/orgs/northwind", "Bearer nonsense", 401, `"message":"Bad credentials","documentation_url"`},
		{"wrong scheme", simco.GitHub, "/orgs/northwind", "Basic " + c.tokens.GitHubToken, 401, "Bad credentials"},
		{"old scheme", simco.GitHub, "/orgs/northwind", "token " + c.tokens.GitHubToken, 200, ""},
		{"other organisation", simco.GitHub, "/orgs/elsewhere", "Bearer " + c.tokens.GitHubToken, 404, `"message":"Not Found"`},
		{"no address", simco.GitHub, "/nowhere", "Bearer " + c.tokens.GitHubToken, 404, "Not Found"},
		{"no token", simco.Okta, "/api/v1/org", "", 401, "E0000011"},
		{"wrong token", simco.Okta, "/api/v1/org", "SSWS nonsense", 401, "E0000011"},
		{"bearer token", simco.Okta, "/api/v1/org", "Bearer " + c.tokens.OktaToken, 200, `"subdomain":"northwind"`},
		{"unknown user", simco.Okta, "/api/v1/users/00unobody", "SSWS " + c.tokens.OktaToken, 404, "E0000007"},
		{"no key", simco.BambooHR, bamboo + "meta/fields", "", 401, ""},
		{"other company", simco.BambooHR, "/api/gateway.php/elsewhere/v1/meta/fields", "right", 404, ""},
		{"short address", simco.BambooHR, "/api/v1/meta/fields", "right", 200, "backgroundCheckResult"},
	}
	for _, x := range cases {
		a := c.do(x.system, http.MethodGet, x.path, "", func(r *http.Request) {
			if x.header != "right" {
				r.Header.Del("Authorization")
			}
			if x.header != "" && x.header != "right" {
				r.Header.Set("Authorization", x.header)
			}
		})
		if a.status != x.status || !strings.Contains(a.body.String(), x.says) {
			t.Errorf("%s, %s: %d %s; want %d with %s", x.system, x.name, a.status, a.body.String(), x.status, x.says)
		}
		if x.system == simco.BambooHR && a.status != 200 && a.header.Get("X-BambooHR-Error-Message") == "" {
			t.Errorf("%s: no X-BambooHR-Error-Message", x.name)
		}
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)
	c := company(t, small, simco.WithLimits(simco.Limits{GitHubPerHour: 5, OktaPerMinute: 4, OktaLogsPerMinute: 2, BambooHRPerMinute: 3}),
		simco.WithNow(func() time.Time { return now }))
	left := func(a *answer, key string) string { return a.header.Get(key) }
	for i := range 5 {
		a := c.do(simco.GitHub, http.MethodGet, "/orgs/northwind", "", nil)
		if got := left(a, "X-RateLimit-Remaining"); a.status != 200 || got != strconv.Itoa(4-i) {
			t.Errorf("request %d: %d with %s left", i, a.status, got)
		}
	}
	a := c.do(simco.GitHub, http.MethodGet, "/orgs/northwind", "", nil)
	if a.status != 403 || left(a, "X-RateLimit-Remaining") != "0" || left(a, "X-RateLimit-Reset") != strconv.FormatInt(now.Add(time.Hour).Unix(), 10) ||
		!strings.Contains(a.body.String(), "rate limit exceeded") {
		t.Errorf("past the limit: %d %v %s", a.status, a.header, a.body.String())
	}
	if a := c.do(simco.GitHub, http.MethodGet, "/rate_limit", "", nil); a.status != 200 {
		t.Errorf("/rate_limit past the limit: %d", a.status)
	}
	for i := range 5 {
		a := c.do(simco.Okta, http.MethodGet, "/api/v1/org", "", nil)
		if i < 4 && (a.status != 200 || left(a, "X-Rate-Limit-Limit") != "4") || i == 4 && (a.status != 429 || !strings.Contains(a.body.String(), "E0000047")) {
			t.Errorf("request %d: %d %s", i, a.status, a.body.String())
		}
	}
	if a := c.do(simco.Okta, http.MethodGet, "/api/v1/logs", "", nil); a.status != 200 || left(a, "X-Rate-Limit-Remaining") != "1" {
		t.Errorf("the log has a limit of its own: %d %v", a.status, a.header)
	}
	for i := range 4 {
		a := c.do(simco.BambooHR, http.MethodGet, bamboo+"meta/fields", "", nil)
		if i < 3 && a.status != 200 || i == 3 && (a.status != 503 || left(a, "Retry-After") != "60") {
			t.Errorf("request %d: %d %v", i, a.status, a.header)
		}
	}
	now = now.Add(time.Hour)
	for system, path := range map[string]string{simco.GitHub: "/orgs/northwind", simco.Okta: "/api/v1/org", simco.BambooHR: bamboo + "meta/fields"} {
		if a := c.do(system, http.MethodGet, path, "", nil); a.status != 200 {
			t.Errorf("%s after the reset: %d", system, a.status)
		}
	}
}

// A client that has the newest answer gets 304, for free.
func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	c := company(t, small, simco.WithLimits(simco.Limits{GitHubPerHour: 100}))
	c.co.SetClock(start.Add(days(5)))
	a := c.do(simco.GitHub, http.MethodGet, "/orgs/northwind/members", "", nil)
	tag := a.header.Get("ETag")
	if tag == "" || a.header.Get("X-GitHub-Request-Id") == "" || a.header.Get("X-Accepted-GitHub-Permissions") != "members=read" {
		t.Errorf("headers %v", a.header)
	}
	again := func() *answer {
		return c.do(simco.GitHub, http.MethodGet, "/orgs/northwind/members", "", func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
	}
	for range 3 {
		b := again()
		if b.status != 304 || b.body.Len() > 0 || b.header.Get("X-RateLimit-Remaining") != a.header.Get("X-RateLimit-Remaining") {
			t.Errorf("%d with %d bytes and %s left", b.status, b.body.Len(), b.header.Get("X-RateLimit-Remaining"))
		}
	}
	c.co.SetClock(start.Add(days(59)))
	if b := again(); b.status != 200 {
		t.Errorf("after a change: %d", b.status)
	}
}

// Status faults answer with the vendor's own bodies and headers, and only where the hook says.
func TestStatusFaults(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)
	c := company(t, small, simco.WithNow(func() time.Time { return now }))
	reset := strconv.FormatInt(now.Add(90*time.Second).Unix(), 10)
	cases := []struct {
		system string
		fault  simco.FaultResponse
		header map[string]string
		says   string
	}{
		{simco.GitHub, simco.FaultResponse{Status: 401}, nil, "Bad credentials"},
		{simco.GitHub, simco.FaultResponse{Status: 403}, map[string]string{"X-RateLimit-Limit": "5000000"}, "Resource not accessible by integration"},
		{simco.GitHub, simco.FaultResponse{Status: 403, Message: "Upgrade to GitHub Pro or make this repository public to enable this feature."},
			nil, "Upgrade to GitHub Pro"},
		{simco.GitHub, simco.FaultResponse{Status: 403, RetryAfter: 90 * time.Second},
			map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, "API rate limit exceeded"},
		{simco.GitHub, simco.FaultResponse{Status: 429, RetryAfter: 90 * time.Second}, map[string]string{"Retry-After": "90"}, "secondary rate limit"},
		{simco.GitHub, simco.FaultResponse{Status: 404}, nil, "Not Found"},
		{simco.GitHub, simco.FaultResponse{Status: 500}, nil, "Server Error"},
		{simco.GitHub, simco.FaultResponse{Status: 503}, nil, "unavailable"},
		{simco.Okta, simco.FaultResponse{Status: 401}, nil, "E0000011"},
		{simco.Okta, simco.FaultResponse{Status: 403}, nil, "E0000006"},
		{simco.Okta, simco.FaultResponse{Status: 404}, nil, "E0000007"},
		{simco.Okta, simco.FaultResponse{Status: 429, RetryAfter: 90 * time.Second},
			map[string]string{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset}, "E0000047"},
		{simco.Okta, simco.FaultResponse{Status: 500, Header: http.Header{"X-Extra": {"yes"}}}, map[string]string{"X-Extra": "yes"}, "E0000009"},
		{simco.BambooHR, simco.FaultResponse{Status: 401}, map[string]string{"X-BambooHR-Error-Message": "Invalid API key"}, ""},
		{simco.BambooHR, simco.FaultResponse{Status: 403}, map[string]string{"X-BambooHR-Error-Message": "You do not have access to this resource"}, ""},
		{simco.BambooHR, simco.FaultResponse{Status: 503, RetryAfter: 1500 * time.Millisecond}, map[string]string{"Retry-After": "2"}, ""},
	}
	paths := map[string]string{simco.GitHub: "/orgs/northwind/members", simco.Okta: "/api/v1/users", simco.BambooHR: bamboo + "employees/directory"}
	for _, x := range cases {
		name := fmt.Sprintf("%s %d", x.system, x.fault.Status)
		if err := c.co.SetFault(x.system, func(r *http.Request, n int) *simco.FaultResponse {
			if n == 2 {
				return &x.fault
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 3; n++ {
			a := c.do(x.system, http.MethodGet, paths[x.system], "", nil)
			if n != 2 {
				if a.status != 200 {
					t.Errorf("%s: request %d got %d", name, n, a.status)
				}
				continue
			}
			if a.status != x.fault.Status || !strings.Contains(a.body.String(), x.says) {
				t.Errorf("%s: %d %s", name, a.status, a.body.String())
			}
			for k, v := range x.header {
				if a.header.Get(k) != v {
					t.Errorf("%s: %s is %q, want %q", name, k, a.header.Get(k), v)
				}
			}
		}
		if n := c.co.Requests(x.system); n != 3 {
			t.Errorf("%s: %d requests counted", name, n)
		}
	}
	if err := c.co.SetFault("fax", nil); err == nil {
		t.Error("a fault on a system that does not exist was accepted")
	}
}

// Faults of the body: rows missing under an unchanged total, hidden fields, no JSON, a broken connection, a slow answer.
func TestBodyFaults(t *testing.T) {
	t.Parallel()
	c := company(t, small)
	fault := func(system string, f simco.FaultResponse) {
		if err := c.co.SetFault(system, func(*http.Request, int) *simco.FaultResponse { return &f }); err != nil {
			t.Fatal(err)
		}
	}
	var before, after []person
	c.get(simco.GitHub, "/orgs/northwind/members?per_page=100", &before)
	fault(simco.GitHub, simco.FaultResponse{Drop: 1})
	c.get(simco.GitHub, "/orgs/northwind/members?per_page=100", &after)
	if len(after) != len(before)-1 {
		t.Errorf("dropped one of %d rows and got %d", len(before), len(after))
	}
	var search struct {
		Total int `json:"total_count"`
		Items []any
	}
	c.get(simco.GitHub, "/search/issues?per_page=100&"+q("q", "org:northwind is:pr is:merged created:2025-12-01..2025-12-20"), &search)
	if search.Total != len(search.Items)+1 {
		t.Errorf("the search says %d and sent %d", search.Total, len(search.Items))
	}
	var graph struct {
		Data struct{ Organization map[string]any }
	}
	c.post(simco.GitHub, "/graphql", map[string]any{"query": `{organization(login:"northwind"){samlIdentityProvider{externalIdentities(first:100){totalCount edges{node{guid}}}}}}`}, &graph)
	ids := graph.Data.Organization["samlIdentityProvider"].(map[string]any)["externalIdentities"].(map[string]any)
	if int(ids["totalCount"].(float64)) != len(ids["edges"].([]any))+1 {
		t.Error("the identities' total and rows agree under a drop")
	}
	fault(simco.BambooHR, simco.FaultResponse{Drop: 2, Hide: []string{"hireDate"}})
	var staff struct {
		Data       []map[string]any
		Pagination struct {
			Total int `json:"total_records"`
		}
	}
	c.post(simco.BambooHR, bamboo+"datasets/employee?page_size=1000", map[string]any{"fields": []string{"eeid", "hireDate"}}, &staff)
	if staff.Pagination.Total != len(staff.Data)+2 || staff.Data[0]["hireDate"] != nil || staff.Data[0]["eeid"] == nil {
		t.Errorf("the dataset says %d, sent %d, first %v", staff.Pagination.Total, len(staff.Data), staff.Data[0])
	}
	fault(simco.Okta, simco.FaultResponse{Malformed: true})
	if a := c.do(simco.Okta, http.MethodGet, "/api/v1/users", "", nil); a.status != 200 || json.Valid(a.body.Bytes()) {
		t.Errorf("malformed: %d, valid JSON %v", a.status, json.Valid(a.body.Bytes()))
	}
	connection(t, c, fault)
}

// connection tries the faults that need a real connection.
func connection(t *testing.T, c *client, fault func(string, simco.FaultResponse)) {
	t.Helper()
	server := httptest.NewServer(c.co.Handler(simco.Okta))
	defer server.Close()
	get := func() ([]byte, error) {
		r, err := http.NewRequest(http.MethodGet, server.URL+"/api/v1/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "SSWS "+c.tokens.OktaToken)
		res, err := server.Client().Do(r)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		return io.ReadAll(res.Body)
	}
	fault(simco.Okta, simco.FaultResponse{Truncate: 700})
	if body, err := get(); !errors.Is(err, io.ErrUnexpectedEOF) || len(body) != 700 {
		t.Errorf("truncated: %d bytes and %v", len(body), err)
	}
	fault(simco.Okta, simco.FaultResponse{Delay: 60 * time.Millisecond})
	from := time.Now()
	if body, err := get(); err != nil || !json.Valid(body) || time.Since(from) < 60*time.Millisecond {
		t.Errorf("slow: %v after %s", err, time.Since(from))
	}
}

// A key with fewer rights gets nulls, and is told nothing.
func TestLimitedKey(t *testing.T) {
	t.Parallel()
	c := company(t, small)
	c.tokens.BambooHRKey = c.tokens.BambooHRLimitedKey
	for _, e := range c.employees() {
		if e.Screened+e.Result+e.Agreed+e.Conduct+e.First+e.Last+e.Review != "" || e.Hired == "" || e.Email == "" {
			t.Fatalf("the limited key sees %+v", e)
		}
	}
	a := c.do(simco.BambooHR, "POST", strings.Replace(bamboo, "v1", "v2", 1)+"datasets/employee/data", `{"fields":["agreementSigned"]}`, nil)
	if a.status != 400 || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the second version of datasets answers %d %s", a.status, a.body.String())
	}
}
