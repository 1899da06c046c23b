package fieldwork

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/web/page"
)

// methodRoutes are the pages of the firm's methodology beside the table of sizes.
func methodRoutes(p *pages) []page.Route {
	const nav, read, manage = "/methodology", access.ReadAudits, access.ManageMethod
	get, post := http.MethodGet, http.MethodPost
	return []page.Route{
		{Method: get, Pattern: nav + "/templates", Action: read, Title: "Templates", Nav: nav, Handle: p.templates},
		{Method: get, Pattern: nav + "/templates/new", Action: manage, Title: "New template", Nav: nav, Handle: p.newTemplate},
		{Method: post, Pattern: nav + "/templates/new", Action: manage, Title: "New template", Nav: nav, Handle: p.addTemplate},
		{Method: get, Pattern: nav + "/templates/{n}", Action: read, Title: "Template", Nav: nav, Handle: p.template},
		{Method: post, Pattern: nav + "/templates/{n}", Action: manage, Title: "Template", Nav: nav, Handle: p.saveTemplate},
		{Method: get, Pattern: nav + "/templates/{n}/drop", Action: manage, Title: "Drop a template", Nav: nav, Handle: p.dropTemplateForm},
		{Method: post, Pattern: nav + "/templates/{n}/drop", Action: manage, Title: "Drop a template", Nav: nav, Handle: p.dropTemplate},
		{Method: get, Pattern: nav + "/wording", Action: read, Title: "Wording", Nav: nav, Handle: p.wording},
		{Method: post, Pattern: nav + "/wording", Action: manage, Title: "Wording", Nav: nav, Handle: p.setWording},
		{Method: get, Pattern: nav + "/file", Action: read, Title: "Methodology as a file", Nav: nav, Handle: p.methodFile},
		{Method: get, Pattern: nav + "/import", Action: manage, Title: "Import a methodology", Nav: nav, Handle: p.importForm},
		{Method: post, Pattern: nav + "/import", Action: manage, Title: "Import a methodology", Nav: nav, Handle: p.importMethod},
		{Method: get, Pattern: nav + "/firm", Action: read, Title: "The firm", Nav: nav, Handle: p.firm},
		{Method: post, Pattern: nav + "/firm", Action: manage, Title: "The firm", Nav: nav, Handle: p.setFirm},
		{Method: post, Pattern: base + "/firm", Action: access.ReviewWork, Title: "The firm", Handle: p.giveFirm},
		{Method: get, Pattern: nav + "/versions/{n}", Action: read, Title: "Version", Nav: nav, Handle: p.version},
	}
}

var methodCrumb = page.Crumb{Text: "Methodology", Href: "/methodology"}

func methodTabs(m fieldwork.Methodology, current string) []page.Tab {
	tabs := []page.Tab{{Title: "Sizes", Href: "/methodology"}, {Title: "Templates", Href: "/methodology/templates", Counted: true, Count: len(m.Templates)}, {Title: "Wording", Href: "/methodology/wording"}, {Title: "The firm", Href: "/methodology/firm"}}
	for i := range tabs {
		tabs[i].Current = tabs[i].Title == current
	}
	return tabs
}

// methodic reads the methodology for one of its pages.
func (p *pages) methodic(r *page.Request, steps ...page.Crumb) (fieldwork.Methodology, error) {
	r.Crumbs = append([]page.Crumb{methodCrumb}, steps...)
	return p.Work.MethodOf(r.Context(), r.Read())
}

// keep makes a version of the methodology that do changed, and goes to a page; or shows the form again.
func (p *pages) keep(r *page.Request, do func(f *page.Form, m *fieldwork.Methodology) error, to, said string, again func(f *page.Form) error) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	m, err := p.Work.MethodOf(r.Context(), r.Read())
	if err != nil {
		return err
	}
	m.Why = f.Raw("why")
	if err = do(f, &m); err == nil {
		_, err = p.Work.SetMethod(r.Context(), scope, r.Now, f.Base(), m)
	}
	if err == nil {
		return r.Redirect(to, said)
	}
	if !f.Take(err) {
		return err
	}
	return again(f)
}

