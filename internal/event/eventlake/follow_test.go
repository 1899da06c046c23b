package eventlake_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/event/eventsql"
	"github.com/tickmark/tickmark/internal/platform/eventlog"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestFollow: whoever reads on from the last event gets every event of the organisation once and in order, in portions of any size,
// while batches of others come between, events are filed, and the program starts again.
func TestFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	_, others, err := w.sources.Add(t.Context(), w.OtherOwner, w.now, event.NewSource{Name: "Okta", Log: "okta.log"})
	w.ok(err)
	r := rand.New(rand.NewPCG(7, 7))
	l, sent, at := w.lake(), 0, ""
	var got []event.Event
	follow := func(most int) {
		t.Helper()
		for range most {
			n := 1 + r.IntN(40)
			some, err := l.Read(t.Context(), w.Owner.ReadScope, at, n)
			w.ok(err)
			if len(some) > n {
				t.Fatalf("%d events, %d were asked for", len(some), n)
			}
			if len(some) == 0 {
				return
			}
			got, at = append(got, some...), some[len(some)-1].ID
		}
	}
	for range 150 {
		switch r.IntN(8) {
		case 0:
			_, err := w.sealer.Seal(t.Context(), w.now, true)
			w.ok(err)
		case 1:
			w.restart()
			l = w.lake()
		case 2, 3:
			_, err := w.intake.Accept(t.Context(), others, "", strings.NewReader(records(sent, sent+1+r.IntN(60), w.now)), w.now)
			w.ok(err)
		case 4, 5:
			n := 1 + r.IntN(60)
			_, err := w.send("", records(sent, sent+n, w.now))
			w.ok(err)
			sent += n
		default:
			follow(1 + r.IntN(3))
		}
	}
	follow(sent)
	if len(got) != sent {
		t.Errorf("%d events of %d", len(got), sent)
	}
	for i, e := range got {
		if e.Upstream != fmt.Sprintf("u%d", i) {
			t.Fatalf("event %d is %s", i, e.Upstream)
		}
	}
	again, err := l.Read(t.Context(), w.Owner.ReadScope, "", event.MaxFind)
	if err != nil || upstream(again) != upstream(got[:min(len(got), event.MaxFind)]) {
		t.Errorf("from the beginning: %d events, %v", len(again), err)
	}
	if _, err := l.Read(t.Context(), w.Member(t, "e@northwind.example", access.Employee).ReadScope, "", 1); err == nil {
		t.Error("an employee follows events")
	}
}

// meter counts what is read of the intake log.
type meter struct {
	event.Journal
	bytes int
}

func (m *meter) Read(from int64, most int) ([]event.Entry, error) {
	entries, err := m.Journal.Read(from, most)
	for _, e := range entries {
		m.bytes += len(e.Payload)
	}
	return entries, err
}

// TestFollowCost: what is read of the intake log to follow it grows with what is in it, and no faster, for an organisation that sends
// all of it and for one that sends nothing.
func TestFollowCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	total := 0
	for n := range 200 {
		body := records(n*20, n*20+20, w.now)
		total += len(body)
		_, err := w.send("", body)
		w.ok(err)
	}
	for name, scope := range map[string]access.ReadScope{"sends": w.Owner.ReadScope, "does not send": w.OtherOwner.ReadScope} {
		l, m := w.lake(), &meter{Journal: eventlake.Journal{Log: w.log}}
		l.Tail.Journal = m
		at, seen := "", 0
		for range 400 {
			some, err := l.Read(t.Context(), scope, at, 20)
			w.ok(err)
			if seen += len(some); len(some) > 0 {
				at = some[len(some)-1].ID
			}
		}
		most := 8 * total // each reading of at least 64 KiB gives 20 events, of about 3 KiB; without a place to go on it is 200 times as much
		if name == "sends" {
			most = 25 * total
		}
		if m.bytes > most || name == "sends" && seen != 4000 {
			t.Errorf("who %s: %d events, %d bytes read of %d", name, seen, m.bytes, total)
		}
	}
}

// BenchmarkFollow follows tails of different sizes; the time for an event must not grow with them.
func BenchmarkFollow(b *testing.B) {
	for _, size := range []int{10_000, 100_000, 400_000} {
		b.Run(fmt.Sprintf("tail=%d", size), func(b *testing.B) {
			log, err := eventlog.Open(b.TempDir(), eventlog.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer log.Close()
			org := fill(b, log, size)
			b.ReportAllocs()
			for b.Loop() {
				tail, at, seen := &event.Tail{Journal: eventlake.Journal{Log: log}}, "", 0
				for {
					some, err := tail.Next(0, org, at, 4096)
					if err != nil {
						b.Fatal(err)
					}
					if len(some) == 0 {
						break
					}
					seen, at = seen+len(some), some[len(some)-1].ID
				}
				if seen != size {
					b.Fatalf("%d of %d", seen, size)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/event")
		})
	}
}

// fill appends batches of 200 events through an intake that keeps nothing else.
func fill(b *testing.B, log *eventlog.Log, size int) access.OrgID {
	b.Helper()
	w := newBenchWorld(b, log)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for n := 0; n < size; n += 200 {
		if _, err := w.intake.Accept(context.Background(), w.token, "", strings.NewReader(records(n, n+200, now)), now.Add(time.Duration(n)*time.Millisecond)); err != nil {
			b.Fatal(err)
		}
	}
	return w.org
}

type benchWorld struct {
	intake *event.Intake
	token  string
	org    access.OrgID
}

func newBenchWorld(b *testing.B, log *eventlog.Log) benchWorld {
	b.Helper()
	db := sqldbtest.SQLite(b)
	w, store := accesstest.New(b, db), &eventsql.Store{DB: db}
	in := &event.Intake{Journal: eventlake.Journal{Log: log}, Store: store, Keys: store, Segments: store, Access: w.Access}
	sources := &event.Sources{Store: store, Tx: db, Ledger: w.Ledger}
	_, token, err := sources.Add(b.Context(), w.Owner, accesstest.Now, event.NewSource{Name: "Okta", Log: "okta.log", Rate: 1_000_000})
	if err != nil {
		b.Fatal(err)
	}
	if err := in.Open(b.Context(), accesstest.Now); err != nil {
		b.Fatal(err)
	}
	return benchWorld{in, token, w.Owner.Org()}
}
