package campaign

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// Filter narrows a list of campaigns. Zero values do not narrow.
type Filter struct {
	Kind     Kind
	Subject  string
	Version  int
	Live     bool // only those that are not closed
	Closed   bool
	Standing bool
}

// DutyFilter narrows a list of duties. Zero values do not narrow.
type DutyFilter struct {
	Campaign   ID
	Person     people.ID
	Kind       Kind
	Subject    string
	Version    int
	State      State
	Live       bool        // open, in a campaign that is not closed
	Overdue    period.Date // open and due before the day
	DueBy      period.Date // due on the day or before
	Late       bool        // done after its day
	Department string
	IDs        []DutyID
	Since      time.Time // asked, or to be reminded, at this instant or later
}

// Store keeps campaigns, duties and personal links. Laws: numbers are given in order; a person has at most one duty in a
// campaign for each stint, and a second one is left out; SaveDuties changes only duties that are still in the state was, and
// says how many those were, so that a duty that was done stays done; Save reports a Conflict when the edition is not the base.
type Store interface {
	// Add keeps a campaign and gives it its reference.
	Add(ctx context.Context, s access.Scope, c Campaign) (Campaign, error)
	Save(ctx context.Context, s access.Scope, c Campaign, base int) error
	Campaign(ctx context.Context, s access.ReadScope, idOrRef string) (Campaign, error)
	Campaigns(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Campaign], error)
	// Tally counts the duties of campaigns; no identifier means all campaigns.
	Tally(ctx context.Context, s access.ReadScope, today period.Date, campaigns ...ID) (map[ID]Counts, error)

	AddDuties(ctx context.Context, s access.Scope, list []Duty) (int, error)
	SaveDuties(ctx context.Context, s access.Scope, list []Duty, was State) (int, error)
	Duty(ctx context.Context, s access.ReadScope, id DutyID) (Duty, error)
	Duties(ctx context.Context, s access.ReadScope, f DutyFilter, q paging.Query) (paging.Result[Duty], error)
	// Each reads every duty of a filter, in the order of their identifiers.
	Each(ctx context.Context, s access.ReadScope, f DutyFilter, do func(Duty) error) error
}

// Links keeps personal links. Law: a person has one link that opens something; a new one ends those before it.
type Links interface {
	AddLink(ctx context.Context, s access.Scope, l Link) error
	Link(ctx context.Context, s access.ReadScope, hash string) (Link, error)
	EndLinks(ctx context.Context, s access.Scope, person people.ID, at time.Time) error
}

// People is the directory. The service of package people is one.
type People interface {
	Person(ctx context.Context, s access.ReadScope, idRefOrEmail string) (people.Person, error)
	Everyone(ctx context.Context, s access.ReadScope, f people.Filter) ([]people.Person, error)
	// Of is the person of an account here.
	Of(ctx context.Context, s access.ReadScope, u access.UserID) (people.Person, bool, error)
}

// Subjects knows what campaigns of one kind can be about.
type Subjects interface {
	// Current lists what can be asked now, each in the version in force, by reference.
	Current(ctx context.Context, s access.ReadScope) ([]Subject, error)
	// Body is the text of a version.
	Body(ctx context.Context, s access.ReadScope, subject string, version int) (Text, error)
}
