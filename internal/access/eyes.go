package access

import (
	"context"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Eyes is the right to read what a member may read, for what the program writes to that member and nobody else. Only the
// program's own jobs may have it; it gives no right to change anything.
func (s *Service) Eyes(ctx context.Context, scope ReadScope, who UserID) (ReadScope, error) {
	if scope.Role() != system && scope.Role() != operator {
		return ReadScope{}, errs.New(errs.Denied, "only the program reads for somebody else")
	}
	m, err := s.Member(ctx, scope, string(who))
	if err != nil {
		return ReadScope{}, err
	}
	if m.Disabled {
		return ReadScope{}, errs.New(errs.Denied, "%s is blocked", m.Email)
	}
	g, err := s.grant(ctx, scope.Org(), m.User, nil)
	return g.Read, err
}

// Hands is the right to act as a member, for a job of the program that this member asked for and that does what they were shown.
// Their role counts as it is when the job runs; the ledger names them.
func (s *Service) Hands(ctx context.Context, scope Scope, who UserID) (Scope, error) {
	if _, err := s.Eyes(ctx, scope.ReadScope, who); err != nil {
		return Scope{}, err
	}
	m, err := s.Member(ctx, scope.ReadScope, string(who))
	if err != nil {
		return Scope{}, err
	}
	g, err := s.grant(ctx, scope.Org(), m.User, nil)
	if err != nil {
		return Scope{}, err
	}
	return g.Write()
}
