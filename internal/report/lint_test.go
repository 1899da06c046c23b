package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

func TestLintFindsNothingInWhatWasBuilt(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*engagement.Dossier{"northwind": reporttest.Northwind(), "small": reporttest.Small(), "empty": reporttest.Empty(), "many": reporttest.Many(300, 5000)} {
		for _, f := range Lint(Build(d), d) {
			t.Errorf("%s: %s", name, f)
		}
	}
	if len(Lint(nil, nil)) == 0 {
		t.Error("nothing to compare must be a finding")
	}
}

// part is the section of a document that has been built.
func part(doc *Document, number string) *Section {
	for i := range doc.Sections {
		if doc.Sections[i].Number == number {
			return &doc.Sections[i]
		}
	}
	return nil
}

// edit changes the first block of a section for which change answers true.
func edit(doc *Document, number string, change func(Block) (Block, bool)) {
	s := part(doc, number)
	for i, b := range s.Blocks {
		if n, ok := change(b); ok {
			s.Blocks[i] = n
			return
		}
	}
	panic("nothing to edit in section " + number)
}

// cut removes the first block of a section for which match answers true.
func cut(doc *Document, number string, match func(Block) bool) {
	s := part(doc, number)
	i := slices.IndexFunc(s.Blocks, match)
	s.Blocks = slices.Delete(s.Blocks, i, i+1)
}

func isTable(subject string) func(Block) bool {
	return func(b Block) bool {
		t, ok := b.(Table)
		return ok && strings.HasPrefix(t.Subject, subject)
	}
}

