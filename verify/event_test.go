package verify_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/verify"
)

// segment is a segment of events that is sealed in the ledger.
type segment struct {
	ids, records []string
	salts        [][]byte
	leaves       []tlog.Hash
	entry        int // index
}

func (w *world) segment(name string, n int) *segment {
	s := &segment{}
	for i := range n {
		s.ids, s.records, s.salts = append(s.ids, fmt.Sprintf("%012x%05x", 0x1234, i)), append(s.records, fmt.Sprintf(`{"name": "%s <%d>"}`, name, i)), append(s.salts, fmt.Appendf(nil, "salt of %d in %s", i, name))
		s.leaves = append(s.leaves, tlog.Hash(verify.EventCommitment(s.ids[i], s.salts[i], []byte(s.records[i]))))
	}
	root := verify.RootOf(s.leaves)
	w.append(verify.KindSegment, fmt.Sprintf(`{"first":"%s","last":"%s","root":"%s","rows":%d,"segment":"%s","sha256":"00"}`, s.ids[0], s.ids[n-1], hex.EncodeToString(root[:]), n, name))
	s.entry = len(w.entries) - 1
	return s
}

func (w *world) eventProof(s *segment, i int) verify.EventProof {
	return verify.EventProof{
		V: 1, Kind: verify.EventKind, ID: s.ids[i], Record: s.records[i], Salt: hex.EncodeToString(s.salts[i]), Place: int64(i), Path: hexes(verify.PathOf(s.leaves, i)), Seal: w.proof(s.entry),
		Told: map[string]string{"log": "okta.log"},
	}
}

// TestEventProof: each event of a segment is proven with what is proven of it, and whatever is altered is told.
func TestEventProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, other := w.segment("seg_1", 11), w.segment("seg_2", 11)
	w.batch()
	check := func(p verify.EventProof) *verify.Report {
		raw, err := json.MarshalIndent(p, "", " ")
		w.ok(err)
		rep, err := verify.Proof(raw, verify.Options{Keys: []string{w.vkey}})
		w.ok(err)
		return rep
	}
	for i := range s.ids {
		rep := check(w.eventProof(s, i))
		if !rep.OK() || rep.Event == nil || rep.Event.ID != s.ids[i] || rep.Event.SHA256 != sum([]byte(s.records[i])) || rep.Event.Segment != "seg_1" || rep.Event.Place != int64(i) || rep.Event.Rows != 11 || rep.Event.Entry != int64(s.entry+1) {
			t.Fatalf("event %d: %v %+v", i, rep.Findings, rep.Event)
		}
	}
	for name, a := range map[string]struct {
		check, says string
		do          func(p *verify.EventProof)
	}{
		"record":         {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Record = strings.Replace(p.Record, "4", "5", 1) }},
		"a space":        {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Record += " " }},
		"salt":           {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Salt = flip(p.Salt) }},
		"no salt":        {verify.CheckFormat, "no text in hex", func(p *verify.EventProof) { p.Salt = "" }},
		"identifier":     {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.ID = s.ids[5] }},
		"beyond":         {verify.CheckEvent, "none of them", func(p *verify.EventProof) { p.ID = strings.Repeat("f", 17) }},
		"short":          {verify.CheckFormat, "no identifier", func(p *verify.EventProof) { p.ID = p.ID[:16] }},
		"place":          {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Place++ }},
		"no such place":  {verify.CheckEvent, "no place 11", func(p *verify.EventProof) { p.Place = 11 }},
		"negative place": {verify.CheckEvent, "no place -1", func(p *verify.EventProof) { p.Place = -1 }},
		"path":           {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Path[1] = flip(p.Path[1]) }},
		"another's path": {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Path = hexes(verify.PathOf(other.leaves, 4)) }},
		"longer path":    {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Path = append(p.Path, p.Path[0]) }},
		"no path":        {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Path = nil }},
		"noise":          {verify.CheckFormat, "in hex", func(p *verify.EventProof) { p.Path[0] = "x" }},
		"another seal":   {verify.CheckEvent, "the record", func(p *verify.EventProof) { p.Seal = w.proof(other.entry) }},
		"no seal":        {verify.CheckEntry, "seals no segment", func(p *verify.EventProof) { p.Seal = w.proof(3) }},
		"no payload":     {verify.CheckPayload, "comes without the payload", func(p *verify.EventProof) { p.Seal.Salt, p.Seal.Payload = "", "" }},
		"other payload": {verify.CheckPayload, "commits to", func(p *verify.EventProof) {
			p.Seal.Payload = w.payloads[other.entry].Payload
			p.Record, p.Salt = other.records[4], hex.EncodeToString(other.salts[4])
			p.Path = hexes(verify.PathOf(other.leaves, 4))
		}},
		"entry": {verify.CheckEntry, "altered", func(p *verify.EventProof) {
			p.Seal.Entry = strings.Replace(p.Seal.Entry, "system:collect", "system:someone", 1)
		}},
		"log path":  {verify.CheckBatch, "leaf", func(p *verify.EventProof) { p.Seal.LogPath[0] = flip(p.Seal.LogPath[0]) }},
		"signature": {verify.CheckSignature, "", func(p *verify.EventProof) { p.Seal.Checkpoint = strings.Replace(p.Seal.Checkpoint, "\n3", "\n4", 1) }},
	} {
		p := w.eventProof(s, 4)
		a.do(&p)
		rep := check(p)
		told := slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Check == a.check && strings.Contains(f.Detail, a.says) })
		if !told || rep.Event != nil {
			t.Errorf("%s: %v %+v", name, rep.Findings, rep.Event)
		}
	}
	raw, err := json.Marshal(w.eventProof(s, 4))
	w.ok(err)
	for name, x := range map[string]string{
		"a name twice":        strings.Replace(string(raw), `"v":1`, `"v":1,"record":"another"`, 1),
		"the same to some":    strings.Replace(string(raw), `"v":1`, `"v":1,"Record":"another"`, 1),
		"twice in the seal":   strings.Replace(string(raw), `"seal":{`, `"seal":{"key":"x",`, 1),
		"an unknown name":     strings.Replace(string(raw), `"v":1`, `"v":1,"opinion":"clean"`, 1),
		"two documents":       string(raw) + string(raw),
		"another version":     strings.Replace(string(raw), `"v":1`, `"v":2`, 1),
		"nothing but a claim": `{"kind":"event"}`,
		"no seal":             `{"kind":"event","v":1}`,
	} {
		if rep, err := verify.Proof([]byte(x), verify.Options{}); err == nil {
			t.Errorf("%s is read: %+v", name, rep)
		}
	}
}

// FuzzEventProof: whatever the file is, the verifier answers, and never calls another record proven.
func FuzzEventProof(f *testing.F) {
	w := newWorld(&testing.T{})
	s := w.segment("seg_1", 6)
	w.batch()
	p := w.eventProof(s, 2)
	raw, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"kind":"event","v":1,"seal":{"v":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rep, err := verify.Proof(data, verify.Options{Keys: []string{w.vkey}})
		if err == nil && rep.OK() && rep.Event != nil && (rep.Event.SHA256 != sum([]byte(p.Record)) || rep.Event.ID != p.ID) {
			t.Errorf("proven: %+v", rep.Event)
		}
	})
}
