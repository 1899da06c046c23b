package terraform_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/terraform"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, terraform.Connector{}.Describe())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"token": "not a secret"}
	for field, e := range map[string]collect.Env{
		"org":        {Settings: map[string]string{"org": "a/b"}, Secrets: secrets},
		"token":      {Settings: map[string]string{"org": "northwind"}},
		"base_url":   {Settings: map[string]string{"org": "northwind", "base_url": "terraform"}, Secrets: secrets},
		"first_days": {Settings: map[string]string{"org": "northwind", "first_days": "many"}, Secrets: secrets},
	} {
		e.HTTP = collecttest.Client(httpx.Options{})
		if err := (terraform.Connector{}).Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v, field %q", field, err, errs.FieldOf(err))
		}
	}
}

// served is a service with one workspace that answers as given by path; what is not given is empty.
func served(t *testing.T, answers map[string]string, seen func(*http.Request)) *collecttest.Sink {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen != nil {
			seen(r)
		}
		text, ok := answers[r.URL.Path]
		switch {
		case ok:
		case strings.HasSuffix(r.URL.Path, "/workspaces"):
			text = `{"data":[{"id":"ws-1","attributes":{"name":"network"}}],"meta":{"pagination":{"next-page":null,"total-count":1}}}`
		case strings.HasPrefix(r.URL.Path, "/api/v2/workspaces/ws-1/r"):
			text = `{"data":[],"meta":{"pagination":{"next-page":null,"total-count":0}}}`
		default:
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if to, away := strings.CutPrefix(text, "-> "); away {
			w.Header().Set("Location", strings.ReplaceAll(to, "{server}", server.URL))
			w.WriteHeader(http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(strings.ReplaceAll(text, "{server}", server.URL)))
	}))
	t.Cleanup(server.Close)
	var s collecttest.Sink
	e := collect.Env{Settings: map[string]string{"org": "northwind", "base_url": server.URL}, Secrets: map[string]string{"token": "the-token"}, HTTP: collecttest.Client(httpx.Options{Retries: -1}, server), Until: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	if err := (terraform.Connector{}).Collect(t.Context(), e, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, terraform.Connector{}.Describe(), "the-token")
	return &s
}

const (
	runsPath  = "/api/v2/workspaces/ws-1/runs"
	statePath = "/api/v2/workspaces/ws-1/current-state-version"
	listPath  = "/api/v2/workspaces/ws-1/resources"
)

// TestOddRuns: runs as services of all ages give them: without what is beside them, with accounts that are not shown, cancelled, waiting.
func TestOddRuns(t *testing.T) {
	t.Parallel()
	s := served(t, map[string]string{
		runsPath: `{"data":[
			{"id":"run-3","attributes":{"created-at":"2026-02-27T10:00:00.123Z","status":"planned","variables":[{"key":"k","value":"\"hunter2\""}],"status-timestamps":{"planned-at":"2026-02-27T10:01:00+00:00","applied-at":null}},"relationships":{"confirmed-by":{"data":null}}},
			{"id":"run-2","attributes":{"created-at":"2026-02-20T10:00:00Z","status":"force_canceled","canceled-at":"2026-02-20T10:09:00Z","status-timestamps":{"applying-at":"2026-02-20T10:05:00+00:00"}},"relationships":{"created-by":{"data":{"id":"user-1","type":"users"}},"confirmed-by":{"data":{"id":"user-2","type":"users"}}}},
			{"id":"run-2","attributes":{"created-at":"2026-02-20T10:00:00Z","status":"force_canceled"}},
			{"id":"run-1","attributes":{"created-at":"2025-06-01T10:00:00Z","status":"applied"}}],
			"included":[{"id":"user-1","type":"users","attributes":{"username":"ada","is-service-account":false}}]}`,
	}, nil)
	s.NoFailures(t)
	collecttest.Same(t, s, []*collect.InfrastructureRun{
		{ID: "run-2", WorkspaceID: "ws-1", Workspace: "network", Status: "force_canceled", CreatedAt: time.Date(2026, 2, 20, 10, 0, 0, 0, time.UTC), ApplyBeganAt: collect.Ptr(time.Date(2026, 2, 20, 10, 5, 0, 0, time.UTC)),
			EndedAt: collect.Ptr(time.Date(2026, 2, 20, 10, 9, 0, 0, time.UTC)), CreatedBy: collect.Ptr("ada"), CreatedByService: collect.Ptr(false), ConfirmedBy: collect.Ptr("user-2")},
		{ID: "run-3", WorkspaceID: "ws-1", Workspace: "network", Status: "planned", CreatedAt: time.Date(2026, 2, 27, 10, 0, 0, 123_000_000, time.UTC)},
	})
	if raw := collecttest.ByKey[*collect.InfrastructureRun](t, s, "run-3").Raw; strings.Contains(raw, "hunter2") || !strings.Contains(raw, "planned-at") {
		t.Errorf("the record is %s", raw)
	}
	if len(s.Totals("infrastructure_run")) != 0 {
		t.Error("there is a total, and none was given")
	}
}

