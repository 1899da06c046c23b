package report

import (
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
)

// Sheets is a dossier's report as tables for a spreadsheet: the matrix of section IV in rows that can be filtered (domain
// brief 4.8), what did not pass, and where it all comes from. A SOC 3 has no matrix; a Type 1 has no tests in it.
func Sheets(d *engagement.Dossier) []Sheet {
	b := newBuilder(d)
	b.identity()
	out := []Sheet{}
	if b.form.soc != 3 {
		out = append(out, b.matrixSheet(), b.controlSheet())
	}
	if b.form.tested() {
		out = append(out, b.deviationSheet(), b.silentSheet(), b.sourceSheet())
	}
	return append(out, b.aboutSheet())
}

// matrixSheet is section IV, a row for each test of each control of each criterion.
func (b *builder) matrixSheet() Sheet {
	head := []string{title(b.form.criterion()), "What it asks", "Control", "Control text", "Owner", "Frequency"}
	widths := []float64{13, 46, 11, 60, 24, 20}
	if b.form.tested() {
		head = append(head, "Test no.", "Tested by", "Nature", "Test", "Population", "Population size", "Source", "Completeness", "Selection", "Items tested", "Result", "Deviations", "Nature and cause", "Management’s response (unaudited)")
		widths = append(widths, 26, 22, 24, 50, 44, 12, 26, 44, 34, 12, 44, 12, 50, 50)
	} else {
		head, widths = append(head, "In place as shown by"), append(widths, 60)
	}
	s := Sheet{Name: "Section IV", Head: head, Widths: widths}
	for _, i := range b.criteria {
		c := b.d.Criteria[i]
		asks := strings.TrimSpace(c.Title + ". " + fold(c.Intent))
		list := b.meets[c.ID]
		if len(list) == 0 {
			s.Rows = append(s.Rows, pad([]any{c.ID, asks, "", b.answer(c).String()}, len(head)))
		}
		for _, ref := range list {
			k, ok := b.byRef[ref]
			if !ok {
				s.Rows = append(s.Rows, pad([]any{c.ID, asks, ref, "The dossier does not hold this control."}, len(head)))
				continue
			}
			x := b.d.Controls[k]
			lead := []any{c.ID, asks, ref, fold(x.Statement), x.Owner, title(term(x.Frequency))}
			if !b.form.tested() {
				s.Rows = append(s.Rows, append(lead, b.shownBy(x).Value.String()))
				continue
			}
			s.Rows = append(s.Rows, b.testRows(x, lead, len(head))...)
		}
	}
	return s
}

// pad fills a row with empty cells.
func pad(row []any, n int) []any {
	for len(row) < n {
		row = append(row, "")
	}
	return row
}

// testRows is a row for each test of a control, the auditor's first; one row that says so where there is none.
func (b *builder) testRows(c engagement.ControlFacts, lead []any, n int) [][]any {
	var out [][]any
	add := func(cells ...any) { out = append(out, append(append(make([]any, 0, n), lead...), cells...)) }
	for _, w := range b.workOf(c.Ref) {
		k, of := workDeviations(w)
		var why, said []string
		for _, v := range w.Deviations {
			why = append(why, strings.TrimSpace(num(v.Count)+" of "+num(v.Of)+": "+fold(v.Nature)+" "+fold(v.Cause)))
			said = append(said, fold(v.Response))
		}
		how := "all items"
		if !w.Selection.All {
			how = strings.TrimSuffix(strings.TrimSpace(w.Selection.Method+"; seed "+w.Selection.Seed), "; seed")
		}
		add(w.No, "Service auditor", and(w.Natures), fold(w.Text), fold(w.Population.Definition), w.Population.Size, w.Population.Source, fold(w.Population.Completeness), how, of, judgeWork(w).text().String(), k, strings.Join(why, "\n"), strings.Join(said, "\n"))
	}
	for _, i := range b.tests[c.Ref] {
		t := b.d.Tests[i]
		said, ok := b.response(t.ID)
		if !ok {
			said = nil
		}
		add(t.ID, "Management’s monitoring", b.nature(t), strings.TrimSpace(t.Title+". "+t.Asks), t.Counted, t.Population, strings.Join(t.Sources, ", "), completeness(t).String(), "all items", t.Population, judge(t, b.d).text().String(), int64(len(t.Deviations)), reasonsOf(t), said.String())
	}
	if len(out) == 0 {
		out = append(out, pad(append(append(make([]any, 0, n), lead...), "", "", "", b.shown(c).String()), n))
	}
	return out
}

