package detect

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Program is what runs in an organisation. It never changes: another decision makes another program with a higher version.
type Program struct {
	Version int64
	Engine  *sigma.Engine
	Rules   []Rule // all that there are, on and off, in the order of their sources
	Refused []sigma.Refusal
	Until   time.Time // when a filter ends and the program is another one; zero if none does

	since     time.Time // before this the program was another one: a filter ended then
	byKey     map[string]int
	set       *sigma.Set   // everything that could run
	generates map[int]bool // rules that a correlation lets stand for themselves
}

// Rule is the rule with the key.
func (p *Program) Rule(key string) (Rule, bool) {
	i, ok := p.byKey[key]
	if !ok {
		return Rule{}, false
	}
	return p.Rules[i], true
}

// programs keeps the programs of organisations. Those that decided nothing share one.
type programs struct {
	mu   sync.Mutex
	held map[access.OrgID]*slot
}

type slot struct {
	mu   sync.Mutex
	held *Program
}

func (c *programs) slot(org access.OrgID) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[access.OrgID]*slot{}
	}
	s := c.held[org]
	if s == nil {
		s = &slot{}
		c.held[org] = s
	}
	return s
}

// Program is what runs now. It is compiled when a decision was made since the last time, and else the one that is there; callers
// ask as often as they like, and those that run it ask again when Version may have changed.
func (s *Service) Program(ctx context.Context, scope access.ReadScope, now time.Time) (*Program, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	version, err := s.Store.Version(ctx, scope)
	if err != nil {
		return nil, err
	}
	org := scope.Org()
	if version == 0 {
		org = "" // nothing was ever decided here: the program is everybody's
	}
	slot := s.programs.slot(org)
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if p := slot.held; p != nil && p.Version == version && (p.Until.IsZero() || now.Before(p.Until)) && !now.Before(p.since) {
		return p, nil
	}
	p, err := s.compile(ctx, scope, now, version)
	if err != nil {
		return nil, err
	}
	slot.held = p
	return p, nil
}

