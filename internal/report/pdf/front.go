package pdf

import (
	"strings"

	"github.com/tickmark/tickmark/internal/report"
)

// mostCover is how many lines of a title the cover shows.
const mostCover = 12

// coverPage is the first page: whose report, over what, and above all what it is not.
func (l *layout) coverPage() {
	l.newPage()
	c, g := l.doc.Cover, l.geo
	l.anchor("cover", g.top)
	l.bookmark("Cover", 0, g.top)
	put := func(s style, text string, gap float64) {
		l.space(gap)
		lines := l.wrap(report.Text{{Text: text}}, s.look, g.text())
		if len(lines) > mostCover { // the mark of a draft stays on the first page, whatever the title
			lines = append(lines[:mostCover:mostCover], l.wrap(report.Text{{Text: "…"}}, s.look, g.text())...)
		}
		l.lines(lines, s, g.left, g.text())
	}
	l.take(36)
	put(style{look{bold, 12, ink2}, 17}, c.Org, 0)
	l.space(10)
	y := l.take(1)
	l.stroke(ink, 1.6, g.left, y, g.right, y)
	title := style{look{bold, 23, ink}, 31}
	if len(c.Title) > 260 {
		title = style{look{bold, 16, ink}, 22}
	}
	put(title, c.Title, 22)
	put(style{look{regular, 13, ink2}, 19}, c.Period, 18)
	l.space(26)
	l.stamp(c.Mark, c.Notice)
	if len(c.Alert) > 0 {
		l.space(2)
		l.callout(report.Callout{Kind: report.Notice, Title: strings.TrimSpace(firstOf(c.Alert)), Body: []report.Block{report.Paragraph{Text: c.Alert[1:]}}})
	}
	pairs := report.Pairs{Pairs: c.Facts}
	t := l.pairTable(pairs)
	l.place(t)
	h := 0.0
	for _, r := range t.table.Rows {
		h += l.row(t, r).height
	}
	if free := l.room() - h - gapBlock; free > 0 {
		l.take(free)
	}
	l.pairs(pairs)
}

func firstOf(t report.Text) string {
	if len(t) == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSpace(t[0].Text), ".")
}

// stamp is the mark of a draft with the sentence that goes with it.
func (l *layout) stamp(word string, notice report.Text) {
	g := l.geo
	k := style{look{bold, 15, ink}, 20}
	tw := l.measure(k.look, word) + 24
	note := style{look{regular, 10.5, ink}, 15}
	lines := l.wrap(notice, note.look, g.text()-tw-30)
	h := max(34, float64(len(lines))*note.lead+16)
	l.need(h)
	y := l.take(h)
	if l.draws() {
		l.file.SetDrawColor(int(ink.R), int(ink.G), int(ink.B))
		l.file.SetLineWidth(1)
		l.file.Rect(g.left, y, g.text(), h, "D")
		l.fill(ink, g.left, y, tw, h)
		white := k.look
		white.color.R, white.color.G, white.color.B = 255, 255, 255
		l.text(white, g.left+12, y+h/2+k.size*.36, word)
	}
	at := y + (h-float64(len(lines))*note.lead)/2
	for i, ln := range lines {
		l.line(ln, note, g.left+tw+14, at+float64(i)*note.lead, g.text(), report.Left)
	}
}

// tocEntry is a line of the table of contents.
type tocEntry struct {
	level         int
	anchor        string
	number, title string
}

// entries are the headings of the document down to a level.
func (l *layout) entries(depth int) []tocEntry {
	var out []tocEntry
	for i := range l.doc.Sections {
		s := &l.doc.Sections[i]
		if s == l.section {
			continue // the contents do not list themselves
		}
		out = append(out, tocEntry{1, s.Anchor, s.Number, s.Title})
		blocks := s.Blocks
		if i == len(l.doc.Sections)-1 {
			blocks = append(append([]report.Block{}, blocks...), l.job.extra...)
		}
		for _, b := range blocks {
			if h, ok := b.(report.Heading); ok && h.Level <= depth {
				out = append(out, tocEntry{h.Level, h.Anchor, h.Number, h.Title})
			}
		}
	}
	return out
}

// Of a line of the contents: its height, where there is plenty of it and at least, the space over a section's, and room for the number
// and for the page.
const (
	tocLead, tocTight = 15.0, 12.0
	tocSpace          = 9.0
	tocNumber         = 44.0
	tocPage           = 30.0
)

// contents sets the table of contents; each line leads to its page. What would leave a few lines over for a page of their own stands
// closer, so that it does not.
func (l *layout) contents(c report.Contents) {
	type entry struct {
		tocEntry
		style
		x     float64
		lines []line
	}
	g, height := l.geo, 0.0
	var list []entry
	for _, e := range l.entries(max(1, c.Depth)) {
		x := entry{e, style{look{regular, 9.5, ink}, tocLead}, g.left + tocNumber*float64(e.level-1)*.5, nil}
		if e.level == 1 {
			x.face = bold
			height += tocSpace
		}
		x.lines = l.wrap(report.Text{{Text: e.title}}, x.look, g.right-tocPage-x.x-tocNumber)
		height += float64(len(x.lines)) * tocLead
		list = append(list, x)
	}
	scale := 1.0
	if fit := l.room() / height; fit < 1 && fit >= tocTight/tocLead {
		scale = fit * .999 // sums of what is rounded must not be more than the whole
	}
	for _, e := range list {
		e.lead *= scale
		if e.level == 1 {
			l.space(tocSpace * scale)
		}
		l.tocLine(e.tocEntry, e.style, e.x, e.lines)
	}
}

// tocLine sets one entry of the contents.
func (l *layout) tocLine(e tocEntry, s style, x float64, lines []line) {
	g := l.geo
	l.need(float64(len(lines)) * s.lead)
	for i, ln := range lines {
		y := l.take(s.lead)
		if !l.draws() {
			continue
		}
		if i == 0 {
			k := s.look
			k.color = ink3
			l.text(k, x, baseline(s, y), l.fit(k, clean(l.job.fonts, e.number, nil), tocNumber-4))
		}
		l.line(ln, s, x+tocNumber, y, g.right-tocPage-x-tocNumber, report.Left)
		if i == len(lines)-1 {
			l.leader(s, x+tocNumber, ln, y, l.pageOf(e.anchor))
		}
		if n, ok := l.links[e.anchor]; ok {
			l.file.Link(x, y, g.right-x, s.lead, n)
		}
	}
}

// leader draws the dots from a title to its page number.
func (l *layout) leader(s style, x float64, ln line, y float64, page string) {
	end := x
	for _, f := range ln.frags {
		end = x + f.x + f.w
	}
	w := l.measure(s.look, page)
	k := look{regular, s.size, ink}
	l.text(look{s.face, s.size, ink}, l.geo.right-w, baseline(s, y), page)
	k.color = rule2
	dot := l.measure(k, ".") * 2
	// dots stand on a common grid from the right edge, so that they align from line to line
	for at := l.geo.right - 30; at > end+6; at -= dot {
		l.file.SetFillColor(int(k.color.R), int(k.color.G), int(k.color.B))
		l.file.Rect(at, baseline(s, y)-.8, .8, .8, "F")
	}
}
