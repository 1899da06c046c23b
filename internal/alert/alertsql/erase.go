package alertsql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// SignalsOf are the signals that name an event.
func (s *Store) SignalsOf(ctx context.Context, scope access.ReadScope, event string) ([]alert.Kept, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.Add(`body LIKE ? ESCAPE '!'`, sqldb.Like(`"event":"`+event+`"`))
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (alert.Kept, error) {
		var k alert.Kept
		var body string
		if err := r.Scan(&k.N, &k.Alert, &body); err != nil {
			return k, err
		}
		return k, errs.As(errs.Internal, json.Unmarshal([]byte(body), &k.Signal), "a signal as it is kept")
	}, `SELECT n, alert_id, body FROM alert_signal WHERE `+w.SQL()+` ORDER BY n`, w.Args()...)
}

// Redact writes a signal without what was erased.
func (s *Store) Redact(ctx context.Context, scope access.Scope, n int64, x alert.Signal) error {
	body, err := text(x, "a signal")
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `UPDATE alert_signal SET body = $3 WHERE org_id = $1 AND n = $2`, string(scope.Org()), n, body)
	return err
}

var _ alert.Redaction = (*Store)(nil)
