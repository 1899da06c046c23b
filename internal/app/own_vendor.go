package app

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/vendors/vendorssql"
)

func (a *App) wireVendors() {
	a.Vendors = &vendors.Service{
		Store: &vendorssql.Store{DB: a.DB}, People: a.Access, Controls: a.Controls, Papers: a.Evidence.Store, Catalog: a.Catalog, Tx: a.DB, Ledger: a.Ledger.Store,
	}
}

// ownVendors reads the register of vendors.
func (a *App) ownVendors() map[string]ownReader {
	count := func(kinds ...vendors.Kind) func(context.Context, access.ReadScope, time.Time) (int64, error) {
		return func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			var all int64
			for _, k := range kinds {
				n, err := a.Vendors.CountAll(ctx, s, k)
				if err != nil {
					return 0, err
				}
				all += n
			}
			return all, nil
		}
	}
	return map[string]ownReader{
		"vendor":             {a.readVendors, count("")},
		"vendor_report":      {a.readVendorReports, count(vendors.KindReport, vendors.KindBridge)},
		"vendor_cuec":        {a.readVendorCUECs, count(vendors.KindCUEC)},
		"vendor_application": {a.readVendorApplications, count(vendors.KindApplication)},
	}
}

// examined is the period of the examination that an instant belongs to: the one that is under way, or else the newest that was;
// without any the year that ends there.
func (a *App) examined(ctx context.Context, s access.ReadScope, at time.Time) (period.Period, error) {
	today := period.Of(at)
	best := period.Period{}
	all, err := a.Engagement.Store.Engagements(ctx, s)
	for _, e := range all {
		if e.Period.Days() > 0 && e.Period.From <= today && e.Period.To > best.To {
			best = e.Period
		}
	}
	if best.Days() == 0 {
		best = period.Closed(today-365+1, today)
	}
	return best, err
}

func (a *App) readVendors(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
	files, err := a.Vendors.Files(ctx, s)
	if err != nil {
		return err
	}
	rules, err := a.Vendors.Rules(ctx, s)
	if err != nil {
		return err
	}
	addresses, err := a.addresses(ctx, s)
	if err != nil {
		return err
	}
	exam, err := a.examined(ctx, s, at)
	if err != nil {
		return err
	}
	methods, err := a.methods(ctx, s, at)
	if err != nil {
		return err
	}
	for _, f := range files {
		x, err := vendorFact(f, rules)
		if err != nil {
			return err
		}
		x.Owner, x.Method = someText(addresses[f.Owner]), someText(methods[f.Described])
		x.ExaminedFrom, x.ExaminedTo = someDay(exam.From), someDay(exam.Last())
		if err := emit(x); err != nil {
			return err
		}
	}
	return nil
}

// methods is how the description of the system treats the subservice organisations, by the identifier of its records.
func (a *App) methods(ctx context.Context, s access.ReadScope, at time.Time) (map[string]string, error) {
	records, err := a.System.Records(ctx, s, at)
	out := map[string]string{}
	for _, r := range records {
		if r.Kind != org.KindSubservice {
			continue
		}
		x, err := r.Record()
		if err != nil {
			return nil, err
		}
		if sub, ok := x.(org.Subservice); ok {
			out[string(r.ID)] = string(sub.Method)
		}
	}
	return out, err
}

func vendorFact(f vendors.File, rules vendors.Rules) (*collect.Vendor, error) {
	data, personal, held := len(f.Data) > 0, f.Has(vendors.Personal), len(f.Data) > 0 && !f.Exit.NoData
	every, within := int64(rules.Every(f.Tier)), int64(f.DeletionLimit(rules))
	tier, subservice := string(f.Tier), f.Subservice
	x := &collect.Vendor{
		ID: f.Ref, Name: f.Name, Tier: &tier, DataAccess: &data, PersonalData: &personal, Subservice: &subservice, FirstUsedOn: someDay(f.Started), FirstAssessedOn: someDay(f.FirstAssessed()),
		LastAssessedOn: someDay(f.Assessed), AssessEvery: &every, LastPerformanceOn: someDay(f.Performed), ContractSignedOn: someDay(f.Contract.Signed), ContractEndsOn: someDay(f.Contract.Until),
		ProcessingSince: someDay(f.Contract.DPA), EndedAt: f.Exit.Ended, AccessRemovedAt: f.Exit.AccessRemoved, DataHeld: &held, DeletionProvedOn: someDay(f.Exit.Deletion), DeletionWithin: &within,
	}
	if f.Contract.Signed != 0 {
		missing := strings.Join(f.Contract.Clauses.Missing(), ", ")
		x.ClausesMissing = &missing
	}
	for _, r := range f.Filed { // the newest that was reviewed
		if !r.Removed && r.Review != nil {
			none := r.Review.NoCUECs
			x.NoCUECs = &none
			break
		}
	}
	var err error
	x.Raw, err = rawOf(map[string]any{
		"ref": f.Ref, "version": f.Version, "data": f.Data, "criticality": f.Criticality, "tier_set": f.TierSet, "tier_why": f.TierWhy, "services": f.Services, "location": f.Location,
		"contract": f.Contract, "exit": f.Exit,
	})
	return x, err
}

