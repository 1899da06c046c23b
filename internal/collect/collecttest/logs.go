package collecttest

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
)

// LogStart is the instant at which the tests of audit logs begin, in the middle of a life of 60 days.
var LogStart = time.Date(2026, 4, 14, 9, 0, 0, 0, time.UTC)

// Log is a connector that reads an audit log of the simulated company.
type Log struct {
	System string // of the company
	New    func(now func() time.Time) collect.Connector
	// Settings and secrets of a connection to a server.
	Settings func(t simco.Tokens, server string) map[string]string
	Secrets  func(co *simco.Company, server string) map[string]string
	// Truth is what the source keeps of what happened from an instant up to another.
	Truth func(co *simco.Company, from, to time.Time) []simco.LogEntry
	// ByReceipt says that the source is asked by the time at which it began to show a record.
	ByReceipt bool
	Memory    time.Duration // how far back the source remembers; 0 for ever
}

// LogBench is a connector before its source.
type LogBench struct {
	Log
	T         testing.TB
	Co        *simco.Company
	Server    *httptest.Server
	Connector collect.Connector
	Env       collect.Env
}

// lent is a company whose systems limit how often they are asked, by a clock that goes on while clients wait.
type lent struct {
	co    *simco.Company
	slept atomic.Int64
}

func (x *lent) now() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(x.slept.Load())) }

// idle are companies that no test uses: making one takes longer than reading it.
var idle struct {
	sync.Mutex
	list []*lent
}

func borrow(t testing.TB) *lent {
	t.Helper()
	idle.Lock()
	defer idle.Unlock()
	if n := len(idle.list); n > 0 {
		x := idle.list[n-1]
		idle.list = idle.list[:n-1]
		return x
	}
	x := &lent{}
	var err error
	x.co, err = simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Days: 60, Start: LogStart.AddDate(0, 0, -40).Truncate(24 * time.Hour), Planted: true},
		simco.WithLimits(simco.Limits{AWSPerSecond: 2, EntraPerMinute: 40, GooglePerMinute: 60, GitLabPerMinute: 40}), simco.WithNow(x.now))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Open makes a server of a company.
func (l Log) Open(t testing.TB) *LogBench {
	t.Helper()
	x := borrow(t)
	co := x.co
	server := httptest.NewServer(co.Handler(l.System))
	t.Cleanup(func() {
		server.Close()
		if err := co.SetFault(l.System, nil); err != nil {
			t.Error(err)
		}
		idle.Lock()
		defer idle.Unlock()
		idle.list = append(idle.list, x)
	})
	co.SetClock(LogStart)
	if err := co.SetFault(l.System, nil); err != nil { // counts from here
		t.Fatal(err)
	}
	return &LogBench{Log: l, T: t, Co: co, Server: server, Connector: l.New(co.Clock), Env: collect.Env{
		Settings: l.Settings(co.Tokens(), server.URL), Secrets: l.Secrets(co, server.URL), Marks: map[string]collect.Mark{},
		HTTP: Client(httpx.Options{Now: x.now, Sleep: func(ctx context.Context, d time.Duration) error {
			x.slept.Add(int64(d))
			return ctx.Err()
		}}, server),
	}}
}

// Run collects at an instant, from where the run before stopped.
func (b *LogBench) Run(at time.Time) *Sink {
	b.T.Helper()
	b.Co.SetClock(at)
	b.Env.Until = at
	if b.Env.Since.IsZero() {
		b.Env.Since = at.AddDate(0, 0, -2)
	}
	s := &Sink{}
	if err := b.Connector.Collect(b.T.Context(), b.Env, s); err != nil {
		b.T.Fatalf("at %s: %v", at, err)
	}
	maps.Copy(b.Env.Marks, s.Marks())
	return s
}

// want are the records that must have come by an instant, by their bytes.
func (b *LogBench) want(from, to, by time.Time) map[string]bool {
	out := map[string]bool{}
	for _, e := range b.Truth(b.Co, from, to) {
		if e.Shown.Before(by) {
			out[e.Raw] = true
		}
	}
	return out
}

// came counts records by their bytes.
func came(sinks ...*Sink) map[string]int {
	out := map[string]int{}
	for _, s := range sinks {
		for _, f := range Of[*collect.AuditEvent](s) {
			out[f.Raw]++
		}
	}
	return out
}

// exactly fails the test where not just what was wanted came, each once. Records beyond are those of allowed.
func (b *LogBench) exactly(got map[string]int, want, allowed map[string]bool) {
	b.T.Helper()
	missing, twice, strange := 0, 0, 0
	for raw := range want {
		if got[raw] == 0 {
			missing++
		}
	}
	for raw, n := range got {
		if n > 1 {
			twice++
		}
		if !want[raw] && !allowed[raw] {
			strange++
		}
	}
	if len(want) < 10 || missing+twice+strange > 0 {
		b.T.Errorf("of %d records %d are missing, %d came more than once, %d were not to come", len(want), missing, twice, strange)
	}
}

