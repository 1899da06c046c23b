package sigma

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf8"
)

// maxDepth bounds how deep an event may be nested.
const maxDepth = 200

var (
	errSyntax = errors.New("the event is no JSON object")
	errDepth  = errors.New("the event is nested too deeply")
)

type valueKind uint8

const (
	stringValue valueKind = iota
	numberValue
	boolValue
	nullValue
	jsonValue // of an object: its text
)

const (
	escaped = 1 << iota // text holds escapes of JSON
	wide                // text holds bytes beyond ASCII
	fresh               // text was not looked at yet: see Evaluator.text
)

// value is one value of an event. Text begins as it stands in the event, and is decoded when somebody asks for it.
type value struct {
	text   []byte
	folded []byte
	next   int32 // in the same slot, or none
	kind   valueKind
	flags  uint8
}

const none = -1

// scanner reads one event once and keeps the values that rules ask for. Everything in it is used again for the next event.
type scanner struct {
	paths  *paths
	leaves bool // keep every value, for keywords

	b      []byte
	values []value
	first  []int32 // of each slot
	last   []int32
	stamp  []uint32 // of each slot: the event in which it was found
	found  []int32  // slots found in this event
	plain  []int32  // values that are no objects, if leaves
	event  uint32

	known   []keyStep
	table   []int32 // hash of state and name -> known + 1
	guess   int32   // the step after which the next is guessed
	scratch []byte
}

// keyStep remembers where a name leads from a state.
type keyStep struct {
	name     []byte // as it stands in events
	from, to int32
	next     int32 // the step that came after this one last time
}

// What is remembered about names, which come from outside, is bounded, and so is what a lookup takes when somebody chose names
// that fall into the same place.
const (
	maxKnown  = 8192
	maxProbes = 32
)

func newScanner(p *paths, leaves bool) *scanner {
	n := len(p.slots)
	s := &scanner{paths: p, leaves: leaves, first: make([]int32, n), last: make([]int32, n), stamp: make([]uint32, n)}
	s.forget()
	return s
}

func (s *scanner) forget() {
	s.known = append(s.known[:0], keyStep{from: dead, to: dead})
	s.table = make([]int32, 4*maxKnown)
	s.guess = 0
}

// scan reads an event.
func (s *scanner) scan(b []byte) error {
	s.b = b
	s.values, s.found, s.plain = s.values[:0], s.found[:0], s.plain[:0]
	if s.event++; s.event == 0 {
		clear(s.stamp)
		s.event = 1
	}
	s.guess = 0
	p := s.space(0)
	if p >= len(b) || b[p] != '{' {
		return errSyntax
	}
	p, err := s.object(p, root, 1)
	if err != nil {
		return err
	}
	if s.space(p) != len(b) {
		return errSyntax
	}
	return nil
}

func (s *scanner) space(p int) int {
	for p < len(s.b) {
		switch s.b[p] {
		case ' ', '\t', '\n', '\r':
			p++
		default:
			return p
		}
	}
	return p
}

// object reads from its opening brace to behind the closing one.
func (s *scanner) object(p int, state int32, depth int) (int, error) {
	if depth > maxDepth {
		return p, errDepth
	}
	p = s.space(p + 1)
	if p < len(s.b) && s.b[p] == '}' {
		return p + 1, nil
	}
	for {
		if p >= len(s.b) || s.b[p] != '"' {
			return p, errSyntax
		}
		end, _ := s.str(p + 1)
		if end < 0 {
			return p, errSyntax
		}
		to := int32(dead)
		if state != dead {
			to = s.step(state, s.b[p+1:end])
		}
		p = end + 1
		if p >= len(s.b) || s.b[p] != ':' {
			if p = s.space(p); p >= len(s.b) || s.b[p] != ':' {
				return p, errSyntax
			}
		}
		p++
		if p < len(s.b) && s.b[p] <= ' ' {
			p = s.space(p)
		}
		var err error
		if p, err = s.value(p, to, depth); err != nil {
			return p, err
		}
		if p < len(s.b) && s.b[p] <= ' ' {
			p = s.space(p)
		}
		if p >= len(s.b) {
			return p, errSyntax
		}
		switch s.b[p] {
		case ',':
			p++
			if p < len(s.b) && s.b[p] <= ' ' {
				p = s.space(p)
			}
		case '}':
			return p + 1, nil
		default:
			return p, errSyntax
		}
	}
}

