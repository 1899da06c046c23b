// Package cli is the command line. Results go to standard output, everything else to standard error; colour, progress and
// questions appear on a terminal only; exit codes are stable and listed by `tickmark help exit-codes`.
package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Exit codes. A check that found something differs from one that broke.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFailing     = 3
	exitNoAnswer    = 4
	exitDenied      = 5
	exitTampered    = 6
	exitInterrupted = 130
)

// verdict is how a command ends that ran well and found something.
type verdict int

func (v verdict) Error() string { return fmt.Sprintf("exit %d", int(v)) }

// usageError is a wrong command line.
type usageError struct{ error }

// session is one invocation.
type session struct {
	*printer
	flags  map[string]string // configuration given as flags
	config string
	yes    bool
	app    *app.App
	org    access.Org
	grant  access.Grant
	oper   *access.Scope // the operator's scope, when no token was given
	month  int           // of the demo's life, that was told last
}

// Main runs the command line and returns the exit code.
func Main(args []string, io IO) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &session{printer: &printer{IO: io}, flags: map[string]string{}}
	s.colour = io.OutTTY && io.Env("NO_COLOR") == "" && io.Env("TERM") != "dumb"
	root := s.root()
	root.SetArgs(args)
	root.SetIn(io.In)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	err := root.ExecuteContext(ctx)
	s.clear()
	if cerr := s.close(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	return s.exit(ctx, err)
}

// exit says what went wrong, and what to do, and picks the code.
func (s *session) exit(ctx context.Context, err error) int {
	var v verdict
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &v):
		return int(v)
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "context canceled")):
		fmt.Fprintln(s.Err, "tickmark: interrupted; nothing half-done was kept")
		return exitInterrupted
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "unknown flag"), strings.HasPrefix(err.Error(), "unknown shorthand"):
		fmt.Fprintln(s.Err, "tickmark:", err)
		return exitUsage
	}
	fmt.Fprintln(s.Err, "tickmark:", err)
	if hint := errs.HintOf(err); hint != "" {
		fmt.Fprintln(s.Err, "  "+hint)
	}
	return errs.KindOf(err).ExitCode()
}

func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use: "tickmark", Short: "Takes a service organisation through a SOC 1, SOC 2 or SOC 3 examination",
		SilenceUsage: true, SilenceErrors: true, Version: app.Version,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return s.readFlags(c) },
	}
	root.SetVersionTemplate("tickmark {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := root.PersistentFlags()
	f.StringVar(&s.config, "config", "", "configuration file (default tickmark.yaml, if there is one)")
	f.String("data", "", "data folder")
	f.String("org", "", "short name of the organisation, if there are several")
	f.String("json", "", "print JSON, one object a line; with names, these fields only")
	f.Lookup("json").NoOptDefVal = "*"
	f.BoolVar(&s.csv, "csv", false, "print CSV")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print results only")
	f.BoolVarP(&s.yes, "yes", "y", false, "do not ask before what cannot be undone")
	root.AddCommand(
		s.initCommand(), s.serveCommand(), s.demoCommand(), s.statusCommand(), s.connectCommand(), s.collectCommand(), s.testCommand(), s.controlCommand(), s.taskCommand(), s.requestCommand(), s.riskCommand(), s.changeCommand(), s.personCommand(), s.policyCommand(), s.reviewCommand(), s.vendorCommand(), s.importCommand(),
		s.campaignCommand(), s.trainingCommand(), s.frameworkCommand(), s.evidenceCommand(), s.exceptionCommand(), s.auditCommand(), s.reportCommand(), s.bundleCommand(), s.ledgerCommand(), s.verifyCommand(), s.detectCommand(), s.ruleCommand(), s.eventCommand(), s.incidentCommand(),
		s.simcoCommand(), s.userCommand(), s.roleCommand(), s.tokenCommand(), s.doctorCommand(), s.versionCommand(), exitCodesTopic(),
	)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		checkArgs(c)
	}
	return root
}

// helpCommand is cobra's own but for one thing: help on what does not exist is a wrong usage.
func helpCommand() *cobra.Command {
	find := func(c *cobra.Command, args []string) (*cobra.Command, error) {
		sub, rest, err := c.Root().Find(args)
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("unknown command %q for %q", rest[0], sub.CommandPath())
		}
		if err != nil {
			return nil, usageError{err}
		}
		return sub, nil
	}
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command",
		RunE: func(c *cobra.Command, args []string) error {
			sub, err := find(c, args)
			if err != nil {
				return err
			}
			sub.InitDefaultHelpFlag()
			sub.InitDefaultVersionFlag()
			return sub.Help()
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if sub, err := find(c, args); err == nil {
				for _, x := range sub.Commands() {
					names = append(names, x.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// checkArgs makes a wrong number of arguments a wrong usage, and a group without a subcommand show its help.
func checkArgs(c *cobra.Command) {
	if inner := c.Args; inner != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := inner(cmd, args); err != nil {
				return usageError{fmt.Errorf("%w\nUsage: %s", err, cmd.UseLine())}
			}
			return nil
		}
	}
	if c.HasSubCommands() && c.Run == nil && c.RunE == nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
			}
			return cmd.Help()
		}
	}
	for _, sub := range c.Commands() {
		checkArgs(sub)
	}
}

