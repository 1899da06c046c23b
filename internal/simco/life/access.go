package life

// Group is a group of accounts in the identity provider.
type Group struct {
	ID          string
	Name        string
	Description string
	BuiltIn     bool
	Created     Time
	Members     []Span // of accounts, in no particular order
}

// RoleGrant is an administrator role of an account in the identity provider.
type RoleGrant struct {
	Span // of an account
	ID   string
	Type string
}

// Groups that play a part of their own, by position; those of departments follow.
const (
	GroupEveryone = iota
	GroupAdmins
	GroupServices
	GroupEmployees
	GroupContractors
	GroupCode
	groupDepartments
)

// AdminGroup and ServiceGroup are the groups that company practice names.
const (
	AdminGroup   = "IT administrators"
	ServiceGroup = "Service accounts"
)

// DepartmentGroup is the name of a department's group.
func DepartmentGroup(dept string) string { return "Department: " + dept }

func (b *builder) access() {
	b.groups()
	b.apps()
	for i := range b.w.People {
		b.grant(int32(i))
	}
	w := b.w
	for i := range w.Accounts[len(w.People):] {
		a := &w.Accounts[len(w.People)+i]
		n := int32(len(w.People) + i)
		b.join(GroupEveryone, n, a.Created, a.Closed)
		if a.Service {
			b.join(GroupServices, n, a.Created+2*Minute, a.Closed)
		}
	}
	b.moreSuperAdmins()
}

func (b *builder) join(g int, account int32, from, to Time) {
	b.w.Groups[g].Members = append(b.w.Groups[g].Members, Span{from, to, account})
}

func (b *builder) groups() {
	names := []struct{ name, about string }{
		{"Everyone", "All users in your organization"},
		{AdminGroup, "May hold administrator roles"},
		{ServiceGroup, "Registered accounts of systems"},
		{"Employees", "Employed by Northwind"},
		{"Contractors", "Working under a contract with another company"},
		{"GitHub users", "May sign in to the code host"},
	}
	for i := range Departments {
		names = append(names, struct{ name, about string }{DepartmentGroup(Departments[i].Name), "Follows the HR department"})
	}
	for _, o := range Offices {
		names = append(names, struct{ name, about string }{"Office: " + o.Name, "People of one office"})
	}
	for i, n := range names {
		b.w.Groups = append(b.w.Groups, Group{ID: b.w.ID("00g", i), Name: n.name, Description: n.about, BuiltIn: i == 0,
			Created: b.w.Begin - Time(900-i)*Day})
	}
}

// grant gives person i the groups, applications and roles of their work, from first day to last and through moves.
func (b *builder) grant(i int32) {
	p, a := &b.w.People[i], &b.w.Accounts[i]
	d := roll(b.w.Seed, forAccess, int(i))
	from := a.Activated + d.span(2*Minute, 9*Minute)
	b.join(GroupEveryone, i, a.Created, a.Closed)
	if p.Contractor {
		b.join(GroupContractors, i, from, a.Closed)
	} else {
		b.join(GroupEmployees, i, from, a.Closed)
	}
	b.join(groupDepartments+len(Departments)+p.Office, i, from, a.Closed)
	for k, st := range p.stints {
		b.duty(i, k, from)
		if role := b.seats[st.seat].admin; role != "" {
			since := max(from, st.from+10*Day+4*Hour)
			b.role(i, role, since, a.Closed)
		}
	}
	if pl, ok := b.plotOf(i, "admin_outside_group"); ok {
		b.outsideGroup(i, a, pl)
	}
}

// role puts an account into the administrators' group and gives it a role a little later.
func (b *builder) role(i int32, kind string, from, to Time) {
	if to != 0 && from >= to {
		return
	}
	b.join(GroupAdmins, i, from, to)
	b.w.Roles = append(b.w.Roles, RoleGrant{Span{from + 25*Minute, to, i}, b.w.ID("ra1", len(b.w.Roles)), kind})
}

// changeover is when a mover's access follows the move: within two days, or late where that is planted. Kept is when
// the old department's group is taken away.
func (b *builder) changeover(i int32, d dice) (gained, kept Time) {
	p := &b.w.People[i]
	moved := p.stints[1].from
	gained = moved + d.span(2*Hour, 12*Hour) + Time(d.between(0, 1))*Day
	pl, ok := b.plotOf(i, "mover_kept_groups")
	if !ok {
		return gained, gained + 3*Minute
	}
	kept = moved + Time(d.between(12, 20))*Day
	note := "kept the old department's group beside the new one"
	if pl.n%2 == 1 {
		gained, note = kept-2*Minute, "kept the old department's group and did not get the new one"
	}
	a := &b.w.Accounts[i]
	before := Departments[b.seats[p.stints[0].seat].dept].Name
	b.deviate("mover_kept_groups", a.ID, a.Login, moved+5*Day, kept, note, "login", a.Login, "group", DepartmentGroup(before))
	return gained, kept
}

