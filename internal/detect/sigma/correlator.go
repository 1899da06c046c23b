package sigma

import (
	"container/heap"
	"math"
	"slices"
	"sort"
	"time"
)

// Limits bounds what a Correlator remembers and how it treats time.
type Limits struct {
	Groups   int           // groups in memory; the one not touched for longest goes first (default 200,000)
	Entries  int           // events in memory over all groups (default 2,000,000)
	PerGroup int           // events of one group; the oldest go first (default 20,000)
	Lateness time.Duration // how late an event may come, behind the newest (default 30 minutes)
	Skew     time.Duration // how far an event may lie in the future; beyond, it is taken to be of now (default 5 minutes)
}

func (l Limits) orDefault() Limits {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&l.Groups, 200_000)
	set(&l.Entries, 2_000_000)
	set(&l.PerGroup, 20_000)
	if l.Lateness <= 0 {
		l.Lateness = 30 * time.Minute
	}
	if l.Skew <= 0 {
		l.Skew = 5 * time.Minute
	}
	return l
}

// Stats counts what a Correlator holds, and what it could not use or keep.
type Stats struct {
	Groups, Entries               int64
	Late                          int64 // events behind the bound of lateness
	Future                        int64 // events taken to be of now
	Ungrouped                     int64 // events without a field of group-by, or with too many values of it
	Unusable                      int64 // events without the field that is counted, or whose value is no number
	EvictedGroups, EvictedEntries int64 // forgotten to stay within the limits
}

// Alert is a correlation that came true for one group.
type Alert struct {
	Correlation *Correlation
	Stands      bool      // it is a detection; otherwise it only feeds correlations above it
	At          time.Time // of the event that made it true, or the end of its window
	From        time.Time // of the first event that counts
	Group       []string  // values of group-by, in its order
	Value       float64   // what was compared: a count, a sum, a rank
	Events      []uint64  // that count, the newest if they are more than 100
}

// maxEvents bounds the events an alert lists.
const maxEvents = 100

// Correlator remembers what the correlations of an engine need. It is for one goroutine at a time.
//
// A condition that can only come to hold when more happens (at least so many) is told at the event that makes it hold, for
// any window of the timespan, wherever it lies; a group that was told of is told of again after the timespan. Other
// conditions are told when a window is over: it begins at the first event of the group that no window before it holds.
type Correlator struct {
	engine  *Engine
	limits  Limits
	groups  []map[string]*window // of each correlation
	oldest  *window              // ring of all, by when they were touched
	due     dueHeap
	highest int64 // microseconds: the newest event, or now
	stats   Stats
	alerts  []Alert
	pending []pendingFeed
}

// pendingFeed is an alert on its way to the correlations above it.
type pendingFeed struct {
	feed     *feed
	captured [][]string
	at       int64
	event    uint64
}

// entry is one event that counts in a window.
type entry struct {
	at      int64
	rule    int16
	event   uint64
	value   string
	number  float64
	carried [][]string
}

// window holds the events of one group of one correlation.
type window struct {
	correlation int32
	key         string
	group       []string
	entries     []entry // by time
	fired       int64   // when it was told of last
	tail        tail
	prev, next  *window
}

const never = math.MinInt64 / 2

// Correlator makes an empty one.
func (e *Engine) Correlator(limits Limits) *Correlator {
	c := &Correlator{engine: e, limits: limits.orDefault(), highest: never}
	for range e.correlations {
		c.groups = append(c.groups, map[string]*window{})
	}
	ring := &window{}
	ring.prev, ring.next = ring, ring
	c.oldest = ring
	return c
}

// Stats tells what it holds and what it lost.
func (c *Correlator) Stats() Stats { return c.stats }

// Observe takes the hits of an event, which happened at a time and is known by a number that no other event has, and gives the
// correlations that come true. The result is good until the next call.
func (c *Correlator) Observe(hits []Hit, event uint64, at, now time.Time) []Alert {
	c.alerts = c.alerts[:0]
	when := at.UnixMicro()
	fed := false
	for i := range hits {
		fed = fed || len(c.engine.feeds[hits[i].Rule]) > 0
	}
	if !fed {
		return nil
	}
	switch {
	case at.After(now.Add(c.limits.Skew)):
		when = now.UnixMicro()
		c.stats.Future++
	case when < c.mark():
		c.stats.Late++
		return nil
	}
	c.highest = max(c.highest, when)
	for i := range hits {
		for _, f := range c.engine.feeds[hits[i].Rule] {
			c.feed(&f, hits[i].Captured, when, event)
			c.settle()
		}
	}
	c.close()
	c.forget()
	return c.alerts
}

// settle feeds what came true to the correlations above, until nothing more comes true.
func (c *Correlator) settle() {
	for i := 0; i < len(c.pending); i++ { // it grows on the way; correlations have no cycle
		p := c.pending[i]
		c.feed(p.feed, p.captured, p.at, p.event)
	}
	c.pending = c.pending[:0]
}

