package life

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Status is the state of an account in the identity provider.
type Status uint8

// The states, as the identity provider orders them.
const (
	Staged Status = iota
	Provisioned
	Active
	Recovery
	PasswordExpired
	LockedOut
	Suspended
	Deprovisioned
)

// String is the provider's word for the state.
func (s Status) String() string {
	return [...]string{"STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"}[s]
}

// Account is an account in the identity provider.
type Account struct {
	ID          string
	Person      int32 // index; -1 for service accounts and strays
	Service     bool
	Login       string
	First, Last string
	Created     Time
	Activated   Time
	Closed      Time // deactivated; 0 while open
	Status      []StatusChange
	Factors     []Factor
	Password    []Time   // changes of the password, ascending
	SignIns     []uint32 // seconds after Begin, ascending; the first may stand for all before it
	Rank        int32    // position in the order of creation
	changed     []Time   // every change of the record, ascending
}

// StatusChange is the beginning of a state.
type StatusChange struct {
	At Time
	Is Status
}

// Factor is a second factor of an account.
type Factor struct {
	ID       string
	Kind     FactorKind
	Pending  bool // enrolled but never activated
	Enrolled Time
	Removed  Time // 0 while there
}

// FactorKind is a type of factor with its provider.
type FactorKind uint8

// The kinds of factors in use.
const (
	Push FactorKind = iota
	TOTP
	GoogleTOTP
	WebAuthn
	U2F
	SignedNonce
	SMS
)

// Resistant reports whether the kind resists phishing: the person cannot hand it to a false site.
func (k FactorKind) Resistant() bool { return k == WebAuthn || k == U2F || k == SignedNonce }

// StatusAt is the state of the account at t.
func (a *Account) StatusAt(t Time) StatusChange {
	for i := len(a.Status) - 1; i > 0; i-- {
		if a.Status[i].At <= t {
			return a.Status[i]
		}
	}
	return a.Status[0]
}

// ChangedAt is the last change of the account's record by t.
func (a *Account) ChangedAt(t Time) Time { return max(a.Created, LatestBy(a.changed, t)) }

// There reports whether the factor is set up at t.
func (f *Factor) There(t Time) bool { return f.Enrolled <= t && (f.Removed == 0 || t < f.Removed) }

// AccountByID finds an account; -1 if there is none.
func (w *World) AccountByID(id string) int32 {
	if i, ok := w.accountID[id]; ok {
		return i
	}
	return -1
}

// accounts makes the identity provider's accounts: one for each person, the registered service accounts, and strays.
func (b *builder) accounts() {
	w := b.w
	w.Accounts = make([]Account, len(w.People), len(w.People)+64)
	for i := range w.People {
		b.personal(int32(i))
	}
	b.serviceAccounts()
	if w.Planted {
		b.strays()
	}
	w.accountID = make(map[string]int32, len(w.Accounts))
	w.AccountOrder = make([]int32, len(w.Accounts))
	for i := range w.Accounts {
		a := &w.Accounts[i]
		w.AccountOrder[i] = int32(i)
		w.accountID[a.ID] = int32(i)
		b.settleAccount(a)
	}
	slices.SortStableFunc(w.AccountOrder, func(x, y int32) int {
		return int(w.Accounts[x].Created/Second - w.Accounts[y].Created/Second)
	})
	for n, i := range w.AccountOrder {
		w.Accounts[i].Rank = int32(n)
	}
}

// settleAccount closes what ends with the account and lists the changes of its record.
func (b *builder) settleAccount(a *Account) {
	slices.SortStableFunc(a.Status, func(x, y StatusChange) int { return int((x.At - y.At) / Second) })
	if a.Closed != 0 {
		for k := range a.Factors {
			if f := &a.Factors[k]; f.Removed == 0 || f.Removed > a.Closed {
				f.Removed = a.Closed
			}
		}
	}
	for _, s := range a.Status {
		a.changed = append(a.changed, s.At)
	}
	a.changed = append(a.changed, a.Password...)
	if a.Person >= 0 {
		for _, j := range b.w.People[a.Person].Jobs {
			if j.From > a.Created && (a.Closed == 0 || j.From < a.Closed) {
				a.changed = append(a.changed, j.From)
			}
		}
	}
	slices.Sort(a.changed)
}

