package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
)

func (s *session) evidenceCommand() *cobra.Command {
	c := &cobra.Command{Use: "evidence", Short: "List, show, add and get evidence"}
	c.AddCommand(s.evidenceList(), s.evidenceShow(), s.evidenceAdd(), s.evidenceGet(), s.evidenceWithdraw())
	return c
}

func evidenceRecord(i evidence.Item) map[string]any {
	return map[string]any{"ref": i.Ref, "kind": i.Kind, "title": i.Title, "system": i.System, "source": i.Source, "resource": i.Resource, "collector": i.Collector, "run": i.RunID,
		"from": i.From, "to": i.To, "received_at": i.ReceivedAt, "effective_at": i.Effective, "rows": i.Rows, "source_total": i.SourceTotal, "completeness": i.Completeness, "gap": i.Gap,
		"sha256": i.SHA256, "bytes": i.Bytes, "manifest_sha256": i.ManifestSHA256, "ledger_entry": i.Seq, "status": i.Status, "note": i.Note}
}

func (s *session) evidenceList() *cobra.Command {
	var f evidence.Filter
	var kind, search string
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List evidence, newest first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		f.Kind, f.Control = evidence.Kind(kind), strings.ToUpper(f.Control)
		if kinds := []evidence.Kind{evidence.Snapshot, evidence.Document, evidence.Screenshot, evidence.Attestation}; kind != "" && !slices.Contains(kinds, f.Kind) {
			return usageError{fmt.Errorf("%q is no kind of evidence: snapshot, document, screenshot or attestation", kind)}
		}
		res, err := s.app.Evidence.Store.Items(ctx, s.read(), f, paging.Query{Page: page, Size: size, Search: search})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, i := range res.Rows {
			rows = append(rows, row{[]cell{text(i.Ref), status(string(i.Completeness)), text(i.Source), text(i.Resource), number(i.Rows), instant(i.ReceivedAt), number(i.Seq), text(i.Title)}, evidenceRecord(i)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "pieces"); err != nil {
			return err
		}
		return s.table([]string{"evidence", "completeness", "source", "resource", "rows", "received", "entry", "title"}, rows, "No evidence matches. Collect some: tickmark collect")
	})}
	fl := c.Flags()
	fl.StringVar(&kind, "kind", "", "snapshot, document, screenshot or attestation")
	fl.StringVar(&f.Source, "source", "", "only from this connection")
	fl.StringVar(&f.Resource, "resource", "", "only facts of this type")
	fl.StringVar(&f.Control, "control", "", "only filed for this control")
	fl.StringVar(&search, "search", "", "text in title, reference or source")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 50, "pieces a page")
	return c
}

func (s *session) evidenceShow() *cobra.Command {
	return &cobra.Command{Use: "show EVIDENCE", Short: "Show where a piece of evidence comes from", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		i, err := s.app.Evidence.Store.Item(ctx, s.read(), args[0])
		if err != nil {
			return err
		}
		if s.json {
			return s.object(evidenceRecord(i))
		}
		says := "gives no count of its own"
		if i.SourceTotal != nil {
			says = "says " + grouped(*i.SourceTotal)
		}
		for _, l := range [][2]string{
			{"evidence", i.Ref + "  " + i.Title}, {"status", string(i.Status)}, {"source", i.Source + " (" + i.System + ")"}, {"collector", i.Collector}, {"about", stamp(i.From) + " to " + stamp(i.To)},
			{"received", stamp(i.ReceivedAt)}, {"rows", grouped(i.Rows) + "; the source " + says}, {"completeness", string(i.Completeness) + " " + i.Gap}, {"sha256", i.SHA256},
			{"manifest", i.ManifestSHA256}, {"ledger", fmt.Sprintf("entry %d", i.Seq)}, {"note", i.Note},
		} {
			if strings.TrimSpace(l[1]) != "" {
				fmt.Fprintf(s.Out, "%-13s %s\n", l[0], printable(l[1]))
			}
		}
		s.next("tickmark ledger prove %d -o proof.json && tickmark verify proof.json", i.Seq)
		return nil
	})}
}

