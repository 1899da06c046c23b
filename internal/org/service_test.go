package org_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/org/orgsql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

type world struct {
	*accesstest.World
	t    *testing.T
	svc  *org.Service
	lead access.Scope
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.svc = &org.Service{Store: &orgsql.Store{DB: db}, Catalog: c, Tx: db, Ledger: w.Ledger}
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

func (w *world) description(at int) org.Description {
	w.t.Helper()
	d, err := w.svc.Description(w.t.Context(), w.Owner.ReadScope, hours(at))
	w.ok(err)
	return d
}

func northwind(t testing.TB) org.Description {
	t.Helper()
	text, err := os.ReadFile("testdata/northwind.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := org.ParseDescription(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func offering(name string) org.Offering {
	return org.Offering{Name: name, Text: "Keeping of accounts."}
}

// TestSave takes one record through its life, and looks back at each instant.
func TestSave(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		first, err := w.svc.Save(ctx, w.Owner, hours(0), org.Edit{}, offering(" Ledger "))
		w.ok(err)
		if first.Number != 1 || first.Key != "ledger" || first.Kind != org.KindService || first.Author != w.Owner.Actor() {
			t.Errorf("%+v", first)
		}
		_, err = w.svc.Save(ctx, w.lead, hours(1), org.Edit{}, offering("Payroll"))
		w.ok(err)
		renamed, err := w.svc.Save(ctx, w.lead, hours(2), org.Edit{ID: first.ID, Base: 1, Note: "the product was renamed"}, offering("Books"))
		w.ok(err)
		if renamed.ID != first.ID || renamed.Number != 2 || renamed.Place != first.Place {
			t.Errorf("%+v", renamed)
		}
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{ID: first.ID, Base: 1}, offering("Other"))
		w.refused(err, errs.Conflict, "changed meanwhile by "+w.lead.Actor())
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{ID: first.ID, Base: 2}, offering("Books"))
		w.refused(err, errs.Invalid, "nothing has changed")
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{ID: first.ID, Base: 2}, offering("PAYROLL"))
		w.refused(err, errs.Conflict, `service "payroll" already`)
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{}, offering("books"))
		w.refused(err, errs.Conflict, "already")
		_, err = w.svc.Save(ctx, w.Owner, hours(1), org.Edit{ID: first.ID, Base: 2}, offering("Other"))
		w.refused(err, errs.Invalid, "younger")
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{ID: first.ID, Base: 2}, org.NotApplicable{Criterion: "P1.1", Reason: "No notice is given."})
		w.refused(err, errs.Invalid, "is a service, not a not applicable")
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{ID: "dsc_none", Base: 1}, offering("Other"))
		w.refused(err, errs.NotFound, "dsc_none")
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{}, org.Offering{Name: "x"})
		w.refused(err, errs.Invalid, "text: is missing")
		if errs.FieldOf(err) != "text" {
			t.Error(errs.FieldOf(err))
		}
		_, err = w.svc.Save(ctx, w.Owner, hours(3), org.Edit{Note: strings.Repeat("x", 3000)}, offering("Other"))
		w.refused(err, errs.Invalid, "note")

		w.refused(w.svc.Remove(ctx, w.Owner, hours(4), org.Edit{ID: first.ID, Base: 1}), errs.Conflict, "meanwhile")
		w.ok(w.svc.Remove(ctx, w.Owner, hours(4), org.Edit{ID: first.ID, Base: 2, Note: "the product was sold"}))
		w.refused(w.svc.Remove(ctx, w.Owner, hours(4), org.Edit{ID: first.ID, Base: 3}), errs.Conflict, "removed already")
		_, err = w.svc.Save(ctx, w.Owner, hours(5), org.Edit{ID: first.ID, Base: 3}, offering("Books"))
		w.ok(err) // saving on top of a removal brings it back, behind the others
		for at, want := range map[int]string{-1: "", 0: "Ledger", 1: "Ledger Payroll", 2: "Books Payroll", 3: "Books Payroll", 4: "Payroll", 5: "Payroll Books"} {
			var got []string
			for _, s := range w.description(at).Services {
				got = append(got, s.Name)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("hour %d: %v, want %s", at, got, want)
			}
		}
		all, err := w.svc.History(ctx, w.lead.ReadScope, first.ID)
		w.ok(err)
		if len(all) != 4 || !all[1].Removed || all[1].Note != "the product was sold" || all[2].Note != "the product was renamed" || all[3].Key != "ledger" {
			t.Errorf("%+v", all)
		}
		e := w.Entries(t, w.Owner, "description.")
		var kinds []string
		for _, x := range e {
			kinds = append(kinds, strings.TrimPrefix(x.Kind, "description."))
		}
		if strings.Join(kinds, " ") != "saved saved saved removed saved" || e[2].Subject != string(first.ID) || e[2].Says["revision"] != 2.0 || e[2].Says["sha256"] != renamed.SHA256 {
			t.Errorf("%v %+v", kinds, e)
		}
	})
}

