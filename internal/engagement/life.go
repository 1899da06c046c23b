package engagement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Step is one move from state to state.
type Step struct {
	N       int
	Was     State
	Becomes State
	Reason  string
	Gates   []Gate // what it rested on
	At      time.Time
	By      string
}

// Confirmation is a condition that a person stated to be met, because no record can show it.
type Confirmation struct {
	Gate string
	Why  string
	At   time.Time
	By   string
}

// LifeStore keeps what happens to engagements. Laws: Save reports a Conflict when the kept version is not base; steps,
// confirmations and scope changes are only added, numbered without gaps for each engagement; DecideChange reports a Conflict
// for a change that is not proposed any more.
type LifeStore interface {
	Save(ctx context.Context, s access.Scope, e Engagement, base int) error
	AddStep(ctx context.Context, s access.Scope, e ID, x Step) error
	// Steps lists them, the oldest first.
	Steps(ctx context.Context, s access.ReadScope, e ID) ([]Step, error)
	Confirm(ctx context.Context, s access.Scope, e ID, c Confirmation) error
	// Confirmations lists them, the oldest first.
	Confirmations(ctx context.Context, s access.ReadScope, e ID) ([]Confirmation, error)
	AddChange(ctx context.Context, s access.Scope, e ID, c ScopeChange) (ScopeChange, error)
	DecideChange(ctx context.Context, s access.Scope, e ID, c ScopeChange) error
	// Changes lists them, the newest first.
	Changes(ctx context.Context, s access.ReadScope, e ID) ([]ScopeChange, error)
}

// Stale is what is kept now, for somebody who wrote over an older version.
type Stale struct{ Now Engagement }

// Error says that the engagement changed.
func (s *Stale) Error() string { return "the engagement is in version " + fmt.Sprint(s.Now.Version) }

// Gate is a condition to leave a state (domain brief 6.1).
type Gate struct {
	Key      string `json:"key"`
	Text     string `json:"text"`
	Computed bool   `json:"computed"` // from records; otherwise a person confirms it
	Met      bool   `json:"met"`
	Says     string `json:"says"` // what the records say, or why a person said so
	By       string `json:"by"`   // who confirmed it
	At       int64  `json:"at"`   // when, in microseconds since 1970; 0 for never
}

// Check tells from records whether a condition is met, and what it goes by.
type Check func(ctx context.Context, scope access.ReadScope, now time.Time, e Engagement) (met bool, says string, err error)

// The conditions that other rooms have the records of: keys of Service.Checks.
const (
	GateApplicability    = "applicability"
	GateEngagementLetter = "engagement_letter"
	GateRequests         = "requests_accepted"
	GateTests            = "tests_reviewed"
	GateEvents           = "subsequent_events"
	GateAssertion        = "assertion"
	GateRepresentation   = "representation"
	GateRelease          = "released"
	GateDistribution     = "distribution"

	gateCriteria = "criteria_owned"
	gatePeriod   = "period_over"
	gateDate     = "report_date"
)

var gates = map[State][]Gate{
	Planning:       {{Key: GateApplicability, Text: "Which report is needed was decided"}},
	Scoping:        {{Key: "scope_signed", Text: "The sponsor agreed to the scope"}, {Key: "inventory", Text: "The inventory of the system was reconciled"}},
	Readiness:      {{Key: gateCriteria, Text: "Everything in scope is served by a control with an owner, or has a reason why it does not apply"}},
	Remediation:    {{Key: "gaps_closed", Text: "Every gap is closed or accepted"}, {Key: "operating_since", Text: "The day from which the controls operate is set"}},
	AuditorEngaged: {{Key: GateEngagementLetter, Text: "The letter of engagement is stored"}},
	Observation:    {{Key: gatePeriod, Text: "The end of the period is reached"}},
	PBC:            {{Key: GateRequests, Text: "Every request is accepted"}},
	Fieldwork:      {{Key: GateTests, Text: "Every test is concluded and reviewed"}},
	Draft: {{Key: GateEvents, Text: "Management answered for events after the period"}, {Key: GateAssertion, Text: "Management's assertion is signed"},
		{Key: "comments_closed", Text: "Every comment on the draft is closed"}},
	// The assertion once more: no report goes out without it, even if a new version was begun meanwhile.
	Representation: {{Key: GateAssertion, Text: "Management's assertion is signed"}, {Key: GateRepresentation, Text: "The representation letter is signed"}, {Key: gateDate, Text: "The report is dated after what it covers"}, {Key: GateRelease, Text: "The auditor issued the report"}},
	Issued:         {{Key: GateDistribution, Text: "It is known who has the report"}},
}

// auditorStates are those that the auditor may end, too. Representation ends when its partner issues the report.
var auditorStates = []State{PBC, Fieldwork, Draft, Representation}

