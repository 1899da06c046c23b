package web_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/web"
	"github.com/tickmark/tickmark/internal/web/page"
)

// perPattern is how many addresses of each pattern are followed that differ in more than the values of parameters.
const perPattern = 3

// perEvidence is perPattern for evidence and vendors: documents and facts, and vendors of all sorts, have one address
// and different pages.
const perEvidence = 12

// shape is what tells addresses apart for perPattern: the route and the names of the parameters, with the tab.
func shape(pattern string, q url.Values) string {
	return pattern + "?" + strings.Join(sortedKeys(q), "&") + " " + q.Get("tab")
}

// crawl follows the links of somebody from the home page and checks each page on the way. It returns the addresses seen, by
// pattern.
func crawl(t *testing.T, in *installation, cookie string) map[string][]string {
	t.Helper()
	seen := map[string]bool{}
	out := map[string][]string{}
	count := map[string]int{}
	todo := []string{"/", "/account", "/dev/components"}
	if in.do("GET", "/controls", cookie, nil).StatusCode == http.StatusOK {
		todo = append([]string{"/tests?state=fail", "/controls?state=fail"}, todo...)
	}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		u, err := url.Parse(path)
		if err != nil || seen[path] {
			continue
		}
		seen[path] = true
		pattern := in.patternOf(http.MethodGet, u.EscapedPath())
		if pattern == "" && !strings.HasPrefix(path, page.AssetPath) {
			t.Errorf("a page links to %s, which has no route", path)
			continue
		}
		key := shape(pattern, u.Query())
		if count[key] >= perPattern && (pattern != "/e/{ref}" && pattern != "/vendors/{ref}" || count[key] >= perEvidence) {
			continue
		}
		count[key]++
		out[pattern] = append(out[pattern], path)
		res := in.do("GET", path, cookie, nil)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if to := res.Header.Get("Location"); res.StatusCode == http.StatusSeeOther && strings.HasPrefix(to, "/") {
			todo = append(todo, to)
			continue
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("a page links to %s, which answers %d: %.200s", path, res.StatusCode, body)
			continue
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			continue
		}
		doc, err := html.Parse(strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		sane(t, path, doc)
		for _, a := range all(doc, "a[href]") {
			if next := follow(u, attr(a, "href")); next != "" && !seen[next] {
				todo = append(todo, next)
			}
		}
	}
	return out
}

// follow is the address a link leads to; empty for those outside and places on the same page.
func follow(at *url.URL, href string) string {
	u, err := at.Parse(href)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(href, "#") {
		return ""
	}
	u.Fragment = ""
	return u.String()
}

var (
	crawlOnce sync.Once
	crawled   map[string][]string
)

// owned are the addresses the owner of the first organisation finds.
func owned(t *testing.T) (*installation, map[string][]string) {
	t.Helper()
	in := installed(t)
	crawlOnce.Do(func() {
		crawled = crawl(t, in, in.cookie[access.Owner])
		for pattern, paths := range crawl(t, in, in.firm(access.Partner)) {
			if firmPage(pattern) {
				crawled[pattern] = paths
			}
		}
		for _, r := range in.routes { // no page links to what programs read: the addresses are those of the pages
			rest, ok := strings.CutPrefix(r.Pattern, "/api/v1")
			for _, base := range []string{"/engagements/{ref}", "/audits/{engagement}", "/incidents/{ref}", "/engagements", "/audits", "/incidents"} {
				if below, is := strings.CutPrefix(rest, base); ok && is && len(crawled[base]) > 0 {
					path, _, _ := strings.Cut(crawled[base][0], "?")
					crawled[r.Pattern] = []string{"/api/v1" + path + below}
					break
				}
			}
		}
	})
	return in, crawled
}

// TestCrawl: everything the owner can reach by links answers, and every page is sane. Every route that shows something is
// reached, so that no page is forgotten by the other tests.
func TestCrawl(t *testing.T) {
	t.Parallel()
	in, found := owned(t)
	for _, r := range in.routes {
		if r.Method == http.MethodGet && len(found[r.Pattern]) == 0 && !notLinked[r.Pattern] {
			t.Errorf("no page links to %s", r.Pattern)
		}
	}
	n := 0
	for _, x := range found {
		n += len(x)
	}
	t.Logf("%d pages of %d patterns", n, len(found))
}

