package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/tilelog"
)

func (s *session) initCommand() *cobra.Command {
	var name, slug, owner, ownerName string
	var passwordStdin, bare, firm bool
	c := &cobra.Command{
		Use: "init", Short: "Set up an organisation with its owner and the starter controls", Args: cobra.NoArgs,
		Example: "  tickmark init --name Northwind --owner ona@northwind.example\n  echo \"$PASSWORD\" | tickmark init --name Northwind --owner ona@northwind.example --password-stdin",
		RunE: func(c *cobra.Command, _ []string) error {
			if name == "" || owner == "" {
				return usageError{fmt.Errorf("init needs --name and --owner")}
			}
			if slug == "" {
				slug = slugOf(name)
			}
			if ownerName == "" {
				ownerName, _, _ = strings.Cut(owner, "@")
			}
			password, err := s.password(passwordStdin, "Password for "+owner+" (12 characters or more; empty to set it later): ")
			if err != nil {
				return err
			}
			kind := access.ServiceOrg
			if firm {
				kind = access.Firm
			}
			if err := s.openApp(c.Context()); err != nil {
				return err
			}
			o, scope, err := s.app.CreateOrg(c.Context(), s.operator(), access.NewOrg{Slug: slug, Name: name, Kind: kind}, access.NewUser{Email: owner, Name: ownerName, Password: password}, !bare)
			if err != nil {
				return err
			}
			if err := s.writeConfig(); err != nil {
				return err
			}
			if s.json {
				return s.object(map[string]any{"id": o.ID, "slug": o.Slug, "name": o.Name, "data": s.app.Config.Data, "ledger_key": s.app.Ledger.Log.Key()})
			}
			if firm {
				fmt.Fprintf(s.Out, "Audit firm %s (%s) is set up in %s.\n", o.Name, o.Slug, s.app.Config.Data)
				s.next("tickmark serve")
				return nil
			}
			n, err := s.app.InForce(c.Context(), scope.ReadScope)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "Organisation %s (%s) is set up in %s with %d controls.\n", o.Name, o.Slug, s.app.Config.Data, n)
			fmt.Fprintf(s.Out, "Ledger key (publish it, so that others can check): %s\n", s.app.Ledger.Log.Key())
			if password == "" {
				s.say("No password yet. Set one: tickmark user password %s", owner)
			}
			s.next("tickmark collect host git && tickmark test && tickmark report build")
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", "name of the organisation")
	f.StringVar(&slug, "slug", "", "short name (default: made from the name)")
	f.StringVar(&owner, "owner", "", "email of the first owner")
	f.StringVar(&ownerName, "owner-name", "", "name of the first owner")
	f.BoolVar(&passwordStdin, "password-stdin", false, "read the owner's password from standard input")
	f.BoolVar(&firm, "firm", false, "an audit firm, which examines others; the owner is its first partner")
	f.BoolVar(&bare, "bare", false, "without the starter controls and the first engagement")
	f.String("database", "", "sqlite:PATH or postgres://HOST/NAME")
	f.String("origin", "", "name of the ledger's log in its checkpoints, such as northwind.example/ledger")
	return c
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slugOf(name string) string {
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(s) > 40 {
		s = strings.Trim(s[:40], "-")
	}
	return s
}

// password reads a password from standard input when told to, or asks for it twice on a terminal. Elsewhere it is empty.
func (s *session) password(stdin bool, prompt string) (string, error) {
	if stdin {
		line, err := bufio.NewReader(s.In).ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if err != nil && line == "" {
			return "", errs.New(errs.Invalid, "no password on standard input")
		}
		return line, nil
	}
	f, ok := s.In.(*os.File)
	if !ok || !s.InTTY || !s.ErrTTY {
		return "", nil
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(s.Err, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.Err)
		return string(b), err
	}
	first, err := ask(prompt)
	if err != nil || first == "" {
		return "", err
	}
	second, err := ask("Once more: ")
	if err == nil && first != second {
		err = errs.New(errs.Invalid, "the two passwords differ")
	}
	return first, err
}

// writeConfig writes tickmark.yaml beside the working folder's data, unless there is one or a flag named another place.
func (s *session) writeConfig() error {
	file := s.config
	if file == "" {
		file = "tickmark.yaml"
	}
	text := "# Settings of this installation; `tickmark doctor` prints every setting and where its value comes from.\n"
	data := s.app.Config.Data
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, data); err == nil && filepath.IsLocal(rel) {
			data = rel
		}
	}
	text += fmt.Sprintf("data: %q\n", data)
	if _, ok := s.flags["database"]; ok {
		text += fmt.Sprintf("database: %q\n", s.app.Config.Database)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return errs.As(errs.Unavailable, err, "write %s", file)
	}
	if _, err := f.WriteString(text); err != nil {
		return errs.As(errs.Unavailable, err, "write %s", file)
	}
	return f.Close()
}

func (s *session) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version and what it was built with", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		v := map[string]string{"version": app.Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, x := range info.Settings {
				if x.Key == "vcs.revision" {
					v["revision"] = x.Value
				}
			}
		}
		if s.json {
			return s.object(v)
		}
		fmt.Fprintf(s.Out, "tickmark %s (%s, %s)\n", v["version"], v["go"], v["platform"])
		return nil
	}}
}

func (s *session) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check the installation, and print every setting with where its value comes from", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, settings, err := s.load()
			if err != nil {
				return err
			}
			rows := make([]row, 0, len(settings))
			for _, x := range settings {
				v := x.Value
				if v == "" {
					v = "–"
				}
				rows = append(rows, row{[]cell{text(x.Name), text(v), text(string(x.Source)), faint(x.Env)},
					map[string]any{"part": "setting", "name": x.Name, "value": x.Value, "ok": true, "source": x.Source, "env": x.Env}})
			}
			if s.csv && !s.json {
				return s.checks(c.Context(), settings) // one table has one header
			}
			if err := s.table([]string{"setting", "value", "from", "environment"}, rows, ""); err != nil {
				return err
			}
			return s.checks(c.Context(), nil)
		},
	}
}

// checks opens the installation and looks at each engine. As CSV, the settings are rows of the same table.
func (s *session) checks(ctx context.Context, settings []app.Setting) error {
	if err := s.exists(); err != nil {
		return err
	}
	if err := s.openApp(ctx); err != nil {
		return err
	}
	found := s.app.Check(ctx)
	rows := make([]row, 0, len(settings)+len(found))
	for _, x := range settings {
		rows = append(rows, row{[]cell{text("setting"), text(x.Name), text(x.Value + " (" + string(x.Source) + ")")}, nil})
	}
	bad := false
	for _, f := range found {
		word := cell{text: "✓ good", colour: green}
		if !f.OK {
			word, bad = cell{text: "✗ bad", colour: red}, true
		}
		rows = append(rows, row{[]cell{word, text(f.What), text(f.Detail)}, map[string]any{"part": "check", "name": f.What, "value": f.Detail, "ok": f.OK, "source": nil, "env": nil}})
	}
	if !s.json && !s.csv {
		fmt.Fprintln(s.Out)
	}
	if err := s.table([]string{"state", "what", "detail"}, rows, ""); err != nil {
		return err
	}
	if !s.json {
		s.say("Ledger key %s", tilelog.Fingerprint(s.app.Ledger.Log.Key()))
	}
	if bad {
		return verdict(exitFailed)
	}
	return nil
}
