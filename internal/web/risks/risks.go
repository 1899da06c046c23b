// Package risks shows the risk register: list and matrix, a risk with its controls and treatments, the yearly assessments,
// the reviews that changes trigger, and the scales.
package risks

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// Services is what these pages need.
type Services struct {
	Risks  *risk.Service
	View   *view.Reader
	Work   *work.Service
	Access *access.Service
	People *people.Service
	System *org.Service
	// Around adds to risks what the rest of the program knows about them at an instant.
	Around func(at time.Time) risk.Around
}

type pages struct{ Services }

type templComponent = templ.Component

// Places of these pages.
const (
	register    = "/risks"
	assessments = "/risk-assessments"
	reviews     = "/risk-reviews"
)

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	read := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadRisks, Title: title, Nav: register, Handle: h}
	}
	form := func(pattern, title string, a access.Action, get, post func(*page.Request) error) []page.Route {
		return []page.Route{
			{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: register, Handle: get},
			{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: register, Handle: post},
		}
	}
	command := func(words string, list []page.Route) []page.Route {
		list[0].Command = words
		return list
	}
	const change, accept = access.ManageRisks, access.AcceptRisks
	all := slices.Concat(
		command("Show the risk matrix", []page.Route{read(register+"/matrix", "Risk matrix", p.matrix)}),
		[]page.Route{
			read(register, "Risks", p.risks), read(register+"/threats", "Threats", p.threats), read(register+"/scales", "Scales of risk", p.scales), read(register+"/{ref}", "Risk", p.risk),
			read(assessments, "Risk assessments", p.assessments), read(assessments+"/{ref}", "Risk assessment", p.assessment),
			read(assessments+"/{ref}/compare", "Compare assessments", p.compare), read(assessments+"/{ref}/files/{file}", "Risk assessment", p.assessmentFile),
			read(reviews, "Reviews of change", p.triggers), read(reviews+"/{ref}", "Review of a change", p.trigger),
			{Method: http.MethodPost, Pattern: register + "/{ref}/reopen", Action: change, Title: "Reopen a risk", Nav: register, Handle: p.reopen},
		},
		command("New risk", form(register+"/new", "New risk", change, p.newRisk, p.addRisk)),
		form(register+"/scales/edit", "Change the scales", change, p.scaleForm, p.setScale),
		form(register+"/{ref}/edit", "Edit a risk", change, p.editForm, p.edit),
		form(register+"/{ref}/accept", "Accept a risk", accept, p.acceptForm, p.accept),
		form(register+"/{ref}/revoke", "Revoke an acceptance", accept, p.revokeForm, p.revoke),
		form(register+"/{ref}/review", "Review a risk", change, p.reviewForm, p.review),
		form(register+"/{ref}/close", "Close a risk", change, p.closeForm, p.closeRisk),
		form(register+"/{ref}/treatment", "Treat a risk", change, p.treatmentForm, p.addTreatment),
		form(register+"/{ref}/escalate", "Escalate a treatment", change, p.escalateForm, p.escalate),
		command("Start a risk assessment", form(assessments+"/new", "New assessment", change, p.newAssessment, p.startAssessment)),
		form(assessments+"/{ref}/edit", "Edit an assessment", change, p.planForm, p.editPlan),
		form(assessments+"/{ref}/walk", "Look at a risk", change, p.walkForm, p.walk),
		form(assessments+"/{ref}/freeze", "Freeze an assessment", change, p.freezeForm, p.freeze),
		command("Record a change that may alter risks", form(reviews+"/new", "New review of a change", change, p.newTrigger, p.addTrigger)),
		form(reviews+"/{ref}/edit", "Edit an event", change, p.triggerForm, p.editTrigger),
		form(reviews+"/{ref}/look", "Record the review", change, p.lookForm, p.look),
		form(reviews+"/{ref}/drop", "Drop an event", change, p.dropForm, p.drop),
	)
	for i := range all {
		all[i].Styles = "risks"
	}
	return all
}

func riskURL(ref string) string       { return register + "/" + url.PathEscape(ref) }
func assessmentURL(ref string) string { return assessments + "/" + url.PathEscape(ref) }
func reviewURL(ref string) string     { return reviews + "/" + url.PathEscape(ref) }

// tabs are the sides of the room.
func tabs(current string) []page.Tab {
	var out []page.Tab
	for _, t := range [][2]string{{"Register", register}, {"Matrix", register + "/matrix"}, {"Assessments", assessments}, {"Reviews of change", reviews}, {"Threats", register + "/threats"}, {"Scales", register + "/scales"}} {
		out = append(out, page.Tab{Title: t[0], Href: t[1], Current: t[1] == current})
	}
	return out
}

