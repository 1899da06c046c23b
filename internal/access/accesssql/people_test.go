package accesssql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// as is the scope of a signed-in member.
func (w *world) as(email string) (access.Grant, access.Scope) {
	w.t.Helper()
	_, g, err := w.signIn(now, email, password, "")
	w.ok(err)
	s, err := g.Write()
	w.ok(err)
	return g, s
}

// TestOwnersAndOthers: an organisation keeps an owner who can sign in; nobody changes the own role; an account that belongs
// elsewhere too is not this organisation's to change; only owners do any of it.
func TestOwnersAndOthers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		second := w.add("second@northwind.example", access.Owner)
		lead := w.add("lead@northwind.example", access.ComplianceLead)
		both := w.add("both@northwind.example", access.Employee)
		other, _, err := w.svc.CreateOrg(t.Context(), now, "root", access.NewOrg{Slug: "other", Name: "Other"}, access.NewUser{Email: "x@other.example", Name: "X", Password: password})
		w.ok(err)
		theirs, err := w.svc.Operator(t.Context(), other.ID, "root")
		w.ok(err)
		_, err = w.svc.AddUser(t.Context(), theirs, now, access.NewUser{Email: "both@northwind.example", Role: access.Reader})
		w.ok(err)
		_, owner := w.as("owner@northwind.example")
		_, leads := w.as("lead@northwind.example")
		_, stranger := w.as("x@other.example")
		ctx := t.Context()
		for name, c := range map[string]struct {
			do   func() error
			kind errs.Kind
		}{
			"own role":            {func() error { return w.svc.SetRole(ctx, owner, now, w.owner.ID, access.Reader) }, errs.Conflict},
			"own membership":      {func() error { return w.svc.SetRole(ctx, owner, now, w.owner.ID, "") }, errs.Conflict},
			"own account blocked": {func() error { return w.svc.SetDisabled(ctx, owner, now, w.owner.ID, true) }, errs.Conflict},
			"own factor reset":    {func() error { return w.svc.ResetTOTP(ctx, owner, now, w.owner.ID) }, errs.Conflict},
			"stale role":          {func() error { return w.svc.ChangeRole(ctx, owner, now, lead.ID, access.Auditor, access.Reader) }, errs.Conflict},
			"no factor to reset":  {func() error { return w.svc.ResetTOTP(ctx, owner, now, lead.ID) }, errs.Conflict},
			"shared: blocked":     {func() error { return w.svc.SetDisabled(ctx, owner, now, both.ID, true) }, errs.Conflict},
			"shared: password":    {func() error { return w.svc.SetPassword(ctx, owner, now, both.ID, password+"!") }, errs.Conflict},
			"shared: link":        {func() error { _, err := w.svc.PasswordLink(ctx, owner, now, both.ID); return err }, errs.Conflict},
			"by a lead: role":     {func() error { return w.svc.SetRole(ctx, leads, now, both.ID, access.Reader) }, errs.Denied},
			"by a lead: block":    {func() error { return w.svc.SetDisabled(ctx, leads, now, both.ID, true) }, errs.Denied},
			"by a lead: invite": {func() error {
				_, _, err := w.svc.Invite(ctx, leads, now, access.NewUser{Email: "n@n.example", Name: "N", Role: access.Owner})
				return err
			}, errs.Denied},
			"by a lead: sign out":     {func() error { _, err := w.svc.SignOutEverywhere(ctx, leads, now, both.ID); return err }, errs.Denied},
			"by a stranger: role":     {func() error { return w.svc.SetRole(ctx, stranger, now, lead.ID, access.Reader) }, errs.NotFound},
			"by a stranger: block":    {func() error { return w.svc.SetDisabled(ctx, stranger, now, lead.ID, true) }, errs.NotFound},
			"by a stranger: factor":   {func() error { return w.svc.ResetTOTP(ctx, stranger, now, lead.ID) }, errs.NotFound},
			"by a stranger: link":     {func() error { _, err := w.svc.PasswordLink(ctx, stranger, now, lead.ID); return err }, errs.NotFound},
			"by a stranger: sign out": {func() error { _, err := w.svc.SignOutEverywhere(ctx, stranger, now, lead.ID); return err }, errs.NotFound},
		} {
			if err := c.do(); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v (%v)", name, err, errs.KindOf(err))
			}
		}
		// Two owners: one may go, in any way, and then the other may not.
		w.ok(w.svc.SetDisabled(ctx, owner, now, second.ID, true))
		for name, err := range map[string]error{
			"blocked by the operator": w.svc.SetDisabled(ctx, w.scope, now, w.owner.ID, true),
			"demoted by the operator": w.svc.SetRole(ctx, w.scope, now, w.owner.ID, access.Reader),
			"removed by the operator": w.svc.SetRole(ctx, w.scope, now, w.owner.ID, ""),
		} {
			if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "last owner") {
				t.Errorf("the last owner who can sign in, %s: %v", name, err)
			}
		}
		w.ok(w.svc.SetDisabled(ctx, owner, now, second.ID, false))
		w.ok(w.svc.SetRole(ctx, w.scope, now, w.owner.ID, access.Reader))
	})
}

