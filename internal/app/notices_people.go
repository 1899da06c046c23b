package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/people"
)

// personalLink makes the link of somebody who has no account here. The short name of the organisation stands before the secret, so
// that the door knows where to look.
func (a *App) personalLink(ctx context.Context, scope access.Scope, now time.Time, person string) (string, error) {
	if who, ok := strings.CutPrefix(person, readerPerson); ok {
		e, ref, _ := strings.Cut(who, " ")
		return a.Issue.MailLink(ctx, scope, now, e, ref)
	}
	token, err := a.Campaigns.NewLink(ctx, scope, now, people.ID(person))
	if err != nil {
		return "", err
	}
	o, err := a.Access.Org(ctx, scope.ReadScope)
	return "/mine/" + o.Slug + "." + token, err
}

// dutyHour is the hour of the day, UTC, from which due days are told.
const dutyHour = 6

// followDuties tells people what is asked of them. The cursor is an instant, and the day on which due days were looked at last.
func (a *App) followDuties(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	at, day, _ := strings.Cut(cursor, " ")
	from, _ := since(at, now)
	if at == "" { // the first look: it begins now
		return nil, stamp(now) + " " + period.Of(now).String(), nil
	}
	t := teller{app: a, now: now, today: period.Of(now)}
	if err := t.fresh(ctx, s, from); err != nil {
		return nil, cursor, err
	}
	if day != t.today.String() && now.UTC().Hour() >= dutyHour {
		if err := t.due(ctx, s); err != nil {
			return nil, cursor, err
		}
		day = t.today.String()
	}
	return t.out, onward(from, now, len(t.out)) + " " + day, nil
}

// teller collects what to tell people.
type teller struct {
	app   *App
	now   time.Time
	today period.Date
	who   map[people.ID]people.Person // once somebody is asked
	mail  bool                        // there is a way to send e-mail about it
	out   []notify.Message
}

// know reads the directory and the routes, when there is something to tell.
func (t *teller) know(ctx context.Context, s access.ReadScope) error {
	if t.who != nil {
		return nil
	}
	var err error
	if t.mail, err = t.app.Notify.MailsPeople(ctx, s); err != nil {
		return err
	}
	t.who, err = t.app.directory(ctx, s)
	return err
}

// fresh tells of what was asked, and of reminders that somebody asked for, since an instant.
func (t *teller) fresh(ctx context.Context, s access.ReadScope, from time.Time) error {
	return t.app.Campaigns.Store.Each(ctx, s, campaign.DutyFilter{Live: true, Since: from}, func(d campaign.Duty) error {
		if err := t.know(ctx, s); err != nil {
			return err
		}
		if !d.Opened.Before(from) {
			t.tell(d, notify.DutyOpened, "duty.opened:"+string(d.ID), d.Title, "")
		}
		if d.Reminded != nil && !d.Reminded.Before(from) {
			t.tell(d, notify.DutyDue, "duty.reminded:"+string(d.ID)+":"+stamp(*d.Reminded), "Reminder: "+d.Title, "You are reminded of it by whoever runs "+d.CampaignRef+".")
		}
		return nil
	})
}

// due tells of days that come, are here and were a week ago, and managers of the last.
func (t *teller) due(ctx context.Context, s access.ReadScope) error {
	overdue := map[string][]campaign.Duty{}
	var order []string
	err := t.app.Campaigns.Store.Each(ctx, s, campaign.DutyFilter{Live: true, DueBy: t.today + 7}, func(d campaign.Duty) error {
		stage, ok := notify.Stage(d.Due.Time(), t.now)
		if !ok || period.Of(d.Opened) == t.today {
			return nil
		}
		if err := t.know(ctx, s); err != nil {
			return err
		}
		t.tell(d, notify.DutyDue, notify.ReminderKey(notify.DutyDue, string(d.ID), d.Due.Time(), stage), d.Title+" "+stageWords(stage, d.Due.Time()), "")
		if m := t.who[d.Person].Manager; stage == "after" && m != "" {
			key := fmt.Sprintf("%s:%s:%s:%s", notify.DutyOverdue, d.Campaign, d.Due, m)
			if overdue[key] == nil {
				order = append(order, key)
			}
			overdue[key] = append(overdue[key], d)
		}
		return nil
	})
	for _, key := range order {
		t.manager(key, overdue[key])
	}
	return err
}

// tell adds a message to the person of a duty, if there is a way to reach them.
func (t *teller) tell(d campaign.Duty, e notify.Event, key, subject, more string) {
	p := t.who[d.Person]
	if !p.Works() || (p.Email == "" || !t.mail) && p.User == "" {
		return
	}
	what := "to read and acknowledge “" + d.Title + "” (" + d.Subject + ", version " + strconv.Itoa(d.Version) + ")"
	if d.Kind == campaign.Train {
		what = "to take the course “" + d.Title + "” (" + d.Subject + ")"
	}
	m := notify.Message{Key: key, Event: e, Subject: subject, Person: p.User, To: p.Email, Link: "/duties/" + string(d.ID)}
	m.Text = "Hello " + notify.OneLine(p.Name, 80) + ",\n\nyou are asked " + notify.OneLine(what, 400) + " by " + d.Due.Time().Format("2 January 2006") + "."
	if more != "" {
		m.Text += " " + more
	}
	if m.To != "" && p.User == "" {
		m.Personal, m.Link = string(p.ID), ""
		m.Text += "\n\nThe link below is yours alone: do not pass it on. It works for " + strconv.Itoa(campaign.LinkDays) + " days, until you are done, or until a newer one is sent."
	}
	t.out = append(t.out, m)
}

// manager tells a manager who of their people is overdue with one campaign.
func (t *teller) manager(key string, list []campaign.Duty) {
	m := t.who[t.who[list[0].Person].Manager]
	if !m.Works() || m.Email == "" || !t.mail {
		return
	}
	var names []string
	for i, d := range list {
		if i == 20 {
			names = append(names, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		names = append(names, notify.OneLine(d.Name, 80))
	}
	t.out = append(t.out, notify.Message{
		Key: key, Event: notify.DutyOverdue, Person: m.User, To: m.Email, Subject: fmt.Sprintf("Overdue among your people: %s", list[0].Title),
		Text: "Hello " + notify.OneLine(m.Name, 80) + ",\n\nthis was asked by " + list[0].Due.Time().Format("2 January 2006") + " and is not done: “" + notify.OneLine(list[0].Title, 200) + "”.\n\n- " +
			strings.Join(names, "\n- ") + "\n\nPlease see that it is done, or tell whoever runs " + list[0].CampaignRef + " why it cannot be.",
	})
}
