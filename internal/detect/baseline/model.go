// Package baseline learns what is usual and tells what is not, within a budget of alerts a day that holds by construction.
//
// What is tested is an entity-hour: an actor in one kind of log in one hour. Each side of its behaviour (Facet) gives a surprise,
// the negative logarithm of the probability of something as rare or rarer, smoothed from the actor over its peer group to the
// organisation. Their weighted sum is compared with those of a sliding window of entity-hours of the same stratum, which gives a
// conformal p-value; what alerts is decided by budget. A list with a bounded share of false discoveries is made each day (e-BH).
//
// The package is pure: the same events in the same hours give the same results, whatever the number of shards, and also when the
// state is written and read again in between. It knows no clock: the caller closes the hours.
package baseline

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Options set up a model. Zero values take the defaults.
type Options struct {
	BudgetPerDay float64       // alerts a day (default 5)
	HalfLife     time.Duration // after which what was learned counts half (default 30 days)
	Window       int           // days of scores that a score is compared with (default 30)
	Learn        int           // days at the beginning in which nothing is scored (default 7)
	MaxEntities  int           // entities that are remembered (default 50,000)
	DayLimit     int           // contributions a day of one entity to one value of its own baseline (default 4)
	Least        float64       // the least score that alerts, in nats (default 15): less is not told however rare it is
	FDR          float64       // the share of false discoveries in the daily list (default 0.1)
	Shards       int           // parts that are worked on at once (default 1); results do not depend on it
}

// maxBudget bounds the budget: more than this nobody looks at.
const maxBudget = 1000

func (o Options) withDefaults() (Options, error) {
	set := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
	}
	if o.BudgetPerDay == 0 {
		o.BudgetPerDay = 5
	}
	if o.HalfLife == 0 {
		o.HalfLife = 30 * 24 * time.Hour
	}
	if o.Least == 0 {
		o.Least = 15
	}
	if o.FDR == 0 {
		o.FDR = 0.1
	}
	set(&o.Window, 30)
	set(&o.Learn, 7)
	set(&o.MaxEntities, 50_000)
	set(&o.DayLimit, 4)
	set(&o.Shards, 1)
	switch {
	case !(o.BudgetPerDay > 0 && o.BudgetPerDay <= maxBudget):
		return o, errs.New(errs.Invalid, "the budget is more than 0 and at most %d alerts a day", maxBudget).At("budget")
	case o.HalfLife < 24*time.Hour || o.HalfLife > 5*365*24*time.Hour:
		return o, errs.New(errs.Invalid, "the half-life is between a day and five years").At("half_life")
	case o.Window < 1 || o.Window > 366 || o.Learn < 0 || o.Learn > 366:
		return o, errs.New(errs.Invalid, "the window and the days of learning are at most 366").At("window")
	case o.MaxEntities < 1 || o.MaxEntities > 5_000_000 || o.DayLimit < 1 || o.DayLimit > 24 || o.Shards < 1 || o.Shards > 256:
		return o, errs.New(errs.Invalid, "entities are 1 to 5,000,000, contributions a day 1 to 24, shards 1 to 256")
	case !(o.Least >= 0 && o.Least <= 1000):
		return o, errs.New(errs.Invalid, "the least score is between 0 and 1,000").At("least")
	case !(o.FDR > 0 && o.FDR < 1):
		return o, errs.New(errs.Invalid, "the share of false discoveries is between 0 and 1").At("fdr")
	}
	return o, nil
}

// Stats counts what a model did.
type Stats struct {
	Events, Units, Alerts int64
	Unattributed          int64 // events without an actor and without a host
	Undated               int64
	Late                  int64 // events of hours that were closed; they count in the hour that is open
	Future                int64 // events more than a day ahead; they count in the hour that is open
	Beyond                int64 // events of entities beyond the bound of an hour
	Evicted               int64 // entities that were forgotten for others
}

// Model is what is learned of one organisation. It is for one goroutine.
type Model struct {
	opts     Options
	shards   []*shard
	commons  *commons
	benign   map[benignKey]time.Time
	families map[string]string // of user agents; a cache, no state
	closed   int32             // the last hour that was closed
	started  bool              // some hour was closed
	stats    Stats
}

// shard is the entities of one part, and what they do in hours that are not closed.
type shard struct {
	entities map[key]*entity
	open     map[int32]map[key]*unit
}

// entity is what is learned of one actor.
type entity struct {
	name   string
	kind   event.ActorKind
	peer   string
	since  int32 // hour of the first event
	last   int32 // hour of the last one
	units  uint32
	events uint32
	dists  [stored]dist
	place  place
	ramp   ramp
}

