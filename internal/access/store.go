package access

import (
	"context"
	"time"
)

// OrgKind is what an organisation is to an examination.
type OrgKind string

// The kinds. A service organisation is examined; a firm examines. No organisation is both: the auditor is independent.
const (
	ServiceOrg OrgKind = "service"
	Firm       OrgKind = "firm"
)

func (k OrgKind) phrase() string {
	if k == Firm {
		return "an audit firm"
	}
	return "a service organisation"
}

// Org is an organisation: a service organisation, or an audit firm.
type Org struct {
	Kind      OrgKind
	ID        OrgID
	Slug      string // short name in paths and commands: lower case letters, digits and hyphens
	Name      string
	Simulated bool // true for an organisation whose records come from the simulated company; shown on every page
	Created   time.Time
	Settings  Settings
}

// User is a person's account. The same person may belong to several organisations.
type User struct {
	ID       UserID
	Email    string // lower case
	Name     string
	Hash     string // PHC string of the password; empty until one is set
	TOTP     string // sealed TOTP secret; empty if no second factor is enrolled
	TOTPUsed int64  // last time step accepted, so that no code works twice
	Disabled bool
	Created  time.Time
}

// HasTOTP reports whether the account asks for a second factor.
func (u User) HasTOTP() bool { return u.TOTP != "" }

// Member is a user with the role held in an organisation.
type Member struct {
	User
	Role   Role
	Joined time.Time
}

// Session is a signed-in browser.
type Session struct {
	Digest  string // of the cookie; the cookie itself is never stored
	User    UserID
	Org     OrgID
	Created time.Time
	Seen    time.Time
	Expires time.Time
	IP      string
	Agent   string
}

// Token is an API token of a user in an organisation.
type Token struct {
	ID      string
	Org     OrgID
	User    UserID
	Name    string
	Digest  string
	Scopes  []Action
	Created time.Time
	Expires time.Time
	Used    *time.Time
	Revoked *time.Time
}

// Store keeps accounts. Laws: an email or slug in use is a Conflict; an unknown one is NotFound; a member's role exists at
// most once per organisation. Its methods take no Scope because the scope is minted from what they return; no other
// package may hold a Store of access.
type Store interface {
	OrgStore
	AddUser(ctx context.Context, u User) error
	UserByID(ctx context.Context, id UserID) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)
	UpdateUser(ctx context.Context, u User) error
	// UseTOTP marks a time step as used and reports whether it was new; two requests with one code cannot both win.
	UseTOTP(ctx context.Context, id UserID, step int64) (bool, error)
	Members(ctx context.Context, org OrgID) ([]Member, error)
	MemberOf(ctx context.Context, user UserID) ([]OrgID, error)
	Role(ctx context.Context, org OrgID, user UserID) (Role, error)
	// SetRole gives the role, or takes the membership away when role is empty.
	SetRole(ctx context.Context, org OrgID, user UserID, role Role, at time.Time) error
}

// OrgStore keeps the organisations.
type OrgStore interface {
	AddOrg(ctx context.Context, o Org) error
	// SaveOrg keeps the name and the settings. When their version is not the one that follows the kept one it is a Conflict.
	SaveOrg(ctx context.Context, o Org) error
	OrgByID(ctx context.Context, id OrgID) (Org, error)
	OrgBySlug(ctx context.Context, slug string) (Org, error)
	Orgs(ctx context.Context) ([]Org, error)
}

// Credentials keeps what proves an identity. Laws: ending a session or revoking a token takes effect at the next request;
// Attempt is atomic across processes.
type Credentials interface {
	SessionStore
	InviteStore
	AddToken(ctx context.Context, t Token) error
	TokenByDigest(ctx context.Context, digest string) (Token, error)
	Tokens(ctx context.Context, org OrgID) ([]Token, error)
	TouchToken(ctx context.Context, id string, used time.Time) error
	RevokeToken(ctx context.Context, org OrgID, id string, at time.Time) error
	// Attempt counts one more sign-in attempt under the key and returns how many there were since the time.
	Attempt(ctx context.Context, key string, at, since time.Time) (int, error)
	ClearAttempts(ctx context.Context, key string) error
}

// SessionStore keeps the sessions among the credentials.
type SessionStore interface {
	AddSession(ctx context.Context, s Session) error
	Session(ctx context.Context, digest string) (Session, error)
	// SessionsOf lists the sessions of an account, last used first, ended ones perhaps among them.
	SessionsOf(ctx context.Context, user UserID) ([]Session, error)
	TouchSession(ctx context.Context, digest string, seen time.Time) error
	EndSession(ctx context.Context, digest string) error
	EndSessions(ctx context.Context, user UserID) error
}

// Tx runs a function in one transaction of the records database.
type Tx interface {
	InTx(ctx context.Context, f func(ctx context.Context) error) error
}

// Sealer encrypts small secrets with a key outside the database.
type Sealer interface {
	Seal(plain []byte, context string) (string, error)
	Open(sealed, context string) ([]byte, error)
}
