package control_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func cuec() control.NewComplement {
	return control.NewComplement{
		Kind: control.CUEC, Text: "Customers remove their own leavers from the user list they administer.", Without: "Access is limited to authorised users of the customer.",
		Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC6.3"}, {Framework: catalog.TSC, ID: "CC6.2"}},
	}
}

func TestComplements(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		first, err := w.svc.AddComplement(ctx, w.Owner, hours(0), cuec())
		w.ok(err)
		if first.Ref != "CUEC-01" || first.Revision != 1 || first.Requirements[0].ID != "CC6.2" {
			t.Errorf("%+v", first)
		}
		duty := control.NewComplement{Kind: control.Responsibility, Text: "Customers send a correct list of contacts.", Requirements: cuec().Requirements}
		csoc := control.NewComplement{Kind: control.CSOC, Text: "Physical access to data centres is limited.", Party: "Contoso Cloud", Requirements: []control.Requirement{{Framework: catalog.SOC1, ID: "ITGC-02"}}}
		for want, n := range map[string]control.NewComplement{"UER-01": duty, "CSOC-01": csoc} {
			c, err := w.svc.AddComplement(ctx, w.lead, hours(1), n)
			w.ok(err)
			if c.Ref != want {
				t.Error(c.Ref)
			}
		}
		second, err := w.svc.AddComplement(ctx, w.Owner, hours(1), cuec())
		w.ok(err)
		if second.Ref != "CUEC-02" {
			t.Error(second.Ref)
		}
		changed := cuec()
		changed.Kind, changed.Text = control.CSOC, "Customers remove their own leavers within a day." // the kind stays what it was
		c, err := w.svc.ChangeComplement(ctx, w.lead, hours(2), "CUEC-01", 1, changed, why)
		w.ok(err)
		if c.Revision != 2 || c.Kind != control.CUEC || c.Note != why {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.ChangeComplement(ctx, w.Owner, hours(2), "CUEC-01", 1, cuec(), why)
		w.refused(err, errs.Conflict, "changed meanwhile by "+w.lead.Actor())
		_, err = w.svc.ChangeComplement(ctx, w.Owner, hours(1), "CUEC-01", 2, cuec(), why)
		w.refused(err, errs.Invalid, "younger")
		_, err = w.svc.ChangeComplement(ctx, w.Owner, hours(2), "CUEC-09", 1, cuec(), why)
		w.refused(err, errs.NotFound, "CUEC-09")
		_, err = w.svc.RetireComplement(ctx, w.Owner, hours(3), "CUEC-01", 2, "the service removes them itself now")
		w.ok(err)
		_, err = w.svc.RetireComplement(ctx, w.Owner, hours(3), "CUEC-01", 3, "the service removes them itself now")
		w.refused(err, errs.Conflict, "retired already")

		for at, want := range map[int]string{-1: "", 0: "CUEC-01/1", 1: "CSOC-01/1 CUEC-01/1 CUEC-02/1 UER-01/1", 2: "CSOC-01/1 CUEC-01/2 CUEC-02/1 UER-01/1", 3: "CSOC-01/1 CUEC-02/1 UER-01/1"} {
			if got := w.complements("", at); got != want {
				t.Errorf("hour %d: %s", at, got)
			}
		}
		if got := w.complements(control.CUEC, 9); got != "CUEC-02/1" {
			t.Error(got)
		}
		all, err := w.svc.ComplementHistory(ctx, w.Owner.ReadScope, "CUEC-01")
		w.ok(err)
		if len(all) != 3 || !all[0].Retired || all[2].Text != cuec().Text || !all[2].At.Equal(hours(0)) {
			t.Errorf("%+v", all)
		}
		_, err = w.svc.ComplementHistory(ctx, w.OtherOwner.ReadScope, "CUEC-01")
		w.refused(err, errs.NotFound, "CUEC-01")
		_, err = w.svc.ChangeComplement(ctx, w.OtherOwner, hours(4), "CUEC-01", 3, cuec(), why)
		w.refused(err, errs.NotFound, "CUEC-01")
		theirs, err := w.svc.AddComplement(ctx, w.OtherOwner, hours(4), cuec())
		w.ok(err)
		if theirs.Ref != "CUEC-01" {
			t.Error(theirs.Ref)
		}
		e := w.Entries(t, w.Owner, "complement.")
		if len(e) != 6 || e[4].Kind != "complement.changed" || e[4].Subject != "CUEC-01" || e[4].Says["revision"] != 2.0 || e[5].Kind != "complement.retired" {
			t.Errorf("%d entries", len(e))
		}
	})
}

func (w *world) complements(kind control.ComplementKind, at int) string {
	w.t.Helper()
	all, err := w.svc.ListComplements(w.t.Context(), w.Owner.ReadScope, kind, hours(at))
	w.ok(err)
	var out []string
	for _, c := range all {
		out = append(out, c.Ref+"/"+string(rune('0'+c.Revision)))
	}
	return strings.Join(out, " ")
}

func TestComplementRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	for _, x := range []struct {
		name   string
		change func(*control.NewComplement)
		field  string
	}{
		{"kind", func(n *control.NewComplement) { n.Kind = "wish" }, "kind"},
		{"text", func(n *control.NewComplement) { n.Text = "Do it." }, "text"},
		{"nothing depends on it", func(n *control.NewComplement) { n.Requirements = nil }, "requirements"},
		{"unknown criterion", func(n *control.NewComplement) { n.Requirements[0].ID = "CC8.2" }, "requirements"},
		{"framework", func(n *control.NewComplement) {
			n.Requirements[0] = control.Requirement{Framework: catalog.ISO, ID: "A.5.1"}
		}, "requirements"},
		{"a CUEC that says not what fails", func(n *control.NewComplement) { n.Without = "" }, "without"},
		{"a responsibility that claims to be needed", func(n *control.NewComplement) { n.Kind = control.Responsibility }, "without"},
		{"a CUEC with a party", func(n *control.NewComplement) { n.Party = "Contoso" }, "party"},
		{"a CSOC without a party", func(n *control.NewComplement) { n.Kind, n.Without = control.CSOC, "" }, "party"},
	} {
		n := cuec()
		x.change(&n)
		_, err := w.svc.AddComplement(t.Context(), w.Owner, now, n)
		if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != x.field {
			t.Errorf("%s: %v at %q", x.name, err, errs.FieldOf(err))
		}
	}
	if got := w.complements("", 9); got != "" {
		t.Error(got)
	}
}
