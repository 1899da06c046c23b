package policy_test

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
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/policy/policysql"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

func days(n int) time.Time { return now.AddDate(0, 0, n) }

// ended remembers which versions people no longer have to read.
type ended []string

func (e *ended) Ended(_ context.Context, _ access.Scope, _ time.Time, ref string, version int, why string) error {
	*e = append(*e, fmt.Sprintf("%s/%d: %s", ref, version, why))
	return nil
}

type world struct {
	*accesstest.World
	t     *testing.T
	svc   *policy.Service
	ended ended
	lead  access.Scope // may write and approve, as the owner may
	ann   access.Scope // a control owner
	ben   access.Scope // an employee
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.svc = &policy.Service{Store: &policysql.Store{DB: db}, Catalog: c, Controls: own{}, People: w.Access, Readers: &w.ended, Tx: db, Ledger: w.Ledger}
	w.lead = w.Member(t, "lea@northwind.example", access.ComplianceLead)
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	w.ben = w.Member(t, "ben@northwind.example", access.Employee)
	return w
}

// own is the references of the organisation's own controls.
type own struct{}

func (own) Refs(context.Context, access.ReadScope) ([]string, error) { return []string{"OWN-01"}, nil }

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

var body = "## Purpose\n\n" + strings.Repeat("Everybody reports what looks wrong at once. ", 8)

const why = "the office in Rotterdam was closed in May"

func said(title, more string) policy.Text {
	return policy.Text{Title: title, Summary: "What we do.", Body: body + more, Controls: []string{"inc-01", "GOV-04", "INC-01"}, Criteria: []string{"CC7.4", "cc7.3"}}
}

// put brings a policy into force that the lead wrote and the owner approved.
func (w *world) put(title string) policy.Policy {
	w.t.Helper()
	p, err := w.svc.Create(w.t.Context(), w.lead, now, policy.New{Text: said(title, "")})
	w.ok(err)
	return w.approve(p.Ref, hours(1))
}

func (w *world) approve(ref string, at time.Time) policy.Policy {
	w.t.Helper()
	_, err := w.svc.Send(w.t.Context(), w.lead, at, ref, 0)
	w.ok(err)
	p, err := w.svc.Approve(w.t.Context(), w.Owner, at.Add(time.Hour), ref, 0)
	w.ok(err)
	return p
}

