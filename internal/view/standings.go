package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// CriterionStanding is a requirement with how far it is met, and why.
type CriterionStanding struct {
	RequirementRow // its controls, too
	Status         control.Standing
	Reasons        []control.Reason    // worst first
	Operations     []control.Operation // of its controls
	// Before is how it stood a week earlier, by the results of that day.
	Before control.Standing
}

// StandingsFilter says which requirements, and of which period. The zero value is the criteria in scope of the examination
// that is going on, in its observation window; without an examination all criteria in the last 90 days.
type StandingsFilter struct {
	Framework  string // catalog.TSC when empty; catalog.SOC1 or catalog.ISO
	Categories []catalog.CategoryID
	Period     period.Period
	Now        time.Time
}

// Week is how far back the earlier standing of a requirement looks.
const Week = 7 * 24 * time.Hour

// Standings reads how far requirements are met, in order of presentation.
func (r *Reader) Standings(ctx context.Context, s access.ReadScope, f StandingsFilter) ([]CriterionStanding, error) {
	p, err := r.programme(ctx, s, f.Now)
	if err != nil {
		return nil, err
	}
	return r.standingsOf(ctx, s, p, f)
}

// standingsOf is Standings on a programme that was read already.
func (r *Reader) standingsOf(ctx context.Context, s access.ReadScope, p *programme, f StandingsFilter) ([]CriterionStanding, error) {
	controls, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return nil, err
	}
	w, err := r.Window(ctx, s, f.Now)
	if err != nil {
		return nil, err
	}
	f.Framework = cmp.Or(f.Framework, catalog.TSC)
	if f.Period.Days() == 0 {
		if f.Period = mini(f.Now); w != nil {
			f.Period = w.Period
		}
	}
	scope := r.inScope(w)
	if len(f.Categories) > 0 {
		list, err := r.catalog.Applicable(f.Categories)
		if err != nil {
			return nil, err
		}
		scope = map[string]bool{}
		for _, c := range list {
			scope[c.ID] = true
		}
	}
	ops, err := r.operations(ctx, s, p, controls, f)
	if err != nil {
		return nil, err
	}
	return r.stand(ops, controls, scope, f), nil
}

// stand judges the requirements of a framework; of the criteria those in scope.
func (r *Reader) stand(ops operations, controls []ControlRow, scope map[string]bool, f StandingsFilter) []CriterionStanding {
	var out []CriterionStanding
	for _, q := range r.fill(f.Framework, controls) {
		q.InScope = f.Framework == catalog.TSC && scope[q.ID]
		if f.Framework == catalog.TSC && len(scope) > 0 && !q.InScope {
			continue
		}
		x := CriterionStanding{RequirementRow: q}
		var then []control.Operation
		for _, c := range q.Controls {
			x.Operations, then = append(x.Operations, ops.now[c.Ref]), append(then, ops.before[c.Ref])
		}
		x.Status, x.Reasons = control.Stand(x.Operations, f.Now)
		x.Before, _ = control.Stand(then, f.Now.Add(-Week))
		out = append(out, x)
	}
	return out
}

// operations is what is on record about each control that is not retired, now and a week before, with its strip.
type operations struct {
	now, before map[string]control.Operation
	strips      map[string]chart.StripData
}

// operations reads it over a period.
func (r *Reader) operations(ctx context.Context, s access.ReadScope, p *programme, controls []ControlRow, f StandingsFilter) (operations, error) {
	out := operations{map[string]control.Operation{}, map[string]control.Operation{}, map[string]chart.StripData{}}
	plans, _, err := r.filedAndPlanned(ctx, s)
	if err != nil {
		return out, err
	}
	var names []string
	for _, t := range p.tests {
		if t.Enabled && t.Ran {
			names = append(names, t.ID)
		}
	}
	lists, err := r.windowTallies(ctx, s, names, f.Period)
	if err != nil {
		return out, err
	}
	then := f.Now.Add(-Week)
	x, err := r.since(ctx, s, f, then)
	if err != nil {
		return out, err
	}
	for _, c := range controls {
		if c.Gone() {
			continue
		}
		o := control.Operation{Ref: c.Ref, Title: c.Title, InForce: c.Status == control.Approved, Grace: time.Duration(c.GraceHours) * time.Hour, Every: control.Rhythm(c.Frequency)}
		if plan := plans[c.Ref]; plan != nil { // the organisation decided how often somebody files evidence
			o.Every = time.Duration(plan.Days) * 24 * time.Hour
		}
		past := o
		var of []int
		for _, i := range append(slices.Clone(p.byControl[c.Ref]), p.idle[c.Ref]...) {
			t := &p.tests[i]
			if !t.Enabled {
				continue
			}
			o.Tests = append(o.Tests, record(t, x.failing[t.ID]))
			past.Tests = append(past.Tests, pastRecord(t, lists[t.ID], then))
			if t.Ran {
				of = append(of, i)
			}
		}
		strip := p.joint(f.Period, of, lists)
		o.Evidence, past.Evidence = x.evidence[c.Ref][0], x.evidence[c.Ref][1]
		past.InForce = o.InForce && !x.force[c.Ref].After(then)
		count(&o, strip, f.Period, x.force[c.Ref], f.Now)
		count(&past, strip, f.Period, x.force[c.Ref], then)
		out.now[c.Ref], out.before[c.Ref], out.strips[c.Ref] = o, past, strip
	}
	return out, nil
}

// snapshots is how many days may lie between two looks at a state that count as looking throughout: once a week. What is
// longer has no result (domain brief 5.7: repeated snapshots over the whole period).
const snapshots = 7

