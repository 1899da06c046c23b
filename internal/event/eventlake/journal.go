package eventlake

import (
	"context"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/platform/eventlog"
)

// Journal is the intake log as events need it. It implements event.Journal.
type Journal struct{ Log *eventlog.Log }

// Append keeps a payload.
func (j Journal) Append(ctx context.Context, payload []byte) (int64, error) {
	return j.Log.Append(ctx, payload)
}

// Read reads payloads from a position on.
func (j Journal) Read(from int64, most int) ([]event.Entry, error) {
	batches, err := j.Log.Read(from, most)
	out := make([]event.Entry, len(batches))
	for i, b := range batches {
		out[i] = event.Entry{Pos: b.Pos, Next: b.Next, Payload: b.Payload}
	}
	return out, err
}

// Bounds are the first position that is kept and the one behind the last.
func (j Journal) Bounds() (first, end int64) { return j.Log.Bounds() }

// Changed is closed when something is appended.
func (j Journal) Changed() <-chan struct{} { return j.Log.Changed() }

// Turn begins a new file of the log.
func (j Journal) Turn(ctx context.Context) error { return j.Log.Turn(ctx) }

// Trim removes what was filed.
func (j Journal) Trim(to int64) error { return j.Log.Trim(to) }
