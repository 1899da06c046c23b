package event

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// MaxRecord is the longest record that is taken, in bytes; CloudTrail's own limit is 256 KiB.
const MaxRecord = 1 << 20

// maxDepth is how deep a record may be nested; records of vendors stay below 20.
const maxDepth = 64

type nodeKind uint8

const (
	objectNode nodeKind = iota
	arrayNode
	textNode
	numberNode
	boolNode
	nullNode
)

// node is a value of a record. Its children come right after it; next is where the one after it begins.
type node struct {
	key, keyEnd   int32 // of a member of an object: its name, between the quotes
	from, to      int32 // its text; of a string, between the quotes
	next          int32
	kind          nodeKind
	escaped, kesc bool // the text, the name holds escapes
}

// record is a JSON object that was read strictly: no two names alike in one object, no broken text. Two programs that read
// a record must see the same in it; where they may not, it could say one thing to us and another to whoever it was made for.
type record struct {
	b     []byte
	s     string // the same; what is taken from the record are parts of it
	nodes []node
}

func wrong(at int, format string, args ...any) error {
	e := errs.New(errs.Invalid, format, args...)
	return errs.New(errs.Invalid, "%s, at byte %d", e.Msg, at+1)
}

// read reads a record.
func (r *record) read(b []byte) error {
	if len(b) > MaxRecord {
		return errs.New(errs.Invalid, "the record is longer than %d KiB", MaxRecord>>10)
	}
	r.b, r.s, r.nodes = b, string(b), r.nodes[:0]
	p := r.space(0)
	if p == len(b) {
		return errs.New(errs.Invalid, "the record is empty")
	}
	if b[p] != '{' {
		return wrong(p, "the record is no JSON object")
	}
	p, err := r.value(p, 0)
	if err != nil {
		return err
	}
	if p = r.space(p); p != len(b) {
		return wrong(p, "there is something after the end of the record")
	}
	return nil
}

func (r *record) space(p int) int {
	for p < len(r.b) && (r.b[p] == ' ' || r.b[p] == '\n' || r.b[p] == '\t' || r.b[p] == '\r') {
		p++
	}
	return p
}

// value reads the value at p into a new node and returns what comes after it.
func (r *record) value(p, depth int) (int, error) {
	if p >= len(r.b) {
		return p, wrong(p, "the record is cut off")
	}
	n := len(r.nodes)
	r.nodes = append(r.nodes, node{from: int32(p)})
	var end int
	var kind nodeKind
	var err error
	switch c := r.b[p]; {
	case c == '"':
		end, escaped, err := r.text(p + 1)
		if err != nil {
			return p, err
		}
		r.close(n, textNode, p+1, end)
		r.nodes[n].escaped = escaped
		return end + 1, nil
	case c == '{':
		kind = objectNode
		end, err = r.object(p, depth+1)
	case c == '[':
		kind = arrayNode
		end, err = r.array(p, depth+1)
	case c == '-' || '0' <= c && c <= '9':
		kind = numberNode
		end, err = r.number(p)
	default:
		end, kind, err = r.word(p)
	}
	if err != nil {
		return end, err
	}
	r.close(n, kind, p, end)
	return end, nil
}

func (r *record) close(n int, kind nodeKind, from, to int) {
	x := &r.nodes[n]
	x.kind, x.from, x.to, x.next = kind, int32(from), int32(to), int32(len(r.nodes))
}

func (r *record) word(p int) (int, nodeKind, error) {
	for _, w := range [...]struct {
		text string
		kind nodeKind
	}{{"true", boolNode}, {"false", boolNode}, {"null", nullNode}} {
		if end := p + len(w.text); end <= len(r.b) && string(r.b[p:end]) == w.text {
			return end, w.kind, nil
		}
	}
	return p, nullNode, wrong(p, "the record is no JSON")
}

