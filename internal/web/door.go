package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/web/account"
	"github.com/tickmark/tickmark/internal/web/page"
)

// door stands before every handler: reference, panics, time limit, sizes, compression, session, forgery, right.
type door struct {
	site   *page.Site
	access *access.Service
	opts   Options
	secure bool
	mux    *http.ServeMux
	cross  *http.CrossOriginProtection
	swept  atomic.Int64 // when old one-time values of forms were forgotten, in seconds
	jobs   page.Background
}

// unknown answers for addresses without a route, with the session's shell if there is one.
var unknown = page.Route{Method: http.MethodGet, Pattern: "/", Action: page.Public, Title: "There is no such page", Handle: func(*page.Request) error {
	return errs.New(errs.NotFound, "there is nothing at this address")
}}

// add puts a route into the mux. A route without a policy is a fault that stops the program at its start.
func (d *door) add(r page.Route) error {
	known := r.Action == page.Public || r.Action == page.SignedIn || slices.Contains(access.Actions(), r.Action)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return errs.New(errs.Internal, "route %s %s: only GET and POST", r.Method, r.Pattern)
	case !known:
		return errs.New(errs.Internal, "route %s %s has no policy: %q", r.Method, r.Pattern, r.Action)
	case r.Handle == nil || r.Title == "" || !strings.HasPrefix(r.Pattern, "/"):
		return errs.New(errs.Internal, "route %s %q: a handler, a title and a path are needed", r.Method, r.Pattern)
	}
	pattern := r.Pattern
	if strings.HasSuffix(pattern, "/") {
		pattern += "{$}" // never everything below
	}
	d.mux.HandleFunc(r.Method+" "+pattern, func(w http.ResponseWriter, h *http.Request) { d.serve(w, h, r) })
	return nil
}

// reference is what an error page, the log and a header call a request.
func reference() string { return id.Secret(10) }

// ServeHTTP finds the route. What has none gets a page of ours too.
func (d *door) ServeHTTP(w http.ResponseWriter, h *http.Request) {
	d.site.SetHeaders(w.Header())
	if _, pattern := d.mux.Handler(h); pattern == "" {
		if clean := cleanPath(h.URL.Path); clean != h.URL.Path && h.Method == http.MethodGet {
			http.Redirect(w, h, (&url.URL{Path: clean, RawQuery: h.URL.RawQuery}).String(), http.StatusPermanentRedirect)
			return
		}
		if allowed := d.allowed(h); allowed != "" {
			w.Header().Set("Allow", allowed)
		}
		d.serve(w, h, unknown)
		return
	}
	d.mux.ServeHTTP(w, h)
}

// cleanPath takes a slash from the end.
func cleanPath(p string) string {
	if t := "/" + strings.Trim(p, "/"); len(t) > 1 {
		return t
	}
	return p
}

// allowed lists the methods an address has, if it exists for another method.
func (d *door) allowed(h *http.Request) string {
	var out []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		other := h.Clone(h.Context())
		other.Method = m
		if _, pattern := d.mux.Handler(other); pattern != "" {
			out = append(out, m)
		}
	}
	return strings.Join(out, ", ")
}

