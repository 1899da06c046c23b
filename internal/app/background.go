package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
)

// Kinds of background work.
const (
	jobCollect = "collect"
	jobTest    = "test"
	jobBundle  = "bundle"
	jobImport  = "import"
	jobTrace   = "reconstruct"
	jobCase    = "case bundle"
	jobAudit   = "audit bundle" // of a firm
)

// collectPayload names the connection that a job reads.
type collectPayload struct {
	Connection collect.ConnectionID `json:"connection"`
}

// testPayload names the tests to run; none means all.
type testPayload struct {
	Tests []string `json:"tests,omitempty"`
}

// OpenJobs prepares the queue. Nothing runs before it is started.
func (a *App) OpenJobs(ctx context.Context) error {
	q, err := a.newQueue(ctx)
	if err == nil {
		a.Jobs = q
	}
	return err
}

func (a *App) newQueue(ctx context.Context) (*jobs.Queue, error) {
	return jobs.Open(ctx, a.DB, a.Log, a.Clock, map[string]jobs.Handler{jobCollect: a.collectJob, jobTest: a.testJob, jobBundle: a.bundleJob, jobImport: a.importJob, jobAudit: a.auditJob, jobIssue: a.issueJob, jobTrace: a.traceJob, jobCase: a.caseJob})
}

// system is the scope in which background work of an organisation runs; its trail names who asked for it.
func (a *App) system(j jobs.Job) access.Scope { return a.Access.System(access.OrgID(j.Org), j.By) }

// collectJob reads one connection, and has the tests run on what it brought.
func (a *App) collectJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload collectPayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	scope := a.system(j)
	conn, err := a.Collect.Store.Connection(ctx, scope.ReadScope, string(payload.Connection))
	if err != nil {
		return err
	}
	run, err := a.Collect.Run(ctx, scope, collect.Request{
		Connection: conn, Trigger: trigger(j), Now: a.Clock(), Clock: a.Clock,
		Progress: func(resource string, facts int64) { p(facts, 0, resource) },
	})
	if err != nil {
		return err
	}
	if err := a.Jobs.SetResult(ctx, j.ID, "/runs/"+string(run.ID)); err != nil {
		return err
	}
	if run.Status != collect.Complete && run.Status != collect.Partial {
		return nil // the run itself says why, and is shown with the connection
	}
	if a.Collect.Connectors[conn.Kind].Describe().Log {
		return nil // read every few minutes: nobody's access or duties hang on it, and tests read it when they run after the others
	}
	if err := a.RefreshAfter(ctx, scope, a.Clock(), conn); err != nil {
		return err
	}
	if err := a.FollowReviews(ctx, scope, a.Clock(), conn); err != nil {
		return err
	}
	_, err = a.Jobs.Enqueue(ctx, jobs.New{Org: j.Org, Kind: jobTest, Title: testTitle, By: j.By, Payload: testPayload{}, Once: true})
	return err
}

const testTitle = "Run the tests"

// trigger is what started a job, as runs keep it.
func trigger(j jobs.Job) string {
	if strings.HasPrefix(j.By, "usr_") {
		return "by hand"
	}
	return j.By
}

// testJob runs the tests it names, or every enabled test that reads what is connected.
func (a *App) testJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload testPayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	scope := a.system(j)
	all, err := a.Evaluate.Store.Installed(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	tests, err := a.Relevant(ctx, scope.ReadScope, all)
	if err != nil {
		return err
	}
	if len(payload.Tests) > 0 {
		tests = slices.DeleteFunc(tests, func(t evaluate.Installed) bool { return !slices.Contains(payload.Tests, t.Definition.ID) })
		if len(tests) == 0 {
			return errs.New(errs.Invalid, "none of the tests reads a system that is connected").WithHint("Connect the system the test reads, then run it again.")
		}
	}
	result := "/tests"
	if len(payload.Tests) == 1 {
		result = "/t/" + payload.Tests[0]
	}
	if err := a.Jobs.SetResult(ctx, j.ID, result); err != nil {
		return err
	}
	now := a.Clock()
	_, err = a.Evaluate.Evaluate(ctx, scope, evaluate.Request{
		Tests: tests, AsOf: now, Trigger: trigger(j), Now: now, Progress: func(done, total int, test string) { p(int64(done), int64(total), test) },
	})
	return err
}

// CollectNow has a connection read in the background. It returns the job, or the one that is under way.
func (a *App) CollectNow(ctx context.Context, scope access.Scope, c collect.Connection, by string) (string, error) {
	if err := scope.Require(access.RunCollection); err != nil {
		return "", err
	}
	return a.Jobs.Enqueue(ctx, jobs.New{Org: string(scope.Org()), Kind: jobCollect, Title: "Collect " + c.Name, By: by, Subject: string(c.ID), Payload: collectPayload{c.ID}, Once: true})
}

// TestNow has the tests run in the background.
func (a *App) TestNow(ctx context.Context, scope access.Scope, by string) (string, error) {
	if err := scope.Require(access.RunTests); err != nil {
		return "", err
	}
	return a.Jobs.Enqueue(ctx, jobs.New{Org: string(scope.Org()), Kind: jobTest, Title: testTitle, By: by, Payload: testPayload{}, Once: true})
}

// scheduleEvery is how often the scheduler looks for what is due.
const scheduleEvery = time.Minute

// schedule enqueues what is due, at once and then every minute, until ctx ends. Connections without an interval of their
// own have the configured one.
func (a *App) schedule(ctx context.Context, usual time.Duration) {
	t := time.NewTicker(scheduleEvery)
	defer t.Stop()
	for {
		if err := a.scheduleDue(ctx, usual); err != nil && ctx.Err() == nil {
			a.Log.Error("what is due could not be scheduled", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// scheduleDue enqueues a collection for every connection whose last run began longer ago than its interval.
func (a *App) scheduleDue(ctx context.Context, usual time.Duration) error {
	orgs, err := a.Access.Orgs(ctx)
	if err != nil {
		return err
	}
	now := a.Clock()
	for _, o := range orgs {
		scope := a.Access.System(o.ID, "scheduler")
		conns, err := a.Collect.Store.Connections(ctx, scope.ReadScope)
		if err != nil {
			return errs.Wrap(err, "organisation %s", o.Slug)
		}
		usual := usual
		if o.Settings.Every > 0 {
			usual = o.Settings.Every
		}
		for _, c := range conns {
			due, err := a.due(ctx, scope.ReadScope, c, usual, now)
			if err != nil {
				return errs.Wrap(err, "connection %s", c.Name)
			}
			if !due {
				continue
			}
			if _, err := a.CollectNow(ctx, scope, c, "scheduler"); err != nil {
				return errs.Wrap(err, "connection %s", c.Name)
			}
		}
	}
	return nil
}

// due reports whether the scheduler shall read a connection now.
func (a *App) due(ctx context.Context, scope access.ReadScope, c collect.Connection, usual time.Duration, now time.Time) (bool, error) {
	if c.Paused {
		return false, nil
	}
	runs, err := a.Collect.Store.Runs(ctx, scope, c.ID, paging.Query{Page: 1, Size: 1})
	if err != nil || len(runs.Rows) == 0 {
		return err == nil, err
	}
	every := c.Every
	if every <= 0 {
		every = usual
	}
	return !now.Before(runs.Rows[0].Started.Add(every)), nil
}
