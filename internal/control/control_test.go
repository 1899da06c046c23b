package control_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

type world struct {
	*accesstest.World
	t    *testing.T
	svc  *control.Service
	lead access.Scope // of another person than the owner
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	store := &controlsql.Store{DB: db}
	w.svc = &control.Service{Store: store, Complements: store, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
	w.lead = w.Member(t, "lead@northwind.example", access.ComplianceLead)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k errs.Kind, part string) {
	w.t.Helper()
	if !errs.Is(err, k) || !strings.Contains(err.Error(), part) {
		w.t.Errorf("%v (%v), want %v with %q", err, errs.KindOf(err), k, part)
	}
}

func text(title string) control.Text {
	return control.Text{
		Title: title, Statement: "Reception collects the badge of every leaver on the last day.", Type: catalog.Preventive, Nature: catalog.Manual,
		Frequency: catalog.PerEvent, OwnerRole: "Facilities lead", Evidence: []string{"Badge log"}, Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC6.4"}},
	}
}

const why = "asked for by the facilities review"

func refs(list []control.Control) string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s/%d", c.Ref, c.Version.Number))
	}
	return strings.Join(out, " ")
}

// TestLife takes one control through everything that can happen to it, and looks back at each instant.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		c, err := w.svc.Create(ctx, w.Owner, hours(0), "NWT-01", text("Badges are collected"), "")
		w.ok(err)
		if c.Version.Status != control.Draft || c.Draft != 1 || c.InForce() || c.Prefix() != "NWT" {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.Approve(ctx, w.Owner, hours(1), "NWT-01", 1)
		w.refused(err, errs.Denied, "written by you")
		c, err = w.svc.Approve(ctx, w.lead, hours(1), "NWT-01", 1)
		w.ok(err)
		if !c.InForce() || c.Draft != 0 || c.Version.ApprovedBy != w.lead.Actor() || !c.Version.ApprovedAt.Equal(hours(1)) {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.Approve(ctx, w.lead, hours(1), "NWT-01", 1)
		w.refused(err, errs.Conflict, "approved, not a draft")

		second := text("Badges come back")
		second.GraceHours = 24
		c, err = w.svc.Propose(ctx, w.lead, hours(2), "NWT-01", 1, second, why)
		w.ok(err)
		if c.Version.Number != 1 || c.Draft != 2 || c.Newest != 2 {
			t.Errorf("a draft must not count yet: %+v", c)
		}
		c, err = w.svc.Approve(ctx, w.Owner, hours(3), "NWT-01", 2)
		w.ok(err)
		if c.Version.Title != "Badges come back" || c.Version.GraceHours != 24 || c.Draft != 0 {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.Propose(ctx, w.lead, hours(4), "NWT-01", 2, text("Never approved"), why)
		w.ok(err)
		c, err = w.svc.Retire(ctx, w.Owner, hours(5), "NWT-01", 3, "the office is closed")
		w.ok(err)
		if c.Version.Status != control.Retired || c.Version.Number != 4 || c.Version.Title != "Badges come back" || c.Draft != 0 || c.InForce() {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.Retire(ctx, w.Owner, hours(5), "NWT-01", 4, "the office is closed")
		w.refused(err, errs.Conflict, "retired already")
		_, err = w.svc.Propose(ctx, w.lead, hours(6), "NWT-01", 4, second, "the office opened again")
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.Owner, hours(7), "NWT-01", 5)
		w.ok(err)

		for at, want := range map[int]string{-1: "", 0: "", 1: "NWT-01/1", 2: "NWT-01/1", 3: "NWT-01/2", 4: "NWT-01/2", 5: "", 6: "", 7: "NWT-01/5", 100: "NWT-01/5"} {
			got, err := w.svc.AsOf(ctx, w.Owner.ReadScope, hours(at))
			w.ok(err)
			if refs(got) != want {
				t.Errorf("as of hour %d: %q, want %q", at, refs(got), want)
			}
		}
		w.history()
		var kinds []string
		for _, e := range w.Entries(t, w.Owner, "control.") {
			kinds = append(kinds, strings.TrimPrefix(e.Kind, "control."))
			if e.Subject != string(c.ID) || e.Says["ref"] != "NWT-01" {
				t.Errorf("%+v", e)
			}
		}
		if got := strings.Join(kinds, " "); got != "created approved proposed approved proposed retired proposed approved" {
			t.Error(got)
		}
	})
}

