package github

import (
	"context"
	"net/url"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// lateStatus is how long after a deployment its status may still change and be seen: lists go by creation, so runs look
// back that far for deployments that ended, or were replaced, after an earlier run.
const lateStatus = 7 * 24 * time.Hour

// deployment is a deployment as lists show it.
type deployment struct {
	ID          int64      `json:"id"`
	SHA         string     `json:"sha"`
	Ref         string     `json:"ref"`
	Environment string     `json:"environment"`
	Creator     *user      `json:"creator"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   *time.Time `json:"updated_at"`
}

// deployments emits the deployments that were made or changed in the window.
func (r *run) deployments(ctx context.Context, repos []repository) error {
	r.sink.Note("deployment", "GitHub gives no count of deployments to compare the lists with. Changes of a status more than 7 days after the deployment are not seen.")
	return httpx.Each(ctx, parallel, repos, func(ctx context.Context, repo repository) error {
		found, err := r.recentDeployments(ctx, repo)
		if err := r.report(ctx, "deployment", errs.Wrap(err, "deployments of %s", repo.FullName)); err != nil {
			return err
		}
		for _, row := range found {
			if err := r.deployment(ctx, repo, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *run) recentDeployments(ctx context.Context, repo repository) ([]httpx.Row[deployment], error) {
	var out []httpx.Row[deployment]
	seen := map[int64]bool{}
	from := r.since.Add(-lateStatus)
	err := list(ctx, r, "deployment", "GET /repos/{owner}/{repo}/deployments", repoPath(repo.FullName)+"/deployments", url.Values{"per_page": {r.pageSize()}},
		func(row httpx.Row[deployment]) (bool, error) {
			d := row.Value
			if d.CreatedAt.Before(from) {
				return false, nil
			}
			touched := r.inWindow(d.CreatedAt) || d.UpdatedAt != nil && r.inWindow(*d.UpdatedAt)
			if touched && !seen[d.ID] {
				seen[d.ID] = true
				out = append(out, row)
			}
			return true, nil
		})
	return out, err
}

// deployment emits one deployment with its newest status, which GitHub lists first.
func (r *run) deployment(ctx context.Context, repo repository, row httpx.Row[deployment]) error {
	d := row.Value
	f := &collect.Deployment{
		ID: repo.FullName + "/" + id(d.ID), Repository: repo.FullName, SHA: d.SHA, Ref: collect.NonZero(d.Ref), Environment: d.Environment,
		Creator: collect.Ptr(d.Creator.login()), CreatedAt: micros(d.CreatedAt), UpdatedAt: microsPtr(d.UpdatedAt),
	}
	f.Raw = row.Raw
	a, err := r.get(ctx, repoPath(repo.FullName)+"/deployments/"+id(d.ID)+"/statuses", url.Values{"per_page": {"1"}})
	if err == nil {
		r.sink.Page("deployment", "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses")
		var statuses []struct {
			State string `json:"state"`
		}
		if err = a.Decode(&statuses); err == nil && len(statuses) > 0 {
			f.State = collect.NonZero(statuses[0].State)
		}
	}
	if err := r.report(ctx, "deployment", errs.Wrap(err, "status of the deployment %s", f.ID)); err != nil {
		return err
	}
	return r.emit(f)
}
