package programme

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) frameworks(r *page.Request) error {
	list, err := p.View.Frameworks(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	own, err := p.Frameworks.Frameworks(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, frameworksPage(r, list, own))
}

var requirementList = page.TableSpec{
	Columns: []page.Column{
		{Key: "id", Title: "Requirement"},
		{Key: "title", Title: "Topic", Wide: true},
		{Key: "state", Title: "State"},
		{Key: "strip", Title: "90 days", Opt: true},
		{Key: "controls", Title: "Controls", Opt: true},
		{Key: "tested", Title: "Tested", Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: stateOptions},
		{Key: "category", Title: "Category", Kind: page.Select, Open: true, All: "All categories"},
		{Key: "gaps", Title: "Controls", Kind: page.Select, All: "With or without control", Options: []page.Option{{Value: "yes", Label: "Without a control"}}},
		{Key: "order", Title: "Order", Kind: page.Select, All: "Gaps first", Options: []page.Option{{Value: "framework", Label: "As the framework orders them"}}},
	},
	Search: "Find a requirement", Size: paging.MaxSize, One: "requirement", Many: "requirements",
}

// plainRequirementList is requirementList without categories.
var plainRequirementList = func() page.TableSpec {
	s := requirementList
	s.Filters = slices.DeleteFunc(slices.Clone(s.Filters), func(f page.Filter) bool { return f.Key == "category" })
	return s
}()

func (p *pages) framework(r *page.Request) error { return p.oneFramework(r, r.Arg("framework")) }

func (p *pages) criteria(r *page.Request) error {
	return r.Redirect("/frameworks/"+catalog.TSC, "")
}

func (p *pages) oneFramework(r *page.Request, id string) error {
	spec := &requirementList
	if id != catalog.TSC { // only its criteria stand in categories
		spec = &plainRequirementList
	}
	t, err := r.Table(spec)
	if err != nil {
		return err
	}
	f := view.FrameworkFilter{State: state(t, "state"), Category: catalog.CategoryID(t.Filter("category")), Gaps: t.Filter("gaps") == "yes"}
	d, err := p.View.Framework(r.Context(), r.Read(), id, f, t.Query.Search, r.Now)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return p.exportRequirements(r, t, d)
	}
	r.Title = d.Name
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: frameworkShort(d.ID)}}
	t.Total = len(d.Rows)
	t.SetCounts("state", counts(d.States))
	t.SetOptions("category", options(d.Categories, nil))
	list := groups(d.Rows)
	if t.Filter("order") == "" {
		list = gapsFirst(d)
	}
	rows := requirementRows(t, d, list)
	return r.Render(http.StatusOK, frameworkPage(r, t, d, rows), page.Part(t.ID(), rows))
}

func (p *pages) exportRequirements(r *page.Request, t *page.Table, d view.FrameworkDetail) error {
	return r.Export(t, d.ID, []string{"Requirement", "Topic", "Group", "State", "Controls", "Controls tested", "Failing controls", "In the examination", "Last 90 days"}, func(q paging.Query) ([][]any, int, error) {
		var out [][]any
		if q.Page > 1 {
			return nil, len(d.Rows), nil
		}
		for _, x := range d.Rows {
			out = append(out, []any{x.ID, x.Title, x.Group, page.StatusWord(x.State), strings.Join(refs(x.Controls), " "), x.Tested(), x.In(chart.Fail), x.InScope, x.Strip.Sentence()})
		}
		return out, len(d.Rows), nil
	})
}

func refs(list []view.ControlRow) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Ref
	}
	return out
}

func (p *pages) criterion(r *page.Request) error {
	return p.oneRequirement(r, catalog.TSC, r.Arg("id"))
}

func (p *pages) requirement(r *page.Request) error {
	if r.Arg("framework") == catalog.TSC { // criteria have addresses of their own
		return r.Redirect(requirementURL(catalog.TSC, r.Arg("id")), "")
	}
	return p.oneRequirement(r, r.Arg("framework"), r.Arg("id"))
}

