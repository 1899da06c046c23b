package vendors_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/vendors/vendorssql"
)

var (
	now   = accesstest.Now // 2026-03-01
	today = period.Of(now)
)

// neighbours stand for the two rooms that only answer whether something is there.
type neighbours struct{}

func (neighbours) Control(_ context.Context, _ access.ReadScope, ref string) (control.Control, error) {
	if ref != "IAM-04" && ref != "IAM-05" {
		return control.Control{}, errs.New(errs.NotFound, "no control %s", ref)
	}
	return control.Control{}, nil
}

func (neighbours) Item(_ context.Context, _ access.ReadScope, ref string) (evidence.Item, error) {
	if ref != "EV-2026-00001" {
		return evidence.Item{}, errs.New(errs.NotFound, "no evidence %s", ref)
	}
	return evidence.Item{Ref: ref}, nil
}

type world struct {
	*accesstest.World
	t   *testing.T
	svc *vendors.Service
	ann access.Scope // a control owner
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.svc = &vendors.Service{Store: &vendorssql.Store{DB: db}, People: w.Access, Controls: neighbours{}, Papers: neighbours{}, Catalog: c, Tx: db, Ledger: w.Ledger}
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k errs.Kind, field, part string) {
	w.t.Helper()
	if !errs.Is(err, k) || !strings.Contains(err.Error(), part) || errs.FieldOf(err) != field {
		w.t.Errorf("%v (%v at %q), want %v at %q with %q", err, errs.KindOf(err), errs.FieldOf(err), k, field, part)
	}
}

func (w *world) add(d vendors.Details) vendors.Vendor {
	w.t.Helper()
	v, err := w.svc.Add(w.t.Context(), w.ann, now, d)
	w.ok(err)
	return v
}

