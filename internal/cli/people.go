package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func (s *session) userCommand() *cobra.Command {
	c := &cobra.Command{Use: "user", Short: "Add, list, block and change users"}
	c.AddCommand(s.userList(), s.userAdd(), s.userRole(), s.userPassword(), s.userBlock("block", true), s.userBlock("unblock", false), s.userRemove())
	return c
}

func (s *session) userList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the people of the organisation", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		all, err := s.app.Access.Members(ctx, s.read())
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(all))
		for _, m := range all {
			factor, state := "none", "active"
			if m.HasTOTP() {
				factor = "TOTP"
			}
			if m.Disabled {
				state = "blocked"
			}
			rows = append(rows, row{[]cell{text(m.Email), text(m.Name), text(m.Role.Title()), text(factor), text(state), instant(m.Joined)},
				map[string]any{"id": m.ID, "email": m.Email, "name": m.Name, "role": m.Role, "second_factor": m.HasTOTP(), "blocked": m.Disabled, "joined": m.Joined}})
		}
		return s.table([]string{"email", "name", "role", "second factor", "state", "joined"}, rows, "Nobody yet.")
	})}
}

func (s *session) userAdd() *cobra.Command {
	var name, role string
	var stdin bool
	c := &cobra.Command{Use: "add EMAIL", Short: "Add a person", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		password, err := s.password(stdin, "Password for "+args[0]+" (empty to set it later): ")
		if err != nil {
			return err
		}
		if name == "" {
			name, _, _ = strings.Cut(args[0], "@")
		}
		u, err := s.app.Access.AddUser(ctx, scope, s.Now(), access.NewUser{Email: args[0], Name: name, Password: password, Role: access.Role(role)})
		if err != nil {
			return err
		}
		if s.json {
			return s.object(map[string]any{"id": u.ID, "email": u.Email, "name": u.Name, "role": role})
		}
		s.say("Added %s as %s.", u.Email, access.Role(role).Title())
		return nil
	})}
	c.Flags().StringVar(&name, "name", "", "name of the person")
	c.Flags().StringVar(&role, "role", string(access.Employee), "role; see tickmark role list")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return c
}

func (s *session) member(ctx context.Context, who string) (access.Scope, access.Member, error) {
	scope, err := s.write()
	if err != nil {
		return scope, access.Member{}, err
	}
	m, err := s.app.Access.Member(ctx, scope.ReadScope, who)
	return scope, m, err
}

func (s *session) userRole() *cobra.Command {
	return &cobra.Command{Use: "role EMAIL ROLE", Short: "Change what a person may do", Args: cobra.ExactArgs(2), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, m, err := s.member(ctx, args[0])
		if err != nil {
			return err
		}
		if err := s.app.Access.SetRole(ctx, scope, s.Now(), m.ID, access.Role(args[1])); err != nil {
			return err
		}
		s.say("%s is now %s.", m.Email, access.Role(args[1]).Title())
		return nil
	})}
}

func (s *session) userPassword() *cobra.Command {
	var stdin bool
	c := &cobra.Command{Use: "password EMAIL", Short: "Set a person's password; their sessions end", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, m, err := s.member(ctx, args[0])
		if err != nil {
			return err
		}
		password, err := s.password(stdin, "New password for "+m.Email+": ")
		if err != nil {
			return err
		}
		if err := s.app.Access.SetPassword(ctx, scope, s.Now(), m.ID, password); err != nil {
			return err
		}
		s.say("Password of %s is set.", m.Email)
		return nil
	})}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return c
}

func (s *session) userBlock(verb string, blocked bool) *cobra.Command {
	return &cobra.Command{Use: verb + " EMAIL", Short: strings.ToUpper(verb[:1]) + verb[1:] + " an account", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, m, err := s.member(ctx, args[0])
		if err != nil {
			return err
		}
		if err := s.app.Access.SetDisabled(ctx, scope, s.Now(), m.ID, blocked); err != nil {
			return err
		}
		s.say("%s: %sed.", m.Email, verb)
		return nil
	})}
}

