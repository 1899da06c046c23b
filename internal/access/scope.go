// Package access knows organisations, people, what each role may do, and how somebody proves who they are. It is the only
// place that mints a Scope: every other package receives one and can neither make nor widen it.
package access

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// OrgID identifies an organisation, the boundary no record crosses.
type OrgID string

// UserID identifies a person's account.
type UserID string

// ReadScope is the right to read within one organisation. Auditors and readers hold nothing else, so that a store method
// that writes cannot even be called for them.
type ReadScope struct {
	org    OrgID
	user   UserID
	actor  string
	role   Role
	limits []Action // what an API token narrows the role to; nil means no narrowing
	from   string   // address the actor acts from; empty when there is none, or it is not known
}

// Scope is the right to read and write within one organisation, as far as the role allows.
type Scope struct{ ReadScope }

// Org is the organisation the scope is for.
func (s ReadScope) Org() OrgID { return s.org }

// User is whose rights these are; empty for the operator of the machine and for the program's own jobs.
func (s ReadScope) User() UserID { return s.user }

// Actor is who the audit trail names: a user identifier, "operator:NAME" or "system:JOB".
func (s ReadScope) Actor() string { return s.actor }

// From is the address the actor acts from, for the audit trail; empty on the machine itself.
func (s ReadScope) From() string { return s.from }

// Role is the role the scope was minted for.
func (s ReadScope) Role() Role { return s.role }

// Can reports whether the scope covers the action. The zero scope covers nothing.
func (s ReadScope) Can(a Action) bool {
	if s.org == "" || !s.role.May(a) {
		return false
	}
	if s.limits == nil {
		return true
	}
	for _, l := range s.limits {
		if l == a {
			return true
		}
	}
	return false
}

// Require returns a Denied error that names the action unless the scope covers it.
func (s ReadScope) Require(a Action) error {
	if s.Can(a) {
		return nil
	}
	if s.org == "" {
		return errs.New(errs.Denied, "not signed in").WithHint("Sign in and try again.")
	}
	return errs.New(errs.Denied, "the role %s may not %s", s.role.Title(), a.Phrase()).
		WithHint("Ask an owner of the organisation for the right, or for it to be done.")
}

// Recorder appends to the audit trail inside the caller's transaction. The ledger implements it.
type Recorder interface {
	// Append records what the scope's actor did. payload must marshal to canonical JSON; it may hold names and is
	// erasable, unlike kind and subject. It returns the entry's sequence number.
	Append(ctx context.Context, s Scope, at time.Time, kind, subject string, payload any) (int64, error)
}

// Grant is what a successful authentication yields: always the right to read, and the right to write if the role has it.
type Grant struct {
	Read    ReadScope
	write   *Scope
	Org     Org
	User    User
	Session string // handle of the session for CSRF tokens and sign-out; empty for API tokens
}

// Write returns the scope to write with, or a Denied error for roles that only read.
func (g Grant) Write() (Scope, error) {
	if g.write == nil {
		return Scope{}, errs.New(errs.Denied, "the role %s may only read", g.Read.role.Title())
	}
	return *g.write, nil
}

// At is the grant with the address its person acts from, which the trail keeps beside each entry.
func (g Grant) At(address string) Grant {
	g.Read.from = clip(address, maxFrom)
	if g.write != nil {
		g.write = &Scope{g.Read}
	}
	return g
}

// maxFrom is the length of the longest IPv6 address with a zone, in bytes.
const maxFrom = 64

func mint(org OrgID, user UserID, actor string, role Role, limits []Action) (ReadScope, *Scope) {
	r := ReadScope{org: org, user: user, actor: actor, role: role, limits: limits}
	if role.readOnly() {
		return r, nil
	}
	return r, &Scope{r}
}
