package readiness

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// gapList is the gap analysis; whoever may not make tasks gets it without boxes to tick.
func gapList(r *page.Request) *page.TableSpec {
	s := page.TableSpec{
		Columns: []page.Column{
			{Key: "id", Title: "Criterion", Sort: true},
			{Key: "status", Title: "Status", Sort: true},
			{Key: "reasons", Title: "Why", Sort: true, Wide: true},
			{Key: "operating", Title: "Controls", Num: true, Sort: true, Opt: true},
			{Key: "change", Title: "A week ago", Sort: true, Opt: true},
			{Key: "task", Title: "Task"},
		},
		Filters: []page.Filter{
			{Key: "status", Title: "Status", Kind: page.Segments, Options: statusOptions()},
			{Key: "category", Title: "Category", Kind: page.Select, Open: true},
			{Key: "task", Title: "Task", Kind: page.Select, Options: []page.Option{{Value: "yes", Label: "Somebody works on it"}, {Value: "no", Label: "Nobody works on it"}}},
			{Key: "change", Title: "Change", Kind: page.Select, Options: []page.Option{{Value: "yes", Label: "Changed since last week"}}},
		},
		Search: "Find a criterion, control or reason", Sort: "status", One: "criterion", Many: "criteria",
	}
	if r.Can(access.ManageTasks) {
		s.Bulk = []page.BulkAction{{Label: "Make a task for each", Action: "/gaps/tasks"}}
	} else if !r.Can(access.ReadTasks) {
		s.Columns = s.Columns[:len(s.Columns)-1]
		s.Filters = append(s.Filters[:2:2], s.Filters[3])
	}
	return &s
}

func statusOptions() []page.Option {
	var out []page.Option
	for _, s := range control.Standings() {
		out = append(out, page.Option{Value: string(s), Label: s.Title(), Status: standingKey(s)})
	}
	return out
}

func (p *pages) gaps(r *page.Request) error {
	t, err := r.Table(gapList(r))
	if err != nil {
		return err
	}
	f := view.GapFilter{Status: control.Standing(t.Filter("status")), Category: catalog.CategoryID(t.Filter("category")), Change: t.Filter("change") == "yes", Task: t.Filter("task")}
	if t.Exporting() {
		return r.Export(t, "gaps", []string{"Criterion", "Title", "Category", "Status", "A week ago", "Controls in force", "As they should be", "Reasons", "Tasks"}, func(q paging.Query) ([][]any, int, error) {
			list, err := p.View.Gaps(r.Context(), r.Read(), f, q, r.Now)
			var out [][]any
			for _, g := range list.Rows {
				operating, all := g.Operating(r.Now)
				out = append(out, []any{g.ID, g.Title, string(g.Category), g.Status.Title(), g.Before.Title(), all, operating, reasonsText(g.Reasons), taskRefs(g.Tasks)})
			}
			return out, list.Total, err
		})
	}
	list, err := p.View.Gaps(r.Context(), r.Read(), f, t.Query, r.Now)
	if err != nil {
		return err
	}
	t.Total = list.Total
	t.SetCounts("status", counts(list.Statuses))
	t.SetCounts("change", map[string]int{"yes": int(list.Changed)})
	var cats []page.Option
	for _, c := range list.Categories {
		cats = append(cats, page.Option{Value: c.Value, Label: c.Label, Count: int(c.N), Counted: true})
	}
	t.SetOptions("category", cats)
	rows := gapRows(r, t, list.Rows)
	return r.Render(http.StatusOK, gapsPage(r, t, list, rows), page.Part(t.ID(), rows))
}

func counts(choices []view.Choice) map[string]int {
	out := map[string]int{}
	for _, c := range choices {
		out[c.Value] = int(c.N)
	}
	return out
}

func reasonsText(list []control.Reason) string {
	var out []string
	for _, x := range list {
		out = append(out, strings.TrimSpace(strings.TrimSpace(x.Control+" "+x.Test)+": "+x.Text))
	}
	return strings.Join(out, "\n")
}

func taskRefs(list []view.TaskRow) string {
	var out []string
	for _, t := range list {
		out = append(out, t.Ref)
	}
	return strings.Join(out, " ")
}

// reasonsShown is how many reasons a row of the list shows.
const reasonsShown = 2

