package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Edit replaces what is written about an incident. base is the version the editor saw; 0 changes whatever is there. What was reached
// may start clocks.
func (s *Service) Edit(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, t Text) (Incident, error) {
	return s.change(ctx, scope, now, ref, base, Edited, Step{}, func(ctx context.Context, x *Incident, says map[string]any) error {
		was := x.Text
		x.Text = t.clean()
		duties, err := s.Store.Duties(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		x.clocks(duties, now.UTC().Truncate(time.Microsecond))
		says["severity"], says["confidential"], says["personal"], says["controls"] = int(x.Severity), string(x.Impact.Confidential), string(x.Impact.Personal), x.Controls
		if was.Severity != x.Severity {
			says["was"] = int(was.Severity)
		}
		return nil
	})
}

// AddAlert has an alert belong to the incident.
func (s *Service) AddAlert(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, alertRef string) (Incident, error) {
	return s.change(ctx, scope, now, ref, base, Linked, Step{Note: strings.ToUpper(text.Line(alertRef))}, func(ctx context.Context, x *Incident, says map[string]any) error {
		a, err := s.alert(ctx, scope.ReadScope, alertRef)
		switch {
		case err != nil:
			return err
		case slices.Contains(x.Alerts, a.Ref):
			return errs.New(errs.Conflict, "%s belongs to %s already", a.Ref, x.Ref).At("alerts")
		case len(x.Alerts) >= MaxAlerts:
			return errs.New(errs.Exhausted, "%s has %d alerts", x.Ref, MaxAlerts)
		}
		if _, err := s.Alerts.Link(ctx, scope, now, a.Ref, x.Ref); err != nil {
			return err
		}
		x.Alerts = append(x.Alerts, a.Ref)
		x.takes(a, s.Playbooks)
		says["alert"] = a.Ref
		return nil
	})
}

// Advance moves the response to its next state, as of an instant. what says how it was contained; other states need no word.
func (s *Service) Advance(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, to State, at time.Time, what string) (Incident, error) {
	what, at = text.Prose(what), at.UTC().Truncate(time.Microsecond)
	return s.change(ctx, scope, now, ref, base, Advanced, Step{At: at, Note: what}, func(_ context.Context, x *Incident, says map[string]any) error {
		if to == Closed || x.State.Next() != to {
			return errs.New(errs.Invalid, "%s is %s: next comes %s", x.Ref, strings.ToLower(x.State.Title()), strings.ToLower(x.State.Next().Title())).At("to")
		}
		m := &Moment{At: at, By: Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}}
		switch to {
		case Contained:
			if err := text.Bounds("what", "what was done", what, MinWhy, MaxText); err != nil {
				return err
			}
			x.Containment, x.Times.Contained = what, m
		case Eradicated:
			x.Times.Remediated = m
		case Recovered:
			x.Times.Recovered = m
		case Open, Closed:
		}
		x.State = to
		says["state"], says["at"] = string(to), at.Format(time.RFC3339)
		return nil
	})
}

// Correct sets one of the instants: "started", "detected", "acknowledged", "contained", "remediated" or "recovered". The zero instant
// says that it is not known.
func (s *Service) Correct(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, field string, at time.Time, estimate bool, reason string) (Incident, error) {
	reason = text.Prose(reason)
	return s.change(ctx, scope, now, ref, base, Corrected, Step{Note: reason}, func(_ context.Context, x *Incident, says map[string]any) error {
		if err := text.Bounds("reason", "the reason", reason, MinWhy, MaxWhy); err != nil {
			return err
		}
		for _, n := range x.Times.named() {
			if n.field != field || field == "closed" {
				continue
			}
			was := *n.at
			if was == nil && slices.Contains([]string{"contained", "remediated", "recovered"}, field) || at.IsZero() && field != "started" {
				return errs.New(errs.Invalid, "that instant follows from the state").At("at").WithHint("Move the incident to the state, or give an instant.")
			}
			*n.at = nil
			says["field"] = field
			if !at.IsZero() {
				*n.at = &Moment{At: at.UTC().Truncate(time.Microsecond), Estimate: estimate, By: Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}}
				says["at"], says["estimate"] = at.UTC().Format(time.RFC3339), estimate
			}
			if was != nil {
				says["was"] = was.At.Format(time.RFC3339)
			}
			return nil
		}
		return errs.New(errs.Invalid, "choose which instant").At("field")
	})
}

