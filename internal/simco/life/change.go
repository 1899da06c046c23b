package life

import (
	"cmp"
	"slices"
)

// Pull is a pull request: a proposed change.
type Pull struct {
	Number   int32
	Author   int32 // login
	Created  Time
	Merged   Time // 0 when never
	Closed   Time // closed without a merge, or the merge; 0 while open
	MergedBy int32
	Ticket   int32
	Style    uint8 // bits: where the ticket is named
	Words    uint16
	Release  bool // into a release branch, not the default branch
	Draft    bool
	NoChecks bool
	Commits  []Commit
	Reviews  []Review

	Labelled uint8
	spoilt   bool
}

// Where a pull request names its ticket.
const (
	TicketInTitle uint8 = 1 << iota
	TicketInBranch
	TicketInBody
)

// Commit is a commit of a pull request. By is its author.
type Commit struct {
	At  Time
	By  int32
	Red bool // its checks fail
}

// Review is a review of a pull request. Commit is the position of the commit it looked at.
type Review struct {
	At        Time
	By        int32
	State     ReviewState
	Commit    uint8
	Dismissed Time // 0 while it stands
}

// ReviewState is the verdict of a review.
type ReviewState uint8

// The verdicts.
const (
	Commented ReviewState = iota
	Approved
	ChangesRequested
)

// PullRef names a pull request by repository and position.
type PullRef struct {
	At         Time
	Repo, Pull int32
}

// MergeCommit is the commit number that stands for the merge of a pull request; TestMerge for the trial merge of an open
// one.
const (
	MergeCommit = 255
	TestMerge   = 254
)

// HeadAt is the position of the newest commit at t.
func (p *Pull) HeadAt(t Time) int {
	n := 0
	for i := range p.Commits {
		if p.Commits[i].At <= t {
			n = i
		}
	}
	return n
}

// UpdatedAt is the last thing that happened to the pull request by t.
func (p *Pull) UpdatedAt(t Time) Time {
	last := p.Created
	see := func(at Time) {
		if at <= t && at > last {
			last = at
		}
	}
	for i := range p.Commits {
		see(p.Commits[i].At)
	}
	for i := range p.Reviews {
		see(p.Reviews[i].At)
		see(p.Reviews[i].Dismissed)
	}
	see(p.Merged)
	see(p.Closed)
	return last
}

// Checks take this long after a commit: they start after checkStart and end after CheckTime.
const (
	CheckStart = 40 * Second
	CheckTime  = 9 * Minute
)

// changes proposes, reviews and merges changes in every repository, day by day.
func (b *builder) changes() {
	b.index()
	for i := range b.w.Repos {
		b.changesOf(int32(i))
	}
	if b.w.Planted {
		b.badMerges()
	}
	w := b.w
	for i := range w.Repos {
		r := &w.Repos[i]
		for k := range r.Pulls {
			if r.Pulls[k].Merged != 0 {
				r.Merged = append(r.Merged, int32(k))
				w.Merged = append(w.Merged, PullRef{r.Pulls[k].Merged, int32(i), int32(k)})
			}
		}
		slices.SortStableFunc(r.Merged, func(x, y int32) int { return cmp.Compare(r.Pulls[x].Merged, r.Pulls[y].Merged) })
	}
	slices.SortStableFunc(w.Merged, func(x, y PullRef) int { return cmp.Compare(x.At, y.At) })
}

func (b *builder) changesOf(i int32) {
	w := b.w
	r := &w.Repos[i]
	d := roll(w.Seed, forChange, int(i))
	rate := w.ChangesPerDay * (0.4 + 1.2*d.Float64())
	if !r.Prod {
		rate *= 0.5
	}
	day, end := max(w.CodeBegin.Date()+1, r.Created.Date()+1), w.End.Date()
	if r.Archived != 0 {
		end = r.Archived.Date() - 14
	}
	number := int32(d.between(1, 9))
	for ; day < end; day++ {
		if !workday(day) {
			continue
		}
		for left := rate; left > 0 && d.chance(min(1, left)); left-- {
			if p, ok := b.propose(r, d, day); ok {
				p.Number = number
				number += int32(d.between(1, 3)) // issues take numbers too
				r.Pulls = append(r.Pulls, p)
			}
		}
	}
	slices.SortStableFunc(r.Pulls, func(x, y Pull) int { return cmp.Compare(x.Created, y.Created) })
	for k := 1; k < len(r.Pulls); k++ { // numbers follow the order of creation
		if r.Pulls[k].Number <= r.Pulls[k-1].Number {
			r.Pulls[k].Number = r.Pulls[k-1].Number + 1
		}
	}
}
