package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

func (s *session) testCommand() *cobra.Command {
	var criteria, failOn, asOf string
	c := &cobra.Command{
		Use: "test [CONTROL|TEST...]", Short: "Test controls on the evidence collected",
		Example: "  tickmark test\n  tickmark test IAM-02 --json\n  tickmark test --criteria CC6 --fail-on unknown",
		RunE: s.run(func(ctx context.Context, args []string) error {
			tests, err := s.pickTests(ctx, args, criteria)
			if err != nil {
				return err
			}
			at := s.Now()
			if asOf != "" {
				if at, err = parseInstant(asOf); err != nil {
					return err
				}
				if now := s.Now(); len(asOf) == len(time.DateOnly) && at.After(now) && period.Of(at) == period.Of(now) {
					at = now // the day lasts
				}
			}
			return s.evaluate(ctx, tests, at, failOn)
		}),
	}
	f := c.Flags()
	f.StringVar(&criteria, "criteria", "", "only tests of controls that serve this criterion or series, such as CC6 or CC6.1")
	f.StringVar(&failOn, "fail-on", "fail", "what makes the exit code 3: fail, or unknown for fail and no answer")
	f.StringVar(&asOf, "as-of", "", "judge the evidence as it was at this day or instant (UTC)")
	c.AddCommand(s.testList(), s.testShow(), s.testLint(), s.testAdd(), s.testHistory())
	return c
}

func parseInstant(v string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return t.UTC(), nil
	}
	t, err := time.Parse(time.DateOnly, v)
	if err != nil {
		return t, usageError{fmt.Errorf("%q is neither a day such as 2026-01-31 nor an instant such as 2026-01-31T12:00:00Z", v)}
	}
	return t.Add(24*time.Hour - time.Microsecond), nil
}

// pickTests resolves references of controls and tests, and a criterion; nothing given means every enabled test.
func (s *session) pickTests(ctx context.Context, args []string, criteria string) ([]evaluate.Installed, error) {
	all, err := s.app.Evaluate.Store.Installed(ctx, s.read())
	if err != nil {
		return nil, err
	}
	var controls []string
	if criteria != "" {
		if controls, err = s.app.ControlsServing(ctx, s.read(), catalog.TSC, strings.ToUpper(criteria)); err != nil {
			return nil, err
		}
		if len(controls) == 0 {
			return nil, errs.New(errs.NotFound, "no control serves %q", criteria).WithHint("tickmark framework show tsc-2017")
		}
	}
	var out []evaluate.Installed
	for _, t := range all {
		d := t.Definition
		named := slices.ContainsFunc(args, func(a string) bool { return a == d.ID || slices.Contains(d.Controls, strings.ToUpper(a)) })
		serves := slices.ContainsFunc(d.Controls, func(c string) bool { return slices.Contains(controls, c) })
		switch {
		case len(args) > 0 && !named, criteria != "" && !serves:
		case !t.Enabled && !named:
		default:
			out = append(out, t)
		}
	}
	for _, a := range args {
		if !slices.ContainsFunc(out, func(t evaluate.Installed) bool {
			return t.Definition.ID == a || slices.Contains(t.Definition.Controls, strings.ToUpper(a))
		}) {
			return nil, errs.New(errs.NotFound, "no test or tested control %q", a).WithHint("tickmark test list")
		}
	}
	if len(out) == 0 {
		return nil, errs.New(errs.NotFound, "no tests to run").WithHint("tickmark test list")
	}
	return out, nil
}

