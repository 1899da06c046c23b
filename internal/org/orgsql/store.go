// Package orgsql keeps the description of the system in the records database.
package orgsql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements org.Store.
type Store struct{ DB *sqldb.DB }

const (
	columns = `v.record_id, v.number, v.kind, v.key, v.place, v.body, v.sha256, v.removed, v.author, v.at, v.note`
	from    = ` FROM org_record r JOIN org_revision v ON v.record_id = r.id`
)

func scan(r sqldb.Row) (org.Revision, error) {
	var v org.Revision
	var at int64
	err := r.Scan(&v.ID, &v.Number, &v.Kind, &v.Key, &v.Place, &v.Body, &v.SHA256, &v.Removed, &v.Author, &at, &v.Note)
	v.At = sqldb.Time(at)
	return v, err
}

// Add inserts a revision after the one before it, or a new record.
func (s *Store) Add(ctx context.Context, scope access.Scope, v org.Revision) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		var n int64
		var err error
		if v.Number == 1 {
			n, err = s.DB.Exec(ctx, `INSERT INTO org_record (id, org_id, kind, key, newest, removed) VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT DO NOTHING`,
				string(v.ID), string(scope.Org()), string(v.Kind), v.Key, v.Removed)
		} else {
			// Another record of the kind may have taken the key meanwhile: the unique index refuses that.
			n, err = s.DB.Exec(ctx, `UPDATE org_record SET key = $3, newest = $4, removed = $5 WHERE org_id = $1 AND id = $2 AND newest = $4 - 1`,
				string(scope.Org()), string(v.ID), v.Key, v.Number, v.Removed)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s %q was changed meanwhile, or is there already", v.Kind, v.Key).WithHint("Look at what is there and save again on top of it.")
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO org_revision (record_id, number, kind, key, place, body, sha256, removed, author, at, note)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			string(v.ID), v.Number, string(v.Kind), v.Key, v.Place, v.Body, v.SHA256, v.Removed, v.Author, v.At.UnixMicro(), v.Note)
		return err
	})
}

// Newest reads the newest revision of a record.
func (s *Store) Newest(ctx context.Context, scope access.ReadScope, id org.RecordID) (org.Revision, error) {
	v, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+from+` AND v.number = r.newest WHERE r.org_id = $1 AND r.id = $2`, string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return v, errs.New(errs.NotFound, "the description has no record %s", id)
	}
	return v, err
}

// AsOf lists what the description was at an instant.
func (s *Store) AsOf(ctx context.Context, scope access.ReadScope, at time.Time) ([]org.Revision, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+`
		WHERE r.org_id = $1 AND v.number = (SELECT max(x.number) FROM org_revision x WHERE x.record_id = r.id AND x.at <= $2) AND NOT v.removed
		ORDER BY v.kind, v.place, v.key`, string(scope.Org()), at.UnixMicro())
}

// Current lists what the description is.
func (s *Store) Current(ctx context.Context, scope access.ReadScope) ([]org.Revision, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+` AND v.number = r.newest WHERE r.org_id = $1 AND NOT r.removed ORDER BY v.kind, v.place, v.key`,
		string(scope.Org()))
}

// Revisions lists all revisions of a record, newest first.
func (s *Store) Revisions(ctx context.Context, scope access.ReadScope, id org.RecordID) ([]org.Revision, error) {
	all, err := sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+` WHERE r.org_id = $1 AND r.id = $2 ORDER BY v.number DESC`, string(scope.Org()), string(id))
	if err == nil && len(all) == 0 {
		return nil, errs.New(errs.NotFound, "the description has no record %s", id)
	}
	return all, err
}