// count fills in the days of the period that are over: today may still get its result. The runs of a joint strip are in
// order, each day once.
func count(o *control.Operation, d chart.StripData, p period.Period, force, now time.Time) {
	today := period.Of(now)
	from := p.From
	if !force.IsZero() {
		from = max(from, period.Of(force))
	}
	so := period.Period{From: from, To: max(from, min(p.To, today))}
	all := period.Period{From: p.From, To: max(p.From, min(p.To, today+1))}
	o.Elapsed, o.Tested = so.Days(), so.Days()
	at := so.From
	gap := func(to period.Date) {
		if n := min(to, so.To) - at; n > snapshots {
			o.Tested -= int(n)
		}
	}
	for _, run := range d.Runs {
		span := period.Period{From: run.From, To: run.From + period.Date(run.Days)}
		switch run.Outcome {
		case chart.None:
			continue
		case chart.Fail:
			o.Failed += span.Overlap(all).Days()
		case chart.Unknown:
			o.Silent += span.Overlap(so).Days()
		}
		if span.To > at {
			gap(span.From)
			at = span.To
		}
	}
	gap(so.To)
}

// record is what the last evaluation of a test says.
func record(t *TestRow, since time.Time) control.TestRecord {
	x := control.TestRecord{ID: t.ID, Title: t.Definition.Title, Severity: t.Definition.Severity, Occurrence: t.Definition.Kind == evaluate.Occurrence,
		Why: t.Why, Failing: t.Fail, Passing: t.Pass, Excepted: t.Excepted, Since: since}
	switch {
	case !t.Ran:
	case t.State == chart.Fail:
		x.State = control.Failing
	case t.State == chart.Pass:
		x.State = control.Operating
	case t.State == chart.NotApplicable:
		x.State = control.NoOccurrence
	default:
		x.State = control.Silent
	}
	return x
}

// pastRecord is what a test said at an earlier instant, as far as its days tell: the exceptions of that time are not known.
func pastRecord(t *TestRow, list []tally, then time.Time) control.TestRecord {
	x := record(t, time.Time{})
	x.State, x.Failing, x.Excepted = control.Untested, 1, 0
	day := period.Of(then)
	back := period.Date(0)
	if x.Occurrence {
		back = period.Date(t.To.Sub(t.From) / (24 * time.Hour))
	}
	for _, y := range list {
		if y.from > day {
			break
		}
		switch {
		case y.to+period.Date(Stale/(24*time.Hour)) <= day && !(x.Occurrence && y.to > day-back && y.outcome == chart.Fail):
			x.State, x.Why = control.Silent, "it had not been evaluated for days"
		case y.outcome == chart.Fail:
			x.State, x.Failing, x.Since = control.Failing, y.worst, y.from.Time()
		case x.Occurrence && x.State == control.Failing: // a case that failed stays in the window
		case y.outcome == chart.Pass:
			x.State = control.Operating
		case y.outcome == chart.NotApplicable:
			if x.State != control.Operating || !x.Occurrence {
				x.State = control.NoOccurrence
			}
		default:
			x.State = control.Silent
		}
	}
	return x
}

// standingSince is when things began.
type standingSince struct {
	failing  map[string]time.Time    // by test: the oldest failure that lasts and has no exception
	force    map[string]time.Time    // by control: when it first came in force
	evidence map[string][2]time.Time // by control: the newest instant evidence of the period speaks about, of all and of what was filed by then
}

func (r *Reader) since(ctx context.Context, s access.ReadScope, f StandingsFilter, then time.Time) (standingSince, error) {
	x := standingSince{failing: map[string]time.Time{}, force: map[string]time.Time{}, evidence: map[string][2]time.Time{}}
	into := func(m map[string]time.Time) func(sqldb.Row) (string, error) {
		return func(row sqldb.Row) (string, error) {
			var key string
			var at int64
			err := row.Scan(&key, &at)
			m[key] = sqldb.Time(at)
			return key, err
		}
	}
	if _, err := sqldb.Collect(ctx, r.db, into(x.failing), `SELECT test, min(from_at) FROM evaluate_interval i WHERE org_id = $1 AND to_at IS NULL AND outcome = 'fail' AND NOT EXISTS
		(SELECT 1 FROM evaluate_exception e WHERE e.org_id = $1 AND e.test = i.test AND e.item_id IN (i.item_id, '*') AND e.approved_at <= $2 AND e.expires_at > $2 AND e.revoked_at IS NULL)
		GROUP BY test`, orgOf(s), f.Now.UnixMicro()); err != nil {
		return x, err
	}
	if _, err := sqldb.Collect(ctx, r.db, into(x.force), `SELECT c.ref, min(v.effective_at) FROM control_version v JOIN control_control c ON c.id = v.control_id
		WHERE c.org_id = $1 AND v.effective_at IS NOT NULL GROUP BY c.ref`, orgOf(s)); err != nil {
		return x, err
	}
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var ref string
		var newest, earlier int64
		err := row.Scan(&ref, &newest, &earlier)
		got := [2]time.Time{sqldb.Time(newest)}
		if earlier > 0 {
			got[1] = sqldb.Time(earlier)
		}
		x.evidence[ref] = got
		return ref, err
	}, `SELECT l.ref, max(i.to_at), max(CASE WHEN i.received_at <= $4 THEN i.to_at ELSE 0 END) FROM evidence_link l JOIN evidence_item i ON i.id = l.item_id
		WHERE i.org_id = $1 AND l.kind = 'control' AND i.status = 'active' AND i.to_at >= $2 AND i.from_at < $3 GROUP BY l.ref`,
		orgOf(s), f.Period.From.Time().UnixMicro(), f.Period.To.Time().UnixMicro(), then.UnixMicro())
	return x, err
}
