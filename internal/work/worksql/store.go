// Package worksql keeps tasks and marks in the records database.
package worksql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/work"
)

// Store implements work.Store.
type Store struct{ DB *sqldb.DB }

const columns = `id, ref, title, text, status, why, source, source_ref, owner, due_day, criteria, version, created_at, created_by, updated_at, closed_at`

func scanTask(r sqldb.Row) (work.Task, error) {
	var t work.Task
	var criteria string
	var created, updated int64
	var closed *int64
	err := r.Scan(&t.ID, &t.Ref, &t.Title, &t.Text, &t.Status, &t.Why, &t.Source, &t.SourceRef, &t.Owner, &t.Due, &criteria, &t.Version, &created, &t.CreatedBy, &updated, &closed)
	if err != nil {
		return t, err
	}
	t.Created, t.Updated, t.ClosedAt = sqldb.Time(created), sqldb.Time(updated), sqldb.TimePtr(closed)
	return t, errs.As(errs.Internal, json.Unmarshal([]byte(criteria), &t.Criteria), "criteria of %s", t.Ref)
}

func criteriaOf(t work.Task) (string, error) {
	if t.Criteria == nil {
		return "[]", nil
	}
	b, err := json.Marshal(t.Criteria)
	return string(b), err
}

// Add inserts a task with the next number.
func (s *Store) Add(ctx context.Context, scope access.Scope, t work.Task) (work.Task, error) {
	criteria, err := criteriaOf(t)
	if err != nil {
		return t, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var number int
		if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO work_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = work_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		t.Ref = fmt.Sprintf("T-%03d", number)
		// ON CONFLICT instead of an error, so that PostgreSQL lets the caller's transaction go on.
		n, err := s.DB.Exec(ctx, `INSERT INTO work_task (org_id, number, `+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING`,
			string(scope.Org()), number, string(t.ID), t.Ref, t.Title, t.Text, string(t.Status), t.Why, string(t.Source), t.SourceRef, string(t.Owner), int64(t.Due), criteria,
			t.Version, t.Created.UnixMicro(), t.CreatedBy, t.Updated.UnixMicro(), sqldb.MicrosPtr(t.ClosedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "there is an open task for %s %s already", t.Source, t.SourceRef)
		}
		return s.event(ctx, t.ID, work.Event{At: t.Created, Actor: t.CreatedBy, Kind: work.Opened, Became: t.Title})
	})
	return t, err
}

func (s *Store) event(ctx context.Context, id work.TaskID, e work.Event) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO work_event (task_id, n, at, actor, kind, field, was, became)
		VALUES ($1, (SELECT COALESCE(max(x.n), 0) + 1 FROM work_event x WHERE x.task_id = $1), $2, $3, $4, $5, $6, $7)`,
		string(id), e.At.UnixMicro(), e.Actor, string(e.Kind), e.Field, e.Was, e.Became)
	return err
}

// Save moves a task forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, t work.Task, base int, events []work.Event) error {
	criteria, err := criteriaOf(t)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		// A task that is opened again must not meet another one that is open for the same source.
		n, err := s.DB.Exec(ctx, `UPDATE work_task SET title = $4, text = $5, status = $6, why = $7, owner = $8, due_day = $9, criteria = $10, version = $11, updated_at = $12, closed_at = $13
			WHERE org_id = $1 AND id = $2 AND version = $3 AND ($14 OR source = 'hand' OR NOT EXISTS (SELECT 1 FROM work_task o
				WHERE o.org_id = work_task.org_id AND o.source = work_task.source AND o.source_ref = work_task.source_ref AND o.closed_at IS NULL AND o.id <> work_task.id))`,
			string(scope.Org()), string(t.ID), base, t.Title, t.Text, string(t.Status), t.Why, string(t.Owner), int64(t.Due), criteria, t.Version, t.Updated.UnixMicro(),
			sqldb.MicrosPtr(t.ClosedAt), t.Status.Closed())
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s was changed meanwhile", t.Ref)
		}
		for _, e := range events {
			if err := s.event(ctx, t.ID, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Note adds an event that changes nothing.
func (s *Store) Note(ctx context.Context, scope access.Scope, id work.TaskID, e work.Event) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE work_task SET updated_at = $3 WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id), e.At.UnixMicro())
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "no task %s", id)
		}
		return s.event(ctx, id, e)
	})
}

