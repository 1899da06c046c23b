package simco_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

// TestLogs: every system of logs asks who is there, shows nothing before its time and each record once it has come, and the same bytes
// whenever it is asked.
func TestLogs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 14, 9, 0, 0, 0, time.UTC)
	open := func() *simco.Company {
		c, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Days: 60, Start: at.AddDate(0, 0, -40).Truncate(24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	for name, list := range map[string]func(*simco.Company) []simco.LogEntry{
		"CloudTrail": func(c *simco.Company) []simco.LogEntry { return c.CloudTrail("eu-west-1", at.AddDate(0, 0, -1), at) },
		"sign-ins":   func(c *simco.Company) []simco.LogEntry { return c.Graph("signin", at.AddDate(0, 0, -7), at) },
		"directory":  func(c *simco.Company) []simco.LogEntry { return c.Graph("audit", at.AddDate(0, 0, -7), at) },
		"login":      func(c *simco.Company) []simco.LogEntry { return c.Workspace("login", at.AddDate(0, 0, -7), at) },
		"cloud":      func(c *simco.Company) []simco.LogEntry { return c.CloudAudit(at.AddDate(0, 0, -7), at) },
		"lab":        func(c *simco.Company) []simco.LogEntry { return c.Lab(at.AddDate(0, 0, -7), at) },
	} {
		rows, again := list(c), list(open())
		seen, late := map[string]bool{}, 0
		for i, r := range rows {
			if seen[r.ID] || r.Shown.Before(r.At) || !json.Valid([]byte(r.Raw)) {
				t.Fatalf("%s: %+v", name, r)
			}
			if seen[r.ID] = true; r.Shown.After(r.At.Add(30 * time.Second)) {
				late++
			}
			if again[i] != r {
				t.Fatalf("%s is another in the same life: %+v, %+v", name, r, again[i])
			}
		}
		if len(rows) < 20 || late == 0 || len(again) != len(rows) {
			t.Errorf("%s: %d records, %d of them late", name, len(rows), late)
		}
	}
	ask := func(system, method, path, body string, header map[string]string) (int, string) {
		req := httptest.NewRequest(method, "http://simulated.example"+path, strings.NewReader(body))
		for k, v := range header {
			req.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		c.Handler(system).ServeHTTP(w, req)
		return w.Code, w.Body.String()
	}
	for system, path := range map[string]string{
		simco.Entra: "/v1.0/auditLogs/signIns?$filter=x", simco.Google: "/admin/reports/v1/activity/users/all/applications/login", simco.GitLab: "/api/v4/audit_events",
	} {
		if code, body := ask(system, http.MethodGet, path, "", map[string]string{"Authorization": "Bearer x", "Private-Token": "x"}); code != http.StatusUnauthorized || !json.Valid([]byte(body)) {
			t.Errorf("%s answers a stranger %d %s", system, code, body)
		}
	}
	if code, body := ask(simco.AWS, http.MethodPost, "/", "{}", map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=" + c.Tokens().AWSKey + "/20260414/eu-west-1/cloudtrail/aws4_request, SignedHeaders=host, Signature=00"}); code != http.StatusBadRequest || !bytes.Contains([]byte(body), []byte("InvalidSignatureException")) {
		t.Errorf("a signature that is none: %d %s", code, body)
	}
	page := func(cursor string) (int, string) {
		return ask(simco.GitLab, http.MethodGet, "/api/v4/audit_events?pagination=keyset&created_after=2026-04-01T00:00:00Z&created_before=2026-04-10T00:00:00Z&per_page=5"+cursor, "", map[string]string{"Private-Token": c.Tokens().GitLabToken})
	}
	if code, _ := page(""); code != http.StatusOK {
		t.Errorf("a page: %d", code)
	}
	if code, _ := page("&cursor=bm9uZQ"); code != http.StatusBadRequest {
		t.Errorf("a cursor that is none: %d", code)
	}
}
