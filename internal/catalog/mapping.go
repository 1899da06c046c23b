package catalog

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// MappingSource says where a crosswalk of somebody else comes from. It is kept with every pair: sources are never merged.
type MappingSource struct {
	Name    string
	Version string
	Licence string
	Date    period.Date // of the source's edition
}

// Mapping is a crosswalk that a user brought: pairs of a Trust Services criterion and a requirement of another framework.
type Mapping struct {
	Source    MappingSource
	Framework string // of the other side
	Pairs     []MappedPair
	Warnings  []string // what was mended on the way in; a person should read it
}

// MappedPair is one row of an imported crosswalk.
type MappedPair struct {
	Criterion   string
	Requirement string
	Strength    Strength
}

// Bounds of an imported mapping: the largest public one has some 1,500 rows.
const (
	maxMappingBytes = 4 << 20
	maxComplaints   = 20 // rows named in one error
)

// ImportMapping reads a crosswalk from CSV with the columns criterion, requirement and, if the source knows it, strength
// (strong, partial or related; related when the column is missing or empty). It keeps the import rules of domain brief 7.2:
// identifiers are trimmed and their case is mended; one that is in no master list is refused; and a file in which every
// trailing zero was lost by a spreadsheet (A.5.1 where A.5.10 was meant) is refused as a whole. Every wrong row is named
// with its line.
func (c *Catalog) ImportMapping(src MappingSource, framework string, text []byte) (Mapping, error) {
	m := Mapping{Source: src, Framework: framework}
	if err := src.check(); err != nil {
		return Mapping{}, err
	}
	if !slices.Contains([]string{ISO, CSF, SP80053}, framework) {
		return Mapping{}, errs.New(errs.Invalid, "criteria cannot be mapped to %q", framework).At("framework").
			WithHint("Frameworks to map to: %s, %s, %s.", ISO, CSF, SP80053)
	}
	if len(text) > maxMappingBytes {
		return Mapping{}, errs.New(errs.Exhausted, "the mapping is larger than %d MiB", maxMappingBytes>>20).At("file")
	}
	r := &mappingReader{catalog: c, m: &m, strength: map[[2]string]Strength{}, line: map[[2]string]int{}}
	if err := r.read(text); err != nil {
		return Mapping{}, err
	}
	if len(r.wrong) > 0 {
		return Mapping{}, r.refuse()
	}
	if len(m.Pairs) == 0 {
		return Mapping{}, errs.New(errs.Invalid, "the mapping has no rows below its heading").At("file")
	}
	if err := m.trailingZeros(); err != nil {
		return Mapping{}, err
	}
	return m, nil
}

func (s MappingSource) check() error {
	for _, f := range []struct{ field, value string }{{"name", s.Name}, {"version", s.Version}, {"licence", s.Licence}} {
		if strings.TrimSpace(f.value) == "" {
			return errs.New(errs.Invalid, "the %s of the mapping's source is missing", f.field).At(f.field).
				WithHint("A mapping without name, version, licence and date cannot be judged later.")
		}
	}
	if s.Date == 0 {
		return errs.New(errs.Invalid, "the date of the mapping's source is missing").At("date")
	}
	return nil
}

type mappingReader struct {
	catalog  *Catalog
	m        *Mapping
	strength map[[2]string]Strength
	line     map[[2]string]int // where a pair was first
	wrong    []string
}

// read goes through the rows. What is wrong with single rows is collected; a file that is no such table is an error at once.
func (r *mappingReader) read(text []byte) error {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))) // spreadsheets put the mark of UTF-8 first
	in.FieldsPerRecord = -1
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if err != nil {
		return errs.New(errs.Invalid, "the mapping has no heading").At("file").WithHint("First line: criterion,requirement,strength")
	}
	column := map[string]int{}
	for i, h := range head {
		column[strings.ToLower(strings.TrimSpace(h))] = i
	}
	ci, okc := column["criterion"]
	ri, okr := column["requirement"]
	if !okc || !okr {
		return errs.New(errs.Invalid, "the heading %q names no column criterion and requirement", strings.Join(head, ",")).At("file").
			WithHint("First line: criterion,requirement,strength")
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errs.As(errs.Invalid, err, "the mapping")
		}
		line, _ := in.FieldPos(0)
		get := func(i int) string {
			if i >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[i])
		}
		strength := ""
		if si, ok := column["strength"]; ok {
			strength = get(si)
		}
		r.row(line, get(ci), get(ri), strength)
	}
}

