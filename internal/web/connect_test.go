package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestConnectLogs: systems whose audit logs are pulled are offered with their fields and rights, every few minutes at first and never
// more rarely than asked; what is chosen among values is checked.
func TestConnectLogs(t *testing.T) {
	t.Parallel()
	h := installed(t).house(t, "logs")
	kinds := text(h.get(t, "/connect", h.owner, http.StatusOK))
	for kind, says := range map[string][]string{
		"aws":    {"AWS CloudTrail", "cloudtrail:LookupEvents"},
		"entra":  {"Microsoft Entra ID", "AuditLog.Read.All"},
		"m365":   {"Microsoft 365 audit log", "ActivityFeed.Read"},
		"google": {"Google Workspace", "admin.reports.audit.readonly"},
		"gcp":    {"Google Cloud audit logs", "roles/logging.viewer"},
		"gitlab": {"GitLab audit events", "read_api"},
	} {
		if !strings.Contains(kinds, says[0]) {
			t.Errorf("%s is not offered", says[0])
		}
		doc := h.get(t, "/connect/"+kind, h.owner, http.StatusOK)
		sane(t, "/connect/"+kind, doc)
		for _, s := range append(says, "Every 5 min", "have its audit events watched") {
			if !strings.Contains(text(doc), s) {
				t.Errorf("%s does not say %q", kind, s)
			}
		}
		if got := attr(all(doc, "select[name=every] option[selected]")[0], "value"); got != "5m" {
			t.Errorf("%s begins with %q", kind, got)
		}
	}
	form := func(pairs ...string) url.Values {
		f := url.Values{"name": {"google-login"}, "application": {"login"}, "admin": {"admin@northwind.example"}, "service_account_key": {"x"}, "first_days": {"3"}, "every": {"5m"}, "do": {"save"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	for _, bad := range [][2]string{{"every", "0"}, {"every", "1m"}, {"every", "168"}, {"application", "chat"}, {"admin", ""}} {
		res := h.send(t, "/connect/google", h.owner, form(bad[0], bad[1]))
		if doc := parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || len(all(doc, "[name="+bad[0]+"][aria-invalid=true]")) != 1 {
			t.Errorf("%v: %d %v", bad, res.StatusCode, texts(doc, ".err, .notice"))
		}
	}
	if res := h.send(t, "/connect/google", h.owner, form("every", "15m")); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d: %v", res.StatusCode, texts(parse(t, res), ".err, .notice"))
	}
	c, err := h.app.Collect.Store.Connection(t.Context(), h.scope.ReadScope, "google-login")
	if err != nil || c.Every != 15*time.Minute || c.Settings["application"] != "login" {
		t.Errorf("%+v %v", c, err)
	}
	edit := h.get(t, "/connections/google-login/edit", h.owner, http.StatusOK)
	if got := attr(all(edit, "select[name=every] option[selected]")[0], "value"); got != "15m" {
		t.Errorf("the form says %q", got)
	}
	base := attr(all(edit, "input[name=base]")[0], "value")
	if res := h.send(t, "/connections/google-login/edit", h.owner, form("service_account_key", "", "base", base, "every", "1")); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d: %v", res.StatusCode, texts(parse(t, res), ".err, .notice"))
	}
	if c, err = h.app.Collect.Store.Connection(t.Context(), h.scope.ReadScope, "google-login"); err != nil || c.Every != time.Hour {
		t.Errorf("%+v %v", c, err)
	}
	// Its audit events are watched by a button, and not any more by another; the source made for it is used again.
	fed := func(want string) {
		t.Helper()
		if got := one(t, h.get(t, "/connections/google-login", h.owner, http.StatusOK), "main"); !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	fed("Its audit events are not watched")
	for range 2 {
		if res := h.send(t, "/connections/google-login/feed", h.owner, url.Values{"watched": {"on"}}); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d: %v", res.StatusCode, texts(parse(t, res), ".err, .notice"))
		}
		fed("Its audit events are watched, as SRC-1")
		if res := h.send(t, "/connections/google-login/feed", h.owner, url.Values{}); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d", res.StatusCode)
		}
		fed("Its audit events are not watched")
	}
}
