package sigma

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Options says which events there are and how rules apply to them.
type Options struct {
	Sources      []Source
	Aliases      []Aliases
	Placeholders map[string][]string // what the modifier expand puts in the place of %name%; values may hold wildcards
	Clock        func() int64        // nanoseconds of a clock that only grows; nil means that costs are not sampled
}

// Source is where events come from, such as one kind of log file. It may hold events of several log sources.
type Source struct {
	Name  string
	Kinds []Kind
	All   bool // all rules apply to all events, whatever log source they ask for
}

// Kind is a log source within a source, and by what its events are known: every Equal must hold.
type Kind struct {
	LogSource
	When []Equal
}

// Equal asks that a field has one of some values; capitals do not matter, and there are no wildcards.
type Equal struct {
	Field  string
	Values []string
}

// Aliases says where else fields may stand, for rules of a product and a service; an empty one means any. A name that ends
// with ".*" is about all that begin so, and a path that ends so takes the rest of the name over.
type Aliases struct {
	Product, Service string
	Fields           map[string][]string // name in rules -> paths in events, the first that is there counts
}

// of gives the paths of a field: those of its own name, or else those of the longest beginning of it.
func (a *Aliases) of(name string) []string {
	if paths, ok := a.Fields[name]; ok {
		return paths
	}
	for i := len(name) - 1; i > 0; i-- {
		if name[i] != '.' {
			continue
		}
		paths, ok := a.Fields[name[:i]+".*"]
		if !ok {
			continue
		}
		out := make([]string, 0, len(paths))
		for _, p := range paths {
			if base, ok := strings.CutSuffix(p, "*"); ok {
				p = base + name[i+1:]
			}
			out = append(out, p)
		}
		return out
	}
	return nil
}

// Engine is a compiled set of rules. It never changes, so any number of goroutines may use it; a new set of rules is a new
// engine.
type Engine struct {
	rules        []*Rule
	correlations []*correlator
	sources      []*sourceIndex
	refused      []Refusal
	unrouted     []int
	counters     []counters
	captures     [][]string // of each rule: fields that correlations need
	feeds        [][]feed   // of each rule: correlations that it feeds
	silent       []bool     // of each rule: it only feeds correlations
	clock        func() int64
}

type counters struct {
	evaluated, hits, lastHit atomic.Int64
	sampled, nanos           atomic.Int64
}

// Counter is what a rule did since the engine was made. Evaluators add their counts from time to time.
type Counter struct {
	Evaluated   int64 // events in which something was found that the rule needs, or all if it needs nothing
	Hits        int64
	LastHit     int64   // microseconds since 1970 UTC; 0 if never
	MeanNanos   float64 // of an evaluation, from a sample; 0 if none was taken
	SampledRuns int64
}

// sourceIndex is everything about one source. Groups are numbered; kinds say which of them an event needs.
type sourceIndex struct {
	name     string
	paths    *paths
	router   *group // its rules are the kinds
	groups   []*group
	always   []int32   // groups that every event needs
	ofKind   [][]int32 // kind -> groups
	keywords bool
	captures map[int32][]int32 // rule -> fields to take along
}

// Rules lists the rules by their numbers. They must not be changed.
func (e *Engine) Rules() []*Rule { return e.rules }

// Refused lists the documents that are not used, with the reasons.
func (e *Engine) Refused() []Refusal { return e.refused }

// Unrouted lists the numbers of rules that no source has events for.
func (e *Engine) Unrouted() []int { return e.unrouted }

// Source gives the number of a source by its name, or -1.
func (e *Engine) Source(name string) int {
	return slices.IndexFunc(e.sources, func(s *sourceIndex) bool { return s.name == name })
}

// Counter tells what a rule did so far.
func (e *Engine) Counter(rule int) Counter {
	c := &e.counters[rule]
	out := Counter{Evaluated: c.evaluated.Load(), Hits: c.hits.Load(), LastHit: c.lastHit.Load(), SampledRuns: c.sampled.Load()}
	if out.SampledRuns > 0 {
		out.MeanNanos = float64(c.nanos.Load()) / float64(out.SampledRuns)
	}
	return out
}

// lowered is a rule whose modifiers were applied.
type lowered struct {
	rule    *Rule
	tests   map[*Predicate]test
	filters []*loweredFilter
}

type loweredFilter struct {
	filter *Filter
	tests  map[*Predicate]test
}

type compiler struct {
	opts    Options
	engine  *Engine
	lowered []*lowered
	byName  map[string]int // ids and names of rules that are used
}

