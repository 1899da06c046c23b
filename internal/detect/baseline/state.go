package baseline

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// MarshalBinary writes all that was learned, and the hours that are open. What is benign is not part of it: that is kept where it
// was said. The same state gives the same bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	c := &coder{}
	m.code(c)
	return seal(c.buf), nil
}

// Read makes a model of what MarshalBinary wrote. Budget, shards and bounds are those of the options; the half-life is the one
// that was learned with.
func Read(data []byte, o Options) (*Model, error) {
	m, err := New(o)
	if err != nil {
		return nil, err
	}
	body, err := unseal(data)
	if err != nil {
		return nil, err
	}
	c := &coder{read: true, buf: body}
	m.code(c)
	if c.fault == "" && len(c.buf) > 0 {
		c.fail("there is more after the end")
	}
	if c.fault != "" {
		return nil, errs.New(errs.Invalid, "the state of the baseline cannot be read: %s", c.fault).WithHint("Let the baseline learn again from the stored events.")
	}
	if err := m.SetBudget(m.opts.BudgetPerDay); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Model) code(c *coder) {
	whole(c, &m.closed)
	c.flag(&m.started)
	if m.closed > mostHours || m.closed < -mostHours {
		c.fail("the last hour makes no sense")
	}
	for _, n := range []*int64{&m.stats.Events, &m.stats.Units, &m.stats.Alerts, &m.stats.Unattributed, &m.stats.Undated, &m.stats.Late, &m.stats.Future, &m.stats.Beyond, &m.stats.Evicted} {
		whole(c, n)
	}
	m.commons.code(c)
	m.codeEntities(c)
	m.codeOpen(c)
}

func (c *commons) code(to *coder) {
	whole(to, &c.clock.origin)
	to.float(&c.clock.halfLife)
	if c.clock.halfLife < 1 || c.clock.halfLife > 1e6 {
		to.fail("the half-life makes no sense")
	}
	whole(to, &c.begun)
	if max(c.begun, c.clock.origin) > mostHours || min(c.begun, c.clock.origin) < -mostHours {
		to.fail("the first hour makes no sense")
	}
	to.flag(&c.started)
	to.float(&c.budget.credit)
	if !(c.budget.credit >= 0 && c.budget.credit <= maxBudget) {
		to.fail("the credit of alerts makes no sense")
	}
	for i := range c.budget.hours {
		to.float(&c.budget.hours[i])
		to.float(&c.budget.parts[i])
	}
	c.budget.check(to)
	codeMap(to, c.groups, key.compare, func(k *key, g **group) {
		to.text(&k.log)
		to.text(&k.id)
		if to.read {
			*g = &group{}
		}
		(*g).code(to)
	})
	codeMap(to, c.scores, stratum.compare, func(k *stratum, h **histogram) {
		to.text(&k.log)
		whole(to, &k.kind)
		whole(to, &k.class)
		if k.class > 2 {
			to.fail("a stratum makes no sense")
		}
		to.flag(&k.young)
		whole(to, &k.level)
		if to.read {
			*h = &histogram{}
		}
		(*h).code(to)
	})
	c.today.code(to)
}

// check holds what the bound of alerts rests on: the parts of a day sum to no more than one.
func (b *budget) check(c *coder) {
	sum := 0.0
	for i, p := range b.parts {
		if p < 0 || !(b.hours[i] >= 0) || math.IsInf(b.hours[i], 0) {
			c.fail("the parts of the budget make no sense")
			return
		}
		sum += p
	}
	if sum > 1+1e-9 {
		c.fail("the parts of the budget are more than the budget")
	}
}

// maxMap bounds what is read; a model holds far less.
const maxMap = 20_000_000

type pair[K comparable, V any] struct {
	key   K
	value V
}

// codeMap codes a map in the order of its keys.
func codeMap[K comparable, V any](c *coder, m map[K]V, compare func(a, b K) int, each func(k *K, v *V)) {
	var pairs []pair[K, V]
	if !c.read {
		for _, k := range slices.SortedFunc(maps.Keys(m), compare) {
			pairs = append(pairs, pair[K, V]{k, m[k]})
		}
	}
	list(c, &pairs, maxMap, func(p *pair[K, V]) { each(&p.key, &p.value) })
	if c.read {
		for i, p := range pairs {
			if i > 0 && compare(pairs[i-1].key, p.key) >= 0 {
				c.fail("a list is out of order")
				return
			}
			m[p.key] = p.value
		}
	}
}

func (d *dist) code(c *coder, most int) {
	c.small(&d.rest)
	last := uint64(0)
	first := true
	list(c, &d.cells, most, func(x *cell) {
		c.raw64(&x.key)
		c.small(&x.mass)
		whole(c, &x.count)
		whole(c, &x.last)
		whole(c, &x.today)
		if !first && x.key <= last {
			c.fail("values are out of order")
		}
		first, last = false, x.key
	})
}

func (g *group) code(c *coder) {
	whole(c, &g.members)
	for f := range g.dists {
		g.dists[f].code(c, 16*limits[f])
	}
	for i := range g.level {
		c.small(&g.level[i])
	}
	c.small(&g.news)
	c.small(&g.units)
}

