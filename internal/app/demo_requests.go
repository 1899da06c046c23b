package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
)

// What the demo's firm asks, and how far the company has come with its answers.
const (
	demoAsks    = 48 // requests in all
	demoAskedAt = 12 // days before the end of the demo
)

// ask sends the firm's list, and lets the company's people answer most of it in the days that follow.
func (d *demoAudit) ask(ctx context.Context, at time.Time) error {
	due := period.Of(at) + 14
	list, err := d.App.Requests.Template(ctx, d.team[access.Senior].Client, at, d.engagement, request.Template{Due: due, Most: demoAsks})
	if err != nil {
		return err
	}
	asked, err := d.App.Requests.Ask(ctx, d.team[access.Senior], at, list...)
	d.asked = asked
	return err
}

// answer hands over what answers one request, and lets the firm decide about it: of ten, six are accepted, one is sent back, one
// waits for the firm and two for the company.
func (d *demoAudit) answer(ctx context.Context, at time.Time, r request.Request) error {
	s, turn := d.App.Requests, d.chance("request/"+r.Ref, 10)
	if turn >= 8 {
		return nil
	}
	who := cast[1].Email
	scope, err := d.as(ctx, at, who)
	if err != nil {
		return err
	}
	found, err := s.Candidates(ctx, scope.ReadScope, r)
	if err != nil {
		return err
	}
	words := "Taken from the connected systems; nothing was left out."
	switch {
	case len(found) == 0 && !r.Kind.Spoken():
		return s.Comment(ctx, scope, at, d.engagement, r.Ref, "We are looking for this and come back to you.")
	case r.Kind == request.Population:
		words = "The whole list of the period as the connection reads it each day, with the source's own count beside it."
	case r.Kind.Spoken():
		words = "We walk you through it on Tuesday at 10:00 UTC, with the owner of the control."
	}
	if len(found) > 0 {
		if _, err := s.Give(ctx, scope, at, d.engagement, r.Ref, []string{found[0].Key()}); err != nil {
			return err
		}
	}
	if r, err = s.Hand(ctx, scope, at.Add(time.Minute), d.engagement, r.Ref, 0, words); err != nil || turn == 7 {
		return err
	}
	later := at.Add(20 * time.Hour)
	if turn == 6 {
		_, err = s.Reject(ctx, d.team[access.Staff], later, r.Ref, 0, "This is of one day. Please give what shows the whole period.")
		return err
	}
	checked := ""
	if r.Kind == request.Population {
		checked = "Count compared with the source's own total; ten items traced to the source and back."
	}
	_, err = s.Accept(ctx, d.team[access.Staff], later, r.Ref, 0, checked)
	return err
}

// days lets the firm ask once, and the company answer a few requests a day.
func (d *demoAudit) days(ctx context.Context, from, to time.Time) error {
	end := d.Config.Start.AddDate(0, 0, d.Config.Days)
	start := end.AddDate(0, 0, -demoAskedAt)
	if start.Before(to) && d.asked == nil {
		at := from
		if at.Before(start) {
			at = start
		}
		return d.ask(ctx, at.Add(9*time.Hour))
	}
	for n := 0; n < 6 && d.next < len(d.asked); n++ {
		r := d.asked[d.next]
		d.next++
		if err := d.answer(ctx, from.Add(time.Duration(9*60+n*7)*time.Minute), r); err != nil {
			return fmt.Errorf("%s: %w", r.Ref, err)
		}
	}
	return nil
}
