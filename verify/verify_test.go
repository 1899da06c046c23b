package verify_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/verify"
)

const origin = "northwind.example/ledger"

// world is a bundle under construction: sound when built, then attacked.
type world struct {
	t         *testing.T
	signer    note.Signer
	vkey      string
	files     map[string][]byte
	order     []string
	man       verify.Manifest
	entries   []verify.Entry
	payloads  []verify.Payload
	batches   []verify.BatchLine
	leaves    []tlog.Hash
	checkAt   int64 // size of the checkpoint put into the bundle
	history   []string
	prevBatch string
}

// newWorld makes a bundle with 40 entries in 4 batches among leaves of other chains, 6 sealed files and a seal.
func newWorld(t *testing.T) *world {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, signer: s, vkey: vkey, files: map[string][]byte{}, prevBatch: verify.Zero}
	w.foreign(300) // other organisations' leaves: a full tile and a partial one
	for i := 1; i < 40; i++ {
		payload := fmt.Sprintf(`{"n":%d}`, i)
		if i%7 == 0 {
			name := fmt.Sprintf("data/user_account/%d.parquet", i)
			w.file(name, fmt.Sprintf("rows of run %d", i))
			payload = fmt.Sprintf(`{"file":"%s"}`, sum(w.files[name]))
			w.man.Files[len(w.man.Files)-1].Sealed = int64(i)
		}
		w.append("evidence.sealed", payload)
		if i%10 == 0 {
			w.batch()
			w.foreign(3)
			w.history = append(w.history, string(w.checkpoint(int64(len(w.leaves)))))
		}
	}
	w.file("README.md", "how to check")
	w.seal()
	return w
}

func (w *world) seal() {
	w.man.V, w.man.Org = 1, w.entries[0].Org
	h, err := verify.SealHash(w.man)
	w.ok(err)
	w.append(verify.KindBundle, fmt.Sprintf(`{"manifest":"%s"}`, h))
	w.man.Seal = int64(len(w.entries))
	w.batch()
	w.checkAt = int64(len(w.leaves))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) file(name, content string) {
	w.files[name] = []byte(content)
	w.order = append(w.order, name)
	w.man.Files = append(w.man.Files, verify.File{Path: name, Size: int64(len(content)), SHA256: sum([]byte(content))})
}

func (w *world) append(kind, payload string) {
	prev := verify.Zero
	if n := len(w.entries); n > 0 {
		var err error
		prev, err = w.entries[n-1].Hash()
		w.ok(err)
	}
	salt := sha256.Sum256([]byte(fmt.Sprint("salt", len(w.entries))))
	seq := int64(len(w.entries) + 1)
	w.entries = append(w.entries, verify.Entry{
		V: 1, Org: "c0ffee", Seq: seq, Time: fmt.Sprintf("2026-01-01T00:00:%02d.000000Z", seq), Actor: "system:collect", Kind: kind,
		Subject: fmt.Sprintf("run_%d", seq), PayloadHash: verify.PayloadHash(salt[:], []byte(payload)), Prev: prev,
	})
	w.payloads = append(w.payloads, verify.Payload{Seq: seq, Salt: hex.EncodeToString(salt[:]), Payload: payload})
}

func (w *world) batch() {
	first := int64(1)
	if n := len(w.batches); n > 0 {
		var b verify.Batch
		w.ok(json.Unmarshal([]byte(w.batches[n-1].Batch), &b))
		first = b.Last + 1
	}
	var hs []tlog.Hash
	for _, e := range w.entries[first-1:] {
		c, err := e.Canonical()
		w.ok(err)
		hs = append(hs, tlog.RecordHash(c))
	}
	root := verify.RootOf(hs)
	w.addBatch(verify.Batch{V: 1, Org: "c0ffee", First: first, Last: int64(len(w.entries)), Root: hex.EncodeToString(root[:]), Prev: w.prevBatch})
}

func (w *world) addBatch(b verify.Batch) {
	c, err := b.Canonical()
	w.ok(err)
	w.batches = append(w.batches, verify.BatchLine{Leaf: int64(len(w.leaves)), Batch: string(c)})
	w.leaves = append(w.leaves, tlog.RecordHash(c))
	w.prevBatch, err = b.Hash()
	w.ok(err)
}

func (w *world) foreign(n int) {
	for range n {
		w.leaves = append(w.leaves, tlog.RecordHash(fmt.Appendf(nil, "other %d", len(w.leaves))))
	}
}