func (h *histogram) code(c *coder) {
	list(c, &h.days, 1000, func(d *dayScores) {
		whole(c, &d.day)
		list(c, &d.bins, scoreBins, func(b *binCount) {
			whole(c, &b.bin)
			whole(c, &b.n)
			whole(c, &b.told)
			if b.bin >= scoreBins {
				c.fail("a score is too high")
			}
		})
	})
	if !c.read || c.fault != "" {
		return
	}
	total := uint64(0)
	for i, d := range h.days {
		if i > 0 && h.days[i-1].day >= d.day {
			c.fail("days are out of order")
			return
		}
		for j, b := range d.bins {
			if j > 0 && d.bins[j-1].bin >= b.bin {
				c.fail("scores are out of order")
				return
			}
			h.total[b.bin] += b.n
			h.told[b.bin] += b.told
			h.n += b.n
			total += uint64(b.n) + uint64(b.told)
		}
	}
	if total > math.MaxUint32 {
		c.fail("there are too many scores")
	}
}

func (m *Model) codeEntities(c *coder) {
	all := map[key]*entity{}
	for _, s := range m.shards {
		maps.Copy(all, s.entities)
	}
	codeMap(c, all, key.compare, func(k *key, e **entity) {
		c.text(&k.log)
		c.text(&k.id)
		if c.read {
			*e = &entity{}
		}
		(*e).code(c)
	})
	if c.read {
		for k, e := range all {
			m.shardOf(k).entities[k] = e
		}
	}
}

func (m *Model) shardOf(k key) *shard { return m.shards[hash(basis, k.id)%uint64(len(m.shards))] }

func (e *entity) code(c *coder) {
	c.text(&e.name)
	whole(c, &e.kind)
	c.text(&e.peer)
	whole(c, &e.since)
	whole(c, &e.last)
	whole(c, &e.units)
	whole(c, &e.events)
	for f := range e.dists {
		e.dists[f].code(c, limits[f])
	}
	e.place.code(c)
	whole(c, &e.ramp.day)
	whole(c, &e.ramp.begun)
	whole(c, &e.ramp.days)
	c.small(&e.ramp.now)
	for i := range e.ramp.means {
		c.small(&e.ramp.means[i])
	}
}

func (p *place) code(c *coder) {
	c.text(&p.country)
	whole(c, &p.at)
}

func (m *Model) codeOpen(c *coder) {
	all := map[int32]map[key]*unit{}
	for _, s := range m.shards {
		for h, units := range s.open {
			if all[h] == nil {
				all[h] = map[key]*unit{}
			}
			maps.Copy(all[h], units)
		}
	}
	codeMap(c, all, cmp.Compare[int32], func(h *int32, units *map[key]*unit) {
		whole(c, h)
		if c.read {
			*units = map[key]*unit{}
			if m.started && *h <= m.closed {
				c.fail("an open hour was closed")
			}
		}
		codeMap(c, *units, key.compare, func(k *key, u **unit) {
			if c.read {
				*u = &unit{}
			}
			(*u).code(c)
			*k, (*u).hour = (*u).key, *h
		})
	})
	if c.read {
		for h, units := range all {
			for k, u := range units {
				s := m.shardOf(k)
				if s.open[h] == nil {
					s.open[h] = map[key]*unit{}
				}
				s.open[h][k] = u
			}
		}
	}
}

func (u *unit) code(c *coder) {
	c.text(&u.key.log)
	c.text(&u.key.id)
	c.text(&u.name)
	whole(c, &u.kind)
	c.text(&u.peer)
	whole(c, &u.events)
	whole(c, &u.failures)
	whole(c, &u.weight)
	for f := range u.values {
		list(c, &u.values[f], maxValues, func(s *seen) {
			c.raw64(&s.hash)
			c.raw64(&s.key)
			c.text(&s.name)
			whole(c, &s.n)
			whole(c, &s.weight)
			c.text(&s.event)
		})
	}
	targets := slices.Sorted(maps.Keys(u.targets))
	list(c, &targets, maxTargets, c.raw64)
	if c.read && len(targets) > 0 {
		u.targets = map[uint64]struct{}{}
		for _, t := range targets {
			u.targets[t] = struct{}{}
		}
	}
	list(c, &u.moves, maxMoves, func(m *move) {
		c.text(&m.from)
		c.text(&m.to)
		whole(c, &m.minutes)
		c.text(&m.event)
	})
	u.first.code(c)
	u.last.code(c)
	c.text(&u.example)
	c.text(&u.failed)
}

func (t *today) code(c *coder) {
	whole(c, &t.index)
	whole(c, &t.tests)
	list(c, &t.best, maxConfirmed, func(x *candidate) {
		c.float(&x.e)
		x.anomaly.code(c)
	})
}

func (a *Anomaly) code(c *coder) {
	c.text(&a.Entity.Log)
	c.text(&a.Entity.ID)
	c.text(&a.Entity.Name)
	whole(c, &a.Entity.Kind)
	c.text(&a.Peer)
	c.instant(&a.Hour)
	c.float(&a.Score)
	c.float(&a.P)
	whole(c, &a.Compared)
	for _, s := range []*string{&a.Sentence, &a.Technique, &a.Confidence} {
		c.text(s)
	}
	list(c, &a.Facets, maxFindings, func(f *Finding) {
		whole(c, &f.Facet)
		c.text(&f.Value)
		whole(c, &f.Seen)
		whole(c, &f.Team)
		c.instant(&f.Last)
		c.float(&f.Surprise)
		c.text(&f.Event)
	})
	list(c, &a.Events, maxExamples, c.text)
}
