// Package incident is what an organisation does about an attack or a failure: who leads, what is known of its course, what was done
// and when, who had to be told by when, what was learned, and whether it belongs in the system description (TSC CC7.3 to CC7.5,
// DC4; controls INC-02 to INC-07 of the starter library).
package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// ID identifies an incident.
type ID string

// Severity is how bad it is, 1 the worst.
type Severity int

// MaxSeverity is the mildest.
const MaxSeverity Severity = 4

// Title is the severity as people read it.
func (s Severity) Title() string { return fmt.Sprintf("Severity %d", int(s)) }

// Help says what a severity is for.
func (s Severity) Help() string {
	switch s {
	case 1:
		return "Customers' data or the whole service is hit"
	case 2:
		return "An account with many rights or a part of the service is hit"
	case 3:
		return "One account or machine is hit, and it goes no further"
	case MaxSeverity:
		return "Something was tried, or broke a rule, without effect"
	}
	return ""
}

// State is how far the response is.
type State string

// The states, in their order.
const (
	Open       State = "open"
	Contained  State = "contained"  // it goes no further
	Eradicated State = "eradicated" // the cause is removed
	Recovered  State = "recovered"  // everything works as before
	Closed     State = "closed"
)

// States lists them in their order.
func States() []State { return []State{Open, Contained, Eradicated, Recovered, Closed} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Open:
		return "Open"
	case Contained:
		return "Contained"
	case Eradicated:
		return "Cause removed"
	case Recovered:
		return "Recovered"
	case Closed:
		return "Closed"
	}
	return string(s)
}

// Next is the state that follows; Closed follows itself.
func (s State) Next() State {
	i := slices.Index(States(), s)
	return States()[min(i+1, len(States())-1)]
}

