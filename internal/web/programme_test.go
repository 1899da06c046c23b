package web_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
)

// texts are what a reader sees of the elements a selector finds.
func texts(doc *html.Node, selector string) []string {
	var out []string
	for _, n := range all(doc, selector) {
		out = append(out, text(n))
	}
	return out
}

// one is the only element of a selector, as text.
func one(t *testing.T, doc *html.Node, selector string) string {
	t.Helper()
	found := texts(doc, selector)
	if len(found) != 1 {
		t.Fatalf("%d elements are %s, expected one", len(found), selector)
	}
	return found[0]
}

// failingTest is a state test of the installation that fails now, with one of its items.
func failingTest(t *testing.T, in *installation) (test *evaluate.Definition, item evaluate.Interval) {
	t.Helper()
	scope := in.app.Access.System(in.org(t), "test").ReadScope
	tests, err := in.app.Evaluate.Store.Installed(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tests {
		found, err := in.app.NotPassing(t.Context(), scope, x.Definition)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			if x.Definition.Kind == evaluate.State && s.Outcome == "fail" {
				return x.Definition, evaluate.Interval{ItemID: s.ItemID, Label: s.Label, Reason: s.Reason}
			}
		}
	}
	t.Fatal("nothing fails in the installation")
	return nil, item
}

func (in *installation) org(t *testing.T) access.OrgID {
	t.Helper()
	orgs, err := in.app.Access.Orgs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orgs {
		if o.Slug == "northwind" {
			return o.ID
		}
	}
	t.Fatal("no organisation")
	return ""
}

func TestControlsList(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Auditor]
	page := in.get(t, "/controls", cookie, http.StatusOK)
	everything := texts(page, "#rows tbody td:first-child")
	if len(everything) < 50 || !slices.IsSorted(everything) {
		t.Fatalf("%d controls: %v", len(everything), everything)
	}
	counted := map[string]int{}
	for _, l := range all(page, "fieldset.seg label:has(.n)") {
		n, err := strconv.Atoi(text(all(l, ".n")[0]))
		if err != nil {
			t.Fatal(err)
		}
		counted[attr(all(l, "input")[0], "value")] = n
	}
	sum := 0
	words := map[string]string{"fail": "Failing", "unknown": "No answer", "pass": "Pass", "na": "Not applicable", "none": "Not tested"}
	for state, word := range words {
		rows := in.get(t, "/controls?state="+state, cookie, http.StatusOK)
		got := texts(rows, "#rows tbody td:nth-child(3)")
		if len(got) != counted[state] {
			t.Errorf("%s: %d rows, %d counted", state, len(got), counted[state])
		}
		for _, x := range got {
			if x != word {
				t.Errorf("%s: a row says %q", state, x)
			}
		}
		sum += len(got)
	}
	if sum != len(everything) {
		t.Errorf("the states have %d controls, the list has %d", sum, len(everything))
	}
	if got := texts(in.get(t, "/controls?sort=-ref&size=5&page=2", cookie, http.StatusOK), "#rows tbody td:first-child"); len(got) != 5 || got[0] != everything[len(everything)-6] {
		t.Errorf("second page from the end: %v", got)
	}
	for _, wrong := range []string{"state=x", "sort=statement", "page=0", "as=pdf", "size=-1"} {
		if res := in.do("GET", "/controls?"+wrong, cookie, nil); res.StatusCode != http.StatusBadRequest && res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", wrong, res.StatusCode)
		}
	}
	// A script that asks for the rows alone gets them alone.
	part := in.do("GET", "/controls?state=fail", cookie, nil, "Tm-Target", "rows")
	body, err := io.ReadAll(part.Body)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(body); strings.Contains(s, "<html") || !strings.Contains(s, `id="rows"`) {
		t.Errorf("the part is %.200s", s)
	}
}

