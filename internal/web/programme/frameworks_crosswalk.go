package programme

import (
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var crosswalkList = page.TableSpec{
	Columns: []page.Column{
		{Key: "from", Title: "Requirement"}, {Key: "title", Title: "Topic", Wide: true}, {Key: "to", Title: "About the same"}, {Key: "totitle", Title: "Topic", Opt: true},
		{Key: "strength", Title: "Strength"}, {Key: "held", Title: "Held by", Opt: true}, {Key: "both", Title: "Controls for both", Opt: true},
	},
	Filters: []page.Filter{
		{Key: "strength", Title: "Strength", Kind: page.Segments, Options: []page.Option{{Value: "strong", Label: "Strong"}, {Value: "partial", Label: "Partial"}, {Value: "related", Label: "Related"}}},
		{Key: "category", Title: "Category", Kind: page.Select, Open: true, All: "All categories"},
		{Key: "order", Title: "Direction", Kind: page.Select, All: "From the criteria", Options: []page.Option{{Value: "annex", Label: "From ISO 27001 Annex A"}}},
		{Key: "apart", Title: "Controls", Kind: page.Select, All: "All pairs", Options: []page.Option{{Value: "yes", Label: "No control serves both sides"}}},
	},
	Search: "Find a requirement", One: "pair", Many: "pairs",
}

// crosswalk compares the criteria with ISO 27001, both ways.
func (p *pages) crosswalk(r *page.Request) error {
	t, err := r.Table(&crosswalkList)
	if err != nil {
		return err
	}
	f := view.CrossFilter{
		Strength: catalog.Strength(t.Filter("strength")), Category: catalog.CategoryID(t.Filter("category")), Apart: t.Filter("apart") == "yes", FromAnnex: t.Filter("order") == "annex",
	}
	list, err := p.View.Crosswalk(r.Context(), r.Read(), f, t.Query.Search, r.Now)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "crosswalk-tsc-iso27001", []string{"Criterion", "Criterion topic", "Annex A control", "Annex A topic", "Strength", "Independent mappings that hold the pair, of 3", "Controls of the criterion", "Controls of the Annex A control", "Controls for both"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cutRows(list.Rows, q) {
				out = append(out, []any{x.Criterion, x.CriterionTitle, x.Annex, x.AnnexTitle, string(x.Strength), x.Corroborated, x.OfCriterion, x.OfAnnex, strings.Join(refs(x.Both), " ")})
			}
			return out, len(list.Rows), nil
		})
	}
	r.Title = "Criteria and ISO 27001"
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: "Criteria and ISO 27001"}}
	t.Total = len(list.Rows)
	t.SetCounts("strength", list.Strengths)
	var cats []page.Option
	for _, k := range p.View.Catalog().Categories() {
		cats = append(cats, page.Option{Value: string(k.ID), Label: k.Name})
	}
	t.SetOptions("category", cats)
	rows := crosswalkRows(t, crossLines(cutRows(list.Rows, t.Query), f.FromAnnex))
	return r.Render(http.StatusOK, crosswalkPage(t, p.View.Catalog(), f.FromAnnex, rows), page.Part(t.ID(), rows))
}

// cutRows is one page of rows.
func cutRows[T any](rows []T, q paging.Query) []T {
	q = q.Norm()
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))]
}

// crossLine is a pair as a line of the table: from one side to the other. First marks the first line of a requirement.
type crossLine struct {
	view.CrossRow
	FromURL, From, FromTitle, ToURL, To, ToTitle string
	First                                        bool
}

func crossLines(rows []view.CrossRow, annex bool) []crossLine {
	out := make([]crossLine, len(rows))
	for i, x := range rows {
		l := crossLine{CrossRow: x, FromURL: requirementURL(catalog.TSC, x.Criterion), From: x.Criterion, FromTitle: x.CriterionTitle, ToURL: requirementURL(catalog.ISO, x.Annex), To: x.Annex, ToTitle: x.AnnexTitle}
		if annex {
			l.FromURL, l.From, l.FromTitle, l.ToURL, l.To, l.ToTitle = l.ToURL, l.To, l.ToTitle, l.FromURL, l.From, l.FromTitle
		}
		l.First = i == 0 || out[i-1].From != l.From
		out[i] = l
	}
	return out
}
