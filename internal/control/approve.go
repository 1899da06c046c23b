package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Approve puts a draft in force. It must be the newest version, and whoever wrote it cannot approve it.
func (s *Service) Approve(ctx context.Context, scope access.Scope, now time.Time, ref string, number int) (Control, error) {
	if err := scope.Require(access.ApproveControls); err != nil {
		return Control{}, err
	}
	var out Control
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, v, err := s.based(ctx, scope.ReadScope, now, ref, number)
		if err != nil {
			return err
		}
		out, err = s.approve(ctx, scope, now, c, v)
		return err
	})
	return out, err
}

func (s *Service) approve(ctx context.Context, scope access.Scope, now time.Time, c Control, v Version) (Control, error) {
	switch {
	case v.Status != Draft:
		return Control{}, errs.New(errs.Conflict, "version %d of %s is %s, not a draft", v.Number, c.Ref, v.Status)
	case v.Author == scope.Actor():
		return Control{}, errs.New(errs.Denied, "version %d of %s was written by you; somebody else approves it", v.Number, c.Ref)
	}
	if err := s.Store.Approve(ctx, scope, c.ID, v.Number, scope.Actor(), now); err != nil {
		return Control{}, s.stale(ctx, scope.ReadScope, c, err)
	}
	if _, err := s.Ledger.Append(ctx, scope, now, "control.approved", string(c.ID),
		map[string]any{"ref": c.Ref, "version": v.Number, "sha256": v.SHA256, "author": v.Author}); err != nil {
		return Control{}, err
	}
	return s.Store.Control(ctx, scope.ReadScope, string(c.ID))
}

// ApproveAll approves the waiting drafts of the references, or all waiting drafts when none is named, and leaves those the
// scope's actor wrote. It returns the references of both.
func (s *Service) ApproveAll(ctx context.Context, scope access.Scope, now time.Time, refs []string) (approved, own []string, err error) {
	if err := scope.Require(access.ApproveControls); err != nil {
		return nil, nil, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if len(refs) == 0 {
			if refs, err = s.Store.Refs(ctx, scope.ReadScope); err != nil {
				return err
			}
		}
		for _, ref := range refs {
			c, err := s.Store.Control(ctx, scope.ReadScope, ref)
			if err != nil {
				return err
			}
			if c.Draft == 0 {
				continue
			}
			_, v, err := s.based(ctx, scope.ReadScope, now, ref, c.Draft)
			if err != nil {
				return err
			}
			if v.Author == scope.Actor() {
				own = append(own, c.Ref)
				continue
			}
			if _, err := s.approve(ctx, scope, now, c, v); err != nil {
				return err
			}
			approved = append(approved, c.Ref)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return approved, own, nil
}

// Retire ends a control from now on. Its versions stay, and an examination of an earlier period still finds it.
func (s *Service) Retire(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Control, error) {
	if err := scope.Require(access.ApproveControls); err != nil {
		return Control{}, err
	}
	why, err := reason("reason", why)
	if err != nil {
		return Control{}, err
	}
	var out Control
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, _, err := s.based(ctx, scope.ReadScope, now, ref, base)
		if err != nil {
			return err
		}
		if c.Version.Status == Retired {
			return errs.New(errs.Conflict, "%s is retired already", c.Ref)
		}
		v := c.Version // the words in force, not those of a draft that waits
		v.Number, v.Status, v.Author, v.At, v.ApprovedBy, v.ApprovedAt, v.Note = base+1, Retired, scope.Actor(), now, "", nil, why
		if err := s.Store.AddVersion(ctx, scope, c.ID, base, v); err != nil {
			return s.stale(ctx, scope.ReadScope, c, err)
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "control.retired", string(c.ID), map[string]any{"ref": c.Ref, "version": v.Number, "reason": why}); err != nil {
			return err
		}
		out, err = s.Store.Control(ctx, scope.ReadScope, string(c.ID))
		return err
	})
	return out, err
}

// Assign makes a member the owner of a control, and another the deputy; both are named by identifier or email, and empty
// means nobody. It takes effect at once: who runs a control is no matter of its wording.
func (s *Service) Assign(ctx context.Context, scope access.Scope, now time.Time, ref, owner, deputy string) (Control, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Control{}, err
	}
	var out Control
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Store.Control(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		a := Assignment{At: now, By: scope.Actor()}
		if a.Owner, err = s.person(ctx, scope, "owner", owner); err != nil {
			return err
		}
		if a.Deputy, err = s.person(ctx, scope, "deputy", deputy); err != nil {
			return err
		}
		switch {
		case a.Owner == "" && a.Deputy != "":
			return wrong("deputy", "a control without an owner has no deputy")
		case a.Owner != "" && a.Owner == a.Deputy:
			return wrong("deputy", "the deputy is the owner")
		case a.Owner == c.Owner && a.Deputy == c.Deputy:
			out = c
			return nil
		}
		if err := s.Store.Assign(ctx, scope, c.ID, a); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "control.assigned", string(c.ID),
			map[string]any{"ref": c.Ref, "owner": string(a.Owner), "deputy": string(a.Deputy), "was": string(c.Owner)}); err != nil {
			return err
		}
		out, err = s.Store.Control(ctx, scope.ReadScope, string(c.ID))
		return err
	})
	return out, err
}

// person finds a member who may own a control. Auditors and readers may not: they own nothing on the client's side (domain
// brief 4.6, 11).
func (s *Service) person(ctx context.Context, scope access.Scope, field, who string) (access.UserID, error) {
	if who = strings.TrimSpace(who); who == "" {
		return "", nil
	}
	m, err := s.People.Member(ctx, scope.ReadScope, who)
	if err != nil {
		return "", err
	}
	if m.Disabled || slices.Contains([]access.Role{access.Auditor, access.Reader}, m.Role) {
		return "", wrong(field, "%s cannot own a control: the account is blocked or only reads", m.Email)
	}
	return m.ID, nil
}
