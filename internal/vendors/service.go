package vendors

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Service is the use cases of the register.
type Service struct {
	Store    Store
	People   People
	Controls Controls
	Papers   Papers
	Catalog  Requirements
	Tx       access.Tx
	Ledger   access.Recorder
}

// Add enters a vendor in the register.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, d Details) (Vendor, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return Vendor{}, err
	}
	d, err := s.details(ctx, scope.ReadScope, now, d, Details{})
	if err != nil {
		return Vendor{}, err
	}
	v := Vendor{ID: ID(id.New("ven", now)), Details: d, Tier: d.tier(), Version: 1, Created: now, CreatedBy: scope.Actor(), Updated: now}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.applicationsFree(ctx, scope.ReadScope, v.ID, d.Applications); err != nil {
			return err
		}
		v, err = s.Store.Add(ctx, scope, v)
		if err != nil {
			return err
		}
		if v, err = s.stand(ctx, scope, v); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "vendor.added", string(v.ID), says(v))
		return err
	})
	if err != nil {
		return Vendor{}, err
	}
	return v, nil
}

// says is what the ledger keeps of a vendor.
func says(v Vendor) map[string]any {
	return map[string]any{
		"ref": v.Ref, "name": v.Name, "tier": string(v.Tier), "tier_set": string(v.TierSet), "tier_why": v.TierWhy, "owner": string(v.Owner), "data": v.Data, "criticality": string(v.Criticality),
		"location": v.Location, "applications": v.Applications, "started": dateText(v.Started), "version": v.Version,
	}
}

// Edit changes the details. base is the version the editor saw; 0 changes whatever is there. When somebody else was faster the
// Conflict's cause is a *Stale.
func (s *Service) Edit(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, d Details) (Vendor, error) {
	return s.change(ctx, scope, now, ref, base, "vendor.changed", func(ctx context.Context, v *Vendor) (map[string]any, error) {
		d, err := s.details(ctx, scope.ReadScope, now, d, v.Details)
		if err != nil {
			return nil, err
		}
		if v.Exit.Ended != nil && d.Started > period.Of(*v.Exit.Ended) {
			return nil, errs.New(errs.Invalid, "it ended on %s, before that day", period.Of(*v.Exit.Ended)).At("started")
		}
		if err := s.applicationsFree(ctx, scope.ReadScope, v.ID, d.Applications); err != nil {
			return nil, err
		}
		v.Details, v.Tier = d, d.tier()
		return says(*v), nil
	})
}

// Agree records what was agreed with a vendor.
func (s *Service) Agree(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, c Contract) (Vendor, error) {
	return s.change(ctx, scope, now, ref, base, "vendor.contract", func(ctx context.Context, v *Vendor) (map[string]any, error) {
		c, err := s.contract(ctx, scope.ReadScope, now, c)
		if err != nil {
			return nil, err
		}
		v.Contract = c
		return map[string]any{
			"ref": v.Ref, "signed": dateText(c.Signed), "until": dateText(c.Until), "missing": c.Clauses.Missing(), "dpa": dateText(c.DPA), "deletion_days": c.DeletionDays,
			"evidence": c.Evidence, "version": v.Version + 1,
		}, nil
	})
}

// End records that a vendor is no longer used, and how it was left. It may be told in steps.
func (s *Service) End(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, e Exit) (Vendor, error) {
	return s.change(ctx, scope, now, ref, base, "vendor.ended", func(ctx context.Context, v *Vendor) (map[string]any, error) {
		e, err := s.exit(ctx, scope.ReadScope, now, v.Started, e)
		if err != nil {
			return nil, err
		}
		v.Exit = e
		return map[string]any{
			"ref": v.Ref, "ended": timeText(e.Ended), "access_removed": timeText(e.AccessRemoved), "no_data": e.NoData, "deletion": dateText(e.Deletion), "evidence": e.Evidence,
			"note": e.Note, "version": v.Version + 1,
		}, nil
	})
}

// Resume takes an end back: the vendor is used again, or was ended by mistake.
func (s *Service) Resume(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Vendor, error) {
	return s.change(ctx, scope, now, ref, base, "vendor.resumed", func(_ context.Context, v *Vendor) (map[string]any, error) {
		if v.Exit.Ended == nil {
			return nil, errs.New(errs.Conflict, "%s has not ended", v.Ref)
		}
		v.Exit = Exit{}
		return map[string]any{"ref": v.Ref, "version": v.Version + 1}, nil
	})
}

// Describe says whether the vendor is a subservice organisation, and names its record in the description of the system, which
// says by which method it is described and what is expected of it.
func (s *Service) Describe(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, subservice bool, record string) (Vendor, error) {
	return s.change(ctx, scope, now, ref, base, "vendor.described", func(_ context.Context, v *Vendor) (map[string]any, error) {
		if !subservice {
			record = ""
		}
		v.Subservice, v.Described = subservice, record
		return map[string]any{"ref": v.Ref, "subservice": subservice, "record": record, "version": v.Version + 1}, nil
	})
}

// Remove takes a vendor out of the register that never belonged there. One with records of its own is ended instead.
func (s *Service) Remove(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) error {
	if err := scope.Require(access.ManageVendors); err != nil {
		return err
	}
	why, err := reason(why)
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		v, err := s.Store.Vendor(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && v.Version != base {
			return changed(v)
		}
		have, err := s.Store.Records(ctx, scope.ReadScope, RecordFilter{Vendor: v.ID})
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return errs.New(errs.Conflict, "%s has assessments or reports, which are evidence", v.Ref).WithHint("Record that its use ended instead.")
		}
		was := v.Version
		v.Version, v.Updated = was+1, now
		if err := s.Store.Save(ctx, scope, v, was, true); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "vendor.removed", string(v.ID), map[string]any{"ref": v.Ref, "name": v.Name, "why": why})
		return err
	})
}