func day(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func report(from, to string) vendors.Report {
	return vendors.Report{Kind: vendors.SOC2Type2, Period: period.Closed(day(from), day(to)), Opinion: vendors.Unqualified, Noted: 0, Received: today - 10, Auditor: "Woodgrove Assurance"}
}

// yes answers every question of a checklist with yes.
func yes(asked []vendors.Question) []vendors.Answer {
	var out []vendors.Answer
	for _, q := range asked {
		out = append(out, vendors.Answer{Question: q.Key, Reply: vendors.Yes})
	}
	return out
}

var cloud = vendors.Details{Name: "Contoso  Cloud", Services: "Data centres\r\nand machines", Owner: "ann@northwind.example", Data: []vendors.Data{vendors.Personal, vendors.Internal},
	Criticality: vendors.HighLevel, Applications: []string{"Cloud console", "cloud  CONSOLE"}, Started: day("2024-05-01")}

// TestLife takes a vendor from its entry to its end.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		v := w.add(cloud)
		if v.Ref != "V-001" || v.Name != "Contoso  Cloud" || v.Tier != vendors.High || v.Owner != w.ann.User() || len(v.Applications) != 1 || v.NextWhat != vendors.DueAssessment || v.Stage(today) != vendors.Used {
			t.Errorf("%+v", v)
		}
		got, err := w.svc.Vendor(ctx, w.Owner.ReadScope, "contoso cloud")
		w.ok(err)
		if fmt.Sprint(got) != fmt.Sprint(v) {
			t.Errorf("%+v\n%+v", got, v)
		}
		v, err = w.svc.Agree(ctx, w.ann, now, "V-001", v.Version, vendors.Contract{Signed: day("2024-04-01"), DPA: day("2024-04-01"), Clauses: vendors.Clauses{Security: true}, DeletionDays: 45, Evidence: "ev-2026-00001"})
		w.ok(err)
		if v.Contract.Evidence != "EV-2026-00001" || len(v.Contract.Clauses.Missing()) != 5 {
			t.Errorf("%+v", v.Contract)
		}
		a, err := w.svc.Assess(ctx, w.ann, now, "v-001", vendors.Assessment{Purpose: vendors.Diligence, Day: day("2026-02-01"), Answers: yes(vendors.Questions(vendors.Diligence)), Decision: vendors.Approved})
		w.ok(err)
		_, err = w.svc.Assess(ctx, w.ann, now, "V-001", vendors.Assessment{Purpose: vendors.Performance, Answers: yes(vendors.Questions(vendors.Performance)), Decision: vendors.Approved})
		w.ok(err)
		x, err := w.svc.FileReport(ctx, w.ann, now, "V-001", report("2025-01-01", "2025-12-31"))
		w.ok(err)
		b, err := w.svc.FileBridge(ctx, w.ann, now, vendors.Bridge{Report: "vr-001", Period: period.Closed(day("2026-01-01"), day("2026-02-28")), Signed: today})
		w.ok(err)
		v, err = w.svc.Vendor(ctx, w.Owner.ReadScope, "V-001")
		w.ok(err)
		if a.Ref != "VA-001" || x.Ref != "VR-001" || b.Ref != "VB-001" || v.Covered != day("2026-02-28") || v.Hole != 0 || v.Reports != 1 || v.Assessed != day("2026-02-01") ||
			v.NextWhat != vendors.DueReview || v.NextDue != x.Received+60 {
			t.Errorf("%s %s %s %+v", a.Ref, x.Ref, b.Ref, v.Standing)
		}
		x, err = w.svc.ReviewReport(ctx, w.ann, now, "VR-001", x.Version, vendors.Review{Answers: yes(vendors.ReviewQuestions()), Reliance: vendors.Rely, NoCUECs: true})
		w.ok(err)
		if x.Review.Day != today || x.Review.By != w.ann.Actor() || x.Version != 2 {
			t.Errorf("%+v", x)
		}
		removed := now.Add(-time.Hour)
		v, err = w.svc.End(ctx, w.ann, now, "V-001", 0, vendors.Exit{Ended: &now, AccessRemoved: &removed})
		w.ok(err)
		if v.Stage(today) != vendors.Ended || v.NextWhat != vendors.DueExit || v.NextDue != today+45 {
			t.Errorf("%+v", v)
		}
		f, err := w.svc.File(ctx, w.Owner.ReadScope, "V-001")
		w.ok(err)
		if len(f.Assessments) != 2 || f.FirstAssessed() != day("2026-02-01") || len(f.Filed) != 1 || len(f.Letters) != 1 || !f.Exit.Ended.Equal(now) {
			t.Errorf("%+v", f)
		}
		v, err = w.svc.Resume(ctx, w.ann, now, "V-001", 0)
		w.ok(err)
		again, err := w.svc.Edit(ctx, w.ann, now, "V-001", v.Version, v.Details) // changes nothing and leaves nothing
		w.ok(err)
		var kinds []string
		for _, e := range w.Entries(t, w.Owner, "vendor.") {
			kinds = append(kinds, strings.TrimPrefix(e.Kind, "vendor."))
			if e.Subject != string(v.ID) {
				t.Errorf("%+v", e)
			}
		}
		if got := strings.Join(kinds, " "); got != "added contract assessed assessed report.filed bridge.filed report.reviewed ended resumed" || again.Version != v.Version {
			t.Error(got, again.Version)
		}
		for _, k := range []vendors.Kind{"", vendors.KindReport, vendors.KindCUEC} {
			n, err := w.svc.CountAll(ctx, w.Owner.ReadScope, k)
			w.ok(err)
			if want := map[vendors.Kind]int64{"": 1, vendors.KindReport: 1}[k]; n != want {
				t.Errorf("%q: %d", k, n)
			}
		}
	})
}

