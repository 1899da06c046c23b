package eventlake_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
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

type (
	keeps    interface{ event.Erasures }
	rewrites interface{ event.Rewriting }
)

// eraser erases, and ends where it is told to.
type eraser struct {
	event.Eraser
	keeps
	rewrites
	w      *world
	at     string
	traced []string
}

func (w *world) eraser() *eraser {
	dir := lake.Dir{Root: w.dir + "/lake"}
	x := &eraser{w: w, keeps: w.store, rewrites: eventlake.Rewrite{Dir: dir, Files: eventlake.Files{Dir: dir}}}
	x.Eraser = event.Eraser{Sealer: w.sealer, Filing: w.erasedLake(), Rewrite: x, Store: x, Journal: eventlake.Journal{Log: w.log}, Recent: w.recent, Access: w.Access, Tx: w.DB, Ledger: w.Ledger,
		Traces: []event.Trace{func(_ context.Context, _ access.Scope, e event.Erasure) error {
			if x.at == "traces" {
				return errCrash
			}
			x.traced = append(x.traced, e.Event)
			return nil
		}}}
	return x
}

func (w *world) erasedLake() *eventlake.Lake {
	l := w.lake()
	l.Erasures = w.store
	return l
}

func (x *eraser) Without(ctx context.Context, s event.Segment, id string) (event.Segment, error) {
	s, err := x.rewrites.Without(ctx, s, id)
	if x.at == "written" {
		return s, errCrash
	}
	return s, err
}

func (x *eraser) AddErasure(ctx context.Context, scope access.Scope, e event.Erasure, s event.Segment) error {
	if err := x.keeps.AddErasure(ctx, scope, e, s); err != nil || x.at != "transaction" {
		return err
	}
	return errCrash
}

func (x *eraser) Drop(file string) error {
	if x.at == "drop" {
		return errCrash
	}
	return x.rewrites.Drop(file)
}

// files are those below a folder of the installation.
func (w *world) files(below string) []string {
	var out []string
	w.ok(filepath.WalkDir(filepath.Join(w.dir, below), func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(p, "lock") {
			out = append(out, filepath.Base(p))
		}
		return err
	}))
	return out
}

// proven wants every event that is there to lead to the root of its segment.
func (w *world) proven(l *eventlake.Lake, want int) {
	w.t.Helper()
	events, _, err := l.Find(w.t.Context(), w.Owner.ReadScope, event.Filter{Limit: 100})
	w.ok(err)
	if len(events) != want {
		w.t.Errorf("%d events, want %d", len(events), want)
	}
	for _, e := range events {
		x, err := l.Filed(w.t.Context(), w.Owner.ReadScope, e.ID)
		w.ok(err)
		root, err := hex.DecodeString(x.Segment.Root)
		w.ok(err)
		if err := tlog.CheckRecord(tlog.RecordProof(x.Path), x.Segment.Rows, tlog.Hash(root), x.Place, tlog.Hash(event.Commitment(e.ID, x.Salt, e.Raw))); err != nil {
			w.t.Errorf("%s at %d: %v", e.ID, x.Place, err)
		}
	}
}

const duty = "request of the person, Art. 17 GDPR"

