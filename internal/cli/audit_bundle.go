package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// auditBundle exports the firm's whole engagement.
func (s *session) auditBundle() *cobra.Command {
	var out, as string
	c := &cobra.Command{
		Use: "bundle [ENGAGEMENT]", Short: "Export a firm's whole work on an engagement as one archive (for audit firms)", Args: cobra.MaximumNArgs(1),
		Long: `Writes populations, samples, workpapers with marks and notes, findings, conclusions, requests, and the evidence they cite
with the proof that the client's ledger holds it, as one archive that tickmark verify checks offline: every sample is drawn again.

The archive belongs to the firm; review notes and drafts are in it.`,
		Example: "  tickmark audit bundle SOC2-2026-1 --org harlow-pike\n  tickmark verify soc2-2026-1-work.tickmark.zip",
		RunE: s.run(func(ctx context.Context, args []string) error {
			if s.org.Kind != access.Firm {
				return errs.New(errs.Invalid, "%s is no audit firm", s.org.Name).WithHint("A client exports its own: tickmark bundle. A firm is named with --org.")
			}
			firm, err := s.write()
			if err != nil {
				return err
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			a, err := s.app.AuditOf(ctx, firm, s.Now(), name, as)
			if err != nil {
				return err
			}
			e, err := s.app.Engagement.Store.Engagement(ctx, a.Client, a.Engagement)
			if err != nil {
				return err
			}
			if out == "" {
				out = strings.ToLower(e.Ref) + "-work" + bundleSuffix
			}
			started := time.Now()
			m, size, err := s.app.WriteAuditBundle(ctx, a, s.Now(), out, s.step)
			if err != nil {
				return err
			}
			if s.json {
				return s.object(map[string]any{"file": out, "files": len(m.Files), "bytes": size, "seal": m.Seal, "engagement": e.Ref})
			}
			fmt.Fprintf(s.Out, "%s: %s files, %s bytes, sealed by ledger entry %d, in %.1f s.\n", out, grouped(int64(len(m.Files))), grouped(size), m.Seal, time.Since(started).Seconds())
			s.next("tickmark verify %s", out)
			return nil
		}),
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write")
	c.Flags().StringVar(&as, "as", "", "address of somebody on the firm's team in whose name it is exported")
	return c
}
