package directory

import (
	"net/http"
	"slices"

	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// openAbove is how many people a chart may show unfolded at first.
const openAbove = 60

// branchOpen says which branches of a chart are unfolded when it is shown: the whole of a small one, the first two levels of a
// large one.
type branchOpen struct{ depth int }

func (o branchOpen) at(level int) bool { return level < o.depth }

func (p *pages) chart(r *page.Request) error {
	department := r.Query("department")
	all, err := p.People.Everyone(r.Context(), r.Read(), people.Filter{})
	if err != nil {
		return err
	}
	facets, err := p.People.Facets(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return err
	}
	shown := all
	if department != "" {
		shown = within(all, department)
	}
	c := people.Draw(shown)
	open := branchOpen{2}
	if c.Count <= openAbove || r.Query("open") == "all" {
		open.depth = 99
	}
	sides, err := p.sides(r, "/people/chart")
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, chartPage(r, c, open, people.Draw(all), optionsOf(facets["department"], same), department, sides))
}

// within keeps the people of a department. Its head then reports to nobody in the chart.
func within(all []people.Person, department string) []people.Person {
	keep := map[people.ID]bool{}
	var out []people.Person
	for _, p := range all {
		if p.Department == department && p.Works() {
			keep[p.ID] = true
			out = append(out, p)
		}
	}
	for i := range out {
		if !keep[out[i].Manager] {
			out[i].Manager = ""
		}
	}
	return out
}

// branches are all trees of a chart, the largest first.
func branches(c people.Chart) []*people.Branch {
	var out []*people.Branch
	if c.Top != nil {
		out = append(out, c.Top)
	}
	loose := slices.Clone(c.Loose)
	slices.SortStableFunc(loose, func(a, b *people.Branch) int { return b.Under - a.Under })
	return append(out, loose...)
}

// inOrder are those who report to somebody as the chart draws them: first whoever has nobody below, side by side, then the branches.
func inOrder(reports []*people.Branch) []*people.Branch {
	out := slices.Clone(reports)
	slices.SortStableFunc(out, func(a, b *people.Branch) int { return min(a.Under, 1) - min(b.Under, 1) })
	return out
}

func chartTitle(department string) string {
	if department != "" {
		return department
	}
	return "Reporting lines"
}

// ringText names people who report to each other in a circle.
func ringText(ring []people.Person) string {
	if len(ring) == 1 {
		return ring[0].Name + " is recorded as the own manager"
	}
	out := ring[0].Name
	for _, p := range ring[1:] {
		out += " → " + p.Name
	}
	return out + " report to each other"
}
