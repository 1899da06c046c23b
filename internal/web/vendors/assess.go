package vendors

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// findingLines is how many findings a form has room for.
const findingLines = 4

func parseAnswers(f *page.Form, asked []vendors.Question) []vendors.Answer {
	var out []vendors.Answer
	for _, q := range asked {
		out = append(out, vendors.Answer{Question: q.Key, Reply: vendors.Reply(f.Get("q_" + q.Key)), Note: f.Get("n_" + q.Key)})
	}
	return out
}

func parseFindings(f *page.Form) []vendors.Finding {
	var out []vendors.Finding
	for i := range findingLines {
		n := strconv.Itoa(i + 1)
		out = append(out, vendors.Finding{Text: f.Get("finding_" + n), Severity: vendors.Level(f.Get("severity_" + n))})
	}
	return out
}

// purposeOf is what the address asks for.
func purposeOf(r *page.Request, f *page.Form) vendors.Purpose {
	if f.Get("purpose") == string(vendors.Performance) || r.Query("purpose") == string(vendors.Performance) {
		return vendors.Performance
	}
	return vendors.Diligence
}

func (p *pages) assessForm(r *page.Request) error {
	f := page.NewForm("day", today(r))
	return p.showAssess(r, f)
}

func (p *pages) showAssess(r *page.Request, f *page.Form) error {
	v, err := p.file(r)
	if err != nil {
		return err
	}
	purpose := purposeOf(r, f)
	p.named(r, v.Vendor, purpose.Title())
	return r.Render(f.Status(), assessPage(r, f, v, purpose))
}

func (p *pages) assess(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	purpose := purposeOf(r, f)
	a := vendors.Assessment{
		Purpose: purpose, Day: parseDay(f, "day"), Answers: parseAnswers(f, vendors.Questions(purpose)), Findings: parseFindings(f), Decision: vendors.Decision(f.Get("decision")),
		Note: f.Values.Get("note"), Evidence: f.Get("evidence"),
	}
	if f.OK() {
		a, err := p.Vendors.Assess(r.Context(), scope, r.Now, r.Arg("ref"), a)
		if err == nil {
			return r.Redirect(assessmentURL(strings.ToUpper(r.Arg("ref")), a.Ref), a.Ref+" is recorded: "+strings.ToLower(a.Decision.Title())+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showAssess(r, f)
}

func (p *pages) assessment(r *page.Request) error {
	f, err := p.file(r)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(f.Assessments, func(a vendors.Assessment) bool { return strings.EqualFold(a.Ref, r.Arg("id")) })
	if i < 0 {
		return errs.New(errs.NotFound, "%s has no assessment %s", f.Ref, r.Arg("id")).WithHint("Open it from the page of its vendor.")
	}
	v := vendorView{File: f, Today: period.Of(r.Now)}
	if v.Names, err = p.View.Actors(r.Context(), r.Read(), f.Assessments[i].By); err != nil {
		return err
	}
	if v.Tasks, err = p.tasks(r, f.Ref); err != nil {
		return err
	}
	p.named(r, f.Vendor, f.Assessments[i].Ref)
	return r.Render(http.StatusOK, assessmentPage(r, v, f.Assessments[i]))
}

func (p *pages) reviewForm(r *page.Request) error {
	return p.showReview(r, page.NewForm("day", today(r)))
}

func (p *pages) showReview(r *page.Request, f *page.Form) error {
	x, v, err := p.onFile(r)
	if err != nil {
		return err
	}
	p.named(r, v.Vendor, "Review of "+x.Ref)
	return r.Render(f.Status(), reviewPage(r, f, v, x, p.remarks(r, v, x.Ref)))
}

func (p *pages) review(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	x, v, err := p.onFile(r)
	if err != nil {
		return err
	}
	rv := vendors.Review{
		Day: parseDay(f, "day"), Answers: parseAnswers(f, vendors.ReviewQuestions()), Findings: parseFindings(f), Reliance: vendors.Reliance(f.Get("reliance")), Equivalent: f.Checked("equivalent"),
		NoCUECs: f.Checked("no_cuecs"), Note: f.Values.Get("note"),
	}
	if f.OK() {
		_, err := p.Vendors.ReviewReport(r.Context(), scope, r.Now, x.Ref, f.Base(), rv)
		if err == nil {
			return r.Redirect(reportURL(v.Ref, x.Ref), "The review of "+x.Ref+" is recorded.")
		}
		if !stale(f, err, func(*vendors.Stale) map[string]string { return nil }) && !f.Take(err) {
			return err
		}
	}
	return p.showReview(r, f)
}

// found is the finding that the address names.
func (p *pages) found(r *page.Request) (finding, vendors.File, error) {
	f, err := p.file(r)
	if err != nil {
		return finding{}, f, err
	}
	n, _ := strconv.Atoi(r.Arg("n"))
	for _, x := range (vendorView{File: f}).findings() {
		if strings.EqualFold(x.Of, r.Arg("id")) && x.N == n {
			return x, f, nil
		}
	}
	return finding{}, f, errs.New(errs.NotFound, "%s has no finding %s/%s", f.Ref, r.Arg("id"), r.Arg("n"))
}

func (p *pages) taskForm(r *page.Request) error {
	x, v, err := p.found(r)
	if err != nil {
		return err
	}
	days := period.Date(30)
	if x.Severity == vendors.HighLevel {
		days = 14
	}
	f := page.NewForm("title", page.Short(v.Name+": "+x.Text, 150), "owner", string(v.Owner), "due", (period.Of(r.Now) + days).String())
	return p.showTask(r, f, x, v)
}

func (p *pages) showTask(r *page.Request, f *page.Form, x finding, v vendors.File) error {
	_, owners, err := p.members(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), taskPanel(r, f, v.Vendor, x, append([]page.Option{{Value: "", Label: "Nobody"}}, owners...)))
}

func (p *pages) openTask(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	x, v, err := p.found(r)
	if err != nil {
		return err
	}
	n := work.New{Title: f.Get("title"), Text: x.Text, Source: work.FromVendor, SourceRef: v.Ref + "/" + x.key(), Owner: f.Get("owner"), Due: parseDay(f, "due"), Criteria: []string{"CC9.2"}}
	if f.OK() {
		t, err := p.Work.Open(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(vendorURL(v.Ref)+"?tab=assessments", t.Ref+" is open.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showTask(r, f, x, v)
}
