package reviewsql_test

import (
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/review"
)

// TestStart: what a review needs before it can begin.
func TestStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	ctx := t.Context()
	good := func() review.New {
		return review.New{Title: "Accounts", Due: today + 14, Systems: []review.Choice{w.choice()}}
	}
	_, err := w.svc.Start(ctx, w.lead, now, good())
	w.refused(err, errs.Conflict, "system-0", "never collected")
	w.snap(day(-2), "user_account", total(7), usual()...)
	_, err = w.svc.Start(ctx, w.lead, now, good())
	w.refused(err, errs.Conflict, "system-0", "more than 24 hours ago")
	w.snap(now, "user_account", total(9), usual()...)
	_, err = w.svc.Start(ctx, w.lead, now, good())
	w.refused(err, errs.Invalid, "reason-0", "although the counts do not agree")
	offers, err := w.svc.Offers(ctx, w.lead.ReadScope, now)
	w.ok(err)
	if len(offers) != 3 || offers[0].Gap == "" || offers[0].Old || !offers[1].Never {
		t.Errorf("%+v", offers)
	}

	for _, c := range []struct {
		name        string
		as          access.Scope
		edit        func(*review.New)
		kind        errs.Kind
		field, part string
	}{
		{"no right", w.ann, func(*review.New) {}, errs.Denied, "", "run access reviews"},
		{"no title", w.lead, func(n *review.New) { n.Title = " " }, errs.Invalid, "title", "needs at least 3"},
		{"past", w.lead, func(n *review.New) { n.Due = today - 1 }, errs.Invalid, "due", "over"},
		{"far", w.lead, func(n *review.New) { n.Due = today + 4000 }, errs.Invalid, "due", "more than a year"},
		{"nothing", w.lead, func(n *review.New) { n.Systems = nil }, errs.Invalid, "systems", "choose what"},
		{"way", w.lead, func(n *review.New) { n.Assign = "dice" }, errs.Invalid, "assign", "who decides"},
		{"departments", w.lead, func(n *review.New) { n.Assign = review.ByDepartment }, errs.Invalid, "departments", "at least one"},
		{"no reviewer", w.lead, func(n *review.New) { n.Systems[0].Reviewer = "" }, errs.Invalid, "reviewer-0", "choose somebody"},
		{"stranger", w.lead, func(n *review.New) { n.Systems[0].Reviewer = "nobody@x.example" }, errs.Invalid, "reviewer-0", "nobody here"},
		{"same", w.lead, func(n *review.New) { n.Systems[0].Deputy = n.Systems[0].Reviewer }, errs.Invalid, "deputy-0", "the deputy is the reviewer"},
		{"resource", w.lead, func(n *review.New) { n.Systems[0].Resource = "package" }, errs.Invalid, "system-0", "tells nothing"},
		{"twice", w.lead, func(n *review.New) {
			n.Systems[0].Reason = "The source counts two test accounts."
			n.Systems = append(n.Systems, n.Systems[0])
		}, errs.Invalid, "system-1", "chosen twice"},
	} {
		n := good()
		c.edit(&n)
		_, err := w.svc.Start(ctx, c.as, now, n)
		t.Run(c.name, func(t *testing.T) {
			if !errs.Is(err, c.kind) || errs.FieldOf(err) != c.field {
				t.Errorf("%v at %q, want %v at %q", err, errs.FieldOf(err), c.kind, c.field)
			}
			w.refused(err, c.kind, c.field, c.part)
		})
	}
	// With a reason it begins, and says that the counts do not agree.
	n := good()
	n.Systems[0].Reason = "The source counts two test accounts."
	r, err := w.svc.Start(ctx, w.lead, now, n)
	w.ok(err)
	sys, err := w.svc.Systems(ctx, w.lead.ReadScope, r.ID, now)
	w.ok(err)
	if yes, known := sys[0].Reconciles(); yes || !known || sys[0].Reason == "" {
		t.Errorf("%+v", sys[0].Frozen)
	}
	// A reviewer who leaves cannot be given anything, and their rows go to somebody else.
	w.ok(w.Access.SetDisabled(ctx, w.Owner, now, w.ann.User(), true))
	_, err = w.svc.Reassign(ctx, w.lead, now, r.Ref, nil, w.ben.User(), "ann@northwind.example", "ann knows the system better")
	w.refused(err, errs.Invalid, "to", "blocked or only reads")
	moved, err := w.svc.Reassign(ctx, w.lead, now, r.Ref, nil, w.ann.User(), "ben@northwind.example", "ann has left the company")
	w.ok(err)
	left := w.rows(r, review.RowFilter{Reviewer: w.ann.User()})
	if moved != 4 || len(left) != 1 || left[0].Login != "ben@northwind.example" { // ben's own stays
		t.Errorf("%d moved, %+v", moved, left)
	}
	_, err = w.svc.Cancel(ctx, w.lead, now, r.Ref, "no")
	w.refused(err, errs.Invalid, "why", "at least 10")
	_, err = w.svc.Cancel(ctx, w.lead, now, r.Ref, "Begun over the wrong snapshot.")
	w.ok(err)
	_, err = w.svc.Cancel(ctx, w.lead, now, r.Ref, "Begun over the wrong snapshot.")
	w.refused(err, errs.Conflict, "", "was cancelled")
}

