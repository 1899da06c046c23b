package reviewsql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/review"
)

// A review that was cancelled is none, and one of something else than accounts does not stand for one of the accounts.
const planQuery = `SELECT p.connection, p.source, p.kind, p.critical, p.every, p.reviewer, p.deputy, p.version, p.created_at, p.updated_at,
	COALESCE((SELECT c.ref FROM review_campaign c JOIN review_system x ON x.review_id = c.id WHERE c.org_id = p.org_id AND x.connection = p.connection
		AND x.resource IN ('user_account', 'host_account') AND c.state <> 'cancelled' ORDER BY c.started_at DESC LIMIT 1), ''),
	(SELECT max(c.started_at) FROM review_campaign c JOIN review_system x ON x.review_id = c.id WHERE c.org_id = p.org_id AND x.connection = p.connection
		AND x.resource IN ('user_account', 'host_account') AND c.state <> 'cancelled')
	FROM review_plan p WHERE p.org_id = $1`

func scanPlan(r sqldb.Row) (review.Plan, error) {
	var p review.Plan
	var created, updated int64
	var last *int64
	err := r.Scan(&p.Connection, &p.Source, &p.Kind, &p.Critical, &p.Every, &p.Reviewer, &p.Deputy, &p.Version, &created, &updated, &p.LastRef, &last)
	p.Created, p.Updated, p.Last = sqldb.Time(created), sqldb.Time(updated), sqldb.TimePtr(last)
	return p, err
}

// Plan reads the plan of a system.
func (s *Store) Plan(ctx context.Context, scope access.ReadScope, connection string) (review.Plan, error) {
	p, err := sqldb.One(ctx, s.DB, scanPlan, planQuery+` AND p.connection = $2`, string(scope.Org()), connection)
	if errs.Is(err, errs.NotFound) {
		return p, errs.New(errs.NotFound, "no plan for %s", connection)
	}
	return p, err
}

// Plans lists the plans by name of the system.
func (s *Store) Plans(ctx context.Context, scope access.ReadScope) ([]review.Plan, error) {
	return sqldb.Collect(ctx, s.DB, scanPlan, planQuery+` ORDER BY p.source, p.connection`, string(scope.Org()))
}

// SavePlan keeps a plan, moved forward from base; 0 for a new one.
func (s *Store) SavePlan(ctx context.Context, scope access.Scope, p review.Plan, base int) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO review_plan (org_id, connection, source, kind, critical, every, reviewer, deputy, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (org_id, connection) DO UPDATE SET source = excluded.source, critical = excluded.critical, every = excluded.every, reviewer = excluded.reviewer,
			deputy = excluded.deputy, version = excluded.version, updated_at = excluded.updated_at WHERE review_plan.version = $12`,
		string(scope.Org()), p.Connection, p.Source, p.Kind, p.Critical, string(p.Every), string(p.Reviewer), string(p.Deputy), p.Version, p.Created.UnixMicro(), p.Updated.UnixMicro(), base)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the plan of %s was changed meanwhile", p.Source)
	}
	return err
}

// CountSystems counts populations by their rows of the table.
func (s *Store) CountSystems(ctx context.Context, scope access.ReadScope, from time.Time) (int64, error) {
	return sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM review_system x WHERE EXISTS (SELECT 1 FROM review_campaign c WHERE c.id = x.review_id AND c.org_id = $1 AND c.started_at >= $2)`,
		string(scope.Org()), from.UnixMicro())
}

// CountPlans counts plans.
func (s *Store) CountPlans(ctx context.Context, scope access.ReadScope) (int64, error) {
	return sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM review_plan WHERE org_id = $1`, string(scope.Org()))
}
