package eventlake

import (
	"bytes"
	"context"
	"encoding/hex"
	"math"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// FiledAll gives many events with the way from each to the root that was sealed with it. It implements event.Filing. A segment is read
// once for all of its events, and then whole records a few at a time.
func (l *Lake) FiledAll(ctx context.Context, scope access.ReadScope, ids []string, do func(*event.Filed) error) (map[string]error, error) {
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	if len(wanted) == 0 {
		return map[string]error{}, nil
	}
	segments, waiting, err := l.parts(ctx, scope, time.Time{}, time.Time{}, "", math.MaxInt, func(e *event.Event) bool { return wanted[e.ID] })
	if err != nil {
		return nil, err
	}
	if err := l.filedOf(ctx, scope, segments, wanted, do); err != nil {
		return nil, err
	}
	absent := make(map[string]error, len(wanted))
	for _, e := range waiting {
		absent[e.ID] = errs.New(errs.Unavailable, "event %s is on disk and not filed yet", e.ID).WithHint("Events are filed within a quarter of an hour; try again then.")
	}
	for id := range wanted {
		if absent[id] != nil {
			continue
		}
		err := l.notThere(ctx, scope, id)
		if !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		absent[id] = err
	}
	return absent, nil
}

// filedOf gives those of the events that are in some segments, and takes each out of what is wanted.
func (l *Lake) filedOf(ctx context.Context, scope access.ReadScope, segments []event.Segment, wanted map[string]bool, do func(*event.Filed) error) error {
	order := make([]string, 0, len(wanted))
	for id := range wanted {
		order = append(order, id)
	}
	slices.Sort(order)
	for _, s := range segments {
		i, _ := slices.BinarySearch(order, s.First)
		if i == len(order) || order[i] > s.Last {
			continue
		}
		if err := l.filedIn(ctx, scope, s, wanted, do); err != nil {
			return err
		}
	}
	return nil
}

// mark is where an event stands in a segment.
type mark struct {
	id    string
	row   int64 // of the file
	place int64 // of the segment as it was sealed: erased events keep theirs
	salt  []byte
}

func (l *Lake) filedIn(ctx context.Context, scope access.ReadScope, s event.Segment, wanted map[string]bool, do func(*event.Filed) error) error {
	marks, ways, err := l.waysIn(ctx, scope, s, wanted)
	if err != nil || len(marks) == 0 {
		return err
	}
	in, opened, err := open(l.Dir, s)
	if err != nil {
		return err
	}
	defer in.Close()
	r := parquet.NewGenericReader[row](opened)
	defer r.Close() //nolint:errcheck // only read from
	for some := range slices.Chunk(marks, recordsAtOnce) {
		places := make([]int64, len(some))
		for i, m := range some {
			places[i] = m.row
		}
		found, err := rows(r, places, &event.Filter{Ascending: true}, len(places))
		if err != nil {
			return errs.Wrap(err, "the segment %s", s.ID)
		}
		if len(found) != len(some) {
			return errs.New(errs.Internal, "the segment %s changed while it was read", s.ID).WithHint("Try again.")
		}
		for i, m := range some {
			x := event.Filed{Event: found[i], Salt: m.salt, Segment: s, Place: m.place}
			if x.ID != m.id {
				return errs.New(errs.Internal, "the segment %s changed while it was read", s.ID).WithHint("Try again.")
			}
			if x.Seal, x.Path, err = ways.of(x.ID, m.place); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(&x); err != nil {
				return err
			}
			delete(wanted, m.id)
		}
	}
	return nil
}

// recordsAtOnce bounds the records that are in memory: each is some kilobytes, and a megabyte at the most.
const recordsAtOnce = 64

// waysIn finds the events of a segment that are wanted, and the trees over everything that was sealed in it.
func (l *Lake) waysIn(ctx context.Context, scope access.ReadScope, s event.Segment, wanted map[string]bool) ([]mark, ways, error) {
	for range 3 { // an event may be erased between a look at what was erased and a look at the segment
		var marks []mark
		var row int64
		leaves, err := l.leaves(ctx, scope, s, func(at int64, c *committed) {
			if wanted[c.ID] {
				marks = append(marks, mark{c.ID, row, at, bytes.Clone(c.Salt)})
			}
			row++
		})
		if err != nil || len(marks) == 0 {
			return nil, nil, err
		}
		seals, err := event.SealsOf(ctx, l.Seals, scope, s)
		if err != nil {
			return nil, nil, err
		}
		if w, ok := waysOver(leaves, seals, marks); ok {
			return marks, w, nil
		}
	}
	return nil, nil, errs.New(errs.Internal, "the segment %s is not the one that was sealed", s.ID).WithHint("Its file was altered: restore it from a backup.")
}

// way is the tree over what was sealed together: level 0 holds the leaves.
type way struct {
	seal   event.Sealed
	levels [][]tlog.Hash
}

type ways []way

// waysOver makes the trees of the seals that hold one of the marks. It is false where a tree has another root than was sealed.
func waysOver(leaves []tlog.Hash, seals []event.Sealed, marks []mark) (ways, bool) {
	var out ways
	for _, s := range seals {
		if !slices.ContainsFunc(marks, func(m mark) bool { return m.place >= s.Place && m.place < s.Place+s.Rows }) {
			continue
		}
		if s.Rows <= 0 || s.Place < 0 || s.Place+s.Rows > int64(len(leaves)) {
			return nil, false
		}
		w := way{s, levelsOf(leaves[s.Place : s.Place+s.Rows])}
		if root := w.levels[len(w.levels)-1][0]; hex.EncodeToString(root[:]) != s.Root {
			return nil, false
		}
		out = append(out, w)
	}
	return out, true
}

// levelsOf are all hashes of the RFC 6962 tree over leaves, from the leaves up to the root. The last of an odd number goes up as it is.
func levelsOf(leaves []tlog.Hash) [][]tlog.Hash {
	out := [][]tlog.Hash{leaves}
	for len(leaves) > 1 {
		up := make([]tlog.Hash, 0, (len(leaves)+1)/2)
		for i := 0; i+1 < len(leaves); i += 2 {
			up = append(up, tlog.NodeHash(leaves[i], leaves[i+1]))
		}
		if len(leaves)%2 == 1 {
			up = append(up, leaves[len(leaves)-1])
		}
		out, leaves = append(out, up), up
	}
	return out
}

// of is the way of the event at a place to the root it was sealed under, nearest hash first.
func (w ways) of(id string, place int64) (event.Sealed, []tlog.Hash, error) {
	for _, x := range w {
		if place < x.seal.Place || place >= x.seal.Place+x.seal.Rows {
			continue
		}
		var path []tlog.Hash
		i := place - x.seal.Place
		for _, level := range x.levels {
			if beside := i ^ 1; beside < int64(len(level)) {
				path = append(path, level[beside])
			}
			i >>= 1
		}
		return x.seal, path, nil
	}
	return event.Sealed{}, nil, errs.New(errs.Internal, "nothing says in which seal event %s is", id)
}
