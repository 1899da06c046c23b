package report

import (
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
)

// summary is the figures of the section and one line for each test.
func (b *builder) summary() {
	b.heading(2, "Results at a glance")
	n := b.n
	tests, items := "Tests", "Deviations"
	pairs := []Pair{
		{Key: title(b.form.criteria()), Value: say(num(n.criteria))},
		{Key: "Controls", Value: say(num(n.controls) + ": " + num(n.tested) + " with automated tests, " + b.examined() + num(n.filed) + " with documents only, " + num(n.bare) + " with neither")},
	}
	if n.work > 0 {
		tests, items = "Tests of management’s monitoring", "Deviations of that monitoring"
		pairs = append(pairs, Pair{Key: "Tests of the service auditor", Value: append(say(count(n.work, "test", "tests")+"; "), b.auditorFigure()...)})
	}
	pairs = append(pairs, []Pair{
		{Key: tests, Value: say(count(n.tests, "test", "tests") + ", evaluated " + count(n.evaluations, "time", "times") + " in the period")},
		{Key: items, Value: b.figure(n.deviations, chart.Fail, "deviation", "deviations", "in "+count(n.deviating, "test", "tests"))},
		{Key: "Items without an answer", Value: b.figure(n.unknowns, chart.Unknown, "item", "items", "in "+count(n.silent, "test", "tests"))},
		{Key: "Days without a verdict", Value: b.figure(n.gapDays, chart.None, "day of a test", "days of tests", "in "+count(n.gapped, "test", "tests"))},
	}...)
	b.add(Pairs{Subject: "summary", Pairs: pairs})
	b.workSummary()
	if len(b.d.Tests) == 0 && len(b.d.Work) > 0 {
		return
	}
	if len(b.d.Tests) == 0 {
		b.absent("No automated test covers any control", "Tests of controls with results over the period.", "The dossier holds no test. Nothing in this section shows that a control operated.")
		return
	}
	b.add(b.summaryTable())
}

// examined says how many controls only the auditor tested.
func (b *builder) examined() string {
	if b.n.examined == 0 {
		return ""
	}
	return num(b.n.examined) + " with tests of the auditor only, "
}

// auditorFigure is the number of deviations that the auditor noted.
func (b *builder) auditorFigure() Text {
	if b.n.noted == 0 {
		return say("no deviation noted")
	}
	return say(status(chart.Fail, count(b.n.noted, "deviation", "deviations")), " noted")
}

// summaryTable lists the tests in the order of their controls.
func (b *builder) summaryTable() Table {
	caption := "Tests of controls over the period"
	if b.n.work > 0 {
		caption = "Management’s monitoring over the period"
	}
	t := Table{Subject: "summary", Caption: say(caption), Columns: []Column{
		{Title: "Control", Width: 11}, {Title: "Test", Width: 42}, {Title: "Population", Width: 12, Align: Right}, {Title: "Days tested", Width: 9, Align: Right},
		{Title: "Deviations", Width: 12, Align: Right}, {Title: "No answer", Width: 9, Align: Right}, {Title: "Page", Width: 7, Align: Right}}}
	row := func(i int, control Text) {
		f := b.d.Tests[i]
		dev, silent := say(num(len(f.Deviations))), say(num(len(f.Unknowns)))
		if len(f.Deviations) > 0 {
			dev = say(status(chart.Fail, num(len(f.Deviations))))
		}
		if len(f.Unknowns) > 0 {
			silent = say(status(chart.Unknown, num(len(f.Unknowns))))
		}
		to := b.testAnchor(i)
		t.Rows = append(t.Rows, cells(control, say(see(to, f.Title)), say(num(f.Population)), say(num(f.DaysTested)), dev, silent, say(page(to))))
	}
	for _, c := range b.controls {
		for _, i := range b.tests[b.d.Controls[c].Ref] {
			if h, ok := b.home[i]; ok && h == c {
				row(i, say(see(b.control(b.d.Controls[c].Ref), b.d.Controls[c].Ref)))
			}
		}
	}
	for _, i := range b.homeless() {
		row(i, say("–"))
	}
	t.Rows = append(t.Rows, Row{Kind: Total, Cells: []Text{say("All tests"), say(count(len(b.d.Tests), "test", "tests")), nil, nil, say(num(b.n.deviations)), say(num(b.n.unknowns)), nil}})
	t.Note = say("Population: occurrences in the period, or the largest population of a state test. Each test stands with the first control it tests.")
	return t
}

// testAnchor is where a test is printed; the position keeps tests of one name apart.
func (b *builder) testAnchor(i int) string { return "test/" + num(i+1) + "/" + b.d.Tests[i].ID }

// homeless are the tests that test no control of the dossier.
func (b *builder) homeless() []int {
	var out []int
	for i := range b.d.Tests {
		if _, ok := b.home[i]; !ok {
			out = append(out, i)
		}
	}
	return out
}

// byCriterion lists under each criterion its controls in short form; each control’s full entry follows later.
func (b *builder) byCriterion() {
	if b.form.dated() {
		b.heading(2, "Controls by "+b.form.criterion())
	} else {
		b.heading(2, "Results by "+b.form.criterion())
	}
	if len(b.criteria) == 0 {
		b.callout(Missing, "No "+b.form.criteria()+" are chosen", "There is nothing to arrange controls by.")
		return
	}
	full := "Its full entry, with tests and every deviation, is in the part that follows."
	if b.form.dated() {
		full = "Its full entry is in the part that follows."
	}
	if b.opt.Arrange == ByProcess {
		full = strings.Replace(full, "is in the part that follows", "stands under its process", 1)
	}
	b.p("A control that serves several " + b.form.criteria() + " stands under each of them in short form. " + full)
	last := "\x00"
	for _, i := range b.criteria {
		c := b.d.Criteria[i]
		if id, name, _ := b.group(c); id+name != last {
			last = id + name
			b.heading(3, name)
		}
		b.entry(4, b.anchor("criterion", c.ID), c.ID, c.Title)
		if c.Intent != "" {
			b.add(Paragraph{Text: say(c.Intent), Keep: true})
		}
		list := b.meets[c.ID]
		why, excused := b.excused(c.ID)
		if excused {
			b.callout(Notice, "Does not apply (DC8)", why)
		}
		switch {
		case len(list) > 0:
			b.add(b.shortForms(c.ID, list))
		case !excused:
			b.callout(Missing, "No control meets this "+b.form.criterion(), "The dossier names neither a control nor a reason why it does not apply.")
		}
	}
}

// shortForms is the controls of a criterion, one line each.
func (b *builder) shortForms(criterion string, list []string) Table {
	t := Table{Subject: "criterion/" + criterion, Columns: []Column{{Title: "Control", Width: 12}, {Title: "Title", Width: 42}, {Title: "Result", Width: 39}, {Title: "Page", Width: 7, Align: Right}}}
	if b.form.dated() {
		t.Columns[1].Width, t.Columns[2] = 50, Column{Title: "Owner", Width: 31}
	}
	for _, ref := range list {
		i, ok := b.byRef[ref]
		if !ok {
			b.lack("Control " + ref + " (named by " + criterion + ") in the dossier.")
			t.Rows = append(t.Rows, cells(say(bold(ref)), missing("the dossier does not hold this control"), nil, nil))
			continue
		}
		c, to := b.d.Controls[i], b.control(ref)
		last := b.resultOf(c)
		if b.form.dated() {
			last = or(c.Owner, "no owner")
		}
		t.Rows = append(t.Rows, cells(say(Span{Text: ref, Style: Bold, To: to}), say(c.Title), last, say(page(to))))
	}
	return t
}
