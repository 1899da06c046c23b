package logs

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// batch is how much time the feed of the office puts into one batch of content.
const batch = 10 * life.Minute

// feed serves the Management Activity API: subscriptions, lists of content, and content.
func (s *Entra) feed() {
	const root = "/api/v1.0/{tenant}/activity/feed/"
	for path, h := range map[string]http.HandlerFunc{"GET " + root + "subscriptions/list": s.subscriptions, "POST " + root + "subscriptions/start": s.subscribe,
		"GET " + root + "subscriptions/content": s.contents, "GET " + root + "audit/{content}/{number}": s.content} {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case !s.holds(bearer(r.Header.Get("Authorization")), s.b.clock.Now()):
				s.fail(w, http.StatusUnauthorized, "AF10001", "The permission set () sent in the request did not include the expected permission.")
			case r.PathValue("tenant") != s.o.Tenant:
				s.fail(w, http.StatusBadRequest, "AF20011", "The tenant ID passed in the URL does not match the tenant ID passed in the access token.")
			case s.meter.Take(s.o.Now()).Refused:
				w.Header().Set("Retry-After", "20")
				s.fail(w, http.StatusTooManyRequests, "AF429", "Too many requests.")
			default:
				h(w, r)
			}
		})
	}
}

func (s *Entra) subscriptions(w http.ResponseWriter, _ *http.Request) {
	j := wire.NewJSON().Arr()
	s.started.Range(func(k, _ any) bool {
		j.Obj().S("contentType", fmt.Sprint(k)).S("status", "enabled").N("webhook").End()
		return true
	})
	wire.Send(w, http.StatusOK, "application/json", j.EndArr())
}

func (s *Entra) subscribe(w http.ResponseWriter, r *http.Request) {
	content := r.URL.Query().Get("contentType")
	if !strings.HasPrefix(content, "Audit.") {
		s.fail(w, http.StatusBadRequest, "AF20020", "The specified content type is not valid.")
		return
	}
	s.started.Store(content, true)
	wire.Send(w, http.StatusOK, "application/json", wire.NewJSON().Obj().S("contentType", content).S("status", "enabled").N("webhook").End())
}

// Batches are the records of a type of content that become available from an instant up to another, with that time as when they are
// shown.
func (b *Book) Batches(content string, from, to life.Time) []Entry {
	var out []Entry
	workload := []byte(`"Workload":"` + strings.TrimPrefix(content, "Audit.") + `"`)
	for _, e := range b.All(audit.M365, from-life.Day, to) {
		e.Shown = (e.Shown/batch + 1) * batch
		if e.Shown >= from && e.Shown < to && bytes.Contains(e.Raw, workload) {
			out = append(out, e)
		}
	}
	return out
}

// contents lists batches, 20 a page.
func (s *Entra) contents(w http.ResponseWriter, r *http.Request) {
	q, now := r.URL.Query(), s.b.clock.Now()
	content := q.Get("contentType")
	if _, on := s.started.Load(content); !on {
		s.fail(w, http.StatusBadRequest, "AF20022", "No subscription found for the specified content type")
		return
	}
	from, err := time.Parse("2006-01-02T15:04:05", q.Get("startTime"))
	to, err2 := time.Parse("2006-01-02T15:04:05", q.Get("endTime"))
	if err != nil || err2 != nil || to.Sub(from) > 24*time.Hour || !from.Before(to) || from.Before((now - 7*life.Day).Go()) {
		s.fail(w, http.StatusBadRequest, "AF20030", "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart.")
		return
	}
	var at []life.Time
	seen := map[life.Time]bool{}
	for _, e := range s.b.Batches(content, life.Of(from), min(life.Of(to), now+1)) {
		if !seen[e.Shown] {
			seen[e.Shown] = true
			at = append(at, e.Shown)
		}
	}
	skip, _ := strconv.Atoi(q.Get("nextPage"))
	lo, hi := wire.Window(len(at), skip, 20)
	if hi < len(at) {
		w.Header().Set("NextPageUri", wire.With(r, "nextPage", strconv.Itoa(hi)))
	}
	j := wire.NewJSON().Arr()
	for _, t := range at[lo:hi] {
		j.Obj().S("contentType", content).S("contentId", fmt.Sprint(content, "$", t)).S("contentUri", fmt.Sprintf("%s/api/v1.0/%s/activity/feed/audit/%s/%d", wire.Base(r), s.o.Tenant, content, t)).
			TMs("contentCreated", t).TMs("contentExpiration", t+7*life.Day).End()
	}
	wire.Send(w, http.StatusOK, "application/json", j.EndArr())
}

// content answers with the records of a batch.
func (s *Entra) content(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	at := life.Time(n)
	rows := s.b.Batches(r.PathValue("content"), at, at+1)
	if err != nil || at > s.b.clock.Now() || len(rows) == 0 {
		s.fail(w, http.StatusNotFound, "AF20051", "Content requested with the key has already expired.")
		return
	}
	wire.Send(w, http.StatusOK, "application/json", list(wire.NewJSON(), rows))
}
