package readiness

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// templComponent is a part of a page.
type templComponent = templ.Component

// taskView is everything the page of a task shows.
type taskView struct {
	view.TaskRow
	State   view.TaskState
	History []work.Event
	Names   map[string]string // of people, by identifier
}

func (p *pages) task(r *page.Request) error { return p.showTask(r, page.NewForm()) }

// showTask draws the page, perhaps with a comment that was not accepted.
func (p *pages) showTask(r *page.Request, f *page.Form) error {
	v, err := p.readTask(r)
	if err != nil {
		return err
	}
	r.Title = v.Ref + " " + v.Title
	r.Crumbs = []page.Crumb{{Text: "Tasks", Href: "/tasks"}, {Text: v.Ref}}
	return r.Render(f.Status(), taskPage(r, f, v))
}

func (p *pages) readTask(r *page.Request) (taskView, error) {
	var v taskView
	var err error
	if v.TaskRow, err = p.View.Task(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return v, err
	}
	if v.State, err = p.View.TaskStanding(r.Context(), r.Read(), v.Task, r.Now); err != nil {
		return v, err
	}
	if v.History, err = p.Work.History(r.Context(), r.Read(), v.ID); err != nil {
		return v, err
	}
	var who []string
	for _, e := range v.History {
		who = append(who, e.Actor)
		if e.Field == "owner" {
			who = append(who, e.Was, e.Became)
		}
	}
	v.Names, err = p.View.Actors(r.Context(), r.Read(), who...)
	return v, err
}

// mayMove reports whether the reader may change the status.
func (v taskView) mayMove(r *page.Request) bool {
	return r.Can(access.ManageTasks) || r.Can(access.WorkTasks) && v.Owner != "" && v.Owner == r.Read().User()
}

// sourceURL is the page of what the task comes from; empty without one.
func (v taskView) sourceURL() string {
	switch v.Source {
	case work.FromGap:
		return gapURL(v.SourceRef)
	case work.FromControl, work.FromEvidence:
		return controlURL(v.SourceRef)
	case work.FromTest:
		return testURL(v.SourceRef)
	case work.FromItem:
		if v.State.Known {
			return itemURL(v.SourceRef)
		}
		test, _, _ := strings.Cut(v.SourceRef, "/")
		return testURL(test)
	case work.FromException:
		return "/exceptions/" + v.SourceRef
	case work.FromRisk:
		risk, _, _ := strings.Cut(v.SourceRef, "/")
		return "/risks/" + risk
	case work.FromVendor:
		vendor, _, _ := strings.Cut(v.SourceRef, "/")
		return "/vendors/" + vendor
	case work.FromReview:
		return "/access-reviews/" + v.SourceRef
	case work.FromProgramme:
		id, _, _ := strings.Cut(v.SourceRef, "/")
		return programmeURL(id)
	case work.ByHand:
	}
	return ""
}

// said is a value of the history as people read it.
func (v taskView) said(e work.Event, value string) string {
	switch {
	case value == "" && e.Field == "owner":
		return "nobody"
	case value == "":
		return "nothing"
	case e.Field == "owner":
		if n := v.Names[value]; n != "" {
			return n
		}
	case e.Field == "status":
		return strings.ToLower(work.Status(value).Title())
	case e.Field == "due":
		if d, err := period.ParseDate(value); err == nil {
			return page.DateText(d)
		}
	}
	return value
}

// fieldWords names a field in the history.
func fieldWords(field string) string {
	switch field {
	case "why":
		return "the reason"
	case "due":
		return "the date"
	case "criteria":
		return "the criteria"
	}
	return "the " + field
}

func (p *pages) editForm(r *page.Request) error {
	t, err := p.View.Task(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm("title", t.Title, "text", t.Text, "owner", string(t.Owner), "due", dateField(t.Due), "criteria", strings.Join(t.Criteria, ", "))
	return p.showEdit(r, f, t)
}

func (p *pages) showEdit(r *page.Request, f *page.Form, t view.TaskRow) error {
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), taskPanel(r, f, page.PanelForm{Title: "Edit " + t.Ref, Action: taskURL(t.Ref) + "/edit", Button: "Save", Back: taskURL(t.Ref)}, people, true, t.Version))
}

func (p *pages) edit(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t, err := p.View.Task(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	title, text, owner, day, criteria := f.Get("title"), f.Values.Get("text"), f.Get("owner"), parseDue(f), criteriaField(f.Get("criteria"))
	if f.OK() {
		_, err := p.Work.Edit(r.Context(), scope, r.Now, t.Ref, f.Base(), work.Edit{Title: &title, Text: &text, Owner: &owner, Due: &day, Criteria: &criteria})
		if err == nil {
			return r.Redirect(taskURL(t.Ref), t.Ref+" saved.")
		}
		if !staleTask(f, err) && !f.Take(err) {
			return err
		}
	}
	return p.showEdit(r, f, t)
}

func (p *pages) statusForm(r *page.Request) error {
	t, err := p.View.Task(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	to := work.Status(r.Query("to"))
	if to == "" {
		to = work.Done
	}
	return r.RenderPanel(http.StatusOK, statusPanel(r, page.NewForm("to", string(to)), t))
}

func (p *pages) setStatus(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t, err := p.View.Task(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	to := work.Status(f.Get("to"))
	got, err := p.Work.Move(r.Context(), scope, r.Now, t.Ref, f.Base(), to, f.Values.Get("why"))
	if err == nil {
		return r.RedirectUndo(taskURL(t.Ref), t.Ref+" is "+strings.ToLower(got.Status.Title())+".", taskURL(t.Ref)+"/status", map[string]string{"to": string(t.Status), "why": t.Why})
	}
	if !staleTask(f, err) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), statusPanel(r, f, t))
}

func (p *pages) comment(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ref := r.Arg("ref")
	if err = p.Work.Comment(r.Context(), scope, r.Now, strings.ToUpper(ref), f.Values.Get("comment")); err == nil {
		return r.Redirect(taskURL(strings.ToUpper(ref)), "Comment added.")
	}
	if !f.Take(err) {
		return err
	}
	return p.showTask(r, f)
}