func (s *session) evaluate(ctx context.Context, tests []evaluate.Installed, at time.Time, failOn string) error {
	if failOn != "fail" && failOn != "unknown" {
		return usageError{fmt.Errorf("--fail-on takes fail or unknown, not %q", failOn)}
	}
	scope, err := s.write()
	if err != nil {
		return err
	}
	connected, err := s.app.Relevant(ctx, scope.ReadScope, tests)
	if err != nil {
		return err
	}
	skipped := len(tests) - len(connected)
	if len(connected) == 0 {
		return errs.New(errs.NotFound, "none of the %d tests reads a system that is connected", len(tests)).WithHint("tickmark collect host git, or tickmark connect add KIND")
	}
	started := s.Now()
	b, err := s.app.Evaluate.Evaluate(ctx, scope, evaluate.Request{Tests: connected, AsOf: at, Trigger: "command line", Now: started, Progress: s.step})
	if err != nil {
		return err
	}
	titles := map[string]*evaluate.Definition{}
	for _, t := range connected {
		titles[t.Definition.ID] = t.Definition
	}
	slices.SortStableFunc(b.Runs, func(x, y evaluate.Run) int { return order(x.Outcome) - order(y.Outcome) })
	var rows []row
	n := map[evaluate.Outcome]int{}
	for _, r := range b.Runs {
		n[r.Outcome]++
		failing := fmt.Sprintf("%s of %s", grouped(r.Counts[evaluate.Fail]), grouped(r.Population))
		if !r.Evaluated() {
			failing = "–"
		}
		rows = append(rows, row{[]cell{status(string(r.Outcome)), text(strings.Join(titles[r.Test].Controls, " ")), text(r.Test), {text: failing, right: true}, {text: grouped(r.Counts[evaluate.Unknown]), right: true}, text(r.Reason)}, runRecord(r)})
	}
	if err := s.table([]string{"result", "control", "test", "failing", "no answer", "reason"}, rows, ""); err != nil {
		return err
	}
	s.say("\n%d tests in %.1f s: %d pass, %d fail, %d without answer, %d not applicable. %d more read systems that are not connected.",
		len(b.Runs), s.Now().Sub(started).Seconds(), n[evaluate.Pass], n[evaluate.Fail], n[evaluate.Unknown], n[evaluate.NotApplicable], skipped)
	s.next("tickmark test show %s", b.Runs[0].Test)
	switch {
	case n[evaluate.Fail] > 0, failOn == "unknown" && n[evaluate.Unknown] > 0:
		return verdict(exitFailing)
	case n[evaluate.Unknown] > 0:
		return verdict(exitNoAnswer)
	}
	return nil
}

func order(o evaluate.Outcome) int {
	return slices.Index([]evaluate.Outcome{evaluate.Fail, evaluate.Unknown, evaluate.Pass, evaluate.NotApplicable}, o)
}

func runRecord(r evaluate.Run) map[string]any {
	return map[string]any{
		"run": r.ID, "test": r.Test, "version": r.Version, "as_of": r.AsOf, "outcome": r.Outcome, "reason": r.Reason, "population": r.Population, "pass": r.Counts[evaluate.Pass],
		"fail": r.Counts[evaluate.Fail], "unknown": r.Counts[evaluate.Unknown], "not_applicable": r.Counts[evaluate.NotApplicable], "rows_sha256": r.Hash, "ms": r.Took.Milliseconds(),
	}
}

func (s *session) testList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List tests with their last result", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		all, err := s.app.Evaluate.Store.Installed(ctx, s.read())
		if err != nil {
			return err
		}
		last, err := s.app.Evaluate.Store.Last(ctx, s.read())
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(all))
		for _, t := range all {
			d := t.Definition
			result, when := text("not run yet"), text("–")
			rec := map[string]any{"test": d.ID, "version": d.Version, "title": d.Title, "kind": d.Kind, "controls": d.Controls, "severity": d.Severity, "inputs": d.Inputs, "enabled": t.Enabled, "outcome": nil, "as_of": nil, "fail": nil, "population": nil}
			if r, ok := last[d.ID]; ok {
				result, when = status(string(r.Outcome)), instant(r.AsOf)
				rec["outcome"], rec["as_of"], rec["fail"], rec["population"] = r.Outcome, r.AsOf, r.Counts[evaluate.Fail], r.Population
			}
			rows = append(rows, row{[]cell{text(d.ID), result, text(strings.Join(d.Controls, " ")), text(string(d.Kind)), when, text(d.Title)}, rec})
		}
		return s.table([]string{"test", "last result", "control", "kind", "as of", "title"}, rows, "No tests are installed.")
	})}
}

func (s *session) testShow() *cobra.Command {
	var sqlOnly bool
	c := &cobra.Command{Use: "show TEST", Short: "Show what a test asks, its statement and what fails now", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		versions, err := s.app.Evaluate.Store.Versions(ctx, s.read(), args[0])
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			return errs.New(errs.NotFound, "no test %q", args[0]).WithHint("tickmark test list")
		}
		d := versions[0].Definition
		if sqlOnly {
			_, err := fmt.Fprint(s.Out, d.SQL)
			return err
		}
		failing, err := s.app.NotPassing(ctx, s.read(), d)
		if err != nil {
			return err
		}
		if s.json {
			for _, f := range failing {
				if err := s.object(f); err != nil {
					return err
				}
			}
			return nil
		}
		fmt.Fprintf(s.Out, "%s  version %d, %s, %s\n%s\n\n%s\n\nPopulation: %s, from %s\nControls: %s\nFix: %s\n", s.paint(bold, d.ID), d.Version, d.Kind, d.Severity, d.Title, d.Asks,
			d.Counted, strings.Join(d.Inputs, ", "), strings.Join(d.Controls, " "), strings.TrimSpace(d.Fix))
		var rows []row
		for _, f := range failing {
			rows = append(rows, row{[]cell{status(f.Outcome), text(f.Label), instant(f.Since), text(f.Exception), text(f.Reason)}, f})
		}
		fmt.Fprintln(s.Out)
		return s.table([]string{"state", "item", "since", "exception", "reason"}, rows, "Nothing fails now.")
	})}
	c.Flags().BoolVar(&sqlOnly, "sql", false, "print the statement only")
	return c
}

