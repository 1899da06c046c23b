package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/policy"
)

// policies gives the organisation policies in every state.
func (in *installation) policies(ctx context.Context, scope access.Scope) error {
	p, now := in.app.Policies, in.app.Clock()
	writer, err := in.app.Access.As(ctx, scope, now, "compliance_lead@alpha.example")
	if err != nil {
		return err
	}
	all, err := p.Adopt(ctx, writer, now, "Northwind Alpha", "", "code-of-conduct", "incident-response", "speak-up", "encryption")
	if err != nil {
		return err
	}
	for _, slug := range []string{"code-of-conduct", "incident-response", "speak-up"} {
		if _, err := p.Send(ctx, writer, now, slug, 0); err != nil {
			return err
		}
	}
	for _, slug := range []string{"code-of-conduct", "incident-response"} {
		if _, err := p.Approve(ctx, scope, now, slug, 0); err != nil {
			return err
		}
	}
	t := all[0].Shown.Text
	t.Body += "\n\n## More\n\nAnd more."
	_, _, err = p.Write(ctx, writer, now, all[0].Ref, 0, t, "there was more to say")
	return err
}

// hostilePolicies gives the second organisation a draft that must stay text.
func (in *installation) hostilePolicies(ctx context.Context, scope access.Scope) error {
	_, err := in.app.Policies.Create(ctx, scope, in.now, policy.New{Slug: "hostile", Note: evil, Text: policy.Text{
		Title: evil, Summary: evil, Audience: []string{evil}, Body: "## " + evil + "\n\n" + evil + " [x](javascript:alert(1)) ![x](http://x.example/x.png \"onerror=alert(1)\")\n\n| " + evil + " |\n| --- |\n| <iframe src=x> |\n\n```\n" + evil + "\n```\n",
	}})
	return err
}

