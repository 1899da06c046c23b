package web_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
)

// firmPages are those of audit firms; everybody else is refused there.
func firmPage(pattern string) bool {
	pattern = strings.TrimPrefix(pattern, "/api/v1") // what programs read of the same
	return strings.HasPrefix(pattern, "/audits") || strings.HasPrefix(pattern, "/methodology")
}

// firm is the session of somebody of the firm that examines the first organisation.
func (in *installation) firm(role access.Role) string { return in.cookie[role] }

// firms makes the firm that examines the first organisation, with somebody of each role on the team, and another one, whose every
// text is hostile, that examines the second.
func (in *installation) firms(ctx context.Context) error {
	if err := in.audit(ctx, "northwind", access.NewOrg{Slug: "marlowe-pike", Name: "Marlowe & Pike LLP", Kind: access.Firm}, "marlowe-pike.example", "", func(role access.Role, session string) { in.cookie[role] = session }); err != nil {
		return err
	}
	defer func() { _, _ = in.app.Ledger.Seal(ctx, in.now) }() // a firm's archive needs a checkpoint too; a test of its route tells
	return in.audit(ctx, "fabrikam", access.NewOrg{Slug: "rivals", Name: evil[:60], Kind: access.Firm}, "rivals.example", evil[:60], func(role access.Role, session string) {
		if role == access.Partner {
			in.rival = session
		}
	})
}

// audit invites a firm to the newest engagement of a client, puts somebody of each role on the team, and signs them in.
func (in *installation) audit(ctx context.Context, client string, o access.NewOrg, domain, name string, keep func(access.Role, string)) error {
	a := in.app
	c, err := a.Access.OrgBySlug(ctx, client)
	if err != nil {
		return err
	}
	scope, err := a.Access.Operator(ctx, c.ID, "test")
	if err != nil {
		return err
	}
	all, err := a.Engagement.Store.Engagements(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	eng := string(all[0].ID)
	if client == "northwind" {
		in.engagement = eng
	}
	called := func(r access.Role) string {
		if name != "" {
			return name
		}
		return map[access.Role]string{access.Partner: "M. Pike", access.Senior: "J. Harlow", access.Staff: "R. Osei", access.QualityReviewer: "T. Lind"}[r]
	}
	firm, _, err := a.Access.CreateOrg(ctx, in.now, "test", o, access.NewUser{Email: "partner@" + domain, Name: called(access.Partner), Password: password})
	if err != nil {
		return err
	}
	if _, _, err := a.Access.InviteFirm(ctx, scope, in.now, eng, access.NewFirm{Mail: "partner@" + domain}); err != nil {
		return err
	}
	op, err := a.Access.Operator(ctx, firm.ID, "test")
	if err != nil {
		return err
	}
	var lead access.AuditScope
	var signed access.Grant // of the partner
	for _, r := range access.FirmRoles() {
		email := string(r) + "@" + domain
		if r != access.Partner {
			u, err := a.Access.AddUser(ctx, op, in.now, access.NewUser{Email: email, Name: called(r), Password: password, Role: r})
			if err != nil {
				return err
			}
			if _, err := a.Access.AddToTeam(ctx, lead, in.now, u.ID); err != nil {
				return err
			}
		}
		secret, g, err := a.Access.SignIn(ctx, in.now, access.Attempt{Email: email, Password: password, IP: "192.0.2.7", Agent: "test"})
		if err != nil {
			return err
		}
		if err := a.Access.Declare(ctx, g, in.now, eng); err != nil {
			return err
		}
		x, err := a.Access.Audit(ctx, g, in.now, eng)
		if err != nil {
			return err
		}
		if r == access.Partner {
			lead, signed = x, g
		}
		keep(r, secret)
	}
	if err := in.requested(ctx, lead, scope, name); err != nil {
		return err
	}
	hostile := ""
	if name != "" {
		hostile = evil[:60]
	}
	if err := in.fieldwork(ctx, lead, hostile); err != nil {
		return err
	}
	if err := in.issued(ctx, signed, scope, hostile); err != nil {
		return err
	}
	// Somebody who can still be added to the team, and take off.
	_, err = a.Access.AddUser(ctx, op, in.now, access.NewUser{Email: "new@" + domain, Name: called(access.Staff) + " the second", Password: password, Role: access.Staff})
	return err
}

// TestAuditorsWorkspace: a firm's people see the engagement they were invited to, read the client's records, and nothing else;
// independence is declared first; the client and the firm can end it.
func TestAuditorsWorkspace(t *testing.T) {
	t.Parallel()
	in := installed(t)
	base := "/audits/" + in.engagement
	if res := in.do("GET", "/", in.firm(access.Senior), nil); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/audits" {
		t.Errorf("home of a firm: %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	if n := all(in.get(t, "/audits", in.firm(access.Senior), 200), "tbody tr"); len(n) != 1 || !strings.Contains(text(n[0]), "Northwind Alpha") {
		t.Errorf("%d engagements", len(n))
	}
	doc := in.get(t, base, in.firm(access.Staff), 200)
	var nav []string
	for _, n := range all(doc, ".side nav a") {
		nav = append(nav, strings.TrimSpace(text(n)))
	}
	for _, want := range []string{"Overview", "Team", "Client records", "Engagements"} {
		if !slices.Contains(nav, want) {
			t.Errorf("the navigation %v lacks %q", nav, want)
		}
	}
	if slices.Contains(nav, "Controls") {
		t.Error("a firm's navigation shows a service organisation's pages")
	}
	for who, c := range map[string]struct {
		cookie string
		want   int
	}{"a rival": {in.rival, 404}, "the client's owner": {in.cookie[access.Owner], 403}, "quality": {in.firm(access.QualityReviewer), 200}} {
		if res := in.do("GET", base+"/team", c.cookie, nil); res.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", who, res.StatusCode, c.want)
		}
	}
	if n := all(in.get(t, base+"/team", in.firm(access.Partner), 200), "tbody tr"); len(n) != 4 {
		t.Errorf("%d on the team", len(n))
	}

	// The client's records are read as an auditor: by changing into the client's organisation.
	visitor, err := in.session("quality_reviewer@marlowe-pike.example")
	if err != nil {
		t.Fatal(err)
	}
	res := in.do("POST", "/organisation", visitor, url.Values{"csrf": {in.token(t, visitor)}, "slug": {"northwind"}, "next": {"/controls"}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/controls" {
		t.Fatalf("to the client: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	for _, c := range res.Cookies() {
		if c.Name == "tickmark" {
			visitor = c.Value
		}
	}
	in.get(t, "/controls", visitor, 200)
	in.get(t, "/evidence", visitor, 200)
	if res := in.do("GET", "/tasks", visitor, nil); res.StatusCode != 403 {
		t.Errorf("tasks as a visitor: %d", res.StatusCode)
	}
	if res := in.do("POST", "/organisation", visitor, url.Values{"csrf": {in.token(t, visitor)}, "slug": {"fabrikam"}}); res.StatusCode != 404 {
		t.Errorf("to an organisation without an invitation: %d", res.StatusCode)
	}
	// A panel with a mistake keeps what was sent.
	staff := in.firm(access.Partner)
	if res := in.do("POST", base+"/team/new", staff, url.Values{"csrf": {in.token(t, staff)}, "user": {""}}); res.StatusCode != 422 {
		t.Errorf("nobody chosen: %d", res.StatusCode)
	}
}
