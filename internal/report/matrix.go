package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/matrix"
)

// Matrix writes the answer to "how do we meet it" as a document: the same matrix gives the same document. It is a working
// paper of management, and says so on its first page.
func Matrix(m *matrix.Matrix) *Document {
	b := newBuilder(nil)
	b.doc = &Document{Language: "en-GB", Kind: "Control matrix", Org: m.Org, Ref: m.Made.Ref(), Frozen: m.Made.At.UTC(), Simulated: m.Simulated, Hashed: "matrix"}
	if _, sum, err := m.Bytes(); err == nil {
		b.doc.Hash = sum
	} else {
		b.doc.HashError = err.Error()
	}
	x := &matrixWriter{builder: b, m: m, controls: map[string]matrix.Control{}, tests: map[string]matrix.Test{}}
	for _, c := range m.Controls {
		x.controls[c.Ref] = c
	}
	for _, t := range m.Tests {
		x.tests[t.ID] = t
	}
	x.front()
	x.summary()
	x.requirements()
	x.allControls()
	x.allTests()
	x.allEvidence()
	x.about()
	return b.doc
}

type matrixWriter struct {
	*builder
	m        *matrix.Matrix
	controls map[string]matrix.Control
	tests    map[string]matrix.Test
}

// StandingSign is the mark of a standing.
func StandingSign(status string) chart.Outcome {
	switch status {
	case "met":
		return chart.Pass
	case "met_with_deviations":
		return chart.Excepted
	case "at_risk":
		return chart.Grace
	case "not_met":
		return chart.Fail
	}
	return chart.Unknown
}

// scopeText is the framework with the chosen categories.
func (x *matrixWriter) scopeText() string {
	if c := categories(x.m.Scope.Categories); len(c) > 0 {
		return x.m.Scope.Name + ": " + and(c)
	}
	return x.m.Scope.Name
}

// toComeText says that the period is not over; empty when it is.
func (x *matrixWriter) toComeText() string {
	p, at := x.m.Scope.Period, x.m.Made.At
	if !at.IsZero() && period.Of(at) < p.To {
		return "The period is not over: it ends on " + day(p.Last()) + "."
	}
	return ""
}

