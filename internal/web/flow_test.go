package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
)

// send posts a form as a page of the program would, with the token of the session.
func (in *installation) send(t *testing.T, path, cookie string, form url.Values, header ...string) *http.Response {
	t.Helper()
	form.Set("csrf", in.token(t, cookie))
	return in.do("POST", path, cookie, form, header...)
}

func cookieOf(res *http.Response, name string) *http.Cookie {
	for _, c := range res.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func parse(t *testing.T, res *http.Response) *html.Node {
	t.Helper()
	doc, err := html.Parse(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	in := installed(t)
	for _, c := range []struct {
		email, password, next string
		status                int
		to                    string
	}{
		{"leaving@alpha.example", password, "/controls?state=fail", 303, "/controls?state=fail"},
		{"leaving@alpha.example", password, "https://evil.example/", 303, "/"},
		{"leaving@alpha.example", password, "//evil.example", 303, "/"},
		{"Leaving@Alpha.Example ", password, "", 303, "/"},
		{"leaving@alpha.example", "wrong password here", "/", 403, ""},
		{"nobody@alpha.example", password, "/", 403, ""},
		{"", password, "/", 422, ""},
		{"leaving@alpha.example", "", "/", 422, ""},
	} {
		res := in.do("POST", "/sign-in", "", url.Values{"email": {c.email}, "password": {c.password}, "next": {c.next}}, "Remote", "192.0.2.9:1")
		if res.StatusCode != c.status || res.Header.Get("Location") != c.to {
			t.Errorf("%q: %d to %q, expected %d to %q", c.email, res.StatusCode, res.Header.Get("Location"), c.status, c.to)
		}
		k := cookieOf(res, "tickmark")
		if (k != nil) != (c.status == 303) {
			t.Errorf("%q: cookie %v", c.email, k)
		}
		if k != nil && (!k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Secure) {
			t.Errorf("cookie %v", k)
		}
		if c.status == 403 || c.status == 422 {
			doc := parse(t, res)
			sane(t, "/sign-in", doc)
			for _, n := range all(doc, "input[name=email]") {
				if attr(n, "value") != c.email {
					t.Errorf("the email was lost: %q", attr(n, "value"))
				}
			}
			for _, n := range all(doc, "input[name=password]") {
				if attr(n, "value") != "" {
					t.Error("the password is on the page")
				}
			}
		}
	}
}

func TestSignInFromAnotherSite(t *testing.T) {
	t.Parallel()
	in := installed(t)
	res := in.do("POST", "/sign-in", "", url.Values{"email": {"leaving@alpha.example"}, "password": {password}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	if res.StatusCode != http.StatusForbidden || cookieOf(res, "tickmark") != nil {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestSignInPauses(t *testing.T) {
	t.Parallel()
	in := installed(t)
	for i := range 12 {
		res := in.do("POST", "/sign-in", "", url.Values{"email": {"pausing@alpha.example"}, "password": {"wrong password here"}}, "Remote", "192.0.2.10:1")
		want := http.StatusForbidden
		if i >= 10 {
			want = http.StatusTooManyRequests
		}
		if res.StatusCode != want {
			t.Fatalf("attempt %d: %d", i, res.StatusCode)
		}
		if s := text(parse(t, res)); i >= 10 && !strings.Contains(s, "Wait 15 minutes and try again.") {
			t.Errorf("nothing says how long to wait: %s", s)
		}
	}
}

// TestSecondFactor: an auditor, whose role writes nothing, sets a second factor, and signing in asks for it afterwards.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("factor@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	doc := in.get(t, "/account/second-factor", me, 200)
	sane(t, "/account/second-factor", doc)
	secret := text(all(doc, ".hash code")[0])
	enrolment := attr(all(doc, "input[name=enrolment]")[0], "value")
	if d := attr(all(doc, "svg.qr path")[0], "d"); !strings.HasPrefix(d, "M0 0h7v1h-7z") {
		t.Errorf("the code begins %.40q", d)
	}
	if res := in.send(t, "/account/second-factor", me, url.Values{"enrolment": {enrolment}, "code": {"000000"}}); res.StatusCode != 422 {
		t.Errorf("a wrong code: %d", res.StatusCode)
	} else if again := text(all(parse(t, res), ".hash code")[0]); again != secret {
		t.Error("the secret changed under the reader's eyes")
	}
	if res := in.send(t, "/account/second-factor", me, url.Values{"enrolment": {enrolment + "x"}, "code": {"000000"}}); res.StatusCode != 400 {
		t.Errorf("a forged enrolment: %d", res.StatusCode)
	}
	code, err := totp.GenerateCode(secret, in.now.Add(-30e9))
	if err != nil {
		t.Fatal(err)
	}
	if res := in.send(t, "/account/second-factor", me, url.Values{"enrolment": {enrolment}, "code": {code}}); res.StatusCode != 303 {
		t.Fatalf("the right code: %d", res.StatusCode)
	}
	first := url.Values{"email": {"factor@alpha.example"}, "password": {password}, "next": {"/trail"}}
	res := in.do("POST", "/sign-in", "", first, "Remote", "192.0.2.11:1")
	if res.StatusCode != 200 || cookieOf(res, "tickmark") != nil {
		t.Fatalf("the password alone: %d", res.StatusCode)
	}
	step := parse(t, res)
	sane(t, "/sign-in/code", step)
	ticket := attr(all(step, "input[name=ticket]")[0], "value")
	next := attr(all(step, "input[name=next]")[0], "value")
	for what, form := range map[string]url.Values{
		"no code":         {"ticket": {ticket}, "code": {""}},
		"a wrong code":    {"ticket": {ticket}, "code": {"123"}},
		"the code before": {"ticket": {ticket}, "code": {code}},
		"no ticket":       {"ticket": {""}, "code": {code}},
		"a forged ticket": {"ticket": {ticket[:len(ticket)-2]}, "code": {code}},
	} {
		if res := in.do("POST", "/sign-in/code", "", form, "Remote", "192.0.2.11:1"); cookieOf(res, "tickmark") != nil || res.StatusCode != 403 && res.StatusCode != 422 {
			t.Errorf("%s: %d", what, res.StatusCode)
		}
	}
	if code, err = totp.GenerateCode(secret, in.now); err != nil {
		t.Fatal(err)
	}
	res = in.do("POST", "/sign-in/code", "", url.Values{"ticket": {ticket}, "next": {next}, "code": {code}}, "Remote", "192.0.2.11:1")
	if res.StatusCode != 303 || res.Header.Get("Location") != "/trail" || cookieOf(res, "tickmark") == nil {
		t.Errorf("both: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res := in.do("POST", "/sign-in/code", "", url.Values{"ticket": {ticket}, "code": {code}}, "Remote", "192.0.2.11:1"); cookieOf(res, "tickmark") != nil {
		t.Error("a code works twice")
	}
}

// TestNothingIsLost: a form that arrives after the session has ended is kept over the sign-in, and sent by whoever wrote it.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("writing@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	token := in.token(t, me)
	if res := in.send(t, "/sign-out", me, url.Values{}); res.StatusCode != 303 || cookieOf(res, "tickmark").MaxAge >= 0 {
		t.Fatalf("signing out: %d", res.StatusCode)
	}
	res := in.do("POST", "/dev/components", me, url.Values{"why": {"Because <b>it</b> took a while to write this."}, "csrf": {token}}, "Referer", "http://tickmark.example/dev/components?q=x")
	if res.StatusCode != http.StatusUnauthorized {
		t.Fatalf("without a session: %d", res.StatusCode)
	}
	doc := parse(t, res)
	sane(t, "/sign-in", doc)
	if s := text(doc); !strings.Contains(s, "You are signed out; nothing is lost.") {
		t.Errorf("nothing says so: %s", s)
	}
	form := url.Values{"email": {"writing@alpha.example"}, "password": {password}}
	for _, name := range []string{"next", "held"} {
		form.Set(name, attr(all(doc, "input[name="+name+"]")[0], "value"))
	}
	if form.Get("next") != "/dev/components?q=x" {
		t.Errorf("next is %q", form.Get("next"))
	}
	res = in.do("POST", "/sign-in", "", form, "Remote", "192.0.2.12:1")
	k := cookieOf(res, "tickmark")
	if res.StatusCode != 200 || k == nil {
		t.Fatalf("signing in again: %d", res.StatusCode)
	}
	doc = parse(t, res)
	sane(t, "held", doc)
	held := all(doc, `form[action="/dev/components"]`)
	if len(held) != 1 {
		t.Fatalf("the form is not there: %s", text(doc))
	}
	again := url.Values{}
	for _, n := range all(held[0], "input[type=hidden]") {
		again.Add(attr(n, "name"), attr(n, "value"))
	}
	if again.Get("why") != "Because <b>it</b> took a while to write this." || again.Get("csrf") == token {
		t.Errorf("held: %v", again)
	}
	if res = in.do("POST", "/dev/components", k.Value, again); res.StatusCode != 303 {
		t.Errorf("sent again: %d", res.StatusCode)
	}
	// What nobody of ours sealed is not shown.
	form.Set("held", strings.Replace(form.Get("held"), ".", "x.", 1))
	if res = in.do("POST", "/sign-in", "", form, "Remote", "192.0.2.12:1"); res.StatusCode != 303 {
		t.Errorf("a forged form: %d", res.StatusCode)
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	in := installed(t)
	one, err := in.session("leaving@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	two, err := in.session("leaving@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	doc := in.get(t, "/account", one, 200)
	mine := ""
	for _, row := range all(doc, "tbody tr") {
		if strings.Contains(text(row), "this browser") {
			mine = attr(all(row, "input[name=session]")[0], "value")
		}
	}
	for _, n := range all(in.get(t, "/account", in.cookie[access.Owner], 200), "input[name=session]") {
		if res := in.send(t, "/account/sessions/end", two, url.Values{"session": {attr(n, "value")}}); res.StatusCode != 303 {
			t.Errorf("%d", res.StatusCode)
		}
	}
	in.get(t, "/account", in.cookie[access.Owner], 200) // somebody else's session goes on
	if res := in.send(t, "/account/sessions/end", two, url.Values{"session": {mine}}); res.StatusCode != 303 {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.do("GET", "/account", one, nil); res.StatusCode != 303 || res.Header.Get("Location") != "/sign-in?next=%2Faccount&over=1" {
		t.Errorf("after its end: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res := in.do("GET", "/account", one, nil, "Tm-Target", "rows"); res.StatusCode != 401 || res.Header.Get("Tm-Location") == "" {
		t.Errorf("a part after its end: %d", res.StatusCode)
	}
}

func TestSwitchOrganisation(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("moving@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(all(in.get(t, "/", me, 200), `form[action="/organisation"]`)); n != 2 {
		t.Errorf("%d organisations to choose from", n)
	}
	if n := len(all(in.get(t, "/", in.cookie[access.Owner], 200), `form[action="/organisation"]`)); n != 0 {
		t.Errorf("%d organisations to choose from for somebody who has one", n)
	}
	before := text(all(in.get(t, "/account", me, 200), ".kv")[0])
	slug := "fabrikam"
	if strings.Contains(before, "script") {
		slug = "northwind"
	}
	res := in.send(t, "/organisation", me, url.Values{"slug": {slug}})
	k := cookieOf(res, "tickmark")
	if res.StatusCode != 303 || k == nil {
		t.Fatalf("%d", res.StatusCode)
	}
	if after := text(all(in.get(t, "/account", k.Value, 200), ".kv")[0]); after == before {
		t.Error("the organisation is the same as before")
	}
	if res := in.do("GET", "/account", me, nil); res.StatusCode != 303 {
		t.Errorf("the session of the first organisation goes on: %d", res.StatusCode)
	}
	if res := in.send(t, "/organisation", in.cookie[access.Reader], url.Values{"slug": {"fabrikam"}}); res.StatusCode != 404 {
		t.Errorf("an organisation one does not belong to: %d", res.StatusCode)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("token@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	g, err := in.app.Access.Authenticate(t.Context(), in.now, me)
	if err != nil {
		t.Fatal(err)
	}
	scope, err := g.Write()
	if err != nil {
		t.Fatal(err)
	}
	secret, token, err := in.app.Access.CreateToken(t.Context(), scope, in.now, "build server", []string{"evidence.read"}, 24*3600e9)
	if err != nil {
		t.Fatal(err)
	}
	path := "/account/tokens/" + token.ID + "/revoke"
	sane(t, path, in.get(t, path, me, 200))
	in.get(t, path, in.cookie[access.ControlOwner], 404) // somebody else's
	if s := text(in.get(t, "/account", me, 200)); !strings.Contains(s, "build server") || strings.Contains(s, secret) {
		t.Error("the token is not listed, or its secret is")
	}
	res := in.send(t, path, me, url.Values{})
	if res.StatusCode != 303 {
		t.Fatalf("%d", res.StatusCode)
	}
	flash := cookieOf(res, "tm_flash")
	if flash == nil {
		t.Fatal("nothing is said")
	}
	page := in.do("GET", "/account", me, nil, "Cookie", "tickmark="+me+"; tm_flash="+flash.Value)
	if gone := cookieOf(page, "tm_flash"); gone == nil || gone.MaxAge >= 0 {
		t.Error("the sentence is not taken back")
	}
	if s := text(all(parse(t, page), "#toasts")[0]); s != "The token build server is revoked." {
		t.Errorf("%q", s)
	}
	if _, err := in.app.Access.AuthenticateToken(t.Context(), in.now, secret); err == nil {
		t.Error("the token still works")
	}
	in.get(t, path, me, 404)
}

func TestParts(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	whole, _ := io.ReadAll(in.do("GET", "/controls?state=none", owner, nil).Body)
	res := in.do("GET", "/controls?state=none", owner, nil, "Tm-Target", "rows")
	part, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || !strings.HasPrefix(string(part), `<div id="rows"`) || !strings.Contains(string(whole), string(part)) {
		t.Errorf("the part is no part of the page: %d %.200s", res.StatusCode, part)
	}
	// A form in a panel: what is wrong comes back as the panel, what is right as a place to go to.
	panel := in.send(t, "/dev/components", owner, url.Values{"why": {"short"}}, "Tm-Target", "panel")
	doc, _ := io.ReadAll(panel.Body)
	if panel.StatusCode != 422 || !strings.HasPrefix(string(doc), "<form") || !strings.Contains(string(doc), "short</textarea>") {
		t.Errorf("%d %.200s", panel.StatusCode, doc)
	}
	done := in.send(t, "/dev/components", owner, url.Values{"why": {"long enough to be an explanation"}}, "Tm-Target", "panel")
	if done.StatusCode != http.StatusNoContent || done.Header.Get("Tm-Location") != "/dev/components" || cookieOf(done, "tm_flash") == nil {
		t.Errorf("%d %v", done.StatusCode, done.Header)
	}
	// A form that is older than the session is offered the new token, and whose it is; nothing is sent by itself.
	stale := in.do("POST", "/dev/components", owner, url.Values{"why": {"long enough to be an explanation"}, "csrf": {"AAAA"}}, "Tm-Target", "panel")
	if token := stale.Header.Get("Tm-Token"); stale.StatusCode != 403 || token == "" || stale.Header.Get("Tm-User") != "Dana%20Whitfield" {
		t.Errorf("%d %v", stale.StatusCode, stale.Header)
	} else if again := in.do("POST", "/dev/components", owner, url.Values{"why": {"long enough to be an explanation"}, "csrf": {token}}, "Tm-Target", "panel"); again.StatusCode != http.StatusNoContent {
		t.Errorf("with the offered token: %d", again.StatusCode)
	}
	if res := in.do("POST", "/dev/components", owner, url.Values{"csrf": {"AAAA"}}); res.Header.Get("Tm-Token") != "" {
		t.Error("a token is offered to a form that no script sent")
	}
	denied := in.do("GET", "/evidence", in.cookie[access.Reader], nil, "Tm-Target", "panel")
	if s := text(parse(t, denied)); denied.StatusCode != 403 || !strings.Contains(s, "The role reader may not read evidence.") {
		t.Errorf("%d %s", denied.StatusCode, s)
	}
}

func TestAddressesWithoutRoute(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	for path, want := range map[string]int{
		"/nowhere": 404, "/controls/": 308, "/c/": 308, "/c/NONE-99": 404, "/t/none": 404, "/.env": 404, "/static/none": 404, "/..%2f..%2fetc/passwd": 404,
		"/controls?sort=bogus": 400, "/controls?page=0": 400, "/ledger/999999999": 404,
	} {
		res := in.do("GET", path, owner, nil)
		if res.StatusCode != want {
			t.Errorf("%s: %d, expected %d", path, res.StatusCode, want)
		}
		if want == 404 && !strings.HasPrefix(path, "/static") {
			doc := parse(t, res)
			sane(t, path, doc)
			if ref := res.Header.Get("Request-Id"); !strings.Contains(text(doc), "Reference "+ref) {
				t.Errorf("%s: the reference %s is not on the page", path, ref)
			}
		}
	}
	if res := in.do("PUT", "/controls", owner, nil); res.StatusCode != 404 || res.Header.Get("Allow") != "GET" {
		t.Errorf("PUT: %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
	if res := in.do("HEAD", "/controls", owner, nil); res.StatusCode != 200 {
		t.Errorf("HEAD: %d", res.StatusCode)
	} else if b, _ := io.ReadAll(res.Body); len(b) != 0 {
		t.Errorf("HEAD has a body of %d bytes", len(b))
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	in := installed(t)
	res := in.do("GET", "/controls", in.cookie[access.Owner], nil, "Accept-Encoding", "gzip")
	if res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Content-Length") != "" {
		t.Fatalf("%v", res.Header)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(z)
	if err != nil || len(all(doc, "main h1")) != 1 {
		t.Errorf("%v", err)
	}
}

// TestTooLarge: more than a form needs is refused before it is read.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	res := in.send(t, "/dev/components", owner, url.Values{"why": {strings.Repeat("x", 2<<20)}})
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestAppearance(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	res := in.send(t, "/theme", owner, url.Values{"theme": {"dark"}, "next": {"/controls"}})
	if k := cookieOf(res, "tm_theme"); res.StatusCode != 303 || res.Header.Get("Location") != "/controls" || k == nil || k.Value != "dark" {
		t.Fatalf("%d %v", res.StatusCode, k)
	}
	doc := parse(t, in.do("GET", "/", owner, nil, "Cookie", "tickmark="+owner+"; tm_theme=dark"))
	if attr(all(doc, "html")[0], "data-theme") != "dark" {
		t.Error("the page is not dark")
	}
	doc = parse(t, in.do("GET", "/", owner, nil, "Cookie", "tickmark="+owner+`; tm_theme="><script>`))
	if has(all(doc, "html")[0], "data-theme") {
		t.Error("a forged cookie is on the page")
	}
	if res := in.send(t, "/theme", owner, url.Values{"theme": {"pink"}}); res.StatusCode != 400 {
		t.Errorf("pink: %d", res.StatusCode)
	}
}

// TestSimulated: every page of a simulated organisation says that it is, and no page of another one does.
func TestSimulated(t *testing.T) {
	t.Parallel()
	in, found := owned(t)
	for pattern, paths := range found {
		res := in.do("GET", paths[0], in.cookie[access.Owner], nil)
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || res.StatusCode != 200 {
			continue
		}
		if len(all(parse(t, res), ".ribbon")) != 1 {
			t.Errorf("%s does not say that it is simulated", pattern)
		}
	}
	if len(all(in.get(t, "/", in.other, 200), ".ribbon")) != 0 {
		t.Error("a real organisation is called simulated")
	}
}

// TestNavigation: an entry is there for exactly those who may open it.
func TestNavigation(t *testing.T) {
	t.Parallel()
	in := installed(t)
	for _, role := range access.Roles() {
		for _, a := range all(in.get(t, "/", in.cookie[role], 200), ".side nav a") {
			if res := in.do("GET", attr(a, "href"), in.cookie[role], nil); res.StatusCode != 200 {
				t.Errorf("%s is offered %s and gets %d", role, attr(a, "href"), res.StatusCode)
			}
		}
	}
	reader := text(all(in.get(t, "/", in.cookie[access.Reader], 200), ".side")[0])
	if strings.Contains(reader, "Ledger") || !strings.Contains(reader, "Controls") {
		t.Errorf("a reader sees %s", reader)
	}
	if n := all(in.get(t, "/controls?state=none", in.cookie[access.Owner], 200), `.side a[aria-current="page"]`); len(n) != 1 || attr(n[0], "href") != "/controls" {
		t.Errorf("%d entries are lit", len(n))
	}
}
