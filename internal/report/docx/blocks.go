package docx

import (
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

func (x *writer) blocks(list []report.Block) {
	for _, b := range list {
		switch b := b.(type) {
		case report.Heading:
			x.paragraph("Heading"+strconv.Itoa(min(max(b.Level, 2), 4)), "", x.bookmark(b.Anchor, run("", escape(strings.TrimSpace(b.Number+"  "+b.Title)))))
		case report.Paragraph:
			x.prose(b)
		case report.List:
			for _, e := range b.Entries {
				x.paragraph(listStyle(b.Ordered), "", x.text(e))
			}
		case report.Table:
			x.table(b)
		case report.Pairs:
			x.pairs(b.Pairs)
		case report.Strip:
			x.strip(b)
		case report.Legend:
			for _, e := range b.Entries {
				x.paragraph("ListBullet", "", x.text(report.Text{{Text: e.Outcome.String(), Style: report.Bold, Sign: report.SignOf(e.Outcome)}, {Text: ": "}})+x.text(e.Meaning))
			}
		case report.Callout:
			x.callout(b)
		case report.Contents:
			x.contents(max(1, b.Depth))
		case report.PageBreak:
			x.paragraph("", "", `<w:r><w:br w:type="page"/></w:r>`)
		}
	}
}

func listStyle(ordered bool) string {
	if ordered {
		return "ListNumber"
	}
	return "ListBullet"
}

func (x *writer) prose(p report.Paragraph) {
	style := map[report.Tone]string{report.Lead: "Lead", report.Small: "Small", report.Question: "Question", report.Result: "Result"}[p.Tone]
	more := ""
	if p.Keep {
		more = `<w:keepNext/>`
	}
	x.paragraph(style, more, x.text(p.Text))
}

func (x *writer) callout(c report.Callout) {
	x.paragraph("Callout", `<w:keepNext/>`, run("<w:b/>", escape(c.Title)))
	for _, b := range c.Body {
		switch b := b.(type) {
		case report.Paragraph:
			x.paragraph("Callout", "", x.text(b.Text))
		case report.List:
			for _, e := range b.Entries {
				x.paragraph("Callout", "", run("", "– ")+x.text(e))
			}
		default:
			x.blocks([]report.Block{b})
		}
	}
}

// contents is a field that the word processor fills in, with the entries already there.
func (x *writer) contents(depth int) {
	type entry struct {
		level         int
		anchor, title string
	}
	var list []entry
	for _, s := range x.doc.Sections {
		if s.Number == "" {
			continue
		}
		list = append(list, entry{1, s.Anchor, strings.TrimSpace(s.Number + "  " + s.Title)})
		for _, b := range s.Blocks {
			if h, ok := b.(report.Heading); ok && h.Level <= depth {
				list = append(list, entry{h.Level, h.Anchor, strings.TrimSpace(h.Number + "  " + h.Title)})
			}
		}
	}
	begin := `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \o "1-` + strconv.Itoa(depth) + `" \h \z \u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>`
	for i, e := range list {
		open := ""
		if i == 0 {
			open = begin
		}
		shut := ""
		if i == len(list)-1 {
			shut = `<w:r><w:fldChar w:fldCharType="end"/></w:r>`
		}
		x.paragraph("TOC"+strconv.Itoa(min(e.level, 3)), "", open+`<w:hyperlink w:anchor="`+x.marks[e.anchor]+`" w:history="1">`+run("", escape(e.title))+`<w:r><w:tab/></w:r>`+field(` PAGEREF `+x.marks[e.anchor]+` \h `, "")+`</w:hyperlink>`+shut)
	}
}

// textWidth is the room between the margins of an A4 page, in twentieths of a point.
const textWidth = 9638

// table writes a table whose first row repeats on each page.
func (x *writer) table(t report.Table) {
	if len(t.Caption) > 0 {
		x.paragraph("Caption", `<w:keepNext/>`, x.text(t.Caption))
	}
	widths := columnWidths(t.Columns)
	x.openTable("TickmarkTable", widths)
	x.out.WriteString(`<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	for i, c := range t.Columns {
		x.cell(widths[i], 1, "TableHead", align(c.Align), run("", escape(c.Title)))
	}
	x.out.WriteString(`</w:tr>`)
	for _, r := range t.Rows {
		x.row(t, r, widths)
	}
	x.out.WriteString(`</w:tbl>`)
	if len(t.Note) > 0 {
		x.paragraph("Small", "", x.text(t.Note))
	} else {
		x.paragraph("Gap", "", "")
	}
}

func (x *writer) row(t report.Table, r report.Row, widths []int) {
	x.out.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
	style := "TableText"
	switch r.Kind {
	case report.Group:
		style = "TableGroup"
	case report.Total:
		style = "TableTotal"
	case report.Plain:
	}
	if r.Kind == report.Group && len(r.Cells) > 0 {
		x.cell(sum(widths), len(widths), style, "", x.text(r.Cells[0]))
	} else {
		for i := range widths {
			var content string
			if i < len(r.Cells) {
				content = x.text(r.Cells[i])
			}
			x.cell(widths[i], 1, style, align(t.Columns[i].Align), content)
		}
	}
	x.out.WriteString(`</w:tr>`)
}

func (x *writer) openTable(style string, widths []int) {
	x.out.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="` + style + `"/><w:tblW w:w="` + strconv.Itoa(sum(widths)) + `" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/></w:tblPr><w:tblGrid>`)
	for _, w := range widths {
		x.out.WriteString(`<w:gridCol w:w="` + strconv.Itoa(w) + `"/>`)
	}
	x.out.WriteString(`</w:tblGrid>`)
}

func (x *writer) cell(width, span int, style, more, content string) {
	x.out.WriteString(`<w:tc><w:tcPr><w:tcW w:w="` + strconv.Itoa(width) + `" w:type="dxa"/>`)
	if span > 1 {
		x.out.WriteString(`<w:gridSpan w:val="` + strconv.Itoa(span) + `"/>`)
	}
	x.out.WriteString(`</w:tcPr>`)
	x.paragraph(style, more, content)
	x.out.WriteString(`</w:tc>`)
}

// pairs are keys beside their values.
func (x *writer) pairs(list []report.Pair) {
	if len(list) == 0 {
		return
	}
	widths := []int{2400, textWidth - 2400}
	x.openTable("TickmarkPairs", widths)
	for _, p := range list {
		x.out.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		x.cell(widths[0], 1, "TableKey", "", run("", escape(p.Key)))
		value := x.text(p.Value)
		if p.Blank {
			value += run("", strings.Repeat("_", 40))
		}
		x.cell(widths[1], 1, "TableText", "", value)
		x.out.WriteString(`</w:tr>`)
	}
	x.out.WriteString(`</w:tbl>`)
	x.paragraph("Gap", "", "")
}

// columnWidths shares the page among the columns; the last takes what rounding leaves.
func columnWidths(cols []report.Column) []int {
	total := 0.0
	for _, c := range cols {
		total += max(c.Width, 1)
	}
	out, used := make([]int, len(cols)), 0
	for i, c := range cols {
		out[i] = int(textWidth * max(c.Width, 1) / total)
		used += out[i]
	}
	if len(out) > 0 {
		out[len(out)-1] += textWidth - used
	}
	return out
}

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

func align(a report.Align) string {
	switch a {
	case report.Right:
		return `<w:jc w:val="right"/>`
	case report.Center:
		return `<w:jc w:val="center"/>`
	case report.Left:
	}
	return ""
}

// text is running text with its looks, links and marks.
func (x *writer) text(t report.Text) string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(x.span(s))
	}
	return b.String()
}

