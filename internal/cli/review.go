package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/review"
)

func (s *session) reviewCommand() *cobra.Command {
	c := &cobra.Command{Use: "review", Short: "Start, decide and close access reviews"}
	c.AddCommand(s.reviewStart(), s.reviewList(), s.reviewShow(), s.reviewDecide(), s.reviewClose(), s.reviewCancel())
	return c
}

// reviewDays is how long reviewers have unless --due says otherwise.
const reviewDays = 14

func (s *session) reviewStart() *cobra.Command {
	var n review.New
	var due, assign, reviewer, deputy string
	var reasons, critical []string
	c := &cobra.Command{Use: "start SYSTEM...", Short: "Freeze who may use systems, and hand out the rows",
		Long: "SYSTEM is the name of a connection for its accounts, or NAME.RESOURCE: okta-main, okta-main.role_grant, okta-main.group_member, okta-main.app_assignment, fleet.host_account.",
		Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			n.Due = period.Of(s.Now()) + reviewDays
			if due != "" {
				if n.Due, err = period.ParseDate(due); err != nil {
					return errs.As(errs.Invalid, err, "--due")
				}
			}
			why, err := pairs(reasons, "--reason")
			if err != nil {
				return err
			}
			plans, err := s.plansByName(ctx)
			if err != nil {
				return err
			}
			n.Assign = review.Assign(assign)
			for _, a := range args {
				name, resource, _ := strings.Cut(a, ".")
				x := review.Choice{Connection: name, Resource: resource, Reviewer: reviewer, Deputy: deputy, Reason: why[a], Critical: plans[name].Critical}
				for _, c := range critical {
					x.Critical = x.Critical || c == a
				}
				if x.Reviewer == "" {
					x.Reviewer = string(plans[name].Reviewer)
				}
				if x.Deputy == "" {
					x.Deputy = string(plans[name].Deputy)
				}
				n.Systems = append(n.Systems, x)
			}
			r, err := s.app.Reviews.Start(ctx, scope, s.Now(), n)
			if err != nil {
				return err
			}
			if s.json {
				return s.object(reviewRecord(r))
			}
			fmt.Fprintf(s.Out, "%s is running: %s rows, due %s.\n", r.Ref, grouped(int64(r.Rows)), r.Due)
			s.say("Next: tickmark review show %s", r.Ref)
			return nil
		})}
	fl := c.Flags()
	fl.StringVar(&n.Title, "title", "Access review", "title")
	fl.StringVar(&n.Why, "why", "", "why it is held")
	fl.StringVar(&due, "due", "", "last day to decide, such as 2026-12-31; two weeks from now if not given")
	fl.StringVar(&assign, "assign", "system", "who decides: system, manager")
	fl.StringVar(&reviewer, "reviewer", "", "reviewer (identifier or email); the plan's if not given")
	fl.StringVar(&deputy, "deputy", "", "decides on the reviewer's own access; the plan's if not given")
	fl.StringSliceVar(&critical, "critical", nil, "systems that are critical")
	fl.StringArrayVar(&reasons, "reason", nil, "SYSTEM=WHY it may begin although the counts do not agree")
	return c
}

func (s *session) plansByName(ctx context.Context) (map[string]review.Plan, error) {
	all, err := s.app.Reviews.Plans(ctx, s.read())
	out := map[string]review.Plan{}
	for _, p := range all {
		out[p.Source] = p
	}
	return out, err
}

func reviewRecord(r review.Review) map[string]any {
	return map[string]any{"ref": r.Ref, "title": r.Title, "state": r.State, "started": r.Started, "due": r.Due, "ended": r.Ended, "rows": r.Rows, "decided": r.Decided, "undecided": r.Undecided(),
		"keep": r.Keep, "change": r.Change, "remove": r.Remove, "flagged": r.Flagged, "open": r.Open, "overdue": r.Overdue, "done": r.Done, "late": r.Late, "evidence": r.Evidence, "sha256": r.SHA256, "why": r.Why, "end_why": r.EndWhy}
}

func (s *session) reviewList() *cobra.Command {
	var state string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List access reviews, newest first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		res, err := s.app.Reviews.List(ctx, s.read(), review.Filter{State: review.State(state), At: s.Now()}, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, r := range res.Rows {
			rows = append(rows, row{[]cell{text(r.Ref), text(r.State.Title()), text(fmt.Sprintf("%d of %d", r.Decided, r.Rows)), text(followText(r.Tally)), text(r.Due.String()), text(r.Title)}, reviewRecord(r)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "reviews"); err != nil {
			return err
		}
		return s.table([]string{"review", "state", "decided", "to be done", "due", "title"}, rows, "No access review yet. Start one: tickmark review start SYSTEM --reviewer EMAIL --deputy EMAIL")
	})}
	fl := c.Flags()
	fl.StringVar(&state, "state", "", "only those that are running, closed or cancelled")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "reviews a page")
	return c
}

// followText is what is left to do after a review.
func followText(t review.Tally) string {
	switch {
	case t.Overdue > 0:
		return fmt.Sprintf("%d overdue", t.Overdue)
	case t.Open > 0:
		return fmt.Sprintf("%d open", t.Open)
	case t.Late > 0:
		return fmt.Sprintf("%d done late", t.Late)
	case t.Done > 0:
		return fmt.Sprintf("%d done", t.Done)
	}
	return ""
}

