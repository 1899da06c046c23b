package event

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// SourceID is the identifier of a source.
type SourceID string

// The states of a source.
const (
	Active = "active"
	Paused = "paused" // what it sends is refused
)

// Source is something that sends events of one kind of log.
type Source struct {
	ID        SourceID
	Ref       string // "SRC-3"
	Name      string
	Log       string
	State     string
	Edit      int           // grows with every change
	TokenHint string        // the last characters of its token
	Silent    time.Duration // after how long without an event it is silent; 0 is what is usual for it
	PerSecond int           // events it may send, over a minute; 0 is DefaultRate
	Made      time.Time
	MadeBy    string
	Tally
}

// DefaultRate is how many events a source may send a second where nothing is set: twice what an organisation of 500 people with
// all its cloud accounts writes on a busy day.
const DefaultRate = 20_000

// Tally is what a source sent.
type Tally struct {
	Events      int64
	Duplicates  int64 // the same record of the vendor again
	Refused     int64 // put aside, because they could not be read
	Late        int64 // arrived more than LateAfter after they happened
	Disordered  int64 // older than one that arrived before
	Ahead       int64 // happened later than they arrived: a clock is wrong
	Undated     int64
	Lost        int64         // came and could not be taken: datagrams without room, messages that were cut off
	LastEvent   time.Time     // the newest time of a record; zero if none
	LastArrival time.Time     // zero if nothing arrived yet
	UsualGap    time.Duration // the longest time between arrivals of late, see wait
	Delay       time.Duration // between event and arrival, of the last batch the smallest; below zero the source's clock is ahead
}

// When an event is late or ahead. Vendors deliver most logs within 15 minutes (CloudTrail's own figure); clocks that are kept by
// NTP are right within seconds.
const (
	LateAfter  = time.Hour
	aheadAfter = 2 * time.Minute
)

// gapMemory is how long a long gap counts as usual: a quiet weekend, twice.
const gapMemory = 14 * 24 * time.Hour

// wait notes a time without arrivals. The usual gap is the longest of late: it fades within gapMemory.
func (t *Tally) wait(now time.Time) {
	if t.LastArrival.IsZero() || !now.After(t.LastArrival) {
		return
	}
	gap := now.Sub(t.LastArrival)
	faded := time.Duration(float64(t.UsualGap) * (1 - min(1, float64(gap)/float64(gapMemory))))
	t.UsualGap = max(gap, faded)
}

// count counts a batch.
func (t *Tally) count(b *batch, events []Event) {
	one := Tally{Duplicates: b.head.Duplicates, Refused: b.head.Refused, Lost: b.head.Lost}
	for i := range events {
		one.see(&events[i], t.LastEvent, i == 0)
	}
	t.add(one, time.UnixMicro(b.head.At).UTC())
}

// add counts a tally that came after.
func (t *Tally) add(later Tally, now time.Time) {
	t.Events += later.Events
	t.Duplicates += later.Duplicates
	t.Refused += later.Refused
	t.Late += later.Late
	t.Disordered += later.Disordered
	t.Ahead += later.Ahead
	t.Undated += later.Undated
	t.Lost += later.Lost
	if later.LastEvent.After(t.LastEvent) {
		t.LastEvent = later.LastEvent
	}
	if later.Events > 0 {
		t.wait(now)
		t.LastArrival, t.Delay = now, later.Delay
	}
}

// see counts an event that arrived.
func (t *Tally) see(e *Event, newest time.Time, first bool) {
	t.Events++
	if e.At.IsZero() {
		t.Undated++
		return
	}
	delay := e.Received.Sub(e.At)
	if delay > LateAfter {
		t.Late++
	}
	if delay < -aheadAfter {
		t.Ahead++
	}
	if e.At.Before(newest) || e.At.Before(t.LastEvent) {
		t.Disordered++
	}
	if e.At.After(t.LastEvent) {
		t.LastEvent = e.At
	}
	if first || delay < t.Delay {
		t.Delay = delay
	}
}

// knownAfter is how many events make a source's own rhythm known.
const knownAfter = 100

// SilentAfter is how long the source may send nothing: what is set, or three times its usual gap and never less than a quarter of
// an hour. It is 0 as long as its rhythm is not known.
func (s *Source) SilentAfter() time.Duration {
	if s.Silent > 0 {
		return s.Silent
	}
	if s.Events < knownAfter {
		return 0
	}
	return max(3*s.UsualGap, 15*time.Minute)
}

// settles is how old a source is before its own rhythm is believed: a week has a night, and a weekend.
const settles = 8 * 24 * time.Hour

// SilentSince says since when a source is silent; zero if it is not.
func (s *Source) SilentSince(now time.Time) time.Time {
	after := s.SilentAfter()
	last := s.LastArrival
	if last.IsZero() {
		last = s.Made
	}
	if s.State != Active || after == 0 || now.Sub(last) < after || s.Silent == 0 && now.Sub(s.Made) < settles {
		return time.Time{}
	}
	return last
}

