package incident

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters, and of lists.
const (
	MaxTitle   = 200
	MaxText    = 8000
	MaxWhy     = 2000
	MinWhy     = 10
	MaxAlerts  = 200
	MaxActions = 300
	MaxClocks  = 50
	MaxLinks   = 50
	MaxHours   = 24 * 366
	maxName    = 200
)

// Service is the use cases of incidents.
type Service struct {
	Store     Store
	Alerts    Alerts
	Playbooks Playbooks
	Members   Members
	Files     Files // nil keeps no case file
	// Bundle has the bundle of an incident that is being closed made and kept, in the transaction that closes it; nil has none made.
	Bundle func(ctx context.Context, scope access.Scope, x Incident) error
	Events Events // nil reconstructs nothing
	// Tactics are the tactics of ATT&CK a rule is about; nil knows none.
	Tactics func(rule string) []string
	Tx      access.Tx
	Ledger  access.Recorder
}

// New is an incident to declare.
type New struct {
	Text
	Alerts   []string  // references; may be empty
	Started  time.Time // zero if not known
	Detected time.Time // zero: of the first alert, or now
}

// Declare opens an incident, by hand or from alerts, which are acknowledged and belong to it from then on.
func (s *Service) Declare(ctx context.Context, scope access.Scope, now time.Time, n New) (Incident, error) {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return Incident{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	by := Mark{scope.Actor(), now}
	x := Incident{ID: ID(id.New("inc", now)), Text: n.Text.clean(), State: Open, Version: 1, Created: now, Author: scope.Actor(), Updated: now}
	x.Times.Classified = &Moment{At: now, By: by}
	if !n.Started.IsZero() {
		x.Times.Started = &Moment{At: n.Started.UTC().Truncate(time.Microsecond), Estimate: true, By: by}
	}
	if len(n.Alerts) > MaxAlerts {
		return Incident{}, errs.New(errs.Invalid, "%d alerts; at most %d", len(n.Alerts), MaxAlerts).At("alerts")
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var first, ack *alert.Alert
		x.Alerts, x.Actions = nil, nil
		var alerts []alert.Alert
		for _, ref := range n.Alerts {
			a, err := s.alert(ctx, scope.ReadScope, ref)
			if err != nil {
				return err
			}
			if slices.Contains(x.Alerts, a.Ref) {
				continue
			}
			x.Alerts, alerts = append(x.Alerts, a.Ref), append(alerts, a)
			if first == nil || a.Raised.Before(first.Raised) {
				first = &a
			}
			if a.Ack != nil && (ack == nil || a.Ack.At.Before(ack.Ack.At)) {
				ack = &a
			}
			x.takes(a, s.Playbooks)
		}
		x.Times.Detected, x.Times.Acknowledged = &Moment{At: now, By: by}, &Moment{At: now, By: by}
		switch {
		case !n.Detected.IsZero():
			x.Times.Detected.At = n.Detected.UTC().Truncate(time.Microsecond)
		case first != nil:
			x.Times.Detected.At = first.Raised
		}
		if ack != nil {
			x.Times.Acknowledged = &Moment{At: ack.Ack.At, By: Mark{ack.Ack.Actor, ack.Ack.At}}
		}
		if err := s.check(ctx, scope.ReadScope, now, &x, Incident{}); err != nil {
			return err
		}
		duties, err := s.Store.Duties(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		x.clocks(duties, now)
		if x, err = s.Store.Add(ctx, scope, x); err != nil {
			return err
		}
		for _, a := range alerts {
			if _, err := s.Alerts.Link(ctx, scope, now, a.Ref, x.Ref); err != nil {
				return err
			}
		}
		return s.step(ctx, scope, now, now, x, Declared, strings.Join(x.Alerts, ", "), nil, map[string]any{"severity": int(x.Severity), "title": x.Title, "lead": string(x.Lead), "alerts": x.Alerts})
	})
	if err != nil {
		return Incident{}, err
	}
	return x, nil
}

func (s *Service) alert(ctx context.Context, scope access.ReadScope, ref string) (alert.Alert, error) {
	a, err := s.Alerts.Alert(ctx, scope, strings.TrimSpace(ref))
	if errs.Is(err, errs.NotFound) {
		return a, errs.New(errs.Invalid, "there is no alert %s", text.Line(ref)).At("alerts").WithHint("References look like ALR-17.")
	}
	return a, err
}

// takes has an incident take over what an alert knows: criteria, and what its playbooks recommend.
func (x *Incident) takes(a alert.Alert, books Playbooks) {
	x.Criteria = list(append(x.Criteria, a.Criteria...), text.Line)
	for _, id := range a.Playbooks {
		if slices.ContainsFunc(x.Actions, func(y Action) bool { return y.Playbook == id }) {
			continue
		}
		b, ok := books.Playbook(id)
		if !ok {
			continue
		}
		for _, step := range b.Steps {
			if len(x.Actions) < MaxActions && !slices.ContainsFunc(x.Actions, func(y Action) bool { return y.Text == step.Text }) {
				x.Actions = append(x.Actions, Action{N: len(x.Actions) + 1, Playbook: b.ID, Phase: step.Phase, Text: step.Text})
			}
		}
	}
}

// clocks starts the clock of each obligation that concerns the incident and has none yet.
func (x *Incident) clocks(d Duties, aware time.Time) {
	for _, o := range d.List {
		concerns := o.When == WhenAlways || o.When == WhenPersonal && x.Impact.Personal == Yes || o.When == WhenConfidential && x.Impact.Confidential == Yes
		if !concerns || len(x.Clocks) >= MaxClocks || slices.ContainsFunc(x.Clocks, func(c Clock) bool { return c.Duty.Name == o.Name }) {
			continue
		}
		x.Clocks = append(x.Clocks, Clock{N: len(x.Clocks) + 1, Duty: o, Aware: aware})
	}
}

// act is what a use case does to an incident: what it changes, and what the ledger says of it.
type act func(ctx context.Context, x *Incident, says map[string]any) error

// change reads an incident, changes it, holds it to the rules and keeps it with a step and a ledger entry.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind Act, step Step, do act) (Incident, error) {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return Incident{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	if step.At.IsZero() {
		step.At = now
	}
	var x Incident
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Incident(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.Changed(was.Ref, &Stale{Theirs: was})
		}
		x = was.clone()
		says := map[string]any{}
		if err := do(ctx, &x, says); err != nil {
			return err
		}
		if kind == Ticked && step.Note == "" {
			step.Note = tickNote(says)
		}
		if was.State == Closed && x.State == Closed && !slices.Contains([]Act{Reviewed, Decided, Noted, Clocked, Told, Ticked, Shut, Traced}, kind) {
			return errs.New(errs.Conflict, "%s is closed", x.Ref).WithHint("Open it again first.")
		}
		if err := s.check(ctx, scope.ReadScope, now, &x, was); err != nil {
			return err
		}
		x.Version, x.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, scope, x, was.Version); err != nil {
			return s.lost(ctx, scope.ReadScope, ref, err)
		}
		return s.step(ctx, scope, now, step.At, x, kind, step.Note, step.Events, says)
	})
	if err != nil {
		return Incident{}, err
	}
	return x, nil
}

