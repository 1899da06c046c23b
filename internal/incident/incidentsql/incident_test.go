package incidentsql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/alert/alertsql"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/incident/incidentsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func after(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }

type world struct {
	*accesstest.World
	t      *testing.T
	alerts *alert.Service
	svc    *incident.Service
	pia    access.Scope // an analyst
	ann    access.Scope // a control owner
	filed  []byte
}

// Playbook knows one book.
func (w *world) Playbook(id string) (incident.Playbook, bool) {
	return incident.Playbook{ID: id, Title: "Takeover", Steps: []incident.PlaybookStep{{Phase: "assess", Text: "Ask the user."}, {Phase: "contain", Text: "End the sessions."}}}, id == "account-takeover"
}

// File keeps the case file.
func (w *world) File(_ context.Context, _ access.Scope, _ time.Time, c incident.CaseFile, body []byte) (ref, printed string, err error) {
	w.filed = body
	return "EV-" + c.Incident.Ref, "PDF-" + c.Incident.Ref, nil
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	alerts := &alertsql.Store{DB: db}
	w.alerts = &alert.Service{Store: alerts, Redaction: alerts, Settings: alerts, Members: w.Access, Tx: db, Ledger: w.Ledger}
	w.svc = &incident.Service{Store: &incidentsql.Store{DB: db}, Alerts: w.alerts, Playbooks: w, Members: w.Access, Files: w, Tx: db, Ledger: w.Ledger}
	w.pia = w.Member(t, "pia@northwind.example", access.SecurityAnalyst)
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k errs.Kind, field, part string) {
	w.t.Helper()
	if !errs.Is(err, k) || !strings.Contains(err.Error(), part) || errs.FieldOf(err) != field {
		w.t.Errorf("%v (%v at %q), want %v at %q with %q", err, errs.KindOf(err), errs.FieldOf(err), k, field, part)
	}
}

func (w *world) raise(at time.Time, technique string, events ...string) alert.Alert {
	w.t.Helper()
	x := alert.Signal{Kind: alert.Signature, Rule: "r1", Title: "Sign-in from two countries", Level: alert.High, Entity: "ada.lind", EntityKind: "principal", Technique: technique, At: at, Playbook: "account-takeover", Criteria: []string{"CC6.1"}}
	for i, e := range events {
		x.Events = append(x.Events, alert.Fact{Event: e, At: at.Add(time.Duration(i-5) * time.Minute), Log: "okta.log", Actor: "ada.lind", Action: "user.session.start", From: "203.0.113.7"})
	}
	out, err := w.alerts.Raise(w.t.Context(), w.pia, at, []alert.Signal{x})
	w.ok(err)
	return out[0]
}

const why = "said by the account's owner on the telephone"