func (p *pages) templates(r *page.Request) error {
	m, err := p.methodic(r, page.Crumb{Text: "Templates"})
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, templatesPage(r, m))
}

func (p *pages) newTemplate(r *page.Request) error { return p.showTemplate(r, page.NewForm(), -1) }

func (p *pages) addTemplate(r *page.Request) error {
	return p.keep(r, func(f *page.Form, m *fieldwork.Methodology) error {
		m.Templates = append(append([]fieldwork.Template{}, m.Templates...), templateOf(f))
		return nil
	}, "/methodology/templates", "The methodology has a new version with the template.", func(f *page.Form) error { return p.showTemplate(r, f, -1) })
}

func (p *pages) template(r *page.Request) error {
	i, m, err := p.numbered(r)
	if err != nil {
		return err
	}
	t := m.Templates[i]
	f := page.NewForm("template", t.Name, "for", strings.Join(t.For, ", "), "plan", t.Plan)
	for _, x := range t.Attributes {
		f.Values.Set("text"+x.Letter, x.Text)
		f.Values.Set("nature"+x.Letter, string(x.Nature))
	}
	return p.showTemplate(r, f, i)
}

// numbered finds the template of the address.
func (p *pages) numbered(r *page.Request) (int, fieldwork.Methodology, error) {
	m, err := p.Work.MethodOf(r.Context(), r.Read())
	if err != nil {
		return 0, m, err
	}
	n, err := strconv.Atoi(r.Arg("n"))
	if err != nil || n < 1 || n > len(m.Templates) {
		return 0, m, errs.New(errs.NotFound, "the methodology has no template %s", r.Arg("n")).WithHint("It may have been dropped by a newer version.")
	}
	return n - 1, m, nil
}

func (p *pages) showTemplate(r *page.Request, f *page.Form, i int) error {
	m, err := p.methodic(r, page.Crumb{Text: "Templates", Href: "/methodology/templates"}, page.Crumb{Text: "Template"})
	if err != nil {
		return err
	}
	return r.Render(f.Status(), templatePage(r, f, m, i))
}

func templateOf(f *page.Form) fieldwork.Template {
	t := fieldwork.Template{Name: f.Get("template"), Plan: f.Raw("plan"), For: strings.FieldsFunc(f.Get("for"), func(c rune) bool { return c == ',' || c == ' ' || c == ';' })}
	for _, l := range fieldwork.Letters {
		if s := f.Get("text" + string(l)); s != "" {
			t.Attributes = append(t.Attributes, fieldwork.Attribute{Letter: string(l), Text: s, Nature: fieldwork.Nature(f.Get("nature" + string(l)))})
		}
	}
	return t
}

func (p *pages) saveTemplate(r *page.Request) error {
	i, _, err := p.numbered(r)
	if err != nil {
		return err
	}
	return p.keep(r, func(f *page.Form, m *fieldwork.Methodology) error {
		m.Templates = append([]fieldwork.Template{}, m.Templates...)
		m.Templates[i] = templateOf(f)
		return nil
	}, "/methodology/templates", "The methodology has a new version; workpapers keep what they were planned with.", func(f *page.Form) error { return p.showTemplate(r, f, i) })
}

func (p *pages) dropTemplateForm(r *page.Request) error {
	i, m, err := p.numbered(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, dropTemplatePanel(r, page.NewForm(), m, i))
}

func (p *pages) dropTemplate(r *page.Request) error {
	i, now, err := p.numbered(r)
	if err != nil {
		return err
	}
	return p.keep(r, func(_ *page.Form, m *fieldwork.Methodology) error {
		m.Templates = append(append([]fieldwork.Template{}, m.Templates[:i]...), m.Templates[i+1:]...)
		return nil
	}, "/methodology/templates", "The newest version has the template no more.", func(f *page.Form) error { return r.RenderPanel(f.Status(), dropTemplatePanel(r, f, now, i)) })
}