func (e Engagement) mayMove(scope access.ReadScope, to State) error {
	if to == Issued && e.Status == Representation && scope.Can(access.BuildReport) {
		return nil // the program itself, once the issued report is whole; the conditions hold for it as for everybody
	}
	if scope.Can(access.ManageEngagement) || to != Cancelled && slices.Contains(auditorStates, e.Status) && scope.Can(access.AskRequests) {
		return nil
	}
	return scope.Require(access.ManageEngagement)
}

// Gates lists the conditions to leave the state an engagement is in, as they stand now.
func (s *Service) Gates(ctx context.Context, scope access.ReadScope, now time.Time, e Engagement) ([]Gate, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	said, err := s.Life.Confirmations(ctx, scope, e.ID)
	if err != nil {
		return nil, err
	}
	steps, err := s.Life.Steps(ctx, scope, e.ID)
	if err != nil {
		return nil, err
	}
	entered := e.Created
	if len(steps) > 0 {
		entered = steps[len(steps)-1].At
	}
	out := slices.Clone(gates[e.Status])
	for i := range out {
		g := &out[i]
		if check := s.check(g.Key); check != nil {
			g.Computed = true
			if g.Met, g.Says, err = check(ctx, scope, now, e); err != nil {
				return nil, errs.Wrap(err, "%s", strings.ToLower(g.Text))
			}
			continue
		}
		for _, c := range said {
			if c.Gate == g.Key && !c.At.Before(entered) {
				g.Met, g.Says, g.By, g.At = true, c.Why, c.By, c.At.UnixMicro()
			}
		}
	}
	return out, nil
}

func (s *Service) check(key string) Check {
	switch key {
	case gateCriteria:
		return s.owned
	case gatePeriod, gateDate:
		return covered
	}
	return s.Checks[key]
}

// covered: what the report covers is over.
func covered(_ context.Context, _ access.ReadScope, now time.Time, e Engagement) (bool, string, error) {
	today, last := period.Of(now), e.Period.Last()
	if e.Type == 1 && today >= last || today > last {
		return true, "Ended on " + last.String(), nil
	}
	return false, "Ends on " + last.String(), nil
}

// ReportDate holds the date of a report to the rules of domain brief 1.2: not before the end of what it covers, the newest
// evidence, and the representation letter. Days of 0 are not known and not compared.
func ReportDate(e Engagement, report, evidence, letter period.Date) error {
	for _, x := range []struct {
		day  period.Date
		what string
	}{{e.Period.Last(), "the end of what it covers"}, {evidence, "its newest evidence"}, {letter, "the representation letter"}} {
		if report < x.day {
			return errs.New(errs.Invalid, "a report of %s would be dated before %s of %s", report, x.what, x.day).At("date")
		}
	}
	return nil
}

// owned: every criterion in scope is served by a control in force that somebody owns, or has a reason why it does not apply;
// every objective of a SOC 1 likewise has a control.
func (s *Service) owned(ctx context.Context, scope access.ReadScope, now time.Time, e Engagement) (bool, string, error) {
	c, err := s.Coverage(ctx, scope, now, e)
	if err != nil {
		return false, "", err
	}
	bare, loose := c.Bare(), c.Ownerless
	switch {
	case len(bare) > 0:
		return false, "No control, and no reason: " + few(bare), nil
	case len(loose) > 0:
		return false, "Without an owner: " + few(loose), nil
	}
	return true, fmt.Sprintf("%d in scope, %d controls", len(c.Served), c.Controls), nil
}

// few names the first of a list.
func few(list []string) string {
	const most = 6
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}

// Confirm records that a person states a condition to be met that no record can show.
func (s *Service) Confirm(ctx context.Context, scope access.Scope, now time.Time, idOrRef, gate, why string) (Engagement, error) {
	why = text.Line(why)
	if err := text.Bounds("why", "the reason", why, 3, maxReason); err != nil {
		return Engagement{}, err
	}
	e, err := s.Store.Engagement(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return e, err
	}
	if err := e.mayMove(scope.ReadScope, ""); err != nil {
		return e, err
	}
	i := slices.IndexFunc(gates[e.Status], func(g Gate) bool { return g.Key == gate })
	if i < 0 {
		return e, errs.New(errs.Conflict, "%s is in %s now: %q is no condition of it", e.Ref, strings.ToLower(e.Status.Title()), gate)
	}
	if s.check(gate) != nil {
		return e, errs.New(errs.Invalid, "the records say whether this is so: it cannot be confirmed by hand").At("why")
	}
	return e, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Life.Confirm(ctx, scope, e.ID, Confirmation{Gate: gate, Why: why, At: now, By: scope.Actor()}); err != nil {
			return err
		}
		_, err := s.Ledger.Store.Append(ctx, scope, now, "engagement.confirmed", string(e.ID), map[string]any{"ref": e.Ref, "state": string(e.Status), "gate": gate, "why": why})
		return err
	})
}

