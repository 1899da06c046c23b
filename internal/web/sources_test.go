package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
)

// vaultRecord is a record of the log that the tests send.
func vaultRecord(id, path string) string {
	return fmt.Sprintf(`{"time":"2026-03-01T10:00:00Z","type":"response","auth":{"display_name":"approle","entity_id":"e1"},"request":{"id":%q,"operation":"read","path":%q,"remote_address":"192.0.2.4"},"response":{}}`, id, path)
}

// sources makes a source that sent an event and a record that cannot be read, and, in the first organisation, some that wait for
// their first event: lists begin with those, which the second organisation does not have.
func (in *installation) sources(ctx context.Context, scope access.Scope, name string) error {
	a := in.app
	told := a.Incidents.Events
	if err := a.OpenEvents(ctx); err != nil {
		return err
	}
	if a.Events != nil { // the first time
		in.stored = a.Events
	}
	a.Events, a.Detect.History, a.Incidents.Events = nil, nil, told // asking what is stored is tested where it is stored
	x, _, err := a.Sources.Add(ctx, scope, in.now.AddDate(0, 0, -20), event.NewSource{Name: name, Log: "vault.audit"})
	if err != nil {
		return err
	}
	body := vaultRecord("r-"+name, "secret/"+name) + "\n"
	for i := range perPattern + 2 {
		body += fmt.Sprintf("%d %s\n", i, name)
	}
	if _, err := a.Intake.AcceptAs(ctx, scope, x.Ref, "", strings.NewReader(body), in.now.AddDate(0, 0, -2)); err != nil {
		return err
	}
	if name == evil {
		return nil
	}
	for i := range perPattern + 1 {
		if _, _, err := a.Sources.Add(ctx, scope, in.now, event.NewSource{Name: fmt.Sprintf("%s %d", name, i), Log: "vault.audit"}); err != nil {
			return err
		}
	}
	return nil
}

