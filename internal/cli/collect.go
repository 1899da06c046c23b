package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/own"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func (s *session) connectCommand() *cobra.Command {
	c := &cobra.Command{Use: "connect", Short: "Add, list, check and remove connections to systems"}
	c.AddCommand(s.connectAdd(), s.connectList(), s.connectCheck(), s.connectRemove(), s.connectKinds())
	return c
}

func (s *session) connectAdd() *cobra.Command {
	var name, replace string
	var set, secretEnv []string
	var tokenStdin, dry bool
	var every time.Duration
	c := &cobra.Command{
		Use: "add KIND", Short: "Connect to a system", Args: cobra.ExactArgs(1),
		Example: "  tickmark connect add github --set org=northwind --token-stdin < token\n  tickmark connect add okta --set base_url=https://northwind.okta.com --secret token=OKTA_TOKEN",
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			settings, err := pairs(set, "--set")
			if err != nil {
				return err
			}
			secrets, err := s.secrets(args[0], secretEnv, tokenStdin)
			if err != nil {
				return err
			}
			if dry {
				return s.dryConnect(args[0], settings, secrets)
			}
			var conn collect.Connection
			if replace != "" {
				old, err := s.app.Collect.Store.Connection(ctx, scope.ReadScope, replace)
				if err != nil {
					return err
				}
				if old.Kind != args[0] {
					return usageError{fmt.Errorf("%s is a connection to %s, not to %s", old.Name, old.Kind, args[0])}
				}
				if name != "" || every != 0 {
					return usageError{fmt.Errorf("--replace changes settings and secrets; a connection keeps its name and how often it is collected")}
				}
				for k, v := range old.Settings {
					if _, given := settings[k]; !given {
						settings[k] = v
					}
				}
				conn, err = s.app.Collect.Replace(ctx, scope, s.Now(), old, settings, secrets)
				if err != nil {
					return err
				}
			} else {
				conn, err = s.app.Collect.Connect(ctx, scope, s.Now(), collect.NewConnection{Kind: args[0], Name: name, Settings: settings, Secrets: secrets, Every: every})
				if err != nil {
					return err
				}
			}
			if s.json {
				return s.object(connectionRecord(conn))
			}
			fmt.Fprintf(s.Out, "Connection %s (%s) is set up.\n", conn.Name, conn.Kind)
			s.next("tickmark connect check %s", conn.Name)
			return nil
		}),
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", "name of the connection (default: the kind)")
	f.StringVar(&replace, "replace", "", "change this connection instead of adding one; secrets not given stay")
	f.StringArrayVar(&set, "set", nil, "setting=value; repeat for more")
	f.StringArrayVar(&secretEnv, "secret", nil, "secret=VARIABLE: read a secret from an environment variable; repeat for more")
	f.BoolVar(&tokenStdin, "token-stdin", false, "read the first secret from standard input")
	f.DurationVar(&every, "every", 0, "how often the scheduler collects it (default: as configured)")
	f.BoolVar(&dry, "dry-run", false, "show what would be set up, and change nothing")
	return c
}

func pairs(list []string, flag string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, usageError{fmt.Errorf("%s takes name=value, not %q", flag, p)}
		}
		out[k] = v
	}
	return out, nil
}

// secrets reads secrets from the environment or standard input; they are never flags, because others can see those.
func (s *session) secrets(kind string, fromEnv []string, stdin bool) (map[string]string, error) {
	named, err := pairs(fromEnv, "--secret")
	if err != nil {
		return nil, err
	}
	for k, variable := range named {
		v := s.Env(variable)
		if v == "" {
			return nil, errs.New(errs.Invalid, "the environment variable %s for secret %s is empty", variable, k)
		}
		named[k] = v
	}
	if stdin {
		c, ok := s.app.Collect.Connectors[kind]
		if !ok {
			return named, nil // Connect names the kinds
		}
		first := slices.IndexFunc(c.Describe().Fields, func(f collect.Field) bool { return f.Secret })
		if first < 0 {
			return nil, usageError{fmt.Errorf("%s has no secret", kind)}
		}
		var text strings.Builder
		if _, err := bufio.NewReader(s.In).WriteTo(&text); err != nil {
			return nil, err
		}
		named[c.Describe().Fields[first].Name] = strings.TrimSpace(text.String())
	}
	return named, nil
}

