package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/web"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox() // the sandbox runs this binary as its child
	code := m.Run()
	if shared.close != nil {
		shared.close()
	}
	os.Exit(code)
}

// evil is text that must never become markup, wherever somebody stored it.
const evil = `<script>alert('x')</script><img src=x onerror=alert(1)> "quote" '=1+1 {{7*7}}`

// password of everybody in the installation.
const password = "correct horse battery"

// begin is the first day of the installation's life; it lives for three.
var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const life = 3

// past is how many days the simulated company has lived before, so that things have gone wrong in it.
const past = 60

// installation is a real one: a simulated company of sixty people, read for three days by the real collectors, tested,
// frozen and printed; beside it a second organisation whose every text is hostile.
type installation struct {
	app     *app.App
	handler http.Handler
	routes  []page.Route
	now     time.Time
	cookie  map[access.Role]string
	other   string // session of the owner of the second organisation
	rival   string // session of the partner of the firm that examines the second organisation
	// engagement is the one of the first organisation that the firm examines.
	engagement string
	stored     event.Lake // what the pages of this installation do not ask: see sources
	close      func()
}

var (
	shared     installation
	sharedOnce sync.Once
	sharedErr  error
)

// installed gives the installation all tests share. They must not change what another one reads.
func installed(t *testing.T) *installation {
	t.Helper()
	if testing.Short() {
		t.Skip("the installation takes some seconds to make")
	}
	sharedOnce.Do(func() { sharedErr = shared.make() })
	if sharedErr != nil {
		t.Fatal(sharedErr)
	}
	return &shared
}

func (in *installation) make() error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tickmark-web-")
	if err != nil {
		return err
	}
	company, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Start: begin.AddDate(0, 0, -past), Days: past + life, Planted: true})
	if err != nil {
		return err
	}
	cfg := app.Config{Data: dir, Database: "sqlite:" + dir + "/records.db"}
	base := map[string]string{}
	var servers []*httptest.Server
	for kind, h := range company.Handlers() {
		s := httptest.NewServer(h)
		servers = append(servers, s)
		base[kind] = s.URL
		cfg.AllowPrivate += strings.TrimPrefix(s.URL, "http://") + ","
	}
	log := slog.New(slog.DiscardHandler)
	a, err := app.Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	in.app = a
	if err := a.OpenJobs(ctx); err != nil { // nothing is started: jobs stay queued
		return err
	}
	in.close = func() {
		_ = a.Close(ctx)
		for _, s := range servers {
			s.Close()
		}
		_ = os.RemoveAll(dir)
	}
	at := begin
	a.Clock = func() time.Time { return at }
	scope, err := in.people(ctx)
	if err != nil {
		return err
	}
	if err := in.live(ctx, scope, company, base, func(x time.Time) { at = x }); err != nil {
		return err
	}
	at = begin.AddDate(0, 0, life).Add(time.Hour)
	in.now = at
	if err := in.finish(ctx, scope); err != nil {
		return err
	}
	if err := in.hostile(ctx); err != nil {
		return err
	}
	if _, err := a.Ledger.Seal(ctx, at); err != nil {
		return err
	}
	services := servicesOf(a)
	in.routes = web.Routes(services, true)
	in.handler, err = web.New(services, web.Options{URL: "http://tickmark.example", Clock: func() time.Time { return in.now }, Log: log, Dev: true})
	if err != nil {
		return err
	}
	return in.signIn()
}

// extras are people whom one test each may change.
var extras = map[string]access.Role{"factor": access.Auditor, "pausing": access.Reader, "moving": access.Employee, "leaving": access.ControlOwner, "writing": access.ComplianceLead, "token": access.SecurityAnalyst,
	"desk": access.ComplianceLead, "undo": access.ControlOwner, "liking": access.Reader, "held": access.ControlOwner}

func (in *installation) people(ctx context.Context) (access.Scope, error) {
	a := in.app
	_, scope, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind Alpha", Simulated: true}, access.NewUser{Email: "owner@alpha.example", Name: "Dana Whitfield", Password: password}, false)
	if err != nil {
		return scope, err
	}
	for _, r := range access.Roles()[1:] {
		if _, err := a.Access.AddUser(ctx, scope, a.Clock(), access.NewUser{Email: string(r) + "@alpha.example", Name: "Person " + r.Title(), Password: password, Role: r}); err != nil {
			return scope, err
		}
	}
	for who, r := range extras {
		if _, err := a.Access.AddUser(ctx, scope, a.Clock(), access.NewUser{Email: who + "@alpha.example", Name: "Person " + who, Password: password, Role: r}); err != nil {
			return scope, err
		}
	}
	_, err = a.Controls.Adopt(ctx, scope, a.Clock(), control.Adoption{Categories: []catalog.CategoryID{catalog.Security}, Approve: true})
	return scope, err
}

