package evaluate

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
)

// Engine runs the SQL of tests. Laws: a statement sees the tables of its job and nothing else; it cannot write, reach
// files or the network, or change the engine; one that overruns its limits is stopped and reported, and the next is run.
type Engine interface {
	Run(ctx context.Context, j Job) ([]Verdicts, error)
	Inspect(ctx context.Context, sql string) (Inspection, error)
	// Script writes what Run does with one query as a script for a stock DuckDB, with files in place of the table's own. It
	// ends with the hash of the rows, to compare with the recorded one.
	Script(tables []Table, files map[string][]string, q Query) string
}

// Table is an input as the engine loads it.
type Table struct {
	Name    string // "okta.user_account"
	Columns []collect.Column
	Paths   []string          // in the lake
	Rows    []json.RawMessage // instead of files, for fixtures
	Newest  bool              // keep the newest row of each source and id only: a stream
}

// Query is a test ready to run.
type Query struct {
	Test       string
	SQL        string
	Population string
	Params     map[string]string
	Types      map[string]string // of the parameters
	All        bool              // return passing rows too, not only their identifiers
	Watch      []string          // identifiers of which it is told whether they pass, however many do
	Sample     int64             // most rows returned; 0 means all
}

// Job is queries over common tables.
type Job struct {
	Tables   []Table
	Queries  []Query
	Deadline time.Duration // of each query; 0 for the engine's own
}

// Verdicts is what the engine says of one query.
type Verdicts struct {
	Test                         string
	Rows, Distinct, NullIDs, Bad int64
	Population, Missing, Extra   int64
	MissingIDs, ExtraIDs, BadIDs []string
	Counts                       map[Outcome]int64
	Days                         map[string]map[Outcome]int64
	Hash                         string
	Columns                      []string
	Returned                     []json.RawMessage
	PassingIDs                   []string // all of them, or none where they are very many
	Watched                      []string // the watched ones that pass
	TookMicroseconds             int64
	Err                          error
}

// Inspection is what a statement contains.
type Inspection struct {
	Error      string
	Functions  []string
	Unstable   []string
	Unordered  []string
	TableFuncs []string
	Tables     []string
	Params     []string
	Columns    []string
	Defaults   []string
	Sampled    bool
}

// Item is one row of a test's result.
type Item struct {
	ID       string  `json:"item_id"`
	Label    string  `json:"item_label"`
	Outcome  Outcome `json:"outcome"`
	Reason   string  `json:"reason"`
	Occurred string  `json:"occurred_at"` // empty for state tests
	// Columns holds the whole row as the statement returned it, with its evidence columns.
	Columns json.RawMessage `json:"-"`
}

func parseItem(raw json.RawMessage) (Item, error) {
	var x struct {
		ID       string  `json:"item_id"`
		Label    *string `json:"item_label"`
		Outcome  Outcome `json:"outcome"`
		Reason   *string `json:"reason"`
		Occurred *string `json:"occurred_at"`
	}
	if err := json.Unmarshal(raw, &x); err != nil {
		return Item{}, err
	}
	it := Item{ID: x.ID, Label: x.ID, Outcome: x.Outcome, Columns: raw}
	if x.Label != nil {
		it.Label = *x.Label
	}
	if x.Reason != nil {
		it.Reason = *x.Reason
	}
	if x.Occurred != nil {
		it.Occurred = *x.Occurred
	}
	return it, nil
}
