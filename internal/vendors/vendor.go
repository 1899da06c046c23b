// Package vendors is the register of those whose services the organisation uses: what they reach, how much depends on them,
// what was agreed, how they were assessed, and the reports about their own controls with what those ask of us. Which of them
// are subservice organisations, by which method, stands in the description of the system (package org); a vendor names its
// record there.
package vendors

import (
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a vendor.
type ID string

// Data is a class of information that a vendor can reach. The classes are those of evidence, without the public one.
type Data string

// The classes.
const (
	Internal     Data = "internal"
	Confidential Data = "confidential"
	Personal     Data = "personal" // it is about people: an agreement on its processing is needed
)

// DataClasses lists them, from open to closed.
func DataClasses() []Data { return []Data{Internal, Confidential, Personal} }

// Title is the class as people read it.
func (d Data) Title() string {
	switch d {
	case Internal:
		return "Internal"
	case Confidential:
		return "Confidential"
	case Personal:
		return "Personal"
	}
	return string(d)
}

// Level is how much depends on a vendor.
type Level string

// The levels.
const (
	LowLevel    Level = "low"
	MediumLevel Level = "medium"
	HighLevel   Level = "high"
)

// Levels lists them.
func Levels() []Level { return []Level{LowLevel, MediumLevel, HighLevel} }

// Title says when it hurts to be without the vendor.
func (l Level) Title() string {
	switch l {
	case LowLevel:
		return "Low: a month without it harms nobody"
	case MediumLevel:
		return "Medium: a week without it breaks a promise or stops work"
	case HighLevel:
		return "High: a day without it stops the service or a control"
	}
	return string(l)
}

// Clauses is what a contract says (control VEN-02).
type Clauses struct {
	ServiceLevels   bool `json:"service_levels"`
	Security        bool `json:"security"`
	Confidentiality bool `json:"confidentiality"`
	Privacy         bool `json:"privacy"`
	Incidents       bool `json:"incidents"` // the vendor reports incidents and disclosures
	Return          bool `json:"return"`    // data is returned or deleted at the end
}

// Missing names the clauses that are not in the contract.
func (c Clauses) Missing() []string {
	var out []string
	for _, x := range []struct {
		has  bool
		name string
	}{
		{c.ServiceLevels, "service levels"}, {c.Security, "security"}, {c.Confidentiality, "confidentiality"}, {c.Privacy, "privacy"},
		{c.Incidents, "incident reporting"}, {c.Return, "return or deletion of data"},
	} {
		if !x.has {
			out = append(out, x.name)
		}
	}
	return out
}

// Contract is what was agreed. Its zero value means that nothing is on record.
type Contract struct {
	Signed       period.Date `json:"signed"` // 0 for none
	Until        period.Date `json:"until"`  // 0 for no end
	Clauses      Clauses     `json:"clauses"`
	DPA          period.Date `json:"dpa"`           // day of the agreement on processing personal data, 0 for none
	DeletionDays int         `json:"deletion_days"` // how long after the end the proof of deletion may take
	Evidence     string      `json:"evidence"`      // reference of the document
}

// Exit is how the use of a vendor ended. Its zero value means that it did not.
type Exit struct {
	Ended         *time.Time  `json:"ended"`
	AccessRemoved *time.Time  `json:"access_removed"` // nil while it is not
	NoData        bool        `json:"no_data"`        // the vendor held nothing of ours: there is nothing to delete
	Deletion      period.Date `json:"deletion"`       // day of the proof that data was returned or destroyed, 0 for none
	Evidence      string      `json:"evidence"`       // reference of the proof
	Note          string      `json:"note"`
}

// Details is what people write about a vendor.
type Details struct {
	Name         string        `json:"name"`
	Services     string        `json:"services"`
	Owner        access.UserID `json:"owner"` // who answers for it here; empty while nobody does
	Data         []Data        `json:"data"`  // empty when it reaches none of ours
	Criticality  Level         `json:"criticality"`
	TierSet      Tier          `json:"tier_set"` // a tier other than the rule's, set by a person; empty to follow the rule
	TierWhy      string        `json:"tier_why"`
	Location     string        `json:"location"`     // where it keeps and processes what it reaches
	Applications []string      `json:"applications"` // names under which it appears in the sign-on system
	Started      period.Date   `json:"started"`      // day of first use, 0 while it is not used
}

// Vendor is an entry of the register.
type Vendor struct {
	ID  ID
	Ref string // "V-012"
	Details
	Tier       Tier // what counts: the rule's, or the one that a person set
	Subservice bool
	Described  string // identifier of the record in the description of the system; empty for none
	Contract   Contract
	Exit       Exit
	Standing
	Version   int // from 1; each change counts it up
	Created   time.Time
	CreatedBy string
	Updated   time.Time
}

// Standing is what follows from a vendor's records. It is kept beside the vendor, so that long lists can be searched by it.
type Standing struct {
	Assessed  period.Date // day of the newest decision that approved, 0 for none
	Performed period.Date // day of the newest performance review, 0 for none
	Reports   int         // on file, withdrawn ones not counted
	Covered   period.Date // last day that reports and bridge letters cover, 0 for none
	Hole      period.Date // first day of the newest gap between what is covered, 0 for none
	NextDue   period.Date // when the next review is due, 0 for never
	NextWhat  Due         // what it is
}

// InUse reports whether the vendor is used on a day.
func (v Vendor) InUse(d period.Date) bool {
	return v.Started != 0 && v.Started <= d && (v.Exit.Ended == nil || period.Of(*v.Exit.Ended) >= d)
}

// Stage is where a vendor is in its life.
type Stage string

// The stages.
const (
	Considered Stage = "considered" // not used yet
	Used       Stage = "used"
	Ended      Stage = "ended"
)

// Stages lists them.
func Stages() []Stage { return []Stage{Considered, Used, Ended} }

// Title is the stage as people read it.
func (s Stage) Title() string {
	switch s {
	case Considered:
		return "Not used yet"
	case Used:
		return "In use"
	case Ended:
		return "Ended"
	}
	return string(s)
}

// Stage is where the vendor is on a day.
func (v Vendor) Stage(d period.Date) Stage {
	switch {
	case v.Exit.Ended != nil:
		return Ended
	case v.Started == 0 || v.Started > d:
		return Considered
	}
	return Used
}

// Has reports whether the vendor reaches a class of data.
func (d Details) Has(x Data) bool { return known(d.Data, x) }

// Stale is the cause of a Conflict when somebody else changed a vendor or one of its records meanwhile. It carries what is
// there now, so that both texts can be shown.
type Stale struct {
	Ref     string
	Version int
	Vendor  Vendor // when it was the vendor
	Report  Report // when it was a report
	CUEC    CUEC   // when it was a control that a report asks of us
}

// Error says what changed.
func (s *Stale) Error() string { return s.Ref + " was changed meanwhile" }
