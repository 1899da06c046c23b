package event

import (
	"errors"
	"sync"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Tail reads what the journal holds and is not filed yet.
type Tail struct {
	Journal Journal
	Recent  *Recent // may be nil

	mu    sync.Mutex
	marks map[access.OrgID]mark
}

// mark is where a follower of an organisation goes on: nothing between the event after and the batch at next is for it.
type mark struct {
	after string
	next  int64
}

// How much of the journal Next reads at once: about what it is asked for, so that following costs the same for each event however
// much waits.
const (
	nextLeast = 64 << 10
	nextMost  = 4 << 20
	perEvent  = 512
)

// Next gives up to n events of an organisation from a position on that came after one. Whoever goes on with the last that was given
// is not led over the same batches again, nor over those of other organisations.
func (t *Tail) Next(position int64, org access.OrgID, after string, n int) ([]Event, error) {
	if first, end := t.Journal.Bounds(); position < first && first < end {
		return nil, trimmed(position)
	}
	t.mu.Lock()
	m := t.marks[org]
	t.mu.Unlock()
	if p := positionOf(after); p > position {
		from := p
		if m.after == after {
			from = max(p, m.next)
		}
		if out, err := t.next(from, org, after, n); !errs.Is(err, errs.Invalid) {
			return out, err
		}
	}
	if m.after == after {
		position = max(position, m.next)
	}
	return t.next(position, org, after, n)
}

func (t *Tail) next(from int64, org access.OrgID, after string, n int) ([]Event, error) {
	var out []Event
	last, skip := positionOf(after), numberOf(after)+1
	for chunk := min(max(n*perEvent, nextLeast), nextMost); len(out) < n; {
		if _, end := t.Journal.Bounds(); from >= end {
			break
		}
		entries, err := t.Journal.Read(from, chunk)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			break
		}
		for _, x := range entries {
			b, err := unmarshalBatch(x.Payload)
			if err != nil {
				return nil, err
			}
			i := 0
			switch {
			case b.head.Org != org || x.Pos < last:
				i = len(b.records)
			case x.Pos == last && after != "":
				i = skip
			}
			known := t.Recent.get(x.Pos)
			for ; i < len(b.records) && len(out) < n; i++ {
				out = append(out, b.known(known, x.Pos, i))
			}
			if i < len(b.records) { // the rest of this batch is next
				break
			}
			from = x.Next
		}
	}
	if len(out) > 0 {
		after = out[len(out)-1].ID
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.marks == nil {
		t.marks = map[access.OrgID]mark{}
	}
	t.marks[org] = mark{after, from}
	return out, nil
}

// From gives the events of an organisation from a position on that came after one and pass, the first most of them. Nothing beyond
// is read: a follower that lags behind a flood pays for what it takes.
func (t *Tail) From(position int64, org access.OrgID, after string, most int, pass func(*Event) bool) ([]Event, error) {
	if p := positionOf(after); p > position { // what was read before needs no second look
		if out, err := t.from(p, org, after, most, pass); !errs.Is(err, errs.Invalid) {
			return out, err
		}
	}
	if first, end := t.Journal.Bounds(); position < first && first < end {
		return nil, trimmed(position)
	}
	return t.from(position, org, after, most, pass)
}

// errEnough ends reading.
var errEnough = errors.New("enough was read")

func (t *Tail) from(position int64, org access.OrgID, after string, most int, pass func(*Event) bool) ([]Event, error) {
	var out []Event
	err := follow(t.Journal, position, tailMost, func(pos int64, b *batch) error {
		if b.head.Org != org {
			return nil
		}
		known := t.Recent.get(pos)
		for n := range b.records {
			if idOf(pos, n) <= after {
				continue
			}
			if e := b.known(known, pos, n); pass(&e) {
				out = append(out, e)
			}
			if len(out) >= most {
				return errEnough
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// tailMost is how much of the journal is held at once while following it: little, since little of it may be wanted.
const tailMost = 1 << 20

// FirstID is the least identifier an event at a position of the journal can have.
func FirstID(position int64) string { return idOf(position, 0) }

func trimmed(position int64) error {
	return errs.New(errs.NotFound, "position %d of the intake log was filed", position)
}
