package web_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
)

// newVendor enters a vendor through the form and returns its reference.
func newVendor(t *testing.T, in *installation, name string, more url.Values) string {
	t.Helper()
	form := url.Values{"name": {name}, "criticality": {"high"}, "data_personal": {"on"}, "started": {"2020-05-01"}}
	for k, v := range more {
		form[k] = v
	}
	res := in.send(t, "/vendors/new", in.cookie[access.ComplianceLead], form)
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/vendors/V-") {
		t.Fatalf("new vendor: %d to %q", res.StatusCode, to)
	}
	return strings.TrimPrefix(to, "/vendors/")
}

// vendors puts one on the register with something of every sort.
func (in *installation) vendors(ctx context.Context, scope access.Scope) error {
	a, today := in.app, period.Of(in.now)
	lead, err := a.Access.As(ctx, scope, in.now, string(access.ComplianceLead)+"@alpha.example")
	if err != nil {
		return err
	}
	v, err := a.Vendors.Add(ctx, lead, in.now, vendors.Details{Name: "Alpha Hosting", Owner: lead.User(), Data: []vendors.Data{vendors.Personal}, Criticality: vendors.HighLevel, Started: today - 400, Applications: []string{"Cloud console"}})
	if err != nil {
		return err
	}
	yes := func(asked []vendors.Question) []vendors.Answer {
		var out []vendors.Answer
		for _, q := range asked {
			out = append(out, vendors.Answer{Question: q.Key, Reply: vendors.Yes})
		}
		return out
	}
	find := []vendors.Finding{{Text: "The list of subcontractors is old.", Severity: vendors.HighLevel}}
	if _, err := a.Vendors.Assess(ctx, lead, in.now, v.Ref, vendors.Assessment{Purpose: vendors.Diligence, Answers: yes(vendors.Questions(vendors.Diligence)), Findings: find, Decision: vendors.Conditional}); err != nil {
		return err
	}
	var last vendors.Report
	for _, p := range []period.Period{{From: today - 800, To: today - 435}, {From: today - 430, To: today - 65}} {
		if last, err = a.Vendors.FileReport(ctx, lead, in.now, v.Ref, vendors.Report{Kind: vendors.SOC2Type2, Period: p, Opinion: vendors.Unqualified, Received: today - 20}); err != nil {
			return err
		}
	}
	if _, err := a.Vendors.ReviewReport(ctx, lead, in.now, last.Ref, 0, vendors.Review{Answers: yes(vendors.ReviewQuestions()), Reliance: vendors.Rely}); err != nil {
		return err
	}
	if _, err := a.Vendors.FileBridge(ctx, lead, in.now, vendors.Bridge{Report: last.Ref, Period: period.Period{From: today - 65, To: today - 20}, Signed: today - 19}); err != nil {
		return err
	}
	if _, err := a.Vendors.Expect(ctx, lead, in.now, v.Ref, vendors.CUEC{Report: last.Ref, Text: "We remove people who leave.", Relevant: true, Controls: []string{"IAM-04"}}); err != nil {
		return err
	}
	_, err = a.Vendors.Describe(ctx, lead, in.now, v.Ref, 0, true, "")
	return err
}

// wrong sends a form that is refused and reads the page that says so.
func (in *installation) wrong(t *testing.T, path, cookie string, form url.Values, want int) *html.Node {
	t.Helper()
	res := in.send(t, path, cookie, form)
	if res.StatusCode != want {
		t.Fatalf("POST %s %v: %d, want %d", path, form, res.StatusCode, want)
	}
	return parse(t, res)
}

