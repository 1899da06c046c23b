package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// AccessReview is one population of an access review: who could use a system, frozen, and how far it is decided.
type AccessReview struct {
	ID            string      `parquet:"id"`     // review and population: "AR-2026-03/okta-main"
	Review        string      `parquet:"review"` // "AR-2026-03"
	Title         string      `parquet:"title"`
	Of            string      `parquet:"of_source"` // name of the connection
	Kind          string      `parquet:"of_kind"`
	Part          string      `parquet:"of_resource"` // "user_account", "role_grant" ...
	Critical      bool        `parquet:"critical"`
	State         string      `parquet:"state"` // "running", "closed" or "cancelled"
	StartedAt     time.Time   `parquet:"started_at,timestamp(microsecond)"`
	DueOn         period.Date `parquet:"due_on,date"`
	EndedAt       *time.Time  `parquet:"ended_at,timestamp(microsecond)"`
	TakenAt       time.Time   `parquet:"taken_at,timestamp(microsecond)"` // when the source was read
	Evidence      string      `parquet:"evidence"`                        // the snapshot
	SnapshotRows  int64       `parquet:"snapshot_rows"`
	SourceTotal   *int64      `parquet:"source_total"` // as the source itself counts
	LeftOut       int64       `parquet:"left_out"`     // rows that give no access any more
	Population    int64       `parquet:"population"`   // rows frozen
	Rows          int64       `parquet:"rows"`         // rows there are now
	Undecided     int64       `parquet:"undecided"`
	LastDecidedAt *time.Time  `parquet:"last_decided_at,timestamp(microsecond)"`
	Reason        *string     `parquet:"reason"` // why it began although the counts do not agree
	Meta
}

// Resource names the type.
func (f *AccessReview) Resource() string { return "access_review" }

// Key is the review and the population.
func (f *AccessReview) Key() string { return f.ID }

// ReviewDecision is one row of an access review: an access, whose it is, and what was decided.
type ReviewDecision struct {
	ID          string      `parquet:"id"` // review and row: "AR-2026-03/17"
	Review      string      `parquet:"review"`
	Of          string      `parquet:"of_source"`
	Kind        string      `parquet:"of_kind"`
	Part        string      `parquet:"of_resource"`
	State       string      `parquet:"state"` // of the review
	StartedAt   time.Time   `parquet:"started_at,timestamp(microsecond)"`
	DueOn       period.Date `parquet:"due_on,date"`
	AccountID   string      `parquet:"account_id"`
	Login       string      `parquet:"login"`
	Granted     *string     `parquet:"granted"`
	Privileged  *bool       `parquet:"privileged"`
	Flags       string      `parquet:"flags"` // words with spaces between
	Email       *string     `parquet:"email"` // of the account
	Person      *string     `parquet:"person"`
	PersonEmail *string     `parquet:"person_email"`
	Reviewer    *string     `parquet:"reviewer"` // address of whoever has to decide
	Decision    *string     `parquet:"decision"` // "keep", "change" or "remove"
	DecidedBy   *string     `parquet:"decided_by"`
	DecidedAt   *time.Time  `parquet:"decided_at,timestamp(microsecond)"`
	Reasoned    bool        `parquet:"reasoned"`
	DoneBy      *time.Time  `parquet:"until_at,timestamp(microsecond)"`
	DoneAt      *time.Time  `parquet:"done_at,timestamp(microsecond)"`
	Meta
}

// Resource names the type.
func (f *ReviewDecision) Resource() string { return "review_decision" }

// Key is the review and the row.
func (f *ReviewDecision) Key() string { return f.ID }

// ReviewPlan says how often the accounts of a system have to be reviewed.
type ReviewPlan struct {
	ID       string     `parquet:"id"` // name of the connection
	Kind     string     `parquet:"of_kind"`
	Critical bool       `parquet:"critical"`
	Every    string     `parquet:"every"` // "quarterly", "half_yearly" or "yearly"
	Since    time.Time  `parquet:"since,timestamp(microsecond)"`
	Last     *time.Time `parquet:"last_at,timestamp(microsecond)"` // start of the newest review that counts
	Meta
}

// Resource names the type.
func (f *ReviewPlan) Resource() string { return "review_plan" }

// Key is the name of the connection.
func (f *ReviewPlan) Key() string { return f.ID }
