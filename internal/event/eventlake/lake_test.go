package eventlake_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox()
	os.Exit(m.Run())
}

func (w *world) lake() *eventlake.Lake {
	e := &lake.Engine{Workers: 1}
	w.t.Cleanup(e.Close)
	return &eventlake.Lake{Dir: lake.Dir{Root: w.dir + "/lake"}, Tail: &event.Tail{Journal: eventlake.Journal{Log: w.log}, Recent: w.recent}, Segments: w.store, Seals: w.store, Engine: e}
}

func upstream(events []event.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Upstream)
	}
	return strings.Join(out, " ")
}

// TestLake: three segments and a tail are one lake: in both orders, in pages, by filters, by time, by SQL, and for its owner alone.
func TestLake(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	w := newWorld(t, db)
	ctx, l := t.Context(), w.lake()
	for n := range 4 {
		r, err := w.send("", records(n*10, n*10+10, w.now))
		w.want(r, err, 10, 0, 0)
		if n < 3 {
			_, err := w.sealer.Seal(ctx, w.now, true)
			w.ok(err)
		}
	}
	var want []string
	for n := range 40 {
		want = append(want, fmt.Sprintf("u%d", n))
	}
	scope := w.Owner.ReadScope
	for _, ascending := range []bool{true, false} {
		var got []event.Event
		for f := (event.Filter{Ascending: ascending, Limit: 7}); ; {
			events, next, err := l.Find(ctx, scope, f)
			w.ok(err)
			got = append(got, events...)
			if f.After = next; next == "" {
				break
			}
		}
		if !ascending {
			slices.Reverse(got)
		}
		if upstream(got) != strings.Join(want, " ") {
			t.Errorf("%v: %s", ascending, upstream(got))
		}
	}
	w.followed(l, want)
	for _, x := range []struct {
		f    event.Filter
		want string
	}{
		{event.Filter{Actors: []string{"p3@northwind.example"}, Ascending: true}, "u3 u10 u17 u24 u31 u38"},
		{event.Filter{Keys: []event.Key{{Kind: event.KeyPrincipal, Value: "00u3"}}, Limit: 2}, "u38 u31"},
		{event.Filter{Keys: []event.Key{{Kind: event.KeyPrincipal, Value: "nobody"}}}, ""},
		{event.Filter{Keys: []event.Key{{Kind: event.KeyIP, Value: "192.0.2.1"}}}, ""},
		{event.Filter{From: w.now.Add(8 * time.Second), To: w.now.Add(12 * time.Second), Ascending: true}, "u8 u9 u10 u11"},
		{event.Filter{Text: `"UUID":"u29"`}, "u29"},
		{event.Filter{Logs: []string{"aws.cloudtrail"}}, ""},
		{event.Filter{Actions: []string{"user.session.start"}, Source: string(w.source.ID), Limit: 1}, "u39"},
	} {
		got, _, err := l.Find(ctx, scope, x.f)
		if err != nil || upstream(got) != x.want {
			t.Errorf("%+v: %q %v", x.f, upstream(got), err)
		}
	}
	_, _, err := l.Find(ctx, scope, event.Filter{After: "ffffffffffffzzzzz", Ascending: true})
	w.ok(err)
	w.theirs(l)
	w.asked(l, db)
}

// followed reads as a follower does, and each event by its identifier, as it was sent.
func (w *world) followed(l *eventlake.Lake, want []string) {
	ctx, scope := w.t.Context(), w.Owner.ReadScope
	var got []event.Event
	for after := ""; ; {
		events, err := l.Read(ctx, scope, after, 3)
		w.ok(err)
		if len(events) == 0 {
			break
		}
		got, after = append(got, events...), events[len(events)-1].ID
	}
	if upstream(got) != strings.Join(want, " ") || !slices.IsSortedFunc(got, func(a, b event.Event) int { return strings.Compare(a.ID, b.ID) }) {
		w.t.Errorf("followed: %s", upstream(got))
	}
	for _, n := range []int{0, 19, 39} {
		e, err := l.Event(ctx, scope, got[n].ID)
		sent := record(n, w.now.Add(time.Duration(n)*time.Second))
		if err != nil || string(e.Raw) != sent || e.Actor.Name != fmt.Sprintf("p%d@northwind.example", n%7) || e.Status != event.Success || e.Actor.Kind != event.Person || !e.At.Equal(w.now.Add(time.Duration(n)*time.Second)) {
			w.t.Errorf("%d: %+v %v", n, e, err)
		}
	}
	var times []time.Time
	w.ok(l.Each(ctx, scope, []string{"okta.log"}, w.now.Add(-time.Hour), w.now.Add(7*time.Hour), func(e *event.Event) error {
		times = append(times, e.When())
		return nil
	}))
	if len(times) != 40 || !slices.IsSortedFunc(times, time.Time.Compare) {
		w.t.Errorf("%d times", len(times))
	}
}

