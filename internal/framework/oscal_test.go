package framework_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/klauspost/compress/zstd"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// doc is a small catalog of our own: two families, an enhancement, a withdrawn control, parameters of every kind.
const doc = `{"catalog": {
  "uuid": "5c3a4a4e-53a1-4f7e-9d0e-3f6a5f3e2b10",
  "metadata": {"title": "Northwind baseline", "published": "2026-02-01T00:00:00Z", "last-modified": "2026-02-01T00:00:00Z", "version": "1.0", "oscal-version": "1.1.3"},
  "groups": [
    {"id": "ac", "class": "family", "title": "Access", "controls": [
      {"id": "ac-1", "title": "Accounts",
       "params": [
         {"id": "ac-1_p1", "label": "a number of days"}, {"id": "ac-1_p2", "values": ["30 days"]},
         {"id": "ac-1_p3", "select": {"how-many": "one-or-more", "choice": ["locked", "removed after {{ insert: param, ac-1_p2 }}"]}}, {"id": "ac-1_p4"}],
       "props": [{"name": "label", "value": "AC-01", "class": "zero-padded"}, {"name": "label", "value": "AC-1"}, {"name": "implemented-by", "value": "iam-01"}],
       "links": [{"href": "#IAM-02", "rel": "implemented-by"}, {"href": "#ac-2", "rel": "related"}],
       "parts": [
         {"name": "statement", "prose": "Accounts are:", "parts": [
           {"name": "item", "props": [{"name": "label", "value": "a."}], "prose": "looked at every {{ insert: param, ac-1_p1 }};"},
           {"name": "item", "props": [{"name": "label", "value": "b."}], "prose": "{{ insert: param, ac-1_p3 }} {{insert: param, ac-1_p4}} {{ insert: param, nothing }}."}]},
         {"name": "guidance", "prose": "Not a part of what is asked for."}],
       "controls": [{"id": "ac-1.1", "title": "By machine", "props": [{"name": "label", "value": "AC-1(1)"}]}]},
      {"id": "ac-2", "title": "Old", "props": [{"name": "label", "value": "AC-2"}, {"name": "status", "value": "Withdrawn"}], "links": [{"href": "#ac-1", "rel": "incorporated-into"}]}]},
    {"title": "Response", "groups": [{"id": "ir.a", "title": "Plans", "controls": [{"id": "ir-1", "title": "Plan"}]}]}
  ]}}`

// with changes the document in one place.
func with(t testing.TB, old, next string) []byte {
	t.Helper()
	if strings.Count(doc, old) != 1 {
		t.Fatalf("%q stands %d times", old, strings.Count(doc, old))
	}
	return []byte(strings.Replace(doc, old, next, 1))
}

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := framework.Parse("northwind.json", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if c.Title != "Northwind baseline" || c.Edition != "1.0" || c.Published != "2026-02-01" || c.OSCAL != "1.1.3" {
		t.Errorf("%+v", c)
	}
	if len(c.Families) != 2 || c.Families[0] != (framework.Family{ID: "ac", Title: "Access"}) || c.Families[1] != (framework.Family{ID: "ir.a", Title: "Response: Plans"}) {
		t.Errorf("%+v", c.Families)
	}
	if len(c.Requirements) != 4 {
		t.Fatalf("%+v", c.Requirements)
	}
	q := c.Requirements[0]
	want := "Accounts are:\na. looked at every [Assignment: a number of days];\nb. [Selection (one or more): locked; removed after 30 days] [ac-1_p4] [nothing]."
	if q.Label != "AC-1" || q.Statement != want || strings.Join(q.Controls, " ") != "iam-01 IAM-02" {
		t.Errorf("%+v", q)
	}
	if e := c.Requirements[1]; e.Parent != "ac-1" || e.Label != "AC-1(1)" || e.Family != "ac" || e.Withdrawn {
		t.Errorf("%+v", e)
	}
	if w := c.Requirements[2]; !w.Withdrawn || strings.Join(w.Became, " ") != "ac-1" {
		t.Errorf("%+v", w)
	}
	if r := c.Requirements[3]; r.Label != "ir-1" || r.Statement != "" {
		t.Errorf("%+v", r)
	}
}

