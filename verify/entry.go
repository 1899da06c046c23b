package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/tlog"
)

// Zero is the hash that stands before the first entry of a chain and before its first batch.
const Zero = "0000000000000000000000000000000000000000000000000000000000000000"

// Entry is one line of an organisation's ledger. Its hash is the RFC 6962 leaf hash of its canonical JSON (RFC 8785).
type Entry struct {
	V           int    `json:"v"`            // format version, 1
	Org         string `json:"org"`          // tag of the organisation's chain; means nothing outside it
	Seq         int64  `json:"seq"`          // from 1, without gaps
	Time        string `json:"time"`         // RFC 3339, UTC, microseconds
	Actor       string `json:"actor"`        // identifier of who acted, never a name
	Kind        string `json:"kind"`         // what happened, such as "evidence.sealed"
	Subject     string `json:"subject"`      // identifier of what it happened to
	PayloadHash string `json:"payload_hash"` // HMAC-SHA-256(salt, payload), hex
	Prev        string `json:"prev"`         // hash of the entry before, hex; Zero for the first
}

// Canonical is the one byte form of the entry.
func (e Entry) Canonical() ([]byte, error) { return canonical(e) }

// Hash is the entry's leaf hash in hex.
func (e Entry) Hash() (string, error) { return leafHex(e) }

// Batch is the manifest of consecutive entries; its canonical JSON is one leaf of the log.
type Batch struct {
	V     int    `json:"v"`
	Org   string `json:"org"`   // tag of the chain
	First int64  `json:"first"` // sequence number of the first entry covered
	Last  int64  `json:"last"`  // and of the last
	Root  string `json:"root"`  // RFC 6962 tree hash over the entries' canonical JSON, hex
	Prev  string `json:"prev"`  // leaf hash of the chain's batch before, hex; Zero for the first
}

// Canonical is the one byte form of the batch.
func (b Batch) Canonical() ([]byte, error) { return canonical(b) }

// Hash is the batch's leaf hash in hex.
func (b Batch) Hash() (string, error) { return leafHex(b) }

func canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

func leafHex(v any) (string, error) {
	b, err := canonical(v)
	if err != nil {
		return "", err
	}
	h := tlog.RecordHash(b)
	return hex.EncodeToString(h[:]), nil
}

// PayloadHash commits to a payload without revealing it: HMAC-SHA-256 keyed with a random salt, in hex. The salt is why a
// short or guessable payload cannot be found by trying.
func PayloadHash(salt, payload []byte) string {
	m := hmac.New(sha256.New, salt)
	m.Write(payload)
	return hex.EncodeToString(m.Sum(nil))
}

// decodeCanonical reads a line strictly: unknown names, trailing text and any other byte form than the canonical one are
// refused, so that two programs can never read two things from one line.
func decodeCanonical(line []byte, v any) error {
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("not JSON of the expected shape: %w", err)
	}
	again, err := canonical(v)
	if err != nil {
		return err
	}
	if string(again) != string(line) {
		return fmt.Errorf("not in canonical form")
	}
	return nil
}

// RootOf is the RFC 6962 tree hash over leaf hashes.
func RootOf(leaves []tlog.Hash) tlog.Hash {
	switch n := len(leaves); n {
	case 0:
		return tlog.Hash(sha256.Sum256(nil))
	case 1:
		return leaves[0]
	default:
		k := split(n)
		return tlog.NodeHash(RootOf(leaves[:k]), RootOf(leaves[k:]))
	}
}

// PathOf is the inclusion path of leaf i: the hashes a reader needs beside the leaf, nearest first, as tlog.CheckRecord
// expects them.
func PathOf(leaves []tlog.Hash, i int) []tlog.Hash {
	n := len(leaves)
	if n <= 1 {
		return nil
	}
	k := split(n)
	if i < k {
		return append(PathOf(leaves[:k], i), RootOf(leaves[k:]))
	}
	return append(PathOf(leaves[k:], i-k), RootOf(leaves[:k]))
}

// split is the largest power of two smaller than n (RFC 6962 section 2.1), for n > 1.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

func parseHash(s string) (tlog.Hash, error) {
	var h tlog.Hash
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("%q is not a SHA-256 in hex", s)
	}
	copy(h[:], b)
	return h, nil
}