func TestControlsExport(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Reader]
	shown := texts(in.get(t, "/controls?state=fail&sort=-title", cookie, http.StatusOK), "#rows tbody td:first-child")
	res := in.do("GET", "/controls?state=fail&sort=-title&as=csv", cookie, nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows[1:] {
		got = append(got, r[0])
	}
	if len(shown) == 0 || !slices.Equal(got, shown) || rows[0][0] != "Control" {
		t.Errorf("exported %v, shown %v", got, shown)
	}
	if cd := res.Header.Get("Content-Disposition"); !strings.HasPrefix(cd, "attachment") || !strings.Contains(cd, ".csv") {
		t.Errorf("Content-Disposition %q", cd)
	}
	for _, path := range []string{"/tests?as=xlsx", "/frameworks/tsc-2017?as=csv", "/exceptions?as=csv", "/controls?as=xlsx"} {
		if res := in.do("GET", path, cookie, nil); res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d %q", path, res.StatusCode, res.Header.Get("Content-Disposition"))
		}
	}
}

func TestControlPage(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Auditor]
	d, item := failingTest(t, in)
	ref := d.Controls[0]
	page := in.get(t, "/c/"+strings.ToLower(ref), cookie, http.StatusOK)
	if s := one(t, page, ".page-head .ref > span:first-child"); s != ref {
		t.Errorf("reference %q", s)
	}
	if s := texts(page, ".page-head .st"); len(s) == 0 || s[0] != "Failing" {
		t.Errorf("state %v", s)
	}
	strips := all(page, "svg.strip[role=img]")
	if len(strips) != 1 || !strings.Contains(attr(strips[0], "aria-label"), "failing on") {
		t.Errorf("%d strips", len(strips))
	}
	if s := one(t, page, ".winmark span"); s != "Observation window" {
		t.Errorf("window %q", s)
	}
	if len(all(page, `a[href="/t/`+d.ID+`"]`)) == 0 {
		t.Errorf("no link to test %s", d.ID)
	}
	if s := strings.Join(texts(page, "#failing td.id"), "\n"); !strings.Contains(s, item.Label) {
		t.Errorf("%q is not among what fails: %s", item.Label, s)
	}
	if len(all(page, ".links a[href^='/criteria/']")) == 0 {
		t.Error("it meets no criterion")
	}
	for tab, selector := range map[string]string{"evidence": "#evidence tbody tr", "requirements": ".tbl tbody tr", "changes": ".log li", "exceptions": "#rows"} {
		side := in.get(t, "/c/"+ref+"?tab="+tab, cookie, http.StatusOK)
		if len(all(side, selector)) == 0 {
			t.Errorf("%s: nothing is %s", tab, selector)
		}
		if s := texts(side, ".tabs [aria-current=page]"); len(s) != 1 {
			t.Errorf("%s: current tabs %v", tab, s)
		}
	}
	in.get(t, "/c/"+ref+"?tab=nothing", cookie, http.StatusNotFound)
	// Who may not read evidence sees no tab for it, and no page.
	reader := in.cookie[access.Reader]
	if s := strings.Join(texts(in.get(t, "/c/"+ref, reader, http.StatusOK), ".tabs a"), " "); strings.Contains(s, "Evidence") {
		t.Errorf("a reader's tabs: %s", s)
	}
	in.get(t, "/c/"+ref+"?tab=evidence", reader, http.StatusForbidden)
}