// TestVendor takes a vendor through its pages: entered, assessed, with reports whose periods have a gap, a letter that closes
// it, and what the report asks of us.
func TestVendor(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	ref := newVendor(t, in, "Alpha <b>Cloud</b> שלום", url.Values{"applications": {"Alpha console\nalpha  CONSOLE"}, "services": {"<script>alert(1)</script>"}})
	at := "/vendors/" + ref
	doc := in.get(t, at, lead, http.StatusOK)
	if h := one(t, doc, "main h1"); h != "Alpha <b>Cloud</b> שלום" || len(all(doc, "main script")) > 0 {
		t.Errorf("%q", h)
	}
	if s := one(t, doc, ".rule-t td[data-here]"); s != "High" {
		t.Errorf("the tier is %q", s)
	}
	day := func(before int) string { return (period.Of(in.now) - period.Date(before)).String() }
	said := func(before int) string { return (period.Of(in.now) - period.Date(before)).Time().Format("2 Jan 2006") }
	for _, x := range []struct{ kind, from, to string }{{"soc2_type2", day(800), day(431)}, {"soc2_type2", day(400), day(40)}} {
		res := in.send(t, at+"/reports/new", lead, url.Values{"kind": {x.kind}, "from": {x.from}, "to": {x.to}, "opinion": {"unqualified"}, "noted": {"0"}, "received": {day(20)}})
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("report: %d", res.StatusCode)
		}
	}
	doc = in.get(t, at+"?tab=reports", lead, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "Nothing covers "+said(430)+" to "+said(401)) {
		t.Error("the gap between two reports is not said")
	}
	if n := len(all(doc, ".cov .cv-gap")); n < 2 { // in the drawing and its legend
		t.Errorf("%d gaps are drawn", n)
	}
	refs := texts(doc, "section[aria-labelledby='h-reports'] td:first-child a")
	if len(refs) != 2 {
		t.Fatalf("%q", refs)
	}
	res := in.send(t, at+"/letters/new", lead, url.Values{"report": {refs[1]}, "from": {day(430)}, "to": {day(401)}, "signed": {day(399)}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("letter: %d", res.StatusCode)
	}
	doc = in.get(t, at+"?tab=reports", lead, http.StatusOK)
	if s := one(t, doc, "main"); strings.Contains(s, "Nothing covers "+said(430)) {
		t.Error("the letter does not close the gap")
	}
	for _, c := range []struct {
		form        url.Values
		field, says string
	}{
		{url.Values{"report": {refs[1]}, "from": {day(400)}, "to": {day(420)}}, "to", "before it begins"},
		{url.Values{"report": {"VR-999"}, "from": {day(400)}, "to": {day(390)}}, "report", "Choose the report"},
		{url.Values{"report": {refs[1]}, "from": {"someday"}, "to": {day(390)}}, "from", "Give a day"},
	} {
		doc := in.wrong(t, at+"/letters/new", lead, c.form, http.StatusUnprocessableEntity)
		if s := one(t, doc, "#f-"+c.field+"-err"); !strings.Contains(s, c.says) {
			t.Errorf("%v: %q", c.form, s)
		}
	}
	answers := url.Values{"decision": {"conditional"}, "finding_1": {"The list of subcontractors is old."}, "day": {day(3)}, "purpose": {"diligence"}}
	for _, q := range vendors.Questions(vendors.Diligence) {
		answers.Set("q_"+q.Key, "yes")
	}
	answers.Set("q_chain", "no")
	doc = in.wrong(t, at+"/assess", lead, answers, http.StatusUnprocessableEntity)
	if s := one(t, doc, "#f-n_chain-err"); !strings.Contains(s, "at least 10") || len(all(doc, "input[name='q_need'][checked]")) != 1 {
		t.Errorf("%q, or what was chosen is lost", s)
	}
	answers.Set("n_chain", "asked for in writing")
	if res := in.send(t, at+"/assess", lead, answers); res.StatusCode != http.StatusSeeOther {
		t.Errorf("assess: %d", res.StatusCode)
	}
	doc = in.get(t, at+"?tab=assessments", lead, http.StatusOK)
	link := attr(all(doc, "a[href$='/task']")[0], "href")
	if res := in.send(t, link, lead, url.Values{"title": {"Ask for the list"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("task: %d", res.StatusCode)
	}
	doc = in.get(t, at+"?tab=assessments", lead, http.StatusOK)
	if len(all(doc, "section[aria-labelledby='h-find'] a[href^='/tasks/T-']")) != 1 {
		t.Error("the task of the finding is not shown")
	}
	if res := in.send(t, at+"/cuecs/new", lead, url.Values{"text": {"We remove those who leave."}, "report": {refs[0]}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("cuec: %d", res.StatusCode)
	}
	doc = in.get(t, at+"?tab=cuecs", lead, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "Not mapped") {
		t.Error("what is not mapped is not said")
	}
	// An auditor reads and changes nothing; a customer sees nothing.
	doc = in.get(t, at, in.cookie[access.Auditor], http.StatusOK)
	if len(all(doc, "main form, main a[href$='/edit']")) > 0 {
		t.Error("an auditor may change a vendor")
	}
	in.get(t, at, in.cookie[access.Reader], http.StatusForbidden)
}

// TestVendorForms is what forms refuse, and where they say it.
func TestVendorForms(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	ref := newVendor(t, in, "Beta Storage", nil)
	for _, c := range []struct {
		path        string
		form        url.Values
		field, says string
	}{
		{"/vendors/new", url.Values{"name": {""}}, "name", "at least 2"},
		{"/vendors/new", url.Values{"name": {strings.Repeat("ü", 121)}}, "name", "121"},
		{"/vendors/new", url.Values{"name": {"BETA  storage"}}, "name", "already"},
		{"/vendors/new", url.Values{"name": {"Gamma"}, "tier_set": {"high"}}, "tier_why", "at least 10"},
		{"/vendors/" + ref + "/contract", url.Values{"security": {"on"}}, "signed", "Say when"},
		{"/vendors/" + ref + "/contract", url.Values{"signed": {"2020-01-01"}, "deletion_days": {"x"}}, "deletion_days", "whole number"},
		{"/vendors/" + ref + "/contract", url.Values{"signed": {"2020-01-01"}, "evidence": {"EV-1999-1"}}, "evidence", "no evidence"},
		{"/vendors/" + ref + "/end", url.Values{}, "ended", "Say when"},
		{"/vendors/" + ref + "/end", url.Values{"ended": {"2021-01-01"}, "ended_at": {"25:00"}}, "ended_at", "UTC"},
		{"/vendors/" + ref + "/reports/new", url.Values{"kind": {"soc2_type2"}, "from": {"2021-01-01"}}, "to", "which period"},
		{"/vendors/" + ref + "/reports/new", url.Values{"kind": {"soc2_type2"}, "from": {"2021-01-01"}, "to": {"2021-06-30"}, "opinion": {"adverse"}}, "exceptions", "Write down"},
		{"/vendors/" + ref + "/cuecs/new", url.Values{"text": {"We remove those who leave."}, "controls": {"XYZ-01"}}, "controls", "XYZ-01"},
		{"/vendors/" + ref + "/remove", url.Values{"why": {"no"}}, "why", "at least 10"},
		{"/vendors/rules", url.Values{"high": {"400"}, "medium": {"300"}, "low": {"500"}, "performance": {"92"}, "review": {"60"}, "bridge": {"92"}, "deletion": {"30"}}, "medium", "more often"},
		{"/vendors/applications/own", url.Values{"name": {"Wiki"}}, "why", "at least 10"},
	} {
		doc := in.wrong(t, c.path, lead, c.form, http.StatusUnprocessableEntity)
		if s := one(t, doc, "#f-"+c.field+"-err"); !strings.Contains(s, c.says) {
			t.Errorf("%s %v: %q", c.path, c.form, s)
		}
	}
	// Two people edit at once: the second sees both texts.
	form := url.Values{"name": {"Beta Storage"}, "criticality": {"low"}, "location": {"Here"}, "base": {"1"}}
	if res := in.send(t, "/vendors/"+ref+"/edit", lead, form); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode)
	}
	form.Set("location", "There")
	doc := in.wrong(t, "/vendors/"+ref+"/edit", lead, form, http.StatusConflict)
	if s := one(t, doc, "#f-location-now"); !strings.Contains(s, "Here") {
		t.Errorf("%q", s)
	}
}

// TestVendorLists: the list filters and exports, the calendar looks a year ahead, and applications that are nobody's are added
// with one press.
func TestVendorLists(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	ref := newVendor(t, in, "=Gamma Pay", url.Values{"started": {period.Of(in.now).String()}})
	res := in.do("GET", "/vendors?tier=high&look=overdue&as=csv", lead, nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(rows) < 1 || rows[0][0] != "Vendor" {
		t.Fatal(rows, err)
	}
	for _, path := range []string{"/vendors?q=gamma&sort=-next", "/vendors?look=gap&owner=none", "/vendors/calendar?what=assessment", "/vendors/calendar?as=csv", "/vendors/applications?whose=nobody"} {
		if res := in.do("GET", path, lead, nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	for _, path := range []string{"/vendors?tier=top", "/vendors?sort=colour", "/vendors/calendar?what=party"} {
		in.get(t, path, lead, http.StatusBadRequest)
	}
	in.get(t, "/vendors/"+ref+"?tab=nothing", lead, http.StatusNotFound)
	doc := in.get(t, "/vendors?q=gamma", lead, http.StatusOK)
	if s := texts(doc, "#rows tbody td:first-child"); len(s) != 1 || s[0] != ref {
		t.Errorf("%q", s)
	}
	doc = in.get(t, "/vendors/calendar", lead, http.StatusOK)
	if n := len(all(doc, ".year > li")); n != 14 {
		t.Errorf("%d months", n)
	}
}
