// Package authority asks of every change, grant of access and transfer of data that events tell of: is there a record that
// allows it? A pull request somebody else approved, a deployment, a run of infrastructure as code, an approved request, a maintenance
// window (TSC CC8.1, CC6.2, CC6.3, CC6.7). What a record allows is evidence; what none allows is told; where no records could be read it is
// unknown, and never good.
package authority

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Act is what needs authority.
type Act string

// The acts.
const (
	Change   Act = "change"   // of a system or its settings (CC8.1)
	Grant    Act = "grant"    // of access (CC6.2, CC6.3)
	Transfer Act = "transfer" // of data or files out of where they are kept (CC6.7)
)

// Title is the act as people read it.
func (a Act) Title() string {
	switch a {
	case Change:
		return "Change"
	case Grant:
		return "Access granted"
	case Transfer:
		return "Data transferred"
	}
	return string(a)
}

// RecordKind is what kind of record allows.
type RecordKind string

// The kinds of records. The first three are read from connected systems, the others are recorded by people.
const (
	Infrastructure RecordKind = "state" // a run of infrastructure as code, and what its workspace's state holds
	PullRequest    RecordKind = "pull_request"
	Deployment     RecordKind = "deployment"
	Approval       RecordKind = "approval" // a ticket or request that somebody approved
	Window         RecordKind = "window"   // of maintenance
)

// Kinds are all kinds of records, those that say most about what was changed first.
var Kinds = []RecordKind{Infrastructure, Deployment, PullRequest, Approval, Window}

// Title is the kind as people read it.
func (k RecordKind) Title() string {
	switch k {
	case Infrastructure:
		return "Infrastructure as code"
	case PullRequest:
		return "Pull request"
	case Deployment:
		return "Deployment"
	case Approval:
		return "Approved request"
	case Window:
		return "Maintenance window"
	}
	return string(k)
}

// Record is something that allows acts.
type Record struct {
	Kind     RecordKind `json:"kind"`
	Ref      string     `json:"ref"` // as people know it: "payments-api#418", "AU-12"
	Title    string     `json:"title,omitempty"`
	Acts     []Act      `json:"acts,omitempty"`    // none means any
	Actors   []string   `json:"actors,omitempty"`  // who may act by it, by identifier or name; none means anybody
	Targets  []string   `json:"targets,omitempty"` // to what, by identifier or name, "*" for any letters; none means anything
	Logs     []string   `json:"logs,omitempty"`    // in which systems; none means all
	Project  string     `json:"project,omitempty"` // of a pull request or deployment: the repository, whose pipelines may act by it; of a run: the workspace
	State    *State     `json:"-"`                 // of a run: what it is about
	From     time.Time  `json:"from"`
	To       time.Time  `json:"to"` // not included
	Approver string     `json:"approver,omitempty"`
	Lacks    string     `json:"lacks,omitempty"`  // why it allows nothing although it is there: "nobody else approved it"
	Unsure   string     `json:"unsure,omitempty"` // why it is not known whether it allows: "no source tells of the pull request of its commit"
}

// Verdict is what was found.
type Verdict string

// The verdicts.
const (
	Authorised   Verdict = "authorised"
	Unauthorised Verdict = "unauthorised"
	Unknown      Verdict = "unknown"
)

// Judgement is the verdict about one event.
type Judgement struct {
	Event   string     `json:"event"`
	At      time.Time  `json:"at"`
	Log     string     `json:"log"`
	Act     Act        `json:"act"`
	Policy  string     `json:"policy"`
	Actor   string     `json:"actor"`
	Action  string     `json:"action"`
	Target  string     `json:"target,omitempty"`
	Verdict Verdict    `json:"verdict"`
	Kind    RecordKind `json:"kind,omitempty"`   // of the record that allows it
	Record  string     `json:"record,omitempty"` // its reference
	Why     string     `json:"why"`              // in one sentence
}

// Book is the records that are known, and from when to when each kind of them could be read.
type Book struct {
	records []Record // by From
	longest time.Duration
	known   map[RecordKind][]span
	without map[RecordKind]bool
	held    []Held
	ran     []Record // runs of infrastructure as code, whoever may act by them
	robots  []string // identities of pipelines: nobody else acts by a run
}

type span struct{ from, to time.Time }

// NewBook makes a book of records.
func NewBook(records []Record) *Book {
	b := &Book{records: slices.Clone(records), known: map[RecordKind][]span{}, without: map[RecordKind]bool{}}
	slices.SortStableFunc(b.records, func(x, y Record) int { return x.From.Compare(y.From) })
	for _, r := range b.records {
		b.longest = max(b.longest, r.To.Sub(r.From))
	}
	return b
}

// Know says that records of a kind were read in full for a time. What people record by hand is known always.
func (b *Book) Know(kind RecordKind, from, to time.Time) {
	b.known[kind] = append(b.known[kind], span{from, to})
}

// Without says that the organisation has no records of a kind: then they are not asked for.
func (b *Book) Without(kind RecordKind) { b.without[kind] = true }

// Hold says what states of workspaces held, and which runs applied: by them is told what was changed beside its code. Robots are the
// identities of pipelines, by which alone runs act.
func (b *Book) Hold(held []Held, runs []Record, robots []string) {
	b.held, b.ran, b.robots = held, runs, robots
}

// settled reports whether records of a kind could be told if they were there. Of runs that is not asked where somebody acted who acts
// by none.
func (b *Book) settled(kind RecordKind, e *event.Event, at time.Time) bool {
	return b.knows(kind, at) || kind == Infrastructure && !slices.ContainsFunc(b.robots, func(r string) bool { return is(e, r) })
}

func (b *Book) knows(kind RecordKind, at time.Time) bool {
	return slices.ContainsFunc(b.known[kind], func(s span) bool { return !at.Before(s.from) && at.Before(s.to) })
}

// around are the records that hold at an instant.
func (b *Book) around(at time.Time) []Record {
	end, _ := slices.BinarySearchFunc(b.records, at, func(r Record, t time.Time) int {
		if r.From.After(t) {
			return 1
		}
		return -1
	})
	var out []Record
	for i := end - 1; i >= 0 && !b.records[i].From.Before(at.Add(-b.longest)); i-- {
		if at.Before(b.records[i].To) {
			out = append(out, b.records[i])
		}
	}
	slices.Reverse(out)
	return out
}

// allows reports whether the record is about the act, whoever approved it.
func (r *Record) allows(act Act, e *event.Event) bool {
	return (len(r.Acts) == 0 || slices.Contains(r.Acts, act)) && (len(r.Logs) == 0 || slices.Contains(r.Logs, e.Log)) &&
		(len(r.Actors) == 0 || slices.ContainsFunc(r.Actors, func(a string) bool { return is(e, a) })) && (len(r.Targets) == 0 || r.covers(e))
}

// is reports whether the event's actor is who is meant, by identifier or name.
func is(e *event.Event, who string) bool {
	return who != "" && (strings.EqualFold(who, e.Actor.ID) || strings.EqualFold(who, e.Actor.Name))
}

// covers reports whether every target of the event is meant: half a permission is none.
func (r *Record) covers(e *event.Event) bool {
	if len(e.Targets) == 0 {
		return false
	}
	for _, t := range e.Targets {
		if !slices.ContainsFunc(r.Targets, func(p string) bool { return like(p, t.ID) || like(p, t.Name) }) {
			return false
		}
	}
	return true
}

// like compares a text with a pattern in which "*" stands for any letters, without regard to case.
func like(pattern, text string) bool {
	if text == "" {
		return false
	}
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	if len(parts) == 1 {
		return parts[0] == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, last)
}
