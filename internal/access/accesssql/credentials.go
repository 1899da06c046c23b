package accesssql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// AddSession inserts a session and drops those that ended before it began.
func (s *Store) AddSession(ctx context.Context, x access.Session) error {
	if _, err := s.DB.Exec(ctx, `DELETE FROM access_session WHERE expires_at < $1`, x.Created.UnixMicro()); err != nil {
		return err
	}
	_, err := s.DB.Exec(ctx, `INSERT INTO access_session (digest, user_id, org_id, created_at, seen_at, expires_at, ip, agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		x.Digest, string(x.User), string(x.Org), x.Created.UnixMicro(), x.Seen.UnixMicro(), x.Expires.UnixMicro(), x.IP, x.Agent)
	return err
}

const sessionColumns = `digest, user_id, org_id, created_at, seen_at, expires_at, ip, agent`

func scanSession(r sqldb.Row) (access.Session, error) {
	var x access.Session
	var created, seen, expires int64
	err := r.Scan(&x.Digest, &x.User, &x.Org, &created, &seen, &expires, &x.IP, &x.Agent)
	x.Created, x.Seen, x.Expires = sqldb.Time(created), sqldb.Time(seen), sqldb.Time(expires)
	return x, err
}

// Session reads a session by the digest of its cookie.
func (s *Store) Session(ctx context.Context, digest string) (access.Session, error) {
	x, err := sqldb.One(ctx, s.DB, scanSession, `SELECT `+sessionColumns+` FROM access_session WHERE digest = $1`, digest)
	return x, missing(err, "no such session")
}

// SessionsOf lists the sessions of an account, last used first.
func (s *Store) SessionsOf(ctx context.Context, user access.UserID) ([]access.Session, error) {
	return sqldb.Collect(ctx, s.DB, scanSession, `SELECT `+sessionColumns+` FROM access_session WHERE user_id = $1 ORDER BY seen_at DESC, digest`, string(user))
}

// TouchSession notes when a session was last used.
func (s *Store) TouchSession(ctx context.Context, digest string, seen time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE access_session SET seen_at = $2 WHERE digest = $1`, digest, seen.UnixMicro())
	return err
}

// EndSession removes a session.
func (s *Store) EndSession(ctx context.Context, digest string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM access_session WHERE digest = $1`, digest)
	return err
}

// EndSessions removes every session of an account.
func (s *Store) EndSessions(ctx context.Context, user access.UserID) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM access_session WHERE user_id = $1`, string(user))
	return err
}

const tokenColumns = `id, org_id, user_id, name, digest, scopes, created_at, expires_at, used_at, revoked_at`

func scanToken(r sqldb.Row) (access.Token, error) {
	var t access.Token
	var created, expires int64
	var used, revoked *int64
	var scopes string
	err := r.Scan(&t.ID, &t.Org, &t.User, &t.Name, &t.Digest, &scopes, &created, &expires, &used, &revoked)
	t.Created, t.Expires, t.Scopes = sqldb.Time(created), sqldb.Time(expires), access.ActionsOf(scopes)
	t.Used, t.Revoked = sqldb.TimePtr(used), sqldb.TimePtr(revoked)
	return t, err
}

// AddToken inserts an API token.
func (s *Store) AddToken(ctx context.Context, t access.Token) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO access_token (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL)`,
		t.ID, string(t.Org), string(t.User), t.Name, t.Digest, joined(t.Scopes), t.Created.UnixMicro(), t.Expires.UnixMicro())
	return err
}

// TokenByDigest reads a token by the digest of its secret.
func (s *Store) TokenByDigest(ctx context.Context, digest string) (access.Token, error) {
	t, err := sqldb.One(ctx, s.DB, scanToken, `SELECT `+tokenColumns+` FROM access_token WHERE digest = $1`, digest)
	return t, missing(err, "no such token")
}

// Tokens lists an organisation's tokens, newest first.
func (s *Store) Tokens(ctx context.Context, org access.OrgID) ([]access.Token, error) {
	return sqldb.Collect(ctx, s.DB, scanToken, `SELECT `+tokenColumns+` FROM access_token WHERE org_id = $1 ORDER BY created_at DESC, id`, string(org))
}

// TouchToken notes when a token was last used.
func (s *Store) TouchToken(ctx context.Context, id string, used time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE access_token SET used_at = $2 WHERE id = $1`, id, used.UnixMicro())
	return err
}

// RevokeToken ends a token of the organisation.
func (s *Store) RevokeToken(ctx context.Context, org access.OrgID, id string, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE access_token SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL`, string(org), id, at.UnixMicro())
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no live token %s", id)
	}
	return err
}

// Attempt counts one more attempt under the key, starting afresh when the last count began before since.
func (s *Store) Attempt(ctx context.Context, key string, at, since time.Time) (int, error) {
	var n int
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		return s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO access_attempt (key, since_at, n) VALUES ($1, $2, 1)
			ON CONFLICT (key) DO UPDATE SET
				n = CASE WHEN access_attempt.since_at < $3 THEN 1 ELSE access_attempt.n + 1 END,
				since_at = CASE WHEN access_attempt.since_at < $3 THEN excluded.since_at ELSE access_attempt.since_at END
			RETURNING n`, key, at.UnixMicro(), since.UnixMicro())
	})
	return n, err
}

// ClearAttempts forgets the count under the key.
func (s *Store) ClearAttempts(ctx context.Context, key string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM access_attempt WHERE key = $1`, key)
	return err
}
