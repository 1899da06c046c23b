package app

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
)

// demoPolicies is what becomes of the policies: the starters are adopted on the first day and approved over the first weeks,
// several change during the year, one is left alone for too long, and one waits for approval at the end.
type demoPolicies struct {
	*Demo
	later []policyMoment
	late  string // reference of the policy whose review is forgotten; empty once that is planted
}

// policyMoment is something that is done about a policy on a day.
type policyMoment struct {
	day  int // of the demo, from 0
	hour int
	do   func(ctx context.Context, now time.Time) error
}

// policyChange is a new version: what is added to which policy, at what share of the year.
type policyChange struct {
	slug  string
	share float64
	note  string
	more  string
}

// policyChanges are the versions of the year. The last one still waits when the year ends.
var policyChanges = []policyChange{
	{"information-security", .34, "The committee asked to see security figures every month.", "## Figures\n\nManagement receives a page of figures each month: open failures of controls by age, findings beyond their time limit, incidents by severity, and who is late with training. The committee sees the same page each quarter."},
	{"code-of-conduct", .42, "Questions about gifts from suppliers came up twice this year.", "## Gifts from suppliers\n\nWhoever takes part in choosing a supplier accepts nothing from it while the choice is open, not even a meal. Offers are told to people operations."},
	{"access-control", .52, "Attackers tire people with sign-in prompts; prompts now show a number.", "## Prompts on phones\n\nPrompts show a number that has to be typed in. Whoever gets a prompt they did not start denies it and reports it at once."},
	{"incident-response", .6, "The exercise in the spring showed that two people led at once.", "## Handing over the lead\n\nThe lead changes hands only in words that the scribe writes down: who hands over, who takes over, and when. Until then the first leader leads."},
	{"vendor-management", .7, "Two subservice organisations publish their reports in the autumn.", "## Calendar of reports\n\nThe register says when the next report of each subservice organisation is expected. The owner asks for it when it is 30 days late, and for a letter that bridges the time until then."},
	{"acceptable-use", .8, "Assistants that learn from what they are given are in wide use.", "## Assistants\n\nA list names the assistants that {{organisation}} has contracts with and what they may be given. Answers are checked by the person who uses them; nobody is excused because a machine said so."},
	{"physical-and-remote-work", .985, "People asked what applies in shared offices.", "## Shared offices\n\nIn shared offices our rules for public places apply. Rooms that are locked by others do not count as locked."},
}

// policyForgotten is the policy that nobody reviews in time.
const policyForgotten = "retention-and-disposal"

func (p *demoPolicies) begin(ctx context.Context, now time.Time) error {
	lead, err := p.as(ctx, now, cast[1].Email)
	if err != nil {
		return err
	}
	all, err := p.App.Policies.Adopt(ctx, lead, now, "Northwind", cast[1].Email)
	if err != nil {
		return err
	}
	owners := map[string]string{"incident-response": cast[3].Email, "logging-and-monitoring": cast[3].Email, "vulnerability-management": cast[3].Email, "access-control": cast[2].Email,
		"change-management": cast[2].Email, "secure-development": cast[2].Email, "encryption": cast[2].Email, "risk-management": cast[0].Email, "information-security": cast[0].Email}
	weeks := min(21, p.Config.Days/3) // in which they are approved
	for i, x := range all {
		months := x.Months
		if x.Slug == policyForgotten {
			months, p.late = max(1, p.Config.Days/60), x.Ref
		}
		owner := string(x.Owner)
		if o := owners[x.Slug]; o != "" {
			owner = o
		}
		if owner != string(x.Owner) || months != x.Months {
			if _, err := p.App.Policies.Settings(ctx, lead, now, x.Ref, 0, owner, months); err != nil {
				return err
			}
		}
		day := 1 + i*weeks/len(all)
		if x.Slug == "incident-response" {
			day = 0 // nobody starts a year without the plan
		}
		p.approve(day, x.Ref)
	}
	for _, c := range policyChanges {
		p.change(int(c.share*float64(p.Config.Days)), c)
	}
	for day := weeks + 3; day < p.Config.Days; day += 150 {
		p.at(day, 13, func(ctx context.Context, now time.Time) error {
			lead, err := p.as(ctx, now, cast[1].Email)
			if err != nil {
				return err
			}
			_, err = p.App.Policies.Try(ctx, lead, now, "incident-response", "Called everybody on the list; all answered, one number was corrected.")
			return err
		})
	}
	p.at(p.Config.Days/2, 15, func(ctx context.Context, now time.Time) error {
		owner, err := p.as(ctx, now, cast[0].Email)
		if err != nil {
			return err
		}
		_, err = p.App.Policies.Review(ctx, owner, now, "logging-and-monitoring", 0, "Read with the security team; the sources and times still fit.")
		return err
	})
	return nil
}

