// Package alertsql keeps alerts, signals, silences and routings in the records database.
package alertsql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements the stores of package alert.
type Store struct{ DB *sqldb.DB }

// next counts up a number of the organisation. The row stays locked until the transaction ends.
func (s *Store) next(ctx context.Context, scope access.Scope, what string) (int, error) {
	var n int
	err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO alert_counter (org_id, what, n) VALUES ($1, $2, 1)
		ON CONFLICT (org_id, what) DO UPDATE SET n = alert_counter.n + 1 RETURNING n`, string(scope.Org()), what)
	return n, err
}

// Lock has others who raise alerts in the organisation wait.
func (s *Store) Lock(ctx context.Context, scope access.Scope) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO alert_counter (org_id, what, n) VALUES ($1, 'raising', 0) ON CONFLICT (org_id, what) DO UPDATE SET n = 0`, string(scope.Org()))
	return err
}

func text(v any, what string) (string, error) {
	b, err := json.Marshal(v)
	return string(b), errs.As(errs.Internal, err, "%s", what)
}

// tags is a list as a column that LIKE can find an entry in.
func tags(list []string) string { return "\n" + strings.Join(list, "\n") + "\n" }

func tagged(s string) string { return sqldb.Like("\n" + s + "\n") }

// micros is an instant as it is kept; 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func words(a alert.Alert) string {
	return strings.ToLower(strings.Join([]string{a.Ref, a.Title, a.Sentence, a.Entity, a.Technique, strings.Join(a.Rules, " "), strings.Join(a.Sources, " "), a.Incident}, "\n"))
}

func columns(a alert.Alert, body string) []any {
	verdict, closed := "", int64(0)
	if a.Closing != nil {
		verdict, closed = string(a.Closing.Verdict), a.Closing.At.UnixMicro()
	}
	return []any{string(a.State), a.Level.Rank(), a.Title, words(a), a.Entity, a.Technique, tags(a.Kinds), tags(a.Rules), string(a.Owner), verdict, a.Incident, a.Signals,
		a.Raised.UnixMicro(), a.Last.UnixMicro(), micros(a.EscalateAt), closed, a.Version, body}
}

// Add inserts an alert with the next number.
func (s *Store) Add(ctx context.Context, scope access.Scope, a alert.Alert) (alert.Alert, error) {
	number, err := s.next(ctx, scope, "alert")
	if err != nil {
		return a, err
	}
	a.Ref = fmt.Sprintf("ALR-%d", number)
	body, err := text(a, a.Ref)
	if err != nil {
		return a, err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO alert_alert (org_id, id, ref, number, story, state, level, title, words, entity, technique, kinds, rules, owner, verdict, incident, signals,
		raised_at, last_at, escalate_at, closed_at, version, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		slices.Concat([]any{string(scope.Org()), string(a.ID), a.Ref, number, a.Story}, columns(a, body))...)
	return a, err
}

// Save moves an alert forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, a alert.Alert, base int) error {
	body, err := text(a, a.Ref)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE alert_alert SET state = $4, level = $5, title = $6, words = $7, entity = $8, technique = $9, kinds = $10, rules = $11, owner = $12, verdict = $13,
		incident = $14, signals = $15, raised_at = $16, last_at = $17, escalate_at = $18, closed_at = $19, version = $20, body = $21 WHERE org_id = $1 AND id = $2 AND version = $3`,
		slices.Concat([]any{string(scope.Org()), string(a.ID), base}, columns(a, body))...)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", a.Ref)
	}
	return err
}

// AddStep adds a line to the history.
func (s *Store) AddStep(ctx context.Context, scope access.Scope, id alert.ID, x alert.Step) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO alert_step (alert_id, n, at, actor, act, note, seq)
		VALUES ((SELECT id FROM alert_alert WHERE org_id = $1 AND id = $2), (SELECT COALESCE(max(n), 0) + 1 FROM alert_step WHERE alert_id = $2), $3, $4, $5, $6, $7)`,
		string(scope.Org()), string(id), x.At.UnixMicro(), x.Actor, string(x.Act), x.Note, x.Seq)
	if err == nil && n != 1 {
		return errs.New(errs.Internal, "the step was not kept")
	}
	return err
}

