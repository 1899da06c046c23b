package desk

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

var jobsList = page.TableSpec{
	Columns: []page.Column{
		{Key: "title", Title: "Job", Sort: true, Wide: true}, {Key: "status", Title: "State", Sort: true}, {Key: "progress", Title: "Progress", Num: true, Opt: true},
		{Key: "by", Title: "Asked by", Opt: true}, {Key: "took", Title: "Took", Num: true, Opt: true}, {Key: "created", Title: "When", Num: true, Sort: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: "running", Label: "Running", Status: "prog"}, {Value: "queued", Label: "Queued", Status: "na"}, {Value: "done", Label: "Done", Status: "pass"}, {Value: "failed", Label: "Failed", Status: "err"}, {Value: "cancelled", Label: "Cancelled", Status: "na"}}},
		{Key: "kind", Title: "Kind", Kind: page.Select, Options: []page.Option{{Value: "collect", Label: "Collect"}, {Value: "test", Label: "Run tests"}, {Value: "bundle", Label: "Bundle"}, {Value: "reconstruct", Label: "Reconstruct"}}},
	},
	Search: "Find a job", Sort: "-created", Size: 50, One: "job", Many: "jobs",
}

func (p *pages) jobs(r *page.Request) error {
	t, err := r.Table(&jobsList)
	if err != nil {
		return err
	}
	f := page.JobFilter{Kind: t.Filter("kind"), Status: t.Filter("state")}
	if t.Exporting() {
		return r.Export(t, "jobs", []string{"job", "title", "kind", "state", "done", "total", "asked_by", "created", "started", "finished", "error"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Background.Find(r.Context(), r.Read(), f, q)
			rows := make([][]any, len(res.Rows))
			for i, j := range res.Rows {
				rows[i] = []any{j.ID, j.Title, j.Kind, j.Status, j.Done, j.Total, j.By, j.Created, page.OrBlank(j.Started), page.OrBlank(j.Finished), j.Error}
			}
			return rows, res.Total, err
		})
	}
	res, err := p.Background.Find(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	rows := jobRows(r, t, res.Rows)
	return r.Render(http.StatusOK, jobsPage(t, rows), page.Part(t.ID(), rows))
}

func (p *pages) job(r *page.Request) error {
	j, err := p.Background.Job(r.Context(), r.Read(), r.Arg("id"))
	if err != nil {
		return err
	}
	r.Title, r.Crumbs = j.Title, []page.Crumb{{Text: "Jobs", Href: "/jobs"}, {Text: j.Title}}
	return r.Render(http.StatusOK, jobPage(r, j))
}

// file sends what a job made.
func (p *pages) file(r *page.Request) error {
	f, err := p.Background.File(r.Context(), r.Read(), r.Arg("id"))
	if err != nil {
		return err
	}
	defer f.Body.Close()
	return r.Attach(f.Name, f.Type, f.Size, f.Modified, f.Body)
}

// needs is what each kind of job needs to be cancelled, beyond the right of the route.
var needs = map[string]access.Action{"collect": access.RunCollection, "test": access.RunTests, "bundle": access.BuildReport, "reconstruct": access.HandleAlerts}

func (p *pages) askCancel(r *page.Request) error {
	j, err := p.Background.Job(r.Context(), r.Read(), r.Arg("id"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, cancelPanel(r, page.NewForm(), j))
}

func (p *pages) cancel(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	j, err := p.Background.Job(r.Context(), r.Read(), r.Arg("id"))
	if err != nil {
		return err
	}
	if err := r.Require(needs[j.Kind]); err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	err = p.Background.Cancel(r.Context(), scope, j.ID)
	if err == nil {
		return r.Redirect("/jobs/"+j.ID, "The job ends now.")
	}
	return r.PanelAgain(f, err, cancelPanel(r, f, j))
}

// confirm draws the question before an act on many rows.
func confirm(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	a, ok := r.Asked(f)
	if !ok {
		return errs.New(errs.Invalid, "this question is not one of the program's").WithHint("Go back to the list and try again.")
	}
	ticks, err := f.Ticks()
	if err != nil && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), confirmPanel(r, f, a, ticks))
}
