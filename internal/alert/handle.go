package alert

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Acknowledge says that somebody looks at an alert. Whoever does owns it if nobody does yet.
func (s *Service) Acknowledge(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Alert, error) {
	return s.change(ctx, scope, now, ref, base, Acked, "", func(_ context.Context, a *Alert, _ map[string]any) error {
		if a.State != Open {
			return errs.New(errs.Conflict, "%s is %s already", a.Ref, strings.ToLower(a.State.Title()))
		}
		a.State, a.EscalateAt = Acknowledged, time.Time{}
		a.acknowledge(scope, now)
		return nil
	})
}

// acknowledge keeps the first acknowledgement.
func (a *Alert) acknowledge(scope access.Scope, now time.Time) {
	if a.Ack == nil {
		a.Ack = &Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}
	}
	if a.Owner == "" {
		a.Owner = scope.User()
	}
}

// Assign gives an alert to somebody, by identifier or e-mail; empty takes it from whoever has it.
func (s *Service) Assign(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, owner string) (Alert, error) {
	return s.change(ctx, scope, now, ref, base, Assigned, "", func(ctx context.Context, a *Alert, says map[string]any) error {
		who, err := s.person(ctx, scope.ReadScope, owner, "owner", "")
		if err != nil {
			return err
		}
		a.Owner = who
		says["owner"] = string(who)
		return nil
	})
}

// Note puts a remark into the history.
func (s *Service) Note(ctx context.Context, scope access.Scope, now time.Time, ref, note string) (Alert, error) {
	note = text.Prose(note)
	if err := text.Bounds("note", "the note", note, 1, MaxWhy); err != nil {
		return Alert{}, err
	}
	return s.change(ctx, scope, now, ref, 0, Noted, note, func(context.Context, *Alert, map[string]any) error { return nil })
}

// Close says what an alert was, and why. of is the other alert of a duplicate.
func (s *Service) Close(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, v Verdict, reason, of string) (Alert, error) {
	reason, of = text.Prose(reason), strings.ToUpper(text.Line(of))
	return s.change(ctx, scope, now, ref, base, Shut, reason, func(ctx context.Context, a *Alert, says map[string]any) error {
		if !slices.Contains(Verdicts(), v) {
			return errs.New(errs.Invalid, "choose what it was").At("verdict")
		}
		if err := text.Bounds("reason", "the reason", reason, MinWhy, MaxWhy); err != nil {
			return err
		}
		switch {
		case a.State == Closed:
			return errs.New(errs.Conflict, "%s is closed already", a.Ref)
		case v == Benign && a.Incident != "":
			return errs.New(errs.Conflict, "%s belongs to %s", a.Ref, a.Incident).At("verdict").WithHint("Close the incident instead; its alerts close with it.")
		}
		if v != Duplicate {
			of = ""
		} else {
			other, err := s.Store.Alert(ctx, scope.ReadScope, of)
			switch {
			case of == "" || errs.Is(err, errs.NotFound):
				return errs.New(errs.Invalid, "name the alert that tells the same").At("of").WithHint("References look like ALR-17.")
			case err != nil:
				return err
			case other.ID == a.ID:
				return errs.New(errs.Invalid, "%s is this one", of).At("of")
			}
		}
		a.State, a.EscalateAt = Closed, time.Time{}
		a.acknowledge(scope, now)
		a.Closing = &Closing{Verdict: v, Reason: reason, Of: of, Actor: scope.Actor(), At: now.UTC().Truncate(time.Microsecond)}
		says["verdict"], says["of"] = string(v), of
		return nil
	})
}

// Reopen takes back that an alert is closed.
func (s *Service) Reopen(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, reason string) (Alert, error) {
	reason = text.Prose(reason)
	return s.change(ctx, scope, now, ref, base, Reopened, reason, func(_ context.Context, a *Alert, says map[string]any) error {
		if a.State != Closed {
			return errs.New(errs.Conflict, "%s is not closed", a.Ref)
		}
		if err := text.Bounds("reason", "the reason", reason, MinWhy, MaxWhy); err != nil {
			return err
		}
		says["was"] = string(a.Closing.Verdict)
		a.State, a.Closing = Acknowledged, nil
		return nil
	})
}

