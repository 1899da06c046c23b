package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// jobIssue completes an issued report; the firm that issued it has the job.
const jobIssue = "issue bundle"

// issuePayload names the version that waits for its bundle.
type issuePayload struct {
	Client     access.OrgID  `json:"client"`
	Engagement engagement.ID `json:"engagement"`
	Version    int           `json:"version"`
}

// packIssued writes the archive of an issued report.
func (a *App) packIssued(ctx context.Context, scope access.Scope, now time.Time, f engagement.Frozen, with []engagement.Part, w io.Writer, p engagement.BundleProgress) error {
	_, err := a.Engagement.BundleWith(ctx, scope, now, f, with, w, p)
	return err
}

// completeLater has a version completed in the background, in the transaction that issues it. Without a queue nobody will.
func (a *App) completeLater(ctx context.Context, who access.AuditScope, e engagement.Engagement, v issue.Version) (bool, error) {
	if a.Jobs == nil {
		return false, nil
	}
	_, err := a.Jobs.Enqueue(ctx, jobs.New{Org: string(who.Firm.Org()), Kind: jobIssue, Title: fmt.Sprintf("Seal the bundle of %s, version %d", e.Ref, v.Number), By: who.Firm.Actor(), Subject: string(e.ID), Once: true,
		Payload: issuePayload{who.Client.Org(), e.ID, v.Number}})
	return true, err
}

// issueJob completes an issued report.
func (a *App) issueJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var x issuePayload
	if err := json.Unmarshal(j.Payload, &x); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	_, err := a.Issue.Complete(ctx, a.Access.System(x.Client, "issue"), a.Clock(), x.Engagement, x.Version, func(done, total int, what string) { p(int64(done), int64(total), what) })
	return err
}

// resumeIssued takes up the versions of an organisation that an earlier process left without their bundle. Its job would be found
// again, too, after an hour; nobody shall wait for a report so long.
func (a *App) resumeIssued(ctx context.Context, scope access.Scope) error {
	all, err := a.Engagement.Store.Engagements(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	for _, e := range all {
		versions, err := a.Issue.Versions(ctx, scope.ReadScope, e.ID)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if v.Complete() {
				continue
			}
			firm, err := a.firmOf(ctx, scope, e, v)
			if err != nil {
				return err
			}
			if _, err := a.Jobs.Enqueue(ctx, jobs.New{Org: firm, Kind: jobIssue, Title: fmt.Sprintf("Seal the bundle of %s, version %d, after a restart", e.Ref, v.Number), By: v.By, Subject: string(e.ID), Once: true,
				Payload: issuePayload{scope.Org(), e.ID, v.Number}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// resumeAll does so for every organisation.
func (a *App) resumeAll(ctx context.Context) error {
	orgs, err := a.Access.Orgs(ctx)
	for _, o := range orgs {
		if o.Kind != access.Firm && err == nil {
			err = a.resumeIssued(ctx, a.Access.System(o.ID, "recovery"))
		}
	}
	return err
}

// firmOf is the organisation of who issued a version.
func (a *App) firmOf(ctx context.Context, scope access.Scope, e engagement.Engagement, v issue.Version) (string, error) {
	invited, err := a.Access.Auditors(ctx, scope.ReadScope, string(e.ID))
	for _, i := range invited {
		if string(i.User) == v.By {
			return string(i.Firm), err
		}
	}
	return string(scope.Org()), err
}

// Seals implements the pages' Seals: what completes the issued report of an engagement, the newest first.
func (w queued) Seals(ctx context.Context, a access.AuditScope) ([]page.Job, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil || w.a.Jobs == nil {
		return nil, err
	}
	rows, _, err := w.a.Jobs.List(ctx, string(a.Firm.Org()), jobs.Find{Kind: jobIssue, Subject: a.Engagement, Limit: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	return w.shown(ctx, a.Firm.ReadScope, rows)
}

// Document implements the pages' Seals: a document by its hash, to be read as a stream.
func (w queued) Document(sha256 string) (io.ReadCloser, error) { return w.a.Blobs.Dir.Open(sha256) }