// TestLife takes one incident from its alert to its lessons.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a := w.raise(now, "T1078", "e1", "e2")
		_, err := w.alerts.Acknowledge(ctx, w.pia, after(3), a.Ref, 0)
		w.ok(err)
		_, err = w.svc.SetDuties(ctx, w.ann, now, 0, nil)
		w.refused(err, errs.Denied, "", "may not change detection")
		_, err = w.svc.SetDuties(ctx, w.pia, now, 0, []incident.Obligation{{Name: "Contract", To: "Customer", Source: "Contract, clause 9", When: "sometimes", Hours: 24}})
		w.refused(err, errs.Invalid, "when", "choose")
		_, err = w.svc.SetDuties(ctx, w.pia, now, 0, []incident.Obligation{{Name: "Contract", To: "Customer", Source: "Contract, clause 9", When: incident.WhenPersonal, Hours: 24}})
		w.ok(err)
		_, err = w.svc.SetDuties(ctx, w.pia, now, 0, nil)
		w.refused(err, errs.Conflict, "", "meanwhile")

		draft := incident.New{Text: incident.Text{Title: "An account in other hands", Severity: 2, Lead: "pia@northwind.example"}, Alerts: []string{"alr-1", "ALR-1"}}
		_, err = w.svc.Declare(ctx, w.ann, after(5), draft)
		w.refused(err, errs.Denied, "", "may not handle alerts")
		bad := draft
		bad.Alerts = []string{"ALR-99"}
		_, err = w.svc.Declare(ctx, w.pia, after(5), bad)
		w.refused(err, errs.Invalid, "alerts", "ALR-99")
		bad = draft
		bad.Severity = 9
		_, err = w.svc.Declare(ctx, w.pia, after(5), bad)
		w.refused(err, errs.Invalid, "severity", "how bad")
		x, err := w.svc.Declare(ctx, w.pia, after(5), draft)
		w.ok(err)
		if x.Ref != "INC-1" || strings.Join(x.Alerts, " ") != "ALR-1" || len(x.Actions) != 2 || x.Actions[1].Phase != "contain" || strings.Join(x.Criteria, " ") != "CC6.1" || x.Lead != w.pia.User() || len(x.Clocks) != 0 ||
			!x.Times.Detected.At.Equal(now) || !x.Times.Acknowledged.At.Equal(after(3)) || x.Times.Started != nil {
			t.Fatalf("%+v", x)
		}
		if got, err := w.alerts.Alert(ctx, w.pia.ReadScope, "ALR-1"); err != nil || got.Incident != "INC-1" {
			t.Errorf("%+v %v", got, err)
		}
		_, err = w.svc.Declare(ctx, w.pia, after(5), draft)
		w.refused(err, errs.Conflict, "alerts", "INC-1 already")
		got, err := w.svc.Incident(ctx, w.ann.ReadScope, "inc-1")
		w.ok(err)
		if fmt.Sprintf("%+v", got) == "" || got.Version != 1 {
			t.Errorf("%+v", got)
		}
		// The instants keep their order, and what nobody knows stays unknown.
		if _, known := x.Took(incident.ToDetect); known {
			t.Error("it is known when it began")
		}
		_, err = w.svc.Correct(ctx, w.pia, after(6), x.Ref, 0, "started", after(1), true, why)
		w.refused(err, errs.Invalid, "detected", "before it began")
		x, err = w.svc.Correct(ctx, w.pia, after(6), x.Ref, x.Version, "started", after(-12), true, why)
		w.ok(err)
		if d, known := x.Took(incident.ToDetect); !known || d != 12*time.Minute || !x.Times.Started.Estimate {
			t.Errorf("%v %v", d, known)
		}
		_, err = w.svc.Correct(ctx, w.pia, after(6), x.Ref, 0, "recovered", after(1), false, why)
		w.refused(err, errs.Invalid, "at", "follows from the state")
		// The response goes on step by step.
		_, err = w.svc.Advance(ctx, w.pia, after(9), x.Ref, 0, incident.Recovered, after(9), why)
		w.refused(err, errs.Invalid, "to", "next comes contained")
		_, err = w.svc.Advance(ctx, w.pia, after(9), x.Ref, 0, incident.Contained, after(900), why)
		w.refused(err, errs.Invalid, "contained", "future")
		x, err = w.svc.Advance(ctx, w.pia, after(12), x.Ref, x.Version, incident.Contained, after(10), "ended all sessions")
		w.ok(err)
		_, err = w.svc.Edit(ctx, w.pia, after(12), x.Ref, 1, x.Text)
		var stale *incident.Stale
		if !errors.As(err, &stale) {
			t.Errorf("%v", err)
		}
		text := x.Text
		text.Impact = incident.Impact{Text: "Names of 12 customers", Personal: incident.Yes, Confidential: incident.No}
		text.Controls = []string{"iam-02"}
		x, err = w.svc.Edit(ctx, w.pia, after(13), x.Ref, x.Version, text)
		w.ok(err)
		if len(x.Clocks) != 1 || x.Clocks[0].Standing(after(14)) != "undecided" || strings.Join(x.Controls, " ") != "IAM-02" {
			t.Errorf("%+v", x.Clocks)
		}
		_, err = w.svc.Close(ctx, w.pia, after(14), x.Ref, 0, incident.Confirmed, "sessions ended, password reset")
		w.refused(err, errs.Invalid, "outcome", "not recovered; nobody decided about the notice")
		for _, s := range []incident.State{incident.Eradicated, incident.Recovered} {
			x, err = w.svc.Advance(ctx, w.pia, after(20), x.Ref, x.Version, s, after(20), "")
			w.ok(err)
		}
		_, err = w.svc.Decide(ctx, w.pia, after(21), x.Ref, 1, incident.Yes, "x")
		w.refused(err, errs.Invalid, "reason", "at least")
		_, err = w.svc.Tell(ctx, w.pia, after(21), x.Ref, 1, after(-60), "by letter to the customer", "")
		w.refused(err, errs.Invalid, "at", "before anybody")
		x, err = w.svc.Tell(ctx, w.pia, after(21), x.Ref, 1, after(21), "by letter to the customer", "ev-2026-00001")
		w.ok(err)
		_, err = w.svc.Tick(ctx, w.pia, after(22), x.Ref, 2, "left", "no")
		w.refused(err, errs.Invalid, "note", "at least")
		ticked, err := w.svc.Tick(ctx, w.pia, after(22), x.Ref, 2, "done", "all 3 of them")
		w.ok(err)
		told, err := w.svc.Store.Steps(ctx, w.pia.ReadScope, x.ID)
		if n := len(told); err != nil || n == 0 || told[n-1].Act != incident.Ticked || told[n-1].Note != ticked.Actions[1].Text {
			t.Errorf("%+v: %v", told, err)
		}
		_, err = w.svc.AddAction(ctx, w.pia, after(22), x.Ref, []string{"learn"}, "learn", "Ask for a second factor everywhere")
		w.ok(err)
		_, err = w.svc.Note(ctx, w.pia, after(23), x.Ref, after(-2), "The user opened the letter", []string{"e1"})
		w.ok(err)
		late := w.raise(after(24), "T1098", "e7")
		_, err = w.svc.AddAlert(ctx, w.pia, after(24), x.Ref, 0, late.Ref)
		w.ok(err)
		x, err = w.svc.Describe(ctx, w.pia, after(25), x.Ref, 0, incident.Description{ControlFailure: true, Describe: true, Reason: "IAM-02 did not operate for three days"})
		w.ok(err)
		x, err = w.svc.Close(ctx, w.pia, after(30), x.Ref, x.Version, incident.Confirmed, "sessions ended, password reset")
		w.ok(err)
		if x.State != incident.Closed || x.Evidence != "EV-INC-1" || x.Printed != "PDF-INC-1" || x.ReviewDue().IsZero() {
			t.Errorf("%+v", x)
		}
		var file incident.CaseFile
		if err := json.Unmarshal(w.filed, &file); err != nil || len(file.Alerts) != 2 || file.Took[incident.ToRecover] != 1200 || file.Incident.State != incident.Closed {
			t.Errorf("%v %+v", err, file)
		}
		for _, ref := range x.Alerts {
			if a, err := w.alerts.Alert(ctx, w.pia.ReadScope, ref); err != nil || a.State != alert.Closed || a.Closing.Verdict != alert.True {
				t.Errorf("%+v %v", a, err)
			}
		}
		_, err = w.svc.Edit(ctx, w.pia, after(31), x.Ref, 0, text)
		w.refused(err, errs.Conflict, "", "is closed")
		x, err = w.svc.WriteReview(ctx, w.pia, after(40), x.Ref, x.Version, incident.Review{Cause: "the second factor was not asked for", Lessons: []string{"Ask always", " "}})
		w.ok(err)
		if len(x.Review.Lessons) != 1 {
			t.Errorf("%+v", x.Review)
		}
		lines, left, err := w.svc.Timeline(ctx, w.ann.ReadScope, x)
		w.ok(err)
		events, steps := 0, 0
		for i, l := range lines {
			if i > 0 && l.At.Before(lines[i-1].At) {
				t.Errorf("line %d is out of order", i)
			}
			if l.Kind == incident.LineEvent {
				events++
			} else if steps++; l.Seq == 0 {
				t.Errorf("%+v rests on nothing", l)
			}
		}
		if events != 3 || left != 0 || lines[0].Event != "e1" || steps < 15 {
			t.Errorf("%d events, %d steps, %d left: %+v", events, steps, left, lines[0])
		}
		x, err = w.svc.Reopen(ctx, w.pia, after(50), x.Ref, x.Version, why)
		w.ok(err)
		if x.State != incident.Recovered || x.Times.Closed != nil {
			t.Errorf("%+v", x)
		}
		list, err := w.svc.List(ctx, w.ann.ReadScope, incident.Filter{Active: true, DC4: "describe", Alert: "ALR-1", Severity: 2}, paging.Query{Search: "other hands"})
		w.ok(err)
		other, err := w.svc.List(ctx, w.OtherOwner.ReadScope, incident.Filter{}, paging.Query{})
		w.ok(err)
		if list.Total != 1 || other.Total != 0 {
			t.Errorf("%d %d", list.Total, other.Total)
		}
		_, err = w.svc.Incident(ctx, w.OtherOwner.ReadScope, string(x.ID))
		w.refused(err, errs.NotFound, "", "no incident")
	})
}

