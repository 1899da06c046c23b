package verify

import "fmt"

// Finding is one thing that does not hold: which check, where, and what exactly.
type Finding struct {
	Check  string `json:"check"` // stable name, see the Check constants
	Place  string `json:"place"` // file and line or sequence number
	Detail string `json:"detail"`
}

// String is the finding in one line.
func (f Finding) String() string { return f.Check + ": " + f.Place + ": " + f.Detail }

// The checks, by the name a finding carries.
const (
	CheckFormat     = "format"     // something cannot be read at all
	CheckFile       = "file"       // a file's bytes are not those that were sealed
	CheckMissing    = "missing"    // a file was dropped
	CheckSwapped    = "swapped"    // two files changed places
	CheckExtra      = "extra"      // a file was added
	CheckSeal       = "seal"       // the list of files is not the one the ledger sealed
	CheckUnsealed   = "unsealed"   // a file that needs a ledger entry has none
	CheckSignature  = "signature"  // the checkpoint is not signed by a key we accept
	CheckTree       = "tree"       // the log's hashes do not give the checkpoint's root
	CheckOld        = "old"        // an older checkpoint or bundle was put in place of a newer one
	CheckFork       = "fork"       // two histories exist
	CheckGap        = "gap"        // entries are missing inside the chain
	CheckTail       = "tail"       // entries are missing at the end of the chain
	CheckOrder      = "order"      // entries changed places
	CheckEntry      = "entry"      // an entry was altered
	CheckBatch      = "batch"      // a batch does not match its entries or its leaf
	CheckPayload    = "payload"    // a payload is not the one its entry commits to
	CheckRedraw     = "redraw"     // a sample does not come out of its seed
	CheckEvent      = "event"      // an event is not what its segment was sealed over
	CheckConclusion = "conclusion" // a recorded figure does not follow from the records
)

// Report is the outcome of a verification. No findings means that everything checked holds.
type Report struct {
	Kind      string    `json:"kind"` // "bundle", "case", "ledger", "proof" or "event"
	Findings  []Finding `json:"findings"`
	Notes     []string  `json:"notes"` // true things a reader should know that are not faults
	Key       string    `json:"key"`   // the key that signed the checkpoint
	KeyGiven  bool      `json:"key_given"`
	Size      int64     `json:"log_size"`
	Files     int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	Entries   int       `json:"entries"`
	Batches   int       `json:"batches"`
	Payloads  int       `json:"payloads"` // disclosed and checked
	Withheld  int       `json:"withheld"` // payloads that exist but are not in the bundle
	Erased    int       `json:"erased"`   // payloads erased under a recorded basis
	FirstTime string    `json:"first_time"`
	LastTime  string    `json:"last_time"`
	Redrawn   []Redrawn `json:"redrawn"` // samples that were drawn again
	Proofs    int       `json:"proofs"`  // of entries in other ledgers, which came along; of a case file: all that are in it
	Events    int       `json:"events"`  // of a case file: records that are proven
	// Event is what the proof of an event shows; nil of anything else, and when something was found.
	Event *ProvenEvent `json:"event,omitempty"`
}

// OK reports whether nothing was found.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// maxFindings bounds the list: a file of noise must not produce a report larger than itself.
const maxFindings = 200

func (r *Report) find(check, place, format string, args ...any) {
	switch n := len(r.Findings); {
	case n < maxFindings:
		r.Findings = append(r.Findings, Finding{check, place, fmt.Sprintf(format, args...)})
	case n == maxFindings:
		r.Findings = append(r.Findings, Finding{CheckFormat, "report", fmt.Sprintf("more than %d findings; the rest is not listed", maxFindings)})
	}
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Options is what the reader brings along. All of it is optional; each makes the answer stronger.
type Options struct {
	// Keys are verifier keys obtained from somewhere else than the file. Without them the key inside the file is used,
	// which proves consistency but not who signed; the report says so.
	Keys []string
	// Checkpoints are signed checkpoints kept from earlier. The file's history must contain each of them.
	Checkpoints [][]byte
}
