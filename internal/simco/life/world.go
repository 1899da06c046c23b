package life

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// How far back the life reaches before Start. People and access are simulated from History days before it; the company
// moved its code to the present code host CodeHistory days before it.
const (
	History     = 200
	CodeHistory = 120
)

// Config says which life to live.
type Config struct {
	Seed         uint64
	People       int       // how many work at Northwind at any time, roughly; at least 30
	Repositories int       // at least 3
	Start        time.Time // first day; cut to midnight UTC
	Days         int       // at least 1
	// Planted adds the deviations that World.Deviations lists. It takes at least 60 people, 8 repositories and 60 days.
	Planted bool
	// SignInsPerDay is how often a person signs in on a working day; 0 means once. Below once, people still sign in at
	// least every three weeks.
	SignInsPerDay float64
	// ChangesPerDay is how many changes are proposed in a repository on a working day; 0 means 0.45.
	ChangesPerDay float64
}

func (c *Config) check() error {
	if c.SignInsPerDay == 0 {
		c.SignInsPerDay = 1
	}
	if c.ChangesPerDay == 0 {
		c.ChangesPerDay = 0.45
	}
	people, repos, days := 30, 3, 1
	if c.Planted {
		people, repos, days = 60, 8, 60
	}
	switch {
	case c.People < people || c.People > 50_000:
		return refuse("People", "a life of %d people: it takes %d to 50,000", c.People, people)
	case c.Repositories < repos || c.Repositories > 20_000:
		return refuse("Repositories", "a life of %d repositories: it takes %d to 20,000", c.Repositories, repos)
	case c.Days < days || c.Days > 3660:
		return refuse("Days", "a life of %d days: it takes %d to 3,660", c.Days, days)
	case c.Start.Year() < 1990 || c.Start.Year() > 2200:
		return refuse("Start", "a life from %s: it takes a start between the years 1990 and 2200", c.Start.Format(time.DateOnly))
	case c.SignInsPerDay < 0 || c.SignInsPerDay > 20 || c.ChangesPerDay < 0 || c.ChangesPerDay > 20:
		return refuse("SignInsPerDay", "%g sign-ins and %g changes a day: it takes 0 to 20", c.SignInsPerDay, c.ChangesPerDay)
	}
	return nil
}

func refuse(field, format string, args ...any) error {
	return errs.New(errs.Invalid, format, args...).At(field).WithHint("Give the simulated company sizes within these limits.")
}

// World is a whole life. It does not change after New; readers share it.
type World struct {
	Config
	Begin     Time // first instant of the simulation
	CodeBegin Time // when the code moved to the present host
	Start     Time
	End       Time // first instant after the last day

	People  []Person
	HROrder []int32 // people by the time their record was entered; HRID follows this order

	Accounts     []Account // of people first, at the person's index; then service accounts and strays
	AccountOrder []int32   // accounts by creation
	Groups       []Group
	Apps         []App
	Roles        []RoleGrant
	Policies     []Policy
	Log          []LogEvent // ascending

	Logins        []Login // on the code host, ascending by ID
	Members       []Member
	Collaborators []Member // outside collaborators
	Teams         []Team
	Org           []OrgSettings // ascending
	Repos         []Repo
	Merged        []PullRef    // every merge, ascending
	Audit         []AuditEvent // without git events, ascending
	Git           []AuditEvent // git events, ascending

	Deviations []Deviation

	dormant []dormant

	loginOf   []int32 // person -> login, -1 for none
	accountID map[string]int32
	loginName map[string]int32
	repoName  map[string]int32
}

// builder carries what only the making of a world needs.
type builder struct {
	w          *World
	seats      []seat
	held       [][]hold // per seat, ascending
	addresses  map[string]int
	handles    map[string]int
	used       map[string]bool // "aspect/person" already cast
	plots      map[int32][]plot
	first      period.Date // day of Begin
	last       period.Date // day of End
	coders     []int32     // seats of code departments, without extras
	crew       [][]int32   // per code team, its seats
	stayers    int         // how many stayers were cast
	badDeploys []badDeploy
	span       []Span // per login, its time in the organisation
	updateBot  int32
	deployBot  int32
	supers     []int32
	owners     []int32 // logins of the owners who are always there

	changeovers map[int32][2]Time // of movers: new group gained, old group lost
}

// New lives a life. It fails on a configuration it cannot live.
func New(c Config) (*World, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	start := period.Of(c.Start)
	c.Start = start.Time()
	w := &World{Config: c, Start: Midnight(start), Begin: Midnight(start - History), CodeBegin: Midnight(start - CodeHistory),
		End: Midnight(start + period.Date(c.Days))}
	b := &builder{w: w, addresses: map[string]int{}, handles: map[string]int{}, used: map[string]bool{},
		plots: map[int32][]plot{}, changeovers: map[int32][2]Time{}, first: start - History, last: start + period.Date(c.Days)}
	b.people()
	b.identity()
	b.code()
	b.number()
	return w, nil
}

func (b *builder) people() {
	b.chart()
	b.turnover()
	if b.w.Planted {
		b.castPeople()
	}
	b.jobs()
	for i := range b.w.People {
		b.christen(int32(i))
	}
	b.enter()
	for i := range b.w.People {
		b.personnel(int32(i))
	}
}

func (b *builder) identity() {
	b.policies()
	b.accounts()
	b.access()
	b.signIns()
	b.systemLog()
}

func (b *builder) code() {
	b.logins()
	b.teams()
	b.organisation()
	b.repositories()
	b.changes()
	b.deployments()
	b.alerts()
	b.auditLog()
}
