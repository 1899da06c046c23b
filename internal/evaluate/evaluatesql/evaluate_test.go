package evaluatesql_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evaluate/evaluatesql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/ledger/ledgersql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// day is 23:30 of a day in March 2026.
func day(d int) time.Time { return time.Date(2026, 3, d, 23, 30, 0, 0, time.UTC) }

type world struct {
	t            *testing.T
	svc          *evaluate.Service
	evidence     *evidencesql.Store
	engine       *evaluatesql.Engine
	scope, other access.Scope
	second       access.Scope // another person of the first organisation
	tests        []evaluate.Installed
}

const mergeTest = `id: github-merge-reviewed
version: 1
title: Merges are reviewed
asks: Was each merge reviewed?
kind: occurrence
severity: high
controls: [CHG-02]
inputs: [github.pull_request]
counted: A merge
population: SELECT id AS item_id FROM github.pull_request WHERE merged_at >= $from_at AND merged_at < $to_at
sql: |
  SELECT id AS item_id, title AS item_label, merged_at AS occurred_at,
    CASE WHEN merged_by IS NULL THEN 'unknown' WHEN merged_by <> author THEN 'pass' ELSE 'fail' END AS outcome,
    CASE WHEN merged_by = author THEN 'merged by its author' END AS reason
  FROM github.pull_request WHERE merged_at >= $from_at AND merged_at < $to_at
fix: Review.
fixtures: []
`

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	led := &ledgersql.Store{DB: db}
	acc := &access.Service{Store: &accesssql.Store{DB: db}, Credentials: &accesssql.Store{DB: db}, Tx: db, Recorder: led}
	w := &world{t: t, engine: newEngine(t)}
	for i, s := range []*access.Scope{&w.scope, &w.other} {
		o, _, err := acc.CreateOrg(t.Context(), day(1), "test", access.NewOrg{Slug: fmt.Sprint("org", i), Name: "Northwind"}, access.NewUser{Email: fmt.Sprintf("o%d@northwind.example", i), Name: "Owner"})
		w.ok(err)
		*s, err = acc.Operator(t.Context(), o.ID, "test")
		w.ok(err)
		if i == 0 {
			w.second, err = acc.As(t.Context(), *s, day(1), "o0@northwind.example")
			w.ok(err)
		}
	}
	w.evidence = &evidencesql.Store{DB: db, Ledger: led}
	store := &evaluatesql.Store{DB: db, Ledger: led}
	w.svc = &evaluate.Service{Store: store, Exceptions: store, Evidence: w.evidence, Engine: w.engine, Files: w.engine, Tx: db, Ledger: led}
	for _, text := range []string{sound, mergeTest} {
		d, err := evaluate.Parse([]byte(text))
		w.ok(err)
		w.ok(store.Install(t.Context(), w.scope, evaluate.Installed{Definition: d, Enabled: true, Params: map[string]string{}, Installed: day(1)}))
	}
	var err error
	w.tests, err = store.Installed(t.Context(), w.scope.ReadScope)
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// collect seals facts as if a run had read them.
func (w *world) collect(system, resource string, from, to time.Time, completeness evidence.Completeness, facts ...collect.Fact) {
	w.t.Helper()
	res, ok := collect.ResourceNamed(resource)
	if !ok {
		w.t.Fatal(resource)
	}
	run := id.New("run", to)
	path := fmt.Sprintf("facts/%s/%s.parquet", resource, run)
	wr, err := w.engine.Lake.Create(path, res.Row)
	w.ok(err)
	for _, f := range facts {
		w.ok(wr.Write(f))
	}
	sum, n, err := wr.Commit()
	w.ok(err)
	_, err = w.evidence.Seal(w.t.Context(), w.scope, evidence.Seal{Subject: run, At: to, Items: []evidence.Item{{
		ID: evidence.ItemID(run + "-0"), Kind: evidence.Snapshot, Title: resource, System: system, Source: system + "-main", Resource: resource, RunID: run, From: from, To: to, ReceivedAt: to,
		SHA256: sum, Bytes: n, Path: "lake:" + path, Rows: int64(len(facts)), Completeness: completeness, Gap: "gap in words", Status: evidence.Active,
	}}})
	w.ok(err)
}

