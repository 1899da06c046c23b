package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Occurrence is one time at which a control that people perform on a rhythm had, or has, to be performed.
type Occurrence struct {
	ID            string       `parquet:"id"` // control and due day
	Control       string       `parquet:"control"`
	Rhythm        string       `parquet:"rhythm"`
	FromOn        period.Date  `parquet:"from_on,date"` // first day it is about
	DueOn         period.Date  `parquet:"due_on,date"`
	UntilOn       period.Date  `parquet:"until_on,date"` // last day on which it is only late
	State         string       `parquet:"state"`         // "upcoming", "due", "late", "missed", "done" or "done_late"
	Owner         *string      `parquet:"owner"`         // addresses
	Performer     *string      `parquet:"performer"`
	PerformedOn   *period.Date `parquet:"performed_on,date"`
	RecordedAt    *time.Time   `parquet:"recorded_at,timestamp(microsecond)"`
	EvidenceAsked bool         `parquet:"evidence_asked"`
	EvidenceCount int64        `parquet:"evidence_count"`
	CheckAsked    bool         `parquet:"check_asked"`
	Checker       *string      `parquet:"checker"`
	CheckedAt     *time.Time   `parquet:"checked_at,timestamp(microsecond)"`
	Meta
}

// Resource names the type.
func (f *Occurrence) Resource() string { return "occurrence" }

// Key is the control and the due day.
func (f *Occurrence) Key() string { return f.ID }
