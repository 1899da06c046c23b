package events_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/event/eventsql"
	"github.com/tickmark/tickmark/internal/platform/eventlog"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/web/events"
)

// TestHandler: what a sender is answered: taken, known, not allowed, too much, too large, and a disk that is full.
func TestHandler(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	w, store := accesstest.New(t, db), &eventsql.Store{DB: db}
	free := uint64(1 << 40)
	log, err := eventlog.Open(t.TempDir(), eventlog.Options{FileBytes: 1 << 20, LowWater: 1 << 20, Free: func() (uint64, error) { return free, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	in := &event.Intake{Journal: eventlake.Journal{Log: log}, Store: store, Keys: store, Segments: store, Access: w.Access}
	if err := in.Open(t.Context(), accesstest.Now); err != nil {
		t.Fatal(err)
	}
	sources := &event.Sources{Store: store, Days: store, Tx: db, Ledger: w.Ledger}
	_, token, err := sources.Add(t.Context(), w.Owner, accesstest.Now, event.NewSource{Name: "Vault", Log: "vault.audit", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	now := accesstest.Now
	h := &events.Handler{Intake: in, Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	post := func(token, key, body string) (*http.Response, map[string]any) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, events.Path, strings.NewReader(body))
		r.Header.Set("Authorization", token)
		r.Header.Set("Idempotency-Key", key)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		var answer map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			t.Errorf("%s: %v", rec.Body, err)
		}
		return rec.Result(), answer
	}
	line := `{"type":"request","time":"2026-03-01T12:00:00Z","request":{"id":"r1","operation":"read","path":"secret/a"}}` + "\n"
	other := strings.ReplaceAll(line, "r1", "r2")
	for _, x := range []struct {
		token, key, body string
		status           int
		field, says      string
	}{
		{"Bearer " + token, "k", line + "nothing\n", 200, "accepted", "1"},
		{"bearer " + token, "k", line + "nothing\n", 200, "quarantined", "1"},
		{"Bearer " + token, "k", line, 409, "hint", "new key"},
		{"Bearer " + token, "", line, 200, "duplicates", "1"},
		{"", "", line, 401, "hint", "Authorization"},
		{"Bearer tmki_wrong", "", line, 401, "error", "no source"},
		{"Basic " + token, "", line, 401, "error", "token"},
		{"Bearer " + token, "", "[", 400, "error", "cut off"},
		{"Bearer " + token, "", strings.Repeat(" ", event.MaxBody+2), 413, "request", ""},
		{"Bearer " + token, "", strings.Repeat(other, 100), 429, "hint", "Idempotency-Key"},
	} {
		res, answer := post(x.token, x.key, x.body)
		text, _ := json.Marshal(answer[x.field])
		if res.StatusCode != x.status || !strings.Contains(string(text), x.says) || res.Header.Get("Request-Id") == "" {
			t.Errorf("%.30s: %d %v, want %d with %s: %s", x.body, res.StatusCode, answer, x.status, x.field, x.says)
		}
		if x.status == http.StatusTooManyRequests && res.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to come back")
		}
		if x.status == http.StatusUnauthorized && res.Header.Get("WWW-Authenticate") == "" {
			t.Error("it does not say how to come in")
		}
	}
	now = now.Add(time.Hour)
	free = 0
	for range 2 { // the free space is looked at once a second
		res, answer := post("Bearer "+token, "", strings.ReplaceAll(line, "r1", "r3"))
		if res.StatusCode == http.StatusOK {
			time.Sleep(1100 * time.Millisecond)
			continue
		}
		if res.StatusCode != http.StatusInsufficientStorage || res.Header.Get("Retry-After") == "" || strings.Contains(answer["error"].(string), "/") {
			t.Errorf("full: %d %v", res.StatusCode, answer)
		}
		return
	}
	t.Error("a full disk takes events")
}
