package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/simco"
)

// demoReviews is the access reviews of the year: each quarter the identity provider and the code host. What is removed is what the
// simulated company takes away soon afterwards, so that the collections that follow show it.
type demoReviews struct {
	d       *Demo
	ends    map[string]ending    // of accounts, by source and identifier
	drops   map[string][]ending  // of memberships in groups, by identifier of the account
	begun   map[period.Date]bool // quarters
	number  int                  // reviews begun
	plans   map[string]verdict   // by review and row
	planted bool                 // a removal that is not carried out in time
	late    string               // the row that is decided late
}

// ending is when an access is taken away.
type ending struct {
	at   time.Time
	what string
}

// verdict is what somebody will decide, and when.
type verdict struct {
	at time.Time
	review.Verdict
}

// The reviewers of the demo and the systems they know; each is the other's deputy.
const (
	oktaReviewer = "omar.haddad@northwind.example"
	codeReviewer = "priya.raman@northwind.example"
	reviewLead   = "ingrid.solberg@northwind.example"
)

// Days of a review in the demo.
const (
	reviewFrom    = 10 // day of the quarter on which it begins
	reviewDecides = 9  // within how many days the decisions come
	reviewLasts   = 14
	reviewLate    = 3 // how late the planted decision is
)

func (c *demoReviews) begin(ctx context.Context, now time.Time) error {
	c.ends, c.drops, c.begun, c.plans = map[string]ending{}, map[string][]ending{}, map[period.Date]bool{}, map[string]verdict{}
	c.look()
	lead, err := c.d.as(ctx, now, reviewLead)
	if err != nil {
		return err
	}
	for _, p := range []review.Plan{
		{Connection: simco.Okta + "-main", Reviewer: oktaReviewer, Deputy: codeReviewer},
		{Connection: simco.GitHub + "-main", Reviewer: codeReviewer, Deputy: oktaReviewer},
	} {
		p.Critical, p.Every = true, review.Quarterly
		if _, err := c.d.App.Reviews.SetPlan(ctx, lead, now, 0, p); err != nil {
			return err
		}
	}
	return nil
}

// look notes what the company will take away.
func (c *demoReviews) look() {
	w := c.d.Company.Life()
	for i := range w.Accounts {
		if a := &w.Accounts[i]; a.Closed != 0 {
			c.ends["okta-main/"+a.ID] = ending{a.Closed.Go(), a.Login}
		}
	}
	for i := range w.Groups {
		for _, m := range w.Groups[i].Members {
			if a := &w.Accounts[m.Subject]; m.To != 0 && m.To != a.Closed {
				c.drops[a.ID] = append(c.drops[a.ID], ending{m.To.Go(), w.Groups[i].Name})
			}
		}
	}
	for _, m := range append(slices.Clone(w.Members), w.Collaborators...) {
		key := "github-main/" + strconv.FormatInt(w.Logins[m.Subject].ID, 10)
		if m.To == 0 {
			delete(c.ends, key)
			continue
		}
		c.ends[key] = ending{m.To.Go(), w.Logins[m.Subject].Name}
	}
}

func (c *demoReviews) days(ctx context.Context, _, to time.Time) error {
	system := c.d.App.Access.System(c.d.scope.Org(), "schedule")
	for _, name := range []string{"okta-main", "github-main"} {
		if _, err := c.d.App.Reviews.Follow(ctx, system, to, name); err != nil {
			return err
		}
	}
	if err := c.decide(ctx, to); err != nil {
		return err
	}
	return c.start(ctx, to)
}

// start begins the review of a quarter, some days into it, and at the end of the life one of the teams.
func (c *demoReviews) start(ctx context.Context, at time.Time) error {
	today, first := period.Of(at), period.Of(c.d.Config.Start)
	quarter := review.Quarterly.Span(today).From
	begins := quarter + reviewFrom
	if end := first + period.Date(c.d.Config.Days); today >= end-4 && !c.begun[end] {
		c.begun[end] = true
		return c.open(ctx, at, "Teams of the code host", []review.Choice{{Connection: "github-main", Resource: "group_member", Reviewer: codeReviewer, Deputy: oktaReviewer}})
	}
	if today < begins || begins < first || c.begun[quarter] {
		return nil
	}
	c.begun[quarter] = true
	t := quarter.Time()
	return c.open(ctx, at, fmt.Sprintf("Accounts, quarter %d of %d", (int(t.Month())+2)/3, t.Year()), []review.Choice{
		{Connection: "okta-main", Reviewer: oktaReviewer, Deputy: codeReviewer, Critical: true},
		{Connection: "github-main", Reviewer: codeReviewer, Deputy: oktaReviewer, Critical: true},
	})
}

func (c *demoReviews) open(ctx context.Context, at time.Time, title string, systems []review.Choice) error {
	lead, err := c.d.as(ctx, at, reviewLead)
	if err != nil {
		return err
	}
	r, err := c.d.App.Reviews.Start(ctx, lead, at, review.New{
		Title: title, Why: "The quarterly review that IAM-05 asks for.", Due: period.Of(at) + reviewLasts, Systems: systems,
	})
	if err != nil {
		return err
	}
	c.number++
	return c.d.App.eachRow(ctx, lead.ReadScope, r.ID, func(x review.Row) error {
		c.intend(r, x)
		return nil
	})
}

