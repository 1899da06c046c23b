package access

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Limits of trying the code that opens the first run, by address.
const (
	maxSetupTries   = 10
	setupTriesSince = 15 * time.Minute
)

// CheckFirst says everything that is wrong with a first organisation and its owner, before anything is made.
func CheckFirst(o NewOrg, first NewUser) []error {
	var out []error
	add := func(err error) {
		if err != nil {
			out = append(out, err)
		}
	}
	if !slugForm.MatchString(strings.TrimSpace(o.Slug)) {
		add(errs.New(errs.Invalid, "%q cannot be a short name: use 1 to 40 lower case letters, digits and hyphens", clip(o.Slug, 60)).At("slug"))
	}
	add(validName(o.Name, "organisation"))
	add(validName(first.Name, "name"))
	_, err := validEmail(clip(first.Email, 300))
	add(err)
	add(validPassword(first.Password))
	return out
}

// CheckSetupCode compares a code with the one that whoever holds the machine was given, and bounds how often an address
// may try.
func (s *Service) CheckSetupCode(ctx context.Context, now time.Time, want, given, ip string) error {
	n, err := s.Credentials.Attempt(ctx, digest("setup:"+ip), now, now.Add(-setupTriesSince))
	if err != nil {
		return err
	}
	if n > maxSetupTries {
		return errs.New(errs.Exhausted, "too many attempts").At("code").WithHint("Wait 15 minutes and try again.")
	}
	fold := func(c string) string {
		return digest(strings.ToUpper(strings.Map(func(r rune) rune {
			if r == '-' || r == ' ' || r == '\t' {
				return -1
			}
			return r
		}, c)))
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(fold(want)), []byte(fold(given))) != 1 {
		return errs.New(errs.Invalid, "this is not the code of this installation").At("code").WithHint("It stands on the terminal, or in the log, of whoever started the program.")
	}
	return s.Credentials.ClearAttempts(ctx, digest("setup:"+ip))
}

// First is the first organisation of an installation with its owner, whose second factor is proven.
type First struct {
	Org          NewOrg
	Owner        NewUser
	Secret, Code string // of the second factor
	IP, Agent    string
}

// Found makes the first organisation with its owner, sets the owner's second factor, does more in the operator's scope,
// and signs the owner in; all of it or nothing. It is refused once there is an organisation.
func (s *Service) Found(ctx context.Context, now time.Time, f First, more func(ctx context.Context, scope Scope) error) (secret string, g Grant, err error) {
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Orgs(ctx)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			return errs.New(errs.Conflict, "this installation has an organisation already").WithHint("Sign in, or ask its owner for an account.")
		}
		org, u, err := s.CreateOrg(ctx, now, "first run", f.Org, f.Owner)
		if err != nil {
			return err
		}
		owner, err := s.grant(ctx, org.ID, u, nil)
		if err != nil {
			return err
		}
		if err := s.ConfirmTOTP(ctx, Scope{owner.Read}, now, u.ID, f.Secret, f.Code); err != nil {
			return err
		}
		if err := more(ctx, s.operatorScope(org.ID, "first run")); err != nil {
			return err
		}
		if u, err = s.Store.UserByID(ctx, u.ID); err != nil {
			return err
		}
		secret, g, err = s.openSession(ctx, now, u, Attempt{IP: f.IP, Agent: f.Agent})
		return err
	})
	if err != nil {
		return "", Grant{}, err
	}
	return secret, g, nil
}
