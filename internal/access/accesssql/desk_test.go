package accesssql_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// deskWorld is a world whose accounts keep things for themselves, with somebody signed in.
func deskWorld(t *testing.T, db *sqldb.DB, role access.Role) (*world, access.Grant) {
	t.Helper()
	w := newWorld(t, db)
	w.svc.Desk = &accesssql.Store{DB: db}
	email := "owner@northwind.example"
	if role != access.Owner {
		email = string(role) + "@northwind.example"
		w.add(email, role)
	}
	_, g, err := w.signIn(now, email, password, "")
	w.ok(err)
	return w, g
}

// TestOnce: of two who take a value one wins, what it came to is told to the other, a failure gives it back, and one that
// never ended is given to the next after a while.
func TestOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, g := deskWorld(t, db, access.Owner)
		ctx := t.Context()
		claim := func(at time.Time, token string) bool {
			ok, err := w.svc.ClaimOnce(ctx, g, at, token)
			w.ok(err)
			return ok
		}
		var wins int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if ok, err := w.svc.ClaimOnce(ctx, g, now, "one"); err == nil && ok {
					mu.Lock()
					defer mu.Unlock()
					wins++
				}
			})
		}
		all.Wait()
		if wins != 1 {
			t.Fatalf("%d claims won", wins)
		}
		if x, err := w.svc.Once(ctx, g, "one"); err != nil || x.Path != "" {
			t.Errorf("while it is worked on: %+v %v", x, err)
		}
		w.ok(w.svc.SettleOnce(ctx, g, "one", access.Sent{Path: "/c/X", Flash: "f"}))
		if x, err := w.svc.Once(ctx, g, "one"); err != nil || x.Path != "/c/X" || x.Flash != "f" {
			t.Errorf("afterwards: %+v %v", x, err)
		}
		if claim(now.Add(time.Hour), "one") {
			t.Error("a settled value was taken again")
		}
		if !claim(now, "two") || claim(now.Add(time.Minute), "two") || !claim(now.Add(5*time.Minute), "two") {
			t.Error("a value that was never settled")
		}
		w.ok(w.svc.SettleOnce(ctx, g, "two", access.Sent{}))
		if _, err := w.svc.Once(ctx, g, "two"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a released value: %v", err)
		}
		w.ok(w.svc.SweepOnce(ctx, now.Add(25*time.Hour)))
		if !claim(now, "one") {
			t.Error("a value of yesterday was kept")
		}
	})
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, g := deskWorld(t, db, access.Reader)
		ctx := t.Context()
		p, err := w.svc.OwnPreferences(ctx, g)
		w.ok(err)
		if p.Get("keys") != "on" || p.Get("density") != "normal" || p.Get("nothing") != "" {
			t.Errorf("defaults %v", p)
		}
		w.ok(w.svc.SetOwnPreferences(ctx, g, map[string]string{"keys": "off", "density": "roomy"}))
		w.ok(w.svc.SetOwnPreferences(ctx, g, map[string]string{"density": "compact"}))
		if p, err = w.svc.OwnPreferences(ctx, g); err != nil || p.Get("keys") != "off" || p.Get("density") != "compact" {
			t.Errorf("%v %v", p, err)
		}
		for name, v := range map[string]string{"keys": "loud", "colour": "red", "": ""} {
			if err := w.svc.SetOwnPreferences(ctx, g, map[string]string{name: v}); !errs.Is(err, errs.Invalid) {
				t.Errorf("%q=%q: %v", name, v, err)
			}
		}
	})
}

func TestViews(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, lead := deskWorld(t, db, access.ComplianceLead)
		ctx := t.Context()
		w.add("reader@northwind.example", access.Reader)
		_, reader, err := w.signIn(now, "reader@northwind.example", password, "")
		w.ok(err)
		own, err := w.svc.SaveView(ctx, lead, now, "  Failing  ", "/tests?state=fail", false)
		w.ok(err)
		shared, err := w.svc.SaveView(ctx, lead, now, "Ours", "/controls", true)
		w.ok(err)
		for name, c := range map[string]struct {
			g          access.Grant
			name, path string
			shared     bool
			kind       errs.Kind
		}{
			"the same name":          {lead, "FAILING", "/tests", false, errs.Conflict},
			"no name":                {lead, "  ", "/tests", false, errs.Invalid},
			"a long name":            {lead, strings.Repeat("ä", 61), "/tests", false, errs.Invalid},
			"a line break":           {lead, "a\nb", "/tests", false, errs.Invalid},
			"a long address":         {lead, "x", "/" + strings.Repeat("a", 6000), false, errs.Invalid},
			"another site":           {lead, "x", "https://evil.example/", false, errs.Invalid},
			"shared without a right": {reader, "x", "/tests", true, errs.Denied},
		} {
			if _, err := w.svc.SaveView(ctx, c.g, now, c.name, c.path, c.shared); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if all, err := w.svc.Views(ctx, reader); err != nil || len(all) != 1 || all[0].ID != shared.ID {
			t.Errorf("a reader sees %v %v", all, err)
		}
		if _, err := w.svc.View(ctx, reader, own.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("somebody else's view: %v", err)
		}
		if _, err := w.svc.RenameView(ctx, reader, now, shared.ID, "Mine"); !errs.Is(err, errs.Denied) {
			t.Errorf("a reader renames: %v", err)
		}
		if _, err := w.svc.RemoveView(ctx, reader, now, shared.ID); !errs.Is(err, errs.Denied) {
			t.Errorf("a reader removes: %v", err)
		}
		renamed, err := w.svc.RenameView(ctx, lead, now, own.ID, "فشل 🔥")
		w.ok(err)
		if renamed.Name != "فشل 🔥" || renamed.Path != own.Path {
			t.Errorf("%+v", renamed)
		}
		gone, err := w.svc.RemoveView(ctx, lead, now, shared.ID)
		w.ok(err)
		if gone.Name != "Ours" || !gone.Shared {
			t.Errorf("%+v", gone)
		}
		if k := w.kinds(); !strings.Contains(k, "view.shared view.removed") || strings.Count(k, "view.") != 2 {
			t.Errorf("the ledger says %s", k)
		}
		for i := range 99 {
			_, err := w.svc.SaveView(ctx, lead, now, "view "+strings.Repeat("i", i%50)+string(rune('a'+i/50)), "/tests", false)
			w.ok(err)
		}
		if _, err := w.svc.SaveView(ctx, lead, now, "one too many", "/tests", false); !errs.Is(err, errs.Exhausted) {
			t.Errorf("more than are kept: %v", err)
		}
	})
}

