package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/view"
)

// planned answers the interview, decides on it, and makes a paper.
func (in *installation) planned(ctx context.Context, scope access.Scope) error {
	a := applicability.Answers{}
	for _, f := range applicability.Facts() {
		a[f.ID] = applicability.Answer{Value: applicability.No}
	}
	a[applicability.F4] = applicability.Answer{Value: applicability.Yes, Note: "Harlow asks for it."}
	a[applicability.F10] = applicability.Answer{Value: applicability.Yes}
	s := in.app.Applicability
	if _, err := s.Answer(ctx, scope, in.now, 0, a); err != nil {
		return err
	}
	for range 2 {
		c := applicability.Chosen{Reports: []applicability.ReportID{"soc2"}, Type: applicability.Type2, Categories: []catalog.CategoryID{"security"}, From: "2026-01-01", To: "2026-12-31"}
		if _, err := s.Decide(ctx, scope, in.now, 1, c); err != nil {
			return err
		}
	}
	today := period.Of(in.now)
	m, err := view.New(in.app.DB, in.app.Catalog).Meets(ctx, scope.ReadScope, matrix.Scope{Framework: catalog.TSC, Categories: []string{"security"}, Period: period.Period{From: today - 60, To: today}, Full: true}, in.now)
	if err != nil {
		return err
	}
	_, err = in.app.Matrix.Keep(ctx, scope, in.now, "Dana of Alpha", m)
	return err
}

// TestPlanning changes one installation, step by step.
func TestPlanning(t *testing.T) {
	t.Parallel()
	in := own(t)
	t.Run("stale", in.interviewStale)
	t.Run("interview", in.interview)
	t.Run("refused", in.interviewRefused)
	t.Run("paper", in.paper)
}

// interview: somebody answers page by page, decides otherwise with a reason, and finds the decision as it was.
func (in *installation) interview(t *testing.T) {
	cookie := in.cookie[access.Owner]
	for _, g := range applicability.Groups() {
		form := in.formOf(t, "/interview/"+g.ID, "/interview/"+g.ID, cookie)
		for _, id := range g.Facts {
			form.Set(string(id), "no")
		}
		if g.ID == "promises" {
			form = with(form, "F5", "yes", "F5-named", evil, "F5a", "yes", "F5a-named", "99.9 % a month", "F5b", "unknown", "F5-note", "ask \u202elegal\u202c 🔒")
		}
		if g.ID == "time" {
			form.Set("F10", "yes")
		}
		if res := in.do("POST", "/interview/"+g.ID, cookie, form); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d", g.ID, res.StatusCode)
		}
	}
	doc := in.get(t, "/which-report/review", cookie, http.StatusOK)
	sane(t, "/which-report/review", doc)
	for _, want := range []string{"Ask first", "Ask counsel", "99.9 % a month", evil} {
		if !strings.Contains(text(doc), want) {
			t.Errorf("the review does not say %q", want)
		}
	}
	form := in.formOf(t, "/which-report/decide", "/which-report/decide", cookie)
	form = with(form, "r-soc2", "on", "type", "type2", "c-security", "on", "from", "2026-01-01", "to", "2026-02-01")
	res := in.do("POST", "/which-report/decide", cookie, form)
	refused := parse(t, res)
	if res.StatusCode != http.StatusUnprocessableEntity || len(all(refused, "#f-reason-err")) != 1 || len(all(refused, "input[name=c-security][checked]")) != 1 || len(all(refused, "input[name=c-availability][checked]")) != 0 {
		t.Errorf("a departure without a reason: %d", res.StatusCode)
	}
	res = in.do("POST", "/which-report/decide", cookie, with(in.formOf(t, "/which-report/decide", "/which-report/decide", cookie), "r-soc2", "on", "type", "type2", "c-security", "on", "from", "2026-01-01", "to", "2026-02-01", "reason", "Availability comes next year. "+evil))
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/which-report/RD-") {
		t.Fatalf("%d to %q", res.StatusCode, at)
	}
	doc = in.get(t, at, cookie, http.StatusOK)
	sane(t, at, doc)
	for _, want := range []string{"In force", "1 departure", "R12", "very short", "tickmark audit new --categories security --from 2026-01-01 --to 2026-02-01", evil} {
		if !strings.Contains(text(doc), want) {
			t.Errorf("the decision does not say %q", want)
		}
	}
	if body := read(t, in.do("GET", at+"/decision.pdf", cookie, nil)); !strings.HasPrefix(body, "%PDF-") {
		t.Errorf("decision.pdf begins with %.10q", body)
	}
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", res.StatusCode, err)
	}
	return string(b)
}

