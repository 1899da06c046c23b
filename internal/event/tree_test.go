package event

import (
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/verify"
)

// TestTree: the root of leaves that come one after another is the root that outsiders compute of all of them.
func TestTree(t *testing.T) {
	t.Parallel()
	var leaves []tlog.Hash
	var x tree
	for n := range 300 {
		if got, want := x.root(), verify.RootOf(leaves); got != want {
			t.Fatalf("of %d leaves: %s, want %s", n, got, want)
		}
		leaf := tlog.RecordHash([]byte{byte(n), byte(n >> 8)})
		leaves = append(leaves, leaf)
		x.add(leaf)
	}
}
