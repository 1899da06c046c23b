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

// TestPullLogs: audit logs that are pulled every few minutes become events of a source of their kind, each once and byte for byte; they
// are tried first, are read every five minutes, and belong to one organisation.
func TestPullLogs(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 4, 14, 9, 0, 0, 0, time.UTC)
	company, err := simco.New(simco.Config{Seed: 7, People: 60, Repositories: 8, Days: 60, Start: start.AddDate(0, 0, -40).Truncate(24 * time.Hour), Planted: true})
	must(t, err)
	tokens := company.Tokens()
	at := map[string]string{}
	var allow []string
	for _, kind := range []string{simco.AWS, simco.Entra, simco.Google, simco.GitLab} {
		s := httptest.NewServer(company.Handler(kind))
		defer s.Close()
		at[kind] = s.URL
		allow = append(allow, strings.TrimPrefix(s.URL, "http://"))
	}
	a := open(t, map[string]string{"data": filepath.Join(t.TempDir(), "data"), "allow_private": strings.Join(allow, ",")})
	now := start
	a.Clock = func() time.Time { return now }
	company.SetClock(now)
	_, scope, err := a.CreateOrg(t.Context(), "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "ona@northwind.example", Name: "Ona", Password: "a long enough password"}, true)
	must(t, err)
	_, other, err := a.CreateOrg(t.Context(), "test", access.NewOrg{Slug: "acme", Name: "Acme"}, access.NewUser{Email: "bo@acme.example", Name: "Bo", Password: "a long enough password"}, true)
	must(t, err)
	must(t, a.OpenEvents(t.Context()))
	google := map[string]string{"service_account_key": company.GoogleKey(at[simco.Google])}
	for name, x := range map[string]struct {
		kind, log         string
		settings, secrets map[string]string
	}{
		"aws":    {"aws", "aws.cloudtrail", map[string]string{"regions": "eu-west-1", "access_key_id": tokens.AWSKey, "endpoint": at[simco.AWS], "first_days": "1"}, map[string]string{"secret_access_key": tokens.AWSSecret}},
		"signin": {"entra", "azure.signin", map[string]string{"tenant": tokens.EntraTenant, "client_id": tokens.EntraClient, "login_url": at[simco.Entra], "base_url": at[simco.Entra], "first_days": "2"}, map[string]string{"client_secret": tokens.EntraSecret}},
		"audit":  {"entra", "azure.audit", map[string]string{"tenant": tokens.EntraTenant, "client_id": tokens.EntraClient, "login_url": at[simco.Entra], "base_url": at[simco.Entra], "log": "audit", "first_days": "2"}, map[string]string{"client_secret": tokens.EntraSecret}},
		"m365":   {"m365", "m365.audit", map[string]string{"tenant": tokens.EntraTenant, "client_id": tokens.EntraClient, "content": "Audit.Exchange", "login_url": at[simco.Entra], "base_url": at[simco.Entra], "first_days": "4"}, map[string]string{"client_secret": tokens.EntraSecret}},
		"admin":  {"google", "google_workspace.admin", map[string]string{"application": "admin", "admin": tokens.GoogleAdmin, "base_url": at[simco.Google], "first_days": "2"}, google},
		"gcp":    {"gcp", "gcp.audit", map[string]string{"resource": "projects/" + tokens.GCPProject, "base_url": at[simco.Google], "first_days": "2"}, google},
		"gitlab": {"gitlab", "gitlab.audit", map[string]string{"group": "northwind", "base_url": at[simco.GitLab], "first_days": "2"}, map[string]string{"token": tokens.GitLabToken}},
	} {
		now = start
		company.SetClock(now)
		n := collect.NewConnection{Kind: x.kind, Name: name, Settings: x.settings, Secrets: x.secrets}
		trial, err := a.Collect.Try(t.Context(), scope, now, n, "")
		if err != nil || !trial.OK() {
			t.Errorf("%s: the trial: %+v %v", name, trial, err)
		}
		n.Every = time.Minute
		if _, err := a.Collect.Connect(t.Context(), scope, now, n); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s is read every minute: %v", name, err)
		}
		n.Every = 0
		c, err := a.Collect.Connect(t.Context(), scope, now, n)
		must(t, err)
		if c.Every != collect.LogEvery {
			t.Errorf("%s is read every %s", name, c.Every)
		}
		if _, err := a.LinkEvents(t.Context(), other, now, string(c.ID), ""); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation links %s: %v", name, err)
		}
		src, err := a.LinkEvents(t.Context(), scope, now, name, "")
		must(t, err)
		raw := map[string]bool{}
		for range 5 {
			c, err = a.Collect.Store.Connection(t.Context(), scope.ReadScope, name)
			must(t, err)
			run, err := a.Collect.Run(t.Context(), scope, collect.Request{Connection: c, Trigger: "test", Now: now, Clock: a.Clock})
			must(t, err)
			if run.Status != collect.Complete {
				t.Fatalf("%s: %s %s %+v", name, run.Status, run.Error, run.Results)
			}
			must(t, a.EachAuditEvent(t.Context(), run, func(e *collect.AuditEvent) error {
				if raw[e.Raw] {
					t.Errorf("%s: %s comes again", name, e.ID)
				}
				raw[e.Raw] = true
				return nil
			}))
			if n, err := a.FeedEvents(t.Context(), scope.Org()); n != 1 || err != nil {
				t.Fatalf("%s: %d runs taken, %v", name, n, err)
			}
			now = now.Add(5 * time.Minute)
			company.SetClock(now)
		}
		if n, err := a.FeedEvents(t.Context(), scope.Org()); n != 0 || err != nil {
			t.Errorf("%s: %d runs taken again, %v", name, n, err)
		}
		live := a.Intake.Live(src)
		if len(raw) < 10 || live.Events != int64(len(raw)) || live.Tally.Duplicates+live.Tally.Refused+live.Tally.Undated != 0 {
			t.Errorf("%s: %d records, and of the source %+v", name, len(raw), live)
		}
		_, err = a.EventSealer.Seal(t.Context(), now, true)
		must(t, err)
		all, _, err := a.Events.Find(t.Context(), scope.ReadScope, event.Filter{Source: string(src.ID), Limit: event.MaxFind})
		must(t, err)
		for _, e := range all {
			if !raw[string(e.Raw)] || e.Log != x.log || e.At.IsZero() || e.Action == "" || e.Upstream == "" {
				t.Errorf("%s: %+v", name, e)
				break
			}
		}
		if len(all) != min(len(raw), event.MaxFind) {
			t.Errorf("%s: %d events of %d records", name, len(all), len(raw))
		}
	}
	res, err := a.Sources.Refused(t.Context(), scope.ReadScope, event.RefusedFilter{}, paging.Query{})
	if err != nil || res.Total != 0 {
		t.Errorf("%+v %v", res.Rows, err)
	}
}
