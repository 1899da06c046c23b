package access

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// What owners do with the accounts of others. Three rules hold for all of it: an organisation keeps an owner who can sign
// in; nobody gives or takes more rights than their own; and an account that belongs to another organisation too is not this
// one's to change, only its membership here is.

// above reports whether a role stands above another in Roles.
func (r Role) above(other Role) bool {
	if r == operator || other == operator {
		return r == operator && other != operator
	}
	ranks := slices.Concat(Roles(), FirmRoles())
	return slices.Index(ranks, r) < slices.Index(ranks, other)
}

// SetRole changes what a member may do; an empty role ends the membership. The last owner cannot be taken away.
func (s *Service) SetRole(ctx context.Context, scope Scope, now time.Time, user UserID, role Role) error {
	return s.ChangeRole(ctx, scope, now, user, "", role)
}

// ChangeRole is SetRole for somebody who has seen the role that it replaces: when it is another one by now, it is a Conflict.
// An empty from is whatever the role is. Ending a membership ends its sessions and revokes its API tokens.
func (s *Service) ChangeRole(ctx context.Context, scope Scope, now time.Time, user UserID, from, to Role) error {
	if err := scope.Require(ManageUsers); err != nil {
		return err
	}
	if to != "" {
		o, err := s.Store.OrgByID(ctx, scope.Org())
		if err != nil {
			return err
		}
		if err := o.Kind.check(to); err != nil {
			return err
		}
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.Store.Role(ctx, scope.Org(), user)
		if err != nil {
			return err
		}
		switch {
		case from != "" && from != old:
			return errs.New(errs.Conflict, "the role was changed to %s meanwhile", old.Title()).At("role")
		case old == to:
			return nil
		case user == scope.User():
			return errs.New(errs.Conflict, "your own role is changed by another owner").At("role").WithHint("Ask one, or make somebody an owner first.")
		case to.above(scope.Role()) && to != "", old.above(scope.Role()):
			return errs.New(errs.Denied, "the role %s may not change the role %s", scope.Role().Title(), old.Title())
		}
		if old.leads() {
			if err := s.keepsOwner(ctx, scope.Org(), user); err != nil {
				return err
			}
		}
		if err := s.Store.SetRole(ctx, scope.Org(), user, to, now); err != nil {
			return err
		}
		kind, said := "access.granted", map[string]any{"from": string(old), "to": string(to)}
		if to == "" {
			kind = "access.revoked"
			n, err := s.leave(ctx, scope.Org(), user, now)
			if err != nil {
				return err
			}
			said["tokens"] = n
		}
		_, err = s.Recorder.Append(ctx, scope, now, kind, string(user), said)
		return err
	})
}

// leave ends the sessions a person has in an organisation and revokes the person's API tokens there. It returns how many
// tokens there were.
func (s *Service) leave(ctx context.Context, org OrgID, user UserID, now time.Time) (tokens int, err error) {
	if _, err := s.endSessions(ctx, org, user); err != nil {
		return 0, err
	}
	all, err := s.Credentials.Tokens(ctx, org)
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if t.User != user || t.Revoked != nil {
			continue
		}
		if err := s.Credentials.RevokeToken(ctx, org, t.ID, now); err != nil {
			return tokens, err
		}
		tokens++
	}
	return tokens, nil
}

// keepsOwner is a Conflict when an organisation would have no owner who can sign in without the person.
func (s *Service) keepsOwner(ctx context.Context, org OrgID, without UserID) error {
	members, err := s.Store.Members(ctx, org)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Role.leads() && !m.Disabled && m.ID != without {
			return nil
		}
	}
	return errs.New(errs.Conflict, "this is the last owner of the organisation").At("role").WithHint("Make somebody else an owner first.")
}

// manage reads the account of another member that the scope may change.
func (s *Service) manage(ctx context.Context, scope Scope, user UserID) (User, error) {
	if err := scope.Require(ManageUsers); err != nil {
		return User{}, err
	}
	u, err := s.memberOf(ctx, scope.ReadScope, user)
	if err != nil {
		return User{}, err
	}
	if user == scope.User() {
		return User{}, errs.New(errs.Conflict, "this is your own account").WithHint("You change it on your account page; what is left is done by another owner.")
	}
	if scope.Role() == operator {
		return u, nil
	}
	orgs, err := s.Store.MemberOf(ctx, user)
	if err != nil {
		return User{}, err
	}
	if len(orgs) > 1 {
		return User{}, errs.New(errs.Conflict, "the account belongs to another organisation too").WithHint("Here you can change its role or end its membership; the account itself is its person's.")
	}
	return u, nil
}