// TestLife takes one policy through everything that can happen to it.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		p, err := w.svc.Create(ctx, w.lead, now, policy.New{Text: said(" Incident\nresponse ", "\r\n"), Owner: "Ann@northwind.example"})
		w.ok(err)
		if p.Ref != "POL-01" || p.Slug != "incident-response" || p.Owner != w.ann.User() || p.Standing != policy.StandsDraft || p.Months != 12 || p.Due != 0 || p.Shown.State != policy.Draft {
			t.Errorf("%+v", p)
		}
		got, err := w.svc.Policy(ctx, w.Owner.ReadScope, "POL-01")
		w.ok(err)
		if fmt.Sprint(got) != fmt.Sprint(p) || strings.Join(got.Shown.Controls, " ") != "GOV-04 INC-01" || strings.Join(got.Shown.Criteria, " ") != "CC7.3 CC7.4" {
			t.Errorf("%+v\n%+v", got, p)
		}
		_, v, err := w.svc.Write(ctx, w.lead, hours(1), "POL-01", got.Shown.Stamp(), said("Incident response plan", ""), "")
		w.ok(err)
		sent, err := w.svc.Send(ctx, w.lead, hours(2), "POL-01", v.Stamp())
		w.ok(err)
		if !sent.Waits() || sent.Standing != policy.StandsInReview {
			t.Errorf("%+v", sent)
		}
		_, err = w.svc.Return(ctx, w.Owner, hours(3), "POL-01", 0, "say who calls the customers")
		w.ok(err)
		first := w.approve("POL-01", hours(4))
		if first.InForce != 1 || first.Open != 0 || first.Standing != policy.StandsInForce || first.Due != policy.After(period.Of(hours(5)), 12) {
			t.Errorf("%+v", first)
		}
		_, v, err = w.svc.Write(ctx, w.lead, days(30), "POL-01", 0, said("Incident response plan", "\n\nThe hotline is staffed."), "the hotline is new")
		w.ok(err)
		if v.N != 2 || v.Edit != 1 {
			t.Errorf("%+v", v)
		}
		mid, err := w.svc.Policy(ctx, w.ben.ReadScope, "incident-response")
		w.ok(err)
		if mid.Shown.N != 1 || mid.Open != 0 || mid.Standing != policy.StandsInForce {
			t.Errorf("%+v", mid)
		}
		if mid, err = w.svc.Policy(ctx, w.ann.ReadScope, "incident-response"); err != nil || mid.Shown.N != 1 || mid.Open != 2 || mid.OpenState != policy.Draft {
			t.Errorf("%+v %v", mid, err)
		}
		second := w.approve("POL-01", days(31))
		if second.InForce != 2 || fmt.Sprint(w.ended) != "[POL-01/1: it was replaced by version 2]" {
			t.Errorf("%+v %v", second, w.ended)
		}
		_, err = w.svc.Review(ctx, w.Owner, days(200), "POL-01", 0, "read it with the lawyers")
		w.ok(err)
		_, err = w.svc.Try(ctx, w.lead, days(201), "POL-01", "everybody answered within an hour")
		w.ok(err)
		after, err := w.svc.Settings(ctx, w.lead, days(202), "POL-01", 0, "ben@northwind.example", 6)
		w.ok(err)
		if after.Due != policy.After(period.Of(days(200)), 6) || after.Owner != w.ben.User() || after.Contacts == nil || !after.Confirmed().Equal(days(200)) {
			t.Errorf("%+v", after)
		}
		same, err := w.svc.Settings(ctx, w.lead, days(203), "POL-01", 0, "ben@northwind.example", 6)
		w.ok(err)
		if same.Version != after.Version {
			t.Error("a change of nothing was kept")
		}
		_, err = w.svc.Withdraw(ctx, w.Owner, days(210), "POL-01", after.Version, why)
		w.ok(err)
		gone, err := w.svc.Retire(ctx, w.Owner, days(211), "POL-01", 0, why)
		w.ok(err)
		if gone.Standing != policy.StandsRetired || gone.Due != 0 || gone.InForce != 0 || len(w.ended) != 2 {
			t.Errorf("%+v %v", gone, w.ended)
		}
		_, _, err = w.svc.Write(ctx, w.lead, days(220), "POL-01", 0, said("Incident response plan", "\n\nAgain."), "it is needed after all")
		w.ok(err)
		back := w.approve("POL-01", days(221))
		if back.InForce != 3 || back.Standing != policy.StandsInForce || back.Retired != nil {
			t.Errorf("%+v", back)
		}
		versions, err := w.svc.Versions(ctx, w.Owner.ReadScope, back)
		w.ok(err)
		var states []string
		for _, v := range versions {
			states = append(states, string(v.State))
			if sum, _ := v.Hash(); sum != v.SHA256 {
				t.Errorf("version %d says %s and hashes to %s", v.N, v.SHA256, sum)
			}
		}
		if strings.Join(states, " ") != "in_force withdrawn replaced" {
			t.Error(states)
		}
		history, err := w.svc.History(ctx, w.Owner.ReadScope, back)
		w.ok(err)
		var lines []string
		for _, e := range history {
			lines = append(lines, fmt.Sprintf("%d%s", e.Version, e.Kind))
		}
		if got := strings.Join(lines, " "); got != "1created 1sent 1returned 1sent 1approved 2began 2sent 2approved 2reviewed 2contacts 2owner 2rhythm 2withdrawn 0retired 3began 3sent 3approved" {
			t.Error(got)
		}
		if n := len(w.Entries(t, w.Owner, "policy.")); n != 18 { // one more for the draft that was saved
			t.Errorf("%d entries", n)
		}
	})
}

// TestSecondPerson: nobody approves, or confirms, what they wrote in.
func TestSecondPerson(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		p, err := w.svc.Create(ctx, w.lead, now, policy.New{Text: said("Speak up", "")})
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.Owner, hours(1), p.Ref, 0)
		w.refused(err, errs.Conflict, "", "does not wait")
		_, err = w.svc.Send(ctx, w.lead, hours(1), p.Ref, 0)
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.lead, hours(1), p.Ref, 0)
		w.refused(err, errs.Denied, "", "who wrote in version 1")
		// The owner changes a word: then the owner is an author too, and what was sent must be sent again.
		_, v, err := w.svc.Write(ctx, w.Owner, hours(2), p.Ref, 0, said("Speak up", "\n\nNobody is punished."), "")
		w.ok(err)
		if v.State != policy.Draft || len(v.Authors) != 2 {
			t.Errorf("%+v", v)
		}
		_, err = w.svc.Send(ctx, w.lead, hours(3), p.Ref, 0)
		w.ok(err)
		_, err = w.svc.Approve(ctx, w.Owner, hours(4), p.Ref, 0)
		w.refused(err, errs.Denied, "", "who wrote in version 1")
		third := w.Member(t, "cas@northwind.example", access.ComplianceLead)
		_, err = w.svc.Approve(ctx, third, hours(5), p.Ref, 0)
		w.ok(err)
		_, err = w.svc.Review(ctx, w.lead, hours(6), p.Ref, 0, "read it again and all is well")
		w.refused(err, errs.Denied, "", "who wrote version 1")
		for _, s := range []access.Scope{w.ann, w.ben} {
			_, err = w.svc.Create(ctx, s, now, policy.New{Text: said("Mine", "")})
			w.refused(err, errs.Denied, "", "may not change policies")
			_, err = w.svc.Approve(ctx, s, hours(5), p.Ref, 0)
			w.refused(err, errs.Denied, "", "may not approve policies")
		}
	})
}

