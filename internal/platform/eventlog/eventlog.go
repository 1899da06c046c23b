// Package eventlog is a write-ahead log for what was accepted and not yet filed: Append returns after the disk has it, many
// callers share one flush, and a crash loses nothing that was acknowledged.
package eventlog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/blob"
)

// Sizes. A file is reserved whole when it is begun, so that a full disk is noticed then and not in the middle of a batch.
const (
	FileBytes  = 64 << 20
	MaxPayload = 32 << 20 // of one batch, before compression
	flushBytes = 8 << 20  // written at once, at most
	waiting    = 1024     // batches that may wait for the disk
)

// DiskFull is the field of the error that says that nothing can be accepted until space is freed.
const DiskFull = "disk"

// Options are what a log may be told. The zero value works.
type Options struct {
	FileBytes int64                  // of a file; FileBytes if 0
	Floor     int64                  // positions of an empty log begin here: behind everything that was ever filed
	LowWater  uint64                 // free bytes below which nothing is accepted
	Free      func() (uint64, error) // free bytes; the file system is asked if nil
}

// Batch is one appended batch.
type Batch struct {
	Pos     int64 // where it begins; grows from batch to batch
	Next    int64 // where the one after it begins
	Payload []byte
}

// Log is a write-ahead log in a folder. It is safe for concurrent use; one process may have it open.
type Log struct {
	dir   string
	opts  Options
	queue chan *pending
	turn  chan chan error
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once
	lock  *os.File
	flush func(*os.File) error // fdatasync; tests make it fail

	mu      sync.Mutex
	files   []*file // in order; the last is written to
	end     int64   // everything before it is on disk
	changed chan struct{}
	checked time.Time // when the free space was looked at
	full    error
}

type pending struct {
	frame []byte
	done  chan error
	pos   int64
}

// Open opens the log in a folder, or begins one. What a crash left half-written at the end is cut off: nobody was told it was kept.
func Open(dir string, o Options) (*Log, error) {
	if o.FileBytes == 0 {
		o.FileBytes = FileBytes
	}
	if o.Free == nil {
		o.Free = func() (uint64, error) { return freeBytes(dir) }
	}
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the folder is the installation's own
		return nil, blob.Fault(err, "folder of the intake log")
	}
	l := &Log{dir: dir, opts: o, queue: make(chan *pending, waiting), turn: make(chan chan error), quit: make(chan struct{}), done: make(chan struct{}), changed: make(chan struct{}), flush: flushData}
	var err error
	if l.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	go l.commit()
	return l, nil
}

// Close ends the log; batches that wait are written first.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.quit) })
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	for _, f := range l.files {
		err = errors.Join(err, f.close())
	}
	l.files = nil
	return errors.Join(err, l.lock.Close())
}

// Append keeps a batch and returns its position once the disk has it. An error of kind Exhausted at DiskFull means that nothing
// was kept; after any other error the batch may or may not be there, and the sender must send it again under the same key.
func (l *Log) Append(ctx context.Context, payload []byte) (int64, error) {
	if len(payload) == 0 || len(payload) > MaxPayload {
		return 0, errs.New(errs.Invalid, "a batch of %d bytes cannot be kept; it must have between 1 and %d", len(payload), MaxPayload)
	}
	p := &pending{frame: frameOf(payload), done: make(chan error, 1)}
	select {
	case l.queue <- p:
	case <-l.quit:
		return 0, closed()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case err := <-p.done: // not ended by ctx: the batch is on its way, and the caller must learn what became of it
		return p.pos, err
	case <-l.done:
		select {
		case err := <-p.done:
			return p.pos, err
		default:
			return 0, closed()
		}
	}
}

func closed() error { return errs.New(errs.Unavailable, "the intake log is closed") }

// commit is the only writer: it takes what waits, writes it at once, flushes, and tells everybody.
func (l *Log) commit() {
	defer close(l.done)
	for {
		var group []*pending
		select {
		case p := <-l.queue:
			group = append(group, p)
		case done := <-l.turn:
			done <- l.begin()
			continue
		case <-l.quit:
			l.rest()
			return
		}
		l.write(l.gather(group))
	}
}

func (l *Log) rest() {
	for {
		select {
		case p := <-l.queue:
			l.write(l.gather([]*pending{p}))
		default:
			return
		}
	}
}

func (l *Log) gather(group []*pending) []*pending {
	size := len(group[0].frame)
	for size < flushBytes {
		select {
		case p := <-l.queue:
			group = append(group, p)
			size += len(p.frame)
			continue
		default:
		}
		break
	}
	return group
}

// write puts a group on disk. It goes to the next file where the current one has no room.
func (l *Log) write(group []*pending) {
	for len(group) > 0 {
		n, err := l.writeSome(group)
		for _, p := range group[:n] {
			p.done <- err
		}
		group = group[n:]
	}
}

