package view

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Stale is how old the last evaluation of a test may be to say how things are now: two daily evaluations missed. What is
// older says nothing about today, and is shown as no answer.
const Stale = 48 * time.Hour

// TestRow is a test with its last evaluation.
type TestRow struct {
	ID         string
	Definition *evaluate.Definition
	SHA256     string
	Library    bool // ships with the program
	Enabled    bool
	Set        map[string]string // parameters the organisation set
	Installed  time.Time
	By         string // actor

	Ran        bool          // evaluated at least once
	State      chart.Outcome // how it stands now
	Why        string        // why there is no answer
	Run        string        // identifier of the last run
	AsOf       time.Time
	From, To   time.Time // window of the last run of an occurrence test; zero for a state test
	Population int64
	Pass       int64
	Fail       int64
	NA         int64
	Unknown    int64
	Excepted   int64 // of Fail, those with an approved exception that holds now
	Strip      chart.StripData
}

// Counted reports whether the last run gave verdicts.
func (t TestRow) Counted() bool { return t.Ran && t.Pass+t.Fail+t.NA+t.Unknown > 0 }

// Window is the observation window of an examination.
type Window struct {
	Ref    string
	Title  string
	Period period.Period
	Type   int // of the report: 1 or 2
	State  string
	// Categories are those of the examination.
	Categories []string
}

// Short names the examination briefly: by its reference.
func (w *Window) Short() string {
	if w == nil {
		return ""
	}
	return w.Ref
}

// programme is what the pages about controls and tests have in common: every test with its last evaluation, and the
// exceptions. It is a few hundred short rows.
type programme struct {
	days       calendar
	tests      []TestRow // by identifier
	byID       map[string]int
	byControl  map[string][]int // tests that count for a control: enabled and evaluated at least once
	idle       map[string][]int // tests of a control that were never evaluated, or are switched off
	exceptions []evaluate.Exception
}

// programme reads it.
func (r *Reader) programme(ctx context.Context, s access.ReadScope, now time.Time) (*programme, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	p := &programme{byID: map[string]int{}, byControl: map[string][]int{}, idle: map[string][]int{}}
	var err error
	if p.tests, err = r.testRows(ctx, s, now); err != nil {
		return nil, err
	}
	if p.exceptions, err = r.exceptions(ctx, s, ""); err != nil {
		return nil, err
	}
	if p.days, err = r.calendar(ctx, s, now); err != nil {
		return nil, err
	}
	for i := range p.tests {
		t := &p.tests[i]
		p.byID[t.ID] = i
		for _, c := range t.Definition.Controls {
			if t.Enabled && t.Ran {
				p.byControl[c] = append(p.byControl[c], i)
			} else {
				p.idle[c] = append(p.idle[c], i)
			}
		}
	}
	return p, r.excepted(ctx, s, p, now)
}

const testSelect = `SELECT t.test, t.sha256, t.library, t.enabled, t.params, t.installed_at, t.installed_by,
	r.id, r.as_of, r.from_at, r.to_at, r.outcome, r.reason, r.population, r.n_pass, r.n_fail, r.n_na, r.n_unknown, r.hash
	FROM evaluate_test t
	JOIN (SELECT org_id AS o, test AS n, max(version) AS v FROM evaluate_test WHERE org_id = $1 GROUP BY org_id, test) u ON u.o = t.org_id AND u.n = t.test AND u.v = t.version
	LEFT JOIN evaluate_last l ON l.org_id = t.org_id AND l.test = t.test
	LEFT JOIN evaluate_run r ON r.id = l.run_id
	WHERE t.org_id = $1`

// testRows reads the newest version of each test with its last run.
func (r *Reader) testRows(ctx context.Context, s access.ReadScope, now time.Time) ([]TestRow, error) {
	rows, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (TestRow, error) { return scanTest(row, now) }, testSelect+` ORDER BY t.test`, orgOf(s))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Definition, err = r.definition(ctx, s, rows[i].ID, rows[i].SHA256); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// definition is the parsed text of a test.
func (r *Reader) definition(ctx context.Context, s access.ReadScope, test, sha string) (*evaluate.Definition, error) {
	return r.defs.get(ctx, sha, func(ctx context.Context) (string, error) {
		return sqldb.One(ctx, r.db, sqldb.Strings, `SELECT text FROM evaluate_test WHERE org_id = $1 AND test = $2 AND sha256 = $3`, orgOf(s), test, sha)
	})
}

