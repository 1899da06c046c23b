package engagementsql_test

import (
	"context"
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
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/org/orgsql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func day(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func over(first, last string) period.Period { return period.Closed(day(first), day(last)) }

func newService(t *testing.T, w *accesstest.World) *engagement.Service {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	store, controls := &engagementsql.Store{DB: w.DB, Ledger: w.Ledger}, &controlsql.Store{DB: w.DB}
	said := func(met *bool) engagement.Check {
		return func(context.Context, access.ReadScope, time.Time, engagement.Engagement) (bool, string, error) {
			return *met, "the file", nil
		}
	}
	yes, no := true, false
	return &engagement.Service{
		Store: store, Life: store, Catalog: c, Ledger: &ledger.Service{Store: w.Ledger}, Access: w.Access, Tx: w.DB,
		Controls: &control.Service{Store: controls, Complements: controls, Catalog: c, People: w.Access, Tx: w.DB, Ledger: w.Ledger},
		System:   &org.Service{Store: &orgsql.Store{DB: w.DB}, Catalog: c, Tx: w.DB, Ledger: w.Ledger},
		Checks:   map[string]engagement.Check{engagement.GateEngagementLetter: said(&yes), engagement.GateAssertion: said(&yes), engagement.GateRepresentation: said(&no)},
	}
}

func kind(t *testing.T, err error, want errs.Kind, words string) {
	t.Helper()
	if !errs.Is(err, want) || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %s with %q", err, want, words)
	}
}

// TestCreate: the rules of domain brief 1.2, and which report may be made of what.
func TestCreate(t *testing.T) {
	t.Parallel()
	w := accesstest.New(t, sqldbtest.SQLite(t))
	s := newService(t, w)
	security, year := []string{"security"}, over("2026-01-01", "2026-12-31")
	for i, x := range []struct {
		n    engagement.New
		kind string // of what is made; empty for a refusal
		says string // warnings or the refusal
	}{
		{engagement.New{Categories: security, Period: over("2025-01-01", "2025-12-31")}, "SOC 2 Type 2", ""},
		{engagement.New{Categories: security, Period: year}, "SOC 2 Type 2", ""},
		{engagement.New{Categories: security, Period: over("2027-01-03", "2027-12-31")}, "SOC 2 Type 2", "lie 2 days that no report covers"},
		{engagement.New{Categories: []string{"availability"}, Period: over("2026-01-01", "2026-02-28"), Plus: "HIPAA Security Rule"}, "SOC 2+ Type 2", "without Security"},
		{engagement.New{Categories: security, Period: over("2026-01-01", "2026-05-31")}, "SOC 2 Type 2", "shorter than the customary six months"},
		{engagement.New{Categories: security, Type: 1, Period: over("2026-06-30", "2026-06-30")}, "SOC 2 Type 1", ""},
		{engagement.New{Report: engagement.SOC3, From: "SOC2-2026-1"}, "SOC 3", ""},
		{engagement.New{Report: engagement.SOC1, Type: 1, Period: over("2026-06-30", "2026-06-30"), Objectives: []engagement.Objective{{ID: "itgc-01"}, {ID: "OWN-1", Statement: "Pay runs are released once."}}}, "SOC 1 Type 1", ""},
		{engagement.New{Report: engagement.SOC3, From: "SOC2-2026-4"}, "", "a SOC 3 comes from a SOC 2 Type 2"},
		{engagement.New{Report: engagement.SOC3}, "", "say from which"},
		{engagement.New{Report: engagement.SOC3, Type: 1, From: "SOC2-2026-1"}, "", "no Type 1"},
		{engagement.New{Report: "soc9", Categories: security, Period: year}, "", "no report"},
		{engagement.New{Categories: security, Type: 3, Period: year}, "", "of Type 1 or of Type 2"},
		{engagement.New{Categories: security, Type: 1, Period: year}, "", "one day"},
		{engagement.New{Categories: security, Period: over("2026-06-30", "2026-06-30")}, "", "after the day"},
		{engagement.New{Categories: security, Period: over("2026-06-30", "2026-01-01")}, "", "ends before it begins"},
		{engagement.New{Categories: security, Period: over("2020-01-01", "2026-01-01")}, "", "three years"},
		{engagement.New{Period: year}, "", "at least one category"},
		{engagement.New{Categories: security, Period: year, State: engagement.Draft}, "", "cannot be entered"},
		{engagement.New{Report: engagement.SOC1, Period: year}, "", "at least one control objective"},
		{engagement.New{Report: engagement.SOC1, Period: year, Objectives: []engagement.Objective{{ID: "ITGC-01"}, {ID: "ITGC-01"}}}, "", "stands twice"},
		{engagement.New{Report: engagement.SOC1, Period: year, Objectives: []engagement.Objective{{ID: "OWN-1"}}}, "", "says nothing"},
		{engagement.New{Report: engagement.SOC1, Period: year, Plus: "HIPAA", Objectives: []engagement.Objective{{ID: "ITGC-01"}}}, "", "only a SOC 2"},
	} {
		e, warnings, err := s.Create(t.Context(), w.Owner, now.Add(time.Duration(i)*time.Second), x.n)
		if x.kind == "" {
			kind(t, err, errs.Invalid, x.says)
			continue
		}
		if err != nil || e.Kind() != x.kind || !strings.Contains(strings.Join(warnings, "; "), x.says) || x.says == "" && len(warnings) > 0 {
			t.Errorf("%d: %s %q %v, want %s %q", i, e.Kind(), warnings, err, x.kind, x.says)
		}
		if kept, err := s.Store.Engagement(t.Context(), w.Owner.ReadScope, e.Ref); err != nil || kept.Status != engagement.Planning || len(kept.Objectives) != len(x.n.Objectives) || kept.Period.Days() == 0 {
			t.Errorf("%d: kept %+v, %v", i, kept, err)
		}
	}
	_, _, err := s.Create(t.Context(), w.Member(t, "owner.of.controls@northwind.example", access.ControlOwner), now, engagement.New{Categories: security, Period: year})
	kind(t, err, errs.Denied, "may not manage engagements")
	if err := engagement.ReportDate(engagement.Engagement{Period: year}, day("2027-01-31"), day("2027-01-05"), day("2027-01-31")); err != nil {
		t.Error(err)
	}
	for _, d := range [][3]string{{"2026-12-30", "2026-01-01", "2026-01-01"}, {"2027-01-31", "2027-02-01", "2027-01-01"}, {"2027-01-31", "2027-01-01", "2027-02-01"}} {
		kind(t, engagement.ReportDate(engagement.Engagement{Period: year}, day(d[0]), day(d[1]), day(d[2])), errs.Invalid, "dated before")
	}
}

// TestLife takes engagements through every state: what holds them, who may move them, which ways back there are.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := accesstest.New(t, db)
		s := newService(t, w)
		ctx, at := t.Context(), now
		if _, err := s.Controls.Adopt(ctx, w.Operator, now.AddDate(0, 0, -1), control.Adoption{Categories: []catalog.CategoryID{catalog.Security}, Approve: true}); err != nil {
			t.Fatal(err)
		}
		e, _, err := s.Create(ctx, w.Owner, now, engagement.New{Categories: []string{"security"}, Period: over("2026-02-01", "2026-08-31")})
		if err != nil {
			t.Fatal(err)
		}
		a := w.Audit(t, "harlow", string(e.ID))
		shared, err := a.Staff.Shared()
		if err != nil {
			t.Fatal(err)
		}
		move := func(by access.Scope, to engagement.State, why string) error {
			t.Helper()
			at = at.Add(time.Hour)
			moved, err := s.Move(ctx, by, at, e.Ref, e.Version, to, why)
			if err == nil {
				e = moved
			}
			return err
		}
		confirm := func(by access.Scope) {
			t.Helper()
			gates, err := s.Gates(ctx, by.ReadScope, at, e)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range gates {
				if at = at.Add(time.Minute); g.Computed || g.Met {
					continue
				}
				if _, err := s.Confirm(ctx, by, at, e.Ref, g.Key, "Seen by the sponsor."); err != nil {
					t.Fatal(g.Key, err)
				}
			}
		}
		next := func(by access.Scope) error { t.Helper(); confirm(by); to, _ := e.Next(); return move(by, to, "") }

		kind(t, move(w.Owner, engagement.Scoping, ""), errs.Conflict, "Which report is needed was decided")
		kind(t, move(w.Owner, engagement.PBC, ""), errs.Conflict, "cannot go to requests")
		kind(t, move(shared, engagement.Scoping, ""), errs.Denied, "")
		_, err = s.Confirm(ctx, w.Owner, at, e.Ref, "requests_accepted", "Early.")
		kind(t, err, errs.Conflict, "no condition of it")
		for _, want := range []engagement.State{engagement.Scoping, engagement.Readiness} {
			if err := next(w.Owner); err != nil || e.Status != want {
				t.Fatalf("%s, %v", e.Status, err)
			}
		}
		kind(t, next(w.Owner), errs.Conflict, "Without an owner")
		rows, err := s.Controls.AsOf(ctx, w.Owner.ReadScope, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range rows {
			if _, err := s.Controls.Assign(ctx, w.Owner, at, c.Ref, string(w.OwnerUser.ID), ""); err != nil {
				t.Fatal(err)
			}
		}
		// Before the auditor is engaged a change of scope holds at once, and needs no reason.
		terms := e.Terms()
		terms.Categories = []string{"security", "privacy"}
		c, _, err := s.ChangeScope(ctx, w.Owner, at, e.Ref, e.Version, terms, "")
		if err != nil || c.State != engagement.Applied {
			t.Fatal(c, err)
		}
		e.Version++
		kind(t, next(w.Owner), errs.Conflict, "No control, and no reason: P")
		terms.Categories = []string{"security"}
		if _, _, err = s.ChangeScope(ctx, w.Owner, at, e.Ref, e.Version, terms, "No commitment to individuals."); err != nil {
			t.Fatal(err)
		}
		if e, err = s.Store.Engagement(ctx, w.Owner.ReadScope, e.Ref); err != nil {
			t.Fatal(err)
		}
		for _, want := range []engagement.State{engagement.Remediation, engagement.AuditorEngaged, engagement.Observation} {
			if err := next(w.Owner); err != nil || e.Status != want {
				t.Fatalf("%s, %v", e.Status, err)
			}
		}
		kind(t, next(w.Owner), errs.Conflict, "The end of the period is reached")
		_, err = s.Confirm(ctx, w.Owner, at, e.Ref, "period_over", "Surely.")
		kind(t, err, errs.Invalid, "cannot be confirmed by hand")

		// Now a change of scope waits for the auditor.
		terms.Period = over("2026-02-01", "2026-07-31")
		_, _, err = s.ChangeScope(ctx, w.Owner, at, e.Ref, e.Version, terms, "")
		kind(t, err, errs.Invalid, "the reason")
		if c, _, err = s.ChangeScope(ctx, w.Owner, at, e.Ref, e.Version, terms, "The customer's year ends in July."); err != nil || c.State != engagement.Proposed || c.N != 3 {
			t.Fatal(c, err)
		}
		_, _, err = s.ChangeScope(ctx, w.Owner, at, e.Ref, e.Version, terms, "The customer's year ends in July.")
		kind(t, err, errs.Conflict, "waits for the auditor")
		_, err = s.DecideScope(ctx, a.Staff, at, c.N, true, "")
		kind(t, err, errs.Denied, "")
		at = time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)
		kind(t, next(w.Owner), errs.Conflict, "consented to the change")
		if _, err = s.DecideScope(ctx, a.Senior, at, c.N, false, "The period was fixed in the letter."); err != nil {
			t.Fatal(err)
		}
		_, err = s.DecideScope(ctx, a.Senior, at, c.N, true, "")
		kind(t, err, errs.Conflict, "refused already")
		if c, _, err = s.ChangeScope(ctx, w.Owner, at, e.Ref, e.Version, terms, "The letter was amended on 28 August."); err != nil {
			t.Fatal(err)
		}
		if e, err = s.DecideScope(ctx, a.Partner, at, c.N, true, ""); err != nil || e.Period.Last() != day("2026-07-31") {
			t.Fatal(e, err)
		}
		if err := next(w.Owner); err != nil || e.Status != engagement.PBC {
			t.Fatal(e.Status, err)
		}
		if err := next(shared); err != nil || e.Status != engagement.Fieldwork { // the auditor's own states
			t.Fatal(e.Status, err)
		}
		kind(t, move(w.Owner, engagement.PBC, ""), errs.Invalid, "the reason")
		if err := move(shared, engagement.PBC, "Two populations do not reconcile."); err != nil {
			t.Fatal(err)
		}
		kind(t, move(shared, engagement.Fieldwork, ""), errs.Conflict, "Every request is accepted") // what was confirmed before does not hold any more
		for range 3 {
			if err := next(w.Owner); err != nil {
				t.Fatal(e.Status, err)
			}
		}
		kind(t, next(w.Owner), errs.Conflict, "The representation letter is signed")
		_, err = s.Move(ctx, w.Owner, at, e.Ref, e.Version-1, engagement.Cancelled, "Nobody needs it.")
		kind(t, err, errs.Conflict, "changed meanwhile")
		delete(s.Checks, engagement.GateRepresentation)
		for _, want := range []engagement.State{engagement.Issued, engagement.Maintained} {
			if err := next(w.Owner); err != nil || e.Status != want {
				t.Fatal(e.Status, err)
			}
		}
		if _, ok := e.Next(); ok {
			t.Error("something follows the last state")
		}
		steps, err := s.History(ctx, w.Owner.ReadScope, e.ID)
		if err != nil || len(steps) != 13 || steps[7].Reason == "" || len(steps[0].Gates) != 1 || steps[0].Gates[0].Says != "Seen by the sponsor." {
			t.Errorf("%d steps, %+v, %v", len(steps), steps[0], err)
		}
		if n := len(w.Entries(t, w.Owner, "engagement.moved")); n != len(steps) {
			t.Errorf("%d entries for %d steps", n, len(steps))
		}
		// Both trails know of the consent; the other organisation knows of nothing.
		if n := len(w.Entries(t, a.Partner.Firm, "engagement.scope_decided")); n != 2 {
			t.Errorf("%d entries in the firm's trail", n)
		}
		_, err = s.Move(ctx, w.OtherOwner, at, string(e.ID), e.Version, engagement.Cancelled, "Not ours.")
		kind(t, err, errs.NotFound, "")

		if _, err := s.RecordFirm(ctx, w.Owner, at, e.Ref, e.Version, engagement.FirmFacts{Name: "Marlowe & Pike LLP", Licence: "State board, 12345", PeerReview: day("2025-10-01")}); err != nil {
			t.Error(err)
		}
		one, _, err := s.Create(ctx, w.Owner, at, engagement.New{Categories: []string{"security"}, Type: 1, Period: over("2026-12-31", "2026-12-31")})
		if err != nil || len(engagement.States(one.Type)) != 11 {
			t.Error(one, err)
		}
		if one, err = s.Move(ctx, w.Owner, at, one.Ref, one.Version, engagement.Cancelled, "Type 2 is asked for."); err != nil || one.Status != engagement.Cancelled {
			t.Error(one, err)
		}
	})
}
