package view_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/engagement/engagementsql"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evaluate/evaluatesql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/view"
)

// programme is ten days of two tests of IAM-02 (one a state, one what happened), one of IAM-04 that was never evaluated, and
// an examination over them.
//
//	day        1    2    3    4    5    6    7    8    9   10
//	mfa      pass pass fail fail pass  -   pass  no  pass fail   ("-" not evaluated, "no" no verdicts)
//	leavers  pass pass pass pass pass pass fail pass pass pass   (one failed on day 7)
type programme struct {
	*accesstest.World
	view *view.Reader
	eval *evaluate.Service
	read access.ReadScope
	now  time.Time
}

const stateTest = `id: okta-mfa
version: 1
title: Everybody has a second factor
asks: Has everybody a second factor?
kind: state
severity: critical
controls: [IAM-02]
inputs: [okta.user_account]
counted: An account
population: SELECT id AS item_id FROM okta.user_account
sql: SELECT id AS item_id, id AS item_label, 'pass' AS outcome, NULL AS reason FROM okta.user_account
fix: Enrol one.
params: {grace_hours: {type: bigint, default: "24", unit: hours, meaning: How long it may take.}}
`

// at is 23:30 of a day of the ten, from 1.
func at(d int) time.Time { return time.Date(2026, 3, 9+d, 23, 30, 0, 0, time.UTC) }

