package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/org"
)

// TestDescribe writes parts of the description in the browser: each with its own revisions, what is wrong said at its field, words
// that should go said at the form, nobody's text written over.
func TestDescribe(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead, reader := in.cookie[access.ComplianceLead], in.cookie[access.Auditor]
	post := func(path, cookie string, want int, v url.Values) string {
		t.Helper()
		res := in.send(t, path, cookie, v)
		if res.StatusCode != want {
			t.Fatalf("%s: %d, want %d", path, res.StatusCode, want)
		}
		return res.Header.Get("Location")
	}
	says := func(path, cookie string, want ...string) {
		t.Helper()
		doc := text(in.get(t, path, cookie, http.StatusOK))
		for _, w := range want {
			if !strings.Contains(doc, w) {
				t.Errorf("%s does not say %q", path, w)
			}
		}
	}
	for _, k := range org.Kinds() {
		says("/system/new?kind="+string(k), lead, "Save")
	}
	in.get(t, "/system/new?kind=cuec", lead, http.StatusNotFound)
	in.get(t, "/system/new?kind=service", reader, http.StatusForbidden)
	post("/system/new?kind=service", reader, http.StatusForbidden, url.Values{"name": {"X"}, "text": {"Y"}})

	// An incident: times in order, a decision with its reason.
	incident := url.Values{"ref": {"INC-917"}, "title": {"Written in the browser"}, "text": {"A queue stood still."}, "started": {"2026-05-04T10:15:30"}, "resolved": {"2026-05-04T09:00"}, "decision": {"omit"}, "reason": {"short"}, "criteria": {"CC7.4\nCC7.9x"}}
	doc := in.wrong(t, "/system/new?kind=incident", lead, incident, http.StatusUnprocessableEntity)
	if !strings.Contains(text(doc), "CC7.9x") {
		t.Error("the wrong criterion is not named")
	}
	incident.Set("started", "soon")
	in.wrong(t, "/system/new?kind=incident", lead, incident, http.StatusUnprocessableEntity)
	incident["started"], incident["resolved"], incident["criteria"], incident["reason"] = []string{"2026-05-04T10:15:30"}, []string{"2026-05-04T11:00"}, []string{"CC7.4"}, []string{"No commitment was missed."}
	post("/system/new?kind=incident", lead, http.StatusSeeOther, incident)
	in.wrong(t, "/system/new?kind=incident", lead, incident, http.StatusUnprocessableEntity) // twice
	says("/system", lead, "Written in the browser", "4 May 2026, 10:15", "not to be described; No commitment was missed.")

	edit := ""
	for _, a := range all(in.get(t, "/system", lead, http.StatusOK), "a.edit") {
		if attr(a, "aria-label") == "Edit INC-917" {
			edit = attr(a, "href")
		}
	}
	if edit == "" {
		t.Fatal("no way to edit the incident")
	}
	if len(all(in.get(t, "/system", reader, http.StatusOK), "a.edit")) > 0 {
		t.Error("a reader is offered to edit")
	}
	if f := all(in.get(t, edit, lead, http.StatusOK), "input#f-started"); len(f) != 1 || attr(f[0], "value") != "2026-05-04T10:15:30" {
		t.Error("the form does not hold the seconds of the start")
	}
	incident.Set("base", "1")
	incident.Set("text", "A world-class queue stood still.")
	post(edit, lead, http.StatusSeeOther, incident)
	says(edit, lead, "world-class", "Revision 2")
	incident.Set("text", "Over somebody's text.")
	if stale := text(in.wrong(t, edit, lead, incident, http.StatusConflict)); !strings.Contains(stale, "Somebody saved a change") {
		t.Errorf("over an older revision: %.300s", stale)
	}
	post(edit+"/remove", lead, http.StatusUnprocessableEntity, url.Values{"base": {"1"}})
	post(edit+"/remove", lead, http.StatusSeeOther, url.Values{"base": {"2"}, "note": {"Entered by mistake."}})
	in.get(t, edit, lead, http.StatusNotFound)

	// Parts that come from the application: nested counts, lists, sections that are empty on purpose.
	post("/system/new?kind=component", lead, http.StatusSeeOther, url.Values{"class": {"software"}, "name": {"Repositories 917"}, "count.resource": {"repository"}, "count.system": {"github"}})
	in.wrong(t, "/system/new?kind=component", lead, url.Values{"class": {"software"}, "name": {"Other 917"}, "count.resource": {"No Such"}}, http.StatusUnprocessableEntity)
	post("/system/new?kind=not_applicable", lead, http.StatusSeeOther, url.Values{"criterion": {"P6.7"}, "reason": {"Customers answer such requests themselves."}})
	post("/system/new?kind=change", lead, http.StatusSeeOther, url.Values{"date": {"2026-05-09"}, "title": {"Region 917"}, "text": {"A second region."}})
	says("/system", lead, "Counted from collected facts: github repository", "Customers answer such requests", "Region 917")
	in.get(t, edit, in.rival, http.StatusForbidden)
}
