package pdf

import (
	"github.com/tickmark/tickmark/internal/report"
)

// grid is a table ready to be set: its columns have places.
type grid struct {
	table  report.Table
	head   style
	cell   style
	pairs  bool      // keys and values: no header, the first column is quiet
	blanks []bool    // rows with a line to write on
	x, w   []float64 // of the columns
}

func tableOf(t report.Table) *grid {
	return &grid{table: t, head: styleHead, cell: styleCell}
}

// place divides the width among the columns by their shares.
func (l *layout) place(g *grid) {
	if g.x != nil {
		return
	}
	total := 0.0
	for _, c := range g.table.Columns {
		total += max(c.Width, .01)
	}
	x := l.geo.left
	for i, c := range g.table.Columns {
		w := l.geo.text() * max(c.Width, .01) / total
		g.x = append(g.x, x)
		x += w
		if i < len(g.table.Columns)-1 {
			w -= gutter
		}
		g.w = append(g.w, max(w, 12))
	}
}

// A table of at most shortRows rows and shortTable points is not parted.
const (
	shortRows  = 3
	shortTable = 190.0
	splitLines = 5 // a row higher than a page begins where so many lines fit
)

// tableBeginning is the height that must stand together at a table's beginning: all of a short table; of others caption,
// header and two rows (and the row after a group).
func (l *layout) tableBeginning(g *grid) float64 {
	l.place(g)
	_, h := l.header(g)
	if c := g.table.Caption; len(c) > 0 {
		h += float64(len(l.wrap(c, styleCaption.look, l.geo.text())))*styleCaption.lead + 4
	}
	page := l.geo.bottom - l.geo.top - h
	begin, plain := 0.0, 0
	for _, r := range g.table.Rows[:min(len(g.table.Rows), shortRows+1)] {
		height := l.row(g, r).height
		switch {
		case height > page:
			height = splitLines*g.cell.lead + 2*padCell
		case plain > 0:
			height = min(height, 60)
		}
		h += height
		if r.Kind != report.Group {
			plain++
		}
		if begin == 0 && plain == 2 {
			begin = h
		}
	}
	if begin == 0 || (len(g.table.Rows) <= shortRows && h <= shortTable) {
		begin = h
	}
	return begin
}

// table sets a table over as many pages as it needs. The header stands on each; no header stands alone at the foot of a
// page; a row is parted only if it is higher than a page.
func (l *layout) table(g *grid) {
	l.place(g)
	l.space(gapBlock)
	l.need(min(l.tableBeginning(g), l.geo.bottom-l.geo.top))
	if len(g.table.Caption) > 0 {
		l.lines(l.wrap(g.table.Caption, styleCaption.look, l.geo.text()), styleCaption, l.geo.left, l.geo.text())
		l.space(4)
	}
	head, headHeight := l.header(g)
	l.drawHeader(g, head, headHeight)
	rows := g.table.Rows
	for i := range rows {
		if l.err != nil {
			return
		}
		r := l.row(g, rows[i])
		r.blank = i < len(g.blanks) && g.blanks[i]
		if r.blank {
			r.height += blankLine
		}
		want := r.height
		for k := i + 1; k < len(rows) && k <= i+3 && together(rows, k); k++ {
			want += l.row(g, rows[k]).height
		}
		page := l.geo.bottom - l.geo.top - headHeight
		if r.height > page {
			want = splitLines*g.cell.lead + 2*padCell
		}
		if l.room() < min(want, page) && !l.fresh {
			l.closeTable(g)
			l.newPage()
			l.drawHeader(g, head, headHeight)
		}
		if r.height <= l.room()+.01 {
			l.drawRow(g, r, i == len(rows)-1)
		} else {
			l.splitRow(g, r, head, headHeight)
		}
	}
	l.closeTable(g)
	if len(g.table.Note) > 0 {
		l.space(5)
		l.lines(l.wrap(g.table.Note, styleSmall.look, l.geo.text()), styleSmall, l.geo.left, l.geo.text())
	}
	l.space(gapTable)
}

// together reports whether a row may not begin a page: the first row under a subheading, a total, the last row of many.
func together(rows []report.Row, k int) bool {
	return rows[k-1].Kind == report.Group || rows[k].Kind == report.Total || (k == len(rows)-1 && k > 2)
}

// closeTable draws the rule under the last row on a page.
func (l *layout) closeTable(g *grid) {
	n := len(g.table.Rows)
	if len(g.blanks) == n && n > 0 && g.blanks[n-1] {
		return
	}
	if n == 0 || g.table.Rows[n-1].Kind != report.Total {
		l.stroke(rule2, .6, l.geo.left, l.y, l.geo.right, l.y)
	}
}
