package chart

import (
	"fmt"
	"strings"
)

// Bar is a quantity with a name. Unknown quantities are drawn as no answer, never as zero.
type Bar struct {
	Label   string
	Value   float64
	Unknown bool
	Outcome Outcome // colours the bar; None for a plain quantity
}

// BarsData is quantities to compare.
type BarsData struct {
	Bars []Bar
	Noun string // what is counted, in the plural
}

func (b Bar) known() bool { return !b.Unknown && finite(b.Value) && b.Value >= 0 }

// Sentence says how many bars there are, their sum and the largest.
func (d BarsData) Sentence() string {
	noun := d.Noun
	if noun == "" {
		noun = "in all"
	}
	var sum float64
	best, silent := -1, 0
	for i, b := range d.Bars {
		if !b.known() {
			silent++
			continue
		}
		sum += b.Value
		if best < 0 || b.Value > d.Bars[best].Value {
			best = i
		}
	}
	if len(d.Bars) == 0 {
		return "No groups"
	}
	var s strings.Builder
	if best < 0 {
		fmt.Fprintf(&s, "No answer for any of %s", count(len(d.Bars), "group"))
		return s.String()
	}
	fmt.Fprintf(&s, "%s %s in %s, most in %s (%s)", num(sum), noun, count(len(d.Bars)-silent, "group"), d.Bars[best].Label, num(d.Bars[best].Value))
	if silent > 0 {
		fmt.Fprintf(&s, "; no answer for %s", count(silent, "group"))
	}
	return s.String()
}

// Bars draws horizontal bars in a box of width w and height h, all from the same left edge and on the same scale.
func Bars(c Canvas, d BarsData, w, h float64) {
	if len(d.Bars) == 0 || w <= 0 || h <= 0 {
		return
	}
	high := 0.0
	for _, b := range d.Bars {
		if b.known() {
			high = max(high, b.Value)
		}
	}
	top, _ := scale(high)
	rh := h / float64(len(d.Bars))
	for i, b := range d.Bars {
		y := (float64(i) + .2) * rh
		switch {
		case !b.known():
			name(c, "%s: %s", b.Label, Unknown)
			Mark(c, Unknown, 0, y, min(w, .6*rh), .6*rh)
		case b.Outcome == None:
			name(c, "%s: %s", b.Label, num(b.Value))
			c.Rect(ClassBar, 0, y, w*b.Value/top, .6*rh)
		default:
			name(c, "%s: %s, %s", b.Label, num(b.Value), b.Outcome)
			c.Rect(b.Outcome.Class(), 0, y, w*b.Value/top, .6*rh)
		}
	}
	c.Line(ClassAxis, Point{0, 0}, Point{0, h})
}

// RowLabels are the bars' names at the middle of each, as shares of the height.
func (d BarsData) RowLabels() []Label {
	out := make([]Label, len(d.Bars))
	for i, b := range d.Bars {
		out[i] = Label{(float64(i) + .5) / float64(len(d.Bars)), b.Label}
	}
	return out
}
