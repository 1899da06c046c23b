package watch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

func asStale(err error, to **incident.Stale) bool { return errors.As(err, to) }

func incidentKey(x incident.Incident) (key, words string) {
	switch {
	case x.Outcome == incident.FalseAlarm:
		return "na", "False alarm"
	case x.State == incident.Closed:
		return "pass", "Closed"
	case x.State == incident.Open:
		return "fail", "Open"
	case x.State == incident.Recovered:
		return "prog", "Recovered"
	}
	return "risk", x.State.Title()
}

func severityChoices() []page.Option {
	out := []page.Option{{Label: "Choose"}}
	for s := incident.Severity(1); s <= incident.MaxSeverity; s++ {
		out = append(out, page.Option{Value: strconv.Itoa(int(s)), Label: s.Title() + ": " + s.Help()})
	}
	return out
}

func intoOptions(open []incident.Incident) []page.Option {
	out := []page.Option{{Label: "A new incident"}}
	for _, x := range open {
		out = append(out, page.Option{Value: x.Ref, Label: "Part of " + x.Ref + " " + page.Short(x.Title, 60)})
	}
	return out
}

func alertOptions(list []alert.Alert) []page.Option {
	var out []page.Option
	for _, a := range list {
		out = append(out, page.Option{Value: a.Ref, Label: a.Ref + " " + page.Short(a.Title, 80)})
	}
	return out
}

func answerOptions() []page.Option {
	return []page.Option{{Label: "Not known yet"}, {Value: string(incident.Yes), Label: "Yes, it was reached"}, {Value: string(incident.No), Label: "No"}}
}

func answerWord(a incident.Answer) string {
	switch a {
	case incident.Yes:
		return "was reached"
	case incident.No:
		return "was not reached"
	}
	return "not known"
}

func whenTitle(when string) string {
	switch when {
	case incident.WhenPersonal:
		return "When personal data was reached"
	case incident.WhenConfidential:
		return "When confidential data was reached"
	}
	return "For every incident"
}

func whenOptions() []page.Option {
	var out []page.Option
	for _, w := range incident.Whens() {
		out = append(out, page.Option{Value: w, Label: whenTitle(w)})
	}
	return out
}

func phaseOptions() []page.Option {
	var out []page.Option
	for _, x := range pack.Phases() {
		out = append(out, page.Option{Value: x, Label: phaseTitle(x)})
	}
	return out
}

// restWords says what a figure leaves out.
func restWords(s incident.Spread) string {
	out := ""
	if s.Running > 0 {
		out += fmt.Sprintf("; %d still open", s.Running)
	}
	if s.Unknown > 0 {
		out += fmt.Sprintf("; %d not known", s.Unknown)
	}
	if s.N == 0 {
		out = strings.TrimPrefix(out, "; ")
	}
	return out
}

func tookWord(x incident.Incident, f incident.Figure) string {
	if d, ok := x.Took(f); ok {
		return span(d)
	}
	return "–"
}

// inWord is how long something took, for the head of the page.
func inWord(x incident.Incident, f incident.Figure) string {
	if d, ok := x.Took(f); ok {
		return "in " + span(d)
	}
	if f == incident.ToDetect || x.State == incident.Closed {
		return "not known"
	}
	return "not yet"
}

func beganWord(x incident.Incident) string {
	m := x.Times.Started
	if m == nil {
		return "not known"
	}
	if m.Estimate {
		return page.TimeText(m.At) + ", estimated"
	}
	return page.TimeText(m.At)
}

func fieldOptions(x incident.Incident) []page.Option {
	out := []page.Option{{Value: "started", Label: "It began"}, {Value: "detected", Label: "It was detected"}, {Value: "acknowledged", Label: "Somebody began to look"}}
	for _, o := range []struct {
		field, label string
		at           *incident.Moment
	}{{"contained", "It was contained", x.Times.Contained}, {"remediated", "The cause was removed", x.Times.Remediated}, {"recovered", "Everything worked again", x.Times.Recovered}} {
		if o.at != nil {
			out = append(out, page.Option{Value: o.field, Label: o.label})
		}
	}
	return out
}

func sideTabs(v incidentView) []page.Tab {
	done := 0
	for _, a := range v.Actions {
		if a.Done == nil {
			done++
		}
	}
	open := 0
	for _, c := range v.Clocks {
		if c.Notified == nil && c.Required != incident.No {
			open++
		}
	}
	return []page.Tab{
		{Title: "Reconstruction", Href: incidentURL(v.Ref), Current: v.Side == ""},
		{Title: "Response", Href: sideURL(v.Ref, "response"), Current: v.Side == "response", Count: done, Counted: true},
		{Title: "Notices", Href: sideURL(v.Ref, "notices"), Current: v.Side == "notices", Count: open, Counted: true},
		{Title: "Controls", Href: sideURL(v.Ref, "controls"), Current: v.Side == "controls", Count: len(v.Controls), Counted: true},
		{Title: "Lessons", Href: sideURL(v.Ref, "lessons"), Current: v.Side == "lessons"},
	}
}

func timelineHint(v incidentView) string {
	if len(v.Lines) == 0 {
		return "UTC"
	}
	first, last := v.Lines[0].At.UTC(), v.Lines[len(v.Lines)-1].At.UTC()
	if sameDay(first, last) {
		return first.Format("2 Jan 2006") + ", UTC"
	}
	return first.Format("2 Jan 2006") + " to " + last.Format("2 Jan 2006") + ", UTC"
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
}