// Note puts a line into the timeline, as of an instant, with the identifiers of events it refers to.
func (s *Service) Note(ctx context.Context, scope access.Scope, now time.Time, ref string, at time.Time, note string, events []string) (Incident, error) {
	note, events = text.Prose(note), list(events, text.Line)
	return s.change(ctx, scope, now, ref, 0, Noted, Step{At: at.UTC().Truncate(time.Microsecond), Note: note, Events: events}, func(context.Context, *Incident, map[string]any) error {
		if len(events) > MaxLinks {
			return errs.New(errs.Invalid, "%d events; at most %d", len(events), MaxLinks).At("events")
		}
		for _, e := range events {
			if err := text.Bounds("events", "an event", e, 1, maxName); err != nil {
				return err
			}
		}
		if at.After(now.Add(time.Minute)) || at.Year() < 1990 {
			return errs.New(errs.Invalid, "that is no instant of the past").At("at")
		}
		return text.Bounds("note", "the note", note, 1, MaxText)
	})
}

// AddAction adds something to do, by hand.
func (s *Service) AddAction(ctx context.Context, scope access.Scope, now time.Time, ref string, phases []string, phase, what string) (Incident, error) {
	what = text.Line(what)
	return s.change(ctx, scope, now, ref, 0, Ticked, Step{Note: "To do: " + what}, func(_ context.Context, x *Incident, says map[string]any) error {
		if err := text.Bounds("text", "what to do", what, 3, 500); err != nil {
			return err
		}
		switch {
		case !slices.Contains(phases, phase):
			return errs.New(errs.Invalid, "choose a phase").At("phase")
		case len(x.Actions) >= MaxActions:
			return errs.New(errs.Exhausted, "%s has %d actions", x.Ref, MaxActions)
		}
		x.Actions = append(x.Actions, Action{N: len(x.Actions) + 1, Phase: phase, Text: what})
		says["text"] = what
		return nil
	})
}

// Tick says that an action was done, or left out for a reason, or neither after all.
func (s *Service) Tick(ctx context.Context, scope access.Scope, now time.Time, ref string, n int, how, note string) (Incident, error) {
	note = text.Prose(note)
	return s.change(ctx, scope, now, ref, 0, Ticked, Step{}, func(_ context.Context, x *Incident, says map[string]any) error {
		i := slices.IndexFunc(x.Actions, func(a Action) bool { return a.N == n })
		if i < 0 {
			return errs.New(errs.NotFound, "%s has no action %d", x.Ref, n)
		}
		a := &x.Actions[i]
		if err := text.Bounds("note", "the note", note, 0, MaxWhy); err != nil {
			return err
		}
		a.Done, a.Left, a.Note = &Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}, false, note
		switch how {
		case "done":
		case "left":
			if err := text.Bounds("note", "the reason", note, MinWhy, MaxWhy); err != nil {
				return err
			}
			a.Left = true
		case "undo":
			a.Done, a.Note = nil, ""
		default:
			return errs.New(errs.Invalid, "choose what came of it").At("how")
		}
		says["action"], says["how"], says["text"] = n, how, a.Text
		if note != "" {
			says["note"] = note
		}
		return nil
	})
}

// tickNote tells of which action it was said, and what.
func tickNote(says map[string]any) string {
	what, _ := says["text"].(string)
	switch says["how"] {
	case "left":
		return "Left out: " + what
	case "undo":
		return "Not done after all: " + what
	}
	return what
}

// Clock starts a clock by hand: somebody must be told within hours of an instant.
func (s *Service) Clock(ctx context.Context, scope access.Scope, now time.Time, ref string, o Obligation, aware time.Time) (Incident, error) {
	o = o.clean()
	o.When = WhenAlways
	return s.change(ctx, scope, now, ref, 0, Clocked, Step{Note: o.Name}, func(_ context.Context, x *Incident, says map[string]any) error {
		if err := o.check(); err != nil {
			return err
		}
		switch {
		case aware.After(now.Add(time.Minute)) || aware.Year() < 1990:
			return errs.New(errs.Invalid, "that is no instant of the past").At("aware")
		case len(x.Clocks) >= MaxClocks:
			return errs.New(errs.Exhausted, "%s has %d clocks", x.Ref, MaxClocks)
		case slices.ContainsFunc(x.Clocks, func(c Clock) bool { return strings.EqualFold(c.Duty.Name, o.Name) }):
			return errs.New(errs.Invalid, "there is a clock %q already", o.Name).At("name")
		}
		x.Clocks = append(x.Clocks, Clock{N: len(x.Clocks) + 1, Duty: o, Aware: aware.UTC().Truncate(time.Microsecond), Required: Yes, Decided: &Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}})
		says["duty"], says["hours"], says["source"] = o.Name, o.Hours, o.Source
		return nil
	})
}

