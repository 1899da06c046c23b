// Package html renders a report's document as one web page that needs nothing else: styles and drawings are inside, scripts
// there are none, and printing it gives numbered pages. The same document gives the same bytes.
package html

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
)

//go:embed style.css
var sheet string

// Render writes the document.
func Render(w io.Writer, doc *report.Document) error {
	x := &writer{doc: doc, ids: map[string]string{}}
	x.number()
	x.page()
	_, err := io.WriteString(w, x.out.String())
	return errs.Wrap(err, "report HTML")
}

// writer makes the page.
type writer struct {
	doc   *report.Document
	out   strings.Builder
	ids   map[string]string // of anchors
	notes []report.Text     // footnotes of the section
	noted int               // footnotes of the document
}

// number gives every anchor an identifier that is safe in an address.
func (x *writer) number() {
	add := func(anchor string) {
		if anchor != "" && x.ids[anchor] == "" {
			x.ids[anchor] = "p" + strconv.Itoa(len(x.ids)+1)
		}
	}
	for _, s := range x.doc.Sections {
		add(s.Anchor)
		for _, b := range s.Blocks {
			if h, ok := b.(report.Heading); ok {
				add(h.Anchor)
			}
		}
	}
}

// esc makes a text safe, without characters that no reader sees and that change what is read.
func esc(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || r == '\ufffd', unicode.Is(unicode.Noncharacter_Code_Point, r):
			return '\ufffd'
		case r == '\u2028' || r == '\u2029':
			return ' '
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return html.EscapeString(s)
}

func (x *writer) f(format string, args ...any) { fmt.Fprintf(&x.out, format, args...) }

func (x *writer) page() {
	d := x.doc
	x.f("<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", esc(or(d.Language, "en")))
	x.f("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n")
	x.f("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light\">\n<title>%s</title>\n", esc(strings.TrimSpace(d.Org+": "+d.Short)))
	x.f("<meta name=\"description\" content=\"%s\">\n<meta name=\"generator\" content=\"Tickmark\">\n", esc(d.Title))
	if !d.Frozen.IsZero() {
		x.f("<meta name=\"dcterms.created\" content=\"%s\">\n", d.Frozen.UTC().Format(time.RFC3339))
	}
	x.f("<style>\n%s%s</style>\n</head>\n<body>\n", sheet, inks())
	if d.Draft {
		x.f("<div class=\"draft\" aria-hidden=\"true\">DRAFT</div>\n")
	}
	x.f("<header class=\"running\">%s<span>%s</span></header>\n<main>\n", esc(d.Org), esc(d.Short))
	x.cover()
	for i := range d.Sections {
		x.section(&d.Sections[i])
	}
	x.f("</main>\n<footer class=\"running\">%s</footer>\n</body>\n</html>\n", x.text(d.Cover.Notice))
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// inks are the colours of drawings.
func inks() string {
	var b strings.Builder
	for _, o := range chart.Outcomes() {
		if f := chart.InkOf(o.Class()).Fill; f != nil {
			fmt.Fprintf(&b, ".%s{fill:%s}", o.Class(), hex(*f))
		}
		c := o.Color()
		fmt.Fprintf(&b, ".w-%s{color:%s}", o.GlyphClass(), hex(c))
	}
	if s := chart.InkOf(chart.ClassMonth).Stroke; s != nil {
		fmt.Fprintf(&b, ".%s{stroke:%s;stroke-width:1;vector-effect:non-scaling-stroke}", chart.ClassMonth, hex(*s))
	}
	return b.String() + "\n"
}

func hex(c chart.Color) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func (x *writer) cover() {
	c := x.doc.Cover
	x.f("<section class=\"cover\">\n<p class=\"org\">%s</p>\n<h1>%s</h1>\n<p class=\"period\">%s</p>\n<p class=\"stamp\"><b>%s</b> %s</p>\n", esc(c.Org), esc(c.Title), esc(c.Period), esc(c.Mark), x.text(c.Notice))
	if len(c.Alert) > 0 {
		x.f("<div class=\"note notice\"><p>%s</p></div>\n", x.text(c.Alert))
	}
	x.pairs(c.Facts)
	x.f("</section>\n")
}

func (x *writer) section(s *report.Section) {
	x.notes = nil
	if s.Number == "" {
		x.f("<nav class=\"contents\" id=\"%s\" aria-label=\"%s\">\n<h2>%s</h2>\n", x.ids[s.Anchor], esc(s.Title), esc(s.Title))
		x.blocks(s.Blocks)
		x.f("</nav>\n")
		return
	}
	x.f("<section id=\"%s\">\n<h2><span class=\"no\">%s</span> %s</h2>\n", x.ids[s.Anchor], esc(s.Number), esc(s.Title))
	if s.Voice != "" {
		x.f("<p class=\"voice\">%s</p>\n", esc(s.Voice))
	}
	x.blocks(s.Blocks)
	if len(x.notes) > 0 {
		x.f("<aside class=\"footnotes\" aria-label=\"Footnotes\"><ol start=\"%d\">\n", x.noted-len(x.notes)+1)
		first := x.noted - len(x.notes) + 1
		for i := 0; i < len(x.notes); i++ {
			x.f("<li id=\"n%d\">%s</li>\n", first+i, x.text(x.notes[i]))
		}
		x.f("</ol></aside>\n")
	}
	x.f("</section>\n")
}
