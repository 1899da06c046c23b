package httpx

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limit is what an answer says about the source's limits.
type limit struct {
	hit    bool          // this request was refused by a limit
	wait   time.Duration // how long until the source wants to hear from us; 0 if it does not say
	closed bool          // the request went through, but the next one would not until wait is over
	bucket string        // the part of the source the limit holds for, "" if it does not say
}

// secondaryWait is what GitHub asks for when it refuses by a secondary limit and names no time.
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
const secondaryWait = time.Minute

// limitOf reads Retry-After (RFC 9110 section 10.2.3), GitHub's X-RateLimit-* and Okta's X-Rate-Limit-* headers.
func limitOf(resp *http.Response, now time.Time) limit {
	h := resp.Header
	remaining, reset, said := rateHeaders(h, now)
	l := limit{bucket: h.Get("X-RateLimit-Resource")}
	after, asked := retryAfter(h.Get("Retry-After"), now)
	spent := said && remaining <= 0
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		l.hit = true
	case http.StatusBadRequest:
		l.hit = says(resp, "throttlingexception", "toomanyrequestsexception") // how AWS says it
	case http.StatusForbidden:
		l.hit = asked || spent || says(resp, "ratelimitexceeded", "quotaexceeded") // Google
		if !l.hit && secondary(resp) {
			l.hit = true
			after = secondaryWait
		}
	case http.StatusServiceUnavailable:
		l.hit = asked // BambooHR says "too many requests" this way
	default:
		l.closed = spent && resp.StatusCode < 400
	}
	if !l.hit && !l.closed {
		return limit{}
	}
	l.wait = after
	if !asked && spent {
		// The source's seconds end somewhere inside ours; a second more keeps the first request after the reset from failing.
		l.wait = max(0, reset.Sub(now)) + time.Second
	}
	return l
}

// rateHeaders reads how many requests are left and when the window ends, in either spelling.
func rateHeaders(h http.Header, now time.Time) (remaining int64, reset time.Time, ok bool) {
	for _, p := range []string{"X-Ratelimit-", "X-Rate-Limit-"} {
		left, err := strconv.ParseInt(h.Get(p+"Remaining"), 10, 64)
		if err != nil {
			continue
		}
		at, err := strconv.ParseInt(h.Get(p+"Reset"), 10, 64)
		if err != nil {
			continue
		}
		reset = time.Unix(at, 0)
		if reset.Before(now) {
			reset = now
		}
		return left, reset, true
	}
	return 0, time.Time{}, false
}

// retryAfter reads a Retry-After header: seconds or a date.
func retryAfter(v string, now time.Time) (time.Duration, bool) {
	v = strings.TrimSpace(v)
	if v == "" {
		return 0, false
	}
	if n, err := strconv.ParseUint(v, 10, 32); err == nil {
		return time.Duration(n) * time.Second, true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// secondary tells GitHub's secondary limits, which are known only by the words of a 403.
func secondary(resp *http.Response) bool {
	return says(resp, "secondary rate limit", "abuse detection")
}

// says reports whether one of the words, in small letters, is near the beginning of an answer.
func says(resp *http.Response, words ...string) bool {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return false
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	low := bytes.ToLower(body[:min(len(body), 4<<10)])
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(low, []byte(w)) })
}

// gate holds back requests that a limit seen on an earlier answer would refuse, and paces the rest.
type gate struct {
	every time.Duration

	mu     sync.Mutex
	next   time.Time            // start of the next free slot of the pacing
	closed map[string]time.Time // by host and bucket
}

func newGate(every time.Duration) *gate {
	return &gate{every: every, closed: map[string]time.Time{}}
}

func (g *gate) learn(req *http.Request, l limit, now time.Time) {
	if l.wait <= 0 {
		return
	}
	key := req.URL.Host + " " + family(req)
	if l.bucket != "" {
		key = req.URL.Host + " =" + l.bucket
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed[key] = now.Add(l.wait)
}

// family groups the requests of a host that are likely to share a limit: Okta counts by endpoint.
func family(req *http.Request) string {
	parts := strings.SplitN(strings.TrimPrefix(req.URL.Path, "/"), "/", 5)
	return strings.Join(parts[:min(3, len(parts))], "/") + "/" + strconv.Itoa(len(parts))
}

// bucket is the name GitHub has for the limit a request counts against.
func bucket(req *http.Request) string {
	p := strings.TrimPrefix(req.URL.Path, "/api/v3")
	switch {
	case strings.HasPrefix(p, "/search/"):
		return "search"
	case strings.HasSuffix(p, "/graphql"):
		return "graphql"
	}
	return "core"
}

// closedUntil is when a request may start, or zero if it may now.
func (g *gate) closedUntil(req *http.Request, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	var until time.Time
	for _, key := range []string{req.URL.Host + " " + family(req), req.URL.Host + " =" + bucket(req)} {
		at, ok := g.closed[key]
		switch {
		case !ok:
		case !at.After(now):
			delete(g.closed, key)
		case at.After(until):
			until = at
		}
	}
	return until
}

// pace takes the next slot and says how long it is away.
func (g *gate) pace(now time.Time) time.Duration {
	if g.every <= 0 {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next.Before(now) {
		g.next = now
	}
	d := g.next.Sub(now)
	g.next = g.next.Add(g.every)
	return d
}