func TestTestPage(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Auditor]
	d, item := failingTest(t, in)
	page := in.get(t, "/t/"+d.ID, cookie, http.StatusOK)
	if s := one(t, page, "h1"); s != d.Title {
		t.Errorf("title %q", s)
	}
	if s := one(t, page, ".page-head .sub"); s != strings.Join(strings.Fields(d.Asks), " ") {
		t.Errorf("question %q", s)
	}
	// The verdicts add up to the population, on the page as in the record.
	sum, total := 0, 0
	for _, f := range all(page, ".kv.sum > div") {
		n, err := strconv.Atoi(strings.ReplaceAll(text(all(f, "dd")[0]), ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		if attr(f, "class") == "total" {
			total = n
		} else {
			sum += n
		}
	}
	if sum != total || total == 0 {
		t.Errorf("%d verdicts for a population of %d", sum, total)
	}
	// The statement is shown as it is, whatever colours it has.
	definition := in.get(t, "/t/"+d.ID+"?tab=definition", cookie, http.StatusOK)
	var code strings.Builder
	for _, n := range all(definition, "pre.sql")[:1] {
		var walk func(*html.Node)
		walk = func(n *html.Node) {
			if n.Type == html.TextNode {
				code.WriteString(n.Data)
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c)
			}
		}
		walk(n)
	}
	if strings.TrimSpace(code.String()) != strings.TrimSpace(d.SQL) {
		t.Errorf("the page shows\n%s\nthe test is\n%s", code.String(), d.SQL)
	}
	res := in.do("GET", "/t/"+d.ID+"/definition", cookie, nil)
	file, err := io.ReadAll(res.Body)
	if err != nil || string(file) != d.Text() || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file has %d bytes, %v", len(file), err)
	}
	// From the list of runs to a run, and to the evidence it read.
	runs := all(in.get(t, "/t/"+d.ID+"?tab=runs", cookie, http.StatusOK), "#runs tbody a")
	if len(runs) != life {
		t.Fatalf("%d runs", len(runs))
	}
	run := in.get(t, attr(runs[0], "href"), cookie, http.StatusOK)
	if len(all(run, "a[href^='/e/EV-']")) == 0 || len(all(run, "a[href^='/ledger/']")) != 1 || len(all(run, ".hashes code")) != 3 {
		t.Errorf("the run's page lacks evidence, ledger entry or hashes")
	}
	// From the item that fails to its history.
	links := all(page, "#items td.id a")
	at := slices.IndexFunc(links, func(n *html.Node) bool { return text(n) == item.Label })
	if at < 0 {
		t.Fatalf("%q is not among what does not pass", item.Label)
	}
	history := in.get(t, attr(links[at], "href"), cookie, http.StatusOK)
	if s := one(t, history, "h1"); s != item.Label {
		t.Errorf("item %q", s)
	}
	if s := strings.Join(texts(history, "td.wrapping"), "\n"); !strings.Contains(s, strings.Join(strings.Fields(item.Reason), " ")) {
		t.Errorf("reason %q is not in %q", item.Reason, s)
	}
	for _, path := range []string{"/t/nothing", "/t/" + d.ID + "/runs/nothing", "/t/" + d.ID + "/items/nothing", "/t/" + d.ID + "?tab=x"} {
		in.get(t, path, cookie, http.StatusNotFound)
	}
}

func TestFrameworkPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Employee]
	list := in.get(t, "/frameworks/tsc-2017", cookie, http.StatusOK)
	if n := len(all(list, "#rows tbody tr:not(.group)")); n != 61 {
		t.Errorf("%d criteria", n)
	}
	if n := len(texts(in.get(t, "/frameworks/tsc-2017?category=availability", cookie, http.StatusOK), "#rows tbody tr:not(.group)")); n != 3 {
		t.Errorf("%d criteria of availability", n)
	}
	// Both ways: the control names the criterion, the criterion names the control.
	criterion := in.get(t, "/criteria/CC6.1", cookie, http.StatusOK)
	ref := texts(criterion, "td a.mono")[0]
	if len(all(in.get(t, "/c/"+ref, cookie, http.StatusOK), "a[href='/criteria/CC6.1']")) == 0 {
		t.Errorf("%s does not name CC6.1", ref)
	}
	if res := in.do("GET", "/criteria", cookie, nil); res.Header.Get("Location") != "/frameworks/tsc-2017" {
		t.Errorf("/criteria leads to %q", res.Header.Get("Location"))
	}
	if res := in.do("GET", "/frameworks/tsc-2017/CC6.1", cookie, nil); res.Header.Get("Location") != "/criteria/CC6.1" {
		t.Errorf("a criterion's second address leads to %q", res.Header.Get("Location"))
	}
	in.get(t, "/frameworks/iso27001-2022/A.8.5", cookie, http.StatusOK)
	for _, path := range []string{"/criteria/CC99.1", "/frameworks/nothing", "/frameworks/nist-csf-2.0", "/frameworks/soc1/nothing"} {
		in.get(t, path, cookie, http.StatusNotFound)
	}
}

