package event

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/verify"
)

// Segment is a file of events of one organisation, in the order in which they arrived. It never changes, but that single events may be
// erased from it; Rows and Root are of when it was sealed.
type Segment struct {
	ID       string
	File     string
	First    string // identifiers of its first and last event
	Last     string
	Rows     int64
	Bytes    int64
	RawBytes int64
	From, To time.Time // the earliest and the latest time of an event
	Logs     []string
	SHA256   string
	Root     string // Merkle root over the commitments of its events, in their order, in hex
	Seq      int64  // its entry in the ledger
	Sealed   time.Time
}

// Segments is the list of segments and of where filing stands. It works on all organisations at once and belongs to the sealer;
// what an organisation sees goes through List. Laws: a segment is there when its row is; Filed grows in the same transaction.
type Segments interface {
	Filed(ctx context.Context) (position int64, err error)
	SetFiled(ctx context.Context, position int64) error
	AddSegment(ctx context.Context, scope access.Scope, s Segment) error
	// Segments lists those with events between two instants whose last identifier is after one, in order of arrival. Zero values do not narrow.
	Segments(ctx context.Context, scope access.ReadScope, from, to time.Time, after string) ([]Segment, error)
}

// Files writes segments. Laws: a file is there whole when Commit returned, or not at all; one that was there under the name is replaced.
type Files interface {
	Create(path string) (File, error)
}

// File is a segment that is being written.
type File interface {
	Write(e *Event, salt []byte) error
	Commit() (sha256hex string, bytes int64, err error)
	Abort()
}

// How much is filed at once. A segment of a quarter of an hour keeps the number of files small where little is sent.
const (
	sealAfter = 15 * time.Minute
	sealBytes = 48 << 20 // of the journal
	sealRows  = 400_000
	saltBytes = 16
)

// Sealer files what the journal holds: one segment for each organisation, its Merkle root in the ledger.
type Sealer struct {
	Journal  Journal
	Store    Store
	Days     DayStore
	Segments Segments
	Files    Files
	Access   *access.Service
	Tx       access.Tx
	Ledger   access.Recorder
	Recent   *Recent // may be nil
	Numbers  Numbers // may be nil: then gaps are not looked for

	mu sync.Mutex
}

// Commitment is what the ledger holds of an event: nobody learns from it what was in the record, and whoever has the salt and the
// record can show that it was this one. Without both it says nothing any more, and the ledger still stands.
func Commitment(id string, salt, raw []byte) [32]byte { return verify.EventCommitment(id, salt, raw) }

// part is what one organisation gets of a pass.
type part struct {
	scope    access.Scope
	file     File
	segment  Segment
	leaves   tree
	sources  map[SourceID]*Source
	receipts map[SourceID][]Receipt
	files    map[SourceID]map[string]Position
	forgets  map[SourceID][]string
	numbers  map[SourceID]*numbers
	days     []Day
}

// Seal files what is due, and says how many events it was. all files everything at once. It is safe to run at any time, and after a
// crash at any step: what has no row in the list of segments is filed again from the journal.
func (s *Sealer) Seal(ctx context.Context, now time.Time, all bool) (events int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n, more, err := s.pass(ctx, now, all)
		events += n
		if err != nil || !more {
			return events, err
		}
	}
}

// pass files one portion. more says that another is waiting.
func (s *Sealer) pass(ctx context.Context, now time.Time, all bool) (events int64, more bool, err error) {
	from, err := s.Segments.Filed(ctx)
	if err != nil {
		return 0, false, err
	}
	first, end := s.Journal.Bounds()
	if from = max(from, first); from >= end {
		return 0, false, s.Journal.Trim(from)
	}
	if due, err := s.due(from, end, now); err != nil || !due && !all {
		return 0, false, err
	}
	parts := map[access.OrgID]*part{}
	defer func() {
		for _, p := range parts {
			if p.file != nil {
				p.file.Abort()
			}
		}
	}()
	to := from
	for to < end && to-from < sealBytes && events < sealRows {
		entries, err := s.Journal.Read(to, readMost)
		if err != nil {
			return 0, false, err
		}
		if len(entries) == 0 {
			break
		}
		for _, x := range entries {
			b, err := unmarshalBatch(x.Payload)
			if err == nil {
				err = s.add(ctx, parts, x.Pos, &b)
			}
			if err != nil {
				return 0, false, errs.Wrap(err, "file the intake log at %d", x.Pos)
			}
			events, to = events+int64(len(b.records)), x.Next
		}
	}
	if err := s.commit(ctx, parts, to, now); err != nil {
		return 0, false, err
	}
	return events, to < end, s.Journal.Trim(to)
}

// due says whether enough waits, or the oldest waits long enough.
func (s *Sealer) due(from, end int64, now time.Time) (bool, error) {
	if end-from >= sealBytes {
		return true, nil
	}
	oldest, err := s.Journal.Read(from, 1)
	if err != nil || len(oldest) == 0 {
		return false, err
	}
	b, err := unmarshalBatch(oldest[0].Payload)
	return err == nil && now.Sub(time.UnixMicro(b.head.At)) >= sealAfter, err
}

