package requestsql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/request"
)

// TestRequests takes requests through their life, with both sides at it, and tries what neither may.
func TestRequests(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.runs = tested{{Run: "run_1", Test: "okta-access", Title: "Access is granted", AsOf: now, Population: 60, Words: "60 pass", SHA256: "ab"}}
		life(t, w)
		refusals(t, w)
		drafts(t, w)
		sheets(t, w)
	})
}

func life(t *testing.T, w *world) {
	r := w.asked(ask(request.Population, "iam-03", " Access\ngranted in the period "))
	if r.Ref != "R-001" || r.Control != "IAM-03" || r.Title != "Access granted in the period" || r.State != request.Open || r.Period != w.exams[eng].Period {
		t.Fatalf("%+v", r)
	}
	// What is there answers first: the policy, the test, the document; nothing of another control.
	in, out := w.paper(w.ann, "Grants", -3, "IAM-03"), w.paper(w.ann, "Old grants", -400, "IAM-03")
	w.paper(w.ann, "Elsewhere", -3, "IAM-05")
	all, err := w.svc.Candidates(ctx, w.ann.ReadScope, r)
	w.ok(err)
	var keys []string
	for _, c := range all {
		keys = append(keys, c.Key())
	}
	if want := []string{"evidence " + in.Ref, "result run_1", "policy POL-01 v1"}; !slices.Equal(keys, want) {
		t.Errorf("%v, want %v", keys, want)
	}
	n, err := w.svc.Give(ctx, w.ann, now, eng, r.Ref, []string{keys[0], keys[1], "evidence " + out.Ref})
	w.ok(err)
	if again, err := w.svc.Give(ctx, w.bob, now, eng, r.Ref, keys[:1]); n != 3 || again != 0 || err != nil {
		t.Errorf("%d, then %d %v", n, again, err)
	}
	if p, err := w.svc.Pieces(ctx, w.firm.Staff.Client, r); err != nil || len(p) != 0 {
		t.Errorf("the auditor sees what was not handed over: %v %v", p, err)
	}
	_, err = w.svc.Hand(ctx, w.ann, now, eng, r.Ref, r.Version, "")
	w.refused(err, errs.Invalid, "answer", "how the list was made")
	got, err := w.svc.Hand(ctx, w.ann, now, eng, r.Ref, r.Version, "Exported from the identity provider by Ann: 60 rows, as it counts.")
	w.ok(err)
	_, err = w.svc.Hand(ctx, w.bob, now, eng, r.Ref, r.Version, "I answer it too, at the same time.")
	var stale *request.Stale
	if !errs.Is(err, errs.Conflict) || !errors.As(err, &stale) || stale.Theirs.Version != got.Version {
		t.Errorf("two answered at once: %v", err)
	}
	pieces, err := w.svc.Pieces(ctx, w.firm.Staff.Client, r)
	w.ok(err)
	if len(pieces) != 3 || pieces[0].Outside != "" || !strings.Contains(pieces[2].Outside, "before the period") || pieces[0].SHA256 != in.SHA256 {
		t.Errorf("%+v", pieces)
	}
	w.refused(w.svc.Take(ctx, w.ann, now, eng, r.Ref, 1), errs.Conflict, "", "answered")
	// The auditor decides.
	_, err = w.svc.Accept(ctx, w.firm.Staff, now, r.Ref, got.Version, "fine")
	w.refused(err, errs.Invalid, "ipe", "complete and accurate")
	got, err = w.svc.Reject(ctx, w.firm.Staff, now, r.Ref, got.Version, "The movers are missing.")
	w.ok(err)
	_, err = w.svc.Hand(ctx, w.ann, now, eng, r.Ref, got.Version, "")
	w.refused(err, errs.Invalid, "answer", "nothing is new")
	w.refused(w.svc.Take(ctx, w.ann, now, eng, r.Ref, 1), errs.Conflict, "", "handed over")
	got, err = w.svc.Hand(ctx, w.ann, now, eng, r.Ref, got.Version, "There were none: the list of HR says so.")
	w.ok(err)
	got, err = w.svc.Accept(ctx, w.firm.Senior, now, r.Ref, got.Version, "Counts matched to the source; query inspected.")
	w.ok(err)
	if got.State != request.Accepted || got.IPE == "" || got.Decided == nil {
		t.Errorf("%+v", got)
	}
	w.ok(w.svc.Comment(ctx, w.ann, now, eng, r.Ref, "Thank you."))
	shared, err := w.firm.Staff.Shared()
	w.ok(err)
	w.ok(w.svc.Comment(ctx, shared, now, eng, r.Ref, "Welcome."))
	w.ok(w.svc.Remark(ctx, w.firm.Quality, now, r.Ref, "Look at the movers again in fieldwork."))
	notes, err := w.svc.Remarks(ctx, w.firm.Staff, r)
	w.ok(err)
	if len(notes) != 1 {
		t.Errorf("%+v", notes)
	}
	if hidden, err := w.store.Remarks(ctx, w.Owner.ReadScope, r.ID); err != nil || len(hidden) != 0 {
		t.Errorf("the client reads the firm's note: %v %v", hidden, err)
	}
	var kinds []string
	history, err := w.svc.History(ctx, w.ann.ReadScope, r)
	w.ok(err)
	for _, e := range history {
		kinds = append(kinds, string(e.Kind))
	}
	if got := strings.Join(kinds, " "); got != "asked provided rejected provided accepted comment comment" {
		t.Error(got)
	}
	// Nothing is answered twice.
	second := w.asked(ask(request.Sample, "IAM-03", "Selected grants"))
	all, err = w.svc.Candidates(ctx, w.ann.ReadScope, second)
	w.ok(err)
	if len(all[0].Given) != 1 || all[0].Given[0].Ref != "R-001" {
		t.Errorf("%+v", all[0])
	}
	_, err = w.svc.Ask(ctx, w.firm.Staff, now, ask(request.Population, "IAM-03", "The same in other words"))
	w.refused(err, errs.Conflict, "control", "R-001 is about the same")
	counts, err := w.svc.Counts(ctx, w.firm.Staff.Client, eng)
	w.ok(err)
	late, err := w.svc.Overdue(ctx, w.ann.ReadScope, now.AddDate(0, 0, 11), eng)
	if counts[request.Accepted] != 1 || counts.Waiting() != 1 || counts.Total() != 2 || late != 1 || err != nil {
		t.Errorf("%v %d %v", counts, late, err)
	}
	names, err := w.svc.Names(ctx, w.ann.ReadScope, eng)
	w.ok(err)
	if x := names[w.firm.Staff.Firm.Actor()]; !x.Auditor || x.Name == "" || names[w.ann.Actor()].Auditor {
		t.Errorf("%+v", names)
	}
	for _, kind := range []string{"request.asked", "request.attached", "request.provided", "request.rejected", "request.accepted", "request.commented"} {
		if len(w.Entries(t, w.Operator, kind)) == 0 {
			t.Errorf("the trail says nothing of %s", kind)
		}
	}
	if n := len(w.Entries(t, w.Operator, "request.remarked")); n != 0 {
		t.Errorf("the client's trail tells of the firm's notes: %d", n)
	}
}

