package web_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// course is a small one, for tests.
const course = `---
title: %s
kind: awareness
minutes: 5
pass: 2
questions:
  - ask: One right?
    choices: [{text: "Yes", right: true}, {text: "No"}]
    why: Because it is.
  - ask: Two right?
    choices: [{text: A, right: true}, {text: B, right: true}, {text: C}]
    why: A and B are.
---
# First

Read <b>this</b>.

# Second

More.
`

// asks has a course asked of everybody in the installation, and of somebody with and somebody without an account.
func (in *installation) asks(ctx context.Context, scope access.Scope) error {
	a := in.app
	if _, err := a.RefreshPeople(ctx, scope, in.now); err != nil {
		return err
	}
	if _, err := a.People.Enter(ctx, scope, in.now, []people.New{
		{Name: "Alpha Signs", Email: "employee@alpha.example", Department: "Engineering", Started: period.Of(in.now) - 400},
		{Name: "Alpha Linked", Email: "linked@alpha.example", Department: "Engineering", Started: period.Of(in.now) - 400},
		{Name: "Alpha Second", Email: "second@alpha.example", Department: "Engineering", Started: period.Of(in.now) - 400},
	}, false); err != nil {
		return err
	}
	if _, err := a.Training.Add(ctx, scope, in.now, fmt.Sprintf(course, "Alpha course")); err != nil {
		return err
	}
	_, err := a.Campaigns.Open(ctx, scope, in.now, campaign.New{Kind: campaign.Train, Subject: "TRN-01", Title: "Alpha: take the course", Audience: campaign.Audience{Everybody: true}, Standing: true, Grace: 30, Due: period.Of(in.now) + 30})
	return err
}

// asksEvil has hostile texts asked in the second organisation.
func (in *installation) asksEvil(ctx context.Context, scope access.Scope) error {
	a := in.app
	if _, err := a.People.Enter(ctx, scope, in.now, []people.New{{Name: evil, Email: "evil@fabrikam.example", Department: evil}}, false); err != nil {
		return err
	}
	if _, err := a.Training.Add(ctx, scope, in.now, fmt.Sprintf(course, "'"+strings.ReplaceAll(evil, "'", "''")+"'")+evil); err != nil {
		return err
	}
	_, err := a.Campaigns.Open(ctx, scope, in.now, campaign.New{Kind: campaign.Train, Subject: "TRN-01", Audience: campaign.Audience{Everybody: true}, Due: period.Of(in.now) + 30})
	return err
}

// asked is the duty of somebody in the first campaign.
func (in *installation) asked(t *testing.T, email string) campaign.Duty {
	t.Helper()
	scope := in.app.Access.System(in.org(t), "test").ReadScope
	c, err := in.app.Campaigns.Campaign(t.Context(), scope, "CA-01") // other tests open more, about the same people
	if err != nil {
		t.Fatal(err)
	}
	res, err := in.app.Campaigns.Duties(t.Context(), scope, campaign.DutyFilter{Campaign: c.ID}, paging.Query{Search: email})
	if err != nil || len(res.Rows) == 0 {
		t.Fatalf("%s is asked nothing: %v", email, err)
	}
	return res.Rows[0]
}

func TestCampaignPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/campaigns", in.cookie[access.Auditor], http.StatusOK)
	if s := text(doc); !strings.Contains(s, "Alpha: take the course") || len(all(doc, "a[href='/campaigns/new']")) > 0 {
		t.Error("the auditor does not see the campaign, or may open one")
	}
	in.get(t, "/campaigns", in.cookie[access.Employee], http.StatusForbidden)
	doc = in.get(t, "/campaigns/CA-01?department=Engineering", lead, http.StatusOK)
	if s := one(t, doc, "#rows"); !strings.Contains(s, "Alpha Linked") || strings.Contains(s, "Finance") || len(all(doc, "input[name=tick]")) < 3 {
		t.Errorf("%s", s)
	}
	rows, err := csv.NewReader(in.do("GET", "/campaigns/CA-01?as=csv&q=alpha.example", lead, nil).Body).ReadAll()
	if err != nil || len(rows) != 4 || rows[0][0] != "Person" {
		t.Errorf("%v %v", rows, err)
	}
	in.get(t, "/campaigns/CA-99", lead, http.StatusNotFound)
	in.get(t, "/campaigns/CA-01?state=asleep", lead, http.StatusBadRequest)

	for path, want := range map[string]string{"about=train:TRN-01": "train:TRN-01", "kind=acknowledge&subject=POL-01&version=1": "acknowledge:POL-01"} {
		if chosen := all(in.get(t, "/campaigns/new?"+path, lead, http.StatusOK), "#f-subject option[selected]"); len(chosen) != 1 || attr(chosen[0], "value") != want {
			t.Errorf("%s does not lead to %s", path, want)
		}
	}

	// Opening one: counted first, refused with the reason at the field, opened, changed, closed.
	form := url.Values{"subject": {"train:TRN-01"}, "title": {"Engineers again"}, "audience": {"some"}, "people": {"linked@alpha.example\nsecond@alpha.example"}, "due": {(period.Of(in.now) + 9).String()}, "act": {"count"}}
	res := in.send(t, "/campaigns/new", lead, form)
	doc = parse(t, res)
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(one(t, doc, ".bigno"), "2 people") || attr(all(doc, "input[name=title]")[0], "value") != "Engineers again" {
		t.Errorf("%d %s", res.StatusCode, one(t, doc, "main"))
	}
	for field, value := range map[string]string{"subject": "train:TRN-99", "due": "2020-01-01", "people": "nobody@alpha.example", "title": strings.Repeat("ü", 201)} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(field, value)
		bad.Set("act", "open")
		if res := in.send(t, "/campaigns/new", lead, bad); res.StatusCode != http.StatusUnprocessableEntity || len(all(parse(t, res), "#f-"+field+"-err")) != 1 {
			t.Errorf("%s: %d", field, res.StatusCode)
		}
	}
	form.Set("act", "open")
	res = in.send(t, "/campaigns/new", lead, form)
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/campaigns/CA-") {
		t.Fatalf("%d %s", res.StatusCode, at)
	}
	doc = in.get(t, at, lead, http.StatusOK)
	var ids []string
	for _, n := range all(doc, "input[name=tick]") {
		ids = append(ids, attr(n, "value"))
	}
	if len(ids) != 2 {
		t.Fatalf("%d people", len(ids))
	}
	if res := in.send(t, at+"/bulk/waive", lead, url.Values{"tick": ids[:1], "back": {at}, "why": {"short"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, at+"/bulk/waive", lead, url.Values{"tick": ids[:1], "back": {at}, "why": {"away for the whole year"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if s := one(t, in.get(t, at+"?state=waived", lead, http.StatusOK), "#rows"); !strings.Contains(s, "away for the whole year") {
		t.Error(s)
	}
	in.send(t, at+"/restore", lead, url.Values{"duties": {ids[0]}, "back": {at}})
	if res := in.send(t, at+"/bulk/postpone", lead, url.Values{"tick": ids[:1], "back": {at}, "due": {"yesterday"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, at+"/bulk/postpone", lead, url.Values{"tick": ids[:1], "back": {at}, "due": {(period.Of(in.now) + 19).String()}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, at+"/extend", lead, url.Values{"base": {"1"}, "due": {(period.Of(in.now) + 12).String()}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	res = in.send(t, at+"/extend", lead, url.Values{"base": {"1"}, "due": {(period.Of(in.now) + 15).String()}})
	if doc = parse(t, res); res.StatusCode != http.StatusConflict || one(t, doc, "#f-due-now .theirs-t") != (period.Of(in.now)+12).String() {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, at+"/remind", lead, url.Values{"whom": {"open"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, at+"/close", lead, url.Values{"base": {"2"}, "why": {"Enough."}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, lead, http.StatusOK), "main"); !strings.Contains(s, "Closed, 2 undone") || strings.Contains(s, "Waive ") {
		t.Error(s)
	}
}

// TestDutySignedIn: somebody with an account reads the lessons, answers wrongly, then rightly, and is done.
func TestDutySignedIn(t *testing.T) {
	t.Parallel()
	in := installed(t)
	mine, d := in.cookie[access.Employee], in.asked(t, "employee@alpha.example")
	at := "/duties/" + string(d.ID)
	doc := in.get(t, at, mine, http.StatusOK)
	if one(t, doc, "#h-lesson") != "First" || !strings.Contains(one(t, doc, ".reading"), "Read <b>this</b>.") {
		t.Error(one(t, doc, "main"))
	}
	in.get(t, "/duties/"+string(in.asked(t, "linked@alpha.example").ID), mine, http.StatusNotFound)
	if s := one(t, in.get(t, at, in.cookie[access.Auditor], http.StatusOK), "main"); !strings.Contains(s, "not answered yet") {
		t.Error(s)
	}
	doc = in.get(t, at+"?lesson=3", mine, http.StatusOK)
	if len(all(doc, "fieldset.question")) != 2 || len(all(doc, "input[type=radio]")) != 2 || len(all(doc, "input[type=checkbox][name=q2]")) != 3 {
		t.Error("the questions are not there")
	}
	res := in.send(t, at+"/answers", mine, url.Values{"q1": {"0"}})
	if doc = parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || len(all(doc, "#f-q2 .err")) != 1 || len(all(doc, "input[name=q1][checked]")) != 1 {
		t.Errorf("%d: %s", res.StatusCode, one(t, doc, "main"))
	}
	res = in.send(t, at+"/answers", mine, url.Values{"q1": {"0"}, "q2": {"0"}})
	if doc = parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(one(t, doc, "[role=alert]"), "1 of 2 are right; 2 are needed") || !strings.Contains(one(t, doc, "#f-q2 .why"), "A and B are.") {
		t.Errorf("%d: %s", res.StatusCode, one(t, doc, "main"))
	}
	for _, bad := range []url.Values{{"q1": {"7"}, "q2": {"0"}}, {"q1": {"x"}, "q2": {"0"}}, {"q1": {"0", "1"}, "q2": {"0"}}} {
		if res := in.send(t, at+"/answers", mine, bad); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, res.StatusCode)
		}
	}
	if res := in.send(t, at+"/answers", in.cookie[access.ControlOwner], url.Values{"q1": {"0"}, "q2": {"0", "1"}}); res.StatusCode == http.StatusSeeOther {
		t.Error("somebody else answered")
	}
	if res = in.send(t, at+"/answers", mine, url.Values{"q1": {"0"}, "q2": {"0", "1"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, mine, http.StatusOK), "main"); !strings.Contains(s, "This was done on") || !strings.Contains(s, "2, after 2 tries") {
		t.Error(s)
	}
	if res = in.send(t, at+"/answers", mine, url.Values{"q1": {"0"}, "q2": {"0", "1"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a second time: %d", res.StatusCode)
	}
}

// TestPersonalLink: a link shows one person's duties to whoever holds it, and says the same whatever is wrong with it.
func TestPersonalLink(t *testing.T) {
	t.Parallel()
	in := installed(t)
	d, other := in.asked(t, "linked@alpha.example"), in.asked(t, "second@alpha.example")
	o, err := in.app.Access.OrgBySlug(t.Context(), "northwind")
	if err != nil {
		t.Fatal(err)
	}
	scope := in.app.Access.System(o.ID, "test")
	token, err := in.app.Campaigns.NewLink(t.Context(), scope, in.now, d.Person)
	if err != nil {
		t.Fatal(err)
	}
	at := "/mine/northwind." + token
	res := in.do("GET", at, "", nil)
	if res.Header.Get("Referrer-Policy") != "no-referrer" || res.Header.Get("Cache-Control") != "no-store" {
		t.Error(res.Header)
	}
	doc := parse(t, res)
	if s := one(t, doc, ".mine"); !strings.Contains(s, "Alpha Linked") || !strings.Contains(s, "Alpha: take the course") || strings.Contains(s, "Alpha Second") || len(all(doc, "nav.side, .app")) > 0 {
		t.Error(s)
	}
	in.get(t, at+"/"+string(other.ID), "", http.StatusNotFound)
	if res := in.do("POST", at+"/"+string(other.ID)+"/answers", "", url.Values{"q1": {"0"}, "q2": {"0", "1"}}, "Remote", "192.0.2.77:1"); res.StatusCode == http.StatusSeeOther {
		t.Error("the link answered for somebody else")
	}
	if res := in.do("POST", at+"/"+string(d.ID)+"/answers", "", url.Values{"q1": {"0"}}, "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", res.StatusCode)
	}
	if res := in.do("POST", at+"/"+string(d.ID)+"/sign", "", url.Values{}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a course is not acknowledged: %d", res.StatusCode)
	}
	in.get(t, at+"/"+string(d.ID)+"?lesson=2", "", http.StatusOK)
	// Whatever else was asked of the person by other tests is waived, so that this is the last thing.
	all, err := in.app.Campaigns.ForPerson(t.Context(), scope.ReadScope, d.Person)
	if err != nil {
		t.Fatal(err)
	}
	res = in.do("POST", at+"/"+string(d.ID)+"/answers", "", url.Values{"q1": {"0"}, "q2": {"1", "0"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", res.StatusCode)
	}
	if len(all) == 1 {
		if res.Header.Get("Location") != "/mine/thanks" {
			t.Error(res.Header.Get("Location"))
		}
	}
	in.get(t, "/mine/thanks", "", http.StatusOK)
	newer, err := in.app.Campaigns.NewLink(t.Context(), scope, in.now, d.Person)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, bad := range []string{at, "/mine/fabrikam." + newer, "/mine/nothing." + newer, "/mine/northwind." + strings.Repeat("a", 40), "/mine/x"} {
		res := in.do("GET", bad, "", nil, "Remote", "192.0.2.78:1")
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", bad, res.StatusCode)
		}
		if res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", bad, res.Header)
		}
		doc := parse(t, res)
		said[one(t, doc, "h1")+" "+strings.Join(texts(doc, ".fault-t"), " ")] = true
	}
	if len(said) != 1 {
		t.Errorf("%v", said)
	}
	for range 25 {
		res = in.do("GET", "/mine/northwind."+strings.Repeat("b", 40), "", nil, "Remote", "192.0.2.80:1")
	}
	if res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("nobody stops the guessing: %d", res.StatusCode)
	}
}

func TestTrainingPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	if s := one(t, in.get(t, "/training?q=Alpha+Linked", in.cookie[access.Auditor], http.StatusOK), "#rows"); !strings.Contains(s, "TRN-01") {
		t.Error(s)
	}
	if s := one(t, in.get(t, "/training/courses/TRN-01", lead, http.StatusOK), "main"); !strings.Contains(s, "2 of 2 must be right") || strings.Contains(s, "<b>this</b>") == false {
		t.Error(s)
	}
	// Writing one: previewed, wrong, published, changed by two at once, retired and taken back.
	text := fmt.Sprintf(course, "Lead writes")
	res := in.send(t, "/training/courses/new", lead, url.Values{"text": {text}, "act": {"preview"}})
	if doc := parse(t, res); res.StatusCode != http.StatusOK || one(t, doc, "#h-l2") != "Second" || len(all(doc, "[data-right]")) != 3 {
		t.Errorf("%d", res.StatusCode)
	}
	res = in.send(t, "/training/courses/new", lead, url.Values{"text": {strings.Replace(text, "pass: 2", "pass: 9", 1)}, "act": {"publish"}})
	if doc := parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(one(t, doc, "#f-text-err"), "how many of the 2") {
		t.Errorf("%d", res.StatusCode)
	}
	res = in.send(t, "/training/courses/new", lead, url.Values{"text": {text}, "act": {"publish"}})
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/training/courses/TRN-") {
		t.Fatalf("%d %s", res.StatusCode, at)
	}
	in.get(t, at+"/edit", lead, http.StatusOK)
	if res := in.send(t, at+"/edit", lead, url.Values{"text": {text + "One."}, "base": {"1"}, "act": {"publish"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	res = in.send(t, at+"/edit", lead, url.Values{"text": {text + "Two."}, "base": {"1"}, "act": {"publish"}})
	if doc := parse(t, res); res.StatusCode != http.StatusConflict || !strings.Contains(one(t, doc, "#f-text-now"), "One.") || !strings.Contains(one(t, doc, "textarea"), "Two.") {
		t.Errorf("%d", res.StatusCode)
	}
	in.get(t, at+"?version=1", lead, http.StatusOK)
	in.get(t, at+"?version=9", lead, http.StatusNotFound)
	for _, form := range []url.Values{{}, {"back_in": {"yes"}}} {
		if res := in.send(t, at+"/retire", lead, form); res.StatusCode != http.StatusSeeOther {
			t.Errorf("%d", res.StatusCode)
		}
	}
	in.get(t, "/training/courses/new", in.cookie[access.Auditor], http.StatusForbidden)

	// Completions of a learning system.
	file := "email;course;completed;score\nsecond@alpha.example;Alpha course;2026-01-02;90\nnobody@alpha.example;TRN-01;2026-01-02;\n=cmd();TRN-01;2026-01-02;\n"
	res = in.sent(t, "/training/import", lead, url.Values{"dry": {"on"}}, [2]string{"lms.csv", file})
	doc := parse(t, res)
	if s := one(t, doc, "main"); res.StatusCode != http.StatusOK || !strings.Contains(s, "What would be imported") || !strings.Contains(s, "Nobody in the directory has this address") || !strings.Contains(s, "=cmd()") {
		t.Errorf("%d %s", res.StatusCode, s)
	}
	res = in.sent(t, "/training/import", lead, url.Values{}, [2]string{"lms.csv", file})
	if s := one(t, parse(t, res), "main"); res.StatusCode != http.StatusOK || !strings.Contains(s, "What was imported") {
		t.Errorf("%d %s", res.StatusCode, s)
	}
	res = in.sent(t, "/training/import", lead, url.Values{}, [2]string{"odd.csv", "a,b\n1,2\n"})
	if doc := parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || len(all(doc, "#f-column_person-err, #f-column_course-err, #f-column_on-err")) != 3 {
		t.Errorf("%d", res.StatusCode)
	}
	if res = in.send(t, "/training/import", lead, url.Values{}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no file: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, "/training?q=Alpha+Second", lead, http.StatusOK), "#rows"); !strings.Contains(s, "2 Jan 2026") {
		t.Error(s)
	}
}

// TestWithdrawnOnPages: a version that is replaced while somebody reads it cannot be signed, by the signed-in or by link; both are
// told why, and the next campaign asks about the version in force.
func TestWithdrawnOnPages(t *testing.T) {
	t.Parallel()
	in := own(t)
	scope := in.app.Access.System(in.org(t), "test")
	owner, lead, mine := in.cookie[access.Owner], in.cookie[access.ComplianceLead], in.cookie[access.Employee]
	at := in.led(t, "/campaigns/new", lead, "subject", "acknowledge:POL-01", "audience", "some", "people", "employee@alpha.example\nlinked@alpha.example", "due", (period.Of(in.now) + 9).String(), "act", "open")
	c, err := in.app.Campaigns.Campaign(t.Context(), scope.ReadScope, strings.TrimPrefix(at, "/campaigns/"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := in.app.Campaigns.Duties(t.Context(), scope.ReadScope, campaign.DutyFilter{Campaign: c.ID}, paging.Query{Sort: "name"})
	if err != nil || len(res.Rows) != 2 {
		t.Fatal(len(res.Rows), err)
	}
	byLink, signedIn := res.Rows[0], res.Rows[1]
	token, err := in.app.Campaigns.NewLink(t.Context(), scope, in.now, byLink.Person)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{"/duties/" + string(signedIn.ID): mine, "/mine/northwind." + token + "/" + string(byLink.ID): ""}
	for path, cookie := range pages {
		doc := in.get(t, path, cookie, http.StatusOK)
		if len(all(doc, "form.sign")) != 1 || !strings.Contains(one(t, doc, ".sign"), "version 1") {
			t.Errorf("%s: %s", path, one(t, doc, "main"))
		}
	}
	in.led(t, "/policies/POL-01/send", lead, "note", "there is more to say now")
	in.led(t, "/policies/POL-01/approve", owner)
	for path, cookie := range pages {
		form := url.Values{}
		if cookie != "" {
			form.Set("csrf", in.token(t, cookie))
		}
		res := in.do("POST", path+"/sign", cookie, form)
		doc := parse(t, res)
		if s := one(t, doc, "main"); res.StatusCode != http.StatusUnprocessableEntity || strings.Count(s, "Version 1 of POL-01 cannot be signed: it was replaced by version 2.") != 1 || len(all(doc, "form.sign")) != 0 {
			t.Errorf("%s: %d %s", path, res.StatusCode, s)
		}
	}
	if s := one(t, in.get(t, at, lead, http.StatusOK), "main"); !strings.Contains(s, "Closed") || !strings.Contains(s, "replaced") {
		t.Error(s)
	}
	at = in.led(t, "/campaigns/new", lead, "subject", "acknowledge:POL-01", "audience", "some", "people", "employee@alpha.example", "due", (period.Of(in.now) + 9).String(), "act", "open")
	if s := one(t, in.get(t, at, lead, http.StatusOK), "main"); !strings.Contains(s, "version 2") {
		t.Error(s)
	}
}