func (a *App) readVendorReports(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	files, err := a.Vendors.Files(ctx, s)
	if err != nil {
		return err
	}
	rules, err := a.Vendors.Rules(ctx, s)
	if err != nil {
		return err
	}
	for _, f := range files {
		counted := map[string]period.Period{}
		for _, c := range f.Coverage(rules).Spans {
			counted[c.Ref] = c.Period
		}
		for _, r := range f.Filed {
			if r.Removed {
				continue
			}
			if err := emitReport(f, r, counted, emit); err != nil {
				return err
			}
		}
		for _, b := range f.Letters {
			if b.Removed {
				continue
			}
			if err := emitBridge(f, b, counted, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

func emitReport(f vendors.File, r vendors.Report, counted map[string]period.Period, emit func(collect.Fact) error) error {
	_, covers := counted[r.Ref]
	opinion, subservice := string(r.Opinion), f.Subservice
	x := &collect.VendorReport{
		ID: r.Ref, VendorID: f.Ref, Vendor: f.Name, Kind: string(r.Kind), FromOn: someDay(r.Period.From), ToOn: someDay(r.Period.Last()), Covers: &covers, Opinion: &opinion,
		ReceivedOn: someDay(r.Received), Subservice: &subservice,
	}
	if r.Noted >= 0 {
		n := int64(r.Noted)
		x.ExceptionsNoted = &n
	}
	if r.Review != nil {
		x.ReviewedOn, x.Reliance = someDay(r.Review.Day), someText(string(r.Review.Reliance))
	}
	var err error
	if x.Raw, err = rawOf(r); err != nil {
		return err
	}
	return emit(x)
}

// emitBridge gives a letter with the days of it that count.
func emitBridge(f vendors.File, b vendors.Bridge, counted map[string]period.Period, emit func(collect.Fact) error) error {
	p, covers := counted[b.Ref]
	if !covers {
		p = b.Period
	}
	subservice := f.Subservice
	x := &collect.VendorReport{
		ID: b.Ref, VendorID: f.Ref, Vendor: f.Name, Kind: string(vendors.KindBridge), FromOn: someDay(p.From), ToOn: someDay(p.Last()), Covers: &covers, Bridges: someText(b.Report),
		ReceivedOn: someDay(b.Received), Subservice: &subservice,
	}
	var err error
	if x.Raw, err = rawOf(b); err != nil {
		return err
	}
	return emit(x)
}

func (a *App) readVendorCUECs(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
	files, err := a.Vendors.Files(ctx, s)
	if err != nil {
		return err
	}
	for _, f := range files {
		use := f.Exit.Ended == nil || f.Exit.Ended.After(at.AddDate(-1, 0, 0))
		for _, c := range f.CUECs {
			relevant, controls := c.Relevant, strings.Join(c.Controls, ", ")
			x := &collect.VendorCUEC{
				ID: c.Ref, VendorID: f.Ref, Vendor: f.Name, ReportID: someText(c.Report), Number: someText(c.Number), Relevant: &relevant, Reason: someText(c.Why), Controls: &controls, InUse: &use,
			}
			if x.Raw, err = rawOf(c); err != nil {
				return err
			}
			if err := emit(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *App) readVendorApplications(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	files, err := a.Vendors.Files(ctx, s)
	if err != nil {
		return err
	}
	rules, err := a.Vendors.Rules(ctx, s)
	if err != nil {
		return err
	}
	give := func(owner, name, reason string) error {
		key := vendors.Fold(name)
		raw, err := rawOf(map[string]any{"name": name})
		if err != nil {
			return err
		}
		x := &collect.VendorApplication{ID: owner + "/" + key, Name: key, VendorID: someText(owner), Reason: someText(reason)}
		x.Raw = raw
		return emit(x)
	}
	for _, f := range files {
		for _, n := range append([]string{f.Name}, f.Applications...) { // a vendor answers for its own name
			if err := give(f.Ref, n, ""); err != nil {
				return err
			}
		}
	}
	for _, o := range rules.Own {
		if err := give("", o.Name, o.Why); err != nil {
			return err
		}
	}
	return nil
}

// someText is a text that may be missing.
func someText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// someDay is a day that may be missing.
func someDay(d period.Date) *period.Date {
	if d == 0 {
		return nil
	}
	return &d
}
