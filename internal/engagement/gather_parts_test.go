package engagement

import (
	"context"
	"slices"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// TestParts: a Type 1 has its date, a SOC 1 its objectives with the controls that either side names, and the themes of Annex A
// hold the mapped controls.
func TestParts(t *testing.T) {
	t.Parallel()
	cat, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	with := func(ref string, serves ...control.Requirement) control.Control {
		return control.Control{Ref: ref, Version: control.Version{Text: control.Text{Requirements: serves}}}
	}
	g := &gatherer{s: &Service{Catalog: cat}, controls: []control.Control{
		with("IAM-04", control.Requirement{Framework: catalog.SOC1, ID: "ITGC-01"}, control.Requirement{Framework: catalog.ISO, ID: "A.5.18"}), with("FIN-02"), with("GOV-01"),
	}}
	g.e = Engagement{Report: SOC1, Type: 1, Period: period.Closed(period.Make(2026, 6, 30), period.Make(2026, 6, 30)), Objectives: []Objective{
		{ID: "ITGC-01", Process: "IT general controls", Statement: "Controls provide reasonable assurance."}, {ID: "OWN-1", Own: true, Controls: []string{"FIN-02"}},
	}}
	d := &Dossier{Controls: make([]ControlFacts, 3)}
	g.s.Families = func(_ context.Context, _ access.ReadScope, controls []string) ([]Framework, error) {
		if !slices.Equal(controls, []string{"IAM-04", "FIN-02", "GOV-01"}) {
			t.Errorf("asked for %v", controls)
		}
		return []Framework{{ID: "FW-1", Name: "Northwind baseline"}}, nil
	}
	if err := g.parts(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if d.Engagement.AsOf != period.Make(2026, 6, 30) || len(d.Objectives) != 2 {
		t.Fatalf("%v, %d objectives", d.Engagement.AsOf, len(d.Objectives))
	}
	if o := d.Objectives[0]; !slices.Equal(o.Controls, []string{"IAM-04"}) || o.Title == o.Ref || o.Assertions == nil {
		t.Errorf("%+v", o)
	}
	if o := d.Objectives[1]; !slices.Equal(o.Controls, []string{"FIN-02"}) || o.Title != "OWN-1" {
		t.Errorf("%+v", o)
	}
	if !slices.Equal(d.Controls[0].Criteria, []string{"ITGC-01"}) || !slices.Equal(d.Controls[1].Criteria, []string{"OWN-1"}) || len(d.Controls[2].Criteria) > 0 {
		t.Errorf("%+v", d.Controls)
	}
	if len(d.Frameworks) != 2 || d.Frameworks[1].ID != "FW-1" || !slices.Equal(d.Frameworks[0].Families[0].Controls, []string{"IAM-04"}) {
		t.Errorf("%+v", d.Frameworks)
	}
}