func newProgramme(t *testing.T, db *sqldb.DB) *programme {
	t.Helper()
	w := accesstest.New(t, db)
	c, err := catalog.Load()
	ok(t, err)
	store := &evaluatesql.Store{DB: db, Ledger: w.Ledger}
	p := &programme{World: w, view: view.New(db, c), read: w.Reader(t, "auditor@harlow-pike.example", access.Auditor), now: at(10).Add(time.Hour),
		eval: &evaluate.Service{Store: store, Exceptions: store, Tx: db, Ledger: w.Ledger}}
	controls := &control.Service{Store: &controlsql.Store{DB: db}, Complements: &controlsql.Store{DB: db}, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
	_, err = controls.Adopt(t.Context(), w.Operator, at(0), control.Adoption{Refs: []string{"IAM-02", "IAM-04", "GOV-01"}, Approve: true})
	ok(t, err)
	_, err = controls.Assign(t.Context(), w.Owner, at(0), "IAM-02", string(w.OwnerUser.ID), "")
	ok(t, err)
	leavers := strings.NewReplacer("okta-mfa", "okta-leavers", "kind: state", "kind: occurrence", "critical", "high", "Everybody has a second factor", "Leavers are removed", "grace_hours", "within_hours").Replace(stateTest)
	never := strings.NewReplacer("okta-mfa", "okta-never", "IAM-02", "IAM-04").Replace(stateTest)
	for _, text := range []string{stateTest, leavers, never} {
		d, err := evaluate.Parse([]byte(text))
		ok(t, err)
		ok(t, store.Install(t.Context(), w.Owner, evaluate.Installed{Definition: d, Enabled: true, Params: map[string]string{}, Installed: at(0)}))
	}
	_, err = (&engagementsql.Store{DB: db, Ledger: w.Ledger}).Add(t.Context(), w.Owner, engagement.Engagement{
		ID: "eng_1", Report: "soc2", Type: 2, Title: "SOC 2 Type 2", Categories: []string{"security"}, Period: period.Period{From: period.Of(at(2)), To: period.Of(at(2)) + 365},
		Standards: []string{}, Status: "observation", Created: at(0), By: string(w.OwnerUser.ID),
	})
	ok(t, err)
	for d, o := range strings.Fields("pass pass fail fail pass - pass no pass fail") {
		p.evaluate(t, store, d+1, o)
	}
	return p
}

// evaluate records a day of both tests.
func (p *programme) evaluate(t *testing.T, store *evaluatesql.Store, d int, mfa string) {
	t.Helper()
	b := evaluate.Batch{ID: fmt.Sprint("evb_", d), AsOf: at(d), At: at(d), ResultsPath: "results/x.parquet", ResultsSHA256: "aa", Items: map[string][]evaluate.Item{}, Passing: map[string][]string{}, Days: map[string][]evaluate.Day{}}
	run := func(test string, o evaluate.Outcome, fail, pass int64) evaluate.Run {
		return evaluate.Run{ID: evaluate.RunID(fmt.Sprintf("evr_%s_%d", test, d)), Batch: b.ID, Test: test, Version: 1, TestSHA256: p.sha(t, store, test), AsOf: at(d), Trigger: "schedule", Outcome: o, Population: fail + pass,
			Counts: map[evaluate.Outcome]int64{evaluate.Fail: fail, evaluate.Pass: pass}, Hash: "hh", Params: map[string]string{}, Created: at(d),
			Inputs: []evaluate.InputUsed{{Table: "okta.user_account", Ref: "EV-2026-00001", Source: "okta-main", Rows: 3, Completeness: evidence.Proven}}}
	}
	switch mfa {
	case "pass":
		b.Runs = append(b.Runs, run("okta-mfa", evaluate.Pass, 0, 3))
	case "fail":
		b.Runs = append(b.Runs, run("okta-mfa", evaluate.Fail, 1, 2))
		b.Items["okta-mfa"] = []evaluate.Item{{ID: "u/1", Label: "ada@northwind.example", Outcome: evaluate.Fail, Reason: "no factor", Columns: json.RawMessage(`{"item_id":"u/1","factors":0}`)}}
	case "no":
		r := run("okta-mfa", evaluate.Unknown, 0, 0)
		r.Hash, r.Population, r.Reason = "", 0, "okta.user_account was never collected"
		b.Runs = append(b.Runs, r)
	}
	r := run("okta-leavers", evaluate.Pass, 0, 1)
	r.From, r.To = at(d).Add(-8*24*time.Hour), at(d)
	o, fail := evaluate.Pass, int64(0)
	if d >= 7 {
		b.Items["okta-leavers"] = []evaluate.Item{{ID: "w1", Label: "bob@northwind.example", Outcome: evaluate.Fail, Reason: "late", Occurred: at(7).Add(-time.Hour).Format("2006-01-02 15:04:05"), Columns: json.RawMessage(`{"item_id":"w1"}`)}}
		r.Outcome, r.Counts[evaluate.Fail] = evaluate.Fail, 1
	}
	if d == 7 {
		o, fail = evaluate.Fail, 1
	}
	b.Days["okta-leavers"] = []evaluate.Day{{Test: "okta-leavers", Date: period.Of(at(d)), Outcome: o, Counts: map[evaluate.Outcome]int64{evaluate.Fail: fail}}}
	b.Runs = append(b.Runs, r)
	ok(t, store.Record(t.Context(), p.Owner, b))
}

func (p *programme) sha(t *testing.T, store *evaluatesql.Store, test string) string {
	t.Helper()
	v, err := store.Versions(t.Context(), p.Owner.ReadScope, test)
	ok(t, err)
	return v[0].Definition.SHA256()
}

// letters writes a strip: P pass, F fail, ? no answer, n not applicable, - nothing.
func letters(d chart.StripData) string {
	var b strings.Builder
	for _, r := range d.Normal() {
		b.WriteString(strings.Repeat(map[chart.Outcome]string{chart.Pass: "P", chart.Fail: "F", chart.Unknown: "?", chart.NotApplicable: "n", chart.None: "-"}[r.Outcome], r.Days))
	}
	return strings.TrimLeft(b.String(), "-")
}

func TestControl(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		c, err := p.view.Control(t.Context(), p.read, "iam-02", p.now)
		ok(t, err)
		// Day 6: one of the two tests was not evaluated. A gap is no pass.
		if got := letters(c.Strip); got != "PPFFP?F?PF-" {
			t.Errorf("strip %s", got)
		}
		if c.State != chart.Fail || c.Tests != 2 || c.Failing != 2 || c.Owner == "" {
			t.Errorf("state %v, %d tests, %d failing, owner %q", c.State, c.Tests, c.Failing, c.Owner)
		}
		// The window begins on the second day, and today was not evaluated yet.
		if f := c.InWindow; f != (view.Figures{Days: 365, Elapsed: 10, Tested: 9, Pass: 3, Fail: 4, Unknown: 2, Gap: 1}) {
			t.Errorf("figures %+v", f)
		}
		var got []string
		for _, x := range c.Stretches {
			got = append(got, fmt.Sprintf("%v %d %d %v %v", x.From, x.Days(), x.Most, x.Tests, x.Open))
		}
		want := []string{"2026-03-19 1 1 [okta-mfa] true", "2026-03-16 1 1 [okta-leavers] false", "2026-03-12 2 1 [okta-mfa] false"}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("stretches\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if len(c.Meets) == 0 || c.Meets[0].Framework != catalog.TSC || c.Meets[0].Title == "" {
			t.Errorf("meets %+v", c.Meets)
		}
		for _, other := range []string{"AC-01", "", "%"} {
			if _, err := p.view.Control(t.Context(), p.read, other, p.now); !errs.Is(err, errs.NotFound) {
				t.Errorf("control %q: %v", other, err)
			}
		}
	})
}

