package baseline

import (
	"math"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/event"
)

// Entity is who is watched: an actor in one kind of log, or the host if an event names no actor.
type Entity struct {
	Log, ID, Name string
	Kind          event.ActorKind
}

// key is by what an entity is known.
type key struct{ log, id string }

func (k key) compare(o key) int {
	if c := strings.Compare(k.log, o.log); c != 0 {
		return c
	}
	return strings.Compare(k.id, o.id)
}

// Bounds of what is kept of one entity in one hour. What is beyond them is counted, but not looked at by itself.
const (
	maxValues  = 64
	maxTargets = 4096
	maxMoves   = 4
)

// seen is one value in an hour.
type seen struct {
	hash   uint64
	key    uint64 // of Credential: the hash of the credential alone
	name   string
	n      uint32
	weight event.Weight // the highest of the events with it
	event  string       // the first of them
}

// move is a success from another country within two hours of the one before.
type move struct {
	from, to string
	minutes  uint32
	event    string
}

// unit is an entity in an hour: what is tested.
type unit struct {
	key      key
	name     string
	kind     event.ActorKind
	peer     string
	hour     int32
	events   uint32
	failures uint32
	weight   event.Weight
	values   [keys][]seen
	targets  map[uint64]struct{}
	moves    []move
	first    place // of the successes of the hour
	last     place
	example  string // the first event
	failed   string // the first event that failed
	alerted  bool   // while an hour is closed
}

// place is where somebody succeeded last.
type place struct {
	country string
	at      int64 // seconds since 1970
}

// travelWindow is within which a success from another country is a move, in seconds. Who flies between two countries in two
// hours exists; whoever does not is rarer with each country that is new, and this is a feature and no verdict.
const travelWindow = 2 * 3600

func (u *unit) observe(e *event.Event, families map[string]string) {
	u.events = addSaturated(u.events, 1)
	if e.Actor.Name != "" {
		u.name = bounded(e.Actor.Name)
	}
	if e.Actor.Kind != event.ActorUnknown {
		u.kind = e.Actor.Kind
	}
	if u.example == "" {
		u.example = e.ID
	}
	u.weight = max(u.weight, e.Weight)
	suffix := ""
	if e.Status == event.Failure {
		suffix = " (failed)"
		u.failures = addSaturated(u.failures, 1)
		if u.failed == "" {
			u.failed = e.ID
		}
	}
	if e.Action != "" {
		u.add(Action, hash(hash(basis, e.Action), suffix), 0, func() string { return bounded(e.Action) + suffix }, e)
	}
	where, name := network(&e.From)
	if name != nil {
		u.add(Network, where, 0, name, e)
		if e.Credential != "" {
			credential := hash(basis, e.Credential)
			u.add(Credential, credential*31^where, credential, func() string { return shortened(e.Credential) + " from " + name() }, e)
		}
	}
	if e.From.Country != "" {
		u.add(Country, hash(basis, e.From.Country), 0, func() string { return bounded(e.From.Country) }, e)
	}
	if e.From.UserAgent != "" {
		f, ok := families[e.From.UserAgent]
		if !ok {
			f = family(e.From.UserAgent)
			if len(families) < 8192 && len(e.From.UserAgent) < 1024 {
				families[strings.Clone(e.From.UserAgent)] = f
			}
		}
		u.add(Agent, hash(basis, f), 0, func() string { return f }, e)
	}
	for i := range e.Targets {
		t := &e.Targets[i]
		if t.Kind != "" {
			u.add(Resource, hash(basis, t.Kind), 0, func() string { return bounded(t.Kind) }, e)
		}
		if len(u.targets) < maxTargets {
			if u.targets == nil {
				u.targets = map[uint64]struct{}{}
			}
			u.targets[hash(hash(basis, t.Kind), t.ID)] = struct{}{}
		}
	}
	if e.Status == event.Success && e.From.Country != "" {
		u.travel(e)
	}
}

func (u *unit) travel(e *event.Event) {
	at := e.When().Unix()
	if u.first.country == "" {
		u.first = place{strings.Clone(e.From.Country), at}
		u.last = u.first
		return
	}
	if e.From.Country != u.last.country && abs(at-u.last.at) <= travelWindow && len(u.moves) < maxMoves {
		u.moves = append(u.moves, move{u.last.country, bounded(e.From.Country), uint32(abs(at-u.last.at) / 60), e.ID})
	}
	if at >= u.last.at {
		u.last = place{bounded(e.From.Country), at}
	}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

func (u *unit) add(f Facet, h, credential uint64, name func() string, e *event.Event) {
	list := u.values[f]
	for i := range list {
		if list[i].hash == h {
			list[i].n = addSaturated(list[i].n, 1)
			if e.Weight > list[i].weight {
				list[i].weight, list[i].event = e.Weight, e.ID
			}
			return
		}
	}
	if len(list) < maxValues {
		u.values[f] = append(list, seen{h, credential, strings.Clone(name()), 1, e.Weight, e.ID})
	}
}

// shortened shows the beginning of a credential only: an identifier of a key may be shown, a secret must not.
func shortened(s string) string {
	if len(s) > 8 {
		return strings.ToValidUTF8(s[:8], "") + "…"
	}
	return s
}

// binOf is the bin of a count: half a doubling each. offset is what the hour of the week adds usually.
func binOf(count uint32, offset float64) uint64 {
	return uint64(max(0, math.Round(2*(math.Log2(1+float64(count))-offset))+binZero))
}

// binZero is the bin of a count that is as usual for the hour of the week.
const binZero = 40

// sorted puts the values into an order that does not depend on the order in which events came within the hour.
func (u *unit) sorted() {
	for f := range u.values {
		slices.SortFunc(u.values[f], func(a, b seen) int {
			switch {
			case a.hash < b.hash:
				return -1
			case a.hash > b.hash:
				return 1
			}
			return 0
		})
	}
}
