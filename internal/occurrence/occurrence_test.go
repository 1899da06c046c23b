package occurrence_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/occurrence/occurrencesql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var (
	now   = accesstest.Now // 1 March 2026
	today = period.Of(now)
)

func day(y int, m time.Month, d int) period.Date { return period.Make(y, m, d) }

func days(n int) time.Time { return now.AddDate(0, 0, n) }

// papers are the evidence there is.
type papers []string

func (p papers) Known(_ context.Context, _ access.ReadScope, ref string) (bool, error) {
	for _, x := range p {
		if x == ref {
			return true, nil
		}
	}
	return false, nil
}

type world struct {
	*accesstest.World
	t        *testing.T
	svc      *occurrence.Service
	ann, ben access.Scope // a control owner and an employee
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	w.ok(err)
	store := &controlsql.Store{DB: db}
	controls := &control.Service{Store: store, Complements: store, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
	w.svc = &occurrence.Service{Store: &occurrencesql.Store{DB: db}, Controls: controls, People: w.Access, Papers: papers{"EV-2026-00001", "EV-2026-00002"}, Tx: db, Ledger: w.Ledger}
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	w.ben = w.Member(t, "ben@northwind.example", access.Employee)
	_, err = controls.Adopt(t.Context(), w.Operator, now, control.Adoption{Categories: []catalog.CategoryID{catalog.Security}, Approve: true})
	w.ok(err)
	_, err = controls.Assign(t.Context(), w.Owner, now, "GOV-02", "ann@northwind.example", "")
	w.ok(err)
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

func terms() occurrence.Terms {
	return occurrence.Terms{Rhythm: catalog.Quarterly, First: day(2026, 3, 31), Window: 14, Attach: "Signed minutes", Checked: true}
}

func show(list []occurrence.Occurrence, today period.Date) string {
	var out []string
	for _, o := range list {
		out = append(out, o.Ref()+" "+string(o.State(today)))
	}
	return strings.Join(out, "; ")
}

// TestLife plans a control, performs what is due, has it checked, and changes the plan.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		p, err := w.svc.Plan(ctx, w.Owner, now, "GOV-02", 0, terms())
		w.ok(err)
		if got := p.Now(); got.Owner != w.ann.User() || got.Since != day(2026, 3, 31) || got.Version != 1 {
			t.Errorf("%+v", got)
		}
		list, err := w.svc.List(ctx, w.Owner.ReadScope, now, occurrence.Filter{To: day(2027, 1, 1)}, paging.Query{})
		w.ok(err)
		if got, want := show(list.Rows, today), "GOV-02-2026-03-31 upcoming; GOV-02-2026-06-30 upcoming; GOV-02-2026-09-30 upcoming; GOV-02-2026-12-31 upcoming"; got != want {
			t.Errorf("%s", got)
		}
		ref := "GOV-02-2026-03-31"
		_, err = w.svc.Perform(ctx, w.ann, days(31), ref, 0, occurrence.Said{On: day(2026, 3, 30), Evidence: []string{" ev-2026-00001", "EV-2026-00001"}, Note: "All members came."})
		w.ok(err)
		o, err := w.svc.Occurrence(ctx, w.ben.ReadScope, ref)
		w.ok(err)
		if o.State(day(2026, 4, 1)) != occurrence.Done || !o.Waits() || len(o.Record.Evidence) != 1 || o.Record.Performer != w.ann.User() || o.From != day(2026, 1, 1) || o.RecordedLate() != 0 {
			t.Errorf("%+v %+v", o, o.Record)
		}
		_, err = w.svc.Check(ctx, w.ann, days(32), ref, 1, "")
		w.refused(err, errs.Denied, "", "cannot check it too")
		_, err = w.svc.SendBack(ctx, w.Owner, days(32), ref, 1, "The minutes lack the list of deficiencies.")
		w.ok(err)
		o, err = w.svc.Occurrence(ctx, w.Owner.ReadScope, ref)
		w.ok(err)
		if o.Performed() || o.State(day(2026, 4, 3)) != occurrence.Late || o.State(day(2026, 4, 15)) != occurrence.Missed {
			t.Errorf("sent back: %+v", o)
		}
		_, err = w.svc.Perform(ctx, w.ann, days(40), ref, 2, occurrence.Said{On: day(2026, 4, 9), Evidence: []string{"EV-2026-00002"}})
		w.ok(err)
		o, err = w.svc.Check(ctx, w.Owner, days(41), ref, 3, "Complete now.")
		w.ok(err)
		if o.State(day(2027, 1, 1)) != occurrence.DoneLate || o.Waits() {
			t.Errorf("%+v", o)
		}
		_, err = w.svc.Perform(ctx, w.ann, days(42), ref, 4, occurrence.Said{On: day(2026, 3, 31), Evidence: []string{"EV-2026-00002"}})
		w.refused(err, errs.Conflict, "", "was checked already")
		h, err := w.svc.History(ctx, w.Owner.ReadScope, o)
		w.ok(err)
		var kinds []string
		for _, e := range h {
			kinds = append(kinds, string(e.Kind))
		}
		if got := strings.Join(kinds, " "); got != "performed sent_back performed checked" {
			t.Error(got)
		}
		w.changesPlan()
		if got := len(w.Entries(t, w.Owner, "occurrence.")); got != 9 {
			t.Errorf("%d entries", got)
		}
	})
}

