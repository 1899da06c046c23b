package watch

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
)

// Remembered is how far back correlations look at most. What began longer ago is not counted with what comes now.
const Remembered = 24 * time.Hour

// maxSeen bounds the events whose identifiers are kept for correlations.
const maxSeen = 1 << 17

// Tally says what was looked at.
type Tally struct {
	Events   int64
	Unknown  int64 // of logs that no rule is about
	Unread   int64 // that are no JSON object
	Undated  int64 // that match but do not tell when; they are taken to be of when they arrived
	Signals  int64
	Late     int64 // that came too late to be counted with others
	Evicted  int64 // groups of correlations that were forgotten to stay within bounds
	Replayed int64 // looked at again after a restart, only to remember
}

// Watch runs the rules of an engine over events. It is for one goroutine.
type Watch struct {
	engine *sigma.Engine
	own    *pack.Pack
	match  *sigma.Evaluator
	groups *sigma.Correlator
	logs   map[string]int
	seen   []seen // of events that may count in a correlation, by rising number
	number uint64
	tally  Tally
}

type seen struct {
	number               uint64
	fact                 Fact
	source, entity, kind string
}

// New makes one for an engine that was compiled with detect.Options. own describes the rules of the pack; it may be nil.
func New(engine *sigma.Engine, own *pack.Pack) *Watch {
	w := &Watch{engine: engine, own: own, match: engine.Evaluator(), groups: engine.Correlator(sigma.Limits{}), logs: map[string]int{}}
	for _, s := range detect.Sources() {
		if n := engine.Source(s.Name); n >= 0 {
			w.logs[s.Name] = n
		}
	}
	return w
}

// Tally is what was looked at so far.
func (w *Watch) Tally() Tally {
	w.match.Flush()
	stats := w.groups.Stats()
	w.tally.Late, w.tally.Evicted = stats.Late, stats.EvictedGroups
	return w.tally
}

// Observe looks at an event and says what it found. It does not keep the event.
func (w *Watch) Observe(e *event.Event) []Signal {
	w.tally.Events++
	out := w.look(e)
	w.tally.Signals += int64(len(out))
	return out
}

// Replay looks at an event that was looked at before a restart, so that correlations remember it. What it finds was told.
func (w *Watch) Replay(e *event.Event) {
	w.tally.Replayed++
	w.look(e)
}

func (w *Watch) look(e *event.Event) []Signal {
	source, ok := w.logs[e.Log]
	if !ok {
		w.tally.Unknown++
		return nil
	}
	w.number++
	hits, err := w.match.Match(source, e.Raw, e.Received)
	if err != nil {
		w.tally.Unread++ // the intake refuses such records; what an older version let in is counted and told
		return nil
	}
	if len(hits) == 0 {
		return nil
	}
	var out []Signal
	for _, h := range hits {
		if h.Stands {
			out = append(out, w.signature(e, &w.engine.Rules()[h.Rule].Header))
		}
	}
	if e.At.IsZero() {
		w.tally.Undated++
	}
	w.remember(e)
	return append(out, w.correlated(w.groups.Observe(hits, w.number, e.When(), later(e.Received, e.When())))...)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Advance says what time it is, so that windows end when nothing comes any more.
func (w *Watch) Advance(now time.Time) []Signal {
	out := w.correlated(w.groups.Advance(now))
	w.tally.Signals += int64(len(out))
	return out
}

func (w *Watch) signature(e *event.Event, h *sigma.Header) Signal {
	s := Signal{Kind: Signature, Log: e.Log, At: e.When(), Source: e.Source, Events: []Fact{FactOf(e)}, Sentence: Tell(e)}
	describe(&s, h, w.own)
	s.Entity, s.EntityKind = concern(e)
	s.ID = identify(string(Signature), s.Rule, e.ID)
	return s
}

func (w *Watch) remember(e *event.Event) {
	entity, kind := concern(e)
	w.seen = append(w.seen, seen{w.number, FactOf(e), e.Source, entity, kind})
	if len(w.seen) > maxSeen {
		w.seen = slices.Delete(w.seen, 0, maxSeen/4)
	}
}

func (w *Watch) recall(number uint64) (seen, bool) {
	i := sort.Search(len(w.seen), func(i int) bool { return w.seen[i].number >= number })
	if i == len(w.seen) || w.seen[i].number != number {
		return seen{}, false
	}
	return w.seen[i], true
}

func (w *Watch) correlated(alerts []sigma.Alert) []Signal {
	var out []Signal
	for _, a := range alerts {
		if a.Stands {
			out = append(out, w.correlation(a))
		}
	}
	return out
}

func (w *Watch) correlation(a sigma.Alert) Signal {
	s := Signal{Kind: Correlation, At: a.At.UTC()}
	describe(&s, &a.Correlation.Header, w.own)
	var last seen
	actors := map[string]bool{}
	for _, n := range a.Events {
		if x, ok := w.recall(n); ok {
			s.Events = append(s.Events, x.fact)
			actors[x.entity] = true
			last = x
		}
	}
	s.Log, s.Source = last.fact.Log, last.source
	switch {
	case len(actors) == 1 && last.entity != "":
		s.Entity, s.EntityKind = last.entity, last.kind
	case len(a.Group) > 0 && a.Group[0] == last.fact.From:
		s.Entity, s.EntityKind = last.fact.From, event.KeyIP
	case len(a.Group) > 0:
		s.Entity, s.EntityKind = a.Group[0], event.KeyPrincipal
	case last.fact.From != "":
		s.Entity, s.EntityKind = last.fact.From, event.KeyIP
	}
	s.Sentence = count(a, last)
	s.ID = identify(string(Correlation), s.Rule, strings.Join(a.Group, "\x00"), strconv.FormatInt(a.At.UnixMicro(), 10))
	return s
}

// count says a correlation in one sentence.
func count(a sigma.Alert, last seen) string {
	of := strings.Join(a.Group, ", ")
	if of == "" {
		of = "all together"
	}
	text := fmt.Sprintf("%s: %s for %s between %s and %s UTC", a.Correlation.Title, strconv.FormatFloat(a.Value, 'f', -1, 64), of,
		a.From.UTC().Format("2006-01-02 15:04:05"), a.At.UTC().Format("15:04:05"))
	if last.fact.Action != "" {
		text += "; the last was " + last.fact.Action
		if last.fact.From != "" {
			text += " from " + last.fact.From
		}
	}
	return text + "."
}
