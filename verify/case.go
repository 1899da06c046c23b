package verify

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Names of the files inside the bundle of an incident's case file. The checkpoint and the key have the names that they have in every
// bundle.
const (
	CaseName          = "manifest.json"
	CaseRecordPrefix  = "events/"         // the records as they came
	CaseProofPrefix   = "proofs/events/"  // of each record
	CaseEntriesPrefix = "proofs/entries/" // of each ledger entry
)

// CaseKind is what the manifest of a case file calls itself.
const CaseKind = "case"

// The states of an event in a case file.
const (
	CaseProven  = "proven"  // record and proof are here
	CaseWaiting = "waiting" // kept, and not sealed when the bundle was made
	CaseErased  = "erased"  // its content was erased; Entry tells of it
	CaseMissing = "missing" // not among what is kept
)

// CaseManifest is manifest.json: what the case file of an incident consists of, and where the ledger seals that.
type CaseManifest struct {
	V        int         `json:"v"`
	Kind     string      `json:"kind"`
	Title    string      `json:"title"`
	Incident string      `json:"incident"` // reference
	AsOf     string      `json:"as_of"`    // of the records of the incident
	Org      string      `json:"org"`      // chain tag
	Seal     int64       `json:"seal"`
	Events   []CaseEvent `json:"events"`
	Beyond   int64       `json:"beyond"`  // events that were counted and are not named
	Entries  []int64     `json:"entries"` // of the ledger, beside the seal
	Files    []CaseFile  `json:"files"`   // every file but this one
}

// CaseEvent is an event of the incident.
type CaseEvent struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Why   string `json:"why,omitempty"`   // of one that is not proven here
	Entry int64  `json:"entry,omitempty"` // of the erasure
}

// CaseFile is a file of the bundle.
type CaseFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// CaseRecord is the name of the file with the record of an event.
func CaseRecord(id string) string { return CaseRecordPrefix + id + ".txt" }

// CaseProof is the name of the file with the proof of an event.
func CaseProof(id string) string { return CaseProofPrefix + id + ".json" }

// CaseEntry is the name of the file with the proof of a ledger entry.
func CaseEntry(seq int64) string { return fmt.Sprintf("%s%08d.json", CaseEntriesPrefix, seq) }

// CaseSealHash is what the seal commits to: everything the manifest says but the number of the seal, and the proofs with what they lead
// to. These are not known before the seal is made, and each holds or fails by itself.
func CaseSealHash(m CaseManifest) (string, error) {
	m.Seal = 0
	m.Files = slices.DeleteFunc(slices.Clone(m.Files), func(f CaseFile) bool {
		return strings.HasPrefix(f.Path, ProofPrefix) || strings.HasPrefix(f.Path, "ledger/")
	})
	return digest(m)
}

// Limits against hostile case files.
const (
	maxCaseManifest = 64 << 20
	maxCaseFiles    = 250_000
	maxCaseProof    = 16 << 20
	maxCaseBytes    = 16 << 30 // unpacked
	maxCaseRatio    = 500      // unpacked to packed; proofs that are much alike reach 20
)

// caseBundle is the bundle of a case file while it is checked.
type caseBundle struct {
	*bundle
	man    CaseManifest
	keys   []string
	listed map[string]CaseFile
	signed string // the checkpoint that all proofs lead to
}

// checkCase verifies the bundle of a case file of so many bytes.
func checkCase(b *bundle, size int64) {
	b.rep.Kind = CaseKind
	c := &caseBundle{bundle: b, listed: map[string]CaseFile{}}
	if !c.readManifest(size) {
		return
	}
	c.checkFiles()
	if !c.readCheckpoint() {
		return
	}
	c.checkSeal()
	for _, seq := range c.man.Entries {
		c.entry(seq)
	}
	c.checkEvents()
	c.strays()
}

func (c *caseBundle) readManifest(size int64) bool {
	data := c.read(CaseName, maxCaseManifest)
	if data == nil {
		return false
	}
	if err := decodeOnce(data, &c.man); err != nil {
		c.rep.find(CheckFormat, CaseName, "%v", err)
		return false
	}
	switch {
	case c.man.Kind != CaseKind:
		c.rep.find(CheckFormat, CaseName, "is of kind %q, which this verifier does not know", c.man.Kind)
		return false
	case c.man.V != 1:
		c.rep.find(CheckFormat, CaseName, "format version %d; this verifier reads 1", c.man.V)
		return false
	case len(c.man.Files) > maxCaseFiles:
		c.rep.find(CheckFormat, CaseName, "%d files; at most %d are read", len(c.man.Files), maxCaseFiles)
		return false
	}
	total := int64(0)
	for _, f := range c.man.Files {
		if f.Size < 0 || f.Size > maxCaseBytes {
			c.rep.find(CheckFormat, f.Path, "is listed with %d bytes", f.Size)
			return false
		}
		if total += f.Size; total > maxCaseBytes || total > 64<<20 && total/maxCaseRatio > size {
			c.rep.find(CheckFormat, CaseName, "an archive of %d bytes says that it unpacks to %d bytes and more: it was made to keep a machine busy, and is not unpacked", size, total)
			return false
		}
		if _, dup := c.listed[f.Path]; dup {
			c.rep.find(CheckFormat, f.Path, "listed twice")
		}
		c.listed[f.Path] = f
	}
	return true
}

