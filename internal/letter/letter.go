// Package letter is the documents that management gives for an examination: the assertion, the representation letter, answers
// for events after the period, bridge letters, responses to deviations. A draft is written from the records and edited by
// people; a person signs it with name and second factor; what is signed is sealed and never changes.
package letter

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a letter with all its versions.
type ID string

// Kind is what a letter is for.
type Kind string

// The kinds (domain brief 1.2, 4.3, 6.1).
const (
	Engagement     Kind = "engagement"     // record of the letter of engagement with the firm
	Assertion      Kind = "assertion"      // section II of the report
	Representation Kind = "representation" // to the auditor, dated as the report
	Events         Kind = "events"         // answers for the time between the period and the report
	Bridge         Kind = "bridge"         // covers the time after a report, without assurance
	Response       Kind = "response"       // to deviations, for section V
	CUECs          Kind = "cuecs"          // for customers: what they have to do
	Summary        Kind = "summary"        // of a SOC 3: boundaries and principal commitments
)

var kinds = []struct {
	kind         Kind
	title, about string
}{
	{Engagement, "Letter of engagement", "Record of what was agreed with the firm; the signed letter itself is kept as evidence."},
	{Assertion, "Management's assertion", "What management states about the description and the controls. Section II of the report."},
	{Events, "Events after the period", "Management's answers for the time between the end of the period and the report."},
	{Representation, "Representation letter", "What management represents to the auditor, dated as the report."},
	{Response, "Management's responses", "What management says to the deviations that were found."},
	{CUECs, "Complementary user entity controls", "What customers have to do themselves; for them to confirm."},
	{Summary, "Boundaries and commitments", "What a SOC 3 says of the system instead of a description."},
	{Bridge, "Bridge letter", "What management says about the time after a report, until a customer's year end or the next report. It gives no assurance."},
}

// Kinds lists the kinds in the order in which an examination needs them.
func Kinds() []Kind {
	out := make([]Kind, len(kinds))
	for i, k := range kinds {
		out[i] = k.kind
	}
	return out
}

// Title is the kind in words.
func (k Kind) Title() string {
	for _, x := range kinds {
		if x.kind == k {
			return x.title
		}
	}
	return string(k)
}

// About says what the kind is for.
func (k Kind) About() string {
	for _, x := range kinds {
		if x.kind == k {
			return x.about
		}
	}
	return ""
}

// For reports whether an examination has letters of the kind.
func (k Kind) For(e engagement.Engagement) bool {
	switch k {
	case Bridge:
		return e.Type == 2
	case Summary:
		return e.Report == engagement.SOC3
	case CUECs:
		return e.Report != engagement.SOC3
	}
	return slices.Contains(Kinds(), k)
}

// State is where a version is in its life.
type State string

// The states of a version.
const (
	Draft     State = "draft"
	Signed    State = "signed"
	Withdrawn State = "withdrawn" // a draft that was given up
)

// Letter is one version of a letter.
type Letter struct {
	ID         ID
	Ref        string // "LTR-03"
	Engagement engagement.ID
	Kind       Kind
	N          int // version, from 1
	Edit       int // of a draft: counts its changes
	State      State
	Title      string
	Body       string        // Markdown
	File       string        // reference of the evidence that is the letter itself; of a letter of engagement
	Gap        period.Period // of a bridge letter: the time it covers
	Covers     period.Period // what the examination covered when it was written
	Began      time.Time
	BeganBy    string
	Saved      time.Time
	SavedBy    string
	Signed     *time.Time
	Signer     access.UserID
	Name       string // typed by the signer
	Office     string // the signer's title: "Chief Executive Officer"
	SHA256     string // of what was signed
	Seq        int64  // ledger entry that sealed it
	Why        string // it was withdrawn
}

// Hash is over everything that is signed; the ledger names the version by it.
func (l Letter) Hash() (string, error) {
	return canon.Hash(map[string]any{"ref": l.Ref, "version": l.N, "engagement": string(l.Engagement), "kind": string(l.Kind), "title": l.Title, "body": l.Body, "file": l.File, "gap": l.Gap, "covers": l.Covers})
}

// Store keeps letters. Laws: AddVersion reports a Conflict when the number is taken; Save reports a Conflict unless the
// version is a draft in the edit the writer saw, so that what is signed is never written again.
type Store interface {
	// Add gives a letter the next reference of its organisation, and keeps it with its first version.
	Add(ctx context.Context, s access.Scope, l Letter) (Letter, error)
	AddVersion(ctx context.Context, s access.Scope, l Letter) error
	Save(ctx context.Context, s access.Scope, l Letter, edit int) error
	// Version reads one version; 0 is the newest.
	Version(ctx context.Context, s access.ReadScope, idOrRef string, n int) (Letter, error)
	// Versions lists the versions of a letter, the newest first.
	Versions(ctx context.Context, s access.ReadScope, id ID) ([]Letter, error)
	// Letters lists the newest version of each letter of an engagement, the oldest letter first.
	Letters(ctx context.Context, s access.ReadScope, e engagement.ID) ([]Letter, error)
	// InForce lists the versions of a kind that were signed for an engagement, the newest first.
	InForce(ctx context.Context, s access.ReadScope, e engagement.ID, k Kind) ([]Letter, error)
	// Key reads the organisation's key; NotFound if none was made. AddKey keeps it; a Conflict if there is one.
	Key(ctx context.Context, s access.ReadScope) (Key, error)
	AddKey(ctx context.Context, s access.Scope, k Key) error
}

// Stale is what is kept now, for somebody who wrote over an older text.
type Stale struct{ Now Letter }

// Error says that the text changed.
func (s *Stale) Error() string { return fmt.Sprintf("%s is in edit %d", s.Now.Ref, s.Now.Edit) }

// Finding is something that was found out about the controls, as far as letters have to name it.
type Finding struct {
	Ref   string // how a letter names it
	Title string
	High  bool // rated high or critical
	Open  bool // still lasts
	Count int64
}

// BridgeDays is the longest time a bridge letter covers unless an installation sets another: three months by custom (domain
// brief 1.2).
const BridgeDays = 92

// CheckBridge holds a bridge letter to the rules of domain brief 1.2 as of the day it is signed.
func CheckBridge(e engagement.Engagement, gap period.Period, today period.Date, most int, found []Finding, discloses func(ref string) bool) error {
	bad := func(format string, args ...any) error { return errs.New(errs.Invalid, format, args...).At("gap") }
	switch {
	case e.Type != 2:
		return bad("a bridge letter belongs to a Type 2 report: a Type 1 has no period to extend")
	case !e.Status.Reached(engagement.Issued):
		return bad("there is no issued report to bridge: %s is in %s", e.Ref, e.Status.Title())
	case gap.To <= gap.From:
		return bad("the time it covers ends before it begins")
	case gap.From > e.Period.To:
		return bad("it begins on %s: between the end of coverage on %s and this day nothing would be said", gap.From, e.Period.Last())
	case gap.Last() > today:
		return bad("it ends on %s, which has not come yet", gap.Last())
	case gap.Days() > most:
		return bad("it covers %d days; at most %d can be bridged", gap.Days(), most)
	}
	for _, f := range found {
		if f.High && f.Open && !discloses(f.Ref) {
			return errs.New(errs.Invalid, "%s (%s) is open, rated high, and not named in the letter", f.Ref, f.Title).At("body")
		}
	}
	return nil
}