func (p *demoPolicies) at(day, hour int, do func(ctx context.Context, now time.Time) error) {
	p.later = append(p.later, policyMoment{day, hour, do})
}

// approve has the lead send a policy in the morning and the owner of the company approve it in the afternoon.
func (p *demoPolicies) approve(day int, ref string) {
	p.at(day, 9, func(ctx context.Context, now time.Time) error {
		lead, err := p.as(ctx, now, cast[1].Email)
		if err != nil {
			return err
		}
		_, err = p.App.Policies.Send(ctx, lead, now, ref, 0)
		return err
	})
	p.at(day, 14, func(ctx context.Context, now time.Time) error {
		owner, err := p.as(ctx, now, cast[0].Email)
		if err != nil {
			return err
		}
		_, err = p.App.Policies.Approve(ctx, owner, now, ref, 0)
		return err
	})
}

// change has the lead write a new version, which is approved some days later.
func (p *demoPolicies) change(day int, c policyChange) {
	p.at(day, 10, func(ctx context.Context, now time.Time) error {
		lead, err := p.as(ctx, now, cast[1].Email)
		if err != nil {
			return err
		}
		x, err := p.App.Policies.Policy(ctx, lead.ReadScope, c.slug)
		if err != nil || x.Open > 0 {
			return err
		}
		t := x.Shown.Text
		t.Body += "\n\n" + strings.ReplaceAll(c.more, "{{organisation}}", "Northwind")
		if _, _, err = p.App.Policies.Write(ctx, lead, now, c.slug, 0, t, c.note); err != nil {
			return err
		}
		_, err = p.App.Policies.Send(ctx, lead, now.Add(time.Minute), c.slug, 0)
		return err
	})
	if c.slug == policyChanges[len(policyChanges)-1].slug {
		return // waits
	}
	p.at(day+2, 11, func(ctx context.Context, now time.Time) error {
		owner, err := p.as(ctx, now, cast[0].Email)
		if err != nil {
			return err
		}
		x, err := p.App.Policies.Policy(ctx, owner.ReadScope, c.slug)
		if err != nil || x.OpenState != policy.InReview {
			return err
		}
		_, err = p.App.Policies.Approve(ctx, owner, now, c.slug, 0)
		return err
	})
}

func (p *demoPolicies) days(ctx context.Context, from, to time.Time) error {
	start := p.Config.Start.Truncate(24 * time.Hour)
	for _, m := range p.later {
		now := start.AddDate(0, 0, m.day).Add(time.Duration(m.hour) * time.Hour)
		if now.Before(from) || !now.Before(to) {
			continue
		}
		if err := m.do(ctx, now); err != nil {
			return errs.Wrap(err, "day %d", m.day)
		}
	}
	if p.late == "" {
		return nil
	}
	x, err := p.App.Policies.Policy(ctx, p.scope.ReadScope, p.late)
	if err == nil && x.Overdue(period.Of(to)) {
		p.plant("tickmark-policy-reviewed", p.late, "nobody reviewed the policy by the day it was due")
		p.late = ""
	}
	return err
}
