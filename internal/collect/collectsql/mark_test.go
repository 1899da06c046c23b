package collectsql_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestMarks: the marks of a run that ended well come back with the next one, as they were; those of a run that failed, was given up or
// died do not; a stream that a run said nothing of keeps its mark.
func TestMarks(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		conn := w.connect()
		var got map[string]collect.Mark
		run := func(at time.Time, marks []collect.Mark, end error) collect.Run {
			r, err := w.run(at, func(_ context.Context, e collect.Env, s collect.Sink) error {
				got = e.Marks
				for _, m := range marks {
					s.Mark(m)
				}
				return end
			})
			if err != nil && end == nil {
				t.Fatal(err)
			}
			return r
		}
		mark := func(stream string, through time.Time, ids ...uint64) collect.Mark {
			m := collect.Mark{Stream: stream, Begin: now.Add(-time.Hour), Through: through, Deep: now, Known: []collect.Known{}}
			for _, id := range ids {
				m.Known = append(m.Known, collect.Known{At: through.Add(-time.Minute).Truncate(time.Second), ID: id})
			}
			return m
		}
		a, b := mark("a", now, 1, 1<<63+5), mark("b", now)
		run(now, []collect.Mark{mark("a", now.Add(-time.Hour), 7), a, b}, nil)
		if len(got) != 0 {
			t.Errorf("the first run has marks: %v", got)
		}
		a2 := mark("a", now.Add(time.Hour), 1)
		run(now.Add(time.Hour), []collect.Mark{a2}, nil)
		if want := map[string]collect.Mark{"a": a, "b": b}; !reflect.DeepEqual(got, want) {
			t.Errorf("the second run has %v, want %v", got, want)
		}
		want := map[string]collect.Mark{"a": a2, "b": b}
		for name, end := range map[string]error{"failed": errs.New(errs.Unavailable, "gone"), "given up": context.Canceled} {
			run(now.Add(2*time.Hour), []collect.Mark{mark("a", now.Add(9*time.Hour))}, end)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("before the one that %s: %v, want %v", name, got, want)
			}
			if m, err := w.svc.Store.Marks(t.Context(), w.scope.ReadScope, conn.ID); err != nil || !reflect.DeepEqual(m, want) {
				t.Errorf("%s: %v %v", name, m, err)
			}
			if m, err := w.svc.Store.Marks(t.Context(), w.other.ReadScope, conn.ID); err != nil || len(m) != 0 {
				t.Errorf("another organisation reads %v %v", m, err)
			}
		}
		conn, err := w.svc.Store.Connection(t.Context(), w.scope.ReadScope, string(conn.ID))
		w.ok(err)
		conn.Cursor = now.AddDate(0, 0, -3) // somebody has it read again
		w.src.script = func(_ context.Context, e collect.Env, _ collect.Sink) error { got = e.Marks; return nil }
		_, err = w.svc.Run(t.Context(), w.scope, collect.Request{Connection: conn, Now: now.Add(3 * time.Hour), Clock: func() time.Time { return now.Add(3 * time.Hour) }})
		if err != nil || len(got) != 0 {
			t.Errorf("read again from %s: %v %v", conn.Cursor, got, err)
		}
	})
}

// TestLogInterval: an audit log is read every five minutes unless it is told otherwise, and no more often; other systems every quarter of
// an hour at most.
func TestLogInterval(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for _, c := range []struct {
			log         bool
			every, want time.Duration
		}{{true, 0, 5 * time.Minute}, {true, 5 * time.Minute, 5 * time.Minute}, {true, time.Minute, -1}, {false, 0, 0}, {false, 5 * time.Minute, -1}, {false, 15 * time.Minute, 15 * time.Minute}, {false, -time.Hour, -1}} {
			w.src.log = c.log
			n := collect.NewConnection{Kind: "hr", Name: "hr-main", Settings: map[string]string{"company": "northwind"}, Secrets: map[string]string{"key": "s3cret-key"}, Every: c.every}
			conn, err := w.svc.Connect(t.Context(), w.scope, now, n)
			if c.want < 0 {
				if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "every" {
					t.Errorf("%+v: %v", c, err)
				}
				continue
			}
			if err != nil || conn.Every != c.want {
				t.Errorf("%+v: every %s, %v", c, conn.Every, err)
			}
			conn, err = w.svc.Change(t.Context(), w.scope, now, conn.ID, collect.Change{Settings: n.Settings, Every: c.every})
			if err != nil || conn.Every != c.want {
				t.Errorf("%+v changed: every %s, %v", c, conn.Every, err)
			}
			w.ok(w.svc.Remove(t.Context(), w.scope, now, conn))
		}
	})
}