func (s *session) evidenceAdd() *cobra.Command {
	var title, kind, per, effective, obtained string
	var controls []string
	var again bool
	c := &cobra.Command{
		Use: "add FILE", Short: "Add a document as evidence", Args: cobra.ExactArgs(1),
		Example: `  tickmark evidence add minutes.pdf --title "Board minutes, security" --control GOV-02 --period 2026-Q2 --obtained "Board portal, exported by the secretary"`,
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			content, err := readLimited(args[0], evidence.MaxUpload)
			if err != nil {
				return err
			}
			from, to, err := parsePeriod(per)
			if err != nil {
				return err
			}
			u := evidence.Upload{Title: title, Kind: evidence.Kind(kind), Files: []evidence.File{evidence.Bytes(filepath.Base(args[0]), content)}, From: from, To: to, Obtained: obtained, Again: again}
			if effective != "" {
				t, err := time.Parse(time.DateOnly, effective)
				if err != nil {
					return usageError{fmt.Errorf("--effective takes a day such as 2026-01-31")}
				}
				u.Effective = &t
			}
			for _, x := range controls {
				k, err := s.app.Controls.Control(ctx, scope.ReadScope, strings.ToUpper(x))
				if err != nil {
					return err
				}
				u.Controls = append(u.Controls, k.Ref)
			}
			added, err := s.app.Evidence.Add(ctx, scope, s.Now(), func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, u)
			if err != nil {
				return err
			}
			i := added[0]
			if s.json {
				return s.object(evidenceRecord(i))
			}
			s.say("%s is kept (SHA-256 %s, ledger entry %d).", i.Ref, i.SHA256, i.Seq)
			return nil
		}),
	}
	f := c.Flags()
	f.StringVar(&title, "title", "", "what it is")
	f.StringVar(&kind, "kind", string(evidence.Document), "document, screenshot or attestation")
	f.StringVar(&per, "period", "", "period it covers: 2026, 2026-Q2, 2026-05, 2026-05-17, or FIRST..LAST day")
	f.StringVar(&effective, "effective", "", "day it took effect, if it says one")
	f.StringVar(&obtained, "obtained", "", "where, how and by whom it was obtained")
	f.BoolVar(&again, "again", false, "keep it although the same content is kept already")
	f.StringSliceVar(&controls, "control", nil, "controls it is filed for, comma between")
	return c
}

func readLimited(name string, limit int64) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "read the file")
	}
	if st.IsDir() || !st.Mode().IsRegular() {
		return nil, errs.New(errs.Invalid, "%s is no file", name)
	}
	if st.Size() > limit {
		return nil, errs.New(errs.Exhausted, "%s has %s bytes, at most %s are kept", name, grouped(st.Size()), grouped(limit))
	}
	b, err := os.ReadFile(name)
	return b, errs.As(errs.Invalid, err, "read the file")
}

// parsePeriod reads 2026, 2026-Q2, 2026-05, 2026-05-17 or FIRST..LAST, as a half-open interval.
func parsePeriod(v string) (from, to time.Time, err error) {
	bad := usageError{fmt.Errorf("--period takes 2026, 2026-Q2, 2026-05, 2026-05-17 or 2026-01-01..2026-06-30, not %q", v)}
	if first, last, ok := strings.Cut(v, ".."); ok {
		a, aerr := period.ParseDate(first)
		b, berr := period.ParseDate(last)
		if aerr != nil || berr != nil {
			return from, to, bad
		}
		return a.Time(), (b + 1).Time(), nil
	}
	if y, q, ok := strings.Cut(v, "-Q"); ok && len(q) == 1 && q[0] >= '1' && q[0] <= '4' {
		t, err := time.Parse("2006", y)
		if err != nil {
			return from, to, bad
		}
		from = t.AddDate(0, int(q[0]-'1')*3, 0)
		return from, from.AddDate(0, 3, 0), nil
	}
	for layout, step := range map[string][3]int{"2006": {1, 0, 0}, "2006-01": {0, 1, 0}, time.DateOnly: {0, 0, 1}} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, t.AddDate(step[0], step[1], step[2]), nil
		}
	}
	return from, to, bad
}

func (s *session) evidenceGet() *cobra.Command {
	var out string
	c := &cobra.Command{Use: "get EVIDENCE", Short: "Write the content of a piece of evidence to a file", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		if err := s.read().Require(access.ReadEvidence); err != nil {
			return err
		}
		i, err := s.app.Evidence.Store.Item(ctx, s.read(), args[0])
		if err != nil {
			return err
		}
		content, err := s.app.Content(i)
		if err != nil {
			return err
		}
		if out == "" {
			out = i.Ref
			if i.Kind == evidence.Snapshot {
				out += ".parquet"
			}
		}
		if err := writeNew(out, content); err != nil {
			return err
		}
		s.say("Wrote %s (%s bytes).", out, grouped(int64(len(content))))
		return nil
	})}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: the reference)")
	return c
}

