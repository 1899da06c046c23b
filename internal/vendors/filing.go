package vendors

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Assess records what somebody looked at and decided. Only a person decides.
func (s *Service) Assess(ctx context.Context, scope access.Scope, now time.Time, vendor string, a Assessment) (Assessment, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return a, err
	}
	if scope.User() == "" {
		return a, errs.New(errs.Denied, "an assessment is decided by a person")
	}
	var err error
	a.Note = text.Prose(a.Note)
	if a.Day == 0 {
		a.Day = period.Of(now)
	}
	if a.Answers, err = answers(a.Answers, Questions(a.Purpose)); err != nil {
		return a, err
	}
	if a.Findings, err = findings(a.Findings); err != nil {
		return a, err
	}
	switch {
	case a.Purpose != Diligence && a.Purpose != Performance:
		return a, errs.New(errs.Invalid, "an assessment is diligence or performance, not %q", a.Purpose).At("purpose")
	case !known(Decisions(), a.Decision):
		return a, errs.New(errs.Invalid, "choose what you decide").At("decision")
	case a.Decision == Conditional && len(a.Findings) == 0:
		return a, errs.New(errs.Invalid, "name at least one finding: it is the condition").At("findings")
	}
	if err := text.Bounds("note", "the note", a.Note, 0, MaxText); err != nil {
		return a, err
	}
	if a.Decision == Rejected {
		if err := text.Bounds("note", "the reason", a.Note, minWhy, MaxText); err != nil {
			return a, err
		}
	}
	if err := day("day", "the day", a.Day, now, false); err != nil {
		return a, err
	}
	if a.Evidence, err = s.paper(ctx, scope.ReadScope, a.Evidence); err != nil {
		return a, err
	}
	r, err := s.file1(ctx, scope, now, vendor, KindAssessment, a.Day, a, "vendor.assessed", map[string]any{
		"purpose": string(a.Purpose), "day": a.Day.String(), "decision": string(a.Decision), "findings": len(a.Findings), "evidence": a.Evidence,
	})
	a.Stamp = r.stamp()
	return a, err
}

// file1 adds a record to a vendor and works out anew what follows.
func (s *Service) file1(ctx context.Context, scope access.Scope, now time.Time, which string, k Kind, d period.Date, x any, kind string, payload map[string]any) (Record, error) {
	body, err := encode(x)
	if err != nil {
		return Record{}, err
	}
	r := Record{ID: id.New("vrc", now), Kind: k, Day: d, Body: body, Version: 1, At: now, By: scope.Actor()}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		v, err := s.Store.Vendor(ctx, scope.ReadScope, which)
		if err != nil {
			return err
		}
		r.Vendor = v.ID
		if r, err = s.Store.AddRecord(ctx, scope, r); err != nil {
			return err
		}
		if _, err := s.stand(ctx, scope, v); err != nil {
			return err
		}
		payload["ref"], payload["vendor"] = r.Ref, v.Ref
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(v.ID), payload)
		return err
	})
	return r, err
}

// FileReport files a report about a vendor's controls.
func (s *Service) FileReport(ctx context.Context, scope access.Scope, now time.Time, vendor string, x Report) (Report, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return x, err
	}
	x, err := s.report(ctx, scope.ReadScope, now, x)
	if err != nil {
		return x, err
	}
	x.Review, x.Why = nil, ""
	r, err := s.file1(ctx, scope, now, vendor, KindReport, x.Received, x, "vendor.report.filed", x.says())
	x.Stamp = r.stamp()
	return x, err
}

func (x Report) says() map[string]any {
	return map[string]any{
		"kind": string(x.Kind), "title": x.Title, "from": x.Period.From.String(), "to": x.Period.Last().String(), "auditor": x.Auditor, "opinion_as_read": string(x.Opinion),
		"exceptions_noted": x.Noted, "evidence": x.Evidence, "received": x.Received.String(),
	}
}

