package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/sample"
)

// demoSources is what the firm can go by: for each control what its tests judged, when it was due, and its policies.
type demoSources struct {
	tests  map[string][]evaluate.Installed
	judged map[string]int64 // by test: the most it judged at once in the period
	due    map[string][]occurrence.Occurrence
	polls  map[string][]policy.Policy
}

func (x *demoExam) sources(ctx context.Context) (demoSources, error) {
	s := demoSources{map[string][]evaluate.Installed{}, map[string]int64{}, map[string][]occurrence.Occurrence{}, map[string][]policy.Policy{}}
	read := x.client.ReadScope
	all, err := x.App.Evaluate.Store.Installed(ctx, read)
	if err != nil {
		return s, err
	}
	tallies, err := x.App.Evaluate.Store.Tally(ctx, read, x.period.From.Time(), x.period.To.Time())
	if err != nil {
		return s, err
	}
	for _, t := range all {
		if y, ran := tallies[t.Definition.ID]; ran {
			s.judged[t.Definition.ID] = y.MaxPopulation
			for _, c := range t.Definition.Controls {
				s.tests[c] = append(s.tests[c], t)
			}
		}
	}
	due, err := x.App.Occurrences.All(ctx, read, x.period.From, x.period.To)
	if err != nil {
		return s, err
	}
	for _, o := range due {
		s.due[o.Control] = append(s.due[o.Control], o)
	}
	list, err := x.App.Policies.List(ctx, read, policy.Filter{Published: true}, paging.Query{Size: paging.MaxSize})
	for _, p := range list.Rows {
		for _, c := range p.Shown.Controls {
			s.polls[c] = append(s.polls[c], p)
		}
	}
	return s, err
}

// paper tests one control over the best there is: what the client's tests judged over the whole period, the days on which people had
// to perform it, the list that its owner gave, or nothing, which is an exception (domain brief 5.5).
func (x *demoExam) paper(ctx context.Context, p fieldwork.Paper, src demoSources) error {
	record := slices.IndexFunc(x.records, func(r demoRecord) bool { return r.control == p.Control && x.filed[p.Control] != "" })
	switch tests, due := src.tests[p.Control], src.due[p.Control]; {
	case len(due) > 0:
		return x.byCalendar(ctx, p, due)
	case len(tests) > 0:
		return x.byTest(ctx, p, src.telling(tests))
	case record >= 0:
		return x.byRecords(ctx, p, x.records[record])
	default:
		return x.byPolicy(ctx, p, src.polls[p.Control])
	}
}

// telling is the test of a control that says most: one that judged anything, of what happened, rather than of how things are; and of any system rather than of
// the client's own records.
func (s demoSources) telling(tests []evaluate.Installed) evaluate.Installed {
	score := func(t evaluate.Installed) int {
		n := 0
		if t.Definition.Kind == evaluate.Occurrence {
			n++
		}
		if !strings.HasPrefix(t.Definition.ID, "tickmark-") {
			n += 2
		}
		if s.judged[t.Definition.ID] > 0 {
			n += 4
		}
		return n
	}
	return slices.MaxFunc(tests, func(a, b evaluate.Installed) int {
		if d := score(a) - score(b); d != 0 {
			return d
		}
		return strings.Compare(b.Definition.ID, a.Definition.ID)
	})
}

// byTest takes what a test judged: all items, what the machine says accepted as the auditor's own after it was performed again.
func (x *demoExam) byTest(ctx context.Context, p fieldwork.Paper, t evaluate.Installed) error {
	w, staff, d := x.App.Fieldwork, x.auditors[access.Staff], t.Definition
	p, err := w.SetPlan(ctx, staff, x.then(), p.Ref, p.Version, fieldwork.Planning{
		Title: p.Title, Plan: "All items of the period are tested by performing the client's test again on the frozen facts; what it says is compared with what was recorded. The SQL of the test was read beforehand.",
		Attributes: []fieldwork.Attribute{{Letter: "A", Text: cut(d.Asks), Nature: fieldwork.Reperformance, Machine: true}},
	})
	if err != nil {
		return err
	}
	pop, err := w.Take(ctx, staff, x.then(), fieldwork.Take{Control: p.Control, Title: cut(d.Title), Source: fieldwork.FromTest, Of: d.ID})
	if err != nil {
		return err
	}
	if p, err = x.freeze(ctx, p, pop, "The system's own count on its screen, watched by the firm"); err != nil || p.Conclusion != fieldwork.NotConcluded {
		return err
	}
	if p, err = w.Draw(ctx, staff, x.then(), p.Ref, 0, string(p.Population), fieldwork.Sizing{Method: fieldwork.Census, Risk: sample.Moderate, Confidence: 9000, Tolerable: 1000}); err != nil {
		return err
	}
	if err := x.demoAudit.mark(ctx, x.then(), p.Ref, staff); err != nil {
		return err
	}
	if x.chance(x.ref+"/again/"+p.Control, 6) == 0 {
		if _, err := w.Reperform(ctx, staff, x.then(), p.Ref); err != nil {
			return err
		}
	}
	return x.conclude(ctx, p.Ref, "does not hold for them: "+lower(d.Title))
}

