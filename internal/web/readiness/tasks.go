package readiness

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

func taskList(r *page.Request, mine bool) *page.TableSpec {
	s := page.TableSpec{
		Columns: []page.Column{
			{Key: "ref", Title: "Task", Sort: true},
			{Key: "title", Title: "What is to be done", Sort: true, Wide: true},
			{Key: "status", Title: "Status", Sort: true},
			{Key: "owner", Title: "Owner", Sort: true, Opt: true},
			{Key: "source", Title: "From", Sort: true, Opt: true},
			{Key: "due", Title: "Due", Sort: true, Num: true},
		},
		Filters: []page.Filter{
			{Key: "status", Title: "Status", Kind: page.Segments, Options: []page.Option{
				{Value: "todo", Label: "To do"}, {Value: "overdue", Label: "Overdue", Status: "fail"}, {Value: string(work.InProgress), Label: "In progress", Status: "prog"},
				{Value: string(work.Done), Label: "Done", Status: "pass"}, {Value: string(work.Dropped), Label: "Dropped", Status: "na"}}},
			{Key: "owner", Title: "Owner", Kind: page.Select, Open: true},
			{Key: "source", Title: "From", Kind: page.Select, Options: sourceOptions()},
			{Key: "criterion", Title: "Criterion", Kind: page.Select, Open: true},
		},
		Search: "Find a task", Sort: "due", One: "task", Many: "tasks",
	}
	if mine {
		s.Filters = append(s.Filters[:1:1], s.Filters[2])
		s.Columns = append(s.Columns[:3:3], s.Columns[4:]...)
	}
	if r.Can(access.ManageTasks) {
		s.Bulk = []page.BulkAction{{Label: "Assign", Action: "/tasks/bulk/assign"}, {Label: "Done", Action: "/tasks/bulk/done"}}
	}
	return &s
}

func sourceOptions() []page.Option {
	var out []page.Option
	for _, s := range work.Sources() {
		out = append(out, page.Option{Value: string(s), Label: s.Title()})
	}
	return out
}

func (p *pages) tasks(r *page.Request) error {
	t, rows, _, err := p.taskTable(r, taskList(r, false), "", "tasks")
	if err != nil || t.Exporting() {
		return err
	}
	return r.Render(http.StatusOK, tasksPage(r, t, rows), page.Part(t.ID(), rows))
}

func (p *pages) taskTable(r *page.Request, spec *page.TableSpec, owner, name string) (*page.Table, templComponent, view.TaskList, error) {
	var list view.TaskList
	t, err := r.Table(spec)
	if err != nil {
		return nil, nil, list, err
	}
	f := view.TaskFilter{Status: t.Filter("status"), Owner: t.Filter("owner"), Source: work.Source(t.Filter("source")), Criterion: t.Filter("criterion")}
	if owner != "" {
		f.Owner = owner
	}
	if t.Exporting() {
		return t, nil, list, r.Export(t, name, []string{"Task", "Title", "Text", "Status", "Reason", "Owner", "Due", "From", "About", "Criteria", "Opened", "Opened by", "Changed", "Closed"}, func(q paging.Query) ([][]any, int, error) {
			list, err := p.View.Tasks(r.Context(), r.Read(), f, q, r.Now)
			var out [][]any
			for _, x := range list.Rows {
				var closed any
				if x.ClosedAt != nil {
					closed = *x.ClosedAt
				}
				out = append(out, []any{x.Ref, x.Title, x.Text, x.Status.Title(), x.Why, x.OwnerName, dateField(x.Due), x.Source.Title(), x.SourceRef, strings.Join(x.Criteria, " "), x.Created, x.Author, x.Updated, closed})
			}
			return out, list.Total, err
		})
	}
	if list, err = p.View.Tasks(r.Context(), r.Read(), f, t.Query, r.Now); err != nil {
		return nil, nil, list, err
	}
	t.Total = list.Total
	t.SetCounts("status", counts(list.Statuses))
	var owners []page.Option
	for _, o := range list.Owners {
		owners = append(owners, page.Option{Value: o.Value, Label: o.Label, Count: int(o.N), Counted: true})
	}
	t.SetOptions("owner", owners)
	return t, taskRows(r, t, list.Rows, owner != ""), list, nil
}

func (p *pages) newTask(r *page.Request) error {
	criterion := r.Query("criterion")
	return p.showNew(r, page.NewForm("owner", r.Query("owner"), "criteria", criterion))
}

func (p *pages) showNew(r *page.Request, f *page.Form) error {
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), taskPanel(r, f, page.PanelForm{Title: "New task", Action: "/tasks/new", Button: "Open the task", Back: "/tasks"}, people, true, 0))
}

func (p *pages) addTask(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := work.New{Title: f.Get("title"), Text: f.Values.Get("text"), Owner: f.Get("owner"), Due: parseDue(f), Criteria: criteriaField(f.Get("criteria"))}
	if f.OK() {
		t, err := p.Work.Open(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(taskURL(t.Ref), t.Ref+" is open.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showNew(r, f)
}

// assignMany asks who gets the ticked tasks, and gives them.
func (p *pages) assignMany(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	if f.Values.Has("owner") {
		owner := f.Get("owner")
		changed, err := p.Work.Bulk(r.Context(), scope, refs, func(ctx context.Context, ref string) (work.Task, error) {
			return p.Work.Edit(ctx, scope, r.Now, ref, 0, work.Edit{Owner: &owner})
		})
		if err == nil {
			return r.Redirect(f.Back(), page.Plural(len(changed), "task", "tasks")+" assigned.")
		}
		if !f.Take(err) {
			return err
		}
	}
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), assignPanel(r, f, people, refs))
}

func (p *pages) doneMany(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	return p.moveAll(r, f, refs, work.Done, "")
}

// moveMany moves tasks that are named in one field: what the toast of doneMany takes back.
func (p *pages) moveMany(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	return p.moveAll(r, f, strings.Fields(f.Get("tasks")), work.Status(f.Get("to")), f.Get("why"))
}

func (p *pages) moveAll(r *page.Request, f *page.Form, refs []string, to work.Status, why string) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	changed, err := p.Work.Bulk(r.Context(), scope, refs, func(ctx context.Context, ref string) (work.Task, error) {
		return p.Work.Move(ctx, scope, r.Now, ref, 0, to, why)
	})
	if err != nil {
		return err
	}
	said := page.Plural(len(changed), "task is ", "tasks are ") + strings.ToLower(to.Title()) + "."
	back := f.Back()
	if f.Get("back") == "" {
		back = "/tasks"
	}
	if to != work.Done || len(changed) == 0 {
		return r.Redirect(back, said)
	}
	var names []string
	for _, t := range changed {
		names = append(names, t.Ref)
	}
	return r.RedirectUndo(back, said, "/tasks/bulk/status", map[string]string{"tasks": strings.Join(names, " "), "to": string(work.Open), "back": back})
}

// staleTask shows both texts when somebody else changed the task meanwhile.
func staleTask(f *page.Form, err error) bool {
	var stale *work.Stale
	if !errors.As(err, &stale) {
		return false
	}
	t := stale.Theirs
	f.Stale(t.Version, map[string]string{
		"title": t.Title, "text": t.Text, "owner": string(t.Owner), "due": dateField(t.Due), "criteria": strings.Join(t.Criteria, ", "), "why": t.Why,
	})
	return true
}
