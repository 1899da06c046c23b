package eventlake

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// Lake reads segments and what the intake log holds beyond them. It implements event.Lake.
type Lake struct {
	Dir      lake.Dir
	Tail     *event.Tail
	Segments event.Segments
	Seals    event.SealStore
	Engine   *lake.Engine
	Erasures event.Erasures // may be nil: then none was erased
}

// Changed is closed when something arrives.
func (l *Lake) Changed() <-chan struct{} { return l.Tail.Journal.Changed() }

// parts are the segments and, of the tail, the first most events that pass: of an organisation, at one moment, every event once.
func (l *Lake) parts(ctx context.Context, scope access.ReadScope, from, to time.Time, after string, most int, pass func(*event.Event) bool) ([]event.Segment, []event.Event, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, nil, err
	}
	for range 5 {
		filed, err := l.Segments.Filed(ctx)
		if err != nil {
			return nil, nil, err
		}
		tail, err := l.Tail.From(filed, scope.Org(), after, most, pass)
		if errs.Is(err, errs.NotFound) {
			continue // it was filed meanwhile
		}
		if err != nil {
			return nil, nil, err
		}
		segments, err := l.Segments.Segments(ctx, scope, from, to, after)
		return before(segments, filed), tail, err
	}
	return nil, nil, filing()
}

// Find gives events that pass a filter.
func (l *Lake) Find(ctx context.Context, scope access.ReadScope, f event.Filter) (events []event.Event, next string, err error) {
	limit := f.Size() + 1 // one more tells whether there is more
	after, most := "", math.MaxInt
	if f.Ascending {
		after, most = f.After, limit
	}
	segments, tail, err := l.parts(ctx, scope, f.From, f.To, after, most, func(e *event.Event) bool { return f.Matches(e) && !beyond(&f, e.ID) })
	if err != nil {
		return nil, "", err
	}
	if !f.Ascending {
		slices.Reverse(tail)
		slices.Reverse(segments)
		events = tail[:min(len(tail), limit)]
	}
	segments = slices.DeleteFunc(segments, func(s event.Segment) bool {
		return !f.Ascending && f.After != "" && s.First >= f.After || len(f.Logs) > 0 && !slices.ContainsFunc(s.Logs, func(log string) bool { return slices.Contains(f.Logs, log) })
	})
	found, err := l.searchAll(ctx, segments, &f, limit-len(events))
	if err != nil {
		return nil, "", err
	}
	events = append(events, found...)
	if f.Ascending && len(events) < limit {
		events = append(events, tail[:min(len(tail), limit-len(events))]...)
	}
	if len(events) == limit {
		events = events[:limit-1]
		next = events[len(events)-1].ID
	}
	return events, next, ctx.Err()
}

// beyond says that an event is before the place where a page begins.
func beyond(f *event.Filter, id string) bool {
	return f.After != "" && (f.Ascending && id <= f.After || !f.Ascending && id >= f.After)
}

// Event reads one event.
func (l *Lake) Event(ctx context.Context, scope access.ReadScope, id string) (event.Event, error) {
	segments, tail, err := l.parts(ctx, scope, time.Time{}, time.Time{}, "", 1, func(e *event.Event) bool { return e.ID == id })
	if err != nil {
		return event.Event{}, err
	}
	if len(tail) > 0 {
		return tail[0], nil
	}
	for _, s := range segments {
		if id < s.First || id > s.Last {
			continue
		}
		if found, err := l.search(ctx, s, &event.Filter{IDs: []string{id}}, 1); err != nil || len(found) == 1 {
			return *cmp.Or(first(found), &event.Event{}), err
		}
	}
	return event.Event{}, l.notThere(ctx, scope, id)
}

// notThere says that there is no event, or that it was erased.
func (l *Lake) notThere(ctx context.Context, scope access.ReadScope, id string) error {
	if l.Erasures != nil {
		e, err := l.Erasures.Erasure(ctx, scope, id)
		if err == nil {
			return e.NotThere()
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	return errs.New(errs.NotFound, "no event %q", id)
}

func first(events []event.Event) *event.Event {
	if len(events) == 0 {
		return nil
	}
	return &events[0]
}

// Read gives up to n events that arrived after one, in order of arrival.
func (l *Lake) Read(ctx context.Context, scope access.ReadScope, after string, n int) ([]event.Event, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	f := event.Filter{Ascending: true, After: after, Limit: min(n, event.MaxFind)}
	for range 5 {
		filed, err := l.Segments.Filed(ctx)
		if err != nil {
			return nil, err
		}
		segments, err := l.Segments.Segments(ctx, scope, time.Time{}, time.Time{}, after)
		if err != nil {
			return nil, err
		}
		events, err := l.searchAll(ctx, before(segments, filed), &f, f.Size())
		if err != nil || len(events) >= f.Size() {
			return events, err
		}
		if len(events) > 0 {
			after = events[len(events)-1].ID
		}
		tail, err := l.Tail.Next(filed, scope.Org(), after, f.Size()-len(events))
		if errs.Is(err, errs.NotFound) { // it was filed meanwhile
			after = f.After
			continue
		}
		return append(events, tail...), err
	}
	return nil, filing()
}

// before leaves out the segments of what was filed since a position was read: the tail from there on holds their events.
func before(segments []event.Segment, filed int64) []event.Segment {
	return slices.DeleteFunc(segments, func(s event.Segment) bool { return s.First >= event.FirstID(filed) })
}

func filing() error {
	return errs.New(errs.Unavailable, "events are being filed").WithHint("Try again.")
}

// How far back Recent looks.
const (
	recentSegments = 16
	recentRows     = 1_000_000
)

// Recent gives what a source sent last and was filed, the newest first. It implements event.Past.
func (l *Lake) Recent(ctx context.Context, scope access.ReadScope, source event.SourceID, n int) ([]event.Event, error) {
	segments, err := l.Segments.Segments(ctx, scope, time.Time{}, time.Time{}, "")
	if err != nil {
		return nil, err
	}
	slices.Reverse(segments)
	var out []event.Event
	rows := int64(0)
	for _, s := range segments[:min(len(segments), recentSegments)] {
		if rows += s.Rows; len(out) >= n || rows > recentRows && rows > s.Rows {
			break
		}
		found, err := l.search(ctx, s, &event.Filter{Source: string(source)}, n-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// slice is how much time is put in order at once. What arrives later than it happened is still in its place, since the bounds are
// those of the event's own time.
const slice = 6 * time.Hour

// Each gives the events of some logs between two instants in the order of time.
func (l *Lake) Each(ctx context.Context, scope access.ReadScope, logs []string, from, to time.Time, do func(*event.Event) error) error {
	for start := from; start.Before(to); start = start.Add(slice) {
		stop := start.Add(slice)
		if stop.After(to) {
			stop = to
		}
		var all []event.Event
		for f := (event.Filter{From: start, To: stop, Logs: logs, Ascending: true, Limit: event.MaxFind}); ; {
			some, next, err := l.Find(ctx, scope, f)
			if err != nil {
				return err
			}
			all = append(all, some...)
			if f.After = next; next == "" {
				break
			}
		}
		slices.SortStableFunc(all, func(a, b event.Event) int { return a.When().Compare(b.When()) })
		for i := range all {
			if err := do(&all[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

var _ event.Lake = (*Lake)(nil)
