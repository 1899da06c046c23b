package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/authority/authoritysql"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/evidence"
)

func (a *App) wireAuthority() {
	store := &authoritysql.Store{DB: a.DB}
	a.Authority = &authority.Service{Store: store, Lines: store, Records: changeRecords{a, &factsRead{}, &statesRead{}}, Tx: a.DB, Ledger: a.Ledger.Store}
}

// changeRecords are the deployments, pull requests and runs of infrastructure as code that were collected.
type changeRecords struct {
	*App
	read   *factsRead
	states *statesRead
}

// factsRead keeps the facts of snapshots that were read lately: what is judged again asks for the same days every few minutes, and a
// snapshot never changes.
type factsRead struct {
	mu    sync.Mutex
	items map[evidence.ItemID]*factsOf
	turn  int64
	size  int64
}

type factsOf struct {
	facts []collect.Fact // nobody changes them
	size  int64
	used  int64
}

// Bounds of what is kept: bytes in all, about, and what a fact takes beside its part of the file.
const (
	factsKept = 64 << 20
	factBytes = 1 << 10
)

// of gives the facts of a snapshot, from what is kept or from its file.
func (r *factsRead) of(it evidence.Item, read func(func(collect.Fact) error) error) ([]collect.Fact, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn++
	if x := r.items[it.ID]; x != nil {
		x.used = r.turn
		return x.facts, nil
	}
	x := &factsOf{used: r.turn, size: it.Bytes + it.Rows*factBytes}
	if err := read(func(f collect.Fact) error {
		switch f := f.(type) { // the source's own record is most of it, and is not asked for
		case *collect.Deployment:
			f.Raw = ""
		case *collect.PullRequest:
			f.Raw = ""
		case *collect.Review:
			f.Raw = ""
		case *collect.InfrastructureRun:
			f.Raw = ""
		case *collect.InfrastructureResource:
			f.Raw = ""
		}
		x.facts = append(x.facts, f)
		return nil
	}); err != nil || x.size > factsKept/4 {
		return x.facts, err
	}
	if r.items == nil {
		r.items = map[evidence.ItemID]*factsOf{}
	}
	r.items[it.ID], r.size = x, r.size+x.size
	for r.size > factsKept {
		oldest := it.ID
		for id, y := range r.items {
			if y.used < r.items[oldest].used {
				oldest = id
			}
		}
		r.size -= r.items[oldest].size
		delete(r.items, oldest)
	}
	return x.facts, nil
}

// opened is how long before it is merged a pull request may have been opened; older ones are read with its last change.
const opened = 45 * 24 * time.Hour

// Records implements authority.Records. What was read in full is known; of the rest nothing is said.
func (a changeRecords) Records(ctx context.Context, s access.ReadScope, from, to time.Time) (authority.Found, error) {
	deployments, known, err := a.deployments(ctx, s, from.Add(-25*time.Hour), to.Add(time.Hour))
	if err != nil {
		return authority.Found{}, err
	}
	merges, more, err := a.merges(ctx, s, from.Add(-25*time.Hour), to.Add(time.Hour))
	if err != nil {
		return authority.Found{}, err
	}
	out, err := a.infrastructure(ctx, s, from, to)
	out.Records = slices.Concat(deployments, merges, out.Records)
	out.Known = slices.Concat(known, more, out.Known)
	return out, err
}

// streamed reads the facts of a resource about a time, and tells for when they are complete.
func (a changeRecords) streamed(ctx context.Context, s access.ReadScope, kind authority.RecordKind, resource string, from, to time.Time, take func(evidence.Item, collect.Fact)) ([]authority.Known, error) {
	items, err := a.Evidence.Store.Stream(ctx, s, "", resource, from, to)
	if err != nil {
		return nil, err
	}
	var known []authority.Known
	for _, it := range items {
		if !it.Completeness.Usable() {
			continue
		}
		known = append(known, authority.Known{Kind: kind, From: it.From, To: it.To})
		facts, err := a.read.of(it, func(emit func(collect.Fact) error) error {
			return collectsql.Facts{Lake: a.Lake}.Read(ctx, it.Resource, it.Path, emit)
		})
		if err != nil {
			return nil, err
		}
		for _, f := range facts {
			take(it, f)
		}
	}
	return known, nil
}