func (x Incident) clone() Incident {
	x.Alerts, x.Actions, x.Clocks = slices.Clone(x.Alerts), slices.Clone(x.Actions), slices.Clone(x.Clocks)
	return x
}

func (s *Service) lost(ctx context.Context, scope access.ReadScope, ref string, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	theirs, err := s.Store.Incident(ctx, scope, ref)
	if err != nil {
		return errors.Join(cause, err)
	}
	return errs.Changed(theirs.Ref, &Stale{Theirs: theirs})
}

// step appends to the ledger and to the history.
func (s *Service) step(ctx context.Context, scope access.Scope, now, at time.Time, x Incident, kind Act, note string, events []string, says map[string]any) error {
	says["ref"], says["version"] = x.Ref, x.Version
	if note != "" {
		says["note"] = note
	}
	if len(events) > 0 {
		says["events"] = events
	}
	seq, err := s.Ledger.Append(ctx, scope, now, "incident."+string(kind), string(x.ID), says)
	if err != nil {
		return err
	}
	return s.Store.AddStep(ctx, scope, x.ID, Step{At: at, Recorded: now, Actor: scope.Actor(), Act: kind, Note: note, Events: events, Seq: seq})
}

// clean trims what was written and brings lists into order.
func (t Text) clean() Text {
	t.Title, t.Summary, t.Impact.Text = text.Line(t.Title), text.Prose(t.Summary), text.Prose(t.Impact.Text)
	t.Lead = access.UserID(strings.TrimSpace(string(t.Lead)))
	t.Controls, t.Criteria = list(t.Controls, func(s string) string { return strings.ToUpper(text.Line(s)) }), list(t.Criteria, text.Line)
	return t
}

