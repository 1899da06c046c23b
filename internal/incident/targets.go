package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Target is within how many minutes incidents of a severity are to be detected, acknowledged and contained; 0 is no target. No
// criterion sets one: the organisation's own are what its auditor tests against (domain brief 9.4, INC-03).
type Target struct {
	Severity Severity `json:"severity"`
	Detect   int      `json:"detect,omitempty"`
	Ack      int      `json:"ack,omitempty"`
	Contain  int      `json:"contain,omitempty"`
}

// MaxTarget bounds a target, in minutes: a year.
const MaxTarget = 366 * 24 * 60

// Targeted are the figures that can have a target.
func Targeted() []Figure { return []Figure{ToDetect, ToAck, ToContain} }

// minutes are those of a figure.
func (t Target) minutes(f Figure) int {
	switch f {
	case ToDetect:
		return t.Detect
	case ToAck:
		return t.Ack
	case ToContain:
		return t.Contain
	case ToRecover:
	}
	return 0
}

// Target is how long a figure may take for a severity; false where none is set.
func (d Duties) Target(s Severity, f Figure) (time.Duration, bool) {
	for _, t := range d.Targets {
		if n := t.minutes(f); t.Severity == s && n > 0 {
			return time.Duration(n) * time.Minute, true
		}
	}
	return 0, false
}

// Kept is how a target stands.
type Kept string

// The standings. NoTarget is not a good one: nothing is known of it.
const (
	Met         Kept = "met"
	Missed      Kept = "missed"
	Pending     Kept = "running" // there is time left
	KeptUnknown Kept = "unknown" // an end of it is unknown
	NoTarget    Kept = "none"
)

// Kept is how an incident stands to the target of a figure. One that goes on past its target has missed it already; a false alarm has
// none.
func (x Incident) Kept(d Duties, f Figure, now time.Time) Kept {
	limit, ok := d.Target(x.Severity, f)
	switch took, known := x.Took(f); {
	case !ok || x.Outcome == FalseAlarm:
		return NoTarget
	case known && took <= limit:
		return Met
	case known:
		return Missed
	case !x.running(f):
		return KeptUnknown
	case now.Sub(x.Times.Detected.At) > limit:
		return Missed
	}
	return Pending
}

// AllKept is how an incident stands to all its targets: missed if one is, else unknown, else running, else met; none where none is set.
func (x Incident) AllKept(d Duties, now time.Time) Kept {
	found := NoTarget
	order := []Kept{NoTarget, Met, Pending, KeptUnknown, Missed}
	for _, f := range Targeted() {
		if k := x.Kept(d, f, now); slices.Index(order, k) > slices.Index(order, found) {
			found = k
		}
	}
	return found
}

// Keeping is in how many incidents the target of a figure was met.
type Keeping struct {
	Figure  Figure
	Met     int
	N       int // in which it is decided: met or missed
	Pending int
	Unknown int
	None    int // without a target
}

// Keepings counts incidents by how they stand to their targets.
func Keepings(list []Incident, d Duties, now time.Time) []Keeping {
	var out []Keeping
	for _, f := range Targeted() {
		k := Keeping{Figure: f}
		for _, x := range list {
			if x.Outcome == FalseAlarm {
				continue
			}
			switch x.Kept(d, f, now) {
			case Met:
				k.Met, k.N = k.Met+1, k.N+1
			case Missed:
				k.N++
			case Pending:
				k.Pending++
			case KeptUnknown:
				k.Unknown++
			case NoTarget:
				k.None++
			}
		}
		out = append(out, k)
	}
	return out
}

// SetTargets replaces the targets. base is the version the editor saw; the obligations stay.
func (s *Service) SetTargets(ctx context.Context, scope access.Scope, now time.Time, base int, in []Target) (Duties, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Duties{}, err
	}
	var list []Target
	for _, t := range in {
		if t.Severity < 1 || t.Severity > MaxSeverity || slices.ContainsFunc(list, func(o Target) bool { return o.Severity == t.Severity }) {
			return Duties{}, errs.New(errs.Invalid, "a target is of a severity from 1 to %d, one of each", MaxSeverity).At("severity")
		}
		for _, f := range Targeted() {
			if n := t.minutes(f); n < 0 || n > MaxTarget {
				return Duties{}, errs.New(errs.Invalid, "between a minute and %d days, or nothing", MaxTarget/24/60).At(fmt.Sprintf("%s%d", f, t.Severity))
			}
		}
		if t.Detect+t.Ack+t.Contain > 0 {
			list = append(list, t)
		}
	}
	return s.keepDuties(ctx, scope, now, base, "incident.targets", func(d *Duties) (string, any) {
		d.Targets = list
		return "targets", list
	})
}

// keepDuties makes the next version of the document of an organisation's obligations and targets.
func (s *Service) keepDuties(ctx context.Context, scope access.Scope, now time.Time, base int, kind string, change func(*Duties) (name string, said any)) (Duties, error) {
	var d Duties
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if d, err = s.Store.Duties(ctx, scope.ReadScope); err != nil {
			return err
		}
		d.Version, d.Actor, d.At = base+1, scope.Actor(), now.UTC().Truncate(time.Microsecond)
		name, said := change(&d)
		if err := s.Store.AddDuties(ctx, scope, d); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, fmt.Sprintf("duties/%d", d.Version), map[string]any{"version": d.Version, name: said})
		return err
	})
	if err != nil {
		return Duties{}, err
	}
	return d, nil
}
