package incidentsql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// lake is events in memory, in the order of time.
type lake []event.Event

func (l lake) Each(_ context.Context, _ access.ReadScope, _ []string, from, to time.Time, do func(*event.Event) error) error {
	for i := range l {
		if at := l[i].When(); !at.Before(from) && at.Before(to) {
			if err := do(&l[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// taken is a week of somebody's work, and then a stranger who works with her session and leaves a key.
func taken() lake {
	var out lake
	add := func(id string, at time.Time, ip, session, action string, effect event.Effect, weight event.Weight, issued ...string) {
		out = append(out, event.Event{ID: id, Log: "aws.cloudtrail", At: at, Received: at, Class: event.APIActivity, Action: action, Effect: effect, Weight: weight, Status: event.Success, Session: session,
			Actor: event.Actor{ID: "ada", Name: "ada.lind", Kind: event.Person}, From: event.Endpoint{IP: ip}, Issued: issued, Targets: []event.Target{{Kind: "bucket", ID: "bucket-of-" + action, Effect: effect}}})
	}
	for day := range 7 {
		for hour := range 8 {
			at := now.AddDate(0, 0, day-7).Add(time.Duration(hour-6) * time.Hour)
			add(fmt.Sprintf("work-%d-%d", day, hour), at, "192.0.2.10", fmt.Sprintf("s-%d", day), "s3:GetObject", event.Reads, event.WeightRead)
		}
	}
	add("in", after(-50), "203.0.113.66", "stolen", "signin:ConsoleLogin", event.EffectUnknown, event.WeightSignIn)
	add("key", after(-40), "203.0.113.66", "stolen", "iam:CreateAccessKey", event.Creates, event.WeightPrivilege, "key-that-is-left")
	add("read", after(-30), "203.0.113.66", "stolen", "s3:ListBuckets", event.Reads, event.WeightRead)
	return out
}

// TestReconstruct: what the events show is kept as it was computed, and says when it began unless somebody knows better.
func TestReconstruct(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a := w.raise(now, "T1098", "key")
		x, err := w.svc.Declare(ctx, w.pia, after(5), incident.New{Text: incident.Text{Title: "A key that nobody asked for", Severity: 2}, Alerts: []string{a.Ref}})
		w.ok(err)
		_, err = w.svc.Reconstruct(ctx, w.pia, after(6), x.Ref)
		w.refused(err, errs.Unavailable, "", "no events can be read")
		w.svc.Events = lake{}
		_, err = w.svc.Reconstruct(ctx, w.pia, after(6), x.Ref)
		w.refused(err, errs.NotFound, "", "none of the 1 events")
		w.svc.Events = taken()
		_, err = w.svc.Reconstruct(ctx, w.ann, after(6), x.Ref)
		w.refused(err, errs.Denied, "", "may not handle alerts")
		x, err = w.svc.Reconstruct(ctx, w.pia, after(6), x.Ref)
		w.ok(err)
		found, shot, err := w.svc.Reconstruction(ctx, w.ann.ReadScope, x.ID)
		w.ok(err)
		if found.Root != "in" || len(found.Events) != 3 || found.Looked != 59 || !shot.At.Equal(after(6)) || !shot.Root.Equal(after(-50)) {
			t.Errorf("root %s, %d of %d events, %v", found.Root, len(found.Events), found.Looked, shot.Root)
		}
		if d, known := x.Took(incident.ToDetect); !known || d != 50*time.Minute || !x.Times.Started.Estimate {
			t.Errorf("%v %v", d, known)
		}
		lines, _, err := w.svc.Timeline(ctx, w.ann.ReadScope, x)
		w.ok(err)
		told := map[string]int{}
		for _, l := range lines {
			if l.Event != "" {
				told[l.Event]++
			}
		}
		if told["in"] != 1 || told["key"] != 1 {
			t.Errorf("%v: each event is told once", told)
		}
		// Ended half-way, it changes nothing.
		gone, end := context.WithCancel(ctx)
		_, err = w.svc.ReconstructTelling(gone, w.pia, after(7), x.Ref, func(_ int64, what string) {
			if what != "read events" {
				end()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended, and %v", err)
		}
		if _, still, err := w.svc.Reconstruction(ctx, w.ann.ReadScope, x.ID); err != nil || !still.At.Equal(shot.At) {
			t.Errorf("%v, %v", still.At, err)
		}
		var told2 []string
		x, err = w.svc.ReconstructTelling(ctx, w.pia, after(7), x.Ref, func(n int64, what string) { told2 = append(told2, fmt.Sprintf("%d %s", n, what)) })
		w.ok(err)
		if strings.Join(told2, ", ") != "0 read events, 59 follow what belongs together" {
			t.Errorf("told %q", told2)
		}
		x, err = w.svc.Correct(ctx, w.pia, after(7), x.Ref, 0, "started", after(-55), false, why)
		w.ok(err)
		x, err = w.svc.Reconstruct(ctx, w.pia, after(8), x.Ref)
		w.ok(err)
		if !x.Times.Started.At.Equal(after(-55)) || x.Times.Started.Estimate {
			t.Errorf("it overrules a person: %+v", x.Times.Started)
		}
		_, _, err = w.svc.Reconstruction(ctx, w.OtherOwner.ReadScope, x.ID)
		w.refused(err, errs.NotFound, "", "not reconstructed")
	})
}

// TestErased: a reconstruction that an erased event is part of goes, and the timeline says where the event stood.
func TestErased(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		store := w.svc.Store
		a := w.raise(now, "T1098", "key")
		x, err := w.svc.Declare(ctx, w.pia, after(5), incident.New{Text: incident.Text{Title: "A key that nobody asked for", Severity: 2}, Alerts: []string{a.Ref}})
		w.ok(err)
		w.svc.Events = taken()
		x, err = w.svc.Reconstruct(ctx, w.pia, after(6), x.Ref)
		w.ok(err)
		bot := w.Access.System(w.Owner.Org(), "erasure")
		w.ok(store.DropSnapshots(ctx, bot, "work-0-0"))
		w.ok(store.DropSnapshots(ctx, w.OtherOwner, "key"))
		_, _, err = w.svc.Reconstruction(ctx, w.ann.ReadScope, x.ID)
		w.ok(err)
		w.ok(w.alerts.EraseEvent(ctx, bot, "key", 42))
		w.ok(store.DropSnapshots(ctx, bot, "key"))
		_, _, err = w.svc.Reconstruction(ctx, w.ann.ReadScope, x.ID)
		w.refused(err, errs.NotFound, "", "not reconstructed")
		lines, _, err := w.svc.Timeline(ctx, w.ann.ReadScope, x)
		w.ok(err)
		told := 0
		for _, l := range lines {
			if l.Kind == incident.LineEvent {
				told++
				if l.Text != "Erased event" || l.Detail != "key, erased by entry 42 of the ledger" || l.Event != "" {
					t.Errorf("%+v", l)
				}
			}
		}
		if told != 1 {
			t.Errorf("%d lines", told)
		}
	})
}
