package web_test

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/review"
)

// reviews starts one over the accounts of the identity provider, with something decided, and one that is closed.
func (in *installation) reviews(ctx context.Context, scope access.Scope) error {
	a := in.app
	who := func(r access.Role) string { return string(r) + "@alpha.example" }
	if _, err := a.Reviews.SetPlan(ctx, scope, in.now, 0, review.Plan{Connection: "okta-main", Critical: true, Every: review.Quarterly, Reviewer: access.UserID(who(access.ControlOwner)), Deputy: access.UserID(who(access.ComplianceLead))}); err != nil {
		return err
	}
	for _, n := range []review.New{
		{Title: "Alpha: teams", Systems: []review.Choice{{Connection: "github-main", Resource: "group_member", Reviewer: who(access.ControlOwner), Deputy: who(access.ComplianceLead)}}},
		{Title: "Alpha: accounts", Systems: []review.Choice{
			{Connection: "okta-main", Reviewer: who(access.ControlOwner), Deputy: who(access.ComplianceLead), Critical: true},
			{Connection: "github-main", Reviewer: who(access.SecurityAnalyst), Deputy: who(access.Employee)}}},
	} {
		n.Due = period.Of(in.now) + 14
		r, err := a.Reviews.Start(ctx, scope, in.now, n)
		if err != nil {
			return err
		}
		by, err := a.Access.As(ctx, scope, in.now, who(access.ControlOwner))
		if err != nil {
			return err
		}
		for _, d := range []review.Verdict{{N: 1, Decision: review.Keep, Reason: "Needed for the daily work."}, {N: 2, Decision: review.Remove}, {N: 3, Decision: review.Change, Reason: "Only the reports are needed."}} {
			if _, err := a.Reviews.Decide(ctx, by, in.now, r.Ref, []review.Verdict{d}); err != nil {
				return err
			}
		}
		if n.Systems[0].Resource == "" { // so that the owner has something to decide
			if _, err := a.Reviews.Reassign(ctx, scope, in.now, r.Ref, []int{4}, "", who(access.Owner), "Knows best who needs it."); err != nil {
				return err
			}
		}
		if n.Systems[0].Resource != "" {
			if _, err := a.Reviews.Close(ctx, scope, in.now, r.Ref, "The rest is looked at with the accounts."); err != nil {
				return err
			}
		}
	}
	return nil
}

// begun starts a review of its own for a test, by the page, and returns its reference.
func (in *installation) begun(t *testing.T, title string) string {
	t.Helper()
	lead := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/access-reviews/new", lead, http.StatusOK)
	form := url.Values{"title": {title}, "due": {in.now.AddDate(0, 0, 9).Format("2006-01-02")}, "assign": {"system"}, "take.github-main": {"on"}}
	for field, name := range map[string]string{"reviewer.github-main": "Person control owner", "deputy.github-main": "Person compliance lead"} {
		for _, o := range all(doc, "select[name='"+field+"'] option") {
			if text(o) == name {
				form.Set(field, attr(o, "value"))
			}
		}
	}
	res := in.send(t, "/access-reviews/new", lead, form)
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/access-reviews/AR-2026-") {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%d to %q: %.600s", res.StatusCode, to, body)
	}
	return strings.TrimPrefix(to, "/access-reviews/")
}

