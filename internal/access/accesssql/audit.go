package accesssql

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const auditSelect = `SELECT a.id, a.engagement, a.client_id, a.firm_id, a.user_id, a.invited_at, a.invited_by, a.declared_at, a.declared, a.entered_day,
	a.removed_at, a.removed_by, a.removed_why, u.name, u.email, o.name, c.name, COALESCE(m.role, '')
	FROM access_audit a JOIN access_user u ON u.id = a.user_id JOIN access_org o ON o.id = a.firm_id JOIN access_org c ON c.id = a.client_id
	LEFT JOIN access_member m ON m.org_id = a.firm_id AND m.user_id = a.user_id`

func scanInvited(r sqldb.Row) (access.Invited, error) {
	var i access.Invited
	var at int64
	var declared, removed *int64
	err := r.Scan(&i.ID, &i.Engagement, &i.Client, &i.Firm, &i.User, &at, &i.By, &declared, &i.Said, &i.Entered,
		&removed, &i.RemovedBy, &i.Why, &i.Name, &i.Email, &i.FirmName, &i.ClientName, &i.Role)
	i.At, i.Declared, i.Removed = sqldb.Time(at), sqldb.TimePtr(declared), sqldb.TimePtr(removed)
	return i, err
}

// AddInvited inserts an invitation.
func (s *Store) AddInvited(ctx context.Context, i access.Invited) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_audit (id, engagement, client_id, firm_id, user_id, invited_at, invited_by, declared, entered_day, removed_by, removed_why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, '', '')`, i.ID, i.Engagement, string(i.Client), string(i.Firm), string(i.User), i.At.UnixMicro(), i.By)
	return err
}

// InvitedTo reads a live invitation.
func (s *Store) InvitedTo(ctx context.Context, engagement string, user access.UserID) (access.Invited, error) {
	i, err := sqldb.One(ctx, s.DB, scanInvited, auditSelect+` WHERE a.engagement = $1 AND a.user_id = $2 AND a.removed_at IS NULL`, engagement, string(user))
	return i, missing(err, "no invitation to %s", engagement)
}

// InvitedBy lists the invitations to an engagement.
func (s *Store) InvitedBy(ctx context.Context, client access.OrgID, engagement string) ([]access.Invited, error) {
	return sqldb.Collect(ctx, s.DB, scanInvited, auditSelect+` WHERE a.client_id = $1 AND a.engagement = $2 ORDER BY a.invited_at, a.id`, string(client), engagement)
}

// InvitationsOf lists the live invitations of a person.
func (s *Store) InvitationsOf(ctx context.Context, user access.UserID) ([]access.Invited, error) {
	return sqldb.Collect(ctx, s.DB, scanInvited, auditSelect+` WHERE a.user_id = $1 AND a.removed_at IS NULL ORDER BY a.invited_at, a.id`, string(user))
}

// SaveInvited keeps what happened to a live invitation.
func (s *Store) SaveInvited(ctx context.Context, i access.Invited) error {
	n, err := s.DB.Exec(ctx, `UPDATE access_audit SET declared_at = $2, declared = $3, entered_day = $4, removed_at = $5, removed_by = $6, removed_why = $7
		WHERE id = $1 AND removed_at IS NULL`, i.ID, sqldb.MicrosPtr(i.Declared), i.Said, i.Entered, sqldb.MicrosPtr(i.Removed), i.RemovedBy, i.Why)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the invitation was ended meanwhile")
	}
	return err
}
