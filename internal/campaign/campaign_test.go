package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/campaign/campaignsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func days(n int) time.Time { return now.AddDate(0, 0, n) }

// directory is people who are written down here instead of collected.
type directory struct{ all []people.Person }

func (d *directory) Person(_ context.Context, _ access.ReadScope, key string) (people.Person, error) {
	for _, p := range d.all {
		if string(p.ID) == key || p.Ref == key || p.Email == key {
			return p, nil
		}
	}
	return people.Person{}, errs.New(errs.NotFound, "nobody is %s", key)
}

func (d *directory) Everyone(_ context.Context, _ access.ReadScope, f people.Filter) ([]people.Person, error) {
	var out []people.Person
	for _, p := range d.all {
		if !f.Working || p.Works() {
			out = append(out, p)
		}
	}
	return out, nil
}

func (d *directory) Of(_ context.Context, _ access.ReadScope, u access.UserID) (people.Person, bool, error) {
	for _, p := range d.all {
		if p.User == u && u != "" {
			return p, true, nil
		}
	}
	return people.Person{}, false, nil
}

// shelf is the policies that can be asked about.
type shelf struct {
	all       []campaign.Subject
	withdrawn string
}

func (s *shelf) Current(context.Context, access.ReadScope) ([]campaign.Subject, error) {
	return s.all, nil
}

func (s *shelf) Body(_ context.Context, _ access.ReadScope, subject string, version int) (campaign.Text, error) {
	return campaign.Text{Subject: campaign.Subject{Ref: subject, Version: version}, Markdown: "Be good.", Hash: "5f", Withdrawn: s.withdrawn}, nil
}

type world struct {
	*accesstest.World
	t    testing.TB
	svc  *campaign.Service
	dir  *directory
	pol  *shelf
	lead access.Scope
	ann  access.Scope // an employee, P-0001
	bot  access.Scope
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t, dir: &directory{}, pol: &shelf{all: []campaign.Subject{{Ref: "POL-01", Title: "Code of conduct", Version: 2}, {Ref: "POL-02", Title: "Security policy", Version: 1}}}}
	store := &campaignsql.Store{DB: db}
	w.svc = &campaign.Service{Store: store, Links: store, People: w.dir, Subjects: map[campaign.Kind]campaign.Subjects{campaign.Acknowledge: w.pol, campaign.Train: w.pol}, Tx: db, Ledger: w.Ledger}
	w.lead = w.Member(t, "lead@northwind.example", access.ComplianceLead)
	w.ann = w.Member(t, "ann@northwind.example", access.Employee)
	w.bot = w.Access.System(w.Org.ID, "test")
	for i, d := range []string{"Engineering", "Engineering", "Finance", "Finance", "People"} {
		n := fmt.Sprintf("%04d", i+1)
		w.dir.all = append(w.dir.all, people.Person{ID: people.ID("per_" + n), Ref: "P-" + n, Name: "Person " + n, Email: "p" + n + "@northwind.example", Department: d, Kind: people.Employee,
			State: people.Active, Stint: 1, Started: today - 100})
	}
	w.dir.all[0].User, w.dir.all[4].Kind, w.dir.all[4].Email = w.ann.User(), people.Contractor, ""
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

func standing() campaign.New {
	return campaign.New{Kind: campaign.Acknowledge, Subject: "POL-01", Audience: campaign.Audience{Everybody: true}, Standing: true, Grace: 14, Due: today + 14}
}

func (w *world) open(n campaign.New) campaign.Campaign {
	w.t.Helper()
	c, err := w.svc.Open(w.t.Context(), w.lead, now, n)
	w.ok(err)
	return c
}

// states lists "P-0001 done" for each duty of a campaign.
func (w *world) states(c campaign.Campaign) string {
	w.t.Helper()
	res, err := w.svc.Duties(w.t.Context(), w.lead.ReadScope, campaign.DutyFilter{Campaign: c.ID}, paging.Query{Sort: "ref"})
	w.ok(err)
	var out []string
	for _, d := range res.Rows {
		out = append(out, fmt.Sprintf("%s.%d %s", strings.TrimPrefix(d.PersonRef, "P-000"), d.Stint, d.State))
	}
	return strings.Join(out, ", ")
}

func (w *world) duty(c campaign.Campaign, ref string) campaign.Duty {
	w.t.Helper()
	res, err := w.svc.Duties(w.t.Context(), w.lead.ReadScope, campaign.DutyFilter{Campaign: c.ID}, paging.Query{Sort: "opened", Search: ref})
	w.ok(err)
	if len(res.Rows) == 0 {
		w.t.Fatal("no duty of " + ref)
	}
	return res.Rows[len(res.Rows)-1]
}