// Test is what every connector to an audit log keeps.
func (l Log) Test(t *testing.T) {
	t.Helper()
	CheckDescription(t, l.New(func() time.Time { return LogStart }).Describe())
	for name, run := range map[string]func(*LogBench){"pulls": (*LogBench).pulls, "faults": (*LogBench).faults, "refusals": (*LogBench).refusals, "guard": (*LogBench).guard, "gap": (*LogBench).gap} {
		t.Run(name, func(t *testing.T) { run(l.Open(t)) }) // one after the other, with one company
	}
}

// pulls: over many runs every record comes once, byte for byte, the late ones too.
func (b *LogBench) pulls() {
	t := b.T
	t.Helper()
	var sinks []*Sink
	at, end := LogStart, LogStart.Add(6*time.Hour)
	first := b.Run(at)
	first.NoFailures(t)
	first.Laws(t, b.Connector.Describe(), slices.Collect(maps.Values(b.Env.Secrets))...)
	b.exactly(came(first), b.want(at.AddDate(0, 0, -2), at, at), nil)
	sinks = append(sinks, first)
	for at.Before(end) {
		at = at.Add(10 * time.Minute)
		sinks = append(sinks, b.Run(at))
	}
	for range 6 {
		at = at.Add(5 * time.Hour)
		sinks = append(sinks, b.Run(at))
	}
	for _, s := range sinks {
		s.NoFailures(t)
	}
	by := at
	if b.ByReceipt {
		by = end
	}
	b.exactly(came(sinks...), b.want(LogStart.AddDate(0, 0, -2), end, by), b.want(LogStart.AddDate(0, 0, -3), at, at))
	if last := b.Run(at.Add(time.Second)); last.Count() > 20 {
		t.Errorf("a second later %d records come again", last.Count())
	}
	for _, m := range b.Env.Marks {
		if m.Through.Before(at) || len(m.Known) > 5000 {
			t.Errorf("the mark %s stands at %s and holds %d records", m.Stream, m.Through, len(m.Known))
		}
	}
}

// faults: what passes is waited for; what does not is told, and the next run brings what was missed, once.
func (b *LogBench) faults() {
	t := b.T
	t.Helper()
	want := b.want(LogStart.AddDate(0, 0, -2), LogStart, LogStart)
	for name, f := range map[string]simco.FaultResponse{
		"too many":  {Status: 429, RetryAfter: 7 * time.Second},
		"an error":  {Status: 503},
		"a cut":     {Truncate: 200},
		"no answer": {Status: 500},
	} {
		b.Env.Marks = map[string]collect.Mark{}
		b.fault(func(n int) *simco.FaultResponse {
			if n%3 == 0 {
				return &f
			}
			return nil
		})
		s := b.Run(LogStart)
		if f := s.Failures("audit_event"); len(f) > 0 {
			t.Errorf("%s: %v", name, f)
		}
		b.exactly(came(s), want, nil)
	}
	for name, f := range map[string]simco.FaultResponse{
		"a page of HTML":  {Malformed: true},
		"a wrong address": {Status: 404},
	} {
		b.Env.Marks = map[string]collect.Mark{}
		b.fault(func(n int) *simco.FaultResponse {
			if n > 1 {
				return &f
			}
			return nil
		})
		broken := b.Run(LogStart)
		if len(broken.Failures("audit_event")) == 0 {
			t.Errorf("%s is not told", name)
		}
		b.fault(nil)
		b.exactly(came(broken, b.Run(LogStart)), want, nil)
	}
}

func (b *LogBench) fault(f func(n int) *simco.FaultResponse) {
	b.T.Helper()
	var hook simco.Fault
	if f != nil {
		hook = func(_ *http.Request, n int) *simco.FaultResponse { return f(n) }
	}
	if err := b.Co.SetFault(b.System, hook); err != nil {
		b.T.Fatal(err)
	}
}

