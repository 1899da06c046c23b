package app

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
)

// ownRisks reads the register of risks, its assessments and triggers, and the changes that people are told of.
func (a *App) ownRisks() map[string]ownReader {
	return map[string]ownReader{
		"risk": {read: a.readRisks, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			got, err := a.Risks.List(ctx, s, risk.Filter{}, paging.Query{Size: 1})
			return int64(got.Total), err
		}},
		"risk_assessment": {read: a.readAssessments, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			n, err := a.Risks.CountAssessments(ctx, s)
			return int64(n), err
		}},
		"risk_trigger": {read: a.readTriggers, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			got, err := a.Risks.ListTriggers(ctx, s, risk.TriggerFilter{}, paging.Query{Size: 1})
			return int64(got.Total), err
		}},
		"significant_change": {read: a.readChanges, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			got, err := a.Changes.List(ctx, s, change.Filter{}, paging.Query{Size: 1})
			return int64(got.Total), err
		}},
	}
}

// some is a pointer to what is known, and nil for what is not.
func some[T comparable](x T) *T {
	var none T
	if x == none {
		return nil
	}
	return &x
}

func (a *App) readRisks(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
	all, err := a.Risks.All(ctx, s, risk.Filter{})
	if err != nil {
		return err
	}
	scale, err := a.Risks.Scale(ctx, s)
	if err != nil {
		return err
	}
	controls, err := a.Controls.AsOf(ctx, s, at)
	if err != nil {
		return err
	}
	active := map[string]bool{}
	for _, c := range controls {
		active[c.Ref] = c.InForce()
	}
	tasks, err := a.treatments(ctx, s)
	if err != nil {
		return err
	}
	names, err := a.ownerNames(ctx, s, all)
	if err != nil {
		return err
	}
	assessed, err := a.lastAssessed(ctx, s)
	if err != nil {
		return err
	}
	for _, r := range all {
		f := &collect.Risk{
			ID: r.Ref, Title: r.Title, Kind: string(r.Kind), Process: some(r.Process), Status: string(r.State), InherentScore: some(int64(r.Inherent.Score())),
			ResidualScore: some(int64(r.Residual.Score())), Tolerance: int64(scale.Tolerance), Response: some(string(r.Response)), ReviewedAt: r.Reviewed,
			Controls: int64(len(r.Controls)), FraudTold: r.Triangle.Told(), AssessedIn: some(assessed[r.ID]),
		}
		if f.Owner = some(names[r.Owner]); f.Owner == nil {
			f.Owner = some(r.Owner)
		}
		for _, c := range r.Controls {
			if active[c] {
				f.ActiveControls++
			}
		}
		f.TreatmentsOpen, f.TreatmentsOverdue, f.OverdueUnescalated = overdueTreatments(r, tasks[r.Ref], period.Of(at))
		if x := r.Acceptance; x != nil {
			by := names[string(x.By)]
			if by == "" {
				by = x.Actor
			}
			f.AcceptedBy, f.AcceptedAt, f.AcceptedUntil, f.AcceptedScore = &by, &x.At, &x.Until, some(int64(x.Score))
		}
		if f.Raw, err = rawOf(map[string]any{"ref": r.Ref, "version": r.Version, "inherent": r.Inherent.String(), "residual": r.Residual.String(), "controls": r.Controls, "scale": scale.Version}); err != nil {
			return err
		}
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}

// lastAssessed is the newest frozen assessment that looked at each risk.
func (a *App) lastAssessed(ctx context.Context, s access.ReadScope) (map[risk.ID]string, error) {
	all, err := a.Risks.AllAssessments(ctx, s)
	if err != nil {
		return nil, err
	}
	out := map[risk.ID]string{}
	for _, x := range all {
		if x.Frozen == nil {
			continue
		}
		_, lines, err := a.Risks.Walkthrough(ctx, s, x.Ref)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if out[l.Risk] == "" {
				out[l.Risk] = x.Ref
			}
		}
	}
	return out, nil
}

func (a *App) readAssessments(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	all, err := a.Risks.AllAssessments(ctx, s)
	if err != nil {
		return err
	}
	for _, x := range all {
		_, lines, err := a.Risks.Walkthrough(ctx, s, x.Ref)
		if err != nil {
			return err
		}
		f := &collect.RiskAssessment{
			ID: x.Ref, Title: x.Title, Status: "open", HeldOn: some(x.Held), FrozenAt: x.Frozen, Risks: int64(len(lines)), Participants: int64(len(x.Participants)),
			Processes: some(strings.Join(x.Processes, "\n")), Evidence: some(x.Evidence),
		}
		if x.Frozen != nil {
			f.Status = "frozen"
		}
		if f.Raw, err = rawOf(map[string]any{"ref": x.Ref, "sha256": x.SHA256, "ledger_entry": x.Seq}); err != nil {
			return err
		}
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) readTriggers(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	for n := 1; ; n++ {
		got, err := a.Risks.ListTriggers(ctx, s, risk.TriggerFilter{}, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return err
		}
		for _, x := range got.Rows {
			f := &collect.RiskTrigger{ID: x.Ref, Kind: string(x.Kind), Title: x.Title, EffectiveOn: x.Effective, RecordedAt: x.Created, Dropped: x.Dropped != ""}
			raw := map[string]any{"ref": x.Ref, "version": x.Version, "about": x.About}
			if x.Look != nil {
				f.ReviewedAt = &x.Look.At
				raw["risks"] = x.Look.Risks
			}
			if f.Raw, err = rawOf(raw); err != nil {
				return err
			}
			if err := emit(f); err != nil {
				return err
			}
		}
		if n >= got.Pages() {
			return nil
		}
	}
}

func (a *App) readChanges(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	all, err := a.Changes.All(ctx, s, change.Filter{})
	if err != nil {
		return err
	}
	for _, c := range all {
		f := &collect.SignificantChange{
			ID: c.Ref, Title: c.Title, Status: string(c.State()), CustomerImpact: c.Customer, EffectiveOn: c.Effective, ReleasedAt: c.Released, Audiences: int64(len(c.Audiences)),
		}
		if c.Decision != nil {
			f.Significant = &c.Decision.Significant
		}
		var untold []string
		for _, x := range c.Untold() {
			untold = append(untold, x.Title())
		}
		f.Told = f.Audiences - int64(len(untold))
		f.Proved = f.Told - int64(len(c.Unproved()))
		f.Untold = some(strings.Join(untold, ", "))
		if len(untold) == 0 {
			for _, x := range c.Audiences {
				if n, ok := c.First(x); ok && (f.LastToldAt == nil || n.Sent.After(*f.LastToldAt)) {
					f.LastToldAt = &n.Sent
				}
			}
		}
		if f.Raw, err = rawOf(map[string]any{"ref": c.Ref, "version": c.Version, "notices": len(c.Notices)}); err != nil {
			return err
		}
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}
