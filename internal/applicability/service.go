package applicability

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Service is the use cases of the interview. Answering and deciding needs the right to decide on reports; reading the right
// to read engagements.
type Service struct {
	Store  Store
	Tx     access.Tx
	Ledger access.Recorder
}

// Stale is the cause of a Conflict when somebody else answered in between: what the draft says now.
type Stale struct{ Draft Draft }

// Error says so.
func (s *Stale) Error() string { return "the answers were changed meanwhile" }

// StaleOf finds the draft that an answer came too late for.
func StaleOf(err error) (Draft, bool) {
	var s *Stale
	if errors.As(err, &s) {
		return s.Draft, true
	}
	return Draft{}, false
}

// Draft reads the answers so far.
func (s *Service) Draft(ctx context.Context, scope access.ReadScope) (Draft, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Draft{}, err
	}
	return s.Store.Draft(ctx, scope)
}

// Answer saves the answers of some facts on top of the draft that the writer saw; the other facts keep theirs.
func (s *Service) Answer(ctx context.Context, scope access.Scope, now time.Time, base int, part Answers) (Draft, error) {
	if err := scope.Require(access.DecideReport); err != nil {
		return Draft{}, err
	}
	part, cleared := splitCleared(part)
	part, err := part.check()
	if err != nil {
		return Draft{}, err
	}
	var out Draft
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.Store.Draft(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if old.Version != base {
			e := errs.New(errs.Conflict, "somebody else answered meanwhile").WithHint("Compare the answers and save again.")
			e.Err = &Stale{old}
			return e
		}
		out = Draft{Answers: Answers{}, Version: base + 1, By: scope.Actor(), At: now}
		for id, x := range old.Answers {
			if !slices.Contains(cleared, id) {
				out.Answers[id] = x
			}
		}
		var changed []string
		for _, f := range facts {
			if x, ok := part[f.ID]; ok && out.Answers[f.ID] != x {
				out.Answers[f.ID] = x
				changed = append(changed, string(f.ID))
			}
		}
		if len(changed)+len(cleared) == 0 && base > 0 {
			out = old
			return nil
		}
		if err := s.Store.SaveDraft(ctx, scope, base, out); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "applicability.answered", "draft", map[string]any{"version": out.Version, "facts": append([]string{}, changed...)})
		return err
	})
	return out, err
}

// splitCleared separates the answers that take one back.
func splitCleared(a Answers) (Answers, []FactID) {
	kept, cleared := Answers{}, []FactID{}
	for _, f := range facts {
		switch x, ok := a[f.ID]; {
		case ok && x == Answer{}:
			cleared = append(cleared, f.ID)
		case ok:
			kept[f.ID] = x
		}
	}
	return kept, cleared
}

// Discard empties the draft, so that the interview begins anew. Decisions stay.
func (s *Service) Discard(ctx context.Context, scope access.Scope, now time.Time, base int) error {
	if err := scope.Require(access.DecideReport); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.SaveDraft(ctx, scope, base, Draft{Answers: Answers{}, Version: base + 1, By: scope.Actor(), At: now}); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "applicability.discarded", "draft", map[string]any{"version": base + 1})
		return err
	})
}

// Decide keeps what the organisation decides, together with the answers of the draft and the recommendation they give. base
// is the draft's version that the decision is about.
func (s *Service) Decide(ctx context.Context, scope access.Scope, now time.Time, base int, c Chosen) (Decision, error) {
	if err := scope.Require(access.DecideReport); err != nil {
		return Decision{}, err
	}
	c, err := c.check()
	if err != nil {
		return Decision{}, err
	}
	var out Decision
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		d, err := s.Store.Draft(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if d.Version != base {
			e := errs.New(errs.Conflict, "the answers were changed meanwhile").WithHint("Look at the recommendation again and decide on it.")
			e.Err = &Stale{d}
			return e
		}
		if d.Answers.Answered() == 0 {
			return errs.New(errs.Invalid, "no question is answered yet").WithHint("Begin with the first page of the interview.")
		}
		out = Decision{Answers: d.Answers, Recommendation: Recommend(d.Answers), Chosen: c, By: scope.Actor(), At: now}
		if diff := Differences(out.Recommendation, c); len(diff) > 0 && c.Reason == "" {
			return errs.New(errs.Invalid, "the decision departs from the recommendation (%s)", diff[0].What+": "+diff[0].Decided).At("reason").WithHint("Say why; the reason is kept with it.")
		}
		return s.keep(ctx, scope, &out)
	})
	return out, err
}