// live collects and tests each day.
func (in *installation) live(ctx context.Context, scope access.Scope, company *simco.Company, base map[string]string, clock func(time.Time)) error {
	a, t := in.app, company.Tokens()
	settings := map[string][2]map[string]string{
		simco.GitHub:   {{"org": t.GitHubOrg, "base_url": base[simco.GitHub], "first_days": "30"}, {"token": t.GitHubToken}},
		simco.Okta:     {{"base_url": base[simco.Okta], "first_days": "30"}, {"token": t.OktaToken}},
		simco.BambooHR: {{"company": t.BambooHRCompany, "base_url": base[simco.BambooHR]}, {"api_key": t.BambooHRKey}},
	}
	for kind, s := range settings {
		if _, err := a.Collect.Connect(ctx, scope, a.Clock(), collect.NewConnection{Kind: kind, Name: kind + "-main", Settings: s[0], Secrets: s[1], Every: 24 * time.Hour}); err != nil {
			return err
		}
	}
	for n := range life {
		at := begin.AddDate(0, 0, n).Add(20 * time.Hour)
		clock(at)
		company.SetClock(at)
		conns, err := a.Collect.Store.Connections(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for _, c := range conns {
			if _, err := a.Collect.Run(ctx, scope, collect.Request{Connection: c, Trigger: "schedule", Now: at, Clock: func() time.Time { return at }}); err != nil {
				return err
			}
		}
		if _, err := a.RefreshPeople(ctx, scope, at); err != nil {
			return err
		}
		all, err := a.Evaluate.Store.Installed(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		tests, err := a.Relevant(ctx, scope.ReadScope, all)
		if err != nil {
			return err
		}
		if _, err := a.Evaluate.Evaluate(ctx, scope, evaluate.Request{Tests: tests, AsOf: at, Trigger: "schedule", Now: at}); err != nil {
			return err
		}
	}
	return nil
}

func (in *installation) finish(ctx context.Context, scope access.Scope) error {
	a := in.app
	first := period.Of(begin)
	e, _, err := a.Engagement.Create(ctx, scope, in.now, engagement.New{Categories: []string{"security"}, Period: period.Period{From: first, To: first + life}, Firm: "Harlow & Pike LLP"})
	if err != nil {
		return err
	}
	f, err := a.Engagement.Freeze(ctx, scope, in.now, e.Ref, nil)
	if err != nil {
		return err
	}
	if _, _, err = a.Engagement.Report(ctx, scope, in.now, f); err != nil {
		return err
	}
	if err := in.documents(ctx, scope); err != nil {
		return err
	}
	if _, err := a.Letters.Start(ctx, scope, in.now, e.Ref, letter.Assertion, period.Period{}); err != nil {
		return err
	}
	if err := in.policies(ctx, scope); err != nil {
		return err
	}
	if err := in.planned(ctx, scope); err != nil {
		return err
	}
	if err := in.directory(ctx, scope); err != nil {
		return err
	}
	if err := in.reviews(ctx, scope); err != nil {
		return err
	}
	if err := in.asks(ctx, scope); err != nil {
		return err
	}
	if err := in.vendors(ctx, scope); err != nil {
		return err
	}
	if err := in.duties(ctx, scope); err != nil {
		return err
	}
	if err := in.tasks(ctx, scope); err != nil {
		return err
	}
	if err := in.frameworks(ctx, scope, "Alpha: baseline"); err != nil {
		return err
	}
	if err := in.authorities(ctx, scope, "Alpha: patch night"); err != nil {
		return err
	}
	if err := in.rulebooks(ctx, scope, "Alpha: our own rule"); err != nil {
		return err
	}
	if err := in.watches(ctx, scope); err != nil {
		return err
	}
	if err := in.sources(ctx, scope, "Alpha: vault"); err != nil {
		return err
	}
	return in.risks(ctx, scope)
}

// tasks opens some: the first has no date, so that lists begin with those that the second organisation does not have.
func (in *installation) tasks(ctx context.Context, scope access.Scope) error {
	w, due := in.app.Work, period.Of(in.now)+9
	for _, n := range []work.New{
		{Title: "Alpha: without a date"}, {Title: "Alpha: answer the vendor", Due: due, Criteria: []string{"CC9.2"}}, {Title: "Alpha: file the minutes", Due: due, Source: work.FromControl, SourceRef: "RSK-02"},
		{Title: "Alpha: look at the gap", Due: due + 1, Source: work.FromGap, SourceRef: "CC1.2", Criteria: []string{"CC1.2"}}, {Title: "Alpha: a line", Due: due + 1, Source: work.FromProgramme, SourceRef: "quick-check/roles"},
	} {
		if _, err := w.Open(ctx, scope, in.now, n); err != nil {
			return err
		}
	}
	return nil
}

// hostile makes the second organisation.
func (in *installation) hostile(ctx context.Context) error {
	a := in.app
	o, scope, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "fabrikam", Name: evil}, access.NewUser{Email: "owner@fabrikam.example", Name: evil, Password: password}, false)
	if err != nil {
		return err
	}
	if err := in.hostilePeople(ctx, scope); err != nil {
		return err
	}
	if _, err := a.Controls.Adopt(ctx, scope, in.now, control.Adoption{Categories: []catalog.CategoryID{catalog.Security}, Approve: true}); err != nil {
		return err
	}
	first := period.Of(begin)
	if _, _, err := a.Engagement.Create(ctx, scope, in.now, engagement.New{Title: evil, Categories: []string{"security"}, Period: period.Period{From: first, To: first + 100}, Firm: evil}); err != nil {
		return err
	}
	if _, err := a.Access.AddUser(ctx, scope, in.now, access.NewUser{Email: "moving@alpha.example", Role: access.Reader}); err != nil {
		return err
	}
	owner, err := a.Access.As(ctx, scope, in.now, "owner@fabrikam.example")
	if err != nil {
		return err
	}
	if _, _, err := a.Access.CreateToken(ctx, owner, in.now, evil, nil, time.Hour); err != nil {
		return err
	}
	if _, err := a.Work.Open(ctx, scope, in.now, work.New{Title: evil, Text: evil, Source: work.FromItem, SourceRef: evil}); err != nil {
		return err
	}
	if err := a.Work.Comment(ctx, scope, in.now, "T-001", evil); err != nil {
		return err
	}
	if _, err := a.Work.Say(ctx, scope, in.now, work.Mark{Programme: "quick-check", Line: "roles", State: work.Attested, Note: evil}, 0); err != nil {
		return err
	}
	if err := in.hostileRisks(ctx, scope); err != nil {
		return err
	}
	if err := in.hostileWatches(ctx, scope); err != nil {
		return err
	}
	if err := in.hostilePolicies(ctx, scope); err != nil {
		return err
	}
	if err := in.asksEvil(ctx, scope); err != nil {
		return err
	}
	if err := in.frameworks(ctx, scope, evil); err != nil {
		return err
	}
	if err := in.authorities(ctx, scope, evil); err != nil {
		return err
	}
	if err := in.rulebooks(ctx, scope, evil); err != nil {
		return err
	}
	if err := in.sources(ctx, scope, evil); err != nil {
		return err
	}
	_ = o
	return nil
}

