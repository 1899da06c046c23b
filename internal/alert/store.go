package alert

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Filter narrows a list of alerts. Zero values do not narrow.
type Filter struct {
	State     State
	Active    bool // not closed
	Level     Level
	AtLeast   Level
	Kind      Kind
	Entity    string
	Rule      string
	Technique string
	Owner     access.UserID
	Unowned   bool
	Verdict   Verdict
	Incident  string
	Overdue   time.Time // open, and to be escalated at or before
	From, To  time.Time // raised in [From, To)
	// Closed in (ClosedAfter, ClosedUntil]; both are given, or neither.
	ClosedAfter, ClosedUntil time.Time
	Refs                     []string
}

// SignalFilter narrows a list of signals.
type SignalFilter struct {
	Alert  ID
	Hushed string // reference of the silence that kept them quiet
}

// Kept is a signal as it was kept.
type Kept struct {
	N      int64 // in order of arrival, within the organisation
	Alert  ID    // empty if it was kept quiet
	Hushed string
	At     time.Time // when it was kept
	Signal
}

// Precision is what became of the alerts a rule had a part in (domain brief 9.2: true / (true + false positives)).
type Precision struct {
	Rule                               string
	Alerts, True, Benign, Dup, Pending int
}

// Store keeps alerts. Laws: a reference is unique in an organisation and numbers are given in order; Save does nothing but report
// a Conflict when the version is not base; steps and signals are only added; a signal's key is kept once.
type Store interface {
	// Lock has others who raise alerts in the organisation wait until the transaction ends.
	Lock(ctx context.Context, s access.Scope) error
	Add(ctx context.Context, s access.Scope, a Alert) (Alert, error)
	Save(ctx context.Context, s access.Scope, a Alert, base int) error
	AddStep(ctx context.Context, s access.Scope, id ID, step Step) error
	Alert(ctx context.Context, s access.ReadScope, idOrRef string) (Alert, error)
	Alerts(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Alert], error)
	// Current is the newest alert of a story that is not closed and whose last signal is not before since; false for none.
	Current(ctx context.Context, s access.ReadScope, story string, since time.Time) (Alert, bool, error)
	// Steps lists the history, the oldest first.
	Steps(ctx context.Context, s access.ReadScope, id ID) ([]Step, error)
	// Keep keeps a signal, and reports false if its key is kept already.
	Keep(ctx context.Context, s access.Scope, k Kept) (bool, error)
	// Signals lists signals, the newest first.
	Signals(ctx context.Context, s access.ReadScope, f SignalFilter, q paging.Query) (paging.Result[Kept], error)
	// Precision counts by rule the alerts raised in [from, to).
	Precision(ctx context.Context, s access.ReadScope, from, to time.Time) ([]Precision, error)
}

// Settings keeps silences and the routing. Laws: a routing is only added, numbered without gaps, a Conflict when the number is
// taken; a silence is saved on top of the version before.
type Settings interface {
	AddSilence(ctx context.Context, s access.Scope, x Hush) (Hush, error)
	SaveSilence(ctx context.Context, s access.Scope, x Hush, base int) error
	Silence(ctx context.Context, s access.ReadScope, ref string) (Hush, error)
	// Silences lists them, the newest first, each with how many signals it kept quiet; with active, those that had not ended at the
	// instant, uncounted.
	Silences(ctx context.Context, s access.ReadScope, active time.Time) ([]Hush, error)
	AddRouting(ctx context.Context, s access.Scope, r Routing) error
	// Routing is the newest one; the zero one before the first.
	Routing(ctx context.Context, s access.ReadScope) (Routing, error)
	// Routings lists them all, the newest first.
	Routings(ctx context.Context, s access.ReadScope) ([]Routing, error)
}

// Members finds the people of the organisation.
type Members interface {
	Member(ctx context.Context, s access.ReadScope, idOrEmail string) (access.Member, error)
}
