package access

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// AuditAs opens an engagement in the name of somebody of the scope's firm: for work that they asked for and that goes on without
// them, and for the operator of the installation. They have the rights they have now: who left the team gets no further.
func (s *Service) AuditAs(ctx context.Context, by Scope, now time.Time, who, engagement string) (AuditScope, error) {
	if r := by.Role(); r != operator && r != system {
		return AuditScope{}, errs.New(errs.Denied, "only the operator may act for somebody")
	}
	g, err := s.grantOf(ctx, by, who)
	if err != nil {
		return AuditScope{}, err
	}
	return s.Audit(ctx, g, now, engagement)
}

// grantOf is what a member may do now.
func (s *Service) grantOf(ctx context.Context, by Scope, who string) (Grant, error) {
	u, err := s.Store.UserByID(ctx, UserID(who))
	if strings.Contains(who, "@") {
		u, err = s.Store.UserByEmail(ctx, who)
	}
	if err != nil {
		return Grant{}, err
	}
	if u.Disabled {
		return Grant{}, errs.New(errs.Denied, "the account of %s is blocked", u.Email)
	}
	return s.grant(ctx, by.Org(), u, nil)
}

// AuditsAs lists the engagements somebody of the scope's firm is invited to now.
func (s *Service) AuditsAs(ctx context.Context, by Scope, who string) ([]Invited, error) {
	if r := by.Role(); r != operator && r != system {
		return nil, errs.New(errs.Denied, "only the operator may act for somebody")
	}
	g, err := s.grantOf(ctx, by, who)
	if err != nil {
		return nil, err
	}
	return s.AuditsOf(ctx, g)
}

// Chain is the right to read the firm's chain for this engagement: to prove what belongs to it, and to export it. The pages of the
// ledger, which tell of every client, stay the partner's.
func (a AuditScope) Chain() Scope {
	r, _ := mint(a.Firm.org, a.Firm.user, a.Firm.actor, examiner, []Action{ReadLedger})
	r.from = a.Firm.from
	return Scope{r}
}
