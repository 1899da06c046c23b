// Package sigma matches events against Sigma rules: it reads rules, correlations and filters of the Sigma specification 2.1.0,
// refuses with a reason what it cannot honour in full, and compiles the rest into an index that looks at an event once.
//
// A rule of a Set becomes part of an immutable Engine (Compile). An Evaluator, one for each goroutine, matches the bytes of
// one JSON event at a time; a Correlator holds what correlations remember between events. Package oracle beside this one
// judges the same rules slowly and plainly; tests hold the two together.
//
// What the specification leaves open is decided so, here and in the oracle: texts are compared by Unicode simple folding; a
// number is the text it was written as; an array is any of its elements; an object is also its JSON text without white space;
// names are joined by dots; null in a rule means that the field is absent or null; a null value matches no text; neq is the
// complement of the same line without neq, so an absent field differs from everything; keywords look at every value but not
// at names of fields.
package sigma

import (
	"fmt"
	"strings"
)

// LogSource says which events a rule is about, or which an event is of. An empty part of a rule's stands for any.
type LogSource struct{ Product, Category, Service string }

// Covers tells whether events of log source s are events of what a rule asks for.
func (s LogSource) Covers(rule LogSource) bool {
	return (rule.Product == "" || rule.Product == s.Product) && (rule.Category == "" || rule.Category == s.Category) &&
		(rule.Service == "" || rule.Service == s.Service)
}

// String shows the parts with slashes, "-" for one that is not set.
func (s LogSource) String() string {
	part := func(p string) string {
		if p == "" {
			return "-"
		}
		return p
	}
	return part(s.Product) + "/" + part(s.Category) + "/" + part(s.Service)
}

// Header is what rules, correlations and filters have in common.
type Header struct {
	ID, Name, Title, Status, Description, Author, Level string
	Date, Modified                                      string
	Tags, References, FalsePositives                    []string
	Path                                                string // of the file, as it was given
	Line                                                int    // where the document begins, from 1
}

// Key is what other documents and counters know it by: the id, or else the name, or else the title.
func (h *Header) Key() string {
	switch {
	case h.ID != "":
		return h.ID
	case h.Name != "":
		return h.Name
	}
	return h.Title
}

// Rule is one Sigma rule as it was written.
type Rule struct {
	Header
	Source     LogSource
	Detections []Detection // in the order of the file
	Conditions []Expr      // any of them
	Fields     []string    // worth showing beside a hit
	Filters    []*Filter   // each takes its matches away; set by Compile on a copy
}

// Detection is a search identifier with what it selects.
type Detection struct {
	Name string
	Root Selection
}

// SelectionKind says how a selection is put together.
type SelectionKind uint8

// A mapping is Every, a list of mappings or keywords is Either, a line of a mapping is Single.
const (
	Every SelectionKind = iota
	Either
	Single
)

// Selection is a node of a search identifier.
type Selection struct {
	Kind SelectionKind
	Of   []Selection
	Test Predicate // of a Single
}

// Predicate is one line of a selection: field, modifiers in their order, and values. No field means every value of the event.
type Predicate struct {
	Field     string
	Modifiers []string
	Values    []Scalar
	Line      int
}

// Has tells whether the predicate has a modifier.
func (p *Predicate) Has(modifier string) bool {
	for _, m := range p.Modifiers {
		if m == modifier {
			return true
		}
	}
	return false
}

// ScalarKind is the YAML type of a value.
type ScalarKind uint8

// The types a value of a rule may have.
const (
	Text ScalarKind = iota
	Number
	Bool
	Null
)

// Scalar is one value of a rule: its type and its text as written, without quotes.
type Scalar struct {
	Kind ScalarKind
	Text string
}

// Op is what an expression does.
type Op uint8

// Operators of conditions. "all of" is And, "1 of" is Or.
const (
	Ref Op = iota
	And
	Or
	Not
	AtLeast
)

// Expr is a condition over search identifiers, or over rules in a temporal correlation.
type Expr struct {
	Op   Op
	Name string // of Ref
	N    int    // of AtLeast
	Of   []Expr
}

// Filter takes matches away from rules.
type Filter struct {
	Header
	Source     LogSource
	Rules      []string // ids or names; empty means every rule of the log source
	Detections []Detection
	Conditions []Expr
}

// Refusal is a document that is not used, and why.
type Refusal struct {
	Path, ID, Title string
	Line            int // 0 if the reason has no place
	Reason          string
}

func (r Refusal) Error() string {
	var b strings.Builder
	b.WriteString(r.Path)
	if r.Line > 0 {
		fmt.Fprintf(&b, ":%d", r.Line)
	}
	b.WriteString(": ")
	if r.ID != "" {
		b.WriteString(r.ID + ": ")
	}
	b.WriteString(r.Reason)
	return b.String()
}

// Set is what was read from files.
type Set struct {
	Rules        []*Rule
	Correlations []*Correlation
	Filters      []*Filter
	Refused      []Refusal
}

// located is a fault at a line of a document.
type located struct {
	line int
	text string
}

func (l *located) Error() string { return l.text }

func faultf(line int, format string, args ...any) error {
	return &located{line, fmt.Sprintf(format, args...)}
}