// serve takes a request through the checks to its handler.
func (d *door) serve(w http.ResponseWriter, h *http.Request, route page.Route) {
	now, ref := d.opts.Clock(), reference()
	w.Header().Set("Request-Id", ref)
	out := &response{ResponseWriter: w, compress: strings.Contains(h.Header.Get("Accept-Encoding"), "gzip") && h.Method != http.MethodHead && !route.Stream}
	defer out.finish()
	within := d.opts.Timeout
	if route.Body > page.DefaultBody { // files take their time to arrive
		within += page.BodyTime
	}
	ctx, cancel := h.Context(), context.CancelFunc(func() {})
	if !route.Stream {
		ctx, cancel = context.WithTimeout(ctx, within)
	}
	defer cancel()
	h = h.WithContext(ctx)
	defer page.DropBody(h)
	if h.Body != nil {
		limit := route.Body
		if limit == 0 {
			limit = page.DefaultBody
		}
		h.Body = http.MaxBytesReader(out, h.Body, limit)
	}
	var r *page.Request
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p) // a file that broke off: the connection is cut
		}
		d.opts.Log.Error("a handler panicked", "request", ref, "path", h.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if out.sent {
			panic(http.ErrAbortHandler)
		}
		if r == nil {
			r = d.site.Request(out, h, now, ref, access.Grant{}, "")
		}
		r.Fail(errs.New(errs.Internal, "panic"))
	}()
	secret := d.session(h)
	g, err := d.authenticate(ctx, now, secret)
	if token := page.Bearer(h); token != "" && page.IsAPI(h) { // a program, and as nobody else
		secret = ""
		if g, err = d.access.AuthenticateToken(ctx, now, token); errs.Is(err, errs.Denied) {
			g, err = access.Grant{}, nil
		}
	}
	g = g.At(d.clientIP(h))
	r = d.site.Request(out, h, now, ref, g, secret)
	r.Title, r.Nav, r.Styles, r.IP = route.Title, route.Nav, route.Styles, d.clientIP(h)
	if err == nil {
		err = d.handle(r, route, secret != "")
	}
	if err != nil && !out.sent {
		r.Fail(err)
	} else if err != nil {
		d.opts.Log.Error("a handler failed after it had answered", "request", ref, "path", h.URL.Path, "error", err)
	}
}

// handle checks forgery and right, and calls the handler.
func (d *door) handle(r *page.Request, route page.Route, hadCookie bool) error {
	unsafe := route.Method != http.MethodGet
	if unsafe {
		if err := d.cross.Check(r.HTTP); err != nil {
			return errs.Hinted(errs.As(errs.Denied, err, "the form was sent from another site"), "Open the page here and send it again.")
		}
	}
	if !r.SignedIn() && route.Action != page.Public && page.IsAPI(r.HTTP) {
		return page.NotSignedIn{}
	}
	if !r.SignedIn() && route.Action != page.Public {
		return account.AskToSignIn(r, hadCookie)
	}
	if unsafe && r.SignedIn() {
		if err := page.ParseBody(r.Writer(), r.HTTP); err != nil {
			return err
		}
		if !r.GoodCSRF(r.HTTP.PostFormValue("csrf")) {
			// A form in a panel may be older than the session: its script asks whether to send it as whoever is signed in now.
			// No other site can read this answer.
			if r.Target() == "" && d.sameOrigin(r.HTTP) {
				return account.GiveBack(r)
			}
			r.OfferToken()
			return errs.New(errs.Denied, "the form does not belong to this session").WithHint("Go back, load the page again, and send the form from there.")
		}
	}
	if r.SignedIn() && !page.IsAPI(r.HTTP) {
		if err := d.own(r); err != nil {
			return err
		}
	}
	if err := r.Require(route.Action); err != nil {
		return err
	}
	if r.Grant.NeedsSecondFactor() && page.IsAPI(r.HTTP) {
		return errs.New(errs.Denied, "%s asks everybody for a second factor", r.Grant.Org.Name).WithHint("Set yours up in the browser.")
	}
	if r.Grant.NeedsSecondFactor() && !openWithoutFactor(route) {
		return r.Redirect("/account/second-factor", r.Grant.Org.Name+" asks everybody for a second factor. Set yours up to go on.")
	}
	if unsafe && r.SignedIn() {
		return d.handleOnce(r, route)
	}
	return route.Handle(r)
}

// openWithoutFactor reports whether a route is open to those who still have to set up the second factor that their
// organisation asks for: what they need to do so, and the way out.
func openWithoutFactor(r page.Route) bool {
	return r.Action == page.Public || r.Action == page.SignedIn && (strings.HasPrefix(r.Pattern, "/account") || slices.Contains([]string{"/sign-out", "/theme", "/organisation"}, r.Pattern))
}

