// Command hunt measures how long questions about many stored events take: one actor over thirty days, one event, counts by action and
// day, a text in one day. Beside it, in the same run, DuckDB reads the same files without the program.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/tickmark/tickmark/bench/internal/installed"
	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// task is how much is stored and where.
type task struct {
	Dir    string
	Events int
}

// result is how long each question took, in seconds, and what was found.
type result struct {
	Use     measure.Usage
	Seconds map[string]float64
}

const (
	days        = 30
	segmentRows = 400_000
	actors      = 5000
)

var from = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

func main() {
	lake.ServeSandbox()
	measure.Serve(map[string]measure.Part{"tickmark": measure.Typed(askPart), "duckdb": measure.Typed(peerPart), "compact": measure.Typed(compactPart)})
	dir := flag.String("dir", os.TempDir(), "folder for a moment")
	n := flag.Int("events", 50_000_000, "stored events")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	part := flag.Bool("compaction", false, "measure what compaction of small segments makes of these questions instead; -events is then 5 million")
	flag.Parse()
	if *part && !flagged("events") {
		*n = 5_000_000
	}
	if *small {
		*n = 20_000
	}
	if *part {
		measure.Fatal(compaction(*dir, *n))
		return
	}
	measure.Fatal(run(*dir, *n))
}

func flagged(name string) (there bool) {
	flag.Visit(func(f *flag.Flag) { there = there || f.Name == name })
	return there
}

func run(dir string, n int) error {
	measure.Header("hunt")
	tmp, err := os.MkdirTemp(dir, "hunt")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	start := time.Now()
	if err := fill(tmp, n); err != nil {
		return err
	}
	size := int64(0)
	err = filepath.Walk(filepath.Join(tmp, "events"), func(_ string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			size += st.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	f := measure.Figure
	f("hunt.events", float64(n), "events")
	f("hunt.on_disk", float64(size)/float64(n), "B")
	f("hunt.written_in", time.Since(start).Seconds(), "s")
	ours, err := measure.Run[result]("tickmark", task{tmp, n})
	if err != nil {
		return err
	}
	peer, err := measure.Run[result]("duckdb", task{tmp, n})
	if err != nil {
		return err
	}
	for _, q := range questions {
		f("hunt."+q.name+".tickmark", ours.Seconds[q.name], "s")
		if p, ok := peer.Seconds[q.name]; ok {
			f("hunt."+q.name+".duckdb", p, "s")
			f("hunt."+q.name+".tickmark_over_duckdb", ours.Seconds[q.name]/p, "ratio")
		}
	}
	ours.Use.Figures("hunt.tickmark")
	peer.Use.Figures("hunt.duckdb")
	return nil
}

// fill writes segments as the program does, without their way through the intake.
func fill(dir string, n int) error {
	ctx := context.Background()
	in, err := open(ctx, dir)
	if err != nil {
		return err
	}
	store := in.app.EventSealer.Segments
	if err := store.SetFiled(ctx, int64(n)+1); err != nil {
		return err
	}
	files := eventlake.Files{Dir: lake.Dir{Root: filepath.Join(dir, "events")}}
	segments := make([]event.Segment, (n+segmentRows-1)/segmentRows)
	faults := make([]error, len(segments))
	var wg sync.WaitGroup
	places := make(chan struct{}, 2)
	for i := range segments {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			segments[i], faults[i] = write(files, i, min((i+1)*segmentRows, n), n)
		})
	}
	wg.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, s := range segments {
		if err := store.AddSegment(ctx, in.scope, s); err != nil {
			return err
		}
	}
	return in.app.Close(ctx)
}

func write(files eventlake.Files, i, to, all int) (event.Segment, error) {
	s := event.Segment{ID: fmt.Sprintf("seg_%06d", i), File: fmt.Sprintf("bench/%06d.parquet", i), Logs: []string{"aws.cloudtrail"}, Sealed: from}
	f, err := files.Create(s.File)
	if err != nil {
		return s, err
	}
	defer f.Abort()
	r := rand.New(rand.NewPCG(1, uint64(i)))
	salt := make([]byte, 16)
	for n := i * segmentRows; n < to; n++ {
		e := made(n, all, r)
		if s.Rows == 0 {
			s.First, s.From = e.ID, e.At
		}
		s.Last, s.To, s.Rows, s.RawBytes = e.ID, e.At, s.Rows+1, s.RawBytes+int64(len(e.Raw))
		if err := f.Write(&e, salt); err != nil {
			return s, err
		}
	}
	s.SHA256, s.Bytes, err = f.Commit()
	return s, err
}

// installation is the program without a server.
type installation struct {
	app   *app.App
	scope access.Scope
}