// TestRefused is what is not taken, and what it says at which field.
func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.Join(t, "auditor@audit.example", access.Auditor)
		w.add(cloud)
		long := strings.Repeat("ü", 121)
		for _, c := range []struct {
			d           vendors.Details
			k           errs.Kind
			field, part string
		}{
			{vendors.Details{}, errs.Invalid, "name", "at least 2"},
			{vendors.Details{Name: long}, errs.Invalid, "name", "121"},
			{vendors.Details{Name: "CONTOSO CLOUD"}, errs.Conflict, "name", "already"},
			{vendors.Details{Name: "Fabrikam", Data: []vendors.Data{"secret"}}, errs.Invalid, "data", "secret"},
			{vendors.Details{Name: "Fabrikam", Criticality: "huge"}, errs.Invalid, "criticality", "huge"},
			{vendors.Details{Name: "Fabrikam", TierSet: vendors.High}, errs.Invalid, "tier_why", "at least 10"},
			{vendors.Details{Name: "Fabrikam", TierSet: "top"}, errs.Invalid, "tier_set", "top"},
			{vendors.Details{Name: "Fabrikam", Owner: "nobody@northwind.example"}, errs.Invalid, "owner", "nobody here"},
			{vendors.Details{Name: "Fabrikam", Owner: "auditor@audit.example"}, errs.Invalid, "owner", "only reads"},
			{vendors.Details{Name: "Fabrikam", Started: today + 20000}, errs.Invalid, "started", "thirty years"},
			{vendors.Details{Name: "Fabrikam", Applications: []string{"CLOUD Console"}}, errs.Invalid, "applications", "V-001"},
			{vendors.Details{Name: "Fabrikam", Applications: []string{"contoso cloud"}}, errs.Invalid, "applications", "V-001"},
		} {
			_, err := w.svc.Add(ctx, w.ann, now, c.d)
			w.refused(err, c.k, c.field, c.part)
		}
		for _, c := range []struct {
			c           vendors.Contract
			field, part string
		}{
			{vendors.Contract{Clauses: vendors.Clauses{Security: true}}, "signed", "say when"},
			{vendors.Contract{Signed: today + 1}, "signed", "future"},
			{vendors.Contract{Signed: today, Until: today - 1}, "until", "before it was signed"},
			{vendors.Contract{Signed: today, DeletionDays: -1}, "deletion_days", "between"},
			{vendors.Contract{Signed: today, Evidence: "EV-2026-00009"}, "evidence", "no evidence"},
		} {
			_, err := w.svc.Agree(ctx, w.ann, now, "V-001", 0, c.c)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		later, before := now.Add(time.Hour), day("2024-04-01").Time()
		for _, c := range []struct {
			e           vendors.Exit
			field, part string
		}{
			{vendors.Exit{}, "ended", "say when"},
			{vendors.Exit{Ended: &later}, "ended", "future"},
			{vendors.Exit{Ended: &before}, "ended", "used from 2024-05-01"},
			{vendors.Exit{Ended: &now, AccessRemoved: &later}, "access_removed", "future"},
			{vendors.Exit{Ended: &now, NoData: true, Deletion: today}, "deletion", "either"},
			{vendors.Exit{Ended: &now, NoData: true}, "note", "at least 10"},
		} {
			_, err := w.svc.End(ctx, w.ann, now, "V-001", 0, c.e)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		w.reports(ctx)
		_, err := w.svc.Add(ctx, w.Member(t, "ben@northwind.example", access.Employee), now, vendors.Details{Name: "Fabrikam"})
		w.refused(err, errs.Denied, "", "may not change vendors")
		_, err = w.svc.Vendor(ctx, w.OtherOwner.ReadScope, "V-001")
		w.refused(err, errs.NotFound, "", "V-001")
		_, _, err = w.svc.Report(ctx, w.OtherOwner.ReadScope, "VR-001")
		w.refused(err, errs.NotFound, "", "VR-001")
		_, err = w.svc.Vendor(ctx, w.Reader(t, "lena@contoso.example", access.Reader), "V-001")
		w.refused(err, errs.Denied, "", "may not read vendors")
		_, err = w.svc.Assess(ctx, w.Operator, now, "V-001", vendors.Assessment{})
		w.refused(err, errs.Denied, "", "by a person")
		if n := len(w.Entries(t, w.Owner, "vendor.")); n != 4 { // a vendor, a report, a letter and its withdrawal
			t.Errorf("%d entries: a refused act must leave none", n)
		}
	})
}

