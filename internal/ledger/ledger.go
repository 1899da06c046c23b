// Package ledger is the append-only record of everything that happens: a numbered hash chain per organisation, sealed in
// batches into one transparency log that outsiders can check with package verify. It knows bytes, not meanings.
package ledger

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/verify"
)

// Entry is one entry with what the organisation itself may see of it.
type Entry struct {
	verify.Entry
	At      time.Time
	Hash    string // leaf hash, hex
	Payload string // canonical JSON; empty once erased
	Salt    string // hex; empty once erased
	Erased  int64  // number of the entry that records the erasure, or 0
	Leaf    *int64 // leaf of the log whose batch covers the entry; nil while it waits for the next batch
}

// Filter narrows a list of entries. Zero values do not narrow.
type Filter struct {
	Kind    string // exact kind, or a prefix that ends in "."
	Subject string
	Actor   string
	From    int64 // first sequence number
	To      int64 // last sequence number
}

// Head is the state of an organisation's chain.
type Head struct {
	Tag     string // what stands in entries for the organisation
	Seq     int64  // last entry
	Hash    string // its hash
	Batched int64  // last entry that a batch covers
}

// Store keeps the chains. Laws: Append takes the number inside the caller's transaction, so that a rolled-back change
// leaves no gap and no entry; entries are never changed; Erase removes payload and salt and nothing else.
type Store interface {
	access.Recorder
	Head(ctx context.Context, s access.ReadScope) (Head, error)
	Entry(ctx context.Context, s access.ReadScope, seq int64) (Entry, error)
	Entries(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Entry], error)
	// Walk calls f for every entry from first to last in order.
	Walk(ctx context.Context, s access.ReadScope, first, last int64, f func(Entry) error) error
	// Hashes are the hashes of the entries from first to last, in order: a proof needs those of a whole batch and nothing else.
	Hashes(ctx context.Context, s access.ReadScope, first, last int64) ([]tlog.Hash, error)
	// Batches lists the chain's sealed batches, in order, up to the one that covers last.
	Batches(ctx context.Context, s access.ReadScope, last int64) ([]Batch, error)
	// BatchOf is the batch that covers an entry; NotFound while it waits.
	BatchOf(ctx context.Context, s access.ReadScope, seq int64) (Batch, error)
	Erase(ctx context.Context, s access.Scope, seqs []int64, by int64) error
}

// Batch is a manifest and where it stands in the log.
type Batch struct {
	Org      access.OrgID
	First    int64
	Last     int64
	Manifest string // canonical JSON of verify.Batch
	Leaf     *int64 // nil until the log has taken it
}

// Sealing is the installation's side of the store: it works on all chains at once and belongs to the sealer alone.
// Laws: a batch covers the entries after the one before it, once; its bytes never change after Cut returned them, so that
// adding it to the log again after a crash adds the same leaf.
type Sealing interface {
	// Cut makes batches of at most so many entries from all entries that have none, and returns every batch without a leaf.
	Cut(ctx context.Context, most int) ([]Batch, error)
	SetLeaf(ctx context.Context, b Batch, leaf int64) error
	KeepCheckpoint(ctx context.Context, size int64, at time.Time, note string) error
	// Checkpoints lists kept checkpoints by size.
	Checkpoints(ctx context.Context) ([]string, error)
	// Guard allows a signature over (size, root) unless the origin's key has signed a larger tree or another root for this
	// size. It must be atomic across processes.
	Guard(ctx context.Context, origin string, size int64, root string) error
}

// Log is the transparency log beneath. Laws: Add returns only when the leaves are durable and the published checkpoint
// covers them; Leaves and Prove answer from the same tiles that an outsider reads.
type Log interface {
	Add(ctx context.Context, leaves [][]byte) ([]int64, error)
	Checkpoint(ctx context.Context) ([]byte, error)
	Key() string // verifier key in note format
	// Leaves are the leaf hashes from first up to but not including end.
	Leaves(ctx context.Context, first, end int64) ([]tlog.Hash, error)
	// Prove is the inclusion path of a leaf in the tree of the given size, nearest hash first.
	Prove(ctx context.Context, leaf int64, cp verify.Checkpoint) ([]tlog.Hash, error)
}
