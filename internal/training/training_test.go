package training_test

import (
	"context"
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
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/training/trainingsql"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func days(n int) time.Time { return now.AddDate(0, 0, n) }

// small is a course of two questions.
const small = `---
title: Small course
kind: awareness
minutes: 5
pass: 2
questions:
  - ask: One right?
    choices: [{text: "Yes", right: true}, {text: "No"}]
    why: Because.
  - ask: Two right?
    choices: [{text: A, right: true}, {text: B, right: true}, {text: C}]
---
# First

Text with <b>signs</b>.

~~~
# no lesson
~~~

# Second

More.
`

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := training.Parse(strings.ReplaceAll(small, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Title != "Small course" || len(c.Lessons) != 2 || c.Lessons[0].Title != "First" || !strings.Contains(c.Lessons[0].Markdown, "# no lesson") || c.Questions[0].Many() || !c.Questions[1].Many() {
		t.Errorf("%+v", c)
	}
	for _, x := range []struct {
		q    int
		a    []int
		want bool
	}{{0, []int{0}, true}, {0, []int{1}, false}, {1, []int{0, 1}, true}, {1, []int{0}, false}, {1, []int{0, 1, 2}, false}, {1, []int{9}, false}, {0, nil, false}} {
		if got := c.Questions[x.q].Right(x.a); got != x.want {
			t.Errorf("%+v: %v", x, got)
		}
	}
	for _, x := range []struct{ old, changed, part string }{
		{"---\ntitle", "title", "three dashes"},
		{"\n---\n# First", "\n# First", "three dashes"},
		{"title: Small course", "title: S", "at least 3"},
		{"title: Small course", "titel: Small course", "line 2"},
		{"kind: awareness", "kind: gossip", "awareness, privacy or role"},
		{"minutes: 5", "minutes: 500", "1 to 240"},
		{"pass: 2", "pass: 3", "how many of the 2"},
		{"pass: 2", "pass: 0", "how many of the 2"},
		{"right: true}, {text: \"No\"}", "right: true}", "2 to 8"},
		{"{text: \"Yes\", right: true}", "{text: \"Yes\"}", "no choice that is right"},
		{"{text: C}", "{text: C, right: true}", "no choice that is wrong"},
		{"{text: C}", "{text: a}", "twice"},
		{"ask: One right?", "ask: ' '", "asks nothing"},
		{"# First", "First", "heading of the first level"},
		{small[strings.Index(small, "# First"):], "", "no lesson"},
		{"text: A,", "text: &x A,", "line"},
	} {
		bad := strings.Replace(small, x.old, x.changed, 1)
		if _, err := training.Parse(bad); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), x.part) || errs.FieldOf(err) != "text" {
			t.Errorf("%s -> %s: %v", x.old, x.changed, err)
		}
	}
	if _, err := training.Parse(strings.Repeat("x", training.MaxDocument+1)); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
}

// TestStarters: the courses that come along can be read, and are as long as they say.
func TestStarters(t *testing.T) {
	t.Parallel()
	docs, err := training.Starters()
	if err != nil || len(docs) != 3 {
		t.Fatal(len(docs), err)
	}
	kinds := map[training.Kind]bool{}
	for _, d := range docs {
		c, err := training.Parse(d)
		if err != nil {
			t.Error(err)
		}
		kinds[c.Kind] = true
		words := 0
		for _, l := range c.Lessons {
			words += len(strings.Fields(l.Markdown))
		}
		if len(c.Questions) < 8 || len(c.Questions) > 10 || c.Minutes < 15 || c.Minutes > 25 || words < c.Minutes*35 {
			t.Errorf("%s: %d questions, %d minutes, %d words", c.Title, len(c.Questions), c.Minutes, words)
		}
		for i, q := range c.Questions {
			if q.Why == "" {
				t.Errorf("%s: question %d says nothing to those who are wrong", c.Title, i+1)
			}
		}
	}
	if len(kinds) != 3 {
		t.Error(kinds)
	}
	if _, err := training.Parse(training.Blank); !errs.Is(err, errs.Invalid) {
		t.Error("the blank course needs a title", err)
	}
}

type directory struct{ all []people.Person }