func (s *session) testLint() *cobra.Command {
	return &cobra.Command{Use: "lint FILE...", Short: "Check test definitions against the rules, and run their fixtures", Args: cobra.MinimumNArgs(1), RunE: func(c *cobra.Command, args []string) error {
		if err := s.openApp(c.Context()); err != nil {
			return err
		}
		bad := 0
		for i, name := range args {
			s.step(i, len(args), name)
			err := s.lintFile(c.Context(), name)
			if err != nil {
				bad++
				fmt.Fprintf(s.Out, "%s %s: %v\n", s.paint(red, "✗"), name, err)
				if h := errs.HintOf(err); h != "" {
					fmt.Fprintf(s.Out, "    %s\n", h)
				}
				continue
			}
			fmt.Fprintf(s.Out, "%s %s\n", s.paint(green, "✓"), name)
		}
		if bad > 0 {
			return verdict(exitFailing)
		}
		return nil
	}}
}

func (s *session) lintFile(ctx context.Context, name string) error {
	d, err := readDefinition(name)
	if err != nil {
		return err
	}
	return evaluate.Lint(ctx, s.app.Evaluate.Engine, d)
}

func readDefinition(name string) (*evaluate.Definition, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "read the definition")
	}
	return evaluate.Parse(b)
}

func (s *session) testAdd() *cobra.Command {
	return &cobra.Command{Use: "add FILE...", Short: "Install tests of your own, after checking them", Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		for _, name := range args {
			d, err := readDefinition(name)
			if err != nil {
				return errs.Wrap(err, "%s", name)
			}
			if err := s.app.InstallTest(ctx, scope, s.Now(), d); err != nil {
				return errs.Wrap(err, "%s", name)
			}
			fmt.Fprintf(s.Out, "Installed %s version %d.\n", d.ID, d.Version)
		}
		return nil
	})}
}

// maxHistory bounds what one listing shows: ten years.
const maxHistory = 3653

func (s *session) testHistory() *cobra.Command {
	var days int
	c := &cobra.Command{Use: "history TEST", Short: "Show a test's outcome day by day", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		if known, err := s.app.Evaluate.Store.Versions(ctx, s.read(), args[0]); err != nil || len(known) == 0 {
			if err == nil {
				err = errs.New(errs.NotFound, "no test %q", args[0]).WithHint("tickmark test list")
			}
			return err
		}
		newest, err := s.app.Evaluate.Store.Runs(ctx, s.read(), args[0], paging.Query{Size: 1})
		if err != nil {
			return err
		}
		if days < 1 || days > maxHistory {
			return usageError{fmt.Errorf("--days takes 1 to %d", maxHistory)}
		}
		end := period.Of(s.Now())
		if len(newest.Rows) > 0 {
			end = period.Of(newest.Rows[0].AsOf)
		}
		p := period.Closed(end-period.Date(days)+1, end)
		list, err := s.app.Evaluate.Store.Days(ctx, s.read(), args, p)
		if err != nil {
			return err
		}
		at := map[period.Date]evaluate.Day{}
		for _, d := range list {
			at[d.Date] = d
		}
		var rows []row
		for d := p.Last(); d >= p.From; d-- {
			x, ok := at[d]
			word := status(string(x.Outcome))
			if !ok {
				word, x.Reason = faint("· not tested"), ""
			}
			rows = append(rows, row{[]cell{text(d.String()), word, number(x.Counts[evaluate.Fail]), number(x.Counts[evaluate.Unknown]), text(x.Reason)},
				map[string]any{"day": d, "outcome": x.Outcome, "tested": ok, "fail": x.Counts[evaluate.Fail], "unknown": x.Counts[evaluate.Unknown], "reason": x.Reason}})
		}
		return s.table([]string{"day", "outcome", "failing", "no answer", "reason"}, rows, "")
	})}
	c.Flags().IntVar(&days, "days", 30, "how many days")
	return c
}
