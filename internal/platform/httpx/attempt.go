package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// try makes one attempt and reads its answer whole, within the timeout of an attempt.
func (t *retrier) try(req *http.Request, attempt int) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.o.Timeout)
	defer cancel()
	r := req.Clone(ctx)
	if attempt > 0 && req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, errs.As(errs.Internal, err, "%s: send the body again", endpoint(req))
		}
		r.Body = body
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", t.o.UserAgent)
	}
	t.o.Stats.requests.Add(1)
	start := t.o.Now()
	resp, err := t.o.Transport.RoundTrip(r)
	status := 0
	if err == nil {
		status = resp.StatusCode
		err = t.readWhole(req, resp)
	}
	t.o.Log.LogAttrs(ctx, slog.LevelDebug, "http request", slog.String("method", req.Method), slog.String("host", req.URL.Host),
		slog.String("path", pathOf(req)), slog.Int("status", status), slog.Duration("took", t.o.Now().Sub(start)),
		slog.Int("attempt", attempt), slog.Bool("failed", err != nil))
	if err != nil {
		return nil, t.describe(ctx, req, err)
	}
	return resp, nil
}

// readWhole replaces the body by its bytes, and fails when it is cut off or too large.
func (t *retrier) readWhole(req *http.Request, resp *http.Response) error {
	defer resp.Body.Close()
	if req.Method == http.MethodHead {
		resp.Body = http.NoBody
		return nil
	}
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= t.o.MaxBody {
		buf.Grow(int(n) + bytes.MinRead)
	}
	n, err := io.Copy(&buf, io.LimitReader(resp.Body, t.o.MaxBody+1))
	t.o.Stats.bytes.Add(n)
	if err != nil {
		return err
	}
	if n > t.o.MaxBody {
		return errs.New(errs.Invalid, "%s: the answer is larger than %d MiB", endpoint(req), t.o.MaxBody>>20).
			WithHint("ask the source for smaller pages")
	}
	if want := resp.ContentLength; want >= 0 && !resp.Uncompressed && n != want {
		return fmt.Errorf("%d of %d bytes received: %w", n, want, io.ErrUnexpectedEOF)
	}
	resp.Body = io.NopCloser(bytes.NewReader(buf.Bytes()))
	return nil
}

// describe gives a transport fault its kind and names the endpoint.
func (t *retrier) describe(attempt context.Context, req *http.Request, err error) error {
	var known *errs.Error
	switch {
	case errors.As(err, &known):
		return err
	case req.Context().Err() != nil:
		return err // the caller gave up; nothing to explain
	case attempt.Err() != nil:
		return errs.As(errs.Unavailable, err, "%s did not answer within %s", endpoint(req), t.o.Timeout)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errs.As(errs.Unavailable, err, "%s: the answer is cut off", endpoint(req))
	}
	return errs.As(errs.Unavailable, err, "%s", endpoint(req))
}
