// Package evidence keeps what shows that controls operate: snapshots of facts that connectors collected, and documents
// that people added. An item is never changed or deleted; a correction is a new item that supersedes the old one.
package evidence

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Kind is what sort of evidence an item is (domain brief 8.2).
type Kind string

// The kinds in use.
const (
	Snapshot    Kind = "snapshot" // facts of one type from one source, as a Parquet file
	Document    Kind = "document" // a file that a person added
	Screenshot  Kind = "screenshot"
	Attestation Kind = "attestation"
)

// Method is how an item was obtained.
type Method string

// The methods in use, from most to least persuasive (domain brief 8.1).
const (
	API        Method = "api"
	Agent      Method = "agent" // read on the machine itself
	FileImport Method = "file_import"
	Manual     Method = "manual_upload"
)

// Completeness says how sure we are that an item holds everything it should.
type Completeness string

// Proven needs a count that the source gave separately from the rows (domain brief 8.2, rule 3).
const (
	Proven     Completeness = "proven"     // the source's own count equals ours
	Asserted   Completeness = "asserted"   // no error, but the source gives no count of its own
	Incomplete Completeness = "incomplete" // pages failed, or the counts differ
)

// Usable reports whether tests may conclude from the item.
func (c Completeness) Usable() bool { return c == Proven || c == Asserted }

// Status is where an item is in its life. There is no "deleted".
type Status string

// The states of an item.
const (
	Active     Status = "active"
	Superseded Status = "superseded"
	Withdrawn  Status = "withdrawn"
)

// ItemID identifies an item.
type ItemID string

// Item is one piece of evidence.
type Item struct {
	ID    ItemID
	Ref   string // "EV-2026-00142": by organisation and year of receipt
	Kind  Kind
	Title string

	System    string // kind of source: "okta", "github", "upload" ...
	Source    string // which one: name of the connection, or of the person's source
	Resource  string // type of fact, for snapshots
	Method    Method
	Collector string // name and version of what read it
	RunID     string // collection run, if one made it

	From, To   time.Time  // what it is about: instant (equal) or half-open interval
	ReceivedAt time.Time  // when we had it
	Effective  *time.Time // when a document took effect, if it says

	MediaType string
	Bytes     int64
	SHA256    string
	Path      string // where the content lies: "lake:..." or "blob:<sha256>"

	Rows         int64
	SourceTotal  *int64 // the source's own count
	Completeness Completeness
	Gap          string // what is missing, in words; empty unless incomplete

	ManifestSHA256 string // of the run's manifest
	Seq            int64  // ledger entry that sealed the item
	Status         Status
	Supersedes     ItemID
	Note           string
}

// Covers reports whether the item is about an instant or interval inside [from, to).
func (i Item) Covers(from, to time.Time) bool {
	if i.From.Equal(i.To) {
		return !i.From.Before(from) && i.From.Before(to)
	}
	return i.From.Before(to) && i.To.After(from)
}

// Filter narrows a list of items. Zero values do not narrow.
type Filter struct {
	Kind     Kind
	System   string
	Source   string
	Resource string
	RunID    string
	Control  string // reference of a control the item is linked to
	From, To time.Time
	Usable   bool // only active items that tests may conclude from
}

// Link ties an item to what it shows.
type Link struct {
	Kind string // "control", "criterion" or "test"
	Ref  string
}

// Seal is everything one act of receiving evidence brings: one collection run, or one upload.
type Seal struct {
	Items          []Item // without Ref and Seq, which sealing gives
	Links          map[ItemID][]Link
	ManifestSHA256 string
	Subject        string // run or item identifier for the ledger entry
	At             time.Time
}

// Store keeps items. Laws: Seal inserts all items with one ledger entry that names every content hash and the manifest's,
// in one transaction, and does nothing when the subject was sealed before; nothing else inserts; Withdraw and supersession
// change the status alone and are ledger entries too.
type Store interface {
	Seal(ctx context.Context, s access.Scope, x Seal) ([]Item, error)
	Item(ctx context.Context, s access.ReadScope, idOrRef string) (Item, error)
	Items(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Item], error)
	Links(ctx context.Context, s access.ReadScope, id ItemID) ([]Link, error)
	// Latest is the newest attempt to read a resource from each source of a system (of any, if empty) at or before at, usable
	// or not.
	Latest(ctx context.Context, s access.ReadScope, system, resource string, at time.Time) ([]Item, error)
	// Stream lists the active items of a resource that overlap [from, to), in order.
	Stream(ctx context.Context, s access.ReadScope, system, resource string, from, to time.Time) ([]Item, error)
	// Sources sums up the snapshots about [from, to) by the source they came from.
	Sources(ctx context.Context, s access.ReadScope, from, to time.Time) ([]SourceSummary, error)
	Withdraw(ctx context.Context, s access.Scope, id ItemID, at time.Time, reason string) error
}

