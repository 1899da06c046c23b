package ledger

import (
	"context"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// maxBatch is the most entries one batch covers: proofs inside a batch stay within 12 hashes.
const maxBatch = 4096

// Service is the use cases of the ledger.
type Service struct {
	Store   Store
	Sealing Sealing
	Log     Log
	Tx      access.Tx
	// Kept tells the kinds of entry whose payload cannot be erased, because what is exported later rests on it. nil means
	// that every payload can.
	Kept func(kind string) bool

	sealing sync.Mutex // one sealing run at a time in this process; across processes the log's own lock orders them
}

// Seal puts every entry that is not in the log yet into it and keeps the new checkpoint. It is safe to run at any time, to
// run twice, and to be killed: what was cut before is added first, byte for byte the same.
func (s *Service) Seal(ctx context.Context, now time.Time) (sealed int, err error) {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	for {
		open, err := s.Sealing.Cut(ctx, maxBatch)
		if err != nil {
			return sealed, err
		}
		if len(open) == 0 {
			return sealed, nil
		}
		leaves := make([][]byte, len(open))
		for i, b := range open {
			leaves[i] = []byte(b.Manifest)
		}
		at, err := s.Log.Add(ctx, leaves)
		if err != nil {
			return sealed, errs.Wrap(err, "seal %d batches into the log", len(open))
		}
		for i, b := range open {
			if err := s.Sealing.SetLeaf(ctx, b, at[i]); err != nil {
				return sealed, err
			}
			sealed += int(b.Last - b.First + 1)
		}
		signed, cp, err := s.Checkpoint(ctx)
		if err != nil {
			return sealed, err
		}
		if err := s.Sealing.KeepCheckpoint(ctx, cp.Size, now, string(signed)); err != nil {
			return sealed, err
		}
	}
}

// Checkpoint is the log's newest signed checkpoint, checked against its own key before it is given to anybody.
func (s *Service) Checkpoint(ctx context.Context) ([]byte, verify.Checkpoint, error) {
	return s.checkpoint(ctx, nil)
}

// checkpoint opens a signed checkpoint, or the log's newest.
func (s *Service) checkpoint(ctx context.Context, signed []byte) ([]byte, verify.Checkpoint, error) {
	if signed == nil {
		var err error
		if signed, err = s.Log.Checkpoint(ctx); err != nil {
			return nil, verify.Checkpoint{}, err
		}
	}
	cp, err := verify.OpenCheckpoint(signed, []string{s.Log.Key()})
	if err != nil {
		return nil, verify.Checkpoint{}, errs.As(errs.Internal, err, "the log's own checkpoint")
	}
	return signed, cp, nil
}

// Prove builds the proof that an entry is in the log, as `tickmark verify` reads it. The entry must be sealed.
func (s *Service) Prove(ctx context.Context, scope access.ReadScope, seq int64) (verify.SingleProof, error) {
	return s.ProveAt(ctx, scope, nil, seq)
}

// ProveAt is Prove up to a signed checkpoint that the log published earlier; nil is its newest.
func (s *Service) ProveAt(ctx context.Context, scope access.ReadScope, signed []byte, seq int64) (verify.SingleProof, error) {
	if err := scope.Require(access.ReadLedger); err != nil {
		return verify.SingleProof{}, err
	}
	e, err := s.Store.Entry(ctx, scope, seq)
	if err != nil {
		return verify.SingleProof{}, err
	}
	b, err := s.Store.BatchOf(ctx, scope, seq)
	if err != nil {
		return verify.SingleProof{}, err
	}
	if b.Leaf == nil {
		return verify.SingleProof{}, errs.New(errs.Unavailable, "entry %d waits to be sealed", seq).WithHint("Try again in a moment, or run: tickmark ledger seal")
	}
	line, err := e.Canonical()
	if err != nil {
		return verify.SingleProof{}, err
	}
	signed, cp, err := s.checkpoint(ctx, signed)
	if err != nil {
		return verify.SingleProof{}, err
	}
	if *b.Leaf >= cp.Size {
		return verify.SingleProof{}, errs.New(errs.Unavailable, "entry %d was sealed after the checkpoint of %d leaves", seq, cp.Size).WithHint("Take a newer checkpoint.")
	}
	hashes, err := s.Store.Hashes(ctx, scope, b.First, b.Last)
	if err != nil {
		return verify.SingleProof{}, err
	}
	path, err := s.Log.Prove(ctx, *b.Leaf, cp)
	if err != nil {
		return verify.SingleProof{}, err
	}
	return verify.SingleProof{
		V: 1, Entry: string(line), Salt: e.Salt, Payload: e.Payload, Path: hexes(verify.PathOf(hashes, int(seq-b.First))),
		Batch: b.Manifest, Leaf: *b.Leaf, LogPath: hexes(path), Checkpoint: string(signed), Key: s.Log.Key(),
	}, nil
}

// Erase deletes payloads for privacy and records that, by whom and on what basis. The log stays valid: it never held
// more than a salted hash.
func (s *Service) Erase(ctx context.Context, scope access.Scope, now time.Time, seqs []int64, basis string) (int64, error) {
	if err := scope.Require(access.ErasePayload); err != nil {
		return 0, err
	}
	if len(seqs) == 0 {
		return 0, errs.New(errs.Invalid, "no entries named").At("entries")
	}
	if len(strings.TrimSpace(basis)) < 10 {
		return 0, errs.New(errs.Invalid, "say in at least 10 characters on what basis the payloads are erased").At("basis")
	}
	for _, seq := range seqs {
		e, err := s.Store.Entry(ctx, scope.ReadScope, seq)
		if err != nil {
			return 0, err
		}
		if s.Kept != nil && s.Kept(e.Kind) {
			return 0, errs.New(errs.Conflict, "the payload of entry %d (%s) holds hashes that bundles are checked by, and stays", seq, e.Kind).
				WithHint("Evidence that must go is withdrawn: tickmark evidence remove EVIDENCE.")
		}
	}
	var by int64
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		by, err = s.Store.Append(ctx, scope, now, verify.KindErased, "ledger", map[string]any{"erased": seqs, "basis": basis})
		if err != nil {
			return err
		}
		return s.Store.Erase(ctx, scope, seqs, by)
	})
	return by, err
}

func hexes(hs []tlog.Hash) []string {
	out := make([]string, len(hs))
	for i, h := range hs {
		out[i] = hex.EncodeToString(h[:])
	}
	return out
}
