// Package directory shows who works for the organisation: the list of people, each person's record, leavers, the organisation
// chart, devices, role descriptions, and what the sources do not agree on.
package directory

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	People *people.Service
	// Campaigns tells what a person was asked to sign and learn; nil where there are none.
	Campaigns *campaign.Service
	// Refresh brings the directory up to the newest snapshots.
	Refresh func(ctx context.Context, scope access.Scope, now time.Time) (people.Outcome, error)
}

type pages struct{ Services }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadPeople, Title: title, Nav: "/people", Styles: "people", Handle: h}
	}
	form := func(pattern, title string, h func(*page.Request) error) page.Route {
		r := get(pattern, title, h)
		r.Action = access.ManagePeople
		return r
	}
	post := func(pattern, title string, h func(*page.Request) error) page.Route {
		r := form(pattern, title, h)
		r.Method = http.MethodPost
		return r
	}
	command := func(words string, r page.Route) page.Route {
		r.Command = words
		return r
	}
	return []page.Route{
		command("Find a person", get("/people", "People", p.list)),
		command("Who left?", get("/people/leavers", "Leavers", p.leavers)),
		command("Organisation chart", get("/people/chart", "Organisation chart", p.chart)),
		get("/people/doubts", "What does not fit", p.doubts),
		command("Add a person", form("/people/new", "Add a person", p.newPerson)),
		post("/people/new", "Add a person", p.addPerson),
		post("/people/refresh", "Refresh the directory", p.refresh),
		get("/people/{ref}", "Person", p.person),
		form("/people/{ref}/edit", "Edit a person", p.amendForm),
		post("/people/{ref}/edit", "Edit a person", p.amend),
		get("/devices", "Devices", p.devices),
		command("Give somebody a device", form("/devices/new", "Give a device", p.newDevice)),
		post("/devices/new", "Give a device", p.give),
		get("/devices/{ref}", "Device", p.device),
		form("/devices/{ref}/return", "Returned", p.returnForm),
		post("/devices/{ref}/return", "Returned", p.giveBack),
		form("/devices/{ref}/write-off", "Write off", p.writeOffForm),
		post("/devices/{ref}/write-off", "Write off", p.writeOff),
		post("/devices/{ref}/out", "Out again", p.takeBack),
		get("/roles", "Roles", p.roles),
		command("Describe a role", form("/roles/new", "Describe a role", p.newRole)),
		post("/roles/new", "Describe a role", p.addRole),
		get("/roles/{ref}", "Role", p.role),
		form("/roles/{ref}/edit", "Edit a role", p.roleForm),
		post("/roles/{ref}/edit", "Edit a role", p.editRole),
		post("/roles/{ref}/review", "Review a role", p.reviewRole),
	}
}

// Addresses of what these pages show and lead to.

func personURL(ref string) string   { return "/people/" + url.PathEscape(ref) }
func deviceURL(ref string) string   { return "/devices/" + url.PathEscape(ref) }
func roleURL(ref string) string     { return "/roles/" + url.PathEscape(ref) }
func evidenceURL(ref string) string { return "/e/" + url.PathEscape(ref) }

// sides are the pages about people, as tabs.
func (p *pages) sides(r *page.Request, current string) ([]page.Tab, error) {
	doubts, err := p.People.Doubts(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	tabs := []page.Tab{
		{Title: "Directory", Href: "/people"}, {Title: "Leavers", Href: "/people/leavers"}, {Title: "Organisation chart", Href: "/people/chart"},
		{Title: "Devices", Href: "/devices"}, {Title: "Roles", Href: "/roles"}, {Title: "What does not fit", Href: "/people/doubts", Counted: true, Count: len(doubts)},
	}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == current
	}
	return tabs, nil
}

// stateKey is the status key of a person's state.
func stateKey(s people.State) string {
	switch s {
	case people.Active:
		return "pass"
	case people.Joining:
		return "prog"
	case people.Leaving:
		return "risk"
	case people.Left:
	}
	return "na"
}

// stepKey is the status key of a line of the joiner's checklist.
func stepKey(s people.StepState) string {
	switch s {
	case people.StepDone:
		return "pass"
	case people.StepLate, people.StepMissing:
		return "fail"
	case people.StepWaiting:
		return "prog"
	case people.StepUnknown:
	}
	return "err"
}

// stepWord is a line of the joiner's checklist in a word.
func stepWord(s people.Step) string {
	switch s.State {
	case people.StepDone:
		if s.Requirement == people.Conduct {
			return "Accepted"
		}
		return "In time"
	case people.StepLate:
		return "Late"
	case people.StepMissing:
		return "Missing"
	case people.StepWaiting:
		return "To come"
	case people.StepUnknown:
	}
	return "Not kept"
}

// removalKey is the status key of a leaver's account.
func removalKey(s people.RemovalState) string {
	switch s {
	case people.Removed:
		return "pass"
	case people.Slow, people.StillOn:
		return "fail"
	case people.InTime:
		return "risk"
	case people.AtMost, people.NotKnown:
		return "err"
	}
	return "na"
}

// removalWord is a leaver's account in words.
func removalWord(x people.Removal) string {
	switch x.State {
	case people.Removed:
		if x.Account.Gone != nil {
			return "within " + hoursText(x.Hours)
		}
		return hoursText(x.Hours)
	case people.Slow:
		if x.Account.Gone != nil {
			return "over " + hoursText(x.Hours)
		}
		return hoursText(x.Hours)
	case people.StillOn:
		if x.Hours == 0 {
			return "open"
		}
		return "open after " + hoursText(x.Hours)
	case people.InTime:
		return "open, " + hoursText(max(0, people.RemovalHours-x.Hours)) + " left"
	case people.AtMost:
		return hoursText(x.Hours) + " at most"
	case people.NotKnown:
	}
	return "not known"
}

// hoursText is a number of hours in the unit that reads well.
func hoursText(h int) string {
	if h >= 96 {
		return page.Plural(h/24, "day", "days")
	}
	return page.Count(h) + " h"
}

// dayText is a day, or a dash for none.
func dayText(d period.Date) string {
	if d == 0 {
		return "–"
	}
	return page.DateText(d)
}

// dayField is a day as a field shows it, or an export.
func dayField(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// parseDay reads a day from a field; an empty one is 0.
func parseDay(f *page.Form, name string) period.Date {
	s := f.Get(name)
	if s == "" {
		return 0
	}
	d, err := period.ParseDate(s)
	if err != nil || d <= 0 {
		f.Wrong(name, "Give a day such as 2026-03-31.")
		return 0
	}
	return d
}

// optionsOf are the values of a facet as choices, by name; the empty one is left out.
func optionsOf(facet map[string]int, label func(string) string) []page.Option {
	var out []page.Option
	for v, n := range facet {
		if v != "" {
			out = append(out, page.Option{Value: v, Label: label(v), Count: n, Counted: true})
		}
	}
	slices.SortFunc(out, func(a, b page.Option) int {
		if a.Label < b.Label {
			return -1
		}
		return 1
	})
	return out
}

func same(s string) string { return s }

func kindTitle(k string) string {
	switch k {
	case people.Employee:
		return "Employee"
	case people.Contractor:
		return "Contractor"
	case "":
		return "Unknown"
	}
	return k
}

// systemTitle is how a kind of system is called.
func systemTitle(kind string) string {
	switch kind {
	case "okta":
		return "Okta"
	case "github":
		return "GitHub"
	case "bamboohr":
		return "BambooHR"
	}
	return kind
}
