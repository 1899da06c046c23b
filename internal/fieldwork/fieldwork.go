// Package fieldwork is the auditor's own work in an examination: populations that are frozen before anybody draws from them, samples that
// anybody can draw again, workpapers with a mark for each item and attribute, findings, conclusions by people, and the working view
// of the criteria. Everything belongs to the firm; the client sees what is shared with it, and facts on its trail.
//
// Sources: domain brief 4.5 (criteria and opinions), 4.8 (rows of section IV), 5 (tests of controls), 6.2 (roles).
package fieldwork

import (
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/sample"
)

func itoa(n int) string { return strconv.Itoa(n) }

// PaperID identifies a workpaper.
type PaperID string

// Nature is what kind of test an attribute is (domain brief 5.1), from the least persuasive.
type Nature string

// The natures.
const (
	Inquiry       Nature = "INQ"
	Observation   Nature = "OBS"
	Inspection    Nature = "INS"
	Reperformance Nature = "REP"
)

// Natures lists them, the least persuasive first.
func Natures() []Nature { return []Nature{Inquiry, Observation, Inspection, Reperformance} }

// Title is the nature in words.
func (n Nature) Title() string {
	return map[Nature]string{Inquiry: "Inquiry", Observation: "Observation", Inspection: "Inspection", Reperformance: "Reperformance"}[n]
}

// Attribute is something looked at for each item of a sample.
type Attribute struct {
	Letter  string `json:"letter"` // A to H
	Text    string `json:"text"`
	Nature  Nature `json:"nature"`
	Machine bool   `json:"machine"` // the client's test answers it; what it says is shown as the machine's until an auditor accepts it
}

// Letters are those of attributes.
const Letters = "ABCDEFGH"

// Mark is what an auditor found for an item and an attribute.
type Mark string

// The marks.
const (
	Open          Mark = ""
	Tick          Mark = "t" // tested, no exception
	Exception     Mark = "x"
	NotApplicable Mark = "n"
)

// Title is the mark in words.
func (m Mark) Title() string {
	return map[Mark]string{Open: "Not tested", Tick: "Tested, no exception", Exception: "Exception", NotApplicable: "Not applicable"}[m]
}

// Cell is an item's mark for an attribute.
type Cell struct {
	N        int // of the item in the sample
	Letter   string
	Mark     Mark
	Note     string
	Evidence string // reference of what shows it
	Finding  string // "F-01" for an exception that a finding reports
	Accepted bool   // taken over from the machine by an auditor
	By       string
	At       time.Time
	Version  int
}

// Sampled is an item of a sample.
type Sampled struct {
	N       int    // of the sample, from 1, in the order of drawing
	Row     int    // of the population
	Key     string // of the population
	Label   string
	Day     string
	Cells   []string // of the population
	Verdict Mark     // what the client's test says
	Why     string   // why it says so
	Stratum string
	Origin  string // "drawn", "extended" or "replaced"
	Void    string // why the item is not subject to the control
	VoidBy  string
	VoidAt  *time.Time
}

// Method is how the size of a sample is decided.
type Method string

// The methods.
const (
	ByTable      Method = "table"
	ByStatistics Method = "statistics"
	Census       Method = "census"
)

// Sample is what was drawn for a workpaper.
type Sample struct {
	Method     Method       `json:"method"`
	Table      string       `json:"table"`   // name of the firm's table
	TableVer   int          `json:"version"` // of the firm's methodology; 0 for what every firm begins with
	Line       string       `json:"line"`    // of the table
	Risk       sample.Risk  `json:"risk"`
	Confidence sample.Rate  `json:"confidence"`
	Tolerable  sample.Rate  `json:"tolerable"`
	Expected   int          `json:"expected"`
	Size       int          `json:"size"`    // asked for
	Machine    int          `json:"machine"` // of a census: items that the test passes, which are counted and not listed
	Strata     string       `json:"strata"`  // "", "month" or "quarter"
	Seed       string       `json:"seed"`    // of random characters, on record before the draw
	Drawing    string       `json:"drawing"` // verify.DrawMethod
	Population PopulationID `json:"population"`
	SHA256     string       `json:"sha256"` // of the population
	At         time.Time    `json:"at"`
	By         string       `json:"by"`
	Extended   int          `json:"extended"` // the whole size after an extension; 0 for none
	ExtendWhy  string       `json:"extend_why"`
	ExtendedAt *time.Time   `json:"extended_at"`
	SharedAt   *time.Time   `json:"shared_at"`
}

