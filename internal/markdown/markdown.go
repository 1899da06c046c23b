// Package markdown reads Markdown that people write into a small model of blocks and spans. Everything that is shown of it,
// on a page or on paper, is written from the model, which has no place for HTML, scripts, pictures or addresses other than
// those people may follow: hostile text cannot become more than text.
package markdown

import (
	"strings"
	"unicode/utf8"
)

// MaxBytes bounds a text. Whoever keeps texts refuses longer ones; here the rest is left out.
const MaxBytes = 1 << 20

// Kind is what a block is.
type Kind uint8

// The kinds of blocks.
const (
	Paragraph Kind = iota
	Heading
	List
	Code
	Quote
	Table
	Rule
)

// Align is how the cells of a column stand.
type Align uint8

// The alignments.
const (
	Left Align = iota
	Center
	Right
)

// Block is a piece of a text.
type Block struct {
	Kind    Kind
	Text    []Span     // of a paragraph or a heading
	Level   int        // of a heading: 1 to 6, as it was written
	ID      string     // of a heading: unique in its text
	Ordered bool       // a numbered list
	Start   int        // its first number
	Entries [][]Block  // of a list
	Inside  []Block    // of a quote
	Code    string     // with its line ends
	Align   []Align    // of the columns of a table
	Head    [][]Span   // cells of its first row
	Rows    [][][]Span // cells of the others
}

// Span is text of one look.
type Span struct {
	Text                       string
	Bold, Italic, Mono, Struck bool
	Href                       string // where it leads: http, https, mailto, a path here, or a heading; empty for nowhere
	Break                      bool   // a new line begins after it
}

// Document is a text that was read.
type Document struct {
	Blocks []Block
	top    int // level of the highest heading; 0 without headings
}

// Section is a heading for a table of contents.
type Section struct {
	Depth int // 1 for the highest headings of the text
	ID    string
	Title string
}

// Sections are the headings of a text in order.
func (d *Document) Sections() []Section {
	var out []Section
	for _, b := range d.Blocks {
		if b.Kind == Heading {
			out = append(out, Section{d.Depth(b), b.ID, Plain(b.Text)})
		}
	}
	return out
}

// Depth is the level of a heading below those of the highest level of the text, from 1.
func (d *Document) Depth(b Block) int { return min(max(b.Level-d.top, 0)+1, 5) }

// Plain is text without its looks.
func Plain(text []Span) string {
	var b strings.Builder
	for _, s := range text {
		b.WriteString(s.Text)
		if s.Break {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Words counts the words of a text.
func (d *Document) Words() int { return words(d.Blocks) }

func words(list []Block) int {
	n := 0
	for _, b := range list {
		n += len(strings.Fields(Plain(b.Text))) + len(strings.Fields(b.Code)) + words(b.Inside)
		for _, e := range b.Entries {
			n += words(e)
		}
		for _, row := range append([][][]Span{b.Head}, b.Rows...) {
			for _, cell := range row {
				n += len(strings.Fields(Plain(cell)))
			}
		}
	}
	return n
}

// Href is an address as it may stand in a link: empty for one that people must not follow. Allowed are http, https and
// mailto with something behind them, paths of this program, and headings of the text itself.
func Href(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 2000 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return ""
	}
	lower := strings.ToLower(s)
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if rest, ok := strings.CutPrefix(lower, scheme); ok {
			if rest == "" || rest[0] == '/' {
				return ""
			}
			return s
		}
	}
	switch {
	case strings.HasPrefix(s, "//"):
		return "" // another host, though it looks like a path
	case s[0] == '/', s[0] == '#' && len(s) > 1:
		return s
	}
	return ""
}
