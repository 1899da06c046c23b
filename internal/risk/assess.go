package risk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// AssessmentID identifies an assessment.
type AssessmentID string

// Plan is what people say about an assessment.
type Plan struct {
	Title        string      `json:"title"`
	Method       string      `json:"method"`
	Scope        string      `json:"scope"`
	Participants []string    `json:"participants"` // names, as they took part
	Processes    []string    `json:"processes"`    // in scope: each is looked at for fraud
	Held         period.Date `json:"held"`         // the day it is dated
	Conclusion   string      `json:"conclusion,omitempty"`
}

// Assessment is a walk through the whole register at a time.
type Assessment struct {
	ID  AssessmentID `json:"id"`
	Ref string       `json:"ref"` // "RA-2026", a second one of the year "RA-2026-2"
	Plan
	Version  int        `json:"version"`
	Opened   time.Time  `json:"opened"`
	OpenedBy string     `json:"opened_by"`
	Frozen   *time.Time `json:"frozen,omitempty"`
	FrozenBy string     `json:"frozen_by,omitempty"`
	SHA256   string     `json:"-"` // of what was frozen
	Evidence string     `json:"-"` // reference of what was frozen
	Seq      int64      `json:"-"` // ledger entry
	Body     string     `json:"-"` // what was frozen: canonical JSON; empty before, and in lists
}

// Finding is what was decided about a risk in an assessment.
type Finding string

// The findings.
const (
	Pending   Finding = ""          // nobody has looked yet
	Confirmed Finding = "confirmed" // it is as it was
	Rerated   Finding = "rerated"
	Ended     Finding = "closed" // it is no more
)

// Title is the finding as people read it.
func (f Finding) Title() string {
	switch f {
	case Confirmed:
		return "Confirmed"
	case Rerated:
		return "Rated again"
	case Ended:
		return "Closed"
	}
	return "To look at"
}

