// Package wire holds what the simulated vendors have in common on the wire: quick writing of JSON, paging, rate limits,
// views of the life that are built once per instant, and faults that a test can inject.
package wire

import (
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// JSON writes a JSON document from front to back and puts the commas where they belong. Methods with a key write a
// member of an object, those without a value of an array or the document itself.
type JSON struct {
	buf   []byte
	comma bool
}

var pool = sync.Pool{New: func() any { return &JSON{buf: make([]byte, 0, 16<<10)} }}

// NewJSON takes an empty document from a pool; give it back with Free.
func NewJSON() *JSON {
	j, _ := pool.Get().(*JSON) // the pool holds nothing else
	j.buf, j.comma = j.buf[:0], false
	return j
}

// Free gives the document back. Its bytes must not be used afterwards.
func (j *JSON) Free() {
	if cap(j.buf) < 4<<20 {
		pool.Put(j)
	}
}

// Bytes is the document so far.
func (j *JSON) Bytes() []byte { return j.buf }

func (j *JSON) next() {
	if j.comma {
		j.buf = append(j.buf, ',')
	}
	j.comma = true
}

// Key writes a key; the next call without a key writes its value. Keys are plain ASCII.
func (j *JSON) Key(k string) *JSON {
	j.next()
	j.buf = append(append(append(j.buf, '"'), k...), '"', ':')
	j.comma = false
	return j
}

// Obj opens an object and Arr an array; End and EndArr close them.
func (j *JSON) Obj() *JSON { j.next(); j.buf = append(j.buf, '{'); j.comma = false; return j }

// Arr opens an array.
func (j *JSON) Arr() *JSON { j.next(); j.buf = append(j.buf, '['); j.comma = false; return j }

// End closes an object.
func (j *JSON) End() *JSON { j.buf = append(j.buf, '}'); j.comma = true; return j }

// EndArr closes an array.
func (j *JSON) EndArr() *JSON { j.buf = append(j.buf, ']'); j.comma = true; return j }

// O opens an object under a key, A an array.
func (j *JSON) O(k string) *JSON { return j.Key(k).Obj() }

// A opens an array under a key.
func (j *JSON) A(k string) *JSON { return j.Key(k).Arr() }

// Str writes a string.
func (j *JSON) Str(v string) *JSON {
	j.next()
	j.buf = appendString(j.buf, v)
	return j
}

// Raw writes a value that is JSON already.
func (j *JSON) Raw(v string) *JSON { j.next(); j.buf = append(j.buf, v...); return j }

// S writes a string under a key.
func (j *JSON) S(k, v string) *JSON { return j.Key(k).Str(v) }

// SN writes a string under a key, or null if it is empty.
func (j *JSON) SN(k, v string) *JSON {
	if v == "" {
		return j.N(k)
	}
	return j.Key(k).Str(v)
}

// I writes a whole number under a key.
func (j *JSON) I(k string, v int64) *JSON {
	j.Key(k).next()
	j.buf = strconv.AppendInt(j.buf, v, 10)
	return j
}

// F writes a number under a key.
func (j *JSON) F(k string, v float64) *JSON {
	j.Key(k).next()
	j.buf = strconv.AppendFloat(j.buf, v, 'f', -1, 64)
	return j
}

// B writes a truth value under a key.
func (j *JSON) B(k string, v bool) *JSON {
	if v {
		return j.Key(k).Raw("true")
	}
	return j.Key(k).Raw("false")
}

// N writes null under a key.
func (j *JSON) N(k string) *JSON { return j.Key(k).Raw("null") }

// T writes an instant to the second under a key, or null for never: 2006-01-02T15:04:05Z.
func (j *JSON) T(k string, t life.Time) *JSON { return j.instant(k, t, false, "Z") }

// TMs writes an instant to the millisecond under a key, or null for never: 2006-01-02T15:04:05.000Z.
func (j *JSON) TMs(k string, t life.Time) *JSON { return j.instant(k, t, true, "Z") }

// TZone writes an instant to the second with a numeric zone under a key, or null for never: 2006-01-02T15:04:05+00:00.
func (j *JSON) TZone(k string, t life.Time) *JSON { return j.instant(k, t, false, "+00:00") }

func (j *JSON) instant(k string, t life.Time, ms bool, zone string) *JSON {
	if t == 0 {
		return j.N(k)
	}
	j.Key(k).next()
	j.buf = append(j.buf, '"')
	j.buf = append(AppendTime(j.buf, t, ms), zone...)
	j.buf = append(j.buf, '"')
	return j
}

// AppendTime writes an instant without its zone, which is UTC.
func AppendTime(b []byte, t life.Time, ms bool) []byte {
	y, m, d := t.Go().Date()
	rest := int(t - life.Midnight(t.Date()))
	b = digits(b, y, 4)
	b = digits(append(b, '-'), int(m), 2)
	b = digits(append(b, '-'), d, 2)
	b = digits(append(b, 'T'), rest/3_600_000, 2)
	b = digits(append(b, ':'), rest/60_000%60, 2)
	b = digits(append(b, ':'), rest/1000%60, 2)
	if ms {
		b = digits(append(b, '.'), rest%1000, 3)
	}
	return b
}

func digits(b []byte, v, n int) []byte {
	for p := pow10(n - 1); p > 0; p /= 10 {
		b = append(b, byte('0'+v/p%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
