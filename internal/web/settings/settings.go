// Package settings is the pages with which owners run the program for their organisation: the organisation itself, people
// and roles, API tokens, and where notifications go.
package settings

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages stand on.
type Services struct {
	Access *access.Service
	View   *view.Reader
	Notify *notify.Service
	// Customs are the numbers that no standard prescribes, as they stand for an organisation.
	Customs func(ctx context.Context, s access.ReadScope) ([]Custom, error)
}

// Custom is a number of the trade with its default, where that comes from, and where it is set.
type Custom struct {
	Name, Value, Default, Source string
	Where                        string // in words
	Href                         string // page that sets it; empty for none
}

type pages struct{ Services }

// Routes are the addresses of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: "/settings", Handle: h}
	}
	post := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: "/settings", Handle: h}
	}
	both := func(pattern string, a access.Action, title string, show, do func(*page.Request) error) []page.Route {
		return []page.Route{get(pattern, a, title, show), post(pattern, a, title, do)}
	}
	const person = "/settings/people/{id}"
	out := []page.Route{
		get("/settings", page.SignedIn, "Settings", p.overview),
		get("/settings/people", access.ManageUsers, "People", p.people),
		get(person, access.ManageUsers, "Person", p.person),
		get("/settings/customs", access.ReadEngagement, "Custom numbers", p.customs),
		get("/settings/roles", page.SignedIn, "Roles", p.roles),
		get("/settings/tokens", access.ManageTokens, "API tokens", p.tokens),
		get(notifications, access.ManageConnection, "Notifications", p.notifications),
		post(notifications+"/routes/{id}/test", access.ManageConnection, "Test a route", p.testRoute),
		post(notifications+"/messages/{id}/again", access.ManageConnection, "Send again", p.again),
		{Method: http.MethodGet, Pattern: "/welcome", Action: page.Public, Title: "Set your password", Handle: p.welcome},
		{Method: http.MethodPost, Pattern: "/welcome", Action: page.Public, Title: "Set your password", Handle: p.setPassword},
	}
	for _, more := range [][]page.Route{
		both("/settings/organisation", access.ManageOrg, "Organisation", p.organisation, p.changeOrganisation),
		both("/settings/people/invite", access.ManageUsers, "Invite somebody", p.inviteForm, p.invite),
		both(person+"/role", access.ManageUsers, "Role", p.roleForm, p.changeRole),
		both(person+"/link", access.ManageUsers, "Password link", p.linkForm, p.makeLink),
		both(person+"/block", access.ManageUsers, "Block an account", p.ask(blocking), p.block(true)),
		{post(person+"/unblock", access.ManageUsers, "Unblock an account", p.block(false))},
		both(person+"/factor", access.ManageUsers, "Reset a second factor", p.ask(resetting), p.resetFactor),
		both(person+"/sign-out", access.ManageUsers, "Sign out everywhere", p.ask(signingOut), p.signOutEverywhere),
		both(person+"/remove", access.ManageUsers, "Remove from the organisation", p.ask(removing), p.remove),
		both(notifications+"/new/{kind}", access.ManageConnection, "New route", p.newRoute, p.addRoute),
		both(notifications+"/routes/{id}/edit", access.ManageConnection, "Change a route", p.editRoute, p.changeRoute),
		both(notifications+"/routes/{id}/remove", access.ManageConnection, "Remove a route", p.askRemoveRoute, p.removeRoute),
		both("/settings/tokens/new", access.ManageTokens, "New API token", p.tokenForm, p.makeToken),
		both("/settings/tokens/{id}/revoke", access.ManageTokens, "Revoke a token", p.askRevoke, p.revoke),
	} {
		out = append(out, more...)
	}
	return out
}

// section is a part of the settings: its line on the overview and its tab.
type section struct {
	Path, Icon, Title, Text string
	Action                  access.Action
	State                   string // status key of the sentence that follows; empty for none
	Says                    string // how it stands
	Elsewhere               bool   // not below /settings: no tab
}

// sections are those the reader may open.
func sections(r *page.Request) []section {
	var out []section
	for _, s := range []section{
		{Path: "/settings/organisation", Icon: "frame", Title: "Organisation", Text: "Names, contact, how long sessions last, and what everybody must have.", Action: access.ManageOrg},
		{Path: "/settings/people", Icon: "people", Title: "People", Text: "Who may sign in, as what, and since when.", Action: access.ManageUsers},
		{Path: "/settings/roles", Icon: "person", Title: "Roles", Text: "What each role may do.", Action: page.SignedIn},
		{Path: "/settings/tokens", Icon: "access", Title: "API tokens", Text: "Programs that act for somebody.", Action: access.ManageTokens},
		{Path: "/settings/notifications", Icon: "alert", Title: "Notifications", Text: "Where news goes: e-mail, chat, webhooks.", Action: access.ManageConnection},
		{Path: "/settings/customs", Icon: "note", Title: "Custom numbers", Text: "What no standard prescribes: lengths, ages and limits, with their defaults and where those are from.", Action: access.ReadEngagement},
		{Path: "/connections", Icon: "plug", Title: "Connections", Text: "Systems that facts are read from.", Action: access.ReadProgramme, Elsewhere: true},
		{Path: "/trail", Icon: "eye", Title: "Audit trail", Text: "Who did what, when and from where, to read and to export.", Action: access.ReadLedger, Elsewhere: true},
		{Path: "/account", Icon: "person", Title: "Your own account", Text: "Password, second factor, sessions.", Action: page.SignedIn, Elsewhere: true},
	} {
		if r.Allowed(s.Action) && r.Has(s.Path) {
			out = append(out, s)
		}
	}
	return out
}

