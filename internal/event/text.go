package event

import (
	"bytes"
	"encoding/binary"
	"sort"
	"strings"
	"unicode/utf8"
)

// Text is a text to look for in records, case ignored: that of ASCII letters; of others too where the text has any. It is for one
// goroutine.
type Text struct {
	lower []byte
	ascii bool
	buf   []byte
}

// TextOf prepares a text.
func TextOf(text string) *Text {
	lower := strings.ToLower(text)
	return &Text{lower: []byte(lower), ascii: len(lower) == utf8.RuneCountInString(lower)}
}

// In says whether a record has the text.
func (t *Text) In(record []byte) bool {
	return bytes.Contains(t.fold(record), t.lower)
}

// Rows tells the numbers of the records that have the text, in their order. The records lie one behind the other: record n is
// values[offsets[n]:offsets[n+1]].
func (t *Text) Rows(values []byte, offsets []uint32, found func(n int)) {
	if len(offsets) < 2 {
		return
	}
	if !t.ascii || len(t.lower) == 0 { // lower case may have other lengths than the text
		for n := range offsets[:len(offsets)-1] {
			if t.In(values[offsets[n]:offsets[n+1]]) {
				found(n)
			}
		}
		return
	}
	start, end := int(offsets[0]), int(offsets[len(offsets)-1])
	all := t.fold(values[start:end])
	for at := 0; ; {
		i := bytes.Index(all[at:], t.lower)
		if i < 0 {
			return
		}
		at += i
		n := sort.Search(len(offsets)-1, func(n int) bool { return int(offsets[n+1])-start > at })
		stop := int(offsets[n+1]) - start
		if at+len(t.lower) > stop { // it begins in one record and ends in the next
			at++
			continue
		}
		found(n)
		at = stop
	}
}

// fold gives bytes in lower case, valid until the next call.
func (t *Text) fold(b []byte) []byte {
	if !t.ascii {
		return bytes.ToLower(b)
	}
	if cap(t.buf) < len(b) {
		t.buf = make([]byte, len(b))
	}
	out := t.buf[:len(b)]
	i := 0
	for ; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(out[i:], lower8(binary.LittleEndian.Uint64(b[i:])))
	}
	for ; i < len(b); i++ {
		out[i] = byte(lower8(uint64(b[i])))
	}
	return out
}

// lower8 puts eight ASCII letters into lower case at once and leaves every other byte as it is: 0x80 of a byte says that it is from
// A to Z, and 0x20 is what then is added.
func lower8(x uint64) uint64 {
	const ones = 0x0101010101010101
	low := x & (0x7f * ones)
	upper := (low + (0x80-'A')*ones) &^ (low + (0x7f-'Z')*ones) &^ x & (0x80 * ones)
	return x | upper>>2
}
