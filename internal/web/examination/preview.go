package examination

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Parts of a section on the screen: a section longer than long is divided at its headings, so that a page stays quick to make
// and to read.
const long = 90 // blocks

// part is a stretch of a section that one page shows.
type part struct {
	Title  string
	Blocks []report.Block
	Gaps   int // callouts that say what is missing
}

// sectionParts is a section with its parts.
type sectionParts struct {
	report.Section
	Parts []part
	Gaps  int
}

// place is where an anchor stands.
type place struct {
	Section string
	Part    int
}

// divide cuts a document into what pages show. The contents are the navigation beside every page.
func divide(doc *report.Document) ([]sectionParts, map[string]place) {
	var out []sectionParts
	places := map[string]place{}
	for _, s := range doc.Sections {
		if s.Number == "" {
			continue
		}
		x := sectionParts{Section: s, Parts: cutSection(s)}
		places[s.Anchor] = place{s.Number, 0}
		for i := range x.Parts {
			for _, b := range x.Parts[i].Blocks {
				switch b := b.(type) {
				case report.Heading:
					places[b.Anchor] = place{s.Number, i}
				case report.Callout:
					x.Parts[i].Gaps += one(b.Kind == report.Missing)
				}
			}
			x.Gaps += x.Parts[i].Gaps
		}
		out = append(out, x)
	}
	return out, places
}

// cutSection divides a long section at its headings of level 2, and long stretches between those at headings of level 3.
func cutSection(s report.Section) []part {
	if len(s.Blocks) <= long {
		return []part{{Title: s.Title, Blocks: s.Blocks}}
	}
	out := []part{{Title: s.Title}}
	title := s.Title
	for _, b := range s.Blocks {
		last := &out[len(out)-1]
		h, ok := b.(report.Heading)
		switch {
		case ok && h.Level == 2:
			title = h.Title
			if len(last.Blocks) > 0 {
				out = append(out, part{})
				last = &out[len(out)-1]
			}
			last.Title = title
		case ok && h.Level == 3 && len(last.Blocks) > long:
			out = append(out, part{Title: title + ", from " + strings.TrimSpace(h.Number+" "+h.Title)})
			last = &out[len(out)-1]
			if h.Number != "" {
				last.Title = title + ", from " + h.Number
			}
		}
		last.Blocks = append(last.Blocks, b)
	}
	return out
}

// leaf is what one page shows of a report: the cover, or a part of a section.
type leaf struct {
	frozen
	Section *sectionParts // nil for the cover
	Number  string
	Part    int // of the section, from 0
}

// preview shows the report of a dossier: the document that the PDF is made from, for reading and linking.
func (p *pages) preview(r *page.Request) error {
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: f.Ref, Href: "/a/" + f.Ref}, {Text: "Dossier " + page.Count(f.Row.Number), Href: f.base()}, {Text: "Report"}}
	x := leaf{frozen: f, Number: r.Query("section")}
	if x.Number != "" {
		i := slices.IndexFunc(f.D.leaves, func(s sectionParts) bool { return s.Number == x.Number })
		if i < 0 {
			return errs.New(errs.NotFound, "the report has no section %q", x.Number)
		}
		x.Section = &f.D.leaves[i]
		if n := r.Query("part"); n != "" {
			x.Part, err = strconv.Atoi(n)
			x.Part--
			if err != nil || x.Part < 0 || x.Part >= len(x.Section.Parts) {
				return errs.New(errs.NotFound, "section %s has no part %q", x.Number, n)
			}
		}
		r.Title = "Section " + x.Number + " of the report"
	}
	return r.Render(http.StatusOK, previewPage(x))
}

// path is the address of a part of a section; that of the cover without a number.
func (x leaf) path(number string, n int) string {
	switch {
	case number == "":
		return x.base() + "/report"
	case n == 0:
		return x.base() + "/report?section=" + url.QueryEscape(number)
	}
	return x.base() + "/report?section=" + url.QueryEscape(number) + "&part=" + strconv.Itoa(n+1)
}

// to is the address of an anchor of the document, wherever it stands.
func (x leaf) to(anchor string) string {
	at, ok := x.D.places[anchor]
	switch {
	case !ok:
		return ""
	case at.Section == x.Number && at.Part == x.Part:
		return "#" + url.PathEscape(anchorID(anchor))
	}
	return x.path(at.Section, at.Part) + "#" + url.PathEscape(anchorID(anchor))
}

