package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

func (s *session) controlCommand() *cobra.Command {
	c := &cobra.Command{Use: "control", Short: "List, show, change and approve controls"}
	c.AddCommand(s.controlList(), s.controlShow(), s.controlHistory(), s.controlEdit(), s.controlApprove(), s.controlAssign(), s.controlAdopt(), s.controlRetire(), s.controlTested())
	return c
}

func (s *session) controlList() *cobra.Command {
	var f control.Filter
	var criterion, state string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List controls", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if criterion != "" {
			f.Framework, f.ID = catalog.TSC, strings.ToUpper(criterion)
		}
		if err := checkPage(page, size); err != nil {
			return err
		}
		f.Status, f.Prefix = control.Status(state), strings.ToUpper(f.Prefix)
		res, err := s.app.Controls.List(ctx, s.read(), f, paging.Query{Page: page, Size: size, Sort: "ref"})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, x := range res.Rows {
			rows = append(rows, row{[]cell{text(x.Ref), text(string(x.Version.Status)), number(int64(x.Version.Number)), text(string(x.Version.Frequency)), text(x.Version.OwnerRole),
				text(strings.Join(x.Version.Serves(catalog.TSC), " ")), text(x.Version.Title)}, controlRecord(x)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "controls"); err != nil {
			return err
		}
		return s.table([]string{"control", "status", "version", "runs", "owner", "criteria", "title"}, rows, "No controls match. Adopt the starter set: tickmark control adopt")
	})}
	fl := c.Flags()
	fl.StringVar(&criterion, "criterion", "", "only controls that serve this criterion, such as CC6.1")
	fl.StringVar(&f.Prefix, "domain", "", "only this domain, such as IAM")
	fl.StringVar(&state, "status", "", "draft, approved or retired")
	fl.BoolVar(&f.Pending, "pending", false, "only those with a draft that waits for approval")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "controls a page")
	return c
}

func controlRecord(x control.Control) map[string]any {
	return map[string]any{"ref": x.Ref, "title": x.Version.Title, "statement": x.Version.Statement, "status": x.Version.Status, "version": x.Version.Number, "type": x.Version.Type,
		"nature": x.Version.Nature, "frequency": x.Version.Frequency, "owner_role": x.Version.OwnerRole, "owner": x.Owner, "criteria": x.Version.Serves(catalog.TSC),
		"iso27001": x.Version.Serves(catalog.ISO), "soc1": x.Version.Serves(catalog.SOC1), "draft": x.Draft, "source": x.Source}
}

func (s *session) controlShow() *cobra.Command {
	return &cobra.Command{Use: "show CONTROL", Short: "Show a control with its requirements and tests", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		x, err := s.app.Controls.Control(ctx, s.read(), strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		if s.json {
			return s.object(controlRecord(x))
		}
		v := x.Version
		fmt.Fprintf(s.Out, "%s  %s, version %d of %s\n%s\n\n%s\n\nOwner: %s   Runs: %s   Kind: %s, %s   Grace: %d h\n", s.paint(bold, x.Ref), v.Status, v.Number, stamp(v.At), v.Title, v.Statement,
			v.OwnerRole, v.Frequency, v.Type, v.Nature, v.GraceHours)
		for _, r := range v.Requirements {
			fmt.Fprintf(s.Out, "  %-16s %-8s %s\n", r.Framework, r.ID, s.app.Catalog.Title(r.Framework, r.ID))
		}
		tests, err := s.app.Evaluate.Store.Installed(ctx, s.read())
		if err != nil {
			return err
		}
		last, err := s.app.Evaluate.Store.Last(ctx, s.read())
		if err != nil {
			return err
		}
		var rows []row
		for _, t := range tests {
			if slices.Contains(t.Definition.Controls, x.Ref) {
				result := text("not run yet")
				if r, ok := last[t.Definition.ID]; ok {
					result = status(string(r.Outcome))
				}
				rows = append(rows, row{[]cell{result, text(t.Definition.ID), text(t.Definition.Title)}, nil})
			}
		}
		fmt.Fprintln(s.Out)
		return s.table([]string{"result", "test", "title"}, rows, "No test: its operation is shown by documents (tickmark evidence add FILE --control "+x.Ref+").")
	})}
}

