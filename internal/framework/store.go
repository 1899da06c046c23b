package framework

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Filter narrows requirements. Zero values do not narrow.
type Filter struct {
	Family string
	Only   Only
}

// Only is which requirements a list shows.
type Only string

// What a list can show. Without a choice it shows all that are in the catalog.
const (
	WithControl    Only = "mapped"
	WithoutControl Only = "unmapped" // in force, with nothing mapped
	Withdrawn      Only = "withdrawn"
	Vanished       Only = "gone" // not in the catalog any more
	Stale          Only = "stale"
)

// Store keeps imported frameworks. Laws: a reference is given once, in order; Put replaces what a catalog holds in one step and
// keeps requirements that vanished, with the number of the revision in which they did; revisions are only added; a mapping is there
// once for a requirement and a control; a framework that was removed is in no list, and keeps its reference.
type Store interface {
	Add(ctx context.Context, s access.Scope, f Framework) (Framework, error)
	// Put writes a revision: what the framework is now, its families and its requirements. It reports a Conflict when the revision
	// is not the one after that of the store.
	Put(ctx context.Context, s access.Scope, f Framework, r Revision, families []Family, requirements []Kept) error
	Remove(ctx context.Context, s access.Scope, id ID, at time.Time) error
	Frameworks(ctx context.Context, s access.ReadScope) ([]Framework, error)
	Framework(ctx context.Context, s access.ReadScope, ref string) (Framework, error)
	Families(ctx context.Context, s access.ReadScope, id ID) ([]Family, error)
	// All reads every requirement, also those that vanished, in the order of the catalog, with its mappings.
	All(ctx context.Context, s access.ReadScope, id ID) ([]Kept, error)
	Revisions(ctx context.Context, s access.ReadScope, id ID) ([]Revision, error)
}

// Mappings keeps which controls answer which requirements.
type Mappings interface {
	// Map adds a mapping; false if it is there.
	Map(ctx context.Context, s access.Scope, id ID, m Mapping) (bool, error)
	// Unmap takes one away; false if there was none.
	Unmap(ctx context.Context, s access.Scope, id ID, code, control string) (bool, error)
	Requirements(ctx context.Context, s access.ReadScope, id ID, f Filter, q paging.Query) (paging.Result[Kept], error)
}

// Controls finds the organisation's controls. The control service does.
type Controls interface {
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (control.Control, error)
}

// Blobs keeps the files.
type Blobs interface {
	Store(content []byte) (sha256 string, err error)
	Content(sha256 string) ([]byte, error)
}
