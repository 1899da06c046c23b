package watch

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

func severityOptions() []page.Option {
	var out []page.Option
	for s := incident.Severity(1); s <= incident.MaxSeverity; s++ {
		out = append(out, page.Option{Value: strconv.Itoa(int(s)), Label: s.Title()})
	}
	return out
}

func stateOptions() []page.Option {
	var out []page.Option
	for _, s := range incident.States() {
		key := "risk"
		if s == incident.Closed {
			key = "na"
		}
		out = append(out, page.Option{Value: string(s), Label: s.Title(), Status: key})
	}
	return out
}

var incidentSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Incident", Sort: true}, {Key: "severity", Title: "Severity", Sort: true}, {Key: "title", Title: "What happened", Sort: true, Wide: true}, {Key: "state", Title: "State", Sort: true}, {Key: "declared", Title: "Declared", Sort: true, Num: true, Opt: true},
		{Key: "detect", Title: "To detect", Num: true, Opt: true}, {Key: "contain", Title: "To contain", Num: true, Opt: true}, {Key: "recover", Title: "To recover", Num: true, Opt: true}, {Key: "targets", Title: "Targets", Opt: true}, {Key: "lead", Title: "Lead", Sort: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: stateOptions()},
		{Key: "severity", Title: "Severity", Kind: page.Select, Options: severityOptions()},
		{Key: "description", Title: "System description", Kind: page.Select, Options: []page.Option{{Value: "undecided", Label: "Not decided"}, {Value: "describe", Label: "Belongs in it"}, {Value: "omit", Label: "Left out"}}},
		{Key: "outcome", Title: "Outcome", Kind: page.Select, Options: []page.Option{{Value: string(incident.Confirmed), Label: "Confirmed"}, {Value: string(incident.FalseAlarm), Label: "False alarm"}}},
		{Key: "from", Title: "Declared from", Kind: page.Date}, {Key: "to", Title: "Declared to", Kind: page.Date},
	},
	Search: "Find by words, alert or control", One: "incident", Many: "incidents",
}

func incidentFilter(t *page.Table) incident.Filter {
	f := incident.Filter{State: incident.State(t.Filter("state")), Outcome: incident.Outcome(t.Filter("outcome")), DC4: t.Filter("description")}
	if n, err := strconv.Atoi(t.Filter("severity")); err == nil {
		f.Severity = incident.Severity(n)
	}
	f.From, f.To = days(t)
	return f
}

func (p *pages) incidents(r *page.Request) error {
	t, err := r.Table(&incidentSpec)
	if err != nil {
		return err
	}
	f := incidentFilter(t)
	if t.Exporting() {
		return p.exportIncidents(r, t, f)
	}
	res, err := p.Incidents.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	every := f
	every.State = ""
	all, err := p.Incidents.All(r.Context(), r.Read(), every)
	if err != nil {
		return err
	}
	counts, shown := map[string]int{}, []incident.Incident{}
	for _, x := range all {
		counts[string(x.State)]++
		if f.State == "" || f.State == x.State {
			shown = append(shown, x)
		}
	}
	t.SetCounts("state", counts)
	var who []string
	for _, x := range res.Rows {
		who = append(who, string(x.Lead))
	}
	names, err := p.names(r, who...)
	if err != nil {
		return err
	}
	duties, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	part := incidentRows(r, t, res.Rows, names, duties)
	return r.Render(http.StatusOK, incidentsPage(r, t, part, incident.Spreads(shown), incident.Keepings(shown, duties, r.Now)), page.Part(t.ID(), part))
}

// instant is a moment for an export: nothing while it is unknown.
func instant(m *incident.Moment) any {
	if m == nil {
		return nil
	}
	return m.At
}

