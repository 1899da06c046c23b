package pdf

import (
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

// frag is text of one look at a place in a line.
type frag struct {
	s      string
	x, w   float64
	look   look
	rise   float64 // above the baseline, for footnote calls
	signed bool
	sign   chart.Outcome
	to     string       // anchor the fragment leads to
	page   bool         // s is replaced by the page number of to
	note   *report.Note // footnote called here
}

// line is a line of text.
type line struct{ frags []frag }

// piece is a fragment on its way into a line.
type piece struct {
	frag
	space float64 // before it, unless it begins a line
	glue  bool    // no line may end before it
	brk   bool    // a line must end before it
}

// pageRoom is what a page number is measured as, whatever it is, so that lines break alike before and after the numbers
// are known. The second pass then has the same pages as the first.
const pageRoom = "0000"

// measure is the width of text that is clean.
func (m *measurer) measure(l look, s string) float64 {
	w := 0
	t := &m.fonts[l.face].width
	for _, r := range s {
		if r >= 0 && r <= 0xffff {
			if v := t[r]; v != noGlyph {
				w += int(v)
			}
		}
	}
	return float64(w) * l.size / 1000
}

// measurer breaks text into lines.
type measurer struct {
	fonts *[faces]*typeface
	notes map[*report.Note]int // numbers of footnotes
	buf   []piece
}

// wrap breaks text into lines of a width. Words that are wider than the line are broken, at a punctuation mark if one is
// near.
func (m *measurer) wrap(t report.Text, base look, width float64) []line {
	m.buf = m.pieces(m.buf[:0], t, base)
	b := breaker{m: m, width: width}
	for p := m.buf; len(p) > 0; {
		n, w := 1, p[0].w
		for n < len(p) && p[n].glue {
			w += p[n].w
			n++
		}
		b.word(p[:n], w)
		p = p[n:]
	}
	if len(b.cur) > 0 || len(b.lines) == 0 {
		b.flush()
	}
	return b.lines
}

// breaker fills lines with words.
type breaker struct {
	m     *measurer
	width float64
	lines []line
	cur   []frag
	x     float64 // end of the current line
}

func (b *breaker) flush() {
	b.lines = append(b.lines, line{b.cur})
	b.cur, b.x = nil, 0
}

// word puts the pieces of a word of width w into the current line or the next.
func (b *breaker) word(p []piece, w float64) {
	if p[0].brk {
		b.flush()
	}
	space := p[0].space
	if len(b.cur) == 0 {
		space = 0
	}
	fits := b.x+space+w <= b.width+.01
	if !fits && w > b.width+.01 {
		b.long(p, space)
		return
	}
	if !fits {
		b.flush()
		space = 0
	}
	for i := range p {
		b.cur, b.x = place(b.cur, p[i].frag, b.x, space)
		space = 0
	}
}

// long breaks a word that is wider than a line. It begins on the current line only if most of that is free.
func (b *breaker) long(p []piece, space float64) {
	if len(b.cur) > 0 && b.x > .3*b.width {
		b.flush()
		space = 0
	}
	for i := range p {
		for rest, more := p[i].frag, true; more; {
			head, tail, ok := b.m.cut(rest, b.width-b.x-space, len(b.cur) == 0)
			if ok {
				b.cur, b.x = place(b.cur, head, b.x, space)
			}
			space = 0
			if more = !ok || tail.s != ""; more {
				b.flush()
				rest = tail
			}
		}
	}
}

// place puts a fragment at the end of a line; equal looks become one fragment, so that text stays text.
func place(cur []frag, f frag, x, space float64) ([]frag, float64) {
	if n := len(cur); n > 0 && space >= 0 {
		last := &cur[n-1]
		if last.look == f.look && last.to == f.to && !last.signed && !f.signed && !last.page && !f.page && last.note == nil && f.note == nil && last.rise == 0 {
			if space > 0 {
				last.s += " "
			}
			last.s += f.s
			last.w += space + f.w
			return cur, x + space + f.w
		}
	}
	f.x = x + space
	return append(cur, f), f.x + f.w
}

// cut splits a fragment so that its head is at most as wide as the room. If the room is too small for anything it answers
// false; on an empty line something must be placed, however wide it is.
func (m *measurer) cut(f frag, room float64, empty bool) (head, tail frag, ok bool) {
	if f.w <= room+.01 {
		return f, frag{}, true
	}
	if f.signed || f.page || f.note != nil {
		if !empty {
			return frag{}, f, false
		}
		return f, frag{}, true
	}
	t := &m.fonts[f.look.face].width
	w, at, good := 0.0, 0, 0
	for i, r := range f.s {
		v := float64(t[uint16(r)]) * f.look.size / 1000
		if w+v > room {
			break
		}
		w += v
		at = i + utf8.RuneLen(r)
		if strings.ContainsRune("/-._@:,;=&?)+|", r) {
			good = at
		}
	}
	if good > at/2 {
		at = good
	}
	if at == 0 {
		if !empty {
			return frag{}, f, false
		}
		_, at = utf8.DecodeRuneInString(f.s)
	}
	head, tail = f, f
	head.s, tail.s = f.s[:at], f.s[at:]
	head.w, tail.w = m.measure(f.look, head.s), m.measure(f.look, tail.s)
	return head, tail, true
}