func (r *mappingReader) row(line int, criterion, requirement, strength string) {
	if criterion == "" && requirement == "" && strength == "" {
		return
	}
	id := strings.ToUpper(criterion)
	if rest, ok := strings.CutPrefix(id, "PP1."); ok { // a slip for PI1.x that is known from public files
		id = "PI1." + rest
		r.m.Warnings = append(r.m.Warnings, fmt.Sprintf("line %d: %s read as %s", line, criterion, id))
	}
	if !r.catalog.Knows(TSC, id) {
		r.bad(line, "%q is none of the 61 Trust Services criteria", criterion)
		return
	}
	req := normal(r.m.Framework, requirement)
	if !r.catalog.Knows(r.m.Framework, req) {
		r.bad(line, "%q is no requirement of %s", requirement, r.m.Framework)
		return
	}
	s := Strength(strings.ToLower(strength))
	if s == "" {
		s = Related
	}
	if !slices.Contains(Strengths(), s) {
		r.bad(line, "strength %q is none of strong, partial, related", strength)
		return
	}
	key := [2]string{id, req}
	if old, twice := r.strength[key]; twice {
		if old != s {
			r.bad(line, "%s to %s is %s here and %s in line %d", id, req, s, old, r.line[key])
			return
		}
		r.m.Warnings = append(r.m.Warnings, fmt.Sprintf("line %d: %s to %s is in line %d already", line, id, req, r.line[key]))
		return
	}
	r.strength[key], r.line[key] = s, line
	r.m.Pairs = append(r.m.Pairs, MappedPair{id, req, s})
}

func (r *mappingReader) bad(line int, format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
}

func (r *mappingReader) refuse() error {
	n, shown := len(r.wrong), r.wrong
	more := ""
	if n > maxComplaints {
		shown, more = shown[:maxComplaints], fmt.Sprintf("; and %d more", n-maxComplaints)
	}
	return errs.New(errs.Invalid, "the mapping has %d rows that cannot be read: %s%s", n, strings.Join(shown, "; "), more).At("file").
		WithHint("Nothing was imported. Mend the rows, or take them out, and import again.")
}

// normal mends the case and the prefix of an identifier. "5.10" and "a.5.10" are A.5.10.
func normal(framework, id string) string {
	id = strings.ToUpper(id)
	if framework == ISO && id != "" && id[0] >= '5' && id[0] <= '8' {
		id = "A." + id
	}
	return id
}

// trailingZeros refuses a mapping to Annex A in which every identifier that ends in zero is missing while the shortened
// form of one is there: a spreadsheet took A.5.10 for the number 5.1, and its rows mean another control than they say.
func (m *Mapping) trailingZeros() error {
	if m.Framework != ISO {
		return nil
	}
	var short []string
	for _, p := range m.Pairs {
		if strings.HasSuffix(p.Requirement, "0") {
			return nil
		}
		if shortened[p.Requirement] && !slices.Contains(short, p.Requirement) {
			short = append(short, p.Requirement)
		}
	}
	if len(short) == 0 {
		return nil
	}
	slices.Sort(short)
	return errs.New(errs.Invalid, "no row ends in zero (A.5.10, A.5.20, A.5.30, A.7.10, A.8.10, A.8.20, A.8.30), but %s are there: a spreadsheet has cut the zeros off",
		strings.Join(short, ", ")).At("file").
		WithHint("Export again with the column as text. If the source really names none of them, add one of its rows that does.")
}

// shortened are the Annex A controls that a lost zero turns another one into.
var shortened = map[string]bool{"A.5.1": true, "A.5.2": true, "A.5.3": true, "A.7.1": true, "A.8.1": true, "A.8.2": true, "A.8.3": true}