// TestTwoWriters: a text that was changed meanwhile is not overwritten unseen, nor approved.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		p := w.put("Access control")
		stamp := p.Shown.Stamp()
		_, mine, err := w.svc.Write(ctx, w.lead, hours(3), p.Ref, stamp, said("Access control", "\n\nmine"), "mine is better")
		w.ok(err)
		_, _, err = w.svc.Write(ctx, w.Owner, hours(4), p.Ref, stamp, said("Access control", "\n\nyours"), "yours is better")
		var old *policy.Stale
		if !errors.As(err, &old) || !strings.HasSuffix(old.Theirs.Body, "mine") || !errs.Is(err, errs.Conflict) {
			t.Fatalf("%v", err)
		}
		_, yours, err := w.svc.Write(ctx, w.Owner, hours(5), p.Ref, old.Theirs.Stamp(), said("Access control", "\n\nyours"), "")
		w.ok(err)
		if yours.Note != "mine is better" || len(yours.Authors) != 2 {
			t.Errorf("%+v", yours)
		}
		_, err = w.svc.Send(ctx, w.lead, hours(6), p.Ref, mine.Stamp())
		w.refused(err, errs.Conflict, "", "changed meanwhile")
		_, err = w.svc.Send(ctx, w.lead, hours(6), p.Ref, 0)
		w.ok(err)
		third := w.Member(t, "cas@northwind.example", access.ComplianceLead)
		_, err = w.svc.Approve(ctx, third, hours(7), p.Ref, yours.Stamp()) // what was sent is another state
		w.refused(err, errs.Conflict, "", "changed meanwhile")
		_, err = w.svc.Drop(ctx, third, hours(8), p.Ref, 0, "the old one was good enough")
		w.ok(err)
		// What was withdrawn meanwhile is not written on unseen either.
		_, _, err = w.svc.Write(ctx, w.lead, hours(9), p.Ref, yours.Stamp(), said("Access control", "\n\nagain"), "once more, with reason")
		if !errors.As(err, &old) || old.Theirs.State != policy.Withdrawn {
			t.Errorf("%v", err)
		}
		_, v, err := w.svc.Write(ctx, w.lead, hours(9), p.Ref, old.Theirs.Stamp(), said("Access control", "\n\nagain"), "once more, with reason")
		w.ok(err)
		if v.N != 3 {
			t.Errorf("%+v", v)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		p := w.put("Access control")
		n := func(change func(*policy.New)) error {
			x := policy.New{Text: said("Backups", ""), Slug: "backups"}
			change(&x)
			_, err := w.svc.Create(ctx, w.lead, now, x)
			return err
		}
		for _, x := range []struct {
			err         error
			kind        errs.Kind
			field, part string
		}{
			{n(func(x *policy.New) { x.Text.Title = " \n" }), errs.Invalid, "title", "at least 3"},
			{n(func(x *policy.New) { x.Text.Title = strings.Repeat("é", 201) }), errs.Invalid, "title", "201 characters"},
			{n(func(x *policy.New) { x.Text.Summary = strings.Repeat("é", 501) }), errs.Invalid, "summary", "501 characters"},
			{n(func(x *policy.New) { x.Text.Body = "" }), errs.Invalid, "body", "missing"},
			{n(func(x *policy.New) { x.Text.Body = strings.Repeat("é", 100_001) }), errs.Invalid, "body", "100001 characters"},
			{n(func(x *policy.New) { x.Text.Controls = []string{"ABC-99"} }), errs.Invalid, "controls", "ABC-99"},
			{n(func(x *policy.New) { x.Text.Criteria = []string{"CC99.9"} }), errs.Invalid, "criteria", "CC99.9"},
			{n(func(x *policy.New) { x.Text.Audience = []string{strings.Repeat("é", 101)} }), errs.Invalid, "audience", "101 characters"},
			{n(func(x *policy.New) { x.Slug = "../etc/passwd" }), errs.Invalid, "slug", "no short name"},
			{n(func(x *policy.New) { x.Slug = "Backups" }), errs.Invalid, "slug", "no short name"},
			{n(func(x *policy.New) { x.Slug = "access-control" }), errs.Conflict, "slug", "already"},
			{n(func(x *policy.New) { x.Months = 61 }), errs.Invalid, "months", "1 to 60"},
			{n(func(x *policy.New) { x.Owner = "nobody@northwind.example" }), errs.Invalid, "owner", "nobody here"},
			{n(func(x *policy.New) { x.Note = strings.Repeat("é", 2001) }), errs.Invalid, "note", "2001 characters"},
		} {
			w.refused(x.err, x.kind, x.field, x.part)
		}
		act := func(_ policy.Policy, err error) error { return err }
		write := func(t policy.Text, note string) error {
			_, _, err := w.svc.Write(ctx, w.lead, hours(5), p.Ref, 0, t, note)
			return err
		}
		w.refused(write(said("Access control", ""), "no change at all"), errs.Invalid, "", "nothing is changed")
		w.refused(write(said("Access control", "\n\nmore"), "short"), errs.Invalid, "note", "at least 10")
		w.refused(act(w.svc.Send(ctx, w.lead, hours(5), p.Ref, 0)), errs.Conflict, "", "no draft")
		w.refused(act(w.svc.Withdraw(ctx, w.Owner, hours(5), p.Ref, 0, "short")), errs.Invalid, "reason", "at least 10")
		w.refused(act(w.svc.Withdraw(ctx, w.Owner, hours(5), p.Ref, 99, why)), errs.Conflict, "", "changed meanwhile")
		w.refused(act(w.svc.Review(ctx, w.Owner, hours(5), p.Ref, 0, "ok")), errs.Invalid, "note", "at least 10")
		w.refused(act(w.svc.Settings(ctx, w.lead, hours(5), p.Ref, 0, "nobody", 12)), errs.Invalid, "owner", "nobody here")
		w.refused(act(w.svc.Retire(ctx, w.Owner, hours(5), "POL-99", 0, why)), errs.NotFound, "", "POL-99")
		short, err := w.svc.Create(ctx, w.lead, now, policy.New{Text: policy.Text{Title: "Short", Body: "## Purpose\n"}})
		w.ok(err)
		w.refused(act(w.svc.Send(ctx, w.lead, hours(1), short.Ref, 0)), errs.Invalid, "body", "at least 200")
		open, err := w.svc.Create(ctx, w.lead, now, policy.New{Text: said("Open", "\n\nCall {{number}}.")})
		w.ok(err)
		w.refused(act(w.svc.Send(ctx, w.lead, hours(1), open.Ref, 0)), errs.Invalid, "", "{{number}}")
		w.refused(act(w.svc.Retire(ctx, w.Owner, hours(5), open.Ref, 0, why)), errs.Conflict, "", "still open")
		// Another organisation sees and changes nothing.
		_, err = w.svc.Policy(ctx, w.OtherOwner.ReadScope, "POL-01")
		w.refused(err, errs.NotFound, "", "POL-01")
		w.refused(act(w.svc.Withdraw(ctx, w.OtherOwner, hours(5), string(p.ID), 0, why)), errs.NotFound, "", "no policy")
		if v, err := w.svc.Versions(ctx, w.OtherOwner.ReadScope, p); err != nil || len(v) != 0 {
			t.Error(v, err)
		}
		if err := w.svc.Store.Note(ctx, w.OtherOwner, p.ID, policy.Event{At: now, Kind: policy.Gone}); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if err := w.svc.Store.AddVersion(ctx, w.OtherOwner, p.ID, policy.Version{N: 2}); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
	})
}

