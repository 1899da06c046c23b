package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Vendor is a vendor as the organisation's register holds it.
type Vendor struct {
	ID                string       `parquet:"id"` // reference
	Name              string       `parquet:"name"`
	Tier              *string      `parquet:"tier"`        // "high", "medium" or "low"
	Owner             *string      `parquet:"owner"`       // address of who answers for it
	DataAccess        *bool        `parquet:"data_access"` // it reaches data of ours
	PersonalData      *bool        `parquet:"personal_data"`
	Subservice        *bool        `parquet:"subservice"` // a subservice organisation
	Method            *string      `parquet:"method"`     // how the description of the system treats it: "carve-out" or "inclusive"
	FirstUsedOn       *period.Date `parquet:"first_used_on,date"`
	FirstAssessedOn   *period.Date `parquet:"first_assessed_on,date"` // first decision that did not reject it
	LastAssessedOn    *period.Date `parquet:"last_assessed_on,date"`  // newest such decision
	AssessEvery       *int64       `parquet:"assess_every"`           // days between assessments of its tier
	LastPerformanceOn *period.Date `parquet:"last_performance_on,date"`
	ContractSignedOn  *period.Date `parquet:"contract_signed_on,date"`
	ContractEndsOn    *period.Date `parquet:"contract_ends_on,date"`
	ClausesMissing    *string      `parquet:"clauses_missing"` // clauses that the contract lacks, with commas between; "" for none
	ProcessingSince   *period.Date `parquet:"processing_agreed_on,date"`
	EndedAt           *time.Time   `parquet:"ended_at,timestamp(microsecond)"`
	AccessRemovedAt   *time.Time   `parquet:"access_removed_at,timestamp(microsecond)"`
	DataHeld          *bool        `parquet:"data_held"` // at the end it held data of ours
	DeletionProvedOn  *period.Date `parquet:"deletion_proved_on,date"`
	DeletionWithin    *int64       `parquet:"deletion_within"` // days after the end, by contract or rule
	NoCUECs           *bool        `parquet:"no_cuecs"`        // whoever reviewed its newest report found that it asks for none
	ExaminedFrom      *period.Date `parquet:"examined_from,date"`
	ExaminedTo        *period.Date `parquet:"examined_to,date"` // last day of the period that is examined
	Meta
}

// VendorReport is a report about a vendor's controls on file, or a bridge letter that continues one.
type VendorReport struct {
	ID              string       `parquet:"id"` // reference
	VendorID        string       `parquet:"vendor_id"`
	Vendor          string       `parquet:"vendor"`
	Kind            string       `parquet:"kind"`         // "soc2_type2", "iso27001" ..., or "bridge"
	FromOn          *period.Date `parquet:"from_on,date"` // first day that it is about
	ToOn            *period.Date `parquet:"to_on,date"`   // last day
	Covers          *bool        `parquet:"covers"`       // it tells how controls operated: not a report as of one day, nor one that is not relied on
	Bridges         *string      `parquet:"bridges"`      // report that a letter continues
	Opinion         *string      `parquet:"opinion"`      // as a person read it
	ExceptionsNoted *int64       `parquet:"exceptions_noted"`
	ReceivedOn      *period.Date `parquet:"received_on,date"`
	ReviewedOn      *period.Date `parquet:"reviewed_on,date"`
	Reliance        *string      `parquet:"reliance"` // "rely", "partly" or "not"
	Subservice      *bool        `parquet:"subservice"`
	Meta
}

// VendorCUEC is a complementary user entity control that a vendor's report asks of the organisation.
type VendorCUEC struct {
	ID       string  `parquet:"id"` // reference
	VendorID string  `parquet:"vendor_id"`
	Vendor   string  `parquet:"vendor"`
	ReportID *string `parquet:"report_id"`
	Number   *string `parquet:"number"` // as the report numbers it
	Relevant *bool   `parquet:"relevant"`
	Reason   *string `parquet:"reason"`   // why it does not concern the organisation
	Controls *string `parquet:"controls"` // references of own controls that do it, with commas between; "" for none
	InUse    *bool   `parquet:"in_use"`   // the vendor is used, or was until within the last year
	Meta
}

// VendorApplication is a name under which a vendor appears behind sign-on, or an application that is the organisation's own.
type VendorApplication struct {
	ID       string  `parquet:"id"`
	Name     string  `parquet:"name"` // in small letters, with single spaces
	VendorID *string `parquet:"vendor_id"`
	Reason   *string `parquet:"reason"` // why no vendor is behind it
	Meta
}

// Resource names the type.
func (f *Vendor) Resource() string { return "vendor" }

// Key is the reference.
func (f *Vendor) Key() string { return f.ID }

// Resource names the type.
func (f *VendorReport) Resource() string { return "vendor_report" }

// Key is the reference.
func (f *VendorReport) Key() string { return f.ID }

// Resource names the type.
func (f *VendorCUEC) Resource() string { return "vendor_cuec" }

// Key is the reference.
func (f *VendorCUEC) Key() string { return f.ID }

// Resource names the type.
func (f *VendorApplication) Resource() string { return "vendor_application" }

// Key is the vendor and the name.
func (f *VendorApplication) Key() string { return f.ID }
