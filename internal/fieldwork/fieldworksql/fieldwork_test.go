package fieldworksql_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/engagement/engagementsql"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/fieldwork/fieldworksql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/platform/tilelog"
)

var now = accesstest.Now

type world struct {
	*accesstest.World
	accesstest.Auditors
	t    *testing.T
	svc  *fieldwork.Service
	n    int
	lead access.Scope

	engagements *engagementsql.Store
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	w.ok(err)
	controls := &controlsql.Store{DB: db}
	cs := &control.Service{Store: controls, Complements: controls, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
	_, err = cs.Adopt(t.Context(), w.Operator, now, control.Adoption{Refs: []string{"IAM-03", "IAM-05", "IAM-07"}, Approve: true})
	w.ok(err)
	engagements := &engagementsql.Store{DB: db}
	w.engagements = engagements
	e, err := engagements.Add(t.Context(), w.Owner, engagement.Engagement{ID: "eng_test", Report: "soc2", Type: 2, Title: "SOC 2", Categories: []string{"security"},
		Period: period.Closed(period.Make(2025, 1, 1), period.Make(2025, 12, 31)), Status: "fieldwork", Created: now, By: "test"})
	w.ok(err)
	w.Auditors = w.Audit(t, "marlowe-pike", string(e.ID))
	store := &fieldworksql.Store{DB: db}
	w.svc = &fieldwork.Service{Populations: store, Papers: store, Findings: store, Firm: store, Engagements: engagements, Controls: cs, Catalog: c, Tx: db, Ledger: w.Ledger, Evidence: &evidencesql.Store{DB: db}, Around: around{}, Answers: around{}}
	skey, vkey, err := tilelog.NewKey("northwind.example/ledger", rand.Reader)
	w.ok(err)
	log, err := tilelog.Open(filepath.Join(t.TempDir(), "log"), skey, vkey, w.Ledger.Guard)
	w.ok(err)
	w.svc.Chain = &ledger.Service{Store: w.Ledger, Sealing: w.Ledger, Log: log, Tx: db}
	w.lead = w.Member(t, "lead@northwind.example", access.ComplianceLead)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err, errs.HintOf(err))
	}
}

func (w *world) refused(err error, k errs.Kind, part string) {
	w.t.Helper()
	if errs.KindOf(err) != k || !strings.Contains(fmt.Sprint(err), part) {
		w.t.Errorf("%v, want %s: %s", err, k, part)
	}
}

// tick is the next minute.
func (w *world) tick() time.Time {
	w.n++
	return now.Add(time.Duration(w.n) * time.Minute)
}

func leavers(n int) fieldwork.Take {
	t := fieldwork.Take{Control: "IAM-03", Title: "Leavers", Member: "a person who left", Source: fieldwork.FromUpload, Name: "leavers.csv", Columns: []string{"Number", "Name", "Left on", "State"}}
	for i := range n {
		day := period.Make(2025, 1, 1) + period.Date(i*364/n)
		t.Rows = append(t.Rows, []string{fmt.Sprintf("T-%03d", i+1), fmt.Sprintf("Person %d", i+1), day.String(), "left"})
	}
	t.Rows = append(t.Rows, []string{"T-900", "Hired", "2025-03-01", "active"}, []string{"T-901", "Earlier", "2024-12-31", "left"})
	return t
}

func (w *world) frozen(take fieldwork.Take) fieldwork.Population {
	w.t.Helper()
	ctx, a := w.t.Context(), w.Staff
	p, err := w.svc.Take(ctx, a, w.tick(), take)
	w.ok(err)
	second := int64(100)
	c := fieldwork.Complete{Title: p.Title, Member: p.Member, Shape: p.Shape}
	c.Shape.Where, c.Shape.InPeriod = fieldwork.Condition{Column: 3, Is: "is", Value: "left"}, true
	_, err = w.svc.Freeze(ctx, a, w.tick(), p.Ref, p.Version, c)
	w.refused(err, errs.Invalid, "No independent source")
	c.Second, c.SecondOf, c.Tracing = &second, "Payroll register", "Looked at the query of the export, and traced five both ways."
	_, err = w.svc.Freeze(ctx, w.Quality, w.tick(), p.Ref, p.Version, c)
	w.refused(err, errs.Denied, "may not examine")
	p, err = w.svc.Freeze(ctx, a, w.tick(), p.Ref, p.Version, c)
	w.ok(err)
	if !p.Reconciled() || p.Rows != 100 || p.Read != 102 || len(p.SHA256) != 64 {
		w.t.Fatalf("%+v", p)
	}
	_, err = w.svc.Freeze(ctx, a, w.tick(), p.Ref, p.Version, c)
	w.refused(err, errs.Conflict, "is frozen")
	w.refused(w.svc.Drop(ctx, a, w.tick(), p.Ref), errs.Conflict, "frozen population stays")
	return p
}

