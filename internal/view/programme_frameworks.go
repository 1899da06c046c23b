package view

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// RequirementRow is a criterion, a control objective or an Annex A control, with how the controls that serve it stand.
type RequirementRow struct {
	Framework string
	ID        string
	Title     string
	Group     string // series, process or clause that it stands under
	Category  catalog.CategoryID
	Intent    string
	Topics    []string

	Controls []ControlRow
	State    chart.Outcome // the worst of them; None when no control, or no tested one, serves it
	InScope  bool          // of the examination that is going on
	Strip    chart.StripData
}

// Tested is the number of controls with a test that was evaluated.
func (q RequirementRow) Tested() int {
	n := 0
	for _, c := range q.Controls {
		if c.Tests > 0 {
			n++
		}
	}
	return n
}

// In counts the controls in a state.
func (q RequirementRow) In(o chart.Outcome) int {
	n := 0
	for _, c := range q.Controls {
		if c.State == o {
			n++
		}
	}
	return n
}

// requirement describes one from the catalogue.
func (r *Reader) requirement(framework, id string) RequirementRow {
	q := RequirementRow{Framework: framework, ID: id, Title: r.catalog.Title(framework, id)}
	switch framework {
	case catalog.TSC:
		if c, err := r.catalog.Criterion(id); err == nil {
			q.Group, q.Category, q.Intent, q.Topics = c.Series, c.Category, c.Intent, c.Topics
		}
	case catalog.SOC1:
		if o, err := r.catalog.Objective(id); err == nil {
			q.Group, q.Intent = o.Process, o.Statement
		}
	case catalog.ISO:
		q.Group = annexGroup(id)
	}
	return q
}

// annexGroup is the clause of Annex A that a control stands in.
func annexGroup(id string) string {
	switch {
	case len(id) < 4:
		return ""
	case id[:3] == "A.5":
		return "Organizational controls"
	case id[:3] == "A.6":
		return "People controls"
	case id[:3] == "A.7":
		return "Physical controls"
	case id[:3] == "A.8":
		return "Technological controls"
	}
	return ""
}

// requirements describes what a control serves, criteria first, in order of presentation.
func (r *Reader) requirements(list []control.Requirement) []RequirementRow {
	var out []RequirementRow
	for _, f := range shown {
		var ids []string
		for _, q := range list {
			if q.Framework == f {
				ids = append(ids, q.ID)
			}
		}
		slices.SortFunc(ids, map[string]func(a, b string) int{catalog.TSC: r.catalog.CompareCriteria, catalog.SOC1: r.catalog.CompareObjectives, catalog.ISO: r.catalog.CompareAnnex}[f])
		for _, id := range ids {
			out = append(out, r.requirement(f, id))
		}
	}
	return out
}

// shown are the frameworks that controls can serve, in the order of the pages.
var shown = []string{catalog.TSC, catalog.SOC1, catalog.ISO}

// framework finds one of those.
func (r *Reader) framework(id string) (catalog.Framework, error) {
	if !slices.Contains(shown, id) {
		return catalog.Framework{}, errs.New(errs.NotFound, "no framework %s with a list of requirements", id)
	}
	return r.catalog.Framework(id)
}

// FrameworkRow is a framework with how much of it has controls.
type FrameworkRow struct {
	catalog.Framework
	Served int // requirements with a control
	States []Choice
	Failed int // requirements with a failing control
}

// Frameworks lists the frameworks that controls serve, and how far.
func (r *Reader) Frameworks(ctx context.Context, s access.ReadScope, now time.Time) ([]FrameworkRow, error) {
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return nil, err
	}
	rows, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return nil, err
	}
	var out []FrameworkRow
	for _, id := range shown {
		f, err := r.framework(id)
		if err != nil {
			return nil, err
		}
		x := FrameworkRow{Framework: f}
		list := r.fill(f.ID, rows)
		x.Requirements = len(list)
		for _, q := range list {
			if len(q.Controls) > 0 {
				x.Served++
			}
			if q.State == chart.Fail {
				x.Failed++
			}
		}
		x.States = states(list, func(q RequirementRow) chart.Outcome { return q.State })
		out = append(out, x)
	}
	return out, nil
}

