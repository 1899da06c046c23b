package eventlake_test

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// breaking is the work of a compaction that is killed at a step.
type breaking struct {
	eventlake.Joiner
	event.SealStore
	at string
}

func (b *breaking) Join(ctx context.Context, path string, from []event.Segment) (string, int64, error) {
	if b.at == "before the file" {
		return "", 0, errCrash
	}
	sum, n, err := b.Joiner.Join(ctx, path, from)
	if b.at == "after the file" {
		return "", 0, errCrash
	}
	return sum, n, err
}

func (b *breaking) Replace(ctx context.Context, scope access.Scope, now time.Time, old []event.Segment, by event.Segment, seals []event.Sealed) error {
	err := b.SealStore.Replace(ctx, scope, now, old, by, seals)
	if b.at == "in the transaction" {
		return errCrash
	}
	return err
}

func (b *breaking) Remove(path string) error {
	if b.at == "before removal" {
		return errCrash
	}
	err := b.Joiner.Remove(path)
	if b.at == "after removal" {
		return errCrash
	}
	return err
}

func (w *world) compactor(at string) *event.Compactor {
	b := &breaking{eventlake.Joiner{Files: eventlake.Files{Dir: lake.Dir{Root: w.dir + "/lake"}, Group: 32}}, w.store, at}
	return &event.Compactor{Segments: w.store, Seals: b, Erasures: w.store, Files: b, Tx: w.DB, Ledger: w.Ledger}
}

// filed sends and files small segments: some on each of some days.
func (w *world) filed(days, each int) {
	w.t.Helper()
	n := 0
	for range days {
		for range each {
			r, err := w.send("", records(n, n+10, w.now))
			w.want(r, err, 10, 0, 0)
			_, err = w.sealer.Seal(w.t.Context(), w.now, true)
			w.ok(err)
			n += 10
			w.now = w.now.Add(15 * time.Minute)
		}
		w.now = w.now.Truncate(24 * time.Hour).Add(36 * time.Hour)
	}
}

// everything is what a reader sees, in both orders, by an actor, one by one, and by SQL.
func (w *world) everything(l *eventlake.Lake) (out []string) {
	w.t.Helper()
	ctx, scope := w.t.Context(), w.Owner.ReadScope
	for _, f := range []event.Filter{{Ascending: true}, {}, {Actors: []string{"p3@northwind.example"}}, {Text: `"UUID":"u29"`}} {
		f.Limit = event.MaxFind
		events, _, err := l.Find(ctx, scope, f)
		w.ok(err)
		out = append(out, upstream(events))
		for _, e := range events[:min(3, len(events))] {
			one, err := l.Event(ctx, scope, e.ID)
			w.ok(err)
			if !reflect.DeepEqual(one, e) {
				w.t.Errorf("%+v is not %+v", one, e)
			}
		}
	}
	x, err := l.Query(ctx, scope, event.Query{SQL: "SELECT count(*), count(DISTINCT id), md5(string_agg(raw, '' ORDER BY id)) FROM events", From: w.now.Add(-1000 * time.Hour), To: w.now.Add(time.Hour)})
	w.ok(err)
	for _, v := range x.Rows[0] {
		out = append(out, string(v))
	}
	return out
}

func (w *world) segments() []event.Segment {
	w.t.Helper()
	all, err := w.store.Segments(w.t.Context(), w.Owner.ReadScope, time.Time{}, time.Time{}, "")
	w.ok(err)
	return all
}

func (w *world) parquets() int {
	found, err := filepath.Glob(w.dir + "/lake/*/*/*.parquet")
	w.ok(err)
	return len(found)
}

