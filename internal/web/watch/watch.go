// Package watch shows what detection found and what people do about it: the queue of alerts, silences, who is told and on call, and
// incidents with their course, actions, notices and lessons.
package watch

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// Services is what these pages need.
type Services struct {
	Alerts    *alert.Service
	Incidents *incident.Service
	Access    *access.Service
	Sources   *event.Sources // of events
	Notify    *notify.Service
	Controls  *control.Service
	View      *view.Reader
	System    *org.Service
	Work      *work.Service
	// Query asks the stored events in SQL; nil while none can be read.
	Query func(ctx context.Context, s access.ReadScope, q event.Query) (event.Table, error)
	// Print makes the case file of an incident as PDF.
	Print func(ctx context.Context, s access.ReadScope, c incident.CaseFile) ([]byte, error)
	// Background reconstructs while nobody waits.
	Background page.Background
	// Cases packs case files with records and proofs.
	Cases page.Cases
	// File keeps what a hunt found as evidence about a time, and gives its reference.
	File func(ctx context.Context, s access.Scope, now time.Time, title, shows string, from, to time.Time, body []byte) (string, error)
}

type pages struct{ Services }

const (
	alertsPlace    = "/alerts"
	silencesPlace  = "/alerts/silences"
	silencePlace   = "/silences" // of one: below the list its addresses would be those of alerts too
	routingPlace   = "/alerts/routing"
	incidentsPlace = "/incidents"
	dutiesPlace    = "/incidents/obligations"
)

func alertURL(ref string) string    { return alertsPlace + "/" + url.PathEscape(ref) }
func eventURL(id string) string     { return "/events/" + url.PathEscape(id) }
func silenceURL(ref string) string  { return silencePlace + "/" + url.PathEscape(ref) }
func incidentURL(ref string) string { return incidentsPlace + "/" + url.PathEscape(ref) }

// sideURL is a side of the page of an incident.
func sideURL(ref, side string) string {
	if side == "" {
		return incidentURL(ref)
	}
	return incidentURL(ref) + "/" + side
}

// table gathers routes.
type table struct{ routes []page.Route }

// show adds a page.
func (t *table) show(pattern, title, nav string, do func(*page.Request) error) {
	t.routes = append(t.routes, page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadDetections, Title: title, Nav: nav, Handle: do})
}

// form adds a panel and what it does.
func (t *table) form(pattern, title, nav string, action access.Action, get, post func(*page.Request) error) {
	t.routes = append(t.routes,
		page.Route{Method: http.MethodGet, Pattern: pattern, Action: action, Title: title, Nav: nav, Handle: get},
		page.Route{Method: http.MethodPost, Pattern: pattern, Action: action, Title: title, Nav: nav, Handle: post})
}

// post adds what a button does.
func (t *table) post(pattern, title, nav string, action access.Action, do func(*page.Request) error) {
	t.routes = append(t.routes, page.Route{Method: http.MethodPost, Pattern: pattern, Action: action, Title: title, Nav: nav, Handle: do})
}

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	t := &table{}
	p.alertRoutes(t)
	p.incidentRoutes(t)
	p.targetRoutes(t)
	p.huntRoutes(t)
	for i := range t.routes {
		t.routes[i].Styles = "risks watch"
	}
	return t.routes
}

