package evaluatesql

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Record writes a batch: the ledger entry, the runs, and what they change in the history.
func (s *Store) Record(ctx context.Context, scope access.Scope, b evaluate.Batch) error {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		seq, err := s.Ledger.Append(ctx, scope, b.At, "results.sealed", b.ID, payload(b))
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO evaluate_batch (id, org_id, as_of, created_at, results_path, results_sha256, seq) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			b.ID, string(scope.Org()), b.AsOf.UnixMicro(), b.At.UnixMicro(), b.ResultsPath, b.ResultsSHA256, seq); err != nil {
			return err
		}
		for _, r := range b.Runs {
			if err := s.recordRun(ctx, string(scope.Org()), r, b); err != nil {
				return errs.Wrap(err, "test %s", r.Test)
			}
		}
		return nil
	})
	return errs.Wrap(err, "record evaluation %s", b.ID)
}

// payload is what the ledger seals of a batch: for each test its text, its inputs, its figures and the hash of its rows.
func payload(b evaluate.Batch) map[string]any {
	tests := make([]map[string]any, len(b.Runs))
	for i, r := range b.Runs {
		inputs := make([]string, len(r.Inputs))
		for j, in := range r.Inputs {
			inputs[j] = in.Ref
		}
		tests[i] = map[string]any{
			"test": r.Test, "version": r.Version, "test_sha256": r.TestSHA256, "inputs": inputs, "params": r.Params, "outcome": string(r.Outcome), "reason": r.Reason,
			"population": r.Population, "pass": r.Counts[evaluate.Pass], "fail": r.Counts[evaluate.Fail], "not_applicable": r.Counts[evaluate.NotApplicable],
			"unknown": r.Counts[evaluate.Unknown], "rows_sha256": r.Hash,
		}
	}
	return map[string]any{"as_of": b.AsOf.UTC().Format(time.RFC3339Nano), "results_sha256": b.ResultsSHA256, "tests": tests}
}

