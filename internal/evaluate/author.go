package evaluate

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// Limits of work that somebody waits for: a trial over real facts, and each small world.
const (
	trialDeadline = 15 * time.Second
	unitDeadline  = 5 * time.Second
	trialRows     = 200 // rows returned of those that do not pass
)

// Finding is something wrong with a definition that is being written, with its place.
type Finding struct {
	Field string // key of the definition; empty for the text as a whole
	Line  int    // within the field's text, or within the file if Field is empty; 0 if it has no place
	Text  string
	Hint  string
}

// Review is what can be said of a definition without looking at real facts.
type Review struct {
	Definition *Definition // nil if the text is none
	Findings   []Finding
	Units      []Unit
}

// OK reports whether the definition may be kept.
func (r Review) OK() bool { return r.Definition != nil && len(r.Findings) == 0 }

// Unit is a small world of the definition with what was expected in it and what came.
type Unit struct {
	Name  string
	Rows  []UnitRow
	Error string // why there are no verdicts
}

// UnitRow is one item of a small world. Want or Got is empty where the item is only in the other.
type UnitRow struct {
	Item      string
	Want, Got Outcome
}

// OK reports whether every item of the world got the verdict expected.
func (u Unit) OK() bool {
	return u.Error == "" && !slices.ContainsFunc(u.Rows, func(r UnitRow) bool { return r.Want != r.Got })
}

// ReviewTest checks a definition as Lint does, but says everything that is wrong with it, and where.
func (s *Service) ReviewTest(ctx context.Context, scope access.Scope, text string) (Review, error) {
	var r Review
	if err := scope.Require(access.EditTests); err != nil {
		return r, err
	}
	if len(text) > maxText {
		r.Findings = []Finding{{Text: "the definition is longer than 200,000 bytes"}}
		return r, nil
	}
	d, err := Parse([]byte(text))
	if err != nil {
		r.Findings = placed(err)
		return r, nil
	}
	r.Definition = d
	e := bounded{s.Engine, unitDeadline}
	if r.Findings, err = statements(ctx, e, d); err != nil {
		return r, err
	}
	if len(r.Findings) > 0 {
		return r, nil
	}
	if r.Units, err = units(ctx, e, d); err != nil {
		return r, err
	}
	r.Findings = append(r.Findings, unitFindings(d, r.Units)...)
	if len(r.Findings) > 0 {
		return r, nil
	}
	// What remains is what Lint finds by taking fields away.
	if err := Lint(ctx, e, d); err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.Findings = append(r.Findings, Finding{Field: cmpOr(errs.FieldOf(err), "sql"), Text: plainText(err), Hint: errs.HintOf(err)})
	}
	return r, nil
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// placed turns an error of Parse into findings with lines of the file.
func placed(err error) []Finding {
	var doc *yamldoc.Error
	if errors.As(err, &doc) {
		out := make([]Finding, len(doc.Problems))
		for i, p := range doc.Problems {
			out[i] = Finding{Line: p.Line, Text: p.Text}
		}
		return out
	}
	return []Finding{{Field: errs.FieldOf(err), Text: plainText(err), Hint: errs.HintOf(err)}}
}

// plainText is an error without the places its wrappers put before it, which the finding's own place says better.
func plainText(err error) string {
	text := err.Error()
	for _, prefix := range []string{"test ", "sql: ", "population: "} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			if prefix == "test " {
				if _, rest, ok = strings.Cut(rest, ": "); !ok {
					break
				}
			}
			text = rest
		}
	}
	return text
}

// statements holds both statements to the rules.
func statements(ctx context.Context, e Engine, d *Definition) ([]Finding, error) {
	var out []Finding
	used := map[string]bool{}
	for _, part := range []struct{ name, sql string }{{"population", d.Population}, {"sql", d.SQL}} {
		i, err := e.Inspect(ctx, part.sql)
		if err != nil {
			return nil, err
		}
		if err := lintStatement(d, i); err != nil {
			out = append(out, Finding{part.name, lineAt(part.sql, err.Error()), said(err.Error()), errs.HintOf(err)})
		}
		for _, t := range i.Tables {
			used[t] = true
		}
		if part.name == "sql" && slices.Contains(i.Defaults, string(Pass)) {
			out = append(out, Finding{"sql", lineOf(part.sql, "'pass'"), "pass is what remains when nothing else matched (ELSE 'pass' or COALESCE(..., 'pass'))",
				"State the condition for pass in a WHEN of its own; a missing value then falls to unknown."})
		}
	}
	for _, in := range d.Inputs {
		if len(out) == 0 && !used[in] {
			out = append(out, Finding{Field: "inputs", Text: "input " + in + " is declared but not read", Hint: "Remove it, or read it."})
		}
	}
	return out, nil
}

var (
	character = regexp.MustCompile(`at character (\d+)`)
	quotation = regexp.MustCompile(`(?s)\s*LINE \d+: ?([^\n]*)(\n.*)?$`)
	noColumn  = regexp.MustCompile(`.*Values list "v" does not have a column named "([^"]*)".*`)
)

// said is a message of the engine without the line that it quotes from the statement around the author's.
func said(message string) string {
	message = quotation.ReplaceAllString(message, "")
	return noColumn.ReplaceAllString(message, "the statement returns no column $1")
}

