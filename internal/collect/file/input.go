package file

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"reflect"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Options say how a file is read.
type Options struct {
	Resource   string // type of fact
	Format     string // "csv", "xlsx" or "" to look
	Sheet      string // of an XLSX file; "" is the first
	Mapping    string // lines "field=Column header"
	Delimiter  string // "comma", "semicolon", "tab", "pipe", the character itself, or "" to look
	DateFormat string // "dmy", "mdy" or "ymd", also as "DD/MM/YYYY"
	TimeZone   string // IANA name, for times without one
}

// Issue is one fault of a file.
type Issue struct {
	Row    int    // line of a CSV file or row of a sheet, from 1; 0 when the fault is not in a row
	Column int    // from 1; 0 when the fault is not in a column
	Header string // of the column
	Field  string // the fact's field
	Msg    string
	Hint   string
}

// Err is the issue as an error.
func (i Issue) Err() error {
	var where []string
	if i.Row > 0 {
		where = append(where, fmt.Sprintf("row %d", i.Row))
	}
	if i.Column > 0 {
		where = append(where, fmt.Sprintf("column %d %q", i.Column, i.Header))
	}
	msg := i.Msg
	if len(where) > 0 {
		msg = strings.Join(where, ", ") + ": " + msg
	}
	return errs.New(errs.Invalid, "%s", msg).WithHint("%s", i.Hint)
}

// tableRow is one row of cells. number is its line or row.
type tableRow struct {
	number int
	cells  []string
	shown  []string // the cells as a spreadsheet shows them, where that differs; nil for CSV
	raw    string
	fault  string // the row cannot be split into cells, and why
}

// table gives rows one by one, io.EOF after the last. The first row is the header.
type table interface {
	next() (tableRow, error)
	format() string
	close()
}

// input is a file being read as facts.
type input struct {
	table    table
	resource collect.Resource
	fields   []field
	header   []string
	plan     []assignment
	columns  []Column
	issues   []Issue // of the header and the mapping
	conv     converter
	keys     map[uint64]uint32 // hash of a key to the row that has it
	formulas map[int]int       // by column: cells that look like formulas
	rows     int64
}

// keySeed makes the hashes of keys unforeseeable, so that two keys collide by chance alone: once in 370,000 files of ten
// million rows. A collision would be reported as a duplicate, never hide one.
var keySeed = maphash.MakeSeed()

// begin reads the header and matches it with the fields of the fact.
func begin(r io.Reader, o Options) (*input, error) {
	res, ok := collect.ResourceNamed(o.Resource)
	if !ok {
		var names []string
		for _, r := range collect.Resources() {
			names = append(names, r.Name)
		}
		return nil, errs.New(errs.Invalid, "no type of fact is called %q%s", o.Resource, didYouMean(o.Resource, names)).At("resource")
	}
	in := &input{resource: res, keys: map[uint64]uint32{}, formulas: map[int]int{}}
	var err error
	if in.fields, err = fieldsOf(res.Row); err != nil {
		return nil, err
	}
	if in.conv, err = newConverter(o); err != nil {
		return nil, err
	}
	if in.table, err = openTable(r, o, &in.conv); err != nil {
		return nil, err
	}
	head, err := in.table.next()
	if errors.Is(err, io.EOF) {
		err = errs.New(errs.Invalid, "the file is empty: it has not even a header")
	}
	if err == nil && head.fault != "" {
		err = errs.New(errs.Invalid, "the header cannot be read: %s", head.fault)
	}
	if err != nil {
		in.table.close()
		return nil, err
	}
	in.header = head.cells
	in.assign(o.Mapping)
	return in, nil
}

