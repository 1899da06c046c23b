package access

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// What people do with their own account needs no right of a role: those who only read have sessions and a second factor too.

// Memberships lists the organisations the person of a grant belongs to, and the clients whose auditor they are.
func (s *Service) Memberships(ctx context.Context, g Grant) ([]Org, error) {
	ids, err := s.Store.MemberOf(ctx, g.User.ID)
	if err != nil {
		return nil, err
	}
	clients, err := s.visits(ctx, g.User.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range clients {
		if !slices.Contains(ids, c) {
			ids = append(ids, c)
		}
	}
	if len(ids) == 1 && ids[0] == g.Org.ID { // nearly everybody
		return []Org{g.Org}, nil
	}
	out := make([]Org, 0, len(ids))
	for _, id := range ids {
		o, err := s.Store.OrgByID(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// OwnSessions lists the sessions of the person of a grant that are still good, last used first.
func (s *Service) OwnSessions(ctx context.Context, g Grant, now time.Time) ([]Session, error) {
	all, err := s.Credentials.SessionsOf(ctx, g.User.ID)
	if err != nil {
		return nil, err
	}
	var out []Session
	for _, x := range all {
		idle := sessionIdle
		if x.Org == g.Org.ID {
			idle = g.Org.Settings.IdleAfter()
		}
		if !x.over(now, idle) {
			out = append(out, x)
		}
	}
	return out, nil
}

// over reports whether a session has ended by age or disuse.
func (x Session) over(now time.Time, idle time.Duration) bool {
	return now.After(x.Expires) || now.After(x.Seen.Add(idle))
}

// EndOwnSession ends one session of the person of a grant, named by its digest.
func (s *Service) EndOwnSession(ctx context.Context, g Grant, now time.Time, digest string) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		x, err := s.Credentials.Session(ctx, digest)
		if err != nil || x.User != g.User.ID {
			return errs.New(errs.NotFound, "the session has ended already")
		}
		if err := s.Credentials.EndSession(ctx, digest); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, Scope{g.Read}, now, "access.session_ended", string(g.User.ID), map[string]any{"ip": x.IP})
		return err
	})
}

// ConfirmOwnTOTP is ConfirmTOTP for the person of a grant, whatever the role.
func (s *Service) ConfirmOwnTOTP(ctx context.Context, g Grant, now time.Time, secret, code string) error {
	return s.ConfirmTOTP(ctx, Scope{g.Read}, now, g.User.ID, secret, code)
}

// SwitchOrg ends the session of a cookie and opens one in another organisation the person belongs to.
func (s *Service) SwitchOrg(ctx context.Context, g Grant, now time.Time, old string, a Attempt) (secret string, _ Grant, err error) {
	o, err := s.Store.OrgBySlug(ctx, a.OrgSlug)
	if err == nil {
		_, err = s.roleOf(ctx, o.ID, g.User.ID)
	}
	if errs.Is(err, errs.NotFound) {
		return "", Grant{}, errs.New(errs.NotFound, "no organisation %q that you belong to", clip(a.OrgSlug, 60))
	}
	if err != nil {
		return "", Grant{}, err
	}
	if secret, g, err = s.openSession(ctx, now, g.User, a); err != nil {
		return "", Grant{}, err
	}
	return secret, g, s.SignOut(ctx, now, old)
}

// CodeNeeded is the error of an attempt in steps whose password is right and whose account asks for a code besides.
type CodeNeeded struct{ Ticket string }

func (*CodeNeeded) Error() string { return "the code of the second factor is needed" }

// Unwrap makes it a Denied error: nobody is signed in yet.
func (*CodeNeeded) Unwrap() error {
	return errs.New(errs.Denied, "the code of the second factor is needed")
}

// ticketLife is how long the second step may take.
const ticketLife = 5 * time.Minute

// ticket is what a first step leaves for the second. It is sealed, ends soon, and dies with the password it was made for.
type ticket struct {
	User   UserID `json:"user"`
	Issued int64  `json:"issued"` // seconds
	Hash   string `json:"hash"`   // digest of the account's password hash
}

const ticketContext = "sign-in ticket"

func (s *Service) issueTicket(now time.Time, u User) (string, error) {
	raw, err := json.Marshal(ticket{u.ID, now.Unix(), digest(u.Hash)})
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(raw, ticketContext)
}

// redeem finds the account a ticket was made for; ok is false for one that is forged, old, or of another password.
func (s *Service) redeem(ctx context.Context, now time.Time, text string) (u User, ok bool, err error) {
	raw, err := s.Sealer.Open(text, ticketContext)
	if err != nil {
		return User{}, false, nil //nolint:nilerr // not ours: the attempt fails like any other
	}
	var t ticket
	if err := json.Unmarshal(raw, &t); err != nil || now.Before(time.Unix(t.Issued, 0)) || now.Sub(time.Unix(t.Issued, 0)) > ticketLife {
		return User{}, false, nil //nolint:nilerr // as above
	}
	u, err = s.Store.UserByID(ctx, t.User)
	if errs.Is(err, errs.NotFound) {
		return User{}, false, nil
	}
	return u, err == nil && u.Hash != "" && digest(u.Hash) == t.Hash && !u.Disabled, err
}

// SecondStep finishes an attempt that was answered with CodeNeeded: a.Code and the ticket take the place of email and
// password.
func (s *Service) SecondStep(ctx context.Context, now time.Time, ticket string, a Attempt) (secret string, g Grant, err error) {
	u, ok, err := s.redeem(ctx, now, ticket)
	if err != nil {
		return "", Grant{}, err
	}
	if !ok {
		return "", Grant{}, errs.New(errs.Denied, "the sign-in took too long").WithHint("Begin again with email and password.")
	}
	if err := s.throttle(ctx, now, u.Email, a.IP); err != nil {
		return "", Grant{}, err
	}
	if !u.HasTOTP() {
		return s.openSession(ctx, now, u, a)
	}
	good, err := s.acceptCode(ctx, now, u, a.Code)
	if err != nil {
		return "", Grant{}, err
	}
	if !good {
		return "", Grant{}, s.refused(ctx, now, u, a)
	}
	return s.openSession(ctx, now, u, a)
}
