package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/training"
)

// demoCampaigns is what people are asked: to acknowledge each version of the policies that concern them, and to take the courses.
// Nearly all do it in time; some joiners are late or never do it, and a few never take the awareness course.
type demoCampaigns struct {
	*Demo
	asked   map[string]int // version that is asked, by subject
	joined  map[people.ID]int
	planted map[string]bool
}

// demoTechnical are the departments that take the role course.
var demoTechnical = []string{"Engineering", "Platform", "Security", "Data", "IT"}

// demoConduct is the policy of the conduct rules.
const demoConduct = "code-of-conduct"

// demoSigned says who acknowledges which policy: the departments it concerns, or everybody.
var demoSigned = []struct {
	slug        string
	departments []string // none: everybody
}{
	{slug: demoConduct},
	{slug: "information-security"},
	{slug: "acceptable-use"},
	{slug: "data-classification"},
	{slug: "physical-and-remote-work"},
	{slug: "privacy"},
	{slug: "speak-up"},
	{"access-control", demoTechnical},
	{"backup-and-restore", []string{"Platform", "Data", "IT"}},
	{"business-continuity", []string{"Executive", "Platform", "Operations"}},
	{"change-management", demoTechnical},
	{"encryption", demoTechnical},
	{"human-resources-security", []string{"People", "Legal"}},
	{"incident-response", []string{"Engineering", "Platform", "Security", "Data", "IT", "Customer Support", "Legal"}},
	{"logging-and-monitoring", []string{"Platform", "Security", "IT"}},
	{"retention-and-disposal", []string{"Platform", "Data", "Legal"}},
	{"risk-management", []string{"Executive", "Security", "Finance", "Legal"}},
	{"secure-development", []string{"Engineering", "Platform", "Security", "Data"}},
	{"vendor-management", []string{"Executive", "Finance", "Legal", "Operations"}},
	{"vulnerability-management", []string{"Engineering", "Platform", "Security", "IT"}},
}

// The joiners, in the order in which they are asked, who do not acknowledge the conduct rules in time or never take the awareness
// course; and of those who were there at first, whose number ends so.
const (
	demoLateJoiner    = 3
	demoMissingJoiner = 6
	demoUntrained     = 8
	demoNeverEvery    = 150
	demoNever         = 41
)

func (c *demoCampaigns) begin(ctx context.Context, now time.Time) error {
	c.asked, c.joined, c.planted = map[string]int{}, map[people.ID]int{}, map[string]bool{}
	lead, err := c.as(ctx, now, cast[1].Email)
	if err != nil {
		return err
	}
	_, err = c.App.Training.Begin(ctx, lead, now)
	return err
}

func (c *demoCampaigns) days(ctx context.Context, from, to time.Time) error {
	if _, err := c.App.Campaigns.Follow(ctx, c.scope, to); err != nil {
		return err
	}
	lead, err := c.as(ctx, to, cast[1].Email)
	if err != nil {
		return err
	}
	if err := c.policies(ctx, lead, from, to); err != nil {
		return err
	}
	if err := c.courses(ctx, lead, to); err != nil {
		return err
	}
	return c.sign(ctx, to)
}

// policies asks about each version of each policy, an hour after it came into force.
func (c *demoCampaigns) policies(ctx context.Context, lead access.Scope, from, to time.Time) error {
	for _, signed := range demoSigned {
		p, err := c.App.Policies.Policy(ctx, lead.ReadScope, signed.slug)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if p.InForce == 0 || c.asked[p.Ref] == p.InForce {
			continue
		}
		at := to.Add(-time.Hour)
		if d := p.Shown.Decided; d != nil && d.After(from) && d.Add(time.Hour).Before(to) {
			at = d.Add(time.Hour)
		}
		if err := c.ask(ctx, lead, at, campaign.New{Kind: campaign.Acknowledge, Subject: p.Ref, Audience: campaign.Audience{Everybody: signed.departments == nil, Departments: signed.departments}, Standing: true, Grace: 14, Due: period.Of(at) + 14}); err != nil {
			return err
		}
		c.asked[p.Ref] = p.InForce
	}
	return nil
}

// courses asks for the courses in the first weeks.
func (c *demoCampaigns) courses(ctx context.Context, lead access.Scope, to time.Time) error {
	day := int(to.Sub(c.Config.Start) / (24 * time.Hour))
	all, err := c.App.Training.Courses(ctx, lead.ReadScope, training.Filter{}, paging.Query{Size: paging.MaxSize, Sort: "ref"})
	if err != nil {
		return err
	}
	for _, x := range all.Rows {
		after, who := min(20, c.Config.Days/5), campaign.Audience{Everybody: true}
		if x.Kind == training.Role {
			after, who = min(34, c.Config.Days/4), campaign.Audience{Departments: demoTechnical}
		}
		if day < after || c.asked[x.Ref] == x.Version {
			continue
		}
		at := to.Add(-2 * time.Hour)
		if err := c.ask(ctx, lead, at, campaign.New{Kind: campaign.Train, Subject: x.Ref, Audience: who, Standing: true, Grace: 30, Due: period.Of(at) + 30}); err != nil {
			return err
		}
		c.asked[x.Ref] = x.Version
	}
	return nil
}