func refusals(t *testing.T, w *world) {
	r := w.asked(ask(request.Configuration, "IAM-05", "Settings of reviews"))
	theirs := w.paper(w.OtherOwner, "Of somebody else", -3)
	for _, c := range []struct {
		key, part string
	}{{"evidence " + theirs.Ref + "x", "no evidence"}, {"nonsense", "names no evidence"}, {"policy P-999", "no policy"}, {"result run_x", "no run"}} {
		_, err := w.svc.Give(ctx, w.ann, now, eng, r.Ref, []string{c.key})
		w.refused(err, errs.Invalid, "piece", c.part)
	}
	if _, err := w.svc.Request(ctx, w.OtherOwner.ReadScope, eng, r.Ref); !errs.Is(err, errs.NotFound) {
		t.Errorf("another organisation reads it: %v", err)
	}
	if _, err := w.svc.Give(ctx, w.OtherOwner, now, eng, r.Ref, []string{"evidence " + theirs.Ref}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another organisation answers it: %v", err)
	}
	shared, _ := w.firm.Staff.Shared()
	if _, err := w.svc.Hand(ctx, shared, now, eng, r.Ref, 0, "The auditor answers alone."); !errs.Is(err, errs.Denied) {
		t.Errorf("the auditor answers: %v", err)
	}
	if _, err := w.svc.Ask(ctx, w.firm.Quality, now, ask(request.Policy, "", "Quality asks")); !errs.Is(err, errs.Denied) {
		t.Errorf("the quality reviewer asks: %v", err)
	}
	reader := w.Member(t, "eve@northwind.example", access.Employee)
	if _, err := w.svc.Give(ctx, reader, now, eng, r.Ref, []string{"policy POL-01"}); !errs.Is(err, errs.Denied) {
		t.Errorf("an employee answers: %v", err)
	}
	for field, change := range map[string]func(*request.Text){
		"title":     func(x *request.Text) { x.Title = " " },
		"text":      func(x *request.Text) { x.Text = strings.Repeat("é", request.MaxText+1) },
		"kind":      func(x *request.Text) { x.Kind = "wish" },
		"control":   func(x *request.Text) { x.Control = "XXX-99" },
		"criterion": func(x *request.Text) { x.Criterion = "CC99.9" },
		"to":        func(x *request.Text) { x.Period = period.Period{From: 10, To: 10} },
		"due":       func(x *request.Text) { x.Due = today - 1 },
		"owner":     func(x *request.Text) { x.Owner = "nobody@northwind.example" },
	} {
		n := ask(request.Policy, "", "Something")
		change(&n.Text)
		_, err := w.svc.Ask(ctx, w.firm.Staff, now, n)
		w.refused(err, errs.Invalid, field, "")
	}
	// The clock goes back: what is due stays due, and nothing is overdue before its day.
	if r.Overdue(today-30) || !r.Overdue(r.Due+1) {
		t.Error("overdue is wrong")
	}
	moved, err := w.svc.Reassign(ctx, w.bob, now, eng, r.Ref, r.Version, "ann@northwind.example")
	w.ok(err)
	if moved.Owner != w.ann.User() {
		t.Errorf("%+v", moved)
	}
	_, err = w.svc.Withdraw(ctx, w.firm.Staff, now, r.Ref, r.Version, "Not needed after all.")
	if !errs.Is(err, errs.Conflict) {
		t.Errorf("a stale act: %v", err)
	}
	n, err := w.svc.Bulk(ctx, []string{"R-001", r.Ref}, func(ctx context.Context, ref string) (request.Request, error) {
		return w.svc.Withdraw(ctx, w.firm.Staff, now, ref, 0, "Not needed after all.")
	})
	if n != 1 || err != nil { // the first is accepted
		t.Errorf("%d %v", n, err)
	}
	_, err = w.svc.Give(ctx, w.ann, now, eng, r.Ref, []string{"policy POL-01"})
	w.refused(err, errs.Conflict, "", "was withdrawn")
	// Somebody is removed in the middle: what they asked stays, and they cannot go on.
	w.ok(w.Access.RemoveAuditor(ctx, w.Owner, now, eng, w.firm.Staff.Firm.User(), "left the engagement"))
	names, err := w.svc.Names(ctx, w.ann.ReadScope, eng)
	w.ok(err)
	if names[r.AskedBy].Name == "" {
		t.Error("who was removed has no name any more")
	}
	// Nothing moves once the report is out.
	x := w.exams[eng]
	x.Closed = "was issued"
	w.exams[eng] = x
	_, err = w.svc.Hand(ctx, w.ann, now, eng, "R-002", 0, "Too late, but here it is.")
	w.refused(err, errs.Conflict, "", "was issued")
	_, err = w.svc.Ask(ctx, w.firm.Senior, now, ask(request.Policy, "", "One more"))
	w.refused(err, errs.Conflict, "", "was issued")
	x.Closed = ""
	w.exams[eng] = x
}

