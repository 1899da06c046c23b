package app

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/review"
)

// reviewsKept is how far back the facts of access reviews reach: a year, and the review before it.
const reviewsKept = 400 * 24 * time.Hour

// ownReviews reads access reviews, what they decided, and how often they have to be.
func (a *App) ownReviews() map[string]ownReader {
	return map[string]ownReader{
		"access_review":   {read: a.readAccessReviews, count: a.countAccessReviews},
		"review_decision": {read: a.readReviewDecisions, count: a.countReviewDecisions},
		"review_plan":     {read: a.readReviewPlans, count: a.countReviewPlans},
	}
}

// eachReview visits the reviews of the kept time, with their populations.
func (a *App) eachReview(ctx context.Context, s access.ReadScope, at time.Time, do func(review.Review, []review.System) error) error {
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "started"}); ; q.Page++ {
		res, err := a.Reviews.List(ctx, s, review.Filter{From: at.Add(-reviewsKept), At: at}, q)
		if err != nil {
			return err
		}
		for _, r := range res.Rows {
			systems, err := a.Reviews.Systems(ctx, s, r.ID, at)
			if err != nil {
				return err
			}
			if err := do(r, systems); err != nil {
				return err
			}
		}
		if q.Page >= res.Pages() {
			return nil
		}
	}
}

func (a *App) readAccessReviews(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
	return a.eachReview(ctx, s, at, func(r review.Review, systems []review.System) error {
		for _, x := range systems {
			raw, err := json.Marshal(map[string]any{"ref": r.Ref, "system": x.Slug, "sha256": x.SHA256, "ledger_entry": x.Seq, "result": r.SHA256})
			if err != nil {
				return err
			}
			f := &collect.AccessReview{
				ID: r.Ref + "/" + x.Slug, Review: r.Ref, Title: r.Title, Of: x.Source, Kind: x.Kind, Part: x.Resource, Critical: x.Critical, State: string(r.State), StartedAt: r.Started, DueOn: r.Due,
				EndedAt: r.Ended, TakenAt: x.TakenAt, Evidence: x.Evidence, SnapshotRows: x.Snapshot, SourceTotal: x.Total, LeftOut: x.Left, Population: x.Population, Rows: int64(x.Rows),
				Undecided: int64(x.Undecided()), LastDecidedAt: x.LastDecided, Reason: collect.NonZero(x.Reason),
			}
			f.Raw = string(raw)
			if err := emit(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// countAccessReviews counts populations by what rows name them.
func (a *App) countAccessReviews(ctx context.Context, s access.ReadScope, at time.Time) (int64, error) {
	return a.Reviews.CountSystems(ctx, s, at.Add(-reviewsKept))
}

func (a *App) readReviewDecisions(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
	addresses, err := a.addresses(ctx, s)
	if err != nil {
		return err
	}
	everyone, err := a.People.Everyone(ctx, s, people.Filter{})
	if err != nil {
		return err
	}
	emails := map[people.ID]string{}
	for _, p := range everyone {
		emails[p.ID] = p.Email
	}
	return a.eachReview(ctx, s, at, func(r review.Review, systems []review.System) error {
		if r.State == review.Cancelled {
			return nil
		}
		in := map[string]review.System{}
		for _, x := range systems {
			in[x.Slug] = x
		}
		return a.eachRow(ctx, s, r.ID, func(x review.Row) error {
			return emit(decisionFact(r, in[x.System], x, addresses, emails))
		})
	})
}

// eachRow visits every row of a review.
func (a *App) eachRow(ctx context.Context, s access.ReadScope, id review.ID, do func(review.Row) error) error {
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "n"}); ; q.Page++ {
		res, err := a.Reviews.Rows(ctx, s, review.RowFilter{Review: id}, q)
		if err != nil {
			return err
		}
		for _, x := range res.Rows {
			if err := do(x); err != nil {
				return err
			}
		}
		if q.Page >= res.Pages() {
			return nil
		}
	}
}

func decisionFact(r review.Review, sys review.System, x review.Row, addresses map[access.UserID]string, emails map[people.ID]string) *collect.ReviewDecision {
	flags := make([]string, len(x.Flags))
	for i, f := range x.Flags {
		flags[i] = string(f)
	}
	f := &collect.ReviewDecision{
		ID: r.Ref + "/" + strconv.Itoa(x.N), Review: r.Ref, Of: sys.Source, Kind: sys.Kind, Part: sys.Resource, State: string(r.State), StartedAt: r.Started, DueOn: r.Due, AccountID: x.Account, Login: x.Login,
		Granted: collect.NonZero(x.Grant), Flags: strings.Join(flags, " "), Email: collect.NonZero(x.Email), Person: collect.NonZero(x.PersonRef), PersonEmail: collect.NonZero(emails[x.Person]),
		Reviewer: collect.NonZero(addresses[x.Reviewer]), Decision: collect.NonZero(string(x.Decision)), DecidedBy: collect.NonZero(addresses[x.By]), DecidedAt: x.At, Reasoned: x.Reason != "",
		DoneBy: x.Until, DoneAt: x.DoneAt,
	}
	if x.Admin != nil || len(x.Roles) > 0 {
		f.Privileged = collect.Ptr(x.Has(review.Privileged))
	}
	if x.By != "" && f.DecidedBy == nil { // somebody who is no member any more
		f.DecidedBy = collect.Ptr(string(x.By))
	}
	f.Raw = `{"row":"` + f.ID + `","version":` + strconv.Itoa(x.Version) + `}`
	return f
}

func (a *App) countReviewDecisions(ctx context.Context, s access.ReadScope, at time.Time) (int64, error) {
	tallies, err := a.Reviews.Tallies(ctx, s, review.RowFilter{Counting: true, From: at.Add(-reviewsKept)}, "decision", at)
	n := 0
	for _, t := range tallies {
		n += t.Rows
	}
	return int64(n), err
}

func (a *App) readReviewPlans(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	plans, err := a.Reviews.Plans(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range plans {
		raw, err := json.Marshal(map[string]any{"connection": p.Connection, "version": p.Version, "last": p.LastRef})
		if err != nil {
			return err
		}
		f := &collect.ReviewPlan{ID: p.Source, Kind: p.Kind, Critical: p.Critical, Every: string(p.Every), Since: p.Created, Last: p.Last}
		f.Raw = string(raw)
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) countReviewPlans(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
	return a.Reviews.CountPlans(ctx, s)
}
