package view

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Records is what is on record that guided programmes look at.
type Records struct {
	Gaps        []GapRow // of the criteria in scope
	Controls    map[string]ControlRow
	Operations  map[string]control.Operation // by reference
	Window      *Window
	Firm        string         // of the examination
	Dossiers    int            // frozen of it
	Members     map[string]int // by role, those that are not blocked
	Described   map[string]int // records of the system description, by kind
	Decisions   int            // on which report is needed
	Connections int            // that are not removed
	Fresh       int            // of them, read without a failure within two days
	First, Last time.Time      // of the evaluations; zero before the first
}

// Records reads it.
func (r *Reader) Records(ctx context.Context, s access.ReadScope, now time.Time) (Records, error) {
	x := Records{Controls: map[string]ControlRow{}, Operations: map[string]control.Operation{}}
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return x, err
	}
	all, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return x, err
	}
	if x.Window, err = r.Window(ctx, s, now); err != nil {
		return x, err
	}
	span := mini(now)
	if x.Window != nil {
		span = x.Window.Period
	}
	ops, err := r.operations(ctx, s, p, all, StandingsFilter{Period: span, Now: now})
	if err != nil {
		return x, err
	}
	x.Operations = ops.now
	for _, c := range all {
		if !c.Gone() {
			x.Controls[c.Ref] = c
		}
	}
	if x.Gaps, err = r.gapRows(ctx, s, now); err != nil {
		return x, err
	}
	connections, err := r.Connections(ctx, s, false)
	if err != nil {
		return x, err
	}
	x.Connections = len(connections)
	for _, c := range connections {
		if c.Complete != nil && now.Sub(*c.Complete) <= Stale && c.Health(now) == HealthFine {
			x.Fresh++
		}
	}
	if x.Members, err = r.countBy(ctx, `SELECT m.role, count(*) FROM access_member m JOIN access_user u ON u.id = m.user_id WHERE m.org_id = $1 AND NOT u.disabled GROUP BY m.role`, orgOf(s)); err != nil {
		return x, err
	}
	if x.Described, err = r.countBy(ctx, `SELECT kind, count(*) FROM org_record WHERE org_id = $1 AND NOT removed GROUP BY kind`, orgOf(s)); err != nil {
		return x, err
	}
	var first, last int64
	ref := ""
	if x.Window != nil {
		ref = x.Window.Ref
	}
	err = r.db.QueryRow(ctx, []any{&first, &last, &x.Decisions, &x.Firm, &x.Dossiers}, `SELECT COALESCE(min(as_of), 0), COALESCE(max(as_of), 0),
			(SELECT count(*) FROM applicability_decision d WHERE d.org_id = $1), COALESCE((SELECT e.firm FROM engagement_engagement e WHERE e.org_id = $1 AND e.ref = $2), ''),
			(SELECT count(*) FROM engagement_dossier d JOIN engagement_engagement e ON e.id = d.engagement_id WHERE e.org_id = $1 AND e.ref = $2)
		FROM evaluate_batch WHERE org_id = $1`, orgOf(s), ref)
	if first > 0 {
		x.First, x.Last = sqldb.Time(first), sqldb.Time(last)
	}
	return x, err
}

func (r *Reader) countBy(ctx context.Context, sql string, args ...any) (map[string]int, error) {
	out := map[string]int{}
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var key string
		var n int
		err := row.Scan(&key, &n)
		out[key] = n
		return key, err
	}, sql, args...)
	return out, err
}

// Began reports whether tests were evaluated by the first day of the period.
func (x Records) Began() bool {
	return !x.First.IsZero() && x.Window != nil && period.Of(x.First) <= x.Window.Period.From
}

// HasEvidence reports whether a piece of evidence has the reference, whatever its case.
func (r *Reader) HasEvidence(ctx context.Context, s access.ReadScope, ref string) (bool, error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return false, err
	}
	n, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM evidence_item WHERE org_id = $1 AND ref = $2`, orgOf(s), strings.ToUpper(ref))
	return n > 0, err
}