func (p *pages) alertRoutes(t *table) {
	handle, manage := access.HandleAlerts, access.ManageDetection
	t.show(alertsPlace, "Alerts", alertsPlace, p.queue)
	t.show(alertsPlace+"/rules", "Alerts by rule", alertsPlace, p.precision)
	t.show(alertsPlace+"/{ref}", "Alert", alertsPlace, p.alert)
	t.post(alertsPlace+"/{ref}/acknowledge", "Acknowledge an alert", alertsPlace, handle, p.acknowledge)
	t.form(alertsPlace+"/{ref}/assign", "Assign an alert", alertsPlace, handle, p.assignForm, p.assign)
	t.form(alertsPlace+"/{ref}/note", "Note", alertsPlace, handle, p.noteForm, p.note)
	t.form(alertsPlace+"/{ref}/close", "Close an alert", alertsPlace, handle, p.closeForm, p.close)
	t.form(alertsPlace+"/{ref}/reopen", "Open an alert again", alertsPlace, handle, p.reopenForm, p.reopen)
	t.form(alertsPlace+"/{ref}/incident", "Make an incident of an alert", alertsPlace, handle, p.fromAlertForm, p.fromAlert)
	t.show(silencesPlace, "Silences", alertsPlace, p.silences)
	t.form(silencesPlace+"/new", "New silence", alertsPlace, handle, p.silenceForm, p.addSilence)
	t.show(silencePlace+"/{ref}", "Silence", alertsPlace, p.silence)
	t.form(silencePlace+"/{ref}/end", "End a silence", alertsPlace, handle, p.endSilenceForm, p.endSilence)
	t.show(routingPlace, "Who is told", alertsPlace, p.routing)
	t.form(routingPlace+"/rule", "Rule of who is told", alertsPlace, manage, p.ruleForm, p.saveRule)
	t.form(routingPlace+"/remove", "Remove a rule", alertsPlace, manage, p.removeRuleForm, p.removeRule)
	t.form(routingPlace+"/rota", "On-call rota", alertsPlace, manage, p.rotaForm, p.saveRota)
	t.form(routingPlace+"/override", "Put somebody on call", alertsPlace, manage, p.overrideForm, p.addOverride)
}

func (p *pages) incidentRoutes(t *table) {
	handle, manage := access.HandleAlerts, access.ManageDetection
	t.show(incidentsPlace, "Incidents", incidentsPlace, p.incidents)
	t.form(incidentsPlace+"/new", "Declare an incident", incidentsPlace, handle, p.declareForm, p.declare)
	t.routes[len(t.routes)-2].Command = "Declare an incident"
	t.show(dutiesPlace, "Whom to tell", incidentsPlace, p.duties)
	t.form(dutiesPlace+"/edit", "Whom to tell", incidentsPlace, manage, p.dutyForm, p.saveDuty)
	t.form(dutiesPlace+"/remove", "Remove an obligation", incidentsPlace, manage, p.removeDutyForm, p.removeDuty)
	one := incidentsPlace + "/{ref}"
	t.show(one, "Incident", incidentsPlace, p.course)
	t.show(one+"/response", "Response", incidentsPlace, p.response)
	t.show(one+"/notices", "Notices", incidentsPlace, p.notices)
	t.show(one+"/controls", "Controls", incidentsPlace, p.controls)
	t.show(one+"/lessons", "Lessons", incidentsPlace, p.lessons)
	t.show(one+"/case.pdf", "Case file", incidentsPlace, p.casePDF)
	t.show(one+"/case.json", "Case file", incidentsPlace, p.caseJSON)
	t.show(one+"/case.csv", "Case file", incidentsPlace, p.caseCSV)
	t.show(one+"/case.zip", "Case file with records and proofs", incidentsPlace, p.caseBundle)
	t.routes[len(t.routes)-1].Stream = true
	t.post(one+"/bundle", "Bundle the case file of an incident", incidentsPlace, handle, p.bundleCase)
	t.show(one+"/graph.svg", "Graph", incidentsPlace, p.graphFile)
	t.post(one+"/reconstruct", "Reconstruct an incident", incidentsPlace, handle, p.reconstruct)
	t.form(one+"/edit", "Edit an incident", incidentsPlace, handle, p.editForm, p.edit)
	t.form(one+"/alert", "Add an alert", incidentsPlace, handle, p.linkForm, p.link)
	t.form(one+"/advance", "Next step of the response", incidentsPlace, handle, p.advanceForm, p.advance)
	t.form(one+"/correct", "Set an instant", incidentsPlace, handle, p.correctForm, p.correct)
	t.form(one+"/note", "Note", incidentsPlace, handle, p.incidentNoteForm, p.incidentNote)
	t.form(one+"/action", "Something to do", incidentsPlace, handle, p.actionForm, p.addAction)
	t.form(one+"/tick", "What came of it", incidentsPlace, handle, p.tickForm, p.tick)
	t.form(one+"/clock", "Start a clock", incidentsPlace, handle, p.clockForm, p.addClock)
	t.form(one+"/decide", "Must they be told?", incidentsPlace, handle, p.decideForm, p.decide)
	t.form(one+"/tell", "They were told", incidentsPlace, handle, p.tellForm, p.tell)
	t.form(one+"/description", "Does it belong in the description?", incidentsPlace, handle, p.describeForm, p.describe)
	t.post(one+"/describe", "Describe an incident", incidentsPlace, access.ManageEngagement, p.putInDescription)
	t.form(one+"/review", "Write the review", incidentsPlace, handle, p.reviewForm, p.review)
	t.form(one+"/lesson", "Make a task of a lesson", incidentsPlace, handle, p.lessonForm, p.lesson)
	t.form(one+"/close", "Close an incident", incidentsPlace, handle, p.shutForm, p.shut)
	t.form(one+"/reopen", "Open an incident again", incidentsPlace, handle, p.reopenIncidentForm, p.reopenIncident)
}

