package eventlake

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// committed is what the commitment of an event is made of, as a segment holds it.
type committed struct {
	ID   string `parquet:"id"`
	Salt []byte `parquet:"salt"`
	Raw  string `parquet:"raw"`
}

// Filed gives an event that is in a segment, with the way from it to the segment's root. It implements event.Filing.
func (l *Lake) Filed(ctx context.Context, scope access.ReadScope, id string) (event.Filed, error) {
	segments, tail, err := l.parts(ctx, scope, time.Time{}, time.Time{}, "", 1, func(e *event.Event) bool { return e.ID == id })
	if err != nil {
		return event.Filed{}, err
	}
	if len(tail) > 0 {
		return event.Filed{}, errs.New(errs.Unavailable, "event %s is on disk and not filed yet", id).WithHint("Events are filed within a quarter of an hour; try again then.")
	}
	for _, s := range segments {
		if id < s.First || id > s.Last {
			continue
		}
		found, err := l.search(ctx, s, &event.Filter{IDs: []string{id}}, 1)
		if err != nil {
			return event.Filed{}, err
		}
		if len(found) == 1 {
			out := event.Filed{Event: found[0], Segment: s}
			return out, l.lead(ctx, scope, &out)
		}
	}
	return event.Filed{}, l.notThere(ctx, scope, id)
}

// lead finds the way from an event to the root that was sealed with it.
func (l *Lake) lead(ctx context.Context, scope access.ReadScope, x *event.Filed) error {
	for range 3 { // an event may be erased between a look at what was erased and a look at the segment
		leaves, err := l.leaves(ctx, scope, x.Segment, func(at int64, c *committed) {
			if c.ID == x.ID {
				x.Place, x.Salt = at, bytes.Clone(c.Salt)
			}
		})
		if err != nil {
			return err
		}
		if x.Seal, err = l.sealOf(ctx, scope, x); err != nil {
			return err
		}
		first, after := x.Seal.Place, x.Seal.Place+x.Seal.Rows
		if x.Salt == nil || after > int64(len(leaves)) {
			continue
		}
		sealed := leaves[first:after]
		if root := verify.RootOf(sealed); hex.EncodeToString(root[:]) == x.Seal.Root {
			x.Path = verify.PathOf(sealed, int(x.Place-first))
			return nil
		}
	}
	return errs.New(errs.Internal, "the segment %s is not the one that was sealed in entry %d", x.Segment.ID, x.Segment.Seq).
		WithHint("Its file was altered: restore it from a backup.")
}

// sealOf is what was sealed together with an event: its segment, or the part of it that was a segment before compaction.
func (l *Lake) sealOf(ctx context.Context, scope access.ReadScope, x *event.Filed) (event.Sealed, error) {
	seals, err := event.SealsOf(ctx, l.Seals, scope, x.Segment)
	if err != nil {
		return event.Sealed{}, err
	}
	for _, s := range seals {
		if x.Place >= s.Place && x.Place < s.Place+s.Rows {
			return s, nil
		}
	}
	return event.Sealed{}, errs.New(errs.Internal, "nothing says in which seal event %s is", x.ID)
}

// left is what stays of an erased event: its place and its commitment.
type left struct {
	place int64
	leaf  tlog.Hash
}

func (l *Lake) erasures(ctx context.Context, scope access.ReadScope, s event.Segment) ([]left, error) {
	if l.Erasures == nil {
		return nil, nil
	}
	all, err := l.Erasures.Erasures(ctx, scope, s.ID)
	out := make([]left, len(all))
	for i, e := range all {
		leaf, err := hex.DecodeString(e.Commitment)
		if err != nil || len(leaf) != len(tlog.Hash{}) {
			return nil, errs.New(errs.Internal, "what stays of event %s is damaged", e.Event)
		}
		out[i] = left{e.Place, tlog.Hash(leaf)}
	}
	return out, err
}

// gaps puts what stays of erased events where they stood.
func gaps(leaves []tlog.Hash, erased []left) ([]tlog.Hash, []left) {
	for len(erased) > 0 && erased[0].place == int64(len(leaves)) {
		leaves, erased = append(leaves, erased[0].leaf), erased[1:]
	}
	return leaves, erased
}

// leaves are the commitments of a segment's events in their order, those of erased ones too.
func (l *Lake) leaves(ctx context.Context, scope access.ReadScope, s event.Segment, see func(at int64, c *committed)) ([]tlog.Hash, error) {
	erased, err := l.erasures(ctx, scope, s)
	if err != nil {
		return nil, err
	}
	in, opened, err := open(l.Dir, s)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := parquet.NewGenericReader[committed](opened)
	defer r.Close() //nolint:errcheck // only read from
	leaves := make([]tlog.Hash, 0, s.Rows)
	buf := make([]committed, writeRows)
	for {
		n, err := r.Read(buf)
		for i := range buf[:n] {
			leaves, erased = gaps(leaves, erased)
			see(int64(len(leaves)), &buf[i])
			leaves = append(leaves, buf[i].leaf())
			buf[i] = committed{} // what see kept stays its own
		}
		if errors.Is(err, io.EOF) {
			leaves, _ = gaps(leaves, erased)
			return leaves, nil
		}
		if err != nil {
			return nil, damaged(err)
		}
		if ctx.Err() != nil {
			return nil, errs.As(errs.Unavailable, ctx.Err(), "the segment %s", s.ID)
		}
	}
}

var _ event.Filing = (*Lake)(nil)