// TestRecent: what is remembered of the batches that came last is what the journal holds, however much is remembered.
func TestRecent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	for n := range 30 {
		r, err := w.send("", records(n*10, n*10+10, w.now.Add(time.Duration(n)*time.Nanosecond)))
		w.want(r, err, 10, 0, 0)
	}
	near, far := w.lake(), w.lake()
	far.Tail.Recent = nil
	for _, after := range []string{"", event.FirstID(2000), event.FirstID(9000)} {
		a, err := near.Read(t.Context(), w.Owner.ReadScope, after, 250)
		b, err2 := far.Read(t.Context(), w.Owner.ReadScope, after, 250)
		if err := errors.Join(err, err2); err != nil || len(a) == 0 || !reflect.DeepEqual(a, b) {
			t.Errorf("after %q: %d and %d events differ: %v", after, len(a), len(b), err)
		}
	}
}

// theirs: nothing of it is anybody else's.
func (w *world) theirs(l *eventlake.Lake) {
	ctx := w.t.Context()
	mine, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: 1})
	w.ok(err)
	events, _, err := l.Find(ctx, w.OtherOwner.ReadScope, event.Filter{})
	if len(events) != 0 || err != nil {
		w.t.Errorf("%d %v", len(events), err)
	}
	_, err = l.Event(ctx, w.OtherOwner.ReadScope, mine[0].ID)
	w.fails(err, errs.NotFound, mine[0].ID)
	x, err := l.Query(ctx, w.OtherOwner.ReadScope, event.Query{SQL: "SELECT count(*) AS n FROM events", From: w.now.Add(-time.Hour), To: w.now.Add(time.Hour)})
	if err != nil || len(x.Rows) != 1 || string(x.Rows[0][0]) != "0" {
		w.t.Errorf("%+v %v", x, err)
	}
}

// asked hunts with SQL, and tries what a statement may not do.
func (w *world) asked(l *eventlake.Lake, _ *sqldb.DB) {
	ctx := w.t.Context()
	ask := func(stmt string, rows int) (event.Table, error) {
		return l.Query(ctx, w.Owner.ReadScope, event.Query{SQL: stmt, From: w.now.Add(-time.Hour), To: w.now.Add(time.Hour), Rows: rows})
	}
	x, err := ask("SELECT actor_name, count(*) AS n, max(time) AS last FROM events WHERE raw LIKE '%session%' GROUP BY ALL ORDER BY n DESC, actor_name;", 3)
	if err != nil || len(x.Rows) != 3 || !x.More || x.Events != 40 || strings.Join(x.Columns, " ") != "actor_name n last" || string(x.Rows[0][0]) != `"p0@northwind.example"` || string(x.Rows[0][1]) != "6" {
		w.t.Errorf("%+v %v", x, err)
	}
	x, err = l.Query(ctx, w.Owner.ReadScope, event.Query{SQL: "SELECT count(*) AS n, min(upstream) FROM events e", From: w.now.Add(38 * time.Second), To: w.now.Add(39 * time.Second)})
	if err != nil || string(x.Rows[0][0]) != "1" || string(x.Rows[0][1]) != `"u38"` {
		w.t.Errorf("of one second: %+v %v", x, err)
	}
	files, err := filepath.Glob(w.dir + "/lake/*/*/*.parquet")
	w.ok(err)
	for stmt, kind := range map[string]errs.Kind{
		"SELECT * FROM '" + files[0] + "'": errs.Invalid, "SELECT * FROM read_parquet('" + files[0] + "')": errs.Denied, "SELECT * FROM read_text('" + files[0] + "')": errs.Denied,
		"SELECT * FROM duckdb_settings()": errs.Denied, "SELECT * FROM information_schema.tables": errs.Invalid, "SELECT * FROM events, glob('/*')": errs.Denied,
		"": errs.Invalid, "DROP TABLE events": errs.Invalid, "SELECT nothing FROM events": errs.Invalid, "SELECT 1) q; SELECT (1": errs.Invalid,
		"SELECT * FROM read_csv('/etc/passwd')": errs.Denied,
	} {
		if _, err := ask(stmt, 0); errs.KindOf(err) != kind && errs.KindOf(err) != errs.Invalid {
			w.t.Errorf("%s: %v", stmt, err)
		} else if err == nil {
			w.t.Errorf("%s: it ran", stmt)
		}
	}
	if left, err := os.ReadDir(w.dir + "/lake/tmp"); len(left) != 0 || err != nil {
		w.t.Errorf("%v stay: %v", left, err)
	}
}
