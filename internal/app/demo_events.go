package app

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/simco"
)

// eventDays is for how many days at the end of its life the company's systems send their events: in a year enough for baselines to
// learn before the attacks of the last thirty days, in a short life fewer.
func eventDays(days int) int { return min(38, max(days/6, 12)) }

// demoEvents is what the company's systems send, and what its security analyst makes of the alerts. The analyst knows which alerts are
// of planted attacks, as a person finds out by asking around; the program does not.
type demoEvents struct {
	*Demo
	from    time.Time
	sources map[string]string // of each kind of log
	tokens  map[string]string // of the same
	broke   int               // faults of senders that happened already
	attacks map[string]*simco.Attack
	cases   []*demoCase
	looked  time.Time // alerts raised before are dealt with
	rebuilt int       // incidents that were reconstructed
	permits demoPermits
}

// reconstructed is of how many incidents the analyst has the way of the attacker reconstructed.
const reconstructed = 4

// demoCase is an incident on its way.
type demoCase struct {
	ref, attack string
	due         time.Time
}

func (e *demoEvents) begin(ctx context.Context, _ time.Time) error {
	e.from = e.Config.Start.AddDate(0, 0, max(0, e.Config.Days-eventDays(e.Config.Days)))
	e.attacks = map[string]*simco.Attack{}
	for _, a := range e.Company.Attacks() {
		for _, r := range a.Events {
			e.attacks[r] = &a
		}
	}
	e.permits = demoPermits{Demo: e.Demo, attacks: e.attacks}
	return e.App.OpenEvents(ctx)
}

func (e *demoEvents) days(ctx context.Context, from, to time.Time) error {
	if from.Before(e.from) {
		from = e.from
	}
	start := from
	if !to.After(from) {
		return nil
	}
	records := slices.Collect(e.Company.Events(from, to))
	if e.permits.renewed.IsZero() {
		if err := e.permits.begin(ctx, from); err != nil {
			return err
		}
		if err := e.targets(ctx, from); err != nil {
			return err
		}
	}
	if err := e.permits.before(ctx, from, records); err != nil {
		return err
	}
	for hour := from; hour.Before(to); {
		next := hour.Truncate(time.Hour).Add(time.Hour)
		if next.After(to) {
			next = to
		}
		n := slices.IndexFunc(records, func(r simco.Record) bool { return !r.At.Before(next) })
		if n < 0 {
			n = len(records)
		}
		if err := e.hour(ctx, next, records[:n]); err != nil {
			return errs.Wrap(err, "events before %s", next.Format(time.RFC3339))
		}
		hour, records = next, records[n:]
	}
	if _, err := e.App.EventSealer.Seal(ctx, to.Add(time.Minute), true); err != nil {
		return errs.Wrap(err, "file the events of %s", to.Format(time.DateOnly))
	}
	return e.permits.after(ctx, e.scope.ReadScope, start, to)
}

// targets are the times within which the company wants to have answered, from its incident plan.
func (e *demoEvents) targets(ctx context.Context, now time.Time) error {
	who, err := e.as(ctx, now, "priya.raman@northwind.example")
	if err != nil {
		return err
	}
	_, err = e.App.Incidents.SetTargets(ctx, who, now, 0, []incident.Target{{Severity: 1, Detect: 60, Ack: 15, Contain: 60}, {Severity: 2, Detect: 4 * 60, Ack: 60, Contain: 4 * 60}, {Severity: 3, Detect: 24 * 60, Ack: 8 * 60, Contain: 24 * 60}})
	return err
}

// hour sends what happened before an instant, has it watched, and lets the analyst act.
func (e *demoEvents) hour(ctx context.Context, to time.Time, records []simco.Record) error {
	a, now := e.App, to.Add(30*time.Second)
	batches := map[string]*bytes.Buffer{}
	for _, r := range records {
		b := batches[r.Log]
		if b == nil {
			b = &bytes.Buffer{}
			batches[r.Log] = b
		}
		b.Write(r.Raw)
		b.WriteByte('\n')
	}
	for _, log := range slices.Sorted(maps.Keys(batches)) {
		source, err := e.source(ctx, now, log)
		if err != nil {
			return err
		}
		r, err := a.Intake.AcceptAs(ctx, e.scope, source, "", batches[log], now)
		if err != nil {
			return err
		}
		if r.Refused > 0 {
			return errs.New(errs.Internal, "%d records of %s could not be read", r.Refused, log)
		}
	}
	if err := e.fault(ctx, now, records); err != nil {
		return err
	}
	if to.Hour()%2 != 0 && to.Minute() == 0 {
		return nil
	}
	if err := a.watchAt(ctx, e.scope.Org(), now.Add(time.Minute)); err != nil {
		return err
	}
	return e.answer(ctx, now.Add(12*time.Minute))
}

// source is the source of a kind of log, made when it sends first.
func (e *demoEvents) source(ctx context.Context, now time.Time, log string) (string, error) {
	if ref, ok := e.sources[log]; ok {
		return ref, nil
	}
	name := log
	for _, s := range event.Logs() {
		if s.Name == log {
			name = s.Title
		}
	}
	x, token, err := e.App.Sources.Add(ctx, e.scope, now, event.NewSource{Name: name, Log: log})
	if err != nil {
		return "", err
	}
	if e.sources == nil {
		e.sources, e.tokens = map[string]string{}, map[string]string{}
	}
	e.sources[log], e.tokens[log] = x.Ref, token
	return x.Ref, nil
}