func account(id string, lastSignIn *time.Time, at time.Time) *collect.UserAccount {
	return &collect.UserAccount{ID: id, Login: id, Status: "active", LastSignInAt: lastSignIn, Meta: collect.Meta{System: "okta", Source: "okta-main", CollectedAt: at}}
}

func (w *world) accounts(d int, fresh, stale, untold string) {
	var facts []collect.Fact
	for _, id := range strings.Fields(fresh) {
		facts = append(facts, account(id, collect.Ptr(day(d).Add(-time.Hour)), day(d)))
	}
	for _, id := range strings.Fields(stale) {
		facts = append(facts, account(id, collect.Ptr(day(d).AddDate(-1, 0, 0)), day(d)))
	}
	for _, id := range strings.Fields(untold) {
		facts = append(facts, account(id, nil, day(d)))
	}
	w.collect("okta", "user_account", day(d), day(d), evidence.Proven, facts...)
}

func (w *world) evaluate(at time.Time) evaluate.Batch {
	w.t.Helper()
	b, err := w.svc.Evaluate(w.t.Context(), w.scope, evaluate.Request{Tests: w.tests, AsOf: at, Trigger: "test", Now: at})
	w.ok(err)
	return b
}

func run(b evaluate.Batch, test string) evaluate.Run {
	for _, r := range b.Runs {
		if r.Test == test {
			return r
		}
	}
	return evaluate.Run{}
}

func (w *world) days(test string) string {
	w.t.Helper()
	ds, err := w.svc.Store.Days(w.t.Context(), w.scope.ReadScope, []string{test}, period.Closed(period.Make(2026, 3, 1), period.Make(2026, 3, 31)))
	w.ok(err)
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%d:%s", d.Date.Time().Day(), d.Outcome))
	}
	return strings.Join(out, " ")
}

func (w *world) intervals(f evaluate.Filter) string {
	w.t.Helper()
	res, err := w.svc.Store.Intervals(w.t.Context(), w.scope.ReadScope, f, paging.Query{Sort: "label"})
	w.ok(err)
	var out []string
	for _, i := range res.Rows {
		end := "…"
		if i.To != nil {
			end = fmt.Sprint(i.To.Day())
		}
		out = append(out, fmt.Sprintf("%s %s %d-%s", i.ItemID, i.Outcome, i.From.Day(), end))
	}
	return strings.Join(out, ", ")
}

// TestStateHistory follows accounts over days: what failed stays failed in its days, a gap is a gap, and unknown is
// never pass.
func TestStateHistory(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		const test = "okta-sound-test"
		if r := run(w.evaluate(day(1)), test); r.Outcome != evaluate.Unknown || !strings.Contains(r.Reason, "never collected") || r.Evaluated() {
			t.Errorf("before any collection: %+v", r)
		}
		w.accounts(2, "a b c", "", "")
		r := run(w.evaluate(day(2)), test)
		if r.Outcome != evaluate.Pass || r.Population != 3 || r.Counts[evaluate.Pass] != 3 || len(r.Inputs) != 1 || r.Inputs[0].Ref == "" || r.Hash == "" {
			t.Errorf("%+v", r)
		}
		w.accounts(3, "a", "b c", "")
		w.evaluate(day(3))
		w.accounts(4, "a", "b", "c") // c is now unknown
		w.evaluate(day(4))
		w.accounts(5, "a b c", "", "")
		w.evaluate(day(5))
		// Nothing on the 6th. On the 7th the source answers in part; on the 8th it is back, without b.
		w.collect("okta", "user_account", day(7), day(7), evidence.Incomplete, account("a", nil, day(7)))
		if r := run(w.evaluate(day(7)), test); r.Outcome != evaluate.Unknown || !strings.Contains(r.Reason, "incomplete: gap in words") {
			t.Errorf("after an incomplete collection: %+v", r)
		}
		w.accounts(8, "a", "c", "")
		w.evaluate(day(8))
		if r := run(w.evaluate(day(10)), test); r.Outcome != evaluate.Unknown || !strings.Contains(r.Reason, "48 hours old, at most 36 hours") {
			t.Errorf("two days later: %+v", r)
		}
		if got := w.days(test); got != "1:unknown 2:pass 3:fail 4:fail 5:pass 7:unknown 8:fail 10:unknown" {
			t.Error(got)
		}
		if got := w.intervals(evaluate.Filter{Tests: []string{test}}); got != "b fail 3-5, c fail 3-4, c unknown 4-5, c fail 8-…" {
			t.Error(got)
		}
		if got := w.intervals(evaluate.Filter{Open: true}); got != "c fail 8-…" {
			t.Error(got)
		}
		// Looking at a past day again tells the same, and moves nothing.
		again := run(w.evaluate(day(3)), test)
		if again.Counts[evaluate.Fail] != 2 || w.intervals(evaluate.Filter{Open: true}) != "c fail 8-…" {
			t.Errorf("%+v, %s", again, w.intervals(evaluate.Filter{}))
		}
		last, err := w.svc.Store.Last(t.Context(), w.scope.ReadScope)
		w.ok(err)
		if !last[test].AsOf.Equal(day(10)) {
			t.Errorf("last run %v", last[test].AsOf)
		}
		theirs, err := w.svc.Store.Runs(t.Context(), w.other.ReadScope, "", paging.Query{})
		w.ok(err)
		if theirs.Total != 0 {
			t.Error("another organisation sees runs")
		}
	})
}

