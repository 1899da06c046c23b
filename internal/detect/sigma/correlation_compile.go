package sigma

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// correlator is a correlation with its references resolved.
type correlator struct {
	c       *Correlation
	needs   []string // names of values that an alert of it carries for correlations above it
	feeds   []feed   // correlations above it
	silent  bool     // it only feeds those
	growing bool
	print   string // changes when what is remembered for it would mean something else
}

// feed leads from a rule or a correlation to a correlation above it. The indexes are into what the lower one captured.
type feed struct {
	to     int32
	ref    int16   // which of the rules of the correlation
	group  []int32 // values of group-by
	values []int32 // values of field
	needs  []int32 // values to carry; -1 if the group has it
}

// reference is what a name in a correlation means.
type reference struct {
	rule, correlation int // one of them is -1
	header            *Header
}

// correlate resolves the correlations, those below before those above, and says what each rule has to capture.
func (c *compiler) correlate(all []*Correlation) {
	byName := map[string]int{}
	var used []*Correlation
	for _, x := range all {
		if err := c.claim(&x.Header, -1); err != nil {
			c.refuse(&x.Header, err)
			continue
		}
		for _, n := range []string{x.ID, x.Name} {
			if n != "" {
				byName[n] = len(used)
			}
		}
		used = append(used, x)
	}
	refs := make([][]reference, len(used))
	faults := make([]error, len(used))
	for again := true; again; { // what leans on a refused correlation is refused too
		again = false
		for i, x := range used {
			if faults[i] != nil {
				continue
			}
			if refs[i], faults[i] = c.references(x, used, byName, faults); faults[i] != nil {
				again = true
			}
		}
	}
	order := c.inOrder(refs, faults)
	for i, err := range faults {
		if err != nil {
			c.refuse(&used[i].Header, err)
		}
	}
	place := make([]int, len(used))
	for n, i := range order {
		place[i] = n
		x := used[i]
		c.engine.correlations = append(c.engine.correlations, &correlator{c: x, growing: x.growing(), print: x.print()})
	}
	for n := len(order) - 1; n >= 0; n-- { // from the top, so that needs are known
		c.connect(int32(n), refs[order[n]], place)
	}
	for i := range c.engine.silent {
		c.engine.silent[i] = c.silent(c.engine.feeds[i])
	}
	for _, x := range c.engine.correlations {
		x.silent = c.silent(x.feeds)
	}
}

// silent tells whether what feeds correlations is no detection by itself: unless one of them says generate.
func (c *compiler) silent(feeds []feed) bool {
	return len(feeds) > 0 && !slices.ContainsFunc(feeds, func(f feed) bool { return c.engine.correlations[f.to].c.Generate })
}

func (c *compiler) references(x *Correlation, used []*Correlation, byName map[string]int, faults []error) ([]reference, error) {
	var out []reference
	for _, name := range x.Rules {
		if i, ok := byName[name]; ok {
			if faults[i] != nil {
				return nil, fmt.Errorf("it is about correlation %q, which is not used", name)
			}
			out = append(out, reference{-1, i, &used[i].Header})
			continue
		}
		n, ok := c.byName[name]
		if !ok {
			return nil, fmt.Errorf("it is about rule %q, which is not used", name)
		}
		out = append(out, reference{n, -1, &c.lowered[n].rule.Header})
	}
	for alias, of := range x.Aliases {
		for rule := range of {
			if !slices.ContainsFunc(out, func(r reference) bool { return rule == r.header.ID || rule == r.header.Name }) {
				return nil, fmt.Errorf("alias %q names %q, which is none of its rules", alias, rule)
			}
		}
	}
	return out, nil
}

// inOrder puts correlations behind those they are about, and finds faults with those that are about themselves.
func (c *compiler) inOrder(refs [][]reference, faults []error) []int {
	var order []int
	state := make([]int, len(refs)) // 1 on the way, 2 done
	var visit func(i int) error
	visit = func(i int) error {
		switch {
		case faults[i] != nil:
			return faults[i]
		case state[i] == 2:
			return nil
		case state[i] == 1:
			return fmt.Errorf("it is about itself, by way of others or not")
		}
		state[i] = 1
		for _, r := range refs[i] {
			if r.correlation < 0 {
				continue
			}
			if err := visit(r.correlation); err != nil {
				faults[i] = err
				state[i] = 2
				return err
			}
		}
		state[i] = 2
		order = append(order, i)
		return nil
	}
	for i := range refs {
		_ = visit(i) // kept in faults
	}
	return order
}

// connect adds the feeds of one correlation to what it is about.
func (c *compiler) connect(n int32, refs []reference, place []int) {
	x := c.engine.correlations[n]
	for j, r := range refs {
		var names *[]string
		var feeds *[]feed
		if r.rule >= 0 {
			names, feeds = &c.engine.captures[r.rule], &c.engine.feeds[r.rule]
		} else {
			below := c.engine.correlations[place[r.correlation]]
			names, feeds = &below.needs, &below.feeds
		}
		want := func(name string) int32 {
			if to, ok := x.c.alias(name, r.header); ok {
				name = to
			}
			i := slices.Index(*names, name)
			if i < 0 {
				i = len(*names)
				*names = append(*names, name)
			}
			return int32(i)
		}
		f := feed{to: n, ref: int16(j)}
		for _, g := range x.c.GroupBy {
			f.group = append(f.group, want(g))
		}
		for _, g := range x.c.Fields {
			f.values = append(f.values, want(g))
		}
		for _, g := range x.needs {
			if slices.Contains(x.c.GroupBy, g) {
				f.needs = append(f.needs, -1)
			} else {
				f.needs = append(f.needs, want(g))
			}
		}
		*feeds = append(*feeds, f)
	}
}

// alias gives the field that a name means in events of one of the rules.
func (c *Correlation) alias(name string, rule *Header) (string, bool) {
	of := c.Aliases[name]
	for _, key := range []string{rule.Name, rule.ID} {
		if f, ok := of[key]; ok && key != "" {
			return f, true
		}
	}
	return "", false
}

func (c *Correlation) print() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%q|%q|%v|%s|%v|%q|%v|%v", c.Type, c.Rules, c.GroupBy, c.Aliases, c.Timespan, c.Bounds, c.Fields, c.Percentile, c.Expr))
	return hex.EncodeToString(sum[:8])
}

// groupKey joins values so that different ones stay different.
func groupKey(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%d:%s", len(v), v)
	}
	return b.String()
}
