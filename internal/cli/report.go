package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/format"
)

func (s *session) reportBuild() *cobra.Command {
	var out, form, arrange, framework string
	var dossier int
	c := &cobra.Command{
		Use: "build [ENGAGEMENT]", Short: "Freeze a dossier and render the draft report", Args: cobra.MaximumNArgs(1),
		Long: "Freezes a dossier and renders the draft report. The PDF in the default arrangement is kept and sealed in the ledger; other formats and\n" +
			"arrangements are written from the same dossier and can be made again at any time, with the same bytes.",
		Example: "  tickmark report build\n  tickmark report build SOC2-2026-1 --dossier 2 -o report.pdf\n  tickmark report build --dossier 2 --format docx\n  tickmark report build --dossier 2 --arrange process",
		RunE: s.run(func(ctx context.Context, args []string) error {
			opt := report.Options{Arrange: report.Arrangement(arrange), Framework: framework}
			if !slices.Contains(report.Arrangements(), opt.Arrange) {
				return errs.New(errs.Invalid, "there is no arrangement %q", arrange).WithHint("Arrangements are criterion, process and framework.")
			}
			kind, err := format.Of(form)
			if err != nil {
				return err
			}
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
				f, err = s.app.Engagement.Freeze(ctx, scope, s.Now(), e.Ref, s.step)
			}
			if err != nil {
				return err
			}
			if out == "" {
				out = fmt.Sprintf("%s-%s-%d%s", s.org.Slug, strings.ToLower(e.Ref), f.Number, kind.Ext)
			}
			if err := s.copied(ctx, e, f); err != nil {
				return err
			}
			if kind.ID != "pdf" || opt.Arrange != report.ByCriterion {
				return s.reportAs(ctx, e, f, kind, opt, out)
			}
			return s.reportKept(ctx, scope, e, f, out)
		}),
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write")
	c.Flags().IntVar(&dossier, "dossier", 0, "render this dossier instead of freezing a new one")
	c.Flags().StringVar(&form, "format", "pdf", "pdf, docx, html, xlsx or oscal")
	c.Flags().StringVar(&arrange, "arrange", string(report.ByCriterion), "arrange section IV by criterion, process or framework")
	c.Flags().StringVar(&framework, "framework", "", "identifier of the framework to arrange by; default the first of the dossier")
	return c
}

// reportKept renders the report that is kept and sealed with its dossier.
func (s *session) reportKept(ctx context.Context, scope access.Scope, e engagement.Engagement, f engagement.Frozen, out string) error {
	f, warnings, err := s.app.Engagement.Report(ctx, scope, s.Now(), f)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		s.say("Note: %s", w)
	}
	pdf, err := s.app.Blobs.Content(f.ReportSHA256)
	if err != nil {
		return err
	}
	if err := writeNew(out, pdf); err != nil {
		return err
	}
	if s.json {
		return s.object(map[string]any{"engagement": e.Ref, "dossier": f.Number, "dossier_sha256": f.SHA256, "report_sha256": f.ReportSHA256, "pages": f.Pages, "file": out})
	}
	fmt.Fprintf(s.Out, "%s: draft report of %d pages from dossier %d (SHA-256 %s).\n", out, f.Pages, f.Number, f.ReportSHA256)
	s.next("tickmark bundle")
	return nil
}

// reportAs renders a dossier in another format or arrangement; nothing of it is kept.
func (s *session) reportAs(ctx context.Context, e engagement.Engagement, f engagement.Frozen, kind format.Format, opt report.Options, out string) error {
	d, _, err := s.app.Engagement.Dossier(ctx, s.read(), f)
	if err != nil {
		return err
	}
	for _, w := range report.Lint(report.BuildAs(d, opt), d) {
		s.say("Note: %s", w)
	}
	file, err := kind.Render(d, opt)
	if err != nil {
		return err
	}
	for _, w := range file.Warnings {
		s.say("Note: %s", w)
	}
	if err := writeNew(out, file.Body); err != nil {
		return err
	}
	sum := canon.Sum(file.Body)
	if s.json {
		return s.object(map[string]any{"engagement": e.Ref, "dossier": f.Number, "dossier_sha256": f.SHA256, "format": kind.ID, "sha256": sum, "bytes": len(file.Body), "file": out})
	}
	fmt.Fprintf(s.Out, "%s: draft report as %s from dossier %d (SHA-256 %s).\n", out, kind.Title, f.Number, sum)
	return nil
}

