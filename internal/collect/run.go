package collect

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// ConnectionID identifies a connection.
type ConnectionID string

// RunID identifies a run.
type RunID string

// Connection is one system that facts are read from.
type Connection struct {
	ID       ConnectionID
	Kind     string // of the connector
	Name     string // unique in the organisation; facts carry it as their source
	Settings map[string]string
	Sealed   string        // the secrets, encrypted
	Every    time.Duration // how often the scheduler runs it; 0 for the installation's interval
	Paused   bool
	Created  time.Time
	// Cursor is up to when streams have been read completely; zero before the first complete run.
	Cursor time.Time
}

// RunStatus is where a run is in its life.
type RunStatus string

// The states of a run. Sealing means that all files are on disk and the manifest is fixed; a run found in it after a crash
// is finished, not repeated.
const (
	Running     RunStatus = "running"
	Sealing     RunStatus = "sealing"
	Complete    RunStatus = "complete"
	Partial     RunStatus = "partial" // at least one resource is incomplete
	Failed      RunStatus = "failed"  // the system did not answer, or the run could not go on
	Cancelled   RunStatus = "cancelled"
	Interrupted RunStatus = "interrupted" // the process ended in the middle; nothing of the run was kept
)

// Ended reports whether the run will not change any more.
func (s RunStatus) Ended() bool { return s != Running && s != Sealing }

// Run is one reading of a connection.
type Run struct {
	ID             RunID
	Connection     ConnectionID
	Kind           string
	Name           string
	Trigger        string // who or what started it
	Status         RunStatus
	Started        time.Time
	Finished       *time.Time
	Since, Until   time.Time
	Results        []Result
	ManifestSHA256 string
	Error          string
	Owner          string // process that runs it
	Marks          []Mark // of the streams it read; Fix keeps them, and runs that are read back have none
}

// Facts is the number of rows kept.
func (r Run) Facts() (n int64) {
	for _, x := range r.Results {
		n += x.Rows
	}
	return n
}

// Result is what a run read of one resource.
type Result struct {
	Resource     string                `json:"resource"`
	Rows         int64                 `json:"rows"`
	SourceTotal  *int64                `json:"source_total"` // the source's own count
	TotalHow     string                `json:"total_how"`    // where that count came from
	Pages        int64                 `json:"pages"`
	Endpoints    []string              `json:"endpoints"`
	Duplicates   int64                 `json:"duplicates"` // rows that came again, as pages shifted; the first was kept
	Completeness evidence.Completeness `json:"completeness"`
	Gap          string                `json:"gap"`
	Errors       []string              `json:"errors"`
	Notes        []string              `json:"notes"`
	File         File                  `json:"file"`
}

// File is a written file of facts.
type File struct {
	Path   string `json:"path"` // inside the lake
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Manifest is what a run leaves for an auditor (domain brief 8.1): from which system, by what, as whom, what was asked, when,
// whether all of it came. Its canonical JSON is hashed into the ledger.
type Manifest struct {
	V          int               `json:"v"`
	Run        RunID             `json:"run"`
	Connection string            `json:"connection"`
	System     string            `json:"system"`
	Collector  string            `json:"collector"`
	Build      string            `json:"build"`
	Settings   map[string]string `json:"settings"` // without secrets
	Trigger    string            `json:"trigger"`
	Actor      string            `json:"actor"`
	Started    time.Time         `json:"started"`
	Finished   time.Time         `json:"finished"`
	Since      time.Time         `json:"since"`
	Until      time.Time         `json:"until"`
	Error      string            `json:"error"`
	Requests   int64             `json:"requests"`
	Retries    int64             `json:"retries"`
	Resources  []Result          `json:"resources"`
}

// Store keeps connections and runs. Laws: a name is used once per organisation; Begin fails with Conflict while another
// live run of the connection is not ended; Finish moves the cursor in the same
// transaction that ends the run, and the marks of a run count from then on if it is complete or partial.
type Store interface {
	AddConnection(ctx context.Context, s access.Scope, c Connection) error
	// UpdateConnection turns one state of a connection into the next; it is a Conflict when old is not its state any more.
	UpdateConnection(ctx context.Context, s access.Scope, old, c Connection) error
	RemoveConnection(ctx context.Context, s access.Scope, id ConnectionID, at time.Time) error
	Connection(ctx context.Context, s access.ReadScope, idOrName string) (Connection, error)
	Connections(ctx context.Context, s access.ReadScope) ([]Connection, error)
	Begin(ctx context.Context, s access.Scope, r Run, alive func(owner string) bool) error
	// Fix stores the results and moves the run to Sealing.
	Fix(ctx context.Context, s access.Scope, r Run) error
	// Finish ends a run; a non-zero cursor becomes the connection's.
	Finish(ctx context.Context, s access.Scope, r Run, cursor time.Time) error
	Run(ctx context.Context, s access.ReadScope, id RunID) (Run, error)
	Runs(ctx context.Context, s access.ReadScope, conn ConnectionID, q paging.Query) (paging.Result[Run], error)
	// Marks are up to where the streams of a connection were read, by name.
	Marks(ctx context.Context, s access.ReadScope, conn ConnectionID) (map[string]Mark, error)
	// Open lists the runs that have not ended.
	Open(ctx context.Context, s access.ReadScope) ([]Run, error)
}

// Files writes fact files. Laws: a file is visible under its path only when Commit has returned; Discard removes every
// trace of a run that was not sealed.
type Files interface {
	Create(org access.OrgID, run RunID, at time.Time, resource string, row Fact) (RowWriter, error)
	Discard(org access.OrgID, run RunID, at time.Time, resources []string) error
}

// RowWriter writes the rows of one file.
type RowWriter interface {
	Write(f Fact) error
	Commit() (File, error)
	Abort()
}
