package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/event"
)

func (s *session) eventExport() *cobra.Command {
	var proof string
	c := &cobra.Command{Use: "export EVENT", Short: "Write one event with the proof that it is in the ledger", Args: cobra.ExactArgs(1),
		Long: `Writes the record of an event as it came, with the way from it to its segment's entry in the ledger and to a signed checkpoint.
tickmark verify checks the file without this installation. What waits to be filed is filed first. It works while no server runs on the
data folder; a running server exports from the page of the event.`,
		Example: "  tickmark event export 0000000012340000a --proof event.proof.json\n  tickmark verify event.proof.json",
		RunE: s.run(func(ctx context.Context, args []string) error {
			if err := s.app.OpenEvents(ctx); err != nil {
				return err
			}
			if _, err := s.app.Events.Event(ctx, s.read(), args[0]); err != nil {
				return err
			}
			if _, err := s.app.EventSealer.Seal(ctx, s.Now(), true); err != nil {
				return err
			}
			if _, err := s.app.Ledger.Seal(ctx, s.Now()); err != nil {
				return err
			}
			p, err := s.app.EventProofs.Export(ctx, s.read(), args[0])
			if err != nil {
				return err
			}
			body, err := event.ProofFile(p)
			if err != nil {
				return err
			}
			if proof == "" {
				_, err = s.Out.Write(body)
				return err
			}
			if err := writeNew(proof, body); err != nil {
				return err
			}
			s.say("Wrote %s.", proof)
			s.next("tickmark verify %s", proof)
			return nil
		})}
	c.Flags().StringVarP(&proof, "proof", "o", "", "file to write (default: standard output)")
	return c
}

func (s *session) eventErase() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "erase EVENT", Short: "Erase the content of one event on a legal duty; that there was one stays", Args: cobra.ExactArgs(1),
		Long: `Erases the record of an event, its salt, and what was read from it: in the stored events, the intake log, alerts, judgements of changes
and reconstructions. Its commitment stays, so that the ledger and the proofs of other events still hold, and an entry of the ledger says
who erased it and why. Evidence, messages that were sent, and backups are not touched. It works while no server runs on the data folder;
with a running server, owners erase on the page of the event.`,
		Example: "  tickmark event erase 0000000012340000a --reason 'request of the person of 2026-03-01, Art. 17 GDPR'",
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			if err := s.app.OpenEvents(ctx); err != nil {
				return err
			}
			if _, err := s.app.Events.Event(ctx, s.read(), args[0]); err != nil {
				return err
			}
			if err := s.confirm("This erases the content of event %s for ever", args[0]); err != nil {
				return err
			}
			e, err := s.app.EventEraser.Erase(ctx, scope, s.Now(), args[0], reason)
			if err != nil {
				return err
			}
			s.say("Erased; recorded as entry %d.", e.Seq)
			return nil
		})}
	c.Flags().StringVar(&reason, "reason", "", "on what duty, in 10 to 500 characters (required); it stays in the ledger")
	return c
}
