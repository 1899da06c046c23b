package event

import (
	"bytes"
	"encoding/json"
)

// Line is a value as JSON on one line: texts, numbers, and lists and maps of them.
func Line(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil // such values can always be written
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Object says whether a text is one JSON object, and gives it without the space around it.
func Object(text []byte) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	return text, len(text) > 1 && text[0] == '{' && json.Valid(text)
}

// Splice puts a member before those of a JSON object, whose bytes stay as they are, but for line breaks between its parts: a record
// is one line.
func Splice(object []byte, name string, value []byte) []byte {
	out := append(make([]byte, 0, len(object)+len(name)+len(value)+6), '{')
	out = append(append(append(out, Line(name)...), ':'), value...)
	if bytes.IndexByte(object, '\n') >= 0 {
		object = bytes.ReplaceAll(object, []byte("\n"), []byte(" ")) // in valid JSON a line break is never inside a text
	}
	if rest := bytes.TrimLeft(object[1:], " \t\r"); rest[0] != '}' {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}