func lineDetail(v incidentView, l incident.Line) string {
	var out []string
	if name := v.Names[l.Actor]; l.Actor != "" && name != "" && !strings.HasPrefix(l.Actor, "system:") {
		out = append(out, name)
	}
	if l.Detail != "" {
		out = append(out, page.Short(l.Detail, 400))
	}
	if l.Why != "" {
		out = append(out, page.Short(l.Why, 300))
	}
	switch n := len(l.Events); {
	case n > 3:
		out = append(out, "rests on "+page.Plural(n, "event", "events"))
	case n > 0:
		out = append(out, "rests on "+strings.Join(l.Events, ", "))
	}
	return strings.Join(out, " · ")
}

func lineKey(l incident.Line) string {
	switch {
	case l.Kind == incident.LineAlert && l.Act != "acknowledged":
		return "risk"
	case l.Kind == incident.LineEvent:
		return "fail"
	case l.Act == string(incident.Noted), l.Act == string(incident.Edited), l.Act == string(incident.Corrected):
		return "na"
	}
	return "pass"
}

func lineIcon(l incident.Line) string {
	switch {
	case l.Kind == incident.LineAlert && l.Act == "acknowledged":
		return "people"
	case l.Kind == incident.LineAlert:
		return "alert"
	case l.Kind == incident.LineEvent && (strings.Contains(l.Text, "session") || strings.Contains(l.Text, "Login") || strings.Contains(l.Text, "sign")):
		return "access"
	case l.Kind == incident.LineEvent:
		return "plug"
	case l.Act == string(incident.Noted):
		return "note"
	}
	return "exm"
}

func doneWord(x incident.Incident) string {
	done := 0
	for _, a := range x.Actions {
		if a.Done != nil {
			done++
		}
	}
	if len(x.Actions) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d settled", done, len(x.Actions))
}

func inPhase(x incident.Incident, phase string) []incident.Action {
	var out []incident.Action
	for _, a := range x.Actions {
		if a.Phase == phase {
			out = append(out, a)
		}
	}
	return out
}

func noteWord(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func actionText(x incident.Incident, n string) string {
	for _, a := range x.Actions {
		if strconv.Itoa(a.N) == n {
			return a.Text
		}
	}
	return x.Ref
}

func clockName(x incident.Incident, n string) string {
	for _, c := range x.Clocks {
		if strconv.Itoa(c.N) == n {
			return c.Duty.Name + ", due " + page.TimeText(c.Due())
		}
	}
	return x.Ref
}

// clockSign is a clock as a badge.
func clockSign(c incident.Clock, now time.Time) (key, words string) {
	switch c.Standing(now) {
	case "not_required":
		return "na", "Not required"
	case "met":
		return "pass", "Told in time"
	case "late":
		return "fail", "Told " + span(c.Notified.At.Sub(c.Due())) + " late"
	case "overdue":
		return "fail", "Overdue by " + span(now.Sub(c.Due()))
	case "undecided":
		return "risk", "To decide, " + span(c.Due().Sub(now)) + " left"
	}
	return "prog", span(c.Due().Sub(now)) + " left"
}

func decisionWord(v incidentView, c incident.Clock) string {
	if c.Decided == nil {
		return "nobody has decided"
	}
	word := "required"
	if c.Required == incident.No {
		word = "not required"
	}
	return word + ", " + v.Names[c.Decided.Actor] + noteWord(c.Reason)
}

func reviewHint(now time.Time, x incident.Incident) string {
	due := x.ReviewDue()
	switch {
	case due.IsZero() || x.Review != nil && !x.Review.By.At.After(due):
		return ""
	case x.Review != nil:
		return "Late: it was due by " + due.AddDate(0, 0, -1).Format("2 Jan 2006")
	case now.After(due):
		return "Overdue since " + due.AddDate(0, 0, -1).Format("2 Jan 2006")
	}
	return "Due by " + due.AddDate(0, 0, -1).Format("2 Jan 2006")
}

func taskOf(v incidentView, n int) (work.Task, bool) {
	var found work.Task
	ok := false
	for _, t := range v.Tasks {
		if t.SourceRef == v.Ref+"/"+strconv.Itoa(n) && (!ok || !t.Status.Closed()) {
			found, ok = t, true
		}
	}
	return found, ok
}

func nextWord(s incident.State) string {
	switch s.Next() {
	case incident.Contained:
		return "It is contained"
	case incident.Eradicated:
		return "The cause is removed"
	case incident.Recovered:
		return "Everything works again"
	case incident.Open, incident.Closed:
	}
	return "Close it"
}

func nextHelp(s incident.State) string {
	switch s.Next() {
	case incident.Contained:
		return "It goes no further: sessions ended, keys off, doors shut."
	case incident.Eradicated:
		return "What let it in, and what it left behind, is gone."
	case incident.Recovered:
		return "Systems, data and rights are as they should be."
	case incident.Open, incident.Closed:
	}
	return ""
}

func whatLabel(s incident.State) string {
	if s == incident.Open {
		return "What was done to contain it"
	}
	return "What was done (may be empty)"
}

// mostListed bounds the lists beside the drawing; the case file has all.
const mostListed = 12

func wholeQuery(v incidentView) string {
	if v.Whole {
		return "?graph=all"
	}
	return ""
}

// confidenceWord is a confidence in words: the figure is no measured frequency.
func confidenceWord(c float64) string {
	switch {
	case c >= 0.9:
		return "Proved by keys and sessions"
	case c >= 0.7:
		return "Likely"
	}
	return "Possible"
}

// tacticTitle is a tactic of ATT&CK as people read it.
func tacticTitle(s string) string {
	if s == "" {
		return "Not told apart"
	}
	return page.Capital(strings.ReplaceAll(s, "-", " "))
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
