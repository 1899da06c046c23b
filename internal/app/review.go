package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/review/reviewsql"
	"github.com/tickmark/tickmark/internal/work"
)

func (a *App) wireReviews() {
	store := &reviewsql.Store{DB: a.DB}
	a.Reviews = &review.Service{
		Store: store, Counts: store, Members: a.Access, Directory: a.People, Connections: a.Collect.Store, Resources: a.Collect.ResourcesOf,
		Snapshots: a.Evidence.Store, Facts: collectsql.Facts{Lake: a.Lake}, Archive: a.Evidence, Tasks: reviewTasks{a.Work}, Tx: a.DB, Ledger: a.Ledger.Store,
	}
}

// FollowReviews looks in what was just collected from a connection whether what reviews had removed is gone.
func (a *App) FollowReviews(ctx context.Context, scope access.Scope, now time.Time, c collect.Connection) error {
	_, err := a.Reviews.Follow(ctx, scope, now, string(c.ID))
	return errs.Wrap(err, "what access reviews decided on %s", c.Name)
}

// reviewTasks opens tasks for what reviews decided.
type reviewTasks struct{ work *work.Service }

// Open implements review.Tasks.
func (t reviewTasks) Open(ctx context.Context, scope access.Scope, now time.Time, x review.Task) error {
	_, err := t.work.Open(ctx, scope, now, work.New{
		Title: x.Title, Text: x.Text, Source: work.FromReview, SourceRef: x.Subject, Owner: string(x.Owner), Due: x.Due, Criteria: []string{"CC6.2", "CC6.3"},
	})
	switch {
	case errs.Is(err, errs.Conflict): // it is open already
		return nil
	case errs.Is(err, errs.Invalid) && errs.FieldOf(err) == "owner": // the reviewer cannot have tasks any more
		x.Owner = ""
		return t.Open(ctx, scope, now, x)
	}
	return err
}
