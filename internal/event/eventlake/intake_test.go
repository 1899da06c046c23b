package eventlake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/event/eventsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/eventlog"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// world is an installation that takes events.
type world struct {
	*accesstest.World
	t       *testing.T
	dir     string
	log     *eventlog.Log
	sources *event.Sources
	intake  *event.Intake
	sealer  *event.Sealer
	store   *eventsql.Store
	recent  *event.Recent
	now     time.Time
	source  event.Source
	token   string
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t, dir: t.TempDir(), store: &eventsql.Store{DB: db}, now: accesstest.Now}
	w.sources = &event.Sources{Store: w.store, Days: w.store, Tx: db, Ledger: w.Ledger}
	w.start()
	var err error
	w.source, w.token, err = w.sources.Add(t.Context(), w.Owner, w.now, event.NewSource{Name: "Okta", Log: "okta.log"})
	w.ok(err)
	t.Cleanup(func() { w.ok(w.log.Close()) })
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start is what a start of the program does; before it, stop ends the one before without a word, as a crash does.
func (w *world) start() {
	w.t.Helper()
	var err error
	filed, err := w.store.Filed(w.t.Context())
	w.ok(err)
	w.log, err = eventlog.Open(w.dir+"/log", eventlog.Options{FileBytes: 1 << 20, Floor: filed})
	w.ok(err)
	j := eventlake.Journal{Log: w.log}
	w.recent = event.NewRecent(20_000) // some batches of ten
	w.intake = &event.Intake{Journal: j, Store: w.store, Keys: w.store, Segments: w.store, Access: w.Access, Past: w.lake(), Recent: w.recent}
	w.sealer = &event.Sealer{Journal: j, Store: w.store, Days: w.store, Segments: w.store, Files: eventlake.Files{Dir: lake.Dir{Root: w.dir + "/lake"}}, Access: w.Access, Tx: w.DB, Ledger: w.Ledger, Recent: w.recent}
	w.ok(w.intake.Open(w.t.Context(), w.now))
	w.sources.Forget = w.intake.Forget
}

func (w *world) restart() {
	w.t.Helper()
	w.ok(w.log.Close())
	w.start()
}

func record(n int, at time.Time) string {
	return fmt.Sprintf(`{"uuid":"u%d","eventType":"user.session.start","published":%q,"actor":{"id":"00u%d","alternateId":"p%d@northwind.example","type":"User"},"outcome":{"result":"SUCCESS"}}`, n, at.Format(time.RFC3339Nano), n%7, n%7)
}

func records(from, to int, at time.Time) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(record(n, at.Add(time.Duration(n)*time.Second)) + "\n")
	}
	return b.String()
}

func (w *world) send(key, body string) (event.Receipt, error) {
	return w.intake.Accept(w.t.Context(), w.token, key, strings.NewReader(body), w.now)
}

func (w *world) want(r event.Receipt, err error, accepted, duplicates, refused int64) {
	w.t.Helper()
	if err != nil || r.Accepted != accepted || r.Duplicates != duplicates || r.Refused != refused {
		w.t.Errorf("%+v %v, want %d %d %d", r, err, accepted, duplicates, refused)
	}
}

func (w *world) fails(err error, kind errs.Kind, words string) {
	w.t.Helper()
	if errs.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		w.t.Errorf("%v, want %s with %q", err, kind, words)
	}
}

// TestIntake: what is taken, what is known already, what is put aside, who may not, and that a restart changes nothing of it.
func TestIntake(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ten := records(0, 10, w.now)
		first, err := w.send("k1", ten)
		w.want(first, err, 10, 0, 0)
		for range 2 {
			again, err := w.send("k1", ten)
			if err != nil || again.Position != first.Position {
				t.Errorf("%+v %v", again, err)
			}
			_, err = w.send("k1", records(0, 3, w.now))
			w.fails(err, errs.Conflict, "k1")
			r, err := w.send("", records(8, 10, w.now))
			w.want(r, err, 0, 2, 0)
			w.restart()
		}
		r, err := w.send("", records(5, 12, w.now)+"not json\n"+`{"a":1,"a":2}`+"\n"+strings.Repeat("x", event.MaxRecord+100)+"\n")
		w.want(r, err, 2, 5, 3)
		w.sendForms(ten)
		w.refuse(ten)
		w.quarantine()
		w.fileAll()
	})
}

// sendForms sends the same records in every form that is known: they are all known already.
func (w *world) sendForms(ten string) {
	list := "[" + strings.ReplaceAll(strings.TrimSpace(ten), "\n", ",") + "]"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(ten))
	w.ok(errors.Join(err, z.Close()))
	for _, body := range []string{list, `{"Records":` + list + `}`, packed.String()} {
		r, err := w.send("", body)
		w.want(r, err, 0, 10, 0)
	}
}