func (a changeRecords) deployments(ctx context.Context, s access.ReadScope, from, to time.Time) ([]authority.Record, []authority.Known, error) {
	newest := map[string]*collect.Deployment{}
	known, err := a.streamed(ctx, s, authority.Deployment, "deployment", from, to, func(_ evidence.Item, f collect.Fact) {
		if d, ok := f.(*collect.Deployment); ok {
			newest[d.Repository+"#"+strings.TrimPrefix(d.ID, d.Repository+"/")] = d
		}
	})
	var out []authority.Record
	for ref, d := range newest {
		r := authority.Record{Kind: authority.Deployment, Ref: ref, Title: d.Environment, Project: d.Repository, From: d.CreatedAt, To: d.CreatedAt}
		if d.UpdatedAt != nil && d.UpdatedAt.After(r.To) {
			r.To = *d.UpdatedAt
		}
		if d.Creator != nil && *d.Creator != "" {
			r.Actors = []string{*d.Creator}
		}
		out = append(out, r)
	}
	return ordered(out), known, err
}

// merges are pull requests that were merged, with who else approved them.
func (a changeRecords) merges(ctx context.Context, s access.ReadScope, from, to time.Time) ([]authority.Record, []authority.Known, error) {
	all, known, err := a.merged(ctx, s, from, to)
	var out []authority.Record
	for _, m := range all {
		r := authority.Record{Kind: authority.PullRequest, Ref: m.ref(), Title: m.pull.Title, Project: m.pull.Repository, From: *m.pull.MergedAt, To: *m.pull.MergedAt, Approver: m.approver}
		if r.Approver == "" {
			r.Lacks = "nobody but its authors approved it"
		}
		out = append(out, r)
	}
	return ordered(out), known, err
}

// merge is a pull request that was merged, and who else approved it; nobody if that is empty.
type merge struct {
	pull     *collect.PullRequest
	approver string
}

func (m merge) ref() string { return number(m.pull.Repository, m.pull.Number) }

// merged reads what was merged in a time.
func (a changeRecords) merged(ctx context.Context, s access.ReadScope, from, to time.Time) ([]merge, []authority.Known, error) {
	newest := map[string]*collect.PullRequest{}
	known, err := a.streamed(ctx, s, authority.PullRequest, "pull_request", from, to, func(_ evidence.Item, f collect.Fact) {
		if p, ok := f.(*collect.PullRequest); ok && p.MergedAt != nil && !p.MergedAt.Before(from) && p.MergedAt.Before(to) {
			newest[p.ID] = p
		}
	})
	if err != nil || len(newest) == 0 {
		return nil, known, err
	}
	approvals := map[string][]*collect.Review{}
	if _, err := a.streamed(ctx, s, authority.PullRequest, "review", from.Add(-opened), to, func(_ evidence.Item, f collect.Fact) {
		if r, ok := f.(*collect.Review); ok && r.State == "approved" {
			approvals[number(r.Repository, r.Number)] = append(approvals[number(r.Repository, r.Number)], r)
		}
	}); err != nil {
		return nil, nil, err
	}
	var out []merge
	for _, p := range newest {
		out = append(out, merge{p, approver(p, approvals[number(p.Repository, p.Number)])})
	}
	return out, known, nil
}

// approver is somebody who approved a pull request and wrote none of it; empty if there is nobody.
func approver(p *collect.PullRequest, reviews []*collect.Review) string {
	authors := []string{p.Author}
	if p.CommitAuthors != nil {
		authors = append(authors, strings.Split(*p.CommitAuthors, ",")...)
	}
	for _, r := range reviews {
		if !slices.ContainsFunc(authors, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), r.Reviewer) }) && (r.SubmittedAt == nil || !r.SubmittedAt.After(*p.MergedAt)) {
			return r.Reviewer
		}
	}
	return ""
}

func ordered(records []authority.Record) []authority.Record {
	slices.SortFunc(records, func(x, y authority.Record) int { return strings.Compare(x.Ref, y.Ref) })
	return records
}

// number is how people call a pull request.
func number(repository string, n int64) string { return repository + "#" + strconv.FormatInt(n, 10) }