func (w *world) checkpoint(size int64) []byte {
	root := verify.RootOf(w.leaves[:size])
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, w.signer)
	w.ok(err)
	return signed
}

// archive renders everything; rendered parts can be overridden by name, and dropped with nil.
func (w *world) archive(override map[string][]byte) []byte {
	parts := map[string][]byte{}
	for n, b := range w.files {
		parts[n] = b
	}
	man, err := json.Marshal(w.man)
	w.ok(err)
	parts[verify.ManifestName] = man
	parts[verify.KeyName] = []byte(w.vkey + "\n")
	parts[verify.CheckpointName] = w.checkpoint(w.checkAt)
	var entries, payloads, batches, history bytes.Buffer
	for _, e := range w.entries {
		c, err := e.Canonical()
		w.ok(err)
		entries.Write(append(c, '\n'))
	}
	line := func(b *bytes.Buffer, v any) { w.ok(json.NewEncoder(b).Encode(v)) }
	for _, p := range w.payloads {
		line(&payloads, p)
	}
	for _, b := range w.batches {
		line(&batches, b)
	}
	for _, h := range w.history {
		line(&history, verify.HistoryLine{Checkpoint: h})
	}
	parts[verify.EntriesName], parts[verify.PayloadsName] = entries.Bytes(), payloads.Bytes()
	parts[verify.BatchesName], parts[verify.HistoryName] = batches.Bytes(), history.Bytes()
	for i := 0; i < len(w.leaves); i += 256 {
		part := w.leaves[i:min(i+256, len(w.leaves))]
		name := verify.TilePrefix + verify.TileIndex(int64(i/256))
		if len(part) < 256 {
			name += fmt.Sprintf(".p/%d", len(part))
		}
		for _, h := range part {
			parts[name] = append(parts[name], h[:]...)
		}
	}
	for n, b := range override {
		parts[n] = b
	}
	names := make([]string, 0, len(parts))
	for n := range parts {
		names = append(names, n)
	}
	slices.Sort(names)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, n := range names {
		if parts[n] == nil {
			continue
		}
		f, err := z.Create(n)
		w.ok(err)
		_, err = f.Write(parts[n])
		w.ok(err)
	}
	w.ok(z.Close())
	return out.Bytes()
}

func (w *world) verify(override map[string][]byte, opt verify.Options) *verify.Report {
	w.t.Helper()
	b := w.archive(override)
	rep, err := verify.Bundle(bytes.NewReader(b), int64(len(b)), opt)
	w.ok(err)
	return rep
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestSoundBundle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rep := w.verify(nil, verify.Options{Keys: []string{w.vkey}, Checkpoints: [][]byte{w.checkpoint(17), w.checkpoint(303)}})
	if !rep.OK() {
		t.Fatalf("findings in a sound bundle: %v", rep.Findings)
	}
	if rep.Entries != 40 || rep.Batches != 4 || rep.Payloads != 40 || rep.Files != 6 || !rep.KeyGiven {
		t.Errorf("%+v", rep)
	}
	if rep := w.verify(nil, verify.Options{}); !rep.OK() || rep.KeyGiven || len(rep.Notes) == 0 {
		t.Errorf("with the key inside: %+v", rep)
	}
}