// SetDisabled blocks or unblocks an account and ends its sessions. The last owner of an organisation cannot be blocked.
func (s *Service) SetDisabled(ctx context.Context, scope Scope, now time.Time, user UserID, disabled bool) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.manage(ctx, scope, user)
		if err != nil || u.Disabled == disabled {
			return err
		}
		if disabled {
			if err := s.staysOwned(ctx, user); err != nil {
				return err
			}
		}
		u.Disabled = disabled
		if err := s.Store.UpdateUser(ctx, u); err != nil {
			return err
		}
		if err := s.Credentials.EndSessions(ctx, user); err != nil {
			return err
		}
		kind := "access.enabled"
		if disabled {
			kind = "access.disabled"
		}
		_, err = s.Recorder.Append(ctx, scope, now, kind, string(user), map[string]any{"email": u.Email})
		return err
	})
}

// staysOwned is a Conflict when an organisation the person owns would have no other owner who can sign in.
func (s *Service) staysOwned(ctx context.Context, user UserID) error {
	orgs, err := s.Store.MemberOf(ctx, user)
	if err != nil {
		return err
	}
	for _, org := range orgs {
		role, err := s.Store.Role(ctx, org, user)
		if err != nil {
			return err
		}
		if !role.leads() {
			continue
		}
		if err := s.keepsOwner(ctx, org, user); err != nil {
			return err
		}
	}
	return nil
}

// ResetTOTP takes the second factor of a member away, for somebody who has lost it, and ends the account's sessions.
func (s *Service) ResetTOTP(ctx context.Context, scope Scope, now time.Time, user UserID) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.manage(ctx, scope, user)
		if err != nil {
			return err
		}
		if !u.HasTOTP() {
			return errs.New(errs.Conflict, "the account has no second factor")
		}
		u.TOTP = ""
		if err := s.Store.UpdateUser(ctx, u); err != nil {
			return err
		}
		if err := s.Credentials.EndSessions(ctx, user); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, scope, now, "access.second_factor_reset", string(user), map[string]any{"email": u.Email})
		return err
	})
}

// SessionsOf lists the sessions of a member in the scope's organisation that are still good, last used first.
func (s *Service) SessionsOf(ctx context.Context, scope ReadScope, now time.Time, user UserID) ([]Session, error) {
	if err := scope.Require(ManageUsers); err != nil {
		return nil, err
	}
	o, err := s.Store.OrgByID(ctx, scope.Org())
	if err != nil {
		return nil, err
	}
	all, err := s.Credentials.SessionsOf(ctx, user)
	return slices.DeleteFunc(all, func(x Session) bool { return x.Org != o.ID || x.over(now, o.Settings.IdleAfter()) }), err
}

// SignOutEverywhere ends the sessions that a member has in the scope's organisation and returns how many there were.
func (s *Service) SignOutEverywhere(ctx context.Context, scope Scope, now time.Time, user UserID) (n int, err error) {
	if err := scope.Require(ManageUsers); err != nil {
		return 0, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.memberOf(ctx, scope.ReadScope, user); err != nil {
			return err
		}
		if n, err = s.endSessions(ctx, scope.Org(), user); err != nil || n == 0 {
			return err
		}
		_, err = s.Recorder.Append(ctx, scope, now, "access.sessions_ended", string(user), map[string]any{"sessions": n})
		return err
	})
	return n, err
}

// endSessions ends the sessions an account has in one organisation.
func (s *Service) endSessions(ctx context.Context, org OrgID, user UserID) (n int, err error) {
	all, err := s.Credentials.SessionsOf(ctx, user)
	if err != nil {
		return 0, err
	}
	for _, x := range all {
		if x.Org != org {
			continue
		}
		if err := s.Credentials.EndSession(ctx, x.Digest); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
