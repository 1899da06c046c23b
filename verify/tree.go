package verify

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	hashSize  = 32
	tileWidth = 256
)

// readTiles loads the leaf hashes of the log: full tiles in order, then at most one partial tile
// (C2SP tlog-tiles: tile/0/x001/067 and tile/0/003.p/17).
func (l *ledger) readTiles() {
	for i := int64(0); ; i++ {
		name := TilePrefix + TileIndex(i)
		full := l.files[name] != nil
		if !full {
			if name = l.partial(name); name == "" {
				return
			}
		}
		data := l.read(name, tileWidth*hashSize)
		if data == nil {
			return
		}
		if len(data)%hashSize != 0 || (full && len(data) != tileWidth*hashSize) {
			l.rep.find(CheckTree, name, "a tile of %d bytes", len(data))
			return
		}
		for h := range slices.Chunk(data, hashSize) {
			l.leaves = append(l.leaves, tlog.Hash(h))
		}
		if !full {
			return
		}
	}
}

// partial finds the widest partial tile with the prefix.
func (l *ledger) partial(name string) string {
	for w := tileWidth - 1; w > 0; w-- {
		if p := fmt.Sprintf("%s.p/%d", name, w); l.files[p] != nil {
			return p
		}
	}
	return ""
}

// TileIndex is the path form of a tile number: groups of three digits, all but the last with an x before.
func TileIndex(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/", n%1000) + s
	}
	return s
}

func (l *ledger) checkTree(cp Checkpoint) {
	if int64(len(l.leaves)) < cp.Size {
		l.rep.find(CheckTree, TilePrefix, "holds %d leaves, but the checkpoint is over %d", len(l.leaves), cp.Size)
		return
	}
	if RootOf(l.leaves[:cp.Size]) != cp.Root {
		l.rep.find(CheckTree, TilePrefix, "the first %d leaves do not give the root that was signed", cp.Size)
	}
}

// checkBatches follows the chain of batches: each covers the entries after the one before, its root is that of those
// entries, and its hash is the leaf of the log it says.
func (l *ledger) checkBatches(cp Checkpoint, signed bool) {
	prev, next := Zero, int64(1)
	for i, line := range l.batches {
		place := fmt.Sprintf("%s line %d", BatchesName, i+1)
		var b Batch
		if err := decodeCanonical([]byte(line.Batch), &b); err != nil {
			l.rep.find(CheckBatch, place, "%v", err)
			return
		}
		h := tlog.RecordHash([]byte(line.Batch))
		if !l.follows(place, b, prev, next) {
			return
		}
		l.checkLeaf(place, line.Leaf, h, cp, signed)
		if !l.disordered {
			l.checkRoot(place, b)
		}
		prev, next = hex.EncodeToString(h[:]), b.Last+1
		l.rep.Batches++
	}
	if n := int64(len(l.entries)); n >= next && !l.disordered {
		l.rep.find(CheckTail, BatchesName, "entries %d to %d are in no batch: the end of the log was cut, or they were added", next, n)
	}
}

func (l *ledger) follows(place string, b Batch, prev string, next int64) bool {
	switch {
	case b.Org != l.org:
		l.rep.find(CheckBatch, place, "belongs to another chain, %s", b.Org)
	case b.First < next:
		l.rep.find(CheckFork, place, "starts at entry %d, which an earlier batch covers: two histories", b.First)
	case b.First > next:
		l.rep.find(CheckGap, place, "starts at entry %d; the batch over %d to %d is missing", b.First, next, b.First-1)
	case b.Prev != prev:
		l.rep.find(CheckFork, place, "names %s as the batch before it, but that one hashes to %s", short(b.Prev), short(prev))
	case b.Last < b.First:
		l.rep.find(CheckBatch, place, "ends at entry %d before it starts", b.Last)
	default:
		return true
	}
	return false
}

func (l *ledger) checkLeaf(place string, leaf int64, h tlog.Hash, cp Checkpoint, signed bool) {
	switch {
	case leaf < 0 || leaf >= int64(len(l.leaves)):
		l.rep.find(CheckBatch, place, "is said to be leaf %d, but the log has %d", leaf, len(l.leaves))
	case l.leaves[leaf] != h:
		l.rep.find(CheckBatch, place, "is not leaf %d of the log: the batch was altered", leaf)
	case signed && leaf >= cp.Size:
		l.rep.find(CheckOld, CheckpointName, "covers %d leaves, but the bundle needs leaf %d: an older checkpoint was put in", cp.Size, leaf)
	}
}

func (l *ledger) checkRoot(place string, b Batch) {
	if n := int64(len(l.entries)); b.Last > n {
		l.rep.find(CheckTail, EntriesName, "ends at entry %d, but a batch covers entries up to %d: the tail was cut", n, b.Last)
		return
	}
	root, err := l.rootOf(b.First, b.Last, "")
	switch {
	case err != nil:
		l.rep.find(CheckFormat, place, "%v", err)
	case hex.EncodeToString(root[:]) == b.Root:
	case l.touchedIn(b.First, b.Last):
		// the altered entry is named already; the root only follows from it
	case b.Last == int64(len(l.entries)):
		// Every link holds, and no later entry remembers the last one: it is the one.
		l.altered(b.Last, "its batch sealed another one")
	default:
		l.rep.find(CheckBatch, place, "entries %d to %d are not those this batch sealed", b.First, b.Last)
	}
}

func (l *ledger) touchedIn(first, last int64) bool {
	for seq := range l.touched {
		if seq >= first && seq <= last {
			return true
		}
	}
	return false
}

// checkHistory holds every earlier checkpoint, the bundle's and the reader's own, against the leaves.
func (l *ledger) checkHistory(cp Checkpoint, signed bool) {
	if !signed {
		return
	}
	keys := l.opt.Keys
	if len(keys) == 0 {
		keys = strings.Fields(string(l.read(KeyName, 1<<16)))
	}
	// The history must be there: taking it away would hide a fork that it shows.
	var hs []HistoryLine
	if lines(l.bundle, HistoryName, &hs) {
		for i, h := range hs {
			l.consistent(fmt.Sprintf("%s line %d", HistoryName, i+1), []byte(h.Checkpoint), keys, cp)
		}
	}
	for i, known := range l.opt.Checkpoints {
		l.consistent(fmt.Sprintf("checkpoint %d of the reader", i+1), known, keys, cp)
	}
}

func (l *ledger) consistent(place string, signed []byte, keys []string, cp Checkpoint) {
	old, err := OpenCheckpoint(signed, keys)
	switch {
	case err != nil:
		l.rep.find(CheckSignature, place, "%v", err)
	case old.Origin != cp.Origin:
		l.rep.find(CheckFork, place, "is of another log, %s", old.Origin)
	case old.Size > cp.Size:
		l.rep.find(CheckOld, CheckpointName, "covers %d leaves, but the log had published %d already: an older state was put in", cp.Size, old.Size)
	case old.Size <= int64(len(l.leaves)) && RootOf(l.leaves[:old.Size]) != old.Root:
		l.rep.find(CheckFork, place, "the log signed another history of its first %d leaves", old.Size)
	}
}
