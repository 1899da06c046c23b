package sqldb

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

type pgEngine struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, url string) (*DB, error) {
	open := func(readOnly bool) (*pgxpool.Pool, error) {
		cfg, err := pgxpool.ParseConfig(url)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "database URL")
		}
		if readOnly {
			cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
		}
		cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
		return pgxpool.NewWithConfig(ctx, cfg)
	}
	w, err := open(false)
	if err != nil {
		return nil, err
	}
	r, err := open(true)
	if err != nil {
		w.Close()
		return nil, err
	}
	if err := w.Ping(ctx); err != nil {
		w.Close()
		r.Close()
		return nil, errs.As(errs.Unavailable, err, "connect to PostgreSQL")
	}
	return &DB{dialect: PostgreSQL, write: &pgEngine{w}, read: &pgEngine{r}, url: url}, nil
}

func (e *pgEngine) exec(ctx context.Context, q string, args []any) (int64, error) {
	tag, err := e.pool.Exec(ctx, q, args...)
	return tag.RowsAffected(), err
}

func (e *pgEngine) query(ctx context.Context, q string, args []any) (Rows, error) {
	r, err := e.pool.Query(ctx, q, args...)
	return pgRows{r}, err
}

func (e *pgEngine) close() error { e.pool.Close(); return nil }

func (e *pgEngine) begin(ctx context.Context) (tx, error) {
	t, err := e.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return pgTx{t}, nil
}

type pgTx struct{ t pgx.Tx }

func (t pgTx) exec(ctx context.Context, q string, args []any) (int64, error) {
	tag, err := t.t.Exec(ctx, q, args...)
	return tag.RowsAffected(), err
}

func (t pgTx) query(ctx context.Context, q string, args []any) (Rows, error) {
	r, err := t.t.Query(ctx, q, args...)
	return pgRows{r}, err
}
func (t pgTx) commit(ctx context.Context) error { return t.t.Commit(ctx) }
func (t pgTx) native() any                      { return t.t }

func (t pgTx) rollback(ctx context.Context) error {
	if err := t.t.Rollback(ctx); !errors.Is(err, pgx.ErrTxClosed) {
		return err
	}
	return nil
}

type pgRows struct{ pgx.Rows }

func (r pgRows) Close() error { r.Rows.Close(); return nil }

// pgKind maps an engine error to a kind, or Internal. Codes: PostgreSQL manual, appendix A.
func pgKind(err error) errs.Kind {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return errs.Internal
	}
	switch e.Code {
	case "23505", "23503": // unique_violation, foreign_key_violation
		return errs.Conflict
	case "40001", "40P01", "55P03", "57P01", "57P03", "53300": // serialization, deadlock, lock, shutdown, too many connections
		return errs.Unavailable
	case "53100", "53200": // disk_full, out_of_memory
		return errs.Exhausted
	}
	return errs.Internal
}

// classify gives an engine error the kind its cause has, so that callers can decide without knowing the engine.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var e *errs.Error
	if errors.As(err, &e) {
		return err
	}
	kind := sqliteKind(err)
	if kind == errs.Internal {
		kind = pgKind(err)
	}
	switch kind {
	case errs.Conflict:
		return errs.As(kind, err, "exists already or is still referred to")
	case errs.Unavailable:
		return errs.As(kind, err, "the database is busy")
	case errs.Exhausted:
		return errs.New(kind, "the database has no room left").WithHint("Free disk space; nothing accepted so far is lost.")
	}
	return errs.As(errs.Internal, err, "database")
}
