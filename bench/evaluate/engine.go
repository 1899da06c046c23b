package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // driver "duckdb"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// snapshot is where the accounts lie in the lake of the installation.
const snapshot = "facts/user_account/bench.parquet"

// makePart writes the accounts as a collection run would, and returns the file's hash and size.
func makePart(t task) (sealed, error) {
	w, err := lake.Dir{Root: filepath.Join(t.Dir, "lake")}.Create(snapshot, &collect.UserAccount{})
	if err != nil {
		return sealed{}, err
	}
	defer w.Abort()
	for n := range t.Items {
		if err := w.Write(account(n)); err != nil {
			return sealed{}, err
		}
	}
	sum, bytes, err := w.Commit()
	return sealed{sum, bytes}, err
}

type sealed struct {
	SHA256 string
	Bytes  int64
}

// engineTask adds what the engine needs to know of the file.
type engineTask struct {
	task
	sealed
}

// timedEngine notes from when to when the sandbox works: several jobs may be under way at once.
type timedEngine struct {
	evaluate.Engine
	span *span
}

type span struct {
	mu          sync.Mutex
	first, last time.Time
}

func (e timedEngine) Run(ctx context.Context, j evaluate.Job) ([]evaluate.Verdicts, error) {
	e.span.mu.Lock()
	if e.span.first.IsZero() {
		e.span.first = time.Now()
	}
	e.span.mu.Unlock()
	defer func() {
		e.span.mu.Lock()
		defer e.span.mu.Unlock()
		e.span.last = time.Now()
	}()
	return e.Engine.Run(ctx, j)
}

// timedStore notes how long the verdicts take to record.
type timedStore struct {
	evaluate.Store
	took *float64
}

func (s timedStore) Record(ctx context.Context, scope access.Scope, b evaluate.Batch) error {
	began := time.Now()
	defer func() { *s.took += time.Since(began).Seconds() }()
	return s.Store.Record(ctx, scope, b)
}

// enginePart evaluates with the program: evaluate.Service.Evaluate on an installation of its own, which finds the evidence,
// has the sandbox load it and run the tests, checks each population, hashes all rows, writes the rows that do not pass, and
// records runs, history and the ledger entry in SQLite.
func enginePart(t engineTask) (result, error) {
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: t.Dir, Database: "sqlite:" + filepath.Join(t.Dir, "records.db")}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return result{}, err
	}
	defer a.Close(ctx) //nolint:errcheck // the process ends
	a.Clock = func() time.Time { return asOf }
	_, scope, err := a.CreateOrg(ctx, "bench", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Owner"}, false)
	if err != nil {
		return result{}, err
	}
	if err := t.seal(ctx, a, scope); err != nil {
		return result{}, err
	}
	var tests []evaluate.Installed
	for _, r := range rules[:t.Tests] {
		d, err := evaluate.Parse([]byte(r.definition()))
		if err != nil {
			return result{}, err
		}
		i := evaluate.Installed{Definition: d, Enabled: true, Params: map[string]string{}, Installed: asOf}
		if err := a.Evaluate.Store.Install(ctx, scope, i); err != nil {
			return result{}, err
		}
		tests = append(tests, i)
	}
	var record float64
	var works span
	a.Evaluate.Engine = timedEngine{a.Evaluate.Engine, &works}
	a.Evaluate.Store = timedStore{a.Evaluate.Store, &record}
	m := measure.Start()
	b, err := a.Evaluate.Evaluate(ctx, scope, evaluate.Request{Tests: tests, AsOf: asOf, Trigger: "bench", Now: asOf})
	out := result{Usage: m.Stop()}
	if err != nil {
		return out, err
	}
	statements := 0.0
	for _, r := range b.Runs {
		if !r.Evaluated() {
			return out, fmt.Errorf("%s gave no verdicts: %s", r.Test, r.Reason)
		}
		statements += r.Took.Seconds()
		out.Counts = append(out.Counts, counts{r.Counts[evaluate.Pass], r.Counts[evaluate.Fail], r.Counts[evaluate.Unknown]})
	}
	sandbox := works.last.Sub(works.first).Seconds()
	out.Stages = map[string]float64{"sandbox": sandbox, "statements_summed": statements, "record": record, "plan_and_write": out.Seconds - sandbox - record}
	return out, nil
}

// seal makes the file evidence.
func (t engineTask) seal(ctx context.Context, a *app.App, scope access.Scope) error {
	at, n := asOf.Add(-time.Hour), int64(t.Items)
	_, err := a.Collect.Evidence.Seal(ctx, scope, evidence.Seal{Subject: "run_bench", At: at, Items: []evidence.Item{{
		ID: "run_bench-00", Kind: evidence.Snapshot, Title: "User accounts from okta-main", System: "okta", Source: "okta-main", Resource: "user_account",
		Method: evidence.API, Collector: "bench 1", RunID: "run_bench", From: at, To: at, ReceivedAt: at, MediaType: "application/vnd.apache.parquet",
		Bytes: t.Bytes, SHA256: t.SHA256, Path: "lake:" + snapshot, Rows: n, SourceTotal: &n, Completeness: evidence.Proven, Status: evidence.Active,
	}}})
	return err
}

// duckPart runs the same statements in DuckDB itself and counts the outcomes: the limit of any engine that stands on it.
func duckPart(t task) (result, error) {
	m := measure.Start()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return result{}, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	table := lake.Table{Name: "account", Files: []string{t.File}}
	res, _ := collect.ResourceNamed("user_account")
	for _, c := range res.Columns() {
		if c.Name != "raw" {
			table.Columns = append(table.Columns, lake.Column{Name: c.Name, Type: c.Type})
		}
	}
	for _, stmt := range []string{fmt.Sprintf("SET threads = %d; SET TimeZone = 'UTC'", t.Workers), lake.LoadSQL(table, lake.SelectColumns(table))} {
		if _, err := db.Exec(stmt); err != nil {
			return result{}, err
		}
	}
	out := result{Counts: make([]counts, t.Tests)}
	for i, r := range rules[:t.Tests] {
		if err := countOne(db, r, &out.Counts[i]); err != nil {
			return out, fmt.Errorf("%s: %w", r.id, err)
		}
	}
	out.Usage = m.Stop()
	return out, nil
}

func countOne(db *sql.DB, r rule, into *counts) error {
	stmt := r.count()
	var args []any
	if usesAsOf(stmt) {
		args = append(args, sql.Named("as_of", asOf))
	}
	rows, err := db.Query(stmt, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var outcome string
		var n int64
		if err := rows.Scan(&outcome, &n); err != nil {
			return err
		}
		into.add(outcome, n)
	}
	return rows.Err()
}
