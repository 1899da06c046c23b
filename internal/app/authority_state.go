package app

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/evidence"
)

// Facts of infrastructure as code.
const (
	infrastructureRun      = "infrastructure_run"
	infrastructureResource = "infrastructure_resource"
)

// picture is a reading of the states of one source.
type picture struct {
	at    time.Time
	whole bool // of all its workspaces
	of    map[string]*stateRead
}

// stateRead is the state of a workspace as it was read.
type stateRead struct {
	name    string
	run     string // that wrote it
	written time.Time
	holds   *authority.Holdings
}

// statesRead keeps pictures that were made lately: they are asked for again every few minutes, and a snapshot never changes.
type statesRead struct {
	mu    sync.Mutex
	items map[evidence.ItemID]*picture
}

// picturesKept bounds how many.
const picturesKept = 64

// picture reads the states of a snapshot.
func (a changeRecords) picture(ctx context.Context, it evidence.Item) (*picture, error) {
	a.states.mu.Lock()
	defer a.states.mu.Unlock()
	if p := a.states.items[it.ID]; p != nil {
		return p, nil
	}
	facts, err := a.read.of(it, func(emit func(collect.Fact) error) error {
		return collectsql.Facts{Lake: a.Lake}.Read(ctx, it.Resource, it.Path, emit)
	})
	if err != nil {
		return nil, err
	}
	if a.states.items == nil || len(a.states.items) >= picturesKept {
		a.states.items = map[evidence.ItemID]*picture{}
	}
	p := pictureOf(it.From, it.Completeness.Usable(), facts)
	a.states.items[it.ID] = p
	return p, nil
}

// pictureOf is the states that resources tell of. A workspace of which some resource's identifiers could not be read is not known.
func pictureOf(at time.Time, whole bool, facts []collect.Fact) *picture {
	p := &picture{at: at, whole: whole, of: map[string]*stateRead{}}
	lists, dark := map[string][]authority.Managed{}, map[string]bool{}
	for _, f := range facts {
		r, ok := f.(*collect.InfrastructureResource)
		if !ok {
			continue
		}
		if p.of[r.WorkspaceID] == nil {
			x := &stateRead{name: r.Workspace, written: at}
			if r.WrittenAt != nil {
				x.written = *r.WrittenAt
			}
			if r.RunID != nil {
				x.run = *r.RunID
			}
			p.of[r.WorkspaceID] = x
		}
		if r.Mode != "managed" {
			continue
		}
		var names map[string]string
		if r.Identifiers == nil || json.Unmarshal([]byte(*r.Identifiers), &names) != nil {
			dark[r.WorkspaceID] = true
			continue
		}
		lists[r.WorkspaceID] = append(lists[r.WorkspaceID], managedAs(r, names))
	}
	for id, x := range p.of {
		if dark[id] {
			delete(p.of, id)
			continue
		}
		x.holds = authority.NewHoldings(lists[id])
	}
	return p
}

// ownNames are identifiers by which a resource calls itself, whatever its type.
var ownNames = []string{"id", "arn", "name", "self_link", "unique_id", "identifier", "resource_id", "display_name", "full_name", "login", "email", "family"}

// managedAs tells the names of a resource itself from those of what it belongs to: a bucket calls itself by "bucket", and its policy what
// it is of.
func managedAs(r *collect.InfrastructureResource, names map[string]string) authority.Managed {
	m := authority.Managed{Address: r.Address, Type: r.Type}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		stem := key
		for _, end := range []string{"_name", "_id", "_identifier", "_arn"} {
			stem = strings.TrimSuffix(stem, end)
		}
		if slices.Contains(ownNames, key) || strings.HasSuffix(r.Type, "_"+stem) {
			m.Names = append(m.Names, names[key])
		} else {
			m.Of = append(m.Of, names[key])
		}
	}
	return m
}

// workspace is what a picture shows of one: nothing is held where all were read and it is not there; nil where it is not known.
func (p *picture) workspace(id string) *stateRead {
	if x := p.of[id]; x != nil || !p.whole {
		return x
	}
	return &stateRead{written: p.at, holds: authority.NewHoldings(nil)}
}

