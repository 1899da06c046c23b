package planning

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/docx"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/xlsx"
	"github.com/tickmark/tickmark/internal/web/page"
)

// papers is where control matrices are.
const papers = "/frameworks/meets"

func paperURL(ref string) string { return papers + "/" + url.PathEscape(ref) }

// meetsRoutes are the pages of "how do we meet it".
func (p *pages) meetsRoutes() []page.Route {
	const nav = "/frameworks"
	return []page.Route{
		{Method: http.MethodGet, Pattern: papers, Action: access.ReadEngagement, Title: "How do we meet it?", Nav: nav, Handle: p.papers},
		{Method: http.MethodGet, Pattern: papers + "/new", Action: access.BuildReport, Title: "How do we meet it?", Nav: nav, Handle: p.paperForm},
		{Method: http.MethodPost, Pattern: papers + "/new", Action: access.BuildReport, Title: "How do we meet it?", Nav: nav, Handle: p.makePaper},
		{Method: http.MethodGet, Pattern: papers + "/{ref}", Action: access.ReadEngagement, Title: "Control matrix", Nav: nav, Handle: p.paper},
		{Method: http.MethodGet, Pattern: papers + "/{ref}/{file}", Action: access.ReadEngagement, Title: "Control matrix", Nav: nav, Handle: p.paperFile},
	}
}

var papersList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Paper"}, {Key: "scope", Title: "Scope", Wide: true}, {Key: "period", Title: "Period"}, {Key: "detail", Title: "Detail", Opt: true},
		{Key: "requirements", Title: "Requirements", Num: true, Opt: true}, {Key: "by", Title: "By", Opt: true}, {Key: "at", Title: "Made"}, {Key: "files", Title: "Files", Quiet: true},
	},
	One: "paper", Many: "papers",
}

// paperRow is a paper with names.
type paperRow struct {
	matrix.Paper
	Scope, Who string
}

func (p *pages) scopeText(s matrix.Scope) string {
	var cats []string
	for _, c := range s.Categories {
		cats = append(cats, p.categoryName(catalog.CategoryID(c)))
	}
	if len(cats) == 0 {
		return s.Name
	}
	return s.Name + ": " + strings.Join(cats, ", ")
}

func detailText(s matrix.Scope) string {
	if s.Full {
		return "Full"
	}
	return "Short"
}

