package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Run is consecutive days with the same outcome.
type Run struct {
	From    period.Date
	Days    int
	Outcome Outcome
}

// StripData is what a strip shows: a period, day by day. Days without a run are None. Where runs overlap, the more
// important outcome counts.
type StripData struct {
	Period period.Period
	Runs   []Run
	Window period.Period // the observation window, bracketed above the strip; empty for none
}

// Normal is the data as runs that cover the period exactly once, in order, with equal neighbours merged.
func (s StripData) Normal() []Run {
	from, to := int64(s.Period.From), int64(s.Period.To)
	if to <= from {
		return nil
	}
	type edge struct {
		at      int64
		outcome Outcome
		step    int
	}
	var edges []edge
	for _, r := range s.Runs {
		o := r.Outcome
		if !o.valid() {
			o = Unknown
		}
		a, b := max(from, int64(r.From)), min(to, int64(r.From)+int64(r.Days))
		if a < b && o != None {
			edges = append(edges, edge{a, o, 1}, edge{b, o, -1})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	var open [len(words)]int
	var out []Run
	add := func(upto int64) {
		if upto <= from {
			return
		}
		o := None
		for i, n := range open {
			if n > 0 {
				o = Outcome(i)
			}
		}
		if n := len(out); n > 0 && out[n-1].Outcome == o {
			out[n-1].Days += int(upto - from)
		} else {
			out = append(out, Run{period.Date(from), int(upto - from), o})
		}
		from = upto
	}
	for _, e := range edges {
		add(e.at)
		open[e.outcome] += e.step
	}
	add(to)
	return out
}

// Weeks is the same strip with each run widened to whole weeks of seven days from the beginning of the period: the most
// important outcome of a week stands for it. For drawings that have no room for days; figures and sentences come from the days.
func (s StripData) Weeks() StripData {
	const week = 7
	out := StripData{Period: s.Period, Window: s.Window, Runs: make([]Run, 0, len(s.Runs))}
	for _, r := range s.Runs {
		a, b := max(0, int(r.From-s.Period.From)), int(r.From-s.Period.From)+r.Days
		if b <= a {
			continue
		}
		a, b = a/week*week, (b+week-1)/week*week
		out.Runs = append(out.Runs, Run{From: s.Period.From + period.Date(a), Days: b - a, Outcome: r.Outcome})
	}
	return out
}

// Counts is the number of days of each outcome; together they are the days of the period.
func (s StripData) Counts() map[Outcome]int {
	n := map[Outcome]int{}
	for _, r := range s.Normal() {
		n[r.Outcome] += r.Days
	}
	return n
}

// Sentence says what the strip shows, with every day accounted for: "Passing on 325 of 341 tested days, failing on 16; 3
// days not tested". A day without an answer is among the tested days and not among the passing.
func (s StripData) Sentence() string {
	n := s.Counts()
	total := 0
	for _, d := range n {
		total += d
	}
	tested := total - n[None]
	switch {
	case total == 0:
		return "No days"
	case tested == 0:
		return "Not tested on any of " + count(total, "day")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Passing on %d of %s", n[Pass], count(tested, "tested day"))
	for _, o := range []Outcome{Fail, Grace, Excepted, Unknown, NotApplicable} {
		if n[o] > 0 {
			fmt.Fprintf(&b, ", %s %d", during[o], n[o])
		}
	}
	if n[None] > 0 {
		fmt.Fprintf(&b, ", %s not tested", count(n[None], "day"))
	}
	return b.String()
}

// Strip draws the period as a band of width w and height h: the bracket of the window on top, the marks, month ticks at
// the foot. What stands out keeps a least width, so that one bad day of a year cannot vanish.
func Strip(c Canvas, s StripData, w, h float64) {
	days := s.Period.Days()
	if days == 0 || w <= 0 || h <= 0 {
		return
	}
	k := w / float64(days)
	at := func(d period.Date) float64 { return float64(d-s.Period.From) * k }
	top, foot := 0.0, .9*h
	if win := s.Window.Overlap(s.Period); win.Days() > 0 {
		top = .16 * h
		a, b := at(win.From), at(win.To)
		c.Line(ClassWindow, Point{a, .14 * h}, Point{a, .03 * h}, Point{b, .03 * h}, Point{b, .14 * h})
	}
	runs := s.Normal()
	for _, quiet := range []bool{true, false} {
		for _, r := range runs {
			if (r.Outcome <= Pass) != quiet {
				continue
			}
			x, width := at(r.From), float64(r.Days)*k
			if !quiet {
				width = max(width, min(w, w/280))
				x = min(x, w-width)
			}
			name(c, "%s: %s", stretch(r), r.Outcome)
			Mark(c, r.Outcome, x, top, width, foot-top)
		}
	}
	for _, l := range s.Labels() {
		c.Line(ClassMonth, Point{l.At * w, foot}, Point{l.At * w, h})
	}
}

// stretch names a run's days: "5 November 2025" or "28 October 2025 to 5 November 2025".
func stretch(r Run) string {
	const day = "2 January 2006"
	first, last := r.From.Time(), (r.From + period.Date(r.Days) - 1).Time()
	if r.Days == 1 {
		return first.Format(day)
	}
	return first.Format(day) + " to " + last.Format(day)
}

// Labels are the beginnings of months inside the period, at most thirteen, with the year where it changes.
func (s StripData) Labels() []Label { return months(s.Period) }

// months labels the months of a period. Long periods are labelled by quarters, years, decades.
func months(p period.Period) []Label {
	days := p.Days()
	if days == 0 {
		return nil
	}
	step := 1
	for _, step = range []int{1, 2, 3, 6, 12, 24, 60, 120, 600, 1200, 12000, 120000, 1200000} {
		if days <= step*31*13 {
			break
		}
	}
	first := p.From.Time()
	m := int(first.Month()) - 1
	t := time.Date(first.Year(), time.Month(m-m%step+1), 1, 0, 0, 0, 0, time.UTC)
	var out []Label
	year := 0
	for ; len(out) < 13; t = t.AddDate(0, step, 0) {
		d := period.Of(t)
		if d < p.From {
			continue
		}
		if d >= p.To {
			break
		}
		text := t.Format("Jan")
		if t.Year() != year {
			year, text = t.Year(), t.Format("Jan 2006")
		}
		out = append(out, Label{float64(d-p.From) / float64(days), text})
	}
	return out
}