func (s *scanner) array(p int, state int32, depth int) (int, error) {
	if depth > maxDepth {
		return p, errDepth
	}
	p = s.space(p + 1)
	if p < len(s.b) && s.b[p] == ']' {
		s.touch(state)
		return p + 1, nil
	}
	for {
		var err error
		if p, err = s.value(p, state, depth); err != nil {
			return p, err
		}
		p = s.space(p)
		if p >= len(s.b) {
			return p, errSyntax
		}
		switch s.b[p] {
		case ',':
			p = s.space(p + 1)
		case ']':
			return p + 1, nil
		default:
			return p, errSyntax
		}
	}
}

// value reads a value that is found at a state.
func (s *scanner) value(p int, state int32, depth int) (int, error) {
	if p >= len(s.b) {
		return p, errSyntax
	}
	wanted := state != dead && len(s.paths.states[state].slots) > 0
	switch c := s.b[p]; {
	case c == '"':
		end, flags := s.str(p + 1)
		if end < 0 {
			return p, errSyntax
		}
		if wanted || s.leaves {
			s.keep(state, s.b[p+1:end], stringValue, flags)
		}
		return end + 1, nil
	case c == '{' || c == '[':
		if !wanted && !s.leaves && (state == dead || !s.paths.states[state].deeper) {
			return s.skip(p, depth)
		}
		if c == '[' {
			return s.array(p, state, depth+1)
		}
		end, err := s.object(p, state, depth+1)
		if err == nil && wanted {
			s.keep(state, s.b[p:end], jsonValue, 0)
		}
		return end, err
	}
	end := p
	for end < len(s.b) && !ends[s.b[end]] {
		end++
	}
	var kind valueKind
	switch t := s.b[p:end]; {
	case len(t) == 0:
		return p, errSyntax
	case t[0] == '-' || '0' <= t[0] && t[0] <= '9':
		kind = numberValue
	case string(t) == "true" || string(t) == "false":
		kind = boolValue
	case string(t) == "null":
		kind = nullValue
	default:
		return p, errSyntax
	}
	if wanted || s.leaves {
		s.keep(state, s.b[p:end], kind, 0)
	}
	return end, nil
}

var ends = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\n': true, '\r': true, '"': true, '{': true, '[': true, ':': true}

// touch says that a field is there, even if it has no value.
func (s *scanner) touch(state int32) {
	if state == dead {
		return
	}
	for _, slot := range s.paths.states[state].slots {
		if s.stamp[slot] != s.event {
			s.stamp[slot] = s.event
			s.first[slot], s.last[slot] = none, none
			s.found = append(s.found, slot)
		}
	}
}

func (s *scanner) keep(state int32, text []byte, kind valueKind, flags uint8) {
	leaf := s.leaves && kind < nullValue
	v := value{text: text, kind: kind, flags: flags | fresh, next: none}
	if state != dead {
		for _, slot := range s.paths.states[state].slots {
			i := int32(len(s.values))
			s.values = append(s.values, v)
			if s.stamp[slot] != s.event {
				s.stamp[slot] = s.event
				s.first[slot] = i
				s.found = append(s.found, slot)
			} else if last := s.last[slot]; last == none {
				s.first[slot] = i
			} else {
				s.values[last].next = i
			}
			s.last[slot] = i
			if leaf {
				s.plain = append(s.plain, i)
				leaf = false
			}
		}
	}
	if leaf {
		s.plain = append(s.plain, int32(len(s.values)))
		s.values = append(s.values, v)
	}
}

// many tells whether a slot has more values than are compared one by one.
func (s *scanner) many(slot int32) bool {
	n := 0
	for i := s.first[slot]; i != none && n <= 64; i = s.values[i].next {
		n++
	}
	return n > 64
}

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	quotes = ones * '"'
	slash  = ones * '\\'
)

// str finds the quote that ends a string which begins at p, eight bytes at a time; -1 if there is none.
func (s *scanner) str(p int) (int, uint8) {
	b := s.b
	var seen uint64
	var flags uint8
	for p+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[p:])
		q, e := x^quotes, x^slash
		hit := ((q-ones)&^q | (e-ones)&^e) & highs
		if hit == 0 {
			seen |= x
			p += 8
			continue
		}
		n := bits.TrailingZeros64(hit) >> 3
		seen |= x & (1<<(8*n) - 1)
		p += n
		if b[p] == '"' {
			if seen&highs != 0 {
				flags |= wide
			}
			return p, flags
		}
		flags |= escaped
		p += 2
	}
	for p < len(b) {
		switch c := b[p]; {
		case c == '"':
			if seen&highs != 0 {
				flags |= wide
			}
			return p, flags
		case c == '\\':
			flags |= escaped
			p += 2
		default:
			seen |= uint64(c)
			p++
		}
	}
	return -1, flags
}

