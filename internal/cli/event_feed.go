package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/event"
)

func (s *session) eventFeed() *cobra.Command {
	c := &cobra.Command{Use: "feed", Short: "Connections whose audit events, once collected, are events too"}
	c.AddCommand(s.eventFeedList(), s.eventFeedAdd(), s.eventFeedEnd(), s.eventFeedRun())
	return c
}

func (s *session) eventFeedList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List which connections feed which sources", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		sources, err := s.app.Sources.List(ctx, s.read())
		if err != nil {
			return err
		}
		links, err := s.app.Sources.Links.Links(ctx, s.read())
		if err != nil {
			return err
		}
		conns, err := s.app.Collect.Store.Connections(ctx, s.read())
		if err != nil {
			return err
		}
		names := map[string]collect.Connection{}
		for _, c := range conns {
			names[string(c.ID)] = c
		}
		var rows []row
		for _, l := range links {
			for _, x := range sources {
				if x.ID == l.Source {
					rows = append(rows, row{[]cell{text(names[l.Connection].Name), text(x.Ref), text(x.Name), instant(l.Made)},
						map[string]any{"connection": names[l.Connection].Name, "source": x.Ref, "name": x.Name, "since": moment(l.Made), "by": l.MadeBy}})
				}
			}
		}
		return s.table([]string{"connection", "source", "name", "since"}, rows, "No connection feeds a source. Begin: tickmark event feed add CONNECTION")
	})}
}

func (s *session) eventFeedAdd() *cobra.Command {
	var source string
	c := &cobra.Command{Use: "add CONNECTION", Short: "Make events of the audit events of a connection", Args: cobra.ExactArgs(1),
		Long:    "Has the audit events of a connection to Okta, GitHub, AWS, Entra, Microsoft 365, Google or GitLab go to a source, those of past runs too. A running server takes them within a minute; without one, tickmark event feed run does.",
		Example: "  tickmark event feed add okta-main", RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			x, err := s.app.LinkEvents(ctx, scope, s.Now(), args[0], source)
			if err != nil {
				return err
			}
			if s.json {
				return s.object(map[string]any{"connection": args[0], "source": x.Ref, "name": x.Name})
			}
			s.say("What %s collects goes to %s %s.", args[0], x.Ref, x.Name)
			s.next("tickmark event feed run, while no server runs")
			return nil
		})}
	c.Flags().StringVar(&source, "source", "", "an existing source; without it one is made")
	return c
}

func (s *session) eventFeedEnd() *cobra.Command {
	return &cobra.Command{Use: "end CONNECTION", Short: "End that a connection feeds a source; what was taken stays", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if err := s.app.UnlinkEvents(ctx, scope, s.Now(), args[0]); err != nil {
			return err
		}
		s.say("%s feeds no source any more.", args[0])
		return nil
	})}
}

func (s *session) eventFeedRun() *cobra.Command {
	return &cobra.Command{Use: "run", Short: "Take what was collected and is not taken yet, while no server runs", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if err := s.app.OpenEvents(ctx); err != nil {
			return err
		}
		n, err := s.app.FeedEvents(ctx, scope.Org())
		if err != nil {
			return err
		}
		s.say("%d runs taken.", n)
		return nil
	})}
}

func (s *session) eventSourceGaps() *cobra.Command {
	var open bool
	c := &cobra.Command{Use: "gaps [SOURCE]", Short: "List numbers of senders and files of digests that did not come, the newest first", Args: cobra.MaximumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		sources, err := s.app.Sources.List(ctx, s.read())
		if err != nil {
			return err
		}
		f := event.GapFilter{Open: open}
		if len(args) == 1 {
			x, err := s.app.Sources.Source(ctx, s.read(), args[0])
			if err != nil {
				return err
			}
			f.Source = x.ID
		}
		gaps, err := s.app.Sources.Gaps(ctx, s.read(), f)
		if err != nil {
			return err
		}
		refs := map[event.SourceID]string{}
		for _, x := range sources {
			refs[x.ID] = x.Ref
		}
		var rows []row
		for _, g := range gaps {
			rows = append(rows, row{[]cell{text(refs[g.Source]), text(g.Stream), text(string(g.Kind)), number(g.First), number(g.Last), number(g.Missing), instant(g.At)},
				map[string]any{"id": g.ID, "source": refs[g.Source], "sender": g.Stream, "kind": string(g.Kind), "first": g.First, "last": g.Last, "missing": g.Missing, "found": moment(g.At)}})
		}
		return s.table([]string{"source", "sender", "kind", "first", "last", "missing", "found"}, rows, "No number is missing, as far as senders count, and no file that a digest names.")
	})}
	c.Flags().BoolVar(&open, "open", false, "only those of which something still lacks")
	return c
}