func TestControls(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		fail, none := chart.Fail, chart.None
		for _, c := range []struct {
			name string
			f    view.ControlFilter
			q    paging.Query
			want string
		}{
			{"all", view.ControlFilter{}, paging.Query{}, "GOV-01 IAM-02 IAM-04"},
			{"sorted by state", view.ControlFilter{}, paging.Query{Sort: "state"}, "IAM-02 GOV-01 IAM-04"},
			{"descending", view.ControlFilter{}, paging.Query{Sort: "ref", Desc: true}, "IAM-04 IAM-02 GOV-01"},
			{"second page", view.ControlFilter{}, paging.Query{Page: 2, Size: 2}, "IAM-04"},
			{"beyond the last", view.ControlFilter{}, paging.Query{Page: 9, Size: 2}, ""},
			{"failing", view.ControlFilter{State: &fail}, paging.Query{}, "IAM-02"},
			{"not tested", view.ControlFilter{State: &none}, paging.Query{}, "GOV-01 IAM-04"},
			{"domain", view.ControlFilter{Domain: "GOV"}, paging.Query{}, "GOV-01"},
			{"words", view.ControlFilter{}, paging.Query{Search: "MULTI authentication"}, "IAM-02"},
			{"owner", view.ControlFilter{Owner: string(p.OwnerUser.ID)}, paging.Query{}, "IAM-02"},
			{"nobody's", view.ControlFilter{Owner: "none"}, paging.Query{}, "GOV-01 IAM-04"},
			{"requirement", view.ControlFilter{Framework: catalog.TSC, ID: "CC6.1"}, paging.Query{}, "IAM-02"},
			{"series", view.ControlFilter{Framework: catalog.TSC, ID: "CC6"}, paging.Query{}, "IAM-02 IAM-04"},
			{"retired", view.ControlFilter{Retired: true}, paging.Query{}, ""},
		} {
			list, err := p.view.Controls(t.Context(), p.read, c.f, c.q, p.now)
			ok(t, err)
			var got []string
			for _, x := range list.Rows {
				got = append(got, x.Ref)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: %v, want %s", c.name, got, c.want)
			}
		}
		list, err := p.view.Controls(t.Context(), p.read, view.ControlFilter{State: &fail}, paging.Query{}, p.now)
		ok(t, err)
		if list.States[0].N != 1 || list.States[4].N != 2 { // counts do not depend on the chosen state
			t.Errorf("states %+v", list.States)
		}
	})
}