func (s *session) userRemove() *cobra.Command {
	return &cobra.Command{Use: "remove EMAIL", Short: "End a person's membership; the trail stays", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, m, err := s.member(ctx, args[0])
		if err != nil {
			return err
		}
		if err := s.confirm("This ends the membership of %s", m.Email); err != nil {
			return err
		}
		if err := s.app.Access.SetRole(ctx, scope, s.Now(), m.ID, ""); err != nil {
			return err
		}
		s.say("%s is no longer a member.", m.Email)
		return nil
	})}
}

func (s *session) roleCommand() *cobra.Command {
	c := &cobra.Command{Use: "role", Short: "What each role may do"}
	c.AddCommand(&cobra.Command{Use: "list", Short: "List roles and their rights", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		var rows []row
		for _, r := range access.Roles() {
			var may []string
			for _, a := range access.Actions() {
				if r.May(a) {
					may = append(may, string(a))
				}
			}
			rows = append(rows, row{[]cell{text(string(r)), text(strings.Join(may, " "))}, map[string]any{"role": r, "title": r.Title(), "rights": may}})
		}
		return s.table([]string{"role", "rights"}, rows, "")
	}})
	return c
}

func (s *session) tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make, list and revoke API tokens"}
	c.AddCommand(s.tokenAdd(), s.tokenList(), s.tokenRevoke())
	return c
}

func (s *session) tokenAdd() *cobra.Command {
	var who string
	var scopes []string
	var days int
	c := &cobra.Command{
		Use: "add NAME", Short: "Make a token; it is shown once", Args: cobra.ExactArgs(1),
		Example: "  tickmark token add ci --user lead@northwind.example --scope tests.run,collection.run,programme.read --days 90",
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			if s.oper != nil {
				if who == "" {
					return usageError{fmt.Errorf("whose token? --user EMAIL")}
				}
				if scope, err = s.app.Access.As(ctx, scope, s.Now(), who); err != nil {
					return err
				}
			}
			secret, t, err := s.app.Access.CreateToken(ctx, scope, s.Now(), args[0], scopes, time.Duration(days)*24*time.Hour)
			if err != nil {
				return err
			}
			if s.json {
				return s.object(map[string]any{"id": t.ID, "name": t.Name, "token": secret, "scopes": t.Scopes, "expires": t.Expires})
			}
			fmt.Fprintln(s.Out, secret)
			s.say("Token %s, until %s. It is not shown again. Use it as TICKMARK_TOKEN.", t.ID, stamp(t.Expires))
			return nil
		}),
	}
	c.Flags().StringVar(&who, "user", "", "email of the person it acts for")
	c.Flags().StringSliceVar(&scopes, "scope", nil, "rights it has, comma between (default: all of the role's)")
	c.Flags().IntVar(&days, "days", 90, "days until it expires")
	return c
}

func (s *session) tokenList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List tokens", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		all, err := s.app.Access.Tokens(ctx, s.read())
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(all))
		for _, t := range all {
			state := "active"
			switch {
			case t.Revoked != nil:
				state = "revoked"
			case s.Now().After(t.Expires):
				state = "expired"
			}
			used := "never"
			if t.Used != nil {
				used = stamp(*t.Used)
			}
			rows = append(rows, row{[]cell{text(t.ID), text(t.Name), status(state), instant(t.Expires), text(used)},
				map[string]any{"id": t.ID, "name": t.Name, "user": t.User, "scopes": t.Scopes, "state": state, "expires": t.Expires, "used": t.Used}})
		}
		return s.table([]string{"token", "name", "state", "expires", "last used"}, rows, "No tokens.")
	})}
}

func (s *session) tokenRevoke() *cobra.Command {
	return &cobra.Command{Use: "revoke TOKEN", Short: "End a token at once", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if err := s.app.Access.RevokeToken(ctx, scope, s.Now(), args[0]); err != nil {
			return err
		}
		s.say("Revoked %s.", args[0])
		return nil
	})}
}

