package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func (s *session) ruleCommand() *cobra.Command {
	c := &cobra.Command{Use: "rule", Short: "Rules that look for attacks in stored events: which run, and what they find"}
	c.AddCommand(s.ruleList(), s.ruleShow(), s.ruleCheck(), s.ruleUpload(), s.ruleTurn("on", true), s.ruleTurn("off", false), s.ruleTry())
	return c
}

func ruleState(r *detect.Rule) string {
	switch {
	case r.Trouble != "":
		return "does not run"
	case r.Feeds && r.On:
		return "only feeds others"
	case r.On:
		return "on"
	}
	return "off"
}

func ruleRecord(r *detect.Rule) map[string]any {
	return map[string]any{"key": r.Key, "title": r.Title, "description": r.Description, "level": r.Level, "state": ruleState(r), "on": r.On, "trouble": r.Trouble, "logs": r.Logs, "techniques": r.Techniques,
		"criteria": r.Criteria, "set": r.Set, "hits": r.Hits, "last_hit": moment(r.Last), "nanoseconds_an_event": r.Nanos, "reason": r.Setting.Reason, "decided_by": r.Setting.By}
}

func (s *session) ruleList() *cobra.Command {
	var f detect.RuleFilter
	var find string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List rules, with their hits of the last 30 days", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		res, err := s.app.Detect.Rules(ctx, s.read(), s.Now(), f, paging.Query{Page: page, Size: size, Search: find, Sort: "level"})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for i := range res.Rows {
			r := &res.Rows[i]
			rows = append(rows, row{[]cell{text(r.Key), text(r.Level), text(ruleState(r)), text(r.Title), text(strings.Join(r.Logs, " ")), number(r.Hits), ago(r.Last)}, ruleRecord(r)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "rules"); err != nil {
			return err
		}
		return s.table([]string{"rule", "level", "state", "title", "events of", "hits", "last hit"}, rows, "No rule is like that. Leave a flag out.")
	})}
	fl := c.Flags()
	fl.StringVar(&f.State, "state", "", "only those that are on, off, or in trouble")
	fl.StringVar(&f.Level, "level", "", "only those of this level")
	fl.StringVar(&f.Log, "log", "", "only those about events of this kind of log")
	fl.StringVar(&f.Technique, "technique", "", "only those that see this technique of ATT&CK")
	fl.StringVar(&f.Criterion, "criterion", "", "only those that serve this criterion")
	fl.StringVar(&f.Set, "set", "", "only those of an uploaded set, such as RS-01; own for the program's")
	fl.StringVar(&find, "find", "", "only those with this text")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 100, "rules a page")
	return c
}

func (s *session) ruleShow() *cobra.Command {
	return &cobra.Command{Use: "show RULE", Short: "Show a rule: its text, state, hits by day, filters and trials", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		r, err := s.app.Detect.Rule(ctx, s.read(), s.Now(), args[0])
		if err != nil {
			return errs.Hinted(err, "tickmark rule list shows those there are.")
		}
		var days []map[string]any
		for _, d := range r.Days {
			days = append(days, map[string]any{"day": time.Unix(int64(d.Day)*86400, 0).UTC().Format(time.DateOnly), "hits": d.Hits})
		}
		if s.json {
			out := ruleRecord(&r.Rule)
			out["text"], out["days"], out["trials"] = r.Text, days, len(r.Trials)
			return s.object(out)
		}
		cost := "not measured"
		if r.Nanos > 0 {
			cost = time.Duration(r.Nanos).Round(10*time.Nanosecond).String() + " an event"
		}
		last := "never"
		if !r.Last.IsZero() {
			last = stamp(r.Last)
		}
		fmt.Fprintf(s.Out, "%s\n%s\n\nlevel       %s\nstate       %s\nhits        %d in 30 days, last %s\ncost        %s\n", printable(r.Title), printable(r.Description), r.Level, ruleState(&r.Rule), r.Hits, last, cost)
		if r.Trouble != "" {
			fmt.Fprintf(s.Out, "trouble     %s\n", printable(r.Trouble))
		}
		for _, d := range days {
			fmt.Fprintf(s.Out, "  %s  %d\n", d["day"], d["hits"])
		}
		for _, f := range r.Filters {
			fmt.Fprintf(s.Out, "filter      %s %s, until %s\n", f.Ref, printable(f.Title), stamp(f.Until))
		}
		for _, t := range r.Trials {
			fmt.Fprintf(s.Out, "tried       %s: %d hits in %d events\n", stamp(t.At), t.Hits, t.Looked)
		}
		_, err = fmt.Fprintf(s.Out, "\n%s", r.Text)
		return err
	})}
}

// ruleCheck needs no data folder: it reads rules and says which can be used.
func (s *session) ruleCheck() *cobra.Command {
	return &cobra.Command{Use: "check FILE", Short: "Read a rule, or a folder or archive of rules, and say what cannot be used and why", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		name, content, err := rulesAt(args[0])
		if err != nil {
			return err
		}
		n, refused, err := detect.Check(name, content)
		if err != nil {
			return err
		}
		if err := s.refusals(refused); err != nil {
			return err
		}
		if !s.quiet && !s.json {
			fmt.Fprintf(s.Err, "%s rules can be used, %s cannot.\n", grouped(int64(n)), grouped(int64(len(refused))))
		}
		if len(refused) > 0 || n == 0 {
			return verdict(exitFailing)
		}
		return nil
	}}
}

