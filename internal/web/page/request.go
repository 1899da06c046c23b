package page

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Request is one request on its way through a handler. The middleware has authenticated it and checked the route's
// action before a handler sees it.
type Request struct {
	HTTP  *http.Request
	Now   time.Time    // when the request arrived, by the program's clock
	Ref   string       // reference of the request: in the log, and on error pages
	Grant access.Grant // zero when nobody is signed in, which only public routes see
	Orgs  []access.Org // the organisations the person may switch to
	IP    string       // the address the request comes from
	// Likes are the reader's preferences; Working counts the jobs of the organisation that are under way.
	Likes   access.Preferences
	Views   []access.View // saved views the reader may open
	Working int

	Title  string // of the page
	Crumbs []Crumb
	Nav    string // path of the entry of the navigation that is lit; empty for the longest that fits
	Styles string // sheets the page needs besides the common one, by name with spaces between

	site   *Site
	w      http.ResponseWriter
	flash  flash
	result Result
	bare   bool   // page without navigation: sign-in
	audit  *audit // the engagement an auditor's page is about
	theme  string
	secret string // of the session's cookie
}

// Context is the request's context; it ends with the request or its time limit.
func (r *Request) Context() context.Context { return r.HTTP.Context() }

// Read is the right to read in the organisation of the session.
func (r *Request) Read() access.ReadScope { return r.Grant.Read }

// Write is the right to write there, or a Denied error for roles that only read.
func (r *Request) Write() (access.Scope, error) { return r.Grant.Write() }

// Can reports whether the reader's role covers an action: what decides whether a button is shown.
func (r *Request) Can(a access.Action) bool { return r.Grant.Read.Can(a) }

// Allowed is Can for the policies of routes: Public and SignedIn too.
func (r *Request) Allowed(a access.Action) bool {
	switch a {
	case Public:
		return true
	case SignedIn:
		return r.SignedIn()
	}
	return r.Can(a)
}

// Require is the Denied error for a reader whom a policy does not allow.
func (r *Request) Require(a access.Action) error {
	switch {
	case r.Allowed(a):
		return nil
	case !r.SignedIn():
		return errs.New(errs.Denied, "not signed in")
	}
	return r.Grant.Read.Require(a)
}

// SignedIn reports whether somebody is.
func (r *Request) SignedIn() bool { return r.Grant.User.ID != "" }

// Arg is a part of the path: Arg("ref") of "/c/{ref}".
func (r *Request) Arg(name string) string { return r.HTTP.PathValue(name) }

// Query is a parameter of the address.
func (r *Request) Query(name string) string { return r.HTTP.URL.Query().Get(name) }

// Target names the part the script of the page asks for; empty for a whole page.
func (r *Request) Target() string { return r.HTTP.Header.Get("Tm-Target") }

// Secret is the session's cookie, for signing out and switching.
func (r *Request) Secret() string { return r.secret }

// Secure reports whether the program is reached over https.
func (r *Request) Secure() bool { return r.site.secure }

// Header gives the headers of the response to a handler that needs to set one.
func (r *Request) Header() http.Header { return r.w.Header() }

// Writer gives the response itself, for handlers that send a file. They set Content-Type and Content-Disposition with
// Attach.
func (r *Request) Writer() http.ResponseWriter { return r.w }

// Here is the address of the page with some parameters changed: Here("tab", "evidence"). An empty value removes one.
// Tables keep their own state with Table.URL.
func (r *Request) Here(pairs ...string) string {
	v := r.HTTP.URL.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return address(r.HTTP.URL.Path, v)
}

func address(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// LocalPath returns the path if it is one of this program, and "/" otherwise: where a sign-in may lead back to.
func LocalPath(next string) string {
	if !strings.HasPrefix(next, "/") || len(next) > 2000 || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t\x00") {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || strings.HasPrefix(u.Path, "//") ||
		strings.HasPrefix(u.Path, "/sign-in") || strings.HasPrefix(u.Path, "/sign-out") {
		return "/"
	}
	for _, c := range u.Path {
		if c < ' ' || c == '\\' {
			return "/"
		}
	}
	return next
}
