package httpx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

func TestNextLink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"none", nil, ""},
		{"GitHub", []string{`<https://api.example/a?page=2>; rel="next", <https://api.example/a?page=5>; rel="last"`}, "https://api.example/a?page=2"},
		{"last page", []string{`<https://api.example/a?page=1>; rel="first", <https://api.example/a?page=4>; rel="prev"`}, ""},
		{"Okta, a line each", []string{`<https://o.example/users?limit=200>; rel="self"`, `<https://o.example/users?after=x&limit=200>; rel="next"`}, "https://o.example/users?after=x&limit=200"},
		{"comma in the target", []string{`<https://a.example/?f=a,b>; rel="next"`}, "https://a.example/?f=a,b"},
		{"token value", []string{`<b>;rel=next`}, "b"},
		{"several relations", []string{`<b>; rel="last Next"`}, "b"},
		{"first rel counts", []string{`<b>; rel=prev; rel=next`}, ""},
		{"rel in a title", []string{`<b>; title="x, <c>; rel=next"; rel="prev"`}, ""},
		{"escaped quote", []string{`<b>; title="a\"; rel=next"; rel="next"`}, "b"},
		{"spaces everywhere", []string{` , <b> ; rel = "next" `}, "b"},
		{"flag parameter", []string{`<b>; crossorigin; REL=NEXT`}, "b"},
		{"not closed", []string{`<b; rel=next`}, ""},
	} {
		if got := httpx.NextLink(http.Header{"Link": c.lines}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzParseLinks(f *testing.F) {
	for _, s := range []string{`<a>; rel="next", <b>; rel=last`, `<a>;title="x\"y";rel=next`, `<`, `<>;=;;,,<x>;a`, `<a>; rel="next`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range httpx.ParseLinks(s) {
			if strings.ContainsRune(l.Target, '>') || !strings.Contains(s, l.Target) {
				t.Errorf("target %q is not of %q", l.Target, s)
			}
		}
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer x" {
			http.Error(w, "{}", http.StatusUnauthorized)
			return
		}
		page := 1
		_, _ = fmt.Sscanf(r.URL.Query().Get("page"), "%d", &page)
		next := fmt.Sprintf("?page=%d", page+1)
		switch {
		case r.URL.Path == "/loop" && page == 3:
			next = server.URL + "/loop?page=2"
		case r.URL.Path == "/leaves" && page == 3:
			next = "https://elsewhere.example/?page=4"
		case r.URL.Path == "/port" && page == 3:
			next = "http://127.0.0.1:1/?page=4"
		case r.URL.Path == "/fails" && page == 3:
			http.Error(w, `{"message":"oops"}`, http.StatusInternalServerError)
			return
		case page == 4:
			next = ""
		}
		if next != "" {
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		_, _ = fmt.Fprintf(w, `[{"id":%d}]`, page)
	}))
	defer server.Close()
	client := reach(httpx.Options{Retries: 1}, server)
	for path, want := range map[string]struct {
		rows int
		kind errs.Kind
		fail bool
	}{
		"/fine": {rows: 4}, "/loop": {rows: 3, kind: errs.Invalid, fail: true}, "/leaves": {rows: 3, kind: errs.Denied, fail: true},
		"/port": {rows: 3, kind: errs.Denied, fail: true}, "/fails": {rows: 2, kind: errs.Unavailable, fail: true},
	} {
		req := get(t, t.Context(), server.URL+path)
		req.Header.Set("Authorization", "Bearer x")
		rows, failed := 0, error(nil)
		for a, err := range httpx.Pages(t.Context(), client, req) {
			if err != nil {
				failed = err
				break
			}
			got, err := httpx.Rows[struct{ ID int }](a)
			if err != nil {
				t.Fatal(err)
			}
			rows += len(got)
			if got[0].Value.ID != rows {
				t.Errorf("%s: page %d has id %d", path, rows, got[0].Value.ID)
			}
		}
		if rows != want.rows || (failed != nil) != want.fail || failed != nil && errs.KindOf(failed) != want.kind {
			t.Errorf("%s: %d rows, then %v", path, rows, failed)
		}
	}
}

func TestPagesMayBeLeftEarly(t *testing.T) {
	t.Parallel()
	s := &script{answers: many(1, answer(200, "[]", "Link", `<https://elsewhere.example/>; rel="next"`))}
	for _, err := range httpx.Pages(t.Context(), httpx.New(httpx.Options{Transport: s}), get(t, t.Context(), "https://api.example/a")) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}