// TestExceptionsByPeople: asked for by one, approved by another, and whatever is decided, the result stays.
func TestExceptionsByPeople(t *testing.T) {
	t.Parallel()
	in := installed(t)
	d, item := failingTest(t, in)
	asker, lead, auditor := in.cookie[access.ControlOwner], in.cookie[access.ComplianceLead], in.cookie[access.Auditor]
	address := "/t/" + d.ID + "/items/" + url.PathEscape(item.ItemID)
	if len(all(in.get(t, address, asker, http.StatusOK), ".actions a[href^='/exceptions/new']")) != 1 {
		t.Error("the control owner finds no way to ask")
	}
	if len(all(in.get(t, address, auditor, http.StatusOK), "a[href^='/exceptions/new']")) != 0 {
		t.Error("the auditor is offered to ask")
	}
	ask := func(reason, expires string) *http.Response {
		return in.send(t, "/exceptions/new", asker, url.Values{"test": {d.ID}, "item": {item.ItemID}, "reason": {reason}, "expires": {expires}})
	}
	wrong := ask("too short", "2026-06-01")
	doc := parse(t, wrong)
	if wrong.StatusCode != http.StatusUnprocessableEntity || one(t, doc, "textarea") != "too short" || len(all(doc, "textarea[aria-invalid=true]")) != 1 {
		t.Errorf("a short reason: %d", wrong.StatusCode)
	}
	if res := ask("The item is retired in the coming month.", "someday"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no date: %d", res.StatusCode)
	}
	res := ask("The item is retired in the coming month.", "2026-06-01")
	exception := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(exception, "/exceptions/EX-") {
		t.Fatalf("%d to %q", res.StatusCode, exception)
	}
	if len(all(in.get(t, exception, lead, http.StatusOK), `.actions a[href="`+exception+`/approve"]`)) != 1 {
		t.Error("the lead is not offered to approve")
	}
	if res := in.send(t, exception+"/approve", asker, url.Values{}); res.StatusCode != http.StatusForbidden {
		t.Errorf("who asked approves: %d", res.StatusCode)
	}
	if res := in.send(t, exception+"/approve", lead, url.Values{}); res.Header.Get("Location") != exception {
		t.Errorf("approve: %d", res.StatusCode)
	}
	if res := in.send(t, exception+"/approve", lead, url.Values{}); res.StatusCode != http.StatusUnprocessableEntity && res.StatusCode != http.StatusConflict {
		t.Errorf("approve twice: %d", res.StatusCode)
	}
	if s := fmt.Sprint(texts(in.get(t, address, auditor, http.StatusOK), ".page-head .st")); s != "[Failing Excepted]" {
		t.Errorf("the item is %s", s)
	}
	if res := in.send(t, exception+"/revoke", lead, url.Values{}); res.Header.Get("Location") != exception {
		t.Errorf("revoke: %d", res.StatusCode)
	}
	if s := fmt.Sprint(texts(in.get(t, address, auditor, http.StatusOK), ".page-head .st")); s != "[Failing]" {
		t.Errorf("the item is %s after the revocation", s)
	}
	if s := strings.Join(texts(in.get(t, "/exceptions?state=revoked", auditor, http.StatusOK), "#rows tbody td:first-child"), " "); !strings.Contains(s, strings.TrimPrefix(exception, "/exceptions/")) {
		t.Errorf("revoked: %s", s)
	}
}

func TestOwnerOfControl(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	form := in.get(t, "/c/GOV-02/owner", lead, http.StatusOK)
	who := ""
	for _, o := range all(form, "select[name=owner] option") {
		if strings.HasPrefix(text(o), "Person control owner") {
			who = attr(o, "value")
		}
		if strings.HasSuffix(text(o), "auditor") {
			t.Errorf("an auditor could own a control: %s", text(o))
		}
	}
	if who == "" {
		t.Fatal("the control owner is not offered")
	}
	if res := in.send(t, "/c/GOV-02/owner", lead, url.Values{"owner": {who}, "deputy": {who}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("owner and deputy the same: %d", res.StatusCode)
	}
	if res := in.send(t, "/c/GOV-02/owner", lead, url.Values{"owner": {who}, "deputy": {""}}); res.Header.Get("Location") != "/c/GOV-02" {
		t.Errorf("assign: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, "/c/GOV-02", lead, http.StatusOK), ".page-head .meta > div:first-child dd"); s != "Person control owner" {
		t.Errorf("owner %q", s)
	}
}
