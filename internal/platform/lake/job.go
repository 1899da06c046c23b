package lake

import "encoding/json"

// Column is a column of a table: its name and DuckDB type.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Table is one table that queries of a job may see.
type Table struct {
	Schema  string   `json:"schema"` // empty for the main schema
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	// Files are absolute paths of Parquet files; columns they lack read as NULL, further ones are left out.
	Files []string `json:"files"`
	// Stays says that the files are read by each query, where they lie, instead of being loaded before: for tables larger than
	// memory. The statement can then read these files by their names too.
	Stays bool `json:"stays"`
	// Where narrows the files' rows: a condition in SQL on their columns. It is ours, never a user's.
	Where string `json:"where"`
	// Rows are given instead of files, as JSON objects: for fixtures.
	Rows []json.RawMessage `json:"rows"`
	// Newest, if set, keeps only the row with the greatest value of NewestBy among those equal in these columns.
	Newest   []string `json:"newest"`
	NewestBy string   `json:"newest_by"`
}

// Param is a named parameter of a query.
type Param struct {
	Type  string `json:"type"` // "timestamp", "bigint", "varchar" or "boolean"
	Value string `json:"value"`
}

// Query is one SELECT whose every row is a verdict on one member of a population.
type Query struct {
	Ref        string           `json:"ref"`
	SQL        string           `json:"sql"`
	Population string           `json:"population"` // SELECT that yields item_id of each member
	Params     map[string]Param `json:"params"`
	Outcomes   []string         `json:"outcomes"` // the values that column outcome may have
	Quiet      string           `json:"quiet"`    // outcome whose rows are counted and hashed but not returned
	KeepQuiet  int64            `json:"keep_quiet"`
	Sample     int64            `json:"sample"` // most rows returned; 0 means all
	Watch      []string         `json:"watch"`  // identifiers of which it is told whether they are quiet, however many are
}

// Job is tables and queries over them.
type Job struct {
	Tables     []Table `json:"tables"`
	Queries    []Query `json:"queries"`
	MemoryMB   int     `json:"memory_mb"`
	Threads    int     `json:"threads"`
	DeadlineMS int64   `json:"deadline_ms"` // of each query
}

// Answer is what one query yielded.
type Answer struct {
	Ref      string           `json:"ref"`
	Rows     int64            `json:"rows"`
	Distinct int64            `json:"distinct"` // different item_id
	NullIDs  int64            `json:"null_ids"` // rows without item_id
	BadRows  int64            `json:"bad_rows"` // rows whose outcome is NULL or none of the allowed
	Counts   map[string]int64 `json:"counts"`   // rows by outcome
	// Days counts rows by day and outcome when the query has a column occurred_at.
	Days        map[string]map[string]int64 `json:"days"`
	Population  int64                       `json:"pop"`       // members
	Missing     int64                       `json:"missing"`   // members without a row
	Extra       int64                       `json:"extra"`     // rows for something outside the population
	MissingIDs  []string                    `json:"missing_i"` // the first few of each, for the message
	ExtraIDs    []string                    `json:"extra_i"`
	BadIDs      []string                    `json:"bad_i"`
	Hash        string                      `json:"hash"` // SHA-256 over all rows as JSON, ordered by item_id
	Columns     []Column                    `json:"columns"`
	Returned    []json.RawMessage           `json:"-"`
	QuietIDs    []string                    `json:"quiet_i"` // all of them, or none where there are more than KeepQuiet
	Watched     []string                    `json:"watched"` // the watched ones that are quiet
	Microsecond int64                       `json:"us"`
	Error       *Failure                    `json:"error"`
}

// Failure is why a query has no answer.
type Failure struct {
	Kind string `json:"kind"` // "sql", "deadline", "memory", "forbidden"
	Msg  string `json:"msg"`
}

// Inspection is what a statement contains, read from DuckDB's own parser.
type Inspection struct {
	Error      string   `json:"error"`     // why it is not one SELECT, or ""
	Functions  []string `json:"functions"` // every function called, lower case
	Unstable   []string `json:"unstable"`  // of them, those whose answer depends on more than their arguments
	Unordered  []string `json:"unordered"` // aggregates and windows whose answer depends on the order of rows, without ORDER BY
	TableFuncs []string `json:"table_funcs"`
	Tables     []string `json:"tables"` // tables read, without those the statement defines itself
	Params     []string `json:"params"`
	Columns    []string `json:"columns"` // column names mentioned
	// Defaults are string constants that a missing value falls into: the ELSE of a CASE, the alternatives of COALESCE.
	Defaults []string `json:"defaults"`
	Sampled  bool     `json:"sampled"`
}

// message is one line of the conversation with the child.
type message struct {
	Job     *Job              `json:"job,omitempty"`
	Inspect *string           `json:"inspect,omitempty"`
	Rows    []json.RawMessage `json:"rows,omitempty"` // part of the answer that follows
	Answer  *Answer           `json:"answer,omitempty"`
	Found   *Inspection       `json:"found,omitempty"`
	Failed  *Failure          `json:"failed,omitempty"` // the job as a whole could not run
	Done    bool              `json:"done,omitempty"`
}
