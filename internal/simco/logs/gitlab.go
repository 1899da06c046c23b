package logs

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// GitLabOptions of a server.
type GitLabOptions struct {
	Token     string
	Group     string // path of the group
	PerMinute int    // requests a minute; 0 refuses none
	Now       func() time.Time
}

// Lab is the simulated second code host. It is safe for concurrent use.
type Lab struct {
	b     *Book
	o     GitLabOptions
	meter wire.Meter
	mux   *http.ServeMux
}

// NewLab makes the second code host of a world.
func NewLab(b *Book, o GitLabOptions) *Lab {
	s := &Lab{b: b, o: o, meter: wire.Meter{Limit: o.PerMinute, Wide: 2000, Per: time.Minute}, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /api/v4/audit_events", s.events)
	s.mux.HandleFunc("GET /api/v4/groups/{group}/audit_events", s.events)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.fail(w, http.StatusNotFound, "404 Not Found") })
	return s
}

// ServeHTTP answers a request.
func (s *Lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st := s.meter.Take(s.o.Now())
	h := w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(st.Limit))
	h.Set("RateLimit-Remaining", strconv.Itoa(st.Remaining))
	h.Set("RateLimit-Reset", strconv.FormatInt(st.Reset.Unix(), 10))
	switch {
	case !wire.Same(r.Header.Get("Private-Token"), s.o.Token):
		s.fail(w, http.StatusUnauthorized, "401 Unauthorized")
	case st.Refused:
		h.Set("Retry-After", strconv.Itoa(1+int(st.Reset.Sub(s.o.Now())/time.Second)))
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte("Retry later\n"))
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// events answers with audit events, newest first, by keyset.
func (s *Lab) events(w http.ResponseWriter, r *http.Request) {
	if g := r.PathValue("group"); g != "" && g != s.o.Group {
		s.fail(w, http.StatusNotFound, "404 Group Not Found")
		return
	}
	q := r.URL.Query()
	size, ok := wire.Size(q.Get("per_page"), 20, 100)
	from, err := time.Parse(time.RFC3339, q.Get("created_after"))
	to, err2 := time.Parse(time.RFC3339, q.Get("created_before"))
	if !ok || err != nil || err2 != nil || q.Get("pagination") != "keyset" || to.Sub(from) > 31*24*time.Hour {
		s.fail(w, http.StatusBadRequest, "400 Bad request - Date range limited to 31 days")
		return
	}
	page, next, ok := after(s.b.shown(GitLab, life.Of(from), life.Of(to)+1), q.Get("cursor"), q.Get("created_after")+q.Get("created_before"), size)
	if !ok {
		s.fail(w, http.StatusBadRequest, "400 Bad request - cursor is invalid")
		return
	}
	if next != "" {
		w.Header().Set("Link", "<"+wire.With(r, "cursor", next)+`>; rel="next"`)
	}
	wire.Send(w, http.StatusOK, "application/json", list(wire.NewJSON(), page))
}

func (s *Lab) fail(w http.ResponseWriter, status int, message string) {
	wire.Send(w, status, "application/json", wire.NewJSON().Obj().S("message", message).End())
}

// Fail answers an injected fault in the vendor's words.
func (s *Lab) Fail(w http.ResponseWriter, _ *http.Request, f *wire.FaultResponse) {
	if f.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	text := map[int]string{http.StatusUnauthorized: "401 Unauthorized", http.StatusForbidden: "403 Forbidden"}[f.Status]
	if text == "" {
		text = f.Message
	}
	s.fail(w, f.Status, text)
}