// byCalendar takes the days on which people had to perform the control.
func (x *demoExam) byCalendar(ctx context.Context, p fieldwork.Paper, due []occurrence.Occurrence) error {
	rows := make([][]string, len(due))
	found := make([]demoFound, len(due))
	for i, o := range due {
		rows[i] = []string{o.Ref(), o.Due.String(), "", ""}
		switch state := o.State(period.Of(x.at)); {
		case o.Performed() && state == occurrence.Done:
			rows[i][2] = o.Record.PerformedOn.String()
			found[i].evidence = strings.Join(o.Record.Evidence, ", ")
			if o.Waits() {
				found[i].wrong = "Nobody but the performer looked at it."
			}
		case o.Performed():
			rows[i][2], found[i].wrong = o.Record.PerformedOn.String(), "Performed on "+o.Record.PerformedOn.String()+", after the day it was due."
		case !o.Performed() && (state == occurrence.Missed || state == occurrence.Late):
			found[i].wrong = "Not performed."
		default:
			found[i].wrong = "Not performed when the firm looked."
		}
	}
	return x.byHand(ctx, p, demoList{title: "Days on which " + p.Control + " was due", member: "day on which the control had to be performed", name: "calendar of controls", columns: []string{"number", "date", "performed on", "remark"}, rows: rows, found: found, say: "not performed in time, or not as planned"})
}

// byRecords takes the list of the control's owner. A list in which the firm expects deviations, or a short one, is tested whole; of the
// others a sample is drawn.
func (x *demoExam) byRecords(ctx context.Context, p fieldwork.Paper, r demoRecord) error {
	rows := r.rows(x)
	found := make([]demoFound, len(rows))
	for i, row := range rows {
		found[i].evidence = x.filed[p.Control]
		if row[5] != "yes" {
			found[i].wrong = row[6]
		}
	}
	return x.byHand(ctx, p, demoList{title: r.title, member: r.member, name: r.file(), columns: recordColumns, rows: rows, found: found, whole: len(r.wrong) > 0, say: "not as the control requires"})
}

// byPolicy is for a control of which nobody showed how it operates: the policy says how it is meant, nothing says that it is so.
func (x *demoExam) byPolicy(ctx context.Context, p fieldwork.Paper, list []policy.Policy) error {
	found := demoFound{wrong: "Asked for twice; nothing that was given shows that the control operated."}
	if len(list) > 0 {
		found.wrong = fmt.Sprintf("%s requires it; nothing that was given shows that it operated.", list[0].Ref)
	}
	return x.byHand(ctx, p, demoList{title: "Records of " + p.Control, member: "record of the control", name: "written by the auditor", columns: []string{"number", "what"}, rows: [][]string{{p.Control, "Any record of the control in the period"}},
		found: []demoFound{found}, say: "no evidence that the control operated"})
}

// demoFound is what an auditor sees in an entry.
type demoFound struct{ wrong, evidence string }

// demoList is a population that the auditor was given, with what is seen in it.
type demoList struct {
	title, member, name string
	columns             []string
	rows                [][]string
	found               []demoFound // by row
	whole               bool
	say                 string // of those that deviate
}

