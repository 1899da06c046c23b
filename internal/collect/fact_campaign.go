package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Campaign is something asked of many people: a version of a policy to acknowledge, or of a course to take.
type Campaign struct {
	ID       string      `parquet:"id"`   // reference, such as "CA-12"
	Kind     string      `parquet:"kind"` // "acknowledge" or "train"
	Title    string      `parquet:"title"`
	Subject  string      `parquet:"subject"` // reference of the policy or course
	Version  int64       `parquet:"version"`
	Standing bool        `parquet:"standing"` // joiners are asked by themselves
	OpenedAt time.Time   `parquet:"opened_at,timestamp(microsecond)"`
	DueOn    period.Date `parquet:"due_on,date"`
	ClosedAt *time.Time  `parquet:"closed_at,timestamp(microsecond)"`
	Asked    int64       `parquet:"asked"` // duties that are not void
	Done     int64       `parquet:"done"`
	Waived   int64       `parquet:"waived"`
	Open     int64       `parquet:"open"`
	Overdue  int64       `parquet:"overdue"`
	Meta
}

// Acknowledgement is a version of a policy that one person was asked to acknowledge.
type Acknowledgement struct {
	ID             string      `parquet:"id"` // campaign, person and stint
	Campaign       string      `parquet:"campaign"`
	Policy         string      `parquet:"policy"`
	Version        int64       `parquet:"version"`
	Current        *bool       `parquet:"current"` // that version is in force now
	Person         string      `parquet:"person"`  // reference
	Email          *string     `parquet:"email"`
	EmployeeNumber *string     `parquet:"employee_number"`
	AskedAt        time.Time   `parquet:"asked_at,timestamp(microsecond)"`
	DueOn          period.Date `parquet:"due_on,date"`
	State          string      `parquet:"state"` // "open", "undone" once the campaign closed, "done", "waived" or "void"
	DoneAt         *time.Time  `parquet:"done_at,timestamp(microsecond)"`
	How            *string     `parquet:"how"` // "signed in", "personal link" or "imported"
	Meta
}

// Training is a course that one person was asked to take, or completed without being asked.
type Training struct {
	ID             string       `parquet:"id"`       // campaign, person and stint; or that of the completion
	Campaign       *string      `parquet:"campaign"` // nothing for completions that nobody had asked for
	Course         string       `parquet:"course"`
	Kind           *string      `parquet:"kind"`    // "awareness", "privacy" or "role"
	Version        *int64       `parquet:"version"` // of the course
	Person         string       `parquet:"person"`  // reference
	Email          *string      `parquet:"email"`
	EmployeeNumber *string      `parquet:"employee_number"`
	AskedAt        *time.Time   `parquet:"asked_at,timestamp(microsecond)"`
	DueOn          *period.Date `parquet:"due_on,date"`
	State          string       `parquet:"state"` // as of an acknowledgement
	DoneAt         *time.Time   `parquet:"done_at,timestamp(microsecond)"`
	How            *string      `parquet:"how"`
	Score          *int64       `parquet:"score"` // questions right, or what a learning system told
	Tries          *int64       `parquet:"tries"`
	Meta
}

// Resource and Key of each type.

func (f *Campaign) Resource() string        { return "campaign" }
func (f *Campaign) Key() string             { return f.ID }
func (f *Acknowledgement) Resource() string { return "acknowledgement" }
func (f *Acknowledgement) Key() string      { return f.ID }
func (f *Training) Resource() string        { return "training" }
func (f *Training) Key() string             { return f.ID }
