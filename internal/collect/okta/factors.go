package okta

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// factor is a sign-in factor of an account.
type factor struct {
	ID       string     `json:"id"`
	Type     string     `json:"factorType"`
	Provider *string    `json:"provider"`
	Status   string     `json:"status"`
	Created  *time.Time `json:"created"`
}

// factors emits the factors of the accounts that can be signed in to, one request each: Okta has no list of all.
func (r *run) factors(ctx context.Context, p *people) error {
	p.factor = map[string]bool{}
	var open []string
	for _, u := range p.users {
		switch status(u.Value.Status) {
		case "active", "locked", "suspended":
			open = append(open, u.Value.ID)
		}
	}
	r.sink.Note("auth_factor", "Read are the factors of accounts that are active, locked or suspended. Okta gives no count of factors to compare the lists with.")
	var refused atomic.Bool
	return httpx.Each(ctx, parallel, open, func(ctx context.Context, account string) error {
		if refused.Load() {
			return nil
		}
		active := false
		path := "/api/v1/users/" + url.PathEscape(account) + "/factors"
		err := list(ctx, r, "auth_factor", "GET /api/v1/users/{userId}/factors", path, nil, func(row httpx.Row[factor]) error {
			f := row.Value.fact(account, row.Raw)
			active = active || f.Status == "active"
			return r.emit(f)
		})
		if err == nil {
			p.mu.Lock()
			p.factor[account] = active
			p.mu.Unlock()
			return nil
		}
		if errs.Is(err, errs.Denied) && refused.Swap(true) {
			return nil // the right is missing for all accounts; it is said once
		}
		return r.report(ctx, "auth_factor", errs.Wrap(err, "factors of the account %s", account))
	})
}

func (f *factor) fact(account, raw string) *collect.AuthFactor {
	out := &collect.AuthFactor{
		ID: f.ID, AccountID: account, Kind: f.Type, Provider: f.Provider, Status: factorStatus(f.Status),
		PhishingResistant: resistant(f.Type), EnrolledAt: microsPtr(f.Created),
	}
	out.Raw = withoutActivation(raw)
	return out
}

func factorStatus(s string) string {
	switch s {
	case "ACTIVE", "ENROLLED":
		return "active"
	case "PENDING_ACTIVATION", "NOT_SETUP":
		return "pending"
	}
	return "inactive" // INACTIVE, EXPIRED, DISABLED
}

// resistant tells whether a kind of factor cannot be handed to a false site: NIST SP 800-63B section 5.2.5 calls this
// verifier impersonation resistance. FastPass (signed_nonce) counts as Okta itself counts it. Unknown kinds are not known.
func resistant(kind string) *bool {
	switch kind {
	case "webauthn", "u2f", "signed_nonce":
		return collect.Ptr(true)
	case "push", "sms", "call", "email", "question", "token", "token:hardware", "token:hotp", "token:software:totp":
		return collect.Ptr(false)
	}
	return nil
}

// withoutActivation takes off what an account would finish an enrolment with, the shared secret of a code generator above
// all, which Okta may show while an enrolment is pending.
func withoutActivation(raw string) string {
	if !strings.Contains(raw, `"activation"`) {
		return raw
	}
	var doc map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &doc) != nil {
		return "{}"
	}
	delete(doc, "_embedded")
	delete(doc, "activation")
	b, err := json.Marshal(doc)
	if err != nil {
		return "{}"
	}
	return string(b)
}
