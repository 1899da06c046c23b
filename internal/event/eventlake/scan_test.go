package eventlake_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// made are events of every shape that a filter tells apart: with and without a time, with keys in every column.
func made(from, to int, at time.Time) []event.Event {
	r := rand.New(rand.NewPCG(7, uint64(from)))
	pick := func(prefix string, n int) string {
		if k := r.IntN(n + 1); k < n {
			return fmt.Sprintf("%s%d", prefix, k)
		}
		return ""
	}
	var out []event.Event
	for n := from; n < to; n++ {
		e := event.Event{
			ID: event.FirstID(int64(n + 1)), Source: pick("src", 2), Log: pick("log", 3), Upstream: fmt.Sprint(n), Received: at.Add(time.Duration(n) * time.Second), Action: pick("act", 30),
			Actor: event.Actor{ID: pick("id", 900), Name: pick("Name", 40)}, Session: pick("ses", 2000), Credential: pick("cred", 5000), From: event.Endpoint{IP: pick("192.0.2.", 200), UserAgent: pick("agent", 9)},
			Host: pick("host", 9), Process: pick("host/", 300), Parent: pick("host/", 300), Raw: fmt.Appendf(nil, `{"n":%d,"WORD":"Needle%d"}`, n, r.IntN(3000)),
		}
		if r.IntN(50) > 0 {
			e.At = e.Received.Add(-time.Duration(r.IntN(7200)) * time.Second)
		}
		if r.IntN(10) == 0 {
			e.Issued = []string{pick("cred", 5000) + "x", pick("<\"ses", 900) + "é"}
		}
		out = append(out, e)
	}
	return out
}

// TestFilters: over segments of more than one group, each filter gives what reading everything gives, in both orders and in pages.
func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	ctx, l := t.Context(), w.lake()
	scope := w.Access.System(w.Owner.Org(), "test")
	var all []event.Event
	for n, bounds := range [][2]int{{0, 7500}, {7500, 8100}} {
		events := made(bounds[0], bounds[1], w.now)
		f, err := eventlake.Files{Dir: lake.Dir{Root: w.dir + "/lake"}, Group: 3000}.Create(fmt.Sprintf("made/%d.parquet", n))
		w.ok(err)
		s := event.Segment{ID: fmt.Sprint("seg_", n), File: fmt.Sprintf("made/%d.parquet", n), First: events[0].ID, Last: events[len(events)-1].ID, Rows: int64(len(events)), From: events[0].When(), To: events[0].When(), Logs: []string{"", "log0", "log1", "log2"}, Sealed: w.now}
		for i := range events {
			w.ok(f.Write(&events[i], []byte("salt")))
			if at := events[i].When(); at.Before(s.From) {
				s.From = at
			} else if at.After(s.To) {
				s.To = at
			}
		}
		s.SHA256, s.Bytes, err = f.Commit()
		w.ok(err)
		w.ok(w.store.AddSegment(ctx, scope, s))
		all = append(all, events...)
	}
	w.ok(w.store.SetFiled(ctx, 50_000))
	key := func(kind, value string) []event.Key { return []event.Key{{Kind: kind, Value: value}} }
	for _, f := range []event.Filter{
		{}, {Limit: 3000}, {Source: "src1"}, {Logs: []string{"log2"}, Actions: []string{"act3", "act4"}}, {Actors: []string{"id77"}}, {Actors: []string{"Name7", "id3", "nobody"}},
		{Keys: key(event.KeyCredential, "cred11")}, {Keys: key(event.KeyCredential, "cred11x")}, {Keys: key(event.KeyCredential, "<\"ses7é")}, {Keys: key(event.KeySession, "ses1999")}, {Keys: key(event.KeyProcess, "host/7")},
		{Keys: key(event.KeyPrincipal, "id1")}, {Keys: key(event.KeyHost, "host3"), Limit: 20}, {Keys: key(event.KeyIP, "192.0.2.99")}, {Keys: key(event.KeyAgent, "agent2"), Actions: []string{"act1"}}, {Keys: key(event.KeyAgent, "nothing")},
		{Keys: append(key(event.KeySession, "ses5"), event.Key{Kind: event.KeyCredential, Value: "cred5"})}, {Keys: key(event.KeyCredential, "ses5")},
		{From: w.now.Add(time.Hour), To: w.now.Add(time.Hour + 9*time.Minute)}, {To: w.now.Add(time.Hour), Actors: []string{"id5"}}, {From: w.now.Add(2 * time.Hour)}, {From: w.now.Add(100 * time.Hour)},
		{Text: "NEEDLE17\""}, {Text: "\"n\":6333,"}, {Text: "nothing"}, {Text: "needle", Actors: []string{"id8"}}, {Text: "é"},
		{IDs: []string{all[0].ID, all[2999].ID, all[3000].ID, all[8099].ID, "0", "zz"}}, {After: all[7000].ID, Limit: 5000}, {After: event.FirstID(2500), Actors: []string{"Name1"}, Limit: 90},
	} {
		for _, ascending := range []bool{true, false} {
			f.Ascending = ascending
			var want []string
			for i := range all {
				if !ascending {
					i = len(all) - 1 - i
				}
				if e := &all[i]; f.Matches(e) && (f.After == "" || ascending == (e.ID > f.After) && e.ID != f.After) {
					want = append(want, e.Upstream)
				}
			}
			more := len(want) > f.Size()
			if more {
				want = want[:f.Size()]
			}
			events, next, err := l.Find(ctx, scope.ReadScope, f)
			var got []string
			for _, e := range events {
				got = append(got, e.Upstream)
			}
			if err != nil || !slices.Equal(got, want) || more != (next != "") {
				t.Errorf("%+v: %d events %.80v, want %d %.80v; next %q: %v", f, len(got), got, len(want), want, next, err)
			}
		}
	}
}
