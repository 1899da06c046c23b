package lake_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func TestPage(t *testing.T) {
	t.Parallel()
	type fact struct {
		ID   string     `parquet:"id"`
		N    *int64     `parquet:"n"`
		OK   *bool      `parquet:"ok"`
		At   *time.Time `parquet:"at,timestamp(microsecond)"`
		Day  *int32     `parquet:"day,date"`
		Text string     `parquet:"text,dict"`
	}
	dir := lake.Dir{Root: t.TempDir()}
	w, err := dir.Create("a/b.parquet", &fact{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 250 {
		f := fact{ID: strconv.Itoa(i), Text: "<b>"}
		if i%2 == 0 {
			at := time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC)
			f.N, f.OK, f.At, f.Day = ptr(int64(i)), ptr(true), &at, ptr(int32(20455))
		}
		if err := w.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	columns, kinds, rows, total, err := dir.Page("a/b.parquet", 198, 100)
	if err != nil || total != 250 || len(rows) != 52 {
		t.Fatal(total, len(rows), err)
	}
	for i, want := range [][2]string{{"id", "text"}, {"n", "number"}, {"ok", "boolean"}, {"at", "time"}, {"day", "date"}, {"text", "text"}} {
		if columns[i] != want[0] || kinds[i] != want[1] {
			t.Errorf("column %d: %s %s", i, columns[i], kinds[i])
		}
	}
	for i, want := range []string{"198", "198", "true", "2026-01-02T03:04:05.6789Z", "2026-01-02", "<b>"} {
		if got := rows[0][i]; got == nil || *got != want {
			t.Errorf("%s: %v, want %s", columns[i], got, want)
		}
	}
	if rows[1][1] != nil || rows[1][3] != nil || *rows[1][0] != "199" {
		t.Error("a missing value is shown")
	}
	if _, _, rows, _, err := dir.Page("a/b.parquet", 5000, 10); err != nil || len(rows) != 0 {
		t.Error(len(rows), err)
	}
	if _, _, _, _, err := dir.Page("../x", 0, 10); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
	if _, _, _, _, err := dir.Page("a/none.parquet", 0, 10); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}
