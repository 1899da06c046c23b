package app

import (
	"context"

	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// demoAnswer is what management says of deviations that its own tests found.
type demoAnswer struct{ cause, effect, action string }

// demoAnswers are management's, by the domain of the control that was tested.
var demoAnswers = map[string]demoAnswer{
	"IAM": {"Leavers and changes of duty reached the identity team on the day they took effect, not before it.", "The accounts named were open longer than the policy allows; the audit log shows no use of them in that time.", "The personnel system tells the directory by itself since the end of the period; what is left over is compared each week."},
	"CHG": {"Changes were made in a hurry outside the usual way, with rights that owners have for emergencies.", "Each change was read afterwards; none had to be taken back.", "Emergency rights are asked for and end by themselves after an hour; the security team reads what was done with them."},
	"HRS": {"The reminder goes to the manager alone, and three managers were away.", "The people named had access before the step was done; all of them have done it since.", "The reminder goes to the manager and to the personnel team, and access waits for the step."},
	"VUL": {"The components had no owner for some weeks after a team was divided.", "The weaknesses stayed open longer than the policy allows; the scans show no sign that they were used.", "Every component has an owner and a deputy, and what is overdue stops the release."},
	"VEN": {"Vendors were bought by teams that do not know the register.", "The vendors named were assessed late; none of them holds data of customers.", "An order needs the number of the entry in the register."},
	"GOV": {"Campaigns were opened late, and those on leave were not asked again.", "The people named had not confirmed the rules that were in force; all but those on leave have since.", "Campaigns open with the policy, and ask again on the first day after a leave."},
}

// demoAnswerElse is the answer where the domain has none of its own.
var demoAnswerElse = demoAnswer{"The task had no deputy, and nothing reminded anybody of it.", "What was due was done late; nothing that it protects was touched in the meantime.", "The task has a deputy and a date that reminds both, and the monthly review of controls looks at it."}

// respond gives management's answer to what its own tests found, as far as the first draft shows it. The tests of the auditor are
// answered with their findings.
func (x *demoExam) respond(ctx context.Context) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	e, err := x.App.Engagement.Store.Engagement(ctx, lead.ReadScope, x.id)
	if err != nil {
		return err
	}
	f, err := x.App.Engagement.Newest(ctx, lead.ReadScope, e.ID)
	if err != nil {
		return err
	}
	d, _, err := x.App.Engagement.Dossier(ctx, lead.ReadScope, f)
	if err != nil {
		return err
	}
	for _, t := range d.Tests {
		if len(t.Deviations) == 0 {
			continue
		}
		say := demoAnswerElse
		for _, c := range t.Controls {
			if a, ok := demoAnswers[control.Control{Ref: c}.Prefix()]; ok {
				say = a
			}
		}
		if _, err := x.App.Issue.Respond(ctx, lead, x.then(), x.id, 0, engagement.Response{Test: t.ID, Cause: say.cause, Effect: say.effect, Action: say.action, Due: period.Of(x.at) + 60}); err != nil {
			return err
		}
	}
	return nil
}
