package chart

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// MatrixRow is one row of a matrix: a criterion and its worst outcome in each week.
type MatrixRow struct {
	Label string
	Cells []Outcome // missing cells are None
}

// MatrixData is rows by stretches of equal length, usually criteria by weeks.
type MatrixData struct {
	Period  period.Period
	Columns int
	Rows    []MatrixRow
}

// cell is the outcome at a place; what nobody judged is None.
func (m MatrixData) cell(row, col int) Outcome {
	if col >= len(m.Rows[row].Cells) {
		return None
	}
	if o := m.Rows[row].Cells[col]; o.valid() {
		return o
	}
	return Unknown
}

// Weeks is the data of strips as rows of weeks (the last may be shorter), each cell the most important outcome of its
// days. A week that has a gap beside passes stays a pass; a week of nothing else is None.
func Weeks(p period.Period, labels []string, strips []StripData) MatrixData {
	m := MatrixData{Period: p, Columns: (p.Days() + 6) / 7}
	for i, s := range strips {
		row := MatrixRow{Cells: make([]Outcome, m.Columns)}
		if i < len(labels) {
			row.Label = labels[i]
		}
		s.Period = p
		for _, r := range s.Normal() {
			first, last := int(r.From-p.From)/7, (int(r.From-p.From)+r.Days-1)/7
			for w := first; w <= last; w++ {
				row.Cells[w] = max(row.Cells[w], r.Outcome)
			}
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// Sentence counts the cells by outcome and names the rows that fail.
func (m MatrixData) Sentence() string {
	if len(m.Rows) == 0 || m.Columns == 0 {
		return "No rows"
	}
	n := map[Outcome]int{}
	var failing []string
	for i, r := range m.Rows {
		bad := false
		for j := range m.Columns {
			o := m.cell(i, j)
			n[o]++
			bad = bad || o == Fail
		}
		if bad {
			failing = append(failing, r.Label)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s over %s: passing in %d of %s", count(len(m.Rows), "row"), count(m.Columns, "week"), n[Pass], count(len(m.Rows)*m.Columns, "cell"))
	for _, o := range []Outcome{Fail, Grace, Excepted, Unknown, NotApplicable, None} {
		if n[o] > 0 {
			fmt.Fprintf(&b, ", %s %d", strings.TrimSuffix(during[o], " on")+" in", n[o])
		}
	}
	switch {
	case len(failing) > 8:
		fmt.Fprintf(&b, "; failing at some time: %s and %d more", strings.Join(failing[:8], ", "), len(failing)-8)
	case len(failing) > 0:
		b.WriteString("; failing at some time: " + strings.Join(failing, ", "))
	}
	return b.String()
}

// Matrix draws the cells in a box of width w and height h.
func Matrix(c Canvas, m MatrixData, w, h float64) {
	if len(m.Rows) == 0 || m.Columns <= 0 || w <= 0 || h <= 0 {
		return
	}
	cw, rh := w/float64(m.Columns), h/float64(len(m.Rows))
	gx, gy := min(1, .12*cw), .2*rh
	for i, r := range m.Rows {
		for j := range m.Columns {
			o := m.cell(i, j)
			name(c, "%s, week %d: %s", r.Label, j+1, o)
			Mark(c, o, float64(j)*cw+gx/2, float64(i)*rh+gy/2, cw-gx, rh-gy)
		}
	}
}

// Labels are the months along the columns.
func (m MatrixData) Labels() []Label { return months(m.Period) }

// RowLabels are the rows' names at the middle of each row, as shares of the height.
func (m MatrixData) RowLabels() []Label {
	out := make([]Label, len(m.Rows))
	for i, r := range m.Rows {
		out[i] = Label{(float64(i) + .5) / float64(len(m.Rows)), r.Label}
	}
	return out
}
