package html

import (
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/graph"
	"github.com/tickmark/tickmark/internal/report"
)

func (x *writer) blocks(list []report.Block) {
	for _, b := range list {
		switch b := b.(type) {
		case report.Heading:
			x.heading(b)
		case report.Paragraph:
			class := map[report.Tone]string{report.Lead: "lead", report.Small: "small", report.Question: "question", report.Result: "result"}[b.Tone]
			if class != "" {
				class = ` class="` + class + `"`
			}
			x.f("<p%s>%s</p>\n", class, x.text(b.Text))
		case report.List:
			x.list(b)
		case report.Table:
			x.table(b)
		case report.Pairs:
			x.pairs(b.Pairs)
		case report.Strip:
			x.strip(b)
		case report.Graph:
			if g := b.Whole[0]; g != nil && len(g.Nodes) > 0 {
				x.f("<figure>%s<figcaption>%s</figcaption></figure>\n", graph.SVG(g, graph.Options{Title: b.Sentence, Alone: true}), esc(b.Sentence))
			}
		case report.Legend:
			x.legend(b)
		case report.Callout:
			x.callout(b)
		case report.Contents:
			x.contents(max(1, b.Depth))
		case report.PageBreak:
			x.f("<div class=\"break\"></div>\n")
		}
	}
}

func (x *writer) heading(h report.Heading) {
	tag := "h" + strconv.Itoa(min(max(h.Level, 2), 4)+1)
	class := ""
	if h.Entry {
		class = ` class="entry"`
	}
	number := ""
	if h.Number != "" {
		number = `<span class="no">` + esc(h.Number) + `</span> `
	}
	x.f("<%s id=\"%s\"%s>%s%s</%s>\n", tag, x.ids[h.Anchor], class, number, esc(h.Title), tag)
}

func (x *writer) list(l report.List) {
	tag := "ul"
	if l.Ordered {
		tag = "ol"
	}
	x.f("<%s>\n", tag)
	for _, e := range l.Entries {
		x.f("<li>%s</li>\n", x.text(e))
	}
	x.f("</%s>\n", tag)
}

func (x *writer) callout(c report.Callout) {
	class := map[report.CalloutKind]string{report.Placeholder: "placeholder", report.Missing: "missing", report.Unconfirmed: "unconfirmed", report.Notice: "notice"}[c.Kind]
	x.f("<div class=\"note %s\" role=\"note\">\n<p><b>%s</b></p>\n", class, esc(c.Title))
	x.blocks(c.Body)
	x.f("</div>\n")
}

func (x *writer) strip(s report.Strip) {
	x.f("<figure>%s", chart.SVG("strip", 1000, 28, s.Sentence, func(c chart.Canvas) { chart.Strip(c, s.Data, 1000, 28) }))
	x.f("<figcaption>%s</figcaption></figure>\n", esc(s.Sentence))
}

func (x *writer) legend(l report.Legend) {
	x.f("<ul class=\"legend\">\n")
	for _, e := range l.Entries {
		x.f("<li>%s <b>%s</b> %s</li>\n", chart.SVG("mark", 30, 12, e.Outcome.String(), func(c chart.Canvas) { chart.Mark(c, e.Outcome, 0, 0, 30, 12) }), esc(e.Outcome.String()), x.text(e.Meaning))
	}
	x.f("</ul>\n")
}

func (x *writer) contents(depth int) {
	x.f("<ol class=\"toc\">\n")
	for _, s := range x.doc.Sections {
		if s.Number == "" {
			continue
		}
		x.f("<li><a href=\"#%s\"><span class=\"no\">%s</span> %s</a>", x.ids[s.Anchor], esc(s.Number), esc(s.Title))
		open := false
		for _, b := range s.Blocks {
			h, ok := b.(report.Heading)
			if !ok || h.Level > depth {
				continue
			}
			if !open {
				x.f("\n<ol>\n")
				open = true
			}
			x.f("<li><a href=\"#%s\"><span class=\"no\">%s</span> %s</a></li>\n", x.ids[h.Anchor], esc(h.Number), esc(h.Title))
		}
		if open {
			x.f("</ol>")
		}
		x.f("</li>\n")
	}
	x.f("</ol>\n")
}

