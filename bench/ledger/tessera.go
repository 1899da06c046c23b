package main

import (
	"context"
	"crypto/rand"
	"flag"
	"io"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

const origin = "northwind.example/bench"

// The settings the program gives Tessera: batches of at most 256 that wait at most 5 ms, a checkpoint every 100 ms.
const (
	batchSize          = 256
	batchAge           = 5 * time.Millisecond
	checkpointInterval = 100 * time.Millisecond
)

// tesseraPart appends to Tessera's POSIX log: each entry durable and in the tree when its future resolves; then makes
// inclusion proofs from the tiles and checks each against the signed checkpoint, signature included. Every proof reads the
// checkpoint and the tiles anew, as the program's does.
func tesseraPart(t task) (result, error) {
	var out result
	quiet := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(quiet)
	_ = quiet.Set("logtostderr", "false")
	klog.SetOutput(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return out, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return out, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return out, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: t.Dir})
	if err != nil {
		return out, err
	}
	a, stop, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(batchSize, batchAge).WithCheckpointInterval(checkpointInterval))
	if err != nil {
		return out, err
	}
	add := func(i int) error {
		_, err := a.Add(ctx, tessera.NewEntry([]byte(payload(i, t.Payload))))()
		return err
	}
	if err := timed(&out.Alone, func() error { return together(t.Alone, 1, add) }); err != nil {
		return out, err
	}
	if err := timed(&out.Together, func() error { return together(t.Entries, t.Clients, add) }); err != nil {
		return out, err
	}
	// The checkpoint that covers everything is published before the proofs are made.
	if err := stop(ctx); err != nil {
		return out, err
	}
	return out, tesseraProofs(ctx, reader, verifier, t, &out)
}

// inclusion is a proof as somebody would hand it over.
type inclusion struct {
	entry, checkpoint []byte
	index             uint64
	path              [][]byte
}

func tesseraProofs(ctx context.Context, reader tessera.LogReader, verifier note.Verifier, t task, out *result) error {
	proofs := make([]inclusion, t.Proofs)
	err := timed(&out.Make, func() error {
		for i := range proofs {
			cp, raw, _, err := client.FetchCheckpoint(ctx, reader.ReadCheckpoint, verifier, origin)
			if err != nil {
				return err
			}
			index := cp.Size - 1 - uint64(pick(i, t.Entries)) //nolint:gosec // both are small and positive
			bundle, err := client.GetEntryBundle(ctx, reader.ReadEntryBundle, index/256, cp.Size)
			if err != nil {
				return err
			}
			builder, err := client.NewProofBuilder(ctx, cp.Size, reader.ReadTile)
			if err != nil {
				return err
			}
			path, err := builder.InclusionProof(ctx, index)
			if err != nil {
				return err
			}
			proofs[i] = inclusion{bundle.Entries[index%256], raw, index, path}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return timed(&out.Check, func() error {
		for _, p := range proofs {
			out.ProofBytes += int64(len(p.entry) + len(p.checkpoint) + 8 + len(p.path)*rfc6962.DefaultHasher.Size())
			cp, _, _, err := log.ParseCheckpoint(p.checkpoint, origin, verifier)
			if err != nil {
				return err
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.index, cp.Size, rfc6962.DefaultHasher.HashLeaf(p.entry), p.path, cp.Hash); err != nil {
				return err
			}
		}
		return nil
	})
}
