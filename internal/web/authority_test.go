package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
)

// authorities makes a permit that waits, a pipeline, and judges three events: two are allowed by nothing, one is not known. A fourth is
// allowed by a run of infrastructure as code.
func (in *installation) authorities(ctx context.Context, scope access.Scope, title string) error {
	s := in.app.Authority
	if _, err := s.Propose(ctx, scope, in.now, authority.PermitText{Kind: authority.Window, Title: title, Reason: title, Targets: []string{"i-*", title}, From: in.now, To: in.now.Add(time.Hour)}); err != nil {
		return err
	}
	if _, err := s.AddPipeline(ctx, scope, in.now, authority.Pipeline{Identity: title, Project: "pay*"}); err != nil {
		return err
	}
	var happened []event.Event
	for i, log := range []string{"aws.cloudtrail", "github.audit", "okta.log"} {
		e := event.Event{ID: "ev_" + log + "_" + string(scope.Org()), Log: log, At: in.now.Add(time.Duration(i+1) * time.Minute), Class: event.APIActivity, Action: "do " + title, Weight: event.WeightPrivilege, Effect: event.Changes,
			Actor: event.Actor{ID: title, Name: title}, Targets: []event.Target{{Kind: "thing", ID: "t-1", Name: title}}}
		switch log {
		case "okta.log":
			e.Class = event.GroupChange
		case "aws.cloudtrail": // no permit is about it, and no deployment is known of that minute
			e.Targets[0].Name = "elsewhere"
		}
		happened = append(happened, e)
	}
	bot := in.app.Access.System(scope.Org(), "detect")
	if _, err := s.Judge(ctx, bot, in.now, happened); err != nil {
		return err
	}
	_, err := s.Store.Keep(ctx, bot, byRun("ev_run_"+string(scope.Org()), title, in.now), event.Event{})
	return err
}

// byRun is the judgement of an event that a run of infrastructure as code allows.
func byRun(id, title string, at time.Time) authority.Judgement {
	return authority.Judgement{Event: id, At: at, Log: "aws.cloudtrail", Act: authority.Change, Policy: "cloud-change", Actor: title, Action: "ecs:UpdateService", Target: title,
		Verdict: authority.Authorised, Kind: authority.Infrastructure, Record: title + "/run-1", Why: "Run " + title + "/run-1 allows it: the state of its workspace holds " + title + "."}
}

// TestAllowedBy: an event's page says what allows it and leads there; the list narrows by the kind of record.
func TestAllowedBy(t *testing.T) {
	t.Parallel()
	in := own(t)
	e, at := in.reads(t)
	analyst := in.cookie[access.SecurityAnalyst]
	if s := one(t, in.get(t, at, analyst, http.StatusOK), "main"); strings.Contains(s, "Was it allowed?") {
		t.Errorf("what needs no authority is told to be allowed: %s", s)
	}
	if _, err := in.app.Authority.Store.Keep(t.Context(), in.app.Access.System(in.operator(t).Org(), "detect"), byRun(e.ID, "network", in.now), e); err != nil {
		t.Fatal(err)
	}
	doc := in.get(t, at, analyst, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "Infrastructure as code network/run-1") || !strings.Contains(s, "the state of its workspace holds network.") {
		t.Error(s)
	}
	day := in.now.UTC().Format(time.DateOnly)
	for _, link := range []string{"/evidence?from=" + day + "&resource=infrastructure_run&to=" + in.now.UTC().AddDate(0, 0, 1).Format(time.DateOnly), "/authority?q=network%2Frun-1"} {
		if len(all(doc, `main a[href="`+link+`"]`)) != 1 {
			t.Errorf("nothing leads to %s", link)
		}
		in.get(t, link, analyst, http.StatusOK)
	}
	for query, want := range map[string]int{"kind=state&q=network": 1, "kind=deployment&q=network": 0, "kind=state&verdict=unauthorised": 0, "kind=luck": -1} {
		res := in.do(http.MethodGet, "/authority?"+query, analyst, nil)
		rows := len(all(parse(t, res), "#rows tbody tr td.nowrap"))
		if want < 0 && res.StatusCode >= http.StatusInternalServerError || want >= 0 && (res.StatusCode != http.StatusOK || rows != want) {
			t.Errorf("%s: %d, %d rows, want %d", query, res.StatusCode, rows, want)
		}
	}
}

func TestAuthorityPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	asks, approves := in.cookie[access.ControlOwner], in.cookie[access.ComplianceLead]
	from, to := in.now.Add(time.Hour).Format("2006-01-02T15:04"), in.now.Add(3*time.Hour).Format("2006-01-02T15:04")
	for _, c := range []struct {
		form        url.Values
		field, says string
	}{
		{url.Values{"kind": {"window"}, "title": {"Of the form"}, "reason": {"r"}, "actors": {"ada"}, "from": {"soon"}, "to": {to}}, "from", "Give day and time"},
		{url.Values{"kind": {"window"}, "title": {"Of the form"}, "reason": {"r"}, "actors": {"ada"}, "from": {to}, "to": {from}}, "to", "ends before"},
		{url.Values{"kind": {"window"}, "title": {"Of the form"}, "reason": {"r"}, "from": {from}, "to": {to}}, "actors", "anybody everything"},
		{url.Values{"kind": {"window"}, "title": {" "}, "reason": {"r"}, "actors": {"ada"}, "from": {from}, "to": {to}}, "title", "what is allowed"},
	} {
		res := in.send(t, "/authority/permits/new", asks, c.form)
		if s := strings.Join(texts(parse(t, res), "#f-"+c.field+"-err"), " "); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(s, c.says) {
			t.Errorf("%v: %d, %q", c.form, res.StatusCode, s)
		}
	}
	at := in.send(t, "/authority/permits/new", asks, url.Values{"kind": {"window"}, "title": {"Of the form"}, "reason": {"r"}, "actors": {"ada\nole\n"}, "acts": {"change"}, "from": {from}, "to": {to}}).Header.Get("Location")
	if !strings.HasPrefix(at, "/authority/permits/AU-") {
		t.Fatal(at)
	}
	if s := one(t, in.get(t, at, asks, http.StatusOK), "main"); !strings.Contains(s, "ada, ole") || !strings.Contains(s, "Waits for approval") {
		t.Error(s)
	}
	for _, c := range []struct {
		path, cookie string
		form         url.Values
		want         int
	}{
		{at + "/approve", asks, url.Values{}, http.StatusForbidden},
		{at + "/approve", approves, url.Values{"base": {"9"}}, http.StatusUnprocessableEntity},
		{at + "/approve", in.cookie[access.Reader], url.Values{}, http.StatusForbidden},
		{at + "/approve", approves, url.Values{"base": {"1"}}, http.StatusSeeOther},
		{at + "/withdraw", approves, url.Values{}, http.StatusUnprocessableEntity},
		{at + "/withdraw", approves, url.Values{"why": {"put off"}}, http.StatusSeeOther},
		{"/authority/pipelines/new", asks, url.Values{"identity": {"deploy"}, "project": {"ledger"}, "minutes": {"x"}}, http.StatusUnprocessableEntity},
		{"/authority/pipelines/new", asks, url.Values{"identity": {"deploy"}, "project": {"ledger"}, "minutes": {"30"}}, http.StatusSeeOther},
	} {
		if res := in.send(t, c.path, c.cookie, c.form); res.StatusCode != c.want {
			t.Errorf("%s %v: %d, want %d", c.path, c.form, res.StatusCode, c.want)
		}
	}
	doc := in.get(t, "/authority?verdict=unknown", asks, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 1 {
		t.Errorf("%d are unknown, want the one that no deployment is known for", n)
	}
	doc = in.get(t, "/authority?verdict=unauthorised", asks, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 2 {
		t.Errorf("%d are not allowed, want 2", n)
	}
	if s := in.do(http.MethodGet, "/authority?format=csv", asks, nil); s.StatusCode != http.StatusOK {
		t.Errorf("export: %d", s.StatusCode)
	}
}