// TestWorstOfTheDay: a failure seen in the morning is not undone by the evening.
func TestWorstOfTheDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	morning := day(2).Add(-12 * time.Hour)
	w.collect("okta", "user_account", morning, morning, evidence.Proven, account("a", collect.Ptr(morning.AddDate(-1, 0, 0)), morning))
	w.evaluate(morning)
	w.accounts(2, "a", "", "")
	w.evaluate(day(2))
	if got := w.days("okta-sound-test"); got != "2:fail" {
		t.Error(got)
	}
	if got := w.intervals(evaluate.Filter{}); got != "a fail 2-2" {
		t.Error(got)
	}
}

// TestSameInputsSameBytes evaluates twice, on two engines.
func TestSameInputsSameBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.accounts(2, "a b c d e", "f g h", "i j")
	first := w.evaluate(day(2))
	other := newEngine(t)
	other.Lake = w.engine.Lake
	w.svc.Engine = other
	second := w.evaluate(day(2))
	a, b := run(first, "okta-sound-test"), run(second, "okta-sound-test")
	if a.Hash != b.Hash || first.ResultsSHA256 != second.ResultsSHA256 {
		t.Errorf("%s %s, files %s %s", a.Hash, b.Hash, first.ResultsSHA256, second.ResultsSHA256)
	}
}

func merge(id string, by *string, merged time.Time, collected time.Time) *collect.PullRequest {
	return &collect.PullRequest{ID: id, Repository: "r", Title: "T " + id, Author: "ann", MergedBy: by, MergedAt: &merged, CreatedAt: merged, UpdatedAt: merged, State: "merged",
		Meta: collect.Meta{System: "github", Source: "github-main", CollectedAt: collected}}
}

func (w *world) happenings() string {
	w.t.Helper()
	res, err := w.svc.Store.Happenings(w.t.Context(), w.scope.ReadScope, evaluate.Filter{}, paging.Query{Sort: "label"})
	w.ok(err)
	var out []string
	for _, h := range res.Rows {
		out = append(out, fmt.Sprintf("%s %s %d", h.ItemID, h.Outcome, h.Occurred.Day()))
	}
	return strings.Join(out, ", ")
}

