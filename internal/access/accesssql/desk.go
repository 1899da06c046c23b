package accesssql

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

var _ access.DeskStore = (*Store)(nil)

// ClaimOnce takes a token that nobody has, or that somebody took before stale and never settled.
func (s *Store) ClaimOnce(ctx context.Context, user access.UserID, token string, at, stale time.Time) (bool, error) {
	n, err := s.DB.Exec(ctx, `INSERT INTO access_once (user_id, token, at, path, flash) VALUES ($1, $2, $3, '', '')
		ON CONFLICT (user_id, token) DO UPDATE SET at = excluded.at WHERE access_once.path = '' AND access_once.at < $4`,
		string(user), token, at.UnixMicro(), stale.UnixMicro())
	return n == 1, err
}

// Once reads what a token came to.
func (s *Store) Once(ctx context.Context, user access.UserID, token string) (access.Sent, error) {
	x, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (access.Sent, error) {
		var x access.Sent
		var at int64
		err := r.Scan(&x.Path, &x.Flash, &at)
		x.At = sqldb.Time(at)
		return x, err
	}, `SELECT path, flash, at FROM access_once WHERE user_id = $1 AND token = $2`, string(user), token)
	return x, missing(err, "the form was not sent before")
}

// SettleOnce keeps where a form led.
func (s *Store) SettleOnce(ctx context.Context, user access.UserID, token string, x access.Sent) error {
	_, err := s.DB.Exec(ctx, `UPDATE access_once SET path = $3, flash = $4 WHERE user_id = $1 AND token = $2`, string(user), token, x.Path, x.Flash)
	return err
}

// ReleaseOnce gives a token back.
func (s *Store) ReleaseOnce(ctx context.Context, user access.UserID, token string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM access_once WHERE user_id = $1 AND token = $2 AND path = ''`, string(user), token)
	return err
}

// SweepOnce forgets old tokens.
func (s *Store) SweepOnce(ctx context.Context, before time.Time) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM access_once WHERE at < $1`, before.UnixMicro())
	return err
}

// Preferences reads what a person set.
func (s *Store) Preferences(ctx context.Context, user access.UserID) (access.Preferences, error) {
	out := access.Preferences{}
	_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (string, error) {
		var name, value string
		err := r.Scan(&name, &value)
		out[name] = value
		return name, err
	}, `SELECT name, value FROM access_preference WHERE user_id = $1`, string(user))
	return out, err
}

// SetPreference keeps one.
func (s *Store) SetPreference(ctx context.Context, user access.UserID, name, value string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_preference (user_id, name, value) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value`, string(user), name, value)
	return err
}

func scanView(r sqldb.Row) (access.View, error) {
	var v access.View
	var created int64
	err := r.Scan(&v.ID, &v.Org, &v.User, &v.Shared, &v.Name, &v.Path, &created)
	v.Created = sqldb.Time(created)
	return v, err
}

// Views lists what a person may open.
func (s *Store) Views(ctx context.Context, org access.OrgID, user access.UserID) ([]access.View, error) {
	return sqldb.Collect(ctx, s.DB, scanView, `SELECT id, org_id, user_id, shared, name, path, created_at FROM access_view
		WHERE org_id = $1 AND (user_id = $2 OR shared = TRUE) ORDER BY folded, id`, string(org), string(user))
}

// AddView keeps a view.
func (s *Store) AddView(ctx context.Context, v access.View) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_view (id, org_id, user_id, shared, name, folded, path, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		v.ID, string(v.Org), string(v.User), v.Shared, v.Name, strings.ToLower(v.Name), v.Path, v.Created.UnixMicro())
	return err
}

// UpdateView changes name and path.
func (s *Store) UpdateView(ctx context.Context, v access.View) error {
	n, err := s.DB.Exec(ctx, `UPDATE access_view SET name = $3, folded = $4, path = $5 WHERE org_id = $1 AND id = $2`, string(v.Org), v.ID, v.Name, strings.ToLower(v.Name), v.Path)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no saved view %s", v.ID)
	}
	return err
}

// RemoveView forgets a view.
func (s *Store) RemoveView(ctx context.Context, org access.OrgID, id string) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM access_view WHERE org_id = $1 AND id = $2`, string(org), id)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no saved view %s", id)
	}
	return err
}
