package detect

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect/baseline"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Baseline is how an organisation's learned baselines are set.
type Baseline struct {
	On      bool
	Budget  float64 // alerts a day
	Reason  string
	Version int // counts the decisions, from 1; 0 while nobody decided
	At      time.Time
	By      string
}

// DefaultBaseline holds until somebody decides: on, with five alerts a day.
func DefaultBaseline() Baseline { return Baseline{On: true, Budget: 5} }

// Benign is what somebody said is no reason to look.
type Benign struct {
	ID  string
	Ref string // "BN-01"
	baseline.Benign
	Owner  string
	Reason string
	At     time.Time
	By     string
	Ended  *time.Time
}

// Runs tells whether it counts at a time.
func (b Benign) Runs(now time.Time) bool { return b.Ended == nil && now.Before(b.Until) }

// TuningStore keeps how baselines are set. Laws: SetBaseline reports a Conflict when the version before is not the one kept; what
// is benign is only added and ended.
type TuningStore interface {
	// Baseline reads the newest decision; the zero value if there is none.
	Baseline(ctx context.Context, s access.ReadScope) (Baseline, error)
	SetBaseline(ctx context.Context, s access.Scope, b Baseline) error
	AddBenign(ctx context.Context, s access.Scope, b Benign) (Benign, error)
	// Benign lists all, the newest first.
	Benign(ctx context.Context, s access.ReadScope) ([]Benign, error)
	EndBenign(ctx context.Context, s access.Scope, id string, at time.Time) error
}

// StaleBaseline is the cause of a Conflict when somebody else decided meanwhile.
type StaleBaseline struct{ Theirs Baseline }

// Error says that it was changed.
func (s *StaleBaseline) Error() string { return "the baselines were set otherwise" }

// Baseline reads how baselines are set.
func (s *Service) Baseline(ctx context.Context, scope access.ReadScope) (Baseline, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Baseline{}, err
	}
	b, err := s.Tuning.Baseline(ctx, scope)
	if err == nil && b.Version == 0 {
		b = DefaultBaseline()
	}
	return b, err
}

// SetBaseline turns baselines on or off and sets the alerts a day. b.Version is the one that was decided upon.
func (s *Service) SetBaseline(ctx context.Context, scope access.Scope, now time.Time, b Baseline) (Baseline, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return b, err
	}
	b.Reason = text.Prose(b.Reason)
	if err := text.Bounds("reason", "the reason", b.Reason, 1, maxReason); err != nil {
		return b, err
	}
	if !(b.Budget >= 0.1 && b.Budget <= 1000) {
		return b, errs.New(errs.Invalid, "the budget is between 0.1 and 1,000 alerts a day").At("budget")
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Tuning.Baseline(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if was.Version != b.Version {
			return errs.Changed("the setting of baselines", &StaleBaseline{was})
		}
		b.Version, b.At, b.By = b.Version+1, now, scope.Actor()
		if err := s.Tuning.SetBaseline(ctx, scope, b); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "detection.baseline.set", string(scope.Org()), map[string]any{"on": b.On, "budget_per_day": strconv.FormatFloat(b.Budget, 'g', -1, 64), "reason": b.Reason})
		return err
	})
	return b, err
}

// AddBenign says that something is no reason to look, until a day.
func (s *Service) AddBenign(ctx context.Context, scope access.Scope, now time.Time, b Benign) (Benign, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return b, err
	}
	b.ID, b.At, b.By, b.Until = id.New("bgn", now), now, scope.Actor(), b.Until.UTC()
	b.Log, b.Entity, b.Value, b.Owner, b.Reason = text.Line(b.Log), text.Line(b.Entity), text.Line(b.Value), text.Line(b.Owner), text.Prose(b.Reason)
	if err := responsible(b.Owner, b.Reason, b.Until, now); err != nil {
		return b, err
	}
	if b.Entity == "" && b.Value == "" {
		return b, errs.New(errs.Invalid, "name whom it is about, or a value").At("entity").WithHint("All of a facet for everybody would switch it off.")
	}
	if err := text.Bounds("entity", "whom it is about", b.Entity, 0, 400); err != nil {
		return b, err
	}
	if err := text.Bounds("value", "the value", b.Value, 0, 400); err != nil {
		return b, err
	}
	if _, ok := SourceByName(b.Log); b.Log != "" && !ok {
		return b, errs.New(errs.Invalid, "there is no kind of log %q", b.Log).At("log")
	}
	if _, ok := baseline.FacetByName(b.Facet.String()); !ok {
		return b, errs.New(errs.Invalid, "there is no such facet").At("facet")
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if b, err = s.Tuning.AddBenign(ctx, scope, b); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "detection.benign.added", b.ID, map[string]any{"ref": b.Ref, "log": b.Log, "entity": b.Entity, "facet": b.Facet.String(), "value": b.Value,
			"owner": b.Owner, "reason": b.Reason, "until": b.Until.Format(time.RFC3339)})
		return err
	})
	return b, err
}

// Benign lists what was said, the newest first.
func (s *Service) Benign(ctx context.Context, scope access.ReadScope) ([]Benign, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Tuning.Benign(ctx, scope)
}

// LeftAside is what a model leaves aside now.
func (s *Service) LeftAside(ctx context.Context, scope access.ReadScope, now time.Time) ([]baseline.Benign, error) {
	all, err := s.Benign(ctx, scope)
	var out []baseline.Benign
	for _, b := range all {
		if b.Runs(now) {
			out = append(out, b.Benign)
		}
	}
	return out, err
}

// EndBenign ends it before its time.
func (s *Service) EndBenign(ctx context.Context, scope access.Scope, now time.Time, ref string) (Benign, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Benign{}, err
	}
	var b Benign
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Tuning.Benign(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(x Benign) bool { return x.Ref == ref || x.ID == ref })
		if i < 0 {
			return errs.New(errs.NotFound, "no %s", text.Line(ref))
		}
		if b = all[i]; !b.Runs(now) {
			return errs.New(errs.Conflict, "%s ended already", b.Ref)
		}
		b.Ended = &now
		if err := s.Tuning.EndBenign(ctx, scope, b.ID, now); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "detection.benign.ended", b.ID, map[string]any{"ref": b.Ref})
		return err
	})
	return b, err
}
