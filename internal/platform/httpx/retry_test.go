package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// script is a transport that answers from a list, and remembers when it was asked.
type script struct {
	answers []func(*http.Request) (*http.Response, error)
	asked   []time.Time
	n       atomic.Int32
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	i := int(s.n.Add(1)) - 1
	s.asked = append(s.asked, time.Now())
	if i >= len(s.answers) {
		return nil, fmt.Errorf("request %d was not expected", i)
	}
	return s.answers[i](r)
}

func answer(status int, body string, headers ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Add(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	}
}

// inSeconds makes an answer whose header value is the Unix time some seconds after the request.
func inSeconds(status int, body, header string, n int64, rest ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return answer(status, body, append(rest, header, strconv.FormatInt(time.Now().Unix()+n, 10))...)(r)
	}
}

func broken(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func get(t *testing.T, ctx context.Context, url string) *http.Request { //nolint:revive // t leads in tests
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRetries(t *testing.T) {
	t.Parallel()
	const ok = `{"a":1}`
	cases := []struct {
		name    string
		answers []func(*http.Request) (*http.Response, error)
		method  string
		safe    bool
		want    errs.Kind // Internal means success
		asked   int
		waited  time.Duration // exact
	}{
		{name: "good at once", answers: []func(*http.Request) (*http.Response, error){answer(200, ok)}, asked: 1},
		{name: "503 then good, full jitter", answers: []func(*http.Request) (*http.Response, error){answer(503, ""), answer(502, ""), answer(200, ok)},
			asked: 3, waited: 500*time.Millisecond + time.Second},
		{name: "transport fault then good", answers: []func(*http.Request) (*http.Response, error){broken(errors.New("connection reset by peer")), answer(200, ok)},
			asked: 2, waited: 500 * time.Millisecond},
		{name: "cut off then good", answers: []func(*http.Request) (*http.Response, error){
			func(r *http.Request) (*http.Response, error) {
				resp, err := answer(200, ok)(r)
				resp.ContentLength = 100
				return resp, err
			}, answer(200, ok)}, asked: 2, waited: 500 * time.Millisecond},
		{name: "retry after seconds", answers: []func(*http.Request) (*http.Response, error){answer(429, "", "Retry-After", "7"), answer(200, ok)},
			asked: 2, waited: 7 * time.Second},
		{name: "retry after a date", answers: []func(*http.Request) (*http.Response, error){
			func(r *http.Request) (*http.Response, error) {
				return answer(503, "", "Retry-After", time.Now().UTC().Add(9*time.Second).Format(http.TimeFormat))(r)
			}, answer(200, ok)}, asked: 2, waited: 9 * time.Second},
		{name: "GitHub primary limit", answers: []func(*http.Request) (*http.Response, error){
			inSeconds(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Reset", 30, "X-RateLimit-Remaining", "0"), answer(200, ok)},
			asked: 2, waited: 31 * time.Second},
		{name: "GitHub secondary limit by words", answers: []func(*http.Request) (*http.Response, error){
			answer(403, `{"message":"You have exceeded a secondary rate limit."}`), answer(200, ok)}, asked: 2, waited: time.Minute},
		{name: "GitHub secondary limit by header", answers: []func(*http.Request) (*http.Response, error){
			answer(403, `{"message":"slow down"}`, "Retry-After", "5"), answer(200, ok)}, asked: 2, waited: 5 * time.Second},
		{name: "Okta limit", answers: []func(*http.Request) (*http.Response, error){
			inSeconds(429, `{"errorCode":"E0000047"}`, "X-Rate-Limit-Reset", 12, "X-Rate-Limit-Remaining", "0"), answer(200, ok)},
			asked: 2, waited: 13 * time.Second},
		{name: "reset in the past waits a second", answers: []func(*http.Request) (*http.Response, error){
			inSeconds(429, "", "X-Rate-Limit-Reset", -500, "X-Rate-Limit-Remaining", "0"), answer(200, ok)}, asked: 2, waited: time.Second},
		{name: "a plain 403 is final", answers: []func(*http.Request) (*http.Response, error){answer(403, `{"message":"no"}`)}, want: errs.Denied, asked: 1},
		{name: "403 with requests left is final", answers: []func(*http.Request) (*http.Response, error){
			inSeconds(403, `{"message":"no"}`, "X-RateLimit-Reset", 30, "X-RateLimit-Remaining", "4000")}, want: errs.Denied, asked: 1},
		{name: "AWS limit", method: http.MethodPost, safe: true, answers: []func(*http.Request) (*http.Response, error){
			answer(400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`), answer(200, ok)}, asked: 2, waited: 500 * time.Millisecond},
		{name: "a plain 400 is final", answers: []func(*http.Request) (*http.Response, error){answer(400, `{"__type":"ValidationException"}`)}, want: errs.Invalid, asked: 1},
		{name: "Google limit by words", answers: []func(*http.Request) (*http.Response, error){
			answer(403, `{"error":{"errors":[{"reason":"userRateLimitExceeded"}]}}`), answer(200, ok)}, asked: 2, waited: 500 * time.Millisecond},
		{name: "404 is final", answers: []func(*http.Request) (*http.Response, error){answer(404, "")}, want: errs.NotFound, asked: 1},
		{name: "401 is final", answers: []func(*http.Request) (*http.Response, error){answer(401, "")}, want: errs.Denied, asked: 1},
		{name: "500 for ever", answers: many(10, answer(500, "")), want: errs.Unavailable, asked: 4, waited: 3500 * time.Millisecond},
		{name: "429 for ever", answers: many(20, answer(429, "", "Retry-After", "1")), want: errs.Exhausted, asked: 11, waited: 10 * time.Second},
		{name: "wait beyond the bound", answers: many(2, answer(429, "", "Retry-After", "4000")), want: errs.Exhausted, asked: 1},
		{name: "POST is not repeated", method: http.MethodPost, answers: []func(*http.Request) (*http.Response, error){answer(503, "")}, want: errs.Unavailable, asked: 1},
		{name: "safe POST is repeated with its body", method: http.MethodPost, safe: true, answers: []func(*http.Request) (*http.Response, error){
			answer(503, ""), func(r *http.Request) (*http.Response, error) {
				b, _ := io.ReadAll(r.Body)
				return answer(200, string(b))(r)
			}}, asked: 2, waited: 500 * time.Millisecond},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: c.answers}
				var stats httpx.Stats
				client := httpx.New(httpx.Options{Transport: s, Retries: 3, MaxWait: time.Hour, Stats: &stats, Jitter: func() float64 { return 1 }})
				ctx := context.Background()
				if c.safe {
					ctx = httpx.Repeatable(ctx)
				}
				req := get(t, ctx, "https://api.example/things?secret=1")
				if c.method == http.MethodPost {
					req, _ = http.NewRequestWithContext(ctx, c.method, "https://api.example/graphql", strings.NewReader(ok))
				}
				start := time.Now()
				var v map[string]int
				_, err := httpx.GetJSON(ctx, client, req, &v)
				if c.want == errs.Internal && (err != nil || v["a"] != 1) {
					t.Errorf("got %v, %v", v, err)
				}
				if c.want != errs.Internal && !errs.Is(err, c.want) {
					t.Errorf("got %v (%s), want kind %s", err, errs.KindOf(err), c.want)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("the query shows in %q", err)
				}
				if got := time.Since(start); got != c.waited || len(s.asked) != c.asked {
					t.Errorf("asked %d times over %s, want %d over %s", len(s.asked), got, c.asked, c.waited)
				}
				counts := stats.Counts()
				if counts.Requests != int64(c.asked) || counts.Retries != int64(c.asked-1) || counts.Waited != c.waited {
					t.Errorf("counted %+v", counts)
				}
			})
		})
	}
}

func many(n int, f func(*http.Request) (*http.Response, error)) []func(*http.Request) (*http.Response, error) {
	out := make([]func(*http.Request) (*http.Response, error), n)
	for i := range out {
		out[i] = f
	}
	return out
}

func TestExhaustedNamesTheReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(*http.Request) (*http.Response, error){answer(429, "", "Retry-After", "600")}}
		client := httpx.New(httpx.Options{Transport: s, MaxWait: time.Minute})
		_, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "https://api.example/a"))
		want := time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
		if !errs.Is(err, errs.Exhausted) || !strings.Contains(errs.HintOf(err), want) {
			t.Errorf("got %v, hint %q, want the time %s", err, errs.HintOf(err), want)
		}
	})
}

// The last request that fits a window announces that the next would not; the client waits before sending it, and only
// for what counts against the same limit.
func TestWaitsBeforeASpentLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(*http.Request) (*http.Response, error){
			inSeconds(200, "{}", "X-RateLimit-Reset", 60, "X-RateLimit-Remaining", "0", "X-RateLimit-Resource", "search"),
			answer(200, "{}"), answer(200, "{}"),
		}}
		client := httpx.New(httpx.Options{Transport: s})
		start := time.Now()
		for i, u := range []string{"https://api.example/search/issues", "https://api.example/orgs/northwind", "https://api.example/search/code"} {
			if _, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), u)); err != nil {
				t.Fatal(err)
			}
			if i == 1 && time.Since(start) != 0 {
				t.Errorf("another bucket waited %s", time.Since(start))
			}
		}
		if got := time.Since(start); got != 61*time.Second {
			t.Errorf("waited %s, want 61s", got)
		}
	})
}

func TestPacingIsNotWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: many(5, answer(200, "{}"))}
		var stats httpx.Stats
		client := httpx.New(httpx.Options{Transport: s, Every: 100 * time.Millisecond, Stats: &stats})
		start := time.Now()
		for range 5 {
			if _, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "https://api.example/")); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got != 400*time.Millisecond || stats.Counts().Waits != 0 {
			t.Errorf("five requests took %s with %+v", got, stats.Counts())
		}
	})
}

func TestWaitsTogetherCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client := httpx.New(httpx.Options{MaxWait: 70 * time.Second, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if time.Since(start) < time.Minute {
				return answer(429, "", "Retry-After", "60")(r)
			}
			return answer(200, "{}")(r)
		})})
		errc := make(chan error)
		for range 4 {
			go func() {
				_, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "https://api.example/"))
				errc <- err
			}()
		}
		for range 4 {
			if err := <-errc; err != nil {
				t.Error(err)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAttemptTimesOutAndIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client := httpx.New(httpx.Options{Timeout: 10 * time.Second, Retries: 1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(200, "{}")(r)
		})})
		if _, err := httpx.Fetch(t.Context(), client, get(t, t.Context(), "https://api.example/")); err != nil || n != 2 {
			t.Errorf("after %d attempts: %v", n, err)
		}
	})
}

func TestGivingUpStopsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: many(1, answer(429, "", "Retry-After", "3600"))}
		client := httpx.New(httpx.Options{Transport: s})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := httpx.Fetch(ctx, client, get(t, ctx, "https://api.example/"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}