func (s *session) dryConnect(kind string, settings, secrets map[string]string) error {
	c, ok := s.app.Collect.Connectors[kind]
	if !ok {
		return errs.New(errs.Invalid, "%q is no kind of connection", kind).WithHint("tickmark connect kinds")
	}
	for _, f := range c.Describe().Fields {
		value, note := settings[f.Name], ""
		switch {
		case f.Secret && secrets[f.Name] != "":
			value = "(given, will be sealed)"
		case value == "" && f.Default != "":
			value, note = f.Default, " (default)"
		case value == "" && f.Required:
			note = " MISSING: " + f.Hint
		}
		fmt.Fprintf(s.Out, "%-24s %s%s\n", f.Name, value, note)
	}
	return nil
}

func connectionRecord(c collect.Connection) map[string]any {
	r := map[string]any{"id": c.ID, "kind": c.Kind, "name": c.Name, "settings": c.Settings, "created": c.Created, "every": c.Every.String(), "read_up_to": nil, "last_run": nil, "last_status": nil, "last_started": nil, "facts": nil, "error": nil}
	if !c.Cursor.IsZero() {
		r["read_up_to"] = c.Cursor
	}
	return r
}

func (s *session) connectList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List connections with their last run", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		all, err := s.app.Collect.Store.Connections(ctx, s.read())
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(all))
		for _, c := range all {
			runs, err := s.app.Collect.Store.Runs(ctx, s.read(), c.ID, paging.Query{Size: 1})
			if err != nil {
				return err
			}
			state, last, facts := text("never run"), text("–"), number(0)
			rec := connectionRecord(c)
			if len(runs.Rows) > 0 {
				r := runs.Rows[0]
				state, last, facts = status(string(r.Status)), instant(r.Started), number(r.Facts())
				rec["last_run"], rec["last_status"], rec["last_started"], rec["facts"], rec["error"] = r.ID, r.Status, r.Started, r.Facts(), r.Error
			}
			rows = append(rows, row{[]cell{text(c.Name), text(c.Kind), state, facts, last}, rec})
		}
		return s.table([]string{"name", "kind", "last run", "facts", "started"}, rows, "No connections yet. Add one: tickmark connect add KIND (kinds: tickmark connect kinds)")
	})}
}

func (s *session) connectKinds() *cobra.Command {
	return &cobra.Command{Use: "kinds", Short: "List what can be connected, with settings and the rights it needs", Args: cobra.NoArgs, RunE: s.run(func(context.Context, []string) error {
		kinds := make([]string, 0)
		for k, c := range s.app.Collect.Connectors {
			if !c.Describe().Own { // that one is there already
				kinds = append(kinds, k)
			}
		}
		slices.Sort(kinds)
		if s.json {
			for _, k := range kinds {
				if err := s.object(kindRecord(s.app.Collect.Connectors[k].Describe())); err != nil {
					return err
				}
			}
			return nil
		}
		for _, k := range kinds {
			d := s.app.Collect.Connectors[k].Describe()
			fmt.Fprintf(s.Out, "%s  %s\n  %s\n", s.paint(bold, d.Kind), d.Title, d.Doc)
			for _, f := range d.Fields {
				how, need := "--set "+f.Name+"=…", ""
				if f.Secret {
					how = "--secret " + f.Name + "=VARIABLE"
				}
				if f.Required {
					need = " (required)"
				}
				fmt.Fprintf(s.Out, "    %-36s %s%s\n", how, f.Title, need)
			}
			for _, g := range d.Grants {
				fmt.Fprintf(s.Out, "    right: %-29s %s\n", g.Name, g.Why)
			}
		}
		return nil
	})}
}