// keep numbers a decision, records it in the ledger and stores it.
func (s *Service) keep(ctx context.Context, scope access.Scope, d *Decision) error {
	all, err := s.Store.Decisions(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	d.Number = len(all) + 1
	if _, d.SHA256, err = d.Body(); err != nil {
		return err
	}
	reports := make([]string, len(d.Chosen.Reports))
	for i, r := range d.Chosen.Reports {
		reports[i] = string(r)
	}
	payload := map[string]any{"ref": d.Ref(), "sha256": d.SHA256, "rules": d.Recommendation.Rules, "reports": reports, "type": string(d.Chosen.Type), "differs": len(Differences(d.Recommendation, d.Chosen)) > 0}
	if d.Number > 1 {
		payload["supersedes"] = all[0].Ref()
	}
	if d.Seq, err = s.Ledger.Append(ctx, scope, d.At, "applicability.decided", d.Ref(), payload); err != nil {
		return err
	}
	return s.Store.AddDecision(ctx, scope, *d)
}

// Decision reads one by its name.
func (s *Service) Decision(ctx context.Context, scope access.ReadScope, ref string) (Decision, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Decision{}, err
	}
	n, err := ParseRef(ref)
	if err != nil {
		return Decision{}, err
	}
	return s.Store.Decision(ctx, scope, n)
}

// Decisions lists them, the newest first: that one is in force, and supersedes the others.
func (s *Service) Decisions(ctx context.Context, scope access.ReadScope) ([]Decision, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Decisions(ctx, scope)
}

// check cleans a decision and refuses what makes no sense.
func (c Chosen) check() (Chosen, error) {
	out := Chosen{Reports: []ReportID{}, Categories: []catalog.CategoryID{}, Type: c.Type, From: tidy(c.From), To: tidy(c.To), Previous: tidy(c.Previous), Reason: tidy(c.Reason)}
	for _, r := range Reports() {
		if slices.Contains(c.Reports, r) {
			out.Reports = append(out.Reports, r)
		}
	}
	for _, r := range c.Reports {
		if !slices.Contains(out.Reports, r) {
			return c, errs.New(errs.Invalid, "%q is no report", r).At("reports")
		}
	}
	for _, k := range []catalog.CategoryID{security, availability, integrity, confidentiality, privacy} {
		if slices.Contains(c.Categories, k) {
			out.Categories = append(out.Categories, k)
		}
	}
	if err := out.consistent(); err != nil {
		return c, err
	}
	if err := bounded(out.Reason, MaxReason, "The reason", "reason"); err != nil {
		return c, err
	}
	return out, out.dates()
}

// consistent refuses combinations that no report has.
func (c *Chosen) consistent() error {
	has := func(r ReportID) bool { return slices.Contains(c.Reports, r) }
	switch {
	case has(SOC3) && !has(SOC2) && !has(SOC2Plus):
		return errs.New(errs.Invalid, "a SOC 3 report comes from the examination of a SOC 2 Type 2").At("reports").WithHint("Choose SOC 2 too.")
	case c.SOC2() && len(c.Categories) == 0:
		return errs.New(errs.Invalid, "no category is chosen").At("categories").WithHint("Most examinations begin with security.")
	}
	if !c.SOC2() {
		c.Categories = []catalog.CategoryID{}
	}
	switch {
	case !c.typed():
		c.Type = ""
	case c.Type != Type2 && c.Type != Bridge:
		return errs.New(errs.Invalid, "the type is not chosen").At("type").WithHint("Type 2 covers a period; a Type 1 looks at one date and is a bridge to it.")
	}
	return nil
}

// dates refuses dates that are none, and a period that ends before it begins.
func (c Chosen) dates() error {
	for field, s := range map[string]string{"from": c.From, "to": c.To, "previous": c.Previous} {
		if s == "" {
			continue
		}
		if _, err := period.ParseDate(s); err != nil {
			return errs.New(errs.Invalid, "%q is no date", s).At(field).WithHint("Write it as 2026-12-31.")
		}
	}
	if (c.From == "") != (c.To == "") {
		return errs.New(errs.Invalid, "a period has a first and a last day").At("to").WithHint("Give both, or neither.")
	}
	if c.From != "" && c.Period().Days() <= 1 {
		return errs.New(errs.Invalid, "the period ends before it begins").At("to").WithHint("The last day comes after the first.")
	}
	return nil
}
