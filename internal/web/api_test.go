package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// TestAPI reads with tokens what their people see, in pages, and nothing else: without a token, with one that is limited, revoked or of
// another organisation, the answer is JSON that says so.
func TestAPI(t *testing.T) {
	t.Parallel()
	in := installed(t)
	token := func(session string, scopes ...string) string {
		t.Helper()
		g, err := in.app.Access.Authenticate(t.Context(), in.now, session)
		if err != nil {
			t.Fatal(err)
		}
		scope, err := g.Write()
		if err != nil {
			t.Fatal(err)
		}
		secret, _, err := in.app.Access.CreateToken(t.Context(), scope, in.now, "reads", scopes, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + secret
	}
	read := func(path, bearer string, want int) map[string]any {
		t.Helper()
		var head []string
		if bearer != "" {
			head = []string{"Authorization", bearer}
		}
		res := in.do("GET", path, "", nil, head...)
		body, _ := io.ReadAll(res.Body)
		out := map[string]any{}
		if err := json.Unmarshal(body, &out); err != nil || res.StatusCode != want || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
			t.Fatalf("%s: %d, want %d; %v: %.300s", path, res.StatusCode, want, err, body)
		}
		return out
	}
	entries := func(path, bearer string) []any {
		t.Helper()
		list, _ := read(path, bearer, 200)["entries"].([]any)
		return list
	}
	client, firm, other := token(in.cookie[access.Owner]), token(in.firm(access.Partner)), token(in.other)
	all := entries("/api/v1/engagements", client)
	first, _ := all[0].(map[string]any)
	ref, _ := first["ref"].(string)
	if len(all) == 0 || ref == "" || first["state"] == "" {
		t.Fatal(all)
	}
	one := read("/api/v1/engagements/SOC2-2026-1", client, 200)
	if frozen, _ := one["dossiers"].([]any); len(frozen) == 0 {
		t.Error("no dossier with its hash", one)
	}
	read("/api/v1/engagements/"+ref+"/requests", client, 200)
	read("/api/v1/engagements/"+ref+"/findings", client, 200)
	mine := entries("/api/v1/audits", firm)
	if !slices.ContainsFunc(mine, func(x any) bool { m, _ := x.(map[string]any); return m["id"] == in.engagement }) {
		t.Fatal("the firm's engagements", mine)
	}
	at := "/api/v1/audits/" + in.engagement
	if x := read(at, firm, 200); x["client"] != "Northwind Alpha" {
		t.Error(x)
	}
	for _, p := range entries(at+"/populations", firm) {
		if x, _ := p.(map[string]any); x["frozen"] != nil && len(x["sha256"].(string)) != 64 {
			t.Error("a population without its hash", x)
		}
	}
	if len(entries(at+"/requests", firm)) == 0 || len(entries(at+"/requests?page=900", firm)) != 0 {
		t.Error("requests, or a page after the last one")
	}
	read(at+"/workpapers", firm, 200)

	// Nobody reads more than their pages show.
	for path, c := range map[string]struct {
		bearer string
		want   int
	}{
		"/api/v1/engagements":                              {"", 401},
		"/api/v1/audits":                                   {"Bearer tm_wrong", 401},
		"/api/v1/audits?as=client":                         {client, 403},
		at + "/populations":                                {other, 403},
		at + "/workpapers":                                 {token(in.rival), 404},
		"/api/v1/engagements?as=firm":                      {firm, 403},
		"/api/v1/engagements/" + ref + "?limited":          {token(in.cookie[access.Owner], "evidence.read"), 403},
		"/api/v1/engagements/NO-SUCH":                      {client, 404},
		"/api/v1/engagements/" + in.engagement:             {other, 404},
		"/api/v1/engagements/" + ref + "/requests?page=no": {client, 400},
		"/api/v1/nothing":                                  {client, 404},
	} {
		if x := read(path, c.bearer, c.want); x["error"] == "" || x["request"] == "" {
			t.Errorf("%s: %v", path, x)
		}
	}
	if res := in.do("GET", "/engagements", "", nil, "Authorization", client); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a token opens a page: %d", res.StatusCode)
	}
}
