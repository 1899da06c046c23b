package evidencesql_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

type bench struct {
	*accesstest.World
	*evidence.Service
	store *evidencesql.Store
	dir   string
}

func setup(t *testing.T, db *sqldb.DB) bench {
	t.Helper()
	w := accesstest.New(t, db)
	store := &evidencesql.Store{DB: db, Ledger: w.Ledger}
	dir := t.TempDir()
	return bench{w, &evidence.Service{Store: store, Plans: store, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: dir}}, Max: 1 << 20}, store, dir}
}

func newID(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }

func minutes() evidence.Upload {
	return evidence.Upload{
		Title: "Minutes of October", Kind: evidence.Document, Files: []evidence.File{evidence.Bytes("minutes.txt", []byte("We met.\n"))}, Obtained: "Board portal, exported by Dana",
		From: now.AddDate(0, 0, -30), To: now.AddDate(0, 0, -1), Controls: []string{"GOV-02", "GOV-01"}, Shows: "The committee met.", Class: evidence.Confidential,
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		added, err := b.Add(ctx, b.Owner, now, newID, minutes())
		if err != nil || len(added) != 1 || added[0].MediaType != "text/plain" || added[0].Seq == 0 {
			t.Fatalf("%+v %v", added, err)
		}
		i := added[0]
		paper, ok, err := b.store.Paper(ctx, b.Owner.ReadScope, i.ID)
		if err != nil || !ok || paper.Shows != "The committee met." || paper.Class != evidence.Confidential || paper.FileName != "minutes.txt" {
			t.Errorf("%+v %v %v", paper, ok, err)
		}
		if _, ok, _ := b.store.Paper(ctx, b.OtherOwner.ReadScope, i.ID); ok {
			t.Error("another organisation reads it")
		}
		said := b.Entries(t, b.Owner, "evidence.sealed")
		if len(said) != 1 || said[0].Says["documents"] == nil {
			t.Errorf("ledger: %+v", said)
		}
		// The same content again: a conflict that names what is there, unless it is wanted.
		_, err = b.Add(ctx, b.Owner, now, newID, minutes())
		var same *evidence.Duplicate
		if !errs.Is(err, errs.Conflict) || !errors.As(err, &same) || same.Items[0].Ref != i.Ref {
			t.Errorf("again: %v", err)
		}
		twice := minutes()
		twice.Again = true
		if _, err := b.Add(ctx, b.Owner, now, newID, twice); err != nil {
			t.Errorf("a second time on purpose: %v", err)
		}
		// A correction takes its place; a second correction of the same piece does not.
		next := minutes()
		next.Supersede, next.Files = i.ID, []evidence.File{evidence.Bytes("minutes.txt", []byte("We met on Monday.\n"))}
		if _, err := b.Add(ctx, b.Owner, now, newID, next); err != nil {
			t.Fatal(err)
		}
		if old, err := b.store.Item(ctx, b.Owner.ReadScope, i.Ref); err != nil || old.Status != evidence.Superseded {
			t.Errorf("%+v %v", old.Status, err)
		}
		next.Files = []evidence.File{evidence.Bytes("minutes.txt", []byte("No, on Tuesday.\n"))}
		if _, err := b.Add(ctx, b.Owner, now, newID, next); !errs.Is(err, errs.Conflict) {
			t.Errorf("replaced twice: %v", err)
		}
	})
}

func TestLinkAndWithdraw(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		added, err := b.Add(ctx, b.Owner, now, newID, minutes())
		if err != nil {
			t.Fatal(err)
		}
		i := added[0]
		if n, err := b.Link(ctx, b.Owner, now, i.ID, []string{"GOV-01", "GOV-03"}); err != nil || n != 1 {
			t.Errorf("%d %v", n, err)
		}
		if n, err := b.Link(ctx, b.Owner, now, i.ID, []string{"GOV-03"}); err != nil || n != 0 {
			t.Errorf("again: %d %v", n, err)
		}
		if n := len(b.Entries(t, b.Owner, "evidence.linked")); n != 1 {
			t.Errorf("%d entries", n)
		}
		if _, err := b.Link(ctx, b.OtherOwner, now, i.ID, []string{"GOV-03"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation: %v", err)
		}
		employee := b.Member(t, "tomas@northwind.example", access.Employee)
		if _, err := b.Link(ctx, employee, now, i.ID, []string{"GOV-03"}); !errs.Is(err, errs.Denied) {
			t.Errorf("an employee: %v", err)
		}
		if err := b.Withdraw(ctx, b.Owner, i.ID, now, "too short"); !errs.Is(err, errs.Invalid) {
			t.Errorf("short reason: %v", err)
		}
		if err := b.Withdraw(ctx, b.Owner, i.ID, now, "The wrong meeting."); err != nil {
			t.Fatal(err)
		}
		if err := b.Withdraw(ctx, b.Owner, i.ID, now, "The wrong meeting."); !errs.Is(err, errs.Conflict) {
			t.Errorf("twice: %v", err)
		}
		if _, err := b.Link(ctx, b.Owner, now, i.ID, []string{"GOV-04"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("withdrawn: %v", err)
		}
		// What was withdrawn is no duplicate.
		if _, err := b.Add(ctx, b.Owner, now, newID, minutes()); err != nil {
			t.Errorf("again after withdrawing: %v", err)
		}
	})
}