// changesPlan changes the rhythm in the middle: what was due stays, missed, and what is on record outside the new plan too.
func (w *world) changesPlan() {
	w.t.Helper()
	ctx := w.t.Context()
	later := days(130) // 9 July: the second quarter was late, and nobody recorded it
	_, err := w.svc.Perform(ctx, w.ann, later, "GOV-02-2026-09-30", 0, occurrence.Said{On: period.Of(later), Evidence: []string{"EV-2026-00002"}})
	w.ok(err)
	x := terms()
	x.Rhythm, x.First, x.Window, x.Why, x.Owner = catalog.Monthly, day(2026, 1, 31), 5, "The committee meets every month now.", "ben@northwind.example"
	_, err = w.svc.Plan(ctx, w.Owner, later, "GOV-02", 1, x)
	w.ok(err)
	list, err := w.svc.List(ctx, w.Owner.ReadScope, days(230), occurrence.Filter{Control: "GOV-02", To: day(2026, 11, 1)}, paging.Query{})
	w.ok(err)
	want := "GOV-02-2026-03-31 done_late; GOV-02-2026-06-30 missed; GOV-02-2026-07-31 missed; GOV-02-2026-08-31 missed; GOV-02-2026-09-30 done; GOV-02-2026-10-31 upcoming"
	if got := show(list.Rows, period.Of(days(230))); got != want {
		w.t.Errorf("%s\nwant %s", got, want)
	}
	if list.Rows[1].Owner != w.ben.User() || list.States[occurrence.Missed] != 3 {
		w.t.Errorf("%+v %v", list.Rows[1], list.States)
	}
	mine, err := w.svc.List(ctx, w.ben.ReadScope, days(230), occurrence.Filter{Owner: w.ben.User(), Todo: true}, paging.Query{Sort: "due", Desc: true, Size: 2})
	w.ok(err)
	if got := show(mine.Rows, period.Of(days(230))); mine.Total != 3 || !strings.HasPrefix(got, "GOV-02-2026-08-31 missed; GOV-02-2026-07-31") {
		w.t.Errorf("%d: %s", mine.Total, got)
	}
	// A missed one that is made up for stays missed.
	o, err := w.svc.Perform(ctx, w.ben, days(230), "GOV-02-2026-06-30", 0, occurrence.Said{On: period.Of(days(229)), Evidence: []string{"EV-2026-00001"}})
	w.ok(err)
	if o.State(period.Of(days(300))) != occurrence.Missed || o.Todo(period.Of(days(300))) {
		w.t.Errorf("%+v", o)
	}
	_, err = w.svc.End(ctx, w.Owner, days(231), "GOV-02", 2, "short")
	w.refused(err, errs.Invalid, "why", "at least 10")
	_, err = w.svc.End(ctx, w.Owner, days(231), "GOV-02", 2, "The committee was dissolved.")
	w.ok(err)
	list, err = w.svc.List(ctx, w.Owner.ReadScope, days(600), occurrence.Filter{Todo: true}, paging.Query{})
	w.ok(err)
	if list.Total != 0 || list.States[occurrence.Missed] != 3 {
		w.t.Errorf("after the end: %s %v", show(list.Rows, period.Of(days(600))), list.States)
	}
}

