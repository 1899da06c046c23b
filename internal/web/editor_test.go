package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
)

// own is an installation that a test may change.
func own(t *testing.T) *installation {
	t.Helper()
	if testing.Short() {
		t.Skip("the installation takes some seconds to make")
	}
	in := &installation{}
	if err := in.make(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	return in
}

// answered sends a form and reads the page that answers.
func (in *installation) answered(t *testing.T, path, cookie string, want int, pairs ...string) *html.Node {
	t.Helper()
	form := url.Values{"csrf": {in.token(t, cookie)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	res := in.do("POST", path, cookie, form)
	doc, err := html.Parse(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("POST %s: %d, want %d: %.400s", path, res.StatusCode, want, text(doc))
	}
	return doc
}

// visitors is the form of a control that is as it should be, with some fields changed.
func visitors(changed ...string) []string {
	f := map[string]string{
		"ref": "VIS-10", "title": "Visitors sign in", "statement": "Reception enters every visitor into the register.", "evidence": "Register", "criteria": "CC6.4", "objectives": "", "annex": "",
		"type": "preventive", "nature": "manual", "frequency": "daily", "grace_hours": "0", "owner_role": "Facilities lead", "owner": "", "deputy": "", "note": "",
	}
	for i := 0; i+1 < len(changed); i += 2 {
		f[changed[i]] = changed[i+1]
	}
	var out []string
	for _, k := range sortedKeys(f) {
		out = append(out, k, f[k])
	}
	return out
}

// TestControlEditor: a control is written by one and approved by another; whoever is late sees both texts; what is wrong is
// told at its field, and what was written is kept.
func TestControlEditor(t *testing.T) {
	t.Parallel()
	in := own(t)
	lead, owner := in.cookie[access.ComplianceLead], in.cookie[access.Owner]
	for _, c := range []struct{ field, value, want string }{
		{"ref", "vis", "no control reference"},
		{"ref", "IAM-02", "there is a control IAM-02 already"},
		{"title", "", "the title is missing"},
		{"title", strings.Repeat("Ж", 201), "at most 200"},
		{"statement", "too short", "at least 20"},
		{"statement", strings.Repeat("long ", 900), "at most 4000"},
		{"criteria", "CC99.9", "is no identifier"},
		{"criteria", "", "at least one requirement"},
		{"annex", "<script>", "is no identifier"},
		{"grace_hours", "some", "whole number"},
		{"grace_hours", "99999", "not between"},
		{"evidence", " \n ", "say what shows"},
		{"frequency", "hourly", "is no frequency"},
		{"owner_role", "a\nb", "one line"},
		{"note", "short", "at least 10"},
	} {
		doc := in.answered(t, "/controls/new", lead, http.StatusUnprocessableEntity, visitors(c.field, c.value)...)
		got := strings.Join(texts(doc, ".field:has([name="+c.field+"]) .err"), " ")
		if !strings.Contains(strings.ToLower(got), strings.ToLower(c.want)) {
			t.Errorf("%s %.20q: %q, want %q", c.field, c.value, got, c.want)
		}
		if kept := attr(all(doc, "input[name=title]")[0], "value"); c.field != "title" && kept != "Visitors sign in" {
			t.Errorf("%s: the title became %q", c.field, kept)
		}
	}
	in.answered(t, "/controls/new", lead, http.StatusSeeOther, visitors("title", `<b onload=x>שלום 👩🏽‍💻`)...)
	doc := in.get(t, "/c/VIS-10", lead, http.StatusOK)
	if h := one(t, doc, "h1"); h != `<b onload=x>שלום 👩🏽‍💻` {
		t.Errorf("the title is %q", h)
	}
	if len(all(doc, "a[href$='/approve']")) != 0 {
		t.Error("whoever wrote it is offered the approval")
	}
	in.answered(t, "/c/VIS-10/approve", lead, http.StatusForbidden, "base", "1")
	in.answered(t, "/c/VIS-10/approve", owner, http.StatusSeeOther, "base", "1")

	in.answered(t, "/c/VIS-10/edit", lead, http.StatusSeeOther, visitors("base", "1", "title", "Visitors sign in and out", "note", "They leave again, too.")...)
	doc = in.answered(t, "/c/VIS-10/edit", owner, http.StatusConflict, visitors("base", "1", "title", "Guests sign in", "note", "We call them guests.")...)
	if got := attr(all(doc, "input[name=title]")[0], "value"); got != "Guests sign in" {
		t.Errorf("what was written became %q", got)
	}
	if got := texts(doc, ".field:has([name=title]) .theirs-t"); len(got) != 1 || got[0] != "Visitors sign in and out" {
		t.Errorf("what is saved now: %q", got)
	}
	if got := attr(all(doc, "input[name=base]")[0], "value"); got != "2" {
		t.Errorf("the base is %q", got)
	}
	in.answered(t, "/c/VIS-10/edit", owner, http.StatusSeeOther, visitors("base", "2", "title", "Guests sign in", "note", "We call them guests.")...)
	doc = in.get(t, "/c/VIS-10/compare", owner, http.StatusOK)
	if got := strings.Join(texts(doc, ".diff ins"), " "); !strings.Contains(got, "Guests") {
		t.Errorf("the comparison adds %q", got)
	}
	in.get(t, "/c/VIS-10/compare?from=1&to=9", owner, http.StatusNotFound)
	in.answered(t, "/c/VIS-10/withdraw", lead, http.StatusUnprocessableEntity, "base", "3", "reason", "no")
	in.answered(t, "/c/VIS-10/withdraw", lead, http.StatusSeeOther, "base", "3", "reason", "Visitors is the word of the lease.")
	in.answered(t, "/c/VIS-10/retire", owner, http.StatusUnprocessableEntity, "base", "3", "reason", "The building was given up.", "confirm", "VIS-1")
	in.answered(t, "/c/VIS-10/retire", owner, http.StatusSeeOther, "base", "3", "reason", "The building was given up.", "confirm", "VIS-10")
	if got := strings.Join(texts(in.get(t, "/c/VIS-10", owner, http.StatusOK), ".page-head .st"), " "); !strings.Contains(got, "Retired") {
		t.Errorf("after the end: %q", got)
	}
	in.get(t, "/c/IAM-02/library", lead, http.StatusOK)
	in.get(t, "/c/VIS-10/library", lead, http.StatusNotFound)
	in.answered(t, "/controls/adopt", lead, http.StatusSeeOther, "tick", "IAM-02", "tick", "IAM-03", "back", "/controls/library")
}

// example is the form of the test that the program offers to begin from.
func exampleForm(t *testing.T, in *installation, cookie string) map[string]string {
	t.Helper()
	doc := in.get(t, "/tests/new?from=example", cookie, http.StatusOK)
	out := map[string]string{}
	for _, n := range all(doc, ".editor input[name], .editor textarea[name], .editor select[name]") {
		switch name := attr(n, "name"); {
		case name == "csrf" || name == "once":
		case n.Data == "textarea":
			out[name] = strings.TrimPrefix(rawText(n), "\n")
		case n.Data == "select":
			for _, o := range all(n, "option[selected]") {
				out[name] = attr(o, "value")
			}
		default:
			out[name] = attr(n, "value")
		}
	}
	return out
}

// rawText is a text with its lines.
func rawText(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(c.Data)
	}
	return b.String()
}

func pairsOf(f map[string]string, changed ...string) []string {
	g := map[string]string{}
	for k, v := range f {
		g[k] = v
	}
	for i := 0; i+1 < len(changed); i += 2 {
		g[changed[i]] = changed[i+1]
	}
	var out []string
	for _, k := range sortedKeys(g) {
		out = append(out, k, g[k])
	}
	return out
}

// TestTestEditor: a test is written, tried over real facts, proposed, approved by another and changed, in the browser.
func TestTestEditor(t *testing.T) {
	t.Parallel()
	in := own(t)
	analyst, owner := in.cookie[access.SecurityAnalyst], in.cookie[access.Owner]
	f := exampleForm(t, in, analyst)
	for _, c := range []struct{ field, value, want string }{
		{"id", "No Id", "is not of the form"},
		{"id", "okta-account-idle", "belongs to the library"},
		{"title", "", "title is missing"},
		{"asks", "It holds.", "one question"},
		{"controls", "iam", "is no control reference"},
		{"inputs", "okta.nothing", "no resource"},
		{"population", "SELECT 1; SELECT 2", "only one select"},
		{"sql", "SELECT *\nFROM read_csv('/etc/passwd')", "is not allowed"},
		{"sql", "", "sql is missing"},
		{"params", "days: [", ""},
		{"params", "days: {type: date, default: x, meaning: m}", "unknown type"},
		{"fixtures", "- name: [", ""},
		{"fixtures", "- colour: red", "line 1"},
		{"fixtures", "", "no unit rows"},
		{"freshness", "soon", "freshness"},
		{"fix", "a\x00b", ""},
	} {
		doc := in.answered(t, "/tests/new", analyst, http.StatusUnprocessableEntity, pairsOf(f, c.field, c.value, "do", "save")...)
		got := strings.Join(texts(doc, ".field:has([name="+c.field+"]) .err"), " ")
		if c.field == "freshness" || c.field == "fix" {
			got = strings.Join(texts(doc, ".err"), " ")
		}
		if got == "" || !strings.Contains(strings.ToLower(got), strings.ToLower(c.want)) {
			t.Errorf("%s %.20q: %q, want %q", c.field, c.value, texts(doc, ".err"), c.want)
		}
	}
	doc := in.answered(t, "/tests/new", analyst, http.StatusOK, pairsOf(f, "do", "try")...)
	if got := text(all(doc, "section:has(#h-trial)")[0]); !strings.Contains(got, "exactly one verdict") || !strings.Contains(got, "EV-") {
		t.Errorf("the dry run says %.300q", got)
	}
	if got := texts(doc, "section:has(#h-units) tbody td:last-child"); len(got) != 3 {
		t.Errorf("unit rows: %q", got)
	}
	doc = in.answered(t, "/tests/new", analyst, http.StatusOK, pairsOf(f, "do", "yaml")...)
	file := strings.TrimPrefix(rawText(all(doc, "textarea[name=text]")[0]), "\n")
	if !strings.Contains(file, "version: 1\n") || !strings.Contains(file, "  FROM okta.user_account\n") {
		t.Errorf("the file: %s", file)
	}
	// What the form writes, the form reads.
	doc = in.answered(t, "/tests/new", analyst, http.StatusOK, "mode", "yaml", "do", "form", "text", file)
	for _, k := range []string{"sql", "population", "fixtures"} {
		if got := strings.TrimPrefix(rawText(all(doc, "textarea[name="+k+"]")[0]), "\n"); strings.TrimSpace(got) != strings.TrimSpace(strings.ReplaceAll(f[k], "\r\n", "\n")) {
			t.Errorf("%s came back as %q, was %q", k, got, f[k])
		}
	}
	in.answered(t, "/tests/new", analyst, http.StatusSeeOther, pairsOf(f, "do", "save")...)
	in.answered(t, "/tests/new", analyst, http.StatusUnprocessableEntity, pairsOf(f, "do", "save")...)
	in.get(t, "/t/"+f["id"], analyst, http.StatusNotFound) // not before it is approved
	in.get(t, "/tests/drafts/"+f["id"], analyst, http.StatusOK)
	in.get(t, "/tests/drafts/"+f["id"], in.other, http.StatusNotFound)
	in.answered(t, "/tests/drafts/"+f["id"]+"/approve", analyst, http.StatusForbidden, "base", "1")
	in.answered(t, "/tests/drafts/"+f["id"]+"/approve", owner, http.StatusSeeOther, "base", "1")
	in.get(t, "/t/"+f["id"]+"?tab=versions", analyst, http.StatusOK)

	changed := pairsOf(f, "do", "save", "base", "1", "title", "Every account says whose it is", "note", "The question says it so.")
	in.answered(t, "/t/"+f["id"]+"/edit", analyst, http.StatusSeeOther, changed...)
	doc = in.answered(t, "/t/"+f["id"]+"/edit", owner, http.StatusConflict, pairsOf(f, "do", "save", "base", "1", "title", "Names everywhere", "note", "Shorter than before.")...)
	if got := texts(doc, ".field:has([name=title]) .theirs-t"); len(got) != 1 || got[0] != "Every account says whose it is" {
		t.Errorf("what is saved now: %q", got)
	}
	in.answered(t, "/tests/drafts/"+f["id"]+"/withdraw", owner, http.StatusSeeOther, "base", "2", "reason", "The title was good enough.")
	in.answered(t, "/t/okta-account-idle/edit", analyst, http.StatusConflict, changed...)
	in.answered(t, "/tests/rule", owner, http.StatusSeeOther)
	if got := one(t, in.get(t, "/tests/drafts", owner, http.StatusOK), ".page-head .sub"); !strings.Contains(got, "count at once") {
		t.Errorf("the rule: %q", got)
	}
}

// TestItemActs: failing items are handed to people and excepted, one by one and many at once.
func TestItemActs(t *testing.T) {
	t.Parallel()
	in := own(t)
	lead := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/items?excepted=no", lead, http.StatusOK)
	boxes := all(doc, "input[name=tick]")
	if len(boxes) < 3 {
		t.Fatalf("%d items fail", len(boxes))
	}
	a, b := attr(boxes[0], "value"), attr(boxes[1], "value")
	doc = in.answered(t, "/items/assign", lead, http.StatusOK, "tick", a, "tick", b, "back", "/items")
	person := attr(all(doc, "select[name=owner] option:nth-child(2)")[0], "value")
	in.answered(t, "/items/assign", lead, http.StatusUnprocessableEntity, "step", "1", "tick", a, "owner", "", "due", "soon")
	in.answered(t, "/items/assign", lead, http.StatusNotFound, "step", "1", "tick", "nothing", "owner", person)
	in.answered(t, "/items/assign", lead, http.StatusSeeOther, "step", "1", "tick", a, "tick", b, "owner", person, "due", "", "back", "https://evil.example/")
	in.answered(t, "/items/assign", lead, http.StatusSeeOther, "step", "1", "tick", a, "owner", person, "due", in.now.AddDate(0, 0, 7).Format("2006-01-02"), "back", "/items") // the task is there: it is handed over
	if got := all(in.get(t, "/items?excepted=no", lead, http.StatusOK), "a[href^='/tasks/']"); len(got) != 2 {
		t.Errorf("%d items have somebody", len(got))
	}
	day := in.now.AddDate(0, 1, 0).Format("2006-01-02")
	for _, c := range []struct{ field, reason, expires string }{
		{"reason", "short", day}, {"expires", "The supplier mends it next month.", "never"}, {"expires", "The supplier mends it next month.", "2001-01-01"}, {"reason", strings.Repeat("long ", 2000), day},
	} {
		doc = in.answered(t, "/exceptions/new", lead, http.StatusUnprocessableEntity, "step", "1", "tick", a, "tick", b, "reason", c.reason, "expires", c.expires)
		if len(all(doc, ".field:has([name="+c.field+"]) .err")) != 1 {
			t.Errorf("%.20q until %s: %q", c.reason, c.expires, texts(doc, ".err"))
		}
	}
	in.answered(t, "/exceptions/new", lead, http.StatusSeeOther, "step", "1", "tick", a, "tick", b, "reason", "The supplier mends it next month.", "expires", day, "back", "/items")
	if got := len(all(in.get(t, "/exceptions?state=requested", lead, http.StatusOK), "#rows tbody tr")); got != 2 {
		t.Errorf("%d exceptions are requested", got)
	}
	in.get(t, "/exceptions/new", lead, http.StatusOK)                     // offers what fails
	in.get(t, "/exceptions/new?test=x&item=y", lead, http.StatusNotFound) // names nothing
}
