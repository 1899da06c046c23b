package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/life"
)

// Attack is a planted attack and the truth about it.
type Attack struct {
	ID         string    `json:"id"` // "A01"
	Title      string    `json:"title"`
	Entry      string    `json:"entry"`      // how it began, in a sentence
	Techniques []string  `json:"techniques"` // of ATT&CK, in order
	Known      bool      `json:"known"`      // at least one of the program's own rules of level medium or more is meant to see it
	Root       string    `json:"root"`       // the record it begins with
	Events     []string  `json:"events"`     // all its records, in the order of time; the identifiers are Record.ID
	From       time.Time `json:"from"`       // of its first record
	To         time.Time `json:"to"`         // of its last
	Entities   []Entity  `json:"entities"`   // whom and what it acts with
	Touched    []Thing   `json:"touched"`    // resources, each with the strongest thing done to it
	Left       []Thing   `json:"left"`       // what still stands afterwards and lets the attacker in again
}

// Entity is somebody or something that acts in an attack.
type Entity struct {
	Kind string `json:"kind"` // "principal", "session", "credential", "ip", "host"
	ID   string `json:"id"`
}

// Thing is a resource and what was done to it: "created", "changed", "read" or "deleted".
type Thing struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Effect string `json:"effect"`
}

// Attacks are the planted attacks in the order of their beginnings.
func (t *Trail) Attacks() []Attack { return slices.Clone(t.attacks) }

// plot is an attack while it is planned: a sheet, a clock and the truth.
type plot struct {
	*sheet
	a   *Attack
	now life.Time
}

// scheme is a kind of attack. Days is how long it takes; it ends where it is placed.
type scheme struct {
	title, entry string
	techniques   []string
	known        bool
	days         int
	hour         int // at which it begins
	run          func(*plot)
}

// plant plans the attacks, each on a day of its own if there are enough.
func (t *Trail) plant() {
	all := schemes()
	to := t.w.End
	if !t.o.AttacksTo.IsZero() {
		to = min(to, life.Of(t.o.AttacksTo))
	}
	from := to - 30*life.Day
	if !t.o.AttacksFrom.IsZero() {
		from = life.Of(t.o.AttacksFrom)
	}
	from = max(from, t.w.Start)
	order := roll(t.w.Seed, forAttack, 1<<20, 0).Perm(len(all))
	for k, n := range order {
		sc := &all[n]
		day := (from + (to-life.Day-from)*life.Time(k)/life.Time(len(all))).Date()
		day = min(max(day, from.Date()+period.Date(sc.days)), to.Date()-1)
		a := Attack{Title: sc.title, Entry: sc.entry, Techniques: sc.techniques, Known: sc.known}
		s := t.sheet(forAttack, n, day)
		p := &plot{sheet: s, a: &a, now: life.Midnight(max(t.w.Begin.Date(), day-period.Date(sc.days))) + life.Time(sc.hour)*life.Hour}
		p.later(0, 50*life.Minute)
		sc.run(p)
		t.settle(&a, s.acts)
		t.attacks = append(t.attacks, a)
	}
	slices.SortStableFunc(t.attacks, func(x, y Attack) int { return cmp.Or(x.From.Compare(y.From), cmp.Compare(x.Title, y.Title)) })
	for i := range t.attacks {
		t.attacks[i].ID = fmt.Sprintf("A%02d", i+1)
	}
}

// settle writes down when an attack happened and puts its acts among those of their days. What would lie after the life is
// left out whole: truth and records agree.
func (t *Trail) settle(a *Attack, acts []act) {
	acts = slices.DeleteFunc(acts, func(x act) bool { return x.at >= t.w.End })
	slices.SortStableFunc(acts, func(x, y act) int { return cmp.Compare(x.at, y.at) })
	for _, x := range acts {
		a.Events = append(a.Events, x.id)
		t.planned[x.at.Date()] = append(t.planned[x.at.Date()], x)
	}
	a.Root, a.From, a.To = acts[0].id, acts[0].at.Go(), acts[len(acts)-1].at.Go()
	strongest := map[[2]string]string{}
	for _, x := range a.Touched {
		k := [2]string{x.Kind, x.ID}
		if was, ok := strongest[k]; !ok || strength[x.Effect] > strength[was] {
			strongest[k] = x.Effect
		}
	}
	var touched []Thing
	for _, x := range a.Touched {
		k := [2]string{x.Kind, x.ID}
		if e, ok := strongest[k]; ok {
			touched = append(touched, Thing{x.Kind, x.ID, e})
			delete(strongest, k)
		}
	}
	a.Touched = touched
}