// reports are reports, letters, reviews and assessments that are not taken.
func (w *world) reports(ctx context.Context) {
	w.t.Helper()
	change := func(do func(*vendors.Report)) vendors.Report {
		x := report("2025-01-01", "2025-12-31")
		do(&x)
		return x
	}
	for _, c := range []struct {
		x           vendors.Report
		field, part string
	}{
		{change(func(x *vendors.Report) { x.Kind = "" }), "kind", "choose"},
		{change(func(x *vendors.Report) { x.Opinion = "good" }), "opinion", "good"},
		{change(func(x *vendors.Report) { x.Period = period.Period{} }), "to", "which period"},
		{change(func(x *vendors.Report) { x.Period, x.Kind = period.Period{}, vendors.SOC2Type1 }), "to", "which day"},
		{change(func(x *vendors.Report) { x.Period.From = 0 }), "from", "begins"},
		{change(func(x *vendors.Report) { x.Period.From = x.Period.To + 3 }), "to", "before it begins"},
		{change(func(x *vendors.Report) { x.Period.To = today + 30 }), "to", "after it was received"},
		{change(func(x *vendors.Report) { x.Period.From = day("1975-01-01") }), "to", "too long"},
		{change(func(x *vendors.Report) { x.Received = today + 1 }), "received", "future"},
		{change(func(x *vendors.Report) { x.Noted = 2 }), "exceptions", "write down"},
		{change(func(x *vendors.Report) { x.Opinion = vendors.Qualified }), "exceptions", "write down"},
		{change(func(x *vendors.Report) { x.Evidence = "EV-1" }), "evidence", "no evidence"},
		{change(func(x *vendors.Report) { x.Scope = strings.Repeat("x", 4001) }), "scope", "4001"},
	} {
		_, err := w.svc.FileReport(ctx, w.ann, now, "V-001", c.x)
		w.refused(err, errs.Invalid, c.field, c.part)
	}
	_, err := w.svc.FileReport(ctx, w.ann, now, "V-009", report("2025-01-01", "2025-12-31"))
	w.refused(err, errs.NotFound, "", "V-009")
	x, err := w.svc.FileReport(ctx, w.ann, now, "V-001", report("2025-01-01", "2025-12-31"))
	w.ok(err)
	for _, c := range []struct {
		b           vendors.Bridge
		field, part string
	}{
		{vendors.Bridge{Report: "VR-001"}, "from", "which day"},
		{vendors.Bridge{Report: "VR-001", Period: period.Period{From: today}}, "to", "which day"},
		{vendors.Bridge{Report: "VR-001", Period: period.Period{From: today, To: today - 1}}, "to", "before it begins"},
		{vendors.Bridge{Report: "VR-009", Period: period.Closed(today-3, today)}, "report", "choose"},
		{vendors.Bridge{Report: "VR-001", Period: period.Closed(day("2025-11-01"), day("2025-12-01"))}, "to", "covers these days already"},
		{vendors.Bridge{Report: "VR-001", Period: period.Closed(today-3, today), Signed: today + 1}, "signed", "future"},
	} {
		_, err := w.svc.FileBridge(ctx, w.ann, now, c.b)
		w.refused(err, errs.Invalid, c.field, c.part)
	}
	b, err := w.svc.FileBridge(ctx, w.ann, now, vendors.Bridge{Report: x.Ref, Period: period.Closed(day("2026-01-01"), day("2026-01-31"))})
	w.ok(err)
	w.refused(w.svc.WithdrawBridge(ctx, w.ann, now, b.Ref, 0, "short"), errs.Invalid, "why", "at least 10")
	w.refused(w.svc.WithdrawBridge(ctx, w.ann, now, b.Ref, 7, "It belongs to another vendor."), errs.Conflict, "", "meanwhile")
	w.ok(w.svc.WithdrawBridge(ctx, w.ann, now, b.Ref, 1, "It belongs to another vendor."))
	w.refused(w.svc.WithdrawBridge(ctx, w.ann, now, b.Ref, 0, "It belongs to another vendor."), errs.Conflict, "", "withdrawn already")
	if f, err := w.svc.File(ctx, w.Owner.ReadScope, "V-001"); err != nil || f.Covered != day("2025-12-31") || len(f.Letters) != 1 || !f.Letters[0].Removed {
		w.t.Errorf("%s %v %v", f.Covered, f.Letters, err)
	}
	all := yes(vendors.ReviewQuestions())
	no := append([]vendors.Answer{{Question: all[0].Question, Reply: vendors.No, Note: "short"}}, all[1:]...)
	for _, c := range []struct {
		r           vendors.Review
		field, part string
	}{
		{vendors.Review{}, "q_scope", "answer"},
		{vendors.Review{Answers: no}, "n_scope", "at least 10"},
		{vendors.Review{Answers: all}, "reliance", "choose"},
		{vendors.Review{Answers: all, Reliance: vendors.RelyNot}, "note", "at least 10"},
		{vendors.Review{Answers: all, Reliance: vendors.Rely, Day: today - 20}, "day", "received"},
		{vendors.Review{Answers: all, Reliance: vendors.Rely, Equivalent: true, Note: "as good as one on operation"}, "equivalent", "only a certificate"},
	} {
		_, err := w.svc.ReviewReport(ctx, w.ann, now, x.Ref, 0, c.r)
		w.refused(err, errs.Invalid, c.field, c.part)
	}
	ask := yes(vendors.Questions(vendors.Diligence))
	for _, c := range []struct {
		a           vendors.Assessment
		field, part string
	}{
		{vendors.Assessment{Purpose: vendors.Diligence, Answers: ask}, "decision", "choose"},
		{vendors.Assessment{Purpose: vendors.Diligence, Answers: ask[1:], Decision: vendors.Approved}, "q_need", "answer"},
		{vendors.Assessment{Purpose: vendors.Diligence, Answers: ask, Decision: vendors.Conditional}, "findings", "at least one"},
		{vendors.Assessment{Purpose: vendors.Diligence, Answers: ask, Decision: vendors.Rejected}, "note", "at least 10"},
		{vendors.Assessment{Purpose: vendors.Diligence, Answers: ask, Decision: vendors.Approved, Day: today + 1}, "day", "future"},
	} {
		_, err := w.svc.Assess(ctx, w.ann, now, "V-001", c.a)
		w.refused(err, errs.Invalid, c.field, c.part)
	}
}

