package github_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/github"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, github.Connector{}.Describe())
}

// small answers from a table of path and body; what is not there is 404. Bodies that begin with a number have that status.
func small(t testing.TB, answers map[string]string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery]
		if !ok {
			body, ok = answers[r.Method+" "+r.URL.Path]
		}
		if !ok {
			body = `404 {"message":"Not Found"}`
		}
		status := http.StatusOK
		if _, err := fmt.Sscanf(body, "%d ", &status); err == nil && len(body) > 4 && body[3] == ' ' {
			body = body[4:]
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server
}

var window = [2]time.Time{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}

func read(t testing.TB, c github.Connector, server *httptest.Server, path string, secrets map[string]string, settings ...string) (*collecttest.Sink, error) {
	t.Helper()
	e := collect.Env{Settings: map[string]string{"org": "northwind", "base_url": server.URL + path}, Secrets: secrets,
		HTTP: collecttest.Client(httpx.Options{Retries: -1}, server), Since: window[0], Until: window[1]}
	for i := 0; i < len(settings); i += 2 {
		e.Settings[settings[i]] = settings[i+1]
	}
	var s collecttest.Sink
	err := c.Collect(t.Context(), e, &s)
	s.Laws(t, c.Describe())
	return &s, err
}

var token = map[string]string{"token": "ghs_example"}

func TestSettings(t *testing.T) {
	t.Parallel()
	server := small(t, nil)
	for name, c := range map[string]struct {
		secrets  map[string]string
		settings []string
	}{
		"no credential": {nil, nil},
		"odd org":       {token, []string{"org", "a/b"}},
		"odd address":   {token, []string{"base_url", "ftp://api.example"}},
		"with a login":  {token, []string{"base_url", "https://a:b@api.example"}},
		"odd pattern":   {token, []string{"ticket_pattern", "("}},
		"odd days":      {token, []string{"first_days", "-1"}},
		"odd app":       {map[string]string{"private_key": "x"}, []string{"app_id", "1", "installation_id", "2"}},
		"odd install":   {map[string]string{"private_key": "x"}, []string{"app_id", "1", "installation_id", "../2"}},
		"half an app":   {map[string]string{"private_key": "x"}, []string{"app_id", "1"}},
	} {
		if _, err := read(t, github.Connector{}, server, "", c.secrets, c.settings...); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An installation signs in with a token of its own making, which GitHub checks as here, and again before it expires.
func TestApp(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	var signIns, clock atomic.Int64
	now := func() time.Time { return window[1].Add(time.Duration(clock.Add(1)) * 10 * time.Minute) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if r.URL.Path == "/app/installations/77/access_tokens" {
			if err := checkJWT(&key.PublicKey, auth, "Iv1.example"); err != nil || r.Method != http.MethodPost {
				http.Error(w, `{"message":"`+err.Error()+`"}`, http.StatusUnauthorized)
				return
			}
			n := signIns.Add(1)
			_, _ = fmt.Fprintf(w, `{"token":"ghs_%d","expires_at":%q,"permissions":{"members":"read"}}`, n, window[1].Add(time.Duration(clock.Load())*10*time.Minute+time.Hour).Format(time.RFC3339))
			return
		}
		if auth != fmt.Sprintf("ghs_%d", signIns.Load()) {
			http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("[]"))
	}))
	t.Cleanup(server.Close)
	for name, block := range map[string]*pem.Block{"PKCS#1": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, "PKCS#8": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		signIns.Store(0)
		secret := string(pem.EncodeToMemory(block))
		s, err := read(t, github.Connector{Now: now}, server, "", map[string]string{"private_key": secret}, "app_id", "Iv1.example", "installation_id", "77")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(s.Failures("account_group")) > 0 || len(s.Failures("audit_event")) > 0 || signIns.Load() < 2 {
			t.Errorf("%s: %d sign-ins, failures %v %v", name, signIns.Load(), s.Failures("account_group"), s.Failures("audit_event"))
		}
	}
}

func checkJWT(key *rsa.PublicKey, jwt, app string) error {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return errors.New("no JWT")
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig); err != nil {
		return err
	}
	b, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct {
		Iat, Exp int64
		Iss      string
	}
	if err := json.Unmarshal(b, &c); err != nil || c.Iss != app || c.Exp-c.Iat > 600 {
		return fmt.Errorf("claims %s", b)
	}
	return nil
}

