package life

import (
	"fmt"
	"slices"
)

// badMerges spoils merges of production code, each in one way.
func (b *builder) badMerges() {
	ways := []struct {
		kind, note string
		spoil      func(p *Pull, v *Review)
	}{
		{"merge_without_review", "merged without an approval", func(p *Pull, v *Review) {
			p.Reviews = slices.DeleteFunc(p.Reviews, func(r Review) bool { return r.State == Approved })
		}},
		{"self_approved", "the only approver wrote the last commit", spoilSelf},
		{"approval_before_last_push", "a commit was pushed after the approval", spoilStale},
		{"approved_after_merge", "approved two hours after the merge", func(p *Pull, v *Review) {
			late := *v
			late.At = p.Merged + 2*Hour
			p.Reviews = append(slices.DeleteFunc(p.Reviews, func(r Review) bool { return r.State == Approved }), late)
		}},
		{"checks_failed_merge", "a check of the last commit had failed", func(p *Pull, _ *Review) { p.Commits[len(p.Commits)-1].Red = true }},
		{"merge_without_checks", "no check of the last commit ran", func(p *Pull, _ *Review) { p.NoChecks = true }},
		{"merge_without_ticket", "neither title nor branch names a ticket", func(p *Pull, _ *Review) { p.Style = 0 }},
	}
	n := b.w.copies()
	for k, way := range ways {
		for c := range n {
			from := Midnight(b.moment(way.kind, c, n, 3, 12))
			r, p := b.ordinaryMerge(from, k*17+c)
			if p == nil {
				continue
			}
			at := len(p.Reviews) - 1
			for p.Reviews[at].State != Approved {
				at--
			}
			p.spoilt = true
			way.spoil(p, &p.Reviews[at])
			name := fmt.Sprintf("%s#%d", r.FullName(), p.Number)
			b.deviate(way.kind, name, name, p.Merged, p.Merged, way.note, "repository", r.FullName(), "number", itoa(int(p.Number)),
				"author", b.w.Logins[p.Author].Name, "merge_commit_sha", b.w.SHA(b.w.RepoByName(r.Name), p, MergeCommit))
		}
	}
}

// ordinaryMerge is the first merge of a person's change to production code after t, in the k-th repository or one after
// it, that nothing was done to yet.
func (b *builder) ordinaryMerge(t Time, k int) (*Repo, *Pull) {
	w := b.w
	var best *Pull
	var where *Repo
	for n := range w.Repos {
		r := &w.Repos[(k+n)%len(w.Repos)]
		if !r.Prod {
			continue
		}
		for i := range r.Pulls {
			p := &r.Pulls[i]
			if p.Merged >= t && p.Merged < w.End-5*Day && !p.Release && !p.spoilt && p.Author != b.updateBot &&
				(best == nil || p.Merged < best.Merged) {
				best, where = p, r
			}
		}
		if best != nil && best.Merged < t+5*Day {
			break
		}
	}
	return where, best
}

// spoilSelf lets the reviewer push the last commit and approve it.
func spoilSelf(p *Pull, v *Review) {
	p.Commits = append(p.Commits, Commit{At: v.At - 10*Minute, By: v.By})
	v.Commit = uint8(len(p.Commits) - 1)
}

// spoilStale pushes a commit between the approval and the merge.
func spoilStale(p *Pull, v *Review) {
	push := v.At + 6*Minute
	p.Commits = append(p.Commits, Commit{At: push, By: p.Commits[0].By})
	if ready := push + CheckTime + 4*Minute; p.Merged < ready {
		p.Merged, p.Closed = ready, ready
	}
}
