package report

import (
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
)

// results is section IV: how the tests were made, from what evidence, and what they found, in the arrangement that was asked
// for. A report of one date has no tests of operation and no results: it states the controls.
func (b *builder) results() {
	if b.form.dated() {
		b.section("IV", title(b.form.criteria())+" and controls", "Controls", "Written by the management of "+b.doc.Org)
		b.callout(Notice, "No tests of operation", "A Type 1 report covers whether controls were suitably designed and in place at one date. It says nothing about how they operated before or after, and holds no tests of their operation.")
		b.arranged()
		return
	}
	voice := "Controls: written by the management of " + b.doc.Org + ". Tests and results: management’s own monitoring, not the auditor’s tests"
	notice := "The tests in this section are " + of(b.doc.Org) + " own. The auditor’s tests, and what the auditor concludes from them, are the auditor’s to add. A deviation of the period stays in this section, also when it was mended within the hour."
	if len(b.d.Work) > 0 {
		voice = "Controls: written by the management of " + b.doc.Org + ". Tests of the service auditor: the auditor’s. Monitoring: management’s own"
		notice = "Tables headed “Tests of the service auditor” hold the auditor’s tests and results. Everything else in this section is " + of(b.doc.Org) + " own monitoring and not the auditor’s test. A deviation of the period stays in this section, also when it was mended within the hour, and also when the " + b.form.criterion() + " was met all the same."
	}
	b.section("IV", title(b.form.criteria())+", controls, tests of controls and results", "Controls, tests and results", voice)
	b.callout(Notice, "What these tests are", notice)
	if e := b.early(); e != "" {
		b.callout(Missing, "The period is not over", e)
	}
	b.method()
	b.sources()
	b.summary()
	b.arranged()
	b.orphans()
	b.strays()
}

// method explains how tests are made, so that a result can be read.
func (b *builder) method() {
	b.heading(2, "How the tests were made")
	b.heading(3, "Nature of the tests")
	b.p("Each test asks one question of every member of a population, in a query over records read from the source system. By nature it is an inspection of records and configuration, or, where the query does again what the control should have done, a reperformance. No test rests on inquiry alone.")
	b.list(
		say(bold("A state test"), " looks at how things are: every account, device or setting, judged each time the source is read. Its history shows from when to when an item was not as it should be."),
		say(bold("An occurrence test"), " looks at what happened: every leaver, change or backup in the period, judged once it can be judged."),
	)
	b.heading(3, "Whole populations")
	b.p("Tests cover every member of their population; nothing is sampled. The number of verdicts must equal the number of members, and each member has one verdict. What remains uncertain is whether the population itself is complete and whether the question fits the control. Both are stated with each test.")
	b.heading(3, "Outcomes")
	b.keep("A verdict is one of four. No answer is a verdict of its own: it is never counted as a pass.")
	b.add(Table{Subject: "outcomes", Columns: []Column{{Title: "Outcome", Width: 22}, {Title: "Meaning", Width: 78}}, Rows: rows(
		cells(say(status(chart.Pass, "pass")), say("The item was judged and is as the control requires.")),
		cells(say(status(chart.Fail, "fail")), say("The item was judged and is not as the control requires. Every such item is a deviation and is listed.")),
		cells(say(status(chart.Unknown, "no answer")), say("The item could not be judged: a source did not answer, a field was empty, or the counts did not reconcile. Every such item is listed.")),
		cells(say(status(chart.NotApplicable, "not applicable")), say("The question does not arise for the item, for a reason the test states.")),
	)})
	b.heading(3, "Days and strips")
	b.keep("A strip shows a test over the period, one day after another (days are UTC days). The worst verdict of a day counts for the day; height and form repeat what the colour says.")
	b.add(Legend{Entries: []LegendEntry{
		{chart.Pass, say("every item passed")},
		{chart.Fail, say("at least one item failed")},
		{chart.Unknown, say("at least one item gave no answer, none failed")},
		{chart.NotApplicable, say("no item to which the question applies")},
		{chart.None, say("the test was not evaluated: a gap, never a pass")},
	}})
	b.heading(3, "How populations were shown to be complete")
	b.p("Each reading of a source leaves a record of what was asked, how many pages and rows came back, and the errors. A reading is ", bold("proven"), " when the source’s own count equals the number of rows read, ", bold("asserted"), " when it ended without error but the source gives no count of its own, and ", bold("incomplete"), " otherwise. A test never takes an incomplete reading; if there is no other, its outcome is no answer.")
	b.heading(3, "Exceptions")
	b.p("An exception is an approved, reasoned and expiring acceptance that an item fails. It changes what people must do. It does not change the verdict: the item stays a deviation, with the exception’s reference beside it.")
}

