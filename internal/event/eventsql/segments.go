package eventsql

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Filed is where filing stands: 0 before the first.
func (s *Store) Filed(ctx context.Context) (int64, error) {
	return sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(position), 0) FROM event_filed`)
}

// SetFiled moves it on. It never goes back.
func (s *Store) SetFiled(ctx context.Context, position int64) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO event_filed (one, position) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET position = $1 WHERE event_filed.position < $1`, position)
	return err
}

// AddSegment lists a segment.
func (s *Store) AddSegment(ctx context.Context, scope access.Scope, x event.Segment) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO event_segment (id, org_id, file, first_id, last_id, rows, bytes, raw_bytes, from_at, to_at, logs, sha256, root, seq, sealed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, x.ID, string(scope.Org()), x.File, x.First, x.Last, x.Rows, x.Bytes, x.RawBytes,
		x.From.UnixMicro(), x.To.UnixMicro(), strings.Join(x.Logs, " "), x.SHA256, x.Root, x.Seq, x.Sealed.UnixMicro())
	return err
}

// Segments lists the segments of an organisation in order of arrival.
func (s *Store) Segments(ctx context.Context, scope access.ReadScope, from, to time.Time, after string) ([]event.Segment, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(!from.IsZero(), `to_at >= ?`, from.UnixMicro())
	w.AddIf(!to.IsZero(), `from_at < ?`, to.UnixMicro())
	w.AddIf(after != "", `last_id > ?`, after)
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Segment, error) {
		var x event.Segment
		var logs string
		var from, to, sealed int64
		err := r.Scan(&x.ID, &x.File, &x.First, &x.Last, &x.Rows, &x.Bytes, &x.RawBytes, &from, &to, &logs, &x.SHA256, &x.Root, &x.Seq, &sealed)
		x.From, x.To, x.Sealed, x.Logs = sqldb.Time(from), sqldb.Time(to), sqldb.Time(sealed), strings.Fields(logs)
		return x, err
	}, `SELECT id, file, first_id, last_id, rows, bytes, raw_bytes, from_at, to_at, logs, sha256, root, seq, sealed_at FROM event_segment WHERE `+w.SQL()+` ORDER BY first_id`, w.Args()...)
}

var (
	_ event.Store    = (*Store)(nil)
	_ event.Keys     = (*Store)(nil)
	_ event.Segments = (*Store)(nil)
)
