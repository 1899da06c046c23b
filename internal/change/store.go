package change

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Filter narrows a list of changes. Zero values do not narrow.
type Filter struct {
	State       State
	Significant string // "yes", "no" or "undecided"
	Customer    bool   // only those that customers notice
	Told        string // as Change.Told says it; "late" for those told late
	Service     string
	Within      period.Period // of the planned day; empty for any
}

// Store keeps changes. Laws: a reference is unique in an organisation, and numbers of a year are given in order; Save does
// nothing but report a Conflict when the version is not base; versions are only added.
type Store interface {
	Add(ctx context.Context, s access.Scope, c Change, v Version) (Change, error)
	Save(ctx context.Context, s access.Scope, c Change, base int, v Version) error
	Change(ctx context.Context, s access.ReadScope, idOrRef string) (Change, error)
	Changes(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Change], error)
	// Versions lists every version of a change, the newest first.
	Versions(ctx context.Context, s access.ReadScope, id ID) ([]Version, error)
}

// Evidence finds pieces of evidence. The evidence store does.
type Evidence interface {
	Item(ctx context.Context, s access.ReadScope, idOrRef string) (evidence.Item, error)
}
