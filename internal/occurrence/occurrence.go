// Package occurrence is the calendar of controls that people perform on a rhythm: what is due on which day, who performed it
// with which evidence, who checked it, and what came late or never. The calendar is computed from the organisation's plans, so
// that a day nobody did anything is as much on record as the others.
package occurrence

import (
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Term is what the organisation decided about a control from a day on. It is never changed: another decision is another term.
type Term struct {
	Version int         // from 1
	Since   period.Date // days due from here on follow this term
	Rhythm  catalog.Frequency
	First   period.Date // a day it is due; the others follow at the rhythm
	Window  int         // days after the due day during which it is late; afterwards it is missed
	Owner   access.UserID
	Deputy  access.UserID
	Attach  string // what to attach; empty when no evidence is asked for
	Checked bool   // somebody else looks at what was done
	Why     string
	At      time.Time
	By      string
}

// Ended reports whether the term says that nothing is due any more.
func (t Term) Ended() bool { return t.Rhythm == "" }

// Plan is the terms of a control, oldest first; there is at least one.
type Plan struct {
	Control string // reference
	Terms   []Term
}

// Now is the newest term.
func (p Plan) Now() Term { return p.Terms[len(p.Terms)-1] }

// Record is what is kept about one occurrence.
type Record struct {
	Control     string
	Due         period.Date
	Version     int
	PerformedOn period.Date // 0 while it was sent back
	RecordedAt  time.Time
	Performer   access.UserID
	Note        string
	Evidence    []string // references
	Checker     access.UserID
	CheckedAt   *time.Time
	CheckNote   string
}

// EventKind is what happened to an occurrence.
type EventKind string

// The kinds of event.
const (
	Performed EventKind = "performed"
	Amended   EventKind = "amended" // evidence or words were added to what was performed
	Checked   EventKind = "checked"
	SentBack  EventKind = "sent_back"
)

// Event is one thing that happened to an occurrence. Events are only added.
type Event struct {
	N        int
	At       time.Time
	Actor    string
	Kind     EventKind
	Note     string
	Evidence []string
}

// Occurrence is one time at which a control has to be performed.
type Occurrence struct {
	Control string
	From    period.Date // first day it is about: the day after the one before was due
	Due     period.Date
	Until   period.Date // last day on which it is only late
	Rhythm  catalog.Frequency
	Owner   access.UserID // of the newest term: who is to perform what is open
	Deputy  access.UserID
	Attach  string
	Checks  bool
	Ended   bool // the control's plan ended since; nobody has to do it any more
	Record  *Record
}

// Ref names the occurrence: the control and the day it is due.
func (o Occurrence) Ref() string { return o.Control + "-" + o.Due.String() }

// splitRef takes a reference apart.
func splitRef(ref string) (control string, due period.Date, ok bool) {
	ref = strings.ToUpper(strings.TrimSpace(ref))
	n := len(ref) - len("-2006-01-02")
	if n < 1 || ref[n] != '-' {
		return "", 0, false
	}
	due, err := period.ParseDate(ref[n+1:])
	return ref[:n], due, err == nil && catalog.ControlForm.MatchString(ref[:n])
}

// State is how an occurrence stands on a day.
type State string

// The states. What was late or missed stays so, whatever is recorded afterwards.
const (
	Upcoming State = "upcoming"
	Open     State = "due"    // its day is near or here
	Late     State = "late"   // its day is over and it may still be performed late
	Missed   State = "missed" // it was not performed while it could be
	Done     State = "done"
	DoneLate State = "done_late" // performed after its day, within the window
)

// States lists them, most urgent first.
func States() []State { return []State{Missed, Late, Open, Upcoming, DoneLate, Done} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Upcoming:
		return "Upcoming"
	case Open:
		return "Due"
	case Late:
		return "Late"
	case Missed:
		return "Missed"
	case Done:
		return "Done"
	case DoneLate:
		return "Done late"
	}
	return string(s)
}

// leads is how many days before its day an occurrence is called due, by rhythm.
var leads = map[catalog.Frequency]period.Date{catalog.Weekly: 3, catalog.Monthly: 7, catalog.Quarterly: 14, catalog.SemiAnnual: 30, catalog.Annual: 30}

// State is how the occurrence stands on a day. The day it was performed on decides, not the day somebody wrote it down.
func (o Occurrence) State(today period.Date) State {
	if o.Performed() {
		switch on := o.Record.PerformedOn; {
		case on <= o.Due:
			return Done
		case on <= o.Until:
			return DoneLate
		}
		return Missed
	}
	switch {
	case today > o.Until:
		return Missed
	case today > o.Due:
		return Late
	case today >= o.Due-leads[o.Rhythm]:
		return Open
	}
	return Upcoming
}

// Performed reports whether it was performed, in time or not.
func (o Occurrence) Performed() bool { return o.Record != nil && o.Record.PerformedOn != 0 }

// Waits reports whether what was performed waits for somebody else's check.
func (o Occurrence) Waits() bool { return o.Performed() && o.Checks && o.Record.CheckedAt == nil }

// RecordedLate is how many days after it was performed, and after its window, somebody wrote it down; 0 when that was in time.
func (o Occurrence) RecordedLate() int {
	if !o.Performed() || o.Record.PerformedOn > o.Until {
		return 0
	}
	return int(max(0, period.Of(o.Record.RecordedAt)-o.Until))
}

// version is that of the record: 0 without one.
func (o Occurrence) version() int {
	if o.Record == nil {
		return 0
	}
	return o.Record.Version
}

// Stale is the cause of a Conflict when somebody else recorded something meanwhile.
type Stale struct{ Theirs Occurrence }

// Error says what is on record now.
func (s *Stale) Error() string { return s.Theirs.Ref() + " was recorded by somebody else meanwhile" }