func (s *Store) recordRun(ctx context.Context, org string, r evaluate.Run, b evaluate.Batch) error {
	inputs, err := json.Marshal(r.Inputs)
	if err != nil {
		return err
	}
	params, err := json.Marshal(r.Params)
	if err != nil {
		return err
	}
	from, to := int64(0), int64(0)
	if !r.To.IsZero() {
		from, to = r.From.UnixMicro(), r.To.UnixMicro()
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO evaluate_run (id, org_id, batch_id, test, version, test_sha256, as_of, from_at, to_at, trigger_by, outcome, reason, population,
		n_pass, n_fail, n_na, n_unknown, hash, inputs, params, took_us, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		string(r.ID), org, b.ID, r.Test, r.Version, r.TestSHA256, r.AsOf.UnixMicro(), from, to, r.Trigger, string(r.Outcome), r.Reason, r.Population,
		r.Counts[evaluate.Pass], r.Counts[evaluate.Fail], r.Counts[evaluate.NotApplicable], r.Counts[evaluate.Unknown], r.Hash, string(inputs), string(params),
		r.Took.Microseconds(), r.Created.UnixMicro())
	if err != nil {
		return err
	}
	if _, err := s.DB.Exec(ctx, `INSERT INTO evaluate_last (org_id, test, run_id, as_of) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, test) DO UPDATE SET run_id = excluded.run_id, as_of = excluded.as_of WHERE evaluate_last.as_of <= excluded.as_of`,
		org, r.Test, string(r.ID), r.AsOf.UnixMicro()); err != nil {
		return err
	}
	switch {
	case !r.Evaluated():
		return s.day(ctx, org, evaluate.Day{Test: r.Test, Date: period.Of(r.AsOf), Outcome: evaluate.Unknown, Counts: r.Counts, Reason: r.Reason}, keepWorst)
	case !r.To.IsZero():
		return s.occurrences(ctx, org, r, b)
	}
	if err := s.day(ctx, org, evaluate.Day{Test: r.Test, Date: period.Of(r.AsOf), Outcome: r.Outcome, Counts: r.Counts}, keepWorst); err != nil {
		return err
	}
	return s.intervals(ctx, org, r, b.Items[r.Test])
}

// How a day's row yields to a new one. A state seen failing in the morning stays failing that day; occurrences are
// counted anew, because the same ones are judged again with later facts.
const (
	keepWorst = `WHERE (CASE excluded.outcome WHEN 'fail' THEN 3 WHEN 'unknown' THEN 2 WHEN 'pass' THEN 1 ELSE 0 END)
		>= (CASE evaluate_day.outcome WHEN 'fail' THEN 3 WHEN 'unknown' THEN 2 WHEN 'pass' THEN 1 ELSE 0 END)`
	keepNewest = ``
)

func (s *Store) day(ctx context.Context, org string, d evaluate.Day, yield string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO evaluate_day (org_id, test, day, outcome, n_pass, n_fail, n_na, n_unknown, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (org_id, test, day) DO UPDATE SET outcome = excluded.outcome, n_pass = excluded.n_pass, n_fail = excluded.n_fail, n_na = excluded.n_na,
			n_unknown = excluded.n_unknown, reason = excluded.reason `+yield,
		org, d.Test, int64(d.Date), string(d.Outcome), d.Counts[evaluate.Pass], d.Counts[evaluate.Fail], d.Counts[evaluate.NotApplicable], d.Counts[evaluate.Unknown], d.Reason)
	return err
}

// intervals opens, keeps and closes the stretches of a state test. Only a run at or after the last one moves history: an
// evaluation of the past looks, and changes nothing.
func (s *Store) intervals(ctx context.Context, org string, r evaluate.Run, items []evaluate.Item) error {
	type open struct {
		item, outcome string
		from          int64
	}
	now := r.AsOf.UnixMicro()
	newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT as_of FROM evaluate_last WHERE org_id = $1 AND test = $2`, org, r.Test)
	if err != nil || newest > now {
		return err
	}
	list, err := sqldb.Collect(ctx, s.DB, func(row sqldb.Row) (open, error) {
		var o open
		return o, row.Scan(&o.item, &o.outcome, &o.from)
	}, `SELECT item_id, outcome, from_at FROM evaluate_interval WHERE org_id = $1 AND test = $2 AND to_at IS NULL`, org, r.Test)
	if err != nil {
		return err
	}
	before := map[string]open{}
	for _, o := range list {
		before[o.item] = o
	}
	for _, it := range items {
		o, was := before[it.ID]
		delete(before, it.ID)
		if was && o.outcome != string(it.Outcome) {
			if err := s.closeInterval(ctx, org, r.Test, it.ID, o.from, now); err != nil {
				return err
			}
			was = false
		}
		if was {
			_, err = s.DB.Exec(ctx, `UPDATE evaluate_interval SET seen_at = $5, label = $6, reason = $7, row_json = $8 WHERE org_id = $1 AND test = $2 AND item_id = $3 AND from_at = $4`,
				org, r.Test, it.ID, o.from, now, it.Label, it.Reason, string(it.Columns))
		} else {
			_, err = s.DB.Exec(ctx, `INSERT INTO evaluate_interval (org_id, test, item_id, from_at, to_at, seen_at, label, outcome, reason, row_json)
				VALUES ($1, $2, $3, $4, NULL, $4, $5, $6, $7, $8)
				ON CONFLICT (org_id, test, item_id, from_at) DO UPDATE SET to_at = NULL, outcome = excluded.outcome, reason = excluded.reason, row_json = excluded.row_json`,
				org, r.Test, it.ID, now, it.Label, string(it.Outcome), it.Reason, string(it.Columns))
		}
		if err != nil {
			return err
		}
	}
	for item, o := range before {
		if err := s.closeInterval(ctx, org, r.Test, item, o.from, now); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) closeInterval(ctx context.Context, org, test, item string, from, at int64) error {
	_, err := s.DB.Exec(ctx, `UPDATE evaluate_interval SET to_at = $5 WHERE org_id = $1 AND test = $2 AND item_id = $3 AND from_at = $4`, org, test, item, from, at)
	return err
}

// occurrences replaces the verdicts on what was judged again. One that failed and is no longer in the population stays:
// a source that forgets does not make a deviation undone.
func (s *Store) occurrences(ctx context.Context, org string, r evaluate.Run, b evaluate.Batch) error {
	for _, it := range b.Items[r.Test] {
		at, err := time.Parse("2006-01-02 15:04:05", it.Occurred)
		if err != nil {
			return errs.As(errs.Invalid, err, "occurred_at of %s", it.ID)
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO evaluate_occurrence (org_id, test, item_id, occurred_at, as_of, label, outcome, reason, row_json)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (org_id, test, item_id) DO UPDATE SET occurred_at = excluded.occurred_at, as_of = excluded.as_of, label = excluded.label,
				outcome = excluded.outcome, reason = excluded.reason, row_json = excluded.row_json`,
			org, r.Test, it.ID, at.UnixMicro(), r.AsOf.UnixMicro(), it.Label, string(it.Outcome), it.Reason, string(it.Columns)); err != nil {
			return err
		}
	}
	had, err := sqldb.Collect(ctx, s.DB, sqldb.Strings, `SELECT item_id FROM evaluate_occurrence WHERE org_id = $1 AND test = $2 AND occurred_at >= $3 AND occurred_at < $4 AND as_of < $5`,
		org, r.Test, r.From.UnixMicro(), r.To.UnixMicro(), r.AsOf.UnixMicro())
	if err != nil {
		return err
	}
	if len(had) > 0 {
		passing := make(map[string]bool, len(b.Passing[r.Test]))
		for _, id := range slices.Concat(b.Passing[r.Test], b.Cleared[r.Test]) {
			passing[id] = true
		}
		for _, id := range had {
			if !passing[id] {
				continue
			}
			if _, err := s.DB.Exec(ctx, `DELETE FROM evaluate_occurrence WHERE org_id = $1 AND test = $2 AND item_id = $3`, org, r.Test, id); err != nil {
				return err
			}
		}
	}
	return s.days(ctx, org, r.Test, b.Days[r.Test])
}

// days keeps the days of a window. A window is judged again and again, and few of its days change: reading them costs less than writing
// them all.
func (s *Store) days(ctx context.Context, org, test string, days []evaluate.Day) error {
	if len(days) == 0 {
		return nil
	}
	first, last := days[0].Date, days[0].Date
	for _, d := range days {
		first, last = min(first, d.Date), max(last, d.Date)
	}
	type row struct {
		day                     period.Date
		outcome                 evaluate.Outcome
		pass, fail, na, unknown int64
		reason                  string
	}
	had, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (row, error) {
		var x row
		return x, r.Scan(&x.day, &x.outcome, &x.pass, &x.fail, &x.na, &x.unknown, &x.reason)
	}, `SELECT day, outcome, n_pass, n_fail, n_na, n_unknown, reason FROM evaluate_day WHERE org_id = $1 AND test = $2 AND day >= $3 AND day <= $4`,
		org, test, int64(first), int64(last))
	if err != nil {
		return err
	}
	for _, d := range days {
		if slices.Contains(had, row{d.Date, d.Outcome, d.Counts[evaluate.Pass], d.Counts[evaluate.Fail], d.Counts[evaluate.NotApplicable], d.Counts[evaluate.Unknown], d.Reason}) {
			continue
		}
		if err := s.day(ctx, org, d, keepNewest); err != nil {
			return err
		}
	}
	return nil
}
