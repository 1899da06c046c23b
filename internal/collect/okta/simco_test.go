package okta_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/okta"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var config = simco.Config{Seed: 7, People: 230, Repositories: 8, Start: begin, Days: 90, Planted: true}

// world is the life that all tests compare with; each has a company of its own, as clock and faults are set on it.
var world = sync.OnceValue(func() *life.World {
	w, err := life.New(config)
	if err != nil {
		panic(err)
	}
	return w
})

type company struct {
	*simco.Company
	env collect.Env
}

// idle are companies that no test uses: making one takes longer than reading it.
var idle struct {
	sync.Mutex
	list []*simco.Company
}

func borrow(t testing.TB) *simco.Company {
	t.Helper()
	idle.Lock()
	defer idle.Unlock()
	var co *simco.Company
	if n := len(idle.list); n > 0 {
		co, idle.list = idle.list[n-1], idle.list[:n-1]
	} else {
		var err error
		if co, err = simco.New(config); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_ = co.SetFault(simco.Okta, nil)
		idle.Lock()
		defer idle.Unlock()
		idle.list = append(idle.list, co)
	})
	return co
}

func newCompany(t testing.TB, at time.Time, with ...simco.Option) *company {
	t.Helper()
	var co *simco.Company
	if len(with) == 0 {
		co = borrow(t)
	} else {
		var err error
		if co, err = simco.New(config, with...); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(co.Handler(simco.Okta))
	t.Cleanup(server.Close)
	co.SetClock(at)
	return &company{co, collect.Env{
		Settings: map[string]string{"base_url": server.URL}, Secrets: map[string]string{"token": co.Tokens().OktaToken},
		HTTP: collecttest.Client(httpx.Options{Now: time.Now, Retries: 2, MaxWait: 30 * time.Hour}, server), Since: at.AddDate(0, 0, -1), Until: at,
	}}
}

func (c *company) read(t testing.TB) *collecttest.Sink {
	t.Helper()
	var s collecttest.Sink
	if err := (okta.Connector{}).Collect(t.Context(), c.env, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, okta.Connector{}.Describe(), c.Tokens().OktaToken)
	return &s
}

func at(t life.Time) *time.Time {
	if t == 0 {
		return nil
	}
	return collect.Ptr(t.Go())
}

var words = map[life.Status]string{life.Staged: "staged", life.Provisioned: "staged", life.Active: "active", life.Recovery: "active",
	life.PasswordExpired: "active", life.LockedOut: "locked", life.Suspended: "suspended", life.Deprovisioned: "deprovisioned"}

var factorKinds = map[life.FactorKind][2]string{life.Push: {"push", "OKTA"}, life.TOTP: {"token:software:totp", "OKTA"},
	life.GoogleTOTP: {"token:software:totp", "GOOGLE"}, life.WebAuthn: {"webauthn", "FIDO"}, life.U2F: {"u2f", "FIDO"},
	life.SignedNonce: {"signed_nonce", "OKTA"}, life.SMS: {"sms", "OKTA"}}

// truth is what Okta holds at an instant.
type truth struct {
	users    []*collect.UserAccount
	factors  []*collect.AuthFactor
	groups   []*collect.AccountGroup
	members  []*collect.GroupMember
	roles    []*collect.RoleGrant
	apps     []*collect.Application
	assigned []*collect.AppAssignment
	policies []*collect.AuthPolicy
}

func truthAt(w *life.World, t life.Time) *truth {
	var out truth
	admin := map[int32]bool{}
	for i := range w.Roles {
		if r := &w.Roles[i]; r.Has(t) {
			admin[r.Subject] = true
			id := w.Accounts[r.Subject].ID
			out.roles = append(out.roles, &collect.RoleGrant{ID: id + "/" + r.ID, AccountID: id, Role: r.Type, GrantedAt: at(r.From)})
		}
	}
	for i := range w.Accounts {
		if a := &w.Accounts[i]; a.Created <= t {
			out.account(w, t, a, admin[int32(i)])
		}
	}
	for i := range w.Groups {
		out.group(w, t, &w.Groups[i])
	}
	for i := range w.Apps {
		a := &w.Apps[i]
		status := "ACTIVE"
		if a.Inactive {
			status = "INACTIVE"
		}
		out.apps = append(out.apps, &collect.Application{ID: a.ID, Name: a.Label, Status: status, SignOnMode: &a.SignOn})
		for _, u := range a.Users {
			if u.Has(t) {
				id := w.Accounts[u.Subject].ID
				out.assigned = append(out.assigned, &collect.AppAssignment{ID: a.ID + "/" + id, ApplicationID: a.ID, AccountID: id, Status: collect.Ptr("ACTIVE"), AssignedAt: at(u.From)})
			}
		}
	}
	for i := range w.Policies {
		out.policies = append(out.policies, policyAt(&w.Policies[i], t))
	}
	return &out
}

func (out *truth) account(w *life.World, t life.Time, a *life.Account, admin bool) {
	is := a.StatusAt(t)
	f := &collect.UserAccount{
		ID: a.ID, Login: a.Login, Email: &a.Login, DisplayName: collect.Ptr(a.First + " " + a.Last), Status: words[is.Is], Kind: collect.Ptr("person"),
		Admin: &admin, CreatedAt: at(a.Created), StatusChangedAt: at(is.At), LastSignInAt: at(w.LastSignIn(a, t)), PasswordChangedAt: at(life.LatestBy(a.Password, t)),
	}
	if strings.HasPrefix(a.Login, "svc-") {
		f.Kind = collect.Ptr("service")
	}
	if a.Activated <= t {
		f.ActivatedAt = at(a.Activated)
	}
	if a.Person >= 0 {
		f.EmployeeNumber = collect.Ptr(life.EmployeeNumber(&w.People[a.Person]))
	}
	if f.Status == "active" || f.Status == "locked" || f.Status == "suspended" {
		f.SecondFactor = collect.Ptr(false)
		for _, k := range a.Factors {
			if !k.There(t) {
				continue
			}
			kind := factorKinds[k.Kind]
			status := "pending"
			if !k.Pending {
				status = "active"
				f.SecondFactor = collect.Ptr(true)
			}
			out.factors = append(out.factors, &collect.AuthFactor{ID: k.ID, AccountID: a.ID, Kind: kind[0], Provider: &kind[1], Status: status,
				PhishingResistant: collect.Ptr(k.Kind.Resistant()), EnrolledAt: at(k.Enrolled)})
		}
	}
	out.users = append(out.users, f)
}

func (out *truth) group(w *life.World, t life.Time, g *life.Group) {
	kind := "OKTA_GROUP"
	if g.BuiltIn {
		kind = "BUILT_IN"
	}
	in := map[int32]bool{}
	for _, m := range g.Members {
		if m.Has(t) && !in[m.Subject] {
			in[m.Subject] = true
			id := w.Accounts[m.Subject].ID
			out.members = append(out.members, &collect.GroupMember{ID: g.ID + "/" + id, GroupID: g.ID, AccountID: id, Role: collect.Ptr("member")})
		}
	}
	out.groups = append(out.groups, &collect.AccountGroup{ID: g.ID, Name: g.Name, Kind: &kind, Description: &g.Description, MemberCount: collect.Ptr(int64(len(in)))})
}

func policyAt(p *life.Policy, t life.Time) *collect.AuthPolicy {
	f := &collect.AuthPolicy{ID: p.ID, Name: p.Name, Kind: "password", Status: "ACTIVE", Priority: collect.Ptr(int64(p.Priority))}
	if !p.SignOn {
		v := p.PasswordsAt(t)
		f.MinLength, f.HistoryCount, f.MaxAttempts = collect.Ptr(int64(v.MinLength)), collect.Ptr(int64(v.History)), collect.Ptr(int64(v.Attempts))
		return f
	}
	f.Kind, f.RequiresSecondFactor, f.SessionIdleMinutes = "sign_on", collect.Ptr(true), collect.Ptr(int64(0))
	for _, r := range p.Rules {
		if v := r.TermsAt(t); !r.Deny && !r.Inactive {
			*f.RequiresSecondFactor = *f.RequiresSecondFactor && v.Factor
			*f.SessionIdleMinutes = max(*f.SessionIdleMinutes, int64(v.Idle))
		}
	}
	return f
}

func TestTruth(t *testing.T) {
	t.Parallel()
	for _, when := range []time.Time{begin.Add(23*time.Hour + 30*time.Minute), begin.AddDate(0, 0, 40).Add(23*time.Hour + 30*time.Minute), begin.AddDate(0, 0, 90)} {
		c := newCompany(t, when)
		s := c.read(t)
		s.NoFailures(t)
		s.Reconciled(t, "user_account", "group_member")
		want := truthAt(world(), life.Of(when))
		for _, r := range collecttest.Of[*collect.RoleGrant](s) {
			if r.Label == nil || *r.Label == "" {
				t.Errorf("the role %s has no label", r.ID)
			}
			r.Label = nil
		}
		collecttest.Same(t, s, want.users)
		collecttest.Same(t, s, want.factors)
		collecttest.Same(t, s, want.groups)
		collecttest.Same(t, s, want.members)
		collecttest.Same(t, s, want.roles)
		collecttest.Same(t, s, want.apps)
		collecttest.Same(t, s, want.assigned)
		collecttest.Same(t, s, want.policies)
		events := collecttest.Of[*collect.AuditEvent](s)
		n := 0
		for _, e := range world().Log {
			if at := e.At.Go(); !at.Before(c.env.Since) && at.Before(c.env.Until) {
				n++
			}
		}
		if len(events) != n || n == 0 {
			t.Errorf("%d events, want %d", len(events), n)
		}
		for _, e := range events {
			if e.OccurredAt.Before(c.env.Since) || !e.OccurredAt.Before(c.env.Until) || e.Actor == nil || e.ActorID == nil || e.Outcome == nil || e.IP == nil || e.Action == "" {
				t.Errorf("event %+v", e)
			}
		}
	}
}

// Two windows side by side give every event once.
func TestWindowsMeet(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 60))
	seen := map[string]int{}
	for _, w := range [][2]int{{50, 53}, {53, 57}, {50, 57}} {
		c.env.Since, c.env.Until = begin.AddDate(0, 0, w[0]), begin.AddDate(0, 0, w[1])
		for _, e := range collecttest.Of[*collect.AuditEvent](c.read(t)) {
			seen[e.ID]++
		}
	}
	for id, n := range seen {
		if n != 2 {
			t.Errorf("event %s came %d times, want once in a part and once in the whole", id, n)
		}
	}
}

