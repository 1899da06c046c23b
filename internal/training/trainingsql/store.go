// Package trainingsql keeps courses, tries and completions in the records database.
package trainingsql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/training"
)

// Store implements training.Store.
type Store struct{ DB *sqldb.DB }

const columns = `c.id, c.ref, v.n, c.newest, c.retired_at, v.text, v.hash, v.created_at, v.created_by`

const from = `training_course c JOIN training_version v ON v.course_id = c.id`

func scanCourse(r sqldb.Row) (training.Course, error) {
	var c training.Course
	var retired *int64
	var created int64
	if err := r.Scan(&c.ID, &c.Ref, &c.Version, &c.Newest, &retired, &c.Text, &c.Hash, &created, &c.By); err != nil {
		return c, err
	}
	c.Retired, c.Created = sqldb.TimePtr(retired), sqldb.Time(created)
	content, err := training.Parse(c.Text)
	c.Content = content
	return c, errs.As(errs.Internal, err, "text of %s, version %d", c.Ref, c.Version)
}

// Add keeps a course with the next number.
func (s *Store) Add(ctx context.Context, scope access.Scope, c training.Course) (training.Course, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		var number int
		if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO training_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = training_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		c.Ref = fmt.Sprintf("TRN-%02d", number)
		if _, err := s.DB.Exec(ctx, `INSERT INTO training_course (id, org_id, ref, number, retired_at, newest) VALUES ($1, $2, $3, $4, NULL, $5)`,
			string(c.ID), string(scope.Org()), c.Ref, number, c.Version); err != nil {
			return err
		}
		return s.version(ctx, c)
	})
	return c, errs.Wrap(err, "keep course")
}

func (s *Store) version(ctx context.Context, c training.Course) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO training_version (course_id, n, title, kind, minutes, text, hash, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(c.ID), c.Version, c.Title, string(c.Kind), c.Minutes, c.Text, c.Hash, c.Created.UnixMicro(), c.By)
	return err
}

// AddVersion keeps a version after the newest.
func (s *Store) AddVersion(ctx context.Context, scope access.Scope, c training.Course) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE training_course SET newest = $3 WHERE org_id = $1 AND id = $2 AND newest = $4`, string(scope.Org()), string(c.ID), c.Version, c.Version-1)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s has another version meanwhile", c.Ref)
		}
		return s.version(ctx, c)
	})
}

// Retire sets or clears the instant since which a course cannot be asked.
func (s *Store) Retire(ctx context.Context, scope access.Scope, id training.CourseID, at *time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE training_course SET retired_at = $3 WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id), sqldb.MicrosPtr(at))
	return errs.Wrap(err, "retire course")
}

// Course reads a course in a version; 0 is the newest.
func (s *Store) Course(ctx context.Context, scope access.ReadScope, idOrRef string, version int) (training.Course, error) {
	c, err := sqldb.One(ctx, s.DB, scanCourse, `SELECT `+columns+` FROM `+from+` WHERE c.org_id = $1 AND (c.id = $2 OR c.ref = $2) AND v.n = CASE WHEN $3 = 0 THEN c.newest ELSE $3 END`,
		string(scope.Org()), idOrRef, version)
	if errs.Is(err, errs.NotFound) {
		if version > 0 {
			return c, errs.New(errs.NotFound, "no version %d of a course %s", version, idOrRef)
		}
		return c, errs.New(errs.NotFound, "no course %s", idOrRef)
	}
	return c, err
}

var sorts = map[string]string{"ref": "c.number", "title": "lower(v.title)", "kind": "v.kind", "minutes": "v.minutes", "version": "v.n", "created": "v.created_at"}

// Courses lists the newest versions by number.
func (s *Store) Courses(ctx context.Context, scope access.ReadScope, f training.Filter, q paging.Query) (paging.Result[training.Course], error) {
	q = q.Norm()
	res := paging.Result[training.Course]{Query: q}
	var w sqldb.Where
	w.Add(`c.org_id = ?`, string(scope.Org()))
	w.Add(`v.n = c.newest`)
	w.AddIf(f.Kind != "", `v.kind = ?`, string(f.Kind))
	w.AddIf(f.Active, `c.retired_at IS NULL`)
	if q.Search != "" {
		p := sqldb.LikeLower(q.Search)
		w.Add(`(lower(c.ref) LIKE ? ESCAPE '!' OR lower(v.title) LIKE ? ESCAPE '!')`, p, p)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM `+from+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, "c.number", "c.number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanCourse, `SELECT `+columns+` FROM `+from+` WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Versions lists all versions of a course, the newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, id training.CourseID) ([]training.Course, error) {
	return sqldb.Collect(ctx, s.DB, scanCourse, `SELECT `+columns+` FROM `+from+` WHERE c.org_id = $1 AND c.id = $2 ORDER BY v.n DESC`, string(scope.Org()), string(id))
}