// TestLife carries a control from its population to section IV, with two people of the firm and one of the client.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx, a := t.Context(), w.Staff
		pop := w.frozen(leavers(100))
		made, err := w.svc.BeginAll(ctx, a, w.tick())
		w.ok(err)
		papers, err := w.svc.AllPapers(ctx, a)
		w.ok(err)
		if made != 3 || len(papers) != 3 {
			t.Fatal(made, papers)
		}
		again, err := w.svc.BeginAll(ctx, a, w.tick())
		w.ok(err)
		if again != 0 {
			t.Error("a second paper for the same control")
		}
		p := papers[0]
		for _, x := range papers {
			if x.Control == "IAM-03" {
				p = x
			}
		}
		_, err = w.svc.SetPlan(ctx, a, w.tick(), p.Ref, p.Version, fieldwork.Planning{Title: p.Title, Plan: "Compare", Attributes: []fieldwork.Attribute{
			{Letter: "A", Text: "Leaving date agrees with the record", Nature: fieldwork.Inquiry}, {Letter: "B", Text: "Account disabled in time", Nature: fieldwork.Inquiry}}})
		w.ok(err)
		_, err = w.svc.SetPlan(ctx, w.Senior, w.tick(), p.Ref, p.Version, fieldwork.Planning{Title: "Other", Attributes: []fieldwork.Attribute{{Letter: "A", Text: "x", Nature: fieldwork.Inspection}}})
		var stale *fieldwork.Stale
		if !errors.As(err, &stale) || stale.Theirs.Version != p.Version+1 {
			t.Error("two at once:", err)
		}
		w.sampled(&p, pop)
		w.marked(&p)
		w.linked(p)
		w.concluded(&p)
		w.since(p)
		w.bundled(p)
		w.method(p)
		w.invisible(p)
		w.rolled(p)
		w.removed(p)
	})
}

// sampled draws, draws again, voids and extends.
func (w *world) sampled(p *fieldwork.Paper, pop fieldwork.Population) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.Staff
	z := fieldwork.Sizing{Method: fieldwork.ByStatistics, Risk: "low", Confidence: 9000, Tolerable: 1000, Strata: "month"}
	got, err := w.svc.Draw(ctx, a, w.tick(), p.Ref, 0, pop.Ref, z)
	w.ok(err)
	if got.Sample.Size != 18 || got.Sample.Seed == "" || got.Population != pop.ID {
		w.t.Errorf("%+v", got.Sample)
	}
	_, err = w.svc.Draw(ctx, a, w.tick(), p.Ref, 0, pop.Ref, z)
	w.refused(err, errs.Conflict, "drawn once")
	same, again, err := w.svc.Redraw(ctx, w.Quality, p.Ref)
	w.ok(err)
	if !same || len(again) != 18 {
		w.t.Error("drawn again:", same, len(again))
	}
	months := map[string]bool{}
	for _, x := range again {
		months[x.Stratum] = true
	}
	if len(months) != 12 {
		w.t.Error("months:", months)
	}
	_, err = w.svc.Void(ctx, a, w.tick(), p.Ref, 3, "short")
	w.refused(err, errs.Invalid, "at least")
	_, err = w.svc.Void(ctx, a, w.tick(), p.Ref, 3, "An intern without any account, so that nothing applies")
	w.ok(err)
	_, err = w.svc.Extend(ctx, a, w.tick(), p.Ref, 0, "Just to see whether it becomes better")
	w.refused(err, errs.Conflict, "within the 0")
	if same, again, err = w.svc.Redraw(ctx, a, p.Ref); !same || len(again) != 19 || err != nil {
		w.t.Error("after a replacement:", same, len(again), err)
	}
	entries := w.Entries(w.t, w.firmScope(), "sample.")
	if len(entries) != 3 || entries[0].Kind != "sample.planned" || entries[0].Says["seed"] != got.Sample.Seed || entries[1].Kind != "sample.drawn" {
		w.t.Error(entries)
	}
}

