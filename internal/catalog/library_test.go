package catalog_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func TestObjectives(t *testing.T) {
	t.Parallel()
	c := load(t)
	want := map[string]int{
		"IT general controls": 7, "Client lifecycle": 3, "Payroll processing": 6, "Claims processing": 6, "Loan servicing": 6,
		"Fund administration": 6, "Subscription and usage billing": 6, "Accounts payable outsourcing": 3,
	}
	for _, p := range c.Processes() {
		if len(p.Objectives) != want[p.Name] {
			t.Errorf("%s has %d objectives", p.Name, len(p.Objectives))
		}
		delete(want, p.Name)
		for _, id := range p.Objectives {
			o, err := c.Objective(id)
			if err != nil || o.Process != p.Name || len(o.Assertions) == 0 {
				t.Errorf("%s: %+v, %v", id, o, err)
			}
		}
	}
	if len(want) > 0 {
		t.Error("missing", want)
	}
	if _, err := c.Objective("PAY-99"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	var got []string
	for _, x := range c.ChecksFor("ITGC-04") {
		got = append(got, x.ID)
	}
	if !slices.Contains(got, "PC-27") {
		t.Error(got)
	}
	if c.ChecksFor("none") != nil {
		t.Error("checks for an unknown objective")
	}
}

// TestCrosswalk holds the figures of domain brief 7.1.
func TestCrosswalk(t *testing.T) {
	t.Parallel()
	c := load(t)
	strengths, families := map[catalog.Strength]int{}, map[int]int{}
	for _, l := range c.Links() {
		strengths[l.Strength]++
		families[l.Corroborated]++
		if l.Corroborated == 0 && l.Strength == catalog.Strong && (l.Criterion != "CC6.3" || l.Annex != "A.5.3") {
			t.Errorf("%s to %s is strong and uncorroborated", l.Criterion, l.Annex)
		}
	}
	if strengths[catalog.Strong] != 71 || strengths[catalog.Partial] != 149 || strengths[catalog.Related] != 100 {
		t.Error(strengths)
	}
	if families[3] != 48 || families[2] != 112 || families[1] != 96 || families[0] != 64 {
		t.Error(families)
	}
	x := c.Crosswalk()
	if x.Pairs != 320 || x.Note == "" || x.Licence == "" || x.CSFNote == "" || x.SP80053Note == "" || !strings.Contains(x.Reliability, "320 pairs 48") {
		t.Errorf("%+v", x)
	}
}

// TestBothWays goes through the crosswalk from each side and finds the same pairs, the ones with a trailing zero among them.
func TestBothWays(t *testing.T) {
	t.Parallel()
	c := load(t)
	forward, back := map[catalog.Link]bool{}, 0
	for _, x := range c.Criteria() {
		r, err := c.References(x.ID)
		if err != nil || r.Criterion != x.ID {
			t.Fatal(err)
		}
		for _, l := range r.Annex {
			forward[l] = true
		}
	}
	for _, a := range c.AnnexA() {
		links := c.CriteriaOf(a.ID)
		if len(links) == 0 {
			t.Errorf("%s serves nothing", a.ID)
		}
		for i, l := range links {
			back++
			if !forward[l] || l.Annex != a.ID {
				t.Errorf("%+v is there in one direction only", l)
			}
			if i > 0 && c.CompareCriteria(links[i-1].Criterion, l.Criterion) >= 0 {
				t.Errorf("%s: order", a.ID)
			}
		}
		if got, err := c.AnnexControl(a.ID); err != nil || got != a {
			t.Error(got, err)
		}
	}
	if back != 320 || len(forward) != 320 {
		t.Error(back, len(forward))
	}
	for _, id := range []string{"A.5.10", "A.5.20", "A.5.30", "A.7.10", "A.8.10", "A.8.20", "A.8.30"} {
		if !c.Knows(catalog.ISO, id) || len(c.CriteriaOf(id)) == 0 {
			t.Errorf("%s is missing", id)
		}
	}
	if _, err := c.References("CC8.2"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if _, err := c.AnnexControl("A.9.1"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	for id, want := range map[string]bool{"CC1.2": false, "C1.1": false, "P6.6": false, "CC6.1": true} { // where the AICPA's mapping says nothing
		if r, _ := c.References(id); (len(r.SP80053) > 0) != want {
			t.Errorf("%s: %v", id, r.SP80053)
		}
	}
}

func TestLibrary(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, framework := range []string{catalog.TSC, catalog.SOC1, catalog.ISO} {
		for _, id := range c.Identifiers(framework) {
			got := c.ControlsFor(framework, id)
			if len(got) == 0 {
				t.Errorf("nothing serves %s %s", framework, id)
			}
			for _, x := range got {
				back := map[string][]string{catalog.TSC: x.Criteria, catalog.SOC1: x.Objectives, catalog.ISO: x.AnnexA}[framework]
				if !slices.Contains(back, id) {
					t.Errorf("%s does not serve %s", x.ID, id)
				}
			}
		}
	}
	// Criteria that one control alone serves: organisations should add their own there (domain brief 10).
	for _, id := range []string{"CC1.2", "CC3.3", "CC3.4", "CC6.5", "A1.1", "PI1.1"} {
		if n := len(c.ControlsFor(catalog.TSC, id)); n != 1 {
			t.Errorf("%s is served by %d controls", id, n)
		}
	}
	if c.ControlsFor(catalog.CSF, "GV.OC-01") != nil || c.ControlsFor(catalog.TSC, "none") != nil {
		t.Error("controls for what the library does not map")
	}
	x, err := c.Control("IAM-02")
	if err != nil || x.Prefix() != "IAM" || x.Domain != "Identity and access" || x.Test.Assertion == "" {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := c.Control("IAM-99"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	n := 0
	for _, d := range c.Domains() {
		n += len(d.Controls)
		for _, id := range d.Controls {
			if !strings.HasPrefix(id, d.Prefix+"-") {
				t.Errorf("%s is in %s", id, d.Name)
			}
		}
	}
	if n != 120 {
		t.Error(n)
	}
}

// TestWords holds the shipped texts to the house's words: a SOC report is no certificate, and nothing speaks of how the
// data was put together.
func TestWords(t *testing.T) {
	t.Parallel()
	unwanted := regexp.MustCompile(`(?i)certif|guarantee|this brief|stored (source|public)|source article|[0-9a-f]{40}|UNVERIFIED|\[[PSE]\]`)
	names, err := fs.Glob(os.DirFS("data"), "*")
	if err != nil || len(names) != 7 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		text, err := os.ReadFile("data/" + n)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if w := unwanted.FindString(line); w != "" {
				t.Errorf("%s:%d: %q", n, i+1, w)
			}
		}
	}
}
