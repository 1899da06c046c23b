package org

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Level is how much a finding matters.
type Level string

// The levels, worst first.
const (
	Forbidden Level = "forbidden" // words that must not be printed
	Missing   Level = "missing"   // a description criterion asks for it, or two parts contradict each other
	Wording   Level = "wording"   // claims and details that should go
	Advice    Level = "advice"    // worth a look
)

// Finding is one thing to do about a description.
type Finding struct {
	Level     Level
	Criterion string // DC1 to DC9; empty for wording
	Path      string // "incidents[0]"; empty for the document as a whole
	Text      string
}

// Examination is what a description is checked for. What is left out is not checked, and Check says so.
type Examination struct {
	Type2      bool
	Categories []catalog.CategoryID
	Period     period.Period  // of a type 2; empty when not yet known
	Controls   map[string]int // criterion -> controls in force that serve it; nil when not counted
	CUECs      int            // complementary user entity controls; negative when not counted
	Resources  []string       // types of fact there are; nil when not known
}

// Report is the outcome of a check.
type Report struct {
	Findings []Finding      // worst first, in the order of the document within a level
	Counts   map[string]int // how much of each part there is: "services", "components.software", ...
}

// Complete reports whether nothing is missing and nothing is forbidden.
func (r Report) Complete() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Missing || f.Level == Forbidden })
}

type checker struct {
	Description
	x     Examination
	cat   *catalog.Catalog
	apply map[string]bool
	out   []Finding
}

func (k *checker) add(l Level, dc, path, format string, args ...any) {
	k.out = append(k.out, Finding{l, dc, path, fmt.Sprintf(format, args...)})
}

// need adds a finding unless something holds.
func (k *checker) need(ok bool, dc, path, format string, args ...any) {
	if !ok {
		k.add(Missing, dc, path, format, args...)
	}
}

// Check compares a description with DC1 to DC9 for an examination, and looks at its wording. It decides nothing: significance
// of incidents and changes, reasons and wording stay with people (domain brief 11).
func Check(d Description, x Examination) (Report, error) {
	c, err := catalog.Load()
	if err != nil {
		return Report{}, err
	}
	apply, err := c.Applicable(x.Categories)
	if err != nil {
		return Report{}, errs.Wrap(err, "check the description")
	}
	k := &checker{Description: d.clean(), x: x, cat: c, apply: map[string]bool{}}
	for _, a := range apply {
		k.apply[a.ID] = true
	}
	k.system()
	k.commitments()
	k.components()
	k.incidents()
	k.controls(apply)
	k.subservice()
	k.notApplicable()
	k.changes()
	k.wording()
	rank := []Level{Forbidden, Missing, Wording, Advice}
	slices.SortStableFunc(k.out, func(a, b Finding) int { return slices.Index(rank, a.Level) - slices.Index(rank, b.Level) })
	return Report{Findings: k.out, Counts: k.Description.counts()}, nil
}

// wording looks at every text of the document.
func (k *checker) wording() {
	for _, r := range k.records() {
		eachText(reflect.ValueOf(r.record), "", func(field, text string) {
			for _, w := range Lint(text) {
				level := Wording
				if w.Forbidden {
					level = Forbidden
				}
				k.add(level, "", r.path+field, "%q: %s", w.Text, w.Why)
			}
		})
	}
}

// eachText calls f for each text of a record, with the path that the document has for it.
func eachText(v reflect.Value, path string, f func(path, text string)) {
	switch v.Kind() {
	case reflect.String:
		f(path, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			eachText(v.Elem(), path, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			if tag != "" && tag != "-" {
				eachText(v.Field(i), path+"."+tag, f)
			}
		}
	}
}

// counts says how much of each part there is.
func (d Description) counts() map[string]int {
	out := map[string]int{"services": len(d.Services), "commitments": 0, "requirements": 0, "subservice": len(d.Subservice), "incidents": len(d.Incidents),
		"not_applicable": len(d.NotApplicable), "changes": len(d.Changes), "components": 0, "components.counted": 0}
	for _, c := range d.Commitments {
		out[string(c.Type)+"s"]++
	}
	for _, class := range Classes() {
		list := *d.Components.Of(class)
		out["components."+string(class)] = len(list)
		out["components"] += len(list)
		for _, c := range list {
			if c.Count != nil {
				out["components.counted"]++
			}
		}
	}
	for _, a := range Areas() {
		out["aspects."+string(a)] = len(*d.Aspects.Of(a))
	}
	return out
}
