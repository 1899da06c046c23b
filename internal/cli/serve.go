package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco"
)

func (s *session) serveCommand() *cobra.Command {
	c := &cobra.Command{Use: "serve", Short: "Run the server: pages, scheduler and background work", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		if err := s.openApp(c.Context()); err != nil {
			return err
		}
		return s.app.Serve(c.Context(), func(address string) {
			s.say("Tickmark is at %s", address)
			if code := s.app.SetupCode(); code != "" {
				s.say("There is no organisation yet. Open %s/start and give this code: %s", address, code)
			}
		})
	}}
	c.Flags().String("listen", "", "address to listen on (default 127.0.0.1:8321)")
	c.Flags().String("url", "", "address people reach it at")
	return c
}

// Demo defaults: a company that has lived a year, and the quarter after it in which that year was examined.
const (
	demoPeople       = 400
	demoRepositories = 12
	demoDays         = 365 + demoRunning
	demoRunning      = 92
	demoDaily        = 30
	demoSeed         = 2026
	demoData         = ".demo"
)

func (s *session) demoCommand() *cobra.Command {
	var cfg app.DemoConfig
	var fresh, once bool
	var port int
	c := &cobra.Command{
		Use: "demo", Short: "Start everything with a simulated company and a year of its life", Args: cobra.NoArgs,
		Long: "Starts Northwind, a simulated company whose GitHub, Okta, BambooHR and HCP Terraform are HTTP servers on this machine, collects\nand tests a year of its life with the real pipeline, has it examined up to the issued report in the quarter after, which has an\nexamination of its own under way, and serves the result. The list of planted deviations:\ntickmark simco --deviations.",
		RunE: func(c *cobra.Command, _ []string) error {
			if _, ok := s.flags["data"]; !ok && s.Env("TICKMARK_DATA") == "" {
				s.flags["data"] = demoData
			}
			if port >= 0 {
				s.flags["listen"] = fmt.Sprintf("127.0.0.1:%d", port)
			}
			if fresh {
				if err := s.removeDemo(); err != nil {
					return err
				}
			}
			if err := s.openApp(c.Context()); err != nil {
				return err
			}
			// The year ends yesterday, so that nothing of it lies in the future.
			cfg.Start = (period.Of(s.Now()) - period.Date(cfg.Days)).Time()
			began := time.Now()
			d, err := s.app.StartDemo(c.Context(), cfg, s.demoStep)
			if err != nil {
				return err
			}
			defer d.Stop(context.WithoutCancel(c.Context())) //nolint:errcheck // the process ends
			s.clear()
			if once {
				s.demoSaid("", d, time.Since(began))
				return nil
			}
			return s.app.Serve(c.Context(), func(address string) { s.demoSaid(address, d, time.Since(began)) })
		},
	}
	f := c.Flags()
	f.IntVar(&cfg.People, "people", demoPeople, "people of the company")
	f.IntVar(&cfg.Repositories, "repositories", demoRepositories, "repositories")
	f.IntVar(&cfg.Days, "days", demoDays, "days of its life: a year, and its examination")
	f.IntVar(&cfg.Daily, "daily", demoDaily, "days at the end that are collected and tested daily; weekly before")
	f.IntVar(&cfg.Running, "running", demoRunning, "days at the end that the examination under way is about; the issued report is about those before")
	f.Uint64Var(&cfg.Seed, "seed", demoSeed, "seed: the same gives the same life")
	f.BoolVar(&fresh, "fresh", false, "remove the demo's data folder first")
	f.BoolVar(&once, "once", false, "live the year and end, without serving")
	f.IntVar(&port, "port", -1, "port to listen on; 0 picks a free one (default: as configured)")
	return c
}

// demoStep shows progress: a line that is redrawn on a terminal, elsewhere a line for each month.
func (s *session) demoStep(done, total int, what string) {
	if s.ErrTTY {
		s.step(done, total, what)
		return
	}
	if month := done / 30; month > s.month || done == total {
		s.month = month
		s.say("%d of %d days: %s", done, total, what)
	}
}

