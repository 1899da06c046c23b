// Package occurrencesql keeps the plans of recurring controls and what is on record about them in the records database.
package occurrencesql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements occurrence.Store.
type Store struct{ DB *sqldb.DB }

type termRow struct {
	control string
	occurrence.Term
}

const termColumns = `control, version, since_day, rhythm, first_day, window_days, owner, deputy, attach, checked, why, at, actor`

func scanTerm(r sqldb.Row) (termRow, error) {
	var t termRow
	var at int64
	err := r.Scan(&t.control, &t.Version, &t.Since, &t.Rhythm, &t.First, &t.Window, &t.Owner, &t.Deputy, &t.Attach, &t.Checked, &t.Why, &at, &t.By)
	t.At = sqldb.Time(at)
	return t, err
}

// Plans lists every plan by control.
func (s *Store) Plans(ctx context.Context, scope access.ReadScope) ([]occurrence.Plan, error) {
	rows, err := sqldb.Collect(ctx, s.DB, scanTerm, `SELECT `+termColumns+` FROM occurrence_term WHERE org_id = $1 ORDER BY control, version`, string(scope.Org()))
	return plans(rows), err
}

func plans(rows []termRow) []occurrence.Plan {
	var out []occurrence.Plan
	for _, t := range rows {
		if n := len(out); n == 0 || out[n-1].Control != t.control {
			out = append(out, occurrence.Plan{Control: t.control})
		}
		p := &out[len(out)-1]
		p.Terms = append(p.Terms, t.Term)
	}
	return out
}

// Plan finds the plan of a control.
func (s *Store) Plan(ctx context.Context, scope access.ReadScope, control string) (occurrence.Plan, error) {
	rows, err := sqldb.Collect(ctx, s.DB, scanTerm, `SELECT `+termColumns+` FROM occurrence_term WHERE org_id = $1 AND control = $2 ORDER BY version`, string(scope.Org()), control)
	if err != nil {
		return occurrence.Plan{}, err
	}
	if len(rows) == 0 {
		return occurrence.Plan{}, errs.New(errs.NotFound, "%s is not planned", control).WithHint("Plan it: say when it is due, and who performs it.")
	}
	return plans(rows)[0], nil
}

// AddTerm adds a term after base.
func (s *Store) AddTerm(ctx context.Context, scope access.Scope, control string, base int, t occurrence.Term) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(version), 0) FROM occurrence_term WHERE org_id = $1 AND control = $2`, string(scope.Org()), control)
		if err != nil {
			return err
		}
		n := int64(0)
		if newest == int64(base) {
			// Two writers may have read the same base: the primary key lets one of them in.
			n, err = s.DB.Exec(ctx, `INSERT INTO occurrence_term (org_id, `+termColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
				string(scope.Org()), control, base+1, int64(t.Since), string(t.Rhythm), int64(t.First), t.Window, string(t.Owner), string(t.Deputy), t.Attach, t.Checked, t.Why, t.At.UnixMicro(), t.By)
		}
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "the plan of %s was changed meanwhile", control).WithHint("Compare with what is planned now, and send again to replace it.")
		}
		return err
	})
}

const recordColumns = `control, due_day, version, performed_day, recorded_at, performer, note, evidence, checker, checked_at, check_note`

func scanRecord(r sqldb.Row) (occurrence.Record, error) {
	var x occurrence.Record
	var recorded int64
	var checked *int64
	var evidence string
	err := r.Scan(&x.Control, &x.Due, &x.Version, &x.PerformedOn, &recorded, &x.Performer, &x.Note, &evidence, &x.Checker, &checked, &x.CheckNote)
	if err != nil {
		return x, err
	}
	x.RecordedAt, x.CheckedAt = sqldb.Time(recorded), sqldb.TimePtr(checked)
	return x, errs.As(errs.Internal, json.Unmarshal([]byte(evidence), &x.Evidence), "evidence of %s", x.Control)
}

// Records lists what is on record about what was due in [from, to).
func (s *Store) Records(ctx context.Context, scope access.ReadScope, control string, from, to period.Date) ([]occurrence.Record, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(control != "", `control = ?`, control)
	w.Add(`due_day >= ? AND due_day < ?`, int64(from), int64(to))
	return sqldb.Collect(ctx, s.DB, scanRecord, `SELECT `+recordColumns+` FROM occurrence_record WHERE `+w.SQL()+` ORDER BY control, due_day`, w.Args()...)
}

func list(refs []string) (string, error) {
	if refs == nil {
		return "[]", nil
	}
	b, err := json.Marshal(refs)
	return string(b), err
}

// SaveRecord keeps a record after base with its event.
func (s *Store) SaveRecord(ctx context.Context, scope access.Scope, r occurrence.Record, base int, e occurrence.Event) error {
	evidence, err := list(r.Evidence)
	if err != nil {
		return err
	}
	shown, err := list(e.Evidence)
	if err != nil {
		return err
	}
	org := string(scope.Org())
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		var n int64
		args := []any{org, r.Control, int64(r.Due), base + 1, int64(r.PerformedOn), r.RecordedAt.UnixMicro(), string(r.Performer), r.Note, evidence, string(r.Checker), sqldb.MicrosPtr(r.CheckedAt), r.CheckNote}
		if base == 0 {
			n, err = s.DB.Exec(ctx, `INSERT INTO occurrence_record (org_id, `+recordColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`, args...)
		} else {
			n, err = s.DB.Exec(ctx, `UPDATE occurrence_record SET version = $4, performed_day = $5, recorded_at = $6, performer = $7, note = $8, evidence = $9, checker = $10, checked_at = $11, check_note = $12
				WHERE org_id = $1 AND control = $2 AND due_day = $3 AND version = $4 - 1`, args...)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s of %s was recorded by somebody else meanwhile", r.Control, r.Due)
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO occurrence_event (org_id, control, due_day, n, at, actor, kind, note, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			org, r.Control, int64(r.Due), base+1, e.At.UnixMicro(), e.Actor, string(e.Kind), e.Note, shown)
		return err
	})
}

// History lists what happened to an occurrence, oldest first.
func (s *Store) History(ctx context.Context, scope access.ReadScope, control string, due period.Date) ([]occurrence.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (occurrence.Event, error) {
		var e occurrence.Event
		var at int64
		var evidence string
		err := r.Scan(&e.N, &at, &e.Actor, &e.Kind, &e.Note, &evidence)
		e.At = sqldb.Time(at)
		if err != nil {
			return e, err
		}
		return e, errs.As(errs.Internal, json.Unmarshal([]byte(evidence), &e.Evidence), "evidence of %s", control)
	}, `SELECT n, at, actor, kind, note, evidence FROM occurrence_event WHERE org_id = $1 AND control = $2 AND due_day = $3 ORDER BY n`, string(scope.Org()), control, int64(due))
}
