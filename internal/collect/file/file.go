// Package file imports facts of any type from a CSV file or an XLSX sheet: systems without a connector, and lists that
// somebody keeps by hand. Columns go to fields by name; each cell must be what its field's type asks for, and what is not
// is reported with its row and column. Nothing is guessed: an ambiguous date is an error, a formula is text.
package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Connector imports one file.
type Connector struct {
	// Dir, if set, is the folder that paths are below; nothing outside it can be named. Without it a path is any on this
	// machine.
	Dir string
}

var _ collect.Connector = Connector{}

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	var names []string
	for _, r := range collect.Resources() {
		names = append(names, r.Name)
	}
	return collect.Description{
		Kind: "file", Title: "CSV or Excel file", Version: 1, Local: true,
		Doc: "Imports one type of fact from a CSV file or an XLSX sheet on this machine, with a column for each field. Formulas are never run.",
		Fields: []collect.Field{
			{Name: "path", Title: "File", Hint: "Where the file lies", Required: true},
			{Name: "resource", Title: "Type of fact", Hint: "What a row is, such as worker or user_account", Required: true},
			{Name: "format", Title: "Format", Hint: "csv or xlsx; found out from the file when empty"},
			{Name: "sheet", Title: "Sheet", Hint: "Of an XLSX file; the first when empty"},
			{Name: "mapping", Title: "Columns", Hint: "Lines of the form field=Column header, for columns that are not called as their field; field= leaves a field out"},
			{Name: "delimiter", Title: "Delimiter", Hint: "Of a CSV file: comma, semicolon, tab or pipe; found out from the header when empty"},
			{Name: "date_format", Title: "Order of dates", Hint: "dmy, mdy or ymd, for dates such as 03/04/2026"},
			{Name: "time_zone", Title: "Time zone", Hint: "Such as Europe/Berlin, for times that carry none"},
			{Name: "expected_rows", Title: "Rows expected", Hint: "How many rows the source says there are, as a check that the export is whole"},
			{Name: "source", Title: "Exported from", Hint: "The system the file comes from, for the record"},
		},
		Grants: []collect.Permission{
			{Name: "file", Why: "read access to the file", Resources: names},
		},
		Resources: names,
	}
}

// ResourcesFor is the one type of fact that a connection imports: of the others a file says nothing, not even that there are
// none. A type that does not exist has no result; the run fails and says so.
func (Connector) ResourcesFor(settings map[string]string) []string {
	if r, ok := collect.ResourceNamed(settings["resource"]); ok {
		return []string{r.Name}
	}
	return nil
}

func options(settings map[string]string) Options {
	return Options{
		Resource: settings["resource"], Format: settings["format"], Sheet: settings["sheet"], Mapping: settings["mapping"],
		Delimiter: settings["delimiter"], DateFormat: settings["date_format"], TimeZone: settings["time_zone"],
	}
}

// Check opens the file and matches its columns.
func (c Connector) Check(_ context.Context, e collect.Env) ([]collect.Permission, error) {
	p := Connector{}.Describe().Grants
	p[0].Resources = []string{e.Settings["resource"]}
	err := func() error {
		f, err := c.open(e.Settings["path"])
		if err != nil {
			return err
		}
		defer f.Close()
		in, err := begin(f, options(e.Settings))
		if err != nil {
			return err
		}
		defer in.table.close()
		return in.issuesAsError()
	}()
	p[0].Granted = collect.Ptr(err == nil)
	if err != nil {
		p[0].Detail = err.Error()
	}
	return p, nil
}

// Collect emits a fact for each row. Rows that cannot be read are reported one by one, so the resource is incomplete.
func (c Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	o := options(e.Settings)
	f, err := c.open(e.Settings["path"])
	if err != nil {
		return err
	}
	defer f.Close()
	sum := &counted{h: sha256.New()}
	in, err := begin(io.TeeReader(f, sum), o)
	if err != nil {
		return err
	}
	defer in.table.close()
	if err := in.issuesAsError(); err != nil {
		return err
	}
	if n := e.Settings["expected_rows"]; n != "" {
		total, err := strconv.ParseInt(n, 10, 64)
		if err != nil || total < 0 {
			return errs.New(errs.Invalid, "%q is not a number of rows", n).At("expected_rows")
		}
		s.Total(o.Resource, total, "number of rows declared with the import")
	}
	s.Page(o.Resource, in.table.format()+" file")
	if err := in.each(ctx, s); err != nil {
		return err
	}
	if _, err := io.Copy(sum, f); err != nil { // what a reader left, so that the sum is the file's
		return errs.As(errs.Unavailable, err, "read the file")
	}
	s.Note(o.Resource, provenance(e.Settings, sum))
	for _, n := range in.notes() {
		s.Note(o.Resource, n)
	}
	return nil
}

// maxFailures is how many faulty rows are reported one by one.
const maxFailures = 200

// each emits the rows. Only an error of the sink, of the file or of ctx ends it early.
func (in *input) each(ctx context.Context, s collect.Sink) error {
	failed := 0
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fact, issues, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for _, i := range issues {
			if failed++; failed <= maxFailures {
				s.Failed(in.resource.Name, i.Err())
			}
		}
		if len(issues) > 0 {
			continue
		}
		if err := s.Emit(fact); err != nil {
			return err
		}
	}
	if failed > maxFailures {
		s.Failed(in.resource.Name, errs.New(errs.Invalid, "and %d faults more", failed-maxFailures))
	}
	return nil
}

func provenance(settings map[string]string, sum *counted) string {
	from := ""
	if src := settings["source"]; src != "" {
		from = " exported from " + src + ","
	}
	return fmt.Sprintf("Imported from the file %s,%s %d bytes, SHA-256 %s.", filepath.Base(settings["path"]), from, sum.n, hex.EncodeToString(sum.h.Sum(nil)))
}

type counted struct {
	h hash.Hash
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.h.Write(p)
}

func (c Connector) open(path string) (*os.File, error) {
	if path == "" {
		return nil, errs.New(errs.Invalid, "no file is named").At("path")
	}
	var f *os.File
	var err error
	if c.Dir == "" {
		f, err = os.Open(path)
	} else {
		f, err = c.openBelow(path)
	}
	if err != nil {
		kind := errs.Unavailable
		switch {
		case errors.Is(err, os.ErrNotExist):
			kind = errs.NotFound
		case errors.Is(err, os.ErrPermission):
			kind = errs.Denied
		}
		return nil, errs.As(kind, err, "open the file %s", path)
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		_ = f.Close()
		return nil, errs.New(errs.Invalid, "%s is not a plain file", path).At("path")
	}
	return f, nil
}

func (c Connector) openBelow(path string) (*os.File, error) {
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read
	if filepath.IsAbs(path) {
		if path, err = filepath.Rel(c.Dir, path); err != nil {
			return nil, err
		}
	}
	return root.Open(path)
}
