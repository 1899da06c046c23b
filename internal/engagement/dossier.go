package engagement

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Dossier is everything a report may say, frozen: the report, its tables and its figures come from here and from nowhere
// else. Its canonical JSON is hashed into the ledger; the same dossier gives the same report, byte for byte.
type Dossier struct {
	V          int              `json:"v"`
	Engagement Facts            `json:"engagement"`
	Org        OrgFacts         `json:"org"`
	Frozen     Freeze           `json:"frozen"`
	System     System           `json:"system"`
	Subservice []Subservice     `json:"subservice"`
	CUECs      []CUEC           `json:"cuecs"`
	Criteria   []CriterionFacts `json:"criteria"`
	Controls   []ControlFacts   `json:"controls"`
	Tests      []TestFacts      `json:"tests"`
	Sources    []SourceFacts    `json:"sources"`
	Missing    []string         `json:"missing"` // what a complete report still needs, in words

	Objectives []ObjectiveFacts `json:"objectives,omitempty"` // of a SOC 1, in place of criteria
	Frameworks []Framework      `json:"frameworks,omitempty"`
	Work       []Work           `json:"work,omitempty"` // the auditor's tests, as far as they were shared
	Auditor    *AuditorReport   `json:"auditor,omitempty"`
	Responses  []Response       `json:"responses,omitempty"`
	Signatures []Signature      `json:"signatures,omitempty"`
	HandOver   *HandOverRef     `json:"hand_over,omitempty"` // where the auditor's part comes from
}

// Facts is the examination itself.
type Facts struct {
	ID         string        `json:"id"`
	Ref        string        `json:"ref"`
	Report     string        `json:"report"` // "SOC 1", "SOC 2" or "SOC 3"
	Type       int           `json:"type"`   // 1 or 2
	Categories []string      `json:"categories"`
	Period     period.Period `json:"period"`
	Standards  []string      `json:"standards"`
	Firm       string        `json:"firm"` // the independent auditor's; empty until engaged
	Status     string        `json:"status"`
	AsOf       period.Date   `json:"as_of,omitzero"` // of a Type 1, which has no period
}

// OrgFacts is the service organisation.
type OrgFacts struct {
	Name      string `json:"name"`
	Simulated bool   `json:"simulated"`
}

// Freeze says when and from what state of the ledger the dossier was taken.
type Freeze struct {
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	Number    int       `json:"number"` // of the engagement's dossiers, from 1
	LedgerSeq int64     `json:"ledger_seq"`
	Ledger    string    `json:"ledger"` // hash of that entry
}

// System is the description of the system (description criteria DC1-DC4, DC8, DC9; domain brief 4.4).
type System struct {
	Name        string       `json:"name"`
	Overview    string       `json:"overview"`
	Services    []Named      `json:"services"`
	Commitments []Commitment `json:"commitments"`
	Boundary    string       `json:"boundary"`
	// Components by class: infrastructure, software, people, procedures, data.
	Components map[string][]Component `json:"components"`
	// Aspects are the relevant aspects of internal control: control environment, risk assessment, information and
	// communication, monitoring.
	Aspects       []Named `json:"aspects"`
	Incidents     []Named `json:"incidents"`
	Changes       []Named `json:"changes"`
	NotApplicable []Named `json:"not_applicable"` // criteria that do not apply, with the reason
	// Processing is what a SOC 1 description says of transactions: classes, procedures, records, events, reports to user
	// entities (domain brief 3.1); each text begins with the name of its part.
	Processing []Named `json:"processing,omitempty"`
	// None are parts that management says are empty because there is nothing to say: incidents, changes, subservice.
	None []string `json:"none,omitempty"`
}

// Named is a name with a text.
type Named struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Commitment is a service commitment or system requirement.
type Commitment struct {
	Category string `json:"category"`
	Text     string `json:"text"`
	Source   string `json:"source"`
}

// Component is a part of the system. Count and Evidence are filled where facts were collected.
type Component struct {
	Name     string `json:"name"`
	Text     string `json:"text"`
	Count    int64  `json:"count"`    // 0 when not counted
	Evidence string `json:"evidence"` // reference of the evidence the count comes from
}

// Subservice is a subservice organisation.
type Subservice struct {
	Name     string   `json:"name"`
	Service  string   `json:"service"`
	Method   string   `json:"method"` // "carve-out" or "inclusive"
	Controls []string `json:"controls"`
	Criteria []string `json:"criteria"`
}

