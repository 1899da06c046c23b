package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// queued is the queue as pages see it: rights, the trail, and names of people.
type queued struct{ a *App }

// Background is the organisation's background work, for the pages. The queue must be open.
func (a *App) Background() page.Background { return queued{a} }

// rightOf is what each kind of job needs, to start it and to stop it.
var rightOf = map[string]access.Action{jobCollect: access.RunCollection, jobTest: access.RunTests, jobBundle: access.BuildReport, jobImport: access.ImportRecords, jobAudit: access.Examine, jobIssue: access.SignOpinion, jobTrace: access.HandleAlerts, jobCase: access.HandleAlerts}

// start enqueues a job and records who asked for it.
func (w queued) start(ctx context.Context, scope access.Scope, n jobs.New) (string, error) {
	if err := scope.Require(rightOf[n.Kind]); err != nil {
		return "", err
	}
	if w.a.Jobs == nil {
		return "", errs.New(errs.Unavailable, "nothing runs in the background here")
	}
	n.Org, n.By, n.Once = string(scope.Org()), scope.Actor(), true
	var id string
	err := w.a.DB.InTx(ctx, func(ctx context.Context) error {
		before, err := w.a.Jobs.Open(ctx, n.Org)
		if err != nil {
			return err
		}
		if id, err = w.a.Jobs.Enqueue(ctx, n); err != nil {
			return err
		}
		if slices.ContainsFunc(before, func(j jobs.Job) bool { return j.ID == id }) {
			return nil // under way already
		}
		if n.Kind == jobAudit { // a firm has no pages of jobs
			_, err = w.a.Access.Recorder.Append(ctx, scope, w.a.Clock(), "bundle.asked", n.Subject, map[string]any{"engagement": n.Subject, "title": n.Title})
			return err
		}
		_, err = w.a.Access.Recorder.Append(ctx, scope, w.a.Clock(), "job.asked", id, map[string]any{"kind": n.Kind, "title": n.Title})
		return err
	})
	return id, err
}

func (w queued) Collect(ctx context.Context, scope access.Scope, connection string) (string, error) {
	c, err := w.a.Collect.Store.Connection(ctx, scope.ReadScope, connection)
	if err != nil {
		return "", err
	}
	if c.Paused {
		return "", errs.New(errs.Conflict, "%s is paused", c.Name).WithHint("Resume the connection, then collect.")
	}
	return w.start(ctx, scope, jobs.New{Kind: jobCollect, Title: "Collect " + c.Name, Subject: string(c.ID), Payload: collectPayload{c.ID}})
}

func (w queued) Test(ctx context.Context, scope access.Scope, tests []string) (string, error) {
	n := jobs.New{Kind: jobTest, Title: testTitle, Payload: testPayload{Tests: tests}}
	switch {
	case len(tests) == 1:
		n.Title, n.Subject = "Run "+tests[0], tests[0]
	case len(tests) > 1:
		n.Title = fmt.Sprintf("Run %d tests, from %s", len(tests), tests[0])
	}
	return w.start(ctx, scope, n)
}

func (w queued) Bundle(ctx context.Context, scope access.Scope, dossier string) (string, error) {
	f, ref, err := w.a.dossier(ctx, scope.ReadScope, dossier)
	if err != nil {
		return "", err
	}
	name := ref + "/" + strconv.Itoa(f.Number)
	return w.start(ctx, scope, jobs.New{Kind: jobBundle, Title: fmt.Sprintf("Bundle %s, dossier %d", ref, f.Number), Subject: name, Payload: bundlePayload{name}})
}

// dossier finds the dossier that "A-2026-1/2" names.
func (a *App) dossier(ctx context.Context, scope access.ReadScope, name string) (engagement.Frozen, string, error) {
	ref, number, _ := strings.Cut(name, "/")
	n, err := strconv.Atoi(number)
	e, found := a.Engagement.Store.Engagement(ctx, scope, ref)
	if err != nil || found != nil {
		return engagement.Frozen{}, "", errors.Join(found, errs.As(errs.NotFound, err, "%q names no dossier", name))
	}
	all, err := a.Engagement.Store.Dossiers(ctx, scope, e.ID)
	if err != nil {
		return engagement.Frozen{}, "", err
	}
	i := slices.IndexFunc(all, func(d engagement.Frozen) bool { return d.Number == n })
	if i < 0 {
		return engagement.Frozen{}, "", errs.New(errs.NotFound, "%s has no dossier %d", ref, n)
	}
	return all[i], e.Ref, nil
}

