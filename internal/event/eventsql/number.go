package eventsql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Streams gives the number that each sender of a source is to send next.
func (s *Store) Streams(ctx context.Context, scope access.ReadScope, id event.SourceID) (map[string]int64, error) {
	type stream struct {
		name string
		next int64
	}
	all, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (stream, error) {
		var x stream
		err := r.Scan(&x.name, &x.next)
		return x, err
	}, `SELECT stream, next FROM event_stream WHERE org_id = $1 AND source_id = $2`, string(scope.Org()), string(id))
	out := map[string]int64{}
	for _, x := range all {
		out[x.name] = x.next
	}
	return out, err
}

// SetStream keeps the number that a sender is to send next.
func (s *Store) SetStream(ctx context.Context, scope access.Scope, id event.SourceID, stream string, next int64, at time.Time) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO event_stream (org_id, source_id, stream, next, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (source_id, stream) DO UPDATE SET next = $4, at = $5`, string(scope.Org()), string(id), stream, next, at.UnixMicro())
	return err
}

// Gaps lists gaps, the newest first.
func (s *Store) Gaps(ctx context.Context, scope access.ReadScope, f event.GapFilter) ([]event.Gap, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Source != "", `source_id = ?`, string(f.Source))
	w.AddIf(f.Open, `missing > ?`, 0)
	w.AddIf(!f.Since.IsZero(), `at >= ?`, micros(f.Since))
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	sql := `SELECT id, source_id, stream, kind, first, last, missing, at FROM event_gap WHERE ` + w.SQL() + ` ORDER BY at DESC, stream, first DESC, id ` + w.Page(f.Limit, 0)
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Gap, error) {
		var g event.Gap
		var at int64
		err := r.Scan(&g.ID, &g.Source, &g.Stream, &g.Kind, &g.First, &g.Last, &g.Missing, &at)
		g.At = sqldb.Time(at)
		return g, err
	}, sql, w.Args()...)
}

// PutGap keeps a gap, or how much of it lacks by now.
func (s *Store) PutGap(ctx context.Context, scope access.Scope, g event.Gap) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO event_gap (id, org_id, source_id, stream, kind, first, last, missing, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET first = $6, last = $7, missing = $8`, g.ID, string(scope.Org()), string(g.Source), g.Stream, string(g.Kind), g.First, g.Last, g.Missing, g.At.UnixMicro())
	return err
}

var _ event.Numbers = (*Store)(nil)