// Steps lists the history, the oldest first.
func (s *Store) Steps(ctx context.Context, scope access.ReadScope, id alert.ID) ([]alert.Step, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (alert.Step, error) {
		var x alert.Step
		var at int64
		err := r.Scan(&x.N, &at, &x.Actor, &x.Act, &x.Note, &x.Seq)
		x.At = sqldb.Time(at)
		return x, err
	}, `SELECT s.n, s.at, s.actor, s.act, s.note, s.seq FROM alert_step s JOIN alert_alert a ON a.id = s.alert_id WHERE a.org_id = $1 AND s.alert_id = $2 ORDER BY s.n`,
		string(scope.Org()), string(id))
}

func scanAlert(row sqldb.Row) (alert.Alert, error) {
	var a alert.Alert
	body, err := sqldb.Strings(row)
	if err != nil {
		return a, err
	}
	return a, errs.As(errs.Internal, json.Unmarshal([]byte(body), &a), "an alert as it is kept")
}

// Alert reads an alert by identifier or reference.
func (s *Store) Alert(ctx context.Context, scope access.ReadScope, idOrRef string) (alert.Alert, error) {
	a, err := sqldb.One(ctx, s.DB, scanAlert, `SELECT body FROM alert_alert WHERE org_id = $1 AND (id = $2 OR ref = $3)`, string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return a, errs.New(errs.NotFound, "no alert %s", idOrRef).WithHint("The alerts are listed under Detection.")
	}
	return a, err
}

// Current is the newest alert of a story that still takes signals.
func (s *Store) Current(ctx context.Context, scope access.ReadScope, story string, since time.Time) (alert.Alert, bool, error) {
	a, err := sqldb.One(ctx, s.DB, scanAlert, `SELECT body FROM alert_alert WHERE org_id = $1 AND story = $2 AND state <> 'closed' AND last_at >= $3 ORDER BY number DESC LIMIT 1`,
		string(scope.Org()), story, since.UnixMicro())
	if errs.Is(err, errs.NotFound) {
		return alert.Alert{}, false, nil
	}
	return a, err == nil, err
}

func where(scope access.ReadScope, f alert.Filter, search string) *sqldb.Where {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.State != "", `state = ?`, string(f.State))
	w.AddIf(f.Active, `state <> 'closed'`)
	w.AddIf(f.Level != "", `level = ?`, f.Level.Rank())
	w.AddIf(f.AtLeast != "", `level >= ?`, f.AtLeast.Rank())
	w.AddIf(f.Kind != "", `kinds LIKE ? ESCAPE '!'`, tagged(string(f.Kind)))
	w.AddIf(f.Entity != "", `entity = ?`, f.Entity)
	w.AddIf(f.Rule != "", `rules LIKE ? ESCAPE '!'`, tagged(f.Rule))
	w.AddIf(f.Technique != "", `technique = ?`, f.Technique)
	w.AddIf(f.Owner != "", `owner = ?`, string(f.Owner))
	w.AddIf(f.Unowned, `owner = ''`)
	w.AddIf(f.Verdict != "", `verdict = ?`, string(f.Verdict))
	w.AddIf(f.Incident != "", `incident = ?`, f.Incident)
	w.AddIf(!f.Overdue.IsZero(), `escalate_at > 0 AND escalate_at <= ?`, micros(f.Overdue))
	w.AddIf(!f.From.IsZero(), `raised_at >= ?`, micros(f.From))
	w.AddIf(!f.To.IsZero(), `raised_at < ?`, micros(f.To))
	w.AddIf(!f.ClosedUntil.IsZero(), `closed_at > ? AND closed_at <= ?`, micros(f.ClosedAfter), micros(f.ClosedUntil))
	w.In(`ref`, f.Refs)
	w.AddIf(search != "", `words LIKE ? ESCAPE '!'`, sqldb.LikeLower(search))
	return &w
}

