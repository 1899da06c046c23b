package risk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// TriggerID identifies a trigger.
type TriggerID string

// TriggerKind is what sort of event asks for a review (control RSK-04).
type TriggerKind string

// The kinds.
const (
	Product     TriggerKind = "product"
	Technology  TriggerKind = "technology"
	Vendor      TriggerKind = "vendor"
	Law         TriggerKind = "law"
	Leadership  TriggerKind = "leadership"
	Acquisition TriggerKind = "acquisition"
)

// TriggerKinds lists them.
func TriggerKinds() []TriggerKind {
	return []TriggerKind{Product, Technology, Vendor, Law, Leadership, Acquisition}
}

// Title is the kind as people read it.
func (k TriggerKind) Title() string {
	switch k {
	case Product:
		return "New product"
	case Technology:
		return "New technology"
	case Vendor:
		return "New vendor"
	case Law:
		return "Law or contract"
	case Leadership:
		return "Leadership"
	case Acquisition:
		return "Acquisition"
	}
	return string(k)
}

// Notice is what is said about an event when it becomes known.
type Notice struct {
	Kind      TriggerKind `json:"kind"`
	Title     string      `json:"title"`
	Text      string      `json:"text,omitempty"`
	Effective period.Date `json:"effective"`       // first day on which it holds
	About     string      `json:"about,omitempty"` // record it is about: "SC-2026-07", "V-011"
}

// Look is what a review came to.
type Look struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Outcome string    `json:"outcome"`         // impact on controls, and what follows
	Risks   []string  `json:"risks,omitempty"` // references of risks that were added or rated again
}

// Trigger is an event inside or outside that may change risks: it is reviewed before it takes effect (CC3.4).
type Trigger struct {
	ID  TriggerID `json:"id"`
	Ref string    `json:"ref"` // "RT-007"
	Notice
	Look    *Look     `json:"look,omitempty"`
	Dropped string    `json:"dropped,omitempty"` // why it did not come about
	Version int       `json:"version"`
	Created time.Time `json:"created"`
	Author  string    `json:"author"`
}

// State is how a trigger stands on a day: "waiting", "late", "reviewed", "reviewed late" or "dropped".
func (t Trigger) State(today period.Date) string {
	switch {
	case t.Dropped != "":
		return "dropped"
	case t.Look != nil && period.Of(t.Look.At) < t.Effective:
		return "reviewed"
	case t.Look != nil:
		return "reviewed late"
	case today >= t.Effective:
		return "late"
	}
	return "waiting"
}

// TriggerFilter narrows a list of triggers. Zero values do not narrow.
type TriggerFilter struct {
	Kind  TriggerKind
	State string // "waiting" is everything without a review, "reviewed" everything with one, and "dropped"
	About string
}

// AddTrigger records an event that asks for a review.
func (s *Service) AddTrigger(ctx context.Context, scope access.Scope, now time.Time, n Notice) (Trigger, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Trigger{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	t := Trigger{ID: TriggerID(id.New("rst", now)), Notice: n.clean(), Version: 1, Created: now, Author: scope.Actor()}
	if err := t.Notice.check(now); err != nil {
		return Trigger{}, err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if t, err = s.Triggers.AddTrigger(ctx, scope, t); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "risk.trigger", string(t.ID), map[string]any{"ref": t.Ref, "kind": string(t.Kind), "title": t.Title, "effective": t.Effective.String()})
		return err
	})
	return t, err
}

// EditTrigger changes what is said about an event that was not reviewed yet.
func (s *Service) EditTrigger(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, n Notice) (Trigger, error) {
	return s.turn(ctx, scope, now, ref, base, "risk.trigger_changed", func(_ context.Context, t *Trigger) (map[string]any, error) {
		t.Notice = n.clean()
		return map[string]any{"title": t.Title, "effective": t.Effective.String()}, t.Notice.check(now)
	})
}

