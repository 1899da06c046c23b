package event

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// KindErased is the kind of the ledger entry that records the erasure of an event.
const KindErased = verify.KindEventErased

// Erasure is an event whose content was erased: what stays of it, and why.
type Erasure struct {
	Event      string
	Segment    string // identifier
	Place      int64  // in the segment, from 0
	Commitment string // in hex
	Reason     string
	By         string
	At         time.Time
	Seq        int64 // its entry in the ledger

	Remains string // the file of the segment that still holds the event, until it is removed
	Done    bool   // everything that follows was done
}

// Erased is the cause of an error that says that an event was erased.
type Erased struct{ Erasure }

func (e *Erased) Error() string { return "erased by ledger entry " + strconv.FormatInt(e.Seq, 10) }

// ErasedBy is the erasure that an error tells of; false if it tells of none.
func ErasedBy(err error) (Erasure, bool) {
	var e *Erased
	if !errors.As(err, &e) {
		return Erasure{}, false
	}
	return e.Erasure, true
}

// NotThere is the error of an event that was erased.
func (e *Erasure) NotThere() error {
	out := errs.New(errs.NotFound, "event %s was erased on %s", e.Event, e.At.UTC().Format("2006-01-02 15:04 UTC"))
	out.Err = &Erased{*e}
	return out.WithHint("Entry %d of the ledger says by whom and why.", e.Seq)
}

// Erasures keeps what was erased. Laws: an event is erased once; an erasure and the segment without the event are there together.
type Erasures interface {
	// Erasure is that of an event; NotFound if it was not erased.
	Erasure(ctx context.Context, scope access.ReadScope, event string) (Erasure, error)
	// Erasures are those of a segment, in order of place.
	Erasures(ctx context.Context, scope access.ReadScope, segment string) ([]Erasure, error)
	// Thinned are the segments from which events were erased.
	Thinned(ctx context.Context, scope access.ReadScope) (map[string]bool, error)
	// AddErasure keeps one, with the segment as it is without the event.
	AddErasure(ctx context.Context, scope access.Scope, e Erasure, s Segment) error
	EndErasure(ctx context.Context, scope access.Scope, event string) error
	// Unfinished are the erasures of all organisations of which not everything is done.
	Unfinished(ctx context.Context) (map[access.OrgID][]Erasure, error)
}

// Rewriting takes events out of segments.
type Rewriting interface {
	// Without writes a segment once more, without one event, under the other of its two names, and gives what it is then. The segment
	// that is there stays.
	Without(ctx context.Context, s Segment, event string) (Segment, error)
	// Drop removes a file of a segment. One that is gone is no error.
	Drop(file string) error
}

// Trace is something that a room of the program derived from an event. It forgets what it holds of it; doing so twice changes nothing.
type Trace func(ctx context.Context, scope access.Scope, e Erasure) error

// Eraser erases the content of single events: the record, its salt and what was read from it. The commitment stays, so that the ledger
// and the proofs of all other events still hold.
type Eraser struct {
	Sealer  *Sealer
	Filing  Filing
	Rewrite Rewriting
	Store   Erasures
	Journal Journal
	Recent  *Recent // may be nil
	Access  *access.Service
	Tx      access.Tx
	Ledger  access.Recorder
	Traces  []Trace

	mu sync.Mutex
}

// Bounds of a reason.
const (
	leastReason = 10
	mostReason  = 500
)

// Erase erases one event. A crash leaves the segment with the event or without it; what follows the erasure is gone on with by Resume.
func (x *Eraser) Erase(ctx context.Context, scope access.Scope, now time.Time, id, reason string) (Erasure, error) {
	if err := scope.Require(access.ErasePayload); err != nil {
		return Erasure{}, err
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < leastReason || n > mostReason {
		return Erasure{}, errs.New(errs.Invalid, "say in %d to %d characters on what duty the event is erased", leastReason, mostReason).At("reason").WithHint("Such as: request of the person of 2026-03-01, Art. 17 GDPR. Name nobody: the reason stays in the ledger.")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, err := x.Sealer.Seal(ctx, now, true); err != nil {
		return Erasure{}, err
	}
	found, err := x.Filing.Filed(ctx, scope.ReadScope, id)
	if err != nil {
		return Erasure{}, err
	}
	without, err := x.Rewrite.Without(ctx, found.Segment, id)
	if err != nil {
		return Erasure{}, err
	}
	c := Commitment(found.ID, found.Salt, found.Raw)
	e := Erasure{
		Event: found.ID, Segment: found.Segment.ID, Place: found.Place, Commitment: hex.EncodeToString(c[:]), Reason: reason, By: scope.Actor(), At: now.UTC().Truncate(time.Microsecond), Remains: found.Segment.File,
	}
	err = x.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if e.Seq, err = x.Ledger.Append(ctx, scope, now, KindErased, e.Event, map[string]any{
			"event": e.Event, "segment": e.Segment, "sealed": found.Segment.Seq, "place": e.Place, "commitment": e.Commitment, "sha256": without.SHA256, "reason": reason,
		}); err != nil {
			return err
		}
		return x.Store.AddErasure(ctx, scope, e, without)
	})
	if err != nil {
		return Erasure{}, errs.Wrap(err, "erase event %s", id)
	}
	return e, errs.Hinted(x.finish(ctx, scope, &e), "The event is erased; what remains of it elsewhere is removed when the program starts next.")
}

// finish removes what still holds the event.
func (x *Eraser) finish(ctx context.Context, scope access.Scope, e *Erasure) error {
	if err := x.Rewrite.Drop(e.Remains); err != nil {
		return err
	}
	x.Recent.drop(positionOf(e.Event))
	filed, err := x.Sealer.Segments.Filed(ctx)
	if err != nil {
		return err
	}
	// The intake log holds what was filed until a file of it is full.
	if err := errors.Join(x.Journal.Turn(ctx), x.Journal.Trim(filed)); err != nil {
		return err
	}
	for _, forget := range x.Traces {
		if err := forget(ctx, scope, *e); err != nil {
			return errs.Wrap(err, "what was made of event %s", e.Event)
		}
	}
	if err := x.Store.EndErasure(ctx, scope, e.Event); err != nil {
		return err
	}
	e.Done = true
	return nil
}

// Resume goes on with what a crash or a fault left.
func (x *Eraser) Resume(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	all, err := x.Store.Unfinished(ctx)
	if err != nil {
		return err
	}
	for org, some := range all {
		scope := x.Access.System(org, "erasure")
		for i := range some {
			if err := x.finish(ctx, scope, &some[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