// Link says that an alert belongs to an incident; it is acknowledged by that. An empty incident takes it out again.
func (s *Service) Link(ctx context.Context, scope access.Scope, now time.Time, ref, incident string) (Alert, error) {
	return s.change(ctx, scope, now, ref, 0, Declared, incident, func(_ context.Context, a *Alert, says map[string]any) error {
		switch {
		case incident != "" && a.Incident != "" && a.Incident != incident:
			return errs.New(errs.Conflict, "%s belongs to %s already", a.Ref, a.Incident).At("alerts")
		case incident != "" && a.State == Closed && a.Closing.Verdict == Benign:
			return errs.New(errs.Conflict, "%s was closed as benign", a.Ref).At("alerts").WithHint("Open it again first.")
		}
		a.Incident, a.EscalateAt = incident, time.Time{}
		a.acknowledge(scope, now)
		if a.State == Open {
			a.State = Acknowledged
		}
		says["incident"] = incident
		return nil
	})
}

// Escalate tells more people of the alerts that nobody acknowledged in time. It returns how many there were.
func (s *Service) Escalate(ctx context.Context, scope access.Scope, now time.Time) (int, error) {
	if err := scope.Require(access.RunDetection); err != nil {
		return 0, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	late, err := s.Store.Alerts(ctx, scope.ReadScope, Filter{State: Open, Overdue: now}, paging.Query{Sort: "raised", Size: paging.MaxSize})
	if err != nil || len(late.Rows) == 0 {
		return 0, err
	}
	n := 0
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		n = 0
		routing, err := s.Settings.Routing(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for _, x := range late.Rows {
			a, err := s.Store.Alert(ctx, scope.ReadScope, string(x.ID))
			if err != nil {
				return err
			}
			if a.State != Open || a.EscalateAt.IsZero() || a.EscalateAt.After(now) {
				continue // somebody was faster
			}
			base := a.Version
			to := routing.further(a, now)
			a.EscalateAt, a.Escalated, a.Version, a.Updated = to.Escalate, a.Escalated+1, base+1, now
			if err := s.Store.Save(ctx, scope, a, base); err != nil {
				return err
			}
			says := map[string]any{"route": to.Rule, "people": to.People, "channels": to.Channels, "round": a.Escalated, "title": a.Title, "level": string(a.Level), "story": a.Sentence}
			if err := s.step(ctx, scope, now, a, Escalated, "nobody acknowledged in time", says); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// Alert reads an alert by identifier or reference.
func (s *Service) Alert(ctx context.Context, scope access.ReadScope, ref string) (Alert, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Alert{}, err
	}
	return s.Store.Alert(ctx, scope, ref)
}

// List lists alerts. Sort names: ref, level, title, entity, raised, last, signals, state, owner.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Alert], error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return paging.Result[Alert]{}, err
	}
	if !oneOf(States(), f.State) || !oneOf(Levels(), f.Level) || !oneOf(Levels(), f.AtLeast) || !oneOf(Verdicts(), f.Verdict) || !oneOf(Kinds(), f.Kind) {
		return paging.Result[Alert]{Query: q.Norm()}, nil // nothing is so
	}
	return s.Store.Alerts(ctx, scope, f, q)
}

// History lists what was done to an alert, the oldest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, a ID) ([]Step, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Store.Steps(ctx, scope, a)
}

// Signals lists the signals of an alert, the newest first.
func (s *Service) Signals(ctx context.Context, scope access.ReadScope, a ID, q paging.Query) (paging.Result[Kept], error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return paging.Result[Kept]{}, err
	}
	return s.Store.Signals(ctx, scope, SignalFilter{Alert: a}, q)
}

// Precision counts by rule what became of the alerts raised in [from, to).
func (s *Service) Precision(ctx context.Context, scope access.ReadScope, from, to time.Time) ([]Precision, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Store.Precision(ctx, scope, from, to)
}

// Feedback is what a person said of an alert that was closed, for those who learn from it: rules and baselines.
type Feedback struct {
	Alert              string // reference
	Verdict            Verdict
	Entity, EntityKind string
	Technique          string
	Kinds, Rules       []string
	First, Last        time.Time // of its signals
	Reason             string
	Actor              string
	At                 time.Time
}

// Feedback lists the verdicts given in (after, until], the oldest first, at most 1,000.
func (s *Service) Feedback(ctx context.Context, scope access.ReadScope, after, until time.Time) ([]Feedback, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	res, err := s.Store.Alerts(ctx, scope, Filter{State: Closed, ClosedAfter: after, ClosedUntil: until}, paging.Query{Sort: "closed", Size: paging.MaxSize})
	var out []Feedback
	for _, a := range res.Rows {
		out = append(out, Feedback{Alert: a.Ref, Verdict: a.Closing.Verdict, Entity: a.Entity, EntityKind: a.EntityKind, Technique: a.Technique, Kinds: a.Kinds, Rules: a.Rules,
			First: a.First, Last: a.Last, Reason: a.Closing.Reason, Actor: a.Closing.Actor, At: a.Closing.At})
	}
	return out, err
}
