package eventsql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Replace puts a segment in the place of those it was made of. It rides in the caller's transaction.
func (s *Store) Replace(ctx context.Context, scope access.Scope, now time.Time, old []event.Segment, by event.Segment, seals []event.Sealed) error {
	org := string(scope.Org())
	if err := s.AddSegment(ctx, scope, by); err != nil {
		return err
	}
	for _, x := range seals {
		if _, err := s.DB.Exec(ctx, `INSERT INTO event_seal (id, org_id, segment_id, place, rows, first_id, last_id, sha256, root, seq, sealed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (id) DO UPDATE SET segment_id = $3, place = $4 WHERE event_seal.org_id = $2`,
			x.ID, org, x.Segment, x.Place, x.Rows, x.First, x.Last, x.SHA256, x.Root, x.Seq, x.At.UnixMicro()); err != nil {
			return err
		}
	}
	for _, x := range old {
		n, err := s.DB.Exec(ctx, `DELETE FROM event_segment WHERE org_id = $1 AND id = $2 AND sha256 = $3`, org, x.ID, x.SHA256)
		if err != nil {
			return err
		}
		if n != 1 {
			return errs.New(errs.Conflict, "the segment %s was changed meanwhile", x.ID).WithHint("Nothing was put together; it is tried again.")
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO event_left (file, org_id, since) VALUES ($1, $2, $3)`, x.File, org, now.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// Seals are those that compaction kept of a segment.
func (s *Store) Seals(ctx context.Context, scope access.ReadScope, segment string) ([]event.Sealed, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Sealed, error) {
		var x event.Sealed
		var at int64
		err := r.Scan(&x.ID, &x.Segment, &x.Place, &x.Rows, &x.First, &x.Last, &x.SHA256, &x.Root, &x.Seq, &at)
		x.At = sqldb.Time(at)
		return x, err
	}, `SELECT id, segment_id, place, rows, first_id, last_id, sha256, root, seq, sealed_at FROM event_seal WHERE org_id = $1 AND segment_id = $2 ORDER BY place`, string(scope.Org()), segment)
}

// Left lists the files that larger ones replaced.
func (s *Store) Left(ctx context.Context, scope access.ReadScope) (map[string]time.Time, error) {
	type left struct {
		file  string
		since int64
	}
	all, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (x left, err error) {
		err = r.Scan(&x.file, &x.since)
		return x, err
	}, `SELECT file, since FROM event_left WHERE org_id = $1 ORDER BY file`, string(scope.Org()))
	out := make(map[string]time.Time, len(all))
	for _, x := range all {
		out[x.file] = sqldb.Time(x.since)
	}
	return out, err
}

// Forget says that a file that was left is removed.
func (s *Store) Forget(ctx context.Context, scope access.Scope, file string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM event_left WHERE org_id = $1 AND file = $2`, string(scope.Org()), file)
	return err
}

var _ event.SealStore = (*Store)(nil)