// example is an address of a route: one the owner found, or the pattern itself with words that name nothing.
func example(found map[string][]string, r page.Route) string {
	if x := found[r.Pattern]; len(x) > 0 {
		return x[0]
	}
	// A form's address is that of the page that shows it, below a page that is linked.
	for _, pattern := range sortedKeys(found) {
		rest, below := strings.CutPrefix(r.Pattern, pattern+"/")
		if below && strings.Contains(pattern, "{") && !strings.Contains(rest, "{") && len(found[pattern]) > 0 {
			path, _, _ := strings.Cut(found[pattern][0], "?")
			return path + "/" + rest
		}
	}
	return parameter.ReplaceAllString(r.Pattern, "nothing")
}

// TestRoutesByRole: for each route and each role, the answer is the policy's: signed-out readers are asked to sign in,
// roles without the right get 403, the others never do from a page that only shows. Every answer carries the headers.
func TestRoutesByRole(t *testing.T) {
	t.Parallel()
	in, found := owned(t)
	for _, r := range in.routes {
		t.Run(r.Method+" "+r.Pattern, func(t *testing.T) {
			t.Parallel()
			path := example(found, r)
			signedOut(t, in, r, path)
			roles := append(access.Roles(), access.Partner)
			if firmPage(r.Pattern) {
				roles = append(access.FirmRoles(), access.Owner, access.Auditor)
			}
			for _, role := range roles {
				cookie := in.cookie[role]
				may := r.Action == page.Public || r.Action == page.SignedIn || role.May(r.Action)
				if r.Method == http.MethodGet {
					res := in.do("GET", path, cookie, nil)
					headers(t, r, role.Title(), res)
					if denied := res.StatusCode == http.StatusForbidden; denied == may {
						t.Errorf("%s as %s: %d", path, role, res.StatusCode)
					}
					if res.StatusCode >= 500 {
						t.Errorf("%s as %s: %d", path, role, res.StatusCode)
					}
					continue
				}
				// Without the token nobody gets through, whatever the role.
				for _, form := range []url.Values{{}, {"csrf": {"AAAA"}}, {"csrf": {in.token(t, in.other)}}} {
					if res := in.do("POST", path, cookie, form); res.StatusCode != http.StatusForbidden {
						t.Errorf("%s as %s with the token %q: %d", path, role, form.Get("csrf"), res.StatusCode)
					}
				}
				// From another site nobody gets through either, not even with the token.
				res := in.do("POST", path, cookie, url.Values{"csrf": {in.token(t, cookie)}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
				if res.StatusCode != http.StatusForbidden {
					t.Errorf("%s as %s from another site: %d", path, role, res.StatusCode)
				}
				if !may {
					if res := in.do("POST", path, cookie, url.Values{"csrf": {in.token(t, cookie)}}); res.StatusCode != http.StatusForbidden {
						t.Errorf("%s as %s: %d", path, role, res.StatusCode)
					}
				}
			}
		})
	}
}

func signedOut(t *testing.T, in *installation, r page.Route, path string) {
	t.Helper()
	for _, cookie := range []string{"", "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"} {
		var form url.Values
		if r.Method == http.MethodPost {
			form = url.Values{}
		}
		res := in.do(r.Method, path, cookie, form)
		headers(t, r, "nobody", res)
		switch {
		case r.Action == page.Public:
			if res.StatusCode >= 500 || r.Method == http.MethodGet && res.StatusCode != http.StatusOK && path != "/start" && !strings.HasPrefix(path, "/mine/") && !strings.HasPrefix(path, "/shared/") { // which is over once there is an organisation
				t.Errorf("%s signed out: %d", path, res.StatusCode)
			}
		case strings.HasPrefix(r.Pattern, "/api/"):
			if res.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
				t.Errorf("%s signed out: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
			}
		case r.Method == http.MethodGet:
			if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in?next=") {
				t.Errorf("%s signed out: %d to %q", path, res.StatusCode, to)
			}
		default:
			if res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s signed out: %d", path, res.StatusCode)
			}
		}
	}
}