func TestTest(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		x, err := p.view.Test(t.Context(), p.read, "okta-mfa", p.now)
		ok(t, err)
		if got := letters(x.Strip); got != "PPFFP-P?PF-" {
			t.Errorf("strip %s", got)
		}
		if x.State != chart.Fail || x.Last == nil || x.Last.Population != 3 || x.Runs != 9 || len(x.Params) != 1 || x.Params[0].Value != "24" || len(x.Controls) != 1 {
			t.Errorf("%+v", x)
		}
		never, err := p.view.Test(t.Context(), p.read, "okta-never", p.now)
		ok(t, err)
		if never.Ran || never.State != chart.None || never.Last != nil {
			t.Errorf("a test that never ran: %+v", never)
		}
		// Two days later nothing is known of today: a pass of the past is no pass.
		later, err := p.view.Test(t.Context(), p.read, "okta-leavers", at(10).Add(view.Stale+time.Minute))
		ok(t, err)
		if later.State != chart.Unknown || !strings.Contains(later.Why, "2 days ago") {
			t.Errorf("stale: %v %s", later.State, later.Why)
		}
		runs, err := p.view.TestRuns(t.Context(), p.read, "okta-mfa", nil, paging.Query{Size: 4})
		ok(t, err)
		if runs.Total != 9 || len(runs.Rows) != 4 || runs.Rows[0].State != chart.Fail || !runs.Rows[0].AsOf.Equal(at(10)) {
			t.Errorf("runs %+v", runs)
		}
		unknown := chart.Unknown
		if runs, err = p.view.TestRuns(t.Context(), p.read, "okta-mfa", &unknown, paging.Query{}); err != nil || runs.Total != 1 || runs.Rows[0].Reason == "" {
			t.Errorf("%v %+v", err, runs)
		}
		if _, err := p.view.TestRun(t.Context(), p.read, "okta-leavers", "evr_okta-mfa_1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a run of another test: %v", err)
		}
		list, err := p.view.Tests(t.Context(), p.read, view.TestFilter{Severity: "high"}, paging.Query{}, p.now)
		ok(t, err)
		if list.Total != 1 || list.Rows[0].ID != "okta-leavers" || letters(list.Rows[0].Strip) != "PPPPPPFPPP-" {
			t.Errorf("%+v", list)
		}
	})
}

