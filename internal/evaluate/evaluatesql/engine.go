package evaluatesql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// keepPassing is Engine.KeepPassing unless it says otherwise. Beyond it the hash over all rows stands for those that pass,
// and they can be computed again from the same files.
const keepPassing = 20_000

// Engine implements evaluate.Engine on the lake's sandbox, and evaluate.Files on its directory.
type Engine struct {
	Lake    lake.Dir
	Sandbox *lake.Engine
	// KeepPassing is the largest population whose passing members are kept by name; 0 means 20,000.
	KeepPassing int64
}

// Run runs a job in the sandbox.
func (e *Engine) Run(ctx context.Context, j evaluate.Job) ([]evaluate.Verdicts, error) {
	job, keep := lake.Job{DeadlineMS: j.Deadline.Milliseconds()}, e.KeepPassing
	if keep == 0 {
		keep = keepPassing
	}
	for _, t := range j.Tables {
		table := lakeTable(t)
		for _, p := range t.Paths {
			abs, err := e.Lake.Abs(p)
			if err != nil {
				return nil, err
			}
			table.Files = append(table.Files, abs)
		}
		job.Tables = append(job.Tables, table)
	}
	for _, q := range j.Queries {
		query := lake.Query{Ref: q.Test, SQL: q.SQL, Population: q.Population, Params: lakeParams(q), Quiet: string(evaluate.Pass), KeepQuiet: keep, Watch: q.Watch, Sample: q.Sample}
		if q.All {
			query.Quiet = ""
		}
		for _, o := range evaluate.Outcomes() {
			query.Outcomes = append(query.Outcomes, string(o))
		}
		job.Queries = append(job.Queries, query)
	}
	answers, err := e.Sandbox.Run(ctx, job)
	if err != nil {
		return nil, err
	}
	out := make([]evaluate.Verdicts, len(answers))
	for i, a := range answers {
		out[i] = verdicts(a)
	}
	return out, nil
}

func lakeTable(t evaluate.Table) lake.Table {
	table := lake.Table{Name: t.Name, Rows: t.Rows}
	if schema, name, dotted := strings.Cut(t.Name, "."); dotted {
		table.Schema, table.Name = schema, name
	}
	for _, c := range t.Columns {
		table.Columns = append(table.Columns, lake.Column{Name: c.Name, Type: c.Type})
	}
	if t.Newest {
		table.Newest, table.NewestBy = []string{"system", "source", "id"}, "collected_at"
	}
	return table
}

func verdicts(a lake.Answer) evaluate.Verdicts {
	v := evaluate.Verdicts{
		Test: a.Ref, Rows: a.Rows, Distinct: a.Distinct, NullIDs: a.NullIDs, Bad: a.BadRows, Population: a.Population, Missing: a.Missing, Extra: a.Extra,
		MissingIDs: a.MissingIDs, ExtraIDs: a.ExtraIDs, BadIDs: a.BadIDs, Hash: a.Hash, Returned: a.Returned, PassingIDs: a.QuietIDs, Watched: a.Watched, TookMicroseconds: a.Microsecond,
		Counts: map[evaluate.Outcome]int64{}, Days: map[string]map[evaluate.Outcome]int64{}, Err: a.Err(),
	}
	for o, n := range a.Counts {
		v.Counts[evaluate.Outcome(o)] = n
	}
	for day, byOutcome := range a.Days {
		v.Days[day] = map[evaluate.Outcome]int64{}
		for o, n := range byOutcome {
			v.Days[day][evaluate.Outcome(o)] = n
		}
	}
	for _, c := range a.Columns {
		v.Columns = append(v.Columns, c.Name)
	}
	return v
}

// Inspect parses a statement.
func (e *Engine) Inspect(ctx context.Context, sql string) (evaluate.Inspection, error) {
	i, err := e.Sandbox.Inspect(ctx, sql)
	return evaluate.Inspection(i), err
}

// Create begins the file of a batch's rows.
func (e *Engine) Create(org access.OrgID, batch string, at time.Time) (evaluate.ResultWriter, error) {
	path := fmt.Sprintf("results/%s/%s/%s.parquet", org, at.UTC().Format("2006-01"), batch)
	w, err := e.Lake.Create(path, evaluate.ResultRow{})
	if err != nil {
		return nil, err
	}
	return &resultWriter{w, path}, nil
}

type resultWriter struct {
	*lake.Writer
	path string
}

func (w *resultWriter) Write(r evaluate.ResultRow) error { return w.Writer.Write(r) }

func (w *resultWriter) Commit() (path, sha256 string, err error) {
	sha256, _, err = w.Writer.Commit()
	return w.path, sha256, err
}