// TestLife takes a standing campaign through joiners, signatures, somebody who leaves and returns, a waiver, and its end.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r, err := w.svc.Reach(ctx, w.lead.ReadScope, campaign.Audience{Everybody: true})
		w.ok(err)
		if r != (campaign.Reach{People: 5, NoAddress: 1, NoAccount: 4}) {
			t.Errorf("%+v", r)
		}
		c := w.open(standing())
		if c.Ref != "CA-01" || c.Title != "Code of conduct" || c.Version != 2 || c.Edition != 1 {
			t.Errorf("%+v", c)
		}
		me, err := w.svc.Me(ctx, w.ann.ReadScope)
		w.ok(err)
		open, done, err := w.svc.Mine(ctx, w.ann.ReadScope, me)
		w.ok(err)
		if len(open) != 1 || len(done) != 0 || open[0].Ref() != "CA-01/P-0001" || open[0].Due != today+14 {
			t.Fatalf("%+v %+v", open, done)
		}
		d, err := w.svc.Sign(ctx, w.ann, days(1), me, open[0].ID)
		w.ok(err)
		if d.State != campaign.Done || d.How != campaign.SignedIn || d.Late() {
			t.Errorf("%+v", d)
		}
		_, err = w.svc.Sign(ctx, w.ann, days(2), me, d.ID)
		w.refused(err, errs.Conflict, "", "was done on 2026-03-02")
		_, err = w.svc.Sign(ctx, w.ann, days(2), me, w.duty(c, "P-0002").ID)
		w.refused(err, errs.Denied, "", "somebody else")

		// By a personal link, after the day.
		token, err := w.svc.NewLink(ctx, w.bot, days(15), "per_0002")
		w.ok(err)
		p, by, err := w.svc.Holder(ctx, w.bot.ReadScope, days(16), token)
		w.ok(err)
		if p.Ref != "P-0002" {
			t.Errorf("%+v", p)
		}
		late, err := w.svc.Sign(ctx, w.bot, days(16), by, w.duty(c, "P-0002").ID)
		w.ok(err)
		if !late.Late() || late.How != campaign.PersonalLink || late.Words(today) != "Done late" {
			t.Errorf("%+v", late)
		}

		// One joins, one leaves, one who left returns.
		w.dir.all = append(w.dir.all, people.Person{ID: "per_0006", Ref: "P-0006", Name: "Person 0006", Department: "Finance", State: people.Active, Stint: 1, Started: today + 18})
		w.dir.all[2].State, w.dir.all[2].Ended = people.Left, today+17
		f, err := w.svc.Follow(ctx, w.bot, days(20))
		w.ok(err)
		if f != (campaign.Followed{Asked: 1, Void: 1}) {
			t.Errorf("%+v", f)
		}
		if x := w.duty(c, "P-0006"); x.Due != today+32 {
			t.Errorf("due %s", x.Due)
		}
		if x := w.duty(c, "P-0003"); x.State != campaign.Void || x.Note != "left on 2026-03-18" {
			t.Errorf("%+v", x)
		}
		w.dir.all[2].State, w.dir.all[2].Stint, w.dir.all[2].Started, w.dir.all[2].Ended = people.Active, 2, today+24, 0
		_, err = w.svc.Follow(ctx, w.bot, days(25))
		w.ok(err)
		if got := w.states(c); got != "1.1 done, 2.1 done, 3.1 void, 3.2 open, 4.1 open, 5.1 open, 6.1 open" {
			t.Error(got)
		}
		if again, err := w.svc.Follow(ctx, w.bot, days(25)); err != nil || again != (campaign.Followed{}) {
			t.Errorf("%+v %v", again, err)
		}

		// A waiver, and its return.
		const why = "on leave for the whole of the year"
		n, err := w.svc.Waive(ctx, w.lead, days(26), []campaign.DutyID{w.duty(c, "P-0004").ID}, why)
		w.ok(err)
		if x := w.duty(c, "P-0004"); n != 1 || x.State != campaign.Waived || x.Note != why {
			t.Errorf("%d %+v", n, x)
		}
		_, err = w.svc.Restore(ctx, w.lead, days(26), []campaign.DutyID{w.duty(c, "P-0004").ID})
		w.ok(err)
		_, err = w.svc.Postpone(ctx, w.lead, days(26), []campaign.DutyID{w.duty(c, "P-0004").ID}, today+60, "back in May")
		w.ok(err)
		if x := w.duty(c, "P-0004"); x.State != campaign.Open || x.Due != today+60 || x.Note != "" {
			t.Errorf("%+v", x)
		}
		if c, err = w.svc.Extend(ctx, w.lead, days(26), "CA-01", 1, today+40, ""); err != nil || c.Due != today+40 || w.duty(c, "P-0005").Due != today+40 || w.duty(c, "P-0004").Due != today+60 {
			t.Errorf("%+v %v", c, err)
		}
		// Closed: what is undone stays so, and nothing can be done any more.
		if c, err = w.svc.Close(ctx, w.lead, days(41), "CA-01", 2, "The year is over."); err != nil || c.Closed == nil {
			t.Fatal(err)
		}
		counts, err := w.svc.Tally(ctx, w.lead.ReadScope, days(41), c.ID)
		w.ok(err)
		if counts[c.ID] != (campaign.Counts{Total: 7, Open: 4, Overdue: 3, Done: 2, Late: 1, Void: 1}) || counts[c.ID].Asked() != 6 {
			t.Errorf("%+v", counts[c.ID])
		}
		_, err = w.svc.Signable(ctx, w.bot.ReadScope, by, d.ID)
		w.refused(err, errs.Denied, "", "somebody else")
		_, err = w.svc.Waive(ctx, w.lead, days(42), []campaign.DutyID{w.duty(c, "P-0004").ID}, why)
		w.refused(err, errs.Conflict, "", "is closed")
		if x := w.duty(c, "P-0005"); x.Words(today+41) != "Not done" || campaign.Signability(x) == nil {
			t.Errorf("%+v", x)
		}
		var kinds []string
		for _, e := range w.Entries(t, w.lead, "") {
			if strings.HasPrefix(e.Kind, "campaign.") || strings.HasPrefix(e.Kind, "duty.") {
				kinds = append(kinds, e.Kind)
			}
		}
		want := "campaign.opened duty.done duty.link_made duty.done campaign.followed campaign.followed duty.waived duty.restored duty.postponed campaign.extended campaign.closed"
		if got := strings.Join(kinds, " "); got != want {
			t.Error(got)
		}
	})
}