func (in *installation) signIn() error {
	in.cookie = map[access.Role]string{}
	for _, r := range access.Roles() {
		c, err := in.session(string(r) + "@alpha.example")
		if err != nil {
			return err
		}
		in.cookie[r] = c
	}
	var err error
	if in.other, err = in.session("owner@fabrikam.example"); err != nil {
		return err
	}
	return in.firms(context.Background())
}

// session signs somebody in through the form.
func (in *installation) session(email string) (string, error) {
	res := in.do("POST", "/sign-in", "", url.Values{"email": {email}, "password": {password}, "next": {"/"}})
	for _, c := range res.Cookies() {
		if c.Name == "tickmark" && c.Value != "" {
			return c.Value, nil
		}
	}
	body, _ := io.ReadAll(res.Body)
	return "", fmt.Errorf("%s cannot sign in: %d %.300s", email, res.StatusCode, body)
}

// do sends a request with a session; a form makes it a POST of the program's own pages.
func (in *installation) do(method, path, cookie string, form url.Values, header ...string) *http.Response {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://tickmark.example"+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "tickmark", Value: cookie})
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Remote" {
			r.RemoteAddr = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
	return w.Result()
}

// get reads a page.
func (in *installation) get(t *testing.T, path, cookie string, want int) *html.Node {
	t.Helper()
	res := in.do("GET", path, cookie, nil)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("GET %s: %d, expected %d: %.400s", path, res.StatusCode, want, body)
	}
	doc, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// token reads the token of forms from a page every role sees.
func (in *installation) token(t *testing.T, cookie string) string {
	t.Helper()
	for _, n := range all(in.get(t, "/account", cookie, http.StatusOK), `input[name=csrf]`) {
		return attr(n, "value")
	}
	t.Fatal("no token on /account")
	return ""
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// paths keeps the expressions: a crawl asks for each some thousand times.
var paths sync.Map

// pathOf is the expression of the addresses of a pattern.
func pathOf(pattern string) *regexp.Regexp {
	if x, ok := paths.Load(pattern); ok {
		return x.(*regexp.Regexp)
	}
	var b strings.Builder
	rest := pattern
	for {
		at := parameter.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]) + `[^/]+`)
		rest = rest[at[1]:]
	}
	x := regexp.MustCompile(`^` + b.String() + regexp.QuoteMeta(rest) + `$`)
	paths.Store(pattern, x)
	return x
}

// patternOf finds the route of a path: the one with the fewest parameters, as net/http would.
func (in *installation) patternOf(method, path string) string {
	best := ""
	for _, r := range in.routes {
		if r.Method == method && pathOf(r.Pattern).MatchString(path) && (best == "" || strings.Count(r.Pattern, "{") < strings.Count(best, "{")) {
			best = r.Pattern
		}
	}
	return best
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
