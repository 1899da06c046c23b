package web_test

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
)

// duties plans controls that people perform, performs one, and begins an import. GOV-02 was due six days ago, MON-04 is due in two.
func (in *installation) duties(ctx context.Context, scope access.Scope) error {
	a, today := in.app, period.Of(in.now)
	for _, x := range []struct {
		ref   string
		terms occurrence.Terms
	}{
		{"GOV-02", occurrence.Terms{Rhythm: catalog.Quarterly, First: today - 6, Window: 14, Owner: "control_owner@alpha.example", Checked: true}},
		{"MON-04", occurrence.Terms{Rhythm: catalog.Monthly, First: today + 2, Window: 5, Owner: "employee@alpha.example", Deputy: "control_owner@alpha.example", Attach: "The list of deficiencies"}},
	} {
		if _, err := a.Occurrences.Plan(ctx, scope, in.now, x.ref, 0, x.terms); err != nil {
			return err
		}
	}
	by, err := a.Access.As(ctx, scope, in.now, "control_owner@alpha.example")
	if err != nil {
		return err
	}
	if _, err := a.Occurrences.Perform(ctx, by, in.now, in.dueRef("GOV-02", -6), 0, occurrence.Said{On: today - 7, Note: "The committee met, all members came."}); err != nil {
		return err
	}
	lead, err := a.Access.As(ctx, scope, in.now, "compliance_lead@alpha.example")
	if err != nil {
		return err
	}
	_, err = a.Imports.Begin(ctx, lead, in.now, "controls", "alpha-controls.csv", []byte("Control ID,Title,Owner\nGOV-02,Alpha: the committee reviews,control_owner@alpha.example\n"))
	return err
}

// dueRef names an occurrence by its control and its day from today.
func (in *installation) dueRef(control string, days period.Date) string {
	return control + "-" + (period.Of(in.now) + days).String()
}

