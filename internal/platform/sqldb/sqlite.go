package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Connection settings. One writer, because SQLite has one anyway and a queue in Go is fairer than its busy loop; WAL, so
// that readers never wait; FULL, so that a committed ledger entry survives a power cut.
const (
	sqliteReaders     = 4
	sqliteBusyTimeout = "15000" // milliseconds: another process of ours may hold the write lock during a large seal
)

type sqliteEngine struct{ db *sql.DB }

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, errs.As(errs.Unavailable, err, "create the folder of database %s", path)
	}
	open := func(readOnly bool, conns int) (*sql.DB, error) {
		q := url.Values{"_pragma": {
			"busy_timeout(" + sqliteBusyTimeout + ")", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
			"cache_size(-32000)", "temp_store(MEMORY)",
		}, "_txlock": {"immediate"}}
		if readOnly {
			q.Add("_pragma", "query_only(1)")
		}
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return db, db.PingContext(ctx)
	}
	w, err := open(false, 1)
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "open database %s", path)
	}
	r, err := open(true, sqliteReaders)
	if err != nil {
		_ = w.Close()
		return nil, errs.As(errs.Unavailable, err, "open database %s for reading", path)
	}
	return &DB{dialect: SQLite, write: &sqliteEngine{w}, read: &sqliteEngine{r}, url: path}, nil
}

func (e *sqliteEngine) exec(ctx context.Context, q string, args []any) (int64, error) {
	return sqlExec(ctx, e.db, q, args)
}

func (e *sqliteEngine) query(ctx context.Context, q string, args []any) (Rows, error) {
	return sqlQuery(ctx, e.db, q, args)
}

func (e *sqliteEngine) close() error { return e.db.Close() }

func (e *sqliteEngine) begin(ctx context.Context) (tx, error) {
	t, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return sqliteTx{t}, nil
}

type sqliteTx struct{ *sql.Tx }

func (t sqliteTx) exec(ctx context.Context, q string, args []any) (int64, error) {
	return sqlExec(ctx, t.Tx, q, args)
}

func (t sqliteTx) query(ctx context.Context, q string, args []any) (Rows, error) {
	return sqlQuery(ctx, t.Tx, q, args)
}
func (t sqliteTx) commit(context.Context) error { return t.Commit() }
func (t sqliteTx) native() any                  { return t.Tx }

func (t sqliteTx) rollback(context.Context) error {
	if err := t.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

type sqlRunner interface {
	ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

func sqlExec(ctx context.Context, r sqlRunner, q string, args []any) (int64, error) {
	res, err := r.ExecContext(ctx, rewrite(q), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func sqlQuery(ctx context.Context, r sqlRunner, q string, args []any) (Rows, error) {
	rows, err := r.QueryContext(ctx, rewrite(q), args...) //nolint:rowserrcheck // the caller reads them
	if err != nil {
		return nil, err
	}
	return rows, nil
}

var rewritten sync.Map // statement text -> text for SQLite; statements are constants, so this stays small

// rewrite turns $1 into ?1 outside quoted text. In SQLite $1 would be a parameter named "$1".
func rewrite(q string) string {
	if v, ok := rewritten.Load(q); ok {
		return v.(string) //nolint:forcetypeassert // only texts are kept
	}
	b := []byte(q)
	var quote byte
	for i := range b {
		switch c := b[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '$' && i+1 < len(b) && b[i+1] >= '1' && b[i+1] <= '9':
			b[i] = '?'
		}
	}
	s := string(b)
	rewritten.Store(q, s)
	return s
}

// sqliteKind maps an engine error to a kind, or Internal.
func sqliteKind(err error) errs.Kind {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return errs.Internal
	}
	switch e.Code() {
	case sqlitelib.SQLITE_CONSTRAINT_UNIQUE, sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY, sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errs.Conflict
	}
	switch e.Code() & 0xff {
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return errs.Unavailable
	case sqlitelib.SQLITE_FULL:
		return errs.Exhausted
	}
	return errs.Internal
}
