package eventlake

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

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
	Engine   *lake.Engine
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
		segments = slices.DeleteFunc(segments, func(s event.Segment) bool { return s.First >= event.FirstID(filed) })
		return segments, tail, err
	}
	return nil, nil, errs.New(errs.Unavailable, "events are being filed").WithHint("Try again.")
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
	for _, s := range segments {
		if len(events) >= limit || ctx.Err() != nil {
			break
		}
		if !f.Ascending && f.After != "" && s.First >= f.After || len(f.Logs) > 0 && !slices.ContainsFunc(s.Logs, func(log string) bool { return slices.Contains(f.Logs, log) }) {
			continue
		}
		found, err := l.search(s, &f, limit-len(events))
		if err != nil {
			return nil, "", err
		}
		events = append(events, found...)
	}
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
		if found, err := l.search(s, &event.Filter{IDs: []string{id}}, 1); err != nil || len(found) == 1 {
			return *cmp.Or(first(found), &event.Event{}), err
		}
	}
	return event.Event{}, errs.New(errs.NotFound, "no event %q", id)
}

func first(events []event.Event) *event.Event {
	if len(events) == 0 {
		return nil
	}
	return &events[0]
}

// Read gives up to n events that arrived after one, in order of arrival.
func (l *Lake) Read(ctx context.Context, scope access.ReadScope, after string, n int) ([]event.Event, error) {
	events, _, err := l.Find(ctx, scope, event.Filter{Ascending: true, After: after, Limit: min(n, event.MaxFind)})
	return events, err
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
		found, err := l.search(s, &event.Filter{Source: string(source)}, n-len(out))
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

// narrow is what is needed of an event to know whether it may pass; the rest of its row is read only then.
type narrow struct {
	ID         string `parquet:"id"`
	At         int64  `parquet:"time,timestamp(microsecond),optional"`
	Received   int64  `parquet:"received,timestamp(microsecond)"`
	Source     string `parquet:"source,dict"`
	Log        string `parquet:"log,dict"`
	Action     string `parquet:"action,dict"`
	Actor      string `parquet:"actor,dict"`
	ActorName  string `parquet:"actor_name,dict"`
	Session    string `parquet:"session,dict"`
	Credential string `parquet:"credential,dict"`
	Issued     string `parquet:"issued,dict"`
	IP         string `parquet:"ip,dict"`
	Agent      string `parquet:"agent,dict"`
	Host       string `parquet:"host,dict"`
	Process    string `parquet:"process,dict"`
	Parent     string `parquet:"parent,dict"`
}

func (n *narrow) event() (event.Event, error) {
	r := row{ID: n.ID, At: n.At, Received: n.Received, Source: n.Source, Log: n.Log, Action: n.Action, Actor: n.Actor, ActorName: n.ActorName, Session: n.Session,
		Credential: n.Credential, Issued: n.Issued, IP: n.IP, Agent: n.Agent, Host: n.Host, Process: n.Process, Parent: n.Parent}
	return r.event()
}

// timed is what is needed where only the place, the time, the log or the source counts: for followers.
type timed struct {
	ID       string `parquet:"id"`
	At       int64  `parquet:"time,timestamp(microsecond),optional"`
	Received int64  `parquet:"received,timestamp(microsecond)"`
	Source   string `parquet:"source,dict"`
	Log      string `parquet:"log,dict"`
}

func (t *timed) event() (event.Event, error) {
	r := row{ID: t.ID, At: t.At, Received: t.Received, Source: t.Source, Log: t.Log}
	return r.event()
}

// worded is what is needed to look for a text: the record too.
type worded struct {
	ID  string `parquet:"id"`
	Raw string `parquet:"raw"`
}

func (w *worded) event() (event.Event, error) { //nolint:unparam // as those of other rows
	return event.Event{ID: w.ID, Raw: []byte(w.Raw)}, nil
}

// search gives the events of a segment that pass, at most so many, in the order of the filter.
func (l *Lake) search(s event.Segment, f *event.Filter, most int) ([]event.Event, error) {
	in, err := l.Dir.Open(s.File)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the segment %s", s.ID)
	}
	defer in.Close()
	opened, err := parquet.OpenFile(in, s.Bytes)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the segment %s cannot be read", s.ID)
	}
	if !possible(opened, f) {
		return nil, nil
	}
	places, err := candidates(opened, f, most)
	if err != nil {
		return nil, errs.Wrap(err, "the segment %s", s.ID)
	}
	out, err := rows(opened, places, f, most)
	return out, errs.Wrap(err, "the segment %s", s.ID)
}

