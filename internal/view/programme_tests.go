package view

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// TestFilter narrows the list of tests. Zero values do not narrow.
type TestFilter struct {
	State    *chart.Outcome
	System   string // that an input comes from
	Kind     evaluate.Kind
	Severity string
}

// TestList is a page of tests and what the filters would find.
type TestList struct {
	paging.Result[TestRow]
	States     []Choice
	Systems    []Choice
	Kinds      []Choice
	Severities []Choice
	Period     period.Period // of the strips
}

// Systems are the kinds of system a test reads; "any" for an input that may come from all of them.
func (t TestRow) Systems() []string {
	var out []string
	for _, in := range t.Definition.Inputs {
		system, _, dotted := strings.Cut(in, ".")
		if !dotted {
			system = "any"
		}
		if !slices.Contains(out, system) {
			out = append(out, system)
		}
	}
	return out
}

// Tests lists tests. Sort names: id, title, state, failing, population, severity, asof.
func (r *Reader) Tests(ctx context.Context, s access.ReadScope, f TestFilter, q paging.Query, now time.Time) (TestList, error) {
	var out TestList
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return out, err
	}
	systems, kinds, severities := map[string]int64{}, map[string]int64{}, map[string]int64{}
	var rows, facets []TestRow
	for _, t := range p.tests {
		d := t.Definition
		for _, x := range t.Systems() {
			systems[x]++
		}
		kinds[string(d.Kind)]++
		severities[d.Severity]++
		if f.System != "" && !slices.Contains(t.Systems(), f.System) || f.Kind != "" && d.Kind != f.Kind || f.Severity != "" && d.Severity != f.Severity ||
			!found(q.Search, d.ID, d.Title, d.Asks, strings.Join(d.Controls, " "), strings.Join(d.Inputs, " ")) {
			continue
		}
		facets = append(facets, t)
		if f.State == nil || t.State == *f.State {
			rows = append(rows, t)
		}
	}
	out.States = states(facets, func(t TestRow) chart.Outcome { return t.State })
	out.Systems, out.Kinds, out.Severities = choices(systems, nil), choices(kinds, nil), choices(severities, severityOrder)
	sortTests(rows, q.Sort, q.Desc)
	out.Result = page(rows, q)
	out.Period = mini(now)
	var names []string
	for _, t := range out.Rows {
		names = append(names, t.ID)
	}
	lists, err := r.tallies(ctx, s, names, out.Period)
	if err != nil {
		return out, err
	}
	for i := range out.Rows {
		out.Rows[i].Strip = strip(out.Period, lists[out.Rows[i].ID])
	}
	return out, nil
}

var severityOrder = []string{"critical", "high", "medium", "low"}

// choices are counted values, in an order of their own or by name.
func choices(n map[string]int64, order []string) []Choice {
	var out []Choice
	for v, k := range n {
		out = append(out, Choice{Value: v, Label: v, N: k})
	}
	slices.SortFunc(out, func(a, b Choice) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Value), slices.Index(order, b.Value)), cmp.Compare(a.Value, b.Value))
	})
	return out
}

func sortTests(rows []TestRow, by string, desc bool) {
	var compare func(a, b TestRow) int
	switch by {
	case "title":
		compare = func(a, b TestRow) int {
			return cmp.Compare(strings.ToLower(a.Definition.Title), strings.ToLower(b.Definition.Title))
		}
	case "id":
		compare = func(a, b TestRow) int { return cmp.Compare(a.ID, b.ID) }
	case "failing":
		compare = func(a, b TestRow) int { return cmp.Compare(a.Fail, b.Fail) }
	case "population":
		compare = func(a, b TestRow) int { return cmp.Compare(a.Population, b.Population) }
	case "severity":
		compare = func(a, b TestRow) int {
			return cmp.Compare(slices.Index(severityOrder, a.Definition.Severity), slices.Index(severityOrder, b.Definition.Severity))
		}
	case "asof":
		compare = func(a, b TestRow) int { return a.AsOf.Compare(b.AsOf) }
	default: // what needs looking at first
		compare = func(a, b TestRow) int { return cmp.Compare(b.State, a.State) }
	}
	slices.SortStableFunc(rows, func(a, b TestRow) int {
		n := compare(a, b)
		if desc {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.ID, b.ID))
	})
}

// one reads a test and the programme around it.
func (r *Reader) one(ctx context.Context, s access.ReadScope, id string, now time.Time) (TestRow, *programme, error) {
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return TestRow{}, nil, err
	}
	i, ok := p.byID[id]
	if !ok {
		return TestRow{}, nil, errs.New(errs.NotFound, "no test %s", id).WithHint("The list of tests has all there are.")
	}
	return p.tests[i], p, nil
}

