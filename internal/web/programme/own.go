package programme

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Addresses of frameworks that the organisation brought along.
const (
	ownPlace  = "/frameworks/own"
	ownImport = "/frameworks/import"
)

func ownURL(ref string) string { return ownPlace + "/" + url.PathEscape(ref) }

func ownRequirementURL(ref, code string) string {
	return ownURL(ref) + "/requirements/" + url.PathEscape(code)
}

// ownBody is what a request with a catalog may have.
const ownBody = framework.MaxBytes + 1<<20

func (p *pages) ownRoutes() []page.Route {
	const nav = "/frameworks"
	one := ownPlace + "/{ref}"
	get := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadProgramme, Title: title, Nav: nav, Handle: h}
	}
	edit := func(method, pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: method, Pattern: pattern, Action: access.EditControls, Title: title, Nav: nav, Handle: h}
	}
	in, take := edit(http.MethodGet, ownImport, "Import a framework", p.ownForm), edit(http.MethodPost, ownImport, "Import a framework", p.ownTake)
	in.Command, take.Body = "Import a framework", ownBody
	return []page.Route{
		in, take,
		get(one, "Imported framework", p.own), get(one+"/history", "Versions of a framework", p.ownHistory), get(one+"/catalog.json", "Catalog", p.ownFile),
		edit(http.MethodGet, one+"/remove", "Remove a framework", p.ownRemoveForm), edit(http.MethodPost, one+"/remove", "Remove a framework", p.ownRemove),
		get(one+"/requirements/{code}", "Requirement", p.ownRequirement),
		edit(http.MethodPost, one+"/requirements/{code}/map", "Map a control", p.ownMap), edit(http.MethodPost, one+"/requirements/{code}/unmap", "Take a mapping back", p.ownUnmap),
	}
}

func (p *pages) ownForm(r *page.Request) error {
	return p.showOwnForm(r, page.NewForm("of", r.Query("of")))
}

func (p *pages) showOwnForm(r *page.Request, f *page.Form) error {
	all, err := p.Frameworks.Frameworks(r.Context(), r.Read())
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: "Import"}}
	return r.Render(f.Status(), ownImportPage(r, f, all))
}

func (p *pages) ownTake(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	file, err := r.Upload(f, "file", framework.MaxBytes)
	if err != nil {
		return err
	}
	if file == nil && f.OK() {
		f.Wrong("file", "Choose a file: an OSCAL catalog in JSON.")
	}
	if !f.OK() {
		return p.showOwnForm(r, f)
	}
	content, err := file.Content()
	if err != nil {
		return err
	}
	x, rev, err := p.Frameworks.Import(r.Context(), scope, r.Now, f.Get("of"), file.Name, content)
	switch {
	case err == nil && rev.Number > 1:
		return r.Redirect(ownURL(x.Ref)+"/history", x.Ref+" is renewed: "+rev.Changes.Sentence()+".")
	case err == nil:
		return r.Redirect(ownURL(x.Ref), x.Ref+" is here, with "+page.Plural(rev.Total, "requirement", "requirements")+".")
	case page.DiskFull(err) || !f.Take(err):
		return err
	}
	return p.showOwnForm(r, f)
}

var ownList = page.TableSpec{
	Columns: []page.Column{
		{Key: "code", Title: "Requirement", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "state", Title: "State"}, {Key: "controls", Title: "Controls", Sort: true},
	},
	Filters: []page.Filter{
		{Key: "only", Title: "Show", Kind: page.Segments, Options: []page.Option{
			{Value: string(framework.WithoutControl), Label: "Without a control", Status: "risk"}, {Value: string(framework.WithControl), Label: "With a control", Status: "pass"},
			{Value: string(framework.Withdrawn), Label: "Withdrawn", Status: "na"}, {Value: string(framework.Stale), Label: "To look at", Status: "err"}, {Value: string(framework.Vanished), Label: "Vanished", Status: "na"},
		}},
		{Key: "family", Title: "Family", Kind: page.Select, Open: true, All: "All families"},
	},
	Search: "Find a requirement", Sort: "code", One: "requirement", Many: "requirements",
}

// ownState is how a requirement stands: a sign and a word.
func ownState(k framework.Kept) (key, word string) {
	switch {
	case k.Gone > 0:
		return "err", "Vanished"
	case k.Withdrawn:
		return "na", "Withdrawn"
	case len(k.Mapped) == 0:
		return "risk", "No control"
	}
	return "pass", "Mapped"
}