func drafts(t *testing.T, w *world) {
	before, err := w.svc.Counts(ctx, w.ann.ReadScope, eng)
	w.ok(err)
	made, err := w.svc.Template(ctx, w.firm.Senior.Client, now, eng, request.Template{Due: today + 7})
	w.ok(err)
	kinds := map[request.Kind]int{}
	for _, n := range made {
		kinds[n.Kind]++
	}
	t.Logf("%d requests of a template: %v", len(made), kinds)
	if len(made) < 40 || kinds[request.Population] == 0 || kinds[request.Policy] == 0 || kinds[request.Configuration] == 0 || kinds[request.Walkthrough] == 0 {
		t.Errorf("%d: %v", len(made), kinds)
	}
	if few, err := w.svc.Template(ctx, w.firm.Senior.Client, now, eng, request.Template{Due: today + 7, Most: 48}); err != nil || len(few) != 48 {
		t.Errorf("%d %v", len(few), err)
	}
	kept, err := w.svc.Draft(ctx, w.firm.Senior, now, made[:5]...)
	w.ok(err)
	if kept[0].Ref != "D-001" {
		t.Errorf("%+v", kept[0])
	}
	if _, err := w.svc.Request(ctx, w.Owner.ReadScope, eng, "D-001"); !errs.Is(err, errs.NotFound) {
		t.Errorf("the client reads a draft: %v", err)
	}
	if _, err := w.svc.Request(ctx, w.Owner.ReadScope, eng, string(kept[0].ID)); !errs.Is(err, errs.NotFound) {
		t.Errorf("the client reads a draft: %v", err)
	}
	w.ok(w.svc.Remark(ctx, w.firm.Senior, now, "D-001", "Ask this one first."))
	x := kept[0].Text
	x.Title = "Another title"
	_, err = w.svc.EditDraft(ctx, w.firm.Senior, now, "D-001", kept[0].Version, x)
	w.ok(err)
	out, err := w.svc.Issue(ctx, w.firm.Senior, now, []string{"D-001", "D-002"})
	w.ok(err)
	notes, err := w.svc.Remarks(ctx, w.firm.Senior, out[0])
	if len(out) != 2 || !strings.HasPrefix(out[0].Ref, "R-") || out[0].Title != "Another title" || err != nil || len(notes) != 1 {
		t.Errorf("%+v %v %v", out, notes, err)
	}
	w.ok(w.svc.DropDraft(ctx, w.firm.Senior, now, []string{"D-003"}))
	left, err := w.svc.Drafts(ctx, w.firm.Senior, request.Filter{}, paging.Query{})
	w.ok(err)
	after, err := w.svc.Counts(ctx, w.ann.ReadScope, eng)
	if left.Total != 2 || after.Total() != before.Total()+2 || err != nil {
		t.Errorf("%d left, %v after %v", left.Total, after, before)
	}
	if n := len(w.Entries(t, w.Operator, "request.drafted")); n != 0 {
		t.Error("the client's trail tells of drafts")
	}
}

