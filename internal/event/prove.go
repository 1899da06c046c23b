package event

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// Filed is an event where it is filed: what its commitment is made of, and the way from it to the root of its segment.
type Filed struct {
	Event
	Salt    []byte
	Segment Segment     // that has it now
	Place   int64       // in the segment, from 0
	Seal    Sealed      // what the ledger holds it in
	Path    []tlog.Hash // from it to the root of the seal, nearest first
}

// Filing finds events in segments.
type Filing interface {
	// Filed gives an event that is in a segment. One that waits to be filed is Unavailable. Law: the path leads to Seal.Root, or it
	// is an error.
	Filed(ctx context.Context, scope access.ReadScope, id string) (Filed, error)
	// FiledAll gives those of many events that are in segments, in the order in which they arrived; an error of do ends it. What it
	// holds at once does not grow with their number. absent says of each other one why it is not given: Unavailable while it waits to
	// be filed, NotFound otherwise, with its erasure as the cause where it was erased.
	FiledAll(ctx context.Context, scope access.ReadScope, ids []string, do func(*Filed) error) (absent map[string]error, err error)
}

// Prover proves that an entry is in the ledger.
type Prover interface {
	Prove(ctx context.Context, scope access.ReadScope, seq int64) (verify.SingleProof, error)
	// ProveAt is Prove up to a checkpoint that somebody has, signed: many proofs lead to the same one.
	ProveAt(ctx context.Context, scope access.ReadScope, checkpoint []byte, seq int64) (verify.SingleProof, error)
}

// Proofs exports single events in such a way that an outsider can check them: tickmark verify, or package verify.
type Proofs struct {
	Filing Filing
	Ledger Prover
}

// Export is the proof of one event: the record, its place in its segment, and the segment's entry in the ledger.
func (p *Proofs) Export(ctx context.Context, scope access.ReadScope, id string) (verify.EventProof, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return verify.EventProof{}, err
	}
	x, err := p.Filing.Filed(ctx, scope, id)
	if err != nil {
		return verify.EventProof{}, err
	}
	seal, err := p.Ledger.Prove(ctx, scope, x.Seal.Seq)
	if err != nil {
		return verify.EventProof{}, errs.Wrap(err, "the segment of event %s", id)
	}
	return x.proof(seal)
}

// ExportAll gives the proofs of many events up to one checkpoint, in the order in which they arrived. absent is as FiledAll has it.
func (p *Proofs) ExportAll(ctx context.Context, scope access.ReadScope, checkpoint []byte, ids []string, do func(verify.EventProof) error) (absent map[string]error, err error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	var seq int64
	var seal verify.SingleProof // of seq: events that were sealed together come one after another
	return p.Filing.FiledAll(ctx, scope, ids, func(x *Filed) error {
		if seq != x.Seal.Seq {
			var err error
			if seal, err = p.Ledger.ProveAt(ctx, scope, checkpoint, x.Seal.Seq); err != nil {
				return errs.Wrap(err, "the segment of event %s", x.ID)
			}
			seq = x.Seal.Seq
		}
		proof, err := x.proof(seal)
		if err != nil {
			return err
		}
		return do(proof)
	})
}

// proof puts an event and the proof of its seal together.
func (x *Filed) proof(seal verify.SingleProof) (verify.EventProof, error) {
	if !utf8.Valid(x.Raw) {
		return verify.EventProof{}, errs.New(errs.Internal, "the record of event %s is no UTF-8", x.ID)
	}
	out := verify.EventProof{
		V: 1, Kind: verify.EventKind, ID: x.ID, Record: string(x.Raw), Salt: hex.EncodeToString(x.Salt), Place: x.Place - x.Seal.Place, Path: make([]string, len(x.Path)), Seal: seal,
		Told: map[string]string{"source": x.Source, "log": x.Log, "received": x.Received.UTC().Format(time.RFC3339Nano)},
	}
	for i, h := range x.Path {
		out.Path[i] = hex.EncodeToString(h[:])
	}
	return out, nil
}

// ProofFile is a proof as the file that people keep.
func ProofFile(p verify.EventProof) ([]byte, error) {
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return nil, errs.As(errs.Internal, err, "the proof of event %s", p.ID)
	}
	return append(b, '\n'), nil
}

// ProofName is how the file of a proof is called.
func ProofName(id string) string { return "event-" + id + ".proof.json" }