// history checks what TestLife left.
func (w *world) history() {
	t := w.t
	t.Helper()
	h, err := w.svc.History(t.Context(), w.Owner.ReadScope, "NWT-01")
	w.ok(err)
	var got []string
	for _, r := range h.Revisions {
		s := fmt.Sprintf("%d %s", r.Number, r.Status)
		if r.From != nil {
			s += fmt.Sprintf(" from %.0f", r.From.Sub(now).Hours())
		}
		if r.Until != nil {
			s += fmt.Sprintf(" until %.0f", r.Until.Sub(now).Hours())
		}
		for _, c := range r.Changes {
			s += " " + c.Field
		}
		got = append(got, s)
	}
	want := []string{
		"5 approved from 7", "4 retired title grace_hours", "3 draft title grace_hours", "2 approved from 3 until 5 title grace_hours", "1 approved from 1 until 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for _, ref := range []string{"", "nwt-01", "N-01", "NWTRAD-01", "NWT-1", "NWT-0001", "NWT01", "NWT-01x"} {
			_, err := w.svc.Create(ctx, w.Owner, now, ref, text("Badges are collected"), "")
			w.refused(err, errs.Invalid, "no control reference")
		}
		_, err := w.svc.Create(ctx, w.Owner, now, "NWT-01", control.Text{}, "")
		w.refused(err, errs.Invalid, "title")
		_, err = w.svc.Create(ctx, w.Owner, now, "NWT-01", text("Badges are collected"), "short")
		w.refused(err, errs.Invalid, "note")
		_, err = w.svc.Create(ctx, w.Owner, now, " NWT-01 ", text("Badges are collected"), why)
		w.ok(err)
		_, err = w.svc.Create(ctx, w.lead, now, "NWT-01", text("Another one"), "")
		w.refused(err, errs.Conflict, "NWT-01 already")
		if errs.HintOf(err) == "" || errs.FieldOf(err) != "ref" {
			t.Error("no hint")
		}
		// The other organisation has a name space of its own.
		_, err = w.svc.Create(ctx, w.OtherOwner, now, "NWT-01", text("Theirs"), "")
		w.ok(err)
		if n := len(w.Entries(t, w.Owner, "control.")); n != 1 {
			t.Errorf("%d ledger entries for one control", n)
		}
	})
}