// ParamRow is a parameter of a test with its value.
type ParamRow struct {
	Name    string
	Value   string
	Default string
	Unit    string
	Meaning string
	Changed bool // the organisation set another value than the default
}

// InputRow is a piece of evidence that the last run read.
type InputRow struct {
	evaluate.InputUsed
	SourceTotal *int64
	From, To    time.Time
}

// VersionRow is a version of a test.
type VersionRow struct {
	Version   int
	SHA256    string
	Installed time.Time
	By        string
	Runs      int64
}

// TestDetail is a test with everything its page shows.
type TestDetail struct {
	TestRow
	InstalledBy string // name
	Controls    []ControlRow
	Missing     []string // references of controls the organisation does not have
	Params      []ParamRow
	Last        *RunDetail // nil before the first
	Window      *Window
	Stretches   []Stretch
	Silent      []Stretch
	InWindow    Figures
	Runs        int64
	Exceptions  int
	Versions    []VersionRow
}

// Test reads a test.
func (r *Reader) Test(ctx context.Context, s access.ReadScope, id string, now time.Time) (TestDetail, error) {
	var d TestDetail
	t, p, err := r.one(ctx, s, id, now)
	if err != nil {
		return d, err
	}
	d.TestRow = t
	controls, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return d, err
	}
	for _, ref := range t.Definition.Controls {
		if i := slices.IndexFunc(controls, func(c ControlRow) bool { return c.Ref == ref }); i >= 0 {
			d.Controls = append(d.Controls, controls[i])
		} else {
			d.Missing = append(d.Missing, ref)
		}
	}
	if t.Ran {
		last, err := r.TestRun(ctx, s, id, t.Run)
		if err != nil {
			return d, err
		}
		d.Last = &last
	}
	for _, e := range p.exceptions {
		if e.Test == id {
			d.Exceptions++
		}
	}
	values, err := t.Definition.ParamValues(t.Set)
	if err != nil {
		return d, errs.As(errs.Internal, err, "parameters of %s", id)
	}
	d.Params = params(t.Definition, values)
	if d.Versions, err = r.versions(ctx, s, id); err != nil {
		return d, err
	}
	for i, v := range d.Versions {
		d.Runs += v.Runs
		if i == 0 {
			d.InstalledBy = v.By
		}
	}
	return d, r.testHistory(ctx, s, &d, now)
}