// answer is what the analyst does about alerts and incidents by an instant. Alerts below medium wait for a quiet day.
func (e *demoEvents) answer(ctx context.Context, now time.Time) error {
	who, err := e.as(ctx, now, "priya.raman@northwind.example")
	if err != nil {
		return err
	}
	if err := e.respond(ctx, who, now); err != nil {
		return err
	}
	open, err := e.App.Alerts.List(ctx, who.ReadScope, alert.Filter{State: alert.Open, AtLeast: alert.Medium, From: e.looked}, paging.Query{Size: paging.MaxSize, Sort: "raised"})
	if err != nil {
		return err
	}
	e.looked = now
	for _, x := range open.Rows {
		if e.chance("left/"+x.Ref, 12) == 0 {
			continue // it is still open: there is always some of it
		}
		if err := e.judge(ctx, who, now, x); err != nil {
			return errs.Wrap(err, "%s", x.Ref)
		}
	}
	return nil
}

// judge finds out what an alert was.
func (e *demoEvents) judge(ctx context.Context, who access.Scope, now time.Time, x alert.Alert) error {
	a := e.App
	attack, planted, err := e.truth(ctx, who.ReadScope, x)
	if err != nil {
		return err
	}
	if !planted {
		verdict, why := alert.Benign, "Asked "+orSomebody(x.Entity)+": it was their usual work."
		if slices.Equal(x.Kinds, []string{string(alert.Unauthorised)}) {
			verdict, why = alert.True, "Asked "+orSomebody(x.Entity)+": nobody had approved it before. It was looked at afterwards and may stay."
		}
		_, err := a.Alerts.Close(ctx, who, now, x.Ref, 0, verdict, why, "")
		return err
	}
	for _, c := range e.cases {
		if c.attack == attack.ID {
			in, err := a.Incidents.Incident(ctx, who.ReadScope, c.ref)
			if err != nil || in.State == incident.Closed {
				return err
			}
			_, err = a.Incidents.AddAlert(ctx, who, now, c.ref, 0, x.Ref)
			return err
		}
	}
	severity := incident.Severity(3)
	if x.Level.Rank() >= alert.High.Rank() {
		severity = 2
	}
	in, err := a.Incidents.Declare(ctx, who, now, incident.New{Text: incident.Text{Title: attack.Title, Summary: x.Sentence, Severity: severity, Lead: access.UserID(who.Actor())}, Alerts: []string{x.Ref}})
	if err != nil {
		return err
	}
	e.cases = append(e.cases, &demoCase{in.Ref, attack.ID, now.Add(time.Duration(20+e.chance("contain/"+in.Ref, 100)) * time.Minute)})
	return nil
}

func orSomebody(entity string) string {
	if entity == "" {
		return "around"
	}
	return entity
}

// truth is the planted attack that an alert is about; false if it is about none.
func (e *demoEvents) truth(ctx context.Context, s access.ReadScope, x alert.Alert) (attack *simco.Attack, planted bool, err error) {
	all, err := e.App.Alerts.Signals(ctx, s, x.ID, paging.Query{Size: 50})
	if err != nil {
		return nil, false, err
	}
	for _, k := range all.Rows {
		for _, f := range k.Events {
			ev, err := e.App.Events.Event(ctx, s, f.Event)
			if err != nil {
				return nil, false, err
			}
			if attack := e.attacks[ev.Upstream]; attack != nil {
				return attack, true, nil
			}
		}
	}
	return nil, false, nil
}

// respond brings each incident a step further when its time has come: contained, the cause removed, recovered, closed.
func (e *demoEvents) respond(ctx context.Context, who access.Scope, now time.Time) error {
	for _, c := range e.cases {
		if now.Before(c.due) {
			continue
		}
		in, err := e.App.Incidents.Incident(ctx, who.ReadScope, c.ref)
		if err != nil {
			return err
		}
		if in.State == incident.Closed || in.State == incident.Recovered && e.chance("close/"+c.ref, 4) == 0 {
			continue
		}
		if err := e.step(ctx, who, c.due, now, in); err != nil {
			return errs.Wrap(err, "%s", c.ref)
		}
		c.due = now.Add(time.Duration(2+e.chance("next/"+c.ref+string(in.State), 10)) * time.Hour)
	}
	return nil
}

func (e *demoEvents) step(ctx context.Context, who access.Scope, at, now time.Time, in incident.Incident) error {
	s := e.App.Incidents
	for _, x := range in.Actions {
		if x.Done != nil || x.Phase != phaseOf[in.State] {
			continue
		}
		if _, err := s.Tick(ctx, who, now, in.Ref, x.N, "done", ""); err != nil {
			return err
		}
	}
	if in.State == incident.Eradicated && e.rebuilt < reconstructed { // each takes a second, and one shows how it looks
		if _, err := s.Reconstruct(ctx, who, now, in.Ref); err != nil {
			return err
		}
		e.rebuilt++
	}
	if in.State != incident.Recovered {
		_, err := s.Advance(ctx, who, now, in.Ref, 0, in.State.Next(), at, "Keys, tokens and sessions of "+orSomebody(firstOf(in))+" are revoked; what was created is disabled.")
		return err
	}
	text := in.Text
	text.Impact = incident.Impact{Confidential: incident.No, Personal: incident.No, Text: "Nothing of customers was reached."}
	if _, err := s.Edit(ctx, who, now, in.Ref, 0, text); err != nil {
		return err
	}
	_, err := s.Close(ctx, who, now, in.Ref, 0, incident.Confirmed, "What the attacker made is removed, and access is as it was before.")
	return err
}

// phaseOf is the phase of the playbook that is worked on in a state.
var phaseOf = map[incident.State]string{incident.Open: "contain", incident.Contained: "remove", incident.Eradicated: "recover", incident.Recovered: "learn"}

func firstOf(in incident.Incident) string {
	if len(in.Alerts) == 0 {
		return ""
	}
	return "the accounts of " + in.Alerts[0]
}
