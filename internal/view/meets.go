package view

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// listedDeviations is how many deviations of a test a matrix lists; it counts them all.
const listedDeviations = 12

// Meets makes the control matrix of a scope: which controls meet each requirement, how they are tested, with what result
// over the period, on what evidence. It says nothing about days that are not over.
func (r *Reader) Meets(ctx context.Context, s access.ReadScope, f matrix.Scope, now time.Time) (*matrix.Matrix, error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	fw, err := r.framework(f.Framework)
	if err != nil {
		return nil, err
	}
	f.Name = fw.Name
	m := &matrix.Matrix{Scope: f, Requirements: []matrix.Requirement{}, Controls: []matrix.Control{}, Tests: []matrix.Test{}, Evidence: []matrix.Evidence{}}
	if err := r.db.QueryRow(ctx, []any{&m.Org, &m.Simulated}, `SELECT name, simulated FROM access_org WHERE id = $1`, orgOf(s)); err != nil {
		return nil, err
	}
	cats, err := r.catalog.ParseCategories(f.Categories)
	if err != nil {
		return nil, err
	}
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return nil, err
	}
	stand, err := r.standingsOf(ctx, s, p, StandingsFilter{Framework: f.Framework, Categories: cats, Period: f.Period, Now: now})
	if err != nil {
		return nil, err
	}
	x := &meets{r: r, s: s, p: p, m: m, controls: map[string]*matrix.Control{}, tests: map[string]*matrix.Test{}}
	for _, q := range stand {
		x.requirement(q)
	}
	for _, read := range []func(context.Context) error{x.filed, x.days, x.deviations, x.listed, x.last, x.evidence} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	x.finish()
	return m, nil
}

// meets gathers a matrix.
type meets struct {
	r        *Reader
	s        access.ReadScope
	p        *programme
	m        *matrix.Matrix
	controls map[string]*matrix.Control
	tests    map[string]*matrix.Test
	refs     map[string]bool // of evidence
}

func (x *meets) requirement(q CriterionStanding) {
	out := matrix.Requirement{ID: q.ID, Category: string(q.Category), Group: q.Group, Title: q.Title, Intent: q.Intent, Status: string(q.Status), Word: q.Status.Title(), Reasons: []matrix.Reason{}, Controls: []string{}}
	for _, y := range q.Reasons {
		out.Reasons = append(out.Reasons, matrix.Reason{Control: y.Control, Test: y.Test, Text: y.Text})
	}
	for _, c := range q.Controls {
		out.Controls = append(out.Controls, c.Ref)
		y := x.controls[c.Ref]
		if y == nil {
			y = x.control(c)
		}
		y.Requirements = append(y.Requirements, q.ID)
	}
	slices.Sort(out.Controls)
	x.m.Requirements = append(x.m.Requirements, out)
}

func (x *meets) control(c ControlRow) *matrix.Control {
	y := &matrix.Control{
		Ref: c.Ref, Title: c.Title, Statement: c.Statement, Type: string(c.Type), Nature: string(c.Nature), Frequency: string(c.Frequency), Owner: c.Owner, OwnerRole: c.OwnerRole,
		Deputy: c.Deputy, Version: c.Version, InForce: c.Status == control.Approved, Requirements: []string{}, Tests: []string{}, Documents: []string{},
	}
	for i := range x.p.tests {
		t := &x.p.tests[i]
		if !slices.Contains(t.Definition.Controls, c.Ref) {
			continue
		}
		y.Tests = append(y.Tests, t.ID)
		if x.tests[t.ID] == nil {
			d := t.Definition
			x.tests[t.ID] = &matrix.Test{
				ID: t.ID, Title: d.Title, Asks: d.Asks, Counted: d.Counted, Kind: string(d.Kind), Severity: d.Severity, Version: d.Version, SHA256: t.SHA256, Controls: d.Controls, Inputs: d.Inputs,
				Enabled: t.Enabled, Listed: []matrix.Deviation{}, Evidence: []string{}, Exceptions: x.excepted(t.ID),
			}
		}
	}
	x.controls[c.Ref] = y
	return y
}

// excepted counts the approved exceptions of a test that were in force in the period.
func (x *meets) excepted(test string) int64 {
	from, to := x.m.Scope.Period.From.Time(), x.m.Scope.Period.To.Time()
	n := int64(0)
	for _, e := range x.p.exceptions {
		if e.Test == test && e.Approved != nil && e.Approved.Before(to) && e.Expires.After(from) && (e.Revoked == nil || e.Revoked.After(from)) {
			n++
		}
	}
	return n
}

// span are the arguments of a statement about the organisation and the period.
func (x *meets) span() []any {
	p := x.m.Scope.Period
	return []any{orgOf(x.s), p.From.Time().UnixMicro(), p.To.Time().UnixMicro()}
}

