package reviews

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

func joinedBy(list []string) string { return strings.Join(list, "; ") }

// grid is the table on which reviewers decide.
func grid(r *page.Request, v review.Review) *page.TableSpec {
	s := page.TableSpec{
		Columns: []page.Column{
			{Key: "n", Title: "#", Sort: true, Num: true, Opt: true},
			{Key: "login", Title: "Account", Sort: true, Wide: true},
			{Key: "person", Title: "Person", Sort: true, Opt: true},
			{Key: "sign_in", Title: "Last sign-in", Sort: true, Num: true, Opt: true},
			{Key: "rights", Title: "Rights", Opt: true},
			{Key: "flags", Title: "Flags", Sort: true},
			{Key: "decision", Title: "Decision", Sort: true},
		},
		Filters: []page.Filter{
			{Key: "decision", Title: "Decision", Kind: page.Segments, Options: []page.Option{
				{Value: "undecided", Label: "Undecided"}, {Value: string(review.Keep), Label: "Keep"}, {Value: string(review.Change), Label: "Change"}, {Value: string(review.Remove), Label: "Remove"}}},
			{Key: "flag", Title: "Flag", Kind: page.Select, All: "All rows", Options: flagOptions()},
			{Key: "since", Title: "Since last time", Kind: page.Select, Options: sinceOptions()},
			{Key: "reviewer", Title: "Reviewer", Kind: page.Select, Open: true},
		},
		Search: "Find an account", Sort: "n", One: "row", Many: "rows",
	}
	if v.State != review.Running {
		return &s
	}
	if r.Can(access.DecideReviews) {
		s.Bulk = append(s.Bulk, page.BulkAction{Label: "Keep", Action: doURL(v.Ref, "keep")}, page.BulkAction{Label: "Remove", Action: doURL(v.Ref, "remove")})
	}
	if r.Can(access.ManageReviews) {
		s.Bulk = append(s.Bulk, page.BulkAction{Label: "Give to…", Action: doURL(v.Ref, "reassign")})
	}
	return &s
}

func flagOptions() []page.Option {
	out := []page.Option{{Value: "any", Label: "Flagged"}}
	for _, f := range review.Flags() {
		out = append(out, page.Option{Value: string(f), Label: f.Title()})
	}
	return out
}

func sinceOptions() []page.Option {
	var out []page.Option
	for _, s := range review.Sinces() {
		out = append(out, page.Option{Value: string(s), Label: s.Title()})
	}
	return out
}

// gridData is a page of rows with what they belong to.
type gridData struct {
	review.Review
	names
	system  review.System // the zero one for all of them
	systems []review.System
	tally   review.Tally
	rows    []review.Row
}

func (d gridData) all() bool { return d.system.Slug == "" }

func (p *pages) system(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	d := gridData{Review: v}
	if d.systems, err = p.Reviews.Systems(r.Context(), r.Read(), v.ID, r.Now); err != nil {
		return err
	}
	i := slices.IndexFunc(d.systems, func(x review.System) bool { return x.Slug == r.Arg("system") })
	if i < 0 && r.Arg("system") != everything {
		return errs.New(errs.NotFound, "%s has no system %q", v.Ref, r.Arg("system"))
	}
	if i >= 0 {
		d.system = d.systems[i]
	}
	here := "All rows"
	if !d.all() {
		here = d.system.Slug
	}
	r.Crumbs = []page.Crumb{{Text: "Access reviews", Href: at}, {Text: v.Ref, Href: reviewURL(v.Ref)}, {Text: here}}
	r.Title = v.Ref + " " + here
	t, err := r.Table(grid(r, v))
	if err != nil {
		return err
	}
	if d.names, err = p.names(r); err != nil {
		return err
	}
	f := rowFilter(t, v, d.system.Slug)
	f.At = r.Now
	if t.Exporting() {
		return p.export(r, t, v, f, d.names)
	}
	res, err := p.Reviews.Rows(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	d.rows, t.Total = res.Rows, res.Total
	if err := p.gridCounts(r, t, &d); err != nil {
		return err
	}
	rows := gridRows(r, t, d)
	return r.Render(http.StatusOK, gridPage(r, t, d, rows), page.Part(t.ID(), rows))
}

// gridCounts fills the numbers of the filters.
func (p *pages) gridCounts(r *page.Request, t *page.Table, d *gridData) error {
	f := review.RowFilter{Review: d.ID, System: d.system.Slug}
	by, err := p.Reviews.Tallies(r.Context(), r.Read(), f, "reviewer", r.Now)
	if err != nil {
		return err
	}
	var reviewers []page.Option
	for u, x := range by {
		d.tally = plus(d.tally, x)
		reviewers = append(reviewers, page.Option{Value: u, Label: d.name(access.UserID(u)), Count: x.Rows, Counted: true})
	}
	slices.SortFunc(reviewers, func(a, b page.Option) int { return strings.Compare(a.Label, b.Label) })
	t.SetOptions("reviewer", reviewers)
	t.SetCounts("decision", map[string]int{"undecided": d.tally.Undecided(), string(review.Keep): d.tally.Keep, string(review.Change): d.tally.Change, string(review.Remove): d.tally.Remove})
	return nil
}

// plus adds counts of decisions.
func plus(a, b review.Tally) review.Tally {
	a.Rows, a.Decided, a.Keep, a.Change, a.Remove, a.Flagged = a.Rows+b.Rows, a.Decided+b.Decided, a.Keep+b.Keep, a.Change+b.Change, a.Remove+b.Remove, a.Flagged+b.Flagged
	return a
}

// rowFilter is what the address asks for.
func rowFilter(t *page.Table, v review.Review, system string) review.RowFilter {
	f := review.RowFilter{Review: v.ID, System: system, Reviewer: access.UserID(t.Filter("reviewer")), Since: review.Since(t.Filter("since"))}
	switch x := t.Filter("decision"); x {
	case "undecided":
		f.Undecided = true
	default:
		f.Decision = review.Decision(x)
	}
	switch x := t.Filter("flag"); x {
	case "any":
		f.Flagged = true
	default:
		f.Flag = review.Flag(x)
	}
	return f
}
