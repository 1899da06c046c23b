package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestAdopt sets up the starter set as the operator does, and looks at lists and gaps on it.
func TestAdopt(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Create(ctx, w.Owner, now, "IAM-02", text("Their own IAM-02"), "")
		w.ok(err)
		got, err := w.svc.Adopt(ctx, w.Operator, hours(1), control.Adoption{Approve: true})
		w.ok(err)
		if len(got.Added) != 119 || len(got.Present) != 1 || got.Present[0] != "IAM-02" || got.Seq == 0 {
			t.Errorf("%d added, %v present", len(got.Added), got.Present)
		}
		e := w.Entries(t, w.Owner, "control.adopted")
		if len(e) != 1 || e[0].Seq != got.Seq || e[0].Says["count"] != 119.0 || e[0].Says["catalog_sha256"] != w.svc.Catalog.SHA256() || e[0].Says["approved"] != true ||
			!strings.HasPrefix(e[0].Actor, "operator:") {
			t.Errorf("%+v", e)
		}
		again, err := w.svc.Adopt(ctx, w.Operator, hours(2), control.Adoption{Approve: true})
		w.ok(err)
		if len(again.Added) != 0 || len(again.Present) != 120 || again.Seq != 0 || len(w.Entries(t, w.Owner, "control.adopted")) != 1 {
			t.Errorf("%+v", again)
		}
		c, err := w.svc.Control(ctx, w.Owner.ReadScope, "CHG-01")
		w.ok(err)
		x, err := w.svc.Catalog.Control("CHG-01")
		w.ok(err)
		if !c.InForce() || c.Version.Statement != x.Statement || c.Source != "soc-starter 0.1.0" || !slices.Equal(c.Version.Serves(catalog.TSC), x.Criteria) {
			t.Errorf("%+v", c)
		}
		every := []catalog.CategoryID{catalog.Security, catalog.Availability, catalog.ProcessingIntegrity, catalog.Confidentiality, catalog.Privacy}
		gaps, err := w.svc.Gaps(ctx, w.Owner.ReadScope, every, hours(3))
		w.ok(err)
		if len(gaps) != 0 {
			t.Error(gaps)
		}
		if gaps, err = w.svc.Gaps(ctx, w.Owner.ReadScope, every, hours(0)); err != nil || len(gaps) != 61 {
			t.Error(len(gaps), err)
		}
		w.lists()
	})
}

// lists goes through the filters and sorts of a list on the starter set.
func (w *world) lists() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	count := func(framework, id string) int { return len(w.svc.Catalog.ControlsFor(framework, id)) }
	owner := w.Join(t, "own@northwind.example", "control_owner")
	_, err := w.svc.Assign(ctx, w.lead, hours(4), "CHG-01", string(owner.ID), "")
	w.ok(err)
	for _, x := range []struct {
		name string
		f    control.Filter
		q    paging.Query
		want int
	}{
		{"all", control.Filter{}, paging.Query{}, 120},
		{"criterion", control.Filter{Framework: catalog.TSC, ID: "CC8.1"}, paging.Query{}, count(catalog.TSC, "CC8.1")},
		{"criterion of one control", control.Filter{Framework: catalog.TSC, ID: "CC6.5"}, paging.Query{}, 1},
		{"objective", control.Filter{Framework: catalog.SOC1, ID: "PAY-03"}, paging.Query{}, count(catalog.SOC1, "PAY-03")},
		{"annex A", control.Filter{Framework: catalog.ISO, ID: "A.5.10"}, paging.Query{}, count(catalog.ISO, "A.5.10")},
		{"domain", control.Filter{Prefix: "CHG"}, paging.Query{}, 9},
		{"a prefix of a prefix is no domain", control.Filter{Prefix: "CH"}, paging.Query{}, 0},
		{"owner", control.Filter{Owner: owner.ID}, paging.Query{}, 1},
		{"unowned", control.Filter{Unowned: true}, paging.Query{}, 119},
		{"approved", control.Filter{Status: control.Approved}, paging.Query{}, 119},
		{"drafts", control.Filter{Status: control.Draft}, paging.Query{}, 1},
		{"pending", control.Filter{Pending: true}, paging.Query{}, 1},
		{"search in the title", control.Filter{}, paging.Query{Search: "their OWN iam"}, 1},
		{"search by reference", control.Filter{}, paging.Query{Search: "fin-0"}, 9},
		{"search takes signs literally", control.Filter{}, paging.Query{Search: "I_M-02"}, 0},
		{"together", control.Filter{Framework: catalog.TSC, ID: "CC8.1", Prefix: "CHG", Status: control.Approved}, paging.Query{Search: "chg-01"}, 1},
	} {
		got, err := w.svc.List(ctx, w.Owner.ReadScope, x.f, x.q)
		if err != nil || got.Total != x.want || len(got.Rows) != min(x.want, paging.DefaultSize) {
			t.Errorf("%s: %d of %d, want %d, %v", x.name, len(got.Rows), got.Total, x.want, err)
		}
	}
	page, err := w.svc.List(ctx, w.Owner.ReadScope, control.Filter{}, paging.Query{Page: 3, Size: 50, Sort: "ref", Desc: true})
	w.ok(err)
	if page.Total != 120 || len(page.Rows) != 20 || page.Rows[19].Ref != "AST-01" {
		t.Errorf("%d, %s", len(page.Rows), page.Rows[19].Ref)
	}
	for _, sort := range []string{"title", "type", "nature", "frequency", "owner_role", "status", "changed", "no such column; DROP TABLE control_control"} {
		got, err := w.svc.List(ctx, w.Owner.ReadScope, control.Filter{}, paging.Query{Sort: sort, Size: 200})
		if err != nil || len(got.Rows) != 120 {
			t.Errorf("sort by %s: %d, %v", sort, len(got.Rows), err)
		}
	}
	_, err = w.svc.List(ctx, w.Owner.ReadScope, control.Filter{Framework: catalog.TSC, ID: "CC8.2"}, paging.Query{})
	w.refused(err, errs.Invalid, "CC8.2")
	_, err = w.svc.List(ctx, w.Owner.ReadScope, control.Filter{Status: "gone"}, paging.Query{})
	w.refused(err, errs.Invalid, "gone")
}

