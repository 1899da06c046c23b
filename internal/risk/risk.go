// Package risk is the risk register: what could keep an organisation from what it promised, how likely and how grave it is
// before and after its controls, who owns it and what is done about it. Yearly assessments walk through the register and are
// frozen; changes inside and outside the organisation trigger reviews between them (TSC CC3.1 to CC3.4, CC5.1, CC9.1).
package risk

import (
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a risk.
type ID string

// Kind is where a risk comes from.
type Kind string

// The kinds: those that CC3.2 to CC3.4 name.
const (
	Security    Kind = "security"    // attacks and weaknesses
	Operations  Kind = "operations"  // mistakes and failures
	People      Kind = "people"      // knowledge, number, conduct
	Environment Kind = "environment" // fire, water, power, war, pandemic
	ThirdParty  Kind = "third_party" // vendors and partners
	Compliance  Kind = "compliance"  // law and contracts
	FromChange  Kind = "change"      // of business, technology or leadership
	Fraud       Kind = "fraud"       // by insiders or outsiders
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{Security, Operations, People, Environment, ThirdParty, Compliance, FromChange, Fraud}
}

// Title is the kind as people read it.
func (k Kind) Title() string {
	switch k {
	case Security:
		return "Security"
	case Operations:
		return "Operations"
	case People:
		return "People"
	case Environment:
		return "Environment"
	case ThirdParty:
		return "Third party"
	case Compliance:
		return "Law and contracts"
	case FromChange:
		return "Change"
	case Fraud:
		return "Fraud"
	}
	return string(k)
}

// Response is what is done about a risk (CC3.2).
type Response string

// The responses; empty while nobody has chosen.
const (
	Accept   Response = "accept"
	Reduce   Response = "reduce"
	Transfer Response = "transfer"
	Avoid    Response = "avoid"
)

// Responses lists them.
func Responses() []Response { return []Response{Reduce, Accept, Transfer, Avoid} }

// Title is the response as people read it.
func (r Response) Title() string {
	switch r {
	case Accept:
		return "Accept"
	case Reduce:
		return "Reduce"
	case Transfer:
		return "Transfer"
	case Avoid:
		return "Avoid"
	}
	return "Not chosen"
}

// State tells risks there are from those that are no more.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed"
)

// Rating is a place on the scales, from 1; 0 is not rated.
type Rating struct {
	Likelihood int `json:"likelihood"`
	Impact     int `json:"impact"`
}

// Rated reports whether both are known.
func (r Rating) Rated() bool { return r.Likelihood > 0 && r.Impact > 0 }

// Score is likelihood times impact; 0 when not rated.
func (r Rating) Score() int { return r.Likelihood * r.Impact }

// String is the rating as "3 × 4 = 12".
func (r Rating) String() string {
	if !r.Rated() {
		return "not rated"
	}
	return fmt.Sprintf("%d × %d = %d", r.Likelihood, r.Impact, r.Score())
}

// Triangle is why somebody would commit a fraud, how they could, and how they might justify it (CC3.3).
type Triangle struct {
	By              string `json:"by,omitempty"` // "insider", "outsider" or "both"
	Incentive       string `json:"incentive,omitempty"`
	Opportunity     string `json:"opportunity,omitempty"`
	Rationalisation string `json:"rationalisation,omitempty"`
}

// Told reports whether all three sides are written down.
func (t Triangle) Told() bool {
	return t.By != "" && t.Incentive != "" && t.Opportunity != "" && t.Rationalisation != ""
}

// Acceptance is a person's word that a risk may stay as high as it is, until a day.
type Acceptance struct {
	By    access.UserID `json:"by"`
	Actor string        `json:"actor"`
	At    time.Time     `json:"at"`
	Until period.Date   `json:"until"` // last day
	Score int           `json:"score"` // residual, as it was accepted
	Why   string        `json:"why"`
}