// intend settles when and how a row will be decided.
func (c *demoReviews) intend(r review.Review, x review.Row) {
	key := r.Ref + "/" + strconv.Itoa(x.N)
	day := period.Of(r.Started) + 1 + period.Date(c.d.chance("review day "+key, reviewDecides))
	v := verdict{at: day.Time().Add(9*time.Hour + time.Duration(c.d.chance("review hour "+key, 7))*time.Hour), Verdict: review.Verdict{N: x.N, Decision: review.Keep}}
	if c.number == 2 && c.late == "" && x.System == "github-main" && len(x.Flags) == 0 {
		v.at, c.late = (r.Due + reviewLate).Time().Add(10*time.Hour), key
		c.d.plant("tickmark-review-decided", r.Ref+"/"+x.System, "one account was decided "+strconv.Itoa(reviewLate)+" days after the last day")
	}
	end, ends := c.ends[x.System+"/"+x.Account]
	switch {
	case ends && end.at.After(v.at) && !c.next(end.at).After(v.at.AddDate(0, 0, reviewDecides)):
		v.Decision, v.Reason = review.Remove, "Work ends these days, and nobody takes it over."
	case c.number >= 3 && !c.planted && x.System == "okta-main" && x.Has(review.Orphan) && !ends:
		c.planted = true
		v.Decision, v.Reason = review.Remove, "Nobody knows whose it is."
		c.d.plant("tickmark-review-carried-out", key, "the account was to be removed and is still there")
	default:
		v.Drop = c.dropped(x, v.at)
		if v.Drop != "" {
			v.Decision, v.Reason = review.Change, "Left that department."
		} else if len(x.Flags) > 0 {
			v.Reason = kept(x.Flags[0])
		}
	}
	c.plans[key] = v
}

// next is when the demo looks at its systems for the first time after an instant.
func (c *demoReviews) next(t time.Time) time.Time {
	for n := max(0, int(t.Sub(c.d.Config.Start).Hours()/24)-1); n < c.d.Config.Days; n++ {
		if at := c.d.Config.Start.AddDate(0, 0, n).Add(demoHour); c.d.Config.looks(n) && at.After(t) {
			return at
		}
	}
	return t.AddDate(1, 0, 0)
}

// dropped is a group that the account leaves soon after the decision.
func (c *demoReviews) dropped(x review.Row, at time.Time) string {
	if x.System != "okta-main" {
		return ""
	}
	for _, e := range c.drops[x.Account] {
		if e.at.After(at) && !c.next(e.at).After(at.AddDate(0, 0, reviewDecides)) && slices.Contains(x.Groups, e.what) {
			return e.what
		}
	}
	return ""
}

// kept says why something odd stays.
func kept(f review.Flag) string {
	switch f {
	case review.Privileged:
		return "Needs the role for daily work; looked at what it did last month."
	case review.Orphan:
		return "An account of the platform team for emergencies, sealed; the safe has its card."
	case review.Unowned:
		return "Runs on the platform team's behalf; they answered for it by ticket."
	case review.Leaver:
		return "The end of work was recorded today; IT closes it within the day."
	case review.Idle:
		return "On parental leave; the manager answers for it."
	case review.Again:
		return "The platform team found out that the month-end export needs it."
	}
	return "Looked at, and still needed."
}

// decide makes the decisions that fell due until an instant, and closes what is decided.
func (c *demoReviews) decide(ctx context.Context, to time.Time) error {
	lead, err := c.d.as(ctx, to, reviewLead)
	if err != nil {
		return err
	}
	running, err := c.d.App.Reviews.List(ctx, lead.ReadScope, review.Filter{State: review.Running, At: to}, paging.Query{Sort: "started"})
	if err != nil {
		return err
	}
	for _, r := range running.Rows {
		if err := c.decideOn(ctx, lead, r, to); err != nil {
			return err
		}
		now, err := c.d.App.Reviews.Review(ctx, lead.ReadScope, to, r.Ref)
		if err != nil {
			return err
		}
		if now.Undecided() == 0 {
			if _, err := c.d.App.Reviews.Close(ctx, lead, to, r.Ref, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// sitting is one reviewer's decisions of one hour.
type sitting struct {
	at       time.Time
	reviewer access.UserID
}

func (c *demoReviews) decideOn(ctx context.Context, lead access.Scope, r review.Review, to time.Time) error {
	due := map[sitting][]review.Verdict{}
	err := c.eachUndecided(ctx, lead, r, func(x review.Row) {
		if v := c.plans[r.Ref+"/"+strconv.Itoa(x.N)]; !v.at.After(to) {
			k := sitting{v.at, x.Reviewer}
			due[k] = append(due[k], v.Verdict)
		}
	})
	if err != nil {
		return err
	}
	order := make([]sitting, 0, len(due))
	for k := range due {
		order = append(order, k)
	}
	slices.SortFunc(order, func(a, b sitting) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.reviewer, b.reviewer)) })
	for _, k := range order {
		scope, err := c.d.as(ctx, k.at, string(k.reviewer))
		if err != nil {
			return err
		}
		if _, err := c.d.App.Reviews.Decide(ctx, scope, k.at, r.Ref, due[k]); err != nil {
			return err
		}
	}
	return nil
}

func (c *demoReviews) eachUndecided(ctx context.Context, lead access.Scope, r review.Review, do func(review.Row)) error {
	return c.d.App.eachRow(ctx, lead.ReadScope, r.ID, func(x review.Row) error {
		if x.Decision == "" {
			do(x)
		}
		return nil
	})
}
