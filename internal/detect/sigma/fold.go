package sigma

import (
	"unicode"
	"unicode/utf8"
)

// Texts that differ only by Unicode simple folding are the same text. Folded text holds of each set of runes that fold to each
// other the lower-case ASCII letter, or else the least of them, so that comparing folded bytes compares texts.

// lower maps ASCII capitals to small letters and everything else to itself.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lower[r])
	}
	least := r
	for q := unicode.SimpleFold(r); q != r; q = unicode.SimpleFold(q) {
		if q < utf8.RuneSelf {
			return rune(lower[q])
		}
		least = min(least, q)
	}
	return least
}

// appendFold appends the folded text. Bytes that are no UTF-8 become U+FFFD.
func appendFold(to, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			to = append(to, lower[c])
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		to = utf8.AppendRune(to, foldRune(r))
		i += n
	}
	return to
}

func fold(text string) string { return string(appendFold(nil, []byte(text))) }

// equalLower compares a text of ASCII bytes with a folded one of the same length.
func equalLower(text []byte, folded string) bool {
	if len(text) != len(folded) {
		return false
	}
	for i, c := range text {
		if lower[c] != folded[i] {
			return false
		}
	}
	return true
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
