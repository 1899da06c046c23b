package occurrence

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Store keeps plans and what is on record. Laws: terms and events are only added; AddTerm and SaveRecord do nothing but report
// a Conflict when the newest version is not the base.
type Store interface {
	// Plans lists every plan by control, those that ended too.
	Plans(ctx context.Context, s access.ReadScope) ([]Plan, error)
	// Plan finds the plan of a control.
	Plan(ctx context.Context, s access.ReadScope, control string) (Plan, error)
	AddTerm(ctx context.Context, s access.Scope, control string, base int, t Term) error
	// Records lists what is on record about what was due in [from, to), of one control or of all.
	Records(ctx context.Context, s access.ReadScope, control string, from, to period.Date) ([]Record, error)
	// SaveRecord keeps a record after base with the event that leads to it.
	SaveRecord(ctx context.Context, s access.Scope, r Record, base int, e Event) error
	// History lists what happened to an occurrence, oldest first.
	History(ctx context.Context, s access.ReadScope, control string, due period.Date) ([]Event, error)
}

// Controls finds controls of the organisation. The control service does.
type Controls interface {
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (control.Control, error)
	List(ctx context.Context, s access.ReadScope, f control.Filter, q paging.Query) (paging.Result[control.Control], error)
}

// People finds members of an organisation. The access service does.
type People interface {
	Member(ctx context.Context, s access.ReadScope, who string) (access.Member, error)
}

// Papers knows evidence by its reference, and says nothing about its content.
type Papers interface {
	// Known reports whether there is such a piece of evidence that still counts.
	Known(ctx context.Context, s access.ReadScope, ref string) (bool, error)
}
