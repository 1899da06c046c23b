package report

import (
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
)

// Text is running text in pieces of one look each.
type Text []Span

// Style is the look of a span, as a set.
type Style uint8

// The styles.
const (
	Bold Style = 1 << iota
	Italic
	Mono  // references, hashes, identifiers
	Quiet // less important than its neighbours
)

// Sign is the mark before a status word. The zero value is no sign.
type Sign uint8

// SignOf is the sign of an outcome.
func SignOf(o chart.Outcome) Sign { return Sign(o) + 1 }

// Outcome is the outcome a sign stands for; false if there is no sign.
func (s Sign) Outcome() (chart.Outcome, bool) {
	if s == 0 {
		return chart.None, false
	}
	return chart.Outcome(s - 1), true
}

// Span is text of one look. "\n" in its text breaks the line.
type Span struct {
	Text  string
	Style Style
	Sign  Sign
	To    string // anchor the text refers to
	Page  bool   // the number of the page on which To stands, in place of Text
	Note  *Note  // footnote called after the text
}

// Note is a footnote.
type Note struct{ Text Text }

// String is the text without its looks. Page numbers are not known here and read "#".
func (t Text) String() string {
	if len(t) == 1 && !t[0].Page {
		return t[0].Text
	}
	var b strings.Builder
	for _, s := range t {
		if s.Page {
			b.WriteByte('#')
			continue
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// say joins strings, spans and texts to one text.
func say(parts ...any) Text {
	t := make(Text, 0, len(parts))
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			if p != "" {
				t = append(t, Span{Text: p})
			}
		case Span:
			t = append(t, p)
		case Text:
			t = append(t, p...)
		}
	}
	return t
}

func bold(s string) Span   { return Span{Text: s, Style: Bold} }
func italic(s string) Span { return Span{Text: s, Style: Italic} }
func mono(s string) Span   { return Span{Text: s, Style: Mono} }
func quiet(s string) Span  { return Span{Text: s, Style: Quiet} }

// status is an outcome's sign with words. The words say it; the sign and the colour only repeat it.
func status(o chart.Outcome, words string) Span {
	return Span{Text: words, Style: Bold, Sign: SignOf(o)}
}

// see refers to an anchor by a name.
func see(anchor, name string) Span { return Span{Text: name, To: anchor} }

// page is the number of the page an anchor stands on.
func page(anchor string) Span { return Span{To: anchor, Page: true} }

// foot is a footnote call.
func foot(parts ...any) Span { return Span{Note: &Note{say(parts...)}} }

// missing says in words that something is not there.
func missing(what string) Text { return say(status(chart.None, "Missing:"), " "+what) }

// or is the text, or what is missing where it is empty.
func or(s, what string) Text {
	if strings.TrimSpace(s) == "" {
		return missing(what)
	}
	return say(s)
}

// refs lists references as links where the anchor is known.
func refs(names []string, anchor func(string) string) Text {
	var t Text
	for i, n := range names {
		if i > 0 {
			t = append(t, Span{Text: ", "})
		}
		t = append(t, Span{Text: n, To: anchor(n)})
	}
	return t
}