// TestLintFindsPlantedFaults edits a document or its dossier in one way at a time; the finding names the fault.
func TestLintFindsPlantedFaults(t *testing.T) {
	t.Parallel()
	result := func(text string) func(*Document) {
		return func(doc *Document) {
			edit(doc, "IV", func(b Block) (Block, bool) {
				p, ok := b.(Paragraph)
				if !ok || p.Tone != Result || !strings.Contains(p.Text.String(), text) {
					return b, false
				}
				p.Text = judge(passing("state"), frozenAfter()).text()
				return p, true
			})
		}
	}
	sub := func(subject string, change func(Table) Table) func(*Document) {
		return func(doc *Document) {
			edit(doc, "IV", func(b Block) (Block, bool) {
				if !isTable(subject)(b) {
					return b, false
				}
				tb := b.(Table)
				tb.Rows = slices.Clone(tb.Rows)
				return change(tb), true
			})
		}
	}
	add := func(number string, parts ...any) func(*Document) {
		return func(doc *Document) {
			s := part(doc, number)
			s.Blocks = append(s.Blocks, Paragraph{Text: say(parts...)})
		}
	}
	for name, c := range map[string]struct {
		dossier func(*engagement.Dossier) // before building
		after   func(*engagement.Dossier) // after building
		doc     func(*Document)
		want    string
	}{
		"deviation left out": {doc: sub("deviations/", func(t Table) Table { t.Rows = t.Rows[1:]; return t }), want: "1 deviation is not in section IV, the first is"},
		"deviation renamed": {doc: sub("deviations/", func(t Table) Table {
			t.Rows[0] = Row{Cells: slices.Clone(t.Rows[0].Cells)}
			t.Rows[0].Cells[1] = say("somebody")
			return t
		}), want: "prints 1 deviation that the dossier does not hold: somebody"},
		"deviation moved": {doc: sub("deviations/", func(t Table) Table {
			t.Rows[0] = Row{Cells: slices.Clone(t.Rows[0].Cells)}
			t.Rows[0].Cells[2] = say("1 May 2026, 00:00 UTC")
			return t
		}), want: "1 deviation is not in section IV"},
		"table of deviations": {doc: func(doc *Document) { cut(doc, "IV", isTable("deviations/")) }, want: "deviations are not in section IV"},
		"unknown left out":    {doc: func(doc *Document) { cut(doc, "IV", isTable("unknowns/")) }, want: "2 items without an answer are not in section IV"},
		"another dossier":     {after: func(d *engagement.Dossier) { d.Frozen.Number++ }, want: "but the dossier is"},
		"criterion bare":      {dossier: func(d *engagement.Dossier) { d.System.NotApplicable = nil }, doc: func(doc *Document) { dropMissing(doc, "C1.2") }, want: "criterion C1.2 has neither a control nor a reason"},
		"reasonless DC8":      {dossier: func(d *engagement.Dossier) { d.System.NotApplicable = []engagement.Named{{Name: "C1.2", Text: " "}} }, doc: func(doc *Document) { dropMissing(doc, "C1.2") }, want: "criterion C1.2 has neither"},
		"criterion not printed": {doc: func(doc *Document) {
			cut(doc, "IV", func(b Block) bool { h, ok := b.(Heading); return ok && h.Number == "CC8.1" })
		}, want: "criterion CC8.1 is not in section IV"},
		"control not printed": {doc: func(doc *Document) {
			cut(doc, "IV", func(b Block) bool { h, ok := b.(Heading); return ok && h.Number == "IAM-02" })
		}, want: "control IAM-02 is not in section IV"},
		"control not stated": {doc: func(doc *Document) {
			cut(doc, "IV", func(b Block) bool { p, ok := b.(Pairs); return ok && p.Subject == "control/IAM-02" })
		}, want: "control IAM-02: section IV does not state it"},
		"no owner, not said":      {doc: func(doc *Document) { blankPair(doc, KeyWho) }, want: `"By whom" is neither answered nor shown as missing`},
		"no purpose, not said":    {doc: func(doc *Document) { blankPair(doc, KeyWhy) }, want: `"Why" is neither answered`},
		"days do not add up":      {dossier: func(d *engagement.Dossier) { d.Tests[0].DaysTested-- }, want: "are not the 181 days of the period"},
		"daily record too short":  {dossier: func(d *engagement.Dossier) { d.Tests[0].Days[0].Days-- }, want: "its daily record covers 180 days"},
		"no daily record":         {dossier: func(d *engagement.Dossier) { d.Tests[0].Days = nil }, want: "its daily record covers 0 days"},
		"verdicts do not add up":  {dossier: func(d *engagement.Dossier) { d.Tests[1].Pass++ }, want: "42 verdicts for a population of 41"},
		"failures not listed":     {dossier: func(d *engagement.Dossier) { d.Tests[1].Deviations = d.Tests[1].Deviations[1:] }, want: "3 failed, but 2 deviations are listed"},
		"unknowns not listed":     {dossier: func(d *engagement.Dossier) { d.Tests[1].Unknown, d.Tests[1].Pass = 1, 35 }, want: "1 gave no answer, but 0 are listed"},
		"wrong total":             {doc: sub("summary", func(t Table) Table { t.Rows[len(t.Rows)-1].Cells[4] = say("3"); return t }), want: "section IV sums 3 deviations, the dossier holds 28"},
		"test not in the summary": {doc: sub("summary", func(t Table) Table { t.Rows = t.Rows[1:]; return t }), want: "section IV lists 7 tests, the dossier holds 8"},
		"no summary":              {doc: func(doc *Document) { cut(doc, "IV", isTable("summary")) }, want: "no summary of the tests"},
		"deviations denied":       {doc: result("3 deviations noted"), want: "the result denies its 3 deviations"},
		"result left out": {doc: func(doc *Document) {
			cut(doc, "IV", func(b Block) bool { p, ok := b.(Paragraph); return ok && p.Tone == Result })
		}, want: "section IV states no result"},
		"unknown shown as good":     {dossier: unknownOnly, doc: result("where there was an answer"), want: "items without an answer are shown as passed"},
		"gap hidden":                {dossier: gapOnly, doc: result("on the days tested"), want: "does not say that days were not tested"},
		"untested shown as good":    {dossier: untested, doc: result("Not tested"), want: "it was never evaluated and is shown as passed"},
		"auditor's section written": {doc: add("I", status(1+1, "No deviations noted.")), want: "section I shows a result"},
		"auditor's frame gone":      {doc: func(doc *Document) { cut(doc, "I", func(b Block) bool { _, ok := b.(Callout); return ok }) }, want: "section I is not marked as a placeholder"},
		"an opinion":                {doc: add("II", "In our opinion the controls operated effectively."), want: `"In our opinion" belongs to an auditor’s report`},
		"a clean opinion":           {dossier: func(d *engagement.Dossier) { d.System.Overview = "We received an unqualified opinion." }, want: `"unqualified opinion" belongs`},
		"our own forbidden word":    {doc: add("V", "Northwind is SOC 2 "+"certified."), want: `the word "certified" is not used in a SOC report`},
		"our own noun":              {doc: add("A", "This is a certificate."), want: `the word "certificate" is not used`},
		"the dossier's claim":       {dossier: func(d *engagement.Dossier) { d.System.Services[0].Text = "SOC 2 " + "certification since 2020." }, want: "read as a claim"},
		"the dossier's certificate": {dossier: func(d *engagement.Dossier) { d.System.Services[0].Text = "Holds a SOC certificate." }, want: "read as a claim"},
		"the dossier's certified":   {dossier: func(d *engagement.Dossier) { d.Controls[0].Owner = "Certified lead" }, want: "read as a claim"},
		"not a draft":               {doc: func(doc *Document) { doc.Draft = false }, want: "does not say that this is a draft"},
		"notice gone":               {doc: func(doc *Document) { doc.Cover.Notice = nil }, want: "not an auditor’s report"},
		"simulation hidden":         {doc: func(doc *Document) { doc.Cover.Alert = nil }, want: "simulated"},
		"section missing":           {doc: func(doc *Document) { part(doc, "II").Blocks = nil }, want: "section II is not there"},
		"section V inside":          {doc: func(doc *Document) { part(doc, "V").Title = "Other information" }, want: "section V does not say"},
		"element missing":           {doc: func(doc *Document) { cut(doc, "III", isTable("elements")) }, want: "does not say where DC1 is"},
		"reference to nowhere":      {doc: add("IV", see("control/XX-1", "XX-1")), want: "a reference leads nowhere: control/XX-1"},
		"one anchor twice": {doc: func(doc *Document) {
			part(doc, "IV").Blocks = append(part(doc, "IV").Blocks, Heading{Level: 2, Anchor: "control/IAM-02"})
		}, want: "2 places have the anchor control/IAM-02"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := reporttest.Small()
			if c.dossier != nil {
				c.dossier(d)
			}
			doc := Build(d)
			if c.doc != nil {
				c.doc(doc)
			}
			if c.after != nil {
				c.after(d)
			}
			if found := strings.Join(Lint(doc, d), "\n"); !strings.Contains(found, c.want) {
				t.Errorf("%q was not found in:\n%s", c.want, found)
			}
		})
	}
}

