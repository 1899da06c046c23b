package eventsql

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// SetLink links a connection with a source.
func (s *Store) SetLink(ctx context.Context, scope access.Scope, l event.Link) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO event_link (org_id, connection, source_id, at, actor) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id, connection) DO UPDATE SET source_id = $3, at = $4, actor = $5`, string(scope.Org()), l.Connection, string(l.Source), l.Made.UnixMicro(), l.MadeBy)
	return err
}

// DropLink ends the link of a connection.
func (s *Store) DropLink(ctx context.Context, scope access.Scope, connection string) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM event_link WHERE org_id = $1 AND connection = $2`, string(scope.Org()), connection)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "the events of this connection go to no source").WithHint("tickmark event feed list shows those that do.")
	}
	return err
}

// Links lists the links of an organisation.
func (s *Store) Links(ctx context.Context, scope access.ReadScope) ([]event.Link, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Link, error) {
		var l event.Link
		var at int64
		err := r.Scan(&l.Connection, &l.Source, &at, &l.MadeBy)
		l.Made = sqldb.Time(at)
		return l, err
	}, `SELECT connection, source_id, at, actor FROM event_link WHERE org_id = $1 ORDER BY connection`, string(scope.Org()))
}

var _ event.Links = (*Store)(nil)
