package chart

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// DayCount is how many there were on a day, and how many more of them were wrong.
type DayCount struct {
	Date  period.Date
	Count int64
	Wrong int64
}

// DaysData is a quantity day by day. A day without an entry had none; days before Since were not counted.
type DaysData struct {
	Period period.Period
	Since  period.Date // the first day that was counted; days before it are drawn as not counted
	One    string      // what is counted: "event"
	Noun   string      // in the plural: "events"
	Wrong  string      // what the wrong ones are: "put aside"; empty if there are none
	Days   []DayCount
}

// counted is the part of the period that was counted.
func (d DaysData) counted() period.Period {
	return period.Period{From: max(d.Period.From, d.Since), To: d.Period.To}
}

func (d DaysData) inside() []DayCount {
	var out []DayCount
	for _, x := range d.Days {
		if d.counted().Has(x.Date) && x.Count >= 0 && x.Wrong >= 0 {
			out = append(out, x)
		}
	}
	return out
}

// Sentence says how much there was, on how many of the days that were counted, and the most on a day.
func (d DaysData) Sentence() string {
	days := d.counted().Days()
	if days <= 0 {
		return "Not counted on any of " + count(d.Period.Days(), "day")
	}
	var sum, wrong, most int64
	busy, best := 0, period.Date(0)
	for _, x := range d.inside() {
		sum, wrong = sum+x.Count, wrong+x.Wrong
		if x.Count > 0 {
			busy++
		}
		if x.Count > most {
			most, best = x.Count, x.Date
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s on %d of %s", d.of(sum), busy, count(days, "day"))
	if most > 0 {
		fmt.Fprintf(&s, ", most on %s (%s)", best.Time().Format("2 Jan 2006"), num(float64(most)))
	}
	if wrong > 0 && d.Wrong != "" {
		fmt.Fprintf(&s, "; %s %s", num(float64(wrong)), d.Wrong)
	}
	return s.String()
}

// of is a count with its noun.
func (d DaysData) of(n int64) string {
	if n == 1 && d.One != "" {
		return "1 " + d.One
	}
	return num(float64(n)) + " " + d.Noun
}

// Labels are the months of the period.
func (d DaysData) Labels() []Label { return months(d.Period) }

// Days draws a bar for each day from the foot of a box of width w and height h. What is wrong stands on top of what is not, and is
// never too small to be seen; days that were not counted are marked as such.
func Days(c Canvas, d DaysData, w, h float64) {
	n := d.Period.Days()
	if n <= 0 || w <= 0 || h <= 0 {
		return
	}
	k, foot := w/float64(n), .92*h
	if until := min(d.counted().From, d.Period.To); until > d.Period.From {
		name(c, "before %s: not counted", until.Time().Format("2 Jan 2006"))
		Mark(c, None, 0, 0, float64(until-d.Period.From)*k, foot)
	}
	high := int64(0)
	for _, x := range d.inside() {
		high = max(high, x.Count+x.Wrong)
	}
	for _, x := range d.inside() {
		if x.Count+x.Wrong == 0 {
			continue
		}
		left, width := float64(x.Date-d.Period.From)*k, max(.8*k, min(k, .5))
		tall := func(v int64) float64 {
			if v == 0 {
				return 0
			}
			return max(.06*foot, foot*float64(v)/float64(high))
		}
		good, bad := tall(x.Count), tall(x.Wrong)
		good = min(good, foot-bad)
		name(c, "%s: %s", x.Date.Time().Format("2 Jan 2006"), d.of(x.Count))
		if good > 0 {
			c.Rect(ClassBar, left, foot-good, width, good)
		}
		if bad > 0 {
			name(c, "%s: %s %s", x.Date.Time().Format("2 Jan 2006"), num(float64(x.Wrong)), d.Wrong)
			Mark(c, Fail, left, max(0, foot-good-bad), width, bad)
		}
	}
	c.Line(ClassAxis, Point{0, foot}, Point{w, foot})
}
