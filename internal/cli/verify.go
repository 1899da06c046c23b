package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/verify"
)

func (s *session) verifyCommand() *cobra.Command {
	var keys, checkpoints []string
	c := &cobra.Command{
		Use: "verify [FILE]", Short: "Check a bundle, a case file, a ledger proof or the proof of an event, offline", Args: cobra.MaximumNArgs(1),
		Long: `Checks a bundle or the case file of an incident (zip), a ledger proof or an event with its proof (JSON) with nothing else at hand: signatures, inclusion of every entry, no gap,
no fork, the hash of every file. Of a PDF, the signature that the organisation's key made. Without FILE, the newest bundle in the working folder.

The key inside the file proves that it is consistent, not who signed it: give the key the organisation publishes with
--key, and a checkpoint you kept from earlier with --checkpoint, and a whole history made up later is revealed too.`,
		Example: "  tickmark verify northwind-soc2-2026-1.tickmark.zip --key verifier-key.txt\n  tickmark verify proof.json",
		RunE: func(_ *cobra.Command, args []string) error {
			name, err := bundleName(args)
			if err != nil {
				return err
			}
			if isPDF(name) {
				return s.verifiedPDF(name)
			}
			opt, err := verifyOptions(keys, checkpoints)
			if err != nil {
				return err
			}
			rep, err := verifyFile(name, opt)
			if err != nil {
				return errs.As(errs.Invalid, err, "%s", name)
			}
			return s.verified(name, rep)
		},
	}
	c.Flags().StringArrayVar(&keys, "key", nil, "verifier key, or a file that holds it; repeat for more")
	c.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "file with a checkpoint kept from earlier; repeat for more")
	return c
}

// bundleSuffix ends the name of a bundle.
const bundleSuffix = ".tickmark.zip"

func bundleName(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	found, err := filepath.Glob("*" + bundleSuffix)
	if err != nil || len(found) == 0 {
		return "", usageError{fmt.Errorf("verify needs a file: there is no *%s here", bundleSuffix)}
	}
	newest := slices.MaxFunc(found, func(a, b string) int {
		x, xerr := os.Stat(a)
		y, yerr := os.Stat(b)
		if xerr != nil || yerr != nil {
			return 0
		}
		return x.ModTime().Compare(y.ModTime())
	})
	return newest, nil
}

func verifyOptions(keys, checkpoints []string) (verify.Options, error) {
	var opt verify.Options
	for _, k := range keys {
		if b, err := os.ReadFile(k); err == nil {
			opt.Keys = append(opt.Keys, strings.Fields(string(b))...)
			continue
		}
		if strings.Count(k, "+") < 2 {
			return opt, errs.New(errs.Invalid, "%q is neither a verifier key nor a file that holds one", k)
		}
		opt.Keys = append(opt.Keys, k)
	}
	for _, c := range checkpoints {
		b, err := os.ReadFile(c)
		if err != nil {
			return opt, errs.As(errs.Invalid, err, "checkpoint")
		}
		opt.Checkpoints = append(opt.Checkpoints, b)
	}
	return opt, nil
}

// verifyFile tells bundles and proofs apart by their first bytes, not by their names.
func verifyFile(name string, opt verify.Options) (*verify.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 1)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, fmt.Errorf("the file is empty")
	}
	if head[0] != '{' {
		return verify.Bundle(f, st.Size(), opt)
	}
	const maxProof = 16 << 20
	if st.Size() > maxProof {
		return nil, fmt.Errorf("a proof is at most %d bytes", maxProof)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return verify.Proof(raw, opt)
}

func (s *session) verified(name string, rep *verify.Report) error {
	if s.json {
		if err := s.object(rep); err != nil {
			return err
		}
	} else {
		s.printReport(name, rep)
	}
	if !rep.OK() {
		return verdict(exitTampered)
	}
	return nil
}