// Whole is how many items the sample has, void ones aside.
func (x Sample) Whole() int { return max(x.Size, x.Extended) }

// Plan is the sample in the terms of confidence and rates.
func (x Sample) Plan(population int) sample.Plan {
	return sample.Plan{Confidence: x.Confidence, Tolerable: x.Tolerable, Expected: x.Expected, Population: population}
}

// Conclusion is what a person concludes about a control (domain brief 5.6).
type Conclusion string

// The conclusions.
const (
	NotConcluded           Conclusion = ""
	Effective              Conclusion = "effective"
	EffectiveWithDeviation Conclusion = "effective_with_deviation"
	NotEffective           Conclusion = "not_effective"
	NoOccurrence           Conclusion = "no_occurrence"
	NotTested              Conclusion = "not_tested"
)

// Conclusions lists them.
func Conclusions() []Conclusion {
	return []Conclusion{Effective, EffectiveWithDeviation, NotEffective, NoOccurrence, NotTested}
}

// Title is the conclusion in words.
func (c Conclusion) Title() string {
	switch c {
	case Effective:
		return "Operated effectively"
	case EffectiveWithDeviation:
		return "Effective, with deviation"
	case NotEffective:
		return "Did not operate effectively"
	case NoOccurrence:
		return "No occurrence in the period"
	case NotTested:
		return "Not tested"
	}
	return "Not concluded"
}

// Signed is who signed a workpaper, and when.
type Signed struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// State is where a workpaper is.
type State string

// The states.
const (
	Planned   State = "planned"
	Testing   State = "testing"
	Concluded State = "concluded"
	Prepared  State = "prepared" // signed off by who prepared it
	Reviewed  State = "reviewed"
)

// States lists them.
func States() []State { return []State{Planned, Testing, Concluded, Prepared, Reviewed} }

// Title is the state in words.
func (s State) Title() string {
	return map[State]string{Planned: "Planned", Testing: "In testing", Concluded: "Concluded", Prepared: "For review", Reviewed: "Reviewed"}[s]
}

// Paper is a workpaper: the test of a control.
type Paper struct {
	ID         PaperID      `json:"id"`
	Engagement string       `json:"engagement"`
	Ref        string       `json:"ref"` // "CC6.3-2"
	Control    string       `json:"control"`
	Title      string       `json:"title"`
	Statement  string       `json:"statement"` // of the control, as it was when the paper was begun
	Criteria   []string     `json:"criteria"`
	Plan       string       `json:"plan"`
	Attributes []Attribute  `json:"attributes"`
	Population PopulationID `json:"population"`
	Sample     *Sample      `json:"sample"`
	Conclusion Conclusion   `json:"conclusion"`
	Why        string       `json:"why"`
	Concluded  *Signed      `json:"concluded"`
	Prepared   *Signed      `json:"prepared"`
	Reviewed   *Signed      `json:"reviewed"`
	At         time.Time    `json:"at"`
	By         string       `json:"by"`
	Version    int          `json:"version"`
	Made       Made         `json:"made"`
	Rolled     *Rolled      `json:"rolled"` // from an earlier engagement; nil for one that was begun here
	Tally      Tally        `json:"-"`
}

// Tally counts what a workpaper holds.
type Tally struct {
	Items, Void                     int
	Ticks, Exceptions, NA, Reported int // marks; of the exceptions, those a finding reports
	Notes                           int // open
}

