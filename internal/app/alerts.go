package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/alert/alertsql"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/incident/incidentsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/work"
)

// wireAlerts makes alerts and incidents.
func (a *App) wireAlerts() {
	alerts := &alertsql.Store{DB: a.DB}
	a.Alerts = &alert.Service{Store: alerts, Redaction: alerts, Settings: alerts, Members: a.Access, Tx: a.DB, Ledger: a.Ledger.Store}
	a.Incidents = &incident.Service{
		Store: &incidentsql.Store{DB: a.DB}, Alerts: a.Alerts, Playbooks: playbooks{}, Members: a.Access, Files: incidentFiles{a}, Tx: a.DB, Ledger: a.Ledger.Store, Tactics: tactics,
		Bundle: a.bundleClosed,
	}
}

// tactics are the tactics of a rule of the pack.
func tactics(rule string) []string {
	p, err := pack.Load()
	if err != nil {
		return nil // the tests of the pack hold it to be readable
	}
	r, _ := p.Rule(rule)
	return r.Tactics
}

// playbooks are those of the rule pack.
type playbooks struct{}

// Playbook implements incident.Playbooks.
func (playbooks) Playbook(id string) (incident.Playbook, bool) {
	p, err := pack.Load()
	if err != nil {
		return incident.Playbook{}, false // the tests of the pack hold it to be readable
	}
	b, ok := p.Playbook(id)
	out := incident.Playbook{ID: b.ID, Title: b.Title}
	for _, s := range b.Steps {
		out.Steps = append(out.Steps, incident.PlaybookStep{Phase: s.Phase, Text: s.Text})
	}
	return out, ok
}

// incidentFiles files case files as evidence.
type incidentFiles struct{ a *App }

// File implements incident.Files. The controls are those of the starter library about incidents: recorded, contained, reviewed, told.
func (f incidentFiles) File(ctx context.Context, s access.Scope, now time.Time, c incident.CaseFile, body []byte) (ref, printed string, err error) {
	x := c.Incident
	paper, err := f.a.PrintCase(ctx, s.ReadScope, c)
	if err != nil {
		return "", "", err
	}
	from := caseFrom(x)
	all, err := f.a.Evidence.Add(ctx, s, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: x.Ref + " " + x.Title, Kind: evidence.Document, Files: []evidence.File{evidence.Bytes(x.Ref+".json", body), evidence.Bytes(x.Ref+".pdf", paper)}, Class: evidence.Confidential,
		Shows: "The whole record of the incident as it was closed: instants, timeline with ledger entries, alerts, actions, notices and decisions.",
		From:  from, To: now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1), Obtained: "Made by the program from its records when " + x.Ref + " was closed", Controls: []string{"INC-02", "INC-03", "INC-05"}, Again: true,
	})
	if err != nil {
		return "", "", err
	}
	if len(all) != 2 {
		return "", "", errs.New(errs.Internal, "%d pieces of evidence of a case file", len(all))
	}
	return all[0].Ref, all[1].Ref, nil
}

