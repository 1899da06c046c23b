package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func (s *session) detectCommand() *cobra.Command {
	c := &cobra.Command{Use: "detect", Short: "Look for known attacks in files of events, with rules of our own or other Sigma rules"}
	c.AddCommand(s.detectScan(), s.detectRules(), s.detectCheck(), s.detectSources(), s.detectPlaybook())
	return c
}

// detectScan needs no data folder: it reads files and writes what it finds.
func (s *session) detectScan() *cobra.Command {
	var source, rules, least string
	c := &cobra.Command{
		Use: "scan FILE...", Short: "Run rules over files of events", Args: cobra.MinimumNArgs(1),
		Long: `Reads events in the order in which they come: JSON lines, a JSON array, or CloudTrail's files; plain, gzip or zstd; "-" is
standard input. What cannot be read is told and counted, never left out in silence. Nothing is stored.

Ends with code 3 when something was found, and 0 when not (tickmark help exit-codes).`,
		Example: "  tickmark detect scan --source okta.log system-log.ndjson\n  tickmark detect scan --source aws.cloudtrail --rules sigma/rules --level high trail/*.json.gz",
		RunE: func(c *cobra.Command, args []string) error {
			set, err := ruleSet(rules)
			if err != nil {
				return err
			}
			engine, err := sigma.Compile(set, detect.Options())
			if err != nil {
				return err
			}
			return s.scan(c.Context(), engine, source, least, args)
		},
	}
	c.Flags().StringVar(&source, "source", "", "kind of log, see tickmark detect sources (required)")
	c.Flags().StringVar(&rules, "rules", "", "folder or release archive of Sigma rules, instead of our own")
	c.Flags().StringVar(&least, "level", "", "leave out findings below this level: low, medium, high or critical")
	return c
}

var levels = []string{"informational", "low", "medium", "high", "critical"}

func (s *session) scan(ctx context.Context, engine *sigma.Engine, source, least string, files []string) error {
	if source == "" {
		return usageError{fmt.Errorf("scan needs --source, the kind of log the files are of: see tickmark detect sources")}
	}
	from := 0
	if least != "" {
		from = slices.Index(levels, least)
	}
	if from < 0 {
		return errs.New(errs.Invalid, "there is no level %q", least).At("level").WithHint("Levels are %s.", strings.Join(levels, ", "))
	}
	scanner, err := detect.NewScanner(engine, source)
	if err != nil {
		return err
	}
	found := 0
	scanner.Found = func(f detect.Finding) error {
		if slices.Index(levels, f.Rule.Level) < from {
			return nil
		}
		found++
		return s.finding(f)
	}
	scanner.Refuse = func(r detect.Refused) error {
		_, err := fmt.Fprintf(s.Err, "%s: event %d %s\n", r.File, r.Event, r.Why)
		return err
	}
	for _, name := range files {
		if err := s.scanFile(ctx, scanner, name); err != nil {
			return err
		}
	}
	if err := scanner.Finish(); err != nil {
		return err
	}
	t := scanner.Tally()
	if !s.quiet {
		fmt.Fprintf(s.Err, "%s events, %s findings, %s events that could not be read", grouped(t.Events), grouped(int64(found)), grouped(t.Refused))
		if t.Undated > 0 {
			fmt.Fprintf(s.Err, ", %s without a time, which correlations leave out", grouped(t.Undated))
		}
		fmt.Fprintln(s.Err)
	}
	if found > 0 {
		return verdict(exitFailing)
	}
	return nil
}

func (s *session) scanFile(ctx context.Context, scanner *detect.Scanner, name string) error {
	if name == "-" {
		return scanner.Read(ctx, "standard input", s.In)
	}
	f, err := os.Open(name)
	if err != nil {
		return errs.As(errs.NotFound, err, "%s", name)
	}
	defer f.Close()
	return scanner.Read(ctx, name, f)
}

// finding prints one as it is found: a listing that waits for the end would show nothing for hours.
func (s *session) finding(f detect.Finding) error {
	if s.json {
		return s.object(map[string]any{"at": f.At, "level": f.Rule.Level, "rule": f.Rule.Title, "rule_id": f.Rule.ID, "tags": f.Rule.Tags, "who": f.Who, "where": f.Where, "group": f.Group, "value": f.Value, "file": f.File, "event": f.Event})
	}
	who := strings.Join(append([]string{f.Who, f.Where}, f.Group...), " ")
	place := f.File
	if f.Event > 0 {
		place = fmt.Sprintf("%s:%d", f.File, f.Event)
	}
	_, err := fmt.Fprintf(s.Out, "%s  %-8s  %s  %s  %s\n", stamp(f.At), f.Rule.Level, f.Rule.Title, printable(strings.Join(strings.Fields(who), " ")), place)
	return err
}

