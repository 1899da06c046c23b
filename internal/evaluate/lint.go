package evaluate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Lint says whether a definition keeps the rules, and runs its fixtures. The rules exist because a wrong statement usually
// fails silently, towards pass:
//   - one SELECT over the declared inputs, no clock, no chance, no unordered aggregate: the same inputs give the same bytes;
//   - pass is never what is left when nothing else matched, and a missing field never yields pass (tried field by field);
//   - fixtures show at least one pass, one fail and one unknown.
func Lint(ctx context.Context, e Engine, d *Definition) error {
	if err := lintSQL(ctx, e, d); err != nil {
		return errs.Wrap(err, "test %s", d.ID)
	}
	return errs.Wrap(lintFixtures(ctx, e, d), "test %s", d.ID)
}

func lintSQL(ctx context.Context, e Engine, d *Definition) error {
	used := map[string]bool{}
	for _, part := range []struct{ name, sql string }{{"population", d.Population}, {"sql", d.SQL}} {
		i, err := e.Inspect(ctx, part.sql)
		if err != nil {
			return err
		}
		if err := lintStatement(d, i); err != nil {
			return errs.Wrap(err, "%s", part.name)
		}
		for _, t := range i.Tables {
			used[t] = true
		}
		if part.name == "sql" && slices.Contains(i.Defaults, string(Pass)) {
			return errs.New(errs.Invalid, "sql: pass is what remains when nothing else matched (ELSE 'pass' or COALESCE(..., 'pass'))").At("sql").
				WithHint("State the condition for pass in a WHEN of its own; a missing value then falls to unknown.")
		}
	}
	for _, in := range d.Inputs {
		if !used[in] {
			return errs.New(errs.Invalid, "input %s is declared but not read", in).At("inputs")
		}
	}
	return nil
}

func lintStatement(d *Definition, i Inspection) error {
	bad := func(hint, format string, args ...any) error {
		return errs.New(errs.Invalid, format, args...).WithHint("%s", hint)
	}
	switch {
	case i.Error != "":
		return bad("Write one SELECT.", "%s", i.Error)
	case len(i.Unstable) > 0:
		return bad("Use $as_of for the time; a test must give the same answer tomorrow for today's facts.", "%s depends on more than the facts", strings.Join(i.Unstable, ", "))
	case len(i.Unordered) > 0:
		return bad("Add ORDER BY inside the call or its window.", "%s depends on the order of rows, which is not stated", strings.Join(i.Unordered, ", "))
	case i.Sampled:
		return bad("A test looks at the whole population.", "the statement samples")
	}
	for _, f := range i.TableFuncs {
		if !slices.Contains([]string{"unnest", "range", "generate_series"}, f) {
			return bad("Read declared inputs only.", "the table function %s is not allowed", f)
		}
	}
	for _, t := range i.Tables {
		if !slices.Contains(d.Inputs, t) {
			return bad("Declare it under inputs.", "the statement reads %s, which is not a declared input", t)
		}
	}
	for _, p := range i.Params {
		if _, ok := d.Params[p]; !ok && p != ParamAsOf && p != ParamFrom && p != ParamTo {
			return bad("Declare it under params.", "the parameter $%s is not declared", p)
		}
	}
	return nil
}

func lintFixtures(ctx context.Context, e Engine, d *Definition) error {
	if len(d.Fixtures) == 0 {
		return errs.New(errs.Invalid, "no fixtures: a test that was never seen to fail proves nothing").At("fixtures")
	}
	seen := map[Outcome]bool{}
	for _, f := range d.Fixtures {
		got, err := runFixture(ctx, e, d, f, nil)
		if err != nil {
			return errs.Wrap(err, "fixture %q", f.Name)
		}
		if err := compare(f, got); err != nil {
			return errs.Wrap(err, "fixture %q", f.Name)
		}
		for _, o := range f.Expect {
			seen[o] = true
		}
		if err := probeNulls(ctx, e, d, f, got); err != nil {
			return errs.Wrap(err, "fixture %q", f.Name)
		}
	}
	for _, o := range []Outcome{Pass, Fail, Unknown} {
		if !seen[o] {
			return errs.New(errs.Invalid, "no fixture expects %s", o).At("fixtures").WithHint("Show at least one item for each of pass, fail and unknown.")
		}
	}
	return nil
}

// blank tells runFixture to read one column of one input as missing.
type blank struct{ input, column string }

func runFixture(ctx context.Context, e Engine, d *Definition, f Fixture, without *blank) (map[string]Outcome, error) {
	j, err := fixtureJob(d, f, without)
	if err != nil {
		return nil, err
	}
	vs, err := e.Run(ctx, j)
	if err != nil {
		return nil, err
	}
	v := vs[0]
	if err := accept(d, v); err != nil {
		return nil, err
	}
	got := map[string]Outcome{}
	for _, raw := range v.Returned {
		it, err := parseItem(raw)
		if err != nil {
			return nil, err
		}
		got[it.ID] = it.Outcome
	}
	for _, id := range v.PassingIDs {
		got[id] = Pass
	}
	return got, nil
}