// TestAttacks alters a sound bundle in every way the format is meant to reveal. Each must be named: by its check, by its
// place, and without accusing anything else first.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, a := range []struct {
		name   string
		do     func(w *world) map[string][]byte
		opt    func(w *world) verify.Options
		check  string
		place  string
		detail string
	}{
		{name: "byte of a file", do: func(w *world) map[string][]byte {
			return map[string][]byte{"data/user_account/14.parquet": []byte("rows of run 15")}
		}, check: verify.CheckFile, place: "data/user_account/14.parquet"},
		{name: "longer file", do: func(w *world) map[string][]byte {
			return map[string][]byte{"README.md": []byte("how to check, and more")}
		}, check: verify.CheckFile, place: "README.md", detail: "size"},
		{name: "dropped file", do: func(w *world) map[string][]byte {
			return map[string][]byte{"data/user_account/7.parquet": nil}
		}, check: verify.CheckMissing, place: "data/user_account/7.parquet"},
		{name: "dropped file, and its line", do: func(w *world) map[string][]byte {
			w.man.Files = w.man.Files[1:]
			return map[string][]byte{"data/user_account/7.parquet": nil}
		}, check: verify.CheckSeal, place: "bundle.json"},
		{name: "added file", do: func(w *world) map[string][]byte {
			return map[string][]byte{"data/user_account/extra.parquet": []byte("x")}
		}, check: verify.CheckExtra, place: "data/user_account/extra.parquet"},
		{name: "swapped files", do: func(w *world) map[string][]byte {
			a, b := "data/user_account/7.parquet", "data/user_account/14.parquet"
			return map[string][]byte{a: w.files[b], b: w.files[a]}
		}, check: verify.CheckSwapped, place: "data/user_account/7.parquet", detail: "content of data/user_account/14.parquet"},
		{name: "swapped files, and their lines", do: func(w *world) map[string][]byte {
			f := w.man.Files
			f[0].SHA256, f[1].SHA256, f[0].Size, f[1].Size = f[1].SHA256, f[0].SHA256, f[1].Size, f[0].Size
			return map[string][]byte{f[0].Path: w.files[f[1].Path], f[1].Path: w.files[f[0].Path]}
		}, check: verify.CheckSeal, place: "bundle.json"},
		{name: "cut tail of entries", do: func(w *world) map[string][]byte {
			w.entries = w.entries[:38]
			return nil
		}, check: verify.CheckTail, place: "ledger/entries.ndjson", detail: "ends at entry 38"},
		{name: "cut tail of entries and batches", do: func(w *world) map[string][]byte {
			w.entries, w.batches = w.entries[:30], w.batches[:3]
			return nil
		}, check: verify.CheckSeal, place: "bundle.json", detail: "cut off"},
		{name: "cut tail of batches", do: func(w *world) map[string][]byte {
			w.batches = w.batches[:3]
			return nil
		}, check: verify.CheckTail, place: "ledger/batches.ndjson", detail: "31 to 40"},
		{name: "missing entry", do: func(w *world) map[string][]byte {
			w.entries = slices.Delete(w.entries, 11, 13)
			return nil
		}, check: verify.CheckGap, place: "line 12", detail: "entries 12 to 13 are missing"},
		{name: "missing batch", do: func(w *world) map[string][]byte {
			w.batches = slices.Delete(w.batches, 1, 2)
			return nil
		}, check: verify.CheckGap, place: "ledger/batches.ndjson line 2", detail: "11 to 20"},
		{name: "reordered entries", do: func(w *world) map[string][]byte {
			w.entries[4], w.entries[5] = w.entries[5], w.entries[4]
			return nil
		}, check: verify.CheckOrder, place: "line 5", detail: "entry 6 stands where entry 5 belongs"},
		{name: "repeated entry", do: func(w *world) map[string][]byte {
			w.entries = slices.Insert(w.entries, 5, w.entries[4])
			return nil
		}, check: verify.CheckOrder, place: "line 6", detail: "occurs again"},
		{name: "fork: other batch for the same entries", do: func(w *world) map[string][]byte {
			w.batches = slices.Insert(w.batches, 2, w.batches[1])
			return nil
		}, check: verify.CheckFork, place: "ledger/batches.ndjson line 3", detail: "two histories"},
		{name: "fork: a checkpoint the reader kept", opt: func(w *world) verify.Options {
			other := newWorld(w.t)
			other.signer, other.leaves[5] = w.signer, tlog.RecordHash([]byte("rewritten"))
			return verify.Options{Keys: []string{w.vkey}, Checkpoints: [][]byte{other.checkpoint(100)}}
		}, check: verify.CheckFork, place: "checkpoint 1 of the reader", detail: "first 100 leaves"},
		{name: "fork: in the log's own history", do: func(w *world) map[string][]byte {
			other := newWorld(w.t)
			other.signer, other.leaves[5] = w.signer, tlog.RecordHash([]byte("rewritten"))
			w.history[1] = string(other.checkpoint(200))
			return nil
		}, check: verify.CheckFork, place: "ledger/history.ndjson line 2"},
		{name: "replayed checkpoint", do: func(w *world) map[string][]byte {
			w.checkAt, w.history = 310, nil
			return nil
		}, check: verify.CheckOld, place: "ledger/checkpoint", detail: "older checkpoint"},
		{name: "replayed bundle", opt: func(w *world) verify.Options {
			w.foreign(10)
			newer := w.checkpoint(int64(len(w.leaves)))
			w.leaves = w.leaves[:len(w.leaves)-10]
			return verify.Options{Keys: []string{w.vkey}, Checkpoints: [][]byte{newer}}
		}, check: verify.CheckOld, place: "ledger/checkpoint", detail: "older state"},
		{name: "altered batch", do: func(w *world) map[string][]byte {
			w.batches[2].Batch = strings.Replace(w.batches[2].Batch, `"last":30`, `"last":29`, 1)
			return nil
		}, check: verify.CheckBatch, place: "ledger/batches.ndjson line 3", detail: "not leaf"},
		{name: "batch moved to another leaf", do: func(w *world) map[string][]byte {
			w.batches[0].Leaf++
			return nil
		}, check: verify.CheckBatch, place: "ledger/batches.ndjson line 1", detail: "not leaf 301"},
		{name: "altered tile", do: func(w *world) map[string][]byte {
			w.leaves[7][0] ^= 1
			return map[string][]byte{verify.CheckpointName: newWorldCheckpoint(w)}
		}, check: verify.CheckTree, place: "ledger/tile"},
		{name: "dropped tile", do: func(w *world) map[string][]byte {
			return map[string][]byte{verify.TilePrefix + "000": nil}
		}, check: verify.CheckTree, place: "ledger/tile"},
		{name: "altered payload", do: func(w *world) map[string][]byte {
			w.payloads[4].Payload = `{"n":6}`
			return nil
		}, check: verify.CheckPayload, place: "ledger/payloads.ndjson entry 5"},
		{name: "swapped payloads", do: func(w *world) map[string][]byte {
			w.payloads[0].Payload, w.payloads[1].Payload = w.payloads[1].Payload, w.payloads[0].Payload
			return nil
		}, check: verify.CheckPayload, place: "entry 1"},
		{name: "false erasure", do: func(w *world) map[string][]byte {
			w.payloads[4] = verify.Payload{Seq: 5, Erased: 6}
			return nil
		}, check: verify.CheckPayload, place: "entry 5", detail: "no erasure record"},
		{name: "signature of somebody else", do: func(w *world) map[string][]byte {
			return map[string][]byte{verify.CheckpointName: newWorld(w.t).checkpoint(100)}
		}, check: verify.CheckSignature, place: "ledger/checkpoint"},
		{name: "everything made again under another key", opt: func(w *world) verify.Options {
			return verify.Options{Keys: []string{newWorld(w.t).vkey}}
		}, check: verify.CheckSignature, place: "ledger/checkpoint"},
		{name: "evidence sealed by another entry", do: func(w *world) map[string][]byte {
			w.man.Files[0].Sealed = 8
			return nil
		}, check: verify.CheckSeal, place: "bundle.json"},
		{name: "seal of another kind", do: func(w *world) map[string][]byte {
			w.man.Seal = 12
			return nil
		}, check: verify.CheckSeal, place: "bundle.json", detail: "kind"},
		{name: "no manifest", do: func(*world) map[string][]byte {
			return map[string][]byte{verify.ManifestName: nil}
		}, check: verify.CheckMissing, place: "bundle.json"},
		{name: "unknown field", do: func(*world) map[string][]byte {
			return map[string][]byte{verify.ManifestName: []byte(`{"v":1,"trust":"me"}`)}
		}, check: verify.CheckFormat, place: "bundle.json"},
		{name: "entry with a second reading", do: func(w *world) map[string][]byte {
			c, err := w.entries[0].Canonical()
			w.ok(err)
			return map[string][]byte{verify.EntriesName: append([]byte(strings.Replace(string(c), `"seq":1`, `"seq":2,"seq":1`, 1)), '\n')}
		}, check: verify.CheckEntry, place: "line 1", detail: "canonical"},
		{name: "path outside", do: func(*world) map[string][]byte {
			return map[string][]byte{"../../etc/cron.d/x": []byte("x")}
		}, check: verify.CheckFormat, place: "../../etc/cron.d/x", detail: "unsafe"},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var override map[string][]byte
			var opt verify.Options
			if a.opt != nil {
				opt = a.opt(w)
			}
			if a.do != nil {
				override = a.do(w)
			}
			rep := w.verify(override, opt)
			if rep.OK() {
				t.Fatal("the attack was not seen")
			}
			f := rep.Findings[0]
			if f.Check != a.check || !strings.Contains(f.Place, a.place) || !strings.Contains(f.Detail, a.detail) {
				t.Errorf("named as %s\nwant %s at %s with %q; all: %v", f, a.check, a.place, a.detail, rep.Findings)
			}
		})
	}
}

