package event

import (
	"errors"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Tail reads what the journal holds and is not filed yet.
type Tail struct {
	Journal Journal
	Recent  *Recent // may be nil
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
			var e Event
			if len(known) == len(b.records) {
				e = known[n]
			} else {
				e = b.event(pos, n)
			}
			if pass(&e) {
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