func scanTest(row sqldb.Row, now time.Time) (TestRow, error) {
	var t TestRow
	var params string
	var installed int64
	var id, outcome, reason, hash *string
	var asOf, from, to, population, pass, fail, na, unknown *int64
	err := row.Scan(&t.ID, &t.SHA256, &t.Library, &t.Enabled, &params, &installed, &t.By, &id, &asOf, &from, &to, &outcome, &reason, &population, &pass, &fail, &na, &unknown, &hash)
	if err != nil {
		return t, err
	}
	t.Installed = sqldb.Time(installed)
	if err := json.Unmarshal([]byte(params), &t.Set); err != nil {
		return t, errs.As(errs.Internal, err, "parameters of test %s", t.ID)
	}
	if id == nil {
		t.Why = "never evaluated"
		return t, nil
	}
	t.Ran, t.Run, t.AsOf = true, *id, sqldb.Time(*asOf)
	if *to != 0 {
		t.From, t.To = sqldb.Time(*from), sqldb.Time(*to)
	}
	t.Population, t.Pass, t.Fail, t.NA, t.Unknown = *population, *pass, *fail, *na, *unknown
	t.State, t.Why = chart.Parse(*outcome), *reason
	if age := now.Sub(t.AsOf); age > Stale {
		t.State, t.Why = chart.Unknown, "last evaluated "+days(int(age.Hours()/24))+" ago"
	}
	if !t.Enabled {
		t.State, t.Why = chart.None, "switched off"
	}
	return t, nil
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// excepted counts, for each failing test that has exceptions, how many of the items failing now are excepted.
func (r *Reader) excepted(ctx context.Context, s access.ReadScope, p *programme, now time.Time) error {
	var failing []string
	for _, e := range p.exceptions {
		i, known := p.byID[e.Test]
		if known && e.Active(now) && p.tests[i].Fail > 0 && !slices.Contains(failing, e.Test) {
			failing = append(failing, e.Test)
		}
	}
	for _, test := range failing {
		t := &p.tests[p.byID[test]]
		standing, err := r.standing(ctx, s, t, p.exceptions, now)
		if err != nil {
			return err
		}
		for _, x := range standing {
			if x.Outcome == chart.Fail && x.Exception != "" {
				t.Excepted++
			}
		}
		t.Excepted = min(t.Excepted, t.Fail)
	}
	return nil
}

// together is what tests amount to: the worst of them, and why where there is no answer. No test is no outcome.
func (p *programme) together(tests []int) (o chart.Outcome, why string) {
	for _, i := range tests {
		if t := p.tests[i]; t.State > o {
			o, why = t.State, t.Why
		}
	}
	return o, why
}

// running are the states in which work on an examination is under way: from readiness to the letter of representation.
var running = []string{"readiness", "remediation", "auditor_engaged", "observation", "pbc", "fieldwork", "draft", "representation"}

// Window is the examination that is going on: of those under way the one whose period ends nearest to today; or else, of those not
// cancelled, the one whose period holds today, the last one that ended, or the next to begin. It is nil when there is none.
func (r *Reader) Window(ctx context.Context, s access.ReadScope, now time.Time) (*Window, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	all, err := r.allWindows(ctx, s)
	if err != nil {
		return nil, err
	}
	today := period.Of(now)
	var best *Window
	apart := func(w *Window) period.Date { return max(w.Period.To-today, today-w.Period.To) }
	rank := func(w *Window) int {
		switch {
		case slices.Contains(running, w.State):
			return 3
		case w.State == "cancelled":
			return -1
		case w.Period.Has(today):
			return 2
		case w.Period.To <= today:
			return 1
		}
		return 0
	}
	for i := range all {
		// Newest first: of two that ended the first stays, of two that are to come the sooner.
		if w := &all[i]; best == nil || rank(w) > rank(best) || rank(w) == 0 && rank(best) == 0 || rank(w) == 3 && rank(best) == 3 && apart(w) < apart(best) {
			best = w
		}
	}
	return best, nil
}

// allWindows lists the observation windows of all examinations, newest first.
func (r *Reader) allWindows(ctx context.Context, s access.ReadScope) ([]Window, error) {
	return sqldb.Collect(ctx, r.db, func(row sqldb.Row) (Window, error) {
		var w Window
		var from, to int64
		var categories string
		if err := row.Scan(&w.Ref, &w.Title, &w.Type, &from, &to, &categories, &w.State); err != nil {
			return w, err
		}
		w.Period = period.Period{From: period.Date(from), To: period.Date(to)}
		return w, json.Unmarshal([]byte(categories), &w.Categories)
	}, `SELECT ref, title, type, from_day, to_day, categories, status FROM engagement_engagement WHERE org_id = $1 ORDER BY from_day DESC, created_at DESC`, orgOf(s))
}

// actors are the names of people among those who did things; "operator:NAME" and "system:JOB" read for themselves.
func (r *Reader) actors(ctx context.Context, actors ...string) (map[string]string, error) {
	out := map[string]string{}
	var ids []string
	for _, a := range actors {
		switch kind, name, found := strings.Cut(a, ":"); {
		case a == "":
		case found && kind == "operator":
			out[a] = name + " (operator)"
		case found && kind == "system":
			out[a] = "Tickmark (" + name + ")"
		case !slices.Contains(ids, a):
			ids = append(ids, a)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	var w sqldb.Where
	w.In(`id`, ids)
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var id, name string
		err := row.Scan(&id, &name)
		out[id] = name
		return id, err
	}, `SELECT id, name FROM access_user WHERE `+w.SQL(), w.Args()...)
	return out, err
}

// Actors names people and jobs for display; whoever is not found keeps the identifier.
func (r *Reader) Actors(ctx context.Context, s access.ReadScope, ids ...string) (map[string]string, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	out, err := r.actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if _, ok := out[id]; !ok {
			out[id] = id
		}
	}
	return out, nil
}
