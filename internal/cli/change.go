package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

func (s *session) changeCommand() *cobra.Command {
	c := &cobra.Command{Use: "change", Short: "List and record significant changes of the system"}
	c.AddCommand(s.changeList(), s.changeAdd())
	return c
}

func (s *session) changeList() *cobra.Command {
	var significant, told, state string
	var customers bool
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List changes, the latest first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		if err := cmp.Or(among("significant", significant, "yes", "no", "undecided"), among("told", told, "all", "part", "none", "late", "nobody"),
			among("state", state, string(change.Planned), string(change.Released), string(change.Withdrawn))); err != nil {
			return err
		}
		f := change.Filter{Significant: significant, Told: told, State: change.State(state), Customer: customers}
		res, err := s.app.Changes.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, c := range res.Rows {
			var to []string
			for _, a := range c.Audiences {
				to = append(to, a.Title())
			}
			sig := c.Significance()
			if sig == "" {
				sig = "not decided"
			}
			late := ""
			if len(c.Late()) > 0 {
				late = ", late"
			}
			rows = append(rows, row{[]cell{text(c.Ref), text(c.Effective.String()), text(string(c.State())), text(sig), text(c.Told() + late), text(strings.Join(to, ", ")), text(c.Title)},
				map[string]any{"ref": c.Ref, "title": c.Title, "effective": c.Effective, "released": c.Released, "state": c.State(), "significant": c.Significance(), "told": c.Told(), "late": len(c.Late()), "audiences": to, "notices": len(c.Notices)}})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "changes"); err != nil {
			return err
		}
		return s.table([]string{"change", "effective", "state", "significant", "told", "audiences", "title"}, rows, "No change fits. Record one: tickmark change add TITLE --effective 2026-12-31")
	})}
	fl := c.Flags()
	fl.StringVar(&significant, "significant", "", "only those that are: yes, no, undecided")
	fl.StringVar(&told, "told", "", "only those told so far: all, part, none, late, nobody")
	fl.StringVar(&state, "state", "", "only those that are: planned, released, withdrawn")
	fl.BoolVar(&customers, "customers", false, "only those that customers notice")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "changes a page")
	return c
}

func (s *session) changeAdd() *cobra.Command {
	var t change.Text
	var effective string
	var to []string
	c := &cobra.Command{Use: "add TITLE", Short: "Record a change, before it takes effect", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if effective == "" {
			return errs.New(errs.Invalid, "say from which day it holds").WithHint("--effective 2026-12-31")
		}
		if t.Effective, err = period.ParseDate(effective); err != nil {
			return errs.As(errs.Invalid, err, "--effective")
		}
		t.Title, t.Customer = args[0], t.Impact != ""
		for _, a := range to {
			t.Audiences = append(t.Audiences, change.ParseAudience(a))
		}
		c, err := s.app.Changes.Add(ctx, scope, s.Now(), t)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(map[string]any{"ref": c.Ref, "title": c.Title, "effective": c.Effective, "told": c.Told()})
		}
		_, err = fmt.Fprintf(s.Out, "%s is recorded. Whether it is significant is for a person to decide, on its page.\n", c.Ref)
		return err
	})}
	fl := c.Flags()
	fl.StringVar(&effective, "effective", "", "day from which it holds")
	fl.StringVar(&t.Text, "text", "", "details")
	fl.StringVar(&t.Impact, "impact", "", "what customers notice; empty when they notice nothing")
	fl.StringSliceVar(&t.Services, "service", nil, "service it is about; may be repeated")
	fl.StringSliceVar(&to, "tell", nil, "who has to know: staff, customers, user_entities, department:NAME, list:NAME; may be repeated")
	return c
}
