package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/sample"
)

// demoTested are the controls the demo's firm tests, each over what a test of the client judged. The last one is left half done.
var demoTested = []struct{ control, test, title string }{
	{"IAM-04", "github-leaver-removed", "People who left"},
	{"CHG-02", "github-merge-checks", "Changes merged to production"},
	{"CHG-01", "github-deployment-merged", "Deployments to production"},
}

// fieldwork freezes populations, draws samples, and carries two workpapers to their second signature.
func (d *demoAudit) fieldwork(ctx context.Context, now time.Time) error {
	for i, x := range demoTested {
		at := now.Add(time.Duration(i) * time.Second)
		if err := d.test(ctx, at, x.control, x.test, x.title, i == len(demoTested)-1); err != nil {
			return errs.Wrap(err, "fieldwork on %s", x.control)
		}
	}
	return errs.Wrap(d.sheet(ctx, now.Add(time.Minute)), "testing sheet of %s", demoSheet)
}

// demoSheet is the control whose testing sheet waits for somebody to mark it: 25 nights, five attributes.
const demoSheet = "AVL-02"

func (d *demoAudit) sheet(ctx context.Context, at time.Time) error {
	const nights = 25
	w, staff := d.App.Fieldwork, d.team[access.Staff]
	rows := make([][]string, nights)
	for i := range rows {
		day := at.AddDate(0, 0, i-nights)
		rows[i] = []string{fmt.Sprintf("BKP-%04d", 301+i), day.Format(time.DateOnly), fmt.Sprintf("%d GB", 280+i), "second region"}
	}
	pop, err := w.Take(ctx, staff, at, fieldwork.Take{Control: demoSheet, Title: "Nightly backups", Member: "nightly backup", Source: fieldwork.FromUpload, Name: "backup-console.csv", Columns: []string{"number", "date", "size", "copied to"}, Rows: rows})
	if err != nil {
		return err
	}
	second := int64(nights)
	c := fieldwork.Complete{Title: pop.Title, Member: pop.Member, Control: demoSheet, Shape: pop.Shape, Second: &second, SecondOf: "Nights in the calendar", Tracing: "Five nights traced from the console to the list, and five back."}
	if pop, err = w.Freeze(ctx, staff, at, pop.Ref, pop.Version, c); err != nil {
		return err
	}
	p, err := w.Begin(ctx, staff, at, demoSheet)
	if err != nil {
		return err
	}
	if p, err = w.SetPlan(ctx, staff, at, p.Ref, p.Version, fieldwork.Planning{Title: p.Title, Plan: "Each night of the sample is looked up in the console with the owner of the control.", Attributes: []fieldwork.Attribute{
		{Letter: "A", Text: "The job ran and ended without errors", Nature: fieldwork.Inspection}, {Letter: "B", Text: "Every database of the inventory is in it", Nature: fieldwork.Inspection},
		{Letter: "C", Text: "The copy in the second region has the same size", Nature: fieldwork.Inspection}, {Letter: "D", Text: "The copy is encrypted", Nature: fieldwork.Inspection},
		{Letter: "E", Text: "Somebody looked at the night's result on the next working day", Nature: fieldwork.Inspection},
	}}); err != nil {
		return err
	}
	_, err = w.Draw(ctx, staff, at, p.Ref, 0, pop.Ref, fieldwork.Sizing{Method: fieldwork.Census, Risk: sample.Moderate, Confidence: 9000, Tolerable: 1000})
	return err
}