func (s *session) controlHistory() *cobra.Command {
	return &cobra.Command{Use: "history CONTROL", Short: "Show every version of a control and what changed", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		h, err := s.app.Controls.History(ctx, s.read(), strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		var rows []row
		for _, r := range h.Revisions {
			var changed []string
			for _, x := range r.Changes {
				changed = append(changed, x.Field)
			}
			rows = append(rows, row{[]cell{number(int64(r.Number)), text(string(r.Status)), instant(r.At), text(r.Author), text(strings.Join(changed, ", ")), text(r.Note)},
				map[string]any{"version": r.Number, "status": r.Status, "at": r.At, "author": r.Author, "approved_by": r.ApprovedBy, "changes": r.Changes, "note": r.Note, "sha256": r.SHA256}})
		}
		return s.table([]string{"version", "status", "written", "by", "changed", "why"}, rows, "")
	})}
}

// controlForm is a control as people edit it in a file.
type controlForm struct {
	Base         int                  `yaml:"base"`
	Title        string               `yaml:"title"`
	Statement    string               `yaml:"statement"`
	Type         catalog.ControlType  `yaml:"type"`
	Nature       catalog.Nature       `yaml:"nature"`
	Frequency    catalog.Frequency    `yaml:"frequency"`
	OwnerRole    string               `yaml:"owner_role"`
	GraceHours   int                  `yaml:"grace_hours"`
	Evidence     []string             `yaml:"evidence"`
	Requirements []controlRequirement `yaml:"requirements"`
}

type controlRequirement struct {
	Framework string `yaml:"framework"`
	ID        string `yaml:"id"`
}

func (s *session) controlEdit() *cobra.Command {
	var file, note string
	c := &cobra.Command{
		Use: "edit CONTROL", Short: "Propose a new version from a file; without --file, print the file to start from", Args: cobra.ExactArgs(1),
		Example: "  tickmark control edit IAM-02 > iam-02.yaml\n  tickmark control edit IAM-02 --file iam-02.yaml --note \"Grace shortened after INC-17\"",
		RunE: s.run(func(ctx context.Context, args []string) error {
			ref := strings.ToUpper(args[0])
			if file == "" {
				return s.printForm(ctx, ref)
			}
			scope, err := s.write()
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				return errs.As(errs.Invalid, err, "read the control")
			}
			var f controlForm
			if err := yamldoc.Decode(raw, &f); err != nil {
				return errs.As(errs.Invalid, err, "%s", file)
			}
			t := control.Text{Title: f.Title, Statement: f.Statement, Type: f.Type, Nature: f.Nature, Frequency: f.Frequency, OwnerRole: f.OwnerRole, GraceHours: f.GraceHours, Evidence: f.Evidence}
			for _, r := range f.Requirements {
				t.Requirements = append(t.Requirements, control.Requirement(r))
			}
			var x control.Control
			if f.Base == 0 {
				x, err = s.app.Controls.Create(ctx, scope, s.Now(), ref, t, note)
			} else {
				x, err = s.app.Controls.Propose(ctx, scope, s.Now(), ref, f.Base, t, note)
			}
			if err != nil {
				return err
			}
			s.say("%s: version %d is proposed. Somebody else approves it: tickmark control approve %s", x.Ref, x.Draft, x.Ref)
			return nil
		}),
	}
	c.Flags().StringVar(&file, "file", "", "YAML file with the new text; base 0 makes a control of your own")
	c.Flags().StringVar(&note, "note", "", "why it changes")
	return c
}

func (s *session) printForm(ctx context.Context, ref string) error {
	x, err := s.app.Controls.Control(ctx, s.read(), ref)
	if err != nil {
		return err
	}
	v := x.Version
	f := controlForm{Base: x.Newest, Title: v.Title, Statement: v.Statement, Type: v.Type, Nature: v.Nature, Frequency: v.Frequency, OwnerRole: v.OwnerRole, GraceHours: v.GraceHours, Evidence: v.Evidence}
	for _, r := range v.Requirements {
		f.Requirements = append(f.Requirements, controlRequirement(r))
	}
	raw, err := yaml.Marshal(f)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(raw)
	return err
}

func (s *session) controlApprove() *cobra.Command {
	return &cobra.Command{Use: "approve CONTROL...", Short: "Put drafts in force that somebody else wrote", Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		for i := range args {
			args[i] = strings.ToUpper(args[i])
		}
		done, own, err := s.app.Controls.ApproveAll(ctx, scope, s.Now(), args)
		if err != nil {
			return err
		}
		s.say("Approved: %s.", orNone(done))
		if len(own) > 0 {
			return errs.New(errs.Denied, "written by you, somebody else approves: %s", strings.Join(own, " "))
		}
		return nil
	})}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