// TestRefused: what is no catalog is refused with a reason that names the place and what to do.
func TestRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"title":"g","groups":[`, 14) + `{"title":"g","controls":[{"id":"x","title":"x"}]}` + strings.Repeat(`]}`, 14)
	for name, c := range map[string]struct {
		body []byte
		says string
		kind errs.Kind
	}{
		"empty":              {nil, "is empty", errs.Invalid},
		"blanks":             {[]byte(" \n"), "is empty", errs.Invalid},
		"xml":                {[]byte("\ufeff<?xml version='1.0'?><catalog/>"), "is XML", errs.Invalid},
		"yaml":               {[]byte("catalog:\n  uuid: x"), "is YAML", errs.Invalid},
		"packed":             {[]byte("PK\x03\x04"), "is an archive", errs.Invalid},
		"a list":             {[]byte("[1]"), "JSON object", errs.Invalid},
		"latin":              {[]byte("{\"catalog\": \"\xe9\"}"), "not UTF-8", errs.Invalid},
		"huge":               {bytes.Repeat([]byte(" "), framework.MaxBytes+1), "is empty", errs.Invalid},
		"huge json":          {append([]byte("{"), bytes.Repeat([]byte(" "), framework.MaxBytes)...), "larger than 32 MiB", errs.Exhausted},
		"cut off":            {[]byte(doc[:len(doc)/2]), "ends in the middle", errs.Invalid},
		"cut off at the end": {[]byte(doc[:len(doc)-1]), "ends in the middle", errs.Invalid},
		"no json":            {with(t, `"title": "Accounts",`, `"title": "Accounts"`), "in line", errs.Invalid},
		"two documents":      {[]byte(doc + doc), "is no JSON", errs.Invalid},
		"another thing":      {[]byte(`{"name": "Northwind"}`), `no "catalog"`, errs.Invalid},
		"a profile":          {[]byte(`{"profile": {}}`), "an OSCAL profile, not a catalog", errs.Invalid},
		"a plan":             {[]byte(`{"system-security-plan": {}}`), "system security plan", errs.Invalid},
		"no version":         {with(t, `, "oscal-version": "1.1.3"`, ""), "which version of OSCAL", errs.Invalid},
		"another version":    {with(t, `"1.1.3"`, `"2.0.0"`), "OSCAL 2.0.0", errs.Invalid},
		"no uuid":            {with(t, `"uuid": "5c3a4a4e-53a1-4f7e-9d0e-3f6a5f3e2b10",`, ""), "/catalog lacks uuid", errs.Invalid},
		"a wrong uuid":       {with(t, `"5c3a4a4e`, `"5c3a4a4`), "/catalog/uuid is", errs.Invalid},
		"more than there is": {with(t, `"class": "family"`, `"klass": "family"`), "/catalog/groups/0 has what a catalog does not: klass", errs.Invalid},
		"a wrong type":       {with(t, `"title": "By machine"`, `"title": 7`), "/catalog/groups/0/controls/0/controls/0/title is a number", errs.Invalid},
		"no title":           {with(t, `"title": "By machine", `, ""), "lacks title", errs.Invalid},
		"a blank title":      {with(t, `"By machine"`, `" "`), "the title of ac-1.1 is missing", errs.Invalid},
		"a long title":       {with(t, `"By machine"`, `"`+strings.Repeat("x", 501)+`"`), "501 characters", errs.Invalid},
		"an empty list":      {with(t, `[{"id": "ir-1", "title": "Plan"}]`, `[]`), "empty list", errs.Invalid},
		"an id with a blank": {with(t, `"ir-1"`, `"ir 1"`), "not of the form", errs.Invalid},
		"the same id twice":  {with(t, `"ir-1"`, `"AC-1"`), `two controls "AC-1"`, errs.Invalid},
		"a group twice":      {with(t, `"ir.a"`, `"ac"`), `two groups "ac"`, errs.Invalid},
		"no control":         {[]byte(`{"catalog":{"uuid":"5c3a4a4e-53a1-4f7e-9d0e-3f6a5f3e2b10","metadata":{"title":"x","last-modified":"2026-02-01T00:00:00Z","version":"1","oscal-version":"1.1.2"}}}`), "has no control", errs.Invalid},
		"deep":               {with(t, `{"title": "Response", "groups": [`, deep+`,{"title": "Response", "groups": [`), "more than 12 deep", errs.Invalid},
		"deeper":             {[]byte(`{"catalog":{"metadata":{"oscal-version":"1.1.3","remarks":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}}}`), "nested too deep", errs.Invalid},
		"too deep to read":   {[]byte(`{"catalog":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`), "is no JSON", errs.Invalid},
	} {
		_, err := framework.Parse("x.json", c.body)
		if !errs.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || errs.FieldOf(err) != "file" {
			t.Errorf("%s: %v (%s)", name, err, errs.FieldOf(err))
		}
	}
	many := strings.Repeat(`{"id": "x 1", "title": "x"},`, 30)
	if _, err := framework.Parse("x.json", with(t, `{"id": "ir-1", "title": "Plan"}`, many+`{"id": "ir-1", "title": "Plan"}`)); err == nil || !strings.Contains(err.Error(), "and 22 more") {
		t.Errorf("%v", err)
	}
}

// TestHostile: text is text; control characters go, and choices that name each other come to an end.
func TestHostile(t *testing.T) {
	t.Parallel()
	c, err := framework.Parse("x.json", with(t, `"title": "By machine"`, `"title": "<script>alert(1)</script>\u0000\u001b[31m", "parts": [{"name": "statement", "prose": "a\u0000b {{ {{ insert: param, }} }}"}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{c.Requirements[1].Title, c.Requirements[1].Statement} {
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
			t.Errorf("%q", s)
		}
	}
	loop := `{"id": "ac-1_p1", "select": {"choice": [` + strings.Repeat(`"{{ insert: param, ac-1_p1 }}",`, 200) + `"x"]}}`
	c, err = framework.Parse("x.json", with(t, `{"id": "ac-1_p1", "label": "a number of days"}`, loop))
	if err != nil || len(c.Requirements[0].Statement) > 9000 {
		t.Errorf("%d, %v", len(c.Requirements[0].Statement), err)
	}
}

// shared gives a file of the public data, unpacked, which lies beside the repository and not in it.
func shared(tb testing.TB, name string) []byte {
	tb.Helper()
	dir := os.Getenv("TICKMARK_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	body, err := os.ReadFile(filepath.Join(dir, "oscal", name))
	if err != nil {
		tb.Skipf("the public data is not here: no oscal/%s; TICKMARK_SHARED_DATA says where it is", name)
	}
	if !strings.HasSuffix(name, ".zst") {
		return body
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer dec.Close()
	body, err = dec.DecodeAll(body, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

const low = "NIST_SP-800-53_rev5_LOW-baseline-resolved-profile_catalog.json.zst"

// TestPublic reads NIST SP 800-53, revision 5, the baseline for low impact, which has 149 controls in 18 families.
func TestPublic(t *testing.T) {
	t.Parallel()
	c, err := framework.Parse("low.json", shared(t, low))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Requirements) != 149 || len(c.Families) != 18 || c.OSCAL != "1.1.2" {
		t.Errorf("%d requirements, %d families, OSCAL %s", len(c.Requirements), len(c.Families), c.OSCAL)
	}
	for _, q := range c.Requirements {
		if q.Statement == "" && !q.Withdrawn || strings.Contains(q.Statement, "{{") {
			t.Errorf("%s: %q", q.Code, q.Statement)
		}
	}
	at := map[string]framework.Requirement{}
	for _, q := range c.Requirements {
		at[q.Label] = q
	}
	if q := at["AC-2"]; q.Code != "ac-2" || q.Title != "Account Management" || !strings.Contains(q.Statement, "[Assignment: personnel or roles]") || !strings.Contains(q.Statement, "a. Define and document") || !strings.Contains(q.Statement, "\n  1. Authorized users") {
		t.Errorf("%+v", q)
	}
}

// TestSchemas: our schema and NIST's agree about documents, whole ones and such with a fault.
func TestSchemas(t *testing.T) {
	t.Parallel()
	nist, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared(t, "oscal_1.1.3_complete_schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("nist.json", nist); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("nist.json")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string][]byte{"whole": []byte(doc), "low": shared(t, low)}
	for name, x := range map[string][2]string{
		"no title": {`"title": "By machine", `, ""}, "unknown": {`"class": "family"`, `"klass": "family"`}, "type": {`"title": "By machine"`, `"title": 7`},
		"empty": {`[{"id": "ir-1", "title": "Plan"}]`, `[]`}, "token": {`"ir-1"`, `"ir 1"`}, "uuid": {`"5c3a4a4e`, `"5c3a4a4`}, "choice": {`"one-or-more"`, `"many"`},
		"a param without id": {`{"id": "ac-1_p4"}`, `{"label": "x"}`}, "a part without name": {`{"name": "guidance", `, `{`}, "a prop without value": {`{"name": "implemented-by", "value": "iam-01"}`, `{"name": "implemented-by"}`},
		"a link without href": {`{"href": "#ac-2", "rel": "related"}`, `{"rel": "related"}`}, "no version": {`"version": "1.0", `, ""}, "day": {`"published": "2026-02-01T00:00:00Z"`, `"published": "2026-02-01"`},
		"values": {`["30 days"]`, `[]`}, "a guideline": {`{"id": "ac-1_p4"}`, `{"id": "ac-1_p4", "guidelines": [{"prose": "x"}]}`},
	} {
		docs[name] = with(t, x[0], x[1])
	}
	good := 0
	for name, body := range docs {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		theirs := s.Validate(v)
		_, ours := framework.Parse("x.json", body)
		if (theirs == nil) != (ours == nil) {
			t.Errorf("%s: NIST says %.300v, we say %v", name, theirs, ours)
		}
		if theirs == nil {
			good++
		}
	}
	if good != 3 {
		t.Errorf("%d documents are good", good)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(doc))
	f.Add([]byte(doc[:400]))
	f.Add([]byte(`{"catalog":{"metadata":{"oscal-version":"1.1.3"}}}`))
	f.Add([]byte(`{"profile":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := framework.Parse("x.json", body)
		if err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.Exhausted {
				t.Fatalf("%v: %v", k, err)
			}
			return
		}
		if !json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))) || len(c.Requirements) == 0 || c.Title == "" {
			t.Fatalf("%+v of %q", c, body)
		}
		codes, families := map[string]bool{}, map[string]bool{}
		for _, y := range c.Families {
			families[y.ID] = true
		}
		for _, q := range c.Requirements {
			if codes[q.Code] || !families[q.Family] || q.Title == "" || q.Label == "" || strings.ContainsRune(q.Statement, 0) || q.Parent != "" && !codes[q.Parent] {
				t.Fatalf("%+v", q)
			}
			codes[q.Code] = true
		}
	})
}