func (s *Service) compile(ctx context.Context, scope access.ReadScope, now time.Time, version int64) (*Program, error) {
	own, err := pack.Load()
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the program's own rules")
	}
	p := &Program{Version: version, byKey: map[string]int{}, set: &sigma.Set{}, generates: map[int]bool{}}
	p.take(own.Set, "", own)
	sets, err := s.Store.Rulesets(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, r := range sets {
		files, err := s.Store.RulesetFiles(ctx, scope, r.ID)
		if err != nil {
			return nil, err
		}
		p.take(setOf(files), r.Ref, nil)
	}
	settings, err := s.Store.Settings(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, x := range settings {
		if i, ok := p.byKey[x.Rule]; ok {
			p.Rules[i].On, p.Rules[i].Setting = x.On, x
		}
	}
	filters, err := s.Store.Filters(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, f := range filters {
		if !f.Runs(now) {
			if f.Ended == nil && f.Until.After(p.since) {
				p.since = f.Until
			}
			continue
		}
		p.set.Filters = append(p.set.Filters, setOf([]sigma.File{{Path: f.Ref, Text: []byte(f.Text)}}).Filters...)
		if p.Until.IsZero() || f.Until.Before(p.Until) {
			p.Until = f.Until
		}
	}
	return p, p.build(s.Clock)
}

func setOf(files []sigma.File) *sigma.Set {
	set := &sigma.Set{}
	for _, f := range files {
		set.Add(f.Path, f.Text)
	}
	return set
}

// take adds the rules of a set. A rule whose key is taken is not used: the program's own come first, then those uploaded first.
func (p *Program) take(set *sigma.Set, ref string, own *pack.Pack) {
	p.Refused = append(p.Refused, set.Refused...)
	for _, r := range set.Rules {
		if p.add(ruleOf(&r.Header, ref, own), &r.Header) {
			p.Rules[len(p.Rules)-1].Source = r.Source
			p.Rules[len(p.Rules)-1].Logs = logsOf(r.Source)
			p.set.Rules = append(p.set.Rules, r)
		}
	}
	for _, c := range set.Correlations {
		r := ruleOf(&c.Header, ref, own)
		r.Correlation, r.Needs, r.generate = true, slices.Clone(c.Rules), c.Generate
		if p.add(r, &c.Header) {
			p.set.Correlations = append(p.set.Correlations, c)
		}
	}
	if own == nil {
		p.set.Filters = append(p.set.Filters, set.Filters...)
	}
}

func (p *Program) add(r Rule, h *sigma.Header) bool {
	for _, name := range []string{h.ID, h.Name, r.Key} {
		if _, taken := p.byKey[name]; taken && name != "" {
			p.Refused = append(p.Refused, sigma.Refusal{Path: h.Path, ID: h.ID, Title: h.Title, Line: h.Line, Reason: "another rule has the same identifier or name already"})
			return false
		}
	}
	for _, name := range []string{h.ID, h.Name, r.Key} {
		if name != "" {
			p.byKey[name] = len(p.Rules)
		}
	}
	p.Rules = append(p.Rules, r)
	return true
}

var techniqueTag = regexp.MustCompile(`^attack\.(t\d{4}(?:\.\d{3})?)$`)

func ruleOf(h *sigma.Header, ref string, own *pack.Pack) Rule {
	r := Rule{Key: h.Key(), Title: h.Title, Description: h.Description, Level: h.Level, Status: h.Status, Author: h.Author, False: h.FalsePositives, References: h.References,
		Set: ref, On: own != nil, path: h.Path, line: h.Line}
	if r.Level == "" {
		r.Level = "medium"
	}
	for _, tag := range h.Tags {
		if m := techniqueTag.FindStringSubmatch(tag); m != nil {
			r.Techniques = append(r.Techniques, strings.ToUpper(m[1]))
		} else if t, ok := strings.CutPrefix(tag, "attack."); ok {
			r.Tactics = append(r.Tactics, t)
		}
	}
	if own != nil {
		if x, ok := own.Rule(h.ID); ok {
			r.Criteria, r.Playbook, r.Source = x.Criteria, x.Playbook, x.Source
		}
	}
	return r
}

// logsOf lists the kinds of logs that have events of a log source.
func logsOf(of sigma.LogSource) []string {
	var out []string
	for _, s := range Sources() {
		if slices.ContainsFunc(s.Kinds, func(k sigma.Kind) bool { return k.Covers(of) }) {
			out = append(out, s.Name)
		}
	}
	return out
}

// build compiles what is on. A rule that is off still runs, untold, when a correlation that is on counts it.
func (p *Program) build(clock func() int64) error {
	needed := map[int]bool{}
	var need func(i int)
	need = func(i int) {
		if needed[i] {
			return
		}
		needed[i] = true
		for _, n := range p.Rules[i].Needs {
			if j, ok := p.byKey[n]; ok {
				p.Rules[j].NeededBy = append(p.Rules[j].NeededBy, p.Rules[i].Title)
				p.Rules[j].Feeds = true
				p.generates[j] = p.generates[j] || p.Rules[i].generate
				need(j)
			}
		}
	}
	for i := range p.Rules {
		if p.Rules[i].On {
			need(i)
		}
	}
	for i := range p.Rules {
		if p.Rules[i].Correlation {
			p.Rules[i].Logs = p.logs(i, 0)
		}
	}
	runs := &sigma.Set{Filters: p.filters(needed)}
	for _, r := range p.set.Rules {
		if needed[p.byKey[r.Key()]] {
			runs.Rules = append(runs.Rules, r)
		}
	}
	for _, c := range p.set.Correlations {
		if needed[p.byKey[c.Key()]] {
			runs.Correlations = append(runs.Correlations, c)
		}
	}
	opts := Options()
	opts.Clock = clock
	engine, err := sigma.Compile(runs, opts)
	if err != nil {
		return errs.As(errs.Internal, err, "compiling the rules")
	}
	p.Engine = engine
	p.Refused = append(p.Refused, engine.Refused()...)
	p.trouble()
	return nil
}

// filters are those that name a rule that runs, or none. A filter would be refused as a whole for a rule that is off.
func (p *Program) filters(runs map[int]bool) []*sigma.Filter {
	var out []*sigma.Filter
	for _, f := range p.set.Filters {
		own := *f
		own.Rules = nil
		for _, name := range f.Rules {
			if i, ok := p.byKey[name]; !ok || runs[i] {
				own.Rules = append(own.Rules, name)
			}
		}
		if len(own.Rules) > 0 || len(f.Rules) == 0 {
			out = append(out, &own)
		}
	}
	return out
}

// trouble says of each rule that is on why it does not run, if it does not.
func (p *Program) trouble() {
	why := map[string]string{}
	for _, r := range p.Engine.Refused() {
		for _, k := range []string{r.ID, r.Title} {
			if k != "" {
				why[k] = r.Reason
			}
		}
	}
	for _, n := range p.Engine.Unrouted() {
		h := &p.Engine.Rules()[n].Header
		why[h.Key()] = "no kind of log that is known has events it asks for"
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if reason := why[r.Key]; r.On && reason != "" {
			r.Trouble = reason
		}
		r.Feeds = r.Feeds && !p.generates[i]
		r.Standing = r.On && r.Trouble == "" && !r.Feeds
	}
}

// logs are those of what a correlation counts.
func (p *Program) logs(i, depth int) []string {
	if depth > len(p.Rules) || !p.Rules[i].Correlation {
		return p.Rules[i].Logs
	}
	var out []string
	for _, n := range p.Rules[i].Needs {
		if j, ok := p.byKey[n]; ok && j != i {
			out = append(out, p.logs(j, depth+1)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// text is the document of a rule, as it was written.
func (s *Service) text(ctx context.Context, scope access.ReadScope, r Rule) (string, error) {
	if r.Set == "" {
		b, err := pack.Text(r.path)
		return document(b, r.line), errs.As(errs.Internal, err, "the text of %s", r.Title)
	}
	sets, err := s.Store.Rulesets(ctx, scope)
	if err != nil {
		return "", err
	}
	for _, x := range sets {
		if x.Ref != r.Set {
			continue
		}
		files, err := s.Store.RulesetFiles(ctx, scope, x.ID)
		if err != nil {
			return "", err
		}
		for _, f := range files {
			if f.Path == r.path {
				return document(f.Text, r.line), nil
			}
		}
	}
	return "", errs.New(errs.NotFound, "the text of %s is gone", r.Title)
}

// document is the one that begins at a line.
func document(text []byte, line int) string {
	lines := strings.Split(string(text), "\n")
	var out []string
	for i := max(0, line-1); i < len(lines); i++ {
		if i >= line && strings.HasPrefix(lines[i], "---") {
			break
		}
		out = append(out, lines[i])
	}
	return strings.TrimSpace(strings.Join(out, "\n")) + "\n"
}
