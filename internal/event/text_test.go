package event

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzText: a text is found where a plain reading of the rule finds it, in records of their own and in a page of them.
func FuzzText(f *testing.F) {
	for _, x := range []string{"", "a", "Zz", "req0001", "É", "@[`{", "Straße", "\x80\xff"} {
		f.Add(x, []byte(`{"a":"REQ0001"}`+"\x00"+"zZ@[`{\x00É straße \x80\xff AZaz"))
	}
	f.Fuzz(func(t *testing.T, text string, body []byte) {
		records := bytes.Split(body, []byte{0})
		var values []byte
		offsets := []uint32{0}
		for _, r := range records {
			values = append(values, r...)
			offsets = append(offsets, uint32(len(values)))
		}
		plain := strings.ToLower(text)
		ascii := !strings.ContainsFunc(plain, func(r rune) bool { return r > 127 })
		var want []int
		for n, r := range records {
			lower := bytes.ToLower(r)
			if ascii {
				lower = asciiLower(r)
			}
			if bytes.Contains(lower, []byte(plain)) {
				want = append(want, n)
			}
		}
		x := TextOf(text)
		var got, each []int
		x.Rows(values, offsets, func(n int) { got = append(got, n) })
		for n, r := range records {
			if x.In(r) {
				each = append(each, n)
			}
		}
		if !slices.Equal(each, want) || !slices.Equal(got, want) {
			t.Errorf("%q in %q: page %v, each %v, want %v", text, records, got, each, want)
		}
	})
}

func asciiLower(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}
