package eventlake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Joiner puts segments together. It implements event.Joiner.
type Joiner struct {
	Files
	// Rest is called after each portion, so that others get the machine. It may be nil.
	Rest func(ctx context.Context)
}

func (j Joiner) rest(ctx context.Context) error {
	if j.Rest != nil {
		j.Rest(ctx)
	}
	return ctx.Err()
}

// portion is how many rows are read and written before others get their turn.
const portion = 4096

// Join writes the rows of segments one after another, as Create's files have them.
func (j Joiner) Join(ctx context.Context, path string, from []event.Segment) (string, int64, error) {
	made, err := j.Create(path)
	if err != nil {
		return "", 0, err
	}
	defer made.Abort()
	out, ok := made.(*file)
	if !ok {
		return "", 0, errs.New(errs.Internal, "a file of another kind")
	}
	rows := make([]row, portion)
	for _, s := range from {
		if err := j.same(ctx, s); err != nil {
			return "", 0, err
		}
		if err := read(ctx, j.Dir.Open, s, 0, s.Rows, rows, func(some []row) error {
			if err := out.w.Write(some); err != nil {
				return err
			}
			return j.rest(ctx)
		}); err != nil {
			return "", 0, errs.Wrap(err, "the segment %s", s.ID)
		}
	}
	return out.Commit()
}

// same says whether a file is the one that was filed.
func (j Joiner) same(ctx context.Context, s event.Segment) error {
	in, err := j.Dir.Open(s.File)
	if err != nil {
		return errs.Wrap(err, "the segment %s", s.ID)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return errs.As(errs.Unavailable, err, "the segment %s", s.ID)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != s.SHA256 {
		return errs.New(errs.Internal, "the file of segment %s is not the one that was filed: its SHA-256 is %s, and %s is in the ledger", s.ID, got, s.SHA256).
			WithHint("The segments stay as they are. Compare the folder of events with a copy of it.")
	}
	return j.rest(ctx)
}

// Joined lists the files below a folder that Join made, by their names: the first and the last event with a dash between.
func (j Joiner) Joined(folder string) ([]string, error) {
	root, err := j.Dir.Abs(folder)
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(root, "*", "*-*.parquet"))
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the files of %s", folder)
	}
	var out []string
	for _, f := range found {
		if base := filepath.Base(f); strings.HasPrefix(base, ".") {
			continue
		}
		// One that is being written once more without an event is in no list until it is whole.
		if _, err := os.Stat(twin(f)); err == nil || strings.HasSuffix(f, second) {
			continue
		}
		rel, err := filepath.Rel(j.Dir.Root, f)
		if err != nil {
			return nil, errs.As(errs.Internal, err, "the file %s", f)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out, nil
}

// Remove deletes a file that no list names.
func (j Joiner) Remove(path string) error { return j.Dir.Remove(path) }

// Leaves gives the commitments of some rows of a segment, in their order: those of what was sealed, wherever compaction put it.
func (j Joiner) Leaves(ctx context.Context, s event.Segment, from, rows int64, do func(leaf [32]byte)) error {
	return read(ctx, j.Dir.Open, s, from, rows, make([]committed, portion), func(some []committed) error {
		for i := range some {
			do(some[i].leaf())
		}
		return j.rest(ctx)
	})
}

// leaf is the commitment of a row.
func (c *committed) leaf() [32]byte { return event.Commitment(c.ID, c.Salt, []byte(c.Raw)) }

// read reads rows of a segment, some at a time.
func read[T any](ctx context.Context, open func(string) (*os.File, error), s event.Segment, from, rows int64, buf []T, do func([]T) error) error {
	in, err := open(s.File)
	if err != nil {
		return err
	}
	defer in.Close()
	opened, err := parquet.OpenFile(in, s.Bytes, parquet.SkipPageIndex(from == 0), parquet.SkipBloomFilters(true))
	if err != nil {
		return damaged(err)
	}
	r := parquet.NewGenericReader[T](opened)
	defer r.Close() //nolint:errcheck // only read from
	if from > 0 {
		if err := r.SeekToRow(from); err != nil {
			return damaged(err)
		}
	}
	for rows > 0 {
		n, err := r.Read(buf[:min(int64(len(buf)), rows)])
		if n > 0 {
			if err := do(buf[:n]); err != nil {
				return err
			}
		}
		if rows -= int64(n); err != nil && (rows > 0 || !errors.Is(err, io.EOF)) {
			return damaged(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