// TestInvitation: a link sets the first password once, and no other organisation gets at the account by it.
func TestInvitation(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		_, owner := w.as("owner@northwind.example")
		u, code, err := w.svc.Invite(ctx, owner, now, access.NewUser{Email: "New@Northwind.example", Name: "New", Password: "ignored, all of it", Role: access.Auditor})
		w.ok(err)
		if code == "" || u.Hash != "" {
			t.Fatalf("code %q, hash %q", code, u.Hash)
		}
		if x, err := w.svc.OpenInvitation(ctx, owner.ReadScope, now, u.ID); err != nil || x == nil || x.Digest == code {
			t.Errorf("the open link: %v %v", x, err)
		}
		for what, c := range map[string]struct {
			at             time.Time
			code, password string
			kind           errs.Kind
		}{
			"another code": {now, code[1:], password, errs.Denied}, "none": {now, "", password, errs.Denied},
			"too late": {now.Add(8 * 24 * time.Hour), code, password, errs.Denied}, "too short": {now, code, "short", errs.Invalid},
		} {
			if _, err := w.svc.AcceptInvitation(ctx, c.at, c.code, c.password, "192.0.2.1"); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", what, err)
			}
		}
		other, _, err := w.svc.CreateOrg(ctx, now, "root", access.NewOrg{Slug: "other", Name: "Other"}, access.NewUser{Email: "x@other.example", Name: "X", Password: password})
		w.ok(err)
		_, stranger := w.as("x@other.example")
		if _, _, err := w.svc.Invite(ctx, stranger, now, access.NewUser{Email: "new@northwind.example", Name: "New", Role: access.Owner}); !errs.Is(err, errs.Conflict) {
			t.Errorf("another organisation invites an account without a password: %v", err)
		}
		_, err = w.svc.AcceptInvitation(ctx, now, code, password, "192.0.2.1")
		w.ok(err)
		if _, err := w.svc.AcceptInvitation(ctx, now, code, password+"!", "192.0.2.1"); !errs.Is(err, errs.Denied) {
			t.Errorf("a second time: %v", err)
		}
		_, g, err := w.signIn(now, "new@northwind.example", password, "")
		w.ok(err)
		if g.Read.Role() != access.Auditor {
			t.Errorf("signed in as %s", g.Read.Role())
		}
		// With a password of its own the account may join the other organisation, without a link.
		_, code, err = w.svc.Invite(ctx, stranger, now, access.NewUser{Email: "new@northwind.example", Name: "New", Role: access.Reader})
		w.ok(err)
		if code != "" {
			t.Error("a link for an account that has a password")
		}
		_ = other
		if got := w.kinds(); !strings.Contains(got, "access.granted access.invited access.password_set") {
			t.Errorf("the trail: %s", got)
		}
	})
}

// TestPasswordLink: a new link ends the one before; the second factor stays; a blocked or removed person gets nowhere.
func TestPasswordLink(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		_, owner := w.as("owner@northwind.example")
		lead := w.add("lead@northwind.example", access.ComplianceLead)
		cookie, _, err := w.signIn(now, "lead@northwind.example", password, "")
		w.ok(err)
		first, err := w.svc.PasswordLink(ctx, owner, now, lead.ID)
		w.ok(err)
		second, err := w.svc.PasswordLink(ctx, owner, now, lead.ID)
		w.ok(err)
		if _, err := w.svc.AcceptInvitation(ctx, now, first, password+"!", "192.0.2.1"); !errs.Is(err, errs.Denied) {
			t.Errorf("the link before: %v", err)
		}
		w.ok(w.svc.SetDisabled(ctx, owner, now, lead.ID, true))
		if _, _, err := w.svc.Invited(ctx, now, second, "192.0.2.1"); !errs.Is(err, errs.Denied) {
			t.Errorf("a blocked account: %v", err)
		}
		w.ok(w.svc.SetDisabled(ctx, owner, now, lead.ID, false))
		_, err = w.svc.AcceptInvitation(ctx, now, second, password+"!", "192.0.2.1")
		w.ok(err)
		if _, err := w.svc.Authenticate(ctx, now, cookie); !errs.Is(err, errs.Denied) {
			t.Errorf("the session of before: %v", err)
		}
		third, err := w.svc.PasswordLink(ctx, owner, now, lead.ID)
		w.ok(err)
		w.ok(w.svc.SetRole(ctx, owner, now, lead.ID, ""))
		if _, err := w.svc.AcceptInvitation(ctx, now, third, password, "192.0.2.1"); !errs.Is(err, errs.Denied) {
			t.Errorf("somebody removed: %v", err)
		}
	})
}

