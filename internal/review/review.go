// Package review is access reviews: who may use a system is frozen as it was, each account is kept, changed or removed by
// somebody who is not its owner, what was to be removed is looked for in what is collected afterwards, and the result becomes
// evidence (control IAM-05 of the catalogue).
package review

import (
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// ID identifies a review.
type ID string

// State is where a review is in its life.
type State string

// The states of a review.
const (
	Running   State = "running"
	Closed    State = "closed"    // what was decided is fixed and kept as evidence
	Cancelled State = "cancelled" // it does not count, for a reason
)

// States lists them.
func States() []State { return []State{Running, Closed, Cancelled} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Running:
		return "Running"
	case Closed:
		return "Closed"
	case Cancelled:
		return "Cancelled"
	}
	return string(s)
}

// Assign says who decides on a row.
type Assign string

// The ways to find the reviewer of a row. Whom they do not find has the system's own reviewer.
const (
	BySystem     Assign = "system"     // the reviewer of the system decides on all of it
	ByLine       Assign = "manager"    // the manager of the person behind the account, if they have an account here
	ByDepartment Assign = "department" // the reviewer named for the person's department
)

// Assigns lists them.
func Assigns() []Assign { return []Assign{BySystem, ByLine, ByDepartment} }

// Title is the way as people read it.
func (a Assign) Title() string {
	switch a {
	case BySystem:
		return "The reviewer of the system"
	case ByLine:
		return "The manager of each person"
	case ByDepartment:
		return "A reviewer for each department"
	}
	return string(a)
}

// Review is a campaign over the accounts of one or more systems.
type Review struct {
	ID        ID
	Ref       string // "AR-2026-03": by organisation and year of the start
	Title     string
	Why       string
	State     State
	Assign    Assign
	Due       period.Date // last day to decide
	Started   time.Time
	StartedBy string
	Ended     *time.Time // closed or cancelled
	EndedBy   string
	EndWhy    string   // why it was closed with rows undecided, or cancelled
	Evidence  []string // references of the pieces that hold the result
	SHA256    string   // of the result's canonical JSON
	Version   int      // from 1; counts changes of the review, not of its rows
	Tally              // counted when read
}

// Settled is the review without what nobody waits for: of one that was cancelled nothing is carried out.
func (r Review) Settled() Review {
	if r.State == Cancelled {
		r.Open, r.Overdue = 0, 0
	}
	return r
}

// FollowOf is where a row of the review is at an instant.
func (r Review) FollowOf(x Row, now time.Time) Follow {
	f := x.FollowAt(now)
	if r.State == Cancelled && (f == Waiting || f == Overdue) {
		return Nothing
	}
	return f
}

// Tally counts the rows of a review, of a system in it, or of a reviewer.
type Tally struct {
	Rows, Decided, Keep, Change, Remove, Flagged int
	Open, Overdue, Done, Late                    int        // of what was to be changed or removed: Done is in time
	LastDecided                                  *time.Time // when the newest decision was made
}

// Undecided is how many rows wait for a decision.
func (t Tally) Undecided() int { return t.Rows - t.Decided }

// System is the population of one kind of access of one system, frozen.
type System struct {
	Review     ID
	N          int    // from 1
	Slug       string // in addresses: the connection's name, with the resource unless it is accounts
	Connection string // identifier
	Source     string // its name
	Kind       string // of the connection: "okta"
	Resource   string // "user_account", "group_member", "role_grant", "app_assignment" or "host_account"
	Critical   bool
	Reviewer   access.UserID
	Deputy     access.UserID // decides on the reviewer's own rows
	Frozen
	Tally // counted when read
}

// Frozen shows that a population is all of it: three counts and the hashes of what they are of.
type Frozen struct {
	Evidence    string    // reference of the snapshot
	SnapshotSHA string    // of its file
	TakenAt     time.Time // when the source was read
	Snapshot    int64     // rows of the snapshot
	Total       *int64    // what the source itself counts; nil when it gives no count of its own
	Left        int64     // rows of the snapshot that give no access any more: closed accounts
	Population  int64     // rows to decide on: the snapshot without those
	SHA256      string    // of the frozen rows
	Gap         string    // what the snapshot lacks; empty for nothing
	Reason      string    // why it was started although the counts do not agree
	Seq         int64     // ledger entry that froze it
}

// Reconciles says whether the population is proven to be all of it: yes, no, or not known because the source counts nothing.
func (f Frozen) Reconciles() (yes, known bool) {
	switch {
	case f.Gap != "", f.Left+f.Population != f.Snapshot, f.Total != nil && *f.Total != f.Snapshot:
		return false, true
	case f.Total == nil:
		return false, false
	}
	return true, true
}

