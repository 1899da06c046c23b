package app

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/simco"
)

// collected is an installation with the repositories of two weeks, read once a day, and the instant it is.
func collected(tb testing.TB) (*App, access.ReadScope, time.Time) {
	tb.Helper()
	ok := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	company, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Days: 60, Start: start, Planted: true})
	ok(err)
	server := httptest.NewServer(company.Handler(simco.GitHub))
	tb.Cleanup(server.Close)
	cfg, _, err := LoadConfig("", map[string]string{"data": filepath.Join(tb.TempDir(), "data"), "allow_private": strings.TrimPrefix(server.URL, "http://")}, func(string) string { return "" })
	ok(err)
	a, err := Open(tb.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(err)
	tb.Cleanup(func() { ok(a.Close(context.Background())) })
	now := start.AddDate(0, 0, 20)
	a.Clock = func() time.Time { return now }
	_, scope, err := a.CreateOrg(tb.Context(), "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "ona@northwind.example", Name: "Ona", Password: "a long enough password"}, true)
	ok(err)
	tokens := company.Tokens()
	c, err := a.Collect.Connect(tb.Context(), scope, now, collect.NewConnection{Kind: simco.GitHub, Name: "github", Settings: map[string]string{"org": tokens.GitHubOrg, "base_url": server.URL, "first_days": "5"}, Secrets: map[string]string{"token": tokens.GitHubToken}})
	ok(err)
	for range 14 {
		company.SetClock(now)
		_, err := a.Collect.Run(tb.Context(), scope, collect.Request{Connection: c, Trigger: "test", Now: now, Clock: a.Clock})
		ok(err)
		c, err = a.Collect.Store.Connection(tb.Context(), scope.ReadScope, "github")
		ok(err)
		now = now.AddDate(0, 0, 1)
	}
	return a, scope.ReadScope, now
}

// TestRecordsKept: what is kept of snapshots gives the records that their files give, and no more than its bound is kept.
func TestRecordsKept(t *testing.T) {
	t.Parallel()
	a, scope, now := collected(t)
	r := changeRecords{a, &factsRead{}}
	first, known, err := r.Records(t.Context(), scope, now.AddDate(0, 0, -14), now)
	if err != nil || len(first) == 0 || len(known) == 0 || len(r.read.items) == 0 {
		t.Fatalf("%d records, %d times, %d kept: %v", len(first), len(known), len(r.read.items), err)
	}
	for _, keep := range []*factsRead{r.read, {}} {
		again, _, err := changeRecords{a, keep}.Records(t.Context(), scope, now.AddDate(0, 0, -14), now)
		if err != nil || !reflect.DeepEqual(again, first) {
			t.Errorf("%d records and then %d: %v", len(first), len(again), err)
		}
	}
	full, reads := &factsRead{}, 0
	for n := range 50 {
		it := evidence.Item{ID: evidence.ItemID(rune('a' + n)), Bytes: factsKept / 10}
		for range 2 {
			if _, err := full.of(it, func(func(collect.Fact) error) error {
				reads++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if full.size > factsKept || len(full.items) != 10 || reads != 50 {
		t.Errorf("%d bytes of %d snapshots are kept after %d were read", full.size, len(full.items), reads)
	}
}

// BenchmarkRecords reads two weeks of records, as judging again does every five minutes: from the files, and kept.
func BenchmarkRecords(b *testing.B) {
	a, scope, now := collected(b)
	kept := &factsRead{}
	for _, x := range []struct {
		name string
		read func() *factsRead
	}{{"files", func() *factsRead { return &factsRead{} }}, {"kept", func() *factsRead { return kept }}} {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := (changeRecords{a, x.read()}).Records(b.Context(), scope, now.AddDate(0, 0, -14), now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
