package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Readiness is how the programme stands now, and in the examination that goes on so far.
type Readiness struct {
	Window   *Window // nil without an examination
	Controls int     // that are not retired and, with an examination, serve a criterion of it
	States   map[chart.Outcome]int
	Failed   []FailedControl // most failing days first
	Series   []SeriesRow     // in order of presentation
	Span     period.Period   // of the series: the observation window, or the last 90 days without one
	AsOf     time.Time       // of the newest evaluation; zero before the first
	// Tests that were evaluated in the span, and those of them with a day that failed.
	Tests, TestsFailed int
	Standings          map[control.Standing]int // of the criteria in scope
	Changed            int                      // of them, those that stood otherwise a week ago
	Waiting            []Waiting                // for whoever looks, what is due first
}

// FailedControl is a control with failing days in the observation window so far.
type FailedControl struct {
	Ref, Title string
	Figures    Figures
	Stretches  int
	Last       Stretch
	State      chart.Outcome // now
}

// SeriesRow is a series of criteria by weeks.
type SeriesRow struct {
	ID, Name  string
	Weeks     chart.MatrixData // one row
	Operating int              // controls that pass now
	Total     int
}

// Readiness reads it.
func (r *Reader) Readiness(ctx context.Context, s access.ReadScope, now time.Time) (Readiness, error) {
	out := Readiness{States: map[chart.Outcome]int{}, Standings: map[control.Standing]int{}, Span: mini(now)}
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return out, err
	}
	if out.Window, err = r.Window(ctx, s, now); err != nil {
		return out, err
	}
	if out.Window != nil {
		out.Span = out.Window.Period
	}
	all, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return out, err
	}
	var names []string
	for _, t := range p.tests {
		if t.Enabled && t.Ran {
			names = append(names, t.ID)
			if t.AsOf.After(out.AsOf) {
				out.AsOf = t.AsOf
			}
		}
	}
	lists, err := r.windowTallies(ctx, s, names, out.Span)
	if err != nil {
		return out, err
	}
	out.Tests = len(lists)
	for _, list := range lists {
		if slices.ContainsFunc(list, func(x tally) bool { return x.outcome == chart.Fail }) {
			out.TestsFailed++
		}
	}
	ops, err := r.operations(ctx, s, p, all, StandingsFilter{Period: out.Span, Now: now})
	if err != nil {
		return out, err
	}
	scope := r.inScope(out.Window)
	for _, x := range r.stand(ops, all, scope, StandingsFilter{Framework: catalog.TSC, Now: now}) {
		out.Standings[x.Status]++
		if x.Status != x.Before {
			out.Changed++
		}
	}
	series := map[string]*seriesOf{}
	for _, c := range all {
		if c.Gone() {
			continue
		}
		served := r.seriesServed(c, scope)
		if len(scope) > 0 && len(served) == 0 {
			continue
		}
		out.Controls++
		if c.State == chart.Fail && ops.now[c.Ref].InGrace(now) {
			out.States[chart.Grace]++
		} else {
			out.States[c.State]++
		}
		strip := ops.strips[c.Ref]
		for _, id := range served {
			if series[id] == nil {
				series[id] = &seriesOf{}
			}
			series[id].add(c, strip)
		}
		if x, failed := failedIn(p, c, strip, lists, out, now); failed {
			out.Failed = append(out.Failed, x)
		}
	}
	slices.SortStableFunc(out.Failed, func(a, b FailedControl) int { return b.Figures.Fail - a.Figures.Fail })
	out.Series = r.seriesRows(series, scope, out.Span)
	out.Waiting, err = r.waiting(ctx, s, p, all, now)
	return out, err
}

// failedIn sums up the failing days of a control in the window.
func failedIn(p *programme, c ControlRow, strip chart.StripData, lists map[string][]tally, out Readiness, now time.Time) (FailedControl, bool) {
	f := figures(strip, out.Span, now)
	if out.Window == nil || f.Fail == 0 {
		return FailedControl{}, false
	}
	own := map[string][]tally{}
	for _, i := range p.byControl[c.Ref] {
		own[p.tests[i].ID] = lists[p.tests[i].ID]
	}
	bad := stretches(strip, own, chart.Fail)
	return FailedControl{Ref: c.Ref, Title: c.Title, Figures: f, Stretches: len(bad), Last: bad[0], State: c.State}, true
}

// seriesOf collects the controls of a series.
type seriesOf struct {
	runs             []chart.Run
	operating, total int
}