// TestWithdrawn: a version that is no longer in force can be signed by nobody, however it comes about.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		c := w.open(standing())
		me, err := w.svc.Me(ctx, w.ann.ReadScope)
		w.ok(err)
		w.pol.withdrawn = "version 3 replaced it on 2 March 2026"
		_, err = w.svc.Sign(ctx, w.ann, days(1), me, w.duty(c, "P-0001").ID)
		w.refused(err, errs.Conflict, "", "version 3 replaced it")
		w.pol.withdrawn = ""
		_, err = w.svc.Sign(ctx, w.ann, days(1), me, w.duty(c, "P-0001").ID)
		w.ok(err)
		n, err := w.svc.Withdraw(ctx, w.lead, days(2), "POL-01", 2, "version 2 was withdrawn")
		w.ok(err)
		if got := w.states(c); n != 4 || got != "1.1 done, 2.1 void, 3.1 void, 4.1 void, 5.1 void" {
			t.Errorf("%d %s", n, got)
		}
		if n, err := w.svc.Withdraw(ctx, w.lead, days(2), "POL-01", 2, ""); n != 0 || err != nil {
			t.Error(n, err)
		}
		_, by, err := w.svc.Holder(ctx, w.bot.ReadScope, days(2), w.link("per_0002", 2))
		w.ok(err)
		_, err = w.svc.Sign(ctx, w.bot, days(3), by, w.duty(c, "P-0002").ID)
		w.refused(err, errs.Conflict, "", "version 2 was withdrawn")
		// The next version asks everybody again; what was signed stays signed.
		w.pol.all[0].Version = 3
		c = w.open(standing())
		if got := w.states(c); c.Version != 3 || got != "1.1 open, 2.1 open, 3.1 open, 4.1 open, 5.1 open" {
			t.Errorf("%+v %s", c, got)
		}
	})
}

func (w *world) link(p people.ID, day int) string {
	w.t.Helper()
	token, err := w.svc.NewLink(w.t.Context(), w.bot, days(day), p)
	w.ok(err)
	return token
}