// checkFiles compares each file with the list: size, hash, nothing missing, nothing more.
func (c *caseBundle) checkFiles() {
	byHash := make(map[string]string, len(c.man.Files))
	for _, f := range c.man.Files {
		byHash[f.SHA256] = f.Path
	}
	for _, f := range c.man.Files {
		zf := c.files[f.Path]
		if zf == nil {
			c.rep.find(CheckMissing, f.Path, "listed in %s, but dropped from the bundle", CaseName)
			continue
		}
		n := c.sameAs(zf, f.Path, f.Size, f.SHA256, byHash)
		c.rep.Files++
		c.rep.Bytes += n
	}
	for _, name := range sortedNames(c.files) {
		if _, ok := c.listed[name]; !ok && name != CaseName {
			c.rep.find(CheckExtra, name, "is in the bundle and not listed in %s", CaseName)
		}
	}
}

// readCheckpoint opens the checkpoint that all proofs lead to, with the reader's keys or the one in the bundle.
func (c *caseBundle) readCheckpoint() bool {
	signed := c.read(CheckpointName, 1<<20)
	if signed == nil {
		return false
	}
	c.keys = c.opt.Keys
	c.rep.KeyGiven = len(c.keys) > 0
	if !c.rep.KeyGiven {
		inside := c.read(KeyName, 1<<16)
		if inside == nil {
			return false
		}
		c.keys = strings.Fields(string(inside))
		c.rep.note("the signature was checked with the key inside the bundle: compare it with the one the organisation publishes")
	}
	cp, err := OpenCheckpoint(signed, c.keys)
	if err != nil {
		c.rep.find(CheckSignature, CheckpointName, "%v", err)
		return false
	}
	c.signed, c.rep.Key, c.rep.Size = string(signed), cp.Key, cp.Size
	return true
}

// take checks a proof as it stands in a file, and that it leads to the bundle's checkpoint in the chain of the bundle.
func (c *caseBundle) take(name string, rep *Report, seal SingleProof) (Entry, bool) {
	c.rep.Proofs++
	for _, f := range rep.Findings {
		c.rep.find(f.Check, name+" "+f.Place, "%s", f.Detail)
	}
	var e Entry
	if !rep.OK() || decodeCanonical([]byte(seal.Entry), &e) != nil {
		return e, false
	}
	switch {
	case seal.Checkpoint != c.signed:
		c.rep.find(CheckOld, name, "leads to another checkpoint than %s", CheckpointName)
	case e.Org != c.man.Org:
		c.rep.find(CheckEntry, name, "proves an entry of chain %s; the case file is of %s", e.Org, c.man.Org)
	default:
		return e, true
	}
	return e, false
}

// entry checks the proof of a ledger entry, and gives it with its payload.
func (c *caseBundle) entry(seq int64) (Entry, string, bool) {
	name := CaseEntry(seq)
	data := c.read(name, maxCaseProof)
	if data == nil {
		return Entry{}, "", false
	}
	rep, err := entryProof(data, Options{Keys: c.keys})
	var p SingleProof
	if err == nil {
		err = decodeOnce(data, &p)
	}
	if err != nil {
		c.rep.find(CheckFormat, name, "%v", err)
		return Entry{}, "", false
	}
	e, ok := c.take(name, rep, p)
	if !ok {
		return e, "", false
	}
	if e.Seq != seq {
		c.rep.find(CheckSwapped, name, "proves entry %d, not entry %d", e.Seq, seq)
		return e, "", false
	}
	c.rep.Entries++
	c.rep.Payloads += rep.Payloads
	c.rep.Withheld += rep.Withheld
	if c.rep.FirstTime == "" || e.Time < c.rep.FirstTime {
		c.rep.FirstTime = e.Time
	}
	c.rep.LastTime = max(c.rep.LastTime, e.Time)
	return e, p.Payload, true
}

// checkSeal ties the manifest to the ledger.
func (c *caseBundle) checkSeal() {
	e, payload, ok := c.entry(c.man.Seal)
	if !ok {
		return
	}
	want, err := CaseSealHash(c.man)
	var says struct {
		Manifest string `json:"manifest_sha256"`
	}
	switch {
	case err != nil:
		c.rep.find(CheckFormat, CaseName, "%v", err)
	case e.Kind != KindBundle:
		c.rep.find(CheckSeal, CaseName, "names ledger entry %d as its seal, but that entry is of kind %q", c.man.Seal, e.Kind)
	case json.Unmarshal([]byte(payload), &says) != nil || says.Manifest != want:
		c.rep.find(CheckSeal, CaseName, "the title, the list of events, entries or files, or another part is not what ledger entry %d sealed", c.man.Seal)
	}
}

