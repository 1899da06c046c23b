package view

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Lane is the days of one item of a test.
type Lane struct {
	ItemID, Label string
	Outcome       chart.Outcome // of its newest verdict other than pass
	Open          bool          // that verdict lasts
	Strip         chart.StripData
}

// Bounds of the lanes of a page: items, and verdicts read for them.
const (
	mostLanes    = 25
	mostVerdicts = 2000
)

// Lanes are the items of a test that did not pass in the period of its strip, newest first, each day by day; more is how
// many items are left out. Verdicts of not applicable are left out: they are no trouble.
func (r *Reader) Lanes(ctx context.Context, s access.ReadScope, t TestDetail) (lanes []Lane, more int, err error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, 0, err
	}
	span := t.Strip.Period
	sql := `SELECT ` + intervalColumns + ` FROM evaluate_interval WHERE org_id = $1 AND test = $2 AND outcome IN ('fail', 'unknown') AND from_at < $4 AND (to_at IS NULL OR to_at > $3)
		ORDER BY CASE WHEN to_at IS NULL THEN 0 ELSE 1 END, seen_at DESC, from_at DESC, item_id LIMIT ` + strconv.Itoa(mostVerdicts)
	if t.Definition.Kind == evaluate.Occurrence {
		sql = `SELECT ` + occurrenceColumns + ` FROM evaluate_occurrence WHERE org_id = $1 AND test = $2 AND outcome IN ('fail', 'unknown') AND occurred_at < $4 AND occurred_at >= $3 ORDER BY occurred_at DESC, item_id LIMIT ` + strconv.Itoa(mostVerdicts)
	}
	rows, err := sqldb.Collect(ctx, r.db, scanStanding, sql, orgOf(s), t.ID, span.From.Time().UnixMicro(), span.To.Time().UnixMicro())
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	lists, err := r.tallies(ctx, s, []string{t.ID}, span)
	if err != nil {
		return nil, 0, err
	}
	by := map[string][]Standing{}
	var order []string
	for _, x := range rows {
		if by[x.ItemID] == nil {
			order = append(order, x.ItemID)
		}
		by[x.ItemID] = append(by[x.ItemID], x)
	}
	for _, item := range order[:min(len(order), mostLanes)] {
		history := by[item]
		slices.SortStableFunc(history, func(a, b Standing) int { return b.Since.Compare(a.Since) })
		l := Lane{ItemID: item, Label: history[0].Name(), Outcome: history[0].Outcome, Open: history[0].Until == nil && t.Definition.Kind == evaluate.State, Strip: chart.StripData{Period: span}}
		if t.Definition.Kind == evaluate.State {
			l.Strip.Runs = dayRuns(lists[t.ID], history)
		} else {
			for _, x := range history {
				l.Strip.Runs = append(l.Strip.Runs, chart.Run{From: period.Of(x.Since), Days: 1, Outcome: x.Outcome})
			}
		}
		lanes = append(lanes, l)
	}
	return lanes, max(0, len(order)-mostLanes), nil
}

// Audit is how a control did in the period of an examination.
type Audit struct {
	Window
	Figures Figures
}

// ControlAudits lists the examinations of the organisation with how the control did in each, newest first.
func (r *Reader) ControlAudits(ctx context.Context, s access.ReadScope, d ControlDetail, now time.Time) ([]Audit, error) {
	if err := s.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	all, err := r.allWindows(ctx, s)
	if err != nil {
		return nil, err
	}
	days, err := r.calendar(ctx, s, now)
	if err != nil {
		return nil, err
	}
	var out []Audit
	for _, w := range all {
		a := Audit{Window: w}
		var states, events [][]tally
		var names []string
		for _, t := range d.Tested {
			if t.Ran && t.Enabled {
				names = append(names, t.ID)
			}
		}
		lists, err := r.tallies(ctx, s, names, w.Period)
		if err != nil {
			return nil, err
		}
		for _, t := range d.Tested {
			if list := lists[t.ID]; list != nil && t.Definition.Kind == evaluate.Occurrence {
				events = append(events, list)
			} else if list != nil {
				states = append(states, list)
			}
		}
		a.Figures = figures(joint(w.Period, days, states, events), w.Period, now)
		out = append(out, a)
	}
	return out, nil
}

// graced shows the failing days of a control on which every failing item was still within the time allowed for mending. An
// occurrence is judged when its time is over: it has none left.
func (r *Reader) graced(ctx context.Context, s access.ReadScope, d *ControlDetail) error {
	if d.GraceHours == 0 || d.Strip.Counts()[chart.Fail] == 0 {
		return nil
	}
	grace, span := time.Duration(d.GraceHours)*time.Hour, d.Strip.Period
	past := make([]bool, span.Days())
	var names []string
	for _, t := range d.Tested {
		if t.Definition.Kind == evaluate.State {
			names = append(names, t.ID)
			continue
		}
		for _, x := range t.Strip.Normal() {
			for i := range x.Days {
				if n := int(x.From-span.From) + i; x.Outcome == chart.Fail && n >= 0 && n < len(past) {
					past[n] = true
				}
			}
		}
	}
	var w sqldb.Where
	w.Add(`org_id = ?`, orgOf(s))
	w.In(`test`, names)
	w.Add(`outcome = 'fail' AND from_at < ? AND (to_at IS NULL OR to_at > ?)`, span.To.Time().UnixMicro(), span.From.Time().UnixMicro())
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (int64, error) {
		var from, seen int64
		err := row.Scan(&from, &seen)
		// The first day whose end is beyond the grace, up to the last on which it was seen failing.
		for day := period.Of(sqldb.Time(from).Add(grace)); day <= period.Of(sqldb.Time(seen)); day++ {
			if n := int(day - span.From); n >= 0 && n < len(past) {
				past[n] = true
			}
		}
		return from, err
	}, `SELECT from_at, seen_at FROM evaluate_interval WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return err
	}
	var runs []chart.Run
	for _, x := range d.Strip.Normal() {
		if x.Outcome != chart.Fail {
			runs = append(runs, x)
			continue
		}
		for i := range x.Days {
			o := chart.Grace
			if past[int(x.From-span.From)+i] {
				o = chart.Fail
			}
			runs = append(runs, chart.Run{From: x.From + period.Date(i), Days: 1, Outcome: o})
		}
	}
	d.Strip.Runs = runs
	return nil
}
