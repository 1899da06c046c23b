// Package sqldb runs hand-written SQL on SQLite or PostgreSQL. Statements use the common subset of both, with $1, $2
// as parameters. A transaction travels in the context, so that a ledger append or a job can ride in its caller's.
package sqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Dialect names the engine behind a DB.
type Dialect string

// The two engines.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

// Row is one result row.
type Row interface{ Scan(dst ...any) error }

// Rows is a result; the caller must Close it and then look at Err.
type Rows interface {
	Row
	Next() bool
	Close() error
	Err() error
}

// conn is what an engine gives us: a pool or a transaction.
type conn interface {
	exec(ctx context.Context, sql string, args []any) (int64, error)
	query(ctx context.Context, sql string, args []any) (Rows, error)
}

// engine is a pool that can also begin transactions.
type engine interface {
	conn
	begin(ctx context.Context) (tx, error)
	close() error
}

type tx interface {
	conn
	commit(ctx context.Context) error
	rollback(ctx context.Context) error
	native() any
}

// DB is a records database. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	write   engine
	read    engine // SELECT only, enforced by the engine
	url     string
}

// Dialect tells which engine runs the statements.
func (db *DB) Dialect() Dialect { return db.dialect }

// Open connects to the database a URL names: "sqlite:PATH" or "postgres://...". It creates a missing SQLite file but no
// tables; see Migrate.
func Open(ctx context.Context, url string) (*DB, error) {
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case "postgres", "postgresql":
		return openPostgres(ctx, url)
	default:
		return nil, errs.New(errs.Invalid, "database %q is neither sqlite:PATH nor postgres://HOST/NAME", scheme).At("database")
	}
}

// Close waits for running statements and closes all connections.
func (db *DB) Close() error {
	rerr := db.read.close()
	if werr := db.write.close(); werr != nil {
		return werr
	}
	return rerr
}

type ctxKey struct{ db *DB }

// InTx runs f in a transaction, or in the one ctx already carries for this database. The outermost call commits when f
// returns nil and rolls back otherwise; a panic rolls back and goes on.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context) error) (err error) {
	if _, ok := ctx.Value(ctxKey{db}).(*txState); ok {
		return f(ctx)
	}
	t, err := db.write.begin(ctx)
	if err != nil {
		return classify(err)
	}
	state := &txState{tx: t}
	done := false
	defer func() {
		if !done {
			// The caller's context may be what ended us; the rollback must still reach the engine.
			if rerr := t.rollback(context.WithoutCancel(ctx)); rerr != nil && err != nil {
				err = fmt.Errorf("%w (and the rollback failed: %w)", err, rerr)
			}
		}
	}()
	if err = f(context.WithValue(ctx, ctxKey{db}, state)); err != nil {
		return err
	}
	done = true
	if err = t.commit(ctx); err != nil {
		return classify(err)
	}
	for _, after := range state.after {
		after()
	}
	return nil
}

type txState struct {
	tx    tx
	after []func()
}

// AfterCommit runs f once the transaction in ctx has committed, or at once when there is none. Work that others must
// see only when it is durable, such as waking a follower, belongs here.
func (db *DB) AfterCommit(ctx context.Context, f func()) {
	if s, ok := ctx.Value(ctxKey{db}).(*txState); ok {
		s.after = append(s.after, f)
		return
	}
	f()
}

// Native is the engine's own transaction in ctx (*sql.Tx or pgx.Tx), or nil. Only platform/jobs may look.
func (db *DB) Native(ctx context.Context) any {
	if s, ok := ctx.Value(ctxKey{db}).(*txState); ok {
		return s.tx.native()
	}
	return nil
}

// Engine is the engine's own pool (*sql.DB or *pgxpool.Pool). Only platform/jobs may look.
func (db *DB) Engine() any {
	switch e := db.write.(type) {
	case *sqliteEngine:
		return e.db
	case *pgEngine:
		return e.pool
	}
	return nil
}

// Exec runs a statement and returns the number of rows it changed.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := db.pick(ctx, db.write).exec(ctx, sql, args)
	return n, classify(err)
}

// Query runs a SELECT. Outside a transaction it runs on the read-only side.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	r, err := db.pick(ctx, db.read).query(ctx, sql, args)
	return r, classify(err)
}

// QueryRow runs a SELECT, or a statement with RETURNING inside a transaction, and scans its only row into dst.
// No row is a NotFound error.
func (db *DB) QueryRow(ctx context.Context, dst []any, sql string, args ...any) error {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // what matters comes from Err
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return classify(err)
		}
		return ErrNoRow
	}
	if err := rows.Scan(dst...); err != nil {
		return classify(err)
	}
	if err := rows.Close(); err != nil {
		return classify(err)
	}
	return classify(rows.Err())
}

// ErrNoRow is what QueryRow returns for an empty result. Stores turn it into a message that names the thing.
var ErrNoRow = errs.New(errs.NotFound, "no such row")

func (db *DB) pick(ctx context.Context, otherwise engine) conn {
	if s, ok := ctx.Value(ctxKey{db}).(*txState); ok {
		return s.tx
	}
	return otherwise
}

// Collect scans every row of a query with f. It never returns a partial list: a failed read is an error.
func Collect[T any](ctx context.Context, db *DB, f func(Row) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // what matters comes from Err
	var out []T
	for rows.Next() {
		v, err := f(rows)
		if err != nil {
			return nil, classify(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, classify(err)
	}
	return out, classify(rows.Close())
}

// One scans the only row of a query with f; no row is ErrNoRow.
func One[T any](ctx context.Context, db *DB, f func(Row) (T, error), sql string, args ...any) (T, error) {
	all, err := Collect(ctx, db, f, sql, args...)
	var zero T
	if err != nil {
		return zero, err
	}
	if len(all) == 0 {
		return zero, ErrNoRow
	}
	return all[0], nil
}

// Strings scans a single text column.
func Strings(r Row) (string, error) {
	var s string
	err := r.Scan(&s)
	return s, err
}

// Int scans a single integer column.
func Int(r Row) (int64, error) {
	var n int64
	err := r.Scan(&n)
	return n, err
}
