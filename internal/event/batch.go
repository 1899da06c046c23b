package event

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Journal is the intake log. Laws: Append returns after the disk has the bytes; positions grow and are never used twice; what was
// appended is read in its order until it is trimmed; a position that was trimmed is NotFound.
type Journal interface {
	Append(ctx context.Context, payload []byte) (position int64, err error)
	Read(from int64, most int) ([]Entry, error)
	Bounds() (first, end int64)
	Changed() <-chan struct{}
	Trim(to int64) error
	// Turn begins a new file, so that Trim can remove everything that was filed.
	Turn(ctx context.Context) error
}

// Entry is one payload of the journal.
type Entry struct {
	Pos, Next int64
	Payload   []byte
}

// Receipt is what a sender is answered.
type Receipt struct {
	Key        string    `json:"key,omitempty"` // the sender's own, by which the same batch sent again is known
	Position   int64     `json:"position"`      // of the batch in the intake log
	Accepted   int64     `json:"accepted"`
	Duplicates int64     `json:"duplicates"`
	Refused    int64     `json:"quarantined"`
	At         time.Time `json:"received"`
	Body       string    `json:"-"` // SHA-256 of what was sent under the key
	Again      bool      `json:"-"` // the answer that was given before under the key: nothing was taken now
}

// batch is what one request brought, as the journal keeps it: a head, then the records as they came.
type batch struct {
	head    head
	records [][]byte
}

type head struct {
	V          int          `json:"v"`
	Org        access.OrgID `json:"org"`
	Source     SourceID     `json:"src"`
	Log        string       `json:"log"`
	At         int64        `json:"at"` // microseconds
	Key        string       `json:"key,omitempty"`
	Body       string       `json:"body,omitempty"`
	Duplicates int64        `json:"dup,omitempty"`
	Refused    int64        `json:"ref,omitempty"`
	Lost       int64        `json:"lost,omitempty"`
	File       *Position    `json:"file,omitempty"` // up to where the file it is from is read
}

const batchVersion = 1

func (b *batch) marshal() ([]byte, error) {
	h, err := json.Marshal(b.head)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the head of a batch")
	}
	n := len(h) + 10
	for _, r := range b.records {
		n += len(r) + 10
	}
	out := binary.AppendUvarint(make([]byte, 0, n), uint64(len(h)))
	out = append(out, h...)
	for _, r := range b.records {
		out = binary.AppendUvarint(out, uint64(len(r)))
		out = append(out, r...)
	}
	return out, nil
}

func unmarshalBatch(p []byte) (batch, error) {
	var b batch
	bad := func() (batch, error) {
		return b, errs.New(errs.Internal, "a batch of the intake log is not as it was written")
	}
	next := func() ([]byte, bool) {
		n, k := binary.Uvarint(p)
		if k <= 0 || n > uint64(len(p)-k) {
			return nil, false
		}
		part := p[k : k+int(n) : k+int(n)]
		p = p[k+int(n):]
		return part, true
	}
	h, ok := next()
	if !ok || json.Unmarshal(h, &b.head) != nil || b.head.V != batchVersion {
		return bad()
	}
	for len(p) > 0 {
		r, ok := next()
		if !ok {
			return bad()
		}
		b.records = append(b.records, r)
	}
	return b, nil
}

// receipt is what the sender of a batch was answered.
func (b *batch) receipt(pos int64) Receipt {
	return Receipt{Key: b.head.Key, Position: pos, Accepted: int64(len(b.records)), Duplicates: b.head.Duplicates, Refused: b.head.Refused, At: time.UnixMicro(b.head.At).UTC(), Body: b.head.Body}
}

// idOf is the identifier of a record: where its batch begins in the journal, and its number in the batch. It sorts by arrival.
func idOf(pos int64, n int) string { return fmt.Sprintf("%012x%05x", pos, n) }

// maxRecords is how many records a batch may have: what the identifier has room for, and less.
const maxRecords = 100_000

// positionOf is the position of the batch in an identifier, or 0 for what is none.
func positionOf(id string) int64 {
	if len(id) != 17 {
		return 0
	}
	n, err := strconv.ParseInt(id[:12], 16, 64)
	if err != nil {
		return 0
	}
	return n
}

// event is a record of the batch in the normal form. A record that cannot be read any more, because a mapping was changed since it
// was accepted, is an event that tells nothing but its bytes: it is not lost.
func (b *batch) event(pos int64, n int) Event {
	received := time.UnixMicro(b.head.At).UTC()
	e, err := Normalise(b.head.Log, b.records[n], received)
	if err != nil {
		e = Event{Log: b.head.Log, Received: received, Raw: b.records[n]}
	}
	e.ID, e.Source = idOf(pos, n), string(b.head.Source)
	return e
}

func (b *batch) events(pos int64) []Event {
	out := make([]Event, len(b.records))
	for n := range b.records {
		out[n] = b.event(pos, n)
	}
	return out
}