// Decide says whether a duty to tell somebody applies, and why (INC-05).
func (s *Service) Decide(ctx context.Context, scope access.Scope, now time.Time, ref string, n int, required Answer, reason string) (Incident, error) {
	reason = text.Prose(reason)
	return s.change(ctx, scope, now, ref, 0, Clocked, Step{Note: reason}, func(_ context.Context, x *Incident, says map[string]any) error {
		c, err := x.clock(n)
		if err != nil {
			return err
		}
		if required != Yes && required != No {
			return errs.New(errs.Invalid, "choose one").At("required")
		}
		if err := text.Bounds("reason", "the reason", reason, MinWhy, MaxWhy); err != nil {
			return err
		}
		if c.Notified != nil && required == No {
			return errs.New(errs.Conflict, "they were told already").At("required")
		}
		c.Required, c.Reason, c.Decided = required, reason, &Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}
		says["duty"], says["required"] = c.Duty.Name, string(required)
		return nil
	})
}

// Tell records that somebody was told, and how.
func (s *Service) Tell(ctx context.Context, scope access.Scope, now time.Time, ref string, n int, at time.Time, how, evidence string) (Incident, error) {
	how, evidence = text.Prose(how), strings.ToUpper(text.Line(evidence))
	return s.change(ctx, scope, now, ref, 0, Told, Step{At: at.UTC().Truncate(time.Microsecond), Note: how}, func(_ context.Context, x *Incident, says map[string]any) error {
		c, err := x.clock(n)
		if err != nil {
			return err
		}
		if err := text.Bounds("how", "how they were told", how, MinWhy, MaxText); err != nil {
			return err
		}
		if err := text.Bounds("evidence", "the reference", evidence, 0, 60); err != nil {
			return err
		}
		switch {
		case at.After(now.Add(time.Minute)):
			return errs.New(errs.Invalid, "they were told in the future").At("at")
		case at.Before(c.Aware):
			return errs.New(errs.Invalid, "they were told before anybody here knew").At("at").WithHint("It was known on %s.", c.Aware.Format("2006-01-02 15:04 UTC"))
		}
		c.Required, c.How, c.Evidence = Yes, how, evidence
		c.Notified = &Moment{At: at.UTC().Truncate(time.Microsecond), By: Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}}
		says["duty"], says["at"], says["evidence"] = c.Duty.Name, at.UTC().Format(time.RFC3339), evidence
		return nil
	})
}

func (x *Incident) clock(n int) (*Clock, error) {
	for i := range x.Clocks {
		if x.Clocks[i].N == n {
			return &x.Clocks[i], nil
		}
	}
	return nil, errs.New(errs.NotFound, "%s has no clock %d", x.Ref, n)
}

// Describe records a person's word whether the incident belongs in the system description (DC4), with the reason.
func (s *Service) Describe(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, d Description) (Incident, error) {
	d.Reason = text.Prose(d.Reason)
	return s.change(ctx, scope, now, ref, base, Decided, Step{Note: d.Reason}, func(_ context.Context, x *Incident, says map[string]any) error {
		if err := text.Bounds("reason", "the reason", d.Reason, MinWhy, MaxWhy); err != nil {
			return err
		}
		d.By = Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}
		x.Description = &d
		says["control_failure"], says["commitment_failure"], says["describe"] = d.ControlFailure, d.CommitmentFailure, d.Describe
		return nil
	})
}