// fill lists the requirements of a framework with the controls that serve them.
func (r *Reader) fill(framework string, controls []ControlRow) []RequirementRow {
	by := map[string][]ControlRow{}
	for _, c := range controls {
		if c.Gone() {
			continue
		}
		for _, q := range c.Requirements {
			if q.Framework == framework {
				by[q.ID] = append(by[q.ID], c)
			}
		}
	}
	ids := r.catalog.Identifiers(framework)
	out := make([]RequirementRow, 0, len(ids))
	for _, id := range ids {
		q := r.requirement(framework, id)
		q.Controls = by[id]
		for _, c := range q.Controls {
			q.State = max(q.State, c.State)
		}
		out = append(out, q)
	}
	return out
}

// FrameworkFilter narrows the requirements of a framework.
type FrameworkFilter struct {
	Category catalog.CategoryID
	State    *chart.Outcome
	Gaps     bool // only those no control serves
}

// FrameworkDetail is a framework with its requirements in order of presentation.
type FrameworkDetail struct {
	catalog.Framework
	Rows       []RequirementRow
	Total      int      // before filters
	Served     int      // of them all
	States     []Choice // over what the other filters leave
	Categories []Choice
	Window     *Window
	Period     period.Period // of the strips
}

// Framework reads a framework's requirements with their controls.
func (r *Reader) Framework(ctx context.Context, s access.ReadScope, id string, f FrameworkFilter, search string, now time.Time) (FrameworkDetail, error) {
	var d FrameworkDetail
	fw, err := r.framework(id)
	if err != nil {
		return d, err
	}
	d.Framework = fw
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return d, err
	}
	controls, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return d, err
	}
	if d.Window, err = r.Window(ctx, s, now); err != nil {
		return d, err
	}
	scope := r.inScope(d.Window)
	all := r.fill(id, controls)
	d.Total = len(all)
	cats := map[catalog.CategoryID]int64{}
	var facets []RequirementRow
	for _, q := range all {
		q.InScope = scope[q.ID] && id == catalog.TSC
		if len(q.Controls) > 0 {
			d.Served++
		}
		cats[q.Category]++
		if f.Category != "" && q.Category != f.Category || f.Gaps && len(q.Controls) > 0 || !found(search, q.ID, q.Title, q.Intent, q.Group) {
			continue
		}
		facets = append(facets, q)
		if f.State == nil || q.State == *f.State {
			d.Rows = append(d.Rows, q)
		}
	}
	d.States = states(facets, func(q RequirementRow) chart.Outcome { return q.State })
	for _, k := range r.catalog.Categories() {
		if n := cats[k.ID]; n > 0 {
			d.Categories = append(d.Categories, Choice{Value: string(k.ID), Label: k.Name, N: n})
		}
	}
	d.Period = mini(now)
	return d, r.requirementStrips(ctx, s, p, d.Rows, d.Period)
}

// inScope are the criteria of an examination.
func (r *Reader) inScope(w *Window) map[string]bool {
	out := map[string]bool{}
	if w == nil {
		return out
	}
	ids, err := r.catalog.ParseCategories(w.Categories)
	if err != nil { // SOC 1 examinations have objectives
		return out
	}
	list, err := r.catalog.Applicable(ids)
	if err != nil {
		return out
	}
	for _, c := range list {
		out[c.ID] = true
	}
	return out
}

