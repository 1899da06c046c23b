package records

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var dueTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "control", Title: "Control", Sort: true}, {Key: "title", Title: "What it asks for", Sort: true, Wide: true}, {Key: "state", Title: "Evidence", Sort: true},
		{Key: "due", Title: "Due", Sort: true, Num: true}, {Key: "every", Title: "Every", Sort: true, Num: true, Opt: true}, {Key: "newest", Title: "Newest speaks until", Sort: true, Num: true, Opt: true},
		{Key: "owner", Title: "Owner", Sort: true, Opt: true}, {Key: "act", Title: "What to do", Quiet: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "Evidence", Kind: page.Segments, Options: []page.Option{
			{Value: "overdue", Label: "Overdue", Status: "fail"}, {Value: "due_soon", Label: "Due soon", Status: "risk"}, {Value: "none", Label: "None yet", Status: "err"}, {Value: "fresh", Label: "Fresh", Status: "pass"},
			{Value: "not_asked", Label: "Not asked for", Status: "na"}}},
		{Key: "owner", Title: "Owner", Kind: page.Select, Open: true},
	},
	Search: "Find by control, title or owner", One: "control", Many: "controls",
}

var dueHead = []string{"control", "title", "owner", "state", "due", "every_days", "decided_by_organisation", "reason", "newest_speaks_until", "newest_evidence", "pieces"}

func dueCells(rows []view.DueRow) [][]any {
	out := make([][]any, len(rows))
	for i, d := range rows {
		out[i] = []any{d.Control, d.Title, d.Owner, string(d.State), timeOr(d.Due), d.Every, d.Planned, d.Why, timeOr(d.Newest), d.NewestRef, d.Pieces}
	}
	return out
}

func timeOr(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func (s Services) dueList(r *page.Request) error {
	t, err := r.Table(&dueTable)
	if err != nil {
		return err
	}
	f := view.DueFilter{State: evidence.Freshness(t.Filter("state")), Owner: t.Filter("owner"), Asked: t.Filter("state") == "" && t.Query.Search == ""} // who looks for a control finds it
	if t.Exporting() {
		return r.Export(t, "evidence-due", dueHead, func(q paging.Query) ([][]any, int, error) {
			res, err := s.View.EvidenceDue(r.Context(), r.Read(), f, q, r.Now)
			return dueCells(res.Rows), res.Total, err
		})
	}
	res, err := s.View.EvidenceDue(r.Context(), r.Read(), f, t.Query, r.Now)
	if err != nil {
		return err
	}
	states := counts(res.States)
	if f.Asked { // the list leaves out what asks for nothing; its segment still says how much that is
		all, err := s.View.EvidenceDue(r.Context(), r.Read(), view.DueFilter{State: evidence.NotAsked, Owner: f.Owner}, paging.Query{Search: t.Query.Search, Size: 1}, r.Now)
		if err != nil {
			return err
		}
		states["not_asked"] = all.Total
	}
	t.Total = res.Total
	t.SetCounts("state", states)
	t.SetOptions("owner", options(res.Owners, nil))
	r.Title = "Evidence due"
	r.Crumbs = []page.Crumb{{Text: "Evidence", Href: "/evidence"}, {Text: "Due"}}
	return r.Render(http.StatusOK, duePage(r, t, res.Rows, states), page.Part(t.ID(), dueRows(r, t, res.Rows)))
}

func freshSign(f evidence.Freshness) sign {
	switch f {
	case evidence.Fresh:
		return sign{"pass", f.Title()}
	case evidence.DueSoon:
		return sign{"risk", f.Title()}
	case evidence.Overdue:
		return sign{"fail", f.Title()}
	case evidence.NoneYet:
		return sign{"err", f.Title()}
	case evidence.NotAsked:
		return sign{"na", f.Title()}
	}
	return sign{"err", "Unknown"}
}

func rhythmText(d view.DueRow) string {
	if d.Every == 0 {
		return "–"
	}
	return page.Plural(d.Every, "day", "days")
}

// plan is the panel in which a control's rhythm is decided.
func (s Services) plan(r *page.Request) (view.DueRow, evidence.Plan, error) {
	ref := strings.ToUpper(r.Arg("control"))
	res, err := s.View.EvidenceDue(r.Context(), r.Read(), view.DueFilter{Control: ref}, paging.Query{Size: 1}, r.Now)
	if err != nil {
		return view.DueRow{}, evidence.Plan{}, err
	}
	if len(res.Rows) == 0 {
		return view.DueRow{}, evidence.Plan{}, errs.New(errs.NotFound, "no control %s is in force", short(ref))
	}
	p, _, err := s.Evidence.Plans.Plan(r.Context(), r.Read(), ref)
	r.Title = "Evidence of " + ref
	r.Crumbs = []page.Crumb{{Text: "Evidence", Href: "/evidence"}, {Text: "Due", Href: "/evidence/due"}, {Text: ref}}
	return res.Rows[0], p, err
}

func (s Services) planForm(r *page.Request) error {
	d, p, err := s.plan(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, planPanel(r, page.NewForm("days", strconv.Itoa(d.Every), "note", p.Note), d, p.Version))
}

func (s Services) savePlan(r *page.Request) error {
	d, p, err := s.plan(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(f.Get("days"))
	if err != nil {
		f.Wrong("days", "Give a number of days, or 0 to ask for none.")
	}
	if f.OK() {
		have, err := s.Evidence.Decide(r.Context(), scope, r.Now, f.Base(), evidence.Plan{Control: d.Control, Days: days, Note: f.Get("note")})
		switch {
		case err == nil && days == 0:
			return r.Redirect("/evidence/due", "No evidence is asked for "+d.Control+" any more.")
		case err == nil:
			return r.Redirect("/evidence/due", "Evidence of "+d.Control+" is renewed every "+page.Plural(days, "day", "days")+".")
		case errs.Is(err, errs.Conflict):
			if have.Version != p.Version || p.Version == 0 {
				if p, _, err = s.Evidence.Plans.Plan(r.Context(), r.Read(), d.Control); err != nil {
					return err
				}
			}
			f.Stale(p.Version, map[string]string{"days": strconv.Itoa(p.Days), "note": p.Note})
		case !f.Take(err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), planPanel(r, f, d, p.Version))
}

// dayText is a day.
func dayText(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

// lastDay is the last day of what ends at an instant: midnight belongs to the day before.
func lastDay(t time.Time) string { return dayText(t.Add(-time.Microsecond)) }

func ownRhythm(d view.DueRow) string {
	if d.Planned || d.Every == 0 {
		return ""
	}
	return "The control’s own frequency asks for it every " + page.Plural(d.Every, "day", "days") + "."
}
