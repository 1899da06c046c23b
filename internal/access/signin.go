package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Sign-in limits. Attempts count per account and per address; both windows restart with the first attempt after they
// passed. Values follow the throttling advice of NIST SP 800-63B section 5.2.2 (at most 100) on the careful side.
const (
	attemptWindow   = 15 * time.Minute
	attemptsAccount = 10
	attemptsAddress = 60
	sessionIdle     = 12 * time.Hour
	sessionLife     = 7 * 24 * time.Hour
	touchEvery      = time.Minute // a session's last use is written at most this often
	secretLength    = 52          // characters of 5 bits: 260 bits
	totpStep        = 30          // seconds, RFC 6238
)

// Attempt is one try to sign in.
type Attempt struct {
	Email, Password, Code string
	OrgSlug               string // which organisation, for people who belong to several; empty for the first
	IP, Agent             string
	Steps                 bool // the code is asked for in a second step: see CodeNeeded
}

// errSignIn is the only answer to a failed sign-in: it does not tell which part was wrong.
func errSignIn() *errs.Error {
	return errs.New(errs.Denied, "email, password or code is wrong").WithHint("Check all three; after %d tries an account pauses for %d minutes.",
		attemptsAccount, int(attemptWindow.Minutes()))
}

// SignIn checks an attempt and opens a session. It returns the cookie's secret, shown to the browser once.
func (s *Service) SignIn(ctx context.Context, now time.Time, a Attempt) (secret string, g Grant, err error) {
	email := strings.ToLower(strings.TrimSpace(a.Email))
	if err := s.throttle(ctx, now, email, a.IP); err != nil {
		return "", Grant{}, err
	}
	u, err := s.Store.UserByEmail(ctx, email)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return "", Grant{}, err
	}
	known := err == nil
	hash := u.Hash
	if !known || hash == "" {
		hash = nobodyHash
	}
	good := checkPassword(hash, a.Password) && known && u.Hash != "" && !u.Disabled
	if good && u.HasTOTP() && a.Steps && a.Code == "" {
		t, err := s.issueTicket(now, u)
		if err != nil {
			return "", Grant{}, err
		}
		return "", Grant{}, &CodeNeeded{Ticket: t}
	}
	if good && u.HasTOTP() {
		good, err = s.acceptCode(ctx, now, u, a.Code)
		if err != nil {
			return "", Grant{}, err
		}
	}
	if !good {
		return "", Grant{}, s.refused(ctx, now, u, a)
	}
	return s.openSession(ctx, now, u, a)
}

func (s *Service) throttle(ctx context.Context, now time.Time, email, ip string) error {
	since := now.Add(-attemptWindow)
	for key, limit := range map[string]int{"account:" + email: attemptsAccount, "address:" + ip: attemptsAddress} {
		n, err := s.Credentials.Attempt(ctx, digest(key), now, since)
		if err != nil {
			return err
		}
		if n > limit {
			return errs.New(errs.Exhausted, "too many attempts to sign in").WithHint("Wait %d minutes and try again.", int(attemptWindow.Minutes()))
		}
	}
	return nil
}

