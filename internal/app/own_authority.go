package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/collect"
)

// judgedFor is how far back judgements are read each day: longer than any test looks, so that none is missed between two readings.
const judgedFor = 35 * 24 * time.Hour

// ownAuthority reads what events told of changes, grants and transfers, and whether something allows them.
func (a *App) ownAuthority() map[string]ownReader {
	recent := func(at time.Time) authority.Filter {
		return authority.Filter{From: at.Add(-judgedFor), To: at.Add(time.Microsecond)}
	}
	return map[string]ownReader{
		"judged_event": {
			read: func(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
				return a.Authority.Store.Each(ctx, s, recent(at), func(j authority.Judgement) error {
					f := &collect.JudgedEvent{
						ID: j.Event, OccurredAt: j.At, Log: j.Log, Act: string(j.Act), Actor: some(j.Actor), Action: j.Action, Target: some(j.Target),
						Verdict: string(j.Verdict), RecordKind: some(string(j.Kind)), Record: some(j.Record), Why: j.Why,
					}
					var err error
					if f.Raw, err = rawOf(j); err != nil {
						return err
					}
					return emit(f)
				})
			},
			count: func(ctx context.Context, s access.ReadScope, at time.Time) (int64, error) {
				n, err := a.Authority.Store.Count(ctx, s, recent(at))
				return int64(n[authority.Authorised] + n[authority.Unauthorised] + n[authority.Unknown]), err
			},
		},
	}
}
