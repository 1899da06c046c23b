// Package chart draws a verdict's history and counts: one description, two outputs. A chart is a function of data that
// draws on a Canvas; the SVG canvas is here, the PDF canvas belongs to the report writer. Every chart's data also yields
// one sentence that says what the picture shows, for readers who do not see it.
package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Point is a place on a canvas: x to the right, y downwards, in units of the drawing (1/72 inch on paper).
type Point struct{ X, Y float64 }

// Anchor says which part of a text stands at its point.
type Anchor string

// The anchors, named as SVG names them.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Canvas is what a chart draws on. The class names the meaning of a shape ("k-fail", "grid"); the canvas decides the
// colour: a style sheet on screen, Inks on paper.
type Canvas interface {
	Rect(class string, x, y, w, h float64)
	Line(class string, pts ...Point)
	Path(class string, p Path)
	Text(class string, x, y float64, a Anchor, s string)
}

// Namer is a canvas that can give the next shape a name, which a reader gets by pointing at it.
type Namer interface {
	Name(s string)
}

// name gives the next shape a name where the canvas can.
func name(c Canvas, format string, args ...any) {
	if n, ok := c.(Namer); ok {
		n.Name(fmt.Sprintf(format, args...))
	}
}

// Op is what a segment of a path does.
type Op byte

// The operations of a path.
const (
	Move  Op = 'M' // to Pts[0]
	To    Op = 'L' // straight to Pts[0]
	Curve Op = 'C' // cubic Bézier to Pts[2] by way of Pts[0] and Pts[1]
	Close Op = 'Z'
)

// Segment is one step of a path.
type Segment struct {
	Op  Op
	Pts [3]Point
}

// Path is an outline.
type Path []Segment

// MoveTo begins a new outline at the point.
func (p Path) MoveTo(x, y float64) Path { return append(p, Segment{Op: Move, Pts: [3]Point{{x, y}}}) }

// LineTo goes straight to the point.
func (p Path) LineTo(x, y float64) Path { return append(p, Segment{Op: To, Pts: [3]Point{{x, y}}}) }

// CurveTo goes to (x, y) along a cubic curve with the control points (ax, ay) and (bx, by).
func (p Path) CurveTo(ax, ay, bx, by, x, y float64) Path {
	return append(p, Segment{Op: Curve, Pts: [3]Point{{ax, ay}, {bx, by}, {x, y}}})
}

// Close goes back to where the outline began.
func (p Path) Close() Path { return append(p, Segment{Op: Close}) }

// Label is a text beside a chart. On screen labels are HTML, so that they keep their size when the drawing stretches; on
// paper Axis draws them.
type Label struct {
	At   float64 // share of the chart's width (or height, from the top): 0 to 1
	Text string
}

// Axis draws labels under a chart of width w, with their baseline at y. A label begins where its stretch begins.
func Axis(c Canvas, labels []Label, w, y float64) {
	for _, l := range labels {
		c.Text(ClassText, l.At*w, y, Start, l.Text)
	}
}

// finite reports whether a value can be drawn.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// num writes a coordinate or a value with at most two decimals and no superfluous zero, the same on every machine.
func num(v float64) string {
	if !finite(v) {
		return "0"
	}
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

// count is a number with its noun: "1 day", "12 days".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
