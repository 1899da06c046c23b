package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/work"
)

// coverageDuties: somebody has to say what holds after a report whose coverage is over, or begin the next examination.
func (a *App) coverageDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.ManageEngagement) {
		return nil, nil
	}
	open, err := a.Letters.Uncovered(ctx, s, now)
	var out []work.Duty
	for _, u := range open {
		out = append(out, work.Duty{
			Kind: work.DutyReview, Ref: u.E.Ref, Title: "Cover the time after " + u.E.Ref, Hint: "nothing is said from " + u.Since.String() + " on: plan the next examination, or write a bridge letter",
			Link: "/engagements/" + u.E.Ref + "/documents", Due: u.Reach,
		})
	}
	return out, err
}

// coverageReminders tell of the same on the day after coverage, a week after, and before no bridge letter reaches any more.
func (a *App) coverageReminders(ctx context.Context, s access.ReadScope, now time.Time) ([]notify.Message, error) {
	open, err := a.Letters.Uncovered(ctx, s, now)
	var out []notify.Message
	for _, u := range open {
		text := "Neither a report nor a bridge letter covers " + u.Since.String() + " and later, and no examination follows. A bridge letter reaches until " + u.Reach.String() + "."
		for _, d := range []struct {
			due   time.Time
			words string
		}{{u.E.Period.To.Time(), "Coverage of " + u.E.Ref + " ended on " + u.E.Period.Last().String()}, {u.Reach.Time(), "After " + u.Reach.String() + " no bridge letter covers the time after " + u.E.Ref}} {
			if stage, ok := notify.Stage(d.due, now); ok {
				out = append(out, notify.Message{
					Key: notify.ReminderKey(notify.CoverageEnded, string(u.E.ID), d.due, stage), Event: notify.CoverageEnded, Link: "/engagements/" + u.E.Ref + "/documents", Subject: d.words, Text: text,
				})
			}
		}
	}
	return out, err
}