const (
	oneRepo = `[{"id":1,"full_name":"northwind/api","private":true,"archived":false,"fork":false,"default_branch":"main","created_at":"2020-01-01T00:00:00Z","pushed_at":null}]`
	merged  = `{"number":5,"title":"No ticket","user":null,"state":"closed","draft":false,"labels":[{"name":"a"},{"name":"b"}],"head":{"ref":"fix/ABC-12","sha":"h1"},"base":{"ref":"main"},
		"merge_commit_sha":"m1","body":null,"created_at":"2026-02-27T10:00:00Z","updated_at":"2026-03-01T10:00:00Z","closed_at":"2026-03-01T09:00:00Z","merged_at":"2026-03-01T09:00:00Z"`
)

// server with one repository and one merged change; changes replace single answers.
func oneChange(t testing.TB, changes ...string) *httptest.Server {
	t.Helper()
	answers := map[string]string{
		"GET /orgs/northwind": `{"login":"northwind","default_repository_permission":"read","is_verified":null}`, "GET /orgs/northwind/repos": oneRepo,
		"GET /orgs/northwind/members": `[]`, "GET /orgs/northwind/outside_collaborators": `[]`, "POST /graphql": `{"data":{"organization":{"samlIdentityProvider":null}}}`,
		"GET /orgs/northwind/teams": `[]`, "GET /orgs/northwind/dependabot/alerts": `[]`, "GET /orgs/northwind/audit-log": `[]`,
		"GET /repos/northwind/api/branches/main/protection": `404 {"message":"Branch not protected"}`, "GET /repos/northwind/api/pulls": `[` + merged + `}]`,
		"GET /repos/northwind/api/pulls/5": merged + `,"merged_by":{"login":"bob","id":2},"commits":2}`, "GET /repos/northwind/api/deployments": `[]`,
		"GET /repos/northwind/api/pulls/5/commits":   `[{"sha":"c1","author":{"login":"bob"}},{"sha":"h1","author":{"login":"ada"}}]`,
		"GET /repos/northwind/api/pulls/5/reviews":   `[{"id":9,"user":null,"state":"APPROVED","commit_id":"h1","submitted_at":"2026-03-01T08:00:00.123456789Z"},{"id":10,"user":{"login":"ada"},"state":"PENDING","commit_id":"h1"}]`,
		"GET /repos/northwind/api/commits/h1/status": `{"state":"pending","total_count":0}`, "GET /repos/northwind/api/commits/h1/check-runs": `{"total_count":0,"check_runs":[]}`,
		"GET /search/issues": `{"total_count":1,"incomplete_results":false,"items":[]}`,
	}
	for i := 0; i < len(changes); i += 2 {
		answers[changes[i]] = changes[i+1]
	}
	return small(t, answers)
}

func only[T collect.Fact](t testing.TB, s *collecttest.Sink) T {
	t.Helper()
	list := collecttest.Of[T](s)
	if len(list) != 1 {
		var zero T
		t.Fatalf("%d rows of %s", len(list), zero.Resource())
	}
	return list[0]
}

func TestOneChange(t *testing.T) {
	t.Parallel()
	s, err := read(t, github.Connector{}, oneChange(t), "", token)
	if err != nil {
		t.Fatal(err)
	}
	s.NoFailures(t)
	s.Reconciled(t)
	p := only[*collect.PullRequest](t, s)
	if p.Author != "ghost" || *p.MergedBy != "bob" || *p.CommitAuthors != "ada,bob" || *p.Ticket != "ABC-12" || *p.Labels != "a,b" || *p.ChecksState != "none" || *p.ChecksTotal != 0 || p.RepositoryProd != nil {
		t.Errorf("the change is %+v", p)
	}
	v := only[*collect.Review](t, s)
	if v.Reviewer != "ghost" || v.State != "approved" || v.SubmittedAt.Nanosecond() != 123456000 {
		t.Errorf("the review is %+v", v)
	}
	r := only[*collect.Repository](t, s)
	if *r.Visibility != "private" || r.Production != nil || r.PushedAt != nil {
		t.Errorf("the repository is %+v", r)
	}
	for _, resource := range []string{"repository", "setting", "user_account"} {
		if len(s.Notes(resource)) == 0 {
			t.Errorf("%s has no note on what could not be known", resource)
		}
	}
	if f := collecttest.ByKey[*collect.Setting](t, s, "org/is_verified"); f.Value != nil {
		t.Errorf("a setting that is null has the value %q", *f.Value)
	}
}

