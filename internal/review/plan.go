package review

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Plan says how often a system is to be reviewed, and by whom.
type Plan struct {
	Connection string // identifier
	Source     string // its name
	Kind       string
	Critical   bool
	Every      Every
	Reviewer   access.UserID
	Deputy     access.UserID
	Version    int // from 1
	Created    time.Time
	Updated    time.Time
	LastRef    string     // the newest review of its accounts; filled when read
	Last       *time.Time // when that began
}

// Next is the last day on which the next review has to begin: the end of the interval that lacks one.
func (p Plan) Next(today period.Date) period.Date {
	now := p.Every.Span(today)
	if p.Last != nil && period.Of(*p.Last) >= now.From {
		return p.Every.Span(now.To).Last()
	}
	return now.Last()
}

// Missed reports whether the interval before this one, if the plan is as old, went by without a review.
func (p Plan) Missed(today period.Date) (period.Period, bool) {
	before := p.Every.Span(p.Every.Span(today).From - 1)
	old := period.Of(p.Created) <= before.From
	return before, old && (p.Last == nil || period.Of(*p.Last) < before.From)
}

// SetPlan sets how often a system is reviewed. base is the version the editor saw, 0 for none yet or whatever is there.
func (s *Service) SetPlan(ctx context.Context, scope access.Scope, now time.Time, base int, p Plan) (Plan, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return Plan{}, err
	}
	switch {
	case p.Every.Title() == string(p.Every):
		return Plan{}, errs.New(errs.Invalid, "choose how often the system is reviewed").At("every")
	case p.Critical && p.Every != Quarterly:
		return Plan{}, errs.New(errs.Invalid, "a critical system is reviewed each quarter").At("every").WithHint("Choose each quarter, or say that the system is not critical.")
	}
	conn, err := s.Connections.Connection(ctx, scope.ReadScope, p.Connection)
	if err != nil {
		return Plan{}, err
	}
	p.Connection, p.Source, p.Kind = string(conn.ID), conn.Name, conn.Kind
	if len(s.reviewable(conn)) == 0 {
		return Plan{}, errs.New(errs.Invalid, "%s tells nothing about accounts", conn.Name).At("connection")
	}
	if p.Reviewer, err = s.reviewer(ctx, scope.ReadScope, "reviewer", string(p.Reviewer)); err != nil {
		return Plan{}, err
	}
	if p.Deputy, err = s.reviewer(ctx, scope.ReadScope, "deputy", string(p.Deputy)); err != nil {
		return Plan{}, err
	}
	if p.Deputy == p.Reviewer {
		return Plan{}, errs.New(errs.Invalid, "the deputy is the reviewer").At("deputy").WithHint("Somebody else has to decide on the reviewer's own access.")
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Plan(ctx, scope.ReadScope, p.Connection)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.New(errs.Conflict, "the plan of %s was changed meanwhile", p.Source).WithHint("Look at it again.")
		}
		p.Version, p.Created, p.Updated = was.Version+1, was.Created, now
		if was.Version == 0 {
			p.Created = now
		}
		if err := s.Store.SavePlan(ctx, scope, p, was.Version); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "review.planned", p.Connection, map[string]any{
			"source": p.Source, "every": string(p.Every), "critical": p.Critical, "reviewer": string(p.Reviewer), "deputy": string(p.Deputy),
		})
		return err
	})
	return p, err
}

// Plans lists the plans by name of the system.
func (s *Service) Plans(ctx context.Context, scope access.ReadScope) ([]Plan, error) {
	if err := s.mayRead(scope); err != nil {
		return nil, err
	}
	return s.Store.Plans(ctx, scope)
}