// writeSome writes as many as fit into one file and says how many it was, or how many the error is about.
func (l *Log) writeSome(group []*pending) (int, error) {
	if err := l.space(); err != nil {
		return len(group), err
	}
	f, err := l.room(int64(len(group[0].frame)))
	if err != nil {
		return len(group), err
	}
	at := f.end
	buf := make([]byte, 0, len(group[0].frame))
	n := 0
	for _, p := range group {
		if int64(len(buf)+len(p.frame)) > f.room() {
			break
		}
		p.pos = at + int64(len(buf))
		place(p.frame, p.pos)
		buf = append(buf, p.frame...)
		n++
	}
	if _, err = f.f.WriteAt(buf, f.offset(at)); err == nil {
		err = l.flush(f.f)
	}
	if err != nil { // what the disk has now is unknown: this file is never written again
		l.mu.Lock()
		f.dead = true
		l.mu.Unlock()
		return n, blob.Fault(err, "the intake log could not be written")
	}
	l.mu.Lock()
	f.end = at + int64(len(buf))
	l.end = f.end
	close(l.changed)
	l.changed = make(chan struct{})
	l.mu.Unlock()
	return n, nil
}

// space refuses early, while there is still room to file what was accepted. It looks once a second.
func (l *Log) space() error {
	if l.opts.LowWater == 0 {
		return nil
	}
	if now := time.Now(); now.Sub(l.checked) >= time.Second {
		free, err := l.opts.Free()
		l.checked, l.full = now, nil
		if err != nil {
			l.full = errs.As(errs.Unavailable, err, "the free space of %s", l.dir)
		} else if free < l.opts.LowWater {
			l.full = errs.New(errs.Exhausted, "the disk of %s has %d MiB left; nothing is accepted below %d MiB", l.dir, free>>20, l.opts.LowWater>>20).
				At(DiskFull).WithHint("Free space. Nothing that was accepted is lost, and intake goes on by itself.")
		}
	}
	return l.full
}

// room is a file with place for a frame: the last, or a new one.
func (l *Log) room(need int64) (*file, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.files); n > 0 && !l.files[n-1].dead && l.files[n-1].room() >= need {
		return l.files[n-1], nil
	}
	f, err := create(l.dir, l.end, max(l.opts.FileBytes, headerBytes+need))
	if err != nil {
		if err = blob.Fault(err, "a new file of the intake log"); errs.KindOf(err) == errs.Exhausted {
			err = errs.New(errs.Exhausted, "%s", err.Error()).At(DiskFull).WithHint("%s", errs.HintOf(err))
		}
		return nil, err
	}
	if n := len(l.files); n > 0 && l.files[n-1].start == l.end { // it never held anything that was acknowledged
		if err := l.files[n-1].close(); err != nil {
			return nil, errors.Join(err, f.close())
		}
		l.files = l.files[:n-1]
	}
	l.files = append(l.files, f)
	return f, nil
}

// Bounds are the position of the first batch that is kept and the one behind the last.
func (l *Log) Bounds() (first, end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.files) == 0 {
		return l.end, l.end
	}
	return l.files[0].start, l.end
}

// Changed is closed when something is appended.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Read reads batches from a position on, until about most bytes of them are read; none at the end. A position is one that Read,
// Append or Bounds gave; another is Invalid.
func (l *Log) Read(from int64, most int) ([]Batch, error) {
	l.mu.Lock()
	files, ends := append([]*file{}, l.files...), make([]int64, len(l.files))
	for i, f := range files {
		f.users.Add(1)
		ends[i] = min(f.end, l.end)
		if i > 0 {
			ends[i-1] = f.start
		}
	}
	l.mu.Unlock()
	defer func() {
		for _, f := range files {
			f.users.Done()
		}
	}()
	var out []Batch
	size := 0
	for i, f := range files {
		stop := ends[i]
		if stop <= from {
			continue
		}
		if from < f.start {
			return out, errs.New(errs.NotFound, "the intake log begins at %d; %d was filed and removed", f.start, from)
		}
		for from < stop && size < most {
			b, err := f.read(from, stop)
			if err != nil && len(out) == 0 && from != f.start {
				return nil, errs.As(errs.Invalid, err, "no batch of the intake log begins at %d", from)
			}
			if err != nil {
				return out, err
			}
			out, from, size = append(out, b), b.Next, size+len(b.Payload)
		}
		if size >= most {
			break
		}
	}
	return out, nil
}

// Turn begins a new file, so that Trim can remove what was written before, however much room there is behind it.
func (l *Log) Turn(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case l.turn <- done:
		return <-done
	case <-l.done:
		return closed()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin begins a new file, unless the last holds nothing. The only writer does it.
func (l *Log) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.files)
	if n == 0 || l.files[n-1].start == l.end {
		return nil
	}
	f, err := create(l.dir, l.end, l.opts.FileBytes)
	if err != nil {
		return blob.Fault(err, "a new file of the intake log")
	}
	l.files = append(l.files, f)
	return nil
}

// Trim removes the files in which everything lies before a position.
func (l *Log) Trim(to int64) error {
	l.mu.Lock()
	var gone []*file
	for len(l.files) > 1 && l.files[1].start <= to {
		gone, l.files = append(gone, l.files[0]), l.files[1:]
	}
	l.mu.Unlock()
	var err error
	for _, f := range gone {
		f.users.Wait() // somebody may be reading it
		err = errors.Join(err, f.close(), os.Remove(filepath.Join(l.dir, nameOf(f.start))))
	}
	return blob.Fault(err, "remove a filed part of the intake log")
}

// frameOf packs a payload. Its position and checksum are put in when it is written.
func frameOf(payload []byte) []byte {
	out := make([]byte, frameBytes, frameBytes+s2.MaxEncodedLen(len(payload)))
	return out[:frameBytes+len(s2.Encode(out[frameBytes:cap(out)], payload))]
}
