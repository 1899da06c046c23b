package event

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Bounds of one request.
const (
	MaxBody    = 16 << 20 // as sent
	maxUnpack  = 16 << 20 // of all its records; as much again may lie between them, or be too long
	maxKey     = 200
	atOnce     = 4  // requests of one source at the same time
	allAtOnce  = 16 // of all sources
	placeWait  = 2 * time.Second
	maxRefused = 10_000 // records of a source that wait to be looked at
	window     = 50_000 // records of a source among which a duplicate is known, at least
	maxReceipt = 20_000 // keys of a source that are remembered
	receiptAge = 24 * time.Hour
)

// DiskFull is the field of the error that says that the disk, not the sender, is what is at its limit.
const DiskFull = "disk"

// TooMuch is the field of the error that says that a batch is too large to be taken at once.
const TooMuch = "body"

// Past gives what a source sent last and was filed: the newest first, about so many, as far as that can be told quickly.
type Past interface {
	Recent(ctx context.Context, scope access.ReadScope, source SourceID, n int) ([]Event, error)
}

// Keys finds the source of a token. It is the installation's side of the store: the token says which organisation it is.
type Keys interface {
	SourceByToken(ctx context.Context, tokenHash string) (access.OrgID, Source, error)
}

// Busy is the cause of an error that says to come back later.
type Busy struct{ After time.Duration }

func (b *Busy) Error() string { return "try again in " + b.After.String() }

// BusyFor is an error that says to come back later; nothing was kept.
func BusyFor(after time.Duration, what string) error { return busy(after, "%s", what) }

func busy(after time.Duration, format string, args ...any) error {
	e := errs.New(errs.Exhausted, format, args...)
	e.Err = &Busy{max(after, time.Second)}
	return e.WithHint("Send the same batch again later, under the same Idempotency-Key. Nothing of it was kept.")
}

// Intake takes events from senders. Its memory of what was sent lately is made again from the journal when it opens.
type Intake struct {
	Journal  Journal
	Store    Store
	Keys     Keys
	Segments Segments
	Access   *access.Service
	Past     Past    // may be nil: then only what is not filed is known again after a start
	Recent   *Recent // may be nil: then followers read records once more

	mu    sync.Mutex
	feeds map[SourceID]*feed
	known map[string]sighting // by hash of token
	all   chan struct{}
	open  bool
}

// sighting is the source of a token, read some seconds ago: a token that was taken away ends by then, wherever that was done.
type sighting struct {
	feed *feed
	at   time.Time
}

const sightingAge = 5 * time.Second

// feed is what is remembered of a source.
type feed struct {
	org    access.OrgID
	scope  access.Scope
	active chan struct{}

	mu        sync.Mutex
	source    Source // with what is not filed yet
	recent    [2]map[[16]byte]*flight
	receipts  map[string]*Receipt // nil while the batch is under way
	order     []string            // keys, the oldest first
	tokens    float64             // events that may come now
	filled    time.Time
	positions map[string]Position // of files, since the start and of what is not filed
}

// flight is a batch on its way to the disk. Whoever sends the same record again is told that it is known only when it is kept.
type flight struct {
	done chan struct{}
	kept bool
}

// settled is the batch of what was kept before the program started.
var settled = func() *flight {
	f := &flight{done: make(chan struct{}), kept: true}
	close(f.done)
	return f
}()

// Open reads what the journal holds and is not filed: which records and keys came lately, and what was counted.
func (in *Intake) Open(ctx context.Context, now time.Time) error {
	in.feeds, in.known, in.all = map[SourceID]*feed{}, map[string]sighting{}, make(chan struct{}, allAtOnce)
	from, err := in.Segments.Filed(ctx)
	if err != nil {
		return err
	}
	if err := follow(in.Journal, from, readMost, func(some []placed) error {
		readAll(some)
		for i := range some {
			if err := in.replay(ctx, &some[i], now); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, f := range in.feeds {
		if len(f.recent[1]) > 0 {
			continue // what is not filed yet is memory enough
		}
		if err := in.recall(ctx, f); err != nil {
			return err
		}
	}
	in.open = true
	return nil
}

// replay remembers a batch that is not filed yet.
func (in *Intake) replay(ctx context.Context, p *placed, now time.Time) error {
	b := &p.batch
	f, err := in.feedOf(ctx, b.head.Org, b.head.Source, now)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range p.events {
		f.mark(&p.events[i], settled)
	}
	f.source.Tally.count(b, p.events)
	f.place(b.head.File)
	if b.head.Key != "" {
		r := b.receipt(p.pos)
		f.remember(&r)
	}
	return nil
}

// placed is a batch of the journal and where it lies.
type placed struct {
	batch  batch
	pos    int64
	events []Event // once readAll was there
}

// readAll reads the records of batches, on all processors: nobody is answered before the program has done so at its start.
func readAll(some []placed) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(len(some), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(some); i = int(next.Add(1)) - 1 {
				some[i].events = some[i].batch.events(some[i].pos)
			}
		})
	}
	wg.Wait()
}