func (x *writer) pairs(list []report.Pair) {
	if len(list) == 0 {
		return
	}
	x.f("<dl>\n")
	for _, p := range list {
		value := x.text(p.Value)
		if p.Blank {
			value += `<span class="blank"><span class="unseen">to be filled in</span></span>`
		}
		x.f("<div><dt>%s</dt><dd>%s</dd></div>\n", esc(p.Key), value)
	}
	x.f("</dl>\n")
}

// table leaves out a column that holds nothing but page numbers: a web page has none, and the links are there.
func (x *writer) table(t report.Table) {
	skip := map[int]bool{}
	for i, c := range t.Columns {
		skip[i] = c.Title == "Page"
		for _, r := range t.Rows {
			if i < len(r.Cells) && r.Kind != report.Group {
				for _, s := range r.Cells[i] {
					skip[i] = skip[i] && s.Page
				}
			}
		}
	}
	x.f("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>\n", esc(or(t.Caption.String(), t.Subject)))
	if len(t.Caption) > 0 {
		x.f("<caption>%s</caption>\n", x.text(t.Caption))
	}
	x.f("<thead><tr>")
	shown := 0
	for i, c := range t.Columns {
		if !skip[i] {
			x.f("<th scope=\"col\"%s>%s</th>", align(c.Align), strings.ReplaceAll(esc(c.Title), "\n", "<br>"))
			shown++
		}
	}
	x.f("</tr></thead>\n<tbody>\n")
	for _, r := range t.Rows {
		x.row(t, r, skip, shown)
	}
	x.f("</tbody></table></div>\n")
	if len(t.Note) > 0 {
		x.f("<p class=\"small\">%s</p>\n", x.text(t.Note))
	}
}

func (x *writer) row(t report.Table, r report.Row, skip map[int]bool, shown int) {
	switch {
	case r.Kind == report.Group && len(r.Cells) > 0:
		x.f("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%d\">%s</th></tr>\n", shown, x.text(r.Cells[0]))
		return
	case r.Kind == report.Total:
		x.f("<tr class=\"total\">")
	default:
		x.f("<tr>")
	}
	for i, c := range t.Columns {
		if skip[i] {
			continue
		}
		content := ""
		if i < len(r.Cells) {
			content = x.text(r.Cells[i])
		}
		x.f("<td%s>%s</td>", align(c.Align), content)
	}
	x.f("</tr>\n")
}

func align(a report.Align) string {
	switch a {
	case report.Right:
		return ` class="num"`
	case report.Center:
		return ` class="mid"`
	case report.Left:
	}
	return ""
}

// text is running text with its looks, links, marks and footnotes.
func (x *writer) text(t report.Text) string {
	var b strings.Builder
	for i, s := range t {
		if s.Page {
			continue
		}
		if i+1 < len(t) && t[i+1].Page {
			s.Text = strings.TrimSuffix(s.Text, " on page ")
		}
		b.WriteString(x.span(s))
	}
	return b.String()
}

func (x *writer) span(s report.Span) string {
	out := strings.ReplaceAll(esc(s.Text), "\n", "<br>")
	var class []string
	if o, ok := s.Sign.Outcome(); ok {
		out = `<span aria-hidden="true">` + o.Glyph() + "</span>\u00a0" + out
		class = append(class, "w-"+o.GlyphClass())
	}
	if s.Style&report.Quiet != 0 {
		class = append(class, "quiet")
	}
	if s.Style&report.Mono != 0 {
		out = "<code>" + out + "</code>"
	}
	if s.Style&report.Italic != 0 {
		out = "<i>" + out + "</i>"
	}
	if s.Style&report.Bold != 0 {
		out = "<b>" + out + "</b>"
	}
	if len(class) > 0 && s.Text != "" {
		out = `<span class="` + strings.Join(class, " ") + `">` + out + "</span>"
	}
	if id := x.ids[s.To]; id != "" && s.Text != "" {
		out = `<a href="#` + id + `">` + out + "</a>"
	}
	if s.Note != nil {
		x.noted++
		x.notes = append(x.notes, s.Note.Text)
		n := strconv.Itoa(x.noted)
		out += `<sup><a href="#n` + n + `">` + n + `</a></sup>`
	}
	return out
}