// forget lets go of some groups that no event can matter to any more.
func (c *Correlator) forget() {
	for range 4 {
		w := c.oldest.next
		if w == c.oldest {
			return
		}
		x := c.engine.correlations[w.correlation]
		n := len(w.entries)
		if n > 0 && (!x.growing || w.entries[n-1].at >= c.mark()-x.c.Timespan.Microseconds()) {
			return
		}
		c.drop(w)
	}
}

// Advance says what time it is, and gives the correlations whose windows are over. Call it now and then when no events come.
func (c *Correlator) Advance(now time.Time) []Alert {
	c.alerts = c.alerts[:0]
	c.highest = max(c.highest, now.UnixMicro())
	c.close()
	c.forget()
	return c.alerts
}

// mark is the time before which nothing comes any more.
func (c *Correlator) mark() int64 { return c.highest - c.limits.Lateness.Microseconds() }

// maxProduct bounds the groups that one event with several values falls into.
const maxProduct = 64

// feed adds an event to the groups of a correlation.
func (c *Correlator) feed(f *feed, captured [][]string, at int64, event uint64) {
	x := c.engine.correlations[f.to]
	product := [][]string{nil}
	for _, g := range f.group {
		var next [][]string
		for _, p := range product {
			for _, v := range captured[g] {
				next = append(next, append(slices.Clip(p), v))
			}
		}
		if product = next; len(product) == 0 || len(product) > maxProduct {
			c.stats.Ungrouped++
			return
		}
	}
	var carried [][]string
	if len(f.needs) > 0 {
		carried = make([][]string, len(f.needs))
		for i, n := range f.needs {
			if n >= 0 {
				carried[i] = captured[n]
			}
		}
	}
	base := entry{at: at, rule: f.ref, event: event, carried: carried}
	entries, ok := x.values(f, captured, base)
	if !ok {
		c.stats.Unusable++
		return
	}
	for _, group := range product {
		w := c.window(f.to, group)
		for _, e := range entries {
			c.insert(w, e)
		}
	}
}

// values makes the entries of an event: one for each combination of the values that are counted.
func (x *correlator) values(f *feed, captured [][]string, base entry) ([]entry, bool) {
	if len(f.values) == 0 {
		return []entry{base}, true
	}
	product := [][]string{nil}
	for _, n := range f.values {
		var next [][]string
		for _, p := range product {
			for _, v := range captured[n] {
				next = append(next, append(slices.Clip(p), v))
			}
		}
		if product = next; len(product) == 0 || len(product) > maxProduct {
			return nil, false
		}
	}
	var out []entry
	for _, p := range product {
		e := base
		if x.c.Type == ValueCount {
			e.value = groupKey(p)
		} else {
			n, ok := parseNumber(p[0])
			if !ok || math.IsInf(n, 0) {
				return nil, false
			}
			e.number = n
		}
		out = append(out, e)
	}
	return out, true
}

// window finds a group and makes it the last that was touched.
func (c *Correlator) window(correlation int32, group []string) *window {
	key := groupKey(group)
	w := c.groups[correlation][key]
	if w == nil {
		for c.stats.Groups >= int64(c.limits.Groups) {
			c.evict()
		}
		w = &window{correlation: correlation, key: key, group: group, fired: never}
		c.groups[correlation][key] = w
		c.stats.Groups++
	} else {
		w.prev.next, w.next.prev = w.next, w.prev
	}
	w.prev, w.next = c.oldest.prev, c.oldest
	w.prev.next, w.next.prev = w, w
	return w
}

func (c *Correlator) evict() {
	w := c.oldest.next
	c.stats.EvictedGroups++
	c.stats.EvictedEntries += int64(len(w.entries))
	c.drop(w)
}

func (c *Correlator) drop(w *window) {
	c.stats.Groups--
	c.stats.Entries -= int64(len(w.entries))
	w.entries = nil
	w.prev.next, w.next.prev = w.next, w.prev
	delete(c.groups[w.correlation], w.key)
}

// insert puts an event into a window at its time, and tells if the correlation comes true by it.
func (c *Correlator) insert(w *window, e entry) {
	x := c.engine.correlations[w.correlation]
	span := x.c.Timespan.Microseconds()
	c.expire(w, c.mark()-span)
	if len(w.entries) >= c.limits.PerGroup {
		n := c.limits.PerGroup/10 + 1 // many at once, because the rest is counted again
		c.stats.EvictedEntries += int64(n)
		c.cut(x, w, n)
	}
	for c.stats.Entries >= int64(c.limits.Entries) && c.oldest.next != w {
		c.evict()
	}
	i := sort.Search(len(w.entries), func(i int) bool { return w.entries[i].at > e.at })
	if !x.c.temporal() {
		for j := i - 1; j >= max(0, i-maxProduct) && w.entries[j].at == e.at; j-- {
			if w.entries[j].event == e.event && w.entries[j].rule != e.rule {
				return // an event that several of the rules match counts once
			}
		}
	}
	w.entries = slices.Insert(w.entries, i, e)
	c.stats.Entries++
	if !x.growing {
		if i == 0 {
			c.expect(w, e.at+span)
		}
		return
	}
	if i < len(w.entries)-1 {
		c.replay(x, w, i)
		return
	}
	w.tail.add(x, w, i)
	c.check(x, w, i)
}