func (w *world) firmScope() access.Scope { return w.Partner.Firm }

// marked ticks with two at once, finds, extends and shares.
func (w *world) marked(p *fieldwork.Paper) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.Staff
	var marks []fieldwork.Marking
	for n := 1; n <= 19; n++ {
		if n == 3 {
			continue
		}
		for _, l := range []string{"A", "B"} {
			m := fieldwork.Tick
			if n == 7 && l == "B" {
				m = fieldwork.Exception
			}
			marks = append(marks, fieldwork.Marking{N: n, Letter: l, Mark: m})
		}
	}
	got, err := w.svc.Mark(ctx, a, w.tick(), p.Ref, marks[1:])
	w.ok(err)
	if len(got.Kept) != 35 || len(got.Stale) != 0 {
		w.t.Error(len(got.Kept), got.Stale)
	}
	_, err = w.svc.Conclude(ctx, a, w.tick(), p.Ref, 0, fieldwork.EffectiveWithDeviation, "One of twenty was late")
	w.refused(err, errs.Conflict, "1 of 36 marks are open")
	note := "Seen in the record"
	got, err = w.svc.Mark(ctx, w.Senior, w.tick(), p.Ref, []fieldwork.Marking{{N: 1, Letter: "A", Mark: fieldwork.Tick, Note: &note}, {N: 7, Letter: "B", Mark: fieldwork.Tick}})
	w.ok(err)
	if len(got.Kept) != 1 || len(got.Stale) != 1 || got.Stale[0].Mark != fieldwork.Exception {
		w.t.Errorf("two at once: %+v", got)
	}
	_, err = w.svc.Mark(ctx, a, w.tick(), p.Ref, []fieldwork.Marking{{N: 3, Letter: "A", Mark: fieldwork.Tick}})
	w.refused(err, errs.Conflict, "void")
	_, err = w.svc.Mark(ctx, w.Quality, w.tick(), p.Ref, marks[:1])
	w.refused(err, errs.Denied, "may not examine")
	_, err = w.svc.Conclude(ctx, a, w.tick(), p.Ref, 0, fieldwork.EffectiveWithDeviation, "One of twenty was late")
	w.refused(err, errs.Conflict, "inquiry alone")
	_, err = w.svc.SetPlan(ctx, a, w.tick(), p.Ref, 0, fieldwork.Planning{Title: p.Title, Attributes: []fieldwork.Attribute{{Letter: "A", Text: "Leaving date agrees", Nature: fieldwork.Inspection}}})
	w.refused(err, errs.Conflict, "attribute B has marks")
	_, err = w.svc.SetPlan(ctx, a, w.tick(), p.Ref, 0, fieldwork.Planning{Title: p.Title, Attributes: []fieldwork.Attribute{
		{Letter: "A", Text: "Leaving date agrees", Nature: fieldwork.Inspection}, {Letter: "B", Text: "Account disabled in time", Nature: fieldwork.Reperformance}}})
	w.ok(err)
	_, err = w.svc.Conclude(ctx, a, w.tick(), p.Ref, 0, fieldwork.NotEffective, "One of twenty was late")
	w.refused(err, errs.Conflict, "in no finding")
	f, err := w.svc.Report(ctx, a, w.tick(), p.Ref, nil, fieldwork.Facts{Title: "Access removed late", Nature: "operation", Cause: "The form came late", Detected: true})
	w.ok(err)
	if f.Ref != "F-01" || f.Count != 1 || f.Of != 18 || len(f.Items) != 1 {
		w.t.Errorf("%+v", f)
	}
	if shared, err := w.svc.SharedWith(ctx, w.lead.ReadScope, p.Engagement); len(shared) != 0 || err != nil {
		w.t.Error("the client sees what was not shared:", shared, err)
	}
	_, err = w.svc.Share(ctx, a, w.tick(), f.Ref)
	w.ok(err)
	_, err = w.svc.Respond(ctx, w.lead, w.tick(), p.Engagement, f.Ref, 1, "The form is now sent by the system of record.", "31 Mar 2026")
	w.ok(err)
	_, err = w.svc.Respond(ctx, w.lead, w.tick(), p.Engagement, f.Ref, 1, "Something else altogether.", "")
	w.refused(err, errs.Conflict, "changed meanwhile")
	_, err = w.svc.Mark(ctx, a, w.tick(), p.Ref, []fieldwork.Marking{{N: 7, Letter: "B", Mark: fieldwork.Tick, Base: 2}})
	w.refused(err, errs.Conflict, "F-01 reports")
	got1, err := w.svc.Extend(ctx, a, w.tick(), p.Ref, 0, "One deviation was not expected; seen as isolated")
	w.ok(err)
	if got1.Sample.Extended != 30 {
		w.t.Error(got1.Sample.Extended)
	}
	_, err = w.svc.Extend(ctx, a, w.tick(), p.Ref, 0, "Once more, to see whether it becomes better")
	w.refused(err, errs.Conflict, "once only")
	marks = nil
	for n := 20; n <= 19+got1.Sample.Extended-18; n++ {
		marks = append(marks, fieldwork.Marking{N: n, Letter: "A", Mark: fieldwork.Tick}, fieldwork.Marking{N: n, Letter: "B", Mark: fieldwork.Tick})
	}
	_, err = w.svc.Mark(ctx, a, w.tick(), p.Ref, marks)
	w.ok(err)
}

