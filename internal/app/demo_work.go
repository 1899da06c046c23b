package app

import (
	"context"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/work"
)

// tasks gives the people of the demo something to do: one of each way in which tasks come about and go on.
func (d *Demo) tasks(ctx context.Context) error {
	now := d.App.Clock()
	today := period.Of(now)
	w := d.App.Work
	for _, x := range []struct {
		work.New
		to      work.Status
		why     string
		comment string
	}{
		{New: work.New{Title: "Say which merges without review were emergencies", Text: "Each needs a ticket, and a review afterwards. The others are deviations: write down the cause.", Owner: cast[2].Email, Due: today,
			Source: work.FromTest, SourceRef: "github-merge-reviewed", Criteria: []string{"CC8.1"}}, to: work.InProgress, comment: "Five were emergencies and have tickets; three are left."},
		{New: work.New{Title: "Register the service account nobody owns", Text: "Find out who uses it, name an owner, or remove it.", Owner: cast[3].Email, Due: today + 2,
			Source: work.FromTest, SourceRef: "okta-service-account-registered", Criteria: []string{"CC6.1", "CC6.2"}}},
		{New: work.New{Title: "File the minutes of the last risk review", Text: "The register was looked at in September. The minutes are what shows it.", Owner: cast[1].Email, Due: today + 6,
			Source: work.FromControl, SourceRef: "RSK-02", Criteria: []string{"CC3.2"}}},
		{New: work.New{Title: "Approve the vendor list for the year", Owner: cast[0].Email, Due: today + 4, Source: work.FromControl, SourceRef: "VEN-01", Criteria: []string{"CC9.2"}}},
		{New: work.New{Title: "Sign the statement about the description of the system", Text: "Management signs it once the description is final.", Owner: cast[0].Email, Due: today + 12}},
		{New: work.New{Title: "Confirm the code of conduct", Owner: cast[4].Email, Due: today + 1, Source: work.FromControl, SourceRef: "GOV-01", Criteria: []string{"CC1.1"}}},
		{New: work.New{Title: "Agree on the dates of fieldwork", Owner: cast[1].Email, Due: today + 1}, to: work.Done, why: "Fieldwork begins on the second Monday of January."},
		{New: work.New{Title: "Move the wiki to the new space"}, to: work.Dropped, why: "The wiki is outside the system that is examined."},
	} {
		t, err := w.Open(ctx, d.scope, now, x.New)
		if err != nil {
			return err
		}
		if x.comment != "" {
			if err := w.Comment(ctx, d.scope, now, t.Ref, x.comment); err != nil {
				return err
			}
		}
		if x.to != "" {
			if _, err := w.Move(ctx, d.scope, now, t.Ref, 0, x.to, x.why); err != nil {
				return err
			}
		}
	}
	lead, err := d.as(ctx, now, cast[1].Email)
	if err != nil {
		return err
	}
	_, err = w.Say(ctx, lead, now, work.Mark{Programme: "quick-check", Line: "roles", State: work.Attested,
		Note: "The order form names the duties of customers; it was read against the list of commitments in October."}, 0)
	return err
}