// TestFalseAlarm: what was none closes at any time, gives its alerts back as benign, and counts for nothing.
func TestFalseAlarm(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a := w.raise(now, "T1078", "e1")
		x, err := w.svc.Declare(ctx, w.pia, after(5), incident.New{Text: incident.Text{Title: "An account in other hands", Severity: 2}, Alerts: []string{a.Ref}})
		w.ok(err)
		x, err = w.svc.Close(ctx, w.pia, after(6), x.Ref, x.Version, incident.FalseAlarm, "the user travels, and says so")
		w.ok(err)
		if a, err = w.alerts.Alert(ctx, w.pia.ReadScope, a.Ref); err != nil || a.State != alert.Closed || a.Closing.Verdict != alert.Benign || a.Incident != "" {
			t.Errorf("%+v %v", a, err)
		}
		all, err := w.svc.All(ctx, w.pia.ReadScope, incident.Filter{})
		w.ok(err)
		for _, s := range incident.Spreads(all) {
			if s.N+s.Running+s.Unknown != 0 {
				t.Errorf("%+v", s)
			}
		}
		told, err := w.alerts.Feedback(ctx, w.pia.ReadScope, now, after(10))
		w.ok(err)
		if len(told) != 1 || told[0].Verdict != alert.Benign || !strings.HasPrefix(told[0].Reason, x.Ref) {
			t.Errorf("%+v", told)
		}
	})
}
