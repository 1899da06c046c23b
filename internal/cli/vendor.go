package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
)

func (s *session) vendorCommand() *cobra.Command {
	c := &cobra.Command{Use: "vendor", Short: "List, show and add vendors and their reports"}
	report := &cobra.Command{Use: "report", Short: "Reports about the controls of vendors"}
	report.AddCommand(s.vendorReportAdd())
	c.AddCommand(s.vendorList(), s.vendorShow(), s.vendorAdd(), report)
	return c
}

func (s *session) vendorList() *cobra.Command {
	var f vendors.Filter
	var tier, stage string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List vendors by name", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		f.Today, f.Tier, f.Stage = period.Of(s.Now()), vendors.Tier(tier), vendors.Stage(stage)
		res, err := s.app.Vendors.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, v := range res.Rows {
			due := ""
			if v.NextDue != 0 {
				due = v.NextDue.String() + " " + strings.ToLower(v.NextWhat.Title())
			}
			rows = append(rows, row{[]cell{text(v.Ref), text(v.Name), text(v.Tier.Title()), text(names[v.Owner]), text(v.Stage(f.Today).Title()), text(vendorDay(v.Covered)), text(due)}, vendorRecord(v, names, f.Today)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "vendors"); err != nil {
			return err
		}
		return s.table([]string{"vendor", "name", "tier", "owner", "stage", "covered to", "next review"}, rows, "No vendor is on the register. Add one: tickmark vendor add NAME")
	})}
	fl := c.Flags()
	fl.StringVar(&tier, "tier", "", "only those of this tier: high, medium, low")
	fl.StringVar(&stage, "stage", "", "only those in this stage: considered, used, ended")
	fl.BoolVar(&f.Subservice, "subservice", false, "only subservice organisations")
	fl.BoolVar(&f.Overdue, "overdue", false, "only those with an overdue review")
	fl.BoolVar(&f.Gap, "gap", false, "only those with a gap in what their reports cover")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "vendors a page")
	return c
}

func vendorDay(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func vendorRecord(v vendors.Vendor, names map[access.UserID]string, today period.Date) map[string]any {
	x := map[string]any{
		"ref": v.Ref, "name": v.Name, "services": v.Services, "tier": v.Tier, "tier_why": v.TierWhy, "data": v.Data, "criticality": v.Criticality, "owner": v.Owner, "owner_name": names[v.Owner],
		"location": v.Location, "applications": v.Applications, "stage": v.Stage(today), "started": vendorDay(v.Started), "subservice": v.Subservice, "contract_signed": vendorDay(v.Contract.Signed),
		"processing_agreed": vendorDay(v.Contract.DPA), "assessed": vendorDay(v.Assessed), "performance_reviewed": vendorDay(v.Performed), "reports": v.Reports, "covered_to": vendorDay(v.Covered),
		"gap_from": vendorDay(v.Hole), "next_due": vendorDay(v.NextDue), "next_what": v.NextWhat, "version": v.Version,
	}
	if v.Contract.Signed != 0 {
		x["clauses_missing"] = v.Contract.Clauses.Missing()
	}
	if v.Exit.Ended != nil {
		x["ended"] = v.Exit.Ended.UTC().Format(time.RFC3339)
	}
	return x
}

func (s *session) vendorShow() *cobra.Command {
	return &cobra.Command{Use: "show VENDOR", Short: "Show a vendor with its reports and what is due", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		f, err := s.app.Vendors.File(ctx, s.read(), args[0])
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		due, err := s.app.Vendors.Due(ctx, s.read(), f)
		if err != nil {
			return err
		}
		rules, err := s.app.Vendors.Rules(ctx, s.read())
		if err != nil {
			return err
		}
		today := period.Of(s.Now())
		cover := f.Coverage(rules)
		if s.json {
			x := vendorRecord(f.Vendor, names, today)
			x["reports_on_file"], x["letters"], x["user_entity_controls"], x["assessments"], x["remarks"] = f.Filed, f.Letters, f.CUECs, f.Assessments, cover.Remarks
			return s.object(x)
		}
		fmt.Fprintf(s.Out, "%s  %s, tier %s, %s\n", s.paint(bold, f.Ref), f.Name, strings.ToLower(f.Tier.Title()), strings.ToLower(f.Stage(today).Title()))
		if f.Services != "" {
			fmt.Fprintf(s.Out, "%s\n", f.Services)
		}
		fmt.Fprintln(s.Out)
		for _, e := range due {
			late := ""
			if e.Day < today {
				late = "  overdue"
			}
			fmt.Fprintf(s.Out, "%s  %s. %s%s\n", e.Day, e.What.Title(), e.Text, late)
		}
		if len(due) > 0 {
			fmt.Fprintln(s.Out)
		}
		var rows []row
		for _, r := range f.Filed {
			reviewed := "not reviewed"
			if r.Review != nil {
				reviewed = strings.ToLower(r.Review.Reliance.Title()) + ", " + r.Review.Day.String()
			}
			rows = append(rows, row{[]cell{text(r.Ref), text(r.Kind.Title()), text(r.Period.String()), text(r.Opinion.Title()), text(reviewed)}, nil})
		}
		if err := s.table([]string{"report", "kind", "period", "opinion as read", "review"}, rows, "No report is on file."); err != nil {
			return err
		}
		for _, m := range cover.Remarks {
			fmt.Fprintf(s.Out, "%s  %s\n", m.Ref, m.Text)
		}
		return nil
	})}
}

