package web_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
)

// requested asks the client for some things, so that there is one of each state, a draft and a note of the firm. In words, if there
// are any, that are hostile.
func (in *installation) requested(ctx context.Context, a access.AuditScope, client access.Scope, words string) error {
	s, due := in.app.Requests, period.Of(in.now)+10
	say := func(x string) string {
		if words != "" {
			return words
		}
		return x
	}
	n := func(k request.Kind, control, title string) request.New {
		return request.New{Text: request.Text{Kind: k, Control: control, Title: say(title), Text: say("As it is kept."), Due: due}}
	}
	all, err := s.Ask(ctx, a, in.now, n(request.Population, "IAM-02", "Alpha: accounts of the period"), n(request.Policy, "IAM-01", "Alpha: access policy"), n(request.Interview, "", "Alpha: talk with the lead"), n(request.Walkthrough, "", "Alpha: a walk"))
	if err != nil {
		return err
	}
	owner, err := in.app.Access.As(ctx, client, in.now, map[bool]string{true: "owner@alpha.example", false: "owner@fabrikam.example"}[words == ""])
	if err != nil {
		return err
	}
	if _, err := s.Reassign(ctx, owner, in.now, a.Engagement, all[0].Ref, 0, string(owner.User())); err != nil {
		return err
	}
	if words == "" { // something that was collected
		there, err := s.Candidates(ctx, owner.ReadScope, all[0])
		if err != nil {
			return err
		}
		if _, err := s.Give(ctx, owner, in.now, a.Engagement, all[3].Ref, []string{there[0].Key()}); err != nil {
			return err
		}
	}
	for _, r := range all[2:] {
		if _, err := s.Hand(ctx, owner, in.now, a.Engagement, r.Ref, 0, say("With the lead on Monday, at ten.")); err != nil {
			return err
		}
	}
	if _, err := s.Reject(ctx, a, in.now, all[3].Ref, 0, say("Monday is a holiday here.")); err != nil {
		return err
	}
	if err := s.Comment(ctx, owner, in.now, a.Engagement, all[0].Ref, say("We collect it on Friday.")); err != nil {
		return err
	}
	if err := s.Remark(ctx, a, in.now, all[0].Ref, say("Alpha: look twice at service accounts.")); err != nil {
		return err
	}
	_, err = s.Draft(ctx, a, in.now, n(request.Sample, "IAM-02", "Alpha: a draft"))
	return err
}

// mail sends a form with a file.
func (in *installation) mail(t *testing.T, path, cookie string, fields url.Values, name string, content []byte) *http.Response {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("csrf", in.token(t, cookie))
	for k, all := range fields {
		for _, v := range all {
			_ = m.WriteField(k, v)
		}
	}
	if name != "" {
		w, _ := m.CreateFormFile("file", name)
		_, _ = w.Write(content)
	}
	_ = m.Close()
	r := httptest.NewRequest(http.MethodPost, "http://tickmark.example"+path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "tickmark", Value: cookie})
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
	return w.Result()
}