// each reads rows that belong to a test of the matrix.
func (x *meets) each(ctx context.Context, scan func(t *matrix.Test, row sqldb.Row, id *string) error, query string, args ...any) error {
	_, err := sqldb.Collect(ctx, x.r.db, func(row sqldb.Row) (bool, error) { return true, x.one(row, scan) }, query, args...)
	return err
}

// one hands a row to scan; rows of other tests are read into one that is thrown away.
func (x *meets) one(row sqldb.Row, scan func(t *matrix.Test, row sqldb.Row, id *string) error) error {
	var id string
	var spare matrix.Test
	if err := scan(&spare, row, &id); err != nil {
		return err
	}
	if t := x.tests[id]; t != nil {
		merge(t, spare)
	}
	return nil
}

// merge adds what one row says.
func merge(t *matrix.Test, r matrix.Test) {
	t.Days.Pass, t.Days.Fail, t.Days.NA, t.Days.Silent = t.Days.Pass+r.Days.Pass, t.Days.Fail+r.Days.Fail, t.Days.NA+r.Days.NA, t.Days.Silent+r.Days.Silent
	t.Deviations, t.Open, t.Unknowns, t.Evaluations = t.Deviations+r.Deviations, t.Open+r.Open, t.Unknowns+r.Unknowns, t.Evaluations+r.Evaluations
	t.Population = max(t.Population, r.Population)
	t.Listed = append(t.Listed, r.Listed...)
	t.Evidence = append(t.Evidence, r.Evidence...)
	if r.Last.RunID != "" {
		t.Last = r.Last
	}
}

// days counts the days of the period by outcome.
func (x *meets) days(ctx context.Context) error {
	p := x.m.Scope.Period
	return x.each(ctx, func(t *matrix.Test, row sqldb.Row, id *string) error {
		var outcome string
		var n int
		if err := row.Scan(id, &outcome, &n); err != nil {
			return err
		}
		switch evaluate.Outcome(outcome) {
		case evaluate.Pass:
			t.Days.Pass = n
		case evaluate.Fail:
			t.Days.Fail = n
		case evaluate.NotApplicable:
			t.Days.NA = n
		case evaluate.Unknown:
			t.Days.Silent = n
		}
		return nil
	}, `SELECT test, outcome, count(*) FROM evaluate_day WHERE org_id = $1 AND day >= $2 AND day < $3 GROUP BY test, outcome`, orgOf(x.s), int64(p.From), int64(p.To))
}

// deviations counts what did not pass in the period: stretches of items, and occurrences.
func (x *meets) deviations(ctx context.Context) error {
	err := x.each(ctx, func(t *matrix.Test, row sqldb.Row, id *string) error {
		return row.Scan(id, &t.Deviations, &t.Open, &t.Unknowns)
	}, `SELECT test, CAST(sum(CASE outcome WHEN 'fail' THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(CASE WHEN outcome = 'fail' AND to_at IS NULL THEN 1 ELSE 0 END) AS BIGINT),
			CAST(sum(CASE outcome WHEN 'unknown' THEN 1 ELSE 0 END) AS BIGINT)
		FROM evaluate_interval WHERE org_id = $1 AND from_at < $3 AND (to_at IS NULL OR to_at > $2) GROUP BY test`, x.span()...)
	if err != nil {
		return err
	}
	return x.each(ctx, func(t *matrix.Test, row sqldb.Row, id *string) error {
		return row.Scan(id, &t.Population, &t.Deviations, &t.Unknowns)
	}, `SELECT test, count(*), CAST(sum(CASE outcome WHEN 'fail' THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(CASE outcome WHEN 'unknown' THEN 1 ELSE 0 END) AS BIGINT)
		FROM evaluate_occurrence WHERE org_id = $1 AND occurred_at >= $2 AND occurred_at < $3 GROUP BY test`, x.span()...)
}

// listed reads the first deviations of each test.
func (x *meets) listed(ctx context.Context) error {
	if !x.m.Scope.Full {
		return nil
	}
	return x.each(ctx, func(t *matrix.Test, row sqldb.Row, id *string) error {
		var d matrix.Deviation
		var from int64
		var to *int64
		if err := row.Scan(id, &d.Label, &d.Reason, &from, &to); err != nil {
			return err
		}
		d.From = sqldb.Time(from)
		if to != nil {
			end := sqldb.Time(*to)
			d.To = &end
		}
		t.Listed = []matrix.Deviation{d}
		return nil
	}, `SELECT test, label, reason, from_at, to_at FROM (
			SELECT test, label, reason, from_at, to_at, item_id, row_number() OVER (PARTITION BY test ORDER BY from_at, item_id) AS n FROM (
				SELECT test, label, reason, from_at, to_at, item_id FROM evaluate_interval WHERE org_id = $1 AND outcome = 'fail' AND from_at < $3 AND (to_at IS NULL OR to_at > $2)
				UNION ALL
				SELECT test, label, reason, occurred_at, occurred_at, item_id FROM evaluate_occurrence WHERE org_id = $1 AND outcome = 'fail' AND occurred_at >= $2 AND occurred_at < $3) a) b
		WHERE n <= $4 ORDER BY test, from_at, item_id`, append(x.span(), listedDeviations)...)
}