// TestConflict has two people edit one version: the second learns what the first wrote.
func TestConflict(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Create(ctx, w.Owner, now, "NWT-01", text("Badges are collected"), "")
		w.ok(err)
		_, err = w.svc.Propose(ctx, w.lead, hours(1), "NWT-01", 1, text("First"), why)
		w.ok(err)
		_, err = w.svc.Propose(ctx, w.Owner, hours(2), "NWT-01", 1, text("Second"), why)
		w.refused(err, errs.Conflict, "NWT-01 was changed meanwhile")
		var stale *control.Stale
		if !errors.As(err, &stale) || stale.Theirs.Title != "First" || stale.Theirs.Number != 2 || stale.Theirs.Author != w.lead.Actor() || !strings.Contains(errs.HintOf(err), "version 2") {
			t.Errorf("%+v", stale)
		}
		_, err = w.svc.Approve(ctx, w.lead, hours(2), "NWT-01", 1)
		w.refused(err, errs.Conflict, "changed meanwhile")
		_, err = w.svc.Retire(ctx, w.Owner, hours(2), "NWT-01", 1, why)
		w.refused(err, errs.Conflict, "changed meanwhile")
		_, err = w.svc.Propose(ctx, w.Owner, hours(2), "NWT-01", 9, text("Second"), why)
		w.refused(err, errs.Conflict, "changed meanwhile")
		_, err = w.svc.Propose(ctx, w.Owner, hours(2), "NWT-01", 2, text(" First "), why)
		w.refused(err, errs.Invalid, "says the same")
		_, err = w.svc.Propose(ctx, w.Owner, hours(2), "NWT-01", 2, text("Third"), "")
		w.refused(err, errs.Invalid, "note")
		_, err = w.svc.Propose(ctx, w.Owner, hours(0), "NWT-01", 2, text("Third"), why)
		w.refused(err, errs.Invalid, "younger")
		_, err = w.svc.Propose(ctx, w.Owner, hours(2), "NWT-02", 1, text("Third"), why)
		w.refused(err, errs.NotFound, "NWT-02")
		if n := len(w.Entries(t, w.Owner, "control.")); n != 2 {
			t.Errorf("%d entries: a refused act must leave none", n)
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Create(ctx, w.Owner, now, "NWT-01", text("Badges are collected"), "")
		w.ok(err)
		for _, role := range []access.Role{access.ControlOwner, access.SecurityAnalyst, access.Employee} {
			s := w.Member(t, string(role)+"@northwind.example", role)
			_, e1 := w.svc.Create(ctx, s, now, "NWT-02", text("x"), "")
			_, e2 := w.svc.Propose(ctx, s, now, "NWT-01", 1, text("x"), why)
			_, e3 := w.svc.Approve(ctx, s, now, "NWT-01", 1)
			_, _, e4 := w.svc.ApproveAll(ctx, s, now, nil)
			_, e5 := w.svc.Retire(ctx, s, now, "NWT-01", 1, why)
			_, e6 := w.svc.Assign(ctx, s, now, "NWT-01", "", "")
			_, e7 := w.svc.Adopt(ctx, s, now, control.Adoption{})
			_, e8 := w.svc.AddComplement(ctx, s, now, control.NewComplement{})
			_, e9 := w.svc.RetireComplement(ctx, s, now, "CUEC-01", 1, why)
			for i, err := range []error{e1, e2, e3, e4, e5, e6, e7, e8, e9} {
				if !errs.Is(err, errs.Denied) {
					t.Errorf("%s, act %d: %v", role, i+1, err)
				}
			}
		}
		auditor := w.Reader(t, "auditor@audit.example", access.Auditor)
		c, err := w.svc.Control(ctx, auditor, "NWT-01")
		w.ok(err)
		if c.Ref != "NWT-01" {
			t.Error(c)
		}
		nobody := access.ReadScope{}
		_, e1 := w.svc.Control(ctx, nobody, "NWT-01")
		_, e2 := w.svc.List(ctx, nobody, control.Filter{}, paging.Query{})
		_, e3 := w.svc.History(ctx, nobody, "NWT-01")
		_, e4 := w.svc.AsOf(ctx, nobody, now)
		_, e5 := w.svc.Matrix(ctx, nobody, catalog.TSC, now)
		_, e6 := w.svc.ListComplements(ctx, nobody, "", now)
		_, e7 := w.svc.ComplementHistory(ctx, nobody, "CUEC-01")
		for i, err := range []error{e1, e2, e3, e4, e5, e6, e7} {
			if !errs.Is(err, errs.Denied) {
				t.Errorf("read %d without a scope: %v", i+1, err)
			}
		}
	})
}

// TestTenants: nothing of an organisation can be seen or changed from another one.
func TestTenants(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		c, err := w.svc.Create(ctx, w.Owner, now, "NWT-01", text("Badges are collected"), "")
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.lead, now, "NWT-01", 1)
		w.ok(err)
		for _, ref := range []string{"NWT-01", string(c.ID)} {
			_, e1 := w.svc.Control(ctx, w.OtherOwner.ReadScope, ref)
			_, e2 := w.svc.History(ctx, w.OtherOwner.ReadScope, ref)
			_, e3 := w.svc.Propose(ctx, w.OtherOwner, hours(1), ref, 1, text("x"), why)
			_, e4 := w.svc.Retire(ctx, w.OtherOwner, hours(1), ref, 1, why)
			_, e5 := w.svc.Assign(ctx, w.OtherOwner, hours(1), ref, "", "")
			_, e6 := w.svc.Approve(ctx, w.OtherOwner, hours(1), ref, 1)
			for i, err := range []error{e1, e2, e3, e4, e5, e6} {
				if !errs.Is(err, errs.NotFound) {
					t.Errorf("%s, act %d: %v", ref, i+1, err)
				}
			}
		}
		list, err := w.svc.List(ctx, w.OtherOwner.ReadScope, control.Filter{}, paging.Query{})
		w.ok(err)
		force, err := w.svc.AsOf(ctx, w.OtherOwner.ReadScope, hours(9))
		w.ok(err)
		if list.Total != 0 || len(list.Rows) != 0 || len(force) != 0 {
			t.Error("the other organisation sees something")
		}
	})
}