// sources is the table of the systems that evidence came from.
func (b *builder) sources() {
	b.heading(2, "Sources of evidence")
	defer b.filed()
	if len(b.d.Sources) == 0 && len(b.d.Work) > 0 {
		b.p("No system was read by a connection. The tests in this section rest on what the auditor obtained, listed below with where it is from.")
		return
	}
	if len(b.d.Sources) == 0 {
		b.absent("No source is recorded", "The sources of evidence.", "The dossier names no system from which evidence was collected; no test in this section can rest on anything.")
		return
	}
	b.keep("Evidence was collected from the connections below. The columns count collections: all, those without error, and those whose rows equal the source’s own count.")
	t := Table{Subject: "sources", Columns: []Column{{Title: "Connection", Width: 24}, {Title: "Collections", Width: 11, Align: Right}, {Title: "Complete", Width: 10, Align: Right}, {Title: "Proven", Width: 10, Align: Right}, {Title: "Rows", Width: 11, Align: Right}, {Title: "First", Width: 17}, {Title: "Last", Width: 17}}}
	var sum engagement.SourceFacts
	for _, s := range b.d.Sources {
		name := say(bold(s.Name), quiet("\n"+s.System))
		if s.Collector != "" {
			name = append(name, quiet(", "+s.Collector))
		}
		complete := say(num(s.Complete))
		if s.Complete < s.Items {
			complete = say(status(chart.Unknown, num(s.Complete)))
		}
		t.Rows = append(t.Rows, cells(name, say(num(s.Items)), complete, say(num(s.Proven)), say(num(s.Rows)), say(when(s.First)), say(when(s.Last))))
		sum.Items, sum.Complete, sum.Proven, sum.Rows = sum.Items+s.Items, sum.Complete+s.Complete, sum.Proven+s.Proven, sum.Rows+s.Rows
	}
	t.Rows = append(t.Rows, Row{Kind: Total, Cells: []Text{say("All sources"), say(num(sum.Items)), say(num(sum.Complete)), say(num(sum.Proven)), say(num(sum.Rows)), nil, nil}})
	t.Note = say("A count with the sign of no answer is lower than the number of collections: some were incomplete. They are listed in ", see("section/V", "section V"), ".")
	if sum.Complete == sum.Items {
		t.Note = say("Every collection was complete.")
	}
	b.add(t)
}

// filed is what the auditor's populations are from, and how many documents are on file for controls: evidence that no connection read.
func (b *builder) filed() {
	t := Table{Subject: "filed", Caption: say("Populations that the service auditor obtained"), Columns: []Column{{Title: "Source", Width: 38}, {Title: "Population", Width: 30}, {Title: "Items", Width: 12, Align: Right}, {Title: "Tests", Width: 20}}}
	type from struct{ source, what string }
	tests := map[from][]string{}
	var order []from
	size := map[from]int64{}
	for _, w := range b.d.Work {
		k := from{fold(w.Population.Source), strings.TrimSuffix(fold(w.Population.Definition), ".")}
		if k.source == "" && k.what == "" {
			continue
		}
		if tests[k] == nil {
			order = append(order, k)
		}
		tests[k], size[k] = append(tests[k], w.No), max(size[k], w.Population.Size)
	}
	for _, k := range order {
		t.Rows = append(t.Rows, cells(or(k.source, "no source is recorded"), or(k.what, "not described"), say(num(size[k])), say(and(tests[k]))))
	}
	if len(t.Rows) > 0 {
		b.add(t)
	}
	documents, with := 0, 0
	for _, i := range b.controls {
		n := len(b.d.Controls[i].Uploads)
		documents, with = documents+n, with+one(n > 0)
	}
	if documents > 0 {
		b.p(count(documents, "document", "documents"), " on file from the period, for ", count(with, "control", "controls"), ", are named with those controls.")
	}
}
