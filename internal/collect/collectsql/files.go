package collectsql

import (
	"errors"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// Files implements collect.Files on the lake.
type Files struct{ Lake lake.Dir }

func factPath(org access.OrgID, run collect.RunID, at time.Time, resource string) string {
	return fmt.Sprintf("facts/%s/%s/%s/%s.parquet", org, resource, at.UTC().Format("2006-01"), run)
}

// Create begins a file of facts.
func (f Files) Create(org access.OrgID, run collect.RunID, at time.Time, resource string, row collect.Fact) (collect.RowWriter, error) {
	path := factPath(org, run, at, resource)
	w, err := f.Lake.Create(path, row)
	if err != nil {
		return nil, err
	}
	return &factWriter{w, path}, nil
}

// Discard removes the files of a run.
func (f Files) Discard(org access.OrgID, run collect.RunID, at time.Time, resources []string) error {
	var all []error
	for _, r := range resources {
		all = append(all, f.Lake.Remove(factPath(org, run, at, r)))
	}
	return errors.Join(all...)
}

type factWriter struct {
	*lake.Writer
	path string
}

func (w *factWriter) Write(f collect.Fact) error { return w.Writer.Write(f) }

func (w *factWriter) Commit() (collect.File, error) {
	sum, n, err := w.Writer.Commit()
	return collect.File{Path: w.path, SHA256: sum, Bytes: n}, err
}
