package eventlake

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// atOnce is how many segments are looked through at the same time where much has to be read: the machine serves others too.
const atOnce = 2

// searchAll gives the events of segments that pass, at most so many, in the order of the segments.
func (l *Lake) searchAll(ctx context.Context, segments []event.Segment, f *event.Filter, most int) ([]event.Event, error) {
	together := 1
	if f.Text != "" || len(f.Actors)+len(f.Keys)+len(f.Actions) > 0 {
		together = atOnce
	}
	var out []event.Event
	for len(segments) > 0 && len(out) < most && ctx.Err() == nil {
		n := min(together, len(segments))
		found, errors := make([][]event.Event, n), make([]error, n)
		var wg sync.WaitGroup
		for i, s := range segments[:n] {
			wg.Go(func() { found[i], errors[i] = l.search(ctx, s, f, most-len(out)) })
		}
		wg.Wait()
		for i := range n {
			if errors[i] != nil {
				return nil, errors[i]
			}
			out = append(out, found[i][:min(len(found[i]), most-len(out))]...)
		}
		segments = segments[n:]
	}
	return out, ctx.Err()
}

// search gives the events of a segment that pass, at most so many, in the order of the filter.
func (l *Lake) search(ctx context.Context, s event.Segment, f *event.Filter, most int) ([]event.Event, error) {
	in, opened, err := open(l.Dir, s)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := parquet.NewGenericReader[row](opened)
	defer r.Close() //nolint:errcheck // only read from
	clauses := clausesOf(f)
	var text *event.Text
	if f.Text != "" {
		text = event.TextOf(f.Text)
	}
	groups := opened.RowGroups()
	begins := make([]int64, len(groups))
	for i := 1; i < len(groups); i++ {
		begins[i] = begins[i-1] + groups[i-1].NumRows()
	}
	var out []event.Event
	for i := range groups {
		if !f.Ascending {
			i = len(groups) - 1 - i
		}
		if len(out) >= most || ctx.Err() != nil {
			break
		}
		those, err := places(groups[i], f, clauses, text)
		if err != nil {
			return nil, errs.Wrap(err, "the segment %s", s.ID)
		}
		for n := range those {
			those[n] += begins[i]
		}
		found, err := rows(r, those, f, most-len(out))
		if err != nil {
			return nil, errs.Wrap(err, "the segment %s", s.ID)
		}
		out = append(out, found...)
	}
	return out, ctx.Err()
}

// blockRows is how many rows are held at once.
const blockRows = 1024

// rows reads whole rows by their numbers, which rise, in the order of the filter: block by block, so that rows that lie close
// together are read at once.
func rows(r *parquet.GenericReader[row], places []int64, f *event.Filter, most int) ([]event.Event, error) {
	var out []event.Event
	var buf []row
	at := int64(math.MinInt64)
	for len(places) > 0 && len(out) < most {
		var block []int64
		block, places = next(places, f.Ascending, min(blockRows, most-len(out)))
		if block[0] != at {
			if err := r.SeekToRow(block[0]); err != nil {
				return nil, damaged(err)
			}
		}
		want := int(block[len(block)-1]-block[0]) + 1
		at = block[0] + int64(want)
		buf = slices.Grow(buf[:0], want)[:want]
		for got := 0; got < want; {
			n, err := r.Read(buf[got:want])
			if got += n; err != nil && got < want {
				return nil, damaged(err)
			}
		}
		for i := range block {
			place := block[i]
			if !f.Ascending {
				place = block[len(block)-1-i]
			}
			e, err := buf[place-block[0]].event()
			if err != nil {
				return nil, err
			}
			if f.Matches(&e) && len(out) < most {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// next takes up to so many numbers that lie within one block from the front or, in descending order, from the back.
func next(places []int64, ascending bool, most int) (block, rest []int64) {
	if ascending {
		n := 1
		for n < len(places) && n < most && places[n]-places[0] < blockRows {
			n++
		}
		return places[:n], places[n:]
	}
	last := len(places) - 1
	n := last
	for n > 0 && last-n+1 < most && places[last]-places[n-1] < blockRows {
		n--
	}
	return places[n:], places[:n]
}
