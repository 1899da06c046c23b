package risks

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/xlsx"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/web/page"
)

var assessmentList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Assessment"}, {Key: "title", Title: "Title", Wide: true}, {Key: "state", Title: "State"}, {Key: "risks", Title: "Looked at", Num: true, Opt: true},
		{Key: "by", Title: "By", Opt: true}, {Key: "held", Title: "Held", Num: true},
	},
	One: "assessment", Many: "assessments",
}

// assessmentRow is an assessment with how far it is.
type assessmentRow struct {
	risk.Assessment
	Who        string
	Done, Many int
}

func (p *pages) assessments(r *page.Request) error {
	t, err := r.Table(&assessmentList)
	if err != nil {
		return err
	}
	all, err := p.Risks.AllAssessments(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var rows []assessmentRow
	for _, a := range all {
		_, lines, err := p.Risks.Walkthrough(r.Context(), r.Read(), a.Ref)
		if err != nil {
			return err
		}
		names, err := p.View.Actors(r.Context(), r.Read(), a.OpenedBy)
		if err != nil {
			return err
		}
		rows = append(rows, assessmentRow{a, names[a.OpenedBy], lookedAt(lines), len(lines)})
	}
	if t.Exporting() {
		return r.Export(t, "risk-assessments", []string{"Assessment", "Title", "Held", "Participants", "Processes", "Risks", "Opened", "Frozen", "SHA-256", "Evidence", "Ledger entry"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cut(rows, q) {
				var frozen any
				if x.Frozen != nil {
					frozen = *x.Frozen
				}
				out = append(out, []any{x.Ref, x.Title, dateField(x.Held), strings.Join(x.Participants, ", "), strings.Join(x.Processes, ", "), x.Many, x.Opened, frozen, x.SHA256, x.Evidence, x.Seq})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Assessments"}}
	part := assessmentRows(r, t, cut(rows, t.Query))
	return r.Render(http.StatusOK, assessmentsPage(r, t, part), page.Part(t.ID(), part))
}

func cut[T any](rows []T, q paging.Query) []T {
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))]
}

func lookedAt(lines []risk.Line) int {
	n := 0
	for _, l := range lines {
		if l.Finding != risk.Pending {
			n++
		}
	}
	return n
}

// usual is how an assessment is made unless somebody writes otherwise.
const usual = "Each risk of the register is looked at with its owner: whether it is still there, how likely and how grave it is without and with controls, and what is done about it. Likelihood and impact are rated on the scales in force. For each process in scope it is asked how an insider or an outsider could commit fraud: why, how, and with what excuse."

func (p *pages) newAssessment(r *page.Request) error {
	today := period.Of(r.Now)
	f := page.NewForm("title", "Risk assessment "+strconv.Itoa(today.Time().Year()), "method", usual, "held", today.String())
	all, err := p.Risks.AllAssessments(r.Context(), r.Read())
	if err != nil {
		return err
	}
	if len(all) > 0 { // the last one is a good start
		f.Values.Set("method", all[0].Method)
		f.Values.Set("scope", all[0].Scope)
		f.Values.Set("participants", joinLines(all[0].Participants))
		f.Values.Set("processes", joinLines(all[0].Processes))
	}
	return r.RenderPanel(http.StatusOK, planPanel(r, f, newPlanForm(), 0))
}

func newPlanForm() page.PanelForm {
	return page.PanelForm{Title: "New assessment", Sub: "It begins with a line for each open risk.", Action: assessments + "/new", Button: "Start", Back: assessments}
}

func planOf(f *page.Form) risk.Plan {
	return risk.Plan{Title: f.Get("title"), Method: f.Values.Get("method"), Scope: f.Values.Get("scope"), Participants: perLine(f.Values.Get("participants")), Processes: perLine(f.Values.Get("processes")),
		Held: parseDay(f, "held"), Conclusion: f.Values.Get("conclusion")}
}

// perLine reads a field with one entry a line; a comma is part of an entry.
func perLine(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' })
}

func planFields(a risk.Assessment) map[string]string {
	return map[string]string{"title": a.Title, "method": a.Method, "scope": a.Scope, "participants": joinLines(a.Participants), "processes": joinLines(a.Processes), "held": dateField(a.Held), "conclusion": a.Conclusion}
}

func (p *pages) startAssessment(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	plan := planOf(f)
	if f.OK() {
		a, err := p.Risks.StartAssessment(r.Context(), scope, r.Now, plan)
		if err == nil {
			return r.Redirect(assessmentURL(a.Ref), a.Ref+" is open.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), planPanel(r, f, newPlanForm(), 0))
}

func editPlanForm(a risk.Assessment) page.PanelForm {
	return page.PanelForm{Title: "Edit " + a.Ref, Action: assessmentURL(a.Ref) + "/edit", Button: "Save", Back: assessmentURL(a.Ref)}
}

func (p *pages) planForm(r *page.Request) error {
	a, _, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range planFields(a) {
		f.Values.Set(k, v)
	}
	return r.RenderPanel(http.StatusOK, planPanel(r, f, editPlanForm(a), a.Version))
}

func (p *pages) editPlan(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, _, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	plan := planOf(f)
	if f.OK() {
		_, err := p.Risks.EditAssessment(r.Context(), scope, r.Now, a.Ref, f.Base(), plan)
		switch {
		case err == nil:
			return r.Redirect(assessmentURL(a.Ref), a.Ref+" saved.")
		case errs.Is(err, errs.Conflict) && a.Frozen == nil && a.Version != f.Base():
			f.Stale(a.Version, planFields(a))
		case !f.Take(err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), planPanel(r, f, editPlanForm(a), a.Version))
}

var lineList = page.TableSpec{
	ID: "lines",
	Columns: []page.Column{
		{Key: "ref", Title: "Risk"}, {Key: "title", Title: "What could happen", Wide: true}, {Key: "was", Title: "Before", Num: true, Opt: true}, {Key: "is", Title: "Now", Num: true}, {Key: "finding", Title: "Finding"},
		{Key: "act", Title: "Look at it", Quiet: true},
	},
	Filters: []page.Filter{{Key: "finding", Title: "Finding", Kind: page.Segments, Options: []page.Option{
		{Value: "pending", Label: "To look at"}, {Value: "confirmed", Label: "Confirmed", Status: "pass"}, {Value: "rerated", Label: "Rated again", Status: "prog"}, {Value: "closed", Label: "Closed", Status: "na"}}}},
	Search: "Find a risk", One: "risk", Many: "risks",
}

// assessmentView is everything the page of an assessment shows.
type assessmentView struct {
	risk.Assessment
	Scale     risk.Scale
	Done, All int
	Names     map[string]string
	Earlier   *risk.Assessment // the frozen one before it
}

func (p *pages) assessment(r *page.Request) error {
	a, all, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	v := assessmentView{Assessment: a, Done: lookedAt(all), All: len(all)}
	if v.Scale, err = p.scaleOf(r, a); err != nil {
		return err
	}
	t, err := r.Table(&lineList)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	var rows []risk.Line
	var who = []string{a.OpenedBy, a.FrozenBy}
	for _, l := range all {
		who = append(who, l.Actor)
		key := string(l.Finding)
		if l.Finding == risk.Pending {
			key = "pending"
		}
		if q := strings.ToLower(t.Query.Search); q != "" && !strings.Contains(strings.ToLower(l.Ref+" "+l.Title), q) {
			continue
		}
		counts[key]++
		if s := t.Filter("finding"); s == "" || s == key {
			rows = append(rows, l)
		}
	}
	if v.Names, err = p.View.Actors(r.Context(), r.Read(), who...); err != nil {
		return err
	}
	if t.Exporting() {
		return p.exportLines(r, t, v, rows)
	}
	if v.Earlier, err = p.earlier(r, a); err != nil {
		return err
	}
	t.SetCounts("finding", counts)
	t.Total = len(rows)
	r.Title = a.Ref + " " + a.Title
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Assessments", Href: assessments}, {Text: a.Ref}}
	part := lineRows(r, t, v, cut(rows, t.Query))
	return r.Render(http.StatusOK, assessmentPage(r, t, v, part), page.Part(t.ID(), part))
}

func (p *pages) exportLines(r *page.Request, t *page.Table, v assessmentView, rows []risk.Line) error {
	return r.Export(t, strings.ToLower(v.Ref), []string{"Risk", "Title", "Residual before", "Residual now", "Band", "Finding", "Note", "By", "When"}, func(q paging.Query) ([][]any, int, error) {
		var out [][]any
		for _, l := range cut(rows, q) {
			var at any
			if !l.At.IsZero() {
				at = l.At
			}
			out = append(out, []any{l.Ref, l.Title, l.Was.Score(), l.Is.Score(), v.Scale.Band(l.Is).Title(), l.Finding.Title(), l.Note, v.Names[l.Actor], at})
		}
		return out, len(rows), nil
	})
}

// scaleOf is the scale an assessment was made with: the frozen one, or the one in force.
func (p *pages) scaleOf(r *page.Request, a risk.Assessment) (risk.Scale, error) {
	if a.Frozen == nil {
		return p.Risks.Scale(r.Context(), r.Read())
	}
	d, err := a.Read()
	if err != nil {
		return risk.Scale{}, err
	}
	return d.Scale, nil
}

// earlier is the newest frozen assessment that was opened before one.
func (p *pages) earlier(r *page.Request, a risk.Assessment) (*risk.Assessment, error) {
	all, err := p.Risks.AllAssessments(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		if x.Frozen != nil && x.ID != a.ID && x.Opened.Before(a.Opened) {
			return &x, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

func (p *pages) lineOf(r *page.Request, ref string) (risk.Assessment, risk.Risk, error) {
	a, _, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return a, risk.Risk{}, err
	}
	x, err := p.Risks.Risk(r.Context(), r.Read(), ref)
	return a, x, err
}

func (p *pages) walkForm(r *page.Request) error {
	a, x, err := p.lineOf(r, r.Query("risk"))
	if err != nil {
		return err
	}
	f := formOf(x.Text)
	f.Values.Set("risk", x.Ref)
	f.Values.Set("finding", string(risk.Confirmed))
	return p.showWalk(r, f, a, x)
}

func (p *pages) showWalk(r *page.Request, f *page.Form, a risk.Assessment, x risk.Risk) error {
	scale, err := p.Risks.Scale(r.Context(), r.Read())
	if err != nil {
		return err
	}
	owner, err := p.ownerName(r, x.Owner)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), walkPanel(r, f, a, x, scale, owner))
}

func (p *pages) walk(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, x, err := p.lineOf(r, f.Get("risk"))
	if err != nil {
		return err
	}
	inherent, residual := parseRating(f, "inherent"), parseRating(f, "residual")
	if f.OK() {
		_, err := p.Risks.Walk(r.Context(), scope, r.Now, a.Ref, x.Ref, risk.Finding(f.Get("finding")), inherent, residual, f.Values.Get("note"))
		if err == nil {
			return r.Redirect(assessmentURL(a.Ref), x.Ref+": "+strings.ToLower(risk.Finding(f.Get("finding")).Title())+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showWalk(r, f, a, x)
}

func (p *pages) freezeForm(r *page.Request) error {
	a, all, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, freezePanel(r, page.NewForm(), a, lookedAt(all), len(all)))
}

func (p *pages) freeze(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, all, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if !strings.EqualFold(f.Get("ref"), a.Ref) {
		f.Wrong("ref", "Type "+a.Ref+" to freeze it.")
	}
	if f.OK() {
		x, err := p.Risks.Freeze(r.Context(), scope, r.Now, a.Ref, f.Base(), p.Around(r.Now))
		if err == nil {
			return r.Redirect(assessmentURL(a.Ref), a.Ref+" is frozen and filed as "+x.Evidence+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), freezePanel(r, f, a, lookedAt(all), len(all)))
}

// compare sets an assessment beside the one before it, or the one that is named.
func (p *pages) compare(r *page.Request) error {
	a, _, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	is, err := a.Read()
	if err != nil {
		return err
	}
	before, err := p.earlier(r, a)
	if err != nil {
		return err
	}
	if with := r.Query("with"); with != "" {
		before = &risk.Assessment{Ref: with}
	}
	if before == nil {
		return errs.New(errs.NotFound, "there is no assessment before %s", a.Ref)
	}
	b, _, err := p.Risks.Walkthrough(r.Context(), r.Read(), before.Ref)
	if err != nil {
		return err
	}
	was, err := b.Read()
	if err != nil {
		return err
	}
	r.Title = a.Ref + " against " + b.Ref
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Assessments", Href: assessments}, {Text: a.Ref, Href: assessmentURL(a.Ref)}, {Text: "Against " + b.Ref}}
	return r.Render(http.StatusOK, comparePage(r, was, is, risk.Compare(was, is)))
}

// assessmentFile sends what was frozen in one of its forms: the same bytes each time.
func (p *pages) assessmentFile(r *page.Request) error {
	a, _, err := p.Risks.Walkthrough(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	d, err := a.Read()
	if err != nil {
		return err
	}
	names, err := p.View.Actors(r.Context(), r.Read(), actorsOf(d)...)
	if err != nil {
		return err
	}
	facts := report.RiskFacts{Org: r.Grant.Org.Name, Simulated: r.Grant.Org.Simulated, Names: names}
	var out bytes.Buffer
	kind := "application/pdf"
	switch r.Arg("file") {
	case "assessment.pdf":
		_, err = pdf.Render(&out, report.RiskAssessment(d, facts), pdf.Options{})
	case "assessment.xlsx":
		kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		err = xlsx.Render(&out, a.Ref+" "+a.Title, facts.Org, *a.Frozen, report.RiskSheets(d, facts))
	case "assessment.json":
		kind = "application/json"
		out.WriteString(a.Body)
	default:
		return errs.New(errs.NotFound, "%s has no file %q", a.Ref, r.Arg("file")).WithHint("There are assessment.pdf, assessment.xlsx and assessment.json.")
	}
	if err != nil {
		return err
	}
	_, ext, _ := strings.Cut(r.Arg("file"), ".")
	return r.Attach(fmt.Sprintf("%s.%s", a.Ref, ext), kind, int64(out.Len()), *a.Frozen, &out)
}

// actorsOf are those who did something in an assessment.
func actorsOf(d *risk.Dossier) []string {
	out := []string{d.Assessment.OpenedBy, d.Assessment.FrozenBy}
	for _, l := range d.Lines {
		out = append(out, l.Actor)
	}
	for _, x := range d.Risks {
		if x.Acceptance != nil {
			out = append(out, x.Acceptance.Actor)
		}
	}
	return out
}
