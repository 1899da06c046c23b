package evaluate

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// ExceptionID identifies an exception.
type ExceptionID string

// maxException is the longest time an exception may run: a year, so that each is looked at again at least in every
// examination period.
const maxException = 366 * 24 * time.Hour

// Exception is an approved, expiring, reasoned statement that an item's failure is accepted. It changes what people must
// do; it never changes an outcome.
type Exception struct {
	ID          ExceptionID
	Ref         string // "EX-7"
	Test        string
	ItemID      string // the item, or "*" for all of the test
	Reason      string
	RequestedBy string
	Requested   time.Time
	ApprovedBy  string
	Approved    *time.Time
	Expires     time.Time
	RevokedBy   string
	Revoked     *time.Time
}

// Active reports whether the exception holds at an instant.
func (e Exception) Active(at time.Time) bool {
	return e.Approved != nil && !at.Before(*e.Approved) && at.Before(e.Expires) && (e.Revoked == nil || at.Before(*e.Revoked))
}

// Covers reports whether the exception is about the item.
func (e Exception) Covers(test, item string) bool {
	return e.Test == test && (e.ItemID == "*" || e.ItemID == item)
}

// State is the exception's state in one word.
func (e Exception) State(at time.Time) string {
	switch {
	case e.Revoked != nil && !at.Before(*e.Revoked):
		return "revoked"
	case !at.Before(e.Expires):
		return "expired"
	case e.Approved == nil:
		return "requested"
	}
	return "active"
}

// ExceptionStore keeps exceptions. Laws: an exception is never deleted; approving and revoking happen at most once.
type ExceptionStore interface {
	AddException(ctx context.Context, s access.Scope, e Exception) (Exception, error)
	Exception(ctx context.Context, s access.ReadScope, idOrRef string) (Exception, error)
	Exceptions(ctx context.Context, s access.ReadScope, test string) ([]Exception, error)
	Approve(ctx context.Context, s access.Scope, id ExceptionID, by string, at time.Time) error
	Revoke(ctx context.Context, s access.Scope, id ExceptionID, by string, at time.Time) error
}

// RequestException asks for an exception.
func (s *Service) RequestException(ctx context.Context, scope access.Scope, now time.Time, test, item, reason string, expires time.Time) (Exception, error) {
	if err := scope.Require(access.RequestException); err != nil {
		return Exception{}, err
	}
	bad := func(field, format string, args ...any) (Exception, error) {
		return Exception{}, errs.New(errs.Invalid, format, args...).At(field)
	}
	known, err := s.Store.Versions(ctx, scope.ReadScope, test)
	if err != nil {
		return Exception{}, err
	}
	reason, item = strings.TrimSpace(reason), strings.TrimSpace(item)
	switch {
	case len(known) == 0:
		return Exception{}, errs.New(errs.NotFound, "no test %q", test).At("test").WithHint("tickmark test list")
	case item == "":
		return bad("item", "name the item, or * for every item of the test")
	case len([]rune(reason)) < 20:
		return bad("reason", "explain in at least 20 characters why the failure is accepted (%d so far)", len([]rune(reason)))
	case len(reason) > 4000:
		return bad("reason", "the reason is longer than 4,000 bytes")
	case !expires.After(now):
		return bad("expires", "an exception ends in the future")
	case expires.Sub(now) > maxException:
		return bad("expires", "an exception runs at most %d days", int(maxException.Hours()/24))
	}
	e := Exception{ID: ExceptionID(id.New("exc", now)), Test: test, ItemID: item, Reason: reason, RequestedBy: scope.Actor(), Requested: now, Expires: expires}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if e, err = s.Exceptions.AddException(ctx, scope, e); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "exception.requested", string(e.ID),
			map[string]any{"ref": e.Ref, "test": test, "item": item, "reason": reason, "expires": expires.UTC().Format(time.RFC3339)})
		return err
	})
	return e, err
}

// ApproveException approves. Whoever asked cannot approve.
func (s *Service) ApproveException(ctx context.Context, scope access.Scope, now time.Time, idOrRef string) (Exception, error) {
	if err := scope.Require(access.ApproveException); err != nil {
		return Exception{}, err
	}
	return s.decide(ctx, scope, now, idOrRef, "exception.approved", func(ctx context.Context, e Exception) error {
		switch {
		case e.RequestedBy == scope.Actor():
			return errs.New(errs.Denied, "%s was requested by you; somebody else approves it", e.Ref)
		case e.State(now) != "requested":
			return errs.New(errs.Conflict, "%s is %s", e.Ref, e.State(now))
		}
		return s.Exceptions.Approve(ctx, scope, e.ID, scope.Actor(), now)
	})
}

// RevokeException ends an exception early.
func (s *Service) RevokeException(ctx context.Context, scope access.Scope, now time.Time, idOrRef string) (Exception, error) {
	if err := scope.Require(access.ApproveException); err != nil {
		return Exception{}, err
	}
	return s.decide(ctx, scope, now, idOrRef, "exception.revoked", func(ctx context.Context, e Exception) error {
		if st := e.State(now); st != "requested" && st != "active" {
			return errs.New(errs.Conflict, "%s is %s", e.Ref, st)
		}
		return s.Exceptions.Revoke(ctx, scope, e.ID, scope.Actor(), now)
	})
}

func (s *Service) decide(ctx context.Context, scope access.Scope, now time.Time, idOrRef, kind string, act func(context.Context, Exception) error) (Exception, error) {
	var e Exception
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if e, err = s.Exceptions.Exception(ctx, scope.ReadScope, idOrRef); err != nil {
			return err
		}
		if err := act(ctx, e); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, kind, string(e.ID), map[string]any{"ref": e.Ref, "test": e.Test, "item": e.ItemID}); err != nil {
			return err
		}
		e, err = s.Exceptions.Exception(ctx, scope.ReadScope, string(e.ID))
		return err
	})
	return e, err
}
