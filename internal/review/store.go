package review

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// Filter narrows a list of reviews. Zero values do not narrow.
type Filter struct {
	State      State
	Connection string
	From, To   time.Time     // started in [From, To)
	Reviewer   access.UserID // has rows to decide on
	At         time.Time     // when what follows is counted
}

// RowFilter narrows the rows of reviews. Zero values do not narrow.
type RowFilter struct {
	Review    ID
	System    string // slug
	Numbers   []int
	Reviewer  access.UserID
	Decision  Decision
	Undecided bool
	Flagged   bool
	Service   string // "yes" or "no"
	Flag      Flag
	Since     Since
	Follows   bool   // something is, or was, to be done
	Follow    Follow // as of At
	At        time.Time
	// Connection and Key find the same access in every review. Pending finds what is still to be done in reviews that count.
	Connection, Resource, Key string
	Pending                   bool
	Due                       period.Date // in running reviews that are due before the day
	Running                   bool        // in running reviews only
	Counting                  bool        // in reviews that were not cancelled
	From                      time.Time   // in reviews that began at or after
	Names                     []string    // of accounts known by one of them: identifier, sign-in name or address, without regard to case
}

// Store keeps reviews, their rows, and plans. Laws: a reference is unique and numbers are given in order; the frozen part of a
// row is never changed after Add; SaveRows changes nothing and returns the rows that were in the way when one of them has
// another version than its base; events are only added.
type Store interface {
	// Add inserts a review with its systems and rows, gives it its reference, and notes the ledger entries.
	Add(ctx context.Context, s access.Scope, r Review, systems []System, rows []Row) (Review, error)
	// Review reads a review with counts as of an instant.
	Review(ctx context.Context, s access.ReadScope, idOrRef string, at time.Time) (Review, error)
	Reviews(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Review], error)
	// Save keeps a review's new state, moved forward from base.
	Save(ctx context.Context, s access.Scope, r Review, base int) error
	// Systems lists those of a review, with counts as of an instant.
	Systems(ctx context.Context, s access.ReadScope, id ID, at time.Time) ([]System, error)
	Rows(ctx context.Context, s access.ReadScope, f RowFilter, q paging.Query) (paging.Result[Row], error)
	// SaveRows keeps the decisions of rows, each moved forward from the version before its own, with their events.
	SaveRows(ctx context.Context, s access.Scope, rows []Row, e func(Row) Event) (stale []Row, err error)
	// Tallies counts rows as of an instant by "reviewer", "system", "flag", "since", "decision" or "follow".
	Tallies(ctx context.Context, s access.ReadScope, f RowFilter, by string, at time.Time) (map[string]Tally, error)
	// Events lists what happened to a row, oldest first.
	Events(ctx context.Context, s access.ReadScope, id ID, n int) ([]Event, error)
	Plan(ctx context.Context, s access.ReadScope, connection string) (Plan, error)
	Plans(ctx context.Context, s access.ReadScope) ([]Plan, error)
	SavePlan(ctx context.Context, s access.Scope, p Plan, base int) error
}

// Counts counts by queries of their own: the second counts of what is collected from these records.
type Counts interface {
	// CountSystems counts the populations of reviews that began at or after an instant.
	CountSystems(ctx context.Context, s access.ReadScope, from time.Time) (int64, error)
	CountPlans(ctx context.Context, s access.ReadScope) (int64, error)
}

// Members finds members of an organisation. The access service does.
type Members interface {
	Members(ctx context.Context, s access.ReadScope) ([]access.Member, error)
}

// Directory knows the people. The people service does.
type Directory interface {
	Everyone(ctx context.Context, s access.ReadScope, f people.Filter) ([]people.Person, error)
}

// Connections knows what is collected from. The store of collection does.
type Connections interface {
	Connection(ctx context.Context, s access.ReadScope, idOrName string) (collect.Connection, error)
	Connections(ctx context.Context, s access.ReadScope) ([]collect.Connection, error)
}

// Snapshots finds snapshots. The store of evidence does.
type Snapshots interface {
	Latest(ctx context.Context, s access.ReadScope, system, resource string, at time.Time) ([]evidence.Item, error)
}

// Facts reads the rows of a snapshot.
type Facts interface {
	Read(ctx context.Context, resource, path string, emit func(collect.Fact) error) error
}

// Archive keeps the sealed result. The evidence service does.
type Archive interface {
	Add(ctx context.Context, scope access.Scope, now time.Time, newID func(time.Time) evidence.ItemID, u evidence.Upload) ([]evidence.Item, error)
}

// Tasks opens what somebody has to do. One that is open for the same subject already is left as it is.
type Tasks interface {
	Open(ctx context.Context, scope access.Scope, now time.Time, t Task) error
}

// Task is something that follows from a review.
type Task struct {
	Subject string // "AR-2026-03/okta-main"
	Title   string
	Text    string
	Owner   access.UserID
	Due     period.Date
}