// TestRequestPages: the auditor asks, the client answers from what is there, the auditor decides; each sees the own side alone.
func TestRequestPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	staff, quality, lead, auditor := in.firm(access.Staff), in.firm(access.QualityReviewer), in.cookie[access.ComplianceLead], in.cookie[access.Auditor]
	theirs, ours := "/engagements/SOC2-2026-1/requests", "/audits/"+in.engagement+"/requests"
	due := in.now.AddDate(0, 0, 12).Format("2006-01-02")
	say := func(path, cookie string, status int, pairs ...string) *http.Response {
		t.Helper()
		f := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Add(pairs[i], pairs[i+1])
		}
		res := in.send(t, path, cookie, f)
		if res.StatusCode != status {
			body, _ := io.ReadAll(res.Body)
			t.Fatalf("POST %s: %d, want %d: %.500s", path, res.StatusCode, status, body)
		}
		return res
	}

	// The second of the same is asked only knowingly.
	ask := []string{"kind", "population", "control", "IAM-02", "title", "Accounts once more", "due", due, "where", "ask"}
	say(ours+"/new", staff, 422, ask...)
	to := say(ours+"/new", staff, 303, append(ask, "again", "on")...).Header.Get("Location")
	ref := to[strings.LastIndex(to, "/")+1:]
	if !strings.HasPrefix(ref, "R-") {
		t.Fatalf("to %q", to)
	}
	for field, bad := range map[string]string{"title": "x", "due": "2020-01-01", "kind": "wish", "control": "ZZZ-1", "criterion": "CC99.1", "to": "1990-01-01"} {
		f := append(slices.Clone(ask), "again", "on", "from", "2026-01-01", "to", "2026-01-02")
		for i := 0; i < len(f); i += 2 {
			if f[i] == field {
				f = slices.Delete(f, i, i+2)
				break
			}
		}
		say(ours+"/new", staff, 422, append(f, field, bad)...)
	}

	// The client is offered what was collected for tests of the control, and attaches it with one click.
	answered, answer := theirs+"/"+ref, "Read from the directory by its collector; the counts agree."
	doc := in.get(t, answered, lead, 200)
	offers := all(doc, "button[name=piece]")
	if len(offers) == 0 {
		t.Fatal("nothing is offered")
	}
	if s := one(t, doc, ".notice"); !strings.Contains(s, "The same was asked in R-001") {
		t.Errorf("%q", s)
	}
	say(answered+"/attach", lead, 303, "piece", attr(offers[0], "value"))
	say(answered+"/attach", lead, 422, "piece", "EV-1999-1")
	if n := all(in.get(t, ours+"/"+ref, staff, 200), ".rq-pieces li"); len(n) != 0 {
		t.Error("the auditor sees what was not handed over")
	}
	say(answered+"/provide", lead, 422, "answer", "", "base", "1")
	say(answered+"/provide", lead, 303, "answer", answer, "base", "1")
	say(answered+"/provide", lead, 409, "answer", "Somebody else answers with an old page.", "base", "1")
	say(answered+"/recall", lead, 303)
	say(answered+"/provide", lead, 303, "answer", answer)
	doc = in.get(t, ours+"/"+ref, staff, 200)
	if s := text(doc); !strings.Contains(s, answer) || len(all(doc, ".rq-pieces a[download]")) != 1 {
		t.Error("the auditor does not see the answer")
	}
	if res := in.do("GET", attr(all(doc, ".rq-pieces a[download]")[0], "href"), staff, nil); res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("download: %d %s", res.StatusCode, res.Header.Get("Content-Disposition"))
	}
	say(ours+"/"+ref+"/do/accept", staff, 422, "ipe", "")
	say(ours+"/"+ref+"/do/accept", staff, 303, "ipe", "Counts matched to the source.")
	say(ours+"/"+ref+"/do/dance", staff, 404)
	say(answered+"/comment", lead, 303, "comment", "Thank you <b>"+evil)
	say(ours+"/"+ref+"/remark", quality, 303, "note", "Only for us.")
	say(ours+"/"+ref+"/comment", quality, 403, "comment", "Quality speaks to the client.")
	if s := text(in.get(t, answered, auditor, 200)); strings.Contains(s, "Only for us") || !strings.Contains(s, "Thank you <b>") {
		t.Error("the client's page")
	}
	if s := text(in.get(t, ours+"/R-001", staff, 200)); !strings.Contains(s, "look twice at service accounts") {
		t.Error("the firm's note is not on its page")
	}
	if s := text(in.get(t, theirs+"?q=draft", lead, 200)); strings.Contains(s, "a draft") {
		t.Error("the client sees a draft")
	}

	// Bulk, My work, and drafts.
	say(ours+"/bulk/do/due", staff, 303, "tick", "R-002", "due", due, "back", ours)
	say(ours+"/bulk/do/withdraw", staff, 422, "tick", "R-002", "why", "no", "back", ours)
	say(theirs+"/bulk/owner", lead, 303, "tick", "R-002", "owner", "", "back", theirs)
	if s := text(in.get(t, "/my-work", in.cookie[access.Owner], 200)); !strings.Contains(s, "Answer R-001") {
		t.Error("a request is not in its owner's work")
	}
	drafts := "/audits/" + in.engagement + "/request-drafts"
	say(ours+"/template", staff, 303, "due", due, "domain", "NET", "where", "draft")
	n := len(all(in.get(t, drafts+"?q=network", staff, 200), "tbody tr"))
	if n < 2 {
		t.Errorf("%d drafts of a template", n)
	}
	requestFiles(t, in, ours, staff, due)

	// A file becomes evidence, and is attached; the same content is not kept twice.
	file := url.Values{"title": {"Notes of the talk"}, "obtained": {"Written down by the lead on the day."}, "class": {"internal"}, "from": {in.now.Format("2006-01-02")}, "to": {in.now.Format("2006-01-02")}}
	for want, name := range map[int]string{303: "notes.txt", 422: ""} {
		if res := in.mail(t, theirs+"/R-004/file", lead, file, name, []byte("What was said in the talk.")); res.StatusCode != want {
			body, _ := io.ReadAll(res.Body)
			t.Errorf("file %q: %d %.300s", name, res.StatusCode, body)
		}
	}
	if res := in.mail(t, theirs+"/R-004/file", lead, file, "again.txt", []byte("What was said in the talk.")); res.StatusCode != 422 {
		t.Errorf("the same again: %d", res.StatusCode)
	}
}