func (s *session) controlAssign() *cobra.Command {
	var deputy string
	c := &cobra.Command{Use: "assign CONTROL EMAIL", Short: "Make somebody the owner of a control", Args: cobra.ExactArgs(2), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		x, err := s.app.Controls.Assign(ctx, scope, s.Now(), strings.ToUpper(args[0]), args[1], deputy)
		if err != nil {
			return err
		}
		s.say("%s is owned by %s.", x.Ref, args[1])
		return nil
	})}
	c.Flags().StringVar(&deputy, "deputy", "", "email of the deputy")
	return c
}

func (s *session) controlAdopt() *cobra.Command {
	var categories, refs []string
	var approve bool
	c := &cobra.Command{Use: "adopt", Short: "Take controls of the starter library over", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		a := control.Adoption{Refs: refs, Approve: approve}
		if a.Categories, err = s.app.Catalog.ParseCategories(categories); err != nil {
			return err
		}
		done, err := s.app.Controls.Adopt(ctx, scope, s.Now(), a)
		if err != nil {
			return err
		}
		s.say("Adopted %d controls; %d were there already.", len(done.Added), len(done.Present))
		return nil
	})}
	c.Flags().StringSliceVar(&categories, "categories", nil, "only those that serve these categories")
	c.Flags().StringSliceVar(&refs, "controls", nil, "only these")
	c.Flags().BoolVar(&approve, "approve", false, "in force at once; the operator may")
	return c
}

func (s *session) controlRetire() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "remove CONTROL", Short: "End a control from now on; its versions stay", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		x, err := s.app.Controls.Control(ctx, scope.ReadScope, strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		if err := s.confirm("This ends the control %s, %s", x.Ref, x.Version.Title); err != nil {
			return err
		}
		_, err = s.app.Controls.Retire(ctx, scope, s.Now(), x.Ref, x.Newest, why)
		if err == nil {
			s.say("%s is retired.", x.Ref)
		}
		return err
	})}
	c.Flags().StringVar(&why, "reason", "", "why")
	return c
}

func (s *session) frameworkCommand() *cobra.Command {
	c := &cobra.Command{Use: "framework", Short: "Look at criteria, objectives and how frameworks map"}
	c.AddCommand(s.frameworkList(), s.frameworkShow(), s.frameworkMap(), s.frameworkImport())
	return c
}

func (s *session) frameworkList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List frameworks", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		var rows []row
		for _, f := range s.app.Catalog.Frameworks() {
			rows = append(rows, row{[]cell{text(f.ID), text(f.Name), number(int64(f.Requirements)), text(f.Text)}, map[string]any{"id": f.ID, "name": f.Name, "requirements": f.Requirements, "text": f.Text, "licence": f.Licence}})
		}
		own, err := s.imported(ctx)
		if err != nil {
			return err
		}
		return s.table([]string{"framework", "name", "requirements", "text"}, append(rows, own...), "")
	})}
}

func (s *session) frameworkShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [FRAMEWORK|REQUIREMENT]", Short: "Show requirements with the controls that serve them, gaps marked", Args: cobra.MaximumNArgs(1),
		Example: "  tickmark framework show\n  tickmark framework show CC6.1\n  tickmark framework show soc1\n  tickmark framework show FW-1\n  tickmark framework show FW-1/ac-2",
		RunE: s.run(func(ctx context.Context, args []string) error {
			framework, only := catalog.TSC, ""
			if len(args) == 1 && isImported(args[0]) {
				return s.showImported(ctx, args[0])
			}
			if len(args) == 1 {
				framework, only = s.which(args[0])
			}
			if framework == "" {
				return errs.New(errs.NotFound, "no framework or requirement %q", args[0]).WithHint("tickmark framework list")
			}
			m, err := s.app.Controls.Matrix(ctx, s.read(), framework, s.Now())
			if err != nil {
				return err
			}
			var rows []row
			for _, id := range s.app.Catalog.Identifiers(framework) {
				if only != "" && id != only {
					continue
				}
				refs := m.Controls[id]
				word := text(strings.Join(refs, " "))
				if len(refs) == 0 {
					word = cell{text: "no control", colour: red}
				}
				rows = append(rows, row{[]cell{text(id), text(s.app.Catalog.Title(framework, id)), word}, map[string]any{"id": id, "title": s.app.Catalog.Title(framework, id), "controls": refs}})
			}
			if err := s.table([]string{"requirement", "title", "controls"}, rows, ""); err != nil {
				return err
			}
			if only != "" && framework == catalog.TSC && !s.json && !s.csv {
				x, err := s.app.Catalog.Criterion(only)
				if err != nil {
					return err
				}
				fmt.Fprintf(s.Out, "\n%s\n", x.Intent)
				for _, t := range x.Topics {
					fmt.Fprintf(s.Out, "  - %s\n", t)
				}
			}
			return nil
		}),
	}
}