// infrastructure is what infrastructure as code allows about a time, and what it manages.
func (a changeRecords) infrastructure(ctx context.Context, s access.ReadScope, from, to time.Time) (authority.Found, error) {
	reads, err := a.readsCode(ctx, s)
	if err != nil || !reads {
		return authority.Found{Without: []authority.RecordKind{authority.Infrastructure}}, err
	}
	pictures, since, err := a.pictures(ctx, s, from)
	if err != nil {
		return authority.Found{}, err
	}
	newest := map[string]codeRun{}
	known, err := a.streamed(ctx, s, authority.Infrastructure, infrastructureRun, since, to.Add(time.Hour), func(it evidence.Item, f collect.Fact) {
		if r, ok := f.(*collect.InfrastructureRun); ok {
			newest[r.ID] = codeRun{r, it.System + "/" + it.Source, it.To}
		}
	})
	if err != nil {
		return authority.Found{}, err
	}
	var runs []codeRun
	for _, r := range newest {
		if r.ApplyBeganAt != nil {
			runs = append(runs, r)
		}
	}
	slices.SortFunc(runs, func(x, y codeRun) int {
		return cmp.Or(x.ApplyBeganAt.Compare(*y.ApplyBeganAt), strings.Compare(x.ID, y.ID))
	})
	out := authority.Found{Known: known}
	if out.Held, err = a.held(ctx, pictures, from, to); err != nil {
		return out, err
	}
	asked := slices.DeleteFunc(slices.Clone(runs), func(r codeRun) bool { return r.end().Before(from) || r.ApplyBeganAt.After(to) })
	approvals, err := a.approvals(ctx, s, asked)
	if err != nil {
		return out, err
	}
	for _, r := range asked {
		state, err := a.about(ctx, pictures[r.source], r, runs)
		if err != nil {
			return out, err
		}
		out.Records = append(out.Records, approvals.record(r, state))
	}
	return out, nil
}

// readsCode reports whether a connection of the organisation tells of infrastructure as code. One that has none has no such records.
func (a changeRecords) readsCode(ctx context.Context, s access.ReadScope) (bool, error) {
	all, err := a.Collect.Store.Connections(ctx, s)
	return slices.ContainsFunc(all, func(c collect.Connection) bool { return slices.Contains(a.Collect.ResourcesOf(c), infrastructureRun) }), err
}

// pictures lists the readings of states by source, in order: the last before a time, and all since. They are read when they are needed.
// It gives also since when runs have to be known to tell what came between them.
func (a changeRecords) pictures(ctx context.Context, s access.ReadScope, from time.Time) (map[string][]evidence.Item, time.Time, error) {
	const far = 100 * 365 * 24 * time.Hour
	since := from.Add(-25 * time.Hour)
	before, err := a.Evidence.Store.Latest(ctx, s, "", infrastructureResource, since)
	if err != nil {
		return nil, since, err
	}
	after, err := a.Evidence.Store.Stream(ctx, s, "", infrastructureResource, since, since.Add(far))
	if err != nil {
		return nil, since, err
	}
	out := map[string][]evidence.Item{}
	for _, it := range slices.Concat(before, after) {
		key := it.System + "/" + it.Source
		if !slices.ContainsFunc(out[key], func(x evidence.Item) bool { return x.ID == it.ID }) {
			out[key] = append(out[key], it)
		}
		if it.From.Before(since) {
			since = it.From
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(x, y evidence.Item) int { return x.From.Compare(y.From) })
	}
	return out, since, nil
}

// codeRun is a run with the source that told of it, and until when that had looked.
type codeRun struct {
	*collect.InfrastructureRun
	source string
	seen   time.Time
}

// end is until when a run changed things; what has not ended changed them as long as it was looked at.
func (r codeRun) end() time.Time {
	if r.EndedAt != nil {
		return *r.EndedAt
	}
	return r.seen
}

// about finds what the state of a run's workspace held before and after it.
func (a changeRecords) about(ctx context.Context, items []evidence.Item, r codeRun, runs []codeRun) (*authority.State, error) {
	out := &authority.State{}
	began := *r.ApplyBeganAt
	// What an earlier reading shows was written before it; of later ones the first is asked, which may show that nothing was written.
	later := slices.IndexFunc(items, func(it evidence.Item) bool { return !it.From.Before(r.end()) })
	if later >= 0 && r.EndedAt != nil {
		p, err := a.picture(ctx, items[later])
		if err != nil {
			return nil, err
		}
		if x := p.workspace(r.WorkspaceID); x != nil {
			out.After = x.holds
			still := x.run != r.ID && x.written.Before(began)
			out.AfterNext = p.whole && (x.run == r.ID || still)
			if still {
				out.Before, out.BeforeNext = x.holds, p.whole
				return out, nil
			}
		}
	}
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].From.After(began) {
			continue
		}
		p, err := a.picture(ctx, items[i])
		if err != nil {
			return nil, err
		}
		if x := p.workspace(r.WorkspaceID); x != nil {
			out.Before = x.holds
			out.BeforeNext = p.whole && !slices.ContainsFunc(runs, func(o codeRun) bool {
				return o.WorkspaceID == r.WorkspaceID && o.ID != r.ID && o.ID != x.run && o.end().After(x.written) && o.ApplyBeganAt.Before(began)
			})
		}
		break
	}
	return out, nil
}

