package markdown

import (
	"html"
	"io"
	"strconv"
	"strings"
)

// WriteHTML writes a text for a page. Headings begin below the page's own: the highest of the text become h2. Everything that
// came from the text is escaped here, and nothing else writes Markdown to a page.
func (d *Document) WriteHTML(w io.Writer) error {
	p := &writer{doc: d}
	p.blocks(d.Blocks)
	_, err := io.WriteString(w, p.String())
	return err
}

// HTML is what WriteHTML writes.
func (d *Document) HTML() string {
	p := &writer{doc: d}
	p.blocks(d.Blocks)
	return p.String()
}

type writer struct {
	strings.Builder
	doc *Document
}

func (w *writer) put(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

func (w *writer) blocks(list []Block) {
	for _, b := range list {
		w.block(b)
	}
}

func (w *writer) block(b Block) {
	switch b.Kind {
	case Heading:
		tag := "h" + strconv.Itoa(w.doc.Depth(b)+1)
		w.put("<", tag, ` id="`, html.EscapeString(b.ID), `">`)
		w.spans(b.Text)
		w.put("</", tag, ">\n")
	case Paragraph:
		w.put("<p>")
		w.spans(b.Text)
		w.put("</p>\n")
	case List:
		w.list(b)
	case Code:
		w.put(`<pre tabindex="0"><code>`, html.EscapeString(b.Code), "</code></pre>\n")
	case Quote:
		w.put("<blockquote>\n")
		w.blocks(b.Inside)
		w.put("</blockquote>\n")
	case Table:
		w.table(b)
	case Rule:
		w.put("<hr>\n")
	}
}

func (w *writer) list(b Block) {
	open, end := "<ul>\n", "</ul>\n"
	if b.Ordered {
		open, end = "<ol>\n", "</ol>\n"
		if b.Start != 1 {
			open = `<ol start="` + strconv.Itoa(b.Start) + `">` + "\n"
		}
	}
	w.put(open)
	for _, e := range b.Entries {
		w.put("<li>")
		if len(e) > 0 && e[0].Kind == Paragraph { // the words of an entry stand beside its mark
			w.spans(e[0].Text)
			e = e[1:]
		}
		if len(e) > 0 {
			w.put("\n")
			w.blocks(e)
		}
		w.put("</li>\n")
	}
	w.put(end)
}

func (w *writer) table(b Block) {
	w.put(`<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>`, "\n<thead><tr>")
	class := func(i int) string {
		if i < len(b.Align) {
			return []string{"", ` class="center"`, ` class="right"`}[b.Align[i]]
		}
		return ""
	}
	for i, cell := range b.Head {
		w.put(`<th scope="col"`, class(i), ">")
		w.spans(cell)
		w.put("</th>")
	}
	w.put("</tr></thead>\n<tbody>\n")
	for _, row := range b.Rows {
		w.put("<tr>")
		for i, cell := range row {
			w.put("<td", class(i), ">")
			w.spans(cell)
			w.put("</td>")
		}
		w.put("</tr>\n")
	}
	w.put("</tbody></table></div>\n")
}

func (w *writer) spans(text []Span) {
	for _, s := range text {
		var end []string
		open := func(tag, attrs string) {
			w.put("<", tag, attrs, ">")
			end = append(end, "</"+tag+">")
		}
		if s.Href != "" {
			attrs := ` href="` + html.EscapeString(s.Href) + `"`
			if s.Href[0] != '/' && s.Href[0] != '#' {
				attrs += ` rel="noopener noreferrer nofollow"`
			}
			open("a", attrs)
		}
		for _, look := range []struct {
			on  bool
			tag string
		}{{s.Bold, "strong"}, {s.Italic, "em"}, {s.Struck, "s"}, {s.Mono, "code"}} {
			if look.on {
				open(look.tag, "")
			}
		}
		w.put(html.EscapeString(s.Text))
		for i := len(end) - 1; i >= 0; i-- {
			w.put(end[i])
		}
		if s.Break {
			w.put("<br>")
		}
	}
}