func (s *session) printReport(name string, rep *verify.Report) {
	for _, f := range rep.Findings {
		fmt.Fprintf(s.Out, "%s %s\n    at %s\n    %s\n", s.paint(red, "✗"), printable(f.Check), printable(f.Place), printable(f.Detail))
	}
	for _, n := range rep.Notes {
		fmt.Fprintf(s.Out, "%s %s\n", s.paint(grey, "·"), printable(n))
	}
	s.printRedrawn(rep)
	if !rep.OK() {
		fmt.Fprintf(s.Out, "%s %s: %d findings. Do not rely on this file.\n", s.paint(red, "✗"), name, len(rep.Findings))
		return
	}
	if e := rep.Event; e != nil {
		fmt.Fprintf(s.Out, "%s %s holds: event %s was in place %s of the %s events of segment %s when entry %s sealed it at %s.\n", s.paint(green, "✓"), name, printable(e.ID),
			grouped(e.Place+1), grouped(e.Rows), printable(e.Segment), grouped(e.Entry), printable(e.Sealed))
		fmt.Fprintf(s.Out, "  Record of %s bytes, SHA-256 %s.", grouped(int64(e.Bytes)), e.SHA256)
	} else if rep.Kind == verify.CaseKind {
		fmt.Fprintf(s.Out, "%s %s holds: %s files (%s bytes), %s events with their records, %s ledger entries.\n", s.paint(green, "✓"), name, grouped(int64(rep.Files)), grouped(rep.Bytes), grouped(int64(rep.Events)), grouped(int64(rep.Entries)))
		fmt.Fprintf(s.Out, "  Entries from %s to %s.", rep.FirstTime, rep.LastTime)
	} else if rep.Kind != "proof" {
		fmt.Fprintf(s.Out, "%s %s holds: %s files (%s bytes), %s ledger entries in %s batches, %s payloads opened.\n", s.paint(green, "✓"), name,
			grouped(int64(rep.Files)), grouped(rep.Bytes), grouped(int64(rep.Entries)), grouped(int64(rep.Batches)), grouped(int64(rep.Payloads)))
		fmt.Fprintf(s.Out, "  From %s to %s.", rep.FirstTime, rep.LastTime)
	} else {
		fmt.Fprintf(s.Out, "%s %s holds: the entry of %s is in the log.", s.paint(green, "✓"), name, rep.FirstTime)
	}
	fmt.Fprintf(s.Out, " Log of %s leaves, signed by %s.\n", grouped(rep.Size), rep.Key)
}

// printRedrawn says of each sample of a bundle what drawing it again gave.
func (s *session) printRedrawn(rep *verify.Report) {
	for _, r := range rep.Redrawn {
		mark, said := s.paint(green, "✓"), "identical"
		if !r.Same {
			mark, said = s.paint(red, "✗"), "differs: "+r.First
		}
		if !r.Hashed {
			said += " (by the keys; the rows are not in the bundle)"
		}
		fmt.Fprintf(s.Out, "%s %s: %s of %s items of %s, drawn again: %s\n", mark, printable(r.Paper), grouped(int64(r.Items)), grouped(int64(r.Rows)), printable(r.Population), printable(said))
	}
}

func (s *session) ledgerCommand() *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "Look at the ledger, prove entries, erase payloads"}
	c.AddCommand(s.ledgerHead(), s.ledgerList(), s.ledgerShow(), s.ledgerProve(), s.ledgerSeal(), s.ledgerVerify(), s.ledgerErase())
	return c
}

func (s *session) ledgerHead() *cobra.Command {
	return &cobra.Command{Use: "head", Short: "Print the newest signed checkpoint; keep it elsewhere", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if _, err := s.app.Ledger.Seal(ctx, s.Now()); err != nil {
			return err
		}
		signed, cp, err := s.app.Ledger.Checkpoint(ctx)
		if err != nil {
			return err
		}
		head, err := s.app.Ledger.Store.Head(ctx, s.read())
		if err != nil {
			return err
		}
		if s.json {
			return s.object(map[string]any{"entries": head.Seq, "head": head.Hash, "log_size": cp.Size, "checkpoint": string(signed), "key": s.app.Ledger.Log.Key()})
		}
		s.say("%s entries, head %s; log of %s leaves. Key: %s", grouped(head.Seq), head.Hash[:16], grouped(cp.Size), s.app.Ledger.Log.Key())
		_, err = s.Out.Write(signed)
		return err
	})}
}

func (s *session) ledgerList() *cobra.Command {
	var f ledger.Filter
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List entries, newest first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		res, err := s.app.Ledger.Store.Entries(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, e := range res.Rows {
			rows = append(rows, row{[]cell{number(e.Seq), instant(e.At), text(e.Kind), text(e.Actor), text(e.Subject)}, entryRecord(e)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "entries"); err != nil {
			return err
		}
		return s.table([]string{"entry", "time", "kind", "actor", "subject"}, rows, "No entries match.")
	})}
	fl := c.Flags()
	fl.StringVar(&f.Kind, "kind", "", "only this kind, or a group that ends in a dot such as evidence.")
	fl.StringVar(&f.Subject, "subject", "", "only entries about this")
	fl.StringVar(&f.Actor, "actor", "", "only entries by this actor")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 50, "entries a page")
	return c
}

