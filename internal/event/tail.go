package event

import (
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Tail reads what the journal holds and is not filed yet.
type Tail struct{ Journal Journal }

// From gives the events of an organisation from a position on that came after one.
func (t *Tail) From(position int64, org access.OrgID, after string) ([]Event, error) {
	if p := positionOf(after); p > position { // what was read before needs no second look
		if out, err := t.from(p, org, after); !errs.Is(err, errs.Invalid) {
			return out, err
		}
	}
	if first, end := t.Journal.Bounds(); position < first && first < end {
		return nil, trimmed(position)
	}
	return t.from(position, org, after)
}

func (t *Tail) from(position int64, org access.OrgID, after string) ([]Event, error) {
	var out []Event
	err := follow(t.Journal, position, func(pos int64, b *batch) error {
		if b.head.Org != org {
			return nil
		}
		for n := range b.records {
			if idOf(pos, n) > after {
				out = append(out, b.event(pos, n))
			}
		}
		return nil
	})
	return out, err
}

// FirstID is the least identifier an event at a position of the journal can have.
func FirstID(position int64) string { return idOf(position, 0) }

func trimmed(position int64) error {
	return errs.New(errs.NotFound, "position %d of the intake log was filed", position)
}
