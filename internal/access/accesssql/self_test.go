package accesssql_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestSignInInSteps: the password first, then the code. The ticket between them ends soon, dies with the password, and is
// good for nobody else.
func TestSignInInSteps(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		auditor := w.add("auditor@northwind.example", access.Auditor)
		_, g, err := w.signIn(now, auditor.Email, password, "")
		w.ok(err)
		if _, err := g.Write(); !errs.Is(err, errs.Denied) {
			t.Fatalf("an auditor writes: %v", err)
		}
		sec, _, err := w.svc.EnrolTOTP(w.org, auditor)
		w.ok(err)
		code := func(at time.Time) string {
			c, err := totp.GenerateCode(sec, at)
			w.ok(err)
			return c
		}
		w.ok(w.svc.ConfirmOwnTOTP(ctx, g, now, sec, code(now)))

		later := now.Add(time.Hour)
		step := func(at time.Time, pw string) (string, error) {
			_, _, err := w.svc.SignIn(ctx, at, access.Attempt{Email: auditor.Email, Password: pw, IP: "192.0.2.1", Steps: true})
			var needed *access.CodeNeeded
			if errors.As(err, &needed) {
				return needed.Ticket, nil
			}
			return "", err
		}
		if _, err := step(later, "wrong horse battery"); !errs.Is(err, errs.Denied) {
			t.Errorf("a wrong password: %v", err)
		}
		ticket, err := step(later, password)
		w.ok(err)
		for name, c := range map[string]struct {
			ticket, code string
			at           time.Time
		}{
			"no code": {ticket, "", later}, "a wrong code": {ticket, "000000", later}, "no ticket": {"", code(later), later},
			"a forged ticket": {ticket + "A", code(later), later}, "too late": {ticket, code(later.Add(6 * time.Minute)), later.Add(6 * time.Minute)},
			"before it was given": {ticket, code(later.Add(-time.Minute)), later.Add(-time.Minute)},
		} {
			if _, _, err := w.svc.SecondStep(ctx, c.at, c.ticket, access.Attempt{Code: c.code, IP: "192.0.2.1"}); !errs.Is(err, errs.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, g, err = w.svc.SecondStep(ctx, later, ticket, access.Attempt{Code: code(later), IP: "192.0.2.1"})
		w.ok(err)
		if g.User.ID != auditor.ID {
			t.Errorf("%+v", g.User)
		}
		ticket, err = step(later.Add(time.Minute), password)
		w.ok(err)
		w.ok(w.svc.SetPassword(ctx, w.scope, later, auditor.ID, "another horse battery"))
		if _, _, err := w.svc.SecondStep(ctx, later.Add(time.Minute), ticket, access.Attempt{Code: code(later.Add(time.Minute)), IP: "192.0.2.1"}); !errs.Is(err, errs.Denied) {
			t.Errorf("after the password changed: %v", err)
		}
	})
}

// TestOwnSessions: people see and end their own sessions and nobody else's.
func TestOwnSessions(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.add("reader@northwind.example", access.Reader)
		_, old, err := w.signIn(now.Add(-13*time.Hour), "reader@northwind.example", password, "")
		w.ok(err)
		secret, g, err := w.signIn(now, "reader@northwind.example", password, "")
		w.ok(err)
		_, owner, err := w.signIn(now, "owner@northwind.example", password, "")
		w.ok(err)
		all, err := w.svc.OwnSessions(ctx, g, now)
		w.ok(err)
		if len(all) != 1 || all[0].Digest != g.Session {
			t.Errorf("%d sessions: the one that was not used for thirteen hours has ended", len(all))
		}
		_ = old
		if err := w.svc.EndOwnSession(ctx, g, now, owner.Session); !errs.Is(err, errs.NotFound) {
			t.Errorf("somebody else's session: %v", err)
		}
		w.ok(w.svc.EndOwnSession(ctx, g, now, g.Session))
		if _, err := w.svc.Authenticate(ctx, now, secret); !errs.Is(err, errs.Denied) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestSwitchOrg: a session moves to another organisation of the same person, and to no other.
func TestSwitchOrg(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		second, _, err := w.svc.CreateOrg(ctx, now, "root", access.NewOrg{Slug: "fabrikam", Name: "Fabrikam"}, access.NewUser{Email: "other@fabrikam.example", Name: "Other"})
		w.ok(err)
		op, err := w.svc.Operator(ctx, second.ID, "root")
		w.ok(err)
		both := w.add("both@northwind.example", access.ControlOwner)
		_, err = w.svc.AddUser(ctx, op, now, access.NewUser{Email: both.Email, Role: access.Reader})
		w.ok(err)
		secret, g, err := w.svc.SignIn(ctx, now, access.Attempt{Email: both.Email, Password: password, OrgSlug: "northwind", IP: "192.0.2.1"})
		w.ok(err)
		orgs, err := w.svc.Memberships(ctx, g)
		w.ok(err)
		if len(orgs) != 2 {
			t.Errorf("%d organisations", len(orgs))
		}
		moved, g2, err := w.svc.SwitchOrg(ctx, g, now, secret, access.Attempt{OrgSlug: "fabrikam", IP: "192.0.2.1"})
		w.ok(err)
		if g2.Read.Org() != second.ID || g2.Read.Role() != access.Reader {
			t.Errorf("%+v", g2.Read)
		}
		if _, err := w.svc.Authenticate(ctx, now, secret); !errs.Is(err, errs.Denied) {
			t.Errorf("the old session: %v", err)
		}
		if got, err := w.svc.Authenticate(ctx, now, moved); err != nil || got.Read.Org() != second.ID {
			t.Errorf("the new session: %v", err)
		}
		own, gOwner, err := w.signIn(now, "owner@northwind.example", password, "")
		w.ok(err)
		for _, slug := range []string{"fabrikam", "nowhere", ""} {
			if _, _, err := w.svc.SwitchOrg(ctx, gOwner, now, own, access.Attempt{OrgSlug: slug}); !errs.Is(err, errs.NotFound) {
				t.Errorf("%q: %v", slug, err)
			}
		}
	})
}
