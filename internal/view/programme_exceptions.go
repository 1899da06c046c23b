package view

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const exceptionColumns = `id, ref, test, item_id, reason, requested_by, requested_at, approved_by, approved_at, expires_at, revoked_by, revoked_at`

func (r *Reader) exceptions(ctx context.Context, s access.ReadScope, test string) ([]evaluate.Exception, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, orgOf(s))
	w.AddIf(test != "", `test = ?`, test)
	return sqldb.Collect(ctx, r.db, func(row sqldb.Row) (evaluate.Exception, error) {
		var e evaluate.Exception
		var requested, expires int64
		var approved, revoked *int64
		err := row.Scan(&e.ID, &e.Ref, &e.Test, &e.ItemID, &e.Reason, &e.RequestedBy, &requested, &e.ApprovedBy, &approved, &expires, &e.RevokedBy, &revoked)
		e.Requested, e.Expires, e.Approved, e.Revoked = sqldb.Time(requested), sqldb.Time(expires), sqldb.TimePtr(approved), sqldb.TimePtr(revoked)
		return e, err
	}, `SELECT `+exceptionColumns+` FROM evaluate_exception WHERE `+w.SQL()+` ORDER BY requested_at DESC, id DESC`, w.Args()...)
}

// ExceptionRow is an exception with what it is about, and names.
type ExceptionRow struct {
	evaluate.Exception
	State     string // "requested", "active", "expired" or "revoked"
	Title     string // of the test
	Controls  []string
	Label     string // of the item, as its last verdict names it
	Requester string // names
	Approver  string
	Revoker   string
	Standing  chart.Outcome // verdict on the item now; None when nothing is known against it. For "*", of the test
}

// Subject is what the exception is about, in words.
func (e ExceptionRow) Subject() string {
	if e.ItemID == "*" {
		return "Every item of the test"
	}
	return cmp.Or(e.Label, e.ItemID)
}

// exceptionRows adds names to exceptions.
func (r *Reader) exceptionRows(ctx context.Context, s access.ReadScope, p *programme, list []evaluate.Exception, now time.Time) ([]ExceptionRow, error) {
	var who []string
	for _, e := range list {
		who = append(who, e.RequestedBy, e.ApprovedBy, e.RevokedBy)
	}
	names, err := r.Actors(ctx, s, who...)
	if err != nil {
		return nil, err
	}
	out := make([]ExceptionRow, 0, len(list))
	for _, e := range list {
		x := ExceptionRow{Exception: e, State: e.State(now), Title: e.Test, Requester: names[e.RequestedBy], Approver: names[e.ApprovedBy], Revoker: names[e.RevokedBy]}
		if i, ok := p.byID[e.Test]; ok {
			t := p.tests[i]
			x.Title, x.Controls = t.Definition.Title, t.Definition.Controls
			if e.ItemID == "*" {
				x.Standing = t.State
			}
		}
		out = append(out, x)
	}
	return out, r.exceptionLabels(ctx, s, out)
}

// exceptionLabels names the items of exceptions and says how they stand, in one query for each kind of test.
func (r *Reader) exceptionLabels(ctx context.Context, s access.ReadScope, rows []ExceptionRow) error {
	var tests, items []string
	for _, e := range rows {
		if e.ItemID != "*" {
			tests, items = append(tests, e.Test), append(items, e.ItemID)
		}
	}
	if len(items) == 0 {
		return nil
	}
	slices.Sort(tests)
	slices.Sort(items)
	type seen struct {
		label   string
		outcome chart.Outcome
	}
	known := map[[2]string]seen{}
	for _, sql := range []string{
		`SELECT test, item_id, label, CASE WHEN to_at IS NULL THEN outcome ELSE '' END FROM evaluate_interval WHERE %s ORDER BY from_at`,
		`SELECT test, item_id, label, outcome FROM evaluate_occurrence WHERE %s ORDER BY occurred_at`,
	} {
		var w sqldb.Where
		w.Add(`org_id = ?`, orgOf(s))
		w.In(`test`, slices.Compact(slices.Clone(tests)))
		w.In(`item_id`, slices.Compact(slices.Clone(items)))
		_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
			var test, item, label, outcome string
			err := row.Scan(&test, &item, &label, &outcome)
			known[[2]string{test, item}] = seen{label, chart.Parse(outcome)}
			return item, err
		}, strings.Replace(sql, "%s", w.SQL(), 1), w.Args()...)
		if err != nil {
			return err
		}
	}
	for i := range rows {
		if x, ok := known[[2]string{rows[i].Test, rows[i].ItemID}]; ok {
			rows[i].Label, rows[i].Standing = x.label, x.outcome
		}
	}
	return nil
}

