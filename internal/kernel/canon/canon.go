// Package canon writes canonical JSON (RFC 8785, the subset without fractions): one value has exactly one byte form,
// so that a hash of it means the value. Fractions are refused: amounts are integers in minor units, ratios are strings.
package canon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxInt is the largest integer that RFC 8785 writes exactly: 2^53 - 1.
const maxInt = 1<<53 - 1

// JSON returns the canonical form of v, which must marshal to JSON. It fails on a fraction, on an integer beyond
// 2^53 - 1 and on text that is not UTF-8.
func JSON(v any) ([]byte, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return Transform(raw.Bytes())
}

// Transform rewrites JSON text in canonical form, with the same refusals as JSON. A name that occurs twice in one
// object is refused.
func Transform(text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("canonical JSON: text is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	out := make([]byte, 0, len(text))
	out, err := value(out, dec, 0)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	if _, err := dec.Token(); err == nil {
		return nil, fmt.Errorf("canonical JSON: more than one value")
	}
	return out, nil
}

// Hash is the SHA-256 of the canonical form of v, in hex.
func Hash(v any) (string, error) {
	b, err := JSON(v)
	if err != nil {
		return "", err
	}
	return Sum(b), nil
}

// Sum is the SHA-256 of b in hex.
func Sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// maxDepth bounds nesting: a hostile document must not exhaust the stack.
const maxDepth = 200

func value(out []byte, dec *json.Decoder, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return object(out, dec, depth)
		}
		return array(out, dec, depth)
	case string:
		return quote(out, t), nil
	case json.Number:
		return number(out, t)
	case bool:
		return strconv.AppendBool(out, t), nil
	default:
		return append(out, "null"...), nil
	}
}

func array(out []byte, dec *json.Decoder, depth int) ([]byte, error) {
	out = append(out, '[')
	for n := 0; dec.More(); n++ {
		if n > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = value(out, dec, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	return append(out, ']'), nil
}

func object(out []byte, dec *json.Decoder, depth int) ([]byte, error) {
	type member struct {
		name string
		key  []uint16
		val  []byte
	}
	var members []member
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, fmt.Errorf("an object's name is %v", t)
		}
		val, err := value(nil, dec, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, utf16.Encode([]rune(name)), val})
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	// RFC 8785 section 3.2.3 sorts by UTF-16 code units, not by code points.
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.key, b.key) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].name == m.name {
				return nil, fmt.Errorf("name %q occurs twice", m.name)
			}
			out = append(out, ',')
		}
		out = append(quote(out, m.name), ':')
		out = append(out, m.val...)
	}
	return append(out, '}'), nil
}

func number(out []byte, n json.Number) ([]byte, error) {
	i, err := n.Int64()
	if err != nil || i > maxInt || i < -maxInt {
		return nil, fmt.Errorf("number %s is not an integer within 2^53", n)
	}
	return strconv.AppendInt(out, i, 10), nil
}

// quote writes a string as RFC 8785 section 3.2.2.2 does: short escapes where JSON has them, \u00xx for other control
// characters, everything else as it is.
func quote(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\b':
			out = append(out, `\b`...)
		case r == '\f':
			out = append(out, `\f`...)
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r < 0x20:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}