// TestRefused is what plans and records are refused for.
func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for name, c := range map[string]struct {
			ref   string
			spoil func(x *occurrence.Terms)
			base  int
			kind  errs.Kind
			field string
			part  string
		}{
			"no control":     {"ZZZ-99", func(*occurrence.Terms) {}, 0, errs.NotFound, "", "ZZZ-99"},
			"no rhythm":      {"GOV-02", func(x *occurrence.Terms) { x.Rhythm = catalog.PerEvent }, 0, errs.Invalid, "rhythm", "how often"},
			"long ago":       {"GOV-02", func(x *occurrence.Terms) { x.First = day(2019, 1, 1) }, 0, errs.Invalid, "first", "two years"},
			"window":         {"GOV-02", func(x *occurrence.Terms) { x.Window = 91 }, 0, errs.Invalid, "window", "0 to 83"},
			"weekly window":  {"GOV-02", func(x *occurrence.Terms) { x.Rhythm, x.Window = catalog.Weekly, 7 }, 0, errs.Invalid, "window", "0 to 6"},
			"nobody":         {"GOV-03", func(*occurrence.Terms) {}, 0, errs.Invalid, "owner", "no owner either"},
			"unknown person": {"GOV-02", func(x *occurrence.Terms) { x.Owner = "zoe@northwind.example" }, 0, errs.Invalid, "owner", "nobody here"},
			"other's person": {"GOV-02", func(x *occurrence.Terms) { x.Deputy = "owner@fabrikam.example" }, 0, errs.Invalid, "deputy", "nobody here"},
			"own deputy":     {"GOV-02", func(x *occurrence.Terms) { x.Deputy = "ann@northwind.example" }, 0, errs.Invalid, "deputy", "somebody else"},
			"long":           {"GOV-02", func(x *occurrence.Terms) { x.Attach = strings.Repeat("ж", 501) }, 0, errs.Invalid, "attach", "501 characters"},
			"stale":          {"GOV-02", func(x *occurrence.Terms) { x.Why = "because it is so" }, 4, errs.Conflict, "", "meanwhile"},
			"no reason":      {"GOV-02", func(*occurrence.Terms) {}, 1, errs.Invalid, "why", "at least 10"},
		} {
			x := terms()
			c.spoil(&x)
			_, err := w.svc.Plan(ctx, w.Owner, now, c.ref, c.base, x)
			if !errs.Is(err, c.kind) || errs.FieldOf(err) != c.field || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%s: %v at %q", name, err, errs.FieldOf(err))
			}
		}
		_, err := w.svc.Plan(ctx, w.ann, now, "GOV-02", 0, terms())
		w.refused(err, errs.Denied, "", "may not change controls")
		_, err = w.svc.Plan(ctx, w.Owner, now, "GOV-02", 0, terms())
		w.ok(err)
		at, good := days(31), occurrence.Said{On: day(2026, 3, 31), Evidence: []string{"EV-2026-00001"}}
		for name, c := range map[string]struct {
			scope access.Scope
			ref   string
			base  int
			said  occurrence.Said
			kind  errs.Kind
			field string
		}{
			"a stranger":    {w.ben, "GOV-02-2026-03-31", 0, good, errs.Denied, ""},
			"another org":   {w.OtherOwner, "GOV-02-2026-03-31", 0, good, errs.NotFound, ""},
			"another day":   {w.ann, "GOV-02-2026-04-01", 0, good, errs.NotFound, ""},
			"no reference":  {w.ann, "what?", 0, good, errs.NotFound, ""},
			"tomorrow":      {w.ann, "GOV-02-2026-03-31", 0, occurrence.Said{On: day(2026, 4, 2), Evidence: good.Evidence}, errs.Invalid, "on"},
			"no day":        {w.ann, "GOV-02-2026-03-31", 0, occurrence.Said{Evidence: good.Evidence}, errs.Invalid, "on"},
			"before":        {w.ann, "GOV-02-2026-03-31", 0, occurrence.Said{On: day(2025, 12, 31), Evidence: good.Evidence}, errs.Invalid, "on"},
			"no evidence":   {w.ann, "GOV-02-2026-03-31", 0, occurrence.Said{On: good.On}, errs.Invalid, "evidence"},
			"none of these": {w.ann, "GOV-02-2026-03-31", 0, occurrence.Said{On: good.On, Evidence: []string{"EV-2026-09999"}}, errs.Invalid, "evidence"},
			"stale":         {w.ann, "GOV-02-2026-03-31", 2, good, errs.Conflict, ""},
		} {
			_, err := w.svc.Perform(ctx, c.scope, at, c.ref, c.base, c.said)
			if !errs.Is(err, c.kind) || errs.FieldOf(err) != c.field {
				t.Errorf("%s: %v at %q", name, err, errs.FieldOf(err))
			}
			var stale *occurrence.Stale
			if c.kind == errs.Conflict && !errors.As(err, &stale) {
				t.Errorf("%s: %v has no cause", name, err)
			}
		}
		if list, err := w.svc.List(ctx, w.OtherOwner.ReadScope, now, occurrence.Filter{}, paging.Query{}); err != nil || list.Total != 0 {
			t.Errorf("another organisation sees %+v, %v", list, err)
		}
	})
}