// follow reads the batches of a journal from a position on, some at a time.
func follow(j Journal, from int64, most int, do func(some []placed) error) error {
	first, end := j.Bounds()
	for from = max(from, first); from < end; {
		entries, err := j.Read(from, most)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		some := make([]placed, len(entries))
		for i, x := range entries {
			if some[i].batch, err = unmarshalBatch(x.Payload); err != nil {
				return err
			}
			some[i].pos, from = x.Pos, x.Next
		}
		if err := do(some); err != nil {
			return err
		}
	}
	return nil
}

// readMost is how much of the journal is held at once.
const readMost = 8 << 20

func (in *Intake) feedOf(ctx context.Context, org access.OrgID, source SourceID, now time.Time) (*feed, error) {
	if f := in.feeds[source]; f != nil {
		return f, nil
	}
	scope := in.Access.System(org, "intake")
	x, err := in.Store.Source(ctx, scope.ReadScope, string(source))
	if err != nil {
		return nil, err
	}
	receipts, err := in.Store.Receipts(ctx, scope.ReadScope, source, now.Add(-receiptAge))
	if err != nil {
		return nil, err
	}
	f := &feed{org: org, scope: scope, source: x, active: make(chan struct{}, atOnce), receipts: map[string]*Receipt{}}
	f.recent[0], f.recent[1] = map[[16]byte]*flight{}, map[[16]byte]*flight{}
	for i := range receipts {
		f.remember(&receipts[i])
	}
	if in.open { // Open asks once it knows whether that is needed
		if err := in.recall(ctx, f); err != nil {
			return nil, err
		}
	}
	in.feeds[source] = f
	return f, nil
}

// recall remembers what was filed last, as older than all that is remembered.
func (in *Intake) recall(ctx context.Context, f *feed) error {
	if in.Past == nil {
		return nil
	}
	past, err := in.Past.Recent(ctx, f.scope.ReadScope, f.source.ID, window)
	if err != nil {
		return err
	}
	newer := f.recent[0]
	f.recent[0] = map[[16]byte]*flight{}
	for i := range past {
		f.mark(&past[i], settled)
	}
	f.recent[0], f.recent[1] = newer, f.recent[0]
	return nil
}

// Forget has a source read again, after its token or its state changed.
func (in *Intake) Forget(source SourceID) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for hash, x := range in.known {
		if x.feed.source.ID == source {
			delete(in.known, hash)
		}
	}
}

// sender is the feed of a token.
func (in *Intake) sender(ctx context.Context, token string, now time.Time) (*feed, error) {
	hash := HashToken(token)
	in.mu.Lock()
	defer in.mu.Unlock()
	if x, ok := in.known[hash]; ok && now.Sub(x.at) < sightingAge {
		return x.feed, nil
	}
	delete(in.known, hash)
	org, x, err := in.Keys.SourceByToken(ctx, hash)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.Denied, "the token is of no source").WithHint("tickmark event source add makes a source and tells its token.")
	}
	if err != nil {
		return nil, err
	}
	f, err := in.feedOf(ctx, org, x.ID, now)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.source.State, f.source.PerSecond, f.source.Name, f.source.Silent = x.State, x.PerSecond, x.Name, x.Silent
	f.mu.Unlock()
	if x.State == Active {
		in.known[hash] = sighting{f, now}
	}
	return f, nil
}

// Known says whether a token is of a source that may send, for a door that has work to do before it can ask for more.
func (in *Intake) Known(ctx context.Context, token string, now time.Time) error {
	f, err := in.sender(ctx, token, now)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.source.mayCome()
}

