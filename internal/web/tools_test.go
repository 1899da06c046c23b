package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
)

// TestAuditorsTools carries the firm's tools through their pages: a template and words of its own, a file with its differences, a
// workpaper planned by a template, evidence that is checked, a count after the freeze, and a bundle.
func TestAuditorsTools(t *testing.T) {
	t.Parallel()
	in := installed(t)
	base := "/audits/" + in.engagement
	staff, partner := in.firm(access.Staff), in.firm(access.Partner)
	post := func(path, cookie string, want int, pairs ...string) *http.Response {
		t.Helper()
		form := url.Values{"csrf": {in.token(t, cookie)}}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		res := in.do("POST", path, cookie, form)
		if res.StatusCode != want {
			t.Fatalf("POST %s: %d, expected %d", path, res.StatusCode, want)
		}
		return res
	}
	version := func(path string) string {
		return attr(all(in.get(t, path, partner, 200), "main input[name=base]")[0], "value")
	}
	says := func(path, cookie, part string) {
		t.Helper()
		if doc := text(in.get(t, path, cookie, 200)); !strings.Contains(doc, part) {
			t.Errorf("%s does not say %q", path, part)
		}
	}
	tpl := []string{"template", "Leavers <b>", "plan", "Trace it", "textA", "Left on the day", "natureA", "INS", "why", "Leavers are tested alike everywhere"}
	post("/methodology/templates/new", staff, 403, tpl...)
	in.answered(t, "/methodology/templates/new", partner, 422, tpl[2:]...)
	post("/methodology/templates/new", partner, 303, append(tpl, "base", version("/methodology/templates/new"))...)
	in.answered(t, "/methodology/templates/new", partner, 422, append(tpl, "base", "0")...)
	says("/methodology/templates", staff, "Leavers <b>")
	if doc := in.answered(t, "/methodology/templates/new", partner, 422, "template", "x", "textA", "y", "natureA", "🎉", "why", "A nature that there is not"); len(all(doc, ".err, [role=alert]")) == 0 {
		t.Error("nothing says what is wrong with a nature")
	}
	in.answered(t, "/methodology/wording", partner, 422, "none", "Certified: no deviation", "why", "Words that the partners like", "base", version("/methodology/wording"))
	post("/methodology/wording", partner, 303, "none", "Nothing came to light", "why", "Words that the partners like", "base", version("/methodology/wording"))
	file := in.do("GET", "/methodology/file", staff, nil)
	yaml := read(t, file)
	if file.StatusCode != 200 || !strings.Contains(yaml, "none: Nothing came to light") {
		t.Error(file.StatusCode, yaml)
	}
	in.answered(t, "/methodology/import", partner, 422, "yaml", "a: [")
	if doc := text(in.answered(t, "/methodology/import", partner, 200, "yaml", strings.Replace(yaml, "Trace it", "Trace it twice", 1))); !strings.Contains(doc, "+     plan: Trace it twice") && !strings.Contains(doc, "Trace it twice") {
		t.Error("the differences are not shown:", doc)
	}
	post("/methodology/import", partner, 303, "yaml", strings.Replace(yaml, "Trace it", "Trace it twice", 1), "do", "keep", "why", "Twice is better than once", "base", version("/methodology/import"))
	says("/methodology/versions/3", staff, "Trace it twice")
	in.get(t, "/methodology/versions/9", staff, 404)
	in.get(t, "/methodology", in.cookie[access.Owner], 403)

	scope := in.auditScope(t, access.Staff)
	p, err := in.app.Fieldwork.AllPapers(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var open fieldwork.Paper
	for _, x := range p {
		if !x.Locked() && x.Tally.Items == 2 { // of the installation: other tests have theirs
			open = x
		}
	}
	wp := base + "/testing/" + open.Ref
	post(wp+"/template", staff, 303, "template", "Leavers <b>", "base", attr(all(in.get(t, wp+"/template", staff, 200), "input[name=base]")[0], "value"))
	says(wp+"?tab=plan", staff, `template "Leavers <b>" of methodology version 3`)
	cell := func(want int, evidence string) {
		t.Helper()
		v := attr(all(in.get(t, wp+"/cells/2A", staff, 200), "main input[name=base]")[0], "value")
		if want == 303 {
			if res := in.send(t, wp+"/cells/2A", staff, url.Values{"mark": {"t"}, "base": {v}, "evidence": {evidence}}); res.StatusCode != 303 {
				t.Fatal(v, read(t, res))
			}
		} else {
			in.answered(t, wp+"/cells/2A", staff, want, "mark", "t", "base", v, "evidence", evidence)
		}
	}
	cell(422, "the folder on my desk")
	cell(422, "EV-1999-00001")
	pop, err := in.app.Fieldwork.Populations.Population(t.Context(), scope.Firm.ReadScope, in.engagement, string(open.Population))
	if err != nil {
		t.Fatal(err)
	}
	cell(303, strings.ToLower(pop.Ref)+" row 3")
	says(wp+"/cells/2A", staff, pop.Ref+" row 3")

	at := base + "/populations/" + pop.Ref
	in.answered(t, at+"/recount", staff, 422, "count", "13", "of", "Payroll register")
	post(at+"/recount", staff, 303, "count", "13", "of", "Payroll register", "reason", "One came late into the register.")
	says(at, staff, "It no longer reconciles")
	says(wp+"?tab=sample", staff, "It no longer reconciles")
	in.answered(t, base+"/populations/new", staff, 422, "title", "By hand", "source", "sql", "of_sql", "EV-1999-00001", "sql", "SELECT 1 AS item_id")

	in.answered(t, base+"/testing/roll", staff, 422, "from", in.engagement)
	post(base+"/bundle", in.firm(access.QualityReviewer), 403)
	post(base+"/bundle", staff, 303)
	says(base+"/bundle", staff, "Queued")
	in.get(t, base+"/bundle/job_none", staff, 404)
	in.get(t, base+"/bundle", in.rival, 404)
	in.get(t, base+"/bundle", in.cookie[access.Owner], 403)
}

// auditScope opens the engagement in the name of somebody of the firm.
func (in *installation) auditScope(t *testing.T, role access.Role) access.AuditScope {
	t.Helper()
	firm, err := in.app.Access.OrgBySlug(t.Context(), "marlowe-pike")
	if err != nil {
		t.Fatal(err)
	}
	op, err := in.app.Access.Operator(t.Context(), firm.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	a, err := in.app.AuditOf(t.Context(), op, in.now, in.engagement, string(role)+"@marlowe-pike.example")
	if err != nil {
		t.Fatal(err)
	}
	return a
}
