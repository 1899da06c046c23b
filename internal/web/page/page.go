// Package page is what every page of the program is made of: routes and requests, the shell, the parts, tables, forms,
// error pages, the style sheet and the scripts. The packages of pages beside it hold handlers and nothing else.
package page

import (
	"strings"

	"github.com/tickmark/tickmark/internal/access"
)

// Policies that are no right of a role. A route without a policy does not start.
const (
	Public   access.Action = "public"    // anybody, signed in or not
	SignedIn access.Action = "signed-in" // anybody who is signed in, whatever the role
)

// Route is one line of the route table.
type Route struct {
	Method  string        // GET or POST; HEAD follows GET
	Pattern string        // path of a net/http pattern, such as "/c/{ref}"
	Action  access.Action // what the role must cover: an action of access, Public or SignedIn
	Title   string        // of the page, as it stands in the browser's tab until the handler says better
	Nav     string        // path of the entry of the navigation that is lit; empty for the longest that fits
	Body    int64         // most bytes of a request; 0 for what a form needs (DefaultBody)
	Command string        // what a reader does here, as the palette offers it ("Add evidence"); only for GET without parameters
	Styles  string        // sheets the page needs besides the common one, by name with spaces between: "planning"
	Stream  bool          // the answer may last: no limit of time, and nothing is held back to compress it
	Handle  func(*Request) error
}

// DefaultBody bounds the body of a form without files, in bytes.
const DefaultBody = 1 << 20

// Crumb is a step of the way to the page, shown in the top bar. The last one is the page itself and has no path.
type Crumb struct{ Text, Href string }

// NavEntry is one line of the navigation.
type NavEntry struct {
	Href, Icon, Title string
	Action            access.Action // who sees it
}

// NavGroup is entries under a heading; the first group has none.
type NavGroup struct {
	Title   string
	Entries []NavEntry
}

// navigation is every entry there can be, in order. A page shows those that have a route and that the reader may open.
var navigation = []NavGroup{
	{"", []NavEntry{
		{"/", "home", "Home", SignedIn},
		{"/my-work", "inbox", "My work", access.ReadTasks},
	}},
	{"Programme", []NavEntry{
		{"/frameworks", "frame", "Frameworks", access.ReadProgramme},
		{"/controls", "control", "Controls", access.ReadProgramme},
		{"/tests", "test", "Tests", access.ReadProgramme},
		{"/exceptions", "exm", "Exceptions", access.ReadProgramme},
		{"/policies", "policy", "Policies", access.ReadPolicies},
		{"/risks", "riskm", "Risks", access.ReadRisks},
		{"/gaps", "graph", "Gaps", access.ReadProgramme},
		{"/tasks", "note", "Tasks", access.ReadTasks},
		{"/programmes", "prog", "Guided programmes", access.ReadProgramme},
	}},
	{"Operations", []NavEntry{
		{"/people", "people", "People", access.ReadPeople},
		{"/training", "play", "Training", access.ReadPeople},
		{"/campaigns", "inbox", "Campaigns", access.ReadPeople},
		{"/access-reviews", "access", "Access reviews", access.ReadPolicies},
		{"/vendors", "vendor", "Vendors", access.ReadVendors},
		{"/changes", "right", "Significant changes", access.ReadRisks},
		{"/authority", "lock", "Authorised changes", access.ReadEvidence},
		{"/occurrences", "clock", "Recurring controls", access.ReadOccurrences},
	}},
	{"Detection", []NavEntry{
		{"/alerts", "alert", "Alerts", access.ReadDetections},
		{"/incidents", "graph", "Incidents", access.ReadDetections},
		{"/events", "note", "Events", access.ReadDetections},
		{"/hunt", "search", "Hunt", access.ReadDetections},
		{"/rules", "control", "Detection rules", access.ReadDetections},
		{"/sources", "inbox", "Sources of events", access.ReadDetections},
	}},
	{"Records", []NavEntry{
		{"/evidence", "evidence", "Evidence", access.ReadEvidence},
		{"/runs", "clock", "Collection runs", access.ReadProgramme},
		{"/jobs", "prog", "Jobs", access.ReadProgramme},
		{"/ledger", "chain", "Ledger", access.ReadLedger},
		{"/trail", "eye", "Audit trail", access.ReadLedger},
	}},
	{"Assurance", []NavEntry{
		{"/which-report", "note", "Which report", access.ReadEngagement},
		{"/engagements", "audit", "Engagements", access.ReadEngagement},
		{"/system", "policy", "System description", access.ReadEngagement},
	}},
	{"foot", []NavEntry{
		{"/import", "down", "Import", access.ImportRecords},
		{"/connections", "plug", "Connections", access.ReadProgramme},
		{"/settings", "gear", "Settings", SignedIn},
	}},
}

// Navigation is what a reader sees: entries that have a route, filtered by right.
func (r *Request) Navigation() []NavGroup {
	var out []NavGroup
	for _, g := range r.groups() {
		kept := NavGroup{Title: g.Title}
		for _, e := range g.Entries {
			if r.opens(e) && r.Allowed(e.Action) {
				kept.Entries = append(kept.Entries, e)
			}
		}
		if len(kept.Entries) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

// Has reports whether the program has a page at a path without parameters.
func (r *Request) Has(path string) bool { return r.site.has[path] }

// lit is the path of the entry the page belongs to.
func (r *Request) lit() string {
	if r.Nav != "" {
		return r.Nav
	}
	path, best := r.HTTP.URL.Path, ""
	if path == "/" {
		return path
	}
	for _, g := range r.groups() {
		for _, e := range g.Entries {
			if e.Href != "/" && len(e.Href) > len(best) && (path == e.Href || strings.HasPrefix(path, e.Href+"/")) {
				best = e.Href
			}
		}
	}
	return best
}