func (w queued) Working(ctx context.Context, scope access.ReadScope) (int, error) {
	if w.a.Jobs == nil || !scope.Can(access.ReadProgramme) {
		return 0, nil
	}
	return w.a.Jobs.Working(ctx, string(scope.Org()))
}

func (w queued) Jobs(ctx context.Context, scope access.ReadScope, q paging.Query) (paging.Result[page.Job], error) {
	return w.Find(ctx, scope, page.JobFilter{}, q)
}

func (w queued) Find(ctx context.Context, scope access.ReadScope, f page.JobFilter, q paging.Query) (paging.Result[page.Job], error) {
	q = q.Norm()
	res := paging.Result[page.Job]{Query: q}
	if err := scope.Require(access.ReadProgramme); err != nil || w.a.Jobs == nil {
		return res, err
	}
	rows, total, err := w.a.Jobs.List(ctx, string(scope.Org()), jobs.Find{
		Kind: f.Kind, Status: f.Status, Subject: f.Subject, Text: q.Search, Sort: q.Sort, Desc: q.Desc, Limit: q.Size, Offset: q.Offset(),
	})
	if err != nil {
		return res, err
	}
	res.Total = total
	res.Rows, err = w.shown(ctx, scope, rows)
	return res, err
}

func (w queued) Open(ctx context.Context, scope access.ReadScope) ([]page.Job, error) {
	if w.a.Jobs == nil || !scope.Can(access.ReadProgramme) {
		return nil, nil
	}
	rows, err := w.a.Jobs.Open(ctx, string(scope.Org()))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return w.shown(ctx, scope, rows)
}

func (w queued) Job(ctx context.Context, scope access.ReadScope, id string) (page.Job, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return page.Job{}, err
	}
	j, err := w.job(ctx, scope, id)
	if err != nil {
		return page.Job{}, err
	}
	shown, err := w.shown(ctx, scope, []jobs.Job{j})
	if err != nil {
		return page.Job{}, err
	}
	return shown[0], nil
}

func (w queued) job(ctx context.Context, scope access.ReadScope, id string) (jobs.Job, error) {
	if w.a.Jobs == nil {
		return jobs.Job{}, errs.New(errs.NotFound, "no job %s", id)
	}
	return w.a.Jobs.Job(ctx, string(scope.Org()), id)
}

// shown puts names for actors.
func (w queued) shown(ctx context.Context, scope access.ReadScope, rows []jobs.Job) ([]page.Job, error) {
	names := map[string]string{}
	if slices.ContainsFunc(rows, func(j jobs.Job) bool { return strings.HasPrefix(j.By, "usr_") }) {
		all, err := w.a.Access.Members(ctx, scope)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			names[string(m.ID)] = m.Name
		}
	}
	out := make([]page.Job, len(rows))
	for i, j := range rows {
		by := j.By
		switch {
		case names[by] != "":
			by = names[by]
		case by == "scheduler":
			by = "The schedule"
		case strings.HasPrefix(by, "usr_"):
			by = "Somebody who has left"
		}
		out[i] = page.Job{
			ID: j.ID, Kind: j.Kind, Title: j.Title, By: by, Subject: j.Subject, Status: string(j.Status), Done: j.Done, Total: j.Total, Note: j.Note,
			Error: j.Error, Hint: j.Hint, Result: j.Result, Ending: j.Ending, Created: j.Created, Started: j.Started, Finished: j.Finished,
		}
	}
	return out, nil
}

func (w queued) Watch(context.Context) (<-chan struct{}, func()) {
	if w.a.Jobs == nil {
		c := make(chan struct{})
		close(c)
		return c, func() {}
	}
	return w.a.Jobs.Watch()
}

