package wire

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// Clock is the instant at which every system shows the company. It is safe for concurrent use.
type Clock struct{ t atomic.Int64 }

// Set moves the clock.
func (c *Clock) Set(t life.Time) { c.t.Store(int64(t)) }

// Now is the instant shown.
func (c *Clock) Now() life.Time { return life.Time(c.t.Load()) }

// Cache keeps the view that was built for one instant, the last one asked for.
type Cache[T any] struct {
	mu   sync.Mutex
	last atomic.Pointer[view[T]]
}

type view[T any] struct {
	at life.Time
	is T
}

// At is the view for an instant; build makes it if it is not there.
func (c *Cache[T]) At(t life.Time, build func() T) T {
	if v := c.last.Load(); v != nil && v.at == t {
		return v.is
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.last.Load(); v != nil && v.at == t {
		return v.is
	}
	v := &view[T]{t, build()}
	c.last.Store(v)
	return v.is
}

// Lazy is a value that is made when it is first asked for.
type Lazy[T any] struct {
	once sync.Once
	is   T
}

// Get is the value; first makes it the first time.
func (l *Lazy[T]) Get(first func() T) T {
	l.once.Do(func() { l.is = first() })
	return l.is
}

// Meter counts requests against a limit per stretch of real time. A limit of zero counts against none, and shows a
// limit wide enough that no client slows down.
type Meter struct {
	Limit int
	Wide  int // shown when there is no limit
	Per   time.Duration

	mu    sync.Mutex
	reset time.Time
	used  int
}

// State is what a client is told about a meter.
type State struct {
	Limit, Remaining, Used int
	Reset                  time.Time
	Refused                bool
}

// Take counts one request.
func (m *Meter) Take(now time.Time) State { return m.count(now, 1) }

// Look tells the state without counting.
func (m *Meter) Look(now time.Time) State { return m.count(now, 0) }

func (m *Meter) count(now time.Time, n int) State {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(m.reset) {
		m.reset, m.used = now.Truncate(time.Second).Add(m.Per), 0
	}
	limit := m.Limit
	if limit == 0 {
		limit = m.Wide
	}
	s := State{Limit: limit, Reset: m.reset}
	if m.Limit > 0 && m.used+n > m.Limit {
		s.Refused, s.Used = true, m.used
		return s
	}
	m.used += n
	s.Used = m.used
	s.Remaining = max(0, limit-m.used)
	if m.Limit == 0 {
		s.Remaining = max(limit/2, s.Remaining)
	}
	return s
}

// Same compares secrets without telling by time how much of them agrees.
func Same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Base is the address under which the client reached the server, for links that lead back to it.
func Base(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host
}

// Size reads a page size: the default without one, and no more than the limit. It is false for what is no number above 0.
func Size(s string, usual, limit int) (int, bool) {
	if s == "" {
		return usual, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return usual, false
	}
	return min(n, limit), true
}

// Window is the part of n rows from the given position, at most size long.
func Window(n, from, size int) (lo, hi int) {
	lo = min(max(0, from), n)
	return lo, min(n, lo+size)
}

// With is the request's address with one query parameter set and others removed.
func With(r *http.Request, key, value string, without ...string) string {
	q := r.URL.Query()
	for _, k := range without {
		q.Del(k)
	}
	q.Set(key, value)
	return Base(r) + r.URL.EscapedPath() + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// Send answers with a document.
func Send(w http.ResponseWriter, status int, contentType string, j *JSON) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(j.buf)))
	w.WriteHeader(status)
	_, _ = w.Write(j.buf) // a client that hung up needs no answer
	j.Free()
}
