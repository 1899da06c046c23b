package view

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// ConnectionRow is a connection with its last run.
type ConnectionRow struct {
	ID, Kind, Name string
	Settings       map[string]string
	Every          time.Duration // 0 for by hand only
	Paused         bool
	Cursor         *time.Time // up to when streams have been read completely
	Created        time.Time
	Removed        *time.Time
	Runs           int64
	Last           *RunRow    // newest run; nil before the first
	Complete       *time.Time // end of the newest run in which nothing was missing
	Failing        int64      // runs that gave nothing since one gave something
}

// Health is how a connection stands, computed from its runs.
type Health string

// The states of a connection, worst first.
const (
	HealthFailing    Health = "failing"    // the last run that ended gave nothing
	HealthIncomplete Health = "incomplete" // the last run that ended is missing something
	HealthLate       Health = "late"       // the next run is overdue by more than its interval
	HealthNever      Health = "never"      // not collected yet
	HealthPaused     Health = "paused"
	HealthRunning    Health = "running"
	HealthFine       Health = "fine"
	HealthRemoved    Health = "removed"
)

// Health judges a connection at an instant. A connection that is read by hand is never late.
func (c ConnectionRow) Health(now time.Time) Health {
	switch {
	case c.Removed != nil:
		return HealthRemoved
	case c.Last == nil && c.Paused:
		return HealthPaused
	case c.Last == nil:
		return HealthNever
	case !c.Last.Status.Ended():
		return HealthRunning
	case c.Last.Status == collect.Partial:
		return HealthIncomplete
	case c.Last.Status != collect.Complete:
		return HealthFailing
	case c.Paused:
		return HealthPaused
	case c.Every > 0 && now.Sub(c.Last.Started) > 2*c.Every:
		return HealthLate
	}
	return HealthFine
}

// Due is when the next run is expected; nil when none is.
func (c ConnectionRow) Due() *time.Time {
	if c.Last == nil || c.Every == 0 || c.Paused || c.Removed != nil {
		return nil
	}
	t := c.Last.Started.Add(c.Every)
	return &t
}

// RunRow is a run as a list shows it.
type RunRow struct {
	ID, Connection, Kind, Name, Trigger string
	Status                              collect.RunStatus
	Started                             time.Time
	Finished                            *time.Time
	Since, Until                        time.Time
	Error                               string
	Items, Incomplete, Facts            int64 // pieces of evidence it made, those that are incomplete, and rows in all of them
}

// RunFilter narrows a list of runs. Zero values do not narrow.
type RunFilter struct {
	ID, Connection, Status string
	Empty                  Empty
	About                  period.Period // day on which the run began
}

// Empty says what a list does with readings of logs that found nothing new. A log is read every few minutes: most readings of a quiet
// one are empty, and what they show is that somebody looked. Of other facts no rows is something to look at, and is never left out.
type Empty struct {
	Logs []string // kinds of systems of which only logs are read; none means that nothing is empty
	Only bool     // show them alone; otherwise all others
}

// Connections lists connections by name, each with its last run; removed ones only when asked for.
func (r *Reader) Connections(ctx context.Context, s access.ReadScope, removed bool) ([]ConnectionRow, error) {
	return r.connections(ctx, s, `(c.removed_at IS NULL OR $2)`, removed)
}

// Connection reads one connection by name; of several with the name the one that is in use, or the newest.
func (r *Reader) Connection(ctx context.Context, s access.ReadScope, name string) (ConnectionRow, error) {
	found, err := r.connections(ctx, s, `(c.name = $2 OR c.id = $2)`, name)
	if err != nil {
		return ConnectionRow{}, err
	}
	for _, c := range found {
		if c.Removed == nil {
			return c, nil
		}
	}
	if len(found) == 0 {
		return ConnectionRow{}, errs.New(errs.NotFound, "no connection %q", name).WithHint("The list of connections names those there are.")
	}
	return found[len(found)-1], nil
}

