package fieldwork

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/sample"
	"github.com/tickmark/tickmark/internal/web/page"
)

var standingsSpec = page.TableSpec{
	Columns: []page.Column{{Key: "id", Title: "Criterion"}, {Key: "title", Title: "Topic", Wide: true}, {Key: "status", Title: "Working status"}, {Key: "why", Title: "Why", Opt: true}, {Key: "papers", Title: "Workpapers", Opt: true}},
	Filters: []page.Filter{{Key: "status", Title: "Status", Kind: page.Segments, Options: standingOptions()}},
	Search:  "Find a criterion", One: "criterion", Many: "criteria", Size: 200,
}

func standingOptions() []page.Option {
	var out []page.Option
	for _, s := range fieldwork.CriterionStatuses() {
		out = append(out, page.Option{Value: string(s), Label: s.Title(), Status: standingKey(s)})
	}
	return out
}

// reportData is the working view of the report.
type reportData struct {
	matters  []string
	opinions map[string]fieldwork.Opinion
	names    names
}

func (p *pages) standings(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Report"})
	t, err := r.Table(&standingsSpec)
	if err != nil {
		return err
	}
	all, err := p.Work.Standings(r.Context(), a)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, x := range all {
		counts[string(x.Status)]++
	}
	t.SetCounts("status", counts)
	status, words := t.Filter("status"), strings.ToLower(t.Query.Search)
	all = slices.DeleteFunc(all, func(x fieldwork.Standing) bool {
		return status != "" && string(x.Status) != status || words != "" && !strings.Contains(strings.ToLower(x.ID+" "+x.Title), words)
	})
	cut := func(q paging.Query) []fieldwork.Standing {
		q = q.Norm()
		from := min(q.Offset(), len(all))
		return all[from:min(from+q.Size, len(all))]
	}
	if t.Exporting() {
		return r.Export(t, "criteria", []string{"Criterion", "Topic", "Working status", "Why", "Workpapers", "Findings"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cut(q) {
				out = append(out, []any{x.ID, x.Title, x.Status.Title(), x.Why, len(x.Papers), joined(x.Findings)})
			}
			return out, len(all), nil
		})
	}
	t.Total = len(all)
	rows := standingRows(r, t, cut(t.Query))
	if r.Target() == t.ID() {
		return r.Render(http.StatusOK, rows, page.Part(t.ID(), rows))
	}
	d := reportData{}
	e, err := p.Work.Engagements.Engagement(r.Context(), a.Client, a.Engagement)
	if err != nil {
		return err
	}
	d.matters = fieldwork.Matters(e.Type)
	if d.opinions, err = p.Work.Opinions(r.Context(), a); err != nil {
		return err
	}
	if d.names, err = p.names(r, a); err != nil {
		return err
	}
	return r.Render(http.StatusOK, reportPage(r, t, d, rows), page.Part(t.ID(), rows))
}

var sectionSpec = page.TableSpec{
	Columns: []page.Column{{Key: "criterion", Title: "Criterion"}, {Key: "control", Title: "Control"}, {Key: "test", Title: "Tests of the control", Wide: true}, {Key: "selection", Title: "Selection", Opt: true}, {Key: "result", Title: "Result"}},
	Search:  "Find by criterion, control or words", One: "row", Many: "rows",
}

func (p *pages) section(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Report", Href: at(r, "report")}, page.Crumb{Text: "Section IV"})
	t, err := r.Table(&sectionSpec)
	if err != nil {
		return err
	}
	all, err := p.Work.Section(r.Context(), a)
	if err != nil {
		return err
	}
	if s := strings.ToLower(t.Query.Search); s != "" {
		all = slices.DeleteFunc(all, func(x fieldwork.TestRow) bool {
			return !strings.Contains(strings.ToLower(x.Criterion+" "+x.Control+" "+x.Text+" "+x.Result), s)
		})
	}
	cut := func(q paging.Query) []fieldwork.TestRow {
		q = q.Norm()
		from := min(q.Offset(), len(all))
		return all[from:min(from+q.Size, len(all))]
	}
	if t.Exporting() {
		return r.Export(t, "section-iv", []string{"Criterion", "Control", "Control text", "Test", "Natures", "Procedures", "Population", "Completeness", "Selection", "Items", "Seed", "Result", "Deviations", "Management's response (unaudited)", "Reviewed"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cut(q) {
				var refs, said []string
				for _, v := range x.Deviations {
					refs = append(refs, v.Ref)
					if v.Response != "" {
						said = append(said, v.Ref+": "+v.Response)
					}
				}
				out = append(out, []any{x.Criterion, x.Control, x.Text, x.Test, joined(x.Natures), strings.Join(x.Procedures, "; "), x.Population, x.Complete, x.Selection, x.Size, x.Seed, x.Result, joined(refs), strings.Join(said, "; "), x.Reviewed})
			}
			return out, len(all), nil
		})
	}
	t.Total = len(all)
	rows := sectionRows(r, t, cut(t.Query))
	return r.Render(http.StatusOK, sectionPage(r, t, rows), page.Part(t.ID(), rows))
}

