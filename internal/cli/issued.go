package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// reportIssued lists what the auditor issued, and writes a file of it.
func (s *session) reportIssued() *cobra.Command {
	var out, form string
	var version int
	c := &cobra.Command{
		Use: "issued [ENGAGEMENT]", Short: "List the issued versions of a report, or write a file of one", Args: cobra.MaximumNArgs(1),
		Long:    "Lists what the auditor issued, with the hash of the bundle that holds everything it rests on. With --out, a file of the newest version, or of\nthe one that --number names, is written as it was issued.",
		Example: "  tickmark report issued\n  tickmark report issued SOC2-2026-1 --format docx -o report.docx",
		RunE: s.run(func(ctx context.Context, args []string) error {
			e, err := s.pickEngagement(ctx, args)
			if err != nil {
				return err
			}
			all, err := s.app.Issue.Versions(ctx, s.read(), e.ID)
			if err != nil {
				return err
			}
			if out != "" {
				if version == 0 && len(all) > 0 {
					version = all[0].Number
				}
				f, body, err := s.app.Issue.Content(ctx, s.read(), e.ID, version, form)
				if err != nil {
					return errs.Hinted(err, "tickmark report issued %s", e.Ref)
				}
				if err := writeNew(out, body); err != nil {
					return err
				}
				s.say("%s of version %d is in %s, SHA-256 %s.", f.Title, version, out, f.SHA256)
				return nil
			}
			var rows []row
			for _, v := range all {
				rows = append(rows, issuedRow(e.Ref, v))
			}
			return s.table([]string{"version", "kind", "dated", "firm", "issued", "pages", "bundle", "entry"}, rows, "Nothing is issued yet. The auditor's partner issues the report.")
		}),
	}
	c.Flags().StringVarP(&out, "out", "o", "", "file to write, which must not exist")
	c.Flags().StringVar(&form, "format", "pdf", "format of the file: pdf, docx, html, xlsx, oscal or dossier")
	c.Flags().IntVar(&version, "number", 0, "version to write; the newest without it")
	return c
}

func issuedRow(ref string, v issue.Version) row {
	bundle, record := "–", map[string]any{"engagement": ref, "version": v.Number, "kind": v.Kind, "dated": v.Date.String(), "firm": v.Firm, "issued_at": v.At, "pages": v.Pages, "files": v.Files, "reason": v.Reason, "ledger_entry": v.Seq, "complete": v.Complete()}
	switch {
	case !v.Complete():
		bundle = "being sealed"
	case v.Bundle != nil:
		bundle = v.Bundle.SHA256
		record["bundle_sha256"], record["bundle_size"] = v.Bundle.SHA256, v.Bundle.Size
	}
	return row{[]cell{number(int64(v.Number)), text(v.Kind), text(v.Date.String()), text(v.Firm), instant(v.At), number(int64(v.Pages)), text(bundle), number(v.Seq)}, record}
}

// reportReaders lists who may read a report, and whether they did.
func (s *session) reportReaders() *cobra.Command {
	return &cobra.Command{
		Use: "readers [ENGAGEMENT]", Short: "List who may read a report, and who took it", Args: cobra.MaximumNArgs(1),
		RunE: s.run(func(ctx context.Context, args []string) error {
			e, err := s.pickEngagement(ctx, args)
			if err != nil {
				return err
			}
			var rows []row
			for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
				res, err := s.app.Issue.ListReaders(ctx, s.read(), issue.ReaderFilter{Engagement: e.ID}, q)
				if err != nil {
					return err
				}
				for _, r := range res.Rows {
					link := "none"
					switch {
					case r.Ended != nil:
						link = "ended"
					case r.Open(s.Now()):
						link = "open until " + r.Ends.UTC().Format("2006-01-02")
					case r.Linked != nil:
						link = "expired"
					}
					rows = append(rows, row{[]cell{text(r.Ref), text(r.Name), text(r.Company), text(r.Kind.Title()), text(link), number(int64(r.Downloads))},
						map[string]any{"engagement": e.Ref, "reader": r.Ref, "name": r.Name, "company": r.Company, "email": r.Email, "kind": string(r.Kind), "link": link, "accepted_version": r.Accepted, "taken": r.Downloads, "last": r.Last}})
				}
				if q.Page >= res.Pages() {
					break
				}
			}
			return s.table([]string{"reader", "name", "organisation", "kind", "link", "taken"}, rows, fmt.Sprintf("Nobody may read the report of %s yet.", e.Ref))
		}),
	}
}