// book is a file with these rows.
func book(rows ...[]string) intake.Book {
	s := intake.Sheet{Name: "Requests"}
	for i, r := range rows {
		s.Rows = append(s.Rows, intake.Line{N: i + 1, Cells: r})
	}
	return intake.Book{Sheets: []intake.Sheet{s}}
}

func sheets(t *testing.T, w *world) {
	head := request.Columns()
	_, err := request.Lines(book([]string{"Title", "Wish", "Due"}, []string{"x"}))
	w.refused(err, errs.Invalid, "file", "Wish (B1)")
	_, err = request.Lines(book([]string{"Title", "Control"}, []string{"x"}))
	w.refused(err, errs.Invalid, "file", "Type, Due")
	bad := book([]string{"Type", "Title", "Due"}, []string{"wish", "=1+1", "soon"})
	bad.Sheets[0].Rows[1].Formulas = []int{1}
	_, err = request.Lines(bad)
	w.refused(err, errs.Invalid, "file", "row 2: Title is a formula")
	w.refused(err, errs.Invalid, "file", `"soon" is no date`)
	// What was exported is recognised by its reference; only what is different is changed.
	res, err := w.svc.List(ctx, w.firm.Senior.Client, request.Filter{Engagement: eng, States: []request.State{request.Open}}, paging.Query{Sort: "ref"})
	w.ok(err)
	rows := [][]string{head}
	for i, r := range res.Rows {
		var cells []string
		for _, c := range request.Cells(r, "", "") {
			if at, ok := c.(time.Time); ok {
				c = at.Format(time.RFC3339)
			}
			cells = append(cells, fmt.Sprint(c))
		}
		if i == 0 {
			cells[4] = "A new title"
		}
		rows = append(rows, cells)
	}
	rows = append(rows, []string{"", "Interview", "", "CC1.1", "Talk with the board", "", "", "", (today + 20).String(), "ANN@northwind.example"})
	lines, err := request.Lines(book(rows...))
	w.ok(err)
	for _, try := range []bool{true, false} {
		got, err := w.svc.Import(ctx, w.firm.Senior, now, lines, false, try)
		if err != nil || got.Added != 1 || got.Changed != 1 || got.Same != len(res.Rows)-1 {
			t.Errorf("try %v: %+v %v", try, got, err)
		}
	}
	lines[len(lines)-1].Row, lines[len(lines)-1].Due, lines[0].Ref = 9, today-5, "R-999"
	_, err = w.svc.Import(ctx, w.firm.Senior, now, lines, false, false)
	w.refused(err, errs.Invalid, "file", "row 9: ")
	w.refused(err, errs.Invalid, "file", "no request R-999")
}

// TestMany: a list of 5,000 stays quick, and not one more is taken.
func TestMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	all := make([]request.New, request.MaxAsked)
	for i := range all {
		all[i] = ask(request.Sample, "", fmt.Sprintf("Item %04d of the selection", i))
	}
	began := time.Now()
	_, err := w.svc.Ask(ctx, w.firm.Senior, now, all...)
	w.ok(err)
	t.Logf("asked %d in %s", len(all), time.Since(began).Round(time.Millisecond))
	began = time.Now()
	res, err := w.svc.List(ctx, w.ann.ReadScope, request.Filter{Engagement: eng, Overdue: today + 99}, paging.Query{Search: "of the", Page: 30})
	w.ok(err)
	t.Logf("a page of %d in %s", len(res.Rows), time.Since(began).Round(time.Millisecond))
	if res.Total != len(all) || len(res.Rows) != 100 {
		t.Errorf("%d of %d", len(res.Rows), res.Total)
	}
	_, err = w.svc.Ask(ctx, w.firm.Senior, now, all[0])
	w.refused(err, errs.Exhausted, "", "at most 5000")
}
