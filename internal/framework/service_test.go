package framework_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/framework/frameworksql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

// newService is a service for Northwind, whose controls are IAM-01 to IAM-03.
func newService(t *testing.T, db *sqldb.DB) (*accesstest.World, *framework.Service) {
	t.Helper()
	w := accesstest.New(t, db)
	controls := &controlsql.Store{DB: db}
	for _, ref := range []string{"IAM-01", "IAM-02", "IAM-03"} {
		v := control.Version{Number: 1, Status: control.Draft, Author: "a", At: now, Text: control.Text{
			Title: "Access", Statement: "Access is given after somebody approved it.", Type: catalog.Preventive, Nature: catalog.Manual, Frequency: catalog.Daily, OwnerRole: "lead",
			Evidence: []string{"log"}, Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC6.2"}},
		}}
		var err error
		if v.SHA256, err = v.Text.SHA256(); err != nil {
			t.Fatal(err)
		}
		if err := controls.Add(t.Context(), w.Owner, control.Control{ID: control.ControlID("ctl_" + ref), Ref: ref, Created: now, Version: v, Newest: 1}); err != nil {
			t.Fatal(err)
		}
	}
	store := &frameworksql.Store{DB: db}
	return w, &framework.Service{
		Store: store, Mappings: store, Controls: &control.Service{Store: controls, Tx: db, Ledger: w.Ledger}, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: t.TempDir()}}, Tx: db, Ledger: w.Ledger,
	}
}

func brought(t *testing.T, s *framework.Service, w *accesstest.World) framework.Framework {
	t.Helper()
	f, r, err := s.Import(t.Context(), w.Owner, now, "", "northwind.json", []byte(doc))
	if err != nil || r.Number != 1 || !r.Changes.None() || r.Total != 4 || r.Seq == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	return f
}

// TestImport: a catalog becomes a framework with its families, controls that it names are mapped, and the ledger has it.
func TestImport(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx, read := t.Context(), w.Owner.ReadScope
		f := brought(t, s, w)
		x, err := s.Framework(ctx, read, "fw-1")
		if err != nil || f.Ref != "FW-1" || x.Name() != "Northwind baseline, 1.0" || x.Total != 3 || x.Mapped != 1 || x.Withdrawn != 1 || x.Stale != 0 {
			t.Fatalf("%+v, %v", x, err)
		}
		if len(x.Families) != 2 || x.Families[0].Requirements != 2 || x.Families[0].Mapped != 1 || x.Families[1].Requirements != 1 {
			t.Errorf("%+v", x.Families)
		}
		a, err := s.Requirement(ctx, read, "FW-1", "AC-1")
		if err != nil || a.Previous != "" || a.Next != "ac-1.1" || len(a.Enhancements) != 1 || a.Family.Title != "Access" {
			t.Errorf("%+v, %v", a, err)
		}
		if m := a.Kept.Mapped; len(m) != 2 || m[0].Control != "IAM-01" || m[1].Control != "IAM-02" || m[0].Source != framework.ByCatalog {
			t.Errorf("%+v", m)
		}
		if a, err = s.Requirement(ctx, read, "FW-1", "ac-2"); err != nil || len(a.Became) != 1 || a.Became[0].Code != "ac-1" {
			t.Errorf("%+v, %v", a, err)
		}
		if n := len(w.Entries(t, w.Owner, "framework.imported")) + len(w.Entries(t, w.Owner, "framework.mapped")); n != 3 {
			t.Errorf("%d entries", n)
		}
		if _, body, err := s.File(ctx, read, "FW-1"); err != nil || string(body) != doc {
			t.Errorf("%d bytes, %v", len(body), err)
		}
		for name, c := range map[string]struct {
			of   string
			body string
			kind errs.Kind
		}{
			"again":            {"", doc, errs.Conflict},
			"the same":         {"FW-1", doc, errs.Conflict},
			"another one":      {"FW-1", strings.NewReplacer(`"ac-`, `"xx-`, `"ir-1`, `"yy-1`).Replace(doc), errs.Conflict},
			"of nothing":       {"FW-9", doc, errs.NotFound},
			"no catalog":       {"", "{}", errs.Invalid},
			"the same by name": {"", strings.Replace(doc, `"1.0"`, `"1.1"`, 1), errs.Conflict},
		} {
			if _, _, err := s.Import(ctx, w.Owner, now, c.of, "x.json", []byte(c.body)); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if all, err := s.Frameworks(ctx, read); err != nil || len(all) != 1 || all[0].Number != 1 {
			t.Errorf("a refused import left something: %+v, %v", all, err)
		}
	})
}

