package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/verify"
)

// casePayload names the incident whose case file a job packs, who asked, and whether the bundle is kept as evidence.
type casePayload struct {
	Incident string        `json:"incident"`
	By       access.UserID `json:"by"`
	Keep     bool          `json:"keep,omitempty"`
}

// caseBundler packs case files. The intake log must be open.
func (a *App) caseBundler() (*incident.Bundler, error) {
	if a.Events == nil {
		return nil, errs.New(errs.Conflict, "events cannot be read here").WithHint("The server reads them: tickmark serve.")
	}
	return &incident.Bundler{
		Incidents: a.Incidents, Ledger: a.Ledger, Proofs: a.EventProofs, Head: a.letterhead, Print: a.PrintCase,
		Settle: func(ctx context.Context, now time.Time) error {
			_, err := a.EventSealer.Seal(ctx, now, true)
			return err
		},
	}, nil
}

// letterhead is the organisation's name and those of its people.
func (a *App) letterhead(ctx context.Context, s access.ReadScope) (incident.Letterhead, error) {
	o, err := a.Access.Org(ctx, s)
	if err != nil {
		return incident.Letterhead{}, err
	}
	out := incident.Letterhead{Org: o.Name, Simulated: o.Simulated, Names: map[string]string{}}
	members, err := a.Access.Members(ctx, s)
	for _, m := range members {
		out.Names[string(m.ID)] = m.Name
	}
	return out, err
}

// WriteCaseBundle writes the bundle of an incident to a file that must not exist. The file appears when it is whole and on disk, or never.
func (a *App) WriteCaseBundle(ctx context.Context, scope access.Scope, now time.Time, ref, name string, progress func(done, total int, what string)) (verify.CaseManifest, int64, error) {
	b, err := a.caseBundler()
	if err != nil {
		return verify.CaseManifest{}, 0, err
	}
	return writeWhole(name, func(w io.Writer) (verify.CaseManifest, error) { return b.Write(ctx, scope, now, ref, w, progress) })
}

// Cases packs case files in the background, for the pages. The queue must be open.
func (a *App) Cases() page.Cases { return queued{a} }

// BundleCase implements page.Cases.
func (w queued) BundleCase(ctx context.Context, scope access.Scope, ref string) (string, error) {
	x, err := w.a.Incidents.Incident(ctx, scope.ReadScope, ref)
	if err != nil {
		return "", err
	}
	if _, err := w.a.caseBundler(); err != nil {
		return "", err
	}
	return w.start(ctx, scope, jobs.New{Kind: jobCase, Title: "Bundle the case file of " + x.Ref, Subject: x.Ref, Payload: casePayload{Incident: x.Ref, By: scope.User()}})
}

// bundleClosed has the bundle of an incident made and kept, in the transaction that closes it. Without a queue nobody will.
func (a *App) bundleClosed(ctx context.Context, scope access.Scope, x incident.Incident) error {
	if a.Jobs == nil || a.Events == nil || scope.User() == "" {
		return nil
	}
	_, err := a.Jobs.Enqueue(ctx, jobs.New{Org: string(scope.Org()), Kind: jobCase, Title: "Keep the case file of " + x.Ref + " as evidence", By: scope.Actor(), Subject: x.Ref, Once: true,
		Payload: casePayload{x.Ref, scope.User(), true}})
	return err
}

// caseJob packs the case file of an incident with the rights of who asked for it, into a file that waits in the data folder.
func (a *App) caseJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload casePayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	scope, err := a.Access.Hands(ctx, a.system(j), payload.By)
	if err != nil {
		return err
	}
	name, err := a.waitingFile(j)
	if err != nil {
		return err
	}
	if _, _, err := a.WriteCaseBundle(ctx, scope, a.Clock(), payload.Incident, name, func(done, total int, what string) { p(int64(done), int64(total), what) }); err != nil {
		return err
	}
	if err := a.Jobs.SetResult(ctx, j.ID, "/jobs/"+j.ID+"/file"); err != nil || !payload.Keep {
		return err
	}
	return a.keepBundle(ctx, scope, payload.Incident, name)
}

