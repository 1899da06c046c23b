package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/training"
)

func (s *session) campaignCommand() *cobra.Command {
	c := &cobra.Command{Use: "campaign", Short: "Ask many people to acknowledge a policy or take a course"}
	c.AddCommand(s.campaignList(), s.campaignShow(), s.campaignOpen(), s.campaignClose(), s.campaignRemind())
	return c
}

func campaignRecord(c campaign.Campaign, n campaign.Counts) map[string]any {
	return map[string]any{"ref": c.Ref, "kind": c.Kind, "title": c.Title, "subject": c.Subject, "version": c.Version, "standing": c.Standing, "grace": c.Grace, "opened": c.Opened, "due": c.Due,
		"closed": c.Closed, "asked": n.Asked(), "done": n.Done, "late": n.Late, "open": n.Open, "overdue": n.Overdue, "waived": n.Waived, "void": n.Void}
}

func (s *session) campaignList() *cobra.Command {
	var all bool
	var kind string
	c := &cobra.Command{Use: "list", Short: "List campaigns and how far they are", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		res, err := s.app.Campaigns.List(ctx, s.read(), campaign.Filter{Live: !all, Kind: campaign.Kind(kind)}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		counts, err := s.app.Campaigns.Tally(ctx, s.read(), s.Now())
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, x := range res.Rows {
			n := counts[x.ID]
			state := "open"
			if x.Closed != nil {
				state = "closed"
			}
			rows = append(rows, row{[]cell{text(x.Ref), text(state), text(x.Kind.Title()), text(fmt.Sprintf("%s v%d", x.Subject, x.Version)), text(fmt.Sprintf("%d/%d", n.Done, n.Asked())), text(fmt.Sprint(n.Overdue)), text(x.Due.String()), text(x.Title)}, campaignRecord(x, n)})
		}
		return s.table([]string{"campaign", "state", "asks for", "about", "done", "overdue", "due", "title"}, rows, "No campaign is open. Open one: tickmark campaign open POL-01")
	})}
	c.Flags().BoolVar(&all, "all", false, "those that are closed, too")
	c.Flags().StringVar(&kind, "kind", "", "only these: acknowledge or train")
	return c
}

func (s *session) campaignShow() *cobra.Command {
	var state string
	c := &cobra.Command{Use: "show CAMPAIGN", Short: "Show a campaign with everybody it asks", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		x, err := s.app.Campaigns.Campaign(ctx, s.read(), strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		counts, err := s.app.Campaigns.Tally(ctx, s.read(), s.Now(), x.ID)
		if err != nil {
			return err
		}
		today := period.Of(s.Now())
		f := campaign.DutyFilter{Campaign: x.ID, State: campaign.State(state)}
		if state == "overdue" {
			f.State, f.Overdue = "", today
		}
		var rows []row
		for n := 1; ; n++ {
			res, err := s.app.Campaigns.Duties(ctx, s.read(), f, paging.Query{Page: n, Size: paging.MaxSize})
			if err != nil {
				return err
			}
			for _, d := range res.Rows {
				done := ""
				if d.DoneAt != nil {
					done = period.Of(*d.DoneAt).String()
				}
				rows = append(rows, row{[]cell{text(d.PersonRef), text(d.Name), text(d.Words(today)), text(d.Due.String()), text(done), text(string(d.How))}, map[string]any{
					"person": d.PersonRef, "name": d.Name, "email": d.Email, "department": d.Department, "state": d.State, "due": d.Due, "done": d.DoneAt, "how": d.How, "note": d.Note, "score": d.Score, "tries": d.Tries}})
			}
			if n >= res.Pages() {
				break
			}
		}
		if !s.json && !s.csv {
			n := counts[x.ID]
			fmt.Fprintf(s.Out, "%s  %s, %s version %d\n%d of %d done, %d open of which %d overdue, %d waived, %d void. Due %s.\n\n", s.paint(bold, x.Ref), x.Title, x.Subject, x.Version, n.Done, n.Asked(), n.Open, n.Overdue, n.Waived, n.Void, x.Due)
		}
		return s.table([]string{"person", "name", "state", "due", "done", "how"}, rows, "Nobody is asked.")
	})}
	c.Flags().StringVar(&state, "state", "", "only these: open, overdue, done, waived or void")
	return c
}

func (s *session) campaignOpen() *cobra.Command {
	n := campaign.New{Standing: true}
	var due string
	var once bool
	c := &cobra.Command{Use: "open POLICY|COURSE", Short: "Ask people to acknowledge a policy in force, or to take a course", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		n.Subject, n.Kind, n.Standing = strings.ToUpper(args[0]), campaign.Acknowledge, !once
		usual := 14
		if strings.HasPrefix(n.Subject, "TRN-") {
			n.Kind, usual = campaign.Train, 30
		}
		if n.Grace == 0 {
			n.Grace = usual
		}
		if n.Due = period.Of(s.Now()) + period.Date(usual); due != "" {
			if n.Due, err = period.ParseDate(due); err != nil {
				return errs.As(errs.Invalid, err, "--due")
			}
		}
		n.Audience.Everybody = len(n.Audience.Departments)+len(n.Audience.Kinds) == 0
		x, err := s.app.Campaigns.Open(ctx, scope, s.Now(), n)
		if err != nil {
			return err
		}
		counts, err := s.app.Campaigns.Tally(ctx, s.read(), s.Now(), x.ID)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(campaignRecord(x, counts[x.ID]))
		}
		fmt.Fprintf(s.Out, "%s is open and asks %d people until %s.\n", x.Ref, counts[x.ID].Total, x.Due)
		return nil
	})}
	f := c.Flags()
	f.StringVar(&n.Title, "title", "", "as people see it; the policy's or course's own without it")
	f.StringVar(&due, "due", "", "the last day, such as 2026-12-31 (14 days from now, 30 for courses)")
	f.IntVar(&n.Grace, "grace", 0, "days for joiners from their start (14, 30 for courses)")
	f.BoolVar(&once, "once", false, "do not ask joiners")
	f.BoolVar(&n.Replace, "replace", false, "close the open campaigns about the same")
	f.StringSliceVar(&n.Audience.Departments, "department", nil, "only these departments (everybody without it)")
	f.StringSliceVar(&n.Audience.Kinds, "kind", nil, "only these kinds of contract: employee, contractor")
	return c
}

