package baseline

import "math"

// learn takes a unit into what is known of its entity. However much an entity does in a day, each value gains no more than
// DayLimit contributions from it, so that nobody makes an attack usual within hours.
func (s *shard) learn(u *unit, c *commons, o Options) {
	e := s.entities[u.key]
	if e == nil {
		e = &entity{since: u.hour}
		s.entities[u.key] = e
	}
	f := c.clock.factor(u.hour)
	e.name, e.kind, e.peer, e.last = u.name, u.kind, u.team(), u.hour
	e.units, e.events = addSaturated(e.units, 1), addSaturated(e.events, u.events)
	perDay := uint8(o.DayLimit)
	if u.alerted {
		perDay = 1 // what was told of becomes usual slowly
	}
	for x := Action; x < keys; x++ {
		for i := range u.values[x] {
			v := &u.values[x][i]
			e.dists[x].add(v.hash, v.n, u.hour, f, 1, perDay, limits[x])
			if x == Credential {
				e.dists[keys].add(v.key, v.n, u.hour, f, 1, perDay, limits[keys])
			}
		}
	}
	e.dists[Hour].add(uint64(hourOfWeek(u.hour)), u.events, u.hour, f, 1, perDay, limits[Hour])
	team := c.group(u.key.log, u.team())
	for _, x := range []Facet{Errors, Volume, Breadth} {
		e.dists[x].add(u.bin(x, team), 1, u.hour, f, 1, perDay, limits[x])
	}
	e.ramp.add(u.hour, u.events, uint32(len(u.targets)))
	if u.last.country != "" {
		e.place = u.last
	}
}

func (u *unit) bin(x Facet, team *group) uint64 {
	if x == Errors {
		return binOf(u.failures, 0)
	}
	return binOf(u.count(x), float64(team.level[hourOfWeek(u.hour)]))
}

// share takes a unit into what is known of its peer group and of the log: of each value once a day for each entity, so that what
// a group does is what its members do and not what its busiest member does.
func (m *Model) share(v *verdict) {
	u, c := v.unit, m.commons
	f := c.clock.factor(u.hour)
	for _, peer := range []string{u.team(), ""} {
		k := key{u.key.log, peer}
		g := c.groups[k]
		if g == nil {
			g = &group{}
			c.groups[k] = g
		}
		for x := Action; x < Credential; x++ {
			for i, s := range u.values[x] {
				weight := 0.0
				if v.fresh[x][i] && !v.alert {
					weight = 1
				}
				g.dists[x].add(s.hash, s.n, u.hour, f, weight, math.MaxUint8, 16*limits[x])
			}
		}
		g.dists[Hour].add(uint64(hourOfWeek(u.hour)), u.events, u.hour, f, 1, math.MaxUint8, limits[Hour])
		for _, x := range []Facet{Errors, Volume, Breadth} {
			g.dists[x].add(u.bin(x, g), 1, u.hour, f, 1, math.MaxUint8, 2*limits[x])
		}
		level := &g.level[hourOfWeek(u.hour)]
		*level += 0.02 * (float32(math.Log2(1+float64(u.events))) - *level)
		g.units += float32(f)
		if v.new {
			g.members++
			g.news += float32(f)
		}
	}
}

// ramp compares what an entity does a day over one, seven and thirty days: who takes a little more each day moves the days before
// along, but not all three of them.
type ramp struct {
	day   int32
	begun int32
	now   float32 // of this day
	means [3]float32
	days  uint32
}

var rampDays = [3]float64{1, 7, 30}

func (r *ramp) add(hour int32, events, targets uint32) {
	d := day(hour)
	if r.days == 0 {
		r.day, r.begun, r.days = d, d, 1
	}
	r.turn(d)
	r.now += float32(events + 4*targets) // targets tell more than events: who copies things touches many
}

func (r *ramp) turn(d int32) {
	if d <= r.day {
		return
	}
	for i, n := range rampDays {
		keep := math.Exp2(-1 / n)
		r.means[i] = float32(float64(r.means[i])*keep + (1-keep)*float64(r.now))
		r.means[i] = float32(float64(r.means[i]) * math.Pow(keep, float64(d-r.day-1)))
	}
	r.day, r.now = d, 0
	r.days = addSaturated(r.days, 1)
}

// rise is by how much the last week is above the last month and the last day is no lower than the week, as a logarithm; 0 while
// less than three weeks are known.
func (r *ramp) rise(hour int32) float64 {
	age := float64(day(hour) - r.begun)
	if age < 21 || r.days < 10 {
		return 0
	}
	was := *r
	was.turn(day(hour))
	var mean [3]float64
	for i, n := range rampDays {
		mean[i] = float64(was.means[i]) / (1 - math.Exp2(-age/n)) // the means begin at nothing
	}
	return math.Log((math.Min(mean[0], mean[1]) + 20) / (mean[2] + 20))
}