func openTable(r io.Reader, o Options, c *converter) (table, error) {
	format := strings.ToLower(o.Format)
	if format == "" {
		var start [4]byte
		n, err := io.ReadFull(r, start[:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errs.As(errs.Unavailable, err, "read the file")
		}
		format = "csv"
		if string(start[:n]) == "PK\x03\x04" { // a zip file, as XLSX is
			format = "xlsx"
		}
		r = io.MultiReader(bytes.NewReader(start[:n]), r)
	}
	switch format {
	case "csv":
		return newCSV(r, o.Delimiter)
	case "xlsx":
		return newXLSX(r, o.Sheet, c)
	}
	return nil, errs.New(errs.Invalid, "%q is not a format; it is csv or xlsx", o.Format).At("format")
}

func (in *input) issuesAsError() error {
	if len(in.issues) == 0 {
		return nil
	}
	var all []error
	for _, i := range in.issues {
		all = append(all, i.Err())
	}
	return &errs.Error{Kind: errs.Invalid, Msg: "the columns of the file do not fit", Field: "mapping", Err: errors.Join(all...), Hint: errs.HintOf(all[0])}
}

// next is the next row as a fact, or its issues.
func (in *input) next() (collect.Fact, []Issue, error) {
	row, err := in.table.next()
	if err != nil {
		return nil, nil, err
	}
	in.rows++
	if row.fault != "" {
		return nil, []Issue{{Row: row.number, Msg: row.fault}}, nil
	}
	v := reflect.New(reflect.TypeOf(in.resource.Row).Elem())
	var issues []Issue
	for _, a := range in.plan {
		if issue := in.fill(v.Elem(), a, row); issue != nil {
			issues = append(issues, *issue)
		}
	}
	fact, _ := v.Interface().(collect.Fact)
	v.Elem().FieldByName("Raw").SetString(row.raw)
	if len(issues) == 0 {
		if first := in.seen(fact.Key(), row.number); first > 0 {
			issues = []Issue{{Row: row.number, Field: "id", Msg: fmt.Sprintf("the key %q is that of row %d, too", fact.Key(), first)}}
		}
	}
	return fact, issues, nil
}

// seen remembers a key and returns the row that has it already, or 0. It takes some 20 bytes a row, so ten million rows fit.
func (in *input) seen(key string, row int) int {
	h := maphash.String(keySeed, key)
	if first, ok := in.keys[h]; ok {
		return int(first)
	}
	in.keys[h] = uint32(min(row, 1<<32-1))
	return 0
}

// fill converts one cell into a field.
func (in *input) fill(v reflect.Value, a assignment, row tableRow) *Issue {
	text, shown := "", ""
	if a.column < len(row.cells) {
		text = strings.TrimSpace(row.cells[a.column])
		shown = text
	}
	if a.column < len(row.shown) {
		shown = strings.TrimSpace(row.shown[a.column])
	}
	fail := func(msg, hint string) *Issue {
		return &Issue{Row: row.number, Column: a.column + 1, Header: in.header[a.column], Field: a.field.name, Msg: msg, Hint: hint}
	}
	if text == "" {
		if !a.field.optional {
			return fail("the cell is empty, and "+a.field.name+" is needed", "")
		}
		return nil
	}
	if a.field.kind == kindText && strings.ContainsRune("=+-@", rune(text[0])) {
		in.formulas[a.column]++
	}
	value, err := in.conv.convert(a.field.kind, text, shown)
	if err != nil {
		return fail(err.Error(), errs.HintOf(err))
	}
	target := v.FieldByIndex(a.field.index)
	if a.field.optional {
		p := reflect.New(target.Type().Elem())
		p.Elem().Set(reflect.ValueOf(value).Convert(p.Elem().Type()))
		target.Set(p)
		return nil
	}
	target.Set(reflect.ValueOf(value).Convert(target.Type()))
	return nil
}

// notes are remarks on the file as a whole.
func (in *input) notes() []string {
	var out []string
	for _, c := range in.columns {
		if n := in.formulas[c.Number-1]; n > 0 {
			out = append(out, fmt.Sprintf("Column %d %q: %d cells begin with a character that a spreadsheet would take for a formula; they were kept as text.", c.Number, c.Header, n))
		}
		if len(c.Fields) == 0 && c.Header != "" {
			text := fmt.Sprintf("Column %d %q was left out", c.Number, c.Header)
			if c.Suggestion != "" {
				text += "; it resembles the field " + c.Suggestion
			}
			out = append(out, text+".")
		}
	}
	return out
}
