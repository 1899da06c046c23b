package web_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
)

// house is an organisation of a test's own in the shared installation, with the session of its owner.
type house struct {
	*installation
	scope access.Scope
	owner string
	slug  string
}

func (in *installation) house(t *testing.T, slug string) house {
	t.Helper()
	_, scope, err := in.app.CreateOrg(t.Context(), "test", access.NewOrg{Slug: slug, Name: "House " + slug}, access.NewUser{Email: "owner@" + slug + ".example", Name: "Owner of " + slug, Password: password}, false)
	if err != nil {
		t.Fatal(err)
	}
	h := house{in, scope, "", slug}
	h.owner = h.enter(t, "owner")
	return h
}

// enter signs a member in.
func (h house) enter(t *testing.T, who string) string {
	t.Helper()
	c, err := h.session(who + "@" + h.slug + ".example")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// add makes a member.
func (h house) add(t *testing.T, who string, role access.Role) access.User {
	t.Helper()
	u, err := h.app.Access.AddUser(t.Context(), h.scope, h.now, access.NewUser{Email: who + "@" + h.slug + ".example", Name: "Person " + who, Password: password, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// trail is what the organisation's trail says, newest first.
func (h house) trail(t *testing.T) string {
	t.Helper()
	return strings.Join(texts(h.get(t, "/trail?size=4", h.owner, http.StatusOK), "#rows tbody tr"), "\n")
}

var long = strings.Repeat("é", 5000)

// TestSettingsBadInput: what is wrong is said at its field, with 422, and what was written stays.
func TestSettingsBadInput(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "bad-input")
	u := h.add(t, "anne", access.Employee)
	person := "/settings/people/" + string(u.ID)
	org := func(k, v string) url.Values {
		f := url.Values{"name": {"N"}, "idle": {"0"}, "life": {"0"}, "every": {"0"}}
		f.Set(k, v)
		return f
	}
	invite := func(k, v string) url.Values {
		f := url.Values{"name": {"New"}, "email": {"new@bad-input.example"}, "role": {"employee"}}
		f.Set(k, v)
		return f
	}
	token := func(k, v string) url.Values {
		f := url.Values{"name": {"ci"}, "days": {"30"}, "may-collection.run": {"on"}}
		f.Set(k, v)
		return f
	}
	hook := func(k, v string) url.Values {
		f := url.Values{"name": {"hook"}, "url": {"https://hooks.bad-input.example"}, "on-test.failing": {"on"}, "enabled": {"on"}}
		f.Set(k, v)
		return f
	}
	gh := func(k, v string) url.Values {
		f := url.Values{"name": {"gh"}, "org": {"northwind"}, "token": {"secret-of-a-form"}, "every": {"0"}, "do": {"save"}}
		f.Set(k, v)
		return f
	}
	for _, c := range []struct {
		path  string
		form  url.Values
		field string
	}{
		{"/settings/organisation", org("name", ""), "name"}, {"/settings/organisation", org("name", long), "name"}, {"/settings/organisation", org("site", "javascript:alert(1)"), "site"},
		{"/settings/organisation", org("contact", "nobody"), "contact"}, {"/settings/organisation", org("idle", "7"), "idle"}, {"/settings/organisation", org("life", "x"), "life"},
		{"/settings/organisation", org("every", "-1"), "every"}, {"/settings/organisation", org("second_factor", "on"), "second_factor"}, {"/settings/organisation", org("legal_name", long), "legal_name"},
		{"/settings/people/invite", invite("name", ""), "name"}, {"/settings/people/invite", invite("name", long), "name"}, {"/settings/people/invite", invite("email", ""), "email"},
		{"/settings/people/invite", invite("email", "A <a@b.example>"), "email"}, {"/settings/people/invite", invite("role", "king"), "role"}, {"/settings/people/invite", invite("email", "anne@bad-input.example"), "email"},
		{person + "/role", url.Values{"from": {"employee"}, "role": {""}}, "role"}, {person + "/role", url.Values{"from": {"employee"}, "role": {"king"}}, "role"}, {person + "/role", url.Values{"from": {"auditor"}, "role": {"reader"}}, "role"},
		{"/settings/tokens/new", token("name", ""), "name"}, {"/settings/tokens/new", token("name", long), "name"}, {"/settings/tokens/new", token("days", "10000"), "days"}, {"/settings/tokens/new", token("may-collection.run", ""), "scopes"},
		{"/settings/notifications/new/webhook", hook("name", ""), "name"}, {"/settings/notifications/new/webhook", hook("url", "nowhere"), "url"}, {"/settings/notifications/new/webhook", hook("secret", "short"), "secret"},
		{"/settings/notifications/new/webhook", hook("on-test.failing", ""), "events"}, {"/settings/notifications/new/slack", url.Values{"name": {"s"}, "on-test.failing": {"on"}}, "secret"},
		{"/connect/github", gh("name", "Not A Name"), "name"}, {"/connect/github", gh("name", long), "name"}, {"/connect/github", gh("org", ""), "org"}, {"/connect/github", gh("every", "5"), "every"}, {"/connect/github", gh("org", strings.Repeat("x", 20000)), "org"},
		{"/account/password", url.Values{"old": {""}, "password": {"a new password"}}, "old"}, {"/account/password", url.Values{"old": {"wrong"}, "password": {"a new password"}, "again": {"a new password"}}, "old"},
		{"/account/password", url.Values{"old": {password}, "password": {"short"}, "again": {"short"}}, "password"}, {"/account/password", url.Values{"old": {password}, "password": {"a new password"}, "again": {"another"}}, "again"},
	} {
		res := h.send(t, c.path, h.owner, c.form)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s, %s: %d", c.path, c.field, res.StatusCode)
			continue
		}
		doc := parseText(t, string(body))
		sane(t, c.path, doc)
		if len(all(doc, "#f-"+c.field+"-err")) != 1 {
			t.Errorf("%s: nothing is said at %s: %v", c.path, c.field, texts(doc, ".err, .notice"))
		}
		for k, v := range c.form {
			if k == "csrf" || k == "do" || k == "from" || strings.HasPrefix(k, "on-") || strings.HasPrefix(k, "may-") {
				continue
			}
			for _, n := range all(doc, "#panel-page input[name="+k+"], main input[name="+k+"]:not([type=checkbox])") {
				secret := attr(n, "type") == "password"
				if got := attr(n, "value"); !secret && got != v[0] || secret && got != "" {
					t.Errorf("%s: %s was %q, is %q", c.path, k, v[0], got)
				}
			}
		}
		if strings.Contains(string(body), "secret-of-a-form") {
			t.Errorf("%s: the secret is on the page", c.path)
		}
	}
	// What any text may be: right to left, emoji, markup. It is kept as it is.
	name := "سارة 🚀 <img src=x onerror=alert(1)>"
	if res := h.send(t, "/settings/organisation", h.owner, org("name", name)); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", res.StatusCode)
	}
	doc := h.get(t, "/settings/organisation", h.owner, http.StatusOK)
	sane(t, "/settings/organisation", doc)
	if got := attr(all(doc, "input[name=name]")[0], "value"); got != name || len(all(doc, "img[src=x]")) > 0 {
		t.Errorf("the name is %q", got)
	}
	// On an old version: a conflict with both texts.
	res := h.send(t, "/settings/organisation", h.owner, org("name", "Late"))
	if res.StatusCode != http.StatusConflict {
		t.Fatalf("on an old version: %d", res.StatusCode)
	}
	doc = parse(t, res)
	if attr(all(doc, "input[name=name]")[0], "value") != "Late" || !strings.Contains(strings.Join(texts(doc, ".theirs"), " "), name) || attr(all(doc, "input[name=base]")[0], "value") != "1" {
		t.Errorf("the conflict shows %v", texts(doc, ".theirs"))
	}
}

var welcomeCode = regexp.MustCompile(`code=([0-9a-z]+)`)

// TestInvitationFlow: an invited person sets a password by the link, and every act of the owner is in the trail with its place.
func TestInvitationFlow(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "inviting")
	res := h.send(t, "/settings/people/invite", h.owner, url.Values{"name": {"Robin"}, "email": {"robin@inviting.example"}, "role": {"auditor"}}, "Remote", "198.51.100.7:1")
	doc := parse(t, res)
	sane(t, "/settings/people/invite", doc)
	m := welcomeCode.FindStringSubmatch(text(doc))
	if res.StatusCode != http.StatusOK || m == nil {
		t.Fatalf("%d: %s", res.StatusCode, text(doc))
	}
	page := h.get(t, "/welcome?code="+m[1], "", http.StatusOK)
	sane(t, "/welcome", page)
	if s := text(page); !strings.Contains(s, "robin@inviting.example") {
		t.Errorf("for whom? %s", s)
	}
	h.get(t, "/welcome?code="+m[1][1:], "", http.StatusForbidden)
	for _, bad := range []url.Values{{"password": {""}}, {"password": {"short"}, "again": {"short"}}, {"password": {password}, "again": {"other"}}} {
		bad.Set("code", m[1])
		if res := h.do("POST", "/welcome", "", bad); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, res.StatusCode)
		}
	}
	good := url.Values{"code": {m[1]}, "password": {password}, "again": {password}}
	if res := h.do("POST", "/welcome", "", good, "Remote", "198.51.100.8:1"); res.StatusCode != http.StatusOK || !strings.Contains(text(parse(t, res)), "Your password is set") {
		t.Fatalf("%d", res.StatusCode)
	}
	if res := h.do("POST", "/welcome", "", good); res.StatusCode != http.StatusForbidden {
		t.Errorf("a second time: %d", res.StatusCode)
	}
	robin := h.enter(t, "robin")
	h.get(t, "/evidence", robin, http.StatusOK)
	h.get(t, "/settings/people", robin, http.StatusForbidden)
	people, err := h.app.Access.Members(t.Context(), h.scope.ReadScope)
	if err != nil {
		t.Fatal(err)
	}
	id := ""
	for _, p := range people {
		if p.Email == "robin@inviting.example" {
			id = "/settings/people/" + string(p.ID)
		}
	}
	for _, step := range []struct {
		path string
		form url.Values
		says string
	}{
		{"/role", url.Values{"from": {"auditor"}, "role": {"compliance_lead"}}, "changed the role of Robin from auditor to compliance lead"},
		{"/link", url.Values{}, "made a password link for robin@inviting.example"}, {"/sign-out", url.Values{}, "signed out everywhere Robin"},
		{"/block", url.Values{}, "disabled the account of robin@inviting.example"}, {"/unblock", url.Values{}, "enabled the account of robin@inviting.example"}, {"/remove", url.Values{}, "took access from Robin"},
	} {
		if res := h.send(t, id+step.path, h.owner, step.form, "Remote", "198.51.100.9:1"); res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", step.path, res.StatusCode)
		}
		if got := h.trail(t); !strings.Contains(got, step.says) || !strings.Contains(got, "198.51.100.9") {
			t.Errorf("%s: the trail does not say %q from there:\n%s", step.path, step.says, got)
		}
	}
	h.get(t, id, h.owner, http.StatusNotFound)
	if res := h.do("GET", "/", robin, nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("somebody who was removed: %d", res.StatusCode)
	}
}

