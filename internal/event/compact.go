package event

import (
	"context"
	"encoding/hex"
	slash "path"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Sealed is what the ledger holds of a segment as it was filed. Compaction puts its events into a larger one: there they are the rows
// from Place on, in their order, and Root can still be computed of them.
type Sealed struct {
	ID          string // of the segment as it was filed
	Segment     string // that has its events now
	Place, Rows int64
	First, Last string
	SHA256      string // of the file as it was filed
	Root        string
	Seq         int64
	At          time.Time
}

// own is the seal of a segment that is as it was filed.
func (s *Segment) own() Sealed {
	return Sealed{ID: s.ID, Segment: s.ID, Rows: s.Rows, First: s.First, Last: s.Last, SHA256: s.SHA256, Root: s.Root, Seq: s.Seq, At: s.Sealed}
}

// SealsOf are the seals of a segment, in the order of its rows: one if it is as it was filed.
func SealsOf(ctx context.Context, store SealStore, scope access.ReadScope, s Segment) ([]Sealed, error) {
	if store == nil {
		return []Sealed{s.own()}, nil
	}
	all, err := store.Seals(ctx, scope, s.ID)
	if len(all) == 0 && err == nil {
		all = []Sealed{s.own()}
	}
	return all, err
}

// SealStore keeps what became of segments that were put together.
type SealStore interface {
	// Replace puts a segment and its seals in the place of others, whose files are left from then on. An old one that is not there any
	// more as it is given is a Conflict.
	Replace(ctx context.Context, scope access.Scope, now time.Time, old []Segment, by Segment, seals []Sealed) error
	// Seals are those that compaction kept of a segment, in order of place: none of one that is as it was filed.
	Seals(ctx context.Context, scope access.ReadScope, segment string) ([]Sealed, error)
	// Left lists the files that were left, with when.
	Left(ctx context.Context, scope access.ReadScope) (map[string]time.Time, error)
	Forget(ctx context.Context, scope access.Scope, file string) error
}

// Joiner puts files of segments together. Laws: as of Files; Join fails if a file is not the one that was filed, by its hash.
type Joiner interface {
	Join(ctx context.Context, path string, from []Segment) (sha256hex string, bytes int64, err error)
	// Leaves gives the commitments of some rows of a segment, in their order.
	Leaves(ctx context.Context, s Segment, from, rows int64, do func(leaf [32]byte)) error
	// Joined lists the files in a folder that Join made.
	Joined(folder string) ([]string, error)
	Remove(path string) error
}

// What is put together: segments of a day that are small, as many as make a large one. While the day lasts, only many at once, so that
// no event is written again and again.
const (
	smallRows  = 200_000
	smallBytes = 64 << 20
	largeRows  = 2_000_000
	largeBytes = 512 << 20
	mostParts  = 400 // of a large one: the ledger's entry names each
	manyParts  = 16  // while the day lasts
	dayGrace   = time.Hour
)

// LeftFor is how long files stay that others replaced: longer than any question about events may take.
const LeftFor = 15 * time.Minute

// Compactor makes few large segments of many small ones. The events, their order, and what the ledger sealed stay.
type Compactor struct {
	Segments Segments
	Seals    SealStore
	Erasures Erasures
	Files    Joiner
	Tx       access.Tx
	Ledger   access.Recorder
	// Free tells the free bytes of the disk; nothing is put together where less than Reserve would be left. It may be nil.
	Free    func() (uint64, error)
	Reserve uint64

	mu sync.Mutex
}

// Compacted is a large segment that was made of so many small ones, and how many are done of all that are due.
type Compacted struct {
	Segment            Segment
	Parts, Done, Total int
}

// Compact puts together what is due in an organisation, and tells of each large segment that was made. all takes the present day too,
// and removes what is left at once: only for a process beside which none reads. It is safe to run at any time, and after a crash at
// any step.
func (c *Compactor) Compact(ctx context.Context, scope access.Scope, now time.Time, all bool, made func(Compacted)) error {
	if err := scope.Require(access.RunDetection); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := LeftFor
	if all {
		keep = 0
	}
	if err := c.tidy(ctx, scope, now.Add(-keep)); err != nil {
		return err
	}
	segments, err := c.Segments.Segments(ctx, scope.ReadScope, time.Time{}, time.Time{}, "")
	if err != nil {
		return err
	}
	thinned, err := c.Erasures.Thinned(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	runs := runsOf(segments, thinned, now, all)
	var x Compacted
	for _, run := range runs {
		x.Total += len(run)
	}
	for _, run := range runs {
		if x.Segment, err = c.join(ctx, scope, now, run); err != nil {
			return errs.Wrap(err, "put %d segments from %s on together", len(run), run[0].ID)
		}
		if x.Parts, x.Done = len(run), x.Done+len(run); made != nil {
			made(x)
		}
	}
	if all && len(runs) > 0 {
		return c.tidy(ctx, scope, now)
	}
	return nil
}

// tidy removes files that were left before an instant, and those that a crash left behind: made, and in no list.
func (c *Compactor) tidy(ctx context.Context, scope access.Scope, before time.Time) error {
	left, err := c.Seals.Left(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	for file, since := range left {
		if since.After(before) {
			continue
		}
		if err := c.Files.Remove(file); err != nil {
			return err
		}
		if err := c.Seals.Forget(ctx, scope, file); err != nil {
			return err
		}
	}
	made, err := c.Files.Joined(string(scope.Org()))
	if err != nil {
		return err
	}
	segments, err := c.Segments.Segments(ctx, scope.ReadScope, time.Time{}, time.Time{}, "")
	if err != nil {
		return err
	}
	for _, file := range made {
		if _, there := left[file]; there || slices.ContainsFunc(segments, func(s Segment) bool { return s.File == file }) {
			continue
		}
		if err := c.Files.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// runsOf are the segments to put together: neighbours in the order of arrival, of one day, that are small. One from which an event was
// erased stays as it is: what stays of the event says where in it it stood.
func runsOf(segments []Segment, thinned map[string]bool, now time.Time, all bool) [][]Segment {
	today := now.Add(-dayGrace).UTC().Format(time.DateOnly)
	var out [][]Segment
	var run []Segment
	var rows, bytes int64
	end := func() {
		least := 2
		if len(run) > 0 && !all && slash.Base(slash.Dir(run[0].File)) >= today {
			least = manyParts
		}
		if len(run) >= least {
			out = append(out, run)
		}
		run, rows, bytes = nil, 0, 0
	}
	for _, s := range segments {
		if thinned[s.ID] || s.Rows >= smallRows || s.Bytes >= smallBytes {
			end()
			continue
		}
		if len(run) > 0 && (slash.Dir(run[0].File) != slash.Dir(s.File) || rows+s.Rows > largeRows || bytes+s.Bytes > largeBytes || len(run) == mostParts) {
			end()
		}
		run, rows, bytes = append(run, s), rows+s.Rows, bytes+s.Bytes
	}
	end()
	return out
}

// join makes one segment of several. The new file is read again before the old ones are given up: every root that was sealed must come
// out of it. Before the transaction nothing refers to the new file, after it nothing to the old ones.
func (c *Compactor) join(ctx context.Context, scope access.Scope, now time.Time, run []Segment) (Segment, error) {
	by, seals := Segment{ID: id.New("seg", now), Sealed: now}, []Sealed(nil)
	for i := range run {
		x := &run[i]
		own, err := SealsOf(ctx, c.Seals, scope.ReadScope, *x)
		if err != nil {
			return by, err
		}
		for _, s := range own {
			s.Segment, s.Place = by.ID, s.Place+by.Rows
			seals = append(seals, s)
		}
		by.take(x, i == 0)
	}
	slices.Sort(by.Logs)
	by.File = slash.Join(slash.Dir(run[0].File), by.First+"-"+by.Last+".parquet")
	if err := c.space(run); err != nil {
		return by, err
	}
	var err error
	if by.SHA256, by.Bytes, err = c.Files.Join(ctx, by.File, run); err != nil {
		return by, err
	}
	if err := c.check(ctx, &by, seals); err != nil {
		return by, err
	}
	parts := make([]string, len(run))
	for i, x := range run {
		parts[i] = x.ID + " " + x.Root
	}
	return by, c.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		by.Seq, err = c.Ledger.Append(ctx, scope, now, "event.segment.compacted", by.ID, map[string]any{
			"segment": by.ID, "sha256": by.SHA256, "root": by.Root, "rows": by.Rows, "first": by.First, "last": by.Last, "parts": parts,
		})
		if err != nil {
			return err
		}
		return c.Seals.Replace(ctx, scope, now, run, by, seals)
	})
}

// take adds what a part says of itself.
func (s *Segment) take(x *Segment, first bool) {
	if first {
		s.First, s.From, s.To = x.First, x.From, x.To
	}
	if x.From.Before(s.From) {
		s.From = x.From
	}
	if x.To.After(s.To) {
		s.To = x.To
	}
	s.Last, s.Rows, s.RawBytes = x.Last, s.Rows+x.Rows, s.RawBytes+x.RawBytes
	for _, log := range x.Logs {
		if !slices.Contains(s.Logs, log) {
			s.Logs = append(s.Logs, log)
		}
	}
}

// space refuses where the new file would take what intake needs.
func (c *Compactor) space(run []Segment) error {
	if c.Free == nil {
		return nil
	}
	free, err := c.Free()
	if err != nil {
		return err
	}
	need := c.Reserve
	for _, x := range run {
		need += uint64(x.Bytes)
	}
	if free < need {
		return errs.New(errs.Exhausted, "the disk has %d MiB left, and %d MiB are needed", free>>20, need>>20).At(DiskFull).WithHint("Free space. The segments stay as they are, and nothing is lost.")
	}
	return nil
}

// check computes every root that was sealed from the new file, and the new file's own.
func (c *Compactor) check(ctx context.Context, by *Segment, seals []Sealed) error {
	var whole tree
	for _, s := range seals {
		var part tree
		if err := c.Files.Leaves(ctx, *by, s.Place, s.Rows, func(leaf [32]byte) {
			part.add(leaf)
			whole.add(leaf)
		}); err != nil {
			return err
		}
		if got := hexOf(part.root()); got != s.Root {
			return errs.New(errs.Internal, "the events of segment %s do not give the root that the ledger holds in entry %d: it was changed after it was filed", s.ID, s.Seq).
				WithHint("The segments stay as they are. Compare the folder of events with a copy of it.")
		}
	}
	by.Root = hexOf(whole.root())
	return nil
}

func hexOf(h tlog.Hash) string { return hex.EncodeToString(h[:]) }
