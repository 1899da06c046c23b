package control

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Control reads a control by identifier or reference.
func (s *Service) Control(ctx context.Context, scope access.ReadScope, idOrRef string) (Control, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Control{}, err
	}
	return s.Store.Control(ctx, scope, idOrRef)
}

// List lists controls. Sort names: ref, title, type, nature, frequency, owner_role, status, changed.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Control], error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return paging.Result[Control]{}, err
	}
	if f.ID != "" && !s.Catalog.Knows(f.Framework, f.ID) {
		return paging.Result[Control]{}, wrong("requirement", "%s has no requirement %q", f.Framework, f.ID)
	}
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		return paging.Result[Control]{}, wrong("status", "%q is no status: draft, approved, retired or withdrawn", f.Status)
	}
	return s.Store.Controls(ctx, scope, f, q)
}

// Revision is a version with what changed in it and when it was in force.
type Revision struct {
	Version
	Changes []Change   // against the version before; nil for the first
	From    *time.Time // in force from; nil if it never was
	Until   *time.Time // in force until; nil while it is, or if it never was
}

// History is everything that ever held of a control.
type History struct {
	Control     Control
	Revisions   []Revision   // newest first
	Assignments []Assignment // newest first
}

// History reads all versions of a control with their differences, and who owned it.
func (s *Service) History(ctx context.Context, scope access.ReadScope, ref string) (History, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return History{}, err
	}
	c, err := s.Store.Control(ctx, scope, ref)
	if err != nil {
		return History{}, err
	}
	h := History{Control: c}
	all, err := s.Store.Versions(ctx, scope, c.ID)
	if err != nil {
		return History{}, err
	}
	h.Revisions = revisions(all)
	h.Assignments, err = s.Store.Assignments(ctx, scope, c.ID)
	return h, err
}

// revisions takes versions newest first.
func revisions(all []Version) []Revision {
	out := make([]Revision, len(all))
	var until *time.Time
	for i, v := range all {
		out[i] = Revision{Version: v}
		// A wording that was withdrawn is no step on the way to the next one.
		if was := slices.IndexFunc(all[i+1:], func(x Version) bool { return x.Status != Withdrawn }); was >= 0 {
			out[i].Changes = Diff(all[i+1+was].Text, v.Text)
		}
		from := v.Effective()
		if v.Status == Approved {
			out[i].From, out[i].Until = from, until
		}
		if from != nil {
			until = from
		}
	}
	return out
}

// AsOf lists the controls in force at an instant, each with the version and the owner of that instant.
func (s *Service) AsOf(ctx context.Context, scope access.ReadScope, at time.Time) ([]Control, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	return s.Store.InForce(ctx, scope, at)
}

// Matrix is which controls serve which requirements of one framework, both ways.
type Matrix struct {
	Framework string
	Controls  map[string][]string // requirement -> references of controls
	Serves    map[string][]string // reference of a control -> requirements, in order of presentation
}

// Matrix reads which controls in force at an instant serve the requirements of a framework.
func (s *Service) Matrix(ctx context.Context, scope access.ReadScope, framework string, at time.Time) (Matrix, error) {
	if !slices.Contains(frameworks, framework) {
		return Matrix{}, errs.New(errs.Invalid, "controls serve no %q", framework).At("framework")
	}
	all, err := s.AsOf(ctx, scope, at)
	if err != nil {
		return Matrix{}, err
	}
	m := Matrix{Framework: framework, Controls: map[string][]string{}, Serves: map[string][]string{}}
	for _, c := range all {
		for _, id := range c.Version.Serves(framework) {
			m.Controls[id] = append(m.Controls[id], c.Ref)
			m.Serves[c.Ref] = append(m.Serves[c.Ref], id)
		}
	}
	return m, nil
}

// Gaps lists the criteria that apply to the categories and that no control in force at an instant serves. Each needs a
// control, or a reason why it does not apply.
func (s *Service) Gaps(ctx context.Context, scope access.ReadScope, categories []catalog.CategoryID, at time.Time) ([]string, error) {
	apply, err := s.Catalog.Applicable(categories)
	if err != nil {
		return nil, err
	}
	m, err := s.Matrix(ctx, scope, catalog.TSC, at)
	if err != nil {
		return nil, err
	}
	gaps := []string{}
	for _, x := range apply {
		if len(m.Controls[x.ID]) == 0 {
			gaps = append(gaps, x.ID)
		}
	}
	return gaps, nil
}
