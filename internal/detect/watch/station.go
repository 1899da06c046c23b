package watch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/baseline"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Arrivals are the events of an organisation in the order in which they arrived. The lake of events is one.
type Arrivals interface {
	// Read gives at most n events that arrived after one, by its identifier; identifiers sort by arrival. None means that there are
	// no more.
	Read(ctx context.Context, s access.ReadScope, after string, n int) ([]event.Event, error)
}

// Memory keeps what a station remembers, as one piece: a later Save replaces an earlier one as a whole or not at all.
type Memory interface {
	// Load gives what was saved last; nil if nothing was.
	Load(org access.OrgID) ([]byte, error)
	Save(org access.OrgID, state []byte) error
}

// Station watches the events of one organisation from where it stopped. What it finds is told before it remembers having looked, so
// that after a crash it may be told again, with the same identifiers, and never not at all. It is for one goroutine.
type Station struct {
	Rules    *detect.Service
	Arrivals Arrivals
	Memory   Memory
	// Tell takes what was found; it knows signals by their identifiers and keeps each once.
	Tell func(ctx context.Context, s access.Scope, now time.Time, found []Signal) error
	// Judge finds changes that nothing allows. It may be nil.
	Judge func(ctx context.Context, s access.Scope, now time.Time, events []event.Event) ([]Signal, error)
	// Peers gives the group of each actor, by identifier or name in lower case. It may be nil.
	Peers func(ctx context.Context, s access.ReadScope, now time.Time) (map[string]string, error)

	watch   *Watch
	program *detect.Program
	model   *baseline.Model
	tuning  detect.Baseline
	peers   map[string]string
	renewed time.Time // when settings and peers were read last
	saved   time.Time
	ended   time.Duration // when saving ended the last time, by the clock that measures costs
	cost    time.Duration // and how long it took
	unsaved bool          // something was looked at since
	at      place
	hits    map[dayOf]*detect.Count
	began   bool
}

type dayOf struct {
	rule string
	day  int
}

// place is where a station is.
type place struct {
	Cursor string    `json:"cursor"`
	Newest time.Time `json:"newest"` // the time of the newest event, by which hours are closed
	Marks  []mark    `json:"marks"`  // places before, the oldest first, from which what correlations remember can be read again
	Events int64     `json:"events"`
}

type mark struct {
	Cursor string    `json:"cursor"`
	At     time.Time `json:"at"` // the newest event before it
}

// Batch is how many events are looked at before what was found is told and remembered.
const Batch = 4096

// Bounds of what is kept in between: hours are closed when nothing more is expected of them; settings are read again so often.
const (
	grace   = 15 * time.Minute
	renewal = time.Minute
	apart   = 10 * time.Minute // between marks
	saving  = 2 * time.Second
	share   = 20                    // saving takes one part in so many of the time, however much is remembered
	cheap   = 20 * time.Millisecond // unless it takes no longer than this
)

// Events is how many events the station looked at since the organisation began.
func (s *Station) Events() int64 { return s.at.Events }

// Newest is the time of the newest event that was looked at; zero if none was.
func (s *Station) Newest() time.Time { return s.at.Newest }

// Learning tells whether baselines are still learning, and until when; false when they are off.
func (s *Station) Learning() (time.Time, bool) {
	if s.model == nil || !s.tuning.On {
		return time.Time{}, false
	}
	return s.model.Learning()
}