// valueOf is what a field of a page holds.
func valueOf(doc *html.Node, name string) string {
	for _, n := range all(doc, `textarea[name="`+name+`"]`) {
		return strings.TrimPrefix(text(n), "\n")
	}
	for _, n := range all(doc, `input[name="`+name+`"]`) {
		return attr(n, "value")
	}
	return ""
}

// interviewRefused goes through what the forms do not take: what was written stays in them.
func (in *installation) interviewRefused(t *testing.T) {
	cookie := in.cookie[access.Owner]
	long := strings.Repeat("ü", applicability.MaxReason+1)
	for _, x := range []struct {
		path, field, value, at string
		more                   []string
	}{
		{"/interview/promises", "F5", "maybe", "F5", nil},
		{"/interview/promises", "F5-note", long, "F5-note", []string{"F5", "yes"}},
		{"/interview/promises", "F5-named", long, "F5-named", []string{"F5", "yes"}},
		{"/which-report/decide", "reason", long, "reason", []string{"r-soc2", "on", "c-security", "on", "type", "type2"}},
		{"/which-report/decide", "from", "soon", "from", []string{"to", "2026-12-31", "r-soc2", "on", "c-security", "on", "type", "type2", "reason", "x"}},
		{"/which-report/decide", "to", "2025-12-31", "to", []string{"from", "2026-01-01", "r-soc2", "on", "c-security", "on", "type", "type2", "reason", "x"}},
		{"/frameworks/meets/new", "from", "soon", "from", []string{"framework", catalog.TSC, "engagement", "free", "c-security", "on", "to", "2026-12-31"}},
		{"/frameworks/meets/new", "to", "2025-12-31", "to", []string{"framework", catalog.TSC, "engagement", "free", "c-security", "on", "from", "2026-01-01"}},
		{"/frameworks/meets/new", "to", "2126-01-01", "to", []string{"framework", catalog.TSC, "engagement", "free", "c-security", "on", "from", "2026-01-01"}},
		{"/frameworks/meets/new", "engagement", "nothing", "engagement", []string{"framework", catalog.TSC, "c-security", "on"}},
		{"/frameworks/meets/new", "framework", "iso9001", "framework", []string{"engagement", "free", "from", "2026-01-01", "to", "2026-02-01"}},
	} {
		form := with(with(in.formOf(t, x.path, x.path, cookie), x.more...), x.field, x.value)
		res := in.do("POST", x.path, cookie, form)
		doc := parse(t, res)
		if res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s with %s=%.20q: %d", x.path, x.field, x.value, res.StatusCode)
			continue
		}
		if x.at != "F5" && len(all(doc, "#f-"+x.at+"-err")) != 1 { // a group of choices has its error below
			t.Errorf("%s with %s=%.20q: nothing is said at %s", x.path, x.field, x.value, x.at)
		}
		if s := valueOf(doc, x.field); x.field != "F5" && x.field != "framework" && x.field != "engagement" && s != x.value {
			t.Errorf("%s: %s became %.20q", x.path, x.field, s)
		}
	}
	form := with(in.formOf(t, "/frameworks/meets/new", "/frameworks/meets/new", cookie), "framework", catalog.TSC, "engagement", "free", "from", "2026-01-01", "to", "2026-02-01")
	if res := in.do("POST", "/frameworks/meets/new", cookie, form); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(parse(t, res)), "at least one category") {
		t.Errorf("no category: %d", res.StatusCode)
	}
}