func (p *pages) wording(r *page.Request) error {
	m, err := p.methodic(r, page.Crumb{Text: "Wording"})
	if err != nil {
		return err
	}
	f := page.NewForm()
	for _, x := range m.Wording.Phrases() {
		f.Values.Set(x.Field, *x.Text)
	}
	return r.Render(http.StatusOK, wordingPage(r, f, m))
}

func (p *pages) setWording(r *page.Request) error {
	return p.keep(r, func(f *page.Form, m *fieldwork.Methodology) error {
		for _, x := range m.Wording.Phrases() {
			*x.Text = f.Get(x.Field)
		}
		return nil
	}, "/methodology/wording", "Section IV says it in these words from now on.", func(f *page.Form) error {
		m, err := p.methodic(r, page.Crumb{Text: "Wording"})
		if err != nil {
			return err
		}
		return r.Render(f.Status(), wordingPage(r, f, m))
	})
}

func (p *pages) methodFile(r *page.Request) error {
	m, err := p.Work.MethodOf(r.Context(), r.Read())
	if err != nil {
		return err
	}
	text, err := m.YAML()
	if err != nil {
		return err
	}
	return r.Attach("methodology-v"+itoa(m.Version)+".yaml", "application/yaml", int64(len(text)), r.Now, strings.NewReader(text))
}

func (p *pages) importForm(r *page.Request) error {
	m, err := p.methodic(r, page.Crumb{Text: "Import"})
	if err != nil {
		return err
	}
	text, err := m.YAML()
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, importPage(r, page.NewForm("yaml", text), m, nil))
}

// importMethod shows what a file would change first, and keeps it when the same text is sent with a reason.
func (p *pages) importMethod(r *page.Request) error {
	f, _, err := r.Submitted()
	if err != nil {
		return err
	}
	m, err := p.methodic(r, page.Crumb{Text: "Import"})
	if err != nil {
		return err
	}
	x, err := fieldwork.ReadMethodology([]byte(f.Raw("yaml")))
	if err != nil {
		if !f.Take(err) {
			return err
		}
		return r.Render(f.Status(), importPage(r, f, m, nil))
	}
	hunks, err := differences(m, x)
	if err != nil {
		return err
	}
	if f.Get("do") != "keep" {
		return r.Render(http.StatusOK, importPage(r, f, m, hunks))
	}
	return p.keep(r, func(_ *page.Form, m *fieldwork.Methodology) error {
		m.Table, m.Confidence, m.Tolerable, m.Templates, m.Wording = x.Table, x.Confidence, x.Tolerable, x.Templates, x.Wording
		return nil
	}, "/methodology", "The methodology has a new version, as the file says.", func(f *page.Form) error { return r.Render(f.Status(), importPage(r, f, m, hunks)) })
}

// differences are those between two versions, by the lines of their files.
func differences(was, is fieldwork.Methodology) ([]textdiff.Hunk, error) {
	a, err := was.YAML()
	if err != nil {
		return nil, err
	}
	b, err := is.YAML()
	if err != nil {
		return nil, err
	}
	if a == b {
		return nil, nil
	}
	return textdiff.Hunks(textdiff.Lines(a, b), 2), nil
}

func (p *pages) version(r *page.Request) error {
	n, err := strconv.Atoi(r.Arg("n"))
	if err != nil {
		return errs.New(errs.NotFound, "the methodology has no version %s", r.Arg("n"))
	}
	r.Crumbs = []page.Crumb{methodCrumb, {Text: "Version " + itoa(n)}}
	m, err := p.Work.MethodAt(r.Context(), r.Read(), n)
	if err != nil {
		return err
	}
	var hunks []textdiff.Hunk
	if n > 0 {
		was, err := p.Work.MethodAt(r.Context(), r.Read(), n-1)
		if err != nil {
			return err
		}
		if hunks, err = differences(was, m); err != nil {
			return err
		}
	}
	by := ""
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return err
	}
	for _, x := range members {
		if string(x.ID) == m.By {
			by = x.Name
		}
	}
	return r.Render(http.StatusOK, versionPage(r, m, by, hunks))
}
