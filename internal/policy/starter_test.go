package policy_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/policy"
)

// TestStarters holds the policies that ship with the program to their bounds: long enough to be of use, tied to controls of
// the library and to the criteria those serve, plain Markdown, and written as they would be exported.
func TestStarters(t *testing.T) {
	t.Parallel()
	all, err := policy.Starters()
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, f := range all {
		d := markdown.Parse(f.Text.Body)
		if n := d.Words(); n < 300 || n > 900 {
			t.Errorf("%s has %d words", f.Slug, n)
		}
		if s := d.Sections(); len(s) < 4 || s[0].Title != "Purpose" {
			t.Errorf("%s: %v", f.Slug, s)
		}
		if f.Name != f.Slug+".md" || f.Months != 12 || f.Text.Summary == "" || f.Owner != "" {
			t.Errorf("%+v", f)
		}
		var theirs []string
		for _, id := range f.Text.Controls {
			served[id] = true
			x, err := c.Control(id)
			if err != nil {
				t.Errorf("%s: %v", f.Slug, err)
			}
			theirs = append(theirs, x.Criteria...)
		}
		for _, id := range f.Text.Criteria {
			if !slices.Contains(theirs, id) {
				t.Errorf("%s: none of its controls serves %s", f.Slug, id)
			}
		}
		if rest := strings.ReplaceAll(f.Text.Title+f.Text.Summary+f.Text.Body, "{{organisation}}", ""); strings.Contains(rest, "{{") {
			t.Errorf("%s has a place to fill in that nothing fills", f.Slug)
		}
		if again, problems := policy.ParseFile(f.Name, f.Format()); len(problems) > 0 || !again.Text.Equal(f.Text) {
			t.Errorf("%s does not survive being written: %v", f.Slug, problems)
		}
	}
	if len(all) != 20 {
		t.Errorf("%d policies", len(all))
	}
	for _, id := range []string{"GOV-01", "GOV-04", "INC-01", "HRS-01", "HRS-05", "COM-03", "RSK-02", "VEN-01", "IAM-05", "AVL-04", "PHY-01", "CHG-01", "LOG-01", "CRY-01", "PRV-01"} {
		if !served[id] {
			t.Errorf("no policy serves %s", id)
		}
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		some, err := w.svc.Adopt(ctx, w.lead, now, "Northwind", "ann@northwind.example", "speak-up", "encryption")
		w.ok(err)
		if len(some) != 2 || some[0].Slug != "speak-up" || some[0].Owner != w.ann.User() || strings.Contains(some[0].Shown.Body, "{{") || !strings.Contains(some[0].Shown.Body, "Northwind") {
			t.Errorf("%+v", some)
		}
		rest, err := w.svc.Adopt(ctx, w.lead, now, "Northwind", "")
		w.ok(err)
		if len(rest) != 18 {
			t.Errorf("%d more", len(rest))
		}
		again, err := w.svc.Adopt(ctx, w.lead, now, "Northwind", "")
		if err != nil || len(again) != 0 {
			t.Error(again, err)
		}
		for _, p := range rest {
			_, err := w.svc.Send(ctx, w.lead, hours(1), p.Ref, 0)
			w.ok(err)
		}
		_, err = w.svc.Adopt(ctx, w.lead, now, "Northwind", "", "nothing")
		w.refused(err, errs.NotFound, "", "no starter policy nothing")
		_, err = w.svc.Adopt(ctx, w.ben, now, "Northwind", "")
		w.refused(err, errs.Denied, "", "may not change policies")

		// What was adopted goes out as a folder and comes back without a difference, byte for byte.
		files, err := w.svc.Export(ctx, w.lead.ReadScope, true)
		w.ok(err)
		first, err := policy.Zip(files, now)
		w.ok(err)
		raw, err := policy.ReadZip(bytes.NewReader(first), int64(len(first)))
		w.ok(err)
		plan, err := w.svc.Plan(ctx, w.lead, raw)
		w.ok(err)
		for _, x := range plan {
			if x.Change != policy.Same {
				t.Errorf("%s: %s %s %v", x.Name, x.Change, x.What, x.Problems)
			}
		}
		plan, err = w.svc.Plan(ctx, w.OtherOwner, raw)
		w.ok(err)
		if len(plan) != 20 || plan[0].Change != policy.Wrong || !strings.Contains(plan[0].Problems[0].Text, "nobody here has") {
			t.Errorf("%+v", plan[0])
		}
		for i := range raw { // there the owners have other names
			raw[i].Body = bytes.ReplaceAll(bytes.ReplaceAll(raw[i].Body, []byte("owner: ann@northwind.example\n"), nil), []byte("owner: lea@northwind.example\n"), nil)
		}
		plan, err = w.svc.Plan(ctx, w.OtherOwner, raw)
		w.ok(err)
		n, err := w.svc.Import(ctx, w.OtherOwner, now, plan, "")
		w.ok(err)
		if n != 20 {
			t.Errorf("%d imported", n)
		}
		theirs, err := w.svc.Export(ctx, w.OtherOwner.ReadScope, true)
		w.ok(err)
		for i := range theirs {
			theirs[i].Owner = files[i].Owner
		}
		second, err := policy.Zip(theirs, now)
		w.ok(err)
		if !bytes.Equal(first, second) {
			t.Error("a folder that went out, in and out again is another one")
		}
	})
}
