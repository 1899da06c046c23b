package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func open(t *testing.T, db *sqldb.DB, handlers map[string]jobs.Handler) *jobs.Queue {
	t.Helper()
	q, err := jobs.Open(t.Context(), db, slog.New(slog.DiscardHandler), time.Now, handlers)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func start(t *testing.T, q *jobs.Queue) {
	t.Helper()
	if err := q.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func wait(t *testing.T, q *jobs.Queue, id string, want jobs.Status) jobs.Job {
	t.Helper()
	changed, stop := q.Watch()
	defer stop()
	deadline := time.After(30 * time.Second)
	for {
		j, err := q.Job(t.Context(), "org", id)
		if err != nil {
			t.Fatal(err)
		}
		if j.Status == want {
			return j
		}
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatalf("job is %s (%s), expected %s", j.Status, j.Error, want)
		}
	}
}

func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var tries atomic.Int32
		q := open(t, db, map[string]jobs.Handler{
			"good": func(_ context.Context, j jobs.Job, p jobs.Progress) error {
				p(3, 4, "nearly "+string(j.Payload))
				return nil
			},
			"bad": func(context.Context, jobs.Job, jobs.Progress) error {
				return errs.New(errs.Invalid, "no good").WithHint("mend it")
			},
			"panics": func(context.Context, jobs.Job, jobs.Progress) error { panic("oh") },
			"endless": func(ctx context.Context, _ jobs.Job, p jobs.Progress) error {
				tries.Add(1)
				p(1, 0, "running")
				<-ctx.Done()
				return ctx.Err()
			},
		})
		add := func(kind string) string {
			id, err := q.Enqueue(t.Context(), jobs.New{Org: "org", Kind: kind, Title: kind, By: "usr_1", Payload: map[string]int{"n": 1}})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		good, bad, panics := add("good"), add("bad"), add("panics")
		queued := add("endless")
		if err := q.Cancel(t.Context(), "org", queued); err != nil {
			t.Fatal(err)
		}
		if err := q.Cancel(t.Context(), "other", good); !errs.Is(err, errs.Conflict) {
			t.Errorf("another organisation cancelled: %v", err)
		}
		start(t, q)
		if j := wait(t, q, good, jobs.Done); j.Done != 3 || j.Total != 4 || j.Note != `nearly {"n":1}` || j.Finished == nil {
			t.Errorf("%+v", j)
		}
		if j := wait(t, q, bad, jobs.Failed); j.Error != "no good" || j.Hint != "mend it" {
			t.Errorf("%+v", j)
		}
		wait(t, q, panics, jobs.Failed)
		wait(t, q, queued, jobs.Cancelled)
		running := add("endless")
		wait(t, q, running, jobs.Running)
		if err := q.Cancel(t.Context(), "org", running); err != nil {
			t.Fatal(err)
		}
		wait(t, q, running, jobs.Cancelled)
		if tries.Load() != 1 {
			t.Errorf("the job cancelled in the queue ran: %d", tries.Load())
		}
		if _, err := q.Job(t.Context(), "other", good); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation's job: %v", err)
		}
		all, err := q.Recent(t.Context(), "org", 10)
		if err != nil || len(all) != 5 {
			t.Errorf("%d jobs, %v", len(all), err)
		}
	})
}

// TestTransaction shows that a job exists exactly when the change it belongs to does.
func TestTransaction(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var ran atomic.Int32
		q := open(t, db, map[string]jobs.Handler{"k": func(context.Context, jobs.Job, jobs.Progress) error { ran.Add(1); return nil }})
		stop := errors.New("no")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := q.Enqueue(ctx, jobs.New{Org: "org", Kind: "k", Title: "undone"}); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		first, err := q.Enqueue(t.Context(), jobs.New{Org: "org", Kind: "k", Title: "once", Once: true})
		if err != nil {
			t.Fatal(err)
		}
		again, err := q.Enqueue(t.Context(), jobs.New{Org: "org", Kind: "k", Title: "once", Once: true})
		if err != nil || again != first {
			t.Errorf("%s and %s, %v", first, again, err)
		}
		start(t, q)
		wait(t, q, first, jobs.Done)
		if ran.Load() != 1 {
			t.Errorf("ran %d times", ran.Load())
		}
		if _, err := q.Enqueue(t.Context(), jobs.New{Org: "org", Kind: "unheard of"}); !errs.Is(err, errs.Internal) {
			t.Errorf("unknown kind: %v", err)
		}
	})
}