func TestUnknowns(t *testing.T) {
	t.Parallel()
	const commits, status, runs = "GET /repos/northwind/api/pulls/5/commits", "GET /repos/northwind/api/commits/h1/status", "GET /repos/northwind/api/commits/h1/check-runs"
	for name, c := range map[string]struct {
		changes  []string
		authors  any
		checks   any
		total    any
		failures int
		note     string
	}{
		"unlinked author":      {[]string{commits, `[{"author":null},{"author":{"login":"ada"}}]`}, nil, "none", int64(0), 0, "belong to no GitHub account"},
		"too many commits":     {[]string{"GET /repos/northwind/api/pulls/5", merged + `,"merged_by":null,"commits":300}`}, nil, "none", int64(0), 0, "more than 250 commits"},
		"commits are missing":  {[]string{commits, `[{"author":{"login":"ada"}}]`}, nil, "none", int64(0), 1, ""},
		"failing status":       {[]string{status, `{"state":"failure","total_count":2}`}, "ada,bob", "failure", int64(2), 0, ""},
		"error status":         {[]string{status, `{"state":"error","total_count":1}`}, "ada,bob", "failure", int64(1), 0, ""},
		"skipped and neutral":  {[]string{runs, `{"total_count":2,"check_runs":[{"status":"completed","conclusion":"skipped"},{"status":"completed","conclusion":"neutral"}]}`}, "ada,bob", "success", int64(2), 0, ""},
		"under way":            {[]string{runs, `{"total_count":2,"check_runs":[{"status":"completed","conclusion":"success"},{"status":"queued","conclusion":null}]}`}, "ada,bob", "pending", int64(2), 0, ""},
		"cancelled":            {[]string{runs, `{"total_count":1,"check_runs":[{"status":"completed","conclusion":"cancelled"}]}`}, "ada,bob", "failure", int64(1), 0, ""},
		"both":                 {[]string{status, `{"state":"success","total_count":1}`, runs, `{"total_count":1,"check_runs":[{"status":"completed","conclusion":"timed_out"}]}`}, "ada,bob", "failure", int64(2), 0, ""},
		"runs may not be read": {[]string{runs, `403 {"message":"Resource not accessible by personal access token"}`}, "ada,bob", nil, nil, 1, ""},
		"search unfinished":    {[]string{"GET /search/issues", `{"total_count":1,"incomplete_results":true}`}, "ada,bob", "none", int64(0), 0, "search did not finish"},
	} {
		s, err := read(t, github.Connector{}, oneChange(t, c.changes...), "", token)
		if err != nil {
			t.Fatal(err)
		}
		p := only[*collect.PullRequest](t, s)
		if got := [3]any{value(p.CommitAuthors), value(p.ChecksState), value(p.ChecksTotal)}; got != [3]any{c.authors, c.checks, c.total} ||
			len(s.Failures("pull_request")) != c.failures || !strings.Contains(strings.Join(s.Notes("pull_request"), " "), c.note) {
			t.Errorf("%s: %v, failures %v, notes %q", name, got, s.Failures("pull_request"), s.Notes("pull_request"))
		}
	}
}

