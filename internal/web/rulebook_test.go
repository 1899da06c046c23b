package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/baseline"
)

// accountLocked is a rule of the pack.
const accountLocked = "f71b122e-8edf-5cc5-82cd-a19e66dfb32e"

// rulebooks uploads a rule, filters one of the pack, leaves something aside and counts a hit.
func (in *installation) rulebooks(ctx context.Context, scope access.Scope, title string) error {
	s := in.app.Detect
	quoted, err := json.Marshal(title)
	if err != nil {
		return err
	}
	rule := fmt.Sprintf("title: %s\nid: 44444444-4444-4444-8444-444444444444\ndescription: %s\nlogsource: {product: okta, service: okta}\ndetection:\n  s: {eventType: x}\n  condition: s\n---\ntitle: %s\n", quoted, quoted, quoted)
	if _, err := s.Upload(ctx, scope, in.now, title, "rules.yml", []byte(rule)); err != nil {
		return err
	}
	until := in.now.AddDate(0, 1, 0)
	if _, err := s.AddFilter(ctx, scope, in.now, detect.NewFilter{Title: title, Rule: accountLocked, Equal: map[string]string{"actor.id": title}, Owner: title, Reason: title, Until: until}); err != nil {
		return err
	}
	if _, err := s.AddBenign(ctx, scope, in.now, detect.Benign{Benign: baseline.Benign{Entity: title, Facet: baseline.Network, Value: title, Until: until}, Owner: title, Reason: title}); err != nil {
		return err
	}
	return s.Count(ctx, in.app.Access.System(scope.Org(), "detect"), []detect.Count{{Rule: accountLocked, Day: int(in.now.Unix() / 86400), Hits: 3, Last: in.now}})
}

// TestRulebookPages: a rule is found, read, turned off with a reason and on again by many, and what is wrong stands at its field.
func TestRulebookPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	analyst, reader := in.cookie[access.SecurityAnalyst], in.cookie[access.Auditor]
	doc := in.get(t, "/rules?q=locked&log=okta.log", analyst, http.StatusOK)
	if s := one(t, doc, "#rows tbody"); !strings.Contains(s, "An account is locked") {
		t.Error(s)
	}
	at := "/rules/" + accountLocked
	if s := one(t, in.get(t, at, reader, http.StatusOK), "main"); !strings.Contains(s, "eventType: user.account.lock") || !strings.Contains(s, "Nobody decided about it.") || !strings.Contains(s, "FLT-01") || strings.Contains(s, "Turn off") {
		t.Error(s)
	}
	const quiet = "3f3a73ee-5b31-572f-abed-d6e32ecba2a5" // another rule of the pack
	for _, c := range []struct {
		path, field, says string
		form              url.Values
		want              int
	}{
		{at + "/turn", "reason", "missing", url.Values{"on": {"no"}}, http.StatusUnprocessableEntity},
		{at + "/try", "from", "Give a day", url.Values{"from": {"soon"}, "to": {"2026-03-01"}}, http.StatusUnprocessableEntity},
		{at + "/filter", "until", "past", url.Values{"title": {"x"}, "owner": {"x"}, "reason": {"x"}, "until": {"2020-01-01"}, "field": {"a"}, "value": {"b"}}, http.StatusUnprocessableEntity},
		{at + "/filter", "text", "filter cannot be used", url.Values{"title": {"x"}, "owner": {"x"}, "reason": {"x"}, "until": {in.now.AddDate(0, 1, 0).Format("2006-01-02")}, "text": {"{"}}, http.StatusUnprocessableEntity},
		{"/baselines/set", "budget", "number", url.Values{"budget": {"many"}, "reason": {"x"}}, http.StatusUnprocessableEntity},
		{"/baselines/benign", "entity", "Name whom", url.Values{"facet": {"network"}, "owner": {"x"}, "reason": {"x"}, "until": {in.now.AddDate(0, 1, 0).Format("2006-01-02")}}, http.StatusUnprocessableEntity},
		{"/rulesets/new", "file", "Choose a file", url.Values{"title": {"x"}}, http.StatusUnprocessableEntity},
		{"/rules/bulk/off", "", "", url.Values{"tick": {quiet}, "back": {"/rules"}}, http.StatusOK},
		{"/rules/bulk/off", "reason", "missing", url.Values{"tick": {quiet}, "back": {"/rules"}, "step": {"reason"}}, http.StatusUnprocessableEntity},
		{"/rules/bulk/off", "", "", url.Values{"tick": {quiet}, "back": {"/rules"}, "step": {"reason"}, "reason": {"noise"}}, http.StatusSeeOther},
		{"/rules/" + quiet + "/turn", "", "", url.Values{"on": {"yes"}, "reason": {"again"}}, http.StatusConflict},
		{"/rules/" + quiet + "/turn", "", "", url.Values{"on": {"yes"}, "reason": {"again"}, "base": {"1"}}, http.StatusSeeOther},
		{"/rules/nothing/turn", "", "", url.Values{"on": {"yes"}, "reason": {"again"}}, http.StatusNotFound},
		{"/baselines/benign/BN-99/end", "", "", url.Values{}, http.StatusNotFound},
	} {
		res := in.send(t, c.path, analyst, c.form)
		page := parse(t, res)
		if s := strings.Join(texts(page, "#f-"+c.field+"-err"), " "); res.StatusCode != c.want || c.field != "" && !strings.Contains(s, c.says) {
			t.Errorf("%s %v: %d, %q", c.path, c.form, res.StatusCode, s)
		}
	}
	if s := one(t, in.get(t, "/coverage", reader, http.StatusOK), "main"); !strings.Contains(s, "with a rule, but without events") || !strings.Contains(s, "T1110") {
		t.Error("coverage does not tell what has rules but no events")
	}
	if s := one(t, in.get(t, "/rulesets/RS-01", reader, http.StatusOK), "main"); !strings.Contains(s, "1 document") {
		t.Error(s)
	}
	for _, path := range []string{"/baselines", "/filters", "/rulesets", "/rules?as=csv"} {
		if res := in.do(http.MethodGet, path, reader, nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}
