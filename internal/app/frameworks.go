package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/framework/frameworksql"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func (a *App) wireFrameworks() {
	store := &frameworksql.Store{DB: a.DB}
	a.Frameworks = &framework.Service{Store: store, Mappings: store, Controls: a.Controls, Blobs: a.Blobs, Tx: a.DB, Ledger: a.Ledger.Store}
	a.Engagement.Families = a.families
}

// families are the imported frameworks with the controls of a dossier that answer them.
func (a *App) families(ctx context.Context, s access.ReadScope, controls []string) ([]engagement.Framework, error) {
	all, err := a.Frameworks.Arrange(ctx, s, controls)
	if err != nil {
		return nil, err
	}
	var out []engagement.Framework
	for _, f := range all {
		x := engagement.Framework{ID: f.Ref, Name: f.Name()}
		for _, y := range f.Families {
			id := y.Label
			if id == "-" { // controls outside any group
				id = ""
			}
			x.Families = append(x.Families, engagement.Family{ID: id, Name: y.Title, Controls: y.Controls})
		}
		out = append(out, x)
	}
	return out, nil
}

var mappingKind = intake.Kind{
	ID: "mappings", Title: "Mappings to a framework", Most: mostAtOnce,
	Help: "Which control answers which requirement of an imported framework. A mapping that is there is left as it is; none is taken away.",
	Fields: []intake.Field{
		{Name: "control", Title: "Control", Required: true, Help: "such as IAM-12", Names: []string{"control id", "control ref", "our control", "reference"}},
		{Name: "requirement", Title: "Requirement", Required: true, Help: "as the catalog has it: ac-2.1 or AC-2(1)", Names: []string{"requirement id", "maps to", "catalog control", "target"}},
		{Name: "framework", Title: "Framework", Help: "such as FW-1; needed where more than one was imported", Names: []string{"catalog"}},
	},
}

// importMappings maps controls to requirements of imported frameworks.
func (a *App) importMappings(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	all, err := a.Frameworks.Frameworks(ctx, s.ReadScope)
	if err != nil {
		return nil, err
	}
	out := make([]intake.Outcome, len(rows))
	err = a.trial(ctx, dry, func(ctx context.Context) error {
		for i, r := range rows {
			o := intake.Outcome{N: r.N, Key: r.Values["control"] + " to " + r.Values["requirement"], State: intake.Same}
			ref, err := one(all, r.Values["framework"])
			fresh := false
			if err == nil {
				fresh, err = a.Frameworks.Map(ctx, s, now, ref, r.Values["requirement"], r.Values["control"], framework.ByFile)
			}
			switch {
			case err != nil && !badRow(err):
				return err
			case err != nil:
				o = wrong(r, err)
			case fresh:
				o.State, o.Why = intake.Added, "Mapped in "+ref+"."
			}
			out[i] = o
		}
		return nil
	})
	return out, err
}

// one is the framework that a row is about.
func one(all []framework.Overview, ref string) (string, error) {
	switch {
	case ref != "":
		return ref, nil
	case len(all) == 1:
		return all[0].Ref, nil
	case len(all) == 0:
		return "", errs.New(errs.Invalid, "no framework was imported").At("framework").WithHint("Import an OSCAL catalog first.")
	}
	return "", errs.New(errs.Invalid, "it does not say which framework it is about").At("framework").WithHint("Add a column with its reference, such as %s.", all[0].Ref)
}
