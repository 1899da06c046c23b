package verify_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/verify"
)

// caseOf writes the case file of an incident about all events of a segment, the second of which was erased, as the format says.
func (w *world) caseOf() map[string][]byte {
	s := w.segment("seg_1", 5)
	w.append("incident.declared", `{"ref":"INC-1"}`)
	declared := int64(len(w.entries))
	w.append(verify.KindEventErased, fmt.Sprintf(`{"event":%q}`, s.ids[1]))
	erased := int64(len(w.entries))
	files := map[string][]byte{"case.pdf": []byte("%PDF-1.7"), "case.json": []byte("{}"), "README.md": []byte("how to check")}
	m := verify.CaseManifest{V: 1, Kind: verify.CaseKind, Title: "Northwind, INC-1", Incident: "INC-1", AsOf: "2026-01-01T00:00:00Z", Org: "c0ffee", Entries: []int64{declared, erased}, Beyond: 3}
	for i, id := range s.ids {
		if i == 1 {
			m.Events = append(m.Events, verify.CaseEvent{ID: id, State: verify.CaseErased, Why: "on a duty", Entry: erased})
			continue
		}
		m.Events = append(m.Events, verify.CaseEvent{ID: id, State: verify.CaseProven})
		files[verify.CaseRecord(id)] = []byte(s.records[i])
	}
	m.Events = append(m.Events, verify.CaseEvent{ID: "fffffffffffffffff", State: verify.CaseMissing, Why: "never arrived"})
	m.Files = listed(files)
	h, err := verify.CaseSealHash(m)
	w.ok(err)
	w.append(verify.KindBundle, fmt.Sprintf(`{"manifest_sha256":%q}`, h))
	m.Seal = int64(len(w.entries))
	w.batch()
	keep := func(name string, v any) {
		files[name], err = json.Marshal(v)
		w.ok(err)
	}
	for i := range s.ids {
		if i != 1 {
			keep(verify.CaseProof(s.ids[i]), w.eventProof(s, i))
		}
	}
	for _, seq := range append([]int64{m.Seal}, m.Entries...) {
		keep(verify.CaseEntry(seq), w.proof(int(seq-1)))
	}
	files[verify.CheckpointName], files[verify.KeyName] = w.checkpoint(int64(len(w.leaves))), []byte(w.vkey+"\n")
	m.Files = listed(files)
	keep(verify.CaseName, m)
	return files
}

func listed(files map[string][]byte) []verify.CaseFile {
	var out []verify.CaseFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out = append(out, verify.CaseFile{Path: name, Size: int64(len(files[name])), SHA256: sum(files[name])})
	}
	return out
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCase: a case file written from the format's description holds, says of each event how it stands, and fails where any file of it is
// another, is missing or was added. What the program writes is held to the same in TestCaseBundle of its own.
func TestCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.caseOf()
	check := func(files map[string][]byte, opt verify.Options) *verify.Report {
		raw := zipped(t, files)
		rep, err := verify.Bundle(bytes.NewReader(raw), int64(len(raw)), opt)
		w.ok(err)
		return rep
	}
	rep := check(files, verify.Options{Keys: []string{w.vkey}})
	if !rep.OK() || rep.Kind != verify.CaseKind || rep.Events != 4 || rep.Erased != 1 || rep.Entries != 3 || rep.Proofs != 7 || rep.Files != len(files)-1 || !rep.KeyGiven || len(rep.Notes) != 4 {
		t.Fatalf("%+v", rep)
	}
	if rep := check(files, verify.Options{}); !rep.OK() || rep.KeyGiven || !strings.Contains(strings.Join(rep.Notes, "\n"), "the key inside the bundle") {
		t.Errorf("%+v", rep)
	}
	other := newWorld(t)
	if rep := check(files, verify.Options{Keys: []string{other.vkey}}); rep.OK() || rep.Findings[0].Check != verify.CheckSignature {
		t.Errorf("another's key: %v", rep.Findings)
	}
	for name := range files {
		less := maps.Clone(files)
		delete(less, name)
		if rep := check(less, verify.Options{}); rep.OK() {
			t.Errorf("without %s it holds", name)
		}
		changed := maps.Clone(files)
		changed[name] = bytes.Replace(files[name], files[name][len(files[name])/2:len(files[name])/2+1], []byte("~"), 1)
		if rep := check(changed, verify.Options{}); rep.OK() {
			t.Errorf("with another %s it holds", name)
		}
	}
	more := maps.Clone(files)
	more["events/more.txt"] = []byte("x")
	if rep := check(more, verify.Options{}); rep.OK() || rep.Findings[0].Check != verify.CheckExtra {
		t.Errorf("with one more: %v", rep.Findings)
	}
	later := maps.Clone(files)
	w.foreign(1)
	later[verify.CheckpointName] = w.checkpoint(int64(len(w.leaves)))
	if rep := check(later, verify.Options{}); !slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Check == verify.CheckOld }) {
		t.Errorf("proofs that lead elsewhere: %v", rep.Findings)
	}
}

// FuzzCase feeds any manifest and damaged archives: the verifier answers, and never calls a damaged case file sound.
func FuzzCase(f *testing.F) {
	w := newWorld(&testing.T{})
	files := w.caseOf()
	sound := zipped(f, files)
	f.Add([]byte(`{"v":1,"kind":"case"}`), 0, byte(0))
	f.Add(files[verify.CaseName], len(sound)/2, byte(0xff))
	f.Add([]byte(`{"v":1,"kind":"case","seal":-1,"events":[{"id":"../x","state":"proven"},{"id":"x","state":"erased","entry":9}],"entries":[9,-9],"files":[{"path":"","size":9223372036854775807}]}`), 40, byte(1))
	f.Fuzz(func(t *testing.T, manifest []byte, at int, x byte) {
		other := maps.Clone(files)
		other[verify.CaseName] = manifest
		raw := zipped(t, other)
		rep, err := verify.Bundle(bytes.NewReader(raw), int64(len(raw)), verify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var a, b verify.CaseManifest
		if rep.OK() && (json.Unmarshal(manifest, &a) != nil || json.Unmarshal(files[verify.CaseName], &b) != nil || fmt.Sprint(a) != fmt.Sprint(b)) {
			t.Errorf("another manifest holds: %s", manifest)
		}
		if at < 0 || at >= len(sound) || x == 0 {
			return
		}
		bad := slices.Clone(sound)
		bad[at] ^= x
		if rep, err := verify.Bundle(bytes.NewReader(bad), int64(len(bad)), verify.Options{Keys: []string{w.vkey}}); err == nil && rep.OK() && !sameContent(t, sound, bad) {
			t.Errorf("byte %d xor %#x: a damaged case file holds", at, x)
		}
	})
}
