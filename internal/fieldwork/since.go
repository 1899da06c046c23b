package fieldwork

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Recount is a count of the source made after a population was frozen. The population stays; whether it still reconciles shows.
type Recount struct {
	Count  int64
	Of     string // what was counted
	Reason string // why it may be used all the same, where the count is another
	By     string
	At     time.Time
}

// Recount keeps a count made after the freeze. One that is not the population's own needs a reason.
func (s *Service) Recount(ctx context.Context, a access.AuditScope, now time.Time, ref string, r Recount) (Population, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Population{}, err
	}
	p, err := s.Population(ctx, a, ref)
	if err != nil {
		return p, err
	}
	if !p.Frozen() {
		return p, errs.New(errs.Conflict, "%s is not frozen", p.Ref).WithHint("Count before you freeze it.")
	}
	if r.Of, err = line("of", "what was counted", r.Of); err != nil {
		return p, err
	}
	if r.Count < 0 || r.Count > 1_000_000_000 {
		return p, errs.New(errs.Invalid, "a count is not below nothing").At("count")
	}
	if r.Count == int64(p.Rows) {
		r.Reason = ""
	} else if r.Reason, err = why("reason", "the reason", r.Reason); err != nil {
		return p, errs.Hinted(err, "The population has %d items. Say what the difference is, and whether the sample still stands for it.", p.Rows)
	}
	r.By, r.At = a.Firm.Actor(), now
	return p, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Populations.AddRecount(ctx, a.Firm, p.ID, r); err != nil {
			return err
		}
		return s.told(ctx, a, now, "population.recounted", string(p.ID), map[string]any{"ref": p.Ref, "rows": p.Rows, "counted": r.Count, "of": r.Of, "reason": r.Reason})
	})
}

// Since is what happened to the source, the period and the counts of a population after it was frozen. Nothing of it changes the
// population or a sample: people decide.
type Since struct {
	Recounts []Recount
	Over     period.Period // of the engagement, now
	Outside  []Row         // items whose day lies outside it
	Short    string        // days of the period that the population was not frozen for
	Newer    string        // evidence or evaluation of the same source that came afterwards
	NewerAt  time.Time
}

// Last is the newest count after the freeze.
func (x Since) Last() (Recount, bool) {
	if len(x.Recounts) == 0 {
		return Recount{}, false
	}
	return x.Recounts[len(x.Recounts)-1], true
}

// Differs reports whether the newest count is not the population's.
func (x Since) Differs(p Population) bool {
	r, ok := x.Last()
	return ok && r.Count != int64(p.Rows)
}

// Quiet reports whether nothing is to be said.
func (x Since) Quiet() bool {
	return len(x.Recounts) == 0 && len(x.Outside) == 0 && x.Short == "" && x.Newer == ""
}

// SinceFrozen compares a frozen population with what there is now.
func (s *Service) SinceFrozen(ctx context.Context, a access.AuditScope, p Population) (x Since, err error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return x, err
	}
	if !p.Frozen() {
		return x, nil
	}
	if x.Recounts, err = s.Populations.Recounts(ctx, a.Firm.ReadScope, p.ID); err != nil {
		return x, err
	}
	if x.Over, err = s.over(ctx, a); err != nil {
		return x, err
	}
	if p.Shape.Day >= 0 && p.Shape.InPeriod {
		rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, p.ID)
		if err != nil {
			return x, err
		}
		x.Outside, x.Short = p.outside(rows, x.Over), p.short(x.Over)
	}
	x.Newer, x.NewerAt, err = s.newer(ctx, a, p, x.Over)
	return x, err
}

// outside are the items whose day is not in a period.
func (p Population) outside(rows []Row, over period.Period) []Row {
	var out []Row
	for _, r := range rows {
		if d, ok := p.Day(r); ok && !over.Has(d) {
			out = append(out, r)
		}
	}
	return out
}

// short are the days of a period that a population was not frozen for, in words.
func (p Population) short(over period.Period) string {
	if p.Over == nil || p.Over.From <= over.From && p.Over.To >= over.To {
		return ""
	}
	return "It was frozen for " + p.Over.From.String() + " to " + p.Over.Last().String() + "; the period is " + over.From.String() + " to " + over.Last().String() + " now."
}

// newer finds what came from the same source after the freeze and is about the period.
func (s *Service) newer(ctx context.Context, a access.AuditScope, p Population, over period.Period) (string, time.Time, error) {
	switch p.Source {
	case FromEvidence:
		was, err := s.Evidence.Item(ctx, a.Client, p.Of)
		if errs.Is(err, errs.NotFound) {
			return "", time.Time{}, nil
		}
		if err != nil {
			return "", time.Time{}, err
		}
		res, err := s.Evidence.Items(ctx, a.Client, evidence.Filter{Kind: evidence.Snapshot, Source: was.Source, Resource: was.Resource, Usable: true}, paging.Query{Size: 20, Sort: "received", Desc: true})
		for _, it := range res.Rows {
			if it.Ref != was.Ref && it.ReceivedAt.After(*p.FrozenAt) && it.From.Before(over.To.Time()) {
				return it.Ref, it.ReceivedAt, err
			}
		}
		return "", time.Time{}, err
	case FromTest:
		res, err := s.Runs.Runs(ctx, a.Client, p.Of, paging.Query{Sort: "as_of", Desc: true, Size: 20})
		for _, r := range res.Rows {
			if r.Evaluated() && r.AsOf.After(*p.FrozenAt) && over.Contains(r.AsOf) {
				return string(r.ID), r.AsOf, err
			}
		}
		return "", time.Time{}, err
	}
	return "", time.Time{}, nil
}
