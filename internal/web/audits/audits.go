// Package audits is the pages with which somebody of an audit firm enters an engagement of a client: the list, independence, the
// team, and the way to the client's records.
package audits

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what the pages stand on.
type Services struct {
	Access     *access.Service
	Engagement *engagement.Service
}

type pages struct{ Services }

// Routes lists the pages.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get, post := http.MethodGet, http.MethodPost
	at := "/audits/{engagement}"
	return []page.Route{
		{Method: get, Pattern: "/audits", Action: access.ReadAudits, Title: "Engagements", Handle: p.list},
		{Method: get, Pattern: at, Action: access.ReadAudits, Title: "Engagement", Handle: p.overview},
		{Method: get, Pattern: at + "/independence", Action: access.ReadAudits, Title: "Independence", Handle: p.independence},
		{Method: post, Pattern: at + "/independence", Action: access.ReadAudits, Title: "Independence", Handle: p.declare},
		{Method: get, Pattern: at + "/team", Action: access.ReadAudits, Title: "Team", Handle: p.team},
		{Method: get, Pattern: at + "/team/new", Action: access.ReviewWork, Title: "Add to the team", Handle: p.addForm},
		{Method: post, Pattern: at + "/team/new", Action: access.ReviewWork, Title: "Add to the team", Handle: p.add},
		{Method: get, Pattern: at + "/team/{user}/leave", Action: access.ReadAudits, Title: "Leave the team", Handle: p.leaveForm},
		{Method: post, Pattern: at + "/team/{user}/leave", Action: access.ReadAudits, Title: "Leave the team", Handle: p.leave},
		{Method: get, Pattern: at + "/records", Action: access.ReadAudits, Title: "Client records", Handle: p.records},
	}
}

var listTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "client", Title: "Client"}, {Key: "ref", Title: "Engagement"}, {Key: "title", Title: "Title", Wide: true}, {Key: "period", Title: "Period"},
		{Key: "invited", Title: "Invited", Opt: true, Num: true}, {Key: "state", Title: "Open to you"},
	},
	One: "engagement", Many: "engagements",
}

// line is an invitation with what it is to. Gone says why the engagement could not be read.
type line struct {
	access.Invited
	engagement.Engagement
	Gone string
}

func (p *pages) list(r *page.Request) error {
	t, err := r.Table(&listTable)
	if err != nil {
		return err
	}
	all, err := p.Access.AuditsOf(r.Context(), r.Grant)
	if err != nil {
		return err
	}
	rows := make([]line, len(all))
	for i, x := range all {
		rows[i] = line{Invited: x}
		rows[i].Engagement, err = p.Engagement.Store.Engagement(r.Context(), p.Access.Glimpse(r.Grant, x), x.Engagement)
		switch {
		case errs.Is(err, errs.NotFound):
			rows[i].Gone = "the client has no such engagement any more"
		case err != nil:
			return err
		}
	}
	t.Total = len(rows)
	if t.Exporting() {
		return r.Export(t, "audits", []string{"client", "ref", "title", "first_day", "last_day", "invited", "independence declared"}, func(paging.Query) ([][]any, int, error) {
			out := make([][]any, len(rows))
			for i, x := range rows {
				out[i] = []any{x.ClientName, x.Ref, x.Title, x.Period.From.String(), x.Period.Last().String(), x.At, x.Declared != nil}
			}
			return out, len(out), nil
		})
	}
	return r.Render(http.StatusOK, listPage(t, rows), page.Part(t.ID(), listRows(t, rows)))
}

// enter opens the engagement and reads it.
func (p *pages) enter(r *page.Request) (access.AuditScope, engagement.Engagement, error) {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return a, engagement.Engagement{}, err
	}
	e, err := p.Engagement.Store.Engagement(r.Context(), a.Client, a.Engagement)
	return a, e, err
}

func (p *pages) overview(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	team, err := p.Access.Auditors(r.Context(), a.Client, a.Engagement)
	if err != nil {
		return err
	}
	r.Title = e.Title
	return r.Render(http.StatusOK, overviewPage(r, a, e, ours(a, team)))
}

// ours are the people of one's own firm whose invitation lasts.
func ours(a access.AuditScope, all []access.Invited) []access.Invited {
	return slices.DeleteFunc(slices.Clone(all), func(i access.Invited) bool { return i.Firm != a.Firm.Org() || i.Removed != nil })
}

func (p *pages) independence(r *page.Request) error {
	i, e, err := p.invitation(r)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, independencePage(r, i, e))
}

// invitation reads one's own, declared or not.
func (p *pages) invitation(r *page.Request) (access.Invited, engagement.Engagement, error) {
	all, err := p.Access.AuditsOf(r.Context(), r.Grant)
	if err != nil {
		return access.Invited{}, engagement.Engagement{}, err
	}
	n := slices.IndexFunc(all, func(i access.Invited) bool { return i.Engagement == r.Arg("engagement") })
	if n < 0 {
		return access.Invited{}, engagement.Engagement{}, errs.New(errs.NotFound, "no engagement %s that you are invited to", r.Arg("engagement")).
			WithHint("Ask its partner, or the client, whether your invitation was ended.")
	}
	e, err := p.Engagement.Store.Engagement(r.Context(), p.Access.Glimpse(r.Grant, all[n]), all[n].Engagement)
	r.Title = "Independence"
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/audits"}, {Text: all[n].ClientName}, {Text: "Independence"}}
	return all[n], e, err
}

