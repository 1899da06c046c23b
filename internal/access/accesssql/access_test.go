package accesssql_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/ledger/ledgersql"
	"github.com/tickmark/tickmark/internal/platform/secret"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

const password = "correct horse battery"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type world struct {
	t      *testing.T
	svc    *access.Service
	ledger *ledgersql.Store
	org    access.Org
	owner  access.User
	scope  access.Scope // the operator's
}

// bareWorld is one without an organisation.
func bareWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	box, err := secret.Open(filepath.Join(t.TempDir(), "key.json"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ledger: &ledgersql.Store{DB: db}}
	w.svc = &access.Service{Store: &accesssql.Store{DB: db}, Credentials: &accesssql.Store{DB: db}, Tx: db, Recorder: w.ledger, Sealer: box, Audits: &accesssql.Store{DB: db}}
	return w
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := bareWorld(t, db)
	var err error
	w.org, w.owner, err = w.svc.CreateOrg(t.Context(), now, "root", access.NewOrg{Slug: "northwind", Name: "Northwind"},
		access.NewUser{Email: "Owner@Northwind.example", Name: "Ona Wner", Password: password})
	w.ok(err)
	w.scope, err = w.svc.Operator(t.Context(), w.org.ID, "root")
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) add(email string, role access.Role) access.User {
	w.t.Helper()
	u, err := w.svc.AddUser(w.t.Context(), w.scope, now, access.NewUser{Email: email, Name: "Some Body", Password: password, Role: role})
	w.ok(err)
	return u
}

func (w *world) signIn(at time.Time, email, pw, code string) (string, access.Grant, error) {
	return w.svc.SignIn(w.t.Context(), at, access.Attempt{Email: email, Password: pw, Code: code, IP: "192.0.2.1", Agent: "test"})
}

func (w *world) kinds() string {
	w.t.Helper()
	res, err := w.ledger.Entries(w.t.Context(), w.scope.ReadScope, ledger.Filter{}, paging.Query{Sort: "seq", Size: 1000})
	w.ok(err)
	var ks []string
	for _, e := range res.Rows {
		ks = append(ks, e.Kind)
	}
	return strings.Join(ks, " ")
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		secretText, g, err := w.signIn(now, " owner@NORTHWIND.example ", password, "")
		w.ok(err)
		if g.User.ID != w.owner.ID || g.Read.Org() != w.org.ID || g.Read.Role() != access.Owner {
			t.Errorf("%+v", g)
		}
		for name, try := range map[string][2]string{"wrong password": {"owner@northwind.example", "wrong horse battery"}, "nobody": {"nobody@northwind.example", password}, "empty": {"", ""}} {
			_, _, err := w.signIn(now, try[0], try[1], "")
			if !errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), "email, password or code is wrong") {
				t.Errorf("%s: %v", name, err)
			}
		}
		got, err := w.svc.Authenticate(t.Context(), now.Add(time.Hour), secretText)
		w.ok(err)
		if got.User.ID != w.owner.ID || got.CSRF([]byte("k")) != g.CSRF([]byte("k")) || got.CSRF([]byte("k")) == got.CSRF([]byte("l")) {
			t.Error("the session does not lead back to its grant")
		}
		for name, c := range map[string]struct {
			secret string
			at     time.Time
		}{"unknown": {"x" + secretText, now}, "none": {"", now}, "idle too long": {secretText, now.Add(14 * time.Hour)}, "too old": {secretText, now.Add(8 * 24 * time.Hour)}} {
			if _, err := w.svc.Authenticate(t.Context(), c.at, c.secret); !errs.Is(err, errs.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.ok(w.svc.SignOut(t.Context(), now, secretText))
		w.ok(w.svc.SignOut(t.Context(), now, secretText))
		if _, err := w.svc.Authenticate(t.Context(), now, secretText); !errs.Is(err, errs.Denied) {
			t.Errorf("after signing out: %v", err)
		}
		if got := w.kinds(); got != "org.created access.granted access.signed_in access.signin_refused access.signed_out" {
			t.Errorf("trail: %s", got)
		}
	})
}

