package detectsql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/baseline"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// AddCounts adds to what rules did.
func (s *Store) AddCounts(ctx context.Context, scope access.Scope, list []detect.Count) error {
	for _, c := range list {
		if _, err := s.DB.Exec(ctx, `INSERT INTO detect_count (org_id, rule, day, hits, evaluated, nanos, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (org_id, rule, day) DO UPDATE SET hits = detect_count.hits + excluded.hits, evaluated = detect_count.evaluated + excluded.evaluated,
			nanos = detect_count.nanos + excluded.nanos, last_at = CASE WHEN excluded.last_at > detect_count.last_at THEN excluded.last_at ELSE detect_count.last_at END`,
			string(scope.Org()), c.Rule, c.Day, c.Hits, c.Evaluated, c.Nanos, micros(c.Last)); err != nil {
			return errs.Wrap(err, "count what rules did")
		}
	}
	return nil
}

// micros is 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return sqldb.Time(us)
}

func scanCount(r sqldb.Row) (detect.Count, error) {
	var c detect.Count
	var last int64
	err := r.Scan(&c.Rule, &c.Day, &c.Hits, &c.Evaluated, &c.Nanos, &last)
	c.Last = instant(last)
	return c, err
}

// Counts gives one sum for each rule, from a day on.
func (s *Store) Counts(ctx context.Context, scope access.ReadScope, from int) ([]detect.Count, error) {
	return sqldb.Collect(ctx, s.DB, scanCount, `SELECT rule, 0, CAST(sum(hits) AS BIGINT), CAST(sum(evaluated) AS BIGINT), CAST(sum(nanos) AS BIGINT), max(last_at)
		FROM detect_count WHERE org_id = $1 AND day >= $2 GROUP BY rule ORDER BY rule`, string(scope.Org()), from)
}

// CountsOf gives the days of a rule in order.
func (s *Store) CountsOf(ctx context.Context, scope access.ReadScope, rule string, from int) ([]detect.Count, error) {
	return sqldb.Collect(ctx, s.DB, scanCount, `SELECT rule, day, hits, evaluated, nanos, last_at FROM detect_count WHERE org_id = $1 AND rule = $2 AND day >= $3 ORDER BY day`, string(scope.Org()), rule, from)
}

// AddTrial keeps a back-test.
func (s *Store) AddTrial(ctx context.Context, scope access.Scope, t detect.Trial) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO detect_trial (id, org_id, rule, at, body) VALUES ($1, $2, $3, $4, $5)`, t.ID, string(scope.Org()), t.Rule, t.At.UnixMicro(), string(body))
	return errs.Wrap(err, "keep a back-test")
}

// shownTrials bounds the list of back-tests of a rule.
const shownTrials = 20

// Trials lists the back-tests of a rule, the newest first.
func (s *Store) Trials(ctx context.Context, scope access.ReadScope, rule string) ([]detect.Trial, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (detect.Trial, error) {
		var t detect.Trial
		var body string
		if err := r.Scan(&body); err != nil {
			return t, err
		}
		return t, errs.As(errs.Internal, json.Unmarshal([]byte(body), &t), "a back-test")
	}, fmt.Sprintf(`SELECT body FROM detect_trial WHERE org_id = $1 AND rule = $2 ORDER BY at DESC, id DESC LIMIT %d`, shownTrials), string(scope.Org()), rule)
}

// Baseline reads the newest decision; the zero value if there is none.
func (s *Store) Baseline(ctx context.Context, scope access.ReadScope) (detect.Baseline, error) {
	list, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (detect.Baseline, error) {
		var b detect.Baseline
		var at int64
		err := r.Scan(&b.Version, &b.On, &b.Budget, &b.Reason, &at, &b.By)
		b.At = sqldb.Time(at)
		return b, err
	}, `SELECT version, is_on, budget, reason, at, actor FROM detect_baseline WHERE org_id = $1 ORDER BY version DESC LIMIT 1`, string(scope.Org()))
	if err != nil || len(list) == 0 {
		return detect.Baseline{}, errs.Wrap(err, "how baselines are set")
	}
	return list[0], nil
}

// SetBaseline keeps a decision after the one before.
func (s *Store) SetBaseline(ctx context.Context, scope access.Scope, b detect.Baseline) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO detect_baseline (org_id, version, is_on, budget, reason, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, version) DO NOTHING`,
		string(scope.Org()), b.Version, b.On, b.Budget, b.Reason, b.At.UnixMicro(), b.By)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the baselines were set otherwise meanwhile").WithHint("Look again.")
	}
	return errs.Wrap(err, "keep how baselines are set")
}

// AddBenign keeps with the next number what was said.
func (s *Store) AddBenign(ctx context.Context, scope access.Scope, b detect.Benign) (detect.Benign, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, "benign")
		if err != nil {
			return err
		}
		b.Ref = fmt.Sprintf("BN-%02d", n)
		_, err = s.DB.Exec(ctx, `INSERT INTO detect_benign (id, org_id, ref, number, log, entity, facet, value, owner, reason, until_at, at, actor, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL)`,
			b.ID, string(scope.Org()), b.Ref, n, b.Log, b.Entity, b.Facet.String(), b.Value, b.Owner, b.Reason, b.Until.UnixMicro(), b.At.UnixMicro(), b.By)
		return err
	})
	return b, errs.Wrap(err, "keep what is benign")
}

// Benign lists all, the newest first.
func (s *Store) Benign(ctx context.Context, scope access.ReadScope) ([]detect.Benign, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (detect.Benign, error) {
		var b detect.Benign
		var facet string
		var until, at int64
		var ended *int64
		if err := r.Scan(&b.ID, &b.Ref, &b.Log, &b.Entity, &facet, &b.Value, &b.Owner, &b.Reason, &until, &at, &b.By, &ended); err != nil {
			return b, err
		}
		f, ok := baseline.FacetByName(facet)
		if !ok {
			return b, errs.New(errs.Internal, "%s names the facet %q, which there is not", b.Ref, facet)
		}
		b.Facet, b.Until, b.At, b.Ended = f, sqldb.Time(until), sqldb.Time(at), sqldb.TimePtr(ended)
		return b, nil
	}, `SELECT id, ref, log, entity, facet, value, owner, reason, until_at, at, actor, ended_at FROM detect_benign WHERE org_id = $1 ORDER BY number DESC`, string(scope.Org()))
}

// EndBenign marks it as ended.
func (s *Store) EndBenign(ctx context.Context, scope access.Scope, id string, at time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE detect_benign SET ended_at = $3 WHERE org_id = $1 AND id = $2 AND ended_at IS NULL`, string(scope.Org()), id, at.UnixMicro())
	return errs.Wrap(err, "end what is benign")
}