// which resolves a framework or a requirement of one.
func (s *session) which(a string) (framework, requirement string) {
	for _, f := range []string{catalog.TSC, catalog.SOC1, catalog.ISO} {
		if strings.EqualFold(a, f) {
			return f, ""
		}
		if s.app.Catalog.Knows(f, strings.ToUpper(a)) {
			return f, strings.ToUpper(a)
		}
	}
	return "", ""
}

func (s *session) frameworkMap() *cobra.Command {
	return &cobra.Command{Use: "map [REQUIREMENT]", Short: "Show the crosswalk between criteria and ISO/IEC 27001, both ways", Args: cobra.MaximumNArgs(1), RunE: s.run(func(_ context.Context, args []string) error {
		var rows []row
		for _, l := range s.app.Catalog.Links() {
			if len(args) == 1 && !strings.EqualFold(args[0], l.Criterion) && !strings.EqualFold(args[0], l.Annex) {
				continue
			}
			rows = append(rows, row{[]cell{text(l.Criterion), text(l.Annex), text(string(l.Strength)), text(strconv.Itoa(l.Corroborated) + " of 3"), text(s.app.Catalog.Title(catalog.ISO, l.Annex))},
				map[string]any{"criterion": l.Criterion, "annex_a": l.Annex, "strength": l.Strength, "corroborated": l.Corroborated}})
		}
		if len(args) == 1 && len(rows) == 0 {
			if framework, requirement := s.which(args[0]); requirement == "" || framework == catalog.SOC1 {
				return errs.New(errs.NotFound, "no criterion or Annex A control %q", args[0]).WithHint("tickmark framework show tsc-2017, or tickmark framework show %s", catalog.ISO)
			}
		}
		if err := s.table([]string{"criterion", "annex a", "strength", "corroborated", "title"}, rows, "Nothing maps to that."); err != nil {
			return err
		}
		s.say("A link may carry evidence and controls from one framework to another, never a status: it does not prove that a requirement is met.")
		return nil
	})}
}

func (s *session) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Where things stand, in a dozen lines", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		x, err := s.app.Status(ctx, s.read(), s.Now())
		if err != nil {
			return err
		}
		if s.json {
			return s.object(x)
		}
		if s.csv {
			return s.statusTable(x)
		}
		fmt.Fprintf(s.Out, "%s\n", s.paint(bold, x.Org))
		if x.Engagement != "" {
			fmt.Fprintf(s.Out, "Engagement   %s, %s, day %d of %d\n", x.Engagement, x.Period, x.Day, x.Days)
		}
		fmt.Fprintf(s.Out, "Controls     %d in force, %d of them tested\n", x.Controls, x.Tested)
		fmt.Fprintf(s.Out, "Tests        %s pass, %s fail, %s without answer, %d not applicable\n", s.paint(green, strconv.Itoa(x.Pass)), s.paint(red, strconv.Itoa(x.Fail)), s.paint(purple, strconv.Itoa(x.Unknown)), x.NotApplicable)
		for _, c := range x.Sources {
			fmt.Fprintf(s.Out, "Source       %-16s %s, %s\n", c.Name, c.Status, c.Age)
		}
		fmt.Fprintf(s.Out, "Ledger       %s entries, head %s\n", grouped(x.Entries), x.Head)
		return nil
	})}
}

// statusTable is the status as CSV: a figure a line.
func (s *session) statusTable(x app.Status) error {
	rows := []row{}
	for _, f := range [][2]string{
		{"org", x.Org}, {"engagement", x.Engagement}, {"period", x.Period}, {"day", strconv.Itoa(x.Day)}, {"days", strconv.Itoa(x.Days)}, {"controls", strconv.Itoa(x.Controls)},
		{"controls_tested", strconv.Itoa(x.Tested)}, {"pass", strconv.Itoa(x.Pass)}, {"fail", strconv.Itoa(x.Fail)}, {"unknown", strconv.Itoa(x.Unknown)},
		{"not_applicable", strconv.Itoa(x.NotApplicable)}, {"ledger_entries", strconv.FormatInt(x.Entries, 10)}, {"ledger_head", x.Head},
	} {
		rows = append(rows, row{[]cell{text(f[0]), text(f[1])}, nil})
	}
	return s.table([]string{"figure", "value"}, rows, "")
}
