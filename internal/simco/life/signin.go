package life

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// longestPause is how many days people let pass between sign-ins at most, holidays included.
const longestPause = 21

// signIns lets everybody sign in on working days, with holidays of up to two weeks.
func (b *builder) signIns() {
	for i := range b.w.Accounts {
		a := &b.w.Accounts[i]
		if a.Service || len(a.Status) == 0 {
			continue
		}
		b.signInsOf(int32(i), a)
	}
}

func (b *builder) signInsOf(i int32, a *Account) {
	w := b.w
	d := roll(w.Seed, forSignIn, int(i))
	zone := 0
	if a.Person >= 0 {
		zone = Offices[w.People[a.Person].Office].Zone
	}
	active, until := activeFrom(a), min(b.end(a), w.End)
	if p := a.Person; p >= 0 && w.People[p].Left != 0 {
		until = min(until, w.People[p].LeftAt())
	}
	quietFrom, quietTo := b.dormancy(i, a)
	rate := w.SignInsPerDay
	var out []uint32
	add := func(t Time) {
		if t >= active && t < until && (t < quietFrom || t >= quietTo) {
			out = append(out, uint32((t-w.Begin+signInLead*Day)/Second))
		}
	}
	day := max(w.Begin-signInLead*Day, Midnight(active.Date())).Date()
	if active >= Midnight(day) { // the first sign-in is part of the activation
		add(active)
	}
	last, awayUntil := day, day
	for ; Midnight(day) < until; day++ {
		if !workday(day) {
			continue
		}
		if day >= awayUntil && d.chance(0.006) {
			awayUntil = day + period.Date(d.between(3, 14))
		}
		if day < awayUntil && day-last < longestPause {
			continue
		}
		n := int(rate)
		if d.chance(rate - float64(n)) {
			n++
		}
		if rate >= 1 && d.chance(0.05) {
			n = 0
		}
		if day-last >= longestPause {
			n = max(n, 1)
		}
		for k := range n {
			add(on(day, 8-zone+k*9/max(1, n), 0) + d.span(0, 55*Minute))
			last = day
		}
	}
	if quietTo != 0 && quietTo < until {
		add(quietTo)
	}
	slices.Sort(out)
	a.SignIns = slices.Compact(out)
}

// signInLead is how many days before Begin the first kept sign-ins lie, so that nobody looks new at Begin.
const signInLead = longestPause + 3

func activeFrom(a *Account) Time {
	for _, s := range a.Status {
		if s.Is == Active {
			return s.At
		}
	}
	return a.Activated
}

// dormancy is the stretch in which a planted account is not used: it becomes a deviation 90 days into it.
func (b *builder) dormancy(i int32, a *Account) (from, to Time) {
	pl, ok := b.plotOf(i, "dormant_account")
	if !ok {
		return 0, 0
	}
	d := roll(b.w.Seed, forCast, int(i)*64+pl.n)
	due := on(b.moment(pl.kind, pl.n, b.w.copies(), 4, 30), 8, d.between(0, 59))
	from, to = due-90*Day, due+Time(d.between(9, 24))*Day
	if pl.n%2 == 1 {
		to = b.w.End + 90*Day
	}
	a.SignIns = nil
	b.w.dormant = append(b.w.dormant, dormant{i, from, to})
	return from, to
}

type dormant struct {
	account  int32
	from, to Time
}

// listDormant lists the dormant accounts once their last sign-in is known.
func (b *builder) listDormant() {
	for _, q := range b.w.dormant {
		a := &b.w.Accounts[q.account]
		last := b.w.LastSignIn(a, q.from)
		b.deviate("dormant_account", a.ID, a.Login, last+90*Day, q.to, "last signed in on "+last.Date().String(), "login", a.Login)
	}
	b.w.dormant = nil
}

// SignInTime is the instant of a kept sign-in.
func (w *World) SignInTime(s uint32) Time { return w.Begin - signInLead*Day + Time(s)*Second }

// LastSignIn is the account's last sign-in by t; zero if there was none.
func (w *World) LastSignIn(a *Account, t Time) Time {
	if t < w.Begin-signInLead*Day {
		return 0
	}
	limit := uint32((t - w.Begin + signInLead*Day) / Second)
	n, _ := slices.BinarySearch(a.SignIns, limit+1)
	if n == 0 {
		return 0
	}
	return w.SignInTime(a.SignIns[n-1])
}