// skip reads over an object or array that nobody asks for.
func (s *scanner) skip(p, depth int) (int, error) {
	b, open := s.b, 0
	for p < len(b) {
		switch b[p] {
		case '"':
			end, _ := s.str(p + 1)
			if end < 0 {
				return p, errSyntax
			}
			p = end
		case '{', '[':
			if open++; depth+open > maxDepth {
				return p, errDepth
			}
		case '}', ']':
			if open--; open == 0 {
				return p + 1, nil
			}
		}
		p++
	}
	return p, errSyntax
}

// step gives the state behind a name, mostly from memory: events of a source have the same names in the same order.
func (s *scanner) step(from int32, name []byte) int32 {
	last := &s.known[s.guess]
	if g := last.next; g > 0 {
		if k := &s.known[g]; k.from == from && bytes.Equal(k.name, name) {
			s.guess = g
			return k.to
		}
	}
	h := hashName(from, name)
	mask := uint32(len(s.table) - 1)
	i := h & mask
	for n := 0; s.table[i] != 0; i = (i + 1) & mask {
		if k := &s.known[s.table[i]]; k.from == from && bytes.Equal(k.name, name) {
			last.next = s.table[i]
			s.guess = s.table[i]
			return k.to
		}
		if n++; n == maxProbes {
			return s.paths.step(from, string(s.decodeName(name)))
		}
	}
	if len(s.known) >= maxKnown {
		s.forget()
		i = h & mask
		last = &s.known[0]
	}
	to := s.paths.step(from, string(s.decodeName(name)))
	last.next = int32(len(s.known))
	s.guess = last.next
	s.table[i] = last.next
	s.known = append(s.known, keyStep{name: bytes.Clone(name), from: from, to: to})
	return to
}

func (s *scanner) decodeName(name []byte) []byte {
	if bytes.IndexByte(name, '\\') < 0 && utf8.Valid(name) {
		return name
	}
	s.scratch, _ = appendDecoded(s.scratch[:0], name)
	return s.scratch
}

func hashName(from int32, name []byte) uint32 {
	h := uint64(from+1)*0x9E3779B97F4A7C15 ^ uint64(len(name))
	for len(name) >= 8 {
		h = mix(h ^ binary.LittleEndian.Uint64(name))
		name = name[8:]
	}
	var x uint64
	for i, c := range name {
		x |= uint64(c) << (8 * i)
	}
	return uint32(mix(h ^ x))
}

func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0xA0761D6478BD642F, 0xE7037ED1A0B428DB)
	return hi ^ lo
}

// appendDecoded appends the text of a JSON string, and tells whether it holds more than ASCII. Halves of surrogates and bytes
// that are no UTF-8 become U+FFFD.
func appendDecoded(to, b []byte) ([]byte, bool) {
	wide := false
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c != '\\' && c < utf8.RuneSelf:
			j := i + 1
			for j < len(b) && b[j] != '\\' && b[j] < utf8.RuneSelf {
				j++
			}
			to = append(to, b[i:j]...)
			i = j
		case c != '\\':
			r, n := utf8.DecodeRune(b[i:])
			to = utf8.AppendRune(to, r)
			i += n
			wide = true
		case i+1 >= len(b):
			return to, wide
		case b[i+1] == 'u':
			r, n := unicodeEscape(b[i:])
			to = utf8.AppendRune(to, r)
			i += n
			wide = wide || r >= utf8.RuneSelf
		default:
			to = append(to, unescape[b[i+1]])
			i += 2
		}
	}
	return to, wide
}

var unescape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func unicodeEscape(b []byte) (rune, int) {
	r := hex4(b)
	switch {
	case r < 0:
		return utf8.RuneError, min(6, len(b))
	case r < 0xD800 || r >= 0xE000:
		return r, 6
	case r < 0xDC00:
		if low := hex4(b[6:]); low >= 0xDC00 && low < 0xE000 {
			return (r-0xD800)<<10 | (low - 0xDC00) + 0x10000, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendCompact appends the text of an object without the white space between its parts.
func appendCompact(to, b []byte) []byte {
	in := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case in && c == '\\':
			to = append(to, c)
			if i++; i < len(b) {
				to = append(to, b[i])
			}
			continue
		case c == '"':
			in = !in
		case !in && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			to = utf8.AppendRune(to, r)
			i += n - 1
			continue
		}
		to = append(to, c)
	}
	return to
}
