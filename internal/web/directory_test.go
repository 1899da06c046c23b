package web_test

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// directory enters people by hand, gives some devices, and describes roles. Those that stand first in each list are what the second
// organisation does not have: its references begin at the lowest number, too.
func (in *installation) directory(ctx context.Context, scope access.Scope) error {
	svc, today := in.app.People, period.Of(in.now)
	left, err := svc.Everyone(ctx, scope.ReadScope, people.Filter{State: people.Left})
	if err != nil {
		return err
	}
	working, err := svc.Everyone(ctx, scope.ReadScope, people.Filter{Working: true})
	if err != nil {
		return err
	}
	if len(left) < 2 || len(working) < 30 {
		return errors.New("the directory is not there")
	}
	_, err = svc.GiveAll(ctx, scope, in.now, []people.NewDevice{
		{Serial: "SN-LEFT", Kind: "laptop", Name: "Fieldbook 14", Holder: left[0].Ref, Given: left[0].Started}, {Serial: "SN-BACK", Kind: "phone", Holder: left[1].Ref, Given: left[1].Started},
		{Serial: "SN-OUT", Kind: "token", Holder: working[0].Ref, Given: today - 3}, {Serial: "SN-FLOW", Kind: "badge", Holder: working[1].Ref, Given: today - 3},
		{Serial: "SN-LAST", Kind: "key", Holder: working[2].Ref, Given: today - 3},
	})
	if err != nil {
		return err
	}
	devices, err := svc.ListDevices(ctx, scope.ReadScope, people.DeviceFilter{Serial: "SN-BACK"}, paging.Query{})
	if err != nil {
		return err
	}
	if _, err := svc.Return(ctx, scope, in.now, devices.Rows[0].Ref, 0, left[1].Ended, ""); err != nil {
		return err
	}
	_, err = svc.Describe(ctx, scope, in.now, []people.Role{
		{Title: "Zeppelin pilot", Duties: "Nobody has this title here."}, {Title: "Software Engineer", Titles: []string{"Senior Software Engineer"}, Duties: "Builds, tests and mends the product.", ReviewedOn: today},
		{Title: "Accountant", Duties: "Keeps the books of the company."}, {Title: "Analytics Engineer", Duties: "Builds what others measure with."},
	})
	if err != nil {
		return err
	}
	_, err = svc.Enter(ctx, scope, in.now, []people.New{
		{Name: "Aaltje Hand", Email: "by.hand@northwind.example", Manager: working[0].Ref, Started: today - 3}, {Name: "Aaron Hand", Email: "aaron@northwind.example", Started: today - 3},
		{Name: "Aasta Hand", Email: "aasta@northwind.example", Manager: working[0].Ref, Started: today - 3},
	}, false)
	return err
}

// hostilePeople fills the second organisation's directory with hostile texts.
func (in *installation) hostilePeople(ctx context.Context, scope access.Scope) error {
	svc := in.app.People
	if _, err := svc.Enter(ctx, scope, in.now, []people.New{{Name: evil, Email: "evil@fabrikam.example", Title: evil, Department: evil, Location: evil, Started: period.Of(in.now)}}, false); err != nil {
		return err
	}
	if _, err := svc.Give(ctx, scope, in.now, people.NewDevice{Serial: "evil'><b>", Kind: "other", Name: evil, Holder: "evil@fabrikam.example", Given: period.Of(in.now), Note: evil}); err != nil {
		return err
	}
	_, err := svc.Describe(ctx, scope, in.now, []people.Role{{Title: evil, Titles: []string{evil + "2"}, Duties: evil, Competence: evil, Authority: evil, Owner: evil}})
	return err
}

