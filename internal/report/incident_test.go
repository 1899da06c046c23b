package report

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// casePaper is an incident with one of everything that its case file has to say.
func casePaper(t *testing.T, made time.Time) CasePaper {
	t.Helper()
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	by := incident.Mark{Actor: "usr_1", At: at}
	moment := func(n int) *incident.Moment {
		return &incident.Moment{At: at.Add(time.Duration(n) * time.Minute), By: by}
	}
	body, err := json.Marshal(trace.Reconstruction{Root: "ev_in", First: at, Last: at.Add(time.Hour), Entry: "Somebody signed in from an address that nobody uses.", Confidence: .9, Looked: 4000, From: at, To: at,
		Events: []trace.Member{{Event: "ev_in"}}, Stages: []trace.Stage{{Tactic: "initial-access", First: at, Last: at, Events: 7}},
		Entities:    []trace.Entity{{Kind: event.KeyIP, ID: "203.0.113.66", Name: "203.0.113.66", First: at, Events: 12, Foreign: true}, {Kind: event.KeyPrincipal, ID: "ada", Name: "ada.lind", First: at, Events: 12}},
		Resources:   []trace.Resource{{Kind: "bucket", ID: "b-1", Name: "payroll-exports", Effect: event.Reads, Events: 3, First: at}},
		Persistence: []trace.Standing{{Kind: "key", ID: "k", Name: "k", At: at, Sentence: "A key was made for ada.lind."}},
		Indicators:  []trace.Indicator{{Kind: "address", Value: "198.51.100.9", Note: "its country is new", First: at, Last: at}},
		Links:       []trace.Link{{From: event.KeyIP + ":203.0.113.66", To: event.KeyPrincipal + ":ada", Label: "signs in", Events: 1}}, Stops: []string{"ada's usual work was not followed"}, Missing: []string{"ev_gone"}})
	if err != nil {
		t.Fatal(err)
	}
	x := incident.Incident{ID: "inc_1", Ref: "INC-7", Text: incident.Text{Title: "A takeover", Summary: "An account was taken over.", Severity: 2, Lead: "usr_1", Impact: incident.Impact{Text: "One bucket.", Confidential: incident.Yes, Personal: incident.No}, Controls: []string{"IAM-02"}, Criteria: []string{"CC6.1"}},
		State: incident.Closed, Alerts: []string{"ALR-3"}, Containment: "All sessions were ended.", Outcome: incident.Confirmed, Disposition: "Factor reset.", Version: 9, Created: at, Author: "usr_1", Updated: at.Add(5 * time.Hour),
		Times:   incident.Times{Started: &incident.Moment{At: at.Add(-50 * time.Minute), Estimate: true, By: by}, Detected: moment(0), Acknowledged: moment(4), Classified: moment(5), Contained: moment(34)},
		Actions: []incident.Action{{N: 1, Phase: "contain", Text: "End all sessions", Done: &by}, {N: 2, Phase: "learn", Text: "Ask the vendor", Left: true, Note: "no vendor was hit", Done: &by}, {N: 3, Phase: "recover", Text: "Reset the factor"}},
		Clocks: []incident.Clock{{N: 1, Duty: incident.Obligation{Name: "Customer contract", To: "Customer", Hours: 2, Source: "Contract, clause 9"}, Aware: at, Required: incident.Yes, Reason: "their data", Decided: &by, Notified: moment(200), How: "by letter", Evidence: "EV-2026-00009"},
			{N: 2, Duty: incident.Obligation{Name: "Regulator", To: "Authority", Hours: 72, Source: "Law"}, Aware: at}},
		Description: &incident.Description{ControlFailure: true, Describe: true, Reason: "A control failed.", By: by}, Review: &incident.Review{Cause: "No second factor was asked for.", Well: "The rota worked.", Lessons: []string{"Ask always"}, By: by}}
	c := incident.CaseFile{Incident: x, Took: map[incident.Figure]int64{}, Made: made, Trace: body, TracedAt: &at, Left: 4, Timeline: []incident.Line{
		{At: at, Kind: incident.LineEvent, Text: "ada.lind signed in", Event: "ev_in", Why: "It began the session."}, {At: at, Kind: incident.LineAlert, Act: "raised", Alert: "ALR-3", Text: "Two countries", Seq: 4710},
		{At: at.Add(time.Minute), Kind: incident.LineStep, Act: string(incident.Declared), Actor: "usr_1", Detail: "ALR-3", Seq: 4711}}}
	return CasePaper{Org: "Northwind", Simulated: true, File: c, Names: map[string]string{"usr_1": "Pia Holm"}, Tasks: []CaseTask{{Ref: "T-012", Title: "Ask always", State: "Open", Owner: "Dana Whitfield", Due: period.Make(2026, 4, 1)}}}
}

func TestCase(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	doc, err := Case(casePaper(t, made))
	if err != nil {
		t.Fatal(err)
	}
	said := strings.ToLower(strings.ReplaceAll(dump(doc), "\u00a0", " "))
	for _, want := range []string{"An account was taken over.", "Pia Holm", "an estimate", "Time to detect", "50 min", "34 min", "Somebody signed in from", "ev_in", "90 %", "initial access", "203.0.113.66", "not known from usual work", "payroll-exports", "no removal seen",
		"signs in", "2 things and 1 link", "198.51.100.9", "usual work was not followed", "1 reported event", "ledger entry 4,711", "It began the session.", "4 more lines", "All sessions were ended.", "no vendor was hit", "left out", "Customer contract", "told too late", "EV-2026-00009", "nobody has decided", "A control failed.",
		"No second factor", "Ask always", "T-012", "Dana Whitfield", "Factor reset.", "reached"} {
		if !strings.Contains(said, strings.ToLower(want)) {
			t.Errorf("%q is not said", want)
		}
	}
	again, err := Case(casePaper(t, made.AddDate(0, 1, 0)))
	if err != nil || doc.Draft || !doc.Simulated || len(doc.Cover.Alert) == 0 || !doc.Frozen.Equal(time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)) || !reflect.DeepEqual(doc, again) {
		t.Errorf("printed later it is another document: %v, %v", doc.Frozen, err)
	}
	other := casePaper(t, made)
	other.File.Incident.Summary = "Another."
	if d, err := Case(other); err != nil || d.Hash == doc.Hash {
		t.Errorf("the hash is not of the incident: %v", err)
	}
	// One that was just declared says what is not there.
	bare, err := Case(CasePaper{Org: "Northwind", File: incident.CaseFile{Incident: incident.Incident{Ref: "INC-8", State: incident.Open, Text: incident.Text{Title: "Begun", Severity: 4}}}})
	if err != nil || !bare.Draft {
		t.Fatal(err)
	}
	for _, want := range []string{"nobody has written a summary", "Nothing was reconstructed", "Nothing is on record", "No obligation concerns", "Nobody has decided", "No review is written"} {
		if !strings.Contains(dump(bare), want) {
			t.Errorf("%q is not said of one that was just declared", want)
		}
	}
	broken := casePaper(t, made)
	broken.File.Trace = []byte("{")
	if _, err := Case(broken); err == nil {
		t.Error("a reconstruction that cannot be read is left out silently")
	}
}