func (p *pages) papers(r *page.Request) error {
	t, err := r.Table(&papersList)
	if err != nil {
		return err
	}
	all, err := p.Matrix.Papers(r.Context(), r.Read())
	if err != nil {
		return err
	}
	rows := make([]paperRow, len(all))
	for i, x := range all {
		who, err := p.actorName(r, x.By)
		if err != nil {
			return err
		}
		rows[i] = paperRow{x, p.scopeText(x.Scope), who}
	}
	if t.Exporting() {
		return r.Export(t, "control-matrices", []string{"Paper", "Scope", "First day", "Last day", "Engagement", "Detail", "Requirements", "By", "Made", "SHA-256", "Ledger entry"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cut(rows, q) {
				s := x.Paper.Scope
				out = append(out, []any{x.Ref(), x.Scope, s.Period.From.String(), s.Period.Last().String(), s.Engagement, detailText(s), x.Requirements, x.Who, x.At, x.SHA256, x.Seq})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	part := paperRows(t, cut(rows, t.Query))
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: "How do we meet it"}}
	return r.Render(http.StatusOK, papersPage(r, t, part), page.Part(t.ID(), part))
}

// freely is the choice of an engagement that says: no engagement, a period of one's own.
const freely = "free"

// paperOptions are the choices of the form.
type paperOptions struct {
	Frameworks, Engagements, Categories []page.Option
}

func (p *pages) paperOptions(r *page.Request) (paperOptions, error) {
	x := paperOptions{}
	for _, id := range []string{catalog.TSC, catalog.SOC1, catalog.ISO} {
		f, err := p.View.Catalog().Framework(id)
		if err != nil {
			return x, err
		}
		x.Frameworks = append(x.Frameworks, page.Option{Value: id, Label: f.Name})
	}
	all, err := p.View.Engagements(r.Context(), r.Read())
	if err != nil {
		return x, err
	}
	for _, e := range all {
		x.Engagements = append(x.Engagements, page.Option{Value: e.Ref, Label: e.Ref + ", " + page.PeriodText(e.Period)})
	}
	x.Engagements = append(x.Engagements, page.Option{Value: freely, Label: "No engagement: the period below"})
	for _, k := range p.View.Catalog().Categories() {
		x.Categories = append(x.Categories, page.Option{Value: string(k.ID), Label: k.Name})
	}
	return x, nil
}

func (p *pages) paperForm(r *page.Request) error {
	x, err := p.paperOptions(r)
	if err != nil {
		return err
	}
	w, err := p.View.Window(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	f := page.NewForm("framework", r.Query("framework"), "engagement", freely, "detail", "full", categoryField("security"), "on")
	today := period.Of(r.Now)
	f.Values.Set("from", (today - 90).String())
	f.Values.Set("to", (today - 1).String())
	if w != nil {
		f.Values.Set("engagement", w.Ref)
		for _, c := range w.Categories {
			f.Values.Set(categoryField(catalog.CategoryID(c)), "on")
		}
	}
	return r.RenderPanel(http.StatusOK, paperPanel(r, f, x))
}

func (p *pages) makePaper(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	about, err := p.about(r, f)
	if err != nil {
		return err
	}
	if f.OK() {
		m, err := p.View.Meets(r.Context(), r.Read(), about, r.Now)
		if err == nil {
			var made matrix.Paper
			if made, err = p.Matrix.Keep(r.Context(), scope, r.Now, r.Grant.User.Name, m); err == nil {
				return r.Redirect(paperURL(made.Ref()), made.Ref()+" is made and in the ledger.")
			}
		}
		if !f.Take(err) {
			return err
		}
	}
	x, err := p.paperOptions(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), paperPanel(r, f, x))
}

// about reads the form: what the paper is about. What is wrong stands at the fields.
func (p *pages) about(r *page.Request, f *page.Form) (matrix.Scope, error) {
	s := matrix.Scope{Framework: f.Get("framework"), Full: f.Get("detail") != "short", Categories: []string{}}
	if !slices.Contains([]string{catalog.TSC, catalog.SOC1, catalog.ISO}, s.Framework) {
		f.Wrong("framework", "Choose a framework.")
	}
	if s.Framework == catalog.TSC {
		for _, k := range p.View.Catalog().Categories() {
			if f.Checked(categoryField(k.ID)) {
				s.Categories = append(s.Categories, string(k.ID))
			}
		}
		if len(s.Categories) == 0 {
			f.Wrong("categories", "Choose at least one category.")
		}
	}
	if ref := f.Get("engagement"); ref != freely && ref != "" {
		e, err := p.View.Engagement(r.Context(), r.Read(), ref)
		if errs.Is(err, errs.NotFound) {
			f.Wrong("engagement", "There is no such engagement. Choose one of the list.")
			return s, nil
		}
		s.Engagement, s.Period = e.Ref, e.Period
		return s, err
	}
	from, err1 := period.ParseDate(f.Get("from"))
	to, err2 := period.ParseDate(f.Get("to"))
	switch {
	case err1 != nil:
		f.Wrong("from", "Write the first day as 2026-01-31.")
	case err2 != nil:
		f.Wrong("to", "Write the last day as 2026-12-31.")
	case to < from:
		f.Wrong("to", "The last day comes before the first.")
	case to-from > maxPaperDays:
		f.Wrong("to", "At most five years are taken at once.")
	default:
		s.Period = period.Closed(from, to)
	}
	return s, nil
}

// maxPaperDays bounds the period of a paper.
const maxPaperDays = 5 * 366

// view of a paper.
type paperView struct {
	matrix.Paper
	M   *matrix.Matrix
	Tab string
	Who string
}

func (p *pages) paper(r *page.Request) error {
	x, m, err := p.Matrix.Matrix(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	v := paperView{Paper: x, M: m, Tab: r.Query("tab"), Who: m.Made.Name}
	if !slices.Contains([]string{"", "controls", "tests", "evidence"}, v.Tab) {
		return errs.New(errs.NotFound, "this page has no side %q", v.Tab)
	}
	r.Title = x.Ref() + " How we meet it"
	r.Crumbs = []page.Crumb{{Text: "Frameworks", Href: "/frameworks"}, {Text: "How do we meet it", Href: papers}, {Text: x.Ref()}}
	return r.Render(http.StatusOK, paperPage(r, p, v))
}

// paperFile sends a paper in one of its forms. All are made from what was frozen: the same bytes each time.
func (p *pages) paperFile(r *page.Request) error {
	x, m, err := p.Matrix.Matrix(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	var kind string
	switch r.Arg("file") {
	case "matrix.pdf":
		kind = "application/pdf"
		_, err = pdf.Render(&out, report.Matrix(m), pdf.Options{})
	case "matrix.docx":
		kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		err = docx.Render(&out, report.Matrix(m))
	case "matrix.xlsx":
		kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		err = xlsx.Render(&out, "How we meet "+m.Scope.Name, m.Org, m.Made.At, report.MatrixSheets(m))
	case "matrix.json":
		kind = "application/json"
		var body []byte
		body, _, err = m.Bytes()
		out.Write(body)
	default:
		return errs.New(errs.NotFound, "%s has no file %q", x.Ref(), r.Arg("file")).WithHint("There are matrix.pdf, matrix.docx, matrix.xlsx and matrix.json.")
	}
	if err != nil {
		return err
	}
	_, ext, _ := strings.Cut(r.Arg("file"), ".")
	return r.Attach(x.Ref()+"-how-we-meet-it."+ext, kind, int64(out.Len()), x.At, &out)
}

// standingKey is the status key of a standing.
func standingKey(status string) string { return page.StatusOf(report.StandingSign(status)) }

// requirementURL is where a requirement lives.
func requirementURL(framework, id string) string {
	if framework == catalog.TSC {
		return "/criteria/" + url.PathEscape(id)
	}
	return "/frameworks/" + url.PathEscape(framework) + "/" + url.PathEscape(id)
}

// paperGroup is requirements under a heading.
type paperGroup struct {
	Name string
	Rows []matrix.Requirement
}

func groupsOf(m *matrix.Matrix) []paperGroup {
	var out []paperGroup
	for _, q := range m.Requirements {
		if n := len(out); n == 0 || out[n-1].Name != q.Group {
			out = append(out, paperGroup{Name: q.Group})
		}
		last := &out[len(out)-1]
		last.Rows = append(last.Rows, q)
	}
	return out
}

// standingCounts are how many requirements stand how, worst first.
type standingCount struct {
	Key, Word string
	N         int
}

func standingCounts(m *matrix.Matrix) []standingCount {
	return []standingCount{
		{"fail", "Not met", m.Count("not_met")}, {"risk", "At risk", m.Count("at_risk")}, {"err", "Not evaluated", m.Count("not_evaluated")},
		{"exm", "Met with deviations", m.Count("met_with_deviations")}, {"pass", "Met", m.Count("met")},
	}
}

// daysText is how the days of the period went for a test.
func daysText(t matrix.Test) string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{t.Days.Pass, "passed"}, {t.Days.Fail, "failed"}, {t.Days.NA, "nothing to judge"}, {t.Days.Silent, "no answer"}, {t.Days.Bare, "no evaluation"}} {
		if x.n > 0 {
			parts = append(parts, page.Count(x.n)+" "+x.what)
		}
	}
	return strings.Join(parts, ", ")
}

func populationText(t matrix.Test) string {
	s := page.Count(t.Population)
	if t.Kind == "occurrence" {
		return s + " in the period"
	}
	return s + " at the last evaluation"
}

func join(refs []string) string { return strings.Join(refs, ", ") }
