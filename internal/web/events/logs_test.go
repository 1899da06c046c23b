package events_test

import (
	"bytes"
	"compress/gzip"
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

// TestServeLogs: what an exporter is answered, in the form in which it asked.
func TestServeLogs(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	w, store := accesstest.New(t, db), &eventsql.Store{DB: db}
	log, err := eventlog.Open(t.TempDir(), eventlog.Options{FileBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	in := &event.Intake{Journal: eventlake.Journal{Log: log}, Store: store, Keys: store, Segments: store, Access: w.Access}
	if err := in.Open(t.Context(), accesstest.Now); err != nil {
		t.Fatal(err)
	}
	sources := &event.Sources{Store: store, Tx: db, Ledger: w.Ledger, Forget: in.Forget}
	x, token, err := sources.Add(t.Context(), w.Owner, accesstest.Now, event.NewSource{Name: "Hosts", Log: "linux.syslog", Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	now := accesstest.Now
	h := &events.Handler{Intake: in, Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	post := func(token, kind, encoding, body string) (int, string, http.Header) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, events.LogsPaths[0], strings.NewReader(body))
		r.Header.Set("Authorization", token)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Content-Encoding", encoding)
		rec := httptest.NewRecorder()
		h.ServeLogs(rec, r)
		return rec.Code, rec.Body.String(), rec.Header()
	}
	records := func(n int, record string) string {
		return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + strings.TrimSuffix(strings.Repeat(record+",", n), ",") + `]}]}]}`
	}
	good := records(2, `{"timeUnixNano":"1772352000250000000","body":{"stringValue":"hello"}}`)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(strings.ReplaceAll(good, "hello", "packed")))
	_ = z.Close()
	var bomb bytes.Buffer
	z = gzip.NewWriter(&bomb)
	for range 40 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	bearer := "Bearer " + token
	for _, c := range []struct {
		name, token, kind, encoding, body string
		status                            int
		says                              string
	}{
		{"JSON", bearer, "application/json; charset=utf-8", "", good, 200, "{}"},
		{"the same again", bearer, "application/json", "", good, 200, "{}"},
		{"packed", bearer, "application/json", "gzip", packed.String(), 200, "{}"},
		{"protobuf", bearer, "application/x-protobuf", "", "\x0a\x08\x12\x06\x12\x04\x2a\x02\x0a\x00", 200, ""},
		{"nothing in it", bearer, "application/x-protobuf", "", "", 200, ""},
		{"some not", bearer, "application/json", "", records(1, `{"body":{"stringValue":"{\"a\":1,\"a\":2}"}}`), 200, `"rejectedLogRecords":"1"`},
		{"broken", bearer, "application/json", "", "{", 400, `"code":3`},
		{"broken protobuf", bearer, "application/x-protobuf", "", "\xff", 400, "\x08\x03\x12"},
		{"text", bearer, "text/plain", "", good, 415, "protobuf"},
		{"zstd", bearer, "application/json", "zstd", good, 400, "zstd"},
		{"no gzip", bearer, "application/json", "gzip", good, 400, "unpacked"},
		{"bomb", bearer, "application/json", "gzip", bomb.String(), 413, "larger"},
		{"large", bearer, "application/json", "", strings.Repeat(" ", event.MaxBody+1), 413, ""},
		{"nobody", "", "application/json", "", good, 401, `"code":16`},
		{"a wrong token", "Bearer tmki_wrong", "application/json", "", good, 401, "no source"},
		{"a flood", bearer, "application/json", "", records(7000, `{}`), 429, `"code":8`},
	} {
		status, body, head := post(c.token, c.kind, c.encoding, c.body)
		if status != c.status || !strings.Contains(body, c.says) || status == 200 && c.says == "" && body != "" {
			t.Errorf("%s: %d %q, want %d with %q", c.name, status, body, c.status, c.says)
		}
		if want := strings.Split(c.kind, ";")[0]; strings.HasPrefix(want, "application/") && head.Get("Content-Type") != want {
			t.Errorf("%s: answered as %s", c.name, head.Get("Content-Type"))
		}
		if status == http.StatusTooManyRequests && head.Get("Retry-After") == "" {
			t.Errorf("%s: it does not say when to come back", c.name)
		}
	}
	if got := in.Live(x); got.Events != 5 || got.Tally.Refused != 1 {
		t.Errorf("%+v", got.Tally)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := post(bearer, "application/json", "", strings.ReplaceAll(good, "hello", "late")); status != 503 || strings.Contains(body, "log is closed") && strings.Contains(body, "/") {
		t.Errorf("the log is closed: %d %s", status, body)
	}
}