func (s *session) readFlags(c *cobra.Command) error {
	for _, name := range []string{"data", "org", "listen", "url", "database", "origin"} {
		if f := c.Flags().Lookup(name); f != nil && f.Changed {
			s.flags[name] = f.Value.String()
		}
	}
	if f := c.Flags().Lookup("json"); f != nil && f.Changed {
		s.json = true
		if v := f.Value.String(); v != "*" {
			s.fields = strings.Split(v, ",")
		}
	}
	return nil
}

// load reads the configuration.
func (s *session) load() (app.Config, []app.Setting, error) {
	return app.LoadConfig(s.config, s.flags, s.Env)
}

// openApp opens the installation without choosing an organisation.
func (s *session) openApp(ctx context.Context) error {
	cfg, _, err := s.load()
	if err != nil {
		return err
	}
	level := slog.LevelWarn // a command line is quiet; the server logs at the configured level
	if s.Env("TICKMARK_DEBUG") != "" {
		level = slog.LevelDebug
	}
	s.app, err = app.Open(ctx, cfg, slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: level})))
	return err
}

// exists refuses to look into a folder that holds no installation: opening it would make one.
func (s *session) exists() error {
	cfg, _, err := s.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Data); errors.Is(err, os.ErrNotExist) {
		return errs.New(errs.NotFound, "there is no installation in %s", cfg.Data).WithHint("%s", firstStep)
	}
	return nil
}

// firstStep is what somebody does who has nothing yet.
const firstStep = "Set one up: tickmark init --name NAME --owner EMAIL. Or look around first: tickmark demo"

// open opens the installation and the organisation, with the rights of the token in TICKMARK_TOKEN or of the operator.
func (s *session) open(ctx context.Context) error {
	if err := s.exists(); err != nil {
		return err
	}
	if err := s.openApp(ctx); err != nil {
		return err
	}
	if token := s.Env("TICKMARK_TOKEN"); token != "" {
		g, err := s.app.Access.AuthenticateToken(ctx, s.Now(), token)
		if err != nil {
			return err
		}
		s.grant, s.org = g, g.Org
		return nil
	}
	orgs, err := s.app.Access.Orgs(ctx)
	if err != nil {
		return err
	}
	want := s.app.Config.Org
	switch {
	case len(orgs) == 0:
		return errs.New(errs.NotFound, "there is no organisation in %s", s.app.Config.Data).WithHint("%s", firstStep)
	case want == "" && len(orgs) > 1:
		slugs := make([]string, len(orgs))
		for i, o := range orgs {
			slugs[i] = o.Slug
		}
		return usageError{fmt.Errorf("which organisation? --org %s", strings.Join(slugs, " | "))}
	case want == "":
		s.org = orgs[0]
	default:
		if s.org, err = s.app.Access.OrgBySlug(ctx, want); err != nil {
			return err
		}
	}
	scope, err := s.app.Access.Operator(ctx, s.org.ID, s.operator())
	s.oper = &scope
	return err
}

// operator is the operating system's name of whoever runs the command.
func (s *session) operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

func (s *session) read() access.ReadScope {
	if s.oper != nil {
		return s.oper.ReadScope
	}
	return s.grant.Read
}

func (s *session) write() (access.Scope, error) {
	if s.oper != nil {
		return *s.oper, nil
	}
	return s.grant.Write()
}

// close seals what the command left in the ledger, and closes the installation.
func (s *session) close(ctx context.Context) error {
	if s.app == nil {
		return nil
	}
	_, err := s.app.Ledger.Seal(ctx, s.Now())
	return errors.Join(err, s.app.Close(ctx))
}

// run is the usual shape of a command: open, do, close.
func (s *session) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if err := s.open(c.Context()); err != nil {
			return err
		}
		return f(c.Context(), args)
	}
}

// confirm asks before what cannot be undone: on a terminal by a question, elsewhere by --yes.
func (s *session) confirm(format string, args ...any) error {
	if s.yes {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if !s.InTTY || !s.ErrTTY {
		return usageError{fmt.Errorf("%s. To go on, add --yes", what)}
	}
	fmt.Fprintf(s.Err, "%s. Go on? [y/N] ", what)
	var answer string
	if _, err := fmt.Fscanln(s.In, &answer); err != nil || !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return errs.New(errs.Conflict, "not done")
	}
	return nil
}

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: `Exit codes of tickmark:

  0    done; everything that was checked passes
  1    failed to run
  2    wrong usage or wrong input
  3    ran; something fails
  4    ran; something gave no answer, and nothing fails
  5    not signed in, or no right
  6    verification failed: something was altered
  130  interrupted`}
}