// Line is one risk in an assessment.
type Line struct {
	Risk     ID        `json:"risk"`
	Ref      string    `json:"ref"`
	Title    string    `json:"title"`
	Finding  Finding   `json:"finding"`
	Was      Rating    `json:"was"` // residual before
	Is       Rating    `json:"is"`  // and after
	Note     string    `json:"note,omitempty"`
	Actor    string    `json:"actor,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Inherent Rating    `json:"inherent"`
}

// Dossier is an assessment as it is frozen.
type Dossier struct {
	V          int          `json:"v"`
	Assessment Assessment   `json:"assessment"`
	Scale      Scale        `json:"scale"`
	Lines      []Line       `json:"lines"`
	Risks      []FrozenRisk `json:"risks"`
}

// FrozenRisk is a risk with what the rest of the program knew about it when an assessment was frozen.
type FrozenRisk struct {
	Risk
	OwnerName  string            `json:"owner_name"`
	Above      bool              `json:"above_tolerance"`
	Linked     []FrozenControl   `json:"linked"`
	Treatments []FrozenTreatment `json:"treatments"` // nil when the reader may not know them
}

// FrozenControl is a control that lowers a risk, with its newest result in words.
type FrozenControl struct {
	Ref     string `json:"ref"`
	Title   string `json:"title"`
	InForce bool   `json:"in_force"`
	Outcome string `json:"outcome"`
}

// FrozenTreatment is a task that lowers a risk.
type FrozenTreatment struct {
	Ref    string      `json:"ref"`
	Title  string      `json:"title"`
	Status string      `json:"status"`
	Owner  string      `json:"owner"`
	Due    period.Date `json:"due"`
}

// Around adds what other parts of the program know about risks: names, controls, tests, tasks.
type Around func(ctx context.Context, s access.ReadScope, risks []Risk) ([]FrozenRisk, error)

// AssessmentControls are the controls an assessment is evidence of.
func AssessmentControls() []string { return []string{"RSK-02", "RSK-03"} }

// StartAssessment opens an assessment with a line for each risk of the register. One is open at a time.
func (s *Service) StartAssessment(ctx context.Context, scope access.Scope, now time.Time, p Plan) (Assessment, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Assessment{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	a := Assessment{ID: AssessmentID(id.New("rsa", now)), Plan: p.clean(), Version: 1, Opened: now, OpenedBy: scope.Actor()}
	if err := a.check(now); err != nil {
		return Assessment{}, err
	}
	risks, err := s.All(ctx, scope.ReadScope, Filter{State: Open})
	if err != nil {
		return Assessment{}, err
	}
	if len(risks) == 0 {
		return Assessment{}, errs.New(errs.Conflict, "the register is empty").WithHint("Put the first risks in, and assess them then.")
	}
	var lines []Line
	for _, r := range risks {
		lines = append(lines, lineOf(r))
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Assessments.Assessments(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.Frozen == nil {
				return errs.New(errs.Conflict, "%s is still open", x.Ref).WithHint("Finish and freeze it first.")
			}
		}
		if a, err = s.Assessments.AddAssessment(ctx, scope, a, lines); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "risk.assessment_opened", string(a.ID), map[string]any{"ref": a.Ref, "title": a.Title, "risks": len(lines), "held": dateText(a.Held)})
		return err
	})
	return a, err
}

func lineOf(r Risk) Line {
	return Line{Risk: r.ID, Ref: r.Ref, Title: r.Title, Was: r.Residual, Is: r.Residual, Inherent: r.Inherent}
}

// EditAssessment changes what is said about an open assessment.
func (s *Service) EditAssessment(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, p Plan) (Assessment, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Assessment{}, err
	}
	var a Assessment
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.open(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.New(errs.Conflict, "%s was changed meanwhile", was.Ref).WithHint("Open it again and compare.")
		}
		a = was
		a.Plan, a.Version = p.clean(), was.Version+1
		if err := a.check(now); err != nil {
			return err
		}
		if err := s.Assessments.SaveAssessment(ctx, scope, a, was.Version); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "risk.assessment_changed", string(a.ID), map[string]any{"ref": a.Ref, "version": a.Version})
		return err
	})
	return a, err
}

func (s *Service) open(ctx context.Context, scope access.ReadScope, ref string) (Assessment, error) {
	a, err := s.Assessments.Assessment(ctx, scope, ref)
	if err == nil && a.Frozen != nil {
		err = errs.New(errs.Conflict, "%s is frozen and stays as it is", a.Ref).WithHint("Start a new assessment.")
	}
	return a, err
}

// Walk records what was found about one risk. A rating is given with Rerated; the register follows in the same step.
func (s *Service) Walk(ctx context.Context, scope access.Scope, now time.Time, ref, risk string, found Finding, inherent, residual Rating, note string) (Line, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Line{}, err
	}
	now, note = now.UTC().Truncate(time.Microsecond), text.Prose(note)
	least := 0
	if found != Confirmed {
		least = MinWhy
	}
	if err := text.Bounds("note", "the reason", note, least, MaxWhy); err != nil {
		return Line{}, err
	}
	if !slices.Contains([]Finding{Confirmed, Rerated, Ended}, found) {
		return Line{}, errs.New(errs.Invalid, "choose what was found").At("finding")
	}
	var l Line
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		a, err := s.open(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		r, err := s.Store.Risk(ctx, scope.ReadScope, risk)
		if err != nil {
			return err
		}
		if l, err = s.lineFor(ctx, scope.ReadScope, a, r); err != nil {
			return err
		}
		if found == Confirmed && !r.Residual.Rated() {
			return errs.New(errs.Invalid, "%s is not rated: there is nothing to confirm", r.Ref).At("finding").WithHint("Rate it.")
		}
		r, err = s.change(ctx, scope, now, r.Ref, 0, Assessed, a.Ref+": "+strings.TrimSpace(found.Title()+". "+note), func(_ context.Context, r *Risk) error {
			if found == Rerated {
				if !inherent.Rated() || !residual.Rated() {
					return errs.New(errs.Invalid, "choose likelihood and impact, both without and with controls").At("residual_likelihood")
				}
				r.Inherent, r.Residual = inherent, residual
			}
			if found == Ended {
				r.State, r.Why = Closed, note
			}
			r.Reviewed, r.ReviewedBy = &now, scope.Actor()
			return nil
		})
		if err != nil {
			return err
		}
		l.Title, l.Finding, l.Is, l.Inherent, l.Note, l.Actor, l.At = r.Title, found, r.Residual, r.Inherent, note, scope.Actor(), now
		return s.Assessments.SaveLine(ctx, scope, a.ID, l)
	})
	return l, err
}

// lineFor is the line of a risk, a new one for a risk that came after the assessment was opened.
func (s *Service) lineFor(ctx context.Context, scope access.ReadScope, a Assessment, r Risk) (Line, error) {
	lines, err := s.Assessments.Lines(ctx, scope, a.ID)
	if err != nil {
		return Line{}, err
	}
	if i := slices.IndexFunc(lines, func(l Line) bool { return l.Risk == r.ID }); i >= 0 {
		return lines[i], nil
	}
	return lineOf(r), nil
}

// Walkthrough reads an assessment with its lines: those it was opened with, and while it is open the risks that came after.
func (s *Service) Walkthrough(ctx context.Context, scope access.ReadScope, ref string) (Assessment, []Line, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return Assessment{}, nil, err
	}
	a, err := s.Assessments.Assessment(ctx, scope, ref)
	if err != nil {
		return a, nil, err
	}
	lines, err := s.Assessments.Lines(ctx, scope, a.ID)
	if err != nil || a.Frozen != nil {
		return a, lines, err
	}
	all, err := s.All(ctx, scope, Filter{State: Open})
	for _, r := range all {
		if !slices.ContainsFunc(lines, func(l Line) bool { return l.Risk == r.ID }) {
			lines = append(lines, lineOf(r))
		}
	}
	return a, lines, err
}

// AllAssessments lists them, the newest first.
func (s *Service) AllAssessments(ctx context.Context, scope access.ReadScope) ([]Assessment, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return nil, err
	}
	return s.Assessments.Assessments(ctx, scope)
}

// CountAssessments counts them.
func (s *Service) CountAssessments(ctx context.Context, scope access.ReadScope) (int, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return 0, err
	}
	return s.Assessments.CountAssessments(ctx, scope)
}

// Freeze ends an assessment: every risk was looked at, and what was found is sealed as evidence and never changes again.
func (s *Service) Freeze(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, around Around) (Assessment, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Assessment{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	var a Assessment
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		d, err := s.dossier(ctx, scope, now, ref, base, around)
		if err != nil {
			return err
		}
		body, err := canon.JSON(d)
		if err != nil {
			return errs.As(errs.Internal, err, "freeze %s", d.Assessment.Ref)
		}
		a = d.Assessment
		a.Body, a.SHA256 = string(body), canon.Sum(body)
		if a.Evidence, err = s.Files.File(ctx, scope, a, body, AssessmentControls()); err != nil {
			return err
		}
		a.Seq, err = s.Ledger.Append(ctx, scope, now, "risk.assessment_frozen", string(a.ID), map[string]any{
			"ref": a.Ref, "sha256": a.SHA256, "risks": len(d.Risks), "evidence": a.Evidence, "held": a.Held.String(),
		})
		if err != nil {
			return err
		}
		return s.Assessments.SaveAssessment(ctx, scope, a, a.Version-1)
	})
	return a, err
}

// dossier is what is frozen, if it may be.
func (s *Service) dossier(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, around Around) (Dossier, error) {
	var d Dossier
	a, lines, err := s.Walkthrough(ctx, scope.ReadScope, ref)
	if err != nil {
		return d, err
	}
	pending := 0
	for _, l := range lines {
		if l.Finding == Pending {
			pending++
		}
	}
	switch {
	case a.Frozen != nil:
		return d, errs.New(errs.Conflict, "%s is frozen already", a.Ref)
	case base != 0 && a.Version != base:
		return d, errs.New(errs.Conflict, "%s was changed meanwhile", a.Ref).WithHint("Look at it again before you freeze it.")
	case pending > 0:
		return d, errs.New(errs.Conflict, "%d of %d risks were not looked at", pending, len(lines)).WithHint("Confirm, rate again or close each of them first.")
	case a.Held == 0 || a.Held > period.Of(now):
		return d, errs.New(errs.Conflict, "%s has no day that is over", a.Ref).WithHint("Say on which day it was held.")
	case a.Method == "" || len(a.Participants) == 0:
		return d, errs.New(errs.Conflict, "%s does not say by what method it was made, and by whom", a.Ref).WithHint("Edit it first.")
	}
	risks, err := s.All(ctx, scope.ReadScope, Filter{})
	if err != nil {
		return d, err
	}
	risks = slices.DeleteFunc(risks, func(r Risk) bool {
		return !slices.ContainsFunc(lines, func(l Line) bool { return l.Risk == r.ID })
	})
	scale, err := s.scale(ctx, scope.ReadScope)
	if err != nil {
		return d, err
	}
	d = Dossier{V: 1, Scale: scale, Lines: lines}
	if d.Risks, err = around(ctx, scope.ReadScope, risks); err != nil {
		return d, err
	}
	for i := range d.Risks {
		if d.Risks[i].Treatments == nil {
			return d, errs.New(errs.Denied, "what is frozen has the treatments of each risk, and you may not read tasks")
		}
		d.Risks[i].Above = scale.Above(d.Risks[i].Residual)
	}
	a.Version, a.Frozen, a.FrozenBy = a.Version+1, &now, scope.Actor()
	d.Assessment = a
	return d, nil
}

// Read reads a frozen assessment back, checked against its hash.
func (a Assessment) Read() (*Dossier, error) {
	if a.Frozen == nil {
		return nil, errs.New(errs.NotFound, "%s is not frozen yet", a.Ref)
	}
	if canon.Sum([]byte(a.Body)) != a.SHA256 {
		return nil, errs.New(errs.Internal, "%s is not what was frozen", a.Ref)
	}
	d, err := decode[Dossier]([]byte(a.Body))
	if err != nil {
		return nil, errs.As(errs.Internal, err, "%s", a.Ref)
	}
	d.Assessment.SHA256, d.Assessment.Evidence, d.Assessment.Seq = a.SHA256, a.Evidence, a.Seq
	return &d, nil
}

// Step is how a risk stands in one assessment against another.
type Step struct {
	Ref, Title string
	Was, Is    Rating // residual; zero when it was not there
	Kind       string // "new", "gone", "higher", "lower" or "same"
}

// Compare sets an assessment beside an earlier one, by reference of the risk.
func Compare(was, is *Dossier) []Step {
	before := map[string]FrozenRisk{}
	for _, r := range was.Risks {
		if r.State == Open {
			before[r.Ref] = r
		}
	}
	var out []Step
	for _, r := range is.Risks {
		old, had := before[r.Ref]
		delete(before, r.Ref)
		x := Step{Ref: r.Ref, Title: r.Title, Was: old.Residual, Is: r.Residual}
		switch {
		case r.State == Closed && !had:
			continue
		case r.State == Closed:
			x.Kind, x.Is = "gone", Rating{}
		case !had:
			x.Kind = "new"
		case r.Residual.Score() > old.Residual.Score():
			x.Kind = "higher"
		case r.Residual.Score() < old.Residual.Score():
			x.Kind = "lower"
		default:
			x.Kind = "same"
		}
		out = append(out, x)
	}
	for ref, r := range before {
		out = append(out, Step{Ref: ref, Title: r.Title, Was: r.Residual, Kind: "gone"})
	}
	slices.SortFunc(out, func(a, b Step) int { return strings.Compare(a.Ref, b.Ref) })
	return out
}

func (p Plan) clean() Plan {
	p.Title, p.Method, p.Scope, p.Conclusion = text.Line(p.Title), text.Prose(p.Method), text.Prose(p.Scope), text.Prose(p.Conclusion)
	p.Participants, p.Processes = list(p.Participants, text.Line), list(p.Processes, text.Line)
	return p
}

func (a Assessment) check(now time.Time) error {
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{{"title", "the title", a.Title, 3, MaxTitle}, {"method", "the method", a.Method, 0, MaxText}, {"scope", "the scope", a.Scope, 0, MaxText}, {"conclusion", "the conclusion", a.Conclusion, 0, MaxText}} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return err
		}
	}
	for at, l := range map[string][]string{"participants": a.Participants, "processes": a.Processes} {
		if len(l) > MaxLinks {
			return errs.New(errs.Invalid, "%d are named; at most %d are kept", len(l), MaxLinks).At(at)
		}
		for _, x := range l {
			if err := text.Bounds(at, fmt.Sprintf("%q", x), x, 1, maxName); err != nil {
				return err
			}
		}
	}
	if today := period.Of(now); a.Held > today+farFuture || a.Held != 0 && a.Held < today-farFuture {
		return errs.New(errs.Invalid, "%s is no day of an assessment", a.Held).At("held")
	}
	return nil
}