// refusals: a credential that has ended and a right that is missing are told, each with what to do.
func (b *LogBench) refusals() {
	t := b.T
	t.Helper()
	b.Env.Until, b.Env.Since = LogStart, LogStart.Add(-time.Hour)
	p, err := b.Connector.Check(t.Context(), b.Env)
	if err != nil || len(p) == 0 || p[0].Granted == nil || !*p[0].Granted {
		t.Errorf("a good connection: %+v %v", p, err)
	}
	for _, status := range []int{401, 403} {
		b.fault(func(int) *simco.FaultResponse { return &simco.FaultResponse{Status: status} })
		p, err := b.Connector.Check(t.Context(), b.Env)
		if err == nil && (len(p) == 0 || p[0].Granted == nil || *p[0].Granted || p[0].Detail == "") {
			t.Errorf("%d: the trial says %+v", status, p)
		}
		s := &Sink{}
		if err := b.Connector.Collect(t.Context(), b.Env, s); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		f := s.Failures("audit_event")
		if len(f) == 0 || s.Count() > 0 {
			t.Errorf("%d: a run says nothing of it", status)
			continue
		}
		for name, secret := range b.Env.Secrets {
			if strings.Contains(f[0].Error(), secret) {
				t.Errorf("%d: the error holds the secret %s", status, name)
			}
		}
	}
}

// guard: an address that is not on the public internet is not asked unless it is allowed.
func (b *LogBench) guard() {
	t := b.T
	t.Helper()
	b.Env.HTTP = httpx.New(httpx.Options{})
	if f := b.Run(LogStart).Failures("audit_event"); len(f) == 0 || !strings.Contains(f[0].Error(), "not on the public internet") {
		t.Errorf("a forbidden address: %v", f)
	}
	if n := b.Co.Requests(b.System); n > 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// gap: what the source forgot since the last run is told, once, and the log is read on from there.
func (b *LogBench) gap() {
	t := b.T
	t.Helper()
	b.Run(LogStart)
	ago := 30
	if b.Memory > 0 {
		ago = 400
	}
	for name, m := range b.Env.Marks {
		m.Through = LogStart.AddDate(0, 0, -ago)
		m.Begin, m.Deep = m.Through, m.Through
		b.Env.Marks[name] = m
	}
	f := b.Run(LogStart.Add(time.Hour)).Failures("audit_event")
	if b.Memory == 0 {
		if len(f) > 0 {
			t.Errorf("nothing is forgotten, and yet: %v", f)
		}
		return
	}
	if len(f) != len(b.Env.Marks) || !strings.Contains(f[0].Error(), "cannot be read any more") {
		t.Errorf("of what is forgotten is said: %v", f)
	}
	b.Run(LogStart.Add(2 * time.Hour)).NoFailures(t)
}

// Answers runs a connector against a server that gives one answer after the other, the last for ever, and says what came of it. Settings
// are those of open, with the server's address in place of {server}.
func Answers(t testing.TB, c collect.Connector, settings, secrets map[string]string, answers ...string) (s *Sink, asked int) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		text := answers[min(asked, len(answers))-1]
		if strings.HasPrefix(text, "<") {
			w.Header().Set("Content-Type", "text/html")
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	fill := func(m map[string]string) map[string]string {
		out := map[string]string{}
		for k, v := range m {
			out[k] = strings.ReplaceAll(v, "{server}", server.URL)
		}
		return out
	}
	s = &Sink{}
	e := collect.Env{Settings: fill(settings), Secrets: fill(secrets), HTTP: Client(httpx.Options{}, server), Since: LogStart.Add(-time.Hour), Until: LogStart}
	if err := c.Collect(t.Context(), e, s); err != nil {
		t.Fatal(err)
	}
	return s, asked
}

// Hostile fails the test where an answer that is none is taken for one: each must be told as a failure, and must not move the mark.
func Hostile(t *testing.T, c collect.Connector, settings, secrets map[string]string, before string, answers map[string]string) {
	t.Helper()
	for name, text := range answers {
		list := []string{text}
		if before != "" {
			list = []string{before, text}
		}
		s, asked := Answers(t, c, settings, secrets, list...)
		f := s.Failures("audit_event")
		if len(f) == 0 || asked > 20 {
			t.Errorf("%s: %d records, %v, %d requests", name, s.Count(), f, asked)
		}
		for _, m := range s.Marks() {
			if !m.Through.Before(LogStart) {
				t.Errorf("%s moves the mark to %s", name, m.Through)
			}
		}
	}
}

// Odd fails the test where a record that cannot be read is not kept as it came, holds up the others, or is not told.
func Odd(t *testing.T, c collect.Connector, settings, secrets map[string]string, want []string, answers ...string) {
	t.Helper()
	s, _ := Answers(t, c, settings, secrets, answers...)
	got := came(s)
	for _, raw := range want {
		if got[raw] != 1 {
			t.Errorf("%s came %d times", raw, got[raw])
		}
	}
	if len(got) != len(want) || len(s.Failures("audit_event")) == 0 {
		t.Errorf("%d records came, %d wanted; told is %v", len(got), len(want), s.Failures("audit_event"))
	}
	for _, m := range s.Marks() {
		if !m.Through.Equal(LogStart) {
			t.Errorf("the mark stands at %s", m.Through)
		}
	}
	s.Laws(t, c.Describe())
}
