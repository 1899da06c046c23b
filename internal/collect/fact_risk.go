package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Risk is a line of the organisation's risk register.
type Risk struct {
	ID                 string       `parquet:"id"` // "R-012"
	Title              string       `parquet:"title"`
	Kind               string       `parquet:"kind"`    // "security", "fraud" ...
	Process            *string      `parquet:"process"` // in which it would happen
	Status             string       `parquet:"status"`  // "open" or "closed"
	Owner              *string      `parquet:"owner"`   // address or name
	InherentScore      *int64       `parquet:"inherent_score"`
	ResidualScore      *int64       `parquet:"residual_score"`
	Tolerance          int64        `parquet:"tolerance"` // highest score that needs nobody's acceptance
	Response           *string      `parquet:"response"`
	AcceptedBy         *string      `parquet:"accepted_by"`
	AcceptedAt         *time.Time   `parquet:"accepted_at,timestamp(microsecond)"`
	AcceptedUntil      *period.Date `parquet:"accepted_until,date"` // last day
	AcceptedScore      *int64       `parquet:"accepted_score"`
	ReviewedAt         *time.Time   `parquet:"reviewed_at,timestamp(microsecond)"`
	Controls           int64        `parquet:"controls"`        // linked
	ActiveControls     int64        `parquet:"active_controls"` // of them, in force
	FraudTold          bool         `parquet:"fraud_told"`      // incentive, opportunity and rationalisation are written down
	TreatmentsOpen     int64        `parquet:"treatments_open"`
	TreatmentsOverdue  int64        `parquet:"treatments_overdue"`
	OverdueUnescalated int64        `parquet:"overdue_unescalated"` // late ones that were taken to nobody
	AssessedIn         *string      `parquet:"assessed_in"`         // newest frozen assessment that looked at it
	Meta
}

// Resource names the type.
func (f *Risk) Resource() string { return "risk" }

// Key is the reference.
func (f *Risk) Key() string { return f.ID }

// RiskAssessment is a walk through the risk register.
type RiskAssessment struct {
	ID           string       `parquet:"id"` // "RA-2026"
	Title        string       `parquet:"title"`
	Status       string       `parquet:"status"` // "open" or "frozen"
	HeldOn       *period.Date `parquet:"held_on,date"`
	FrozenAt     *time.Time   `parquet:"frozen_at,timestamp(microsecond)"`
	Risks        int64        `parquet:"risks"`
	Participants int64        `parquet:"participants"`
	Processes    *string      `parquet:"processes"` // in scope, a line each
	Evidence     *string      `parquet:"evidence"`
	Meta
}

// Resource names the type.
func (f *RiskAssessment) Resource() string { return "risk_assessment" }

// Key is the reference.
func (f *RiskAssessment) Key() string { return f.ID }

// RiskTrigger is an event that asks for a review of risks before it takes effect.
type RiskTrigger struct {
	ID          string      `parquet:"id"`   // "RT-007"
	Kind        string      `parquet:"kind"` // "product", "technology", "vendor", "law", "leadership" or "acquisition"
	Title       string      `parquet:"title"`
	EffectiveOn period.Date `parquet:"effective_on,date"`
	RecordedAt  time.Time   `parquet:"recorded_at,timestamp(microsecond)"`
	ReviewedAt  *time.Time  `parquet:"reviewed_at,timestamp(microsecond)"`
	Dropped     bool        `parquet:"dropped"` // it does not come about
	Meta
}

// Resource names the type.
func (f *RiskTrigger) Resource() string { return "risk_trigger" }

// Key is the reference.
func (f *RiskTrigger) Key() string { return f.ID }

// SignificantChange is a change of the system that people are told of.
type SignificantChange struct {
	ID             string      `parquet:"id"` // "SC-2026-07"
	Title          string      `parquet:"title"`
	Status         string      `parquet:"status"`      // "planned", "released" or "withdrawn"
	Significant    *bool       `parquet:"significant"` // as a person decided
	CustomerImpact bool        `parquet:"customer_impact"`
	EffectiveOn    period.Date `parquet:"effective_on,date"` // planned
	ReleasedAt     *time.Time  `parquet:"released_at,timestamp(microsecond)"`
	Audiences      int64       `parquet:"audiences"` // who has to know
	Told           int64       `parquet:"told"`      // of them, those that were told
	Proved         int64       `parquet:"proved"`    // of them, those with something that shows it
	// LastToldAt is when the last of them was first told; empty while one of them was not.
	LastToldAt *time.Time `parquet:"last_told_at,timestamp(microsecond)"`
	Untold     *string    `parquet:"untold"` // names of those that were not
	Meta
}

// Resource names the type.
func (f *SignificantChange) Resource() string { return "significant_change" }

// Key is the reference.
func (f *SignificantChange) Key() string { return f.ID }
