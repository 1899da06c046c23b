package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Event is a flat event: for each path its values in order. nil is null; anything else is text. An empty list is a field
// without values, as an empty array is.
type Event map[string][]*string

// words of an event: its values without those of whole objects.
const words = "\x00words"

// Flatten reads a JSON object: names joined by dots, arrays as several values, objects also as their text.
func Flatten(text []byte) (Event, error) {
	e := Event{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	if err := e.object(dec, text, "", true, 1); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than an object")
	}
	for path, v := range e {
		if path != words && !strings.HasPrefix(path, otherwise) {
			key := otherwise + sameName(path)
			e[key] = append(e[key], v...)
			if e[key] == nil {
				e[key] = []*string{}
			}
		}
	}
	return e, nil
}

// otherwise comes before names without their spaces, and with one letter for all that differ by capitals only.
const otherwise = "\x00otherwise "

func sameName(path string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' {
			return -1
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, path)
}

func (e Event) object(dec *json.Decoder, text []byte, path string, top bool, depth int) error {
	if depth > 200 {
		return errors.New("too deep")
	}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return err
		}
		name := fmt.Sprint(k)
		if !top {
			name = path + "." + name
		}
		if err := e.value(dec, text, name, depth); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

func (e Event) value(dec *json.Decoder, text []byte, path string, depth int) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			from := dec.InputOffset() - 1
			if err := e.object(dec, text, path, false, depth+1); err != nil {
				return err
			}
			var b bytes.Buffer
			if err := json.Compact(&b, text[from:dec.InputOffset()]); err != nil {
				return err
			}
			s := string([]rune(b.String()))
			e[path] = append(e[path], &s)
			return nil
		}
		if depth+1 > 200 {
			return errors.New("too deep")
		}
		if e[path] == nil {
			e[path] = []*string{}
		}
		for dec.More() {
			if err := e.value(dec, text, path, depth+1); err != nil {
				return err
			}
		}
		_, err := dec.Token()
		return err
	case nil:
		e[path] = append(e[path], nil)
		return nil
	default:
		s := fmt.Sprint(t)
		e[path] = append(e[path], &s)
		e[words] = append(e[words], &s)
		return nil
	}
}
