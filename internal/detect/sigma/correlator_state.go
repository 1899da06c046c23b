package sigma

import (
	"container/heap"
	"encoding/json"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// savedState is what a Correlator writes down: groups by the correlation they belong to, in the order in which they were touched.
type savedState struct {
	Version int
	Highest int64
	Stats   Stats
	Groups  []savedGroup
}

type savedGroup struct {
	Correlation string // its key and what it asks for
	Group       []string
	Fired       int64        `json:",omitempty"`
	Entries     []savedEntry `json:",omitempty"`
}

type savedEntry struct {
	At      int64
	Rule    int16      `json:",omitempty"`
	Event   uint64     `json:",omitempty"`
	Value   string     `json:",omitempty"`
	Number  float64    `json:",omitempty"`
	Carried [][]string `json:",omitempty"`
}

const stateVersion = 1

// Export writes down everything that is remembered, to go on from there with Import after a restart.
func (c *Correlator) Export() ([]byte, error) {
	s := savedState{Version: stateVersion, Highest: c.highest, Stats: c.stats}
	for w := c.oldest.next; w != c.oldest; w = w.next {
		g := savedGroup{Correlation: c.engine.correlations[w.correlation].key(), Group: w.group, Fired: w.fired}
		for _, e := range w.entries {
			g.Entries = append(g.Entries, savedEntry{e.at, e.rule, e.event, e.value, e.number, e.carried})
		}
		s.Groups = append(s.Groups, g)
	}
	b, err := json.Marshal(s)
	return b, errs.Wrap(err, "writing down what correlations remember")
}

func (x *correlator) key() string { return x.c.Key() + " " + x.print }

// Import takes over what another Correlator wrote down, of the same engine or another one, in place of what this one
// remembers. Groups of correlations that are no more, or that ask for something else now, are left out and counted.
func (c *Correlator) Import(state []byte) (leftOut int, err error) {
	var s savedState
	if err := json.Unmarshal(state, &s); err != nil {
		return 0, errs.As(errs.Invalid, err, "what correlations remembered cannot be read")
	}
	if s.Version != stateVersion {
		return 0, errs.New(errs.Invalid, "what correlations remembered has version %d, not %d", s.Version, stateVersion)
	}
	numbers := map[string]int32{}
	for i, x := range c.engine.correlations {
		numbers[x.key()] = int32(i)
	}
	n := c.engine.Correlator(c.limits)
	n.stats = s.Stats
	n.stats.Groups, n.stats.Entries = 0, 0
	n.highest = s.Highest
	for _, g := range s.Groups {
		number, ok := numbers[g.Correlation]
		if !ok || !n.restore(number, &g) {
			leftOut++
		}
	}
	heap.Init(&n.due)
	*c = *n
	return leftOut, nil
}

func (c *Correlator) restore(number int32, g *savedGroup) bool {
	x := c.engine.correlations[number]
	if len(g.Group) != len(x.c.GroupBy) {
		return false
	}
	for _, e := range g.Entries {
		if e.Rule < 0 || int(e.Rule) >= len(x.c.Rules) {
			return false
		}
	}
	w := c.window(number, g.Group)
	w.fired = g.Fired
	for _, e := range g.Entries {
		w.entries = append(w.entries, entry{e.At, e.Rule, e.Event, e.Value, e.Number, e.Carried})
	}
	slices.SortStableFunc(w.entries, func(a, b entry) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	c.stats.Entries += int64(len(g.Entries))
	if !x.growing && len(w.entries) > 0 {
		c.due = append(c.due, dueWindow{w.entries[0].at + x.c.Timespan.Microseconds(), w})
		return true
	}
	for k := range w.entries {
		w.tail.add(x, w, k)
	}
	return true
}
