package desk

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// paletteHits is how many hits the palette shows.
const paletteHits = 8

// paletteID is the part the script of the palette asks for.
const paletteID = "palette-list"

var searchList = page.TableSpec{
	Columns: []page.Column{{Key: "ref", Title: "Reference"}, {Key: "title", Title: "Title", Wide: true}, {Key: "kind", Title: "What it is"}},
	Filters: []page.Filter{{Key: "kind", Title: "Kind", Kind: page.Select, Open: true}},
	Search:  "Reference, title, person or command", Size: 50, One: "hit", Many: "hits",
}

func (p *pages) search(r *page.Request) error {
	t, err := r.Table(&searchList)
	if err != nil {
		return err
	}
	all, err := p.find(r, t.Query.Search)
	if err != nil {
		return err
	}
	if r.Target() == paletteID {
		return r.Render(http.StatusOK, nil, page.Part(paletteID, paletteList(t.Query.Search, all[:min(len(all), paletteHits)])))
	}
	kinds := map[string]int{}
	var options []page.Option
	for _, h := range all {
		if kinds[h.Kind]++; kinds[h.Kind] == 1 {
			options = append(options, page.Option{Value: h.Kind, Label: h.Kind})
		}
	}
	t.SetOptions("kind", options)
	t.SetCounts("kind", kinds)
	rows := all
	if want := t.Filter("kind"); want != "" {
		rows = nil
		for _, h := range all {
			if h.Kind == want {
				rows = append(rows, h)
			}
		}
	}
	t.Total = len(rows)
	if t.Exporting() {
		return r.Export(t, "search", []string{"reference", "title", "kind", "address"}, func(q paging.Query) ([][]any, int, error) {
			var cells [][]any
			for _, h := range cut(rows, q) {
				cells = append(cells, []any{h.Ref, h.Title, h.Kind, h.Href})
			}
			return cells, len(rows), nil
		})
	}
	list := hitRows(t, cut(rows, t.Query))
	return r.Render(http.StatusOK, searchPage(t, list), page.Part(t.ID(), list))
}

func cut(rows []view.Hit, q paging.Query) []view.Hit {
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))]
}

// find looks through records, pages, commands and saved views. Nothing asked for gives commands and pages.
func (p *pages) find(r *page.Request, query string) ([]view.Hit, error) {
	if strings.ContainsRune(query, 0) {
		return nil, errs.New(errs.Invalid, "this cannot be searched for").At("q")
	}
	var own []view.Hit
	for _, v := range r.Views {
		own = append(own, view.Hit{Kind: "Saved view", Icon: "eye", Title: v.Name, Href: v.Path})
	}
	for _, x := range r.Places() {
		own = append(own, view.Hit{Kind: x.Kind, Icon: x.Icon, Title: x.Title, Href: x.Href})
	}
	if query == "" {
		return own, nil
	}
	var out []view.Hit
	for _, h := range own {
		if rank, ok := view.Rank(query, "", h.Title); ok {
			h.Rank = rank
			out = append(out, h)
		}
	}
	hits, err := p.View.Search(r.Context(), r.Read(), query)
	if err != nil {
		return nil, err
	}
	out = append(out, hits...)
	if hits, err = p.rules(r, query); err != nil {
		return nil, err
	}
	out = append(out, hits...)
	if r.Can(access.ReadAudits) {
		if hits, err = p.firms(r, query); err != nil {
			return nil, err
		}
		out = append(out, hits...)
	}
	view.SortHits(out)
	return out, nil
}

// mostRules bounds the rules among the hits: an organisation may have uploaded thousands.
const mostRules = 60

// rules finds the rules that look for attacks: they are texts, of which the database holds only files.
func (p *pages) rules(r *page.Request, query string) ([]view.Hit, error) {
	if !r.Can(access.ReadDetections) {
		return nil, nil
	}
	program, err := p.Detect.Program(r.Context(), r.Read(), r.Now)
	if err != nil {
		return nil, err
	}
	var out []view.Hit
	for i := range program.Rules {
		x := &program.Rules[i]
		if rank, ok := view.Rank(query, "", x.Title+" "+strings.Join(x.Techniques, " ")); ok && len(out) < mostRules {
			out = append(out, view.Hit{Kind: "Rule", Icon: "control", Title: x.Title, Href: "/rules/" + url.PathEscape(x.Key), Rank: rank})
		}
	}
	return out, nil
}

// firms finds what a firm keeps of the engagements that its reader is on.
func (p *pages) firms(r *page.Request, query string) ([]view.Hit, error) {
	mine, err := p.Access.AuditsOf(r.Context(), r.Grant)
	if err != nil {
		return nil, err
	}
	var open []string
	of := map[string]string{}
	for _, i := range mine {
		if i.Declared != nil {
			open, of[i.Engagement] = append(open, i.Engagement), i.ClientName
		}
	}
	found, err := p.Fieldwork.Search(r.Context(), r.Read(), open, query)
	if err != nil {
		return nil, err
	}
	var out []view.Hit
	for _, x := range found {
		h := view.Hit{Kind: "Workpaper", Icon: "audit", Ref: x.Ref, Title: x.Title + ", " + of[x.Engagement], Href: page.AuditPath(x.Engagement, "testing", x.Ref)}
		if x.Population {
			h.Kind, h.Icon, h.Href = "Population", "people", page.AuditPath(x.Engagement, "populations", x.Ref)
		}
		if rank, ok := view.Rank(query, h.Ref, h.Title); ok {
			h.Rank = rank
			out = append(out, h)
		}
	}
	return out, nil
}

// keys is the sheet of keys.
func keys(r *page.Request) error { return r.RenderPanel(http.StatusOK, keysPanel(r)) }

func upper(s string) string { return strings.ToUpper(s) }