// list is the entries that say something, each once, in order.
func list(in []string, clean func(string) string) []string {
	var out []string
	for _, s := range in {
		if s = clean(s); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// check holds an incident to its rules.
func (s *Service) check(ctx context.Context, scope access.ReadScope, now time.Time, x *Incident, was Incident) error {
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{{"title", "the title", x.Title, 3, MaxTitle}, {"summary", "the summary", x.Summary, 0, MaxText}, {"impact", "the impact", x.Impact.Text, 0, MaxText}, {"containment", "what was done", x.Containment, 0, MaxText}} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return err
		}
	}
	switch {
	case x.Severity < 1 || x.Severity > MaxSeverity:
		return errs.New(errs.Invalid, "choose how bad it is").At("severity")
	case !answer(x.Impact.Confidential):
		return errs.New(errs.Invalid, "yes, no, or nothing yet").At("confidential")
	case !answer(x.Impact.Personal):
		return errs.New(errs.Invalid, "yes, no, or nothing yet").At("personal")
	}
	for at, l := range map[string][]string{"controls": x.Controls, "criteria": x.Criteria} {
		if len(l) > MaxLinks {
			return errs.New(errs.Invalid, "%d are named; at most %d are kept", len(l), MaxLinks).At(at)
		}
		for _, e := range l {
			if err := text.Bounds(at, "an entry", e, 1, maxName); err != nil {
				return err
			}
		}
	}
	if err := x.Times.check(now); err != nil {
		return err
	}
	if x.Lead == "" || x.Lead == was.Lead {
		return nil
	}
	m, err := s.Members.Member(ctx, scope, string(x.Lead))
	switch {
	case errs.Is(err, errs.NotFound):
		return errs.New(errs.Invalid, "nobody here is %q", x.Lead).At("lead")
	case err != nil:
		return err
	case m.Disabled:
		return errs.New(errs.Invalid, "the account of %s is blocked", m.Name).At("lead")
	}
	x.Lead = m.ID
	return nil
}

func answer(a Answer) bool { return a == "" || a == Yes || a == No }

// check holds the instants to their order and keeps them out of the future.
func (t *Times) check(now time.Time) error {
	var before *Moment
	said := ""
	for _, n := range t.named() {
		m := *n.at
		if m == nil {
			continue
		}
		switch {
		case m.At.After(now.Add(time.Minute)):
			return errs.New(errs.Invalid, "%s in the future", n.title).At(n.field)
		case m.At.Year() < 1990:
			return errs.New(errs.Invalid, "%s in %d", n.title, m.At.Year()).At(n.field).WithHint("Check the year.")
		case before != nil && m.At.Before(before.At):
			return errs.New(errs.Invalid, "%s before %s", n.title, said).At(n.field).WithHint("One of the two instants is wrong.")
		}
		before, said = m, n.title
	}
	return nil
}

// Incident reads an incident by identifier or reference.
func (s *Service) Incident(ctx context.Context, scope access.ReadScope, ref string) (Incident, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Incident{}, err
	}
	return s.Store.Incident(ctx, scope, ref)
}

// List lists incidents. Sort names: ref, title, severity, state, declared, started, lead, updated.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Incident], error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return paging.Result[Incident]{}, err
	}
	return s.Store.Incidents(ctx, scope, f, q)
}

// All lists every incident of a filter, the oldest first.
func (s *Service) All(ctx context.Context, scope access.ReadScope, f Filter) ([]Incident, error) {
	var out []Incident
	for n := 1; ; n++ {
		got, err := s.List(ctx, scope, f, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		if out = append(out, got.Rows...); n >= got.Pages() {
			return out, nil
		}
	}
}

// History lists what was done, in the order in which it was written down.
func (s *Service) History(ctx context.Context, scope access.ReadScope, x ID) ([]Step, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Store.Steps(ctx, scope, x)
}
