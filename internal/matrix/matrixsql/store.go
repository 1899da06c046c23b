// Package matrixsql keeps which control matrices were made in the records database.
package matrixsql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements matrix.Store.
type Store struct{ DB *sqldb.DB }

// Add inserts a paper.
func (s *Store) Add(ctx context.Context, scope access.Scope, p matrix.Paper) error {
	about, err := json.Marshal(p.Scope)
	if err != nil {
		return errs.As(errs.Internal, err, "scope of a control matrix")
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO matrix_paper (org_id, number, scope, requirements, sha256, bytes, author, at, seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		string(scope.Org()), p.Number, string(about), p.Requirements, p.SHA256, p.Bytes, p.By, p.At.UnixMicro(), p.Seq)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was made meanwhile", p.Ref()).WithHint("Try once more.")
	}
	return err
}

const columns = `SELECT number, scope, requirements, sha256, bytes, author, at, seq FROM matrix_paper WHERE org_id = $1`

func scan(r sqldb.Row) (matrix.Paper, error) {
	var p matrix.Paper
	var about string
	var at int64
	if err := r.Scan(&p.Number, &about, &p.Requirements, &p.SHA256, &p.Bytes, &p.By, &at, &p.Seq); err != nil {
		return p, err
	}
	p.At = sqldb.Time(at)
	return p, errs.As(errs.Internal, json.Unmarshal([]byte(about), &p.Scope), "scope of %s", p.Ref())
}

// Paper reads one.
func (s *Store) Paper(ctx context.Context, scope access.ReadScope, number int) (matrix.Paper, error) {
	p, err := sqldb.One(ctx, s.DB, scan, columns+` AND number = $2`, string(scope.Org()), number)
	if errs.Is(err, errs.NotFound) {
		return p, errs.New(errs.NotFound, "no control matrix CM-%d", number).WithHint("The list has all there are.")
	}
	return p, err
}

// Papers lists them, the newest first.
func (s *Store) Papers(ctx context.Context, scope access.ReadScope) ([]matrix.Paper, error) {
	return sqldb.Collect(ctx, s.DB, scan, columns+` ORDER BY number DESC`, string(scope.Org()))
}
