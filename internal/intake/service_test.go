package intake_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/intake/intakesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// shelf is a target that takes every row whose title is not "bad".
type shelf struct{ kept *[]string }

func (shelf) Kind() intake.Kind     { return controls() }
func (shelf) Action() access.Action { return access.EditControls }
func (s shelf) Import(_ context.Context, _ access.Scope, _ time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	var out []intake.Outcome
	for _, r := range rows {
		o := intake.Outcome{N: r.N, State: intake.Added}
		if r.Values["title"] == "bad" {
			o = intake.Outcome{N: r.N, State: intake.Wrong, Cell: r.Place["title"], Why: "It is bad."}
		} else if !dry {
			*s.kept = append(*s.kept, r.Values["id"])
		}
		out = append(out, o)
	}
	return out, nil
}

type world struct {
	*accesstest.World
	svc  *intake.Service
	kept []string
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db)}
	blobs := evidencesql.Blobs{Dir: blob.Dir{Root: t.TempDir()}}
	store := &evidencesql.Store{DB: db, Ledger: w.Ledger}
	w.svc = &intake.Service{
		Store: &intakesql.Store{DB: db}, Blobs: blobs, Evidence: &evidence.Service{Store: store, Plans: store, Blobs: blobs}, Targets: []intake.Target{shelf{&w.kept}}, Tx: db, Ledger: w.Ledger,
	}
	return w
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestImportLife takes a file from its upload to the records: columns, try, what is wrong, apply, and the habit for the next one.
func TestImportLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx, now := newWorld(t, db), t.Context(), accesstest.Now
		file := []byte("No;What;Boss\nAC-01;one;ada\nAC-02;bad;\nAC-01;again;\n;nameless;\nAC-03;=1+1;\n")
		i, err := w.svc.Begin(ctx, w.Owner, now, "controls", "list.csv", file)
		ok(t, err)
		if i.Ref != "IM-0001" || i.Header != 1 || len(i.Mapping) != 0 || i.Stage != intake.Begun {
			t.Errorf("%+v", i)
		}
		if _, err := w.svc.Try(ctx, w.Owner, now, i.Ref); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "Reference, Title") {
			t.Errorf("without columns: %v", err)
		}
		if _, err := w.svc.Arrange(ctx, w.Owner, now, i.Ref, 7, i.Sheet, 1, intake.Mapping{"id": 0, "title": 1}); !errs.Is(err, errs.Conflict) {
			t.Errorf("stale: %v", err)
		}
		i, err = w.svc.Arrange(ctx, w.Owner, now, i.Ref, i.Version, i.Sheet, 1, intake.Mapping{"id": 0, "title": 1, "owner": 2})
		ok(t, err)
		if _, err := w.svc.Apply(ctx, w.Owner, now, i.Ref, true); !errs.Is(err, errs.Conflict) {
			t.Errorf("applied before it was tried: %v", err)
		}
		i, err = w.svc.Try(ctx, w.Owner, now, i.Ref)
		ok(t, err)
		res, err := w.svc.Rows(ctx, w.Owner.ReadScope, i, intake.Filter{}, paging.Query{})
		ok(t, err)
		want := "2 AC-01 added  ; 3 AC-02 wrong B3 It is bad.; 4 AC-01 wrong A4 It stands in row 2 already.; 5  wrong A5 Reference is missing.; 6 AC-03 added  A formula in B6 is taken as the text that was kept for it."
		var got []string
		for _, o := range res.Rows {
			got = append(got, fmt.Sprintf("%d %s %s %s %s", o.N, o.Key, o.State, o.Cell, o.Why))
		}
		if s := strings.Join(got, "; "); s != want || len(w.kept) != 0 {
			t.Errorf("%s\nwant %s", s, want)
		}
		if _, err := w.svc.Apply(ctx, w.Owner, now, i.Ref, false); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "leave" {
			t.Errorf("with wrong rows: %v", err)
		}
		i, err = w.svc.Apply(ctx, w.Owner, now, i.Ref, true)
		ok(t, err)
		if fmt.Sprint(w.kept) != "[AC-01 AC-03]" || i.Stage != intake.Applied || !strings.HasPrefix(i.Evidence, "EV-") || i.Counts[intake.Wrong] != 3 {
			t.Errorf("%v %+v", w.kept, i)
		}
		if _, err := w.svc.Apply(ctx, w.Owner, now, i.Ref, true); !errs.Is(err, errs.Conflict) {
			t.Errorf("twice: %v", err)
		}
		next, err := w.svc.Begin(ctx, w.Owner, now, "controls", "next.csv", []byte("no,WHAT,Boss\nAC-09,nine,\n"))
		ok(t, err)
		if fmt.Sprint(next.Mapping) != "map[id:0 owner:2 title:1]" {
			t.Errorf("the columns are not remembered: %v", next.Mapping)
		}
		_, err = w.svc.Drop(ctx, w.Owner, now, next.Ref, next.Version)
		ok(t, err)
		w.others(t)
	})
}