func TestStanding(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		x, err := p.view.Test(t.Context(), p.read, "okta-mfa", p.now)
		ok(t, err)
		now, err := p.view.TestStanding(t.Context(), p.read, x.TestRow, view.StandingFilter{}, "", paging.Query{}, p.now)
		ok(t, err)
		if now.Total != 1 || !now.Rows[0].Since.Equal(at(10)) || now.Rows[0].Until != nil {
			t.Errorf("now: %+v", now.Rows)
		}
		ever, err := p.view.TestStanding(t.Context(), p.read, x.TestRow, view.StandingFilter{}, "ever", paging.Query{}, p.now)
		ok(t, err)
		if ever.Total != 2 || ever.Rows[1].Until == nil || !ever.Rows[1].Until.Equal(at(5)) {
			t.Errorf("ever: %+v", ever.Rows)
		}
		item, err := p.view.Item(t.Context(), p.read, "okta-mfa", "u/1", p.now)
		ok(t, err)
		// Nothing is claimed before the first verdict; the day without verdicts is none for the item either.
		if got := letters(item.Strip); got != "FFP-P?PF-" || item.Current == nil || item.Label != "ada@northwind.example" {
			t.Errorf("item: %s %+v", got, item)
		}
		for _, other := range [][2]string{{"okta-mfa", "u/2"}, {"okta-mfa", ""}, {"nothing", "u/1"}} {
			if _, err := p.view.Item(t.Context(), p.read, other[0], other[1], p.now); !errs.Is(err, errs.NotFound) {
				t.Errorf("item %v: %v", other, err)
			}
		}
	})
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		lead := p.Member(t, "lead@northwind.example", access.ComplianceLead)
		e, err := p.eval.RequestException(t.Context(), p.Owner, p.now, "okta-mfa", "u/1", "The account is closed next week.", p.now.Add(30*24*time.Hour))
		ok(t, err)
		control := func() view.ControlDetail {
			c, err := p.view.Control(t.Context(), p.read, "IAM-02", p.now)
			ok(t, err)
			return c
		}
		if c := control(); c.Excepted != 0 || c.Exceptions != 1 {
			t.Errorf("a request excepts nothing: %+v", c.ControlRow)
		}
		_, err = p.eval.ApproveException(t.Context(), lead, p.now, e.Ref)
		ok(t, err)
		if c := control(); c.Excepted != 1 || c.State != chart.Fail || letters(c.Strip) != "PPFFP?F?PF-" {
			t.Errorf("an exception changes no result: %+v %s", c.ControlRow, letters(c.Strip))
		}
		list, err := p.view.Exceptions(t.Context(), p.read, view.ExceptionFilter{State: "active"}, paging.Query{}, p.now)
		ok(t, err)
		if list.Total != 1 || list.Rows[0].Label != "ada@northwind.example" || list.Rows[0].Standing != chart.Fail || list.Rows[0].Approver == "" {
			t.Errorf("%+v", list.Rows)
		}
		later, err := p.view.Exception(t.Context(), p.read, strings.ToLower(e.Ref), p.now.Add(31*24*time.Hour))
		ok(t, err)
		if later.State != "expired" {
			t.Errorf("later %s", later.State)
		}
	})
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		d, err := p.view.Framework(t.Context(), p.read, catalog.TSC, view.FrameworkFilter{}, "", p.now)
		ok(t, err)
		i := slices.IndexFunc(d.Rows, func(q view.RequirementRow) bool { return q.ID == "CC6.1" })
		if len(d.Rows) != 61 || i < 0 || d.Rows[i].State != chart.Fail || !d.Rows[i].InScope || letters(d.Rows[i].Strip) != "PPFFP?F?PF-" {
			t.Errorf("%d rows, CC6.1 %+v", len(d.Rows), d.Rows[i])
		}
		gaps, err := p.view.Framework(t.Context(), p.read, catalog.TSC, view.FrameworkFilter{Gaps: true}, "", p.now)
		ok(t, err)
		if len(gaps.Rows)+d.Served != 61 {
			t.Errorf("%d without, %d with", len(gaps.Rows), d.Served)
		}
		q, err := p.view.Requirement(t.Context(), p.read, catalog.TSC, "CC6.1", p.now)
		ok(t, err)
		if len(q.Controls) != 1 || q.Previous != "CC5.3" || q.Next != "CC6.2" || len(q.References.Annex) == 0 || q.Intent == "" {
			t.Errorf("%+v", q)
		}
		for _, x := range [][2]string{{catalog.TSC, "CC6.99"}, {catalog.TSC, ""}, {"nothing", "CC6.1"}, {catalog.CSF, "x"}} {
			if _, err := p.view.Requirement(t.Context(), p.read, x[0], x[1], p.now); !errs.Is(err, errs.NotFound) {
				t.Errorf("%v: %v", x, err)
			}
		}
		all, err := p.view.Frameworks(t.Context(), p.read, p.now)
		ok(t, err)
		if len(all) != 3 || all[0].Served != d.Served {
			t.Errorf("%+v", all)
		}
	})
}

