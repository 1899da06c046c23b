package work_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
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
	"github.com/tickmark/tickmark/internal/work"
	"github.com/tickmark/tickmark/internal/work/worksql"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

type world struct {
	*accesstest.World
	t   *testing.T
	svc *work.Service
	ann access.Scope // a control owner
	ben access.Scope // an employee
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.svc = &work.Service{Store: &worksql.Store{DB: db}, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
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

func (w *world) open(title string) work.Task {
	w.t.Helper()
	t, err := w.svc.Open(w.t.Context(), w.Owner, now, work.New{Title: title})
	w.ok(err)
	return t
}

const why = "the office in Rotterdam is closed"

// TestLife takes one task through everything that can happen to it and reads its history.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		x, err := w.svc.Open(ctx, w.Owner, now, work.New{Title: " Enrol a second\nfactor ", Text: "for 9 people\r\n", Source: work.FromGap, SourceRef: "CC6.1",
			Owner: "Ben@northwind.example", Due: today + 7, Criteria: []string{"CC6.1"}})
		w.ok(err)
		if x.Ref != "T-001" || x.Title != "Enrol a second factor" || x.Text != "for 9 people" || x.Owner != w.ben.User() || x.Status != work.Open || x.Version != 1 {
			t.Errorf("%+v", x)
		}
		got, err := w.svc.Task(ctx, w.Owner.ReadScope, "T-001")
		w.ok(err)
		if fmt.Sprint(got) != fmt.Sprint(x) {
			t.Errorf("%+v\n%+v", got, x)
		}
		_, err = w.svc.Move(ctx, w.ben, hours(1), "T-001", 1, work.InProgress, "")
		w.ok(err)
		title, due := "Enrol a second factor for everybody", today+9
		_, err = w.svc.Edit(ctx, w.ann, hours(2), "T-001", 2, work.Edit{Title: &title, Due: &due})
		w.ok(err)
		w.ok(w.svc.Comment(ctx, w.ben, hours(3), "T-001", "eight are done"))
		_, err = w.svc.Move(ctx, w.ben, hours(4), "T-001", 3, work.Done, "all nine")
		w.ok(err)
		done, err := w.svc.Move(ctx, w.ann, hours(5), "T-001", 0, work.Open, "")
		w.ok(err)
		if done.ClosedAt != nil || done.Version != 5 || done.Why != "" {
			t.Errorf("%+v", done)
		}
		_, err = w.svc.Move(ctx, w.ann, hours(6), "T-001", 5, work.Dropped, why)
		w.ok(err)
		// The same again changes nothing and leaves nothing.
		same := title
		again, err := w.svc.Edit(ctx, w.ann, hours(7), "T-001", 6, work.Edit{Title: &same})
		w.ok(err)
		if again.Version != 6 || again.ClosedAt == nil || !again.ClosedAt.Equal(hours(6)) || again.Overdue(today+100) {
			t.Errorf("%+v", again)
		}
		history, err := w.svc.History(ctx, w.Owner.ReadScope, x.ID)
		w.ok(err)
		var lines []string
		for _, e := range history {
			lines = append(lines, fmt.Sprintf("%d %s %s %s>%s", e.N, e.Kind, e.Field, e.Was, e.Became))
		}
		want := []string{"1 opened  >Enrol a second factor", "2 changed status open>in_progress", "3 changed title Enrol a second factor>Enrol a second factor for everybody",
			"4 changed due 2026-03-08>2026-03-10", "5 comment  >eight are done", "6 changed status in_progress>done", "7 changed why >all nine", "8 changed status done>open",
			"9 changed why all nine>", "10 changed status open>dropped", "11 changed why >" + why}
		if strings.Join(lines, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s", strings.Join(lines, "\n"))
		}
		var kinds []string
		for _, e := range w.Entries(t, w.Owner, "task.") {
			kinds = append(kinds, strings.TrimPrefix(e.Kind, "task."))
			if e.Subject != string(x.ID) || e.Says["ref"] != "T-001" {
				t.Errorf("%+v", e)
			}
		}
		if got := strings.Join(kinds, " "); got != "opened started changed commented done reopened dropped" {
			t.Error(got)
		}
	})
}