// Step looks at the next events and reports whether there may be more.
func (s *Station) Step(ctx context.Context, scope access.Scope, now time.Time) (bool, error) {
	if err := s.begin(ctx, scope, now); err != nil {
		return false, err
	}
	events, err := s.Arrivals.Read(ctx, scope.ReadScope, s.at.Cursor, Batch)
	if err != nil {
		return false, err
	}
	var found []Signal
	for i := range events {
		found = append(found, s.look(&events[i])...)
	}
	if len(events) == 0 {
		found = append(found, s.watch.Advance(now)...)
		found = append(found, s.close(now)...) // nothing more comes: time itself ends the hour
		if len(found) == 0 && len(s.hits) == 0 && !s.unsaved {
			return false, nil
		}
	}
	s.unsaved = true
	if s.Judge != nil && len(events) > 0 {
		more, err := s.Judge(ctx, scope, now, events)
		if err != nil {
			return false, s.forget(err)
		}
		found = append(found, more...)
	}
	if err := s.Tell(ctx, scope, now, found); err != nil {
		return false, s.forget(err)
	}
	if len(events) > 0 {
		s.at.Cursor = events[len(events)-1].ID
	}
	s.mark()
	flood := len(events) == Batch && now.Sub(s.saved) < saving && !now.Before(s.saved)
	if flood || s.cost > cheap && s.clock()-s.ended < share*s.cost {
		return len(events) > 0, nil // it is told, and after a crash told again; what is saved is large
	}
	start := s.clock()
	if err := s.save(scope.Org()); err != nil {
		return false, s.forget(err)
	}
	s.ended, s.unsaved = s.clock(), false
	s.cost = s.ended - start
	if err := s.Rules.Count(ctx, scope, slices.Collect(counts(s.hits))); err != nil {
		return false, s.forget(err)
	}
	clear(s.hits)
	s.saved = now
	return len(events) > 0, nil
}

// clock measures costs; 0 where nothing does.
func (s *Station) clock() time.Duration {
	if s.Rules.Clock == nil {
		return 0
	}
	return time.Duration(s.Rules.Clock())
}

// forget drops what was learned from events that were not told of: they are looked at again, from the state that was saved.
func (s *Station) forget(err error) error {
	s.began = false
	return err
}

func counts(m map[dayOf]*detect.Count) func(func(detect.Count) bool) {
	return func(yield func(detect.Count) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(m), func(a, b dayOf) int { return cmp.Or(cmp.Compare(a.rule, b.rule), a.day-b.day) }) {
			if !yield(*m[k]) {
				return
			}
		}
	}
}

// begin reads the state after a start, and settings and rules now and then.
func (s *Station) begin(ctx context.Context, scope access.Scope, now time.Time) error {
	if !s.began {
		if err := s.load(scope.Org()); err != nil {
			return err
		}
		s.watch, s.program, s.hits, s.renewed = nil, nil, map[dayOf]*detect.Count{}, time.Time{}
	}
	program, err := s.Rules.Program(ctx, scope.ReadScope, now)
	if err != nil {
		return err
	}
	if s.program != program {
		own, err := pack.Load()
		if err != nil {
			return err
		}
		s.watch, s.program = New(program.Engine, own), program
		if err := s.replay(ctx, scope.ReadScope); err != nil {
			return err
		}
	}
	if s.began && now.Sub(s.renewed) < renewal {
		return nil
	}
	if s.tuning, err = s.Rules.Baseline(ctx, scope.ReadScope); err != nil {
		return err
	}
	aside, err := s.Rules.LeftAside(ctx, scope.ReadScope, now)
	if err != nil {
		return err
	}
	s.model.SetBenign(aside)
	if err := s.model.SetBudget(s.tuning.Budget); err != nil {
		return err
	}
	if s.Peers != nil {
		if s.peers, err = s.Peers(ctx, scope.ReadScope, now); err != nil {
			return err
		}
	}
	s.renewed, s.began = now, true
	return nil
}

// replay reads again what correlations may have to remember: what happened within Remembered before the place.
func (s *Station) replay(ctx context.Context, scope access.ReadScope) error {
	from := ""
	for _, m := range s.at.Marks {
		if !m.At.After(s.at.Newest.Add(-Remembered)) {
			from = m.Cursor
		}
	}
	for s.at.Cursor != "" {
		events, err := s.Arrivals.Read(ctx, scope, from, Batch)
		if err != nil || len(events) == 0 {
			return err
		}
		for i := range events {
			if from = events[i].ID; from > s.at.Cursor {
				return nil
			}
			s.watch.Replay(&events[i])
		}
	}
	return nil
}

