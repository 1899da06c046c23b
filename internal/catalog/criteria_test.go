package catalog_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// TestSeries holds the table of domain brief 2.1: which series, in which order, of how many criteria, about which COSO
// principles.
func TestSeries(t *testing.T) {
	t.Parallel()
	c := load(t)
	want := []struct {
		id       string
		n        int
		category catalog.CategoryID
		coso     []int // principles in order; empty for series that supplement principle 12
	}{
		{"CC1", 5, catalog.Security, []int{1, 2, 3, 4, 5}},
		{"CC2", 3, catalog.Security, []int{13, 14, 15}},
		{"CC3", 4, catalog.Security, []int{6, 7, 8, 9}},
		{"CC4", 2, catalog.Security, []int{16, 17}},
		{"CC5", 3, catalog.Security, []int{10, 11, 12}},
		{"CC6", 8, catalog.Security, nil},
		{"CC7", 5, catalog.Security, nil},
		{"CC8", 1, catalog.Security, nil},
		{"CC9", 2, catalog.Security, nil},
		{"A1", 3, catalog.Availability, nil},
		{"C1", 2, catalog.Confidentiality, nil},
		{"PI1", 5, catalog.ProcessingIntegrity, nil},
		{"P1", 1, catalog.Privacy, nil},
		{"P2", 1, catalog.Privacy, nil},
		{"P3", 2, catalog.Privacy, nil},
		{"P4", 3, catalog.Privacy, nil},
		{"P5", 2, catalog.Privacy, nil},
		{"P6", 7, catalog.Privacy, nil},
		{"P7", 1, catalog.Privacy, nil},
		{"P8", 1, catalog.Privacy, nil},
	}
	got := c.Series()
	if len(got) != len(want) {
		t.Fatalf("%d series", len(got))
	}
	for i, w := range want {
		if got[i].ID != w.id || len(got[i].Criteria) != w.n || got[i].Category != w.category || got[i].Name == "" {
			t.Errorf("%d: %+v, want %+v", i, got[i], w)
		}
		for j, id := range got[i].Criteria {
			x, err := c.Criterion(id)
			if err != nil {
				t.Fatal(err)
			}
			coso := 0
			if w.coso != nil {
				coso = w.coso[j]
			}
			if x.COSO != coso {
				t.Errorf("%s: COSO %d, want %d", id, x.COSO, coso)
			}
		}
	}
}

func TestCriteria(t *testing.T) {
	t.Parallel()
	c := load(t)
	form := regexp.MustCompile(`^(CC[1-9]\.[1-8]|A1\.[1-3]|C1\.[12]|PI1\.[1-5]|P[1-8]\.[1-7])$`)
	controllers := []string{"P1.1", "P2.1", "P3.2"} // domain brief 2.1
	all := c.Criteria()
	for i, x := range all {
		if !form.MatchString(x.ID) {
			t.Errorf("%q", x.ID)
		}
		if i > 0 && c.CompareCriteria(all[i-1].ID, x.ID) >= 0 {
			t.Errorf("%s before %s", all[i-1].ID, x.ID)
		}
		want := catalog.PrivacyRole("")
		if x.Category == catalog.Privacy {
			want = catalog.BothRoles
			if slices.Contains(controllers, x.ID) {
				want = catalog.Controller
			}
		}
		if x.PrivacyRole != want {
			t.Errorf("%s: role %q", x.ID, x.PrivacyRole)
		}
	}
	if _, err := c.Criterion("CC8.2"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if x, _ := c.Criterion("PI1.3"); x.SeriesID() != "PI1" {
		t.Error(x.SeriesID())
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		name    string
		compare func(a, b string) int
		in      []string
		want    []string
	}{
		{"criteria", c.CompareCriteria, []string{"P1.1", "zz", "A1.2", "PI1.1", "CC10.1", "C1.1", "CC6.1", "CC2.1"}, []string{"CC2.1", "CC6.1", "A1.2", "C1.1", "PI1.1", "P1.1", "CC10.1", "zz"}},
		{"annex", c.CompareAnnex, []string{"A.8.2", "A.5.10", "A.5.9", "A.8.10"}, []string{"A.5.9", "A.5.10", "A.8.2", "A.8.10"}},
		{"objectives", c.CompareObjectives, []string{"PAY-01", "CLI-01", "ITGC-02"}, []string{"ITGC-02", "CLI-01", "PAY-01"}},
	} {
		slices.SortFunc(x.in, x.compare)
		if !slices.Equal(x.in, x.want) {
			t.Errorf("%s: %v", x.name, x.in)
		}
	}
}

// TestApplicable is domain brief 1.4: the common criteria always, and every criterion of each chosen category.
func TestApplicable(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		in   []catalog.CategoryID
		want int
		last string
	}{
		{[]catalog.CategoryID{catalog.Security}, 33, "CC9.2"},
		{[]catalog.CategoryID{catalog.Availability}, 36, "A1.3"}, // without security the common criteria still apply
		{[]catalog.CategoryID{catalog.Confidentiality, catalog.Security}, 35, "C1.2"},
		{[]catalog.CategoryID{catalog.Security, catalog.ProcessingIntegrity}, 38, "PI1.5"},
		{[]catalog.CategoryID{catalog.Security, catalog.Privacy, catalog.Privacy}, 51, "P8.1"},
		{[]catalog.CategoryID{catalog.Privacy, catalog.ProcessingIntegrity, catalog.Confidentiality, catalog.Availability, catalog.Security}, 61, "P8.1"},
	} {
		got, err := c.Applicable(x.in)
		if err != nil || len(got) != x.want || got[0].ID != "CC1.1" || got[len(got)-1].ID != x.last {
			t.Errorf("%v: %d, %v", x.in, len(got), err)
		}
	}
	for _, bad := range [][]catalog.CategoryID{nil, {}, {"safety"}, {catalog.Security, ""}} {
		if _, err := c.Applicable(bad); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "categories" || errs.HintOf(err) == "" {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestParseCategories(t *testing.T) {
	t.Parallel()
	c := load(t)
	got, err := c.ParseCategories([]string{" Privacy", "security", "PRIVACY", "availability "})
	if err != nil || !slices.Equal(got, []catalog.CategoryID{catalog.Security, catalog.Availability, catalog.Privacy}) {
		t.Error(got, err)
	}
	if got, err := c.ParseCategories(nil); err != nil || got != nil {
		t.Error(got, err)
	}
	for i, id := range []catalog.CategoryID{catalog.Security, catalog.Availability, catalog.ProcessingIntegrity, catalog.Confidentiality, catalog.Privacy} {
		if k := c.Categories()[i]; k.ID != id || k.Common != (id == catalog.Security) || k.Name == "" || k.Meaning == "" {
			t.Errorf("%+v", k)
		}
	}
}

func TestDescriptionCriteria(t *testing.T) {
	t.Parallel()
	for i, d := range load(t).DescriptionCriteria() {
		if d.ID != "DC"+string(rune('1'+i)) || d.Title == "" || (d.When == "type2") != (d.ID == "DC9") {
			t.Errorf("%+v", d)
		}
	}
}
