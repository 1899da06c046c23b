// Package control is an organisation's controls: their wording in versions, who owns them, which requirements they serve,
// and what it expects of user entities and subservice organisations besides. A version is never changed or deleted, so that
// an examination can be shown the words that were in force at any instant.
package control

import (
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/canon"
)

// ControlID identifies a control.
type ControlID string

// Status is where a version is in its life.
type Status string

// The states of a version. A draft that another version follows stays a draft for ever.
const (
	Draft     Status = "draft"
	Approved  Status = "approved"
	Retired   Status = "retired"   // from its instant on the control is not in force
	Withdrawn Status = "withdrawn" // a draft that was taken back, or turned down
)

// Statuses lists them.
func Statuses() []Status { return []Status{Draft, Approved, Retired, Withdrawn} }

// Requirement is what a control serves: a criterion, a control objective or an Annex A control.
type Requirement struct {
	Framework string `json:"framework"` // catalog.TSC, catalog.SOC1 or catalog.ISO
	ID        string `json:"id"`
}

// String is the requirement as people write it.
func (r Requirement) String() string { return r.Framework + " " + r.ID }

// Text is what a version says: the part that is proposed and approved.
type Text struct {
	Title        string              `json:"title"`
	Statement    string              `json:"statement"` // what is done, by whom, so that somebody else could check it
	Type         catalog.ControlType `json:"type"`
	Nature       catalog.Nature      `json:"nature"`
	Frequency    catalog.Frequency   `json:"frequency"`
	OwnerRole    string              `json:"owner_role"`
	GraceHours   int                 `json:"grace_hours"` // how late an occurrence may be before it counts as missed
	Evidence     []string            `json:"evidence"`    // what shows that the control operated
	Requirements []Requirement       `json:"requirements"`
}

// SHA256 is the hash of the canonical form of the text; the ledger names versions by it.
func (t Text) SHA256() (string, error) { return canon.Hash(t) }

// Serves lists the identifiers of one framework that the text serves.
func (t Text) Serves(framework string) []string {
	var out []string
	for _, r := range t.Requirements {
		if r.Framework == framework {
			out = append(out, r.ID)
		}
	}
	return out
}

// Version is one wording of a control.
type Version struct {
	Number int // from 1
	Text
	Status     Status
	Author     string // actor who wrote it
	At         time.Time
	ApprovedBy string     // who decided: approved it, or withdrew it
	ApprovedAt *time.Time // when
	Note       string     // why it was changed
	SHA256     string
}

// Effective is the instant from which the version decides what is in force; nil for a draft.
func (v Version) Effective() *time.Time {
	switch v.Status {
	case Approved:
		return v.ApprovedAt
	case Retired:
		return &v.At
	}
	return nil
}

// Control is a control with the version that counts now: the newest one approved or retired, or the newest draft while
// nothing has been approved.
type Control struct {
	ID      ControlID
	Ref     string // "IAM-02"
	Source  string // library it was adopted from, with its version; empty for the organisation's own
	Created time.Time
	Owner   access.UserID // empty while nobody is assigned
	Deputy  access.UserID
	Version Version
	Newest  int // number of the newest version: what an edit is based on
	Draft   int // number of the draft that waits for approval; 0 when none does
}

// Prefix is the part of the reference that names the domain.
func (c Control) Prefix() string {
	p, _, _ := strings.Cut(c.Ref, "-")
	return p
}

// InForce reports whether the control counts.
func (c Control) InForce() bool { return c.Version.Status == Approved }

// Assignment is who owned a control from an instant on.
type Assignment struct {
	Owner  access.UserID
	Deputy access.UserID
	At     time.Time
	By     string
}

// Stale is the cause of a Conflict when somebody else changed what an edit was based on. It carries the other text, so
// that both can be shown side by side.
type Stale struct{ Theirs Version }

// Error names the other version.
func (s *Stale) Error() string {
	return "version " + itoa(s.Theirs.Number) + " was written by " + s.Theirs.Author + " on " + s.Theirs.At.UTC().Format("2006-01-02 15:04 UTC")
}