func (s *session) exceptionCommand() *cobra.Command {
	c := &cobra.Command{Use: "exception", Short: "Ask for, approve, revoke and list exceptions"}
	c.AddCommand(s.exceptionAdd(), s.exceptionList(), s.exceptionApprove(), s.exceptionRevoke())
	return c
}

func (s *session) exceptionAdd() *cobra.Command {
	var item, reason, until string
	c := &cobra.Command{
		Use: "add TEST", Short: "Ask for an exception; it never changes an outcome", Args: cobra.ExactArgs(1),
		Example: `  tickmark exception add okta-second-factor --item 00u1a2b3 --until 2026-12-31 --reason "Break-glass account, key kept in the safe"`,
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			end, err := time.Parse(time.DateOnly, until)
			if err != nil {
				return usageError{fmt.Errorf("--until takes a day such as 2026-12-31")}
			}
			e, err := s.app.Evaluate.RequestException(ctx, scope, s.Now(), args[0], item, reason, end.AddDate(0, 0, 1))
			if err != nil {
				return err
			}
			if s.json {
				return s.object(exceptionRecord(e, s.Now()))
			}
			s.say("%s is requested. Somebody else approves it: tickmark exception approve %s", e.Ref, e.Ref)
			return nil
		}),
	}
	c.Flags().StringVar(&item, "item", "", "the item, or * for every item of the test")
	c.Flags().StringVar(&reason, "reason", "", "why the failure is accepted, in at least 20 characters")
	c.Flags().StringVar(&until, "until", "", "last day")
	return c
}

func (s *session) exceptionList() *cobra.Command {
	return &cobra.Command{Use: "list [TEST]", Short: "List exceptions", Args: cobra.MaximumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		test := ""
		if len(args) == 1 {
			test = args[0]
			if known, err := s.app.Evaluate.Store.Versions(ctx, s.read(), test); err != nil || len(known) == 0 {
				if err == nil {
					err = errs.New(errs.NotFound, "no test %q", test).WithHint("tickmark test list")
				}
				return err
			}
		}
		all, err := s.app.Evaluate.Exceptions.Exceptions(ctx, s.read(), test)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(all))
		for _, e := range all {
			rows = append(rows, row{[]cell{text(e.Ref), status(e.State(s.Now())), text(e.Test), text(e.ItemID), instant(e.Expires), text(e.Reason)}, exceptionRecord(e, s.Now())})
		}
		return s.table([]string{"ref", "state", "test", "item", "expires", "reason"}, rows, "No exceptions.")
	})}
}

func exceptionRecord(e evaluate.Exception, now time.Time) map[string]any {
	return map[string]any{"ref": e.Ref, "state": e.State(now), "test": e.Test, "item": e.ItemID, "reason": e.Reason, "requested_by": e.RequestedBy, "approved_by": e.ApprovedBy, "expires": e.Expires}
}

func (s *session) exceptionApprove() *cobra.Command {
	return &cobra.Command{Use: "approve REF", Short: "Approve an exception that somebody else asked for", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		e, err := s.app.Evaluate.ApproveException(ctx, scope, s.Now(), args[0])
		if err != nil {
			return err
		}
		s.say("%s is approved until %s.", e.Ref, stamp(e.Expires))
		return nil
	})}
}

func (s *session) exceptionRevoke() *cobra.Command {
	return &cobra.Command{Use: "revoke REF", Short: "End an exception early", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		e, err := s.app.Evaluate.Exceptions.Exception(ctx, scope.ReadScope, args[0])
		if err != nil {
			return err
		}
		if err := s.confirm("This ends the exception %s for %s of %s now", e.Ref, e.ItemID, e.Test); err != nil {
			return err
		}
		if e, err = s.app.Evaluate.RevokeException(ctx, scope, s.Now(), e.Ref); err != nil {
			return err
		}
		s.say("%s is revoked.", e.Ref)
		return nil
	})}
}