// exceptionsOn lists the exceptions that are about an item of a test.
func (r *Reader) exceptionsOn(ctx context.Context, s access.ReadScope, p *programme, test, item string, now time.Time) ([]ExceptionRow, error) {
	var list []evaluate.Exception
	for _, e := range p.exceptions {
		if e.Covers(test, item) {
			list = append(list, e)
		}
	}
	return r.exceptionRows(ctx, s, p, list, now)
}

// ExceptionFilter narrows the list of exceptions. Zero values do not narrow.
type ExceptionFilter struct {
	State   string
	Test    string
	Control string
}

// ExceptionList is a page of exceptions and what the filters would find.
type ExceptionList struct {
	paging.Result[ExceptionRow]
	States []Choice
}

// Exceptions lists exceptions, newest first. Sort names: ref, test, item, requested, expires, state.
func (r *Reader) Exceptions(ctx context.Context, s access.ReadScope, f ExceptionFilter, q paging.Query, now time.Time) (ExceptionList, error) {
	var out ExceptionList
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return out, err
	}
	all, err := r.exceptionRows(ctx, s, p, p.exceptions, now)
	if err != nil {
		return out, err
	}
	n := map[string]int64{}
	var rows []ExceptionRow
	for _, e := range all {
		if f.Test != "" && e.Test != f.Test || f.Control != "" && !slices.Contains(e.Controls, f.Control) || !found(q.Search, e.Ref, e.Title, e.Test, e.ItemID, e.Label, e.Reason, e.Requester) {
			continue
		}
		n[e.State]++
		if f.State == "" || e.State == f.State {
			rows = append(rows, e)
		}
	}
	for _, st := range []string{"requested", "active", "expired", "revoked"} {
		out.States = append(out.States, Choice{Value: st, Label: st, N: n[st]})
	}
	sortExceptions(rows, q.Sort, q.Desc)
	out.Result = page(rows, q)
	return out, nil
}

func sortExceptions(rows []ExceptionRow, by string, desc bool) {
	number := func(ref string) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(ref, "EX-")) // what is no number sorts first
		return n
	}
	var compare func(a, b ExceptionRow) int
	switch by {
	case "ref":
		compare = func(a, b ExceptionRow) int { return cmp.Compare(number(a.Ref), number(b.Ref)) }
	case "test":
		compare = func(a, b ExceptionRow) int { return cmp.Compare(a.Title, b.Title) }
	case "item":
		compare = func(a, b ExceptionRow) int {
			return cmp.Compare(strings.ToLower(a.Subject()), strings.ToLower(b.Subject()))
		}
	case "expires":
		compare = func(a, b ExceptionRow) int { return a.Expires.Compare(b.Expires) }
	case "state":
		order := []string{"requested", "active", "expired", "revoked"}
		compare = func(a, b ExceptionRow) int {
			return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State))
		}
	default:
		compare = func(a, b ExceptionRow) int { return b.Requested.Compare(a.Requested) }
	}
	slices.SortStableFunc(rows, func(a, b ExceptionRow) int {
		n := compare(a, b)
		if desc {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(number(b.Ref), number(a.Ref)))
	})
}

// Exception reads one by its reference.
func (r *Reader) Exception(ctx context.Context, s access.ReadScope, ref string, now time.Time) (ExceptionRow, error) {
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return ExceptionRow{}, err
	}
	for _, e := range p.exceptions {
		if strings.EqualFold(e.Ref, ref) {
			rows, err := r.exceptionRows(ctx, s, p, []evaluate.Exception{e}, now)
			if err != nil {
				return ExceptionRow{}, err
			}
			return rows[0], nil
		}
	}
	return ExceptionRow{}, errs.New(errs.NotFound, "no exception %s", ref)
}