func (x *writer) span(s report.Span) string {
	mark := x.marks[s.To]
	if s.Page {
		if mark == "" {
			return ""
		}
		return field(` PAGEREF `+mark+` \h `, "·")
	}
	props := looks(s)
	text := s.Text
	if o, ok := s.Sign.Outcome(); ok {
		text = o.Glyph() + "\u00a0" + text
	}
	var parts []string
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			parts = append(parts, `<w:r><w:br/></w:r>`)
		}
		if line != "" {
			parts = append(parts, run(props, escape(line)))
		}
	}
	out := strings.Join(parts, "")
	if mark != "" && out != "" {
		out = `<w:hyperlink w:anchor="` + mark + `" w:history="1">` + out + `</w:hyperlink>`
	}
	if s.Note != nil {
		out += run(`<w:color w:val="5F6977"/><w:sz w:val="16"/>`, " [") + x.text(s.Note.Text) + run(`<w:color w:val="5F6977"/><w:sz w:val="16"/>`, "]")
	}
	return out
}

// looks are the properties of a run, in the order that the schema wants.
func looks(s report.Span) string {
	var b strings.Builder
	if s.Style&report.Mono != 0 {
		b.WriteString(`<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:cs="Consolas"/>`)
	}
	if s.Style&report.Bold != 0 {
		b.WriteString(`<w:b/>`)
	}
	if s.Style&report.Italic != 0 {
		b.WriteString(`<w:i/>`)
	}
	o, signed := s.Sign.Outcome()
	switch {
	case signed:
		b.WriteString(`<w:color w:val="` + ink(o) + `"/>`)
	case s.Style&report.Quiet != 0:
		b.WriteString(`<w:color w:val="5F6977"/>`)
	case s.To != "":
		b.WriteString(`<w:color w:val="2746B8"/>`)
	}
	if s.Style&report.Mono != 0 {
		b.WriteString(`<w:sz w:val="16"/>`)
	}
	return b.String()
}

// ink colours an outcome; the words beside it say it.
func ink(o chart.Outcome) string {
	switch o {
	case chart.Pass:
		return "0B6A3A"
	case chart.Fail:
		return "B01E16"
	case chart.Grace:
		return "855000"
	case chart.Unknown:
		return "6A3BA6"
	case chart.Excepted:
		return "0D6170"
	}
	return "58626F"
}
