package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func (s *session) importCommand() *cobra.Command {
	var columns []string
	var sheet string
	var header int
	var dry, leave bool
	c := &cobra.Command{
		Use: "import KIND FILE", Short: "Import controls, risks, vendors, people, devices or mappings from CSV or Excel", Args: cobra.ExactArgs(2),
		Long: "Import reads a CSV or Excel file, guesses which column holds what, and shows what becomes of each row.\nKinds: controls, risks, vendors, people, devices, mappings (control to requirement of an imported framework).\n" +
			"--map says which column holds a field, by its heading or its letter: --map owner=Responsible --map title=C.",
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			i, err := s.begin(ctx, scope, args[0], args[1])
			if err != nil {
				return err
			}
			if i, err = s.arrange(ctx, scope, i, sheet, header, columns); err != nil {
				return err
			}
			if i, err = s.app.Imports.Try(ctx, scope, s.Now(), i.Ref); err != nil {
				return err
			}
			switch {
			case dry:
				_, err = s.app.Imports.Drop(ctx, scope, s.Now(), i.Ref, i.Version)
				return errors.Join(s.outcomes(ctx, i), err)
			case i.Counts[intake.Wrong] > 0 && !leave:
				err := errs.New(errs.Invalid, "%d of %d rows are wrong, nothing was changed", i.Counts[intake.Wrong], i.Rows()).WithHint("Mend the file, or leave them out: --leave-out")
				return errors.Join(s.outcomes(ctx, i), err)
			}
			if i, err = s.app.Imports.Apply(ctx, scope, s.Now(), i.Ref, leave); err != nil {
				return err
			}
			if err := s.outcomes(ctx, i); err != nil {
				return err
			}
			fmt.Fprintf(s.Err, "%s is applied: %d new, %d changed, %d as before, %d left out.\n", i.Ref, i.Counts[intake.Added], i.Counts[intake.Changed], i.Counts[intake.Same], i.Counts[intake.Wrong])
			return nil
		}),
	}
	f := c.Flags()
	f.StringArrayVar(&columns, "map", nil, "field=column: which column holds a field, by heading or letter; repeat for more")
	f.StringVar(&sheet, "sheet", "", "sheet of an Excel file (default: the one that fits best)")
	f.IntVar(&header, "header", 0, "number of the row with the headings (default: the one that fits best)")
	f.BoolVar(&dry, "dry-run", false, "show what would become of each row, and change nothing")
	f.BoolVar(&leave, "leave-out", false, "apply it although rows are wrong, without them")
	return c
}

func (s *session) begin(ctx context.Context, scope access.Scope, kind, path string) (intake.Import, error) {
	if _, err := s.app.Imports.Target(kind); err != nil {
		return intake.Import{}, errs.Hinted(err, "Kinds: %s.", strings.Join(s.app.ImportKinds(), ", "))
	}
	info, err := os.Stat(path)
	if err != nil {
		return intake.Import{}, errs.As(errs.NotFound, err, "%s", path)
	}
	if info.Size() > intake.MaxBytes {
		return intake.Import{}, errs.New(errs.Exhausted, "%s is larger than %d MiB", path, intake.MaxBytes>>20).WithHint("Split it.")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return intake.Import{}, errs.As(errs.Unavailable, err, "read %s", path)
	}
	return s.app.Imports.Begin(ctx, scope, s.Now(), kind, filepath.Base(path), content)
}

// arrange chooses the table and the columns that were named.
func (s *session) arrange(ctx context.Context, scope access.Scope, i intake.Import, sheet string, header int, columns []string) (intake.Import, error) {
	var err error
	if sheet != "" || header != 0 {
		if sheet == "" {
			sheet = i.Sheet
		}
		if i, err = s.app.Imports.Arrange(ctx, scope, s.Now(), i.Ref, i.Version, sheet, header, nil); err != nil {
			return i, err
		}
	}
	named, err := pairs(columns, "--map")
	if err != nil || len(named) == 0 {
		return i, err
	}
	src, err := s.app.Imports.Source(ctx, scope.ReadScope, i)
	if err != nil {
		return i, err
	}
	t, err := s.app.Imports.Target(i.Kind)
	if err != nil {
		return i, err
	}
	m := intake.Mapping{}
	for name, c := range i.Mapping {
		m[name] = c
	}
	for name, column := range named {
		at := columnAt(src.Headings(), column)
		if at < 0 {
			return i, errs.New(errs.Invalid, "the sheet has no column %q", column).WithHint("Its headings: %s", strings.Join(src.Headings(), ", "))
		}
		known := false
		for _, f := range t.Kind().Fields {
			known = known || f.Name == name
		}
		if !known {
			return i, errs.New(errs.Invalid, "%s have no field %q", i.Kind, name)
		}
		for other, c := range m {
			if c == at {
				delete(m, other)
			}
		}
		m[name] = at
	}
	return s.app.Imports.Arrange(ctx, scope, s.Now(), i.Ref, i.Version, i.Sheet, i.Header, m)
}

// columnAt finds a column by its heading, else by its letter.
func columnAt(headings []string, s string) int {
	for i, h := range headings {
		if strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(s)) {
			return i
		}
	}
	for i := range intake.MaxColumns {
		if strings.EqualFold(intake.ColumnName(i), s) {
			return i
		}
	}
	return -1
}

// outcomes prints what becomes of the rows.
func (s *session) outcomes(ctx context.Context, i intake.Import) error {
	var rows []row
	for page := 1; ; page++ {
		res, err := s.app.Imports.Rows(ctx, s.read(), i, intake.Filter{}, paging.Query{Page: page, Size: paging.MaxSize})
		if err != nil {
			return err
		}
		for _, o := range res.Rows {
			rows = append(rows, row{
				[]cell{text(strconv.Itoa(o.N)), text(o.Key), text(string(o.State)), text(o.Cell), text(o.Why)},
				map[string]any{"import": i.Ref, "row": o.N, "about": o.Key, "outcome": string(o.State), "cell": o.Cell, "what": o.Why},
			})
		}
		if page >= res.Pages() {
			break
		}
	}
	return s.table([]string{"row", "about", "outcome", "cell", "what"}, rows, "The file has no rows.")
}
