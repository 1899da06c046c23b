package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// openOn makes the client for one driver. T is the driver's own transaction type.
func openOn[T any](ctx context.Context, q *Queue, driver riverdriver.Driver[T], cfg *river.Config, native func(context.Context) (T, bool)) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := migrate(ctx, m); err != nil {
		return err
	}
	client, err := river.NewClient(driver, cfg)
	if err != nil {
		return err
	}
	q.insert = func(ctx context.Context, a args, opts *river.InsertOpts) error {
		t, ok := native(ctx)
		if !ok {
			return errs.New(errs.Internal, "a job is enqueued in a transaction")
		}
		_, err := client.InsertTx(ctx, t, a, opts)
		return err
	}
	q.start, q.stop = client.Start, client.Stop
	return nil
}

type worker struct {
	river.WorkerDefaults[args]
	q *Queue
}

// Timeout disables River's own: handlers bound themselves and can be cancelled.
func (w *worker) Timeout(*river.Job[args]) time.Duration { return -1 }

// Work runs the handler of the row that the River job names.
func (w *worker) Work(ctx context.Context, rj *river.Job[args]) error {
	q := w.q
	j, err := sqldb.One(ctx, q.db, scan, `SELECT `+columns+` FROM jobs_job WHERE id = $1`, rj.Args.Job)
	if errs.Is(err, errs.NotFound) {
		return river.JobCancel(fmt.Errorf("row %s is gone", rj.Args.Job))
	}
	if err != nil {
		return err
	}
	if j.Status == Cancelled || j.Status == Done {
		return nil
	}
	if _, err := q.db.Exec(ctx, `UPDATE jobs_job SET status = 'running', started_at = $2, error = '', hint = '' WHERE id = $1`, j.ID, q.clock().UnixMicro()); err != nil {
		return err
	}
	q.changed()
	runCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go q.watchCancel(runCtx, j.ID, cancel)
	p := &progress{q: q, job: j.ID}
	err = run(runCtx, q.handlers[j.Kind], j, p.tell)
	p.flush(context.WithoutCancel(ctx))
	return w.finish(context.WithoutCancel(ctx), j, err, ctx.Err() != nil, rj.Attempt)
}

// run calls the handler; a panic in it is a failed job.
func run(ctx context.Context, h Handler, j Job, p Progress) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errs.New(errs.Internal, "the job failed: %v", r)
			slog.Error("job panic", "kind", j.Kind, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	return h(ctx, j, p)
}

// finish decides what follows: done, cancelled, later again, or failed.
func (w *worker) finish(ctx context.Context, j Job, err error, stopping bool, attempt int) error {
	q := w.q
	defer q.changed()
	status, again := Done, error(nil)
	switch {
	case err == nil:
	case stopping: // the process ends; River runs the job again after the restart
		status, again = Queued, err
	case isCancel(err):
		status = Cancelled
	case errs.Is(err, errs.Unavailable) && attempt < maxAttempts:
		status, again = Queued, err
	default:
		status = Failed
		q.log.Warn("job failed", "kind", j.Kind, "job", j.ID, "error", err)
	}
	msg := ""
	if err != nil {
		msg = err.Error()
	}
	finished := new(int64)
	*finished = q.clock().UnixMicro()
	if status == Queued {
		finished = nil
	}
	if _, uerr := q.db.Exec(ctx, `UPDATE jobs_job SET status = $2, error = $3, hint = $4, finished_at = $5 WHERE id = $1`, j.ID, string(status), msg, errs.HintOf(err), finished); uerr != nil {
		return uerr
	}
	return again
}

// watchCancel ends the job when its row says so; the request may come from another process.
func (q *Queue) watchCancel(ctx context.Context, job string, cancel context.CancelFunc) {
	t := time.NewTicker(cancelPoll)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			var stop bool
			if err := q.db.QueryRow(ctx, []any{&stop}, `SELECT cancel FROM jobs_job WHERE id = $1`, job); err == nil && stop {
				cancel()
				return
			}
		}
	}
}

// progress writes how far a job is, at most every progressEvery.
type progress struct {
	q   *Queue
	job string

	mu          sync.Mutex
	last        time.Time
	done, total int64
	note        string
	dirty       bool
}

func (p *progress) tell(done, total int64, note string) {
	p.mu.Lock()
	p.done, p.total, p.note, p.dirty = done, total, note, true
	now := time.Now()
	due := now.Sub(p.last) >= progressEvery
	if due {
		p.last = now
	}
	p.mu.Unlock()
	if due {
		p.flush(context.Background())
	}
}

func (p *progress) flush(ctx context.Context) {
	p.mu.Lock()
	done, total, note, dirty := p.done, p.total, p.note, p.dirty
	p.dirty = false
	p.mu.Unlock()
	if !dirty {
		return
	}
	if _, err := p.q.db.Exec(ctx, `UPDATE jobs_job SET done_n = $2, total_n = $3, note = $4 WHERE id = $1`, p.job, done, total, note); err != nil {
		p.q.log.Warn("progress not written", "job", p.job, "error", err)
	}
	p.q.changed()
}
