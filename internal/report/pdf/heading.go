package pdf

import (
	"strings"

	"github.com/tickmark/tickmark/internal/report"
)

// sectionHead begins a section on a new page.
func (l *layout) sectionHead() {
	s := l.section
	l.newPage()
	top := l.y
	l.anchor(s.Anchor, top)
	if s.Number != "" {
		label := "SECTION " + s.Number
		if len(s.Number) == 1 && s.Number >= "A" && s.Number <= "H" {
			label = "APPENDIX " + s.Number
		}
		if s.Label != "" {
			label = strings.ToUpper(s.Label)
		}
		l.text(look{bold, 8, ink3}, l.geo.left, l.take(18)+9, label)
	}
	name := s.Title
	if s.Number != "" {
		name = s.Number + "  " + s.Title
	}
	l.bookmark(name, 0, top)
	st := headings[1]
	for _, ln := range l.wrap(report.Text{{Text: s.Title}}, st.look, l.geo.text()) {
		l.line(ln, st, l.geo.left, l.take(st.lead), l.geo.text(), report.Left)
	}
	if s.Voice != "" {
		l.space(4)
		st := style{look{italic, 8.5, ink3}, 12}
		for _, ln := range l.wrap(report.Text{{Text: s.Voice}}, st.look, l.geo.text()) {
			l.line(ln, st, l.geo.left, l.take(st.lead), l.geo.text(), report.Left)
		}
	}
	y := l.take(8) + 8
	l.stroke(ink2, .8, l.geo.left, y, l.geo.right, y)
	l.space(16)
}

// headingText is a heading’s number and title as one text.
func headingText(h report.Heading) report.Text {
	t := report.Text{}
	if h.Number != "" {
		t = append(t, report.Span{Text: h.Number + "\u00a0\u00a0", Style: report.Quiet})
	}
	return append(t, report.Span{Text: h.Title})
}

// levelOf is a heading's level, within the levels that have a look.
func levelOf(h report.Heading) int { return max(2, min(h.Level, 4)) }

func (l *layout) headingHeight(h report.Heading) float64 {
	s := headings[h.Level]
	return float64(len(l.wrap(headingText(h), s.look, l.geo.text()))) * s.lead
}

// heading sets a heading together with the beginning of what it heads.
func (l *layout) heading(h report.Heading, next []report.Block) {
	h.Level = levelOf(h)
	s := headings[h.Level]
	l.space(above[h.Level])
	lines := l.wrap(headingText(h), s.look, l.geo.text())
	height := float64(len(lines)) * s.lead
	entry := 0.0
	if h.Entry {
		entry = 6
	}
	l.need(min(entry+height+below[h.Level]+l.beginning(next, 0), l.geo.bottom-l.geo.top))
	if h.Entry {
		if !l.fresh {
			y := l.y + l.owed()
			l.stroke(edge, .6, l.geo.left, y, l.geo.right, y)
		}
		l.take(entry)
	}
	for i, ln := range lines {
		l.need(s.lead)
		y := l.take(s.lead)
		if i == 0 {
			l.anchor(h.Anchor, y)
			name := h.Title
			if h.Number != "" {
				name = h.Number + "  " + h.Title
			}
			l.bookmark(name, h.Level-1, y)
		}
		l.line(ln, s, l.geo.left, y, l.geo.text(), report.Left)
	}
	l.space(below[h.Level])
}
