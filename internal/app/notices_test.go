package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/work"
)

// TestNotices: what happens is told once by the routes that carry it, over restarts too, and nothing of before the first look.
func TestNotices(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var m struct{ Event, Subject string }
		_ = json.Unmarshal(b, &m)
		mu.Lock()
		defer mu.Unlock()
		told = append(told, m.Event+" "+m.Subject)
	}))
	t.Cleanup(hook.Close)
	values := map[string]string{"data": t.TempDir(), "allow_private": hook.Listener.Addr().String()}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	begin := func() *app.App {
		a := open(t, values)
		a.Clock = func() time.Time { return now }
		return a
	}
	a := begin()
	ctx := t.Context()
	_, scope, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "dana@northwind.example", Name: "Dana", Password: "correct horse battery"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Notify.Add(ctx, scope, now, notify.Draft{Name: "Hook", Kind: notify.Webhook, Settings: map[string]string{"url": hook.URL + "/x"}, Enabled: true,
		Events: []notify.Event{notify.TaskAssigned, notify.TaskDue, notify.EvidenceDue, notify.RequestDue, notify.CoverageEnded}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Controls.Adopt(ctx, scope, now, control.Adoption{Categories: []catalog.CategoryID{catalog.Security}, Approve: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Work.Open(ctx, scope, now, work.New{Title: "Before the first look", Owner: "dana@northwind.example"}); err != nil {
		t.Fatal(err)
	}
	// An examination that was issued for a period that ends in three weeks, nothing following it, and a request of its auditor.
	e, err := a.Engagement.Store.Add(ctx, scope, engagement.Engagement{ID: "eng_told", Report: engagement.SOC2, Type: 2, Title: "Told of", Categories: []string{"security"}, Period: period.Period{From: period.Of(now) - 300, To: period.Of(now) + 24},
		Standards: []string{}, Status: engagement.Issued, Created: now, By: scope.Actor()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Requests.Store.Add(ctx, scope, []request.Request{{ID: "rqs_told", Engagement: string(e.ID), State: request.Open, Asked: now, AskedBy: scope.Actor(), Version: 1, Updated: now,
		Text: request.Text{Kind: request.Policy, Title: "Policies in force", Due: period.Of(now) + 28, Period: e.Period, Owner: scope.User()}}}); err != nil {
		t.Fatal(err)
	}
	look := func(want ...string) {
		t.Helper()
		for range 2 {
			if err := a.NoticesNow(ctx); err != nil {
				t.Fatal(err)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for _, w := range want {
			n := 0
			for _, s := range told {
				if strings.HasPrefix(s, w) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s: told %d times: %q", w, n, told)
			}
		}
	}
	look()
	if len(told) != 0 {
		t.Errorf("told of the past: %q", told)
	}
	if _, err := a.Work.Open(ctx, scope, now, work.New{Title: "File the minutes", Owner: "dana@northwind.example"}); err != nil {
		t.Fatal(err)
	}
	look("task.assigned Task T-002")
	a = begin() // another process
	look("task.assigned Task T-002")
	// Weeks later: monthly evidence is reminded of before its day and on it, each once.
	now = now.AddDate(0, 0, 25)
	look("evidence.due Evidence of AST-01 is due", "request.due The auditor's request R-001 of "+e.Ref+" is due on 20 Dec 2026", "coverage.ended Coverage of "+e.Ref+" ended on 2026-12-15")
	before := len(told)
	now = now.Add(3 * time.Hour)
	look()
	if len(told) != before {
		t.Errorf("reminded again: %q", told[before:])
	}
	now = now.AddDate(0, 0, 8)
	look()
	if len(told) == before {
		t.Error("nothing is said on the day")
	}
	n := 0
	for _, s := range told[before:] {
		if strings.HasPrefix(s, "request.due The auditor's request R-001") || strings.HasPrefix(s, "coverage.ended Coverage of "+e.Ref) {
			n++
		}
	}
	if n != 2 { // on the day of the request, and a week after the coverage
		t.Errorf("%d reminders of the request and the coverage: %q", n, told[before:])
	}
	a = begin()
	n = len(told)
	look()
	if len(told) != n {
		t.Errorf("reminded again after a restart: %q", told[n:])
	}
}
