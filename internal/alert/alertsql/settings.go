package alertsql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

func ends(h alert.Hush) int64 {
	if h.Ended != nil {
		return h.Ended.At.UnixMicro()
	}
	return h.Ends.UnixMicro()
}

// AddSilence inserts a silence with the next number.
func (s *Store) AddSilence(ctx context.Context, scope access.Scope, h alert.Hush) (alert.Hush, error) {
	number, err := s.next(ctx, scope, "silence")
	if err != nil {
		return h, err
	}
	h.Ref = fmt.Sprintf("SIL-%d", number)
	body, err := text(h, h.Ref)
	if err != nil {
		return h, err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO alert_silence (org_id, id, ref, number, ended_at, version, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(scope.Org()), h.ID, h.Ref, number, ends(h), h.Version, body)
	return h, err
}

// SaveSilence moves a silence forward from base.
func (s *Store) SaveSilence(ctx context.Context, scope access.Scope, h alert.Hush, base int) error {
	body, err := text(h, h.Ref)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE alert_silence SET ended_at = $4, version = $5, body = $6 WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), h.ID, base, ends(h), h.Version, body)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", h.Ref)
	}
	return err
}

const silenceColumns = `SELECT s.body, (SELECT count(*) FROM alert_signal x WHERE x.org_id = s.org_id AND x.hushed = s.ref) FROM alert_silence s `

// uncounted is for those who raise: they need no numbers, and counting takes time.
const uncounted = `SELECT s.body, 0 FROM alert_silence s `

func scanSilence(r sqldb.Row) (alert.Hush, error) {
	var h alert.Hush
	var body string
	var n int
	if err := r.Scan(&body, &n); err != nil {
		return h, err
	}
	err := json.Unmarshal([]byte(body), &h)
	h.Signals = n
	return h, errs.As(errs.Internal, err, "a silence as it is kept")
}

// Silence reads a silence by identifier or reference.
func (s *Store) Silence(ctx context.Context, scope access.ReadScope, idOrRef string) (alert.Hush, error) {
	h, err := sqldb.One(ctx, s.DB, scanSilence, silenceColumns+`WHERE s.org_id = $1 AND (s.id = $2 OR s.ref = $3)`, string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return h, errs.New(errs.NotFound, "no silence %s", idOrRef)
	}
	return h, err
}

// Silences lists silences, the newest first.
func (s *Store) Silences(ctx context.Context, scope access.ReadScope, active time.Time) ([]alert.Hush, error) {
	columns := silenceColumns
	if !active.IsZero() {
		columns = uncounted
	}
	return sqldb.Collect(ctx, s.DB, scanSilence, columns+`WHERE s.org_id = $1 AND s.ended_at > $2 ORDER BY s.number DESC`, string(scope.Org()), micros(active))
}

// AddRouting adds a version of the routing.
func (s *Store) AddRouting(ctx context.Context, scope access.Scope, r alert.Routing) error {
	body, err := text(r, "routing")
	if err != nil {
		return err
	}
	newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(version), 0) FROM alert_routing WHERE org_id = $1`, string(scope.Org()))
	if err != nil {
		return err
	}
	n := int64(0)
	if int(newest) == r.Version-1 {
		n, err = s.DB.Exec(ctx, `INSERT INTO alert_routing (org_id, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, string(scope.Org()), r.Version, body)
	}
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the rules were changed meanwhile").WithHint("Look at what is there now, and make the change again.")
	}
	return err
}

// Routing is the newest routing.
func (s *Store) Routing(ctx context.Context, scope access.ReadScope) (alert.Routing, error) {
	all, err := s.routings(ctx, scope, `LIMIT 1`)
	if err != nil || len(all) == 0 {
		return alert.Routing{}, err
	}
	return all[0], nil
}

// Routings lists every routing, the newest first.
func (s *Store) Routings(ctx context.Context, scope access.ReadScope) ([]alert.Routing, error) {
	return s.routings(ctx, scope, `LIMIT 200`)
}

func (s *Store) routings(ctx context.Context, scope access.ReadScope, limit string) ([]alert.Routing, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (alert.Routing, error) {
		var x alert.Routing
		body, err := sqldb.Strings(r)
		if err != nil {
			return x, err
		}
		return x, errs.As(errs.Internal, json.Unmarshal([]byte(body), &x), "a routing as it is kept")
	}, `SELECT body FROM alert_routing WHERE org_id = $1 ORDER BY version DESC `+limit, string(scope.Org()))
}
