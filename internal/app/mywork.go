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
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/readiness"
	"github.com/tickmark/tickmark/internal/work"
)

// soon is how many days before its day a review of a policy, a risk or a vendor begins to wait for its owner.
const soon = 14

// Duties lists everything that waits for whoever reads, what is due first.
func (a *App) Duties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if s.User() == "" {
		return nil, nil
	}
	return work.Duties(ctx, s, now, []work.DutySource{
		a.taskDuties, a.recordDuties, a.occurrenceDuties, a.campaignDuties, a.reviewDuties, a.policyDuties, a.riskDuties, a.vendorDuties, a.requestDuties, a.coverageDuties, a.alertDuties, a.incidentDuties,
	})
}

func (a *App) taskDuties(ctx context.Context, s access.ReadScope, _ time.Time) ([]work.Duty, error) {
	list, err := a.Work.List(ctx, s, work.Filter{Open: true, Owner: s.User()}, paging.Query{Size: paging.MaxSize, Sort: "due"})
	var out []work.Duty
	for _, t := range list.Rows {
		hint := t.Status.Title()
		if t.Source != work.ByHand {
			hint += " · " + t.Source.Title() + " " + t.SourceRef
		}
		out = append(out, work.Duty{Kind: work.DutyTask, Ref: t.Ref, Title: t.Title, Hint: hint, Link: "/tasks/" + t.Ref, Due: t.Due})
	}
	return out, err
}

// recordKinds are the duties among what the records show to be waiting.
var recordKinds = map[string]work.DutyKind{
	"draft": work.DutyApprove, "drafts": work.DutyApprove, "request": work.DutyApprove, "expiring": work.DutyException,
	"failing": work.DutyFailing, "evidence": work.DutyEvidence, "evidences": work.DutyEvidence,
}

// recordDuties is what waits for the reader of controls, exceptions and evidence.
func (a *App) recordDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	ready, err := a.reader().Readiness(ctx, s, now)
	if err != nil {
		return nil, err
	}
	var out []work.Duty
	for _, w := range ready.Waiting {
		if k, ok := recordKinds[w.Kind]; ok {
			out = append(out, work.Duty{Kind: k, Ref: w.Ref, Title: w.Title, Hint: w.Hint, Link: readiness.WaitingURL(w), Due: w.Due})
		}
	}
	return out, nil
}

// reader is what pages read from.
func (a *App) reader() *view.Reader {
	if a.pages == nil {
		return view.New(a.DB, a.Catalog)
	}
	return a.pages
}

func (a *App) occurrenceDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	mine, err := a.Occurrences.List(ctx, s, now, occurrence.Filter{Owner: s.User(), Todo: true}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	if len(mine.Rows) > 0 {
		all, err := a.Controls.AsOf(ctx, s, now)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			titles[c.Ref] = ": " + c.Version.Title
		}
	}
	var out []work.Duty
	for _, o := range mine.Rows {
		out = append(out, work.Duty{
			Kind: work.DutyPerform, Ref: o.Ref(), Title: "Perform " + o.Control + titles[o.Control], Hint: fmt.Sprintf("%s · about %s to %s", o.State(period.Of(now)).Title(), o.From, o.Due),
			Link: "/occurrences/" + o.Ref(), Due: o.Due,
		})
	}
	if !s.Can(access.ManageTasks) {
		return out, nil
	}
	checks, err := a.Occurrences.List(ctx, s, now, occurrence.Filter{Checks: true}, paging.Query{Size: paging.MaxSize})
	for _, o := range checks.Rows {
		if o.Record.Performer != s.User() && (o.Owner == s.User() || o.Deputy == s.User() || s.Can(access.EditControls)) {
			out = append(out, work.Duty{
				Kind: work.DutyCheck, Ref: o.Ref(), Title: "Check " + o.Ref(), Hint: "performed on " + o.Record.PerformedOn.String(), Link: "/occurrences/" + o.Ref(),
				Due: period.Of(o.Record.RecordedAt) + soon,
			})
		}
	}
	return out, err
}

