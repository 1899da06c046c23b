package access

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// ProveSigner checks that whoever signs is the person of the scope: the name is typed as the account has it, and a code of the
// second factor is used up. Errors are at the fields "name" and "code". Attempts count like those to sign in.
func (s *Service) ProveSigner(ctx context.Context, scope ReadScope, now time.Time, name, code string) (User, error) {
	if scope.User() == "" {
		return User{}, errs.New(errs.Denied, "only a person signs").WithHint("Sign in to the pages with the account of whoever signs.")
	}
	u, err := s.Store.UserByID(ctx, scope.User())
	if err != nil {
		return u, err
	}
	if !u.HasTOTP() {
		return u, errs.New(errs.Invalid, "your account has no second factor, without which nobody can sign").At("code").WithHint("Set it up under Account, then sign here.")
	}
	if !strings.EqualFold(strings.Join(strings.Fields(name), " "), strings.Join(strings.Fields(u.Name), " ")) {
		return u, errs.New(errs.Invalid, "type your name as your account has it: %s", u.Name).At("name")
	}
	if err := s.throttle(ctx, now, u.Email, scope.From()); err != nil {
		return u, err
	}
	good, err := s.acceptCode(ctx, now, u, code)
	if err != nil {
		return u, err
	}
	if !good {
		return u, errs.New(errs.Invalid, "the code does not match, or was used already").At("code").WithHint("Wait for the next one.")
	}
	return u, s.Credentials.ClearAttempts(ctx, digest("account:"+u.Email))
}