// mayCome says no of a source that is paused.
func (s *Source) mayCome() error {
	if s.State != Active {
		return errs.New(errs.Denied, "the source %s is paused", s.Name).WithHint("Set it active, then send again.")
	}
	return nil
}

// Accept takes a batch from whoever has the token of a source: JSON lines, a JSON array or CloudTrail's object; plain, gzip or
// zstd. It returns after the disk has everything: what is good in the journal, what cannot be read put aside. With a key, the same
// batch sent again gets the same answer; without one, records of the vendor that came lately are known by their identifiers.
func (in *Intake) Accept(ctx context.Context, token, key string, body io.Reader, now time.Time) (Receipt, error) {
	f, err := in.sender(ctx, token, now)
	if err != nil {
		return Receipt{}, err
	}
	return in.take(ctx, f, Lot{Key: key, Body: body}, now)
}

// AcceptAs is Accept for those who act for the organisation itself: an import, a folder.
func (in *Intake) AcceptAs(ctx context.Context, scope access.Scope, source, key string, body io.Reader, now time.Time) (Receipt, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Receipt{}, err
	}
	return in.AcceptLot(ctx, scope, source, Lot{Key: key, Body: body}, now)
}

// Lot is what is taken at once, with what is known about what did not come along.
type Lot struct {
	Key  string // by which the same lot is known again; may be empty
	Body io.Reader
	Lost int64     // messages that came before it and could not be taken
	File *Position // up to where the file is read with it; nil if it is from none
}

// AcceptLot takes what one of the program's own ways in brought: a listener for syslog, a file that is followed.
func (in *Intake) AcceptLot(ctx context.Context, scope access.Scope, source string, lot Lot, now time.Time) (Receipt, error) {
	if err := scope.Require(access.RunDetection); err != nil {
		return Receipt{}, err
	}
	x, err := in.Store.Source(ctx, scope.ReadScope, source)
	if err != nil {
		return Receipt{}, err
	}
	in.mu.Lock()
	f, err := in.feedOf(ctx, scope.Org(), x.ID, now)
	in.mu.Unlock()
	if err != nil {
		return Receipt{}, err
	}
	return in.take(ctx, f, lot, now)
}

func (in *Intake) take(ctx context.Context, f *feed, lot Lot, now time.Time) (Receipt, error) {
	now = now.UTC().Truncate(time.Microsecond) // as the journal has it
	key := lot.Key
	if len(key) > maxKey {
		return Receipt{}, errs.New(errs.Invalid, "the key of the batch is longer than %d bytes", maxKey).At("Idempotency-Key")
	}
	f.mu.Lock()
	name, err := f.source.Name, f.source.mayCome()
	f.mu.Unlock()
	if err != nil {
		return Receipt{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, placeWait)
	defer cancel()
	for _, places := range []chan struct{}{f.active, in.all} {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		case <-waiting.Done():
			return Receipt{}, busy(time.Second, "too many batches of %s at once", name)
		}
	}
	records, refused, sum, err := read(f.source.Log, lot.Body, now)
	if errors.Is(err, errEmpty) && lot.File != nil {
		err = nil // nothing, up to a place: that is to be remembered too
	}
	if err != nil {
		return Receipt{}, errs.Wrap(err, "the batch of %s", name)
	}
	if key == "" {
		return in.keep(ctx, f, head{Lost: lot.Lost, File: lot.File}, records, refused, now)
	}
	if before, err := f.begin(key, sum, now); before != nil || err != nil {
		r := *cmpOr(before)
		r.Again = err == nil
		return r, err
	}
	r, err := in.keep(ctx, f, head{Key: key, Body: sum, Lost: lot.Lost, File: lot.File}, records, refused, now)
	f.end(key, r, err)
	return r, err
}

func cmpOr(r *Receipt) *Receipt {
	if r == nil {
		return &Receipt{}
	}
	return r
}

var errEmpty = errs.New(errs.Invalid, "it holds no record").WithHint("Send JSON lines, a JSON array, or CloudTrail's object with Records.")