// newWorldCheckpoint signs the tree as it was before a tile was altered.
func newWorldCheckpoint(w *world) []byte {
	w.leaves[7][0] ^= 1
	defer func() { w.leaves[7][0] ^= 1 }()
	w.history = nil
	return w.checkpoint(w.checkAt)
}

// TestEveryFieldOfEveryEntry changes one byte in each field of each entry and expects exactly that entry to be named.
func TestEveryFieldOfEveryEntry(t *testing.T) {
	t.Parallel()
	sound := newWorld(t)
	for i := range sound.entries {
		for field, change := range map[string]func(e *verify.Entry){
			"v":            func(e *verify.Entry) { e.V = 2 },
			"org":          func(e *verify.Entry) { e.Org = "c0ffef" },
			"time":         func(e *verify.Entry) { e.Time = "2025" + e.Time[4:] },
			"actor":        func(e *verify.Entry) { e.Actor += "x" },
			"kind":         func(e *verify.Entry) { e.Kind = "x" + e.Kind[1:] },
			"subject":      func(e *verify.Entry) { e.Subject += "1" },
			"payload_hash": func(e *verify.Entry) { e.PayloadHash = flip(e.PayloadHash) },
			"prev":         func(e *verify.Entry) { e.Prev = flip(e.Prev) },
		} {
			w := *sound
			w.entries = slices.Clone(sound.entries)
			change(&w.entries[i])
			rep := w.verify(nil, verify.Options{})
			want := fmt.Sprintf("entry %d was altered", i+1)
			named := slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Check == verify.CheckEntry && strings.HasPrefix(f.Detail, want) })
			if field == "org" && i == 0 {
				named = !rep.OK() // the first entry decides which chain it is: then all others are foreign
			}
			if !named {
				t.Errorf("entry %d, %s: %v", i+1, field, rep.Findings)
			}
			for _, f := range rep.Findings {
				if f.Check == verify.CheckEntry && !strings.HasPrefix(f.Detail, want) && !(field == "org" && i == 0) {
					t.Errorf("entry %d, %s: blames another: %s", i+1, field, f)
				}
			}
		}
	}
}

