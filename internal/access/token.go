package access

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

const (
	tokenPrefix  = "tm_" // lets secret scanners recognise a leaked token
	maxTokenLife = 366 * 24 * time.Hour
)

// CreateToken makes an API token and returns its secret, shown once. Scopes must be rights the role has; none means all.
func (s *Service) CreateToken(ctx context.Context, scope Scope, now time.Time, name string, scopes []string, life time.Duration) (secret string, t Token, err error) {
	if err := scope.Require(ManageTokens); err != nil {
		return "", Token{}, err
	}
	if scope.User() == "" {
		return "", Token{}, errs.New(errs.Invalid, "a token belongs to a person").WithHint("Say whose: --user EMAIL")
	}
	if err := validName(name, "name"); err != nil {
		return "", Token{}, err
	}
	if life <= 0 || life > maxTokenLife {
		return "", Token{}, errs.New(errs.Invalid, "a token lives between a moment and %d days", int(maxTokenLife.Hours()/24)).At("expires")
	}
	limits, err := parseActions(scope.Role(), scopes)
	if err != nil {
		return "", Token{}, err
	}
	secret = tokenPrefix + id.Secret(secretLength)
	t = Token{ID: id.New("tok", now), Org: scope.Org(), User: scope.User(), Name: strings.TrimSpace(name), Digest: digest(secret), Scopes: limits, Created: now, Expires: now.Add(life)}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Credentials.AddToken(ctx, t); err != nil {
			return err
		}
		_, err := s.Recorder.Append(ctx, scope, now, "token.created", t.ID, map[string]any{"name": t.Name, "scopes": scopes, "expires": t.Expires.UTC().Format(time.RFC3339)})
		return err
	})
	return secret, t, err
}

// AuthenticateToken turns an API token into a grant.
func (s *Service) AuthenticateToken(ctx context.Context, now time.Time, secret string) (Grant, error) {
	refused := errs.New(errs.Denied, "the API token is not valid").WithHint("Make a new one: tickmark token add")
	if !strings.HasPrefix(secret, tokenPrefix) {
		return Grant{}, refused
	}
	t, err := s.Credentials.TokenByDigest(ctx, digest(secret))
	if errs.Is(err, errs.NotFound) {
		return Grant{}, refused
	}
	if err != nil {
		return Grant{}, err
	}
	if t.Revoked != nil || now.After(t.Expires) {
		return Grant{}, refused
	}
	u, err := s.Store.UserByID(ctx, t.User)
	if err != nil {
		return Grant{}, err
	}
	if u.Disabled {
		return Grant{}, refused
	}
	limits := t.Scopes
	if len(limits) == 0 {
		limits = nil
	}
	g, err := s.grant(ctx, t.Org, u, limits)
	if err != nil {
		return Grant{}, err
	}
	if t.Used == nil || now.Sub(*t.Used) > touchEvery {
		err = s.Credentials.TouchToken(ctx, t.ID, now)
	}
	return g, err
}

// As is the scope of a member for an operator who acts on the person's behalf, such as making a first API token. The
// entry that follows names the person; this one names the operator.
func (s *Service) As(ctx context.Context, scope Scope, now time.Time, who string) (Scope, error) {
	if scope.Role() != operator {
		return Scope{}, errs.New(errs.Denied, "only the operator may act for somebody")
	}
	m, err := s.Member(ctx, scope.ReadScope, who)
	if err != nil {
		return Scope{}, err
	}
	g, err := s.grant(ctx, scope.Org(), m.User, nil)
	if err != nil {
		return Scope{}, err
	}
	if _, err := s.Recorder.Append(ctx, scope, now, "access.acted_for", string(m.ID), map[string]any{"email": m.Email}); err != nil {
		return Scope{}, err
	}
	return g.Write()
}

// Tokens lists the tokens of the scope's organisation: one's own, or all for those who manage users.
func (s *Service) Tokens(ctx context.Context, scope ReadScope) ([]Token, error) {
	all, err := s.Credentials.Tokens(ctx, scope.Org())
	if err != nil || scope.Can(ManageUsers) {
		return all, err
	}
	var own []Token
	for _, t := range all {
		if t.User == scope.User() {
			own = append(own, t)
		}
	}
	return own, nil
}

// RevokeToken ends a token at once.
func (s *Service) RevokeToken(ctx context.Context, scope Scope, now time.Time, tokenID string) error {
	visible, err := s.Tokens(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	for _, t := range visible {
		if t.ID != tokenID {
			continue
		}
		return s.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.Credentials.RevokeToken(ctx, scope.Org(), tokenID, now); err != nil {
				return err
			}
			_, err := s.Recorder.Append(ctx, scope, now, "token.revoked", tokenID, map[string]any{"name": t.Name})
			return err
		})
	}
	return errs.New(errs.NotFound, "no token %s", tokenID).WithHint("tickmark token list")
}
