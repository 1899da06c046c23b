package web_test

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/work"
)

func rated(title string, residual int, controls ...string) risk.Text {
	return risk.Text{
		Title: title, Description: "Alpha.", Kind: risk.Security, Threat: "credential-stuffing", Process: "Sign-in", Controls: controls, Response: risk.Reduce, Owner: "security_analyst@alpha.example",
		Inherent: risk.Rating{Likelihood: 5, Impact: 5}, Residual: risk.Rating{Likelihood: residual, Impact: 5},
	}
}

// risks fills the register so that lists begin with what the second organisation does not have: R-001 is the lowest one. R-002
// comes first and is what the test of rough forms tries.
func (in *installation) risks(ctx context.Context, scope access.Scope) error {
	s := in.app.Risks
	for i, t := range []risk.Text{rated("Alpha: the lowest", 1), rated("Alpha: for rough forms", 5, "IAM-02"), rated("Alpha: accepted", 4, "IAM-02"), rated("Alpha: treated late", 3, "IAM-02"), rated("Alpha: a fraud", 2)} {
		if i == 4 {
			t.Kind, t.Threat, t.Triangle = risk.Fraud, "fraud-payment", risk.Triangle{By: "insider", Incentive: "Debt."}
		}
		if _, err := s.Add(ctx, scope, begin, t); err != nil {
			return err
		}
	}
	for _, ref := range []string{"R-002", "R-003"} {
		if _, err := s.Accept(ctx, scope, begin, ref, 0, period.Of(in.now)+90, "nothing else can be done this year"); err != nil {
			return err
		}
	}
	for _, ref := range []string{"R-002/1", "R-004/1"} {
		if _, err := in.app.Work.Open(ctx, scope, begin, work.New{Title: "Alpha: lower it", Source: work.FromRisk, SourceRef: ref, Due: period.Of(begin) + 1}); err != nil {
			return err
		}
	}
	plan := risk.Plan{Title: "Alpha: assessment", Method: "Workshop", Participants: []string{"Dana"}, Processes: []string{"Payments"}, Held: period.Of(begin)}
	for n := range 3 {
		at := in.now.Add(time.Duration(n-3) * time.Hour)
		a, err := s.StartAssessment(ctx, scope, at, plan)
		if err != nil {
			return err
		}
		if n == 2 {
			break
		}
		for _, ref := range []string{"R-001", "R-002", "R-003", "R-004", "R-005"} {
			if _, err := s.Walk(ctx, scope, at, a.Ref, ref, risk.Confirmed, risk.Rating{}, risk.Rating{}, ""); err != nil {
				return err
			}
		}
		if _, err := s.Freeze(ctx, scope, at, a.Ref, 0, in.app.AroundRisks(at)); err != nil {
			return err
		}
	}
	for i, title := range []string{"Alpha: an old law", "Alpha: a vendor", "Alpha: a product", "Alpha: a technology"} {
		if _, err := s.AddTrigger(ctx, scope, in.now, risk.Notice{Kind: risk.TriggerKinds()[i], Title: title, Effective: period.Of(begin) + period.Date(30*i-20), About: "SC-2026-01"}); err != nil {
			return err
		}
	}
	return in.told(ctx, scope)
}

