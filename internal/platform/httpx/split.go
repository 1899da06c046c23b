package httpx

import (
	"bytes"
	"errors"
)

var (
	errNoArray = errors.New("the document is not an array")
	errCutOff  = errors.New("the array does not come to its end")
	errComma   = errors.New("the array's commas are not in place")
	errTail    = errors.New("something follows the array")
)

// splitArray cuts a JSON array into its elements without looking into them: they may still be malformed, which whoever
// decodes them finds. Everything outside the elements is checked.
func splitArray(doc []byte) ([][]byte, error) {
	doc = bytes.Trim(doc, " \t\r\n")
	if len(doc) == 0 || doc[0] != '[' {
		return nil, errNoArray
	}
	var out [][]byte
	rest := bytes.TrimLeft(doc[1:], " \t\r\n")
	if len(rest) > 0 && rest[0] == ']' {
		return nil, tail(rest)
	}
	for {
		n := elementEnd(rest)
		if n < 0 {
			return nil, errCutOff
		}
		element := bytes.TrimRight(rest[:n], " \t\r\n")
		if len(element) == 0 {
			return nil, errComma
		}
		out = append(out, element)
		if rest[n] == ']' {
			return out, tail(rest[n:])
		}
		rest = bytes.TrimLeft(rest[n+1:], " \t\r\n")
	}
}

func tail(rest []byte) error {
	if len(rest) > 1 {
		return errTail
	}
	return nil
}

// elementEnd is the position of the comma or bracket after an element, or -1.
func elementEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringEnd(b[i+1:])
			if n < 0 {
				return -1
			}
			i += n + 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				if b[i] == '}' {
					return -1
				}
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// stringEnd is the position of the quotation mark that ends a string, or -1.
func stringEnd(b []byte) int {
	for from := 0; ; {
		n := bytes.IndexByte(b[from:], '"')
		if n < 0 {
			return -1
		}
		end := from + n
		escapes := 0
		for k := end - 1; k >= 0 && b[k] == '\\'; k-- {
			escapes++
		}
		if escapes%2 == 0 {
			return end
		}
		from = end + 1
	}
}
