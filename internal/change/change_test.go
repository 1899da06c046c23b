package change_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/change/changesql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

type world struct {
	*accesstest.World
	t   *testing.T
	svc *change.Service
	ann access.Scope // a control owner
	ben access.Scope // an employee
}

// Item knows one piece of evidence.
func (w *world) Item(_ context.Context, _ access.ReadScope, ref string) (evidence.Item, error) {
	if ref == "EV-2026-00001" {
		return evidence.Item{Ref: ref}, nil
	}
	return evidence.Item{}, errs.New(errs.NotFound, "no evidence %s", ref)
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	w.svc = &change.Service{Store: &changesql.Store{DB: db}, Evidence: w, Tx: db, Ledger: w.Ledger, Campaign: func(_ context.Context, _ access.ReadScope, ref string) error {
		if ref == "CA-1" {
			return nil
		}
		return errs.New(errs.NotFound, "no campaign %s", ref)
	}}
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	w.ben = w.Member(t, "ben@northwind.example", access.Employee)
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

var (
	customers = change.Audience{Kind: change.Customers}
	staff     = change.Audience{Kind: change.Staff}
	finance   = change.Audience{Kind: change.Department, Name: "Finance"}
)

func sample(title string) change.Text {
	return change.Text{Title: title, Effective: today + 1, Customer: true, Impact: "Exports have a new column.", Services: []string{"Ledger", "Ledger", " "}, Audiences: []change.Audience{customers, finance, customers}}
}

func notice(to change.Audience, sent time.Time) change.Notice {
	return change.Notice{To: to, Channel: change.Email, Text: "From Monday on exports have a new column.", Sent: sent}
}

// TestLife takes one change through everything that can happen to it.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		c, err := w.svc.Add(ctx, w.ann, now, sample("A new column"))
		w.ok(err)
		if c.Ref != "SC-2026-01" || len(c.Audiences) != 2 || len(c.Services) != 1 || c.State() != change.Planned || c.Significance() != "" || c.Told() != "none" {
			t.Errorf("%+v", c)
		}
		got, err := w.svc.Change(ctx, w.ann.ReadScope, "sc-2026-01")
		w.ok(err)
		if fmt.Sprint(got) != fmt.Sprint(c) {
			t.Errorf("%+v\n%+v", got, c)
		}
		c, err = w.svc.Decide(ctx, w.ann, hours(1), c.Ref, 1, true, "user entities read the export by machine")
		w.ok(err)
		c, err = w.svc.Tell(ctx, w.ann, hours(3), c.Ref, 2, notice(customers, hours(2)))
		w.ok(err)
		if c.Told() != "part" || len(c.Unproved()) != 1 || len(c.Late()) != 0 {
			t.Errorf("%+v", c)
		}
		_, err = w.svc.Tell(ctx, w.ann, hours(3), c.Ref, 2, notice(finance, hours(2)))
		w.refused(err, errs.Conflict, "", "meanwhile")
		var stale *change.Stale
		if !errors.As(err, &stale) || stale.Theirs.Version != 3 {
			t.Error(err)
		}
		c, err = w.svc.Prove(ctx, w.ann, hours(4), c.Ref, 0, 1, "ev-2026-00001")
		w.ok(err)
		c, err = w.svc.Release(ctx, w.ann, hours(30), c.Ref, 0, hours(24))
		w.ok(err)
		if late := c.Late(); len(late) != 1 || late[0] != finance || len(c.Unproved()) != 0 {
			t.Errorf("%+v", c)
		}
		c, err = w.svc.Tell(ctx, w.ann, hours(31), c.Ref, 0, notice(finance, hours(25)))
		w.ok(err)
		if c.Told() != "all" || len(c.Late()) != 1 {
			t.Error("who was told late was told late for ever")
		}
		_, err = w.svc.Withdraw(ctx, w.ann, hours(32), c.Ref, 0, "it was taken back")
		w.refused(err, errs.Conflict, "", "cannot be withdrawn")
		all, err := w.svc.History(ctx, w.ann.ReadScope, c.ID)
		w.ok(err)
		var acts []string
		for _, v := range all {
			acts = append(acts, string(v.Act))
		}
		if got := strings.Join(acts, " "); got != "told released proved told decided added" {
			t.Error(got)
		}
		if n := len(w.Entries(t, w.Owner, "change.")); n != 6 {
			t.Errorf("%d entries", n)
		}
		if _, err := w.svc.Change(ctx, w.OtherOwner.ReadScope, c.Ref); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for _, c := range []struct {
			change      func(*change.Text)
			field, part string
		}{
			{func(x *change.Text) { x.Title = " " }, "title", "at least 3"},
			{func(x *change.Text) { x.Title = strings.Repeat("ü", 201) }, "title", "201 characters"},
			{func(x *change.Text) { x.Effective = 0 }, "effective", "which day"},
			{func(x *change.Text) { x.Effective = today + 9999 }, "effective", "too far"},
			{func(x *change.Text) { x.Impact = " " }, "impact", "what customers notice"},
			{func(x *change.Text) { x.Audiences = []change.Audience{staff} }, "audiences", "which of them"},
			{func(x *change.Text) { x.Audiences = append(x.Audiences, change.Audience{Kind: change.NamedList}) }, "audiences", "missing"},
			{func(x *change.Text) { x.Audiences = append(x.Audiences, change.Audience{Kind: "ghosts"}) }, "audiences", "nobody who could"},
		} {
			x := sample("A change")
			c.change(&x)
			_, err := w.svc.Add(ctx, w.ann, now, x)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		_, err := w.svc.Add(ctx, w.ben, now, sample("A change"))
		w.refused(err, errs.Denied, "", "may not record significant changes")
		hostile := "<script>\u202eשינוי</script> 🧯 \x00' --"
		c, err := w.svc.Add(ctx, w.ann, now, sample(hostile))
		w.ok(err)
		if c.Title != "<script>\u202eשינוי</script> 🧯  ' --" {
			t.Errorf("%q", c.Title)
		}
		_, err = w.svc.Decide(ctx, w.ann, now, c.Ref, 0, true, "because")
		w.refused(err, errs.Invalid, "reason", "at least 20")
		for _, x := range []struct {
			change      func(*change.Notice)
			field, part string
		}{
			{func(n *change.Notice) { n.Sent = hours(1) }, "sent", "future"},
			{func(n *change.Notice) { n.To = staff }, "to", "who was told"},
			{func(n *change.Notice) { n.Channel = "pigeon" }, "channel", "how"},
			{func(n *change.Notice) { n.Text = "hi" }, "text", "at least 10"},
			{func(n *change.Notice) { n.Evidence = "EV-2026-99999" }, "evidence", "no evidence"},
			{func(n *change.Notice) { n.Channel = change.ByCampaign }, "campaign", "name the campaign"},
			{func(n *change.Notice) { n.Channel, n.Campaign = change.ByCampaign, "CA-99" }, "campaign", "no campaign CA-99"},
			{func(n *change.Notice) { n.Recipients = -1 }, "recipients", "number"},
		} {
			n := notice(customers, now)
			x.change(&n)
			_, err := w.svc.Tell(ctx, w.ann, now, c.Ref, 0, n)
			w.refused(err, errs.Invalid, x.field, x.part)
		}
		_, err = w.svc.Release(ctx, w.ann, now, c.Ref, 0, hours(1))
		w.refused(err, errs.Invalid, "at", "lies ahead")
		_, err = w.svc.Prove(ctx, w.ann, now, c.Ref, 0, 1, "EV-2026-00001")
		w.refused(err, errs.NotFound, "", "no notice 1")
		_, err = w.svc.Tell(ctx, w.ann, now, c.Ref, 0, notice(customers, now))
		w.ok(err)
		x := c.Text
		x.Audiences = []change.Audience{{Kind: change.UserEntities}}
		_, err = w.svc.Edit(ctx, w.ann, now, c.Ref, 0, x)
		w.refused(err, errs.Invalid, "audiences", "told already")
		_, err = w.svc.Withdraw(ctx, w.ann, now, c.Ref, 0, "it was not worth it")
		w.ok(err)
		_, err = w.svc.Tell(ctx, w.ann, now, c.Ref, 0, notice(customers, now))
		w.refused(err, errs.Conflict, "", "is withdrawn")
		_, err = w.svc.Release(ctx, w.ann, now, c.Ref, 0, now)
		w.refused(err, errs.Conflict, "", "is withdrawn")
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for i, title := range []string{"One", "Two 100%_", "Three"} {
			x := sample(title)
			x.Effective = today - period.Date(i*400)
			if i == 2 {
				x.Customer, x.Audiences = false, nil
			}
			_, err := w.svc.Add(ctx, w.ann, now, x)
			w.ok(err)
		}
		_, err := w.svc.Decide(ctx, w.ann, now, "SC-2026-01", 0, false, "nobody outside notices anything")
		w.ok(err)
		_, err = w.svc.Release(ctx, w.ann, now, "SC-2026-01", 0, now)
		w.ok(err)
		for _, c := range []struct {
			f    change.Filter
			q    paging.Query
			want string
		}{
			{change.Filter{}, paging.Query{}, "SC-2026-01 SC-2025-01 SC-2023-01"},
			{change.Filter{}, paging.Query{Sort: "effective", Size: 2}, "SC-2023-01 SC-2025-01"},
			{change.Filter{Significant: "no"}, paging.Query{}, "SC-2026-01"},
			{change.Filter{Significant: "undecided"}, paging.Query{Search: "100%_"}, "SC-2025-01"},
			{change.Filter{Told: "late"}, paging.Query{}, "SC-2026-01"},
			{change.Filter{Told: "nobody"}, paging.Query{}, "SC-2023-01"},
			{change.Filter{State: change.Planned, Customer: true}, paging.Query{}, "SC-2025-01"},
			{change.Filter{Within: period.Closed(today-400, today-400)}, paging.Query{}, "SC-2025-01"},
		} {
			got, err := w.svc.List(ctx, w.ann.ReadScope, c.f, c.q)
			w.ok(err)
			var out []string
			for _, x := range got.Rows {
				out = append(out, x.Ref)
			}
			if strings.Join(out, " ") != c.want {
				t.Errorf("%+v %+v: %v, want %s", c.f, c.q, out, c.want)
			}
		}
		all, err := w.svc.All(ctx, w.ann.ReadScope, change.Filter{})
		w.ok(err)
		if len(all) != 3 {
			t.Error(len(all))
		}
	})
}

func TestAudience(t *testing.T) {
	t.Parallel()
	for _, a := range []change.Audience{customers, staff, finance, {Kind: change.NamedList, Name: "Pilot: customers"}} {
		if got := change.ParseAudience(a.Key()); got != a || a.Title() == "" {
			t.Errorf("%+v: %+v", a, got)
		}
	}
}