// TestDirectory: the list counts, filters and exports; each person has a page with what is known.
func TestDirectory(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Auditor]
	doc := in.get(t, "/people", cookie, http.StatusOK)
	if len(all(doc, "#rows tbody tr")) != 50 || len(all(doc, "main a[href='/people/new']")) != 0 {
		t.Errorf("%d rows; the auditor may add: %v", len(all(doc, "#rows tbody tr")), all(doc, "main a[href='/people/new']"))
	}
	if len(all(doc, "section[aria-labelledby=h-told] tbody tr")) != 3 {
		t.Error("the sources are not said")
	}
	res := in.do("GET", "/people?as=csv&state=left", cookie, nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(rows) < 3 || rows[1][4] != "Left" {
		t.Fatal(rows, err)
	}
	doc = in.get(t, "/people/"+rows[1][0], cookie, http.StatusOK)
	heads := texts(doc, "main section > header h2")
	for _, want := range []string{"Accounts", "Joining", "Devices", "History", "Record"} {
		if !slices.Contains(heads, want) {
			t.Errorf("no part %q among %q", want, heads)
		}
	}
	in.get(t, "/people/P-9999", cookie, http.StatusNotFound)
	in.get(t, "/people?state=gone", cookie, http.StatusBadRequest)
	in.get(t, "/people?manager=nobody@x.example", cookie, http.StatusNotFound)
	in.get(t, "/people", in.cookie[access.Employee], http.StatusForbidden)
	in.get(t, "/people", in.cookie[access.Reader], http.StatusForbidden)
}