// read reads all of a body: the records in the normal form, and those that cannot be read, with the reasons.
func read(log string, body io.Reader, now time.Time) (events []Event, refused []Refused, sum string, err error) {
	h := sha256.New()
	limited := &io.LimitedReader{R: body, N: MaxBody + 1}
	size := 0
	err = eachWithin(io.TeeReader(limited, h), 2*maxUnpack, func(record []byte, fault string) error {
		if size += len(record); size > maxUnpack || len(events)+len(refused) >= maxRecords {
			return errs.New(errs.Invalid, "it holds more than %d MiB or %d records", maxUnpack>>20, maxRecords).At(TooMuch).WithHint("Send it in several batches.")
		}
		if fault == "" {
			e, err := Normalise(log, record, now)
			if err == nil {
				events = append(events, e)
				return nil
			}
			fault = err.Error()
		}
		refused = append(refused, Refused{ID: id.New("rec", now), Reason: fault, Record: record, Times: 1, First: now, Last: now, State: Waiting})
		return nil
	})
	if limited.N <= 0 {
		return nil, nil, "", errs.New(errs.Invalid, "it is larger than %d MiB", MaxBody>>20).At(TooMuch).WithHint("Send it in several batches.")
	}
	if err != nil && errs.KindOf(err) == errs.Internal { // what reading packed or cut off bodies says
		err = errs.As(errs.Invalid, err, "it could not be read to its end")
	}
	if err == nil && len(events)+len(refused) == 0 {
		err = errEmpty
	}
	return events, refused, hex.EncodeToString(h.Sum(nil)), err
}

// keep puts the good into the journal and the bad aside.
func (in *Intake) keep(ctx context.Context, f *feed, h head, events []Event, refused []Refused, now time.Time) (r Receipt, err error) {
	own := &flight{done: make(chan struct{})}
	fresh, marks, others, err := f.admit(events, own, now)
	if err != nil {
		return Receipt{}, err
	}
	defer func() {
		if own.kept = err == nil; !own.kept {
			f.release(marks)
		}
		close(own.done)
	}()
	for _, x := range others {
		if <-x.done; !x.kept {
			return Receipt{}, busy(time.Second, "a batch of %s with the same records could not be kept", f.source.Name)
		}
	}
	if err := in.putAside(ctx, f, refused); err != nil {
		return Receipt{}, err
	}
	h.V, h.Org, h.Source, h.Log, h.At = batchVersion, f.org, f.source.ID, f.source.Log, now.UnixMicro()
	h.Duplicates, h.Refused = int64(len(events)-len(fresh)), int64(len(refused))
	b := batch{head: h}
	for i := range fresh {
		b.records = append(b.records, fresh[i].Raw)
	}
	payload, err := b.marshal()
	if err != nil {
		return Receipt{}, err
	}
	pos, err := in.Journal.Append(ctx, payload)
	if err != nil {
		return Receipt{}, err
	}
	for i := range fresh {
		fresh[i].ID, fresh[i].Source = idOf(pos, i), string(f.source.ID)
	}
	in.Recent.put(pos, fresh)
	f.mu.Lock()
	f.source.Tally.count(&b, fresh)
	f.place(h.File)
	f.mu.Unlock()
	return b.receipt(pos), nil
}

func (in *Intake) putAside(ctx context.Context, f *feed, refused []Refused) error {
	if len(refused) == 0 {
		return nil
	}
	n, err := in.Store.CountRefused(ctx, f.scope.ReadScope, f.source.ID)
	if err != nil {
		return err
	}
	if n+int64(len(refused)) > maxRefused {
		return busy(time.Minute, "%d records of %s that cannot be read wait to be looked at; %d more are not taken: %s", n, f.source.Name, len(refused), refused[0].Reason)
	}
	for i := range refused {
		refused[i].Source = f.source.ID
	}
	return in.Store.PutRefused(ctx, f.scope, refused)
}