// SourceSummary is what a source gave over a stretch of time.
type SourceSummary struct {
	System, Source, Collector   string
	Items, Usable, Proven, Rows int64
	First, Last                 time.Time // when the first and last were received
	Resources                   int64
}

// Blobs stores documents by content.
type Blobs interface {
	Store(content []byte) (sha256 string, err error)
	Content(sha256 string) ([]byte, error)
}

// Service is the use cases of evidence.
type Service struct {
	Store Store
	Blobs Blobs
}

// MaxUpload bounds one document, in bytes.
const MaxUpload = 100 << 20

// Upload is a document a person adds. The three times are different things: when it took effect, what period it covers, and
// (by us) when it was received.
type Upload struct {
	Title     string
	Kind      Kind
	Content   []byte
	MediaType string // as sniffed from the content, never as claimed
	FileName  string
	From, To  time.Time // period covered, half-open
	Effective *time.Time
	Obtained  string // where, how and by whom it was obtained (domain brief 8.2, rule 6)
	Controls  []string
	Supersede ItemID
}

// Add keeps a document as evidence.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, newID func(time.Time) ItemID, u Upload) (Item, error) {
	if err := scope.Require(access.AddEvidence); err != nil {
		return Item{}, err
	}
	if err := u.check(now); err != nil {
		return Item{}, err
	}
	if u.Supersede != "" {
		old, err := s.Store.Item(ctx, scope.ReadScope, string(u.Supersede))
		if err != nil {
			return Item{}, err
		}
		if old.Kind == Snapshot {
			return Item{}, errs.New(errs.Invalid, "%s was collected by the program and cannot be replaced by an upload", old.Ref).WithHint("Collect again instead.")
		}
		u.Supersede = old.ID
	}
	sum, err := s.Blobs.Store(u.Content)
	if err != nil {
		return Item{}, err
	}
	it := Item{
		ID: newID(now), Kind: u.Kind, Title: strings.TrimSpace(u.Title), System: "upload", Source: scope.Actor(), Method: Manual,
		Collector: "upload 1", From: u.From, To: u.To, ReceivedAt: now, Effective: u.Effective, MediaType: u.MediaType,
		Bytes: int64(len(u.Content)), SHA256: sum, Path: "blob:" + sum, Completeness: Asserted, Status: Active,
		Supersedes: u.Supersede, Note: "Obtained: " + strings.TrimSpace(u.Obtained) + ". File name: " + u.FileName,
	}
	var links []Link
	for _, c := range u.Controls {
		links = append(links, Link{"control", c})
	}
	sealed, err := s.Store.Seal(ctx, scope, Seal{Items: []Item{it}, Links: map[ItemID][]Link{it.ID: links}, Subject: string(it.ID), At: now})
	if err != nil {
		return Item{}, err
	}
	return sealed[0], nil
}

// Withdraw marks evidence as no longer relied on. It stays, and says why.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, id ItemID, at time.Time, reason string) error {
	if err := scope.Require(access.AddEvidence); err != nil {
		return err
	}
	if len(strings.TrimSpace(reason)) < 10 {
		return errs.New(errs.Invalid, "say in at least 10 characters why the evidence is withdrawn").At("reason")
	}
	return s.Store.Withdraw(ctx, scope, id, at, strings.TrimSpace(reason))
}

func (u *Upload) check(now time.Time) error {
	switch {
	case strings.TrimSpace(u.Title) == "":
		return errs.New(errs.Invalid, "the evidence has no title").At("title")
	case len(u.Title) > 300:
		return errs.New(errs.Invalid, "the title is longer than 300 bytes").At("title")
	case len(u.Content) == 0:
		return errs.New(errs.Invalid, "the file is empty").At("file")
	case len(u.Content) > MaxUpload:
		return errs.New(errs.Exhausted, "the file is larger than %d MiB", MaxUpload>>20).At("file")
	case u.From.IsZero() || u.To.IsZero():
		return errs.New(errs.Invalid, "evidence without a date proves nothing: say which period it covers").At("period")
	case u.To.Before(u.From):
		return errs.New(errs.Invalid, "the period ends before it begins").At("period")
	case u.From.After(now):
		return errs.New(errs.Invalid, "the period begins in the future").At("period")
	case u.Effective != nil && u.Effective.After(now.AddDate(1, 0, 0)):
		return errs.New(errs.Invalid, "the effective date is more than a year ahead").At("effective")
	case len(strings.TrimSpace(u.Obtained)) < 10:
		return errs.New(errs.Invalid, "say in at least 10 characters where, how and by whom the file was obtained").At("obtained")
	case !slices.Contains([]Kind{Document, Screenshot, Attestation}, u.Kind):
		return errs.New(errs.Invalid, "%q is no kind of uploaded evidence: document, screenshot or attestation", u.Kind).At("kind")
	}
	return nil
}