func (p *pages) opinionForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	list, err := p.Work.Opinions(r.Context(), a)
	if err != nil {
		return err
	}
	if !slices.Contains(fieldwork.Matters(2), r.Arg("matter")) {
		return errs.New(errs.NotFound, "no opinion is given on %q", r.Arg("matter"))
	}
	o := list[r.Arg("matter")]
	return r.RenderPanel(http.StatusOK, opinionPanel(r, page.NewForm("kind", o.Kind, "basis", o.Basis), r.Arg("matter"), o.Version))
}

func (p *pages) opinion(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		if _, err := p.Work.Opine(r.Context(), a, r.Now, r.Arg("matter"), f.Base(), f.Get("kind"), f.Raw("basis")); err != nil {
			return err
		}
		return r.Redirect(at(r, "report"), "Your opinion is entered.")
	}, func(f *page.Form, _ access.AuditScope) error {
		return r.RenderPanel(f.Status(), opinionPanel(r, f, r.Arg("matter"), f.Base()))
	})
}

func (p *pages) method(r *page.Request) error {
	m, err := p.Work.MethodOf(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := page.NewForm("name", m.Table.Name, "source", m.Table.Source, "confidence", percent(m.Confidence), "tolerable", percent(m.Tolerable))
	for i, x := range m.Table.Rows {
		n := itoa(i)
		up := ""
		if x.UpTo > 0 {
			up = itoa(x.UpTo)
		}
		for k, v := range map[string]string{"label" + n: x.Label, "up" + n: up, "low" + n: itoa(x.Low), "mod" + n: itoa(x.Moderate), "high" + n: itoa(x.Higher)} {
			f.Values.Set(k, v)
		}
	}
	return p.showMethod(r, f, m)
}

func (p *pages) showMethod(r *page.Request, f *page.Form, m fieldwork.Methodology) error {
	all, err := p.Work.MethodHistory(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Render(f.Status(), methodPage(r, f, m, all))
}

// maxLines is how many lines a table may have on its page.
const maxLines = 12

func (p *pages) setMethod(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	z := sizingOf(f.Get, fieldwork.Begun())
	m, err := p.Work.MethodOf(r.Context(), r.Read())
	if err != nil {
		return err
	}
	m.Table, m.Confidence, m.Tolerable, m.Why = sample.Table{Name: f.Get("name"), Source: f.Get("source")}, z.Confidence, z.Tolerable, f.Raw("why")
	for i := range maxLines {
		n := itoa(i)
		if f.Get("label"+n) == "" && f.Get("low"+n) == "" {
			continue
		}
		row := sample.Row{Label: f.Get("label" + n)}
		for _, x := range []struct {
			field string
			to    *int
		}{{"up", &row.UpTo}, {"low", &row.Low}, {"mod", &row.Moderate}, {"high", &row.Higher}} {
			s := f.Get(x.field + n)
			if s == "" && x.field == "up" {
				continue
			}
			v, err := strconv.Atoi(s)
			if err != nil || v < 0 || v > 1_000_000 {
				f.Wrong("rows", "Line "+itoa(i+1)+": "+cmp.Or(s, "an empty field")+" is no number.")
			}
			*x.to = v
		}
		m.Table.Rows = append(m.Table.Rows, row)
	}
	if f.OK() {
		_, err = p.Work.SetMethod(r.Context(), scope, r.Now, f.Base(), m)
		if err == nil {
			return r.Redirect("/methodology", "The methodology has a new version; samples drawn before keep theirs.")
		}
		if !f.Take(err) {
			return err
		}
	}
	now, err := p.Work.MethodOf(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return p.showMethod(r, f, now)
}
