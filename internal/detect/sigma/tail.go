package sigma

import (
	"math"
	"slices"
)

// tail counts the events of a window that ends with the newest, as they come in the order of their times.
type tail struct {
	head   int            // the first event in it
	end    int            // the newest
	counts map[string]int // of value_count: value -> events
	sum    float64
	last   []int64 // of temporal: rule -> when it happened last
	chains []chainEnd
}

// chainEnd is the best way to have seen the first rules of temporal_ordered, up to one: the one that began last.
type chainEnd struct {
	began int64
	event uint64
	ok    bool
}

// add takes the k-th event, which is the newest so far, and lets go of what is too old.
func (t *tail) add(x *correlator, w *window, k int) {
	e := &w.entries[k]
	t.end = k
	span := x.c.Timespan.Microseconds()
	for t.head < k && w.entries[t.head].at < e.at-span {
		old := &w.entries[t.head]
		switch x.c.Type {
		case ValueCount:
			if t.counts[old.value]--; t.counts[old.value] <= 0 {
				delete(t.counts, old.value)
			}
		case ValueSum:
			t.sum -= old.number
		}
		t.head++
	}
	switch x.c.Type {
	case ValueCount:
		if t.counts == nil {
			t.counts = map[string]int{}
		}
		t.counts[e.value]++
	case ValueSum:
		if t.head == k {
			t.sum = 0 // what rounding left
		}
		t.sum += e.number
	case Temporal:
		if t.last == nil {
			t.last = slices.Repeat([]int64{never}, len(x.c.Rules))
		}
		t.last[e.rule] = e.at
	case TemporalOrdered:
		t.addOrdered(x, e, span)
	}
}

func (t *tail) addOrdered(x *correlator, e *entry, span int64) {
	if t.chains == nil {
		t.chains = make([]chainEnd, len(x.c.Rules))
	}
	if e.rule == 0 {
		t.chains[0] = chainEnd{e.at, e.event, true}
		return
	}
	before := t.chains[e.rule-1]
	if !before.ok || before.event == e.event || e.at-before.began > span {
		return
	}
	if own := &t.chains[e.rule]; !own.ok || before.began >= own.began {
		*own = chainEnd{before.began, e.event, true}
	}
}

// holds tells whether the window that ends with the newest event meets the condition, and what was compared.
func (t *tail) holds(x *correlator, w *window) (float64, bool) {
	span := x.c.Timespan.Microseconds()
	switch x.c.Type {
	case EventCount:
		n := float64(t.end - t.head + 1)
		return n, x.c.holds(n)
	case ValueCount:
		n := float64(len(t.counts))
		return n, x.c.holds(n)
	case ValueSum:
		return t.sum, x.c.holds(t.sum)
	case Temporal:
		at := w.entries[t.end].at
		return x.happened(func(rule int) bool { return t.last[rule] >= at-span })
	}
	e := &w.entries[t.end]
	end := t.chains[len(t.chains)-1]
	// the chain ends with this very event
	ok := int(e.rule) == len(x.c.Rules)-1 && end.ok && end.event == e.event && e.at-end.began <= span
	return float64(len(x.c.Rules)), ok
}

// happened compares the rules that happened with the condition of a temporal correlation, which without one asks for all.
func (x *correlator) happened(did func(rule int) bool) (float64, bool) {
	n := 0
	for i := range x.c.Rules {
		if did(i) {
			n++
		}
	}
	switch {
	case x.c.Expr != nil:
		return float64(n), x.c.Expr.holdsFor(func(name string) bool { return did(slices.Index(x.c.Rules, name)) })
	case len(x.c.Bounds) > 0:
		return float64(n), x.c.holds(float64(n))
	}
	return float64(n), n == len(x.c.Rules)
}

// over tells whether a window that is over meets the condition.
func (x *correlator) over(entries []entry) (float64, bool) {
	var v float64
	switch x.c.Type {
	case EventCount:
		v = float64(len(entries))
	case ValueCount:
		seen := map[string]bool{}
		for _, e := range entries {
			seen[e.value] = true
		}
		v = float64(len(seen))
	case Temporal, TemporalOrdered:
		return x.happened(func(rule int) bool {
			return slices.ContainsFunc(entries, func(e entry) bool { return int(e.rule) == rule })
		})
	case ValueSum, ValueAvg:
		for _, e := range entries {
			v += e.number
		}
		if x.c.Type == ValueAvg {
			v /= float64(len(entries))
		}
	case ValuePercentile, ValueMedian:
		v = percentile(entries, x.c)
	}
	return v, x.c.holds(v)
}

// percentile is the least value that so many percent of the values do not exceed; the median of an even number is the mean of
// the two in the middle.
func percentile(entries []entry, c *Correlation) float64 {
	numbers := make([]float64, len(entries))
	for i, e := range entries {
		numbers[i] = e.number
	}
	slices.Sort(numbers)
	n := len(numbers)
	if c.Type == ValueMedian {
		return (numbers[(n-1)/2] + numbers[n/2]) / 2
	}
	return numbers[max(0, int(math.Ceil(c.Percentile/100*float64(n)))-1)]
}
