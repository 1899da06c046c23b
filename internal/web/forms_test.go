package web_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
)

// rough is what people and programs put into fields.
var rough = map[string]string{
	"nothing":           "",
	"only space":        " \t ",
	"too long":          strings.Repeat("long ", 5_000),
	"ten thousand rows": strings.Repeat("row, with, cells\n", 10_000),
	"markup":            evil,
	"right to left":     "\u202eשלום עולם مرحبا\u202c",
	"emoji":             "👩🏽‍💻🧾✅ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 e\u0301\u200d\ufeff",
	"formula":           `=HYPERLINK("https://evil.example","x")`,
	"statement":         `'; DROP TABLE access_user; --`,
	"path":              `../../../etc/passwd`,
	"zero byte":         "a\x00b",
	"not UTF-8":         "a\xff\xfeb",
	"number":            "-1e309",
}

// formAt is a form on a page: where it is, and where it is sent.
type formAt struct{ page, action string }

// formsOf finds each form that changes something, one for each route it is sent to.
func formsOf(t *testing.T, in *installation, found map[string][]string, cookie string) []formAt {
	t.Helper()
	seen := map[string]bool{}
	var out []formAt
	for _, r := range in.routes {
		if r.Method != http.MethodGet {
			continue
		}
		res := in.do("GET", example(found, r), cookie, nil)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			continue
		}
		doc, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all(doc, "form[method=post]") {
			u, err := url.Parse(attr(f, "action"))
			if err != nil {
				t.Fatal(err)
			}
			pattern := in.patternOf(http.MethodPost, u.Path)
			if pattern == "" {
				t.Errorf("%s: a form is sent to %q, which has no route", r.Pattern, u.Path)
				continue
			}
			if !seen[pattern] && !ending[pattern] {
				seen[pattern] = true
				out = append(out, formAt{example(found, r), attr(f, "action")})
			}
		}
	}
	return out
}

// ending are forms without a field of their own that end the session they are sent in; other tests send them.
var ending = map[string]bool{"/sign-out": true, "/sign-in": true, "/sign-in/code": true, "/organisation": true}

// fill fills the fields of a form: hidden ones and buttons as they are, the others with what somebody wrote.
func fill(f *html.Node, wrote string) (values url.Values, written []string) {
	values = url.Values{}
	for _, n := range all(f, "input, select, textarea") {
		name, kind := attr(n, "name"), attr(n, "type")
		switch {
		case name == "" || kind == "file" || kind == "submit" || kind == "button":
		case n.Data == "input" && (kind == "hidden" || kind == "checkbox" || kind == "radio"):
			if kind == "hidden" || has(n, "checked") {
				values.Add(name, attr(n, "value"))
			}
		default:
			values.Set(name, wrote)
			if kind != "password" && n.Data != "select" && attr(n, "autocomplete") != "one-time-code" {
				written = append(written, name)
			}
		}
	}
	return values, written
}

// submit sends a form as its encoding says; a form for files gets one that is not what it calls itself.
func (in *installation) submit(f *html.Node, action, cookie string, values url.Values) *http.Response {
	if attr(f, "enctype") != "multipart/form-data" {
		return in.do("POST", action, cookie, values)
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for k, vs := range values {
		for _, v := range vs {
			_ = m.WriteField(k, v)
		}
	}
	for _, n := range all(f, "input[type=file]") {
		w, _ := m.CreateFormFile(attr(n, "name"), "../\u202egpj.<b>.png")
		_, _ = io.WriteString(w, "<html><script>alert(1)</script>")
	}
	_ = m.Close()
	r := httptest.NewRequest("POST", "http://tickmark.example"+action, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "tickmark", Value: cookie})
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
	return w.Result()
}

// TestRoughInput: every form of the program is sent with what it does not expect. It answers with what is wrong and keeps
// what was written, or does what it was asked; it never breaks, and nothing that was written becomes markup.
func TestRoughInput(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the installation takes some seconds to make")
	}
	in := &installation{}
	if err := in.make(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	in.roughAs(t, in.cookie[access.Owner], "owner@alpha.example", func(string) bool { return true })
	in.roughAs(t, in.firm(access.Partner), "partner@marlowe-pike.example", firmPage)
}

// roughAs sends the forms somebody finds on the pages of some patterns.
func (in *installation) roughAs(t *testing.T, cookie, email string, only func(pattern string) bool) {
	t.Helper()
	found := crawl(t, in, cookie)
	for pattern := range found {
		if !only(pattern) {
			delete(found, pattern)
		}
	}
	forms := formsOf(t, in, found, cookie)
	if len(forms) == 0 {
		t.Fatal("no page has a form")
	}
	for _, at := range forms {
		for _, name := range sortedKeys(rough) {
			res := in.do("GET", at.page, cookie, nil)
			if res.StatusCode == http.StatusSeeOther { // the session ended with what the form before did
				var err error
				if cookie, err = in.session(email); err != nil {
					t.Fatalf("after %s: %v", at.action, err)
				}
				res = in.do("GET", at.page, cookie, nil)
			}
			if res.StatusCode != http.StatusOK {
				break // what the form was about is no more
			}
			doc, err := html.Parse(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			in.roughly(t, doc, at, cookie, name)
		}
	}
	t.Logf("%d forms, %d ways each", len(forms), len(rough))
}

// roughly sends one form with one text in all its fields.
func (in *installation) roughly(t *testing.T, doc *html.Node, at formAt, cookie, name string) {
	t.Helper()
	for _, f := range all(doc, "form[method=post]") {
		if attr(f, "action") != at.action {
			continue
		}
		values, written := fill(f, rough[name])
		res := in.submit(f, at.action, cookie, values)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		where := at.action + " with " + name
		switch res.StatusCode {
		case http.StatusOK, http.StatusSeeOther, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		default:
			t.Errorf("%s: %d: %.300s", where, res.StatusCode, body)
		}
		if bytes.Contains(body, []byte("<script>alert")) || bytes.Contains(body, []byte("<img src=x")) {
			t.Errorf("%s: what was written became markup", where)
		}
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && !utf8.Valid(body) {
			t.Errorf("%s: the page is no UTF-8", where)
		}
		if res.StatusCode == http.StatusUnprocessableEntity {
			kept(t, where, body, written, rough[name])
		}
		return
	}
}

// kept checks the answer to a form that is wrong: it says so, and has what was written.
func kept(t *testing.T, where string, body []byte, written []string, wrote string) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	sane(t, where, doc)
	if len(all(doc, ".err, [role=alert]")) == 0 {
		t.Errorf("%s: nothing says what is wrong", where)
	}
	want := squeeze(wrote)
	for _, field := range written {
		for _, n := range all(doc, `[name="`+field+`"]`) {
			have := attr(n, "value")
			if n.Data == "textarea" {
				have = text(n)
			}
			if squeeze(have) != want && utf8.ValidString(wrote) && !strings.Contains(wrote, "\x00") {
				t.Errorf("%s: the field %s lost what was written: %.60q", where, field, have)
			}
		}
	}
}

// squeeze compares texts without what HTML and forms do to space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
