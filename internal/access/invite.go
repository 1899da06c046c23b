package access

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// How long links to set a password are good: a first one waits for somebody to read their mail, a later one is asked for.
const (
	inviteLife       = 7 * 24 * time.Hour
	passwordLinkLife = 24 * time.Hour
	attemptsInvite   = 60 // from one address, per attemptWindow
)

// Invitation is a link with which somebody sets a password. It works once.
type Invitation struct {
	Digest  string // of the code in the link
	Org     OrgID
	User    UserID
	By      string // actor
	Created time.Time
	Expires time.Time
	Used    *time.Time
}

// open reports whether the link still works.
func (i Invitation) open(now time.Time) bool { return i.Used == nil && now.Before(i.Expires) }

// InviteStore keeps the links among the credentials.
type InviteStore interface {
	AddInvite(ctx context.Context, i Invitation) error
	InviteByDigest(ctx context.Context, digest string) (Invitation, error)
	InvitesOf(ctx context.Context, org OrgID, user UserID) ([]Invitation, error)
	// UseInvites marks every open link of an account as used and reports how many there were, so that two requests with one
	// code cannot both win.
	UseInvites(ctx context.Context, user UserID, at time.Time) (int, error)
}

// Invite gives somebody a role and makes the link with which a new account sets its password. The code is empty for an
// account that has a password already: that person signs in as always.
func (s *Service) Invite(ctx context.Context, scope Scope, now time.Time, n NewUser) (u User, code string, err error) {
	if err := scope.Require(ManageUsers); err != nil {
		return User{}, "", err
	}
	n.Password = ""
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if u, err = s.addUser(ctx, scope, now, n); err != nil || u.Hash != "" {
			return err
		}
		code, err = s.link(ctx, scope, now, u, "access.invited", inviteLife)
		return err
	})
	return u, code, err
}

// PasswordLink makes a link with which a member sets a new password, in place of any link there is.
func (s *Service) PasswordLink(ctx context.Context, scope Scope, now time.Time, user UserID) (code string, err error) {
	u, err := s.manage(ctx, scope, user)
	if err != nil {
		return "", err
	}
	if u.Disabled {
		return "", errs.New(errs.Conflict, "the account is blocked").WithHint("Unblock it first.")
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Credentials.UseInvites(ctx, user, now); err != nil {
			return err
		}
		kind, life := "access.password_link", passwordLinkLife
		if u.Hash == "" {
			kind, life = "access.invited", inviteLife
		}
		var err error
		code, err = s.link(ctx, scope, now, u, kind, life)
		return err
	})
	return code, err
}

func (s *Service) link(ctx context.Context, scope Scope, now time.Time, u User, kind string, life time.Duration) (string, error) {
	code := id.Secret(secretLength)
	i := Invitation{Digest: digest(code), Org: scope.Org(), User: u.ID, By: scope.Actor(), Created: now, Expires: now.Add(life)}
	if err := s.Credentials.AddInvite(ctx, i); err != nil {
		return "", err
	}
	_, err := s.Recorder.Append(ctx, scope, now, kind, string(u.ID), map[string]any{"email": u.Email, "expires": i.Expires.UTC().Format(time.RFC3339)})
	return code, err
}

// OpenInvitation is the link of a member that still works; nil when there is none.
func (s *Service) OpenInvitation(ctx context.Context, scope ReadScope, now time.Time, user UserID) (*Invitation, error) {
	if err := scope.Require(ManageUsers); err != nil {
		return nil, err
	}
	all, err := s.Credentials.InvitesOf(ctx, scope.Org(), user)
	for _, i := range all {
		if i.open(now) {
			return &i, err
		}
	}
	return nil, err
}

// errLink is the only answer to a link that does not work.
func errLink() error {
	return errs.New(errs.Denied, "this link does not work, or not any more").WithHint("Ask an owner of the organisation for a new one.")
}

// Invited tells whom a link is for, before a password is asked for.
func (s *Service) Invited(ctx context.Context, now time.Time, code, ip string) (Org, User, error) {
	n, err := s.Credentials.Attempt(ctx, digest("link:"+ip), now, now.Add(-attemptWindow))
	if err != nil {
		return Org{}, User{}, err
	}
	if n > attemptsInvite {
		return Org{}, User{}, errs.New(errs.Exhausted, "too many links were tried").WithHint("Wait %d minutes and try again.", int(attemptWindow.Minutes()))
	}
	g, err := s.invited(ctx, now, code)
	return g.Org, g.User, err
}

func (s *Service) invited(ctx context.Context, now time.Time, code string) (Grant, error) {
	i, err := s.Credentials.InviteByDigest(ctx, digest(code))
	if errs.Is(err, errs.NotFound) || err == nil && !i.open(now) {
		return Grant{}, errLink()
	}
	if err != nil {
		return Grant{}, err
	}
	u, err := s.Store.UserByID(ctx, i.User)
	if err != nil {
		return Grant{}, err
	}
	g, err := s.grant(ctx, i.Org, u, nil)
	if errs.Is(err, errs.Denied) || u.Disabled {
		return Grant{}, errLink()
	}
	return g, err
}

// AcceptInvitation sets the password of the account a link was made for, uses the link up and ends the account's sessions.
// The second factor stays as it is.
func (s *Service) AcceptInvitation(ctx context.Context, now time.Time, code, password, ip string) (User, error) {
	if _, _, err := s.Invited(ctx, now, code, ip); err != nil {
		return User{}, err
	}
	if err := validPassword(password); err != nil {
		return User{}, err
	}
	hash := hashPassword(password)
	var u User
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		g, err := s.invited(ctx, now, code)
		if err != nil {
			return err
		}
		u = g.User
		n, err := s.Credentials.UseInvites(ctx, u.ID, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return errLink()
		}
		u.Hash = hash
		if err := s.Store.UpdateUser(ctx, u); err != nil {
			return err
		}
		if err := s.Credentials.EndSessions(ctx, u.ID); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, Scope{g.Read}, now, "access.password_set", string(u.ID), map[string]any{"ip": ip, "by": "link"})
		return err
	})
	return u, err
}