// Task reads a task by identifier or reference.
func (s *Store) Task(ctx context.Context, scope access.ReadScope, idOrRef string) (work.Task, error) {
	t, err := sqldb.One(ctx, s.DB, scanTask, `SELECT `+columns+` FROM work_task WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return t, errs.New(errs.NotFound, "no task %s", idOrRef).WithHint("tickmark task list")
	}
	return t, err
}

// Without a date a task comes after those that have one.
const dueOrder = `CASE WHEN due_day = 0 THEN 1 ELSE 0 END, due_day`

var sorts = map[string]string{
	"ref": "number", "title": "lower(title)", "status": "status", "due": "due_day", "source": "source", "updated": "updated_at", "created": "created_at",
}

// Tasks lists tasks: what is due first.
func (s *Store) Tasks(ctx context.Context, scope access.ReadScope, f work.Filter, q paging.Query) (paging.Result[work.Task], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Open, `closed_at IS NULL`)
	w.AddIf(f.Status != "", `status = ?`, string(f.Status))
	w.AddIf(f.Owner != "", `owner = ?`, string(f.Owner))
	w.AddIf(f.Unowned, `owner = ''`)
	w.AddIf(f.Source != "", `source = ?`, string(f.Source))
	w.AddIf(f.SourceRef != "", `source_ref = ?`, f.SourceRef)
	w.AddIf(f.Criterion != "", `criteria LIKE ? ESCAPE '!'`, sqldb.Like(`"`+f.Criterion+`"`))
	w.AddIf(f.Overdue != 0, `closed_at IS NULL AND due_day <> 0 AND due_day < ?`, int64(f.Overdue))
	w.In(`ref`, f.Refs)
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(title) LIKE ? ESCAPE '!' OR lower(text) LIKE ? ESCAPE '!' OR lower(source_ref) LIKE ? ESCAPE '!')`, text, text, text, text)
	}
	res := paging.Result[work.Task]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM work_task WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, dueOrder+`, number`, "number")
	if q.Sort == "due" && !q.Desc {
		order = ` ORDER BY ` + dueOrder + `, number`
	}
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanTask, `SELECT `+columns+` FROM work_task WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// History lists everything that happened to a task, oldest first.
func (s *Store) History(ctx context.Context, scope access.ReadScope, id work.TaskID) ([]work.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (work.Event, error) {
		var e work.Event
		var at int64
		err := r.Scan(&e.N, &at, &e.Actor, &e.Kind, &e.Field, &e.Was, &e.Became)
		e.At = sqldb.Time(at)
		return e, err
	}, `SELECT e.n, e.at, e.actor, e.kind, e.field, e.was, e.became FROM work_event e JOIN work_task t ON t.id = e.task_id
		WHERE t.org_id = $1 AND e.task_id = $2 ORDER BY e.n`, string(scope.Org()), string(id))
}

// AddMark adds a mark after base.
func (s *Store) AddMark(ctx context.Context, scope access.Scope, m work.Mark, base int) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(n), 0) FROM work_mark WHERE org_id = $1 AND programme = $2 AND line = $3`,
			string(scope.Org()), m.Programme, m.Line)
		if err != nil {
			return err
		}
		n := int64(0)
		if newest == int64(base) {
			// Two writers may have read the same base: the primary key lets one of them in.
			n, err = s.DB.Exec(ctx, `INSERT INTO work_mark (org_id, programme, line, n, state, note, evidence, actor, at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (org_id, programme, line, n) DO NOTHING`,
				string(scope.Org()), m.Programme, m.Line, base+1, string(m.State), m.Note, m.Evidence, m.Actor, m.At.UnixMicro())
		}
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "somebody settled this line meanwhile").WithHint("Look at what it says now, and send again to replace it.")
		}
		return err
	})
}

// Marks lists every mark of a programme, newest first.
func (s *Store) Marks(ctx context.Context, scope access.ReadScope, programme string) ([]work.Mark, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (work.Mark, error) {
		m := work.Mark{Programme: programme}
		var at int64
		err := r.Scan(&m.Line, &m.N, &m.State, &m.Note, &m.Evidence, &m.Actor, &at)
		m.At = sqldb.Time(at)
		return m, err
	}, `SELECT line, n, state, note, evidence, actor, at FROM work_mark WHERE org_id = $1 AND programme = $2 ORDER BY line, n DESC`, string(scope.Org()), programme)
}