func flip(h string) string {
	if h[0] == '0' {
		return "1" + h[1:]
	}
	return "0" + h[1:]
}

func TestErasure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Entry 3's payload is erased: an entry says so, and the chain still holds.
	w.entries, w.payloads = w.entries[:39], w.payloads[:39]
	w.batches, w.leaves = w.batches[:3], w.leaves[:len(w.leaves)-1]
	var b verify.Batch
	w.ok(json.Unmarshal([]byte(w.batches[2].Batch), &b))
	var err error
	w.prevBatch, err = b.Hash()
	w.ok(err)
	w.append(verify.KindErased, `{"basis":"request of the person","erased":[3]}`)
	w.payloads[2] = verify.Payload{Seq: 3, Erased: 40}
	w.seal()
	rep := w.verify(nil, verify.Options{})
	if !rep.OK() || rep.Erased != 1 {
		t.Errorf("%+v", rep)
	}
	if !slices.ContainsFunc(rep.Notes, func(n string) bool { return strings.Contains(n, "entry 3 was erased by ledger entry 40") }) {
		t.Errorf("notes: %v", rep.Notes)
	}
	w.payloads[3] = verify.Payload{Seq: 4, Erased: 40}
	if rep := w.verify(nil, verify.Options{}); rep.OK() {
		t.Error("an erasure that its record does not list was accepted")
	}
}

func TestNotABundle(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{nil, []byte("PK"), bytes.Repeat([]byte("x"), 1000)} {
		if _, err := verify.Bundle(bytes.NewReader(b), int64(len(b)), verify.Options{}); err == nil {
			t.Errorf("%q accepted", b)
		}
	}
	if _, err := verify.Proof([]byte(`{}`), verify.Options{}); err == nil {
		t.Error("an empty proof was accepted")
	}
}

