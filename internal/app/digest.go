package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/work"
)

// Digests go out at this hour in UTC, to those who chose daily on working days and to the others on Mondays.
const (
	digestHour = 8
	digestDay  = time.Monday
	digestSoon = 14 // days ahead that a digest looks
	digestMost = 10 // duties that a digest lists
)

// digestSlot is the newest hour of digests that is not after now: a working day at eight.
func digestSlot(now time.Time) time.Time {
	n := now.UTC()
	slot := time.Date(n.Year(), n.Month(), n.Day(), digestHour, 0, 0, 0, time.UTC)
	if slot.After(n) {
		slot = slot.AddDate(0, 0, -1)
	}
	for slot.Weekday() == time.Saturday || slot.Weekday() == time.Sunday {
		slot = slot.AddDate(0, 0, -1)
	}
	return slot
}

// digestWanted reports whether somebody who chose so gets a digest of a slot.
func digestWanted(choice string, slot time.Time) bool {
	return choice == "daily" || choice == "weekly" && slot.Weekday() == digestDay
}

// followDigest writes to each member what waits for them. The cursor is the newest slot that was done: each digest goes out once,
// over restarts too, and one that was due while the program stood still goes out when it runs again on the same day.
func (a *App) followDigest(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	slot := digestSlot(now)
	done, _ := since(cursor, time.Time{})
	if cursor != "" && !done.Before(slot) {
		return nil, cursor, nil
	}
	if cursor == "" || now.Sub(slot) > 12*time.Hour { // the first look tells nothing of the past, and the news of yesterday are none
		return nil, stamp(slot), nil
	}
	members, err := a.Access.Members(ctx, s)
	if err != nil {
		return nil, cursor, err
	}
	var out []notify.Message
	for _, m := range members {
		if m.Disabled || !m.Role.May(access.ReadTasks) {
			continue
		}
		message, ok, err := a.digestOf(ctx, s, m, slot, now)
		if err != nil {
			return nil, cursor, errs.Wrap(err, "digest for %s", m.Email)
		}
		if ok {
			out = append(out, message)
		}
	}
	return out, stamp(slot), nil
}

// digestOf is the digest of one member; false when there is nothing to say, or they want none.
func (a *App) digestOf(ctx context.Context, s access.ReadScope, m access.Member, slot, now time.Time) (notify.Message, bool, error) {
	likes, err := a.Access.PreferencesOf(ctx, s, m.ID)
	if err != nil || !digestWanted(likes.Get("digest"), slot) {
		return notify.Message{}, false, err
	}
	eyes, err := a.Access.Eyes(ctx, s, m.ID)
	if err != nil {
		return notify.Message{}, false, err
	}
	all, err := a.Duties(ctx, eyes, now)
	if err != nil {
		return notify.Message{}, false, err
	}
	text, subject := digestText(all, period.Of(now), likes.Get("digest"), strings.TrimSuffix(a.Config.URL, "/"))
	if text == "" {
		return notify.Message{}, false, nil
	}
	return notify.Message{
		Key: "digest:" + string(m.ID) + ":" + slot.Format(time.DateOnly), Event: notify.Digest, Subject: subject, Text: text, Link: "/my-work", Person: m.ID, To: m.Email, // alone: what waits for one is nothing for a shared mailbox
	}, true, nil
}

// digestText is a digest in words; empty when nothing is due.
func digestText(all []work.Duty, today period.Date, choice, base string) (text, subject string) {
	var late, soon []work.Duty
	for _, d := range all {
		switch {
		case d.Overdue(today):
			late = append(late, d)
		case d.Due != 0 && d.Due <= today+digestSoon || d.Kind == work.DutyFailing:
			soon = append(soon, d)
		}
	}
	n := len(late) + len(soon)
	if n == 0 {
		return "", ""
	}
	subject = fmt.Sprintf("%d things wait for you", n)
	if n == 1 {
		subject = "One thing waits for you"
	}
	if len(late) > 0 {
		subject += fmt.Sprintf(", %d overdue", len(late))
	}
	var b strings.Builder
	left := digestMost
	for _, part := range []struct {
		title string
		list  []work.Duty
	}{{"Overdue", late}, {"In the next two weeks", soon}} {
		if len(part.list) == 0 || left == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s\n", part.title)
		for _, d := range part.list[:min(left, len(part.list))] {
			fmt.Fprintf(&b, "- %s%s\n  %s%s\n", notify.OneLine(d.Title, 70), dueWords(d), base, d.Link)
			left--
		}
		b.WriteString("\n")
	}
	if n > digestMost {
		fmt.Fprintf(&b, "And %d more.\n\n", n-digestMost)
	}
	fmt.Fprintf(&b, "You get this %s. To change that, or to get none: %s/my-work/digest", map[string]string{"daily": "on working days", "weekly": "on Mondays"}[choice], base)
	return b.String(), subject
}

func dueWords(d work.Duty) string {
	if d.Due == 0 {
		return ""
	}
	return ", due " + d.Due.Time().Format("2 Jan 2006")
}
