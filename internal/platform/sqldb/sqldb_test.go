package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func prepare(t *testing.T, db *sqldb.DB) context.Context {
	t.Helper()
	ctx := context.Background()
	must(t, exec(db, ctx, `CREATE TABLE thing (id TEXT PRIMARY KEY, n BIGINT, ok BOOLEAN NOT NULL)`))
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exec(db *sqldb.DB, ctx context.Context, q string, args ...any) error { //nolint:revive // the database leads as in the methods
	_, err := db.Exec(ctx, q, args...)
	return err
}

func count(t *testing.T, db *sqldb.DB, ctx context.Context) int64 { //nolint:revive // as exec
	t.Helper()
	n, err := sqldb.One(ctx, db, sqldb.Int, `SELECT count(*) FROM thing`)
	must(t, err)
	return n
}

func TestConformance(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := prepare(t, db)
		const insert = `INSERT INTO thing (id, n, ok) VALUES ($1, $2, $3)`
		must(t, exec(db, ctx, insert, "a $1 ?1", int64(1), true))
		must(t, exec(db, ctx, insert, "b", nil, false))

		t.Run("values survive", func(t *testing.T) {
			var id string
			var n *int64
			var ok bool
			must(t, db.QueryRow(ctx, []any{&id, &n, &ok}, `SELECT id, n, ok FROM thing WHERE n = $1`, int64(1)))
			if id != "a $1 ?1" || n == nil || *n != 1 || !ok {
				t.Errorf("got %q %v %v", id, n, ok)
			}
			must(t, db.QueryRow(ctx, []any{&n}, `SELECT n FROM thing WHERE id = $1`, "b"))
			if n != nil {
				t.Errorf("NULL became %d", *n)
			}
		})
		t.Run("kinds of failure", func(t *testing.T) {
			if err := exec(db, ctx, insert, "b", nil, true); !errs.Is(err, errs.Conflict) {
				t.Errorf("duplicate key: %v (%v)", err, errs.KindOf(err))
			}
			var s string
			if err := db.QueryRow(ctx, []any{&s}, `SELECT id FROM thing WHERE id = 'none'`); !errs.Is(err, errs.NotFound) {
				t.Errorf("no row: %v", err)
			}
			if _, err := db.Query(ctx, `SELECT nonsense FROM nowhere`); !errs.Is(err, errs.Internal) {
				t.Errorf("bad statement: %v", err)
			}
		})
		t.Run("a failed transaction leaves nothing", func(t *testing.T) {
			want := errors.New("no")
			err := db.InTx(ctx, func(ctx context.Context) error {
				must(t, exec(db, ctx, insert, "c", nil, true))
				return db.InTx(ctx, func(ctx context.Context) error { // joins the outer one
					must(t, exec(db, ctx, insert, "d", nil, true))
					return want
				})
			})
			if !errors.Is(err, want) || count(t, db, ctx) != 2 {
				t.Errorf("error %v, %d rows", err, count(t, db, ctx))
			}
		})
		t.Run("a panic rolls back", func(t *testing.T) {
			func() {
				defer func() { _ = recover() }()
				_ = db.InTx(ctx, func(ctx context.Context) error {
					must(t, exec(db, ctx, insert, "e", nil, true))
					panic("oh")
				})
			}()
			if n := count(t, db, ctx); n != 2 {
				t.Errorf("%d rows", n)
			}
		})
		t.Run("after commit", func(t *testing.T) {
			var order []string
			must(t, db.InTx(ctx, func(ctx context.Context) error {
				db.AfterCommit(ctx, func() { order = append(order, "after") })
				order = append(order, "inside")
				return nil
			}))
			_ = db.InTx(ctx, func(ctx context.Context) error {
				db.AfterCommit(ctx, func() { order = append(order, "never") })
				return errors.New("no")
			})
			if got := strings.Join(order, " "); got != "inside after" {
				t.Error(got)
			}
		})
		t.Run("the read side cannot write", func(t *testing.T) {
			if rows, err := db.Query(ctx, `INSERT INTO thing (id, n, ok) VALUES ('x', 1, TRUE) RETURNING id`); err == nil {
				for rows.Next() {
				}
				if rows.Err() == nil {
					t.Error("wrote through the read side")
				}
				_ = rows.Close()
			}
			if n := count(t, db, ctx); n != 2 {
				t.Errorf("%d rows", n)
			}
		})
		t.Run("cancelled context", func(t *testing.T) {
			ctx, cancel := context.WithCancel(ctx)
			err := db.InTx(ctx, func(ctx context.Context) error {
				must(t, exec(db, ctx, insert, "f", nil, true))
				cancel()
				return ctx.Err()
			})
			if !errors.Is(err, context.Canceled) || count(t, db, context.Background()) != 2 {
				t.Error(err)
			}
		})
	})
}

