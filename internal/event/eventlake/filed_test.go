package eventlake_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
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
