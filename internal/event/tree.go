package event

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// tree computes the RFC 6962 tree hash of leaves as they come, with as many hashes in memory as the tree is high.
type tree struct {
	n     int64
	whole []tlog.Hash // of complete trees, the largest first
}

func (t *tree) add(leaf tlog.Hash) {
	for n := t.n; n&1 == 1; n >>= 1 {
		last := len(t.whole) - 1
		leaf = tlog.NodeHash(t.whole[last], leaf)
		t.whole = t.whole[:last]
	}
	t.whole, t.n = append(t.whole, leaf), t.n+1
}

func (t *tree) root() tlog.Hash {
	if t.n == 0 {
		return tlog.Hash(sha256.Sum256(nil))
	}
	last := len(t.whole) - 1
	h := t.whole[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(t.whole[i], h)
	}
	return h
}