// TestProposals plans what people perform on their usual terms.
func TestProposals(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		all, err := w.svc.Proposals(ctx, w.Owner.ReadScope, now)
		w.ok(err)
		found := map[string]occurrence.Terms{}
		for _, p := range all {
			found[p.Control.Ref] = p.Terms
		}
		for ref, want := range map[string]string{"GOV-02": "quarterly 2026-03-31", "MON-04": "monthly 2026-03-31", "MON-02": "annual 2026-12-31", "RSK-05": "weekly 2026-03-06", "GOV-06": "semi_annual 2026-06-30"} {
			if x := found[ref]; fmt.Sprint(x.Rhythm, " ", x.First) != want {
				t.Errorf("%s: %s %s, want %s", ref, x.Rhythm, x.First, want)
			}
		}
		if _, there := found["VUL-01"]; there {
			t.Error("an automated control is proposed")
		}
		_, err = w.svc.PlanUsual(ctx, w.Owner, now, []string{"GOV-02", "GOV-03"})
		w.refused(err, errs.Invalid, "owner", "GOV-03")
		got, err := w.svc.PlanUsual(ctx, w.Owner, now, []string{"GOV-02"})
		w.ok(err)
		if len(got) != 1 {
			t.Errorf("%v", got)
		}
		after, err := w.svc.Proposals(ctx, w.Owner.ReadScope, now)
		w.ok(err)
		if len(after) != len(all)-1 {
			t.Errorf("%d of %d are left", len(after), len(all))
		}
	})
}

// TestCalendar is the days of each rhythm, over the ends of months and years.
func TestCalendar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rhythm   catalog.Frequency
		first    period.Date
		from, to period.Date
		want     string
	}{
		{catalog.Weekly, day(2026, 1, 2), day(2026, 1, 1), day(2026, 1, 20), "2026-01-02 2026-01-09 2026-01-16"},
		{catalog.Weekly, day(2026, 1, 2), day(2026, 3, 7), day(2026, 3, 20), "2026-03-13"},
		{catalog.Monthly, day(2026, 1, 31), day(2026, 1, 1), day(2026, 6, 1), "2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31"},
		{catalog.Monthly, day(2026, 1, 30), day(2026, 1, 1), day(2026, 5, 1), "2026-01-30 2026-02-28 2026-03-30 2026-04-30"},
		{catalog.Monthly, day(2026, 9, 30), day(2026, 9, 1), day(2026, 12, 1), "2026-09-30 2026-10-31 2026-11-30"},
		{catalog.Monthly, day(2026, 1, 31), day(2028, 2, 1), day(2028, 3, 1), "2028-02-29"},
		{catalog.Quarterly, day(2025, 11, 30), day(2026, 1, 1), day(2026, 9, 1), "2026-02-28 2026-05-31 2026-08-31"},
		{catalog.SemiAnnual, day(2026, 6, 30), day(2026, 1, 1), day(2028, 1, 1), "2026-06-30 2026-12-31 2027-06-30 2027-12-31"},
		{catalog.Annual, day(2024, 2, 29), day(2025, 1, 1), day(2029, 1, 1), "2025-02-28 2026-02-28 2027-02-28 2028-02-29"},
		{catalog.Annual, day(2026, 5, 1), day(2026, 5, 2), day(2027, 5, 1), ""},
	} {
		p := occurrence.Plan{Control: "GOV-02", Terms: []occurrence.Term{{Rhythm: c.rhythm, First: c.first, Since: c.first}}}
		var got []string
		last := period.Date(0)
		for _, o := range p.Calendar(c.from, c.to) {
			got = append(got, o.Due.String())
			if o.From > o.Due || last != 0 && o.From != last+1 {
				t.Errorf("%s from %s: %s begins on %s", c.rhythm, c.first, o.Ref(), o.From)
			}
			last = o.Due
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s from %s: %s, want %s", c.rhythm, c.first, s, c.want)
		}
	}
}