// checkEvents checks each event of the incident: its record with its proof, or that it was erased.
func (c *caseBundle) checkEvents() {
	absent := map[string]int{}
	seen := make(map[string]bool, len(c.man.Events))
	for _, e := range c.man.Events {
		if seen[e.ID] {
			c.rep.find(CheckFormat, CaseName, "names event %s twice", e.ID)
			continue
		}
		seen[e.ID] = true
		switch e.State {
		case CaseProven:
			c.proven(e.ID)
			continue
		case CaseErased:
			c.erased(e)
		case CaseWaiting, CaseMissing:
		default:
			c.rep.find(CheckFormat, CaseName, "event %s is %q, which is nothing an event can be", e.ID, e.State)
		}
		absent[e.State]++
	}
	for state, says := range map[string]string{CaseErased: "was erased, as the ledger tells", CaseWaiting: "was not sealed yet when the bundle was made", CaseMissing: "was not among what is kept"} {
		if n := absent[state]; n > 0 {
			c.rep.note("of %d of the %d events there is no record here: each %s (see %s)", n, len(c.man.Events), says, CaseName)
		}
	}
	slices.Sort(c.rep.Notes)
	if n := c.rep.Withheld; n > 0 {
		c.rep.note("%d entries come without their payload: it was erased, and the ledger says on what duty", n)
	}
	if n := c.man.Beyond; n > 0 {
		c.rep.note("%d more events were counted with the incident and are not named in it", n)
	}
	if len(c.man.Events) > 0 {
		c.rep.note("proven is that each record stood in its place when its segment was sealed, not that what it says is so")
	}
}

// proven checks the record of an event and its proof.
func (c *caseBundle) proven(id string) {
	name, record := CaseProof(id), CaseRecord(id)
	data := c.read(name, maxCaseProof)
	if data == nil {
		return
	}
	rep, err := eventProof(data, Options{Keys: c.keys})
	var p EventProof
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		c.rep.find(CheckFormat, name, "%v", err)
		return
	}
	if _, ok := c.take(name, rep, p.Seal); !ok {
		return
	}
	if p.ID != id {
		c.rep.find(CheckSwapped, name, "is the proof of event %s, not of %s", p.ID, id)
		return
	}
	if c.files[record] == nil {
		if _, listed := c.listed[record]; !listed { // else it was found already
			c.rep.find(CheckMissing, record, "the record of event %s is not in the bundle", id)
		}
		return
	}
	raw := c.read(record, int64(len(p.Record)))
	if raw == nil {
		return
	}
	if string(raw) != p.Record {
		c.rep.find(CheckEvent, record, "is not the record that %s proves", name)
		return
	}
	c.rep.Events++
}

// erased checks that the ledger tells of the erasure of an event.
func (c *caseBundle) erased(e CaseEvent) {
	if !slices.Contains(c.man.Entries, e.Entry) {
		c.rep.find(CheckEvent, CaseName, "says that event %s was erased, and the entry that would tell so is not in the bundle", e.ID)
		return
	}
	var p SingleProof
	var entry Entry
	var says struct {
		Event string `json:"event"`
	}
	data := c.read(CaseEntry(e.Entry), maxCaseProof)
	if data == nil || json.Unmarshal(data, &p) != nil || decodeCanonical([]byte(p.Entry), &entry) != nil {
		return // it was found with the entries
	}
	if entry.Kind != KindEventErased || json.Unmarshal([]byte(p.Payload), &says) != nil || says.Event != e.ID {
		c.rep.find(CheckEvent, CaseName, "says that event %s was erased by entry %d, which tells of something else", e.ID, e.Entry)
		return
	}
	c.rep.Erased++
}

// strays finds records and proofs of what the manifest does not name: nothing would have checked them.
func (c *caseBundle) strays() {
	known := make(map[string]bool, 2*len(c.man.Events)+len(c.man.Entries)+1)
	for _, e := range c.man.Events {
		if e.State == CaseProven {
			known[CaseRecord(e.ID)], known[CaseProof(e.ID)] = true, true
		}
	}
	for _, seq := range append([]int64{c.man.Seal}, c.man.Entries...) {
		known[CaseEntry(seq)] = true
	}
	for _, name := range sortedNames(c.files) {
		checked := strings.HasPrefix(name, CaseRecordPrefix) || strings.HasPrefix(name, ProofPrefix)
		if _, listed := c.listed[name]; checked && listed && !known[name] {
			c.rep.find(CheckExtra, name, "belongs to no event and no entry that %s names as proven", CaseName)
		}
	}
}

func sortedNames(files map[string]*zip.File) []string {
	out := make([]string, 0, len(files))
	for name := range files {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
