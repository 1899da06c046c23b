// Package alert makes stories of signals. A signal is one thing that detection noticed; an alert is everything that was noticed
// about one account or machine and one technique within a window, and waits until a person has said what it was (TSC CC7.2,
// CC7.3; control LOG-04 of the starter library).
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// ID identifies an alert.
type ID string

// Kind is how something was noticed.
type Kind string

// The kinds.
const (
	Signature    Kind = "signature"    // a rule came true on one event
	Correlation  Kind = "correlation"  // a rule that counts or orders came true
	Baseline     Kind = "baseline"     // it is unlike what is normal
	Silence      Kind = "silence"      // a source that should send does not
	Gap          Kind = "gap"          // numbers of a source are missing
	Unauthorised Kind = "unauthorised" // a change that nobody approved
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Signature, Correlation, Baseline, Silence, Gap, Unauthorised} }

// Title is the kind as people read it.
func (k Kind) Title() string {
	switch k {
	case Signature:
		return "Known attack"
	case Correlation:
		return "Known pattern"
	case Baseline:
		return "Unusual"
	case Silence:
		return "Silent source"
	case Gap:
		return "Missing events"
	case Unauthorised:
		return "Unapproved change"
	}
	return string(k)
}

// Level is how bad it would be if true, in the words of the Sigma specification 2.1.0.
type Level string

// The levels.
const (
	Informational Level = "informational"
	Low           Level = "low"
	Medium        Level = "medium"
	High          Level = "high"
	Critical      Level = "critical"
)

// Levels lists them, the lowest first.
func Levels() []Level { return []Level{Informational, Low, Medium, High, Critical} }

// Rank is the level as a number from 1; 0 for what is no level.
func (l Level) Rank() int { return slices.Index(Levels(), l) + 1 }

// Title is the level as people read it.
func (l Level) Title() string {
	if l == "" {
		return "Unknown"
	}
	return strings.ToUpper(string(l[:1])) + string(l[1:])
}

// Fact is what is said of an event so that a person need not open it.
type Fact struct {
	Event  string    `json:"event"` // identifier of the event
	At     time.Time `json:"at,omitzero"`
	Log    string    `json:"log,omitempty"` // the kind of log: "aws.cloudtrail"
	Actor  string    `json:"actor,omitempty"`
	Action string    `json:"action,omitempty"`
	From   string    `json:"from,omitempty"`
	Target string    `json:"target,omitempty"`
	Failed bool      `json:"failed,omitempty"` // the attempt did not succeed
	Erased int64     `json:"erased,omitempty"` // the ledger entry by which the event was erased; nothing else is said of it then
}

// Signal is one thing that detection noticed. What is not known is empty.
type Signal struct {
	Key        string    `json:"-"` // a second signal with the same key is the same; made of kind, rule, entity and events if empty
	Kind       Kind      `json:"kind"`
	Rule       string    `json:"rule,omitempty"` // identifier of the rule; of other kinds, what stands for one
	Title      string    `json:"title"`
	Level      Level     `json:"level"`
	Entity     string    `json:"entity,omitempty"`      // whom or what it is about
	EntityKind string    `json:"entity_kind,omitempty"` // "principal", "host", "source", …
	Technique  string    `json:"technique,omitempty"`   // of ATT&CK: "T1110.003"
	Source     string    `json:"source,omitempty"`      // the configured source the events came from
	At         time.Time `json:"at"`                    // of the last event that counted
	Events     []Fact    `json:"events,omitempty"`      // at most MaxFacts; More says how many beside them
	More       int       `json:"more,omitempty"`
	Sentence   string    `json:"sentence,omitempty"` // what happened, in one plain sentence
	Playbook   string    `json:"playbook,omitempty"`
	Criteria   []string  `json:"criteria,omitempty"`
}

// Bounds of what a signal holds. Texts come from events that anybody may have written: they are cut, never refused.
const (
	MaxFacts    = 200
	maxWord     = 300  // characters of an entity, a rule, a target
	maxSentence = 1000 // characters
)

