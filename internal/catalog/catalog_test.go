package catalog_test

import (
	"slices"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func load(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCounts repeats the counts of the domain brief, independently of the ones the loader keeps.
func TestCounts(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		what string
		got  int
		want int
	}{
		{"frameworks", len(c.Frameworks()), 6},
		{"categories", len(c.Categories()), 5},
		{"criteria", len(c.Criteria()), 61},
		{"series", len(c.Series()), 9 + 1 + 1 + 1 + 8},
		{"description criteria", len(c.DescriptionCriteria()), 9},
		{"objectives", len(c.Objectives()), 43},
		{"processes", len(c.Processes()), 8},
		{"data checks", len(c.DataChecks()), 28},
		{"annex A", len(c.AnnexA()), 93},
		{"pairs", len(c.Links()), 320},
		{"CSF subcategories", len(c.Identifiers(catalog.CSF)), 106},
		{"controls", len(c.Controls()), 120},
		{"domains", len(c.Domains()), 21},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d, want %d", x.what, x.got, x.want)
		}
	}
	if c.Library().ID == "" || c.Library().Version == "" || len(c.SHA256()) != 64 {
		t.Errorf("library %+v, hash %q", c.Library(), c.SHA256())
	}
}

func TestFrameworks(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, f := range c.Frameworks() {
		got, err := c.Framework(f.ID)
		if err != nil || got != f || f.Name == "" || f.Edition == "" || f.Publisher == "" || f.Licence == "" || f.Text == "" {
			t.Errorf("%+v, %v", f, err)
		}
		if n := len(c.Identifiers(f.ID)); n != f.Requirements {
			t.Errorf("%s lists %d of %d", f.ID, n, f.Requirements)
		}
	}
	if _, err := c.Framework("hipaa"); !errs.Is(err, errs.NotFound) || errs.HintOf(err) == "" {
		t.Error(err)
	}
	if c.Identifiers("hipaa") != nil {
		t.Error("an unknown framework has identifiers")
	}
}

func TestKnows(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		framework, id string
		want          bool
	}{
		{catalog.TSC, "CC6.1", true}, {catalog.TSC, "P6.7", true},
		{catalog.TSC, "CC2.4", false}, // fits the pattern of no series this long
		{catalog.TSC, "P1.2", false},  // fits the pattern, is not in the list
		{catalog.TSC, "P1.0", false}, {catalog.TSC, "CC8.2", false}, {catalog.TSC, "PI1.6", false}, {catalog.TSC, "cc6.1", false}, {catalog.TSC, "", false},
		{catalog.DC, "DC9", true}, {catalog.DC, "DC10", false},
		{catalog.SOC1, "PAY-03", true}, {catalog.SOC1, "PAY-99", false},
		{catalog.ISO, "A.5.10", true}, {catalog.ISO, "A.5.38", false}, {catalog.ISO, "A.9.1", false},
		{catalog.CSF, "GV.OC-01", true}, {catalog.CSF, "ID.AM-06", false}, {catalog.CSF, "PR.DS-11", true},
		{catalog.SP80053, "AC-2", true}, {catalog.SP80053, "AC-02", false}, {catalog.SP80053, "XX-2", false}, {catalog.SP80053, "AC-2(1)", false},
		{"hipaa", "CC6.1", false},
	} {
		if got := c.Knows(x.framework, x.id); got != x.want {
			t.Errorf("%s %s: %v", x.framework, x.id, got)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, f := range []string{catalog.TSC, catalog.DC, catalog.SOC1, catalog.ISO} {
		for _, id := range c.Identifiers(f) {
			if c.Title(f, id) == "" {
				t.Errorf("%s %s has no title", f, id)
			}
		}
		if c.Title(f, "X") != "" {
			t.Errorf("%s: X has a title", f)
		}
	}
	if c.Title(catalog.CSF, "GV.OC-01") != "" {
		t.Error("CSF titles are not shipped")
	}
}

// TestImmutable shows that what a caller does to an answer stays with the caller.
func TestImmutable(t *testing.T) {
	t.Parallel()
	c := load(t)
	c.Frameworks()[0].ID = "x"
	c.Categories()[0].ID = "x"
	c.Criteria()[0].Topics[0] = "x"
	one, _ := c.Criterion("CC6.1")
	one.Topics[0] = "x"
	c.Series()[0].Criteria[0] = "x"
	c.Objectives()[0].Assertions[0] = "x"
	c.DataChecks()[0].Objectives[0] = "x"
	c.AnnexA()[0].ID = "x"
	refs, _ := c.References("CC6.1")
	refs.Annex[0].Annex, refs.CSF[0], refs.SP80053[0], refs.Clauses = "x", "x", "x", append(refs.Clauses, "x")
	c.CriteriaOf("A.5.1")[0].Criterion = "x"
	c.Crosswalk().Meaning[catalog.Strong] = "x"
	c.Controls()[0].Criteria[0] = "x"
	c.ControlsFor(catalog.TSC, "CC6.1")[0].Evidence[0] = "x"
	c.Identifiers(catalog.CSF)[0] = "x"
	c.DescriptionCriteria()[0].ID = "x"

	again, err := c.Criterion("CC6.1")
	if err != nil || slices.Contains(again.Topics, "x") || slices.Contains(c.Criteria()[0].Topics, "x") {
		t.Error("criteria changed")
	}
	refs, _ = c.References("CC6.1")
	if refs.Annex[0].Annex == "x" || refs.CSF[0] == "x" || refs.SP80053[0] == "x" || slices.Contains(refs.Clauses, "x") || c.CriteriaOf("A.5.1")[0].Criterion == "x" {
		t.Error("crosswalk changed")
	}
	if c.Frameworks()[0].ID == "x" || c.Categories()[0].ID == "x" || c.Series()[0].Criteria[0] == "x" || c.AnnexA()[0].ID == "x" ||
		c.Crosswalk().Meaning[catalog.Strong] == "x" || c.Identifiers(catalog.CSF)[0] == "x" || c.DescriptionCriteria()[0].ID == "x" {
		t.Error("lists changed")
	}
	if slices.Contains(c.Objectives()[0].Assertions, "x") || slices.Contains(c.DataChecks()[0].Objectives, "x") || slices.Contains(c.Controls()[0].Criteria, "x") ||
		slices.Contains(c.ControlsFor(catalog.TSC, "CC6.1")[0].Evidence, "x") {
		t.Error("nested lists changed")
	}
}
