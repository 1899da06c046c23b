package pdf

import (
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/report"
)

// pieces cuts a text where lines may end.
func (m *measurer) pieces(out []piece, t report.Text, base look) []piece {
	c := cutter{m: m, out: out, glue: true}
	for i := range t {
		c.span(&t[i], base)
	}
	if len(c.out) > 0 {
		c.out[0].glue, c.out[0].brk = false, false
	}
	return c.out
}

// cutter makes pieces; space, glue and brk are what the next piece has before it.
type cutter struct {
	m     *measurer
	out   []piece
	space float64
	glue  bool
	brk   bool
}

func (c *cutter) add(f frag) {
	c.out = append(c.out, piece{f, c.space, c.glue, c.brk})
	c.space, c.glue, c.brk = 0, true, false
}

// span cuts one span.
func (c *cutter) span(s *report.Span, base look) {
	l := base.apply(s)
	word := frag{look: l, to: s.To}
	if s.Page {
		word.page, word.w = true, c.m.measure(l, pageRoom)
		c.add(word)
		return
	}
	if o, ok := s.Sign.Outcome(); ok {
		sign := word
		sign.signed, sign.sign, sign.w = true, o, l.size*1.12
		c.add(sign)
	}
	c.words(clean(c.m.fonts, s.Text, nil), word)
	if s.Note != nil {
		call := word
		call.note, call.s = s.Note, strconv.Itoa(c.m.notes[s.Note])
		call.look.size, call.rise, call.look.face = l.size*.68, l.size*.36, regular
		call.w = c.m.measure(call.look, call.s) + .5
		c.space, c.glue, c.brk = 0, true, false
		c.add(call)
	}
}

// words cuts clean text at spaces and line ends.
func (c *cutter) words(rest string, word frag) {
	gap := c.m.measure(word.look, " ")
	for rest != "" {
		n := strings.IndexAny(rest, " \n")
		if n < 0 {
			n = len(rest)
		}
		if n > 0 {
			for i, part := range soft(rest[:n]) {
				if i > 0 {
					c.glue = false // a line may end after the hyphen
				}
				word.s, word.w = part, c.m.measure(word.look, part)
				c.add(word)
			}
		}
		if n == len(rest) {
			return
		}
		switch {
		case rest[n] == ' ' && !c.brk:
			c.space = gap
		case rest[n] == '\n' && c.brk:
			c.out = append(c.out, piece{frag{look: word.look}, 0, false, true}) // an empty line
		case rest[n] == '\n':
			c.brk, c.space = true, 0
		}
		c.glue = false
		rest = rest[n+1:]
	}
}

// soft cuts a word after a hyphen between letters: there a line may end.
func soft(s string) []string {
	if !strings.Contains(s, "-") {
		return []string{s}
	}
	var out []string
	from := 0
	for i := 3; i+3 < len(s); i++ {
		if s[i] == '-' && letters(s[i-3:i]) && letters(s[i+1:i+4]) {
			out = append(out, s[from:i+1])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

func letters(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}
