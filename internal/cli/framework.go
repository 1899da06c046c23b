package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func (s *session) frameworkImport() *cobra.Command {
	var of string
	c := &cobra.Command{
		Use: "import FILE", Short: "Import an OSCAL catalog as a framework, or as a newer version of one", Args: cobra.ExactArgs(1),
		Long: "Import reads a catalog in OSCAL 1.0 to 1.2, JSON. Groups become families, controls and enhancements become requirements.\n" +
			"With --update a framework takes the newer version, and what was added, removed and changed is listed; mappings to what vanished are kept.\n" +
			"Map controls on the pages, or from a table: tickmark import mappings FILE.",
		Example: "  tickmark framework import catalog.json\n  tickmark framework import catalog-2.json --update FW-1",
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			info, err := os.Stat(args[0])
			if err != nil {
				return errs.As(errs.NotFound, err, "%s", args[0])
			}
			if info.Size() > framework.MaxBytes {
				return errs.New(errs.Exhausted, "%s is larger than %d MiB", args[0], framework.MaxBytes>>20)
			}
			body, err := os.ReadFile(args[0])
			if err != nil {
				return errs.As(errs.Unavailable, err, "%s", args[0])
			}
			f, r, err := s.app.Frameworks.Import(ctx, scope, s.Now(), of, filepath.Base(args[0]), body)
			if err != nil {
				return err
			}
			var rows []row
			for _, l := range []struct {
				word  string
				marks []framework.Mark
			}{{"added", r.Changes.Added}, {"removed", r.Changes.Removed}, {"changed", r.Changes.Changed}} {
				for _, m := range l.marks {
					rows = append(rows, row{[]cell{text(l.word), text(m.Label), text(m.Title), text(strings.Join(m.What, ", ")), number(int64(m.Mapped))},
						map[string]any{"framework": f.Ref, "change": l.word, "id": m.Code, "label": m.Label, "title": m.Title, "what": m.What, "mapped": m.Mapped}})
				}
			}
			if r.Number > 1 {
				if err := s.table([]string{"change", "requirement", "title", "what", "mapped"}, rows, "No requirement changed."); err != nil {
					return err
				}
			}
			fmt.Fprintf(s.Err, "%s is version %d of %s: %d requirements.\n", f.Ref, r.Number, f.Name(), r.Total)
			s.say("Next: tickmark framework show %s", f.Ref)
			return nil
		}),
	}
	c.Flags().StringVar(&of, "update", "", "reference of the framework that it is a newer version of, such as FW-1")
	return c
}

// imported lists the frameworks that the organisation brought along.
func (s *session) imported(ctx context.Context) ([]row, error) {
	all, err := s.app.Frameworks.Frameworks(ctx, s.read())
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, x := range all {
		rows = append(rows, row{[]cell{text(x.Ref), text(x.Name()), number(int64(x.Total)), text("imported, " + strconv.Itoa(x.Mapped) + " with a control")},
			map[string]any{"id": x.Ref, "name": x.Name(), "requirements": x.Total, "mapped": x.Mapped, "withdrawn": x.Withdrawn, "to_look_at": x.Stale, "text": "imported", "licence": ""}})
	}
	return rows, nil
}

// isImported reports whether an argument names an imported framework, or a requirement of one: "FW-1", "FW-1/ac-2".
func isImported(a string) bool { return strings.HasPrefix(strings.ToUpper(a), "FW-") }

// showImported shows an imported framework, or a requirement of it.
func (s *session) showImported(ctx context.Context, a string) error {
	ref, code, one := strings.Cut(a, "/")
	if one {
		x, err := s.app.Frameworks.Requirement(ctx, s.read(), ref, code)
		if err != nil {
			return err
		}
		if err := s.table([]string{"requirement", "title", "family", "controls"}, []row{requirementRow(x.Kept)}, ""); err != nil || s.json || s.csv {
			return err
		}
		_, err = fmt.Fprintf(s.Out, "\n%s\n", x.Kept.Statement)
		return err
	}
	f, err := s.app.Frameworks.Framework(ctx, s.read(), ref)
	if err != nil {
		return err
	}
	var rows []row
	for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
		res, err := s.app.Frameworks.Requirements(ctx, s.read(), f.ID, framework.Filter{}, q)
		if err != nil {
			return err
		}
		for _, k := range res.Rows {
			rows = append(rows, requirementRow(k))
		}
		if len(res.Rows) < paging.MaxSize {
			break
		}
	}
	return s.table([]string{"requirement", "title", "family", "controls"}, rows, "")
}

func requirementRow(k framework.Kept) row {
	var refs []string
	for _, m := range k.Mapped {
		refs = append(refs, m.Control)
	}
	word := text(strings.Join(refs, " "))
	switch {
	case k.Gone > 0:
		word = cell{text: strings.TrimSpace("vanished " + strings.Join(refs, " ")), colour: red}
	case k.Withdrawn:
		word = text(strings.TrimSpace("withdrawn " + strings.Join(refs, " ")))
	case len(refs) == 0:
		word = cell{text: "no control", colour: red}
	}
	return row{[]cell{text(k.Label), text(k.Title), text(k.Family), word}, map[string]any{"id": k.Code, "label": k.Label, "title": k.Title, "statement": k.Statement, "family": k.Family, "parent": k.Parent, "withdrawn": k.Withdrawn, "vanished": k.Gone > 0, "controls": refs}}
}
