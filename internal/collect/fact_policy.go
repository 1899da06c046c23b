package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Policy is a policy of the organisation as it stands: the version in force, or the newest while none is.
type Policy struct {
	ID            string       `parquet:"id"` // reference
	Slug          string       `parquet:"slug"`
	Title         string       `parquet:"title"`
	Standing      string       `parquet:"standing"` // "in_force", "review", "draft", "withdrawn" or "retired"
	Version       *int64       `parquet:"version"`  // in force
	Controls      string       `parquet:"controls"` // references it says it serves, with spaces between and around
	OwnerEmail    *string      `parquet:"owner_email"`
	OwnerActive   *bool        `parquet:"owner_active"` // the owner's account here is not blocked
	Authors       *string      `parquet:"authors"`      // who wrote in the version in force, with commas between
	Approver      *string      `parquet:"approver"`
	SelfApproved  *bool        `parquet:"self_approved"` // the approver is one of the authors
	CreatedAt     *time.Time   `parquet:"created_at,timestamp(microsecond)"`
	ApprovedAt    *time.Time   `parquet:"approved_at,timestamp(microsecond)"`
	ReviewedAt    *time.Time   `parquet:"reviewed_at,timestamp(microsecond)"` // by a second person, and left as it is
	ReviewEvery   int64        `parquet:"review_every"`                       // months
	NextReviewOn  *period.Date `parquet:"next_review_on,date"`
	ContactsAt    *time.Time   `parquet:"contacts_at,timestamp(microsecond)"` // the people and numbers it names were tried
	ApprovedHash  *string      `parquet:"approved_hash"`                      // SHA-256 of the text that was approved
	PublishedHash *string      `parquet:"published_hash"`                     // of the text that people read now
	OpenState     *string      `parquet:"open_state"`                         // of a version that is being written: "draft" or "review"
	Meta
}

// Resource names the type.
func (f *Policy) Resource() string { return "policy" }

// Key is the reference.
func (f *Policy) Key() string { return f.ID }
