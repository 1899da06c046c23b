package oracle

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

// text compares texts with wildcards.
func (j *Judge) text(p *sigma.Predicate, want, have string) (bool, error) {
	patterns, err := j.patterns(p, want)
	if err != nil {
		return false, err
	}
	if have != j.text0 {
		j.text0, j.runes = have, []rune(have)
	}
	for _, x := range patterns {
		if glob(x, j.runes) {
			return true, nil
		}
	}
	return false, nil
}

// patterns applies the modifiers to a value, one after the other, and remembers what comes out.
func (j *Judge) patterns(p *sigma.Predicate, want string) ([][]symbol, error) {
	key := value{p, want}
	if known, ok := j.known[key]; ok {
		return known, nil
	}
	patterns := [][]symbol{symbols(want)}
	if p.Has("expand") {
		var err error
		if patterns, err = j.expand(want); err != nil {
			return nil, err
		}
	}
	for _, m := range p.Modifiers {
		var next [][]symbol
		for _, x := range patterns {
			more, err := modify(m, x)
			if err != nil {
				return nil, err
			}
			next = append(next, more...)
		}
		patterns = next
	}
	if p.Field == "" && !p.Has("startswith") && !p.Has("endswith") && !p.Has("contains") {
		for i, x := range patterns {
			patterns[i] = slices.Concat([]symbol{{star: true}}, x, []symbol{{star: true}})
		}
	}
	if !p.Has("cased") {
		for i := range patterns {
			patterns[i] = anyCase(patterns[i])
		}
	}
	if j.known == nil {
		j.known = map[value][][]symbol{}
	}
	j.known[key] = patterns
	return patterns, nil
}

// symbol is one place of a pattern: a wildcard, or any of some runes.
type symbol struct {
	star, one bool
	of        []rune
}

func symbols(s string) []symbol {
	var out []symbol
	rs := []rune(s)
	for i := 0; i < len(rs); i++ {
		switch {
		case rs[i] == '\\' && i+1 < len(rs) && strings.ContainsRune(`\*?`, rs[i+1]):
			i++
			out = append(out, symbol{of: rs[i : i+1]})
		case rs[i] == '*':
			out = append(out, symbol{star: true})
		case rs[i] == '?':
			out = append(out, symbol{one: true})
		default:
			out = append(out, symbol{of: rs[i : i+1]})
		}
	}
	return out
}

func (s symbol) matches(r rune) bool {
	if s.one {
		return true
	}
	for _, x := range s.of {
		if x == r {
			return true
		}
	}
	return false
}

// anyCase adds to each place the runes that differ by capitals only, by the simple folding of Unicode.
func anyCase(p []symbol) []symbol {
	out := slices.Clone(p)
	for i, s := range p {
		var of []rune
		for _, r := range s.of {
			of = append(of, r)
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				of = append(of, f)
			}
		}
		out[i].of = of
	}
	return out
}

// glob cuts the pattern at its stars: the first part stands at the beginning, the last at the end, and each between at the
// first place that is left for it.
func glob(p []symbol, text []rune) bool {
	at := func(part []symbol, i int) bool {
		if i < 0 || i+len(part) > len(text) {
			return false
		}
		for k, s := range part {
			if !s.matches(text[i+k]) {
				return false
			}
		}
		return true
	}
	var parts [][]symbol
	from := 0
	for i, s := range p {
		if s.star {
			parts = append(parts, p[from:i])
			from = i + 1
		}
	}
	last := p[from:]
	if len(parts) == 0 {
		return len(last) == len(text) && at(last, 0)
	}
	if !at(parts[0], 0) {
		return false
	}
	pos := len(parts[0])
	for _, part := range parts[1:] {
		for !at(part, pos) {
			if pos++; pos > len(text) {
				return false
			}
		}
		pos += len(part)
	}
	return pos <= len(text)-len(last) && at(last, len(text)-len(last))
}

