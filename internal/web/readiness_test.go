package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/work"
)

// TestHome: the home page has each part, counts controls and criteria in whole numbers, and never in percent.
func TestHome(t *testing.T) {
	t.Parallel()
	in := installed(t)
	doc := in.get(t, "/", in.cookie[access.Owner], http.StatusOK)
	want := []string{"Controls operating today", "Exceptions if the period closed today", "Criteria by week", "Waiting for you", "Evidence sources", "Audit with Harlow & Pike LLP", "Evidence ledger"}
	heads := texts(doc, "main section > header h2")
	for _, w := range want {
		if !slices.Contains(heads, w) {
			t.Errorf("no part %q among %q", w, heads)
		}
	}
	if body := one(t, doc, "main"); strings.Contains(body, "%") || strings.Contains(strings.ToLower(body), "score") {
		t.Error("the home page scores in percent")
	}
	sum := 0
	for _, s := range texts(doc, ".split b") {
		n := 0
		_, _ = fmt.Sscan(strings.ReplaceAll(s, ",", ""), &n)
		sum += n
	}
	if of := one(t, doc, ".kpi .of"); of != fmt.Sprintf("of %d", sum) {
		t.Errorf("the states add up to %d, the page says %q", sum, of)
	}
	criteria := 0
	for _, s := range texts(doc, ".standings b") {
		n := 0
		_, _ = fmt.Sscan(s, &n)
		criteria += n
	}
	if criteria != 33 {
		t.Errorf("%d criteria in scope, not the 33 common ones", criteria)
	}
	// A reader of the firm sees neither tasks nor the ledger.
	doc = in.get(t, "/", in.cookie[access.Reader], http.StatusOK)
	if s := one(t, doc, "main"); strings.Contains(s, "Evidence ledger") || len(all(doc, "main a[href='/my-work']")) > 0 {
		t.Error("a reader sees the ledger or the tasks")
	}
}

