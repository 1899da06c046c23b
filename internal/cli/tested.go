package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// controlTested counts the controls that tests judge, without the organisation's own records and with them.
func (s *session) controlTested() *cobra.Command {
	return &cobra.Command{
		Use: "tested", Short: "Count the controls that tests judge: by connected systems alone, and with the own records",
		Long: "A control counts when the newest run of one of its tests judged at least one item. What no test judges is shown by documents that people file.",
		Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
			all, err := s.app.Tested(ctx, s.read())
			if err != nil {
				return err
			}
			var systems, both, gained int
			rows := make([]row, 0, len(all))
			for _, t := range all {
				by := "documents"
				switch {
				case len(t.Systems) > 0 && len(t.Records) > 0:
					by = "systems and own records"
					systems++
					both++
				case len(t.Systems) > 0:
					by = "systems"
					systems++
				case len(t.Records) > 0:
					by = "own records"
					gained++
				}
				tests := append(append([]string{}, t.Systems...), t.Records...)
				rows = append(rows, row{[]cell{text(t.Control.Ref), text(by), number(int64(len(tests))), text(t.Control.Version.Title)},
					map[string]any{"control": t.Control.Ref, "nature": t.Control.Version.Nature, "by": by, "systems": t.Systems, "records": t.Records}})
			}
			if err := s.table([]string{"control", "tested by", "tests", "title"}, rows, "No control is in force. Adopt the starter set: tickmark control adopt"); err != nil {
				return err
			}
			if s.json || s.csv {
				return nil
			}
			lines := []string{
				fmt.Sprintf("%d controls are in force.", len(all)),
				fmt.Sprintf("Before, by connected systems alone: %d tested, %d shown by documents.", systems, len(all)-systems),
				fmt.Sprintf("With the own records:               %d tested, %d shown by documents (%d more; %d are tested by both).", systems+gained, len(all)-systems-gained, gained, both),
			}
			fmt.Fprintln(s.Out, "\n"+strings.Join(lines, "\n"))
			return nil
		})}
}