func (w *world) refuse(ten string) {
	ctx := w.t.Context()
	for body, words := range map[string]string{
		"": "no record", "[{}": "cut off", `[{"a":1},]`: "no JSON", "\x1f\x8b\x08broken": "unpacked",
		strings.Repeat(" ", event.MaxBody+1): "larger than", `["` + strings.Repeat("x", 3<<20): "longer than 1024 KiB",
	} {
		_, err := w.send("", body)
		w.fails(err, errs.Invalid, words)
	}
	_, err := w.intake.Accept(ctx, "tmki_none", "", strings.NewReader(ten), w.now)
	w.fails(err, errs.Denied, "no source")
	_, err = w.send(strings.Repeat("k", 300), ten)
	w.fails(err, errs.Invalid, "longer")
	_, err = w.intake.AcceptAs(ctx, w.OtherOwner, w.source.Ref, "", strings.NewReader(ten), w.now)
	w.fails(err, errs.NotFound, w.source.Ref)
	_, err = w.intake.AcceptAs(ctx, w.Member(w.t, "r@northwind.example", access.Employee), w.source.Ref, "", strings.NewReader(ten), w.now)
	w.fails(err, errs.Denied, "")

	x, err := w.sources.Source(ctx, w.Owner.ReadScope, w.source.Ref)
	w.ok(err)
	x.State = event.Paused
	w.ok(w.sources.Change(ctx, w.Owner, w.now, x, x.Edit))
	_, err = w.send("", ten)
	w.fails(err, errs.Denied, "paused")
	w.fails(w.sources.Change(ctx, w.Owner, w.now, x, x.Edit), errs.Conflict, "meanwhile")
	x.State, x.PerSecond = event.Active, 1
	w.ok(w.sources.Change(ctx, w.Owner, w.now, x, x.Edit+1))
	_, err = w.send("", records(100, 180, w.now))
	w.ok(err)
	_, err = w.send("", records(200, 260, w.now))
	if errs.KindOf(err) != errs.Exhausted || event.RetryAfter(err) < time.Second {
		w.t.Errorf("a flood: %v", err)
	}
	x.PerSecond = 0
	w.ok(w.sources.Change(ctx, w.Owner, w.now, x, x.Edit+2))
	w.now = w.now.Add(time.Second)
	x, token, err := w.sources.Rotate(ctx, w.Owner, w.now, w.source.Ref)
	w.ok(err)
	_, err = w.send("", ten)
	w.fails(err, errs.Denied, "no source")
	if w.token = token; !strings.HasSuffix(token, x.TokenHint) {
		w.t.Errorf("%s does not end in %s", token, x.TokenHint)
	}
}

// quarantine: each record that could not be read is there once, byte for byte, and can be dismissed.
func (w *world) quarantine() {
	ctx := w.t.Context()
	r, err := w.send("", "not json\n")
	w.want(r, err, 0, 0, 1)
	list, err := w.sources.Refused(ctx, w.Owner.ReadScope, event.RefusedFilter{State: event.Waiting}, paging.Query{})
	w.ok(err)
	if list.Total != 3 {
		w.t.Fatalf("%+v", list)
	}
	for _, x := range list.Rows {
		if string(x.Record) == "not json" && x.Times != 2 || x.Reason == "" || string(x.Record) == `{"a":1,"a":2}` && !strings.Contains(x.Reason, `"a" is there twice`) {
			w.t.Errorf("%+v", x)
		}
	}
	if n, err := w.intake.Retry(ctx, w.Owner, w.now, list.Rows); n != 0 || err != nil {
		w.t.Errorf("%d %v", n, err)
	}
	_, err = w.sources.Dismiss(ctx, w.Owner, w.now, []string{list.Rows[0].ID}, " ")
	w.fails(err, errs.Invalid, "why")
	n, err := w.sources.Dismiss(ctx, w.Owner, w.now, []string{list.Rows[0].ID, "none"}, "a test of the sender")
	if n != 1 || err != nil {
		w.t.Errorf("%d %v", n, err)
	}
	n, err = w.sources.Dismiss(ctx, w.OtherOwner, w.now, []string{list.Rows[1].ID}, "not mine")
	if n != 0 || err != nil {
		w.t.Errorf("another organisation: %d %v", n, err)
	}
}

// fileAll files everything, and checks what was counted against what was sent.
func (w *world) fileAll() {
	ctx := w.t.Context()
	if n, err := w.sealer.Seal(ctx, w.now, false); n != 0 || err != nil {
		w.t.Errorf("not due: %d %v", n, err)
	}
	live := w.intake.Live(w.source)
	n, err := w.sealer.Seal(ctx, w.now.Add(time.Hour), false)
	w.ok(err)
	x, err := w.sources.Source(ctx, w.Owner.ReadScope, string(w.source.ID))
	w.ok(err)
	if x.Events != n || x.Tally != live.Tally || x.LastEvent.IsZero() || x.Tally.Refused != 4 {
		w.t.Errorf("%d filed\n%+v\n%+v", n, x.Tally, live.Tally)
	}
	segments, err := w.store.Segments(ctx, w.Owner.ReadScope, time.Time{}, time.Time{}, "")
	if err != nil || len(segments) != 1 || segments[0].Rows != n || segments[0].Seq == 0 {
		w.t.Errorf("%+v %v", segments, err)
	}
	w.restart()
	again, err := w.send("k1", records(0, 10, accesstest.Now))
	w.want(again, err, 10, 0, 0)
	again, err = w.send("", records(8, 12, accesstest.Now))
	w.want(again, err, 0, 4, 0)
	if first, end := w.log.Bounds(); first > end || w.intake.Live(x).Events != n {
		w.t.Errorf("%d to %d", first, end)
	}
}

