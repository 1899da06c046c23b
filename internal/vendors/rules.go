package vendors

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Rules reads how often what is due.
func (s *Service) Rules(ctx context.Context, scope access.ReadScope) (Rules, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return Rules{}, err
	}
	return s.Store.Rules(ctx, scope)
}

// SetRules changes how often what is due, and works out anew what follows for every vendor.
func (s *Service) SetRules(ctx context.Context, scope access.Scope, now time.Time, base int, r Rules) (Rules, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return r, err
	}
	for _, x := range []struct {
		at    string
		n     int
		least int
	}{
		{"high", r.High, 1}, {"medium", r.Medium, 1}, {"low", r.Low, 1}, {"performance", r.Performance, 1}, {"review", r.Review, 1}, {"bridge", r.Bridge, 1}, {"deletion", r.Deletion, 1},
	} {
		if x.n < x.least || x.n > maxDays {
			return r, errs.New(errs.Invalid, "give between %d and %d days", x.least, maxDays).At(x.at)
		}
	}
	switch {
	case r.High > r.Medium:
		return r, errs.New(errs.Invalid, "tier medium would be assessed more often than tier high").At("medium")
	case r.Medium > r.Low:
		return r, errs.New(errs.Invalid, "tier low would be assessed more often than tier medium").At("low")
	case len(r.Own) > 200:
		return r, errs.New(errs.Invalid, "%d applications; at most 200 are kept", len(r.Own)).At("own")
	}
	return r, s.saveRules(ctx, scope, now, base, &r, "vendor.rules", map[string]any{
		"high": r.High, "medium": r.Medium, "low": r.Low, "performance": r.Performance, "review": r.Review, "bridge": r.Bridge, "deletion": r.Deletion,
	})
}

func (s *Service) saveRules(ctx context.Context, scope access.Scope, now time.Time, base int, r *Rules, kind string, payload map[string]any) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Rules(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if was.Version != base {
			return errs.New(errs.Conflict, "the rules were changed meanwhile").WithHint("Look at what they are now, and send again.")
		}
		r.Version, r.At = was.Version+1, now
		if err := s.Store.SaveRules(ctx, scope, *r, was.Version); err != nil {
			return err
		}
		files, err := s.Files(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for _, f := range files {
			if x := f.standing(*r); x != f.Standing {
				if err := s.Store.Stand(ctx, scope, f.ID, x); err != nil {
					return err
				}
			}
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(scope.Org()), payload)
		return err
	})
}

// Own records that an application behind sign-on is the organisation's own: no vendor is behind it. An empty reason takes that
// back.
func (s *Service) Own(ctx context.Context, scope access.Scope, now time.Time, name, why string) error {
	if err := scope.Require(access.ManageVendors); err != nil {
		return err
	}
	name = text.Line(name)
	if err := text.Bounds("name", "the name", name, 1, MaxName); err != nil {
		return err
	}
	rules, err := s.Store.Rules(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	var own []OwnApplication
	for _, o := range rules.Own {
		if fold(o.Name) != fold(name) {
			own = append(own, o)
		}
	}
	if why != "" {
		if why, err = reason(why); err != nil {
			return err
		}
		if err := s.applicationsFree(ctx, scope.ReadScope, "", []string{name}); err != nil {
			return err
		}
		own = append(own, OwnApplication{name, why})
	} else if len(own) == len(rules.Own) {
		return errs.New(errs.NotFound, "no application %q is marked as own", name)
	}
	rules.Own = own
	return s.saveRules(ctx, scope, now, rules.Version, &rules, "vendor.application.own", map[string]any{"application": name, "why": why})
}

// Behind says whose an application behind sign-on is.
type Behind struct {
	Vendor *Vendor // nil when no vendor is on the register for it
	Own    string  // why it is the organisation's own; empty when it is not
}

// Applications finds whose applications are, by their names as the sign-on system shows them. A vendor answers for the names
// that it lists, and for its own.
func (s *Service) Applications(ctx context.Context, scope access.ReadScope, names []string) (map[string]Behind, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return nil, err
	}
	taken, err := s.applications(ctx, scope)
	if err != nil {
		return nil, err
	}
	rules, err := s.Store.Rules(ctx, scope)
	if err != nil {
		return nil, err
	}
	out := map[string]Behind{}
	for _, n := range names {
		b := Behind{}
		if v, ok := taken[fold(n)]; ok {
			b.Vendor = &v
		} else if o, ok := rules.owns(n); ok {
			b.Own = o.Why
		}
		out[n] = b
	}
	return out, nil
}

// applications is every name of an application that a vendor answers for, folded.
func (s *Service) applications(ctx context.Context, scope access.ReadScope) (map[string]Vendor, error) {
	files, err := s.vendors(ctx, scope)
	if err != nil {
		return nil, err
	}
	out := map[string]Vendor{}
	for _, v := range files {
		out[fold(v.Name)] = v
	}
	for _, v := range files {
		for _, a := range v.Applications {
			out[fold(a)] = v
		}
	}
	return out, nil
}
