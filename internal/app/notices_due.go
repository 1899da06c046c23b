package app

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/work"
)

// dueEvery is how often due days are looked at. Whatever was told is told once, so that looking again does no harm, and a
// restart forgets nothing.
const dueEvery = time.Hour

// dueAtOnce bounds how many controls and tasks one look reads.
const dueAtOnce = 500

// followDue reminds of evidence that must be renewed and of tasks that are due: a week before, on the day and a week after.
func (a *App) followDue(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	if last, _ := since(cursor, time.Time{}); now.Sub(last) < dueEvery {
		return nil, cursor, nil
	}
	ev, err := a.evidenceReminders(ctx, s, now)
	if err != nil {
		return nil, cursor, err
	}
	asked, err := a.requestReminders(ctx, s, now)
	if err != nil {
		return nil, cursor, err
	}
	covered, err := a.coverageReminders(ctx, s, now)
	if err != nil {
		return nil, cursor, err
	}
	tasks, err := a.taskReminders(ctx, s, now)
	return slices.Concat(ev, asked, covered, tasks), stamp(now), err
}

func (a *App) evidenceReminders(ctx context.Context, s access.ReadScope, now time.Time) ([]notify.Message, error) {
	due, err := view.New(a.DB, a.Catalog).EvidenceDue(ctx, s, view.DueFilter{Asked: true}, paging.Query{Size: dueAtOnce}, now)
	if err != nil {
		return nil, err
	}
	var out []notify.Message
	for _, d := range due.Rows {
		stage, ok := notify.Stage(d.Due, now)
		if !ok || stage == "before" && d.Every < 14 { // a week's notice of what comes weekly is noise
			continue
		}
		text := "Nothing was filed for it yet."
		if d.NewestRef != "" {
			text = "The newest piece is " + d.NewestRef + "; it speaks about the time until " + d.Newest.Add(-time.Microsecond).UTC().Format("2 Jan 2006") + "."
		}
		out = append(out, notify.Message{
			Key: notify.ReminderKey(notify.EvidenceDue, d.Control, d.Due, stage), Event: notify.EvidenceDue, Person: d.OwnerID, Link: "/evidence/new?control=" + d.Control,
			Subject: "Evidence of " + d.Control + " " + stageWords(stage, d.Due), Text: d.Title + ". " + text,
		})
	}
	return out, nil
}

func (a *App) taskReminders(ctx context.Context, s access.ReadScope, now time.Time) ([]notify.Message, error) {
	open, err := a.Work.Store.Tasks(ctx, s, work.Filter{Open: true}, paging.Query{Size: dueAtOnce, Sort: "due"})
	if err != nil {
		return nil, err
	}
	var out []notify.Message
	for _, t := range open.Rows {
		if t.Due == 0 {
			continue
		}
		stage, ok := notify.Stage(t.Due.Time(), now)
		if !ok || stage == "before" {
			continue
		}
		out = append(out, notify.Message{
			Key: notify.ReminderKey(notify.TaskDue, string(t.ID), t.Due.Time(), stage), Event: notify.TaskDue, Person: t.Owner, Link: "/tasks/" + t.Ref,
			Subject: "Task " + t.Ref + " " + stageWords(stage, t.Due.Time()), Text: t.Title,
		})
	}
	return out, nil
}

func stageWords(stage string, due time.Time) string {
	on := due.UTC().Format("2 Jan 2006")
	if stage == "after" {
		return "is overdue since " + on
	}
	return "is due on " + on
}