var strength = map[string]int{"read": 1, "changed": 2, "created": 3, "deleted": 4}

// later moves the clock on.
func (p *plot) later(lo, hi life.Time) life.Time { p.now += p.span(lo, hi); return p.now }

// soon moves the clock on by seconds to a minute or so.
func (p *plot) soon() life.Time { return p.later(5*life.Second, 70*life.Second) }

func (p *plot) with(kind, id string) {
	if e := (Entity{kind, id}); !slices.Contains(p.a.Entities, e) {
		p.a.Entities = append(p.a.Entities, e)
	}
}

func (p *plot) touch(effect, kind string, ids ...string) {
	for _, id := range ids {
		p.a.Touched = append(p.a.Touched, Thing{kind, id, effect})
	}
}

// leave is something that is made and stays.
func (p *plot) leave(kind, id string) { p.a.Left = append(p.a.Left, Thing{kind, id, "created"}) }

// victim is somebody of one of the departments who has been there for long and stays, another one for each attack.
func (p *plot) victim(depts ...string) int32 {
	var list []int32
	for i := range p.w.People {
		q := &p.w.People[i]
		if !q.Contractor && life.Midnight(q.Hired) <= p.w.Start-10*life.Day && (q.Left == 0 || q.LeftAt() >= p.w.End) && len(q.Jobs) == 1 &&
			p.is(int32(i), p.now, depts...) && len(p.w.Accounts[i].SignIns) > 20 && (depts[0] != "Engineering" || p.w.LoginOf(int32(i)) >= 0) {
			list = append(list, int32(i))
		}
	}
	if len(list) == 0 {
		return 0 // the chief executive: small companies have nobody else
	}
	v := list[p.IntN(len(list))]
	for range 20 {
		if !p.victims[v] {
			break
		}
		v = list[p.IntN(len(list))]
	}
	p.victims[v] = true
	return v
}

// someone is a victim whose account at the identity provider is used.
func (p *plot) someone(depts ...string) int32 {
	v := p.victim(depts...)
	p.with("principal", p.w.Accounts[v].ID)
	return v
}

// enter is an attacker's place, listed as such.
func (p *plot) enter(relay bool) place {
	l := p.lair(relay)
	p.with("ip", l.ip)
	return l
}

// session is a new session of the identity provider that belongs to the attack.
func (p *plot) session() string {
	id := "102" + letters(p.number(), base62, 17)
	p.with("session", id)
	return id
}

// takeover signs an attacker in as somebody who was phished.
func (p *plot) takeover(v int32, from *place, factor string) string {
	session := p.session()
	p.signIn(p.now, v, from, session, factor)
	p.now += 4 * life.Second
	return session
}

// cloudSession goes from a session of the identity provider into the cloud.
func (p *plot) cloudSession(v int32, from place, session, role string) holder {
	p.sso(p.soon(), v, &from, session, "Cloud console")
	p.touch("read", "app", p.app("Cloud console").id)
	p.now += 3 * life.Second
	h, _ := p.console(p.now, p.mail(v), role, from)
	p.holds(h)
	return h
}

// holds lists what a credential stands for.
func (p *plot) holds(h holder) {
	p.with("principal", h.arn)
	p.with("credential", h.key)
}

// present finds a day at or after the clock on which somebody signed in, and gives their session of that day.
func (p *plot) present(v int32) (session string, at life.Time) {
	for k := range p.w.Log {
		e := &p.w.Log[k]
		if e.Kind == life.SessionStart && e.Actor == v && e.At >= p.now && e.At < p.w.End-8*life.Hour {
			return p.w.ID("102", k), e.At
		}
	}
	return "102" + letters(p.number(), base62, 17), p.now
}