// Refused is a record that could not be read, kept byte for byte.
type Refused struct {
	ID     string
	Source SourceID
	Reason string
	Record []byte
	Times  int64 // it came
	First  time.Time
	Last   time.Time
	State  string // Waiting, Taken, or Dismissed
}

// The states of a record that was put aside.
const (
	Waiting   = "waiting"
	Taken     = "taken" // it could be read later, and is an event now
	Dismissed = "dismissed"
)

// RefusedFilter narrows a list of refused records. Zero values do not narrow.
type RefusedFilter struct {
	Source SourceID
	State  string
	IDs    []string
}

// Store keeps sources and what they sent that could not be read. Laws: a token is known by its hash alone; names are unique in an
// organisation; the same record of a source is kept once, and counted.
type Store interface {
	AddSource(ctx context.Context, scope access.Scope, s Source, tokenHash string) (Source, error)
	// SaveSource changes name, state, silence and rate, and, where there is one, the token. A source that was changed meanwhile is a Conflict.
	SaveSource(ctx context.Context, scope access.Scope, s Source, edit int, tokenHash string) error
	Source(ctx context.Context, scope access.ReadScope, idOrRef string) (Source, error)
	Sources(ctx context.Context, scope access.ReadScope) ([]Source, error)
	// SetTally says what a source sent up to where the journal is filed.
	SetTally(ctx context.Context, scope access.Scope, s SourceID, t Tally) error
	Receipts(ctx context.Context, scope access.ReadScope, s SourceID, since time.Time) ([]Receipt, error)
	PutReceipts(ctx context.Context, scope access.Scope, s SourceID, r []Receipt, forget time.Time) error
	Quarantine
	Positions
}

// Quarantine keeps records that could not be read.
type Quarantine interface {
	PutRefused(ctx context.Context, scope access.Scope, r []Refused) error
	// CountRefused counts those that wait.
	CountRefused(ctx context.Context, scope access.ReadScope, s SourceID) (int64, error)
	Refused(ctx context.Context, scope access.ReadScope, f RefusedFilter, q paging.Query) (paging.Result[Refused], error)
	RefusedRecord(ctx context.Context, scope access.ReadScope, id string) (Refused, error)
	SetRefused(ctx context.Context, scope access.Scope, ids []string, state string) (int64, error)
}

// Sources is the use cases of sources.
type Sources struct {
	Store   Store
	Links   Links
	Numbers Numbers
	Days    DayStore
	Tx      access.Tx
	Ledger  access.Recorder
	// Forget is told when a token or a state changed, so that what is remembered of it is read again. It may be nil.
	Forget func(SourceID)
	// Live is a source with what arrived and is not filed yet. It may be nil: where nothing is taken, everything is filed.
	Live func(Source) Source
}

// NewSource is what is said of a source when it is made.
type NewSource struct {
	Name   string
	Log    string
	Silent time.Duration
	Rate   int
}

const (
	maxName   = 100
	maxSilent = 90 * 24 * time.Hour
	maxRate   = 1_000_000
	tokenPart = 52 // characters of 5 bits: 260 bits
)

// tokenPrefix makes a token that leaked recognisable to scanners.
const tokenPrefix = "tmki_"

// HashToken is what is kept of a token. It is random and long, so that a plain hash is enough.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (n *NewSource) check() error {
	n.Name = strings.TrimSpace(n.Name)
	if _, err := mappingOf(n.Log); err != nil {
		return err
	}
	return checkSource(n.Name, n.Silent, n.Rate)
}

func checkSource(name string, silent time.Duration, rate int) error {
	switch {
	case name == "" || utf8.RuneCountInString(name) > maxName:
		return errs.New(errs.Invalid, "a source needs a name of at most %d characters", maxName).At("name").WithHint("Say what it watches: AWS production, Okta.")
	case silent < 0 || silent > maxSilent || silent > 0 && silent < time.Minute:
		return errs.New(errs.Invalid, "the time without events must be between a minute and 90 days, or nothing for what is usual").At("silent")
	case rate < 0 || rate > maxRate:
		return errs.New(errs.Invalid, "the rate must be between 1 and %d events a second, or nothing for %d", maxRate, DefaultRate).At("rate")
	}
	return nil
}

// Add makes a source. The token is told once.
func (s *Sources) Add(ctx context.Context, scope access.Scope, now time.Time, n NewSource) (Source, string, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Source{}, "", err
	}
	if err := n.check(); err != nil {
		return Source{}, "", err
	}
	token := tokenPrefix + id.Secret(tokenPart)
	x := Source{ID: SourceID(id.New("src", now)), Name: n.Name, Log: n.Log, State: Active, Edit: 1, TokenHint: hint(token), Silent: n.Silent, PerSecond: n.Rate, Made: now, MadeBy: scope.Actor()}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if x, err = s.Store.AddSource(ctx, scope, x, HashToken(token)); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "event.source.added", x.Ref, map[string]any{"source": string(x.ID), "name": x.Name, "log": x.Log})
		return err
	})
	return x, token, err
}