// change reads a vendor, changes it and keeps it with a ledger entry. A change of nothing is none.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string,
	do func(context.Context, *Vendor) (map[string]any, error),
) (Vendor, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return Vendor{}, err
	}
	var v Vendor
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Vendor(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return changed(was)
		}
		v = was
		payload, err := do(ctx, &v)
		if err != nil || same(was, v) {
			return err
		}
		v.Version, v.Updated = was.Version+1, now
		payload["version"] = v.Version
		if err := s.Store.Save(ctx, scope, v, was.Version, false); err != nil {
			return err
		}
		if v, err = s.stand(ctx, scope, v); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(v.ID), payload)
		return err
	})
	if err != nil {
		return Vendor{}, err
	}
	return v, nil
}

func same(a, b Vendor) bool {
	x, errA := encode(a)
	y, errB := encode(b)
	return errA == nil && errB == nil && x == y
}

func changed(v Vendor) error {
	return errs.Changed(v.Ref, &Stale{Ref: v.Ref, Version: v.Version, Vendor: v})
}

// stand keeps what follows from a vendor's records.
func (s *Service) stand(ctx context.Context, scope access.Scope, v Vendor) (Vendor, error) {
	rules, err := s.Store.Rules(ctx, scope.ReadScope)
	if err != nil {
		return v, err
	}
	f, err := s.file(ctx, scope.ReadScope, v)
	if err != nil {
		return v, err
	}
	now := f.standing(rules)
	if now == v.Standing {
		return v, nil
	}
	v.Standing = now
	return v, s.Store.Stand(ctx, scope, v.ID, now)
}

// file reads a vendor's records.
func (s *Service) file(ctx context.Context, scope access.ReadScope, v Vendor) (File, error) {
	f := File{Vendor: v}
	all, err := s.Store.Records(ctx, scope, RecordFilter{Vendor: v.ID})
	if err != nil {
		return f, err
	}
	for _, r := range all {
		if err := f.take(r); err != nil {
			return f, err
		}
	}
	f.order()
	return f, nil
}

// Vendor reads a vendor by identifier, reference or name.
func (s *Service) Vendor(ctx context.Context, scope access.ReadScope, which string) (Vendor, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return Vendor{}, err
	}
	return s.Store.Vendor(ctx, scope, which)
}

// FileOf reads everything that hangs on a vendor.
func (s *Service) FileOf(ctx context.Context, scope access.ReadScope, v Vendor) (File, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return File{}, err
	}
	return s.file(ctx, scope, v)
}

// File reads a vendor with everything that hangs on it.
func (s *Service) File(ctx context.Context, scope access.ReadScope, which string) (File, error) {
	v, err := s.Vendor(ctx, scope, which)
	if err != nil {
		return File{}, err
	}
	return s.file(ctx, scope, v)
}

// Files reads every vendor with everything that hangs on it, by name.
func (s *Service) Files(ctx context.Context, scope access.ReadScope) ([]File, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return nil, err
	}
	list, err := s.vendors(ctx, scope)
	if err != nil {
		return nil, err
	}
	out, at := make([]File, len(list)), map[ID]int{}
	for i, v := range list {
		out[i].Vendor, at[v.ID] = v, i
	}
	all, err := s.Store.Records(ctx, scope, RecordFilter{})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		i, ok := at[r.Vendor]
		if !ok { // added since the list was read
			continue
		}
		if err := out[i].take(r); err != nil {
			return nil, err
		}
	}
	for i := range out {
		out[i].order()
	}
	return out, nil
}

// List lists vendors. Sort names: ref, name, tier, owner, covered, next, started, updated.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Vendor], error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return paging.Result[Vendor]{}, err
	}
	return s.Store.Vendors(ctx, scope, f, q)
}

// Counts counts vendors of each sort.
func (s *Service) Counts(ctx context.Context, scope access.ReadScope, today period.Date) (Counts, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return Counts{}, err
	}
	return s.Store.Counts(ctx, scope, today)
}

// Calendar lists what is due between two days, and what was due before and was not done, by day.
func (s *Service) Calendar(ctx context.Context, scope access.ReadScope, to period.Date) ([]Entry, error) {
	files, err := s.Files(ctx, scope)
	if err != nil {
		return nil, err
	}
	rules, err := s.Rules(ctx, scope)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, f := range files {
		for _, e := range f.due(rules) {
			if e.Day < to {
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int {
		if a.Day != b.Day {
			return int(a.Day - b.Day)
		}
		return strings.Compare(a.Vendor.Ref, b.Vendor.Ref)
	})
	return out, nil
}

// Due lists what is due for one vendor, by day.
func (s *Service) Due(ctx context.Context, scope access.ReadScope, f File) ([]Entry, error) {
	rules, err := s.Rules(ctx, scope)
	if err != nil {
		return nil, err
	}
	return f.due(rules), nil
}

// CountAll counts what is kept by another query than the lists: the second count of a reconciliation.
func (s *Service) CountAll(ctx context.Context, scope access.ReadScope, k Kind) (int64, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return 0, err
	}
	return s.Store.Count(ctx, scope, k)
}
