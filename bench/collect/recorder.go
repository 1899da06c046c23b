package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tickmark/tickmark/bench/internal/measure"
)

// request is one request as it came, enough to make it again.
type request struct {
	Method, URI, Body, Authorization, Accept, ContentType string
}

// recorder notes the requests that a system gets.
type recorder struct {
	next http.Handler

	mu   sync.Mutex
	on   bool
	list []request
}

// keep turns noting on or off and returns what was noted since the last call.
func (r *recorder) keep(on bool) []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.list
	r.list, r.on = nil, on
	return out
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	on := r.on
	r.mu.Unlock()
	if on {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		x := request{q.Method, q.URL.RequestURI(), string(body), q.Header.Get("Authorization"), q.Header.Get("Accept"), q.Header.Get("Content-Type")}
		r.mu.Lock()
		r.list = append(r.list, x)
		r.mu.Unlock()
	}
	r.next.ServeHTTP(w, q)
}

// replay is what the bare client is to read.
type replay struct {
	Address  map[string]string
	Requests map[string][]request
}

// sameTime is how many requests the bare client has under way at each system: as many as the connectors at most.
const sameTime = 4

// clientPart makes the same requests with net/http and throws the answers away.
func clientPart(t replay) (outcome, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = sameTime
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	var mu sync.Mutex
	var out outcome
	m := measure.Start()
	group, ctx := errgroup.WithContext(context.Background())
	for name, list := range t.Requests {
		base := "http://" + t.Address[name]
		group.Go(func() error {
			inner, ctx := errgroup.WithContext(ctx)
			inner.SetLimit(sameTime)
			for _, q := range list {
				inner.Go(func() error {
					n, err := fetch(ctx, client, base, q)
					mu.Lock()
					defer mu.Unlock()
					out.Requests++
					out.Bytes += n
					return err
				})
			}
			return inner.Wait()
		})
	}
	err := group.Wait()
	out.Usage = m.Stop()
	return out, err
}

func fetch(ctx context.Context, client *http.Client, base string, q request) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, q.Method, base+q.URI, bytes.NewReader([]byte(q.Body)))
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"Authorization": q.Authorization, "Accept": q.Accept, "Content-Type": q.ContentType} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if res.StatusCode >= http.StatusInternalServerError {
		return n, fmt.Errorf("%s %s: %s", q.Method, q.URI, res.Status)
	}
	return n, err
}
