package evidence

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Freshness is whether the evidence that people add for a control is young enough.
type Freshness string

// The states, most urgent first.
const (
	Overdue  Freshness = "overdue"
	DueSoon  Freshness = "due_soon"
	NoneYet  Freshness = "none" // nothing was ever filed, and the first is not late yet
	Fresh    Freshness = "fresh"
	NotAsked Freshness = "not_asked" // the control asks nobody for evidence
)

// Freshnesses lists them, most urgent first.
func Freshnesses() []Freshness { return []Freshness{Overdue, DueSoon, NoneYet, Fresh, NotAsked} }

// Title is the state as people read it.
func (f Freshness) Title() string {
	switch f {
	case Overdue:
		return "Overdue"
	case DueSoon:
		return "Due soon"
	case NoneYet:
		return "None yet"
	case Fresh:
		return "Fresh"
	case NotAsked:
		return "Not asked for"
	}
	return string(f)
}

// Need is what a control asks of people: evidence every so many days.
type Need struct {
	Every  int       // days; 0 when nothing is asked for
	Since  time.Time // from when on the control asks: when it came into force
	Newest time.Time // end of what the newest active evidence speaks about; zero without any
}

// soonDays bounds how long before its day a renewal is called due soon: a quarter of the interval, at most so many days.
const soonDays = 14

// Judge says how fresh the evidence is, and on which day the next is due. Evidence ages from the end of what it speaks about,
// not from when it was uploaded: a late upload of old facts is not fresh.
func (n Need) Judge(now time.Time) (Freshness, time.Time) {
	if n.Every <= 0 {
		return NotAsked, time.Time{}
	}
	from := n.Newest
	if from.IsZero() {
		from = n.Since
	}
	due := from.Add(time.Duration(n.Every) * 24 * time.Hour)
	soon := time.Duration(max(1, min(soonDays, n.Every/4))) * 24 * time.Hour
	switch {
	case !now.Before(due):
		return Overdue, due
	case n.Newest.IsZero():
		return NoneYet, due
	case !now.Before(due.Add(-soon)):
		return DueSoon, due
	}
	return Fresh, due
}

// Plan is what the organisation decided about a control's evidence, where the control's own frequency does not fit.
type Plan struct {
	Control string
	Days    int // 0: nothing is asked for
	Note    string
	Version int
	At      time.Time
	By      string
}

// Plans keeps plans. Laws: a plan is saved only on top of the version before it, with a ledger entry.
type Plans interface {
	Plan(ctx context.Context, s access.ReadScope, control string) (Plan, bool, error)
	SavePlan(ctx context.Context, s access.Scope, p Plan) error
}

// Bounds of a plan: evidence once in five years at the least.
const (
	maxDays = 1830
	maxNote = 500
)

// Decide says how often a control's evidence must be renewed. To ask for none, there has to be a reason.
func (s *Service) Decide(ctx context.Context, scope access.Scope, now time.Time, base int, p Plan) (Plan, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return p, err
	}
	p.Note = strings.TrimSpace(p.Note)
	n := utf8.RuneCountInString(p.Note)
	switch {
	case p.Days < 0 || p.Days > maxDays:
		return p, errs.New(errs.Invalid, "evidence is renewed every 1 to %d days", maxDays).At("days").WithHint("0 asks for none.")
	case p.Days == 0 && n < enough:
		return p, errs.New(errs.Invalid, "say in at least %d characters why no evidence is asked for (%d so far)", enough, n).At("note")
	case n > maxNote:
		return p, errs.New(errs.Invalid, "the reason has %d characters; at most %d are kept", n, maxNote).At("note")
	case !utf8.ValidString(p.Note) || strings.ContainsRune(p.Note, 0):
		return p, errs.New(errs.Invalid, "the reason contains bytes that are no text").At("note")
	}
	have, _, err := s.Plans.Plan(ctx, scope.ReadScope, p.Control)
	if err != nil {
		return p, err
	}
	if have.Version != base {
		return have, errs.New(errs.Conflict, "the plan was changed meanwhile").WithHint("Compare, and save again on top of it.")
	}
	p.Version, p.At, p.By = base+1, now, scope.Actor()
	return p, s.Plans.SavePlan(ctx, scope, p)
}