// ruleSet reads rules of a folder or an archive, or our own.
func ruleSet(at string) (*sigma.Set, error) {
	if at == "" {
		p, err := pack.Load()
		if err != nil {
			return nil, err
		}
		return p.Set, nil
	}
	info, err := os.Stat(at)
	if err != nil {
		return nil, errs.AtField(errs.As(errs.NotFound, err, "the rules"), "rules")
	}
	if info.IsDir() {
		return sigma.LoadFS(os.DirFS(at))
	}
	f, err := os.Open(at)
	if err != nil {
		return nil, errs.AtField(errs.As(errs.NotFound, err, "the rules"), "rules")
	}
	defer f.Close()
	return sigma.LoadArchive(f, info.Size())
}

func (s *session) detectCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check RULES", Short: "Read a folder or archive of Sigma rules, and say which cannot be used and why", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := ruleSet(args[0])
			if err != nil {
				return err
			}
			engine, err := sigma.Compile(set, detect.Options())
			if err != nil {
				return err
			}
			var rows []row
			for _, r := range engine.Refused() {
				rows = append(rows, row{[]cell{text(r.Path), number(int64(r.Line)), text(r.Title), text(r.Reason)}, map[string]any{"path": r.Path, "line": r.Line, "title": r.Title, "reason": r.Reason}})
			}
			if err := s.table([]string{"file", "line", "rule", "why it is not used"}, rows, "Every rule can be used."); err != nil {
				return err
			}
			if !s.quiet {
				fmt.Fprintf(s.Err, "%s rules, %s correlations, %s refused, %s about logs of no source that is known\n", grouped(int64(len(set.Rules))), grouped(int64(len(set.Correlations))), grouped(int64(len(rows))), grouped(int64(len(engine.Unrouted()))))
			}
			if len(rows) > 0 {
				return verdict(exitFailing)
			}
			return nil
		},
	}
}

func (s *session) detectRules() *cobra.Command {
	var product, criterion, technique string
	c := &cobra.Command{Use: "rules", Short: "List our own rules, with the techniques they see and the criteria they serve", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		p, err := pack.Load()
		if err != nil {
			return err
		}
		var rows []row
		for _, r := range p.Rules {
			if r.Feeds || product != "" && r.Source.Product != product || criterion != "" && !has(r.Criteria, criterion) || technique != "" && !has(r.Techniques, technique) {
				continue
			}
			rows = append(rows, row{
				[]cell{text(r.Level), text(r.Source.Product), text(r.Title), text(strings.Join(r.Techniques, " ")), text(strings.Join(r.Criteria, " ")), text(r.Playbook)},
				map[string]any{"id": r.ID, "title": r.Title, "description": r.Description, "level": r.Level, "product": r.Source.Product, "service": r.Source.Service, "category": r.Source.Category, "tactics": r.Tactics, "techniques": r.Techniques, "criteria": r.Criteria, "playbook": r.Playbook, "correlation": r.Correlation, "false_positives": r.FalsePositives},
			})
		}
		return s.table([]string{"level", "system", "rule", "techniques", "criteria", "playbook"}, rows, "No rule of ours is like that. Leave a flag out.")
	}}
	c.Flags().StringVar(&product, "system", "", "only of a system, such as okta")
	c.Flags().StringVar(&criterion, "criterion", "", "only those that serve a criterion, such as CC7.2")
	c.Flags().StringVar(&technique, "technique", "", "only those that see a technique of ATT&CK, such as T1621")
	return c
}

func has(list []string, x string) bool {
	return slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, x) })
}

func (s *session) detectSources() *cobra.Command {
	return &cobra.Command{Use: "sources", Short: "List the kinds of logs that are known", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		var rows []row
		for _, x := range detect.Sources() {
			rows = append(rows, row{[]cell{text(x.Name), text(x.Title), faint(x.Docs)}, map[string]any{"name": x.Name, "title": x.Title, "docs": x.Docs}})
		}
		return s.table([]string{"source", "what it is", "records are described at"}, rows, "")
	}}
}

func (s *session) detectPlaybook() *cobra.Command {
	return &cobra.Command{Use: "playbook [NAME]", Short: "Show what to do when a rule came true, or list the playbooks", Args: cobra.MaximumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		p, err := pack.Load()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			var rows []row
			for _, b := range p.Playbooks {
				rows = append(rows, row{[]cell{text(b.ID), text(b.Title), text(b.When)}, b})
			}
			return s.table([]string{"playbook", "title", "when"}, rows, "")
		}
		b, ok := p.Playbook(args[0])
		if !ok {
			return errs.New(errs.NotFound, "there is no playbook %q", args[0]).WithHint("tickmark detect playbook lists them.")
		}
		if s.json {
			return json.NewEncoder(s.Out).Encode(b)
		}
		fmt.Fprintf(s.Out, "%s\n%s\n", b.Title, b.When)
		for _, step := range b.Steps {
			fmt.Fprintf(s.Out, "  %-8s %s\n", step.Phase, step.Text)
		}
		return nil
	}}
}
