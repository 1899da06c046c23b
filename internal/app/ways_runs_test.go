package app_test

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/simco"
)

// TestFeedEvents: what connections to Okta and GitHub collected becomes events of a source, each once over all runs, those of before
// the link too; and another organisation's is not touched.
func TestFeedEvents(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	company, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Days: 60, Start: start, Planted: true})
	must(t, err)
	tokens := company.Tokens()
	servers := map[string]*httptest.Server{}
	var allow []string
	for _, kind := range []string{simco.GitHub, simco.Okta} {
		s := httptest.NewServer(company.Handler(kind))
		defer s.Close()
		servers[kind] = s
		allow = append(allow, strings.TrimPrefix(s.URL, "http://"))
	}
	a := open(t, map[string]string{"data": filepath.Join(t.TempDir(), "data"), "allow_private": strings.Join(allow, ",")})
	now := start.AddDate(0, 0, 20)
	a.Clock = func() time.Time { return now }
	company.SetClock(now)
	_, scope, err := a.CreateOrg(t.Context(), "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "ona@northwind.example", Name: "Ona", Password: "a long enough password"}, true)
	must(t, err)
	_, other, err := a.CreateOrg(t.Context(), "test", access.NewOrg{Slug: "acme", Name: "Acme"}, access.NewUser{Email: "bo@acme.example", Name: "Bo", Password: "a long enough password"}, true)
	must(t, err)
	must(t, a.OpenEvents(t.Context()))
	for kind, x := range map[string]struct {
		settings, secrets map[string]string
		log               string
	}{
		simco.Okta:   {map[string]string{"base_url": servers[simco.Okta].URL, "first_days": "30"}, map[string]string{"token": tokens.OktaToken}, "okta.log"},
		simco.GitHub: {map[string]string{"org": tokens.GitHubOrg, "base_url": servers[simco.GitHub].URL, "first_days": "30"}, map[string]string{"token": tokens.GitHubToken}, "github.audit"},
	} {
		c, err := a.Collect.Connect(t.Context(), scope, now, collect.NewConnection{Kind: kind, Name: kind, Settings: x.settings, Secrets: x.secrets})
		must(t, err)
		collected := map[string]bool{} // identifiers, over all runs
		read := func() {
			t.Helper()
			run, err := a.Collect.Run(t.Context(), scope, collect.Request{Connection: c, Trigger: "test", Now: now, Clock: a.Clock})
			must(t, err)
			if run.Status != collect.Complete && run.Status != collect.Partial {
				t.Fatalf("%s: %s %s", kind, run.Status, run.Error)
			}
			if c, err = a.Collect.Store.Connection(t.Context(), scope.ReadScope, kind); err != nil {
				t.Fatal(err)
			}
			must(t, a.EachAuditEvent(t.Context(), run, func(e *collect.AuditEvent) error {
				collected[e.ID] = true
				return nil
			}))
		}
		read()
		_, err = a.LinkEvents(t.Context(), other, now, string(c.ID), "")
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation links it: %v", err)
		}
		src, err := a.LinkEvents(t.Context(), scope, now, kind, "")
		must(t, err)
		feed := func(runs int) {
			t.Helper()
			n, err := a.FeedEvents(t.Context(), scope.Org())
			if err != nil || n != runs {
				t.Errorf("%s: %d runs taken, want %d: %v", kind, n, runs, err)
			}
			if got := a.Intake.Live(src); got.Events != int64(len(collected)) || got.Tally.Refused != 0 {
				t.Errorf("%s: %d events of %d that were collected; %d could not be read", kind, got.Events, len(collected), got.Tally.Refused)
			}
		}
		feed(1)
		feed(0)
		before := len(collected)
		now = now.Add(48 * time.Hour)
		company.SetClock(now)
		read()
		read() // the same stretch again, or nothing
		feed(2)
		if before == 0 || len(collected) == before {
			t.Errorf("%s: %d events, then %d", kind, before, len(collected))
		}
		_, err = a.EventSealer.Seal(t.Context(), now, true)
		must(t, err)
		feed(0)
		all, _, err := a.Events.Find(t.Context(), scope.ReadScope, event.Filter{Source: string(src.ID), Limit: event.MaxFind})
		must(t, err)
		for _, e := range all {
			if !collected[e.Upstream] || e.Log != x.log || e.At.IsZero() || e.Action == "" {
				t.Errorf("%s: %+v", kind, e)
				break
			}
		}
		must(t, a.UnlinkEvents(t.Context(), scope, now, kind))
		if err := a.UnlinkEvents(t.Context(), scope, now, kind); !errs.Is(err, errs.NotFound) {
			t.Errorf("a link is ended twice: %v", err)
		}
		read()
		if n, err := a.FeedEvents(t.Context(), scope.Org()); n != 0 || err != nil {
			t.Errorf("without a link %d runs are taken, %v", n, err)
		}
	}
	res, err := a.Sources.Refused(t.Context(), scope.ReadScope, event.RefusedFilter{}, paging.Query{})
	if err != nil || res.Total != 0 {
		t.Errorf("%+v %v", res.Rows, err)
	}
	if _, err := a.LinkEvents(t.Context(), scope, now, "own", ""); err == nil {
		t.Error("a connection without audit events is linked")
	}
}
