package life

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// steadyProd lists the production repositories that exist before Start and keep one protection through the life.
func (b *builder) steadyProd() []int {
	var out []int
	for i := range b.w.Repos {
		r := &b.w.Repos[i]
		if r.Prod && r.Created < b.w.Start-20*Day && (len(r.Protection) == 1 || r.Protection[1].At < b.w.Start || r.Protection[1].At > b.w.End) {
			out = append(out, i)
		}
	}
	return out
}

// exposures shows repositories to the public for some hours of a night.
func (b *builder) exposures() {
	prod := b.steadyProd()
	var rest []int
	for i := range b.w.Repos {
		if r := &b.w.Repos[i]; !r.Prod && r.Created < b.w.Start && r.Archived == 0 {
			rest = append(rest, i)
		}
	}
	show := func(kind string, list []int, n int) {
		for k := range min(n, len(list)) {
			r := &b.w.Repos[list[len(list)-1-k]]
			d := roll(b.w.Seed, forCast, len(kind)*1000+k)
			by := b.ownerLogin(k)
			from := on(b.moment(kind, k, n, 4, 8), d.between(18, 22), d.between(0, 59))
			to := from + d.span(8*Hour, 11*Hour) + Time(k%2)*Day
			was := r.VisibilityAt(from)
			r.Visibility = append(r.Visibility, VisibilityChange{from, "public", by}, VisibilityChange{to, was, by})
			b.deviate(kind, r.FullName(), r.FullName(), from, to, "public for "+(to-from).hours()+" hours", "id", itoa(int(r.ID)))
		}
	}
	show("public_production_repo", prod, b.w.copies())
	show("public_repository", rest, b.w.copies())
}

// protectionLapses loosens the protection of production repositories for one to four days, in every way there is.
func (b *builder) protectionLapses() {
	prod := b.steadyProd()
	ways := []struct {
		kind, what, note string
		loosen           func(p *Protection)
	}{
		{"protection_removed", "destroy", "the branch was not protected", func(p *Protection) { p.On = false }},
		{"reviews_not_required", "reviews", "no review was required", func(p *Protection) { p.Approvals, p.DismissStale = 0, false }},
		{"stale_reviews_kept", "stale", "a push left approvals in place", func(p *Protection) { p.DismissStale = false }},
		{"admins_not_enforced", "admins", "administrators were exempt", func(p *Protection) { p.Admins = false }},
		{"force_push_allowed", "force", "force pushes were allowed", func(p *Protection) { p.ForcePush = true }},
		{"deletion_allowed", "deletion", "the branch could be deleted", func(p *Protection) { p.Deletion = true }},
		{"checks_not_required", "checks", "no status check was required", func(p *Protection) { p.Checks = false }},
	}
	total := 2 * len(ways)
	for n := range total {
		way := ways[n%len(ways)]
		r := &b.w.Repos[prod[(n%len(ways)+n/len(ways))%len(prod)]]
		d := roll(b.w.Seed, forCast, 40_000+n)
		// One slot of the life each, so that two never meet on one repository.
		slot := (b.w.Days - 12) * n / total
		from := on(b.w.Start.Date()+4+period.Date(slot), d.between(8, 17), d.between(0, 59))
		to := from + Time(d.between(1, min(3, b.w.Days/30)))*Day + d.span(0, 3*Hour)
		usual := *r.ProtectionAt(from)
		loose, back := usual, usual
		by := b.ownerLogin(n)
		loose.At, loose.By, loose.What, loose.Reduced = from, by, way.what, true
		back.At, back.By, back.What = to, by, "back-"+way.what
		way.loosen(&loose)
		r.Protection = append(r.Protection, loose, back)
		sortProtection(r.Protection)
		b.deviate(way.kind, r.FullName(), r.FullName()+" "+Branch, from, to, way.note, "branch", Branch, "id", itoa(int(r.ID)))
	}
	b.nonOwnerChanges(prod)
}

// nonOwnerChanges lets members who are no owners ask for signed commits: harmless, and not theirs to change.
func (b *builder) nonOwnerChanges(prod []int) {
	n := b.w.copies()
	list := b.lasting()
	for k := range n {
		r := &b.w.Repos[prod[(k*3+2)%len(prod)]]
		d := roll(b.w.Seed, forCast, 50_000+k)
		at := on(b.moment("protection_change_by_non_owner", k, n, 4, 6), d.between(9, 16), d.between(0, 59))
		p := r.ProtectionAt(at)
		if p == nil { // the branch is unprotected at that moment by another deviation
			at += 5 * Day
			p = r.ProtectionAt(at)
		}
		change := *p
		change.At, change.By, change.What, change.Reduced = at, list[(k*5+1)%len(list)], "signatures", false
		r.Protection = append(r.Protection, change)
		sortProtection(r.Protection)
		for v := range r.Protection {
			r.Protection[v].Signatures = r.Protection[v].Signatures || r.Protection[v].At >= at
		}
	}
}

// lasting lists the logins of people who are members through the whole life and never own anything.
func (b *builder) lasting() []int32 {
	var out []int32
	for i := range b.w.Members {
		m := &b.w.Members[i]
		if len(m.Owner) == 0 && m.Covers(b.w.CodeBegin, b.w.End) && b.w.Logins[m.Subject].Person >= 0 {
			out = append(out, m.Subject)
		}
	}
	return out
}

func sortProtection(list []Protection) {
	slices.SortStableFunc(list, func(x, y Protection) int { return int((x.At - y.At) / Second) })
}