func (p *pages) oneRequirement(r *page.Request, framework, id string) error {
	d, err := p.View.Requirement(r.Context(), r.Read(), framework, id, r.Now)
	if err != nil {
		return err
	}
	r.Title = d.ID + " " + d.Title
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: frameworkShort(framework), Href: "/frameworks/" + framework}, {Text: d.ID}}
	return r.Render(http.StatusOK, requirementPage(r, d, p.View.Catalog()))
}

// groups are the requirements of a framework under their headings.
type group struct {
	Name string
	Rows []view.RequirementRow
}

func groups(rows []view.RequirementRow) []group {
	var out []group
	for _, q := range rows {
		if n := len(out); n == 0 || out[n-1].Name != q.Group {
			out = append(out, group{Name: q.Group})
		}
		last := &out[len(out)-1]
		last.Rows = append(last.Rows, q)
	}
	return out
}

// ranks are the groups of requirements by what there is to do about them.
var ranks = []string{"Without a control", "With a failing control", "Without an answer", "Not tested by the program", "Passing"}

// rankOf is where a requirement stands among ranks.
func rankOf(q view.RequirementRow) int {
	switch {
	case len(q.Controls) == 0:
		return 0
	case q.State == chart.Fail:
		return 1
	case q.State == chart.None, q.State == chart.NotApplicable:
		return 3
	case q.State == chart.Pass:
		return 4
	}
	return 2
}

// gapsFirst groups requirements by what there is to do about them. Those that the examination does not ask for come last.
func gapsFirst(d view.FrameworkDetail) []group {
	scoped := slices.ContainsFunc(d.Rows, func(q view.RequirementRow) bool { return q.InScope })
	out := make([]group, len(ranks)+1)
	for _, q := range d.Rows {
		at := rankOf(q)
		if scoped && !q.InScope {
			at = len(ranks)
		}
		out[at].Rows = append(out[at].Rows, q)
	}
	for i, name := range ranks {
		out[i].Name = name + ": " + page.Count(len(out[i].Rows))
	}
	out[len(ranks)].Name = "Outside " + d.Window.Short() + ": " + page.Count(len(out[len(ranks)].Rows))
	return slices.DeleteFunc(out, func(g group) bool { return len(g.Rows) == 0 })
}

// meetsURL is where the paper on a framework is made.
func meetsURL(framework string) string { return "/frameworks/meets/new?framework=" + framework }

// frameworkShares are the requirements of a framework by state, for a bar.
func frameworkShares(x view.FrameworkRow) []page.Share {
	n := counts(x.States)
	return []page.Share{{Status: "pass", Count: n["pass"]}, {Status: "fail", Count: n["fail"]}, {Status: "err", Count: n["unknown"]}, {Status: "na", Count: n["na"] + n["none"]}}
}

// linkNote says what a pair of a crosswalk is worth.
func linkNote(c *catalog.Catalog) string { return c.Crosswalk().Note }

// link is a requirement of another framework about the same.
type link struct {
	Framework, ID, Title string
	Strength             catalog.Strength
}

func annexLinks(c *catalog.Catalog, list []catalog.Link) []link {
	var out []link
	for _, l := range list {
		out = append(out, link{catalog.ISO, l.Annex, c.Title(catalog.ISO, l.Annex), l.Strength})
	}
	return byStrength(out)
}

func criteriaLinks(c *catalog.Catalog, list []catalog.Link) []link {
	var out []link
	for _, l := range list {
		out = append(out, link{catalog.TSC, l.Criterion, c.Title(catalog.TSC, l.Criterion), l.Strength})
	}
	return byStrength(out)
}

// byStrength orders links, strongest first; equal ones keep their order.
func byStrength(list []link) []link {
	order := catalog.Strengths()
	slices.SortStableFunc(list, func(a, b link) int {
		return cmp.Compare(slices.Index(order, a.Strength), slices.Index(order, b.Strength))
	})
	return list
}

// strongest are the links that overlap strongly, or all when there are few.
func strongest(list []link) []link {
	if len(list) <= shown {
		return list
	}
	n := 0
	for n < len(list) && list[n].Strength == catalog.Strong {
		n++
	}
	return list[:n]
}

// wording says whose words are shipped for a framework.
func wording(text string) string {
	switch text {
	case "paraphrased":
		return "In our paraphrase."
	case "own":
		return "In our own words."
	}
	return capital(text) + " only."
}
