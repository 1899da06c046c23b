// Package id makes identifiers: a prefix that names the entity, then 26 characters that sort by time and mean nothing.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

// alphabet is Crockford's base 32 in lower case: no i, l, o or u, so that an identifier read aloud survives.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// New returns prefix + "_" + 26 characters: 48 bits of milliseconds since 1970 and 80 random bits, as in a ULID.
// Identifiers made at later milliseconds sort after earlier ones.
func New(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // crypto/rand.Read never fails: it aborts the process instead
	var s strings.Builder
	s.Grow(len(prefix) + 27)
	s.WriteString(prefix)
	s.WriteByte('_')
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	for i := 25; i >= 0; i-- { // 130 bits of digits for 128 bits of value: the first digit holds three
		shift := uint(i * 5)
		var v uint64
		switch {
		case shift >= 64:
			v = hi >> (shift - 64)
		case shift > 59:
			v = hi<<(64-shift) | lo>>shift
		default:
			v = lo >> shift
		}
		s.WriteByte(alphabet[v&31])
	}
	return s.String()
}

// Secret returns n random bytes in the same alphabet, for tokens and salts that people may have to copy.
// Its entropy is 5 bits a character.
func Secret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b)
}

// HasPrefix reports whether s is shaped like an identifier of the entity.
func HasPrefix(s, prefix string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != 26 {
		return false
	}
	for i := range len(rest) {
		if strings.IndexByte(alphabet, rest[i]) < 0 {
			return false
		}
	}
	return true
}