// written is the form of a policy that is as it should be, with some fields changed.
func written(changed ...string) []string {
	f := map[string]string{
		"title": "Visitors", "summary": "How visitors come and go.", "body": "## Purpose\n\n" + strings.Repeat("Visitors are met at the door and stay with somebody of ours. ", 6), "controls": "PHY-01", "criteria": "CC6.4", "audience": "",
		"owner": "", "months": "12", "slug": "", "note": "", "do": "save",
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

// led is where a form led to.
func (in *installation) led(t *testing.T, path, cookie string, pairs ...string) string {
	t.Helper()
	form := url.Values{"csrf": {in.token(t, cookie)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	res := in.do("POST", path, cookie, form)
	if res.StatusCode != http.StatusSeeOther {
		doc := parse(t, res)
		for _, e := range all(doc, ".err, [role='alert']") {
			t.Errorf("POST %s: %s", path, text(e))
		}
		t.Fatalf("POST %s: %d: %.600s", path, res.StatusCode, text(doc))
	}
	return res.Header.Get("Location")
}

// TestPolicyEditor: a policy is written by one and approved by another; whoever is late sees both texts; what is wrong is told
// at its field.
func TestPolicyEditor(t *testing.T) {
	t.Parallel()
	in := own(t)
	lead, owner, employee := in.cookie[access.ComplianceLead], in.cookie[access.Owner], in.cookie[access.Employee]
	for _, c := range []struct{ field, value, want string }{
		{"title", "", "at least 3"}, {"title", strings.Repeat("Ж", 201), "at most 200"}, {"summary", strings.Repeat("Ж", 501), "at most 500"}, {"body", "", "missing"},
		{"body", strings.Repeat("Ж", 100_001), "at most 100000"}, {"controls", "ABC-99", "no control"}, {"criteria", "CC99.9", "no criterion"}, {"slug", "../x", "no short name"},
		{"slug", "speak-up", "already"}, {"months", "often", "number of months"}, {"owner", "usr_none", "Nobody here has"},
	} {
		doc := in.answered(t, "/policies/new", lead, http.StatusUnprocessableEntity, written(c.field, c.value)...)
		if got := text(all(doc, "#f-"+c.field+"-err")[0]); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.field, got, c.want)
		}
	}
	doc := in.answered(t, "/policies/new", lead, http.StatusOK, written("do", "preview", "body", "## Hello\n\n<script>alert(1)</script> [x](javascript:alert(1))")...)
	if h := all(doc, "#preview h2"); len(h) != 1 || text(h[0]) != "Hello" || len(all(doc, "#preview script"))+len(all(doc, "#preview a")) != 0 {
		t.Error("the preview is not of what was written")
	}
	ref := in.led(t, "/policies/new", lead, written()...)
	// Two people open the draft; the second one to save is told, with both texts.
	base := attr(all(in.get(t, ref+"/edit", lead, http.StatusOK), `.policy-editor input[name="base"]`)[0], "value")
	in.led(t, ref+"/edit", lead, written("base", base, "summary", "How guests come and go.")...)
	doc = in.answered(t, ref+"/edit", owner, http.StatusConflict, written("base", base, "summary", "Visitors, and what they may do.")...)
	if got := text(all(doc, "#f-summary-now")[0]); !strings.Contains(got, "How guests come and go.") || attr(all(doc, "#f-summary")[0], "value") != "Visitors, and what they may do." {
		t.Errorf("the form shows %q as saved now", got)
	}
	// The writer sends it and cannot approve it; an employee does not see it; the owner approves what they read.
	in.led(t, ref+"/send", lead)
	if doc := in.get(t, ref, lead, http.StatusOK); len(all(doc, `a[href$="/approve"]`)) != 0 || !strings.Contains(text(doc), "somebody else approves it") {
		t.Error("the writer is offered to approve")
	}
	in.get(t, ref, employee, http.StatusNotFound)
	in.answered(t, ref+"/approve", lead, http.StatusForbidden)
	old := attr(all(in.get(t, ref+"/approve", owner, http.StatusOK), `input[name="base"]`)[0], "value")
	in.led(t, ref+"/edit", lead, written("summary", "How guests come, go and behave.", "do", "send")...)
	if doc := in.answered(t, ref+"/approve", owner, http.StatusUnprocessableEntity, "base", old); !strings.Contains(text(doc), "changed meanwhile") {
		t.Error("what was changed since was approved")
	}
	in.led(t, ref+"/approve", owner)
	doc = in.get(t, ref+"/read", employee, http.StatusOK)
	if len(all(doc, ".document h1")) != 1 || !strings.Contains(text(doc), "Dana Whitfield") || len(all(doc, ".document .hash")) != 1 {
		t.Error("the reading view lacks who approved, or the hash")
	}
	// An employee sees nothing of what is being written, nor who acknowledged.
	if got := text(in.get(t, "/policies", employee, http.StatusOK)); strings.Contains(got, "Drafts") || strings.Contains(got, "Acknowledged") || strings.Contains(got, "in draft") {
		t.Errorf("the employee's list: %s", got)
	}
	if got := text(in.get(t, "/policies/POL-01", employee, http.StatusOK)); strings.Contains(got, "is being written") || strings.Contains(got, "Acknowledgements") {
		t.Errorf("the employee's policy: %s", got)
	}
	in.get(t, "/policies/POL-01?tab=people", employee, http.StatusNotFound)
	asked := in.askedToAcknowledge(t, strings.TrimPrefix(ref, "/policies/"), 1, "employee@alpha.example")
	if s := text(in.get(t, asked, employee, http.StatusOK)); !strings.Contains(s, "Visitors are met at the door") {
		t.Errorf("what is asked does not show the text: %s", s)
	}
	// A version that was in force is compared with the next; then it is replaced, taken out of force, and retired.
	in.led(t, ref+"/edit", lead, written("body", "## Purpose\n\n"+strings.Repeat("Guests are met at the door and stay with somebody of ours. ", 6), "note", "we call them guests")...)
	doc = in.get(t, ref+"/compare", owner, http.StatusOK)
	if del, ins := all(doc, ".text-diff del"), all(doc, ".text-diff ins"); len(del) == 0 || text(del[0]) != "Visitors" || text(ins[0]) != "Guests" {
		t.Error("the comparison does not mark the word that changed")
	}
	in.answered(t, ref+"/retire", owner, http.StatusUnprocessableEntity, "reason", "nobody visits us any more", "confirm", "no")
	in.led(t, ref+"/drop", lead, "reason", "guests it will not be")
	in.led(t, ref+"/reviewed", owner, "note", "read it with the reception")
	in.led(t, ref+"/withdraw", owner, "reason", "the office is closed for now")
	in.get(t, ref, employee, http.StatusNotFound)
	if got := text(in.answered(t, asked+"/sign", employee, http.StatusUnprocessableEntity)); !strings.Contains(got, "the office is closed for now") {
		t.Errorf("a version that was withdrawn was acknowledged, or nothing says why not: %s", got)
	}
	if got := text(in.get(t, ref+"?tab=people", owner, http.StatusOK)); !strings.Contains(got, "Closed") {
		t.Error("the campaign about what was withdrawn is open")
	}
	in.led(t, ref+"/retire", owner, "reason", "nobody visits us any more", "confirm", strings.TrimPrefix(ref, "/policies/"))
	if got := text(in.get(t, ref+"?tab=versions", owner, http.StatusOK)); !strings.Contains(got, "Retired the policy") || !strings.Contains(got, "nobody visits us any more") {
		t.Error("the history lacks the end")
	}
}

// askedToAcknowledge asks one person to acknowledge a version; where they are asked it.
func (in *installation) askedToAcknowledge(t *testing.T, ref string, version int, email string) string {
	t.Helper()
	ctx, scope := t.Context(), in.app.Access.System(in.org(t), "test")
	who, err := in.app.People.Person(ctx, scope.ReadScope, email)
	if err != nil {
		t.Fatal(err)
	}
	c, err := in.app.Campaigns.Open(ctx, scope, in.now, campaign.New{Kind: campaign.Acknowledge, Subject: ref, Version: version, Audience: campaign.Audience{People: []people.ID{who.ID}}, Due: period.Of(in.now) + 14})
	if err != nil {
		t.Fatal(err)
	}
	duties, err := in.app.Campaigns.Duties(ctx, scope.ReadScope, campaign.DutyFilter{Campaign: c.ID}, paging.Query{})
	if err != nil || len(duties.Rows) != 1 {
		t.Fatalf("%d duties, %v", len(duties.Rows), err)
	}
	return "/duties/" + string(duties.Rows[0].ID)
}

// TestPolicyPaper: the same version is the same file; drafts say that they are.
func TestPolicyPaper(t *testing.T) {
	t.Parallel()
	in := installed(t)
	fetch := func(path string) []byte {
		t.Helper()
		res := in.do("GET", path, in.cookie[access.Owner], nil)
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", path, res.StatusCode, err)
		}
		return b
	}
	first := fetch("/policies/POL-01/policy.pdf")
	if !bytes.HasPrefix(first, []byte("%PDF-")) || !bytes.Equal(first, fetch("/policies/POL-01/policy.pdf")) {
		t.Error("two files of one version differ")
	}
	if bytes.Equal(first, fetch("/policies/POL-01/policy.pdf?version=2")) {
		t.Error("another version is the same file")
	}
	file, problems := policy.ParseFile("code-of-conduct.md", fetch("/policies/POL-01/policy.md"))
	if len(problems) > 0 || file.Owner != "compliance_lead@alpha.example" || file.Slug != "code-of-conduct" {
		t.Errorf("%+v %v", file, problems)
	}
	for _, path := range []string{"/policies/POL-01/policy.pdf", "/policies/POL-01/policy.md", "/policies/export.zip?drafts=yes"} {
		if res := in.do("GET", path, in.other, nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s with hostile texts: %d", path, res.StatusCode)
		}
	}
	if !bytes.Equal(fetch("/policies/export.zip"), fetch("/policies/export.zip")) {
		t.Error("two folders of the same policies differ")
	}
}

// posted sends a folder, or none, and reads the page that answers.
func (in *installation) posted(t *testing.T, cookie, name, body string, pairs ...string) (int, *html.Node) {
	t.Helper()
	fields := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	var files [][2]string
	if name != "" {
		files = append(files, [2]string{name, body})
	}
	res := in.sent(t, "/policies/import", cookie, fields, files...)
	doc, err := html.Parse(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, doc
}

// TestPolicyImport: what a folder would change is shown before anything changes; what is wrong is told by file and line.
func TestPolicyImport(t *testing.T) {
	t.Parallel()
	in := own(t)
	lead := in.cookie[access.ComplianceLead]
	folder := func(files ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i+1 < len(files); i += 2 {
			w, err := z.Create(files[i])
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write([]byte(files[i+1]))
		}
		_ = z.Close()
		return b.String()
	}
	good := "---\nslug: guests\ntitle: Guests\ncontrols: [PHY-01]\n---\n\n## Purpose\n\nGuests <b>sign</b> in.\n"
	for _, c := range []struct{ name, file, want string }{
		{"no.zip", "this is no archive", "no zip archive"},
		{"empty.zip", (folder("notes.txt", "x")), "no Markdown file"},
		{"wrong.zip", (folder("a.md", "---\ntitle: A\nwhat: b\n---\n\nx\n")), `line 3: unknown field "what"`},
		{"twice.zip", (folder("a.md", good, "b.md", good)), "has the short name guests, as a.md has"},
		{"path.zip", (folder("../../etc/a.md", good)), "leads out of the archive"},
		{"latin.zip", (folder("a.md", "---\ntitle: Gr\xfc\xdfe\n---\n\nx\n")), "not UTF-8"},
		{"utf16.zip", (folder("a.md", "\xff\xfe-\x00")), "is UTF-16"},
		{"huge.zip", (folder("a.md", good+strings.Repeat("x", policy.MaxFile))), "larger than 512 KiB"},
		{"front.md", "# Guests\n", "does not begin with ---"},
	} {
		if _, doc := in.posted(t, lead, c.name, c.file); !strings.Contains(text(doc), c.want) || len(all(doc, `input[name="kept"]`)) != 0 {
			t.Errorf("%s: %s", c.name, text(all(doc, "main")[0]))
		}
	}
	before := in.do("GET", "/policies/export.zip?drafts=yes", lead, nil)
	same, err := io.ReadAll(before.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, doc := in.posted(t, lead, "same.zip", string(same)); !strings.Contains(text(doc), "Nothing would change") {
		t.Errorf("what was exported is not the same: %s", text(all(doc, "main")[0]))
	}
	_, doc := in.posted(t, lead, "guests.zip", folder("x/guests.md", good, "README.md", "# no"))
	kept := all(doc, `input[name="kept"]`)
	if len(kept) != 1 {
		t.Fatalf("%s", text(all(doc, "main")[0]))
	}
	if status, doc := in.posted(t, lead, "", "", "step", "import", "name", "guests.zip", "kept", attr(kept[0], "value")+"x"); status != http.StatusUnprocessableEntity {
		t.Errorf("a changed archive was taken: %d %s", status, text(doc))
	}
	if status, _ := in.posted(t, lead, "", "", "step", "import", "name", "guests.zip", "kept", attr(kept[0], "value")); status != http.StatusSeeOther {
		t.Errorf("%d", status)
	}
	if doc := in.get(t, "/policies?q=guests", lead, http.StatusOK); len(all(doc, "tbody tr")) != 1 {
		t.Error("what was imported is not in the list")
	}
	if got := text(all(in.get(t, "/policies/POL-05", lead, http.StatusOK), ".paper")[0]); !strings.Contains(got, "Guests <b>sign</b> in.") {
		t.Errorf("%q", got)
	}
}