func params(d *evaluate.Definition, values map[string]string) []ParamRow {
	var out []ParamRow
	for name, spec := range d.Params {
		v := values[name]
		out = append(out, ParamRow{Name: name, Value: v, Default: spec.Default, Unit: spec.Unit, Meaning: spec.Meaning, Changed: v != spec.Default})
	}
	slices.SortFunc(out, func(a, b ParamRow) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (r *Reader) versions(ctx context.Context, s access.ReadScope, test string) ([]VersionRow, error) {
	rows, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (VersionRow, error) {
		var v VersionRow
		var at int64
		err := row.Scan(&v.Version, &v.SHA256, &at, &v.By, &v.Runs)
		v.Installed = sqldb.Time(at)
		return v, err
	}, `SELECT version, sha256, installed_at, installed_by, (SELECT count(*) FROM evaluate_run r WHERE r.org_id = t.org_id AND r.test = t.test AND r.version = t.version)
		FROM evaluate_test t WHERE org_id = $1 AND test = $2 ORDER BY version DESC`, orgOf(s), test)
	if err != nil {
		return nil, err
	}
	var who []string
	for _, v := range rows {
		who = append(who, v.By)
	}
	names, err := r.Actors(ctx, s, who...)
	for i := range rows {
		rows[i].By = names[rows[i].By]
	}
	return rows, err
}

// testHistory reads strip and stretches of a test.
func (r *Reader) testHistory(ctx context.Context, s access.ReadScope, d *TestDetail, now time.Time) error {
	var err error
	if d.Window, err = r.Window(ctx, s, now); err != nil {
		return err
	}
	span, err := r.span(ctx, s, d.Window, now)
	if err != nil {
		return err
	}
	lists, err := r.tallies(ctx, s, []string{d.ID}, span)
	if err != nil {
		return err
	}
	d.Strip = joint(span, calendar{today: period.Of(now)}, [][]tally{lists[d.ID]}, nil)
	d.Stretches = stretches(d.Strip, lists, chart.Fail)
	d.Silent = stretches(d.Strip, lists, chart.Unknown)
	if d.Window != nil {
		d.InWindow = figures(d.Strip, d.Window.Period, now)
		d.Strip.Window = d.Window.Period
	}
	return nil
}

// TestStanding lists what does not pass of one test. When asks for verdicts: "now", or "ever" for all that were not a
// pass, ended ones too. Sort names: item, since, outcome.
func (r *Reader) TestStanding(ctx context.Context, s access.ReadScope, t TestRow, f StandingFilter, when string, q paging.Query, now time.Time) (StandingList, error) {
	if when != "ever" {
		return r.NotPassing(ctx, s, []TestRow{t}, f, q, now)
	}
	if err := s.Require(access.ReadProgramme); err != nil {
		return StandingList{}, err
	}
	exceptions, err := r.exceptions(ctx, s, t.ID)
	if err != nil {
		return StandingList{}, err
	}
	table, columns, since := `evaluate_interval`, intervalColumns, "from_at"
	if t.Definition.Kind == evaluate.Occurrence {
		table, columns, since = `evaluate_occurrence`, occurrenceColumns, "occurred_at"
	}
	facets := func(outcome string) *sqldb.Where {
		var w sqldb.Where
		w.Add(`org_id = ?`, orgOf(s))
		w.Add(`test = ?`, t.ID)
		w.AddIf(outcome != "", `outcome = ?`, outcome)
		if q.Search != "" {
			like := sqldb.LikeLower(q.Search)
			w.Add(`(lower(label) LIKE ? ESCAPE '!' OR lower(item_id) LIKE ? ESCAPE '!' OR lower(reason) LIKE ? ESCAPE '!')`, like, like, like)
		}
		return &w
	}
	n := map[chart.Outcome]int64{}
	all := facets("")
	_, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (int64, error) {
		var o string
		var k int64
		err := row.Scan(&o, &k)
		n[chart.Parse(o)] = k
		return k, err
	}, `SELECT outcome, count(*) FROM `+table+` WHERE `+all.SQL()+` GROUP BY outcome`, all.Args()...)
	if err != nil {
		return StandingList{}, err
	}
	var out StandingList
	for _, o := range []chart.Outcome{chart.Fail, chart.Unknown, chart.NotApplicable} {
		out.States = append(out.States, Choice{Value: StateName(o), Label: o.String(), N: n[o]})
	}
	outcome := ""
	if f.Outcome != nil {
		outcome = map[chart.Outcome]string{chart.Fail: "fail", chart.Unknown: "unknown", chart.NotApplicable: "not_applicable"}[*f.Outcome]
		outcome = cmp.Or(outcome, "none")
	}
	order := sqldb.OrderBy(map[string]string{"item": "lower(label)", "since": since, "outcome": "outcome"}, q.Sort, q.Desc, since+" DESC, item_id", "item_id, "+since)
	out.Result, err = list(ctx, r.db, facets(outcome), q, columns, table, order, scanStanding)
	if err != nil {
		return out, err
	}
	for i := range out.Rows {
		out.Rows[i].of(&t, exceptions, now)
	}
	return out, r.assigned(ctx, s, out.Rows)
}

// TestRunRow is one evaluation of a test in a list.
type TestRunRow struct {
	ID         string
	Version    int
	AsOf       time.Time
	Created    time.Time
	From, To   time.Time // window of an occurrence test; zero for a state test
	Trigger    string
	State      chart.Outcome
	Reason     string
	Population int64
	Pass       int64
	Fail       int64
	NA         int64
	Unknown    int64
	Took       time.Duration
	Hash       string // over every row; empty when there were no verdicts
}

// RunDetail is one evaluation with what it read.
type RunDetail struct {
	TestRunRow
	TestSHA256    string
	Inputs        []InputRow
	Params        []ParamRow
	ResultsPath   string
	ResultsSHA256 string
	Seq           int64 // ledger entry that sealed the results
	Together      int64 // tests evaluated together with it
}

const testRunColumns = `r.id, r.version, r.as_of, r.created_at, r.from_at, r.to_at, r.trigger_by, r.outcome, r.reason, r.population, r.n_pass, r.n_fail, r.n_na, r.n_unknown, r.took_us, r.hash`