func TestCUECs(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(cloud)
		w.add(vendors.Details{Name: "Fabrikam"})
		_, err := w.svc.FileReport(ctx, w.ann, now, "V-001", report("2025-01-01", "2025-12-31"))
		w.ok(err)
		ask := vendors.CUEC{Report: "VR-001", Number: "3", Text: "We remove people who leave from the console.", Relevant: true, Criteria: []string{"cc6.2"}, Controls: []string{"iam-04", "IAM-04"}}
		c, err := w.svc.Expect(ctx, w.ann, now, "V-001", ask)
		w.ok(err)
		if c.Ref != "VC-001" || strings.Join(c.Controls, " ") != "IAM-04" || c.Criteria[0] != "CC6.2" || !c.Mapped() {
			t.Errorf("%+v", c)
		}
		open, err := w.svc.Expect(ctx, w.ann, now, "V-001", vendors.CUEC{Text: "We keep keys of the interface secret.", Relevant: true})
		w.ok(err)
		for _, c := range []struct {
			x           vendors.CUEC
			which       string
			field, part string
		}{
			{vendors.CUEC{Text: "short"}, "V-001", "text", "at least 10"},
			{vendors.CUEC{Text: ask.Text, Relevant: true, Controls: []string{"XYZ-01"}}, "V-001", "controls", "XYZ-01"},
			{vendors.CUEC{Text: ask.Text, Relevant: true, Criteria: []string{"CC99"}}, "V-001", "criteria", "CC99"},
			{vendors.CUEC{Text: ask.Text}, "V-001", "why", "at least 10"},
			{vendors.CUEC{Text: ask.Text, Controls: []string{"IAM-04"}, Why: "we use none of it"}, "V-001", "controls", "choose one"},
			{ask, "V-002", "report", "about Contoso"},
		} {
			_, err := w.svc.Expect(ctx, w.ann, now, c.which, c.x)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		open.Controls = []string{"IAM-05"}
		got, err := w.svc.Map(ctx, w.ann, now, open.Ref, open.Version, open)
		w.ok(err)
		_, err = w.svc.Map(ctx, w.ann, now, open.Ref, open.Version, open)
		var stale *vendors.Stale
		if !errors.As(err, &stale) || stale.Version != got.Version || stale.CUEC.Controls[0] != "IAM-05" {
			t.Error(err)
		}
		w.ok(w.svc.Drop(ctx, w.ann, now, open.Ref, got.Version, "the new report no longer asks"))
		f, err := w.svc.File(ctx, w.Owner.ReadScope, "V-001")
		w.ok(err)
		if len(f.CUECs) != 1 || f.CUECs[0].Ref != "VC-001" {
			t.Errorf("%+v", f.CUECs)
		}
		n, err := w.svc.CountAll(ctx, w.Owner.ReadScope, vendors.KindCUEC)
		w.ok(err)
		if n != 1 {
			t.Error(n)
		}
	})
}

