// Package work is what people have to do: tasks with an owner, a date and a history, and what they say about the lines of a
// guided programme. A task never closes by itself, and nothing that was ever changed in one is lost.
package work

import (
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// TaskID identifies a task.
type TaskID string

// Status is where a task is in its life.
type Status string

// The states of a task.
const (
	Open       Status = "open"
	InProgress Status = "in_progress"
	Done       Status = "done"
	Dropped    Status = "dropped" // nobody will do it, for a reason
)

// Statuses lists them.
func Statuses() []Status { return []Status{Open, InProgress, Done, Dropped} }

// Closed reports whether nobody has to do anything any more.
func (s Status) Closed() bool { return s == Done || s == Dropped }

// Title is the status as people read it.
func (s Status) Title() string {
	switch s {
	case Open:
		return "Open"
	case InProgress:
		return "In progress"
	case Done:
		return "Done"
	case Dropped:
		return "Dropped"
	}
	return string(s)
}

// Source is what made a task necessary. There is at most one task that is not closed for each source and its reference.
type Source string

// The sources, and what their reference is.
const (
	ByHand        Source = "hand"      // nothing: somebody thought of it
	FromGap       Source = "gap"       // a criterion: "CC6.1"
	FromControl   Source = "control"   // a control: "IAM-02"
	FromTest      Source = "test"      // a test: "okta-second-factor"
	FromItem      Source = "item"      // a failing item: "okta-second-factor/00u1abc"
	FromProgramme Source = "programme" // a line of a guided programme: "quick-check/3"
	FromEvidence  Source = "evidence"  // evidence that is due: a control or a piece
	FromException Source = "exception" // an exception: "EX-7"
	FromReview    Source = "review"    // what an access review decided, by system: "AR-2026-03/okta-main"
	FromVendor    Source = "vendor"    // a finding about a vendor: "V-012/VA-003/1"
	FromRisk      Source = "risk"      // a treatment of a risk: "R-012/2"
	FromIncident  Source = "incident"  // a lesson of an incident: "INC-17/2"
)

// Sources lists them.
func Sources() []Source {
	return []Source{ByHand, FromGap, FromControl, FromTest, FromItem, FromProgramme, FromEvidence, FromException, FromReview, FromVendor, FromRisk, FromIncident}
}

// Title is the source as people read it.
func (s Source) Title() string {
	switch s {
	case ByHand:
		return "By hand"
	case FromGap:
		return "Gap"
	case FromControl:
		return "Control"
	case FromTest:
		return "Test"
	case FromItem:
		return "Failing item"
	case FromProgramme:
		return "Guided programme"
	case FromEvidence:
		return "Evidence due"
	case FromException:
		return "Exception"
	case FromReview:
		return "Access review"
	case FromVendor:
		return "Vendor"
	case FromRisk:
		return "Risk"
	case FromIncident:
		return "Incident"
	}
	return string(s)
}

// Task is something somebody has to do.
type Task struct {
	ID        TaskID
	Ref       string // "T-028"
	Title     string
	Text      string
	Status    Status
	Why       string // a reason for dropping it, or a word about how it was done
	Source    Source
	SourceRef string
	Owner     access.UserID // empty while nobody is assigned
	Due       period.Date   // 0 for no date
	Criteria  []string
	Version   int // from 1; each change counts it up
	Created   time.Time
	CreatedBy string
	Updated   time.Time
	ClosedAt  *time.Time
}

// Overdue reports whether the task should have been done before the day.
func (t Task) Overdue(today period.Date) bool {
	return !t.Status.Closed() && t.Due != 0 && t.Due < today
}

// EventKind is what sort of thing happened to a task.
type EventKind string

// The kinds of events.
const (
	Opened  EventKind = "opened"
	Changed EventKind = "changed" // a field: Was and Became hold both values
	Comment EventKind = "comment" // Became holds the text
)

// Event is one line of a task's history.
type Event struct {
	N      int
	At     time.Time
	Actor  string
	Kind   EventKind
	Field  string // "title", "text", "status", "why", "owner" (an identifier), "due" (a date), "criteria"
	Was    string
	Became string
}

// diff lists the fields in which two states of a task differ.
func diff(was, is Task) []Event {
	var out []Event
	for _, f := range [][3]string{
		{"title", was.Title, is.Title},
		{"text", was.Text, is.Text},
		{"status", string(was.Status), string(is.Status)},
		{"why", was.Why, is.Why},
		{"owner", string(was.Owner), string(is.Owner)},
		{"due", dateText(was.Due), dateText(is.Due)},
		{"criteria", joined(was.Criteria), joined(is.Criteria)},
	} {
		if f[1] != f[2] {
			out = append(out, Event{Kind: Changed, Field: f[0], Was: f[1], Became: f[2]})
		}
	}
	return out
}

func fields(events []Event) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = e.Field
	}
	return out
}

func dateText(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func joined(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}

// Stale is the cause of a Conflict when somebody else changed a task meanwhile. It carries the task as it is now, so that both
// texts can be shown.
type Stale struct{ Theirs Task }

// Error says which version is kept now.
func (s *Stale) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}

// MarkState is what a person said about a line of a guided programme.
type MarkState string

// The states of a mark.
const (
	Attested      MarkState = "attested"       // it is so: somebody says it, with a word or a piece of evidence
	NotApplicable MarkState = "not_applicable" // it does not concern the organisation, for a reason
	Withdrawn     MarkState = "withdrawn"      // what was said before no longer holds
)

// MarkStates lists them.
func MarkStates() []MarkState { return []MarkState{Attested, NotApplicable, Withdrawn} }

// Mark is what a person said about a line.
type Mark struct {
	Programme, Line string
	N               int
	State           MarkState
	Note            string
	Evidence        string // reference of a piece of evidence; may be empty
	Actor           string
	At              time.Time
}

// known reports whether a value is in a list.
func known[T comparable](list []T, x T) bool { return slices.Contains(list, x) }