// headers are those every answer carries.
func headers(t *testing.T, r page.Route, who string, res *http.Response) {
	t.Helper()
	csp := res.Header.Get("Content-Security-Policy")
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/pdf") {
		csp = strings.ReplaceAll(csp, "style-src 'unsafe-inline'; ", "") // what the browser's own viewer of PDF needs
	}
	if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
		t.Errorf("%s as %s: policy %q", r.Pattern, who, csp)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && !strings.Contains(csp, "require-trusted-types-for 'script'; trusted-types tickmark") {
		t.Errorf("%s as %s: policy of a page %q", r.Pattern, who, csp)
	}
	for k, v := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"} {
		if (strings.HasPrefix(r.Pattern, "/mine/{") || strings.HasPrefix(r.Pattern, "/shared/{")) && k == "Referrer-Policy" && res.StatusCode != http.StatusForbidden {
			v = "no-referrer" // the address itself lets people in
		}
		if res.Header.Get(k) != v {
			t.Errorf("%s as %s: %s is %q", r.Pattern, who, k, res.Header.Get(k))
		}
	}
	if res.Header.Get("Permissions-Policy") == "" || res.Header.Get("Request-Id") == "" {
		t.Errorf("%s as %s: Permissions-Policy or Request-Id is missing", r.Pattern, who)
	}
}

// TestOtherOrganisation: what belongs to one organisation does not exist for the owner of another, who may do everything in
// the own one.
func TestOtherOrganisation(t *testing.T) {
	t.Parallel()
	in, found := owned(t)
	owners, rivals := in.token(t, in.other), in.token(t, in.rival)
	for _, r := range in.routes {
		cookie, token := in.other, owners
		if firmPage(r.Pattern) {
			cookie, token = in.rival, rivals
		}
		if !strings.Contains(r.Pattern, "{") {
			continue
		}
		paths := found[r.Pattern]
		if len(paths) == 0 {
			paths = []string{example(found, r)}
		}
		for _, path := range paths {
			path, _, _ = strings.Cut(path, "?")
			var form url.Values
			if r.Method == http.MethodPost {
				form = url.Values{"csrf": {token}}
			}
			res := in.do(r.Method, path, cookie, form)
			if strings.HasPrefix(path, "/public/") {
				continue // for anybody, by purpose
			}
			if slices.ContainsFunc(everybodys, func(p string) bool { return pathOf(p).MatchString(path) }) {
				// Both have something of this name: what is shown must be the second one's.
				body, _ := io.ReadAll(res.Body)
				for _, theirs := range []string{"Northwind Alpha", "alpha.example", "Harlow", "github-main", "okta-main", "bamboohr-main"} {
					if strings.Contains(string(body), theirs) {
						t.Errorf("%s %s shows the second organisation %q of the first", r.Method, path, theirs)
					}
				}
				continue
			}
			if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s of the first organisation answers the second with %d", r.Method, path, res.StatusCode)
			}
		}
	}
}

// TestHostileTexts: whatever is stored, it stays text. Every page of the organisation whose texts are hostile is sane, and
// the hostile text is there to be read.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	in := installed(t)
	hostileTo(t, in, in.other)
	hostileTo(t, in, in.rival)
	if s := text(in.get(t, "/account", in.other, http.StatusOK)); !strings.Contains(s, "<script>alert('x')</script>") {
		t.Error("the hostile name is not on the account page as text")
	}
}

func hostileTo(t *testing.T, in *installation, cookie string) {
	t.Helper()
	found := crawl(t, in, cookie)
	for _, pattern := range sortedKeys(found) {
		for _, path := range found[pattern] {
			res := in.do("GET", path, cookie, nil)
			if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
				continue
			}
			doc, err := html.Parse(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range all(doc, "img[src=x], [onerror]") {
				t.Errorf("%s: stored text became <%s>", path, n.Data)
			}
		}
	}
}

// TestRoutesNeedPolicies: a route that forgot its policy, its title or its handler stops the program at its start.
func TestRoutesNeedPolicies(t *testing.T) {
	t.Parallel()
	in := installed(t)
	seen := map[string]bool{}
	for _, r := range in.routes {
		if seen[r.Method+r.Pattern] {
			t.Errorf("%s %s is there twice", r.Method, r.Pattern)
		}
		seen[r.Method+r.Pattern] = true
		if r.Method == http.MethodPost && slices.Contains([]access.Action{access.ReadProgramme, access.ReadEvidence, access.ReadLedger, access.ReadEngagement}, r.Action) {
			t.Errorf("%s %s changes something with a right to read", r.Method, r.Pattern)
		}
	}
	if _, err := web.New(web.Services{}, web.Options{}); err == nil || errors.Is(err, io.EOF) {
		t.Error("a handler without services")
	}
}