// TestLeavers: hours are there for each account, what is open stands out, and the device that did not come back.
func TestLeavers(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/people/leavers?from=2020-01-01", cookie, http.StatusOK)
	if n := len(all(doc, "#rows .removal .st")); n == 0 {
		t.Error("no account of a leaver is judged")
	}
	doc = in.get(t, "/people/leavers?from=2020-01-01&access=device", cookie, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 1 {
		t.Errorf("%d leavers have a device", n)
	}
	doc = in.get(t, "/devices?state=leaver", cookie, http.StatusOK)
	if s := one(t, doc, "#rows"); !strings.Contains(s, "SN-LEFT") || strings.Contains(s, "SN-OUT") {
		t.Error(s)
	}
	doc = in.get(t, "/people/leavers?access=open&q=nobody+has+this+name", cookie, http.StatusOK)
	if len(all(doc, "#rows .empty")) != 1 {
		t.Error("an empty list says nothing")
	}
	in.get(t, "/people/leavers?from=someday", cookie, http.StatusBadRequest)
}

// TestOrgChart: everybody who works here is in it once, folded without scripts.
func TestOrgChart(t *testing.T) {
	t.Parallel()
	in := installed(t)
	doc := in.get(t, "/people/chart?open=all", in.cookie[access.Auditor], http.StatusOK)
	working, err := in.app.People.Everyone(t.Context(), in.app.Access.System(in.org(t), "test").ReadScope, people.Filter{Working: true})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(all(doc, ".orgchart .org-n")); n < len(working)-3 || n > len(working)+3 {
		t.Errorf("%d people drawn of %d", n, len(working))
	}
	doc = in.get(t, "/people/chart?department=Engineering", in.cookie[access.Auditor], http.StatusOK)
	if n := len(all(doc, ".orgchart .org-n")); n == 0 || n >= len(working) {
		t.Errorf("%d people of the department", n)
	}
}

// TestPeopleForms: bad input is kept and said at its field; what is right is done once, and can be undone.
func TestPeopleForms(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ComplianceLead]
	for _, x := range []struct {
		path  string
		form  url.Values
		field string
	}{
		{"/people/new", url.Values{"name": {"x"}, "email": {"a@b.example"}}, "name"},
		{"/people/new", url.Values{"name": {evil}, "email": {"no address"}}, "email"},
		{"/people/new", url.Values{"name": {"Twice"}, "email": {"BY.HAND@northwind.example"}}, "email"},
		{"/people/new", url.Values{"name": {"Odd day"}, "email": {"odd@b.example"}, "started": {"31.12."}}, "started"},
		{"/people/new", url.Values{"name": {"Odd boss"}, "email": {"odd@b.example"}, "manager": {"P-9999"}}, "manager"},
		{"/people/new", url.Values{"name": {strings.Repeat("é", 201)}, "email": {"odd@b.example"}}, "name"},
		{"/devices/new", url.Values{"serial": {""}, "kind": {"laptop"}, "holder": {"P-0001"}, "given": {"2026-01-01"}}, "serial"},
		{"/devices/new", url.Values{"serial": {"SN-OUT"}, "kind": {"token"}, "holder": {"by.hand@northwind.example"}, "given": {"2026-03-02"}}, "serial"},
		{"/devices/new", url.Values{"serial": {"S"}, "kind": {"laptop"}, "holder": {"nobody"}, "given": {"2026-01-01"}}, "holder"},
		{"/devices/new", url.Values{"serial": {"S"}, "kind": {"laptop"}, "holder": {"by.hand@northwind.example"}, "given": {"2099-01-01"}}, "given"},
		{"/roles/new", url.Values{"title": {"R"}, "duties": {evil}}, "title"},
		{"/roles/new", url.Values{"title": {"Role"}, "duties": {"short"}}, "duties"},
		{"/roles/new", url.Values{"title": {"software engineer"}, "duties": {evil}}, "title"},
	} {
		res := in.send(t, x.path, cookie, x.form)
		doc := parse(t, res)
		if res.StatusCode < 400 || res.StatusCode >= 500 || len(all(doc, "[name="+x.field+"][aria-invalid=true]")) != 1 {
			t.Errorf("%s %v: %d, nothing wrong at %s", x.path, x.form, res.StatusCode, x.field)
		}
		if v := x.form.Get("name"); v != "" && attr(all(doc, "input[name=name]")[0], "value") != v {
			t.Errorf("%s: the input is lost", x.path)
		}
	}
	res := in.send(t, "/roles/new", cookie, url.Values{"title": {"Counsel of the test"}, "titles": {"A title\nB title"}, "duties": {"Advises and drafts contracts."}})
	role := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(role, "/roles/RO-") {
		t.Fatalf("%d to %q", res.StatusCode, role)
	}
	res = in.send(t, role+"/edit", cookie, url.Values{"title": {"Counsel of the test"}, "duties": {"Advises, drafts and signs contracts."}, "base": {"1"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("edit: %d", res.StatusCode)
	}
	res = in.send(t, role+"/edit", cookie, url.Values{"title": {"Counsel of the test"}, "duties": {"Somebody else wrote this meanwhile."}, "base": {"1"}})
	if doc := parse(t, res); res.StatusCode != http.StatusConflict || !strings.Contains(one(t, doc, "main"), "drafts and signs") {
		t.Errorf("a stale form: %d", res.StatusCode)
	}
	if res = in.send(t, role+"/review", cookie, url.Values{"base": {"2"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("review: %d", res.StatusCode)
	}
	if doc := in.get(t, role, cookie, http.StatusOK); !strings.Contains(one(t, doc, ".page-head"), "Reviewed") {
		t.Error("the review does not show")
	}
	if res = in.send(t, "/people/refresh", cookie, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("refresh: %d", res.StatusCode)
	}
}

// TestReturnedPerson: somebody who left and comes back keeps the page and begins another stint, and what was done in the first one is
// said to be of it.
func TestReturnedPerson(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie, today := in.cookie[access.ComplianceLead], period.Of(in.now)
	first := url.Values{"name": {"Zora Return"}, "email": {"zora.return@northwind.example"}, "started": {(today - 300).String()}, "ended": {(today - 200).String()}}
	res := in.send(t, "/people/new", cookie, first)
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/people/P-") {
		t.Fatalf("%d to %q", res.StatusCode, at)
	}
	if s := one(t, in.get(t, at, cookie, http.StatusOK), ".page-head"); !strings.Contains(s, "Left") {
		t.Error(s)
	}
	again := url.Values{"name": {"Zora Return"}, "email": {"zora.return@northwind.example"}, "started": {(today - 10).String()}, "ended": {""}, "base": {"1"}}
	if res := in.send(t, at+"/edit", cookie, again); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != at {
		t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	doc := in.get(t, at, cookie, http.StatusOK)
	if s := one(t, doc, "section[aria-labelledby=h-stints]"); !strings.Contains(s, "1.") || !strings.Contains(s, "2.") || !strings.Contains(s, "now") {
		t.Error(s)
	}
	if s := one(t, doc, ".past"); !strings.Contains(s, "Came back for another stint") {
		t.Error(s)
	}
	// Whoever had the page open meanwhile sees both texts, and a correction of the first day begins no third stint.
	if res := in.send(t, at+"/edit", cookie, again); res.StatusCode != http.StatusConflict {
		t.Errorf("a stale form: %d", res.StatusCode)
	}
	again.Set("base", "2")
	again.Set("started", (today - 12).String())
	if res := in.send(t, at+"/edit", cookie, again); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if n := len(all(in.get(t, at, cookie, http.StatusOK), "section[aria-labelledby=h-stints] li")); n != 2 {
		t.Errorf("%d stints", n)
	}
	p, err := in.app.People.Person(t.Context(), in.app.Access.System(in.org(t), "test").ReadScope, "zora.return@northwind.example")
	if err != nil || p.Stint != 2 || p.State != people.Active || personAt(p) != at {
		t.Errorf("%+v %v", p, err)
	}
}

func personAt(p people.Person) string { return "/people/" + p.Ref }

// TestDirectoryOfOthers: both organisations number from one; each sees what is its own.
func TestDirectoryOfOthers(t *testing.T) {
	t.Parallel()
	in := installed(t)
	for path, want := range map[string]int{"/people/P-0001": http.StatusOK, "/people/P-0002": http.StatusNotFound, "/devices/DV-0001": http.StatusOK, "/devices/DV-0002": http.StatusNotFound, "/roles/RO-001": http.StatusOK, "/roles/RO-002": http.StatusNotFound} {
		doc := in.get(t, path, in.other, want)
		if want == http.StatusOK && !strings.Contains(one(t, doc, "main"), "onerror=alert(1)") {
			t.Errorf("%s is not the second organisation's own", path)
		}
	}
}

// TestDeviceFlow: a device comes back, the undo takes it back, and what nobody expects any more is written off.
func TestDeviceFlow(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Owner]
	scope := in.app.Access.System(in.org(t), "test").ReadScope
	found, err := in.app.People.ListDevices(t.Context(), scope, people.DeviceFilter{Serial: "SN-FLOW"}, paging.Query{})
	if err != nil || len(found.Rows) != 1 {
		t.Fatal(found, err)
	}
	d := found.Rows[0]
	at := "/devices/" + d.Ref
	in.get(t, at+"/return", cookie, http.StatusOK)
	if res := in.send(t, at+"/return", cookie, url.Values{"returned": {"2020-01-01"}, "base": {"1"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("back before it was given: %d", res.StatusCode)
	}
	day := period.Of(in.now).String()
	if res := in.send(t, at+"/return", cookie, url.Values{"returned": {day}, "base": {"1"}}); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/people/"+d.HolderRef {
		t.Errorf("return: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res := in.send(t, at+"/return", cookie, url.Values{"returned": {day}, "base": {"1"}}); res.StatusCode != http.StatusConflict {
		t.Errorf("twice: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/out", cookie, url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("undo: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/write-off", cookie, url.Values{"note": {"lost"}, "base": {"3"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a short reason: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/write-off", cookie, url.Values{"note": {"dropped into a lake"}, "base": {"3"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("write off: %d", res.StatusCode)
	}
	in.get(t, at+"/return", in.cookie[access.Auditor], http.StatusForbidden)
}
