package event

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxTargets bounds what one event may name; a vendor's batch call names at most 1,000.
const maxTargets = 1000

var records = sync.Pool{New: func() any { return new(record) }}

// Normalise brings a record of a log into the normal form. The record stays as it is, byte for byte, as Raw: the caller gives
// the bytes away and must not change them any more. A record that two programs could
// read differently (names twice in one object, broken text), that is too long or too deep, or that is no JSON object, is refused
// with the reason, for the caller to put aside. Source and ID are the caller's to fill.
func Normalise(log string, raw []byte, received time.Time) (Event, error) {
	m, err := mappingOf(log)
	if err != nil {
		return Event{}, err
	}
	r, ok := records.Get().(*record)
	if !ok {
		return Event{}, errs.New(errs.Internal, "the pool of readers holds something else")
	}
	defer func() {
		if r.b, r.s = nil, ""; cap(r.nodes) <= 1<<14 { // a giant is not kept for the small ones
			records.Put(r)
		}
	}()
	if err := r.read(raw); err != nil {
		return Event{}, err
	}
	e := Event{Log: m.Log, Raw: raw, Received: received.UTC()}
	m.fill(&e, r)
	return e, nil
}

func (m *mapping) fill(e *Event, r *record) {
	e.At = m.At.instant(r)
	e.Upstream = m.Upstream.text(r, 0)
	e.Action = m.Action.text(r, 0)
	e.Actor.ID = m.Actor.ID.text(r, 0)
	e.Actor.Name = m.Actor.Name.text(r, 0)
	e.Actor.Kind = ActorKind(pick(m.Actor.Kind, r))
	e.Session = named(m.Session.text(r, 0))
	e.Credential = named(m.Credential.text(r, 0))
	e.Host = m.Host.text(r, 0)
	e.Process = m.Process.text(r, 0)
	e.Parent = m.Parent.text(r, 0)
	e.From.IP = m.From.IP.address(r)
	if c := m.From.Country.text(r, 0); c != "" {
		e.From.Country = country(c)
	}
	e.From.City = m.From.City.text(r, 0)
	if n, err := strconv.ParseUint(m.From.ASN.text(r, 0), 10, 32); err == nil {
		e.From.ASN = uint32(n)
	}
	e.From.UserAgent = m.From.Agent.text(r, 0)
	if n, err := strconv.ParseInt(m.Sequence.Number.text(r, 0), 10, 64); err == nil && n > 0 {
		e.Number, e.Stream = n, m.Sequence.Stream.text(r, 0)
	}
	if e.Status = Status(pick(m.Status, r)); e.Status == Failure {
		e.Reason = m.Reason.text(r, 0)
	}
	rules := m.candidates(e.Action)
	for _, a := range rules {
		a.apply(e, r)
	}
	e.complete()
	for _, a := range rules {
		if a.condition.holds(r, 0) {
			for i := range a.Targets {
				a.Targets[i].add(e, r)
			}
		}
	}
	for i := range m.Targets {
		m.Targets[i].add(e, r)
	}
}

func (a *actionRule) apply(e *Event, r *record) {
	if !a.condition.holds(r, 0) {
		return
	}
	if e.Class == Other { // the first rule that knows the class decides
		e.Class, e.Activity, e.Effect, e.Weight = a.class, a.activity, a.effect, a.weight
	}
	for _, c := range a.Issues {
		for i := range c {
			if !c[i].condition.holds(r, 0) {
				continue
			}
			if t := named(c[i].template.text(r, 0)); t != "" && !slices.Contains(e.Issued, t) {
				e.Issued = append(e.Issued, t)
				break
			}
		}
	}
}

// named is the name of a session or credential; nothing where the vendor writes a word that says there is none. Such a word would link
// events that have nothing to do with each other: Okta's session of who did not get in is "unknown".
func named(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "unknown", "none", "null", "-":
		return ""
	}
	return s
}

// complete says what follows from what is known: the weight and the activity of an effect.
func (e *Event) complete() {
	if e.Weight == WeightUnknown {
		switch e.Effect {
		case Reads:
			e.Weight = WeightRead
		case Creates, Changes, Deletes:
			e.Weight = WeightWrite
		}
	}
	if e.Activity != 0 {
		return
	}
	switch e.Class {
	case APIActivity, EntityChange, WebResource, FileActivity:
		switch e.Effect {
		case Creates:
			e.Activity = 1
		case Reads:
			e.Activity = 2
		case Changes:
			e.Activity = 3
		case Deletes:
			e.Activity = 4
		}
	}
}

func (t *targetRule) add(e *Event, r *record) {
	if t.each == nil {
		t.addOne(e, r, 0)
		return
	}
	r.each(t.each.steps, 0, func(n int) { t.addOne(e, r, n) })
}

func (t *targetRule) addOne(e *Event, r *record, at int) {
	if len(e.Targets) >= maxTargets || !t.condition.holds(r, at) {
		return
	}
	x := Target{Kind: t.kind.text(r, at), ID: t.ID.text(r, at), Name: t.Name.text(r, at), Effect: t.effect}
	if x.Kind == "" || x.ID == "" && x.Name == "" {
		return
	}
	if x.Effect == EffectUnknown {
		x.Effect = e.Effect
	}
	for _, have := range e.Targets {
		if have.Kind == x.Kind && have.ID == x.ID && (have.Name == x.Name || x.ID != "") {
			return
		}
	}
	e.Targets = append(e.Targets, x)
}

func pick(words []word, r *record) uint8 {
	for i := range words {
		if words[i].condition.holds(r, 0) {
			return words[i].value
		}
	}
	return 0
}

func (c choices) text(r *record, at int) string {
	for i := range c {
		if len(c[i].condition) > 0 && !c[i].condition.holds(r, at) {
			continue
		}
		if t := c[i].template.text(r, at); t != "" {
			return t
		}
	}
	return ""
}

func (c choices) address(r *record) string {
	for i := range c {
		if t := address(c[i].template.text(r, 0)); t != "" {
			return t
		}
	}
	return ""
}

func (c choices) instant(r *record) time.Time {
	for i := range c {
		if t := instant(c[i].template.text(r, 0)); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// layouts are the ways instants are written in logs; those without a zone are in UTC, as their vendors say.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05 MST"}

// instant reads a time: text, or a number of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size. The
// years it allows are those a clock can honestly show.
func instant(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	if strings.IndexByte(text, '-') <= 0 && strings.IndexByte(text, ':') < 0 {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || x <= 0 || x >= math.MaxInt64 {
			return time.Time{}
		}
		return plausible(numbered(text, x))
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, text); err == nil {
			return plausible(t.UTC())
		}
	}
	return time.Time{}
}

func numbered(text string, x float64) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n = int64(x)
	}
	switch {
	case x < 1e11:
		return time.Unix(n, int64(math.Round((x-math.Floor(x))*1e6))*1e3).UTC()
	case x < 1e14:
		return time.UnixMilli(n).UTC()
	case x < 1e17:
		return time.UnixMicro(n).UTC()
	default:
		return time.Unix(0, n).UTC()
	}
}

func plausible(t time.Time) time.Time {
	if t.Year() < 1971 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.Truncate(time.Microsecond)
}
