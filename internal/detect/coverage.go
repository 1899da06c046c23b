package detect

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// Cover says by what a technique is seen in a kind of log.
type Cover string

// The covers, the best first. What is not covered says why.
const (
	ByRule     Cover = "rule"     // a rule that runs, and a source that sends
	ByBaseline Cover = "baseline" // no rule, but baselines may show it, and a source sends
	Silent     Cover = "silent"   // a rule runs, but no source sends its events
	TurnedOff  Cover = "off"      // there are rules, and all are off or do not run
	Uncovered  Cover = "none"
)

// Cell is a technique in a kind of log.
type Cell struct {
	Log      string
	Cover    Cover
	Rules    []string // keys of those that run
	Off      []string // keys of those that do not
	Baseline bool     // baselines may show it here
}

// Technique is a row of the map.
type Technique struct {
	ID      string   // of ATT&CK
	Tactics []string // those that rules name
	Cells   []Cell   // in the order of Coverage.Logs
}

// Covered tells whether anything sees it anywhere.
func (t Technique) Covered() bool {
	return slices.ContainsFunc(t.Cells, func(c Cell) bool { return c.Cover == ByRule || c.Cover == ByBaseline })
}

// LogColumn is a kind of log that sends or that rules are about.
type LogColumn struct {
	Source
	Sends bool
	Last  time.Time
}

// Coverage is techniques against kinds of logs. It holds the techniques that rules or baselines name: what nobody wrote a rule for
// is not in it, and no share of ATT&CK is told.
type Coverage struct {
	Logs       []LogColumn
	Techniques []Technique
	Baseline   bool // baselines are on
	Unknown    bool // there is no source: nothing counts as covered
}

// quiet is how long ago a source may have sent last to count as one that sends.
const quiet = 24 * time.Hour

// baselined are the techniques that baselines name, of logs that tell who does what from where (see baseline.Anomaly.Technique).
func baselined() []string { return []string{"T1078", "T1098", "T1110", "T1562"} }

// Coverage computes the map from the rules that run and the sources that send.
func (s *Service) Coverage(ctx context.Context, scope access.ReadScope, now time.Time) (Coverage, error) {
	p, err := s.Program(ctx, scope, now)
	if err != nil {
		return Coverage{}, err
	}
	set, err := s.Baseline(ctx, scope)
	if err != nil {
		return Coverage{}, err
	}
	var feeds []Feed
	if s.Feeds != nil {
		if feeds, err = s.Feeds.Feeds(ctx, scope); err != nil {
			return Coverage{}, err
		}
	}
	c := cover(p.Rules, feeds, set.On, now)
	c.Unknown = len(feeds) == 0
	return c, nil
}

func cover(rules []Rule, feeds []Feed, learned bool, now time.Time) Coverage {
	c := Coverage{Baseline: learned}
	last := map[string]time.Time{}
	for _, f := range feeds {
		if f.Last.After(last[f.Log]) {
			last[f.Log] = f.Last
		}
	}
	for _, s := range Sources() {
		sends := !last[s.Name].IsZero() && now.Sub(last[s.Name]) <= quiet
		if sends || slices.ContainsFunc(rules, func(r Rule) bool { return slices.Contains(r.Logs, s.Name) }) {
			c.Logs = append(c.Logs, LogColumn{s, sends, last[s.Name]})
		}
	}
	byID := map[string]*Technique{}
	row := func(id string) *Technique {
		t := byID[id]
		if t == nil {
			t = &Technique{ID: id, Cells: make([]Cell, len(c.Logs))}
			for i, l := range c.Logs {
				t.Cells[i] = Cell{Log: l.Name, Cover: Uncovered}
			}
			byID[id] = t
		}
		return t
	}
	for i := range rules {
		for _, id := range rules[i].Techniques {
			t := row(id)
			for _, tactic := range rules[i].Tactics {
				if !slices.Contains(t.Tactics, tactic) {
					t.Tactics = append(t.Tactics, tactic)
				}
			}
			for j := range t.Cells {
				switch x := &t.Cells[j]; {
				case !slices.Contains(rules[i].Logs, x.Log):
				case rules[i].Standing:
					x.Rules = append(x.Rules, rules[i].Key)
				default:
					x.Off = append(x.Off, rules[i].Key)
				}
			}
		}
	}
	if learned {
		for _, id := range baselined() {
			for j := range row(id).Cells {
				byID[id].Cells[j].Baseline = true
			}
		}
	}
	for _, t := range byID {
		slices.Sort(t.Tactics)
		for j := range t.Cells {
			t.Cells[j].settle(c.Logs[j].Sends)
		}
		c.Techniques = append(c.Techniques, *t)
	}
	slices.SortFunc(c.Techniques, func(a, b Technique) int { return strings.Compare(a.ID, b.ID) })
	return c
}

func (c *Cell) settle(sends bool) {
	switch {
	case len(c.Rules) > 0 && sends:
		c.Cover = ByRule
	case c.Baseline && sends:
		c.Cover = ByBaseline
	case len(c.Rules) > 0:
		c.Cover = Silent
	case len(c.Off) > 0:
		c.Cover = TurnedOff
	}
}
