package pdf

import (
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

// The colours are the light column of the design language "Ledger".
var (
	ink     = chart.Color{R: 0x17, G: 0x20, B: 0x2c}
	ink2    = chart.Color{R: 0x44, G: 0x50, B: 0x5f}
	ink3    = chart.Color{R: 0x5f, G: 0x69, B: 0x77}
	rule    = chart.Color{R: 0xe3, G: 0xdf, B: 0xd6}
	rule2   = chart.Color{R: 0xcf, G: 0xc9, B: 0xbd}
	edge    = chart.Color{R: 0x8b, G: 0x85, B: 0x77}
	sunken  = chart.Color{R: 0xf4, G: 0xf2, B: 0xec}
	amber   = chart.Color{R: 0xbd, G: 0x77, B: 0x00}
	stamped = chart.Color{R: 0xf5, G: 0xf4, B: 0xef} // watermark
)

// look is how a piece of text is set. Sizes are points.
type look struct {
	face  face
	size  float64
	color chart.Color
}

// style is a look with its line distance.
type style struct {
	look
	lead float64
}

// The styles. Leads are multiples of half a point, so that lines of a page fall on a common rhythm.
var (
	styleBody     = style{look{regular, 9.5, ink}, 14}
	styleLead     = style{look{regular, 10.5, ink}, 15.5}
	styleSmall    = style{look{regular, 8, ink3}, 11}
	styleQuestion = style{look{italic, 9.5, ink2}, 14}
	styleResult   = style{look{regular, 9.5, ink}, 14}
	styleCell     = style{look{regular, 8, ink}, 11}
	styleHead     = style{look{bold, 7.5, ink2}, 10}
	styleKey      = style{look{regular, 8.5, ink3}, 12.5}
	styleValue    = style{look{regular, 9, ink}, 12.5}
	styleCaption  = style{look{bold, 8.5, ink}, 12}
	styleNote     = style{look{regular, 7.5, ink2}, 10}
	styleRunning  = style{look{regular, 7.5, ink3}, 10}

	headings = [5]style{
		1: {look{bold, 20, ink}, 26}, 2: {look{bold, 13, ink}, 18}, 3: {look{bold, 10.5, ink}, 15}, 4: {look{bold, 9.5, ink}, 14},
	}
	// spaces before and after a heading, by level
	above = [5]float64{2: 24, 3: 18, 4: 15}
	below = [5]float64{2: 8, 3: 5, 4: 4}
)

// Spaces in points.
const (
	gapBlock   = 8.0  // between blocks
	gapTable   = 12.0 // after a table
	padCell    = 3.5  // above and below a cell's text
	gutter     = 10.0 // between columns
	keyWidth   = 112.0
	indentList = 18.0
	padCallout = 9.0
)

// geometry is a page and where text stands on it.
type geometry struct {
	name           string
	width, height  float64
	left, right    float64
	top, bottom    float64 // of the text area, from the top of the page
	headLine, foot float64
}

func geometryOf(p Paper) geometry {
	g := geometry{name: "A4", width: 595.28, height: 841.89}
	if p == Letter {
		g = geometry{name: "Letter", width: 612, height: 792}
	}
	g.left, g.right = 62, g.width-62
	g.headLine = 54
	g.top, g.bottom = 82, g.height-82
	g.foot = g.height - 52
	return g
}

func (g geometry) text() float64 { return g.right - g.left }

// toned is the style of a paragraph.
func toned(t report.Tone) style {
	switch t {
	case report.Lead:
		return styleLead
	case report.Small:
		return styleSmall
	case report.Question:
		return styleQuestion
	case report.Result:
		return styleResult
	}
	return styleBody
}

// apply is a base look changed by a span's style and sign.
func (l look) apply(s *report.Span) look {
	if s.Style&report.Bold != 0 {
		l.face = bold
	}
	if s.Style&report.Italic != 0 {
		l.face = italic
	}
	if s.Style&report.Mono != 0 {
		l.face, l.size = monospace, l.size*.92
	}
	if s.Style&report.Quiet != 0 {
		l.color = ink3
	}
	if o, ok := s.Sign.Outcome(); ok {
		l.color = o.Color()
	}
	return l
}