// report cleans and checks a report.
func (s *Service) report(ctx context.Context, scope access.ReadScope, now time.Time, x Report) (Report, error) {
	x.Title, x.Auditor, x.Scope, x.Exceptions = text.Line(x.Title), text.Line(x.Auditor), text.Prose(x.Scope), text.Prose(x.Exceptions)
	if !known(ReportKinds(), x.Kind) {
		return x, errs.New(errs.Invalid, "choose what sort of report it is").At("kind")
	}
	if x.Opinion == "" {
		x.Opinion = NotStated
	}
	if !known(Opinions(), x.Opinion) {
		return x, errs.New(errs.Invalid, "there is no opinion %q", x.Opinion).At("opinion")
	}
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{
		{"title", "the title", x.Title, 0, MaxLine}, {"auditor", "the auditor", x.Auditor, 0, MaxLine}, {"scope", "the scope", x.Scope, 0, MaxText}, {"exceptions", "the text", x.Exceptions, 0, MaxText},
	} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return x, err
		}
	}
	today := period.Of(now)
	if x.Received == 0 {
		x.Received = today
	}
	certificate := x.Kind == ISO27001 || x.Kind == Other // it may be valid beyond today
	switch {
	case x.Period.To <= 1 && x.Kind.AsOf():
		return x, errs.New(errs.Invalid, "say as of which day it is").At("to")
	case x.Period.To <= 1:
		return x, errs.New(errs.Invalid, "say which period it covers").At("to")
	case x.Kind.AsOf():
		x.Period.From = x.Period.Last()
	case x.Period.From == 0:
		return x, errs.New(errs.Invalid, "say on which day its period begins").At("from")
	}
	switch {
	case x.Period.From > x.Period.Last():
		return x, errs.New(errs.Invalid, "the period ends on %s, before it begins", x.Period.Last()).At("to")
	case x.Period.Days() > maxDays:
		return x, errs.New(errs.Invalid, "a period of %s is too long for a report", days(x.Period.Days())).At("to")
	case !certificate && x.Period.Last() > x.Received:
		return x, errs.New(errs.Invalid, "its period ends on %s, after it was received on %s", x.Period.Last(), x.Received).At("to").WithHint("A report is written after its period is over.")
	case x.Noted < -1 || x.Noted > 9999:
		return x, errs.New(errs.Invalid, "give the number of exceptions that the report notes").At("noted")
	case (x.Opinion == Qualified || x.Opinion == Adverse || x.Opinion == Disclaimer) && x.Exceptions == "":
		return x, errs.New(errs.Invalid, "write down what the opinion is about").At("exceptions")
	case x.Noted > 0 && x.Exceptions == "":
		return x, errs.New(errs.Invalid, "write down what the exceptions are about").At("exceptions")
	}
	if err := day("received", "the day of receipt", x.Received, now, false); err != nil {
		return x, err
	}
	if err := day("from", "the first day", x.Period.From, now, certificate); err != nil {
		return x, err
	}
	var err error
	x.Evidence, err = s.paper(ctx, scope, x.Evidence)
	return x, err
}

// ReviewReport records what a person concluded from reading a report. A later review replaces it, and the ledger keeps both.
func (s *Service) ReviewReport(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, rv Review) (Report, error) {
	if scope.User() == "" {
		return Report{}, errs.New(errs.Denied, "a report is reviewed by a person")
	}
	rv.Note = text.Prose(rv.Note)
	if rv.Day == 0 {
		rv.Day = period.Of(now)
	}
	rv.By = scope.Actor()
	var err error
	if rv.Answers, err = answers(rv.Answers, ReviewQuestions()); err != nil {
		return Report{}, err
	}
	if rv.Findings, err = findings(rv.Findings); err != nil {
		return Report{}, err
	}
	if !known(Reliances(), rv.Reliance) {
		return Report{}, errs.New(errs.Invalid, "choose whether you rely on it").At("reliance")
	}
	least := 0
	if rv.Reliance != Rely || rv.Equivalent {
		least = minWhy
	}
	if err := text.Bounds("note", "the note on why", rv.Note, least, MaxText); err != nil {
		return Report{}, err
	}
	if err := day("day", "the day", rv.Day, now, false); err != nil {
		return Report{}, err
	}
	return s.amend(ctx, scope, now, ref, base, "vendor.report.reviewed", func(x *Report) (map[string]any, error) {
		switch {
		case rv.Day < x.Received:
			return nil, errs.New(errs.Invalid, "it was received on %s only", x.Received).At("day")
		case rv.Equivalent && (x.Kind.Operating() || x.Kind.AsOf()):
			return nil, errs.New(errs.Invalid, "only a certificate or another report can stand in for a report on operation").At("equivalent")
		}
		x.Review = &rv
		return map[string]any{"day": rv.Day.String(), "reliance": string(rv.Reliance), "equivalent": rv.Equivalent, "no_cuecs": rv.NoCUECs, "findings": len(rv.Findings)}, nil
	})
}

