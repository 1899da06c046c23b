package app

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/work"
)

// aYear is how old what is done yearly may be, in days; the starter controls ask for the same.
const aYear = 365

// Seen is what the rooms of people, policies, campaigns, changes, risks and vendors show about the questions of guided programmes.
func (a *App) Seen(ctx context.Context, s access.ReadScope, now time.Time) (map[string]work.Seen, error) {
	out := map[string]work.Seen{}
	for _, room := range []func(context.Context, access.ReadScope, time.Time, map[string]work.Seen) error{
		a.seenPeople, a.seenRoles, a.seenPolicies, a.seenCampaigns, a.seenChanges, a.seenRisks, a.seenVendors,
	} {
		mine := map[string]work.Seen{}
		err := room(ctx, s, now, mine)
		if err != nil && !errs.Is(err, errs.Denied) {
			return nil, err
		}
		for name, x := range mine {
			if x.Denied = err != nil; x.Denied {
				x.Done, x.All = 0, 0
			}
			out[name] = x
		}
	}
	return out, nil
}

// tally counts those of all for which something is so.
func tally[T any](x *work.Seen, all []T, counts, ok func(T) bool) {
	for _, v := range all {
		if counts(v) {
			x.All++
			if ok(v) {
				x.Done++
			}
		}
	}
}

func always[T any](T) bool { return true }

func (a *App) seenPeople(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	managers := work.Seen{Words: "People who work here and have a manager, or lead others", None: "the directory knows nobody", Short: "without either", Href: "/people/chart", Button: "Look at the chart"}
	screened := work.Seen{Words: "Joiners of the last year who were screened before they began", None: "nobody joined within a year, or the directory does not know", Short: "not, or without a record", Href: "/people?missing=screening", Button: "Look at the people"}
	out["managers"], out["screened"] = managers, screened
	all, err := a.People.Everyone(ctx, s, people.Filter{})
	if err != nil {
		return err
	}
	leads := map[people.ID]bool{}
	for _, p := range all {
		leads[p.Manager] = true
	}
	tally(&managers, all, people.Person.Works, func(p people.Person) bool { return p.Manager != "" || leads[p.ID] })
	today := period.Of(now)
	tally(&screened, all, func(p people.Person) bool {
		return p.Works() && p.Started != 0 && p.Started > today-aYear && p.Started <= today
	}, func(p people.Person) bool {
		return p.ScreenedOn != 0 && p.ScreenedOn <= p.Started && p.Screening != ""
	})
	out["managers"], out["screened"] = managers, screened
	return nil
}

