package fieldwork

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// CriterionStatus is the auditor's working view of a criterion (domain brief 4.5). It is no opinion.
type CriterionStatus string

// The statuses.
const (
	Met               CriterionStatus = "met"
	MetWithDeviations CriterionStatus = "met_with_deviations"
	AtRisk            CriterionStatus = "at_risk"
	NotMet            CriterionStatus = "not_met"
	NotEvaluated      CriterionStatus = "not_evaluated"
)

// CriterionStatuses lists them.
func CriterionStatuses() []CriterionStatus {
	return []CriterionStatus{Met, MetWithDeviations, AtRisk, NotMet, NotEvaluated}
}

// Title is the status in words.
func (c CriterionStatus) Title() string {
	return map[CriterionStatus]string{Met: "Met", MetWithDeviations: "Met, with deviations", AtRisk: "At risk", NotMet: "Not met", NotEvaluated: "Not evaluated"}[c]
}

// Standing is a criterion with its working status and why.
type Standing struct {
	ID, Title string
	Category  string
	Status    CriterionStatus
	Why       string
	Papers    []Paper
	Findings  []string
}

// criteria are what the engagement's controls are tested against: the criteria of its categories, or the control objectives of a SOC 1.
func (s *Service) criteria(ctx context.Context, a access.AuditScope) ([]catalog.Criterion, error) {
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	if e.Report == engagement.SOC1 {
		out := make([]catalog.Criterion, len(e.Objectives))
		for i, o := range e.Objectives {
			out[i] = catalog.Criterion{ID: o.ID, Title: o.Statement, Series: o.Process}
		}
		return out, nil
	}
	ids, err := s.Catalog.ParseCategories(e.Categories)
	if err != nil {
		return nil, err
	}
	return s.Catalog.Applicable(ids)
}

// whole is what the views over an engagement look at.
type whole struct {
	papers   []Paper
	findings []Finding
	criteria []catalog.Criterion
}

func (s *Service) whole(ctx context.Context, a access.AuditScope) (w whole, err error) {
	if w.papers, err = s.AllPapers(ctx, a); err != nil {
		return w, err
	}
	if w.findings, err = s.ListFindings(ctx, a); err != nil {
		return w, err
	}
	w.criteria, err = s.criteria(ctx, a)
	return w, err
}

// serves lists what of an engagement a control is tested for.
func serves(e engagement.Engagement, c control.Control) []string {
	if e.Report != engagement.SOC1 {
		if out := c.Version.Serves(catalog.TSC); len(out) > 0 {
			return slices.Clone(out)
		}
		return slices.Clone(c.Version.Serves(catalog.SOC1))
	}
	mine, out := c.Version.Serves(catalog.SOC1), []string{}
	for _, o := range e.Objectives {
		if slices.Contains(mine, o.ID) || slices.Contains(o.Controls, c.Ref) {
			out = append(out, o.ID)
		}
	}
	return out
}

// Standings is the working view of every criterion in scope.
func (s *Service) Standings(ctx context.Context, a access.AuditScope) ([]Standing, error) {
	w, err := s.whole(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]Standing, len(w.criteria))
	for i, c := range w.criteria {
		var mine []Paper
		for _, p := range w.papers {
			if slices.Contains(p.Criteria, c.ID) {
				mine = append(mine, p)
			}
		}
		out[i] = Stand(mine, w.papers, w.findings)
		out[i].ID, out[i].Title, out[i].Category = c.ID, c.Title, string(c.Category)
	}
	return out, nil
}

