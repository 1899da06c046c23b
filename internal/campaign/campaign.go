// Package campaign is what is asked of many people at once: to acknowledge a version of a policy, or to take a course. Each
// person has one duty in a campaign for each time they work here; what was signed is never unsigned, and what stays undone is
// kept.
package campaign

import (
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// ID identifies a campaign.
type ID string

// DutyID identifies what is asked of one person.
type DutyID string

// Kind is what a campaign asks for.
type Kind string

// The kinds of campaigns.
const (
	Acknowledge Kind = "acknowledge" // read a version of a policy and say so
	Train       Kind = "train"       // take a version of a course and pass its questions
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Acknowledge, Train} }

// Title is the kind as people read it.
func (k Kind) Title() string {
	switch k {
	case Acknowledge:
		return "Acknowledgement"
	case Train:
		return "Training"
	}
	return string(k)
}

// State is where a duty is.
type State string

// The states of a duty. In a campaign that is closed, an open duty stays undone.
const (
	Open   State = "open"
	Done   State = "done"
	Waived State = "waived" // somebody else decided, for a reason, that it need not be done
	Void   State = "void"   // nothing is left to do: the person left, or the version was withdrawn
)

// How is the way in which a duty was done.
type How string

// The ways.
const (
	SignedIn     How = "signed in"
	PersonalLink How = "personal link"
	Imported     How = "imported"
)

// Audience is whom a campaign asks. Lists widen it: whoever is in one of them is asked.
type Audience struct {
	Everybody   bool        `json:"everybody,omitempty"`
	Departments []string    `json:"departments,omitempty"`
	Kinds       []string    `json:"kinds,omitempty"` // "employee", "contractor"
	People      []people.ID `json:"people,omitempty"`
}

// Campaign is one thing asked of many.
type Campaign struct {
	ID       ID
	Ref      string // "CA-12"
	Kind     Kind
	Title    string
	Subject  string // "POL-03" or "TRN-02"
	Version  int    // of the subject
	Audience Audience
	// Standing campaigns ask joiners by themselves, who have Grace days from their start.
	Standing bool
	Grace    int
	Opened   time.Time
	OpenedBy string
	Due      period.Date
	Closed   *time.Time
	ClosedBy string
	Why      string // why it was closed; may be empty
	Edition  int    // from 1; each change counts it up
}

// Counts is how far a campaign is. Overdue and Late are parts of Open and Done.
type Counts struct{ Total, Open, Overdue, Done, Late, Waived, Void int }

// Asked is how many duties count: those that are not void.
func (c Counts) Asked() int { return c.Total - c.Void }

// Duty is what a campaign asks of one person. Name, Email and Department are as they were when it was asked.
type Duty struct {
	ID         DutyID
	Campaign   ID
	Person     people.ID
	PersonRef  string
	Name       string
	Email      string
	Department string
	Stint      int // which time of working here, from 1
	Opened     time.Time
	Due        period.Date
	State      State
	DoneAt     *time.Time
	How        How
	Note       string // why it was waived or is void; of an import, where it came from
	Score      int    // questions answered right; 0 for acknowledgements
	Tries      int
	Reminded   *time.Time // when somebody last asked for a reminder

	// Of the campaign.
	CampaignRef string
	Kind        Kind
	Title       string
	Subject     string
	Version     int
	Closed      bool
}

// Ref is what people call a duty: the campaign and the person.
func (d Duty) Ref() string { return d.CampaignRef + "/" + d.PersonRef }

// Live reports whether the person can still do it.
func (d Duty) Live() bool { return d.State == Open && !d.Closed }

// Overdue reports whether it should have been done before the day.
func (d Duty) Overdue(today period.Date) bool { return d.State == Open && d.Due < today }

// Late reports whether it was done after its day.
func (d Duty) Late() bool { return d.State == Done && d.DoneAt != nil && period.Of(*d.DoneAt) > d.Due }

// Words is the state as people read it.
func (d Duty) Words(today period.Date) string {
	switch {
	case d.State == Open && d.Closed:
		return "Not done"
	case d.Overdue(today):
		return "Overdue"
	case d.State == Open:
		return "Open"
	case d.Late():
		return "Done late"
	case d.State == Done:
		return "Done"
	case d.State == Waived:
		return "Waived"
	case d.State == Void:
		return "Void"
	}
	return string(d.State)
}

// Subject is something a campaign can be about: the current version of a policy or of a course.
type Subject struct {
	Ref     string
	Title   string
	Version int
}

// Text is what people are asked to read, in the version they are asked about.
type Text struct {
	Subject
	Markdown string
	Hash     string // SHA-256 of the text, in hexadecimal
	// Withdrawn says, for a version that is no longer in force, why nobody can sign it any more; empty for one that is.
	Withdrawn string
}

// Stale is the cause of a Conflict when somebody else changed a campaign meanwhile. It carries the campaign as it is now.
type Stale struct{ Theirs Campaign }

// Error says what was changed.
func (s *Stale) Error() string { return s.Theirs.Ref + " was changed meanwhile" }

// Link is a person's own way in: who holds the token may do what is asked of this person until it ends. Only the token's hash
// is kept.
type Link struct {
	Hash    string
	Person  people.ID
	Made    time.Time
	Expires time.Time
	Ended   *time.Time
}

// Signer is somebody who showed who they are. Only Me and Holder make one.
type Signer struct {
	person people.ID
	how    How
}

// Person is who it is.
func (s Signer) Person() people.ID { return s.person }

// has reports whether the audience includes a person.
func (a Audience) has(p people.Person) bool {
	if a.Everybody {
		return true
	}
	return known(a.Departments, p.Department) || known(a.Kinds, p.Kind) || known(a.People, p.ID)
}

func (a Audience) empty() bool {
	return !a.Everybody && len(a.Departments)+len(a.Kinds)+len(a.People) == 0
}

func known[T comparable](list []T, x T) bool { return slices.Contains(list, x) }
