// Package evidence keeps what shows that controls operate: snapshots of facts that connectors collected, and documents
// that people added. An item is never changed or deleted; a correction is a new item that supersedes the old one.
package evidence

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
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
	SHA256   string // of the content
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
	Papers         map[ItemID]Paper // of what people add
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
	// Paper is what a person said about an item; false for an item that the program collected, or that is older than papers.
	Paper(ctx context.Context, s access.ReadScope, id ItemID) (Paper, bool, error)
	// AddLinks ties an active item to more of what it shows, with a ledger entry. It says how many were new.
	AddLinks(ctx context.Context, s access.Scope, id ItemID, at time.Time, links []Link) (int, error)
}

// SourceSummary is what a source gave over a stretch of time.
type SourceSummary struct {
	System, Source, Collector   string
	Items, Usable, Proven, Rows int64
	First, Last                 time.Time // when the first and last were received
	Resources                   int64
}