// byHand tests a list: two attributes, each entry marked by a person.
func (x *demoExam) byHand(ctx context.Context, p fieldwork.Paper, l demoList) error {
	w, staff := x.App.Fieldwork, x.auditors[access.Staff]
	p, err := w.SetPlan(ctx, staff, x.then(), p.Ref, p.Version, fieldwork.Planning{
		Title: p.Title, Plan: "The owner was asked how the control is carried out. For each item the record was inspected, and compared with what the control requires.",
		Attributes: []fieldwork.Attribute{{Letter: "A", Text: "There is a record of it, with its day and who did it", Nature: fieldwork.Inspection}, {Letter: "B", Text: "It was done as the control requires, and in time", Nature: fieldwork.Inspection}},
	})
	if err != nil {
		return err
	}
	pop, err := w.Take(ctx, staff, x.then(), fieldwork.Take{Control: p.Control, Title: cut(l.title), Member: l.member, Source: fieldwork.FromUpload, Name: l.name, Columns: slices.Clone(l.columns), Rows: l.rows})
	if err != nil {
		return err
	}
	if p, err = x.freeze(ctx, p, pop, "The count that the owner's system prints under the list"); err != nil || p.Conclusion != fieldwork.NotConcluded {
		return err
	}
	z := fieldwork.Sizing{Method: fieldwork.Census, Risk: sample.Moderate, Confidence: 9000, Tolerable: 1000}
	if !l.whole && len(l.rows) > 25 {
		z.Method = fieldwork.ByTable
		if pop.Shape.Day >= 0 {
			z.Strata = "month"
		}
	}
	if p, err = w.Draw(ctx, staff, x.then(), p.Ref, 0, string(p.Population), z); err != nil {
		return err
	}
	sheet, err := w.Sheet(ctx, staff, p.Ref)
	if err != nil {
		return err
	}
	if _, err := w.Mark(ctx, staff, x.then(), p.Ref, l.marks(sheet)); err != nil {
		return err
	}
	return x.conclude(ctx, p.Ref, l.say)
}

// marks are what the auditor marks: where nothing is on record both attributes deviate.
func (l demoList) marks(sheet *fieldwork.Sheet) []fieldwork.Marking {
	var out []fieldwork.Marking
	for _, it := range sheet.Items {
		i := slices.IndexFunc(l.rows, func(row []string) bool { return row[0] == it.Key })
		f := l.found[i]
		a, b := fieldwork.Marking{N: it.N, Letter: "A", Mark: fieldwork.Tick, Evidence: &f.evidence}, fieldwork.Marking{N: it.N, Letter: "B", Mark: fieldwork.Tick, Evidence: &f.evidence}
		if f.wrong != "" {
			b.Mark, b.Note = fieldwork.Exception, &f.wrong
			if f.evidence == "" {
				a.Mark = fieldwork.Exception
			}
		}
		out = append(out, a, b)
	}
	return out
}

// freeze freezes a population and chooses it. One without a row proves that there was no occurrence, and concludes the paper.
func (x *demoExam) freeze(ctx context.Context, p fieldwork.Paper, pop fieldwork.Population, second string) (fieldwork.Paper, error) {
	w, staff := x.App.Fieldwork, x.auditors[access.Staff]
	rows, undated, err := w.RowsOf(ctx, staff, pop)
	if err != nil {
		return p, err
	}
	shape := pop.Shape
	if undated > 0 {
		shape.InPeriod = false
		rows = make([]fieldwork.Row, pop.Read)
	}
	n := int64(len(rows))
	c := fieldwork.Complete{Title: pop.Title, Member: pop.Member, Control: p.Control, Shape: shape, Second: &n, SecondOf: second, Tracing: "Five items traced from the system to the list, and five back; query and parameters were looked at.", Reason: ""}
	if pop.Total != nil && *pop.Total != int64(pop.Read) {
		c.Reason = "The source counts items that lie outside the period, too; the difference was gone through."
	}
	if pop, err = w.Freeze(ctx, staff, x.then(), pop.Ref, pop.Version, c); err != nil {
		return p, err
	}
	if p, err = w.Choose(ctx, staff, x.then(), p.Ref, 0, pop.Ref); err != nil || pop.Rows > 0 {
		return p, err
	}
	if p, err = w.Conclude(ctx, staff, x.then(), p.Ref, 0, fieldwork.NoOccurrence, "The frozen population has no item; the design was looked at."); err != nil {
		return p, err
	}
	return p, x.signed(ctx, p.Ref)
}

