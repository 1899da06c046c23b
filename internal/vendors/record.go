package vendors

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Kind is what sort of record hangs on a vendor.
type Kind string

// The kinds.
const (
	KindAssessment Kind = "assessment"
	KindReport     Kind = "report"
	KindBridge     Kind = "bridge"
	KindCUEC       Kind = "cuec"
)

// KindApplication stands for the names of applications, which are counted and kept with their vendors.
const KindApplication Kind = "application"

// prefixes are those of the references.
var prefixes = map[Kind]string{KindAssessment: "VA", KindReport: "VR", KindBridge: "VB", KindCUEC: "VC"}

// Prefix is that of the references of a kind.
func Prefix(k Kind) string { return prefixes[k] }

// Record is a record of a vendor as it is kept: what is common, and the rest as JSON.
type Record struct {
	ID      string
	Vendor  ID
	Kind    Kind
	Ref     string // "VR-007", given by the store
	Day     period.Date
	Body    string
	Removed bool // withdrawn: kept, and no longer counted
	Version int
	At      time.Time // of the newest change
	By      string
}

// Stamp is what every record of a vendor carries.
type Stamp struct {
	ID      string    `json:"-"`
	Vendor  ID        `json:"-"`
	Ref     string    `json:"-"`
	Version int       `json:"-"`
	At      time.Time `json:"-"`
	By      string    `json:"-"`
	Removed bool      `json:"-"`
}

func (r Record) stamp() Stamp { return Stamp{r.ID, r.Vendor, r.Ref, r.Version, r.At, r.By, r.Removed} }

// Purpose is what an assessment is for.
type Purpose string

// The purposes.
const (
	Diligence   Purpose = "diligence"   // before first use, and again at the tier's interval
	Performance Purpose = "performance" // each quarter for tier high
)

// Title is the purpose as people read it.
func (p Purpose) Title() string {
	if p == Performance {
		return "Performance review"
	}
	return "Assessment"
}

// Decision is what a person concluded from an assessment.
type Decision string

// The decisions.
const (
	Approved    Decision = "approved"
	Conditional Decision = "conditional" // approved while its findings are followed
	Rejected    Decision = "rejected"
)

// Decisions lists them.
func Decisions() []Decision { return []Decision{Approved, Conditional, Rejected} }

// Title is the decision as people read it.
func (d Decision) Title() string {
	switch d {
	case Approved:
		return "Approved"
	case Conditional:
		return "Approved with conditions"
	case Rejected:
		return "Rejected"
	}
	return string(d)
}

// Reply is an answer to a question of a checklist.
type Reply string

// The replies.
const (
	Yes     Reply = "yes"
	Partly  Reply = "partly"
	No      Reply = "no"
	NoMatch Reply = "na" // does not concern this vendor
)

// Replies lists them.
func Replies() []Reply { return []Reply{Yes, Partly, No, NoMatch} }

// Title is the reply as people read it.
func (r Reply) Title() string {
	switch r {
	case Yes:
		return "Yes"
	case Partly:
		return "Partly"
	case No:
		return "No"
	case NoMatch:
		return "Not applicable"
	}
	return string(r)
}

// Answer is the reply to one question, with what was seen.
type Answer struct {
	Question string `json:"question"` // key of the question
	Reply    Reply  `json:"reply"`
	Note     string `json:"note"`
}

// Finding is something an assessment or a review found that has to be followed.
type Finding struct {
	Text     string `json:"text"`
	Severity Level  `json:"severity"`
}

// Assessment is what somebody looked at and decided. It is never changed: a later one replaces it.
type Assessment struct {
	Stamp
	Purpose  Purpose     `json:"purpose"`
	Day      period.Date `json:"day"`
	Answers  []Answer    `json:"answers"`
	Findings []Finding   `json:"findings"`
	Decision Decision    `json:"decision"`
	Note     string      `json:"note"`
	Evidence string      `json:"evidence"` // reference
}

// ReportKind is what sort of report a vendor gave.
type ReportKind string

// The kinds of reports.
const (
	SOC1Type1 ReportKind = "soc1_type1"
	SOC1Type2 ReportKind = "soc1_type2"
	SOC2Type1 ReportKind = "soc2_type1"
	SOC2Type2 ReportKind = "soc2_type2"
	SOC3      ReportKind = "soc3"
	ISO27001  ReportKind = "iso27001"
	Other     ReportKind = "other"
)

// ReportKinds lists them.
func ReportKinds() []ReportKind {
	return []ReportKind{SOC1Type2, SOC2Type2, SOC3, SOC1Type1, SOC2Type1, ISO27001, Other}
}

// Title is the kind as people read it.
func (k ReportKind) Title() string {
	switch k {
	case SOC1Type1:
		return "SOC 1 Type 1"
	case SOC1Type2:
		return "SOC 1 Type 2"
	case SOC2Type1:
		return "SOC 2 Type 1"
	case SOC2Type2:
		return "SOC 2 Type 2"
	case SOC3:
		return "SOC 3"
	case ISO27001:
		return "ISO/IEC 27001 certificate"
	case Other:
		return "Other report"
	}
	return string(k)
}