// LookAt records the review of an event. It is dated now: nobody reviews in the past.
func (s *Service) LookAt(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, outcome string, risks []string) (Trigger, error) {
	outcome = text.Prose(outcome)
	if err := text.Bounds("outcome", "the outcome", outcome, 20, MaxText); err != nil {
		return Trigger{}, err
	}
	return s.turn(ctx, scope, now, ref, base, "risk.trigger_reviewed", func(ctx context.Context, t *Trigger) (map[string]any, error) {
		x := &Look{At: now.UTC().Truncate(time.Microsecond), Actor: scope.Actor(), Outcome: outcome, Risks: list(risks, strings.ToUpper)}
		if len(x.Risks) > MaxLinks {
			return nil, errs.New(errs.Invalid, "%d are named; at most %d are kept", len(x.Risks), MaxLinks).At("risks")
		}
		for _, r := range x.Risks {
			if _, err := s.Store.Risk(ctx, scope.ReadScope, r); errs.Is(err, errs.NotFound) {
				return nil, errs.New(errs.Invalid, "there is no risk %s", r).At("risks")
			} else if err != nil {
				return nil, err
			}
		}
		t.Look = x
		return map[string]any{"outcome": outcome, "risks": x.Risks, "effective": t.Effective.String()}, nil
	})
}

// Drop says that an event does not come about.
func (s *Service) Drop(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Trigger, error) {
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, MinWhy, MaxWhy); err != nil {
		return Trigger{}, err
	}
	return s.turn(ctx, scope, now, ref, base, "risk.trigger_dropped", func(_ context.Context, t *Trigger) (map[string]any, error) {
		t.Dropped = why
		return map[string]any{"reason": why}, nil
	})
}

func (s *Service) turn(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string, do func(context.Context, *Trigger) (map[string]any, error)) (Trigger, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Trigger{}, err
	}
	var t Trigger
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Triggers.Trigger(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		switch {
		case base != 0 && was.Version != base:
			return errs.Changed(was.Ref, &StaleTrigger{was})
		case was.Look != nil || was.Dropped != "":
			return errs.New(errs.Conflict, "%s is settled already", was.Ref)
		}
		t = was
		says, err := do(ctx, &t)
		if err != nil {
			return err
		}
		t.Version++
		if err := s.Triggers.SaveTrigger(ctx, scope, t, was.Version); err != nil {
			return err
		}
		says["ref"] = t.Ref
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(t.ID), says)
		return err
	})
	return t, err
}

// StaleTrigger is the cause of a Conflict when somebody else changed a trigger meanwhile.
type StaleTrigger struct{ Theirs Trigger }

// Error says what is kept now.
func (s *StaleTrigger) Error() string { return s.Theirs.Ref + " was changed" }

// Trigger reads one by identifier or reference.
func (s *Service) Trigger(ctx context.Context, scope access.ReadScope, ref string) (Trigger, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return Trigger{}, err
	}
	return s.Triggers.Trigger(ctx, scope, ref)
}

// ListTriggers lists triggers. Sort names: ref, title, kind, effective.
func (s *Service) ListTriggers(ctx context.Context, scope access.ReadScope, f TriggerFilter, q paging.Query) (paging.Result[Trigger], error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return paging.Result[Trigger]{}, err
	}
	return s.Triggers.Triggers(ctx, scope, f, q)
}

func (n Notice) clean() Notice {
	n.Title, n.Text, n.About = text.Line(n.Title), text.Prose(n.Text), text.Line(n.About)
	return n
}

func (n Notice) check(now time.Time) error {
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{{"title", "the title", n.Title, 3, MaxTitle}, {"text", "the text", n.Text, 0, MaxText}, {"about", "the record", n.About, 0, 60}} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return err
		}
	}
	today := period.Of(now)
	switch {
	case !slices.Contains(TriggerKinds(), n.Kind):
		return errs.New(errs.Invalid, "choose what sort of event it is").At("kind")
	case n.Effective == 0:
		return errs.New(errs.Invalid, "say from which day it holds").At("effective").WithHint("The review has to come before that day.")
	case n.Effective > today+farFuture || n.Effective < today-farFuture:
		return errs.New(errs.Invalid, "%s is too far away", n.Effective).At("effective")
	}
	return nil
}

func decode[T any](b []byte) (T, error) {
	var x T
	err := json.Unmarshal(b, &x)
	return x, err
}