// TestLinks: every token that opens nothing gets one answer.
func TestLinks(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		c := w.open(standing())
		first, second := w.link("per_0002", 0), w.link("per_0002", 1)
		_, by, err := w.svc.Holder(ctx, w.bot.ReadScope, days(2), second)
		w.ok(err)
		_, err = w.svc.For(ctx, w.bot.ReadScope, by, w.duty(c, "P-0003").ID)
		w.refused(err, errs.NotFound, "", "no duty")
		left := w.link("per_0003", 1)
		w.dir.all[2].State = people.Left
		var said []string
		for _, token := range []string{first, "", "x", strings.Repeat("a", 40), left} {
			_, _, err := w.svc.Holder(ctx, w.bot.ReadScope, days(2), token)
			w.refused(err, errs.NotFound, "", "opens nothing")
			said = append(said, fmt.Sprint(err, errs.HintOf(err)))
		}
		_, _, err = w.svc.Holder(ctx, w.bot.ReadScope, days(31), second)
		said = append(said, fmt.Sprint(err, errs.HintOf(err)))
		w.ok(w.svc.EndLink(ctx, w.bot, days(3), by))
		_, _, err = w.svc.Holder(ctx, w.bot.ReadScope, days(3), second)
		said = append(said, fmt.Sprint(err, errs.HintOf(err)))
		for _, s := range said {
			if s != said[0] {
				t.Errorf("%q, elsewhere %q", s, said[0])
			}
		}
		// A link of one organisation is nothing in another.
		third := w.link("per_0002", 4)
		_, _, err = w.svc.Holder(ctx, w.Access.System(w.Other.ID, "test").ReadScope, days(4), third)
		w.refused(err, errs.NotFound, "", "opens nothing")
		hash, err := sqldb.Collect(ctx, db, sqldb.Strings, `SELECT hash FROM campaign_link`)
		w.ok(err)
		if strings.Contains(strings.Join(hash, " "), third) {
			t.Error("the token is kept")
		}
		if _, err := w.svc.NewLink(ctx, w.bot, now, "per_0003"); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for _, c := range []struct {
			change      func(*campaign.New)
			kind        errs.Kind
			field, part string
		}{
			{func(n *campaign.New) { n.Kind = "sing" }, errs.Invalid, "kind", "choose what is asked"},
			{func(n *campaign.New) { n.Subject = "POL-99" }, errs.Invalid, "subject", "what it is about"},
			{func(n *campaign.New) { n.Version = 1 }, errs.Conflict, "subject", "version 1 of POL-01 is not in force"},
			{func(n *campaign.New) { n.Title = strings.Repeat("ü", 201) }, errs.Invalid, "title", "201 characters"},
			{func(n *campaign.New) { n.Grace = 0 }, errs.Invalid, "grace", "between 1 and 365"},
			{func(n *campaign.New) { n.Grace = 366 }, errs.Invalid, "grace", "between 1 and 365"},
			{func(n *campaign.New) { n.Audience = campaign.Audience{} }, errs.Invalid, "audience", "who is asked"},
			{func(n *campaign.New) {
				n.Audience, n.Standing = campaign.Audience{Departments: []string{"Legal"}}, false
			}, errs.Invalid, "audience", "would ask nobody"},
			{func(n *campaign.New) { n.Audience.Departments = make([]string, 2001) }, errs.Exhausted, "audience", "2001"},
			{func(n *campaign.New) { n.Due = 0 }, errs.Invalid, "due", "by when"},
			{func(n *campaign.New) { n.Due = today - 1 }, errs.Invalid, "due", "is over"},
			{func(n *campaign.New) { n.Due = today + 800 }, errs.Invalid, "due", "two years"},
		} {
			n := standing()
			c.change(&n)
			_, err := w.svc.Open(ctx, w.lead, now, n)
			w.refused(err, c.kind, c.field, c.part)
		}
		_, err := w.svc.Open(ctx, w.ann, now, standing())
		w.refused(err, errs.Denied, "", "may not run campaigns")
		c := w.open(standing())
		_, err = w.svc.Open(ctx, w.lead, now, standing())
		w.refused(err, errs.Conflict, "replace", "CA-01 asks joiners about POL-01 already")
		if n := len(w.Entries(t, w.lead, "campaign.opened")); n != 1 {
			t.Errorf("%d entries: a refused campaign must leave none", n)
		}
		next := standing()
		next.Replace = true
		second, err := w.svc.Open(ctx, w.lead, days(1), next)
		w.ok(err)
		if got := w.states(c); got != "1.1 void, 2.1 void, 3.1 void, 4.1 void, 5.1 void" || w.duty(c, "P-0001").Note != "replaced by CA-02" {
			t.Error(got)
		}
		_, err = w.svc.Extend(ctx, w.lead, now, second.Ref, 7, today+20, "")
		var stale *campaign.Stale
		if !errs.Is(err, errs.Conflict) || !errors.As(err, &stale) || stale.Theirs.Edition != 1 {
			t.Error(err)
		}
		_, err = w.svc.Extend(ctx, w.lead, now, second.Ref, 1, second.Due, "")
		w.refused(err, errs.Conflict, "due", "already")
		_, err = w.svc.Close(ctx, w.lead, now, "CA-01", 0, "")
		w.refused(err, errs.Conflict, "", "CA-01 was closed on")
		_, err = w.svc.Waive(ctx, w.lead, now, nil, "for no reason at all")
		w.refused(err, errs.Invalid, "", "nobody is chosen")
		_, err = w.svc.Waive(ctx, w.lead, now, []campaign.DutyID{"x"}, "short")
		w.refused(err, errs.Invalid, "why", "at least 10")
		// Nobody waives their own.
		w.dir.all[0].User = w.lead.User()
		_, err = w.svc.Waive(ctx, w.lead, now, []campaign.DutyID{w.duty(second, "P-0002").ID, w.duty(second, "P-0001").ID}, "because I run this")
		w.refused(err, errs.Denied, "", "nobody waives")
		if got := w.states(second); strings.Contains(got, "waived") {
			t.Error(got) // all or none
		}
		// The other organisation sees none of it.
		_, err = w.svc.Campaign(ctx, w.OtherOwner.ReadScope, "CA-01")
		w.refused(err, errs.NotFound, "", "no campaign CA-01")
		_, err = w.svc.Duty(ctx, w.OtherOwner.ReadScope, w.duty(second, "P-0001").ID)
		w.refused(err, errs.NotFound, "", "no duty")
		// People who only work here read what is asked of themselves.
		_, err = w.svc.Duty(ctx, w.ann.ReadScope, w.duty(second, "P-0001").ID)
		w.refused(err, errs.NotFound, "", "no duty")
		_, err = w.svc.ForPerson(ctx, w.ann.ReadScope, "per_0002")
		w.refused(err, errs.Denied, "", "may not read the directory")
		_, err = w.svc.Me(ctx, w.ann.ReadScope)
		w.refused(err, errs.NotFound, "", "nobody in the directory")
	})
}