// CorrectReport changes what was written down about a report.
func (s *Service) CorrectReport(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, x Report) (Report, error) {
	x, err := s.report(ctx, scope.ReadScope, now, x)
	if err != nil {
		return x, err
	}
	return s.amend(ctx, scope, now, ref, base, "vendor.report.corrected", func(was *Report) (map[string]any, error) {
		x.Review, x.Stamp = was.Review, was.Stamp
		*was = x
		return x.says(), nil
	})
}

// WithdrawReport takes a report off the file that does not belong there. It stays on record, and no longer counts.
func (s *Service) WithdrawReport(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Report, error) {
	why, err := reason(why)
	if err != nil {
		return Report{}, err
	}
	return s.amend(ctx, scope, now, ref, base, "vendor.report.withdrawn", func(x *Report) (map[string]any, error) {
		x.Removed, x.Why = true, why
		return map[string]any{"why": why}, nil
	})
}

// amend changes a report that is on file.
func (s *Service) amend(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string, do func(*Report) (map[string]any, error)) (Report, error) {
	var x Report
	return x, s.rewrite(ctx, scope, now, ref, KindReport, kind, func(r *Record, _ *Vendor) (map[string]any, error) {
		var err error
		if x, err = decode[Report](*r); err != nil {
			return nil, err
		}
		x.Stamp = r.stamp()
		if base != 0 && r.Version != base {
			return nil, staleRecord(Stale{Ref: r.Ref, Version: r.Version, Report: x})
		}
		if x.Removed {
			return nil, errs.New(errs.Conflict, "%s was withdrawn", r.Ref)
		}
		payload, err := do(&x)
		if err != nil {
			return nil, err
		}
		r.Removed, r.Day = x.Removed, x.Received
		r.Body, err = encode(x)
		x.Stamp = Stamp{r.ID, r.Vendor, r.Ref, r.Version + 1, now, scope.Actor(), r.Removed}
		return payload, err
	})
}

func staleRecord(x Stale) error {
	return errs.Changed(x.Ref, &x)
}

// rewrite changes a record of a vendor in place, with a ledger entry.
func (s *Service) rewrite(ctx context.Context, scope access.Scope, now time.Time, ref string, k Kind, kind string, do func(*Record, *Vendor) (map[string]any, error)) error {
	if err := scope.Require(access.ManageVendors); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, v, err := s.record(ctx, scope.ReadScope, ref, k)
		if err != nil {
			return err
		}
		was := r.Version
		payload, err := do(&r, &v)
		if err != nil {
			return err
		}
		r.Version, r.At, r.By = was+1, now, scope.Actor()
		if err := s.Store.SaveRecord(ctx, scope, r, was); err != nil {
			return err
		}
		if _, err := s.stand(ctx, scope, v); err != nil {
			return err
		}
		payload["ref"], payload["vendor"], payload["version"] = r.Ref, v.Ref, r.Version
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(v.ID), payload)
		return err
	})
}

// record finds a record of a kind by its reference, with its vendor.
func (s *Service) record(ctx context.Context, scope access.ReadScope, ref string, k Kind) (Record, Vendor, error) {
	ref = strings.ToUpper(text.Line(ref))
	all, err := s.Store.Records(ctx, scope, RecordFilter{Kind: k, Ref: ref})
	if err != nil {
		return Record{}, Vendor{}, err
	}
	if len(all) == 0 {
		return Record{}, Vendor{}, errs.New(errs.NotFound, "no %s %s", kindWord(k), ref).WithHint("tickmark vendor list")
	}
	v, err := s.Store.Vendor(ctx, scope, string(all[0].Vendor))
	return all[0], v, err
}

func kindWord(k Kind) string {
	switch k {
	case KindAssessment, KindReport:
		return string(k)
	case KindBridge:
		return "bridge letter"
	case KindCUEC:
		return "complementary user entity control"
	}
	return string(k)
}

