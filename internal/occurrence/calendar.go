package occurrence

import (
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Rhythms lists the rhythms a control can be planned on.
func Rhythms() []catalog.Frequency {
	return []catalog.Frequency{catalog.Weekly, catalog.Monthly, catalog.Quarterly, catalog.SemiAnnual, catalog.Annual}
}

// RhythmTitle is a rhythm as people read it.
func RhythmTitle(f catalog.Frequency) string {
	switch f {
	case catalog.Weekly:
		return "Every week"
	case catalog.Monthly:
		return "Every month"
	case catalog.Quarterly:
		return "Every quarter"
	case catalog.SemiAnnual:
		return "Every half year"
	case catalog.Annual:
		return "Every year"
	}
	return "No rhythm"
}

// months is how many months lie between two days of a rhythm; 0 for a week.
var months = map[catalog.Frequency]int{catalog.Weekly: 0, catalog.Monthly: 1, catalog.Quarterly: 3, catalog.SemiAnnual: 6, catalog.Annual: 12}

// usualWindow is how many days late an occurrence may be where nobody decided otherwise: about a seventh of the rhythm.
var usualWindow = map[catalog.Frequency]int{catalog.Weekly: 1, catalog.Monthly: 5, catalog.Quarterly: 14, catalog.SemiAnnual: 21, catalog.Annual: 30}

// UsualWindow is the days of lateness proposed for a rhythm.
func UsualWindow(f catalog.Frequency) int { return usualWindow[f] }

// nth is the nth day of a rhythm from first. From the last day of a month on it is always the last day: 30 September, 31 October.
// Of a month that is too short it is the last day too, and the next one falls back to the day of first: 30 January, 28 February,
// 30 March.
func nth(f catalog.Frequency, first period.Date, n int) period.Date {
	if f == catalog.Weekly {
		return first + period.Date(7*n)
	}
	t := first.Time()
	month := time.Date(t.Year(), t.Month()+time.Month(n*months[f]), 1, 0, 0, 0, 0, time.UTC)
	last := month.AddDate(0, 1, -1).Day()
	if t.AddDate(0, 0, 1).Day() == 1 {
		return period.Of(month.AddDate(0, 0, last-1))
	}
	return period.Of(month.AddDate(0, 0, min(t.Day(), last)-1))
}

// count is an n for which nth is not after the day, near it from below.
func count(f catalog.Frequency, first, day period.Date) int {
	if f == catalog.Weekly {
		return int(day-first) / 7
	}
	a, b := first.Time(), day.Time()
	return ((b.Year()-a.Year())*12+int(b.Month()-a.Month()))/months[f] - 1
}

// days lists the days of a term in [from, to).
func (t Term) days(from, to period.Date) []period.Date {
	if t.Ended() {
		return nil
	}
	from = max(from, t.Since, t.First)
	if from >= to {
		return nil
	}
	var out []period.Date
	for n := max(0, count(t.Rhythm, t.First, from)); ; n++ {
		d := nth(t.Rhythm, t.First, n)
		if d >= to {
			return out
		}
		if d >= from {
			out = append(out, d)
		}
	}
}

// Calendar lists what is due in [from, to), in order.
func (p Plan) Calendar(from, to period.Date) []Occurrence {
	var out []Occurrence
	now := p.Now()
	for i, t := range p.Terms {
		end := to
		if i+1 < len(p.Terms) {
			end = min(end, p.Terms[i+1].Since)
		}
		for _, d := range t.days(from, end) {
			o := Occurrence{
				Control: p.Control, Due: d, Until: d + period.Date(t.Window), Rhythm: t.Rhythm, Attach: t.Attach, Checks: t.Checked,
				Owner: t.Owner, Deputy: t.Deputy, Ended: now.Ended(),
			}
			if !now.Ended() {
				o.Owner, o.Deputy = now.Owner, now.Deputy
			}
			o.From = before(t, d)
			out = append(out, o)
		}
	}
	return out
}

// before is the first day that an occurrence is about: the day after the one before it. The first one is about as long a time.
func before(t Term, due period.Date) period.Date {
	if t.Rhythm == catalog.Weekly {
		return due - 6
	}
	n := count(t.Rhythm, t.First, due)
	for nth(t.Rhythm, t.First, n+1) < due {
		n++
	}
	return nth(t.Rhythm, t.First, n) + 1
}
