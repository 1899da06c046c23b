package sigma

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Correlation is a rule over the hits of other rules.
type Correlation struct {
	Header
	Type       string                       // one of correlationTypes
	Rules      []string                     // ids or names of rules or other correlations
	GroupBy    []string                     // fields or aliases; an event without one of them is not counted
	Aliases    map[string]map[string]string // alias -> rule -> field
	Timespan   time.Duration
	Bounds     []Bound  // all must hold; empty in a temporal correlation without a number
	Fields     []string // whose values are counted, summed or ranked
	Percentile float64  // of value_percentile: 0 to 100
	Expr       *Expr    // of a temporal correlation with a condition over its rules
	Generate   bool     // the rules also stand for themselves
}

// Bound is one comparison of a correlation's condition.
type Bound struct {
	Op    string // gt, gte, lt, lte, eq, neq
	Value float64
}

// Holds tells whether a value meets the bound.
func (b Bound) Holds(v float64) bool {
	switch b.Op {
	case "gt":
		return v > b.Value
	case "gte":
		return v >= b.Value
	case "lt":
		return v < b.Value
	case "lte":
		return v <= b.Value
	case "eq":
		return v == b.Value
	}
	return v != b.Value
}

// Types of correlations.
const (
	EventCount      = "event_count"
	ValueCount      = "value_count"
	Temporal        = "temporal"
	TemporalOrdered = "temporal_ordered"
	ValueSum        = "value_sum"
	ValueAvg        = "value_avg"
	ValuePercentile = "value_percentile"
	ValueMedian     = "value_median"
)

var correlationTypes = []string{EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAvg, ValuePercentile, ValueMedian}

// maxTimespan bounds what a correlation may ask to remember.
const maxTimespan = 366 * 24 * time.Hour

func readCorrelation(h Header, n *yaml.Node) (*Correlation, error) {
	d := member(n, "correlation")
	if d.Kind != yaml.MappingNode {
		return nil, faultf(d.Line, "correlation is no mapping")
	}
	c := &Correlation{Header: h}
	for i := 0; i+1 < len(d.Content); i += 2 {
		var err error
		switch k, v := d.Content[i], d.Content[i+1]; k.Value {
		case "type":
			if c.Type = v.Value; !slices.Contains(correlationTypes, c.Type) {
				err = faultf(v.Line, "correlation type %q is none of %s", v.Value, strings.Join(correlationTypes, ", "))
			}
		case "rules":
			c.Rules, err = texts(v, "rules")
		case "group-by":
			c.GroupBy, err = texts(v, "group-by")
		case "timespan":
			c.Timespan, err = timespan(v)
		case "aliases":
			c.Aliases, err = aliases(v)
		case "generate":
			err = c.readGenerate(v)
		case "condition": // after the type and the rules
		default:
			err = faultf(k.Line, "%q is not known in a correlation", k.Value)
		}
		if err != nil {
			return nil, err
		}
	}
	if v := member(n, "generate"); v != nil { // older documents have it outside
		if err := c.readGenerate(v); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Type == "":
		return nil, faultf(d.Line, "the correlation has no type")
	case len(c.Rules) == 0:
		return nil, faultf(d.Line, "the correlation names no rules")
	case c.Timespan == 0:
		return nil, faultf(d.Line, "the correlation has no timespan")
	}
	return c, c.readCondition(d)
}

func (c *Correlation) readGenerate(v *yaml.Node) error {
	if v.Tag != "!!bool" {
		return faultf(v.Line, "generate is neither true nor false")
	}
	c.Generate = v.Value == "true"
	return nil
}

func timespan(n *yaml.Node) (time.Duration, error) {
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if t := n.Value; len(t) > 1 {
		if u := unit[t[len(t)-1]]; u > 0 {
			if k, err := strconv.ParseUint(t[:len(t)-1], 10, 32); err == nil && k > 0 && time.Duration(k) <= maxTimespan/u {
				return time.Duration(k) * u, nil
			}
		}
	}
	return 0, faultf(n.Line, "timespan %q is no number of s, m, h or d within %d days", n.Value, maxTimespan/(24*time.Hour))
}

func aliases(n *yaml.Node) (map[string]map[string]string, error) {
	if n.Kind != yaml.MappingNode {
		return nil, faultf(n.Line, "aliases is no mapping")
	}
	out := map[string]map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := n.Content[i+1]
		if v.Kind != yaml.MappingNode || len(v.Content) == 0 {
			return nil, faultf(v.Line, "alias %q is no mapping of rules to fields", n.Content[i].Value)
		}
		of := map[string]string{}
		for j := 0; j+1 < len(v.Content); j += 2 {
			f := v.Content[j+1]
			if f.Kind != yaml.ScalarNode || f.Value == "" {
				return nil, faultf(f.Line, "alias %q names no field for %q", n.Content[i].Value, v.Content[j].Value)
			}
			of[v.Content[j].Value] = f.Value
		}
		out[n.Content[i].Value] = of
	}
	return out, nil
}