// admit leaves out what came lately, and takes the rest from what the source may send. What it notes is released if the batch is
// not kept.
func (f *feed) admit(events []Event, own *flight, now time.Time) (fresh []Event, marks [][16]byte, others []*flight, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rate := float64(f.source.PerSecond)
	if rate == 0 {
		rate = DefaultRate
	}
	if f.filled.IsZero() {
		f.tokens = rate * 60
	} else {
		f.tokens = min(rate*60, f.tokens+max(0, now.Sub(f.filled).Seconds())*rate)
	}
	f.filled = now
	if need := float64(len(events)); f.tokens < min(need, rate*60) {
		return nil, nil, nil, busy(time.Duration((min(need, rate*60)-f.tokens)/rate*float64(time.Second)), "%s sends more than %.0f events a second", f.source.Name, rate)
	}
	f.tokens -= float64(len(events))
	fresh = events[:0:0]
	for i := range events {
		mark, known := f.mark(&events[i], own)
		if known != nil {
			if known != own && !slices.Contains(others, known) {
				others = append(others, known)
			}
			continue
		}
		if mark != nil {
			marks = append(marks, *mark)
		}
		fresh = append(fresh, events[i])
	}
	return fresh, marks, others, nil
}

// mark notes a record of the vendor, and gives the batch in which the same bytes under the same identifier came lately.
func (f *feed) mark(e *Event, own *flight) (*[16]byte, *flight) {
	if e.Upstream == "" {
		return nil, nil
	}
	h := sha256.New()
	h.Write([]byte(e.Upstream))
	h.Write([]byte{0})
	h.Write(e.Raw)
	mark := [16]byte(h.Sum(nil)[:16])
	for _, seen := range f.recent {
		if x := seen[mark]; x != nil {
			return nil, x
		}
	}
	if len(f.recent[0]) >= window {
		f.recent[0], f.recent[1] = map[[16]byte]*flight{}, f.recent[0]
	}
	f.recent[0][mark] = own
	return &mark, nil
}

func (f *feed) release(marks [][16]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range marks {
		delete(f.recent[0], m)
		delete(f.recent[1], m)
	}
}

// begin is what was answered under a key, or nothing if the batch is new.
func (f *feed) begin(key, sum string, now time.Time) (*Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, there := f.receipts[key]
	switch {
	case there && r == nil:
		return nil, busy(time.Second, "a batch under the key %q is under way", key)
	case there && now.Sub(r.At) < receiptAge:
		if r.Body != sum {
			return nil, errs.New(errs.Conflict, "another batch was sent under the key %q", key).At("Idempotency-Key").WithHint("Use a new key for each batch.")
		}
		return r, nil
	}
	f.receipts[key] = nil
	return nil, nil //nolint:nilnil // nothing was answered yet, and that is no fault
}

func (f *feed) end(key string, r Receipt, err error) {
	f.mu.Lock()
	delete(f.receipts, key)
	f.mu.Unlock()
	if err == nil {
		f.remember(&r)
	}
}

func (f *feed) remember(r *Receipt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.receipts[r.Key] = r
	f.order = append(f.order, r.Key)
	if len(f.order) > maxReceipt {
		delete(f.receipts, f.order[0])
		f.order = f.order[1:]
	}
}

// Live is a source with what arrived and is not filed yet.
func (in *Intake) Live(s Source) Source {
	in.mu.Lock()
	f := in.feeds[s.ID]
	in.mu.Unlock()
	if f == nil {
		return s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Tally = f.source.Tally
	return s
}

// Retry reads records that were put aside again, after a mapping was mended; those that can be read now become events.
func (in *Intake) Retry(ctx context.Context, scope access.Scope, now time.Time, refused []Refused) (taken int64, err error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return 0, err
	}
	for _, r := range refused {
		if r.State != Waiting {
			continue
		}
		x, err := in.Store.Source(ctx, scope.ReadScope, string(r.Source))
		if err != nil {
			return taken, err
		}
		if _, err := Normalise(x.Log, bytes.Clone(r.Record), now); err != nil {
			continue // still not
		}
		// The key makes a retry that was cut off after the journal had the record the same retry again.
		if _, err := in.AcceptAs(ctx, scope, string(r.Source), "retry "+r.ID, bytes.NewReader(append(bytes.Clone(r.Record), '\n')), now); err != nil {
			return taken, err
		}
		n, err := in.Store.SetRefused(ctx, scope, []string{r.ID}, Taken)
		if err != nil {
			return taken, err
		}
		taken += n
	}
	return taken, nil
}

// RetryAfter is how long a sender should wait after an error; 0 if the error is not about that.
func RetryAfter(err error) time.Duration {
	var b *Busy
	if errors.As(err, &b) {
		return b.After
	}
	return 0
}