// TestLeaving: whoever is removed loses sessions and tokens, and gets none back by returning.
func TestLeaving(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		lead := w.add("lead@northwind.example", access.ComplianceLead)
		g, scope := w.as("lead@northwind.example")
		_, owner := w.as("owner@northwind.example")
		secret, _, err := w.svc.CreateToken(ctx, scope, now, "one", nil, time.Hour)
		w.ok(err)
		if n, err := w.svc.SessionsOf(ctx, owner.ReadScope, now, lead.ID); err != nil || len(n) != 1 {
			t.Errorf("%d sessions, %v", len(n), err)
		}
		w.ok(w.svc.SetRole(ctx, owner, now, lead.ID, ""))
		w.add("lead@northwind.example", access.ComplianceLead)
		if _, err := w.svc.AuthenticateToken(ctx, now, secret); !errs.Is(err, errs.Denied) {
			t.Errorf("the token works after coming back: %v", err)
		}
		if all, err := w.svc.OwnSessions(ctx, g, now); err != nil || len(all) != 0 {
			t.Errorf("%d sessions after coming back, %v", len(all), err)
		}
		w.as("lead@northwind.example")
		if n, err := w.svc.SignOutEverywhere(ctx, owner, now, lead.ID); err != nil || n != 1 {
			t.Errorf("%d sessions ended, %v", n, err)
		}
	})
}

// TestOwnProof: changing one's password or second factor takes the password and a code of the factor there is, counts like
// signing in, and leaves the session it is done in.
func TestOwnProof(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.add("lead@northwind.example", access.ComplianceLead)
		g, _ := w.as("lead@northwind.example")
		w.as("lead@northwind.example")
		const ip = "192.0.2.1"
		for what, c := range map[string]struct{ old, password, field string }{
			"wrong": {"not the password", password + "!", "old"}, "short": {password, "short", "password"}, "same": {password, password, "password"}, "empty": {"", password + "!", "old"},
		} {
			if err := w.svc.ChangeOwnPassword(ctx, g, now, c.old, c.password, "", ip); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != c.field {
				t.Errorf("%s: %v at %q", what, err, errs.FieldOf(err))
			}
		}
		w.ok(w.svc.ChangeOwnPassword(ctx, g, now, password, password+"!", "", ip))
		if all, err := w.svc.OwnSessions(ctx, g, now); err != nil || len(all) != 1 || all[0].Digest != g.Session {
			t.Errorf("%d sessions left, %v", len(all), err)
		}
		secret, _, err := w.svc.EnrolTOTP(g.Org, g.User)
		w.ok(err)
		code := func(secret string, at time.Time) string {
			c, err := totp.GenerateCode(secret, at)
			w.ok(err)
			return c
		}
		w.ok(w.svc.ConfirmOwnTOTP(ctx, g, now, secret, code(secret, now)))
		later := now.Add(time.Minute)
		next, _, err := w.svc.EnrolTOTP(g.Org, g.User)
		w.ok(err)
		for what, c := range map[string]struct{ code, password, current, field string }{
			"new code":      {"000000", password + "!", code(secret, later), "code"},
			"password":      {code(next, later), password, code(secret, later), "old"},
			"no old code":   {code(next, later), password + "!", "", "current"},
			"used old code": {code(next, later), password + "!", code(secret, now), "current"},
		} {
			if err := w.svc.ReplaceOwnTOTP(ctx, g, later, next, c.code, c.password, c.current, ip); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != c.field {
				t.Errorf("%s: %v at %q", what, err, errs.FieldOf(err))
			}
		}
		w.ok(w.svc.ReplaceOwnTOTP(ctx, g, later, next, code(next, later), password+"!", code(secret, later), ip))
		if _, _, err := w.signIn(later.Add(time.Minute), "lead@northwind.example", password+"!", code(next, later.Add(time.Minute))); err != nil {
			t.Errorf("with the new factor: %v", err)
		}
		_, owner := w.as("owner@northwind.example")
		w.ok(w.svc.ResetTOTP(ctx, owner, later, g.User.ID))
		if _, _, err := w.signIn(later.Add(2*time.Minute), "lead@northwind.example", password+"!", ""); err != nil {
			t.Errorf("after the reset: %v", err)
		}
	})
}

