package controlsql

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const complementColumns = `ref, kind, revision, text, requirements, without, party, retired, author, at, note`

func scanComplement(r sqldb.Row) (control.Complement, error) {
	var c control.Complement
	var requirements string
	var at int64
	if err := r.Scan(&c.Ref, &c.Kind, &c.Revision, &c.Text, &requirements, &c.Without, &c.Party, &c.Retired, &c.Author, &at, &c.Note); err != nil {
		return c, err
	}
	c.At = sqldb.Time(at)
	return c, json.Unmarshal([]byte(requirements), &c.Requirements)
}

// NextNumber counts up.
func (s *Store) NextNumber(ctx context.Context, scope access.Scope, k control.ComplementKind) (int, error) {
	var n int
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		return s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO control_complement_counter (org_id, kind, n) VALUES ($1, $2, 1)
			ON CONFLICT (org_id, kind) DO UPDATE SET n = control_complement_counter.n + 1 RETURNING n`, string(scope.Org()), string(k))
	})
	return n, err
}

// AddRevision inserts the revision after base.
func (s *Store) AddRevision(ctx context.Context, scope access.Scope, base int, c control.Complement) error {
	requirements, err := json.Marshal(c.Requirements)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(revision), 0) FROM control_complement WHERE org_id = $1 AND ref = $2`, string(scope.Org()), c.Ref)
		if err != nil {
			return err
		}
		n := int64(0)
		if newest == int64(base) {
			// Two writers may have read the same base: the primary key lets one of them in.
			n, err = s.DB.Exec(ctx, `INSERT INTO control_complement (org_id, `+complementColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
				ON CONFLICT (org_id, ref, revision) DO NOTHING`,
				string(scope.Org()), c.Ref, string(c.Kind), base+1, c.Text, string(requirements), c.Without, c.Party, c.Retired, c.Author, c.At.UnixMicro(), c.Note)
		}
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "%s was changed meanwhile", c.Ref).WithHint("Look at the newest revision and change again on top of it.")
		}
		return err
	})
}

// Complement reads the newest revision.
func (s *Store) Complement(ctx context.Context, scope access.ReadScope, ref string) (control.Complement, error) {
	all, err := s.Revisions(ctx, scope, ref)
	if err == nil && len(all) == 0 {
		return control.Complement{}, errs.New(errs.NotFound, "no complement %s", ref)
	}
	if err != nil {
		return control.Complement{}, err
	}
	return all[0], nil
}

// Complements lists the newest revision at or before an instant of each.
func (s *Store) Complements(ctx context.Context, scope access.ReadScope, at time.Time) ([]control.Complement, error) {
	return sqldb.Collect(ctx, s.DB, scanComplement, `SELECT `+complementColumns+` FROM control_complement x WHERE org_id = $1 AND revision =
		(SELECT max(y.revision) FROM control_complement y WHERE y.org_id = x.org_id AND y.ref = x.ref AND y.at <= $2) ORDER BY ref`, string(scope.Org()), at.UnixMicro())
}

// Revisions lists all revisions of a complement, newest first.
func (s *Store) Revisions(ctx context.Context, scope access.ReadScope, ref string) ([]control.Complement, error) {
	return sqldb.Collect(ctx, s.DB, scanComplement, `SELECT `+complementColumns+` FROM control_complement WHERE org_id = $1 AND ref = $2 ORDER BY revision DESC`,
		string(scope.Org()), ref)
}
