package pdf

import (
	"github.com/tickmark/tickmark/internal/report"
)

// pairTable is keys and values as a table of two columns.
func (l *layout) pairTable(p report.Pairs) *grid {
	width := l.geo.text()
	g := &grid{cell: styleValue, head: styleHead, pairs: true}
	g.table.Columns = []report.Column{{Width: keyWidth}, {Width: width - keyWidth}}
	for _, v := range p.Pairs {
		g.table.Rows = append(g.table.Rows, report.Row{Cells: []report.Text{{{Text: v.Key}}, v.Value}})
		g.blanks = append(g.blanks, v.Blank)
	}
	return g
}

// pairs sets keys and values, on one page unless they are many.
func (l *layout) pairs(p report.Pairs) {
	if len(p.Pairs) == 0 {
		return
	}
	g := l.pairTable(p)
	l.space(gapBlock)
	l.need(l.pairsHeight(g))
	l.table(g)
}

// pairsHeight is the height that keys and values must find on a page: all of them up to half a page, else their
// beginning.
func (l *layout) pairsHeight(g *grid) float64 {
	l.place(g)
	h := 0.0
	for i, r := range g.table.Rows {
		h += l.row(g, r).height
		if g.blanks[i] {
			h += blankLine
		}
	}
	if h > (l.geo.bottom-l.geo.top)/2 {
		return min(l.tableBeginning(g), l.geo.bottom-l.geo.top)
	}
	return h
}

// blankLine is the height that a line to write on has more than others.
const blankLine = 8.0
