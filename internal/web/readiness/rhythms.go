package readiness

import (
	"net/http"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/web/page"
)

// makes makes a route.
type makes func(pattern string, a access.Action, title, nav string, h func(*page.Request) error) page.Route

// recurring are the pages of controls that people perform.
func (p *pages) recurring(get, post makes, command func(string, page.Route) page.Route) []page.Route {
	const nav = "/occurrences"
	form := post("/occurrences/{ref}/perform", access.WorkTasks, "Record an occurrence", nav, p.perform)
	form.Body = evidence.MaxUpload + 1<<20
	if p.Evidence != nil {
		form.Body = p.Evidence.Limit() + 1<<20
	}
	return []page.Route{
		command("What is due of recurring controls?", get("/occurrences", access.ReadOccurrences, "Recurring controls", "", p.occurrences)),
		get("/occurrences/calendar", access.ReadOccurrences, "Calendar", nav, p.occurrenceCalendar),
		get("/occurrences/{ref}", access.ReadOccurrences, "Occurrence", nav, p.occurrence),
		get("/occurrences/{ref}/perform", access.WorkTasks, "Record an occurrence", nav, p.performForm),
		form,
		get("/occurrences/{ref}/check", access.ManageTasks, "Check an occurrence", nav, p.checkForm),
		post("/occurrences/{ref}/check", access.ManageTasks, "Check an occurrence", nav, p.check),
		get("/rhythms", access.ReadOccurrences, "Rhythms", nav, p.rhythms),
		post("/rhythms/usual", access.EditControls, "Plan controls", nav, p.planUsual),
		get("/rhythms/{control}", access.EditControls, "Rhythm", nav, p.rhythmForm),
		post("/rhythms/{control}", access.EditControls, "Rhythm", nav, p.setRhythm),
		get("/rhythms/{control}/end", access.EditControls, "End a plan", nav, p.endRhythmForm),
		post("/rhythms/{control}/end", access.EditControls, "End a plan", nav, p.endRhythm),
	}
}

// planRow is a plan as the list shows it.
type planRow struct {
	occurrence.Plan
	Title, Owner, Deputy string
	Next                 *occurrence.Occurrence // the next that is due, or the oldest that is open
	State                occurrence.State
}

var proposalsList = page.TableSpec{
	ID: "proposals", Prefix: "p-",
	Columns: []page.Column{
		{Key: "ref", Title: "Control"}, {Key: "title", Title: "Title", Wide: true}, {Key: "rhythm", Title: "Rhythm"}, {Key: "owner", Title: "Owner", Opt: true},
		{Key: "first", Title: "First due", Num: true, Opt: true}, {Key: "window", Title: "Late until", Num: true, Opt: true},
	},
	One: "control without a plan", Many: "controls without a plan", Size: 100,
	Bulk: []page.BulkAction{{Label: "Plan as proposed", Action: "/rhythms/usual"}},
}

// rhythms lists what is planned, and what could be.
func (p *pages) rhythms(r *page.Request) error {
	plans, err := p.planRows(r)
	if err != nil {
		return err
	}
	all, err := p.Occurrences.Proposals(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	spec := proposalsList
	if !r.Can(access.EditControls) {
		spec.Bulk = nil
	}
	t, err := r.Table(&spec)
	if err != nil {
		return err
	}
	t.Total = len(all)
	var who []string
	for _, x := range all {
		who = append(who, string(x.Control.Owner))
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "controls-without-a-plan", []string{"Control", "Title", "Rhythm", "Owner", "First due", "Days late"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range all[min(q.Offset(), len(all)):min(q.Offset()+q.Size, len(all))] {
				out = append(out, []any{x.Control.Ref, x.Control.Version.Title, occurrence.RhythmTitle(x.Terms.Rhythm), names[string(x.Control.Owner)], x.Terms.First.String(), x.Terms.Window})
			}
			return out, len(all), nil
		})
	}
	rows := proposalRows(t, all[min(t.Query.Offset(), len(all)):min(t.Query.Offset()+t.Query.Size, len(all))], names)
	r.Title = "Rhythms"
	r.Crumbs = []page.Crumb{{Text: "Recurring controls", Href: "/occurrences"}, {Text: "Rhythms"}}
	return r.Render(http.StatusOK, rhythmsPage(r, t, rows, plans), page.Part(t.ID(), rows))
}

