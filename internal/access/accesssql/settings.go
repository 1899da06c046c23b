package accesssql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// SaveOrg keeps the name and the settings if they follow the kept version.
func (s *Store) SaveOrg(ctx context.Context, o access.Org) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		x := o.Settings
		n, err := s.DB.Exec(ctx, `INSERT INTO access_setting (org_id, version, legal_name, site, contact, second_factor, idle_s, life_s, every_s)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (org_id) DO UPDATE SET version = excluded.version, legal_name = excluded.legal_name, site = excluded.site, contact = excluded.contact,
				second_factor = excluded.second_factor, idle_s = excluded.idle_s, life_s = excluded.life_s, every_s = excluded.every_s
			WHERE access_setting.version = excluded.version - 1`,
			string(o.ID), x.Version, x.LegalName, x.Site, x.Contact, x.SecondFactor, int64(x.Idle/time.Second), int64(x.Life/time.Second), int64(x.Every/time.Second))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "the settings were changed meanwhile")
		}
		_, err = s.DB.Exec(ctx, `UPDATE access_org SET name = $2 WHERE id = $1`, string(o.ID), o.Name)
		return err
	})
}

const inviteColumns = `digest, org_id, user_id, by_actor, created_at, expires_at, used_at`

func scanInvite(r sqldb.Row) (access.Invitation, error) {
	var i access.Invitation
	var created, expires int64
	var used *int64
	err := r.Scan(&i.Digest, &i.Org, &i.User, &i.By, &created, &expires, &used)
	i.Created, i.Expires, i.Used = sqldb.Time(created), sqldb.Time(expires), sqldb.TimePtr(used)
	return i, err
}

// AddInvite inserts a link.
func (s *Store) AddInvite(ctx context.Context, i access.Invitation) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_invite (`+inviteColumns+`) VALUES ($1, $2, $3, $4, $5, $6, NULL)`,
		i.Digest, string(i.Org), string(i.User), i.By, i.Created.UnixMicro(), i.Expires.UnixMicro())
	return err
}

// InviteByDigest reads a link by the digest of its code.
func (s *Store) InviteByDigest(ctx context.Context, digest string) (access.Invitation, error) {
	i, err := sqldb.One(ctx, s.DB, scanInvite, `SELECT `+inviteColumns+` FROM access_invite WHERE digest = $1`, digest)
	return i, missing(err, "no such link")
}

// InvitesOf lists the links made for an account in an organisation, the newest first.
func (s *Store) InvitesOf(ctx context.Context, org access.OrgID, user access.UserID) ([]access.Invitation, error) {
	return sqldb.Collect(ctx, s.DB, scanInvite, `SELECT `+inviteColumns+` FROM access_invite WHERE org_id = $1 AND user_id = $2 ORDER BY created_at DESC, digest`, string(org), string(user))
}

// UseInvites marks the open links of an account as used.
func (s *Store) UseInvites(ctx context.Context, user access.UserID, at time.Time) (int, error) {
	n, err := s.DB.Exec(ctx, `UPDATE access_invite SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL`, string(user), at.UnixMicro())
	return int(n), err
}
