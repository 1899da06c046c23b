// Package org is what a service organisation says about itself: its system, where the system ends, what it promises, what
// the system is made of, and what went wrong or changed. Together that is section III of a report, measured against the
// description criteria DC1 to DC9 (domain brief 4.4).
package org

import (
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Description is the whole description of the system, as one document. DC5 (controls) and DC6 (what user entities must do)
// are kept by package control.
type Description struct {
	System        System          `json:"system" yaml:"system"`
	Services      []Offering      `json:"services" yaml:"services,omitempty"`
	Commitments   []Commitment    `json:"commitments" yaml:"commitments,omitempty"`
	Components    Components      `json:"components" yaml:"components,omitempty"`
	Aspects       Aspects         `json:"aspects" yaml:"aspects,omitempty"`
	Transactions  []Transaction   `json:"transactions,omitempty" yaml:"transactions,omitempty"` // of a SOC 1
	Subservice    []Subservice    `json:"subservice" yaml:"subservice,omitempty"`
	Incidents     []Incident      `json:"incidents" yaml:"incidents,omitempty"`
	NotApplicable []NotApplicable `json:"not_applicable" yaml:"not_applicable,omitempty"`
	Changes       []Change        `json:"changes" yaml:"changes,omitempty"`
}

// System is the system as a whole and its boundary (DC1, DC3).
type System struct {
	Name        string              `json:"name" yaml:"name"`
	Overview    string              `json:"overview" yaml:"overview,omitempty"`
	Boundary    string              `json:"boundary" yaml:"boundary,omitempty"`         // what is inside, and what is not
	PrivacyRole catalog.PrivacyRole `json:"privacy_role" yaml:"privacy_role,omitempty"` // empty while nobody has said
	// None names sections that are empty because there is nothing to say: subservice, incidents, changes, not_applicable, cuecs.
	// An empty section that is not named here is one that was forgotten.
	None []string `json:"none" yaml:"none,omitempty"`
}

// Offering is a service that is provided (DC1).
type Offering struct {
	Name      string `json:"name" yaml:"name"`
	Text      string `json:"text" yaml:"text"`
	Customers string `json:"customers" yaml:"customers,omitempty"` // kinds of customers
	Delivery  string `json:"delivery" yaml:"delivery,omitempty"`   // how it reaches them
}

// CommitmentType tells a promise to customers from what the system must do to keep it.
type CommitmentType string

// The types of commitment (DC2).
const (
	ServiceCommitment CommitmentType = "commitment"
	SystemRequirement CommitmentType = "requirement"
)

// Commitment is a principal service commitment or system requirement (DC2).
type Commitment struct {
	Ref       string             `json:"ref" yaml:"ref"` // "SC-01", "SR-01"
	Type      CommitmentType     `json:"type" yaml:"type"`
	Category  catalog.CategoryID `json:"category" yaml:"category"`
	Text      string             `json:"text" yaml:"text"`
	Source    string             `json:"source" yaml:"source,omitempty"`       // contract, policy, law, statement on the web site
	Threshold string             `json:"threshold" yaml:"threshold,omitempty"` // how it is measured: "99.9 % a month"
}

// Class is a class of components (DC3).
type Class string

// The classes, in order of presentation.
const (
	Infrastructure Class = "infrastructure"
	Software       Class = "software"
	People         Class = "people"
	Procedures     Class = "procedures"
	Data           Class = "data"
)

// Classes lists them.
func Classes() []Class { return []Class{Infrastructure, Software, People, Procedures, Data} }

// Components is what the system is made of, by class (DC3).
type Components struct {
	Infrastructure []Component `json:"infrastructure" yaml:"infrastructure,omitempty"`
	Software       []Component `json:"software" yaml:"software,omitempty"`
	People         []Component `json:"people" yaml:"people,omitempty"`
	Procedures     []Component `json:"procedures" yaml:"procedures,omitempty"`
	Data           []Component `json:"data" yaml:"data,omitempty"`
}

// Of is the list of one class, to read or to append to.
func (c *Components) Of(class Class) *[]Component {
	switch class {
	case Infrastructure:
		return &c.Infrastructure
	case Software:
		return &c.Software
	case People:
		return &c.People
	case Procedures:
		return &c.Procedures
	}
	return &c.Data
}

// Component is a part of the system.
type Component struct {
	Class Class  `json:"class" yaml:"-"` // the list it stands in
	Name  string `json:"name" yaml:"name"`
	Text  string `json:"text" yaml:"text,omitempty"`
	Count *Count `json:"count" yaml:"count,omitempty"`
}

// Count says where the number of a component comes from: the newest collected facts of a resource. A freeze fills in the
// number and the evidence.
type Count struct {
	Resource string `json:"resource" yaml:"resource"`       // "repository", "user_account"
	System   string `json:"system" yaml:"system,omitempty"` // "github"; empty for any
	Source   string `json:"source" yaml:"source,omitempty"` // name of the connection; empty for all of the system
}

// Area is a relevant aspect of internal control.
type Area string

// The areas, in order of presentation (domain brief 4.4).
const (
	ControlEnvironment Area = "control_environment"
	RiskAssessment     Area = "risk_assessment"
	Communication      Area = "information_communication"
	Monitoring         Area = "monitoring"
)

// Areas lists them.
func Areas() []Area { return []Area{ControlEnvironment, RiskAssessment, Communication, Monitoring} }

// Title is the area in words.
func (a Area) Title() string {
	switch a {
	case ControlEnvironment:
		return "Control environment"
	case RiskAssessment:
		return "Risk assessment"
	case Communication:
		return "Information and communication"
	case Monitoring:
		return "Monitoring"
	}
	return string(a)
}

// Aspects is the relevant aspects of internal control, by area.
type Aspects struct {
	ControlEnvironment []Aspect `json:"control_environment" yaml:"control_environment,omitempty"`
	RiskAssessment     []Aspect `json:"risk_assessment" yaml:"risk_assessment,omitempty"`
	Communication      []Aspect `json:"information_communication" yaml:"information_communication,omitempty"`
	Monitoring         []Aspect `json:"monitoring" yaml:"monitoring,omitempty"`
}

// Of is the list of one area, to read or to append to.
func (a *Aspects) Of(area Area) *[]Aspect {
	switch area {
	case ControlEnvironment:
		return &a.ControlEnvironment
	case RiskAssessment:
		return &a.RiskAssessment
	case Communication:
		return &a.Communication
	}
	return &a.Monitoring
}

// Aspect is a text about one area.
type Aspect struct {
	Area  Area   `json:"area" yaml:"-"` // the list it stands in
	Title string `json:"title" yaml:"title"`
	Text  string `json:"text" yaml:"text"`
}

// Topic is what a text about transactions says. The description of a SOC 1 answers to these topics beside the parts it shares with
// that of a SOC 2 (AT-C section 320; domain brief 3.1).
type Topic string

// The topics.
const (
	TopicClasses    Topic = "classes"
	TopicProcedures Topic = "procedures"
	TopicRecords    Topic = "records"
	TopicEvents     Topic = "events"
	TopicReports    Topic = "reports"
)

// Topics lists them, in the order of a report.
func Topics() []Topic {
	return []Topic{TopicClasses, TopicProcedures, TopicRecords, TopicEvents, TopicReports}
}

// Title is the topic in words.
func (t Topic) Title() string {
	switch t {
	case TopicClasses:
		return "Classes of transactions"
	case TopicProcedures:
		return "Procedures for transactions"
	case TopicRecords:
		return "Related records"
	case TopicEvents:
		return "Significant events"
	case TopicReports:
		return "Reports to user entities"
	}
	return string(t)
}

// Transaction is a text of a SOC 1 description about how transactions of user entities are processed.
type Transaction struct {
	Topic Topic  `json:"topic" yaml:"topic"`
	Title string `json:"title,omitempty" yaml:"title,omitempty"` // of a part of the topic; a topic with one text needs none
	Text  string `json:"text" yaml:"text"`
}

// Method is how a subservice organisation is treated in the description (DC7).
type Method string

// The methods.
const (
	CarveOut  Method = "carve-out"
	Inclusive Method = "inclusive"
)

// Subservice is a subservice organisation (DC7): a vendor whose controls are needed together with the organisation's own.
type Subservice struct {
	Name       string   `json:"name" yaml:"name"`
	Service    string   `json:"service" yaml:"service"`
	Method     Method   `json:"method" yaml:"method"`
	Criteria   []string `json:"criteria" yaml:"criteria,omitempty"`     // affected
	CSOCs      []string `json:"csocs" yaml:"csocs,omitempty"`           // carve-out: types of controls expected of it
	Monitoring []string `json:"monitoring" yaml:"monitoring,omitempty"` // references of own controls that watch it
}

// Decision is whether an incident belongs in the description. Only a person decides that.
type Decision string

// The decisions; empty means that nobody has decided.
const (
	Describe Decision = "describe"
	Omit     Decision = "omit"
)

// Incident is an identified system incident (DC4).
type Incident struct {
	Ref               string     `json:"ref" yaml:"ref"` // "INC-17"
	Title             string     `json:"title" yaml:"title"`
	Text              string     `json:"text" yaml:"text"` // nature, and extent or effect
	Started           time.Time  `json:"started" yaml:"started"`
	Detected          *time.Time `json:"detected" yaml:"detected,omitempty"`
	Resolved          *time.Time `json:"resolved" yaml:"resolved,omitempty"`
	Disposition       string     `json:"disposition" yaml:"disposition,omitempty"`     // what was done about it
	ControlFailure    bool       `json:"control_failure" yaml:"control_failure"`       // a control was not suitably designed or did not operate
	CommitmentFailure bool       `json:"commitment_failure" yaml:"commitment_failure"` // a commitment was significantly missed
	Criteria          []string   `json:"criteria" yaml:"criteria,omitempty"`           // affected
	Decision          Decision   `json:"decision" yaml:"decision,omitempty"`
	Reason            string     `json:"reason" yaml:"reason,omitempty"` // of the decision
}

// NotApplicable is a criterion of a chosen category that is not relevant to the system (DC8).
type NotApplicable struct {
	Criterion string `json:"criterion" yaml:"criterion"`
	Reason    string `json:"reason" yaml:"reason"`
}

// Change is a significant change of the system or its controls (DC9).
type Change struct {
	Date  period.Date `json:"date" yaml:"date"`
	Title string      `json:"title" yaml:"title"`
	Text  string      `json:"text" yaml:"text"`
	Told  string      `json:"told" yaml:"told,omitempty"` // who was told, and how
}