// TestOccurrences judges merges as they come in, again when later facts change a verdict, and never forgets a failure that
// the source no longer tells of.
func TestOccurrences(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		const test = "github-merge-reviewed"
		ann, bob := collect.Ptr("ann"), collect.Ptr("bob")
		w.collect("github", "pull_request", time.Time{}, day(9), evidence.Asserted, merge("1", bob, day(8), day(9)), merge("2", ann, day(9).Add(-time.Hour), day(9)), merge("3", nil, day(9).Add(-2*time.Hour), day(9)))
		r := run(w.evaluate(day(9)), test)
		if r.Outcome != evaluate.Fail || r.Population != 3 || r.Counts[evaluate.Pass] != 1 || r.Counts[evaluate.Unknown] != 1 {
			t.Errorf("%+v", r)
		}
		if got := w.happenings(); got != "2 fail 9, 3 unknown 9" {
			t.Error(got)
		}
		// The next increment tells who merged 3.
		w.collect("github", "pull_request", day(9), day(10), evidence.Asserted, merge("3", bob, day(9).Add(-2*time.Hour), day(10)))
		w.evaluate(day(10))
		if got := w.happenings(); got != "2 fail 9" {
			t.Error(got)
		}
		if got := w.days(test); got != "1:not_applicable 2:not_applicable 3:not_applicable 4:not_applicable 5:not_applicable 6:not_applicable 7:not_applicable 8:pass 9:fail 10:not_applicable" {
			t.Error(got)
		}
		// The source forgets: the increment that held 2 is withdrawn, a new one lacks it.
		items, err := w.evidence.Stream(t.Context(), w.scope.ReadScope, "github", "pull_request", day(1), day(9))
		w.ok(err)
		w.ok(w.evidence.Withdraw(t.Context(), w.scope, items[0].ID, day(10), "read again"))
		w.collect("github", "pull_request", time.Time{}, day(10), evidence.Asserted, merge("1", bob, day(8), day(10)))
		w.evaluate(day(10).Add(time.Minute))
		if got := w.happenings(); got != "2 fail 9" {
			t.Errorf("the failure was forgotten: %q", got)
		}
		// Over the whole period, every occurrence at once.
		p := period.Closed(period.Make(2026, 3, 1), period.Make(2026, 3, 10))
		b, err := w.svc.Evaluate(t.Context(), w.scope, evaluate.Request{Tests: w.tests, AsOf: day(11), Now: day(11), Period: &p})
		w.ok(err)
		if r := run(b, test); r.Population != 2 || !r.From.Equal(p.From.Time()) {
			t.Errorf("%+v", r)
		}
	})
}

// TestManyPassing: what did not pass and now does is known to, although those that pass are too many to be kept by name.
func TestManyPassing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.engine.KeepPassing = 1
	bob := collect.Ptr("bob")
	w.collect("github", "pull_request", time.Time{}, day(9), evidence.Asserted, merge("1", bob, day(8), day(9)), merge("2", bob, day(8), day(9)), merge("3", nil, day(9).Add(-2*time.Hour), day(9)))
	w.evaluate(day(9))
	if got := w.happenings(); got != "3 unknown 9" {
		t.Error(got)
	}
	w.collect("github", "pull_request", day(9), day(10), evidence.Asserted, merge("3", bob, day(9).Add(-2*time.Hour), day(10)))
	b := w.evaluate(day(10))
	if got := w.happenings(); got != "" || len(b.Passing["github-merge-reviewed"]) != 0 {
		t.Errorf("%q, %v kept", got, b.Passing)
	}
}

