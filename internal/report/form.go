package report

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// form is the kind of a report, which decides its sections and its words (domain brief 1.1, 4.1).
type form struct{ soc, typ int }

// formOf is the form of an engagement; false if there is no such report. SOC 3 has no Type 1 counterpart.
func formOf(report string, typ int) (form, bool) {
	f := form{typ: typ}
	switch strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(report)), " ", "") {
	case "SOC1":
		f.soc = 1
	case "SOC2":
		f.soc = 2
	case "SOC3":
		f.soc = 3
		return f, typ == 2 || typ == 0
	}
	return f, f.soc > 0 && (typ == 1 || typ == 2)
}

// dated reports whether the report is of one date instead of a period.
func (f form) dated() bool { return f.typ == 1 && f.soc != 3 }

// tested reports whether the report shows tests of controls and their results.
func (f form) tested() bool { return f.typ == 2 && f.soc != 3 }

// criterion and criteria are what controls are measured against.
func (f form) criterion() string {
	if f.soc == 1 {
		return "control objective"
	}
	return "criterion"
}

func (f form) article() string { return "a " + f.criterion() }

func (f form) criteria() string {
	if f.soc == 1 {
		return "control objectives"
	}
	return "criteria"
}

// aim is what the controls are there for.
func (f form) aim() string {
	if f.soc == 1 {
		return "the related control objectives"
	}
	return "the service commitments and system requirements"
}

// matters are what the auditor gives an opinion on, with our name for each.
func (f form) matters() []matter {
	description := matter{engagement.MatterDescription, "Description of the system"}
	design := matter{engagement.MatterDesign, "Suitability of the design of the controls"}
	operation := matter{engagement.MatterOperation, "Operating effectiveness of the controls"}
	switch {
	case f.soc == 3:
		return []matter{{engagement.MatterOperation, "Management’s assertion that the controls were effective"}}
	case f.dated():
		return []matter{description, design}
	}
	return []matter{description, design, operation}
}

type matter struct{ id, name string }

// asOf is the date of a Type 1; without one, the last day of the period that stands in its place.
func (b *builder) asOf() period.Date {
	if e := b.d.Engagement; e.AsOf != 0 || e.Period.Days() == 0 {
		return e.AsOf
	}
	return b.d.Engagement.Period.Last()
}

// covered is the date or period in words: "as of 30 June 2026", "for the period 1 January 2026 to 30 June 2026".
func (b *builder) covered() string {
	if b.form.dated() {
		if b.asOf() == 0 {
			return "as of [no date]"
		}
		return "as of " + day(b.asOf())
	}
	return "for the period " + between(b.d.Engagement.Period)
}

// short is the date or period for running heads.
func (b *builder) short() string {
	if b.form.dated() {
		return b.covered()
	}
	return between(b.d.Engagement.Period)
}

// during is when something was so: "throughout the period", "as of that date".
func (b *builder) during() string {
	if b.form.dated() {
		return "as of that date"
	}
	return "throughout the period"
}

// fit gives a SOC 1 its objectives in the place of criteria, so that every section finds them there. The dossier itself is
// not changed.
func fit(d *engagement.Dossier, f form) *engagement.Dossier {
	if f.soc != 1 {
		return d
	}
	c := *d
	c.Criteria = nil
	known := map[string]bool{}
	for _, o := range d.Objectives {
		known[o.Ref] = true
		intent := o.Text
		if len(o.Assertions) > 0 {
			intent = strings.TrimSpace(intent + " Financial statement assertions: " + strings.Join(o.Assertions, ", ") + ".")
		}
		if o.By != "" && !strings.EqualFold(o.By, "management") {
			intent += " Specified by " + o.By + "."
		}
		c.Criteria = append(c.Criteria, engagement.CriterionFacts{ID: o.Ref, Series: o.Process, Title: o.Title, Intent: intent, Controls: o.Controls})
	}
	c.Controls = make([]engagement.ControlFacts, len(d.Controls))
	for i, x := range d.Controls {
		var serves []string
		for _, id := range x.Criteria {
			if known[id] {
				serves = append(serves, id)
			}
		}
		x.Criteria = serves
		c.Controls[i] = x
	}
	only := func(ids []string) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !known[id] })
	}
	c.CUECs, c.Subservice = slices.Clone(d.CUECs), slices.Clone(d.Subservice)
	for i := range c.CUECs {
		c.CUECs[i].Criteria = only(c.CUECs[i].Criteria)
	}
	for i := range c.Subservice {
		c.Subservice[i].Criteria = only(c.Subservice[i].Criteria)
	}
	return &c
}

// group is what a criterion stands under: its series, or the process of an objective.
func (b *builder) group(c engagement.CriterionFacts) (id, name string, rank int) {
	if b.form.soc != 1 {
		return series(c.ID)
	}
	name = strings.TrimSpace(c.Series)
	if name == "" {
		name = "Other objectives"
	}
	for i, o := range b.d.Criteria {
		if o.Series == c.Series {
			return "", name, i
		}
	}
	return "", name, len(b.d.Criteria)
}

// Arrangement is how section IV arranges its matrix (domain brief 4.1). All three show the same data.
type Arrangement string

// The arrangements.
const (
	ByCriterion Arrangement = "criterion" // each criterion with its controls; a control may stand under several
	ByProcess   Arrangement = "process"   // each control once, by process, with a table from criteria to controls
	ByFramework Arrangement = "framework" // by the families of another framework
)

// Arrangements are all of them, the default first.
func Arrangements() []Arrangement { return []Arrangement{ByCriterion, ByProcess, ByFramework} }

// Options choose between reports of one dossier. The zero value is management's draft by criterion.
type Options struct {
	Arrange   Arrangement
	Framework string // of ByFramework: its identifier; empty for the first that the dossier holds
	// Issued takes the draft marks off, if the dossier holds what an issued report must have: the auditor's report on every
	// matter, and the signatures under assertion and representation letter. Otherwise the document stays a draft and says so.
	Issued bool
}
