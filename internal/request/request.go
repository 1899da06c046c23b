// Package request is what an auditor asks the client for in an examination, and what the client answers: a list that both sides
// work on, each with its own rights. Answers come from what is kept as evidence already, before anything is uploaded anew.
package request

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a request.
type ID string

// Kind is what sort of thing is asked for (domain brief 6.1).
type Kind string

// The kinds of requests.
const (
	Population    Kind = "population"      // a complete list, from which samples are drawn
	Sample        Kind = "sample_evidence" // what shows that the control operated on chosen occasions
	Policy        Kind = "policy"
	Configuration Kind = "configuration"
	Interview     Kind = "interview"
	Walkthrough   Kind = "walkthrough"
)

// Kinds lists them, in the order in which they are asked: populations first.
func Kinds() []Kind {
	return []Kind{Population, Sample, Policy, Configuration, Interview, Walkthrough}
}

// Title is the kind as people read it.
func (k Kind) Title() string {
	switch k {
	case Population:
		return "Population"
	case Sample:
		return "Sample evidence"
	case Policy:
		return "Policy"
	case Configuration:
		return "Configuration"
	case Interview:
		return "Interview"
	case Walkthrough:
		return "Walkthrough"
	}
	return string(k)
}

// Spoken reports whether words alone answer the kind: a date for a talk, or what was said in it.
func (k Kind) Spoken() bool { return k == Interview || k == Walkthrough }

// State is where a request is in its life.
type State string

// The states. A draft is the firm's alone; a rejected request waits for the client as an open one does.
const (
	Draft     State = "draft"
	Open      State = "open"
	Provided  State = "provided"
	Accepted  State = "accepted"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// States lists those that both sides see.
func States() []State { return []State{Open, Provided, Rejected, Accepted, Withdrawn} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Draft:
		return "Draft"
	case Open:
		return "Open"
	case Provided:
		return "Provided"
	case Accepted:
		return "Accepted"
	case Rejected:
		return "Rejected"
	case Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}

// Waits reports whether the client has to do something.
func (s State) Waits() bool { return s == Open || s == Rejected }

// Closed reports whether nobody has to do anything any more.
func (s State) Closed() bool { return s == Accepted || s == Withdrawn }

// Text is what is asked: the part that the auditor writes.
type Text struct {
	Kind      Kind
	Control   string // reference; may be empty
	Criterion string // may be empty
	Title     string
	Text      string
	Period    period.Period
	Due       period.Date   // last day for the answer
	Owner     access.UserID // of the client's people; empty while nobody is named
}

// Request is one line of the list.
type Request struct {
	ID         ID
	Engagement string
	Ref        string // "R-012", in its engagement; of a draft "D-003"
	Text
	State      State
	Reason     string // why it was rejected, withdrawn or opened again
	Answer     string // what the client says with it
	IPE        string // how the auditor was satisfied that a population is complete and accurate (domain brief 5.2)
	Asked      time.Time
	AskedBy    string
	Provided   *time.Time
	ProvidedBy string
	Decided    *time.Time
	DecidedBy  string
	Version    int // from 1
	Updated    time.Time
	Pieces     int // how many pieces answer it, handed over or not; filled when read
}

// Overdue reports whether the client should have answered before the day.
func (r Request) Overdue(today period.Date) bool {
	return r.State.Waits() && r.Due != 0 && r.Due < today
}

// PieceKind is where a piece of an answer is kept.
type PieceKind string

// The kinds of pieces, and what their reference is.
const (
	Evidence PieceKind = "evidence" // an item: "EV-2026-00142"
	Document PieceKind = "policy"   // a policy in its version: "POL-003 v2"
	Result   PieceKind = "result"   // a run of a test over a whole population: its identifier
)

// Piece is something that answers a request.
type Piece struct {
	N        int
	Kind     PieceKind
	Ref      string
	Title    string
	From, To time.Time // what it is about; zero when it does not say
	SHA256   string
	Outside  string // why it lies outside the period that is asked about; empty if it does not
	Added    time.Time
	AddedBy  string
	Handed   *time.Time // when the auditor could see it first
}

// Key tells pieces apart.
func (p Piece) Key() string { return string(p.Kind) + " " + p.Ref }

// Use is a request that a piece was given to.
type Use struct {
	Ref    string
	Title  string
	State  State
	Handed bool // the auditor has seen it there
}

// EventKind is what sort of thing happened to a request.
type EventKind string

// The kinds of events.
const (
	WasAsked     EventKind = "asked"
	WasChanged   EventKind = "changed"  // a field: Was and Became hold both values
	WasProvided  EventKind = "provided" // Became lists what was handed over, Was the words with it
	WasRecalled  EventKind = "recalled"
	WasAccepted  EventKind = "accepted"
	WasRejected  EventKind = "rejected"
	WasReopened  EventKind = "reopened"
	WasWithdrawn EventKind = "withdrawn"
	Commented    EventKind = "comment"
)

// Event is one line of a request's history.
type Event struct {
	N      int
	At     time.Time
	Actor  string
	Kind   EventKind
	Field  string
	Was    string
	Became string
}

// Remark is a note of the firm, which the client never sees.
type Remark struct {
	ID         string
	Engagement string
	Request    ID
	At         time.Time
	Actor      string
	Text       string
}

// Counts is how many requests of an engagement are in each state.
type Counts map[State]int

// Waiting is how many wait for the client.
func (c Counts) Waiting() int { return c[Open] + c[Rejected] }

// Total is all that were asked.
func (c Counts) Total() int {
	n := 0
	for _, x := range c {
		n += x
	}
	return n
}

// Stale is the cause of a Conflict when somebody else changed a request meanwhile.
type Stale struct{ Theirs Request }

// Error says what is kept now.
func (s *Stale) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}

// Alike is the cause of a Conflict when the same was asked for before.
type Alike struct{ Requests []Request }

// Error names them.
func (a *Alike) Error() string {
	var refs []string
	for _, r := range a.Requests {
		refs = append(refs, r.Ref)
	}
	return "asked already in " + strings.Join(refs, ", ")
}

// diff lists the fields in which two texts differ.
func diff(was, is Text) []Event {
	var out []Event
	for _, f := range [][3]string{
		{"kind", string(was.Kind), string(is.Kind)}, {"control", was.Control, is.Control}, {"criterion", was.Criterion, is.Criterion},
		{"title", was.Title, is.Title}, {"text", was.Text, is.Text}, {"period", was.Period.String(), is.Period.String()},
		{"due", day(was.Due), day(is.Due)}, {"owner", string(was.Owner), string(is.Owner)},
	} {
		if f[1] != f[2] {
			out = append(out, Event{Kind: WasChanged, Field: f[0], Was: f[1], Became: f[2]})
		}
	}
	return out
}

func day(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func known[T comparable](list []T, x T) bool { return slices.Contains(list, x) }
