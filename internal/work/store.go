package work

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Filter narrows a list of tasks. Zero values do not narrow.
type Filter struct {
	Open      bool // only those that are not closed
	Status    Status
	Owner     access.UserID
	Unowned   bool
	Source    Source
	SourceRef string
	Criterion string
	Overdue   period.Date // only those that are not closed and were due before the day
	Refs      []string
}

// Store keeps tasks and marks. Laws: a reference is unique in an organisation and numbers are given in order; a source has at
// most one task that is not closed, and a second one is a Conflict; Save does nothing but report a Conflict when the version
// is not the base; events and marks are only added.
type Store interface {
	// Add inserts a task, gives it its number and reference, and its first event.
	Add(ctx context.Context, s access.Scope, t Task) (Task, error)
	// Save keeps the task's new state and the events that lead to it.
	Save(ctx context.Context, s access.Scope, t Task, base int, events []Event) error
	// Note adds an event that changes nothing: a comment.
	Note(ctx context.Context, s access.Scope, id TaskID, e Event) error
	Task(ctx context.Context, s access.ReadScope, idOrRef string) (Task, error)
	Tasks(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Task], error)
	// History lists everything that happened to a task, oldest first.
	History(ctx context.Context, s access.ReadScope, id TaskID) ([]Event, error)
	// AddMark adds what somebody said, after the mark with the number base.
	AddMark(ctx context.Context, s access.Scope, m Mark, base int) error
	// Marks lists every mark of a programme, newest first within a line.
	Marks(ctx context.Context, s access.ReadScope, programme string) ([]Mark, error)
}

// People finds members of an organisation. The access service does.
type People interface {
	Member(ctx context.Context, s access.ReadScope, who string) (access.Member, error)
}

// Requirements knows the criteria. The catalogue does.
type Requirements interface {
	Knows(framework, id string) bool
}
