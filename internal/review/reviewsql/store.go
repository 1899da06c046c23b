// Package reviewsql keeps access reviews in the records database.
package reviewsql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/review"
)

// Store implements review.Store.
type Store struct{ DB *sqldb.DB }

const columns = `c.id, c.ref, c.title, c.why, c.state, c.assign_by, c.due_day, c.started_at, c.started_by, c.ended_at, c.ended_by, c.end_why, c.evidence, c.sha256, c.version`

// tally counts rows as of $1.
const tally = `count(*), COALESCE(sum(CASE WHEN r.decision <> '' THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN r.decision = 'keep' THEN 1 ELSE 0 END), 0),
	COALESCE(sum(CASE WHEN r.decision = 'change' THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN r.decision = 'remove' THEN 1 ELSE 0 END), 0),
	COALESCE(sum(CASE WHEN r.flags <> '' THEN 1 ELSE 0 END), 0),
	COALESCE(sum(CASE WHEN r.until_at IS NOT NULL AND r.done_at IS NULL AND r.until_at >= $1 THEN 1 ELSE 0 END), 0),
	COALESCE(sum(CASE WHEN r.until_at IS NOT NULL AND r.done_at IS NULL AND r.until_at < $1 THEN 1 ELSE 0 END), 0),
	COALESCE(sum(CASE WHEN r.done_at <= r.until_at THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN r.done_at > r.until_at THEN 1 ELSE 0 END), 0), max(r.decided_at)`

func tallyInto(t *review.Tally, last **int64) []any {
	return []any{&t.Rows, &t.Decided, &t.Keep, &t.Change, &t.Remove, &t.Flagged, &t.Open, &t.Overdue, &t.Done, &t.Late, last}
}

func scanReview(r sqldb.Row) (review.Review, error) {
	var x review.Review
	var started int64
	var ended *int64
	var evidence string
	err := r.Scan(&x.ID, &x.Ref, &x.Title, &x.Why, &x.State, &x.Assign, &x.Due, &started, &x.StartedBy, &ended, &x.EndedBy, &x.EndWhy, &evidence, &x.SHA256, &x.Version)
	x.Started, x.Ended, x.Evidence = sqldb.Time(started), sqldb.TimePtr(ended), strings.Fields(evidence)
	return x, err
}

// Add inserts a review with what it froze, and gives it the next number of its year.
func (s *Store) Add(ctx context.Context, scope access.Scope, r review.Review, systems []review.System, rows []review.Row) (review.Review, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		year, number := r.Started.UTC().Year(), 0
		if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO review_counter (org_id, year, n) VALUES ($1, $2, 1)
			ON CONFLICT (org_id, year) DO UPDATE SET n = review_counter.n + 1 RETURNING n`, string(scope.Org()), year); err != nil {
			return err
		}
		r.Ref = fmt.Sprintf("AR-%d-%02d", year, number)
		if _, err := s.DB.Exec(ctx, `INSERT INTO review_campaign (org_id, year, number, id, ref, title, why, state, assign_by, due_day, started_at, started_by, ended_at, ended_by, end_why, evidence, sha256, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			string(scope.Org()), year, number, string(r.ID), r.Ref, r.Title, r.Why, string(r.State), string(r.Assign), int64(r.Due), r.Started.UnixMicro(), r.StartedBy,
			sqldb.MicrosPtr(r.Ended), r.EndedBy, r.EndWhy, strings.Join(r.Evidence, " "), r.SHA256, r.Version); err != nil {
			return err
		}
		for _, x := range systems {
			if err := s.addSystem(ctx, r.ID, x); err != nil {
				return err
			}
		}
		return s.addRows(ctx, r.ID, rows)
	})
	r.Tally.Rows = len(rows)
	return r, err
}

func (s *Store) addSystem(ctx context.Context, id review.ID, x review.System) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO review_system (review_id, n, slug, connection, source, kind, resource, critical, reviewer, deputy, evidence, snapshot_sha256, taken_at,
			snapshot_n, total_n, left_n, population_n, sha256, gap, reason, seq)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		string(id), x.N, x.Slug, x.Connection, x.Source, x.Kind, x.Resource, x.Critical, string(x.Reviewer), string(x.Deputy), x.Evidence, x.SnapshotSHA, x.TakenAt.UnixMicro(),
		x.Snapshot, x.Total, x.Left, x.Population, x.SHA256, x.Gap, x.Reason, x.Seq)
	return err
}

