package risk

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// View chooses which of the two ratings a filter is about.
type View string

// The views.
const (
	WithControls View = "residual"
	Without      View = "inherent"
)

// Filter narrows a list of risks. Zero values do not narrow.
type Filter struct {
	State      State
	Kind       Kind
	Response   Response
	Owner      string
	Unowned    bool
	Control    string
	Concern    string
	Threat     string
	View       View // which rating the next four are about; residual when empty
	Likelihood int
	Impact     int
	From, To   int // scores, both inclusive; with To alone 0 is what is not rated
	Unrated    bool
	Due        period.Date // only those whose review was due before the day
	Refs       []string
}

// Cell is a field of the matrix and how many risks lie in it. Rating{} is those that are not rated.
type Cell struct {
	Rating
	Count int
}

// Store keeps risks. Laws: a reference is unique in an organisation and numbers are given in order; Save does nothing but
// report a Conflict when the version is not base; versions are only added, one for each state a risk ever had.
type Store interface {
	// Add inserts a risk with its first version, and gives it its number and reference.
	Add(ctx context.Context, s access.Scope, r Risk, v Version) (Risk, error)
	Save(ctx context.Context, s access.Scope, r Risk, base int, v Version) error
	Risk(ctx context.Context, s access.ReadScope, idOrRef string) (Risk, error)
	Risks(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Risk], error)
	// Cells counts the risks of each rating.
	Cells(ctx context.Context, s access.ReadScope, f Filter, search string) ([]Cell, error)
	// Versions lists every version of a risk, the newest first.
	Versions(ctx context.Context, s access.ReadScope, id ID) ([]Version, error)
	// Highest is the highest likelihood and impact of any risk.
	Highest(ctx context.Context, s access.ReadScope) (likelihood, impact int, err error)
}

// Scales keeps scales. Laws: they are only added, numbered without gaps; AddScale reports a Conflict when the number is taken.
type Scales interface {
	AddScale(ctx context.Context, s access.Scope, x Scale) error
	// Scales lists them, the newest first.
	Scales(ctx context.Context, s access.ReadScope) ([]Scale, error)
}

// Assessments keeps assessments with their lines. Laws: a frozen one never changes again; SaveAssessment and SaveLine report a
// Conflict when it is frozen, and SaveAssessment when the version is not base.
type Assessments interface {
	// AddAssessment inserts one with its lines and gives it its reference.
	AddAssessment(ctx context.Context, s access.Scope, a Assessment, lines []Line) (Assessment, error)
	SaveAssessment(ctx context.Context, s access.Scope, a Assessment, base int) error
	Assessment(ctx context.Context, s access.ReadScope, idOrRef string) (Assessment, error)
	// Assessments lists them, the newest first.
	Assessments(ctx context.Context, s access.ReadScope) ([]Assessment, error)
	CountAssessments(ctx context.Context, s access.ReadScope) (int, error)
	// SaveLine puts a line in or replaces it.
	SaveLine(ctx context.Context, s access.Scope, id AssessmentID, l Line) error
	// Lines lists the lines by reference of the risk.
	Lines(ctx context.Context, s access.ReadScope, id AssessmentID) ([]Line, error)
}

// Triggers keeps what makes a review necessary. Laws as of Store.
type Triggers interface {
	AddTrigger(ctx context.Context, s access.Scope, t Trigger) (Trigger, error)
	SaveTrigger(ctx context.Context, s access.Scope, t Trigger, base int) error
	Trigger(ctx context.Context, s access.ReadScope, idOrRef string) (Trigger, error)
	Triggers(ctx context.Context, s access.ReadScope, f TriggerFilter, q paging.Query) (paging.Result[Trigger], error)
}

// Controls finds controls. The control service does.
type Controls interface {
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (control.Control, error)
}

// Owner is somebody who may own a risk.
type Owner struct {
	ID   string        // of an account ("usr_…") or a person of the directory ("per_…")
	User access.UserID // the account; empty for somebody who has none
	Name string
	Gone bool // blocked, or has left
}

// Owners finds people by identifier, reference or email. Nobody is NotFound.
type Owners interface {
	Owner(ctx context.Context, s access.ReadScope, who string) (Owner, error)
}

// Files keeps a frozen assessment as evidence of controls and returns its reference.
type Files interface {
	File(ctx context.Context, s access.Scope, a Assessment, body []byte, controls []string) (ref string, err error)
}