// TestLastOwner: the pages say why the last owner stays.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "last-owner")
	second := h.add(t, "second", access.Owner)
	me, err := h.app.Access.Member(t.Context(), h.scope.ReadScope, "owner@last-owner.example")
	if err != nil {
		t.Fatal(err)
	}
	own := "/settings/people/" + string(me.ID)
	for _, path := range []string{own + "/block", own + "/remove", own + "/factor"} {
		if res := h.send(t, path, h.owner, url.Values{}); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(parse(t, res)), "own") {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	other := h.enter(t, "second")
	if res := h.send(t, own+"/block", other, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("one of two owners: %d", res.StatusCode)
	}
	if res := h.do("GET", "/", h.owner, nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a blocked owner: %d", res.StatusCode)
	}
	_ = second
}

// TestRequiredSecondFactor: when the organisation asks everybody for a second factor, whoever has none gets to setting it up
// and nowhere else.
func TestRequiredSecondFactor(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "factors")
	h.add(t, "anne", access.ComplianceLead)
	anne := h.enter(t, "anne")
	doc := h.get(t, "/account/second-factor", h.owner, http.StatusOK)
	secret := text(all(doc, ".hash code")[0])
	code, err := totp.GenerateCode(secret, h.now)
	if err != nil {
		t.Fatal(err)
	}
	if res := h.send(t, "/account/second-factor", h.owner, url.Values{"enrolment": {attr(all(doc, "input[name=enrolment]")[0], "value")}, "code": {code}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", res.StatusCode)
	}
	if res := h.send(t, "/settings/organisation", h.owner, url.Values{"name": {"Factors"}, "second_factor": {"on"}, "idle": {"0"}, "life": {"0"}, "every": {"0"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d: %v", res.StatusCode, texts(parse(t, res), ".err, .notice"))
	}
	for _, path := range []string{"/", "/controls", "/settings", "/trail"} {
		if res := h.do("GET", path, anne, nil); res.Header.Get("Location") != "/account/second-factor" {
			t.Errorf("%s: %d to %q", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res := h.send(t, "/connect/github", anne, url.Values{"name": {"x"}}); res.Header.Get("Location") != "/account/second-factor" {
		t.Errorf("a form: %d", res.StatusCode)
	}
	for _, path := range []string{"/account", "/account/second-factor"} {
		h.get(t, path, anne, http.StatusOK)
	}
	h.get(t, "/controls", h.owner, http.StatusOK)
	// Another app takes the password and a code of the one in use.
	if fields := texts(h.get(t, "/account/second-factor", h.owner, http.StatusOK), "label"); !strings.Contains(strings.Join(fields, " "), "Your password") {
		t.Errorf("replacing asks for %v", fields)
	}
}

// TestTokenPages: a token is shown once, and never again anywhere.
func TestTokenPages(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "tokens")
	h.add(t, "anne", access.ControlOwner)
	anne := h.enter(t, "anne")
	res := h.send(t, "/settings/tokens/new", anne, url.Values{"name": {"mine"}, "days": {"7"}, "may-collection.run": {"on"}, "may-users.manage": {"on"}})
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a right that the role does not have: %d", res.StatusCode)
	}
	res = h.send(t, "/settings/tokens/new", anne, url.Values{"name": {"mine"}, "days": {"7"}, "may-collection.run": {"on"}})
	secret := regexp.MustCompile(`tm_[0-9a-z]+`).FindString(text(parse(t, res)))
	if res.StatusCode != http.StatusOK || secret == "" {
		t.Fatalf("%d", res.StatusCode)
	}
	g, err := h.app.Access.AuthenticateToken(t.Context(), h.now, secret)
	if err != nil || !g.Read.Can(access.RunCollection) || g.Read.Can(access.AddEvidence) {
		t.Errorf("the token: %v", err)
	}
	for who, cookie := range map[string]string{"anne": anne, "owner": h.owner} {
		doc := h.get(t, "/settings/tokens", cookie, http.StatusOK)
		if s := text(doc); !strings.Contains(s, "mine") || strings.Contains(s, secret) {
			t.Errorf("%s sees %s", who, s)
		}
	}
	h.add(t, "bert", access.ControlOwner)
	if s := texts(h.get(t, "/settings/tokens", h.enter(t, "bert"), http.StatusOK), "#rows tbody tr"); len(s) != 0 {
		t.Errorf("somebody else sees %v", s)
	}
	href := attr(all(h.get(t, "/settings/tokens", h.owner, http.StatusOK), "#rows tbody a.danger")[0], "href")
	if res := h.send(t, href, h.owner, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("revoking: %d", res.StatusCode)
	}
	if _, err := h.app.Access.AuthenticateToken(t.Context(), h.now, secret); err == nil {
		t.Error("a revoked token works")
	}
}

// TestConnectionPages: a system is tested and connected from the form; its secret stays out of every page; an address that
// changes asks for it again; kinds that read this machine are not for browsers.
func TestConnectionPages(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "connecting")
	main, err := h.app.Collect.Store.Connection(t.Context(), h.app.Access.System(h.org(t), "test").ReadScope, "okta-main")
	if err != nil {
		t.Fatal(err)
	}
	form := func(pairs ...string) url.Values {
		f := url.Values{"name": {"okta"}, "base_url": {main.Settings["base_url"]}, "token": {"wr0ng-token"}, "auth": {"ssws"}, "service_login_prefix": {"svc-"}, "first_days": {"30"}, "every": {"24"}, "do": {"test"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	for what, f := range map[string]url.Values{"a wrong token": form(), "an inner address": form("base_url", "http://169.254.169.254"), "another one": form("base_url", "http://[::1]:1")} {
		res := h.send(t, "/connect/okta", h.owner, f)
		doc := parse(t, res)
		sane(t, "/connect/okta", doc)
		if s := texts(doc, ".trial"); res.StatusCode != http.StatusOK || len(s) != 1 || !strings.Contains(s[0], "It does not work yet.") {
			t.Errorf("%s: %d %v %v", what, res.StatusCode, s, texts(doc, ".err, .notice"))
		}
		for _, n := range all(doc, "input") {
			if strings.Contains(attr(n, "value"), "wr0ng") {
				t.Errorf("%s: the secret is in %s", what, attr(n, "name"))
			}
		}
	}
	res := h.send(t, "/connect/okta", h.owner, form("do", "save"))
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/connections/okta" {
		t.Fatalf("%d: %v", res.StatusCode, texts(parse(t, res), ".err, .notice"))
	}
	if res := h.send(t, "/connect/okta", h.owner, form("do", "save")); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the name is taken: %d", res.StatusCode)
	}
	doc := h.get(t, "/connections/okta", h.owner, http.StatusOK)
	sane(t, "/connections/okta", doc)
	if s := text(doc); strings.Contains(s, "wr0ng") || !strings.Contains(s, "Never collected") {
		t.Error(s)
	}
	edit := h.get(t, "/connections/okta/edit", h.owner, http.StatusOK)
	base := attr(all(edit, "input[name=base]")[0], "value")
	if res := h.send(t, "/connections/okta/edit", h.owner, form("token", "", "base", base, "base_url", "https://evil.example", "do", "save")); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(parse(t, res)), "Give the secret again") {
		t.Errorf("another address with the kept secret: %d", res.StatusCode)
	}
	if res := h.send(t, "/connections/okta/edit", h.owner, form("token", "", "base", base, "first_days", "10", "do", "save")); res.StatusCode != http.StatusSeeOther {
		t.Errorf("saving: %d %v", res.StatusCode, texts(parse(t, res), ".err, .notice"))
	}
	if res := h.send(t, "/connections/okta/edit", h.owner, form("token", "", "base", base, "first_days", "20", "do", "save")); res.StatusCode != http.StatusConflict || !strings.Contains(strings.Join(texts(parse(t, res), ".theirs"), " "), "10") {
		t.Errorf("on an old version: %d", res.StatusCode)
	}
	for _, step := range []struct {
		path, says string
		form       url.Values
		status     int
	}{
		{"/pause", "paused the connection okta", url.Values{"paused": {"on"}}, 303}, {"/collect", "", url.Values{}, 409}, {"/pause", "resumed the connection okta", url.Values{}, 303},
		{"/collect", "asked for Collect okta", url.Values{}, 303}, {"/test", "tested the connection okta", url.Values{}, 200}, {"/remove", "", url.Values{"name": {"other"}}, 422}, {"/remove", "removed the connection okta", url.Values{"name": {"okta"}}, 303}, {"/edit", "", form(), 404},
	} {
		if res := h.send(t, "/connections/okta"+step.path, h.owner, step.form); res.StatusCode != step.status {
			t.Errorf("%s %v: %d, expected %d", step.path, step.form, res.StatusCode, step.status)
		}
		if got := h.trail(t); !strings.Contains(got, step.says) {
			t.Errorf("%s: the trail says\n%s", step.path, got)
		}
	}
	for _, kind := range []string{"file", "git", "host"} {
		if len(all(h.get(t, "/connect/"+kind, h.owner, http.StatusOK), "main form[method=post]")) != 0 {
			t.Errorf("a form for %s", kind)
		}
		if res := h.send(t, "/connect/"+kind, h.owner, url.Values{"name": {"x"}, "path": {"/etc/passwd"}, "resource": {"worker"}, "every": {"0"}}); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s from a browser: %d", kind, res.StatusCode)
		}
	}
	if all, err := h.app.Collect.Store.Connections(t.Context(), h.scope.ReadScope); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
}

// TestTrailLines: the JSON lines are exactly what the page shows, each whole, in the same order.
func TestTrailLines(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "lines")
	for _, who := range []string{"anne", "bert", "cleo"} {
		h.add(t, who, access.Reader)
	}
	for _, q := range []string{"", "?kind=access.granted", "?q=bert", "?actor=operator:test&sort=seq", "?from=2020-01-01&to=2020-01-02"} {
		shown := texts(h.get(t, "/trail?size=1000&"+strings.TrimPrefix(q, "?"), h.owner, http.StatusOK), "#rows tbody td:last-child")
		res := h.do("GET", "/trail/lines"+q, h.owner, nil)
		if ct := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || ct != "application/x-ndjson; charset=utf-8" || !strings.Contains(res.Header.Get("Content-Disposition"), ".jsonl") {
			t.Fatalf("%s: %d %s", q, res.StatusCode, ct)
		}
		n := 0
		for s := bufio.NewScanner(res.Body); s.Scan(); n++ {
			var line struct {
				Entry   json.Number     `json:"entry"`
				Time    time.Time       `json:"time"`
				Payload json.RawMessage `json:"payload"`
				Hash    string          `json:"hash"`
			}
			if err := json.Unmarshal(s.Bytes(), &line); err != nil || n >= len(shown) || line.Entry.String() != shown[n] || len(line.Hash) != 64 || line.Time.IsZero() {
				t.Errorf("%s: line %d is %.200s, the page shows %v (%v)", q, n, s.Text(), shown, err)
			}
		}
		if n != len(shown) {
			t.Errorf("%s: %d lines, the page shows %d", q, n, len(shown))
		}
	}
	if res := h.do("GET", "/trail/lines?actor="+strings.Repeat("x", 300), h.owner, nil); res.StatusCode == http.StatusOK {
		t.Error("a wrong filter was ignored")
	}
}

// TestRolesPage: the table of rights says what the program decides by, for the roles of the reader's kind of organisation, and
// lists every right that one of them has.
func TestRolesPage(t *testing.T) {
	t.Parallel()
	in := installed(t)
	for kind, reader := range map[access.OrgKind]access.Role{access.ServiceOrg: access.Reader, access.Firm: access.Staff} {
		roles := kind.Roles()
		phrases := map[string]access.Action{}
		for _, a := range access.Actions() {
			if slices.ContainsFunc(roles, func(r access.Role) bool { return r.May(a) }) {
				phrases[strings.ToLower(a.Phrase())] = a
			}
		}
		rows := all(in.get(t, "/settings/roles", in.cookie[reader], http.StatusOK), "table tbody tr:not(.group)")
		if len(rows) != len(phrases) {
			t.Errorf("%s: %d rows for %d rights", kind, len(rows), len(phrases))
		}
		for _, tr := range rows {
			cells := texts(tr, "td")
			for i, role := range roles {
				if got := strings.Contains(cells[i+1], "yes"); got != role.May(phrases[strings.ToLower(cells[0])]) {
					t.Errorf("%s may %s: the page says %v", role, cells[0], got)
				}
			}
		}
	}
}

func parseText(t *testing.T, s string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
