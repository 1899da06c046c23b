package file

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Kinds of cell.
type kind int

const (
	kindText kind = iota
	kindBool
	kindInt
	kindDate
	kindTime
)

// String names the kind for people.
func (k kind) String() string {
	return [...]string{"text", "yes or no", "whole number", "date", "time"}[k]
}

// field is one field of a fact that a column can fill.
type field struct {
	name     string
	index    []int
	kind     kind
	optional bool
}

// fieldsOf lists the fields of a fact by their Parquet column, without those of Meta, which the run fills.
func fieldsOf(f collect.Fact) ([]field, error) {
	var out []field
	t := reflect.TypeOf(f).Elem()
	for i := range t.NumField() {
		sf := t.Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("parquet"), ",")
		if sf.Anonymous || name == "" {
			continue
		}
		fd := field{name: name, index: sf.Index}
		ft := sf.Type
		if ft.Kind() == reflect.Pointer {
			fd.optional, ft = true, ft.Elem()
		}
		switch {
		case ft == reflect.TypeFor[period.Date]():
			fd.kind = kindDate
		case ft == reflect.TypeFor[time.Time]():
			fd.kind = kindTime
		case ft.Kind() == reflect.Bool:
			fd.kind = kindBool
		case ft.Kind() == reflect.Int64:
			fd.kind = kindInt
		case ft.Kind() == reflect.String:
			fd.kind = kindText
		default:
			return nil, errs.New(errs.Internal, "no cell gives the type %s of the field %s", ft, name) // the test over all resources finds it
		}
		out = append(out, fd)
	}
	return out, nil
}

// assignment takes a column to a field.
type assignment struct {
	column int // from 0
	field  field
}

// Column is one column of a file and where it goes.
type Column struct {
	Number     int // from 1
	Header     string
	Fields     []string // the fields it fills; none when it is left out
	Suggestion string   // a field that its header resembles, when it is left out
}

// folded is a header or field name without case, spaces and punctuation.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// pair is one line of a mapping.
type pair struct{ field, header string }

// parseMapping reads "field=Column header" lines; semicolons divide them, too, outside double quotes.
func parseMapping(s string) ([]pair, error) {
	var out []pair
	quoted := false
	lines := strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == '\n' || r == ';' && !quoted
	})
	for _, l := range lines {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		name, header, ok := strings.Cut(l, "=")
		name, header = strings.TrimSpace(name), strings.TrimSpace(header)
		if !ok || name == "" {
			return nil, errs.New(errs.Invalid, "%q is not of the form field=Column header", l).At("mapping")
		}
		if len(header) >= 2 && header[0] == '"' && header[len(header)-1] == '"' {
			header = strings.ReplaceAll(header[1:len(header)-1], `""`, `"`)
		}
		out = append(out, pair{name, header})
	}
	return out, nil
}

// assign matches columns with fields: first as the mapping says, then by name. What does not fit becomes an issue.
func (in *input) assign(mapping string) {
	fields := in.fields
	for i, h := range in.header {
		in.columns = append(in.columns, Column{Number: i + 1, Header: strings.TrimSpace(h)})
	}
	pairs, err := parseMapping(mapping)
	if err != nil {
		in.issues = append(in.issues, Issue{Msg: err.Error()})
	}
	done := map[string]bool{}
	for _, p := range pairs {
		in.assignPair(p, fields, done)
	}
	for _, f := range fields {
		if done[f.name] {
			continue
		}
		if col, ok := in.column(f.name, f.name); ok {
			in.take(col, f)
		}
	}
	in.required(fields, done)
	in.suggest(fields)
}

func (in *input) assignPair(p pair, fields []field, done map[string]bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == p.field })
	switch {
	case i < 0:
		in.issues = append(in.issues, Issue{Field: p.field, Msg: fmt.Sprintf("%s has no field %q%s", in.resource.Name, p.field, didYouMean(p.field, names(fields)))})
		return
	case done[p.field]:
		in.issues = append(in.issues, Issue{Field: p.field, Msg: fmt.Sprintf("the mapping names the field %q twice", p.field)})
		return
	}
	done[p.field] = true
	if p.header == "" {
		return
	}
	if col, ok := in.column(p.header, p.field); ok {
		in.take(col, fields[i])
		return
	}
	if !slices.ContainsFunc(in.issues, func(i Issue) bool { return i.Field == p.field }) {
		in.issues = append(in.issues, Issue{Field: p.field, Msg: fmt.Sprintf("the file has no column %q%s", p.header, didYouMean(p.header, in.header))})
	}
}

// column finds the one column with the header.
func (in *input) column(header, field string) (int, bool) {
	found := -1
	for _, same := range []func(string) bool{
		func(h string) bool { return strings.TrimSpace(h) == header },
		func(h string) bool { return folded(h) == folded(header) && folded(h) != "" },
	} {
		for i, h := range in.header {
			if !same(h) {
				continue
			}
			if found >= 0 {
				in.issues = append(in.issues, Issue{Column: i + 1, Header: h, Field: field, Msg: fmt.Sprintf("column %d is called so, too", found+1)})
				return 0, false
			}
			found = i
		}
		if found >= 0 {
			return found, true
		}
	}
	return 0, false
}

func (in *input) take(col int, f field) {
	in.plan = append(in.plan, assignment{col, f})
	in.columns[col].Fields = append(in.columns[col].Fields, f.name)
}

// required reports needed fields that no column fills.
func (in *input) required(fields []field, done map[string]bool) {
	for _, f := range fields {
		filled := slices.ContainsFunc(in.plan, func(a assignment) bool { return a.field.name == f.name })
		if f.optional || filled || done[f.name] && slices.ContainsFunc(in.issues, func(i Issue) bool { return i.Field == f.name }) {
			continue
		}
		in.issues = append(in.issues, Issue{
			Field: f.name, Msg: fmt.Sprintf("no column gives the field %q (%s), which is needed%s", f.name, f.kind, didYouMean(f.name, in.header)),
			Hint: "add a line " + f.name + "=Column header to the mapping",
		})
	}
}

// suggest names a field that a left-out column may be meant for.
func (in *input) suggest(fields []field) {
	var free []string
	for _, f := range fields {
		if !slices.ContainsFunc(in.plan, func(a assignment) bool { return a.field.name == f.name }) {
			free = append(free, f.name)
		}
	}
	for i := range in.columns {
		if len(in.columns[i].Fields) == 0 {
			in.columns[i].Suggestion, _ = nearest(in.columns[i].Header, free)
		}
	}
}

func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

func didYouMean(s string, among []string) string {
	if n, ok := nearest(s, among); ok {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// nearest is the candidate closest to s, if it is close: a third of its letters, at least one, may differ.
func nearest(s string, among []string) (string, bool) {
	best, found := "", false
	a := []rune(folded(s))
	least := len(a)/3 + 2
	for _, c := range among {
		if b := []rune(folded(c)); len(b) > 0 && len(b) < 200 && len(a) < 200 {
			if d := distance(a, b); d < least {
				best, least, found = strings.TrimSpace(c), d, true
			}
		}
	}
	return best, found && len(a) > 0
}

// distance is Levenshtein's.
func distance(a, b []rune) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j+1]+1, cur[j]+1, prev[j]+cost)
		}
		prev = cur
	}
	return prev[len(b)]
}