func (s *session) evidenceWithdraw() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "remove EVIDENCE", Short: "Withdraw evidence: it is no longer relied on, and stays", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		i, err := s.app.Evidence.Store.Item(ctx, scope.ReadScope, args[0])
		if err != nil {
			return err
		}
		if err := s.confirm("This withdraws %s, %s", i.Ref, i.Title); err != nil {
			return err
		}
		if err := s.app.Evidence.Withdraw(ctx, scope, i.ID, s.Now(), why); err != nil {
			return err
		}
		s.say("%s is withdrawn.", i.Ref)
		return nil
	})}
	c.Flags().StringVar(&why, "reason", "", "why")
	return c
}

func (s *session) auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Set up engagements, describe the system, freeze dossiers"}
	c.AddCommand(s.auditNew(), s.auditList(), s.auditDescribe(), s.auditFreeze(), s.auditBundle())
	return c
}

func engagementRecord(e engagement.Engagement) map[string]any {
	return map[string]any{"ref": e.Ref, "id": e.ID, "report": e.Report, "type": e.Type, "title": e.Title, "categories": e.Categories, "first": e.Period.From, "last": e.Period.Last(), "firm": e.Firm, "status": e.Status}
}

func (s *session) auditNew() *cobra.Command {
	var n engagement.New
	var first, last, asOf string
	var objectives []string
	c := &cobra.Command{
		Use: "new", Short: "Create an engagement: SOC 1, SOC 2 or SOC 3, Type 1 or Type 2", Args: cobra.NoArgs,
		Example: "  tickmark audit new --categories security,availability --from 2026-01-01 --to 2026-12-31\n" +
			"  tickmark audit new --type 1 --as-of 2026-06-30\n" +
			"  tickmark audit new --report soc1 --objectives ITGC-01,ITGC-03,PAY-01 --from 2026-01-01 --to 2026-06-30\n" +
			"  tickmark audit new --report soc3 --of SOC2-2026-1",
		RunE: s.run(func(ctx context.Context, _ []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			if n.Period, err = coverage(n, first, last, asOf); err != nil {
				return err
			}
			for _, o := range objectives {
				n.Objectives = append(n.Objectives, engagement.Objective{ID: o})
			}
			e, warnings, err := s.app.Engagement.Create(ctx, scope, s.Now(), n)
			if err != nil {
				return err
			}
			for _, w := range warnings {
				s.say("Note: %s.", w)
			}
			if s.json {
				return s.object(engagementRecord(e))
			}
			fmt.Fprintf(s.Out, "%s: %s, %s, %s.\n", e.Ref, e.Title, inScope(e), e.Period)
			s.next("tickmark audit describe -f system.yaml")
			return nil
		}),
	}
	f := c.Flags()
	f.StringVar(&n.Report, "report", engagement.SOC2, "soc1, soc2 or soc3")
	f.IntVar(&n.Type, "type", 2, "1: as of a day; 2: over a period")
	f.StringVar(&n.Title, "title", "", "title (default: made from report and period)")
	f.StringSliceVar(&n.Categories, "categories", []string{"security"}, "of a SOC 2: security, availability, processing_integrity, confidentiality, privacy")
	f.StringSliceVar(&objectives, "objectives", nil, "of a SOC 1: control objectives of the catalogue, comma between")
	f.StringVar(&n.Plus, "plus", "", "of a SOC 2+: the framework that is opined on besides")
	f.StringVar(&n.From, "of", "", "of a SOC 3: the SOC 2 Type 2 it comes from")
	f.StringVar(&first, "from", "", "first day of the period")
	f.StringVar(&last, "to", "", "last day of the period")
	f.StringVar(&asOf, "as-of", "", "of a Type 1: the day it speaks as of")
	f.StringVar(&n.Firm, "firm", "", "the independent auditor, once engaged")
	return c
}

// coverage reads the day or the period of a new engagement; a SOC 3 has that of its SOC 2.
func coverage(n engagement.New, first, last, asOf string) (period.Period, error) {
	switch {
	case n.Report == engagement.SOC3:
		return period.Period{}, nil
	case n.Type == 1:
		d, err := period.ParseDate(asOf)
		if err != nil {
			return period.Period{}, usageError{fmt.Errorf("a Type 1 needs --as-of with a day such as 2026-06-30")}
		}
		return period.Closed(d, d), nil
	}
	a, aerr := period.ParseDate(first)
	b, berr := period.ParseDate(last)
	if aerr != nil || berr != nil {
		return period.Period{}, usageError{fmt.Errorf("--from and --to take the first and the last day, such as 2026-01-01")}
	}
	return period.Closed(a, b), nil
}

