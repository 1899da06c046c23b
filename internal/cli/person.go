package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

func (s *session) personCommand() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "List and show the people of the organisation"}
	c.AddCommand(s.personList(), s.personShow(), s.personLeavers(), s.personChart(), s.personRefresh(), s.personAdd())
	return c
}

func (s *session) personList() *cobra.Command {
	var f people.Filter
	var state, missing string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List people by name", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		f.State, f.Missing = people.State(state), people.Requirement(missing)
		if state != "" && !slices.Contains(people.States(), f.State) {
			return errs.New(errs.Invalid, "%q is no state", state).At("state").WithHint("It is joining, active, leaving or left.")
		}
		if missing != "" && !slices.Contains(people.Requirements(), f.Missing) {
			return errs.New(errs.Invalid, "%q is not asked of joiners", missing).At("missing").WithHint("It is screening, agreement, conduct or training.")
		}
		res, err := s.app.People.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, p := range res.Rows {
			rows = append(rows, row{[]cell{text(p.Ref), text(p.Name), text(p.State.Title()), text(p.Title), text(p.Department), text(p.ManagerName), text(day(p.Started)), text(day(p.Ended))}, personRecord(p)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "people"); err != nil {
			return err
		}
		return s.table([]string{"person", "name", "state", "title", "department", "manager", "started", "last day"}, rows, "Nobody is found. Connect the HR system: tickmark connect add bamboohr")
	})}
	fl := c.Flags()
	fl.StringVar(&state, "state", "", "only those who are joining, active, leaving or left")
	fl.StringVar(&f.Department, "department", "", "only those of this department")
	fl.StringVar(&f.Kind, "kind", "", "only employees or contractors")
	fl.StringVar(&missing, "missing", "", "only those who work here without screening, agreement, conduct or training")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "people a page")
	return c
}

func day(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func personRecord(p people.Person) map[string]any {
	return map[string]any{
		"ref": p.Ref, "name": p.Name, "email": p.Email, "number": p.Number, "state": p.State, "works": p.Works(), "kind": p.Kind, "department": p.Department, "title": p.Title,
		"location": p.Location, "manager": p.ManagerRef, "started": day(p.Started), "ended": day(p.Ended), "ended_at": p.EndedAt, "stint": p.Stint, "origin": p.Origin, "source": p.Source,
		"screening": p.Screening, "screened": day(p.ScreenedOn), "agreed": day(p.AgreedOn), "conduct": day(p.ConductOn), "trained_first": day(p.TrainedFirst), "trained_last": day(p.TrainedLast),
		"reviewed": day(p.ReviewedOn), "gone": p.Gone,
	}
}

func (s *session) personShow() *cobra.Command {
	return &cobra.Command{Use: "show PERSON", Short: "Show a person with accounts, devices and history", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		p, err := s.app.People.Person(ctx, s.read(), args[0])
		if errs.Is(err, errs.NotFound) {
			p, err = s.app.People.Person(ctx, s.read(), strings.ToUpper(args[0]))
		}
		if err != nil {
			return err
		}
		l, err := s.app.People.Leave(ctx, s.read(), p)
		if err != nil {
			return err
		}
		history, err := s.app.People.History(ctx, s.read(), p.ID)
		if err != nil {
			return err
		}
		devices, err := s.app.People.ListDevices(ctx, s.read(), people.DeviceFilter{Holders: []people.ID{p.ID}}, paging.Query{Size: 200})
		if err != nil {
			return err
		}
		if s.json {
			x := personRecord(p)
			x["accounts"], x["devices"], x["history"] = l.Removals, devices.Rows, history
			return s.object(x)
		}
		fmt.Fprintf(s.Out, "%s  %s\n%s\n", s.paint(bold, p.Ref), p.State.Title(), p.Name)
		fmt.Fprintf(s.Out, "%s, %s\n\n", orDash(p.Title), orDash(p.Department))
		if err := s.table([]string{"system", "account", "status", "removal", "hours"}, removalRows(p, l), "No account is tied to the person."); err != nil {
			return err
		}
		var rows []row
		for _, d := range devices.Rows {
			rows = append(rows, row{[]cell{text(d.Ref), text(people.DeviceKind(d.Kind)), text(d.Serial), text(day(d.Given)), text(day(d.Returned))}, nil})
		}
		for _, part := range []struct {
			head []string
			rows []row
		}{{[]string{"device", "kind", "serial", "given", "returned"}, rows}, {[]string{"day", "what", "before", "after"}, eventRows(history)}} {
			if len(part.rows) == 0 {
				continue
			}
			fmt.Fprintln(s.Out)
			if err := s.table(part.head, part.rows, ""); err != nil {
				return err
			}
		}
		return nil
	})}
}

func orDash(t string) string {
	if t == "" {
		return "–"
	}
	return t
}

func removalRows(p people.Person, l people.Leaver) []row {
	var rows []row
	for _, a := range l.Removals {
		removal, hours := "", text("")
		if p.State == people.Left {
			removal, hours = strings.ReplaceAll(string(a.State), "_", " "), number(int64(a.Hours))
		}
		rows = append(rows, row{[]cell{text(a.Account.System), text(a.Account.Login), text(a.Account.Status), text(removal), hours}, nil})
	}
	return rows
}

func eventRows(history []people.Event) []row {
	var rows []row
	for _, e := range history {
		on := e.On
		if on == 0 {
			on = period.Of(e.At)
		}
		rows = append(rows, row{[]cell{text(on.String()), text(strings.TrimSpace(string(e.Kind) + " " + e.Field)), text(e.Was), text(e.Became)}, nil})
	}
	return rows
}