// lineAt is the line of a statement that a message of the engine points at; 0 when it points nowhere.
func lineAt(sql, message string) int {
	if m := quotation.FindStringSubmatch(message); m != nil {
		quoted := strings.Trim(strings.TrimSpace(m[1]), ".")
		for i, l := range strings.Split(sql, "\n") {
			if l = strings.TrimSpace(l); l != "" && quoted != "" && (l == quoted || strings.Contains(l, quoted)) {
				return i + 1
			}
		}
		return 0
	}
	if m := character.FindStringSubmatch(message); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n >= 0 && n <= len(sql) {
			return strings.Count(sql[:n], "\n") + 1
		}
	}
	return 0
}

func lineOf(sql, part string) int {
	if i := strings.LastIndex(sql, part); i >= 0 {
		return strings.Count(sql[:i], "\n") + 1
	}
	return 0
}

// units runs every small world of a definition.
func units(ctx context.Context, e Engine, d *Definition) ([]Unit, error) {
	var out []Unit
	for _, f := range d.Fixtures {
		u := Unit{Name: f.Name}
		got, err := runFixture(ctx, e, d, f, nil)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			u.Error = err.Error()
		}
		ids := slices.Sorted(maps.Keys(f.Expect))
		for id := range got {
			if _, ok := f.Expect[id]; !ok {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		for _, id := range ids {
			u.Rows = append(u.Rows, UnitRow{id, f.Expect[id], got[id]})
		}
		out = append(out, u)
	}
	return out, nil
}

// unitFindings says which worlds did not come out as expected, and what no world shows.
func unitFindings(d *Definition, list []Unit) []Finding {
	var out []Finding
	seen := map[Outcome]bool{}
	for _, u := range list {
		switch {
		case u.Error != "":
			field := "sql"
			if strings.Contains(u.Error, "declared input") {
				field = "fixtures"
			}
			out = append(out, Finding{Field: field, Line: lineAt(d.SQL, u.Error), Text: "unit rows “" + u.Name + "”: " + said(u.Error)})
		case !u.OK():
			out = append(out, Finding{Field: "fixtures", Text: "unit rows “" + u.Name + "” did not come out as expected"})
		}
		for _, r := range u.Rows {
			seen[r.Want] = true
		}
	}
	if len(list) == 0 {
		return append(out, Finding{Field: "fixtures", Text: "there are no unit rows: a test that was never seen to fail proves nothing"})
	}
	for _, o := range []Outcome{Pass, Fail, Unknown} {
		if !seen[o] {
			out = append(out, Finding{Field: "fixtures", Text: "no unit row expects " + string(o), Hint: "Show at least one item each for pass, fail and unknown."})
		}
	}
	return out
}

// Trial is what a definition says of the newest real facts. Nothing of it is kept.
type Trial struct {
	Run      Run    // with the inputs it read, and the figures; Reason when there is nothing to conclude from
	Refused  string // why the verdicts would not be accepted
	Line     int    // of the statement, where the engine says it
	Items    []Item // the first of those that do not pass
	Passing  []string
	Verdicts Verdicts
}

// TryTest runs a definition over the newest facts of its inputs, in the sandbox, and keeps nothing. It ends with ctx.
func (s *Service) TryTest(ctx context.Context, scope access.Scope, now time.Time, d *Definition) (Trial, error) {
	if err := scope.Require(access.EditTests); err != nil {
		return Trial{}, err
	}
	p, err := s.plan(ctx, scope.ReadScope, Installed{Definition: d, Params: map[string]string{}}, Request{AsOf: now, Now: now, Trigger: "trial"}, "", sources{})
	if err != nil {
		return Trial{}, err
	}
	t := Trial{Run: p.run}
	if p.tables == nil {
		return t, nil
	}
	q := d.Query(p.run.AsOf, p.run.From, p.run.To, p.run.Params)
	q.Sample = trialRows
	vs, err := s.Engine.Run(ctx, Job{Tables: p.tables, Queries: []Query{q}, Deadline: trialDeadline})
	switch {
	case ctx.Err() != nil:
		return t, ctx.Err()
	case err != nil && errs.KindOf(err) == errs.Internal:
		return t, err
	case err != nil:
		t.Refused = said(err.Error())
		return t, nil
	}
	t.Verdicts = vs[0]
	t.Run.Took = time.Duration(vs[0].TookMicroseconds) * time.Microsecond
	if err := accept(d, vs[0]); err != nil {
		t.Refused, t.Line = said(err.Error()), lineAt(d.SQL, err.Error())
	}
	t.Run.Population, t.Run.Counts, t.Run.Hash, t.Run.Outcome, t.Run.Reason = vs[0].Population, vs[0].Counts, vs[0].Hash, worst(vs[0].Counts), ""
	for _, raw := range vs[0].Returned {
		it, err := parseItem(raw)
		if err != nil {
			return t, errs.As(errs.Internal, err, "row of a trial")
		}
		t.Items = append(t.Items, it)
	}
	t.Passing = vs[0].PassingIDs[:min(len(vs[0].PassingIDs), trialRows)]
	return t, nil
}

// bounded is an engine that gives every job a deadline.
type bounded struct {
	Engine
	deadline time.Duration
}

// Run runs a job with the deadline.
func (b bounded) Run(ctx context.Context, j Job) ([]Verdicts, error) {
	j.Deadline = b.deadline
	return b.Engine.Run(ctx, j)
}
