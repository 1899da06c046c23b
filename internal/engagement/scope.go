package engagement

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Terms is what an examination is about: what a change of scope changes.
type Terms struct {
	Categories []string      `json:"categories"`
	Objectives []Objective   `json:"objectives"`
	Plus       string        `json:"plus"`
	Period     period.Period `json:"period"`
}

// Terms is what the examination is about now.
func (e Engagement) Terms() Terms {
	return Terms{Categories: orEmpty(e.Categories), Objectives: slices.Clone(e.Objectives), Plus: e.Plus, Period: e.Period}
}

// ChangeState is where a change of scope stands.
type ChangeState string

// The states of a change of scope.
const (
	Applied  ChangeState = "applied"  // holds
	Proposed ChangeState = "proposed" // waits for the auditor
	Refused  ChangeState = "refused"  // by the auditor
)

// ScopeChange is a line of the log of changes of scope.
type ScopeChange struct {
	N       int
	Was     Terms
	Becomes Terms
	Reason  string
	State   ChangeState
	At      time.Time
	By      string
	Decided *time.Time // by the auditor; nil for changes that needed no consent, or wait for it
	Decider string     // the person of the firm
	Note    string     // what the auditor said
}

// NeedsConsent reports whether a change of scope waits for the auditor: after the engagement of the auditor is done (domain
// brief 6.1).
func (e Engagement) NeedsConsent() bool {
	return e.Status.Reached(AuditorEngaged) && e.Status != AuditorEngaged
}

// ChangeScope changes what an examination is about. Once the auditor is engaged the change needs a reason, and holds only when
// the auditor consents.
func (s *Service) ChangeScope(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, t Terms, reason string) (c ScopeChange, warnings []string, err error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return c, nil, err
	}
	reason = text.Line(reason)
	e, err := s.Store.Engagement(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return c, nil, err
	}
	least := 0
	if e.NeedsConsent() {
		least = 10
	}
	if err := text.Bounds("reason", "the reason", reason, least, maxReason); err != nil {
		return c, nil, err
	}
	after := e
	if warnings, err = s.changed(ctx, scope.ReadScope, &after, t, base); err != nil {
		return c, nil, err
	}
	c = ScopeChange{Was: e.Terms(), Becomes: after.Terms(), Reason: reason, State: Applied, At: now, By: scope.Actor()}
	if reflect.DeepEqual(c.Was, c.Becomes) {
		return c, nil, errs.New(errs.Invalid, "nothing is changed by this")
	}
	if e.NeedsConsent() {
		c.State = Proposed
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if c.State == Applied {
			after.Version = base + 1
			if err := s.Life.Save(ctx, scope, after, base); err != nil {
				return err
			}
		}
		if c, err = s.Life.AddChange(ctx, scope, e.ID, c); err != nil {
			return err
		}
		_, err := s.Ledger.Store.Append(ctx, scope, now, "engagement.scope_"+string(c.State), string(e.ID), c.says(e.Ref))
		return err
	})
	return c, warnings, err
}

