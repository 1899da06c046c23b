package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/work"
)

func (s *session) taskCommand() *cobra.Command {
	c := &cobra.Command{Use: "task", Short: "List, show, open and finish tasks"}
	c.AddCommand(s.taskList(), s.taskShow(), s.taskAdd(), s.taskMove("done", "Finish a task", work.Done), s.taskMove("drop", "Drop a task nobody will do", work.Dropped),
		s.taskMove("reopen", "Open a task again", work.Open))
	return c
}

func (s *session) taskList() *cobra.Command {
	var f work.Filter
	var all bool
	var owner, source string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List tasks, what is due first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		f.Open, f.Criterion, f.Source = !all, strings.ToUpper(f.Criterion), work.Source(source)
		if owner != "" {
			m, err := s.app.Access.Member(ctx, s.read(), owner)
			if err != nil {
				return err
			}
			f.Owner = m.ID
		}
		res, err := s.app.Work.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, t := range res.Rows {
			rows = append(rows, row{[]cell{text(t.Ref), text(t.Status.Title()), text(taskDue(t)), text(names[t.Owner]), text(strings.TrimSpace(string(t.Source) + " " + t.SourceRef)), text(t.Title)}, taskRecord(t, names)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "tasks"); err != nil {
			return err
		}
		return s.table([]string{"task", "status", "due", "owner", "from", "title"}, rows, "No task is open. Open one: tickmark task add TITLE")
	})}
	fl := c.Flags()
	fl.BoolVar(&all, "all", false, "those that are done or dropped, too")
	fl.StringVar(&owner, "owner", "", "only those of this person (identifier or email)")
	fl.StringVar(&source, "from", "", "only those that come from this: hand, gap, control, test, item, programme, evidence, exception")
	fl.StringVar(&f.Criterion, "criterion", "", "only those that serve this criterion, such as CC6.1")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "tasks a page")
	return c
}

func taskDue(t work.Task) string {
	if t.Due == 0 {
		return ""
	}
	return t.Due.String()
}

func taskRecord(t work.Task, names map[access.UserID]string) map[string]any {
	return map[string]any{"ref": t.Ref, "title": t.Title, "text": t.Text, "status": t.Status, "why": t.Why, "source": t.Source, "source_ref": t.SourceRef, "owner": t.Owner,
		"owner_name": names[t.Owner], "due": taskDue(t), "criteria": t.Criteria, "version": t.Version, "created": t.Created, "updated": t.Updated, "closed": t.ClosedAt}
}

// memberNames maps members to their names.
func (s *session) memberNames(ctx context.Context) (map[access.UserID]string, error) {
	all, err := s.app.Access.Members(ctx, s.read())
	out := map[access.UserID]string{}
	for _, m := range all {
		out[m.ID] = m.Name
	}
	return out, err
}

func (s *session) taskShow() *cobra.Command {
	return &cobra.Command{Use: "show TASK", Short: "Show a task with everything that happened to it", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		t, err := s.app.Work.Task(ctx, s.read(), strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		history, err := s.app.Work.History(ctx, s.read(), t.ID)
		if err != nil {
			return err
		}
		if s.json {
			x := taskRecord(t, names)
			x["history"] = history
			return s.object(x)
		}
		fmt.Fprintf(s.Out, "%s  %s\n%s\n", s.paint(bold, t.Ref), t.Status.Title(), t.Title)
		if t.Text != "" {
			fmt.Fprintf(s.Out, "\n%s\n", t.Text)
		}
		fmt.Fprintln(s.Out)
		var rows []row
		for _, e := range history {
			who := names[access.UserID(e.Actor)]
			if who == "" {
				who = e.Actor
			}
			rows = append(rows, row{[]cell{instant(e.At), text(who), text(strings.TrimSpace(string(e.Kind) + " " + e.Field)), text(e.Was), text(e.Became)}, nil})
		}
		return s.table([]string{"at", "who", "what", "was", "became"}, rows, "")
	})}
}

func (s *session) taskAdd() *cobra.Command {
	var n work.New
	var due string
	c := &cobra.Command{Use: "add TITLE", Short: "Open a task", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if n.Title = args[0]; due != "" {
			if n.Due, err = period.ParseDate(due); err != nil {
				return errs.As(errs.Invalid, err, "--due")
			}
		}
		for i, x := range n.Criteria {
			n.Criteria[i] = strings.ToUpper(x)
		}
		t, err := s.app.Work.Open(ctx, scope, s.Now(), n)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(taskRecord(t, nil))
		}
		fmt.Fprintf(s.Out, "%s is open.\n", t.Ref)
		return nil
	})}
	fl := c.Flags()
	fl.StringVar(&n.Text, "text", "", "details")
	fl.StringVar(&n.Owner, "owner", "", "who does it (identifier or email)")
	fl.StringVar(&due, "due", "", "the last day, such as 2026-12-31")
	fl.StringSliceVar(&n.Criteria, "criteria", nil, "criteria it serves, such as CC6.1,CC6.2")
	return c
}

func (s *session) taskMove(name, short string, to work.Status) *cobra.Command {
	var why string
	c := &cobra.Command{Use: name + " TASK...", Short: short, Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		for _, ref := range args {
			t, err := s.app.Work.Move(ctx, scope, s.Now(), strings.ToUpper(ref), 0, to, why)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%s is %s.\n", t.Ref, strings.ToLower(t.Status.Title()))
		}
		return nil
	})}
	c.Flags().StringVar(&why, "why", "", "a word about it; needed to drop a task")
	return c
}
