package chart

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// TrendPoint is a value on a day. A day that is not in the data has no value: the line breaks there and never falls to 0.
type TrendPoint struct {
	Date  period.Date
	Value float64
}

// TrendData is a quantity over a period.
type TrendData struct {
	Period period.Period
	Points []TrendPoint // in the order of their days
	Limit  *float64     // a threshold, drawn as a dashed line
	Noun   string       // what is counted, in the plural: "failing accounts"
}

// usable is the points that can be drawn.
func (d TrendData) usable() []TrendPoint {
	var out []TrendPoint
	for _, p := range d.Points {
		if finite(p.Value) && d.Period.Has(p.Date) && (len(out) == 0 || p.Date > out[len(out)-1].Date) {
			out = append(out, p)
		}
	}
	return out
}

// top is the upper end of the scale and the step between its lines.
func (d TrendData) top() (top, step float64) {
	v := 0.0
	for _, p := range d.usable() {
		v = max(v, p.Value)
	}
	if d.Limit != nil && finite(*d.Limit) {
		v = max(v, *d.Limit)
	}
	return scale(v)
}

// scale is a round upper end not below v, and a step that divides it into two to five parts.
func scale(v float64) (top, step float64) {
	if v < 1e-9 || !finite(v) {
		return 4, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(v/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if v/(m*step) <= 5 {
			step *= m
			break
		}
	}
	if step < 1 && v >= 1 && v == math.Trunc(v) {
		step = 1 // counts have no fractions
	}
	if top = math.Ceil(v/step) * step; !finite(top) {
		return v, v / 4
	}
	return top, step
}

// steps is how many lines the scale has above 0.
func steps(top, step float64) int { return min(10, int(math.Round(top/step))) }

// Sentence says first, last and highest value and how many days have none.
func (d TrendData) Sentence() string {
	pts := d.usable()
	noun := upper(d.Noun)
	if len(pts) == 0 {
		return noun + ": no value on any day"
	}
	const day = "2 January 2006"
	first, last, high := pts[0], pts[len(pts)-1], pts[0]
	for _, p := range pts {
		if p.Value > high.Value {
			high = p
		}
	}
	s := noun + ": " + num(first.Value) + " on " + first.Date.Time().Format(day)
	if last.Date > first.Date {
		s += ", " + num(last.Value) + " on " + last.Date.Time().Format(day) + "; highest " + num(high.Value) + " on " + high.Date.Time().Format(day)
	}
	if miss := d.Period.Days() - len(pts); miss > 0 {
		s += "; no value on " + count(miss, "day")
	}
	return s
}

// upper is a noun as the beginning of a sentence.
func upper(s string) string {
	if s == "" {
		return "Value"
	}
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + s[n:]
}

// Trend draws the quantity in a box of width w and height h, with the scale beginning at 0.
func Trend(c Canvas, d TrendData, w, h float64) {
	days := d.Period.Days()
	if days == 0 || w <= 0 || h <= 0 {
		return
	}
	top, step := d.top()
	y := func(v float64) float64 { return h * (1 - max(0, v)/top) }
	x := func(t period.Date) float64 { return (float64(t-d.Period.From) + .5) * w / float64(days) }
	lines := unbroken(d.usable(), x, y)
	for _, l := range lines {
		if len(l) > 1 {
			area(c, l, h)
		}
	}
	for i := range steps(top, step) {
		v := y(float64(i+1) * step)
		c.Line(ClassGrid, Point{0, v}, Point{w, v})
	}
	c.Line(ClassAxis, Point{0, h}, Point{w, h})
	for _, l := range lines {
		if len(l) > 1 {
			c.Line(ClassLine, l...)
			continue
		}
		side := max(2, w/float64(days)/2)
		c.Rect(ClassPoint, l[0].X-side/2, l[0].Y-side/2, side, side)
	}
	if d.Limit != nil && finite(*d.Limit) {
		c.Line(ClassLimit, Point{0, y(*d.Limit)}, Point{w, y(*d.Limit)})
	}
}

// unbroken is the places of the points, cut where a day has no value.
func unbroken(pts []TrendPoint, x func(period.Date) float64, y func(float64) float64) [][]Point {
	var out [][]Point
	for i, p := range pts {
		if i == 0 || p.Date != pts[i-1].Date+1 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], Point{x(p.Date), y(p.Value)})
	}
	return out
}

// area fills what lies under a line.
func area(c Canvas, line []Point, floor float64) {
	p := Path{}.MoveTo(line[0].X, floor)
	for _, q := range line {
		p = p.LineTo(q.X, q.Y)
	}
	c.Path(ClassArea, p.LineTo(line[len(line)-1].X, floor).Close())
}

// Labels are the months along the foot.
func (d TrendData) Labels() []Label { return months(d.Period) }

// ScaleLabels are the values along the side, as shares of the height from the top.
func (d TrendData) ScaleLabels() []Label {
	top, step := d.top()
	var out []Label
	for i := range steps(top, step) + 1 {
		v := float64(i) * step
		out = append(out, Label{1 - v/top, num(v)})
	}
	return out
}