// TestStreamGap: a window that increments do not cover gives unknown with the gap, not a smaller population.
func TestStreamGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	const test = "github-merge-reviewed"
	bob := collect.Ptr("bob")
	reason := func(at time.Time) string {
		r := run(w.evaluate(at), test)
		if r.Outcome != evaluate.Unknown {
			return string(r.Outcome)
		}
		return r.Reason
	}
	w.collect("github", "pull_request", day(5), day(6), evidence.Asserted, merge("1", bob, day(5).Add(time.Hour), day(6)))
	if got := reason(day(6)); !strings.Contains(got, "begins 2026-03-05, after the window's") {
		t.Error(got)
	}
	w.collect("github", "pull_request", time.Time{}, day(5), evidence.Asserted)
	if got := reason(day(6)); got != "pass" {
		t.Error(got)
	}
	w.collect("github", "pull_request", day(6), day(7), evidence.Incomplete)
	w.collect("github", "pull_request", day(7), day(8), evidence.Asserted)
	if got := reason(day(8)); !strings.Contains(got, "gap from 2026-03-06T23:30:00Z to 2026-03-07T23:30:00Z") {
		t.Error(got)
	}
	w.collect("github", "pull_request", day(6), day(8), evidence.Asserted)
	if got := reason(day(8)); got != "pass" {
		t.Error(got)
	}
	if got := reason(day(11)); !strings.Contains(got, "complete only up to") {
		t.Error(got)
	}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		at, month := day(3), day(31)
		ask := func(s access.Scope, test, item, reason string, until time.Time) error {
			_, err := w.svc.RequestException(t.Context(), s, at, test, item, reason, until)
			return err
		}
		const why = "Break-glass account, kept in the safe and counted monthly."
		for name, c := range map[string]struct {
			err  error
			kind errs.Kind
		}{
			"no such test": {ask(w.scope, "no-test", "a", why, month), errs.NotFound},
			"no reason":    {ask(w.scope, "okta-sound-test", "a", "because", month), errs.Invalid},
			"no item":      {ask(w.scope, "okta-sound-test", " ", why, month), errs.Invalid},
			"in the past":  {ask(w.scope, "okta-sound-test", "a", why, day(1)), errs.Invalid},
			"for ever":     {ask(w.scope, "okta-sound-test", "a", why, at.AddDate(5, 0, 0)), errs.Invalid},
			"other org":    {ask(w.other, "okta-sound-test", "a", why, month), errs.NotFound},
		} {
			if !errs.Is(c.err, c.kind) {
				t.Errorf("%s: %v", name, c.err)
			}
		}
		e, err := w.svc.RequestException(t.Context(), w.scope, at, "okta-sound-test", "b", why, month)
		w.ok(err)
		if e.Ref != "EX-1" || e.State(at) != "requested" || e.Active(at) {
			t.Errorf("%+v", e)
		}
		if _, err := w.svc.ApproveException(t.Context(), w.scope, at, "EX-1"); !errs.Is(err, errs.Denied) {
			t.Errorf("approved by whoever asked: %v", err)
		}
		if _, err := w.svc.ApproveException(t.Context(), w.other, at, "EX-1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("approved from another organisation: %v", err)
		}
		e, err = w.svc.ApproveException(t.Context(), w.second, at, "EX-1")
		w.ok(err)
		if !e.Active(at) || e.Active(month) || !e.Covers("okta-sound-test", "b") || e.Covers("okta-sound-test", "a") {
			t.Errorf("%+v", e)
		}
		if _, err := w.svc.ApproveException(t.Context(), w.second, at, "EX-1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("approved twice: %v", err)
		}
		// It changes nothing about the verdict.
		w.accounts(4, "a", "b", "")
		if r := run(w.evaluate(day(4)), "okta-sound-test"); r.Counts[evaluate.Fail] != 1 {
			t.Errorf("the exception changed the outcome: %+v", r)
		}
		e, err = w.svc.RevokeException(t.Context(), w.scope, day(5), "EX-1")
		w.ok(err)
		if e.Active(day(6)) || !e.Active(day(4)) || e.State(day(6)) != "revoked" {
			t.Errorf("%+v", e)
		}
	})
}

// TestBadTestDoesNotStopOthers: a test that the engine refuses is unknown with the reason.
func TestBadTestDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	bad, err := evaluate.Parse([]byte(strings.Replace(strings.Replace(sound, "id: okta-sound-test", "id: okta-bad-test", 1), "login AS item_label", "nonsense AS item_label", 1)))
	w.ok(err)
	w.tests = append(w.tests, evaluate.Installed{Definition: bad, Enabled: true})
	w.accounts(2, "a", "", "")
	b := w.evaluate(day(2))
	if r := run(b, "okta-bad-test"); r.Outcome != evaluate.Unknown || !strings.Contains(r.Reason, "refused") {
		t.Errorf("%+v", r)
	}
	if r := run(b, "okta-sound-test"); r.Outcome != evaluate.Pass {
		t.Errorf("%+v", r)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	changed, err := evaluate.Parse([]byte(strings.Replace(sound, "Accounts are few", "Accounts are fewer", 1)))
	w.ok(err)
	if err := w.svc.Store.Install(t.Context(), w.scope, evaluate.Installed{Definition: changed, Installed: day(2)}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a version got a second text: %v", err)
	}
	v2, err := evaluate.Parse([]byte(strings.Replace(sound, "version: 1", "version: 2", 1)))
	w.ok(err)
	w.ok(w.svc.Store.Install(t.Context(), w.scope, evaluate.Installed{Definition: v2, Enabled: true, Params: map[string]string{"days": "30"}, Installed: day(2)}))
	all, err := w.svc.Store.Versions(t.Context(), w.scope.ReadScope, "okta-sound-test")
	w.ok(err)
	if len(all) != 2 || all[0].Definition.Version != 2 || all[0].Params["days"] != "30" {
		t.Errorf("%+v", all)
	}
	newest, err := w.svc.Store.Installed(t.Context(), w.scope.ReadScope)
	w.ok(err)
	if len(newest) != 2 {
		t.Errorf("%d tests", len(newest))
	}
}
