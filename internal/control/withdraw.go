package control

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Withdraw takes back the draft with the number: its author gives it up, or whoever should approve it says no. The words
// stay on record with the reason; what is in force does not change.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, now time.Time, ref string, number int, why string) (Control, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Control{}, err
	}
	why, err := reason("reason", why)
	if err != nil {
		return Control{}, err
	}
	var out Control
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, v, err := s.based(ctx, scope.ReadScope, now, ref, number)
		if err != nil {
			return err
		}
		if v.Status != Draft {
			return errs.New(errs.Conflict, "version %d of %s is %s, not a draft", v.Number, c.Ref, v.Status)
		}
		if err := s.Store.Withdraw(ctx, scope, c.ID, v.Number, scope.Actor(), now); err != nil {
			return s.stale(ctx, scope.ReadScope, c, err)
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "control.withdrawn", string(c.ID),
			map[string]any{"ref": c.Ref, "version": v.Number, "sha256": v.SHA256, "author": v.Author, "reason": why}); err != nil {
			return err
		}
		out, err = s.Store.Control(ctx, scope.ReadScope, string(c.ID))
		return err
	})
	return out, err
}

// basis is what a proposal is compared with: the newest version, unless that was withdrawn; then what is in force.
func basis(c Control, newest Version) *Version {
	switch {
	case newest.Status != Withdrawn:
		return &newest
	case c.Version.Status == Approved:
		return &c.Version
	}
	return nil
}

// InForceNow is the version of a history that holds now; nil while nothing does.
func (h History) InForceNow() *Version {
	for i := range h.Revisions {
		if v := &h.Revisions[i]; v.Number == h.Control.Version.Number && v.Status == Approved {
			return &v.Version
		}
	}
	return nil
}

// Revision finds a version of a history by its number.
func (h History) Revision(number int) (Revision, bool) {
	for _, v := range h.Revisions {
		if v.Number == number {
			return v, true
		}
	}
	return Revision{}, false
}
