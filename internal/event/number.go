package event

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Gap is a stretch of numbers of a sender that did not come, or the place where a sender began to count anew.
type Gap struct {
	ID      string
	Source  SourceID
	Stream  string // the sender; empty where a source has one
	Kind    GapKind
	First   int64 // of a restart, what was expected
	Last    int64 // of a restart, what came
	Missing int64 // how many still lack; 0 of one that was filled, and of a restart
	At      time.Time

	fresh bool // not kept yet
}

// GapKind is what was seen.
type GapKind string

// The kinds of gaps.
const (
	GapMissing GapKind = "missing"
	GapRestart GapKind = "restart" // the sender began to count anew: it was started again, or what it counts was taken away
	GapFile    GapKind = "file"    // a file that a digest names is not there; Stream is its name
	GapAltered GapKind = "altered" // a file holds something else than the digest says that names it; Stream is its name
)

// GapFilter narrows a list of gaps. Zero values do not narrow.
type GapFilter struct {
	Source SourceID
	Open   bool      // numbers still lack
	Since  time.Time // found then or later
	Limit  int       // 0 is 1,000
}

// Numbers keeps up to where senders counted, and the gaps.
type Numbers interface {
	// Streams gives the number that each sender of a source is to send next.
	Streams(ctx context.Context, scope access.ReadScope, s SourceID) (map[string]int64, error)
	SetStream(ctx context.Context, scope access.Scope, s SourceID, stream string, next int64, at time.Time) error
	// Gaps lists gaps, the newest first.
	Gaps(ctx context.Context, scope access.ReadScope, f GapFilter) ([]Gap, error)
	PutGap(ctx context.Context, scope access.Scope, g Gap) error
}

// Bounds of what is remembered, since numbers and senders come from outside.
const (
	maxStreams  = 10_000 // senders of a source; more are not followed
	openStream  = 50     // open gaps of a sender; what lacks after that goes to the last
	repeats     = 1000   // a number so far back is one that comes late or again, and no restart
	rollover    = 1<<31 - 1
	gapsAtOnce  = 1000
	maxGapsRead = 20_000
)

// numbers follows the numbers of a source over one pass of filing.
type numbers struct {
	source  SourceID
	next    map[string]int64
	changed map[string]time.Time
	open    map[string][]*Gap // the oldest first
	touched []*Gap
}

func readNumbers(ctx context.Context, store Numbers, scope access.ReadScope, source SourceID) (*numbers, error) {
	next, err := store.Streams(ctx, scope, source)
	if err != nil {
		return nil, err
	}
	gaps, err := store.Gaps(ctx, scope, GapFilter{Source: source, Open: true, Limit: maxGapsRead})
	if err != nil {
		return nil, err
	}
	x := &numbers{source: source, next: next, changed: map[string]time.Time{}, open: map[string][]*Gap{}}
	slices.Reverse(gaps)
	for i := range gaps {
		if gaps[i].Kind != GapMissing {
			continue
		}
		x.open[gaps[i].Stream] = append(x.open[gaps[i].Stream], &gaps[i])
	}
	return x, nil
}

// see takes note of a number.
func (x *numbers) see(stream string, n int64, at time.Time) {
	next, known := x.next[stream]
	if !known {
		if len(x.next) >= maxStreams {
			return
		}
		next = n // what was before the first is not known
	}
	switch {
	case n > next:
		x.miss(stream, next, n-1, at)
	case n < next:
		if x.fill(stream, n) {
			return
		}
		if n > 1 && next-n <= repeats {
			return
		}
		if next <= rollover || n != 1 {
			x.touch(&Gap{ID: id.New("gap", at), Source: x.source, Stream: stream, Kind: GapRestart, First: next, Last: n, At: at, fresh: true})
		}
	}
	x.next[stream], x.changed[stream] = n+1, at
}

func (x *numbers) touch(g *Gap) {
	if !slices.Contains(x.touched, g) {
		x.touched = append(x.touched, g)
	}
}

// miss notes numbers that did not come.
func (x *numbers) miss(stream string, first, last int64, at time.Time) {
	open := x.open[stream]
	if len(open) >= openStream {
		g := open[len(open)-1]
		g.Last, g.Missing = last, g.Missing+last-first+1
		x.touch(g)
		return
	}
	g := &Gap{ID: id.New("gap", at), Source: x.source, Stream: stream, Kind: GapMissing, First: first, Last: last, Missing: last - first + 1, At: at, fresh: true}
	x.open[stream] = append(open, g)
	x.touch(g)
}

// fill takes a number that came late out of its gap, and says whether there was one.
func (x *numbers) fill(stream string, n int64) bool {
	for i, g := range x.open[stream] {
		if n < g.First || n > g.Last {
			continue
		}
		x.touch(g)
		g.Missing--
		whole := g.Missing == g.Last-g.First // nothing in it came before, so that what lacks can be told exactly
		switch {
		case g.Missing <= 0:
			g.Missing = 0
			x.open[stream] = slices.Delete(x.open[stream], i, i+1)
		case whole && n == g.First:
			g.First++
		case whole && n == g.Last:
			g.Last--
		case whole:
			rest := &Gap{ID: id.New("gap", g.At), Source: g.Source, Stream: stream, Kind: GapMissing, First: n + 1, Last: g.Last, Missing: g.Last - n, At: g.At, fresh: true}
			g.Last, g.Missing = n-1, n-g.First
			x.open[stream] = slices.Insert(x.open[stream], i+1, rest)
			x.touch(rest)
		}
		return true
	}
	return false
}

// save keeps what is new. A gap that was filled in the same pass was none.
func (x *numbers) save(ctx context.Context, store Numbers, scope access.Scope) error {
	for stream, at := range x.changed {
		if err := store.SetStream(ctx, scope, x.source, stream, x.next[stream], at); err != nil {
			return err
		}
	}
	for _, g := range x.touched {
		if g.fresh && g.Kind == GapMissing && g.Missing == 0 {
			continue
		}
		if err := store.PutGap(ctx, scope, *g); err != nil {
			return errs.Wrap(err, "a gap of %s", x.source)
		}
	}
	return nil
}

// Gaps lists gaps of an organisation's sources, the newest first.
func (s *Sources) Gaps(ctx context.Context, scope access.ReadScope, f GapFilter) ([]Gap, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	if f.Limit <= 0 || f.Limit > gapsAtOnce {
		f.Limit = gapsAtOnce
	}
	return s.Numbers.Gaps(ctx, scope, f)
}
