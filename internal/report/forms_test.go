package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// firstDate is a Type 1 of a SOC 1.
func firstDate() *engagement.Dossier {
	d := reporttest.Payroll()
	d.Engagement.Type, d.Engagement.AsOf, d.Engagement.Period = 1, reporttest.Period.Last(), period.Period{}
	d.Work = nil
	return d
}

// TestForms: each form has its sections, its date or period, its words, and nothing of the others; Lint finds nothing in any.
func TestForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		d          *engagement.Dossier
		kind, when string
		sections   string
		has, lacks []string
	}{
		"SOC 2 Type 2": {reporttest.Small(), "SOC 2 Type 2", "For the period 1 January 2026 to 30 June 2026", " I II III IV V A B", []string{"operated effectively throughout the period", "DC9"}, []string{"control objective", "as of"}},
		"SOC 2 Type 1": {reporttest.Dated(), "SOC 2 Type 1", "As of 30 June 2026", " I II III IV V A", []string{"No tests of operation", "In place as shown by", "design of its controls relevant to"}, []string{"operated effectively", "DC9", "deviations noted", "for the period", "Results by"}},
		"SOC 1 Type 2": {reporttest.Payroll(), "SOC 1 Type 2", "For the period 1 January 2026 to 30 June 2026", " I II III IV V A B",
			[]string{"to achieve the related control objectives", "PAY-03", "All items were tested.", "2 deviations noted in", "1 of 25", "Not concluded.", "Specified by the revenue authority", "Procedures for transactions", "AT-C section 320", "[no response yet]"}, []string{"DC1", "DC200", "trust services criteria require", "categories not chosen"}},
		"SOC 1 Type 1": {firstDate(), "SOC 1 Type 1", "As of 30 June 2026", " I II III IV V A", []string{"No tests of operation", "Control objectives and controls"}, []string{"operated effectively", "deviations noted", "(DC"}},
		"SOC 3":        {reporttest.General(), "SOC 3", "For the period 1 January 2026 to 30 June 2026", " I II A B C", []string{"Service level agreement", "Boundaries"}, []string{"IAM-02", "No deviations", "Restricted use", "section V", "2 deviations"}},
	} {
		doc := Build(c.d)
		var got []string
		for _, s := range doc.Sections {
			got = append(got, s.Number)
		}
		if doc.Kind != c.kind || doc.Cover.Period != c.when || strings.Join(got, " ") != c.sections {
			t.Errorf("%s: %q, %q, sections %q", name, doc.Kind, doc.Cover.Period, got)
		}
		text := dump(doc)
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not said", name, want)
			}
		}
		for _, not := range c.lacks {
			if l := line(text, not); l != "" {
				t.Errorf("%s: %q is said: %s", name, not, l)
			}
		}
		for _, f := range Lint(doc, c.d) {
			t.Errorf("%s: %s", name, f)
		}
		if !doc.Draft || !strings.Contains(text, "DRAFT") {
			t.Errorf("%s is no draft", name)
		}
	}
}

// TestArrangements: the three arrangements hold the same controls, tests and deviations.
func TestArrangements(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	d.Frameworks = []engagement.Framework{{ID: "iso27001", Name: "ISO/IEC 27001", Families: []engagement.Family{{ID: "A.5", Name: "Organisational controls", Controls: []string{"IAM-01", "GOV-02"}}, {ID: "A.7", Name: "Physical controls"}}}}
	for _, a := range Arrangements() {
		doc := BuildAs(d, Options{Arrange: a})
		for _, f := range Lint(doc, d) {
			t.Errorf("%s: %s", a, f)
		}
		full := map[string]int{}
		for _, b := range doc.Sections[4].Blocks {
			if p, ok := b.(Pairs); ok && strings.HasPrefix(p.Subject, "control/") {
				full[p.Subject]++
			}
		}
		for _, c := range d.Controls {
			if full["control/"+c.Ref] != 1 {
				t.Errorf("%s: control %s stands in full %d times", a, c.Ref, full["control/"+c.Ref])
			}
		}
		text := dump(doc)
		want := map[Arrangement]string{ByCriterion: "Results by criterion", ByProcess: "Identity and access", ByFramework: "Controls by the families of ISO/IEC 27001"}[a]
		if !strings.Contains(text, want) {
			t.Errorf("%s: no %q", a, want)
		}
	}
	if doc := BuildAs(reporttest.Small(), Options{Arrange: ByFramework, Framework: "x"}); !strings.Contains(dump(doc), "The framework is not in the dossier") {
		t.Error("an unknown framework is passed over")
	}
}