// concluded signs with two people, opens again, and reads the criteria and section IV.
func (w *world) concluded(p *fieldwork.Paper) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.Senior
	_, err := w.svc.Conclude(ctx, a, w.tick(), p.Ref, 0, fieldwork.Effective, "Everything was as it should be")
	w.refused(err, errs.Conflict, "1 items deviate")
	_, err = w.svc.Conclude(ctx, a, w.tick(), p.Ref, 0, fieldwork.NoOccurrence, "Nobody left in the whole period")
	w.refused(err, errs.Conflict, "without a row")
	_, err = w.svc.Conclude(ctx, a, w.tick(), p.Ref, 0, fieldwork.EffectiveWithDeviation, "One isolated deviation in 30")
	w.ok(err)
	n, err := w.svc.Remark(ctx, w.Quality, w.tick(), p.Ref, "Did the account sign in before it was disabled?")
	w.ok(err)
	_, err = w.svc.Sign(ctx, a, w.tick(), p.Ref, 0)
	w.refused(err, errs.Conflict, "notes that are open")
	w.ok(w.svc.Clear(ctx, a, w.tick(), p.Ref, n.N, "It did not; the log is EV-2025-00001"))
	_, err = w.svc.Sign(ctx, a, now.Add(-time.Hour), p.Ref, 0)
	w.refused(err, errs.Conflict, "the clock says 2026-03-01 11:00:00 UTC")
	_, err = w.svc.Sign(ctx, a, w.tick(), p.Ref, 0)
	w.ok(err)
	_, err = w.svc.Review(ctx, w.Partner, now, p.Ref, 0)
	w.refused(err, errs.Conflict, "the clock says 2026-03-01 12:00:00 UTC")
	_, err = w.svc.Mark(ctx, a, w.tick(), p.Ref, []fieldwork.Marking{{N: 1, Letter: "A", Mark: fieldwork.Open, Base: 1}})
	w.refused(err, errs.Conflict, "signed off")
	_, err = w.svc.Review(ctx, a, w.tick(), p.Ref, 0)
	w.refused(err, errs.Denied, "somebody else")
	_, err = w.svc.Review(ctx, w.Staff, w.tick(), p.Ref, 0)
	w.refused(err, errs.Denied, "review workpapers")
	_, err = w.svc.Review(ctx, w.Partner, w.tick(), p.Ref, 0)
	w.ok(err)
	_, err = w.svc.Reopen(ctx, w.Partner, w.tick(), p.Ref, 0, "The evidence of item 7 is to be added")
	w.ok(err)
	_, err = w.svc.Sign(ctx, a, w.tick(), p.Ref, 0)
	w.ok(err)
	_, err = w.svc.Review(ctx, w.Partner, w.tick(), p.Ref, 0)
	w.ok(err)

	rows, err := w.svc.Section(ctx, a)
	w.ok(err)
	found := false
	for _, r := range rows {
		if r.Test == p.Ref && len(r.Deviations) == 1 {
			found = true
			if d := r.Deviations[0]; d.Count != 1 || !strings.Contains(d.Response, "system of record") || r.Size != 30 || d.Of != 30 || !r.Reviewed || r.Result == "" {
				w.t.Errorf("%+v", r)
			}
		} else if r.Result != "Not concluded" {
			w.t.Errorf("%+v", r)
		}
	}
	if !found {
		w.t.Error("the deviation is in no row of section IV")
	}
	_, err = w.svc.Opine(ctx, a, w.tick(), "design", 0, "unmodified", "")
	w.refused(err, errs.Denied, "enter the opinion")
	_, err = w.svc.Opine(ctx, w.Partner, w.tick(), "operation", 0, "qualified", "")
	w.refused(err, errs.Invalid, "basis")
	_, err = w.svc.Opine(ctx, w.Partner, w.tick(), "operation", 0, "qualified", "Removal of access was late throughout the period")
	w.ok(err)
	_, err = w.svc.Opine(ctx, w.Partner, w.tick(), "operation", 0, "unmodified", "")
	w.refused(err, errs.Conflict, "meanwhile")
	m := fieldwork.Begun()
	m.Why = "More items for controls that run once a day"
	m.Table.Rows[5].Moderate = 30
	_, err = w.svc.SetMethod(ctx, a.Firm, w.tick(), 0, m)
	w.refused(err, errs.Denied, "methodology")
	_, err = w.svc.SetMethod(ctx, w.Partner.Firm, w.tick(), 0, m)
	w.ok(err)
	if kept, err := w.svc.Method(ctx, a); err != nil || kept.Version != 1 || kept.Table.Rows[5].Moderate != 30 {
		w.t.Error(kept, err)
	}
}

