package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/framework"
)

// oscal is a catalog with four requirements in two families; the texts are all title.
func oscal(title, edition string, codes ...string) string {
	var controls []map[string]any
	for _, c := range codes {
		x := map[string]any{"id": c, "title": title, "parts": []any{map[string]any{"name": "statement", "prose": title}}, "props": []any{map[string]any{"name": "label", "value": strings.ToUpper(c)}}}
		if strings.HasSuffix(c, "9") {
			x["props"] = append(x["props"].([]any), map[string]any{"name": "status", "value": "withdrawn"})
		}
		controls = append(controls, x)
	}
	body, _ := json.Marshal(map[string]any{"catalog": map[string]any{
		"uuid":     "5c3a4a4e-53a1-4f7e-9d0e-3f6a5f3e2b10",
		"metadata": map[string]any{"title": title, "version": edition, "last-modified": "2026-02-01T00:00:00Z", "oscal-version": "1.1.3"},
		"groups":   []any{map[string]any{"id": "aa", "title": title, "controls": controls[:2]}, map[string]any{"id": "bb", "title": "Others", "controls": controls[2:]}},
	}})
	return string(body)
}

// frameworks imports a framework and its newer version, in which a requirement that was mapped is gone.
func (in *installation) frameworks(ctx context.Context, scope access.Scope, title string) error {
	s := in.app.Frameworks
	f, _, err := s.Import(ctx, scope, in.now, "", title+".json", []byte(oscal(title, "1", "aa-1", "aa-2", "bb-1", "bb-9")))
	if err != nil {
		return err
	}
	for _, code := range []string{"aa-1", "bb-1"} {
		if _, err := s.Map(ctx, scope, in.now, f.Ref, code, "IAM-01", framework.ByHand); err != nil {
			return err
		}
	}
	_, _, err = s.Import(ctx, scope, in.now, f.Ref, title+".json", []byte(oscal(title, "2", "aa-1", "aa-2", "bb-9")))
	return err
}

func TestImportedFrameworks(t *testing.T) {
	t.Parallel()
	in := installed(t)
	cookie := in.cookie[access.ComplianceLead]
	for _, c := range []struct{ of, body, says string }{
		{"", "", "Choose a file"}, {"", "<catalog/>", "is XML"}, {"", `{"profile":{}}`, "not a catalog"}, {"", oscal("Of the form", "1", "x-1", "x-2", "x-2"), "two controls"},
	} {
		var files [][2]string
		if c.body != "" {
			files = append(files, [2]string{"of-the-form.json", c.body})
		}
		res := in.sent(t, "/frameworks/import", cookie, url.Values{"of": {c.of}}, files...)
		if doc := parse(t, res); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(doc), c.says) {
			t.Errorf("%s: %d", c.says, res.StatusCode)
		}
	}
	if res := in.sent(t, "/frameworks/import", cookie, url.Values{"of": {"FW-77"}}, [2]string{"x.json", oscal("Of the form", "1", "x-1", "x-2", "x-3")}); res.StatusCode != http.StatusNotFound {
		t.Errorf("%d", res.StatusCode)
	}
	res := in.sent(t, "/frameworks/import", cookie, url.Values{"of": {""}}, [2]string{"of-the-form.json", oscal("Of the form", "1", "x-1", "x-2", "x-3", "x-9")})
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/frameworks/own/FW-") {
		t.Fatalf("%d, %s", res.StatusCode, at)
	}
	if s := text(in.get(t, "/frameworks", cookie, http.StatusOK)); !strings.Contains(s, "Of the form") {
		t.Error("the list does not show it")
	}
	if s := text(in.get(t, at, cookie, http.StatusOK)); !strings.Contains(s, "0 of 3 requirements have a control") {
		t.Error("its page does not count")
	}
	one := at + "/requirements/x-1"
	if res := in.send(t, one+"/map", cookie, url.Values{"control": {"ZZZ-99"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, one+"/map", cookie, url.Values{"control": {"IAM-02"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if n := len(all(in.get(t, at+"?only=mapped", cookie, http.StatusOK), "#rows tbody tr")); n != 1 {
		t.Errorf("%d rows are mapped", n)
	}
	if res := in.do("GET", at+"?as=csv", cookie, nil); res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Content-Type"), "csv") {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.do("GET", at+"/catalog.json", cookie, nil); res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%d, %v", res.StatusCode, res.Header)
	}
	if res := in.send(t, one+"/map", in.cookie[access.Employee], url.Values{"control": {"IAM-03"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("an employee maps: %d", res.StatusCode)
	}
	ref := strings.TrimPrefix(at, "/frameworks/own/")
	res = in.sent(t, "/frameworks/import", cookie, url.Values{"of": {ref}}, [2]string{"of-the-form-2.json", oscal("Of the form", "2", "x-2", "x-3", "x-4")})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != at+"/history" {
		t.Errorf("%d, %s", res.StatusCode, res.Header.Get("Location"))
	}
	if s := text(in.get(t, at+"/history", cookie, http.StatusOK)); !strings.Contains(s, "1 added, 2 removed, 1 changed") || !strings.Contains(s, "1 control was mapped to it") {
		t.Errorf("%s", s)
	}
	if s := text(in.get(t, one, cookie, http.StatusOK)); !strings.Contains(s, "Vanished") {
		t.Error("what vanished does not say so")
	}
	if res := in.send(t, one+"/unmap", cookie, url.Values{"control": {"IAM-02"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if res := in.send(t, at+"/remove", cookie, url.Values{"confirm": {"FW-0"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", res.StatusCode)
	}
	in.get(t, at, cookie, http.StatusOK) // other tests follow links to it: that it can be removed is tested with the service
}

// TestReportByImported: a dossier that was frozen after an import offers the report by the families of what was imported.
func TestReportByImported(t *testing.T) {
	t.Parallel()
	in := installed(t)
	scope := in.operator(t)
	fw, err := in.app.Engagement.Families(t.Context(), scope.ReadScope, []string{"IAM-01"})
	if err != nil || len(fw) == 0 || fw[0].ID != "FW-1" || len(fw[0].Families) != 2 || len(fw[0].Families[0].Controls) != 1 || len(fw[0].Families[1].Controls) != 0 {
		t.Errorf("%+v, %v", fw, err)
	}
}