// inScope is what an engagement is about, in words.
func inScope(e engagement.Engagement) string {
	if n := len(e.Objectives); n > 0 {
		return fmt.Sprintf("%d control objectives", n)
	}
	return strings.Join(e.Categories, ", ")
}

func (s *session) auditList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List engagements with their dossiers", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		all, err := s.app.Engagement.Store.Engagements(ctx, s.read())
		if err != nil {
			return err
		}
		var rows []row
		for _, e := range all {
			ds, err := s.app.Engagement.Store.Dossiers(ctx, s.read(), e.ID)
			if err != nil {
				return err
			}
			rec := engagementRecord(e)
			rec["dossiers"] = len(ds)
			rows = append(rows, row{[]cell{text(e.Ref), text(e.Title), text(strings.Join(e.Categories, " ")), text(e.Period.String()), number(int64(len(ds)))}, rec})
		}
		return s.table([]string{"engagement", "title", "categories", "period", "dossiers"}, rows, "No engagements. Create one: tickmark audit new")
	})}
}

func (s *session) auditDescribe() *cobra.Command {
	var file, note string
	var dry, check bool
	c := &cobra.Command{
		Use: "describe", Short: "Read the description of the system from a file; without -f, print it", Args: cobra.NoArgs,
		Example: "  tickmark audit describe > system.yaml\n  tickmark audit describe -f system.yaml --check\n  tickmark audit describe -f system.yaml --note \"New region\"",
		RunE: s.run(func(ctx context.Context, _ []string) error {
			if file == "" && check {
				d, err := s.app.System.Description(ctx, s.read(), s.Now())
				if err != nil {
					return err
				}
				return s.checkDescription(ctx, d)
			}
			if file == "" {
				d, err := s.app.System.Description(ctx, s.read(), s.Now())
				if err != nil {
					return err
				}
				body, err := org.WriteDescription(d)
				if err != nil {
					return err
				}
				_, err = s.Out.Write(body)
				return err
			}
			scope, err := s.write()
			if err != nil {
				return err
			}
			raw, err := readLimited(file, 8<<20)
			if err != nil {
				return err
			}
			d, err := org.ParseDescription(raw)
			if err != nil {
				return errs.Wrap(err, "%s", file)
			}
			if check {
				return s.checkDescription(ctx, d)
			}
			done, err := s.app.System.Import(ctx, scope, s.Now(), d, note, dry)
			if err != nil {
				return err
			}
			verb := "changed"
			if dry {
				verb = "would change"
			}
			s.say("%d added, %d %s, %d removed.", len(done.Added), len(done.Changed), verb, len(done.Removed))
			return nil
		}),
	}
	c.Flags().StringVarP(&file, "file", "f", "", "YAML file with the description")
	c.Flags().StringVar(&note, "note", "", "why it changes")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would change, and change nothing")
	c.Flags().BoolVar(&check, "check", false, "compare with what the engagement's report needs, and change nothing")
	return c
}

// checkDescription prints what a description lacks for the current engagement.
func (s *session) checkDescription(ctx context.Context, d org.Description) error {
	e, err := s.pickEngagement(ctx, nil)
	if err != nil {
		return err
	}
	rep, err := s.app.Engagement.CheckDescription(ctx, s.read(), s.Now(), e.Ref, d)
	if err != nil {
		return err
	}
	var rows []row
	for _, f := range rep.Findings {
		rows = append(rows, row{[]cell{text(string(f.Level)), text(f.Criterion), text(f.Path), text(f.Text)},
			map[string]any{"level": f.Level, "criterion": f.Criterion, "path": f.Path, "text": f.Text}})
	}
	if err := s.table([]string{"level", "criterion", "where", "finding"}, rows, "Nothing is missing for "+e.Ref+"."); err != nil {
		return err
	}
	if !rep.Complete() {
		return verdict(exitFailing)
	}
	return nil
}

// pickEngagement finds the engagement that was named, or the only current one.
func (s *session) pickEngagement(ctx context.Context, args []string) (engagement.Engagement, error) {
	if len(args) == 1 {
		return s.app.Engagement.Store.Engagement(ctx, s.read(), args[0])
	}
	all, err := s.app.Engagement.Store.Engagements(ctx, s.read())
	if err != nil {
		return engagement.Engagement{}, err
	}
	if len(all) == 0 {
		return engagement.Engagement{}, errs.New(errs.NotFound, "there is no engagement").WithHint("tickmark audit new --from FIRST --to LAST")
	}
	return all[0], nil
}

