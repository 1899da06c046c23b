package vendors

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Filter narrows a list of vendors. Zero values do not narrow.
type Filter struct {
	Today       period.Date // what stages and days are judged by
	Tier        Tier
	Stage       Stage
	Subservice  bool
	Owner       access.UserID
	Unowned     bool
	Data        Data
	Overdue     bool   // a review of ours is due before today
	NoReport    bool   // a subservice organisation without a report
	Application string // folded name of an application that the vendor answers for
	Gap         bool   // a gap between what is covered
	Open        bool   // a subservice organisation that nothing on file covers today
}

// RecordFilter narrows a list of records. Zero values do not narrow.
type RecordFilter struct {
	Vendor ID
	Kind   Kind
	Ref    string
}

// Counts is how many vendors there are of each sort; ended ones count in Stages alone.
type Counts struct {
	Tiers                                    map[Tier]int
	Stages                                   map[Stage]int
	Subservice, Overdue, NoReport, Gap, Open int
}

// Store keeps vendors and their records. Laws: references are unique in an organisation and numbers are given in order; two
// vendors that are not removed never have the same folded name, and a second one is a Conflict; Save and SaveRecord do nothing
// but report a Conflict when the version is not the base; nothing is ever deleted.
type Store interface {
	// Add inserts a vendor and gives it its reference.
	Add(ctx context.Context, s access.Scope, v Vendor) (Vendor, error)
	// Save keeps the vendor's new state; removed takes it out of every list.
	Save(ctx context.Context, s access.Scope, v Vendor, base int, removed bool) error
	// Stand keeps what follows from the records, without a version of its own.
	Stand(ctx context.Context, s access.Scope, id ID, x Standing) error
	// Vendor reads one by identifier, reference or name.
	Vendor(ctx context.Context, s access.ReadScope, which string) (Vendor, error)
	Vendors(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Vendor], error)
	Counts(ctx context.Context, s access.ReadScope, today period.Date) (Counts, error)
	// AddRecord inserts a record and gives it its reference.
	AddRecord(ctx context.Context, s access.Scope, r Record) (Record, error)
	SaveRecord(ctx context.Context, s access.Scope, r Record, base int) error
	Records(ctx context.Context, s access.ReadScope, f RecordFilter) ([]Record, error)
	// Count counts what is kept and not removed: vendors for the empty kind.
	Count(ctx context.Context, s access.ReadScope, k Kind) (int64, error)
	// Rules reads the organisation's rules; the defaults at version 0 when it set none.
	Rules(ctx context.Context, s access.ReadScope) (Rules, error)
	SaveRules(ctx context.Context, s access.Scope, r Rules, base int) error
}

// People finds members of an organisation. The access service does.
type People interface {
	Member(ctx context.Context, s access.ReadScope, who string) (access.Member, error)
}

// Controls finds the organisation's controls. The control service does.
type Controls interface {
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (control.Control, error)
}

// Papers finds evidence. Its store does.
type Papers interface {
	Item(ctx context.Context, s access.ReadScope, idOrRef string) (evidence.Item, error)
}

// Requirements knows the criteria. The catalogue does.
type Requirements interface {
	Knows(framework, id string) bool
}

func decode[T any](r Record) (T, error) {
	var x T
	return x, errs.As(errs.Internal, json.Unmarshal([]byte(r.Body), &x), "what is kept of %s", r.Ref)
}

func encode(x any) (string, error) {
	b, err := json.Marshal(x)
	return string(b), err
}