// causes are what the firm found out about how deviations came about, by the domain of the control.
var causes = map[string]string{
	"IAM": "The change was not told to the identity team on its day; nobody compares the lists in between.",
	"CHG": "The step was done outside the usual way under time pressure, and nobody looked at it afterwards.",
	"HRS": "The reminder goes to the manager alone, who was away.",
	"FIN": "The entry was made on the last day before the cut-off, and the check was left for the next run.",
	"VUL": "The component had no owner for some weeks.",
}

// conclude reports what deviates, lets the client answer, and signs twice. The firm's rule: up to the tolerable rate of its plans, one
// item in ten of ten at least, a control is effective with deviation; beyond it is not effective.
func (x *demoExam) conclude(ctx context.Context, ref, say string) error {
	w, staff, senior := x.App.Fieldwork, x.auditors[access.Staff], x.auditors[access.Senior]
	sheet, err := w.Sheet(ctx, staff, ref)
	if err != nil {
		return err
	}
	const few, least = 10, 10
	n := sheet.Tested()
	if s := sheet.Paper.Sample; s != nil {
		n += s.Machine
	}
	verdict, why := fieldwork.Effective, "Every item that was tested agrees with the control."
	if dev := sheet.Deviating(); dev > 0 {
		verdict, why = fieldwork.NotEffective, fmt.Sprintf("%d of %d items deviate, more than the plan allows.", dev, n)
		if dev*few <= n && n >= least {
			verdict, why = fieldwork.EffectiveWithDeviation, fmt.Sprintf("%d of %d items deviate; within what the plan allows, for a cause that is known.", dev, n)
		}
		if err := x.report(ctx, sheet.Paper, say, verdict == fieldwork.NotEffective && dev > 1, senior); err != nil {
			return err
		}
	}
	if _, err := w.Conclude(ctx, staff, x.then(), ref, 0, verdict, why); err != nil {
		return err
	}
	return x.signed(ctx, ref)
}

// report makes the finding, shares it, and keeps management's answer.
func (x *demoExam) report(ctx context.Context, p fieldwork.Paper, say string, systematic bool, senior access.AuditScope) error {
	w, domain := x.App.Fieldwork, control.Control{Ref: p.Control}.Prefix()
	cause := causes[domain]
	if cause == "" {
		cause = "The task had no deputy, and nothing reminds anybody of it."
	}
	f, err := w.Report(ctx, x.auditors[access.Staff], x.then(), p.Ref, nil, fieldwork.Facts{Title: cut(say), Nature: "operation", Cause: cause, Systematic: systematic, Extent: "The firm looked for the same in the rest of the population; there is no more than what is reported."})
	if err != nil {
		return err
	}
	if _, err := w.Share(ctx, senior, x.then(), f.Ref); err != nil {
		return err
	}
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	_, err = w.Respond(ctx, lead, x.then(), x.id, f.Ref, 0, "We agree. What is reported was looked at item by item and put right; a second look each week keeps it from coming back.", (period.Of(x.at) + 60).Time().Format("2 January 2006"))
	return err
}

// signed gives a paper its two signatures. Now and then the reviewer has a question first.
func (x *demoExam) signed(ctx context.Context, ref string) error {
	w, staff, senior := x.App.Fieldwork, x.auditors[access.Staff], x.auditors[access.Senior]
	if x.chance(x.ref+"/note/"+ref, 9) == 0 {
		n, err := w.Remark(ctx, senior, x.then(), ref, "Say in the plan where the second count comes from.")
		if err == nil {
			err = w.Clear(ctx, staff, x.then(), ref, n.N, "It stands with the population: who counted, and on which screen.")
		}
		if err != nil {
			return err
		}
	}
	if _, err := w.Sign(ctx, staff, x.then(), ref, 0); err != nil {
		return err
	}
	_, err := w.Review(ctx, senior, x.then(), ref, 0)
	return err
}

// cut shortens a title to what a field takes.
func cut(s string) string {
	if r := []rune(s); len(r) > fieldwork.MaxTitle {
		return string(r[:fieldwork.MaxTitle-1]) + "…"
	}
	return s
}

func lower(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
