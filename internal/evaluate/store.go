package evaluate

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// RunID identifies one evaluation of one test.
type RunID string

// InputUsed is a piece of evidence that a run read.
type InputUsed struct {
	Table        string                `json:"table"`
	Ref          string                `json:"ref"`
	Source       string                `json:"source"`
	SHA256       string                `json:"sha256"`
	Path         string                `json:"path"`
	Rows         int64                 `json:"rows"`
	Completeness evidence.Completeness `json:"completeness"`
}

// Run is one evaluation of one test.
type Run struct {
	ID            RunID
	Batch         string // evaluations made together
	Test          string
	Version       int
	TestSHA256    string
	AsOf          time.Time
	From, To      time.Time // window of an occurrence test; zero for a state test
	Trigger       string
	Outcome       Outcome // the worst verdict; Unknown when the test could not be evaluated
	Reason        string  // why it could not
	Population    int64
	Counts        map[Outcome]int64
	Hash          string // over every row
	Inputs        []InputUsed
	Params        map[string]string
	ResultsPath   string // file with the rows, in the lake
	ResultsSHA256 string
	Took          time.Duration
	Seq           int64
	Created       time.Time
}

// Evaluated reports whether the run gave verdicts.
func (r Run) Evaluated() bool { return r.Hash != "" }

// Interval is a stretch of time in which an item had a verdict other than pass.
type Interval struct {
	Test     string
	ItemID   string
	Label    string
	Outcome  Outcome
	Reason   string
	From     time.Time  // evaluation that first saw it
	To       *time.Time // evaluation that first saw it ended; nil while it lasts
	LastSeen time.Time
	Row      json.RawMessage // as last seen
}

// Happening is an occurrence with a verdict other than pass.
type Happening struct {
	Test     string
	ItemID   string
	Label    string
	Outcome  Outcome
	Reason   string
	Occurred time.Time
	AsOf     time.Time // evaluation that judged it last
	Row      json.RawMessage
}

// Day is what a test said about one day. A day without a row was not evaluated: a gap, never a pass.
type Day struct {
	Test    string
	Date    period.Date
	Outcome Outcome
	Counts  map[Outcome]int64
	Reason  string
}

// Installed is a test of an organisation.
type Installed struct {
	Definition *Definition
	Library    bool // ships with the program
	Enabled    bool
	Params     map[string]string // values the organisation set
	Installed  time.Time
	By         string
}

// Batch is everything one evaluation leaves, recorded together.
type Batch struct {
	ID            string
	AsOf          time.Time
	At            time.Time
	Runs          []Run
	Items         map[string][]Item   // by test: every row that does not pass
	Passing       map[string][]string // by test: who passes; none where they are very many
	Cleared       map[string][]string // by test: occurrences that did not pass before and do now
	Days          map[string][]Day    // of occurrence tests
	ResultsPath   string
	ResultsSHA256 string
}

// Tally is what the runs of a test over a stretch of time amount to.
type Tally struct {
	Evaluations   int64 // runs that gave verdicts
	Refused       int64 // runs that did not
	MaxPopulation int64
	LastRun       RunID // newest run that gave verdicts; empty if none did
}

// Filter narrows lists of verdicts. Zero values do not narrow.
type Filter struct {
	Tests    []string
	From, To time.Time
	Open     bool // only what lasts
	Outcome  Outcome
	ItemID   string
}

// Store keeps tests and verdicts. Laws: Record writes runs, history and the ledger entry in one transaction, once per
// batch; verdicts of a day never get better by a later run of the same day; a failed occurrence stays unless the same
// occurrence is judged again and passes.
type Store interface {
	Install(ctx context.Context, s access.Scope, t Installed) error
	Installed(ctx context.Context, s access.ReadScope) ([]Installed, error)
	Versions(ctx context.Context, s access.ReadScope, test string) ([]Installed, error)
	Record(ctx context.Context, s access.Scope, b Batch) error
	Runs(ctx context.Context, s access.ReadScope, test string, q paging.Query) (paging.Result[Run], error)
	RunsBetween(ctx context.Context, s access.ReadScope, from, to time.Time) ([]Run, error)
	Run(ctx context.Context, s access.ReadScope, id RunID) (Run, error)
	// Tally sums up the runs as of instants in [from, to) by test.
	Tally(ctx context.Context, s access.ReadScope, from, to time.Time) (map[string]Tally, error)
	// Last is the newest run of each test.
	Last(ctx context.Context, s access.ReadScope) (map[string]Run, error)
	Intervals(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Interval], error)
	Happenings(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Happening], error)
	Days(ctx context.Context, s access.ReadScope, tests []string, p period.Period) ([]Day, error)
}

// Files writes the file of a batch's rows.
type Files interface {
	Create(org access.OrgID, batch string, at time.Time) (ResultWriter, error)
}

// ResultWriter writes rows of one file.
type ResultWriter interface {
	Write(r ResultRow) error
	Commit() (path, sha256 string, err error)
	Abort()
}

// ResultRow is one verdict in the lake.
type ResultRow struct {
	Test       string    `parquet:"test,dict"`
	Version    int64     `parquet:"version"`
	AsOf       time.Time `parquet:"as_of,timestamp(microsecond)"`
	ItemID     string    `parquet:"item_id"`
	Label      string    `parquet:"item_label"`
	Outcome    string    `parquet:"outcome,dict"`
	Reason     string    `parquet:"reason"`
	OccurredAt string    `parquet:"occurred_at"`
	Row        string    `parquet:"row"` // the whole row as JSON; empty for passing items, which the hash covers
}