func kindRecord(d collect.Description) map[string]any {
	fields, rights := make([]map[string]any, 0, len(d.Fields)), make([]map[string]any, 0, len(d.Grants))
	for _, f := range d.Fields {
		fields = append(fields, map[string]any{"name": f.Name, "title": f.Title, "hint": f.Hint, "secret": f.Secret, "required": f.Required, "default": f.Default})
	}
	for _, g := range d.Grants {
		rights = append(rights, rightRecord(g))
	}
	return map[string]any{"kind": d.Kind, "title": d.Title, "version": d.Version, "doc": d.Doc, "fields": fields, "rights": rights, "resources": d.Resources, "local": d.Local}
}

// rightRecord is a right that a system grants, or not; null when it does not tell.
func rightRecord(p collect.Permission) map[string]any {
	return map[string]any{"name": p.Name, "why": p.Why, "granted": p.Granted, "resources": p.Resources, "detail": p.Detail}
}

func (s *session) connectCheck() *cobra.Command {
	return &cobra.Command{Use: "check NAME", Short: "Try a connection's credentials and rights without collecting", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		conn, err := s.app.Collect.Store.Connection(ctx, scope.ReadScope, args[0])
		if err != nil {
			return err
		}
		perms, err := s.app.Collect.Check(ctx, scope, conn, s.Now())
		if err != nil {
			return err
		}
		rows, missing := make([]row, 0, len(perms)), false
		for _, p := range perms {
			state := cell{text: "– not told", colour: grey}
			if p.Granted != nil {
				state = pick(*p.Granted, cell{text: "✓ granted", colour: green}, cell{text: "✗ missing", colour: red})
				missing = missing || !*p.Granted
			}
			rows = append(rows, row{[]cell{state, text(p.Name), text(strings.Join(p.Resources, " ")), text(p.Detail)}, rightRecord(p)})
		}
		if err := s.table([]string{"right", "name", "needed for", "the source says"}, rows, "The system answered; it names no rights."); err != nil {
			return err
		}
		if missing {
			return verdict(exitFailing)
		}
		s.next("tickmark collect %s", conn.Name)
		return nil
	})}
}

func (s *session) connectRemove() *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: "End a connection; its evidence stays", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		conn, err := s.app.Collect.Store.Connection(ctx, scope.ReadScope, args[0])
		if err != nil {
			return err
		}
		if err := s.confirm("This removes the connection %s and its credentials; facts are no longer collected from it", conn.Name); err != nil {
			return err
		}
		if err := s.app.Collect.Remove(ctx, scope, s.Now(), conn); err != nil {
			return err
		}
		s.say("Removed %s.", conn.Name)
		return nil
	})}
}

func (s *session) collectCommand() *cobra.Command {
	var since string
	var dry bool
	c := &cobra.Command{
		Use: "collect [CONNECTION...]", Short: "Read facts from connected systems",
		Long:    "Reads every connection, or those named. The kinds host and git need no connection: naming them collects this machine, or the repository in the working folder.",
		Example: "  tickmark collect\n  tickmark collect host git\n  tickmark collect github-main --since 2026-01-01",
		RunE: s.run(func(ctx context.Context, args []string) error {
			conns, err := s.connections(ctx, args)
			if err != nil {
				return err
			}
			if dry {
				for _, c := range conns {
					fmt.Fprintf(s.Out, "%s (%s): %s\n", c.Name, c.Kind, strings.Join(s.app.Collect.Connectors[c.Kind].Describe().Resources, ", "))
				}
				return nil
			}
			if since != "" {
				t, err := time.Parse(time.DateOnly, since)
				if err != nil {
					return usageError{fmt.Errorf("--since takes a day such as 2026-01-31")}
				}
				if t.After(s.Now()) {
					return usageError{fmt.Errorf("--since takes a day that has begun, and %s has not", since)}
				}
				for i := range conns {
					conns[i].Cursor = t
				}
			}
			return s.collectAll(ctx, conns)
		}),
	}
	c.Flags().StringVar(&since, "since", "", "read streams again from this day on")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would be read, and read nothing")
	return c
}

