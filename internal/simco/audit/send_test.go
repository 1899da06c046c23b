package audit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/simco/audit"
)

// TestSend: everything arrives once and in order although the intake is full now and then; what is refused ends it.
func TestSend(t *testing.T) {
	t.Parallel()
	var records []audit.Record
	for n := range 2500 {
		log := audit.Okta
		if n%5 == 0 {
			log = audit.Vault
		}
		records = append(records, audit.Record{Log: log, Raw: []byte(`{"n":` + strings.Repeat("1", 1+n%7) + `}`)})
	}
	var mu sync.Mutex
	got, keys, calls := map[string]int{}, map[string]bool{}, 0
	refuse := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%3 == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if refuse {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if key := r.Header.Get("Idempotency-Key"); key == "" || keys[token+key] {
			t.Errorf("key %q of a batch", key)
		} else {
			keys[token+key] = true
		}
		for in := bufio.NewScanner(r.Body); in.Scan(); {
			if !json.Valid(in.Bytes()) {
				t.Errorf("no JSON: %s", in.Bytes())
			}
			got[token]++
		}
	}))
	defer srv.Close()
	var waited []time.Duration
	s := audit.Sender{URL: srv.URL, Tokens: map[string]string{audit.Okta: "okta-token"}, Client: srv.Client(),
		Waiting: func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil }}
	sent, err := s.Send(t.Context(), slices.Values(records))
	if err != nil || sent.Records != 2000 || got["okta-token"] != 2000 || sent.Unsent[audit.Vault] != 500 || sent.Again == 0 || len(waited) == 0 || waited[0] != 7*time.Second {
		t.Errorf("sent %+v, got %v, waited %v: %v", sent, got, waited, err)
	}
	refuse = true
	if _, err := s.Send(t.Context(), slices.Values(records[1:3])); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("refused: %v", err)
	}
}

func TestWriteFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	records := []audit.Record{{Log: audit.Okta, Raw: []byte(`{"a":1}`)}, {Log: audit.AWS, Raw: []byte(`{"b":1}`)}, {Log: audit.Okta, Raw: []byte(`{"a":2}`)}}
	n, err := audit.WriteFiles(dir, slices.Values(records))
	if err != nil || n[audit.Okta] != 2 || n[audit.AWS] != 1 {
		t.Fatal(n, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "okta.log.ndjson")); err != nil || string(b) != "{\"a\":1}\n{\"a\":2}\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := audit.WriteFiles(dir, slices.Values(records)); errs.KindOf(err) != errs.Conflict {
		t.Errorf("overwritten: %v", err)
	}
}