// FileBridge files a letter in which the vendor says that its controls went on after the period of a report. What is odd about
// it is said (Cover), and it is kept all the same: it was received.
func (s *Service) FileBridge(ctx context.Context, scope access.Scope, now time.Time, b Bridge) (Bridge, error) {
	if err := scope.Require(access.ManageVendors); err != nil {
		return b, err
	}
	b.Signer, b.Changes = text.Line(b.Signer), text.Prose(b.Changes)
	if b.Received == 0 {
		b.Received = period.Of(now)
	}
	switch {
	case b.Period.From <= 0:
		return b, errs.New(errs.Invalid, "say on which day it begins").At("from")
	case b.Period.To <= 1:
		return b, errs.New(errs.Invalid, "say up to which day it reaches").At("to")
	case b.Period.From > b.Period.Last():
		return b, errs.New(errs.Invalid, "it ends on %s, before it begins", b.Period.Last()).At("to")
	case b.Period.Days() > maxDays:
		return b, errs.New(errs.Invalid, "a letter over %s is none", days(b.Period.Days())).At("to")
	}
	if err := text.Bounds("signer", "the name", b.Signer, 0, MaxLine); err != nil {
		return b, err
	}
	if err := text.Bounds("changes", "the text", b.Changes, 0, MaxText); err != nil {
		return b, err
	}
	if err := day("signed", "the day of signature", b.Signed, now, false); err != nil {
		return b, err
	}
	if err := day("received", "the day of receipt", b.Received, now, false); err != nil {
		return b, err
	}
	r, v, err := s.record(ctx, scope.ReadScope, b.Report, KindReport)
	if errs.Is(err, errs.NotFound) {
		return b, errs.New(errs.Invalid, "choose the report that it continues").At("report")
	}
	if err != nil {
		return b, err
	}
	x, err := decode[Report](r)
	switch {
	case err != nil:
		return b, err
	case r.Removed:
		return b, errs.New(errs.Invalid, "%s was withdrawn", r.Ref).At("report")
	case x.Kind.AsOf():
		return b, errs.New(errs.Invalid, "%s is as of one day: it has no period that a letter could continue", r.Ref).At("report")
	case b.Period.To <= x.Period.To:
		return b, errs.New(errs.Invalid, "%s covers these days already: it reaches up to %s", r.Ref, x.Period.Last()).At("to")
	}
	b.Report = r.Ref
	if b.Evidence, err = s.paper(ctx, scope.ReadScope, b.Evidence); err != nil {
		return b, err
	}
	rec, err := s.file1(ctx, scope, now, string(v.ID), KindBridge, b.Received, b, "vendor.bridge.filed", map[string]any{
		"report": b.Report, "from": b.Period.From.String(), "to": b.Period.Last().String(), "signed": dateText(b.Signed), "evidence": b.Evidence,
	})
	b.Stamp = rec.stamp()
	return b, err
}

// WithdrawBridge takes a letter off the file that does not belong there. It stays on record, and no longer counts.
func (s *Service) WithdrawBridge(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, scope, now, ref, KindBridge, "vendor.bridge.withdrawn", func(r *Record, _ *Vendor) (map[string]any, error) {
		b, err := decode[Bridge](*r)
		switch {
		case err != nil:
			return nil, err
		case base != 0 && r.Version != base:
			return nil, errs.New(errs.Conflict, "%s was changed meanwhile", r.Ref).WithHint("Look at what it is now.")
		case r.Removed:
			return nil, errs.New(errs.Conflict, "%s was withdrawn already", r.Ref)
		}
		b.Why, r.Removed = why, true
		r.Body, err = encode(b)
		return map[string]any{"why": why}, err
	})
}

// Report reads a report on file by its reference, with its vendor.
func (s *Service) Report(ctx context.Context, scope access.ReadScope, ref string) (Report, File, error) {
	if err := scope.Require(access.ReadVendors); err != nil {
		return Report{}, File{}, err
	}
	r, v, err := s.record(ctx, scope, ref, KindReport)
	if err != nil {
		return Report{}, File{}, err
	}
	f, err := s.file(ctx, scope, v)
	if err != nil {
		return Report{}, f, err
	}
	x, err := decode[Report](r)
	x.Stamp = r.stamp()
	return x, f, err
}