// Cells is how many marks the paper asks for.
func (p Paper) Cells() int { return (p.Tally.Items - p.Tally.Void) * len(p.Attributes) }

// Marked is how many of them are made.
func (p Paper) Marked() int { return p.Tally.Ticks + p.Tally.Exceptions + p.Tally.NA }

// State is where the paper is.
func (p Paper) State() State {
	switch {
	case p.Reviewed != nil:
		return Reviewed
	case p.Prepared != nil:
		return Prepared
	case p.Conclusion != NotConcluded:
		return Concluded
	case p.Sample != nil:
		return Testing
	}
	return Planned
}

// Locked reports whether it was signed off.
func (p Paper) Locked() bool { return p.Prepared != nil }

// Attribute finds an attribute by its letter.
func (p Paper) Attribute(letter string) (Attribute, bool) {
	i := slices.IndexFunc(p.Attributes, func(a Attribute) bool { return a.Letter == letter })
	if i < 0 {
		return Attribute{}, false
	}
	return p.Attributes[i], true
}

// Inquired reports whether nothing but inquiry is planned, which never suffices (domain brief 5.1).
func (p Paper) Inquired() bool {
	return !slices.ContainsFunc(p.Attributes, func(a Attribute) bool { return a.Nature != Inquiry })
}

// Stale is the cause of a Conflict when somebody else changed a workpaper meanwhile.
type Stale struct{ Theirs Paper }

// Error names the version.
func (s *Stale) Error() string { return s.Theirs.Ref + " is at version " + itoa(s.Theirs.Version) }

// Note is a remark of a reviewer on a workpaper, or that it was opened again.
type Note struct {
	Paper     PaperID
	N         int
	Kind      string // "note" or "reopened"
	Text      string
	By        string
	At        time.Time
	Answer    string
	ClearedBy string
	ClearedAt *time.Time
}

// Finding is a deviation, or several with one cause (domain brief 5.6).
type Finding struct {
	ID         string     `json:"id"`
	Engagement string     `json:"engagement"`
	Ref        string     `json:"ref"` // "F-01"
	Paper      PaperID    `json:"paper"`
	PaperRef   string     `json:"paper_ref"`
	Control    string     `json:"control"`
	Criteria   []string   `json:"criteria"`
	Title      string     `json:"title"`
	Nature     string     `json:"nature"` // "design" or "operation"
	Cause      string     `json:"cause"`
	Extent     string     `json:"extent"`
	Systematic bool       `json:"systematic"`
	Detected   bool       `json:"detected"` // by the client itself
	Count      int        `json:"count"`    // items with an exception
	Of         int        `json:"of"`       // items tested
	Items      []string   `json:"items"`    // "Label (attribute B)"
	Fixed      string     `json:"fixed"`    // what was done about it in the period; it stays a deviation
	Instead    string     `json:"instead"`  // control that compensates
	InsteadWhy string     `json:"instead_why"`
	At         time.Time  `json:"at"`
	By         string     `json:"by"`
	SharedAt   *time.Time `json:"shared_at"`
	Version    int        `json:"version"`
	Response   *Shared    `json:"-"` // what both sides see of it, once it is shared
}

// Shared is what the firm shared with the client: a finding, or the items of a sample that is fixed.
type Shared struct {
	ID         string // of the finding or workpaper
	Engagement string
	Kind       string // "finding" or "sample"
	Ref        string
	Title      string
	Body       string // JSON of Finding, or of []Sampled
	At         time.Time
	By         string
	Response   string // management's: cause, impact, fix
	Until      string // when it is fixed, as management says
	Answered   *time.Time
	AnsweredBy string
	Version    int
}

// Opinion is what the auditor enters for a matter (domain brief 4.5). The program computes none.
type Opinion struct {
	Matter  string    `json:"matter"` // "description", "design" or "operation"
	Kind    string    `json:"kind"`   // "unmodified", "qualified", "adverse" or "disclaimer"
	Basis   string    `json:"basis"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Version int       `json:"version"`
}