func (r *record) number(p int) (int, error) {
	digits := func() bool {
		from := p
		for p < len(r.b) && '0' <= r.b[p] && r.b[p] <= '9' {
			p++
		}
		return p > from
	}
	if r.b[p] == '-' {
		p++
	}
	zero := p < len(r.b) && r.b[p] == '0'
	from := p
	if !digits() || zero && p > from+1 {
		return p, wrong(p, "a number is written wrongly")
	}
	if p < len(r.b) && r.b[p] == '.' {
		if p++; !digits() {
			return p, wrong(p, "a number is written wrongly")
		}
	}
	if p < len(r.b) && (r.b[p] == 'e' || r.b[p] == 'E') {
		if p++; p < len(r.b) && (r.b[p] == '+' || r.b[p] == '-') {
			p++
		}
		if !digits() {
			return p, wrong(p, "a number is written wrongly")
		}
	}
	return p, nil
}

// text reads a string from behind its first quote to its last one.
func (r *record) text(p int) (end int, escaped bool, err error) {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	b, from, beyond := r.b, p, false
	for {
		for p+8 <= len(b) { // eight bytes at once, as long as none of them is special
			w := binary.LittleEndian.Uint64(b[p:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			special := (w | (w - ones*0x20) | (quote - ones) | (slash - ones)) & high
			if special != 0 {
				p += bits.TrailingZeros64(special) / 8
				break
			}
			p += 8
		}
		if p >= len(b) {
			return p, false, wrong(p, "the record is cut off")
		}
		switch c := b[p]; {
		case c == '"':
			if beyond && !utf8.Valid(b[from:p]) {
				return p, false, wrong(from, "a text is not UTF-8")
			}
			return p, escaped, nil
		case c == '\\':
			escaped = true
			if p, err = r.escape(p); err != nil {
				return p, false, err
			}
		case c < ' ':
			return p, false, wrong(p, "a text holds a control character")
		default:
			beyond = beyond || c >= utf8.RuneSelf
			p++
		}
	}
}

func (r *record) escape(p int) (int, error) {
	if p+1 >= len(r.b) {
		return p, wrong(p, "the record is cut off")
	}
	switch r.b[p+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return p + 2, nil
	case 'u':
		if p+6 <= len(r.b) {
			if _, ok := hex4(r.b[p+2 : p+6]); ok {
				return p + 6, nil
			}
		}
	}
	return p, wrong(p, "an escape is written wrongly")
}

func hex4(b []byte) (rune, bool) {
	v, err := strconv.ParseUint(string(b), 16, 16)
	return rune(v), err == nil
}

func (r *record) object(p, depth int) (int, error) {
	if depth > maxDepth {
		return p, wrong(p, "the record is nested deeper than %d", maxDepth)
	}
	var seen names
	p = r.space(p + 1)
	if p < len(r.b) && r.b[p] == '}' {
		return p + 1, nil
	}
	first := len(r.nodes)
	for {
		if p >= len(r.b) {
			return p, wrong(p, "the record is cut off")
		}
		if r.b[p] != '"' {
			return p, wrong(p, "the record is no JSON")
		}
		key := p + 1
		end, escaped, err := r.text(key)
		if err != nil {
			return end, err
		}
		if p = r.space(end + 1); p >= len(r.b) || r.b[p] != ':' {
			return p, wrong(p, "the record is no JSON")
		}
		if seen.maybe(r.name(key, end, escaped)) && r.twice(&seen, first, key, end, escaped) {
			return p, wrong(key, "the name %q is there twice", r.name(key, end, escaped))
		}
		n := len(r.nodes)
		if p, err = r.value(r.space(p+1), depth); err != nil {
			return p, err
		}
		x := &r.nodes[n]
		x.key, x.keyEnd, x.kesc = int32(key), int32(end), escaped
		if p = r.space(p); p >= len(r.b) {
			return p, wrong(p, "the record is cut off")
		}
		switch r.b[p] {
		case ',':
			p = r.space(p + 1)
		case '}':
			return p + 1, nil
		default:
			return p, wrong(p, "the record is no JSON")
		}
	}
}

func (r *record) array(p, depth int) (int, error) {
	if depth > maxDepth {
		return p, wrong(p, "the record is nested deeper than %d", maxDepth)
	}
	p = r.space(p + 1)
	if p < len(r.b) && r.b[p] == ']' {
		return p + 1, nil
	}
	for {
		var err error
		if p, err = r.value(p, depth); err != nil {
			return p, err
		}
		if p = r.space(p); p >= len(r.b) {
			return p, wrong(p, "the record is cut off")
		}
		switch r.b[p] {
		case ',':
			p = r.space(p + 1)
		case ']':
			return p + 1, nil
		default:
			return p, wrong(p, "the record is no JSON")
		}
	}
}

// names knows the names of one object: few by a filter and a look at those before, many by a table, so that an object of a
// hundred thousand names takes no longer than it must.
type names struct {
	filter [4]uint64
	count  int
	table  map[string]struct{}
}

// maybe notes a name and says whether it may have been there.
func (s *names) maybe(name string) bool {
	h := uint32(len(name)) * 0x9e3779b1
	for i := 0; i < len(name); i += 1 + len(name)/16 {
		h = (h ^ uint32(name[i])) * 0x01000193
	}
	h ^= h >> 15
	bit := &s.filter[h>>6&3]
	was := *bit&(1<<(h&63)) != 0
	*bit |= 1 << (h & 63)
	s.count++
	return was || s.table != nil
}

func (r *record) twice(s *names, first, key, end int, escaped bool) bool {
	name := r.name(key, end, escaped)
	if s.table == nil && s.count > 64 {
		s.table = make(map[string]struct{}, 4*s.count)
		for i := first; i < len(r.nodes); i = int(r.nodes[i].next) {
			s.table[r.keyOf(i)] = struct{}{}
		}
	}
	if s.table != nil {
		_, there := s.table[name]
		s.table[name] = struct{}{}
		return there
	}
	for i := first; i < len(r.nodes); i = int(r.nodes[i].next) {
		if r.keyOf(i) == name {
			return true
		}
	}
	return false
}

// name is what stands between quotes. Without escapes it is a part of the record, not a copy.
func (r *record) name(from, to int, escaped bool) string {
	if !escaped {
		return r.s[from:to]
	}
	return unescaped(r.b[from:to])
}

func (r *record) keyOf(n int) string {
	x := &r.nodes[n]
	return r.name(int(x.key), int(x.keyEnd), x.kesc)
}

// textOf is a string without its quotes, or a number or a truth value as it stands; of all else it is empty.
func (r *record) textOf(n int) string {
	switch x := &r.nodes[n]; x.kind {
	case textNode, numberNode, boolNode:
		return r.name(int(x.from), int(x.to), x.escaped)
	}
	return ""
}

// member is the member of an object with a name, or -1.
func (r *record) member(n int, name string) int {
	if r.nodes[n].kind != objectNode {
		return -1
	}
	for i := n + 1; i < int(r.nodes[n].next); i = int(r.nodes[i].next) {
		x := &r.nodes[i]
		if !x.kesc && int(x.keyEnd-x.key) == len(name) && string(r.b[x.key:x.keyEnd]) == name || x.kesc && r.keyOf(i) == name {
			return i
		}
	}
	return -1
}

// unescaped resolves the escapes of JSON; half a surrogate pair becomes U+FFFD.
func unescaped(b []byte) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		i++
		switch b[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			c, _ := hex4(b[i+1 : i+5])
			i += 4
			if utf16.IsSurrogate(c) && i+6 < len(b) && b[i+1] == '\\' && b[i+2] == 'u' {
				low, _ := hex4(b[i+3 : i+7])
				if pair := utf16.DecodeRune(c, low); pair != utf8.RuneError {
					c, i = pair, i+6
				}
			}
			out = utf8.AppendRune(out, c)
		default:
			out = append(out, b[i])
		}
	}
	return string(out)
}
