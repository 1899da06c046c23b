package sqldb_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/migrations"
)

// TestMigrateAtOnce: programs that start at the same time on a new database all find it migrated.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "records.db")
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for range 4 {
		db, err := sqldb.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		wg.Go(func() {
			<-begin
			if err := db.Migrate(t.Context(), migrations.Files, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	wg.Wait()
}
