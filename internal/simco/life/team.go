package life

import (
	"slices"
	"strconv"
)

// Team is a team of the code organisation.
type Team struct {
	ID          int64
	Name, Slug  string
	Description string
	Created     Time
	Members     []Span // of logins
	Leads       map[int32]bool
	Repos       []int32
}

// AdminTeam is the team that every owner belongs to.
const AdminTeam = "platform-admins"

var teamNames = []string{"payments", "orders", "search", "identity", "mobile", "observability", "catalogue", "shipping", "billing",
	"notifications", "pricing", "insights", "storefront", "integrations", "fraud", "documents", "messaging", "scheduling", "returns",
	"warehouse", "partners", "accounts", "media", "reporting", "edge", "tooling", "quality", "archive", "loyalty", "exports"}

// teams fills the code teams with whoever sits in their seats, and the administrators' team.
func (b *builder) teams() {
	w := b.w
	admin := Team{Name: AdminTeam, Slug: AdminTeam, Description: "Owns the organisation and its protections"}
	w.Teams = append(w.Teams, admin)
	for t := range b.crew {
		w.Teams = append(w.Teams, Team{Name: teamNames[t], Slug: teamNames[t], Description: "Builds and runs " + teamNames[t]})
	}
	for t := range w.Teams {
		w.Teams[t].ID = 4_100_000 + int64(t)*37
		w.Teams[t].Created = w.CodeBegin - 40*Day + Time(t)*7*Minute
		w.Teams[t].Leads = map[int32]bool{}
	}
	for m := range w.Members {
		mem := &w.Members[m]
		person := w.Logins[mem.Subject].Person
		if person < 0 {
			continue
		}
		for _, st := range w.People[person].stints {
			b.crewSpan(mem, st)
		}
	}
}

// crewSpan puts a member into the team of a seat for the time of the stint.
func (b *builder) crewSpan(m *Member, st stint) {
	s := &b.seats[st.seat]
	from, to := max(m.From+5*Minute, st.from), m.To
	if st.to != 0 && st.to != b.w.People[b.w.Logins[m.Subject].Person].LeftAt() { // moved on within the company
		c := b.changeovers[b.w.Logins[m.Subject].Person]
		to = c[1]
		if m.To != 0 {
			to = min(to, m.To)
		}
	}
	if to != 0 && from >= to {
		return
	}
	if s.ops {
		b.w.Teams[0].Members = append(b.w.Teams[0].Members, Span{from, to, m.Subject})
	}
	if s.team < 0 {
		return
	}
	t := &b.w.Teams[1+s.team]
	t.Members = append(t.Members, Span{from + Minute, to, m.Subject})
	if s.level != member {
		t.Leads[m.Subject] = true
	}
}

// OrgSettings is a version of the code organisation's settings.
type OrgSettings struct {
	From              Time
	Require2FA        bool
	DefaultPermission string
}

// OrgAt is the version of the organisation's settings that holds at t.
func (w *World) OrgAt(t Time) OrgSettings {
	for i := len(w.Org) - 1; i > 0; i-- {
		if w.Org[i].From <= t {
			return w.Org[i]
		}
	}
	return w.Org[0]
}

// organisation sets the code organisation's settings, and loosens each for two or three days where that is planted.
func (b *builder) organisation() {
	w := b.w
	w.Org = []OrgSettings{{w.Begin - 300*Day, true, "read"}}
	if !w.Planted {
		return
	}
	off := on(b.moment("org_2fa_requirement_off", 0, 1, 6, 14), 9, 55)
	back := off + 2*Day + 3*Hour
	wide := on(b.moment("default_permission_too_wide", 0, 1, 6, 14), 15, 5)
	narrow := wide + 3*Day - 2*Hour
	for _, t := range []Time{off, back, wide, narrow} {
		v := OrgSettings{t, t < off || t >= back, "read"}
		if t >= wide && t < narrow {
			v.DefaultPermission = "write"
		}
		w.Org = append(w.Org, v)
	}
	slices.SortFunc(w.Org, func(x, y OrgSettings) int { return int((x.From - y.From) / Second) })
	b.deviate("org_2fa_requirement_off", OrgLogin, OrgLogin, off, back, "two-factor authentication was not required")
	b.deviate("default_permission_too_wide", OrgLogin, OrgLogin, wide, narrow, "members could write to every repository")
}

func itoa(n int) string { return strconv.Itoa(n) }