func (d *directory) Person(_ context.Context, _ access.ReadScope, key string) (people.Person, error) {
	for _, p := range d.all {
		if string(p.ID) == key {
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

type world struct {
	*accesstest.World
	t    *testing.T
	svc  *training.Service
	ask  *campaign.Service
	dir  *directory
	lead access.Scope
	ann  access.Scope
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t, dir: &directory{}}
	store := &campaignsql.Store{DB: db}
	w.ask = &campaign.Service{Store: store, Links: store, People: w.dir, Tx: db, Ledger: w.Ledger}
	w.svc = &training.Service{Store: &trainingsql.Store{DB: db}, Duties: w.ask, Asked: store, People: w.dir, Tx: db, Ledger: w.Ledger}
	w.ask.Subjects = map[campaign.Kind]campaign.Subjects{campaign.Train: w.svc}
	w.lead = w.Member(t, "lead@northwind.example", access.ComplianceLead)
	w.ann = w.Member(t, "ann@northwind.example", access.Employee)
	for i := range 4 {
		n := fmt.Sprintf("%04d", i+1)
		w.dir.all = append(w.dir.all, people.Person{ID: people.ID("per_" + n), Ref: "P-" + n, Name: "Person " + n, Email: "p" + n + "@northwind.example", Number: "E" + n, State: people.Active, Stint: 1})
	}
	w.dir.all[0].User = w.ann.User()
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

func (w *world) open() campaign.Campaign {
	w.t.Helper()
	c, err := w.ask.Open(w.t.Context(), w.lead, now, campaign.New{Kind: campaign.Train, Subject: "TRN-01", Audience: campaign.Audience{Everybody: true}, Due: today + 30})
	w.ok(err)
	return c
}

// TestTake: two wrong tries, then enough is right, and the duty is done with its score.
func TestTake(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		course, err := w.svc.Add(ctx, w.lead, now, small)
		w.ok(err)
		if course.Ref != "TRN-01" || course.Version != 1 {
			t.Errorf("%+v", course)
		}
		_, err = w.svc.Add(ctx, w.lead, now, strings.Replace(small, "Small course", "SMALL COURSE", 1))
		w.refused(err, errs.Conflict, "text", "TRN-01 is called")
		_, err = w.svc.Add(ctx, w.ann, now, small)
		w.refused(err, errs.Denied, "", "may not run campaigns")
		w.open()
		me, err := w.ask.Me(ctx, w.ann.ReadScope)
		w.ok(err)
		mine, _, err := w.ask.Mine(ctx, w.ann.ReadScope, me)
		w.ok(err)
		duty := mine[0].ID
		for _, c := range []struct {
			a           training.Answers
			field, part string
		}{
			{training.Answers{{0}}, "", "2 questions"},
			{training.Answers{{0}, nil}, "q2", "choose an answer"},
			{training.Answers{{2}, {0}}, "q1", "no answer"},
			{training.Answers{{-1}, {0}}, "q1", "no answer"},
			{training.Answers{{0, 1}, {0}}, "q1", "one answer"},
		} {
			_, err := w.svc.Answer(ctx, w.ann, now, me, duty, c.a)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		a, err := w.svc.Answer(ctx, w.ann, days(1), me, duty, training.Answers{{0}, {2}})
		w.ok(err)
		if a.Passed || a.Right != 1 || a.N != 1 {
			t.Errorf("%+v", a)
		}
		_, err = w.ask.Sign(ctx, w.ann, days(1), me, duty)
		w.refused(err, errs.Invalid, "", "in another way")
		// A new version does not change what was asked before.
		_, err = w.svc.Publish(ctx, w.lead, days(1), "TRN-01", 1, strings.Replace(small, "pass: 2", "pass: 1", 1))
		w.ok(err)
		a, err = w.svc.Answer(ctx, w.ann, days(2), me, duty, training.Answers{{1}, {1, 0, 1}})
		w.ok(err)
		if a.Passed || a.N != 2 || a.Version != 1 {
			t.Errorf("%+v", a)
		}
		a, err = w.svc.Answer(ctx, w.ann, days(3), me, duty, training.Answers{{0}, {1, 0, 1}})
		w.ok(err)
		if !a.Passed || a.N != 3 {
			t.Errorf("%+v", a)
		}
		d, err := w.ask.Duty(ctx, w.lead.ReadScope, duty)
		w.ok(err)
		if d.State != campaign.Done || d.Score != 2 || d.Tries != 3 || d.Version != 1 {
			t.Errorf("%+v", d)
		}
		_, err = w.svc.Answer(ctx, w.ann, days(4), me, duty, training.Answers{{0}, {0, 1}})
		w.refused(err, errs.Conflict, "", "was done on")
		tries, err := w.svc.Attempts(ctx, w.lead.ReadScope, duty)
		w.ok(err)
		if len(tries) != 3 || fmt.Sprint(tries[2].Answers) != "[[0] [0 1]]" || tries[1].Right != 1 {
			t.Errorf("%+v", tries)
		}
		// Retired: nobody is asked any more, and who was asked can still take it.
		_, err = w.svc.Retire(ctx, w.lead, days(4), "TRN-01", true)
		w.ok(err)
		if list, err := w.svc.Current(ctx, w.lead.ReadScope); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		_, err = w.svc.Publish(ctx, w.lead, days(4), "TRN-01", 0, small)
		w.refused(err, errs.Conflict, "", "is retired")
		_, err = w.svc.Course(ctx, w.OtherOwner.ReadScope, "TRN-01", 0)
		w.refused(err, errs.NotFound, "", "no course TRN-01")
	})
}

func TestVersions(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		n, err := w.svc.Begin(ctx, w.lead, now)
		w.ok(err)
		again, err := w.svc.Begin(ctx, w.lead, now)
		w.ok(err)
		if n != 3 || again != 0 {
			t.Error(n, again)
		}
		c, err := w.svc.Course(ctx, w.lead.ReadScope, "TRN-02", 0)
		w.ok(err)
		_, err = w.svc.Publish(ctx, w.lead, now, c.Ref, 1, c.Text)
		w.refused(err, errs.Conflict, "text", "nothing is changed")
		_, err = w.svc.Publish(ctx, w.lead, now, c.Ref, 1, c.Text+"\n\nMore.")
		w.ok(err)
		_, err = w.svc.Publish(ctx, w.lead, now, c.Ref, 1, c.Text+"\n\nOther.")
		w.refused(err, errs.Conflict, "", "version 2 meanwhile")
		all, err := w.svc.Versions(ctx, w.lead.ReadScope, c.ID)
		w.ok(err)
		res, err := w.svc.Courses(ctx, w.lead.ReadScope, training.Filter{Kind: training.Privacy}, paging.Query{Search: "priv"})
		w.ok(err)
		if len(all) != 2 || all[0].Version != 2 || res.Total != 1 || res.Rows[0].Newest != 2 {
			t.Errorf("%d %+v", len(all), res)
		}
	})
}