func (s *Station) look(e *event.Event) []Signal {
	s.at.Events++
	at := e.When()
	if limit := e.Received.Add(grace); at.After(limit) {
		at = limit // a clock that runs ahead does not end the hours of the others
	}
	var found []Signal
	if at.After(s.at.Newest) {
		s.at.Newest = at
		found = s.close(at.Add(-time.Hour - grace))
	}
	peer := s.peers[lower(e.Actor.ID)]
	if peer == "" {
		peer = s.peers[lower(e.Actor.Name)]
	}
	s.model.Observe(e, peer)
	for _, x := range s.watch.Observe(e) {
		s.hit(x)
		found = append(found, x)
	}
	return found
}

func lower(s string) string { return string(bytes.ToLower([]byte(s))) }

func (s *Station) hit(x Signal) {
	k := dayOf{x.Rule, int(x.At.Unix() / 86400)}
	c := s.hits[k]
	if c == nil {
		c = &detect.Count{Rule: k.rule, Day: k.day}
		s.hits[k] = c
	}
	c.Hits++
	if x.At.After(c.Last) {
		c.Last = x.At
	}
}

// close ends the hours up to the one that is over at an instant.
func (s *Station) close(until time.Time) []Signal {
	r := s.model.Close(until.Truncate(time.Hour).Add(-time.Hour))
	if !s.tuning.On {
		return nil
	}
	var out []Signal
	for _, a := range r.Alerts {
		out = append(out, anomaly(a))
	}
	return out
}

// AnomalyRule stands for the learned model where a rule is named.
const AnomalyRule = "baseline"

func anomaly(a baseline.Anomaly) Signal {
	x := Signal{Kind: Anomaly, Rule: AnomalyRule, Title: "Unlike what is usual", Level: "medium", Entity: principal(a.Entity.ID, a.Entity.Name), EntityKind: event.KeyPrincipal, Log: a.Entity.Log, At: a.Hour, Sentence: a.Sentence, Criteria: []string{"CC7.2"}}
	if a.Technique != "" {
		x.Techniques = []string{a.Technique}
	}
	for _, id := range a.Events {
		x.Events = append(x.Events, Fact{Event: id, Log: a.Entity.Log, Actor: a.Entity.Name, At: a.Hour})
	}
	x.ID = identify(string(Anomaly), a.Entity.Log, a.Entity.ID, a.Hour.Format(time.RFC3339))
	return x
}

// mark remembers the place now and then, and forgets those that are too old to be of use.
func (s *Station) mark() {
	m := s.at.Marks
	if len(m) == 0 || s.at.Newest.Sub(m[len(m)-1].At) >= apart {
		m = append(m, mark{s.at.Cursor, s.at.Newest})
	}
	for len(m) > 1 && !m[1].At.After(s.at.Newest.Add(-Remembered)) {
		m = m[1:]
	}
	s.at.Marks = m
}

// stateVersion is that of the form below: the length of the place as JSON, the place, and the model.
const stateVersion = 1

func (s *Station) save(org access.OrgID) error {
	model, err := s.model.MarshalBinary()
	if err != nil {
		return err
	}
	at, err := json.Marshal(s.at)
	if err != nil {
		return err
	}
	state := binary.AppendUvarint([]byte{stateVersion}, uint64(len(at)))
	return s.Memory.Save(org, slices.Concat(state, at, model))
}

var errState = errors.New("the state of detection cannot be read")

func (s *Station) load(org access.OrgID) error {
	state, err := s.Memory.Load(org)
	if err != nil {
		return err
	}
	s.at = place{}
	if state == nil {
		s.model, err = baseline.New(baseline.Options{})
		return err
	}
	const hint = "Move it away: detection then begins anew, and learns again from the events that are stored."
	if len(state) < 2 || state[0] != stateVersion {
		return errs.Hinted(errs.As(errs.Internal, errState, "another version"), hint)
	}
	n, w := binary.Uvarint(state[1:])
	rest := state[1+max(w, 0):]
	if w <= 0 || n > uint64(len(rest)) || json.Unmarshal(rest[:n], &s.at) != nil {
		return errs.Hinted(errs.As(errs.Internal, errState, "it is cut short"), hint)
	}
	if s.model, err = baseline.Read(rest[n:], baseline.Options{}); err != nil {
		return errs.Hinted(err, hint)
	}
	return nil
}
