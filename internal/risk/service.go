package risk

import (
	"context"
	"errors"
	"fmt"
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

// Bounds of what people write, in characters, and of lists.
const (
	MaxTitle    = 200
	MaxText     = 8000
	MaxSide     = 2000 // of a side of the fraud triangle
	MaxProcess  = 100
	MaxWhy      = 2000
	MinWhy      = 10
	MaxLinks    = 50
	maxName     = 200
	farFuture   = 100 * 366 // days from now
	maxAccepted = 2 * 366   // days for which a risk may be accepted
)

// Service is the use cases of the register, of assessments and of triggers.
type Service struct {
	Store       Store
	Scales      Scales
	Assessments Assessments
	Triggers    Triggers
	Controls    Controls
	Owners      Owners
	Files       Files
	Tx          access.Tx
	Ledger      access.Recorder
}

// Add puts a risk into the register.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, t Text) (Risk, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Risk{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	r := Risk{ID: ID(id.New("rsk", now)), Text: t.clean(), State: Open, Version: 1, Created: now, CreatedBy: scope.Actor(), Updated: now}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.check(ctx, scope.ReadScope, now, &r, Risk{}); err != nil {
			return err
		}
		var err error
		if r, err = s.Store.Add(ctx, scope, r, Version{N: 1, At: now, Actor: scope.Actor(), Act: Added}); err != nil {
			return err
		}
		return s.record(ctx, scope, now, r, Added, "", nil)
	})
	return r, err
}

// Edit replaces what is written about a risk. base is the version the editor saw; 0 changes whatever is there.
func (s *Service) Edit(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, t Text, note string) (Risk, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Risk{}, err
	}
	note = text.Prose(note)
	if err := text.Bounds("note", "the note", note, 0, MaxWhy); err != nil {
		return Risk{}, err
	}
	return s.change(ctx, scope, now, ref, base, Changed, note, func(_ context.Context, r *Risk) error {
		r.Text = t.clean()
		return nil
	})
}

// change reads a risk, changes it, holds it to the rules and keeps it with a version and a ledger entry. A change of nothing
// is none.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, act Act, note string, do func(context.Context, *Risk) error) (Risk, error) {
	now = now.UTC().Truncate(time.Microsecond)
	var r Risk
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Risk(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return changed(was)
		}
		r = was
		r.Escalations = slices.Clone(was.Escalations)
		if err := do(ctx, &r); err != nil {
			return err
		}
		if err := s.check(ctx, scope.ReadScope, now, &r, was); err != nil {
			return err
		}
		diff := Diff(was, r)
		if act == Changed && len(diff) == 0 {
			return nil
		}
		r.Version, r.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, scope, r, was.Version, Version{N: r.Version, At: now, Actor: scope.Actor(), Act: act, Note: note}); err != nil {
			return s.lost(ctx, scope.ReadScope, ref, err)
		}
		return s.record(ctx, scope, now, r, act, note, diff)
	})
	if err != nil {
		return Risk{}, err
	}
	return r, nil
}

func (s *Service) record(ctx context.Context, scope access.Scope, now time.Time, r Risk, act Act, note string, diff []Difference) error {
	says := map[string]any{"ref": r.Ref, "title": r.Title, "version": r.Version, "inherent": r.Inherent.String(), "residual": r.Residual.String(), "response": string(r.Response)}
	if note != "" {
		says["note"] = note
	}
	if len(diff) > 0 {
		var fields []string
		for _, d := range diff {
			fields = append(fields, d.Field)
		}
		says["changed"] = fields
	}
	if act == Accepted {
		says["until"], says["score"] = r.Acceptance.Until.String(), r.Acceptance.Score
	}
	_, err := s.Ledger.Append(ctx, scope, now, "risk."+string(act), string(r.ID), says)
	return err
}

func changed(theirs Risk) error {
	return errs.Changed(theirs.Ref, &Stale{Theirs: theirs})
}

func (s *Service) lost(ctx context.Context, scope access.ReadScope, ref string, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	theirs, err := s.Store.Risk(ctx, scope, ref)
	if err != nil {
		return errors.Join(cause, err)
	}
	return changed(theirs)
}

// Risk reads a risk by identifier or reference.
func (s *Service) Risk(ctx context.Context, scope access.ReadScope, ref string) (Risk, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return Risk{}, err
	}
	return s.Store.Risk(ctx, scope, ref)
}

// List lists risks. Sort names: ref, title, kind, inherent, residual, response, review, updated.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Risk], error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return paging.Result[Risk]{}, err
	}
	return s.Store.Risks(ctx, scope, f, q)
}

// All lists every risk of a filter by reference.
func (s *Service) All(ctx context.Context, scope access.ReadScope, f Filter) ([]Risk, error) {
	var out []Risk
	for n := 1; ; n++ {
		got, err := s.List(ctx, scope, f, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		if out = append(out, got.Rows...); n >= got.Pages() {
			return out, nil
		}
	}
}

// Cells counts risks by rating.
func (s *Service) Cells(ctx context.Context, scope access.ReadScope, f Filter, search string) ([]Cell, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return nil, err
	}
	return s.Store.Cells(ctx, scope, f, search)
}

