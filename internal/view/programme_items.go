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

// Standing is a verdict other than pass on an item: over a stretch of time for a state test, at an instant for an
// occurrence test.
type Standing struct {
	Test      string
	Title     string // of the test
	Kind      evaluate.Kind
	ItemID    string
	Label     string
	Outcome   chart.Outcome
	Reason    string
	Since     time.Time  // evaluation that first saw it, or when it happened
	Until     *time.Time // evaluation that first saw it ended; nil while it lasts, and for occurrences
	Seen      time.Time  // evaluation that saw it last
	Exception string     // reference of an approved exception that holds now
	Requested string     // reference of an exception that waits for approval
	Task      string     // reference of the open task about it; empty for none
	Assignee  string     // name of who looks after it
	Due       period.Date
	Row       json.RawMessage
}

// Name is the item as people know it.
func (x Standing) Name() string { return cmp.Or(x.Label, x.ItemID) }

const (
	intervalColumns   = `item_id, label, outcome, reason, from_at, to_at, seen_at, row_json`
	occurrenceColumns = `item_id, label, outcome, reason, occurred_at, NULL, as_of, row_json`
)

func scanStanding(row sqldb.Row) (Standing, error) {
	var x Standing
	var since, seen int64
	var until *int64
	var outcome, raw string
	err := row.Scan(&x.ItemID, &x.Label, &outcome, &x.Reason, &since, &until, &seen, &raw)
	x.Outcome, x.Since, x.Until, x.Seen, x.Row = chart.Parse(outcome), sqldb.Time(since), sqldb.TimePtr(until), sqldb.Time(seen), json.RawMessage(raw)
	return x, err
}

// standing lists what does not pass of a test now: intervals that last, or occurrences of the last evaluation's window.
// Verdicts of not applicable are left out: there is nothing to do about them.
func (r *Reader) standing(ctx context.Context, s access.ReadScope, t *TestRow, exceptions []evaluate.Exception, now time.Time) ([]Standing, error) {
	if !t.Ran {
		return nil, nil
	}
	sql := `SELECT ` + intervalColumns + ` FROM evaluate_interval WHERE org_id = $1 AND test = $2 AND to_at IS NULL AND outcome IN ('fail', 'unknown') ORDER BY from_at, item_id`
	args := []any{orgOf(s), t.ID}
	if t.Definition.Kind == evaluate.Occurrence {
		sql = `SELECT ` + occurrenceColumns + ` FROM evaluate_occurrence WHERE org_id = $1 AND test = $2 AND occurred_at >= $3 AND occurred_at < $4 AND outcome IN ('fail', 'unknown') ORDER BY occurred_at, item_id`
		args = append(args, t.From.UnixMicro(), t.To.UnixMicro())
	}
	rows, err := sqldb.Collect(ctx, r.db, scanStanding, sql, args...)
	for i := range rows {
		rows[i].of(t, exceptions, now)
	}
	return rows, err
}

// of names the test of a verdict and what was decided about the item.
func (x *Standing) of(t *TestRow, exceptions []evaluate.Exception, now time.Time) {
	x.Test, x.Title, x.Kind = t.ID, t.Definition.Title, t.Definition.Kind
	for _, e := range exceptions {
		if !e.Covers(x.Test, x.ItemID) {
			continue
		}
		switch e.State(now) {
		case "active":
			x.Exception = e.Ref
		case "requested":
			x.Requested = e.Ref
		}
	}
}

// StandingFilter narrows what does not pass. Zero values do not narrow.
type StandingFilter struct {
	Outcome  *chart.Outcome
	Excepted string // "yes" or "no"
}

// StandingList is a page of what does not pass, and what the filters would find.
type StandingList struct {
	paging.Result[Standing]
	States []Choice
}

// NotPassing lists what does not pass now of a control's tests. Sort names: item, test, since, outcome.
func (r *Reader) NotPassing(ctx context.Context, s access.ReadScope, tests []TestRow, f StandingFilter, q paging.Query, now time.Time) (StandingList, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return StandingList{}, err
	}
	exceptions, err := r.exceptions(ctx, s, "")
	if err != nil {
		return StandingList{}, err
	}
	var all []Standing
	for i := range tests {
		if tests[i].Fail+tests[i].Unknown == 0 || !tests[i].Enabled {
			continue
		}
		of, err := r.standing(ctx, s, &tests[i], exceptions, now)
		if err != nil {
			return StandingList{}, err
		}
		all = append(all, of...)
	}
	out := f.list(all, q)
	return out, r.assigned(ctx, s, out.Rows)
}

