package pdf

import (
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

// Heights of drawn things, in points.
const (
	stripBand   = 20.0
	stripHeight = stripBand + 11 + 11 // band, months, sentence
	legendRow   = 18.0
)

// strip draws a test's days with the months below and the sentence that says the same.
func (l *layout) strip(s report.Strip, next []report.Block) {
	l.space(gapBlock)
	lines := l.wrap(report.Text{{Text: s.Sentence}}, styleSmall.look, l.geo.text())
	h := stripBand + 12 + float64(len(lines))*styleSmall.lead
	if p, ok := first(next).(report.Paragraph); ok && p.Tone == report.Result { // picture and finding belong together
		h += gapBlock + l.beginning(next, 1)
	}
	l.need(min(h, l.geo.bottom-l.geo.top))
	y := l.take(stripBand + 11)
	if l.draws() {
		c := canvas{l, l.geo.left, y}
		chart.Strip(c, s.Data, l.geo.text(), stripBand)
		labels := s.Data.Labels()
		for len(labels) > 1 && labels[len(labels)-1].At > .965 {
			labels = labels[:len(labels)-1] // no room for its word
		}
		chart.Axis(canvas{l, l.geo.left + 1, y}, labels, l.geo.text(), stripBand+8)
	}
	l.space(1)
	l.lines(lines, styleSmall, l.geo.left, l.geo.text())
	l.space(gapBlock)
}

// legend explains the shapes of strips.
func (l *layout) legend(g report.Legend) {
	l.space(gapBlock)
	for _, e := range g.Entries {
		word := report.Text{{Text: e.Outcome.String(), Style: report.Bold, Sign: report.SignOf(e.Outcome)}}
		lines := l.wrap(e.Meaning, styleValue.look, l.geo.text()-140)
		h := max(legendRow, float64(len(lines))*styleValue.lead+5)
		l.need(h)
		y := l.take(h)
		if !l.draws() {
			continue
		}
		chart.Mark(canvas{l, l.geo.left, y + 2}, e.Outcome, 0, 0, 30, 12)
		for _, ln := range l.wrap(word, styleValue.look, 100) {
			l.line(ln, styleValue, l.geo.left+42, y+1.5, 100, report.Left)
		}
		for i, ln := range lines {
			l.line(ln, styleValue, l.geo.left+140, y+1.5+float64(i)*styleValue.lead, l.geo.text()-140, report.Left)
		}
	}
	l.space(gapBlock)
}

// calloutLine is a line of a callout with the space above it.
type calloutLine struct {
	line
	style style
	x     float64
	above float64
	mark  string // of a list entry
}

// callout sets a text that stands apart, in as many boxes as pages.
func (l *layout) callout(c report.Callout) {
	l.space(gapBlock + 2)
	lines := l.calloutLines(c)
	for i := 0; i < len(lines); {
		h, n := l.calloutFit(lines[i:], l.room())
		if n < min(3, len(lines)-i) && !l.fresh {
			l.newPage()
			h, n = l.calloutFit(lines[i:], l.room())
		}
		if n == 0 {
			n, h = 1, lines[i].style.lead+2*padCallout
		}
		y := l.take(h)
		l.calloutBox(c.Kind, y, h)
		at := y + padCallout
		for k, ln := range lines[i : i+n] {
			if k > 0 {
				at += ln.above
			}
			if ln.mark != "" {
				l.text(ln.style.look, ln.x-indentList, baseline(ln.style, at), ln.mark)
			}
			l.line(ln.line, ln.style, ln.x, at, l.geo.text(), report.Left)
			at += ln.style.lead
		}
		if i += n; i < len(lines) {
			l.newPage()
		}
	}
	l.space(gapBlock + 4)
}

// calloutFit is how many lines fit a height, and the height of their box.
func (l *layout) calloutFit(lines []calloutLine, room float64) (h float64, n int) {
	h = 2 * padCallout
	for i, ln := range lines {
		add := ln.style.lead
		if i > 0 {
			add += ln.above
		}
		if h+add > room+.01 {
			return h, i
		}
		h += add
	}
	return h, len(lines)
}

// calloutLines breaks title, paragraphs and lists of a callout.
func (l *layout) calloutLines(c report.Callout) []calloutLine {
	x, width := l.geo.left+padCallout+5, l.geo.text()-2*padCallout-5
	body := style{look{regular, 9, ink}, 13}
	var out []calloutLine
	add := func(t report.Text, s style, x, width, above float64, mark string) {
		for i, ln := range l.wrap(t, s.look, width) {
			v := calloutLine{line: ln, style: s, x: x}
			if i == 0 {
				v.above, v.mark = above, mark
			}
			out = append(out, v)
		}
	}
	label := map[report.CalloutKind]string{report.Placeholder: "Placeholder", report.Missing: "Missing", report.Unconfirmed: "To be confirmed", report.Notice: "Note"}[c.Kind]
	add(report.Text{{Text: label + ".  ", Style: report.Quiet}, {Text: c.Title}}, style{look{bold, 9, ink}, 13}, x, width, 0, "")
	for _, b := range c.Body {
		switch b := b.(type) {
		case report.Paragraph:
			add(b.Text, body, x, width, 3, "")
		case report.List:
			for i, e := range b.Entries {
				add(e, body, x+indentList, width-indentList, 2, bullet(b.Ordered, i))
			}
		}
	}
	return out
}

// calloutBox draws the box behind a callout: dashed for a placeholder that another fills, with a bar at its side where
// something is missing.
func (l *layout) calloutBox(k report.CalloutKind, y, h float64) {
	if !l.draws() {
		return
	}
	g := l.geo
	switch k {
	case report.Placeholder:
		l.file.SetDrawColor(int(edge.R), int(edge.G), int(edge.B))
		l.file.SetLineWidth(.8)
		l.file.SetDashPattern([]float64{4, 3}, 0)
		l.file.Rect(g.left, y, g.text(), h, "D")
		l.file.SetDashPattern(nil, 0)
	case report.Missing, report.Unconfirmed:
		l.fill(sunken, g.left, y, g.text(), h)
		l.fill(amber, g.left, y, 2.5, h)
	default:
		l.fill(sunken, g.left, y, g.text(), h)
		l.fill(ink2, g.left, y, 2.5, h)
	}
}
