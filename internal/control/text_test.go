package control

import (
	"slices"
	"strings"
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

func goodText() Text {
	return Text{
		Title: "Badges are collected", Statement: "Reception collects the badge of every leaver on the last day.", Type: catalog.Preventive,
		Nature: catalog.Manual, Frequency: catalog.PerEvent, OwnerRole: "Facilities lead", Evidence: []string{"Badge log"},
		Requirements: []Requirement{{catalog.TSC, "CC6.4"}},
	}
}

func TestTextCheck(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		name   string
		change func(*Text)
		field  string // where it is wrong; empty when it is right
	}{
		{"good", func(*Text) {}, ""},
		{"statement on two lines", func(t *Text) { t.Statement += "\nThe log is kept." }, ""},
		{"longest title", func(t *Text) { t.Title = strings.Repeat("é", maxTitle) }, ""},
		{"no title", func(t *Text) { t.Title = "  " }, "title"},
		{"long title", func(t *Text) { t.Title = strings.Repeat("é", maxTitle+1) }, "title"},
		{"title on two lines", func(t *Text) { t.Title = "a\nb" }, "title"},
		{"short statement", func(t *Text) { t.Statement = "We do it." }, "statement"},
		{"long statement", func(t *Text) { t.Statement = strings.Repeat("x", maxStatement+1) }, "statement"},
		{"control character", func(t *Text) { t.Statement += "\x00" }, "statement"},
		{"not UTF-8", func(t *Text) { t.Statement += "\xff" }, "statement"},
		{"no role", func(t *Text) { t.OwnerRole = "" }, "owner_role"},
		{"type", func(t *Text) { t.Type = "reactive" }, "type"},
		{"nature", func(t *Text) { t.Nature = "" }, "nature"},
		{"frequency", func(t *Text) { t.Frequency = "yearly" }, "frequency"},
		{"grace", func(t *Text) { t.GraceHours = -1 }, "grace_hours"},
		{"endless grace", func(t *Text) { t.GraceHours = maxGraceHours + 1 }, "grace_hours"},
		{"no evidence", func(t *Text) { t.Evidence = []string{" "} }, "evidence"},
		{"much evidence", func(t *Text) { t.Evidence = slices.Repeat([]string{"log"}, maxEvidence+1) }, "evidence"},
		{"long evidence", func(t *Text) { t.Evidence = []string{strings.Repeat("x", maxEvidenceText+1)} }, "evidence"},
		{"no requirement", func(t *Text) { t.Requirements = nil }, "requirements"},
		{"unknown criterion", func(t *Text) { t.Requirements = []Requirement{{catalog.TSC, "CC8.2"}} }, "requirements"},
		{"unknown framework", func(t *Text) { t.Requirements = []Requirement{{"hipaa", "164.312"}} }, "requirements"},
		{"framework that is only referred to", func(t *Text) { t.Requirements = []Requirement{{catalog.CSF, "GV.OC-01"}} }, "requirements"},
		{"more than anybody serves", func(t *Text) {
			t.Requirements = nil
			for _, id := range c.Identifiers(catalog.ISO) {
				t.Requirements = append(t.Requirements, Requirement{catalog.ISO, id})
			}
		}, "requirements"},
	} {
		text := goodText()
		x.change(&text)
		err := text.clean(c).check(c)
		if x.field == "" && err != nil || x.field != "" && (!errs.Is(err, errs.Invalid) || errs.FieldOf(err) != x.field) {
			t.Errorf("%s: %v at %q", x.name, err, errs.FieldOf(err))
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	c := load(t)
	in := goodText()
	in.Title, in.Evidence = "  Badges ", []string{" a ", "", "b"}
	in.Requirements = []Requirement{{catalog.ISO, "A.8.2"}, {catalog.SOC1, "PAY-01"}, {catalog.TSC, " P1.1 "}, {catalog.ISO, "A.5.10"}, {catalog.TSC, "CC6.4"}, {catalog.SOC1, "ITGC-02"}, {catalog.TSC, "CC6.4"}}
	got := in.clean(c)
	if got.Title != "Badges" || strings.Join(got.Evidence, "|") != "a|b" {
		t.Errorf("%+v", got)
	}
	if want := "tsc-2017 CC6.4\ntsc-2017 P1.1\nsoc1 ITGC-02\nsoc1 PAY-01\niso27001-2022 A.5.10\niso27001-2022 A.8.2"; lines(got.Requirements) != want {
		t.Errorf("%s", lines(got.Requirements))
	}
	if len(in.Requirements) != 7 || in.Evidence[0] != " a " {
		t.Error("cleaning changed what it was given")
	}
	a, err1 := got.SHA256()
	b, err2 := got.clean(c).SHA256()
	if a != b || err1 != nil || err2 != nil || len(a) != 64 {
		t.Error("cleaning twice changes the text")
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	a := goodText()
	if got := Diff(a, a); got != nil {
		t.Error(got)
	}
	b := a
	b.Title, b.GraceHours = "Badges come back", 48
	b.Evidence = []string{"Badge log", "Exit list"}
	b.Requirements = []Requirement{{catalog.TSC, "CC6.4"}, {catalog.ISO, "A.7.2"}}
	want := []Change{
		{"title", "Badges are collected", "Badges come back"}, {"grace_hours", "0", "48"}, {"evidence", "Badge log", "Badge log\nExit list"},
		{"requirements", "tsc-2017 CC6.4", "tsc-2017 CC6.4\niso27001-2022 A.7.2"},
	}
	if got := Diff(a, b); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	c := b
	c.Statement, c.Type, c.Nature, c.Frequency, c.OwnerRole = "x", catalog.Detective, catalog.Automated, catalog.Daily, "IT lead"
	if got := fields(Diff(b, c)); strings.Join(got, " ") != "statement type nature frequency owner_role" {
		t.Error(got)
	}
}

// TestLibraryTexts: every control of the library is a text an organisation may have.
func TestLibraryTexts(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range c.Controls() {
		text := FromLibrary(x).clean(c)
		if err := text.check(c); err != nil {
			t.Errorf("%s: %v", x.ID, err)
		}
		if len(text.Requirements) != len(x.Criteria)+len(x.Objectives)+len(x.AnnexA) || !slices.Equal(text.Serves(catalog.SOC1), x.Objectives) && len(x.Objectives) > 0 {
			if got, want := len(text.Serves(catalog.SOC1)), len(x.Objectives); got != want {
				t.Errorf("%s serves %d objectives, not %d", x.ID, got, want)
			}
		}
	}
}

// FuzzText: a text that passes the check can be hashed, and cleaning it again changes nothing.
func FuzzText(f *testing.F) {
	f.Add("Title", "A statement that is long enough.", "role", "evidence", "CC6.1")
	f.Add("Tit\x00le", "\xff", "r\n", " ", "A.5.1")
	c := load(f)
	f.Fuzz(func(t *testing.T, title, statement, role, evidence, requirement string) {
		x := Text{
			Title: title, Statement: statement, OwnerRole: role, Evidence: []string{evidence}, Type: catalog.Preventive, Nature: catalog.Manual,
			Frequency: catalog.Daily, Requirements: []Requirement{{catalog.TSC, requirement}},
		}.clean(c)
		if x.check(c) != nil {
			return
		}
		if _, err := x.SHA256(); err != nil {
			t.Error(err)
		}
		if d := Diff(x, x.clean(c)); d != nil {
			t.Errorf("%+v", d)
		}
	})
}