func TestAssign(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Create(ctx, w.Owner, now, "NWT-01", text("Badges are collected"), "")
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.lead, now, "NWT-01", 1)
		w.ok(err)
		ann := w.Join(t, "ann@northwind.example", access.ControlOwner)
		ben := w.Join(t, "ben@northwind.example", access.Employee)
		w.Join(t, "auditor@audit.example", access.Auditor)
		c, err := w.svc.Assign(ctx, w.lead, hours(1), "NWT-01", "Ann@northwind.example", string(ben.ID))
		w.ok(err)
		if c.Owner != ann.ID || c.Deputy != ben.ID || c.Newest != 1 {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.Assign(ctx, w.lead, hours(2), "NWT-01", "ben@northwind.example", "")
		w.ok(err)
		_, err = w.svc.Assign(ctx, w.lead, hours(3), "NWT-01", "ben@northwind.example", "") // the same again
		w.ok(err)
		_, err = w.svc.Assign(ctx, w.lead, hours(4), "NWT-01", "auditor@audit.example", "")
		w.refused(err, errs.Invalid, "cannot own")
		_, err = w.svc.Assign(ctx, w.lead, hours(4), "NWT-01", "owner@fabrikam.example", "") // of the other organisation
		w.refused(err, errs.NotFound, "owner@fabrikam.example")
		_, err = w.svc.Assign(ctx, w.lead, hours(4), "NWT-01", "", "ann@northwind.example")
		w.refused(err, errs.Invalid, "no deputy")
		_, err = w.svc.Assign(ctx, w.lead, hours(4), "NWT-01", "ann@northwind.example", "ann@northwind.example")
		w.refused(err, errs.Invalid, "deputy is the owner")
		w.ok(w.Access.SetDisabled(ctx, w.Owner, now, ann.ID, true))
		_, err = w.svc.Assign(ctx, w.lead, hours(4), "NWT-01", "ann@northwind.example", "")
		w.refused(err, errs.Invalid, "blocked")

		h, err := w.svc.History(ctx, w.Owner.ReadScope, "NWT-01")
		w.ok(err)
		if len(h.Assignments) != 2 || h.Assignments[0].Owner != ben.ID || h.Assignments[1].Deputy != ben.ID || h.Assignments[0].By != w.lead.Actor() {
			t.Errorf("%+v", h.Assignments)
		}
		for at, want := range map[int]access.UserID{0: "", 1: ann.ID, 2: ben.ID} {
			got, err := w.svc.AsOf(ctx, w.Owner.ReadScope, hours(at))
			w.ok(err)
			if len(got) != 1 || got[0].Owner != want {
				t.Errorf("hour %d: %+v", at, got)
			}
		}
		if n := len(w.Entries(t, w.Owner, "control.assigned")); n != 2 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		one, two := text("One"), text("Two")
		one.Requirements = []control.Requirement{{Framework: catalog.TSC, ID: "CC6.5"}, {Framework: catalog.TSC, ID: "CC6.4"}, {Framework: catalog.SOC1, ID: "ITGC-02"}}
		for i, x := range []control.Text{one, two} {
			ref := fmt.Sprintf("NWT-%02d", i+1)
			_, err := w.svc.Create(ctx, w.Owner, now, ref, x, "")
			w.ok(err)
			_, err = w.svc.Approve(ctx, w.lead, hours(1), ref, 1)
			w.ok(err)
		}
		_, err := w.svc.Create(ctx, w.Owner, now, "NWT-03", text("A draft counts nothing"), "")
		w.ok(err)
		m, err := w.svc.Matrix(ctx, w.Owner.ReadScope, catalog.TSC, hours(2))
		w.ok(err)
		if fmt.Sprint(m.Controls) != "map[CC6.4:[NWT-01 NWT-02] CC6.5:[NWT-01]]" || fmt.Sprint(m.Serves) != "map[NWT-01:[CC6.4 CC6.5] NWT-02:[CC6.4]]" {
			t.Errorf("%+v", m)
		}
		m, err = w.svc.Matrix(ctx, w.Owner.ReadScope, catalog.SOC1, hours(2))
		w.ok(err)
		if fmt.Sprint(m.Controls) != "map[ITGC-02:[NWT-01]]" {
			t.Errorf("%+v", m)
		}
		_, err = w.svc.Matrix(ctx, w.Owner.ReadScope, catalog.CSF, hours(2))
		w.refused(err, errs.Invalid, "nist-csf")
		gaps, err := w.svc.Gaps(ctx, w.Owner.ReadScope, []catalog.CategoryID{catalog.Security}, hours(2))
		w.ok(err)
		if len(gaps) != 31 || slices.Contains(gaps, "CC6.4") || slices.Contains(gaps, "CC6.5") || gaps[0] != "CC1.1" {
			t.Error(gaps)
		}
		_, err = w.svc.Gaps(ctx, w.Owner.ReadScope, nil, hours(2))
		w.refused(err, errs.Invalid, "no category")
	})
}

