package examination

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) objectiveRoutes() []page.Route {
	const at, nav = "/engagements/{ref}/objectives", "/engagements"
	return slices.Concat(
		[]page.Route{{Method: http.MethodGet, Pattern: at, Action: access.ReadEngagement, Title: "Control objectives", Nav: nav, Handle: p.objectives}},
		two(at+"/new", "New control objective", nav, access.ManageEngagement, p.objectiveForm, p.objectiveSave),
		two(at+"/{id}/edit", "Control objective", nav, access.ManageEngagement, p.objectiveForm, p.objectiveSave),
		two(at+"/{id}/leave", "Leave an objective out", nav, access.ManageEngagement, p.leaveObjectiveForm, p.leaveObjective),
	)
}

var objectiveSpec = page.TableSpec{
	Columns: []page.Column{{Key: "id", Title: "Objective", Sort: true}, {Key: "statement", Title: "Statement", Wide: true}, {Key: "process", Title: "Process", Sort: true, Opt: true}, {Key: "by", Title: "Specified by", Sort: true, Opt: true},
		{Key: "controls", Title: "Controls", Num: true, Sort: true}, {Key: "from", Title: "From"}, {Key: "act", Title: "Actions", Quiet: true}},
	Filters: []page.Filter{{Key: "from", Title: "From", Kind: page.Segments, Options: []page.Option{{Value: "own", Label: "Own"}, {Value: "catalogue", Label: "Catalogue"}}}},
	Search:  "Find an objective", One: "objective", Many: "objectives", Size: 50,
}

// objectiveRow is an objective with the controls that serve it.
type objectiveRow struct {
	engagement.Objective
	Serve []string
}

func (o objectiveRow) from() string {
	if o.Own {
		return "own"
	}
	return "catalogue"
}

func (p *pages) objectives(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Scope", Href: page.EngagementPath(e.Ref, "scope")}, page.Crumb{Text: "Control objectives"})
	t, err := r.Table(&objectiveSpec)
	if err != nil {
		return err
	}
	cov, err := p.Engagement.Coverage(r.Context(), r.Read(), r.Now, e)
	if err != nil {
		return err
	}
	serve, counts := map[string][]string{}, map[string]int{}
	for _, s := range cov.Served {
		serve[s.ID] = s.Controls
	}
	var rows []objectiveRow
	words := strings.ToLower(t.Query.Search)
	for _, o := range e.Objectives {
		x := objectiveRow{o, serve[o.ID]}
		counts[x.from()]++
		if f := t.Filter("from"); (f == "" || f == x.from()) && strings.Contains(strings.ToLower(o.ID+" "+o.Statement+" "+o.Process), words) {
			rows = append(rows, x)
		}
	}
	t.SetCounts("from", counts)
	sortObjectives(rows, t.Query)
	t.Total = len(rows)
	cut := func(q paging.Query) []objectiveRow {
		q = q.Norm()
		from := min(q.Offset(), len(rows))
		return rows[from:min(from+q.Size, len(rows))]
	}
	if t.Exporting() {
		return r.Export(t, e.Ref+"-objectives", []string{"objective", "statement", "process", "specified_by", "assertions", "controls", "from"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, o := range cut(q) {
				out = append(out, []any{o.ID, o.Statement, o.Process, o.By, strings.Join(o.Assertions, ", "), strings.Join(o.Serve, ", "), o.from()})
			}
			return out, len(rows), nil
		})
	}
	list := objectiveRows(r, t, e, cut(t.Query))
	return r.Render(http.StatusOK, objectivesPage(r, t, e, list), page.Part(t.ID(), list))
}

func sortObjectives(rows []objectiveRow, q paging.Query) {
	by := map[string]func(a, b objectiveRow) int{
		"process": func(a, b objectiveRow) int { return cmp.Compare(a.Process, b.Process) }, "by": func(a, b objectiveRow) int { return cmp.Compare(a.By, b.By) },
		"controls": func(a, b objectiveRow) int { return cmp.Compare(len(a.Serve), len(b.Serve)) },
	}[q.Sort]
	if by != nil {
		slices.SortStableFunc(rows, by)
	}
	if q.Desc {
		slices.Reverse(rows)
	}
}

