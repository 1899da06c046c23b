package requestsql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/request"
)

// Give adds pieces to a request that waits for the client.
func (s *Store) Give(ctx context.Context, scope access.Scope, id request.ID, pieces []request.Piece) (int, error) {
	added := 0
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		added = 0
		for _, p := range pieces {
			n, err := s.DB.Exec(ctx, `INSERT INTO request_piece (request_id, n, kind, ref, title, from_at, to_at, sha256, outside, added_at, added_by)
				SELECT r.id, (SELECT COALESCE(max(x.n), 0) + 1 FROM request_piece x WHERE x.request_id = r.id), $3, $4, $5, $6, $7, $8, $9, $10, $11
				FROM request_request r WHERE r.org_id = $1 AND r.id = $2 AND r.state IN ('open', 'rejected')
				ON CONFLICT (request_id, kind, ref) DO NOTHING`,
				string(scope.Org()), string(id), string(p.Kind), p.Ref, p.Title, micros(p.From), micros(p.To), p.SHA256, p.Outside, p.Added.UnixMicro(), p.AddedBy)
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	return added, err
}

// micros keeps the zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return sqldb.Time(us)
}

// Take removes a piece that was not handed over.
func (s *Store) Take(ctx context.Context, scope access.Scope, id request.ID, n int) error {
	gone, err := s.DB.Exec(ctx, `DELETE FROM request_piece WHERE request_id = (SELECT id FROM request_request WHERE org_id = $1 AND id = $2) AND n = $3 AND handed_at IS NULL`,
		string(scope.Org()), string(id), n)
	if err == nil && gone == 0 {
		return errs.New(errs.Conflict, "it was handed over, or is not there").WithHint("What the auditor has seen stays in the answer. Say in a comment what it is worth.")
	}
	return err
}

// Pieces lists what was given to a request.
func (s *Store) Pieces(ctx context.Context, scope access.ReadScope, id request.ID) ([]request.Piece, error) {
	return sqldb.Collect(ctx, s.DB, func(row sqldb.Row) (request.Piece, error) {
		var p request.Piece
		var from, to, added int64
		var handed *int64
		err := row.Scan(&p.N, &p.Kind, &p.Ref, &p.Title, &from, &to, &p.SHA256, &p.Outside, &added, &p.AddedBy, &handed)
		p.From, p.To, p.Added, p.Handed = instant(from), instant(to), sqldb.Time(added), sqldb.TimePtr(handed)
		return p, err
	}, `SELECT p.n, p.kind, p.ref, p.title, p.from_at, p.to_at, p.sha256, p.outside, p.added_at, p.added_by, p.handed_at
		FROM request_piece p JOIN request_request r ON r.id = p.request_id WHERE r.org_id = $1 AND p.request_id = $2 ORDER BY p.n`, string(scope.Org()), string(id))
}

// Uses finds which requests of an engagement pieces were given to.
func (s *Store) Uses(ctx context.Context, scope access.ReadScope, engagement string) (map[string][]request.Use, error) {
	out := map[string][]request.Use{}
	_, err := sqldb.Collect(ctx, s.DB, func(row sqldb.Row) (struct{}, error) {
		var p request.Piece
		var u request.Use
		err := row.Scan(&p.Kind, &p.Ref, &u.Ref, &u.Title, &u.State, &u.Handed)
		out[p.Key()] = append(out[p.Key()], u)
		return struct{}{}, err
	}, `SELECT p.kind, p.ref, r.ref, r.title, r.state, p.handed_at IS NOT NULL FROM request_piece p JOIN request_request r ON r.id = p.request_id
		WHERE r.org_id = $1 AND r.engagement = $2 ORDER BY r.number, p.n`, string(scope.Org()), engagement)
	return out, err
}

// AddRemark keeps a note of the firm.
func (s *Store) AddRemark(ctx context.Context, scope access.Scope, r request.Remark) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO request_remark (id, org_id, engagement, request, at, actor, text) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, string(scope.Org()), r.Engagement, string(r.Request), r.At.UnixMicro(), r.Actor, r.Text)
	return err
}

// Remarks lists the firm's notes on a request, oldest first.
func (s *Store) Remarks(ctx context.Context, scope access.ReadScope, id request.ID) ([]request.Remark, error) {
	return sqldb.Collect(ctx, s.DB, func(row sqldb.Row) (request.Remark, error) {
		r := request.Remark{Request: id}
		var at int64
		err := row.Scan(&r.ID, &r.Engagement, &at, &r.Actor, &r.Text)
		r.At = sqldb.Time(at)
		return r, err
	}, `SELECT id, engagement, at, actor, text FROM request_remark WHERE org_id = $1 AND request = $2 ORDER BY at, id`, string(scope.Org()), string(id))
}
