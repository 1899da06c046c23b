package org

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// documentHead explains the file to whoever opens it next.
const documentHead = `# Description of the system (section III of the report). Check it with: tickmark audit describe -f FILE --check
`

// WriteDescription writes a description in the form that ParseDescription reads: the same description gives the same bytes.
// It does not use the library's encoder, which writes some texts so that they are read back as something else ("? x", ".inf",
// tabs); it quotes more than YAML asks for instead.
func WriteDescription(d Description) ([]byte, error) {
	w := &writer{}
	w.WriteString(documentHead)
	w.mapping(reflect.ValueOf(d.clean()), 0)
	if w.err != nil {
		return nil, w.err
	}
	return w.Bytes(), nil
}

type writer struct {
	bytes.Buffer
	err error
}

func (w *writer) pad(depth int) { w.WriteString(strings.Repeat("  ", depth)) }

// mapping writes the fields of a struct, the ones that may be left out only when there is something in them.
func (w *writer) mapping(v reflect.Value, depth int) {
	for i := range v.NumField() {
		name, optional, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		f := v.Field(i)
		if name == "" || name == "-" || optional == "omitempty" && f.IsZero() {
			continue
		}
		if w.Bytes()[w.Len()-1] == '\n' { // otherwise it follows the dash of a list
			w.pad(depth)
		}
		w.WriteString(name + ":")
		w.value(f, depth)
	}
}

// value writes what follows a key, to the end of the line or of the lines below it.
func (w *writer) value(v reflect.Value, depth int) {
	if s, ok := w.scalar(v, depth); ok {
		w.WriteString(" " + s + "\n")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		w.value(v.Elem(), depth)
	case reflect.Struct:
		w.WriteByte('\n')
		w.mapping(v, depth+1)
	case reflect.Slice:
		if v.Len() == 0 {
			w.WriteString(" []\n")
			return
		}
		w.WriteByte('\n')
		for i := range v.Len() {
			w.pad(depth + 1)
			w.WriteString("- ")
			if s, ok := w.scalar(v.Index(i), depth+1); ok {
				w.WriteString(s + "\n")
				continue
			}
			w.mapping(v.Index(i), depth+2)
		}
	default:
		w.err = errs.New(errs.Internal, "a description holds a %s", v.Kind())
	}
}

// scalar renders a value that is no list and no mapping.
func (w *writer) scalar(v reflect.Value, depth int) (string, bool) {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano), true
	case *time.Time:
		return x.UTC().Format(time.RFC3339Nano), true
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			w.err = err
		}
		return string(b), true
	}
	switch v.Kind() {
	case reflect.String:
		return text(v.String(), depth), true
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	}
	return "", false
}

var (
	plainForm = regexp.MustCompile(`^\pL[\pL\pN_]*([ .,;()/+–-]{1,2}[\pL\pN_(]+)*[.)%]?$`)
	odd       = "\u0085\u2028\u2029\ufeff"
	words11   = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"} // what YAML 1.1 and 1.2 take for something else
)

// text renders a text: plain when nothing can be misread, as a block when it has several simple lines, quoted otherwise.
func text(s string, depth int) string {
	if plainForm.MatchString(s) && !slices.Contains(words11, strings.ToLower(s)) {
		return s
	}
	lines := strings.Split(s, "\n")
	block := len(lines) > 1 && !strings.ContainsAny(s, odd)
	for i, l := range lines {
		block = block && strings.TrimRight(l, " \u00a0") == l && (i > 0 || !strings.HasPrefix(l, " "))
	}
	if block {
		var b strings.Builder
		b.WriteString("|-")
		for _, l := range lines {
			b.WriteByte('\n')
			if l != "" {
				b.WriteString(strings.Repeat("  ", depth+1) + l)
			}
		}
		return b.String()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // every JSON string is a double-quoted YAML one
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) //nolint:errchkjson // a string cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}
