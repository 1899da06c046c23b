package app

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/work"
)

// TestDigestSlot: working days at eight, Mondays for those who chose once a week.
func TestDigestSlot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, slot     string
		daily, weekly bool
	}{
		{"2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z", true, true}, // a Monday
		{"2026-03-02T07:59:59Z", "2026-02-27T08:00:00Z", true, false},
		{"2026-03-03T12:00:00Z", "2026-03-03T08:00:00Z", true, false},
		{"2026-03-07T12:00:00Z", "2026-03-06T08:00:00Z", true, false}, // a Saturday
		{"2026-03-08T23:00:00Z", "2026-03-06T08:00:00Z", true, false},
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		slot := digestSlot(now)
		if got := slot.Format(time.RFC3339); got != c.slot || digestWanted("daily", slot) != c.daily || digestWanted("weekly", slot) != c.weekly || digestWanted("off", slot) {
			t.Errorf("%s: %s", c.now, got)
		}
	}
}

// TestDigestText: what is overdue first, links to each, nothing when nothing is due, and no more than fits.
func TestDigestText(t *testing.T) {
	t.Parallel()
	today := period.Make(2026, time.March, 2)
	if text, subject := digestText([]work.Duty{{Kind: work.DutyTask, Title: "later", Due: today + 15}, {Kind: work.DutyTask, Title: "some day"}}, today, "weekly", "https://tm.example"); text != "" || subject != "" {
		t.Errorf("%q %q", subject, text)
	}
	text, subject := digestText([]work.Duty{
		{Kind: work.DutyTask, Title: "Old\r\nBcc: x@example.com", Link: "/tasks/T-001", Due: today - 3}, {Kind: work.DutyPerform, Title: "Perform GOV-02", Link: "/occurrences/GOV-02-2026-03-31", Due: today + 14},
		{Kind: work.DutyFailing, Title: "Failing", Link: "/c/IAM-02"},
	}, today, "daily", "https://tm.example")
	want := "Overdue\n- Old Bcc: x@example.com, due 27 Feb 2026\n  https://tm.example/tasks/T-001\n\n" +
		"In the next two weeks\n- Perform GOV-02, due 16 Mar 2026\n  https://tm.example/occurrences/GOV-02-2026-03-31\n- Failing\n  https://tm.example/c/IAM-02\n\n" +
		"You get this on working days. To change that, or to get none: https://tm.example/my-work/digest"
	if text != want || subject != "3 things wait for you, 1 overdue" {
		t.Errorf("%q\n%s", subject, text)
	}
	many := make([]work.Duty, 40)
	for i := range many {
		many[i] = work.Duty{Kind: work.DutyTask, Title: strings.Repeat("x", 300), Link: "/tasks/T-001", Due: today - 1}
	}
	text, _ = digestText(many, today, "weekly", "https://tm.example")
	if !strings.Contains(text, "And 30 more.") || len(text) > 2000 {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}
