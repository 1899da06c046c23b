package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/occurrence/occurrencesql"
)

// papers says whether a reference names evidence that counts.
type papers struct{ store evidence.Store }

// Known implements occurrence.Papers.
func (p papers) Known(ctx context.Context, s access.ReadScope, ref string) (bool, error) {
	e, err := p.store.Item(ctx, s, ref)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil && e.Status == evidence.Active, err
}

func (a *App) wireOccurrences() {
	a.Occurrences = &occurrence.Service{
		Store: &occurrencesql.Store{DB: a.DB}, Controls: a.Controls, People: a.Access, Papers: papers{a.Evidence.Store}, Tx: a.DB, Ledger: a.Ledger.Store,
	}
}

// ownOccurrences reads what people perform on a rhythm.
func (a *App) ownOccurrences() map[string]ownReader {
	return map[string]ownReader{"occurrence": {
		read: func(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
			all, err := a.Occurrences.Facts(ctx, s, at)
			if err != nil {
				return err
			}
			addresses, err := a.addresses(ctx, s)
			if err != nil {
				return err
			}
			for _, o := range all {
				f, err := occurrenceFact(o, addresses, at)
				if err != nil {
					return err
				}
				if err := emit(f); err != nil {
					return err
				}
			}
			return nil
		},
		count: a.countOccurrences,
	}}
}

func (a *App) countOccurrences(ctx context.Context, s access.ReadScope, at time.Time) (int64, error) {
	return a.Occurrences.Count(ctx, s, at)
}

// addresses are the members' addresses by identifier.
func (a *App) addresses(ctx context.Context, s access.ReadScope) (map[access.UserID]string, error) {
	members, err := a.Access.Members(ctx, s)
	out := map[access.UserID]string{}
	for _, m := range members {
		out[m.ID] = m.Email
	}
	return out, err
}

func occurrenceFact(o occurrence.Occurrence, addresses map[access.UserID]string, at time.Time) (*collect.Occurrence, error) {
	address := func(u access.UserID) *string {
		if u == "" {
			return nil
		}
		s, ok := addresses[u]
		if !ok {
			s = string(u)
		}
		return &s
	}
	f := &collect.Occurrence{
		ID: o.Ref(), Control: o.Control, Rhythm: string(o.Rhythm), FromOn: o.From, DueOn: o.Due, UntilOn: o.Until, State: string(o.State(period.Of(at))),
		Owner: address(o.Owner), EvidenceAsked: o.Attach != "", CheckAsked: o.Checks,
	}
	raw := map[string]any{"ref": o.Ref(), "attach": o.Attach}
	if r := o.Record; r != nil {
		raw["note"], raw["evidence"], raw["version"] = r.Note, r.Evidence, r.Version
		if o.Performed() {
			f.Performer, f.PerformedOn, f.RecordedAt, f.EvidenceCount = address(r.Performer), &r.PerformedOn, &r.RecordedAt, int64(len(r.Evidence))
		}
		f.Checker, f.CheckedAt = address(r.Checker), r.CheckedAt
	}
	b, err := json.Marshal(raw)
	f.Raw = string(b)
	return f, err
}