// Mark is that somebody did something at an instant.
type Mark struct {
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

// Moment is when something happened, who says so, and whether it is an estimate.
type Moment struct {
	At       time.Time `json:"at"`
	Estimate bool      `json:"estimate,omitempty"`
	By       Mark      `json:"by"`
}

// Times are the instants of an incident (domain brief 9.4). nil is unknown, and stays unknown.
type Times struct {
	Started      *Moment `json:"started,omitempty"`      // first malicious or faulty act
	Detected     *Moment `json:"detected,omitempty"`     // first signal to a person or a rule
	Acknowledged *Moment `json:"acknowledged,omitempty"` // somebody began to look
	Classified   *Moment `json:"classified,omitempty"`   // it was declared
	Contained    *Moment `json:"contained,omitempty"`
	Remediated   *Moment `json:"remediated,omitempty"`
	Recovered    *Moment `json:"recovered,omitempty"`
	Closed       *Moment `json:"closed,omitempty"`
}

// Instant is a moment with its name; At is nil while it is not known.
type Instant struct {
	Title string
	At    *Moment
}

// List is the instants in their order.
func (t Times) List() []Instant {
	return []Instant{{"Began", t.Started}, {"Detected", t.Detected}, {"Acknowledged", t.Acknowledged}, {"Declared", t.Classified}, {"Contained", t.Contained}, {"Cause removed", t.Remediated}, {"Recovered", t.Recovered}, {"Closed", t.Closed}}
}

// named is the instants in the order that must hold, with the field of each.
func (t *Times) named() []struct {
	field, title string
	at           **Moment
} {
	return []struct {
		field, title string
		at           **Moment
	}{
		{"started", "it began", &t.Started}, {"detected", "it was detected", &t.Detected}, {"acknowledged", "somebody began to look", &t.Acknowledged},
		{"contained", "it was contained", &t.Contained}, {"remediated", "the cause was removed", &t.Remediated}, {"recovered", "everything worked again", &t.Recovered}, {"closed", "it was closed", &t.Closed},
	}
}

// Answer is yes, no, or empty while nobody has said.
type Answer string

// The answers.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

// Impact is what was reached. Confidential and personal data are answered before an incident closes (INC-02).
type Impact struct {
	Text         string `json:"text,omitempty"`
	Confidential Answer `json:"confidential,omitempty"`
	Personal     Answer `json:"personal,omitempty"`
}

// Text is what people write about an incident.
type Text struct {
	Title    string        `json:"title"`
	Summary  string        `json:"summary,omitempty"`
	Severity Severity      `json:"severity"`
	Lead     access.UserID `json:"lead,omitempty"`
	Impact   Impact        `json:"impact"`
	Controls []string      `json:"controls,omitempty"` // references of controls that did not prevent it, or were hit
	Criteria []string      `json:"criteria,omitempty"`
}

// Action is something to do, from a playbook or by hand.
type Action struct {
	N        int    `json:"n"`
	Playbook string `json:"playbook,omitempty"` // identifier; empty for one that somebody wrote
	Phase    string `json:"phase"`
	Text     string `json:"text"`
	Done     *Mark  `json:"done,omitempty"`
	Left     bool   `json:"left,omitempty"` // it was left out, and Note says why
	Note     string `json:"note,omitempty"`
}

// Clock is a duty to tell somebody, with its deadline.
type Clock struct {
	N        int        `json:"n"`
	Duty     Obligation `json:"duty"`
	Aware    time.Time  `json:"aware"`
	Required Answer     `json:"required,omitempty"`
	Reason   string     `json:"reason,omitempty"` // of the decision
	Decided  *Mark      `json:"decided,omitempty"`
	Notified *Moment    `json:"notified,omitempty"`
	How      string     `json:"how,omitempty"`
	Evidence string     `json:"evidence,omitempty"` // reference
}

// Due is when the duty must be met.
func (c Clock) Due() time.Time { return c.Aware.Add(time.Duration(c.Duty.Hours) * time.Hour) }

// Standing is how a clock stands: "not_required", "met", "late" (met too late), "overdue", "undecided" or "running".
func (c Clock) Standing(now time.Time) string {
	switch {
	case c.Required == No:
		return "not_required"
	case c.Notified != nil && c.Notified.At.After(c.Due()):
		return "late"
	case c.Notified != nil:
		return "met"
	case now.After(c.Due()):
		return "overdue"
	case c.Required == "":
		return "undecided"
	}
	return "running"
}

// Obligation is a duty to tell somebody within hours of knowing. The program knows no law and no contract: people enter theirs, with
// where it is written.
type Obligation struct {
	Name   string `json:"name"`
	To     string `json:"to"`
	Hours  int    `json:"hours"`
	Source string `json:"source"` // contract and clause, or law
	When   string `json:"when"`   // one of Whens
}

// Whens are when an obligation concerns an incident.
func Whens() []string { return []string{WhenAlways, WhenPersonal, WhenConfidential} }

// The cases.
const (
	WhenAlways       = "always"
	WhenPersonal     = "personal"     // personal data was reached
	WhenConfidential = "confidential" // confidential data was reached
)

// Duties are the obligations and the time targets of an organisation, as somebody left them.
type Duties struct {
	Version int          `json:"version"`
	List    []Obligation `json:"list,omitempty"`
	Targets []Target     `json:"targets,omitempty"`
	Actor   string       `json:"actor"`
	At      time.Time    `json:"at"`
}

// Outcome is what a closed incident was.
type Outcome string

// The outcomes.
const (
	Confirmed  Outcome = "confirmed"
	FalseAlarm Outcome = "false_alarm" // it was none; the figures leave it out
)

// Description is whether an incident belongs in the system description (DC4). Only a person decides that; the two flags are the two
// cases of the criterion.
type Description struct {
	ControlFailure    bool   `json:"control_failure"`    // a control was not suitably designed or did not operate
	CommitmentFailure bool   `json:"commitment_failure"` // a commitment was significantly missed
	Describe          bool   `json:"describe"`
	Reason            string `json:"reason"`
	By                Mark   `json:"by"`
}

// Review is what was learned (INC-04).
type Review struct {
	Cause   string   `json:"cause"` // root cause
	Well    string   `json:"well,omitempty"`
	Badly   string   `json:"badly,omitempty"`
	Lessons []string `json:"lessons,omitempty"` // each may become a task
	By      Mark     `json:"by"`
}

// Incident is an incident with everything people said about it.
type Incident struct {
	ID  ID     `json:"id"`
	Ref string `json:"ref"` // "INC-17"
	Text
	State       State        `json:"state"`
	Times       Times        `json:"times"`
	Alerts      []string     `json:"alerts,omitempty"` // references
	Actions     []Action     `json:"actions,omitempty"`
	Clocks      []Clock      `json:"clocks,omitempty"`
	Containment string       `json:"containment,omitempty"` // what was done to stop it
	Description *Description `json:"description,omitempty"`
	Review      *Review      `json:"review,omitempty"`
	Outcome     Outcome      `json:"outcome,omitempty"`
	Disposition string       `json:"disposition,omitempty"` // what was done about it, said when it was closed
	Evidence    string       `json:"evidence,omitempty"`    // reference of the case file that was kept when it was closed
	Printed     string       `json:"printed,omitempty"`     // the same as PDF
	Version     int          `json:"version"`
	Created     time.Time    `json:"created"`
	Author      string       `json:"author"`
	Updated     time.Time    `json:"updated"`
}

// ReviewDue is the end of the last working day on which the review of a severe incident is in time: 10 working days after it was closed
// (INC-04). Zero for an incident that needs none.
func (x Incident) ReviewDue() time.Time {
	if x.Severity > 2 || x.Outcome != Confirmed || x.Times.Closed == nil {
		return time.Time{}
	}
	day := x.Times.Closed.At.UTC().Truncate(24 * time.Hour)
	for left := 10; left > 0; {
		day = day.AddDate(0, 0, 1)
		if d := day.Weekday(); d != time.Saturday && d != time.Sunday {
			left--
		}
	}
	return day.AddDate(0, 0, 1)
}

// Act is what was done to an incident. Each is a kind of ledger entry below "incident.".
type Act string

// The acts.
const (
	Declared  Act = "declared"
	Edited    Act = "changed"
	Linked    Act = "linked" // an alert
	Advanced  Act = "advanced"
	Corrected Act = "corrected" // an instant
	Noted     Act = "noted"
	Ticked    Act = "action"
	Clocked   Act = "clock"
	Told      Act = "notified"
	Decided   Act = "description"
	Reviewed  Act = "reviewed"
	Shut      Act = "closed"
	Reopened  Act = "reopened"
	Traced    Act = "reconstructed"
	Bundled   Act = "bundled"
)

// Title is the act as people read it.
func (a Act) Title() string {
	switch a {
	case Declared:
		return "Incident declared"
	case Edited:
		return "Record changed"
	case Linked:
		return "Alert added"
	case Advanced:
		return "Response went on"
	case Corrected:
		return "Instant set"
	case Noted:
		return "Note"
	case Ticked:
		return "Action"
	case Clocked:
		return "Notice decided"
	case Told:
		return "Told"
	case Decided:
		return "Decided about the system description"
	case Reviewed:
		return "Review written"
	case Shut:
		return "Incident closed"
	case Reopened:
		return "Incident opened again"
	case Traced:
		return "Reconstructed"
	case Bundled:
		return "Bundle kept as evidence"
	}
	return string(a)
}

// Step is one line of an incident's history. Events are identifiers of events that it refers to.
type Step struct {
	N        int
	At       time.Time // when it happened
	Recorded time.Time
	Actor    string
	Act      Act
	Note     string
	Events   []string
	Seq      int64 // of the ledger entry
}

// Stale is the cause of a Conflict when somebody else changed an incident meanwhile.
type Stale struct{ Theirs Incident }

// Error says which version is kept now.
func (s *Stale) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}
