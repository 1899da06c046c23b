package eventlake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestGaps: numbers that lack are kept when events are filed, and what comes later closes them, over starts of the program.
func TestGaps(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.sources.Numbers = w.store
		x, token, err := w.sources.Add(t.Context(), w.Owner, w.now, event.NewSource{Name: "Hosts", Log: "linux.syslog"})
		w.ok(err)
		send := func(host string, all ...int) {
			t.Helper()
			var b strings.Builder
			for _, n := range all {
				fmt.Fprintf(&b, "{\"hostname\":%q,\"sequence\":%d,\"message\":\"m\"}\n", host, n)
			}
			_, err := w.intake.Accept(t.Context(), token, "", strings.NewReader(b.String()), w.now)
			w.ok(err)
		}
		want := func(f event.GapFilter, text string) {
			t.Helper()
			w.sealer.Numbers = w.store
			_, err := w.sealer.Seal(t.Context(), w.now, true)
			w.ok(err)
			gaps, err := w.sources.Gaps(t.Context(), w.Owner.ReadScope, f)
			w.ok(err)
			var out []string
			for _, g := range gaps {
				out = append(out, fmt.Sprintf("%s %s %d-%d:%d", g.Stream, g.Kind, g.First, g.Last, g.Missing))
			}
			if got := strings.Join(out, ", "); got != text {
				t.Errorf("%q, want %q", got, text)
			}
			w.restart()
		}
		send("web-1", 1, 2, 4, 3)
		send("web-2", 10, 12)
		want(event.GapFilter{Source: x.ID}, "web-2 missing 11-11:1")
		w.now = w.now.Add(time.Minute)
		send("web-1", 10)
		want(event.GapFilter{Open: true}, "web-1 missing 5-9:5, web-2 missing 11-11:1")
		send("web-1", 7)
		send("web-2", 11)
		want(event.GapFilter{Open: true}, "web-1 missing 8-9:2, web-1 missing 5-6:2")
		want(event.GapFilter{Source: x.ID, Limit: 2}, "web-1 missing 8-9:2, web-1 missing 5-6:2")
		want(event.GapFilter{Since: w.now.Add(time.Second)}, "")
		w.now = w.now.Add(time.Minute)
		send("web-2", 1)
		want(event.GapFilter{Since: w.now}, "web-2 restart 13-1:0")
		want(event.GapFilter{Source: w.source.ID}, "")
		gaps, err := w.sources.Gaps(t.Context(), w.OtherOwner.ReadScope, event.GapFilter{})
		if err != nil || len(gaps) != 0 {
			t.Errorf("another organisation: %v %v", gaps, err)
		}
		_, err = w.sources.Gaps(t.Context(), w.Member(t, "e@northwind.example", access.Employee).ReadScope, event.GapFilter{})
		w.fails(err, errs.Denied, "")
	})
}