// TestFound: the first organisation is made whole, once, with an owner whose second factor is proven; or not at all.
func TestFound(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &world{t: t}
		full := newWorld(t, db) // another organisation: nothing may be founded beside it
		w.svc = full.svc
		secret, _, err := w.svc.EnrolTOTP(access.Org{Name: "Fabrikam"}, access.User{Email: "o@fabrikam.example"})
		w.ok(err)
		code, err := totp.GenerateCode(secret, now)
		w.ok(err)
		f := access.First{Org: access.NewOrg{Slug: "fabrikam", Name: "Fabrikam"}, Owner: access.NewUser{Name: "Olle", Email: "o@fabrikam.example", Password: password}, Secret: secret, Code: code, IP: "192.0.2.1"}
		none := func(context.Context, access.Scope) error { return nil }
		if _, _, err := w.svc.Found(t.Context(), now, f, none); !errs.Is(err, errs.Conflict) {
			t.Errorf("beside another organisation: %v", err)
		}
	})
}

func TestFoundAllOrNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := bareWorld(t, db)
		ctx := t.Context()
		secret, _, err := w.svc.EnrolTOTP(access.Org{Name: "Fabrikam"}, access.User{Email: "o@fabrikam.example"})
		w.ok(err)
		code, err := totp.GenerateCode(secret, now)
		w.ok(err)
		f := access.First{Org: access.NewOrg{Slug: "fabrikam", Name: "Fabrikam"}, Owner: access.NewUser{Name: "Olle", Email: "o@fabrikam.example", Password: password}, Secret: secret, Code: "000000", IP: "192.0.2.1"}
		none := func(context.Context, access.Scope) error { return nil }
		if _, _, err := w.svc.Found(ctx, now, f, none); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "code" {
			t.Errorf("a wrong code: %v", err)
		}
		f.Code = code
		broken := func(context.Context, access.Scope) error { return errs.New(errs.Unavailable, "the disk is full") }
		if _, _, err := w.svc.Found(ctx, now, f, broken); !errs.Is(err, errs.Unavailable) {
			t.Errorf("what follows fails: %v", err)
		}
		if all, err := w.svc.Orgs(ctx); err != nil || len(all) != 0 {
			t.Fatalf("%d organisations were left behind: %v", len(all), err)
		}
		cookie, g, err := w.svc.Found(ctx, now, f, func(_ context.Context, s access.Scope) error { return s.Require(access.ManageOrg) })
		w.ok(err)
		if got, err := w.svc.Authenticate(ctx, now, cookie); err != nil || got.Read.Role() != access.Owner || !got.User.HasTOTP() || got.Org.ID != g.Org.ID {
			t.Errorf("%+v %v", got, err)
		}
		if _, _, err := w.svc.Found(ctx, now, f, none); !errs.Is(err, errs.Conflict) {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestSetupCode(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := bareWorld(t, db)
		const want = "ABCD-EFGH-IJKL-MNOP"
		check := func(at time.Time, given, ip string) error {
			return w.svc.CheckSetupCode(t.Context(), at, want, given, ip)
		}
		for _, good := range []string{want, "abcdefghijklmnop", " ABCD EFGH-ijkl mnop "} {
			w.ok(check(now, good, "192.0.2.1"))
		}
		if err := w.svc.CheckSetupCode(t.Context(), now, "", "", "192.0.2.2"); !errs.Is(err, errs.Invalid) {
			t.Errorf("without a code: %v", err)
		}
		for i := range 12 {
			err, kind := check(now, "wrong", "192.0.2.3"), errs.Invalid
			if i >= 10 {
				kind = errs.Exhausted
			}
			if !errs.Is(err, kind) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		if err := check(now, want, "192.0.2.3"); !errs.Is(err, errs.Exhausted) {
			t.Errorf("the right one after too many: %v", err)
		}
		w.ok(check(now.Add(16*time.Minute), want, "192.0.2.3"))
	})
}

func TestCheckFirst(t *testing.T) {
	t.Parallel()
	good, owner := access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Name: "Dana", Email: "dana@northwind.example", Password: password}
	if all := access.CheckFirst(good, owner); len(all) != 0 {
		t.Errorf("%v", all)
	}
	var fields []string
	for _, err := range access.CheckFirst(access.NewOrg{Slug: "No!", Name: " "}, access.NewUser{Name: strings.Repeat("x", 200), Email: "nobody", Password: "short"}) {
		fields = append(fields, errs.FieldOf(err))
	}
	if strings.Join(fields, " ") != "slug organisation name email password" {
		t.Errorf("%v", fields)
	}
}
