package control

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Filter narrows a list of controls. Zero values do not narrow.
type Filter struct {
	Framework string // with Requirement: controls whose current version serves it
	ID        string
	Prefix    string // domain: "IAM"
	Owner     access.UserID
	Status    Status // of the current version
	Pending   bool   // only those with a draft that waits for approval
	Unowned   bool   // only those nobody is assigned to
}

// Store keeps controls. Laws: a reference is unique in an organisation; versions are only added, numbered without gaps, and
// AddVersion, Approve and Withdraw do nothing but report a Conflict when the newest version is not the one the caller named;
// the only thing that ever changes in a version is that a draft becomes approved or withdrawn; who owned a control is kept like versions are.
type Store interface {
	// Add inserts a control with its first version.
	Add(ctx context.Context, s access.Scope, c Control) error
	// AddVersion inserts the version after base.
	AddVersion(ctx context.Context, s access.Scope, id ControlID, base int, v Version) error
	// Approve puts the draft with the number in force.
	Approve(ctx context.Context, s access.Scope, id ControlID, number int, by string, at time.Time) error
	// Withdraw takes the draft with the number back.
	Withdraw(ctx context.Context, s access.Scope, id ControlID, number int, by string, at time.Time) error
	Assign(ctx context.Context, s access.Scope, id ControlID, a Assignment) error
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (Control, error)
	Controls(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Control], error)
	// Refs lists every reference in use, retired ones too.
	Refs(ctx context.Context, s access.ReadScope) ([]string, error)
	// Versions lists all versions of a control, newest first.
	Versions(ctx context.Context, s access.ReadScope, id ControlID) ([]Version, error)
	// Assignments lists who owned a control, newest first.
	Assignments(ctx context.Context, s access.ReadScope, id ControlID) ([]Assignment, error)
	// InForce lists the controls in force at an instant, with the version and the owner of that instant, by reference. Newest
	// and Draft are those of now.
	InForce(ctx context.Context, s access.ReadScope, at time.Time) ([]Control, error)
}

// People finds members of an organisation. The access service does.
type People interface {
	Member(ctx context.Context, s access.ReadScope, who string) (access.Member, error)
}
