package evaluatesql

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const exceptionColumns = `id, ref, test, item_id, reason, requested_by, requested_at, approved_by, approved_at, expires_at, revoked_by, revoked_at`

func scanException(r sqldb.Row) (evaluate.Exception, error) {
	var e evaluate.Exception
	var requested, expires int64
	var approved, revoked *int64
	err := r.Scan(&e.ID, &e.Ref, &e.Test, &e.ItemID, &e.Reason, &e.RequestedBy, &requested, &e.ApprovedBy, &approved, &expires, &e.RevokedBy, &revoked)
	e.Requested, e.Expires, e.Approved, e.Revoked = sqldb.Time(requested), sqldb.Time(expires), sqldb.TimePtr(approved), sqldb.TimePtr(revoked)
	return e, err
}

// AddException inserts an exception and gives it the next reference.
func (s *Store) AddException(ctx context.Context, scope access.Scope, e evaluate.Exception) (evaluate.Exception, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM evaluate_exception WHERE org_id = $1`, string(scope.Org()))
		if err != nil {
			return err
		}
		e.Ref = fmt.Sprintf("EX-%d", n+1)
		_, err = s.DB.Exec(ctx, `INSERT INTO evaluate_exception (org_id, `+exceptionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', NULL, $9, '', NULL)`,
			string(scope.Org()), string(e.ID), e.Ref, e.Test, e.ItemID, e.Reason, e.RequestedBy, e.Requested.UnixMicro(), e.Expires.UnixMicro())
		return err
	})
	return e, err
}

// Exception reads one by identifier or reference.
func (s *Store) Exception(ctx context.Context, scope access.ReadScope, idOrRef string) (evaluate.Exception, error) {
	e, err := sqldb.One(ctx, s.DB, scanException, `SELECT `+exceptionColumns+` FROM evaluate_exception WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return e, errs.New(errs.NotFound, "no exception %s", idOrRef).WithHint("tickmark exception list")
	}
	return e, err
}

// Exceptions lists exceptions, newest first; an empty test means all.
func (s *Store) Exceptions(ctx context.Context, scope access.ReadScope, test string) ([]evaluate.Exception, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(test != "", `test = ?`, test)
	return sqldb.Collect(ctx, s.DB, scanException, `SELECT `+exceptionColumns+` FROM evaluate_exception WHERE `+w.SQL()+` ORDER BY requested_at DESC, id DESC`, w.Args()...)
}

// Approve approves once.
func (s *Store) Approve(ctx context.Context, scope access.Scope, id evaluate.ExceptionID, by string, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE evaluate_exception SET approved_by = $3, approved_at = $4 WHERE org_id = $1 AND id = $2 AND approved_at IS NULL AND revoked_at IS NULL`,
		string(scope.Org()), string(id), by, at.UnixMicro())
	return once(n, err)
}

// Revoke revokes once.
func (s *Store) Revoke(ctx context.Context, scope access.Scope, id evaluate.ExceptionID, by string, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE evaluate_exception SET revoked_by = $3, revoked_at = $4 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL`,
		string(scope.Org()), string(id), by, at.UnixMicro())
	return once(n, err)
}

func once(n int64, err error) error {
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "somebody decided this already")
	}
	return err
}