// TestImport puts a whole document in, changes it, and takes parts out; what comes out is what went in.
func TestImport(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx, doc := newWorld(t, db), t.Context(), northwind(t)
		dry, err := w.svc.Import(ctx, w.Owner, hours(0), doc, "", true)
		w.ok(err)
		if len(dry.Added) != 19 || dry.Seq != 0 || len(w.Entries(t, w.Owner, "description.")) != 0 || w.description(0).System.Name != "" {
			t.Errorf("a dry run did something: %+v", dry)
		}
		got, err := w.svc.Import(ctx, w.Owner, hours(0), doc, "first description", false)
		w.ok(err)
		if len(got.Added) != 19 || len(got.Changed)+len(got.Removed)+got.Unchanged != 0 || got.Seq == 0 {
			t.Errorf("%+v", got)
		}
		if d := w.description(0); !reflect.DeepEqual(d, doc) {
			t.Errorf("\n%+v\n%+v", d, doc)
		}
		entries := len(w.Entries(t, w.Owner, "description."))
		if entries != 20 {
			t.Errorf("%d entries", entries)
		}
		again, err := w.svc.Import(ctx, w.lead, hours(1), doc, "", false)
		w.ok(err)
		if again.Any() || again.Unchanged != 19 || again.Seq != 0 || len(w.Entries(t, w.Owner, "description.")) != entries {
			t.Errorf("%+v", again)
		}

		second := northwind(t)
		second.Commitments = second.Commitments[1:] // the ones behind it do not change
		second.Components.Software[0].Text = "Written and run by Northwind."
		second.Services = append([]org.Offering{offering("Archive")}, second.Services...) // in front: the other one moves
		got, err = w.svc.Import(ctx, w.lead, hours(2), second, "yearly review", false)
		w.ok(err)
		if strings.Join(got.Added, ", ") != "service archive" || strings.Join(got.Changed, ", ") != "service ledger, component software/ledger application" ||
			strings.Join(got.Removed, ", ") != "commitment SC-01" || got.Unchanged != 16 {
			t.Errorf("%+v", got)
		}
		if d := w.description(2); !reflect.DeepEqual(d, second) {
			t.Errorf("\n%+v\n%+v", d, second)
		}
		if d := w.description(1); !reflect.DeepEqual(d, doc) {
			t.Error("the past changed")
		}
		e := w.Entries(t, w.Owner, "description.imported")
		if len(e) != 2 || e[1].Says["removed"] != 1.0 || e[1].Says["unchanged"] != 16.0 || e[1].Actor != w.lead.Actor() || e[1].Says["note"] != "yearly review" {
			t.Errorf("%+v", e)
		}
		_, err = w.svc.Import(ctx, w.lead, hours(1), doc, "", false)
		w.refused(err, errs.Invalid, "was saved after")
		bad := northwind(t)
		bad.Commitments[0].Category, bad.NotApplicable = "speed", []org.NotApplicable{{Criterion: "CC8.2"}}
		_, err = w.svc.Import(ctx, w.lead, hours(3), bad, "", false)
		w.refused(err, errs.Invalid, "commitments[0].category")
		if !strings.Contains(err.Error(), "not_applicable[0].criterion") {
			t.Error(err)
		}
		got, err = w.svc.Import(ctx, w.lead, hours(3), doc, "", false) // and back again
		w.ok(err)
		if d := w.description(3); !reflect.DeepEqual(d, doc) || len(got.Added) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestSystemOnce: there is one system to describe.
func TestSystemOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r, err := w.svc.Save(ctx, w.Owner, now, org.Edit{}, org.System{Name: "Ledger"})
		w.ok(err)
		_, err = w.svc.Save(ctx, w.Owner, now, org.Edit{}, org.System{Name: "Another"})
		w.refused(err, errs.Conflict, "described already")
		if !strings.Contains(errs.HintOf(err), string(r.ID)) {
			t.Error(errs.HintOf(err))
		}
	})
}