// Escalation says that a treatment which is late was taken to somebody who can decide.
type Escalation struct {
	Task  string    `json:"task"` // reference of the task
	To    string    `json:"to"`
	Why   string    `json:"why"`
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

// Text is what people write about a risk.
type Text struct {
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	Kind        Kind        `json:"kind"`
	Threat      string      `json:"threat,omitempty"`   // of the starter list; empty for one of its own
	Process     string      `json:"process,omitempty"`  // in which it would happen: "Payments"
	Concerns    []string    `json:"concerns,omitempty"` // commitments ("SC-01") and components ("software/ledger") of the system description
	Triangle    Triangle    `json:"triangle,omitzero"`  // of a fraud
	Inherent    Rating      `json:"inherent"`           // as if there were no controls
	Residual    Rating      `json:"residual"`           // with the controls as they are
	Controls    []string    `json:"controls,omitempty"` // that lower it
	Response    Response    `json:"response,omitempty"`
	Owner       string      `json:"owner,omitempty"` // identifier of a person or an account; empty for nobody
	Review      period.Date `json:"review"`          // when to look at it again; 0 for no day
}

// Risk is a line of the register.
type Risk struct {
	ID  ID     `json:"id"`
	Ref string `json:"ref"` // "R-012"
	Text
	State       State        `json:"state"`
	Why         string       `json:"why,omitempty"` // it was closed
	Acceptance  *Acceptance  `json:"acceptance,omitempty"`
	Escalations []Escalation `json:"escalations,omitempty"`
	Reviewed    *time.Time   `json:"reviewed,omitempty"` // when somebody looked at it last
	ReviewedBy  string       `json:"reviewed_by,omitempty"`
	Version     int          `json:"version"`
	Created     time.Time    `json:"created"`
	CreatedBy   string       `json:"created_by"`
	Updated     time.Time    `json:"updated"`
}

// Accepted reports whether an acceptance covers the risk as it is on a day: it is not over, and the risk is no higher than
// what was accepted.
func (r Risk) Accepted(day period.Date) bool {
	return r.Acceptance != nil && day <= r.Acceptance.Until && r.Residual.Score() <= r.Acceptance.Score
}

// Escalated reports whether a treatment was escalated.
func (r Risk) Escalated(task string) bool {
	return slices.ContainsFunc(r.Escalations, func(e Escalation) bool { return e.Task == task })
}

// Version is a risk as somebody left it.
type Version struct {
	N     int
	At    time.Time
	Actor string
	Act   Act
	Note  string
	Risk  Risk
}

// Act is what somebody did to a risk.
type Act string

// The acts. Each is a kind of ledger entry below "risk.".
const (
	Added     Act = "added"
	Changed   Act = "changed"
	Accepted  Act = "accepted"
	Revoked   Act = "revoked"
	Escalated Act = "escalated"
	Reviewed  Act = "reviewed"
	Assessed  Act = "assessed"
	Shut      Act = "closed"
	Reopened  Act = "reopened"
)

// Difference is a field in which two versions differ.
type Difference struct{ Field, Was, Became string }

// Diff lists the fields in which two states of a risk differ.
func Diff(was, is Risk) []Difference {
	var out []Difference
	for _, f := range [][3]string{
		{"title", was.Title, is.Title},
		{"description", was.Description, is.Description},
		{"kind", was.Kind.Title(), is.Kind.Title()},
		{"threat", threatTitle(was.Threat), threatTitle(is.Threat)},
		{"process", was.Process, is.Process},
		{"concerns", joined(was.Concerns), joined(is.Concerns)},
		{"incentive", was.Triangle.Incentive, is.Triangle.Incentive},
		{"opportunity", was.Triangle.Opportunity, is.Triangle.Opportunity},
		{"rationalisation", was.Triangle.Rationalisation, is.Triangle.Rationalisation},
		{"inherent risk", was.Inherent.String(), is.Inherent.String()},
		{"residual risk", was.Residual.String(), is.Residual.String()},
		{"controls", joined(was.Controls), joined(is.Controls)},
		{"response", was.Response.Title(), is.Response.Title()},
		{"owner", was.Owner, is.Owner},
		{"next review", dateText(was.Review), dateText(is.Review)},
		{"state", string(was.State), string(is.State)},
	} {
		if f[1] != f[2] {
			out = append(out, Difference{f[0], f[1], f[2]})
		}
	}
	return out
}

// Stale is the cause of a Conflict when somebody else changed a risk meanwhile.
type Stale struct{ Theirs Risk }

// Error says which version is kept now.
func (s *Stale) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}

func dateText(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func joined(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}