func fixtureJob(d *Definition, f Fixture, without *blank) (Job, error) {
	inputs, err := d.ParsedInputs()
	if err != nil {
		return Job{}, err
	}
	var j Job
	for name := range f.Facts {
		if !slices.Contains(d.Inputs, name) {
			return Job{}, errs.New(errs.Invalid, "facts of %s, which is not a declared input", name)
		}
	}
	for _, in := range inputs {
		rows, err := f.rows(in.Name())
		if err != nil {
			return Job{}, err
		}
		for i := range rows {
			if rows[i], err = complete(rows[i], in, without); err != nil {
				return Job{}, err
			}
		}
		j.Tables = append(j.Tables, Table{Name: in.Name(), Columns: in.Resource.Columns(), Rows: rows})
	}
	params, err := d.ParamValues(f.Params)
	if err != nil {
		return Job{}, err
	}
	from, to := f.From, f.To
	if to.IsZero() {
		to = f.AsOf
	}
	if from.IsZero() {
		from = to.Add(-d.window)
	}
	j.Queries = []Query{d.Query(f.AsOf, from, to, params)}
	return j, nil
}

// complete gives a fixture row the source and system that real facts carry, and takes away the column under trial.
func complete(raw json.RawMessage, in Input, without *blank) (json.RawMessage, error) {
	var row map[string]any
	if err := json.Unmarshal(raw, &row); err != nil {
		return nil, err
	}
	if row["source"] == nil {
		row["source"] = "fixture"
	}
	if row["system"] == nil {
		row["system"] = in.System
	}
	if without != nil && without.input == in.Name() {
		delete(row, without.column)
	}
	return json.Marshal(row)
}

func compare(f Fixture, got map[string]Outcome) error {
	for _, id := range slices.Sorted(maps.Keys(f.Expect)) {
		if got[id] != f.Expect[id] {
			return errs.New(errs.Invalid, "%s is %q, expected %s", id, got[id], f.Expect[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if _, ok := f.Expect[id]; !ok {
			return errs.New(errs.Invalid, "%s is %s and not among the expected items", id, got[id])
		}
	}
	return nil
}

// probeNulls reads each optional column that the statement mentions as missing, one after the other, and expects no item
// to pass for it that had the value before. An item that still passes either does not need the column, which null_ok must
// say with the reason, or passes falsely.
func probeNulls(ctx context.Context, e Engine, d *Definition, f Fixture, before map[string]Outcome) error {
	i, err := e.Inspect(ctx, d.SQL)
	if err != nil {
		return err
	}
	inputs, err := d.ParsedInputs()
	if err != nil {
		return err
	}
	for _, in := range inputs {
		for _, c := range in.Resource.Optional() {
			if !slices.Contains(i.Columns, c) || d.NullOK[in.Name()+"."+c] != "" || d.NullOK[c] != "" || !given(f, in.Name(), c) {
				continue
			}
			got, err := runFixture(ctx, e, d, f, &blank{in.Name(), c})
			if err != nil {
				return errs.Wrap(err, "with %s.%s missing", in.Name(), c)
			}
			for _, id := range slices.Sorted(maps.Keys(got)) {
				if got[id] == Pass && before[id] == Pass {
					return errs.New(errs.Invalid, "%s still passes when %s.%s is missing: a missing field must not become pass", id, in.Name(), c).
						WithHint("Test for NULL first and say unknown, or list the column under null_ok with the reason.")
				}
			}
		}
	}
	return nil
}

// given reports whether a fixture states the column anywhere.
func given(f Fixture, input, column string) bool {
	return slices.ContainsFunc(f.Facts[input], func(r map[string]any) bool { return r[column] != nil })
}

// Query is the test as the engine runs it.
func (d *Definition) Query(asOf, from, to time.Time, params map[string]string) Query {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	q := Query{Test: d.ID, SQL: d.SQL, Population: d.Population, Params: map[string]string{ParamAsOf: stamp(asOf), ParamFrom: stamp(from), ParamTo: stamp(to)},
		Types: map[string]string{ParamAsOf: "timestamp", ParamFrom: "timestamp", ParamTo: "timestamp"}}
	for n, v := range params {
		q.Params[n], q.Types[n] = v, d.Params[n].Type
	}
	return q
}

// accept refuses verdicts that do not cover the population exactly: one row for each member, a known outcome in each.
func accept(d *Definition, v Verdicts) error {
	bad := func(format string, args ...any) error { return errs.New(errs.Invalid, format, args...) }
	if v.Err != nil {
		return v.Err
	}
	for _, c := range []string{"item_id", "item_label", "outcome", "reason"} {
		if !slices.Contains(v.Columns, c) {
			return bad("the statement returns no column %s", c)
		}
	}
	if d.Kind == Occurrence && !slices.Contains(v.Columns, "occurred_at") {
		return bad("an occurrence test returns a column occurred_at")
	}
	switch {
	case v.NullIDs > 0:
		return bad("%d rows have no item_id", v.NullIDs)
	case v.Distinct != v.Rows:
		return bad("%d rows for %d different items: an item is judged twice%s", v.Rows, v.Distinct, examples(v.ExtraIDs))
	case v.Missing > 0:
		return bad("%d of the %d members of the population have no verdict%s", v.Missing, v.Population, examples(v.MissingIDs))
	case v.Extra > 0:
		return bad("%d verdicts on what is not in the population of %d%s", v.Extra, v.Population, examples(v.ExtraIDs))
	case v.Rows != v.Population:
		return bad("%d verdicts for a population of %d", v.Rows, v.Population)
	case v.Bad > 0:
		return bad("%d verdicts are neither pass, fail, not_applicable nor unknown%s", v.Bad, examples(v.BadIDs))
	}
	return nil
}

func examples(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s)", strings.Join(ids, ", "))
}
