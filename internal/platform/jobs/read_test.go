package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestList: an organisation's jobs by what they are, and nobody else's.
func TestList(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		q := open(t, db, map[string]jobs.Handler{"sleep": func(context.Context, jobs.Job, jobs.Progress) error { return nil }})
		var ids []string
		for _, n := range []jobs.New{
			{Org: "org", Kind: "sleep", Title: "Collect 100% of GitHub", Subject: "con_1"}, {Org: "org", Kind: "sleep", Title: "Run the tests"}, {Org: "other", Kind: "sleep", Title: "Collect theirs"},
		} {
			id, err := q.Enqueue(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if err := q.SetResult(ctx, ids[0], "/runs/1"); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			f    jobs.Find
			want int
		}{
			"all": {jobs.Find{}, 2}, "by text": {jobs.Find{Text: "COLLECT"}, 1}, "by a text with a sign of patterns": {jobs.Find{Text: "100%"}, 1}, "by nothing that is there": {jobs.Find{Text: "_"}, 0},
			"by subject": {jobs.Find{Subject: "con_1"}, 1}, "by state": {jobs.Find{Status: "queued"}, 2}, "by another state": {jobs.Find{Status: "done"}, 0}, "by kind": {jobs.Find{Kind: "none"}, 0},
		} {
			c.f.Limit = 10
			rows, total, err := q.List(ctx, "org", c.f)
			if err != nil || total != c.want || len(rows) != c.want {
				t.Errorf("%s: %d of %d, %v", name, len(rows), total, err)
			}
		}
		rows, total, err := q.List(ctx, "org", jobs.Find{Sort: "title", Limit: 1})
		if err != nil || total != 2 || len(rows) != 1 || rows[0].Result != "/runs/1" || rows[0].Subject != "con_1" {
			t.Errorf("the first by title: %+v %v", rows, err)
		}
		if n, err := q.Working(ctx, "org"); err != nil || n != 2 {
			t.Errorf("%d are under way, %v", n, err)
		}
		if err := q.Cancel(ctx, "org", ids[1]); err != nil {
			t.Fatal(err)
		}
		all, err := q.Open(ctx, "org")
		if err != nil || len(all) != 1 || all[0].ID != ids[0] {
			t.Errorf("open: %+v %v", all, err)
		}
	})
}

// TestCloseWatchers: those who watch are told that nothing comes any more, and so is who comes later.
func TestCloseWatchers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		q := open(t, db, nil)
		early, stop := q.Watch()
		q.CloseWatchers()
		late, stopLate := q.Watch()
		for name, c := range map[string]<-chan struct{}{"early": early, "late": late} {
			select {
			case _, ok := <-c:
				if ok {
					t.Errorf("%s: a change instead of the end", name)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("%s: nobody said that it is over", name)
			}
		}
		stop()
		stopLate()
		q.CloseWatchers()
	})
}