func (a *App) seenRoles(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	x := work.Seen{Words: "Descriptions of roles that were reviewed within a year", None: "no role is described", Short: "older", Href: "/people/roles", Button: "Look at the roles"}
	out["roles"] = x
	list, err := a.People.ListRoles(ctx, s, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	tally(&x, list.Rows, always, func(r people.Role) bool { return r.ReviewedOn != 0 && r.ReviewedOn > period.Of(now)-aYear })
	out["roles"] = x
	return nil
}

func (a *App) seenPolicies(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	owned := work.Seen{Words: "Policies in force that somebody owns", None: "no policy is in force", Short: "without an owner", Href: "/policies", Button: "Look at the policies"}
	reviewed := work.Seen{Words: "Policies in force whose review is not overdue", None: "no policy is in force", Short: "overdue", Href: "/policies", Button: "Review them"}
	conduct := work.Seen{Words: "A code of conduct is in force", All: 1, Short: "missing: no policy about conduct is in force", Href: "/policies", Button: "Look at the policies"}
	out["policies_owned"], out["policies_reviewed"], out["conduct_rules"] = owned, reviewed, conduct
	list, err := a.Policies.List(ctx, s, policy.Filter{Published: true}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	today := period.Of(now)
	tally(&owned, list.Rows, always, func(p policy.Policy) bool { return p.Owner != "" })
	tally(&reviewed, list.Rows, always, func(p policy.Policy) bool { return !p.Overdue(today) })
	for _, p := range list.Rows {
		if strings.Contains(p.Slug, "conduct") {
			conduct.Done = 1
		}
	}
	out["policies_owned"], out["policies_reviewed"], out["conduct_rules"] = owned, reviewed, conduct
	return nil
}

func (a *App) seenCampaigns(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	kinds := map[campaign.Kind]string{campaign.Acknowledge: "acknowledged", campaign.Train: "trained"}
	out["acknowledged"] = work.Seen{Words: "Acknowledgements asked for that were given", None: "nobody was asked to acknowledge a policy", Short: "open", Href: "/campaigns", Button: "Look at the campaigns"}
	out["trained"] = work.Seen{Words: "Courses asked for that were taken", None: "nobody was asked to take a course", Short: "open", Href: "/training", Button: "Look at the training"}
	for kind, name := range kinds {
		list, err := a.Campaigns.List(ctx, s, campaign.Filter{Kind: kind}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		var ids []campaign.ID
		for _, c := range list.Rows {
			ids = append(ids, c.ID)
		}
		if len(ids) == 0 {
			continue
		}
		counts, err := a.Campaigns.Tally(ctx, s, now, ids...)
		if err != nil {
			return err
		}
		x := out[name]
		for _, c := range counts {
			x.All, x.Done = x.All+c.Asked()-c.Waived, x.Done+c.Done
		}
		out[name] = x
	}
	return nil
}

func (a *App) seenChanges(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	x := work.Seen{Words: "Significant changes of the last year that everybody concerned was told of in time", None: "no significant change is recorded", Short: "told late, in part, or not", Href: "/changes", Button: "Look at the changes"}
	out["changes_told"] = x
	all, err := a.Changes.All(ctx, s, change.Filter{Significant: "yes"})
	if err != nil {
		return err
	}
	tally(&x, all, func(c change.Change) bool { return c.Released != nil && now.Sub(*c.Released) < aYear*24*time.Hour }, func(c change.Change) bool { return len(c.Late()) == 0 })
	out["changes_told"] = x
	return nil
}

func (a *App) seenRisks(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	const none, href, button = "no risk is in the register", "/risks", "Look at the risks"
	threat := work.Seen{Words: "Risks that name their threat", None: none, Short: "without", Href: href, Button: button}
	rated := work.Seen{Words: "Risks rated before and after their controls", None: none, Short: "not", Href: href, Button: button}
	fraud := work.Seen{Words: "Fraud is among the risks", All: 1, Short: "missing: no risk of that kind is rated", Href: href, Button: button}
	answered := work.Seen{Words: "Risks with an answer and an owner", None: none, Short: "without one of them", Href: href, Button: button}
	assessed := work.Seen{Words: "An assessment of risks was finished within a year", All: 1, Short: "missing: none is finished", Href: "/risks/assessments", Button: "Assess the risks"}
	keep := func() {
		out["risks_threat"], out["risks_rated"], out["risks_fraud"], out["risks_answered"], out["risks_assessed"] = threat, rated, fraud, answered, assessed
	}
	keep()
	all, err := a.Risks.All(ctx, s, risk.Filter{State: risk.Open})
	if err != nil {
		return err
	}
	tally(&threat, all, always, func(r risk.Risk) bool { return r.Threat != "" })
	tally(&rated, all, always, func(r risk.Risk) bool { return r.Inherent.Rated() && r.Residual.Rated() })
	tally(&answered, all, always, func(r risk.Risk) bool { return r.Response != "" && r.Owner != "" })
	for _, r := range all {
		if r.Kind == risk.Fraud && r.Inherent.Rated() {
			fraud.Done = 1
		}
	}
	list, err := a.Risks.AllAssessments(ctx, s)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Frozen != nil && now.Sub(*x.Frozen) < aYear*24*time.Hour {
			assessed.Done = 1
		}
	}
	keep()
	return nil
}

func (a *App) seenVendors(ctx context.Context, s access.ReadScope, now time.Time, out map[string]work.Seen) error {
	x := work.Seen{Words: "Vendors in use that were assessed", None: "no vendor is in the register", Short: "not", Href: "/vendors", Button: "Look at the vendors"}
	out["vendors_assessed"] = x
	list, err := a.Vendors.List(ctx, s, vendors.Filter{Today: period.Of(now)}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	tally(&x, list.Rows, func(v vendors.Vendor) bool { return v.InUse(period.Of(now)) }, func(v vendors.Vendor) bool { return v.Assessed != 0 })
	out["vendors_assessed"] = x
	return nil
}
