package baseline

import (
	"math"
	"slices"

	"github.com/tickmark/tickmark/internal/event"
)

// part is what one value adds to the surprise of a unit.
type part struct {
	facet    Facet
	value    string
	surprise float64 // weighted
	before   uint32  // how often the entity had it
	team     uint32  // how often its group had it
	last     int32   // hour in which the entity had it last
	n        uint32  // how often it is there in this hour
	usual    float64 // of a series: the median; of a rise: how much the weeks differ
	weight   event.Weight
	event    string
	aside    bool // somebody said that it is benign
}

// verdict is a unit with what was found out about it.
type verdict struct {
	unit    *unit
	parts   []part
	score   float64
	stratum stratum
	bin     uint16
	learn   bool // too early to compare
	p, e    float64
	n       uint32
	alert   bool
	fresh   [keys][]bool // values that are new to the entity today
	new     bool         // the entity was not known
	entity  *entity      // nil if it was not known; as it was before this hour
}

// spread bounds how many values of a facet count: the first in full, the second half, the third a third …
const spread = 8

// youngUnits is how many entity-hours make a history.
const youngUnits = 24

// score looks at a unit. It only reads: shards do it at the same time.
func (m *Model) score(e *entity, u *unit) *verdict {
	c := m.commons
	v := &verdict{unit: u, entity: e, new: e == nil}
	known := e
	if known == nil {
		known = &entity{since: u.hour, last: u.hour}
	}
	team, all := c.group(u.key.log, u.team()), c.group(u.key.log, "")
	f := c.clock.factor(u.hour)
	for x := Action; x < keys; x++ {
		if x == Hour {
			continue
		}
		v.fresh[x] = make([]bool, len(u.values[x]))
		parts := make([]part, 0, len(u.values[x]))
		for i := range u.values[x] {
			s := &u.values[x][i]
			own, ok := known.dists[x].get(s.hash)
			v.fresh[x][i] = !ok || day(own.last) != day(u.hour)
			shared, _ := team.dists[x].get(s.hash)
			p := part{facet: x, value: s.name, before: own.count, last: own.last, team: shared.count, n: s.n, weight: s.weight, event: s.event}
			p.surprise = shares[x] * c.rarity(known, team, all, x, s, f)
			if x == Action {
				p.surprise *= gain(s.weight)
				parts = append(parts, teamPart(p, team, all, s, f))
			} else {
				p.surprise *= math.Sqrt(gain(s.weight))
			}
			parts = append(parts, p)
		}
		v.parts = append(v.parts, parts...)
	}
	v.parts = append(v.parts, hourPart(known, team, all, u, f))
	v.parts = append(v.parts, c.series(known, team, u, f)...)
	v.parts = append(v.parts, single(e, all, u, f)...)
	m.sum(v)
	v.stratum = stratum{log: u.key.log, kind: u.kind, class: classOf(u.weight), young: known.units < youngUnits}
	v.learn = m.learning(u.hour)
	return v
}

func (u *unit) team() string {
	if u.peer != "" {
		return u.peer
	}
	return "kind " + decimal(uint64(u.kind))
}

var noGroup = &group{}

func (c *commons) group(log, peer string) *group {
	if g := c.groups[key{log, peer}]; g != nil {
		return g
	}
	return noGroup
}

func (c *commons) rarity(e *entity, team, all *group, x Facet, s *seen, f float64) float64 {
	if x == Credential { // how seldom this network is among those from which the credential is used
		used, _ := e.dists[keys].get(s.key)
		n := float64(used.mass) / f
		if n < 1 {
			return 0
		}
		pair, _ := e.dists[Credential].get(s.hash)
		here := s.key*31 ^ s.hash
		elsewhere := e.dists[Network].tail(here, f, team.dists[Network].tail(here, f, 1))
		return -math.Log((math.Min(float64(pair.mass)/f, n) + elsewhere) / (n + 1))
	}
	return -math.Log(e.dists[x].tail(s.hash, f, team.dists[x].tail(s.hash, f, all.dists[x].tail(s.hash, f, 1))))
}

// teamPart is what the group does with an action, whatever the actor did before.
func teamPart(p part, team, all *group, s *seen, f float64) part {
	p.facet = Team
	p.surprise = shares[Team] * gain(s.weight) * -math.Log(team.dists[Action].tail(s.hash, f, all.dists[Action].tail(s.hash, f, 1)))
	return p
}

func hourPart(e *entity, team, all *group, u *unit, f float64) part {
	h := uint64(hourOfWeek(u.hour))
	tail := e.dists[Hour].tail(h, f, team.dists[Hour].tail(h, f, all.dists[Hour].tail(h, f, 1)))
	own, _ := e.dists[Hour].get(h)
	return part{facet: Hour, value: hourName(u.hour), surprise: shares[Hour] * -math.Log(tail), before: own.count, last: own.last, n: u.events, event: u.example, weight: u.weight}
}

// series are the counts of the hour against those usual at this hour of the week: how many median deviations they are above the
// median of what the entity does more than its group.
func (c *commons) series(e *entity, team *group, u *unit, f float64) []part {
	var out []part
	for _, x := range []Facet{Errors, Volume, Breadth} {
		count, offset := u.count(x), 0.0
		if x != Errors {
			offset = float64(team.level[hourOfWeek(u.hour)])
		}
		d := &e.dists[x]
		if d.mass(f) < 6 {
			d = &team.dists[x]
		}
		if d.mass(f) < 6 {
			continue
		}
		median, mad := d.middle()
		// 1.4826 makes the median deviation comparable with a standard deviation; one bin, half a doubling, is the least.
		z := (float64(binOf(count, offset)) - median) / (1.4826*mad + 1)
		if z <= 2 || count < 5 {
			continue
		}
		usual := math.Exp2((median-binZero)/2+offset) - 1
		p := part{facet: x, value: decimal(uint64(count)), surprise: shares[x] * min(1.5*(z-1.5), 15), n: count, usual: max(0, usual), event: u.example, weight: u.weight}
		if x == Errors {
			p.event = u.failed
		}
		out = append(out, p)
	}
	return out
}

