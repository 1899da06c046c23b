package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Fault decides about the n-th request to a system, counted from 1: nil lets it through. It is called from many
// goroutines at once.
type Fault func(r *http.Request, n int) *FaultResponse

// FaultResponse says what goes wrong with a response. What is zero does not happen; several things may happen at once.
type FaultResponse struct {
	// Delay passes before anything else: a slow server.
	Delay time.Duration
	// Status answers with this status instead of serving, and with the error body that the vendor documents for it. For
	// 429 (and 403 of the code host, 503 of the HR system) the vendor's rate-limit headers say to come back after
	// RetryAfter.
	Status     int
	RetryAfter time.Duration
	// Message replaces the text of the vendor's error body, such as "Resource not accessible by integration".
	Message string
	// Header is added to the response.
	Header http.Header
	// Truncate promises the whole body and breaks the connection after this many bytes of it.
	Truncate int
	// Malformed answers 200 with a body that is not JSON.
	Malformed bool
	// Drop leaves out that many rows at the end of a list, while every count and total stays: says 212, sends 211.
	Drop int
	// Hide answers null in these fields, wherever they are in the body: what a key with fewer rights sees.
	Hide []string
}

// Dialect answers with a vendor's own error bodies and headers.
type Dialect interface {
	Fail(w http.ResponseWriter, r *http.Request, f *FaultResponse)
}

// Gate stands before a simulated system and lets a fault meddle with requests.
type Gate struct {
	Next    http.Handler
	Dialect Dialect
	fault   atomic.Pointer[Fault]
	served  atomic.Int64
}

// SetFault installs a fault, or removes it with nil. Requests are counted from 1 again.
func (g *Gate) SetFault(f Fault) {
	g.served.Store(0)
	if f == nil {
		g.fault.Store(nil)
		return
	}
	g.fault.Store(&f)
}

// Served is how many requests have come since the last SetFault.
func (g *Gate) Served() int { return int(g.served.Load()) }

// ServeHTTP counts the request, asks the fault, and serves or fails.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(g.served.Add(1))
	hook := g.fault.Load()
	if hook == nil {
		g.Next.ServeHTTP(w, r)
		return
	}
	f := (*hook)(r, n)
	if f == nil {
		g.Next.ServeHTTP(w, r)
		return
	}
	if f.Delay > 0 && !pause(r, f.Delay) {
		return
	}
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	switch {
	case f.Status != 0:
		g.Dialect.Fail(w, r, f)
	case f.Truncate > 0 || f.Malformed || f.Drop > 0 || len(f.Hide) > 0:
		g.meddle(w, r, f)
	default:
		g.Next.ServeHTTP(w, r)
	}
}

func pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// meddle serves into memory and sends something else.
func (g *Gate) meddle(w http.ResponseWriter, r *http.Request, f *FaultResponse) {
	c := &capture{header: w.Header(), status: http.StatusOK}
	g.Next.ServeHTTP(c, r)
	body := c.body.Bytes()
	if f.Drop > 0 || len(f.Hide) > 0 {
		body = rewrite(body, f)
	}
	if f.Malformed && len(body) > 0 {
		body = append(bytes.Clone(body[:len(body)-1]), `,"`...)
	}
	w.Header().Del("ETag")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(c.status)
	if f.Truncate > 0 && f.Truncate < len(body) {
		body = body[:f.Truncate] // fewer bytes than promised: the server closes the connection
	}
	_, _ = w.Write(body) // a client that hung up is no concern of the fault
}

// rewrite drops rows and hides fields of a JSON body.
func rewrite(body []byte, f *FaultResponse) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return body
	}
	if f.Drop > 0 {
		v, _ = dropRows(v, f.Drop)
	}
	for _, name := range f.Hide {
		hide(v, name)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return out
}

// listKeys are the keys under which vendors put the rows of a list.
var listKeys = []string{"data", "value", "employees", "items", "check_runs", "statuses", "organization", "samlIdentityProvider",
	"externalIdentities", "edges"}

func dropRows(v any, n int) (any, bool) {
	switch v := v.(type) {
	case []any:
		return v[:max(0, len(v)-n)], true
	case map[string]any:
		for _, k := range listKeys {
			if inner, ok := v[k]; ok {
				if cut, done := dropRows(inner, n); done {
					v[k] = cut
					return v, true
				}
			}
		}
	}
	return v, false
}

func hide(v any, name string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			hide(e, name)
		}
	case map[string]any:
		for k := range v {
			if k == name {
				v[k] = nil
			} else {
				hide(v[k], name)
			}
		}
	}
}

// capture keeps a response instead of sending it.
type capture struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (c *capture) Header() http.Header         { return c.header }
func (c *capture) WriteHeader(status int)      { c.status = status }
func (c *capture) Write(b []byte) (int, error) { return c.body.Write(b) }
