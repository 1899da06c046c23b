package pull_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// TestTokens: one token serves until it is about to end; one that is refused is replaced once, and a second refusal is final.
func TestTokens(t *testing.T) {
	t.Parallel()
	good, seen := "t1", 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen++; r.Header.Get("Authorization") != "Bearer "+good {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	now, asked := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 0
	tokens := pull.Tokens{Now: func() time.Time { return now }, Ask: func(context.Context) (string, time.Duration, error) {
		asked++
		return good, time.Hour, nil
	}}
	client := collecttest.Client(httpx.Options{}, server)
	fetch := func(tries, asks int, fails bool) {
		t.Helper()
		seen, asked = 0, 0
		_, err := tokens.Fetch(t.Context(), client, func() (*http.Request, error) {
			return http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		})
		if seen != tries || asked != asks || (err != nil) != fails {
			t.Errorf("%d requests and %d tokens, want %d and %d; %v", seen, asked, tries, asks, err)
		}
	}
	fetch(1, 1, false)
	fetch(1, 0, false)
	now = now.Add(49 * time.Minute)
	fetch(1, 0, false)
	now = now.Add(2 * time.Minute)
	fetch(1, 1, false)
	good = "t2" // the old one was revoked
	fetch(2, 1, false)
	tokens.Ask = func(context.Context) (string, time.Duration, error) { asked++; return "t3", time.Hour, nil }
	good = "t4"
	fetch(2, 1, true)
	tokens.Ask = func(context.Context) (string, time.Duration, error) { asked++; return "", 0, nil }
	now = now.Add(time.Hour)
	fetch(0, 1, true)
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		next  map[string]string
		pages int
		says  string
	}{
		"one":           {map[string]string{}, 1, ""},
		"three":         {map[string]string{"": "a", "a": "b"}, 3, ""},
		"the same":      {map[string]string{"": "a", "a": "a"}, 2, "already read"},
		"in a circle":   {map[string]string{"": "a", "a": "b", "b": "a"}, 3, "already read"},
		"a page breaks": {map[string]string{"": "a", "a": "broken"}, 3, "page 3: it is broken"},
	} {
		n := 0
		err := pull.Pages(func(token string) (string, error) {
			if n++; token == "broken" {
				return "", errors.New("it is broken")
			}
			return c.next[token], nil
		})
		if n != c.pages || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d pages, %v", name, n, err)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		granted any
		final   bool
	}{
		"granted":     {nil, true, false},
		"denied":      {errs.New(errs.Denied, "no"), false, false},
		"not there":   {errs.New(errs.NotFound, "no"), false, false},
		"unavailable": {errs.New(errs.Unavailable, "gone"), nil, true},
		"exhausted":   {errs.New(errs.Exhausted, "later"), nil, true},
		"odd":         {errs.New(errs.Invalid, "odd"), nil, false},
		"no sign-in":  {&errs.Error{Kind: errs.Denied, Err: &httpx.ResponseError{Status: http.StatusUnauthorized}}, nil, true},
	} {
		var p collect.Permission
		err := pull.Verdict(&p, c.err)
		var granted any
		if p.Granted != nil {
			granted = *p.Granted
		}
		if granted != c.granted || (err != nil) != c.final || (c.err != nil && !c.final) != (p.Detail != "") {
			t.Errorf("%s: %v, %q, %v", name, granted, p.Detail, err)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "https://usual.example", " https://a.example/x/ ": "https://a.example/x", "http://a.example:80": "http://a.example:80", "a.example": "", "ftp://a.example": "", "https://u:p@a.example": "", "https://a.example?x=1": "", "https://a.example#x": "", "https://": ""} {
		got, err := pull.Address(collect.Env{Settings: map[string]string{"base_url": text}}, "base_url", "https://usual.example")
		if got != want || (err == nil) != (want != "") || err != nil && errs.FieldOf(err) != "base_url" {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}
