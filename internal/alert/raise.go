package alert

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Service is the use cases of alerts.
type Service struct {
	Store     Store
	Redaction Redaction
	Settings  Settings
	Members   Members
	Tx        access.Tx
	Ledger    access.Recorder
}

// Window is how long after its last signal an alert still takes in another one. It is a judgement of ours: a day holds one
// attacker's session and the night between two shifts.
const Window = 24 * time.Hour

// maxBatch is how many signals are raised at once.
const maxBatch = 10_000

// Raise keeps signals and makes or extends alerts of them, all or nothing. A signal that is kept already changes nothing, so that
// whoever raises may raise again after a crash. It returns the alerts that were made or changed, in the order of the signals.
func (s *Service) Raise(ctx context.Context, scope access.Scope, now time.Time, signals []Signal) ([]Alert, error) {
	if err := scope.Require(access.RunDetection); err != nil {
		return nil, err
	}
	if len(signals) > maxBatch {
		return nil, errs.New(errs.Invalid, "%d signals at once; at most %d are taken", len(signals), maxBatch).WithHint("Raise them in several batches.")
	}
	now = now.UTC().Truncate(time.Microsecond)
	clean := make([]Signal, len(signals))
	for i, x := range signals {
		switch {
		case !slices.Contains(Kinds(), x.Kind):
			return nil, errs.New(errs.Invalid, "signal %d: %q is no kind", i+1, x.Kind).At("kind")
		case x.Level.Rank() == 0:
			return nil, errs.New(errs.Invalid, "signal %d: %q is no level", i+1, x.Level).At("level")
		case x.Rule == "" && x.Entity == "":
			return nil, errs.New(errs.Invalid, "signal %d names neither a rule nor an entity", i+1).At("entity")
		}
		clean[i] = x.clean(now)
	}
	if len(clean) == 0 {
		return nil, nil
	}
	var out []Alert
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		out, err = s.raise(ctx, scope, now, clean)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// draft is an alert while a batch is raised.
type draft struct {
	Alert
	fresh, rose bool
	joined      int
}

func (s *Service) raise(ctx context.Context, scope access.Scope, now time.Time, signals []Signal) ([]Alert, error) {
	if err := s.Store.Lock(ctx, scope); err != nil {
		return nil, err
	}
	silences, err := s.Settings.Silences(ctx, scope.ReadScope, now)
	if err != nil {
		return nil, err
	}
	routing, err := s.Settings.Routing(ctx, scope.ReadScope)
	if err != nil {
		return nil, err
	}
	var order []*draft
	drafts, hushed := map[string]*draft{}, map[string]int{}
	for _, x := range signals {
		if i := slices.IndexFunc(silences, func(h Hush) bool { return h.Matches(x) }); i >= 0 {
			kept, err := s.Store.Keep(ctx, scope, Kept{Hushed: silences[i].Ref, At: now, Signal: x})
			if err != nil {
				return nil, err
			}
			if kept {
				hushed[silences[i].Ref]++
			}
			continue
		}
		d, err := s.draft(ctx, scope, now, drafts, x)
		if err != nil {
			return nil, err
		}
		kept := d.enough(x)
		if kept {
			d.Counted++
		} else if kept, err = s.Store.Keep(ctx, scope, Kept{Alert: d.ID, At: now, Signal: x}); err != nil {
			return nil, err
		}
		if !kept {
			continue
		}
		if d.joined == 0 {
			order = append(order, d)
		}
		d.rose = d.join(x) || d.rose
		d.joined++
	}
	out := make([]Alert, len(order))
	for i, d := range order {
		if err := s.settle(ctx, scope, now, d, routing); err != nil {
			return nil, err
		}
		out[i] = d.Alert
	}
	return out, s.quiet(ctx, scope, now, hushed)
}

// MaxKept is how many signals of an alert are kept, each with its events. More of the same tell nobody more, and a rule that matches
// everything would fill the disk: they are counted. After a crash some may be counted twice.
const MaxKept = 1000

// enough says that a signal tells nothing that the alert does not show a thousand times already.
func (d *draft) enough(x Signal) bool {
	return d.Signals >= MaxKept && x.Level.Rank() <= d.Level.Rank() && slices.Contains(d.Rules, x.Rule)
}

// draft is the alert a signal belongs to: one of this batch, a current one, or a new one, which is added when the batch is settled.
func (s *Service) draft(ctx context.Context, scope access.Scope, now time.Time, have map[string]*draft, x Signal) (*draft, error) {
	story := x.Story()
	if d := have[story]; d != nil {
		return d, nil
	}
	a, ok, err := s.Store.Current(ctx, scope.ReadScope, story, x.At.Add(-Window))
	if err != nil {
		return nil, err
	}
	d := &draft{Alert: a}
	if !ok || a.First.Sub(x.At) > Window { // what arrives late is a story of its own
		d.fresh = true
		d.Alert = Alert{ID: ID(id.New("alr", now)), Story: story, State: Open, Entity: x.Entity, EntityKind: x.EntityKind, Technique: x.Technique, Raised: now, Version: 1}
	}
	have[story] = d
	return d, nil
}

// settle writes what a batch made of an alert, with one ledger entry, which also says who is told.
func (s *Service) settle(ctx context.Context, scope access.Scope, now time.Time, d *draft, r Routing) error {
	a, base := &d.Alert, d.Version
	a.Updated = now
	says := map[string]any{"level": string(a.Level), "signals": d.joined}
	act, note := Joined, ""
	if d.fresh || d.rose && a.State == Open {
		to := r.To(*a, now)
		a.Rule, a.EscalateAt = to.Rule, to.Escalate
		says["route"], says["people"], says["channels"] = to.Rule, to.People, to.Channels
	}
	switch {
	case d.fresh:
		act = Raised
		added, err := s.Store.Add(ctx, scope, *a)
		if err != nil {
			return err
		}
		*a = added
	default:
		if d.rose {
			act, note = Rose, "to "+string(a.Level)
			a.Version++
		}
		if err := s.Store.Save(ctx, scope, *a, base); err != nil {
			return err
		}
	}
	if note == "" && d.joined > 1 {
		note = fmt.Sprintf("%d signals", d.joined)
	}
	says["ref"], says["title"], says["entity"], says["story"] = a.Ref, a.Title, a.Entity, a.Sentence
	return s.step(ctx, scope, now, *a, act, note, says)
}

// step appends to the ledger and to the history. That signals joined is in the ledger alone: the list of signals says it better.
func (s *Service) step(ctx context.Context, scope access.Scope, now time.Time, a Alert, act Act, note string, says map[string]any) error {
	says["ref"] = a.Ref
	if note != "" {
		says["note"] = note
	}
	seq, err := s.Ledger.Append(ctx, scope, now, "alert."+string(act), string(a.ID), says)
	if err != nil || act == Joined {
		return err
	}
	return s.Store.AddStep(ctx, scope, a.ID, Step{At: now, Actor: scope.Actor(), Act: act, Note: note, Seq: seq})
}

// quiet records how many signals each silence kept quiet.
func (s *Service) quiet(ctx context.Context, scope access.Scope, now time.Time, hushed map[string]int) error {
	refs := make([]string, 0, len(hushed))
	for ref := range hushed {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		if _, err := s.Ledger.Append(ctx, scope, now, "alert.silenced", ref, map[string]any{"silence": ref, "signals": hushed[ref]}); err != nil {
			return err
		}
	}
	return nil
}
