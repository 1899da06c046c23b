package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/platform/jobs"
)

// formOf reads the hidden fields of the form on a page that is sent to an address.
func (in *installation) formOf(t *testing.T, page, action, cookie string) url.Values {
	t.Helper()
	forms := all(in.get(t, page, cookie, 200), `form[action="`+action+`"]`)
	if len(forms) == 0 {
		t.Fatalf("%s has no form for %s", page, action)
	}
	v := url.Values{}
	for _, f := range all(forms[0], "input[type=hidden]") {
		v.Add(attr(f, "name"), attr(f, "value"))
	}
	return v
}

func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, x := range v {
		out[k] = x
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// TestDoubleSubmit: a form that is sent twice, one after the other or at once, does its work once, and both answers lead to
// the same place. One that was refused may be sent again.
func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("desk@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	form := in.formOf(t, "/views/new?path=/tests?state=fail", "/views", me)
	if form.Get("once") == "" {
		t.Fatal("a form has no one-time value")
	}
	if res := in.do("POST", "/views", me, with(form, "name", "")); res.StatusCode != 422 {
		t.Fatalf("an empty name: %d", res.StatusCode)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			res := in.do("POST", "/views", me, with(form, "name", "Sent twice"))
			if res.StatusCode != 303 || res.Header.Get("Location") != "/tests?state=fail" || cookieOf(res, "tm_flash") == nil {
				t.Errorf("%d to %q", res.StatusCode, res.Header.Get("Location"))
			}
		})
	}
	wait.Wait()
	part := in.do("POST", "/views", me, with(form, "name", "Sent twice"), "Tm-Target", "panel")
	if part.StatusCode != 204 || part.Header.Get("Tm-Location") != "/tests?state=fail" {
		t.Errorf("by a script: %d to %q", part.StatusCode, part.Header.Get("Tm-Location"))
	}
	if n := strings.Count(text(in.get(t, "/views", me, 200)), "Sent twice"); n != 1 {
		t.Errorf("the view is there %d times", n)
	}
	if res := in.do("POST", "/views", me, with(form, "name", "Sent twice", "once", "")); res.StatusCode != 409 && res.StatusCode != 422 {
		t.Errorf("another form with the same name: %d", res.StatusCode)
	}
}

// TestViewForms: bad input for the form of saved views.
func TestViewForms(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me := in.cookie[access.ComplianceLead]
	for name, c := range map[string]struct {
		path, name string
		status     int
	}{
		"no name":             {"/tests", "", 422},
		"too long":            {"/tests", strings.Repeat("é", 61), 422},
		"another site":        {"https://evil.example/", "x", 400},
		"two slashes":         {"//evil.example/", "x", 400},
		"no page":             {"/nothing/there/at/all", "x", 400},
		"a script":            {"javascript:alert(1)", "x", 400},
		"HTML as a name":      {"/tests", `<b>"x"</b>`, 303},
		"from right to left":  {"/tests", "الاختبارات الفاشلة", 303},
		"emoji":               {"/tests?q=%F0%9F%94%A5", "🔥🔥", 303},
		"ten thousand lines":  {"/tests", strings.Repeat("a\n", 10000), 422},
		"a zero in the name":  {"/tests", "a\x00b", 422},
		"only spaces":         {"/tests", " \t ", 422},
		"a path of a job":     {"/jobs/events", "x", 400},
		"a list with filters": {"/controls?state=fail&sort=-ref", "Failing controls", 303},
	} {
		res := in.send(t, "/views", me, url.Values{"path": {c.path}, "name": {c.name}})
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, expected %d", name, res.StatusCode, c.status)
		}
		if c.status == 422 {
			doc := parse(t, res)
			sane(t, "/views", doc)
			if f := all(doc, "input[name=path]"); len(f) != 1 || attr(f[0], "value") != c.path {
				t.Errorf("%s: the address was lost", name)
			}
		}
	}
	doc := in.get(t, "/tests", me, 200)
	sane(t, "/tests", doc)
	if s := text(doc); !strings.Contains(s, `<b>"x"</b>`) {
		t.Error("the view is not offered on its list")
	}
	for _, n := range all(doc, ".views .chip a.edit") {
		id := strings.TrimSuffix(strings.TrimPrefix(attr(n, "href"), "/views/"), "/edit")
		if res := in.do("GET", attr(n, "href"), in.other, nil); res.StatusCode != 404 {
			t.Errorf("another organisation changes a view: %d", res.StatusCode)
		}
		if res := in.send(t, "/views/"+id, in.other, url.Values{"act": {"remove"}}); res.StatusCode != 404 {
			t.Errorf("another organisation removes a view: %d", res.StatusCode)
		}
		if res := in.do("GET", "/views/"+id, me, nil); res.StatusCode != 303 || !strings.HasPrefix(res.Header.Get("Location"), "/tests") {
			t.Errorf("the address of a view: %d to %q", res.StatusCode, res.Header.Get("Location"))
		}
	}
}