func entryRecord(e ledger.Entry) map[string]any {
	r := map[string]any{"seq": e.Seq, "time": e.Time, "actor": e.Actor, "kind": e.Kind, "subject": e.Subject, "hash": e.Hash, "prev": e.Prev, "payload_hash": e.PayloadHash, "payload": nil, "erased_by": nil, "leaf": e.Leaf}
	if e.Payload != "" {
		r["payload"] = json.RawMessage(e.Payload)
	}
	if e.Erased != 0 {
		r["erased_by"] = e.Erased
	}
	return r
}

func seqArg(a string) (int64, error) {
	n, err := strconv.ParseInt(a, 10, 64)
	if err != nil || n < 1 {
		return 0, usageError{fmt.Errorf("%q is no entry number", a)}
	}
	return n, nil
}

func (s *session) ledgerShow() *cobra.Command {
	return &cobra.Command{Use: "show ENTRY", Short: "Show one entry with its payload", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		seq, err := seqArg(args[0])
		if err != nil {
			return err
		}
		e, err := s.app.Ledger.Store.Entry(ctx, s.read(), seq)
		if err != nil {
			return err
		}
		if s.json {
			return s.object(entryRecord(e))
		}
		fmt.Fprintf(s.Out, "entry    %d\ntime     %s\nkind     %s\nactor    %s\nsubject  %s\nhash     %s\nprev     %s\n", e.Seq, e.Time, e.Kind, printable(e.Actor), printable(e.Subject), e.Hash, e.Prev)
		switch {
		case e.Erased != 0:
			fmt.Fprintf(s.Out, "payload  erased by entry %d\n", e.Erased)
		default:
			fmt.Fprintf(s.Out, "payload  %s\n", printable(e.Payload))
		}
		return nil
	})}
}

func (s *session) ledgerProve() *cobra.Command {
	var out string
	c := &cobra.Command{Use: "prove ENTRY", Short: "Write a proof that an entry is in the log", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		seq, err := seqArg(args[0])
		if err != nil {
			return err
		}
		if _, err := s.app.Ledger.Seal(ctx, s.Now()); err != nil {
			return err
		}
		p, err := s.app.Ledger.Prove(ctx, s.read(), seq)
		if err != nil {
			return err
		}
		raw, err := json.MarshalIndent(p, "", " ")
		if err != nil {
			return err
		}
		raw = append(raw, '\n')
		if out == "" {
			_, err = s.Out.Write(raw)
			return err
		}
		if err := writeNew(out, raw); err != nil {
			return err
		}
		s.say("Wrote %s.", out)
		s.next("tickmark verify %s", out)
		return nil
	})}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	return c
}

// writeNew writes a file that must not exist yet.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // the user names the file
	if os.IsExist(err) {
		return errs.New(errs.Conflict, "%s exists already", name).WithHint("Choose another name.")
	}
	if err != nil {
		return errs.As(errs.Unavailable, err, "write %s", name)
	}
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return errs.As(errs.Unavailable, err, "write %s", name)
	}
	return f.Close()
}

func (s *session) ledgerSeal() *cobra.Command {
	return &cobra.Command{Use: "seal", Short: "Put all waiting entries into the log now", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		n, err := s.app.Ledger.Seal(ctx, s.Now())
		if err != nil {
			return err
		}
		s.say("Sealed %d entries.", n)
		return nil
	})}
}

func (s *session) ledgerVerify() *cobra.Command {
	return &cobra.Command{Use: "verify", Short: "Check the whole ledger of this installation", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		rep, err := s.app.VerifyLedger(ctx, s.read(), s.Now())
		if err != nil {
			return err
		}
		return s.verified("the ledger", rep)
	})}
}

func (s *session) ledgerErase() *cobra.Command {
	var basis string
	c := &cobra.Command{
		Use: "erase ENTRY...", Short: "Erase payloads for privacy; the entries and their hashes stay", Args: cobra.MinimumNArgs(1),
		RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			seqs := make([]int64, len(args))
			for i, a := range args {
				if seqs[i], err = seqArg(a); err != nil {
					return err
				}
			}
			if err := s.confirm("This erases the payload of %d entries for ever", len(seqs)); err != nil {
				return err
			}
			by, err := s.app.Ledger.Erase(ctx, scope, s.Now(), seqs, basis)
			if err != nil {
				return err
			}
			s.say("Erased; recorded as entry %d.", by)
			return nil
		}),
	}
	c.Flags().StringVar(&basis, "basis", "", "on what basis, such as a person's request")
	return c
}