// compacted proves events in the root that the ledger holds, from whatever file has it now.
func (w *world) compacted(l *eventlake.Lake, sealed []event.Segment) {
	w.t.Helper()
	roots := map[string]int64{}
	for _, s := range sealed {
		roots[s.Root] = s.Seq
	}
	events, _, err := l.Find(w.t.Context(), w.Owner.ReadScope, event.Filter{Limit: event.MaxFind})
	w.ok(err)
	for i := 0; i < len(events); i += 7 {
		x, err := l.Filed(w.t.Context(), w.Owner.ReadScope, events[i].ID)
		w.ok(err)
		if seq, there := roots[x.Seal.Root]; !there || seq != x.Seal.Seq {
			w.t.Errorf("%s: %+v was not sealed", x.ID, x.Seal)
		}
		raw, err := hex.DecodeString(x.Seal.Root)
		w.ok(err)
		at := x.Place - x.Seal.Place
		if err := tlog.CheckRecord(x.Path, x.Seal.Rows, tlog.Hash(raw), at, tlog.Hash(event.Commitment(x.ID, x.Salt, x.Raw))); err != nil {
			w.t.Errorf("%s: %v", x.ID, err)
		}
	}
	_, err = l.Filed(w.t.Context(), w.OtherOwner.ReadScope, events[0].ID)
	w.fails(err, errs.NotFound, events[0].ID)
}

// TestCompact: many small segments become one for each day, whatever step a compaction is killed at; every reader sees the same before,
// in between and after, and every root that was sealed comes out of what is there.
func TestCompact(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.filed(3, 5)
		l, ctx := w.lake(), t.Context()
		before, sealed := w.everything(l), w.segments()
		scope := w.Access.System(w.Owner.Org(), "compaction of events")
		for _, at := range []string{"before the file", "after the file", "in the transaction"} {
			if err := w.compactor(at).Compact(ctx, scope, w.now, false, nil); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", at, err)
			}
			if !slices.Equal(w.everything(l), before) || len(w.segments()) != 15 {
				t.Errorf("%s: %d segments, and what is read changed", at, len(w.segments()))
			}
		}
		var made []event.Compacted
		w.ok(w.compactor("").Compact(ctx, scope, w.now, false, func(x event.Compacted) { made = append(made, x) }))
		if len(made) != 3 || made[2].Done != 15 || made[2].Total != 15 || len(w.segments()) != 3 || w.parquets() != 18 {
			t.Errorf("%+v; %d segments, %d files", made, len(w.segments()), w.parquets())
		}
		stale := *l
		stale.Segments = &staleList{list: w.store, all: sealed}
		if !slices.Equal(w.everything(l), before) || !slices.Equal(w.everything(&stale), before) {
			t.Error("what is read changed, for new readers or for those who began before")
		}
		w.compacted(l, sealed)
		later := w.now.Add(event.LeftFor + time.Minute)
		for _, at := range []string{"before removal", "after removal"} {
			if err := w.compactor(at).Compact(ctx, scope, later, false, nil); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", at, err)
			}
		}
		w.ok(w.compactor("").Compact(ctx, scope, later, false, nil))
		if w.parquets() != 3 || !slices.Equal(w.everything(l), before) {
			t.Errorf("%d files are left", w.parquets())
		}
		w.compacted(l, sealed)
		w.more(l, scope, sealed)
	})
}

// staleList is the list of segments as a reader had it before.
type staleList struct {
	list
	all []event.Segment
}

func (s *staleList) Segments(context.Context, access.ReadScope, time.Time, time.Time, string) ([]event.Segment, error) {
	return slices.Clone(s.all), nil
}

// more: what comes later on the same day joins what was joined before, and is as provable.
func (w *world) more(l *eventlake.Lake, scope access.Scope, sealed []event.Segment) {
	ctx := w.t.Context()
	w.now = w.now.Truncate(24 * time.Hour).Add(-6 * time.Hour)
	for n := range 20 {
		r, err := w.send("", records(1000+n, 1001+n, w.now))
		w.want(r, err, 1, 0, 0)
		_, err = w.sealer.Seal(ctx, w.now, true)
		w.ok(err)
		if n == 9 { // too few for a day that goes on
			w.ok(w.compactor("").Compact(ctx, scope, w.now, false, nil))
			if len(w.segments()) != 13 {
				w.t.Errorf("%d segments while the day lasts", len(w.segments()))
			}
		}
	}
	for _, s := range w.segments() {
		if s.Rows == 1 {
			sealed = append(sealed, s)
		}
	}
	before := w.everything(l)
	w.ok(w.compactor("").Compact(ctx, scope, w.now, true, nil))
	if len(w.segments()) != 3 || w.parquets() != 3 || !slices.Equal(w.everything(l), before) {
		w.t.Errorf("%d segments in %d files", len(w.segments()), w.parquets())
	}
	w.compacted(l, sealed)
}