// TestOccurrence takes a recurring control through its pages: listed, on the calendar, recorded with bad input and good, checked by
// somebody else, and never by whoever performed it.
func TestOccurrence(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead, owner, employee := in.cookie[access.ComplianceLead], in.cookie[access.ControlOwner], in.cookie[access.Employee]
	gov, mon := "/occurrences/"+in.dueRef("GOV-02", -6), "/occurrences/"+in.dueRef("MON-04", 2)
	doc := in.get(t, "/occurrences", employee, http.StatusOK)
	if s := one(t, doc, "#rows tbody"); !strings.Contains(s, "Done") || !strings.Contains(s, "to check") || !strings.Contains(s, "Due") {
		t.Errorf("the list says %q", s)
	}
	doc = in.get(t, "/occurrences/calendar?month="+in.now.AddDate(0, 0, 2).Format("2006-01"), in.cookie[access.Auditor], http.StatusOK)
	if len(all(doc, ".cal a[href='"+mon+"']")) != 1 {
		t.Error("the calendar does not show MON-04")
	}
	in.get(t, "/occurrences", in.cookie[access.Reader], http.StatusForbidden)
	in.get(t, "/occurrences/GOV-02-2020-01-01", lead, http.StatusNotFound)
	// Whoever performed it is not offered the check; another one checks it, once.
	if doc := in.get(t, gov, owner, http.StatusOK); len(all(doc, "a[href='"+gov+"/check']")) != 0 {
		t.Error("the performer is offered the check")
	}
	if res := in.send(t, gov+"/check", owner, url.Values{"base": {"1"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("the performer checks: %d", res.StatusCode)
	}
	doc = in.answered(t, gov+"/check", lead, http.StatusUnprocessableEntity, "base", "1", "as", "back", "note", "short")
	if s := one(t, doc, "#f-note-err"); !strings.Contains(s, "at least 10") {
		t.Errorf("%q", s)
	}
	if to := in.led(t, gov+"/check", lead, "base", "1", "note", "Seen."); to != gov {
		t.Error(to)
	}
	if doc := in.answered(t, gov+"/check", lead, http.StatusConflict, "base", "1"); !strings.Contains(text(doc), "meanwhile") && !strings.Contains(text(doc), "Somebody saved") {
		t.Error("a stale check is taken")
	}
	for name, c := range map[string]struct{ field, value, want string }{
		"tomorrow":       {"on", (period.Of(in.now) + 1).String(), "still to come"},
		"long ago":       {"on", "2020-01-01", "before the time it is about"},
		"no day":         {"on", "soon", "Give a day"},
		"no evidence":    {"evidence", "", "attach what shows it"},
		"other evidence": {"evidence", "EV-1999-00001", "no evidence EV-1999-00001"},
		"long":           {"note", strings.Repeat("ж", 4001), "4001 characters"},
	} {
		f := url.Values{"on": {period.Of(in.now).String()}, "note": {"<b>bold</b>"}, "evidence": {""}, "class": {"internal"}, "base": {"0"}}
		f.Set(c.field, c.value)
		doc := parse(t, in.send(t, mon+"/perform", employee, f))
		if s := text(doc); !strings.Contains(strings.ToLower(s), strings.ToLower(c.want)) || !strings.Contains(s, "<b>bold</b>") && c.field != "note" {
			t.Errorf("%s: %.300s", name, s)
		}
	}
	f := url.Values{"on": {period.Of(in.now).String()}, "note": {"Both findings were discussed."}, "obtained": {"Exported from the tracker by me"}, "class": {"internal"}, "base": {"0"}}
	if res := in.sent(t, mon+"/perform", owner, f, [2]string{"deficiencies.csv", "finding,owner\nF-1,Omar\n"}); res.StatusCode != http.StatusSeeOther {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("%d %.500s", res.StatusCode, b)
	}
	doc = in.get(t, mon, lead, http.StatusOK)
	if s := one(t, doc, ".page-head .st"); s != "Done" || len(all(doc, "main a.tag[href^='/e/EV-']")) != 1 {
		t.Errorf("%q", s)
	}
	if res := in.sent(t, mon+"/perform", owner, f, [2]string{"again.csv", "finding,owner\nF-2,Omar\n"}); res.StatusCode != http.StatusConflict {
		t.Errorf("a stale record: %d", res.StatusCode)
	}
}

// TestRhythm plans a control by the form, refuses nonsense at the field, and says both plans when somebody else was faster.
func TestRhythm(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	today := period.Of(in.now)
	doc := in.get(t, "/rhythms", lead, http.StatusOK)
	if len(all(doc, "#proposals input[name='tick'][value='PHY-02']")) != 1 {
		t.Error("PHY-02 is not proposed")
	}
	owner := ""
	for _, o := range all(in.get(t, "/rhythms/PHY-03", lead, http.StatusOK), "select[name='owner'] option") {
		if text(o) == "Person control owner, control owner" {
			owner = attr(o, "value")
		}
	}
	good := []string{"rhythm", "quarterly", "first", (today + 20).String(), "window", "7", "owner", owner, "attach", "", "base", "0"}
	for field, bad := range map[string]string{"rhythm": "hourly", "first": "2019-01-01", "window": "999", "owner": "usr_nobody"} {
		pairs := append([]string{}, good...)
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == field {
				pairs[i+1] = bad
			}
		}
		if s := one(t, in.answered(t, "/rhythms/PHY-03", lead, http.StatusUnprocessableEntity, pairs...), "#f-"+field+"-err"); s == "" {
			t.Errorf("%s: nothing is said", field)
		}
	}
	if to := in.led(t, "/rhythms/PHY-03", lead, good...); to != "/occurrences?control=PHY-03" {
		t.Error(to)
	}
	changed := append(append([]string{}, good...), "why", "Too seldom for what we saw.")
	changed[1] = "monthly"
	if doc := in.answered(t, "/rhythms/PHY-03", lead, http.StatusConflict, changed...); !strings.Contains(text(doc), "Saved now") {
		t.Error("the saved plan is not shown")
	}
	in.answered(t, "/rhythms/PHY-03/end", lead, http.StatusUnprocessableEntity, "base", "1", "why", "no")
	if to := in.led(t, "/rhythms/PHY-03/end", lead, "base", "1", "why", "The office was given up."); to != "/rhythms" {
		t.Error(to)
	}
}

// TestDuties: one list of what waits for somebody, of every room, that filters, searches and exports; and the digest's choice.
func TestDuties(t *testing.T) {
	t.Parallel()
	in := installed(t)
	who := in.cookie[access.SecurityAnalyst]
	if res := in.send(t, "/tasks/new", who, url.Values{"title": {"Duty of the analyst, undated"}, "owner": {"security_analyst@alpha.example"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode)
	}
	doc := in.get(t, "/my-work?q=duty+of+the", who, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 1 || !strings.Contains(one(t, doc, "#rows tbody"), "no date") {
		t.Errorf("%d rows", n)
	}
	doc = in.get(t, "/my-work?kind=task&when=undated&sort=-due", who, http.StatusOK)
	if len(all(doc, "#rows tbody tr")) == 0 {
		t.Error("the filter finds nothing")
	}
	in.get(t, "/my-work?kind=everything", who, http.StatusBadRequest)
	rows, err := csv.NewReader(in.do("GET", "/my-work?as=csv&kind=task", who, nil).Body).ReadAll()
	if err != nil || len(rows) < 2 || rows[0][2] != "Title" || rows[1][0] != "Task" {
		t.Errorf("%v %v", rows, err)
	}
	in.answered(t, "/my-work/digest", who, http.StatusUnprocessableEntity, "digest", "hourly")
	if to := in.led(t, "/my-work/digest", who, "digest", "daily"); to != "/my-work" {
		t.Error(to)
	}
	if doc := in.get(t, "/my-work/digest", who, http.StatusOK); len(all(doc, "input[name='digest'][value='daily'][checked]")) != 1 {
		t.Error("the choice is not kept")
	}
}

// TestImport reads a file with a title above its header, guesses its columns, tries it, leaves out what is wrong, and keeps the file.
func TestImport(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	for name, c := range map[string]struct{ kind, file, body, want string }{
		"no kind":    {"secrets", "x.csv", "a,b\n", "nothing of the kind"},
		"a picture":  {"controls", "x.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\x01\x02", "neither csv nor excel"},
		"broken off": {"controls", "x.xlsx", "PK\x03\x04rest", "damaged or broken off"},
		"empty":      {"controls", "x.csv", "\n\n", "has no rows"},
	} {
		res := in.sent(t, "/import", lead, url.Values{"kind": {c.kind}}, [2]string{c.file, c.body})
		if s := text(parse(t, res)); res.StatusCode != http.StatusUnprocessableEntity && res.StatusCode != http.StatusNotFound || !strings.Contains(strings.ToLower(s), c.want) {
			t.Errorf("%s: %d %.300s", name, res.StatusCode, s)
		}
	}
	file := "Our controls;;\nNr;Control name;What is done;Responsible;How often;Maps to;Evidence\n" +
		"XTR-01;Doors are closed;Reception closes every door at six and writes it down.;control_owner@alpha.example;daily;CC6.4;Book of doors; \n" +
		"XTR-02;=HYPERLINK(1);Somebody does something that is written down.;nobody@alpha.example;daily;CC6.4;Book\n" +
		"XTR-03;Windows;Reception closes every window at six and writes it down.;;sometimes;CC6.4;Book\n" +
		"XTR-01;Again;Reception closes every door at six and writes it down.;;daily;CC6.4;Book\n"
	res := in.sent(t, "/import", lead, url.Values{"kind": {"controls"}}, [2]string{"controls.csv", file})
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/import/IM-") {
		t.Fatalf("%d %s", res.StatusCode, to)
	}
	doc := in.get(t, to, lead, http.StatusOK)
	cols := []string{"sheet", "controls.csv", "header", "2", "base", attr(all(doc, "form[action$='/columns'] input[name='base']")[0], "value")}
	for _, s := range all(doc, "select[name^='col-']") {
		for _, o := range all(s, "option[selected]") {
			if attr(o, "value") != "" {
				cols = append(cols, attr(s, "name"), attr(o, "value"))
			}
		}
	}
	if s := strings.Join(cols, " "); !strings.Contains(s, "col-title 1 col-description 2 col-owner 3 col-frequency 4 col-criteria 5 col-evidence 6") {
		t.Fatalf("guessed %s", s)
	}
	cols = append(cols, "col-id", "0")
	in.led(t, to+"/columns", lead, cols...)
	doc = in.get(t, to, lead, http.StatusOK)
	s := one(t, doc, "#rows tbody")
	for _, want := range []string{"nobody here has the address", "no frequency", "stands in row 3 already", "A draft waits for approval"} {
		if !strings.Contains(strings.ToLower(s), strings.ToLower(want)) {
			t.Errorf("%q is not said: %s", want, s)
		}
	}
	in.get(t, "/c/XTR-01", lead, http.StatusNotFound)
	if s := text(in.answered(t, to+"/apply", lead, http.StatusUnprocessableEntity)); !strings.Contains(s, "3 rows are wrong") {
		t.Errorf("%.300s", s)
	}
	in.led(t, to+"/apply", lead, "leave", "on")
	doc = in.get(t, to, lead, http.StatusOK)
	if s := one(t, doc, "main"); !strings.Contains(s, "Applied") || len(all(doc, "a[href^='/e/EV-']")) == 0 {
		t.Errorf("%.300s", s)
	}
	in.get(t, "/c/XTR-01", lead, http.StatusOK)
	in.get(t, "/c/XTR-02", lead, http.StatusNotFound)
	if res := in.send(t, to+"/apply", lead, url.Values{}); res.StatusCode != http.StatusConflict && res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("applied twice: %d", res.StatusCode)
	}
	in.get(t, to, in.cookie[access.SecurityAnalyst], http.StatusForbidden)
}