// PrintCase makes the case file of an incident as PDF. The same incident gives the same bytes.
func (a *App) PrintCase(ctx context.Context, s access.ReadScope, c incident.CaseFile) ([]byte, error) {
	head, err := a.letterhead(ctx, s)
	if err != nil {
		return nil, err
	}
	p := report.CasePaper{Org: head.Org, Simulated: head.Simulated, File: c, Names: head.Names}
	if s.Can(access.ReadTasks) {
		all, err := a.Work.List(ctx, s, work.Filter{Source: work.FromIncident}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		for _, t := range all.Rows {
			if ref, _, _ := strings.Cut(t.SourceRef, "/"); ref == c.Incident.Ref {
				p.Tasks = append(p.Tasks, report.CaseTask{Ref: t.Ref, Title: t.Title, State: t.Status.Title(), Owner: p.Names[string(t.Owner)], Due: t.Due})
			}
		}
	}
	doc, err := report.Case(p)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = pdf.Render(&b, doc, pdf.Options{})
	return b.Bytes(), err
}

// followAlerts tells of alerts and incidents: by the routes and to the people that the ledger entry names. The cursor is the last entry
// it saw.
func (a *App) followAlerts(ctx context.Context, s access.ReadScope, _ time.Time, cursor string) ([]notify.Message, string, error) {
	head, err := a.Ledger.Store.Head(ctx, s)
	if err != nil {
		return nil, cursor, err
	}
	last, known := position(cursor)
	if !known || last > head.Seq {
		return nil, strconv.FormatInt(head.Seq, 10), nil
	}
	to := min(head.Seq, last+entriesAtOnce)
	if to == last {
		return nil, cursor, nil
	}
	var out []notify.Message
	err = a.Ledger.Store.Walk(ctx, s, last+1, to, func(e ledger.Entry) error {
		m, people, ok := alertMessage(e)
		if !ok {
			return nil
		}
		out = append(out, m)
		for _, who := range people {
			p, err := a.Access.Member(ctx, s, who)
			if errs.Is(err, errs.NotFound) || err == nil && p.Disabled {
				continue
			}
			if err != nil {
				return err
			}
			one := m
			one.Key, one.To, one.Person, one.Only = m.Key+":"+who, p.Email, p.ID, nil
			out = append(out, one)
		}
		return nil
	})
	return out, strconv.FormatInt(to, 10), err
}

// endings are entries that say what became of something people were told of.
var endings = map[string]struct {
	event       notify.Event
	place, word string
}{
	"alert.acknowledged": {notify.AlertAcknowledged, "/alerts/", "acknowledged"},
	"alert.closed":       {notify.AlertClosed, "/alerts/", "closed"},
	"incident.closed":    {notify.IncidentClosed, "/incidents/", "closed"},
	"alert.reopened":     {notify.AlertEscalated, "/alerts/", "open again"},
	"incident.reopened":  {notify.IncidentDeclared, "/incidents/", "open again"},
}

// gravity is the severity of an incident in the words of alerts.
var gravity = map[int]string{1: "critical", 2: "high", 3: "medium", 4: "low"}

// alertMessage is the message of a ledger entry about an alert or an incident, and who gets it besides the routes.
func alertMessage(e ledger.Entry) (m notify.Message, people []string, ok bool) {
	var says struct {
		Ref, Title, Level, Entity, Story, Route, Lead string
		Note                                          string
		Severity, Round                               int
		People, Channels, Alerts                      []string
	}
	switch e.Kind {
	case "alert.raised", "alert.rose", "alert.escalated", "alert.reopened", "alert.acknowledged", "alert.closed", "incident.declared", "incident.reopened", "incident.closed":
	default:
		return m, nil, false
	}
	if e.Payload == "" || json.Unmarshal([]byte(e.Payload), &says) != nil { // erased, or of another shape: it tells nothing
		return m, nil, false
	}
	m.Key = "entry:" + strconv.FormatInt(e.Seq, 10) + ":alert"
	m.Level = says.Level
	if said, ok := endings[e.Kind]; ok {
		m.Event, m.Link, m.Subject = said.event, said.place+says.Ref, says.Ref+" is "+said.word+"."
		if says.Note != "" {
			m.Text = says.Note
		}
		return m, nil, true
	}
	if e.Kind == "incident.declared" {
		m.Level = gravity[says.Severity]
		m.Event, m.Link = notify.IncidentDeclared, "/incidents/"+says.Ref
		m.Subject = fmt.Sprintf("%s is declared, severity %d: %s", says.Ref, says.Severity, says.Title)
		m.Text = "From " + strings.Join(says.Alerts, ", ") + "."
		if len(says.Alerts) == 0 {
			m.Text = "Declared by hand."
		}
		m.Person = access.UserID(says.Lead)
		return m, nil, true
	}
	if says.Route == "" { // no rule wants anybody told
		return m, nil, false
	}
	m.Event, m.Link = notify.AlertRaised, "/alerts/"+says.Ref
	m.Subject = fmt.Sprintf("%s %s: %s", strings.ToUpper(says.Level), says.Ref, says.Title)
	m.Text = says.Story
	if says.Entity != "" {
		m.Text += "\nAbout: " + says.Entity
	}
	if e.Kind == "alert.escalated" {
		m.Event, m.Subject = notify.AlertEscalated, fmt.Sprintf("Nobody acknowledged %s (%s): %s", says.Ref, says.Level, says.Title)
	}
	for _, c := range says.Channels {
		m.Only = append(m.Only, notify.RouteID(c))
	}
	return m, says.People, true
}
