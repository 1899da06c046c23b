package eventlake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestDays: what arrived is counted on the day of its arrival, once, whether it is filed or not; a token that is revoked sends nothing.
func TestDays(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.sources.Live = w.intake.Live
		ctx := t.Context()
		send := func(at time.Time, records ...string) {
			t.Helper()
			_, err := w.intake.Accept(ctx, w.token, "", strings.NewReader(strings.Join(records, "\n")+"\n"), at)
			w.ok(err)
		}
		days := func() []event.Day {
			t.Helper()
			out, err := w.sources.ByDay(ctx, w.Owner.ReadScope, w.source.ID, 0)
			w.ok(err)
			return out
		}
		one := `{"uuid":"u-1","published":"2026-01-01T00:00:00.000Z","eventType":"user.session.start","outcome":{"result":"SUCCESS"},"actor":{"id":"00u1","type":"User","alternateId":"ada@northwind.example"}}`
		two := strings.ReplaceAll(one, "u-1", "u-2")
		first, next := w.now, w.now.AddDate(0, 0, 1)
		send(first, one, "broken")
		send(first.Add(time.Minute), one) // known already
		if got := days(); len(got) != 1 || got[0].Events != 1 {
			t.Fatalf("before it is filed: %+v", got)
		}
		for range 2 { // filing twice counts once
			_, err := w.sealer.Seal(ctx, first.Add(time.Hour), true)
			w.ok(err)
		}
		send(next, two)
		_, err := w.sealer.Seal(ctx, next.Add(time.Hour), true)
		w.ok(err)
		got := days()
		if len(got) != 2 || got[0].Day != period.Of(first) || got[0].Counts != (event.Counts{Events: 1, Duplicates: 1, Refused: 1, Late: got[0].Late, Disordered: got[0].Disordered}) || got[1].Events != 1 || got[1].Day != period.Of(next) {
			t.Fatalf("%+v", got)
		}
		if other, err := w.sources.ByDay(ctx, w.OtherOwner.ReadScope, "", 0); err != nil || len(other) != 0 {
			t.Fatalf("another organisation sees %+v %v", other, err)
		}
		if _, err := w.sources.Revoke(ctx, w.OtherOwner, next, w.source.Ref); !errs.Is(err, errs.NotFound) {
			t.Fatalf("another organisation revokes: %v", err)
		}
		x, err := w.sources.Revoke(ctx, w.Owner, next, w.source.Ref)
		if err != nil || x.TokenHint != "" {
			t.Fatalf("%+v %v", x, err)
		}
		w.intake.Forget(w.source.ID)
		if _, err := w.intake.Accept(ctx, w.token, "", strings.NewReader(two+"\n"), next); !errs.Is(err, errs.Denied) {
			t.Fatalf("a revoked token: %v", err)
		}
		if _, err := w.sources.Revoke(ctx, w.Owner, next, w.source.Ref); !errs.Is(err, errs.Conflict) {
			t.Fatalf("twice: %v", err)
		}
	})
}
