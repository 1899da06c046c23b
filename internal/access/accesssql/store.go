// Package accesssql keeps accounts and credentials in the records database.
package accesssql

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements access.Store and access.Credentials.
type Store struct{ DB *sqldb.DB }

const (
	orgSelect = `SELECT o.id, CASE WHEN f.org_id IS NULL THEN 'service' ELSE 'firm' END, o.slug, o.name, o.simulated, o.created_at, COALESCE(s.version, 0), COALESCE(s.legal_name, ''), COALESCE(s.site, ''),
		COALESCE(s.contact, ''), COALESCE(s.second_factor, FALSE), COALESCE(s.idle_s, 0), COALESCE(s.life_s, 0), COALESCE(s.every_s, 0)
		FROM access_org o LEFT JOIN access_setting s ON s.org_id = o.id LEFT JOIN access_firm f ON f.org_id = o.id`
	userColumns = `id, email, name, password_hash, totp_sealed, totp_used, disabled, created_at`
)

func scanOrg(r sqldb.Row) (access.Org, error) {
	var o access.Org
	var created, idle, life, every int64
	x := &o.Settings
	err := r.Scan(&o.ID, &o.Kind, &o.Slug, &o.Name, &o.Simulated, &created, &x.Version, &x.LegalName, &x.Site, &x.Contact, &x.SecondFactor, &idle, &life, &every)
	o.Created = sqldb.Time(created)
	x.Idle, x.Life, x.Every = seconds(idle), seconds(life), seconds(every)
	return o, err
}

func scanUser(r sqldb.Row) (access.User, error) {
	var u access.User
	var created int64
	err := r.Scan(&u.ID, &u.Email, &u.Name, &u.Hash, &u.TOTP, &u.TOTPUsed, &u.Disabled, &created)
	u.Created = sqldb.Time(created)
	return u, err
}

// AddOrg inserts an organisation.
func (s *Store) AddOrg(ctx context.Context, o access.Org) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_org (id, slug, name, simulated, created_at) VALUES ($1, $2, $3, $4, $5)`,
		string(o.ID), o.Slug, o.Name, o.Simulated, o.Created.UnixMicro())
	if err == nil && o.Kind == access.Firm {
		_, err = s.DB.Exec(ctx, `INSERT INTO access_firm (org_id) VALUES ($1)`, string(o.ID))
	}
	return err
}

// OrgByID reads an organisation.
func (s *Store) OrgByID(ctx context.Context, id access.OrgID) (access.Org, error) {
	o, err := sqldb.One(ctx, s.DB, scanOrg, orgSelect+` WHERE o.id = $1`, string(id))
	return o, missing(err, "no organisation %s", id)
}

// OrgBySlug reads an organisation by its short name.
func (s *Store) OrgBySlug(ctx context.Context, slug string) (access.Org, error) {
	o, err := sqldb.One(ctx, s.DB, scanOrg, orgSelect+` WHERE o.slug = $1`, slug)
	return o, missing(err, "no organisation %q", slug)
}

// Orgs lists every organisation, oldest first.
func (s *Store) Orgs(ctx context.Context) ([]access.Org, error) {
	return sqldb.Collect(ctx, s.DB, scanOrg, orgSelect+` ORDER BY o.created_at, o.id`)
}

// AddUser inserts an account.
func (s *Store) AddUser(ctx context.Context, u access.User) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_user (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(u.ID), u.Email, u.Name, u.Hash, u.TOTP, u.TOTPUsed, u.Disabled, u.Created.UnixMicro())
	return err
}

// UserByID reads an account.
func (s *Store) UserByID(ctx context.Context, id access.UserID) (access.User, error) {
	u, err := sqldb.One(ctx, s.DB, scanUser, `SELECT `+userColumns+` FROM access_user WHERE id = $1`, string(id))
	return u, missing(err, "no user %s", id)
}

// UserByEmail reads an account by its lower-case email.
func (s *Store) UserByEmail(ctx context.Context, email string) (access.User, error) {
	u, err := sqldb.One(ctx, s.DB, scanUser, `SELECT `+userColumns+` FROM access_user WHERE email = $1`, email)
	return u, missing(err, "no user %s", email)
}

// UpdateUser replaces everything of an account but its identifier, email and last TOTP step.
func (s *Store) UpdateUser(ctx context.Context, u access.User) error {
	n, err := s.DB.Exec(ctx, `UPDATE access_user SET name = $2, password_hash = $3, totp_sealed = $4, disabled = $5, totp_used = $6 WHERE id = $1`,
		string(u.ID), u.Name, u.Hash, u.TOTP, u.Disabled, u.TOTPUsed)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no user %s", u.ID)
	}
	return err
}

// UseTOTP moves the last used step forward; it fails to when the step is not newer.
func (s *Store) UseTOTP(ctx context.Context, id access.UserID, step int64) (bool, error) {
	n, err := s.DB.Exec(ctx, `UPDATE access_user SET totp_used = $2 WHERE id = $1 AND totp_used < $2`, string(id), step)
	return n == 1, err
}

// Members lists the people of an organisation by name.
func (s *Store) Members(ctx context.Context, org access.OrgID) ([]access.Member, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (access.Member, error) {
		var m access.Member
		var created, joined int64
		err := r.Scan(&m.ID, &m.Email, &m.Name, &m.Hash, &m.TOTP, &m.TOTPUsed, &m.Disabled, &created, &m.Role, &joined)
		m.Created, m.Joined = sqldb.Time(created), sqldb.Time(joined)
		return m, err
	}, `SELECT u.id, u.email, u.name, u.password_hash, u.totp_sealed, u.totp_used, u.disabled, u.created_at, m.role, m.joined_at
		FROM access_member m JOIN access_user u ON u.id = m.user_id WHERE m.org_id = $1 ORDER BY u.name, u.email`, string(org))
}

// MemberOf lists the organisations an account belongs to, the one joined first leading.
func (s *Store) MemberOf(ctx context.Context, user access.UserID) ([]access.OrgID, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (access.OrgID, error) {
		var o access.OrgID
		return o, r.Scan(&o)
	}, `SELECT org_id FROM access_member WHERE user_id = $1 ORDER BY joined_at, org_id`, string(user))
}

// Role reads a member's role.
func (s *Store) Role(ctx context.Context, org access.OrgID, user access.UserID) (access.Role, error) {
	role, err := sqldb.One(ctx, s.DB, sqldb.Strings, `SELECT role FROM access_member WHERE org_id = $1 AND user_id = $2`, string(org), string(user))
	return access.Role(role), missing(err, "not a member of this organisation")
}

// SetRole gives or takes a membership.
func (s *Store) SetRole(ctx context.Context, org access.OrgID, user access.UserID, role access.Role, at time.Time) error {
	if role == "" {
		n, err := s.DB.Exec(ctx, `DELETE FROM access_member WHERE org_id = $1 AND user_id = $2`, string(org), string(user))
		if err == nil && n == 0 {
			return errs.New(errs.NotFound, "not a member of this organisation")
		}
		return err
	}
	_, err := s.DB.Exec(ctx, `INSERT INTO access_member (org_id, user_id, role, joined_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role`, string(org), string(user), string(role), at.UnixMicro())
	return err
}

func missing(err error, format string, args ...any) error {
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.NotFound, format, args...)
	}
	return err
}

func joined(as []access.Action) string {
	ss := make([]string, len(as))
	for i, a := range as {
		ss[i] = string(a)
	}
	return strings.Join(ss, " ")
}