// TestReviewPages: what is frozen, decided and followed is on the pages, for those who may see it.
func TestReviewPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/access-reviews", lead, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n < 2 {
		t.Fatalf("%d reviews", n)
	}
	if s := one(t, doc, "section[aria-labelledby=h-plan]"); !strings.Contains(s, "okta-main") || !strings.Contains(s, "Each quarter") {
		t.Errorf("calendar: %q", s)
	}
	doc = in.get(t, "/access-reviews/AR-2026-02", lead, http.StatusOK)
	strip := one(t, doc, ".rv-strip")
	if !strings.Contains(strip, "Reconciled") || !strings.Contains(strip, "3 of ") {
		t.Errorf("strip: %q", strip)
	}
	for _, want := range []string{"okta-main", "github-main", "Person control owner", "Person security analyst"} {
		if !strings.Contains(one(t, doc, "main"), want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
	// The reviewer has the three ways on the own rows; the lead reads.
	doc = in.get(t, "/access-reviews/AR-2026-02/okta-main", in.cookie[access.ControlOwner], http.StatusOK)
	if len(all(doc, "tr[data-mine] .rv-kcr")) == 0 || len(all(doc, "#decide input[name=csrf]")) != 1 {
		t.Error("the reviewer cannot decide")
	}
	doc = in.get(t, "/access-reviews/AR-2026-02/okta-main", lead, http.StatusOK)
	if len(all(doc, ".rv-kcr")) != 0 {
		t.Error("somebody else can decide")
	}
	// Privileged accounts are kept with words.
	doc = in.get(t, "/access-reviews/AR-2026-02/okta-main?flag=privileged", in.cookie[access.ControlOwner], http.StatusOK)
	if len(all(doc, "tr[data-flagged]")) == 0 || len(all(doc, "button[data-k=keep]")) != 0 {
		t.Error("a flagged row can be kept without words")
	}
	doc = in.get(t, "/access-reviews/AR-2026-02?tab=follow", in.cookie[access.Auditor], http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n != 2 {
		t.Errorf("%d to follow", n)
	}
	doc = in.get(t, "/access-reviews/AR-2026-02/rows/2", in.cookie[access.Auditor], http.StatusOK)
	if s := one(t, doc, "section[aria-labelledby=h-verdict]"); !strings.Contains(s, "Remove") || !strings.Contains(s, "To be done by") {
		t.Errorf("row: %q", s)
	}
	// An employee sees what is theirs to decide, and nothing of reviews without.
	in.get(t, "/access-reviews/AR-2026-01", in.cookie[access.Employee], http.StatusNotFound)
	in.get(t, "/access-reviews", in.cookie[access.Employee], http.StatusOK)
	in.get(t, "/access-reviews", in.cookie[access.Reader], http.StatusForbidden)
	for _, path := range []string{"/access-reviews/AR-1999-01", "/access-reviews/AR-2026-02/nothing", "/access-reviews/AR-2026-02/rows/9999", "/access-reviews/AR-2026-02/rows/x"} {
		in.get(t, path, lead, http.StatusNotFound)
	}
	res := in.do("GET", "/access-reviews/AR-2026-02/all?as=csv", lead, nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(rows) < 60 || len(rows[0]) != 28 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
}

// TestReviewDecide takes a review from its form to its evidence, with what can go wrong on the way.
func TestReviewDecide(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead, owner := in.cookie[access.ComplianceLead], in.cookie[access.ControlOwner]
	ref := in.begun(t, "Beta: code host")
	at := "/access-reviews/" + ref
	// By button, as without scripts: back to where one was.
	res := in.send(t, at+"/do/decide", owner, url.Values{"do": {"remove:1:1"}, "back": {at + "/github-main"}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != at+"/github-main" {
		t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	// By key: the row comes back; a version that is over is told, with the row as it is.
	res = in.send(t, at+"/do/decide", owner, url.Values{"do": {"keep:1:1"}}, "Tm-Target", "row-1")
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusConflict || !strings.Contains(res.Header.Get("Tm-Problem"), "meanwhile") || !strings.Contains(string(body), `data-said="remove"`) {
		t.Errorf("%d %q %.300s", res.StatusCode, res.Header.Get("Tm-Problem"), body)
	}
	res = in.send(t, at+"/do/decide", owner, url.Values{"do": {"undo:1:2"}}, "Tm-Target", "row-1")
	if body, _ = io.ReadAll(res.Body); res.StatusCode != http.StatusOK || !strings.Contains(string(body), `data-said=""`) || !strings.HasPrefix(res.Header.Get("Tm-Decided"), "0 ") {
		t.Errorf("%d %q %.300s", res.StatusCode, res.Header.Get("Tm-Decided"), body)
	}
	// Somebody else's row, a row that is none, a way that is none.
	for do, want := range map[string]int{"keep:2:1": http.StatusForbidden, "burn:2:1": http.StatusForbidden} {
		if res := in.send(t, at+"/do/decide", lead, url.Values{"do": {do}}); res.StatusCode != want {
			t.Errorf("%s by somebody else: %d", do, res.StatusCode)
		}
	}
	for do, want := range map[string]int{"keep:9999:1": http.StatusNotFound, "burn:2:1": http.StatusBadRequest, "": http.StatusNotFound} {
		if res := in.send(t, at+"/do/decide", owner, url.Values{"do": {do}}); res.StatusCode != want {
			t.Errorf("%q: %d, want %d", do, res.StatusCode, want)
		}
	}
	// In the panel: what is missing is said at its field, and nothing that was written is lost.
	res = in.send(t, at+"/rows/2/decide", owner, url.Values{"decision": {"change"}, "reason": {"less"}, "base": {"1"}})
	doc := parse(t, res)
	if res.StatusCode != http.StatusUnprocessableEntity || text(all(doc, "textarea[name=reason]")[0]) != "less" || !strings.Contains(one(t, doc, "#f-reason-err"), "at least 10") {
		t.Errorf("%d", res.StatusCode)
	}
	res = in.send(t, at+"/rows/2/decide", owner, url.Values{"decision": {"change"}, "reason": {"<b>Only</b> the reports are needed."}, "base": {"1"}, "back": {at + "/github-main#row-2"}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != at+"/github-main#row-2" {
		t.Errorf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	res = in.send(t, at+"/rows/2/decide", owner, url.Values{"decision": {"keep"}, "reason": {"It stays after all, for now."}, "base": {"1"}})
	if doc = parse(t, res); res.StatusCode != http.StatusConflict || len(all(doc, ".theirs")) != 2 || !strings.Contains(one(t, doc, "#f-reason-now"), "<b>Only</b> the reports") {
		t.Errorf("%d", res.StatusCode)
	}
	// Many at once: those that are flagged ask for a reason.
	ticks := url.Values{"back": {at + "/github-main"}}
	rows, err := in.app.Reviews.Rows(t.Context(), in.app.Access.System(in.org(t), "test").ReadScope, review.RowFilter{Review: in.review(t, ref).ID, Undecided: true}, paging.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range rows.Rows {
		ticks.Add("tick", strconv.Itoa(x.N))
	}
	res = in.send(t, at+"/do/keep", owner, ticks)
	if doc = parse(t, res); len(all(doc, "textarea[name=reason]")) != 1 || len(all(doc, "input[name=tick]")) != len(rows.Rows) {
		t.Fatalf("%d", res.StatusCode)
	}
	ticks.Set("reason", "Looked through with the team lead.")
	if res = in.send(t, at+"/do/keep", owner, ticks); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	// Closed: the result is evidence, and nothing can be decided any more.
	if res = in.send(t, at+"/do/close", owner, url.Values{}); res.StatusCode != http.StatusForbidden {
		t.Errorf("closed by the reviewer: %d", res.StatusCode)
	}
	if res = in.send(t, at+"/do/close", lead, url.Values{"why": {""}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("close: %d", res.StatusCode)
	}
	doc = in.get(t, at, in.cookie[access.Auditor], http.StatusOK)
	if s := one(t, doc, "section[aria-labelledby=h-seal]"); !strings.Contains(s, "EV-2026-") {
		t.Errorf("sealed: %q", s)
	}
	if res = in.send(t, at+"/do/decide", owner, url.Values{"do": {"remove:1"}}); res.StatusCode != http.StatusConflict {
		t.Errorf("decided after the end: %d", res.StatusCode)
	}
	// A change in words is done by hand, with a word of what shows it.
	if res = in.send(t, at+"/rows/2/done", lead, url.Values{"done": {in.now.Format("2006-01-02")}, "how": {"short"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("done without a word: %d", res.StatusCode)
	}
	if res = in.send(t, at+"/rows/2/done", lead, url.Values{"done": {in.now.Format("2006-01-02")}, "how": {"Ticket 4711, looked at by the lead."}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("done: %d", res.StatusCode)
	}
}

// TestReviewLead: rows are given to somebody else, a review is cancelled, a system is planned.
func TestReviewLead(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	at := "/access-reviews/" + in.begun(t, "Gamma: code host")
	doc := in.get(t, at+"/do/reassign?from=nobody", lead, http.StatusOK)
	analyst := ""
	for _, o := range all(doc, "select[name=to] option") {
		if text(o) == "Person security analyst" {
			analyst = attr(o, "value")
		}
	}
	if res := in.send(t, at+"/do/reassign", lead, url.Values{"tick": {"1", "2"}, "to": {analyst}, "why": {"x"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/do/reassign", lead, url.Values{"tick": {"1", "2"}, "to": {analyst}, "why": {"Knows the code host better."}, "back": {at}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("reassign: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/do/decide", in.cookie[access.SecurityAnalyst], url.Values{"do": {"remove:1:2"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the new reviewer: %d", res.StatusCode)
	}
	if res := in.send(t, at+"/do/cancel", lead, url.Values{"why": {"Begun to look at it only."}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("cancel: %d", res.StatusCode)
	}
	if s := one(t, in.get(t, at, lead, http.StatusOK), ".page-head"); !strings.Contains(s, "Cancelled") {
		t.Errorf("%q", s)
	}
	if s := one(t, in.get(t, at+"/rows/1", lead, http.StatusOK), "section[aria-labelledby=h-verdict]"); strings.Contains(s, "To be done") {
		t.Errorf("a removal of a cancelled review is followed: %q", s)
	}
	if r := in.review(t, strings.TrimPrefix(at, "/access-reviews/")); r.Open != 0 || r.Remove != 1 {
		t.Errorf("%+v", r.Tally)
	}
	// The form of a new review says at each line what is wrong.
	for want, edit := range map[string]func(url.Values){
		"choose what is reviewed": func(f url.Values) { f.Del("take.github-main") },
		"choose somebody":         func(f url.Values) { f.Set("reviewer.github-main", "") },
		"the last day to decide":  func(f url.Values) { f.Set("due", in.now.AddDate(0, 0, -1).Format("2006-01-02")) },
		"needs at least 3":        func(f url.Values) { f.Set("title", "") },
	} {
		f := url.Values{"title": {"Delta"}, "due": {in.now.AddDate(0, 0, 9).Format("2006-01-02")}, "assign": {"system"}, "take.github-main": {"on"}, "reviewer.github-main": {analyst}, "deputy.github-main": {analyst}}
		edit(f)
		res := in.send(t, "/access-reviews/new", lead, f)
		if s := strings.ToLower(one(t, parse(t, res), "main")); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(s, want) {
			t.Errorf("%s: %d", want, res.StatusCode)
		}
	}
}

func (in *installation) review(t *testing.T, ref string) review.Review {
	t.Helper()
	r, err := in.app.Reviews.Review(t.Context(), in.app.Access.System(in.org(t), "test").ReadScope, in.now, ref)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
