// Package collectsql keeps connections and runs in the records database.
package collectsql

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements collect.Store.
type Store struct{ DB *sqldb.DB }

const connColumns = `id, kind, name, settings, sealed, every_s, paused, cursor_at, created_at`

func scanConnection(r sqldb.Row) (collect.Connection, error) {
	var c collect.Connection
	var settings string
	var every, cursor, created int64
	if err := r.Scan(&c.ID, &c.Kind, &c.Name, &settings, &c.Sealed, &every, &c.Paused, &cursor, &created); err != nil {
		return c, err
	}
	c.Every, c.Created = time.Duration(every)*time.Second, sqldb.Time(created)
	if cursor != 0 {
		c.Cursor = sqldb.Time(cursor)
	}
	return c, json.Unmarshal([]byte(settings), &c.Settings)
}

// AddConnection inserts a connection.
func (s *Store) AddConnection(ctx context.Context, scope access.Scope, c collect.Connection) error {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO collect_connection (org_id, `+connColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)`,
		string(scope.Org()), string(c.ID), c.Kind, c.Name, string(settings), c.Sealed, int64(c.Every/time.Second), c.Paused, c.Created.UnixMicro())
	return err
}

// UpdateConnection changes settings, secrets and schedule of a connection that is still as it was.
func (s *Store) UpdateConnection(ctx context.Context, scope access.Scope, old, c collect.Connection) error {
	before, err := json.Marshal(old.Settings)
	if err != nil {
		return err
	}
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE collect_connection SET settings = $3, sealed = $4, every_s = $5, paused = $6
		WHERE org_id = $1 AND id = $2 AND removed_at IS NULL AND settings = $7 AND sealed = $8 AND every_s = $9 AND paused = $10`,
		string(scope.Org()), string(c.ID), string(settings), c.Sealed, int64(c.Every/time.Second), c.Paused, string(before), old.Sealed, int64(old.Every/time.Second), old.Paused)
	if err != nil || n > 0 {
		return err
	}
	if _, err := s.Connection(ctx, scope.ReadScope, string(c.ID)); err != nil {
		return err
	}
	return errs.New(errs.Conflict, "the connection was changed meanwhile")
}

// RemoveConnection ends a connection.
func (s *Store) RemoveConnection(ctx context.Context, scope access.Scope, id collect.ConnectionID, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE collect_connection SET removed_at = $3, sealed = '' WHERE org_id = $1 AND id = $2 AND removed_at IS NULL`,
		string(scope.Org()), string(id), at.UnixMicro())
	return affected(n, err, "no connection %s", id)
}

// Connection reads a live connection by identifier or name.
func (s *Store) Connection(ctx context.Context, scope access.ReadScope, idOrName string) (collect.Connection, error) {
	c, err := sqldb.One(ctx, s.DB, scanConnection, `SELECT `+connColumns+` FROM collect_connection
		WHERE org_id = $1 AND (id = $2 OR name = $2) AND removed_at IS NULL`, string(scope.Org()), idOrName)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "no connection %q", idOrName).WithHint("tickmark connect list")
	}
	return c, err
}

// Connections lists live connections by name.
func (s *Store) Connections(ctx context.Context, scope access.ReadScope) ([]collect.Connection, error) {
	return sqldb.Collect(ctx, s.DB, scanConnection, `SELECT `+connColumns+` FROM collect_connection WHERE org_id = $1 AND removed_at IS NULL ORDER BY name`, string(scope.Org()))
}

const runColumns = `id, connection_id, kind, name, trigger_by, status, started_at, finished_at, since_at, until_at, results, manifest_sha256, error, owner`

func scanRun(r sqldb.Row) (collect.Run, error) {
	var x collect.Run
	var started, since, until int64
	var finished *int64
	var results string
	if err := r.Scan(&x.ID, &x.Connection, &x.Kind, &x.Name, &x.Trigger, &x.Status, &started, &finished, &since, &until, &results, &x.ManifestSHA256, &x.Error, &x.Owner); err != nil {
		return x, err
	}
	x.Started, x.Until, x.Finished = sqldb.Time(started), sqldb.Time(until), sqldb.TimePtr(finished)
	if since != 0 {
		x.Since = sqldb.Time(since)
	}
	return x, json.Unmarshal([]byte(results), &x.Results)
}

