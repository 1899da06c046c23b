package vendors

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// MaxRows is how many vendors come in at once.
const MaxRows = 5000

// Row is a vendor as a list from elsewhere gives it. Line is where it stood there.
type Row struct {
	Line int
	Details
}

// Did is what became of a row.
type Did string

// What can become of a row.
const (
	DidAdd    Did = "added"
	DidChange Did = "changed"
	DidLeave  Did = "same"
	DidRefuse Did = "refused"
)

// Outcome is what became of a row, or would.
type Outcome struct {
	Line    int
	Name    string
	Ref     string // empty for one that would be added
	Did     Did
	Field   string // refused: which field
	Problem string // refused: why
	Hint    string
}

// Import enters rows in the register: a new name is added, a known one changed. A row that is refused leaves the others alone.
// With dry nothing is written, and the outcomes are what would become of the rows.
func (s *Service) Import(ctx context.Context, scope access.Scope, now time.Time, rows []Row, dry bool) ([]Outcome, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return nil, err
	}
	if len(rows) > MaxRows {
		return nil, errs.New(errs.Exhausted, "%d rows; at most %d vendors come in at once", len(rows), MaxRows).WithHint("Split the list.")
	}
	out := make([]Outcome, 0, len(rows))
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		have, err := s.vendors(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		byName := map[string]Vendor{}
		for _, v := range have {
			byName[fold(v.Name)] = v
		}
		seen := map[string]int{}
		for _, r := range rows {
			o, err := s.importRow(ctx, scope, now, r, byName, seen, dry)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) importRow(ctx context.Context, scope access.Scope, now time.Time, r Row, byName map[string]Vendor, seen map[string]int, dry bool) (Outcome, error) {
	o := Outcome{Line: r.Line, Name: r.Name}
	refuse := func(err error) (Outcome, error) {
		if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict {
			return o, err
		}
		o.Did, o.Field, o.Problem, o.Hint = DidRefuse, errs.FieldOf(err), err.Error(), errs.HintOf(err)
		return o, nil
	}
	was, old := byName[fold(r.Name)]
	d, err := s.details(ctx, scope.ReadScope, now, r.Details, was.Details)
	if err != nil {
		return refuse(err)
	}
	if first, twice := seen[fold(d.Name)]; twice {
		return refuse(errs.New(errs.Invalid, "it stands on line %d already", first).At("name"))
	}
	seen[fold(d.Name)] = r.Line
	if err := s.applicationsFree(ctx, scope.ReadScope, was.ID, d.Applications); err != nil {
		return refuse(err)
	}
	o.Name = d.Name
	switch next := was; {
	case !old && dry:
		o.Did = DidAdd
	case !old:
		v, err := s.Add(ctx, scope, now, d)
		if err != nil {
			return refuse(err)
		}
		o.Ref, o.Did = v.Ref, DidAdd
	default:
		o.Ref, o.Did = was.Ref, DidChange
		next.Details, next.Tier = d, d.tier()
		if same(was, next) {
			o.Did = DidLeave
			return o, nil
		}
		if !dry {
			if _, err := s.Edit(ctx, scope, now, string(was.ID), 0, d); err != nil {
				return refuse(err)
			}
		}
	}
	return o, nil
}

// vendors reads every vendor, by name.
func (s *Service) vendors(ctx context.Context, scope access.ReadScope) ([]Vendor, error) {
	var out []Vendor
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "name"}); ; q.Page++ {
		res, err := s.Store.Vendors(ctx, scope, Filter{}, q)
		if err != nil {
			return nil, err
		}
		out = append(out, res.Rows...)
		if len(res.Rows) < paging.MaxSize {
			return out, nil
		}
	}
}