func (c *Correlation) temporal() bool { return c.Type == Temporal || c.Type == TemporalOrdered }

func (c *Correlation) readCondition(d *yaml.Node) error {
	v := member(d, "condition")
	if v == nil {
		if c.temporal() {
			return nil
		}
		return faultf(d.Line, "the correlation has no condition")
	}
	if v.Kind == yaml.ScalarNode && c.temporal() {
		e, err := ParseCondition(v.Value, c.Rules)
		if err != nil {
			return faultf(v.Line, "%s", err)
		}
		if c.Type == TemporalOrdered && !allOf(e, c.Rules) {
			return faultf(v.Line, "a condition of temporal_ordered can only ask for all of its rules: an order of some of them is not defined")
		}
		if !needsOne(e) {
			return faultf(v.Line, "the condition holds when nothing happens, which no event could show")
		}
		c.Expr = &e
		return nil
	}
	if v.Kind != yaml.MappingNode {
		return faultf(v.Line, "the condition of the correlation is no mapping")
	}
	for i := 0; i+1 < len(v.Content); i += 2 {
		k, x := v.Content[i], v.Content[i+1]
		var err error
		switch k.Value {
		case "field":
			c.Fields, err = texts(x, "field")
		case "percentile":
			c.Percentile, err = strconv.ParseFloat(x.Value, 64)
			if err != nil || !(c.Percentile >= 0 && c.Percentile <= 100) {
				err = faultf(x.Line, "percentile %q is no number from 0 to 100", x.Value)
			}
		case "gt", "gte", "lt", "lte", "eq", "neq":
			b := Bound{Op: k.Value}
			b.Value, err = strconv.ParseFloat(x.Value, 64)
			if err != nil || math.IsNaN(b.Value) || math.IsInf(b.Value, 0) {
				err = faultf(x.Line, "%s %q is no number", k.Value, x.Value)
			}
			c.Bounds = append(c.Bounds, b)
		default:
			err = faultf(k.Line, "%q is not known in the condition of a correlation", k.Value)
		}
		if err != nil {
			return err
		}
	}
	return c.checkCondition(v)
}

func (c *Correlation) checkCondition(v *yaml.Node) error {
	numbers := c.Type == ValueSum || c.Type == ValueAvg || c.Type == ValuePercentile || c.Type == ValueMedian
	switch {
	case len(c.Bounds) == 0:
		return faultf(v.Line, "the condition compares with nothing")
	case c.Type == ValueCount && len(c.Fields) == 0, numbers && len(c.Fields) != 1:
		return faultf(v.Line, "%s needs the field it is about", c.Type)
	case c.Type != ValueCount && !numbers && len(c.Fields) > 0:
		return faultf(v.Line, "%s is about no field", c.Type)
	case c.Type == ValuePercentile && member(v, "percentile") == nil:
		return faultf(v.Line, "value_percentile does not say which percentile")
	case c.Type != ValuePercentile && member(v, "percentile") != nil:
		return faultf(v.Line, "%s has no percentile", c.Type)
	case c.Type == TemporalOrdered && !c.asksForAll():
		return faultf(v.Line, "temporal_ordered can only ask for all of its rules: an order of some of them is not defined")
	}
	return nil
}

func (c *Correlation) asksForAll() bool {
	return c.holds(float64(len(c.Rules))) && !c.holds(float64(len(c.Rules)-1))
}

// holds tells whether all bounds hold.
func (c *Correlation) holds(v float64) bool {
	for _, b := range c.Bounds {
		if !b.Holds(v) {
			return false
		}
	}
	return true
}

// growing tells whether a condition that holds goes on holding when more happens, so that it can be told at the event that
// makes it true. Others are told when their window is over.
func (c *Correlation) growing() bool {
	switch c.Type {
	case EventCount, ValueCount, ValueSum, Temporal, TemporalOrdered:
	default:
		return false
	}
	if c.Expr != nil {
		return positive(*c.Expr)
	}
	for _, b := range c.Bounds {
		if b.Op != "gt" && b.Op != "gte" {
			return false
		}
	}
	return true
}

func positive(e Expr) bool {
	if e.Op == Not {
		return false
	}
	for _, o := range e.Of {
		if !positive(o) {
			return false
		}
	}
	return true
}

// holdsFor evaluates an expression over the rules that happened.
func (e *Expr) holdsFor(happened func(name string) bool) bool {
	switch e.Op {
	case Ref:
		return happened(e.Name)
	case Not:
		return !e.Of[0].holdsFor(happened)
	}
	n := 0
	for i := range e.Of {
		if e.Of[i].holdsFor(happened) {
			n++
		}
	}
	switch e.Op {
	case And:
		return n == len(e.Of)
	case Or:
		return n > 0
	}
	return n >= e.N
}

func needsOne(e Expr) bool { return !e.holdsFor(func(string) bool { return false }) }

func allOf(e Expr, rules []string) bool {
	for _, missing := range rules {
		if e.holdsFor(func(n string) bool { return n != missing }) {
			return false
		}
	}
	return e.holdsFor(func(string) bool { return true })
}
