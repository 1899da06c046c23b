package view

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// ItemRef names an item of a test where one text has to: in a ticked row, and as what a task comes from.
func ItemRef(test, item string) string { return test + "/" + item }

// assigned says of verdicts who looks after them: the open task that each has.
func (r *Reader) assigned(ctx context.Context, s access.ReadScope, rows []Standing) error {
	if len(rows) == 0 || !s.Can(access.ReadTasks) {
		return nil
	}
	refs := make([]string, len(rows))
	for i, x := range rows {
		refs[i] = ItemRef(x.Test, x.ItemID)
	}
	var w sqldb.Where
	w.Add(`t.org_id = ?`, orgOf(s))
	w.Add(`t.source = 'item' AND t.closed_at IS NULL`)
	w.In(`t.source_ref`, refs)
	type task struct {
		ref, owner string
		due        int64
	}
	by := map[string]task{}
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var of string
		var x task
		err := row.Scan(&of, &x.ref, &x.owner, &x.due)
		by[of] = x
		return of, err
	}, `SELECT t.source_ref, t.ref, COALESCE(u.name, ''), t.due_day FROM work_task t LEFT JOIN access_user u ON u.id = t.owner WHERE `+w.SQL(), w.Args()...)
	for i := range rows {
		if x, ok := by[refs[i]]; ok {
			rows[i].Task, rows[i].Assignee, rows[i].Due = x.ref, x.owner, period.Date(x.due)
		}
	}
	return err
}

// Failing lists what does not pass now of all tests. Sort names are those of NotPassing.
func (r *Reader) Failing(ctx context.Context, s access.ReadScope, f StandingFilter, q paging.Query, now time.Time) (StandingList, error) {
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return StandingList{}, err
	}
	return r.NotPassing(ctx, s, p.tests, f, q, now)
}
