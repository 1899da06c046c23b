package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/work"
)

// alertDuties are the alerts that wait for the reader: their own, and while they are on call those that nobody has.
func (a *App) alertDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.HandleAlerts) {
		return nil, nil
	}
	filters := []alert.Filter{{Owner: s.User(), Active: true}}
	routing, err := a.Alerts.Routing(ctx, s)
	if err != nil {
		return nil, err
	}
	if onCall, _ := routing.Rota.At(now); onCall == s.User() {
		filters = append(filters, alert.Filter{Unowned: true, Active: true})
	}
	var out []work.Duty
	for _, f := range filters {
		list, err := a.Alerts.List(ctx, s, f, paging.Query{Size: paging.MaxSize, Sort: "level", Desc: true})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Rows {
			if x.Incident != "" {
				continue // its incident is answered, and it with it
			}
			d := work.Duty{Kind: work.DutyAlert, Ref: x.Ref, Title: "Answer " + x.Ref + ": " + x.Title, Hint: x.Level.Title(), Link: "/alerts/" + x.Ref}
			if f.Unowned {
				d.Hint += " · you are on call"
			}
			if x.State == alert.Open {
				d.Hint += " · nobody has looked"
				if !x.EscalateAt.IsZero() {
					d.Due = period.Of(x.EscalateAt)
				}
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// incidentDuties are the incidents that the reader leads: what is to be done, whom to tell by when, and the review.
func (a *App) incidentDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.HandleAlerts) {
		return nil, nil
	}
	all, err := a.Incidents.All(ctx, s, incident.Filter{Lead: s.User()})
	if err != nil {
		return nil, err
	}
	var out []work.Duty
	for _, x := range all {
		link := "/incidents/" + x.Ref
		if x.State != incident.Closed {
			open := 0
			for _, y := range x.Actions {
				if y.Done == nil {
					open++
				}
			}
			out = append(out, work.Duty{Kind: work.DutyIncident, Ref: x.Ref, Title: "Lead " + x.Ref + ": " + x.Title, Hint: fmt.Sprintf("%s · %s · %d actions open", x.Severity.Title(), x.State.Title(), open), Link: link + "/response"})
		}
		for _, c := range x.Clocks {
			if x.Outcome == incident.FalseAlarm || c.Notified != nil || c.Required == incident.No {
				continue
			}
			word := "Tell "
			if c.Required == "" {
				word = "Decide whether to tell "
			}
			out = append(out, work.Duty{Kind: work.DutyIncident, Ref: x.Ref, Title: word + c.Duty.To + " of " + x.Ref, Hint: c.Duty.Name + " · by " + c.Due().UTC().Format("2006-01-02 15:04") + " UTC", Link: link + "/notices", Due: period.Of(c.Due())})
		}
		if due := x.ReviewDue(); !due.IsZero() && x.Review == nil {
			out = append(out, work.Duty{Kind: work.DutyIncident, Ref: x.Ref, Title: "Write up " + x.Ref, Hint: x.Title, Link: link + "/lessons", Due: period.Of(due.AddDate(0, 0, -1))})
		}
	}
	return out, nil
}