// possible asks the filters of the columns: no means that no event of the segment passes.
func possible(opened *parquet.File, f *event.Filter) bool {
	columns := map[string][]string{event.KeyPrincipal: {"actor"}, event.KeySession: {"session"}, event.KeyIP: {"ip"}, event.KeyHost: {"host"}}
	var asked []parquet.Value
	var name string
	switch {
	case len(f.Keys) == 1 && len(columns[f.Keys[0].Kind]) == 1:
		name, asked = columns[f.Keys[0].Kind][0], []parquet.Value{parquet.ValueOf(f.Keys[0].Value)}
	default:
		return true
	}
	leaf, ok := opened.Schema().Lookup(name)
	if !ok {
		return true
	}
	for _, g := range opened.RowGroups() {
		bloom := g.ColumnChunks()[leaf.ColumnIndex].BloomFilter()
		if bloom == nil {
			return true
		}
		for _, v := range asked {
			if there, err := bloom.Check(v); there || err != nil {
				return true
			}
		}
	}
	return false
}

// readRows is how many rows are held at once.
const readRows = 512

// candidates are the numbers of the rows that may pass, in their order, as few columns as possible being read for it.
func candidates(opened *parquet.File, f *event.Filter, most int) ([]int64, error) {
	quick := *f
	quick.Text = ""
	enough := math.MaxInt
	if f.Ascending && f.Text == "" {
		enough = most
	}
	n := opened.NumRows()
	if f.Text == "" && f.After == "" && f.Source == "" && f.From.IsZero() && f.To.IsZero() && len(f.Logs)+len(f.Actors)+len(f.Keys)+len(f.Actions)+len(f.IDs) == 0 {
		var places []int64 // all pass: the first or the last of them
		for i := range min(int64(most), n) {
			if f.Ascending {
				places = append(places, i)
			} else {
				places = append(places, n-min(int64(most), n)+i)
			}
		}
		return places, nil
	}
	if len(f.Keys) == 0 && len(f.Actors) == 0 && len(f.Actions) == 0 {
		places, err := those[timed](opened, &quick, f, enough, nil)
		if err != nil || f.Text == "" {
			return places, err
		}
		return those[worded](opened, &event.Filter{Text: f.Text}, f, enough, places)
	}
	places, err := those[narrow](opened, &quick, f, enough, nil)
	if err != nil || f.Text == "" || len(places) < readRows {
		return places, err
	}
	return those[worded](opened, &event.Filter{Text: f.Text}, f, enough, places)
}

// those are the numbers of the rows that pass a part of a filter: of all rows, or of some.
func those[T any, P interface {
	*T
	event() (event.Event, error)
}](opened *parquet.File, part, whole *event.Filter, enough int, among []int64) ([]int64, error) {
	r := parquet.NewGenericReader[T](opened)
	defer r.Close() //nolint:errcheck // only read from
	var out []int64
	buf := make([]T, readRows)
	for at := int64(0); len(out) < enough; {
		n, err := r.Read(buf)
		for i := range buf[:n] {
			place := at + int64(i)
			if among != nil {
				if len(among) == 0 || among[0] != place {
					continue
				}
				among = among[1:]
			}
			e, err := P(&buf[i]).event()
			if err != nil {
				return nil, err
			}
			if !beyond(whole, e.ID) && part.Matches(&e) {
				out = append(out, place)
			}
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errs.As(errs.Internal, err, "it is damaged")
		}
	}
	return out, nil
}

// rows reads whole rows by their numbers, which rise, in the order of the filter: block by block, so that rows that lie close
// together are read at once.
func rows(opened *parquet.File, places []int64, f *event.Filter, most int) ([]event.Event, error) {
	r := parquet.NewGenericReader[row](opened)
	defer r.Close() //nolint:errcheck // only read from
	var out []event.Event
	buf := make([]row, readRows)
	for len(places) > 0 && len(out) < most {
		var block []int64
		block, places = next(places, f.Ascending)
		if err := r.SeekToRow(block[0]); err != nil {
			return nil, errs.As(errs.Internal, err, "it is damaged")
		}
		want := int(block[len(block)-1]-block[0]) + 1
		for got := 0; got < want; {
			n, err := r.Read(buf[got:want])
			if got += n; err != nil && got < want {
				return nil, errs.As(errs.Internal, err, "it is damaged")
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

// next takes the numbers that lie within one block from the front or, in descending order, from the back.
func next(places []int64, ascending bool) (block, rest []int64) {
	if ascending {
		n := 1
		for n < len(places) && places[n]-places[0] < readRows {
			n++
		}
		return places[:n], places[n:]
	}
	last := len(places) - 1
	n := last
	for n > 0 && places[last]-places[n-1] < readRows {
		n--
	}
	return places[n:], places[:n]
}

var _ event.Lake = (*Lake)(nil)
