package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/notify"
)

// TestStage: a week before, on the day and a week after, each in its own stretch; nothing earlier, and nothing for what is
// long past.
func TestStage(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, c := range []struct {
		now   time.Duration
		stage string
		ok    bool
	}{
		{-8 * day, "", false}, {-7*day - time.Second, "", false}, {-7 * day, "before", true}, {-time.Second, "before", true}, {0, "day", true}, {6 * day, "day", true}, {7 * day, "after", true}, {29 * day, "after", true}, {30 * day, "", false},
	} {
		if stage, ok := notify.Stage(due, due.Add(c.now)); stage != c.stage || ok != c.ok {
			t.Errorf("%s: %q %v", c.now, stage, ok)
		}
	}
	seen := map[string]bool{}
	for _, stage := range []string{"before", "day", "after"} {
		for _, d := range []time.Time{due, due.AddDate(0, 0, 30)} {
			seen[notify.ReminderKey(notify.EvidenceDue, "GOV-02", d, stage)] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d keys", len(seen))
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\r\nBcc: x": "a Bcc: x", "\u202eabc\x00\x1b[31m": "abc[31m", "  a \t b ": "a b", "👩🏽‍💻 ok": "👩🏽‍💻 ok", "a\xffb": "ab", strings.Repeat("é", 30): strings.Repeat("é", 19) + "…",
	} {
		if got := notify.OneLine(in, 20); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestKindsAndEvents(t *testing.T) {
	t.Parallel()
	for _, k := range notify.Kinds() {
		if got, ok := notify.KindOf(k.Kind); !ok || got.Title == "" || got.Help == "" || got.Secret.Label == "" {
			t.Errorf("%+v", k)
		}
	}
	seen := map[notify.Event]bool{}
	for _, e := range notify.Events() {
		if seen[e.Event] || e.Title == "" || e.Help == "" {
			t.Errorf("%+v", e)
		}
		seen[e.Event] = true
	}
	r := notify.Route{Events: []notify.Event{notify.JobFailed}, Enabled: true}
	if !r.Carries(notify.JobFailed) || r.Carries(notify.TaskDue) || !r.Carries(notify.EventTest) {
		t.Error("what a route carries")
	}
	r.Enabled = false
	if r.Carries(notify.JobFailed) || !r.Carries(notify.EventTest) {
		t.Error("a route that is off carries something")
	}
}

// TestPagerDutyCarries: who is woken there is also told when it is over, and only then.
func TestPagerDutyCarries(t *testing.T) {
	t.Parallel()
	woken := notify.Route{Kind: notify.PagerDuty, Enabled: true, Events: []notify.Event{notify.AlertRaised}}
	for e, want := range map[notify.Event]bool{notify.AlertRaised: true, notify.AlertAcknowledged: true, notify.AlertClosed: true, notify.IncidentClosed: false, notify.EvidenceDue: false} {
		if woken.Carries(e) != want {
			t.Errorf("PagerDuty, %s: %v", e, !want)
		}
	}
	woken.Kind = notify.Slack
	if woken.Carries(notify.AlertClosed) {
		t.Error("Slack is told what nobody ticked")
	}
	woken.Kind, woken.Enabled = notify.PagerDuty, false
	if woken.Carries(notify.AlertClosed) {
		t.Error("a route that is off carries something")
	}
}
