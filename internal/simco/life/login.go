package life

import (
	"cmp"
	"slices"
	"strconv"
)

// Login is an account on the code host. Logins belong to people, not to the company, and stay when they leave.
type Login struct {
	ID      int64
	Name    string
	Person  int32  // index; -1 for bots and strangers
	Account int32  // in the identity provider; -1 for strangers and applications
	App     bool   // an application's own identity, "name[bot]"
	Full    string // name of the public profile; "" if not given
	Email   string // address of the public profile; "" if not given
	NameID  string // what the single sign-on says of the member; "" if no identity is linked
	Created Time
	part    int // number among the strangers of its sort
}

// Member is a login's time in the organisation or, for outside collaborators, at it.
type Member struct {
	Span      // of a login
	Owner     []Span
	No2FA     []Span
	Repos     []int32 // of outside collaborators
	AddedBy   int32   // login
	RemovedBy int32   // login
}

// OwnerAt reports whether the member is an owner at t.
func (m *Member) OwnerAt(t Time) bool { return anySpan(m.Owner, t) }

// Has2FA reports whether the member has two-factor authentication at t.
func (m *Member) Has2FA(t Time) bool { return !anySpan(m.No2FA, t) }

// LoginOf is the login of a person, or -1.
func (w *World) LoginOf(person int32) int32 { return w.loginOf[person] }

// LoginByName finds a login; -1 if there is none.
func (w *World) LoginByName(name string) int32 {
	if i, ok := w.loginName[name]; ok {
		return i
	}
	return -1
}

// Logins that are not people, by name.
const (
	DeployBot = "northwind-deploy[bot]"
	UpdateBot = "dependabot[bot]"
)

// logins makes the logins of everybody who ever works on code, of bots and of strangers, and their membership.
func (b *builder) logins() {
	w := b.w
	w.loginOf = make([]int32, len(w.People))
	var list []Login
	for i := range w.People {
		w.loginOf[i] = -1
		if b.codes(int32(i)) {
			p := &w.People[i]
			l := Login{Name: b.handle(int32(i)), Person: int32(i), Account: int32(i), NameID: p.Email,
				Created: Midnight(p.Hired) - Time(100+i%2000)*Day}
			if p.Contractor || i%5 < 2 { // contractors show the address they work under, as their contract asks
				l.Full, l.Email = p.First+" "+p.Last, p.Email
			} else if i%5 == 2 {
				l.Full = p.First
			}
			list = append(list, l)
		}
	}
	services := int32(len(w.People))
	list = append(list,
		Login{Name: DeployBot, Person: -1, Account: -1, App: true, Created: w.CodeBegin - 400*Day},
		Login{Name: UpdateBot, Person: -1, Account: -1, App: true, Created: w.CodeBegin - 2000*Day},
		Login{Name: "northwind-ci-bot", Person: -1, Account: services + svcCI, NameID: w.Accounts[services+svcCI].Login,
			Full: "Northwind continuous integration", Created: w.CodeBegin - 500*Day},
		Login{Name: "northwind-release-bot", Person: -1, Account: services + svcRelease, NameID: w.Accounts[services+svcRelease].Login,
			Full: "Northwind releases", Created: w.CodeBegin - 480*Day})
	if w.Planted {
		list = append(list, b.strangers()...)
	}
	slices.SortStableFunc(list, func(x, y Login) int { return cmp.Compare(x.Created, y.Created) })
	w.loginName = make(map[string]int32, len(list))
	for i := range list {
		list[i].ID = 21_000_000 + int64(i)*1913
		w.loginName[list[i].Name] = int32(i)
		if p := list[i].Person; p >= 0 {
			w.loginOf[p] = int32(i)
		}
	}
	w.Logins = list
	b.memberships()
}

// strangers are logins that nobody in HR stands behind, for planted deviations.
func (b *builder) strangers() []Login {
	var out []Login
	for k := range b.w.copies() {
		nameID := ""
		if k%2 == 0 {
			nameID = "build" + strconv.Itoa(k+1) + "@partner.example"
		}
		made := b.w.CodeBegin - Time(300+k*90)*Day
		out = append(out, Login{Name: "copperfield-" + strconv.Itoa(k+3), Person: -1, Account: -1, NameID: nameID, Created: made, part: k},
			Login{Name: "harbourlight" + strconv.Itoa(k+7), Person: -1, Account: -1, Created: made - 10*Day, Full: "R. Harbour", part: k})
	}
	return out
}

// codes reports whether a person ever works in a code department.
func (b *builder) codes(i int32) bool {
	for _, s := range b.w.People[i].stints {
		if Departments[b.seats[s.seat].dept].Code {
			return true
		}
	}
	return false
}

// codeSpan is when a person is to be in the code organisation: their time in code departments, changed over like the
// groups of the identity provider.
func (b *builder) codeSpan(i int32) Span {
	p, a := &b.w.People[i], &b.w.Accounts[i]
	d := roll(b.w.Seed, forLogin, 1_000_000+int(i))
	s := Span{From: on(p.Hired, 9, 0) + Day + d.span(0, 7*Hour), To: 0}
	if s.From.Date()-p.Hired > 0 && !workday(s.From.Date()) {
		s.From = Midnight(nextWorkday(s.From.Date())) + 10*Hour
	}
	if a.Closed != 0 {
		s.To = p.LeftAt() + d.span(Hour, 5*Hour+40*Minute)
	}
	if len(p.stints) < 2 {
		return s
	}
	before, after := Departments[b.seats[p.stints[0].seat].dept].Code, Departments[b.seats[p.stints[1].seat].dept].Code
	c := b.changeovers[i]
	switch {
	case before && !after:
		s.To = c[1]
	case !before && after:
		s.From = c[0] + 30*Minute
	}
	return s
}

