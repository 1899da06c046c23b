package incident

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Filter narrows a list of incidents. Zero values do not narrow.
type Filter struct {
	State    State
	Active   bool // not closed
	Severity Severity
	Outcome  Outcome
	Lead     access.UserID
	Alert    string
	DC4      string    // "undecided", "describe" or "omit"
	From, To time.Time // declared in [From, To)
}

// Snapshot is a reconstruction as it was computed at an instant.
type Snapshot struct {
	N      int
	At     time.Time
	Actor  string
	Events int       // that were looked at
	Root   time.Time // the first act it found; zero for none
	Body   []byte    // JSON
}

// Store keeps incidents. Laws: a reference is unique in an organisation and numbers are given in order; Save does nothing but
// report a Conflict when the version is not base; steps and snapshots are only added.
type Store interface {
	Add(ctx context.Context, s access.Scope, x Incident) (Incident, error)
	Save(ctx context.Context, s access.Scope, x Incident, base int) error
	AddStep(ctx context.Context, s access.Scope, id ID, step Step) error
	Incident(ctx context.Context, s access.ReadScope, idOrRef string) (Incident, error)
	Incidents(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Incident], error)
	// Steps lists the history in the order in which it was written down.
	Steps(ctx context.Context, s access.ReadScope, id ID) ([]Step, error)
	AddSnapshot(ctx context.Context, s access.Scope, id ID, x Snapshot) error
	// Snapshot is the newest one; NotFound before the first.
	Snapshot(ctx context.Context, s access.ReadScope, id ID) (Snapshot, error)
	// DropSnapshots removes every reconstruction that an event is part of.
	DropSnapshots(ctx context.Context, s access.Scope, event string) error
	AddDuties(ctx context.Context, s access.Scope, d Duties) error
	// Duties is the newest version; the zero one before the first.
	Duties(ctx context.Context, s access.ReadScope) (Duties, error)
}

// Alerts is what incidents need of the alerts. Their service does it.
type Alerts interface {
	Alert(ctx context.Context, s access.ReadScope, ref string) (alert.Alert, error)
	Link(ctx context.Context, s access.Scope, now time.Time, ref, incident string) (alert.Alert, error)
	Close(ctx context.Context, s access.Scope, now time.Time, ref string, base int, v alert.Verdict, reason, of string) (alert.Alert, error)
	History(ctx context.Context, s access.ReadScope, a alert.ID) ([]alert.Step, error)
	Signals(ctx context.Context, s access.ReadScope, a alert.ID, q paging.Query) (paging.Result[alert.Kept], error)
}

// Playbook is what to do when rules of a kind came true.
type Playbook struct {
	ID, Title string
	Steps     []PlaybookStep
}

// PlaybookStep is one thing to do.
type PlaybookStep struct{ Phase, Text string }

// Playbooks finds playbooks; false for one that is not known.
type Playbooks interface {
	Playbook(id string) (Playbook, bool)
}

// Members finds the people of the organisation.
type Members interface {
	Member(ctx context.Context, s access.ReadScope, idOrEmail string) (access.Member, error)
}

// Files keeps the case file of a closed incident as evidence of controls, as it is and printed, and returns both references.
type Files interface {
	File(ctx context.Context, s access.Scope, now time.Time, c CaseFile, body []byte) (ref, printed string, err error)
}