func (s *session) personLeavers() *cobra.Command {
	var from string
	c := &cobra.Command{Use: "leavers", Short: "List who left, with how long each account stayed open", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		since := period.Of(s.Now()) - 365
		if from != "" {
			d, err := period.ParseDate(from)
			if err != nil {
				return errs.New(errs.Invalid, "%q is no day", from).At("from").WithHint("Give a day such as 2026-01-31.")
			}
			since = d
		}
		all, err := s.app.People.Leavers(ctx, s.read(), since)
		if err != nil {
			return err
		}
		var rows []row
		worst := exitOK
		for _, l := range all {
			if l.Worst() == people.StillOn || l.Overdue {
				worst = exitFailing
			}
			for _, a := range l.Removals {
				rows = append(rows, row{[]cell{text(l.Ref), text(l.Name), text(day(l.Ended)), text(a.Account.System), text(a.Account.Login), text(strings.ReplaceAll(string(a.State), "_", " ")), number(int64(a.Hours)), text(strconv.Itoa(len(l.Out)))}, map[string]any{
					"ref": l.Ref, "name": l.Name, "ended": day(l.Ended), "system": a.Account.System, "account": a.Account.Login, "state": a.State, "hours": a.Hours, "devices_out": len(l.Out),
				}})
			}
		}
		if err := s.table([]string{"person", "name", "last day", "system", "account", "removal", "hours", "devices out"}, rows, "Nobody left in this time."); err != nil {
			return err
		}
		if worst != exitOK {
			return verdict(worst)
		}
		return nil
	})}
	c.Flags().StringVar(&from, "from", "", "only those who left on this day or later; a year back unless given")
	return c
}

func (s *session) personChart() *cobra.Command {
	return &cobra.Command{Use: "chart", Short: "Print the organisation chart", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		all, err := s.app.People.Everyone(ctx, s.read(), people.Filter{})
		if err != nil {
			return err
		}
		c := people.Draw(all)
		lines := people.Lines(all)
		var rows []row
		var draw func(b *people.Branch, level int)
		draw = func(b *people.Branch, level int) {
			under := text("")
			if b.Under > 0 {
				under = number(int64(b.Under))
			}
			rows = append(rows, row{[]cell{text(strings.Repeat("  ", level) + b.Name), text(b.Title), text(b.Department), under}, map[string]any{
				"ref": b.Ref, "name": b.Name, "title": b.Title, "department": b.Department, "manager": b.ManagerRef, "level": level, "under": b.Under, "line": lines[b.ID],
			}})
			for _, x := range b.Reports {
				draw(x, level+1)
			}
		}
		if c.Top != nil {
			draw(c.Top, 0)
		}
		for _, b := range c.Loose {
			draw(b, 0)
		}
		for _, ring := range c.Rings {
			var names []string
			for _, p := range ring {
				names = append(names, p.Name)
			}
			s.say("tickmark: report to each other in a circle: %s", strings.Join(names, ", "))
		}
		return s.table([]string{"person", "title", "department", "people below"}, rows, "Nobody works here yet.")
	})}
}

func (s *session) personRefresh() *cobra.Command {
	return &cobra.Command{Use: "refresh", Short: "Bring the directory up to the newest snapshots", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		out, err := s.app.RefreshPeople(ctx, scope, s.Now())
		if err != nil {
			return err
		}
		if s.json {
			return s.object(out)
		}
		fmt.Fprintf(s.Out, "%s people, of whom %s work here; %s accounts.\n", grouped(int64(out.People)), grouped(int64(out.Working)), grouped(int64(out.Accounts)))
		if !out.Changed() {
			fmt.Fprintln(s.Out, "Nothing changed.")
		}
		if out.Doubts > 0 {
			s.say("%s things do not fit: see /people/doubts.", grouped(int64(out.Doubts)))
		}
		return nil
	})}
}

func (s *session) personAdd() *cobra.Command {
	var n people.New
	var started, ended string
	c := &cobra.Command{Use: "add NAME", Short: "Enter somebody whom no HR system holds", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		n.Name = args[0]
		for _, x := range []struct {
			name, value string
			to          *period.Date
		}{{"started", started, &n.Started}, {"ended", ended, &n.Ended}} {
			if x.value == "" {
				continue
			}
			d, err := period.ParseDate(x.value)
			if err != nil {
				return errs.New(errs.Invalid, "%q is no day", x.value).At(x.name).WithHint("Give a day such as 2026-01-31.")
			}
			*x.to = d
		}
		scope, err := s.write()
		if err != nil {
			return err
		}
		lines, err := s.app.People.Enter(ctx, scope, s.Now(), []people.New{n}, false)
		if err != nil {
			return err
		}
		switch l := lines[0]; {
		case l.Err != nil:
			return l.Err
		case l.Known:
			return errs.New(errs.Conflict, "%s, %s, has this address or number already", l.Person.Ref, l.Person.Name)
		case s.json:
			return s.object(personRecord(l.Person))
		default:
			fmt.Fprintf(s.Out, "%s %s is in the directory.\n", l.Person.Ref, l.Person.Name)
			return nil
		}
	})}
	fl := c.Flags()
	fl.StringVar(&n.Email, "email", "", "work address")
	fl.StringVar(&n.Number, "number", "", "employee number")
	fl.StringVar(&n.Department, "department", "", "department")
	fl.StringVar(&n.Title, "title", "", "title")
	fl.StringVar(&n.Kind, "kind", "", "employee or contractor")
	fl.StringVar(&n.Manager, "manager", "", "reference, address or number of the manager")
	fl.StringVar(&started, "started", "", "first day")
	fl.StringVar(&ended, "ended", "", "last day")
	return c
}