// TestGaps: each criterion in scope is there once, worst first, with reasons that lead to what is wrong.
func TestGaps(t *testing.T) {
	t.Parallel()
	in := installed(t)
	doc := in.get(t, "/gaps", in.cookie[access.ComplianceLead], http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 33 {
		t.Fatalf("%d criteria", n)
	}
	order := []string{"Not met", "At risk", "Not evaluated", "Met with deviations", "Met"}
	last := 0
	for _, s := range texts(doc, "#rows tbody td .st:not(.plain)") {
		at := slices.Index(order, s)
		if at < last {
			t.Errorf("%q comes after %q", s, order[last])
		}
		last = at
	}
	if len(all(doc, "#rows .gap-why a[href^='/t/'], #rows .gap-why a[href^='/c/']")) == 0 {
		t.Error("no reason leads to a control or a test")
	}
	res := in.do("GET", "/gaps?as=csv&status=not_evaluated", in.cookie[access.Auditor], nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatal(rows, err)
	}
	for _, r := range rows[1:] {
		if r[3] != "Not evaluated" || r[7] == "" {
			t.Errorf("%q", r)
		}
	}
	// The auditor reads the gaps and makes no task of them.
	doc = in.get(t, "/gaps/"+rows[1][0], in.cookie[access.Auditor], http.StatusOK)
	if len(all(doc, "main a[href*='/task']")) > 0 {
		t.Error("the auditor is offered tasks")
	}
	in.get(t, "/gaps/CC99.9", in.cookie[access.Owner], http.StatusNotFound)
	in.get(t, "/gaps?status=fine", in.cookie[access.Owner], http.StatusBadRequest)
}

// TestGapTask: a task is proposed from a gap, made once, shown at the gap, and found in the list.
func TestGapTask(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/gaps/CC2.3/task", cookie, http.StatusOK)
	title := attr(all(doc, "input[name=title]")[0], "value")
	if !strings.HasPrefix(title, "Close the gap at CC2.3") || len(all(doc, "textarea[name=text]")) != 1 || attr(all(doc, "input[name=due]")[0], "value") == "" {
		t.Errorf("%q is proposed", title)
	}
	res := in.send(t, "/gaps/CC2.3/task", cookie, url.Values{"title": {title}, "text": {"a"}, "due": {in.now.AddDate(0, 0, 30).Format("2006-01-02")}})
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/tasks/T-") {
		t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	doc = in.get(t, "/gaps/CC2.3", cookie, http.StatusOK)
	if len(all(doc, ".actions a[href='"+res.Header.Get("Location")+"']")) != 1 {
		t.Error("the gap does not lead to its task")
	}
	again := in.send(t, "/gaps/CC2.3/task", cookie, url.Values{"title": {title}})
	if doc = parse(t, again); again.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(one(t, doc, "[role=alert]"), "is open for this already") {
		t.Errorf("a second task: %d", again.StatusCode)
	}
	many := in.send(t, "/gaps/tasks", cookie, url.Values{"tick": {"CC2.3", "CC3.3"}, "back": {"/gaps?status=not_met"}})
	if many.StatusCode != http.StatusSeeOther || many.Header.Get("Location") != "/gaps?status=not_met" {
		t.Errorf("%d to %q", many.StatusCode, many.Header.Get("Location"))
	}
	doc = in.get(t, "/tasks?source=gap&criterion=CC3.3", cookie, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 1 {
		t.Errorf("%d tasks for CC3.3", n)
	}
	if res := in.send(t, "/gaps/tasks", cookie, url.Values{"tick": {"CC99.9"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("a criterion that does not exist: %d", res.StatusCode)
	}
}

// TestTaskForms: what is wrong stands at its field, and everything written is kept.
func TestTaskForms(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.SecurityAnalyst]
	for _, c := range []struct {
		field, value, says string
	}{
		{"title", "", "say in a few words"},
		{"title", strings.Repeat("ö", 201), "201 characters"},
		{"text", strings.Repeat("ö", 8001), "8001 characters"},
		{"owner", "nobody@alpha.example", "nobody here"},
		{"owner", "auditor@alpha.example", "only reads"},
		{"due", "yesterday", "Give a day"},
		{"due", in.now.AddDate(0, 0, -1).Format("2006-01-02"), "is over"},
		{"criteria", "CC6.1, CC77.7", "no criterion"},
	} {
		form := url.Values{"title": {"A task for the form"}, "text": {"kept <b>text</b>"}, "due": {""}, "owner": {""}, "criteria": {""}}
		form.Set(c.field, c.value)
		res := in.send(t, "/tasks/new", cookie, form)
		doc := parse(t, res)
		if res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s=%.20q: %d", c.field, c.value, res.StatusCode)
			continue
		}
		if s := strings.ToLower(strings.Join(texts(doc, "#f-"+c.field+"-err"), " ")); !strings.Contains(s, strings.ToLower(c.says)) {
			t.Errorf("%s=%.20q: the field says %q", c.field, c.value, s)
		}
		if c.field != "text" && text(all(doc, "textarea[name=text]")[0]) != "kept <b>text</b>" {
			t.Errorf("%s: the text was not kept", c.field)
		}
	}
}

// TestTaskLife: a task on its pages, from its opening to a conflict, a comment and its end.
func TestTaskLife(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead, employee := in.cookie[access.ComplianceLead], in.cookie[access.Employee]
	res := in.send(t, "/tasks/new", lead, url.Values{"title": {"Life of a task"}, "owner": {"employee@alpha.example"}, "due": {in.now.Format("2006-01-02")}, "criteria": {"cc6.1 CC6.2"}})
	at := res.Header.Get("Location")
	if !strings.HasPrefix(at, "/tasks/T-") {
		t.Fatalf("%d to %q", res.StatusCode, at)
	}
	doc := in.get(t, "/my-work", employee, http.StatusOK)
	if !slices.Contains(texts(doc, "#rows td.clip"), "Life of a task") || !slices.Contains(texts(doc, "#rows .due"), "Today") {
		t.Errorf("%q", texts(doc, "#rows tbody td"))
	}
	// Whoever owns it works on it; others of the same role do not.
	if res := in.send(t, at+"/status", employee, url.Values{"to": {"in_progress"}, "base": {"1"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("start: %d", res.StatusCode)
	}
	edited := url.Values{"title": {"Life of a task, edited"}, "text": {"mine"}, "owner": {"employee@alpha.example"}, "base": {"1"}}
	stale := in.send(t, at+"/edit", lead, edited)
	doc = parse(t, stale)
	if stale.StatusCode != http.StatusConflict || one(t, doc, "#f-title-now .theirs-t") != "Life of a task" || attr(all(doc, "input[name=base]")[0], "value") != "2" {
		t.Fatalf("stale: %d", stale.StatusCode)
	}
	edited.Set("base", "2")
	if res := in.send(t, at+"/edit", lead, edited); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("knowingly: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/comment", employee, url.Values{"comment": {" "}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an empty comment: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/comment", employee, url.Values{"comment": {evil}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a comment: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/status", lead, url.Values{"to": {"dropped"}, "why": {"no"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("dropped without a reason: %d", res.StatusCode)
	}
	done := in.send(t, at+"/status", employee, url.Values{"to": {"done"}})
	if done.StatusCode != http.StatusSeeOther {
		t.Fatalf("done: %d", done.StatusCode)
	}
	doc = in.get(t, at, lead, http.StatusOK)
	log := strings.Join(texts(doc, ".log li p:first-child"), "\n")
	for _, part := range []string{"opened it", "changed the status from open to in progress", "changed the title from Life of a task to Life of a task, edited", "wrote", "from in progress to done"} {
		if !strings.Contains(log, part) {
			t.Errorf("the history lacks %q:\n%s", part, log)
		}
	}
	if len(all(doc, "img[src=x]")) > 0 || !strings.Contains(one(t, doc, ".log"), evil) {
		t.Error("the comment is not shown as text")
	}
	if s := texts(doc, "main .actions button"); !slices.Contains(s, "Reopen") {
		t.Errorf("%q", s)
	}
}

// TestTasksTogether: ticked tasks are assigned and finished together, and taken back.
func TestTasksTogether(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ControlOwner]
	var refs []string
	for i := range 2 {
		res := in.send(t, "/tasks/new", cookie, url.Values{"title": {fmt.Sprintf("Together %d", i)}})
		refs = append(refs, strings.TrimPrefix(res.Header.Get("Location"), "/tasks/"))
	}
	ask := in.send(t, "/tasks/bulk/assign", cookie, url.Values{"tick": refs, "back": {"/tasks"}})
	doc := parse(t, ask)
	if ask.StatusCode != http.StatusOK || len(all(doc, "input[name=tick]")) != 2 || len(all(doc, "select[name=owner]")) != 1 {
		t.Fatalf("asked: %d", ask.StatusCode)
	}
	for path, form := range map[string]url.Values{
		"/tasks/bulk/assign": {"tick": refs, "back": {"/tasks"}, "owner": {"employee@alpha.example"}}, "/tasks/bulk/done": {"tick": refs, "back": {"/tasks?q=Together"}},
	} {
		if res := in.send(t, path, cookie, form); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != form.Get("back") {
			t.Errorf("%s: %d to %q", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	count := func(q string) int {
		return len(all(in.get(t, "/tasks?"+q, cookie, http.StatusOK), "#rows tbody tr"))
	}
	if n := count("q=Together&status=done"); n != 2 {
		t.Errorf("%d are done", n)
	}
	if res := in.send(t, "/tasks/bulk/status", cookie, url.Values{"tasks": {strings.Join(refs, " ")}, "to": {"open"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("taken back: %d", res.StatusCode)
	}
	if n := count("q=Together&status=todo"); n != 2 {
		t.Errorf("%d are to do", n)
	}
	if res := in.send(t, "/tasks/bulk/done", cookie, url.Values{}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("nothing ticked: %d", res.StatusCode)
	}
}

// TestProgrammes: lines are judged from the records; what a person says is recorded, shown and taken back.
func TestProgrammes(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/programmes", cookie, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "not completeness") {
		t.Error("the quick check does not say that it is none")
	}
	doc = in.get(t, "/programmes/seven-steps", cookie, http.StatusOK)
	states := texts(doc, ".guide-l > li .guide-s > .st")
	if len(states) != 7 || states[6] != "On record" || states[3] != "Partly" {
		t.Errorf("%q", states)
	}
	at := "/programmes/quick-check/screening/settle"
	for _, c := range []struct {
		form  url.Values
		field string
	}{
		{url.Values{"base": {"0"}, "state": {"attested"}, "note": {"short"}}, "note"}, {url.Values{"base": {"0"}, "state": {"fine"}, "note": {"long enough for a note"}}, "state"},
		{url.Values{"base": {"0"}, "state": {"attested"}, "evidence": {"EV-1999-00001"}}, "evidence"},
	} {
		res := in.send(t, at, cookie, c.form)
		doc := parse(t, res)
		if res.StatusCode != http.StatusUnprocessableEntity || len(all(doc, ".field .err")) != 1 {
			t.Errorf("%v: %d", c.form, res.StatusCode)
		}
	}
	say := url.Values{"base": {"0"}, "state": {"attested"}, "note": {"Done by the agency before each offer."}}
	if res := in.send(t, at, cookie, say); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", res.StatusCode)
	}
	doc = in.get(t, "/programmes/quick-check", cookie, http.StatusOK)
	if s := one(t, doc, "#screening .mark"); !strings.Contains(s, "Done by the agency") || !strings.Contains(s, "Person compliance lead") {
		t.Error(s)
	}
	if res := in.send(t, at, cookie, say); res.StatusCode != http.StatusConflict {
		t.Errorf("from an older version: %d", res.StatusCode)
	}
	if res := in.send(t, at, cookie, url.Values{"base": {"1"}, "state": {"withdrawn"}, "note": {"The agency has stopped."}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if n := len(all(in.get(t, "/programmes/quick-check", cookie, http.StatusOK), "#screening .mark")); n != 0 {
		t.Error("what was taken back is still shown")
	}
	in.get(t, "/programmes/nothing", cookie, http.StatusNotFound)
	in.get(t, "/programmes/quick-check/nothing/settle", cookie, http.StatusNotFound)
	all, err := catalog.Programmes()
	if err != nil || len(all) != 2 {
		t.Error(err)
	}
}

// TestItemTask: the page of a task about a failing item says whether it still fails.
func TestItemTask(t *testing.T) {
	t.Parallel()
	in := installed(t)
	def, item := failingTest(t, in)
	scope, err := in.app.Access.Operator(t.Context(), in.org(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	x, err := in.app.Work.Open(t.Context(), scope, in.now, work.New{Title: "Mend the item", Source: work.FromItem, SourceRef: def.ID + "/" + item.ItemID, Due: period.Of(in.now)})
	if err != nil {
		t.Fatal(err)
	}
	doc := in.get(t, "/tasks/"+x.Ref, in.cookie[access.Owner], http.StatusOK)
	if s := one(t, doc, "section[aria-labelledby=h-from]"); !strings.Contains(s, "It does not pass") {
		t.Error(s)
	}
	if len(all(doc, "main .notice")) > 0 {
		t.Error("closing is proposed though the item fails")
	}
}
