package page

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// AuditDoor opens an engagement of a client to somebody of a firm.
type AuditDoor interface {
	Audit(ctx context.Context, g access.Grant, now time.Time, engagement string) (access.AuditScope, error)
}

// audit is the engagement a page of an auditor is about.
type audit struct{ base, client string }

// Elsewhere is the error of a page that opens only after something else was done: the reader is sent there.
type Elsewhere struct{ Path string }

// Error says where it goes on.
func (e *Elsewhere) Error() string { return "first: " + e.Path }

// auditPath is where the pages of an engagement begin for its auditors.
const auditPath = "/audits/"

// AuditPath is the address of a page of an engagement for its auditors: AuditPath(id, "testing").
func AuditPath(engagement string, parts ...string) string {
	p := auditPath + url.PathEscape(engagement)
	for _, x := range parts {
		p += "/" + url.PathEscape(x)
	}
	return p
}

// EnterAudit opens the engagement that the address names to somebody of a firm, and gives the page the navigation of that
// engagement. Whoever has not declared their independence yet is sent to do it.
func (r *Request) EnterAudit(door AuditDoor) (access.AuditScope, error) {
	a, err := door.Audit(r.Context(), r.Grant, r.Now, r.Arg("engagement"))
	var open *access.Undeclared
	if errors.As(err, &open) {
		return a, &Elsewhere{AuditPath(open.Invitation.Engagement, "independence")}
	}
	if err != nil {
		return a, err
	}
	r.audit = &audit{AuditPath(a.Engagement), a.ClientOrg.Name}
	r.Crumbs = []Crumb{{Text: "Engagements", Href: "/audits"}, {Text: a.ClientOrg.Name, Href: r.audit.base}}
	return a, nil
}

// AuditBase is the address of the engagement's first page, once EnterAudit opened it.
func (r *Request) AuditBase() string {
	if r.audit == nil {
		return ""
	}
	return r.audit.base
}

// auditEntries are the pages of an engagement for its auditors, below its address; a program has those that have a route.
var auditEntries = []NavEntry{
	{"", "home", "Overview", access.ReadAudits},
	{"/requests", "inbox", "Requests", access.ReadAudits},
	{"/populations", "people", "Populations", access.ReadAudits},
	{"/testing", "test", "Testing", access.ReadAudits},
	{"/findings", "alert", "Findings", access.ReadAudits},
	{"/report", "policy", "Report", access.ReadAudits},
	{"/bundle", "evidence", "Bundle", access.ReadAudits},
	{"/team", "person", "Team", access.ReadAudits},
	{"/records", "evidence", "Client records", access.ReadAudits},
}

// firmNavigation is what somebody of an audit firm sees.
var firmNavigation = []NavGroup{
	{"Firm", []NavEntry{
		{"/audits", "audit", "Engagements", access.ReadAudits},
		{"/methodology", "note", "Methodology", access.ReadAudits},
		{"/ledger", "chain", "Ledger", access.ReadLedger},
		{"/trail", "eye", "Audit trail", access.ReadLedger},
	}},
	{"foot", []NavEntry{
		{"/settings", "gear", "Settings", SignedIn},
	}},
}

// groups are all groups of the navigation that there can be for the reader.
func (r *Request) groups() []NavGroup {
	if r.Grant.Org.Kind != access.Firm {
		return navigation
	}
	if r.audit == nil {
		return firmNavigation
	}
	g := NavGroup{Title: r.audit.client}
	for _, e := range auditEntries {
		if r.site.has[auditPath+"{engagement}"+e.Href] {
			e.Href = r.audit.base + e.Href
			g.Entries = append(g.Entries, e)
		}
	}
	return append([]NavGroup{g}, firmNavigation...)
}

// opens reports whether an entry has a page.
func (r *Request) opens(e NavEntry) bool {
	return r.site.has[e.Href] || r.audit != nil && strings.HasPrefix(e.Href, r.audit.base)
}
