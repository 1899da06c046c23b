package eventsql

import (
	"context"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// SetPosition keeps up to where a file is read.
func (s *Store) SetPosition(ctx context.Context, scope access.Scope, id event.SourceID, p event.Position) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO event_position (org_id, source_id, name, identity, taken, sha256, plain) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (source_id, name) DO UPDATE SET identity = $4, taken = $5, sha256 = $6, plain = $7`, string(scope.Org()), string(id), p.Name, p.Identity, p.Taken, p.SHA256, p.Plain)
	return err
}

// Positions lists up to where the files of a source are read.
func (s *Store) Positions(ctx context.Context, scope access.ReadScope, id event.SourceID) ([]event.Position, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Position, error) {
		var p event.Position
		err := r.Scan(&p.Name, &p.Identity, &p.Taken, &p.SHA256, &p.Plain)
		return p, err
	}, `SELECT name, identity, taken, sha256, COALESCE(plain, '') FROM event_position WHERE org_id = $1 AND source_id = $2 ORDER BY name`, string(scope.Org()), string(id))
}

// ForgetPositions removes those whose names begin with a text.
func (s *Store) ForgetPositions(ctx context.Context, scope access.Scope, id event.SourceID, begins string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM event_position WHERE org_id = $1 AND source_id = $2 AND substr(name, 1, $4) = $3`,
		string(scope.Org()), string(id), begins, int64(utf8.RuneCountInString(begins)))
	return err
}
