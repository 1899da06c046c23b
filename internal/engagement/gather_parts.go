package engagement

import (
	"context"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
)

// parts fills in what only some reports have: the date of a Type 1, the objectives of a SOC 1, and the families of
// ISO/IEC 27001 and of imported frameworks by which the same controls can be arranged.
func (g *gatherer) parts(ctx context.Context, d *Dossier) error {
	if g.e.Type == 1 {
		d.Engagement.AsOf = g.e.Period.Last()
	}
	for _, o := range g.e.Objectives {
		x := ObjectiveFacts{Ref: o.ID, Process: o.Process, Title: o.ID, Text: o.Statement, Assertions: orEmpty(o.Assertions), By: o.By, Controls: []string{}}
		if c, err := g.s.Catalog.Objective(o.ID); err == nil && !o.Own {
			x.Title = c.Title
		}
		for _, c := range g.controls {
			if slices.Contains(o.Controls, c.Ref) || slices.Contains(c.Version.Serves(catalog.SOC1), o.ID) {
				x.Controls = append(x.Controls, c.Ref)
			}
		}
		d.Objectives = append(d.Objectives, x)
	}
	if len(g.e.Objectives) > 0 {
		for i, c := range g.controls {
			d.Controls[i].Criteria = serving(c, d.Objectives)
		}
	}
	d.Frameworks = annexFamilies(g.controls)
	if g.s.Families == nil {
		return nil
	}
	refs := make([]string, len(g.controls))
	for i, c := range g.controls {
		refs[i] = c.Ref
	}
	more, err := g.s.Families(ctx, g.read, refs)
	d.Frameworks = append(d.Frameworks, more...)
	return err
}

// handed takes what the firm handed over, and management's answers to its own tests.
func (g *gatherer) handed(ctx context.Context, d *Dossier) error {
	if g.s.Answered != nil {
		all, err := g.s.Answered(ctx, g.read, g.e.ID)
		if err != nil {
			return err
		}
		for _, r := range all {
			if slices.ContainsFunc(d.Tests, func(t TestFacts) bool { return t.ID == r.Test && len(t.Deviations) > 0 }) {
				d.Responses = append(d.Responses, r)
			}
		}
	}
	if g.s.Handed == nil {
		return nil
	}
	h, err := g.s.Handed(ctx, g.read, g.e.ID)
	if err != nil || h == nil {
		return err
	}
	d.HandOver, d.Work, d.Auditor = &HandOverRef{Number: h.Number, SHA256: h.SHA256, Seq: h.Seq}, h.Work, h.Auditor
	if len(g.e.Objectives) > 0 {
		for i, w := range d.Work {
			for _, c := range d.Controls {
				if c.Ref == w.Control {
					d.Work[i].Criteria = c.Criteria
				}
			}
		}
	}
	return nil
}

// serving are the objectives that a control serves.
func serving(c control.Control, all []ObjectiveFacts) []string {
	out := []string{}
	for _, o := range all {
		if slices.Contains(o.Controls, c.Ref) {
			out = append(out, o.Ref)
		}
	}
	return out
}

// themes are the four groups of Annex A of ISO/IEC 27001:2022.
var themes = []Family{{ID: "A.5", Name: "Organisational controls"}, {ID: "A.6", Name: "People controls"}, {ID: "A.7", Name: "Physical controls"}, {ID: "A.8", Name: "Technological controls"}}

// annexFamilies arranges controls by the themes of Annex A that they are mapped to; nothing if none is mapped.
func annexFamilies(list []control.Control) []Framework {
	f := Framework{ID: catalog.ISO, Name: "ISO/IEC 27001:2022, Annex A"}
	mapped := false
	for _, t := range themes {
		t.Controls = []string{}
		for _, c := range list {
			if slices.ContainsFunc(c.Version.Serves(catalog.ISO), func(id string) bool { return strings.HasPrefix("A."+strings.TrimPrefix(id, "A."), t.ID+".") }) {
				t.Controls = append(t.Controls, c.Ref)
				mapped = true
			}
		}
		f.Families = append(f.Families, t)
	}
	if !mapped {
		return nil
	}
	return []Framework{f}
}
