package detect

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Trial is a rule run over the events that are stored: what it would have found.
type Trial struct {
	ID       string
	Rule     string
	From, To time.Time // half-open
	Logs     []string
	Looked   int64 // events
	Unread   int64 // events that are no JSON object
	Undated  int64 // matches that do not tell when; they are counted on the day they arrived
	Hits     int64
	Days     []DayHits // days with hits, in order
	Examples []Example // at most maxShown: the first of each day first
	Stopped  bool      // at MaxTrial events; what comes later was not looked at
	Until    time.Time // of the last event that was looked at; zero if there was none
	At       time.Time
	By       string
}

// DayHits is how often a rule matched on a day.
type DayHits struct {
	Day  int // from 1970-01-01
	Hits int64
}

// Example is an event that matched.
type Example struct {
	Event  string // its identifier
	At     time.Time
	Who    string
	Where  string
	Action string
}

// Bounds of a back-test.
const (
	MaxTrial  = 500_000
	maxShown  = 20
	maxPerDay = 3
	maxSpan   = 400 // days
)

var errEnough = errors.New("enough events")

// Try runs a rule over stored events, with the filters that run now, and keeps the result. Whether the rule is on does not matter.
func (s *Service) Try(ctx context.Context, scope access.Scope, now time.Time, key string, from, to time.Time) (Trial, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Trial{}, err
	}
	switch {
	case s.History == nil:
		return Trial{}, errs.New(errs.Unavailable, "no events are stored to look at").WithHint("Add a source of events first.")
	case !to.After(from):
		return Trial{}, errs.New(errs.Invalid, "the end is not after the beginning").At("to")
	case to.Sub(from) > maxSpan*24*time.Hour:
		return Trial{}, errs.New(errs.Invalid, "choose at most %d days", maxSpan).At("from")
	}
	p, err := s.Program(ctx, scope.ReadScope, now)
	if err != nil {
		return Trial{}, err
	}
	r, ok := p.Rule(key)
	if !ok {
		return Trial{}, errs.New(errs.NotFound, "no rule %s", text.Line(key))
	}
	if len(r.Logs) == 0 {
		return Trial{}, errs.New(errs.Invalid, "no kind of log that is known has events “%s” asks for", r.Title)
	}
	run, err := p.trial(r)
	if err != nil {
		return Trial{}, err
	}
	t := &run.t
	t.ID, t.Rule, t.From, t.To, t.Logs, t.At, t.By = id.New("try", now), r.Key, from.UTC(), to.UTC(), r.Logs, now, scope.Actor()
	err = s.History.Each(ctx, scope.ReadScope, r.Logs, from, to, run.look)
	if err != nil && !errors.Is(err, errEnough) {
		return Trial{}, errs.Wrap(err, "reading stored events")
	}
	run.finish()
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Counted.AddTrial(ctx, scope, *t); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "detection.rule.tried", r.Key, map[string]any{"title": r.Title, "from": t.From.Format(time.RFC3339), "to": t.To.Format(time.RFC3339), "events": t.Looked, "hits": t.Hits, "stopped": t.Stopped})
		return err
	})
	return *t, err
}

// trialRun is a rule at work over stored events.
type trialRun struct {
	t       Trial
	key     string
	engine  *sigma.Engine
	match   *sigma.Evaluator
	groups  *sigma.Correlator
	numbers map[string]int
	days    map[int]int64
	shown   map[int]int
	last    time.Time
	n       uint64
}

// trial makes an engine of one rule, and of what it counts if it is a correlation.
func (p *Program) trial(r Rule) (*trialRun, error) {
	set := &sigma.Set{}
	var take func(i int, depth int)
	taken := map[int]bool{}
	take = func(i, depth int) {
		if taken[i] || depth > 32 {
			return
		}
		taken[i] = true
		for _, n := range p.Rules[i].Needs {
			if j, ok := p.byKey[n]; ok {
				take(j, depth+1)
			}
		}
	}
	take(p.byKey[r.Key], 0)
	set.Filters = p.filters(taken)
	for _, x := range p.set.Rules {
		if taken[p.byKey[x.Key()]] {
			set.Rules = append(set.Rules, x)
		}
	}
	for _, c := range p.set.Correlations {
		if taken[p.byKey[c.Key()]] {
			set.Correlations = append(set.Correlations, c)
		}
	}
	e, err := sigma.Compile(set, Options())
	if err != nil {
		return nil, errs.As(errs.Internal, err, "compiling “%s”", r.Title)
	}
	for _, x := range e.Refused() {
		if x.ID == r.Key || x.Title == r.Title {
			return nil, errs.New(errs.Invalid, "“%s” cannot be used: %s", r.Title, x.Reason)
		}
	}
	run := &trialRun{key: r.Key, engine: e, match: e.Evaluator(), groups: e.Correlator(sigma.Limits{}), numbers: map[string]int{}, days: map[int]int64{}, shown: map[int]int{}}
	for _, log := range r.Logs {
		run.numbers[log] = e.Source(log)
	}
	return run, nil
}

func (r *trialRun) look(e *event.Event) error {
	number, ok := r.numbers[e.Log]
	if !ok {
		return nil
	}
	if r.t.Looked >= MaxTrial {
		r.t.Stopped = true
		return errEnough
	}
	r.t.Looked++
	at := e.When()
	if at.After(r.t.Until) {
		r.t.Until = at
	}
	r.n++
	hits, err := r.match.Match(number, e.Raw, at)
	if err != nil {
		r.t.Unread++ // no JSON object: no rule can look at it
		return nil   //nolint:nilerr // it is counted, and the others are looked at
	}
	if len(hits) == 0 {
		return nil
	}
	if at.After(r.last) {
		r.last = at
	}
	for _, h := range hits {
		if r.engine.Rules()[h.Rule].Key() == r.key {
			if e.At.IsZero() {
				r.t.Undated++
			}
			r.hit(at, e)
		}
	}
	r.alerts(r.groups.Observe(hits, r.n, at, r.last), e)
	return nil
}

func (r *trialRun) alerts(list []sigma.Alert, e *event.Event) {
	for _, a := range list {
		if a.Correlation.Key() == r.key {
			r.hit(a.At, e)
		}
	}
}

func (r *trialRun) hit(at time.Time, e *event.Event) {
	d := dayOf(at)
	r.t.Hits++
	r.days[d]++
	if e == nil || len(r.t.Examples) >= maxShown || r.shown[d] >= maxPerDay {
		return
	}
	r.shown[d]++
	who := e.Actor.Name
	if who == "" {
		who = e.Actor.ID
	}
	r.t.Examples = append(r.t.Examples, Example{Event: e.ID, At: at, Who: who, Where: e.From.IP, Action: e.Action})
}

func (r *trialRun) finish() {
	if !r.last.IsZero() {
		r.alerts(r.groups.Advance(r.last.AddDate(1, 0, 0)), nil)
	}
	for d, n := range r.days {
		r.t.Days = append(r.t.Days, DayHits{d, n})
	}
	slices.SortFunc(r.t.Days, func(a, b DayHits) int { return a.Day - b.Day })
}

// PerDay is the mean number of hits of a day that was looked at, as text with one decimal.
func (t Trial) PerDay() string {
	days := t.Span()
	if days == 0 {
		return "unknown"
	}
	return strconv.FormatFloat(float64(t.Hits)/float64(days), 'f', 1, 64)
}

// Span is how many days were looked at: up to where it stopped.
func (t Trial) Span() int {
	to := t.To
	if t.Stopped {
		to = t.Until
	}
	return max(0, int((to.Sub(t.From)+24*time.Hour-1)/(24*time.Hour)))
}