func (s *session) refusals(all []sigma.Refusal) error {
	var rows []row
	for _, r := range all {
		rows = append(rows, row{[]cell{text(r.Path), number(int64(r.Line)), text(r.Title), text(r.Reason)}, map[string]any{"path": r.Path, "line": r.Line, "title": r.Title, "reason": r.Reason}})
	}
	return s.table([]string{"file", "line", "rule", "why it is not used"}, rows, "Every rule can be used.")
}

// rulesAt reads rules to be checked or uploaded: a file as it is, a folder as an archive of its .yml and .yaml files.
func rulesAt(at string) (name string, content []byte, err error) {
	info, err := os.Stat(at)
	if err != nil {
		return "", nil, errs.AtField(errs.As(errs.NotFound, err, "the rules"), "rules")
	}
	if !info.IsDir() {
		if info.Size() > detect.MaxUpload {
			return "", nil, errs.New(errs.Invalid, "%s is larger than %d MiB", at, detect.MaxUpload>>20)
		}
		content, err = os.ReadFile(at)
		return filepath.Base(at), content, errs.As(errs.Unavailable, err, "the rules")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	n := 0
	err = fs.WalkDir(os.DirFS(at), ".", func(path string, d fs.DirEntry, err error) error {
		if lower := strings.ToLower(path); err != nil || d.IsDir() || !strings.HasSuffix(lower, ".yml") && !strings.HasSuffix(lower, ".yaml") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(at, path))
		if err != nil {
			return err
		}
		w, err := z.Create(path)
		if err != nil {
			return err
		}
		n++
		_, err = w.Write(text)
		return err
	})
	if err = errors.Join(err, z.Close()); err != nil {
		return "", nil, errs.As(errs.Unavailable, err, "the rules of %s", at)
	}
	if n == 0 {
		return "", nil, errs.New(errs.Invalid, "%s holds no .yml or .yaml file", at)
	}
	return filepath.Base(filepath.Clean(at)) + ".zip", b.Bytes(), nil
}

func (s *session) ruleUpload() *cobra.Command {
	var title string
	c := &cobra.Command{Use: "upload DIR", Short: "Upload Sigma rules: a folder, an archive or one file; all are off at first", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		name, content, err := rulesAt(args[0])
		if err != nil {
			return err
		}
		if title == "" {
			title = name
		}
		x, err := s.app.Detect.Upload(ctx, scope, s.Now(), title, name, content)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(map[string]any{"ref": x.Ref, "title": x.Title, "files": x.Files, "rules": x.Rules, "refused": len(x.Refused)})
		}
		s.say("%s holds %s rules, all off; %s cannot be used.", x.Ref, grouped(int64(x.Rules)), grouped(int64(len(x.Refused))))
		s.next("tickmark rule list --set %s", x.Ref)
		if len(x.Refused) > 0 {
			return s.refusals(x.Refused)
		}
		return nil
	})}
	c.Flags().StringVar(&title, "title", "", "what the set is called; empty for the name of the file")
	return c
}

func (s *session) ruleTurn(word string, on bool) *cobra.Command {
	var why string
	c := &cobra.Command{Use: word + " RULE...", Short: "Turn rules " + word + ", with a reason", Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		n, err := s.app.Detect.Turn(ctx, scope, s.Now(), args, on, why, -1)
		if err != nil {
			return errs.Hinted(err, "tickmark rule list shows those there are.")
		}
		s.say("%d turned %s.", n, word)
		return nil
	})}
	c.Flags().StringVar(&why, "why", "", "the reason (required)")
	return c
}

func (s *session) ruleTry() *cobra.Command {
	var from, to string
	c := &cobra.Command{Use: "try RULE", Short: "Run a rule over stored events, and keep what came of it", Args: cobra.ExactArgs(1),
		Long: "Runs a rule over the events that are stored, whether it is on or not, while no server runs on the data folder; a running server\ndoes it from the page of the rule.", RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			until := s.Now().UTC()
			since := until.AddDate(0, 0, -30)
			for text, at := range map[string]*time.Time{from: &since, to: &until} {
				if text == "" {
					continue
				}
				day, err := time.Parse(time.DateOnly, text)
				if err != nil {
					return errs.New(errs.Invalid, "%q is no day", text).WithHint("Give a day such as 2026-12-31.")
				}
				*at = day
			}
			if to != "" {
				until = until.AddDate(0, 0, 1) // that day included
			}
			if err := s.app.OpenEvents(ctx); err != nil {
				return errs.Hinted(err, "A running server tries it from the page of the rule.")
			}
			t, err := s.app.Detect.Try(ctx, scope, s.Now(), args[0], since, until)
			if err != nil {
				return err
			}
			rows := make([]row, 0, len(t.Examples))
			for _, e := range t.Examples {
				rows = append(rows, row{[]cell{instant(e.At), text(e.Who), text(e.Action), text(e.Where), text(e.Event)}, map[string]any{"at": moment(e.At), "who": e.Who, "action": e.Action, "where": e.Where, "event": e.Event}})
			}
			s.say("%s hits in %s events, %s a day.", grouped(t.Hits), grouped(t.Looked), t.PerDay())
			if t.Stopped {
				s.say("It stopped at %s: what came later was not looked at.", stamp(t.Until))
			}
			return s.table([]string{"when", "who", "what", "from", "event"}, rows, "It matched nothing.")
		})}
	c.Flags().StringVar(&from, "from", "", "first day; empty for 30 days ago")
	c.Flags().StringVar(&to, "to", "", "last day; empty for now")
	return c
}