// Review reads a review by identifier or reference.
func (s *Store) Review(ctx context.Context, scope access.ReadScope, idOrRef string, at time.Time) (review.Review, error) {
	r, err := sqldb.One(ctx, s.DB, scanReview, `SELECT `+columns+` FROM review_campaign c WHERE c.org_id = $1 AND (c.id = $2 OR c.ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no access review %s", idOrRef).WithHint("tickmark review list")
	}
	if err != nil {
		return r, err
	}
	var last *int64
	err = s.DB.QueryRow(ctx, tallyInto(&r.Tally, &last), `SELECT `+tally+` FROM review_row r WHERE r.review_id = $2`, at.UnixMicro(), string(r.ID))
	r.LastDecided = sqldb.TimePtr(last)
	return r.Settled(), err
}

var reviewSorts = map[string]string{
	"ref": "c.year * 100000 + c.number", "title": "lower(c.title)", "state": "c.state", "due": "c.due_day", "started": "c.started_at", "ended": "c.ended_at",
	"undecided": "(SELECT count(*) FROM review_row u WHERE u.review_id = c.id AND u.decision = '')",
}

// Reviews lists reviews, newest first.
func (s *Store) Reviews(ctx context.Context, scope access.ReadScope, f review.Filter, q paging.Query) (paging.Result[review.Review], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`c.org_id = ?`, string(scope.Org()))
	w.AddIf(f.State != "", `c.state = ?`, string(f.State))
	w.AddIf(f.Connection != "", `EXISTS (SELECT 1 FROM review_system x WHERE x.review_id = c.id AND x.connection = ?)`, f.Connection)
	w.AddIf(f.Reviewer != "", `EXISTS (SELECT 1 FROM review_row x WHERE x.review_id = c.id AND x.reviewer = ?)`, string(f.Reviewer))
	w.AddIf(!f.From.IsZero(), `c.started_at >= ?`, f.From.UnixMicro())
	w.AddIf(!f.To.IsZero(), `c.started_at < ?`, f.To.UnixMicro())
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(c.ref) LIKE ? ESCAPE '!' OR lower(c.title) LIKE ? ESCAPE '!' OR EXISTS (SELECT 1 FROM review_system x WHERE x.review_id = c.id AND lower(x.slug) LIKE ? ESCAPE '!'))`, text, text, text)
	}
	res := paging.Result[review.Review]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM review_campaign c WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	if res.Rows, err = sqldb.Collect(ctx, s.DB, scanReview, `SELECT `+columns+` FROM review_campaign c WHERE `+w.SQL()+
		sqldb.OrderBy(reviewSorts, q.Sort, q.Desc, `c.started_at DESC, c.number DESC`, "c.started_at, c.number")+w.Page(q.Size, q.Offset()), w.Args()...); err != nil {
		return res, err
	}
	err = s.count(ctx, res.Rows, f.At)
	for i, r := range res.Rows {
		res.Rows[i] = r.Settled()
	}
	return res, err
}

// count fills the tallies of reviews as of an instant.
func (s *Store) count(ctx context.Context, rows []review.Review, at time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	args, marks := []any{at.UnixMicro()}, make([]string, len(rows))
	index := map[review.ID]int{}
	for i, r := range rows {
		args, marks[i], index[r.ID] = append(args, string(r.ID)), "$"+strconv.Itoa(i+2), i
	}
	_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
		var id review.ID
		var t review.Tally
		var last *int64
		err := r.Scan(append([]any{&id}, tallyInto(&t, &last)...)...)
		t.LastDecided = sqldb.TimePtr(last)
		rows[index[id]].Tally = t
		return struct{}{}, err
	}, `SELECT r.review_id, `+tally+` FROM review_row r WHERE r.review_id IN (`+strings.Join(marks, ", ")+`) GROUP BY r.review_id`, args...)
	return err
}

// Save moves a review forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, r review.Review, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE review_campaign SET state = $4, ended_at = $5, ended_by = $6, end_why = $7, evidence = $8, sha256 = $9, version = $10, due_day = $11, title = $12, why = $13
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), string(r.ID), base, string(r.State), sqldb.MicrosPtr(r.Ended), r.EndedBy, r.EndWhy, strings.Join(r.Evidence, " "), r.SHA256, r.Version, int64(r.Due), r.Title, r.Why)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", r.Ref).WithHint("Look at it again.")
	}
	return err
}

// Systems lists the systems of a review with counts as of an instant.
func (s *Store) Systems(ctx context.Context, scope access.ReadScope, id review.ID, at time.Time) ([]review.System, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (review.System, error) {
		var x review.System
		var taken int64
		var last *int64
		err := r.Scan(append([]any{
			&x.Review, &x.N, &x.Slug, &x.Connection, &x.Source, &x.Kind, &x.Resource, &x.Critical, &x.Reviewer, &x.Deputy, &x.Evidence, &x.SnapshotSHA, &taken,
			&x.Snapshot, &x.Total, &x.Left, &x.Population, &x.SHA256, &x.Gap, &x.Reason, &x.Seq,
		}, tallyInto(&x.Tally, &last)...)...)
		x.TakenAt, x.LastDecided = sqldb.Time(taken), sqldb.TimePtr(last)
		if x.Tally.Rows == 1 && x.Population == 0 { // the outer join gives a system without rows one
			x.Tally = review.Tally{}
		}
		return x, err
	}, `SELECT x.review_id, x.n, x.slug, x.connection, x.source, x.kind, x.resource, x.critical, x.reviewer, x.deputy, x.evidence, x.snapshot_sha256, x.taken_at,
			x.snapshot_n, x.total_n, x.left_n, x.population_n, x.sha256, x.gap, x.reason, x.seq, `+tally+`
		FROM review_system x JOIN review_campaign c ON c.id = x.review_id LEFT JOIN review_row r ON r.review_id = x.review_id AND r.system = x.slug
		WHERE c.org_id = $2 AND c.id = $3
		GROUP BY x.review_id, x.n, x.slug, x.connection, x.source, x.kind, x.resource, x.critical, x.reviewer, x.deputy, x.evidence, x.snapshot_sha256, x.taken_at,
			x.snapshot_n, x.total_n, x.left_n, x.population_n, x.sha256, x.gap, x.reason, x.seq
		ORDER BY x.n`, at.UnixMicro(), string(scope.Org()), string(id))
}
