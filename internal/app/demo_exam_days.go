package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/letter"
)

// demoStage is a part of an examination that is done in a day: so many days after the end of its period, at the earliest.
type demoStage struct {
	after int
	name  string
	do    func(ctx context.Context) error
}

// demoExams are examinations that reach their end within the demo's days.
type demoExams struct {
	exam   *demoExam
	stages []demoStage
}

// begin lets the firm in.
func (d *demoExams) begin(ctx context.Context, now time.Time) error {
	d.exam.at = now.Add(time.Hour)
	return d.exam.engage(ctx)
}

// days does the stages whose day came, one in a pass: each reads what the ones before it left.
func (d *demoExams) days(ctx context.Context, from, to time.Time) error {
	x := d.exam
	end := x.period.To.Time()
	if len(d.stages) == 0 || to.Before(end.AddDate(0, 0, d.stages[0].after)) {
		return nil
	}
	s := d.stages[0]
	d.stages = d.stages[1:]
	x.testing.Wait() // what is judged up to yesterday is what the firm looks at
	x.at = to.Truncate(24 * time.Hour).Add(8 * time.Hour)
	return errs.Wrap(s.do(ctx), "%s of %s", s.name, x.ref)
}

// Findings are what auditors found in the lists that people of the clients gave: the engagement and the control, and the items, as
// Examined names them.
func (d *Demo) Findings(ctx context.Context) ([]Planted, error) {
	var out []Planted
	for _, c := range d.year {
		exams, ok := c.(*demoExams)
		if !ok {
			continue
		}
		x := exams.exam
		all, err := d.App.Fieldwork.ListFindings(ctx, x.auditors[access.Partner])
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			if x.filed[f.Control] == "" {
				continue
			}
			for _, it := range f.Items {
				item, _, _ := strings.Cut(it, " (attribute")
				out = append(out, Planted{Test: x.ref + "/" + f.Control, Item: item, Why: f.Title, At: f.At})
			}
		}
	}
	return out, nil
}

// stagesOf are those of an examination whose period is over.
func (x *demoExam) stagesOf(asks int) []demoStage {
	return []demoStage{
		{1, "records", x.file},
		{2, "requests", func(ctx context.Context) error { return x.requests(ctx, asks) }},
		{4, "fieldwork", x.ask},
		{5, "workpapers", func(ctx context.Context) error { return x.papers(ctx, 0) }},
		{6, "workpapers", func(ctx context.Context) error { return x.papers(ctx, 1) }},
		{7, "workpapers", func(ctx context.Context) error { return x.papers(ctx, 2) }},
		{9, "draft", x.draft},
		{11, "representation", x.represent},
		{14, "readers", x.distribute},
	}
}

func (x *demoExam) requests(ctx context.Context, most int) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	if err := x.move(ctx, lead, engagement.PBC, ""); err != nil {
		return err
	}
	return x.askAll(ctx, most)
}

// ask begins fieldwork, goes back for one question more, and freezes what there is as a first draft.
func (x *demoExam) ask(ctx context.Context) error {
	senior, err := x.auditors[access.Senior].Shared()
	if err != nil {
		return err
	}
	if err := x.move(ctx, senior, engagement.Fieldwork, ""); err != nil {
		return err
	}
	if err := x.move(ctx, senior, engagement.PBC, "Two controls were due while their owner was away: we have to ask who stands in."); err != nil {
		return err
	}
	if err := x.askAgain(ctx); err != nil {
		return err
	}
	if err := x.move(ctx, senior, engagement.Fieldwork, ""); err != nil {
		return err
	}
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	if _, err := x.App.Engagement.Freeze(ctx, lead, x.then(), x.id, nil); err != nil {
		return err
	}
	_, err = x.App.Fieldwork.BeginAll(ctx, x.auditors[access.Staff], x.then())
	return err
}

// parts is over how many days the workpapers are spread.
const parts = 3

// papers tests a part of the controls: a paper each, two signatures each.
func (x *demoExam) papers(ctx context.Context, part int) error {
	src, err := x.sources(ctx)
	if err != nil {
		return err
	}
	all, err := x.App.Fieldwork.AllPapers(ctx, x.auditors[access.Staff])
	if err != nil {
		return err
	}
	for i, p := range all {
		if i%parts != part {
			continue
		}
		if err := x.paper(ctx, p, src); err != nil {
			return errs.Wrap(err, "workpaper %s of %s", p.Ref, p.Control)
		}
	}
	return nil
}

// draft ends fieldwork; management answers for the time since, and signs its assertion.
func (x *demoExam) draft(ctx context.Context) error {
	if _, err := x.App.Issue.HandOver(ctx, x.auditors[access.Senior], x.then(), issue.New{}); err != nil {
		return err
	}
	senior, err := x.auditors[access.Senior].Shared()
	if err != nil {
		return err
	}
	if err := x.move(ctx, senior, engagement.Draft, ""); err != nil {
		return err
	}
	if err := x.respond(ctx); err != nil {
		return err
	}
	bad, err := x.failed(ctx)
	if err != nil {
		return err
	}
	if err := x.sign(ctx, letter.Events, "", "No, none besides what the records hold."); err != nil {
		return err
	}
	return x.sign(ctx, letter.Assertion, "", modification(bad))
}

// modification is what management says of its own statements, as the auditor says of the same.
func modification(bad []string) string {
	if len(bad) == 0 {
		return "There are no modifications of the statements above."
	}
	return "The third statement is modified: some controls did not operate as described throughout the period (" + strings.Join(bad, ", ") + ")."
}

// failed are the controls that did not operate effectively, as the firm concluded.
func (x *demoExam) failed(ctx context.Context) ([]string, error) {
	papers, err := x.App.Fieldwork.AllPapers(ctx, x.auditors[access.Partner])
	var out []string
	for _, p := range papers {
		if p.Conclusion == fieldwork.NotEffective && !slices.Contains(out, p.Control) {
			out = append(out, p.Control)
		}
	}
	slices.Sort(out)
	return out, err
}

// represent has management sign its letter, the partner enter the opinion, and on the same day release the report.
func (x *demoExam) represent(ctx context.Context) error {
	senior, err := x.auditors[access.Senior].Shared()
	if err != nil {
		return err
	}
	if err := x.move(ctx, senior, engagement.Representation, ""); err != nil {
		lead, err2 := x.person(ctx, x.lead)
		if err2 != nil {
			return err2
		}
		if err := x.move(ctx, lead, engagement.Representation, ""); err != nil {
			return err
		}
	}
	if err := x.sign(ctx, letter.Representation, "", "Nothing else of these kinds is known to us.", "There are none besides those in our answers on events after the period."); err != nil {
		return err
	}
	if err := x.opine(ctx); err != nil {
		return err
	}
	return x.issue(ctx)
}

// opine enters the opinions as the demo's partner decides: controls that did not operate are named as what is excepted.
func (x *demoExam) opine(ctx context.Context) error {
	bad, err := x.failed(ctx)
	if err != nil {
		return err
	}
	w, partner := x.App.Fieldwork, x.auditors[access.Partner]
	for _, matter := range []string{"description", "design", "operation"} {
		kind, basis := "unmodified", ""
		if matter == "operation" && len(bad) > 0 {
			kind, basis = "qualified", fmt.Sprintf("The controls %s did not operate effectively in the period. The deviations, how they came about and what management answers stand with the results of our tests.", strings.Join(bad, ", "))
		}
		if _, err := w.Opine(ctx, partner, x.then(), matter, 0, kind, basis); err != nil {
			return err
		}
	}
	return nil
}
