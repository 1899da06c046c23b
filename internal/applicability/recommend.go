package applicability

import (
	"slices"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// ReportID is a kind of report (domain brief 1.1).
type ReportID string

// The reports.
const (
	SOC1      ReportID = "soc1"
	SOC2      ReportID = "soc2"
	SOC2Plus  ReportID = "soc2plus"
	SOC3      ReportID = "soc3"
	SOCCyber  ReportID = "soc_cyber"
	SOCSupply ReportID = "soc_supply"
)

// Reports lists them in the order of pages.
func Reports() []ReportID {
	return []ReportID{SOC1, SOC2, SOC2Plus, SOC3, SOCCyber, SOCSupply}
}

// Title names a report.
func (r ReportID) Title() string {
	switch r {
	case SOC1:
		return "SOC 1"
	case SOC2:
		return "SOC 2"
	case SOC2Plus:
		return "SOC 2+"
	case SOC3:
		return "SOC 3"
	case SOCCyber:
		return "SOC for Cybersecurity"
	case SOCSupply:
		return "SOC for Supply Chain"
	}
	return string(r)
}

// Subject says what a report is about and who may read it.
func (r ReportID) Subject() string {
	switch r {
	case SOC1:
		return "Controls that matter to customers’ financial reporting. For customers and their auditors only."
	case SOC2:
		return "Controls over a system, against the trust services criteria. For readers who know the system."
	case SOC2Plus:
		return "A SOC 2 with one more opinion, on another framework. For the same readers."
	case SOC3:
		return "The same examination as a SOC 2, told in short. For anyone."
	case SOCCyber:
		return "The cyber risk programme of the whole entity. Normally for anyone."
	case SOCSupply:
		return "A system that makes or distributes goods. For customers, partners and suppliers."
	}
	return ""
}

// Verdict is how much a report or category is called for, in rising order.
type Verdict uint8

// The verdicts. Ask means that an open question decides.
const (
	NotNeeded Verdict = iota
	Ask
	Advised
	Needed
)

var verdictNames = [...]string{"not_needed", "ask", "advised", "needed"}

// String names the verdict as it is kept.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "ask"
}

// MarshalText writes the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads it.
func (v *Verdict) UnmarshalText(b []byte) error {
	i := slices.Index(verdictNames[:], string(b))
	if i < 0 {
		return errs.New(errs.Invalid, "%q is no verdict", b)
	}
	*v = Verdict(i)
	return nil
}

// Reason ties a result to the rule that gave it and the facts that led to it.
type Reason struct {
	Rule  string   `json:"rule"`
	Facts []FactID `json:"facts"`
	Text  string   `json:"text"`
}

// ReportResult is the result for one report.
type ReportResult struct {
	Report  ReportID `json:"report"`
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons"`
}

// CategoryResult is the result for one trust services category.
type CategoryResult struct {
	Category   catalog.CategoryID `json:"category"`
	Verdict    Verdict            `json:"verdict"`
	Commitment string             `json:"commitment"` // that it is examined against; empty when none is named
	Reasons    []Reason           `json:"reasons"`
}

// Type is what the report covers.
type Type string

// The types. Bridge is a Type 1 now, with the period of a Type 2 begun at once.
const (
	Type2    Type = "type2"
	Bridge   Type = "type1_then_2"
	TypeOpen Type = "open"
)

// TypeResult is the result for the type.
type TypeResult struct {
	Type    Type     `json:"type"`
	Reasons []Reason `json:"reasons"`
}

// Question is one that somebody must answer before a result is final.
type Question struct {
	Fact FactID `json:"fact"`
	Text string `json:"text"`
	Ask  string `json:"ask"` // whom
}

// Recommendation is what the rules say about answers.
type Recommendation struct {
	Rules      int              `json:"rules"` // RulesVersion
	Reports    []ReportResult   `json:"reports"`
	Type       TypeResult       `json:"type"`
	Categories []CategoryResult `json:"categories"`
	Warnings   []Reason         `json:"warnings"`
	Open       []Question       `json:"open"`
}

// Of is the result for a report.
func (r Recommendation) Of(id ReportID) ReportResult {
	for _, x := range r.Reports {
		if x.Report == id {
			return x
		}
	}
	return ReportResult{Report: id}
}

// Category is the result for a category.
func (r Recommendation) Category(id catalog.CategoryID) CategoryResult {
	for _, x := range r.Categories {
		if x.Category == id {
			return x
		}
	}
	return CategoryResult{Category: id}
}

