package verify

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Payload is one line of ledger/payloads.ndjson. Payload holds the exact bytes that were committed to, as text.
type Payload struct {
	Seq     int64  `json:"seq"`
	Salt    string `json:"salt"` // hex
	Payload string `json:"payload"`
	// Erased is the sequence number of the entry that records an erasure; salt and payload are then empty.
	Erased int64 `json:"erased,omitempty"`
}

// BatchLine is one line of ledger/batches.ndjson: the manifest exactly as it was hashed, and its leaf in the log.
type BatchLine struct {
	Leaf  int64  `json:"leaf"`
	Batch string `json:"batch"`
}

// HistoryLine is one line of ledger/history.ndjson: a checkpoint the log published earlier.
type HistoryLine struct {
	Checkpoint string `json:"checkpoint"`
}

// KindErased is the kind of the entry that records an erasure; its payload lists the sequence numbers under "erased".
const KindErased = "payload.erased"

// ledger is what a bundle holds of an organisation's chain and of the log around it.
type ledger struct {
	*bundle
	org      string
	entries  []Entry
	hashes   []string // leaf hash of each entry
	payloads map[int64]Payload
	tokens   map[int64]map[string]bool // per disclosed payload: every 64-digit hex word in it
	batches  []BatchLine
	leaves   []tlog.Hash
	touched  map[int64]bool // entries already named as altered
	// disordered means that entries no longer stand at their numbers: batch roots would only repeat that fault.
	disordered bool
}

func readLedger(b *bundle) *ledger {
	l := &ledger{bundle: b, payloads: map[int64]Payload{}, tokens: map[int64]map[string]bool{}, touched: map[int64]bool{}}
	ok := l.readEntries()
	ok = l.readPayloads() && ok
	ok = lines(b, BatchesName, &l.batches) && ok
	l.readTiles()
	if !ok {
		return nil
	}
	return l
}

func (l *ledger) check() {
	l.checkChain()
	l.checkPayloads()
	cp, ok := l.checkpoint()
	if ok {
		l.checkTree(cp)
	}
	l.checkBatches(cp, ok)
	l.checkHistory(cp, ok)
}

func (l *ledger) entry(seq int64) (Entry, bool) {
	// A sound chain starts at 1 without gaps; an altered one is searched.
	if i := seq - 1; i >= 0 && i < int64(len(l.entries)) && l.entries[i].Seq == seq {
		return l.entries[i], true
	}
	for _, e := range l.entries {
		if e.Seq == seq {
			return e, true
		}
	}
	return Entry{}, false
}

// names reports whether the disclosed payload of an entry contains the hash.
func (l *ledger) names(seq int64, hash string) bool { return l.tokens[seq][hash] }

// strict decodes one JSON value and nothing after it: what one reader passes over, another may take for something.
func strict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands after the value")
	}
	return nil
}

// lines decodes a newline-delimited file.
func lines[T any](b *bundle, name string, out *[]T) bool {
	data := b.read(name, maxLedgerFile)
	if data == nil {
		return false
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		var v T
		if err := strict(line, &v); err != nil {
			b.rep.find(CheckFormat, fmt.Sprintf("%s line %d", name, n), "%v", err)
			return false
		}
		*out = append(*out, v)
	}
	return true
}

func (l *ledger) readEntries() bool {
	data := l.read(EntriesName, maxLedgerFile)
	if data == nil {
		return false
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		line = bytes.TrimSuffix(line, []byte("\n"))
		var e Entry
		if err := decodeCanonical(line, &e); err != nil {
			l.rep.find(CheckEntry, fmt.Sprintf("%s line %d", EntriesName, n), "%v", err)
			return false
		}
		h := tlog.RecordHash(line)
		l.entries = append(l.entries, e)
		l.hashes = append(l.hashes, hex.EncodeToString(h[:]))
	}
	l.rep.Entries = len(l.entries)
	if n > 0 {
		l.org = l.entries[0].Org
		l.rep.FirstTime, l.rep.LastTime = l.entries[0].Time, l.entries[n-1].Time
	}
	return true
}

// checkChain walks the entries: numbers without gap, each naming the hash of the one before.
func (l *ledger) checkChain() {
	prev, last := Zero, ""
	back := 0
	for i, e := range l.entries {
		want := int64(i + 1)
		place := fmt.Sprintf("%s line %d", EntriesName, i+1)
		if e.Seq != want {
			l.sequenceFault(place, i, want)
			return // what follows would only repeat this fault
		}
		if e.Org != l.org {
			l.altered(e.Seq, "it belongs to another chain, "+e.Org)
		}
		if e.Prev != prev {
			l.alteredBefore(i, prev)
		}
		if e.Time < last {
			back++
		}
		prev, last = l.hashes[i], e.Time
	}
	if back > 0 {
		l.rep.note("the clock of the ledger went back %d times between consecutive entries; their order is proved by their numbers", back)
	}
}

func (l *ledger) sequenceFault(place string, i int, want int64) {
	l.disordered = true
	e := l.entries[i]
	if e.Seq < want {
		l.rep.find(CheckOrder, place, "entry %d occurs again", e.Seq)
		return
	}
	for _, later := range l.entries[i+1:] {
		if later.Seq == want {
			l.rep.find(CheckOrder, place, "entry %d stands where entry %d belongs: entries changed places", e.Seq, want)
			return
		}
	}
	l.rep.find(CheckGap, place, "entries %d to %d are missing", want, e.Seq-1)
}