// Story is what signals of one alert have in common: the entity and the technique, or without one the rule.
func (s Signal) Story() string {
	about := s.Technique
	if about == "" {
		about = "rule " + s.Rule
	}
	return digest(s.EntityKind, s.Entity, about)
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func clip(s string, most int) string {
	s = text.Line(s)
	if len(s) <= most { // no more bytes than that are no more characters either
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// clean is the signal within its bounds, with a key and an instant.
func (s Signal) clean(now time.Time) Signal {
	s.Rule, s.Title, s.Entity, s.EntityKind = clip(s.Rule, maxWord), clip(s.Title, maxWord), clip(s.Entity, maxWord), clip(s.EntityKind, 40)
	s.Technique, s.Source, s.Sentence, s.Playbook = clip(s.Technique, 40), clip(s.Source, maxWord), clip(s.Sentence, maxSentence), clip(s.Playbook, 100)
	if s.Title == "" {
		s.Title = s.Kind.Title()
	}
	if s.At.IsZero() {
		s.At = now
	}
	s.At = s.At.UTC().Truncate(time.Microsecond)
	if s.Key == "" {
		parts := []string{string(s.Kind), s.Rule, s.EntityKind, s.Entity, s.Technique}
		for _, f := range s.Events {
			parts = append(parts, f.Event)
		}
		if len(s.Events) == 0 {
			parts = append(parts, s.At.Format(time.RFC3339Nano))
		}
		s.Key = digest(parts...)
	}
	s.Key = clip(s.Key, 200)
	if n := len(s.Events); n > MaxFacts {
		s.Events, s.More = s.Events[:MaxFacts], s.More+n-MaxFacts
	}
	s.Events = slices.Clone(s.Events)
	for i := range s.Events {
		f := &s.Events[i]
		f.Event, f.Log, f.Actor, f.Action = clip(f.Event, maxWord), clip(f.Log, 100), clip(f.Actor, maxWord), clip(f.Action, maxWord)
		f.From, f.Target = clip(f.From, maxWord), clip(f.Target, maxWord)
		if !f.At.IsZero() {
			f.At = f.At.UTC().Truncate(time.Microsecond)
		}
	}
	s.Criteria = union(nil, s.Criteria)
	return s
}

// union is both lists together, each entry once, in order, at most maxTags of them.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	for i := range out {
		out[i] = clip(out[i], maxWord)
	}
	out = slices.DeleteFunc(out, func(s string) bool { return s == "" })
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > maxTags {
		out = out[:maxTags]
	}
	return out
}

const maxTags = 50

// State is where an alert is.
type State string

// The states.
const (
	Open         State = "open"         // nobody has looked
	Acknowledged State = "acknowledged" // somebody looks
	Closed       State = "closed"       // somebody said what it was
)

// States lists them.
func States() []State { return []State{Open, Acknowledged, Closed} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Open:
		return "Open"
	case Acknowledged:
		return "Acknowledged"
	case Closed:
		return "Closed"
	}
	return string(s)
}

// Verdict is what an alert was.
type Verdict string

// The verdicts (domain brief 9.1, CC7.3: every event is evaluated, incident or not, with reasons).
const (
	Benign    Verdict = "benign"    // nothing bad: a false alarm
	True      Verdict = "true"      // it was what it looked like
	Duplicate Verdict = "duplicate" // another alert tells the same
)

// Verdicts lists them.
func Verdicts() []Verdict { return []Verdict{Benign, True, Duplicate} }

// Title is the verdict as people read it.
func (v Verdict) Title() string {
	switch v {
	case Benign:
		return "Benign"
	case True:
		return "True"
	case Duplicate:
		return "Duplicate"
	}
	return string(v)
}

// Closing is a person's word on what an alert was.
type Closing struct {
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason"`
	Of      string    `json:"of,omitempty"` // of a duplicate: the alert that tells the same
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
}