// TestIssued: no report leaves its draft without signatures and the auditor's words, which stand as they were entered; a
// matter without words is a visible blank.
func TestIssued(t *testing.T) {
	t.Parallel()
	d := reporttest.Complete(reporttest.Payroll())
	doc := BuildAs(d, Options{Issued: true})
	if doc.Draft || doc.Cover.Mark == "DRAFT" || len(Lint(doc, d)) > 0 {
		t.Errorf("draft %v, mark %q, %q", doc.Draft, doc.Cover.Mark, Lint(doc, d))
	}
	text := dump(doc)
	for _, want := range []string{"except for the matter described below", "Basis. Payments outside", "Marlowe & Pike LLP", "14 August 2026", "R. Castellan"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said", want)
		}
	}
	if strings.Contains(text, "What a complete report still needs") || strings.Contains(text, "Draft, not yet made") {
		t.Error("an issued report speaks of a draft")
	}
	for name, take := range map[string]func(*engagement.Dossier){
		"assertion":      func(d *engagement.Dossier) { d.Signatures = d.Signatures[1:] },
		"representation": func(d *engagement.Dossier) { d.Signatures = d.Signatures[:1] },
		"no auditor":     func(d *engagement.Dossier) { d.Auditor = nil },
		"a matter":       func(d *engagement.Dossier) { d.Auditor.Opinions[2].Text = " " },
		"readers":        func(d *engagement.Dossier) { d.Auditor.Readers = nil },
		"date":           func(d *engagement.Dossier) { d.Auditor.Date = 0 },
	} {
		d := reporttest.Complete(reporttest.Payroll())
		take(d)
		if doc := BuildAs(d, Options{Issued: true}); !doc.Draft || doc.Cover.Mark != "DRAFT" {
			t.Errorf("without %s the report leaves its draft", name)
		} else if name == "a matter" && !strings.Contains(dump(doc), "To be entered by the service auditor.") {
			t.Error("no visible blank")
		}
	}
}

