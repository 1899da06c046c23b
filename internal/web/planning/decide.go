package planning

import (
	"net/http"
	"slices"

	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/web/page"
)

var decisionsList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Decision"}, {Key: "what", Title: "Decided", Wide: true}, {Key: "state", Title: "State"}, {Key: "differs", Title: "Recommendation", Opt: true},
		{Key: "by", Title: "By", Opt: true}, {Key: "at", Title: "When"},
	},
	One: "decision", Many: "decisions",
}

// decided is a decision as pages show it.
type decided struct {
	applicability.Decision
	What        string
	Who         string
	Newest      string // reference of the one that supersedes it; empty when it is in force
	Differences []applicability.Difference
}

func (p *pages) decided(r *page.Request, d applicability.Decision, newest string) (decided, error) {
	x := decided{Decision: d, What: p.summary(d.Chosen), Differences: applicability.Differences(d.Recommendation, d.Chosen)}
	if newest != d.Ref() {
		x.Newest = newest
	}
	var err error
	x.Who, err = p.actorName(r, d.By)
	return x, err
}

func (p *pages) overview(r *page.Request) error {
	t, err := r.Table(&decisionsList)
	if err != nil {
		return err
	}
	all, err := p.Applicability.Decisions(r.Context(), r.Read())
	if err != nil {
		return err
	}
	rows := make([]decided, len(all))
	for i, d := range all {
		if rows[i], err = p.decided(r, d, all[0].Ref()); err != nil {
			return err
		}
	}
	if t.Exporting() {
		return r.Export(t, "report-decisions", []string{"Decision", "Decided", "State", "Differs from the recommendation", "Reason", "By", "When", "SHA-256"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cut(rows, q) {
				out = append(out, []any{x.Ref(), x.What, stateWord(x), len(x.Differences) > 0, x.Chosen.Reason, x.Who, x.At, x.SHA256})
			}
			return out, len(rows), nil
		})
	}
	d, err := p.Applicability.Draft(r.Context(), r.Read())
	if err != nil {
		return err
	}
	who, err := p.actorName(r, d.By)
	if err != nil {
		return err
	}
	t.Total = len(rows)
	part := decisionRows(t, cut(rows, t.Query))
	r.Crumbs = []page.Crumb{{Text: "Which report"}}
	return r.Render(http.StatusOK, overviewPage(r, t, part, rows, d, who), page.Part(t.ID(), part))
}

// cut is one page of rows.
func cut[T any](rows []T, q paging.Query) []T {
	q = q.Norm()
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))]
}

func stateWord(x decided) string {
	if x.Newest == "" {
		return "In force"
	}
	return "Superseded by " + x.Newest
}

// outlook is the recommendation that the draft comes to.
type outlook struct {
	Draft       applicability.Draft
	So          applicability.Recommendation
	Commitments []org.Commitment
	Name        func(catalog.CategoryID) string
	Unanswered  int
}

func (p *pages) outlook(r *page.Request) (outlook, error) {
	x := outlook{Name: p.categoryName}
	var err error
	if x.Draft, err = p.Applicability.Draft(r.Context(), r.Read()); err != nil {
		return x, err
	}
	x.So = applicability.Recommend(x.Draft.Answers)
	x.Unanswered = len(applicability.Facts()) - x.Draft.Answers.Answered()
	x.Commitments, err = p.commitments(r)
	return x, err
}

// wish is a period somebody tries out.
type wish struct {
	From, To, Previous string
	Advice             []applicability.Advice
	Wrong              string
}

func (p *pages) wish(r *page.Request) (wish, error) {
	w := wish{From: r.Query("from"), To: r.Query("to"), Previous: r.Query("previous")}
	if w.From == "" && w.To == "" {
		all, err := p.View.Engagements(r.Context(), r.Read())
		if err != nil {
			return w, err
		}
		if len(all) > 0 && w.Previous == "" {
			w.Previous = all[0].Period.Last().String()
			from := all[0].Period.To
			w.From, w.To = from.String(), (period.Of(from.Time().AddDate(1, 0, 0)) - 1).String()
		}
		return w, nil
	}
	c := applicability.Chosen{From: w.From, To: w.To, Previous: w.Previous}
	if w.Advice = c.Advice(); len(w.Advice) == 0 {
		w.Wrong = "Give a first and a last day, such as 2026-01-01 and 2026-12-31; the last comes after the first."
	}
	return w, nil
}

