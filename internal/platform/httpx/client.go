package httpx

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Defaults of Options.
const (
	DefaultTimeout = 60 * time.Second
	DefaultRetries = 5
	// DefaultMaxWait lets a run sit out one whole hourly window of GitHub, the longest of the services we read.
	DefaultMaxWait = 65 * time.Minute
	DefaultMaxBody = 64 << 20
)

// Options shape a client. The zero value is a careful client for services on the public internet.
type Options struct {
	// Timeout bounds one attempt, its body included. 0 is DefaultTimeout.
	Timeout time.Duration
	// Retries is how many further attempts a passing fault gets. 0 is DefaultRetries, below 0 none.
	Retries int
	// MaxWait bounds the time that all requests of the client together spend waiting for limits and between attempts;
	// waits at the same time count once. 0 is DefaultMaxWait.
	MaxWait time.Duration
	// MaxBody is the largest answer read, in bytes after decompression. 0 is DefaultMaxBody.
	MaxBody int64
	// Every is the least time between the starts of two requests: base pacing for sources without rate headers.
	Every time.Duration
	// AllowPrivate lists the exact host:port pairs that may be reached although they are not on the public internet:
	// systems on premises, and the simulated company.
	AllowPrivate []string
	// RootCAs replaces the system's certificate authorities, for systems on premises.
	RootCAs *x509.CertPool
	// UserAgent is sent where a request has none. "" is "tickmark".
	UserAgent string
	// Stats, if given, counts what the client does.
	Stats *Stats
	// Log, if given, gets a debug line for each attempt: method, host, path, status, duration. Never a query or a header.
	Log *slog.Logger

	// Transport replaces the guarded network transport. For tests.
	Transport http.RoundTripper
	// Now, Sleep and Jitter replace the clock, the waiting and the chance in [0,1). For tests.
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Jitter func() float64
}

// Counts are what a client has done so far.
type Counts struct {
	Requests int64         // attempts sent, retries included
	Retries  int64         // attempts after the first
	Waits    int64         // times a request waited for a limit or before another attempt
	Waited   time.Duration // sum of those waits over all requests
	Bytes    int64         // of bodies received
}

// Stats counts what clients do, for the manifest of a run. The zero value is ready.
type Stats struct{ requests, retries, waits, waited, bytes atomic.Int64 }

// Counts reads the counters.
func (s *Stats) Counts() Counts {
	return Counts{
		Requests: s.requests.Load(), Retries: s.retries.Load(), Waits: s.waits.Load(),
		Waited: time.Duration(s.waited.Load()), Bytes: s.bytes.Load(),
	}
}

// New makes a client. Everything it fails with is, or wraps, an *errs.Error.
func New(o Options) *http.Client {
	o = o.withDefaults()
	return &http.Client{
		Transport:     &retrier{o: o, gate: newGate(o.Every), budget: budget{limit: o.MaxWait}},
		CheckRedirect: checkRedirect,
	}
}

func (o Options) withDefaults() Options {
	setDefault(&o.Timeout, DefaultTimeout)
	setDefault(&o.Retries, DefaultRetries)
	setDefault(&o.MaxWait, DefaultMaxWait)
	setDefault(&o.MaxBody, DefaultMaxBody)
	setDefault(&o.UserAgent, "tickmark")
	o.Retries = max(0, o.Retries)
	if o.Stats == nil {
		o.Stats = &Stats{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = jitter
	}
	if o.Transport == nil {
		o.Transport = guardedTransport(o)
	}
	return o
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func jitter() float64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
}

// maxRedirects is enough for a renamed repository or a moved version of an API.
const maxRedirects = 5

// checkRedirect follows redirects on the same scheme, host and port alone: anywhere else the credential has no business,
// and the address was not what the person who made the connection agreed to.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		for _, h := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			req.Header.Del(h)
		}
		return errs.New(errs.Denied, "%s redirects to another host, %s", endpoint(first), req.URL.Host).
			WithHint("set the connection's address to the host that answers")
	}
	if first.Method != http.MethodGet && first.Method != http.MethodHead {
		return errs.New(errs.Invalid, "%s answers with a redirect to %s", endpoint(first), pathOf(req))
	}
	if len(via) >= maxRedirects {
		return errs.New(errs.Invalid, "%s redirects more than %d times", endpoint(first), maxRedirects)
	}
	return nil
}

// endpoint names a request in messages and logs: never its query, which may carry personal data or a secret.
func endpoint(r *http.Request) string { return r.Method + " " + r.URL.Host + pathOf(r) }

type hidden struct{}

// HidePath keeps the paths of the requests of a context out of messages and logs: of addresses that open something by themselves.
func HidePath(ctx context.Context) context.Context { return context.WithValue(ctx, hidden{}, true) }

func pathOf(r *http.Request) string {
	if r.Context().Value(hidden{}) != nil {
		return "/…"
	}
	return r.URL.EscapedPath()
}