func (u *unit) count(x Facet) uint32 {
	switch x {
	case Errors:
		return u.failures
	case Breadth:
		return uint32(len(u.targets))
	}
	return u.events
}

// silentDays is from when on an account counts as silent.
const silentDays = 21

// single are the facets that need no distribution.
func single(e *entity, all *group, u *unit, f float64) []part {
	var out []part
	if e == nil {
		news, units := float64(all.news)/f, float64(all.units)/f
		return append(out, part{facet: Newcomer, value: u.name, surprise: shares[Newcomer] * -math.Log((news+0.5)/(units+1)), n: u.events, event: u.example, weight: u.weight})
	}
	if gap := float64(u.hour-e.last) / 24; gap >= silentDays {
		out = append(out, part{facet: Dormant, value: decimal(uint64(gap)), surprise: shares[Dormant] * 2 * math.Log(gap/7), last: e.last, n: u.events, event: u.example, weight: u.weight})
	}
	if rise := e.ramp.rise(u.hour); rise > 0.5 {
		out = append(out, part{facet: Ramp, value: decimal(uint64(100 * math.Exp(rise))), surprise: shares[Ramp] * min(4*(rise-0.5), 12), usual: math.Exp(rise), n: u.events, event: u.example, weight: u.weight})
	}
	moves := u.moves
	if e.place.country != "" && u.first.country != "" && e.place.country != u.first.country && u.first.at-e.place.at <= travelWindow && u.first.at >= e.place.at {
		moves = append([]move{{e.place.country, u.first.country, uint32((u.first.at - e.place.at) / 60), u.example}}, moves...)
	}
	for _, m := range moves {
		from, _ := e.dists[Country].get(hash(basis, m.from))
		to, _ := e.dists[Country].get(hash(basis, m.to))
		often := math.Min(float64(from.mass), float64(to.mass)) / f // both are usual: somebody who works through a gateway
		out = append(out, part{facet: Travel, value: m.from + " to " + m.to, surprise: shares[Travel] * 5 / (1 + often), usual: float64(m.minutes), n: 1, event: m.event, weight: u.weight})
	}
	return out
}

// sum adds the parts up, the highest of each facet in full and the others less and less, and leaves aside what is benign.
func (m *Model) sum(v *verdict) {
	for i := range v.parts {
		p := &v.parts[i]
		p.aside = m.isBenign(v.unit, p)
	}
	slices.SortStableFunc(v.parts, func(a, b part) int {
		switch {
		case a.surprise > b.surprise:
			return -1
		case a.surprise < b.surprise:
			return 1
		}
		return int(a.facet) - int(b.facet)
	})
	var nth [facets]int
	for i := range v.parts {
		p := &v.parts[i]
		if p.aside || nth[p.facet] >= spread {
			continue
		}
		nth[p.facet]++
		v.score += max(0, p.surprise) / float64(nth[p.facet])
	}
	v.bin = scoreBin(v.score)
}

// decide compares the units of an hour with those before and spends the budget, the least probable first.
func (m *Model) decide(h int32, all []*verdict, r *Result) {
	c := m.commons
	b := &c.budget
	hourOfDay := int(h - day(h)*24)
	var tests []*verdict
	for _, v := range all {
		if !v.learn {
			tests = append(tests, v)
		}
	}
	b.count(hourOfDay, len(tests))
	if len(tests) == 0 {
		if !m.learning(h) {
			b.settle(b.share(hourOfDay), false)
		}
		return
	}
	alpha := b.share(hourOfDay) / float64(len(tests))
	for _, v := range tests {
		v.p, v.e, v.n = c.judge(v.stratum, v.bin, alpha)
	}
	slices.SortStableFunc(tests, func(a, b *verdict) int {
		switch {
		case a.p < b.p:
			return -1
		case a.p > b.p:
			return 1
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	c.today.tests += len(tests)
	for _, v := range tests {
		v.alert = v.score >= m.opts.Least && v.p <= b.level(alpha)
		v.unit.alerted = v.alert
		b.settle(alpha, v.alert)
		if v.alert || v.p <= queued*alpha && len(r.Queue) < maxQueue || v.e > 2 {
			a := m.explain(v)
			switch {
			case v.alert:
				m.stats.Alerts++
				r.Alerts = append(r.Alerts, a)
			case v.p <= queued*alpha && len(r.Queue) < maxQueue:
				r.Queue = append(r.Queue, a)
			}
			c.today.add(a, v.e)
		}
	}
	for _, v := range tests {
		if !v.excused() {
			c.calibrate(v.stratum, day(h), v.bin, v.alert)
		}
	}
}

// queued is how many times the level of an alert a p-value may be to be listed without alerting.
const queued = 10

// maxQueue bounds that list.
const maxQueue = 50

// excused tells whether something of the unit was left aside; it is no example of an ordinary one then.
func (v *verdict) excused() bool {
	return slices.ContainsFunc(v.parts, func(p part) bool { return p.aside })
}