func TestPlans(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		decide := func(s access.Scope, base, days int, note string) error {
			_, err := b.Decide(ctx, s, now, base, evidence.Plan{Control: "GOV-02", Days: days, Note: note})
			return err
		}
		for _, c := range []struct {
			name       string
			base, days int
			note       string
			field      string
			kind       errs.Kind
		}{
			{"negative", 0, -1, "", "days", errs.Invalid}, {"for ever", 0, 1831, "", "days", errs.Invalid}, {"none without reason", 0, 0, "no", "note", errs.Invalid},
			{"long", 0, 30, strings.Repeat("x", 501), "note", errs.Invalid}, {"bytes", 0, 30, "a\x00b", "note", errs.Invalid}, {"stale", 3, 30, "", "", errs.Conflict},
		} {
			if err := decide(b.Owner, c.base, c.days, c.note); !errs.Is(err, c.kind) || errs.FieldOf(err) != c.field {
				t.Errorf("%s: %v at %q", c.name, err, errs.FieldOf(err))
			}
		}
		if err := decide(b.Owner, 0, 30, ""); err != nil {
			t.Fatal(err)
		}
		if err := decide(b.Owner, 0, 60, ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("two at once: %v", err)
		}
		if err := decide(b.Owner, 1, 0, "The vendor's report shows it."); err != nil {
			t.Fatal(err)
		}
		if err := decide(b.OtherOwner, 0, 7, ""); err != nil {
			t.Errorf("another organisation has its own: %v", err)
		}
		p, ok, err := b.store.Plan(ctx, b.Owner.ReadScope, "GOV-02")
		if err != nil || !ok || p.Version != 2 || p.Days != 0 {
			t.Errorf("%+v %v", p, err)
		}
		if err := decide(b.Member(t, "omar@northwind.example", access.ControlOwner), 2, 7, ""); !errs.Is(err, errs.Denied) {
			t.Errorf("a control owner: %v", err)
		}
		if n := len(b.Entries(t, b.Owner, "evidence.planned")); n != 2 {
			t.Errorf("%d entries", n)
		}
	})
}