// TestSource: what a task comes from has one that is not closed, whichever way a second one would come about.
func TestSource(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		gap := work.New{Title: "Close the gap", Source: work.FromGap, SourceRef: "CC6.1"}
		first, err := w.svc.Open(ctx, w.Owner, now, gap)
		w.ok(err)
		_, err = w.svc.Open(ctx, w.ann, now, gap)
		w.refused(err, errs.Conflict, "", "T-001 is open for this already")
		var stale *work.Stale
		if !errors.As(err, &stale) || stale.Theirs.Ref != "T-001" {
			t.Error(err)
		}
		_, err = w.svc.Move(ctx, w.Owner, hours(1), "T-001", 0, work.Done, "")
		w.ok(err)
		second, err := w.svc.Open(ctx, w.ann, hours(2), gap)
		w.ok(err)
		_, err = w.svc.Move(ctx, w.Owner, hours(3), first.Ref, 0, work.Open, "")
		w.refused(err, errs.Conflict, "", second.Ref+" is open for this already")
		other, err := w.svc.Open(ctx, w.OtherOwner, now, gap)
		w.ok(err)
		if other.Ref != "T-001" {
			t.Errorf("the other organisation begins with %s", other.Ref)
		}
		w.open("By hand")
		w.open("By hand")
		if n := len(w.Entries(t, w.Owner, "task.opened")); n != 4 {
			t.Errorf("%d entries: a refused task must leave none", n)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.Join(t, "auditor@audit.example", access.Auditor)
		for _, c := range []struct {
			n           work.New
			field, part string
		}{
			{work.New{}, "title", "few words"},
			{work.New{Title: " a\n "}, "title", "few words"},
			{work.New{Title: strings.Repeat("ü", 201)}, "title", "201 characters"},
			{work.New{Title: "Fine", Text: strings.Repeat("ü", 8001)}, "text", "8001 characters"},
			{work.New{Title: "Fine", Owner: "nobody@northwind.example"}, "owner", "nobody here"},
			{work.New{Title: "Fine", Owner: "owner@fabrikam.example"}, "owner", "nobody here"},
			{work.New{Title: "Fine", Owner: "auditor@audit.example"}, "owner", "only reads"},
			{work.New{Title: "Fine", Due: today - 1}, "due", "is over"},
			{work.New{Title: "Fine", Due: today + 40000}, "due", "hundred years"},
			{work.New{Title: "Fine", Criteria: []string{"CC99.1"}}, "criteria", "no criterion"},
			{work.New{Title: "Fine", Source: "dream", SourceRef: "x"}, "source", "cannot come from"},
			{work.New{Title: "Fine", Source: work.FromGap}, "source", "cannot come from"},
		} {
			_, err := w.svc.Open(ctx, w.Owner, now, c.n)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		hostile := "<b>\u202eמשימה</b> 🧯 \x00' OR 1=1 --"
		x, err := w.svc.Open(ctx, w.Owner, now, work.New{Title: hostile, Text: hostile})
		w.ok(err)
		if x.Title != "<b>\u202eמשימה</b> 🧯  ' OR 1=1 --" || x.Ref != "T-001" {
			t.Errorf("%q", x.Title)
		}
		_, err = w.svc.Move(ctx, w.Owner, now, "T-001", 0, work.Dropped, "no")
		w.refused(err, errs.Invalid, "why", "at least 10 characters")
		_, err = w.svc.Move(ctx, w.Owner, now, "T-001", 0, "asleep", "")
		w.refused(err, errs.Invalid, "status", "cannot be")
		_, err = w.svc.Move(ctx, w.Owner, now, "T-001", 0, work.Open, "")
		w.refused(err, errs.Conflict, "", "is open already")
		_, err = w.svc.Move(ctx, w.ben, now, "T-001", 0, work.Done, "")
		w.refused(err, errs.Denied, "", "may not change tasks") // not his own
		w.refused(w.svc.Comment(ctx, w.ben, now, "T-001", " \n "), errs.Invalid, "comment", "write something")
		w.refused(w.svc.Comment(ctx, w.ben, now, "T-001", strings.Repeat("x", 4001)), errs.Invalid, "comment", "4001")
		w.refused(w.svc.Comment(ctx, w.ben, now, "T-009", "hello"), errs.NotFound, "", "T-009")
		_, err = w.svc.Edit(ctx, w.OtherOwner, now, "T-001", 1, work.Edit{})
		w.refused(err, errs.NotFound, "", "T-001")
		_, err = w.svc.Edit(ctx, w.OtherOwner, now, string(x.ID), 1, work.Edit{})
		w.refused(err, errs.NotFound, "", "no task")
		_, err = w.svc.Task(ctx, access.ReadScope{}, "T-001")
		w.refused(err, errs.Denied, "", "not signed in")
		_, err = w.svc.Task(ctx, w.Reader(t, "lena@contoso.example", access.Reader), "T-001")
		w.refused(err, errs.Denied, "", "may not read tasks")
		_, err = w.svc.Open(ctx, w.ben, now, work.New{Title: "Fine"})
		w.refused(err, errs.Denied, "", "may not change tasks")
		if n := len(w.Entries(t, w.Owner, "task.")); n != 1 {
			t.Errorf("%d entries: a refused act must leave none", n)
		}
	})
}