// invisible holds that neither another firm nor the client reaches the firm's work, and that the client's trail has facts alone.
func (w *world) invisible(p fieldwork.Paper) {
	w.t.Helper()
	ctx := w.t.Context()
	other := w.Audit(w.t, "other-firm", "eng_other").Partner
	other.Engagement = p.Engagement
	_, err := w.svc.Sheet(ctx, other, string(p.ID))
	w.refused(err, errs.NotFound, "no workpaper")
	if res, err := w.svc.ListPopulations(ctx, other, paging.Query{}); err != nil || res.Total != 0 {
		w.t.Error(res, err)
	}
	for _, e := range w.Entries(w.t, w.Owner, "") {
		for _, secret := range []string{"work.", "note.", "paper.", "deviation.", "paper.concluded", "sample.drawn", "opinion."} {
			if strings.HasPrefix(e.Kind, secret) {
				w.t.Errorf("the client's trail has %s", e.Kind)
			}
		}
	}
	if f := w.Entries(w.t, w.Owner, "population.frozen"); len(f) != 1 || f[0].Says["sha256"] == nil {
		w.t.Error(f)
	}
	// An empty population proves that nothing happened; only then it may be concluded.
	papers, err := w.svc.AllPapers(ctx, w.Staff)
	w.ok(err)
	for _, x := range papers {
		if x.Control != "IAM-05" {
			continue
		}
		zero := int64(0)
		take := fieldwork.Take{Title: "No emergency access", Source: fieldwork.FromList, Columns: []string{"Request"}}
		e, err := w.svc.Take(ctx, w.Staff, w.tick(), take)
		w.ok(err)
		c := fieldwork.Complete{Title: e.Title, Shape: e.Shape, Second: &zero, SecondOf: "Ticket queue"}
		c.Shape.Key = 0
		_, err = w.svc.Freeze(ctx, w.Staff, w.tick(), e.Ref, 0, c)
		w.refused(err, errs.Invalid, "nothing happened")
		c.Tracing = "The queue was searched for the whole period and had none."
		e, err = w.svc.Freeze(ctx, w.Staff, w.tick(), e.Ref, 0, c)
		w.ok(err)
		_, err = w.svc.Choose(ctx, w.Staff, w.tick(), x.Ref, 0, e.Ref)
		w.ok(err)
		_, err = w.svc.Draw(ctx, w.Staff, w.tick(), x.Ref, 0, e.Ref, fieldwork.Sizing{Method: fieldwork.ByTable, Risk: "low", Confidence: 9000, Tolerable: 1000})
		w.refused(err, errs.Conflict, "nothing to draw")
		_, err = w.svc.Conclude(ctx, w.Staff, w.tick(), x.Ref, 0, fieldwork.NoOccurrence, "Nothing of the kind happened")
		w.ok(err)
	}
	st, err := w.svc.Standings(ctx, w.Staff)
	w.ok(err)
	if len(st) != 33 {
		w.t.Error(len(st))
	}
}
