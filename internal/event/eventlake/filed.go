package eventlake

import (
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
			return out, l.lead(ctx, &out)
		}
	}
	return event.Filed{}, errs.New(errs.NotFound, "no event %q", id)
}

// lead finds the way from an event to the root of its segment.
func (l *Lake) lead(ctx context.Context, x *event.Filed) error {
	leaves, err := l.leaves(ctx, x.Segment, func(at int64, c *committed) {
		if c.ID == x.ID {
			x.Place, x.Salt = at, c.Salt
		}
	})
	if err != nil {
		return err
	}
	if root := verify.RootOf(leaves); hex.EncodeToString(root[:]) != x.Segment.Root {
		return errs.New(errs.Internal, "the segment %s is not the one that was sealed in entry %d", x.Segment.ID, x.Segment.Seq).
			WithHint("Its file was altered: restore it from a backup.")
	}
	x.Path = verify.PathOf(leaves, int(x.Place))
	return nil
}

// leaves are the commitments of a segment's events in their order.
func (l *Lake) leaves(ctx context.Context, s event.Segment, see func(at int64, c *committed)) ([]tlog.Hash, error) {
	in, err := l.Dir.Open(s.File)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the segment %s", s.ID)
	}
	defer in.Close()
	opened, err := parquet.OpenFile(in, s.Bytes, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the segment %s cannot be read", s.ID)
	}
	r := parquet.NewGenericReader[committed](opened)
	defer r.Close() //nolint:errcheck // only read from
	leaves := make([]tlog.Hash, 0, s.Rows)
	buf := make([]committed, writeRows)
	for {
		n, err := r.Read(buf)
		for i := range buf[:n] {
			see(int64(len(leaves)), &buf[i])
			leaves = append(leaves, tlog.Hash(event.Commitment(buf[i].ID, buf[i].Salt, []byte(buf[i].Raw))))
			buf[i] = committed{} // what see kept stays its own
		}
		if errors.Is(err, io.EOF) {
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