// TestConflict: of many who change one version one wins, and the others see what was written.
func TestConflict(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		v := w.add(cloud)
		results := make([]error, 6)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				d := v.Details
				d.Location = fmt.Sprint("Place ", i)
				_, results[i] = w.svc.Edit(ctx, w.ann, now, "V-001", v.Version, d)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			var stale *vendors.Stale
			switch {
			case err == nil:
				won++
			case !errors.As(err, &stale) || stale.Version != 2 || !strings.HasPrefix(stale.Vendor.Location, "Place"):
				t.Error(err)
			}
		}
		if n := len(w.Entries(t, w.Owner, "vendor.changed")); won != 1 || n != 1 {
			t.Errorf("%d won, %d entries", won, n)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(cloud)                                                                                                           // V-001, high, used, overdue
		w.add(vendors.Details{Name: "Adatum 100%_Pay", Data: []vendors.Data{vendors.Personal}, Criticality: vendors.LowLevel}) // V-002, medium, considered
		w.add(vendors.Details{Name: "Fabrikam", Started: today - 5})                                                           // V-003, low, used, overdue
		_, err := w.svc.Describe(ctx, w.ann, now, "V-001", 0, true, "dsc_1")
		w.ok(err)
		list := func(f vendors.Filter, q paging.Query) string {
			t.Helper()
			f.Today = today
			res, err := w.svc.List(ctx, w.Owner.ReadScope, f, q)
			w.ok(err)
			var out []string
			for _, x := range res.Rows {
				out = append(out, x.Ref)
			}
			return strings.Join(out, " ")
		}
		for _, c := range []struct {
			f    vendors.Filter
			q    paging.Query
			want string
		}{
			{vendors.Filter{}, paging.Query{}, "V-002 V-001 V-003"},
			{vendors.Filter{}, paging.Query{Sort: "tier"}, "V-001 V-002 V-003"},
			{vendors.Filter{}, paging.Query{Sort: "ref", Desc: true, Size: 2}, "V-003 V-002"},
			{vendors.Filter{}, paging.Query{Search: "100%_"}, "V-002"},
			{vendors.Filter{}, paging.Query{Search: "console"}, "V-001"},
			{vendors.Filter{Tier: vendors.Medium}, paging.Query{}, "V-002"},
			{vendors.Filter{Stage: vendors.Considered}, paging.Query{}, "V-002"},
			{vendors.Filter{Stage: vendors.Used}, paging.Query{}, "V-001 V-003"},
			{vendors.Filter{Data: vendors.Personal}, paging.Query{}, "V-002 V-001"},
			{vendors.Filter{Subservice: true}, paging.Query{}, "V-001"},
			{vendors.Filter{NoReport: true}, paging.Query{}, "V-001"},
			{vendors.Filter{Overdue: true}, paging.Query{}, "V-001 V-003"},
			{vendors.Filter{Gap: true}, paging.Query{}, ""},
			{vendors.Filter{Owner: w.ann.User()}, paging.Query{}, "V-001"},
			{vendors.Filter{Unowned: true}, paging.Query{}, "V-002 V-003"},
		} {
			if got := list(c.f, c.q); got != c.want {
				t.Errorf("%+v %+v: %q, want %q", c.f, c.q, got, c.want)
			}
		}
		x, err := w.svc.FileReport(ctx, w.ann, now, "V-001", report("2025-01-01", "2025-12-31"))
		w.ok(err)
		if got := list(vendors.Filter{Open: true}, paging.Query{}); got != "V-001" {
			t.Errorf("open: %q", got)
		}
		_, err = w.svc.WithdrawReport(ctx, w.ann, now, x.Ref, x.Version, "filed with the wrong vendor")
		w.ok(err)
		n, err := w.svc.Counts(ctx, w.Owner.ReadScope, today)
		w.ok(err)
		if n.Tiers[vendors.High] != 1 || n.Stages[vendors.Used] != 2 || n.NoReport != 1 || n.Gap != 0 || n.Overdue != 2 || n.Subservice != 1 {
			t.Errorf("%+v", n)
		}
		w.ok(w.svc.Remove(ctx, w.ann, now, "V-003", 1, "entered by mistake"))
		w.refused(w.svc.Remove(ctx, w.ann, now, "V-001", 0, "entered by mistake"), errs.Conflict, "", "which are evidence")
		w.add(vendors.Details{Name: "Fabrikam"}) // the name is free again
		entries, err := w.svc.Calendar(ctx, w.Owner.ReadScope, today+400)
		w.ok(err)
		var due []string
		for _, e := range entries {
			due = append(due, fmt.Sprintf("%s %s %s", e.Day, e.Vendor.Ref, e.What))
		}
		if got := strings.Join(due, ", "); got != "2024-05-01 V-001 assessment, 2024-08-01 V-001 performance" {
			t.Error(got)
		}
	})
}

