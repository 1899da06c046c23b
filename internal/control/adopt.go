package control

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// operator is the role of whoever holds the machine. Package access gives it to nobody else.
const operator access.Role = "operator"

// Adoption says which controls of the library an organisation takes over. Without categories, objectives and references it
// is all of them.
type Adoption struct {
	Categories []catalog.CategoryID // controls that serve a criterion of these; the common criteria come with every category
	Objectives []string             // controls that serve one of these SOC 1 objectives
	Refs       []string             // these controls, whatever they serve
	Approve    bool                 // in force at once; only the operator of the machine may
}

// Adopted is what an adoption did.
type Adopted struct {
	Added   []string // references
	Present []string // chosen, but the organisation had a control of that reference already
	Seq     int64    // ledger entry; 0 when nothing was added
}

// Adopt takes controls of the library over. Running it again adds only what is missing. The drafts need somebody's approval,
// except when the operator sets up the starter set.
func (s *Service) Adopt(ctx context.Context, scope access.Scope, now time.Time, a Adoption) (Adopted, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Adopted{}, err
	}
	if a.Approve {
		if err := scope.Require(access.ApproveControls); err != nil {
			return Adopted{}, err
		}
		if scope.Role() != operator {
			return Adopted{}, errs.New(errs.Denied, "whoever adopts controls cannot approve them too").
				WithHint("Adopt them as drafts and let somebody else approve, or let the operator do both: tickmark control adopt --approve")
		}
	}
	chosen, err := s.chosen(a)
	if err != nil {
		return Adopted{}, err
	}
	var out Adopted
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		have, err := s.Store.Refs(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for _, x := range chosen {
			if slices.Contains(have, x.ID) {
				out.Present = append(out.Present, x.ID)
				continue
			}
			if err := s.adopt(ctx, scope, now, x, a.Approve); err != nil {
				return errs.Wrap(err, "control %s", x.ID)
			}
			out.Added = append(out.Added, x.ID)
		}
		if len(out.Added) == 0 {
			return nil
		}
		lib := s.Catalog.Library()
		out.Seq, err = s.Ledger.Append(ctx, scope, now, "control.adopted", lib.ID, map[string]any{
			"library": lib.ID, "version": lib.Version, "catalog_sha256": s.Catalog.SHA256(), "count": len(out.Added), "refs": out.Added, "approved": a.Approve,
		})
		return err
	})
	if err != nil {
		return Adopted{}, err
	}
	return out, nil
}

func (s *Service) adopt(ctx context.Context, scope access.Scope, now time.Time, x catalog.Control, approve bool) error {
	v, err := s.draft(scope, now, 1, FromLibrary(x), "")
	if err != nil {
		return err
	}
	lib := s.Catalog.Library()
	c := Control{ID: ControlID(id.New("ctl", now)), Ref: x.ID, Source: lib.ID + " " + lib.Version, Created: now, Version: v, Newest: 1, Draft: 1}
	if err := s.add(ctx, scope, c); err != nil || !approve {
		return err
	}
	return s.Store.Approve(ctx, scope, c.ID, 1, scope.Actor(), now)
}

// chosen lists the library's controls that an adoption names, in the library's order.
func (s *Service) chosen(a Adoption) ([]catalog.Control, error) {
	all := s.Catalog.Controls()
	if len(a.Categories)+len(a.Objectives)+len(a.Refs) == 0 {
		return all, nil
	}
	criteria := map[string]bool{}
	if len(a.Categories) > 0 {
		apply, err := s.Catalog.Applicable(a.Categories)
		if err != nil {
			return nil, err
		}
		for _, x := range apply {
			criteria[x.ID] = true
		}
	}
	for _, o := range a.Objectives {
		if _, err := s.Catalog.Objective(o); err != nil {
			return nil, err
		}
	}
	for _, r := range a.Refs {
		if _, err := s.Catalog.Control(r); err != nil {
			return nil, err
		}
	}
	var out []catalog.Control
	for _, x := range all {
		if slices.ContainsFunc(x.Criteria, func(id string) bool { return criteria[id] }) || slices.Contains(a.Refs, x.ID) ||
			slices.ContainsFunc(x.Objectives, func(id string) bool { return slices.Contains(a.Objectives, id) }) {
			out = append(out, x)
		}
	}
	return out, nil
}