// requestFiles: an exported list comes back unchanged; what is wrong with a file is said by row and column.
func requestFiles(t *testing.T, in *installation, ours, staff, due string) {
	t.Helper()
	res := in.do("GET", ours+"?as=csv&q=alpha", staff, nil)
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(rows) != 5 || rows[0][0] != "Request" {
		t.Fatalf("%v %v", rows, err)
	}
	sheet := func(rows ...[]any) []byte {
		f := excelize.NewFile()
		for i, r := range rows {
			_ = f.SetSheetRow("Sheet1", "A"+string(rune('1'+i)), &r)
		}
		_ = f.SetCellFormula("Sheet1", "Z99", "=1+1")
		b, _ := f.WriteToBuffer()
		return b.Bytes()
	}
	back, err := io.ReadAll(in.do("GET", ours+"?as=xlsx&q=alpha", staff, nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	head := []any{"Type", "Title", "Due", "Control"}
	for name, c := range map[string]struct {
		content []byte
		status  int
		says    string
	}{
		"exported.xlsx": {back, 422, "0 new requests, 0 changed, 4 as they were"}, // only tried: the panel comes back with what it found
		"wrong.xlsx":    {sheet([]any{"Type", "Wish"}, []any{"policy", "x"}), 422, "Wish (B1)"},
		"rows.xlsx":     {sheet(head, []any{"wish", "=cmd", "soon", ""}), 422, "row 2"},
		"bomb.xlsx":     {[]byte("PK\x03\x04 no archive"), 422, "damaged"},
		"old.xls":       {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old"), 422, ".xls"},
		"empty.csv":     {[]byte("Type,Title,Due\n"), 422, "no row"},
		"good.csv":      {[]byte("Type,Title,Due\ninterview,Brought by a file," + due + "\n"), 422, "1 new request"},
	} {
		res := in.mail(t, ours+"/import", staff, url.Values{"try": {"on"}, "where": {"ask"}}, name, c.content)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != c.status && (res.StatusCode != 200 || !strings.Contains(c.says, "new request")) || !strings.Contains(string(body), c.says) {
			t.Errorf("%s: %d, want %q: %.400s", name, res.StatusCode, c.says, body[max(0, len(body)-1500):])
		}
	}
}