// broken fails where it is told to.
type list interface{ event.Segments }

type broken struct {
	list
	event.Files
	at string
}

var errCrash = errors.New("killed")

func (b *broken) Create(path string) (event.File, error) {
	f, err := b.Files.Create(path)
	return &brokenFile{f, b}, err
}

func (b *broken) SetFiled(ctx context.Context, pos int64) error {
	if b.at == "transaction" {
		return errCrash
	}
	return b.list.SetFiled(ctx, pos)
}

type brokenFile struct {
	event.File
	b *broken
}

func (f *brokenFile) Commit() (string, int64, error) {
	if f.b.at == "before rename" {
		return "", 0, errCrash
	}
	sum, n, err := f.File.Commit()
	if f.b.at == "after rename" {
		return "", 0, errCrash
	}
	return sum, n, err
}

// TestCrash: whatever step filing ends at, everything is filed once in the end, by whoever comes next.
func TestCrash(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		sent := 0
		for _, at := range []string{"before rename", "after rename", "transaction"} {
			r, err := w.send("", records(sent, sent+5, w.now))
			w.want(r, err, 5, 0, 0)
			sent += 5
			b := &broken{list: w.sealer.Segments, Files: w.sealer.Files, at: at}
			s := event.Sealer{Journal: w.sealer.Journal, Store: w.store, Days: w.store, Segments: b, Files: b, Access: w.Access, Tx: db, Ledger: w.Ledger}
			if _, err := s.Seal(t.Context(), w.now, true); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", at, err)
			}
			w.restart()
		}
		n, err := w.sealer.Seal(t.Context(), w.now, true)
		x, err2 := w.sources.Source(t.Context(), w.Owner.ReadScope, w.source.Ref)
		segments, err3 := w.store.Segments(t.Context(), w.Owner.ReadScope, time.Time{}, time.Time{}, "")
		if err := errors.Join(err, err2, err3); err != nil || n != 15 || x.Events != 15 || len(segments) != 1 || segments[0].Rows != 15 {
			t.Errorf("%d, %d, %+v: %v", n, x.Events, segments, err)
		}
		if n, err := w.sealer.Seal(t.Context(), w.now, true); n != 0 || err != nil {
			t.Errorf("twice: %d %v", n, err)
		}
	})
}

// TestSameAtOnce: of the same records that are sent at the same time, one is kept, and nobody is told that it is before it is.
func TestSameAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var kept, known int64
		for range 4 {
			wg.Go(func() {
				r, err := w.intake.Accept(t.Context(), w.token, "", io.MultiReader(strings.NewReader(records(0, 50, w.now))), w.now)
				mu.Lock()
				defer mu.Unlock()
				if kept, known = kept+r.Accepted, known+r.Duplicates; err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if kept != 50 || known != 150 {
			t.Errorf("%d kept, %d known", kept, known)
		}
	})
}

// TestSilence: a source that is quiet for longer than is usual for it.
func TestSilence(t *testing.T) {
	t.Parallel()
	now := accesstest.Now
	for _, x := range []struct {
		source event.Source
		silent bool
	}{
		{event.Source{State: event.Active, Tally: event.Tally{Events: 500, UsualGap: time.Hour, LastArrival: now.Add(-4 * time.Hour)}}, true},
		{event.Source{State: event.Active, Tally: event.Tally{Events: 500, UsualGap: time.Hour, LastArrival: now.Add(-2 * time.Hour)}}, false},
		{event.Source{State: event.Active, Tally: event.Tally{Events: 5, UsualGap: time.Hour, LastArrival: now.Add(-4 * time.Hour)}}, false},
		{event.Source{State: event.Active, Silent: time.Hour, Made: now.Add(-2 * time.Hour)}, true},
		{event.Source{State: event.Paused, Silent: time.Hour, Made: now.Add(-2 * time.Hour)}, false},
		{event.Source{State: event.Active, Silent: 5 * time.Hour, Tally: event.Tally{Events: 500, LastArrival: now.Add(-4 * time.Hour)}}, false},
	} {
		if got := !x.source.SilentSince(now).IsZero(); got != x.silent {
			t.Errorf("%+v: %v", x.source, got)
		}
	}
}
