package page

import (
	"context"
	"io"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Background is the organisation's work that goes on while nobody waits.
type Background interface {
	// Collect has a connection read; it returns the job, or the one that is under way already. So do Test and Bundle.
	Collect(ctx context.Context, scope access.Scope, connection string) (job string, err error)
	// Test runs tests by their identifiers; none means all.
	Test(ctx context.Context, scope access.Scope, tests []string) (job string, err error)
	// Bundle writes a dossier, named "A-2026-1/2" (engagement and number), as an archive to fetch from the job's page.
	Bundle(ctx context.Context, scope access.Scope, dossier string) (job string, err error)

	// Reconstruct computes from the events what belongs to an incident. What stands against it is told at once.
	Reconstruct(ctx context.Context, scope access.Scope, incident string) (job string, err error)

	Jobs(ctx context.Context, scope access.ReadScope, q paging.Query) (paging.Result[Job], error)
	// Find is Jobs with a filter, in the order asked for.
	Find(ctx context.Context, scope access.ReadScope, f JobFilter, q paging.Query) (paging.Result[Job], error)
	// Working counts what is queued or runs.
	Working(ctx context.Context, scope access.ReadScope) (int, error)
	// Open lists what is queued or runs, oldest first.
	Open(ctx context.Context, scope access.ReadScope) ([]Job, error)
	Job(ctx context.Context, scope access.ReadScope, id string) (Job, error)
	// File is what a job made, to keep; NotFound when it made none or it was tidied away.
	File(ctx context.Context, scope access.ReadScope, id string) (Output, error)
	// Watch gives a value whenever a job may have changed; the channel is closed when the program ends.
	Watch(ctx context.Context) (changed <-chan struct{}, stop func())
	Cancel(ctx context.Context, scope access.Scope, id string) error
}

// Cases packs case files of incidents while nobody waits.
type Cases interface {
	// BundleCase writes the case file of an incident with its records and proofs as an archive; it returns the job, or the one under way.
	BundleCase(ctx context.Context, scope access.Scope, incident string) (job string, err error)
	// BundledCase is the newest archive that is there; NotFound before the first.
	BundledCase(ctx context.Context, scope access.ReadScope, incident string) (Output, error)
}

// Job is a piece of background work as pages show it.
type Job struct {
	ID      string
	Kind    string // collect, test, bundle, reconstruct, case bundle
	Title   string
	By      string // who asked for it: a person's name, or what the program does by itself
	Subject string // what it works on: a connection's identifier, a dossier
	Status  string // queued, running, done, failed or cancelled
	Done    int64
	Total   int64 // 0 when not known
	Note    string
	Error   string
	Hint    string
	Result  string // path of what came out; empty for none
	Ending  bool   // somebody asked it to stop
	Created time.Time
	Started *time.Time
	// Finished is nil while it lasts.
	Finished *time.Time
}

// JobFilter narrows a list of jobs; empty fields do not.
type JobFilter struct{ Kind, Status, Subject string }

// Output is a file that a job made.
type Output struct {
	Name, Type string
	Size       int64
	Modified   time.Time
	Body       io.ReadCloser
}

// Over reports whether the job has ended, in whatever way.
func (j Job) Over() bool { return j.Status != "queued" && j.Status != "running" }

// Sign is the job's state as a badge: a status key and a word.
func (j Job) Sign() (key, word string) {
	switch {
	case j.Ending && !j.Over():
		return "prog", "Ending"
	case j.Status == "queued":
		return "na", "Queued"
	case j.Status == "running":
		return "prog", "Running"
	case j.Status == "done":
		return "pass", "Done"
	case j.Status == "cancelled":
		return "na", "Cancelled"
	}
	return "err", "Failed"
}

// Took is how long the job has run, or ran.
func (j Job) Took(now time.Time) time.Duration {
	switch {
	case j.Started == nil:
		return 0
	case j.Finished != nil:
		return j.Finished.Sub(*j.Started)
	}
	return max(0, now.Sub(*j.Started))
}

// Progress is how far the job is, in words: "41 of 83", "12,004 so far".
func (j Job) Progress() string {
	switch {
	case j.Status == "done" && j.Done != j.Total:
		return "" // what was counted beforehand was a guess
	case j.Total > 0:
		return Count(int(j.Done)) + " of " + Count(int(j.Total))
	case j.Done > 0:
		return Count(int(j.Done)) + " so far"
	}
	return ""
}

// JobUnderWay finds the first open job of a kind on a subject; an empty subject matches any.
func JobUnderWay(open []Job, kind, subject string) (Job, bool) {
	for _, j := range open {
		if j.Kind == kind && (subject == "" || j.Subject == subject) {
			return j, true
		}
	}
	return Job{}, false
}

func jobKey(j Job) string  { key, _ := j.Sign(); return key }
func jobWord(j Job) string { _, word := j.Sign(); return word }
