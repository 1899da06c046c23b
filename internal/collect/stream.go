package collect

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Mark is up to where a stream of an audit log was read, kept from run to run. Sources show some records late, so each run looks
// back over time that was read before; Known is what need not come twice.
type Mark struct {
	Stream  string    // a connection's name for it: a region, an application, a project
	Begin   time.Time // where the first run began
	Through time.Time // what happened before was asked for
	Deep    time.Time // when it was last looked far back
	Known   []Known   // in the order of time
}

// Known is a record that was read.
type Known struct {
	At time.Time // when it happened, or, if it came later, the beginning of what was asked for
	ID uint64    // of its identifier; see knownID
}

// Bounds of what one run takes of a stream and of what is remembered.
const (
	mostTaken = 300_000
	mostKnown = 200_000
)

// LogStream reads a stream of an audit log so that nothing is lost and nothing comes twice: from where the last run stopped, over what
// may have come late, in slices whose end is remembered although a later one fails.
type LogStream struct {
	Name   string
	Source string        // who keeps the log, in messages: "CloudTrail in eu-central-1"
	Memory time.Duration // how far back the source remembers; 0 for as long as it likes
	Late   time.Duration // each run looks back so far: how late records usually come
	// Deep is how late records come in rare cases: once in DeepEvery it is looked back so far before the time it was last done; 0 never.
	Deep, DeepEvery time.Duration
	Slice           time.Duration // how much time is asked for at once; 0 for all
	// Read asks the source for the records from an instant up to another, and gives each to take with the time by which it asked.
	Read func(ctx context.Context, from, to time.Time, take Take) error
}

// Take is given a record of an audit log, with the time by which the source was asked for it.
type Take func(f *AuditEvent, at time.Time) error

// auditResource is the resource that audit logs are.
const auditResource = "audit_event"

// Pull reads what is new in the stream. What the source fails with is reported to the sink; the error returned ends the run.
func (x *LogStream) Pull(ctx context.Context, e Env, s Sink) error {
	p := pulling{LogStream: x, sink: s, until: e.Until.UTC().Truncate(time.Second)}
	p.mark, p.again = e.Marks[x.Name]
	from := p.begin(e.Since.UTC().Truncate(time.Second))
	p.known = make(map[uint64]bool, len(p.mark.Known))
	for _, k := range p.mark.Known {
		p.known[k.ID] = true
	}
	p.mark.Known = slices.Clone(p.mark.Known)
	if err := p.slices(ctx, from); err != nil {
		return err
	}
	p.forget()
	s.Mark(p.mark)
	return nil
}

// pulling is one reading of a stream.
type pulling struct {
	*LogStream
	sink  Sink
	until time.Time
	again bool // it was read before
	deep  bool
	mark  Mark
	known map[uint64]bool
	taken int
}

// begin decides from where it is read, and says what the source has forgotten.
func (p *pulling) begin(since time.Time) time.Time {
	from := since
	if p.again {
		from = p.mark.Through
	} else {
		p.mark = Mark{Stream: p.Name, Begin: since, Through: since, Deep: p.until}
	}
	oldest := time.Time{}
	if p.Memory > 0 {
		oldest = p.until.Add(-p.Memory)
	}
	if from.Before(oldest) {
		day := oldest.Format(time.RFC3339)
		if p.again {
			p.sink.Failed(auditResource, errs.New(errs.NotFound, "%s remembers %s: what happened from %s to %s was not read in time and cannot be read any more",
				p.Source, days(p.Memory), from.Format(time.RFC3339), day).WithHint("Read it more often; what the source delivers elsewhere, such as to a bucket, can be imported."))
		} else {
			p.sink.Note(auditResource, p.Source+" remembers "+days(p.Memory)+"; what happened before "+day+" cannot be read.")
			p.mark.Begin = oldest
		}
		p.mark.Through, from = oldest, oldest
	}
	if !p.again {
		return from
	}
	from = from.Add(-p.Late)
	if p.DeepEvery > 0 && !p.until.Before(p.mark.Deep.Add(p.DeepEvery)) {
		p.deep = true
		if far := p.mark.Deep.Add(-p.Deep); far.Before(from) {
			from = far
		}
	}
	return latest(from, p.mark.Begin, oldest)
}

// slices asks for one slice after the other.
func (p *pulling) slices(ctx context.Context, from time.Time) error {
	for from.Before(p.until) {
		to := p.until
		if p.Slice > 0 && from.Add(p.Slice).Before(to) {
			to = from.Add(p.Slice)
		}
		if err := p.Read(ctx, from, to, func(f *AuditEvent, at time.Time) error { return p.take(f, latest(at, from)) }); err != nil {
			return Report(ctx, p.sink, auditResource, errs.Wrap(err, "%s from %s", p.Source, from.Format(time.RFC3339)))
		}
		p.mark.Through = latest(p.mark.Through, to)
		if p.taken >= mostTaken && to.Before(p.until) {
			p.sink.Failed(auditResource, errs.New(errs.Exhausted, "%s: %d records were read, up to %s; the rest comes with the next run", p.Source, p.taken, to.Format(time.RFC3339)))
			return nil
		}
		from = to
	}
	if p.deep {
		p.mark.Deep = p.until
	}
	return nil
}

// take hands on a record that was not taken before. What is dated later than the run asked for comes with a later run.
func (p *pulling) take(f *AuditEvent, at time.Time) error {
	id := knownID(f.ID)
	if !at.Before(p.until) || p.known[id] {
		return nil
	}
	if err := Emit(p.sink, f); err != nil {
		return err
	}
	p.known[id] = true
	p.mark.Known = append(p.mark.Known, Known{At: at, ID: id})
	p.taken++
	return nil
}

// forget drops what is older than any run looks back.
func (p *pulling) forget() {
	oldest := p.mark.Through.Add(-p.Late)
	if far := p.mark.Deep.Add(-p.Deep); p.DeepEvery > 0 && far.Before(oldest) {
		oldest = far
	}
	known := slices.DeleteFunc(p.mark.Known, func(k Known) bool { return k.At.Before(oldest) })
	slices.SortFunc(known, func(x, y Known) int { return x.At.Compare(y.At) })
	if n := len(known) - mostKnown; n > 0 {
		p.sink.Note(auditResource, p.Source+" keeps so many records that not all can be remembered: some may come again, and are known by their identifiers where events are taken in.")
		known = slices.Clone(known[n:])
	}
	p.mark.Known = known
}

// knownID stands for an identifier: 64 bits of SHA-256, so that nobody finds another identifier that has them too.
func knownID(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.LittleEndian.Uint64(sum[:])
}

func latest(t time.Time, more ...time.Time) time.Time {
	for _, x := range more {
		if x.After(t) {
			t = x
		}
	}
	return t
}

func days(d time.Duration) string {
	if n := int(d.Hours() / 24); n != 1 {
		return strconv.Itoa(n) + " days"
	}
	return "one day"
}
