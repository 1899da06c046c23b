// Package jobs runs work in the background on the records database, with River as the queue: a job enqueued in a
// transaction exists exactly when the transaction commits, survives restarts, and is retried. A table of our own beside
// River's tells people what runs, how far it is, and lets them cancel it.
package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Status is where a job is in its life.
type Status string

// The states of a job.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Job is a piece of background work of an organisation.
type Job struct {
	ID       string
	Org      string
	Kind     string
	Title    string // what it does, for people
	By       string // who started it
	Subject  string // identifier of what it works on; may be empty
	Result   string // path of what came of it; may be empty
	Ending   bool   // somebody asked it to stop
	Payload  json.RawMessage
	Status   Status
	Done     int64
	Total    int64 // 0 when not known
	Note     string
	Error    string
	Hint     string
	Created  time.Time
	Started  *time.Time
	Finished *time.Time
}

// Progress tells how far a job is. Calls are cheap: they reach the database at most a few times a second.
type Progress func(done, total int64, note string)

// Handler does a job. It must stop when ctx ends. An error of kind Unavailable is tried again later; any other fails the
// job.
type Handler func(ctx context.Context, j Job, p Progress) error

// Limits of the queue.
const (
	maxAttempts   = 5
	workers       = 2
	cancelPoll    = time.Second
	progressEvery = 300 * time.Millisecond
)

// Queue is the background work of one process.
type Queue struct {
	db       *sqldb.DB
	log      *slog.Logger
	handlers map[string]Handler
	clock    func() time.Time
	insert   func(ctx context.Context, a args, opts *river.InsertOpts) error
	start    func(ctx context.Context) error
	stop     func(ctx context.Context) error

	mu        sync.Mutex
	listeners map[chan struct{}]struct{}
}

// args is the one kind of River job there is: it names a row of ours.
type args struct {
	Job string `json:"job"`
}

func (args) Kind() string { return "tickmark" }

// Open prepares River's tables and a client. Handlers and periodic work must be given here; nothing runs before Start.
func Open(ctx context.Context, db *sqldb.DB, log *slog.Logger, clock func() time.Time, handlers map[string]Handler) (*Queue, error) {
	q := &Queue{db: db, log: log, handlers: handlers, clock: clock, listeners: map[chan struct{}]struct{}{}}
	set := river.NewWorkers()
	if err := river.AddWorkerSafely(set, &worker{q: q}); err != nil {
		return nil, errs.As(errs.Internal, err, "prepare the queue")
	}
	cfg := &river.Config{
		Logger: slog.New(slog.DiscardHandler), Workers: set, MaxAttempts: maxAttempts, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		JobTimeout: -1, RescueStuckJobsAfter: time.Hour, TestOnly: false,
	}
	var err error
	switch e := db.Engine().(type) {
	case *sql.DB:
		err = openOn(ctx, q, riversqliteDriver(e), cfg, func(ctx context.Context) (*sql.Tx, bool) { t, ok := db.Native(ctx).(*sql.Tx); return t, ok })
	case *pgxpool.Pool:
		err = openOn(ctx, q, riverpgxv5.New(e), cfg, func(ctx context.Context) (pgx.Tx, bool) { t, ok := db.Native(ctx).(pgx.Tx); return t, ok })
	default:
		err = fmt.Errorf("no queue for the engine %s", db.Dialect())
	}
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "prepare the queue")
	}
	return q, nil
}

func riversqliteDriver(db *sql.DB) *riversqlite.Driver { return riversqlite.New(db) }

// Start begins to work off jobs. Jobs that an earlier process left running are taken up again by River.
func (q *Queue) Start(ctx context.Context) error {
	// A row of ours that says running belongs to a process that ended: its River job will be rescued and start it afresh.
	if _, err := q.db.Exec(ctx, `UPDATE jobs_job SET status = 'queued', started_at = NULL WHERE status = 'running' AND cancel = FALSE`); err != nil {
		return err
	}
	return q.start(ctx)
}

// Stop waits for running jobs until ctx ends.
func (q *Queue) Stop(ctx context.Context) error { return q.stop(ctx) }

// New is a job to enqueue.
type New struct {
	Org, Kind, Title, By string
	Subject              string
	Payload              any
	// Once makes enqueuing do nothing while a job of the same organisation, kind and title is queued or running.
	Once bool
	At   time.Time // not before; zero means now
}

