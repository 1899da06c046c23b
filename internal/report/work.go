package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
)

// workOf are the auditor's tests of a control in the order of their numbers.
func (b *builder) workOf(ref string) []engagement.Work {
	var out []engagement.Work
	for _, w := range b.d.Work {
		if w.Control == ref {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(x, y engagement.Work) int { return natural(x.No, y.No) })
	return out
}

// auditorTests prints the auditor's tests of a control: nature, population, selection and result of each, and every deviation
// with the number of items tested (domain brief 4.2, 4.8). Responses are management's and not audited.
func (b *builder) auditorTests(subject string, list []engagement.Work) {
	if len(list) == 0 {
		return
	}
	t := Table{Subject: "work/" + subject, Caption: say("Tests of the service auditor"), Columns: []Column{{Title: "No.", Width: 12}, {Title: "What was done", Width: 36}, {Title: "Population and selection", Width: 30}, {Title: "Result", Width: 22}}}
	dev := Table{Subject: "work-deviations/" + subject, Caption: say("Deviations noted by the service auditor"), Columns: []Column{{Title: "Test", Width: 12}, {Title: "Found in", Width: 12}, {Title: "Nature and cause", Width: 38}, {Title: "Management’s response (unaudited)", Width: 38}}}
	for _, w := range list {
		what := or(fold(w.Text), "the test is not described")
		if len(w.Natures) > 0 {
			what = append(say(italic(title(and(w.Natures))+". ")), what...)
		}
		t.Rows = append(t.Rows, cells(say(bold(w.No)), what, selection(w), judgeWork(w).text()))
		for _, d := range w.Deviations {
			nature := or(title(fold(d.Nature)), "no nature is recorded")
			if d.Cause != "" {
				nature = append(nature, Span{Text: "\nCause: " + fold(d.Cause)})
			}
			response := say(fold(d.Response))
			if strings.TrimSpace(d.Response) == "" {
				response = say(quiet("[no response yet]"))
				if !b.doc.Draft {
					response = say(quiet("No response was given."))
				}
				b.lack("Management’s response to deviation " + cmp.Or(d.Ref, w.No) + ".")
			}
			dev.Rows = append(dev.Rows, cells(say(bold(w.No)), say(num(d.Count)+" of "+num(d.Of)), nature, response))
		}
	}
	b.add(t)
	if len(dev.Rows) > 0 {
		b.add(dev)
	}
}

// selection is what a test was made of: all of the population, or which of it and how drawn.
func selection(w engagement.Work) Text {
	p, s := w.Population, w.Selection
	out := or(title(strings.TrimSuffix(fold(p.Definition), ".")), "no population")
	out = append(out, Span{Text: ": " + num(p.Size) + "."})
	if p.Source != "" {
		out = append(out, Span{Text: " Source: " + p.Source + "."})
	}
	if p.Completeness != "" {
		out = append(out, quiet(" "+strings.TrimSuffix(fold(p.Completeness), ".")+"."))
	}
	switch {
	case s.All:
		return append(out, Span{Text: "\nAll items were tested."})
	case s.Size == 0:
		return append(out, Span{Text: "\n"}, Span{Text: "Nothing was selected.", Style: Bold})
	}
	drawn := "\n" + count(s.Size, "item", "items") + " selected"
	if s.Method != "" {
		drawn += ", " + s.Method
	}
	out = append(out, Span{Text: drawn})
	if s.Seed != "" {
		out = append(out, Span{Text: "; seed "}, mono(s.Seed))
	}
	return append(out, Span{Text: "."})
}

// judgeWork is a test's result as the auditor recorded it. A test without a result is not concluded, whatever it found.
func judgeWork(w engagement.Work) verdict {
	n, of := workDeviations(w)
	result := strings.TrimSpace(fold(w.Result))
	switch {
	case n > 0:
		more := result
		if strings.HasPrefix(strings.ToLower(result), "no deviation") {
			more = "" // the record of deviations speaks
		}
		return verdict{chart.Fail, count(n, "deviation", "deviations") + " noted in " + count(of, "item", "items") + " tested.", more}
	case result == "":
		return verdict{chart.None, "Not concluded.", ""}
	case strings.EqualFold(strings.TrimSuffix(result, "."), "No deviations noted"):
		return verdict{chart.Pass, "No deviations noted.", ""}
	}
	return verdict{chart.NotApplicable, result, ""}
}

// workDeviations are the deviations of a test, and the most items that any of them was found in.
func workDeviations(w engagement.Work) (n, of int64) {
	of = w.Selection.Size
	if w.Selection.All {
		of = w.Population.Size
	}
	for _, d := range w.Deviations {
		n, of = n+max(1, d.Count), max(of, d.Of)
	}
	return n, of
}

// workSummary is one line for each of the auditor's tests.
func (b *builder) workSummary() {
	if len(b.d.Work) == 0 {
		return
	}
	t := Table{Subject: "work", Caption: say("Tests of the service auditor"), Columns: []Column{{Title: "Control", Width: 12}, {Title: "No.", Width: 14}, {Title: "Nature", Width: 26}, {Title: "Population", Width: 12, Align: Right}, {Title: "Tested", Width: 10, Align: Right}, {Title: "Deviations", Width: 18, Align: Right}, {Title: "Page", Width: 8, Align: Right}}}
	var total int64
	list := slices.Clone(b.d.Work)
	slices.SortStableFunc(list, func(x, y engagement.Work) int { return cmp.Or(natural(x.Control, y.Control), natural(x.No, y.No)) })
	for _, w := range list {
		n, of := workDeviations(w)
		total += n
		dev := say(num(n))
		switch v := judgeWork(w); v.outcome {
		case chart.Fail:
			dev = say(status(chart.Fail, num(n)))
		case chart.None:
			dev = say(status(chart.None, "not concluded"))
		default:
		}
		to := b.control(w.Control)
		if to == "" {
			b.lack("Control " + w.Control + " (named by the auditor’s test " + w.No + ") in the dossier.")
		}
		t.Rows = append(t.Rows, cells(say(Span{Text: w.Control, To: to}), say(w.No), say(and(w.Natures)), say(num(w.Population.Size)), say(num(of)), dev, say(page(to))))
		if to == "" {
			t.Rows[len(t.Rows)-1].Cells[6] = nil
		}
	}
	t.Rows = append(t.Rows, Row{Kind: Total, Cells: []Text{say("All tests"), say(num(len(list))), nil, nil, nil, say(num(total)), nil}})
	b.add(t)
}

// strays are tests of the auditor whose control is not in the dossier: what they found is the period's all the same.
func (b *builder) strays() {
	var list []engagement.Work
	for _, w := range b.d.Work {
		if _, ok := b.byRef[w.Control]; !ok {
			list = append(list, w)
		}
	}
	if len(list) > 0 {
		b.heading(2, "Tests of the service auditor of no control in scope")
		b.auditorTests("-", list)
	}
}

// resultOf is what a control's tests came to: the auditor's, then management's own.
func (b *builder) resultOf(c engagement.ControlFacts) Text {
	own := b.ofControl(c)
	list := b.workOf(c.Ref)
	if len(list) == 0 {
		return own.text()
	}
	var n int64
	open := 0
	for _, w := range list {
		k, _ := workDeviations(w)
		n += k
		open += one(judgeWork(w).outcome == chart.None)
	}
	in := " in " + count(len(list), "test", "tests") + " of the auditor."
	v := verdict{chart.Pass, "No deviations noted" + in, ""}
	if open > 0 {
		v = verdict{chart.None, "Not concluded.", count(open, "test", "tests") + " of the auditor open."}
	}
	if n > 0 {
		v = verdict{chart.Fail, count(n, "deviation", "deviations") + in, ""}
	}
	out := v.text()
	if len(b.tests[c.Ref]) > 0 {
		out = append(append(out, Span{Text: "\nMonitoring: "}), own.text()...)
	}
	return out
}
