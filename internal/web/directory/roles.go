package directory

import (
	"errors"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

var roleList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Role", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "people", Title: "People", Sort: true, Num: true, Opt: true},
		{Key: "state", Title: "Review"}, {Key: "reviewed", Title: "Reviewed", Sort: true, Num: true, Opt: true},
	},
	Search: "Title, duties", Sort: "title", One: "role", Many: "roles", Size: 50,
}

// roleKey is the status of a role's review, and its word.
func roleKey(x people.Role, today period.Date) (key, word string) {
	switch due := x.Due(); {
	case due == 0:
		return "fail", "Never reviewed"
	case due < today:
		return "fail", "Overdue"
	case due <= today+30:
		return "risk", "Due soon"
	}
	return "pass", "Reviewed"
}

func (p *pages) roles(r *page.Request) error {
	t, err := r.Table(&roleList)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "roles", []string{"Role", "Title", "Job titles", "People", "Duties", "Competence", "Authority", "Owner", "Reviewed"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.People.ListRoles(r.Context(), r.Read(), q)
			var out [][]any
			for _, x := range res.Rows {
				out = append(out, []any{x.Ref, x.Title, strings.Join(x.Titles, ", "), x.People, x.Duties, x.Competence, x.Authority, x.Owner, dayField(x.ReviewedOn)})
			}
			return out, res.Total, err
		})
	}
	res, err := p.People.ListRoles(r.Context(), r.Read(), t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	bare, err := p.undescribed(r)
	if err != nil {
		return err
	}
	rows := roleRows(r, t, res.Rows)
	sides, err := p.sides(r, "/roles")
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, rolesPage(r, t, rows, sides, bare), page.Part(t.ID(), rows))
}

// undescribed counts those who work here by the job titles that no role describes.
func (p *pages) undescribed(r *page.Request) ([]page.Option, error) {
	all, err := p.People.Everyone(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return nil, err
	}
	roles, err := p.People.ListRoles(r.Context(), r.Read(), paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, x := range roles.Rows {
		for _, t := range append([]string{x.Title}, x.Titles...) {
			known[strings.ToLower(t)] = true
		}
	}
	bare := map[string]int{}
	for _, x := range all {
		if x.Title != "" && !known[strings.ToLower(x.Title)] {
			bare[x.Title]++
		}
	}
	return optionsOf(bare, same), nil
}

func (p *pages) role(r *page.Request) error {
	x, err := p.People.Role(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	all, err := p.People.Everyone(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return err
	}
	var holders []people.Person
	for _, h := range all {
		if h.Title != "" && x.Fits(h.Title) {
			holders = append(holders, h)
		}
	}
	r.Title = x.Title
	r.Crumbs = []page.Crumb{{Text: "People", Href: "/people"}, {Text: "Roles", Href: "/roles"}, {Text: x.Ref}}
	return r.Render(http.StatusOK, rolePage(r, x, holders))
}

func roleFields(f *page.Form) people.Role {
	return people.Role{
		Title: f.Get("title"), Titles: strings.FieldsFunc(f.Raw("titles"), func(c rune) bool { return c == '\n' || c == '\r' || c == ',' }),
		Duties: f.Raw("duties"), Competence: f.Raw("competence"), Authority: f.Raw("authority"), Owner: f.Get("owner"),
	}
}

func roleForm(x people.Role) *page.Form {
	return page.NewForm("title", x.Title, "titles", strings.Join(x.Titles, "\n"), "duties", x.Duties, "competence", x.Competence, "authority", x.Authority, "owner", x.Owner)
}

func (p *pages) newRole(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, rolePanel(r, page.NewForm("title", r.Query("title")), nil))
}

func (p *pages) addRole(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	out, err := p.People.Describe(r.Context(), scope, r.Now, []people.Role{roleFields(f)})
	if err == nil {
		return r.Redirect(roleURL(out[0].Ref), out[0].Title+" is described.")
	}
	return r.PanelAgain(f, err, rolePanel(r, f, nil))
}

func (p *pages) roleForm(r *page.Request) error {
	x, err := p.People.Role(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, rolePanel(r, roleForm(x), &x))
}

func (p *pages) editRole(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.People.Rewrite(r.Context(), scope, r.Now, r.Arg("ref"), f.Base(), roleFields(f))
	if err == nil {
		return r.Redirect(roleURL(x.Ref), "Saved.")
	}
	var stale *people.StaleRole
	if errors.As(err, &stale) {
		t := stale.Theirs
		f.Stale(t.Version, map[string]string{"title": t.Title, "titles": strings.Join(t.Titles, "\n"), "duties": t.Duties, "competence": t.Competence, "authority": t.Authority, "owner": t.Owner})
	} else if !f.Take(err) {
		return err
	}
	if x, err = p.People.Role(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), rolePanel(r, f, &x))
}

func (p *pages) reviewRole(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.People.ReviewRole(r.Context(), scope, r.Now, r.Arg("ref"), f.Base())
	var stale *people.StaleRole
	if errors.As(err, &stale) {
		return r.Redirect(roleURL(r.Arg("ref")), "Somebody changed the description meanwhile: read it again, then review it.")
	}
	if err != nil {
		return err
	}
	return r.Redirect(roleURL(x.Ref), x.Title+" is reviewed.")
}

// rolePanelOf is the panel of a new role, or of one that is changed.
func rolePanelOf(x *people.Role) page.PanelForm {
	if x == nil {
		return page.PanelForm{Title: "Describe a role", Action: "/roles/new", Button: "Save", Back: "/roles"}
	}
	return page.PanelForm{Title: "Edit " + x.Ref, Sub: x.Title, Action: roleURL(x.Ref) + "/edit", Button: "Save", Back: roleURL(x.Ref)}
}
