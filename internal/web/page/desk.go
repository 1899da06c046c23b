package page

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
)

// goKeys are the letters that follow G, by path of the navigation.
var goKeys = map[string]string{
	"/": "h", "/frameworks": "f", "/controls": "c", "/tests": "t", "/exceptions": "x", "/evidence": "e", "/runs": "r", "/ledger": "l",
	"/trail": "v", "/engagements": "a", "/system": "d", "/connections": "n", "/tasks": "w", "/gaps": "p", "/settings": "s",
}

// Jump is an entry of the navigation with its letter, for the sheet of keys.
type Jump struct{ Key, Title string }

// Jumps are the letters that lead somewhere for this reader, in the order of the navigation.
func (r *Request) Jumps() []Jump {
	var out []Jump
	for _, g := range r.Navigation() {
		for _, e := range g.Entries {
			if k := goKeys[e.Href]; k != "" {
				out = append(out, Jump{k, e.Title})
			}
		}
	}
	return out
}

// Place is somewhere the palette leads to: an entry of the navigation, or a command.
type Place struct{ Kind, Icon, Title, Href string }

// Places are all entries and commands the reader may open: commands first.
func (r *Request) Places() []Place {
	var out []Place
	for _, x := range r.site.gets {
		if x.Command != "" && !strings.Contains(x.Pattern, "{") && r.Allowed(x.Action) {
			out = append(out, Place{"Command", "play", x.Command, x.Pattern})
		}
	}
	for _, g := range r.Navigation() {
		for _, e := range g.Entries {
			out = append(out, Place{"Page", e.Icon, e.Title, e.Href})
		}
	}
	return out
}

// Leads reports whether an address is one of a page of this program, whatever the reader's rights there.
func (r *Request) Leads(address string) bool {
	if LocalPath(address) != address {
		return false
	}
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if x, ok := r.lookup(u.Path); ok {
		return !x.Stream
	}
	return slices.ContainsFunc(r.site.gets, func(x Route) bool { return fits(x.Pattern, u.Path) && !x.Stream })
}

// fits reports whether a path is one of a pattern's.
func fits(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && (!strings.HasPrefix(p[i], "{") || q[i] == "") {
			return false
		}
	}
	return true
}

// density is the reader's choice when it is not the usual one.
func (r *Request) density() string {
	if d := r.Likes.Get("density"); d != "normal" {
		return d
	}
	return ""
}

// who names reader and organisation for what the browser remembers by itself.
func (r *Request) who() string {
	if !r.SignedIn() {
		return ""
	}
	return string(r.Grant.User.ID) + "/" + string(r.Grant.Org.ID)
}

// state is the address of the list as it is shown, from its first page.
func (t *Table) state() string { return t.URL() }

// saveHref leads to the form that saves the list under a name; empty where nothing is kept.
func (t *Table) saveHref() string {
	if !t.request.site.has["/views/new"] || !t.request.SignedIn() || t.Spec.Prefix != "" {
		return ""
	}
	return "/views/new?path=" + url.QueryEscape(t.state())
}

// views are the saved views of this list.
func (t *Table) views() []access.View {
	if t.Spec.Prefix != "" {
		return nil
	}
	var out []access.View
	for _, v := range t.request.Views {
		if path, _, _ := strings.Cut(v.Path, "?"); path == t.request.HTTP.URL.Path {
			out = append(out, v)
		}
	}
	return out
}
