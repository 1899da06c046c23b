package vendors

import (
	"fmt"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Span is a stretch of days that something covers.
type Span struct {
	period.Period
	Ref    string // of the report or letter
	Bridge bool
}

// Remark is something about a report or letter that whoever reads it must know.
type Remark struct {
	Ref  string
	Text string
}

// Coverage is what the reports and bridge letters of a vendor cover, in order, and what is odd about them.
type Coverage struct {
	Spans   []Span
	Remarks []Remark
}

// Cover works out what reports and letters cover. A letter counts when it begins no later than the day after the period of
// the report it continues; of a longer letter than the most days, the first of them count (domain brief 1, bridge letters).
func Cover(reports []Report, letters []Bridge, most int) Coverage {
	var c Coverage
	byRef := map[string]Report{}
	for _, r := range reports {
		byRef[r.Ref] = r
		if r.Covers() {
			c.Spans = append(c.Spans, Span{Period: r.Period, Ref: r.Ref})
		}
	}
	for _, b := range letters {
		if b.Removed {
			continue
		}
		r, counts := byRef[b.Report], true
		for _, why := range b.faults(r, most) {
			counts = counts && !why.voids
			c.Remarks = append(c.Remarks, Remark{b.Ref, why.text})
		}
		if counts && r.Covers() {
			p := b.Period
			p.To = min(p.To, p.From+period.Date(most))
			c.Spans = append(c.Spans, Span{Period: p, Ref: b.Ref, Bridge: true})
		}
	}
	slices.SortStableFunc(c.Spans, func(a, b Span) int {
		if a.From != b.From {
			return int(a.From - b.From)
		}
		return int(a.To - b.To)
	})
	for _, r := range reports {
		if g := c.before(r); r.Covers() && g.Days() > 0 {
			c.Remarks = append(c.Remarks, Remark{r.Ref, fmt.Sprintf("Nothing covers %s to %s: the period begins %s after what is covered before it ends.", dayWords(g.From), dayWords(g.Last()), days(g.Days()))})
		}
	}
	return c
}

// fault is what is wrong with a letter, and whether it therefore covers nothing.
type fault struct {
	text  string
	voids bool
}

// faults checks a letter against the report that it continues.
func (b Bridge) faults(r Report, most int) []fault {
	var out []fault
	switch {
	case r.Ref == "" || r.Removed:
		return []fault{{"There is no report that this letter continues.", true}}
	case r.Kind.AsOf():
		return []fault{{"The report is as of one day: it has no period that a letter could continue.", true}}
	case b.Period.From > r.Period.To:
		out = append(out, fault{fmt.Sprintf("The letter begins %s after the period of %s ends: it does not join it, and covers nothing.", days(int(b.Period.From-r.Period.To)), r.Ref), true})
	}
	if n := b.Period.Days(); n > most {
		out = append(out, fault{fmt.Sprintf("The letter spans %s; the first %d count.", days(n), most), false})
	}
	if b.Signed != 0 && b.Signed < b.Period.Last() {
		out = append(out, fault{"It was signed before its last day, so that it promises what had not happened yet.", false})
	}
	return out
}

// before is the gap between a report's period and what is covered before it; empty if there is none.
func (c Coverage) before(r Report) period.Period {
	last := period.Date(0)
	for _, s := range c.Spans {
		if s.Ref != r.Ref && s.From < r.Period.From {
			last = max(last, s.To)
		}
	}
	if last == 0 || last >= r.Period.From {
		return period.Period{}
	}
	return period.Period{From: last, To: r.Period.From}
}

// Gaps lists the stretches of a period that nothing covers.
func (c Coverage) Gaps(p period.Period) []period.Period {
	var out []period.Period
	at := p.From
	for _, s := range c.Spans {
		if s.To <= at || s.From >= p.To {
			continue
		}
		if s.From > at {
			out = append(out, period.Period{From: at, To: s.From})
		}
		at = max(at, s.To)
	}
	if at < p.To {
		out = append(out, period.Period{From: at, To: p.To})
	}
	return out
}

// Last is the last day that is covered, 0 for none.
func (c Coverage) Last() period.Date {
	last := period.Date(0)
	for _, s := range c.Spans {
		last = max(last, s.Last())
	}
	return last
}

// Hole is the newest gap between the first and the last covered day; empty if there is none.
func (c Coverage) Hole() period.Period {
	if len(c.Spans) == 0 {
		return period.Period{}
	}
	gaps := c.Gaps(period.Period{From: c.Spans[0].From, To: c.Last() + 1})
	if len(gaps) == 0 {
		return period.Period{}
	}
	return gaps[len(gaps)-1]
}

// Of lists the remarks on one report or letter.
func (c Coverage) Of(ref string) []string {
	var out []string
	for _, r := range c.Remarks {
		if r.Ref == ref {
			out = append(out, r.Text)
		}
	}
	return out
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
