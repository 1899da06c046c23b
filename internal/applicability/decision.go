package applicability

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Chosen is what an organisation decides. It may differ from the recommendation, with a reason.
type Chosen struct {
	Reports    []ReportID           `json:"reports"`
	Type       Type                 `json:"type"`       // of the SOC 1 and SOC 2; empty when neither is chosen
	Categories []catalog.CategoryID `json:"categories"` // of the SOC 2
	From       string               `json:"from"`       // first and last day wished for; empty when not decided
	To         string               `json:"to"`
	Previous   string               `json:"previous"` // last day the report before covers
	Reason     string               `json:"reason"`
}

// Period is the wished period; empty when there is none.
func (c Chosen) Period() period.Period {
	from, err1 := period.ParseDate(c.From)
	to, err2 := period.ParseDate(c.To)
	if err1 != nil || err2 != nil {
		return period.Period{}
	}
	return period.Closed(from, to)
}

// Advice is what custom says about the wished period.
func (c Chosen) Advice() []Advice {
	previous, err := period.ParseDate(c.Previous)
	if err != nil {
		previous = 0
	}
	return Period(c.Period(), previous)
}

// SOC2 reports whether a report against the trust services criteria is chosen.
func (c Chosen) SOC2() bool {
	return slices.ContainsFunc(c.Reports, func(r ReportID) bool { return r == SOC2 || r == SOC2Plus || r == SOC3 })
}

// typed reports whether a report that comes as Type 1 and Type 2 is chosen.
func (c Chosen) typed() bool {
	return slices.ContainsFunc(c.Reports, func(r ReportID) bool { return r == SOC1 || r == SOC2 || r == SOC2Plus })
}

// Decision is what was decided, by whom, on what answers. It is never changed: a later one supersedes it.
type Decision struct {
	Number         int
	Answers        Answers
	Recommendation Recommendation // as it was
	Chosen         Chosen
	By             string // actor
	At             time.Time
	SHA256         string // of the body
	Seq            int64  // ledger entry
}

// Ref names the decision: "RD-3".
func (d Decision) Ref() string { return fmt.Sprintf("RD-%d", d.Number) }

// ParseRef reads the number of a decision from its name.
func ParseRef(ref string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(ref, "RD-%d", &n); err != nil || n < 1 || fmt.Sprintf("RD-%d", n) != ref {
		return 0, errs.New(errs.NotFound, "no decision %s", ref).WithHint("The list of decisions has all there are.")
	}
	return n, nil
}

// body is what is kept and hashed.
type body struct {
	Answers        Answers        `json:"answers"`
	Recommendation Recommendation `json:"recommendation"`
	Chosen         Chosen         `json:"chosen"`
}

// Body is the canonical form of what was decided, and its SHA-256.
func (d Decision) Body() (text, sha256 string, err error) {
	b, err := canon.JSON(body{d.Answers, d.Recommendation, d.Chosen})
	if err != nil {
		return "", "", errs.As(errs.Invalid, err, "decision")
	}
	return string(b), canon.Sum(b), nil
}

// Open reads a body back. A body that does not have the hash it was kept under is an error.
func (d Decision) Open(text string) (Decision, error) {
	if canon.Sum([]byte(text)) != d.SHA256 {
		return d, errs.New(errs.Internal, "decision %s is not what was saved", d.Ref())
	}
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return d, errs.As(errs.Internal, err, "decision %s", d.Ref())
	}
	d.Answers, d.Recommendation, d.Chosen = b.Answers, b.Recommendation, b.Chosen
	return d, nil
}

// Difference is where a decision departs from the recommendation.
type Difference struct {
	What        string // "SOC 3", "privacy", "Type"
	Recommended string
	Decided     string
}

// Differences compares what was decided with what was recommended. What the rules leave open is no difference.
func Differences(r Recommendation, c Chosen) []Difference {
	out := []Difference{}
	for _, x := range r.Reports {
		chosen := slices.Contains(c.Reports, x.Report)
		switch {
		case chosen && x.Verdict == NotNeeded:
			out = append(out, Difference{x.Report.Title(), "not needed", "chosen"})
		case !chosen && x.Verdict >= Advised:
			out = append(out, Difference{x.Report.Title(), words(x.Verdict), "left out"})
		}
	}
	if c.typed() && r.Type.Type != TypeOpen && c.Type != "" && c.Type != r.Type.Type {
		out = append(out, Difference{"Type", TypeWords(r.Type.Type), TypeWords(c.Type)})
	}
	if !c.SOC2() {
		return out
	}
	for _, x := range r.Categories {
		chosen := slices.Contains(c.Categories, x.Category)
		switch {
		case chosen && x.Verdict == NotNeeded:
			out = append(out, Difference{Words(x.Category), "not needed", "chosen"})
		case !chosen && x.Verdict >= Advised:
			out = append(out, Difference{Words(x.Category), words(x.Verdict), "left out"})
		}
	}
	return out
}

func words(v Verdict) string {
	switch v {
	case Needed:
		return "needed"
	case Advised:
		return "advised"
	case Ask:
		return "open"
	}
	return "not needed"
}

// TypeWords is a type in running text.
func TypeWords(t Type) string {
	switch t {
	case Type2:
		return "Type 2"
	case Bridge:
		return "Type 1 now, then Type 2"
	}
	return "open"
}
