package lake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox()
	os.Exit(m.Run())
}

type row struct {
	ID     string     `parquet:"id"`
	Source string     `parquet:"source"`
	N      *int64     `parquet:"n"`
	At     *time.Time `parquet:"seen_at,timestamp(microsecond)"`
	Raw    string     `parquet:"raw"`
}

func ptr[T any](v T) *T { return &v }

func write(t *testing.T, dir lake.Dir, path string, rows ...row) string {
	t.Helper()
	w, err := dir.Create(path, row{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	abs, err := dir.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

var columns = []lake.Column{{"id", "VARCHAR"}, {"source", "VARCHAR"}, {"n", "BIGINT"}, {"seen_at", "TIMESTAMP"}}

func query(sql string) lake.Query {
	return lake.Query{Ref: "q", SQL: sql, Population: "SELECT id AS item_id FROM t", Outcomes: []string{"pass", "fail", "unknown"}, Quiet: "pass", KeepQuiet: 100}
}

const good = `SELECT id AS item_id, id AS item_label, CASE WHEN n IS NULL THEN 'unknown' WHEN n > 2 THEN 'fail' WHEN n <= 2 THEN 'pass' END AS outcome, NULL AS reason, seen_at FROM t`

func engine(t *testing.T) *lake.Engine {
	t.Helper()
	e := &lake.Engine{Workers: 1}
	t.Cleanup(e.Close)
	return e
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := lake.Dir{Root: t.TempDir()}
	at := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	f := write(t, dir, "a/1.parquet", row{ID: "a", N: ptr[int64](1), At: &at}, row{ID: "b", N: ptr[int64](3)}, row{ID: "c"})
	q := query(good)
	a, err := engine(t).Run(context.Background(), lake.Job{Tables: []lake.Table{{Name: "t", Columns: columns, Files: []string{f}}}, Queries: []lake.Query{q, q}})
	if err != nil {
		t.Fatal(err)
	}
	x := a[0]
	if err := x.Err(); err != nil {
		t.Fatal(err)
	}
	if x.Rows != 3 || x.Distinct != 3 || x.Population != 3 || x.Missing+x.Extra+x.BadRows+x.NullIDs != 0 || x.Counts["pass"] != 1 || x.Counts["fail"] != 1 || x.Counts["unknown"] != 1 {
		t.Errorf("%+v", x)
	}
	if len(x.Returned) != 2 || !strings.Contains(string(x.Returned[0]), `"item_id":"b"`) || fmt.Sprint(x.QuietIDs) != "[a]" {
		t.Errorf("rows %s, quiet %v", x.Returned, x.QuietIDs)
	}
	if a[1].Hash != x.Hash || len(x.Hash) != 64 {
		t.Errorf("the same query over the same rows hashes to %q and %q", x.Hash, a[1].Hash)
	}
}

// TestNewest keeps the newest row of a key over several files, as streams need it.
func TestNewest(t *testing.T) {
	t.Parallel()
	dir := lake.Dir{Root: t.TempDir()}
	at := func(d int) *time.Time { return ptr(time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC)) }
	f1 := write(t, dir, "s/1.parquet", row{ID: "a", Source: "x", N: ptr[int64](9), At: at(1)}, row{ID: "b", Source: "x", N: ptr[int64](9), At: at(1)})
	f2 := write(t, dir, "s/2.parquet", row{ID: "a", Source: "x", N: ptr[int64](1), At: at(2)})
	a, err := engine(t).Run(context.Background(), lake.Job{
		Tables:  []lake.Table{{Name: "t", Columns: columns, Files: []string{f1, f2}, Newest: []string{"source", "id"}, NewestBy: "seen_at"}},
		Queries: []lake.Query{query(good)},
	})
	if err != nil || a[0].Err() != nil {
		t.Fatal(err, a)
	}
	if a[0].Rows != 2 || a[0].Counts["pass"] != 1 || a[0].Counts["fail"] != 1 {
		t.Errorf("%+v", a[0])
	}
}

// TestVerdictFaults shows that every way a query can be wrong about its population is counted and named.
func TestVerdictFaults(t *testing.T) {
	t.Parallel()
	e := engine(t)
	rows := []json.RawMessage{[]byte(`{"id":"a","n":1}`), []byte(`{"id":"b","n":3}`)}
	for name, c := range map[string]struct {
		sql   string
		check func(a lake.Answer) bool
	}{
		"missing member":     {good + " WHERE id <> 'b'", func(a lake.Answer) bool { return a.Missing == 1 && a.MissingIDs[0] == "b" }},
		"extra row":          {good + " UNION ALL SELECT 'z', 'z', 'pass', NULL, NULL", func(a lake.Answer) bool { return a.Extra == 1 && a.ExtraIDs[0] == "z" }},
		"same member twice":  {good + " UNION ALL " + good, func(a lake.Answer) bool { return a.Rows == 4 && a.Distinct == 2 && a.Extra == 2 }},
		"no outcome":         {`SELECT id AS item_id, id AS item_label, CASE WHEN n > 2 THEN 'fail' END AS outcome, NULL AS reason FROM t`, func(a lake.Answer) bool { return a.BadRows == 1 && a.BadIDs[0] == "a" }},
		"unheard-of outcome": {`SELECT id AS item_id, id AS item_label, 'fine' AS outcome, NULL AS reason FROM t`, func(a lake.Answer) bool { return a.BadRows == 2 }},
		"no identifier":      {`SELECT NULL::VARCHAR AS item_id, id AS item_label, 'pass' AS outcome, NULL AS reason FROM t`, func(a lake.Answer) bool { return a.NullIDs == 2 && a.Missing == 2 }},
		"wrong column":       {`SELECT id AS item_id, nothing AS outcome FROM t`, func(a lake.Answer) bool { return errs.Is(a.Err(), errs.Invalid) }},
	} {
		a, err := e.Run(context.Background(), lake.Job{Tables: []lake.Table{{Name: "t", Columns: columns, Rows: rows}}, Queries: []lake.Query{query(c.sql)}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !c.check(a[0]) {
			t.Errorf("%s: %+v (%v)", name, a[0], a[0].Err())
		}
	}
}

// TestBreakOut tries to reach beyond the tables: files, network, configuration, other statements. Each must be refused, and
// the child must still answer afterwards.
func TestBreakOut(t *testing.T) {
	t.Parallel()
	e := engine(t)
	secret := filepath.Join(t.TempDir(), "secret.txt")
	target := filepath.Join(t.TempDir(), "out.csv")
	if err := os.WriteFile(secret, []byte("the secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	pq := write(t, lake.Dir{Root: t.TempDir()}, "p.parquet", row{ID: "x"})
	verdict := func(from string) string {
		return `SELECT 'a' AS item_id, x.* , 'pass' AS outcome, NULL AS reason FROM ` + from + ` x`
	}
	for name, sql := range map[string]string{
		"read_text":           verdict("read_text('" + secret + "')"),
		"read_blob":           verdict("read_blob('" + secret + "')"),
		"read_csv":            verdict("read_csv('" + secret + "')"),
		"read_parquet":        verdict("read_parquet('" + pq + "')"),
		"file as table":       verdict("'" + pq + "'"),
		"glob":                verdict("glob('/etc/*')"),
		"own settings":        verdict("duckdb_settings()"),
		"secrets":             verdict("duckdb_secrets()"),
		"in a subquery":       `SELECT 'a' AS item_id, (SELECT content FROM read_text('` + secret + `')) AS item_label, 'pass' AS outcome, NULL AS reason`,
		"in a CTE":            `WITH c AS (SELECT * FROM read_text('` + secret + `')) SELECT 'a' AS item_id, content AS item_label, 'pass' AS outcome, NULL AS reason FROM c`,
		"COPY TO":             "COPY (SELECT 1) TO '" + target + "'",
		"COPY after SELECT":   good + "; COPY (SELECT 1) TO '" + target + "'",
		"closing parenthesis": "SELECT 1 AS item_id); COPY (SELECT 1) TO '" + target + "'; --",
		"ATTACH":              "ATTACH '" + target + "' AS other",
		"INSTALL":             "INSTALL httpfs",
		"LOAD":                "LOAD httpfs",
		"SET":                 "SET memory_limit = '100GB'",
		"unlock":              "SET lock_configuration = false",
		"RESET":               "RESET enable_external_access",
		"PRAGMA":              "PRAGMA database_list",
		"CREATE":              "CREATE TABLE x AS SELECT 1",
		"DROP":                "DROP TABLE t",
		"CALL":                "CALL pragma_version()",
		"query()":             verdict("query('SELECT 1')"),
		"http":                verdict("read_csv('http://127.0.0.1:1/x.csv')"),
		"other schema":        verdict("information_schema.tables"),
	} {
		a, err := e.Run(context.Background(), lake.Job{Tables: []lake.Table{{Name: "t", Columns: columns, Rows: []json.RawMessage{[]byte(`{"id":"a","n":1}`)}}}, Queries: []lake.Query{query(sql)}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a[0].Error == nil && name != "other schema" {
			t.Errorf("%s: allowed: %+v", name, a[0])
		}
		if strings.Contains(fmt.Sprintf("%+v %s", a[0], a[0].Returned), "the secret") {
			t.Errorf("%s: the secret came out", name)
		}
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("a file was written")
	}
	a, err := e.Run(context.Background(), lake.Job{Tables: []lake.Table{{Name: "t", Columns: columns, Rows: []json.RawMessage{[]byte(`{"id":"a","n":1}`)}}}, Queries: []lake.Query{query(good)}})
	if err != nil || a[0].Err() != nil || a[0].Counts["pass"] != 1 {
		t.Errorf("after all that: %v %+v", err, a)
	}
}

// TestLimits runs statements that would never end or need all memory. The child is interrupted, says why, and goes on.
func TestLimits(t *testing.T) {
	t.Parallel()
	e := engine(t)
	table := lake.Table{Name: "t", Columns: columns, Rows: []json.RawMessage{[]byte(`{"id":"a","n":1}`)}}
	endless := `SELECT 'a' AS item_id, count(*)::VARCHAR AS item_label, 'pass' AS outcome, NULL AS reason
		FROM range(10000000) x(i), range(10000000) y(i) WHERE (x.i * y.i) % 7 = 3`
	hungry := `SELECT 'a' AS item_id, length(string_agg(repeat('x', 1000) || i::VARCHAR, '' ORDER BY i DESC))::VARCHAR AS item_label, 'pass' AS outcome, NULL AS reason FROM range(3000000) r(i)`
	a, err := e.Run(context.Background(), lake.Job{Tables: []lake.Table{table}, MemoryMB: 256, DeadlineMS: 1500, Queries: []lake.Query{query(endless), query(good)}})
	if err != nil {
		t.Fatal(err)
	}
	if a[0].Error == nil || a[0].Error.Kind != "deadline" || !errs.Is(a[0].Err(), errs.Exhausted) {
		t.Errorf("endless join: %+v", a[0].Error)
	}
	if a[1].Err() != nil {
		t.Errorf("after an interrupted statement: %v", a[1].Err())
	}
	a, err = e.Run(context.Background(), lake.Job{Tables: []lake.Table{table}, MemoryMB: 128, DeadlineMS: 60_000, Queries: []lake.Query{query(hungry), query(good)}})
	if err != nil {
		t.Fatal(err)
	}
	if a[0].Error == nil || a[0].Error.Kind != "memory" {
		t.Errorf("hungry statement: %+v", a[0].Error)
	}
	if a[1].Err() != nil {
		t.Errorf("after a hungry statement: %v", a[1].Err())
	}
}

// TestCancel gives up in the middle: the child is killed and the next job gets a new one.
func TestCancel(t *testing.T) {
	t.Parallel()
	e := engine(t)
	table := lake.Table{Name: "t", Columns: columns, Rows: []json.RawMessage{[]byte(`{"id":"a","n":1}`)}}
	endless := `SELECT 'a' AS item_id, count(*)::VARCHAR AS item_label, 'pass' AS outcome, NULL AS reason FROM range(10000000) x(i), range(10000000) y(i)`
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := e.Run(ctx, lake.Job{Tables: []lake.Table{table}, Queries: []lake.Query{query(endless)}}); err == nil {
		t.Error("no error after giving up")
	}
	if a, err := e.Run(context.Background(), lake.Job{Tables: []lake.Table{table}, Queries: []lake.Query{query(good)}}); err != nil || a[0].Err() != nil {
		t.Errorf("next job: %v", err)
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, c := range []struct {
		sql  string
		want func(i lake.Inspection) bool
	}{
		{good, func(i lake.Inspection) bool {
			return i.Error == "" && fmt.Sprint(i.Tables) == "[t]" && len(i.Unstable)+len(i.Unordered)+len(i.Defaults) == 0
		}},
		{"SELECT now()", func(i lake.Inspection) bool { return fmt.Sprint(i.Unstable) == "[now]" }},
		{"SELECT current_date, CURRENT_TIMESTAMP", func(i lake.Inspection) bool { return len(i.Unstable) == 2 }},
		{"SELECT ago(INTERVAL 1 DAY)", func(i lake.Inspection) bool { return fmt.Sprint(i.Unstable) == "[ago]" }},
		{"SELECT id FROM t ORDER BY random()", func(i lake.Inspection) bool { return fmt.Sprint(i.Unstable) == "[random]" }},
		{"SELECT any_value(id) FROM t", func(i lake.Inspection) bool { return fmt.Sprint(i.Unstable) == "[any_value]" }},
		{"SELECT string_agg(id, ',') FROM t", func(i lake.Inspection) bool { return fmt.Sprint(i.Unordered) == "[string_agg]" }},
		{"SELECT string_agg(id, ',' ORDER BY id) FROM t", func(i lake.Inspection) bool { return len(i.Unordered) == 0 }},
		{"SELECT row_number() OVER () FROM t", func(i lake.Inspection) bool { return fmt.Sprint(i.Unordered) == "[row_number]" }},
		{"SELECT row_number() OVER (ORDER BY id) FROM t", func(i lake.Inspection) bool { return len(i.Unordered) == 0 }},
		{"SELECT CASE WHEN a THEN 'fail' ELSE 'pass' END FROM t", func(i lake.Inspection) bool { return fmt.Sprint(i.Defaults) == "[pass]" }},
		{"SELECT coalesce(x, 'pass'), ifnull(y, 'fine') FROM t", func(i lake.Inspection) bool { return fmt.Sprint(i.Defaults) == "[fine pass]" }},
		{"WITH w AS (SELECT 1 AS x) SELECT * FROM w, u, main.v", func(i lake.Inspection) bool { return fmt.Sprint(i.Tables) == "[main.v u]" }},
		{"SELECT $as_of, $days FROM t WHERE n > $days", func(i lake.Inspection) bool { return fmt.Sprint(i.Params) == "[as_of days]" }},
		{"SELECT * FROM t TABLESAMPLE 10%", func(i lake.Inspection) bool { return i.Sampled }},
		{"SELECT * FROM t USING SAMPLE 3 ROWS", func(i lake.Inspection) bool { return i.Sampled }},
		{"SELECT * FROM read_csv('x')", func(i lake.Inspection) bool { return fmt.Sprint(i.TableFuncs) == "[read_csv]" }},
		{"SELECT 1; SELECT 2", func(i lake.Inspection) bool { return strings.Contains(i.Error, "one SELECT") }},
		{"DROP TABLE t", func(i lake.Inspection) bool { return strings.Contains(i.Error, "one SELECT") }},
		{"SELECT FROM WHERE", func(i lake.Inspection) bool { return strings.Contains(i.Error, "syntax") }},
		{"", func(i lake.Inspection) bool { return i.Error != "" }},
	} {
		i, err := e.Inspect(context.Background(), c.sql)
		if err != nil || !c.want(i) {
			t.Errorf("%s\n%+v %v", c.sql, i, err)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := lake.Dir{Root: filepath.Join(t.TempDir(), "lake")}
	for _, bad := range []string{"", "/etc/passwd", "../x", "a/../../x"} {
		if _, err := dir.Create(bad, row{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	w, err := dir.Create("a/b.parquet", row{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(row{ID: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Open("a/b.parquet"); !errs.Is(err, errs.NotFound) {
		t.Errorf("a file under way is visible: %v", err)
	}
	w.Abort()
	if _, err := dir.Open("a/b.parquet"); !errs.Is(err, errs.NotFound) {
		t.Errorf("an aborted file is visible: %v", err)
	}
	var sums []string
	for range 2 {
		w, err := dir.Create("a/b.parquet", row{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(row{ID: "x", N: ptr[int64](4)}); err != nil {
			t.Fatal(err)
		}
		sum, n, err := w.Commit()
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		sums = append(sums, sum)
	}
	if sums[0] != sums[1] {
		t.Error("equal rows gave different files")
	}
}