// Stand is the working status of a criterion from the workpapers of its controls, all workpapers, and all findings: do the remaining
// effective controls, compensating ones too, still carry it (domain brief 4.5, step 2, and the table of 5.6)?
func Stand(mine, all []Paper, findings []Finding) Standing {
	st := Standing{Status: NotEvaluated, Papers: mine}
	var open, effective, failed, quiet []string
	compensated := true
	var own []Finding
	for _, f := range findings {
		if slices.ContainsFunc(mine, func(p Paper) bool { return p.ID == f.Paper }) {
			own = append(own, f)
		}
	}
	slices.SortStableFunc(own, byWeight)
	for _, f := range own {
		st.Findings = append(st.Findings, f.Ref)
	}
	for _, p := range mine {
		switch p.Conclusion {
		case Effective, EffectiveWithDeviation:
			effective = append(effective, p.Ref)
		case NotEffective:
			failed = append(failed, p.Ref)
			compensated = compensated && carried(p, all, own)
		case NoOccurrence:
			quiet = append(quiet, p.Ref)
		default:
			open = append(open, p.Ref)
		}
	}
	say := named
	switch {
	case len(mine) == 0:
		st.Why = "No workpaper tests a control of it."
	case len(failed) > 0 && len(effective) == 0 && !compensated:
		st.Status, st.Why = NotMet, "Not effective: "+say(failed)+". No other tested control of it operated effectively."
	case len(failed) > 0 && !compensated:
		st.Status, st.Why = AtRisk, "Not effective: "+say(failed)+". Effective: "+say(effective)+". Do those carry it?"
	case len(open) > 0:
		st.Why = "Not concluded: " + say(open) + "."
	case len(failed) > 0:
		st.Status, st.Why = MetWithDeviations, "Not effective, but compensated: "+say(failed)+"."
	case len(effective) == 0:
		st.Why = "No occurrence in the period: " + say(quiet) + ". Only the design was looked at."
	case len(st.Findings) > 0:
		st.Status, st.Why = MetWithDeviations, "Effective, with "+say(st.Findings)+" disclosed."
	default:
		st.Status, st.Why = Met, "Effective: "+say(effective)+"."
	}
	return st
}

// named lists the first few of many.
func named(refs []string) string {
	const between = ", "
	const few = 3
	if len(refs) <= few+1 {
		return strings.Join(refs, between)
	}
	return strings.Join(refs[:few], between) + " and " + itoa(len(refs)-few) + " more"
}

// carried reports whether every finding of a workpaper names a compensating control that was tested and is effective.
func carried(p Paper, all []Paper, findings []Finding) bool {
	found := false
	for _, f := range findings {
		if f.Paper != p.ID {
			continue
		}
		found = true
		if f.Instead == "" || !slices.ContainsFunc(all, func(x Paper) bool {
			return x.Control == f.Instead && (x.Conclusion == Effective || x.Conclusion == EffectiveWithDeviation) && slices.ContainsFunc(x.Criteria, func(c string) bool { return slices.Contains(p.Criteria, c) })
		}) {
			return false
		}
	}
	return found
}

// Matters are what is opined on: operation only over a period (domain brief 4.5).
func Matters(reportType int) []string {
	if reportType == 1 {
		return []string{"description", "design"}
	}
	return []string{"description", "design", "operation"}
}

// Kinds are the opinions an auditor can enter.
func Kinds() []string { return []string{"unmodified", "qualified", "adverse", "disclaimer"} }

// Opine keeps the opinion on a matter as the partner enters it. A modified one needs its basis.
func (s *Service) Opine(ctx context.Context, a access.AuditScope, now time.Time, matter string, base int, kind, basis string) (Opinion, error) {
	o := Opinion{Matter: matter, Kind: kind, By: a.Firm.Actor(), At: now, Version: base + 1}
	if err := a.Firm.Require(access.SignOpinion); err != nil {
		return o, err
	}
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return o, err
	}
	if !slices.Contains(Matters(e.Type), matter) {
		return o, errs.New(errs.NotFound, "no opinion is given on %q", matter)
	}
	if !slices.Contains(Kinds(), kind) {
		return o, errs.New(errs.Invalid, "choose the opinion").At("kind")
	}
	if kind == "unmodified" {
		o.Basis, err = words("basis", "the basis", basis)
	} else {
		o.Basis, err = why("basis", "the basis for the modification", basis)
	}
	if err != nil {
		return o, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Firm.AddOpinion(ctx, a.Firm, a.Engagement, o); err != nil {
			return err
		}
		return s.told(ctx, a, now, "opinion.entered", a.Engagement, map[string]any{"matter": matter, "kind": kind, "basis": o.Basis})
	})
	return o, err
}

// Opinions are the newest by matter; a matter without one is not in the map.
func (s *Service) Opinions(ctx context.Context, a access.AuditScope) (map[string]Opinion, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	all, err := s.Firm.Opinions(ctx, a.Firm.ReadScope, a.Engagement)
	out := map[string]Opinion{}
	for _, o := range all {
		if o.Version > out[o.Matter].Version {
			out[o.Matter] = o
		}
	}
	return out, err
}