// AddAttempt keeps a try with the next number of its duty.
func (s *Store) AddAttempt(ctx context.Context, scope access.Scope, a training.Attempt) (training.Attempt, error) {
	answers, err := json.Marshal(a.Answers)
	if err != nil {
		return a, err
	}
	err = s.DB.QueryRow(ctx, []any{&a.N}, `INSERT INTO training_attempt (id, org_id, duty, n, person, course, version, answers, correct, total, passed, at)
		VALUES ($1, $2, $3, (SELECT COALESCE(max(x.n), 0) + 1 FROM training_attempt x WHERE x.duty = $3), $4, $5, $6, $7, $8, $9, $10, $11) RETURNING n`,
		a.ID, string(scope.Org()), string(a.Duty), string(a.Person), a.Course, a.Version, string(answers), a.Right, a.Of, a.Passed, a.At.UnixMicro())
	return a, errs.Wrap(err, "keep a try")
}

// Attempts lists the tries at a duty, oldest first.
func (s *Store) Attempts(ctx context.Context, scope access.ReadScope, duty campaign.DutyID) ([]training.Attempt, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (training.Attempt, error) {
		a := training.Attempt{Duty: duty}
		var answers string
		var at int64
		if err := r.Scan(&a.ID, &a.N, &a.Person, &a.Course, &a.Version, &answers, &a.Right, &a.Of, &a.Passed, &at); err != nil {
			return a, err
		}
		a.At = sqldb.Time(at)
		return a, errs.As(errs.Internal, json.Unmarshal([]byte(answers), &a.Answers), "answers of %s", a.ID)
	}, `SELECT id, n, person, course, version, answers, correct, total, passed, at FROM training_attempt WHERE org_id = $1 AND duty = $2 ORDER BY n`, string(scope.Org()), string(duty))
}

// AddCompletions keeps completions that are not kept yet, and says how many were new.
func (s *Store) AddCompletions(ctx context.Context, scope access.Scope, all []training.Completion) (int, error) {
	added := 0
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		added = 0
		for _, c := range all {
			n, err := s.DB.Exec(ctx, `INSERT INTO training_completion (id, org_id, person, course, done_at, score, source, at, by_actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (org_id, person, course, done_at) DO NOTHING`,
				c.ID, string(scope.Org()), string(c.Person), c.Course, c.On.UnixMicro(), c.Score, c.Source, c.At.UnixMicro(), c.By)
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	return added, errs.Wrap(err, "keep completions")
}

// Completions lists everything learning systems told.
func (s *Store) Completions(ctx context.Context, scope access.ReadScope) ([]training.Completion, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (training.Completion, error) {
		var c training.Completion
		var on, at int64
		err := r.Scan(&c.ID, &c.Person, &c.Course, &on, &c.Score, &c.Source, &at, &c.By)
		c.On, c.At = sqldb.Time(on), sqldb.Time(at)
		return c, err
	}, `SELECT id, person, course, done_at, score, source, at, by_actor FROM training_completion WHERE org_id = $1 ORDER BY done_at, id`, string(scope.Org()))
}
