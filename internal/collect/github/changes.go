package github

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// pull is a pull request as lists show it, and with MergedBy and Commits as its own document does.
type pull struct {
	Number int64   `json:"number"`
	Title  string  `json:"title"`
	Body   *string `json:"body"`
	User   *user   `json:"user"`
	State  string  `json:"state"`
	Draft  *bool   `json:"draft"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
	Head struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	} `json:"head"`
	Base struct {
		Ref string `json:"ref"`
	} `json:"base"`
	MergeCommitSHA *string    `json:"merge_commit_sha"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	ClosedAt       *time.Time `json:"closed_at"`
	MergedAt       *time.Time `json:"merged_at"`
	MergedBy       *user      `json:"merged_by"`
	Commits        int64      `json:"commits"`
}

// change is a pull request of the window on its way to becoming facts.
type change struct {
	repo repository
	row  httpx.Row[pull]
}

// changes emits the pull requests that were updated in the window, with their reviews. Those of archived repositories are
// among them: a change may be merged, and its repository archived, between two runs.
func (r *run) changes(ctx context.Context, repos []repository) error {
	var mu sync.Mutex
	var found []change
	complete := true
	err := httpx.Each(ctx, parallel, repos, func(ctx context.Context, repo repository) error {
		list, err := r.updatedPulls(ctx, repo)
		mu.Lock()
		found = append(found, list...)
		complete = complete && err == nil
		mu.Unlock()
		if err := r.report(ctx, "pull_request", errs.Wrap(err, "pull requests of %s", repo.FullName)); err != nil {
			return err
		}
		return r.report(ctx, "review", errs.Wrap(err, "the pull requests of %s could not be listed", repo.FullName))
	})
	if err != nil {
		return err
	}
	d := &details{run: r}
	if err := httpx.Each(ctx, parallel, found, d.emit); err != nil {
		return err
	}
	d.notes()
	r.sink.Note("review", "GitHub gives no count of reviews to compare the lists with.")
	return r.report(ctx, "pull_request", r.countPulls(ctx))
}

// updatedPulls lists the pull requests of a repository from the one updated last, down to the start of the window. What
// is updated while the pages are read moves to the front and belongs to the next window; the rest moves back and may show
// twice, but cannot be missed.
func (r *run) updatedPulls(ctx context.Context, repo repository) ([]change, error) {
	var out []change
	seen := map[int64]bool{}
	query := url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {r.pageSize()}}
	err := list(ctx, r, "pull_request", "GET /repos/{owner}/{repo}/pulls", repoPath(repo.FullName)+"/pulls", query, func(row httpx.Row[pull]) (bool, error) {
		p := row.Value
		if p.UpdatedAt.Before(r.since) {
			return false, nil
		}
		if r.inWindow(p.UpdatedAt) && !seen[p.Number] {
			seen[p.Number] = true
			out = append(out, change{repo, row})
		}
		return true, nil
	})
	return out, err
}

// countPulls asks the search for the number of pull requests updated in the window. Its times are to the second and both
// ends count.
func (r *run) countPulls(ctx context.Context) error {
	const layout = "2006-01-02T15:04:05Z"
	from, to := ceilSecond(r.since), ceilSecond(r.until).Add(-time.Second)
	if to.Before(from) {
		return nil
	}
	q := "org:" + r.org + " is:pr updated:" + from.Format(layout) + ".." + to.Format(layout)
	a, err := r.get(ctx, "/search/issues", url.Values{"q": {q}, "per_page": {"1"}})
	if err != nil {
		return errs.Wrap(err, "count pull requests")
	}
	r.sink.Page("pull_request", "GET /search/issues")
	var answer struct {
		Total      *int64 `json:"total_count"`
		Incomplete bool   `json:"incomplete_results"`
	}
	if err := a.Decode(&answer); err != nil {
		return err
	}
	if answer.Total == nil || answer.Incomplete {
		r.sink.Note("pull_request", "GitHub's search did not finish, so the number of pull requests was not compared with it.")
		return nil
	}
	r.sink.Total("pull_request", *answer.Total, "total_count of GET /search/issues?q="+q)
	return nil
}

// ceilSecond is the first whole second not before t.
func ceilSecond(t time.Time) time.Time {
	if s := t.UTC().Truncate(time.Second); !s.Before(t) {
		return s
	}
	return t.UTC().Truncate(time.Second).Add(time.Second)
}

// details reads what lists of pull requests do not show.
type details struct {
	*run
	denied   sync.Map // "resource repository" that the credential may not read: asked once
	unlinked atomic.Int64
	long     atomic.Int64
}

