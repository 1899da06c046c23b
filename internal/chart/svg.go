package chart

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// SVG draws on a w by h canvas and returns the element. It stretches to the box the style sheet gives it; strokes keep
// their width, and there is no inline style, so a strict content security policy holds. The sentence is its name for
// readers who do not see it.
func SVG(class string, w, h float64, sentence string, draw func(Canvas)) string {
	var s svg
	fmt.Fprintf(&s.b, `<svg class="%s" viewBox="0 0 %s %s" preserveAspectRatio="none" role="img" aria-label="%s">`, escape(class), num(w), num(h), escape(sentence))
	draw(&s)
	s.b.WriteString(`</svg>`)
	return s.b.String()
}

// svg is the canvas of SVG.
type svg struct {
	b     strings.Builder
	title string
}

// Name gives the next shape a title element.
func (s *svg) Name(t string) { s.title = t }

// end closes an element, with the title that was asked for.
func (s *svg) end(element string) {
	if s.title == "" {
		s.b.WriteString("/>")
		return
	}
	fmt.Fprintf(&s.b, "><title>%s</title></%s>", escape(s.title), element)
	s.title = ""
}

func (s *svg) Rect(class string, x, y, w, h float64) {
	fmt.Fprintf(&s.b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, escape(class), num(x), num(y), num(max(0, w)), num(max(0, h)))
	s.end("rect")
}

func (s *svg) Line(class string, pts ...Point) {
	if len(pts) < 2 {
		return
	}
	fmt.Fprintf(&s.b, `<polyline class="%s" fill="none" vector-effect="non-scaling-stroke" points="`, escape(class))
	for i, p := range pts {
		if i > 0 {
			s.b.WriteByte(' ')
		}
		s.b.WriteString(num(p.X) + "," + num(p.Y))
	}
	s.b.WriteByte('"')
	s.end("polyline")
}

func (s *svg) Path(class string, p Path) {
	fmt.Fprintf(&s.b, `<path class="%s" vector-effect="non-scaling-stroke" d="`, escape(class))
	for _, g := range p {
		s.b.WriteByte(byte(g.Op))
		switch g.Op {
		case Move, To:
			s.b.WriteString(num(g.Pts[0].X) + " " + num(g.Pts[0].Y))
		case Curve:
			for i, q := range g.Pts {
				if i > 0 {
					s.b.WriteByte(' ')
				}
				s.b.WriteString(num(q.X) + " " + num(q.Y))
			}
		}
	}
	s.b.WriteByte('"')
	s.end("path")
}

func (s *svg) Text(class string, x, y float64, a Anchor, t string) {
	fmt.Fprintf(&s.b, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, escape(class), num(x), num(y), escape(string(a)), escape(t))
	s.title = ""
}

// escape makes text safe inside elements and attributes. Characters that XML cannot hold become U+FFFD.
func escape(t string) string {
	var b strings.Builder
	if xml.EscapeText(&b, []byte(t)) != nil {
		return ""
	}
	return b.String()
}