// WriteReview records what was learned.
func (s *Service) WriteReview(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, r Review) (Incident, error) {
	r.Cause, r.Well, r.Badly = text.Prose(r.Cause), text.Prose(r.Well), text.Prose(r.Badly)
	var lessons []string
	for _, l := range r.Lessons {
		if l = text.Line(l); l != "" {
			lessons = append(lessons, l)
		}
	}
	r.Lessons = lessons
	return s.change(ctx, scope, now, ref, base, Reviewed, Step{}, func(_ context.Context, x *Incident, says map[string]any) error {
		if err := text.Bounds("cause", "the root cause", r.Cause, MinWhy, MaxText); err != nil {
			return err
		}
		for at, t := range map[string]string{"well": r.Well, "badly": r.Badly} {
			if err := text.Bounds(at, "the text", t, 0, MaxText); err != nil {
				return err
			}
		}
		if len(r.Lessons) > MaxLinks {
			return errs.New(errs.Invalid, "%d lessons; at most %d", len(r.Lessons), MaxLinks).At("lessons")
		}
		for _, l := range r.Lessons {
			if err := text.Bounds("lessons", fmt.Sprintf("%.40q", l), l, 3, MaxTitle); err != nil {
				return err
			}
		}
		r.By = Mark{scope.Actor(), now.UTC().Truncate(time.Microsecond)}
		x.Review = &r
		says["lessons"] = len(r.Lessons)
		return nil
	})
}

// Close ends an incident. One that was confirmed needs to be recovered, to have a lead, and to say whether confidential and personal
// data were reached (INC-02); a false alarm may be closed at any time. Its alerts are closed with it.
func (s *Service) Close(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, o Outcome, disposition string) (Incident, error) {
	disposition = text.Prose(disposition)
	now = now.UTC().Truncate(time.Microsecond)
	return s.change(ctx, scope, now, ref, base, Shut, Step{Note: disposition}, func(ctx context.Context, x *Incident, says map[string]any) error {
		if o != Confirmed && o != FalseAlarm {
			return errs.New(errs.Invalid, "choose what it was").At("outcome")
		}
		if err := text.Bounds("disposition", "what was done about it", disposition, MinWhy, MaxText); err != nil {
			return err
		}
		if x.State == Closed {
			return errs.New(errs.Conflict, "%s is closed already", x.Ref)
		}
		if missing := x.Missing(); o == Confirmed && len(missing) > 0 {
			return errs.New(errs.Invalid, "not yet: %s", strings.Join(missing, "; ")).At("outcome").WithHint("Complete the record first.")
		}
		verdict := alert.True
		if o == FalseAlarm {
			verdict = alert.Benign
		}
		for _, r := range x.Alerts {
			if err := s.closeAlert(ctx, scope, now, r, x.Ref, verdict, disposition); err != nil {
				return err
			}
		}
		x.State, x.Outcome, x.Disposition = Closed, o, disposition
		x.Times.Closed = &Moment{At: now, By: Mark{scope.Actor(), now}}
		says["outcome"] = string(o)
		if err := s.file(ctx, scope, now, x, says); err != nil || s.Bundle == nil {
			return err
		}
		return s.Bundle(ctx, scope, *x)
	})
}

// KeepBundle says in which evidence the bundle of a closed incident is kept. It is a line of the history and no new version: nobody who
// writes the review meanwhile has to begin again.
func (s *Service) KeepBundle(ctx context.Context, scope access.Scope, now time.Time, ref, evidence string) error {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return err
	}
	now = now.UTC().Truncate(time.Microsecond)
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		x, err := s.Store.Incident(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if x.State != Closed {
			return errs.New(errs.Conflict, "%s was opened again meanwhile", x.Ref).WithHint("Its bundle is kept when it is closed again.")
		}
		return s.step(ctx, scope, now, now, x, Bundled, evidence, nil, map[string]any{"evidence": evidence})
	})
}

// KeptBundle is the reference of the evidence in which the bundle of an incident is kept since it was closed; empty for none.
func (s *Service) KeptBundle(ctx context.Context, scope access.ReadScope, x ID) (string, error) {
	steps, err := s.History(ctx, scope, x)
	kept := ""
	for _, h := range steps {
		switch h.Act {
		case Bundled:
			kept = h.Note
		case Reopened:
			kept = ""
		case Declared, Edited, Linked, Advanced, Corrected, Noted, Ticked, Clocked, Told, Decided, Reviewed, Shut, Traced:
		}
	}
	return kept, err
}