func (x *matrixWriter) front() {
	d, m := x.doc, x.m
	d.Title = "How we meet " + x.scopeText()
	d.Short = "Control matrix " + d.Ref + ", " + between(m.Scope.Period)
	over := say(between(m.Scope.Period))
	if s := x.toComeText(); s != "" {
		over = append(over, Span{Text: ". " + s})
	}
	engagement := say(m.Scope.Engagement)
	if m.Scope.Engagement == "" {
		engagement = say(quiet("none; the period was chosen freely"))
	}
	d.Cover = Cover{
		Mark: "INTERNAL", Org: m.Org, Title: d.Title, Period: "For the period " + between(m.Scope.Period),
		Notice: say("Internal working paper of management. It is not the report of an examination, and no opinion is given or implied."),
		Facts: []Pair{
			{Key: "Scope", Value: say(x.scopeText())},
			{Key: "Period", Value: over},
			{Key: "Engagement", Value: engagement},
			{Key: "Made", Value: say(instant(m.Made.At), " by ", orDash(m.Made.Name))},
			{Key: "Number", Value: say(d.Ref)},
			{Key: "SHA-256 of the matrix", Value: orMono(d.Hash, d.HashError)},
		},
	}
	if m.Simulated {
		d.Cover.Alert = say(bold("Simulated data. "), m.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	x.section("", "Contents", "Contents", "")
	x.sec.Anchor = "contents"
	x.add(Contents{Depth: 2})
}

// standings in the order in which somebody looks at them.
var standings = []struct{ id, word, meaning string }{
	{"not_met", "Not met", "no control in force, or one that fails beyond its grace"},
	{"at_risk", "At risk", "something fails within its grace or with an exception, or results are missing"},
	{"not_evaluated", "Not evaluated", "nobody can tell: no result and no evidence in the period"},
	{"met_with_deviations", "Met with deviations", "controls work now and failed in the period; the deviation stays"},
	{"met", "Met", "every control that serves it has worked, as far as its results show"},
}

func (x *matrixWriter) summary() {
	x.section("1", "Summary", "Summary", "Made by the program from the records of "+x.m.Org)
	x.lead("For every requirement in scope this paper says which controls meet it, who owns them, how they are tested, with what result in the period, and on what evidence.")
	x.heading(2, "Where the requirements stand")
	t := Table{Subject: "standings", Columns: []Column{{Title: "Standing", Width: 26}, {Title: "Requirements", Width: 14, Align: Right}, {Title: "Meaning", Width: 60}}}
	for _, s := range standings {
		t.Rows = append(t.Rows, cells(say(status(StandingSign(s.id), s.word)), say(num(x.m.Count(s.id))), say(s.meaning)))
	}
	t.Rows = append(t.Rows, Row{Kind: Total, Cells: []Text{say("In scope"), say(num(len(x.m.Requirements))), nil}})
	t.Note = say("A standing is the organisation’s own view of its records. Whether a criterion is met is for an auditor to conclude from tests of their own.")
	x.add(t)
	x.heading(2, "What is open")
	open := Table{Subject: "open", Columns: []Column{{Title: "Requirement", Width: 15}, {Title: "Standing", Width: 20}, {Title: "Why", Width: 65}}}
	for _, s := range standings[:3] {
		for _, q := range x.m.Requirements {
			if q.Status == s.id {
				open.Rows = append(open.Rows, cells(say(see("requirement/"+q.ID, q.ID)), say(status(StandingSign(q.Status), q.Word)), x.reasons(q, 3)))
			}
		}
	}
	if len(open.Rows) == 0 {
		x.p("Nothing: every requirement is met, some with deviations.")
		return
	}
	x.add(open)
}

// reasons are the first findings about a requirement.
func (x *matrixWriter) reasons(q matrix.Requirement, most int) Text {
	var out Text
	for i, r := range q.Reasons {
		if i == most {
			out = append(out, quiet("\nand "+count(len(q.Reasons)-most, "more finding", "more findings")))
			break
		}
		if i > 0 {
			out = append(out, Span{Text: "\n"})
		}
		if r.Control != "" {
			out = append(out, see(x.controlAnchor(r.Control), r.Control), Span{Text: ": "})
		}
		out = append(out, Span{Text: r.Text})
	}
	if len(out) == 0 {
		return say(quiet("no finding"))
	}
	return out
}

func (x *matrixWriter) controlAnchor(ref string) string {
	if _, ok := x.controls[ref]; ok {
		return "control/" + ref
	}
	return ""
}

func (x *matrixWriter) testAnchor(id string) string {
	if _, ok := x.tests[id]; ok {
		return "test/" + id
	}
	return ""
}

// requirements is the heart: each requirement with the controls that meet it.
func (x *matrixWriter) requirements() {
	x.section("2", "Requirements and the controls that meet them", "Requirements", "Requirements in our paraphrase")
	group := "\x00"
	for _, q := range x.m.Requirements {
		if q.Group != group {
			group = q.Group
			x.heading(2, orDash(group))
		}
		x.entry(3, "requirement/"+q.ID, q.ID, q.Title)
		if q.Intent != "" {
			x.add(Paragraph{Text: say(italic(q.Intent)), Tone: Question, Keep: true})
		}
		x.add(Paragraph{Text: append(say(status(StandingSign(q.Status), q.Word+"."), " "), x.reasons(q, 6)...), Tone: Result, Keep: len(q.Controls) > 0})
		if len(q.Controls) == 0 {
			continue
		}
		t := Table{Subject: "meets/" + q.ID, Columns: []Column{{Title: "Control", Width: 11}, {Title: "How it is met", Width: 42}, {Title: "Owner", Width: 17}, {Title: "Result in the period", Width: 30}}}
		for _, ref := range q.Controls {
			c := x.controls[ref]
			t.Rows = append(t.Rows, cells(say(see(x.controlAnchor(ref), ref)), say(bold(c.Title+". "), c.Statement), x.owner(c), x.controlResult(c)))
		}
		x.add(t)
	}
}

func (x *matrixWriter) owner(c matrix.Control) Text {
	switch {
	case c.Owner == "" && c.OwnerRole == "":
		return missing("nobody owns it")
	case c.Owner == "":
		return append(missing("nobody assigned"), quiet("\n"+term(c.OwnerRole)))
	}
	return say(c.Owner, quiet("\n"+term(c.OwnerRole)))
}

// controlResult is what the tests of a control came to, one line each, or what else shows its operation.
func (x *matrixWriter) controlResult(c matrix.Control) Text {
	var out Text
	if !c.InForce {
		out = say(status(chart.None, "Draft, not in force"))
	}
	for _, id := range c.Tests {
		if len(out) > 0 {
			out = append(out, Span{Text: "\n"})
		}
		t := x.tests[id]
		out = append(out, see(x.testAnchor(id), id), Span{Text: ": "}, status(chart.Parse(t.Outcome()), t.Result()))
	}
	if len(c.Tests) > 0 {
		return out
	}
	if len(out) > 0 {
		out = append(out, Span{Text: "\n"})
	}
	if len(c.Documents) > 0 {
		return append(out, say("By hand: "+count(len(c.Documents), "piece", "pieces")+" of evidence filed")...)
	}
	return append(out, status(chart.Unknown, "No test and no evidence filed"))
}

// allControls describes each control once.
func (x *matrixWriter) allControls() {
	x.section("3", "Controls", "Controls", "As they are worded in the version that counts")
	for _, c := range x.m.Controls {
		x.entry(3, "control/"+c.Ref, c.Ref, c.Title)
		x.p(or(c.Statement, "the control has no statement"))
		version := fmt.Sprintf("%d", c.Version)
		if !c.InForce {
			version += ", a draft: not in force"
		}
		owner := x.owner(c)
		if c.Deputy != "" {
			owner = append(owner, Span{Text: "\nDeputy: " + c.Deputy})
		}
		files := say(quiet("none"))
		if len(c.Documents) > 0 {
			files = say(mono(strings.Join(c.Documents, ", ")))
		}
		x.add(Pairs{Subject: "control/" + c.Ref, Pairs: []Pair{
			{Key: "Owner", Value: owner},
			{Key: "Kind", Value: say(title(c.Type) + ", " + term(c.Nature) + ", " + term(c.Frequency))},
			{Key: "Version", Value: say(version)},
			{Key: "Meets", Value: refs(c.Requirements, func(id string) string { return "requirement/" + id })},
			{Key: "Tests", Value: x.controlResult(c)},
			{Key: "Evidence filed", Value: files},
		}})
	}
	if len(x.m.Controls) == 0 {
		x.p("No control serves a requirement in scope.")
	}
}

// allTests describes each test once, with its population and what came out.
func (x *matrixWriter) allTests() {
	x.section("4", "Tests and their results", "Tests", "Each test judges every member of its population")
	for _, t := range x.m.Tests {
		x.entry(3, "test/"+t.ID, t.ID, t.Title)
		x.add(Paragraph{Text: say(italic(t.Asks)), Tone: Question, Keep: true})
		pairs := []Pair{
			{Key: "Of controls", Value: refs(t.Controls, x.controlAnchor)},
			{Key: "Reads", Value: say(strings.Join(t.Inputs, ", "))},
			{Key: "Population", Value: x.population(t)},
			{Key: "Evaluations", Value: say(count(t.Evaluations, "evaluation", "evaluations")+" in the period; ", x.days(t))},
			{Key: "Result", Value: x.result(t)},
			{Key: "Evidence read last", Value: x.lastRead(t)},
			{Key: "Definition", Value: say(fmt.Sprintf("version %d, severity %s, SHA-256 ", t.Version, orDash(t.Severity)), mono(t.SHA256))},
		}
		x.add(Pairs{Subject: "test/" + t.ID, Pairs: pairs})
		x.deviations(t)
	}
	if len(x.m.Tests) == 0 {
		x.p("No automated test serves a control in scope.")
	}
}

func (x *matrixWriter) population(t matrix.Test) Text {
	out := or(strings.TrimSuffix(strings.TrimSpace(t.Counted), "."), "what a member of the population is")
	if t.Kind == "occurrence" {
		return append(out, Span{Text: ": " + num(t.Population) + " in the period"})
	}
	return append(out, Span{Text: ": " + num(t.Population) + " at the last evaluation"})
}

func (x *matrixWriter) days(t matrix.Test) Text {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{t.Days.Pass, "passed"}, {t.Days.Fail, "failed"}, {t.Days.NA, "had nothing to judge"}, {t.Days.Silent, "gave no answer"}, {t.Days.Bare, "had no evaluation"}} {
		if p.n > 0 {
			parts = append(parts, num(p.n)+" "+p.what)
		}
	}
	return say("of " + count(x.m.Scope.Period.Days(), "day", "days") + " " + orDash(and(parts)))
}

func (x *matrixWriter) result(t matrix.Test) Text {
	out := say(status(chart.Parse(t.Outcome()), t.Result()+"."))
	if t.Unknowns > 0 {
		out = append(out, Span{Text: " " + count(t.Unknowns, "item", "items") + " without an answer."})
	}
	if t.Exceptions > 0 {
		out = append(out, Span{Text: " " + count(t.Exceptions, "approved exception was", "approved exceptions were") + " in force; it changes no result."})
	}
	if !t.Enabled {
		out = append(out, Span{Text: " The test is switched off."})
	}
	return out
}

func (x *matrixWriter) lastRead(t matrix.Test) Text {
	if t.Last.RunID == "" {
		return say(quiet("nothing"))
	}
	return say(mono(strings.Join(t.Evidence, ", ")), quiet(" on "+instant(t.Last.AsOf)+"; SHA-256 of the rows "), mono(t.Last.Rows))
}

// deviations lists what did not pass, as far as the matrix holds it.
func (x *matrixWriter) deviations(t matrix.Test) {
	if len(t.Listed) == 0 {
		return
	}
	out := Table{Subject: "deviations/" + t.ID, Columns: []Column{{Title: "What did not pass", Width: 30}, {Title: "Why", Width: 38}, {Title: "From", Width: 16}, {Title: "To", Width: 16}}}
	for _, d := range t.Listed {
		to := say("still open")
		switch {
		case d.To != nil && d.To.Equal(d.From):
			to = say(quiet("happened once"))
		case d.To != nil:
			to = say(stacked(*d.To))
		}
		out.Rows = append(out.Rows, cells(say(d.Label), say(d.Reason), say(stacked(d.From)), to))
	}
	if more := t.Deviations - int64(len(t.Listed)); more > 0 {
		out.Note = say("The first " + num(len(t.Listed)) + " by time; " + count(more, "more is", "more are") + " in the program.")
	}
	x.add(out)
}

func (x *matrixWriter) allEvidence() {
	x.section("5", "Evidence", "Evidence", "What tests read last in the period, and what was filed for controls")
	if len(x.m.Evidence) == 0 {
		x.p("No evidence of the period belongs to the controls in scope.")
		return
	}
	if !x.m.Scope.Full {
		x.p(count(len(x.m.Evidence), "piece", "pieces") + " of evidence stand behind the results. Their references are with the tests; hashes and ledger entries are in the full paper and in the spreadsheet.")
		return
	}
	t := Table{Subject: "evidence", Columns: []Column{{Title: "Reference", Width: 15}, {Title: "What", Width: 26}, {Title: "Received", Width: 13}, {Title: "Complete", Width: 11}, {Title: "SHA-256", Width: 26}, {Title: "Ledger", Width: 9, Align: Right}}}
	for _, e := range x.m.Evidence {
		t.Rows = append(t.Rows, cells(say(mono(e.Ref)), say(e.Title, quiet("\n"+e.Source)), say(stacked(e.Received)), say(e.Completeness), say(mono(e.SHA256)), say(num(e.Seq))))
	}
	x.add(t)
}

func (x *matrixWriter) about() {
	x.section("A", "About this paper", "About", "Written by the program")
	x.p("This is an internal working paper of the management of ", x.m.Org, ". It is not a report of an independent auditor and must not be handed out as one. Requirements are paraphrased; read the publisher’s own text where wording matters.")
	x.list(
		say(bold("Unknown is never shown as good. "), "A day without an answer, and a control nobody looked at, say so."),
		say(bold("A deviation stays. "), "Mending it does not take it out of the period, and an exception does not change a result."),
		say(bold("The same matrix gives the same paper. "), "Its canonical form has the SHA-256 ", mono(x.doc.Hash), ", which is in the ledger under ", mono("matrix.made"), "."),
	)
	x.p("Made as number ", x.doc.Ref, " on ", instant(x.m.Made.At.Truncate(time.Second)), ".")
}

// MatrixSheets is the matrix as tables for a spreadsheet: name, head and rows of each sheet. Cells are string, int64 or
// time.Time.
func MatrixSheets(m *matrix.Matrix) []Sheet {
	about := Sheet{Name: "About", Head: []string{"What", "Value"}}
	for _, kv := range [][2]string{
		{"Paper", m.Made.Ref()}, {"Organisation", m.Org}, {"Scope", m.Scope.Name}, {"Categories", strings.Join(categories(m.Scope.Categories), ", ")},
		{"Period", m.Scope.Period.String()}, {"Engagement", m.Scope.Engagement}, {"Made", instant(m.Made.At)}, {"By", m.Made.Name},
		{"Nature", "Internal working paper of management. It is not the report of an examination, and no opinion is given or implied."},
	} {
		about.Rows = append(about.Rows, []any{kv[0], kv[1]})
	}
	if _, sum, err := m.Bytes(); err == nil {
		about.Rows = append(about.Rows, []any{"SHA-256 of the matrix", sum})
	}
	if m.Simulated {
		about.Rows = append(about.Rows, []any{"Data", "Simulated: " + m.Org + " is not a real organisation."})
	}
	return []Sheet{criteriaSheet(m), controlsSheet(m), testsSheet(m), evidenceSheet(m), about}
}

// Sheet is a table of a spreadsheet.
type Sheet struct {
	Name   string
	Head   []string
	Widths []float64 // of the columns, in characters
	Rows   [][]any
}

func criteriaSheet(m *matrix.Matrix) Sheet {
	s := Sheet{Name: "Criteria", Head: []string{"Requirement", "Group", "Title", "Standing", "Why", "Control", "Control title", "How it is met", "Owner", "Tests", "Result in the period"}, Widths: []float64{13, 26, 34, 20, 50, 11, 32, 60, 22, 30, 44}}
	for _, q := range m.Requirements {
		var why []string
		for _, r := range q.Reasons {
			why = append(why, strings.TrimPrefix(r.Control+": ", ": ")+r.Text)
		}
		base := []any{q.ID, q.Group, q.Title, q.Word, strings.Join(why, "\n")}
		if len(q.Controls) == 0 {
			s.Rows = append(s.Rows, append(slices.Clone(base), "", "", "", "", "", ""))
		}
		for _, ref := range q.Controls {
			c, _ := m.Control(ref)
			s.Rows = append(s.Rows, append(slices.Clone(base), c.Ref, c.Title, c.Statement, c.Owner, strings.Join(c.Tests, ", "), results(m, c)))
		}
	}
	return s
}

func results(m *matrix.Matrix, c matrix.Control) string {
	var out []string
	for _, id := range c.Tests {
		t, _ := m.Test(id)
		out = append(out, id+": "+t.Result())
	}
	return strings.Join(out, "\n")
}

func controlsSheet(m *matrix.Matrix) Sheet {
	s := Sheet{Name: "Controls", Head: []string{"Control", "Title", "Statement", "Owner", "Owner role", "Deputy", "Type", "Nature", "Frequency", "Version", "In force", "Meets", "Tests", "Evidence filed"}, Widths: []float64{11, 32, 60, 22, 22, 22, 14, 18, 18, 9, 9, 30, 40, 30}}
	for _, c := range m.Controls {
		force := "no"
		if c.InForce {
			force = "yes"
		}
		s.Rows = append(s.Rows, []any{c.Ref, c.Title, c.Statement, c.Owner, term(c.OwnerRole), c.Deputy, c.Type, term(c.Nature), term(c.Frequency), int64(c.Version), force, strings.Join(c.Requirements, ", "), strings.Join(c.Tests, ", "), strings.Join(c.Documents, ", ")})
	}
	return s
}

func testsSheet(m *matrix.Matrix) Sheet {
	s := Sheet{Name: "Tests", Head: []string{"Test", "Title", "Asks", "Controls", "Population is", "Population", "Evaluations", "Days passed", "Days failed", "Days without answer", "Days without evaluation", "Deviations", "Still open", "Without answer", "Exceptions", "Result", "Last evaluation", "Evidence read last", "SHA-256 of the definition"}, Widths: []float64{30, 36, 60, 20, 40, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 34, 22, 40, 40}}
	for _, t := range m.Tests {
		s.Rows = append(s.Rows, []any{t.ID, t.Title, t.Asks, strings.Join(t.Controls, ", "), t.Counted, t.Population, t.Evaluations, int64(t.Days.Pass), int64(t.Days.Fail), int64(t.Days.Silent), int64(t.Days.Bare), t.Deviations, t.Open, t.Unknowns, t.Exceptions, t.Result(), t.Last.AsOf, strings.Join(t.Evidence, ", "), t.SHA256})
	}
	return s
}

func evidenceSheet(m *matrix.Matrix) Sheet {
	s := Sheet{Name: "Evidence", Head: []string{"Reference", "Kind", "Title", "Source", "Received", "Completeness", "Rows", "SHA-256", "Ledger entry"}, Widths: []float64{16, 12, 44, 24, 22, 14, 10, 66, 12}}
	for _, e := range m.Evidence {
		s.Rows = append(s.Rows, []any{e.Ref, e.Kind, e.Title, e.Source, e.Received, e.Completeness, e.Rows, e.SHA256, e.Seq})
	}
	return s
}