// TestWritersQueue has many writers at one counter: none may fail and none may be lost.
func TestWritersQueue(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := prepare(t, db)
		must(t, exec(db, ctx, `INSERT INTO thing (id, n, ok) VALUES ('n', 0, TRUE)`))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 25 {
					err := db.InTx(ctx, func(ctx context.Context) error {
						var n int64
						return db.QueryRow(ctx, []any{&n}, `UPDATE thing SET n = n + 1 WHERE id = 'n' RETURNING n`)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n, err := sqldb.One(ctx, db, sqldb.Int, `SELECT n FROM thing`)
		if err != nil || n != 200 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		now := time.Unix(0, 0)
		// The fixture's own migrations are applied already; a set that lacks them is from an older program.
		old := fstest.MapFS{"0000_x_y.sql": {Data: []byte("CREATE TABLE x_y (id TEXT);\n")}}
		if err := db.Migrate(ctx, old, now); !errs.Is(err, errs.Conflict) {
			t.Errorf("older program accepted a newer database: %v", err)
		}
	})
	t.Run("changed file", func(t *testing.T) {
		t.Parallel()
		ctx := context.Background()
		db, err := sqldb.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a", "m.db"))
		must(t, err)
		defer db.Close()
		one := fstest.MapFS{"0001_x_y.sql": {Data: []byte("-- a comment;\nCREATE TABLE x_y (\n  id TEXT\n);\n\nCREATE TABLE x_z (id TEXT);\n")}}
		must(t, db.Migrate(ctx, one, time.Unix(0, 0)))
		must(t, db.Migrate(ctx, one, time.Unix(0, 0)))
		must(t, exec(db, ctx, `INSERT INTO x_z (id) VALUES ('here')`))
		changed := fstest.MapFS{"0001_x_y.sql": {Data: []byte("CREATE TABLE x_y (id TEXT, more TEXT);\n")}}
		if err := db.Migrate(ctx, changed, time.Unix(0, 0)); !errs.Is(err, errs.Conflict) {
			t.Errorf("changed migration accepted: %v", err)
		}
		broken := fstest.MapFS{"0001_x_y.sql": one["0001_x_y.sql"], "0002_x_w.sql": {Data: []byte("CREATE TABLE x_w (id TEXT);\nNONSENSE;\n")}}
		if err := db.Migrate(ctx, broken, time.Unix(0, 0)); err == nil {
			t.Error("broken migration accepted")
		}
		if _, err := db.Query(ctx, `SELECT * FROM x_w`); err == nil {
			t.Error("half of a broken migration stayed")
		}
	})
}

// TestFull shows what a full disk does: an Exhausted error, everything accepted still there, and work goes on when there
// is room again.
func TestFull(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	ctx := prepare(t, db)
	must(t, exec(db, ctx, `INSERT INTO thing (id, n, ok) VALUES ('kept', 1, TRUE)`))
	must(t, exec(db, ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages(t, db)+8)))
	big := strings.Repeat("x", 20_000)
	var err error
	for i := 0; err == nil && i < 100; i++ {
		err = exec(db, ctx, `INSERT INTO thing (id, n, ok) VALUES ($1, 1, TRUE)`, fmt.Sprint(big, i))
	}
	if !errs.Is(err, errs.Exhausted) || errs.HintOf(err) == "" {
		t.Fatalf("full database: %v (%v)", err, errs.KindOf(err))
	}
	before := count(t, db, ctx)
	must(t, exec(db, ctx, `PRAGMA max_page_count = 1000000`))
	must(t, exec(db, ctx, `INSERT INTO thing (id, n, ok) VALUES ('again', 1, TRUE)`))
	if n := count(t, db, ctx); n != before+1 {
		t.Errorf("%d rows, %d before", n, before)
	}
}

func pages(t *testing.T, db *sqldb.DB) int64 {
	t.Helper()
	n, err := sqldb.One(context.Background(), db, sqldb.Int, `PRAGMA page_count`)
	must(t, err)
	return n
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "mysql://x", "nonsense"} {
		if _, err := sqldb.Open(context.Background(), bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "not.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqldb.Open(context.Background(), "sqlite:"+filepath.Join(dir, "not.db")); err == nil {
		t.Error("opened a file that is no database")
	}
}