// held is what workspaces held between two instants: by the last reading before, and the first after.
func (a changeRecords) held(ctx context.Context, pictures map[string][]evidence.Item, from, to time.Time) ([]authority.Held, error) {
	var out []authority.Held
	for _, source := range slices.Sorted(maps.Keys(pictures)) {
		items := pictures[source]
		last, next := -1, len(items)
		for i, it := range items {
			if !it.From.After(from) {
				last = i
			}
			if it.From.After(to) {
				next = min(next, i)
			}
		}
		for _, i := range []int{last, next} {
			if i < 0 || i >= len(items) {
				continue
			}
			p, err := a.picture(ctx, items[i])
			if err != nil {
				return nil, err
			}
			for _, id := range slices.Sorted(maps.Keys(p.of)) {
				x := p.of[id]
				h := authority.Held{Workspace: x.name, Holdings: x.holds, From: x.written, To: to.Add(time.Second)}
				if i == last && next < len(items) {
					h.To = items[next].From
				}
				out = append(out, h)
			}
		}
	}
	return out, nil
}

// approved is who approved runs: by commit, the pull requests whose merges they apply.
type approved struct {
	merges map[string]merge
	known  []authority.Known // times in which what was merged is known
}

// approvals reads the pull requests of the commits of runs that nobody else confirmed.
func (a changeRecords) approvals(ctx context.Context, s access.ReadScope, runs []codeRun) (approved, error) {
	out := approved{merges: map[string]merge{}}
	var first, last time.Time
	for _, r := range runs {
		if _, why := confirmer(r.InfrastructureRun); why == "" || r.Commit == nil {
			continue
		}
		if first.IsZero() || r.CreatedAt.Before(first) {
			first = r.CreatedAt
		}
		if r.CreatedAt.After(last) {
			last = r.CreatedAt
		}
	}
	if first.IsZero() {
		return out, nil
	}
	all, known, err := a.merged(ctx, s, first.Add(-opened), last.Add(time.Hour))
	for _, m := range all {
		switch {
		case m.pull.MergeSHA != nil:
			out.merges[*m.pull.MergeSHA] = m
		case m.pull.HeadSHA != nil: // merged as it was
			out.merges[*m.pull.HeadSHA] = m
		}
	}
	out.known = known
	return out, err
}

// confirmer is somebody who confirmed a run and did not make it, or why there is nobody.
func confirmer(r *collect.InfrastructureRun) (who, why string) {
	switch {
	case r.ConfirmedBy == nil:
		return "", "nobody else confirmed it"
	case r.CreatedBy == nil:
		return "", "who made it is not told"
	case strings.EqualFold(*r.ConfirmedBy, *r.CreatedBy):
		return "", "who made it confirmed it"
	case r.ConfirmedByService != nil && *r.ConfirmedByService:
		return "", "a program confirmed it"
	}
	return *r.ConfirmedBy, ""
}

// record is a run as a record that allows what it is about: somebody else confirmed it, or approved the pull request that it applies.
func (x approved) record(r codeRun, state *authority.State) authority.Record {
	out := authority.Record{Kind: authority.Infrastructure, Ref: r.Workspace + "/" + r.ID, Project: r.Workspace, State: state, From: r.ApplyBeganAt.Truncate(time.Second), To: r.end().Add(time.Second)}
	var why string
	if out.Approver, why = confirmer(r.InfrastructureRun); why == "" {
		return out
	}
	if r.Commit == nil {
		out.Lacks = why + ", and it names no commit"
		return out
	}
	m, ok := x.merges[*r.Commit]
	switch {
	case ok && m.approver != "":
		out.Approver, out.Title = m.approver, m.ref()
	case ok:
		out.Lacks = why + ", and nobody but its authors approved " + m.ref()
	case spanned(x.known, r.CreatedAt.Add(-opened), r.CreatedAt):
		out.Lacks = why + ", and its commit " + (*r.Commit)[:min(12, len(*r.Commit))] + " is of no pull request that was merged"
	default:
		out.Unsure = "no source tells of the pull request of its commit"
	}
	return out
}

// spanned reports whether times cover all from one instant to another.
func spanned(known []authority.Known, from, to time.Time) bool {
	known = slices.Clone(known)
	slices.SortFunc(known, func(x, y authority.Known) int { return x.From.Compare(y.From) })
	for _, k := range known {
		if k.From.After(from) {
			break
		}
		if k.To.After(from) {
			from = k.To
		}
	}
	return !from.Before(to)
}
