package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 30 * time.Second
	// maxLimited bounds how often one request is held back by limits, so that a source that answers "wait 0 seconds" for
	// ever ends.
	maxLimited = 10
)

type repeatable struct{}

// Repeatable marks the requests of a context as safe to send again although they are POST: GraphQL queries and reports,
// which read and change nothing.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatable{}, true)
}

func mayRepeat(r *http.Request) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		return r.Context().Value(repeatable{}) != nil && (r.Body == nil || r.GetBody != nil)
	}
	return false
}

// retrier is the outermost link of the chain: it decides which attempts are made, and when.
type retrier struct {
	o      Options
	gate   *gate
	budget budget
}

// RoundTrip sends a request, again if need be, and returns the last answer whole. See http.RoundTripper.
func (t *retrier) RoundTrip(req *http.Request) (*http.Response, error) {
	limited, failed := 0, 0
	for attempt := 0; ; attempt++ {
		if err := t.enter(req); err != nil {
			return nil, err
		}
		if attempt > 0 {
			t.o.Stats.retries.Add(1)
		}
		resp, err := t.try(req, attempt)
		var lim limit
		if err == nil {
			now := t.o.Now()
			lim = limitOf(resp, now)
			t.gate.learn(req, lim, now)
		}
		if !t.again(req, resp, err, lim, &limited, &failed) {
			return resp, err
		}
		wait, reason := lim.wait, "the source's rate limit"
		if !lim.hit {
			reason = "the source to recover"
		}
		if wait <= 0 {
			wait = t.backoff(limited + failed)
		}
		if err := t.wait(req, wait, reason); err != nil {
			return nil, err
		}
	}
}

// again judges one attempt and counts it.
func (t *retrier) again(req *http.Request, resp *http.Response, err error, lim limit, limited, failed *int) bool {
	if !mayRepeat(req) || req.Context().Err() != nil {
		return false
	}
	if err == nil && lim.hit {
		*limited++
		return *limited <= maxLimited
	}
	passing := false
	if err != nil {
		passing = !permanent(err)
	} else {
		switch resp.StatusCode {
		case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			passing = true
		}
	}
	if !passing {
		return false
	}
	*failed++
	return *failed <= t.o.Retries
}

// permanent tells faults that another attempt cannot mend.
func permanent(err error) bool {
	var (
		known     *errs.Error
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		dns       *net.DNSError
	)
	return errors.As(err, &known) && known.Kind != errs.Unavailable ||
		errors.As(err, &unknownCA) || errors.As(err, &hostname) || errors.As(err, &invalid) || errors.As(err, &verify) ||
		errors.As(err, &dns) && dns.IsNotFound
}

// backoff doubles from backoffBase for each failed attempt and keeps between half and all of it.
func (t *retrier) backoff(n int) time.Duration {
	d := backoffCap
	if n = max(n, 1) - 1; n < 10 {
		d = min(backoffCap, backoffBase<<n)
	}
	return d/2 + time.Duration(float64(d/2)*t.o.Jitter())
}

// enter waits until the limits known so far and the pacing let a request start.
func (t *retrier) enter(req *http.Request) error {
	for range maxLimited { // a limit may move while we wait; a clock that stands still must not hold us for ever
		until := t.gate.closedUntil(req, t.o.Now())
		if until.IsZero() {
			break
		}
		if err := t.wait(req, until.Sub(t.o.Now()), "the source's rate limit"); err != nil {
			return err
		}
	}
	if d := t.gate.pace(t.o.Now()); d > 0 {
		return t.o.Sleep(req.Context(), d) // planned, so it does not count against MaxWait
	}
	return nil
}

// wait sleeps if the budget allows, else says when the source would answer again.
func (t *retrier) wait(req *http.Request, d time.Duration, reason string) error {
	if d <= 0 {
		return req.Context().Err()
	}
	now := t.o.Now()
	until := now.Add(d)
	if !t.budget.take(now, until) {
		return errs.New(errs.Exhausted, "%s: waiting for %s would take longer than the %s this run may wait", endpoint(req), reason, t.o.MaxWait).
			WithHint("the source answers again at %s; run then, or allow a longer wait", until.UTC().Format(time.RFC3339))
	}
	t.o.Stats.waits.Add(1)
	t.o.Stats.waited.Add(int64(d))
	return t.o.Sleep(req.Context(), d)
}

// budget bounds the time a client waits. Requests that wait at the same time share it: what counts is how much later the
// run ends.
type budget struct {
	limit time.Duration

	mu    sync.Mutex
	spent time.Duration
	end   time.Time // of the furthest wait so far
}

func (b *budget) take(now, until time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := now
	if b.end.After(from) {
		from = b.end
	}
	more := max(0, until.Sub(from))
	if b.spent+more > b.limit {
		return false
	}
	b.spent += more
	if until.After(b.end) {
		b.end = until
	}
	return true
}
