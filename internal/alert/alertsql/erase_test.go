package alertsql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestEraseEvent: nothing is said of an erased event but that there was one; other events and other organisations are not touched.
func TestEraseEvent(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a := w.raise(now, signal("r1", alert.High, "T1098", now, "e1", "e2"))[0]
		b := w.raise(now, signal("r2", alert.High, "T1110", now, "e1"))[0]
		_, err := w.svc.Raise(ctx, w.OtherOwner, now, []alert.Signal{signal("r1", alert.High, "T1098", now, "e1")})
		w.ok(err)
		bot := w.Access.System(w.Owner.Org(), "erasure")
		says := func(x alert.Alert) string {
			t.Helper()
			res, err := w.svc.Signals(ctx, w.pia.ReadScope, x.ID, paging.Query{})
			w.ok(err)
			var out []string
			for _, k := range res.Rows {
				for _, f := range k.Events {
					out = append(out, fmt.Sprintf("%s %s%s%s%d", f.Event, f.Actor, f.Action, f.From, f.Erased))
				}
				out = append(out, k.Sentence)
			}
			return strings.Join(out, "; ")
		}
		for range 2 {
			w.ok(w.svc.EraseEvent(ctx, bot, "e1", 42))
			if got := says(a); got != "e1 42; e2 ada.linduser.session.start203.0.113.70; ada.lind did it" {
				t.Error(got)
			}
			if got := says(b); got != "e1 42; What it rests on was erased." {
				t.Error(got)
			}
		}
		w.ok(w.svc.EraseEvent(ctx, bot, "e2", 43))
		if got := says(a); got != "e1 42; e2 43; What it rests on was erased." {
			t.Error(got)
		}
		w.ok(w.svc.EraseEvent(ctx, bot, "e%", 44)) // of no event
		all, err := w.svc.List(ctx, w.OtherOwner.ReadScope, alert.Filter{}, paging.Query{})
		w.ok(err)
		res, err := w.svc.Signals(ctx, w.OtherOwner.ReadScope, all.Rows[0].ID, paging.Query{})
		if err != nil || res.Rows[0].Events[0].Actor != "ada.lind" {
			t.Errorf("another organisation: %+v %v", res.Rows, err)
		}
		// A signal that comes again under the same key brings nothing back.
		w.raise(now, signal("r2", alert.High, "T1110", now, "e1"))
		if got := says(b); strings.Contains(got, "ada.lind") {
			t.Error(got)
		}
	})
}