// Begin inserts a running run unless another live one is open.
func (s *Store) Begin(ctx context.Context, scope access.Scope, r collect.Run, alive func(string) bool) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		// Touching the connection's row makes two beginners queue.
		n, err := s.DB.Exec(ctx, `UPDATE collect_connection SET paused = paused WHERE org_id = $1 AND id = $2 AND removed_at IS NULL`, string(scope.Org()), string(r.Connection))
		if err := affected(n, err, "no connection %s", r.Connection); err != nil {
			return err
		}
		open, err := sqldb.Collect(ctx, s.DB, scanRun, `SELECT `+runColumns+` FROM collect_run WHERE org_id = $1 AND connection_id = $2 AND status IN ('running', 'sealing')`,
			string(scope.Org()), string(r.Connection))
		if err != nil {
			return err
		}
		for _, o := range open {
			if alive(o.Owner) {
				return errs.New(errs.Conflict, "%s is being collected since %s (run %s)", r.Name, o.Started.Format(time.RFC3339), o.ID).WithHint("Wait for that run, or cancel it.")
			}
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO collect_run (org_id, `+runColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9, $10, '[]', '', '', $11)`,
			string(scope.Org()), string(r.ID), string(r.Connection), r.Kind, r.Name, r.Trigger, string(r.Status), r.Started.UnixMicro(), micros(r.Since), r.Until.UnixMicro(), r.Owner)
		return err
	})
}

// Fix stores results, manifest and marks.
func (s *Store) Fix(ctx context.Context, scope access.Scope, r collect.Run) error {
	results, err := json.Marshal(r.Results)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE collect_run SET status = 'sealing', results = $3, manifest_sha256 = $4, error = $5, finished_at = $6
			WHERE org_id = $1 AND id = $2 AND status = 'running'`, string(scope.Org()), string(r.ID), string(results), r.ManifestSHA256, r.Error, r.Finished.UnixMicro())
		if err := affected(n, err, "run %s is not running", r.ID); err != nil {
			return err
		}
		return s.addMarks(ctx, scope, r)
	})
}

// Finish ends a run and moves the cursor.
func (s *Store) Finish(ctx context.Context, scope access.Scope, r collect.Run, cursor time.Time) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE collect_run SET status = $3, error = $4, finished_at = $5 WHERE org_id = $1 AND id = $2 AND status IN ('running', 'sealing')`,
			string(scope.Org()), string(r.ID), string(r.Status), r.Error, r.Finished.UnixMicro())
		if err := affected(n, err, "run %s has ended", r.ID); err != nil {
			return err
		}
		if err := s.settleMarks(ctx, scope, r); err != nil || cursor.IsZero() {
			return err
		}
		_, err = s.DB.Exec(ctx, `UPDATE collect_connection SET cursor_at = $3 WHERE org_id = $1 AND id = $2 AND cursor_at < $3`, string(scope.Org()), string(r.Connection), cursor.UnixMicro())
		return err
	})
}

// Run reads one run.
func (s *Store) Run(ctx context.Context, scope access.ReadScope, id collect.RunID) (collect.Run, error) {
	r, err := sqldb.One(ctx, s.DB, scanRun, `SELECT `+runColumns+` FROM collect_run WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no run %s", id)
	}
	return r, err
}

// Runs lists runs, newest first; an empty connection means all.
func (s *Store) Runs(ctx context.Context, scope access.ReadScope, conn collect.ConnectionID, q paging.Query) (paging.Result[collect.Run], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(conn != "", `connection_id = ?`, string(conn))
	res := paging.Result[collect.Run]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM collect_run WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanRun, `SELECT `+runColumns+` FROM collect_run WHERE `+w.SQL()+` ORDER BY started_at DESC, id DESC`+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Open lists runs that have not ended, oldest first.
func (s *Store) Open(ctx context.Context, scope access.ReadScope) ([]collect.Run, error) {
	return sqldb.Collect(ctx, s.DB, scanRun, `SELECT `+runColumns+` FROM collect_run WHERE org_id = $1 AND status IN ('running', 'sealing') ORDER BY started_at, id`, string(scope.Org()))
}

func affected(n int64, err error, format string, args ...any) error {
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, format, args...)
	}
	return err
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