// TestConflict: of many who change one version one wins, and the others see what was written.
func TestConflict(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.open("Rotate the key")
		results := make([]error, 6)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				title := fmt.Sprint("Rotate key ", i)
				_, results[i] = w.svc.Edit(ctx, w.ann, hours(1), "T-001", 1, work.Edit{Title: &title})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			var stale *work.Stale
			switch {
			case err == nil:
				won++
			case !errors.As(err, &stale) || stale.Theirs.Version != 2 || !errs.Is(err, errs.Conflict) || errs.HintOf(err) == "":
				t.Error(err)
			}
		}
		if n := len(w.Entries(t, w.Owner, "task.changed")); won != 1 || n != 1 {
			t.Errorf("%d won, %d entries", won, n)
		}
	})
}

func TestListAndBulk(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for i, n := range []work.New{
			{Title: "Later", Due: today + 30, Owner: string(w.ben.User())}, {Title: "No date"}, {Title: "Soon", Due: today + 1, Criteria: []string{"CC6.1", "CC6.2"}},
			{Title: "100% of <all>", Source: work.FromControl, SourceRef: "IAM-02", Due: today + 2},
		} {
			_, err := w.svc.Open(ctx, w.Owner, hours(i), n)
			w.ok(err)
		}
		list := func(f work.Filter, q paging.Query) string {
			t.Helper()
			res, err := w.svc.List(ctx, w.Owner.ReadScope, f, q)
			w.ok(err)
			var out []string
			for _, x := range res.Rows {
				out = append(out, x.Ref)
			}
			return strings.Join(out, " ")
		}
		for _, c := range []struct {
			f    work.Filter
			q    paging.Query
			want string
		}{
			{work.Filter{}, paging.Query{}, "T-003 T-004 T-001 T-002"},
			{work.Filter{}, paging.Query{Sort: "ref", Desc: true, Size: 2}, "T-004 T-003"},
			{work.Filter{}, paging.Query{Search: "100%"}, "T-004"},
			{work.Filter{}, paging.Query{Search: "iam-02"}, "T-004"},
			{work.Filter{Owner: w.ben.User()}, paging.Query{}, "T-001"},
			{work.Filter{Unowned: true}, paging.Query{Sort: "due"}, "T-003 T-004 T-002"},
			{work.Filter{Criterion: "CC6.2"}, paging.Query{}, "T-003"},
			{work.Filter{Criterion: "CC6"}, paging.Query{}, ""},
			{work.Filter{Overdue: today + 2}, paging.Query{}, "T-003"},
			{work.Filter{Source: work.FromControl, SourceRef: "IAM-02", Open: true}, paging.Query{}, "T-004"},
			{work.Filter{Refs: []string{"T-001", "T-002"}, Status: work.Open}, paging.Query{}, "T-001 T-002"},
		} {
			if got := list(c.f, c.q); got != c.want {
				t.Errorf("%+v %+v: %q, want %q", c.f, c.q, got, c.want)
			}
		}
		closeAll := func(ctx context.Context, ref string) (work.Task, error) {
			return w.svc.Move(ctx, w.ann, hours(9), ref, 0, work.Done, "")
		}
		done, err := w.svc.Bulk(ctx, w.ann, []string{"T-001", "T-002"}, closeAll)
		w.ok(err)
		again, err := w.svc.Bulk(ctx, w.ann, []string{"T-001", "T-003"}, closeAll)
		w.ok(err)
		if len(done) != 2 || len(again) != 1 || list(work.Filter{Open: true}, paging.Query{}) != "T-004" {
			t.Errorf("%d, %d, open: %s", len(done), len(again), list(work.Filter{Open: true}, paging.Query{}))
		}
		// All or none.
		_, err = w.svc.Bulk(ctx, w.ann, []string{"T-004", "T-099"}, closeAll)
		w.refused(err, errs.NotFound, "", "T-099")
		if list(work.Filter{Open: true}, paging.Query{}) != "T-004" {
			t.Error("half of a refused act was done")
		}
		_, err = w.svc.Bulk(ctx, w.ann, nil, closeAll)
		w.refused(err, errs.Invalid, "", "no task is chosen")
	})
}