// emit emits one pull request and its reviews.
func (d *details) emit(ctx context.Context, c change) error {
	p, raw := c.row.Value, c.row.Raw
	f := &collect.PullRequest{
		ID: c.repo.FullName + "#" + id(p.Number), Repository: c.repo.FullName, Number: p.Number, Title: p.Title, Author: p.User.login(),
		State: p.State, Draft: p.Draft, BaseBranch: p.Base.Ref, HeadSHA: collect.NonZero(p.Head.SHA), Ticket: d.ticketOf(&p),
		Labels: labels(&p), CreatedAt: micros(p.CreatedAt), UpdatedAt: micros(p.UpdatedAt), ClosedAt: microsPtr(p.ClosedAt),
		MergedAt: microsPtr(p.MergedAt), RepositoryProd: c.repo.production,
	}
	if p.MergedAt != nil {
		f.State, f.MergeSHA = "merged", p.MergeCommitSHA
		full, err := d.merged(ctx, c, f)
		if err != nil {
			return err
		}
		if full != "" {
			raw = full
		}
	}
	f.Raw = raw
	if err := d.run.emit(f); err != nil {
		return err
	}
	return d.reviews(ctx, c)
}

// merged reads who merged a change, who wrote its commits, and how its checks ended. It returns the request's own
// document. What cannot be read stays unknown.
func (d *details) merged(ctx context.Context, c change, f *collect.PullRequest) (raw string, err error) {
	own := repoPath(c.repo.FullName) + "/pulls/" + id(f.Number)
	commits := int64(-1)
	err = d.once(ctx, "pull_request", c, "", func() error {
		a, err := d.get(ctx, own, nil)
		if err != nil {
			return err
		}
		d.sink.Page("pull_request", "GET /repos/{owner}/{repo}/pulls/{pull_number}")
		var full pull
		if err := a.Decode(&full); err != nil {
			return err
		}
		f.MergedBy, commits, raw = collect.Ptr(full.MergedBy.login()), full.Commits, string(a.Body)
		return nil
	})
	if err == nil {
		err = d.once(ctx, "pull_request", c, "commits of ", func() error { return d.authors(ctx, own, commits, f) })
	}
	if err == nil && f.HeadSHA != nil {
		err = d.once(ctx, "pull_request", c, "checks of ", func() error { return d.checks(ctx, c.repo.FullName, f) })
	}
	return raw, err
}

// once does one step for a change, and not again for the same repository when the credential may not.
func (d *details) once(ctx context.Context, resource string, c change, what string, do func() error) error {
	key := resource + " " + what + c.repo.FullName
	if _, denied := d.denied.Load(key); denied {
		return nil
	}
	err := do()
	if errs.Is(err, errs.Denied) {
		if _, told := d.denied.LoadOrStore(key, true); told {
			return nil
		}
		return d.report(ctx, resource, errs.Wrap(err, "%sthe pull requests of %s", what, c.repo.FullName))
	}
	return d.report(ctx, resource, errs.Wrap(err, "%s%s#%d", what, c.repo.FullName, c.row.Value.Number))
}

// maxCommits is how many commits of a pull request GitHub lists.
const maxCommits = 250

// authors fills the logins of those who wrote the change's commits. Where an address belongs to no account, or commits are
// left out, it is not known who all wrote it.
func (d *details) authors(ctx context.Context, own string, commits int64, f *collect.PullRequest) error {
	var logins []string
	n, known := int64(0), true
	err := list(ctx, d.run, "pull_request", "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", own+"/commits", url.Values{"per_page": {"100"}},
		func(row httpx.Row[struct {
			Author *user `json:"author"`
		}]) (bool, error) {
			n++
			if a := row.Value.Author; a == nil || a.Login == "" {
				known = false
			} else if !slices.Contains(logins, a.Login) {
				logins = append(logins, a.Login)
			}
			return true, nil
		})
	switch {
	case err != nil:
		return err
	case commits > maxCommits:
		d.long.Add(1)
		return nil
	case commits >= 0 && n != commits:
		return errs.New(errs.Invalid, "%d commits came, but GitHub says there are %d", n, commits)
	case !known:
		d.unlinked.Add(1)
		return nil
	}
	slices.Sort(logins)
	f.CommitAuthors = collect.Ptr(strings.Join(logins, ","))
	return nil
}

func (d *details) notes() {
	if n := d.unlinked.Load(); n > 0 {
		d.sink.Note("pull_request", id(n)+" merged pull requests have commits by addresses that belong to no GitHub account; who wrote them is not known.")
	}
	if n := d.long.Load(); n > 0 {
		d.sink.Note("pull_request", id(n)+" merged pull requests have more than 250 commits, of which GitHub lists no more; who wrote them is not known.")
	}
}

// ticketOf finds the first ticket reference in title, branch or description, in this order.
func (r *run) ticketOf(p *pull) *string {
	texts := []string{p.Title, p.Head.Ref}
	if p.Body != nil {
		texts = append(texts, *p.Body)
	}
	for _, t := range texts {
		if m := r.ticket.FindString(t); m != "" {
			return &m
		}
	}
	return collect.Ptr("")
}

func labels(p *pull) *string {
	names := make([]string, 0, len(p.Labels))
	for _, l := range p.Labels {
		names = append(names, l.Name)
	}
	return collect.Ptr(strings.Join(names, ","))
}
