// Package readiness shows where an organisation stands and what to do next: the home page, the gaps of its criteria, the
// tasks that close them, and the guided programmes.
package readiness

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// Services is what these pages need.
type Services struct {
	View        *view.Reader
	Work        *work.Service
	Access      *access.Service
	Controls    *control.Service
	Evidence    *evidence.Service
	Occurrences *occurrence.Service
	// Duties lists everything that waits for the reader, of every room, what is due first.
	Duties func(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error)
	// Seen is what the other rooms show about the questions of guided programmes, by name.
	Seen func(ctx context.Context, s access.ReadScope, now time.Time) (map[string]work.Seen, error)
}

type pages struct{ Services }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern string, a access.Action, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: h}
	}
	post := func(pattern string, a access.Action, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: h}
	}
	command := func(words string, r page.Route) page.Route {
		r.Command = words
		return r
	}
	planned := func(r page.Route) page.Route {
		r.Styles = "planning"
		return r
	}
	routes := append(p.recurring(get, post, command), []page.Route{
		get("/", page.SignedIn, "Home", "", p.home),
		planned(command("Where are the gaps?", get("/gaps", access.ReadProgramme, "Gaps", "", p.gaps))),
		planned(get("/gaps/{id}", access.ReadProgramme, "Gap", "/gaps", p.gap)),
		get("/gaps/{id}/task", access.ManageTasks, "Make a task", "/gaps", p.gapTaskForm),
		post("/gaps/{id}/task", access.ManageTasks, "Make a task", "/gaps", p.openGapTask),
		post("/gaps/tasks", access.ManageTasks, "Make tasks", "/gaps", p.openGapTasks),
		command("What waits for me?", get("/my-work", access.ReadTasks, "My work", "", p.myWork)),
		get("/my-work/digest", page.SignedIn, "E-mail digest", "/my-work", p.digestForm),
		post("/my-work/digest", page.SignedIn, "E-mail digest", "/my-work", p.setDigest),
		get("/tasks", access.ReadTasks, "Tasks", "", p.tasks),
		command("New task", get("/tasks/new", access.ManageTasks, "New task", "/tasks", p.newTask)),
		post("/tasks/new", access.ManageTasks, "New task", "/tasks", p.addTask),
		get("/tasks/{ref}", access.ReadTasks, "Task", "/tasks", p.task),
		get("/tasks/{ref}/edit", access.ManageTasks, "Edit a task", "/tasks", p.editForm),
		post("/tasks/{ref}/edit", access.ManageTasks, "Edit a task", "/tasks", p.edit),
		get("/tasks/{ref}/status", access.WorkTasks, "Status of a task", "/tasks", p.statusForm),
		post("/tasks/{ref}/status", access.WorkTasks, "Status of a task", "/tasks", p.setStatus),
		post("/tasks/{ref}/comment", access.WorkTasks, "Comment", "/tasks", p.comment),
		post("/tasks/bulk/assign", access.ManageTasks, "Assign tasks", "/tasks", p.assignMany),
		post("/tasks/bulk/status", access.ManageTasks, "Close tasks", "/tasks", p.moveMany),
		post("/tasks/bulk/done", access.ManageTasks, "Close tasks", "/tasks", p.doneMany),
		get("/programmes", access.ReadProgramme, "Guided programmes", "", p.programmes),
		get("/programmes/{id}", access.ReadProgramme, "Guided programme", "/programmes", p.programme),
		get("/programmes/{id}/{line}/settle", access.ManageTasks, "Settle a line", "/programmes", p.settleForm),
		post("/programmes/{id}/{line}/settle", access.ManageTasks, "Settle a line", "/programmes", p.settle),
		get("/programmes/{id}/{line}/task", access.ManageTasks, "Make a task", "/programmes", p.lineTaskForm),
		post("/programmes/{id}/{line}/task", access.ManageTasks, "Make a task", "/programmes", p.openLineTask),
	}...)
	for i := range routes {
		routes[i].Styles = "duties"
	}
	return routes
}

// Addresses of what these pages show and lead to.

func gapURL(id string) string       { return "/gaps/" + url.PathEscape(id) }
func taskURL(ref string) string     { return "/tasks/" + url.PathEscape(ref) }
func controlURL(ref string) string  { return "/c/" + url.PathEscape(ref) }
func testURL(id string) string      { return "/t/" + url.PathEscape(id) }
func criterionURL(id string) string { return "/criteria/" + url.PathEscape(id) }
func itemURL(ref string) string {
	test, item, _ := strings.Cut(ref, "/")
	return testURL(test) + "/items/" + url.PathEscape(item)
}

// standingKey is the status key of a standing, for its colour and glyph.
func standingKey(s control.Standing) string {
	switch s {
	case control.NotMet:
		return "fail"
	case control.AtRisk:
		return "risk"
	case control.Met:
		return "pass"
	case control.MetWithDeviations:
		return "exm"
	case control.NotEvaluated:
	}
	return "na"
}

// statusKey is the status key of a task's status.
func statusKey(s work.Status) string {
	switch s {
	case work.InProgress:
		return "prog"
	case work.Done:
		return "pass"
	case work.Open, work.Dropped:
	}
	return "na"
}

// due is a day as a list says it: overdue, today, tomorrow, or the date.
func due(d period.Date, now time.Time, closed bool) (words, key string) {
	today := period.Of(now)
	switch {
	case d == 0:
		return "", ""
	case closed:
		return page.DateText(d), ""
	case d < today:
		return "Overdue: " + short(d, now), "fail"
	case d == today:
		return "Today", "fail"
	case d == today+1:
		return "Tomorrow", "risk"
	case d <= today+7:
		return short(d, now), "risk"
	}
	return short(d, now), ""
}

// short is a day without its year when that is this one.
func short(d period.Date, now time.Time) string {
	if d.Time().Year() == now.UTC().Year() {
		return d.Time().Format("2 Jan")
	}
	return page.DateText(d)
}

// people are the members who can have tasks, as choices.
func (p *pages) people(r *page.Request) ([]page.Option, error) {
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	out := []page.Option{{Value: "", Label: "Nobody"}}
	for _, m := range members {
		if !m.Disabled && m.Role.May(access.WorkTasks) {
			out = append(out, page.Option{Value: string(m.ID), Label: m.Name + ", " + m.Role.Title()})
		}
	}
	return out, nil
}

// parseDue reads a date field; an empty one is no date.
func parseDue(f *page.Form) period.Date {
	s := f.Get("due")
	if s == "" {
		return 0
	}
	d, err := period.ParseDate(s)
	if err != nil || d <= 0 {
		f.Wrong("due", "Give a day such as 2026-12-31, or leave it empty.")
	}
	return d
}

// dateField is a date as a field shows it.
func dateField(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// criteriaField reads criteria from a field: names between spaces or commas, each once.
func criteriaField(s string) []string {
	out := []string{}
	seen := map[string]bool{}
	for _, x := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == ';' || c == '\n' || c == '\t' || c == '\r' }) {
		if x = strings.ToUpper(x); !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}