// TestUndo: what was removed is brought back by the button of the toast.
func TestUndo(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("undo@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	res := in.send(t, "/views", me, url.Values{"path": {"/evidence"}, "name": {"Brought back"}})
	if res.StatusCode != 303 {
		t.Fatal(res.StatusCode)
	}
	edit := attr(all(in.get(t, "/views", me, 200), "td a[data-panel]")[0], "href")
	removed := in.do("POST", strings.TrimSuffix(edit, "/edit"), me, with(in.formOf(t, edit, strings.TrimSuffix(edit, "/edit"), me), "act", "remove"))
	if removed.StatusCode != 303 {
		t.Fatal(removed.StatusCode)
	}
	if s := text(in.get(t, "/views", me, 200)); strings.Contains(s, "Brought back") {
		t.Fatal("it was not removed")
	}
	page := in.do("GET", "/evidence", me, nil, "Cookie", "tickmark="+me+"; tm_flash="+cookieOf(removed, "tm_flash").Value)
	forms := all(parse(t, page), ".toast form")
	if len(forms) != 1 || attr(forms[0], "action") != "/views" {
		t.Fatalf("%d ways back", len(forms))
	}
	back := url.Values{}
	for _, f := range all(forms[0], "input[type=hidden]") {
		back.Add(attr(f, "name"), attr(f, "value"))
	}
	if res := in.do("POST", "/views", me, back); res.StatusCode != 303 {
		t.Fatal(res.StatusCode)
	}
	if s := text(in.get(t, "/views", me, 200)); !strings.Contains(s, "Brought back") {
		t.Error("it was not brought back")
	}
}

// TestSearch: references first, nothing of another organisation, nothing the role may not open, and no query that breaks it.
func TestSearch(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	first := func(q, cookie string) string {
		hits := all(parse(t, in.do("GET", "/search?q="+url.QueryEscape(q), cookie, nil, "Tm-Target", "palette-list")), ".hit")
		if len(hits) == 0 {
			return ""
		}
		return attr(hits[0], "href")
	}
	for q, want := range map[string]string{
		"CC6.1": "/criteria/CC6.1", "iam-01": "/c/IAM-01", "e-0001": "", "evidence": "/evidence", "show the keys": "/keys", "github-main": "/connections/",
		"SOC2-2026-1": "/a/SOC2-2026-1", "person employee": "/settings/people/",
		"ALR-1": "/alerts/ALR-1", "INC-1": "/incidents/INC-1", "FW-1": "/frameworks/own/FW-1", "aa-2": "/frameworks/own/FW-1/requirements/aa-2", "alpha: our own rule": "/rules/",
	} {
		got := first(q, owner)
		if want == "" {
			continue
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q leads to %q, expected %q", q, got, want)
		}
	}
	if got := first("person employee", in.cookie[access.Reader]); got != "" {
		t.Errorf("a reader finds people: %q", got)
	}
	if got := first("SOC2-2026-1", in.cookie[access.Reader]); got != "" {
		t.Errorf("a reader finds engagements: %q", got)
	}
	for _, q := range []string{"ALR-1", "INC-1", "our own rule"} {
		if got := first(q, in.cookie[access.Reader]); strings.HasPrefix(got, "/alerts/") || strings.HasPrefix(got, "/incidents/") || strings.HasPrefix(got, "/rules/") {
			t.Errorf("a reader finds %q: %q", q, got)
		}
	}
	for _, q := range []string{"github-main", "Alpha: baseline", "alpha: our own rule", "Person employee", "desk@alpha.example"} {
		if got := first(q, in.other); got != "" {
			t.Errorf("another organisation finds %q: %q", q, got)
		}
	}
	for _, q := range []string{"", " ", "%", "_", "!", "'; DROP TABLE access_user; --", evil, strings.Repeat("a ", 99), "🔥", "\u202eevil", "\xff", "a\nb"} {
		res := in.do("GET", "/search?q="+url.QueryEscape(q), owner, nil)
		if res.StatusCode != 200 {
			t.Errorf("%q: %d", q, res.StatusCode)
			continue
		}
		sane(t, "/search", parse(t, res))
	}
	for _, q := range []string{strings.Repeat("a", 201), "a\x00b"} {
		if res := in.do("GET", "/search?q="+url.QueryEscape(q), owner, nil); res.StatusCode != 400 {
			t.Errorf("%.10q: %d", q, res.StatusCode)
		}
	}
	hits := all(parse(t, in.do("GET", "/search?q=access", owner, nil, "Tm-Target", "palette-list")), ".hit")
	if len(hits) == 0 || len(hits) > 8 {
		t.Errorf("the palette shows %d", len(hits))
	}
}

// TestPreferences: they take effect on the next page, and only good ones are kept.
func TestPreferences(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("liking@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []url.Values{{"keys": {"loud"}}, {"density": {"<b>"}}, {"start": {"maybe"}}} {
		if res := in.send(t, "/account/pages", me, bad); res.StatusCode != 400 {
			t.Errorf("%v: %d", bad, res.StatusCode)
		}
	}
	if res := in.send(t, "/account/pages", me, url.Values{"keys": {"off"}, "density": {"compact"}, "next": {"https://evil.example"}}); res.StatusCode != 303 || res.Header.Get("Location") != "/" {
		t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	doc := in.get(t, "/account", me, 200)
	if attr(all(doc, "body")[0], "data-keys") != "off" || attr(all(doc, "html")[0], "data-density") != "compact" {
		t.Error("what was chosen has no effect")
	}
}

// TestHeldForm: a form that is sent when the session is over, or with the token of the session before, is given back whole;
// secrets and other sites' forms are not.
func TestHeldForm(t *testing.T) {
	t.Parallel()
	in := installed(t)
	me, err := in.session("held@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	form := in.formOf(t, "/views/new?path=/tests", "/views", me)
	if res := in.send(t, "/sign-out", me, url.Values{}); res.StatusCode != 303 {
		t.Fatal(res.StatusCode)
	}
	words := "Written\nwith care <b> 🔥 فشل"
	res := in.do("POST", "/views", me, with(form, "name", words, "api_token", "hidden away"), "Referer", "http://tickmark.example/tests")
	if res.StatusCode != 401 {
		t.Fatal(res.StatusCode)
	}
	doc := parse(t, res)
	sane(t, "/views", doc)
	sign := url.Values{"email": {"held@alpha.example"}, "password": {password}}
	for _, f := range all(doc, "form input[type=hidden]") {
		sign.Set(attr(f, "name"), attr(f, "value"))
	}
	back := in.do("POST", "/sign-in", "", sign)
	k := cookieOf(back, "tickmark")
	if back.StatusCode != 200 || k == nil {
		t.Fatalf("signing in: %d", back.StatusCode)
	}
	doc = parse(t, back)
	sane(t, "/sign-in", doc)
	if s := text(doc); !strings.Contains(s, "with care <b> 🔥 فشل") || strings.Contains(s, "hidden away") || !strings.Contains(s, "were not kept") {
		t.Errorf("what was written is not shown as it should be: %.500s", s)
	}
	again := url.Values{}
	for _, f := range all(doc, `form[action="/views"] input[type=hidden]`) {
		again.Add(attr(f, "name"), attr(f, "value"))
	}
	again.Set("name", "Written with care")
	if res := in.do("POST", "/views", k.Value, again); res.StatusCode != 303 {
		t.Errorf("sent again: %d", res.StatusCode)
	}
	stale := in.do("POST", "/views", k.Value, with(form, "name", words))
	doc = parse(t, stale)
	if stale.StatusCode != 403 || !strings.Contains(text(doc), "with care") || len(all(doc, `form[action="/views"]`)) != 1 {
		t.Errorf("with the token of before: %d", stale.StatusCode)
	}
	for name, header := range map[string][]string{"from another site": {"Sec-Fetch-Site", "cross-site"}, "from another host": {"Sec-Fetch-Site", "same-site"}, "by a browser that says nothing": {"Sec-Fetch-Site", ""}} {
		res := in.do("POST", "/views", k.Value, with(form, "name", words, "csrf", "wrong"), header...)
		if s := text(parse(t, res)); res.StatusCode != 403 || strings.Contains(s, "with care") {
			t.Errorf("%s: %d, or the form was offered", name, res.StatusCode)
		}
	}
}

// TestConfirm: the question before an act on many rows is one of the program's, or none.
func TestConfirm(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	ask := ""
	for _, n := range all(in.get(t, "/dev/components", owner, 200), ".bulk-bar button[name=ask]") {
		ask = attr(n, "value")
	}
	if ask == "" {
		t.Fatal("no list asks before it acts")
	}
	res := in.send(t, "/confirm", owner, url.Values{"ask": {ask}, "tick": {"AC-01", "AC-02", "AC-01", evil}, "back": {"/dev/components"}})
	doc := parse(t, res)
	sane(t, "/confirm", doc)
	if res.StatusCode != 200 || len(all(doc, "input[name=tick]")) != 3 {
		t.Errorf("%d with %d rows", res.StatusCode, len(all(doc, "input[name=tick]")))
	}
	for name, v := range map[string]url.Values{
		"a forged question": {"ask": {"e30.AAAA"}, "tick": {"AC-01"}}, "no question": {"tick": {"AC-01"}},
	} {
		if res := in.send(t, "/confirm", owner, v); res.StatusCode != 400 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if res := in.send(t, "/confirm", owner, url.Values{"ask": {ask}}); res.StatusCode != 422 {
		t.Errorf("no row: %d", res.StatusCode)
	}
	many := url.Values{"ask": {ask}}
	for i := range 1001 {
		many.Add("tick", strings.Repeat("x", i%100+1)+string(rune('a'+i%26)))
	}
	if res := in.send(t, "/confirm", owner, many); res.StatusCode != 422 {
		t.Errorf("too many rows: %d", res.StatusCode)
	}
}

// streamed is one of a stream.
type streamed struct{ name, data string }

// listen reads the events of a stream.
func listen(ctx context.Context, t *testing.T, address, cookie string) (<-chan streamed, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.AddCookie(&http.Cookie{Name: "tickmark", Value: cookie})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan streamed, 100)
	go func() {
		defer close(out)
		defer res.Body.Close()
		var e streamed
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			line := s.Text()
			switch {
			case strings.HasPrefix(line, "event: "):
				e.name = line[7:]
			case strings.HasPrefix(line, "data: "):
				e.data = line[6:]
			case line == "" && e.name != "":
				out <- e
				e = streamed{}
			}
		}
	}()
	return out, res
}

// TestEvents: jobs are told live to their own organisation, uncompressed, until none is left.
func TestEvents(t *testing.T) {
	t.Parallel()
	in := installed(t)
	srv := httptest.NewServer(in.handler)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	next := func(c <-chan streamed) streamed {
		select {
		case e := <-c:
			return e
		case <-ctx.Done():
			t.Fatal("nothing came")
			return streamed{}
		}
	}
	// An organisation of its own: other tests start jobs, too.
	o, scope, err := in.app.CreateOrg(ctx, "test", access.NewOrg{Slug: "contoso", Name: "Contoso"}, access.NewUser{Email: "owner@contoso.example", Name: "Owner", Password: password}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.app.Access.AddUser(ctx, scope, in.now, access.NewUser{Email: "reader@contoso.example", Name: "Reader", Password: password, Role: access.Reader}); err != nil {
		t.Fatal(err)
	}
	owner, err := in.session("owner@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := in.session("reader@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	if e := next(first(listen(ctx, t, srv.URL+"/jobs/events", owner))); e.name != "idle" {
		t.Errorf("without jobs: %+v", e)
	}
	id, err := in.app.Jobs.Enqueue(ctx, jobs.New{Org: string(o.ID), Kind: "test", Title: evil, By: "scheduler"})
	if err != nil {
		t.Fatal(err)
	}
	c, res := listen(ctx, t, srv.URL+"/jobs/events", owner)
	if res.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers %v", res.Header)
	}
	var m struct{ ID, State, Part, Whole string }
	for e := next(c); e.name != "count"; e = next(c) {
		if err := json.Unmarshal([]byte(e.data), &m); err != nil || strings.Contains(m.Whole, "<script") {
			t.Fatalf("%s %v", e.data, err)
		}
	}
	theirs := first(listen(ctx, t, srv.URL+"/jobs/events", in.other))
	for e := next(theirs); ; e = next(theirs) {
		if strings.Contains(e.data, id) {
			t.Errorf("another organisation is told: %+v", e)
		}
		if e.name != "job" {
			break
		}
	}
	if res := in.do("GET", "/jobs/"+id, in.other, nil); res.StatusCode != 404 {
		t.Errorf("another organisation sees the job: %d", res.StatusCode)
	}
	if res := in.send(t, "/jobs/"+id+"/cancel", reader, url.Values{}); res.StatusCode != 403 {
		t.Errorf("a reader cancels: %d", res.StatusCode)
	}
	sane(t, "/jobs", in.get(t, "/jobs/"+id, owner, 200))
	if n := all(in.get(t, "/tests", owner, 200), "#jobs-sign a"); len(n) != 1 {
		t.Error("no sign that something runs")
	}
	if res := in.send(t, "/jobs/"+id+"/cancel", owner, url.Values{}); res.StatusCode != 303 {
		t.Errorf("cancel: %d", res.StatusCode)
	}
	for e := next(c); e.name != "idle"; e = next(c) {
		if e.name == "job" {
			if err := json.Unmarshal([]byte(e.data), &m); err != nil || m.ID == id && m.State != "cancelled" {
				t.Errorf("%s %v", e.data, err)
			}
		}
	}
	if res := in.send(t, "/jobs/"+id+"/cancel", owner, url.Values{}); res.StatusCode != 422 {
		t.Errorf("cancelling what has ended: %d", res.StatusCode)
	}
	if res := in.do("GET", "/jobs/"+id+"/file", owner, nil); res.StatusCode != 404 {
		t.Errorf("the file of a job without one: %d", res.StatusCode)
	}
}

func first(c <-chan streamed, _ *http.Response) <-chan streamed { return c }