func (s *session) auditFreeze() *cobra.Command {
	return &cobra.Command{Use: "freeze [ENGAGEMENT]", Short: "Freeze a dossier: everything a report may say, sealed", Args: cobra.MaximumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		e, err := s.pickEngagement(ctx, args)
		if err != nil {
			return err
		}
		f, err := s.app.Engagement.Freeze(ctx, scope, s.Now(), e.Ref, s.step)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(map[string]any{"engagement": e.Ref, "number": f.Number, "sha256": f.SHA256, "ledger_entry": f.Seq})
		}
		fmt.Fprintf(s.Out, "%s: dossier %d is frozen (SHA-256 %s, ledger entry %d).\n", e.Ref, f.Number, f.SHA256, f.Seq)
		return nil
	})}
}

func (s *session) reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Build reports"}
	c.AddCommand(s.reportBuild(), s.reportDiff(), s.reportList(), s.reportIssued(), s.reportReaders())
	return c
}

// dossier finds a dossier by its number; 0 means none.
func (s *session) dossier(ctx context.Context, e engagement.Engagement, number int) (engagement.Frozen, error) {
	if number == 0 {
		return engagement.Frozen{}, nil
	}
	all, err := s.app.Engagement.Store.Dossiers(ctx, s.read(), e.ID)
	if err != nil {
		return engagement.Frozen{}, err
	}
	for _, f := range all {
		if f.Number == number {
			return f, nil
		}
	}
	return engagement.Frozen{}, errs.New(errs.NotFound, "%s has no dossier %d", e.Ref, number).WithHint("tickmark report list")
}

func (s *session) reportList() *cobra.Command {
	return &cobra.Command{Use: "list [ENGAGEMENT]", Short: "List dossiers and reports of an engagement", Args: cobra.MaximumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		e, err := s.pickEngagement(ctx, args)
		if err != nil {
			return err
		}
		all, err := s.app.Engagement.Store.Dossiers(ctx, s.read(), e.ID)
		if err != nil {
			return err
		}
		var rows []row
		for _, f := range all {
			pages := "–"
			if f.Pages > 0 {
				pages = fmt.Sprint(f.Pages)
			}
			rows = append(rows, row{[]cell{number(int64(f.Number)), instant(f.At), text(f.By), {text: pages, right: true}, text(f.SHA256), number(f.Seq)},
				map[string]any{"engagement": e.Ref, "number": f.Number, "frozen_at": f.At, "by": f.By, "pages": f.Pages, "sha256": f.SHA256, "report_sha256": f.ReportSHA256, "ledger_entry": f.Seq}})
		}
		return s.table([]string{"dossier", "frozen", "by", "pages", "sha256", "entry"}, rows, "Nothing is frozen yet. Build a report: tickmark report build")
	})}
}

func (s *session) bundleCommand() *cobra.Command {
	var out string
	var dossier int
	c := &cobra.Command{
		Use: "bundle [ENGAGEMENT]", Short: "Export an engagement as one archive that an auditor can check and run again", Args: cobra.MaximumNArgs(1),
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			e, err := s.pickEngagement(ctx, args)
			if err != nil {
				return err
			}
			f, err := s.dossier(ctx, e, dossier)
			if dossier == 0 {
				f, err = s.app.Engagement.Newest(ctx, scope.ReadScope, e.ID)
			}
			if err != nil {
				return err
			}
			if out == "" {
				out = fmt.Sprintf("%s-%s-%d%s", s.org.Slug, strings.ToLower(e.Ref), f.Number, bundleSuffix)
			}
			started := time.Now()
			m, size, err := s.app.WriteBundle(ctx, scope, s.Now(), f, out, s.step)
			if err != nil {
				return err
			}
			if s.json {
				return s.object(map[string]any{"file": out, "files": len(m.Files), "bytes": size, "seal": m.Seal, "engagement": e.Ref, "dossier": f.Number})
			}
			fmt.Fprintf(s.Out, "%s: %s files, %s bytes, sealed by ledger entry %d, in %.1f s.\n", out, grouped(int64(len(m.Files))), grouped(size), m.Seal, time.Since(started).Seconds())
			s.next("tickmark verify %s", out)
			return nil
		}),
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write")
	c.Flags().IntVar(&dossier, "dossier", 0, "number of the dossier (default: the newest)")
	return c
}
