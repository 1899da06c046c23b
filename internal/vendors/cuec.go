package vendors

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Expect records a complementary user entity control that a vendor's report asks of us.
func (s *Service) Expect(ctx context.Context, scope access.Scope, now time.Time, vendor string, c CUEC) (CUEC, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return c, err
	}
	c, err := s.cuec(ctx, scope.ReadScope, c)
	if err != nil {
		return c, err
	}
	if c.Report != "" {
		r, v, err := s.record(ctx, scope.ReadScope, c.Report, KindReport)
		if errs.Is(err, errs.NotFound) {
			return c, errs.New(errs.Invalid, "there is no report %q", c.Report).At("report")
		}
		if err != nil {
			return c, err
		}
		if whose, err := s.Store.Vendor(ctx, scope.ReadScope, vendor); err != nil {
			return c, err
		} else if whose.ID != v.ID {
			return c, errs.New(errs.Invalid, "%s is a report about %s", r.Ref, v.Name).At("report")
		}
		c.Report = r.Ref
	}
	r, err := s.file1(ctx, scope, now, vendor, KindCUEC, period.Of(now), c, "vendor.cuec.added", c.says())
	c.Stamp = r.stamp()
	return c, err
}

func (c CUEC) says() map[string]any {
	return map[string]any{"text": c.Text, "report": c.Report, "relevant": c.Relevant, "why": c.Why, "controls": c.Controls, "criteria": c.Criteria}
}

func (s *Service) cuec(ctx context.Context, scope access.ReadScope, c CUEC) (CUEC, error) {
	c.Text, c.Number, c.Why = text.Prose(c.Text), text.Line(c.Number), text.Prose(c.Why)
	if err := text.Bounds("text", "the text", c.Text, minText, MaxText); err != nil {
		return c, err
	}
	if err := text.Bounds("number", "the number", c.Number, 0, 40); err != nil {
		return c, err
	}
	var err error
	if c.Criteria, err = s.criteria(c.Criteria); err != nil {
		return c, err
	}
	if c.Controls, err = s.controls(ctx, scope, c.Controls); err != nil {
		return c, err
	}
	if c.Relevant {
		c.Why = ""
		return c, nil
	}
	if len(c.Controls) > 0 {
		return c, errs.New(errs.Invalid, "it does not concern us, and yet controls do it: choose one").At("controls")
	}
	c.Why, err = reason(c.Why)
	return c, err
}

// Map changes what is written down about a complementary user entity control, and which of our controls do it.
func (s *Service) Map(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, c CUEC) (CUEC, error) {
	c, err := s.cuec(ctx, scope.ReadScope, c)
	if err != nil {
		return c, err
	}
	return c, s.rewrite(ctx, scope, now, ref, KindCUEC, "vendor.cuec.changed", func(r *Record, _ *Vendor) (map[string]any, error) {
		was, err := decode[CUEC](*r)
		if err != nil {
			return nil, err
		}
		was.Stamp = r.stamp()
		if base != 0 && r.Version != base {
			return nil, staleRecord(Stale{Ref: r.Ref, Version: r.Version, CUEC: was})
		}
		c.Report = was.Report
		r.Body, err = encode(c)
		c.Stamp = Stamp{r.ID, r.Vendor, r.Ref, r.Version + 1, now, scope.Actor(), false}
		return c.says(), err
	})
}

// Drop takes a complementary user entity control off the list: a newer report no longer asks for it.
func (s *Service) Drop(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, scope, now, ref, KindCUEC, "vendor.cuec.dropped", func(r *Record, _ *Vendor) (map[string]any, error) {
		was, err := decode[CUEC](*r)
		if err != nil {
			return nil, err
		}
		was.Stamp = r.stamp()
		if base != 0 && r.Version != base {
			return nil, staleRecord(Stale{Ref: r.Ref, Version: r.Version, CUEC: was})
		}
		if r.Removed {
			return nil, errs.New(errs.Conflict, "%s is off the list already", r.Ref)
		}
		r.Removed = true
		return map[string]any{"why": why}, nil
	})
}

// CUEC reads one by its reference, with its vendor.
func (s *Service) CUEC(ctx context.Context, scope access.ReadScope, ref string) (CUEC, Vendor, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return CUEC{}, Vendor{}, err
	}
	r, v, err := s.record(ctx, scope, ref, KindCUEC)
	if err != nil {
		return CUEC{}, v, err
	}
	c, err := decode[CUEC](r)
	c.Stamp = r.stamp()
	return c, v, err
}
