package risks

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/web/page"
)

func kindOptions() []page.Option {
	var out []page.Option
	for _, k := range risk.Kinds() {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

func responseOptions() []page.Option {
	var out []page.Option
	for _, x := range risk.Responses() {
		out = append(out, page.Option{Value: string(x), Label: x.Title()})
	}
	return out
}

var columns = []page.Column{
	{Key: "ref", Title: "Risk", Sort: true},
	{Key: "title", Title: "What could happen", Sort: true, Wide: true},
	{Key: "kind", Title: "Kind", Sort: true, Opt: true},
	{Key: "inherent", Title: "Inherent", Sort: true, Opt: true, Num: true},
	{Key: "residual", Title: "Residual", Sort: true, Num: true},
	{Key: "response", Title: "Response", Sort: true, Opt: true},
	{Key: "owner", Title: "Owner", Opt: true},
	{Key: "review", Title: "Next review", Sort: true, Num: true, Opt: true},
}

var riskList = page.TableSpec{
	Columns: columns,
	Filters: []page.Filter{
		{Key: "band", Title: "Residual risk", Kind: page.Segments, Options: []page.Option{
			{Value: "critical", Label: "Critical"}, {Value: "high", Label: "High"}, {Value: "medium", Label: "Medium"}, {Value: "low", Label: "Low"}, {Value: "unrated", Label: "Not rated"}}},
		{Key: "kind", Title: "Kind", Kind: page.Select, Options: kindOptions()},
		{Key: "response", Title: "Response", Kind: page.Select, Options: responseOptions()},
		{Key: "owner", Title: "Owner", Kind: page.Select, Open: true},
		{Key: "show", Title: "Show", Kind: page.Select, All: "Open", Options: []page.Option{{Value: "above", Label: "Above tolerance"}, {Value: "due", Label: "Review overdue"}, {Value: "closed", Label: "Closed"}}},
		{Key: "control", Title: "Control", Kind: page.Select, Open: true},
	},
	Search: "Find a risk", Sort: "-residual", One: "risk", Many: "risks",
}

// row is a risk with names.
type row struct {
	risk.Risk
	Who  string
	Band risk.Band
}

func (p *pages) rows(r *page.Request, scale risk.Scale, list []risk.Risk) ([]row, error) {
	var ids []string
	for _, x := range list {
		ids = append(ids, x.Owner)
	}
	names, err := p.ownerNames(r, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]row, len(list))
	for i, x := range list {
		out[i] = row{x, names[x.Owner], scale.Band(x.Residual)}
	}
	return out, nil
}

// filter reads what the list is narrowed by.
func filter(t *page.Table, scale risk.Scale, today period.Date) risk.Filter {
	f := risk.Filter{State: risk.Open, Kind: risk.Kind(t.Filter("kind")), Response: risk.Response(t.Filter("response")), Owner: t.Filter("owner"), Control: t.Filter("control")}
	if f.Owner == "none" {
		f.Owner, f.Unowned = "", true
	}
	switch b := t.Filter("band"); b {
	case "":
	case "unrated":
		f.Unrated = true
	default:
		f.From, f.To = scale.Scores(risk.Band(b))
	}
	switch t.Filter("show") {
	case "above":
		f.From = max(f.From, scale.Tolerance+1)
	case "due":
		f.Due = today
	case "closed":
		f.State = risk.Closed
	}
	return f
}

func (p *pages) risks(r *page.Request) error {
	t, err := r.Table(&riskList)
	if err != nil {
		return err
	}
	scale, err := p.Risks.Scale(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := filter(t, scale, period.Of(r.Now))
	if t.Exporting() {
		return p.export(r, t, scale, f)
	}
	res, err := p.Risks.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	if err := p.choices(r, t, scale, f); err != nil {
		return err
	}
	list, err := p.rows(r, scale, res.Rows)
	if err != nil {
		return err
	}
	part := riskRows(r, t, scale, list)
	return r.Render(http.StatusOK, risksPage(r, t, part), page.Part(t.ID(), part))
}

// choices fills the filters that depend on the rows there are.
func (p *pages) choices(r *page.Request, t *page.Table, scale risk.Scale, f risk.Filter) error {
	f.From, f.To, f.Unrated = 0, 0, false
	cells, err := p.Risks.Cells(r.Context(), r.Read(), f, t.Query.Search)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, c := range cells {
		if b := scale.Band(c.Rating); b == "" {
			counts["unrated"] += c.Count
		} else {
			counts[string(b)] += c.Count
		}
	}
	t.SetCounts("band", counts)
	all, err := p.Risks.All(r.Context(), r.Read(), risk.Filter{State: f.State})
	if err != nil {
		return err
	}
	var ids []string
	owners, controls := map[string]int{}, map[string]int{}
	for _, x := range all {
		owners[x.Owner]++
		if x.Owner != "" && owners[x.Owner] == 1 {
			ids = append(ids, x.Owner)
		}
		for _, c := range x.Controls {
			controls[c]++
		}
	}
	names, err := p.ownerNames(r, ids...)
	if err != nil {
		return err
	}
	options := counted(owners, names)
	if n := owners[""]; n > 0 {
		options = append(options, page.Option{Value: "none", Label: "Nobody", Count: n, Counted: true})
	}
	t.SetOptions("owner", options)
	t.SetOptions("control", counted(controls, nil))
	return nil
}

// counted are choices with how many rows each has, by label.
func counted(n map[string]int, names map[string]string) []page.Option {
	var out []page.Option
	for _, k := range sortedKeys(n, names) {
		if k != "" {
			label := k
			if names[k] != "" {
				label = names[k]
			}
			out = append(out, page.Option{Value: k, Label: label, Count: n[k], Counted: true})
		}
	}
	return out
}

func (p *pages) export(r *page.Request, t *page.Table, scale risk.Scale, f risk.Filter) error {
	head := []string{"Risk", "Title", "Description", "Kind", "Threat", "Process", "Concerns", "Likelihood without controls", "Impact without controls", "Inherent score", "Likelihood with controls", "Impact with controls",
		"Residual score", "Band", "Controls", "Response", "Owner", "Accepted by", "Accepted until", "Last review", "Next review", "State", "Version", "Changed"}
	return r.Export(t, "risks", head, func(q paging.Query) ([][]any, int, error) {
		res, err := p.Risks.List(r.Context(), r.Read(), f, q)
		if err != nil {
			return nil, 0, err
		}
		list, err := p.rows(r, scale, res.Rows)
		if err != nil {
			return nil, 0, err
		}
		var actors []string
		for _, x := range list {
			if x.Acceptance != nil {
				actors = append(actors, x.Acceptance.Actor)
			}
		}
		names, err := p.View.Actors(r.Context(), r.Read(), actors...)
		if err != nil {
			return nil, 0, err
		}
		var out [][]any
		for _, x := range list {
			var by, until, reviewed any
			if a := x.Acceptance; a != nil {
				by, until = names[a.Actor], a.Until.String()
			}
			if x.Reviewed != nil {
				reviewed = *x.Reviewed
			}
			out = append(out, []any{x.Ref, x.Title, x.Description, x.Kind.Title(), threatTitle(x.Threat), x.Process, strings.Join(x.Concerns, ", "), x.Inherent.Likelihood, x.Inherent.Impact, x.Inherent.Score(),
				x.Residual.Likelihood, x.Residual.Impact, x.Residual.Score(), x.Band.Title(), strings.Join(x.Controls, ", "), x.Response.Title(), x.Who, by, until, reviewed, dateField(x.Review), string(x.State), x.Version, x.Updated})
		}
		return out, res.Total, nil
	})
}

func threatTitle(id string) string {
	t, _ := risk.ThreatNamed(id)
	return t.Title
}

var cellList = page.TableSpec{
	Columns: columns,
	Filters: []page.Filter{
		{Key: "side", Title: "Which rating", Kind: page.Segments, All: "With controls", Options: []page.Option{{Value: "inherent", Label: "Without controls"}}},
		{Key: "cell", Title: "Field of the matrix", Kind: page.Select, Open: true},
	},
	Search: "Find a risk", Sort: "-residual", One: "risk", Many: "risks",
}

// cell is a field of the matrix as it is drawn.
type cell struct {
	risk.Rating
	Band    risk.Band
	Above   bool
	Count   int
	Href    string
	Current bool
}

// grid is the matrix: rows of impact from the highest, columns of likelihood.
type grid struct {
	Scale   risk.Scale
	Rows    [][]cell
	Side    risk.View
	Unrated int
	Above   int
	Total   int
}

func (c cell) sentence(s risk.Scale) string {
	return fmt.Sprintf("%s: likelihood %s, impact %s, score %d, %s", page.Plural(c.Count, "risk", "risks"), s.Likelihood[c.Likelihood-1].Word, s.Impact[c.Impact-1].Word, c.Score(), c.Band.Title())
}

func cellKey(r risk.Rating) string { return fmt.Sprintf("%dx%d", r.Likelihood, r.Impact) }

// matrix draws likelihood against impact, with the risks of a field below.
func (p *pages) matrix(r *page.Request) error {
	t, err := r.Table(&cellList)
	if err != nil {
		return err
	}
	scale, err := p.Risks.Scale(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := risk.Filter{State: risk.Open, View: risk.WithControls}
	if t.Filter("side") != "" {
		f.View = risk.Without
	}
	g, err := p.grid(r, t, scale, f)
	if err != nil {
		return err
	}
	switch c := t.Filter("cell"); {
	case c == "unrated":
		f.Unrated = true
	case c != "":
		if _, err := fmt.Sscanf(c, "%dx%d", &f.Likelihood, &f.Impact); err != nil {
			return notFoundSide("field " + page.Short(c, 20))
		}
	}
	if t.Exporting() {
		return p.export(r, t, scale, f)
	}
	res, err := p.Risks.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	list, err := p.rows(r, scale, res.Rows)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Matrix"}}
	part := riskRows(r, t, scale, list)
	return r.Render(http.StatusOK, matrixPage(r, t, g, part), page.Part(t.ID(), part))
}

func (p *pages) grid(r *page.Request, t *page.Table, scale risk.Scale, f risk.Filter) (grid, error) {
	g := grid{Scale: scale, Side: f.View}
	cells, err := p.Risks.Cells(r.Context(), r.Read(), f, "")
	if err != nil {
		return g, err
	}
	counts := map[risk.Rating]int{}
	for _, c := range cells {
		g.Total += c.Count
		switch {
		case !c.Rated():
			g.Unrated += c.Count
		case scale.Above(c.Rating):
			g.Above += c.Count
		}
		counts[c.Rating] = c.Count
	}
	var options []page.Option
	for impact := len(scale.Impact); impact >= 1; impact-- {
		var line []cell
		for likelihood := 1; likelihood <= len(scale.Likelihood); likelihood++ {
			x := risk.Rating{Likelihood: likelihood, Impact: impact}
			c := cell{Rating: x, Band: scale.Band(x), Above: scale.Above(x), Count: counts[x], Current: t.Filter("cell") == cellKey(x)}
			c.Href = t.URL("cell", cellKey(x))
			if c.Current {
				c.Href = t.URL("cell", "")
			}
			line = append(line, c)
			options = append(options, page.Option{Value: cellKey(x), Label: fmt.Sprintf("%d: %s, %s", x.Score(), scale.Likelihood[likelihood-1].Word, scale.Impact[impact-1].Word), Count: c.Count, Counted: true})
		}
		g.Rows = append(g.Rows, line)
	}
	if g.Unrated > 0 {
		options = append(options, page.Option{Value: "unrated", Label: "Not rated", Count: g.Unrated, Counted: true})
	}
	t.SetOptions("cell", options)
	return g, nil
}

// threats lists what may cause risks, with how many risks each has.
func (p *pages) threats(r *page.Request) error {
	all, err := p.Risks.All(r.Context(), r.Read(), risk.Filter{State: risk.Open})
	if err != nil {
		return err
	}
	n := map[string]int{}
	for _, x := range all {
		n[x.Threat]++
	}
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Threats"}}
	return r.Render(http.StatusOK, threatsPage(r, n))
}
