// Package pull is what the connectors that read audit logs alone have in common on the wire: tokens that end and are asked for again,
// pages by token, settings, and what the answer to a trial means.
package pull

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Resource is what audit logs are collected as.
const Resource = "audit_event"

// maxPages bounds one list, as httpx does.
const maxPages = 100_000

// FirstDays is the setting that says how far back the first run reads.
func FirstDays(usual, most int) collect.Field {
	return collect.Field{Name: "first_days", Title: "Days of the first run", Default: strconv.Itoa(usual),
		Hint: "How far back the first run reads; the source keeps " + strconv.Itoa(most) + " days"}
}

// Since is where a run without a mark begins.
func Since(e collect.Env, usual int) (time.Time, error) {
	text := Setting(e, "first_days", strconv.Itoa(usual))
	days, err := strconv.Atoi(text)
	if err != nil || days < 0 || days > 36_500 {
		return time.Time{}, errs.New(errs.Invalid, "the setting first_days is not a number of days").At("first_days").WithHint("Write a whole number such as %d.", usual)
	}
	if e.Since.IsZero() {
		return e.Until.AddDate(0, 0, -days), nil
	}
	return e.Since, nil
}

// Setting is a setting without blanks around it, or what is usual.
func Setting(e collect.Env, name, usual string) string {
	if v := strings.TrimSpace(e.Settings[name]); v != "" {
		return v
	}
	return usual
}

// Need is a setting or secret that must be there.
func Need(from map[string]string, name, title string) (string, error) {
	v := strings.TrimSpace(from[name])
	if v == "" {
		return "", errs.New(errs.Invalid, "%s is not given", title).At(name).WithHint("Change the connection and fill it in.")
	}
	return v, nil
}

// Address is a setting that is the beginning of an address, without a slash at its end.
func Address(e collect.Env, name, usual string) (string, error) {
	text := Setting(e, name, usual)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errs.New(errs.Invalid, "%q is not an address of the form https://host", text).At(name).WithHint("Usual is %s.", usual)
	}
	return strings.TrimSuffix(text, "/"), nil
}

// Tokens asks for a token when it needs one: at first, some minutes before the old one ends, and when the source refuses the old one.
type Tokens struct {
	Now func() time.Time
	Ask func(ctx context.Context) (token string, good time.Duration, err error)

	mu    sync.Mutex
	token string
	until time.Time
}

func (t *Tokens) get(ctx context.Context, not string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.token != not && t.Now().Before(t.until) {
		return t.token, nil
	}
	token, good, err := t.Ask(ctx)
	if err != nil {
		return "", err
	}
	if token == "" {
		return "", errs.New(errs.Invalid, "the source gave no token").WithHint("Check the address at which tokens are asked for.")
	}
	t.token, t.until = token, t.Now().Add(good-good/6)
	return token, nil
}

// Fetch sends a request with a token, and once more with a new one if the source says that it has ended.
func (t *Tokens) Fetch(ctx context.Context, client *http.Client, ask func() (*http.Request, error)) (*httpx.Answer, error) {
	token := ""
	for {
		old := token
		var err error
		if token, err = t.get(ctx, old); err != nil {
			return nil, err
		}
		req, err := ask()
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		a, err := httpx.Fetch(ctx, client, req)
		if httpx.StatusOf(err) != http.StatusUnauthorized || old != "" {
			return a, err
		}
	}
}

// Pages asks for one page after the other, beginning with the empty token. page gives the token of the next, empty after the last. A
// token that came before is an error, never an end.
func Pages(page func(token string) (next string, err error)) error {
	seen := map[string]bool{}
	for token := ""; ; {
		seen[token] = true
		next, err := page(token)
		if err != nil {
			if len(seen) > 1 {
				err = errs.Wrap(err, "page %d", len(seen))
			}
			return err
		}
		if next == "" {
			return nil
		}
		if seen[next] || len(seen) >= maxPages {
			return errs.New(errs.Invalid, "page %d of the list leads back to a page already read", len(seen))
		}
		token = next
	}
}

// Record is a record of a list as it came; it is read one by one, so that one that is odd does not hold up the others.
type Record = httpx.Row[json.RawMessage]

// Give hands records on as facts; fact gives nil for one that it cannot read.
func Give(s collect.Sink, from time.Time, records []Record, fact func(raw string) *collect.AuditEvent, take collect.Take) error {
	for _, r := range records {
		f := fact(r.Raw)
		if f == nil {
			f = odd(s, from, r.Raw)
		}
		if err := take(f, f.OccurredAt); err != nil {
			return err
		}
	}
	return nil
}

// odd is a record in which identity, time or action cannot be read. It is kept as it came, under the hash of its bytes, and the sink is
// told: intake puts it aside with its reason, and the records around it are not held up.
func odd(s collect.Sink, from time.Time, raw string) *collect.AuditEvent {
	sum := sha256.Sum256([]byte(raw))
	s.Failed(Resource, errs.New(errs.Invalid, "a record from %s on lacks its identity, time or action; it is kept as it came", from.Format(time.RFC3339)))
	f := &collect.AuditEvent{ID: "sha256:" + hex.EncodeToString(sum[:]), OccurredAt: from, Action: "unknown"}
	f.Raw = raw
	return f
}

// Verdict is what the answer to a trial means for a permission. What it returns is that the source did not answer at all.
func Verdict(p *collect.Permission, err error) error {
	switch {
	case err == nil:
		p.Granted = collect.Ptr(true)
	case errs.Is(err, errs.Unavailable), errs.Is(err, errs.Exhausted), httpx.StatusOf(err) == http.StatusUnauthorized:
		return err
	case errs.Is(err, errs.Denied), errs.Is(err, errs.NotFound):
		p.Granted, p.Detail = collect.Ptr(false), err.Error()
	default:
		p.Detail = err.Error()
	}
	return nil
}

// Micros is an instant as facts carry it.
func Micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
