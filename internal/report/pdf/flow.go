package pdf

import (
	"strconv"

	"github.com/tickmark/tickmark/internal/report"
)

// blocks sets blocks one after another.
func (l *layout) blocks(list []report.Block) {
	for i, b := range list {
		if l.err != nil {
			return
		}
		l.block(b, list[i+1:])
	}
}

// block sets one block; next is what follows, for blocks that must not be parted from it.
func (l *layout) block(b report.Block, next []report.Block) {
	switch b := b.(type) {
	case report.Heading:
		l.heading(b, next)
	case report.Paragraph:
		l.paragraph(b, next)
	case report.List:
		l.list(b)
	case report.Table:
		l.table(tableOf(b))
	case report.Pairs:
		l.pairs(b)
	case report.Strip:
		l.strip(b, next)
	case report.Graph:
		l.graph(b)
	case report.Legend:
		l.legend(b)
	case report.Callout:
		l.callout(b)
	case report.Contents:
		l.contents(b)
	case report.PageBreak:
		if !l.fresh {
			l.newPage()
		}
	}
}

// keepDepth bounds how far a heading looks ahead.
const keepDepth = 6

// beginning is the least height that must stand below a heading on its page: the beginning of what follows.
func (l *layout) beginning(next []report.Block, depth int) float64 {
	if len(next) == 0 || depth > keepDepth {
		return 0
	}
	h, half := 0.0, (l.geo.bottom-l.geo.top)/2 // rows as high as half a page may part from their heading
	switch b := next[0].(type) {
	case report.Heading:
		b.Level = levelOf(b)
		h = above[b.Level] + l.headingHeight(b) + below[b.Level] + l.beginning(next[1:], depth+1)
	case report.Paragraph:
		s := toned(b.Tone)
		n := len(l.wrap(b.Text, s.look, l.geo.text()))
		if b.Keep {
			h = float64(n)*s.lead + gapBlock + l.beginning(next[1:], depth+1)
		} else {
			h = float64(leading(n)) * s.lead
		}
	case report.List:
		if len(b.Entries) > 0 {
			n := len(l.wrap(b.Entries[0], styleBody.look, l.geo.text()-indentList))
			h = float64(leading(n)) * styleBody.lead
		}
	case report.Table:
		h = gapBlock + min(l.tableBeginning(tableOf(b)), half)
	case report.Pairs:
		h = gapBlock + min(l.pairsHeight(l.pairTable(b)), half)
	case report.Strip:
		h = stripHeight
		if p, ok := first(next[1:]).(report.Paragraph); ok && p.Tone == report.Result {
			h += gapBlock + l.beginning(next[1:], depth+1)
		}
	case report.Callout:
		h = 2*padCallout + 3*styleBody.lead
	case report.Graph:
		h = l.drawing(b).needs(l)
	case report.Legend:
		h = 2 * legendRow
	}
	return min(h, l.geo.bottom-l.geo.top)
}

// first is the first of blocks, nil if there is none.
func first(list []report.Block) report.Block {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// leading is how many lines of a paragraph of n must stand together at its beginning: two, or all of a short one.
func leading(n int) int {
	if n <= 3 {
		return n
	}
	return 2
}

// paragraph sets running text; neither its first nor its last line stands alone on a page.
func (l *layout) paragraph(p report.Paragraph, next []report.Block) {
	s := toned(p.Tone)
	if p.Tone == report.Small {
		l.space(4)
	} else {
		l.space(gapBlock - 2)
	}
	lines := l.wrap(p.Text, s.look, l.geo.text())
	if p.Keep {
		l.need(min(float64(len(lines))*s.lead+gapBlock+l.beginning(next, 1), l.geo.bottom-l.geo.top))
	}
	l.lines(lines, s, l.geo.left, l.geo.text())
	l.space(gapBlock - 2)
	if p.Tone == report.Lead {
		l.space(gapBlock + 2)
	}
}

// lines sets lines of text over as many pages as they need.
func (l *layout) lines(lines []line, s style, x, width float64) {
	for i := 0; i < len(lines); {
		rest := len(lines) - i
		fit := int((l.room() + .01) / s.lead)
		switch {
		case fit >= rest:
			fit = rest
		case l.fresh && fit < 1:
			fit = 1
		case fit < leading(rest) && !l.fresh:
			fit = 0
		case rest-fit == 1 && fit > 2:
			fit--
		}
		for _, ln := range lines[i : i+fit] {
			l.call(ln)
			if l.room() < s.lead-.01 && !l.fresh {
				l.newPage()
			}
			l.line(ln, s, x, l.take(s.lead), width, report.Left)
		}
		if i += fit; i < len(lines) {
			l.newPage()
		}
	}
}

// call puts the footnotes called in a line on this page. If there is no room for line and notes, both go to the next.
func (l *layout) call(ln line) {
	for _, f := range ln.frags {
		if f.note == nil {
			continue
		}
		t := append(report.Text{{Text: strconv.Itoa(l.job.notes[f.note]) + "\u00a0\u00a0"}}, f.note.Text...)
		note := footnote{l.wrap(t, styleNote.look, l.geo.text())}
		h := float64(len(note.lines)) * styleNote.lead
		if len(l.calls) == 0 {
			h += 14
		}
		if l.room() < h+20 && !l.fresh {
			l.newPage()
			h = float64(len(note.lines))*styleNote.lead + 14
		}
		l.calls, l.reserve = append(l.calls, note), l.reserve+min(h, l.geo.bottom-l.geo.top-40)
	}
}

// list sets entries with a number or a dash.
func (l *layout) list(b report.List) {
	l.space(gapBlock - 2)
	s := styleBody
	for i, e := range b.Entries {
		l.entry(e, bullet(b.Ordered, i), s, l.geo.left, l.geo.text())
		l.space(3)
	}
	l.space(gapBlock)
}

func bullet(ordered bool, i int) string {
	if ordered {
		return strconv.Itoa(i+1) + "."
	}
	return "–"
}

// entry sets one entry of a list.
func (l *layout) entry(t report.Text, mark string, s style, x, width float64) {
	lines := l.wrap(t, s.look, width-indentList)
	l.need(float64(leading(len(lines))) * s.lead)
	if l.draws() {
		k := s.look
		k.color = ink2
		l.text(k, x, baseline(s, l.y+l.owed()), mark)
	}
	l.lines(lines, s, x+indentList, width-indentList)
}