// objectiveOf finds the objective of the address; none for a new one.
func objectiveOf(r *page.Request, e engagement.Engagement) (engagement.Objective, error) {
	id := r.Arg("id")
	i := slices.IndexFunc(e.Objectives, func(o engagement.Objective) bool { return strings.EqualFold(o.ID, id) })
	if id == "" {
		return engagement.Objective{}, nil
	}
	if i < 0 {
		return engagement.Objective{}, errs.New(errs.NotFound, "%s has no control objective %s", e.Ref, id)
	}
	return e.Objectives[i], nil
}

// changeable refuses where there are no objectives to change.
func changeable(e engagement.Engagement) bool {
	return e.Report == engagement.SOC1 && !e.Status.Reached(engagement.Issued) && e.Status != engagement.Cancelled
}

func (p *pages) objectiveForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	o, err := objectiveOf(r, e)
	if err != nil {
		return err
	}
	f := page.NewForm("id", o.ID, "statement", o.Statement, "process", o.Process, "by", cmp.Or(o.By, "management"), "assertions", strings.Join(o.Assertions, ", "), "controls", strings.Join(o.Controls, ", "))
	return r.RenderPanel(http.StatusOK, objectivePanel(r, f, e, o))
}

func (p *pages) objectiveSave(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	was, err := objectiveOf(r, e)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	o := engagement.Objective{ID: cmp.Or(was.ID, strings.ToUpper(f.Get("id"))), Statement: f.Get("statement"), Process: f.Get("process"), By: f.Get("by"), Assertions: listed(f.Get("assertions")), Own: was.ID == "" || was.Own}
	for _, ref := range listed(f.Get("controls")) {
		c, err := p.Engagement.Controls.Control(r.Context(), r.Read(), ref)
		if errs.Is(err, errs.NotFound) {
			f.Wrong("controls", "There is no control "+ref+".")
		} else if err != nil {
			return err
		} else {
			o.Controls = append(o.Controls, c.Ref)
		}
	}
	if o.ID == "" {
		f.Wrong("id", "Give it a short word of its own, such as OWN-01.")
	}
	if o.Statement == "" {
		f.Wrong("statement", "Say what the controls give reasonable assurance of.")
	}
	t := e.Terms()
	i := slices.IndexFunc(t.Objectives, func(x engagement.Objective) bool { return x.ID == o.ID })
	switch {
	case was.ID == "" && i >= 0:
		f.Wrong("id", o.ID+" is there already.")
	case i >= 0:
		t.Objectives[i] = o
	default:
		t.Objectives = append(t.Objectives, o)
	}
	return p.rescope(r, f, scope, e, t, func() error { return r.RenderPanel(f.Status(), objectivePanel(r, f, e, was)) })
}

// rescope changes the objectives of an examination, or asks the auditor to consent to it.
func (p *pages) rescope(r *page.Request, f *page.Form, scope access.Scope, e engagement.Engagement, t engagement.Terms, again func() error) error {
	if f.OK() {
		c, _, err := p.Engagement.ChangeScope(r.Context(), scope, r.Now, e.Ref, f.Base(), t, f.Get("reason"))
		if err == nil {
			said := "The objectives are changed."
			if c.State == engagement.Proposed {
				said = "The change waits for the auditor's consent."
			}
			return r.Redirect(page.EngagementPath(e.Ref, "objectives"), said)
		}
		if at := errs.FieldOf(err); at == "objectives" {
			err = errs.AtField(err, "id")
		}
		if !stale(f, err) && !f.Take(err) {
			return err
		}
	}
	return again()
}

func (p *pages) leaveObjectiveForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	o, err := objectiveOf(r, e)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, leaveObjectivePanel(r, page.NewForm(), e, o))
}

func (p *pages) leaveObjective(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	o, err := objectiveOf(r, e)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if len([]rune(f.Get("reason"))) < 10 {
		f.Wrong("reason", "Say why, in at least 10 characters: an objective that is left out is not reported on.")
	}
	t := e.Terms()
	t.Objectives = slices.DeleteFunc(t.Objectives, func(x engagement.Objective) bool { return x.ID == o.ID })
	return p.rescope(r, f, scope, e, t, func() error {
		if f.Problem == "" {
			f.Problem = f.Errors["id"] // there is no field to say it at
		}
		return r.RenderPanel(f.Status(), leaveObjectivePanel(r, f, e, o))
	})
}

// listed are the words of a list with commas between, each once.
func listed(s string) []string {
	out := []string{}
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}
