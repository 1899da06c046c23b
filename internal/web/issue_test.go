package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/verify"
)

// issued makes two examinations that a firm has issued: a Type 1 with a reader who took a copy, and a SOC 3 that is public. They are older
// than the one that the home page is about.
func (in *installation) issued(ctx context.Context, g access.Grant, scope access.Scope, hostile string) error {
	a, first := in.app, period.Of(begin)
	or := func(s string) string {
		if hostile != "" {
			return hostile
		}
		return s
	}
	for _, report := range []string{engagement.SOC2, engagement.SOC3} {
		e, err := a.Engagement.Store.Add(ctx, scope, engagement.Engagement{ID: engagement.ID("eng_" + report + "_" + string(scope.Org())), Report: report, Type: map[string]int{engagement.SOC2: 1, engagement.SOC3: 2}[report],
			Title: or("Issued " + report), Categories: []string{"security"}, Period: period.Period{From: first, To: first + 1}, Standards: []string{"AT-C section 205"}, Status: engagement.Representation, Created: in.now, By: "test"})
		if err != nil {
			return err
		}
		was := a.Engagement.Signed
		a.Engagement.Signed = func(ctx context.Context, s access.ReadScope, id engagement.ID) ([]engagement.Signature, error) {
			if id != e.ID {
				return was(ctx, s, id)
			}
			return []engagement.Signature{{Document: engagement.DocumentRepresentation, Name: or("R. Castellan"), Title: or("Chief"), At: in.now, SHA256: "r"}, {Document: engagement.DocumentAssertion, Name: or("R. Castellan"), Title: or("Chief"), At: in.now, SHA256: "a"}}, nil
		}
		if err := in.issueOne(ctx, g, scope, e, or); err != nil {
			return err
		}
	}
	return nil
}

func (in *installation) issueOne(ctx context.Context, g access.Grant, scope access.Scope, e engagement.Engagement, or func(string) string) error {
	a := in.app
	if _, _, err := a.Access.InviteFirm(ctx, scope, in.now, string(e.ID), access.NewFirm{Mail: g.User.Email}); err != nil {
		return err
	}
	if err := a.Access.Declare(ctx, g, in.now, string(e.ID)); err != nil {
		return err
	}
	partner, err := a.Access.Audit(ctx, g, in.now, string(e.ID))
	if err != nil {
		return err
	}
	w := issue.Words{Addressee: or("the management"), City: or("Harbour City"), Opinions: map[string]string{}, Readers: []string{or("User entities")}}
	for _, h := range issue.Headings(e) {
		w.Paragraphs = append(w.Paragraphs, engagement.Named{Name: h, Text: or("Our words.")})
	}
	for _, m := range issue.Matters(e) {
		w.Opinions[m] = or("In our opinion it is as asserted.")
		if _, err := a.Fieldwork.Opine(ctx, partner, in.now, m, 0, "unmodified", ""); err != nil {
			return err
		}
	}
	if _, err := a.Issue.Write(ctx, partner, in.now, 0, w); err != nil {
		return err
	}
	if _, err := a.Issue.HandOver(ctx, partner, in.now, issue.New{Report: true, Date: period.Of(in.now)}); err != nil {
		return err
	}
	bare := scope.Org() != in.ownOrg() // the second organisation has no control to report on
	if !bare {
		if err := in.release(ctx, partner, scope, e); err != nil {
			return err
		}
	}
	if e.Report == engagement.SOC3 {
		if bare {
			return nil
		}
		return a.Issue.Publish(ctx, scope, in.now, e.Ref)
	}
	r, err := a.Issue.Name(ctx, scope, in.now, e.Ref, issue.NewReader{Name: or("Ilse Varga"), Company: or("Fabrikam"), Email: "i.varga@fabrikam.example", Kind: issue.UserEntity})
	if err != nil || bare {
		return err
	}
	_, path, err := a.Issue.MakeLink(ctx, scope, in.now, e.Ref, r.Ref)
	if err != nil {
		return err
	}
	_, secret, _ := strings.Cut(path, ".")
	bot := a.Access.SystemFrom(scope.Org(), "report link", "192.0.2.9")
	if _, err := a.Issue.Agree(ctx, bot, in.now, secret); err != nil {
		return err
	}
	_, _, _, err = a.Issue.Copy(ctx, bot, in.now, secret) //nolint:dogsled // the copy itself is not looked at here
	return err
}