func TestApplicationsAndRules(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(cloud)
		w.ok(w.svc.Own(ctx, w.ann, now, "Ledger", "it is our own product"))
		w.refused(w.svc.Own(ctx, w.ann, now, "Cloud console", "it is our own product"), errs.Invalid, "applications", "V-001")
		w.refused(w.svc.Own(ctx, w.ann, now, "Wiki", ""), errs.NotFound, "", "Wiki")
		got, err := w.svc.Applications(ctx, w.Owner.ReadScope, []string{"CLOUD console", "contoso cloud", "ledger", "Chat"})
		w.ok(err)
		if got["CLOUD console"].Vendor.Ref != "V-001" || got["contoso cloud"].Vendor.Ref != "V-001" || got["ledger"].Own == "" || got["Chat"] != (vendors.Behind{}) {
			t.Errorf("%+v", got)
		}
		r, err := w.svc.Rules(ctx, w.Owner.ReadScope)
		w.ok(err)
		if r.High != 365 || r.Version != 1 {
			t.Errorf("%+v", r)
		}
		bad := r
		bad.Medium = 100
		_, err = w.svc.SetRules(ctx, w.ann, now, r.Version, bad)
		w.refused(err, errs.Invalid, "medium", "more often")
		_, err = w.svc.SetRules(ctx, w.ann, now, 0, r)
		w.refused(err, errs.Conflict, "", "meanwhile")
		_, err = w.svc.Assess(ctx, w.ann, now, "V-001", vendors.Assessment{Purpose: vendors.Diligence, Answers: yes(vendors.Questions(vendors.Diligence)), Decision: vendors.Approved})
		w.ok(err)
		_, err = w.svc.Assess(ctx, w.ann, now, "V-001", vendors.Assessment{Purpose: vendors.Performance, Answers: yes(vendors.Questions(vendors.Performance)), Decision: vendors.Approved})
		w.ok(err)
		r.High, r.Performance = 30, 200
		_, err = w.svc.SetRules(ctx, w.ann, now, r.Version, r)
		w.ok(err)
		v, err := w.svc.Vendor(ctx, w.Owner.ReadScope, "V-001")
		w.ok(err)
		if v.NextDue != today+30 || v.NextWhat != vendors.DueAssessment {
			t.Errorf("%+v", v.Standing)
		}
		other, err := w.svc.Rules(ctx, w.OtherOwner.ReadScope)
		w.ok(err)
		if other.High != 365 || other.Version != 0 {
			t.Errorf("%+v", other)
		}
	})
}

func TestImport(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(cloud)
		rows := []vendors.Row{
			{Line: 2, Details: vendors.Details{Name: "contoso cloud", Owner: w.ann.User(), Criticality: vendors.LowLevel, Location: "Northland"}},
			{Line: 3, Details: vendors.Details{Name: "=HYPERLINK(\"x\")", Services: "<script>"}},
			{Line: 4, Details: vendors.Details{Name: "Fabrikam", Owner: "nobody@northwind.example"}},
			{Line: 5, Details: vendors.Details{Name: "Contoso Cloud"}},
		}
		for _, dry := range []bool{true, false} {
			out, err := w.svc.Import(ctx, w.ann, now, rows, dry)
			w.ok(err)
			var got []string
			for _, o := range out {
				got = append(got, fmt.Sprintf("%d %s %s", o.Line, o.Did, o.Field))
			}
			if s := strings.Join(got, ", "); s != "2 changed , 3 added , 4 refused owner, 5 refused name" {
				t.Error(dry, s)
			}
			if n, err := w.svc.CountAll(ctx, w.Owner.ReadScope, ""); err != nil || n != map[bool]int64{true: 1, false: 2}[dry] {
				t.Error(dry, n, err)
			}
		}
		out, err := w.svc.Import(ctx, w.ann, now, rows[:1], false)
		w.ok(err)
		if out[0].Did != vendors.DidLeave {
			t.Errorf("%+v", out)
		}
		_, err = w.svc.Import(ctx, w.ann, now, make([]vendors.Row, 50000), true)
		w.refused(err, errs.Exhausted, "", "50000 rows")
	})
}