// TestProposeRace has many people propose on one version at the same time: one draft is made, everybody else gets to see it.
func TestProposeRace(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Create(ctx, w.Owner, now, "NWT-01", text("Badges are collected"), "")
		w.ok(err)
		results := make([]error, 8)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				_, results[i] = w.svc.Propose(ctx, w.lead, hours(1), "NWT-01", 1, text(fmt.Sprint("Proposal ", i)), why)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			var stale *control.Stale
			switch {
			case err == nil:
				won++
			case !errors.As(err, &stale) || stale.Theirs.Number != 2 || !errs.Is(err, errs.Conflict):
				t.Error(err)
			}
		}
		if n := len(w.Entries(t, w.Owner, "control.proposed")); won != 1 || n != 1 {
			t.Errorf("%d won, %d entries", won, n)
		}
	})
}

// TestWithdraw: a draft that is taken back stays on record, changes nothing that is in force, and the next proposal stands
// on what is.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		_, err := w.svc.Create(ctx, w.Owner, now, "PHY-90", text("Badges"), "")
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.lead, hours(1), "PHY-90", 1)
		w.ok(err)
		_, err = w.svc.Propose(ctx, w.Owner, hours(2), "PHY-90", 1, text("Badges and keys"), why)
		w.ok(err)
		_, err = w.svc.Withdraw(ctx, w.lead, hours(3), "PHY-90", 2, "short")
		w.refused(err, errs.Invalid, "at least 10")
		_, err = w.svc.Withdraw(ctx, w.lead, hours(3), "PHY-90", 1, why)
		w.refused(err, errs.Conflict, "changed meanwhile")
		c, err := w.svc.Withdraw(ctx, w.lead, hours(3), "PHY-90", 2, why)
		w.ok(err)
		if c.Draft != 0 || c.Newest != 2 || c.Version.Number != 1 || !c.InForce() {
			t.Errorf("after the withdrawal: %+v", c)
		}
		_, err = w.svc.Withdraw(ctx, w.lead, hours(3), "PHY-90", 2, why)
		w.refused(err, errs.Conflict, "withdrawn, not a draft")
		_, err = w.svc.Approve(ctx, w.lead, hours(3), "PHY-90", 2)
		w.refused(err, errs.Conflict, "withdrawn, not a draft")
		// What was withdrawn may be proposed again; what is in force may not.
		_, err = w.svc.Propose(ctx, w.Owner, hours(4), "PHY-90", 2, text("Badges"), why)
		w.refused(err, errs.Invalid, "the same as version 1")
		_, err = w.svc.Propose(ctx, w.Owner, hours(4), "PHY-90", 2, text("Badges and keys"), why)
		w.ok(err)
		h, err := w.svc.History(ctx, w.Owner.ReadScope, "PHY-90")
		w.ok(err)
		if len(h.Revisions) != 3 || h.Revisions[1].Status != control.Withdrawn || len(h.Revisions[0].Changes) != 1 || h.Revisions[0].Changes[0].Was != "Badges" {
			t.Errorf("history: %+v", h.Revisions)
		}
		if v := h.InForceNow(); v == nil || v.Number != 1 {
			t.Errorf("in force: %+v", v)
		}
		_, err = w.svc.Withdraw(ctx, w.Member(t, "analyst@northwind.example", access.SecurityAnalyst), hours(5), "PHY-90", 3, why)
		w.refused(err, errs.Denied, "change controls")
	})
}