func (p *pages) customs(r *page.Request) error {
	all, err := p.Customs(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, customsPage(r, all))
}

// tabs are the sections that live here, with the current one marked.
func tabs(r *page.Request, current string) []page.Tab {
	out := []page.Tab{{Title: "Overview", Href: "/settings", Current: current == "/settings"}}
	for _, s := range sections(r) {
		if !s.Elsewhere {
			out = append(out, page.Tab{Title: s.Title, Href: s.Path, Current: s.Path == current})
		}
	}
	return out
}

// soon is how far ahead the end of a token is worth a word.
const soon = 14 * 24 * time.Hour

func (p *pages) overview(r *page.Request) error {
	all := sections(r)
	for i := range all {
		if err := p.stand(r, &all[i]); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, overviewPage(r, all))
}

// stand says how a section stands, where that is worth a look.
func (p *pages) stand(r *page.Request, s *section) error {
	switch s.Path {
	case "/settings/organisation":
		s.Says = r.Grant.Org.Name
		if r.Grant.Org.Settings.SecondFactor {
			s.Says += " · second factor required"
		}
	case "/settings/people":
		states, _, err := p.View.PersonCounts(r.Context(), r.Read(), view.PersonFilter{}, "")
		if err != nil {
			return err
		}
		n := map[string]int64{}
		for _, c := range states {
			n[c.Value] = c.N
		}
		s.Says = page.Plural(n["active"], "person", "people")
		if n["invited"] > 0 {
			s.Says += ", " + page.Count(n["invited"]) + " invited"
		}
		if n["factor"] > 0 {
			s.State, s.Says = "risk", s.Says+" · "+page.Count(n["factor"])+" without a second factor"
		}
	case "/settings/tokens":
		good, err := p.View.Tokens(r.Context(), r.Read(), r.Now, view.TokenFilter{State: "good"}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		ending := 0
		for _, t := range good.Rows {
			if t.Expires.Sub(r.Now) < soon {
				ending++
			}
		}
		s.Says = page.Plural(good.Total, "token in use", "tokens in use")
		if ending > 0 {
			s.State, s.Says = "risk", s.Says+" · "+page.Count(ending)+" to end within 14 days"
		}
	case notifications:
		return p.standNotifications(r, s)
	case "/connections":
		conns, err := p.View.Connections(r.Context(), r.Read(), false)
		if err != nil {
			return err
		}
		bad := 0
		for _, c := range conns {
			switch c.Health(r.Now) {
			case view.HealthFailing, view.HealthIncomplete, view.HealthLate, view.HealthNever:
				bad++
			}
		}
		s.Says = page.Plural(len(conns), "system", "systems")
		if bad > 0 {
			s.State, s.Says = "risk", s.Says+" · "+page.Count(bad)+" to look at"
		}
	}
	return nil
}

func (p *pages) standNotifications(r *page.Request, s *section) error {
	routes, err := p.Notify.Routes(r.Context(), r.Read())
	if err != nil {
		return err
	}
	on := 0
	for _, x := range routes {
		if x.Enabled {
			on++
		}
	}
	failed, err := p.Notify.Deliveries(r.Context(), r.Read(), notify.DeliveryFilter{Status: notify.Failed}, paging.Query{Size: 1})
	if err != nil {
		return err
	}
	s.Says = page.Plural(on, "route in use", "routes in use")
	if failed.Total > 0 {
		s.State, s.Says = "risk", s.Says+" · "+page.Plural(failed.Total, "message given up", "messages given up")
	}
	return nil
}

// lengthText is a length of time in words.
func lengthText(d time.Duration) string {
	switch {
	case d == 0:
		return "as the program does"
	case d < time.Hour:
		return page.Plural(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour && d%(24*time.Hour) != 0:
		return page.Plural(int(d.Hours()), "hour", "hours")
	}
	return page.Plural(int(d.Hours()/24), "day", "days")
}

// lengths are choices of a length in seconds; usual is what 0 stands for.
func lengths(all []time.Duration, usual string) []page.Option {
	out := make([]page.Option, len(all))
	for i, d := range all {
		out[i] = page.Option{Value: seconds(d), Label: lengthText(d)}
		if d == 0 {
			out[i].Label = usual
		}
	}
	return out
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// address is a path of this program with the place it is reached at, for links that leave it.
func address(r *page.Request, path string, q url.Values) string {
	u := url.URL{Scheme: "http", Host: r.HTTP.Host, Path: path, RawQuery: q.Encode()}
	if r.Secure() {
		u.Scheme = "https"
	}
	return u.String()
}
