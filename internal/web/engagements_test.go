package web_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// TestEngagementPages takes an examination through its pages on both sides: what is refused stands at its field with what was
// written, what is done leads on.
func TestEngagementPages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the installation takes some seconds to make")
	}
	in := &installation{} // its own: the newest engagement is what the home page and the gaps are about
	if err := in.make(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	lead, owner, senior, partner := in.cookie[access.ComplianceLead], in.cookie[access.Owner], in.cookie[access.Senior], in.cookie[access.Partner]
	post := func(path, cookie string, want int, form url.Values) string {
		t.Helper()
		form.Set("csrf", in.token(t, cookie))
		res := in.do("POST", path, cookie, form)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want {
			t.Fatalf("POST %s: %d, want %d: %.600s", path, res.StatusCode, want, body)
		}
		return res.Header.Get("Location") + squeeze(string(body))
	}
	says := func(where string, doc, want string) {
		t.Helper()
		if !strings.Contains(doc, want) {
			t.Errorf("%s does not say %q: %.900s", where, want, doc)
		}
	}
	page := func(path, cookie string) string { t.Helper(); return text(in.get(t, path, cookie, http.StatusOK)) }

	// A SOC 1 as of a day, with objectives of the catalogue and one of its own.
	form := url.Values{"report": {"soc1"}, "type": {"1"}, "as_of": {"31 June"}, "objectives": {"ITGC-01"}, "own": {"no colon"}}
	bad := post("/engagements/new", lead, http.StatusUnprocessableEntity, form)
	says("the form", bad, "Write a day such as")
	says("the form", bad, "This is none: no colon")
	form.Set("as_of", "2026-06-30")
	form.Set("own", "PAY-R1: refunds are paid once.")
	soc1 := post("/engagements/new", lead, http.StatusSeeOther, form)
	doc := page(soc1, lead)
	for _, want := range []string{"SOC 1 Type 1", "30 Jun 2026", "Planning", "Which report is needed was decided", "Control objectives"} {
		says(soc1, doc, want)
	}
	if strings.Contains(doc, "Observation") {
		t.Error("a Type 1 has an observation")
	}
	says("the scope of the SOC 1", page(soc1+"/scope", lead), "PAY-R1")
	// Objectives on a page of their own: a new one, a change, and one that is left out with a reason.
	at := soc1 + "/objectives"
	post(at+"/new", in.cookie[access.ControlOwner], http.StatusForbidden, url.Values{})
	says("a new one", post(at+"/new", lead, 422, url.Values{"base": {"1"}, "id": {"PAY-R1"}, "statement": {""}, "controls": {"NONE-1"}}), "There is no control NONE-1")
	says("a new one", post(at+"/new", lead, 422, url.Values{"base": {"1"}, "id": {"PAY-R1"}, "statement": {"It is there."}}), "PAY-R1 is there already")
	post(at+"/new", lead, 303, url.Values{"base": {"1"}, "id": {"own-2"}, "statement": {"Controls provide reasonable assurance that <b> is paid once."}, "process": {"Payments"}, "by": {"The revenue authority"}, "assertions": {"accuracy, completeness"}, "controls": {"IAM-03"}})
	post(at+"/OWN-2/edit", lead, 303, url.Values{"base": {"2"}, "statement": {"Controls provide reasonable assurance that wages are paid once."}, "process": {"Payments"}, "by": {"The revenue authority"}, "controls": {"IAM-03, IAM-04"}})
	says("leaving out", post(at+"/PAY-R1/leave", lead, 422, url.Values{"base": {"3"}, "reason": {"short"}}), "at least 10 characters")
	post(at+"/PAY-R1/leave", lead, 303, url.Values{"base": {"3"}, "reason": {"Refunds are paid by the bank, not by us."}})
	list := page(at, lead)
	for _, want := range []string{"OWN-2", "wages are paid once", "The revenue authority", "ITGC-01", "Own"} {
		says("the objectives", list, want)
	}
	if strings.Contains(list, "PAY-R1") {
		t.Error("what was left out is still there")
	}
	in.get(t, at+"/OWN-9/edit", lead, http.StatusNotFound)
	post("/engagements/new", lead, http.StatusUnprocessableEntity, url.Values{"report": {"soc3"}, "from_ref": {"SOC1-2026-1"}})
	post(soc1+"/move/pbc", lead, http.StatusUnprocessableEntity, url.Values{"base": {"4"}})
	post(soc1+"/move/cancelled", lead, http.StatusUnprocessableEntity, url.Values{"base": {"4"}})
	says("cancelled", post(soc1+"/move/cancelled", lead, http.StatusSeeOther, url.Values{"base": {"4"}, "reason": {"A Type 2 is asked for."}}), soc1)
	post(soc1+"/move/scoping", in.cookie[access.ControlOwner], http.StatusForbidden, url.Values{"base": {"5"}})

	// A SOC 2 under observation: the firm is invited, and has a say in its scope.
	scope, err := in.app.Access.As(t.Context(), in.operator(t), in.now, string(access.Owner)+"@alpha.example")
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := in.app.Engagement.Create(t.Context(), scope, in.now, engagement.New{Title: "Of two sides", Categories: []string{"security"}, Period: period.Period{From: period.Of(in.now) - 30, To: period.Of(in.now) + 300}, State: engagement.Observation})
	if err != nil {
		t.Fatal(err)
	}
	at, audit := "/engagements/"+e.Ref, "/audits/"+string(e.ID)
	says("inviting", post(at+"/auditors/invite", lead, http.StatusUnprocessableEntity, url.Values{"mail": {"nobody"}}), "Write the partner&#39;s name")
	made := post(at+"/auditors/invite", lead, http.StatusOK, url.Values{"partner": {"A. Osei"}, "mail": {"a.osei@osei.example"}, "firm": {"Osei & Co"}, "slug": {"osei"}})
	says("the panel", made, "/welcome?code=")
	says("inviting a firm that is here", post(at+"/auditors/invite", lead, http.StatusSeeOther, url.Values{"partner": {"M. Pike"}, "mail": {"partner@marlowe-pike.example"}}), at+"/auditors")
	people := page(at+"/auditors", lead)
	says("the auditors", people, "Osei & Co")
	says("the auditors", people, "Not declared yet")
	post(audit+"/independence", partner, http.StatusSeeOther, url.Values{"declare": {"on"}, "agree": {"on"}})
	in.get(t, audit+"/stage", senior, http.StatusNotFound) // not invited to this one

	days := url.Values{"base": {"1"}, "from": {e.Period.From.String()}, "to": {(e.Period.Last() - 5).String()}, "categories": {"security", "availability"}}
	says("a change without a reason", post(at+"/scope/edit", lead, http.StatusUnprocessableEntity, days), "The reason needs at least")
	days.Set("reason", "Customers asked for availability.")
	post(at+"/scope/edit", lead, http.StatusSeeOther, days)
	says("the scope", page(at+"/scope", lead), "waits for the auditor's consent: adds availability")
	says("the auditor's page", page(audit+"/stage", partner), "asks for a change of scope")
	says("refusing", post(audit+"/stage/scope/1", partner, http.StatusUnprocessableEntity, url.Values{"agree": {"no"}}), "The reason needs")
	post(audit+"/stage/scope/1", partner, http.StatusSeeOther, url.Values{"agree": {"yes"}, "note": {"As amended."}})
	done := page(at+"/scope", lead)
	says("the scope", done, "Availability")
	says("the scope", done, "As amended.")
	days.Set("categories", "security")
	if stale := post(at+"/scope/edit", lead, http.StatusConflict, days); !strings.Contains(stale, "Somebody saved a change while you were writing") {
		t.Errorf("over an older version: %.400s", stale)
	}

	// A document: written from the records, edited, and not signed without a second factor.
	letter := post(at+"/documents/new", lead, http.StatusSeeOther, url.Values{"kind": {"assertion"}})
	says("the draft", page(letter, lead), "left for people to write")
	says("a second one", post(at+"/documents/new", lead, http.StatusUnprocessableEntity, url.Values{"kind": {"assertion"}}), "already")
	says("a bridge", post(at+"/documents/new", lead, http.StatusUnprocessableEntity, url.Values{"kind": {"bridge"}, "from": {"2026-01-01"}, "to": {"2026-01-02"}}), "no issued report")
	post(letter+"/edit", lead, http.StatusSeeOther, url.Values{"base": {"1"}, "title": {"Assertion"}, "body": {"We assert <script>alert(1)</script> it."}})
	says("an old edit", post(letter+"/edit", lead, http.StatusConflict, url.Values{"base": {"1"}, "title": {"Assertion"}, "body": {"Mine."}}), "Somebody saved a change")
	post(letter+"/sign", lead, http.StatusForbidden, url.Values{"base": {"2"}})
	says("signing", post(letter+"/sign", owner, http.StatusUnprocessableEntity, url.Values{"base": {"2"}, "name": {"Person owner"}, "office": {"CEO"}, "code": {"123456"}}), "second factor")
	if res := in.do("GET", letter+"/document.pdf", lead, nil); res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the PDF: %d", res.StatusCode)
	}
	for _, list := range []string{"/engagements", at + "/documents", at + "/auditors"} {
		if res := in.do("GET", list+"?format=csv", lead, nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s as CSV: %d", list, res.StatusCode)
		}
	}
	post(letter+"/withdraw", lead, http.StatusSeeOther, url.Values{"base": {"2"}, "why": {"Too early."}})

	// The client ends the partner's access: the engagement is gone for them at once.
	var user string
	for _, row := range all(in.get(t, at+"/auditors", lead, http.StatusOK), "tbody tr") {
		if strings.Contains(text(row), "partner@marlowe-pike.example") {
			_, user, _ = strings.Cut(attr(all(row, `a[href$="/remove"]`)[0], "href"), "/auditors/")
		}
	}
	post(at+"/auditors/"+user, lead, http.StatusSeeOther, url.Values{"why": {"The team changed."}})
	in.get(t, audit+"/stage", partner, http.StatusNotFound)
}

// operator is the operator's scope of the first organisation.
func (in *installation) operator(t *testing.T) access.Scope {
	t.Helper()
	o, err := in.app.Access.OrgBySlug(t.Context(), "northwind")
	if err != nil {
		t.Fatal(err)
	}
	s, err := in.app.Access.Operator(t.Context(), o.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