// Mark is that somebody did something at an instant.
type Mark struct {
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

// Alert is a story: signals about one entity and one technique.
type Alert struct {
	ID         ID            `json:"id"`
	Ref        string        `json:"ref"` // "ALR-2207"
	Story      string        `json:"story"`
	State      State         `json:"state"`
	Level      Level         `json:"level"`
	Title      string        `json:"title"`
	Sentence   string        `json:"sentence,omitempty"`
	Kinds      []string      `json:"kinds"`
	Rules      []string      `json:"rules,omitempty"`
	Entity     string        `json:"entity,omitempty"`
	EntityKind string        `json:"entity_kind,omitempty"`
	Technique  string        `json:"technique,omitempty"`
	Sources    []string      `json:"sources,omitempty"`
	Playbooks  []string      `json:"playbooks,omitempty"`
	Criteria   []string      `json:"criteria,omitempty"`
	First      time.Time     `json:"first"` // of the first signal, by its events
	Last       time.Time     `json:"last"`
	Raised     time.Time     `json:"raised"`            // when it was raised: people could know of it since
	Signals    int           `json:"signals"`           // that belong to it
	Counted    int           `json:"counted,omitempty"` // of them, those that were only counted, since MaxKept alike are kept
	Owner      access.UserID `json:"owner,omitempty"`
	Ack        *Mark         `json:"ack,omitempty"`
	Closing    *Closing      `json:"closing,omitempty"`
	Incident   string        `json:"incident,omitempty"` // reference of the incident it belongs to
	Rule       string        `json:"route,omitempty"`    // name of the routing rule that decided who is told
	EscalateAt time.Time     `json:"escalate_at,omitzero"`
	Escalated  int           `json:"escalated,omitempty"` // how often nobody acknowledged in time
	Version    int           `json:"version"`             // counts what people and escalations do, not signals that join
	Updated    time.Time     `json:"updated"`
}

// join takes a signal into the story. It reports whether the level rose.
func (a *Alert) join(s Signal) bool {
	rose := s.Level.Rank() > a.Level.Rank()
	if rose || a.Signals == 0 {
		a.Level, a.Title, a.Sentence = s.Level, s.Title, s.Sentence
	}
	a.Kinds, a.Rules = union(a.Kinds, []string{string(s.Kind)}), union(a.Rules, []string{s.Rule})
	a.Sources, a.Playbooks, a.Criteria = union(a.Sources, []string{s.Source}), union(a.Playbooks, []string{s.Playbook}), union(a.Criteria, s.Criteria)
	if a.First.IsZero() || s.At.Before(a.First) {
		a.First = s.At
	}
	if s.At.After(a.Last) {
		a.Last = s.At
	}
	a.Signals++
	return rose && a.Signals > 1
}

// Unanswered is how long nobody has acknowledged the alert: until now, or until somebody did.
func (a Alert) Unanswered(now time.Time) time.Duration {
	switch {
	case a.Ack != nil:
		return a.Ack.At.Sub(a.Raised)
	case a.Closing != nil:
		return a.Closing.At.Sub(a.Raised)
	}
	return now.Sub(a.Raised)
}

// Act is what was done to an alert. Each is a kind of ledger entry below "alert.".
type Act string

// The acts.
const (
	Raised    Act = "raised"
	Joined    Act = "joined" // more signals
	Rose      Act = "rose"   // to a higher level
	Acked     Act = "acknowledged"
	Assigned  Act = "assigned"
	Noted     Act = "noted"
	Escalated Act = "escalated"
	Declared  Act = "declared" // an incident
	Shut      Act = "closed"
	Reopened  Act = "reopened"
)

// Step is one line of an alert's history.
type Step struct {
	N     int
	At    time.Time
	Actor string
	Act   Act
	Note  string
	Seq   int64 // of the ledger entry
}

// Stale is the cause of a Conflict when somebody else changed an alert meanwhile.
type Stale struct{ Theirs Alert }

// Error says which version is kept now.
func (s *Stale) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}
