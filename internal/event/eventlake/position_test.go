package eventlake_test

import (
	"maps"
	"slices"
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

// TestForget: positions of a day go when what forgets them is filed, whatever was filed before, and those that came later stay.
func TestForget(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		job := w.Access.System(w.Owner.Org(), "files")
		take := func(p event.Position) {
			t.Helper()
			_, err := w.intake.AcceptLot(t.Context(), job, string(w.source.ID), event.Lot{Body: strings.NewReader(""), File: &p}, w.now)
			w.ok(err)
		}
		seal := func() {
			t.Helper()
			_, err := w.sealer.Seal(t.Context(), w.now, true)
			w.ok(err)
		}
		names := func() string {
			t.Helper()
			got, err := w.intake.Positions(t.Context(), job, w.source.ID)
			w.ok(err)
			return strings.Join(slices.Sorted(maps.Keys(got)), " ")
		}
		day1, day2, marker := "s3://b/é%_/2026/03/01/", "s3://b/é%_/2026/03/02/", "s3://b/é%_/"
		take(event.Position{Name: day1 + "a", Plain: "p"})
		seal()
		take(event.Position{Name: day1 + "b"})
		take(event.Position{Name: day2 + "a"})
		take(event.Position{Name: "s3://b/éxx/2026/03/01/a"})
		take(event.Position{Name: marker, Identity: "2026-03-02", Forget: day1})
		take(event.Position{Name: day2 + "b"})
		take(event.Position{Name: marker, Identity: "2026-03-03", Forget: day2})
		take(event.Position{Name: day2 + "late"})
		seal()
		want := marker + " " + day2 + "late s3://b/éxx/2026/03/01/a"
		for range 2 {
			if got := names(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			w.restart()
		}
	})
}

// TestDigested: what a digest lacks is a gap until it is there; telling it again changes nothing; of another organisation nobody hears.
func TestDigested(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.sources.Numbers = w.store
		job := w.Access.System(w.Owner.Org(), "files")
		told := func(digest string, lacks ...event.Lack) {
			t.Helper()
			w.ok(w.sources.Digested(t.Context(), job, w.source.ID, digest, lacks, w.now))
		}
		open := func() string {
			t.Helper()
			gaps, err := w.sources.Gaps(t.Context(), w.Owner.ReadScope, event.GapFilter{Open: true})
			w.ok(err)
			var out []string
			for _, g := range gaps {
				out = append(out, string(g.Kind)+" "+g.Stream)
			}
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		a, b, c := event.Lack{File: "a", Kind: event.GapFile}, event.Lack{File: "b", Kind: event.GapAltered}, event.Lack{File: "a", Kind: event.GapAltered}
		for range 2 {
			told("d1", a, b)
		}
		told("d2", b)
		if got := open(); got != "altered b, altered b, file a" {
			t.Error(got)
		}
		told("d1", c)
		if got := open(); got != "altered a, altered b" {
			t.Error(got)
		}
		told("d1")
		told("d2")
		told("d3")
		if got := open(); got != "" {
			t.Error(got)
		}
		all, err := w.sources.Gaps(t.Context(), w.Owner.ReadScope, event.GapFilter{})
		if err != nil || len(all) != 4 {
			t.Errorf("%d gaps: %v", len(all), err)
		}
		w.fails(w.sources.Digested(t.Context(), w.Member(t, "r@northwind.example", access.Employee), w.source.ID, "d", []event.Lack{a}, w.now), errs.Denied, "")
		others, err := w.sources.Gaps(t.Context(), w.OtherOwner.ReadScope, event.GapFilter{})
		if err != nil || len(others) != 0 {
			t.Errorf("%v %v", others, err)
		}
	})
}
