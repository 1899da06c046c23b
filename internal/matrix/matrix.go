// Package matrix is the answer to "how do we meet it": for each requirement in scope, the controls that meet it, who owns
// them, how they are tested, with what result over a period, and what evidence shows it. A matrix is an internal working
// paper, frozen and hashed; no part of it is an opinion.
package matrix

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Matrix is the whole answer as it was at an instant. The same matrix gives the same documents, byte for byte.
type Matrix struct {
	V            int           `json:"v"`
	Org          string        `json:"org"`
	Simulated    bool          `json:"simulated"`
	Scope        Scope         `json:"scope"`
	Made         Made          `json:"made"`
	Requirements []Requirement `json:"requirements"` // in order of presentation
	Controls     []Control     `json:"controls"`     // by reference
	Tests        []Test        `json:"tests"`        // by identifier
	Evidence     []Evidence    `json:"evidence"`     // by reference
}

// Scope is what the matrix is about.
type Scope struct {
	Framework  string        `json:"framework"` // identifier in the catalogue
	Name       string        `json:"name"`      // of the framework
	Categories []string      `json:"categories"`
	Period     period.Period `json:"period"`
	Engagement string        `json:"engagement"` // reference; empty when the period was chosen freely
	Full       bool          `json:"full"`       // deviations and evidence piece by piece, too
}

// Made says when, by whom, and as which one.
type Made struct {
	Number int       `json:"number"` // from 1, by organisation
	At     time.Time `json:"at"`
	By     string    `json:"by"`   // actor
	Name   string    `json:"name"` // of the actor
}

// Ref names the matrix: "CM-3".
func (m Made) Ref() string { return fmt.Sprintf("CM-%d", m.Number) }

// Requirement is a criterion, a control objective or an Annex A control, in our paraphrase.
type Requirement struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Group    string   `json:"group"` // series, process or clause
	Title    string   `json:"title"`
	Intent   string   `json:"intent"`
	Status   string   `json:"status"`  // name of a standing: met, met_with_deviations, at_risk, not_met, not_evaluated
	Word     string   `json:"word"`    // the standing as pages say it
	Reasons  []Reason `json:"reasons"` // worst first
	Controls []string `json:"controls"`
}

// Reason is a finding about a requirement.
type Reason struct {
	Control string `json:"control"`
	Test    string `json:"test"`
	Text    string `json:"text"`
}

// Control is what the organisation does.
type Control struct {
	Ref          string   `json:"ref"`
	Title        string   `json:"title"`
	Statement    string   `json:"statement"`
	Type         string   `json:"type"`
	Nature       string   `json:"nature"`
	Frequency    string   `json:"frequency"`
	Owner        string   `json:"owner"`      // name; empty while nobody is assigned
	OwnerRole    string   `json:"owner_role"` // who should own it
	Deputy       string   `json:"deputy"`
	Version      int      `json:"version"`
	InForce      bool     `json:"in_force"` // false for a draft nobody approved
	Requirements []string `json:"requirements"`
	Tests        []string `json:"tests"`
	Documents    []string `json:"documents"` // references of evidence filed for it in the period
}

// Test is how a control is tested, with what came out in the period.
type Test struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Asks        string      `json:"asks"`
	Counted     string      `json:"counted"` // what a member of the population is
	Kind        string      `json:"kind"`    // "state" or "occurrence"
	Severity    string      `json:"severity"`
	Version     int         `json:"version"`
	SHA256      string      `json:"sha256"` // of the definition
	Controls    []string    `json:"controls"`
	Inputs      []string    `json:"inputs"` // what it reads
	Enabled     bool        `json:"enabled"`
	Evaluations int64       `json:"evaluations"` // in the period
	Population  int64       `json:"population"`  // occurrences in the period, or members at the last evaluation
	Days        Days        `json:"days"`
	Deviations  int64       `json:"deviations"` // stretches of failing items, or failing occurrences, in the period
	Open        int64       `json:"open"`       // of them, those that still fail
	Unknowns    int64       `json:"unknowns"`   // the same, without an answer
	Exceptions  int64       `json:"exceptions"` // approved ones that were in force in the period
	Listed      []Deviation `json:"listed"`     // the first of the deviations, by time
	Last        Last        `json:"last"`
	Evidence    []string    `json:"evidence"` // references of what the last evaluation read
}

// Days counts the days of the period by the worst verdict of the test on each. Silent days have no answer, Bare ones no
// evaluation.
type Days struct {
	Pass   int `json:"pass"`
	Fail   int `json:"fail"`
	NA     int `json:"not_applicable"`
	Silent int `json:"silent"`
	Bare   int `json:"bare"`
}

// Deviation is an item that did not pass.
type Deviation struct {
	Label  string     `json:"label"`
	Reason string     `json:"reason"`
	From   time.Time  `json:"from"`
	To     *time.Time `json:"to"` // nil while it lasts; equal to From for an occurrence
}

// Last is the last evaluation of a test in the period.
type Last struct {
	RunID   string    `json:"run_id"`
	AsOf    time.Time `json:"as_of"`
	Outcome string    `json:"outcome"` // empty when there was none
	Rows    string    `json:"rows_sha256"`
}

// Evidence is a piece of evidence that a test read or that was filed for a control.
type Evidence struct {
	Ref          string    `json:"ref"`
	Kind         string    `json:"kind"`
	Title        string    `json:"title"`
	Source       string    `json:"source"`
	Received     time.Time `json:"received"`
	Completeness string    `json:"completeness"`
	Rows         int64     `json:"rows"`
	SHA256       string    `json:"sha256"`
	Seq          int64     `json:"seq"` // ledger entry
}

// Outcome is what a test came to over the period, in the words of the report: the worst of its verdicts.
func (t Test) Outcome() string {
	switch {
	case t.Deviations > 0:
		return "fail"
	case t.Unknowns > 0 || t.Days.Silent > 0:
		return "unknown"
	case t.Evaluations == 0:
		return "none"
	case t.Kind == "occurrence" && t.Population == 0:
		return "not_applicable"
	}
	return "pass"
}

// Result is that outcome as a sentence.
func (t Test) Result() string {
	switch t.Outcome() {
	case "fail":
		s := plural(t.Deviations, "deviation")
		if t.Open > 0 {
			s += ", " + fmt.Sprint(t.Open) + " still open"
		}
		return s
	case "unknown":
		return "No deviation seen, but not every question was answered"
	case "none":
		return "Not evaluated in the period"
	case "not_applicable":
		return "Nothing happened that it judges"
	}
	return "No deviations noted"
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Count counts the requirements with a standing.
func (m *Matrix) Count(status string) int {
	n := 0
	for _, q := range m.Requirements {
		if q.Status == status {
			n++
		}
	}
	return n
}

// Control finds a control.
func (m *Matrix) Control(ref string) (Control, bool) {
	for _, c := range m.Controls {
		if c.Ref == ref {
			return c, true
		}
	}
	return Control{}, false
}

// Test finds a test.
func (m *Matrix) Test(id string) (Test, bool) {
	for _, t := range m.Tests {
		if t.ID == id {
			return t, true
		}
	}
	return Test{}, false
}

// Bytes is the canonical form, and its SHA-256.
func (m *Matrix) Bytes() (body []byte, sha256 string, err error) {
	body, err = canon.JSON(m)
	if err != nil {
		return nil, "", errs.As(errs.Internal, err, "control matrix")
	}
	return body, canon.Sum(body), nil
}

// Read reads the canonical form back.
func Read(body []byte) (*Matrix, error) {
	var m Matrix
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, errs.As(errs.Internal, err, "control matrix")
	}
	return &m, nil
}