// TestDownloads: the token goes to the service alone, a state is read nowhere else, and no message names its address.
func TestDownloads(t *testing.T) {
	t.Parallel()
	const state = `{"version":4,"resources":[{"mode":"managed","type":"aws_x","name":"a","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"x-1"}}]}]}`
	version := func(to string) string {
		return `{"data":{"id":"sv-1","attributes":{"serial":3,"hosted-state-download-url":"` + to + `"},"relationships":{"run":{"data":null}}}}`
	}
	const one = `{"data":[{"id":"wsr-1","attributes":{"address":"aws_x.a","provider-type":"aws_x","provider":"hashicorp/aws"}}],"meta":{"pagination":{"next-page":null,"total-count":1}}}`
	for name, c := range map[string]struct {
		answers map[string]string
		fails   string // empty: it is read
	}{
		"at the service":            {map[string]string{statePath: version("{server}/secret-place"), listPath: one, "/secret-place": state}, ""},
		"in an archive there":       {map[string]string{statePath: version("{server}/secret-place"), listPath: one, "/secret-place": "-> {server}/secret-archive", "/secret-archive": state}, ""},
		"by a path":                 {map[string]string{statePath: version("/secret-place"), listPath: one, "/secret-place": "-> /secret-archive", "/secret-archive": state}, ""},
		"elsewhere":                 {map[string]string{statePath: version("http://198.51.100.7/secret-place"), listPath: one}, "another host"},
		"led elsewhere":             {map[string]string{statePath: version("{server}/secret-place"), listPath: one, "/secret-place": "-> http://169.254.169.254/secret-archive"}, "another host"},
		"led nowhere":               {map[string]string{statePath: version("{server}/secret-place"), listPath: one, "/secret-place": "-> "}, "no address"},
		"led on and on":             {map[string]string{statePath: version("{server}/secret-place"), listPath: one, "/secret-place": "-> {server}/secret-archive", "/secret-archive": "-> {server}/secret-archive"}, "302"},
		"gone":                      {map[string]string{statePath: version("{server}/secret-place"), listPath: one}, "404"},
		"a page of HTML":            {map[string]string{statePath: version("{server}/secret-place"), listPath: one, "/secret-place": "<html>"}, "not as expected"},
		"it holds more than listed": {map[string]string{statePath: version("{server}/secret-place"), listPath: `{"data":[],"meta":{"pagination":{"next-page":null,"total-count":0}}}`, "/secret-place": state}, "does not list"},
		"no list":                   {map[string]string{statePath: version("{server}/secret-place"), listPath: `{}`, "/secret-place": state}, "holds no list"},
	} {
		var wrong []string
		s := served(t, c.answers, func(r *http.Request) {
			if (r.Header.Get("Authorization") != "Bearer the-token") != (r.URL.Path == "/secret-archive") {
				wrong = append(wrong, r.URL.Path)
			}
		})
		f := s.Failures("infrastructure_resource")
		switch {
		case len(wrong) > 0:
			t.Errorf("%s: the token goes, or is missing, at %v", name, wrong)
		case c.fails == "" && (len(f) > 0 || len(s.Facts("infrastructure_resource")) != 1 || *collecttest.Of[*collect.InfrastructureResource](s)[0].Identifiers != `{"id":"x-1"}`):
			t.Errorf("%s: %v", name, f)
		case c.fails != "" && (len(f) != 1 || !strings.Contains(f[0].Error(), c.fails) || strings.Contains(f[0].Error(), "secret-")):
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestHostile: an answer that is none is told as a failure, and never as nothing.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"<html>Sign in</html>", "null", "[]", `{"data":null}`, `{"data":{}}`, `{"data":[null]}`, `{"data":[{"id":""}]}`, `{"data":[{"id":"run-1","attributes":{"created-at":"soon"}}]}`, `{"data":[{"id":"run-1"`, `{"errors":[]}`} {
		s := served(t, map[string]string{runsPath: text}, nil)
		if len(s.Failures("infrastructure_run")) == 0 || len(s.Totals("infrastructure_run")) > 0 {
			t.Errorf("%s: %d runs, %v", text, len(s.Facts("infrastructure_run")), s.Totals("infrastructure_run"))
		}
		s = served(t, map[string]string{"/api/v2/organizations/northwind/workspaces": text}, nil)
		if len(s.Failures("infrastructure_run")) == 0 || len(s.Failures("infrastructure_resource")) == 0 {
			t.Errorf("%s for workspaces is taken", text)
		}
	}
	// A list that leads on for ever ends.
	s := served(t, map[string]string{runsPath: `{"data":[],"meta":{"pagination":{"next-page":2,"total-count":9}}}`}, nil)
	if f := s.Failures("infrastructure_run"); len(f) != 1 || !strings.Contains(f[0].Error(), "leads back") {
		t.Errorf("%v", f)
	}
}
