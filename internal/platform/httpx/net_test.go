package httpx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// reach makes a client that may reach the given test servers and never really waits.
func reach(o httpx.Options, servers ...*httptest.Server) *http.Client {
	for _, s := range servers {
		o.AllowPrivate = append(o.AllowPrivate, s.Listener.Addr().String())
	}
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return httpx.New(o)
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"8.8.8.8": true, "140.82.121.6": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "2002:808:808::1": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "172.16.5.4": false,
		"172.31.255.255": false, "172.32.0.1": true, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"100.100.100.200": false, "100.128.0.1": true, "192.0.0.192": false, "168.63.129.16": false, "198.18.0.1": false,
		"224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.2.1": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": false, "fe80::1": false,
		"fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"2002:7f00:1::": false, "2002:a00:1::": false, "2001:db8::1": false, "2001::1": false, "fec0::1": false, "64:ff9b:1::1": false,
	} {
		if got := httpx.Public(netip.MustParseAddr(s)); got != want {
			t.Errorf("Public(%s) = %v", s, got)
		}
	}
	if httpx.Public(netip.Addr{}) || httpx.Public(netip.MustParseAddr("fe80::1%eth0")) {
		t.Error("no address and a zoned one are not public")
	}
}

func TestGuardRefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	// localhost resolves to a loopback address: the check is on what a name resolves to, not on the name.
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"} {
		client := httpx.New(httpx.Options{AllowPrivate: []string{"127.0.0.1:1"}})
		_, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port)))
		if !errs.Is(err, errs.Denied) || errs.HintOf(err) == "" {
			t.Errorf("%s: got %v, hint %q", host, err, errs.HintOf(err))
		}
	}
	client := httpx.New(httpx.Options{AllowPrivate: []string{"LOCALHOST:" + port}})
	if _, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "http://localhost:"+port)); err != nil {
		t.Errorf("the allowed pair was refused: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header.Get("Authorization")) }))
	defer other.Close()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/downgrade":
			http.Redirect(w, r, "ftp://"+server.Listener.Addr().String()+"/x", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "/here", http.StatusMovedPermanently)
		default:
			_, _ = fmt.Fprintf(w, `{"auth":%q}`, r.Header.Get("Authorization"))
		}
	}))
	defer server.Close()
	client := reach(httpx.Options{}, server, other)
	for path, want := range map[string]errs.Kind{"/away": errs.Denied, "/downgrade": errs.Denied, "/loop": errs.Invalid} {
		req := get(t, t.Context(), server.URL+path)
		req.Header.Set("Authorization", "Bearer hush")
		_, err := httpx.Fetch(t.Context(), client, req)
		if !errs.Is(err, want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if len(seen) > 0 {
		t.Errorf("the other host was asked, with %q", seen)
	}
	req := get(t, t.Context(), server.URL+"/moved")
	req.Header.Set("Authorization", "Bearer hush")
	var v struct{ Auth string }
	if _, err := httpx.GetJSON(t.Context(), client, req, &v); err != nil || v.Auth != "Bearer hush" {
		t.Errorf("a move on the same host: %+v, %v", v, err)
	}
	post, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/moved", strings.NewReader("{}"))
	if _, err := httpx.Fetch(t.Context(), client, post); !errs.Is(err, errs.Invalid) {
		t.Errorf("a redirected POST: %v", err)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`[{"id":1}`))
			panic(http.ErrAbortHandler)
		case "/cut-chunked":
			_, _ = w.Write([]byte(`[{"id":1}`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/cut-gzip":
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(bytes.Repeat([]byte(`[{"id":1}]`), 100))
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(b.Bytes()[:b.Len()-12])
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 2<<20))
			_ = z.Close()
		default:
			_, _ = w.Write([]byte(strings.TrimPrefix(r.URL.Path, "/json/")))
		}
	}))
	defer server.Close()
	client := reach(httpx.Options{MaxBody: 1 << 20, Retries: -1}, server)
	for path, want := range map[string]errs.Kind{
		"/cut": errs.Unavailable, "/cut-chunked": errs.Unavailable, "/cut-gzip": errs.Unavailable, "/bomb": errs.Invalid,
		`/json/[{"id":1}`: errs.Invalid, `/json/[{"id":1}] []`: errs.Invalid, `/json/null`: errs.Invalid, `/json/`: errs.Invalid,
		`/json/{"message":"no list"}`: errs.Invalid, "/json/[{\"id\":\"\xff\"}]": errs.Invalid, `/json/<html>`: errs.Invalid,
		`/json/[null]`: errs.Invalid, `/json/"text"`: errs.Invalid, `/json/[{"id":"x"}]`: errs.Invalid,
	} {
		u := strings.NewReplacer("\xff", "%ff", "{", "%7B", "}", "%7D", "<", "%3C", ">", "%3E", `"`, "%22", " ", "%20").Replace(path)
		var rows []httpx.Row[struct{ ID int }]
		_, err := httpx.GetJSON(t.Context(), client, get(t, t.Context(), server.URL+u), &rows)
		if err == nil || errs.KindOf(err) != want {
			t.Errorf("%s: got %v (%s), want %s", path, err, errs.KindOf(err), want)
		}
	}
	var rows []httpx.Row[struct{ ID int }]
	if _, err := httpx.GetJSON(t.Context(), client, get(t, t.Context(), server.URL+"/json/[%7B%22id%22:7,%22x%22:%5B%5D%7D]"), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Value.ID != 7 || rows[0].Raw != `{"id":7,"x":[]}` {
		t.Errorf("got %+v", rows)
	}
}