func unknownOnly(d *engagement.Dossier) {
	d.Tests[4].Unknowns = append(d.Tests[4].Unknowns, item("a"))
}

func gapOnly(d *engagement.Dossier) {
	f := &d.Tests[4]
	f.Days = []engagement.DayRun{{From: reporttest.Period.From, Days: 180, Outcome: "pass"}, {From: reporttest.Period.From + period.Date(180), Days: 1, Outcome: "none"}}
	f.DaysTested, f.DaysGap = 180, 1
}

func untested(d *engagement.Dossier) {
	f := &d.Tests[4]
	f.Days = []engagement.DayRun{{From: reporttest.Period.From, Days: 181, Outcome: "none"}}
	f.DaysTested, f.DaysGap, f.Evaluations = 0, 181, 0
}

// dropMissing takes an entry from the list of what is missing.
func dropMissing(doc *Document, with string) {
	edit(doc, "V", func(b Block) (Block, bool) {
		l, ok := b.(List)
		if ok {
			l.Entries = slices.DeleteFunc(slices.Clone(l.Entries), func(t Text) bool { return strings.Contains(t.String(), with) })
		}
		return l, ok
	})
}

// blankPair empties an answer of the first control.
func blankPair(doc *Document, key string) {
	edit(doc, "IV", func(b Block) (Block, bool) {
		p, ok := b.(Pairs)
		if !ok || !strings.HasPrefix(p.Subject, "control/") {
			return b, false
		}
		p.Pairs = slices.Clone(p.Pairs)
		for i := range p.Pairs {
			if p.Pairs[i].Key == key {
				p.Pairs[i].Value = nil
			}
		}
		return p, true
	})
}

// TestThingsMayBeNamed: a control has to be able to name a key's certificate.
func TestThingsMayBeNamed(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	d.Controls[0].Statement = "TLS certificates are renewed 30 days before they expire."
	d.Controls[1].Tests, d.Controls[1].Evidence = nil, []string{"Destruction certificates", "Log"}
	for _, f := range Lint(Build(d), d) {
		t.Error(f)
	}
}

// TestOwnWords: our own sentences never hold a forbidden word.
func TestOwnWords(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*engagement.Dossier{"empty": reporttest.Empty(), "small": reporttest.Small()} {
		text := strings.ToLower(dump(Build(d)))
		for _, w := range []string{"certif", "in our opinion", "unqualified", "unmodified", "guarantee", "fully compliant"} {
			if strings.Contains(text, w) {
				t.Errorf("%s: the document holds %q: %s", name, w, line(text, w))
			}
		}
	}
}

func FuzzBuild(f *testing.F) {
	f.Add("Northwind", "CC6.1", "IAM-02", "unknown", "state", 3, 5, int64(7))
	f.Add("\x00🔥", "", "", "pass", "occurrence", -1, 1<<31-1, int64(-5))
	f.Fuzz(func(t *testing.T, name, criterion, ref, outcome, kind string, a, b int, n int64) {
		if len(name)+len(criterion)+len(ref)+len(outcome)+len(kind) > 4000 {
			t.Skip()
		}
		d := reporttest.Small()
		d.Org.Name, d.System.Name, d.System.Overview = name, criterion, name+"\n"+ref
		d.Engagement.Categories = append(d.Engagement.Categories, name)
		d.Engagement.Period = period.Period{From: period.Date(a % 100000), To: period.Date(b % 100000)}
		d.Criteria[0].ID, d.Criteria[1].Controls = criterion, []string{ref, ref, ""}
		d.Controls[0].Ref, d.Controls[1].Ref, d.Controls[2].Criteria = ref, ref, []string{criterion, criterion}
		f := &d.Tests[0]
		f.ID, f.Kind, f.Population, f.DaysTested, f.DaysGap = ref, kind, n, a, b
		f.Days = append(f.Days, engagement.DayRun{From: period.Date(a % 100000), Days: b, Outcome: outcome})
		f.Deviations[0].ItemID, f.Deviations[0].Label, f.Deviations[0].Reason, f.Deviations[0].Exception = ref, name, outcome, criterion
		doc := Build(d)
		for _, s := range Lint(doc, d) {
			if strings.Contains(s, "not in section IV, the first is") || strings.Contains(s, "leads nowhere") || strings.Contains(s, "have the anchor") || strings.Contains(s, "is not there") {
				t.Error(s)
			}
		}
		_ = fmt.Sprint(dump(doc))
	})
}
