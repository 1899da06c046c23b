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
	a, scope, _, now := collectedOf(tb, simco.GitHub)
	return a, scope.ReadScope, now
}

// collectedOf is an installation with two weeks of some systems of a company, read once a day, and the instant it is.
func collectedOf(tb testing.TB, kinds ...string) (*App, access.Scope, *simco.Company, time.Time) {
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
	at, allow := map[string]string{}, []string{}
	for _, kind := range kinds {
		server := httptest.NewServer(company.Handler(kind))
		tb.Cleanup(server.Close)
		at[kind] = server.URL
		allow = append(allow, strings.TrimPrefix(server.URL, "http://"))
	}
	cfg, _, err := LoadConfig("", map[string]string{"data": filepath.Join(tb.TempDir(), "data"), "allow_private": strings.Join(allow, ",")}, func(string) string { return "" })
	ok(err)
	a, err := Open(tb.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(err)
	tb.Cleanup(func() { ok(a.Close(context.Background())) })
	now := start.AddDate(0, 0, 20)
	a.Clock = func() time.Time { return now }
	_, scope, err := a.CreateOrg(tb.Context(), "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "ona@northwind.example", Name: "Ona", Password: "a long enough password"}, true)
	ok(err)
	tokens := company.Tokens()
	secrets := map[string]string{simco.GitHub: tokens.GitHubToken, simco.Terraform: tokens.TerraformToken}
	for _, kind := range kinds {
		_, err := a.Collect.Connect(tb.Context(), scope, now, collect.NewConnection{Kind: kind, Name: kind, Settings: map[string]string{"org": tokens.GitHubOrg, "base_url": at[kind], "first_days": "50"}, Secrets: map[string]string{"token": secrets[kind]}})
		ok(err)
	}
	for range 14 {
		company.SetClock(now)
		for _, kind := range kinds {
			c, err := a.Collect.Store.Connection(tb.Context(), scope.ReadScope, kind)
			ok(err)
			_, err = a.Collect.Run(tb.Context(), scope, collect.Request{Connection: c, Trigger: "test", Now: now, Clock: a.Clock})
			ok(err)
		}
		now = now.AddDate(0, 0, 1)
	}
	return a, scope, company, now
}

// TestRecordsKept: what is kept of snapshots gives the records that their files give, and no more than its bound is kept.
func TestRecordsKept(t *testing.T) {
	t.Parallel()
	a, scope, now := collected(t)
	r := changeRecords{a, &factsRead{}, &statesRead{}}
	first, err := r.Records(t.Context(), scope, now.AddDate(0, 0, -14), now)
	if err != nil || len(first.Records) == 0 || len(first.Known) == 0 || len(r.read.items) == 0 {
		t.Fatalf("%d records, %d times, %d kept: %v", len(first.Records), len(first.Known), len(r.read.items), err)
	}
	for _, keep := range []*factsRead{r.read, {}} {
		again, err := changeRecords{a, keep, &statesRead{}}.Records(t.Context(), scope, now.AddDate(0, 0, -14), now)
		if err != nil || !reflect.DeepEqual(again, first) {
			t.Errorf("%d records and then %d: %v", len(first.Records), len(again.Records), err)
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
				if _, err := (changeRecords{a, x.read(), &statesRead{}}).Records(b.Context(), scope, now.AddDate(0, 0, -14), now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