// last reads how often each test was evaluated in the period, and the last time.
func (x *meets) last(ctx context.Context) error {
	x.refs = map[string]bool{}
	return x.each(ctx, func(t *matrix.Test, row sqldb.Row, id *string) error {
		var asOf, population int64
		var inputs string
		var used []evaluate.InputUsed
		if err := row.Scan(id, &t.Evaluations, &t.Last.RunID, &asOf, &t.Last.Outcome, &t.Last.Rows, &population, &inputs); err != nil {
			return err
		}
		t.Last.AsOf = sqldb.Time(asOf)
		if known := x.tests[*id]; known != nil && known.Kind == string(evaluate.State) {
			t.Population = population
		}
		if err := json.Unmarshal([]byte(inputs), &used); err != nil {
			return errs.As(errs.Internal, err, "inputs of run %s", t.Last.RunID)
		}
		for _, in := range used {
			if in.Ref != "" && !slices.Contains(t.Evidence, in.Ref) {
				t.Evidence = append(t.Evidence, in.Ref)
				x.refs[in.Ref] = x.refs[in.Ref] || x.tests[*id] != nil
			}
		}
		return nil
	}, `SELECT r.test, c.n, r.id, r.as_of, r.outcome, r.hash, r.population, r.inputs FROM evaluate_run r
		JOIN (SELECT test, count(*) AS n, max(as_of) AS newest, max(created_at) AS made FROM evaluate_run WHERE org_id = $1 AND as_of >= $2 AND as_of < $3 GROUP BY test) c ON c.test = r.test AND c.newest = r.as_of
		WHERE r.org_id = $1 ORDER BY r.test, r.created_at`, x.span()...)
}

// filed reads what was filed for controls in the period.
func (x *meets) filed(ctx context.Context) error {
	_, err := sqldb.Collect(ctx, x.r.db, func(row sqldb.Row) (bool, error) {
		var c string
		var e EvidenceRow
		err := row.Scan(&c, &e.Ref)
		if y := x.controls[c]; err == nil && y != nil {
			y.Documents = append(y.Documents, e.Ref)
		}
		return true, err
	}, `SELECT l.ref, i.ref FROM evidence_link l JOIN evidence_item i ON i.id = l.item_id
		WHERE i.org_id = $1 AND l.kind = 'control' AND i.status = 'active' AND i.kind <> 'snapshot' AND i.to_at >= $2 AND i.from_at < $3 ORDER BY l.ref, i.ref`, x.span()...)
	return err
}

// evidence reads the pieces that tests and controls name.
func (x *meets) evidence(ctx context.Context) error {
	for _, c := range x.controls {
		for _, ref := range c.Documents {
			x.refs[ref] = true
		}
	}
	var refs []string
	for ref, wanted := range x.refs {
		if wanted {
			refs = append(refs, ref)
		}
	}
	slices.Sort(refs)
	for part := range slices.Chunk(refs, 500) { // below the bound of parameters of both engines
		w := &sqldb.Where{}
		w.Add(`org_id = ?`, orgOf(x.s))
		w.In(`ref`, part)
		rows, err := sqldb.Collect(ctx, x.r.db, scanEvidence, `SELECT `+evidenceColumns+` FROM evidence_item WHERE `+w.SQL()+` ORDER BY ref`, w.Args()...)
		if err != nil {
			return err
		}
		for _, e := range rows {
			x.m.Evidence = append(x.m.Evidence, matrix.Evidence{Ref: e.Ref, Kind: e.Kind, Title: e.Title, Source: cmp.Or(e.Source, e.System), Received: e.Received, Completeness: string(e.Completeness), Rows: e.Rows, SHA256: e.SHA256, Seq: e.Seq})
		}
	}
	return nil
}

// finish puts controls and tests in order and counts the days on which nothing was evaluated.
func (x *meets) finish() {
	order := map[string]func(a, b string) int{catalog.TSC: x.r.catalog.CompareCriteria, catalog.SOC1: x.r.catalog.CompareObjectives, catalog.ISO: x.r.catalog.CompareAnnex}[x.m.Scope.Framework]
	for _, c := range x.controls {
		slices.SortFunc(c.Requirements, order)
		x.m.Controls = append(x.m.Controls, *c)
	}
	for _, t := range x.tests {
		d := &t.Days
		d.Bare = max(0, x.m.Scope.Period.Days()-d.Pass-d.Fail-d.NA-d.Silent)
		slices.Sort(t.Evidence)
		t.Evidence = slices.Compact(t.Evidence)
		x.m.Tests = append(x.m.Tests, *t)
	}
	slices.SortFunc(x.m.Controls, func(a, b matrix.Control) int { return strings.Compare(a.Ref, b.Ref) })
	slices.SortFunc(x.m.Tests, func(a, b matrix.Test) int { return strings.Compare(a.ID, b.ID) })
}
