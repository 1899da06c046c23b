// Package notify tells people elsewhere what happened: by e-mail, in Slack or Teams, or to a program of their own. It
// follows what the other rooms wrote down and is never called by them; a message goes out at least once, and every attempt
// is kept.
package notify

import (
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// RouteKind is how a route reaches people.
type RouteKind string

// The kinds of routes.
const (
	Email   RouteKind = "smtp"
	Slack   RouteKind = "slack"
	Teams   RouteKind = "teams"
	Webhook RouteKind = "webhook"
	// PagerDuty and what speaks its Events API v2.
	PagerDuty RouteKind = "pagerduty"
)

// Event is what a message is about.
type Event string

// The events. EventTest is the message that somebody asked for to see whether a route works; every route carries it.
const (
	ExceptionRequested Event = "exception.requested"
	ExceptionDecided   Event = "exception.decided"
	ApprovalWaited     Event = "approval.waited"
	TestFailing        Event = "test.failing"
	CollectionFailed   Event = "collection.failed"
	EvidenceDue        Event = "evidence.due"
	TaskAssigned       Event = "task.assigned"
	TaskDue            Event = "task.due"
	RequestDue         Event = "request.due"
	CoverageEnded      Event = "coverage.ended"
	JobFailed          Event = "job.failed"
	DutyOpened         Event = "duty.opened"
	DutyDue            Event = "duty.due"
	DutyOverdue        Event = "duty.overdue"
	ReportShared       Event = "report.shared"
	Digest             Event = "work.digest" // everything that waits for one person
	AlertRaised        Event = "alert.raised"
	AlertEscalated     Event = "alert.escalated"
	AlertAcknowledged  Event = "alert.acknowledged"
	AlertClosed        Event = "alert.closed"
	IncidentDeclared   Event = "incident.declared"
	IncidentClosed     Event = "incident.closed"
	EventTest          Event = "route.test"
)

// ends says whether an event tells that what it is about is closed.
func (e Event) ends() bool { return e == AlertClosed || e == IncidentClosed }

// EventInfo is an event for people to choose.
type EventInfo struct {
	Event       Event
	Title, Help string
}

// Events lists what a route can carry, in the order of forms.
func Events() []EventInfo {
	return []EventInfo{
		{TestFailing, "A test begins to fail", "Once, when a test that did not fail before fails now."},
		{CollectionFailed, "A source does not answer", "A collection run failed or is incomplete, or a source is silent past its interval."},
		{EvidenceDue, "Evidence is due", "A week before a piece of evidence must be renewed, on the day, and a week after."},
		{ExceptionRequested, "An exception is requested", "Somebody asks to accept a failure for a time."},
		{ExceptionDecided, "An exception is decided", "A request was approved or refused, or an exception was withdrawn."},
		{ApprovalWaited, "An approval is waited for", "A new version of a control was proposed and a second person must look at it."},
		{TaskAssigned, "A task is assigned", "A task was given to somebody."},
		{TaskDue, "A task is due", "A task reached its day and is not done."},
		{RequestDue, "A request of the auditor is due", "A week before its day, on the day and a week after, while it is not answered."},
		{CoverageEnded, "The time after a report is not covered", "When the coverage of the newest issued report ended and nothing follows, a week after, and before no bridge letter reaches any more."},
		{Digest, "A digest of one's own work", "To each person alone, as often as they choose: what is due and overdue. Only when something is."},
		{AlertRaised, "An alert is raised", "By the routing rules: to the people and routes they name. An alert whose level rises is told again."},
		{AlertEscalated, "An alert is not acknowledged", "Nobody acknowledged it within the time its rule gives."},
		{AlertAcknowledged, "An alert is acknowledged", "Somebody looks at it. PagerDuty gets it without being asked for it."},
		{AlertClosed, "An alert is closed", "With what it was. PagerDuty gets it without being asked for it."},
		{IncidentDeclared, "An incident is declared", "Somebody declared an incident, by hand or from alerts."},
		{IncidentClosed, "An incident is closed", "PagerDuty gets it without being asked for it."},
		{ReportShared, "A reader gets the link to a report", "When somebody has it sent. By e-mail to that reader alone, whose link is made when the message goes out and is nowhere else."},
		{JobFailed, "Background work failed", "Something the program did in the background ended with an error."},
		{DutyOpened, "Something is asked of a person", "To acknowledge a policy or to take a course. By e-mail to that person alone, at the address of the directory; who has no account here gets a personal link."},
		{DutyDue, "Something asked of a person is due", "A week before its day, on the day and a week after, and when somebody asks for a reminder. By e-mail to that person alone."},
		{DutyOverdue, "Something asked of a person is overdue", "Once, a week after its day, by e-mail to the person’s manager."},
	}
}

// RouteID identifies a route.
type RouteID string

// Route is one way out: where to, how, and which events it carries. Its secret is sealed and never shown again.
type Route struct {
	ID       RouteID
	Name     string
	Kind     RouteKind
	Settings map[string]string
	Sealed   string // the secret, sealed; empty for none
	Events   []Event
	Enabled  bool
	Version  int // 1 for the first; a change is made on top of one
	Created  time.Time
	Changed  time.Time
	By       string // who changed it last
}

// HasSecret reports whether a secret is kept for the route.
func (r Route) HasSecret() bool { return r.Sealed != "" }

// Carries reports whether messages about an event go this way.
func (r Route) Carries(e Event) bool {
	if e == EventTest {
		return true
	}
	if r.Kind == PagerDuty { // what it was woken with is also ended there
		switch e { //nolint:exhaustive // all other events are what somebody ticked
		case AlertAcknowledged, AlertClosed:
			return r.Carries(AlertRaised) || r.Carries(AlertEscalated)
		case IncidentClosed:
			return r.Carries(IncidentDeclared)
		}
	}
	for _, x := range r.Events {
		if x == e {
			return r.Enabled
		}
	}
	return false
}

// Message is something to tell, in plain text. Key makes it one of a kind: the same key is told once.
type Message struct {
	ID      string
	Key     string
	Event   Event
	Subject string // one line
	Text    string
	Link    string        // path in the program
	Level   string        // how grave it is, as of an alert: "critical", "high", "medium", "low"; empty where that is not said
	Person  access.UserID // whom it concerns; empty for everybody
	// To is an address of the directory: the message goes there alone, and only by e-mail. Personal is the person it belongs to when
	// they have no account here: their link is made when the message goes out, and is nowhere else.
	To       string
	Personal string
	Only     []RouteID // the routes it goes by, of those that carry it; empty for all of them
	At       time.Time
}

// Takes reports whether a message goes by a route when it is posted.
func (r Route) Takes(m Message) bool {
	return r.Carries(m.Event) && (len(m.Only) == 0 || slices.Contains(m.Only, r.ID)) && (m.To == "" || r.Kind == Email)
}

// Status is where a delivery is.
type Status string

// The states of a delivery.
const (
	Waiting Status = "waiting"
	Sent    Status = "sent"
	Failed  Status = "failed" // given up; Error says why
)

// Delivery is one message on one route.
type Delivery struct {
	ID        string
	Route     RouteID
	RouteName string
	Message   Message
	Status    Status
	Attempts  int
	Error     string // of the last attempt, without secrets
	Next      time.Time
	Done      *time.Time
}

// DeliveryFilter narrows a list of deliveries. Zero values do not narrow.
type DeliveryFilter struct {
	Route  RouteID
	Event  Event
	Status Status
}

// Limits of routes and their traffic.
const (
	MaxRoutes  = 50
	PerHour    = 60   // messages a route takes in an hour; the rest wait
	PeopleHour = 1500 // messages to people of the directory, beside those
	MaxTo      = 20   // addresses of an e-mail route
	maxWaiting = 72 * time.Hour
)

// backoff is how long after each failed attempt the next one is made; after the last the delivery is given up.
var backoff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}
