package life

import "github.com/tickmark/tickmark/internal/kernel/period"

var factorPrefix = [...]string{Push: "opf", TOTP: "ost", GoogleTOTP: "uft", WebAuthn: "fwf", U2F: "fuf", SignedNonce: "pfd", SMS: "mbl"}

// factors enrols an account's second factors on its first day, replaces a telephone now and then, and applies what is
// planted.
func (b *builder) factors(i int32, a *Account, active Time) {
	d := roll(b.w.Seed, forFactor, int(i))
	add := func(k FactorKind, at Time) *Factor {
		a.Factors = append(a.Factors, Factor{ID: b.w.ID(factorPrefix[k], int(i)*8+len(a.Factors)), Kind: k, Enrolled: at})
		return &a.Factors[len(a.Factors)-1]
	}
	at := active + d.span(3*Minute, 12*Minute)
	if pl, ok := b.plotOf(i, "account_without_factor"); ok {
		b.withoutFactor(i, a, pl, at, add)
		return
	}
	phone := add(Push, at)
	if at2 := b.replacement(a, active, d); at2 != 0 {
		phone.Removed = at2 + 9*Minute
		add(Push, at2)
	}
	if d.chance(0.45) {
		add([]FactorKind{TOTP, GoogleTOTP}[d.IntN(2)], at+2*Minute)
	}
	if b.keyHolder(i) || d.chance(0.3) {
		key := add([]FactorKind{WebAuthn, WebAuthn, WebAuthn, U2F}[d.IntN(4)], at+4*Minute)
		b.losesKey(i, a, key, add)
	}
	if d.chance(0.12) && !b.plotted(i, "admin_without_phishing_resistant_factor") {
		add(SignedNonce, at+7*Minute)
	}
	if d.chance(0.06) && len(a.Factors) < 7 {
		add(SMS, at+9*Minute).Pending = d.chance(0.6)
	}
}

// replacement is when a person gets another telephone, at most once in the life; 0 for most.
func (b *builder) replacement(a *Account, active Time, d dice) Time {
	t := on(nextWorkday(b.first+period.Date(d.IntN(History+b.w.Days))), 12, d.between(0, 59))
	if !d.chance(0.12) || t < active+10*Day || t > b.end(a)-Day {
		return 0
	}
	return t
}

// keyHolder reports whether a person must have a security key: those who ever hold an administrator role.
func (b *builder) keyHolder(i int32) bool {
	if b.plotted(i, "admin_outside_group") {
		return true
	}
	for _, s := range b.w.People[i].stints {
		if b.seats[s.seat].admin != "" {
			return true
		}
	}
	return false
}

// losesKey takes an administrator's security key away for some days where that is planted.
func (b *builder) losesKey(i int32, a *Account, key *Factor, add func(FactorKind, Time) *Factor) {
	pl, ok := b.plotOf(i, "admin_without_phishing_resistant_factor")
	if !ok {
		return
	}
	d := roll(b.w.Seed, forCast, int(i)*64+pl.n)
	gone := on(b.moment(pl.kind, pl.n, b.w.copies(), 4, 16), 15, d.between(0, 59))
	again := gone + Time(d.between(3, 8))*Day - d.span(Hour, 5*Hour)
	key.Removed = gone
	add(WebAuthn, again)
	b.deviate(pl.kind, a.ID, a.Login, gone, again, "an administrator whose only factors could be phished", "login", a.Login)
}

// withoutFactor leaves an account without any active factor: from the start, or after a reset.
func (b *builder) withoutFactor(i int32, a *Account, pl plot, at Time, add func(FactorKind, Time) *Factor) {
	d := roll(b.w.Seed, forCast, int(i)*64+pl.n)
	from, note := a.Activated+Day, "no factor was enrolled after activation"
	to := from + Time(d.between(2, 5))*Day
	if pl.n%2 == 1 {
		from = on(b.moment(pl.kind, pl.n, b.w.copies(), 4, 14), 11, d.between(0, 59))
		to, note = from+Time(d.between(2, 6))*Day-d.span(Hour, 2*Hour), "the factors were reset and none enrolled"
		add(Push, at).Removed = from
		add(TOTP, at+Minute).Removed = from
	} else {
		add(SMS, at).Pending = true
	}
	add(Push, to)
	b.deviate(pl.kind, a.ID, a.Login, from, to, note, "login", a.Login)
}
