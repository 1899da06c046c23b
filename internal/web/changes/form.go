package changes

import (
	"maps"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// changeForm is what the form of a change needs besides what was written.
type changeForm struct {
	page.PanelForm
	Version     int
	Services    []string
	Components  []string
	Departments []string
}

func dateField(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// fieldsOf is what is written about a change, as its fields show it.
func fieldsOf(t change.Text) map[string]string {
	var lists []string
	for _, a := range t.Audiences {
		if a.Kind == change.NamedList {
			lists = append(lists, a.Name)
		}
	}
	customer := ""
	if t.Customer {
		customer = "on"
	}
	return map[string]string{"title": t.Title, "text": t.Text, "effective": dateField(t.Effective), "customer": customer, "impact": t.Impact, "lists": strings.Join(lists, "\n")}
}

func formOf(t change.Text) *page.Form {
	f := page.NewForm()
	for k, v := range fieldsOf(t) {
		f.Values.Set(k, v)
	}
	f.Values["services"], f.Values["components"] = t.Services, t.Components
	for _, a := range t.Audiences {
		if a.Kind != change.NamedList {
			f.Values.Add("audiences", a.Key())
		}
	}
	return f
}

func textOf(f *page.Form) change.Text {
	t := change.Text{Title: f.Get("title"), Text: f.Values.Get("text"), Services: f.Values["services"], Components: f.Values["components"], Customer: f.Checked("customer"), Impact: f.Values.Get("impact")}
	for _, k := range f.Values["audiences"] {
		t.Audiences = append(t.Audiences, change.ParseAudience(k))
	}
	for name := range strings.Lines(f.Values.Get("lists")) {
		if name = strings.TrimSpace(name); name != "" {
			t.Audiences = append(t.Audiences, change.Audience{Kind: change.NamedList, Name: name})
		}
	}
	if s := f.Get("effective"); s != "" {
		d, err := period.ParseDate(s)
		if err != nil || d <= 0 {
			f.Wrong("effective", "Give a day such as 2026-12-31.")
		}
		t.Effective = d
	}
	return t
}

// around fills the choices of the form: what the system description and the directory know, and what was chosen before.
func (p *pages) around(r *page.Request, f *page.Form, x changeForm) (templComponent, error) {
	if r.Can(access.ReadEngagement) {
		d, err := p.System.Description(r.Context(), r.Read(), r.Now)
		if err != nil {
			return nil, err
		}
		for _, s := range d.Services {
			x.Services = append(x.Services, s.Name)
		}
		for _, class := range org.Classes() {
			for _, c := range *d.Components.Of(class) {
				x.Components = append(x.Components, c.Name)
			}
		}
	}
	if p.People != nil && r.Can(access.ReadPeople) {
		facets, err := p.People.Facets(r.Context(), r.Read(), people.Filter{Working: true})
		if err != nil {
			return nil, err
		}
		x.Departments = slices.Sorted(maps.Keys(facets["department"]))
	}
	add := func(list []string, more []string) []string {
		for _, s := range more {
			if s != "" && !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
		return list
	}
	x.Services, x.Components = add(x.Services, f.Values["services"]), add(x.Components, f.Values["components"])
	for _, k := range f.Values["audiences"] {
		if a := change.ParseAudience(k); a.Kind == change.Department {
			x.Departments = add(x.Departments, []string{a.Name})
		}
	}
	x.Departments = slices.DeleteFunc(x.Departments, func(s string) bool { return s == "" })
	return changePanel(r, f, x), nil
}

func newForm() changeForm {
	return changeForm{PanelForm: page.PanelForm{Title: "New significant change", Sub: "Whether it is significant is for a person to decide, afterwards.", Action: place + "/new", Button: "Record the change", Back: place}}
}

func (p *pages) newChange(r *page.Request) error {
	f := page.NewForm("title", r.Query("title"))
	part, err := p.around(r, f, newForm())
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), part)
}

func (p *pages) addChange(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t := textOf(f)
	if f.OK() {
		c, err := p.Changes.Add(r.Context(), scope, r.Now, t)
		if err == nil {
			return r.Redirect(changeURL(c.Ref), c.Ref+" is recorded.")
		}
		if !f.Take(err) {
			return err
		}
	}
	part, err := p.around(r, f, newForm())
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), part)
}

func editOf(c change.Change) changeForm {
	return changeForm{PanelForm: page.PanelForm{Title: "Edit " + c.Ref, Action: changeURL(c.Ref) + "/edit", Button: "Save", Back: changeURL(c.Ref)}, Version: c.Version}
}

func (p *pages) editForm(r *page.Request) error {
	return p.ask(r, func(c change.Change) (templComponent, error) { return p.around(r, formOf(c.Text), editOf(c)) })
}

func (p *pages) edit(r *page.Request) error {
	return p.act(r, func(scope access.Scope, c change.Change, f *page.Form) (string, error) {
		t := textOf(f)
		if !f.OK() {
			return "", nil
		}
		_, err := p.Changes.Edit(r.Context(), scope, r.Now, c.Ref, f.Base(), t)
		return c.Ref + " saved.", err
	}, func(c change.Change, f *page.Form) (templComponent, error) { return p.around(r, f, editOf(c)) })
}
