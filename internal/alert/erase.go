package alert

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
)

// Redaction takes what is said of erased events out of signals.
type Redaction interface {
	// SignalsOf are the signals that name an event, whether they belong to an alert or were kept quiet.
	SignalsOf(ctx context.Context, s access.ReadScope, event string) ([]Kept, error)
	Redact(ctx context.Context, s access.Scope, n int64, x Signal) error
}

// Naming are the alerts with a signal that names an event, in the order in which they were raised.
func (s *Service) Naming(ctx context.Context, scope access.ReadScope, event string) ([]Alert, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	all, err := s.Redaction.SignalsOf(ctx, scope, event)
	if err != nil {
		return nil, err
	}
	var out []Alert
	seen := map[ID]bool{"": true} // of no alert is what was kept quiet
	for _, k := range all {
		if seen[k.Alert] {
			continue
		}
		seen[k.Alert] = true
		a, err := s.Store.Alert(ctx, scope, string(k.Alert))
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// erasedSentence is what a signal says all of whose events were erased.
const erasedSentence = "What it rests on was erased."

// EraseEvent takes out of all signals what they say of an event that was erased by an entry of the ledger. That there was an event, when,
// and of which log stays, and so does whom the alert is about.
func (s *Service) EraseEvent(ctx context.Context, scope access.Scope, event string, seq int64) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Redaction.SignalsOf(ctx, scope.ReadScope, event)
		if err != nil {
			return err
		}
		for _, k := range all {
			x, left := k.Signal, k.More
			for i, f := range x.Events {
				if f.Event == event {
					x.Events[i] = Fact{Event: f.Event, At: f.At, Log: f.Log, Erased: seq}
				} else if f.Erased == 0 {
					left++
				}
			}
			if left == 0 {
				x.Sentence = erasedSentence
			}
			if err := s.Redaction.Redact(ctx, scope, k.N, x); err != nil {
				return err
			}
		}
		return nil
	})
}
