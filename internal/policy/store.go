package policy

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Filter narrows a list of policies. Zero values do not narrow.
type Filter struct {
	Standing  Standing
	Published bool // only those with a version in force
	Waiting   bool // only those with a version that waits for a second person
	Owner     access.UserID
	Control   string      // only those that say they serve it
	Overdue   period.Date // only those whose review was due before the day
	Refs      []string
}

// Store keeps policies. Laws: a reference and a slug are unique in an organisation and numbers are given in order; Save and
// SaveVersion do nothing but report a Conflict when the record is not the one the caller saw; versions are numbered without
// gaps; events are only added.
type Store interface {
	// Add inserts a policy with its first version, and gives it its number and reference.
	Add(ctx context.Context, s access.Scope, p Policy, v Version) (Policy, error)
	// Save keeps the record of a policy, whose version was base.
	Save(ctx context.Context, s access.Scope, p Policy, base int) error
	AddVersion(ctx context.Context, s access.Scope, id ID, v Version) error
	// SaveVersion keeps a version that had been saved base times.
	SaveVersion(ctx context.Context, s access.Scope, id ID, v Version, base int) error
	// Note adds an event.
	Note(ctx context.Context, s access.Scope, id ID, e Event) error
	// Policy reads a policy by identifier, reference or slug, with the text it shows.
	Policy(ctx context.Context, s access.ReadScope, idRefOrSlug string) (Policy, error)
	// Policies lists policies without bodies.
	Policies(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Policy], error)
	// Counts counts policies by standing; "waiting" and "overdue" (before the day) count across them.
	Counts(ctx context.Context, s access.ReadScope, today period.Date) (map[string]int, error)
	// Texts lists all policies with their bodies, by number.
	Texts(ctx context.Context, s access.ReadScope) ([]Policy, error)
	// Versions lists all versions of a policy, newest first.
	Versions(ctx context.Context, s access.ReadScope, id ID) ([]Version, error)
	// History lists everything that happened to a policy, oldest first.
	History(ctx context.Context, s access.ReadScope, id ID) ([]Event, error)
}

// People finds members of an organisation. The access service does.
type People interface {
	Member(ctx context.Context, s access.ReadScope, who string) (access.Member, error)
}

// Controls knows the organisation's own controls. Their store does.
type Controls interface {
	Refs(ctx context.Context, s access.ReadScope) ([]string, error)
}

// Readers is who has to read a version, and must no longer when it is not in force. The campaigns do.
type Readers interface {
	// Ended says that a version of a policy is no longer to be read, and why. Saying it again changes nothing.
	Ended(ctx context.Context, s access.Scope, now time.Time, ref string, version int, why string) error
}
