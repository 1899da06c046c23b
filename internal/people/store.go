package people

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Filter narrows a list of people. Zero values do not narrow.
type Filter struct {
	State       State
	Department  string
	Kind        string
	Title       string
	Manager     ID
	Working     bool // active or leaving, and known to a source
	IDs         []ID
	Missing     Requirement // works here, and this is not recorded
	StartedFrom period.Date // the present stint began, or will, on this day or later
	EndedFrom   period.Date // the present stint ended, or will, on this day or later
	EndedTo     period.Date // ... before this day
}

// Requirement is something that is asked of everybody who joins.
type Requirement string

// The requirements, with the controls that ask for them.
const (
	Screening Requirement = "screening" // HRS-01: screened with a result, on or before the first day
	Agreement Requirement = "agreement" // HRS-02: confidentiality terms signed, on or before the first day
	Conduct   Requirement = "conduct"   // GOV-01: conduct rules accepted within 14 days
	Training  Requirement = "training"  // HRS-03: first security training within 30 days
)

// Requirements lists them in the order in which they fall due.
func Requirements() []Requirement { return []Requirement{Screening, Agreement, Conduct, Training} }

// Title is the requirement as people read it.
func (r Requirement) Title() string {
	switch r {
	case Screening:
		return "Background screening"
	case Agreement:
		return "Confidentiality agreement"
	case Conduct:
		return "Conduct rules accepted"
	case Training:
		return "First security training"
	}
	return string(r)
}

// AccountFilter narrows a list of accounts. Zero values do not narrow.
type AccountFilter struct {
	Persons []ID
	Source  string
	Orphan  bool // open, of nobody known, and no service account
	Open    bool
}

// Store keeps the directory. Laws: a reference is unique in an organisation, numbers are given in order and never twice; a person
// is never deleted; events are only added; Save does nothing but report a Conflict when the version is not the base.
type Store interface {
	// Person reads a person by identifier, reference, address (in any case) or employee number. An address or number that two people
	// have finds the one who works here, and nobody if that is no one or both.
	Person(ctx context.Context, s access.ReadScope, key string) (Person, error)
	People(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Person], error)
	// Everyone lists people by name, without pages.
	Everyone(ctx context.Context, s access.ReadScope, f Filter) ([]Person, error)
	// Facets counts people by what lists filter by: "state", "department", "kind".
	Facets(ctx context.Context, s access.ReadScope, f Filter) (map[string]map[string]int, error)
	// Add inserts people, gives each a number and a reference, and returns them.
	Add(ctx context.Context, s access.Scope, all []Person) ([]Person, error)
	// Save keeps new states of people, each moved forward from the version before its own.
	Save(ctx context.Context, s access.Scope, all []Person) error
	AddEvents(ctx context.Context, s access.Scope, events []Event) error
	// History lists what happened to a person, oldest first.
	History(ctx context.Context, s access.ReadScope, id ID) ([]Event, error)
	// Stints lists the stretches of employment of people, all people if none are named, oldest first.
	Stints(ctx context.Context, s access.ReadScope, ids []ID) (map[ID][]Stint, error)
	SaveStints(ctx context.Context, s access.Scope, stints map[ID][]Stint) error
}

// Sources keeps what the sources told. Laws: an account is one row for each source and its identifier there, and is never deleted.
type Sources interface {
	// Links says which HR record is which person.
	Links(ctx context.Context, s access.ReadScope) ([]Link, error)
	SaveLinks(ctx context.Context, s access.Scope, links []Link) error
	Accounts(ctx context.Context, s access.ReadScope, f AccountFilter) ([]Account, error)
	SaveAccounts(ctx context.Context, s access.Scope, all []Account) error
	// Doubts lists what stands now, oldest first; SetDoubts replaces it.
	Doubts(ctx context.Context, s access.ReadScope) ([]Doubt, error)
	SetDoubts(ctx context.Context, s access.Scope, all []Doubt) error
	// Told lists the sources and what was read from each last; SetTold replaces it.
	Told(ctx context.Context, s access.ReadScope) ([]Told, error)
	SetTold(ctx context.Context, s access.Scope, all []Told) error
}

// Link ties a record of an HR system to a person.
type Link struct {
	Source string
	Record string // identifier of the record there
	Person ID
	Gone   *time.Time // first snapshot without the record
}

// Told is what one source told last.
type Told struct {
	Source   string // name of the connection
	System   string
	Resource string // "worker" or "user_account"
	Evidence string // reference of the snapshot
	At       time.Time
	Rows     int
	Kept     []string // of an HR system: the fields that at least one record has
	Stale    string   // why a newer reading does not count; empty when this is the newest
}

// Users finds members of an organisation. The access service does.
type Users interface {
	Members(ctx context.Context, s access.ReadScope) ([]access.Member, error)
}
