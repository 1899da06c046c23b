// Package watch looks at the events of one organisation in the order in which they arrive and says what it found: rules that
// match, counts that come true, and what is unlike everything before. It stores nothing; who asks it twice gets the same.
package watch

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
)

// Kind says by what something was found.
type Kind string

// The kinds of signals.
const (
	Signature    Kind = "signature"    // a rule matched one event
	Correlation  Kind = "correlation"  // a rule counted or ordered several
	Anomaly      Kind = "anomaly"      // unlike what was learned
	Unauthorised Kind = "unauthorised" // a change or grant that nothing on record allows
)

// Signal is one thing that was found.
type Signal struct {
	ID         string // the same whenever the same is found again, so that nothing is told twice
	Kind       Kind
	Rule       string // Key of the rule; the name of the learned model otherwise
	Title      string
	Level      string // of Sigma: "informational", "low", "medium", "high", "critical"
	Entity     string // whom it is about
	EntityKind string // one of the kinds of event.Key; empty if the events do not tell
	Tactics    []string
	Techniques []string // of ATT&CK, such as "T1110.003"
	Criteria   []string // of the Trust Services Criteria
	Playbook   string   // of the pack; empty if there is none
	Log        string
	At         time.Time
	Source     string // the configured source of the event, or of the last of several
	Events     []Fact // in order; of many, the newest
	Sentence   string // what happened, with its numbers
}

// Fact is what is said of an event beside its identifier.
type Fact struct {
	Event, Log, Actor, Action, From, Target string
	At                                      time.Time
	Failed                                  bool
}

// FactOf is what is said of an event. What the record does not tell is empty.
func FactOf(e *event.Event) Fact {
	f := Fact{Event: e.ID, Log: e.Log, Actor: e.Actor.Name, Action: e.Action, From: e.From.IP, At: e.When(), Failed: e.Status == event.Failure}
	if f.Actor == "" {
		f.Actor = e.Actor.ID
	}
	if len(e.Targets) > 0 {
		if f.Target = e.Targets[0].Name; f.Target == "" {
			f.Target = e.Targets[0].ID
		}
	}
	return f
}

var enc = base32.StdEncoding.WithPadding(base32.NoPadding)

// identify makes the identifier of a signal from what makes it one thing.
func identify(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return "sg_" + strings.ToLower(enc.EncodeToString(h.Sum(nil)[:16]))
}

var attack = regexp.MustCompile(`^attack\.(t\d{4}(?:\.\d{3})?)$`)

// describe fills in what the rule says of itself, and what the pack says of it if it is one of its own.
func describe(s *Signal, h *sigma.Header, own *pack.Pack) {
	s.Rule, s.Title, s.Level = h.Key(), h.Title, h.Level
	if s.Level == "" {
		s.Level = "medium" // Sigma leaves it open what a rule without a level is
	}
	for _, tag := range h.Tags {
		if m := attack.FindStringSubmatch(tag); m != nil {
			s.Techniques = append(s.Techniques, strings.ToUpper(m[1]))
		} else if t, ok := strings.CutPrefix(tag, "attack."); ok {
			s.Tactics = append(s.Tactics, t)
		}
	}
	if own == nil {
		return
	}
	if r, ok := own.Rule(h.ID); ok {
		s.Criteria, s.Playbook = r.Criteria, r.Playbook
	}
}

// concern says whom an event is about: who did it, else the host, else from where.
func concern(e *event.Event) (entity, kind string) {
	switch {
	case e.Actor.ID != "" || e.Actor.Name != "":
		return principal(e.Actor.ID, e.Actor.Name), event.KeyPrincipal
	case e.Host != "":
		return e.Host, event.KeyHost
	case e.From.IP != "":
		return e.From.IP, event.KeyIP
	}
	return "", ""
}

// principal is by what an actor is called: by its address, which is the same in every system, or else as its system calls it.
func principal(id, name string) string {
	if id == "" || strings.Contains(name, "@") {
		return strings.ToLower(name)
	}
	return id
}

// Tell says an event in one sentence, from what the record tells and nothing else.
func Tell(e *event.Event) string {
	var b strings.Builder
	who := e.Actor.Name
	if who == "" {
		who = e.Actor.ID
	}
	if who == "" {
		who = "Somebody the record does not name"
	}
	b.WriteString(who)
	if e.Status == event.Failure {
		b.WriteString(" tried ")
	} else {
		b.WriteString(" did ")
	}
	if e.Action == "" {
		b.WriteString("something the record does not name")
	} else {
		b.WriteString(e.Action)
	}
	for i, t := range e.Targets {
		if i == 2 {
			fmt.Fprintf(&b, " and %d more", len(e.Targets)-i)
			break
		}
		name := t.Name
		if name == "" {
			name = t.ID
		}
		joint := " on "
		if i > 0 {
			joint = ", "
		}
		b.WriteString(joint + strings.TrimSpace(t.Kind+" "+name))
	}
	if e.Host != "" {
		b.WriteString(" at " + e.Host)
	}
	if e.From.IP != "" {
		b.WriteString(" from " + e.From.IP)
		if e.From.Country != "" {
			b.WriteString(" (" + e.From.Country + ")")
		}
	}
	if e.Status == event.Failure {
		b.WriteString(" and was refused")
		if e.Reason != "" {
			b.WriteString(": " + e.Reason)
		}
	}
	return b.String() + "."
}
