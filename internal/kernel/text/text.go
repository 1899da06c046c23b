// Package text cleans what people write before it is kept.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Line is a text of one line: control characters become spaces, and what is no UTF-8 is marked.
func Line(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd")))
}

// Prose is a text of several lines: line ends are one character, other control characters go.
func Prose(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}

// Harmless is a cell of a table of text, which no spreadsheet takes for a formula: one that looks like it gets an apostrophe in front,
// after the advice of OWASP on CSV injection.
func Harmless(s string) string {
	if trimmed := strings.TrimLeft(s, " \u00a0"); trimmed != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}

// Bounds holds a text to its length in characters. what names it in a sentence ("the title"); at is the field of the form.
func Bounds(at, what, s string, least, most int) error {
	switch n := utf8.RuneCountInString(s); {
	case n < least && least == 1:
		return errs.New(errs.Invalid, "%s is missing", what).At(at)
	case n < least:
		return errs.New(errs.Invalid, "%s needs at least %d characters (%d so far)", what, least, n).At(at)
	case n > most:
		return errs.New(errs.Invalid, "%s has %d characters; at most %d are kept", what, n, most).At(at)
	}
	return nil
}