// copied says what a dossier holds word for word of other engagements, each by its newest dossier.
func (s *session) copied(ctx context.Context, e engagement.Engagement, f engagement.Frozen) error {
	all, err := s.app.Engagement.Store.Engagements(ctx, s.read())
	if err != nil {
		return err
	}
	var others []*engagement.Dossier
	for _, o := range all {
		if o.ID == e.ID {
			continue
		}
		list, err := s.app.Engagement.Store.Dossiers(ctx, s.read(), o.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		d, _, err := s.app.Engagement.Dossier(ctx, s.read(), list[0])
		if err != nil {
			return err
		}
		others = append(others, d)
	}
	if len(others) == 0 {
		return nil
	}
	d, _, err := s.app.Engagement.Dossier(ctx, s.read(), f)
	if err != nil {
		return err
	}
	for _, c := range report.Copied(d, others...) {
		s.say("Note: %s", c)
	}
	return nil
}

func (s *session) reportDiff() *cobra.Command {
	var from, to int
	c := &cobra.Command{
		Use: "diff [ENGAGEMENT] --from N --to N", Short: "Show what the drafts of two dossiers say differently", Args: cobra.MaximumNArgs(1),
		Example: "  tickmark report diff SOC2-2026-1 --from 1 --to 2",
		RunE: s.run(func(ctx context.Context, args []string) error {
			e, err := s.pickEngagement(ctx, args)
			if err != nil {
				return err
			}
			was, err := s.draft(ctx, e, from)
			if err != nil {
				return err
			}
			is, err := s.draft(ctx, e, to)
			if err != nil {
				return err
			}
			list := report.Differences(was, is)
			if s.json {
				for _, d := range list {
					for _, l := range d.Lines {
						if l.Op == textdiff.Same {
							continue
						}
						if err := s.object(map[string]any{"section": d.Section, "part": d.Part, "change": changeWord[l.Op], "text": l.Text}); err != nil {
							return err
						}
					}
				}
				return nil
			}
			if len(list) == 0 {
				fmt.Fprintf(s.Out, "The drafts of dossiers %d and %d say the same.\n", from, to)
			}
			for _, d := range list {
				fmt.Fprintf(s.Out, "%s\n", strings.TrimSpace("Section "+d.Section+"  "+d.Part))
				for _, l := range d.Lines {
					if l.Op == textdiff.Same {
						continue
					}
					fmt.Fprintf(s.Out, "  %s %s\n", changeSign[l.Op], l.Text)
				}
			}
			return nil
		}),
	}
	c.Flags().IntVar(&from, "from", 1, "number of the earlier dossier")
	c.Flags().IntVar(&to, "to", 2, "number of the later dossier")
	return c
}

var (
	changeWord = map[textdiff.Op]string{textdiff.Gone: "gone", textdiff.Added: "added"}
	changeSign = map[textdiff.Op]string{textdiff.Gone: "-", textdiff.Added: "+"}
)

// draft is the report of a dossier.
func (s *session) draft(ctx context.Context, e engagement.Engagement, number int) (*report.Document, error) {
	f, err := s.dossier(ctx, e, number)
	if err != nil {
		return nil, err
	}
	if f.Number == 0 {
		return nil, errs.New(errs.NotFound, "%s has no dossier %d", e.Ref, number).WithHint("tickmark report list")
	}
	d, _, err := s.app.Engagement.Dossier(ctx, s.read(), f)
	if err != nil {
		return nil, err
	}
	return report.Build(d), nil
}
