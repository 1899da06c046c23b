package pdf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/report"
)

// placeholder stands for a character that the fonts do not have. It is a visible box: nothing vanishes in silence.
const placeholder = '□'

// alike are characters that the fonts do not have and that others show as well: nothing is lost by using those.
var alike = map[rune]rune{
	'\t': ' ', '\u2010': '-', '\u2011': '-', '\u2012': '–', '\u202f': '\u00a0', '\u2028': '\n', '\u2029': '\n', '\u0085': '\n',
	'\u2000': ' ', '\u2001': ' ', '\u2002': ' ', '\u2003': ' ', '\u2004': ' ', '\u2005': ' ', '\u2006': ' ', '\u2007': '\u00a0',
	'\u2008': ' ', '\u2009': ' ', '\u200a': ' ', '\u205f': ' ', '\u3000': ' ', '\u02bc': '’',
}

// plain reports whether text needs no cleaning.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 0x20 && c != '\n') || c >= 0x7f {
			return false
		}
	}
	return true
}

// clean makes text that the fonts can show. lost is told each character that became a placeholder; a byte that is not
// UTF-8 is told as utf8.RuneError. It may be nil.
func clean(fs *[faces]*typeface, s string, lost func(r rune)) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		bad := r == utf8.RuneError && n == 1
		i += n
		if r == '\r' {
			if !strings.HasPrefix(s[i:], "\n") {
				b.WriteByte('\n')
			}
			continue
		}
		if a, ok := alike[r]; ok {
			r = a
		}
		if bad || (r != '\n' && !has(fs, r)) {
			if lost != nil {
				lost(r)
			}
			r = placeholder
		}
		b.WriteRune(r)
	}
	return b.String()
}

// mostMetadata is the longest property or outline entry, in characters.
const mostMetadata = 400

// metadata makes text fit for the file's properties and outline, which hold any character of the basic plane. fpdf would
// misread others.
func metadata(s string) string {
	if r := []rune(s); len(r) > mostMetadata {
		s = string(r[:mostMetadata-1]) + "…"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < 0x20 || r == utf8.RuneError || r > 0xffff:
			return placeholder
		}
		return r
	}, strings.ToValidUTF8(s, string(placeholder)))
}

// lostRune is a character that could not be shown.
type lostRune struct {
	r     rune
	n     int
	place string // where it came first
}

// name of the character as standards write it.
func (l lostRune) name() string {
	if l.r == utf8.RuneError {
		return "bytes that are not UTF-8"
	}
	return fmt.Sprintf("U+%04X", l.r)
}

// survey finds every character of the document that the fonts do not have, once for each place where it stands.
func survey(fs *[faces]*typeface, doc *report.Document) []lostRune {
	at := map[rune]int{}
	var out []lostRune
	report.Walk(doc, func(place string, t report.Text) {
		for _, s := range t {
			clean(fs, s.Text, func(r rune) {
				i, ok := at[r]
				if !ok {
					i = len(out)
					at[r] = i
					out = append(out, lostRune{r: r, place: short(clean(fs, place, nil))})
				}
				out[i].n++
			})
		}
	})
	slices.SortFunc(out, func(a, b lostRune) int { return cmp.Compare(a.r, b.r) })
	return out
}

// short cuts a place that is itself a long text.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// mostLost is how many lost characters the document itself names; the warnings name all.
const mostLost = 40

// remark is the blocks that tell the reader which characters this file does not show.
func remark(lost []lostRune) []report.Block {
	if len(lost) == 0 {
		return nil
	}
	t := report.Table{Columns: []report.Column{{Title: "Character", Width: 30}, {Title: "Times", Width: 12, Align: report.Right}, {Title: "First place", Width: 58}}}
	for i, l := range lost {
		if i == mostLost {
			t.Note = report.Text{{Text: fmt.Sprintf("And %d more characters.", len(lost)-mostLost)}}
			break
		}
		t.Rows = append(t.Rows, report.Row{Cells: []report.Text{{{Text: l.name()}}, {{Text: fmt.Sprint(l.n)}}, {{Text: l.place}}}})
	}
	return []report.Block{
		report.Heading{Level: 2, Anchor: "pdf/lost", Title: "Characters that this file cannot show"},
		report.Paragraph{Keep: true, Text: report.Text{{Text: "The fonts of this file hold Latin, Greek and Cyrillic letters. Each character outside them is printed as a box (" + string(placeholder) + "); the dossier holds the original."}}},
		t,
	}
}

// warnings are the same for the program that asked for the file.
func warnings(lost []lostRune) []string {
	var out []string
	for _, l := range lost {
		out = append(out, fmt.Sprintf("%s is not in the report's fonts and was printed as a box, %d times, first in %s", l.name(), l.n, l.place))
	}
	return out
}