func (c *demoCampaigns) ask(ctx context.Context, lead access.Scope, at time.Time, n campaign.New) error {
	_, err := c.App.Campaigns.Open(ctx, lead, at, n)
	return errs.Wrap(err, "ask about %s", n.Subject)
}

// sign has everybody do what their time has come for, each campaign in one go.
func (c *demoCampaigns) sign(ctx context.Context, to time.Time) error {
	conduct, err := c.conduct(ctx)
	if err != nil {
		return err
	}
	campaigns, err := c.App.Campaigns.List(ctx, c.scope.ReadScope, campaign.Filter{Live: true}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	accounts := map[string]bool{}
	for _, u := range c.Users {
		accounts[u.Email] = true
	}
	for _, x := range campaigns.Rows {
		var done []campaign.Signed
		if err := c.App.Campaigns.Store.Each(ctx, c.scope.ReadScope, campaign.DutyFilter{Campaign: x.ID, State: campaign.Open}, func(d campaign.Duty) error {
			at, ever := c.when(x, d, d.Subject == conduct)
			c.notice(x, d, d.Subject == conduct, period.Of(to))
			if !ever || at.After(to) {
				return nil
			}
			s := campaign.Signed{Duty: d.ID, At: at, How: campaign.PersonalLink}
			if accounts[d.Email] {
				s.How = campaign.SignedIn
			}
			if d.Kind == campaign.Train {
				s.Score, s.Tries = 8, 1+(c.chance("tries/"+string(d.Person)+d.Subject, 4)+1)/4
			}
			done = append(done, s)
			return nil
		}); err != nil {
			return err
		}
		if len(done) == 0 {
			continue
		}
		slices.SortStableFunc(done, func(a, b campaign.Signed) int { return a.At.Compare(b.At) })
		if _, err := c.App.Campaigns.SignMany(ctx, c.App.Access.System(c.scope.Org(), "personal link"), to, done); err != nil {
			return err
		}
	}
	return nil
}

// conduct is the reference of the conduct rules.
func (c *demoCampaigns) conduct(ctx context.Context) (string, error) {
	p, err := c.App.Policies.Policy(ctx, c.scope.ReadScope, demoConduct)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return p.Ref, err
}

// joiner is the place of somebody among those who joined after the first conduct campaign; 0 for others.
func (c *demoCampaigns) joiner(x campaign.Campaign, d campaign.Duty, conduct bool) int {
	if !d.Opened.After(x.Opened) || d.Stint > 1 {
		return 0
	}
	if n := c.joined[d.Person]; n > 0 || !conduct {
		return n
	}
	c.joined[d.Person] = len(c.joined) + 1
	return c.joined[d.Person]
}

// when is the instant at which somebody does what they are asked; false for never.
func (c *demoCampaigns) when(x campaign.Campaign, d campaign.Duty, conduct bool) (time.Time, bool) {
	n, awareness := c.joiner(x, d, conduct), d.Subject == "TRN-01"
	hour := time.Duration(8*60+c.chance("hour/"+string(d.Person)+d.Subject, 9*60)) * time.Minute
	first, spread := 1, 9
	switch {
	case conduct && n == demoLateJoiner:
		return (d.Due + 9).Time().Add(hour), true
	case conduct && n == demoMissingJoiner, awareness && n == demoUntrained, awareness && n == 0 && c.never(x, d):
		return time.Time{}, false
	case n > 0 && d.Kind == campaign.Acknowledge:
		spread = 3
	case n > 0:
		first, spread = 2, 12
	case d.Kind == campaign.Train:
		first, spread = 2, 24
	}
	return (period.Of(d.Opened) + period.Date(first+c.chance("days/"+string(d.Person)+d.Subject, spread))).Time().Add(hour), true
}

// never picks a few of those who were there when the awareness course was asked first.
func (c *demoCampaigns) never(x campaign.Campaign, d campaign.Duty) bool {
	var n int
	_, err := fmt.Sscanf(strings.TrimPrefix(d.PersonRef, "P-"), "%d", &n)
	return err == nil && n%demoNeverEvery == demoNever && !d.Opened.After(x.Opened)
}

// notice plants what became a deviation by a day: whoever left meanwhile has none.
func (c *demoCampaigns) notice(x campaign.Campaign, d campaign.Duty, conduct bool, today period.Date) {
	plant := func(test, why string) {
		if key := test + " " + d.PersonRef; !c.planted[key] {
			c.planted[key] = true
			c.plant(test, d.PersonRef, why)
		}
	}
	n := c.joiner(x, d, conduct)
	switch {
	case conduct && n == demoLateJoiner && today > d.Due+1:
		plant("tickmark-joiner-conduct", "a joiner acknowledges the conduct rules nine days late")
		plant("tickmark-conduct-accepted", "a joiner acknowledges the conduct rules nine days late")
	case conduct && n == demoMissingJoiner && today > d.Due+1:
		plant("tickmark-joiner-conduct", "a joiner does not acknowledge the conduct rules")
		plant("tickmark-conduct-accepted", "a joiner does not acknowledge the conduct rules")
	case d.Subject == "TRN-01" && (n == demoUntrained || n == 0 && c.never(x, d)) && today > d.Due+31:
		plant("tickmark-worker-training", "never takes the awareness course")
	}
}