// Recommend applies the rules. The same answers give the same recommendation. A fact nobody knows never counts as no: the
// result is Ask, or higher if other facts decide, and the fact is among the open questions.
func Recommend(a Answers) Recommendation {
	e := &engine{answers: a, out: Recommendation{Rules: RulesVersion, Reports: []ReportResult{}, Categories: []CategoryResult{}, Warnings: []Reason{}, Open: []Question{}}}
	soc1 := e.soc1()
	soc2 := e.soc2()
	if soc1.Verdict == Needed && a.is(F4) == Yes {
		both := Reason{"R7", append(e.yes(F1, F2), F4), "Both reports are called for. Evidence of general IT controls serves both; scopes and opinions stay apart."}
		soc1.Reasons, soc2.Reasons = append(soc1.Reasons, both), append(soc2.Reasons, both)
	}
	e.out.Reports = append(e.out.Reports, soc1, soc2, e.plus(), e.soc3(soc2.Verdict), e.single(SOCCyber, F8, "It is about the entity as a whole, not one system."), e.single(SOCSupply, F9, "It is about the system that makes or distributes goods."))
	e.kind()
	e.categories(soc2.Verdict)
	e.subservice()
	slices.SortStableFunc(e.out.Open, func(x, y Question) int { return place(x.Fact) - place(y.Fact) })
	return e.out
}

// place is where a fact stands in the interview.
func place(id FactID) int { return slices.IndexFunc(Facts(), func(f Fact) bool { return f.ID == id }) }

type engine struct {
	answers Answers
	out     Recommendation
}

// yes are those of the facts that are so.
func (e *engine) yes(ids ...FactID) []FactID { return e.with(Yes, ids...) }

func (e *engine) with(v Value, ids ...FactID) []FactID {
	out := []FactID{}
	for _, id := range ids {
		if e.answers.is(id) == v {
			out = append(out, id)
		}
	}
	return out
}

// ask records open questions, once each, and returns the facts that are open.
func (e *engine) ask(ids ...FactID) []FactID {
	open := e.with(Unknown, ids...)
	for _, id := range open {
		f, _ := FactOf(id)
		e.question(id, f.Question)
	}
	return open
}

func (e *engine) question(id FactID, text string) {
	if slices.ContainsFunc(e.out.Open, func(q Question) bool { return q.Fact == id && q.Text == text }) {
		return
	}
	f, _ := FactOf(id)
	e.out.Open = append(e.out.Open, Question{Fact: id, Text: text, Ask: f.Ask})
}

// soc1 applies R1 to R3.
func (e *engine) soc1() ReportResult {
	r := ReportResult{Report: SOC1}
	switch {
	case len(e.yes(F1, F2)) > 0:
		r.Verdict = Needed
		r.Reasons = []Reason{{"R1", e.yes(F1, F2), "A mistake of yours could misstate your customers’ accounts."}}
	case len(e.ask(F1, F2)) > 0:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R1", e.with(Unknown, F1, F2), "It is not known whether you change or process what ends in customers’ accounts."}}
	case e.answers.is(F3) == Yes:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R3", []FactID{F1, F2, F3}, "Customers’ auditors ask although nothing of yours reaches the accounts. Clarify with them what they need."}}
		e.question(F3, "What exactly does the customer’s auditor need, and would a SOC 2 report answer it?")
	case len(e.ask(F3)) > 0:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R3", []FactID{F3}, "It is not known whether customers’ auditors ask for it."}}
	default:
		r.Reasons = []Reason{{"R2", []FactID{F1, F2}, "You can at most look at such data, so it is normally not needed."}}
	}
	return r
}

// promises are the facts that say what is promised.
var promises = []FactID{F5, F5a, F5b, F5c, F5d}

// soc2 applies R4 and the second half of R3.
func (e *engine) soc2() ReportResult {
	r := ReportResult{Report: SOC2}
	basis := append([]FactID{F4}, promises...)
	asked := e.answers.is(F3) == Yes && len(e.with(No, F1, F2)) == 2
	switch {
	case len(e.yes(basis...)) > 0:
		r.Verdict = Needed
		r.Reasons = []Reason{{"R4", e.yes(basis...), "Customers hand over data, depend on your systems, or were promised something about them."}}
		if asked {
			r.Reasons = append(r.Reasons, Reason{"R3", []FactID{F3}, "It usually answers what customers’ auditors ask for, too."})
		}
	case asked:
		r.Verdict = Advised
		r.Reasons = []Reason{{"R3", []FactID{F1, F2, F3}, "It usually answers what customers’ auditors ask for."}}
	case len(e.ask(basis...)) > 0 || e.answers.is(F3) == Yes && len(e.yes(F1, F2)) == 0:
		r.Verdict = Ask
		if len(e.with(Unknown, basis...)) == 0 {
			r.Reasons = []Reason{{"R3", []FactID{F3}, "It may be what customers’ auditors need; that depends on whether anything of yours reaches the accounts."}}
			break
		}
		r.Reasons = []Reason{{"R4", e.with(Unknown, basis...), "It is not known whether customers rely on your systems or promises."}}
	default:
		r.Reasons = []Reason{{"R4", basis, "No customer data, no system customers depend on, and nothing promised."}}
	}
	return r
}