// sameOrigin reports whether the browser itself says that a page of this program sent the request. A request that says
// nothing is not believed.
func (d *door) sameOrigin(h *http.Request) bool {
	if site := h.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	u, err := url.Parse(h.Header.Get("Origin"))
	return err == nil && u.Host != "" && u.Host == h.Host
}

// own reads what the shell of a page shows of its reader.
func (d *door) own(r *page.Request) error {
	var err error
	if r.Orgs, err = d.access.Memberships(r.Context(), r.Grant); err != nil {
		return err
	}
	if d.access.Desk != nil {
		if r.Likes, err = d.access.OwnPreferences(r.Context(), r.Grant); err != nil {
			return err
		}
		if r.Target() != "panel" {
			if r.Views, err = d.access.Views(r.Context(), r.Grant); err != nil {
				return err
			}
		}
	}
	if d.jobs != nil && r.Target() == "" {
		r.Working, err = d.jobs.Working(r.Context(), r.Read())
	}
	return err
}

// authenticate reads the session; a cookie that is no longer good counts as none.
func (d *door) authenticate(ctx context.Context, now time.Time, secret string) (access.Grant, error) {
	if secret == "" {
		return access.Grant{}, nil
	}
	g, err := d.access.Authenticate(ctx, now, secret)
	if errs.Is(err, errs.Denied) || errs.Is(err, errs.NotFound) {
		return access.Grant{}, nil
	}
	return g, err
}

func (d *door) session(h *http.Request) string {
	c, err := h.Cookie(account.CookieName(d.secure))
	if err != nil {
		return ""
	}
	return c.Value
}

// clientIP is the address a request comes from: the last one that no trusted proxy wrote itself.
func (d *door) clientIP(h *http.Request) string {
	host, _, err := net.SplitHostPort(h.RemoteAddr)
	if err != nil {
		host = h.RemoteAddr
	}
	if !d.trusted(host) {
		return host
	}
	hops := strings.Split(strings.Join(h.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			return host
		}
		if host = hop; !d.trusted(hop) {
			return hop
		}
	}
	return host
}

func (d *door) trusted(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && slices.ContainsFunc(d.opts.Proxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// response compresses what is worth it and remembers whether anything was sent.
type response struct {
	http.ResponseWriter
	compress bool
	sent     bool
	gz       *gzip.Writer
}

// effort is how hard answers are compressed: a page of 140 kB takes some milliseconds, and a quarter less than at the least.
const effort = 6

var gzips = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, effort); return w }}

// worth is the size from which compression pays, in bytes: less fits in one packet.
const worth = 1200

// worthwhile reports whether a body of a Content-Length, empty if it is not known, is worth compressing.
func worthwhile(length string) bool {
	n, err := strconv.Atoi(length)
	return err != nil || n >= worth
}

func (r *response) WriteHeader(code int) {
	if r.sent {
		return
	}
	r.sent = true
	h := r.Header()
	kind, length := h.Get("Content-Type"), h.Get("Content-Length")
	squeezable := strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "application/json") || strings.HasPrefix(kind, "image/svg")
	if squeezable {
		h.Add("Vary", "Accept-Encoding")
	}
	if r.compress && squeezable && h.Get("Content-Encoding") == "" && code != http.StatusNoContent && code != http.StatusNotModified && worthwhile(length) {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
		r.gz = gzips.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool holds nothing else
		r.gz.Reset(r.ResponseWriter)
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *response) Write(b []byte) (int, error) {
	if !r.sent {
		r.WriteHeader(http.StatusOK)
	}
	if r.gz != nil {
		return r.gz.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

// Flush sends what there is, for answers that are read while they are made.
func (r *response) Flush() {
	if r.gz != nil {
		_ = r.gz.Flush() // the next write reports it
	}
	if f, ok := r.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap gives http.ResponseController the connection.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) finish() {
	if r.gz == nil {
		return
	}
	_ = r.gz.Close() // the reader is gone
	gzips.Put(r.gz)
	r.gz = nil
}
