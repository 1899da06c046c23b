package ledger

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// Create opens the next file of an archive for writing; the file before is finished by it.
type Create func(name string) (io.Writer, error)

const tileWidth = 256 // hashes in a full tile (C2SP tlog-tiles)

// Export writes an organisation's whole chain and the log around it, as the public verifier reads them. Payloads are
// disclosed for the entries that disclose allows; the others stay as commitments. Entry last must be sealed.
func (s *Service) Export(ctx context.Context, scope access.ReadScope, last int64, disclose func(Entry) bool, create Create) error {
	if err := scope.Require(access.ReadLedger); err != nil {
		return err
	}
	batches, err := s.Store.Batches(ctx, scope, last)
	if err != nil {
		return err
	}
	if len(batches) == 0 || batches[len(batches)-1].Last < last {
		return errs.New(errs.Unavailable, "entry %d waits to be sealed", last)
	}
	last = batches[len(batches)-1].Last
	signed, cp, err := s.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := s.exportEntries(ctx, scope, last, create); err != nil {
		return err
	}
	if err := s.exportPayloads(ctx, scope, last, disclose, create); err != nil {
		return err
	}
	if err := exportLines(create, verify.BatchesName, batches, func(b Batch) any { return verify.BatchLine{Leaf: *b.Leaf, Batch: b.Manifest} }); err != nil {
		return err
	}
	kept, err := s.Sealing.Checkpoints(ctx)
	if err != nil {
		return err
	}
	if err := exportLines(create, verify.HistoryName, kept, func(c string) any { return verify.HistoryLine{Checkpoint: c} }); err != nil {
		return err
	}
	if err := s.exportTiles(ctx, cp.Size, create); err != nil {
		return err
	}
	// In this order: the same ledger gives the same archive.
	for _, file := range []struct {
		name    string
		content []byte
	}{{verify.CheckpointName, signed}, {verify.KeyName, []byte(s.Log.Key() + "\n")}} {
		w, err := create(file.name)
		if err != nil {
			return err
		}
		if _, err := w.Write(file.content); err != nil {
			return err
		}
	}
	return nil
}

// Archive writes an organisation's ledger alone, with every payload, as the archive that verify.Chain checks.
func (s *Service) Archive(ctx context.Context, scope access.ReadScope, last int64, w io.Writer) error {
	z := zip.NewWriter(w)
	if err := s.Export(ctx, scope, last, func(Entry) bool { return true }, z.Create); err != nil {
		return err
	}
	return z.Close()
}

func (s *Service) exportEntries(ctx context.Context, scope access.ReadScope, last int64, create Create) error {
	w, err := create(verify.EntriesName)
	if err != nil {
		return err
	}
	return s.Store.Walk(ctx, scope, 1, last, func(e Entry) error {
		line, err := e.Canonical()
		if err != nil {
			return err
		}
		_, err = w.Write(append(line, '\n'))
		return err
	})
}

func (s *Service) exportPayloads(ctx context.Context, scope access.ReadScope, last int64, disclose func(Entry) bool, create Create) error {
	w, err := create(verify.PayloadsName)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return s.Store.Walk(ctx, scope, 1, last, func(e Entry) error {
		switch {
		case e.Erased != 0:
			return enc.Encode(verify.Payload{Seq: e.Seq, Erased: e.Erased})
		case disclose(e) || e.Kind == verify.KindErased:
			return enc.Encode(verify.Payload{Seq: e.Seq, Salt: e.Salt, Payload: e.Payload})
		}
		return nil
	})
}

func exportLines[T any](create Create, name string, list []T, line func(T) any) error {
	w, err := create(name)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, x := range list {
		if err := enc.Encode(line(x)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) exportTiles(ctx context.Context, size int64, create Create) error {
	for first := int64(0); first < size; first += tileWidth {
		end := min(size, first+tileWidth)
		hashes, err := s.Log.Leaves(ctx, first, end)
		if err != nil {
			return err
		}
		name := verify.TilePrefix + verify.TileIndex(first/tileWidth)
		if end-first < tileWidth {
			name += fmt.Sprintf(".p/%d", end-first)
		}
		w, err := create(name)
		if err != nil {
			return err
		}
		for _, h := range hashes {
			if _, err := w.Write(h[:]); err != nil {
				return err
			}
		}
	}
	return nil
}