// Enqueue adds a job, in the caller's transaction if ctx carries one. It returns the existing job's identifier when Once
// found one.
func (q *Queue) Enqueue(ctx context.Context, n New) (string, error) {
	if _, ok := q.handlers[n.Kind]; !ok {
		return "", errs.New(errs.Internal, "no handler for jobs of kind %q", n.Kind)
	}
	payload, err := json.Marshal(n.Payload)
	if err != nil {
		return "", errs.As(errs.Internal, err, "payload of job %s", n.Kind)
	}
	now := q.clock()
	j := id.New("job", now)
	err = q.db.InTx(ctx, func(ctx context.Context) error {
		if n.Once {
			have, err := sqldb.Collect(ctx, q.db, sqldb.Strings, `SELECT id FROM jobs_job WHERE org_id = $1 AND kind = $2 AND title = $3 AND status IN ('queued', 'running') ORDER BY created_at LIMIT 1`, n.Org, n.Kind, n.Title)
			if err != nil {
				return err
			}
			if len(have) == 1 {
				j = have[0]
				return nil
			}
		}
		if _, err := q.db.Exec(ctx, `INSERT INTO jobs_job (id, org_id, kind, title, by_actor, payload, status, done_n, total_n, note, error, hint, cancel, created_at, started_at, finished_at, subject, result)
			VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, '', '', '', FALSE, $7, NULL, NULL, $8, '')`, j, n.Org, n.Kind, n.Title, n.By, string(payload), now.UnixMicro(), n.Subject); err != nil {
			return err
		}
		opts := &river.InsertOpts{}
		if !n.At.IsZero() {
			opts.ScheduledAt = n.At
		}
		return q.insert(ctx, args{Job: j}, opts)
	})
	q.changed()
	return j, errs.Wrap(err, "enqueue %s", n.Title)
}

// Cancel asks a job to stop. A queued job never starts; a running one ends soon.
func (q *Queue) Cancel(ctx context.Context, org, job string) error {
	n, err := q.db.Exec(ctx, `UPDATE jobs_job SET cancel = TRUE, status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
		finished_at = CASE WHEN status = 'queued' THEN $3 ELSE finished_at END
		WHERE org_id = $1 AND id = $2 AND status IN ('queued', 'running')`, org, job, q.clock().UnixMicro())
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the job has ended")
	}
	q.changed()
	return err
}

const columns = `id, org_id, kind, title, by_actor, payload, status, done_n, total_n, note, error, hint, created_at, started_at, finished_at,
	COALESCE(subject, ''), COALESCE(result, ''), cancel`

func scan(r sqldb.Row) (Job, error) {
	var j Job
	var payload string
	var created int64
	var started, finished *int64
	err := r.Scan(&j.ID, &j.Org, &j.Kind, &j.Title, &j.By, &payload, &j.Status, &j.Done, &j.Total, &j.Note, &j.Error, &j.Hint, &created, &started, &finished, &j.Subject, &j.Result, &j.Ending)
	j.Payload, j.Created, j.Started, j.Finished = json.RawMessage(payload), sqldb.Time(created), sqldb.TimePtr(started), sqldb.TimePtr(finished)
	return j, err
}

// Job reads one job.
func (q *Queue) Job(ctx context.Context, org, job string) (Job, error) {
	j, err := sqldb.One(ctx, q.db, scan, `SELECT `+columns+` FROM jobs_job WHERE org_id = $1 AND id = $2`, org, job)
	if errs.Is(err, errs.NotFound) {
		return j, errs.New(errs.NotFound, "no job %s", job)
	}
	return j, err
}

// Recent lists an organisation's newest jobs.
func (q *Queue) Recent(ctx context.Context, org string, n int) ([]Job, error) {
	return sqldb.Collect(ctx, q.db, scan, `SELECT `+columns+` FROM jobs_job WHERE org_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, org, n)
}

func isCancel(err error) bool { return errors.Is(err, context.Canceled) }

var _ rivertype.JobArgs = args{}

// migrator is the part of rivermigrate that does not depend on the driver.
func migrate[T any](ctx context.Context, m *rivermigrate.Migrator[T]) error {
	_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}
