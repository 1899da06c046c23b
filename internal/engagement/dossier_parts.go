package engagement

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// The parts of a dossier that came after its first form. Each is left out of the canonical form while it is empty, so that
// the hash of a dossier that was frozen without it stays what it was.

// ObjectiveFacts is a control objective of a SOC 1 examination, which management states in place of criteria (domain brief 3.1).
type ObjectiveFacts struct {
	Ref        string   `json:"ref"`
	Process    string   `json:"process"`
	Title      string   `json:"title"`
	Text       string   `json:"text"`       // "Controls provide reasonable assurance that …"
	Assertions []string `json:"assertions"` // of user entities' financial statements, such as "completeness"
	By         string   `json:"by"`         // who specified it; empty for management
	Controls   []string `json:"controls"`
}

// Framework is another framework's families with the controls of this dossier that answer them: a third arrangement of the
// same matrix (domain brief 4.1).
type Framework struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Families []Family `json:"families"`
}

// Family is a group of a framework's requirements.
type Family struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Controls []string `json:"controls"`
}

// Work is one test of the service auditor, a row of section IV (domain brief 4.8). It comes from a workpaper that was
// concluded and reviewed.
type Work struct {
	No         string          `json:"no"`
	Control    string          `json:"control"`
	Criteria   []string        `json:"criteria"` // or objectives
	Natures    []string        `json:"natures"`  // "inquiry", "observation", "inspection", "reperformance"
	Text       string          `json:"text"`     // what was done
	Population WorkPopulation  `json:"population"`
	Selection  WorkSelection   `json:"selection"`
	Result     string          `json:"result"` // in the auditor's words; empty while the test is not concluded
	Deviations []WorkDeviation `json:"deviations"`
}

// WorkPopulation is what a test was made of.
type WorkPopulation struct {
	Definition   string `json:"definition"`
	Size         int64  `json:"size"`
	Source       string `json:"source"`
	Completeness string `json:"completeness"` // how it was shown to be complete
}

// WorkSelection says which members of a population were tested. All means every one of them, without a draw.
type WorkSelection struct {
	Method string `json:"method"`
	Size   int64  `json:"size"`
	Seed   string `json:"seed"`
	All    bool   `json:"all"`
}

// WorkDeviation is what the auditor noted, with management's response, which is not audited.
type WorkDeviation struct {
	Ref      string `json:"ref"`
	Count    int64  `json:"count"`
	Of       int64  `json:"of"` // items tested
	Nature   string `json:"nature"`
	Cause    string `json:"cause"`
	Response string `json:"response"`
}

// The matters of an opinion (domain brief 4.5).
const (
	MatterDescription = "description"
	MatterDesign      = "design"
	MatterOperation   = "operation"
)

// AuditorReport is what the service auditor entered for section I. Every word of it is the auditor's: the program neither
// proposes nor completes any of it.
type AuditorReport struct {
	Addressee  string      `json:"addressee"`
	Paragraphs []Named     `json:"paragraphs"` // scope, responsibilities, limitations and so on, in the auditor's order
	Opinions   []Opinion   `json:"opinions"`
	Readers    []string    `json:"readers"` // of restricted use
	Firm       string      `json:"firm"`
	City       string      `json:"city"`
	Date       period.Date `json:"date,omitzero"`
	By         string      `json:"by"` // who entered it, of the firm
	At         time.Time   `json:"at"`
}

// Opinion is the auditor's on one matter.
type Opinion struct {
	Matter string `json:"matter"` // one of the matters above
	Kind   string `json:"kind"`   // "unmodified", "qualified", "adverse", "disclaimer"
	Text   string `json:"text"`
	Basis  string `json:"basis"` // of a modification; empty without one
}

// HandOverRef names what the firm handed over for a dossier.
type HandOverRef struct {
	Number int    `json:"number"`
	SHA256 string `json:"sha256"`
	Seq    int64  `json:"seq"` // ledger entry that sealed it
}

// HandedOver is the newest hand-over of the firm: its tests, and section I once the partner gave it.
type HandedOver struct {
	Number  int
	SHA256  string
	Seq     int64
	Work    []Work
	Auditor *AuditorReport
}

// Response is management's answer to the deviations that a test of its own found. It is not audited.
type Response struct {
	Test   string      `json:"test"`
	Cause  string      `json:"cause"`
	Effect string      `json:"effect"`
	Action string      `json:"action"`
	Due    period.Date `json:"due,omitzero"`
}

// Signature is a document that somebody signed, such as the assertion.
type Signature struct {
	Document string    `json:"document"` // DocumentAssertion, DocumentRepresentation
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	At       time.Time `json:"at"`
	SHA256   string    `json:"sha256"`         // of what was signed
	Text     string    `json:"text,omitempty"` // what was signed, in Markdown; of the assertion, which is section II
}

// The documents without which no report leaves its draft (domain brief 11).
const (
	DocumentAssertion      = "assertion"
	DocumentRepresentation = "representation"
)

// Signed is the latest signature under a document; false if there is none.
func (d *Dossier) Signed(document string) (Signature, bool) {
	var out Signature
	found := false
	for _, s := range d.Signatures {
		if s.Document == document && (!found || s.At.After(out.At)) {
			out, found = s, true
		}
	}
	return out, found
}