// alteredBefore names the entry at fault when entry i says another hash than entry i-1 has. Either i-1 was touched, or i
// itself: then giving i the right link restores the hash that entry i+1, or i's batch, remembers.
func (l *ledger) alteredBefore(i int, prev string) {
	e := l.entries[i]
	if i == 0 {
		l.altered(e.Seq, "it does not start the chain")
		return
	}
	mended := e
	mended.Prev = prev
	h, err := mended.Hash()
	if err == nil && i+1 < len(l.entries) && l.entries[i+1].Prev == h || err == nil && i+1 == len(l.entries) && l.lastRootWith(h) {
		l.altered(e.Seq, fmt.Sprintf("the entry before it hashes to %s, it says %s", short(prev), short(e.Prev)))
		return
	}
	if !l.touched[e.Seq-1] {
		l.altered(e.Seq-1, fmt.Sprintf("it hashes to %s, entry %d remembers %s", short(prev), e.Seq, short(e.Prev)))
	}
}

func (l *ledger) altered(seq int64, why string) {
	l.touched[seq] = true
	l.rep.find(CheckEntry, fmt.Sprintf("%s line %d", EntriesName, seq), "entry %d was altered: %s", seq, why)
}

// lastRootWith reports whether the last batch holds if the last entry had the given hash.
func (l *ledger) lastRootWith(h string) bool {
	if len(l.batches) == 0 {
		return false
	}
	var b Batch
	n := int64(len(l.entries))
	if decodeCanonical([]byte(l.batches[len(l.batches)-1].Batch), &b) != nil || b.Last != n || b.First < 1 {
		return false
	}
	root, err := l.rootOf(b.First, b.Last, h)
	return err == nil && hex.EncodeToString(root[:]) == b.Root
}

// rootOf is the tree hash over entries first to last, with another hash for the last of them if one is given.
func (l *ledger) rootOf(first, last int64, lastHash string) (tlog.Hash, error) {
	leaves := make([]tlog.Hash, 0, last-first+1)
	for i := first; i <= last; i++ {
		s := l.hashes[i-1]
		if i == last && lastHash != "" {
			s = lastHash
		}
		h, err := parseHash(s)
		if err != nil {
			return h, err
		}
		leaves = append(leaves, h)
	}
	return RootOf(leaves), nil
}

func short(h string) string {
	if len(h) > 12 {
		return h[:12] + "…"
	}
	return h
}

func (l *ledger) readPayloads() bool {
	var ps []Payload
	if !lines(l.bundle, PayloadsName, &ps) {
		return false
	}
	for i, p := range ps {
		if _, dup := l.payloads[p.Seq]; dup {
			l.rep.find(CheckPayload, fmt.Sprintf("%s line %d", PayloadsName, i+1), "a second payload for entry %d", p.Seq)
			continue
		}
		l.payloads[p.Seq] = p
	}
	return true
}

var hexWord = regexp.MustCompile(`[0-9a-f]{64}`)

// checkPayloads opens each commitment that the bundle discloses.
func (l *ledger) checkPayloads() {
	for i, e := range l.entries {
		p, ok := l.payloads[e.Seq]
		place := fmt.Sprintf("%s entry %d", PayloadsName, e.Seq)
		switch {
		case !ok:
			l.rep.Withheld++
		case p.Erased != 0:
			l.rep.Erased++
			l.checkErasure(place, e.Seq, p.Erased)
		default:
			salt, err := hex.DecodeString(p.Salt)
			if err != nil {
				l.rep.find(CheckPayload, place, "salt is not hex")
				continue
			}
			if PayloadHash(salt, []byte(p.Payload)) != l.entries[i].PayloadHash {
				l.rep.find(CheckPayload, place, "the payload is not the one entry %d (%s, %s) commits to", e.Seq, e.Kind, e.Time)
				continue
			}
			words := map[string]bool{}
			for _, w := range hexWord.FindAllString(p.Payload, -1) {
				words[w] = true
			}
			l.tokens[e.Seq] = words
			l.rep.Payloads++
		}
	}
	if l.rep.Withheld > 0 {
		l.rep.note("%d entries come without their payload: they belong to matters outside this bundle", l.rep.Withheld)
	}
}

// checkErasure makes sure that an erasure is itself a ledger record that lists the entry.
func (l *ledger) checkErasure(place string, seq, by int64) {
	e, ok := l.entry(by)
	if !ok || e.Kind != KindErased {
		l.rep.find(CheckPayload, place, "is said to be erased by entry %d, which is no erasure record", by)
		return
	}
	var rec struct {
		Erased []int64 `json:"erased"`
	}
	p, disclosed := l.payloads[by]
	if !disclosed || json.Unmarshal([]byte(p.Payload), &rec) != nil {
		l.rep.find(CheckPayload, place, "is said to be erased by entry %d, whose record is not in the bundle", by)
		return
	}
	for _, s := range rec.Erased {
		if s == seq {
			l.rep.note("the payload of entry %d was erased by ledger entry %d", seq, by)
			return
		}
	}
	l.rep.find(CheckPayload, place, "is said to be erased by entry %d, which does not list it", by)
}

// checkpoint opens the signed checkpoint with the reader's keys, or with the one in the bundle.
func (l *ledger) checkpoint() (Checkpoint, bool) {
	signed := l.read(CheckpointName, 1<<20)
	if signed == nil {
		return Checkpoint{}, false
	}
	keys := l.opt.Keys
	l.rep.KeyGiven = len(keys) > 0
	if !l.rep.KeyGiven {
		inside := l.read(KeyName, 1<<16)
		if inside == nil {
			return Checkpoint{}, false
		}
		keys = strings.Fields(string(inside))
		l.rep.note("the signature was checked with the key inside the bundle: compare it with the one the organisation publishes")
	}
	cp, err := OpenCheckpoint(signed, keys)
	if err != nil {
		l.rep.find(CheckSignature, CheckpointName, "%v", err)
		return Checkpoint{}, false
	}
	l.rep.Key, l.rep.Size = cp.Key, cp.Size
	return cp, true
}
