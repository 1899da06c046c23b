// Package evaluatesql keeps tests and verdicts in the records database, and lends the lake to the engine.
package evaluatesql

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements evaluate.Store and evaluate.ExceptionStore.
type Store struct {
	DB     *sqldb.DB
	Ledger access.Recorder
}

// Install adds a version of a test, or changes whether it is enabled and with which parameters.
func (s *Store) Install(ctx context.Context, scope access.Scope, t evaluate.Installed) error {
	params, err := json.Marshal(t.Params)
	if err != nil {
		return err
	}
	d := t.Definition
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		have, err := sqldb.Collect(ctx, s.DB, sqldb.Strings, `SELECT sha256 FROM evaluate_test WHERE org_id = $1 AND test = $2 AND version = $3`, string(scope.Org()), d.ID, d.Version)
		if err != nil {
			return err
		}
		if len(have) == 1 && have[0] != d.SHA256() {
			return errs.New(errs.Conflict, "test %s has a version %d with another text", d.ID, d.Version).WithHint("Raise the version: results name the text they came from.")
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO evaluate_test (org_id, test, version, sha256, text, library, enabled, params, installed_at, installed_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (org_id, test, version) DO UPDATE SET enabled = excluded.enabled, params = excluded.params`,
			string(scope.Org()), d.ID, d.Version, d.SHA256(), d.Text(), t.Library, t.Enabled, string(params), t.Installed.UnixMicro(), scope.Actor())
		if err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, t.Installed, "test.installed", d.ID, map[string]any{"version": d.Version, "sha256": d.SHA256(), "enabled": t.Enabled, "params": t.Params})
		return err
	})
}

func scanInstalled(r sqldb.Row) (evaluate.Installed, error) {
	var t evaluate.Installed
	var text, params string
	var at int64
	if err := r.Scan(&text, &t.Library, &t.Enabled, &params, &at, &t.By); err != nil {
		return t, err
	}
	t.Installed = sqldb.Time(at)
	if err := json.Unmarshal([]byte(params), &t.Params); err != nil {
		return t, err
	}
	var err error
	t.Definition, err = parsed(text)
	return t, err
}

// mostParsed bounds the definitions remembered; the library and an organisation's own tests are a few hundred.
const mostParsed = 2000

var (
	parsedMu sync.Mutex
	parsedAs = map[string]*evaluate.Definition{} // by text; a definition is never changed once it is parsed
)

// parsed is the definition of a text that was checked when it was installed.
func parsed(text string) (*evaluate.Definition, error) {
	parsedMu.Lock()
	defer parsedMu.Unlock()
	if d := parsedAs[text]; d != nil {
		return d, nil
	}
	d, err := evaluate.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(parsedAs) >= mostParsed {
		clear(parsedAs)
	}
	parsedAs[text] = d
	return d, nil
}

// Installed lists the newest version of each test, by identifier.
func (s *Store) Installed(ctx context.Context, scope access.ReadScope) ([]evaluate.Installed, error) {
	return sqldb.Collect(ctx, s.DB, scanInstalled, `SELECT text, library, enabled, params, installed_at, installed_by FROM evaluate_test t
		WHERE org_id = $1 AND version = (SELECT max(version) FROM evaluate_test u WHERE u.org_id = t.org_id AND u.test = t.test) ORDER BY test`, string(scope.Org()))
}

// Versions lists every version of a test, newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, test string) ([]evaluate.Installed, error) {
	return sqldb.Collect(ctx, s.DB, scanInstalled, `SELECT text, library, enabled, params, installed_at, installed_by FROM evaluate_test
		WHERE org_id = $1 AND test = $2 ORDER BY version DESC`, string(scope.Org()), test)
}

const runSelect = `SELECT r.id, r.batch_id, r.test, r.version, r.test_sha256, r.as_of, r.from_at, r.to_at, r.trigger_by, r.outcome, r.reason, r.population,
	r.n_pass, r.n_fail, r.n_na, r.n_unknown, r.hash, r.inputs, r.params, r.took_us, r.created_at, b.results_path, b.results_sha256, b.seq
	FROM evaluate_run r JOIN evaluate_batch b ON b.id = r.batch_id`

func scanRun(r sqldb.Row) (evaluate.Run, error) {
	var x evaluate.Run
	var asOf, from, to, took, created, pass, fail, na, unknown int64
	var inputs, params string
	err := r.Scan(&x.ID, &x.Batch, &x.Test, &x.Version, &x.TestSHA256, &asOf, &from, &to, &x.Trigger, &x.Outcome, &x.Reason, &x.Population,
		&pass, &fail, &na, &unknown, &x.Hash, &inputs, &params, &took, &created, &x.ResultsPath, &x.ResultsSHA256, &x.Seq)
	if err != nil {
		return x, err
	}
	x.AsOf, x.Created, x.Took = sqldb.Time(asOf), sqldb.Time(created), time.Duration(took)*time.Microsecond
	if to != 0 {
		x.From, x.To = sqldb.Time(from), sqldb.Time(to)
	}
	x.Counts = counts(pass, fail, na, unknown)
	if err := json.Unmarshal([]byte(inputs), &x.Inputs); err != nil {
		return x, err
	}
	return x, json.Unmarshal([]byte(params), &x.Params)
}

func counts(pass, fail, na, unknown int64) map[evaluate.Outcome]int64 {
	return map[evaluate.Outcome]int64{evaluate.Pass: pass, evaluate.Fail: fail, evaluate.NotApplicable: na, evaluate.Unknown: unknown}
}

// Runs lists runs of a test, newest first; an empty test means all.
func (s *Store) Runs(ctx context.Context, scope access.ReadScope, test string, q paging.Query) (paging.Result[evaluate.Run], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`r.org_id = ?`, string(scope.Org()))
	w.AddIf(test != "", `r.test = ?`, test)
	res := paging.Result[evaluate.Run]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM evaluate_run r WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanRun, runSelect+` WHERE `+w.SQL()+` ORDER BY r.as_of DESC, r.created_at DESC, r.id DESC`+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// RunsBetween lists the runs as of instants in [from, to), oldest first.
func (s *Store) RunsBetween(ctx context.Context, scope access.ReadScope, from, to time.Time) ([]evaluate.Run, error) {
	return sqldb.Collect(ctx, s.DB, scanRun, runSelect+` WHERE r.org_id = $1 AND r.as_of >= $2 AND r.as_of < $3 ORDER BY r.as_of, r.test, r.id`,
		string(scope.Org()), from.UnixMicro(), to.UnixMicro())
}

// Run reads one run.
func (s *Store) Run(ctx context.Context, scope access.ReadScope, id evaluate.RunID) (evaluate.Run, error) {
	r, err := sqldb.One(ctx, s.DB, scanRun, runSelect+` WHERE r.org_id = $1 AND r.id = $2`, string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no run %s", id)
	}
	return r, err
}

// Tally sums up runs by test.
func (s *Store) Tally(ctx context.Context, scope access.ReadScope, from, to time.Time) (map[string]evaluate.Tally, error) {
	type row struct {
		test string
		evaluate.Tally
	}
	all, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (row, error) {
		var x row
		return x, r.Scan(&x.test, &x.Evaluations, &x.Refused, &x.MaxPopulation, &x.LastRun)
	}, `SELECT r.test, sum(CASE WHEN r.hash <> '' THEN 1 ELSE 0 END), sum(CASE WHEN r.hash = '' THEN 1 ELSE 0 END), max(r.population),
			COALESCE((SELECT l.id FROM evaluate_run l WHERE l.org_id = r.org_id AND l.test = r.test AND l.as_of >= $2 AND l.as_of < $3 AND l.hash <> ''
				ORDER BY l.as_of DESC, l.created_at DESC, l.id DESC LIMIT 1), '')
		FROM evaluate_run r WHERE r.org_id = $1 AND r.as_of >= $2 AND r.as_of < $3 GROUP BY r.org_id, r.test`, string(scope.Org()), from.UnixMicro(), to.UnixMicro())
	out := make(map[string]evaluate.Tally, len(all))
	for _, x := range all {
		out[x.test] = x.Tally
	}
	return out, err
}

// Last reads the newest run of each test.
func (s *Store) Last(ctx context.Context, scope access.ReadScope) (map[string]evaluate.Run, error) {
	all, err := sqldb.Collect(ctx, s.DB, scanRun, runSelect+` JOIN evaluate_last l ON l.run_id = r.id WHERE l.org_id = $1`, string(scope.Org()))
	if err != nil {
		return nil, err
	}
	out := make(map[string]evaluate.Run, len(all))
	for _, r := range all {
		out[r.Test] = r
	}
	return out, nil
}

func filter(scope access.ReadScope, f evaluate.Filter) *sqldb.Where {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.In(`test`, f.Tests)
	w.AddIf(f.Outcome != "", `outcome = ?`, string(f.Outcome))
	w.AddIf(f.ItemID != "", `item_id = ?`, f.ItemID)
	return &w
}

// Intervals lists stretches of not passing that overlap [From, To), newest first.
func (s *Store) Intervals(ctx context.Context, scope access.ReadScope, f evaluate.Filter, q paging.Query) (paging.Result[evaluate.Interval], error) {
	w := filter(scope, f)
	w.AddIf(!f.To.IsZero(), `from_at < ?`, f.To.UnixMicro())
	w.AddIf(!f.From.IsZero(), `(to_at IS NULL OR to_at > ?)`, f.From.UnixMicro())
	w.AddIf(f.Open, `to_at IS NULL`)
	if q.Search != "" {
		w.Add(`lower(label) LIKE ? ESCAPE '!'`, sqldb.LikeLower(q.Search))
	}
	return list(ctx, s.DB, w, q, "evaluate_interval", `test, item_id, label, outcome, reason, from_at, to_at, seen_at, row_json`,
		map[string]string{"label": "label", "since": "from_at", "test": "test"}, "from_at DESC, test, item_id", "item_id, from_at", func(r sqldb.Row) (evaluate.Interval, error) {
			var i evaluate.Interval
			var from, seen int64
			var to *int64
			var row string
			err := r.Scan(&i.Test, &i.ItemID, &i.Label, &i.Outcome, &i.Reason, &from, &to, &seen, &row)
			i.From, i.To, i.LastSeen, i.Row = sqldb.Time(from), sqldb.TimePtr(to), sqldb.Time(seen), json.RawMessage(row)
			return i, err
		})
}

// Happenings lists occurrences that did not pass, newest first.
func (s *Store) Happenings(ctx context.Context, scope access.ReadScope, f evaluate.Filter, q paging.Query) (paging.Result[evaluate.Happening], error) {
	w := filter(scope, f)
	w.AddIf(!f.From.IsZero(), `occurred_at >= ?`, f.From.UnixMicro())
	w.AddIf(!f.To.IsZero(), `occurred_at < ?`, f.To.UnixMicro())
	if q.Search != "" {
		w.Add(`lower(label) LIKE ? ESCAPE '!'`, sqldb.LikeLower(q.Search))
	}
	return list(ctx, s.DB, w, q, "evaluate_occurrence", `test, item_id, label, outcome, reason, occurred_at, as_of, row_json`,
		map[string]string{"label": "label", "since": "occurred_at", "test": "test"}, "occurred_at DESC, test, item_id", "item_id, occurred_at", func(r sqldb.Row) (evaluate.Happening, error) {
			var h evaluate.Happening
			var at, asOf int64
			var row string
			err := r.Scan(&h.Test, &h.ItemID, &h.Label, &h.Outcome, &h.Reason, &at, &asOf, &row)
			h.Occurred, h.AsOf, h.Row = sqldb.Time(at), sqldb.Time(asOf), json.RawMessage(row)
			return h, err
		})
}

func list[T any](ctx context.Context, db *sqldb.DB, w *sqldb.Where, q paging.Query, table, columns string, sorts map[string]string, own, tie string, scan func(sqldb.Row) (T, error)) (paging.Result[T], error) {
	q = q.Norm()
	res := paging.Result[T]{Query: q}
	total, err := sqldb.One(ctx, db, sqldb.Int, `SELECT count(*) FROM `+table+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, db, scan, `SELECT `+columns+` FROM `+table+` WHERE `+w.SQL()+sqldb.OrderBy(sorts, q.Sort, q.Desc, own, tie)+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Days lists what tests said about each day of a period, in order of test and day. Days without a row are gaps.
func (s *Store) Days(ctx context.Context, scope access.ReadScope, tests []string, p period.Period) ([]evaluate.Day, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.In(`test`, tests)
	w.Add(`day >= ? AND day < ?`, int64(p.From), int64(p.To))
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (evaluate.Day, error) {
		var d evaluate.Day
		var day, pass, fail, na, unknown int64
		err := r.Scan(&d.Test, &day, &d.Outcome, &pass, &fail, &na, &unknown, &d.Reason)
		d.Date, d.Counts = period.Date(day), counts(pass, fail, na, unknown)
		return d, err
	}, `SELECT test, day, outcome, n_pass, n_fail, n_na, n_unknown, reason FROM evaluate_day WHERE `+w.SQL()+` ORDER BY test, day`, w.Args()...)
}
