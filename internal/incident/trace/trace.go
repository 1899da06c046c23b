// Package trace reconstructs what happened from events: given those that were reported, it finds what else belongs to them,
// back to where it began and on to everything that was touched. It only reads what it is given, and gives the same answer for
// the same events.
//
// # How
//
// Events are gathered into strands: what one actor did with one session or credential from one address. A strand is foreign if
// its actor is not at home at the address: had not used it while the window was young, and mostly works from elsewhere. Of a
// foreign strand everything belongs to the incident; of somebody's usual work only what is unlike the rest of it.
//
// From what belongs, links lead on: keys that are handed out and used, sessions and keys that go on elsewhere, addresses that
// nobody is at home at, accounts that are made or changed and then used, processes that start others. Each kind of link has a
// confidence, that of a chain is the product; what falls below Options.Least is left out. A link that leads into usual work ends
// there: that is where the attack began, and the stop is told.
package trace

import (
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Options say how far to go. The zero value is usual.
type Options struct {
	Least float64 // confidence below which nothing is taken in; 0 means 0.5
	// Surprise is how unusual a learned baseline finds an event, in nats; nil if there is none. Events of usual work count as
	// unlike the rest from Surprising on.
	Surprise   func(*event.Event) float64
	Surprising float64             // 0 means 8
	Tactics    map[string][]string // of events that rules named: ATT&CK tactics by identifier of the event
	Most       int                 // events taken in at most; 0 means 20,000
}

// Reconstruction is what was found.
type Reconstruction struct {
	Root        string      `json:"root"` // the event with which it began
	First       time.Time   `json:"first"`
	Last        time.Time   `json:"last"`
	Entry       string      `json:"entry"`      // how it began, in a sentence
	Confidence  float64     `json:"confidence"` // that the root belongs to what was reported
	Events      []Member    `json:"events"`     // all that belongs, in the order of time
	Lines       []Line      `json:"lines"`      // the same for people: like after like in one line
	Stages      []Stage     `json:"stages"`
	Entities    []Entity    `json:"entities"`
	Resources   []Resource  `json:"resources"`
	Persistence []Standing  `json:"persistence"`
	Indicators  []Indicator `json:"indicators"`
	Links       []Link      `json:"links"`
	Stops       []string    `json:"stops"`  // links that were not followed, and why
	Looked      int         `json:"looked"` // events that were looked at
	From        time.Time   `json:"from"`   // of the window that was looked at
	To          time.Time   `json:"to"`
	Cut         bool        `json:"cut"`     // there was more than Options.Most
	Missing     []string    `json:"missing"` // reported events that are not in the window
}

// Member is an event that belongs to the incident.
type Member struct {
	Event      string    `json:"event"`
	At         time.Time `json:"at"`
	Why        string    `json:"why"` // in a sentence
	Confidence float64   `json:"confidence"`
	Tactic     string    `json:"tactic"` // of ATT&CK, such as "persistence"; empty if none fits
	Reported   bool      `json:"reported"`
}

// Line is one thing that was done, once or many times.
type Line struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Sentence   string    `json:"sentence"`
	Why        string    `json:"why"`
	Tactic     string    `json:"tactic"`
	Confidence float64   `json:"confidence"`
	Reported   bool      `json:"reported"`
	Log        string    `json:"log"`
	Events     []string  `json:"events"`
}

// Stage is a tactic of ATT&CK in the order in which it was first seen.
type Stage struct {
	Tactic string    `json:"tactic"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Events int       `json:"events"`
}

// Entity is somebody or something that acted: a principal, session, credential, address or host. A principal whom systems know by
// an address for mail is one, whatever else they call them.
type Entity struct {
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Events  int       `json:"events"`
	Foreign bool      `json:"foreign"` // not known from usual work
	Failed  int       `json:"failed"`  // how many of the events are sign-ins that failed
}

// Resource is something that was touched, and the strongest thing that was done to it.
type Resource struct {
	Kind   string       `json:"kind"`
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Effect event.Effect `json:"effect"`
	Events int          `json:"events"`
	First  time.Time    `json:"first"`
	Last   time.Time    `json:"last"`
}

// Standing is something that was left and lets the attacker in again.
type Standing struct {
	Kind      string    `json:"kind"`
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	At        time.Time `json:"at"`
	Event     string    `json:"event"`
	Sentence  string    `json:"sentence"`
	Removed   time.Time `json:"removed"`    // zero while it stands
	RemovedBy string    `json:"removed_by"` // the event that removed it
}

// Indicator is something by which the attacker is known again.
type Indicator struct {
	Kind  string    `json:"kind"`
	Value string    `json:"value"`
	Note  string    `json:"note"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Trace reconstructs from the events of a window, in any order, what belongs to those that were reported. The window should hold
// some days before them: without a past nothing is usual.
func Trace(events []event.Event, reported []string, o Options) Reconstruction {
	if o.Least == 0 {
		o.Least = 0.5
	}
	if o.Surprising == 0 {
		o.Surprising = 8
	}
	if o.Most == 0 {
		o.Most = 20_000
	}
	t := newTracer(events, o)
	r := Reconstruction{Looked: len(events)}
	if len(t.ev) > 0 {
		r.From, r.To = t.ev[0].When(), t.ev[len(t.ev)-1].When()
	}
	for _, id := range reported {
		if i, ok := t.at[id]; ok {
			t.seeds = append(t.seeds, i)
		} else {
			r.Missing = append(r.Missing, id)
		}
	}
	if len(t.seeds) == 0 {
		return r
	}
	t.learn()
	t.begin()
	t.walk()
	t.tell(&r)
	return r
}