func value[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func TestProtectionAndAlerts(t *testing.T) {
	t.Parallel()
	s, err := read(t, github.Connector{}, oneChange(t,
		"GET /repos/northwind/api/branches/main/protection", `{"required_status_checks":{"contexts":["a","b","c"],"checks":[{"context":"a"}]},"enforce_admins":{"enabled":true}}`,
		"GET /orgs/northwind/dependabot/alerts", `404 {"message":"Not Found"}`,
		"GET /repos/northwind/api/dependabot/alerts", `[{"number":3,"state":"auto_dismissed","security_advisory":{"ghsa_id":"GHSA-x","severity":"moderate"},"security_vulnerability":{"package":{"name":"p"}},
			"created_at":"2026-01-01T00:00:00Z","auto_dismissed_at":"2026-01-02T00:00:00Z"}]`), "", token)
	if err != nil {
		t.Fatal(err)
	}
	s.NoFailures(t)
	b := only[*collect.BranchProtection](t, s)
	if !*b.Protected || *b.RequiredApprovals != 0 || *b.RequiredChecks != 3 || !*b.EnforcesAdmins || b.AllowsForcePush != nil {
		t.Errorf("protection is %+v", b)
	}
	if a := only[*collect.VulnerabilityAlert](t, s); a.Severity != "medium" || a.DismissedAt == nil || a.ID != "northwind/api#3" {
		t.Errorf("the alert is %+v", a)
	}
}

// GitHub Enterprise Server has its interface below /api/v3, and GraphQL beside it.
func TestEnterpriseServer(t *testing.T) {
	t.Parallel()
	var graphql atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/graphql":
			graphql.Store(true)
			_, _ = w.Write([]byte(`{"data":{"organization":{"samlIdentityProvider":{"externalIdentities":{"totalCount":2,"pageInfo":{"hasNextPage":false},"edges":[
				{"node":{"samlIdentity":{"nameId":"ada@northwind.example"},"user":{"login":"ada","databaseId":7}}},{"node":{"samlIdentity":{"nameId":"b0b"},"user":null}}]}}}}}`))
		case r.URL.Path == "/api/v3/orgs/northwind/members" && r.URL.Query().Get("role") == "admin":
			_, _ = w.Write([]byte(`[{"login":"ada","id":7,"type":"User"}]`))
		case strings.HasPrefix(r.URL.Path, "/api/v3/orgs/northwind/"):
			_, _ = w.Write([]byte(`[]`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	s, err := read(t, github.Connector{}, server, "/api/v3/", token)
	if err != nil || !graphql.Load() {
		t.Fatalf("GraphQL asked: %v, %v", graphql.Load(), err)
	}
	if u := only[*collect.UserAccount](t, s); *u.Email != "ada@northwind.example" || !*u.Admin || !*u.SecondFactor {
		t.Errorf("the account is %+v", u)
	}
}

func TestNestedTeamsHaveNoTotal(t *testing.T) {
	t.Parallel()
	s, err := read(t, github.Connector{}, oneChange(t, "GET /orgs/northwind/teams", `[{"id":1,"name":"A","slug":"a","parent":null},{"id":2,"name":"B","slug":"b","parent":{"id":1}}]`,
		"GET /orgs/northwind/teams/a", `{"id":1,"name":"A","slug":"a","members_count":1,"parent":null}`, "GET /orgs/northwind/teams/b", `{"id":2,"name":"B","slug":"b","members_count":1,"parent":{"id":1}}`,
		"GET /orgs/northwind/teams/a/members?per_page=100&role=member", `[{"login":"ada","id":7}]`, "GET /orgs/northwind/teams/a/members?per_page=100&role=maintainer", `[]`,
		"GET /orgs/northwind/teams/b/members?per_page=100&role=member", `[]`, "GET /orgs/northwind/teams/b/members?per_page=100&role=maintainer", `[{"login":"ada","id":7}]`), "", token)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Totals("group_member")) != 0 || len(s.Notes("group_member")) != 1 || len(s.Facts("group_member")) != 2 {
		t.Errorf("totals %v, notes %v, %d rows", s.Totals("group_member"), s.Notes("group_member"), len(s.Facts("group_member")))
	}
}

func TestHalts(t *testing.T) {
	t.Parallel()
	server := oneChange(t)
	full := &collecttest.Sink{EmitErr: errors.New("disk full")}
	e := collect.Env{Settings: map[string]string{"org": "northwind", "base_url": server.URL}, Secrets: token, HTTP: collecttest.Client(httpx.Options{}, server), Since: window[0], Until: window[1]}
	if err := (github.Connector{}).Collect(t.Context(), e, full); !errors.Is(err, full.EmitErr) {
		t.Errorf("a full disk: %v", err)
	}
}