// told records changes: one is planned and nobody knows, one was told without a proof.
func (in *installation) told(ctx context.Context, scope access.Scope) error {
	s := in.app.Changes
	customers := change.Audience{Kind: change.Customers}
	for i, title := range []string{"Alpha: planned", "Alpha: told"} {
		c, err := s.Add(ctx, scope, in.now, change.Text{Title: title, Effective: period.Of(in.now) + period.Date(10-20*i), Customer: true, Impact: "A column more.", Audiences: []change.Audience{customers, {Kind: change.Staff}}})
		if err != nil || i == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := s.Decide(ctx, scope, in.now, c.Ref, 0, true, "user entities read the export by machine"); err != nil {
			return err
		}
		if _, err := s.Tell(ctx, scope, in.now, c.Ref, 0, change.Notice{To: customers, Channel: change.Email, Text: "A column more from Monday on.", Sent: begin.Add(-48 * time.Hour)}); err != nil {
			return err
		}
		if _, err := s.Release(ctx, scope, in.now, c.Ref, 0, begin.Add(-24*time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

// hostileRisks gives the second organisation texts that must stay texts, under references that the first one does not have.
func (in *installation) hostileRisks(ctx context.Context, scope access.Scope) error {
	s := in.app.Risks
	if _, err := s.Add(ctx, scope, in.now, risk.Text{Title: evil, Description: evil, Kind: risk.Fraud, Process: evil, Concerns: []string{evil}, Triangle: risk.Triangle{By: "both", Incentive: evil, Opportunity: evil, Rationalisation: evil},
		Inherent: risk.Rating{Likelihood: 3, Impact: 3}, Residual: risk.Rating{Likelihood: 3, Impact: 3}, Response: risk.Accept}); err != nil {
		return err
	}
	scale := risk.DefaultScale()
	scale.Likelihood[0].Word, scale.Likelihood[0].Meaning, scale.Note = "<b>Rare</b>", evil, evil
	if _, err := s.SetScale(ctx, scope, in.now, 0, scale); err != nil {
		return err
	}
	if _, err := s.StartAssessment(ctx, scope, in.now, risk.Plan{Title: evil, Method: evil, Scope: evil, Conclusion: evil, Participants: []string{evil}, Processes: []string{evil}, Held: period.Make(2025, 5, 5)}); err != nil {
		return err
	}
	if _, err := s.AddTrigger(ctx, scope, in.now, risk.Notice{Kind: risk.Law, Title: evil, Text: evil, Effective: period.Of(begin), About: "<b>x</b>"}); err != nil {
		return err
	}
	_, err := in.app.Changes.Add(ctx, scope, in.now, change.Text{Title: evil, Text: evil, Impact: evil, Customer: true, Effective: period.Make(2025, 5, 5), Services: []string{evil}, Components: []string{evil},
		Audiences: []change.Audience{{Kind: change.Customers}, {Kind: change.NamedList, Name: evil}}, Source: evil})
	return err
}

// TestRiskPages: the register, the matrix whose fields narrow the list, and a risk down to the newest result of its controls.
func TestRiskPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Auditor]
	doc := in.get(t, "/risks?q=alpha", cookie, http.StatusOK)
	if refs := texts(doc, "#rows tbody .ref"); !slices.Contains(refs, "R-003") || !slices.Contains(refs, "R-001") {
		t.Errorf("%q", refs)
	}
	if len(all(doc, "a[href='/risks/new']")) > 0 {
		t.Error("the auditor is offered a new risk")
	}
	doc = in.get(t, "/risks/matrix", cookie, http.StatusOK)
	if n := len(all(doc, ".rmx td[data-band] a")); n != 25 {
		t.Fatalf("%d fields", n)
	}
	if n := len(all(doc, ".rmx td[data-above]")); n != 10 {
		t.Errorf("%d fields above tolerance", n)
	}
	for _, a := range all(doc, ".rmx td a") {
		if s := attr(a, "aria-label"); !strings.Contains(s, "likelihood") || !strings.Contains(s, "score") {
			t.Errorf("a field says %q", s)
		}
	}
	doc = in.get(t, "/risks/matrix?cell=4x5", cookie, http.StatusOK)
	if refs := texts(doc, "#rows tbody .ref"); !slices.Contains(refs, "R-003") || slices.Contains(refs, "R-004") || len(all(doc, ".rmx a[aria-current]")) != 1 {
		t.Errorf("%q", refs)
	}
	doc = in.get(t, "/risks/matrix?side=inherent&cell=5x5", cookie, http.StatusOK)
	if refs := texts(doc, "#rows tbody .ref"); !slices.Contains(refs, "R-004") {
		t.Errorf("without controls: %q", refs)
	}
	in.get(t, "/risks/matrix?cell=nine", cookie, http.StatusNotFound)
	in.get(t, "/risks?band=purple", cookie, http.StatusBadRequest)
	if s := one(t, in.get(t, "/risks/R-004", cookie, http.StatusOK), "main"); !strings.Contains(s, "Treatments are tasks, which you may not read") || strings.Contains(s, "Alpha: lower it") {
		t.Error("the auditor is not told that treatments are left out")
	}
	doc = in.get(t, "/risks/R-004", in.cookie[access.SecurityAnalyst], http.StatusOK)
	body := one(t, doc, "main")
	for _, want := range []string{"IAM-02", "Alpha: lower it", "Overdue", "Above tolerance", "Possible × Severe"} {
		if !strings.Contains(body, want) {
			t.Errorf("the risk does not say %q", want)
		}
	}
	if strings.Contains(body, "%") {
		t.Error("a percentage")
	}
	doc = in.get(t, "/risks/R-003", cookie, http.StatusOK)
	if s := one(t, doc, ".page-head .ref"); !strings.Contains(s, "Accepted until") {
		t.Error(s)
	}
	res := in.do("GET", "/risks?as=csv&q=alpha", cookie, nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(rows) < 5 || !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "Risk" }) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestRiskForms: what is wrong stands at its field, everything written is kept, and of two who edit one is told.
func TestRiskForms(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.SecurityAnalyst]
	sound := func() url.Values {
		return url.Values{"title": {"Form of a risk"}, "description": {"kept <b>text</b>"}, "kind": {"security"}, "inherent_likelihood": {"3"}, "inherent_impact": {"3"}, "residual_likelihood": {"1"}, "residual_impact": {"3"}, "response": {"reduce"}}
	}
	for _, c := range []struct{ field, value, says string }{
		{"title", "", "at least 3"}, {"title", strings.Repeat("ö", 201), "201 characters"}, {"description", strings.Repeat("ö", 8001), "8001 characters"}, {"kind", "luck", "choose where"},
		{"threat", "dragons", "no threat"}, {"inherent_likelihood", "", "both"}, {"residual_likelihood", "5", "do not raise"}, {"residual_impact", "many", "Choose a step"}, {"response", "pray", "choose what"},
		{"owner", "nobody", "nobody here"}, {"review", "soon", "Give a day"}, {"review", "2020-01-01", "is over"},
	} {
		form := sound()
		form.Set(c.field, c.value)
		res := in.send(t, "/risks/new", cookie, form)
		doc := parse(t, res)
		if s := strings.Join(texts(doc, "#f-"+c.field+"-err"), " "); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(s), strings.ToLower(c.says)) {
			t.Errorf("%s=%.20q: %d, %q", c.field, c.value, res.StatusCode, s)
		}
		if c.field != "description" && text(all(doc, "textarea[name=description]")[0]) != "kept <b>text</b>" {
			t.Errorf("%s: the description was not kept", c.field)
		}
	}
	bad := sound()
	bad["controls"] = []string{"XYZ-99"}
	if res := in.send(t, "/risks/new", cookie, bad); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an unknown control: %d", res.StatusCode)
	}
	form := sound()
	form["controls"] = []string{"IAM-02"}
	at := in.send(t, "/risks/new", cookie, form).Header.Get("Location")
	if !strings.HasPrefix(at, "/risks/R-") {
		t.Fatal(at)
	}
	form.Set("base", "1")
	form.Set("title", "Form of a risk, mine")
	if res := in.send(t, at+"/edit", cookie, form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("edit: %d", res.StatusCode)
	}
	form.Set("title", "Form of a risk, theirs")
	res := in.send(t, at+"/edit", in.cookie[access.ComplianceLead], form)
	doc := parse(t, res)
	if res.StatusCode != http.StatusConflict || one(t, doc, "#f-title-now .theirs-t") != "Form of a risk, mine" || attr(all(doc, "input[name=base]")[0], "value") != "2" {
		t.Errorf("stale: %d", res.StatusCode)
	}
	for _, c := range []struct {
		path string
		form url.Values
		want int
	}{
		{"/close", url.Values{"why": {"no"}}, http.StatusUnprocessableEntity},
		{"/review", url.Values{"review": {"2020-01-01"}}, http.StatusUnprocessableEntity},
		{"/review", url.Values{"review": {in.now.AddDate(0, 6, 0).Format("2006-01-02")}}, http.StatusSeeOther},
		{"/treatment", url.Values{"title": {"Do it"}}, http.StatusUnprocessableEntity},
		{"/treatment", url.Values{"title": {"Do it"}, "due": {in.now.AddDate(0, 1, 0).Format("2006-01-02")}}, http.StatusSeeOther},
		{"/escalate", url.Values{"task": {"T-001"}, "to": {"Dana"}, "why": {"it is much too late by now"}}, http.StatusUnprocessableEntity},
		{"/close", url.Values{"why": {"it was only for the form"}}, http.StatusSeeOther},
		{"/reopen", url.Values{}, http.StatusSeeOther},
	} {
		if res := in.send(t, at+c.path, cookie, c.form); res.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.path, res.StatusCode, c.want)
		}
	}
	// Nobody accepts a risk of their own.
	own := sound()
	own.Set("owner", "compliance_lead@alpha.example")
	at = in.send(t, "/risks/new", cookie, own).Header.Get("Location")
	accept := url.Values{"until": {in.now.AddDate(0, 6, 0).Format("2006-01-02")}, "why": {"there is nothing else to be done"}}
	res = in.send(t, at+"/accept", in.cookie[access.ComplianceLead], accept)
	if doc := parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(one(t, doc, "[role=alert]"), "nobody accepts a risk of their own") {
		t.Errorf("one's own: %d", res.StatusCode)
	}
	if res = in.send(t, at+"/accept", in.cookie[access.Owner], accept); res.StatusCode != http.StatusSeeOther {
		t.Errorf("somebody else: %d", res.StatusCode)
	}
}