// delivered sends a batch with a token, as a program does.
func (in *installation) delivered(token, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "http://tickmark.example/intake/v1/events", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

var intakeToken = regexp.MustCompile(`tmki_[A-Za-z0-9]{40,}`)

// TestSources: a source is added and its token shown once; what is sent with it is counted; a new token ends the old one, revoking
// ends it too, pausing refuses.
func TestSources(t *testing.T) {
	t.Parallel()
	in := installed(t)
	analyst, reader := in.cookie[access.SecurityAnalyst], in.cookie[access.Auditor]
	said := func(res *http.Response) string {
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, c := range []struct {
		form        url.Values
		field, says string
	}{
		{url.Values{"log": {"okta.log"}}, "name", "needs a name"},
		{url.Values{"name": {"x"}, "log": {"nothing"}}, "", ""},
		{url.Values{"name": {"x"}, "log": {"okta.log"}, "silent": {"soon"}}, "silent", "Give hours"},
		{url.Values{"name": {"x"}, "log": {"okta.log"}, "silent": {"0.001"}}, "silent", "Give hours"},
		{url.Values{"name": {"x"}, "log": {"okta.log"}, "rate": {"-1"}}, "rate", "whole number"},
		{url.Values{"name": {"Alpha: vault"}, "log": {"okta.log"}}, "name", "already"},
	} {
		res := in.send(t, "/sources/new", analyst, c.form)
		if s := strings.Join(texts(parse(t, res), "#f-"+c.field+"-err"), " "); res.StatusCode < 400 || c.field != "" && !strings.Contains(s, c.says) {
			t.Errorf("%v: %d, %q", c.form, res.StatusCode, s)
		}
	}
	res := in.send(t, "/sources/new", analyst, url.Values{"name": {"Vault of the test"}, "log": {"vault.audit"}, "silent": {"0.5"}})
	page := said(res)
	token := intakeToken.FindString(page)
	at := regexp.MustCompile(`/sources/SRC-\d+`).FindString(page)
	if res.StatusCode != http.StatusOK || token == "" || at == "" || !strings.Contains(page, "http://") {
		t.Fatalf("%d: %q %q %s", res.StatusCode, token, at, page[len(page)-2500:])
	}
	show := func() string { return one(t, in.get(t, at, reader, http.StatusOK), "main") }
	if s := show(); strings.Contains(s, token) || !strings.Contains(s, "Waits for events") || !strings.Contains(s, "30 min") {
		t.Error(s)
	}
	if code, s := in.delivered(token, vaultRecord("a", "secret/a")+"\n"+vaultRecord("b", "secret/b")+"\nnot json\n"); code != http.StatusOK || !strings.Contains(s, `"accepted":2`) {
		t.Fatalf("%d %s", code, s)
	}
	if s := show(); !strings.Contains(s, "2 events on 1 of 1 day") || !strings.Contains(s, "Sends") || !strings.Contains(s, "1 record could not be read") {
		t.Error(s)
	}
	next := said(in.send(t, at+"/token", analyst, url.Values{}))
	fresh := intakeToken.FindString(next)
	if code, _ := in.delivered(token, vaultRecord("c", "c")); code != http.StatusUnauthorized || fresh == "" || fresh == token {
		t.Errorf("the old token is answered with %d", code)
	}
	if code, s := in.delivered(fresh, vaultRecord("c", "c")); code != http.StatusOK {
		t.Errorf("%d %s", code, s)
	}
	if res := in.send(t, at+"/pause", analyst, url.Values{"state": {"paused"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("pause: %d", res.StatusCode)
	}
	if code, _ := in.delivered(fresh, vaultRecord("d", "d")); code != http.StatusForbidden {
		t.Errorf("a paused source is answered with %d", code)
	}
	if res := in.send(t, at+"/pause", analyst, url.Values{"state": {"active"}, "base": {"1"}}); res.StatusCode != http.StatusConflict {
		t.Errorf("a form of an older state: %d", res.StatusCode)
	}
	in.send(t, at+"/pause", analyst, url.Values{"state": {"active"}})
	if res := in.send(t, at+"/revoke", analyst, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("revoke: %d", res.StatusCode)
	}
	if code, _ := in.delivered(fresh, vaultRecord("d", "d")); code != http.StatusUnauthorized {
		t.Errorf("a revoked token is answered with %d", code)
	}
	if res := in.send(t, at+"/revoke", analyst, url.Values{}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("revoked twice: %d", res.StatusCode)
	}
	if s := show(); !strings.Contains(s, "No token") {
		t.Error(s)
	}
	if s := said(in.do(http.MethodGet, "/sources?as=csv&q=of+the+test", reader, nil)); !strings.Contains(s, "Vault of the test,vault.audit,No token") {
		t.Error(s)
	}
}

// TestImportAndQuarantine: a file is taken in by upload, the same again adds nothing; what cannot be read is shown as text, tried
// again in the running server, and discarded with a reason.
func TestImportAndQuarantine(t *testing.T) {
	t.Parallel()
	in := installed(t)
	analyst, reader := in.cookie[access.SecurityAnalyst], in.cookie[access.Auditor]
	said := func(res *http.Response) string {
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	in.send(t, "/sources/new", analyst, url.Values{"name": {"Vault of files"}, "log": {"vault.audit"}})
	at := attr(all(in.get(t, "/sources?q=Vault+of+files", reader, http.StatusOK), "#rows tbody td a.ref")[0], "href")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 30 {
		fmt.Fprintln(z, vaultRecord(fmt.Sprint("f", i), "secret/f"))
	}
	fmt.Fprintln(z, `{"time": "not a vault record`)
	fmt.Fprintln(z, `{"time":"2026-03-01T10:00:00Z","request":{"id":"<script>alert(1)</script>"}} `+"\x00\x1b[31m")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"30 events taken, 0 known already", "0 events taken, 30 known already"} {
		res := in.sent(t, at+"/import", analyst, url.Values{}, [2]string{"trail.json.gz", packed.String()})
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d: %q", res.StatusCode, texts(parse(t, res), ".err"))
		}
		flash := cookieOf(res, "tm_flash")
		if flash == nil {
			t.Fatal("nothing is said")
		}
		if s := said(in.do("GET", at, analyst, nil, "Cookie", "tickmark="+analyst+"; tm_flash="+flash.Value)); !strings.Contains(s, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if s := one(t, in.get(t, at, reader, http.StatusOK), "main"); !strings.Contains(s, "30 events on 1 of 1 day") {
		t.Error(s)
	}
	if res := in.sent(t, at+"/import", analyst, url.Values{}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no file: %d", res.StatusCode)
	}
	if res := in.sent(t, at+"/import", analyst, url.Values{}, [2]string{"x.gz", "\x1f\x8b\x00broken"}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a broken file: %d", res.StatusCode)
	}
	doc := in.get(t, "/quarantine?state=waiting&q=", analyst, http.StatusOK)
	links := all(doc, "#rows tbody td a.in")
	if len(links) < perPattern {
		t.Fatal("nothing waits in the quarantine")
	}
	record := attr(links[len(links)-1], "href")
	id := record[strings.LastIndex(record, "/")+1:]
	if s := one(t, in.get(t, record, reader, http.StatusOK), "main"); !strings.Contains(s, "Alpha: vault") || strings.Contains(s, "Read again") {
		t.Error(s)
	}
	if res := in.send(t, "/quarantine/retry", analyst, url.Values{"tick": {id}, "back": {record}}); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != record {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if res := in.send(t, "/quarantine/retry", analyst, url.Values{"all": {"yes"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, "/quarantine/retry", reader, url.Values{"tick": {id}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("an auditor may read records again: %d", res.StatusCode)
	}
	if res := in.send(t, "/quarantine/discard", analyst, url.Values{"tick": {id}, "step": {"why"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("discarded without a reason: %d", res.StatusCode)
	}
	if res := in.send(t, "/quarantine/discard", analyst, url.Values{"tick": {id}, "step": {"why"}, "why": {"a test of the pipe"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if s := one(t, in.get(t, record, reader, http.StatusOK), "main"); !strings.Contains(s, "Discarded") {
		t.Error(s)
	}
}