// CUEC is a complementary user entity control: without it the organisation cannot meet a commitment.
type CUEC struct {
	Ref      string   `json:"ref"`
	Text     string   `json:"text"`
	Criteria []string `json:"criteria"`
}

// CriterionFacts is a criterion in scope, in our paraphrase.
type CriterionFacts struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Series   string   `json:"series"`
	Title    string   `json:"title"`
	Intent   string   `json:"intent"`
	Controls []string `json:"controls"`
}

// ControlFacts is a control in scope, in the version in force when frozen.
type ControlFacts struct {
	Ref       string   `json:"ref"`
	Title     string   `json:"title"`
	Statement string   `json:"statement"`
	Type      string   `json:"type"`
	Nature    string   `json:"nature"`
	Frequency string   `json:"frequency"`
	Owner     string   `json:"owner"`
	Version   int      `json:"version"`
	Criteria  []string `json:"criteria"`
	Tests     []string `json:"tests"`
	Evidence  []string `json:"evidence"` // what shows its operation
	Uploads   []string `json:"uploads"`  // references of documents filed for it in the period
}

// TestFacts is a test of a control with its results over the period.
type TestFacts struct {
	ID          string      `json:"id"`
	Version     int         `json:"version"`
	SHA256      string      `json:"sha256"`
	Title       string      `json:"title"`
	Asks        string      `json:"asks"`
	Kind        string      `json:"kind"` // "state" or "occurrence"
	Severity    string      `json:"severity"`
	Controls    []string    `json:"controls"`
	Counted     string      `json:"counted"`
	Sources     []string    `json:"sources"` // connections its facts came from
	Days        []DayRun    `json:"days"`    // the period, day by day, equal neighbours merged
	DaysTested  int         `json:"days_tested"`
	DaysGap     int         `json:"days_gap"` // days of the period without a verdict
	Evaluations int         `json:"evaluations"`
	Population  int64       `json:"population"` // occurrences in the period, or the largest population of a state test
	Pass        int64       `json:"pass"`       // occurrences by verdict; 0 for state tests
	Fail        int64       `json:"fail"`
	Unknown     int64       `json:"unknown"`
	NA          int64       `json:"not_applicable"`
	Deviations  []Deviation `json:"deviations"`
	Unknowns    []Deviation `json:"unknowns"`
	Final       Rerun       `json:"final"` // the last evaluation, which a reader of the bundle can run again
}

// DayRun is consecutive days with the same outcome. Outcome "none" is a day that was not evaluated.
type DayRun struct {
	From    period.Date `json:"from"`
	Days    int         `json:"days"`
	Outcome string      `json:"outcome"`
}

// Deviation is an item that did not pass: for state tests over a stretch of time, for occurrences at an instant.
type Deviation struct {
	ItemID    string     `json:"item_id"`
	Label     string     `json:"label"`
	Reason    string     `json:"reason"`
	From      time.Time  `json:"from"`
	To        *time.Time `json:"to"`        // nil while it lasts, equal to From for an occurrence
	Exception string     `json:"exception"` // reference of an approved exception; the deviation stays
}

// Rerun is what it takes to evaluate once more.
type Rerun struct {
	RunID      string            `json:"run_id"`
	AsOf       time.Time         `json:"as_of"`
	From       *time.Time        `json:"from"`
	To         *time.Time        `json:"to"`
	Params     map[string]string `json:"params"`
	Inputs     []RerunInput      `json:"inputs"`
	RowsSHA256 string            `json:"rows_sha256"`
	Population int64             `json:"population"`
	Seq        int64             `json:"seq"`
}

// RerunInput is a file an evaluation read.
type RerunInput struct {
	Table        string `json:"table"`
	Ref          string `json:"ref"`
	Source       string `json:"source"`
	SHA256       string `json:"sha256"`
	Path         string `json:"path"`
	Completeness string `json:"completeness"`
}

// SourceFacts is a connection and how completely it was read over the period.
type SourceFacts struct {
	Name      string     `json:"name"`
	System    string     `json:"system"`
	Collector string     `json:"collector"`
	Items     int64      `json:"items"`    // pieces of evidence
	Complete  int64      `json:"complete"` // of them, without error
	Proven    int64      `json:"proven"`   // of them, equal to the source's own count
	Rows      int64      `json:"rows"`
	First     *time.Time `json:"first"`
	Last      *time.Time `json:"last"`
}

// Bytes is the canonical form, and its SHA-256.
func (d *Dossier) Bytes() (body []byte, sha256 string, err error) {
	body, err = canon.JSON(d)
	if err != nil {
		return nil, "", err
	}
	return body, canon.Sum(body), nil
}
