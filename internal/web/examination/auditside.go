package examination

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// enter opens the engagement of an auditor's page.
func (p *pages) enter(r *page.Request) (access.AuditScope, engagement.Engagement, error) {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return a, engagement.Engagement{}, err
	}
	e, err := p.Engagement.Store.Engagement(r.Context(), a.Client, a.Engagement)
	return a, e, err
}

// stageBase is where the auditor's page on stage and scope is.
func stageBase(a access.AuditScope) string { return page.AuditPath(a.Engagement, "stage") }

// auditStage is the auditor's page on where the examination stands, and on changes of scope.
func (p *pages) auditStage(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Stage and scope"})
	x := life{E: e, Base: stageBase(a), May: auditorMoves(a, e), Names: map[string]string{}}
	if x.Gates, err = p.Engagement.Gates(r.Context(), a.Client, r.Now, e); err != nil {
		return err
	}
	if x.Steps, err = p.Engagement.History(r.Context(), a.Client, e.ID); err != nil {
		return err
	}
	slices.Reverse(x.Steps)
	s := scoped{E: e, Names: x.Names}
	if s.Coverage, err = p.Engagement.Coverage(r.Context(), a.Client, r.Now, e); err != nil {
		return err
	}
	if s.Changes, err = p.Engagement.ScopeChanges(r.Context(), a.Client, e.ID); err != nil {
		return err
	}
	return r.Render(http.StatusOK, auditStagePage(r, a, x, s))
}

// auditorMoves reports whether the auditor may end the state that an engagement is in.
func auditorMoves(a access.AuditScope, e engagement.Engagement) bool {
	_, err := a.Shared()
	return err == nil && slices.Contains([]engagement.State{engagement.PBC, engagement.Fieldwork, engagement.Draft}, e.Status)
}

func (p *pages) auditMoveForm(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	return p.auditMoving(r, page.NewForm(), a, e)
}

func (p *pages) auditMoving(r *page.Request, f *page.Form, a access.AuditScope, e engagement.Engagement) error {
	to, err := engagement.ParseState(r.Arg("to"))
	if err != nil {
		return errs.New(errs.NotFound, "there is no stage %q", r.Arg("to"))
	}
	x := life{E: e, Base: stageBase(a)}
	if x.Gates, err = p.Engagement.Gates(r.Context(), a.Client, r.Now, e); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), movePanel(r, f, x, to))
}

func (p *pages) auditMove(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	shared, err := a.Shared()
	if err != nil {
		return err
	}
	moved, err := p.Engagement.Move(r.Context(), shared, r.Now, a.Engagement, f.Base(), engagement.State(r.Arg("to")), f.Get("reason"))
	if err == nil {
		return r.Redirect(stageBase(a), e.Ref+" is in "+moved.Status.Title()+" now.")
	}
	if !f.Take(err) {
		return err
	}
	return p.auditMoving(r, f, a, e)
}

func (p *pages) auditConfirmForm(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	return p.auditConfirming(r, page.NewForm(), a, e)
}

func (p *pages) auditConfirming(r *page.Request, f *page.Form, a access.AuditScope, e engagement.Engagement) error {
	all, err := p.Engagement.Gates(r.Context(), a.Client, r.Now, e)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(g engagement.Gate) bool { return g.Key == r.Arg("gate") && !g.Computed })
	if i < 0 {
		return errs.New(errs.NotFound, "%s has no such condition to confirm now", e.Ref)
	}
	return r.RenderPanel(f.Status(), confirmPanel(r, f, e, all[i], stageBase(a)))
}

func (p *pages) auditConfirm(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	shared, err := a.Shared()
	if err != nil {
		return err
	}
	_, err = p.Engagement.Confirm(r.Context(), shared, r.Now, a.Engagement, r.Arg("gate"), f.Get("why"))
	if err == nil {
		return r.Redirect(stageBase(a), "Confirmed.")
	}
	if !f.Take(err) {
		return err
	}
	return p.auditConfirming(r, f, a, e)
}

// consenting finds the change of scope that the address names.
func (p *pages) consenting(r *page.Request, a access.AuditScope, e engagement.Engagement) (engagement.ScopeChange, error) {
	all, err := p.Engagement.ScopeChanges(r.Context(), a.Client, e.ID)
	if err != nil {
		return engagement.ScopeChange{}, err
	}
	for _, c := range all {
		if strconv.Itoa(c.N) == r.Arg("n") {
			return c, nil
		}
	}
	return engagement.ScopeChange{}, errs.New(errs.NotFound, "%s has no change of scope %q", e.Ref, r.Arg("n"))
}

func (p *pages) consentForm(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	c, err := p.consenting(r, a, e)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, consentPanel(r, page.NewForm("agree", "yes"), a, e, c))
}

func (p *pages) consent(r *page.Request) error {
	a, e, err := p.enter(r)
	if err != nil {
		return err
	}
	c, err := p.consenting(r, a, e)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = p.Engagement.DecideScope(r.Context(), a, r.Now, c.N, f.Get("agree") == "yes", f.Get("note"))
	if err == nil {
		return r.Redirect(stageBase(a), "What you decided is in both trails.")
	}
	return r.PanelAgain(f, err, consentPanel(r, f, a, e, c))
}