// commons is what all shards share: the peer groups, the logs, the scores and the budget.
type commons struct {
	clock   clock
	begun   int32 // the first hour
	started bool
	groups  map[key]*group // log and peer group; the whole log has no peer group
	scores  map[stratum]*histogram
	budget  budget
	today   today
}

// group is what is learned of many.
type group struct {
	members uint32
	dists   [stored]dist
	level   [48]float32 // the usual doublings of events at each hour of the week
	news    float32     // decayed number of entity-hours that were an entity's first
	units   float32     // decayed number of entity-hours
}

// New makes an empty model.
func New(o Options) (*Model, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m := &Model{opts: o, families: map[string]string{}, benign: map[benignKey]time.Time{}}
	m.commons = &commons{groups: map[key]*group{}, scores: map[stratum]*histogram{}, budget: newBudget(o.BudgetPerDay)}
	m.commons.clock.halfLife = o.HalfLife.Hours()
	m.commons.today.index = -1
	for range o.Shards {
		m.shards = append(m.shards, &shard{entities: map[key]*entity{}, open: map[int32]map[key]*unit{}})
	}
	return m, nil
}

// Stats tells what was done so far.
func (m *Model) Stats() Stats { return m.stats }

// Entities tells how many are remembered.
func (m *Model) Entities() int {
	n := 0
	for _, s := range m.shards {
		n += len(s.entities)
	}
	return n
}

// SetBudget changes the alerts a day, from the next hour on.
func (m *Model) SetBudget(perDay float64) error {
	o := m.opts
	o.BudgetPerDay = perDay
	if perDay == 0 {
		o.BudgetPerDay = -1
	}
	if _, err := o.withDefaults(); err != nil {
		return err
	}
	m.opts, m.commons.budget.perDay = o, perDay
	m.commons.budget.credit = min(m.commons.budget.credit, m.commons.budget.ceiling())
	return nil
}

// Learning tells whether nothing is scored yet, and until when.
func (m *Model) Learning() (until time.Time, learning bool) {
	if !m.commons.started {
		return time.Time{}, true
	}
	end := m.commons.begun + int32(m.opts.Learn*24)
	return instant(end), !m.started || m.closed+1 < end
}

// learning tells whether an hour is too early to be scored.
func (m *Model) learning(h int32) bool {
	return !m.commons.started || h < m.commons.begun+int32(m.opts.Learn*24)
}

// maxUnits bounds the entities of an hour: a flood of made-up names must not fill the memory.
const maxUnits = 200_000

// ahead is how many hours an event may lie in the future.
const ahead = 24

// Observe takes an event into account. peer names the group of people or services its actor belongs to; without one, it is
// compared with all of its kind.
func (m *Model) Observe(e *event.Event, peer string) {
	m.stats.Events++
	at := e.When()
	if at.IsZero() {
		m.stats.Undated++
		return
	}
	k := key{e.Log, e.Actor.ID}
	if k.id == "" {
		k.id = e.Host
	}
	if k.id == "" {
		m.stats.Unattributed++
		return
	}
	if len(k.id) > 2*maxText {
		k.id = k.id[:2*maxText]
	}
	hour := hourOf(at)
	if m.started {
		switch {
		case hour <= m.closed:
			m.stats.Late++
			hour = m.closed + 1
		case hour > m.closed+ahead:
			m.stats.Future++
			hour = m.closed + 1
		}
	}
	s := m.shards[hash(basis, k.id)%uint64(len(m.shards))]
	units := s.open[hour]
	if units == nil {
		units = map[key]*unit{}
		s.open[hour] = units
	}
	u := units[k]
	if u == nil {
		if len(units) >= maxUnits/len(m.shards) {
			m.stats.Beyond++
			return
		}
		k = key{strings.Clone(k.log), strings.Clone(k.id)}
		u = &unit{key: k, name: bounded(e.Actor.Name), kind: e.Actor.Kind, peer: strings.Clone(peer), hour: hour}
		units[k] = u
	}
	if u.peer == "" {
		u.peer = strings.Clone(peer)
	}
	u.observe(e, m.families)
}

func hourOf(t time.Time) int32 {
	s := t.Unix()
	h := s / 3600
	if s%3600 < 0 {
		h--
	}
	return int32(max(-mostHours, min(mostHours, h)))
}

// mostHours bounds the hours that are counted from 1970: the year 124,000.
const mostHours = 1 << 30

func instant(hour int32) time.Time { return time.Unix(int64(hour)*3600, 0).UTC() }