// TestList: filters, orders, counts, and what those see who only follow policies.
func TestList(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.put("Backup")
		w.put("Access control")
		_, err := w.svc.Create(ctx, w.lead, now, policy.New{Text: said("Zeal", ""), Owner: "ann@northwind.example"})
		w.ok(err)
		_, _, err = w.svc.Write(ctx, w.lead, hours(3), "POL-02", 0, said("Access control", "\n\nWith a key, and 100% of it."), "keys are new here")
		w.ok(err)
		_, err = w.svc.Send(ctx, w.lead, hours(4), "POL-02", 0)
		w.ok(err)
		list := func(s access.ReadScope, f policy.Filter, q paging.Query) string {
			t.Helper()
			res, err := w.svc.List(ctx, s, f, q)
			w.ok(err)
			var out []string
			for _, p := range res.Rows {
				out = append(out, p.Ref)
				if p.Shown.Body != "" {
					t.Error("a list carries texts")
				}
			}
			return fmt.Sprint(res.Total, " ", strings.Join(out, " "))
		}
		all := w.Owner.ReadScope
		later := today + 800
		for _, x := range []struct {
			got, want string
		}{
			{list(all, policy.Filter{}, paging.Query{}), "3 POL-01 POL-02 POL-03"},
			{list(all, policy.Filter{}, paging.Query{Sort: "title"}), "3 POL-02 POL-01 POL-03"},
			{list(all, policy.Filter{}, paging.Query{Sort: "due", Size: 1, Page: 3}), "3 POL-03"},
			{list(all, policy.Filter{Standing: policy.StandsDraft}, paging.Query{}), "1 POL-03"},
			{list(all, policy.Filter{Waiting: true}, paging.Query{}), "1 POL-02"},
			{list(all, policy.Filter{Owner: w.ann.User()}, paging.Query{}), "1 POL-03"},
			{list(all, policy.Filter{Control: "INC-01", Published: true}, paging.Query{}), "2 POL-01 POL-02"},
			{list(all, policy.Filter{Overdue: later}, paging.Query{}), "2 POL-01 POL-02"},
			{list(all, policy.Filter{Overdue: today}, paging.Query{}), "0 "},
			{list(all, policy.Filter{}, paging.Query{Search: "ACCESS con"}), "1 POL-02"},
			{list(all, policy.Filter{}, paging.Query{Search: "100%"}), "0 "}, // what is not in force is not searched for
			{list(w.ben.ReadScope, policy.Filter{}, paging.Query{}), "2 POL-01 POL-02"},
			{list(w.ben.ReadScope, policy.Filter{Waiting: true}, paging.Query{}), "0 "},
			{list(w.OtherOwner.ReadScope, policy.Filter{}, paging.Query{}), "0 "},
		} {
			if x.got != x.want {
				t.Errorf("%s, want %s", x.got, x.want)
			}
		}
		_, err = w.svc.Policy(ctx, w.ben.ReadScope, "POL-03")
		w.refused(err, errs.NotFound, "", "POL-03")
		p, err := w.svc.Policy(ctx, w.ben.ReadScope, "POL-02")
		w.ok(err)
		if v, err := w.svc.Versions(ctx, w.ben.ReadScope, p); err != nil || len(v) != 1 || v[0].N != 1 {
			t.Error(v, err)
		}
		n, err := w.svc.Counts(ctx, all, later)
		w.ok(err)
		if n["in_force"] != 2 || n["draft"] != 1 || n["waiting"] != 1 || n["overdue"] != 2 {
			t.Error(n)
		}
		// Who only follows policies learns nothing of what is being written.
		n, err = w.svc.Counts(ctx, w.ben.ReadScope, later)
		w.ok(err)
		if n["in_force"] != 2 || n["draft"]+n["review"]+n["waiting"] != 0 || n["overdue"] != 2 {
			t.Error(n)
		}
		history, err := w.svc.History(ctx, w.ben.ReadScope, p)
		w.ok(err)
		if p.Open != 0 || p.OpenState != "" || p.Newest != 1 || len(history) != 1 || history[0].Kind != policy.Approved {
			t.Error(p, history)
		}
		texts, err := w.svc.Texts(ctx, w.ben.ReadScope)
		w.ok(err)
		if len(texts) != 2 || !strings.HasPrefix(texts[0].Shown.Body, "## Purpose") {
			t.Error(texts)
		}
	})
}

func TestAfter(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		from   string
		months int
		want   string
	}{{"2026-01-31", 1, "2026-02-28"}, {"2026-01-15", 12, "2027-01-15"}, {"2024-02-29", 12, "2025-02-28"}, {"2026-11-30", 3, "2027-02-28"}} {
		d, err := period.ParseDate(x.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := policy.After(d, x.months).String(); got != x.want {
			t.Errorf("%d months after %s: %s, want %s", x.months, x.from, got, x.want)
		}
	}
}