// plus applies R9.
func (e *engine) plus() ReportResult {
	r := ReportResult{Report: SOC2Plus}
	switch {
	case e.answers.is(F7) == Yes:
		r.Verdict = Needed
		r.Reasons = []Reason{{"R9", []FactID{F7}, "An opinion on another framework is wanted. It is given in a SOC 2 report, beside that on the trust services criteria."}}
	case len(e.ask(F7)) > 0:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R9", []FactID{F7}, "It is not known whether an opinion on another framework is wanted."}}
	case e.answers.is(F7a) == Yes:
		r.Reasons = []Reason{{"R9", []FactID{F7, F7a}, "No opinion is wanted: show the mapping in section V, as information that was not examined."}}
	default:
		r.Reasons = []Reason{{"R9", []FactID{F7}, "No other framework needs an opinion."}}
	}
	return r
}

// soc3 applies R8. Without a SOC 2 examination there is nothing it could be made from.
func (e *engine) soc3(soc2 Verdict) ReportResult {
	r := ReportResult{Report: SOC3}
	switch {
	case e.answers.is(F6) == Yes && soc2 == Needed:
		r.Verdict = Needed
		r.Reasons = []Reason{{"R8", []FactID{F6}, "Anyone may read it. It comes from the same examination as a SOC 2 Type 2; there is no Type 1 of it."}}
	case e.answers.is(F6) == Yes:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R8", []FactID{F6}, "A document for anyone is wanted, but it comes from a SOC 2 Type 2 examination, which is not certain yet."}}
		e.question(F6, "Should there be a SOC 2 Type 2 examination that a SOC 3 report can be made from?")
	case len(e.ask(F6)) > 0:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R8", []FactID{F6}, "It is not known whether a document for anyone is wanted."}}
	default:
		r.Reasons = []Reason{{"R8", []FactID{F6}, "No document for anyone is wanted."}}
	}
	return r
}

// single applies R10 to one of its two reports.
func (e *engine) single(id ReportID, f FactID, text string) ReportResult {
	r := ReportResult{Report: id}
	switch {
	case e.answers.is(f) == Yes:
		r.Verdict = Needed
		r.Reasons = []Reason{{"R10", []FactID{f}, text}}
	case len(e.ask(f)) > 0:
		r.Verdict = Ask
		r.Reasons = []Reason{{"R10", []FactID{f}, "It is not known whether the question is about that."}}
	default:
		r.Reasons = []Reason{{"R10", []FactID{f}, "The question is not about that."}}
	}
	return r
}

// kind applies R11.
func (e *engine) kind() {
	t := &e.out.Type
	switch {
	case e.answers.is(F10) == No || e.answers.is(F11) == Yes:
		t.Type = Bridge
		if e.answers.is(F10) == No {
			t.Reasons = append(t.Reasons, Reason{"R11", []FactID{F10}, "Controls have not run long enough to be tested over a period. A Type 1 looks at one date; start the period of the Type 2 at once."})
		}
		if e.answers.is(F11) == Yes {
			t.Reasons = append(t.Reasons, Reason{"R11", []FactID{F11}, "Somebody needs a report before a useful period ends. A Type 1 is the bridge; start the period of the Type 2 at once."})
		}
	case len(e.ask(F10, F11)) > 0:
		t.Type = TypeOpen
		t.Reasons = []Reason{{"R11", e.with(Unknown, F10, F11), "It is not known how long controls have run, or what is due when."}}
	default:
		t.Type = Type2
		t.Reasons = []Reason{{"R11", []FactID{F10, F11}, "Controls have run and nothing is due earlier: go for the period directly."}}
	}
}

// subservice applies R13.
func (e *engine) subservice() {
	if e.answers.is(F13) == Yes {
		e.out.Warnings = append(e.out.Warnings, Reason{"R13", []FactID{F13}, "Another organisation runs most of the system. A report that carves it out may be too thin; consider the inclusive method, or another subject."})
	}
	e.ask(F13)
}