func hint(token string) string { return token[len(token)-4:] }

// Change sets name, state, silence and rate of a source.
func (s *Sources) Change(ctx context.Context, scope access.Scope, now time.Time, x Source, edit int) error {
	if err := scope.Require(access.ManageDetection); err != nil {
		return err
	}
	x.Name = strings.TrimSpace(x.Name)
	if err := checkSource(x.Name, x.Silent, x.PerSecond); err != nil {
		return err
	}
	if x.State != Active && x.State != Paused {
		return errs.New(errs.Invalid, "a source is active or paused, not %q", x.State).At("state")
	}
	x.Edit = edit + 1
	return s.save(ctx, scope, now, x, edit, "", "event.source.changed",
		map[string]any{"source": string(x.ID), "name": x.Name, "state": x.State, "silent_seconds": int64(x.Silent / time.Second), "per_second": x.PerSecond})
}

// Rotate gives a source a new token; the old one ends at once. The token is told once.
func (s *Sources) Rotate(ctx context.Context, scope access.Scope, now time.Time, idOrRef string) (Source, string, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Source{}, "", err
	}
	x, err := s.Store.Source(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return x, "", err
	}
	token := tokenPrefix + id.Secret(tokenPart)
	edit := x.Edit
	x.Edit, x.TokenHint = edit+1, hint(token)
	return x, token, s.save(ctx, scope, now, x, edit, HashToken(token), "event.source.token", map[string]any{"source": string(x.ID), "hint": x.TokenHint})
}

// Revoke takes the token of a source away: it sends nothing until it gets a new one.
func (s *Sources) Revoke(ctx context.Context, scope access.Scope, now time.Time, idOrRef string) (Source, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Source{}, err
	}
	x, err := s.Store.Source(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return x, err
	}
	if x.TokenHint == "" {
		return x, errs.New(errs.Conflict, "%s has no token", x.Ref).WithHint("Issue one when it is to send again.")
	}
	edit := x.Edit
	x.Edit, x.TokenHint = edit+1, ""
	// The hash of a token that nobody was told: nothing that is sent has it.
	return x, s.save(ctx, scope, now, x, edit, HashToken(tokenPrefix+id.Secret(tokenPart)), "event.source.revoked", map[string]any{"source": string(x.ID)})
}

func (s *Sources) save(ctx context.Context, scope access.Scope, now time.Time, x Source, edit int, hash, kind string, said map[string]any) error {
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.SaveSource(ctx, scope, x, edit, hash); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, kind, x.Ref, said)
		return err
	})
	if err == nil && s.Forget != nil {
		s.Forget(x.ID)
	}
	return err
}

// List lists the sources of an organisation, the oldest first.
func (s *Sources) List(ctx context.Context, scope access.ReadScope) ([]Source, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	all, err := s.Store.Sources(ctx, scope)
	for i := range all {
		all[i] = s.live(all[i])
	}
	return all, err
}

func (s *Sources) live(x Source) Source {
	if s.Live == nil {
		return x
	}
	return s.Live(x)
}

// Source reads one source.
func (s *Sources) Source(ctx context.Context, scope access.ReadScope, idOrRef string) (Source, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Source{}, err
	}
	x, err := s.Store.Source(ctx, scope, idOrRef)
	if err != nil {
		return x, err
	}
	return s.live(x), nil
}

// RefusedRecord reads one record that could not be read.
func (s *Sources) RefusedRecord(ctx context.Context, scope access.ReadScope, id string) (Refused, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Refused{}, err
	}
	return s.Store.RefusedRecord(ctx, scope, id)
}

// Refused lists records that could not be read.
func (s *Sources) Refused(ctx context.Context, scope access.ReadScope, f RefusedFilter, q paging.Query) (paging.Result[Refused], error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return paging.Result[Refused]{}, err
	}
	return s.Store.Refused(ctx, scope, f, q)
}

// Dismiss says of refused records that nothing is to be done. They stay.
func (s *Sources) Dismiss(ctx context.Context, scope access.Scope, now time.Time, ids []string, why string) (n int64, err error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return 0, err
	}
	if why = strings.TrimSpace(why); why == "" || utf8.RuneCountInString(why) > 500 {
		return 0, errs.New(errs.Invalid, "say in at most 500 characters why nothing is to be done").At("why")
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if n, err = s.Store.SetRefused(ctx, scope, ids, Dismissed); err != nil || n == 0 {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "event.refused.dismissed", "", map[string]any{"records": ids, "why": why})
		return err
	})
	return n, err
}
