package okta_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/okta"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, okta.Connector{}.Describe())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	client := collecttest.Client(httpx.Options{})
	token := map[string]string{"token": "t"}
	for name, e := range map[string]collect.Env{
		"no address":   {Secrets: token},
		"odd address":  {Settings: map[string]string{"base_url": "northwind.okta.example"}, Secrets: token},
		"with a login": {Settings: map[string]string{"base_url": "https://a:b@northwind.okta.example"}, Secrets: token},
		"no token":     {Settings: map[string]string{"base_url": "https://northwind.okta.example"}},
		"odd kind":     {Settings: map[string]string{"base_url": "https://northwind.okta.example", "auth": "basic"}, Secrets: token},
		"odd days":     {Settings: map[string]string{"base_url": "https://northwind.okta.example", "first_days": "x"}, Secrets: token},
	} {
		e.HTTP = client
		if err := (okta.Connector{}).Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) == "" {
			t.Errorf("%s: %v, field %q", name, err, errs.FieldOf(err))
		}
	}
}

// What a real organisation answers and the simulated one does not: an enrolment with its secret, words of newer versions,
// pages that say "next" after the last, roles by page.
func TestRealAnswers(t *testing.T) {
	t.Parallel()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		body := "[]"
		switch r.URL.Path {
		case "/api/v1/users":
			if q.Get("filter") == "" {
				body = `[{"id":"u1","status":"RECOVERY","created":"2026-01-01T00:00:00.000Z","activated":null,"profile":{"login":"robot","email":null,"userType":"Machine","displayName":"R"}},
					{"id":"u2","status":"SOMETHING_NEW","created":"2026-01-01T00:00:00.000Z","profile":{"login":"ada@northwind.example","firstName":"Ada","lastName":"Example"}},
					{"id":"u3","status":"SUSPENDED","profile":{"login":"bob"}}]`
			} else {
				body = `[{"id":"u3","status":"DEPROVISIONED","profile":{"login":"bob"}}]` // between the two lists
			}
		case "/api/v1/users/u1/factors":
			body = `[{"id":"f1","factorType":"token:software:totp","provider":"GOOGLE","status":"PENDING_ACTIVATION","created":"2026-01-02T00:00:00.000Z","_embedded":{"activation":{"sharedSecret":"JBSWY3DPEHPK3PXP"}}},
				{"id":"f2","factorType":"newfangled","status":"EXPIRED"}]`
		case "/api/v1/iam/assignees/users":
			body = `{"value":[{"id":"u1"}],"_links":{"next":{"href":"` + server.URL + `/api/v1/iam/assignees/users?after=1"}}}`
			if q.Get("after") == "1" {
				body = `{"value":[{"id":"u2"}],"_links":{}}`
			}
		case "/api/v1/users/u1/roles":
			body = `[{"id":"r1","type":"SUPER_ADMIN","label":"Super","status":"ACTIVE","created":"2026-01-03T00:00:00.000Z"},{"id":"r2","type":"ORG_ADMIN","status":"INACTIVE"}]`
		case "/api/v1/users/u2/roles":
			body = `[{"id":"r1","type":"CUSTOM","label":"Auditor","status":"ACTIVE"}]`
		case "/api/v1/policies":
			if q.Get("type") == "OKTA_SIGN_ON" {
				body = `[{"id":"p1","name":"P","status":"ACTIVE"},{"id":"p2","name":"Q","status":"ACTIVE"},{"id":"p3","name":"R","status":"ACTIVE"}]`
			}
		case "/api/v1/policies/p1/rules":
			body = `[{"status":"ACTIVE","actions":{"signon":{"access":"ALLOW","session":{}}}}]` // says nothing of a factor
		case "/api/v1/policies/p2/rules":
			body = `[{"status":"ACTIVE","actions":{"signon":{"access":"DENY"}}}]`
		case "/api/v1/policies/p3/rules":
			body = `[{"status":"ACTIVE","actions":{"signon":{"access":"ALLOW","requireFactor":false,"session":{"maxSessionIdleMinutes":60}}}},{"status":"ACTIVE","actions":{"signon":{"access":"ALLOW","session":{"maxSessionIdleMinutes":90}}}}]`
		case "/api/v1/logs":
			n := len(q.Get("after"))
			w.Header().Add("Link", fmt.Sprintf(`<%s/api/v1/logs?after=%s>; rel="next"`, server.URL, strings.Repeat("x", n+1)))
			if n < 2 {
				body = fmt.Sprintf(`[{"uuid":"e%d","published":"2026-03-01T10:00:00.000Z","eventType":"user.session.start","actor":{"id":"a","alternateId":"unknown","displayName":"A"},"target":null}]`, n)
			}
		}
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	var s collecttest.Sink
	e := collect.Env{
		Settings: map[string]string{"base_url": server.URL + "/", "auth": "bearer", "service_user_type": "machine"}, Secrets: map[string]string{"token": "t"},
		HTTP: collecttest.Client(httpx.Options{}, server), Since: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
	}
	if err := (okta.Connector{}).Collect(t.Context(), e, &s); err != nil {
		t.Fatal(err)
	}
	s.NoFailures(t)
	s.Laws(t, okta.Connector{}.Describe(), "JBSWY3DPEHPK3PXP")
	made := collect.Ptr(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	collecttest.Same(t, &s, []*collect.UserAccount{
		{ID: "u1", Login: "robot", DisplayName: collect.Ptr("R"), Status: "active", Kind: collect.Ptr("service"), Admin: collect.Ptr(true), SecondFactor: collect.Ptr(false), CreatedAt: made},
		{ID: "u2", Login: "ada@northwind.example", DisplayName: collect.Ptr("Ada Example"), Status: "something_new", Kind: collect.Ptr("person"), Admin: collect.Ptr(true), CreatedAt: made},
		{ID: "u3", Login: "bob", Status: "deprovisioned", Kind: collect.Ptr("person"), Admin: collect.Ptr(false)},
	})
	if f := collecttest.ByKey[*collect.AuthFactor](t, &s, "f2"); f.PhishingResistant != nil || f.Status != "inactive" || f.EnrolledAt != nil {
		t.Errorf("an unknown factor is %+v", f)
	}
	if r := collecttest.Of[*collect.RoleGrant](&s); len(r) != 2 || r[0].ID != "u1/r1" || r[1].Role != "CUSTOM" {
		t.Errorf("roles are %+v", r)
	}
	for id, want := range map[string][2]any{"p1": {nil, nil}, "p2": {nil, nil}, "p3": {false, int64(90)}} {
		p := collecttest.ByKey[*collect.AuthPolicy](t, &s, id)
		if got := [2]any{value(p.RequiresSecondFactor), value(p.SessionIdleMinutes)}; got != want {
			t.Errorf("%s asks %v, want %v", id, got, want)
		}
	}
	if ev := collecttest.Of[*collect.AuditEvent](&s); len(ev) != 2 || *ev[0].Actor != "A" || ev[0].Target != nil || ev[0].Outcome != nil {
		t.Errorf("events are %+v", ev)
	}
}

func value[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func TestHalts(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 40))
	full := &collecttest.Sink{EmitErr: errors.New("disk full")}
	if err := (okta.Connector{}).Collect(t.Context(), c.env, full); !errors.Is(err, full.EmitErr) {
		t.Errorf("a full disk: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (okta.Connector{}).Collect(ctx, c.env, &collecttest.Sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
