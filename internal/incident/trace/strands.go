package trace

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// strand is what one actor did with one session or credential from one address.
type strand struct {
	who, key, ip, host string
	events             []int32 // ascending
	foreign            bool
	in                 bool // taken in whole
}

// use is how an actor uses an address.
type use struct {
	first, last time.Time
	days        int
	day         int64
	n           int
}

type pair struct{ a, b string }

type tracer struct {
	o       Options
	ev      []*event.Event // ascending
	at      map[string]int32
	of      []int32 // of each event, its strand
	who     []string
	strands []strand
	seeds   []int32

	byKey, byIP, byWho map[string][]int32 // strands
	issued             map[string][]int32 // events that handed a key out
	byTarget           map[string][]int32 // events by a target that is an account, credential or application
	actors             map[string]*use
	uses               map[pair]*use
	residents          map[string]map[string]bool // of an address, who succeeds from it
	proc, child        map[string][]int32         // events by process, and by parent

	member map[int32]*membership
	queue  []int32 // strands taken in whose links are to be followed
	loose  []int32 // events taken in alone
	stops  []string
	cut    bool
	early  time.Time // up to then everything counts as known from before
}

type membership struct {
	why        string
	confidence float64
}

func newTracer(events []event.Event, o Options) *tracer {
	t := &tracer{o: o, at: make(map[string]int32, len(events)), byKey: map[string][]int32{}, byIP: map[string][]int32{}, byWho: map[string][]int32{},
		issued: map[string][]int32{}, byTarget: map[string][]int32{}, actors: map[string]*use{}, uses: map[pair]*use{}, residents: map[string]map[string]bool{},
		proc: map[string][]int32{}, child: map[string][]int32{}, member: map[int32]*membership{}}
	t.ev = make([]*event.Event, len(events))
	for i := range events {
		t.ev[i] = &events[i]
	}
	slices.SortStableFunc(t.ev, func(a, b *event.Event) int {
		if c := a.When().Compare(b.When()); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	t.of, t.who = make([]int32, len(t.ev)), make([]string, len(t.ev))
	index := map[[4]string]int32{}
	for i, e := range t.ev {
		t.at[e.ID] = int32(i)
		who := actor(e)
		key, ip := keyOf(e), e.From.IP
		k := [4]string{who, key, ip, e.Host}
		s, ok := index[k]
		if !ok {
			s = int32(len(t.strands))
			index[k] = s
			t.strands = append(t.strands, strand{who: who, key: key, ip: ip, host: e.Host})
			put(t.byKey, key, s)
			put(t.byIP, ip, s)
			put(t.byWho, who, s)
		}
		t.strands[s].events = append(t.strands[s].events, int32(i))
		t.of[i], t.who[i] = s, who
		t.index(int32(i), e)
	}
	return t
}

func put(m map[string][]int32, key string, n int32) {
	if key != "" {
		m[key] = append(m[key], n)
	}
}

func (t *tracer) index(i int32, e *event.Event) {
	for _, k := range e.Issued {
		put(t.issued, k, i)
	}
	if e.Process != "" {
		put(t.proc, e.Process, i)
	}
	if e.Parent != "" {
		put(t.child, e.Parent, i)
	}
	for _, g := range e.Targets {
		if identity(g.Kind) {
			put(t.byTarget, strings.ToLower(g.ID), i)
			if strings.Contains(g.Name, "@") && !strings.EqualFold(g.Name, g.ID) {
				put(t.byTarget, strings.ToLower(g.Name), i)
			}
		}
	}
}

// identity reports whether a kind of target can itself act or let somebody act.
func identity(kind string) bool {
	switch kind {
	case "user", "credential", "key", "token", "role", "app", "application", "publicclientapp", "appinstance", "serviceaccounts", "service_account", "member", "mailbox", "serviceprincipal":
		return true
	}
	return false
}

// actor is who did it, by the name that people have in all systems if the record gives one: their address.
func actor(e *event.Event) string {
	if n := strings.ToLower(e.Actor.Name); strings.Contains(n, "@") {
		return n
	}
	if n := strings.ToLower(e.Actor.ID); strings.Contains(n, "@") && !strings.Contains(n, "/") {
		return n
	}
	if e.Host != "" && e.From.IP == "" { // accounts of a host are its own
		return e.Actor.ID + "@@" + e.Host
	}
	return e.Actor.ID
}

// none are the words with which systems say that there is no session.
var none = map[string]bool{"unknown": true, "-": true, "null": true, "none": true}

// keyOf is the session or credential something is done with; of temporary credentials, which are a session too, the credential.
func keyOf(e *event.Event) string {
	if e.Credential != "" && !none[e.Credential] {
		return e.Credential
	}
	if none[e.Session] {
		return ""
	}
	return e.Session
}

// sharedBy is by how many actors, on how many days, an address is used before it counts as the company's own: a way out of the
// office, a VPN. Judgement; an attacker who succeeds as five people on five days is found by other links.
const (
	sharedBy   = 5
	sharedDays = 5
)

// homeDays is on how many days somebody works from an address, most of the time, before it counts as theirs although the window
// does not know it from its beginning: they were away, or are new. What
// never worked from anywhere else needs two. Judgement.
const homeDays = 3

// young is the part of the window, from its beginning, in which what happens counts as known from before. Judgement.
const young = 0.25

// learn finds out who is at home where, from the window up to the first event that was reported.
func (t *tracer) learn() {
	first := t.ev[0].When()
	last := t.ev[slices.Min(t.seeds)].When()
	if last.Sub(first) < 24*time.Hour {
		last = t.ev[len(t.ev)-1].When()
	}
	early := first.Add(time.Duration(float64(last.Sub(first)) * young))
	t.early = early
	for i, e := range t.ev {
		who := t.who[i]
		see(t.actors, who, e)
		if e.From.IP == "" {
			continue
		}
		k := pair{who, e.From.IP}
		u := t.uses[k]
		if u == nil {
			u = &use{first: e.When(), day: -1}
			t.uses[k] = u
		}
		u.see(e)
		if e.Status == event.Success || e.Status == event.StatusUnknown {
			m := t.residents[e.From.IP]
			if m == nil {
				m = map[string]bool{}
				t.residents[e.From.IP] = m
			}
			m[who] = true
		}
	}
	days := map[string]int{}
	for k, u := range t.uses {
		days[k.b] += u.days
	}
	for i := range t.strands {
		s := &t.strands[i]
		if s.ip == "" {
			continue
		}
		u, a := t.uses[pair{s.who, s.ip}], t.actors[s.who]
		home := !u.first.After(early) || u.days >= homeDays && 2*u.n > a.n || u.days > 1 && u.n == a.n
		shared := len(t.residents[s.ip]) >= sharedBy && days[s.ip] >= sharedDays && !a.first.After(early)
		s.foreign = !home && !shared
	}
}

func see(m map[string]*use, key string, e *event.Event) {
	u := m[key]
	if u == nil {
		u = &use{first: e.When(), day: -1}
		m[key] = u
	}
	u.see(e)
}

func (u *use) see(e *event.Event) {
	u.last = e.When()
	u.n++
	if d := u.last.Unix() / 86400; d != u.day {
		u.days, u.day = u.days+1, d
	}
}

// ours reports whether somebody is at home at an address.
func (t *tracer) ours(ip string) bool {
	for _, s := range t.byIP[ip] {
		if !t.strands[s].foreign {
			return true
		}
	}
	return false
}