// TestRefused: nothing of what is refused is kept, and each refusal stands at its field.
func TestRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, sqldbtest.SQLite(t))
	at := func(days int) time.Time { return now.AddDate(0, 0, days) }
	for name, c := range map[string]struct {
		change func(*evidence.Upload)
		field  string
		kind   errs.Kind
	}{
		"no title":              {func(u *evidence.Upload) { u.Title = " \t" }, "title", errs.Invalid},
		"long title":            {func(u *evidence.Upload) { u.Title = strings.Repeat("é", 201) }, "title", errs.Invalid},
		"no bytes of text":      {func(u *evidence.Upload) { u.Title = "a\xff" }, "title", errs.Invalid},
		"nothing":               {func(u *evidence.Upload) { u.Files = nil }, "file", errs.Invalid},
		"empty file":            {func(u *evidence.Upload) { u.Files[0].Size = 0 }, "file", errs.Invalid},
		"too large":             {func(u *evidence.Upload) { u.Files[0].Size = 2 << 20 }, "file", errs.Exhausted},
		"broke off":             {func(u *evidence.Upload) { u.Files[0].Size = 99 }, "file", errs.Invalid},
		"larger than it says":   {func(u *evidence.Upload) { u.Files = []evidence.File{endless()} }, "", errs.Exhausted},
		"unreadable":            {func(u *evidence.Upload) { u.Files = []evidence.File{broken()} }, "", errs.Unavailable},
		"eleven files":          {func(u *evidence.Upload) { u.Files = slices.Repeat(u.Files[:1], 11) }, "file", errs.Invalid},
		"file and statement":    {func(u *evidence.Upload) { u.Statement = "also" }, "statement", errs.Invalid},
		"no address":            {func(u *evidence.Upload) { u.Files, u.Link = nil, "javascript:alert(1)" }, "link", errs.Invalid},
		"password in address":   {func(u *evidence.Upload) { u.Files, u.Link = nil, "https://a:b@docs.example/" }, "link", errs.Invalid},
		"obtained nowhere":      {func(u *evidence.Upload) { u.Obtained = "me" }, "obtained", errs.Invalid},
		"strange kind":          {func(u *evidence.Upload) { u.Kind = evidence.Snapshot }, "kind", errs.Invalid},
		"strange class":         {func(u *evidence.Upload) { u.Class = "secret" }, "class", errs.Invalid},
		"no first day":          {func(u *evidence.Upload) { u.From = time.Time{} }, "from", errs.Invalid},
		"no last day":           {func(u *evidence.Upload) { u.To = time.Time{} }, "to", errs.Invalid},
		"turned round":          {func(u *evidence.Upload) { u.From, u.To = at(-2), at(-9) }, "to", errs.Invalid},
		"begins ahead":          {func(u *evidence.Upload) { u.From, u.To = at(3), at(4) }, "from", errs.Invalid},
		"ends after receipt":    {func(u *evidence.Upload) { u.Received = at(-20) }, "to", errs.Invalid},
		"received tomorrow":     {func(u *evidence.Upload) { u.Received = at(1) }, "received", errs.Invalid},
		"effective far ahead":   {func(u *evidence.Upload) { x := at(400); u.Effective = &x }, "effective", errs.Invalid},
		"a year with a slip":    {func(u *evidence.Upload) { u.From = u.From.AddDate(-1000, 0, 0) }, "from", errs.Invalid},
		"replaces what is not":  {func(u *evidence.Upload) { u.Supersede = "EV-2026-99999" }, "", errs.NotFound},
		"for too many controls": {func(u *evidence.Upload) { u.Controls = strings.Split(strings.Repeat("A-1 A-2 ", 30), " ") }, "", errs.Kind(255)},
	} {
		u := minutes()
		c.change(&u)
		_, err := b.Add(t.Context(), b.Owner, now, newID, u)
		if c.kind == errs.Kind(255) { // the same control twice is one
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errs.Is(err, c.kind) || errs.FieldOf(err) != c.field {
			t.Errorf("%s: %v %v at %q", name, errs.KindOf(err), err, errs.FieldOf(err))
		}
	}
	kept, err := b.store.Items(t.Context(), b.Owner.ReadScope, evidence.Filter{}, paging.Query{})
	if err != nil || kept.Total != 1 {
		t.Errorf("%d pieces are kept: %v", kept.Total, err)
	}
	temporary, err := filepath.Glob(filepath.Join(b.dir, ".tmp-*"))
	if err != nil || len(temporary) > 0 {
		t.Errorf("left over: %v %v", temporary, err)
	}
	if _, err := os.Stat(b.dir); err != nil {
		t.Error(err)
	}
}

func endless() evidence.File {
	return evidence.File{Name: "endless.txt", Size: 10, Open: func() (io.ReadCloser, error) { return io.NopCloser(zeros{}), nil }}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func broken() evidence.File {
	return evidence.File{Name: "broken.txt", Size: 10, Open: func() (io.ReadCloser, error) { return io.NopCloser(failing{}), nil }}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

// TestStatement: words and addresses become a text with a hash.
func TestStatement(t *testing.T) {
	t.Parallel()
	b := setup(t, sqldbtest.SQLite(t))
	u := minutes()
	u.Files, u.Link, u.Statement = nil, "https://docs.northwind.example/minutes", "Signed copy. \u202e<b>x</b> 📎"
	added, err := b.Add(t.Context(), b.Owner, now, newID, u)
	if err != nil {
		t.Fatal(err)
	}
	content, err := b.Blobs.Content(added[0].SHA256)
	if err != nil || !strings.Contains(string(content), u.Link) || !strings.Contains(string(content), "📎") {
		t.Errorf("%q %v", content, err)
	}
}