// connections resolves names; a kind that needs no credentials is connected on the way.
func (s *session) connections(ctx context.Context, names []string) ([]collect.Connection, error) {
	all, err := s.app.Collect.Store.Connections(ctx, s.read())
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if len(all) == 0 {
			return nil, errs.New(errs.NotFound, "nothing is connected").WithHint("Start with this machine and repository: tickmark collect host git. Or: tickmark connect add KIND")
		}
		return all, nil
	}
	var out []collect.Connection
	for _, n := range names {
		i := slices.IndexFunc(all, func(c collect.Connection) bool { return c.Name == n || string(c.ID) == n })
		if i >= 0 {
			out = append(out, all[i])
			continue
		}
		if n != "host" && n != "git" && n != own.Name {
			return nil, errs.New(errs.NotFound, "no connection %q", n).WithHint("tickmark connect list")
		}
		scope, err := s.write()
		if err != nil {
			return nil, err
		}
		var conn collect.Connection
		if n == own.Name {
			conn, err = s.app.EnsureOwn(ctx, scope, s.Now())
		} else {
			conn, err = s.app.Collect.Connect(ctx, scope, s.Now(), collect.NewConnection{Kind: n, Name: n})
		}
		if err != nil {
			return nil, err
		}
		out = append(out, conn)
	}
	return out, nil
}

func (s *session) collectAll(ctx context.Context, conns []collect.Connection) error {
	scope, err := s.write()
	if err != nil {
		return err
	}
	// What an earlier process left when it was killed is finished or undone first: nothing that was read whole is lost.
	if err := s.app.Collect.Recover(ctx, scope, s.Now()); err != nil {
		return err
	}
	var rows []row
	var failed error
	worst := exitOK
	for i, c := range conns {
		s.step(i, len(conns), c.Name)
		r, err := s.app.Collect.Run(ctx, scope, collect.Request{Connection: c, Trigger: "command line", Now: s.Now(), Clock: s.Now, Progress: func(resource string, n int64) {
			s.step(i, len(conns), fmt.Sprintf("%s: %s %s", c.Name, grouped(n), resource))
		}})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.say("tickmark: %s: %v", c.Name, err)
			failed = errors.Join(failed, errs.Wrap(err, "%s", c.Name))
			continue
		}
		if r.Status == collect.Complete || r.Status == collect.Partial {
			if err := s.app.RefreshAfter(ctx, scope, s.Now(), c); err != nil {
				return err
			}
			if err := s.app.FollowReviews(ctx, scope, s.Now(), c); err != nil {
				return err
			}
		}
		switch r.Status {
		case collect.Complete:
		case collect.Failed:
			worst = exitFailed
		default:
			if worst == exitOK {
				worst = exitNoAnswer
			}
		}
		rows = append(rows, runRows(r)...)
	}
	if err := s.table([]string{"connection", "resource", "state", "rows", "source says", "gap"}, rows, "Nothing was collected."); err != nil {
		return err
	}
	if failed != nil {
		return verdict(exitFailed)
	}
	s.next("tickmark test")
	if worst != exitOK {
		return verdict(worst)
	}
	return nil
}

func runRows(r collect.Run) []row {
	var out []row
	for _, x := range r.Results {
		says := text("–")
		says.right = true
		if x.SourceTotal != nil {
			says = number(*x.SourceTotal)
		}
		out = append(out, row{[]cell{text(r.Name), text(x.Resource), status(string(x.Completeness)), number(x.Rows), says, text(x.Gap)},
			map[string]any{"run": r.ID, "connection": r.Name, "status": r.Status, "resource": x.Resource, "completeness": x.Completeness, "rows": x.Rows, "source_total": x.SourceTotal,
				"total_how": x.TotalHow, "gap": x.Gap, "sha256": x.File.SHA256, "error": r.Error}})
	}
	if len(r.Results) == 0 {
		out = append(out, row{[]cell{text(r.Name), text("–"), status(string(r.Status)), number(0), text("–"), text(r.Error)}, map[string]any{"run": r.ID, "connection": r.Name, "status": r.Status, "error": r.Error}})
	}
	return out
}
