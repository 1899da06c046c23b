package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Events gives events of the systems that are watched. The lake of events does.
type Events interface {
	// Each gives the events of some logs, or of all when none is named, in [from, to) in the order of time. An error of do ends it.
	Each(ctx context.Context, s access.ReadScope, logs []string, from, to time.Time, do func(*event.Event) error) error
}

// How far a reconstruction looks: backs are tried in turn while there are more events than mostEvents, which bounds memory (some
// 1.5 kB an event). Without some days before the first act nothing is usual.
var backs = []time.Duration{14 * 24 * time.Hour, 4 * 24 * time.Hour, 24 * time.Hour, 3 * time.Hour}

const (
	ahead      = 3 * 24 * time.Hour // after the last event that was reported
	mostEvents = 200_000
	tellEvery  = 5_000 // events
)

// errMany ends reading.
var errMany = errors.New("more events than one reconstruction looks at")

// Reconstruct computes from the events what led to those that alerts reported and what followed, and keeps it beside the incident.
// The beginning it finds becomes the incident's while nobody has said better.
func (s *Service) Reconstruct(ctx context.Context, scope access.Scope, now time.Time, ref string) (Incident, error) {
	return s.ReconstructTelling(ctx, scope, now, ref, nil)
}

// Telling is told how far a reconstruction is: how many events were read so far, and what it does.
type Telling func(events int64, what string)

// ReconstructTelling is Reconstruct with somebody who waits for it. What was computed before stays until the new one is there, also when
// the work is ended half-way.
func (s *Service) ReconstructTelling(ctx context.Context, scope access.Scope, now time.Time, ref string, told Telling) (Incident, error) {
	if told == nil {
		told = func(int64, string) {}
	}
	now = now.UTC().Truncate(time.Microsecond)
	x, seen, err := s.begins(ctx, scope, ref)
	if err != nil {
		return Incident{}, err
	}
	list, err := s.window(ctx, scope.ReadScope, seen, now, told)
	if err != nil {
		return Incident{}, err
	}
	told(int64(len(list)), "follow what belongs together")
	found := trace.Trace(list, seen.ids, trace.Options{Tactics: seen.tactics})
	if found.Root == "" {
		return Incident{}, errs.New(errs.NotFound, "none of the %d events that were reported is among the %d that are kept", len(seen.ids), found.Looked).WithHint("Look at the sources: their events may have been removed, or never arrived.")
	}
	if err := ctx.Err(); err != nil {
		return Incident{}, err
	}
	body, err := json.Marshal(found)
	if err != nil {
		return Incident{}, errs.As(errs.Internal, err, "reconstruction of %s", x.Ref)
	}
	note := fmt.Sprintf("%d of %d events", len(found.Events), found.Looked)
	return s.change(ctx, scope, now, ref, 0, Traced, Step{Note: note}, func(ctx context.Context, x *Incident, says map[string]any) error {
		says["root"], says["first"], says["last"], says["events"], says["looked"] = found.Root, found.First.Format(time.RFC3339), found.Last.Format(time.RFC3339), len(found.Events), found.Looked
		if m := x.Times.Started; m == nil || m.Estimate && found.First.Before(m.At) {
			if d := x.Times.Detected; d == nil || !found.First.After(d.At) {
				x.Times.Started = &Moment{At: found.First.UTC().Truncate(time.Microsecond), Estimate: true, By: Mark{scope.Actor(), now}}
			}
		}
		return s.Store.AddSnapshot(ctx, scope, x.ID, Snapshot{At: now, Actor: scope.Actor(), Events: len(found.Events), Root: found.First, Body: body})
	})
}

// CanReconstruct says what stands against a reconstruction, before work begins on it.
func (s *Service) CanReconstruct(ctx context.Context, scope access.Scope, ref string) (Incident, error) {
	x, _, err := s.begins(ctx, scope, ref)
	return x, err
}

// begins reads what a reconstruction begins from.
func (s *Service) begins(ctx context.Context, scope access.Scope, ref string) (Incident, reports, error) {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return Incident{}, reports{}, err
	}
	if s.Events == nil {
		return Incident{}, reports{}, errs.New(errs.Unavailable, "no events can be read").WithHint("Events are read while the server runs.")
	}
	x, err := s.Store.Incident(ctx, scope.ReadScope, ref)
	if err != nil {
		return x, reports{}, err
	}
	seen, err := s.reported(ctx, scope.ReadScope, x)
	if err == nil && len(seen.ids) == 0 {
		err = errs.New(errs.Conflict, "%s names no event to begin from", x.Ref).WithHint("Add an alert with events to it.")
	}
	return x, seen, err
}

// reports is what the alerts of an incident reported.
type reports struct {
	ids         []string
	tactics     map[string][]string
	first, last time.Time
}

// maxReported bounds the events a reconstruction begins from.
const maxReported = 5000

func (s *Service) reported(ctx context.Context, scope access.ReadScope, x Incident) (reports, error) {
	out := reports{tactics: map[string][]string{}}
	known := map[string]bool{}
	add := func(id string, at time.Time) {
		if id == "" || len(out.ids) >= maxReported || known[id] {
			return
		}
		known[id], out.ids = true, append(out.ids, id)
		if out.first.IsZero() || at.Before(out.first) {
			out.first = at
		}
		if at.After(out.last) {
			out.last = at
		}
	}
	for _, ref := range x.Alerts {
		a, err := s.Alerts.Alert(ctx, scope, ref)
		if err != nil {
			return out, err
		}
		kept, err := s.Alerts.Signals(ctx, scope, a.ID, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return out, err
		}
		for _, k := range kept.Rows {
			for _, f := range k.Events {
				at := f.At
				if at.IsZero() {
					at = k.Signal.At
				}
				add(f.Event, at)
				if s.Tactics != nil {
					out.tactics[f.Event] = append(out.tactics[f.Event], s.Tactics(k.Rule)...)
				}
			}
		}
	}
	return out, nil
}

// window reads the events around those that were reported: as many days before as memory allows.
func (s *Service) window(ctx context.Context, scope access.ReadScope, seen reports, now time.Time, told Telling) ([]event.Event, error) {
	to := seen.last.Add(ahead)
	if to.After(now) {
		to = now.Add(time.Minute)
	}
	var list []event.Event
	for i, back := range backs {
		list = list[:0]
		err := s.Events.Each(ctx, scope, nil, seen.first.Add(-back), to, func(e *event.Event) error {
			if len(list) >= mostEvents {
				return errMany
			}
			if len(list)%tellEvery == 0 {
				told(int64(len(list)), "read events")
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			one := *e
			one.Raw = nil // the record itself is not looked at
			list = append(list, one)
			return nil
		})
		switch {
		case err == nil:
			return list, nil
		case !errors.Is(err, errMany):
			return nil, err
		case i == len(backs)-1:
			return list, nil // the first so many from three hours before
		}
	}
	return list, nil
}