// duty gives the department's group and applications of a person's k-th stint.
func (b *builder) duty(i int32, k int, from Time) {
	p, a := &b.w.People[i], &b.w.Accounts[i]
	dept := b.seats[p.stints[k].seat].dept
	start, gone := from, a.Closed
	if len(p.stints) > 1 {
		d := roll(b.w.Seed, forAccess, 3_000_000+int(i)) // both stints must see the same changeover
		if k == 0 {
			_, gone = b.changeoverOnce(i, d)
		} else {
			start, _ = b.changeoverOnce(i, d)
		}
	}
	b.join(groupDepartments+dept, i, start, gone)
	if coders(p, dept) {
		b.join(GroupCode, i, start+Minute, gone)
	}
	ended, extra := gone, Time(0)
	if pl, ok := b.plotOf(i, "assignment_of_inactive_account"); ok {
		extra = a.Closed + Time(3+2*pl.n)*Day + 40*Minute
	}
	for n := range b.w.Apps {
		app := &b.w.Apps[n]
		if !app.who(p, dept) {
			continue
		}
		to := ended
		if k == 0 && len(p.stints) > 1 && b.keepsApp(i, app) {
			continue // carried by the second stint
		}
		begin := start + Time(2+n)*Minute
		if k == 1 && b.keepsApp(i, app) {
			begin = from + Time(2+n)*Minute
		}
		if extra != 0 && n < 3 {
			to, extra = extra, 0
			b.deviate("assignment_of_inactive_account", app.ID+"/"+a.ID, app.Label+": "+a.Login, a.Closed, to,
				"the application was left assigned after the account was deactivated", "login", a.Login, "app", app.Label)
		}
		app.Users = append(app.Users, Span{begin, to, i})
	}
}

// changeoverOnce computes a mover's changeover once, so that a planted one is listed once.
func (b *builder) changeoverOnce(i int32, d dice) (gained, kept Time) {
	if c, ok := b.changeovers[i]; ok {
		return c[0], c[1]
	}
	gained, kept = b.changeover(i, d)
	b.changeovers[i] = [2]Time{gained, kept}
	return gained, kept
}

// outsideGroup gives an administrator role to somebody outside the administrators' group.
func (b *builder) outsideGroup(i int32, a *Account, pl plot) {
	d := roll(b.w.Seed, forCast, int(i)*64+pl.n)
	from := on(b.moment(pl.kind, pl.n, b.w.copies(), 4, 14), 10, d.between(0, 59))
	to := Time(0)
	if pl.n%2 == 0 {
		to = from + Time(d.between(3, 9))*Day + d.span(0, 4*Hour)
	}
	kind := []string{"APP_ADMIN", "USER_ADMIN", "READ_ONLY_ADMIN", "HELP_DESK_ADMIN"}[pl.n%4]
	b.w.Roles = append(b.w.Roles, RoleGrant{Span{from, to, i}, b.w.ID("ra1", len(b.w.Roles)), kind})
	b.deviate(pl.kind, a.ID, a.Login, from, to, "holds "+kind+" and is not in the group "+AdminGroup, "login", a.Login, "role", kind)
}

// moreSuperAdmins makes five super administrators out of three for some days.
func (b *builder) moreSuperAdmins() {
	if !b.w.Planted {
		return
	}
	from := on(b.moment("too_many_super_admins", 0, 1, 5, 12), 16, 20)
	to := from + 4*Day + 35*Minute
	for k, i := range b.steadyHolders(func(s *seat) bool { return s.admin != "" && s.admin != "SUPER_ADMIN" })[:2] {
		since := from - Time(1-k)*3*Minute // the second one makes it five
		b.w.Roles = append(b.w.Roles, RoleGrant{Span{since, to, i}, b.w.ID("ra1", len(b.w.Roles)), "SUPER_ADMIN"})
	}
	b.deviate("too_many_super_admins", b.w.OrgID(), "Northwind", from, to, "five super administrators")
}

// OrgID is the identifier of the company's organisation in the identity provider.
func (w *World) OrgID() string { return w.ID("00o", 1) }