func (s *session) demoSaid(address string, d *app.Demo, took time.Duration) {
	fmt.Fprintf(s.Out, "Northwind has lived %d days: %d people, %d repositories, in %.0f s.\n\n", d.Config.Days, d.Config.People, d.Config.Repositories, took.Seconds())
	if address != "" {
		fmt.Fprintf(s.Out, "Address   %s\n\nSign in as\n", s.paint(bold, address))
	}
	width := 0
	for _, u := range d.Users {
		width = max(width, len(u.Email))
	}
	var orgs []string
	for _, u := range d.Users {
		if !slices.Contains(orgs, u.Org) {
			orgs = append(orgs, u.Org)
		}
	}
	for _, org := range orgs {
		if org != "" {
			fmt.Fprintf(s.Out, " %s\n", s.paint(bold, org))
		}
		for _, u := range d.Users {
			if u.Org == org {
				fmt.Fprintf(s.Out, "  %-*s   %s   %s\n", width, u.Email, u.Password, u.Role.Title())
			}
		}
	}
	fmt.Fprintln(s.Out)
	systems := make([]string, 0, len(d.Address))
	for name, at := range d.Address {
		systems = append(systems, name+" at "+at)
	}
	slices.Sort(systems)
	s.say("Simulated systems: %s. Press Ctrl-C to stop; the data stays in %s.", strings.Join(systems, ", "), d.App.Config.Data)
}

// removeDemo removes the data folder of a demo, and refuses to remove anything else.
func (s *session) removeDemo() error {
	cfg, _, err := s.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Data); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "demo.json")); err != nil {
		return errs.New(errs.Conflict, "%s is not the data folder of a demo", cfg.Data).WithHint("--fresh removes a demo only.")
	}
	return errs.As(errs.Unavailable, os.RemoveAll(cfg.Data), "remove the demo's data")
}

func (s *session) simcoCommand() *cobra.Command {
	var cfg simco.Config
	var start, clock, listen string
	var deviations bool
	c := &cobra.Command{
		Use: "simco", Short: "Run the simulated company's systems alone", Args: cobra.NoArgs,
		Long: "Serves GitHub, Okta, BambooHR and HCP Terraform of the simulated company on four ports of this machine, for trying connectors out.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg.Start = (period.Of(s.Now()) - period.Date(cfg.Days)).Time()
			if start != "" {
				d, err := period.ParseDate(start)
				if err != nil {
					return usageError{fmt.Errorf("--start: %w", err)}
				}
				cfg.Start = d.Time()
			}
			company, err := simco.New(cfg)
			if err != nil {
				return err
			}
			if deviations {
				return company.WriteDeviations(s.Out)
			}
			if clock != "" {
				at, err := parseInstant(clock)
				if err != nil {
					return err
				}
				company.SetClock(at)
			}
			return s.serveSimco(c.Context(), company, listen)
		},
	}
	f := c.Flags()
	f.Uint64Var(&cfg.Seed, "seed", demoSeed, "seed: the same gives the same life")
	f.IntVar(&cfg.People, "people", demoPeople, "people")
	f.IntVar(&cfg.Repositories, "repositories", demoRepositories, "repositories")
	f.IntVar(&cfg.Days, "days", demoDays, "days")
	f.BoolVar(&cfg.Planted, "planted", true, "with planted deviations")
	f.StringVar(&start, "start", "", "first day (default: so that the life ends yesterday)")
	f.StringVar(&clock, "clock", "", "instant at which the systems stand (default: the end)")
	f.StringVar(&listen, "listen", "127.0.0.1", "host to listen on")
	f.BoolVar(&deviations, "deviations", false, "print the list of planted deviations as JSON and end")
	c.AddCommand(s.simcoEventsCommand())
	return c
}

func (s *session) serveSimco(ctx context.Context, company *simco.Company, host string) error {
	var servers []*http.Server
	failed := make(chan error, 4)
	t := company.Tokens()
	credentials := map[string]string{
		simco.GitHub: "organisation " + t.GitHubOrg + ", token " + t.GitHubToken, simco.Okta: "token " + t.OktaToken, simco.BambooHR: "company " + t.BambooHRCompany + ", key " + t.BambooHRKey,
		simco.Terraform: "organisation " + t.TerraformOrg + ", token " + t.TerraformToken,
	}
	for _, name := range []string{simco.GitHub, simco.Okta, simco.BambooHR, simco.Terraform} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return errs.As(errs.Unavailable, err, "listen")
		}
		srv := &http.Server{Handler: company.Handler(name), ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, srv)
		fmt.Fprintf(s.Out, "%-9s http://%s  %s\n", name, l.Addr(), credentials[name])
		go func() { failed <- srv.Serve(l) }()
	}
	s.say("The systems stand at %s. Press Ctrl-C to stop.", stamp(company.Clock()))
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	for _, srv := range servers {
		err = errors.Join(err, srv.Shutdown(context.WithoutCancel(ctx)))
	}
	return err
}
