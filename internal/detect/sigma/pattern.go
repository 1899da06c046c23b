package sigma

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pieceKind is what a part of a pattern stands for.
type pieceKind uint8

const (
	literal pieceKind = iota
	anyOne            // ? one character
	anyMany           // * any number of characters
	anyDash           // one of dashes
)

// dashes are what the modifier windash takes for each other.
var dashes = []string{"-", "/", "\u2013", "\u2014", "\u2015"}

type piece struct {
	kind pieceKind
	text string
}

// pattern is a text of a rule after its escapes were read.
type pattern []piece

func (p pattern) with(k pieceKind, text string) pattern {
	n := len(p)
	switch {
	case k == literal && text == "":
		return p
	case k == literal && n > 0 && p[n-1].kind == literal:
		p[n-1].text += text
		return p
	case k == anyMany && n > 0 && p[n-1].kind == anyMany:
		return p
	}
	return append(p, piece{k, text})
}

func (p pattern) concat(q pattern) pattern {
	out := append(pattern(nil), p...)
	for _, x := range q {
		out = out.with(x.kind, x.text)
	}
	return out
}

// parsePattern reads wildcards and escapes: a backslash makes a wildcard or another backslash plain, and is plain itself
// before anything else.
func parsePattern(text string) pattern {
	var p pattern
	var lit strings.Builder
	flush := func() {
		p = p.with(literal, lit.String())
		lit.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			if i+1 < len(text) && (text[i+1] == '*' || text[i+1] == '?' || text[i+1] == '\\') {
				i++
			}
			lit.WriteByte(text[i])
		case '*':
			flush()
			p = p.with(anyMany, "")
		case '?':
			flush()
			p = p.with(anyOne, "")
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return p
}

// plain is the text of a pattern that has no wildcards.
func (p pattern) plain() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].kind == literal:
		return p[0].text, true
	}
	return "", false
}

func (p pattern) mapLiterals(f func(string) string) pattern {
	out := make(pattern, 0, len(p))
	for _, x := range p {
		if x.kind == literal {
			x.text = f(x.text)
		}
		out = append(out, x)
	}
	return out
}

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// windash makes each - and / that begins a word, and does not end one, any of the dashes.
func (p pattern) windash() pattern {
	var out pattern
	for _, x := range p {
		if x.kind != literal {
			out = out.with(x.kind, x.text)
			continue
		}
		prev, start := ' ', 0
		for i, r := range x.text {
			if r == '-' || r == '/' {
				next, _ := utf8.DecodeRuneInString(x.text[i+1:])
				if !wordRune(prev) && i+1 < len(x.text) && wordRune(next) {
					out = out.with(literal, x.text[start:i]).with(anyDash, "")
					start = i + 1
				}
			}
			prev = r
		}
		out = out.with(literal, x.text[start:])
	}
	return out
}

// spelled lists the patterns with each dash written out, or nil if they are more than limit.
func (p pattern) spelled(limit int) []pattern {
	out := []pattern{nil}
	for _, x := range p {
		if x.kind != anyDash {
			for i := range out {
				out[i] = out[i].concat(pattern{x})
			}
			continue
		}
		if len(out)*len(dashes) > limit {
			return nil
		}
		var next []pattern
		for _, o := range out {
			for _, d := range dashes {
				next = append(next, o.concat(pattern{{literal, d}}))
			}
		}
		out = next
	}
	return out
}

// match tells whether the pattern is the whole text, which has been folded if the pattern's literals were. It takes time in the
// product of both lengths at most: only the last * is ever tried again.
func (p pattern) match(text []byte) bool {
	pi, ti := 0, 0
	star, mark := -1, 0 // the last *, and where the text after it is tried
	for {
		if pi < len(p) {
			if p[pi].kind == anyMany {
				star, mark = pi, ti
				pi++
				continue
			}
			if n, ok := p[pi].take(text[ti:]); ok {
				pi, ti = pi+1, ti+n
				continue
			}
		} else if ti == len(text) {
			return true
		}
		if star < 0 || mark >= len(text) {
			return false
		}
		mark += p.skip(star+1, text[mark:])
		pi, ti = star+1, mark
	}
}

// skip is how far the text after a * may be moved on: to the next place where the piece after it can begin.
func (p pattern) skip(next int, text []byte) int {
	_, n := utf8.DecodeRune(text)
	if next == len(p) {
		return len(text) // a * at the end takes the rest
	}
	if x := p[next]; x.kind == literal {
		if next+1 == len(p) { // at the end of the text, or nowhere
			return max(n, len(text)-len(x.text))
		}
		i := bytes.Index(text[n:], []byte(x.text))
		if i < 0 {
			return len(text)
		}
		return n + i
	}
	return n
}

func (x piece) take(text []byte) (int, bool) {
	switch x.kind {
	case literal:
		return len(x.text), len(text) >= len(x.text) && string(text[:len(x.text)]) == x.text
	case anyOne:
		_, n := utf8.DecodeRune(text)
		return n, n > 0
	case anyDash:
		for _, d := range dashes {
			if len(text) >= len(d) && string(text[:len(d)]) == d {
				return len(d), true
			}
		}
	}
	return 0, false
}