// ownOrg is the first organisation.
func (in *installation) ownOrg() access.OrgID {
	o, err := in.app.Access.OrgBySlug(context.Background(), "northwind")
	if err != nil {
		return ""
	}
	return o.ID
}

// release freezes and issues, as if management had signed.
func (in *installation) release(ctx context.Context, partner access.AuditScope, scope access.Scope, e engagement.Engagement) error {
	a := in.app
	if _, err := a.Engagement.Freeze(ctx, scope, in.now, e.Ref, nil); err != nil {
		return err
	}
	checks := a.Engagement.Checks
	a.Engagement.Checks = map[string]engagement.Check{engagement.GateRelease: a.Issue.ReleaseGate}
	for _, key := range []string{engagement.GateAssertion, engagement.GateRepresentation} {
		a.Engagement.Checks[key] = a.Issue.ReleaseGate // nobody signs in a test
	}
	v, err := a.Issue.Issue(ctx, partner, in.now, "")
	if err == nil && v.Complete() {
		err = errors.New("the bundle was not left to the queue")
	}
	if err == nil { // no job runs in a test
		_, err = a.Issue.Complete(ctx, a.Access.System(scope.Org(), "issue"), in.now, e.ID, v.Number, nil)
	}
	a.Engagement.Checks = checks
	return err
}

