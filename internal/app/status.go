package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Status is where an organisation stands, in figures that are counted, not scored.
type Status struct {
	Org           string         `json:"org"`
	Engagement    string         `json:"engagement"`
	Period        string         `json:"period"`
	Day           int            `json:"day"`
	Days          int            `json:"days"`
	Controls      int            `json:"controls"`
	Tested        int            `json:"controls_tested"`
	Pass          int            `json:"pass"`
	Fail          int            `json:"fail"`
	Unknown       int            `json:"unknown"`
	NotApplicable int            `json:"not_applicable"`
	Sources       []SourceStatus `json:"sources"`
	Entries       int64          `json:"ledger_entries"`
	Head          string         `json:"ledger_head"`
}

// SourceStatus is a connection with its last run.
type SourceStatus struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
	Age    string `json:"age"`
	Facts  int64  `json:"facts"`
}

// Status counts where the organisation stands.
func (a *App) Status(ctx context.Context, scope access.ReadScope, now time.Time) (Status, error) {
	var x Status
	o, err := a.Access.Org(ctx, scope)
	if err != nil {
		return x, err
	}
	x.Org = o.Name
	engagements, err := a.Engagement.Store.Engagements(ctx, scope)
	if err != nil {
		return x, err
	}
	if len(engagements) > 0 {
		e := engagements[0]
		x.Engagement, x.Period, x.Days = e.Ref, e.Period.String(), e.Period.Days()
		x.Day = min(max(int(period.Of(now)-e.Period.From)+1, 0), x.Days)
	}
	inForce, err := a.Controls.AsOf(ctx, scope, now)
	if err != nil {
		return x, err
	}
	x.Controls = len(inForce)
	last, err := a.Evaluate.Store.Last(ctx, scope)
	if err != nil {
		return x, err
	}
	tests, err := a.Evaluate.Store.Installed(ctx, scope)
	if err != nil {
		return x, err
	}
	tested := map[string]bool{}
	for _, t := range tests {
		r, ran := last[t.Definition.ID]
		if !ran {
			continue
		}
		for _, c := range t.Definition.Controls {
			tested[c] = true
		}
		switch r.Outcome {
		case evaluate.Pass:
			x.Pass++
		case evaluate.Fail:
			x.Fail++
		case evaluate.NotApplicable:
			x.NotApplicable++
		default:
			x.Unknown++
		}
	}
	for _, c := range inForce {
		if tested[c.Ref] {
			x.Tested++
		}
	}
	if x.Sources, err = a.sources(ctx, scope, now); err != nil {
		return x, err
	}
	head, err := a.Ledger.Store.Head(ctx, scope)
	x.Entries, x.Head = head.Seq, head.Hash[:16]
	return x, err
}

func (a *App) sources(ctx context.Context, scope access.ReadScope, now time.Time) ([]SourceStatus, error) {
	conns, err := a.Collect.Store.Connections(ctx, scope)
	if err != nil {
		return nil, err
	}
	out := []SourceStatus{}
	for _, c := range conns {
		s := SourceStatus{Name: c.Name, Kind: c.Kind, Status: "never collected", Age: "–"}
		runs, err := a.Collect.Store.Runs(ctx, scope, c.ID, paging.Query{Size: 1})
		if err != nil {
			return nil, err
		}
		if len(runs.Rows) > 0 {
			r := runs.Rows[0]
			s.Status, s.Age, s.Facts = string(r.Status), Age(now.Sub(r.Started)), r.Facts()
		}
		out = append(out, s)
	}
	return out, nil
}

// Age is how long ago something was, for people.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
