package oscal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/oscal"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// schema is NIST's, which the project does not ship: the folder is named by TICKMARK_OSCAL or lies beside the repository.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir := os.Getenv("TICKMARK_OSCAL")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data", "oscal")
	}
	name := filepath.Join(dir, "oscal_1.1.3_complete_schema.json")
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no schema of OSCAL to hold the documents against: set TICKMARK_OSCAL to a folder with %s", filepath.Base(name))
	}
	s, err := jsonschema.NewCompiler().Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// unlike is a dossier without people, data or tests, whose names are not the language's.
func unlike() *engagement.Dossier {
	d := reporttest.Small()
	d.Tests, d.System.Components, d.Engagement.ID, d.System.Overview = nil, nil, "", ""
	d.Controls[0].Ref, d.Criteria[0].ID, d.Criteria[1].ID = "1 weird/ref", "6.1", "6/1"
	d.Criteria[0].Controls, d.Criteria[1].Controls = []string{"1 weird/ref"}, []string{"1 weird/ref"}
	return d
}

// TestDocuments: the documents hold against NIST's schema, identifiers are there once and every reference leads to one, what
// is not known to be good is not satisfied, and the same dossier gives the same bytes.
func TestDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		d    *engagement.Dossier
		want int
	}{"soc2": {reporttest.Northwind(), 6}, "soc1": {reporttest.Complete(reporttest.Payroll()), 6}, "type1": {reporttest.Dated(), 3}, "hostile": {reporttest.Hostile(), 6}, "unlike": {unlike(), 5}} {
		files, err := oscal.Documents(c.d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(files) != c.want {
			t.Errorf("%s: %d documents", name, len(files))
		}
		again, err := oscal.Documents(c.d)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for i, f := range files {
			if !bytes.Equal(f.JSON, again[i].JSON) {
				t.Errorf("%s: %s is not the same twice", name, f.Name)
			}
			all.Write(f.JSON)
		}
		references(t, name, all.String())
		var a, b bytes.Buffer
		if oscal.Render(&a, c.d) != nil || oscal.Render(&b, c.d) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two archives of the same dossier", name)
		}
	}
	if _, err := oscal.Documents(reporttest.General()); err == nil {
		t.Error("a SOC 3 is written with its controls")
	}
	if _, err := oscal.Documents(reporttest.Empty()); err == nil {
		t.Error("nothing is written as something")
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, d := range map[string]*engagement.Dossier{"soc2": reporttest.Northwind(), "soc1": reporttest.Complete(reporttest.Payroll()), "type1": reporttest.Dated(), "hostile": reporttest.Hostile(), "unlike": unlike()} {
		files, err := oscal.Documents(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range files {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.JSON))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(v); err != nil {
				t.Errorf("%s, %s: %.2000v", name, f.Name, err)
			}
		}
	}
}

var (
	identifier = regexp.MustCompile(`"uuid": "([0-9a-f-]{36})"`)
	reference  = regexp.MustCompile(`"(?:observation|risk|activity|actor|component|finding)-uuid": "([0-9a-f-]{36})"`)
)

// references: an identifier is one thing; a document may repeat a thing of another.
func references(t *testing.T, name, text string) {
	ids := map[string]bool{}
	for _, m := range identifier.FindAllStringSubmatch(text, -1) {
		ids[m[1]] = true
	}
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		if !ids[m[1]] {
			t.Errorf("%s: a reference leads nowhere: %s", name, m[0])
		}
	}
}

// TestSatisfied: a finding is satisfied only where every test gave an answer for everything and found no deviation.
func TestSatisfied(t *testing.T) {
	t.Parallel()
	d := reporttest.Payroll()
	files, err := oscal.Documents(d)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Results struct {
			Results []struct {
				Findings []struct {
					Title, Description string
					Target             struct {
						Status struct{ State, Reason string }
					}
				}
				Observations []struct{ Types []string }
			}
		} `json:"assessment-results"`
	}
	if err := json.Unmarshal(files[4].JSON, &doc); err != nil {
		t.Fatal(err)
	}
	words := map[string]report.Finding{}
	for _, f := range report.Findings(d) {
		words[f.Control.Ref+" for "+f.Requirement] = f
	}
	r := doc.Results.Results[0]
	states := map[string]int{}
	for _, f := range r.Findings {
		states[f.Target.Status.State]++
		good := !strings.Contains(f.Description, "deviation in") && !strings.Contains(f.Description, "deviations in") && !strings.Contains(f.Description, "Not concluded") && !strings.Contains(f.Description, "No full answer") && !strings.Contains(f.Description, "days not tested")
		if (f.Target.Status.State == "satisfied") != good {
			t.Errorf("%s: %s, but %q", f.Title, f.Target.Status.State, f.Description)
		}
	}
	if len(r.Findings) != len(words) || states["satisfied"] == 0 || states["not-satisfied"] < 3 {
		t.Errorf("%d findings of %d: %v", len(r.Findings), len(words), states)
	}
	want := 0
	for _, x := range d.Tests {
		want += 1 + len(x.Deviations) + len(x.Unknowns)
	}
	for _, w := range d.Work {
		want += 1 + len(w.Deviations)
	}
	if len(r.Observations) != want {
		t.Errorf("%d observations, want %d", len(r.Observations), want)
	}
}