// proof is that of an entry by its index.
func (w *world) proof(i int) verify.SingleProof {
	for _, line := range w.batches {
		var b verify.Batch
		w.ok(json.Unmarshal([]byte(line.Batch), &b))
		if seq := int64(i + 1); seq < b.First || seq > b.Last {
			continue
		}
		var hs []tlog.Hash
		for _, e := range w.entries[b.First-1 : b.Last] {
			c, err := e.Canonical()
			w.ok(err)
			hs = append(hs, tlog.RecordHash(c))
		}
		c, err := w.entries[i].Canonical()
		w.ok(err)
		return verify.SingleProof{
			V: 1, Entry: string(c), Salt: w.payloads[i].Salt, Payload: w.payloads[i].Payload,
			Path: hexes(verify.PathOf(hs, i-int(b.First)+1)), Batch: line.Batch, Leaf: line.Leaf,
			LogPath: hexes(verify.PathOf(w.leaves, int(line.Leaf))), Checkpoint: string(w.checkpoint(int64(len(w.leaves)))), Key: w.vkey,
		}
	}
	w.t.Fatalf("entry %d is in no batch", i+1)
	return verify.SingleProof{}
}

func TestProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check := func(p verify.SingleProof) *verify.Report {
		raw, err := json.Marshal(p)
		w.ok(err)
		rep, err := verify.Proof(raw, verify.Options{})
		w.ok(err)
		return rep
	}
	for i := range w.entries {
		if rep := check(w.proof(i)); !rep.OK() {
			t.Fatalf("entry %d: %v", i+1, rep.Findings)
		}
	}
	for name, a := range map[string]struct {
		check string
		do    func(p *verify.SingleProof)
	}{
		"entry":      {verify.CheckEntry, func(p *verify.SingleProof) { p.Entry = strings.Replace(p.Entry, "run_6", "run_5", 1) }},
		"payload":    {verify.CheckPayload, func(p *verify.SingleProof) { p.Payload += " " }},
		"path":       {verify.CheckEntry, func(p *verify.SingleProof) { p.Path[0] = flip(p.Path[0]) }},
		"other":      {verify.CheckBatch, func(p *verify.SingleProof) { p.Batch = w.batches[1].Batch }},
		"leaf":       {verify.CheckBatch, func(p *verify.SingleProof) { p.Leaf-- }},
		"log path":   {verify.CheckBatch, func(p *verify.SingleProof) { p.LogPath[0] = flip(p.LogPath[0]) }},
		"checkpoint": {verify.CheckOld, func(p *verify.SingleProof) { p.Checkpoint = string(w.checkpoint(100)) }},
		"signature":  {verify.CheckSignature, func(p *verify.SingleProof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n3", "\n4", 1) }},
	} {
		p := w.proof(5)
		a.do(&p)
		if rep := check(p); rep.OK() || rep.Findings[0].Check != a.check {
			t.Errorf("%s: %v", name, rep.Findings)
		}
	}
}

func hexes(hs []tlog.Hash) []string {
	out := []string{}
	for _, h := range hs {
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

// FuzzBundle feeds damaged archives: the verifier must answer, never crash, and never call a damaged bundle sound.
func FuzzBundle(f *testing.F) {
	w := newWorld(&testing.T{})
	sound := w.archive(nil)
	f.Add(100, byte(1))
	f.Add(len(sound)/2, byte(0xff))
	f.Fuzz(func(t *testing.T, at int, x byte) {
		if at < 0 || at >= len(sound) || x == 0 {
			t.Skip()
		}
		b := slices.Clone(sound)
		b[at] ^= x
		rep, err := verify.Bundle(bytes.NewReader(b), int64(len(b)), verify.Options{Keys: []string{w.vkey}})
		if err == nil && rep.OK() && !sameContent(t, sound, b) {
			t.Errorf("byte %d xor %#x: damaged bundle passes", at, x)
		}
	})
}

// sameContent reports whether two archives hold the same files: a changed timestamp in the container is no damage.
func sameContent(t *testing.T, a, b []byte) bool {
	t.Helper()
	read := func(raw []byte) map[string]string {
		out := map[string]string{}
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return nil
		}
		for _, f := range z.File {
			rc, err := f.Open()
			if err != nil {
				return nil
			}
			var buf bytes.Buffer
			if _, err := buf.ReadFrom(rc); err != nil {
				return nil
			}
			_ = rc.Close()
			out[f.Name] = buf.String()
		}
		return out
	}
	x, y := read(a), read(b)
	if len(x) != len(y) {
		return false
	}
	for n := range x {
		if x[n] != y[n] {
			return false
		}
	}
	return true
}