func (p *pages) planRows(r *page.Request) ([]planRow, error) {
	plans, err := p.Occurrences.Plans(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	titles, err := p.controlTitles(r)
	if err != nil {
		return nil, err
	}
	today := period.Of(r.Now)
	all, err := p.Occurrences.All(r.Context(), r.Read(), today-2*366, today+367)
	if err != nil {
		return nil, err
	}
	next := map[string]*occurrence.Occurrence{}
	for i, o := range all {
		if next[o.Control] == nil && !o.Performed() && !o.Ended && (o.Todo(today) || o.Due >= today) {
			next[o.Control] = &all[i]
		}
	}
	var who []string
	for _, x := range plans {
		who = append(who, string(x.Now().Owner), string(x.Now().Deputy))
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return nil, err
	}
	var out []planRow
	for _, x := range plans {
		row := planRow{Plan: x, Title: titles[x.Control], Owner: names[string(x.Now().Owner)], Deputy: names[string(x.Now().Deputy)], Next: next[x.Control]}
		if row.Next != nil {
			row.State = row.Next.State(today)
		}
		out = append(out, row)
	}
	return out, nil
}

func (p *pages) planUsual(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	done, err := p.Occurrences.PlanUsual(r.Context(), scope, r.Now, refs)
	if err != nil {
		return err
	}
	return r.Redirect("/rhythms", page.Plural(len(done), "control is planned.", "controls are planned."))
}

// planOf reads a control and its plan; the plan has no terms yet where nobody planned it.
func (p *pages) planOf(r *page.Request) (control.Control, occurrence.Plan, error) {
	c, err := p.Controls.Control(r.Context(), r.Read(), r.Arg("control"))
	if err != nil {
		return c, occurrence.Plan{}, err
	}
	plan, err := p.Occurrences.PlanOf(r.Context(), r.Read(), c.Ref)
	if errs.Is(err, errs.NotFound) {
		return c, occurrence.Plan{Control: c.Ref}, nil
	}
	return c, plan, err
}

func (p *pages) rhythmForm(r *page.Request) error {
	c, plan, err := p.planOf(r)
	if err != nil {
		return err
	}
	x := occurrence.Propose(c, r.Now)
	if n := len(plan.Terms); n > 0 && !plan.Now().Ended() {
		t := plan.Now()
		x = occurrence.Terms{Rhythm: t.Rhythm, First: t.First, Window: t.Window, Owner: string(t.Owner), Deputy: string(t.Deputy), Attach: t.Attach, Checked: t.Checked}
	}
	f := page.NewForm("rhythm", string(x.Rhythm), "first", x.First.String(), "window", strconv.Itoa(x.Window), "owner", x.Owner, "deputy", x.Deputy, "attach", x.Attach)
	if x.Checked {
		f.Values.Set("checked", "on")
	}
	return p.showRhythm(r, f, c, plan)
}

func (p *pages) showRhythm(r *page.Request, f *page.Form, c control.Control, plan occurrence.Plan) error {
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), rhythmPanel(r, f, c, plan, people))
}

func (p *pages) setRhythm(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	c, plan, err := p.planOf(r)
	if err != nil {
		return err
	}
	window, err := strconv.Atoi(f.Get("window"))
	if err != nil {
		f.Wrong("window", "Give a whole number of days, 0 for none.")
	}
	x := occurrence.Terms{
		Rhythm: catalog.Frequency(f.Get("rhythm")), First: dayOf(f, "first"), Window: window, Owner: f.Get("owner"), Deputy: f.Get("deputy"),
		Attach: f.Values.Get("attach"), Checked: f.Checked("checked"), Why: f.Values.Get("why"),
	}
	if f.OK() {
		if _, err = p.Occurrences.Plan(r.Context(), scope, r.Now, c.Ref, f.Base(), x); err == nil {
			return r.Redirect("/occurrences?control="+c.Ref, c.Ref+" is planned.")
		}
		if !stalePlan(f, err, plan) && !f.Take(err) {
			return err
		}
	}
	return p.showRhythm(r, f, c, plan)
}

// stalePlan shows both plans when somebody else was faster.
func stalePlan(f *page.Form, err error, plan occurrence.Plan) bool {
	if !errs.Is(err, errs.Conflict) || len(plan.Terms) == 0 || f.Base() == plan.Now().Version {
		return false
	}
	t := plan.Now()
	f.Stale(t.Version, map[string]string{"rhythm": string(t.Rhythm), "first": t.First.String(), "window": strconv.Itoa(t.Window), "owner": string(t.Owner), "deputy": string(t.Deputy), "attach": t.Attach})
	return true
}

func (p *pages) endRhythmForm(r *page.Request) error {
	c, plan, err := p.planOf(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, endRhythmPanel(r, page.NewForm(), c, plan))
}

func (p *pages) endRhythm(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	c, plan, err := p.planOf(r)
	if err != nil {
		return err
	}
	if _, err = p.Occurrences.End(r.Context(), scope, r.Now, c.Ref, f.Base(), f.Values.Get("why")); err == nil {
		return r.Redirect("/rhythms", "Nothing more is due for "+c.Ref+".")
	}
	if !stalePlan(f, err, plan) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), endRhythmPanel(r, f, c, plan))
}

// rhythmOptions are the rhythms to choose from.
func rhythmOptions() []page.Option {
	var out []page.Option
	for _, f := range occurrence.Rhythms() {
		out = append(out, page.Option{Value: string(f), Label: occurrence.RhythmTitle(f)})
	}
	return out
}

func planVersion(plan occurrence.Plan) int {
	if len(plan.Terms) == 0 {
		return 0
	}
	return plan.Now().Version
}