// TestInvariants breaks one rule of the domain brief (11) at a time, and Lint names it.
func TestInvariants(t *testing.T) {
	t.Parallel()
	section := func(doc *Document, n string) *Section {
		return &doc.Sections[slices.IndexFunc(doc.Sections, func(s Section) bool { return s.Number == n })]
	}
	add := func(n string, b Block) func(*Document, *engagement.Dossier) {
		return func(doc *Document, _ *engagement.Dossier) {
			s := section(doc, n)
			s.Blocks = append(slices.Clone(s.Blocks), b)
		}
	}
	for name, c := range map[string]struct {
		d    func() *engagement.Dossier
		opt  Options
		harm func(*Document, *engagement.Dossier)
		want string
	}{
		"operation in Type 1": {reporttest.Dated, Options{}, add("IV", Table{Columns: []Column{{Title: "Result"}}}), "no tests of operation"},
		"strip in Type 1":     {reporttest.Dated, Options{}, add("IV", Strip{}), "no tests of operation"},
		"control in SOC 3":    {reporttest.General, Options{}, add("A", Paragraph{Text: say("See IAM-02.")}), "a SOC 3 report names IAM-02"},
		"section IV in SOC 3": {reporttest.General, Options{}, func(doc *Document, _ *engagement.Dossier) { doc.Sections[3].Number = "IV" }, "section IV is in a SOC 3 report"},
		"auditor's test in V": {reporttest.Payroll, Options{}, add("V", Table{Subject: "work/IAM-01"}), "section V holds tests of the auditor"},
		"lost deviation of work": {reporttest.Payroll, Options{}, func(_ *Document, d *engagement.Dossier) {
			d.Work[0].Deviations = append(d.Work[0].Deviations, engagement.WorkDeviation{Count: 3, Of: 25})
		}, "a deviation is not in section IV (3 of 25 items)"},
		"another period":           {reporttest.Small, Options{}, add("III", Paragraph{Text: say("for the period 1 January 2025 to 30 June 2025")}), "another period"},
		"cover of another period":  {reporttest.Small, Options{}, func(doc *Document, _ *engagement.Dossier) { doc.Cover.Period = "As of 1 May 2026" }, "the cover says"},
		"issued without assertion": {func() *engagement.Dossier { return reporttest.Complete(reporttest.Payroll()) }, Options{Issued: true}, func(_ *Document, d *engagement.Dossier) { d.Signatures = nil }, "does not say that this is a draft"},
		"dated before the end":     {func() *engagement.Dossier { return reporttest.Complete(reporttest.Payroll()) }, Options{Issued: true}, func(_ *Document, d *engagement.Dossier) { d.Auditor.Date = period.Make(2026, 6, 1) }, "before the end of the period"},
		"dated before the letter":  {func() *engagement.Dossier { return reporttest.Complete(reporttest.Payroll()) }, Options{Issued: true}, func(_ *Document, d *engagement.Dossier) { d.Signatures[1].At = d.Signatures[1].At.Add(72 * time.Hour) }, "before the letter of representation"},
		"auditor's words changed":  {func() *engagement.Dossier { return reporttest.Complete(reporttest.Payroll()) }, Options{}, func(_ *Document, d *engagement.Dossier) { d.Auditor.Opinions[0].Text = "Other words." }, "leaves out or changes"},
		"our opinion":              {reporttest.Payroll, Options{}, add("II", Paragraph{Text: say("In our opinion all is well.")}), "belongs to an auditor’s report"},
		"a word":                   {reporttest.General, Options{}, add("B", Paragraph{Text: say("Northwind is SOC 3 " + "certi" + "fied.")}), "is not used in a SOC report"},
	} {
		d := c.d()
		doc := BuildAs(d, c.opt)
		c.harm(doc, d)
		found := Lint(doc, d)
		if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, c.want) }) {
			t.Errorf("%s: not found; got %q", name, found)
		}
	}
}

// TestAsserted: a signed assertion stands in section II as it was signed, with its modifications, and nothing of our own wording beside
// it; its signature is on the page of its last words. An examination without connections says where its populations are from.
func TestAsserted(t *testing.T) {
	t.Parallel()
	d := reporttest.Complete(reporttest.Payroll())
	text := "We wrote the description.\n\n## What we assert\n\n1. It is so.\n2. It was suited.\n\n## Basis and modifications\n\nControls over changes did not operate in March; statement 2 holds except for that."
	for i := range d.Signatures {
		if d.Signatures[i].Document == engagement.DocumentAssertion {
			d.Signatures[i].Text = text
		}
	}
	d.Sources = nil
	doc := BuildAs(d, Options{Issued: true})
	said := dump(doc)
	for _, want := range []string{"statement 2 holds except for that", "Basis and modifications", "word for word as management signed it", "Populations that the service auditor obtained", "rest on what the auditor obtained"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said", want)
		}
	}
	for _, not := range []string{"Management asserts,", "Modifications of the statements above, if any", "No source is recorded"} {
		if l := line(said, not); l != "" {
			t.Errorf("%q is said: %s", not, l)
		}
	}
	blocks := part(doc, "II").Blocks
	for i, b := range blocks {
		if h, ok := b.(Heading); ok && h.Title == "Signature" {
			if p, ok := blocks[i-1].(Paragraph); !ok || !p.Keep {
				t.Errorf("the signature may stand alone: %+v", blocks[i-1])
			}
		}
	}
	for _, f := range Lint(doc, d) {
		t.Error(f)
	}
}