// Close ends all hours up to the one that begins at the given time, which must be called in the order of time and when nothing
// more is expected of them, and tells what was unusual.
func (m *Model) Close(hour time.Time) Result {
	to := hourOf(hour)
	var r Result
	for _, h := range m.hoursUpTo(to) {
		m.pass(h, &r)
		m.close(h, &r)
	}
	m.pass(to+1, &r)
	return r
}

func (m *Model) hoursUpTo(to int32) []int32 {
	var hours []int32
	for _, s := range m.shards {
		for h := range s.open {
			if h <= to && !slices.Contains(hours, h) {
				hours = append(hours, h)
			}
		}
	}
	slices.Sort(hours)
	return hours
}

// idle is how many hours without events are gone through one by one; after more than that the credit is full anyway.
const idle = 24 * 31

// pass goes through the hours without events before one.
func (m *Model) pass(before int32, r *Result) {
	if !m.started || before <= m.closed+1 {
		return
	}
	for h := max(m.closed+1, before-idle); h < before; h++ {
		m.turn(h, r)
		b := &m.commons.budget
		hourOfDay := int(h - day(h)*24)
		if !m.learning(h) {
			b.settle(b.share(hourOfDay), false)
		}
		b.count(hourOfDay, 0)
	}
	m.closed = before - 1
}

// turn begins a day: the daily list of the one before is made, old scores are forgotten, and the budget is shared anew.
func (m *Model) turn(h int32, r *Result) {
	c := m.commons
	d := day(h)
	if c.today.index == d {
		return
	}
	if c.today.index != -1 || c.today.tests > 0 {
		r.Confirmed = append(r.Confirmed, c.today.confirmed(m.opts.FDR)...)
	}
	c.today = today{index: d}
	for k, s := range c.scores {
		if s.slide(d - int32(m.opts.Window)); s.n == 0 {
			delete(c.scores, k)
		}
	}
	c.budget.apportion()
	m.sweep()
	if float64(h-c.clock.origin) > rebase*c.clock.halfLife {
		m.rebase(h)
	}
}

func (m *Model) rebase(h int32) {
	c := m.commons
	by := 1 / c.clock.factor(h)
	for _, g := range c.groups {
		for f := range g.dists {
			g.dists[f].scale(by)
		}
		g.news, g.units = float32(float64(g.news)*by), float32(float64(g.units)*by)
	}
	for _, s := range m.shards {
		for _, e := range s.entities {
			for f := range e.dists {
				e.dists[f].scale(by)
			}
		}
	}
	c.clock.origin = h
}

// close scores the units of an hour, decides what alerts, and learns.
func (m *Model) close(h int32, r *Result) {
	c := m.commons
	if !c.started {
		c.started, c.begun, c.clock.origin = true, h, h
	}
	m.turn(h, r)
	scored := make([][]*verdict, len(m.shards))
	m.each(func(i int, s *shard) {
		for _, u := range s.open[h] {
			u.sorted()
			scored[i] = append(scored[i], m.score(s.entities[u.key], u))
		}
	})
	all := slices.Concat(scored...)
	slices.SortFunc(all, func(a, b *verdict) int { return a.unit.key.compare(b.unit.key) })
	m.stats.Units += int64(len(all))
	m.decide(h, all, r)
	for _, v := range all {
		m.share(v)
	}
	m.each(func(_ int, s *shard) {
		for _, u := range s.open[h] {
			s.learn(u, c, m.opts)
		}
		delete(s.open, h)
	})
	if m.Entities() > 2*m.opts.MaxEntities {
		m.sweep()
	}
	m.closed, m.started = h, true
}

// each works on the shards at once.
func (m *Model) each(do func(i int, s *shard)) {
	if len(m.shards) == 1 {
		do(0, m.shards[0])
		return
	}
	var wg sync.WaitGroup
	for i, s := range m.shards {
		wg.Go(func() { do(i, s) })
	}
	wg.Wait()
}

// sweep forgets the entities of which least is known when there are too many.
func (m *Model) sweep() {
	n := m.Entities()
	if n <= m.opts.MaxEntities {
		return
	}
	type candidate struct {
		key  key
		mass float64
		in   *shard
	}
	var all []candidate
	for _, s := range m.shards {
		for k, e := range s.entities {
			all = append(all, candidate{k, e.dists[Hour].mass(1), s})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		switch {
		case a.mass < b.mass:
			return -1
		case a.mass > b.mass:
			return 1
		}
		return a.key.compare(b.key)
	})
	for _, x := range all[:n-m.opts.MaxEntities*19/20] {
		delete(x.in.entities, x.key)
		m.stats.Evicted++
	}
}
