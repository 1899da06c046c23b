package request

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
)

// Filter narrows a list of requests. Zero values do not narrow.
type Filter struct {
	Engagement string
	States     []State
	Kind       Kind
	Control    string
	Prefix     string // domain of the control: "IAM"
	Owner      access.UserID
	Unowned    bool
	Overdue    period.Date // only those that wait for the client and were due before the day
	DueBy      period.Date // only those due on the day or before
	Refs       []string
}

// Store keeps requests. Laws: numbers are given in order in an engagement, and a reference is unique there; Save and Hand over do
// nothing but report a Conflict when the version is not the base; a request that was asked is never removed; events are only added;
// a piece is in a request once, and stays from the moment it is handed over.
type Store interface {
	// Add inserts requests, gives each its number and reference ("R-", or "D-" for a draft), and its first event.
	Add(ctx context.Context, s access.Scope, all []Request) ([]Request, error)
	// Save keeps the new state and the events that lead to it. A request that becomes provided hands its pieces over.
	Save(ctx context.Context, s access.Scope, r Request, base int, events []Event) error
	// Drop removes a draft.
	Drop(ctx context.Context, s access.Scope, id ID, base int) error
	// Note adds an event that changes nothing: a comment.
	Note(ctx context.Context, s access.Scope, id ID, e Event) error
	Request(ctx context.Context, s access.ReadScope, engagement, idOrRef string) (Request, error)
	Requests(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Request], error)
	// History lists everything that happened to a request, oldest first.
	History(ctx context.Context, s access.ReadScope, id ID) ([]Event, error)
	Counts(ctx context.Context, s access.ReadScope, engagement string) (Counts, error)
	// Give adds pieces to a request; those it has already are left as they are. It says how many were new.
	Give(ctx context.Context, s access.Scope, id ID, pieces []Piece) (int, error)
	// Take removes a piece that was not handed over.
	Take(ctx context.Context, s access.Scope, id ID, n int) error
	// Pieces lists what was given to a request, in order.
	Pieces(ctx context.Context, s access.ReadScope, id ID) ([]Piece, error)
	// Uses finds which requests of an engagement pieces were given to, by key of the piece.
	Uses(ctx context.Context, s access.ReadScope, engagement string) (map[string][]Use, error)
}

// Remarks keeps the firm's own notes. Laws: they are only added, and read with a scope of the firm alone.
type Remarks interface {
	AddRemark(ctx context.Context, s access.Scope, r Remark) error
	// Remarks lists the notes on a request, oldest first.
	Remarks(ctx context.Context, s access.ReadScope, id ID) ([]Remark, error)
}

// Examination is the engagement that requests belong to.
type Examination struct {
	ID, Ref, Title string
	Period         period.Period
	Closed         string     // "was issued" or "was cancelled": nothing is asked or answered any more; empty while it runs
	Frozen         *time.Time // when its newest dossier was taken
	Dossier        int        // number of that dossier
}

// Engagements finds engagements of the scope's organisation.
type Engagements interface {
	Examination(ctx context.Context, s access.ReadScope, idOrRef string) (Examination, error)
}

// Controls knows the client's controls. Their store does.
type Controls interface {
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (control.Control, error)
	InForce(ctx context.Context, s access.ReadScope, at time.Time) ([]control.Control, error)
}

// Requirements knows the criteria. The catalogue does.
type Requirements interface {
	Knows(framework, id string) bool
	Domains() []catalog.Domain
}

// People knows who belongs to the client, and who was invited to an engagement. The access service does.
type People interface {
	Members(ctx context.Context, s access.ReadScope) ([]access.Member, error)
	Auditors(ctx context.Context, s access.ReadScope, engagement string) ([]access.Invited, error)
}

// Shelf is the evidence there is. Its store does.
type Shelf interface {
	Item(ctx context.Context, s access.ReadScope, idOrRef string) (evidence.Item, error)
	Items(ctx context.Context, s access.ReadScope, f evidence.Filter, q paging.Query) (paging.Result[evidence.Item], error)
}

// Policies is the policies there are. Their service does.
type Policies interface {
	Policy(ctx context.Context, s access.ReadScope, which string) (policy.Policy, error)
	List(ctx context.Context, s access.ReadScope, f policy.Filter, q paging.Query) (paging.Result[policy.Policy], error)
	VersionOf(ctx context.Context, s access.ReadScope, p policy.Policy, n int) (policy.Version, error)
}

// Tested is a run of a test over a whole population.
type Tested struct {
	Run, Test, Title string
	AsOf             time.Time
	From, To         time.Time // window, of a test of occurrences
	Population       int64
	Words            string // the verdicts in words: "128 pass, 2 fail"
	SHA256           string
	Inputs           []string // references of the evidence it read
}

// Results knows what tests of controls found.
type Results interface {
	// Tested is the newest run of each test of a control inside a period.
	Tested(ctx context.Context, s access.ReadScope, control string, p period.Period) ([]Tested, error)
	// Run is one run.
	Run(ctx context.Context, s access.ReadScope, id string) (Tested, error)
}
