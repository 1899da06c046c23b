package eventsql

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const erasedColumns = `event_id, segment_id, place, commitment, reason, actor, at, seq, remains, done`

func scanErased(r sqldb.Row) (event.Erasure, error) {
	var e event.Erasure
	var at int64
	err := r.Scan(&e.Event, &e.Segment, &e.Place, &e.Commitment, &e.Reason, &e.By, &at, &e.Seq, &e.Remains, &e.Done)
	e.At = sqldb.Time(at)
	return e, err
}

// Erasure is that of an event.
func (s *Store) Erasure(ctx context.Context, scope access.ReadScope, id string) (event.Erasure, error) {
	e, err := sqldb.One(ctx, s.DB, scanErased, `SELECT `+erasedColumns+` FROM event_erased WHERE org_id = $1 AND event_id = $2`, string(scope.Org()), id)
	if errs.Is(err, errs.NotFound) {
		return e, errs.New(errs.NotFound, "event %s was not erased", id)
	}
	return e, err
}

// Erasures are those of a segment, in order of place.
func (s *Store) Erasures(ctx context.Context, scope access.ReadScope, segment string) ([]event.Erasure, error) {
	return sqldb.Collect(ctx, s.DB, scanErased, `SELECT `+erasedColumns+` FROM event_erased WHERE org_id = $1 AND segment_id = $2 ORDER BY place`, string(scope.Org()), segment)
}

// Thinned are the segments from which events were erased.
func (s *Store) Thinned(ctx context.Context, scope access.ReadScope) (map[string]bool, error) {
	all, err := sqldb.Collect(ctx, s.DB, sqldb.Strings, `SELECT DISTINCT segment_id FROM event_erased WHERE org_id = $1`, string(scope.Org()))
	out := make(map[string]bool, len(all))
	for _, id := range all {
		out[id] = true
	}
	return out, err
}

// AddErasure keeps an erasure, with the segment as it is without the event.
func (s *Store) AddErasure(ctx context.Context, scope access.Scope, e event.Erasure, x event.Segment) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE event_segment SET file = $3, bytes = $4, raw_bytes = $5, sha256 = $6 WHERE org_id = $1 AND id = $2 AND file = $7`,
			string(scope.Org()), x.ID, x.File, x.Bytes, x.RawBytes, x.SHA256, e.Remains)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "the segment %s was written once more meanwhile", x.ID).WithHint("Try again.")
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO event_erased (event_id, org_id, segment_id, place, commitment, reason, actor, at, seq, remains, done) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			e.Event, string(scope.Org()), e.Segment, e.Place, e.Commitment, e.Reason, e.By, e.At.UnixMicro(), e.Seq, e.Remains, false)
		return err
	})
}

// EndErasure says that everything that follows was done.
func (s *Store) EndErasure(ctx context.Context, scope access.Scope, id string) error {
	_, err := s.DB.Exec(ctx, `UPDATE event_erased SET done = $3, remains = '' WHERE org_id = $1 AND event_id = $2`, string(scope.Org()), id, true)
	return err
}

// Unfinished are the erasures of all organisations of which not everything is done.
func (s *Store) Unfinished(ctx context.Context) (map[access.OrgID][]event.Erasure, error) {
	type of struct {
		org access.OrgID
		id  string
	}
	all, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (of, error) {
		var x of
		err := r.Scan(&x.org, &x.id)
		return x, err
	}, `SELECT org_id, event_id FROM event_erased WHERE done = $1 ORDER BY org_id, at`, false)
	if err != nil {
		return nil, err
	}
	out := map[access.OrgID][]event.Erasure{}
	for _, x := range all {
		e, err := sqldb.One(ctx, s.DB, scanErased, `SELECT `+erasedColumns+` FROM event_erased WHERE org_id = $1 AND event_id = $2`, string(x.org), x.id)
		if err != nil {
			return nil, err
		}
		out[x.org] = append(out[x.org], e)
	}
	return out, nil
}

var _ event.Erasures = (*Store)(nil)