func (x *seriesOf) add(c ControlRow, strip chart.StripData) {
	x.runs = append(x.runs, strip.Runs...)
	x.total++
	if c.State == chart.Pass {
		x.operating++
	}
}

// seriesServed are the series of Trust Services criteria that a control serves within a scope; an empty scope is everything.
func (r *Reader) seriesServed(c ControlRow, scope map[string]bool) []string {
	var out []string
	for _, q := range c.Requirements {
		if q.Framework != catalog.TSC || len(scope) > 0 && !scope[q.ID] {
			continue
		}
		k, err := r.catalog.Criterion(q.ID)
		if err == nil && !slices.Contains(out, k.SeriesID()) {
			out = append(out, k.SeriesID())
		}
	}
	return out
}

// seriesRows puts the series into order. A series of the scope that no control serves is there too, empty: that is the gap.
func (r *Reader) seriesRows(of map[string]*seriesOf, scope map[string]bool, span period.Period) []SeriesRow {
	var out []SeriesRow
	for _, x := range r.catalog.Series() {
		in := slices.ContainsFunc(x.Criteria, func(id string) bool { return scope[id] })
		got := of[x.ID]
		if got == nil && !in {
			continue
		}
		row := SeriesRow{ID: x.ID, Name: x.Name}
		strip := chart.StripData{Period: span}
		if got != nil {
			strip.Runs, row.Operating, row.Total = got.runs, got.operating, got.total
		}
		row.Weeks = chart.Weeks(span, []string{x.ID}, []chart.StripData{strip})
		out = append(out, row)
	}
	return out
}

// maxWindows bounds how many organisations' windows are kept: each is some thousand short rows.
const maxWindows = 64

// windows keeps the days of an organisation's observation window as they were after its newest evaluation. A year of fifty
// tests is eighteen thousand rows, and they change only when an evaluation is recorded, in the same transaction.
type windows struct {
	mu    sync.Mutex
	byOrg map[access.OrgID]window
}

type window struct {
	key   string
	lists map[string][]tally
}

// windowTallies is tallies for the whole window, read again only after another evaluation. The result is shared: nobody
// changes it.
func (r *Reader) windowTallies(ctx context.Context, s access.ReadScope, tests []string, p period.Period) (map[string][]tally, error) {
	var batches, newest int64
	if err := r.db.QueryRow(ctx, []any{&batches, &newest}, `SELECT count(*), COALESCE(max(seq), 0) FROM evaluate_batch WHERE org_id = $1`, orgOf(s)); err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%d %d %d %d %s", batches, newest, p.From, p.To, strings.Join(tests, ","))
	r.windows.mu.Lock()
	kept, ok := r.windows.byOrg[s.Org()]
	r.windows.mu.Unlock()
	if ok && kept.key == key {
		return kept.lists, nil
	}
	// An evaluation that is recorded from here on has another key: at worst it is read twice.
	lists, err := r.tallies(ctx, s, tests, p)
	if err != nil {
		return nil, err
	}
	r.windows.mu.Lock()
	defer r.windows.mu.Unlock()
	if len(r.windows.byOrg) >= maxWindows {
		clear(r.windows.byOrg)
	}
	r.windows.byOrg[s.Org()] = window{key, lists}
	return lists, nil
}

// EvidenceCounts is the evidence about a period that is in use, by how its completeness is known.
type EvidenceCounts struct {
	All, Proven, Asserted, Incomplete int64
}

// EvidenceCounts counts it.
func (r *Reader) EvidenceCounts(ctx context.Context, s access.ReadScope, p period.Period) (EvidenceCounts, error) {
	var n EvidenceCounts
	if err := s.Require(access.ReadEvidence); err != nil {
		return n, err
	}
	err := r.db.QueryRow(ctx, []any{&n.All, &n.Proven, &n.Asserted, &n.Incomplete}, `SELECT count(*),
			CAST(COALESCE(sum(CASE completeness WHEN 'proven' THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(sum(CASE completeness WHEN 'asserted' THEN 1 ELSE 0 END), 0) AS BIGINT),
			CAST(COALESCE(sum(CASE completeness WHEN 'incomplete' THEN 1 ELSE 0 END), 0) AS BIGINT)
		FROM evidence_item WHERE org_id = $1 AND status = 'active' AND to_at >= $2 AND from_at < $3`, orgOf(s), p.From.Time().UnixMicro(), p.To.Time().UnixMicro())
	return n, err
}