func (s *session) reviewShow() *cobra.Command {
	var f review.RowFilter
	var flag, follow string
	var page, size int
	c := &cobra.Command{Use: "show REVIEW", Short: "Show a review, its populations and its rows", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		r, err := s.app.Reviews.Review(ctx, s.read(), s.Now(), strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		systems, err := s.app.Reviews.Systems(ctx, s.read(), r.ID, s.Now())
		if err != nil {
			return err
		}
		f.Review, f.At, f.Flag, f.Follow = r.ID, s.Now(), review.Flag(flag), review.Follow(follow)
		res, err := s.app.Reviews.Rows(ctx, s.read(), f, paging.Query{Page: page, Size: size, Sort: "n"})
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		if !s.json && !s.csv {
			s.reviewHead(r, systems)
		}
		rows := make([]row, 0, len(res.Rows))
		for _, x := range res.Rows {
			rows = append(rows, row{[]cell{text(strconv.Itoa(x.N)), text(x.System), text(x.Label()), text(x.PersonName), text(flagText(x)), text(names[x.Reviewer]), text(x.Decision.Title()), text(r.FollowOf(x, s.Now()).Title()), text(x.Reason)}, rowRecord(r, x, names, s)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "rows"); err != nil {
			return err
		}
		return s.table([]string{"row", "system", "account", "person", "flags", "reviewer", "decision", "follows", "reason"}, rows, "No row matches.")
	})}
	fl := c.Flags()
	fl.StringVar(&f.System, "system", "", "only rows of this system")
	fl.BoolVar(&f.Undecided, "undecided", false, "only rows without a decision")
	fl.StringVar(&flag, "flag", "", "only rows with this flag: again, left, orphan, privileged, unowned, idle")
	fl.StringVar(&follow, "follow", "", "only what is to be changed or removed: open, overdue, done, late")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "rows a page")
	return c
}

func flagText(x review.Row) string {
	out := make([]string, len(x.Flags))
	for i, f := range x.Flags {
		out[i] = string(f)
	}
	return strings.Join(out, " ")
}

func rowRecord(r review.Review, x review.Row, names map[access.UserID]string, s *session) map[string]any {
	return map[string]any{"review": r.Ref, "row": x.N, "system": x.System, "key": x.Key, "login": x.Login, "grant": x.Grant, "person": x.PersonRef, "person_name": x.PersonName, "person_state": x.State, "flags": flagText(x),
		"since": x.Since, "reviewer": names[x.Reviewer], "decision": x.Decision, "reason": x.Reason, "drop": x.Drop, "decided": x.At, "until": x.Until, "done": x.DoneAt, "how": x.How, "follow": r.FollowOf(x, s.Now()), "version": x.Version}
}

// reviewHead prints what a review froze.
func (s *session) reviewHead(r review.Review, systems []review.System) {
	fmt.Fprintf(s.Out, "%s  %s\n%s\ndue %s, %d of %d decided\n", s.paint(bold, r.Ref), r.State.Title(), r.Title, r.Due, r.Decided, r.Rows)
	for _, x := range systems {
		total := "the source gives no count of its own"
		if yes, known := x.Reconciles(); known && yes {
			total = "reconciled with the source's own count"
		} else if known {
			total = "DOES NOT RECONCILE: " + x.Reason
		}
		fmt.Fprintf(s.Out, "  %s: %d of %d rows of %s, %s; SHA-256 %s\n", x.Slug, x.Population, x.Snapshot, x.Evidence, total, x.SHA256)
	}
	if len(r.Evidence) > 0 {
		fmt.Fprintf(s.Out, "result %s, SHA-256 %s\n", strings.Join(r.Evidence, " "), r.SHA256)
	}
	fmt.Fprintln(s.Out)
}

func (s *session) reviewDecide() *cobra.Command {
	var reason, drop string
	c := &cobra.Command{Use: "decide REVIEW keep|change|remove ROW...", Short: "Decide on rows, as the person whose token is used",
		Long: "Only the reviewer of a row decides on it, and never on their own access: set TICKMARK_TOKEN to the reviewer's token.", Args: cobra.MinimumNArgs(3),
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			var all []review.Verdict
			for _, a := range args[2:] {
				n, err := strconv.Atoi(a)
				if err != nil || n < 1 {
					return errs.New(errs.Invalid, "%q is no row", a).WithHint("tickmark review show %s --undecided", args[0])
				}
				all = append(all, review.Verdict{N: n, Decision: review.Decision(args[1]), Reason: reason, Drop: drop})
			}
			changed, err := s.app.Reviews.Decide(ctx, scope, s.Now(), strings.ToUpper(args[0]), all)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%d decided: %s.\n", len(changed), args[1])
			return nil
		})}
	c.Flags().StringVar(&reason, "reason", "", "why; needed to keep what is flagged, and to say what is to change")
	c.Flags().StringVar(&drop, "drop", "", "of a change: the group or role that is to go")
	return c
}

func (s *session) reviewClose() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "close REVIEW", Short: "Close a review and keep its result as evidence", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		r, err := s.app.Reviews.Close(ctx, scope, s.Now(), strings.ToUpper(args[0]), why)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(reviewRecord(r))
		}
		fmt.Fprintf(s.Out, "%s is closed. Result: %s, SHA-256 %s.\n", r.Ref, strings.Join(r.Evidence, " "), r.SHA256)
		return nil
	})}
	c.Flags().StringVar(&why, "why", "", "needed while rows are undecided")
	return c
}

func (s *session) reviewCancel() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "cancel REVIEW", Short: "Cancel a review that shall not count", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		r, err := s.app.Reviews.Cancel(ctx, scope, s.Now(), strings.ToUpper(args[0]), why)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%s is cancelled.\n", r.Ref)
		return nil
	})}
	c.Flags().StringVar(&why, "why", "", "the reason")
	return c
}
