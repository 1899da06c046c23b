package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/audit"
)

// simcoEvents is what the command is asked for.
type simcoEvents struct {
	cfg     simco.Config
	options simco.AuditOptions
	start   string
	last    int
	out, to string
	tokens  []string
	attacks bool
}

func (s *session) simcoEventsCommand() *cobra.Command {
	var q simcoEvents
	c := &cobra.Command{
		Use: "events", Short: "Write or send the audit logs of the simulated company", Args: cobra.NoArgs,
		Long: "Writes the audit logs of the simulated company's last days as files of JSON lines (--out), or sends them to an intake as other people's systems do (--to, with a --token for each kind of log). " +
			"Attacks are planted among them; --attacks prints the truth about them as JSON.",
		Example: "  tickmark simco events --days 60 --last 30 --out logs\n  tickmark simco events --to https://127.0.0.1:8443/intake/v1/events --token okta.log=TOKEN --token aws.cloudtrail=TOKEN",
		RunE:    func(c *cobra.Command, _ []string) error { return s.simcoEvents(c.Context(), q) },
	}
	f := c.Flags()
	f.Uint64Var(&q.cfg.Seed, "seed", demoSeed, "seed: the same gives the same life")
	f.IntVar(&q.cfg.People, "people", demoPeople, "people")
	f.IntVar(&q.cfg.Repositories, "repositories", demoRepositories, "repositories")
	f.IntVar(&q.cfg.Days, "days", demoDays, "days of the life")
	f.IntVar(&q.last, "last", 30, "how many of its last days are written")
	f.StringVar(&q.start, "start", "", "first day (default: so that the life ends yesterday)")
	f.Float64Var(&q.options.Factor, "factor", 1, "how much people and services do")
	f.BoolVar(&q.options.Attacks, "planted", true, "with planted attacks, in the last 30 days")
	f.StringVar(&q.out, "out", "", "folder to write files into")
	f.StringVar(&q.to, "to", "", "address of the intake to send to")
	f.StringArrayVar(&q.tokens, "token", nil, "kind of log and token of its source, as okta.log=TOKEN")
	f.BoolVar(&q.attacks, "attacks", false, "print the planted attacks as JSON and end")
	return c
}

func (s *session) simcoEvents(ctx context.Context, q simcoEvents) error {
	if (q.out == "") == (q.to == "") && !q.attacks {
		return usageError{fmt.Errorf("say --out FOLDER or --to ADDRESS")}
	}
	q.cfg.Start = (period.Of(s.Now()) - period.Date(q.cfg.Days)).Time()
	if q.start != "" {
		d, err := period.ParseDate(q.start)
		if err != nil {
			return usageError{fmt.Errorf("--start: %w", err)}
		}
		q.cfg.Start = d.Time()
	}
	if q.last < 1 || q.last > q.cfg.Days {
		return usageError{fmt.Errorf("--last: %d days of a life of %d", q.last, q.cfg.Days)}
	}
	company, err := simco.New(q.cfg)
	if err != nil {
		return err
	}
	trail := company.Audit(q.options)
	if q.attacks {
		return trail.WriteAttacks(s.Out)
	}
	records := trail.Events(trail.End().Add(-time.Duration(q.last)*24*time.Hour), trail.End())
	if q.out != "" {
		written, err := audit.WriteFiles(q.out, records)
		for _, log := range slices.Sorted(maps.Keys(written)) {
			fmt.Fprintf(s.Out, "%-24s %d records\n", log, written[log])
		}
		return err
	}
	tokens, err := logTokens(q.tokens)
	if err != nil {
		return err
	}
	sender := audit.Sender{URL: q.to, Tokens: tokens}
	sent, err := sender.Send(ctx, records)
	fmt.Fprintf(s.Out, "%d records in %d batches, %d sent again\n", sent.Records, sent.Batches, sent.Again)
	for _, log := range slices.Sorted(maps.Keys(sent.Unsent)) {
		fmt.Fprintf(s.Out, "%-24s %d records were not sent: no token was given\n", log, sent.Unsent[log])
	}
	return err
}

func logTokens(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range list {
		log, token, ok := strings.Cut(pair, "=")
		if !ok || token == "" {
			return nil, errs.New(errs.Invalid, "a token without its kind of log").At("--token").WithHint("Write --token okta.log=TOKEN.")
		}
		out[log] = token
	}
	return out, nil
}