// Move takes an engagement to its next state, a step back, or out of life. Going on needs every condition met; going back and
// cancelling need a reason.
func (s *Service) Move(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, to State, reason string) (Engagement, error) {
	reason = text.Line(reason)
	e, err := s.Store.Engagement(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return e, err
	}
	if err := e.mayMove(scope.ReadScope, to); err != nil {
		return e, err
	}
	if base != e.Version {
		return e, errs.Changed(e.Ref, &Stale{e})
	}
	step := Step{Was: e.Status, Becomes: to, Reason: reason, Gates: []Gate{}, At: now, By: scope.Actor()}
	switch e.step(to) {
	case noStep:
		return e, errs.New(errs.Conflict, "%s is in %s: it cannot go to %s", e.Ref, strings.ToLower(e.Status.Title()), cmp.Or(strings.ToLower(to.Title()), "nothing"))
	case backward, cancel:
		if err := text.Bounds("reason", "the reason", reason, 3, maxReason); err != nil {
			return e, err
		}
	case forward:
		if err := text.Bounds("reason", "the remark", reason, 0, maxReason); err != nil {
			return e, err
		}
		if step.Gates, err = s.passed(ctx, scope.ReadScope, now, e); err != nil {
			return e, err
		}
	}
	e.Status, e.Version = to, e.Version+1
	return e, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Life.Save(ctx, scope, e, base); err != nil {
			return err
		}
		if err := s.Life.AddStep(ctx, scope, e.ID, step); err != nil {
			return err
		}
		_, err := s.Ledger.Store.Append(ctx, scope, now, "engagement.moved", string(e.ID), map[string]any{"ref": e.Ref, "from": string(step.Was), "to": string(to), "reason": reason, "conditions": len(step.Gates)})
		return err
	})
}

// passed reads the conditions, and says what is missing.
func (s *Service) passed(ctx context.Context, scope access.ReadScope, now time.Time, e Engagement) ([]Gate, error) {
	all, err := s.Gates(ctx, scope, now, e)
	if err != nil {
		return nil, err
	}
	var lacks []string
	for _, g := range all {
		if !g.Met {
			lacks = append(lacks, strings.TrimSuffix(g.Text+" ("+g.Says+")", " ()"))
		}
	}
	changes, err := s.Life.Changes(ctx, scope, e.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(changes, func(c ScopeChange) bool { return c.State == Proposed }) {
		lacks = append(lacks, "The auditor consented to the change of scope, or refused it")
	}
	if len(lacks) > 0 {
		return nil, errs.New(errs.Conflict, "%s stays in %s: %s", e.Ref, strings.ToLower(e.Status.Title()), "not met: "+strings.Join(lacks, "; "))
	}
	return all, nil
}

// History lists the steps of an engagement, the oldest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, e ID) ([]Step, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Life.Steps(ctx, scope, e)
}

// FirmFacts is what is recorded of the firm that examines (domain brief 4.6).
type FirmFacts struct {
	Name, Licence string
	PeerReview    period.Date
}

// RecordFirm keeps who examines: the firm's name, its licence with the board that gave it, and the day of its last peer review. Either
// side does: management from what it was told, or the firm itself.
func (s *Service) RecordFirm(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, f FirmFacts) (Engagement, error) {
	if err := scope.Require(access.ManageEngagement); err != nil && !scope.Can(access.AskRequests) {
		return Engagement{}, err
	}
	f.Name, f.Licence = text.Line(f.Name), text.Line(f.Licence)
	for _, err := range []error{text.Bounds("firm", "the firm's name", f.Name, 1, maxTitle), text.Bounds("licence", "the licence", f.Licence, 0, maxTitle)} {
		if err != nil {
			return Engagement{}, err
		}
	}
	if f.PeerReview > period.Of(now) {
		return Engagement{}, errs.New(errs.Invalid, "a peer review on %s has not happened yet", f.PeerReview).At("peer_review")
	}
	e, err := s.Store.Engagement(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return e, err
	}
	if base != e.Version {
		return e, errs.Changed(e.Ref, &Stale{e})
	}
	e.Firm, e.Licence, e.PeerReview, e.Version = f.Name, f.Licence, f.PeerReview, base+1
	return e, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Life.Save(ctx, scope, e, base); err != nil {
			return err
		}
		said := map[string]any{"ref": e.Ref, "firm": e.Firm, "licence": e.Licence}
		if e.PeerReview != 0 {
			said["peer_review"] = e.PeerReview
		}
		_, err := s.Ledger.Store.Append(ctx, scope, now, "engagement.firm_recorded", string(e.ID), said)
		return err
	})
}
