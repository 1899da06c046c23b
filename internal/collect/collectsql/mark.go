package collectsql

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// addMarks keeps the marks of a run; they count once it has ended well.
func (s *Store) addMarks(ctx context.Context, scope access.Scope, r collect.Run) error {
	for _, m := range r.Marks {
		_, err := s.DB.Exec(ctx, `INSERT INTO collect_mark (org_id, connection_id, stream, run_id, begin_at, through_at, deep_at, known) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(scope.Org()), string(r.Connection), m.Stream, string(r.ID), micros(m.Begin), micros(m.Through), micros(m.Deep), packKnown(m.Known))
		if err != nil {
			return err
		}
	}
	return nil
}

// settleMarks drops the marks that those of a run take the place of, or those of a run that did not end well.
func (s *Store) settleMarks(ctx context.Context, scope access.Scope, r collect.Run) error {
	if r.Status != collect.Complete && r.Status != collect.Partial {
		_, err := s.DB.Exec(ctx, `DELETE FROM collect_mark WHERE org_id = $1 AND run_id = $2`, string(scope.Org()), string(r.ID))
		return err
	}
	_, err := s.DB.Exec(ctx, `DELETE FROM collect_mark WHERE org_id = $1 AND connection_id = $2
		AND stream IN (SELECT stream FROM collect_mark WHERE run_id = $3)
		AND run_id IN (SELECT id FROM collect_run WHERE org_id = $1 AND connection_id = $2 AND started_at < $4 AND id <> $3)`,
		string(scope.Org()), string(r.Connection), string(r.ID), r.Started.UnixMicro())
	return err
}

// Marks are up to where the streams of a connection were read, by name.
func (s *Store) Marks(ctx context.Context, scope access.ReadScope, conn collect.ConnectionID) (map[string]collect.Mark, error) {
	rows, err := sqldb.Collect(ctx, s.DB, scanMark, `SELECT m.stream, m.begin_at, m.through_at, m.deep_at, m.known
		FROM collect_mark m JOIN collect_run r ON r.id = m.run_id
		WHERE m.org_id = $1 AND m.connection_id = $2 AND r.status IN ('complete', 'partial') ORDER BY r.started_at, r.id`, string(scope.Org()), string(conn))
	out := map[string]collect.Mark{}
	for _, m := range rows {
		out[m.Stream] = m
	}
	return out, err
}

func scanMark(r sqldb.Row) (collect.Mark, error) {
	var m collect.Mark
	var begin, through, deep int64
	var known string
	if err := r.Scan(&m.Stream, &begin, &through, &deep, &known); err != nil {
		return m, err
	}
	m.Begin, m.Through, m.Deep = sqldb.Time(begin), sqldb.Time(through), sqldb.Time(deep)
	var err error
	m.Known, err = unpackKnown(known)
	return m, errs.Wrap(err, "mark of %s", m.Stream)
}

// knownBytes is a record in the packed form: seconds since 1970 and the identifier, both little-endian.
const knownBytes = 12

// packKnown writes what is known as text: there may be many, and they are read and written with every run.
func packKnown(list []collect.Known) string {
	b := make([]byte, 0, len(list)*knownBytes)
	for _, k := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(max(0, k.At.Unix())))
		b = binary.LittleEndian.AppendUint64(b, k.ID)
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

func unpackKnown(s string) ([]collect.Known, error) {
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(b)%knownBytes != 0 {
		return nil, errs.New(errs.Internal, "what is known of a stream is damaged")
	}
	list := make([]collect.Known, 0, len(b)/knownBytes)
	for ; len(b) > 0; b = b[knownBytes:] {
		list = append(list, collect.Known{At: time.Unix(int64(binary.LittleEndian.Uint32(b)), 0).UTC(), ID: binary.LittleEndian.Uint64(b[4:])})
	}
	return list, nil
}
