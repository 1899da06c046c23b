package verify

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// SingleProof shows that one entry is in the log: the entry, its path inside its batch, the batch's path inside the log,
// and the signed checkpoint. It is what `tickmark ledger prove` writes.
type SingleProof struct {
	V          int      `json:"v"`
	Entry      string   `json:"entry"` // canonical JSON, exactly as hashed
	Salt       string   `json:"salt,omitempty"`
	Payload    string   `json:"payload,omitempty"` // exactly as committed to
	Path       []string `json:"path"`              // from the entry to the batch root, nearest first, hex
	Batch      string   `json:"batch"`             // canonical JSON, exactly as hashed
	Leaf       int64    `json:"leaf"`
	LogPath    []string `json:"log_path"` // from the leaf to the log's root, nearest first, hex
	Checkpoint string   `json:"checkpoint"`
	Key        string   `json:"key"`
}

// Proof verifies the proof of an entry or of an event. It returns an error only when data is no proof at all.
func Proof(data []byte, opt Options) (*Report, error) {
	if isEvent(data) {
		return eventProof(data, opt)
	}
	return entryProof(data, opt)
}

// entryProof verifies a single-entry proof.
func entryProof(data []byte, opt Options) (*Report, error) {
	var p SingleProof
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("not a proof: %w", err)
	}
	if p.V != 1 || p.Entry == "" || p.Batch == "" || p.Checkpoint == "" {
		return nil, fmt.Errorf("not a proof of format version 1")
	}
	rep := &Report{Kind: "proof", Findings: []Finding{}, Notes: []string{}}
	var e Entry
	if err := decodeCanonical([]byte(p.Entry), &e); err != nil {
		rep.find(CheckEntry, "entry", "%v", err)
		return rep, nil
	}
	var b Batch
	if err := decodeCanonical([]byte(p.Batch), &b); err != nil {
		rep.find(CheckBatch, "batch", "%v", err)
		return rep, nil
	}
	rep.Entries, rep.Batches, rep.FirstTime, rep.LastTime = 1, 1, e.Time, e.Time
	p.checkPayload(rep, e)
	p.checkInBatch(rep, e, b)
	p.checkInLog(rep, opt)
	return rep, nil
}

func (p SingleProof) checkPayload(rep *Report, e Entry) {
	if p.Salt == "" {
		rep.Withheld++
		rep.note("the proof comes without the entry's payload")
		return
	}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil || PayloadHash(salt, []byte(p.Payload)) != e.PayloadHash {
		rep.find(CheckPayload, "payload", "is not the one entry %d commits to", e.Seq)
		return
	}
	rep.Payloads++
}

func (p SingleProof) checkInBatch(rep *Report, e Entry, b Batch) {
	path, err := hashes(p.Path)
	if err != nil {
		rep.find(CheckFormat, "path", "%v", err)
		return
	}
	root, err := parseHash(b.Root)
	if err != nil {
		rep.find(CheckFormat, "batch", "%v", err)
		return
	}
	switch {
	case e.Org != b.Org:
		rep.find(CheckBatch, "batch", "belongs to chain %s, the entry to %s", b.Org, e.Org)
	case e.Seq < b.First || e.Seq > b.Last:
		rep.find(CheckBatch, "batch", "covers entries %d to %d, not %d", b.First, b.Last, e.Seq)
	case tlog.CheckRecord(tlog.RecordProof(path), b.Last-b.First+1, root, e.Seq-b.First, tlog.RecordHash([]byte(p.Entry))) != nil:
		rep.find(CheckEntry, "entry", "entry %d is not in the batch: it was altered", e.Seq)
	}
}

func (p SingleProof) checkInLog(rep *Report, opt Options) {
	keys := opt.Keys
	rep.KeyGiven = len(keys) > 0
	if !rep.KeyGiven {
		keys = []string{p.Key}
		rep.note("the signature was checked with the key inside the proof: compare it with the one the organisation publishes")
	}
	cp, err := OpenCheckpoint([]byte(p.Checkpoint), keys)
	if err != nil {
		rep.find(CheckSignature, "checkpoint", "%v", err)
		return
	}
	rep.Key, rep.Size = cp.Key, cp.Size
	path, err := hashes(p.LogPath)
	if err != nil {
		rep.find(CheckFormat, "log_path", "%v", err)
		return
	}
	if p.Leaf >= cp.Size {
		rep.find(CheckOld, "checkpoint", "covers %d leaves, not leaf %d", cp.Size, p.Leaf)
	} else if tlog.CheckRecord(tlog.RecordProof(path), cp.Size, cp.Root, p.Leaf, tlog.RecordHash([]byte(p.Batch))) != nil {
		rep.find(CheckBatch, "batch", "is not leaf %d of the log of %d", p.Leaf, cp.Size)
	}
}

func hashes(ss []string) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(ss))
	for i, s := range ss {
		h, err := parseHash(s)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}
