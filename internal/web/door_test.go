package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/web/page"
)

func testDoor(t *testing.T, o Options, routes ...page.Route) (*door, *bytes.Buffer) {
	t.Helper()
	w := accesstest.New(t, sqldbtest.SQLite(t))
	var log bytes.Buffer
	o.Clock, o.Log = func() time.Time { return accesstest.Now }, slog.New(slog.NewTextHandler(&log, nil))
	d, err := build(routes, Services{Access: w.Access}, o)
	if err != nil {
		t.Fatal(err)
	}
	return d, &log
}

func open(h func(*page.Request) error) page.Route {
	return page.Route{Method: http.MethodGet, Pattern: "/x", Action: page.Public, Title: "X", Handle: h}
}

func ask(d http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// TestFaults: whatever goes wrong in a handler becomes a page with a reference, and what it was is in the log alone.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handle func(*page.Request) error
		status int
		logged bool
	}{
		"panic":               {func(*page.Request) error { panic("hunter2 in memory") }, 500, true},
		"panic with an error": {func(*page.Request) error { panic(errors.New("hunter2")) }, 500, true},
		"bare error":          {func(*page.Request) error { return errors.New("hunter2") }, 500, true},
		"unavailable": {func(*page.Request) error {
			return errs.As(errs.Unavailable, errors.New("hunter2"), "the store does not answer")
		}, 503, true},
		"time": {func(r *page.Request) error {
			<-r.Context().Done()
			return errs.As(errs.Internal, context.Cause(r.Context()), "hunter2")
		}, 503, true},
		"broken page": {func(r *page.Request) error {
			return r.Render(200, templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
				_, _ = io.WriteString(w, "half a page")
				return errors.New("hunter2")
			}))
		}, 500, true},
		"conflict":  {func(*page.Request) error { return errs.New(errs.Conflict, "changed meanwhile") }, 409, false},
		"not found": {func(*page.Request) error { return errs.New(errs.NotFound, "no control X") }, 404, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := testDoor(t, Options{Timeout: 50 * time.Millisecond}, open(c.handle))
			w := ask(d, httptest.NewRequest("GET", "/x", nil))
			if w.Code != c.status {
				t.Errorf("%d", w.Code)
			}
			ref := w.Header().Get("Request-Id")
			if body := w.Body.String(); strings.Contains(body, "hunter2") || strings.Contains(body, "half a page") || !strings.Contains(body, ref) || !strings.Contains(body, "<h1") {
				t.Errorf("%s", body)
			}
			if got := strings.Contains(log.String(), ref) && strings.Contains(log.String(), "hunter2"); got != c.logged {
				t.Errorf("the log says %q", log)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	w := accesstest.New(t, sqldbtest.SQLite(t))
	good := open(func(*page.Request) error { return nil })
	for name, change := range map[string]func(*page.Route){
		"no policy":      func(r *page.Route) { r.Action = "" },
		"unknown policy": func(r *page.Route) { r.Action = "everything" },
		"no title":       func(r *page.Route) { r.Title = "" },
		"no handler":     func(r *page.Route) { r.Handle = nil },
		"other method":   func(r *page.Route) { r.Method = http.MethodDelete },
		"no path":        func(r *page.Route) { r.Pattern = "x" },
	} {
		bad := good
		change(&bad)
		if _, err := build([]page.Route{bad}, Services{Access: w.Access}, Options{Clock: time.Now, Log: slog.Default()}); err == nil {
			t.Errorf("%s: the program starts", name)
		}
	}
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	d, _ := testDoor(t, Options{URL: "https://tickmark.example"}, open(func(r *page.Request) error { return r.Redirect("/y", "said") }))
	w := ask(d, httptest.NewRequest("GET", "https://tickmark.example/x", nil))
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
	for _, c := range w.Result().Cookies() {
		if !c.Secure {
			t.Errorf("cookie %s goes over plain http", c.Name)
		}
	}
	plain, _ := testDoor(t, Options{URL: "http://127.0.0.1:8321"}, open(func(*page.Request) error { return nil }))
	if w := ask(plain, httptest.NewRequest("GET", "/x", nil)); w.Header().Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over plain http")
	}
}

// TestClientAddress: a header is believed only from a proxy that is trusted, and only its last foreign hop.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "", "203.0.113.9"},
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{"10.0.0.2:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.2:1", "1.1.1.1, 198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:1", "198.51.100.1, 10.0.0.7", "198.51.100.1"},
		{"10.0.0.2:1", "nonsense", "10.0.0.2"},
		{"10.0.0.2:1", "", "10.0.0.2"},
		{"[2001:db8::1]:1", "198.51.100.1", "2001:db8::1"},
	} {
		d := &door{opts: Options{Proxies: trusted}}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := d.clientIP(r); got != c.want {
			t.Errorf("%s by way of %q: %s, expected %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

// TestFirstRun: an installation without organisation says how to make one.
func TestFirstRun(t *testing.T) {
	t.Parallel()
	w := accesstest.New(t, sqldbtest.SQLite(t))
	if _, err := w.DB.Exec(t.Context(), `SELECT 1`); err != nil {
		t.Fatal(err)
	}
	empty := *w.Access
	empty.Store = noOrgs{w.Access.Store}
	h, err := New(Services{Access: &empty}, Options{Clock: func() time.Time { return accesstest.Now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	res := ask(h, httptest.NewRequest("GET", "/sign-in", nil))
	if body := res.Body.String(); res.Code != 200 || !strings.Contains(body, "tickmark init") {
		t.Errorf("%d", res.Code)
	}
}

// noOrgs is a store of accounts before the first organisation.
type noOrgs struct{ access.Store }

func (noOrgs) Orgs(context.Context) ([]access.Org, error) { return nil, nil }