func (p *pages) own(r *page.Request) error {
	x, err := p.Frameworks.Framework(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	t, err := r.Table(&ownList)
	if err != nil {
		return err
	}
	f := framework.Filter{Family: t.Filter("family"), Only: framework.Only(t.Filter("only"))}
	titles := map[string]string{}
	var families []page.Option
	for _, y := range x.Families {
		titles[y.ID] = y.Title
		families = append(families, page.Option{Value: y.ID, Label: y.Title, Count: y.Requirements, Counted: true})
	}
	if t.Exporting() {
		head := []string{"Framework", "Requirement", "Identifier", "Title", "Family", "Statement", "Enhances", "State", "Controls"}
		return r.Export(t, strings.ToLower(x.Ref), head, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Frameworks.Requirements(r.Context(), r.Read(), x.ID, f, q)
			var out [][]any
			for _, k := range res.Rows {
				_, word := ownState(k)
				out = append(out, []any{x.Ref, k.Label, k.Code, k.Title, titles[k.Family], k.Statement, k.Parent, word, strings.Join(mappedTo(k), " ")})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Frameworks.Requirements(r.Context(), r.Read(), x.ID, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	t.SetOptions("family", families)
	t.SetCounts("only", map[string]int{string(framework.WithControl): x.Mapped, string(framework.WithoutControl): x.Total - x.Mapped, string(framework.Withdrawn): x.Withdrawn})
	r.Title = x.Title
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: x.Ref}}
	part := ownRows(t, x.Ref, res.Rows)
	return r.Render(http.StatusOK, ownPage(r, t, x, part), page.Part(t.ID(), part))
}

func mappedTo(k framework.Kept) []string {
	var out []string
	for _, m := range k.Mapped {
		out = append(out, m.Control)
	}
	return out
}

func (p *pages) ownHistory(r *page.Request) error {
	x, all, err := p.Frameworks.Revisions(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	var who []string
	for _, v := range all {
		who = append(who, v.By)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: x.Ref, Href: ownURL(x.Ref)}, {Text: "Versions"}}
	return r.Render(http.StatusOK, ownHistoryPage(x, all, names))
}

func (p *pages) ownFile(r *page.Request) error {
	x, body, err := p.Frameworks.File(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.Attach(fmt.Sprintf("%s-%d.json", strings.ToLower(x.Ref), x.Number), "application/octet-stream", int64(len(body)), x.At, bytes.NewReader(body))
}

func (p *pages) ownRemoveForm(r *page.Request) error {
	x, err := p.Frameworks.Framework(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm()
	return r.RenderPanel(f.Status(), ownRemovePanel(r, f, x))
}

func (p *pages) ownRemove(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Frameworks.Framework(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if !strings.EqualFold(f.Get("confirm"), x.Ref) {
		f.Wrong("confirm", "Write "+x.Ref+" to confirm.")
		return r.RenderPanel(f.Status(), ownRemovePanel(r, f, x))
	}
	if err := p.Frameworks.Remove(r.Context(), scope, r.Now, x.Ref); err != nil {
		return r.PanelAgain(f, err, ownRemovePanel(r, f, x))
	}
	return r.Redirect("/frameworks", x.Ref+" is removed.")
}

// ownDetail is a requirement of an imported framework with what its page shows.
type ownDetail struct {
	framework.Around
	Names    map[string]string // of those who mapped
	Titles   map[string]string // of controls, by reference
	Controls []page.Option     // that can be mapped
}

func (p *pages) ownRequirement(r *page.Request) error { return p.showOwnRequirement(r, page.NewForm()) }

func (p *pages) showOwnRequirement(r *page.Request, f *page.Form) error {
	a, err := p.Frameworks.Requirement(r.Context(), r.Read(), r.Arg("ref"), r.Arg("code"))
	if err != nil {
		return err
	}
	d := ownDetail{Around: a, Titles: map[string]string{}}
	var who []string
	taken := map[string]bool{}
	for _, m := range a.Kept.Mapped {
		who, taken[m.Control] = append(who, m.By), true
	}
	if d.Names, err = p.View.Actors(r.Context(), r.Read(), who...); err != nil {
		return err
	}
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
		res, err := p.Controls.List(r.Context(), r.Read(), control.Filter{}, q)
		if err != nil {
			return err
		}
		for _, c := range res.Rows {
			d.Titles[c.Ref] = c.Version.Title
			if !taken[c.Ref] && c.Version.Status != control.Retired && c.Version.Status != control.Withdrawn {
				d.Controls = append(d.Controls, page.Option{Value: c.Ref, Label: c.Ref + "  " + c.Version.Title})
			}
		}
		if len(res.Rows) < paging.MaxSize {
			break
		}
	}
	r.Title = a.Kept.Label + " " + a.Kept.Title
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: a.Framework.Ref, Href: ownURL(a.Framework.Ref)}, {Text: a.Kept.Label}}
	return r.Render(f.Status(), ownRequirementPage(r, f, d))
}

func (p *pages) ownMap(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ref := f.Get("control")
	if _, err = p.Frameworks.Map(r.Context(), scope, r.Now, r.Arg("ref"), r.Arg("code"), ref, framework.ByHand); err != nil {
		if !f.Take(err) {
			return err
		}
		return p.showOwnRequirement(r, f)
	}
	return r.Redirect(ownRequirementURL(r.Arg("ref"), r.Arg("code")), strings.ToUpper(ref)+" is mapped.")
}

func (p *pages) ownUnmap(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ref := f.Get("control")
	if err := p.Frameworks.Unmap(r.Context(), scope, r.Now, r.Arg("ref"), r.Arg("code"), ref); err != nil {
		return err
	}
	return r.Redirect(ownRequirementURL(r.Arg("ref"), r.Arg("code")), ref+" is no longer mapped.")
}

// ownSentence says how far a framework is mapped.
func ownSentence(x framework.Overview) string {
	return fmt.Sprintf("%s of %s have a control", page.Count(x.Mapped), page.Plural(x.Total, "requirement", "requirements"))
}

func ownShares(mapped, total int) []page.Share {
	return []page.Share{{Status: "pass", Count: mapped}, {Status: "na", Count: total - mapped}}
}

// ownChoices are where a catalog can go.
func ownChoices(all []framework.Overview) []page.Option {
	out := []page.Option{{Value: "", Label: "A new framework"}}
	for _, x := range all {
		out = append(out, page.Option{Value: x.Ref, Label: "A newer version of " + x.Ref + ", " + x.Name()})
	}
	return out
}

// marked is a list of what an import changed, under its heading.
type marked struct {
	Title string
	Marks []framework.Mark
}

func markedLists(c framework.Changes) []marked {
	return []marked{{"Added", c.Added}, {"Removed", c.Removed}, {"Changed", c.Changed}}
}

func ownSays(m framework.Mark) string {
	switch {
	case m.Mapped > 0:
		return page.Plural(m.Mapped, "control was", "controls were") + " mapped to it"
	case len(m.What) > 0:
		return strings.Join(m.What, ", ")
	}
	return ""
}