func TestManyAndRemind(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		c := w.open(standing())
		var list []campaign.Signed
		for _, ref := range []string{"P-0001", "P-0002"} {
			list = append(list, campaign.Signed{Duty: w.duty(c, ref).ID, At: days(1), How: campaign.Imported, Note: "lms.csv"})
		}
		n, err := w.svc.SignMany(ctx, w.lead, days(2), list)
		w.ok(err)
		again, err := w.svc.SignMany(ctx, w.lead, days(2), list)
		w.ok(err)
		entries := w.Entries(t, w.lead, "duty.many_done")
		if n != 2 || again != 0 || len(entries) != 1 || entries[0].Says["count"] != 2.0 || len(fmt.Sprint(entries[0].Says["sha256"])) != 64 {
			t.Errorf("%d %d %+v", n, again, entries)
		}
		if d := w.duty(c, "P-0001"); d.Due != today+14 || !d.DoneAt.Equal(days(1)) || d.Note != "lms.csv" {
			t.Errorf("%+v", d)
		}
		_, err = w.svc.SignMany(ctx, w.lead, days(2), []campaign.Signed{{Duty: w.duty(c, "P-0003").ID, At: days(3)}})
		w.refused(err, errs.Invalid, "", "future")
		_, err = w.svc.Remind(ctx, w.lead, days(2), c.Ref, true)
		w.refused(err, errs.Conflict, "", "nobody is left")
		n, err = w.svc.Remind(ctx, w.lead, days(20), c.Ref, true)
		w.ok(err)
		if n != 3 {
			t.Error(n)
		}
		_, err = w.svc.Remind(ctx, w.lead, days(20).Add(time.Hour), c.Ref, true)
		w.refused(err, errs.Conflict, "", "nobody is left")
		res, err := w.svc.Duties(ctx, w.lead.ReadScope, campaign.DutyFilter{Campaign: c.ID, Since: days(20), Live: true, Overdue: today + 20, DueBy: today + 14, Department: "Finance"}, paging.Query{Search: "PERSON 000", Desc: true, Sort: "name"})
		w.ok(err)
		if res.Total != 2 || res.Rows[0].PersonRef != "P-0004" {
			t.Errorf("%+v", res)
		}
	})
}