// History lists the versions of a risk, the newest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, risk ID) ([]Version, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return nil, err
	}
	return s.Store.Versions(ctx, scope, risk)
}

// clean trims what was written and brings lists into order.
func (t Text) clean() Text {
	t.Title, t.Description, t.Process = text.Line(t.Title), text.Prose(t.Description), text.Line(t.Process)
	t.Owner = strings.TrimSpace(t.Owner)
	x := &t.Triangle
	x.Incentive, x.Opportunity, x.Rationalisation = text.Prose(x.Incentive), text.Prose(x.Opportunity), text.Prose(x.Rationalisation)
	if t.Kind != Fraud {
		t.Triangle = Triangle{}
	}
	t.Concerns, t.Controls = list(t.Concerns, text.Line), list(t.Controls, func(s string) string { return strings.ToUpper(text.Line(s)) })
	return t
}

// list is the entries that say something, each once, in order.
func list(in []string, clean func(string) string) []string {
	var out []string
	for _, s := range in {
		if s = clean(s); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// check holds a risk to its rules. What was so before is not refused again: an owner who left, a control that is no more.
func (s *Service) check(ctx context.Context, scope access.ReadScope, now time.Time, r *Risk, was Risk) error {
	today := period.Of(now)
	if err := r.bounds(); err != nil {
		return err
	}
	scale, err := s.scale(ctx, scope)
	if err != nil {
		return err
	}
	_, known := ThreatNamed(r.Threat)
	switch {
	case !slices.Contains(Kinds(), r.Kind):
		return errs.New(errs.Invalid, "choose where the risk comes from").At("kind")
	case r.Threat != "" && !known:
		return errs.New(errs.Invalid, "there is no threat %q", r.Threat).At("threat")
	case !slices.Contains([]string{"", "insider", "outsider", "both"}, r.Triangle.By):
		return errs.New(errs.Invalid, "a fraud is by an insider, an outsider or both").At("by")
	case !scale.Fits(r.Inherent):
		return errs.New(errs.Invalid, "choose both likelihood and impact, or neither").At("inherent_likelihood")
	case !scale.Fits(r.Residual):
		return errs.New(errs.Invalid, "choose both likelihood and impact, or neither").At("residual_likelihood")
	case r.Residual.Rated() && !r.Inherent.Rated():
		return errs.New(errs.Invalid, "say first how high the risk is without controls").At("inherent_likelihood")
	case r.Residual.Score() > r.Inherent.Score():
		return errs.New(errs.Invalid, "with controls the risk is rated %d, without them %d: controls do not raise it", r.Residual.Score(), r.Inherent.Score()).At("residual_likelihood")
	case r.Response != "" && !slices.Contains(Responses(), r.Response):
		return errs.New(errs.Invalid, "choose what is done about it").At("response")
	case r.Review != 0 && r.Review != was.Review && r.Review < today:
		return errs.New(errs.Invalid, "%s is over", r.Review).At("review").WithHint("Choose today or a later day.")
	case r.Review > today+farFuture:
		return errs.New(errs.Invalid, "%s is more than a hundred years ahead", r.Review).At("review")
	}
	return s.checkLinks(ctx, scope, r, was)
}

func (r *Risk) bounds() error {
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{
		{"title", "the title", r.Title, 3, MaxTitle}, {"description", "the description", r.Description, 0, MaxText}, {"process", "the process", r.Process, 0, MaxProcess},
		{"incentive", "the incentive", r.Triangle.Incentive, 0, MaxSide}, {"opportunity", "the opportunity", r.Triangle.Opportunity, 0, MaxSide},
		{"rationalisation", "the rationalisation", r.Triangle.Rationalisation, 0, MaxSide},
	} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return err
		}
	}
	for at, l := range map[string][]string{"controls": r.Controls, "concerns": r.Concerns} {
		if len(l) > MaxLinks {
			return errs.New(errs.Invalid, "%d are named; at most %d are kept", len(l), MaxLinks).At(at)
		}
		for _, x := range l {
			if err := text.Bounds(at, fmt.Sprintf("%q", text.Line(x)), x, 1, maxName); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) checkLinks(ctx context.Context, scope access.ReadScope, r *Risk, was Risk) error {
	for _, ref := range r.Controls {
		if slices.Contains(was.Controls, ref) {
			continue
		}
		if _, err := s.Controls.Control(ctx, scope, ref); errs.Is(err, errs.NotFound) {
			return errs.New(errs.Invalid, "there is no control %s", ref).At("controls").WithHint("Adopt or write it first.")
		} else if err != nil {
			return err
		}
	}
	if r.Owner == "" || r.Owner == was.Owner {
		return nil
	}
	o, err := s.Owners.Owner(ctx, scope, r.Owner)
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Invalid, "nobody here is %q", r.Owner).At("owner")
	}
	if err == nil && o.Gone {
		err = errs.New(errs.Invalid, "%s cannot own a risk: the account is blocked, or the person has left", o.Name).At("owner")
	}
	r.Owner = o.ID
	return err
}
