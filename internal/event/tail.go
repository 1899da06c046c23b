package event

import (
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
	t.mu.Lock()
	m := t.marks[org]
	t.mu.Unlock()
	least := position
	if m.after == after {
		least = max(position, m.next)
	}
	out, next, err := t.after(position, least, org, after, n, min(max(n*perEvent, nextLeast), nextMost), func(*Event) bool { return true })
	if err != nil {
		return nil, err
	}
	if len(out) > 0 {
		after = out[len(out)-1].ID
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.marks == nil {
		t.marks = map[access.OrgID]mark{}
	}
	t.marks[org] = mark{after, next}
	return out, nil
}

// From gives the events of an organisation from a position on that came after one and pass, the first most of them. Nothing beyond
// is read: a follower that lags behind a flood pays for what it takes.
func (t *Tail) From(position int64, org access.OrgID, after string, most int, pass func(*Event) bool) ([]Event, error) {
	out, _, err := t.after(position, position, org, after, most, tailMost, pass)
	return out, err
}

// after reads from a position on, or from a later one before which nothing is wanted: least, or that of the event itself, if one is
// there.
func (t *Tail) after(position, least int64, org access.OrgID, after string, most, chunk int, pass func(*Event) bool) ([]Event, int64, error) {
	if first, end := t.Journal.Bounds(); position < first && first < end {
		return nil, 0, trimmed(position)
	}
	if p := max(positionOf(after), least); p > least {
		if out, next, err := t.scan(p, org, after, most, chunk, pass); !errs.Is(err, errs.Invalid) {
			return out, next, err
		}
	}
	return t.scan(least, org, after, most, chunk, pass)
}

// scan reads batches from a position on until there are so many events, and says where the first batch begins that may hold more.
func (t *Tail) scan(from int64, org access.OrgID, after string, most, chunk int, pass func(*Event) bool) (out []Event, next int64, err error) {
	for len(out) < most {
		if _, end := t.Journal.Bounds(); from >= end {
			break
		}
		entries, err := t.Journal.Read(from, chunk)
		if err != nil {
			return nil, 0, err
		}
		if len(entries) == 0 {
			break
		}
		for _, x := range entries {
			b, err := unmarshalBatch(x.Payload)
			if err != nil {
				return nil, 0, err
			}
			i := 0
			if b.head.Org != org {
				i = len(b.records)
			}
			for i < len(b.records) && idOf(x.Pos, i) <= after {
				i++
			}
			known := t.Recent.get(x.Pos)
			for ; i < len(b.records) && len(out) < most; i++ {
				if e := b.known(known, x.Pos, i); pass(&e) {
					out = append(out, e)
				}
			}
			if i < len(b.records) { // the rest of this batch is next
				return out, from, nil
			}
			from = x.Next
		}
	}
	return out, from, nil
}

// tailMost is how much of the journal is held at once while following it: little, since little of it may be wanted.
const tailMost = 1 << 20

// FirstID is the least identifier an event at a position of the journal can have.
func FirstID(position int64) string { return idOf(position, 0) }

func trimmed(position int64) error {
	return errs.New(errs.NotFound, "position %d of the intake log was filed", position)
}