// closeAlert closes an alert with its incident. A false alarm takes it out of the incident first.
func (s *Service) closeAlert(ctx context.Context, scope access.Scope, now time.Time, ref, incident string, v alert.Verdict, reason string) error {
	a, err := s.Alerts.Alert(ctx, scope.ReadScope, ref)
	if err != nil || a.State == alert.Closed {
		return err
	}
	if v == alert.Benign {
		if _, err := s.Alerts.Link(ctx, scope, now, ref, ""); err != nil {
			return err
		}
	}
	r := []rune(incident + ": " + reason)
	_, err = s.Alerts.Close(ctx, scope, now, ref, 0, v, string(r[:min(len(r), alert.MaxWhy)]), "")
	return err
}

// Missing is what a confirmed incident lacks to be closed (INC-02).
func (x Incident) Missing() []string {
	var out []string
	if x.State != Recovered {
		out = append(out, "it is not recovered")
	}
	if x.Lead == "" {
		out = append(out, "nobody leads it")
	}
	if x.Impact.Confidential == "" {
		out = append(out, "nobody said whether confidential data was reached")
	}
	if x.Impact.Personal == "" {
		out = append(out, "nobody said whether personal data was reached")
	}
	for _, c := range x.Clocks {
		if c.Required == "" {
			out = append(out, fmt.Sprintf("nobody decided about the notice “%s”", c.Duty.Name))
		}
	}
	return out
}

// Reopen takes back that an incident is closed. Its alerts stay as they are.
func (s *Service) Reopen(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, reason string) (Incident, error) {
	reason = text.Prose(reason)
	return s.change(ctx, scope, now, ref, base, Reopened, Step{Note: reason}, func(_ context.Context, x *Incident, says map[string]any) error {
		if x.State != Closed {
			return errs.New(errs.Conflict, "%s is not closed", x.Ref)
		}
		if err := text.Bounds("reason", "the reason", reason, MinWhy, MaxWhy); err != nil {
			return err
		}
		says["was"] = string(x.Outcome)
		x.State, x.Outcome, x.Disposition, x.Times.Closed, x.Evidence = x.reached(), "", "", nil, ""
		return nil
	})
}

// reached is the state that the instants show.
func (x Incident) reached() State {
	switch {
	case x.Times.Recovered != nil:
		return Recovered
	case x.Times.Remediated != nil:
		return Eradicated
	case x.Times.Contained != nil:
		return Contained
	}
	return Open
}

func (o Obligation) clean() Obligation {
	o.Name, o.To, o.Source = text.Line(o.Name), text.Line(o.To), text.Line(o.Source)
	return o
}

func (o Obligation) check() error {
	for _, b := range [][3]string{{"name", "the name", o.Name}, {"to", "who is told", o.To}, {"source", "where it is written", o.Source}} {
		if err := text.Bounds(b[0], b[1], b[2], 1, maxName); err != nil {
			return err
		}
	}
	switch {
	case o.Hours < 1 || o.Hours > MaxHours:
		return errs.New(errs.Invalid, "between 1 and %d hours", MaxHours).At("hours")
	case !slices.Contains(Whens(), o.When):
		return errs.New(errs.Invalid, "choose when it applies").At("when")
	}
	return nil
}

// SetDuties replaces the obligations. base is the version the editor saw. Incidents that run keep their clocks.
func (s *Service) SetDuties(ctx context.Context, scope access.Scope, now time.Time, base int, in []Obligation) (Duties, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Duties{}, err
	}
	var kept []Obligation
	seen := map[string]bool{}
	for _, o := range in {
		o = o.clean()
		if err := o.check(); err != nil {
			return Duties{}, err
		}
		if key := strings.ToLower(o.Name); seen[key] {
			return Duties{}, errs.New(errs.Invalid, "there is an obligation %q already", o.Name).At("name")
		} else {
			seen[key] = true
		}
		kept = append(kept, o)
	}
	if len(kept) > MaxClocks {
		return Duties{}, errs.New(errs.Exhausted, "%d obligations; at most %d", len(kept), MaxClocks).At("name")
	}
	return s.keepDuties(ctx, scope, now, base, "incident.duties", func(d *Duties) (string, any) {
		d.List = kept
		return "duties", kept
	})
}

// Duties is the obligations now.
func (s *Service) Duties(ctx context.Context, scope access.ReadScope) (Duties, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Duties{}, err
	}
	return s.Store.Duties(ctx, scope)
}
