package eventlake_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestFiled: the way of every event leads to the root of its segment; what waits, is another's or was altered has none.
func TestFiled(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx, l := t.Context(), w.lake()
		for n := range 2 {
			_, err := w.send("", records(n*7, n*7+7, w.now))
			w.ok(err)
			_, err = w.sealer.Seal(ctx, w.now.Add(time.Hour), true)
			w.ok(err)
		}
		events, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 20})
		w.ok(err)
		if len(events) != 14 {
			t.Fatalf("%d events", len(events))
		}
		for _, e := range events {
			x, err := l.Filed(ctx, w.Owner.ReadScope, e.ID)
			w.ok(err)
			root, err := hex.DecodeString(x.Segment.Root)
			w.ok(err)
			leaf := tlog.Hash(event.Commitment(e.ID, x.Salt, e.Raw))
			if err := tlog.CheckRecord(tlog.RecordProof(x.Path), x.Segment.Rows, tlog.Hash(root), x.Place, leaf); err != nil || string(x.Raw) != string(e.Raw) {
				t.Errorf("%s at %d: %v", e.ID, x.Place, err)
			}
		}
		_, err = l.Filed(ctx, w.OtherOwner.ReadScope, events[0].ID)
		w.fails(err, errs.NotFound, events[0].ID)
		_, err = l.Filed(ctx, w.Owner.ReadScope, "none")
		w.fails(err, errs.NotFound, "none")
		_, err = w.send("", records(50, 51, w.now))
		w.ok(err)
		late, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 1})
		w.ok(err)
		_, err = l.Filed(ctx, w.Owner.ReadScope, late[0].ID)
		w.fails(err, errs.Unavailable, "not filed yet")

		// One segment in the place of the other: it can be read, and is not what was sealed.
		segments, err := w.store.Segments(ctx, w.Owner.ReadScope, time.Time{}, time.Time{}, "")
		w.ok(err)
		file := filepath.Join(w.dir, "lake", filepath.FromSlash(segments[0].File))
		s := segments[0]
		s.File += ".altered"
		e, err := l.Event(ctx, w.Owner.ReadScope, s.First)
		w.ok(err)
		e.Raw = []byte(record(99, w.now))
		out, err := w.sealer.Files.Create(s.File)
		w.ok(err)
		for _, x := range slices.Backward(events[7:]) {
			if x.ID == s.First {
				x.Raw = e.Raw
			}
			w.ok(out.Write(&x, []byte("a salt of others")))
		}
		_, size, err := out.Commit()
		w.ok(err)
		w.ok(os.Rename(file+".altered", file))
		_, err = db.Exec(ctx, `UPDATE event_segment SET bytes = $1 WHERE id = $2`, size, s.ID)
		w.ok(err)
		_, err = l.Filed(ctx, w.Owner.ReadScope, events[13].ID)
		w.fails(err, errs.Internal, "is not the one that was sealed")
	})
}

// TestFiledAll: many events at once are each as they are alone, whatever they were compacted into; what waits, was erased, is another's
// or never was is named with why.
func TestFiledAll(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx, l, x := t.Context(), w.erasedLake(), w.eraser()
		w.filed(2, 5)
		w.ok(w.compactor("").Compact(ctx, w.Access.System(w.Owner.Org(), "compaction"), w.now, true, nil))
		_, err := w.send("", records(100, 103, w.now)) // they stay in the intake log
		w.ok(err)
		events, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 200, Ascending: true})
		w.ok(err)
		if len(events) != 103 {
			t.Fatalf("%d events", len(events))
		}
		var ids []string
		for i := range events {
			if i%3 == 0 || i > 90 {
				ids = append(ids, events[i].ID)
			}
		}
		slices.Reverse(ids)
		ids = append(ids, "fffffffffffffffff", "../../etc/passwd", ids[0])
		alone := map[string]event.Filed{}
		read := func(want int) map[string]error {
			t.Helper()
			last, n := "", 0
			absent, err := l.FiledAll(ctx, w.Owner.ReadScope, ids, func(x *event.Filed) error {
				one, err := l.Filed(ctx, w.Owner.ReadScope, x.ID)
				if err != nil {
					return err
				}
				if x.ID <= last || !reflect.DeepEqual(*x, one) {
					t.Errorf("%s after %s: %+v\nalone %+v", x.ID, last, x, one)
				}
				last, alone[x.ID] = x.ID, one
				n++
				return nil
			})
			if err != nil || n != want {
				t.Errorf("%d of %d: %v, absent %v", n, want, err, absent)
			}
			return absent
		}
		absent := read(40)
		if len(absent) != 5 || !errs.Is(absent[events[102].ID], errs.Unavailable) || !errs.Is(absent["fffffffffffffffff"], errs.NotFound) || !errs.Is(absent["../../etc/passwd"], errs.NotFound) {
			t.Errorf("%v", absent)
		}
		_, err = x.Erase(ctx, w.Owner, w.now, events[30].ID, duty)
		w.ok(err)
		absent = read(42)
		if gone, erased := event.ErasedBy(absent[events[30].ID]); !erased || gone.Event != events[30].ID || len(absent) != 3 {
			t.Errorf("%v", absent)
		}
		if absent, err = l.FiledAll(ctx, w.OtherOwner.ReadScope, ids[:3], func(x *event.Filed) error { t.Errorf("%s is another's", x.ID); return nil }); err != nil || len(absent) != 3 {
			t.Errorf("%v %v", absent, err)
		}
		if _, err = l.FiledAll(ctx, w.Owner.ReadScope, ids, func(*event.Filed) error { return errCrash }); !errors.Is(err, errCrash) {
			t.Errorf("ended, and %v", err)
		}
	})
}