func (p *pages) declare(r *page.Request) error {
	i, e, err := p.invitation(r)
	if err != nil {
		return err
	}
	if err := p.Access.Declare(r.Context(), r.Grant, r.Now, i.Engagement); err != nil {
		return err
	}
	return r.Redirect(page.AuditPath(i.Engagement), e.Ref+" of "+i.ClientName+" is open to you.")
}

var teamTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "name", Title: "Name", Wide: true}, {Key: "role", Title: "Role"}, {Key: "invited", Title: "Invited", Num: true, Opt: true},
		{Key: "declared", Title: "Independence declared", Num: true}, {Key: "state", Title: "State"}, {Key: "act", Title: "Actions", Quiet: true},
	},
	One: "person", Many: "people",
}

func (p *pages) team(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	t, err := r.Table(&teamTable)
	if err != nil {
		return err
	}
	all, err := p.Access.Auditors(r.Context(), a.Client, a.Engagement)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(i access.Invited) bool { return i.Firm != a.Firm.Org() })
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Team"})
	t.Total = len(all)
	if t.Exporting() {
		return r.Export(t, "team", []string{"name", "email", "role", "invited", "declared", "ended", "why"}, func(paging.Query) ([][]any, int, error) {
			out := make([][]any, len(all))
			for i, x := range all {
				out[i] = []any{x.Name, x.Email, x.Role.Title(), x.At, page.OrBlank(x.Declared), page.OrBlank(x.Removed), x.Why}
			}
			return out, len(out), nil
		})
	}
	return r.Render(http.StatusOK, teamPage(r, a, t, all), page.Part(t.ID(), teamRows(r, a, t, all)))
}

// free are those of the firm who are not on the team.
func (p *pages) free(r *page.Request, a access.AuditScope) ([]page.Option, error) {
	members, err := p.Access.Members(r.Context(), a.Firm.ReadScope)
	if err != nil {
		return nil, err
	}
	team, err := p.Access.Auditors(r.Context(), a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	var out []page.Option
	for _, m := range members {
		on := slices.ContainsFunc(team, func(i access.Invited) bool { return i.User == m.ID && i.Removed == nil })
		if !on && !m.Disabled {
			out = append(out, page.Option{Value: string(m.ID), Label: m.Name + ", " + m.Role.Title()})
		}
	}
	return out, nil
}

func (p *pages) addForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	free, err := p.free(r, a)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, addPanel(r, page.NewForm(), free))
}

func (p *pages) add(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	var i access.Invited
	if f.Get("user") == "" {
		f.Wrong("user", "Choose somebody.")
	} else if i, err = p.Access.AddToTeam(r.Context(), a, r.Now, access.UserID(f.Get("user"))); !f.Take(err) {
		return err
	}
	if !f.OK() {
		free, err := p.free(r, a)
		if err != nil {
			return err
		}
		return r.RenderPanel(f.Status(), addPanel(r, f, free))
	}
	return r.Redirect(page.AuditPath(a.Engagement, "team"), i.Name+" is on the team. The client's trail tells of it.")
}

// onTeam finds the person of the address among one's own.
func (p *pages) onTeam(r *page.Request) (access.AuditScope, access.Invited, error) {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return a, access.Invited{}, err
	}
	all, err := p.Access.Auditors(r.Context(), a.Client, a.Engagement)
	if err != nil {
		return a, access.Invited{}, err
	}
	for _, i := range ours(a, all) {
		if string(i.User) == r.Arg("user") {
			return a, i, nil
		}
	}
	return a, access.Invited{}, errs.New(errs.NotFound, "nobody of that name is on the team")
}

func (p *pages) leaveForm(r *page.Request) error {
	_, i, err := p.onTeam(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, leavePanel(r, page.NewForm(), i))
}

func (p *pages) leave(r *page.Request) error {
	a, i, err := p.onTeam(r)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := p.Access.LeaveTeam(r.Context(), a, r.Now, i.User, f.Get("why")); err != nil {
		if !f.Take(err) {
			return err
		}
		return r.RenderPanel(f.Status(), leavePanel(r, f, i))
	}
	to := page.AuditPath(a.Engagement, "team")
	if i.User == a.Firm.User() {
		to = "/audits"
	}
	return r.Redirect(to, i.Name+" has left the team.")
}

// recordPages are the pages of a client that auditors look at most.
var recordPages = [][3]string{
	{"/controls", "Controls", "What is in force, with each day of the period."},
	{"/tests", "Tests", "The question, the SQL, the population and every verdict."},
	{"/evidence", "Evidence", "Where it came from, how complete it is, its hash and its place in the ledger."},
	{"/system", "System description", "What management describes, and what is still missing."},
	{"/policies", "Policies", "Versions, approvals, acknowledgements."},
	{"/access-reviews", "Access reviews", "Frozen populations, decisions, removals verified."},
	{"/risks", "Risks", "The register and its yearly assessment."},
	{"/vendors", "Vendors", "Subservice organisations and their reports."},
	{"/people", "People", "Joiners, leavers and returners."},
	{"/ledger", "Ledger", "Every entry with its proof."},
}

func (p *pages) records(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Client records"})
	return r.Render(http.StatusOK, recordsPage(r, a))
}

// categories are what is in scope, in words.
func categories(e engagement.Engagement) string {
	if n := len(e.Objectives); n > 0 {
		return page.Plural(n, "control objective", "control objectives")
	}
	return strings.ReplaceAll(strings.Join(e.Categories, ", "), "_", " ")
}