func scanTestRun(row sqldb.Row, more ...any) (TestRunRow, error) {
	var x TestRunRow
	var asOf, created, from, to, took int64
	var outcome string
	err := row.Scan(append([]any{&x.ID, &x.Version, &asOf, &created, &from, &to, &x.Trigger, &outcome, &x.Reason, &x.Population, &x.Pass, &x.Fail, &x.NA, &x.Unknown, &took, &x.Hash}, more...)...)
	x.AsOf, x.Created, x.Took, x.State = sqldb.Time(asOf), sqldb.Time(created), time.Duration(took)*time.Microsecond, chart.Parse(outcome)
	if to != 0 {
		x.From, x.To = sqldb.Time(from), sqldb.Time(to)
	}
	return x, err
}

// TestRuns lists the evaluations of a test, newest first. Sort names: asof, population, failing, took.
func (r *Reader) TestRuns(ctx context.Context, s access.ReadScope, test string, state *chart.Outcome, q paging.Query) (paging.Result[TestRunRow], error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return paging.Result[TestRunRow]{}, err
	}
	var w sqldb.Where
	w.Add(`r.org_id = ?`, orgOf(s))
	w.Add(`r.test = ?`, test)
	if state != nil {
		w.Add(`r.outcome = ?`, map[chart.Outcome]string{chart.Fail: "fail", chart.Unknown: "unknown", chart.Pass: "pass", chart.NotApplicable: "not_applicable"}[*state])
	}
	return list(ctx, r.db, &w, q, testRunColumns, `evaluate_run r`,
		sqldb.OrderBy(map[string]string{"asof": "r.as_of", "population": "r.population", "failing": "r.n_fail", "took": "r.took_us"}, q.Sort, q.Desc, "r.as_of DESC, r.created_at DESC, r.id DESC", "r.as_of DESC, r.id DESC"),
		func(row sqldb.Row) (TestRunRow, error) { return scanTestRun(row) })
}

// TestRun reads one evaluation of a test.
func (r *Reader) TestRun(ctx context.Context, s access.ReadScope, test, run string) (RunDetail, error) {
	var d RunDetail
	if err := s.Require(access.ReadProgramme); err != nil {
		return d, err
	}
	var inputs, values string
	err := errs.New(errs.NotFound, "test %s has no run %s", test, run)
	rows, rerr := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (TestRunRow, error) {
		return scanTestRun(row, &d.TestSHA256, &inputs, &values, &d.ResultsPath, &d.ResultsSHA256, &d.Seq, &d.Together)
	}, `SELECT `+testRunColumns+`, r.test_sha256, r.inputs, r.params, b.results_path, b.results_sha256, b.seq, (SELECT count(*) FROM evaluate_run o WHERE o.org_id = r.org_id AND o.as_of = r.as_of AND o.batch_id = r.batch_id)
		FROM evaluate_run r JOIN evaluate_batch b ON b.id = r.batch_id WHERE r.org_id = $1 AND r.test = $2 AND r.id = $3`, orgOf(s), test, run)
	if rerr != nil {
		return d, rerr
	}
	if len(rows) == 0 {
		return d, err
	}
	d.TestRunRow = rows[0]
	def, derr := r.definition(ctx, s, test, d.TestSHA256)
	if derr != nil {
		return d, derr
	}
	given := map[string]string{}
	if err := json.Unmarshal([]byte(values), &given); err != nil {
		return d, errs.As(errs.Internal, err, "parameters of run %s", run)
	}
	d.Params = params(def, given)
	var used []evaluate.InputUsed
	if err := json.Unmarshal([]byte(inputs), &used); err != nil {
		return d, errs.As(errs.Internal, err, "inputs of run %s", run)
	}
	return d, r.inputs(ctx, s, &d, used)
}

// inputs adds to each piece of evidence what its source counted and what time it is about.
func (r *Reader) inputs(ctx context.Context, s access.ReadScope, d *RunDetail, used []evaluate.InputUsed) error {
	if len(used) == 0 {
		return nil
	}
	var refs []string
	for _, u := range used {
		refs = append(refs, u.Ref)
	}
	var w sqldb.Where
	w.Add(`org_id = ?`, orgOf(s))
	w.In(`ref`, refs)
	by := map[string]InputRow{}
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var x InputRow
		var ref string
		var from, to int64
		err := row.Scan(&ref, &x.SourceTotal, &from, &to)
		x.From, x.To = sqldb.Time(from), sqldb.Time(to)
		by[ref] = x
		return ref, err
	}, `SELECT ref, source_total, from_at, to_at FROM evidence_item WHERE `+w.SQL(), w.Args()...)
	for _, u := range used {
		x := by[u.Ref]
		x.InputUsed = u
		d.Inputs = append(d.Inputs, x)
	}
	return err
}
