package life

import (
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// longestChange bounds how long a change takes, so that everybody in it is a member throughout.
const longestChange = 12 * Day

// propose lives through one pull request.
func (b *builder) propose(r *Repo, d dice, day period.Date) (Pull, bool) {
	at := on(day, d.between(7, 16), d.between(0, 59)) + d.span(0, 59*Second)
	author := b.somebody(r, d, at, -1, -1)
	if author < 0 {
		return Pull{}, false
	}
	p := Pull{Author: author, Created: at, Ticket: int32(100 + d.IntN(9000)), Words: uint16(d.IntN(1 << 16)), Labelled: uint8(d.IntN(8)),
		Style: []uint8{TicketInTitle, TicketInTitle, TicketInTitle | TicketInBody, TicketInBranch, TicketInTitle | TicketInBranch}[d.IntN(5)]}
	p.Release = d.chance(0.04)
	p.NoChecks = !r.Prod && d.chance(0.3)
	by := author
	if d.chance(0.06) { // an update of a dependency
		p.Author, by = b.updateBot, b.updateBot
		p.Style, p.Release = TicketInTitle, false
	}
	other := int32(-1)
	if by == author && d.chance(0.08) {
		other = b.somebody(r, d, at, author, -1)
	}
	first := at - d.span(2*Minute, 90*Minute)
	p.Commits = append(p.Commits, Commit{At: first, By: by})
	for range d.IntN(3) {
		first += d.span(Minute, 30*Minute)
		if first < at {
			p.Commits = append(p.Commits, Commit{At: first, By: by})
		}
	}
	if other >= 0 {
		p.Commits = append(p.Commits, Commit{At: at + d.span(5*Minute, 60*Minute), By: other})
	}
	reviewer := b.somebody(r, d, at, author, other)
	if reviewer < 0 {
		return Pull{}, false
	}
	b.fate(r, &p, d, by, reviewer)
	return p, true
}

// fate reviews a pull request and merges it, closes it, or leaves it open.
func (b *builder) fate(r *Repo, p *Pull, d dice, by, reviewer int32) {
	last := func() Commit { return p.Commits[len(p.Commits)-1] }
	review := func(after, upTo Time, who int32, s ReviewState) Time {
		at := worktime(max(last().At, p.Created) + d.span(after, upTo))
		p.Reviews = append(p.Reviews, Review{At: at, By: who, State: s, Commit: uint8(len(p.Commits) - 1)})
		return at
	}
	push := func(after Time) {
		at := worktime(after + d.span(10*Minute, 4*Hour))
		for i := range p.Reviews { // the branch dismisses stale approvals
			if v := &p.Reviews[i]; v.State == Approved && v.Dismissed == 0 {
				v.Dismissed = at
			}
		}
		p.Commits = append(p.Commits, Commit{At: at, By: by})
	}
	end := d.Float64()
	if d.chance(0.15) {
		p.Commits[len(p.Commits)-1].Red = true
		push(last().At + CheckTime)
	}
	if d.chance(0.12) {
		push(review(20*Minute, 20*Hour, reviewer, ChangesRequested))
	} else if d.chance(0.1) {
		push(review(20*Minute, 20*Hour, reviewer, Approved))
	} else if d.chance(0.2) {
		review(20*Minute, 5*Hour, reviewer, Commented)
	}
	switch {
	case end > 0.97:
		p.Draft = d.chance(0.5)
		return // stays open
	case end > 0.90:
		p.Closed = worktime(last().At + d.span(Hour, 60*Hour))
		return
	}
	loose := !r.Prod || p.Release
	at := last().At + CheckTime + d.span(5*Minute, 2*Hour)
	if !loose || d.chance(0.5) {
		at = max(at, review(30*Minute, 26*Hour, reviewer, Approved))
	}
	p.Merged = worktime(at + d.span(3*Minute, 3*Hour))
	p.Closed = p.Merged
	p.MergedBy = []int32{reviewer, by}[d.IntN(2)]
	if by == b.updateBot {
		p.MergedBy = reviewer
	}
	if loose && d.chance(0.15) {
		p.Style = 0
	}
}

// index prepares the choice of people for changes.
func (b *builder) index() {
	w := b.w
	b.updateBot, b.deployBot = w.loginName[UpdateBot], w.loginName[DeployBot]
	b.span = make([]Span, len(w.Logins))
	for _, list := range [][]Member{w.Members, w.Collaborators} {
		for i := range list {
			b.span[list[i].Subject] = list[i].Span
		}
	}
}

// somebody is a login of the repository's team, or of another where that is too small, who is around for a change that
// begins at t; -1 if nobody is found.
func (b *builder) somebody(r *Repo, d dice, t Time, not, nor int32) int32 {
	crew := b.crew[r.Team-1]
	for n := range 60 {
		seats := crew
		if n >= 20 {
			seats = b.coders
		}
		s := seats[d.IntN(len(seats))]
		for _, h := range b.held[s] {
			if h.from > t || h.to != 0 && h.to < t+longestChange {
				continue
			}
			l := b.w.loginOf[h.person]
			if l >= 0 && l != not && l != nor && b.span[l].Covers(t-Day, t+longestChange) && b.clean(h.person) {
				return l
			}
		}
	}
	return -1
}

// clean reports whether a person may take part in changes: people whose own planted deviation concerns their membership
// do not, so that no second reading of it arises.
func (b *builder) clean(person int32) bool {
	for _, p := range b.plots[person] {
		switch p.kind {
		case "leaver_in_github", "owner_outside_team":
			return false
		}
	}
	return true
}