func (p *pages) exportIncidents(r *page.Request, t *page.Table, f incident.Filter) error {
	head := []string{"Incident", "Title", "Severity", "State", "Outcome", "Began", "Estimate", "Detected", "Acknowledged", "Contained", "Cause removed", "Recovered", "Closed", "Minutes to detect", "Minutes to acknowledge", "Minutes to contain", "Minutes to recover", "Target to detect", "Target to acknowledge", "Target to contain",
		"Lead", "Confidential data", "Personal data", "Controls", "Criteria", "Alerts", "Control failure", "Commitment failure", "In the description", "Reason", "Disposition", "Evidence"}
	duties, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Export(t, "incidents", head, func(q paging.Query) ([][]any, int, error) {
		res, err := p.Incidents.List(r.Context(), r.Read(), f, q)
		if err != nil {
			return nil, 0, err
		}
		var who []string
		for _, x := range res.Rows {
			who = append(who, string(x.Lead))
		}
		names, err := p.names(r, who...)
		var out [][]any
		for _, x := range res.Rows {
			row := []any{x.Ref, x.Title, int(x.Severity), x.State.Title(), string(x.Outcome), instant(x.Times.Started), x.Times.Started != nil && x.Times.Started.Estimate, instant(x.Times.Detected), instant(x.Times.Acknowledged), instant(x.Times.Contained),
				instant(x.Times.Remediated), instant(x.Times.Recovered), instant(x.Times.Closed)}
			for _, g := range incident.Figures() {
				if d, ok := x.Took(g); ok {
					row = append(row, int64(d/time.Minute))
				} else {
					row = append(row, nil)
				}
			}
			for _, g := range incident.Targeted() {
				_, word := keptSign(x.Kept(duties, g, r.Now))
				row = append(row, word)
			}
			control, commitment, described, reason := "", "", "not decided", ""
			if d := x.Description; d != nil {
				control, commitment, described, reason = yesNo(d.ControlFailure), yesNo(d.CommitmentFailure), yesNo(d.Describe), d.Reason
			}
			out = append(out, append(row, names[string(x.Lead)], string(x.Impact.Confidential), string(x.Impact.Personal), strings.Join(x.Controls, ", "), strings.Join(x.Criteria, ", "), strings.Join(x.Alerts, ", "), control, commitment, described, reason, x.Disposition, x.Evidence))
		}
		return out, res.Total, err
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// textFields are what is written about an incident, by field of its form.
func textFields(t incident.Text) map[string]string {
	return map[string]string{
		"title": t.Title, "summary": t.Summary, "severity": strconv.Itoa(int(t.Severity)), "lead": string(t.Lead), "impact": t.Impact.Text, "confidential": string(t.Impact.Confidential), "personal": string(t.Impact.Personal),
		"controls": strings.Join(t.Controls, "\n"), "criteria": strings.Join(t.Criteria, "\n"),
	}
}

func readText(f *page.Form, was incident.Text) incident.Text {
	t := was
	t.Title, t.Summary, t.Severity, t.Lead = f.Get("title"), f.Values.Get("summary"), incident.Severity(number(f, "severity")), access.UserID(f.Get("lead"))
	if f.Values.Has("impact") {
		t.Impact = incident.Impact{Text: f.Values.Get("impact"), Confidential: incident.Answer(f.Get("confidential")), Personal: incident.Answer(f.Get("personal"))}
	}
	if f.Values.Has("controls") {
		t.Controls, t.Criteria = strings.FieldsFunc(f.Values.Get("controls"), lineEnd), strings.FieldsFunc(f.Values.Get("criteria"), lineEnd)
	}
	return t
}

func lineEnd(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' }

func (p *pages) declareDraw(r *page.Request, f *page.Form) (templ.Component, error) {
	people, err := p.people(r, "Nobody yet")
	return declarePanel(r, f, people), err
}

func (p *pages) declareForm(r *page.Request) error {
	part, err := p.declareDraw(r, page.NewForm("lead", string(r.Grant.User.ID), "alerts", r.Query("alerts")))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func (p *pages) declareFrom(r *page.Request, f *page.Form, alerts []string, draw func() (templ.Component, error)) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	n := incident.New{Text: readText(f, incident.Text{}), Alerts: alerts, Started: maybeInstant(f, "started"), Detected: maybeInstant(f, "detected")}
	var x incident.Incident
	if f.OK() {
		x, err = p.Incidents.Declare(r.Context(), scope, r.Now, n)
	}
	return answer(r, f, err, incidentURL(x.Ref), x.Ref+" is declared.", draw)
}

func (p *pages) declare(r *page.Request) error {
	f, _, err := r.Submitted()
	if err != nil {
		return err
	}
	alerts := slices.DeleteFunc(strings.FieldsFunc(f.Get("alerts"), func(c rune) bool { return lineEnd(c) || c == ' ' }), func(s string) bool { return s == "" })
	return p.declareFrom(r, f, alerts, func() (templ.Component, error) { return p.declareDraw(r, f) })
}

// severityOf is what an alert's level suggests; a person decides.
func severityOf(l alert.Level) string {
	return strconv.Itoa(min(int(incident.MaxSeverity), 6-l.Rank()))
}

func (p *pages) fromAlertDraw(r *page.Request) func(a alert.Alert, f *page.Form) (templ.Component, error) {
	return func(a alert.Alert, f *page.Form) (templ.Component, error) {
		people, err := p.people(r, "Nobody yet")
		if err != nil {
			return nil, err
		}
		open, err := p.Incidents.List(r.Context(), r.Read(), incident.Filter{Active: true}, paging.Query{Size: 50})
		if err != nil {
			return nil, err
		}
		same, err := p.Alerts.List(r.Context(), r.Read(), alert.Filter{Active: true, Entity: a.Entity}, paging.Query{Size: 20})
		if err != nil {
			return nil, err
		}
		others := slices.DeleteFunc(same.Rows, func(x alert.Alert) bool { return x.ID == a.ID || x.Incident != "" || a.Entity == "" })
		return fromAlertPanel(r, f, a, people, open.Rows, others), nil
	}
}

func (p *pages) fromAlertForm(r *page.Request) error {
	return p.onAlert(r, func(a alert.Alert, _ *page.Form) (templ.Component, error) {
		f := page.NewForm("title", a.Title, "summary", a.Sentence, "severity", severityOf(a.Level), "lead", string(r.Grant.User.ID), "started", field(a.First))
		if a.Owner != "" {
			f.Values.Set("lead", string(a.Owner))
		}
		return p.fromAlertDraw(r)(a, f)
	})
}

// fromAlert makes an incident of an alert and others of the same entity, or adds it to one that runs.
func (p *pages) fromAlert(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, err := p.Alerts.Alert(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	draw := func() (templ.Component, error) { return p.fromAlertDraw(r)(a, f) }
	if into := f.Get("into"); into != "" {
		x, err := p.Incidents.AddAlert(r.Context(), scope, r.Now, into, 0, a.Ref)
		return answer(r, f, errs.AtField(err, "into"), incidentURL(x.Ref), a.Ref+" belongs to "+x.Ref+".", draw)
	}
	return p.declareFrom(r, f, append([]string{a.Ref}, f.Values["with"]...), draw)
}

// casePDF is the case file to read.
func (p *pages) casePDF(r *page.Request) error {
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	c, err := p.Incidents.CaseFile(r.Context(), r.Read(), r.Now, x)
	if err != nil {
		return err
	}
	body, err := p.Print(r.Context(), r.Read(), c)
	if err != nil {
		return err
	}
	return r.Attach(x.Ref+".pdf", "application/pdf", int64(len(body)), x.Updated, bytes.NewReader(body))
}

func (p *pages) caseJSON(r *page.Request) error {
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	c, err := p.Incidents.CaseFile(r.Context(), r.Read(), r.Now, x)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return errs.As(errs.Internal, err, "case file of %s", x.Ref)
	}
	return r.Attach(x.Ref+".json", "application/json", int64(len(body)), time.Time{}, bytes.NewReader(body))
}

// caseCSV is the timeline as a table.
func (p *pages) caseCSV(r *page.Request) error {
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	lines, _, err := p.Incidents.Timeline(r.Context(), r.Read(), x)
	if err != nil {
		return err
	}
	var who []string
	for _, l := range lines {
		who = append(who, l.Actor)
	}
	names, err := p.names(r, who...)
	if err != nil {
		return err
	}
	body, err := incident.TimelineCSV(lines, names)
	if err != nil {
		return err
	}
	return r.Attach(x.Ref+"-timeline.csv", "text/csv; charset=utf-8", int64(len(body)), time.Time{}, bytes.NewReader(body))
}

func ledgerHref(seq int64) string { return "/ledger/" + url.PathEscape(strconv.FormatInt(seq, 10)) }
