package file

import (
	"errors"
	"io"

	"github.com/tickmark/tickmark/internal/collect"
)

const (
	previewRows   = 20
	previewIssues = 200
)

// Report is what an import would do.
type Report struct {
	Format     string // "CSV" or "XLSX"
	Columns    []Column
	Missing    []string       // optional fields that no column fills
	Rows       []collect.Fact // the first rows without a fault, typed
	Count      int64          // data rows in the file
	Issues     []Issue        // up to 200, those of the header first
	MoreIssues int64          // how many there are beyond
	Notes      []string
}

// Preview reads a file to its end without importing it. An error means that the file cannot be read as a table at all, or
// the options are wrong; everything else is an issue of the report.
func Preview(r io.Reader, o Options) (Report, error) {
	in, err := begin(r, o)
	if err != nil {
		return Report{}, err
	}
	defer in.table.close()
	rep := Report{Format: in.table.format(), Columns: in.columns, Issues: in.issues}
	broken := len(in.issues) > 0 // rows without their columns would repeat the same fault
	for {
		fact, issues, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Report{}, err
		}
		if broken {
			continue
		}
		if len(issues) == 0 && len(rep.Rows) < previewRows {
			rep.Rows = append(rep.Rows, fact)
		}
		for _, i := range issues {
			if len(rep.Issues) < previewIssues {
				rep.Issues = append(rep.Issues, i)
			} else {
				rep.MoreIssues++
			}
		}
	}
	rep.Count = in.rows
	rep.Missing = in.missing()
	rep.Notes = in.notes()
	return rep, nil
}

func (in *input) missing() []string {
	filled := map[string]bool{}
	for _, a := range in.plan {
		filled[a.field.name] = true
	}
	var out []string
	for _, f := range in.fields {
		if f.optional && !filled[f.name] {
			out = append(out, f.name)
		}
	}
	return out
}
