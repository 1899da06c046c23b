package eventlake

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// Rewrite writes segments once more, without events that are erased. It implements event.Rewriting.
type Rewrite struct {
	Dir   lake.Dir
	Files Files
}

// Each segment has two names, of which one is in use: while it is written once more, it stands under the other. What a crash left there
// is written over the next time.
const second = ".2.parquet"

// twin is the other name of a segment.
func twin(file string) string {
	if rest, ok := strings.CutSuffix(file, second); ok {
		return rest + ".parquet"
	}
	return strings.TrimSuffix(file, ".parquet") + second
}

// Without writes a segment once more, without one event, under the other of its two names.
func (x Rewrite) Without(ctx context.Context, s event.Segment, id string) (event.Segment, error) {
	in, opened, err := open(x.Dir, s)
	if err != nil {
		return s, err
	}
	defer in.Close()
	r := parquet.NewGenericReader[row](opened)
	defer r.Close() //nolint:errcheck // only read from
	to := twin(s.File)
	w, err := x.Files.create(to)
	if err != nil {
		return s, err
	}
	defer w.Abort()
	buf, gone := make([]row, writeRows), 0
	for {
		n, err := r.Read(buf)
		for i := range buf[:n] {
			if buf[i].ID == id {
				s.RawBytes -= int64(len(buf[i].Raw))
				gone++
				continue
			}
			if err := w.add(buf[i]); err != nil {
				return s, err
			}
		}
		if err := w.flush(); err != nil { // what was read is good until the next is
			return s, err
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s, errs.Wrap(damaged(err), "the segment %s", s.ID)
		}
		if ctx.Err() != nil {
			return s, errs.As(errs.Unavailable, ctx.Err(), "the segment %s", s.ID)
		}
	}
	if gone != 1 {
		return s, errs.New(errs.Internal, "the segment %s holds event %s %d times", s.ID, id, gone)
	}
	s.File = to
	s.SHA256, s.Bytes, err = w.Commit()
	return s, err
}

// Drop removes a file of a segment.
func (x Rewrite) Drop(file string) error {
	if file == "" {
		return nil
	}
	return x.Dir.Remove(file)
}

// open opens a segment. One that was written once more since it was listed has its other name.
func open(dir lake.Dir, s event.Segment) (*os.File, *parquet.File, error) {
	in, err := dir.Open(s.File)
	if errs.Is(err, errs.NotFound) {
		if again, err2 := dir.Open(twin(s.File)); err2 == nil {
			in, err = again, nil
		}
	}
	if err != nil {
		return nil, nil, errs.As(errs.Internal, err, "the segment %s", s.ID)
	}
	info, err := in.Stat()
	if err != nil {
		return nil, nil, errors.Join(errs.As(errs.Internal, err, "the segment %s", s.ID), in.Close())
	}
	f, err := parquet.OpenFile(in, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)) // they are read where they are asked
	if err != nil {
		return nil, nil, errors.Join(errs.As(errs.Internal, err, "the segment %s cannot be read", s.ID), in.Close())
	}
	return in, f, nil
}

var _ event.Rewriting = Rewrite{}
