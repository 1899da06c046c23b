// Package policy is what an organisation promises and how it wants to work: texts in Markdown with an owner, versions that a
// second person approves, and dates by which somebody looks at them again. A version that was in force is never changed.
package policy

import (
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a policy.
type ID string

// State is where a version is in its life.
type State string

// The states of a version.
const (
	Draft     State = "draft"     // is being written
	InReview  State = "review"    // waits for a second person
	InForce   State = "in_force"  // approved and published
	Replaced  State = "replaced"  // was in force until the next one was approved
	Withdrawn State = "withdrawn" // a draft nobody wants any more, or a text that no longer holds
)

// Open reports whether a version can still be written.
func (s State) Open() bool { return s == Draft || s == InReview }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Draft:
		return "Draft"
	case InReview:
		return "In review"
	case InForce:
		return "In force"
	case Replaced:
		return "Replaced"
	case Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}

// Standing is where a policy stands as a whole.
type Standing string

// The standings. A policy with a version in force stands in force whatever is being written.
const (
	StandsInForce   Standing = "in_force"
	StandsInReview  Standing = "review"    // nothing is in force, and a first version waits
	StandsDraft     Standing = "draft"     // nothing is in force, and a version is being written
	StandsWithdrawn Standing = "withdrawn" // nothing is in force any more
	StandsRetired   Standing = "retired"   // the organisation has given the policy up
)

// Standings lists them.
func Standings() []Standing {
	return []Standing{StandsInForce, StandsInReview, StandsDraft, StandsWithdrawn, StandsRetired}
}

// Title is the standing as people read it.
func (s Standing) Title() string {
	if s == StandsRetired {
		return "Retired"
	}
	return State(s).Title()
}

// Text is what a version says.
type Text struct {
	Title    string
	Summary  string // one or two sentences for lists and messages; may be empty
	Body     string // Markdown
	Controls []string
	Criteria []string
	Audience []string // departments it is for; none means everybody
}

// Hash is the SHA-256 of a text in canonical form, in hex.
func (t Text) Hash() (string, error) {
	return canon.Hash(map[string]any{
		"title": t.Title, "summary": t.Summary, "body": t.Body, "controls": list(t.Controls), "criteria": list(t.Criteria), "audience": list(t.Audience),
	})
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Equal reports whether two texts say the same.
func (t Text) Equal(o Text) bool {
	return t.Title == o.Title && t.Summary == o.Summary && t.Body == o.Body && slices.Equal(t.Controls, o.Controls) && slices.Equal(t.Criteria, o.Criteria) && slices.Equal(t.Audience, o.Audience)
}

// Version is one wording of a policy.
type Version struct {
	N int // from 1
	Text
	State     State
	Edit      int      // from 1; each time a draft is saved counts it up
	Authors   []string // actors who wrote in it: none of them may approve it
	Note      string   // why it changes
	SHA256    string   // of the text as it was approved; empty before
	Began     time.Time
	Saved     time.Time
	SavedBy   string
	Sent      *time.Time // for review
	SentBy    string
	Decided   *time.Time // approved
	DecidedBy string
	Ended     *time.Time // replaced or withdrawn
	EndedBy   string
	Why       string // a reason for returning or withdrawing it
}

// Stamp tells one state of a version from every other of its policy: what forms carry, so that nobody decides about a text
// that was changed after they read it.
func (v Version) Stamp() int { return v.N*1_000_000 + v.Edit }

// Wrote reports whether an actor wrote in the version.
func (v Version) Wrote(actor string) bool { return slices.Contains(v.Authors, actor) }

// Policy is a policy as it stands, with the version that people see: the one in force, or else the newest.
type Policy struct {
	ID         ID
	Ref        string // "POL-03"
	Slug       string // "access-control": names its file
	Owner      access.UserID
	Months     int // after which it is looked at again
	Standing   Standing
	Newest     int
	InForce    int         // version in force; 0 for none
	Open       int         // version that is being written or waits; 0 for none
	Due        period.Date // of the next review; 0 while nothing is in force
	Reviewed   *time.Time  // last time somebody found that it may stay as it is
	ReviewedBy string
	Contacts   *time.Time // last time the people and numbers it names were tried
	Retired    *time.Time
	Version    int // of this record
	Created    time.Time
	CreatedBy  string
	Updated    time.Time

	Shown     Version // without its body in lists
	OpenState State   // of the open version; empty without one
}

// Overdue reports whether the policy should have been reviewed before the day.
func (p Policy) Overdue(today period.Date) bool {
	return p.InForce > 0 && p.Due != 0 && p.Due < today
}

// Waits reports whether a version waits for a second person.
func (p Policy) Waits() bool { return p.OpenState == InReview }

// Confirmed is when somebody last stood by the text in force: approved it, or reviewed it and left it as it is.
func (p Policy) Confirmed() *time.Time {
	if p.InForce == 0 {
		return nil
	}
	if p.Reviewed != nil && p.Shown.Decided != nil && p.Reviewed.After(*p.Shown.Decided) {
		return p.Reviewed
	}
	return p.Shown.Decided
}

// settle brings what follows from the rest up to date: the standing, what is shown, and when the next review is due.
func (p *Policy) settle(state State) {
	p.Shown.N, p.OpenState = p.Newest, ""
	if p.Open > 0 {
		p.OpenState = state
	}
	switch {
	case p.Retired != nil && p.Open == 0:
		p.Standing = StandsRetired
	case p.InForce > 0:
		p.Standing, p.Shown.N = StandsInForce, p.InForce
	case p.Open > 0:
		p.Standing = Standing(state)
	default:
		p.Standing = StandsWithdrawn
	}
	if p.InForce == 0 {
		p.Due = 0
	}
}

// EventKind is what sort of thing happened to a policy.
type EventKind string

// The kinds of events.
const (
	Created   EventKind = "created"
	Began     EventKind = "began"    // a version
	Sent      EventKind = "sent"     // for review
	Returned  EventKind = "returned" // by the second person, with a reason
	Approved  EventKind = "approved"
	Dropped   EventKind = "dropped"   // a version that was not in force
	TakenBack EventKind = "withdrawn" // the version in force
	Looked    EventKind = "reviewed"  // and left as it is
	Tried     EventKind = "contacts"  // the people and numbers it names
	Gone      EventKind = "retired"
	Handed    EventKind = "owner"  // Text holds the new owner's identifier
	Paced     EventKind = "rhythm" // Text holds the months
)

// Event is one line of a policy's history.
type Event struct {
	N       int
	At      time.Time
	Actor   string
	Kind    EventKind
	Version int
	Text    string
}

// Stale is the cause of a Conflict when somebody else changed a policy meanwhile: both texts can be shown.
type Stale struct {
	Policy Policy
	Theirs Version
}

// Error says what is kept now.
func (s *Stale) Error() string {
	return s.Policy.Ref + " was changed on " + s.Theirs.Saved.UTC().Format("2006-01-02 15:04 UTC")
}

// After is the day some months after another. A day that the month does not have becomes its last.
func After(d period.Date, months int) period.Date {
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return period.Make(first.Year(), first.Month(), min(t.Day(), last))
}