func TestMarks(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		say := func(m work.Mark, base int) error {
			m.Programme = "quick-check"
			_, err := w.svc.Say(ctx, w.ann, hours(base), m, base)
			return err
		}
		w.ok(say(work.Mark{Line: "3", State: work.Attested, Evidence: "ev-2026-00001"}, 0))
		w.ok(say(work.Mark{Line: "3", State: work.NotApplicable, Note: "nobody was hired this year"}, 1))
		w.ok(say(work.Mark{Line: "4", State: work.Attested, Note: "signed by everybody in May"}, 0))
		w.ok(say(work.Mark{Line: "4", State: work.Withdrawn, Note: "two have not signed after all"}, 1))
		w.refused(say(work.Mark{Line: "4", State: work.Attested, Note: "signed by everybody in May"}, 1), errs.Conflict, "", "meanwhile")
		w.refused(say(work.Mark{Line: "5", State: work.Attested, Note: "short"}, 0), errs.Invalid, "note", "at least 10")
		w.refused(say(work.Mark{Line: "5", State: work.NotApplicable, Evidence: "EV-2026-00001"}, 0), errs.Invalid, "note", "at least 10")
		w.refused(say(work.Mark{Line: "5", State: "fine", Note: "signed by everybody"}, 0), errs.Invalid, "state", "choose")
		w.refused(say(work.Mark{Line: "5", State: work.Attested, Evidence: strings.Repeat("x", 41)}, 0), errs.Invalid, "evidence", "no reference")
		now, all, err := w.svc.Marks(ctx, w.Owner.ReadScope, "quick-check")
		w.ok(err)
		if len(now) != 1 || now["3"].State != work.NotApplicable || now["3"].N != 2 || len(all) != 4 || all[0].Line != "3" || all[0].N != 2 || all[1].Evidence != "EV-2026-00001" {
			t.Errorf("%+v\n%+v", now, all)
		}
		if theirs, _, err := w.svc.Marks(ctx, w.OtherOwner.ReadScope, "quick-check"); err != nil || len(theirs) != 0 {
			t.Error(theirs, err)
		}
		_, err = w.svc.Say(ctx, w.ben, hours(0), work.Mark{Programme: "quick-check", Line: "3", State: work.Attested, Note: "as it should be"}, 2)
		w.refused(err, errs.Denied, "", "may not change tasks")
		if n := len(w.Entries(t, w.Owner, "programme.")); n != 4 {
			t.Errorf("%d entries", n)
		}
	})
}