// AsOf reports whether a report of the kind is about one day, not a period.
func (k ReportKind) AsOf() bool { return k == SOC1Type1 || k == SOC2Type1 }

// Operating reports whether a report of the kind tells how controls operated over its period. Certificates and other reports
// count only when the person who reviewed one accepts it as equivalent.
func (k ReportKind) Operating() bool { return k == SOC1Type2 || k == SOC2Type2 || k == SOC3 }

// Opinion is what the vendor's auditor concluded, as a person read it in the report. It is never ours.
type Opinion string

// The opinions as read.
const (
	Unqualified Opinion = "unqualified"
	Qualified   Opinion = "qualified"
	Adverse     Opinion = "adverse"
	Disclaimer  Opinion = "disclaimer"
	NotStated   Opinion = "not_stated"
)

// Opinions lists them.
func Opinions() []Opinion { return []Opinion{Unqualified, Qualified, Adverse, Disclaimer, NotStated} }

// Title is the opinion as people read it.
func (o Opinion) Title() string {
	switch o {
	case Unqualified:
		return "Unqualified"
	case Qualified:
		return "Qualified"
	case Adverse:
		return "Adverse"
	case Disclaimer:
		return "Disclaimed"
	case NotStated:
		return "Not stated"
	}
	return string(o)
}

// Reliance is whether the organisation relies on a report.
type Reliance string

// The answers.
const (
	Rely       Reliance = "rely"
	RelyPartly Reliance = "partly" // with own controls where the report is weak
	RelyNot    Reliance = "not"
)

// Reliances lists them.
func Reliances() []Reliance { return []Reliance{Rely, RelyPartly, RelyNot} }

// Title is the reliance as people read it.
func (r Reliance) Title() string {
	switch r {
	case Rely:
		return "Relied on"
	case RelyPartly:
		return "Relied on in part"
	case RelyNot:
		return "Not relied on"
	}
	return string(r)
}

// Review is what a person concluded from reading a report (control VEN-03).
type Review struct {
	Day        period.Date `json:"day"`
	By         string      `json:"by"`
	Answers    []Answer    `json:"answers"`
	Findings   []Finding   `json:"findings"`
	Reliance   Reliance    `json:"reliance"`
	Equivalent bool        `json:"equivalent"` // a certificate or other report that is accepted in place of a report on operation
	NoCUECs    bool        `json:"no_cuecs"`   // the report asks for no complementary user entity controls
	Note       string      `json:"note"`
}

// Report is a report about a vendor's controls, as received.
type Report struct {
	Stamp
	Kind       ReportKind    `json:"kind"`
	Title      string        `json:"title"`
	Scope      string        `json:"scope"`  // services and subjects it covers
	Period     period.Period `json:"period"` // covered, half-open; of a report as of one day, that day
	Auditor    string        `json:"auditor"`
	Opinion    Opinion       `json:"opinion"` // as read
	Exceptions string        `json:"exceptions"`
	Noted      int           `json:"noted"`    // how many exceptions the report notes; -1 when nobody counted
	Evidence   string        `json:"evidence"` // reference of the document
	Received   period.Date   `json:"received"`
	Review     *Review       `json:"review"`
	Why        string        `json:"why"` // it was withdrawn
}

// Covers reports whether the report tells how controls operated in its period, as far as anybody has said.
func (x Report) Covers() bool {
	if x.Removed || x.Review != nil && x.Review.Reliance == RelyNot {
		return false
	}
	return x.Kind.Operating() || !x.Kind.AsOf() && x.Review != nil && x.Review.Equivalent
}

// Bridge is a letter in which a vendor says that its controls went on after the period of a report.
type Bridge struct {
	Stamp
	Report   string        `json:"report"` // reference of the report it continues
	Period   period.Period `json:"period"` // half-open
	Signed   period.Date   `json:"signed"`
	Signer   string        `json:"signer"`
	Changes  string        `json:"changes"` // changes and incidents that it tells
	Evidence string        `json:"evidence"`
	Received period.Date   `json:"received"`
	Why      string        `json:"why"` // it was withdrawn
}

// CUEC is a complementary user entity control: what a vendor's report says that we must do ourselves.
type CUEC struct {
	Stamp
	Report   string   `json:"report"` // reference of the report that asks for it
	Number   string   `json:"number"` // as the report numbers it; may be empty
	Text     string   `json:"text"`   // in our own words
	Criteria []string `json:"criteria"`
	Relevant bool     `json:"relevant"`
	Why      string   `json:"why"`      // not relevant: why not
	Controls []string `json:"controls"` // references of our controls that do it
}

// Mapped reports whether it is settled: one of our controls does it, or it does not concern us.
func (c CUEC) Mapped() bool { return !c.Relevant || len(c.Controls) > 0 }

// File is a vendor with everything that hangs on it.
type File struct {
	Vendor
	Assessments []Assessment // newest first
	Letters     []Bridge     // newest first
	Filed       []Report     // newest first
	CUECs       []CUEC       // in order
}
