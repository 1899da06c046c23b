package vendors

import (
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Tier is how closely a vendor is watched.
type Tier string

// The tiers.
const (
	High   Tier = "high"
	Medium Tier = "medium"
	Low    Tier = "low"
)

// Tiers lists them, the closest watched first.
func Tiers() []Tier { return []Tier{High, Medium, Low} }

// Title is the tier as people read it.
func (t Tier) Title() string {
	switch t {
	case High:
		return "High"
	case Medium:
		return "Medium"
	case Low:
		return "Low"
	}
	return string(t)
}

// tierRule is the rule: rows are the most closed class of data (none, internal, confidential or personal), columns how much
// depends on the vendor (low, medium, high). It is the program's own proposal; a person may set another tier with a reason.
var tierRule = [3][3]Tier{
	{Low, Low, Medium},
	{Low, Medium, High},
	{Medium, High, High},
}

// TierOf is the tier that the rule gives.
func TierOf(data []Data, l Level) Tier {
	return tierRule[dataRank(data)][max(slices.Index(Levels(), l), 0)]
}

// dataRank is the row of the rule.
func dataRank(data []Data) int {
	switch {
	case known(data, Confidential), known(data, Personal):
		return 2
	case known(data, Internal):
		return 1
	}
	return 0
}

// RuleLine is a row of the tier rule, for people to read.
type RuleLine struct {
	Data  string
	Tiers [3]Tier // by criticality: low, medium, high
	Here  bool    // the vendor at hand is in this row
}

// TierRule shows the rule, with the row that a vendor is in.
func TierRule(data []Data) []RuleLine {
	out := make([]RuleLine, len(tierRule))
	for i, name := range []string{"None of ours", "Internal", "Confidential or personal"} {
		out[i] = RuleLine{name, tierRule[i], dataRank(data) == i}
	}
	return out
}

// tier is what counts for the details.
func (d Details) tier() Tier {
	if d.TierSet != "" {
		return d.TierSet
	}
	return TierOf(d.Data, d.Criticality)
}

// Rules is how often what is due, in days. An organisation changes them; the defaults stand in DefaultRules.
type Rules struct {
	High        int       `json:"high"`        // days between assessments of a vendor of this tier
	Medium      int       `json:"medium"`      // the same
	Low         int       `json:"low"`         // the same
	Performance int       `json:"performance"` // days between performance reviews of a vendor of tier high: a quarter
	Review      int       `json:"review"`      // days from the receipt of a report to its review (control VEN-03)
	Bridge      int       `json:"bridge"`      // most days that a bridge letter covers (domain brief 1, bridge letters)
	Deletion    int       `json:"deletion"`    // days to the proof of deletion where the contract says nothing
	Version     int       `json:"-"`
	At          time.Time `json:"-"` // when they were set
	// Own names applications behind sign-on that are the organisation's own: no vendor is behind them.
	Own []OwnApplication `json:"own"`
}

// OwnApplication is an application behind sign-on with no vendor behind it.
type OwnApplication struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// DefaultRules are the rules of an organisation that set none.
func DefaultRules() Rules {
	return Rules{High: 365, Medium: 730, Low: 1095, Performance: 92, Review: 60, Bridge: 92, Deletion: 30}
}

// Every is the days between assessments of a tier.
func (r Rules) Every(t Tier) int {
	switch t {
	case High:
		return r.High
	case Medium:
		return r.Medium
	case Low:
	}
	return r.Low
}

// owns reports whether an application is the organisation's own.
func (r Rules) owns(name string) (OwnApplication, bool) {
	for _, o := range r.Own {
		if fold(o.Name) == fold(name) {
			return o, true
		}
	}
	return OwnApplication{}, false
}

// Due is a kind of thing that is due for a vendor.
type Due string

// The kinds.
const (
	DueAssessment  Due = "assessment"
	DuePerformance Due = "performance"
	DueReview      Due = "report_review" // of a report that was received
	DueReport      Due = "report"        // what covers ends here: a new report or a bridge letter
	DueContract    Due = "contract"      // it ends
	DueExit        Due = "exit"          // proof of deletion
)

// Title is the kind as people read it.
func (d Due) Title() string {
	switch d {
	case DueAssessment:
		return "Assessment"
	case DuePerformance:
		return "Performance review"
	case DueReview:
		return "Review of a report"
	case DueReport:
		return "New report or bridge letter"
	case DueContract:
		return "Contract ends"
	case DueExit:
		return "Proof of deletion"
	}
	return string(d)
}

// Entry is a line of the review calendar.
type Entry struct {
	Day    period.Date
	What   Due
	Vendor Vendor
	About  string // reference of a report, or the sentence that says why
	Text   string
}
