package view

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// PersonRow is a member of the organisation as those see who manage users.
type PersonRow struct {
	ID, Email, Name  string
	Role             access.Role
	Factor, Blocked  bool
	Invited          bool // no password has been set yet
	Elsewhere        bool // belongs to another organisation too
	Joined           time.Time
	SignedIn         *time.Time // last time, as the ledger has it
	Sessions, Tokens int64      // that are good now
}

// PersonFilter narrows a list of people. Zero values do not narrow.
type PersonFilter struct {
	ID, Role string
	State    string // active, invited, blocked, or factor for those without a second one
}

var personStates = map[string]string{
	"active": `NOT u.disabled AND u.password_hash <> ''`, "invited": `NOT u.disabled AND u.password_hash = ''`, "blocked": `u.disabled`,
	"factor": `NOT u.disabled AND u.password_hash <> '' AND u.totp_sealed = ''`,
}

func (f PersonFilter) where(s access.ReadScope, search string) *sqldb.Where {
	w := &sqldb.Where{}
	w.Add(`m.org_id = ?`, orgOf(s))
	w.AddIf(f.ID != "", `u.id = ?`, f.ID)
	w.AddIf(f.Role != "", `m.role = ?`, f.Role)
	w.AddIf(personStates[f.State] != "", personStates[f.State])
	if search != "" {
		p := sqldb.LikeLower(search)
		w.Add(`(lower(u.name) LIKE ? ESCAPE '!' OR lower(u.email) LIKE ? ESCAPE '!')`, p, p)
	}
	return w
}

const people = `access_member m JOIN access_user u ON u.id = m.user_id`

// People lists the members of an organisation. idle is how long a session may be unused there.
func (r *Reader) People(ctx context.Context, s access.ReadScope, now time.Time, idle time.Duration, f PersonFilter, q paging.Query) (paging.Result[PersonRow], error) {
	if err := s.Require(access.ManageUsers); err != nil {
		return paging.Result[PersonRow]{}, err
	}
	columns := fmt.Sprintf(`u.id, u.email, u.name, m.role, u.totp_sealed <> '', u.disabled, u.password_hash = '', m.joined_at,
		(SELECT count(*) FROM access_member o WHERE o.user_id = u.id) > 1,
		COALESCE((SELECT max(e.at) FROM ledger_entry e WHERE e.org_id = m.org_id AND e.subject = u.id AND e.kind = 'access.signed_in'), 0) AS signed_in,
		(SELECT count(*) FROM access_session x WHERE x.user_id = u.id AND x.org_id = m.org_id AND x.expires_at > %d AND x.seen_at > %d),
		(SELECT count(*) FROM access_token t WHERE t.user_id = u.id AND t.org_id = m.org_id AND t.revoked_at IS NULL AND t.expires_at > %[1]d)`,
		now.UnixMicro(), now.Add(-idle).UnixMicro())
	sorts := map[string]string{"name": "lower(u.name)", "email": "u.email", "role": "m.role", "signed_in": "signed_in", "joined": "m.joined_at"}
	return list(ctx, r.db, f.where(s, q.Search), q, columns, people, sqldb.OrderBy(sorts, q.Sort, q.Desc, "lower(u.name), u.email", "u.email"), func(row sqldb.Row) (PersonRow, error) {
		var p PersonRow
		var joined, signed int64
		err := row.Scan(&p.ID, &p.Email, &p.Name, &p.Role, &p.Factor, &p.Blocked, &p.Invited, &joined, &p.Elsewhere, &signed, &p.Sessions, &p.Tokens)
		p.Joined = sqldb.Time(joined)
		if signed != 0 {
			p.SignedIn = sqldb.TimePtr(&signed)
		}
		return p, err
	})
}

// Person reads one member.
func (r *Reader) Person(ctx context.Context, s access.ReadScope, now time.Time, idle time.Duration, id string) (PersonRow, error) {
	res, err := r.People(ctx, s, now, idle, PersonFilter{ID: id}, paging.Query{Size: 1})
	if err == nil && len(res.Rows) == 0 {
		err = errs.New(errs.NotFound, "nobody with the identifier %q belongs to the organisation", id)
	}
	if err != nil {
		return PersonRow{}, err
	}
	return res.Rows[0], nil
}

// PersonCounts counts the members a filter finds by state and by role.
func (r *Reader) PersonCounts(ctx context.Context, s access.ReadScope, f PersonFilter, search string) (states, roles []Choice, err error) {
	if err := s.Require(access.ManageUsers); err != nil {
		return nil, nil, err
	}
	byRole, byState := f, f
	byRole.Role, byState.State = "", ""
	w := byRole.where(s, search)
	if roles, err = sqldb.Collect(ctx, r.db, scanChoice, `SELECT m.role, m.role, count(*) FROM `+people+` WHERE `+w.SQL()+` GROUP BY m.role ORDER BY m.role`, w.Args()...); err != nil {
		return nil, nil, err
	}
	w = byState.where(s, search)
	for _, k := range []string{"active", "invited", "blocked", "factor"} {
		n, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM `+people+` WHERE `+w.SQL()+` AND `+personStates[k], w.Args()...)
		if err != nil {
			return nil, nil, err
		}
		states = append(states, Choice{Value: k, N: n})
	}
	return states, roles, nil
}

// TokenRow is an API token with whose it is.
type TokenRow struct {
	access.Token
	Who   string
	State string // good, expired or revoked
}

// TokenFilter narrows a list of tokens. Zero values do not narrow.
type TokenFilter struct{ User, State string }

// Tokens lists API tokens: one's own, or everybody's for those who manage users.
func (r *Reader) Tokens(ctx context.Context, s access.ReadScope, now time.Time, f TokenFilter, q paging.Query) (paging.Result[TokenRow], error) {
	if err := s.Require(access.ManageTokens); err != nil {
		return paging.Result[TokenRow]{}, err
	}
	if !s.Can(access.ManageUsers) {
		f.User = string(s.User())
	}
	state := fmt.Sprintf(`CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= %d THEN 'expired' ELSE 'good' END`, now.UnixMicro())
	w := &sqldb.Where{}
	w.Add(`t.org_id = ?`, orgOf(s))
	w.AddIf(f.User != "", `t.user_id = ?`, f.User)
	w.AddIf(f.State != "", state+` = ?`, f.State)
	if q.Search != "" {
		p := sqldb.LikeLower(q.Search)
		w.Add(`(lower(t.name) LIKE ? ESCAPE '!' OR lower(u.name) LIKE ? ESCAPE '!')`, p, p)
	}
	sorts := map[string]string{"name": "lower(t.name)", "who": "lower(u.name)", "created": "t.created_at", "expires": "t.expires_at", "used": "COALESCE(t.used_at, 0)"}
	return list(ctx, r.db, w, q, `t.id, t.user_id, t.name, t.scopes, t.created_at, t.expires_at, t.used_at, t.revoked_at, u.name, `+state,
		`access_token t JOIN access_user u ON u.id = t.user_id`, sqldb.OrderBy(sorts, q.Sort, q.Desc, "t.created_at DESC, t.id", "t.id"), func(row sqldb.Row) (TokenRow, error) {
			var t TokenRow
			var scopes string
			var created, expires int64
			var used, revoked *int64
			err := row.Scan(&t.ID, &t.User, &t.Name, &scopes, &created, &expires, &used, &revoked, &t.Who, &t.State)
			t.Created, t.Expires, t.Used, t.Revoked, t.Scopes = sqldb.Time(created), sqldb.Time(expires), sqldb.TimePtr(used), sqldb.TimePtr(revoked), access.ActionsOf(scopes)
			return t, err
		})
}