// TestIssuePages: the firm hands over and issues, the client names a reader, who agrees and takes a copy without an account; others get
// nothing of it.
func TestIssuePages(t *testing.T) {
	t.Parallel()
	in := own(t)
	owner, partner, senior, staff := in.cookie[access.Owner], in.firm(access.Partner), in.firm(access.Senior), in.firm(access.Staff)
	post := func(path, cookie string, want int, form url.Values) (string, string) {
		t.Helper()
		if cookie != "" {
			form.Set("csrf", in.token(t, cookie))
		}
		res := in.do("POST", path, cookie, form)
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Fatalf("POST %s: %d, want %d: %.600s", path, res.StatusCode, want, squeeze(string(body)))
		}
		return res.Header.Get("Location"), squeeze(string(body))
	}
	says := func(doc, want string) {
		t.Helper()
		if !strings.Contains(doc, want) {
			t.Errorf("no %q in %.1200s", want, doc)
		}
	}
	audit := "/audits/" + in.engagement + "/report"
	says(text(in.get(t, audit+"/hand-over", staff, 200)), "Stay with you")
	post(audit+"/hand-over", staff, 403, url.Values{})
	_, body := post(audit+"/hand-over", senior, 422, url.Values{})
	says(body, "o test is concluded and reviewed yet")
	post(audit+"/hand-over/opinion", senior, 403, url.Values{"date": {"2026-01-01"}})
	_, body = post(audit+"/hand-over/opinion", partner, 422, url.Values{"date": {"31 June"}})
	says(body, "still lacks")
	_, body = post(audit+"/section-i", partner, 422, url.Values{"base": {"0"}, "city": {strings.Repeat("x", 300)}})
	says(body, "300 characters")
	post(audit+"/section-i", senior, 403, url.Values{"base": {"0"}})
	says(text(in.get(t, audit+"/issue", senior, 200)), "Not met")
	_, body = post(audit+"/issue", partner, 422, url.Values{})
	says(body, "is not issued. Not met")
	in.get(t, audit+"/hand-over", in.rival, 404)

	ref := "SOC2-" + begin.Format("2006") + "-2"
	at := "/engagements/" + ref
	doc := text(in.get(t, at+"/report", owner, 200))
	for _, want := range []string{"Version 1", "SOC 2 Type 1", "Marlowe & Pike LLP", "Hand-over 1", "With opinion"} {
		says(doc, want)
	}
	_, body = post(at+"/distribution/new", owner, 422, url.Values{"name": {"<b>x"}, "company": {"Contoso"}, "email": {"none"}, "kind": {"prospect"}})
	says(body, "is no e-mail address")
	to, _ := post(at+"/distribution/new", owner, 303, url.Values{"name": {"=1+1<b>"}, "company": {"Contoso"}, "email": {"ana@contoso.example"}, "kind": {"prospect"}})
	_, body = post(to+"/link", owner, 200, url.Values{})
	i := strings.Index(body, "/shared/northwind.")
	if i < 0 {
		t.Fatalf("no link: %.600s", body)
	}
	link := body[i : i+len("/shared/northwind.")+40]
	page := in.get(t, link, "", 200)
	says(text(page), "restricted use")
	token := attr(all(page, "input[name=csrf]")[0], "value")
	_, body = post(link+"/agree", "", 422, url.Values{"csrf": {token}})
	says(body, "Tick the box")
	if res := in.do("GET", link+"/report.pdf", "", nil); res.StatusCode != 303 {
		t.Error("a copy without agreement:", res.StatusCode)
	}
	post(link+"/agree", "", 303, url.Values{"csrf": {token}, "agreed": {"on"}})
	take := func(path string) []byte {
		t.Helper()
		res := in.do("GET", path, "", nil)
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Security-Policy") == "" || !bytes.HasPrefix(b, []byte("%PDF")) {
			t.Fatalf("%s: %d %.80s", path, res.StatusCode, b)
		}
		return b
	}
	one, two := take(link+"/report.pdf"), take(link+"/report.pdf")
	res := in.do("GET", at+"/report/versions/1/pdf", owner, nil)
	stored, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(one, two) || !bytes.HasPrefix(one, stored) || len(stored) < 1000 || len(one) == len(stored) {
		t.Errorf("%d and %d bytes, issued were %d", len(one), len(two), len(stored))
	}
	// The bundle of what was issued holds it, and proves it without us.
	res = in.do("GET", at+"/report/versions/1/bundle", owner, nil)
	archive, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res.StatusCode, err)
	}
	rep, err := verify.Bundle(bytes.NewReader(archive), int64(len(archive)), verify.Options{})
	if err != nil || !rep.OK() {
		t.Errorf("%v %+v", err, rep)
	}
	if z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive))); err != nil {
		t.Error(err)
	} else if f, err := z.Open("issued/" + strings.ToLower(ref) + ".pdf"); err != nil {
		t.Error(err)
	} else if inside, err := io.ReadAll(f); err != nil || !bytes.Equal(inside, stored) {
		t.Error("the bundle has another report:", len(inside), err)
	}
	in.get(t, at+"/report/versions/2/bundle", owner, 404)
	csv := in.do("GET", at+"/distribution/log?as=csv", owner, nil)
	line, err := io.ReadAll(csv.Body)
	if err != nil || !strings.Contains(string(line), "'=1+1<b>") {
		t.Errorf("the log: %d %.300s", csv.StatusCode, line)
	}
	in.get(t, "/shared/fabrikam."+link[len("/shared/northwind."):], "", 404)
	in.get(t, link[:len(link)-1]+"_", "", 404)
	post(to+"/end", in.cookie[access.ControlOwner], 403, url.Values{"why": {"The contract has ended."}})
	_, body = post(to+"/end", owner, 422, url.Values{"why": {"x"}})
	says(body, "at least 10 characters")
	post(to+"/end", owner, 303, url.Values{"why": {"The contract has ended."}})
	in.get(t, link, "", 404)
	in.get(t, link+"/report.pdf", "", 404)

	in.recordsFirm(t, post, says)
	in.mailsReader(t, to, post, says)

	// The SOC 3 is for anybody, the other is not.
	soc3 := "SOC3-" + begin.Format("2006") + "-1"
	says(text(in.get(t, "/public/northwind/"+soc3, "", 200)), "for general use")
	if !bytes.Equal(take("/public/northwind/"+soc3+"/report.pdf"), take("/public/northwind/"+soc3+"/report.pdf")) {
		t.Error("the public file differs")
	}
	for _, path := range []string{"/public/northwind/" + ref, "/public/nobody/" + soc3, "/public/northwind/" + ref + "/report.pdf", "/public/northwind/SOC3-1999-1"} {
		in.get(t, path, "", http.StatusNotFound)
	}
}