func (r *Reader) connections(ctx context.Context, s access.ReadScope, where string, arg any) ([]ConnectionRow, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	out, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (ConnectionRow, error) {
		var c ConnectionRow
		var settings string
		var every, cursor, created int64
		var removed, complete *int64
		if err := row.Scan(&c.ID, &c.Kind, &c.Name, &settings, &every, &c.Paused, &cursor, &created, &removed, &c.Runs, &complete, &c.Failing); err != nil {
			return c, err
		}
		c.Every, c.Created, c.Removed, c.Complete = time.Duration(every)*time.Second, sqldb.Time(created), sqldb.TimePtr(removed), sqldb.TimePtr(complete)
		if cursor != 0 {
			c.Cursor = sqldb.TimePtr(&cursor)
		}
		return c, json.Unmarshal([]byte(settings), &c.Settings)
	}, `SELECT c.id, c.kind, c.name, c.settings, c.every_s, c.paused, c.cursor_at, c.created_at, c.removed_at,
			(SELECT count(*) FROM collect_run n WHERE n.connection_id = c.id),
			(SELECT max(d.finished_at) FROM collect_run d WHERE d.connection_id = c.id AND d.status = 'complete'),
			(SELECT count(*) FROM collect_run f WHERE f.connection_id = c.id AND f.status IN ('failed', 'interrupted') AND f.started_at >
				COALESCE((SELECT max(g.started_at) FROM collect_run g WHERE g.connection_id = c.id AND g.status IN ('complete', 'partial')), 0))
		FROM collect_connection c WHERE c.org_id = $1 AND `+where+` ORDER BY c.name, c.created_at`, orgOf(s), arg)
	if err != nil {
		return nil, err
	}
	for i := range out {
		last, err := r.runs(ctx, s, RunFilter{Connection: out[i].ID}, paging.Query{Page: 1, Size: 1})
		if err != nil {
			return nil, err
		}
		if len(last) > 0 {
			out[i].Last = &last[0]
		}
	}
	return out, nil
}

var runSorts = map[string]string{"started": "r.started_at", "name": "r.name", "status": "r.status", "trigger": "r.trigger_by"}

func (f RunFilter) where(s access.ReadScope, search string) *sqldb.Where {
	w := &sqldb.Where{}
	w.Add(`r.org_id = ?`, orgOf(s))
	w.AddIf(f.ID != "", `r.id = ?`, f.ID)
	w.AddIf(f.Connection != "", `r.connection_id = ?`, f.Connection)
	w.AddIf(f.Status != "", `r.status = ?`, f.Status)
	f.Empty.add(w, `r.kind`, `r.status = 'complete' AND NOT EXISTS (SELECT 1 FROM evidence_item i WHERE i.org_id = r.org_id AND i.run_id = r.id AND (i.rows_n > 0 OR i.completeness = 'incomplete'))`)
	w.AddIf(f.About.From != 0, `r.started_at >= ?`, f.About.From.Time().UnixMicro())
	w.AddIf(f.About.To != 0, `r.started_at < ?`, f.About.To.Time().UnixMicro())
	if search != "" {
		p := sqldb.LikeLower(search)
		w.Add(`(lower(r.name) LIKE ? ESCAPE '!' OR lower(r.error) LIKE ? ESCAPE '!')`, p, p)
	}
	return w
}

// add narrows a list by whether its rows are empty readings of logs.
func (x Empty) add(w *sqldb.Where, kind, empty string) {
	if len(x.Logs) == 0 {
		return
	}
	args := make([]any, len(x.Logs))
	for i, k := range x.Logs {
		args[i] = k
	}
	not := "NOT "
	if x.Only {
		not = ""
	}
	w.Add(not+`(`+kind+` IN (?`+strings.Repeat(`, ?`, len(args)-1)+`) AND `+empty+`)`, args...)
}

// ReadsLogs says whether the organisation has, or had, a connection of one of the kinds of systems of which only logs are read.
func (r *Reader) ReadsLogs(ctx context.Context, s access.ReadScope, logs []string) (bool, error) {
	if err := s.Require(access.ReadProgramme); err != nil || len(logs) == 0 {
		return false, err
	}
	w := &sqldb.Where{}
	w.Add(`org_id = ?`, orgOf(s))
	w.In(`kind`, logs)
	n, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM collect_connection WHERE `+w.SQL(), w.Args()...)
	return n > 0, err
}

// EmptyRuns counts the runs of a filter that found nothing new in a log.
func (r *Reader) EmptyRuns(ctx context.Context, s access.ReadScope, f RunFilter, search string) (int, error) {
	if err := s.Require(access.ReadProgramme); err != nil || len(f.Empty.Logs) == 0 {
		return 0, err
	}
	f.Empty.Only = true
	w := f.where(s, search)
	n, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM collect_run r WHERE `+w.SQL(), w.Args()...)
	return int(n), err
}