func (d *demoAudit) test(ctx context.Context, at time.Time, control, test, title string, half bool) error {
	w, staff, senior := d.App.Fieldwork, d.team[access.Staff], d.team[access.Senior]
	pop, err := w.Take(ctx, staff, at, fieldwork.Take{Control: control, Title: title, Source: fieldwork.FromTest, Of: test})
	if err != nil {
		return err
	}
	rows, _, err := w.RowsOf(ctx, staff, pop) // those of the period: what is read begins before it
	if err != nil {
		return err
	}
	second := int64(len(rows))
	c := fieldwork.Complete{Title: title, Member: pop.Member, Control: control, Shape: pop.Shape, Second: &second, SecondOf: "Count on the system's own screen, watched by the firm", Tracing: "Five items traced from the system to the list, and five back."}
	if pop, err = w.Freeze(ctx, staff, at, pop.Ref, pop.Version, c); err != nil {
		return err
	}
	p, err := w.Begin(ctx, staff, at, control)
	if err != nil {
		return err
	}
	if p, err = w.Choose(ctx, staff, at, p.Ref, 0, pop.Ref); err != nil {
		return err
	}
	if pop.Rows == 0 {
		_, err = w.Conclude(ctx, staff, at, p.Ref, 0, fieldwork.NoOccurrence, "The frozen population has no item.")
		return err
	}
	if p, err = w.Draw(ctx, staff, at, p.Ref, 0, pop.Ref, fieldwork.Sizing{Method: fieldwork.ByTable, Risk: sample.Moderate, Confidence: 9000, Tolerable: 1000, Strata: "month"}); err != nil || half {
		return err
	}
	if err := d.mark(ctx, at, p.Ref, staff); err != nil {
		return err
	}
	return d.conclude(ctx, at, p.Ref, staff, senior)
}

// mark accepts what the machine found, and takes for an exception what it could not tell: missing evidence is one (domain brief 5.5).
func (d *demoAudit) mark(ctx context.Context, at time.Time, ref string, staff access.AuditScope) error {
	w := d.App.Fieldwork
	sheet, err := w.Sheet(ctx, staff, ref)
	if err != nil {
		return err
	}
	note, told := "Nothing that was given shows it.", false
	var open []fieldwork.Marking
	for _, x := range sheet.Items {
		for _, t := range sheet.Paper.Attributes {
			if sheet.Machine(x, t) != fieldwork.Open {
				told = true
			} else {
				open = append(open, fieldwork.Marking{N: x.N, Letter: t.Letter, Mark: fieldwork.Exception, Note: &note})
			}
		}
	}
	if told {
		if _, err := w.Accept(ctx, staff, at, ref, nil); err != nil {
			return err
		}
	}
	if len(open) > 0 {
		_, err = w.Mark(ctx, staff, at, ref, open)
	}
	return err
}

// conclude reports the exceptions there are, lets the client answer, and signs twice.
func (d *demoAudit) conclude(ctx context.Context, at time.Time, ref string, staff, senior access.AuditScope) error {
	w := d.App.Fieldwork
	sheet, err := w.Sheet(ctx, staff, ref)
	if err != nil {
		return err
	}
	verdict, why := fieldwork.Effective, "Every item of the sample agrees with the control."
	if sheet.Deviating() > 0 {
		verdict, why = fieldwork.NotEffective, "More items deviate than the plan allows, for one cause."
		f, err := w.Report(ctx, staff, at, ref, nil, fieldwork.Facts{Title: "The control did not operate for some items", Nature: "operation", Cause: "The step was done outside the usual way, and nobody looked at it afterwards."})
		if err != nil {
			return err
		}
		if _, err := w.Share(ctx, senior, at, f.Ref); err != nil {
			return err
		}
		lead, err := d.as(ctx, at, cast[1].Email)
		if err != nil {
			return err
		}
		if _, err := w.Respond(ctx, lead, at, d.engagement, f.Ref, 0, "We agree. The way around the usual one is closed, and what went through it was looked at.", "31 March of the next year"); err != nil {
			return err
		}
	}
	if _, err := w.Conclude(ctx, staff, at, ref, 0, verdict, why); err != nil {
		return err
	}
	if _, err := w.Sign(ctx, staff, at, ref, 0); err != nil {
		return err
	}
	_, err = w.Review(ctx, senior, at, ref, 0)
	return err
}
