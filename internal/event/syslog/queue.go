package syslog

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bounds of what waits in memory for one source: nothing of another source's share.
const (
	queueBytes  = 8 << 20
	queueCount  = 50_000
	batchBytes  = 4 << 20
	batchCount  = 10_000
	linger      = 100 * time.Millisecond // so that one flush of the disk serves many messages
	retryFirst  = time.Second
	retryMost   = 30 * time.Second
	lastMinutes = 5 * time.Second // for what waits when the program ends
)

// Take keeps records, one a line, and says how many messages before them were lost. It returns after the disk has them.
type Take func(ctx context.Context, records []byte, lost int64) error

// queue holds the messages of one source until the disk has them.
type queue struct {
	take Take
	log  *slog.Logger
	name string

	mu     sync.Mutex
	lines  [][]byte
	size   int
	lost   int64
	space  chan struct{} // closed when there is some
	filled chan struct{} // closed when there is something
}

func newQueue(name string, take Take, log *slog.Logger) *queue {
	return &queue{take: take, log: log, name: name, space: make(chan struct{}), filled: make(chan struct{})}
}

// offer takes a record if there is room, and counts it as lost if there is none.
func (q *queue) offer(record []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.room(len(record)) {
		q.lost++
		return false
	}
	q.add(record)
	return true
}

// put waits until there is room.
func (q *queue) put(ctx context.Context, record []byte) error {
	for {
		q.mu.Lock()
		if q.room(len(record)) {
			q.add(record)
			q.mu.Unlock()
			return nil
		}
		space := q.space
		q.mu.Unlock()
		select {
		case <-space:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lose counts a message that could not be taken.
func (q *queue) lose() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost++
}

func (q *queue) room(n int) bool {
	return len(q.lines) == 0 || q.size+n <= queueBytes && len(q.lines) < queueCount
}

func (q *queue) add(record []byte) {
	q.lines, q.size = append(q.lines, record), q.size+len(record)
	select {
	case <-q.filled:
	default:
		close(q.filled)
	}
}

// batch takes what is to be kept next out of the queue.
func (q *queue) batch() (body []byte, lost int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.lines) && n < batchCount && (n == 0 || size+len(q.lines[n]) <= batchBytes) {
		size += len(q.lines[n]) + 1
		n++
	}
	var b bytes.Buffer
	b.Grow(size)
	for i, l := range q.lines[:n] {
		b.Write(l)
		b.WriteByte('\n')
		q.size -= len(l)
		q.lines[i] = nil
	}
	if q.lines = q.lines[n:]; len(q.lines) == 0 {
		q.lines, q.filled = nil, make(chan struct{})
	}
	close(q.space)
	q.space = make(chan struct{})
	lost, q.lost = q.lost, 0
	return b.Bytes(), lost
}

// run keeps what comes until the context ends, then what is left. A batch that cannot be kept is tried again for as long as it
// takes: meanwhile the queue fills, streams are not read, and datagrams that do not fit are counted.
func (q *queue) run(ctx context.Context) {
	for {
		q.mu.Lock()
		filled := q.filled
		q.mu.Unlock()
		select {
		case <-filled:
		case <-ctx.Done():
			q.last(ctx)
			return
		}
		pause(ctx, linger)
		body, lost := q.batch()
		for wait := retryFirst; ; wait = min(2*wait, retryMost) {
			err := q.take(context.WithoutCancel(ctx), body, lost)
			if err == nil {
				break
			}
			q.log.Warn("messages wait: they could not be kept", "source", q.name, "bytes", len(body), "error", err)
			if pause(ctx, wait); ctx.Err() != nil {
				q.giveUp(ctx, body, lost)
				return
			}
		}
	}
}

// last keeps what is left when the program ends.
func (q *queue) last(ctx context.Context) {
	for {
		body, lost := q.batch()
		if len(body) == 0 {
			return
		}
		if !q.giveUp(ctx, body, lost) {
			return
		}
	}
}

// giveUp tries a batch once more. What cannot be kept then is lost, and the log says so.
func (q *queue) giveUp(ctx context.Context, body []byte, lost int64) bool {
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMinutes)
	defer cancel()
	err := q.take(quiet, body, lost)
	if err != nil {
		q.mu.Lock()
		n := bytes.Count(body, []byte("\n")) + len(q.lines)
		q.mu.Unlock()
		q.log.Error("messages are lost: they could not be kept before the program ended", "source", q.name, "messages", n, "error", err)
	}
	return err == nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