// Compile makes an engine of a set. Documents that cannot be honoured in full are left out and listed by Refused. An error
// means that the options are wrong.
func Compile(set *Set, opts Options) (*Engine, error) {
	c := &compiler{opts: opts, engine: &Engine{refused: slices.Clone(set.Refused), clock: opts.Clock}, byName: map[string]int{}}
	names := map[string]bool{}
	for i, s := range opts.Sources {
		if s.Name == "" || names[s.Name] {
			return nil, errs.New(errs.Invalid, "source %d has no name of its own", i)
		}
		names[s.Name] = true
		if len(s.Kinds) == 0 && !s.All {
			return nil, errs.New(errs.Invalid, "source %s has no log sources", s.Name)
		}
	}
	for _, r := range set.Rules {
		c.rule(r)
	}
	for _, f := range set.Filters {
		if err := c.filter(f); err != nil {
			c.refuse(&f.Header, err)
		}
	}
	e := c.engine
	for _, l := range c.lowered {
		e.rules = append(e.rules, l.rule)
	}
	e.captures, e.feeds, e.silent = make([][]string, len(e.rules)), make([][]feed, len(e.rules)), make([]bool, len(e.rules))
	e.counters = make([]counters, len(e.rules))
	c.correlate(set.Correlations)
	routed := make([]bool, len(e.rules))
	for _, s := range opts.Sources {
		x, err := c.source(s, routed)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "source %s", s.Name)
		}
		e.sources = append(e.sources, x)
	}
	for i, ok := range routed {
		if !ok {
			e.unrouted = append(e.unrouted, i)
		}
	}
	return e, nil
}

func (c *compiler) refuse(h *Header, err error) {
	r := Refusal{Path: h.Path, ID: h.ID, Title: h.Title, Line: h.Line, Reason: err.Error()}
	if at, ok := err.(*located); ok && at.line > 0 { //nolint:errorlint // made in this package, and never wrapped
		r.Line = at.line
	}
	c.engine.refused = append(c.engine.refused, r)
}

// claim takes the id and the name of a document, which nothing else may have.
func (c *compiler) claim(h *Header, number int) error {
	for _, n := range []string{h.ID, h.Name} {
		if _, taken := c.byName[n]; n != "" && taken {
			return fmt.Errorf("%q is the id or the name of another document", n)
		}
	}
	for _, n := range []string{h.ID, h.Name} {
		if n != "" {
			c.byName[n] = number
		}
	}
	return nil
}

func (c *compiler) rule(r *Rule) {
	tests, err := c.lower(r.Detections)
	if err == nil {
		err = tooLarge(r.Conditions, r.Detections)
	}
	if err == nil {
		err = c.claim(&r.Header, len(c.lowered))
	}
	if err != nil {
		c.refuse(&r.Header, err)
		return
	}
	own := *r
	own.Filters = nil
	c.lowered = append(c.lowered, &lowered{rule: &own, tests: tests})
}

// tooLarge refuses a rule whose conditions name its selections so often that their lines are looked at very many times.
func tooLarge(conditions []Expr, detections []Detection) error {
	lines := map[string]int{}
	for i := range detections {
		n := 0
		detections[i].Root.each(func(p *Predicate) { n += len(p.Values) })
		lines[detections[i].Name] = n
	}
	total := 0
	for i := range conditions {
		total += conditions[i].size(lines)
	}
	if total > maxCode {
		return fmt.Errorf("the conditions look at more than %d values", maxCode)
	}
	return nil
}

func (e *Expr) size(lines map[string]int) int {
	if e.Op == Ref {
		return lines[e.Name]
	}
	n := 0
	for i := range e.Of {
		n += e.Of[i].size(lines)
	}
	return n * max(1, e.N)
}

// each calls f for every predicate of a selection.
func (s *Selection) each(f func(*Predicate)) {
	if s.Kind == Single {
		f(&s.Test)
	}
	for i := range s.Of {
		s.Of[i].each(f)
	}
}

func (c *compiler) lower(detections []Detection) (map[*Predicate]test, error) {
	l := lowering{placeholders: c.opts.Placeholders}
	out := map[*Predicate]test{}
	var first error
	for i := range detections {
		detections[i].Root.each(func(p *Predicate) {
			if first != nil {
				return
			}
			out[p], first = l.test(p)
		})
	}
	return out, first
}

// filter adds a filter to the rules it names. One that cannot be added to all of them is added to none.
func (c *compiler) filter(f *Filter) error {
	tests, err := c.lower(f.Detections)
	if err != nil {
		return err
	}
	var to []*lowered
	for _, name := range f.Rules {
		n, ok := c.byName[name]
		if !ok {
			return fmt.Errorf("the filter names rule %q, which is not used", name)
		}
		if l := c.lowered[n]; !l.rule.Source.Covers(f.Source) {
			return fmt.Errorf("the filter is for log source %s, but rule %q is for %s", f.Source, name, l.rule.Source)
		}
		to = append(to, c.lowered[n])
	}
	if len(f.Rules) == 0 {
		for _, l := range c.lowered {
			if l.rule.Source.Covers(f.Source) {
				to = append(to, l)
			}
		}
	}
	for _, l := range to {
		l.rule.Filters = append(l.rule.Filters, f)
		l.filters = append(l.filters, &loweredFilter{f, tests})
	}
	return nil
}

// aliases gives the other places of a field for rules of a log source.
func (c *compiler) aliases(of LogSource, name string) []string {
	return aliasesOf(c.opts.Aliases, of, name)
}