func (p *pages) review(r *page.Request) error {
	x, err := p.outlook(r)
	if err != nil {
		return err
	}
	w, err := p.wish(r)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Which report", Href: start}, {Text: "Recommendation"}}
	return r.Render(http.StatusOK, reviewPage(r, x, w))
}

// The fields of the form of a decision.
func reportField(id applicability.ReportID) string { return "r-" + string(id) }
func categoryField(id catalog.CategoryID) string   { return "c-" + string(id) }

// decideForm opens with what is recommended.
func (p *pages) decideForm(r *page.Request) error {
	x, err := p.outlook(r)
	if err != nil {
		return err
	}
	f := page.NewForm("type", string(x.So.Type.Type), "from", r.Query("from"), "to", r.Query("to"), "previous", r.Query("previous"))
	for _, y := range x.So.Reports {
		if y.Verdict >= applicability.Advised {
			f.Values.Set(reportField(y.Report), "on")
		}
	}
	for _, c := range x.So.Categories {
		if c.Verdict >= applicability.Advised {
			f.Values.Set(categoryField(c.Category), "on")
		}
	}
	return p.renderDecide(r, f, x)
}

func (p *pages) renderDecide(r *page.Request, f *page.Form, x outlook) error {
	r.Crumbs = []page.Crumb{{Text: "Which report", Href: start}, {Text: "Decide"}}
	return r.RenderPanel(f.Status(), decidePanel(r, f, x))
}

func (p *pages) decide(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	c := applicability.Chosen{Type: applicability.Type(f.Get("type")), From: f.Get("from"), To: f.Get("to"), Previous: f.Get("previous"), Reason: f.Get("reason")}
	for _, id := range applicability.Reports() {
		if f.Checked(reportField(id)) {
			c.Reports = append(c.Reports, id)
		}
	}
	for _, k := range p.View.Catalog().Categories() {
		if f.Checked(categoryField(k.ID)) {
			c.Categories = append(c.Categories, k.ID)
		}
	}
	d, err := p.Applicability.Decide(r.Context(), scope, r.Now, f.Base(), c)
	if err == nil {
		return r.Redirect(decisionURL(d.Ref()), "Decision "+d.Ref()+" is kept.")
	}
	if theirs, stale := applicability.StaleOf(err); stale {
		f.Stale(theirs.Version, nil)
		f.Problem, f.Hint = "The answers were changed while you were deciding.", "Look at the recommendation again; sending the form once more decides on the answers as they are now."
	} else if !f.Take(err) {
		return err
	}
	x, err := p.outlook(r)
	if err != nil {
		return err
	}
	return p.renderDecide(r, f, x)
}

func (p *pages) find(r *page.Request) (decided, []decided, error) {
	d, err := p.Applicability.Decision(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return decided{}, nil, err
	}
	all, err := p.Applicability.Decisions(r.Context(), r.Read())
	if err != nil {
		return decided{}, nil, err
	}
	x, err := p.decided(r, d, all[0].Ref())
	if err != nil {
		return x, nil, err
	}
	var rest []decided
	for _, o := range all {
		if o.Number == d.Number {
			continue
		}
		y, err := p.decided(r, o, all[0].Ref())
		if err != nil {
			return x, nil, err
		}
		rest = append(rest, y)
	}
	return x, rest, nil
}

func (p *pages) decision(r *page.Request) error {
	x, rest, err := p.find(r)
	if err != nil {
		return err
	}
	list, err := p.commitments(r)
	if err != nil {
		return err
	}
	r.Title = x.Ref() + " Which report"
	r.Crumbs = []page.Crumb{{Text: "Which report", Href: start}, {Text: x.Ref()}}
	return r.Render(http.StatusOK, decisionPage(r, x, rest, outlook{So: x.Recommendation, Commitments: list, Name: p.categoryName}))
}

// command creates the engagement of a decision; empty when it has none that the program can make.
func command(c applicability.Chosen) string {
	if !c.SOC2() || c.From == "" || c.Type != applicability.Type2 && c.Type != applicability.Bridge {
		return ""
	}
	out := "tickmark audit new --categories "
	for i, k := range c.Categories {
		if i > 0 {
			out += ","
		}
		out += string(k)
	}
	return out + " --from " + c.From + " --to " + c.To
}

// factIDs lists facts once, in order.
func factIDs(list []applicability.FactID) []applicability.FactID {
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b applicability.FactID) int { return place(a) - place(b) })
	return slices.Compact(out)
}

func place(id applicability.FactID) int {
	return slices.IndexFunc(applicability.Facts(), func(f applicability.Fact) bool { return f.ID == id })
}