// changed checks a change of scope and makes it in e.
func (s *Service) changed(ctx context.Context, scope access.ReadScope, e *Engagement, t Terms, base int) ([]string, error) {
	switch {
	case base != e.Version:
		return nil, errs.Changed(e.Ref, &Stale{*e})
	case e.Status.Reached(Issued) || e.Status == Cancelled:
		return nil, errs.New(errs.Conflict, "%s is %s: what it is about does not change any more", e.Ref, strings.ToLower(e.Status.Title()))
	case e.Report == SOC3:
		return nil, errs.New(errs.Conflict, "a SOC 3 is about what its SOC 2 is about").WithHint("Change the SOC 2, and set the SOC 3 up anew.")
	}
	changes, err := s.Life.Changes(ctx, scope, e.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(changes, func(c ScopeChange) bool { return c.State == Proposed }) {
		return nil, errs.New(errs.Conflict, "another change of scope waits for the auditor's consent").WithHint("The auditor consents or refuses on the engagement's scope page.")
	}
	t.Plus = text.Line(t.Plus)
	return s.terms(e, t)
}

func (c ScopeChange) says(ref string) map[string]any {
	ids := func(t Terms) []string {
		out := slices.Clone(t.Categories)
		for _, o := range t.Objectives {
			out = append(out, o.ID)
		}
		return orEmpty(out)
	}
	return map[string]any{"ref": ref, "change": c.N, "was": ids(c.Was), "is": ids(c.Becomes), "was_period": c.Was.Period, "is_period": c.Becomes.Period, "reason": c.Reason}
}

// DecideScope is the auditor's consent to a change of scope, or refusal: by somebody who reviews work in the firm. Both trails
// are told.
func (s *Service) DecideScope(ctx context.Context, a access.AuditScope, now time.Time, n int, agree bool, note string) (Engagement, error) {
	if err := a.Firm.Require(access.ReviewWork); err != nil {
		return Engagement{}, err
	}
	shared, err := a.Shared()
	if err != nil {
		return Engagement{}, err
	}
	note = text.Line(note)
	if err := text.Bounds("note", "the reason", note, map[bool]int{true: 0, false: 3}[agree], maxReason); err != nil {
		return Engagement{}, err
	}
	e, err := s.Store.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return e, err
	}
	all, err := s.Life.Changes(ctx, a.Client, e.ID)
	if err != nil {
		return e, err
	}
	i := slices.IndexFunc(all, func(c ScopeChange) bool { return c.N == n })
	if i < 0 {
		return e, errs.New(errs.NotFound, "%s has no change of scope %d", e.Ref, n)
	}
	c := all[i]
	if c.State != Proposed {
		return e, errs.New(errs.Conflict, "change %d of %s is %s already", n, e.Ref, c.State)
	}
	c.State, c.Decided, c.Decider, c.Note = Refused, &now, shared.Actor(), note
	base := e.Version
	if agree {
		c.State = Applied
		if _, err := s.terms(&e, c.Becomes); err != nil {
			return e, err
		}
		e.Version++
	}
	return e, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if agree {
			if err := s.Life.Save(ctx, shared, e, base); err != nil {
				return err
			}
		}
		if err := s.Life.DecideChange(ctx, shared, e.ID, c); err != nil {
			return err
		}
		for _, by := range []access.Scope{shared, a.Firm} {
			said := c.says(e.Ref)
			said["consent"], said["note"] = agree, note
			if _, err := s.Ledger.Store.Append(ctx, by, now, "engagement.scope_decided", string(e.ID), said); err != nil {
				return err
			}
		}
		return nil
	})
}

// ScopeChanges lists the log of changes of scope, the newest first.
func (s *Service) ScopeChanges(ctx context.Context, scope access.ReadScope, e ID) ([]ScopeChange, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Life.Changes(ctx, scope, e)
}

// Served is a criterion or an objective in scope with the controls that serve it.
type Served struct {
	ID, Title string
	Group     string   // category or process
	Controls  []string // references, of controls in force
	Reason    string   // why it does not apply (DC8); empty when it does
}

// Coverage is what is in scope, and what serves it.
type Coverage struct {
	Served    []Served
	Controls  int
	Ownerless []string // references of controls in scope that nobody owns
}

// Bare lists what has neither a control nor a reason why it does not apply.
func (c Coverage) Bare() []string {
	var out []string
	for _, x := range c.Served {
		if len(x.Controls) == 0 && x.Reason == "" {
			out = append(out, x.ID)
		}
	}
	return out
}

// Coverage tells which controls serve what is in scope, as of now or the end of what the examination covers.
func (s *Service) Coverage(ctx context.Context, scope access.ReadScope, now time.Time, e Engagement) (Coverage, error) {
	g := &gatherer{s: s, read: scope, now: now, e: e}
	if _, err := g.controlsIn(ctx); err != nil {
		return Coverage{}, err
	}
	d, err := s.System.Description(ctx, scope, g.end())
	if err != nil {
		return Coverage{}, err
	}
	reasons := map[string]string{}
	for _, n := range d.NotApplicable {
		reasons[n.Criterion] = n.Reason
	}
	out := Coverage{Controls: len(g.controls)}
	serving := func(framework, id string, more []string) []string {
		refs := []string{}
		for _, c := range g.controls {
			if slices.Contains(c.Version.Serves(framework), id) || slices.Contains(more, c.Ref) {
				refs = append(refs, c.Ref)
			}
		}
		return refs
	}
	for _, c := range g.criteria {
		out.Served = append(out.Served, Served{ID: c.ID, Title: c.Title, Group: string(c.Category), Controls: serving(catalog.TSC, c.ID, nil), Reason: reasons[c.ID]})
	}
	for _, o := range e.Objectives {
		out.Served = append(out.Served, Served{ID: o.ID, Title: o.Statement, Group: o.Process, Controls: serving(catalog.SOC1, o.ID, o.Controls)})
	}
	for _, c := range g.controls {
		if c.Owner == "" {
			out.Ownerless = append(out.Ownerless, c.Ref)
		}
	}
	return out, nil
}

// UserEntityControls counts the complementary user entity controls at an instant.
func (s *Service) UserEntityControls(ctx context.Context, scope access.ReadScope, at time.Time) (int, error) {
	all, err := s.Controls.ListComplements(ctx, scope, control.CUEC, at)
	return len(slices.DeleteFunc(all, func(c control.Complement) bool { return c.Retired })), err
}