func TestFirstRunReadsNinetyDays(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 90))
	c.env.Since = time.Time{}
	c.env.Settings["first_days"] = "200"
	s := c.read(t)
	if notes := strings.Join(s.Notes("audit_event"), " "); !strings.Contains(notes, "remembers 90 days; what happened before 2026-01-01 ") {
		t.Errorf("notes: %s", notes)
	}
	oldest := time.Now()
	for _, e := range collecttest.Of[*collect.AuditEvent](s) {
		if e.OccurredAt.Before(oldest) {
			oldest = e.OccurredAt
		}
	}
	if d := oldest.Sub(begin); d < 0 || d > 48*time.Hour {
		t.Errorf("the oldest event is of %s", oldest)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	when := begin.AddDate(0, 0, 40)
	clean := newCompany(t, when).read(t)
	is := func(path, query string, f simco.FaultResponse) simco.Fault {
		return func(r *http.Request, _ int) *simco.FaultResponse {
			if (r.URL.Path == path || strings.HasSuffix(path, "*") && strings.HasPrefix(r.URL.Path, path[:len(path)-1])) && strings.Contains(r.URL.RawQuery, query) {
				return &f
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		fault    simco.Fault
		resource string
		kind     errs.Kind
		also     []string // other resources that cannot be whole either
	}{
		"users cut off":           {is("/api/v1/users", "", simco.FaultResponse{Truncate: 900}), "user_account", errs.Unavailable, nil},
		"users malformed":         {is("/api/v1/users", "", simco.FaultResponse{Malformed: true}), "user_account", errs.Invalid, nil},
		"users 500 on page two":   {is("/api/v1/users", "after=", simco.FaultResponse{Status: 500}), "user_account", errs.Unavailable, nil},
		"closed users 403":        {is("/api/v1/users", "DEPROVISIONED", simco.FaultResponse{Status: 403}), "user_account", errs.Denied, nil},
		"factors 403":             {is("/api/v1/users/*", "", simco.FaultResponse{Status: 403}), "auth_factor", errs.Denied, []string{"role_grant"}},
		"groups 404":              {is("/api/v1/groups", "", simco.FaultResponse{Status: 404}), "account_group", errs.NotFound, []string{"group_member"}},
		"members malformed":       {is("/api/v1/groups/*", "", simco.FaultResponse{Malformed: true}), "group_member", errs.Invalid, nil},
		"assignees 401":           {is("/api/v1/iam/assignees/users", "", simco.FaultResponse{Status: 401}), "role_grant", errs.Denied, nil},
		"apps 429 for ever":       {is("/api/v1/apps", "", simco.FaultResponse{Status: 429, RetryAfter: time.Hour}), "application", errs.Exhausted, []string{"app_assignment"}},
		"assignments cut off":     {is("/api/v1/apps/*", "", simco.FaultResponse{Truncate: 20}), "app_assignment", errs.Unavailable, nil},
		"policies malformed":      {is("/api/v1/policies", "", simco.FaultResponse{Malformed: true}), "auth_policy", errs.Invalid, nil},
		"rules 500":               {is("/api/v1/policies/*", "", simco.FaultResponse{Status: 500}), "auth_policy", errs.Unavailable, nil},
		"log 500":                 {is("/api/v1/logs", "", simco.FaultResponse{Status: 500}), "audit_event", errs.Unavailable, nil},
		"members of a group drop": {is("/api/v1/groups/*", "", simco.FaultResponse{Drop: 1}), "group_member", errs.Internal, nil},
		"users drop":              {is("/api/v1/users", "", simco.FaultResponse{Drop: 1}), "user_account", errs.Internal, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			co := newCompany(t, when)
			if err := co.SetFault(simco.Okta, c.fault); err != nil {
				t.Fatal(err)
			}
			s := co.read(t)
			for _, r := range (okta.Connector{}).Describe().Resources {
				broken := r == c.resource
				for _, also := range c.also {
					broken = broken || r == also
				}
				whole := len(s.Failures(r)) == 0
				for _, total := range s.Totals(r) {
					whole = whole && total.N == int64(len(s.Facts(r)))
				}
				if whole == broken {
					t.Errorf("%s: whole %v, failures %v, totals %v, %d rows", r, whole, s.Failures(r), s.Totals(r), len(s.Facts(r)))
				}
				if !broken && len(s.Facts(r)) != len(clean.Facts(r)) && c.resource != "user_account" {
					t.Errorf("%s: %d rows, want %d", r, len(s.Facts(r)), len(clean.Facts(r)))
				}
			}
			if f := s.Failures(c.resource); c.kind != errs.Internal && (len(f) == 0 || errs.KindOf(f[0]) != c.kind) {
				t.Errorf("failures are %v, want the kind %s", f, c.kind)
			}
			for _, u := range collecttest.Of[*collect.UserAccount](s) {
				if name == "factors 403" && u.SecondFactor != nil || name == "assignees 401" && u.Admin != nil {
					t.Errorf("what could not be read is said to be known: %+v", u)
				}
			}
			for _, p := range collecttest.Of[*collect.AuthPolicy](s) {
				if name == "rules 500" && p.Kind == "sign_on" && p.RequiresSecondFactor != nil {
					t.Errorf("the rules could not be read, yet %+v", p)
				}
			}
		})
	}
}

// A limit that passes costs time and no row.
func TestLimitsPass(t *testing.T) {
	t.Parallel()
	when := begin.AddDate(0, 0, 40)
	clean := newCompany(t, when).read(t)
	var mu sync.Mutex
	clock := begin
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	c := newCompany(t, when, simco.WithLimits(simco.Limits{OktaPerMinute: 100, OktaLogsPerMinute: 2}), simco.WithNow(now))
	var stats httpx.Stats
	host := strings.TrimPrefix(c.env.Settings["base_url"], "http://")
	c.env.HTTP = collecttest.Client(httpx.Options{AllowPrivate: []string{host}, Stats: &stats, Now: now, Sleep: func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		clock = clock.Add(d)
		return nil
	}})
	s := c.read(t)
	s.NoFailures(t)
	s.Reconciled(t)
	if s.Count() != clean.Count() || stats.Counts().Waits == 0 {
		t.Errorf("%d rows, want %d; %+v", s.Count(), clean.Count(), stats.Counts())
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 40))
	p, err := okta.Connector{}.Check(t.Context(), c.env)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range p {
		if g.Granted == nil || !*g.Granted {
			t.Errorf("%s: %v %s", g.Name, g.Granted, g.Detail)
		}
	}
	if err := c.SetFault(simco.Okta, func(r *http.Request, _ int) *simco.FaultResponse {
		if r.URL.Path == "/api/v1/apps" {
			return &simco.FaultResponse{Status: 403}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if p, err = (okta.Connector{}).Check(t.Context(), c.env); err != nil || *p[3].Granted || !*p[4].Granted || p[3].Detail == "" {
		t.Errorf("without the right to applications: %+v, %v", p, err)
	}
	c.env.Secrets = map[string]string{"token": "wrong"}
	if _, err := (okta.Connector{}).Check(t.Context(), c.env); !errs.Is(err, errs.Denied) {
		t.Errorf("a wrong token: %v", err)
	}
}

func BenchmarkDay(b *testing.B) {
	c := newCompany(b, begin.AddDate(0, 0, 40))
	var stats httpx.Stats
	host := strings.TrimPrefix(c.env.Settings["base_url"], "http://")
	c.env.HTTP = httpx.New(httpx.Options{AllowPrivate: []string{host}, Stats: &stats})
	rows := 0
	for b.Loop() {
		var s collecttest.Sink
		if err := (okta.Connector{}).Collect(b.Context(), c.env, &s); err != nil {
			b.Fatal(err)
		}
		rows += s.Count()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "facts/s")
	b.ReportMetric(float64(stats.Counts().Requests)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(stats.Counts().Requests)/float64(b.N), "requests/run")
}