// keepBundle files the bundle of a closed incident as evidence.
func (a *App) keepBundle(ctx context.Context, scope access.Scope, ref, name string) error {
	x, err := a.Incidents.Incident(ctx, scope.ReadScope, ref)
	if err != nil || x.State != incident.Closed || !scope.Can(access.AddEvidence) {
		return err
	}
	st, err := os.Stat(name)
	if err != nil {
		return errs.As(errs.Unavailable, err, "the bundle of %s", ref)
	}
	from, now := caseFrom(x), a.Clock()
	if st.Size() > a.Evidence.Limit() { // the timeline says so: whoever looks for it finds why it is not there
		_, err := a.Incidents.Note(ctx, scope, now, ref, now, fmt.Sprintf("The bundle of the case file has %d MiB. Evidence has %d MiB at most, so it is not kept as evidence: fetch it from this page within a week.", st.Size()>>20, a.Evidence.Limit()>>20), nil)
		return err
	}
	all, err := a.Evidence.Add(ctx, scope, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: x.Ref + " " + x.Title + ": records and proofs", Kind: evidence.Document, Class: evidence.Confidential,
		Files: []evidence.File{{Name: incident.BundleName(ref), Size: st.Size(), Open: func() (io.ReadCloser, error) { return os.Open(name) }}},
		Shows: "The case file of the incident as it was closed, with the record of each of its events and the proof of each up to a signed checkpoint. tickmark verify checks it.",
		From:  from, To: now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1), Obtained: "Made by the program from its records when " + x.Ref + " was closed", Controls: []string{"INC-02", "INC-03", "INC-05"}, Again: true,
	})
	if err != nil {
		return err
	}
	return a.Incidents.KeepBundle(ctx, scope, now, ref, all[0].Ref)
}

// caseFrom is the first day that the case file of an incident speaks about.
func caseFrom(x incident.Incident) time.Time {
	from := x.Created.UTC().Truncate(24 * time.Hour)
	if m := x.Times.Started; m != nil && m.At.Before(from) {
		from = m.At.UTC().Truncate(24 * time.Hour)
	}
	return from
}

// BundledCase implements page.Cases: the newest bundle of an incident that waits, or the one that is kept as evidence.
func (w queued) BundledCase(ctx context.Context, scope access.ReadScope, ref string) (page.Output, error) {
	x, err := w.a.Incidents.Incident(ctx, scope, ref)
	if err != nil {
		return page.Output{}, err
	}
	if w.a.Jobs != nil {
		rows, _, err := w.a.Jobs.List(ctx, string(scope.Org()), jobs.Find{Kind: jobCase, Subject: x.Ref, Status: string(jobs.Done), Sort: "created", Desc: true, Limit: paging.MaxSize})
		if err != nil {
			return page.Output{}, err
		}
		for _, j := range rows {
			out, err := w.output(j, incident.BundleName(x.Ref))
			if !errs.Is(err, errs.NotFound) {
				return out, err
			}
		}
	}
	kept, err := w.a.Incidents.KeptBundle(ctx, scope, x.ID)
	if err != nil {
		return page.Output{}, err
	}
	if kept == "" || !scope.Can(access.ReadEvidence) {
		return page.Output{}, errs.New(errs.NotFound, "there is no bundle of %s", x.Ref).WithHint("Make one on the page of the incident. Bundles wait for a week; the one of a closed incident is kept as evidence.")
	}
	it, err := w.a.Evidence.Store.Item(ctx, scope, kept)
	if err != nil {
		return page.Output{}, err
	}
	body, err := w.a.Blobs.Dir.Open(it.SHA256)
	if err != nil {
		return page.Output{}, err
	}
	return page.Output{Name: incident.BundleName(x.Ref), Type: "application/zip", Size: it.Bytes, Modified: it.ReceivedAt, Body: body}, nil
}