var sorts = map[string]string{
	"ref": "number", "level": "level", "title": "lower(title)", "entity": "lower(entity)", "raised": "raised_at", "last": "last_at", "signals": "signals", "state": "state", "owner": "owner", "closed": "closed_at",
}

// Alerts lists alerts: those that are not closed first, of these the highest, of these the oldest.
func (s *Store) Alerts(ctx context.Context, scope access.ReadScope, f alert.Filter, q paging.Query) (paging.Result[alert.Alert], error) {
	q = q.Norm()
	w := where(scope, f, q.Search)
	res := paging.Result[alert.Alert]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM alert_alert WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, `CASE WHEN state = 'closed' THEN 1 ELSE 0 END, level DESC, raised_at, number`, "number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanAlert, `SELECT body FROM alert_alert WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Keep keeps a signal once.
func (s *Store) Keep(ctx context.Context, scope access.Scope, k alert.Kept) (bool, error) {
	body, err := text(k.Signal, "a signal")
	if err != nil {
		return false, err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO alert_signal (org_id, n, key, alert_id, hushed, kept_at, rule, level, at, body)
		VALUES ($1, (SELECT COALESCE(max(n), 0) + 1 FROM alert_signal WHERE org_id = $1), $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (org_id, key) DO NOTHING`,
		string(scope.Org()), k.Key, string(k.Alert), k.Hushed, k.At.UnixMicro(), k.Rule, k.Level.Rank(), k.Signal.At.UnixMicro(), body)
	return n == 1, err
}

// Signals lists signals, the newest first.
func (s *Store) Signals(ctx context.Context, scope access.ReadScope, f alert.SignalFilter, q paging.Query) (paging.Result[alert.Kept], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Alert != "", `alert_id = ?`, string(f.Alert))
	w.AddIf(f.Hushed != "", `hushed = ?`, f.Hushed)
	res := paging.Result[alert.Kept]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM alert_signal WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(map[string]string{"n": "n"}, q.Sort, q.Desc, `n DESC`, "n")
	res.Rows, err = sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (alert.Kept, error) {
		var k alert.Kept
		var at int64
		var key, body string
		if err := r.Scan(&k.N, &key, &k.Alert, &k.Hushed, &at, &body); err != nil {
			return k, err
		}
		k.At = sqldb.Time(at)
		err := json.Unmarshal([]byte(body), &k.Signal)
		k.Key = key
		return k, errs.As(errs.Internal, err, "a signal as it is kept")
	}, `SELECT n, key, alert_id, hushed, kept_at, body FROM alert_signal WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Precision counts by rule what became of alerts.
func (s *Store) Precision(ctx context.Context, scope access.ReadScope, from, to time.Time) ([]alert.Precision, error) {
	type row struct{ rules, verdict string }
	rows, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (row, error) {
		var x row
		err := r.Scan(&x.rules, &x.verdict)
		return x, err
	}, `SELECT rules, verdict FROM alert_alert WHERE org_id = $1 AND raised_at >= $2 AND raised_at < $3`, string(scope.Org()), from.UnixMicro(), to.UnixMicro())
	count := map[string]*alert.Precision{}
	for _, x := range rows {
		for rule := range strings.SplitSeq(strings.Trim(x.rules, "\n"), "\n") {
			if rule == "" {
				continue
			}
			p := count[rule]
			if p == nil {
				p = &alert.Precision{Rule: rule}
				count[rule] = p
			}
			p.Alerts++
			switch alert.Verdict(x.verdict) {
			case alert.True:
				p.True++
			case alert.Benign:
				p.Benign++
			case alert.Duplicate:
				p.Dup++
			default:
				p.Pending++
			}
		}
	}
	out := make([]alert.Precision, 0, len(count))
	for _, p := range count {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b alert.Precision) int {
		if a.Alerts != b.Alerts {
			return b.Alerts - a.Alerts
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return out, err
}