func modify(m string, p []symbol) ([][]symbol, error) {
	star := []symbol{{star: true}}
	switch m {
	case "contains":
		return [][]symbol{slices.Concat(star, p, star)}, nil
	case "startswith":
		return [][]symbol{slices.Concat(p, star)}, nil
	case "endswith":
		return [][]symbol{slices.Concat(star, p)}, nil
	case "windash":
		return [][]symbol{windash(p)}, nil
	case "wide", "utf16le", "utf16be", "utf16", "base64", "base64offset":
		var out [][]symbol
		for _, x := range spell(p) {
			more, err := encode(m, x)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
		return out, nil
	}
	return [][]symbol{p}, nil
}

func (s symbol) plain() (rune, bool) {
	if len(s.of) == 1 {
		return s.of[0], true
	}
	return 0, false
}

var word = regexp.MustCompile(`^[\p{L}\p{N}_]$`)

func windash(p []symbol) []symbol {
	out := slices.Clone(p)
	for i, s := range p {
		r, ok := s.plain()
		if !ok || r != '-' && r != '/' {
			continue
		}
		isWord := func(k int) bool {
			if k < 0 || k >= len(p) {
				return false
			}
			r, ok := p[k].plain()
			return ok && word.MatchString(string(r))
		}
		if !isWord(i-1) && isWord(i+1) {
			out[i] = symbol{of: []rune{'-', '/', '–', '—', '―'}}
		}
	}
	return out
}

// spell writes every choice of runes out.
func spell(p []symbol) [][]symbol {
	out := [][]symbol{nil}
	for _, s := range p {
		var next [][]symbol
		for _, o := range out {
			if len(s.of) == 0 {
				next = append(next, append(slices.Clone(o), s))
			}
			for _, r := range s.of {
				next = append(next, append(slices.Clone(o), symbol{of: []rune{r}}))
			}
		}
		out = next
	}
	return out
}

func encode(m string, p []symbol) ([][]symbol, error) {
	if m != "base64" && m != "base64offset" {
		return [][]symbol{encode16(m, p)}, nil
	}
	var raw []byte
	for _, s := range p {
		r, ok := s.plain()
		switch {
		case !ok:
			return nil, errors.New("wildcard in base64")
		case r >= byteRune:
			raw = append(raw, byte(r-byteRune))
		default:
			raw = utf8.AppendRune(raw, r)
		}
	}
	literal := func(s string) []symbol {
		var out []symbol
		for _, r := range s {
			out = append(out, symbol{of: []rune{r}})
		}
		return out
	}
	if m == "base64" {
		return [][]symbol{literal(base64.StdEncoding.EncodeToString(raw))}, nil
	}
	var out [][]symbol
	for i, start := range []int{0, 2, 3} {
		enc := base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte(" "), i), raw...))
		cut := []int{0, 3, 2}[(len(raw)+i)%3]
		out = append(out, literal(enc[start:len(enc)-cut]))
	}
	return out, nil
}

// byteRune and above stand for single bytes of an encoding.
const byteRune = 0x200000

func encode16(m string, p []symbol) []symbol {
	var order binary.ByteOrder = binary.LittleEndian
	if m == "utf16be" {
		order = binary.BigEndian
	}
	var out []symbol
	put := func(b ...byte) {
		for _, c := range b {
			r := rune(c)
			if c >= 0x80 {
				r += byteRune
			}
			out = append(out, symbol{of: []rune{r}})
		}
	}
	for i := 0; i < len(p); i++ {
		r, ok := p[i].plain()
		if !ok {
			out = append(out, p[i])
			continue
		}
		if m == "utf16" && (i == 0 || !plainAt(p, i-1)) {
			put(0xff, 0xfe)
		}
		for _, u := range utf16.Encode([]rune{r}) {
			b := make([]byte, 2)
			order.PutUint16(b, u)
			put(b...)
		}
	}
	return out
}

func plainAt(p []symbol, i int) bool {
	_, ok := p[i].plain()
	return ok
}

func (j *Judge) expand(s string) ([][]symbol, error) {
	out := [][]symbol{nil}
	add := func(with ...[]symbol) {
		var next [][]symbol
		for _, o := range out {
			for _, w := range with {
				next = append(next, slices.Concat(o, w))
			}
		}
		out = next
	}
	rest := s
	placeholder := regexp.MustCompile(`^%([^%]+)%`)
	escape := regexp.MustCompile(`^\\(?s:.)`)
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, `\%`):
			add([]symbol{{of: []rune("%")}})
			rest = rest[2:]
		case escape.MatchString(rest):
			e := escape.FindString(rest)
			add(symbols(e))
			rest = rest[len(e):]
		case placeholder.MatchString(rest):
			m := placeholder.FindStringSubmatch(rest)
			values := j.Placeholders[m[1]]
			if len(values) == 0 {
				return nil, fmt.Errorf("placeholder %s has no values", m[1])
			}
			var with [][]symbol
			for _, v := range values {
				with = append(with, symbols(v))
			}
			add(with...)
			rest = rest[len(m[0]):]
		default:
			_, n := utf8.DecodeRuneInString(rest)
			add(symbols(rest[:n]))
			rest = rest[n:]
		}
	}
	return out, nil
}
