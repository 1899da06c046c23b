package app

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/change/changesql"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/risk/risksql"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/work"
)

// wireRisks makes the register of risks and the records of changes.
func (a *App) wireRisks() {
	store := &risksql.Store{DB: a.DB}
	a.Risks = &risk.Service{
		Store: store, Scales: store, Assessments: store, Triggers: store, Controls: a.Controls, Owners: riskOwners{a}, Files: riskFiles{a.Evidence}, Tx: a.DB, Ledger: a.Ledger.Store,
	}
	a.Changes = &change.Service{Store: &changesql.Store{DB: a.DB}, Evidence: a.Evidence.Store, Tx: a.DB, Ledger: a.Ledger.Store}
	a.Changes.Campaign = func(ctx context.Context, s access.ReadScope, ref string) error {
		_, err := a.Campaigns.Campaign(ctx, s, ref)
		return err
	}
}

// riskOwners finds owners of risks: members first, then people of the directory.
type riskOwners struct{ a *App }

// Owner implements risk.Owners.
func (o riskOwners) Owner(ctx context.Context, s access.ReadScope, who string) (risk.Owner, error) {
	m, err := o.a.Access.Member(ctx, s, who)
	if err == nil {
		return risk.Owner{ID: string(m.ID), User: m.ID, Name: m.Name, Gone: m.Disabled}, nil
	}
	if !errs.Is(err, errs.NotFound) {
		return risk.Owner{}, err
	}
	p, err := o.a.People.Person(ctx, s, who)
	return risk.Owner{ID: string(p.ID), User: p.User, Name: p.Name, Gone: p.State == people.Left}, err
}

// riskFiles files frozen assessments as evidence.
type riskFiles struct{ evidence *evidence.Service }

// File implements risk.Files.
func (f riskFiles) File(ctx context.Context, s access.Scope, x risk.Assessment, body []byte, controls []string) (string, error) {
	now := *x.Frozen
	held := x.Held.Time()
	all, err := f.evidence.Add(ctx, s, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: x.Ref + " " + x.Title, Kind: evidence.Document, Files: []evidence.File{evidence.Bytes(x.Ref+".json", body)}, Class: evidence.Confidential,
		Shows: "The whole risk register as it was looked at, rated and frozen, with method, participants, controls and treatments.",
		From:  held, To: held.AddDate(0, 0, 1), Obtained: "Frozen by the program from the register when " + x.Ref + " was finished", Controls: controls, Again: true,
	})
	if err != nil {
		return "", err
	}
	return all[0].Ref, nil
}

// AroundRisks adds to risks what the rest of the program knows: the owner's name, the controls with their newest results, and
// the tasks that treat them, nil for those who may not read tasks.
func (a *App) AroundRisks(at time.Time) risk.Around {
	return func(ctx context.Context, s access.ReadScope, risks []risk.Risk) ([]risk.FrozenRisk, error) {
		if a.pages == nil {
			a.pages = view.New(a.DB, a.Catalog)
		}
		list, err := a.pages.Controls(ctx, s, view.ControlFilter{}, paging.Query{Size: paging.MaxSize}, at)
		if err != nil {
			return nil, err
		}
		controls := map[string]view.ControlRow{}
		for _, c := range list.Rows {
			controls[c.Ref] = c
		}
		var tasks map[string][]work.Task
		if s.Can(access.ReadTasks) {
			if tasks, err = a.treatments(ctx, s); err != nil {
				return nil, err
			}
		}
		names, err := a.ownerNames(ctx, s, risks)
		if err != nil {
			return nil, err
		}
		out := make([]risk.FrozenRisk, len(risks))
		for i, r := range risks {
			x := risk.FrozenRisk{Risk: r, OwnerName: names[r.Owner], Linked: []risk.FrozenControl{}}
			if tasks != nil {
				x.Treatments = []risk.FrozenTreatment{}
			}
			for _, ref := range r.Controls {
				c, ok := controls[ref]
				if !ok { // it is no more in force
					old, err := a.Controls.Control(ctx, s, ref)
					if err != nil && !errs.Is(err, errs.NotFound) {
						return nil, err
					}
					c.Title = old.Version.Title
				}
				x.Linked = append(x.Linked, risk.FrozenControl{Ref: ref, Title: c.Title, InForce: ok && c.Status == control.Approved, Outcome: view.StateName(c.State)})
			}
			for _, t := range tasks[r.Ref] {
				x.Treatments = append(x.Treatments, risk.FrozenTreatment{Ref: t.Ref, Title: t.Title, Status: string(t.Status), Owner: names[string(t.Owner)], Due: t.Due})
			}
			out[i] = x
		}
		return out, nil
	}
}

// treatments are the tasks that treat risks, by reference of the risk, oldest first.
func (a *App) treatments(ctx context.Context, s access.ReadScope) (map[string][]work.Task, error) {
	out := map[string][]work.Task{}
	for n := 1; ; n++ {
		got, err := a.Work.List(ctx, s, work.Filter{Source: work.FromRisk}, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		for _, t := range got.Rows {
			ref, _, _ := strings.Cut(t.SourceRef, "/")
			out[ref] = append(out[ref], t)
		}
		if n >= got.Pages() {
			return out, nil
		}
	}
}

// ownerNames are the names of everybody who may own risks and tasks, by identifier.
func (a *App) ownerNames(ctx context.Context, s access.ReadScope, risks []risk.Risk) (map[string]string, error) {
	members, err := a.Access.Members(ctx, s)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range members {
		out[string(m.ID)] = m.Name
	}
	var ids []people.ID
	for _, r := range risks {
		if _, ok := out[r.Owner]; r.Owner != "" && !ok {
			ids = append(ids, people.ID(r.Owner))
		}
	}
	known, err := a.People.Known(ctx, s, ids)
	for _, p := range known {
		out[string(p.ID)] = p.Name
	}
	return out, err
}

// overdueTreatments counts those of a risk that are open, late, and late without having been escalated.
func overdueTreatments(r risk.Risk, tasks []work.Task, today period.Date) (open, late, unescalated int64) {
	for _, t := range tasks {
		if t.Status.Closed() {
			continue
		}
		open++
		if t.Overdue(today) {
			late++
			if !r.Escalated(t.Ref) {
				unescalated++
			}
		}
	}
	return open, late, unescalated
}