// expire forgets events that no window can hold any more.
func (c *Correlator) expire(w *window, before int64) {
	if !c.engine.correlations[w.correlation].growing {
		return
	}
	n := sort.Search(len(w.entries), func(i int) bool { return w.entries[i].at >= before })
	if n > 0 && (n > len(w.entries)/2 || n > 1000) {
		c.cut(c.engine.correlations[w.correlation], w, n)
	}
}

// cut forgets the first events of a window.
func (c *Correlator) cut(x *correlator, w *window, n int) {
	w.entries = append(w.entries[:0], w.entries[n:]...)
	c.stats.Entries -= int64(n)
	if !x.growing {
		return
	}
	if n <= w.tail.head {
		w.tail.head, w.tail.end = w.tail.head-n, w.tail.end-n
		return
	}
	c.replay(x, w, len(w.entries)) // what went had counted
}

// replay counts a window again and looks at all ends that the i-th event could have made true.
func (c *Correlator) replay(x *correlator, w *window, i int) {
	w.tail = tail{}
	for k := range w.entries {
		w.tail.add(x, w, k)
		if k >= i && w.entries[k].at <= w.entries[i].at+x.c.Timespan.Microseconds() {
			c.check(x, w, k)
		}
	}
}

// check tells of a group if the window that ends with the k-th event makes the condition true.
func (c *Correlator) check(x *correlator, w *window, k int) {
	at := w.entries[k].at
	value, ok := w.tail.holds(x, w)
	span := x.c.Timespan.Microseconds()
	if !ok || w.fired != never && at-w.fired <= span && w.fired-at <= span {
		return
	}
	w.fired = at
	from := w.tail.head
	if x.c.Type == TemporalOrdered { // what came before the first of the chain does not count
		began := w.tail.chains[len(w.tail.chains)-1].began
		for w.entries[from].at < began {
			from++
		}
	}
	c.tell(x, w, w.entries[from:k+1], value, at)
}

func (c *Correlator) tell(x *correlator, w *window, entries []entry, value float64, at int64) {
	last := entries[len(entries)-1]
	a := Alert{Correlation: x.c, Stands: !x.silent, At: time.UnixMicro(at).UTC(), From: time.UnixMicro(entries[0].at).UTC(), Group: w.group, Value: value}
	for _, e := range entries[max(0, len(entries)-maxEvents):] {
		if n := len(a.Events); n == 0 || a.Events[n-1] != e.event {
			a.Events = append(a.Events, e.event)
		}
	}
	c.alerts = append(c.alerts, a)
	if len(x.feeds) == 0 {
		return
	}
	captured := make([][]string, len(x.needs))
	for i, name := range x.needs {
		if g := slices.Index(x.c.GroupBy, name); g >= 0 {
			captured[i] = w.group[g : g+1]
		} else if i < len(last.carried) {
			captured[i] = last.carried[i]
		}
	}
	for i := range x.feeds {
		c.pending = append(c.pending, pendingFeed{&x.feeds[i], captured, at, last.event})
	}
}

// close tells of windows that are over.
func (c *Correlator) close() {
	for len(c.due) > 0 && c.due[0].at < c.mark() {
		d, _ := heap.Pop(&c.due).(dueWindow)
		w := d.window
		x := c.engine.correlations[w.correlation]
		span := x.c.Timespan.Microseconds()
		if len(w.entries) == 0 || w.entries[0].at+span != d.at {
			continue // an earlier event came, or it was told of already
		}
		n := sort.Search(len(w.entries), func(i int) bool { return w.entries[i].at > d.at })
		entries := w.entries[:n]
		if value, ok := x.over(entries); ok {
			c.tell(x, w, entries, value, d.at)
		}
		c.cut(x, w, n)
		if len(w.entries) == 0 {
			c.drop(w)
		} else {
			c.expect(w, w.entries[0].at+span)
		}
	}
	c.settle()
}

// expect notes when a window is over. Notes of windows that went before their time are thrown away when they are many.
func (c *Correlator) expect(w *window, at int64) {
	heap.Push(&c.due, dueWindow{at, w})
	if len(c.due) <= 2*int(c.stats.Groups)+1000 {
		return
	}
	c.due = slices.DeleteFunc(c.due, func(d dueWindow) bool {
		x := c.engine.correlations[d.window.correlation]
		return len(d.window.entries) == 0 || d.window.entries[0].at+x.c.Timespan.Microseconds() != d.at
	})
	heap.Init(&c.due)
}

// dueHeap holds windows by when they are over.
type dueHeap []dueWindow

type dueWindow struct {
	at     int64
	window *window
}

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	switch {
	case a.at != b.at:
		return a.at < b.at
	case a.window.correlation != b.window.correlation:
		return a.window.correlation < b.window.correlation
	}
	return a.window.key < b.window.key
}

func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push adds a window.
func (h *dueHeap) Push(x any) {
	if d, ok := x.(dueWindow); ok {
		*h = append(*h, d)
	}
}

// Pop takes the last one.
func (h *dueHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