// personal makes the account of person i.
func (b *builder) personal(i int32) {
	p := &b.w.People[i]
	d := roll(b.w.Seed, forAccount, int(i))
	a := &b.w.Accounts[i]
	*a = Account{ID: b.w.ID("00u", int(i)), Person: i, Login: p.Email, First: p.First, Last: p.Last}
	a.Created = on(p.Hired, 6, d.between(0, 59)) + d.span(0, Minute)
	active := on(p.Hired, 9-Offices[p.Office].Zone, d.between(0, 50)) + d.span(0, Minute)
	b.early(i, a, &active)
	if a.Activated == 0 {
		a.Activated = a.Created + d.span(10*Minute, 40*Minute)
	}
	a.Status = []StatusChange{{a.Created, Staged}, {a.Activated, Provisioned}, {active, Active}}
	if p.Left != 0 {
		a.Closed = p.LeftAt() + d.span(Hour, 5*Hour+50*Minute)
		b.leftOpen(i, a)
		a.Status = append(a.Status, StatusChange{a.Closed, Deprovisioned})
	}
	a.Password = append(series(d, active, b.end(a), 150, 330), active)
	slices.Sort(a.Password)
	b.incidents(i, a, d)
	b.factors(i, a, active)
}

// end is when the account closes, or some time after the life.
func (b *builder) end(a *Account) Time {
	if a.Closed != 0 {
		return a.Closed
	}
	return b.w.End + 30*Day
}

// early moves the making of an account before the hire date where that is planted.
func (b *builder) early(i int32, a *Account, active *Time) {
	pl, ok := b.plotOf(i, "early_account")
	if !ok {
		return
	}
	p := &b.w.People[i]
	hired := Midnight(p.Hired)
	label := []string{"login", a.Login, "employee", p.Email}
	if pl.n%2 == 0 {
		a.Created = on(p.Hired-3-period.Date(pl.n), 9, 12)
		a.Activated = a.Created + 2*Minute
		*active = a.Created + 95*Minute
		b.deviate("account_of_inactive_worker", a.ID, a.Login, a.Activated, hired, "in use before the first day", label...)
	} else {
		a.Created = hired - 17*Minute
		a.Activated = a.Created + 5*Minute
	}
	b.deviate("early_account", a.ID, a.Login, a.Created, hired, "made before the hire date "+p.Hired.String(), label...)
}

// leftOpen leaves a leaver's account open for days where that is planted.
func (b *builder) leftOpen(i int32, a *Account) {
	pl, ok := b.plotOf(i, "leaver_account_open")
	if !ok {
		return
	}
	left := b.w.People[i].LeftAt()
	a.Closed = left + []Time{41 * Hour, 5*Day + 16*Hour, 30*Hour + 25*Minute, 9*Day + 17*Hour}[pl.n%4]
	open := "closed " + (a.Closed - left).hours() + " hours after the end of work"
	b.deviate("leaver_account_open", a.ID, a.Login, left+Day, a.Closed, open, "login", a.Login)
	b.deviate("account_of_inactive_worker", a.ID, a.Login, left, a.Closed, open, "login", a.Login)
}

// incidents are the small troubles of some accounts, always over within hours of the same day.
func (b *builder) incidents(i int32, a *Account, d dice) {
	if len(b.plots[i]) > 0 || !d.chance(0.12) {
		return
	}
	for range d.between(1, 2) {
		day := nextWorkday(b.first + period.Date(d.IntN(History+b.w.Days)))
		from := on(day, d.between(10, 13), d.between(0, 59))
		if from < a.Status[2].At+Day || from > b.end(a)-12*Hour || len(a.Status) > 4 {
			continue
		}
		is := []Status{LockedOut, LockedOut, PasswordExpired, Recovery, Suspended}[d.IntN(5)]
		to := from + d.span(5*Minute, 50*Minute)
		if is == Suspended {
			to = from + d.span(Hour, 3*Hour)
		}
		a.Status = append(a.Status, StatusChange{from, is}, StatusChange{to, Active})
		if is != Suspended && is != LockedOut {
			a.Password = append(a.Password, to)
			slices.Sort(a.Password)
		}
		return
	}
}

// hours writes a length of time in whole hours.
func (t Time) hours() string { return itoa(int(t / Hour)) }