// TestAssessmentPages: what is frozen can be had as PDF, sheet and JSON, compared, and not changed.
func TestAssessmentPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/risk-assessments", cookie, http.StatusOK)
	refs := texts(doc, "#rows .ref")
	if len(refs) != 3 || refs[0] != "RA-2026-3" {
		t.Fatalf("%q", refs)
	}
	for file, magic := range map[string]string{"assessment.pdf": "%PDF", "assessment.xlsx": "PK", "assessment.json": `{"assessment"`} {
		var last string
		for range 2 {
			res := in.do("GET", "/risk-assessments/RA-2026/files/"+file, cookie, nil)
			b, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(b), magic) || last != "" && string(b) != last && file != "assessment.xlsx" {
				t.Errorf("%s: %d, %.20q, %v", file, res.StatusCode, b, err)
			}
			last = string(b)
		}
	}
	in.get(t, "/risk-assessments/RA-2026/files/assessment.exe", cookie, http.StatusNotFound)
	in.get(t, "/risk-assessments/RA-2026-3/files/assessment.pdf", cookie, http.StatusNotFound)
	doc = in.get(t, "/risk-assessments/RA-2026-2/compare", cookie, http.StatusOK)
	if s := one(t, doc, "main"); strings.Count(s, "As before") < 5 {
		t.Error(s)
	}
	if res := in.send(t, "/risk-assessments/RA-2026/edit", cookie, url.Values{"title": {"Another"}, "base": {"2"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a frozen one: %d", res.StatusCode)
	}
	if res := in.send(t, "/risk-assessments/RA-2026-3/freeze", cookie, url.Values{"ref": {"RA-2026-3"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("with risks that nobody looked at: %d", res.StatusCode)
	}
	if res := in.send(t, "/risk-assessments/RA-2026-3/walk", cookie, url.Values{"risk": {"R-001"}, "finding": {"rerated"}, "note": {"short"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", res.StatusCode)
	}
}

// TestChangePages: a change is recorded, decided about, told and in effect; what is wrong stands at its field.
func TestChangePages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ControlOwner]
	day := in.now.AddDate(0, 0, 5).Format("2006-01-02")
	for _, c := range []struct {
		form        url.Values
		field, says string
	}{
		{url.Values{"title": {"Change of the form"}}, "effective", "which day"},
		{url.Values{"title": {"Change of the form"}, "effective": {"soon"}}, "effective", "Give a day"},
		{url.Values{"title": {"x"}, "effective": {day}}, "title", "at least 3"},
		{url.Values{"title": {"Change of the form"}, "effective": {day}, "customer": {"on"}}, "impact", "what customers notice"},
	} {
		res := in.send(t, "/changes/new", cookie, c.form)
		if s := strings.Join(texts(parse(t, res), "#f-"+c.field+"-err"), " "); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(s, c.says) {
			t.Errorf("%v: %d, %q", c.form, res.StatusCode, s)
		}
	}
	at := in.send(t, "/changes/new", cookie, url.Values{"title": {"Change of the form"}, "effective": {day}, "customer": {"on"}, "impact": {"A column more."}, "audiences": {"customers"}, "lists": {"Pilots\n\nPilots"}}).Header.Get("Location")
	if !strings.HasPrefix(at, "/changes/SC-2026-") {
		t.Fatal(at)
	}
	sent := in.now.Add(-time.Hour).Format("2006-01-02T15:04")
	for _, c := range []struct {
		path string
		form url.Values
		want int
	}{
		{"/decide", url.Values{"significant": {"maybe"}}, http.StatusUnprocessableEntity},
		{"/decide", url.Values{"significant": {"yes"}, "reason": {"because"}}, http.StatusUnprocessableEntity},
		{"/decide", url.Values{"significant": {"yes"}, "reason": {"user entities read it by machine"}}, http.StatusSeeOther},
		{"/decide", url.Values{"significant": {"no"}, "reason": {"user entities read it by machine"}, "base": {"1"}}, http.StatusConflict},
		{"/tell", url.Values{"to": {"staff"}, "channel": {"email"}, "sent": {sent}, "text": {"A column more."}}, http.StatusUnprocessableEntity},
		{"/tell", url.Values{"to": {"customers"}, "channel": {"email"}, "sent": {"2099-01-01T10:00"}, "text": {"A column more."}}, http.StatusUnprocessableEntity},
		{"/tell", url.Values{"to": {"customers"}, "channel": {"email"}, "sent": {sent}, "text": {"A column more."}, "evidence": {"EV-2026-99999"}}, http.StatusUnprocessableEntity},
		{"/tell", url.Values{"to": {"customers"}, "channel": {"campaign"}, "sent": {sent}, "text": {"A column more."}, "campaign": {"CA-9999"}}, http.StatusUnprocessableEntity},
		{"/tell", url.Values{"to": {"customers"}, "channel": {"email"}, "sent": {sent}, "text": {"A column more."}}, http.StatusSeeOther},
		{"/prove", url.Values{"notice": {"7"}, "evidence": {"EV-2026-00001"}}, http.StatusNotFound},
		{"/prove", url.Values{"notice": {"1"}, "evidence": {"EV-2026-00001"}}, http.StatusSeeOther},
		{"/release", url.Values{"at": {"2099-01-01T10:00"}}, http.StatusUnprocessableEntity},
		{"/release", url.Values{"at": {in.now.Add(-2 * time.Hour).Format("2006-01-02T15:04")}}, http.StatusSeeOther},
		{"/withdraw", url.Values{"why": {"it came about after all"}}, http.StatusUnprocessableEntity},
	} {
		if res := in.send(t, at+c.path, cookie, c.form); res.StatusCode != c.want {
			t.Errorf("%s %v: %d, want %d", c.path, c.form, res.StatusCode, c.want)
		}
	}
	doc := in.get(t, at, cookie, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "late") || !strings.Contains(s, "Not told") || !strings.Contains(s, "EV-2026-00001") {
		t.Error(s)
	}
	if res := in.send(t, at+"/tell", cookie, url.Values{"to": {"list:Pilots"}, "channel": {"campaign"}, "sent": {sent}, "text": {"A column more."}, "campaign": {"ca-01"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("by a campaign: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, cookie, http.StatusOK), "main"); !strings.Contains(s, "CA-01") || !strings.Contains(s, "confirmed") {
		t.Error("the page does not say how many confirmed it")
	}
	lead := in.cookie[access.ComplianceLead]
	if res := in.send(t, at+"/describe", lead, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("describe: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, lead, http.StatusOK), "main"); !strings.Contains(s, "In the system description") {
		t.Error("it does not stand in the description")
	}
	doc = in.get(t, "/changes?told=late", cookie, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n < 1 {
		t.Errorf("%d told late", n)
	}
}
