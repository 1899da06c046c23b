package page

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/markdown"
)

// Markdown is a text that somebody wrote, as it stands on a page. The document writes its own elements and escapes the rest;
// there is no other way from Markdown to a page.
func Markdown(d *markdown.Document) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { return d.WriteHTML(w) })
}

// WordDiff is a text with what went and what came marked in place.
func WordDiff(was, is string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for _, x := range textdiff.Words(was, is) {
			tag := "span"
			switch x.Op {
			case textdiff.Gone:
				tag = "del"
			case textdiff.Added:
				tag = "ins"
			case textdiff.Same:
			}
			b.WriteString("<" + tag + ">" + templ.EscapeString(x.Text) + "</" + tag + ">")
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// MemberOptions are the members who can own something, as choices; the first is nobody.
func MemberOptions(members []access.Member) []Option {
	out := []Option{{Value: "", Label: "Nobody"}}
	for _, m := range members {
		if m.Role != access.Auditor && m.Role != access.Reader && !m.Disabled {
			out = append(out, Option{Value: string(m.ID), Label: m.Name + ", " + m.Role.Title()})
		}
	}
	return out
}

// Identifiers splits what somebody wrote into identifiers.
func Identifiers(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\u00a0'
	})
}
