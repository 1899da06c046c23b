package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web"
	"github.com/tickmark/tickmark/verify"
)

// reads is the installation with its stored events in reach, an event that an alert names, and where its page is.
func (in *installation) reads(t *testing.T) (e event.Event, at string) {
	t.Helper()
	ctx := t.Context()
	in.app.Events = in.stored
	var err error
	if in.handler, err = web.New(servicesOf(in.app), web.Options{URL: "http://tickmark.example", Clock: func() time.Time { return in.now }, Log: slog.New(slog.DiscardHandler), Dev: true}); err != nil {
		t.Fatal(err)
	}
	scope := in.operator(t)
	found, _, err := in.stored.Find(ctx, scope.ReadScope, event.Filter{Limit: 1})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d events: %v", len(found), err)
	}
	e = found[0]
	s := signalOf("A secret was read", "T1552", alert.High, in.now)
	s.Entity, s.Events[0].Event = "approle", e.ID
	if _, err := in.app.Alerts.Raise(ctx, scope, in.now, []alert.Signal{s}); err != nil {
		t.Fatal(err)
	}
	all, err := in.app.Alerts.List(ctx, scope.ReadScope, alert.Filter{Entity: "approle"}, paging.Query{})
	if err != nil || len(all.Rows) != 1 {
		t.Fatalf("%d alerts: %v", len(all.Rows), err)
	}
	return e, "/events/" + e.ID
}

// TestEventProof: the page of an event gives it with its proof, which holds without this installation, and files it as evidence.
func TestEventProof(t *testing.T) {
	t.Parallel()
	in := own(t)
	e, at := in.reads(t)
	analyst, reader := in.cookie[access.SecurityAnalyst], in.cookie[access.Auditor]
	if s := one(t, in.get(t, at, reader, http.StatusOK), "main"); !strings.Contains(s, "Export with proof") || strings.Contains(s, "Keep as evidence") {
		t.Error(s)
	}
	if s := one(t, in.get(t, at+"/proof", reader, http.StatusServiceUnavailable), "main"); !strings.Contains(s, "not filed yet") {
		t.Error(s)
	}
	if _, err := in.app.EventSealer.Seal(t.Context(), in.now, true); err != nil {
		t.Fatal(err)
	}
	if _, err := in.app.Ledger.Seal(t.Context(), in.now); err != nil {
		t.Fatal(err)
	}
	res := in.do(http.MethodGet, at+"/proof", reader, nil)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := verify.Proof(body, verify.Options{Keys: []string{in.app.Ledger.Log.Key()}})
	if err != nil || !rep.OK() || rep.Event == nil || rep.Event.ID != e.ID || !strings.Contains(res.Header.Get("Content-Disposition"), e.ID) {
		t.Fatalf("%d %v %+v %+v", res.StatusCode, err, rep, res.Header)
	}
	in.get(t, at+"/proof", in.other, http.StatusNotFound)
	in.get(t, strings.Replace(at, e.ID, strings.Repeat("f", 17), 1)+"/proof", reader, http.StatusNotFound)
	if res := in.send(t, at+"/keep", reader, url.Values{"title": {"An event"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("an auditor files: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/keep", analyst, url.Values{"title": {""}}); res.StatusCode != http.StatusUnprocessableEntity && res.StatusCode != http.StatusBadRequest {
		t.Errorf("without a title: %d", res.StatusCode)
	}
	res = in.send(t, at+"/keep", analyst, url.Values{"title": {"The event of the secret"}, "shows": {"that the secret was read"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("keep: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, res.Header.Get("Location"), analyst, http.StatusOK), "main"); !strings.Contains(s, event.ProofName(e.ID)) {
		t.Error(s)
	}
}

// TestEraseEvent: an owner erases an event with a reason; where it stood the page says so, and nobody else may.
func TestEraseEvent(t *testing.T) {
	t.Parallel()
	in := own(t)
	e, at := in.reads(t)
	owner := in.cookie[access.Owner]
	for _, role := range []access.Role{access.SecurityAnalyst, access.ComplianceLead, access.Auditor} {
		if s := one(t, in.get(t, at, in.cookie[role], http.StatusOK), "main"); strings.Contains(s, "Erase") {
			t.Errorf("%s is offered to erase", role)
		}
		if res := in.send(t, at+"/erase", in.cookie[role], url.Values{"reason": {"request of the person, Art. 17 GDPR"}}); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s erases: %d", role, res.StatusCode)
		}
	}
	if s := one(t, in.get(t, at+"/erase", owner, http.StatusOK), "main"); !strings.Contains(s, "Erase this event?") || !strings.Contains(s, "nobody can bring them back") {
		t.Error(s)
	}
	if res := in.send(t, at+"/erase", owner, url.Values{"reason": {"because"}}); res.StatusCode < 400 {
		t.Errorf("without a reason: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, owner, http.StatusOK), "main"); !strings.Contains(s, "The record as it came") {
		t.Error(s)
	}
	res := in.send(t, at+"/erase", owner, url.Values{"reason": {"request of the person, Art. 17 GDPR"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, in.cookie[access.Auditor], http.StatusOK), "main"); !strings.Contains(s, "Erased event") || !strings.Contains(s, "Art. 17 GDPR") || strings.Contains(s, "The record as it came") || strings.Contains(s, "secret/") || !strings.Contains(string(e.Raw), "secret/") {
		t.Error(s)
	}
	if s := one(t, in.get(t, in.follow(t, at, "ALR-"), owner, http.StatusOK), "main"); !strings.Contains(s, "What it rests on was erased.") || strings.Contains(s, "203.0.113.7") {
		t.Error(s)
	}
	in.get(t, at+"/proof", owner, http.StatusNotFound)
	if s := one(t, in.get(t, "/events", owner, http.StatusOK), "#rows"); strings.Contains(s, "secret/") {
		t.Errorf("the list still tells of it: %s", s)
	}
}

// follow is where the link of a page leads whose words begin so.
func (in *installation) follow(t *testing.T, at, words string) string {
	t.Helper()
	for _, a := range all(in.get(t, at, in.cookie[access.Owner], http.StatusOK), "main a") {
		if strings.HasPrefix(strings.TrimSpace(text(a)), words) {
			return attr(a, "href")
		}
	}
	t.Fatalf("%s links to no %s", at, words)
	return ""
}