// TestCompactChanged: nothing is put together that is not what was filed, and the segments stay as they are.
func TestCompactChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.filed(1, 4)
	scope := w.Access.System(w.Owner.Org(), "compaction of events")
	s := w.segments()[2]
	file := filepath.Join(w.dir, "lake", s.File)
	kept, err := os.ReadFile(file)
	w.ok(err)
	// Another event in its place, written as any segment is: the file is sound, and not the one that was filed.
	f, err := eventlake.Files{Dir: lake.Dir{Root: w.dir + "/lake"}}.Create(s.File)
	w.ok(err)
	events, _, err := w.lake().Find(t.Context(), w.Owner.ReadScope, event.Filter{Ascending: true, After: w.segments()[1].Last, Limit: 10})
	w.ok(err)
	for i := range events {
		events[i].Raw = []byte(strings.ReplaceAll(string(events[i].Raw), "SUCCESS", "FAILURE"))
		w.ok(f.Write(&events[i], make([]byte, 16)))
	}
	sum, size, err := f.Commit()
	w.ok(err)
	err = w.compactor("").Compact(t.Context(), scope, w.now, false, nil)
	w.fails(err, errs.Internal, "not the one that was filed")
	// Whoever can write the list too is found by the root in the ledger.
	_, err = w.DB.Exec(t.Context(), `UPDATE event_segment SET sha256 = $1, bytes = $2 WHERE id = $3`, sum, size, s.ID)
	w.ok(err)
	err = w.compactor("").Compact(t.Context(), scope, w.now, false, nil)
	w.fails(err, errs.Internal, "do not give the root that the ledger holds")
	if len(w.segments()) != 4 {
		t.Errorf("%d segments", len(w.segments()))
	}
	_, err = w.DB.Exec(t.Context(), `UPDATE event_segment SET sha256 = $1, bytes = $2 WHERE id = $3`, s.SHA256, s.Bytes, s.ID)
	w.ok(errors.Join(err, os.WriteFile(file, kept, 0o600)))
	full := w.compactor("")
	full.Free, full.Reserve = func() (uint64, error) { return 1000, nil }, 900
	w.fails(full.Compact(t.Context(), scope, w.now, false, nil), errs.Exhausted, "the disk")
	w.ok(w.compactor("").Compact(t.Context(), scope, w.now, false, nil))
	if len(w.segments()) != 1 {
		t.Errorf("%d segments", len(w.segments()))
	}
}

// TestCompactAndErase: an event is erased and proven in a segment that was put together as in any other; what was thinned is not put
// together, and nothing that is written once more is swept.
func TestCompactAndErase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	ctx, scope := t.Context(), w.Access.System(w.Owner.Org(), "compaction of events")
	w.filed(1, 3)
	l, sealed := w.erasedLake(), w.segments()
	w.ok(w.compactor("").Compact(ctx, scope, w.now, true, nil))
	events, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Ascending: true, Limit: 100})
	w.ok(err)
	x := w.eraser()
	for n, gone := range []int{14, 3, 15} { // the second from another part, the third beside the first
		e, err := x.Erase(ctx, w.Owner, w.now, events[gone].ID, duty)
		w.ok(err)
		if e.Place != int64(gone) {
			t.Errorf("%s stood at %d, not %d", e.Event, e.Place, gone)
		}
		w.ok(w.compactor("").Compact(ctx, scope, w.now.Add(time.Hour), true, nil))
		w.compacted(l, sealed)
		if left, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 100}); err != nil || len(left) != 29-n || w.parquets() != 1 {
			t.Errorf("%d events in %d files, %v", len(left), w.parquets(), err)
		}
	}
	w.filed(1, 2)
	for _, s := range w.segments() {
		if s.Rows == 10 {
			sealed = append(sealed, s)
		}
	}
	erased := w.segments()[1]
	e, err := x.Erase(ctx, w.Owner, w.now, erased.First, duty)
	w.ok(err)
	w.ok(w.compactor("").Compact(ctx, scope, w.now.Add(48*time.Hour), true, nil))
	if n := len(w.segments()); n != 3 || e.Segment != erased.ID {
		t.Errorf("%d segments; %+v", n, e)
	}
	w.compacted(l, sealed)
}
