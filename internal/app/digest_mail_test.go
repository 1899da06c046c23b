package app_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/work"
)

// TestDigestMail: each gets what waits for them, alone, on the days they chose, once over restarts, through a real mail server; whom
// nothing waits for, or who wants none, gets no letter.
func TestDigestMail(t *testing.T) {
	t.Parallel()
	office, address := opened(t)
	host, port, _ := net.SplitHostPort(address)
	values := map[string]string{"data": t.TempDir(), "allow_private": address, "url": "https://tickmark.example"}
	now := time.Date(2026, 3, 6, 7, 0, 0, 0, time.UTC) // a Friday
	begin := func() *app.App {
		a := open(t, values)
		a.Clock = func() time.Time { return now }
		return a
	}
	a, ctx := begin(), t.Context()
	_, scope, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "dana@northwind.example", Name: "Dana", Password: "correct horse battery"}, false)
	must(t, err)
	for who, choice := range map[string]string{"daily": "daily", "weekly": "", "never": "off", "idle": "daily"} {
		_, err := a.Access.AddUser(ctx, scope, now, access.NewUser{Email: who + "@northwind.example", Name: "Ann " + who, Password: "correct horse battery", Role: access.ControlOwner})
		must(t, err)
		if choice != "" {
			_, g, err := a.Access.SignIn(ctx, now, access.Attempt{Email: who + "@northwind.example", Password: "correct horse battery", IP: "192.0.2.1"})
			must(t, err)
			must(t, a.Access.SetOwnPreferences(ctx, g, map[string]string{"digest": choice}))
		}
		if who != "idle" {
			_, err = a.Work.Open(ctx, scope, now, work.New{Title: "Count the keys of " + who, Owner: who + "@northwind.example", Due: period.Of(now)})
			must(t, err)
		}
	}
	_, err = a.Notify.Add(ctx, scope, now, notify.Draft{Name: "Mail", Kind: notify.Email, Enabled: true, Events: []notify.Event{notify.Digest},
		Settings: map[string]string{"host": host, "port": port, "security": "none", "from": "Tickmark <tickmark@northwind.example>", "to": "security@northwind.example"}})
	must(t, err)
	told := func(at time.Time, want ...string) map[string]letter {
		t.Helper()
		now = at
		for range 2 { // the second look, and one of a program that was started again, tell nothing twice
			must(t, a.NoticesNow(ctx))
		}
		a = begin() // another process
		must(t, a.NoticesNow(ctx))
		got := office.fetched(t)
		for _, who := range want {
			l, ok := got[who+"@northwind.example"]
			if !ok || !strings.Contains(l.subject, "One thing waits for you") || strings.Contains(l.subject, "1 overdue") != (at.Weekday() != time.Friday) || !strings.Contains(l.body, "https://tickmark.example/tasks/T-") || !strings.Contains(l.body, "/my-work/digest") {
				t.Errorf("%s on %s: %q %s", who, at, l.subject, l.body)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d letters, want %d: %v", at, len(got), len(want), got)
		}
		return got
	}
	told(now)                                                            // the first look tells nothing of the past
	told(time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC), "daily")           // Friday
	told(time.Date(2026, 3, 7, 9, 0, 0, 0, time.UTC))                    // Saturday
	told(time.Date(2026, 3, 9, 7, 59, 0, 0, time.UTC))                   // Monday, too early
	told(time.Date(2026, 3, 9, 8, 1, 0, 0, time.UTC), "daily", "weekly") // Monday
	told(time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC))                  // the program stood still: news of the morning are none at night
	told(time.Date(2026, 3, 11, 8, 0, 30, 0, time.UTC), "daily")         // and the day after it goes on
}