// TestImport: completions of a learning system, with everything such a file gets wrong.
func TestImport(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.Add(ctx, w.lead, now, small)
		w.ok(err)
		c := w.open()
		file := "\ufeffE-mail;Course;Completed at;Score;Remark\r\n" +
			"P0001@northwind.example;TRN-01;2026-03-01;100 %;\r\n" + // does the duty, which was asked later that day
			"E0002;Security 101;2025-06-01 10:00;;\"=cmd|'/c calc'!A1\"\r\n" + // before it was asked: kept
			"E0002;Security 101;2025-06-01 10:00;;\r\n" + // twice
			"nobody@northwind.example;TRN-01;2026-03-10;1;\r\n" +
			"E0003;Knitting;2026-03-10;1;\r\n" +
			"E0003;TRN-01;03/10/2026;1;\r\n" +
			"E0003;TRN-01;2027-03-10;1;\r\n" +
			"E0003;TRN-01;;1;\r\n" +
			"E0003;TRN-01;2026-03-10;well;\r\n" +
			";TRN-01;2026-03-10;1;\r\n"
		m := training.Mapping{Names: map[string]string{"security 101": "trn-01"}}
		dry, err := w.svc.Import(ctx, w.lead, days(10), "lms.csv", []byte(file), m, true)
		w.ok(err)
		if n := len(w.Entries(t, w.lead, "training.")); n != 0 {
			t.Error("a dry run changed something")
		}
		got, err := w.svc.Import(ctx, w.lead, days(10), "lms.csv", []byte(file), m, false)
		w.ok(err)
		if fmt.Sprint(dry.Signed, dry.Kept, dry.Already, len(dry.Rejected)) != fmt.Sprint(got.Signed, got.Kept, got.Already, len(got.Rejected)) || got.Rows != 10 || got.Signed != 1 || got.Kept != 1 || got.Already != 1 || len(got.Rejected) != 7 {
			t.Errorf("%+v", got)
		}
		var why []string
		for _, r := range got.Rejected {
			why = append(why, fmt.Sprintf("%d %s", r.Line, r.Why))
		}
		for i, part := range []string{"5 nobody", "6 no course", "7 “03/10/2026” is no day", "8 the day lies", "9 it says no day", "10 “well” is no score", "11 no person"} {
			if !strings.HasPrefix(why[i], part) {
				t.Errorf("%s, want %s", why[i], part)
			}
		}
		if got.Names["Knitting"] != 1 {
			t.Error(got.Names)
		}
		again, err := w.svc.Import(ctx, w.lead, days(11), "lms.csv", []byte(file), m, false)
		w.ok(err)
		if again.Signed+again.Kept != 0 || again.Already != 3 {
			t.Errorf("%+v", again)
		}
		d, err := w.ask.Duties(ctx, w.lead.ReadScope, campaign.DutyFilter{Campaign: c.ID, State: campaign.Done}, paging.Query{})
		w.ok(err)
		if d.Total != 1 || d.Rows[0].How != campaign.Imported || d.Rows[0].Note != "lms.csv" || d.Rows[0].Score != 100 {
			t.Errorf("%+v", d)
		}
		for _, x := range []struct {
			file        string
			m           training.Mapping
			kind        errs.Kind
			field, part string
		}{
			{"", m, errs.Invalid, "file", "empty"},
			{"a,b\n1,2\n", m, errs.Invalid, "column_person", "no column is known to hold the person"},
			{"email,course,completed\n", training.Mapping{On: "When"}, errs.Invalid, "column_on", "no column “When”"},
			{"email,course,completed\n", training.Mapping{Names: map[string]string{"x": "TRN-99"}}, errs.Invalid, "names", "no course TRN-99"},
			{"email,course,completed\n" + strings.Repeat("a,b,c\n", training.MaxRows+1), m, errs.Exhausted, "file", "more than 50000"},
		} {
			_, err := w.svc.Import(ctx, w.lead, now, "", []byte(x.file), x.m, false)
			w.refused(err, x.kind, x.field, x.part)
		}
		_, err = w.svc.Import(ctx, w.ann, now, "", []byte(file), m, true)
		w.refused(err, errs.Denied, "", "may not run campaigns")

		rec, counts, err := w.svc.Records(ctx, w.lead.ReadScope, days(40), training.RecordFilter{}, paging.Query{})
		w.ok(err)
		if rec.Total != 4 || counts[training.Overdue] != 3 || counts[training.Done] != 1 || rec.Rows[3].Person.Ref != "P-0001" || rec.Rows[3].Until() != today+365 {
			t.Errorf("%+v %v", rec.Rows, counts)
		}
		two, _, err := w.svc.Records(ctx, w.lead.ReadScope, days(40), training.RecordFilter{State: training.Overdue, Kind: training.Awareness}, paging.Query{Sort: "name", Desc: true, Size: 2, Page: 2})
		w.ok(err)
		if two.Total != 3 || len(two.Rows) != 1 || two.Rows[0].Person.Ref != "P-0002" || two.Rows[0].DoneAt == nil {
			t.Errorf("%+v", two)
		}
		_, err = w.ask.Close(ctx, w.lead, days(41), c.Ref, 0, "")
		w.ok(err)
		_, counts, err = w.svc.Records(ctx, w.lead.ReadScope, days(500), training.RecordFilter{}, paging.Query{})
		w.ok(err)
		if counts[training.Expired] != 2 || counts[training.Overdue] != 2 {
			t.Error(counts)
		}
	})
}