// levelKey is a level as a colour, which its word always goes with.
func levelKey(l alert.Level) string {
	switch l {
	case alert.Critical, alert.High:
		return "fail"
	case alert.Medium:
		return "risk"
	case alert.Low:
		return "prog"
	case alert.Informational:
	}
	return "na"
}

func alertKey(a alert.Alert) (key, words string) {
	switch {
	case a.Closing != nil:
		return map[alert.Verdict]string{alert.True: "fail", alert.Benign: "pass", alert.Duplicate: "na"}[a.Closing.Verdict], a.Closing.Verdict.Title()
	case a.Incident != "":
		return "prog", "In " + a.Incident
	case a.State == alert.Acknowledged:
		return "prog", "Acknowledged"
	}
	return "risk", "Open"
}

// people are the members who can act, for a choice; those of the list who left stay in it.
func (p *pages) people(r *page.Request, none string, keep ...access.UserID) ([]page.Option, error) {
	all, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	var out []page.Option
	if none != "" {
		out = append(out, page.Option{Label: none})
	}
	for _, m := range all {
		if !m.Disabled && m.Role != access.Auditor && m.Role != access.Reader || slices.Contains(keep, m.ID) {
			out = append(out, page.Option{Value: string(m.ID), Label: m.Name})
		}
	}
	return out, nil
}

// names are the names of people by identifier.
func (p *pages) names(r *page.Request, ids ...string) (map[string]string, error) {
	var some []string
	for _, id := range ids {
		if id != "" && !slices.Contains(some, id) {
			some = append(some, id)
		}
	}
	return p.View.Actors(r.Context(), r.Read(), some...)
}

func orNobody(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

func orUnsaid(s string) string {
	if strings.TrimSpace(s) == "" {
		return "not said"
	}
	return s
}

// instantField is a time as a field of type datetime-local shows it, in UTC.
const instantField = "2006-01-02T15:04"

func parseInstant(f *page.Form, field string) time.Time {
	t, err := time.Parse(instantField, f.Get(field))
	if err != nil {
		if t, err = time.Parse(instantField+":05", f.Get(field)); err != nil {
			f.Wrong(field, "Give day and time such as 2026-12-31T09:30, in UTC.")
		}
	}
	return t
}

// maybeInstant is parseInstant of a field that may be empty.
func maybeInstant(f *page.Form, field string) time.Time {
	if f.Get(field) == "" {
		return time.Time{}
	}
	return parseInstant(f, field)
}

func field(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantField)
}

// back is where a form leads, if it says so and it is a page of this program.
func back(f *page.Form, otherwise string) string {
	if to := f.Get("back"); to != "" && strings.HasPrefix(to, "/") && page.LocalPath(to) == to {
		return to
	}
	return otherwise
}

// stale shows what is kept now when somebody else changed the record meanwhile.
func stale(f *page.Form, err error) bool {
	var a *alert.Stale
	if errors.As(err, &a) {
		f.Stale(a.Theirs.Version, map[string]string{})
		return true
	}
	var x *incident.Stale
	if !errors.As(err, &x) {
		return false
	}
	now := map[string]string{}
	for k, v := range textFields(x.Theirs.Text) {
		if f.Values.Has(k) {
			now[k] = v
		}
	}
	f.Stale(x.Theirs.Version, now)
	return true
}

// answer ends a form: it leads on when all is well, and is shown again with what is wrong otherwise.
func answer(r *page.Request, f *page.Form, err error, to, said string, draw func() (templ.Component, error)) error {
	if err == nil && f.OK() {
		return r.Redirect(to, said)
	}
	if err != nil && !stale(f, err) && !f.Take(err) {
		return err
	}
	part, err := draw()
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), part)
}