func TestErrorsSayWhatTheSourceSaid(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status  int
		body    string
		headers []string
		kind    errs.Kind
		says    string
		hint    string
		code    string
	}{
		{403, `{"message":"Resource not accessible by personal access token"}`, []string{"X-Accepted-GitHub-Permissions", "members=read"}, errs.Denied, "Resource not accessible", "members=read", ""},
		{401, `{"errorCode":"E0000011","errorSummary":"Invalid token provided"}`, nil, errs.Denied, "Invalid token provided", "credential", "E0000011"},
		{404, ``, []string{"X-BambooHR-Error-Message", "no such company"}, errs.NotFound, "no such company", "", ""},
		{422, `{"message":"Validation Failed"}`, nil, errs.Invalid, "Validation Failed", "", ""},
		{500, `<html>`, nil, errs.Unavailable, "500", "later", ""},
		{410, `{"error":"gone"}`, nil, errs.NotFound, "gone", "", "gone"},
		{403, `{"error":{"code":403,"message":"Caller lacks it","status":"PERMISSION_DENIED"}}`, nil, errs.Denied, "Caller lacks it", "right", "PERMISSION_DENIED"},
		{401, `{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}`, nil, errs.Denied, "expired", "credential", "InvalidAuthenticationToken"},
		{400, `{"__type":"com.amazonaws.cloudtrail#InvalidTimeRangeException","message":"odd"}`, nil, errs.Invalid, "odd", "", "InvalidTimeRangeException"},
		{403, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`, nil, errs.Denied, "not you", "right", "AccessDenied"},
	}
	for _, c := range cases {
		s := &script{answers: []func(*http.Request) (*http.Response, error){answer(c.status, c.body, c.headers...)}}
		client := httpx.New(httpx.Options{Transport: s, Retries: -1})
		_, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "https://api.example/a?b=c"))
		if errs.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || !strings.Contains(errs.HintOf(err), c.hint) || httpx.StatusOf(err) != c.status || httpx.CodeOf(err) != c.code {
			t.Errorf("%d: got %q (%s), hint %q", c.status, err, errs.KindOf(err), errs.HintOf(err))
		}
		if !strings.Contains(err.Error(), "api.example/a") || strings.Contains(err.Error(), "b=c") {
			t.Errorf("%d: %q names the wrong thing", c.status, err)
		}
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := &script{answers: many(1, answer(200, "{}"))}
	client := httpx.New(httpx.Options{Transport: s, Log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	req := get(t, t.Context(), "https://user:hush@api.example/things?token=hush")
	req.Header.Set("Authorization", "Bearer hush")
	if _, err := httpx.Fetch(t.Context(), client, req); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Contains(got, "hush") || !strings.Contains(got, "path=/things") || !strings.Contains(got, "status=200") {
		t.Errorf("logged %s", got)
	}
}

func TestUnknownHostIsNotRetriedForLong(t *testing.T) {
	t.Parallel()
	var stats httpx.Stats
	client := httpx.New(httpx.Options{Stats: &stats, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}}
	})})
	if _, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "https://nowhere.example/")); !errs.Is(err, errs.Unavailable) || stats.Counts().Requests != 1 {
		t.Errorf("got %v after %+v", err, stats.Counts())
	}
}

// TestHidePath: the path of an address that opens something by itself is in no message and no log.
func TestHidePath(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/page") {
			_, _ = w.Write([]byte("<html>"))
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	client := reach(httpx.Options{Retries: -1, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, server)
	ctx := httpx.HidePath(t.Context())
	for _, path := range []string{"/opens-it/gone", "/opens-it/page"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := httpx.Fetch(ctx, client, req)
		if err == nil {
			err = a.Decode(new(any))
		}
		if err == nil || strings.Contains(err.Error(), "opens-it") || !strings.Contains(err.Error(), "/…") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if s := log.String(); strings.Contains(s, "opens-it") || strings.Count(s, "http request") != 2 {
		t.Errorf("the log is %s", s)
	}
}