func (a *App) campaignDuties(ctx context.Context, s access.ReadScope, _ time.Time) ([]work.Duty, error) {
	if !s.Can(access.SignDuties) {
		return nil, nil
	}
	me, err := a.Campaigns.Me(ctx, s)
	if errs.Is(err, errs.NotFound) { // the account belongs to nobody in the directory
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	open, _, err := a.Campaigns.Mine(ctx, s, me)
	var out []work.Duty
	for _, d := range open {
		x := work.Duty{Kind: work.DutySign, Ref: d.Subject, Title: "Acknowledge " + d.Title, Hint: d.CampaignRef, Link: "/duties/" + string(d.ID), Due: d.Due}
		if d.Kind == campaign.Train {
			x.Kind, x.Title = work.DutyTrain, "Take "+d.Title
		}
		out = append(out, x)
	}
	return out, err
}

func (a *App) reviewDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.DecideReviews) {
		return nil, nil
	}
	list, err := a.Reviews.List(ctx, s, review.Filter{State: review.Running, Reviewer: s.User(), At: now}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	var out []work.Duty
	for _, r := range list.Rows {
		rows, err := a.Reviews.Rows(ctx, s, review.RowFilter{Review: r.ID, Reviewer: s.User(), Undecided: true, At: now}, paging.Query{Size: 1})
		if err != nil {
			return nil, err
		}
		if rows.Total > 0 {
			out = append(out, work.Duty{Kind: work.DutyDecide, Ref: r.Ref, Title: fmt.Sprintf("Decide on %d in %s", rows.Total, r.Ref), Hint: r.Title, Link: "/access-reviews/" + r.Ref, Due: r.Due})
		}
	}
	return out, nil
}

func (a *App) policyDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	var out []work.Duty
	if s.Can(access.ApprovePolicies) {
		list, err := a.Policies.List(ctx, s, policy.Filter{Waiting: true}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		for _, p := range list.Rows {
			v, err := a.Policies.VersionOf(ctx, s, p, p.Open)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(v.Authors, s.Actor()) {
				out = append(out, work.Duty{Kind: work.DutyApprove, Ref: p.Ref, Title: "Approve " + p.Ref, Hint: fmt.Sprintf("%s, version %d", v.Title, v.N), Link: "/policies/" + p.Ref})
			}
		}
	}
	list, err := a.Policies.List(ctx, s, policy.Filter{Owner: s.User(), Published: true, Overdue: period.Of(now) + soon}, paging.Query{Size: paging.MaxSize})
	for _, p := range list.Rows {
		out = append(out, work.Duty{Kind: work.DutyReview, Ref: p.Ref, Title: "Review " + p.Ref, Hint: p.Shown.Title, Link: "/policies/" + p.Ref, Due: p.Due})
	}
	return out, err
}

func (a *App) riskDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.ReadRisks) {
		return nil, nil
	}
	owners := []string{string(s.User())}
	if p, found, err := a.People.Of(ctx, s, s.User()); err != nil {
		return nil, err
	} else if found {
		owners = append(owners, string(p.ID))
	}
	var out []work.Duty
	for _, o := range owners {
		list, err := a.Risks.All(ctx, s, risk.Filter{State: risk.Open, Owner: o, Due: period.Of(now) + soon})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			out = append(out, work.Duty{Kind: work.DutyReview, Ref: r.Ref, Title: "Review " + r.Ref, Hint: r.Title, Link: "/risks/" + r.Ref, Due: r.Text.Review})
		}
	}
	return out, nil
}

func (a *App) vendorDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.ManageVendors) {
		return nil, nil
	}
	list, err := a.Vendors.List(ctx, s, vendors.Filter{Today: period.Of(now), Owner: s.User()}, paging.Query{Size: paging.MaxSize})
	var out []work.Duty
	for _, v := range list.Rows {
		if v.NextDue != 0 && v.NextDue <= period.Of(now)+soon {
			out = append(out, work.Duty{Kind: work.DutyReview, Ref: v.Ref, Title: "Review " + v.Name, Hint: strings.ReplaceAll(string(v.NextWhat), "_", " "), Link: "/vendors/" + v.Ref, Due: v.NextDue})
		}
	}
	return out, err
}