// Runs lists runs, the newest first unless sorted.
func (r *Reader) Runs(ctx context.Context, s access.ReadScope, f RunFilter, q paging.Query) (paging.Result[RunRow], error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return paging.Result[RunRow]{}, err
	}
	return list(ctx, r.db, f.where(s, q.Search), q, runColumns, "collect_run r", runOrder(q), scanRun)
}

// RunChoices counts the runs a filter finds by status.
func (r *Reader) RunChoices(ctx context.Context, s access.ReadScope, f RunFilter, search string) ([]Choice, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	f.Status = ""
	w := f.where(s, search)
	return sqldb.Collect(ctx, r.db, scanChoice, `SELECT r.status, r.status, count(*) FROM collect_run r WHERE `+w.SQL()+` GROUP BY r.status ORDER BY r.status`, w.Args()...)
}

// runs is Runs without the total, for callers that ask for a few.
func (r *Reader) runs(ctx context.Context, s access.ReadScope, f RunFilter, q paging.Query) ([]RunRow, error) {
	w, q := f.where(s, q.Search), q.Norm()
	return sqldb.Collect(ctx, r.db, scanRun, `SELECT `+runColumns+` FROM collect_run r WHERE `+w.SQL()+runOrder(q)+w.Page(q.Size, q.Offset()), w.Args()...)
}

const runColumns = `r.id, r.connection_id, r.kind, r.name, r.trigger_by, r.status, r.started_at, r.finished_at, r.since_at, r.until_at, r.error,
	(SELECT count(*) FROM evidence_item i WHERE i.org_id = r.org_id AND i.run_id = r.id),
	(SELECT count(*) FROM evidence_item i WHERE i.org_id = r.org_id AND i.run_id = r.id AND i.completeness = 'incomplete'),
	(SELECT CAST(COALESCE(sum(i.rows_n), 0) AS BIGINT) FROM evidence_item i WHERE i.org_id = r.org_id AND i.run_id = r.id)`

func runOrder(q paging.Query) string {
	return sqldb.OrderBy(runSorts, q.Sort, q.Desc, "r.started_at DESC, r.id DESC", "r.id DESC")
}

func scanRun(row sqldb.Row) (RunRow, error) {
	var x RunRow
	var started, since, until int64
	var finished *int64
	err := row.Scan(&x.ID, &x.Connection, &x.Kind, &x.Name, &x.Trigger, &x.Status, &started, &finished, &since, &until, &x.Error, &x.Items, &x.Incomplete, &x.Facts)
	x.Started, x.Finished, x.Until = sqldb.Time(started), sqldb.TimePtr(finished), sqldb.Time(until)
	if since != 0 {
		x.Since = sqldb.Time(since)
	}
	return x, err
}

// RunDay is what the runs of a connection on one day came to: the worst state among them, for a day shows its trouble.
type RunDay struct {
	Date   period.Date
	Status collect.RunStatus
	Runs   int64
}

// dayMicros is a day in the unit of stored instants.
const dayMicros = `86400000000`

// RunDays lists the days of a period on which a connection was read.
func (r *Reader) RunDays(ctx context.Context, s access.ReadScope, connection string, p period.Period) ([]RunDay, error) {
	if err := s.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	status := []collect.RunStatus{collect.Complete, collect.Partial, collect.Failed}
	return sqldb.Collect(ctx, r.db, func(row sqldb.Row) (RunDay, error) {
		var d RunDay
		var rank int64
		err := row.Scan(&d.Date, &rank, &d.Runs)
		d.Status = status[rank]
		return d, err
	}, `SELECT started_at / `+dayMicros+` AS day, max(CASE status WHEN 'complete' THEN 0 WHEN 'partial' THEN 1 ELSE 2 END), count(*)
		FROM collect_run WHERE org_id = $1 AND connection_id = $2 AND started_at >= $3 AND started_at < $4 AND status NOT IN ('running', 'sealing')
		GROUP BY started_at / `+dayMicros+` ORDER BY day`, orgOf(s), connection, p.From.Time().UnixMicro(), p.To.Time().UnixMicro())
}