func (s *session) vendorAdd() *cobra.Command {
	var d vendors.Details
	var owner, criticality, started string
	var data []string
	c := &cobra.Command{Use: "add NAME", Short: "Add a vendor to the register", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		d.Name, d.Owner, d.Criticality = args[0], access.UserID(owner), vendors.Level(criticality)
		for _, x := range data {
			d.Data = append(d.Data, vendors.Data(strings.ToLower(strings.TrimSpace(x))))
		}
		if d.Started, err = vendorDate("--started", started); err != nil {
			return err
		}
		v, err := s.app.Vendors.Add(ctx, scope, s.Now(), d)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(vendorRecord(v, nil, period.Of(s.Now())))
		}
		fmt.Fprintf(s.Out, "%s is on the register: tier %s.\n", v.Ref, strings.ToLower(v.Tier.Title()))
		return nil
	})}
	fl := c.Flags()
	fl.StringVar(&d.Services, "services", "", "what it does for the organisation")
	fl.StringVar(&owner, "owner", "", "who answers for it (identifier or email)")
	fl.StringVar(&criticality, "criticality", "", "how much depends on it: low, medium, high")
	fl.StringSliceVar(&data, "class", nil, "class of data that it reaches: internal, confidential, personal")
	fl.StringSliceVar(&d.Applications, "application", nil, "a name under which it appears behind sign-on")
	fl.StringVar(&d.Location, "location", "", "where it keeps what it reaches")
	fl.StringVar(&started, "started", "", "day of first use, such as 2026-03-01")
	return c
}

func vendorDate(flag, s string) (period.Date, error) {
	if s == "" {
		return 0, nil
	}
	d, err := period.ParseDate(s)
	return d, errs.As(errs.Invalid, err, "%s", flag)
}

func (s *session) vendorReportAdd() *cobra.Command {
	var x vendors.Report
	var kind, opinion, from, to, received string
	c := &cobra.Command{Use: "add VENDOR", Short: "File a report about the controls of a vendor", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		x.Kind, x.Opinion = vendors.ReportKind(kind), vendors.Opinion(opinion)
		for _, d := range []struct {
			flag, s string
			to      *period.Date
		}{{"--from", from, &x.Period.From}, {"--to", to, &x.Period.To}, {"--received", received, &x.Received}} {
			if *d.to, err = vendorDate(d.flag, d.s); err != nil {
				return err
			}
		}
		if x.Period.To != 0 {
			x.Period.To++ // half-open
		}
		x, err := s.app.Vendors.FileReport(ctx, scope, s.Now(), args[0], x)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(map[string]any{"ref": x.Ref, "kind": x.Kind, "from": x.Period.From, "to": x.Period.Last(), "opinion_as_read": x.Opinion, "received": x.Received})
		}
		fmt.Fprintf(s.Out, "%s is on file: %s, %s.\n", x.Ref, x.Kind.Title(), x.Period)
		rules, err := s.app.Vendors.Rules(ctx, s.read())
		if err != nil {
			return err
		}
		f, err := s.app.Vendors.File(ctx, s.read(), args[0])
		for _, m := range f.Coverage(rules).Of(x.Ref) {
			fmt.Fprintf(s.Err, "Note: %s\n", m)
		}
		return err
	})}
	fl := c.Flags()
	fl.StringVar(&kind, "kind", string(vendors.SOC2Type2), "soc1_type1, soc1_type2, soc2_type1, soc2_type2, soc3, iso27001, other")
	fl.StringVar(&from, "from", "", "first day of its period, such as 2025-04-01")
	fl.StringVar(&to, "to", "", "last day of its period, or the day as of which it is")
	fl.StringVar(&x.Auditor, "auditor", "", "who wrote it")
	fl.StringVar(&opinion, "opinion", "", "the opinion as read: unqualified, qualified, adverse, disclaimer, not_stated")
	fl.IntVar(&x.Noted, "exceptions", -1, "how many exceptions it notes")
	fl.StringVar(&x.Exceptions, "about", "", "what the exceptions are about")
	fl.StringVar(&x.Scope, "scope", "", "services and subjects it covers")
	fl.StringVar(&received, "received", "", "day of receipt; today when it is not given")
	fl.StringVar(&x.Evidence, "evidence", "", "reference of the document, such as EV-2026-00142")
	return c
}
