package sqldb_test

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// TestReadersFresh: what was committed is seen by every reader of the pool, also when other reads were given up half-way.
func TestReadersFresh(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(t.Context(), "CREATE TABLE t (n BIGINT)"); err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for !stop.Load() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*300+50)*time.Microsecond)
				q := "SELECT a.n FROM t a, t b ORDER BY b.n"
				if i%2 == 0 {
					q = "SELECT a.n FROM t a, t b"
				}
				_, _ = sqldb.Collect(ctx, db, sqldb.Int, q)
				var x int64
				_ = db.QueryRow(ctx, []any{&x}, "SELECT n FROM t ORDER BY n")
				cancel()
			}
		})
	}
	for n := range 60 {
		if _, err := db.Exec(t.Context(), "INSERT INTO t VALUES ($1)", n); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			var got int64
			rows, err := db.Query(t.Context(), "SELECT max(n) FROM t")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
			}
			_ = rows.Close()
			if got != int64(n) {
				t.Fatalf("a reader sees %d after %d was committed", got, n)
			}
		}
	}
	stop.Store(true)
	wg.Wait()
}