func TestAdoptSome(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		// Confidentiality alone still brings the common criteria, and with them everything but what serves other categories only.
		got, err := w.svc.Adopt(ctx, w.Owner, now, control.Adoption{Categories: []catalog.CategoryID{catalog.Confidentiality}})
		w.ok(err)
		for _, ref := range got.Added {
			x, err := w.svc.Catalog.Control(ref)
			w.ok(err)
			if !slices.ContainsFunc(x.Criteria, func(id string) bool { return strings.HasPrefix(id, "C") }) { // CC or C
				t.Errorf("%s serves %v", ref, x.Criteria)
			}
		}
		if !slices.Contains(got.Added, "GOV-01") || slices.Contains(got.Added, "PRV-01") {
			t.Error(got.Added)
		}
		more, err := w.svc.Adopt(ctx, w.Owner, now, control.Adoption{Objectives: []string{"PAY-04"}, Refs: []string{"PRV-01", "GOV-01"}})
		w.ok(err)
		if !slices.Contains(more.Added, "PRV-01") || !slices.Contains(more.Added, "FIN-12") || !slices.Contains(more.Present, "GOV-01") {
			t.Errorf("%+v", more)
		}
		c, err := w.svc.Control(ctx, w.Owner.ReadScope, "GOV-01")
		w.ok(err)
		if c.InForce() || c.Draft != 1 || c.Version.Author != w.Owner.Actor() {
			t.Errorf("%+v", c)
		}
		for _, a := range []control.Adoption{{Categories: []catalog.CategoryID{"safety"}}, {Objectives: []string{"PAY-99"}}, {Refs: []string{"GOV-99"}}} {
			if _, err := w.svc.Adopt(ctx, w.Owner, now, a); err == nil {
				t.Errorf("%+v adopted", a)
			}
		}
		_, err = w.svc.Adopt(ctx, w.Owner, now, control.Adoption{Approve: true})
		w.refused(err, errs.Denied, "cannot approve them too")

		approved, own, err := w.svc.ApproveAll(ctx, w.Owner, hours(1), nil)
		w.ok(err)
		if len(approved) != 0 || len(own) != len(got.Added)+len(more.Added) {
			t.Errorf("%d approved, %d own", len(approved), len(own))
		}
		approved, own, err = w.svc.ApproveAll(ctx, w.lead, hours(1), []string{"GOV-01", "PRV-01"})
		w.ok(err)
		if strings.Join(approved, " ") != "GOV-01 PRV-01" || own != nil {
			t.Errorf("%v, %v", approved, own)
		}
		approved, _, err = w.svc.ApproveAll(ctx, w.lead, hours(2), nil)
		w.ok(err)
		if len(approved) != len(got.Added)+len(more.Added)-2 || len(w.Entries(t, w.Owner, "control.approved")) != len(got.Added)+len(more.Added) {
			t.Errorf("%d approved", len(approved))
		}
		_, _, err = w.svc.ApproveAll(ctx, w.lead, hours(2), []string{"GOV-02", "ZZZ-99"})
		w.refused(err, errs.NotFound, "ZZZ-99")
	})
}
