package jobs

import (
	"context"

	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Find narrows a list of jobs.
type Find struct {
	Kind, Status, Subject string // empty for all
	Text                  string // somewhere in the title
	Sort                  string // created, title, status; by creation, newest first, when empty
	Desc                  bool
	Limit                 int
	Offset                int
}

var order = map[string]string{"created": "created_at", "title": "lower(title)", "status": "status"}

// List reads an organisation's jobs, newest first, and how many there are on all pages.
func (q *Queue) List(ctx context.Context, org string, f Find) ([]Job, int, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, org)
	w.AddIf(f.Kind != "", `kind = ?`, f.Kind)
	w.AddIf(f.Status != "", `status = ?`, f.Status)
	w.AddIf(f.Subject != "", `subject = ?`, f.Subject)
	w.AddIf(f.Text != "", `lower(title) LIKE ? ESCAPE '!'`, sqldb.LikeLower(f.Text))
	total, err := sqldb.One(ctx, q.db, sqldb.Int, `SELECT count(*) FROM jobs_job WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return nil, 0, err
	}
	rows, err := sqldb.Collect(ctx, q.db, scan, `SELECT `+columns+` FROM jobs_job WHERE `+w.SQL()+sqldb.OrderBy(order, f.Sort, f.Desc, "created_at DESC, id DESC", "id DESC")+w.Page(f.Limit, f.Offset), w.Args()...)
	return rows, int(total), err
}

// Open lists an organisation's jobs that are queued or run, oldest first.
func (q *Queue) Open(ctx context.Context, org string) ([]Job, error) {
	return sqldb.Collect(ctx, q.db, scan, `SELECT `+columns+` FROM jobs_job WHERE status IN ('queued', 'running') AND org_id = $1 ORDER BY created_at, id`, org)
}

// Working counts an organisation's jobs that are queued or run.
func (q *Queue) Working(ctx context.Context, org string) (int, error) {
	n, err := sqldb.One(ctx, q.db, sqldb.Int, `SELECT count(*) FROM jobs_job WHERE status IN ('queued', 'running') AND org_id = $1`, org)
	return int(n), err
}

// SetResult keeps the path of what came of a job, for a handler that is about to end.
func (q *Queue) SetResult(ctx context.Context, job, path string) error {
	_, err := q.db.Exec(ctx, `UPDATE jobs_job SET result = $2 WHERE id = $1`, job, path)
	return err
}

// Watch returns a channel that gets a value when a job of this process may have changed, until stop is called. It is closed
// when the queue closes its watchers.
func (q *Queue) Watch() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.listeners == nil {
		close(c)
		return c, func() {}
	}
	q.listeners[c] = struct{}{}
	return c, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.listeners, c)
	}
}

// CloseWatchers closes every channel of Watch, those to come included: the program ends.
func (q *Queue) CloseWatchers() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := range q.listeners {
		close(c)
	}
	q.listeners = nil
}

func (q *Queue) changed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := range q.listeners {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