// dateField is a date as a field shows it.
func dateField(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// parseDay reads a date field; an empty one is no date.
func parseDay(f *page.Form, field string) period.Date {
	s := f.Get(field)
	if s == "" {
		return 0
	}
	d, err := period.ParseDate(s)
	if err != nil || d <= 0 {
		f.Wrong(field, "Give a day such as 2026-12-31.")
	}
	return d
}

// parseRating reads two fields of a rating.
func parseRating(f *page.Form, prefix string) risk.Rating {
	step := func(field string) int {
		n, err := strconv.Atoi(f.Get(field))
		if err != nil && f.Get(field) != "" {
			f.Wrong(field, "Choose a step of the scale.")
		}
		return n
	}
	return risk.Rating{Likelihood: step(prefix + "_likelihood"), Impact: step(prefix + "_impact")}
}

// levelOptions are the steps of a scale as choices.
func levelOptions(levels []risk.Level) []page.Option {
	out := []page.Option{{Value: "", Label: "Not rated"}}
	for i, l := range levels {
		out = append(out, page.Option{Value: strconv.Itoa(i + 1), Label: strconv.Itoa(i+1) + " " + l.Word})
	}
	return out
}

// lines reads a field with one entry a line, or with commas.
func lines(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' })
}

// mostPeople bounds how many people of the directory a field offers.
const mostPeople = 1000

// ownerOptions are those who may own a risk: members with the right to work, and people who work here. The one who owns it
// stays a choice.
func (p *pages) ownerOptions(r *page.Request, current string) ([]page.Option, error) {
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	out := []page.Option{{Value: "", Label: "Nobody"}}
	have := map[string]bool{"": true}
	for _, m := range members {
		if !m.Disabled && m.Role.May(access.WorkTasks) || string(m.ID) == current {
			out = append(out, page.Option{Value: string(m.ID), Label: m.Name + ", " + m.Role.Title()})
			have[string(m.ID)] = true
		}
	}
	if p.People == nil || !r.Can(access.ReadPeople) {
		return out, nil
	}
	all, err := p.People.Everyone(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return nil, err
	}
	for i, x := range all {
		if x.User == "" && i < mostPeople && !have[string(x.ID)] {
			out = append(out, page.Option{Value: string(x.ID), Label: x.Name + ", " + orUnknown(x.Department)})
			have[string(x.ID)] = true
		}
	}
	if !have[current] {
		name, err := p.ownerName(r, current)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Option{Value: current, Label: name})
	}
	return out, nil
}

func orUnknown(s string) string {
	if s == "" {
		return "department unknown"
	}
	return s
}

// ownerName is the name of an owner; empty for nobody.
func (p *pages) ownerName(r *page.Request, id string) (string, error) {
	names, err := p.ownerNames(r, id)
	return names[id], err
}

// ownerNames are the names of owners by identifier.
func (p *pages) ownerNames(r *page.Request, ids ...string) (map[string]string, error) {
	var users []string
	var known []people.ID
	for _, id := range ids {
		switch {
		case strings.HasPrefix(id, "per_"):
			known = append(known, people.ID(id))
		case id != "":
			users = append(users, id)
		}
	}
	out, err := p.View.Actors(r.Context(), r.Read(), users...)
	if err != nil || len(known) == 0 {
		return out, err
	}
	all, err := p.People.Known(r.Context(), r.Read(), known)
	for _, x := range all {
		out[string(x.ID)] = x.Name
	}
	return out, err
}

// concern is something of the system description that a risk can be about.
type concern struct{ Key, Kind, Text string }

// concerns lists the commitments, requirements and components of the system description.
func (p *pages) concerns(r *page.Request) ([]concern, error) {
	if !r.Can(access.ReadEngagement) {
		return nil, nil
	}
	d, err := p.System.Description(r.Context(), r.Read(), r.Now)
	if err != nil {
		return nil, err
	}
	var out []concern
	for _, c := range d.Commitments {
		out = append(out, concern{c.Ref, string(c.Type), c.Text})
	}
	for _, class := range org.Classes() {
		for _, c := range *d.Components.Of(class) {
			out = append(out, concern{c.Key(), string(class), c.Name})
		}
	}
	return out, nil
}

// concernText is a concern as a page says it.
func concernText(list []concern, key string) string {
	for _, c := range list {
		if c.Key == key {
			if strings.Contains(key, "/") {
				return c.Text
			}
			return c.Key + " " + c.Text
		}
	}
	return key
}

// bandKey is the class of a band.
func bandKey(b risk.Band) string {
	if b == "" {
		return "none"
	}
	return string(b)
}

func notFoundSide(what string) error {
	return errs.New(errs.NotFound, "there is no %s", what).WithHint("Choose from the tabs.")
}
