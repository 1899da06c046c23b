package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// slowLake is one event, which is read only when open is closed.
type slowLake struct {
	e    event.Event
	open chan struct{}
}

func (l slowLake) Each(ctx context.Context, _ access.ReadScope, _ []string, _, _ time.Time, do func(*event.Event) error) error {
	select {
	case <-l.open:
		return do(&l.e)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestReconstructJob: a reconstruction goes on while nobody waits, is asked for once, can be cancelled, and is the work of who asked.
func TestReconstructJob(t *testing.T) {
	t.Parallel()
	a := open(t, map[string]string{"data": t.TempDir()})
	ctx := t.Context()
	_, operator, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Dana Whitfield"}, false)
	if err != nil {
		t.Fatal(err)
	}
	scope, err := a.Access.As(ctx, operator, a.Clock(), "owner@northwind.example")
	if err != nil {
		t.Fatal(err)
	}
	now := a.Clock().UTC().Truncate(time.Microsecond)
	raised, err := a.Alerts.Raise(ctx, scope, now, []alert.Signal{{Kind: alert.Signature, Rule: "r1", Title: "A key that nobody asked for", Level: alert.High, Entity: "ada", EntityKind: "principal", Technique: "T1098", At: now,
		Events: []alert.Fact{{Event: "ev_key", At: now, Log: "aws.cloudtrail", Actor: "ada", Action: "iam:CreateAccessKey"}}}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := a.Incidents.Declare(ctx, scope, now, incident.New{Text: incident.Text{Title: "A key that nobody asked for", Severity: 2}, Alerts: []string{raised[0].Ref}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.OpenJobs(ctx); err != nil {
		t.Fatal(err)
	}
	work := a.Background()
	if _, err := work.Reconstruct(ctx, scope, x.Ref); !errs.Is(err, errs.Unavailable) {
		t.Errorf("without events: %v", err)
	}
	lake := slowLake{open: make(chan struct{}), e: event.Event{ID: "ev_key", Log: "aws.cloudtrail", At: now, Received: now, Class: event.APIActivity, Action: "iam:CreateAccessKey", Effect: event.Creates, Weight: event.WeightPrivilege,
		Actor: event.Actor{ID: "ada", Name: "ada"}, From: event.Endpoint{IP: "203.0.113.66"}}}
	a.Incidents.Events = lake
	if err := a.Jobs.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Jobs.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})
	state := func(id string) string {
		j, err := work.Job(ctx, scope.ReadScope, id)
		if err != nil {
			t.Fatal(err)
		}
		return j.Status
	}
	first, err := work.Reconstruct(ctx, scope, x.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := work.Reconstruct(ctx, scope, x.Ref); err != nil || again != first {
		t.Errorf("%s and %s, %v", first, again, err)
	}
	until(t, "the job began", func() bool { return state(first) == "running" })
	if err := work.Cancel(ctx, scope, first); err != nil {
		t.Fatal(err)
	}
	until(t, "the job ended", func() bool { return state(first) == "cancelled" })
	if _, _, err := a.Incidents.Reconstruction(ctx, scope.ReadScope, x.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("cancelled, and %v", err)
	}
	second, err := work.Reconstruct(ctx, scope, x.Ref)
	if err != nil || second == first {
		t.Fatal(errors.Join(err, errors.New("the cancelled one is taken for a new one")))
	}
	close(lake.open)
	until(t, "the job was done", func() bool { return state(second) == "done" })
	found, shot, err := a.Incidents.Reconstruction(ctx, scope.ReadScope, x.ID)
	if err != nil || found.Root != "ev_key" || shot.Actor != scope.Actor() {
		t.Errorf("%+v by %s, %v", found, shot.Actor, err)
	}
	if j, err := work.Job(ctx, scope.ReadScope, second); err != nil || !strings.HasSuffix(j.Result, x.Ref) {
		t.Errorf("%+v, %v", j, err)
	}
}
