package page

import "net/url"

// EngagementPath is the address of a page of an engagement for its client: EngagementPath("SOC2-2026-1", "scope").
func EngagementPath(ref string, parts ...string) string {
	p := "/engagements/" + url.PathEscape(ref)
	for _, x := range parts {
		p += "/" + url.PathEscape(x)
	}
	return p
}

// engagementTabs are the pages of an engagement for its client, by the last part of their address.
var engagementTabs = []struct{ name, title string }{
	{"", "Overview"}, {"scope", "Scope"}, {"requests", "Requests"}, {"findings", "Findings"}, {"auditors", "Auditors"}, {"documents", "Documents"}, {"report", "Report"}, {"distribution", "Distribution"},
}

// EngagementTabs are the tabs of an engagement: those that have a route.
func (r *Request) EngagementTabs(ref, current string) []Tab {
	var out []Tab
	for _, t := range engagementTabs {
		path, pattern := EngagementPath(ref), "/engagements/{ref}"
		if t.name != "" {
			path, pattern = EngagementPath(ref, t.name), pattern+"/"+t.name
		}
		if r.site.has[pattern] {
			out = append(out, Tab{Title: t.title, Href: path, Current: t.name == current})
		}
	}
	return out
}
