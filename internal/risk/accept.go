package risk

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Accept accepts a risk as high as it is now until a day. It takes the right to, somebody who does not own the risk, a reason,
// and an end: an acceptance is looked at again (RSK-02).
func (s *Service) Accept(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, until period.Date, why string) (Risk, error) {
	if err := scope.Require(access.AcceptRisks); err != nil {
		return Risk{}, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, MinWhy, MaxWhy); err != nil {
		return Risk{}, err
	}
	today := period.Of(now)
	switch {
	case until == 0:
		return Risk{}, errs.New(errs.Invalid, "say until when it is accepted").At("until")
	case until < today:
		return Risk{}, errs.New(errs.Invalid, "%s is over", until).At("until").WithHint("Choose today or a later day.")
	case until > today+maxAccepted:
		return Risk{}, errs.New(errs.Invalid, "a risk is accepted for two years at most").At("until")
	}
	return s.change(ctx, scope, now, ref, base, Accepted, why, func(ctx context.Context, r *Risk) error {
		switch {
		case r.State != Open:
			return errs.New(errs.Conflict, "%s is closed", r.Ref)
		case !r.Residual.Rated():
			return errs.New(errs.Conflict, "%s is not rated with its controls: nobody knows what would be accepted", r.Ref).WithHint("Rate it first.")
		}
		if r.Owner != "" {
			o, err := s.Owners.Owner(ctx, scope.ReadScope, r.Owner)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			if err == nil && o.User != "" && o.User == scope.User() {
				return errs.New(errs.Denied, "you own %s, and nobody accepts a risk of their own", r.Ref).WithHint("Ask another person who may accept risks.")
			}
		}
		r.Response = Accept
		r.Acceptance = &Acceptance{By: scope.User(), Actor: scope.Actor(), At: now.UTC().Truncate(time.Microsecond), Until: until, Score: r.Residual.Score(), Why: why}
		return nil
	})
}

// Revoke ends an acceptance before its day.
func (s *Service) Revoke(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Risk, error) {
	if err := scope.Require(access.AcceptRisks); err != nil {
		return Risk{}, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, MinWhy, MaxWhy); err != nil {
		return Risk{}, err
	}
	return s.change(ctx, scope, now, ref, base, Revoked, why, func(_ context.Context, r *Risk) error {
		if r.Acceptance == nil {
			return errs.New(errs.Conflict, "%s is not accepted", r.Ref)
		}
		r.Acceptance = nil
		if r.Response == Accept {
			r.Response = ""
		}
		return nil
	})
}

// Escalate records that a treatment which is late was taken to somebody.
func (s *Service) Escalate(ctx context.Context, scope access.Scope, now time.Time, ref, task, to, why string) (Risk, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Risk{}, err
	}
	to, why, task = text.Line(to), text.Prose(why), text.Line(task)
	if err := text.Bounds("to", "the person", to, 1, maxName); err != nil {
		return Risk{}, err
	}
	if err := text.Bounds("why", "the reason", why, MinWhy, MaxWhy); err != nil {
		return Risk{}, err
	}
	return s.change(ctx, scope, now, ref, 0, Escalated, task+" to "+to+": "+why, func(_ context.Context, r *Risk) error {
		if len(r.Escalations) >= MaxLinks {
			return errs.New(errs.Exhausted, "%s has %d escalations", r.Ref, MaxLinks)
		}
		r.Escalations = append(r.Escalations, Escalation{Task: task, To: to, Why: why, Actor: scope.Actor(), At: now.UTC().Truncate(time.Microsecond)})
		return nil
	})
}

// Review records that somebody looked at a risk and found it as it is, and when to look again.
func (s *Service) Review(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, next period.Date, note string) (Risk, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Risk{}, err
	}
	note = text.Prose(note)
	if err := text.Bounds("note", "the note", note, 0, MaxWhy); err != nil {
		return Risk{}, err
	}
	return s.change(ctx, scope, now, ref, base, Reviewed, note, func(_ context.Context, r *Risk) error {
		if r.State != Open {
			return errs.New(errs.Conflict, "%s is closed", r.Ref)
		}
		at := now.UTC().Truncate(time.Microsecond)
		r.Reviewed, r.ReviewedBy, r.Review = &at, scope.Actor(), next
		return nil
	})
}

// Close says that a risk is no more, and why.
func (s *Service) Close(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Risk, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Risk{}, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, MinWhy, MaxWhy); err != nil {
		return Risk{}, err
	}
	return s.change(ctx, scope, now, ref, base, Shut, why, func(_ context.Context, r *Risk) error {
		if r.State == Closed {
			return errs.New(errs.Conflict, "%s is closed already", r.Ref)
		}
		r.State, r.Why = Closed, why
		return nil
	})
}

// Reopen puts a closed risk back into the register.
func (s *Service) Reopen(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Risk, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Risk{}, err
	}
	return s.change(ctx, scope, now, ref, base, Reopened, "", func(_ context.Context, r *Risk) error {
		if r.State == Open {
			return errs.New(errs.Conflict, "%s is open already", r.Ref)
		}
		r.State, r.Why = Open, ""
		return nil
	})
}