func TestRecords(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Import(ctx, w.Owner, now, northwind(t), "", false)
		w.ok(err)
		all, err := w.svc.Records(ctx, w.Owner.ReadScope, now)
		w.ok(err)
		var kinds []string
		for i, r := range all {
			if i == 0 || all[i-1].Kind != r.Kind {
				kinds = append(kinds, string(r.Kind))
			}
			x, err := r.Record()
			if err != nil || x.Kind() != r.Kind || x.Key() != r.Key {
				t.Errorf("%+v, %v", r, err)
			}
		}
		if strings.Join(kinds, " ") != "system service commitment component aspect subservice incident change" {
			t.Error(kinds)
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r, err := w.svc.Save(ctx, w.Owner, now, org.Edit{}, offering("Ledger"))
		w.ok(err)
		for _, role := range []access.Role{access.ControlOwner, access.SecurityAnalyst, access.Employee} {
			s := w.Member(t, string(role)+"@northwind.example", role)
			_, e1 := w.svc.Save(ctx, s, now, org.Edit{}, offering("x"))
			_, e2 := w.svc.Import(ctx, s, now, org.Description{}, "", true)
			e3 := w.svc.Remove(ctx, s, now, org.Edit{ID: r.ID, Base: 1})
			for i, err := range []error{e1, e2, e3} {
				if !errs.Is(err, errs.Denied) {
					t.Errorf("%s, act %d: %v", role, i+1, err)
				}
			}
		}
		d, err := w.svc.Description(ctx, w.Reader(t, "auditor@audit.example", access.Auditor), now)
		w.ok(err)
		if len(d.Services) != 1 {
			t.Error("the auditor sees no service")
		}
		// A customer reads what was issued, never a draft (domain brief 6.2).
		for _, s := range []access.ReadScope{w.Reader(t, "customer@fabrikam.example", access.Reader), {}} {
			_, e1 := w.svc.Description(ctx, s, now)
			_, e2 := w.svc.Records(ctx, s, now)
			_, e3 := w.svc.History(ctx, s, r.ID)
			for i, err := range []error{e1, e2, e3} {
				if !errs.Is(err, errs.Denied) {
					t.Errorf("read %d: %v", i+1, err)
				}
			}
		}
	})
}

func TestTenants(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r, err := w.svc.Save(ctx, w.Owner, now, org.Edit{}, offering("Ledger"))
		w.ok(err)
		_, e1 := w.svc.Save(ctx, w.OtherOwner, now, org.Edit{ID: r.ID, Base: 1}, offering("Theirs"))
		e2 := w.svc.Remove(ctx, w.OtherOwner, now, org.Edit{ID: r.ID, Base: 1})
		_, e3 := w.svc.History(ctx, w.OtherOwner.ReadScope, r.ID)
		for i, err := range []error{e1, e2, e3} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("act %d: %v", i+1, err)
			}
		}
		d, err := w.svc.Description(ctx, w.OtherOwner.ReadScope, hours(1))
		w.ok(err)
		if !reflect.DeepEqual(d, org.Description{}) {
			t.Errorf("%+v", d)
		}
		_, err = w.svc.Save(ctx, w.OtherOwner, now, org.Edit{}, offering("Ledger")) // the same name in another organisation
		w.ok(err)
		_, err = w.svc.Import(ctx, w.OtherOwner, hours(1), northwind(t), "", false)
		w.ok(err)
		if d := w.description(2); len(d.Services) != 1 || len(d.Commitments) != 0 {
			t.Errorf("%+v", d)
		}
	})
}
