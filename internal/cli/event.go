package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func (s *session) eventCommand() *cobra.Command {
	c := &cobra.Command{Use: "event", Short: "Sources of events, what they send, and what could not be read"}
	source := &cobra.Command{Use: "source", Short: "What may send events"}
	source.AddCommand(s.eventSourceList(), s.eventSourceAdd(), s.eventSourceSet(), s.eventSourceToken(), s.eventSourceGaps())
	quarantine := &cobra.Command{Use: "quarantine", Short: "Records that could not be read"}
	quarantine.AddCommand(s.eventRefused(), s.eventRetry(), s.eventDismiss())
	c.AddCommand(source, quarantine, s.eventFeed(), s.eventImport(), s.eventSend(), s.eventFind(), s.eventExport(), s.eventErase(), s.eventCompact())
	return c
}

func ago(t time.Time) cell {
	if t.IsZero() {
		return faint("never")
	}
	return instant(t)
}

func (s *session) eventSourceList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List sources with what they sent", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		list, err := s.app.Sources.List(ctx, s.read())
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(list))
		for _, x := range list {
			state := x.State
			if since := x.SilentSince(s.Now()); !since.IsZero() {
				state = "silent since " + stamp(since)
			}
			rows = append(rows, row{[]cell{text(x.Ref), text(x.Name), text(x.Log), text(state), number(x.Events), number(x.Duplicates), number(x.Tally.Refused), number(x.Lost), ago(x.LastEvent), ago(x.LastArrival)}, sourceRecord(x, s.Now())})
		}
		return s.table([]string{"source", "name", "log", "state", "events", "known", "refused", "lost", "newest event", "last arrival"}, rows, "No source of events. Add one: tickmark event source add NAME --log okta.log")
	})}
}

func sourceRecord(x event.Source, now time.Time) map[string]any {
	return map[string]any{"ref": x.Ref, "id": string(x.ID), "name": x.Name, "log": x.Log, "state": x.State, "silent_since": moment(x.SilentSince(now)), "silent_after_seconds": int64(x.SilentAfter() / time.Second),
		"per_second": x.PerSecond, "token_hint": x.TokenHint, "events": x.Events, "duplicates": x.Duplicates, "refused": x.Tally.Refused, "lost": x.Lost, "late": x.Late, "out_of_order": x.Disordered,
		"ahead": x.Ahead, "undated": x.Undated, "newest_event": moment(x.LastEvent), "last_arrival": moment(x.LastArrival), "delay_seconds": x.Delay.Seconds()}
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (s *session) eventSourceAdd() *cobra.Command {
	var n event.NewSource
	c := &cobra.Command{Use: "add NAME", Short: "Add a source; its token is shown once", Args: cobra.ExactArgs(1),
		Example: "  tickmark event source add \"AWS production\" --log aws.cloudtrail", RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			n.Name = args[0]
			x, token, err := s.app.Sources.Add(ctx, scope, s.Now(), n)
			if err != nil {
				return err
			}
			return s.tokenOf(x, token)
		})}
	c.Flags().StringVar(&n.Log, "log", "", "kind of log, see tickmark detect sources (required)")
	c.Flags().DurationVar(&n.Silent, "silent", 0, "tell when nothing came for so long; 0 learns what is usual")
	c.Flags().IntVar(&n.Rate, "rate", 0, fmt.Sprintf("events a second it may send; 0 is %d", event.DefaultRate))
	return c
}

// tokenOf shows a token, once.
func (s *session) tokenOf(x event.Source, token string) error {
	if s.json {
		return s.object(map[string]any{"ref": x.Ref, "id": string(x.ID), "name": x.Name, "log": x.Log, "token": token})
	}
	s.say("%s %s takes events of %s. Its token is shown this once:", x.Ref, x.Name, x.Log)
	if _, err := fmt.Fprintln(s.Out, token); err != nil {
		return err
	}
	s.next("curl -H 'Authorization: Bearer %s…' --data-binary @events.ndjson %s/intake/v1/events", token[:8], s.app.Config.URL)
	return nil
}

func (s *session) eventSourceSet() *cobra.Command {
	var name, state string
	var silent time.Duration
	var rate int
	c := &cobra.Command{Use: "set SOURCE", Short: "Change a source", Args: cobra.ExactArgs(1)}
	c.RunE = s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		x, err := s.app.Sources.Source(ctx, s.read(), args[0])
		if err != nil {
			return err
		}
		for flag, set := range map[string]func(){"name": func() { x.Name = name }, "state": func() { x.State = state }, "silent": func() { x.Silent = silent }, "rate": func() { x.PerSecond = rate }} {
			if c.Flags().Changed(flag) {
				set()
			}
		}
		if err := s.app.Sources.Change(ctx, scope, s.Now(), x, x.Edit); err != nil {
			return err
		}
		s.say("%s %s is %s.", x.Ref, x.Name, x.State)
		return nil
	})
	c.Flags().StringVar(&name, "name", "", "its name")
	c.Flags().StringVar(&state, "state", "", "active or paused")
	c.Flags().DurationVar(&silent, "silent", 0, "tell when nothing came for so long; 0 learns what is usual")
	c.Flags().IntVar(&rate, "rate", 0, "events a second it may send; 0 is the usual")
	return c
}

