package eventlake_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestPositions: up to where a file is read is known after a start, whether the records are filed or not, and to nobody else. What
// was lost is counted with the source.
func TestPositions(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		job := w.Access.System(w.Owner.Org(), "files")
		take := func(body string, at *event.Position) {
			t.Helper()
			_, err := w.intake.AcceptLot(t.Context(), job, string(w.source.ID), event.Lot{Body: strings.NewReader(body), File: at, Lost: 2}, w.now)
			w.ok(err)
		}
		want := func(at ...event.Position) {
			t.Helper()
			got, err := w.intake.Positions(t.Context(), job, w.source.ID)
			w.ok(err)
			if len(got) != len(at) {
				t.Errorf("%v, want %v", got, at)
			}
			for _, p := range at {
				if got[p.Name] != p {
					t.Errorf("%v, want %v", got[p.Name], p)
				}
			}
		}
		a, b := event.Position{Name: "/var/log/a", Identity: "1", Taken: 10}, event.Position{Name: "/srv/b", Taken: 3, SHA256: "x"}
		take(records(0, 2, w.now), &a)
		take("", &b) // a place without a record
		for range 2 {
			want(a, b)
			w.restart()
		}
		a.Taken = 20
		take(records(2, 4, w.now), &a)
		for range 2 {
			_, err := w.sealer.Seal(t.Context(), w.now, true)
			w.ok(err)
			want(a, b)
			w.restart()
		}
		a.Identity, a.Taken = "2", 5
		take(records(4, 5, w.now), &a)
		want(a, b)
		if got, err := w.intake.Positions(t.Context(), w.Access.System(w.OtherOwner.Org(), "files"), w.source.ID); len(got) != 0 || err != nil && !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation sees %v, %v", got, err)
		}
		_, err := w.intake.Positions(t.Context(), w.Member(t, "r@northwind.example", access.Employee), w.source.ID)
		w.fails(err, errs.Denied, "")
		_, err = w.intake.AcceptLot(t.Context(), w.Member(t, "s@northwind.example", access.Employee), w.source.Ref, event.Lot{Body: strings.NewReader("{}")}, w.now)
		w.fails(err, errs.Denied, "")
		_, err = w.intake.AcceptLot(t.Context(), job, string(w.source.ID), event.Lot{Body: strings.NewReader("")}, w.now)
		w.fails(err, errs.Invalid, "no record")
		if got := w.intake.Live(w.source).Lost; got != 8 {
			t.Errorf("%d lost before it is filed", got)
		}
		_, err = w.sealer.Seal(t.Context(), w.now, true)
		w.ok(err)
		x, err := w.sources.Source(t.Context(), w.Owner.ReadScope, w.source.Ref)
		if err != nil || x.Lost != 8 || x.Events != 5 {
			t.Errorf("%+v %v", x, err)
		}
	})
}