// anchorID is an anchor as the identifier of an element.
func anchorID(anchor string) string {
	return "r-" + strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == '/':
			return c
		}
		return '-'
	}, anchor)
}

// step is a page before or after.
type step struct{ Title, Href string }

// neighbours are the pages before and after; nil where there is none.
func (x leaf) neighbours() (before, after *step) {
	all := []step{{"Cover", x.path("", 0)}}
	at := 0
	for _, s := range x.D.leaves {
		for i, p := range s.Parts {
			if x.Section != nil && s.Number == x.Number && i == x.Part {
				at = len(all)
			}
			title := sectionName(s.Number)
			if len(s.Parts) > 1 {
				title = p.Title
			}
			all = append(all, step{title, x.path(s.Number, i)})
		}
	}
	if at > 0 {
		before = &all[at-1]
	}
	if at+1 < len(all) {
		after = &all[at+1]
	}
	return before, after
}

// signKey is the status key of a mark in the text.
func signKey(s report.Sign) (string, bool) {
	o, ok := s.Outcome()
	return page.StatusOf(o), ok
}

// spanClass is the look of a span.
func spanClass(s report.Style) string {
	var c []string
	for _, x := range []struct {
		style report.Style
		class string
	}{{report.Bold, "b"}, {report.Italic, "it"}, {report.Mono, "mono"}, {report.Quiet, "muted"}} {
		if s&x.style != 0 {
			c = append(c, x.class)
		}
	}
	return strings.Join(c, " ")
}

// text is running text with its looks, links and marks. It is written here and not in a template, because templates put
// space between the pieces, and the text has its own.
func text(x leaf, t report.Text) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, s := range t {
			if err := writeSpan(ctx, w, x, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeSpan(ctx context.Context, w io.Writer, x leaf, s report.Span) error {
	words := strings.ReplaceAll(templ.EscapeString(s.Text), "\n", "<br>")
	class := ""
	if c := spanClass(s.Style); c != "" {
		class = ` class="` + c + `"`
	}
	to := x.to(s.To)
	key, marked := signKey(s.Sign)
	var err error
	switch {
	case marked:
		if _, err = io.WriteString(w, `<span class="doc-sign" data-st="`+key+`">`); err == nil {
			if err = page.Icon(key).Render(ctx, w); err == nil {
				_, err = io.WriteString(w, words+`</span>`)
			}
		}
	case s.Page && to != "":
		_, err = io.WriteString(w, `<a href="`+templ.EscapeString(to)+`">see</a>`)
	case s.Page:
	case to != "":
		_, err = io.WriteString(w, `<a`+class+` href="`+templ.EscapeString(to)+`">`+words+`</a>`)
	case class != "":
		_, err = io.WriteString(w, `<span`+class+`>`+words+`</span>`)
	default:
		_, err = io.WriteString(w, words)
	}
	if err != nil || s.Note == nil {
		return err
	}
	if _, err := io.WriteString(w, `<small class="fn">[`); err != nil {
		return err
	}
	if err := text(x, s.Note.Text).Render(ctx, w); err != nil {
		return err
	}
	_, err = io.WriteString(w, `]</small>`)
	return err
}

// calloutKey is the status key of a callout.
func calloutKey(k report.CalloutKind) string {
	switch k {
	case report.Missing:
		return "risk"
	case report.Unconfirmed:
		return "err"
	case report.Notice:
		return "prog"
	}
	return "na"
}

func toneClass(t report.Tone) string {
	switch t {
	case report.Lead:
		return "lead"
	case report.Small:
		return "hint"
	case report.Question:
		return "question"
	case report.Result:
		return "result"
	}
	return ""
}

func alignClass(t report.Table, i int) string {
	if i < len(t.Columns) && t.Columns[i].Align == report.Right {
		return "num"
	}
	return ""
}

func sectionName(number string) string {
	if len(number) == 1 && number >= "A" && number <= "H" {
		return "Appendix " + number
	}
	return "Section " + number
}

func tableName(t report.Table) string {
	if s := t.Caption.String(); s != "" {
		return s
	}
	if s, _, _ := strings.Cut(t.Subject, "/"); s != "" {
		return page.Capital(strings.ReplaceAll(s, "-", " "))
	}
	return "Table"
}