func aliasesOf(all []Aliases, of LogSource, name string) []string {
	var out []string
	for i := range all {
		a := &all[i]
		if (a.Product == "" || a.Product == of.Product) && (a.Service == "" || a.Service == of.Service) {
			out = append(out, a.of(name)...)
		}
	}
	return out
}

// source builds the groups of a source: rules that are for the same kinds are looked at together.
func (c *compiler) source(s Source, routed []bool) (*sourceIndex, error) {
	x := &sourceIndex{name: s.Name, paths: newPaths(), ofKind: make([][]int32, len(s.Kinds)), captures: map[int32][]int32{}}
	if err := c.routes(x, s.Kinds); err != nil {
		return nil, err
	}
	numbers := map[string]int{}
	var builders []*groupBuilder
	for i, l := range c.lowered {
		var kinds []string
		for k, kind := range s.Kinds {
			if kind.Covers(l.rule.Source) {
				kinds = append(kinds, fmt.Sprint(k))
			}
		}
		key := strings.Join(kinds, " ")
		if s.All {
			key = "all"
		}
		if key == "" {
			continue
		}
		routed[i] = true
		n, ok := numbers[key]
		if !ok {
			n = len(builders)
			numbers[key] = n
			builders = append(builders, newGroupBuilder(x.paths))
			x.attach(int32(n), s, l.rule.Source)
		}
		field := func(name string) int32 { return x.paths.field(name, c.aliases(l.rule.Source, name)) }
		builders[n].add(int32(i), l.tree(builders[n], field))
		for _, name := range c.engine.captures[i] {
			x.captures[int32(i)] = append(x.captures[int32(i)], field(name))
		}
	}
	x.paths.seal()
	for _, b := range builders {
		g, err := b.done()
		if err != nil {
			return nil, err
		}
		x.groups = append(x.groups, g)
		x.keywords = x.keywords || g.usesKeywords()
	}
	return x, nil
}

// attach says for which kinds of events a new group is.
func (x *sourceIndex) attach(n int32, s Source, rule LogSource) {
	if s.All {
		x.always = append(x.always, n)
		return
	}
	for _, k := range s.Kinds {
		if k.Covers(rule) && len(k.When) == 0 {
			x.always = append(x.always, n)
			return
		}
	}
	for i, k := range s.Kinds {
		if k.Covers(rule) {
			x.ofKind[i] = append(x.ofKind[i], n)
		}
	}
}

// routes compiles what kinds are known by, as rules of their own.
func (c *compiler) routes(x *sourceIndex, kinds []Kind) error {
	b := newGroupBuilder(x.paths)
	for i, k := range kinds {
		if len(k.When) == 0 {
			continue
		}
		var of []node
		for _, eq := range k.When {
			if eq.Field == "" || len(eq.Values) == 0 {
				return fmt.Errorf("log source %s is known by nothing", k.LogSource)
			}
			t := test{field: eq.Field}
			for _, v := range eq.Values {
				t.values = append(t.values, []matcher{{kind: byPattern, pat: pattern(nil).with(literal, fold(v))}})
			}
			field := func(name string) int32 { return x.paths.field(name, c.aliases(k.LogSource, name)) }
			of = append(of, b.test(t, field))
		}
		b.add(int32(i), join(And, of))
	}
	var err error
	x.router, err = b.done()
	return err
}

func (g *group) usesKeywords() bool {
	for i := range g.leaves {
		if g.leaves[i].field == anyField {
			return true
		}
	}
	return false
}

// tree makes the tree of a rule: any of its conditions, and none of its filters.
func (l *lowered) tree(b *groupBuilder, field func(string) int32) node {
	out := conditions(b, l.rule.Conditions, l.rule.Detections, l.tests, field)
	if len(l.filters) == 0 {
		return out
	}
	of := []node{out}
	for _, f := range l.filters {
		of = append(of, node{op: Not, of: []node{conditions(b, f.filter.Conditions, f.filter.Detections, f.tests, field)}})
	}
	return join(And, of)
}

func conditions(b *groupBuilder, exprs []Expr, detections []Detection, tests map[*Predicate]test, field func(string) int32) node {
	var selection func(s *Selection) node
	selection = func(s *Selection) node {
		if s.Kind == Single {
			return b.test(tests[&s.Test], field)
		}
		var of []node
		for i := range s.Of {
			of = append(of, selection(&s.Of[i]))
		}
		if s.Kind == Either {
			return join(Or, of)
		}
		return join(And, of)
	}
	var expr func(e *Expr) node
	expr = func(e *Expr) node {
		if e.Op == Ref {
			i := slices.IndexFunc(detections, func(d Detection) bool { return d.Name == e.Name })
			return selection(&detections[i].Root)
		}
		n := node{op: e.Op, n: e.N}
		for i := range e.Of {
			n.of = append(n.of, expr(&e.Of[i]))
		}
		return n
	}
	var of []node
	for i := range exprs {
		of = append(of, expr(&exprs[i]))
	}
	return join(Or, of)
}