// TestAssign: by manager and by department, and never the subject.
func TestAssign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.snap(now, "user_account", total(7), usual()...)
	ben := w.ben.User()
	r, err := w.svc.Start(t.Context(), w.lead, now, review.New{Title: "By manager", Due: today + 14, Assign: review.ByLine, Systems: []review.Choice{w.choice()}})
	w.ok(err)
	for login, want := range map[string]access.UserID{"cid@northwind.example": ben, "ben@northwind.example": w.ann.User(), "ann@northwind.example": ben, "robot": w.ann.User()} {
		if x := w.row(r, login); x.Reviewer != want {
			t.Errorf("%s goes to %s", login, x.Reviewer)
		}
	}
	r, err = w.svc.Start(t.Context(), w.lead, now, review.New{Title: "By department", Due: today + 14, Assign: review.ByDepartment,
		Departments: map[string]string{"sales": "eve@northwind.example"}, Systems: []review.Choice{w.choice()}})
	w.ok(err)
	if x := w.row(r, "cid@northwind.example"); x.Reviewer != w.eve.User() {
		t.Errorf("%+v", x)
	}
	// An employee sees the review, and of it their own rows alone.
	got, err := w.svc.Review(t.Context(), w.eve.ReadScope, now, r.Ref)
	w.ok(err)
	res, err := w.svc.Rows(t.Context(), w.eve.ReadScope, review.RowFilter{Review: got.ID}, paging.Query{})
	w.ok(err)
	for _, x := range res.Rows {
		if x.Reviewer != w.eve.User() {
			t.Errorf("%s is shown", x.Login)
		}
	}
	list, err := w.svc.List(t.Context(), w.eve.ReadScope, review.Filter{}, paging.Query{})
	w.ok(err)
	if res.Total != 4 || list.Total != 1 {
		t.Errorf("%d rows, %d reviews", res.Total, list.Total)
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	ctx := t.Context()
	p := review.Plan{Connection: "okta-main", Critical: true, Every: review.Quarterly, Reviewer: "ann@northwind.example", Deputy: "ben@northwind.example"}
	bad := p
	bad.Every = review.Yearly
	_, err := w.svc.SetPlan(ctx, w.lead, now, 0, bad)
	w.refused(err, errs.Invalid, "every", "each quarter")
	bad = p
	bad.Deputy = bad.Reviewer
	_, err = w.svc.SetPlan(ctx, w.lead, now, 0, bad)
	w.refused(err, errs.Invalid, "deputy", "is the reviewer")
	_, err = w.svc.SetPlan(ctx, w.ann, now, 0, p)
	w.refused(err, errs.Denied, "", "run access reviews")
	set, err := w.svc.SetPlan(ctx, w.lead, now, 0, p)
	w.ok(err)
	_, err = w.svc.SetPlan(ctx, w.lead, now, set.Version+1, p)
	w.refused(err, errs.Conflict, "", "meanwhile")
	p.Critical, p.Every = false, review.Yearly
	_, err = w.svc.SetPlan(ctx, w.lead, day(1), set.Version, p)
	w.ok(err)
	all, err := w.svc.Plans(ctx, w.lead.ReadScope)
	w.ok(err)
	if len(all) != 1 || all[0].Every != review.Yearly || all[0].Version != 2 || !all[0].Created.Equal(now) || all[0].Next(today) != period.Make(2026, 12, 31) {
		t.Errorf("%+v", all)
	}
	w.snap(now, "user_account", total(7), usual()...)
	w.start(now)
	all, err = w.svc.Plans(ctx, w.lead.ReadScope)
	w.ok(err)
	if all[0].LastRef != "AR-2026-01" || all[0].Next(today) != period.Make(2027, 12, 31) {
		t.Errorf("%+v", all[0])
	}
	if _, missed := all[0].Missed(today); missed {
		t.Error("a plan missed a year before it was made")
	}
	q := review.Plan{Every: review.Quarterly, Created: day(-200)}
	if span, missed := q.Missed(today); !missed || span.From != period.Make(2025, 10, 1) {
		t.Errorf("%v %v", span, missed)
	}
}

// TestHosts: local accounts of machines; those nobody can sign in with are left out.
func TestHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.svc.Resources = func(collect.Connection) []string { return []string{"host_account"} }
	w.snap(now, "host_account", total(3),
		&collect.HostAccount{ID: "h/root", Host: "h", Name: "root", UID: 0, Login: collect.Ptr(true)},
		&collect.HostAccount{ID: "h/cid", Host: "h", Name: "cid", UID: 1001, Login: collect.Ptr(true), Groups: collect.Ptr("sudo,adm")},
		&collect.HostAccount{ID: "h/www", Host: "h", Name: "www", UID: 33, Login: collect.Ptr(false)})
	r, err := w.svc.Start(t.Context(), w.lead, now, review.New{Title: "Hosts", Due: today + 5, Systems: []review.Choice{w.choice()}})
	w.ok(err)
	rows := w.rows(r, review.RowFilter{})
	if len(rows) != 2 || rows[0].Login != "cid@h" || len(rows[0].Groups) != 2 || !rows[1].Has(review.Privileged) || rows[0].System != "okta-main.host_account" {
		t.Errorf("%+v", rows)
	}
}