// TestErase: an erased event is nowhere any more, its place and its commitment stay, and every other event is proven as before.
func TestErase(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx, l := t.Context(), w.erasedLake()
		x := w.eraser()
		_, err := w.send("", records(0, 9, w.now))
		w.ok(err)
		events, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 100, Ascending: true})
		w.ok(err)
		for _, bad := range []struct {
			scope      access.Scope
			id, reason string
			kind       errs.Kind
			says       string
		}{
			{w.Owner, events[3].ID, "because", errs.Invalid, "10 to 500 characters"},
			{w.Owner, events[3].ID, strings.Repeat("x", 501), errs.Invalid, "10 to 500 characters"},
			{w.Owner, "none", duty, errs.NotFound, "no event"},
			{w.OtherOwner, events[3].ID, duty, errs.NotFound, "no event"},
			{w.Member(t, "lead@northwind.example", access.ComplianceLead), events[3].ID, duty, errs.Denied, ""},
			{w.Member(t, "analyst@northwind.example", access.SecurityAnalyst), events[3].ID, duty, errs.Denied, ""},
		} {
			_, err := x.Erase(ctx, bad.scope, w.now, bad.id, bad.reason)
			w.fails(err, bad.kind, bad.says)
		}
		w.proven(l, 9)
		gone := map[string]bool{}
		for n, i := range []int{3, 0, 8, 4, 2, 1, 5, 6, 7} { // the middle, both ends, neighbours, and in the end all
			_, err := w.send("", records(100+n, 101+n, w.now)) // in the intake log still
			w.ok(err)
			e, err := x.Erase(ctx, w.Owner, w.now, events[i].ID, " "+duty+" ")
			if err != nil || e.Place != int64(i) || e.Seq == 0 || !e.Done || e.Reason != duty {
				t.Fatalf("%d: %+v %v", i, e, err)
			}
			gone[events[i].ID] = true
			_, err = l.Event(ctx, w.Owner.ReadScope, events[i].ID)
			w.fails(err, errs.NotFound, "was erased on")
			if by, ok := event.ErasedBy(err); !ok || by.Seq != e.Seq || errs.HintOf(err) == "" {
				t.Errorf("%v tells of %+v", err, by)
			}
			_, err = l.Event(ctx, w.OtherOwner.ReadScope, events[i].ID)
			w.fails(err, errs.NotFound, "no event")
			_, err = x.Erase(ctx, w.Owner, w.now, events[i].ID, duty)
			w.fails(err, errs.NotFound, "was erased on")
			found, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Text: `"uuid":"` + events[i].Upstream + `"`})
			if err != nil || len(found) > 0 {
				t.Errorf("%d is found: %v", i, err)
			}
			w.proven(l, 9-len(gone)+n+1)
		}
		table, err := l.Query(ctx, w.Owner.ReadScope, event.Query{SQL: "SELECT id, raw FROM events", From: w.now.Add(-time.Hour), To: w.now.Add(time.Hour)})
		w.ok(err)
		for _, row := range table.Rows {
			if gone[strings.Trim(string(row[0]), `"`)] {
				t.Errorf("%s is found by SQL", row[0])
			}
		}
		if len(table.Rows) != 9 {
			t.Errorf("%d rows", len(table.Rows))
		}
		// One file for each segment, and nothing in the intake log that was filed.
		if all, segments := w.files("lake"), 10; len(all) != segments {
			t.Errorf("%q", all)
		}
		if first, end := w.log.Bounds(); first != end || len(w.files("log")) > 1 {
			t.Errorf("the intake log holds %d to %d in %q", first, end, w.files("log"))
		}
		w.restart()
		w.proven(w.erasedLake(), 9)
		if len(x.traced) != 9 {
			t.Errorf("%q", x.traced)
		}
	})
}

// TestEraseCrash: wherever it ends, the segment is there with the event or without it, and a start removes what remains.
func TestEraseCrash(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		_, err := w.send("", records(0, 9, w.now))
		w.ok(err)
		events, _, err := w.lake().Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 100, Ascending: true})
		w.ok(err)
		left := 9
		for i, at := range []string{"written", "transaction", "drop", "traces"} {
			x := w.eraser()
			x.at = at
			if _, err := x.Erase(ctx, w.Owner, w.now, events[i].ID, duty); !errors.Is(err, errCrash) {
				t.Fatalf("%s: %v", at, err)
			}
			erased := at == "drop" || at == "traces"
			if erased {
				left--
			}
			w.restart()
			w.proven(w.erasedLake(), left)
			x = w.eraser()
			w.ok(x.Resume(ctx))
			if erased != (len(x.traced) == 1) {
				t.Errorf("%s: %q is gone on with", at, x.traced)
			}
			open, err := w.store.Unfinished(ctx)
			if err != nil || len(open) > 0 {
				t.Errorf("%s: %v %v", at, open, err)
			}
			if !erased {
				_, err := x.Erase(ctx, w.Owner, w.now, events[i].ID, duty)
				w.ok(err)
				left--
			}
			w.proven(w.erasedLake(), left)
			if all := w.files("lake"); len(all) != 1 {
				t.Errorf("%s: %q", at, all)
			}
		}
		w.ok(w.eraser().Resume(ctx))
	})
}

// TestEraseWhileRead: whoever reads while events are erased finds all others, whichever name the segment has.
func TestEraseWhileRead(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	w := newWorld(t, db)
	ctx, l, x := t.Context(), w.erasedLake(), w.eraser()
	_, err := w.send("", records(0, 40, w.now))
	w.ok(err)
	_, err = w.sealer.Seal(ctx, w.now, true)
	w.ok(err)
	events, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 100, Ascending: true})
	w.ok(err)
	stays := events[39]
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-quit:
				done <- nil
				return
			default:
			}
			found, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{IDs: []string{stays.ID}})
			if err == nil && len(found) != 1 {
				err = errors.New("the event that stays is not found")
			}
			if err == nil {
				_, err = l.Filed(ctx, w.Owner.ReadScope, stays.ID)
			}
			var table event.Table
			if err == nil {
				table, err = l.Query(ctx, w.Owner.ReadScope, event.Query{SQL: "SELECT count(*) AS n FROM events WHERE id = '" + stays.ID + "'", From: w.now.Add(-time.Hour), To: w.now.Add(time.Hour)})
			}
			if err == nil && string(table.Rows[0][0]) != "1" {
				err = errors.New("SQL does not find the event that stays")
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for _, e := range events[:12] {
		_, err := x.Erase(ctx, w.Owner, w.now, e.ID, duty)
		w.ok(err)
	}
	close(quit)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