// refused records a failed attempt in the trail of each organisation the account belongs to. Attempts on unknown accounts
// have no organisation to be told; the rate limit and the server log hold them.
func (s *Service) refused(ctx context.Context, now time.Time, u User, a Attempt) error {
	if u.ID != "" {
		orgs, err := s.Store.MemberOf(ctx, u.ID)
		if err != nil {
			return err
		}
		err = s.Tx.InTx(ctx, func(ctx context.Context) error {
			for _, org := range orgs {
				if _, err := s.Recorder.Append(ctx, s.System(org, "sign-in"), now, "access.signin_refused", string(u.ID),
					map[string]any{"email": u.Email, "ip": a.IP}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return errSignIn()
}

func (s *Service) openSession(ctx context.Context, now time.Time, u User, a Attempt) (string, Grant, error) {
	orgs, err := s.Store.MemberOf(ctx, u.ID)
	if err != nil {
		return "", Grant{}, err
	}
	if len(orgs) == 0 {
		return "", Grant{}, errs.New(errs.Denied, "this account belongs to no organisation any more").WithHint("Ask an owner to add it.")
	}
	org := orgs[0]
	if a.OrgSlug != "" {
		o, err := s.Store.OrgBySlug(ctx, a.OrgSlug)
		if err != nil {
			return "", Grant{}, errSignIn()
		}
		org = o.ID
	}
	o, err := s.Store.OrgByID(ctx, org)
	if err != nil {
		return "", Grant{}, err
	}
	secret := id.Secret(secretLength)
	sess := Session{Digest: digest(secret), User: u.ID, Org: org, Created: now, Seen: now, Expires: now.Add(o.Settings.life()), IP: a.IP, Agent: clip(a.Agent, 200)}
	var g Grant
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Credentials.AddSession(ctx, sess); err != nil {
			return err
		}
		if err := s.Credentials.ClearAttempts(ctx, digest("account:"+u.Email)); err != nil {
			return err
		}
		var err error
		if g, err = s.grant(ctx, org, u, nil); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, Scope{g.Read}, now, "access.signed_in", string(u.ID), map[string]any{"email": u.Email, "ip": a.IP, "second_factor": u.HasTOTP()})
		return err
	})
	if err != nil {
		return "", Grant{}, err
	}
	g.Session = sess.Digest
	return secret, g, nil
}

// grant mints the scope a user has in an organisation now: a role taken away stops the next request.
func (s *Service) grant(ctx context.Context, org OrgID, u User, limits []Action) (Grant, error) {
	role, err := s.roleOf(ctx, org, u.ID)
	if errs.Is(err, errs.NotFound) {
		return Grant{}, errs.New(errs.Denied, "no longer a member of this organisation")
	}
	if err != nil {
		return Grant{}, err
	}
	o, err := s.Store.OrgByID(ctx, org)
	if err != nil {
		return Grant{}, err
	}
	r, w := mint(org, u.ID, string(u.ID), role, limits)
	return Grant{Read: r, write: w, Org: o, User: u}, nil
}

// Authenticate turns a session cookie into a grant.
func (s *Service) Authenticate(ctx context.Context, now time.Time, secret string) (Grant, error) {
	if secret == "" {
		return Grant{}, errs.New(errs.Denied, "not signed in").WithHint("Sign in and try again.")
	}
	ended := errs.New(errs.Denied, "the session has ended").WithHint("Sign in and try again.")
	sess, err := s.Credentials.Session(ctx, digest(secret))
	if errs.Is(err, errs.NotFound) {
		return Grant{}, ended
	}
	if err != nil {
		return Grant{}, err
	}
	u, err := s.Store.UserByID(ctx, sess.User)
	if err != nil {
		return Grant{}, err
	}
	if u.Disabled {
		return Grant{}, errs.New(errs.Denied, "this account is blocked")
	}
	g, err := s.grant(ctx, sess.Org, u, nil)
	if err != nil {
		return Grant{}, err
	}
	if sess.over(now, g.Org.Settings.IdleAfter()) {
		return Grant{}, ended
	}
	g.Session = sess.Digest
	if now.Sub(sess.Seen) > touchEvery {
		err = s.Credentials.TouchSession(ctx, sess.Digest, now)
	}
	return g, err
}

// SignOut ends the session of a cookie. Ending one that has ended is no error.
func (s *Service) SignOut(ctx context.Context, now time.Time, secret string) error {
	g, err := s.Authenticate(ctx, now, secret)
	if errs.Is(err, errs.Denied) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Credentials.EndSession(ctx, digest(secret)); err != nil {
			return err
		}
		_, err := s.Recorder.Append(ctx, Scope{g.Read}, now, "access.signed_out", string(g.User.ID), map[string]any{})
		return err
	})
}

// CSRF is the token a form of this session must carry. It is bound to the session and reveals nothing about it.
func (g Grant) CSRF(key []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("csrf " + g.Session))
	return hex.EncodeToString(m.Sum(nil))
}

// EnrolTOTP starts enrolment: it returns a secret and the URL for an authenticator app. Nothing is kept until ConfirmTOTP.
func (s *Service) EnrolTOTP(org Org, u User) (secret, url string, err error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: "Tickmark " + org.Name, AccountName: u.Email})
	if err != nil {
		return "", "", err
	}
	return k.Secret(), k.URL(), nil
}

// ConfirmTOTP keeps the second factor once a code proves that the app has it.
func (s *Service) ConfirmTOTP(ctx context.Context, scope Scope, now time.Time, user UserID, secret, code string) error {
	if scope.User() != user {
		return errs.New(errs.Denied, "people enrol their own second factor")
	}
	step, ok := matchCode(secret, code, now)
	if !ok {
		return errs.New(errs.Invalid, "the code does not match").At("code").WithHint("Check the clock of the device with the app.")
	}
	sealed, err := s.Sealer.Seal([]byte(secret), "totp "+string(user))
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.memberOf(ctx, scope.ReadScope, user)
		if err != nil {
			return err
		}
		u.TOTP, u.TOTPUsed = sealed, step
		if err := s.Store.UpdateUser(ctx, u); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, scope, now, "access.second_factor_set", string(user), map[string]any{})
		return err
	})
}

// acceptCode checks a code and uses it up.
func (s *Service) acceptCode(ctx context.Context, now time.Time, u User, code string) (bool, error) {
	secret, err := s.Sealer.Open(u.TOTP, "totp "+string(u.ID))
	if err != nil {
		return false, errs.Wrap(err, "second factor of %s", u.Email)
	}
	step, ok := matchCode(string(secret), code, now)
	if !ok {
		return false, nil
	}
	return s.Store.UseTOTP(ctx, u.ID, step)
}

// matchCode finds the time step, this one or a neighbour, whose code was given.
func matchCode(secret, code string, now time.Time) (int64, bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for _, d := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(d*totpStep) * time.Second)
		ok, err := totp.ValidateCustom(code, secret, at, totp.ValidateOpts{Period: totpStep, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok {
			return at.Unix() / totpStep, true
		}
	}
	return 0, false
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