// add writes the events of a batch into the segment of its organisation.
func (s *Sealer) add(ctx context.Context, parts map[access.OrgID]*part, pos int64, b *batch) error {
	p := parts[b.head.Org]
	if p == nil {
		p = &part{scope: s.Access.System(b.head.Org, "sealing of events"), sources: map[SourceID]*Source{}, receipts: map[SourceID][]Receipt{}, files: map[SourceID]map[string]Position{}, forgets: map[SourceID][]string{}, numbers: map[SourceID]*numbers{}}
		parts[b.head.Org] = p
	}
	x := p.sources[b.head.Source]
	if x == nil {
		found, err := s.Store.Source(ctx, p.scope.ReadScope, string(b.head.Source))
		if err != nil {
			return err
		}
		x = &found
		p.sources[b.head.Source] = x
	}
	events := s.Recent.eventsAt(pos, b)
	before := x.counts()
	x.Tally.count(b, events)
	p.days = spread(p.days, b.head.Source, time.UnixMicro(b.head.At), x.counts().minus(before))
	if err := s.count(ctx, p, b.head.Source, events); err != nil {
		return err
	}
	if b.head.Key != "" {
		p.receipts[b.head.Source] = append(p.receipts[b.head.Source], b.receipt(pos))
	}
	if at := b.head.File; at != nil {
		if p.files[b.head.Source] == nil {
			p.files[b.head.Source] = map[string]Position{}
		}
		if at.Forget != "" {
			forget(p.files[b.head.Source], at.Forget)
			p.forgets[b.head.Source] = append(p.forgets[b.head.Source], at.Forget)
		}
		p.files[b.head.Source][at.Name] = *at
	}
	if len(events) == 0 {
		return nil
	}
	if p.file == nil {
		at := time.UnixMicro(b.head.At).UTC()
		p.segment = Segment{First: events[0].ID, File: fmt.Sprintf("%s/%s/%s.parquet", b.head.Org, at.Format("2006-01-02"), events[0].ID)}
		var err error
		if p.file, err = s.Files.Create(p.segment.File); err != nil {
			return err
		}
	}
	for i := range events {
		if err := p.write(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

// count looks for numbers that lack among those of a source's senders.
func (s *Sealer) count(ctx context.Context, p *part, source SourceID, events []Event) error {
	for i := range events {
		e := &events[i]
		if e.Number == 0 || s.Numbers == nil {
			continue
		}
		if p.numbers[source] == nil {
			x, err := readNumbers(ctx, s.Numbers, p.scope.ReadScope, source)
			if err != nil {
				return err
			}
			p.numbers[source] = x
		}
		p.numbers[source].see(e.Stream, e.Number, e.Received)
	}
	return nil
}

func (p *part) write(e *Event) error {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	if err := p.file.Write(e, salt); err != nil {
		return err
	}
	x := &p.segment
	x.Last, x.Rows, x.RawBytes = e.ID, x.Rows+1, x.RawBytes+int64(len(e.Raw))
	if at := e.When(); x.Rows == 1 || at.Before(x.From) {
		x.From = at
	}
	if at := e.When(); at.After(x.To) {
		x.To = at
	}
	if !slices.Contains(x.Logs, e.Log) {
		x.Logs = append(x.Logs, e.Log)
	}
	p.leaves.add(Commitment(e.ID, salt, e.Raw))
	return nil
}

// commit makes the files visible, then says in one transaction what they are and up to where the journal is filed.
func (s *Sealer) commit(ctx context.Context, parts map[access.OrgID]*part, to int64, now time.Time) error {
	for _, p := range parts {
		if p.file == nil {
			continue
		}
		var err error
		if p.segment.SHA256, p.segment.Bytes, err = p.file.Commit(); err != nil {
			return err
		}
		p.segment.ID, p.segment.Root, p.segment.Sealed = id.New("seg", now), hexOf(p.leaves.root()), now
		slices.Sort(p.segment.Logs)
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, p := range parts {
			if err := s.record(ctx, p, now); err != nil {
				return err
			}
		}
		return s.Segments.SetFiled(ctx, to)
	})
}

func (s *Sealer) record(ctx context.Context, p *part, now time.Time) error {
	for _, x := range p.sources {
		if err := s.Store.SetTally(ctx, p.scope, x.ID, x.Tally); err != nil {
			return err
		}
		if err := s.Store.PutReceipts(ctx, p.scope, x.ID, p.receipts[x.ID], now.Add(-receiptAge)); err != nil {
			return err
		}
		if n := p.numbers[x.ID]; n != nil {
			if err := n.save(ctx, s.Numbers, p.scope); err != nil {
				return err
			}
		}
		for _, begins := range p.forgets[x.ID] { // first: what is kept came later
			if err := s.Store.ForgetPositions(ctx, p.scope, x.ID, begins); err != nil {
				return err
			}
		}
		for _, at := range p.files[x.ID] {
			if err := s.Store.SetPosition(ctx, p.scope, x.ID, at); err != nil {
				return err
			}
		}
	}
	if err := s.Days.AddDays(ctx, p.scope, p.days); err != nil {
		return err
	}
	if p.file == nil {
		return nil
	}
	x := &p.segment
	var err error
	x.Seq, err = s.Ledger.Append(ctx, p.scope, now, verify.KindSegment, x.ID, map[string]any{
		"segment": x.ID, "sha256": x.SHA256, "root": x.Root, "rows": x.Rows, "first": x.First, "last": x.Last,
		"from": x.From.Format(time.RFC3339Nano), "to": x.To.Format(time.RFC3339Nano), "logs": strings.Join(x.Logs, " "),
	})
	if err != nil {
		return err
	}
	return s.Segments.AddSegment(ctx, p.scope, *x)
}