func (f StandingFilter) list(all []Standing, q paging.Query) StandingList {
	var rows, facets []Standing
	for _, x := range all {
		if f.Excepted != "" && (x.Exception != "") != (f.Excepted == "yes") || !found(q.Search, x.ItemID, x.Label, x.Reason, x.Title) {
			continue
		}
		facets = append(facets, x)
		if f.Outcome == nil || x.Outcome == *f.Outcome {
			rows = append(rows, x)
		}
	}
	compare := func(a, b Standing) int { return a.Since.Compare(b.Since) }
	switch q.Sort {
	case "item":
		compare = func(a, b Standing) int { return cmp.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name())) }
	case "test":
		compare = func(a, b Standing) int { return cmp.Compare(a.Title, b.Title) }
	case "outcome":
		compare = func(a, b Standing) int { return cmp.Compare(b.Outcome, a.Outcome) }
	}
	slices.SortStableFunc(rows, func(a, b Standing) int {
		n := compare(a, b)
		if q.Desc {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.Test, b.Test), cmp.Compare(a.ItemID, b.ItemID))
	})
	return StandingList{Result: page(rows, q), States: states(facets, func(x Standing) chart.Outcome { return x.Outcome })}
}

// ItemDetail is one member of a population with every verdict other than pass it ever had.
type ItemDetail struct {
	Test       TestRow
	ItemID     string
	Label      string
	Current    *Standing  // how it does not pass now; nil when nothing is known against it
	History    []Standing // newest first
	Exceptions []ExceptionRow
	Window     *Window
	Strip      chart.StripData
	InWindow   Figures
}

// Item reads an item of a test. Passing verdicts are kept in the result files, by run: an item that always passed has no
// history here and is not found.
func (r *Reader) Item(ctx context.Context, s access.ReadScope, test, item string, now time.Time) (ItemDetail, error) {
	d := ItemDetail{ItemID: item}
	t, p, err := r.one(ctx, s, test, now)
	if err != nil {
		return d, err
	}
	d.Test = t
	table, order := `SELECT `+intervalColumns+` FROM evaluate_interval`, ` ORDER BY from_at DESC`
	if t.Definition.Kind == evaluate.Occurrence {
		table, order = `SELECT `+occurrenceColumns+` FROM evaluate_occurrence`, ``
	}
	if d.History, err = sqldb.Collect(ctx, r.db, scanStanding, table+` WHERE org_id = $1 AND test = $2 AND item_id = $3`+order, orgOf(s), t.ID, item); err != nil {
		return d, err
	}
	if len(d.History) == 0 {
		return d, errs.New(errs.NotFound, "test %s has no verdict other than pass on %q", t.ID, item).
			WithHint("Items that always passed are in the result files of its runs, which the engagement's bundle holds.")
	}
	for i := range d.History {
		d.History[i].of(&t, p.exceptions, now)
		if x := &d.History[i]; x.Until == nil && x.Outcome >= chart.Unknown && d.Current == nil {
			d.Current = x
		}
	}
	d.Label = d.History[0].Name()
	if d.Current != nil {
		one := []Standing{*d.Current}
		if err := r.assigned(ctx, s, one); err != nil {
			return d, err
		}
		d.Current = &one[0]
	}
	if d.Exceptions, err = r.exceptionsOn(ctx, s, p, t.ID, item, now); err != nil {
		return d, err
	}
	if d.Window, err = r.Window(ctx, s, now); err != nil {
		return d, err
	}
	return d, r.itemStrip(ctx, s, &d, now)
}

// itemStrip draws an item's days: those on which it did not pass, over those on which its test was evaluated. A day of
// the test without an answer is one for the item, too. What happened once is a single day.
func (r *Reader) itemStrip(ctx context.Context, s access.ReadScope, d *ItemDetail, now time.Time) error {
	span, err := r.span(ctx, s, d.Window, now)
	if err != nil {
		return err
	}
	d.Strip = chart.StripData{Period: span}
	if d.Test.Definition.Kind == evaluate.State {
		lists, err := r.tallies(ctx, s, []string{d.Test.ID}, span)
		if err != nil {
			return err
		}
		d.Strip.Runs = dayRuns(lists[d.Test.ID], d.History)
	} else {
		for _, x := range d.History {
			d.Strip.Runs = append(d.Strip.Runs, chart.Run{From: period.Of(x.Since), Days: 1, Outcome: x.Outcome})
		}
	}
	if d.Window != nil {
		d.InWindow = figures(d.Strip, d.Window.Period, now)
		d.Strip.Window = d.Window.Period
	}
	return nil
}

// dayRuns are the days on which a state test gave verdicts, with those of one item. Before an item's first known verdict
// nothing is claimed: it may not have existed.
func dayRuns(list []tally, history []Standing) []chart.Run {
	first := period.Of(history[len(history)-1].Since)
	var runs []chart.Run
	for _, x := range list {
		from := max(x.from, first)
		if from >= x.to {
			continue
		}
		o := chart.Pass
		if x.silent { // the whole evaluation gave no verdicts
			o = chart.Unknown
		}
		runs = append(runs, chart.Run{From: from, Days: int(x.to - from), Outcome: o})
	}
	for _, x := range history {
		from, to := period.Of(x.Since), period.Of(x.Seen)+1
		if x.Until != nil { // up to the evaluation that saw it ended; a day it failed on at all counts as failed
			to = max(period.Of(x.Until.Add(-time.Microsecond)), from) + 1
			if last := period.Of(x.Seen) + 1; last < to {
				to = max(last, from+1)
			}
		}
		runs = append(runs, chart.Run{From: from, Days: int(to - from), Outcome: x.Outcome})
	}
	return runs
}
