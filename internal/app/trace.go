package app

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/jobs"
)

// tracePayload names the incident that a job reconstructs, and who asked: the record says that they did.
type tracePayload struct {
	Incident string        `json:"incident"`
	By       access.UserID `json:"by"`
}

// Reconstruct implements page.Background.
func (w queued) Reconstruct(ctx context.Context, scope access.Scope, incident string) (string, error) {
	x, err := w.a.Incidents.CanReconstruct(ctx, scope, incident)
	if err != nil {
		return "", err
	}
	return w.start(ctx, scope, jobs.New{Kind: jobTrace, Title: "Reconstruct " + x.Ref, Subject: x.Ref, Payload: tracePayload{x.Ref, scope.User()}})
}

// traceJob reconstructs an incident with the rights of who asked for it.
func (a *App) traceJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload tracePayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	scope, err := a.Access.Hands(ctx, a.system(j), payload.By)
	if err != nil {
		return err
	}
	if err := a.Jobs.SetResult(ctx, j.ID, "/incidents/"+payload.Incident); err != nil {
		return err
	}
	_, err = a.Incidents.ReconstructTelling(ctx, scope, a.Clock(), payload.Incident, func(events int64, what string) { p(events, 0, what) })
	return err
}
