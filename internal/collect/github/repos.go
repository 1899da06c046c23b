package github

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// repository is a repository as the list shows it.
type repository struct {
	ID            int64      `json:"id"`
	FullName      string     `json:"full_name"`
	Private       *bool      `json:"private"`
	Visibility    *string    `json:"visibility"`
	Archived      *bool      `json:"archived"`
	Fork          *bool      `json:"fork"`
	Topics        []string   `json:"topics"`
	DefaultBranch string     `json:"default_branch"`
	CreatedAt     *time.Time `json:"created_at"`
	PushedAt      *time.Time `json:"pushed_at"`

	production *bool
}

// repositories emits the organisation's repositories and returns them for the steps that go through each.
func (r *run) repositories(ctx context.Context, org organisation) ([]repository, error) {
	var out []repository
	seen := map[int64]bool{}
	query := url.Values{"type": {"all"}, "sort": {"created"}, "direction": {"asc"}, "per_page": {"100"}}
	err := list(ctx, r, "repository", "GET /orgs/{org}/repos", "/orgs/"+esc(r.org)+"/repos", query, func(row httpx.Row[repository]) (bool, error) {
		repo := row.Value
		if seen[repo.ID] { // a repository deleted meanwhile moves the rest, and one may show twice
			return true, nil
		}
		seen[repo.ID] = true
		if repo.Topics != nil {
			repo.production = collect.Ptr(slices.Contains(repo.Topics, r.topic))
		}
		if repo.Visibility == nil && repo.Private != nil { // older servers say no more than whether it is private
			repo.Visibility = collect.Ptr("public")
			if *repo.Private {
				repo.Visibility = collect.Ptr("private")
			}
		}
		out = append(out, repo)
		f := &collect.Repository{
			ID: id(repo.ID), Name: repo.FullName, Visibility: repo.Visibility, Archived: repo.Archived, Fork: repo.Fork,
			Production: repo.production, DefaultBranch: collect.NonZero(repo.DefaultBranch),
			CreatedAt: microsPtr(repo.CreatedAt), PushedAt: microsPtr(repo.PushedAt),
		}
		f.Raw = row.Raw
		return true, r.emit(f)
	})
	if err := r.report(ctx, "repository", err); err != nil {
		return nil, err
	}
	if err != nil {
		for _, res := range []string{"branch_protection", "vulnerability_alert", "pull_request", "review", "deployment"} {
			r.sink.Failed(res, errs.Wrap(err, "the list of repositories is not complete"))
		}
	}
	if org.PublicRepos != nil && org.TotalPrivateRepos != nil {
		r.sink.Total("repository", *org.PublicRepos+*org.TotalPrivateRepos, "public_repos and total_private_repos of GET /orgs/{org}")
	} else {
		r.sink.Note("repository", "GitHub shows the number of private repositories to owners alone, so the list was not compared with it.")
	}
	return out, nil
}

// protection is the protection of a branch. Absent parts are switched off.
type protection struct {
	Reviews *struct {
		Count        int64 `json:"required_approving_review_count"`
		DismissStale bool  `json:"dismiss_stale_reviews"`
	} `json:"required_pull_request_reviews"`
	Checks *struct {
		Contexts []string   `json:"contexts"`
		Checks   []struct{} `json:"checks"`
	} `json:"required_status_checks"`
	EnforceAdmins   *enabled `json:"enforce_admins"`
	AllowForcePush  *enabled `json:"allow_force_pushes"`
	AllowDeletions  *enabled `json:"allow_deletions"`
	RequiredSigning *enabled `json:"required_signatures"`
}

type enabled struct {
	Enabled *bool `json:"enabled"`
}

func (e *enabled) value() *bool {
	if e == nil {
		return nil
	}
	return e.Enabled
}

// protections emits the protection of each default branch.
func (r *run) protections(ctx context.Context, repos []repository) error {
	var withBranch []repository
	for _, repo := range repos {
		if repo.DefaultBranch != "" {
			withBranch = append(withBranch, repo)
		}
	}
	if err := httpx.Each(ctx, parallel, withBranch, r.protection); err != nil {
		return err
	}
	r.sink.Note("branch_protection", "Read are branch protection rules; what repository rulesets ask for besides is not.")
	return nil
}

func (r *run) protection(ctx context.Context, repo repository) error {
	f := &collect.BranchProtection{
		ID: repo.FullName + ":" + repo.DefaultBranch, RepositoryID: id(repo.ID), Repository: repo.FullName, Branch: repo.DefaultBranch,
	}
	const endpoint = "GET /repos/{owner}/{repo}/branches/{branch}/protection"
	a, err := r.get(ctx, repoPath(repo.FullName)+"/branches/"+esc(repo.DefaultBranch)+"/protection", nil)
	switch {
	case notProtected(err):
		r.sink.Page("branch_protection", endpoint)
		f.Protected, f.Raw = collect.Ptr(false), err.Error()
		return r.emit(f)
	case err == nil:
		r.sink.Page("branch_protection", endpoint)
		var p protection
		if err = a.Decode(&p); err == nil {
			p.fill(f)
			f.Raw = string(a.Body)
			return r.emit(f)
		}
	}
	if err := r.report(ctx, "branch_protection", errs.Wrap(err, "protection of %s", f.ID)); err != nil {
		return err
	}
	f.Raw = "not read: " + err.Error()
	return r.emit(f)
}

// notProtected tells GitHub's answer for a branch without protection, which is a 404 like many others, by its words. A
// 404 with other words may mean that the credential cannot see the repository.
func notProtected(err error) bool {
	return missing(err) && says(err, "Branch not protected")
}

// fill copies the protection. GitHub leaves out the parts that are off.
func (p *protection) fill(f *collect.BranchProtection) {
	f.Protected = collect.Ptr(true)
	f.RequiredApprovals, f.DismissesStale, f.RequiredChecks = collect.Ptr(int64(0)), collect.Ptr(false), collect.Ptr(int64(0))
	if p.Reviews != nil {
		f.RequiredApprovals, f.DismissesStale = &p.Reviews.Count, &p.Reviews.DismissStale
	}
	if p.Checks != nil {
		f.RequiredChecks = collect.Ptr(int64(max(len(p.Checks.Contexts), len(p.Checks.Checks))))
	}
	f.EnforcesAdmins = p.EnforceAdmins.value()
	f.AllowsForcePush = p.AllowForcePush.value()
	f.AllowsDeletion = p.AllowDeletions.value()
	f.RequiresSignatures = p.RequiredSigning.value()
}