// others must not see or do anything of it.
func (w *world) others(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if _, err := w.svc.Import(ctx, w.OtherOwner.ReadScope, "IM-0001"); !errs.Is(err, errs.NotFound) {
		t.Errorf("another organisation: %v", err)
	}
	ann := w.Member(t, "ann@northwind.example", access.ControlOwner)
	if _, err := w.svc.Import(ctx, ann.ReadScope, "IM-0001"); !errs.Is(err, errs.Denied) {
		t.Errorf("without the right: %v", err)
	}
	if _, err := w.svc.Begin(ctx, ann, accesstest.Now, "controls", "x.csv", []byte("a\n")); !errs.Is(err, errs.Denied) {
		t.Errorf("without the right: %v", err)
	}
	var kinds []string
	for _, e := range w.Entries(t, w.Owner, "import.") {
		kinds = append(kinds, e.Kind)
	}
	if s := strings.Join(kinds, " "); s != "import.begun import.arranged import.tried import.applied import.begun import.dropped" {
		t.Error(s)
	}
}

// few is a shelf that takes two rows at once.
type few struct{ shelf }

func (few) Kind() intake.Kind {
	k := controls()
	k.Most = 2
	return k
}

// TestMost: a kind that takes less than a file may have says so before anything is looked at.
func TestMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.svc.Targets = []intake.Target{few{shelf{&w.kept}}}
	_, err := w.svc.Begin(t.Context(), w.Owner, accesstest.Now, "controls", "list.csv", []byte("id,title\nA,1\nB,2\nC,3\n"))
	if !errs.Is(err, errs.Exhausted) || errs.FieldOf(err) != "file" || !strings.Contains(err.Error(), "3 rows; at most 2") {
		t.Error(err)
	}
	_, err = w.svc.Begin(t.Context(), w.Owner, accesstest.Now, "controls", "list.csv", []byte("id,title\nA,1\nB,2\n"))
	ok(t, err)
}

// TestManyRows tries and applies as many rows as are taken.
func TestManyRows(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		var b strings.Builder
		b.WriteString("id,title\n")
		for n := range intake.MaxRows {
			fmt.Fprintf(&b, "AC-%05d,Title %d\n", n, n)
		}
		i, err := w.svc.Begin(ctx, w.Owner, accesstest.Now, "controls", "many.csv", []byte(b.String()))
		ok(t, err)
		i, err = w.svc.Try(ctx, w.Owner, accesstest.Now, i.Ref)
		ok(t, err)
		page, err := w.svc.Rows(ctx, w.Owner.ReadScope, i, intake.Filter{State: intake.Added}, paging.Query{Page: 400, Size: 100, Search: "ac-"})
		ok(t, err)
		if page.Total != intake.MaxRows || len(page.Rows) != 100 || page.Rows[0].Key != "AC-39900" {
			t.Errorf("%d rows, %+v", page.Total, page.Rows[:min(1, len(page.Rows))])
		}
	})
}
