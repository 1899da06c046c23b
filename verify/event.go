package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// KindSegment is the kind of the ledger entry that seals a segment of events: its payload names the segment's SHA-256 and the Merkle
// root over the commitments of its events.
const KindSegment = "event.segment.sealed"

// KindEventErased is the kind of the ledger entry that tells of the erasure of an event: its payload names it as "event".
const KindEventErased = "event.erased"

// EventKind is what the proof of an event calls itself, by which it is told from the proof of an entry.
const EventKind = "event"

// eventID is how long the identifier of an event is. Being fixed, it leaves no doubt about where it ends in a commitment.
const eventID = 17

// EventProof shows that one event is in the ledger: the record as it came, with its salt; its path inside its segment; and the proof of
// the entry that sealed the segment. It is what `tickmark event export` writes.
type EventProof struct {
	V      int         `json:"v"`
	Kind   string      `json:"kind"`
	ID     string      `json:"id"`
	Record string      `json:"record"` // byte for byte
	Salt   string      `json:"salt"`   // hex
	Place  int64       `json:"place"`  // in the segment, from 0
	Path   []string    `json:"path"`   // from the event to the segment's root, nearest first, hex
	Seal   SingleProof `json:"seal"`
	// Told is what the program says of the event beside the record: not committed to, for the reader's convenience.
	Told map[string]string `json:"told,omitempty"`
}

// ProvenEvent is what the proof of an event shows, once nothing was found against it.
type ProvenEvent struct {
	ID      string            `json:"id"`
	SHA256  string            `json:"sha256"` // of the record
	Bytes   int               `json:"bytes"`
	Segment string            `json:"segment"`
	Place   int64             `json:"place"` // in the segment, from 0
	Rows    int64             `json:"rows"`  // of the segment
	Entry   int64             `json:"entry"` // that sealed the segment
	Sealed  string            `json:"sealed"`
	Told    map[string]string `json:"told,omitempty"`
}

// sealedSegment is what the payload of the entry of a segment says.
type sealedSegment struct {
	Segment string `json:"segment"`
	Root    string `json:"root"`
	Rows    int64  `json:"rows"`
	First   string `json:"first"`
	Last    string `json:"last"`
}

// EventCommitment is what the ledger holds of an event: SHA-256 over 0, the identifier, and the HMAC-SHA-256 of the record under the
// salt. Nobody learns from it what was in the record, and whoever has the salt and the record can show that it was this one.
func EventCommitment(id string, salt, record []byte) [32]byte {
	m := hmac.New(sha256.New, salt)
	m.Write(record)
	h := sha256.New()
	h.Write([]byte{0})
	h.Write([]byte(id))
	h.Write(m.Sum(nil))
	return [32]byte(h.Sum(nil))
}

// isEvent says whether a proof says that it is one of an event.
func isEvent(data []byte) bool {
	var x struct {
		Kind string `json:"kind"`
	}
	return json.Unmarshal(data, &x) == nil && x.Kind == EventKind
}

// eventProof verifies the proof of an event.
func eventProof(data []byte, opt Options) (*Report, error) {
	var p EventProof
	if err := decodeOnce(data, &p); err != nil {
		return nil, fmt.Errorf("not a proof of an event: %w", err)
	}
	if p.V != 1 {
		return nil, fmt.Errorf("a proof of an event in format version %d; this program reads version 1", p.V)
	}
	seal, err := json.Marshal(p.Seal)
	if err != nil {
		return nil, err
	}
	rep, err := entryProof(seal, opt)
	if err != nil {
		return nil, fmt.Errorf("the seal: %w", err)
	}
	rep.Kind = EventKind
	for i := range rep.Findings {
		rep.Findings[i].Place = "seal: " + rep.Findings[i].Place
	}
	p.check(rep)
	return rep, nil
}

func (p *EventProof) check(rep *Report) {
	var e Entry
	if decodeCanonical([]byte(p.Seal.Entry), &e) != nil {
		return // it was found already
	}
	if e.Kind != KindSegment {
		rep.find(CheckEntry, "seal", "entry %d is of kind %q: it seals no segment of events", e.Seq, e.Kind)
		return
	}
	if rep.Payloads == 0 {
		if rep.OK() {
			rep.find(CheckPayload, "seal", "comes without the payload of entry %d, which names the segment's root", e.Seq)
		}
		return
	}
	var s sealedSegment
	if err := json.Unmarshal([]byte(p.Seal.Payload), &s); err != nil {
		rep.find(CheckFormat, "seal", "the payload of entry %d names no segment: %v", e.Seq, err)
		return
	}
	root, err := parseHash(s.Root)
	if err != nil {
		rep.find(CheckFormat, "seal", "the root of the segment: %v", err)
		return
	}
	path, err := hashes(p.Path)
	if err != nil {
		rep.find(CheckFormat, "path", "%v", err)
		return
	}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil || len(salt) == 0 {
		rep.find(CheckFormat, "salt", "is no text in hex")
		return
	}
	leaf := tlog.Hash(EventCommitment(p.ID, salt, []byte(p.Record)))
	switch {
	case len(p.ID) != eventID:
		rep.find(CheckFormat, "id", "%q is no identifier of an event", p.ID)
	case p.ID < s.First || p.ID > s.Last:
		rep.find(CheckEvent, "id", "entry %d seals the events %s to %s, and %s is none of them", e.Seq, s.First, s.Last, p.ID)
	case p.Place < 0 || p.Place >= s.Rows:
		rep.find(CheckEvent, "place", "the segment has %d events, and no place %d", s.Rows, p.Place)
	case tlog.CheckRecord(tlog.RecordProof(path), s.Rows, root, p.Place, leaf) != nil:
		rep.find(CheckEvent, "record", "the record, its salt, identifier, place or path is not what entry %d sealed", e.Seq)
	case rep.OK():
		sum := sha256.Sum256([]byte(p.Record))
		rep.Event = &ProvenEvent{ID: p.ID, SHA256: hex.EncodeToString(sum[:]), Bytes: len(p.Record), Segment: s.Segment, Place: p.Place, Rows: s.Rows, Entry: e.Seq, Sealed: e.Time, Told: p.Told}
		rep.note("proven is that this record stood in this place when the segment was sealed, not that what it says is so")
		if len(p.Told) > 0 {
			rep.note("source, kind of log and time of arrival are told beside the record and not proven")
		}
	}
}

// decodeOnce reads one JSON document in which no name is there twice or unknown, so that two programs cannot read two things from it.
func decodeOnce(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("there is something after its end")
	}
	return unique(json.NewDecoder(bytes.NewReader(data)))
}

// unique reads one value and says which name is there twice in one object. Names that differ in case alone are the same to some readers.
func unique(dec *json.Decoder) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			key := strings.ToLower(fmt.Sprint(name))
			if seen[key] {
				return fmt.Errorf("the name %q is there twice", name)
			}
			seen[key] = true
		}
		if err := unique(dec); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