// requirementStrips draws each requirement: the worst of the tests of its controls.
func (r *Reader) requirementStrips(ctx context.Context, s access.ReadScope, p *programme, rows []RequirementRow, span period.Period) error {
	tests := func(q RequirementRow) []int {
		var out []int
		for _, c := range q.Controls {
			out = append(out, p.byControl[c.Ref]...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	var all []int
	for _, q := range rows {
		all = append(all, tests(q)...)
	}
	slices.Sort(all)
	var names []string
	for _, i := range slices.Compact(all) {
		names = append(names, p.tests[i].ID)
	}
	lists, err := r.tallies(ctx, s, names, span)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Strip = p.joint(span, tests(rows[i]), lists)
	}
	return nil
}

// RequirementDetail is one requirement with its controls and what other frameworks say about the same.
type RequirementDetail struct {
	RequirementRow
	Source     catalog.Framework
	Window     *Window
	Previous   string // identifiers before and after it; empty at the ends
	Next       string
	References catalog.References // of a criterion
	CriteriaOf []catalog.Link     // of an Annex A control
}

// Requirement reads a requirement.
func (r *Reader) Requirement(ctx context.Context, s access.ReadScope, framework, id string, now time.Time) (RequirementDetail, error) {
	var d RequirementDetail
	fw, err := r.framework(framework)
	if err != nil {
		return d, err
	}
	ids := r.catalog.Identifiers(framework)
	at := slices.Index(ids, id)
	if at < 0 {
		return d, errs.New(errs.NotFound, "%s has no %s", fw.Name, id)
	}
	d.Source = fw
	if at > 0 {
		d.Previous = ids[at-1]
	}
	if at+1 < len(ids) {
		d.Next = ids[at+1]
	}
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return d, err
	}
	all, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return d, err
	}
	d.RequirementRow = r.fill(framework, all)[at]
	if d.Window, err = r.Window(ctx, s, now); err != nil {
		return d, err
	}
	d.InScope = framework == catalog.TSC && r.inScope(d.Window)[id]
	span, err := r.span(ctx, s, d.Window, now)
	if err != nil {
		return d, err
	}
	one := []RequirementRow{d.RequirementRow}
	if err := r.requirementStrips(ctx, s, p, one, span); err != nil {
		return d, err
	}
	d.Strip = one[0].Strip
	if d.Window != nil {
		d.Strip.Window = d.Window.Period
	}
	sortControls(d.Controls, "state", false)
	if err := r.controlStrips(ctx, s, p, d.Controls, mini(now)); err != nil {
		return d, err
	}
	switch framework {
	case catalog.TSC:
		d.References, err = r.catalog.References(id)
	case catalog.ISO:
		d.CriteriaOf = r.catalog.CriteriaOf(id)
	}
	return d, err
}

// CrossRow is a pair of the crosswalk between the criteria and Annex A, with the controls that serve its two sides.
type CrossRow struct {
	catalog.Link
	CriterionTitle, AnnexTitle string
	Category                   catalog.CategoryID
	Both                       []ControlRow // controls that serve both sides
	OfCriterion, OfAnnex       int          // controls that serve either side
}

// CrossFilter narrows the crosswalk. Zero values do not narrow.
type CrossFilter struct {
	Strength   catalog.Strength
	Category   catalog.CategoryID
	Apart      bool // only pairs whose sides are served by no common control
	FromAnnex  bool // in the order of Annex A
	Identifier string
}

// CrossList is the crosswalk with what its filters would find.
type CrossList struct {
	Rows      []CrossRow
	Strengths map[string]int // over what the other filters leave
}

// Crosswalk pairs criteria with Annex A controls. It carries controls from one side to the other for reading, never a state.
func (r *Reader) Crosswalk(ctx context.Context, s access.ReadScope, f CrossFilter, search string, now time.Time) (CrossList, error) {
	out := CrossList{Strengths: map[string]int{}}
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return out, err
	}
	controls, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return out, err
	}
	sides := [2]map[string]RequirementRow{{}, {}}
	for i, id := range []string{catalog.TSC, catalog.ISO} {
		for _, q := range r.fill(id, controls) {
			sides[i][q.ID] = q
		}
	}
	for _, l := range r.catalog.Links() {
		a, b := sides[0][l.Criterion], sides[1][l.Annex]
		x := CrossRow{Link: l, CriterionTitle: a.Title, AnnexTitle: b.Title, Category: a.Category, OfCriterion: len(a.Controls), OfAnnex: len(b.Controls)}
		for _, c := range a.Controls {
			if slices.ContainsFunc(b.Controls, func(o ControlRow) bool { return o.Ref == c.Ref }) {
				x.Both = append(x.Both, c)
			}
		}
		if f.Category != "" && x.Category != f.Category || f.Apart && len(x.Both) > 0 || f.Identifier != "" && l.Criterion != f.Identifier && l.Annex != f.Identifier || !found(search, l.Criterion, l.Annex, a.Title, b.Title) {
			continue
		}
		out.Strengths[string(l.Strength)]++
		if f.Strength == "" || l.Strength == f.Strength {
			out.Rows = append(out.Rows, x)
		}
	}
	if f.FromAnnex {
		slices.SortStableFunc(out.Rows, func(a, b CrossRow) int { return r.catalog.CompareAnnex(a.Annex, b.Annex) })
	}
	return out, nil
}