// Decision is what becomes of an access.
type Decision string

// The decisions. Empty stands for none yet.
const (
	Keep   Decision = "keep"
	Change Decision = "change"
	Remove Decision = "remove"
)

// Decisions lists them.
func Decisions() []Decision { return []Decision{Keep, Change, Remove} }

// Title is the decision as people read it.
func (d Decision) Title() string {
	switch d {
	case Keep:
		return "Keep"
	case Change:
		return "Change"
	case Remove:
		return "Remove"
	case "":
		return "Undecided"
	}
	return string(d)
}

// Follow is where an access that was to be changed or removed is. It is told by the time and the newest snapshot, never by a
// person's word alone.
type Follow string

// The states of what follows a decision.
const (
	Nothing Follow = ""        // there is nothing to do
	Waiting Follow = "open"    // still there, within its time
	Overdue Follow = "overdue" // still there, and the time is over
	Done    Follow = "done"    // seen to be done, within its time
	Late    Follow = "late"    // seen to be done, after its time
)

// Follows lists them.
func Follows() []Follow { return []Follow{Waiting, Overdue, Done, Late} }

// Title is the state as people read it.
func (f Follow) Title() string {
	switch f {
	case Waiting:
		return "To be done"
	case Overdue:
		return "Overdue"
	case Done:
		return "Done"
	case Late:
		return "Done late"
	}
	return ""
}

// Since says how an access differs from what the last review of the system saw.
type Since string

// The differences.
const (
	First   Since = "first"   // the system was never reviewed before
	Fresh   Since = "new"     // the last review did not have it
	Altered Since = "changed" // it may do more or less
	Same    Since = "same"
)

// Sinces lists them.
func Sinces() []Since { return []Since{Fresh, Altered, Same, First} }

// Title is the difference as people read it.
func (s Since) Title() string {
	switch s {
	case First:
		return "First review"
	case Fresh:
		return "New"
	case Altered:
		return "Changed"
	case Same:
		return "As before"
	}
	return string(s)
}

// Row is one access of one account, as it was when the review began, with what is decided about it.
type Row struct {
	Review  ID
	N       int // from 1, in the whole review
	System  string
	Key     string // the source's own identifier: it stays when the account is renamed
	Account string // identifier of the account
	Login   string // as people read it
	Name    string
	Email   string
	Grant   string // what is granted, where that is not the account itself: a group, a role, an application
	Status  string // the source's word
	Service bool   // it belongs to a system, not a person
	Admin   *bool  // nil when the source does not say
	Groups  []string
	Roles   []string
	SignIn  *time.Time // last sign-in; nil when the source does not say
	Created *time.Time

	Person     people.ID // who uses it; empty for nobody known
	PersonRef  string
	PersonName string
	PersonUser access.UserID
	State      people.State
	Department string

	Flags []Flag
	Since Since
	Diff  string // what is different since the last review, in words
	Prior string // the row of the last review: "AR-2026-02/17"
	Was   Decision

	Reviewer access.UserID
	Moved    string // why it is not the reviewer whose turn it is
	Decision Decision
	Reason   string
	Drop     string // of a change: the group or role that is to go; empty when the reason says it in words
	By       access.UserID
	At       *time.Time
	Version  int

	Until  *time.Time // when it has to be done
	DoneAt *time.Time
	How    string // what showed that it was done
}

// FollowAt is where the row is at an instant.
func (r Row) FollowAt(now time.Time) Follow {
	switch {
	case r.Until == nil:
		return Nothing
	case r.DoneAt != nil && r.DoneAt.After(*r.Until):
		return Late
	case r.DoneAt != nil:
		return Done
	case now.After(*r.Until):
		return Overdue
	}
	return Waiting
}

// Has reports whether the row has a flag.
func (r Row) Has(f Flag) bool { return slices.Contains(r.Flags, f) }

// Label names the row for people.
func (r Row) Label() string {
	if r.Grant != "" {
		return r.Login + " · " + r.Grant
	}
	return r.Login
}

// Event is one thing that happened to a row.
type Event struct {
	N      int
	At     time.Time
	Actor  string
	Kind   string // "assigned", "decided", "done", "renamed"
	Was    string
	Became string
	Reason string
}

// Stale is the cause of a Conflict when somebody else decided on a row meanwhile.
type Stale struct{ Theirs []Row }

// Error names the first of the rows.
func (s *Stale) Error() string { return "row " + s.Theirs[0].Label() + " was decided meanwhile" }
