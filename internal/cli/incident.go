package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/verify"
)

func (s *session) incidentCommand() *cobra.Command {
	c := &cobra.Command{Use: "incident", Short: "List incidents, and export their case files with records and proofs"}
	c.AddCommand(s.incidentList(), s.incidentBundle())
	return c
}

func (s *session) incidentList() *cobra.Command {
	var page, size int
	var active bool
	c := &cobra.Command{Use: "list", Short: "List incidents, newest first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		res, err := s.app.Incidents.List(ctx, s.read(), incident.Filter{Active: active}, paging.Query{Page: page, Size: size, Sort: "declared", Desc: true})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, x := range res.Rows {
			rows = append(rows, row{[]cell{text(x.Ref), instant(x.Created), text(x.State.Title()), text(x.Severity.Title()), text(x.Title)},
				map[string]any{"ref": x.Ref, "declared": x.Created, "state": x.State, "severity": x.Severity, "title": x.Title, "outcome": x.Outcome, "evidence": x.Evidence}})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "incidents"); err != nil {
			return err
		}
		return s.table([]string{"incident", "declared", "state", "severity", "title"}, rows, "No incidents.")
	})}
	fl := c.Flags()
	fl.BoolVar(&active, "active", false, "only those that are not closed")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 50, "incidents a page")
	return c
}

func (s *session) incidentBundle() *cobra.Command {
	var out string
	c := &cobra.Command{Use: "bundle INCIDENT", Short: "Write the case file of an incident as one archive, with the record and the proof of every event", Args: cobra.ExactArgs(1),
		Long: `Writes the case file (PDF, JSON, timeline, graph, indicators), the record of every event of the incident as it came with its proof,
the entries of the ledger about it, and a manifest that the ledger seals. tickmark verify checks all of it without this installation.
What waits to be filed is filed first; an event that was erased or is not kept any more is named with the reason.

It works while no server runs on the data folder; a running server makes bundles from the page of the incident.`,
		Example: "  tickmark incident bundle INC-1\n  tickmark verify inc-1-case.tickmark.zip",
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			if err := s.app.OpenEvents(ctx); err != nil {
				return err
			}
			x, err := s.app.Incidents.Incident(ctx, scope.ReadScope, args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = incident.BundleName(x.Ref)
			}
			started := time.Now()
			m, size, err := s.app.WriteCaseBundle(ctx, scope, s.Now(), x.Ref, out, s.step)
			if err != nil {
				return err
			}
			states := map[string]int{}
			for _, e := range m.Events {
				states[e.State]++
			}
			if s.json {
				return s.object(map[string]any{"file": out, "files": len(m.Files), "bytes": size, "seal": m.Seal, "incident": x.Ref, "events": states, "beyond": m.Beyond})
			}
			fmt.Fprintf(s.Out, "%s: %s files, %s bytes, sealed by ledger entry %d, in %.1f s.\n", out, grouped(int64(len(m.Files))), grouped(size), m.Seal, time.Since(started).Seconds())
			fmt.Fprintf(s.Out, "%s events with record and proof.\n", grouped(int64(states[verify.CaseProven])))
			for _, e := range m.Events {
				if e.State != verify.CaseProven {
					fmt.Fprintf(s.Out, "%s event %s: %s.\n", s.paint(grey, "·"), printable(e.ID), printable(e.Why))
				}
			}
			s.next("tickmark verify %s", out)
			return nil
		}),
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: the reference of the incident)")
	return c
}
