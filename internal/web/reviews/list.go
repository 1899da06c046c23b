package reviews

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

var listSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Review", Sort: true},
		{Key: "title", Title: "Title", Sort: true, Wide: true},
		{Key: "state", Title: "State", Sort: true},
		{Key: "undecided", Title: "Decided", Sort: true, Opt: true},
		{Key: "follow", Title: "To be done", Opt: true},
		{Key: "started", Title: "Started", Sort: true, Num: true, Opt: true},
		{Key: "due", Title: "Due", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: string(review.Running), Label: "Running", Status: "prog"}, {Value: string(review.Closed), Label: "Closed", Status: "pass"}, {Value: string(review.Cancelled), Label: "Cancelled", Status: "na"}}},
		{Key: "system", Title: "System", Kind: page.Select, Open: true},
	},
	Search: "Find a review", Sort: "-started", One: "review", Many: "reviews",
}

// calendar is what is planned, with the next day of each system.
type calendar struct {
	plans []review.Plan
	names names
	today period.Date
	other []review.Offer // systems without a plan
}

func (p *pages) list(r *page.Request) error {
	t, err := r.Table(&listSpec)
	if err != nil {
		return err
	}
	f := review.Filter{State: review.State(t.Filter("state")), Connection: t.Filter("system"), At: r.Now}
	read := func(q paging.Query) (paging.Result[review.Review], error) {
		return p.Reviews.List(r.Context(), r.Read(), f, q)
	}
	if t.Exporting() {
		return r.Export(t, "access-reviews", []string{"Review", "Title", "State", "Started", "Due", "Ended", "Rows", "Decided", "Kept", "Changed", "Removed", "Flagged", "To be done", "Overdue", "Done", "Done late", "Evidence", "SHA-256"}, func(q paging.Query) ([][]any, int, error) {
			res, err := read(q)
			var out [][]any
			for _, v := range res.Rows {
				out = append(out, []any{v.Ref, v.Title, v.State.Title(), v.Started, v.Due.String(), page.OrBlank(v.Ended), v.Rows, v.Decided, v.Keep, v.Change, v.Remove, v.Flagged, v.Open, v.Overdue, v.Done, v.Late, joined(v.Evidence), v.SHA256})
			}
			return out, res.Total, err
		})
	}
	res, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	plans, err := p.Reviews.Plans(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var systems []page.Option
	for _, x := range plans {
		systems = append(systems, page.Option{Value: x.Connection, Label: x.Source})
	}
	t.SetOptions("system", systems)
	rows := listRows(r, t, res.Rows)
	if r.Target() == t.ID() {
		return r.Render(http.StatusOK, rows, page.Part(t.ID(), rows))
	}
	c := calendar{plans: plans, today: period.Of(r.Now)}
	if c.names, err = p.names(r); err != nil {
		return err
	}
	if c.other, err = p.unplanned(r, plans); err != nil {
		return err
	}
	return r.Render(http.StatusOK, listPage(r, t, rows, c), page.Part(t.ID(), rows))
}

// unplanned lists the systems that could be reviewed and have no plan.
func (p *pages) unplanned(r *page.Request, plans []review.Plan) ([]review.Offer, error) {
	if !r.Can(access.ManageReviews) {
		return nil, nil
	}
	offers, err := p.Reviews.Offers(r.Context(), r.Read(), r.Now)
	seen := map[string]bool{}
	for _, x := range plans {
		seen[x.Connection] = true
	}
	var out []review.Offer
	for _, o := range offers {
		if !seen[o.Connection] {
			seen[o.Connection] = true
			out = append(out, o)
		}
	}
	return out, err
}

func (p *pages) planForm(r *page.Request) error {
	x, err := p.plan(r)
	if err != nil {
		return err
	}
	f := page.NewForm("every", string(x.Every), "reviewer", string(x.Reviewer), "deputy", string(x.Deputy))
	if x.Critical {
		f.Values.Set("critical", "on")
	}
	return p.showPlan(r, f, x)
}

// plan is the plan of a system, or a first proposal.
func (p *pages) plan(r *page.Request) (review.Plan, error) {
	plans, err := p.Reviews.Plans(r.Context(), r.Read())
	if err != nil {
		return review.Plan{}, err
	}
	for _, x := range plans {
		if x.Connection == r.Arg("connection") {
			return x, nil
		}
	}
	offers, err := p.Reviews.Offers(r.Context(), r.Read(), r.Now)
	if err != nil {
		return review.Plan{}, err
	}
	for _, o := range offers {
		if o.Connection == r.Arg("connection") {
			return review.Plan{Connection: o.Connection, Source: o.Source, Kind: o.Kind, Every: review.Quarterly}, nil
		}
	}
	return review.Plan{}, errs.New(errs.NotFound, "no system %s tells about accounts", r.Arg("connection"))
}

func (p *pages) showPlan(r *page.Request, f *page.Form, x review.Plan) error {
	n, err := p.names(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), planPanel(r, f, x, n))
}

func (p *pages) setPlan(r *page.Request) error {
	x, err := p.plan(r)
	if err != nil {
		return err
	}
	return p.act(r, func(f *page.Form, scope access.Scope) error {
		_, err := p.Reviews.SetPlan(r.Context(), scope, r.Now, f.Base(), review.Plan{
			Connection: x.Connection, Critical: f.Checked("critical"), Every: review.Every(f.Get("every")), Reviewer: access.UserID(f.Get("reviewer")), Deputy: access.UserID(f.Get("deputy")),
		})
		if err != nil {
			return err
		}
		return r.Redirect(at, x.Source+" is planned.")
	}, func(f *page.Form) error { return p.showPlan(r, f, x) })
}