// TestRenew: a newer version takes the place of the old one, says what it changed, and keeps mappings to what vanished, marked.
func TestRenew(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx, read := t.Context(), w.Owner.ReadScope
		f := brought(t, s, w)
		if _, err := s.Map(ctx, w.Owner, now, "FW-1", "ir-1", "iam-03", framework.ByHand); err != nil {
			t.Fatal(err)
		}
		next := strings.NewReplacer(`"version": "1.0"`, `"version": "2.0"`, `"ir-1", "title": "Plan"`, `"ir-2", "title": "Exercise"`, `"title": "By machine"`, `"title": "By a program"`).Replace(doc)
		g, r, err := s.Import(ctx, w.Owner, now, "FW-1", "northwind-2.json", []byte(next))
		if err != nil || g.ID != f.ID || g.Edition != "2.0" || r.Number != 2 {
			t.Fatalf("%+v, %+v, %v", g, r, err)
		}
		c := r.Changes
		if len(c.Added) != 1 || c.Added[0].Code != "ir-2" || len(c.Removed) != 1 || c.Removed[0].Code != "ir-1" || c.Removed[0].Mapped != 1 ||
			len(c.Changed) != 1 || c.Changed[0].Code != "ac-1.1" || !slices.Equal(c.Changed[0].What, []string{"title"}) {
			t.Errorf("%+v", c)
		}
		_, all, err := s.Revisions(ctx, read, "FW-1")
		if err != nil || len(all) != 2 || all[0].Number != 2 || all[0].Changes.Sentence() != "1 added, 1 removed, 1 changed" || all[1].File != "northwind.json" {
			t.Errorf("%+v, %v", all, err)
		}
		x, err := s.Framework(ctx, read, "FW-1")
		if err != nil || x.Total != 3 || x.Stale != 1 || x.Mapped != 1 {
			t.Errorf("%+v, %v", x, err)
		}
		a, err := s.Requirement(ctx, read, "FW-1", "ir-1")
		if err != nil || a.Kept.Gone != 2 || len(a.Kept.Mapped) != 1 || a.Next != "" {
			t.Errorf("%+v, %v", a, err)
		}
		if _, err := s.Map(ctx, w.Owner, now, "FW-1", "ir-1", "IAM-01", framework.ByHand); !errs.Is(err, errs.Conflict) {
			t.Errorf("mapped to what vanished: %v", err)
		}
		if out, err := s.Arrange(ctx, read, []string{"IAM-01", "IAM-03"}); err != nil || len(out) != 1 || len(out[0].Families[1].Controls) != 0 {
			t.Errorf("what vanished is answered: %+v, %v", out, err)
		}
		// It comes back.
		if _, _, err := s.Import(ctx, w.Owner, now, "FW-1", "northwind.json", []byte(doc)); err != nil {
			t.Fatal(err)
		}
		if a, err = s.Requirement(ctx, read, "FW-1", "ir-1"); err != nil || a.Kept.Gone != 0 || len(a.Kept.Mapped) != 1 {
			t.Errorf("%+v, %v", a, err)
		}
		if a, err = s.Requirement(ctx, read, "FW-1", "ir-2"); err != nil || a.Kept.Gone != 3 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestMap: mappings are there once, lists are narrowed by them, and controls are arranged by the families they answer.
func TestMap(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx, read := t.Context(), w.Owner.ReadScope
		f := brought(t, s, w)
		for i, want := range []bool{true, false} {
			if fresh, err := s.Map(ctx, w.Owner, now, "FW-1", "IR-1", " iam-03 ", framework.ByFile); err != nil || fresh != want {
				t.Errorf("%d: %v, %v", i, fresh, err)
			}
		}
		for name, c := range map[string]struct {
			ref, code, control string
			kind               errs.Kind
		}{
			"no framework": {"FW-2", "ir-1", "IAM-01", errs.NotFound}, "no requirement": {"FW-1", "zz-1", "IAM-01", errs.NotFound},
			"no control": {"FW-1", "ir-1", "XXX-99", errs.Invalid}, "withdrawn": {"FW-1", "ac-2", "IAM-01", errs.Conflict},
		} {
			if _, err := s.Map(ctx, w.Owner, now, c.ref, c.code, c.control, framework.ByHand); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for only, want := range map[framework.Only]string{
			"": "ac-1 ac-1.1 ac-2 ir-1", framework.WithControl: "ac-1 ir-1", framework.WithoutControl: "ac-1.1", framework.Withdrawn: "ac-2", framework.Vanished: "", framework.Stale: "",
		} {
			res, err := s.Requirements(ctx, read, f.ID, framework.Filter{Only: only}, paging.Query{})
			var got []string
			for _, k := range res.Rows {
				got = append(got, k.Code)
			}
			if err != nil || strings.Join(got, " ") != want || res.Total != len(got) {
				t.Errorf("%q: %v, %v", only, got, err)
			}
		}
		res, err := s.Requirements(ctx, read, f.ID, framework.Filter{Family: "ac"}, paging.Query{Search: "LOOKED at", Sort: "controls", Desc: true})
		if err != nil || len(res.Rows) != 1 || len(res.Rows[0].Mapped) != 2 {
			t.Errorf("%+v, %v", res, err)
		}
		out, err := s.Arrange(ctx, read, []string{"IAM-01", "IAM-03"})
		if err != nil || len(out) != 1 || !slices.Equal(out[0].Families[0].Controls, []string{"IAM-01"}) || !slices.Equal(out[0].Families[1].Controls, []string{"IAM-03"}) || out[0].Families[0].Label != "AC" || out[0].Families[1].Label != "ir.a" {
			t.Errorf("%+v, %v", out, err)
		}
		if out, err = s.Arrange(ctx, read, []string{"GOV-01"}); err != nil || out != nil {
			t.Errorf("%+v, %v", out, err)
		}
		if err := s.Unmap(ctx, w.Owner, now, "FW-1", "ir-1", "IAM-03"); err != nil {
			t.Error(err)
		}
		if err := s.Unmap(ctx, w.Owner, now, "FW-1", "ir-1", "IAM-03"); !errs.Is(err, errs.NotFound) {
			t.Errorf("taken back twice: %v", err)
		}
		if err := s.Remove(ctx, w.Owner, now, "FW-1"); err != nil {
			t.Error(err)
		}
		if _, err := s.Framework(ctx, read, "FW-1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("removed and there: %v", err)
		}
		if f, _, err := s.Import(ctx, w.Owner, now, "", "northwind.json", []byte(doc)); err != nil || f.Ref != "FW-2" {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

// TestOthers: another organisation sees and changes nothing, and who may not change controls changes nothing.
func TestOthers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx := t.Context()
		f := brought(t, s, w)
		store := &frameworksql.Store{DB: db}
		if all, err := s.Frameworks(ctx, w.OtherOwner.ReadScope); err != nil || len(all) != 0 {
			t.Errorf("%+v, %v", all, err)
		}
		if _, err := s.Requirement(ctx, w.OtherOwner.ReadScope, "FW-1", "ac-1"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if all, err := store.All(ctx, w.OtherOwner.ReadScope, f.ID); err != nil || len(all) != 0 {
			t.Errorf("%+v, %v", all, err)
		}
		if res, err := s.Requirements(ctx, w.OtherOwner.ReadScope, f.ID, framework.Filter{}, paging.Query{}); err != nil || res.Total != 0 {
			t.Errorf("%+v, %v", res, err)
		}
		if fresh, err := store.Map(ctx, w.OtherOwner, f.ID, framework.Mapping{Code: "ac-1", Control: "IAM-03"}); err != nil || fresh {
			t.Errorf("mapped from outside: %v", err)
		}
		if there, err := store.Unmap(ctx, w.OtherOwner, f.ID, "ac-1", "IAM-01"); err != nil || there {
			t.Errorf("unmapped from outside: %v", err)
		}
		if err := store.Remove(ctx, w.OtherOwner, f.ID, now); !errs.Is(err, errs.NotFound) {
			t.Errorf("removed from outside: %v", err)
		}
		if err := store.Put(ctx, w.OtherOwner, framework.Framework{ID: f.ID, Number: 2}, framework.Revision{Number: 2}, nil, nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("written from outside: %v", err)
		}
		clerk := w.Member(t, "clerk@northwind.example", access.Employee)
		if _, _, err := s.Import(ctx, clerk, now, "", "x.json", []byte(doc)); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if _, err := s.Map(ctx, clerk, now, "FW-1", "ac-1", "IAM-03", framework.ByHand); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if err := s.Unmap(ctx, clerk, now, "FW-1", "ac-1", "IAM-01"); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if err := s.Remove(ctx, clerk, now, "FW-1"); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
	})
}
