package github

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// review is a review of a pull request.
type review struct {
	ID          int64      `json:"id"`
	User        *user      `json:"user"`
	State       string     `json:"state"`
	CommitID    *string    `json:"commit_id"`
	SubmittedAt *time.Time `json:"submitted_at"`
}

// reviews emits all reviews of a pull request that was updated in the window.
func (d *details) reviews(ctx context.Context, c change) error {
	path := repoPath(c.repo.FullName) + "/pulls/" + id(c.row.Value.Number) + "/reviews"
	return d.once(ctx, "review", c, "reviews of ", func() error {
		return list(ctx, d.run, "review", "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", path, url.Values{"per_page": {"100"}}, func(row httpx.Row[review]) (bool, error) {
			v := row.Value
			if v.State == "PENDING" { // a draft that only its writer sees
				return true, nil
			}
			f := &collect.Review{
				ID: id(v.ID), Repository: c.repo.FullName, Number: c.row.Value.Number, Reviewer: v.User.login(),
				State: strings.ToLower(v.State), CommitSHA: v.CommitID, SubmittedAt: microsPtr(v.SubmittedAt),
			}
			f.Raw = row.Raw
			return true, d.run.emit(f)
		})
	})
}

// States of a change's checks; see collect.PullRequest.
const (
	checksSuccess = "success"
	checksFailure = "failure"
	checksPending = "pending"
	checksNone    = "none"
)

// checks fills how the checks of a change's head ended: commit statuses and check runs together. One failure fails all.
func (d *details) checks(ctx context.Context, repo string, f *collect.PullRequest) error {
	base := repoPath(repo) + "/commits/" + esc(*f.HeadSHA)
	a, err := d.get(ctx, base+"/status", url.Values{"per_page": {"1"}})
	if err != nil {
		return err
	}
	d.sink.Page("pull_request", "GET /repos/{owner}/{repo}/commits/{ref}/status")
	var status struct {
		State string `json:"state"`
		Total *int64 `json:"total_count"`
	}
	if err := a.Decode(&status); err != nil {
		return err
	}
	if status.Total == nil {
		return errs.New(errs.Invalid, "the combined status has no count")
	}
	states := map[string]int64{}
	if *status.Total > 0 { // without any, the combined state is "pending"
		states[statusState(status.State)] += *status.Total
	}
	if err := d.checkRuns(ctx, base, states); err != nil {
		return err
	}
	var total int64
	for _, n := range states {
		total += n
	}
	f.ChecksTotal = &total
	f.ChecksState = collect.Ptr(combined(states))
	return nil
}

// checkRuns counts the newest run of each check by how it ended.
func (d *details) checkRuns(ctx context.Context, base string, states map[string]int64) error {
	req, err := d.request(ctx, base+"/check-runs", url.Values{"per_page": {"100"}})
	if err != nil {
		return err
	}
	var total, seen int64
	for a, err := range httpx.Pages(ctx, d.http, req) {
		if err != nil {
			return err
		}
		d.sink.Page("pull_request", "GET /repos/{owner}/{repo}/commits/{ref}/check-runs")
		var page struct {
			Total *int64 `json:"total_count"`
			Runs  []struct {
				Status     string  `json:"status"`
				Conclusion *string `json:"conclusion"`
			} `json:"check_runs"`
		}
		if err := a.Decode(&page); err != nil {
			return err
		}
		if page.Total == nil {
			return errs.New(errs.Invalid, "the list of check runs has no count")
		}
		total = *page.Total
		for _, run := range page.Runs {
			seen++
			states[runState(run.Status, run.Conclusion)]++
		}
	}
	if seen != total {
		return errs.New(errs.Invalid, "%d check runs came, but GitHub says there are %d", seen, total)
	}
	return nil
}

// statusState and runState turn GitHub's words into ours. What is neither good nor under way counts as failed.
func statusState(s string) string {
	switch s {
	case checksSuccess, checksPending:
		return s
	}
	return checksFailure
}

func runState(status string, conclusion *string) string {
	if status != "completed" || conclusion == nil {
		return checksPending
	}
	switch *conclusion {
	case "success", "neutral", "skipped":
		return checksSuccess
	}
	return checksFailure
}

func combined(states map[string]int64) string {
	for _, s := range []string{checksFailure, checksPending, checksSuccess} {
		if states[s] > 0 {
			return s
		}
	}
	return checksNone
}