func TestSignInIsThrottled(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for i := range 10 {
			if _, _, err := w.signIn(now, "owner@northwind.example", "guess number "+fmt.Sprint(i), ""); !errs.Is(err, errs.Denied) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		if _, _, err := w.signIn(now, "owner@northwind.example", password, ""); !errs.Is(err, errs.Exhausted) {
			t.Errorf("the right password after ten wrong ones: %v", err)
		}
		if _, _, err := w.signIn(now.Add(16*time.Minute), "owner@northwind.example", password, ""); err != nil {
			t.Errorf("after the pause: %v", err)
		}
		// One address that tries many accounts is stopped too.
		var err error
		for i := 0; err == nil || errs.Is(err, errs.Denied); i++ {
			if i > 200 {
				t.Fatal("an address may try for ever")
			}
			_, _, err = w.signIn(now.Add(time.Hour), fmt.Sprintf("u%d@northwind.example", i), password, "")
		}
		if !errs.Is(err, errs.Exhausted) {
			t.Error(err)
		}
	})
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		_, g, err := w.signIn(now, "owner@northwind.example", password, "")
		w.ok(err)
		own, err := g.Write()
		w.ok(err)
		sec, url, err := w.svc.EnrolTOTP(w.org, w.owner)
		w.ok(err)
		if !strings.HasPrefix(url, "otpauth://totp/") {
			t.Error(url)
		}
		if err := w.svc.ConfirmTOTP(t.Context(), own, now, w.owner.ID, sec, "000000"); !errs.Is(err, errs.Invalid) {
			t.Errorf("wrong code: %v", err)
		}
		code := func(at time.Time) string {
			c, err := totp.GenerateCode(sec, at)
			w.ok(err)
			return c
		}
		w.ok(w.svc.ConfirmTOTP(t.Context(), own, now, w.owner.ID, sec, code(now)))
		u, err := w.svc.Store.UserByID(t.Context(), w.owner.ID)
		w.ok(err)
		if strings.Contains(u.TOTP, sec) {
			t.Error("the secret is stored in the clear")
		}
		later := now.Add(5 * time.Minute)
		for name, c := range map[string]string{"no code": "", "wrong": "123456", "of ten minutes ago": code(later.Add(-10 * time.Minute))} {
			if _, _, err := w.signIn(later, "owner@northwind.example", password, c); !errs.Is(err, errs.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// The same code from two browsers at once: one wins.
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 4 {
			wg.Go(func() {
				if _, _, err := w.signIn(later, "owner@northwind.example", password, code(later)); err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("one code signed in %d times", won)
		}
	})
}

// TestRights walks every role and every action against the table of the domain brief.
func TestRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	for _, role := range access.Roles() {
		email := string(role) + "@northwind.example"
		if role != access.Owner {
			w.add(email, role)
		}
		_, g, err := w.signIn(now, email, password, "")
		w.ok(err)
		for _, a := range access.Actions() {
			if g.Read.Can(a) != role.May(a) {
				t.Errorf("%s %s: scope and role disagree", role, a)
			}
			if err := g.Read.Require(a); (err == nil) != role.May(a) || err != nil && !errs.Is(err, errs.Denied) {
				t.Errorf("%s %s: %v", role, a, err)
			}
		}
		_, werr := g.Write()
		if readsOnly := role == access.Auditor || role == access.Reader; (werr != nil) != readsOnly {
			t.Errorf("%s: write scope: %v", role, werr)
		}
	}
	if (access.ReadScope{}).Can(access.ReadProgramme) || access.Role("root").May(access.ReadProgramme) {
		t.Error("nobody may read")
	}
	// Separation of duties that the brief demands: an auditor changes nothing, a control owner approves nothing.
	for _, c := range []struct {
		role access.Role
		a    access.Action
	}{{access.Auditor, access.AddEvidence}, {access.Auditor, access.EditControls}, {access.ControlOwner, access.ApproveException}, {access.ControlOwner, access.ApproveControls},
		{access.Employee, access.ReadEvidence}, {access.ComplianceLead, access.ManageUsers}, {access.SecurityAnalyst, access.ApproveException}} {
		if c.role.May(c.a) {
			t.Errorf("%s may %s", c.role, c.a.Phrase())
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.add("lead@northwind.example", access.ComplianceLead)
		w.add("reader@northwind.example", access.Reader)
		as := func(email string) access.Scope {
			s, err := w.svc.As(t.Context(), w.scope, now, email)
			w.ok(err)
			return s
		}
		lead := as("lead@northwind.example")
		if _, err := w.svc.As(t.Context(), w.scope, now, "reader@northwind.example"); !errs.Is(err, errs.Denied) {
			t.Errorf("a reader got a write scope: %v", err)
		}
		if _, err := w.svc.As(t.Context(), lead, now, "owner@northwind.example"); !errs.Is(err, errs.Denied) {
			t.Errorf("a member acted for another: %v", err)
		}
		text, tok, err := w.svc.CreateToken(t.Context(), lead, now, "ci", []string{string(access.RunTests), string(access.ReadProgramme)}, 24*time.Hour)
		w.ok(err)
		g, err := w.svc.AuthenticateToken(t.Context(), now, text)
		w.ok(err)
		if !g.Read.Can(access.RunTests) || g.Read.Can(access.EditControls) || g.Read.Can(access.ReadEvidence) {
			t.Error("the token's scopes do not narrow the role")
		}
		for name, c := range map[string]struct {
			scopes []string
			life   time.Duration
			name   string
			kind   errs.Kind
		}{
			"scope the role lacks": {[]string{string(access.ManageUsers)}, time.Hour, "x", errs.Denied},
			"unknown scope":        {[]string{"everything"}, time.Hour, "x", errs.Invalid},
			"for ever":             {nil, 400 * 24 * time.Hour, "x", errs.Invalid},
			"no name":              {nil, time.Hour, " ", errs.Invalid},
		} {
			if _, _, err := w.svc.CreateToken(t.Context(), lead, now, c.name, c.scopes, c.life); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.svc.AuthenticateToken(t.Context(), now.Add(25*time.Hour), text); !errs.Is(err, errs.Denied) {
			t.Errorf("expired: %v", err)
		}
		for _, bad := range []string{"", "tm_", "tm_" + strings.Repeat("0", 52), strings.TrimPrefix(text, "tm_")} {
			if _, err := w.svc.AuthenticateToken(t.Context(), now, bad); !errs.Is(err, errs.Denied) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		w.ok(w.svc.RevokeToken(t.Context(), lead, now, tok.ID))
		if _, err := w.svc.AuthenticateToken(t.Context(), now, text); !errs.Is(err, errs.Denied) {
			t.Errorf("revoked: %v", err)
		}
	})
}

func TestMembers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		lead := w.add("lead@northwind.example", access.ComplianceLead)
		other, _, err := w.svc.CreateOrg(t.Context(), now, "root", access.NewOrg{Slug: "other", Name: "Other"}, access.NewUser{Email: "x@other.example", Name: "X", Password: password})
		w.ok(err)
		otherScope, err := w.svc.Operator(t.Context(), other.ID, "root")
		w.ok(err)
		for name, c := range map[string]struct {
			do   func() error
			kind errs.Kind
		}{
			"last owner":     {func() error { return w.svc.SetRole(t.Context(), w.scope, now, w.owner.ID, access.Reader) }, errs.Conflict},
			"unknown role":   {func() error { return w.svc.SetRole(t.Context(), w.scope, now, lead.ID, "king") }, errs.Invalid},
			"other org":      {func() error { return w.svc.SetRole(t.Context(), otherScope, now, lead.ID, access.Reader) }, errs.NotFound},
			"other password": {func() error { return w.svc.SetPassword(t.Context(), otherScope, now, lead.ID, password+"!") }, errs.NotFound},
			"short password": {func() error { return w.svc.SetPassword(t.Context(), w.scope, now, lead.ID, "short") }, errs.Invalid},
			"twice": {func() error {
				_, err := w.svc.AddUser(t.Context(), w.scope, now, access.NewUser{Email: "LEAD@northwind.example", Name: "L", Role: access.Reader})
				return err
			}, errs.Conflict},
			"bad email": {func() error {
				_, err := w.svc.AddUser(t.Context(), w.scope, now, access.NewUser{Email: "Lead <lead@northwind.example>", Name: "L", Role: access.Reader})
				return err
			}, errs.Invalid},
			"name with a line break": {func() error {
				_, err := w.svc.AddUser(t.Context(), w.scope, now, access.NewUser{Email: "n@northwind.example", Name: "A\nB", Role: access.Reader})
				return err
			}, errs.Invalid},
			"slug taken": {func() error {
				_, _, err := w.svc.CreateOrg(t.Context(), now, "root", access.NewOrg{Slug: "other", Name: "O"}, access.NewUser{Email: "y@other.example", Name: "Y"})
				return err
			}, errs.Conflict},
			"slug with a path": {func() error {
				_, _, err := w.svc.CreateOrg(t.Context(), now, "root", access.NewOrg{Slug: "../x", Name: "O"}, access.NewUser{Email: "y@other.example", Name: "Y"})
				return err
			}, errs.Invalid},
		} {
			if err := c.do(); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v (%v)", name, err, errs.KindOf(err))
			}
		}
		cookie, _, err := w.signIn(now, "lead@northwind.example", password, "")
		w.ok(err)
		w.ok(w.svc.SetRole(t.Context(), w.scope, now, lead.ID, access.Reader))
		g, err := w.svc.Authenticate(t.Context(), now, cookie)
		w.ok(err)
		if g.Read.Role() != access.Reader {
			t.Error("a changed role does not reach a session that is open")
		}
		w.ok(w.svc.SetDisabled(t.Context(), w.scope, now, lead.ID, true))
		if _, err := w.svc.Authenticate(t.Context(), now, cookie); !errs.Is(err, errs.Denied) {
			t.Errorf("a blocked account's session: %v", err)
		}
		if _, _, err := w.signIn(now, "lead@northwind.example", password, ""); !errs.Is(err, errs.Denied) {
			t.Errorf("a blocked account signed in: %v", err)
		}
		all, err := w.svc.Members(t.Context(), otherScope.ReadScope)
		w.ok(err)
		if len(all) != 1 || all[0].Email != "x@other.example" {
			t.Errorf("%+v", all)
		}
	})
}