func open(ctx context.Context, dir string) (*installation, error) {
	a, scope, err := installed.Open(ctx, dir, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return &installation{a, scope}, a.OpenEvents(ctx)
}

// question is one that both sides answer.
type question struct {
	name string
	ours func(ctx context.Context, in *installation, n int) (int, error)
	peer func(n int) string // its answer has as many rows as ours
}

func find(f func(n int) event.Filter) func(context.Context, *installation, int) (int, error) {
	return func(ctx context.Context, in *installation, n int) (int, error) {
		events, _, err := in.app.Events.Find(ctx, in.scope.ReadScope, f(n))
		return len(events), err
	}
}

func month() (time.Time, time.Time) { return from, from.AddDate(0, 0, days) }

// day is the one whose records are searched.
func day() (time.Time, time.Time) { return from.AddDate(0, 0, 17), from.AddDate(0, 0, 18) }

var questions = []question{
	{"actor_30_days", find(func(n int) event.Filter {
		a, b := month()
		return event.Filter{From: a, To: b, Actors: []string{actorOf(n / 2)}, Limit: event.MaxFind}
	}), func(n int) string {
		return "SELECT * FROM events WHERE actor = '" + actorOf(n/2) + "' ORDER BY id DESC LIMIT 10000"
	}},
	{"one_event", func(ctx context.Context, in *installation, n int) (int, error) {
		_, err := in.app.Events.Event(ctx, in.scope.ReadScope, event.FirstID(int64(n*2/3+1)))
		return 1, err
	}, func(n int) string { return "SELECT * FROM events WHERE id = '" + event.FirstID(int64(n*2/3+1)) + "'" }},
	{"credential_30_days", find(func(n int) event.Filter {
		return event.Filter{Keys: []event.Key{{Kind: event.KeyCredential, Value: credential(n / 3)}}}
	}), func(n int) string {
		return "SELECT * FROM events WHERE credential = '" + credential(n/3) + "' OR (issued <> '' AND contains(issued, '" + credential(n/3) + "')) ORDER BY id DESC LIMIT 100"
	}},
	{"count_by_action_by_day", func(ctx context.Context, in *installation, _ int) (int, error) {
		a, b := month()
		t, err := in.app.Events.Query(ctx, in.scope.ReadScope, event.Query{SQL: "SELECT date_trunc('day', time) AS day, action, count(*) AS n FROM events GROUP BY ALL ORDER BY ALL", From: a, To: b, Deadline: 2 * time.Minute})
		return len(t.Rows), err
	}, func(int) string {
		return "SELECT date_trunc('day', time AT TIME ZONE 'UTC') AS day, action, count(*) AS n FROM events GROUP BY ALL ORDER BY ALL LIMIT 1000"
	}},
	{"text_one_day", find(func(n int) event.Filter {
		a, b := day()
		return event.Filter{From: a, To: b, Text: request(n / days * 35 / 2)}
	}), func(n int) string {
		a, b := day()
		return "SELECT * FROM events WHERE time >= '" + a.Format("2006-01-02") + " 00:00:00+00' AND time < '" + b.Format("2006-01-02") + " 00:00:00+00' AND contains(lower(raw), lower('" + request(n/days*35/2) + "')) ORDER BY id DESC LIMIT 100"
	}},
}

func askPart(t task) (result, error) {
	ctx := context.Background()
	in, err := open(ctx, t.Dir)
	if err != nil {
		return result{}, err
	}
	r := result{Seconds: map[string]float64{}}
	m := measure.Start()
	for _, q := range questions {
		start := time.Now()
		n, err := q.ours(ctx, in, t.Events)
		if r.Seconds[q.name] = time.Since(start).Seconds(); err != nil {
			return r, fmt.Errorf("%s: %w", q.name, err)
		}
		if n == 0 {
			return r, fmt.Errorf("%s found nothing", q.name)
		}
		if err := os.WriteFile(filepath.Join(t.Dir, q.name), fmt.Append(nil, n), 0o600); err != nil {
			return r, err
		}
	}
	r.Use = m.Stop()
	return r, in.app.Close(ctx)
}

func peerPart(t task) (result, error) {
	r := result{Seconds: map[string]float64{}}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return r, err
	}
	defer db.Close()
	if _, err := db.Exec("SET threads = 2; SET TimeZone = 'UTC'; CREATE VIEW events AS SELECT * FROM read_parquet('" + filepath.Join(t.Dir, "events", "bench") + "/*.parquet')"); err != nil {
		return r, err
	}
	m := measure.Start()
	for _, q := range questions {
		start := time.Now()
		n, err := count(db, q.peer(t.Events))
		if r.Seconds[q.name] = time.Since(start).Seconds(); err != nil {
			return r, fmt.Errorf("%s: %w", q.name, err)
		}
		if ours, err := os.ReadFile(filepath.Join(t.Dir, q.name)); err != nil || string(ours) != fmt.Sprint(n) {
			return r, fmt.Errorf("%s: DuckDB found %d, the program %s: %w", q.name, n, ours, err)
		}
	}
	r.Use = m.Stop()
	return r, nil
}

func count(db *sql.DB, stmt string) (int, error) {
	rows, err := db.Query(stmt)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}
