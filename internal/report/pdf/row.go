package pdf

import (
	"github.com/tickmark/tickmark/internal/report"
)

// row is a row broken into lines.
type row struct {
	report.Row
	cells  [][]line
	height float64
	blank  bool
}

// row breaks the cells of a row.
func (l *layout) row(g *grid, r report.Row) row {
	out := row{Row: r, cells: make([][]line, len(g.x))}
	most := 1
	for i := range g.x {
		if i >= len(r.Cells) || len(r.Cells[i]) == 0 {
			continue
		}
		k, w := g.cell.look, g.w[i]
		switch {
		case r.Kind == report.Group:
			k.face, w = bold, l.geo.text()-2*gutter
		case r.Kind == report.Total:
			k.face = bold
		case g.pairs && i == 0:
			k.color, k.size = ink3, styleKey.size
		}
		out.cells[i] = l.wrap(r.Cells[i], k, w)
		most = max(most, len(out.cells[i]))
		if r.Kind == report.Group {
			break
		}
	}
	out.height = float64(most)*g.cell.lead + 2*padCell
	if r.Kind == report.Group {
		out.height += 2
	}
	return out
}

// header breaks the header; its height is 0 for a table without.
func (l *layout) header(g *grid) (cells [][]line, height float64) {
	if g.pairs {
		return nil, 0
	}
	most := 0
	for i, c := range g.table.Columns {
		lines := l.wrap(report.Text{{Text: c.Title}}, g.head.look, g.w[i])
		cells = append(cells, lines)
		most = max(most, len(lines))
	}
	return cells, float64(most)*g.head.lead + 2*padCell
}

func (l *layout) drawHeader(g *grid, cells [][]line, height float64) {
	y := l.take(height)
	if height == 0 {
		l.stroke(rule2, .6, l.geo.left, y, l.geo.right, y)
		return
	}
	l.stroke(ink2, .8, l.geo.left, y, l.geo.right, y)
	for i, c := range cells {
		// the titles stand on the rule below them
		at := y + height - padCell - float64(len(c))*g.head.lead
		for k, ln := range c {
			l.line(ln, g.head, g.x[i], at+float64(k)*g.head.lead, g.w[i], g.table.Columns[i].Align)
		}
	}
	l.stroke(ink2, .5, l.geo.left, y+height, l.geo.right, y+height)
}

// drawRow draws a row that fits the page.
func (l *layout) drawRow(g *grid, r row, last bool) {
	for _, c := range r.cells {
		for _, ln := range c {
			l.call(ln)
		}
	}
	y := l.take(r.height)
	switch r.Kind {
	case report.Group:
		l.fill(sunken, l.geo.left, y, l.geo.text(), r.height)
		for k, ln := range r.cells[0] {
			l.line(ln, g.cell, l.geo.left+gutter, y+padCell+1+float64(k)*g.cell.lead, l.geo.text(), report.Left)
		}
		return
	case report.Total:
		l.drawTotal(g, r, y)
		return
	}
	shift := 0.0
	if r.blank {
		shift = blankLine
		l.stroke(edge, .5, g.x[1], y+r.height-padCell, l.geo.right, y+r.height-padCell)
	}
	for i, c := range r.cells {
		for k, ln := range c {
			l.line(ln, g.cell, g.x[i], y+padCell+shift+float64(k)*g.cell.lead, g.w[i], g.table.Columns[i].Align)
		}
	}
	if !last && !r.blank {
		l.stroke(rule, .5, l.geo.left, y+r.height, l.geo.right, y+r.height)
	}
}

// drawTotal draws summed figures: a rule above, the double rule below.
func (l *layout) drawTotal(g *grid, r row, y float64) {
	l.stroke(ink2, .6, l.geo.left, y, l.geo.right, y)
	for i, c := range r.cells {
		for k, ln := range c {
			l.line(ln, g.cell, g.x[i], y+padCell+float64(k)*g.cell.lead, g.w[i], g.table.Columns[i].Align)
		}
	}
	bottom := y + r.height
	l.stroke(ink2, .7, l.geo.left, bottom, l.geo.right, bottom)
	l.stroke(ink2, .7, l.geo.left, bottom+2.2, l.geo.right, bottom+2.2)
	l.space(3)
}

// splitRow draws a row that is higher than a page, as many lines on each page as fit.
func (l *layout) splitRow(g *grid, r row, head [][]line, headHeight float64) {
	most := 0
	for _, c := range r.cells {
		most = max(most, len(c))
	}
	for from := 0; from < most && l.err == nil; {
		n := int((l.room() - 2*padCell + .01) / g.cell.lead)
		if n < 1 && !l.fresh {
			l.closeTable(g)
			l.newPage()
			l.drawHeader(g, head, headHeight)
			continue
		}
		n = min(max(n, 1), most-from)
		part := row{Row: r.Row, cells: make([][]line, len(r.cells)), height: float64(n)*g.cell.lead + 2*padCell}
		part.Kind = report.Plain
		for i, c := range r.cells {
			if from < len(c) {
				part.cells[i] = c[from:min(len(c), from+n)]
			}
		}
		l.drawRow(g, part, false)
		if from += n; from < most {
			l.closeTable(g)
			l.newPage()
			l.drawHeader(g, head, headHeight)
		}
	}
}