// memberships puts logins into the organisation, or beside it as outside collaborators.
func (b *builder) memberships() {
	w := b.w
	owners := b.steadyHolders(func(s *seat) bool { return s.owner })
	for _, i := range owners {
		b.owners = append(b.owners, w.loginOf[i])
	}
	for l := range w.Logins {
		lg := &w.Logins[l]
		by := b.ownerLogin(l)
		switch {
		case lg.Person >= 0:
			m := Member{Span: b.codeSpan(lg.Person), AddedBy: by, RemovedBy: by}
			m.Subject = int32(l)
			b.castMember(lg, &m)
			if w.People[lg.Person].Contractor {
				w.Collaborators = append(w.Collaborators, m)
			} else {
				w.Members = append(w.Members, m)
			}
		case lg.Account >= 0:
			w.Members = append(w.Members, Member{Span: Span{w.CodeBegin - 30*Day, 0, int32(l)}, AddedBy: by, RemovedBy: by})
		case !lg.App:
			b.stranger(int32(l), lg, by)
		}
	}
	if w.Planted {
		b.moreOwners()
	}
}

// ownerLogin is one of the owners who are always there.
func (b *builder) ownerLogin(k int) int32 { return b.owners[k%len(b.owners)] }

// castMember applies a person's ownership and planted deviations to the membership.
func (b *builder) castMember(lg *Login, m *Member) {
	w := b.w
	p := &w.People[lg.Person]
	if b.seats[p.stints[0].seat].owner {
		m.Owner = []Span{{From: m.From + Hour}}
	}
	for _, pl := range b.plots[lg.Person] {
		d := roll(w.Seed, forCast, int(lg.Person)*64+pl.n)
		start := func() Time { return on(b.moment(pl.kind, pl.n, w.copies(), 4, 16), d.between(8, 16), d.between(0, 59)) }
		switch pl.kind {
		case "leaver_in_github":
			m.To = p.LeftAt() + Time(d.between(2, 9))*Day + d.span(16*Hour, 20*Hour)
			note := "still a member " + (m.To - p.LeftAt()).hours() + " hours after the end of work"
			b.deviate(pl.kind, lg.Name, lg.Name, p.LeftAt()+Day, m.To, note, "email", p.Email, "id", itoa(int(lg.ID)))
			b.deviate("member_of_inactive_worker", lg.Name, lg.Name, p.LeftAt(), m.To, note, "email", p.Email, "id", itoa(int(lg.ID)))
		case "member_without_2fa", "collaborator_without_2fa":
			from := start()
			to := from + Time(d.between(2, 7))*Day - d.span(0, 3*Hour)
			m.No2FA = []Span{{From: from, To: to}}
			b.deviate(pl.kind, lg.Name, lg.Name, from, to, "two-factor authentication was switched off", "email", p.Email, "id", itoa(int(lg.ID)))
		case "owner_outside_team":
			from := start()
			to := from + Time(d.between(2, 6))*Day + d.span(0, 3*Hour)
			m.Owner = []Span{{From: from, To: to}}
			b.deviate(pl.kind, lg.Name, lg.Name, from, to, "an owner outside the team platform-admins", "email", p.Email, "id", itoa(int(lg.ID)))
		}
	}
}

// stranger lets somebody in whom nobody knows: as a member, or as an outside collaborator.
func (b *builder) stranger(l int32, lg *Login, by int32) {
	d := roll(b.w.Seed, forCast, 7_000_000+int(l))
	member := lg.Full == ""
	kind, note := "unknown_collaborator", "an outside collaborator whom HR does not know"
	if member {
		kind, note = "unknown_github_member", "a member without a linked identity"
		if lg.NameID != "" {
			note = "a member whose identity " + lg.NameID + " belongs to no worker"
		}
	}
	from := on(b.moment(kind, lg.part, b.w.copies(), 4, 20), d.between(8, 16), d.between(0, 59))
	to := Time(0)
	if lg.part%2 == 0 {
		to = from + Time(d.between(3, 12))*Day + d.span(0, 4*Hour)
	}
	m := Member{Span: Span{from, to, l}, AddedBy: by, RemovedBy: by}
	b.deviate(kind, lg.Name, lg.Name, from, to, note, "id", itoa(int(lg.ID)), "name_id", lg.NameID)
	if member {
		b.w.Members = append(b.w.Members, m)
	} else {
		b.w.Collaborators = append(b.w.Collaborators, m)
	}
}

// moreOwners makes six owners out of three for some days.
func (b *builder) moreOwners() {
	from := on(b.moment("too_many_owners", 0, 1, 5, 12), 13, 40)
	to := from + 3*Day + 65*Minute
	more := b.steadyHolders(func(s *seat) bool { return s.ops && !s.owner })[:3]
	for i := range b.w.Members {
		m := &b.w.Members[i]
		if k := slices.Index(more, b.w.Logins[m.Subject].Person); k >= 0 {
			m.Owner = append(m.Owner, Span{From: from - Time(2-k)*2*Minute, To: to})
		}
	}
	b.deviate("too_many_owners", OrgLogin, OrgLogin, from, to, "six owners")
}

// OrgLogin is the organisation's login on the code host.
const OrgLogin = "northwind"
