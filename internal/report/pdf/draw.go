package pdf

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

// pageOf is the page number of an anchor as it is printed.
func (l *layout) pageOf(anchor string) string {
	if l.known == nil {
		return pageRoom
	}
	if m, ok := l.known.marks[anchor]; ok {
		return fmt.Sprint(m.page)
	}
	return "–"
}

// use sets font and colour.
func (l *layout) use(k look) {
	if !l.set || l.face != k.face || l.size != k.size {
		t := l.job.fonts[k.face]
		l.file.SetFont(t.family, t.style, k.size)
	}
	if !l.set || l.color != k.color {
		l.file.SetTextColor(int(k.color.R), int(k.color.G), int(k.color.B))
	}
	l.set, l.face, l.size, l.color = true, k.face, k.size, k.color
}

// text draws text that is clean, from its left end on a baseline.
func (l *layout) text(k look, x, base float64, s string) {
	if l.draws() && s != "" {
		l.use(k)
		l.file.Text(x, base, s)
	}
}

// baseline is where text stands in a line whose top is given: its capitals in the middle.
func baseline(s style, top float64) float64 { return top + s.lead/2 + s.size*.36 }

// line draws a line of text in a column.
func (l *layout) line(ln line, s style, x, top, width float64, a report.Align) {
	if !l.draws() || len(ln.frags) == 0 {
		return
	}
	base := baseline(s, top)
	shift, total := 0.0, 0.0
	for _, f := range ln.frags {
		total = f.x + f.w
		if f.page {
			total += l.measure(f.look, l.pageOf(f.to)) - f.w
		}
	}
	switch a {
	case report.Right:
		shift = max(0, width-total)
	case report.Center:
		shift = max(0, (width-total)/2)
	}
	for _, f := range ln.frags {
		left, w := x+shift+f.x, f.w
		switch {
		case f.signed:
			chart.Glyph(canvas{l, left, base - f.look.size*.75}, f.sign, 0, 0, f.look.size*.78)
			continue
		case f.page:
			s := l.pageOf(f.to)
			w = l.measure(f.look, s)
			l.text(f.look, left, base, s)
			shift += w - f.w
		default:
			l.text(f.look, left, base-f.rise, f.s)
		}
		if n, ok := l.links[f.to]; ok && f.to != "" {
			l.file.Link(left, top, w, s.lead, n)
		}
	}
}

// stroke draws a straight line.
func (l *layout) stroke(c chart.Color, width, x1, y1, x2, y2 float64) {
	if !l.draws() {
		return
	}
	l.file.SetDrawColor(int(c.R), int(c.G), int(c.B))
	l.file.SetLineWidth(width)
	l.file.SetLineCapStyle("butt")
	l.file.Line(x1, y1, x2, y2)
}

// fill draws a rectangle.
func (l *layout) fill(c chart.Color, x, y, w, h float64) {
	if !l.draws() {
		return
	}
	l.file.SetFillColor(int(c.R), int(c.G), int(c.B))
	l.file.Rect(x, y, w, h, "F")
}

// fit cuts text that is clean to a width, with an ellipsis.
func (l *layout) fit(k look, s string, width float64) string {
	s = strings.Join(strings.Fields(s), " ")
	if l.measure(k, s) <= width {
		return s
	}
	w, end := l.measure(k, "…"), 0
	for i, r := range s {
		if w += l.measure(k, string(r)); w > width {
			break
		}
		end = i + len(string(r))
	}
	return strings.TrimSpace(s[:end]) + "…"
}

// running draws head and foot of a page.
func (l *layout) running() {
	g := l.geo
	k := styleRunning.look
	strong := look{bold, k.size, ink2}
	org := l.fit(strong, clean(l.job.fonts, l.doc.Org, nil), g.text()*.4)
	l.text(strong, g.left, g.headLine-6, org)
	right := l.doc.Short
	if s := l.section; s != nil && s.Number != "" {
		right += "  ·  " + s.Number + "  " + s.Short
	}
	right = l.fit(k, clean(l.job.fonts, right, nil), g.text()-l.measure(strong, org)-20)
	l.text(k, g.right-l.measure(k, right), g.headLine-6, right)
	l.stroke(rule2, .6, g.left, g.headLine, g.right, g.headLine)

	l.stroke(rule2, .6, g.left, g.foot, g.right, g.foot)
	base := g.foot + 12
	x := g.left
	if l.doc.Draft {
		l.text(strong, x, base, "DRAFT")
		x += l.measure(strong, "DRAFT") + 8
	}
	note := "Not an auditor’s report"
	if l.doc.Use != "" {
		note = l.doc.Use
	}
	if l.doc.Simulated {
		note += "  ·  simulated data"
	}
	l.text(k, x, base, note)
	hash := look{monospace, 7, ink3}
	what := cmp.Or(l.doc.Hashed, "dossier")
	short := what + " not hashed"
	if len(l.doc.Hash) >= 12 {
		short = what + " " + l.doc.Hash[:12]
	}
	l.text(hash, g.left+(g.text()-l.measure(hash, short))/2, base, short)
	n := fmt.Sprintf("Page %d of %d", l.page, l.known.page)
	l.text(k, g.right-l.measure(k, n), base, n)
}