func (s *session) campaignClose() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "close CAMPAIGN", Short: "Close a campaign; what is undone stays so and is kept", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		if err := s.confirm("Close %s? Nobody can sign in it any more", strings.ToUpper(args[0])); err != nil {
			return err
		}
		x, err := s.app.Campaigns.Close(ctx, scope, s.Now(), strings.ToUpper(args[0]), 0, why)
		if err != nil {
			return err
		}
		counts, err := s.app.Campaigns.Tally(ctx, s.read(), s.Now(), x.ID)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(campaignRecord(x, counts[x.ID]))
		}
		fmt.Fprintf(s.Out, "%s is closed: %d done, %d undone.\n", x.Ref, counts[x.ID].Done, counts[x.ID].Open)
		return nil
	})}
	c.Flags().StringVar(&why, "why", "", "a word about it")
	return c
}

func (s *session) campaignRemind() *cobra.Command {
	var all bool
	c := &cobra.Command{Use: "remind CAMPAIGN", Short: "Remind by e-mail those who are overdue", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		mails, err := s.app.Notify.MailsPeople(ctx, s.read())
		if err != nil {
			return err
		}
		if !mails {
			return errs.New(errs.Conflict, "no e-mail route carries what is asked of people").WithHint("Set one up in the browser: Settings, Notifications. People with an account find what is asked under My work.")
		}
		n, err := s.app.Campaigns.Remind(ctx, scope, s.Now(), strings.ToUpper(args[0]), !all)
		if err == nil {
			fmt.Fprintf(s.Out, "%d are reminded: the server sends the e-mails.\n", n)
		}
		return err
	})}
	c.Flags().BoolVar(&all, "all", false, "everybody who has not done it, not only those who are overdue")
	return c
}

func (s *session) trainingCommand() *cobra.Command {
	c := &cobra.Command{Use: "training", Short: "Courses, and completions of a learning system"}
	c.AddCommand(s.trainingCourses(), s.trainingBegin(), s.trainingImport())
	return c
}

func (s *session) trainingBegin() *cobra.Command {
	return &cobra.Command{Use: "begin", Short: "Add the starter courses that are not there yet", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		n, err := s.app.Training.Begin(ctx, scope, s.Now())
		if err == nil {
			fmt.Fprintf(s.Out, "%d courses added.\n", n)
		}
		return err
	})}
}

func (s *session) trainingCourses() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List courses", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		res, err := s.app.Training.Courses(ctx, s.read(), training.Filter{}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, x := range res.Rows {
			rows = append(rows, row{[]cell{text(x.Ref), text(x.Kind.Title()), text(fmt.Sprint(x.Version)), text(fmt.Sprint(x.Minutes)), text(x.Title)}, map[string]any{
				"ref": x.Ref, "kind": x.Kind, "title": x.Title, "version": x.Version, "minutes": x.Minutes, "questions": len(x.Questions), "pass": x.Pass, "retired": x.Retired, "sha256": x.Hash}})
		}
		return s.table([]string{"course", "kind", "version", "minutes", "title"}, rows, "No course is here. Add the three to begin with: tickmark training begin")
	})}
}

func (s *session) trainingImport() *cobra.Command {
	var m training.Mapping
	var dry bool
	c := &cobra.Command{Use: "import FILE", Short: "Import completions of a learning system from CSV", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		content, err := readLimited(args[0], training.MaxImport)
		if err != nil {
			return err
		}
		in, err := s.app.Training.Import(ctx, scope, s.Now(), filepath.Base(args[0]), content, m, dry)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(in.Rejected))
		for _, x := range in.Rejected {
			rows = append(rows, row{[]cell{text(fmt.Sprint(x.Line)), text(x.Why), text(x.Text)}, map[string]any{"line": x.Line, "why": x.Why, "text": x.Text}})
		}
		if err := s.table([]string{"line", "left out because", "says"}, rows, ""); err != nil {
			return err
		}
		words := "imported"
		if dry {
			words = "would be imported"
		}
		fmt.Fprintf(s.Err, "%d rows: %d %s (%d of them duties), %d known before, %d left out.\n", in.Rows, in.Signed+in.Kept, words, in.Signed, in.Already, len(in.Rejected)+in.More)
		return nil
	})}
	f := c.Flags()
	f.BoolVar(&dry, "dry-run", false, "say what would be imported, and change nothing")
	f.StringVar(&m.Person, "person", "", "heading of the column with the address or employee number")
	f.StringVar(&m.Course, "course", "", "heading of the column with the course")
	f.StringVar(&m.On, "on", "", "heading of the column with the day of completion")
	f.StringVar(&m.Score, "score", "", "heading of the column with the score")
	f.StringToStringVar(&m.Names, "name", nil, "a course under another name, such as 'Security 101=TRN-01'")
	return c
}