func (w queued) Cancel(ctx context.Context, scope access.Scope, id string) error {
	j, err := w.job(ctx, scope.ReadScope, id)
	if err != nil {
		return err
	}
	if err := scope.Require(rightOf[j.Kind]); err != nil {
		return err
	}
	return w.a.DB.InTx(ctx, func(ctx context.Context) error {
		if err := w.a.Jobs.Cancel(ctx, j.Org, id); err != nil {
			return err
		}
		_, err := w.a.Access.Recorder.Append(ctx, scope, w.a.Clock(), "job.cancelled", id, map[string]any{"kind": j.Kind, "title": j.Title})
		return err
	})
}

// bundlePayload names the dossier a job packs.
type bundlePayload struct {
	Dossier string `json:"dossier"`
}

// bundlesKept is how long a bundle waits to be fetched.
const bundlesKept = 7 * 24 * time.Hour

func (a *App) bundleFile(org, job string) string {
	return filepath.Join(a.Config.Data, "bundles", filepath.Base(org), filepath.Base(job)+".zip")
}

// waitingFile is where a job leaves a bundle until somebody fetches it. What nobody fetched is tidied away, and what an attempt of before
// left is removed.
func (a *App) waitingFile(j jobs.Job) (string, error) {
	name := a.bundleFile(j.Org, j.ID)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", errs.As(errs.Unavailable, err, "folder of bundles")
	}
	a.tidyBundles(filepath.Dir(name))
	_ = os.Remove(name)
	return name, nil
}

// bundleJob packs a dossier into a file that waits in the data folder.
func (a *App) bundleJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload bundlePayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	scope := a.system(j)
	f, _, err := a.dossier(ctx, scope.ReadScope, payload.Dossier)
	if err != nil {
		return err
	}
	name, err := a.waitingFile(j)
	if err != nil {
		return err
	}
	_, _, err = a.WriteBundle(ctx, scope, a.Clock(), f, name, func(done, total int, what string) { p(int64(done), int64(total), what) })
	if err != nil {
		return err
	}
	return a.Jobs.SetResult(ctx, j.ID, "/jobs/"+j.ID+"/file")
}

// tidyBundles removes bundles that have waited long enough.
func (a *App) tidyBundles(dir string) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range all {
		if i, err := e.Info(); err == nil && i.Mode().IsRegular() && time.Since(i.ModTime()) > bundlesKept {
			_ = os.Remove(filepath.Join(dir, e.Name())) // tried again next time
		}
	}
}

func (w queued) File(ctx context.Context, scope access.ReadScope, id string) (page.Output, error) {
	j, err := w.job(ctx, scope, id)
	if err != nil {
		return page.Output{}, err
	}
	need := access.ReadEngagement
	if j.Kind == jobCase {
		need = access.ReadDetections
	}
	if err := scope.Require(need); err != nil {
		return page.Output{}, err
	}
	if j.Kind == jobCase && j.Status == jobs.Done {
		return w.output(j, incident.BundleName(j.Subject))
	}
	if j.Kind != jobBundle || j.Status != jobs.Done {
		return page.Output{}, errs.New(errs.NotFound, "this job made no file")
	}
	return w.output(j, strings.ToLower(strings.ReplaceAll(j.Subject, "/", "-bundle-"))+".zip")
}

// output is the file that a job left.
func (w queued) output(j jobs.Job, name string) (page.Output, error) {
	f, err := os.Open(w.a.bundleFile(j.Org, j.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return page.Output{}, errs.New(errs.NotFound, "the bundle has been tidied away").WithHint("Bundles wait for a week. Make it again from where it was made.")
	}
	if err != nil {
		return page.Output{}, errs.As(errs.Unavailable, err, "open the bundle")
	}
	st, err := f.Stat()
	if err != nil {
		return page.Output{}, errors.Join(errs.As(errs.Unavailable, err, "open the bundle"), f.Close())
	}
	return page.Output{Name: name, Type: "application/zip", Size: st.Size(), Modified: st.ModTime(), Body: readCloser{bufio.NewReaderSize(f, 1<<16), f}}, nil
}

// readCloser reads by way of a buffer and closes the file.
type readCloser struct {
	*bufio.Reader
	f *os.File
}

func (r readCloser) Close() error { return r.f.Close() }
