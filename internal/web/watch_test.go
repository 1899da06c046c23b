package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
)

func signalOf(what, technique string, level alert.Level, at time.Time) alert.Signal {
	return alert.Signal{Kind: alert.Signature, Rule: "6d0cf8a6-0a3c-4d6c-9a55-000000000000", Title: what, Level: level, Entity: "ada.lind@alpha.example", EntityKind: "principal", Technique: technique, Source: "okta-main", At: at, Sentence: what + ".",
		Playbook: "account-takeover", Criteria: []string{"CC6.1", "CC7.2"},
		Events: []alert.Fact{{Event: "evt-" + technique, At: at, Log: "okta.log", Actor: "ada.lind@alpha.example", Action: "user.session.start", From: "203.0.113.7", Target: what}}}
}

// watches raises alerts so that lists begin with what the second organisation does not have: the highest is the last one, and the
// newest incident comes first.
func (in *installation) watches(ctx context.Context, scope access.Scope) error {
	in.app.Incidents.Events = week{in.now}
	at := in.now.Add(-5 * time.Hour)
	for i, level := range []alert.Level{alert.Low, alert.Low, alert.Medium, alert.High, alert.Critical, alert.High, alert.High, alert.High} {
		if _, err := in.app.Alerts.Raise(ctx, scope, at.Add(time.Duration(i)*time.Minute), []alert.Signal{signalOf("Alpha: story", fmt.Sprintf("T110%d", i), level, at)}); err != nil {
			return err
		}
	}
	if _, err := in.app.Alerts.Close(ctx, scope, at.Add(20*time.Minute), "ALR-1", 0, alert.Benign, "the account's owner travels", ""); err != nil {
		return err
	}
	for range perPattern + 1 {
		if _, err := in.app.Alerts.AddSilence(ctx, scope, in.now, alert.Hush{Match: alert.Matcher{Entity: "scanner-*"}, Reason: "the yearly penetration test", Ends: in.now.AddDate(0, 0, 30), Owner: "security_analyst@alpha.example"}); err != nil {
			return err
		}
	}
	rules := []alert.Rule{{Name: "Night", AtLeast: alert.Critical, OnCall: true, Minutes: 15}}
	if _, err := in.app.Alerts.SetRouting(ctx, scope, in.now, 0, alert.Routing{Rules: rules, Rota: alert.Rota{People: []access.UserID{"security_analyst@alpha.example"}, First: in.now.AddDate(0, 0, -10)}}); err != nil {
		return err
	}
	if _, err := in.app.Incidents.SetDuties(ctx, scope, in.now, 0, []incident.Obligation{{Name: "Contract", To: "Customer", Hours: 24, Source: "Contract, clause 9", When: incident.WhenAlways}}); err != nil {
		return err
	}
	for i := range perPattern + 1 {
		n := incident.New{Text: incident.Text{Title: "Alpha: over", Severity: 3}}
		if i == perPattern {
			n = incident.New{Text: incident.Text{Title: "Alpha: runs", Severity: 1, Controls: []string{"IAM-02"}}, Alerts: []string{"ALR-4"}, Started: at.Add(-time.Hour)}
		}
		x, err := in.app.Incidents.Declare(ctx, scope, at.Add(30*time.Minute), n)
		if err != nil {
			return err
		}
		if i < perPattern {
			_, err = in.app.Incidents.Close(ctx, scope, at.Add(time.Hour), x.Ref, 0, incident.FalseAlarm, "nothing had happened")
		} else {
			_, err = in.app.Incidents.WriteReview(ctx, scope, at.Add(time.Hour), x.Ref, 0, incident.Review{Cause: "a password of another place", Lessons: []string{"Alpha: ask for a second factor"}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// week is the events of a week of one person, and of a stranger with her session; what they read is called by hostile names.
type week struct{ at time.Time }

// Each implements incident.Events.
func (w week) Each(_ context.Context, _ access.ReadScope, _ []string, _, _ time.Time, do func(*event.Event) error) error {
	for i := range 60 {
		e := event.Event{ID: fmt.Sprintf("w%d", i), Log: "okta.log", At: w.at.Add(time.Duration(i-70) * 3 * time.Hour), Action: "app.read", Effect: event.Reads, Weight: event.WeightRead, Status: event.Success, Session: fmt.Sprintf("s%d", i/8),
			Actor: event.Actor{ID: "grace", Name: "grace.keller", Kind: event.Person}, From: event.Endpoint{IP: "192.0.2.9"}, Targets: []event.Target{{Kind: "file", ID: "f", Effect: event.Reads}}}
		if i > 56 {
			e.ID, e.At, e.Session, e.From.IP = fmt.Sprintf("evt-T1556-%d", i), w.at.Add(time.Duration(i-60)*time.Minute), "stolen", "203.0.113.7"
			e.Targets = []event.Target{{Kind: "file", ID: evil, Name: evil, Effect: event.Reads}}
		}
		if i == 59 {
			e.ID = "evt-T1556"
		}
		if err := do(&e); err != nil {
			return err
		}
	}
	return nil
}

// hostileWatches gives the second organisation alerts and an incident whose every text is hostile.
func (in *installation) hostileWatches(ctx context.Context, scope access.Scope) error {
	x := signalOf(evil, evil, alert.Critical, in.now)
	x.Rule, x.Entity, x.EntityKind, x.Source, x.Criteria, x.Playbook = evil, evil, evil, evil, []string{evil}, evil
	x.Events = []alert.Fact{{Event: evil, At: in.now, Log: evil, Actor: evil, Action: evil, From: evil, Target: evil}}
	if _, err := in.app.Alerts.Raise(ctx, scope, in.now, []alert.Signal{x}); err != nil {
		return err
	}
	if _, err := in.app.Alerts.AddSilence(ctx, scope, in.now, alert.Hush{Match: alert.Matcher{Rule: evil}, Reason: evil, Ends: in.now.AddDate(0, 0, 30), Owner: "owner@fabrikam.example"}); err != nil {
		return err
	}
	if _, err := in.app.Incidents.Declare(ctx, scope, in.now, incident.New{Text: incident.Text{Title: evil, Summary: evil, Severity: 1, Impact: incident.Impact{Text: evil}}, Alerts: []string{"ALR-1"}}); err != nil {
		return err
	}
	_, err := in.app.Incidents.WriteReview(ctx, scope, in.now, "INC-1", 0, incident.Review{Cause: evil, Well: evil, Badly: evil, Lessons: []string{evil}})
	return err
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAlertToIncident takes an alert through the pages to a closed incident, whose case file is evidence.
func TestAlertToIncident(t *testing.T) {
	t.Parallel()
	in, ctx := installed(t), t.Context()
	pia := in.cookie[access.SecurityAnalyst]
	scope, err := in.app.Access.As(ctx, in.operator(t), in.now, "security_analyst@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	at := in.now.Add(-time.Minute)
	x := signalOf("Alpha: taken over", "T1556", alert.Critical, at)
	x.Entity = "grace.keller@alpha.example"
	made, err := in.app.Alerts.Raise(ctx, scope, at, []alert.Signal{x})
	if err != nil {
		t.Fatal(err)
	}
	ref := made[0].Ref
	send := func(path string, pairs ...string) *http.Response {
		t.Helper()
		form := url.Values{"csrf": {in.token(t, pia)}}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return in.do("POST", path, pia, form)
	}
	went := func(path string, pairs ...string) string {
		t.Helper()
		res := send(path, pairs...)
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", path, res.StatusCode, bodyOf(t, res))
		}
		return res.Header.Get("Location")
	}
	if to := went("/alerts/"+ref+"/acknowledge", "back", "/alerts?state=waiting"); to != "/alerts?state=waiting" {
		t.Error(to)
	}
	if to := went("/alerts/"+ref+"/note", "note", "asked by telephone", "back", "https://evil.example/"); to != "/alerts/"+ref {
		t.Error(to)
	}
	if got := bodyOf(t, send("/alerts/"+ref+"/close", "verdict", "benign", "reason", "no")); !strings.Contains(got, "at least 10") || !strings.Contains(got, ">no</textarea>") {
		t.Error("a reason of two letters is taken, or lost")
	}
	if got := bodyOf(t, send("/alerts/"+ref+"/incident", "title", "Alpha: a takeover", "severity", "", "lead", "")); !strings.Contains(got, "choose how bad it is") && !strings.Contains(got, "Choose how bad it is") {
		t.Error("a severity is missing and not asked for")
	}
	inc := went("/alerts/"+ref+"/incident", "title", "Alpha: a takeover", "severity", "2", "lead", string(scope.User()), "started", at.Add(-time.Hour).Format("2006-01-02T15:04"))
	if to := went(inc + "/reconstruct"); to != inc {
		t.Error(to)
	}
	if got := bodyOf(t, in.do("GET", inc, pia, nil)); !strings.Contains(got, "Reconstruct "+strings.TrimPrefix(inc, "/incidents/")) || !strings.Contains(got, "Queued") || strings.Contains(got, `<svg class="graph"`) {
		t.Error("the page does not say that the reconstruction waits")
	}
	under, err := in.app.Jobs.Open(ctx, string(scope.Org()))
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range under { // nothing runs here, and what follows jobs would wait for it
		if j.Kind == "reconstruct" {
			if err := in.app.Background().Cancel(ctx, scope, j.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := in.app.Incidents.Reconstruct(ctx, scope, in.now, strings.TrimPrefix(inc, "/incidents/")); err != nil { // no job runs here
		t.Fatal(err)
	}
	if got := bodyOf(t, in.do("GET", inc+"?graph=all", pia, nil)); !strings.Contains(got, `<svg class="graph"`) || !strings.Contains(got, "203.0.113.7") || strings.Contains(got, "<script>alert") {
		t.Error("no drawing, or one with markup of strangers")
	}
	now := in.now.Format("2006-01-02T15:04")
	if got := bodyOf(t, send(inc+"/advance", "to", "contained", "at", now, "what", "")); !strings.Contains(got, "needs at least") {
		t.Error("it is contained by nothing")
	}
	went(inc+"/advance", "to", "contained", "at", now, "what", "All sessions are ended.")
	went(inc+"/advance", "to", "eradicated", "at", now)
	went(inc+"/advance", "to", "recovered", "at", now)
	went(inc+"/tick", "n", "1", "how", "done", "note", "it was not her")
	went(inc+"/action", "phase", "learn", "text", "Ask always")
	if got := bodyOf(t, send(inc+"/close", "outcome", "confirmed", "disposition", "Sessions ended, factor reset.")); !strings.Contains(got, "whether personal data was reached") {
		t.Error("an incident closes without saying what was reached")
	}
	went(inc+"/edit", "title", "Alpha: a takeover", "severity", "2", "lead", string(scope.User()), "impact", "Nothing.", "confidential", "no", "personal", "no", "controls", "IAM-02", "criteria", "CC6.1")
	went(inc+"/decide", "n", "1", "required", "no", "reason", "no data of customers was reached")
	went(inc+"/description", "describe", "no", "reason", "no commitment was missed", "control_failure", "yes")
	went(inc+"/close", "outcome", "confirmed", "disposition", "Sessions ended, factor reset.")
	got, err := in.app.Incidents.Incident(ctx, scope.ReadScope, strings.TrimPrefix(inc, "/incidents/"))
	if err != nil || got.State != incident.Closed || got.Evidence == "" || !got.Description.ControlFailure {
		t.Fatalf("%+v %v", got, err)
	}
	if res := in.do("GET", "/e/"+got.Evidence, pia, nil); res.StatusCode != http.StatusOK {
		t.Errorf("the case file: %d", res.StatusCode)
	}
	for _, path := range []string{inc, inc + "/response", inc + "/notices", inc + "/controls", inc + "/lessons", "/alerts/" + ref, "/alerts?as=csv", "/incidents?as=xlsx", inc + "/case.json", inc + "/case.pdf", "/e/" + got.Printed, inc + "/case.csv", inc + "/graph.svg"} {
		if res := in.do("GET", path, in.cookie[access.Auditor], nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if got := bodyOf(t, in.do("GET", inc, in.cookie[access.Auditor], nil)); strings.Contains(got, "/reopen") || !strings.Contains(got, "Alert "+ref+": Alpha: taken over") {
		t.Error("the auditor may act, or sees no timeline")
	}
	all, err := in.app.Alerts.List(ctx, scope.ReadScope, alert.Filter{Refs: []string{ref}}, paging.Query{})
	if err != nil || all.Rows[0].Closing == nil || all.Rows[0].Closing.Verdict != alert.True {
		t.Errorf("%+v %v", all.Rows, err)
	}
}

// TestSavedHunts: a hunt is saved for everybody, listed where hunts are asked, leads to as much time as it had, and is removed after
// being asked.
func TestSavedHunts(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead, other := in.cookie[access.ComplianceLead], in.cookie[access.Auditor]
	path := "/hunt?" + url.Values{"sql": {"SELECT 42 AS alpha_hunt FROM events"}, "last": {"48"}}.Encode()
	if res := in.send(t, "/views", lead, url.Values{"name": {"Alpha hunt"}, "path": {path}, "shared": {"on"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode)
	}
	doc := in.get(t, "/hunt", other, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "Alpha hunt") || !strings.Contains(s, "alpha_hunt") || strings.Contains(s, "Remove") {
		t.Error(s)
	}
	if s := one(t, in.get(t, path, other, http.StatusUnprocessableEntity), "main"); !strings.Contains(s, "Events cannot be read here") {
		t.Error(s)
	}
	remove := ""
	for _, a := range all(in.get(t, "/hunt", lead, http.StatusOK), "a.danger") {
		remove = attr(a, "href")
	}
	if remove == "" {
		t.Fatal("who saved it cannot remove it")
	}
	if s := one(t, in.get(t, remove, lead, http.StatusOK), "main"); !strings.Contains(s, "Everybody in the organisation loses it") {
		t.Error(s)
	}
	if res := in.send(t, remove, other, url.Values{}); res.StatusCode != http.StatusNotFound {
		t.Errorf("an auditor removes it: %d", res.StatusCode)
	}
	if res := in.send(t, remove, lead, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if s := one(t, in.get(t, "/hunt", lead, http.StatusOK), "main"); strings.Contains(s, "Alpha hunt") {
		t.Error("it is still there")
	}
}

// TestTimeTargets: without targets incidents meet nothing; targets are set in minutes, and then met, missed or unknown on the list, on
// the incident and as a count.
func TestTimeTargets(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead, reader := in.cookie[access.ComplianceLead], in.cookie[access.Auditor]
	for field, bad := range map[string]url.Values{"ack1": {"ack1": {"soon"}}, "contain2": {"contain2": {"0"}}, "detect3": {"detect3": {"99999999"}}} {
		res := in.send(t, "/incidents/targets/edit", lead, bad)
		if s := strings.Join(texts(parse(t, res), "#f-"+field+"-err"), " "); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(s, "whole number") {
			t.Errorf("%v: %d %q", bad, res.StatusCode, s)
		}
	}
	if res := in.send(t, "/incidents/targets/edit", reader, url.Values{"ack1": {"5"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("an auditor sets targets: %d", res.StatusCode)
	}
	if res := in.send(t, "/incidents/targets/edit", lead, url.Values{"detect1": {"240"}, "ack1": {"5"}, "contain1": {"60"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode)
	}
	if s := one(t, in.get(t, "/incidents/targets", reader, http.StatusOK), "main"); !strings.Contains(s, "4 h") || strings.Contains(s, "Set targets") {
		t.Error(s)
	}
	ref := attr(all(in.get(t, "/incidents?severity=1&sort=-ref", reader, http.StatusOK), "#rows tbody td a.ref")[0], "href")
	if s := one(t, in.get(t, ref, reader, http.StatusOK), "main"); !strings.Contains(s, "Time targets") || !strings.Contains(s, "Missed") && !strings.Contains(s, "Met") && !strings.Contains(s, "Time left") {
		t.Error(s)
	}
	if s := one(t, in.get(t, "/incidents?severity=1", reader, http.StatusOK), "main"); !strings.Contains(s, "target met in") && !strings.Contains(s, "whether the target is met is unknown") {
		t.Error(s)
	}
	b, err := io.ReadAll(in.do(http.MethodGet, "/incidents?as=csv", reader, nil).Body)
	if err != nil || !strings.Contains(string(b), "Target to contain") || !strings.Contains(string(b), "No target") {
		t.Errorf("%v %.300s", err, b)
	}
}

// TestCaseBundlePages: the case file with records and proofs is asked for on the page of its incident by who may, and fetched there and by
// programs; that of a closed one is kept as evidence, and given from there.
func TestCaseBundlePages(t *testing.T) {
	t.Parallel()
	in, ctx := installed(t), t.Context()
	pia, auditor := in.cookie[access.SecurityAnalyst], in.cookie[access.Auditor]
	scope, err := in.app.Access.As(ctx, in.operator(t), in.now, "security_analyst@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	x, err := in.app.Incidents.Declare(ctx, scope, in.now, incident.New{Text: incident.Text{Title: "Alpha: to be packed", Severity: 3}})
	if err != nil {
		t.Fatal(err)
	}
	inc := "/incidents/" + x.Ref
	if s := bodyOf(t, in.do("GET", inc, auditor, nil)); strings.Contains(s, "Make the bundle") || strings.Contains(s, "case.zip") {
		t.Error("an auditor may make a bundle, or one is there before the first")
	}
	if s := bodyOf(t, in.do("GET", inc, pia, nil)); !strings.Contains(s, "Make the bundle") || strings.Contains(s, "case.zip") {
		t.Error("nobody may make a bundle, or one is there before the first")
	}
	for path, want := range map[string]int{inc + "/case.zip": http.StatusNotFound, "/api/v1" + inc + "/bundle": http.StatusNotFound, "/incidents/INC-999/case.zip": http.StatusNotFound} {
		if res := in.do("GET", path, pia, nil); res.StatusCode != want || !strings.Contains(bodyOf(t, res), "INC-") {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if res := in.send(t, inc+"/bundle", pia, url.Values{}); res.StatusCode != http.StatusConflict || !strings.Contains(bodyOf(t, res), "Events cannot be read here") {
		t.Errorf("without events: %d", res.StatusCode)
	}
	if res := in.send(t, inc+"/bundle", auditor, url.Values{}); res.StatusCode != http.StatusForbidden {
		t.Errorf("an auditor: %d", res.StatusCode)
	}
	if res := in.send(t, inc+"/bundle", in.other, url.Values{}); res.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation: %d", res.StatusCode)
	}
	if _, err := in.app.Jobs.Enqueue(ctx, jobs.New{Org: string(scope.Org()), Kind: "case bundle", Title: "Bundle the case file of " + x.Ref, By: scope.Actor(), Subject: x.Ref, Payload: map[string]any{}}); err != nil {
		t.Fatal(err)
	}
	if s := bodyOf(t, in.do("GET", inc, pia, nil)); !strings.Contains(s, "Bundle the case file of "+x.Ref) || !strings.Contains(s, "Queued") || strings.Contains(s, "Make the bundle") {
		t.Error("the page does not say that it is being packed")
	}
	under, err := in.app.Jobs.Open(ctx, string(scope.Org()))
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range under { // nothing runs here
		if j.Kind == "case bundle" {
			if err := in.app.Background().Cancel(ctx, scope, j.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if x, err = in.app.Incidents.Close(ctx, scope, in.now, x.Ref, 0, incident.FalseAlarm, "it was nothing at all"); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := zip.NewWriter(&archive).Close(); err != nil {
		t.Fatal(err)
	}
	body := archive.Bytes()
	kept, err := in.app.Evidence.Add(ctx, scope, in.now, func(time.Time) evidence.ItemID { return "evd_case" }, evidence.Upload{Title: "Alpha case", Kind: evidence.Document, Files: []evidence.File{evidence.Bytes("case.zip", body)},
		Class: evidence.Confidential, Shows: "The case file of the incident.", From: in.now.AddDate(0, 0, -1), To: in.now, Obtained: "Made by the program", Controls: []string{"INC-02"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.app.Incidents.KeepBundle(ctx, scope, in.now, x.Ref, kept[0].Ref); err != nil {
		t.Fatal(err)
	}
	if s := bodyOf(t, in.do("GET", inc, auditor, nil)); !strings.Contains(s, "case.zip") || !strings.Contains(s, "/e/"+kept[0].Ref) {
		t.Error("the auditor finds no bundle")
	}
	for _, path := range []string{inc + "/case.zip", "/api/v1" + inc + "/bundle"} {
		res := in.do("GET", path, auditor, nil)
		if got := bodyOf(t, res); res.StatusCode != http.StatusOK || got != string(body) || !strings.Contains(res.Header.Get("Content-Disposition"), strings.ToLower(x.Ref)+"-case.tickmark.zip") {
			t.Errorf("%s: %d, %d bytes of %d", path, res.StatusCode, len(got), len(body))
		}
		if res := in.do("GET", path, in.other, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s to another organisation: %d", path, res.StatusCode)
		}
	}
	for path, part := range map[string]string{"/api/v1/incidents": `"ref": "` + x.Ref + `"`, "/api/v1" + inc: `"timeline"`} {
		if res := in.do("GET", path, auditor, nil); !strings.Contains(bodyOf(t, res), part) {
			t.Errorf("%s: %d, no %s", path, res.StatusCode, part)
		}
	}
}