// TestOrgSettings: settings are checked, change on top of the version that was seen, and rule sessions and second factors.
func TestOrgSettings(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		g, owner := w.as("owner@northwind.example")
		w.add("lead@northwind.example", access.ComplianceLead)
		_, lead := w.as("lead@northwind.example")
		good := access.Settings{LegalName: " Northwind Ltd ", Site: "https://northwind.example", Contact: "security@northwind.example", Idle: time.Hour, Life: 24 * time.Hour, Every: 6 * time.Hour}
		for what, c := range map[string]struct {
			scope access.Scope
			base  int
			name  string
			set   access.Settings
			kind  errs.Kind
			field string
		}{
			"no name":                    {owner, 0, " ", good, errs.Invalid, "name"},
			"two lines":                  {owner, 0, "a\nb", good, errs.Invalid, "name"},
			"site":                       {owner, 0, "N", access.Settings{Site: "javascript:alert(1)"}, errs.Invalid, "site"},
			"site with a password":       {owner, 0, "N", access.Settings{Site: "https://a:b@northwind.example"}, errs.Invalid, "site"},
			"contact":                    {owner, 0, "N", access.Settings{Contact: "somebody"}, errs.Invalid, "contact"},
			"legal name":                 {owner, 0, "N", access.Settings{LegalName: strings.Repeat("x", 121)}, errs.Invalid, "legal_name"},
			"idle":                       {owner, 0, "N", access.Settings{Idle: time.Second}, errs.Invalid, "idle"},
			"life":                       {owner, 0, "N", access.Settings{Life: 1000 * time.Hour}, errs.Invalid, "life"},
			"every":                      {owner, 0, "N", access.Settings{Every: time.Minute}, errs.Invalid, "every"},
			"factor without one's own":   {owner, 0, "N", access.Settings{SecondFactor: true}, errs.Invalid, "second_factor"},
			"by a lead":                  {lead, 0, "N", good, errs.Denied, ""},
			"on a version of the future": {owner, 7, "N", good, errs.Conflict, ""},
		} {
			if _, err := w.svc.ChangeOrg(ctx, c.scope, now, c.base, c.name, c.set); !errs.Is(err, c.kind) || errs.FieldOf(err) != c.field {
				t.Errorf("%s: %v at %q", what, err, errs.FieldOf(err))
			}
		}
		o, err := w.svc.ChangeOrg(ctx, owner, now, 0, "شركة 🚀 <b>", good)
		w.ok(err)
		if o.Settings.Version != 1 || o.Settings.LegalName != "Northwind Ltd" {
			t.Errorf("%+v", o)
		}
		if _, err := w.svc.ChangeOrg(ctx, owner, now, 0, "Late", good); !errs.Is(err, errs.Conflict) {
			t.Errorf("on the old version: %v", err)
		}
		again, err := w.svc.ChangeOrg(ctx, owner, now, 1, o.Name, o.Settings)
		w.ok(err)
		if again.Settings.Version != 1 {
			t.Error("saving what is saved made a version")
		}
		read, err := w.svc.Org(ctx, owner.ReadScope)
		w.ok(err)
		if read != again {
			t.Errorf("read %+v, saved %+v", read, again)
		}
		// A session ends by disuse and by age as the organisation says.
		cookie, fresh, err := w.signIn(now, "lead@northwind.example", password, "")
		w.ok(err)
		if _, err := w.svc.Authenticate(ctx, now.Add(61*time.Minute), cookie); !errs.Is(err, errs.Denied) {
			t.Errorf("unused for an hour: %v", err)
		}
		all, err := w.svc.OwnSessions(ctx, fresh, now.Add(30*time.Minute))
		w.ok(err)
		if !slices.ContainsFunc(all, func(x access.Session) bool {
			return x.Digest == fresh.Session && x.Expires.Equal(now.Add(24*time.Hour))
		}) {
			t.Errorf("the session does not end after a day: %v", all)
		}
		secret, _, err := w.svc.EnrolTOTP(g.Org, g.User)
		w.ok(err)
		code, err := totp.GenerateCode(secret, now)
		w.ok(err)
		w.ok(w.svc.ConfirmOwnTOTP(ctx, g, now, secret, code))
		good.SecondFactor = true
		_, err = w.svc.ChangeOrg(ctx, owner, now, 1, o.Name, good)
		w.ok(err)
		_, fresh, err = w.signIn(now, "lead@northwind.example", password, "")
		w.ok(err)
		if !fresh.NeedsSecondFactor() {
			t.Error("nobody asks the lead for a second factor")
		}
		if got := w.kinds(); strings.Count(got, "org.changed") != 2 {
			t.Errorf("the trail: %s", got)
		}
	})
}