// TestWindow: of several examinations the pages follow the one under way whose period ends nearest to today; one that is only planned,
// issued or cancelled does not take its place.
func TestWindow(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		store := &engagementsql.Store{DB: db, Ledger: p.Ledger}
		today := period.Of(p.now)
		follows := func(want string) {
			t.Helper()
			w, err := p.view.Window(t.Context(), p.read, p.now)
			ok(t, err)
			if w == nil || w.Title != want {
				t.Errorf("follows %+v, want %s", w, want)
			}
		}
		add := func(title string, state engagement.State, from, to period.Date) {
			t.Helper()
			_, err := store.Add(t.Context(), p.Owner, engagement.Engagement{ID: engagement.ID("eng_" + title), Report: "soc2", Type: 2, Title: title, Categories: []string{"security"}, Period: period.Period{From: from, To: to},
				Standards: []string{}, Status: state, Created: at(0), By: string(p.OwnerUser.ID)})
			ok(t, err)
		}
		follows("SOC 2 Type 2") // under observation
		add("planned", engagement.Planning, today-5, today+60)
		add("given up", engagement.Cancelled, today-5, today+50)
		add("issued", engagement.Issued, today-400, today-9)
		follows("SOC 2 Type 2")
		add("in fieldwork", engagement.Fieldwork, today-300, today-20)
		follows("in fieldwork")
	})
}

// TestProgrammeOfOthers: the second organisation sees nothing of the first, and no role means no reading.
func TestProgrammeOfOthers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		_, err := p.eval.RequestException(t.Context(), p.Owner, p.now, "okta-mfa", "u/1", "The account is closed next week.", p.now.Add(30*24*time.Hour))
		ok(t, err)
		reads := map[string]func(context.Context, access.ReadScope) (int, error){
			"controls": func(ctx context.Context, s access.ReadScope) (int, error) {
				x, err := p.view.Controls(ctx, s, view.ControlFilter{}, paging.Query{}, p.now)
				return x.Total + len(x.Owners), err
			},
			"tests": func(ctx context.Context, s access.ReadScope) (int, error) {
				x, err := p.view.Tests(ctx, s, view.TestFilter{}, paging.Query{}, p.now)
				return x.Total, err
			},
			"exceptions": func(ctx context.Context, s access.ReadScope) (int, error) {
				x, err := p.view.Exceptions(ctx, s, view.ExceptionFilter{}, paging.Query{}, p.now)
				return x.Total, err
			},
			"runs": func(ctx context.Context, s access.ReadScope) (int, error) {
				x, err := p.view.TestRuns(ctx, s, "okta-mfa", nil, paging.Query{})
				return x.Total, err
			},
			"framework": func(ctx context.Context, s access.ReadScope) (int, error) {
				x, err := p.view.Framework(ctx, s, catalog.TSC, view.FrameworkFilter{}, "", p.now)
				return x.Served, err
			},
			"window": func(ctx context.Context, s access.ReadScope) (int, error) {
				x, err := p.view.Window(ctx, s, p.now)
				if x != nil {
					return 1, err
				}
				return 0, err
			},
			"control": func(ctx context.Context, s access.ReadScope) (int, error) {
				_, err := p.view.Control(ctx, s, "IAM-02", p.now)
				return 0, err
			},
			"test": func(ctx context.Context, s access.ReadScope) (int, error) {
				_, err := p.view.Test(ctx, s, "okta-mfa", p.now)
				return 0, err
			},
			"run": func(ctx context.Context, s access.ReadScope) (int, error) {
				_, err := p.view.TestRun(ctx, s, "okta-mfa", "evr_okta-mfa_1")
				return 0, err
			},
			"item": func(ctx context.Context, s access.ReadScope) (int, error) {
				_, err := p.view.Item(ctx, s, "okta-mfa", "u/1", p.now)
				return 0, err
			},
			"exception": func(ctx context.Context, s access.ReadScope) (int, error) {
				_, err := p.view.Exception(ctx, s, "EX-1", p.now)
				return 0, err
			},
		}
		for name, read := range reads {
			if _, err := read(t.Context(), p.read); err != nil {
				t.Errorf("%s: an auditor cannot read it: %v", name, err)
			}
			if n, err := read(t.Context(), p.OtherOwner.ReadScope); n != 0 || err != nil && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: the other organisation sees %d, %v", name, n, err)
			}
			if _, err := read(t.Context(), access.ReadScope{}); !errs.Is(err, errs.Denied) {
				t.Errorf("%s: without a scope: %v", name, err)
			}
		}
	})
}