func (s *session) eventSourceToken() *cobra.Command {
	return &cobra.Command{Use: "token SOURCE", Short: "Give a source a new token; the old one ends", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if err := s.confirm("What sends with the old token of %s is refused from now on", args[0]); err != nil {
			return err
		}
		x, token, err := s.app.Sources.Rotate(ctx, scope, s.Now(), args[0])
		if err != nil {
			return err
		}
		return s.tokenOf(x, token)
	})}
}

func (s *session) eventRefused() *cobra.Command {
	var source, state string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List records that could not be read, with the reason", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		f := event.RefusedFilter{State: state}
		if source != "" {
			x, err := s.app.Sources.Source(ctx, s.read(), source)
			if err != nil {
				return err
			}
			f.Source = x.ID
		}
		res, err := s.app.Sources.Refused(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, x := range res.Rows {
			begins := strings.ToValidUTF8(string(x.Record[:min(len(x.Record), 60)]), "?")
			rows = append(rows, row{[]cell{text(x.ID), text(x.State), number(x.Times), instant(x.Last), text(x.Reason), faint(begins)},
				map[string]any{"id": x.ID, "source": string(x.Source), "state": x.State, "times": x.Times, "first": moment(x.First), "last": moment(x.Last), "reason": x.Reason, "record": x.Record}})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "records"); err != nil {
			return err
		}
		return s.table([]string{"record", "state", "times", "last", "reason", "begins"}, rows, "Everything that was sent could be read.")
	})}
	fl := c.Flags()
	fl.StringVar(&source, "source", "", "only those of this source")
	fl.StringVar(&state, "state", event.Waiting, "waiting, taken or dismissed; empty for all")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 100, "records a page")
	return c
}

func (s *session) eventRetry() *cobra.Command {
	return &cobra.Command{Use: "retry", Short: "Read waiting records again, after an update that knows them", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if err := s.app.OpenEvents(ctx); err != nil {
			return err
		}
		// All pages are read before the first record is taken: taking one moves those behind it.
		var all []event.Refused
		for page := 1; ; page++ {
			res, err := s.app.Sources.Refused(ctx, s.read(), event.RefusedFilter{State: event.Waiting}, paging.Query{Page: page, Size: paging.MaxSize})
			if err != nil {
				return err
			}
			if all = append(all, res.Rows...); page >= res.Pages() {
				break
			}
		}
		taken, err := s.app.Intake.Retry(ctx, scope, s.Now(), all)
		if err != nil {
			return err
		}
		s.say("%d of %d records can be read now and are events.", taken, len(all))
		return nil
	})}
}

func (s *session) eventDismiss() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "dismiss RECORD...", Short: "Say of records that nothing is to be done; they stay", Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		n, err := s.app.Sources.Dismiss(ctx, scope, s.Now(), args, why)
		if err != nil {
			return err
		}
		if n < int64(len(args)) {
			return errs.New(errs.NotFound, "%d of %d records do not wait", int64(len(args))-n, len(args)).WithHint("tickmark event quarantine list shows those that wait.")
		}
		s.say("%d dismissed.", n)
		return nil
	})}
	c.Flags().StringVar(&why, "why", "", "why nothing is to be done (required)")
	return c
}

func (s *session) eventFind() *cobra.Command {
	var f event.Filter
	var last time.Duration
	var actor, log, action string
	c := &cobra.Command{Use: "find [TEXT]", Short: "Find events, the newest first", Args: cobra.MaximumNArgs(1),
		Long: "Finds events in what was taken, while no server runs on the data folder; a running server shows them in the browser.", RunE: s.run(func(ctx context.Context, args []string) error {
			if err := s.app.OpenEvents(ctx); err != nil {
				return err
			}
			if len(args) > 0 {
				f.Text = args[0]
			}
			for text, into := range map[string]*[]string{actor: &f.Actors, log: &f.Logs, action: &f.Actions} {
				if text != "" {
					*into = []string{text}
				}
			}
			if last > 0 {
				f.From = s.Now().Add(-last)
			}
			events, next, err := s.app.Events.Find(ctx, s.read(), f)
			if err != nil {
				return err
			}
			rows := make([]row, 0, len(events))
			for _, e := range events {
				who := e.Actor.Name
				if who == "" {
					who = e.Actor.ID
				}
				rows = append(rows, row{[]cell{text(e.ID), instant(e.When()), text(e.Log), text(e.Action), text(e.Status.String()), text(who), text(e.From.IP)},
					map[string]any{"id": e.ID, "time": moment(e.At), "received": moment(e.Received), "log": e.Log, "action": e.Action, "status": e.Status.String(), "actor": e.Actor.ID, "actor_name": e.Actor.Name, "ip": e.From.IP, "raw": string(e.Raw)}})
			}
			if next != "" {
				s.next("--after %s for older ones", next)
			}
			return s.table([]string{"event", "time", "log", "action", "status", "actor", "ip"}, rows, "No event is like that.")
		})}
	fl := c.Flags()
	fl.StringVar(&actor, "actor", "", "only those by this actor: identifier or name")
	fl.StringVar(&log, "log", "", "only those of this kind of log")
	fl.StringVar(&action, "action", "", "only this action, as the vendor calls it")
	fl.DurationVar(&last, "last", 0, "only those of so long ago: 24h")
	fl.StringVar(&f.After, "after", "", "only those before this event")
	fl.IntVar(&f.Limit, "limit", 50, "at most so many")
	return c
}
