package programme

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// sqlText is a statement with its parts coloured. It is no template, because in one the space between the parts would not
// be the statement's own.
func sqlText(label, text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<pre class="code sql" tabindex="0" role="region" aria-label="` + templ.EscapeString(label) + `">`)
		for _, x := range lex(strings.TrimRight(text, "\n")) {
			if x.class == "" {
				b.WriteString(templ.EscapeString(x.text))
				continue
			}
			b.WriteString(`<span class="` + x.class + `">` + templ.EscapeString(x.text) + `</span>`)
		}
		b.WriteString(`</pre>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// linked is names as links with a separator between them, without the space a template would put there.
func linked(names []string, address func(string) string, separator, class string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for i, n := range names {
			if i > 0 {
				b.WriteString(separator)
			}
			b.WriteString(`<a class="` + class + `" href="` + templ.EscapeString(string(templ.URL(address(n)))) + `">` + templ.EscapeString(n) + `</a>`)
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// lexeme is a piece of a statement with the class it is shown in: "sq-k" a keyword, "sq-s" a text, "sq-n" a number, "sq-c" a
// comment, "sq-p" a parameter, "sq-f" a function; none for the rest.
type lexeme struct{ class, text string }

var keywords = set(strings.Fields(`all and any as asc between by case cast cross date desc distinct else end escape except exists false filter first following from full group having in inner intersect interval is
		join last lateral left like ilike limit natural not null nulls offset on or order outer over partition preceding range recursive right row rows select semi anti similar some then timestamp true unbounded union unnest using
	values when where window with within bigint boolean varchar integer double`))

func set(words []string) map[string]bool {
	out := make(map[string]bool, len(words))
	for _, w := range words {
		out[w] = true
	}
	return out
}

// lex splits a statement for showing it. It never fails and loses nothing: the pieces together are the statement, whatever
// it holds.
func lex(s string) []lexeme {
	var out []lexeme
	add := func(class, text string) {
		if n := len(out); n > 0 && out[n-1].class == class && class == "" {
			out[n-1].text += text
		} else if text != "" {
			out = append(out, lexeme{class, text})
		}
	}
	for s != "" {
		n := 1
		class := ""
		switch c := s[0]; {
		case strings.HasPrefix(s, "--"):
			class, n = "sq-c", until(s, 2, "\n", 0)
		case strings.HasPrefix(s, "/*"):
			class, n = "sq-c", until(s, 2, "*/", 2)
		case c == '\'':
			class, n = "sq-s", quoted(s)
		case c == '"':
			n = quoted(s)
		case c == '$' && len(s) > 1 && letter(s[1]):
			class, n = "sq-p", 1+word(s[1:])
		case c >= '0' && c <= '9':
			class, n = "sq-n", number(s)
		case letter(c):
			n = word(s)
			switch {
			case keywords[strings.ToLower(s[:n])]:
				class = "sq-k"
			case strings.HasPrefix(s[n:], "("):
				class = "sq-f"
			}
		}
		add(class, s[:n])
		s = s[n:]
	}
	return out
}

// until is the length up to and including a mark, or all when it does not come. The mark's own length is added as told.
func until(s string, from int, mark string, own int) int {
	if i := strings.Index(s[from:], mark); i >= 0 {
		return from + i + own
	}
	return len(s)
}

// quoted is the length of a text in quotes; a doubled quote is part of it.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func number(s string) int {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
		n++
	}
	return n
}

func word(s string) int {
	n := 0
	for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9') {
		n++
	}
	return n
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
