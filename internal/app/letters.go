package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/letter/lettersql"
)

// wireLetters makes the documents that management signs, and the conditions of an engagement's life that rest on them.
func (a *App) wireLetters() {
	a.Letters = &letter.Service{
		Store: &lettersql.Store{DB: a.DB}, Engagements: a.Engagement, Controls: a.Controls, System: a.System, Evidence: a.Evidence.Store, Access: a.Access, Ledger: a.Ledger.Store, Tx: a.DB,
		Findings: a.findings, Sealer: a.Access.Sealer, BridgeDays: a.Config.bridgeDays(),
	}
	a.Engagement.Signed = a.signatures
	a.Engagement.Checks = map[string]engagement.Check{
		engagement.GateApplicability:    a.reportDecided,
		engagement.GateEngagementLetter: a.Letters.Gate(letter.Engagement),
		engagement.GateEvents:           a.Letters.Gate(letter.Events),
		engagement.GateAssertion:        a.Letters.Gate(letter.Assertion),
		engagement.GateRepresentation:   a.Letters.Gate(letter.Representation),
	}
}

// signatures are those under management's assertion and representations, which a report rests on.
func (a *App) signatures(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]engagement.Signature, error) {
	var out []engagement.Signature
	for kind, document := range map[letter.Kind]string{letter.Assertion: engagement.DocumentAssertion, letter.Representation: engagement.DocumentRepresentation} {
		signed, err := a.Letters.Store.InForce(ctx, scope, e, kind)
		if err != nil {
			return nil, err
		}
		for _, l := range signed {
			x := engagement.Signature{Document: document, Name: l.Name, Title: l.Office, At: *l.Signed, SHA256: l.SHA256}
			if kind == letter.Assertion { // the representation letter is the auditor's and in no report
				x.Text = l.Body
			}
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y engagement.Signature) int {
		return cmp.Or(y.At.Compare(x.At), strings.Compare(x.Document, y.Document))
	})
	return out, nil
}

// reportDecided: which report the organisation needs was decided with reasons.
func (a *App) reportDecided(ctx context.Context, scope access.ReadScope, _ time.Time, _ engagement.Engagement) (bool, string, error) {
	all, err := a.Applicability.Decisions(ctx, scope)
	if err != nil || len(all) == 0 {
		return false, "No decision on which report is needed is recorded", err
	}
	return true, fmt.Sprintf("Decision of %s", period.Of(all[0].At)), nil
}

// findings are the tests that failed in a period, each with how many items it failed for.
func (a *App) findings(ctx context.Context, scope access.ReadScope, p period.Period) ([]letter.Finding, error) {
	tests, err := a.Evaluate.Store.Installed(ctx, scope)
	if err != nil {
		return nil, err
	}
	var out []letter.Finding
	for _, t := range tests {
		d := t.Definition
		q, one := paging.Query{Size: 1}, letter.Finding{Ref: d.ID, Title: d.Title, High: d.Severity == "high" || d.Severity == "critical"}
		f := evaluate.Filter{Tests: []string{d.ID}, From: p.From.Time(), To: p.To.Time(), Outcome: evaluate.Fail}
		if d.Kind == evaluate.Occurrence {
			// What happened and failed is not undone: it stays open for a letter about this time.
			found, err := a.Evaluate.Store.Happenings(ctx, scope, f, q)
			if err != nil {
				return nil, err
			}
			one.Count, one.Open = int64(found.Total), found.Total > 0
		} else {
			found, err := a.Evaluate.Store.Intervals(ctx, scope, f, q)
			if err != nil {
				return nil, err
			}
			f.Open = true
			open, err := a.Evaluate.Store.Intervals(ctx, scope, f, q)
			if err != nil {
				return nil, err
			}
			one.Count, one.Open = int64(found.Total), open.Total > 0
		}
		if one.Count > 0 {
			out = append(out, one)
		}
	}
	return out, nil
}