func (p *pages) gap(r *page.Request) error {
	g, err := p.View.Gap(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	r.Title = g.ID + " " + g.Title
	r.Crumbs = []page.Crumb{{Text: "Gaps", Href: "/gaps"}, {Text: g.ID}}
	return r.Render(http.StatusOK, gapPage(r, g))
}

// reasonURL is the page of what a reason is about: the control's if there is no test.
func reasonURL(x control.Reason) string {
	switch {
	case x.Test != "":
		return testURL(x.Test)
	case x.Control != "":
		return controlURL(x.Control)
	}
	return ""
}

// proposal is the task that would close a gap, or mend what one control lacks.
type proposal struct {
	Title, Text, Owner string
	Due                period.Date
	Source             work.Source
	SourceRef          string
	Criteria           []string
}

// propose makes a task of a gap: its owner is that of the control with the worst reason, its day follows from severity and
// grace.
func propose(g view.GapRow, controlRef string, r *page.Request) proposal {
	x := proposal{Source: work.FromGap, SourceRef: g.ID, Criteria: []string{g.ID}, Title: "Close the gap at " + g.ID + ": " + g.Title}
	var lines []string
	today := period.Of(r.Now)
	for _, reason := range g.Reasons {
		if controlRef != "" && reason.Control != controlRef || !reason.Standing.Gap() {
			continue
		}
		lines = append(lines, "- "+strings.TrimSpace(strings.TrimSpace(reason.Control+" "+reason.Test)+": "+reason.Text))
		day := today + period.Date(reason.DueDays())
		if !reason.Until.IsZero() {
			day = max(today, period.Of(reason.Until))
		}
		if x.Due == 0 || day < x.Due {
			x.Due = day
		}
		if x.Owner == "" {
			x.Owner = ownerOf(g, reason.Control)
		}
	}
	if controlRef != "" {
		x.Source, x.SourceRef = work.FromControl, controlRef
		for _, c := range g.Controls {
			if c.Ref == controlRef {
				x.Title = "Mend " + c.Ref + ": " + c.Title
			}
		}
	}
	x.Text = strings.Join(lines, "\n")
	x.Title, x.Text = clip(x.Title, work.MaxTitle), clip(x.Text, work.MaxText)
	return x
}

func ownerOf(g view.GapRow, ref string) string {
	for _, c := range g.Controls {
		if c.Ref == ref {
			return string(c.OwnerID)
		}
	}
	return ""
}

func clip(s string, n int) string {
	if x := []rune(s); len(x) > n {
		return string(x[:n-1]) + "…"
	}
	return s
}

func (p *pages) gapTaskForm(r *page.Request) error {
	g, err := p.View.Gap(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	x := propose(g, r.Query("control"), r)
	f := page.NewForm("title", x.Title, "text", x.Text, "owner", x.Owner, "due", dateField(x.Due), "control", r.Query("control"))
	return p.showProposal(r, f, gapURL(g.ID)+"/task", gapURL(g.ID), x.Source.Title()+" "+x.SourceRef)
}

func (p *pages) showProposal(r *page.Request, f *page.Form, action, back, about string) error {
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), taskPanel(r, f, page.PanelForm{Title: "Make a task", Sub: about, Action: action, Button: "Make the task", Back: back}, people, false, 0))
}

func (p *pages) openGapTask(r *page.Request) error {
	g, err := p.View.Gap(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	ref := f.Get("control")
	if ref != "" && ownerless(g, ref) {
		return errs.New(errs.NotFound, "%s is not served by %s", g.ID, ref)
	}
	x := propose(g, ref, r)
	return p.open(r, f, work.New{Source: x.Source, SourceRef: x.SourceRef, Criteria: x.Criteria}, gapURL(g.ID)+"/task", gapURL(g.ID), x.Source.Title()+" "+x.SourceRef)
}

// ownerless reports whether no control of the criterion has the reference.
func ownerless(g view.GapRow, ref string) bool {
	for _, c := range g.Controls {
		if c.Ref == ref {
			return false
		}
	}
	return true
}

// open opens a task from a form that is a panel, and leads to its page.
func (p *pages) open(r *page.Request, f *page.Form, n work.New, action, back, about string) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	n.Title, n.Text, n.Owner, n.Due = f.Get("title"), f.Values.Get("text"), f.Get("owner"), parseDue(f)
	if f.OK() {
		t, err := p.Work.Open(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(taskURL(t.Ref), t.Ref+" is open.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showProposal(r, f, action, back, about)
}

// openGapTasks opens a task for each ticked criterion that has none yet.
func (p *pages) openGapTasks(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ticked, err := f.Ticks()
	if err != nil {
		return err
	}
	list, err := p.View.Gaps(r.Context(), r.Read(), view.GapFilter{}, paging.Query{Size: paging.MaxSize}, r.Now)
	if err != nil {
		return err
	}
	byID := map[string]view.GapRow{}
	for _, g := range list.Rows {
		byID[g.ID] = g
	}
	opened, had := 0, 0
	for _, id := range ticked {
		g, ok := byID[id]
		if !ok {
			return errs.New(errs.NotFound, "no criterion %s in scope", id)
		}
		x := propose(g, "", r)
		_, err := p.Work.Open(r.Context(), scope, r.Now, work.New{Title: x.Title, Text: x.Text, Owner: x.Owner, Due: x.Due, Source: x.Source, SourceRef: x.SourceRef, Criteria: x.Criteria})
		var stale *work.Stale
		switch {
		case errors.As(err, &stale):
			had++
		case errs.FieldOf(err) == "owner": // the control's owner cannot have tasks any more
			if _, err = p.Work.Open(r.Context(), scope, r.Now, work.New{Title: x.Title, Text: x.Text, Due: x.Due, Source: x.Source, SourceRef: x.SourceRef, Criteria: x.Criteria}); err != nil {
				return err
			}
			opened++
		case err != nil:
			return err
		default:
			opened++
		}
	}
	said := page.Plural(opened, "task", "tasks") + " opened."
	if had > 0 {
		said += " " + strconv.Itoa(had) + " had one already."
	}
	return r.Redirect(f.Back(), said)
}

// newTaskURL is where a task about a reason is made.
func newTaskURL(g view.GapRow, ref string) string {
	if ref == "" {
		return gapURL(g.ID) + "/task"
	}
	return gapURL(g.ID) + "/task?" + url.Values{"control": {ref}}.Encode()
}

// taskOf is the open task about a control, among those of a gap.
func taskOf(g view.GapRow, ref string) *view.TaskRow {
	for i, t := range g.Tasks {
		if t.SourceRef == cmp.Or(ref, g.ID) {
			return &g.Tasks[i]
		}
	}
	return nil
}
