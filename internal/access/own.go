package access

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// ChangeOwnPassword replaces the password of the person of a grant, who proves to know the old one and, if there is a second
// factor, to hold it. The other sessions of the account end; this one stays.
func (s *Service) ChangeOwnPassword(ctx context.Context, g Grant, now time.Time, old, password, code, ip string) error {
	u, err := s.prove(ctx, g, now, old, code, ip)
	if err != nil {
		return err
	}
	if err := validPassword(password); err != nil {
		return err
	}
	if password == old {
		return errs.New(errs.Invalid, "the new password is the old one").At("password").WithHint("Choose another.")
	}
	hash := hashPassword(password)
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if u, err = s.Store.UserByID(ctx, u.ID); err != nil {
			return err
		}
		u.Hash = hash
		if err := s.Store.UpdateUser(ctx, u); err != nil {
			return err
		}
		n, err := s.endOthers(ctx, g)
		if err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, Scope{g.Read}, now, "access.password_set", string(u.ID), map[string]any{"ip": ip, "by": "person", "sessions": n})
		return err
	})
}

// ReplaceOwnTOTP is ConfirmOwnTOTP for somebody who has a second factor already: the old password and a code of the app in
// use are asked for, so that an unattended browser is not enough to take an account over.
func (s *Service) ReplaceOwnTOTP(ctx context.Context, g Grant, now time.Time, secret, code, password, current, ip string) error {
	if _, ok := matchCode(secret, code, now); !ok {
		return errs.New(errs.Invalid, "the code does not match").At("code").WithHint("Check the clock of the device with the app.")
	}
	if _, err := s.prove(ctx, g, now, password, current, ip); err != nil {
		return err
	}
	return s.ConfirmOwnTOTP(ctx, g, now, secret, code)
}

// prove checks that whoever uses a session is its person: errors are at the fields "old" and "current". Attempts count like
// those to sign in.
func (s *Service) prove(ctx context.Context, g Grant, now time.Time, password, code, ip string) (User, error) {
	u, err := s.Store.UserByID(ctx, g.User.ID)
	if err != nil {
		return User{}, err
	}
	if err := s.throttle(ctx, now, u.Email, ip); err != nil {
		return User{}, err
	}
	if !checkPassword(u.Hash, password) {
		return User{}, errs.New(errs.Invalid, "this is not your password").At("old")
	}
	if u.HasTOTP() {
		good, err := s.acceptCode(ctx, now, u, code)
		if err != nil {
			return User{}, err
		}
		if !good {
			return User{}, errs.New(errs.Invalid, "the code does not match, or was used already").At("current").WithHint("Wait for the next one.")
		}
	}
	return u, s.Credentials.ClearAttempts(ctx, digest("account:"+u.Email))
}

// endOthers ends the sessions of a person but the one of the grant.
func (s *Service) endOthers(ctx context.Context, g Grant) (n int, err error) {
	all, err := s.Credentials.SessionsOf(ctx, g.User.ID)
	if err != nil {
		return 0, err
	}
	for _, x := range all {
		if x.Digest == g.Session {
			continue
		}
		if err := s.Credentials.EndSession(ctx, x.Digest); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