// reasonsOf counts the deviations of a test by their reason.
func reasonsOf(t engagement.TestFacts) string {
	n := map[string]int{}
	var order []string
	for _, d := range t.Deviations {
		if n[d.Reason] == 0 {
			order = append(order, d.Reason)
		}
		n[d.Reason]++
	}
	for i, r := range order {
		order[i] = strconv.Itoa(n[r]) + ": " + r
	}
	return strings.Join(order, "\n")
}

func (b *builder) controlSheet() Sheet {
	s := Sheet{Name: "Controls", Head: []string{"Control", "Title", "What is done", "By whom", "When", "Where and how", "Why", "Version"}, Widths: []float64{11, 34, 60, 26, 22, 44, 30, 9}}
	for _, i := range b.controls {
		c := b.d.Controls[i]
		s.Rows = append(s.Rows, []any{c.Ref, c.Title, fold(c.Statement), c.Owner, title(term(c.Frequency)), b.where(c).String(), strings.Join(b.serves[c.Ref], ", "), int64(c.Version)})
	}
	return s
}

func (b *builder) deviationSheet() Sheet {
	s := Sheet{Name: "Deviations", Head: []string{"Noted by", "Test", "Controls", "Item", "Identifier", "From", "To", "Reason", "Exception"}, Widths: []float64{22, 34, 18, 34, 30, 22, 22, 50, 12}}
	for _, w := range b.d.Work {
		for _, d := range w.Deviations {
			s.Rows = append(s.Rows, []any{"Service auditor", w.No, w.Control, num(d.Count) + " of " + num(d.Of), d.Ref, "", "", strings.TrimSpace(fold(d.Nature) + " " + fold(d.Cause)), ""})
		}
	}
	for _, t := range b.d.Tests {
		s.Rows = append(s.Rows, itemRows("Management’s monitoring", t, t.Deviations)...)
	}
	return s
}

func (b *builder) silentSheet() Sheet {
	s := Sheet{Name: "No answer", Head: []string{"Noted by", "Test", "Controls", "Item", "Identifier", "From", "To", "Reason", "Exception"}, Widths: []float64{22, 34, 18, 34, 30, 22, 22, 50, 12}}
	for _, t := range b.d.Tests {
		s.Rows = append(s.Rows, itemRows("Management’s monitoring", t, t.Unknowns)...)
	}
	return s
}

func itemRows(by string, t engagement.TestFacts, list []engagement.Deviation) [][]any {
	out := make([][]any, 0, len(list))
	for _, d := range list {
		var to any = "not ended when frozen"
		if d.To != nil {
			to = *d.To
		}
		out = append(out, []any{by, t.ID, strings.Join(t.Controls, ", "), d.Label, d.ItemID, d.From, to, d.Reason, d.Exception})
	}
	return out
}

func (b *builder) sourceSheet() Sheet {
	s := Sheet{Name: "Sources", Head: []string{"Connection", "System", "Collector", "Collections", "Complete", "Proven", "Rows", "First", "Last"}, Widths: []float64{26, 18, 22, 12, 12, 12, 12, 22, 22}}
	for _, x := range b.d.Sources {
		row := []any{x.Name, x.System, x.Collector, x.Items, x.Complete, x.Proven, x.Rows, "", ""}
		if x.First != nil {
			row[7] = *x.First
		}
		if x.Last != nil {
			row[8] = *x.Last
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

func (b *builder) aboutSheet() Sheet {
	s := Sheet{Name: "About", Head: []string{"What", "Value"}}
	add := func(what, value string) { s.Rows = append(s.Rows, []any{what, value}) }
	add("Report", b.doc.Kind)
	add("Organisation", b.doc.Org)
	add("System", b.d.System.Name)
	add("Engagement", b.d.Engagement.Ref)
	add("Covered", title(b.covered()))
	if b.form.soc != 1 {
		add("Categories", strings.Join(categories(b.d.Engagement.Categories), ", "))
	}
	add("Standards", strings.Join(b.d.Engagement.Standards, "; "))
	add("Service auditor", b.d.Engagement.Firm)
	add("Frozen", instant(b.d.Frozen.At))
	add("SHA-256 of the dossier", b.doc.Hash)
	add("Nature", notAReport().String())
	if b.d.Org.Simulated {
		add("Data", "Simulated: "+b.doc.Org+" is not a real organisation.")
	}
	return s
}