// interviewStale: two people answer on the same page; the second sees both answers, and may overwrite.
func (in *installation) interviewStale(t *testing.T) {
	cookie := in.cookie[access.Owner]
	first, second := in.formOf(t, "/interview/time", "/interview/time", cookie), in.formOf(t, "/interview/time", "/interview/time", cookie)
	if res := in.do("POST", "/interview/time", cookie, with(first, "F10", "no", "F10-note", "since March only")); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode)
	}
	res := in.do("POST", "/interview/time", cookie, with(second, "F10", "yes", "F10-note", "for years"))
	doc := parse(t, res)
	if res.StatusCode != http.StatusConflict || !strings.Contains(text(doc), "since March only") || valueOf(doc, "F10-note") != "for years" {
		t.Errorf("%d", res.StatusCode)
	}
	again := with(second, "base", attr(all(doc, `form[action="/interview/time"] input[name=base]`)[0], "value"), "once", attr(all(doc, `form[action="/interview/time"] input[name=once]`)[0], "value"), "F10", "yes", "F10-note", "for years")
	if res := in.do("POST", "/interview/time", cookie, again); res.StatusCode != http.StatusSeeOther {
		t.Errorf("knowingly: %d", res.StatusCode)
	}
	if s := valueOf(in.get(t, "/interview/time", cookie, http.StatusOK), "F10-note"); s != "for years" {
		t.Errorf("%q", s)
	}
}

// paper is made from the form, and each of its files is what it says, the same each time.
func (in *installation) paper(t *testing.T) {
	cookie := in.cookie[access.Owner]
	form := in.formOf(t, "/frameworks/meets/new", "/frameworks/meets/new", cookie)
	today := period.Of(in.now)
	res := in.do("POST", "/frameworks/meets/new", cookie, with(form, "framework", catalog.TSC, "engagement", "free", "from", (today-60).String(), "to", (today-1).String(), "c-security", "on", "detail", "full"))
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/frameworks/meets/CM-") {
		t.Fatalf("%d to %q", res.StatusCode, at)
	}
	for _, tab := range []string{"", "?tab=controls", "?tab=tests", "?tab=evidence"} {
		doc := in.get(t, at+tab, cookie, http.StatusOK)
		sane(t, at+tab, doc)
		if s := text(doc); !strings.Contains(s, "no opinion is given or implied") || strings.Contains(strings.ToLower(s), "certified") {
			t.Errorf("%s does not say what it is", at+tab)
		}
	}
	in.get(t, at+"?tab=other", cookie, http.StatusNotFound)
	in.get(t, at+"/matrix.exe", cookie, http.StatusNotFound)
	for file, begin := range map[string]string{"matrix.pdf": "%PDF-", "matrix.docx": "PK\x03\x04", "matrix.xlsx": "PK\x03\x04", "matrix.json": `{"controls":[`} {
		body := read(t, in.do("GET", at+"/"+file, cookie, nil))
		if !strings.HasPrefix(body, begin) {
			t.Errorf("%s begins with %.10q", file, body)
		}
		if again := read(t, in.do("GET", at+"/"+file, cookie, nil)); again != body {
			t.Errorf("%s is another file the second time", file)
		}
		switch file {
		case "matrix.docx":
			z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
			if err != nil || len(z.File) < 10 {
				t.Errorf("%v", err)
			}
		case "matrix.xlsx":
			f, err := excelize.OpenReader(strings.NewReader(body))
			if err != nil || strings.Join(f.GetSheetList(), " ") != "Criteria Controls Tests Evidence About" {
				t.Fatalf("%v", err)
			}
			rows, err := f.GetRows("Criteria")
			if err != nil || len(rows) < 34 {
				t.Errorf("%d rows, %v", len(rows), err)
			}
		}
	}
}

// TestCrosswalk: both directions, filters, and the file hold the pairs of the catalogue.
func TestCrosswalk(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.Reader]
	for path, want := range map[string]string{
		"/crosswalk": "320 pairs", "/crosswalk?order=annex": "320 pairs", "/crosswalk?strength=strong": "71 pairs", "/crosswalk?category=privacy": "pairs", "/crosswalk?q=A.5.10": "pairs", "/crosswalk?apart=yes": "pairs",
	} {
		doc := in.get(t, path, cookie, http.StatusOK)
		sane(t, path, doc)
		if !strings.Contains(text(doc), want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if n := strings.Count(read(t, in.do("GET", "/crosswalk?as=csv", cookie, nil)), "\r\n"); n != 321 {
		t.Errorf("the file has %d lines", n)
	}
}
